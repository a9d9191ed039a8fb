//! What every connector signs: traits, capabilities, options, the commit protocol. Never a
//! connector's name.
#![warn(missing_docs)]

pub mod budget;
pub mod capabilities;
pub mod connector;
pub mod destination;
pub mod dialect;
pub mod options;
pub mod parts;
pub mod probe;
pub mod reach;
pub mod source;
pub mod task;
pub mod type_mapping;

pub use budget::{WriteBudget, WriterShare};
pub use capabilities::{
    Capabilities, DefaultSchema, Guarantee, NameLimits, NamespaceWord, ReadCapabilities,
    SnapshotKind, Visibility, WriteCapabilities,
};
pub use connector::{About, AnyConnector, Connector, Forms, Opening};
pub use destination::{
    CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Part, Receipt, SplitWriter,
    Staging, Unfit,
};
pub use dialect::Dialect;
pub use options::{NoOptions, Options};
pub use probe::{
    ColumnProbe, Extent, ProbeClock, ProbeColumn, ProbeLimits, ProbeRequest, TableProbe,
};
pub use reach::{Judge, Reach};
pub use source::{Batches, OpenedSnapshot, Snapshot, Source, SourceColumn, SourceFigures, Split};
pub use task::{BatchLimits, Meter, Rejected, RejectedShelf, Rejection, TaskContext};
pub use tokio_util::sync::CancellationToken;
pub use type_mapping::{Holding, Reading, Refusal, TypeMapping};
