//! Writing into the lake: data files land in `data/<load>/` of their table, where no reader looks, and
//! one swap of the catalog's pointer makes them the table's.
//!
//! The swap is conditional on the metadata that the new metadata was built upon. Where somebody else
//! was faster the metadata is built anew upon theirs and tried again: an append is added to theirs, an
//! overwrite takes the place of whatever stands there at its moment, theirs included. A table whose
//! columns or partitioning changed is left alone. An update finds the rows that it replaces anew, too.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Receipt, SplitWriter,
    Staging, TaskContext,
};
use formats::parquet::{FooterFacts, read_footer};
use model::migration::LoadingPolicy;
use model::plan::Write;
use model::{Error, ErrorKind, Finding, LoadId, Result, Side, TableName};
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, Publication, Published};
use super::location::{self, Warehouse};
use super::options;
use super::snapshot_commit::{NewSnapshot, overwrites, remove_all};
use super::table::{self, Table};
use super::update::{self, Merged, Update};
use super::writer::{self, StagedFile};
use super::{durable, evolve, expire};
use crate::family::reading_thread::read_aside;

/// How often a commit is built anew because somebody else was faster.
const COMMIT_ATTEMPTS: usize = 20;

/// The lake, opened for writing.
pub(super) struct LakeDestination {
    warehouse: Warehouse,
    catalog: Arc<Catalog>,
    options: options::Write,
    namespace: String,
    /// The memory that the keys of an update may take.
    key_room: usize,
}

/// What a load needs to know of its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Room {
    /// The address of the table's folder, where the table is to be made.
    location: String,
    /// How many snapshots are kept.
    keep_snapshots: usize,
}

impl LakeDestination {
    pub(super) fn new(warehouse: Warehouse, options: options::Write, namespace: String) -> Self {
        Self {
            catalog: Arc::new(Catalog::new(warehouse.catalog())),
            warehouse,
            options,
            namespace,
            key_room: update::ROOM,
        }
    }

    /// The same, with less memory for keys.
    #[cfg(test)]
    pub(super) fn with_key_room(self, key_room: usize) -> Self {
        Self { key_room, ..self }
    }
}

#[async_trait]
impl Destination for LakeDestination {
    async fn check(&self) -> Result<Vec<Finding>> {
        let root = self.warehouse.root().to_owned();
        let catalog = Arc::clone(&self.catalog);
        off_thread(async move || {
            formats::disk::check_folder(&root).map_err(|error| error.at_option("path"))?;
            if catalog.exists() {
                catalog.pointers()?;
            }
            Ok(Vec::new())
        })
        .await
    }

    fn place(&self) -> Option<String> {
        Some(self.warehouse.address().to_owned())
    }

    fn namespace(&self) -> String {
        self.namespace.clone()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        let catalog = Arc::clone(&self.catalog);
        let tables = tables.to_vec();
        off_thread(async move || {
            let mut described = Vec::with_capacity(tables.len());
            for name in &tables {
                described.push(match current(&catalog, name).await {
                    Ok(table) => table.as_ref().map(existing),
                    // One table that is broken stops no other one.
                    Err(error) if error.code == "BAD_METADATA" => Some(ExistingTable {
                        columns: Vec::new(),
                        partition_column: None,
                        findings: vec![Finding::of_error(&error, name.to_string())],
                    }),
                    Err(error) => return Err(error),
                });
            }
            Ok(described)
        })
        .await
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        if write.policy == LoadingPolicy::Update {
            update::check_key(write).map_err(destination_side)?;
        }
        let room = Room {
            location: self
                .warehouse
                .table(&write.table.name)
                .map_err(destination_side)?,
            keep_snapshots: self.options.keep_snapshots,
        };
        Ok(Staging {
            load: load.clone(),
            write: write.clone(),
            payload: serde_json::json!(room),
        })
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        let (catalog, staging) = (Arc::clone(&self.catalog), staging.clone());
        off_thread(async move || {
            catalog.create()?;
            let target = target(&catalog, &staging).await?;
            if let Some(base) = &target.base
                && update::meets_rows(&staging.write)
            {
                update::check_table(base).await?;
            }
            let folder = location::data_folder(target.metadata.location(), &staging.load);
            durable::create_folder(&location::local_path(&folder)?)
        })
        .await
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        let (catalog, owned) = (Arc::clone(&self.catalog), staging.clone());
        let target = off_thread(async move || target(&catalog, &owned).await).await?;
        writer::open(
            staging,
            &target.metadata,
            &target.fields,
            &self.options,
            task,
        )
    }

    async fn evidence(&self, _staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        let files = writer::files(manifests)?;
        off_thread(async move || {
            let mut evidence = Evidence::default();
            for file in files {
                let footer = read_footer(&location::local_path(&file.address)?)?;
                if footer.bytes != file.bytes {
                    return Err(Error::new(
                        ErrorKind::Data,
                        "STAGED_FILE_CHANGED",
                        format!(
                            "staged file {:?} has {} bytes, and was written with {}",
                            file.address, footer.bytes, file.bytes
                        ),
                    ));
                }
                evidence.rows += footer.rows;
                evidence.bytes += footer.bytes;
            }
            Ok(evidence)
        })
        .await
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        let (catalog, owned) = (Arc::clone(&self.catalog), staging.clone());
        let target = off_thread(async move || target(&catalog, &owned).await).await?;
        let files = writer::files(manifests)?.into_iter();
        Ok(files
            .map(|file| {
                let (columns, fields) =
                    (staging.write.table.columns.clone(), target.fields.clone());
                read_aside(move || {
                    writer::read_back(&file, &columns, &fields).map_err(destination_side)
                })
            })
            .collect())
    }

    async fn replaces(&self, staging: &Staging) -> Result<Option<u64>> {
        let (catalog, write) = (Arc::clone(&self.catalog), staging.write.clone());
        off_thread(async move || {
            let Some(table) = current(&catalog, &write.table.name).await? else {
                return Ok(Some(0));
            };
            let mut rows = 0;
            let current = table.metadata.current_snapshot();
            for manifest in &expire::manifests(&table, current).await? {
                let entries = expire::live_entries(&table, manifest).await?;
                let files = entries.iter().map(|entry| entry.data_file());
                let replaced = files.filter(|file| overwrites(&write, file));
                rows += replaced
                    .map(iceberg::spec::DataFile::record_count)
                    .sum::<u64>();
            }
            Ok(Some(rows))
        })
        .await
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let (catalog, staging) = (Arc::clone(&self.catalog), staging.clone());
        let files = match writer::files(manifests) {
            Ok(files) => files,
            Err(error) => return CommitOutcome::NotDone(destination_side(error)),
        };
        // If the thread breaks down nobody knows how far it came.
        let (how, key_room) = (self.options.clone(), self.key_room);
        let outcome = off_thread(async move || {
            let order = Order {
                catalog: &catalog,
                staging: &staging,
                files: &files,
                how: &how,
                key_room,
            };
            Ok(commit(&order).await)
        })
        .await;
        match outcome {
            Ok(CommitOutcome::NotDone(error)) => CommitOutcome::NotDone(destination_side(error)),
            Ok(CommitOutcome::Unknown(error)) => CommitOutcome::Unknown(destination_side(error)),
            Ok(done) => done,
            Err(error) => CommitOutcome::Unknown(error),
        }
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        let (catalog, staging) = (Arc::clone(&self.catalog), staging.clone());
        off_thread(async move || {
            catalog.create()?;
            let (name, load) = (&staging.write.table.name, &staging.load);
            catalog.give_up(name, load, |pointer| {
                let Some(pointer) = pointer else {
                    return Ok(None);
                };
                let table = Table::load_now(name, pointer.to_owned())?;
                Ok(table.snapshot_of(load).map(|id| receipt(load, id)))
            })
        })
        .await
    }

    async fn clean(&self, staging: &Staging) -> Result<()> {
        let (catalog, staging) = (Arc::clone(&self.catalog), staging.clone());
        off_thread(async move || {
            let name = &staging.write.table.name;
            let table = current(&catalog, name).await?;
            if let Some(table) = &table {
                let folder = table.metadata.location();
                expire::remove_obsolete(&catalog, name, folder)?;
                expire::sweep(&staging.load, folder, Some(table)).await?;
            }
            Ok(())
        })
        .await
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        let (catalog, staging) = (Arc::clone(&self.catalog), staging.clone());
        off_thread(async move || {
            let table = current(&catalog, &staging.write.table.name).await?;
            let folder = match &table {
                Some(table) => table.metadata.location().to_owned(),
                None => room(&staging)?.location,
            };
            expire::sweep(&staging.load, &folder, table.as_ref()).await
        })
        .await
    }
}

/// A load's table, as it is or as it will be.
struct Target {
    base: Option<Table>,
    metadata: iceberg::spec::TableMetadata,
    fields: Vec<iceberg::spec::NestedFieldRef>,
}

/// The load's table: what the plan says must still be so.
async fn target(catalog: &Catalog, staging: &Staging) -> Result<Target> {
    let write = &staging.write;
    let base = current(catalog, &write.table.name).await?;
    let metadata = match &base {
        Some(_) if !write.exists => {
            return Err(table::changed(&write.table.name, "is there already"));
        }
        Some(table) => {
            table::check_partition(table, write)?;
            evolve::changed(table, write)?
        }
        None if write.exists => {
            return Err(table::changed(&write.table.name, "is not there any more"));
        }
        None => table::new_metadata(write, &room(staging)?.location)?,
    };
    let fields = table::fields_for(&metadata, write)?;
    Ok(Target {
        base,
        metadata,
        fields,
    })
}

async fn current(catalog: &Catalog, name: &TableName) -> Result<Option<Table>> {
    match catalog.pointer(name)? {
        Some(pointer) => Table::load(name, pointer).await.map(Some),
        None => Ok(None),
    }
}

/// What is to be published.
struct Order<'a> {
    catalog: &'a Catalog,
    staging: &'a Staging,
    files: &'a [StagedFile],
    how: &'a options::Write,
    key_room: usize,
}

async fn commit(order: &Order<'_>) -> CommitOutcome {
    let staging = order.staging;
    for _ in 0..COMMIT_ATTEMPTS {
        match attempt(order).await {
            Ok(Some(outcome)) => return outcome,
            Ok(None) => tracing::info!(load = %staging.load, "table moved under the commit"),
            Err(error) => return CommitOutcome::NotDone(error),
        }
    }
    CommitOutcome::NotDone(
        Error::new(
            ErrorKind::Conflict,
            "COMMIT_CONFLICT",
            format!(
                "table {} is changed by others all the time",
                staging.write.table.name
            ),
        )
        .retry(model::Retry::Backoff),
    )
}

/// One attempt; `None` where somebody else was faster. An error says that nothing was published.
async fn attempt(order: &Order<'_>) -> Result<Option<CommitOutcome>> {
    let (catalog, staging) = (order.catalog, order.staging);
    let (name, load) = (&staging.write.table.name, &staging.load);
    if let Some(table) = current(catalog, name).await?
        && let Some(snapshot) = table.snapshot_of(load)
    {
        return Ok(Some(CommitOutcome::Done(receipt(load, snapshot))));
    }
    let target = target(catalog, staging).await?;
    let files = writer::footers(order.files, &target.fields)?;
    let merged = merged(order, &target, &files).await?;
    let new = NewSnapshot {
        write: &staging.write,
        load,
        base: target.base.as_ref(),
        metadata: &target.metadata,
        files: &files,
        merged: merged.as_ref(),
        keep: room(staging)?.keep_snapshots,
    };
    let built = new.build().await.inspect_err(|_| {
        if let Some(merged) = &merged {
            remove_all(&merged.written);
        }
    })?;
    let published = catalog.publish(&Publication {
        table: name,
        load,
        expected: target.base.as_ref().map(|base| base.pointer.as_str()),
        location: &built.location,
        obsolete: &built.obsolete,
    });
    // As long as the outcome is unknown every file stays.
    if matches!(
        published,
        Published::Moved | Published::Aborted | Published::NotDone(_)
    ) {
        remove_all(&built.written);
        if let Some(merged) = &merged {
            remove_all(&merged.written);
        }
    }
    Ok(match published {
        Published::Done => Some(CommitOutcome::Done(receipt(load, built.snapshot))),
        Published::Moved => None,
        Published::Aborted => Some(CommitOutcome::NotDone(Error::new(
            ErrorKind::Conflict,
            "LOAD_ABORTED",
            format!("load {load} of table {name} was given up"),
        ))),
        Published::NotDone(error) => Some(CommitOutcome::NotDone(error)),
        Published::Unknown(error) => Some(CommitOutcome::Unknown(error)),
    })
}

/// What a load by key exchanges in the table as it is now.
async fn merged(
    order: &Order<'_>,
    target: &Target,
    footers: &[(String, FooterFacts)],
) -> Result<Option<Merged>> {
    let staging = order.staging;
    if staging.write.policy != LoadingPolicy::Update {
        return Ok(None);
    }
    let update = Update {
        write: &staging.write,
        load: &staging.load,
        base: target.base.as_ref(),
        metadata: &target.metadata,
        fields: &target.fields,
        staged: order.files,
        footers,
        options: &writer::parquet_options(order.how),
        file_bytes: order.how.file_size << 20,
        room: order.key_room,
    };
    update.merge().await.map(Some)
}

fn receipt(load: &LoadId, snapshot: i64) -> Receipt {
    Receipt {
        load: load.clone(),
        payload: serde_json::json!({ "snapshot": snapshot.to_string() }),
    }
}

fn room(staging: &Staging) -> Result<Room> {
    serde_json::from_value(staging.payload.clone())
        .map_err(|error| Error::internal("a staging of another kind").caused_by(error))
}

fn existing(table: &Table) -> ExistingTable {
    let mut findings = table.write_findings();
    let columns = table.columns().unwrap_or_else(|finding| {
        findings.push(finding);
        Vec::new()
    });
    let partition_column = table.partition_column().ok().flatten().map(str::to_owned);
    ExistingTable {
        columns,
        partition_column,
        findings,
    }
}

/// What is not the source's trouble is the destination's.
fn destination_side(error: Error) -> Error {
    match error.side {
        Side::Source => error,
        _ => error.on(Side::Destination),
    }
}

/// Runs on a thread that may block: the metadata library reads and writes files as it goes.
async fn off_thread<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce() -> Result<T> + Send + 'static,
{
    super::off_thread(work).await.map_err(destination_side)
}
