//! The lake and the folders of Parquet files are held to the same list as the destination in memory.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use contract::{AnyConnector, Destination, Opening};
use model::migration::LoadingPolicy;
use model::{TableName, TimeZone};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use testkit::conformance::{
    Subject, first_load_is_all_or_nothing, survives_every_fault, what_stands_staged_is_read_back,
};
use testkit::memory_destination::Rows;

/// A destination that lives in a folder.
struct Folder {
    connector: &'static dyn AnyConnector,
    folder: tempfile::TempDir,
}

impl Folder {
    fn of(id: &str) -> Self {
        let connector = connectors::connector(id).expect("registered");
        Self {
            connector,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("there")
    }

    /// The live files by what the destination's own index names, read by the Parquet crate alone.
    fn live_files(&self, table: &TableName) -> Option<Vec<PathBuf>> {
        if self.connector.id() == "files" {
            let folder = self.path().join(&table.table);
            let manifest = std::fs::read(folder.join("_godwit.json")).ok()?;
            let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("json");
            let files = manifest["files"].as_array().expect("a list").iter();
            return Some(
                files
                    .map(|file| folder.join(file["name"].as_str().expect("a name")))
                    .collect(),
            );
        }
        None
    }

    fn all_files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.path()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files
    }
}

#[async_trait::async_trait]
impl Subject for Folder {
    fn connector(&self) -> &'static dyn AnyConnector {
        self.connector
    }

    async fn open(&self) -> Arc<dyn Destination> {
        let opening = Opening {
            base: self.folder.path().to_owned(),
            time_zone: TimeZone::utc(),
            namespace: "conformance".to_owned(),
        };
        let connection = serde_json::json!({ "path": "there" });
        let write = serde_json::json!({});
        self.connector
            .destination(&connection, &write, &opening)
            .await
            .expect("opens")
    }

    async fn read(&self, table: &TableName) -> Option<Rows> {
        if self.connector.id() == "lake" {
            return lake_rows(self, table).await;
        }
        let mut rows = Rows::new();
        for file in self.live_files(table)? {
            let file = std::fs::File::open(file).expect("a live file");
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a footer");
            for batch in reader.build().expect("a reader") {
                take_rows(&batch.expect("a batch"), &mut rows);
            }
        }
        rows.sort();
        Some(rows)
    }

    async fn leftovers(&self, table: &TableName) -> Vec<String> {
        let Some(live) = self.live_files(table) else {
            return Vec::new();
        };
        let stray = |path: &PathBuf| {
            let text = path.to_string_lossy();
            path.extension()
                .is_some_and(|extension| extension == "parquet")
                && !live.contains(path)
                && !text.contains("/.replaced/")
        };
        let files = self.all_files().into_iter().filter(stray);
        files.map(|path| path.display().to_string()).collect()
    }

    async fn reset(&self) {
        if self.path().exists() {
            std::fs::remove_dir_all(self.path()).expect("removed");
        }
    }
}

fn take_rows(batch: &arrow::array::RecordBatch, rows: &mut Rows) {
    let ids = batch.column(0).as_primitive::<Int64Type>();
    let names = batch.column(1).as_string::<i32>();
    let pairs = ids.values().iter().zip(names.iter());
    rows.extend(pairs.map(|(id, name)| (*id, name.expect("a text").to_owned())));
}

/// Through the lake's own source: PyIceberg reads the same in the lake's own tests and in the proofs.
async fn lake_rows(subject: &Folder, table: &TableName) -> Option<Rows> {
    use contract::{BatchLimits, CancellationToken, Meter, Rejected, TaskContext, WriteBudget};
    use futures::StreamExt;
    use model::plan::{Scan, ScanColumn};

    let opening = Opening {
        base: subject.folder.path().to_owned(),
        time_zone: TimeZone::utc(),
        namespace: "conformance".to_owned(),
    };
    let connection = serde_json::json!({ "path": "there" });
    let read = serde_json::json!({});
    let source = subject
        .connector
        .source(&connection, &read, &opening)
        .await
        .ok()?;
    let native = source
        .describe(std::slice::from_ref(table))
        .await
        .ok()?
        .remove(0)?;
    let columns = native.columns.iter().map(|column| {
        let choice = model::migration::ColumnChoice::default();
        let reading = subject
            .connector
            .types()
            .to_logical(column, &choice)
            .expect("readable");
        ScanColumn {
            native: column.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        }
    });
    let scan = Scan {
        table: table.clone(),
        kind: native.kind,
        columns: columns.collect(),
        filter: None,
        split_by: Vec::new(),
        primary_key: Vec::new(),
        estimated_rows: None,
        estimated_bytes: None,
        fingerprint: native.fingerprint(),
        private: native.private.clone(),
    };
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .expect("a snapshot");
    let mut rows = Rows::new();
    for split in opened.snapshot.split(&scan, 1).await.expect("splits") {
        let task = TaskContext {
            split: split.id.clone(),
            attempt: 1,
            cancel: CancellationToken::new(),
            meter: Meter::default(),
            rejected: Rejected::new(table, &split.id),
            budget: WriteBudget::new(usize::MAX),
            limits: BatchLimits::default(),
        };
        let mut batches = opened
            .snapshot
            .read(&scan, &split, &task)
            .await
            .expect("a stream");
        while let Some(batch) = batches.next().await {
            take_rows(&batch.expect("a batch"), &mut rows);
        }
    }
    opened.snapshot.close().await;
    rows.sort();
    Some(rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_survive_every_fault() {
    for policy in [LoadingPolicy::Overwrite, LoadingPolicy::Append] {
        let cases = survives_every_fault(&Folder::of("files"), policy).await;
        println!("files, {policy:?}: {cases} cases");
    }
    first_load_is_all_or_nothing(&Folder::of("files")).await;
    what_stands_staged_is_read_back(&Folder::of("files")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_survives_every_fault() {
    for policy in [LoadingPolicy::Overwrite, LoadingPolicy::Append] {
        let cases = survives_every_fault(&Folder::of("lake"), policy).await;
        println!("lake, {policy:?}: {cases} cases");
    }
    first_load_is_all_or_nothing(&Folder::of("lake")).await;
    what_stands_staged_is_read_back(&Folder::of("lake")).await;
}
