//! How far a run is, for whoever watches: counters that are looked at, never waited for, and never
//! journalled.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use contract::Meter;
use model::plan::Plan;
use model::{PipelineId, TableName};

/// The whole run's progress; shared by the engine, which counts, and a door, which shows.
pub struct Progress {
    tables: Vec<Counters>,
    rerun: Mutex<Option<Rerun>>,
}

/// A pause before tables that failed are run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// Which one, from 1.
    pub number: u8,
    /// How many tables.
    pub tables: usize,
    /// How long the pause is.
    pub minutes: u64,
    /// What went wrong with the first of them.
    pub message: String,
}

struct Counters {
    pipeline: PipelineId,
    source: TableName,
    estimated_rows: Option<u64>,
    phase: AtomicU8,
    meter: Meter,
    splits: AtomicUsize,
    splits_done: AtomicUsize,
}

/// What a table is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum TablePhase {
    /// Nothing yet.
    Waiting,
    /// Being cut, room being made.
    Preparing,
    /// Rows are under way.
    Moving,
    /// What stands staged is read back.
    Verifying,
    /// The destination publishes.
    Committing,
    /// Published.
    Succeeded,
    /// Given up.
    Failed,
}

const PHASES: [TablePhase; 7] = [
    TablePhase::Waiting,
    TablePhase::Preparing,
    TablePhase::Moving,
    TablePhase::Verifying,
    TablePhase::Committing,
    TablePhase::Succeeded,
    TablePhase::Failed,
];

/// One table's progress at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProgress {
    /// The source table.
    pub source: TableName,
    /// What it is doing.
    pub phase: TablePhase,
    /// Rows read so far.
    pub rows: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// The source's own estimate of the rows, where it has one.
    pub estimated_rows: Option<u64>,
    /// Splits in all; 0 until the table is cut.
    pub splits: usize,
    /// Splits written.
    pub splits_done: usize,
}

impl Progress {
    /// For the tables of a plan.
    pub fn new(plan: &Plan) -> Self {
        let counters = plan.pipelines.iter().map(|pipeline| Counters {
            pipeline: pipeline.id.clone(),
            source: pipeline.scan.table.clone(),
            estimated_rows: pipeline.scan.estimated_rows,
            phase: AtomicU8::new(TablePhase::Waiting as u8),
            meter: Meter::default(),
            splits: AtomicUsize::new(0),
            splits_done: AtomicUsize::new(0),
        });
        Self {
            tables: counters.collect(),
            rerun: Mutex::default(),
        }
    }

    /// A look at every table, in the plan's order.
    pub fn tables(&self) -> Vec<TableProgress> {
        let look = |counters: &Counters| TableProgress {
            source: counters.source.clone(),
            phase: PHASES[usize::from(counters.phase.load(Ordering::Relaxed)) % PHASES.len()],
            rows: counters.meter.rows(),
            bytes: counters.meter.bytes(),
            estimated_rows: counters.estimated_rows,
            splits: counters.splits.load(Ordering::Relaxed),
            splits_done: counters.splits_done.load(Ordering::Relaxed),
        };
        self.tables.iter().map(look).collect()
    }

    /// The rerun that is waited for, if any.
    pub fn rerun(&self) -> Option<Rerun> {
        self.rerun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn await_rerun(&self, rerun: Option<Rerun>) {
        *self.rerun.lock().unwrap_or_else(PoisonError::into_inner) = rerun;
    }

    pub(crate) fn enter(&self, pipeline: &PipelineId, phase: TablePhase) {
        if let Some(counters) = self.of(pipeline) {
            counters.phase.store(phase as u8, Ordering::Relaxed);
        }
    }

    /// The table is cut anew: counting starts again.
    pub(crate) fn cut(&self, pipeline: &PipelineId, splits: usize) -> Meter {
        let Some(counters) = self.of(pipeline) else {
            return Meter::default();
        };
        counters.meter.take_back();
        counters.splits.store(splits, Ordering::Relaxed);
        counters.splits_done.store(0, Ordering::Relaxed);
        counters.meter.clone()
    }

    pub(crate) fn split_done(&self, pipeline: &PipelineId) {
        if let Some(counters) = self.of(pipeline) {
            counters.splits_done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn of(&self, pipeline: &PipelineId) -> Option<&Counters> {
        self.tables
            .iter()
            .find(|counters| counters.pipeline == *pipeline)
    }
}
