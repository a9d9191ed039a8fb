//! Writing: an opened destination and the commit protocol. Coordinator and writers share
//! [`Staging`], [`Part`] and [`Manifest`] alone, all plain data.
//!
//! `stage` (pure) → journal → `prepare` → writers → `evidence`, `read_staged` → journal → `commit`
//! once → journal → `clean`. After a crash: `settle`, and where that says no, `abort`.

use arrow::array::RecordBatch;
use async_trait::async_trait;
use model::plan::{Column, Write};
use model::{Error, Finding, LoadId, Result, SplitId, TableName};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::source::Batches;
use crate::task::TaskContext;

/// One opened place to write to.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Reachable? Allowed?
    async fn check(&self) -> Result<Vec<Finding>>;

    /// Where it writes to, in a form that equals [`crate::Source::place`] of a source that reads
    /// there; `None` where that cannot be told.
    fn place(&self) -> Option<String> {
        None
    }

    /// The namespace that tables go to.
    fn namespace(&self) -> String;

    /// What is there already, in the order asked.
    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>>;

    /// Where this load's rows will land unseen. Pure: the same load, the same room; nothing is made.
    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging>;

    /// Rows that hold a value which this destination cannot hold exactly: the first such value of each.
    /// `batch` is as [`SplitWriter::write`] gets it. Pure; the engine rejects these rows before they
    /// reach a writer.
    fn unfit(&self, _write: &Write, _batch: &RecordBatch) -> Result<Vec<Unfit>> {
        Ok(Vec::new())
    }

    /// Coordinator, once: makes the room. Nothing that a reader can see changes.
    async fn prepare(&self, staging: &Staging) -> Result<()>;

    /// One writer per attempt at a split, many in parallel.
    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>>;

    /// What stands staged, read back from there, never from our own counters: footers opened again,
    /// `count(*)` of the staging table.
    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence>;

    /// What stands staged, decoded by this destination's own reader: batches in the order and types of
    /// `staging.write.table.columns`, partition column included, rows in any order, every row once.
    /// Streams are independent, and nothing is read before a stream is polled. What was written in
    /// another layout than the writers' is an error.
    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>>;

    /// Why values of `column` come back otherwise than they were handed to the writers, in one
    /// sentence; `None` where they come back bit by bit. Pure.
    fn normalises(&self, _column: &Column) -> Option<String> {
        None
    }

    /// How many rows an overwrite by this load would remove; `None` where that is not known.
    async fn replaces(&self, _staging: &Staging) -> Result<Option<u64>> {
        Ok(None)
    }

    /// Makes exactly the rows of `manifests` (and the table itself, if new) visible, all or none. The
    /// same call again changes nothing and gives the same receipt.
    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome;

    /// Was this load published? Where not, makes it impossible first, and only then says `None`.
    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>>;

    /// After `Committed` is journalled: removes what only the time before the commit needed (old
    /// rows, staging, expired snapshots). A failure is a warning, the load stands;
    /// it is tried again at the end of the run, and by the next one.
    async fn clean(&self, staging: &Staging) -> Result<()>;

    /// Removes whatever was staged. Safe to call twice, and after nothing was written; never touches
    /// what is published.
    async fn abort(&self, staging: &Staging) -> Result<()>;
}

/// A value that a destination cannot hold exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its row in the batch, from 0.
    pub row: usize,
    /// Its column in `write.table.columns`, from 0.
    pub column: usize,
    /// Stable code: `NUL_IN_TEXT`.
    pub code: &'static str,
    /// For a person.
    pub reason: String,
}

/// A table that the destination has already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExistingTable {
    /// Its columns in order, partition column included.
    pub columns: Vec<Column>,
    /// The partition column, where it has one that this connector writes.
    pub partition_column: Option<String>,
    /// What a person should know; a blocker refuses the table.
    pub findings: Vec<Finding>,
}

/// Room where one load's rows land unseen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Staging {
    /// The load that it belongs to.
    pub load: LoadId,
    /// What will be committed.
    pub write: Write,
    /// The connector's own.
    pub payload: Json,
}

/// Writes one split, one attempt. Rows of an attempt that did not finish never become visible.
#[async_trait]
pub trait SplitWriter: Send {
    /// Rows in the order and types of `staging.write.table.columns`. What is wrong with them may be told by a later call, by
    /// `finish` at the latest.
    async fn write(&mut self, batch: RecordBatch) -> Result<()>;

    /// Durable, not yet visible.
    async fn finish(self: Box<Self>) -> Result<Part>;

    /// Removes what was written. Dropping without it leaves leftovers that `abort` removes.
    async fn discard(self: Box<Self>) -> Result<()>;
}

/// What one writer left durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Rows.
    pub written: u64,
    /// Bytes, as stored.
    pub bytes: u64,
    /// The connector's own: file names, footers' facts.
    pub payload: Json,
}

/// The account of one split: `read = written + rejected + filtered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which split.
    pub split: SplitId,
    /// Which attempt at it, from 1.
    pub attempt: u32,
    /// Rows that the source gave.
    pub read: u64,
    /// Rows kept aside.
    pub rejected: u64,
    /// Rows dropped on purpose after reading.
    pub filtered: u64,
    /// What was written.
    pub part: Part,
}

/// What stands staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Rows.
    pub rows: u64,
    /// Bytes, as stored.
    pub bytes: u64,
}

/// Three outcomes, never two.
#[derive(Debug)]
pub enum CommitOutcome {
    /// It is published.
    Done(Receipt),
    /// It is not, and will not be by this call.
    NotDone(Error),
    /// Nobody knows: settle it.
    Unknown(Error),
}

/// Proof that a load is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The load.
    pub load: LoadId,
    /// The connector's own: a snapshot id, a metadata location.
    pub payload: Json,
}
