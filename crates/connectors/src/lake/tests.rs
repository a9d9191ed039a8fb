//! Loads, crashes and readings through the contract's traits alone, on a real disk; what stands there
//! is read back with PyIceberg, too, where `GODWIT_PYTHON` names a Python that has it.

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
use model::plan::{Column, Partition, Scan, ScanColumn, TableSchema, Write};
use model::{LoadId, LogicalType, NativeTable, SplitId, TableName, TimeZone};
use rusqlite::Connection;

use super::{Lake, options, types};

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
        Opening {
            base: self.folder.path().canonicalize().unwrap(),
            time_zone: TimeZone::parse("UTC").unwrap(),
            namespace: "shop".to_owned(),
        }
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

fn column(name: &str, wanted: LogicalType) -> Column {
    let holding = types::Types.to_native(&wanted).unwrap();
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
        ddl: Vec::new(),
    }
}

fn plain(policy: LoadingPolicy, exists: bool) -> Write {
    let columns = vec![
        column("id", LogicalType::int(64)),
        column("note", LogicalType::TEXT),
    ];
    write_of(columns, policy, exists)
}

fn partitioned(value: &str, exists: bool) -> Write {
    let columns = vec![
        column("id", LogicalType::int(64)),
        column("ds", LogicalType::TEXT),
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
    assert!(destination.clean(&staging).await.unwrap().is_empty());
}

fn scan_of(table: &NativeTable) -> Scan {
    let columns = table.columns.iter().map(|native| {
        let reading = types::Types
            .to_logical(native, &ColumnChoice::default())
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

#[tokio::test]
async fn a_first_load_appears_whole_and_at_its_commit() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    assert!(destination.check().await.unwrap().is_empty());
    let write = plain(LoadingPolicy::Overwrite, false);
    let splits = [rows(0..5, "a"), rows(5..7, "b")];
    let (staging, manifests) = staged(&*destination, &write, 1, &splits).await;
    let evidence = destination.evidence(&staging, &manifests).await.unwrap();
    assert_eq!(evidence.rows, 7);
    assert_eq!(
        evidence.bytes,
        manifests.iter().map(|m| m.part.bytes).sum::<u64>()
    );
    assert_eq!(fixture.pointer(), None);
    let receipt = done(destination.commit(&staging, &manifests).await);
    assert_eq!(ids(&fixture).await, [0, 1, 2, 3, 4, 5, 6]);
    let again = done(destination.commit(&staging, &manifests).await);
    assert_eq!(
        (receipt.payload, ids(&fixture).await.len()),
        (again.payload, 7)
    );
    let name = TableName::new("shop", "orders");
    let existing = destination
        .describe(&[name])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(existing.columns, write.table.columns);
    assert!(existing.findings.is_empty());
}

#[tokio::test]
async fn a_table_without_rows_is_a_table() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, false),
        1,
        &[],
    )
    .await;
    assert!(ids(&fixture).await.is_empty());
    assert_eq!(described(&*fixture.source().await).await.columns.len(), 2);
}

#[tokio::test]
async fn append_adds_and_overwrite_replaces() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, true),
        2,
        &[rows(2..4, "b")],
    )
    .await;
    assert_eq!(ids(&fixture).await, [0, 1, 2, 3]);
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        3,
        &[rows(7..9, "c")],
    )
    .await;
    assert_eq!(ids(&fixture).await, [7, 8]);
}

#[tokio::test]
async fn overwriting_a_partition_leaves_the_others() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    for (number, (value, ids)) in [("1", 0..2), ("2", 2..4), ("1", 4..5)]
        .into_iter()
        .enumerate()
    {
        let write = partitioned(value, number > 0);
        load(
            &*destination,
            &write,
            u32::try_from(number).unwrap(),
            &[rows(ids, value)],
        )
        .await;
    }
    assert_eq!(ids(&fixture).await, [2, 3, 4]);
    let (staging, _) = staged(&*destination, &partitioned("3", true), 9, &[]).await;
    let mut writer = destination.writer(&staging, &task("00000")).await.unwrap();
    let error = writer.write(rows(0..1, "4")).await.unwrap_err();
    assert!(error.message.contains("another partition"), "{error}");
}

#[tokio::test]
async fn files_on_the_disk_are_those_that_kept_snapshots_name() {
    let fixture = Fixture::new();
    let how = options::Write {
        keep_snapshots: 2,
        ..options::Write::default()
    };
    let destination = fixture.destination_with(how).await;
    let name = TableName::new("shop", "orders");
    let mut policies = vec![LoadingPolicy::Overwrite; 13];
    policies.extend([LoadingPolicy::Append; 4]);
    policies.push(LoadingPolicy::Overwrite);
    for (number, policy) in (1..).zip(policies) {
        let write = plain(policy, number > 1);
        // Leftovers of an attempt that broke: rows that were written and are in no manifest.
        let (staging, mut manifests) = staged(
            &*destination,
            &write,
            number,
            &[rows(0..2, "kept"), rows(2..4, "left over")],
        )
        .await;
        manifests.pop();
        done(destination.commit(&staging, &manifests).await);
        destination.clean(&staging).await.unwrap();
        assert_eq!(
            fixture.files(),
            fixture.named(&name).await,
            "after load {number}"
        );
    }
    let data = fixture
        .files()
        .into_iter()
        .filter(|file| file.ends_with(".parquet"));
    assert_eq!(data.count(), 6);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn a_load_given_up_before_its_commit_never_appears() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let before = fixture.files();
    let write = plain(LoadingPolicy::Append, true);
    let (staging, manifests) = staged(&*destination, &write, 2, &[rows(2..4, "b")]).await;
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "LOAD_ABORTED");
    for _ in 0..2 {
        destination.abort(&staging).await.unwrap();
    }
    assert_eq!(fixture.files(), before);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn a_first_load_given_up_leaves_nothing() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Overwrite, false);
    let staging = destination.stage(&write, &load_id(1)).unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    let (staging, _) = staged(&*destination, &write, 2, &[rows(0..1, "a")]).await;
    destination.abort(&staging).await.unwrap();
    assert!(fixture.files().is_empty());
    assert_eq!(fixture.pointer(), None);
    load(&*destination, &write, 3, &[rows(0..1, "a")]).await;
    assert_eq!(ids(&fixture).await, [0]);
}

#[tokio::test]
async fn a_published_load_is_found_again_and_survives_abort() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, manifests) = staged(&*destination, &write, 1, &[rows(0..2, "a")]).await;
    let receipt = done(destination.commit(&staging, &manifests).await);
    for number in 2..12 {
        let write = plain(LoadingPolicy::Append, true);
        load(&*destination, &write, number, &[rows(2..3, "b")]).await;
    }
    // Its snapshot has expired by now; the table remembers it.
    let other = fixture.destination().await;
    assert_eq!(other.settle(&staging).await.unwrap(), Some(receipt.clone()));
    assert_eq!(done(other.commit(&staging, &manifests).await), receipt);
    other.abort(&staging).await.unwrap();
    assert_eq!(ids(&fixture).await.len(), 12);
}

#[tokio::test]
async fn metadata_written_and_not_published_is_swept() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let before = fixture.files();
    let write = plain(LoadingPolicy::Append, true);
    let (staging, manifests) = staged(&*destination, &write, 2, &[rows(2..4, "b")]).await;
    // A process that dies between the metadata and the swap leaves what this trigger leaves.
    fixture
        .catalog()
        .execute_batch("CREATE TRIGGER stop BEFORE UPDATE ON iceberg_tables BEGIN SELECT RAISE(FAIL, 'stop'); END")
        .unwrap();
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "CATALOG_FAILED");
    let metadata = fixture.root().join("shop/orders/metadata");
    for name in [
        format!("{}-m0.avro", staging.load),
        format!("snap-1-{}-x.avro", staging.load),
        format!(
            "00002-{}8000-b000-000000000000.metadata.json",
            super::snapshot_commit::metadata_prefix(&staging.load)
        ),
    ] {
        std::fs::write(metadata.join(name), "leftover").unwrap();
    }
    fixture
        .catalog()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
}

#[tokio::test]
async fn a_failed_commit_statement_is_unknown_until_settled() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let before = fixture.files();
    let write = plain(LoadingPolicy::Append, true);
    let (staging, manifests) = staged(&*destination, &write, 2, &[rows(2..4, "b")]).await;
    // A reference that is checked at COMMIT makes COMMIT itself fail, and no statement before it.
    fixture
        .catalog()
        .execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER stop AFTER UPDATE ON iceberg_tables
             BEGIN INSERT INTO child VALUES (1); END",
        )
        .unwrap();
    let outcome = destination.commit(&staging, &manifests).await;
    assert!(matches!(&outcome, CommitOutcome::Unknown(_)), "{outcome:?}");
    // A data file, its manifest, the list and the metadata: all stay as long as nobody knows.
    assert_eq!(fixture.files().len(), before.len() + 4);
    fixture
        .catalog()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn a_busy_catalog_is_waited_for() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, manifests) = staged(&*destination, &write, 1, &[rows(0..2, "a")]).await;
    let holder = fixture.catalog();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let commit = destination.commit(&staging, &manifests);
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        holder.execute_batch("COMMIT").unwrap();
    };
    let (outcome, ()) = tokio::join!(commit, release);
    done(outcome);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn appends_at_the_same_time_all_arrive() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..1, "a")],
    )
    .await;
    let mut loads = Vec::new();
    for number in 2..7 {
        let write = plain(LoadingPolicy::Append, true);
        let at = i64::from(number);
        loads.push(staged(&*destination, &write, number, &[rows(at..at + 1, "b")]).await);
    }
    let commits = loads.iter().map(async |(staging, manifests)| {
        // Each from a destination of its own, as from another process.
        fixture.destination().await.commit(staging, manifests).await
    });
    for outcome in futures::future::join_all(commits).await {
        done(outcome);
    }
    assert_eq!(ids(&fixture).await, [0, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_table_that_is_not_as_planned_is_left_alone() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let check = async |write: Write, expected: &str| {
        let staging = destination.stage(&write, &load_id(99)).unwrap();
        let error = destination.prepare(&staging).await.unwrap_err();
        assert_eq!(error.code, "TABLE_CHANGED");
        assert!(error.message.contains(expected), "{error}");
    };
    check(plain(LoadingPolicy::Append, true), "is not there any more").await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..1, "a")],
    )
    .await;
    check(plain(LoadingPolicy::Append, false), "is there already").await;
    check(partitioned("1", true), "is partitioned by no column").await;
    let mut other = plain(LoadingPolicy::Append, true);
    other.table.columns[1] = column("note", LogicalType::Date);
    check(other, "has column \"note\" as string").await;
    let mut fewer = plain(LoadingPolicy::Append, true);
    fewer.table.columns.remove(0);
    check(fewer, "wants a value in column \"id\"").await;
}

#[tokio::test]
async fn null_in_a_required_column_is_an_error() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, _) = staged(&*destination, &write, 1, &[]).await;
    let mut writer = destination.writer(&staging, &task("00000")).await.unwrap();
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![None])) as ArrayRef),
        ("note", Arc::new(StringArray::from(vec!["a"]))),
    ]);
    let error = writer.write(batch.unwrap()).await.unwrap_err();
    assert_eq!(error.code, "NULL_IN_REQUIRED_COLUMN");
    writer.discard().await.unwrap();
}

#[tokio::test]
async fn evidence_is_what_stands_on_the_disk() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, manifests) = staged(&*destination, &write, 1, &[rows(0..100, "a")]).await;
    let file = fixture.files().pop_first().unwrap();
    let content = std::fs::read(&file).unwrap();
    std::fs::write(&file, &content[..content.len() - 20]).unwrap();
    let error = destination
        .evidence(&staging, &manifests)
        .await
        .unwrap_err();
    assert_eq!(error.code, "BAD_PARQUET");
    std::fs::remove_file(&file).unwrap();
    let error = destination
        .evidence(&staging, &manifests)
        .await
        .unwrap_err();
    assert_eq!(error.code, "NOT_FOUND");
    assert_eq!(
        not_done(destination.commit(&staging, &manifests).await).code,
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_snapshot_stays_while_loads_come() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let source = fixture.source().await;
    let scan = scan_of(&described(&*source).await);
    let scans = std::slice::from_ref(&scan);
    let held = source.open_snapshot(scans, 1).await.unwrap().snapshot;
    let same = source.open_snapshot(scans, 1).await.unwrap().snapshot;
    assert_eq!(held.id(), same.id());
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        2,
        &[rows(5..9, "b")],
    )
    .await;
    let read = read_under(&*held, &scan).await;
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    held.check_held().await.unwrap();
    let next = source.open_snapshot(scans, 1).await.unwrap().snapshot;
    assert_ne!(held.id(), next.id());
    for number in 3..11 {
        load(
            &*destination,
            &plain(LoadingPolicy::Overwrite, true),
            number,
            &[],
        )
        .await;
    }
    assert_eq!(held.check_held().await.unwrap_err().code, "SNAPSHOT_LOST");
}

#[tokio::test]
async fn a_lake_that_is_not_there_is_named() {
    let fixture = Fixture::new();
    let source = fixture.source().await;
    assert_eq!(source.check().await.unwrap_err().code, "NO_CATALOG");
    let name = TableName::new("shop", "orders");
    let destination = fixture.destination().await;
    assert_eq!(destination.describe(&[name]).await.unwrap(), [None]);
    assert!(!fixture.root().exists());
}

/// Columns of every kind that a lake holds, and three rows of them: ordinary, extreme, null.
fn every_type() -> (Vec<Column>, RecordBatch) {
    let list = LogicalType::List(Box::new(LogicalType::int(32)));
    let parts = LogicalType::Struct(vec![
        model::Field {
            name: "x".to_owned(),
            logical: LogicalType::Date,
        },
        model::Field {
            name: "y".to_owned(),
            logical: LogicalType::List(Box::new(LogicalType::TEXT)),
        },
    ]);
    let map = LogicalType::Map(Box::new(LogicalType::TEXT));
    let decimal = |precision, scale| LogicalType::Decimal { precision, scale };
    let timestamp = |zoned| LogicalType::Timestamp {
        precision: 6,
        zoned,
    };
    let long = "long text beyond sixteen characters \u{1F600}".repeat(10);
    let decimals = |values: [i128; 2], precision, scale| {
        let values = Decimal128Array::from(vec![Some(values[0]), Some(values[1]), None]);
        Arc::new(values.with_precision_and_scale(precision, scale).unwrap()) as ArrayRef
    };
    let micros = TimestampMicrosecondArray::from(vec![
        Some(1_700_000_000_123_456),
        Some(-62_135_596_800_000_000),
        None,
    ]);
    let mut lists = ListBuilder::new(arrow::array::Int32Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_value([]);
    lists.append_null();
    let mut texts = ListBuilder::new(StringBuilder::new());
    texts.append_value([Some("p")]);
    texts.append_null();
    texts.append_null();
    let mut maps = MapBuilder::new(
        Some(MapFieldNames {
            entry: "key_value".to_owned(),
            key: "key".to_owned(),
            value: "value".to_owned(),
        }),
        StringBuilder::new(),
        StringBuilder::new(),
    );
    maps.keys().append_value("k");
    maps.values().append_null();
    maps.append(true).unwrap();
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    let structs = StructArray::try_new(
        vec![
            Field::new("x", DataType::Date32, true),
            Field::new_list("y", Field::new_list_field(DataType::Utf8, true), true),
        ]
        .into(),
        vec![
            Arc::new(Date32Array::from(vec![Some(1), None, None])),
            Arc::new(texts.finish()),
        ],
        Some(vec![true, true, false].into()),
    );
    let doubles = Float64Array::from(vec![Some(1.5), Some(f64::NAN), None]);
    let pairs: Vec<(Column, ArrayRef)> = vec![
        (
            column("id", LogicalType::int(32)),
            Arc::new(Int32Array::from(vec![1, 2, 3])),
        ),
        (
            column("b", LogicalType::Boolean),
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
        (
            column("l", LogicalType::int(64)),
            Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None])),
        ),
        (column("f", LogicalType::Float64), Arc::new(doubles)),
        (
            column("d9", decimal(9, 2)),
            decimals([110, -999_999_999], 9, 2),
        ),
        (
            column("d18", decimal(18, 4)),
            decimals([-1, 999_999_999_999_999_999], 18, 4),
        ),
        (
            column("d38", decimal(38, 10)),
            decimals([1, -(10_i128.pow(38) - 1)], 38, 10),
        ),
        (
            column("t", LogicalType::TEXT),
            Arc::new(StringArray::from(vec![Some(""), Some(long.as_str()), None])),
        ),
        (
            column("bin", LogicalType::Binary),
            Arc::new(BinaryArray::from(vec![
                Some(&b"\xff"[..]),
                Some(&[255_u8; 40]),
                None,
            ])),
        ),
        (
            column("day", LogicalType::Date),
            Arc::new(Date32Array::from(vec![
                Some(-719_162),
                Some(2_932_896),
                None,
            ])),
        ),
        (column("ts", timestamp(false)), Arc::new(micros.clone())),
        (
            column("tz", timestamp(true)),
            Arc::new(micros.with_timezone("UTC")),
        ),
        (column("li", list), Arc::new(lists.finish())),
        (column("st", parts), Arc::new(structs.unwrap())),
        (column("ma", map), Arc::new(maps.finish())),
    ];
    let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) = pairs.into_iter().unzip();
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, column.holds.arrow(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = arrays.iter().zip(schema.fields());
    let arrays = arrays
        .map(|(array, field)| cast(array, field.data_type()).unwrap())
        .collect();
    let batch = RecordBatch::try_new(schema, arrays).unwrap();
    (columns, batch)
}

#[tokio::test]
async fn every_type_comes_back_as_it_went() {
    for compression in [
        options::Compression::Snappy,
        options::Compression::Gzip,
        options::Compression::Zstd,
    ] {
        let fixture = Fixture::new();
        let how = options::Write {
            compression,
            ..options::Write::default()
        };
        let destination = fixture.destination_with(how).await;
        let (columns, batch) = every_type();
        let write = write_of(columns, LoadingPolicy::Overwrite, false);
        load(&*destination, &write, 1, std::slice::from_ref(&batch)).await;
        let read = read_all(&fixture).await;
        let read = concat_batches(&read[0].schema(), &read).unwrap();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            let (wrote, read) = (batch.column(index).to_data(), read.column(index).to_data());
            if field.name() == "f" {
                // NaN is not equal to itself.
                assert_eq!(
                    format!("{wrote:?}").contains("null_count: 1"),
                    read.null_count() == 1
                );
                let bits =
                    |data: &arrow::array::ArrayData| data.buffers()[0].as_slice()[..16].to_vec();
                assert_eq!(bits(&wrote), bits(&read));
            } else {
                assert_eq!(wrote, read, "{}", field.name());
            }
        }
    }
}

/// Runs `testbed/pyiceberg_check.py`; `None` (and a line that says so) where there is no PyIceberg.
fn pyiceberg(check: &str, root: &Path) -> Option<serde_json::Value> {
    let Ok(python) = std::env::var("GODWIT_PYTHON") else {
        println!("skipped: GODWIT_PYTHON names no Python with PyIceberg");
        return None;
    };
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/lake/testbed/pyiceberg_check.py"
    );
    let output = std::process::Command::new(python)
        .args([script, check])
        .arg(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn pyiceberg_reads_every_type() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let (columns, batch) = every_type();
    let write = write_of(columns, LoadingPolicy::Overwrite, false);
    load(&*destination, &write, 1, &[batch]).await;
    let Some(seen) = pyiceberg("types", &fixture.root()) else {
        return;
    };
    assert_eq!(seen["comment"], "all orders");
    assert_eq!(seen["doc"], "the number");
    assert_eq!(seen["required"], serde_json::json!(["id"]));
    let parts = seen["schema"]["st"].as_str().unwrap();
    assert!(parts.contains("x: optional date") && parts.contains("y: optional list<string>"));
    assert_eq!(
        seen["schema"],
        serde_json::json!({
            "id": "int", "b": "boolean", "l": "long", "f": "double",
            "d9": "decimal(9, 2)", "d18": "decimal(18, 4)", "d38": "decimal(38, 10)",
            "t": "string", "bin": "binary", "day": "date",
            "ts": "timestamp", "tz": "timestamptz",
            "li": "list<int>", "ma": "map<string, string>", "st": parts,
        })
    );
    let long = "long text beyond sixteen characters \u{1F600}".repeat(10);
    assert_eq!(
        seen["rows"],
        serde_json::json!([
            {"id": 1, "b": true, "l": i64::MIN, "f": "1.5", "d9": "1.10", "d18": "-0.0001",
             "d38": "1E-10", "t": "", "bin": "ff", "day": "0001-01-01",
             "ts": "2023-11-14 22:13:20.123456", "tz": "2023-11-14 22:13:20.123456+00:00",
             "li": [1, null], "st": {"x": "1970-01-02", "y": ["p"]}, "ma": [["k", null]]},
            {"id": 2, "b": false, "l": i64::MAX, "f": "nan", "d9": "-9999999.99",
             "d18": "99999999999999.9999", "d38": "-9999999999999999999999999999.9999999999",
             "t": long, "bin": "ff".repeat(40), "day": "9999-12-31",
             "ts": "0001-01-01 00:00:00", "tz": "0001-01-01 00:00:00+00:00",
             "li": [], "st": {"x": null, "y": null}, "ma": []},
            {"id": 3, "b": null, "l": null, "f": null, "d9": null, "d18": null, "d38": null,
             "t": null, "bin": null, "day": null, "ts": null, "tz": null, "li": null, "st": null,
             "ma": null},
        ])
    );
    // Each filter must find its row by the bounds that we wrote, and no other.
    assert_eq!(
        seen["found"],
        serde_json::json!({"d9": [1], "d38": [2], "l": [2], "t": [2], "day": [2], "bin": [2], "ts": [1]})
    );
}

#[tokio::test]
async fn pyiceberg_and_we_write_the_same_table_in_turn() {
    let fixture = Fixture::new();
    let how = options::Write {
        keep_snapshots: 3,
        ..options::Write::default()
    };
    let destination = fixture.destination_with(how).await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    if pyiceberg("append", &fixture.root()).is_none() {
        return;
    }
    assert_eq!(ids(&fixture).await, [0, 1, 100, 101]);
    load(
        &*destination,
        &plain(LoadingPolicy::Append, true),
        2,
        &[rows(2..4, "b")],
    )
    .await;
    let seen = pyiceberg("snapshots", &fixture.root()).unwrap();
    assert_eq!(
        seen,
        serde_json::json!([[0, 1], [0, 1, 100, 101], [0, 1, 2, 3, 100, 101]])
    );
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        3,
        &[rows(7..9, "c")],
    )
    .await;
    let seen = pyiceberg("snapshots", &fixture.root()).unwrap();
    assert_eq!(
        seen,
        serde_json::json!([[0, 1, 100, 101], [0, 1, 2, 3, 100, 101], [7, 8]])
    );
    for number in 4..7 {
        let write = plain(LoadingPolicy::Overwrite, true);
        load(&*destination, &write, number, &[rows(7..9, "c")]).await;
    }
    assert_eq!(
        fixture.files(),
        fixture.named(&TableName::new("shop", "orders")).await
    );
    let deleted = pyiceberg("delete", &fixture.root()).unwrap();
    assert_eq!(deleted, serde_json::json!([8]));
    assert_eq!(ids(&fixture).await, [8]);
    let found = pyiceberg("filtered_files", &fixture.root()).unwrap();
    assert_eq!(found, serde_json::json!(0));
}

#[tokio::test]
async fn pyiceberg_reads_partitions() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    for (number, (value, ids)) in [("1", 0..2), ("2", 2..4), ("1", 4..5)]
        .into_iter()
        .enumerate()
    {
        let write = partitioned(value, number > 0);
        load(
            &*destination,
            &write,
            u32::try_from(number).unwrap(),
            &[rows(ids, value)],
        )
        .await;
    }
    let Some(seen) = pyiceberg("partitions", &fixture.root()) else {
        return;
    };
    assert_eq!(
        seen,
        serde_json::json!({"spec": ["ds"], "1": [4], "2": [2, 3], "files": 1})
    );
    let name = TableName::new("shop", "orders");
    let existing = destination
        .describe(&[name])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(existing.partition_column.as_deref(), Some("ds"));
}
