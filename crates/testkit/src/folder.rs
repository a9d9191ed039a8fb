//! A destination that lives in a folder, as a subject of the conformance suite. What readers see is
//! read through the connector's own source where it has one, else by the Parquet crate from the files
//! that the table's manifest names.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use contract::{AnyConnector, Destination, Opening, Source};
use model::{TableName, TimeZone};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};

use crate::conformance::Subject;
use crate::memory_destination::Rows;
use crate::reading::{Asked, read_whole};

const MANIFEST: &str = "_godwit.json";

/// A destination that lives in a folder.
pub struct Folder {
    connector: &'static dyn AnyConnector,
    folder: tempfile::TempDir,
}

impl Folder {
    /// The connector called `id`, over a new folder; in memory where the machine has room there.
    pub fn of(id: &str) -> io::Result<Self> {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("no connector {id}"));
        let memory = Path::new("/dev/shm");
        let folder = tempfile::Builder::new()
            .prefix("godwit-testkit-")
            .tempdir_in(memory);
        Ok(Self {
            connector: connectors::connector(id).ok_or_else(unknown)?,
            folder: folder.or_else(|_| tempfile::tempdir())?,
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("there")
    }

    fn opening(&self) -> Opening {
        Opening::new(self.folder.path(), TimeZone::utc(), "conformance")
    }

    fn is_readable(&self) -> bool {
        self.connector.capabilities().read.is_some()
    }

    /// The live files by what the table's manifest names; `None` where there is none.
    fn live_files(&self, table: &TableName) -> Option<Vec<PathBuf>> {
        let folder = self.path().join(&table.table);
        let manifest = std::fs::read(folder.join(MANIFEST)).ok()?;
        let manifest: Json = serde_json::from_slice(&manifest).ok()?;
        let files = manifest["files"].as_array()?.iter();
        files
            .map(|file| Some(folder.join(file["name"].as_str()?)))
            .collect()
    }

    /// Data files that none of a lake's manifests names; those hold their names in clear.
    fn unnamed(&self) -> Vec<String> {
        let (manifests, data): (Vec<PathBuf>, Vec<PathBuf>) = files_below(&self.path())
            .into_iter()
            .filter(|path| has_extension(path, "avro") || has_extension(path, "parquet"))
            .partition(|path| has_extension(path, "avro"));
        let read = manifests.iter().filter_map(|path| std::fs::read(path).ok());
        let read: Vec<Vec<u8>> = read.collect();
        let is_named = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            let mut holds = read.iter();
            holds.any(|manifest| manifest.windows(name.len()).any(|bytes| bytes == name))
        };
        let unnamed = data.into_iter().filter(|path| !is_named(path));
        unnamed.map(|path| path.display().to_string()).collect()
    }

    async fn through_its_source(&self, table: &TableName) -> Option<Rows> {
        let connection = json!({ "path": "there" });
        let source = self
            .connector
            .source(&connection, &json!({}), &self.opening())
            .await
            .ok()?;
        let source: &dyn Source = source.as_ref();
        let asked = Asked {
            types: self.connector.types(),
            table: table.clone(),
            split_by: Vec::new(),
        };
        let read = read_whole(source, &asked).await.ok()??;
        let mut rows = Rows::new();
        read.iter().for_each(|batch| take_rows(batch, &mut rows));
        Some(rows)
    }

    fn by_manifest(&self, table: &TableName) -> Option<Rows> {
        let mut rows = Rows::new();
        for file in self.live_files(table)? {
            // A file that is named and not there is seen as missing rows.
            let Ok(file) = File::open(file) else { continue };
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).ok()?;
            for batch in reader.build().ok()? {
                take_rows(&batch.ok()?, &mut rows);
            }
        }
        Some(rows)
    }
}

#[async_trait]
impl Subject for Folder {
    fn connector(&self) -> &'static dyn AnyConnector {
        self.connector
    }

    async fn open(&self) -> Arc<dyn Destination> {
        let connection = json!({ "path": "there" });
        let opened = self
            .connector
            .destination(&connection, &json!({}), &self.opening())
            .await;
        opened.unwrap_or_else(|error| panic!("{} does not open: {error}", self.connector.id()))
    }

    async fn read(&self, table: &TableName) -> Option<Rows> {
        let mut rows = if self.is_readable() {
            self.through_its_source(table).await?
        } else {
            self.by_manifest(table)?
        };
        rows.sort();
        Some(rows)
    }

    async fn leftovers(&self, table: &TableName) -> Vec<String> {
        let Some(live) = self.live_files(table) else {
            return self.unnamed();
        };
        let stray = |path: &PathBuf| {
            let text = path.to_string_lossy();
            has_extension(path, "parquet") && !live.contains(path) && !text.contains("/.replaced/")
        };
        let files = files_below(&self.path()).into_iter().filter(stray);
        files.map(|path| path.display().to_string()).collect()
    }

    async fn reset(&self) {
        if self.path().exists() {
            std::fs::remove_dir_all(self.path()).unwrap_or_default();
        }
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == wanted)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

fn take_rows(batch: &RecordBatch, rows: &mut Rows) {
    let ids = batch.column(0).as_primitive::<Int64Type>();
    let names = batch.column(1).as_string::<i32>();
    let pairs = ids.values().iter().zip(names.iter());
    rows.extend(pairs.map(|(id, name)| (*id, name.unwrap_or_default().to_owned())));
}
