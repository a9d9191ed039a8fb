//! A destination in memory that keeps the commit protocol; its world outlives the "process" of a
//! test. The reference that the real ones are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Part, Receipt,
    SplitWriter, Staging, TaskContext, Unfit,
};
use model::migration::LoadingPolicy;
use model::plan::Write;
use model::{Error, ErrorKind, Finding, LoadId, Result, TableName};
use serde_json::json;

/// Rows of an id and a text.
pub type Rows = Vec<(i64, String)>;

/// All that the destination holds.
#[derive(Default)]
pub struct World {
    /// What readers see.
    pub published: BTreeMap<TableName, Rows>,
    /// What they do not see, by load and part.
    pub staged: BTreeMap<LoadId, BTreeMap<String, Rows>>,
    /// Loads that were published.
    pub loads: Vec<LoadId>,
    /// Loads that never will be.
    pub aborted: Vec<LoadId>,
    /// How many of the next calls of `abort` fail.
    pub failing_aborts: usize,
    /// How many of the next calls of `clean` fail.
    pub failing_cleans: usize,
    /// How often a load was cleaned up after.
    pub cleaned: usize,
}

/// A destination in memory.
#[derive(Default, Clone)]
pub struct MemoryDestination {
    world: Arc<Mutex<World>>,
}

impl MemoryDestination {
    /// A look at the world.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Destination for MemoryDestination {
    async fn check(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    fn namespace(&self) -> String {
        "memory".to_owned()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        Ok(tables.iter().map(|_| None).collect())
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        Ok(Staging {
            load: load.clone(),
            write: write.clone(),
            payload: json!(null),
        })
    }

    /// Texts with U+0000 are what this destination does not hold.
    fn unfit(&self, _write: &Write, batch: &RecordBatch) -> Result<Vec<Unfit>> {
        let texts = rows_of(batch).enumerate();
        let unfit = texts.filter(|(_, (_, text))| text.contains('\0'));
        Ok(unfit
            .map(|(row, _)| Unfit {
                row,
                column: 1,
                code: "NUL_IN_TEXT",
                reason: "the text holds U+0000".to_owned(),
            })
            .collect())
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        self.world().staged.entry(staging.load.clone()).or_default();
        Ok(())
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        Ok(Box::new(MemoryWriter {
            world: self.clone(),
            load: staging.load.clone(),
            part: format!("{}-{}", task.split, task.attempt),
            rows: Rows::new(),
        }))
    }

    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        let world = self.world();
        let staged = world.staged.get(&staging.load);
        let rows = named(manifests).map(|part| staged.and_then(|parts| parts.get(part)));
        let rows = rows
            .map(|rows| rows.map_or(0, |rows| rows.len() as u64))
            .sum();
        Ok(Evidence { rows, bytes: 0 })
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        let world = self.world();
        let staged = world.staged.get(&staging.load);
        let parts = named(manifests).filter_map(|part| staged.and_then(|parts| parts.get(part)));
        let stream = |rows: &Rows| Box::pin(futures::stream::iter([Ok(batch_of(rows))])) as Batches;
        Ok(parts.map(stream).collect())
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let mut world = self.world();
        let receipt = Receipt {
            load: staging.load.clone(),
            payload: json!(null),
        };
        if world.loads.contains(&staging.load) {
            return CommitOutcome::Done(receipt);
        }
        if world.aborted.contains(&staging.load) {
            let error = Error::new(
                ErrorKind::Conflict,
                "ABORTED",
                "the load was made impossible",
            );
            return CommitOutcome::NotDone(error);
        }
        let parts = world.staged.remove(&staging.load).unwrap_or_default();
        let rows: Rows = named(manifests)
            .filter_map(|part| parts.get(part))
            .flatten()
            .cloned()
            .collect();
        let ids: BTreeSet<i64> = rows.iter().map(|(id, _)| *id).collect();
        if staging.write.policy == LoadingPolicy::Update && ids.len() < rows.len() {
            let error = Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", "a key comes twice");
            return CommitOutcome::NotDone(error);
        }
        let published = world
            .published
            .entry(staging.write.table.name.clone())
            .or_default();
        match staging.write.policy {
            LoadingPolicy::Overwrite => published.clear(),
            LoadingPolicy::Append => {}
            LoadingPolicy::Update => published.retain(|(id, _)| !ids.contains(id)),
        }
        published.extend(rows);
        world.loads.push(staging.load.clone());
        CommitOutcome::Done(receipt)
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        let mut world = self.world();
        if world.loads.contains(&staging.load) {
            return Ok(Some(Receipt {
                load: staging.load.clone(),
                payload: json!(null),
            }));
        }
        world.aborted.push(staging.load.clone());
        Ok(None)
    }

    async fn clean(&self, _staging: &Staging) -> Result<()> {
        let mut world = self.world();
        if world.failing_cleans > 0 {
            world.failing_cleans -= 1;
            let message = "what was replaced could not be removed";
            return Err(Error::new(ErrorKind::Unavailable, "BROKEN", message));
        }
        world.cleaned += 1;
        Ok(())
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        let mut world = self.world();
        if world.failing_aborts > 0 {
            world.failing_aborts -= 1;
            let message = "the staging could not be removed";
            return Err(Error::new(ErrorKind::Unavailable, "BROKEN", message));
        }
        world.staged.remove(&staging.load);
        Ok(())
    }
}

fn named(manifests: &[Manifest]) -> impl Iterator<Item = &str> {
    manifests
        .iter()
        .filter_map(|manifest| manifest.part.payload.as_str())
}

/// Rows as the batch that a writer is handed.
pub fn batch_of(rows: &[(i64, String)]) -> RecordBatch {
    let ids = Int64Array::from_iter_values(rows.iter().map(|(id, _)| *id));
    let names = StringArray::from_iter_values(rows.iter().map(|(_, name)| name));
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(names)])
        .unwrap_or_else(|error| panic!("two columns of one length: {error}"))
}

/// A batch's rows.
pub fn rows_of(batch: &RecordBatch) -> impl Iterator<Item = (i64, String)> {
    let ids = batch.column(0).as_primitive::<Int64Type>();
    let names = batch.column(1).as_string::<i32>();
    let rows = ids.values().iter().zip(names.iter());
    rows.map(|(id, name)| (*id, name.unwrap_or_default().to_owned()))
}

struct MemoryWriter {
    world: MemoryDestination,
    load: LoadId,
    part: String,
    rows: Rows,
}

#[async_trait]
impl SplitWriter for MemoryWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows.extend(rows_of(&batch));
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Part> {
        let written = self.rows.len() as u64;
        let mut world = self.world.world();
        let staged = world.staged.entry(self.load.clone()).or_default();
        staged.insert(self.part.clone(), self.rows);
        Ok(Part {
            written,
            bytes: 0,
            payload: json!(self.part),
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
