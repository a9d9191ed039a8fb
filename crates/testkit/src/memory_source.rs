//! A source in memory: tables of an id and a text, cut into equal parts, with switches for readers
//! that break.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use contract::{
    Batches, OpenedSnapshot, Rejection, Snapshot, SnapshotKind, Source, Split, TaskContext,
};
use futures::stream;
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, ErrorKind, Finding, NativeTable, Result, SnapshotId, TableKind, TableName};

use crate::plans::native_table;

/// Rows by table.
pub type Tables = BTreeMap<TableName, Vec<(i64, String)>>;

/// A source in memory.
pub struct MemorySource {
    tables: Arc<Tables>,
    switches: Arc<Switches>,
    moments: AtomicU32,
}

/// What goes wrong at the source.
#[derive(Default)]
pub struct Switches {
    /// So many reads break in the middle, and may be tried again.
    pub breaks: AtomicU32,
    /// So many times the moment is found lost.
    pub losses: AtomicU32,
    /// So many times a table cannot be cut, because the moment is lost.
    pub uncut: AtomicU32,
    /// The first row of every split is rejected.
    pub rejects: std::sync::atomic::AtomicBool,
    /// Reads never end until cancelled.
    pub hangs: std::sync::atomic::AtomicBool,
    /// Reads that are open now.
    pub open: AtomicU32,
}

impl MemorySource {
    /// With these rows.
    pub fn new(tables: Tables) -> Self {
        Self {
            tables: Arc::new(tables),
            switches: Arc::default(),
            moments: AtomicU32::new(0),
        }
    }

    /// What goes wrong.
    pub fn switches(&self) -> &Switches {
        &self.switches
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn check(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    fn default_schema(&self) -> String {
        "main".to_owned()
    }

    async fn tables(&self, _schemas: &[String]) -> Result<Vec<ListedTable>> {
        let listed = |(name, rows): (&TableName, &Vec<_>)| ListedTable {
            name: name.clone(),
            kind: TableKind::Table,
            estimated_rows: Some(rows.len() as u64),
        };
        Ok(self.tables.iter().map(listed).collect())
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        let describe =
            |name: &TableName| self.tables.contains_key(name).then(|| native_table(name));
        Ok(tables.iter().map(describe).collect())
    }

    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        Ok(filters.iter().map(|_| None).collect())
    }

    async fn open_snapshot(&self, _scans: &[Scan], readers: usize) -> Result<OpenedSnapshot> {
        let moment = self.moments.fetch_add(1, Ordering::SeqCst);
        let snapshot = MemorySnapshot {
            id: SnapshotId::new(format!("moment-{moment}")),
            readers,
            tables: Arc::clone(&self.tables),
            switches: Arc::clone(&self.switches),
        };
        let snapshot = Arc::new(snapshot);
        Ok(OpenedSnapshot {
            snapshot,
            refused: Vec::new(),
            findings: Vec::new(),
        })
    }
}

struct MemorySnapshot {
    id: SnapshotId,
    readers: usize,
    tables: Arc<Tables>,
    switches: Arc<Switches>,
}

/// How many splits a table is cut into.
pub const PARTS: usize = 3;

#[async_trait]
impl Snapshot for MemorySnapshot {
    fn id(&self) -> &SnapshotId {
        &self.id
    }

    fn kind(&self) -> SnapshotKind {
        SnapshotKind::Fixed
    }

    fn readers(&self) -> usize {
        self.readers
    }

    async fn split(&self, scan: &Scan, _wanted: usize) -> Result<Vec<Split>> {
        if take_one(&self.switches.uncut) {
            return Err(moment_lost());
        }
        let rows = self.tables.get(&scan.table).map_or(0, Vec::len);
        let part = rows.div_ceil(PARTS).max(1);
        let ranges = (0..rows)
            .step_by(part)
            .map(|from| (from, (from + part).min(rows)));
        let split = |(index, range)| Split::new(index, &self.id, None, serde_json::json!(range));
        Ok(ranges.enumerate().map(split).collect())
    }

    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        let (from, to): (usize, usize) = serde_json::from_value(split.payload.clone())
            .map_err(|_| Error::internal("not a split of this source"))?;
        let rows = self
            .tables
            .get(&scan.table)
            .map(|rows| &rows[from..to])
            .unwrap_or_default();
        let open = Open(Arc::clone(&self.switches));
        open.0.open.fetch_add(1, Ordering::SeqCst);
        if self.switches.hangs.load(Ordering::SeqCst) {
            let cancel = task.cancel.clone();
            return Ok(Box::pin(stream::once(async move {
                let _open = open;
                cancel.cancelled().await;
                Err(Error::cancelled())
            })));
        }
        let rejects = self.switches.rejects.load(Ordering::SeqCst) && !rows.is_empty();
        let rows = if rejects {
            task.meter.add(1, 0);
            task.rejected.push(Rejection {
                locator: format!("id={}", rows[0].0),
                key: vec![rows[0].0.to_string()],
                column: "name",
                code: "REJECTED",
                reason: "the source was told to".to_owned(),
                bytes: &[],
            });
            &rows[1..]
        } else {
            rows
        };
        let breaks = take_one(&self.switches.breaks);
        let mut batches = Vec::new();
        for chunk in rows.chunks(7) {
            task.meter.add(chunk.len() as u64, 0);
            batches.push(batch(chunk));
            if breaks {
                batches.push(Err(Error::new(
                    ErrorKind::Unavailable,
                    "BROKEN",
                    "a reader broke",
                )));
                break;
            }
        }
        let batches = batches.into_iter().inspect(move |_| {
            let _held = &open;
        });
        Ok(Box::pin(stream::iter(batches)))
    }

    async fn check_held(&self) -> Result<()> {
        if take_one(&self.switches.losses) {
            return Err(moment_lost());
        }
        Ok(())
    }

    async fn close(&self) {}
}

fn moment_lost() -> Error {
    let message = "the moment is lost";
    Error::new(ErrorKind::Unavailable, "SNAPSHOT_LOST", message).retry(model::Retry::Never)
}

/// A read that is open; counts itself out.
struct Open(Arc<Switches>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn take_one(counter: &AtomicU32) -> bool {
    counter
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        })
        .is_ok()
}

fn batch(rows: &[(i64, String)]) -> Result<RecordBatch> {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let ids: Int64Array = rows.iter().map(|(id, _)| Some(*id)).collect();
    let names: StringArray = rows.iter().map(|(_, name)| Some(name.as_str())).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(names)];
    RecordBatch::try_new(Arc::new(schema), columns)
        .map_err(|error| Error::internal("could not build a batch").caused_by(error))
}
