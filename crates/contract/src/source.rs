//! Reading: an opened source, the moment it is held at, the parts a table is cut into.

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use futures::Stream;
use model::checksum::ColumnFigures;
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, ErrorKind, Finding, NativeTable, Result, SnapshotId, SplitId, TableName};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::capabilities::SnapshotKind;
use crate::probe::{ProbeLimits, ProbeRequest, TableProbe};
use crate::task::TaskContext;

/// Rows in the order of [`Scan::columns`], each column of its `logical.arrow()` type, every field
/// nullable. Ends without an error only where the protocol's own end was seen.
pub type Batches = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// One opened place to read from. Made for databases of thousands of tables.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reachable? Allowed? Cheap enough to run on every "test connection". What works at a price is a
    /// finding (the TLS mode in use, missing zone tables); what does not work is an error.
    async fn check(&self) -> Result<Vec<Finding>>;

    /// Where it reads from, in a form that equals [`crate::Destination::place`] of a destination
    /// that writes there; `None` where that cannot be told.
    fn place(&self) -> Option<String> {
        None
    }

    /// The schema that names without one mean.
    fn default_schema(&self) -> String;

    /// The schemas that this user may look into, without the server's own, by name.
    async fn schemas(&self) -> Result<Vec<String>> {
        Ok(vec![self.default_schema()])
    }

    /// Everything in `schemas` (empty: the default one) that a person could select, of every kind.
    async fn tables(&self, schemas: &[String]) -> Result<Vec<ListedTable>>;

    /// The tables in full, in as few round trips as the server allows, in the order asked; `None`
    /// where there is none of that name that this user may see.
    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>>;

    /// Whether the server understands each filter; in the order asked, `None` where it does. Runs no
    /// query.
    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>>;

    /// Looks at rows for what types do not say: one answer per request, in the order asked. Figures are
    /// counted at the server. Bounded by `limits`: past them, and when they are cancelled, the server
    /// is freed before this returns. A table that cannot be looked at has `trouble`, the others go on;
    /// an error is of all (no connection, cancelled). Not every source offers it.
    async fn probe(
        &self,
        _requests: &[ProbeRequest],
        _limits: &ProbeLimits,
    ) -> Result<Vec<TableProbe>> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "UNSUPPORTED",
            "this source cannot be looked at before planning",
        ))
    }

    /// Holds one moment for `scans` and opens up to `readers` sessions under it. Held from before
    /// the first split until [`Snapshot::close`].
    async fn open_snapshot(&self, scans: &[Scan], readers: usize) -> Result<OpenedSnapshot>;
}

/// A held moment, and the tables that could not be held.
pub struct OpenedSnapshot {
    /// The moment.
    pub snapshot: Arc<dyn Snapshot>,
    /// Tables that fail alone: locked by somebody, dropped, no right.
    pub refused: Vec<(TableName, Error)>,
    /// What a person should know (`at` names the table).
    pub findings: Vec<Finding>,
}

/// A held moment.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// Named in every split, manifest and report.
    fn id(&self) -> &SnapshotId;

    /// What happens when a reader breaks.
    fn kind(&self) -> SnapshotKind;

    /// How many splits may be read at once; the engine never asks for more.
    fn readers(&self) -> usize;

    /// Cuts a table into about `wanted` parts or fewer that together hold each row once; may be none for an
    /// empty table.
    async fn split(&self, scan: &Scan, wanted: usize) -> Result<Vec<Split>>;

    /// Streams one split to its protocol's own end. On cancel the server is asked to stop, by a
    /// second connection, before the stream is dropped. `task.meter` counts rows and bytes as they
    /// arrive; rows that cannot be decoded go to `task.rejected` and do not appear in the batches.
    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches>;

    /// What the source computes by itself of the rows that `scan` reads, filter applied, under this
    /// moment; `None` where it computes nothing. The engine never asks while all readers read.
    async fn figures(
        &self,
        _scan: &Scan,
        _cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        Ok(None)
    }

    /// Whether the moment is still held: asked after the last split of a table and before its
    /// commit. An error with code `SNAPSHOT_LOST` where it is not.
    async fn check_held(&self) -> Result<()>;

    /// Lets go. Safe to call twice; dropping without it lets go, too, by closing the connections.
    async fn close(&self);
}

/// What a source computes of a scan's rows by itself, without giving them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFigures {
    /// How many rows.
    pub rows: u64,
    /// In the order of [`Scan::columns`].
    pub columns: Vec<SourceColumn>,
}

/// One column of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceColumn {
    /// Figures of the values as they travel: a decimal in the places of its logical type. None where
    /// not even the nulls are known.
    pub figures: Option<ColumnFigures>,
    /// Why there are none, or no range.
    pub why: Option<String>,
}

/// One part of a table: plain data, valid under its snapshot alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Unique within the pipeline: `0000`, `0001`, …
    pub id: SplitId,
    /// The moment that it belongs to.
    pub snapshot: SnapshotId,
    /// For progress alone.
    pub estimated_rows: Option<u64>,
    /// The connector's own.
    pub payload: Json,
}

impl Split {
    /// The `index`th part under `snapshot`.
    pub fn new(
        index: usize,
        snapshot: &SnapshotId,
        estimated_rows: Option<u64>,
        payload: Json,
    ) -> Self {
        Self {
            id: SplitId::new(format!("{index:05}")),
            snapshot: snapshot.clone(),
            estimated_rows,
            payload,
        }
    }
}
