//! The commit protocol over a folder. All that touches the disk runs on blocking threads.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use contract::{
    BatchLimits, Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Receipt,
    SplitWriter, Staging, TaskContext,
};
use formats::disk::{check_folder, io_error};
use formats::parquet::{ParquetFileReader, read_footer, schema};
use model::plan::{TableChange, Write};
use model::{Error, ErrorKind, Finding, LoadId, Result, TableName};
use serde_json::json;

use super::existing::Units;
use super::layout::{Root, Target, check_load, make_folder, remove_folder};
use super::manifest::LiveManifest;
use super::options::FilesWrite;
use super::publish::{self, Publication, WrittenFiles};
use super::writer::{FilesWriter, InPath, file_columns};
use super::{existing, sweep};
use crate::family::parquet_split::{ParquetSplitWriter, SplitFiles};
use crate::family::reading_thread::read_aside;

/// A folder opened for writing.
pub(super) struct FilesDestination {
    pub(super) root: Root,
    pub(super) namespace: String,
    pub(super) how: FilesWrite,
    /// Seconds since 1970.
    pub(super) now: fn() -> i64,
    /// Set once the disk was seen to do what commits need.
    pub(super) able: Arc<OnceLock<()>>,
}

#[async_trait]
impl Destination for FilesDestination {
    async fn check(&self) -> Result<Vec<Finding>> {
        let root = self.root.clone();
        let check = move || check_folder(&root.0).map_err(|error| error.at_option("path"));
        blocking(check).await?;
        Ok(Vec::new())
    }

    fn namespace(&self) -> String {
        self.namespace.clone()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        let (root, tables) = (self.root.clone(), tables.to_vec());
        let each = move || {
            let described = tables
                .iter()
                .map(|table| match existing::describe(&root, table) {
                    Err(error) if error.kind != ErrorKind::Unavailable => Ok(Some(ExistingTable {
                        columns: Vec::new(),
                        partition_column: None,
                        findings: vec![Finding::of_error(&error, table.to_string())],
                    })),
                    described => described,
                });
            described.collect()
        };
        blocking(each).await
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        check_load(load)?;
        let target = Target::of(write)?;
        Ok(Staging {
            load: load.clone(),
            write: write.clone(),
            payload: json!({"folder": target.display()}),
        })
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        let (root, staging) = (self.root.clone(), staging.clone());
        let able = Arc::clone(&self.able);
        blocking(move || {
            Publication::begin(&root, &staging)?.refuse_aborted()?;
            make_folder(&root.written(&staging.load))?;
            if able.get().is_none() {
                try_disk(&root.load(&staging.load).join("probe"))?;
                let _ = able.set(());
            }
            Ok(())
        })
        .await
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        check_load(&staging.load)?;
        let files = SplitFiles {
            folder: self.root.written(&staging.load),
            schema: schema(&file_columns(&staging.write), None)?,
            options: self.how.parquet(),
            file_bytes: self.how.file_size,
        };
        let files = ParquetSplitWriter::new(files, task);
        Ok(Box::new(FilesWriter::new(files, staging)))
    }

    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        check_load(&staging.load)?;
        let folder = self.root.written(&staging.load);
        let files = WrittenFiles::all(manifests)?;
        blocking(move || {
            let mut evidence = Evidence::default();
            for file in files {
                let footer = read_footer(&folder.join(&file.name))?;
                evidence.rows += footer.rows;
                evidence.bytes += footer.bytes;
            }
            Ok(evidence)
        })
        .await
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        check_load(&staging.load)?;
        let folder = self.root.written(&staging.load);
        let schema = schema(&file_columns(&staging.write), None)?;
        let files = WrittenFiles::all(manifests)?.into_iter();
        Ok(files
            .map(|file| {
                let (path, schema) = (folder.join(&file.name), SchemaRef::clone(&schema));
                let partition = InPath::of(&staging.write);
                read_aside(move || {
                    let limits = BatchLimits::default();
                    let reader = ParquetFileReader::open(&path, schema, limits.rows, limits.bytes)?;
                    Ok(reader.map(move |batch| match &partition {
                        Some(partition) => partition.put_back(&batch?),
                        None => batch,
                    }))
                })
            })
            .collect())
    }

    async fn replaces(&self, staging: &Staging) -> Result<Option<u64>> {
        let (root, write) = (self.root.clone(), staging.write.clone());
        blocking(move || replaced_rows(&root, &write))
            .await
            .map(Some)
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let (root, options) = (self.root.clone(), self.how.parquet());
        let (staging, manifests) = (staging.clone(), manifests.to_vec());
        blocking(move || Ok(publish::commit(&root, &staging, &manifests, &options)))
            .await
            .unwrap_or_else(CommitOutcome::Unknown)
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        let (root, staging) = (self.root.clone(), staging.clone());
        blocking(move || sweep::settle(&root, &staging)).await
    }

    async fn clean(&self, staging: &Staging) -> Result<()> {
        self.clear(staging).await
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        self.clear(staging).await
    }
}

impl FilesDestination {
    /// For a load that was published: the old folder goes aside. For one that was not: it all goes.
    async fn clear(&self, staging: &Staging) -> Result<()> {
        let (root, staging, now) = (self.root.clone(), staging.clone(), (self.now)());
        let grace_seconds = i64::from(self.how.grace_minutes) * 60;
        blocking(move || {
            sweep::clear(&root, &staging, now, grace_seconds)?;
            sweep::expire(&root, now)
        })
        .await
    }
}

/// The rows that the load takes the place of: of its partition, or of the whole table.
fn replaced_rows(root: &Root, write: &Write) -> Result<u64> {
    let target = Target::of(write)?;
    let units = if write.change == TableChange::Recreate {
        Units::of(&root.table(&target))?.folders
    } else {
        vec![root.unit(&target)]
    };
    let mut rows = 0;
    for unit in units {
        let manifest = LiveManifest::read(&unit)?;
        let files = manifest.iter().flat_map(|manifest| &manifest.files);
        rows += files.map(|file| file.rows).sum::<u64>();
    }
    Ok(rows)
}

/// Learns before any row moves whether the disk can do what commits need; in a folder for that alone.
fn try_disk(probe: &Path) -> Result<()> {
    remove_folder(probe)?;
    let (one, other) = (probe.join("one"), probe.join("other"));
    make_folder(&one)?;
    make_folder(&other)?;
    publish::exchange(&one, &other)?;
    fs::write(one.join("file"), b"")
        .and_then(|()| fs::hard_link(one.join("file"), other.join("file")))
        .map_err(|error| io_error("link files in", probe, error))?;
    remove_folder(probe)
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(act)
        .await
        .unwrap_or_else(|error| Err(Error::internal("a thread broke down").caused_by(error)))
}
