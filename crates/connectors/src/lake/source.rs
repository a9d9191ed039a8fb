//! Reading from the lake: a snapshot fixes the Iceberg snapshot of each table, which stays readable as
//! long as it is kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use contract::{
    Batches, CancellationToken, OpenedSnapshot, Snapshot, SnapshotKind, Source, SourceFigures,
    Split, TaskContext,
};
use iceberg::spec::FormatVersion;
use model::plan::Scan;
use model::table::ListedTable;
use model::{
    Error, ErrorKind, Finding, NativeTable, Result, Side, SnapshotId, TableKind, TableName,
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::catalog::Catalog;
use super::figures::figures;
use super::location::{self, Warehouse};
use super::read::{FilePart, PartReader};
use super::splits::{FixedTable, grouped, parts};
use super::table::{Table, bad_metadata};
use super::{options, types};
use crate::family::reading_thread::{BATCHES_AHEAD, Sent, stream_of};

/// The lake, opened for reading.
pub(super) struct LakeSource {
    catalog: Arc<Catalog>,
    snapshot: Option<i64>,
    default_schema: String,
    address: String,
    shown: String,
}

impl LakeSource {
    /// Opens the lake. The default namespace is `namespace`, or the lake's only one.
    pub(super) async fn open(
        warehouse: &Warehouse,
        how: &options::Read,
        namespace: &str,
    ) -> Result<Self> {
        let mut source = Self {
            catalog: Arc::new(Catalog::new(warehouse.catalog())),
            snapshot: how.snapshot_id,
            default_schema: namespace.to_owned(),
            address: warehouse.address().to_owned(),
            shown: model::table::escape_controls(&warehouse.root().to_string_lossy()),
        };
        if source.catalog.exists() {
            let pointers = source
                .off_thread(async |catalog| catalog.pointers())
                .await?;
            let mut has: Vec<String> = pointers.into_iter().map(|(name, _)| name.schema).collect();
            has.dedup();
            if let [only] = has.as_slice() {
                source.default_schema.clone_from(only);
            }
        }
        Ok(source)
    }

    async fn off_thread<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&Catalog) -> Result<T> + Send + 'static,
    {
        let (catalog, shown) = (Arc::clone(&self.catalog), self.shown.clone());
        super::off_thread(async move || {
            if !catalog.exists() {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    "NO_CATALOG",
                    format!("there is no lake in \"{shown}\": it has no catalog.db"),
                )
                .hint("name the folder that a migration wrote to"));
            }
            work(&catalog).await
        })
        .await
        .map_err(|error| error.on(Side::Source))
    }
}

#[async_trait]
impl Source for LakeSource {
    async fn check(&self) -> Result<Vec<Finding>> {
        self.off_thread(async |catalog| catalog.pointers().map(|_| Vec::new()))
            .await
    }

    fn place(&self) -> Option<String> {
        Some(self.address.clone())
    }

    fn default_schema(&self) -> String {
        self.default_schema.clone()
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        self.off_thread(async move |catalog| {
            let names = catalog.pointers()?.into_iter();
            let schemas: BTreeSet<String> = names.map(|(name, _)| name.schema).collect();
            Ok(schemas.into_iter().collect())
        })
        .await
    }

    async fn tables(&self, schemas: &[String]) -> Result<Vec<ListedTable>> {
        let mut schemas = schemas.to_vec();
        if schemas.is_empty() {
            schemas.push(self.default_schema.clone());
        }
        self.off_thread(async move |catalog| {
            let pointers = catalog.pointers()?.into_iter();
            let chosen = pointers.filter(|(name, _)| schemas.contains(&name.schema));
            Ok(chosen
                .map(|(name, _)| ListedTable {
                    name,
                    kind: TableKind::Table,
                    estimated_rows: None,
                })
                .collect())
        })
        .await
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        let (tables, wanted) = (tables.to_vec(), self.snapshot);
        self.off_thread(async move |catalog| {
            let mut described = Vec::with_capacity(tables.len());
            for name in &tables {
                described.push(match catalog.pointer(name)? {
                    Some(pointer) => Some(describe(&Table::load(name, pointer).await?, wanted)),
                    None => None,
                });
            }
            Ok(described)
        })
        .await
    }

    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        let refusal = |(name, _): &(TableName, String)| {
            Some(
                Error::new(
                    ErrorKind::Unsupported,
                    "FILTER_UNSUPPORTED",
                    format!("table {name} of a lake cannot be filtered while it is read"),
                )
                .on(Side::Source)
                .hint("leave the filter out"),
            )
        };
        Ok(filters.iter().map(refusal).collect())
    }

    async fn open_snapshot(&self, scans: &[Scan], readers: usize) -> Result<OpenedSnapshot> {
        let names: Vec<TableName> = scans.iter().map(|scan| scan.table.clone()).collect();
        let wanted = self.snapshot;
        let (tables, refused) = self
            .off_thread(async move |catalog| {
                let (mut tables, mut refused) = (HashMap::new(), Vec::new());
                for name in names {
                    match fix(catalog, &name, wanted).await {
                        Ok(table) => drop(tables.insert(name, Arc::new(table))),
                        Err(error) => refused.push((name, error.on(Side::Source))),
                    }
                }
                Ok((tables, refused))
            })
            .await?;
        Ok(OpenedSnapshot {
            snapshot: Arc::new(LakeSnapshot {
                id: id_of(&tables),
                readers: readers.max(1),
                tables,
                reading: Mutex::default(),
            }),
            refused,
            findings: Vec::new(),
        })
    }
}

struct LakeSnapshot {
    id: SnapshotId,
    readers: usize,
    tables: HashMap<TableName, Arc<FixedTable>>,
    /// Owns the reading threads; they end when nobody takes their batches.
    reading: Mutex<JoinSet<()>>,
}

impl LakeSnapshot {
    fn fixed(&self, table: &TableName) -> Result<Arc<FixedTable>> {
        let fixed = self.tables.get(table).map(Arc::clone);
        fixed.ok_or_else(|| Error::internal(format!("table {table} is not in the snapshot")))
    }
}

#[async_trait]
impl Snapshot for LakeSnapshot {
    fn id(&self) -> &SnapshotId {
        &self.id
    }

    fn kind(&self) -> SnapshotKind {
        SnapshotKind::Durable
    }

    fn readers(&self) -> usize {
        self.readers
    }

    async fn split(&self, scan: &Scan, wanted: usize) -> Result<Vec<Split>> {
        let fixed = self.fixed(&scan.table)?;
        let parts = super::off_thread(async move || parts(&fixed).await)
            .await
            .map_err(|error| error.on(Side::Source))?;
        let groups = grouped(parts, wanted).into_iter().enumerate();
        let splits = groups.map(|(index, (parts, rows))| {
            Split::new(index, &self.id, Some(rows), serde_json::json!(parts))
        });
        Ok(splits.collect())
    }

    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        let parts: Vec<FilePart> = serde_json::from_value(split.payload.clone())
            .map_err(|error| Error::internal("a split of another kind").caused_by(error))?;
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let (scan, task) = (scan.clone(), task.clone());
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        while reading.try_join_next().is_some() {}
        reading.spawn_blocking(move || {
            let last = match send_all(&scan, &parts, &task, &sender) {
                Ok(()) => Ok(None),
                Err(error) => Err(error.on(Side::Source)),
            };
            let _nobody_listens = sender.blocking_send(last);
        });
        Ok(stream_of(receiver))
    }

    async fn figures(
        &self,
        scan: &Scan,
        _cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        let (fixed, scan) = (self.fixed(&scan.table)?, scan.clone());
        super::off_thread(async move || figures(&fixed, &scan).await.map(Some))
            .await
            .map_err(|error| error.on(Side::Source))
    }

    async fn check_held(&self) -> Result<()> {
        let tables: Vec<_> = self.tables.values().map(Arc::clone).collect();
        super::off_thread(async move || {
            for fixed in tables {
                if let Some(snapshot) = &fixed.snapshot
                    && !location::local_path(snapshot.manifest_list())?.exists()
                {
                    return Err(lost(&fixed.table.name));
                }
            }
            Ok(())
        })
        .await
        .map_err(|error| error.on(Side::Source))
    }

    async fn close(&self) {}
}

fn lost(name: &TableName) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "SNAPSHOT_LOST",
        format!("the snapshot of table {name} expired while it was read"),
    )
    .on(Side::Source)
    .hint("keep more snapshots of that table, then run again")
}

/// Sends every batch of a split's parts; ends early where nobody takes them.
fn send_all(
    scan: &Scan,
    parts: &[FilePart],
    task: &TaskContext,
    sender: &mpsc::Sender<Sent>,
) -> Result<()> {
    for part in parts {
        let reader = PartReader::open(&scan.columns, part, task.limits).map_err(|error| {
            if error.code == "NOT_FOUND" {
                lost(&scan.table)
            } else {
                error
            }
        })?;
        for batch in reader {
            if task.cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            let batch =
                batch.map_err(|error| error.context(format_args!("table {}", scan.table)))?;
            let bytes = batch.get_array_memory_size() as u64;
            task.meter.add(batch.num_rows() as u64, bytes);
            if sender.blocking_send(Ok(Some(batch))).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The table at the snapshot that is asked for, or at its newest.
async fn fix(catalog: &Catalog, name: &TableName, wanted: Option<i64>) -> Result<FixedTable> {
    let pointer = catalog.pointer(name)?.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "NOT_FOUND",
            format!("table {name} is not in the lake"),
        )
    })?;
    let table = Table::load(name, pointer).await?;
    let snapshot = match wanted {
        None => table.metadata.current_snapshot().cloned(),
        Some(id) => Some(table.metadata.snapshot_by_id(id).cloned().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "NO_SNAPSHOT",
                format!("table {name} has no snapshot {id}"),
            )
            .hint("leave snapshot-id out, or name one that is kept")
        })?),
    };
    Ok(FixedTable { table, snapshot })
}

/// Named by what it fixes: the same snapshots of the same tables are the same moment.
fn id_of(tables: &HashMap<TableName, Arc<FixedTable>>) -> SnapshotId {
    let mut lines: Vec<String> = tables
        .values()
        .map(|fixed| {
            let snapshot = fixed
                .snapshot
                .as_ref()
                .map(|snapshot| snapshot.snapshot_id());
            format!("{:?} {:?}", fixed.table.name, snapshot)
        })
        .collect();
    lines.sort_unstable();
    let digest = Sha256::digest(lines.join("\n").as_bytes());
    let hex: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    SnapshotId::new(format!("lake-{hex}"))
}

fn describe(table: &Table, wanted: Option<i64>) -> NativeTable {
    let total = |key: &str| {
        let snapshot = match wanted {
            Some(id) => table.metadata.snapshot_by_id(id),
            None => table.metadata.current_snapshot(),
        };
        let entries = &snapshot?.summary().additional_properties;
        entries.get(key)?.parse().ok()
    };
    let mut findings = Vec::new();
    if table.metadata.format_version() == FormatVersion::V3 {
        findings.push(Finding::blocker(
            "FORMAT_VERSION",
            table.name.to_string(),
            "the table has Iceberg's format v3, and v1 and v2 are read",
        ));
    }
    // A snapshot is read with the columns that it had.
    let asked = wanted.and_then(|id| table.metadata.snapshot_by_id(id));
    let of_snapshot = asked.map(|snapshot| snapshot.schema(&table.metadata));
    let schema = match of_snapshot {
        None => Arc::clone(table.metadata.current_schema()),
        Some(Ok(schema)) => schema,
        Some(Err(error)) => {
            let error = bad_metadata(&table.name, &error);
            findings.push(Finding::of_error(&error, table.name.to_string()));
            Arc::clone(table.metadata.current_schema())
        }
    };
    NativeTable {
        name: table.name.clone(),
        kind: TableKind::Table,
        columns: schema
            .as_struct()
            .fields()
            .iter()
            .map(|field| types::native_column(field))
            .collect(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        indexes: Vec::new(),
        comment: table.comment(),
        estimated_rows: total("total-records"),
        estimated_bytes: total("total-files-size"),
        findings,
        private: serde_json::Value::Null,
    }
}
