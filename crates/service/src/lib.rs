//! What a user may ask for: check, plan, run, runs, sources. One file per noun, one function per
//! verb. No terminal, no HTTP; whoever calls prints.

pub mod check;
pub mod clock;
mod data_folder;
mod document;
mod ends;
mod journal;
mod last_loads;
pub mod migration_file;
mod parts;
pub mod plan;
pub mod read_back;
pub mod run;
pub mod runs;
pub mod schema;
pub mod sources;

/// What must be set before the process has a second thread: call it first in `main`.
pub use connectors::prepare_process;
pub use journal::StoreJournal;
