//! What `godwit demo` starts from: a shop database in SQLite, and a migration file that moves it.

mod curiosities;
pub mod data;
mod migration;
pub mod served;
mod tpch;

pub use migration::migration_yaml;
