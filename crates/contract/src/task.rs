//! What every task is handed: whose it is, how to stop, how to report, how much room it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::run::{Notice, RejectedRow};
use model::{Error, Result, SplitId, TableName};
use tokio_util::sync::CancellationToken;

use crate::budget::WriteBudget;

/// What one attempt at one split is handed.
#[derive(Clone)]
pub struct TaskContext {
    /// Which split.
    pub split: SplitId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Checked per batch.
    pub cancel: CancellationToken,
    /// Rows and bytes as they arrive, for progress and for the account.
    pub meter: Meter,
    /// Where rows go that cannot go on.
    pub rejected: Rejected,
    /// What writers' buffers are drawn from.
    pub budget: Arc<WriteBudget>,
    /// When a batch ends.
    pub limits: BatchLimits,
}

/// When a batch ends, and what is too large for one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Rows.
    pub rows: usize,
    /// Bytes of values.
    pub bytes: usize,
    /// A larger value is rejected as `VALUE_TOO_LARGE`.
    pub value_bytes: usize,
}

impl Default for BatchLimits {
    /// More rows at a time take more memory and are no faster: measured up to 8,192.
    fn default() -> Self {
        Self {
            rows: 2_048,
            bytes: 8 << 20,
            value_bytes: 1 << 30,
        }
    }
}

/// Counts rows read (rejected ones included) and bytes, as they arrive.
#[derive(Clone, Default)]
pub struct Meter {
    counts: Arc<Counts>,
    /// Counts for a wider scope, such as the table's progress.
    parent: Option<Arc<Counts>>,
}

#[derive(Default)]
struct Counts {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Meter {
    /// A meter of a narrower scope; what it counts counts here, too.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            counts: Arc::default(),
            parent: Some(Arc::clone(&self.counts)),
        }
    }

    /// So many rows of so many bytes arrived.
    pub fn add(&self, rows: u64, bytes: u64) {
        for counts in std::iter::once(&self.counts).chain(&self.parent) {
            counts.rows.fetch_add(rows, Ordering::Relaxed);
            counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Takes back what an attempt counted that does not count.
    pub fn take_back(&self) {
        let rows = self.counts.rows.swap(0, Ordering::Relaxed);
        let bytes = self.counts.bytes.swap(0, Ordering::Relaxed);
        if let Some(parent) = &self.parent {
            parent.rows.fetch_sub(rows, Ordering::Relaxed);
            parent.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.counts.rows.load(Ordering::Relaxed)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }
}

/// Where an attempt's rejected rows are kept. Every call may block.
pub trait RejectedShelf: Send + Sync {
    /// Adds rows.
    fn put(&self, rows: &[RejectedRow]) -> Result<()>;
}

/// Rows of one attempt that cannot go on, from any stage, and what was noticed of those that do. Both
/// count only with the attempt whose manifest is accepted. With a shelf, rows go there, a bounded part of
/// them waiting in memory; without one the first [`Rejected::HELD`] are held. All are counted.
#[derive(Clone)]
pub struct Rejected {
    table: String,
    split: String,
    shelf: Option<Arc<dyn RejectedShelf>>,
    /// How many are kept.
    most: u64,
    shared: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    count: u64,
    rows: Vec<RejectedRow>,
    bytes: usize,
    notices: Vec<Notice>,
    /// Rows could not be put on the shelf: the attempt must not succeed.
    failed: Option<Error>,
}

impl Rejected {
    /// How many rows are held in memory at most.
    pub const HELD: usize = 1_000;
    const HELD_BYTES: usize = 1 << 20;
    /// More of a value is not kept; its length is.
    const KEPT_BYTES: usize = 4_096;

    /// None yet, and no shelf: the first rows can be taken with their reasons.
    pub fn new(table: &TableName, split: &SplitId) -> Self {
        Self {
            table: table.to_string(),
            split: split.to_string(),
            shelf: None,
            most: Self::HELD as u64,
            shared: Arc::default(),
        }
    }

    /// The same with a shelf for the first `most` rows.
    #[must_use]
    pub fn kept_on(self, shelf: Arc<dyn RejectedShelf>, most: u64) -> Self {
        Self {
            shelf: Some(shelf),
            most,
            ..self
        }
    }

    /// One row cannot go on. Call once per row.
    pub fn push(&self, rejection: Rejection<'_>) {
        let mut kept = self.kept();
        kept.count += 1;
        if kept.count > self.most || kept.failed.is_some() {
            return;
        }
        let shown = &rejection.bytes[..rejection.bytes.len().min(Self::KEPT_BYTES)];
        let row = RejectedRow {
            table: self.table.clone(),
            split: self.split.clone(),
            locator: rejection.locator,
            key: rejection.key,
            column: rejection.column.to_owned(),
            code: rejection.code.to_owned(),
            reason: rejection.reason,
            bytes_hex: shown.iter().map(|byte| format!("{byte:02x}")).collect(),
            length: rejection.bytes.len() as u64,
        };
        kept.bytes += row.bytes_hex.len();
        kept.rows.push(row);
        if kept.rows.len() >= Self::HELD || kept.bytes >= Self::HELD_BYTES {
            self.shelve(&mut kept);
        }
    }

    /// A value goes on as it is, and a person should know of it. Call once per value.
    pub fn notice(&self, column: &str, code: &str, reason: &str) {
        let notice = Notice {
            column: column.to_owned(),
            code: code.to_owned(),
            reason: reason.to_owned(),
            rows: 1,
        };
        Notice::add(&mut self.kept().notices, notice);
    }

    /// What was noticed, moved out.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.kept().notices)
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.kept().count
    }

    /// The rows held, moved out.
    pub fn take(&self) -> Vec<RejectedRow> {
        std::mem::take(&mut self.kept().rows)
    }

    /// Whether rows could not be kept so far: said once.
    pub fn check(&self) -> Result<()> {
        self.kept().failed.take().map_or(Ok(()), Err)
    }

    /// Puts the rows that wait on the shelf; fails where any could not be kept. May block.
    pub fn flush(&self) -> Result<()> {
        self.shelve(&mut self.kept());
        self.check()
    }

    fn shelve(&self, kept: &mut Kept) {
        let Some(shelf) = &self.shelf else {
            return;
        };
        let rows = std::mem::take(&mut kept.rows);
        kept.bytes = 0;
        if !rows.is_empty()
            && let Err(error) = shelf.put(&rows)
        {
            kept.failed.get_or_insert(error);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why one row cannot go on.
#[derive(Debug, Clone)]
pub struct Rejection<'a> {
    /// Its key, or its place in the split: `id=42`, `row 17`.
    pub locator: String,
    /// The values of its primary key as text, in the key's order; empty where they cannot be told.
    pub key: Vec<String>,
    /// The column that does not fit.
    pub column: &'a str,
    /// Stable code: `ZERO_DATE`, `NUMERIC_NAN`.
    pub code: &'a str,
    /// For a person.
    pub reason: String,
    /// The value as the source sent it; shortened when kept.
    pub bytes: &'a [u8],
}
