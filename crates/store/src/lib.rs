//! What must be remembered: runs and their reports, journals, the folder of each run's rejected rows,
//! the shape of each table's last successful load. SQLite in the data folder; one SQL text that PostgreSQL takes,
//! too. Holds no policy and knows only `model`.
#![warn(missing_docs)]

mod journal;
mod lock;
mod open;
mod runs;
mod tables;

pub use journal::Record;
pub use lock::RunLock;
pub use open::Store;
pub use runs::{NewRun, RunRecord};
pub use tables::LoadedTable;
