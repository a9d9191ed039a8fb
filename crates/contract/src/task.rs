//! What every task is handed: whose it is, how to stop, how to report, how much room it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use model::run::{Notice, RejectedRow};
use model::{SplitId, TableName};
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
    fn default() -> Self {
        Self {
            rows: 8_192,
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

/// Rows of one attempt that cannot go on, from any stage, and what was noticed of those that do. Both
/// count only with the attempt whose manifest is accepted. The first [`Rejected::KEPT`] are kept, all are counted.
#[derive(Clone)]
pub struct Rejected {
    table: String,
    split: String,
    shared: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    count: u64,
    rows: Vec<RejectedRow>,
    notices: Vec<Notice>,
}

impl Rejected {
    /// How many rows of an attempt are kept with their reasons.
    pub const KEPT: usize = 1_000;
    const KEPT_BYTES: usize = 4_096;

    /// None yet.
    pub fn new(table: &TableName, split: &SplitId) -> Self {
        Self {
            table: table.to_string(),
            split: split.to_string(),
            shared: Arc::default(),
        }
    }

    /// One row cannot go on. Call once per row.
    pub fn push(&self, rejection: Rejection<'_>) {
        let mut kept = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        kept.count += 1;
        if kept.rows.len() < Self::KEPT {
            let shown = &rejection.bytes[..rejection.bytes.len().min(Self::KEPT_BYTES)];
            let row = RejectedRow {
                table: self.table.clone(),
                split: self.split.clone(),
                locator: rejection.locator,
                column: rejection.column.to_owned(),
                code: rejection.code.to_owned(),
                reason: rejection.reason,
                bytes_hex: shown.iter().map(|byte| format!("{byte:02x}")).collect(),
            };
            kept.rows.push(row);
        }
    }

    /// A value goes on as it is, and a person should know of it. Call once per value.
    pub fn notice(&self, column: &str, code: &str, reason: &str) {
        let mut kept = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let notice = Notice {
            column: column.to_owned(),
            code: code.to_owned(),
            reason: reason.to_owned(),
            rows: 1,
        };
        Notice::add(&mut kept.notices, notice);
    }

    /// What was noticed, moved out.
    pub fn take_notices(&self) -> Vec<Notice> {
        let mut kept = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept.notices)
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count
    }

    /// The rows kept, moved out.
    pub fn take(&self) -> Vec<RejectedRow> {
        std::mem::take(
            &mut self
                .shared
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .rows,
        )
    }
}

/// Why one row cannot go on.
#[derive(Debug, Clone)]
pub struct Rejection<'a> {
    /// Its key, or its place in the split: `id=42`, `row 17`.
    pub locator: String,
    /// The column that does not fit.
    pub column: &'a str,
    /// Stable code: `ZERO_DATE`, `NUMERIC_NAN`.
    pub code: &'a str,
    /// For a person.
    pub reason: String,
    /// The value as the source sent it; shortened when kept.
    pub bytes: &'a [u8],
}
