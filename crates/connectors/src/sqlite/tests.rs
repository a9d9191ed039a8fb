//! The connector against files that SQLite's own library writes: every storage class in every
//! declared type, moments, cuts, cancelling, files that are none.

mod kinds;
mod moments;
mod probing;
mod values;

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use contract::{
    BatchLimits, CancellationToken, Connector, Meter, NoOptions, Opening, Rejected, Snapshot,
    Source, Split, TaskContext, WriteBudget,
};
use futures::StreamExt;
use model::migration::ColumnChoice;
use model::plan::{Scan, ScanColumn};
use model::run::RejectedRow;
use model::{Error, NativeTable, Result, SplitId, TableName, TimeZone};
use rusqlite::Connection;

use super::{Sqlite, SqliteConnection};

fn opening(base: &Path) -> Opening {
    Opening::new(base, TimeZone::default(), "n")
}

async fn source_at(folder: &Path, path: &str) -> Result<Arc<dyn Source>> {
    let at = SqliteConnection {
        path: path.into(),
        busy_timeout_seconds: 1,
    };
    Connector::source(&Sqlite, at, NoOptions {}, &opening(folder)).await
}

/// A file made by these statements, its folder, and the source on it.
async fn database(sql: &str) -> (tempfile::TempDir, Connection, Arc<dyn Source>) {
    let folder = tempfile::tempdir().unwrap();
    let writer = Connection::open(folder.path().join("shop.db")).unwrap();
    writer.execute_batch(sql).unwrap();
    let source = source_at(folder.path(), "shop.db").await.unwrap();
    (folder, writer, source)
}

async fn described(source: &Arc<dyn Source>, table: &str) -> NativeTable {
    let tables = source.describe(&[TableName::new("main", table)]).await;
    tables.unwrap().remove(0).unwrap()
}

/// The scan of all columns, those undeclared read as text.
fn scan_of(table: &NativeTable) -> Scan {
    let columns = table.columns.iter().map(|native| {
        let types = Connector::types(&Sqlite);
        let reading = types
            .to_logical(native, &ColumnChoice::default())
            .or_else(|refusal| types.to_logical(native, &refusal.proposals[0]))
            .unwrap();
        ScanColumn {
            native: native.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        }
    });
    Scan {
        table: table.name.clone(),
        kind: table.kind,
        columns: columns.collect(),
        filter: None,
        split_by: Vec::new(),
        primary_key: table.primary_key.clone(),
        estimated_rows: table.estimated_rows,
        estimated_bytes: None,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    }
}

fn task(table: &TableName) -> TaskContext {
    let split = SplitId::new("00000");
    TaskContext {
        rejected: Rejected::new(table, &split),
        split,
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(1 << 30),
        limits: BatchLimits::default(),
    }
}

async fn read_split(
    snapshot: &Arc<dyn Snapshot>,
    scan: &Scan,
    split: &Split,
    task: &TaskContext,
) -> Result<Vec<RecordBatch>> {
    let mut stream = snapshot.read(scan, split, task).await?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch?);
    }
    Ok(batches)
}

struct Everything {
    batches: Vec<RecordBatch>,
    rejected: Vec<RejectedRow>,
    rows_read: u64,
}

/// All rows of a table, over all its splits.
async fn read_all(source: &Arc<dyn Source>, scan: &Scan) -> Result<Everything> {
    let opened = source.open_snapshot(std::slice::from_ref(scan), 2).await?;
    if let Some((_, error)) = opened.refused.into_iter().next() {
        return Err(error);
    }
    let task = task(&scan.table);
    let mut batches = Vec::new();
    for split in opened.snapshot.split(scan, 4).await? {
        batches.extend(read_split(&opened.snapshot, scan, &split, &task).await?);
    }
    opened.snapshot.check_held().await?;
    opened.snapshot.close().await;
    Ok(Everything {
        batches,
        rejected: task.rejected.take(),
        rows_read: task.meter.rows(),
    })
}

fn rows_of(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

fn code_of<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("no error", |error| error.code)
}
