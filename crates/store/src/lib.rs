//! What must be remembered: runs and their reports, journals, the folder of each run's rejected rows,
//! the shape of each table's last successful load; and what a service has beside it: things that people made,
//! instances, leases, sealed secrets, who did what. SQLite in the data folder, or PostgreSQL, by one SQL text.
//! Holds no policy and knows only `model`.
#![warn(missing_docs)]

mod access;
mod audit;
mod catalog;
mod dashboard;
mod events;
mod failure;
mod instances;
mod journal;
mod leases;
mod lock;
mod objects;
mod open;
mod operations;
mod runs;
mod sealing;
mod statement;
#[cfg(test)]
mod suite;
mod tables;
mod tasks;
mod words;

pub use access::{Session, Token};
pub use audit::{AuditLine, By};
pub use catalog::{CatalogSearch, CatalogTable};
pub use dashboard::{Failing, GroupUsage, Slow};
pub use events::Event;
pub use instances::{Attempt, Counted, Instance, InstanceFilter, Move, NewInstance, Upstream};
pub use journal::Record;
pub use leases::{Fence, Lease};
pub use lock::{RunLock, ServerLock};
pub use objects::{Link, Noun, Page, Reference, Stored};
pub use open::Store;
pub use operations::{Operation, OperationState};
pub use runs::{NewRun, RunRecord};
pub use sealing::{KeyRing, Zeroizing};
pub use tables::LoadedTable;
pub use tasks::{Task, Version};
