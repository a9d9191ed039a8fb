//! What a user may ask for: check, plan, run, runs, sources. One file per noun, one function per
//! verb. No terminal, no HTTP; whoever calls prints.

pub mod access;
pub mod alerts;
pub mod audit_log;
pub mod backfills;
pub mod check;
pub mod clock;
pub mod dashboard;
mod data_folder;
pub mod data_sources;
mod document;
mod ends;
pub mod folders;
pub mod generation;
pub mod installation;
pub mod instances;
mod journal;
mod last_loads;
pub mod lineage;
pub mod metadata;
pub mod migration_file;
pub mod migrations;
pub mod names;
pub mod opening;
pub mod operating;
pub mod pipelines;
pub mod plan;
mod posting;
pub mod projects;
pub mod publishing;
pub mod read_back;
pub mod resource_groups;
mod restoring;
pub mod run;
pub mod runs;
pub mod schema;
mod sealed;
pub mod sessions;
pub mod sources;
pub mod stores;
pub mod tasks;
pub mod tokens;
pub mod users;
pub mod within;
pub mod work;

/// What must be set before the process has a second thread: call it first in `main`.
pub use connectors::prepare_process;
pub use installation::{Service, Settings};
pub use journal::StoreJournal;
pub use store::{Reference, Stored};
