//! What the operators of one physical plan share about the attempt under way in each partition: the
//! reader opens it, reshape and writer report to it. Never an identity: that is the split's id.

use std::sync::{Arc, Mutex, PoisonError};

use crate::checksum::ColumnSpec;
use crate::rejected::{Shelf, Shelves};
use crate::run::Patience;
use contract::{
    BatchLimits, CancellationToken, Destination, Meter, Rejected, Snapshot, Split, Staging,
    TaskContext, WriteBudget,
};
use datafusion_common::DataFusionError;
use model::plan::{ColumnMapping, Scan};
use model::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All that carrying out one table needs.
pub(crate) struct TableWork {
    pub(crate) snapshot: Arc<dyn Snapshot>,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) scan: Scan,
    pub(crate) columns: Vec<ColumnMapping>,
    pub(crate) staging: Staging,
    /// The columns that are summed on their way, where checksums are asked for.
    pub(crate) summed: Option<Vec<ColumnSpec>>,
    /// The run's slots: one semaphore for all tables.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) budget: Arc<WriteBudget>,
    /// Whose turn it is to write a huge batch: one at a time, over all tables.
    pub(crate) huge: Arc<Semaphore>,
    pub(crate) limits: BatchLimits,
    pub(crate) patience: Patience,
    pub(crate) cancel: CancellationToken,
    pub(crate) meter: Meter,
    /// Where rejected rows are kept.
    pub(crate) rejected: Arc<dyn Shelves>,
    /// How many rejected rows of a split are kept.
    pub(crate) most_rejected: u64,
}

/// One cell per partition of the plan.
pub(crate) struct Attempts {
    pub(crate) work: TableWork,
    cells: Vec<Mutex<Cell>>,
}

#[derive(Default)]
struct Cell {
    number: u32,
    open: Option<(Attempt, OwnedSemaphorePermit)>,
}

/// One attempt at one split.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) task: TaskContext,
    pub(crate) shelf: Arc<dyn Shelf>,
}

impl Attempts {
    pub(crate) fn new(work: TableWork, partitions: usize) -> Arc<Self> {
        let cells = (0..partitions).map(|_| Mutex::default()).collect();
        Arc::new(Self { work, cells })
    }

    /// The writer is about to pull: the next attempt's number. Gives back the slot of the last one.
    pub(crate) fn begin(&self, partition: usize) -> u32 {
        let mut cell = self.cell(partition);
        cell.open = None;
        cell.number += 1;
        cell.number
    }

    /// The reader waits for a slot and opens the attempt.
    pub(crate) async fn open(&self, partition: usize, split: &Split) -> Result<TaskContext> {
        let slots = Arc::clone(&self.work.slots);
        let permit = tokio::select! {
            () = self.work.cancel.cancelled() => return Err(Error::cancelled()),
            permit = slots.acquire_owned() => {
                permit.map_err(|_| Error::internal("the run's slots were closed"))?
            }
        };
        let mut cell = self.cell(partition);
        let work = &self.work;
        let shelves = &work.rejected;
        let shelf = shelves.shelf(&work.staging.load, &split.id, cell.number);
        let rejected = Rejected::new(&work.scan.table, &split.id);
        let task = TaskContext {
            split: split.id.clone(),
            attempt: cell.number,
            cancel: self.work.cancel.child_token(),
            meter: self.work.meter.child(),
            rejected: rejected.kept_on(Arc::clone(&shelf) as _, work.most_rejected),
            budget: Arc::clone(&self.work.budget),
            limits: self.work.limits,
        };
        let attempt = Attempt {
            task: task.clone(),
            shelf,
        };
        cell.open = Some((attempt, permit));
        Ok(task)
    }

    /// The attempt under way, once the reader has opened it.
    pub(crate) fn current(&self, partition: usize) -> Result<Attempt> {
        let cell = self.cell(partition);
        let attempt = cell.open.as_ref().map(|(attempt, _)| attempt.clone());
        attempt.ok_or_else(|| Error::internal("rows arrived before their split was opened"))
    }

    /// The writer is done: the slot is free again.
    pub(crate) fn close(&self, partition: usize) {
        self.cell(partition).open = None;
    }

    fn cell(&self, partition: usize) -> std::sync::MutexGuard<'_, Cell> {
        self.cells[partition]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Attempts({} of {})",
            self.cells.len(),
            self.work.scan.table
        )
    }
}

/// Our error, on its way through DataFusion.
pub(crate) fn outward(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Our error, back from DataFusion; theirs becomes a defect of ours.
pub(crate) fn inward(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::internal(format!("a task failed: {other}")),
        },
        DataFusionError::Context(_, inner) => inward(*inner),
        other => Error::internal(format!("the plan failed: {other}")),
    }
}
