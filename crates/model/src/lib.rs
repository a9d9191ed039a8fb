//! The words of Godwit: tables, logical types, the migration file, plans, findings, runs, secrets,
//! the one error. No I/O except reading what a [`secret::Secret`] points to, and no async.
#![warn(missing_docs)]

pub mod checksum;
pub mod error;
pub mod finding;
pub mod ids;
pub mod logical_type;
pub mod migration;
pub mod plan;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod shape;
pub mod table;
pub mod zone;

pub use error::{Error, ErrorKind, Result, Retry, Side};
pub use finding::{Finding, Severity};
pub use ids::{LoadId, ObjectId, PipelineId, RunId, SnapshotId, SplitId};
pub use logical_type::{Field, LogicalType};
pub use secret::Secret;
pub use shape::{LastShape, TableShape};
pub use table::{NativeColumn, NativeTable, TableKind, TableName};
pub use zone::TimeZone;
