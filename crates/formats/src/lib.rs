//! How rows are laid in files and read back. No table format, no network.

pub mod disk;
pub mod parquet;
pub mod rejected;
