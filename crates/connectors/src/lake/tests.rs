//! Loads, crashes and readings through the contract's traits alone, on a real disk; what stands there
//! is read back with PyIceberg, too, where `GODWIT_PYTHON` names a Python that has it.

mod changes;
mod crashes;
mod every_type;
mod loads;
mod pyiceberg;
mod update_faults;
mod updates;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array,
    Int32Array, Int64Array, ListBuilder, MapBuilder, MapFieldNames, RecordBatch, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use contract::{
    BatchLimits, CancellationToken, CommitOutcome, Connector, Destination, Manifest, Meter,
    Opening, Rejected, Snapshot, Source, Staging, TaskContext, TypeMapping, WriteBudget,
};
use futures::TryStreamExt;
use model::migration::{ColumnChoice, LoadingPolicy};
use model::plan::{Column, Partition, Scan, ScanColumn, TableChange, TableSchema, Write};
use model::{LoadId, LogicalType, NativeTable, SplitId, TableName, TimeZone};
use rusqlite::Connection;

use super::types::Types;
use super::{Lake, options};

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("lake é b+c ")
                .tempdir()
                .unwrap(),
        }
    }

    fn opening(&self) -> Opening {
        let base = self.folder.path().canonicalize().unwrap();
        Opening::new(base, TimeZone::parse("UTC").unwrap(), "shop")
    }

    fn at(&self) -> options::Connection {
        options::Connection {
            path: "lake".to_owned(),
        }
    }

    fn root(&self) -> PathBuf {
        self.opening().base.join("lake")
    }

    async fn destination(&self) -> Arc<dyn Destination> {
        self.destination_with(options::Write::default()).await
    }

    async fn destination_with(&self, how: options::Write) -> Arc<dyn Destination> {
        Connector::destination(&Lake, self.at(), how, &self.opening())
            .await
            .unwrap()
    }

    async fn source(&self) -> Arc<dyn Source> {
        Connector::source(&Lake, self.at(), options::Read::default(), &self.opening())
            .await
            .unwrap()
    }

    fn catalog(&self) -> Connection {
        Connection::open(self.root().join("catalog.db")).unwrap()
    }

    fn pointer(&self) -> Option<String> {
        self.catalog()
            .query_row("SELECT metadata_location FROM iceberg_tables", [], |row| {
                row.get(0)
            })
            .ok()
    }

    /// Every file of the warehouse but the catalog, from its root.
    fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.to_string_lossy().contains("catalog.db") {
                    files.insert(path.to_string_lossy().into_owned());
                }
            }
        }
        files
    }

    /// Every file that the table's metadata names, read with the metadata library.
    async fn named(&self, table: &TableName) -> BTreeSet<String> {
        let pointer = self.pointer().unwrap();
        let table = super::table::Table::load(table, pointer).await.unwrap();
        let mut named = super::snapshot_commit::named_metadata(&table);
        for snapshot in table.metadata.snapshots() {
            for manifest in super::expire::manifests(&table, Some(snapshot))
                .await
                .unwrap()
            {
                for entry in super::expire::live_entries(&table, &manifest)
                    .await
                    .unwrap()
                {
                    named.insert(entry.file_path().to_owned());
                }
                named.insert(manifest.manifest_path);
            }
        }
        let paths = named
            .iter()
            .map(|address| address.trim_start_matches("file://").to_owned());
        paths.collect()
    }
}

fn load_id(number: u32) -> LoadId {
    LoadId::new(format!("run_pipeline_{number}"))
}

fn task(split: &str) -> TaskContext {
    let split = SplitId::new(split);
    TaskContext {
        rejected: Rejected::new(&TableName::new("s", "t"), &split),
        split,
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(64 << 20),
        limits: BatchLimits::default(),
    }
}

fn column(name: &str, wanted: &LogicalType) -> Column {
    let holding = Types.to_native(wanted).unwrap();
    Column {
        name: name.to_owned(),
        holds: holding.holds,
        native: holding.native,
        nullable: name != "id",
        comment: (name == "id").then(|| "the number".to_owned()),
    }
}

fn write_of(columns: Vec<Column>, policy: LoadingPolicy, exists: bool) -> Write {
    Write {
        table: TableSchema {
            name: TableName::new("shop", "orders"),
            columns,
            primary_key: Vec::new(),
            comment: Some("all orders".to_owned()),
        },
        policy,
        partition: None,
        exists,
        change: TableChange::Keep,
        ddl: Vec::new(),
        update_key: Vec::new(),
        without_source: Vec::new(),
        statements: model::migration::Statements::default(),
        indexes: Vec::new(),
    }
}

fn plain(policy: LoadingPolicy, exists: bool) -> Write {
    let columns = vec![
        column("id", &LogicalType::int(64)),
        column("note", &LogicalType::TEXT),
    ];
    write_of(columns, policy, exists)
}

fn partitioned(value: &str, exists: bool) -> Write {
    let columns = vec![
        column("id", &LogicalType::int(64)),
        column("ds", &LogicalType::TEXT),
    ];
    let mut write = write_of(columns, LoadingPolicy::Overwrite, exists);
    write.partition = Some(Partition {
        column: "ds".to_owned(),
        value: value.to_owned(),
    });
    write
}

fn rows(ids: std::ops::Range<i64>, text: &str) -> RecordBatch {
    let count = usize::try_from(ids.end - ids.start).unwrap();
    RecordBatch::try_from_iter([
        (
            "id",
            Arc::new(Int64Array::from_iter_values(ids)) as ArrayRef,
        ),
        ("note", Arc::new(StringArray::from(vec![text; count]))),
    ])
    .unwrap()
}

/// A load up to its commit.
async fn staged(
    destination: &dyn Destination,
    write: &Write,
    load: u32,
    splits: &[RecordBatch],
) -> (Staging, Vec<Manifest>) {
    let staging = destination.stage(write, &load_id(load)).unwrap();
    destination.prepare(&staging).await.unwrap();
    let mut manifests = Vec::new();
    for (index, batch) in splits.iter().enumerate() {
        let task = task(&format!("{index:05}"));
        let mut writer = destination.writer(&staging, &task).await.unwrap();
        writer.write(batch.clone()).await.unwrap();
        let part = writer.finish().await.unwrap();
        manifests.push(Manifest {
            split: task.split.clone(),
            attempt: 1,
            read: part.written,
            rejected: 0,
            filtered: 0,
            part,
        });
    }
    (staging, manifests)
}

fn done(outcome: CommitOutcome) -> contract::Receipt {
    match outcome {
        CommitOutcome::Done(receipt) => receipt,
        CommitOutcome::NotDone(error) | CommitOutcome::Unknown(error) => {
            panic!("{} {error}", error.code)
        }
    }
}

fn not_done(outcome: CommitOutcome) -> model::Error {
    match outcome {
        CommitOutcome::NotDone(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A whole load.
async fn load(destination: &dyn Destination, write: &Write, load: u32, splits: &[RecordBatch]) {
    let (staging, manifests) = staged(destination, write, load, splits).await;
    done(destination.commit(&staging, &manifests).await);
    destination.clean(&staging).await.unwrap();
}

fn scan_of(table: &NativeTable) -> Scan {
    let columns = table.columns.iter().map(|native| {
        let reading = Types.to_logical(native, &ColumnChoice::default()).unwrap();
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
        primary_key: Vec::new(),
        estimated_rows: None,
        estimated_bytes: None,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    }
}

async fn described(source: &dyn Source) -> NativeTable {
    let name = TableName::new("shop", "orders");
    source.describe(&[name]).await.unwrap().remove(0).unwrap()
}

async fn read_under(snapshot: &dyn Snapshot, scan: &Scan) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    for split in snapshot.split(scan, 4).await.unwrap() {
        let task = task(split.id.as_str());
        let read: Vec<RecordBatch> = snapshot
            .read(scan, &split, &task)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        let rows: usize = read.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(task.meter.rows(), rows as u64);
        batches.extend(read);
    }
    batches
}

async fn read_all(fixture: &Fixture) -> Vec<RecordBatch> {
    let source = fixture.source().await;
    let scan = scan_of(&described(&*source).await);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 2)
        .await
        .unwrap();
    assert!(opened.refused.is_empty());
    read_under(&*opened.snapshot, &scan).await
}

async fn ids(fixture: &Fixture) -> Vec<i64> {
    let mut ids = Vec::new();
    for batch in read_all(fixture).await {
        let column = batch
            .column(0)
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap();
        ids.extend(column.values());
    }
    ids.sort_unstable();
    ids
}
