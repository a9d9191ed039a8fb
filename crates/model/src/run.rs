//! What came of a run: the report that `godwit run --json` prints and the store keeps.

use serde::{Deserialize, Serialize};

use crate::checksum::ValueProof;
use crate::finding::Finding;
use crate::ids::{RunId, SnapshotId};
use crate::migration::Verify;
use crate::plan::Refused;
use crate::table::escape_controls;

/// How a run ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Under way, or its process died.
    Running,
    /// All tables done and proven.
    Succeeded,
    /// Some tables done, some not.
    Partial,
    /// No table done.
    Failed,
    /// Nothing was started.
    Refused,
    /// Stopped by a person or a timeout.
    Cancelled,
}

/// How one table ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableState {
    /// Committed and proven.
    Succeeded,
    /// Not committed; the destination is as it was.
    Failed,
    /// Refused by the plan.
    Refused,
    /// Left out on purpose.
    Skipped,
    /// Stopped by a person or a timeout; the destination is as it was.
    Cancelled,
}

/// The whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Its id.
    pub run: RunId,
    /// The migration's name.
    pub migration: String,
    /// How it ended.
    pub state: RunState,
    /// The business date, `yyyymmdd`.
    pub bizdate: String,
    /// Rows committed.
    pub rows: u64,
    /// Bytes committed, as the destination stores them.
    pub bytes: u64,
    /// Wall time.
    pub seconds: f64,
    /// One for each selected table.
    pub tables: Vec<TableReport>,
    /// At how many moments of the source the committed tables were read.
    pub moments: usize,
    /// What concerns the whole, and each table's findings.
    pub findings: Vec<Finding>,
}

/// One table of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableReport {
    /// `schema.table` at the source.
    pub source: String,
    /// `namespace.table` at the destination.
    pub destination: Option<String>,
    /// How it ended.
    pub state: TableState,
    /// Rows that the source gave.
    pub rows_read: u64,
    /// Rows that stand at the destination.
    pub rows_written: u64,
    /// Rows kept aside with a reason.
    pub rows_rejected: u64,
    /// Rows dropped on purpose after reading.
    pub rows_filtered: u64,
    /// Bytes, as the destination stores them.
    pub bytes: u64,
    /// What was proven before the commit.
    pub verified: Verify,
    /// What was proven of its values, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksums: Option<Box<ValueProof>>,
    /// The moment that it was read at.
    pub snapshot: Option<SnapshotId>,
    /// Whether it had committed before this process took up the run.
    pub resumed: bool,
    /// What was noticed of values that arrived as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// Stable code of what went wrong.
    pub code: Option<String>,
    /// What went wrong, for a person.
    pub message: Option<String>,
    /// The way out, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Wall time of this table.
    pub seconds: f64,
}

impl TableReport {
    /// Of a table of which nothing was read.
    pub fn blank(source: String, destination: Option<String>, state: TableState) -> Self {
        Self {
            source,
            destination,
            state,
            rows_read: 0,
            rows_written: 0,
            rows_rejected: 0,
            rows_filtered: 0,
            bytes: 0,
            verified: Verify::None,
            checksums: None,
            snapshot: None,
            resumed: false,
            notices: Vec::new(),
            code: None,
            message: None,
            hint: None,
            seconds: 0.0,
        }
    }

    /// Of a table that the plan refused, with its first blocker.
    pub fn refused(refused: &Refused) -> Self {
        let blocker = refused.findings.iter().find(|finding| finding.is_blocker());
        let destination = refused.destination.as_ref().map(ToString::to_string);
        Self {
            code: blocker.map(|finding| finding.code.clone()),
            message: blocker.map(|finding| finding.message.clone()),
            hint: blocker.and_then(|finding| finding.hint.clone()),
            ..Self::blank(refused.source.to_string(), destination, TableState::Refused)
        }
    }
}

impl RunState {
    /// What a run amounts to, from how its tables ended.
    pub fn of(tables: &[TableReport], cancelled: bool) -> Self {
        let done = tables
            .iter()
            .filter(|table| table.state == TableState::Succeeded)
            .count();
        let skipped = tables
            .iter()
            .filter(|table| table.state == TableState::Skipped)
            .count();
        if cancelled {
            Self::Cancelled
        } else if done + skipped == tables.len() {
            Self::Succeeded
        } else if done > 0 {
            Self::Partial
        } else if tables
            .iter()
            .all(|table| table.state == TableState::Refused)
        {
            Self::Refused
        } else {
            Self::Failed
        }
    }
}

/// What a person should know of values that arrived as they are: counted, never by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The column.
    pub column: String,
    /// Stable code: `LOOKS_LIKE_UTF8`.
    pub code: String,
    /// For a person.
    pub reason: String,
    /// In how many rows.
    pub rows: u64,
}

impl Notice {
    /// Adds `more` to `notices`; the same of the same column is counted together.
    pub fn add(notices: &mut Vec<Self>, more: Self) {
        let same = |known: &&mut Self| known.column == more.column && known.code == more.code;
        match notices.iter_mut().find(same) {
            Some(known) => known.rows += more.rows,
            None => notices.push(more),
        }
    }

    /// As a warning of the run, for the table of that source name.
    pub fn finding(&self, source: &str) -> Finding {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        let at = format!("{source}.{}", escape_controls(&self.column));
        Finding::warning(
            &self.code,
            at,
            format!("{} {rows}: {}", self.rows, self.reason),
        )
    }
}

/// One row that was kept aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// The source table.
    pub table: String,
    /// The split that it came with.
    pub split: String,
    /// Its key, or its place in the split, as far as known: `id=42`, `row 17`.
    pub locator: String,
    /// The values of its primary key as text, in the key's order; empty where they cannot be told.
    #[serde(default)]
    pub key: Vec<String>,
    /// The column that does not fit.
    pub column: String,
    /// Stable code: `ZERO_DATE`, `NUMERIC_NAN`.
    pub code: String,
    /// For a person.
    pub reason: String,
    /// The value's bytes as the source sent them, in hex, at most 4 KiB of them.
    pub bytes_hex: String,
    /// How many bytes the whole value has.
    #[serde(default)]
    pub length: u64,
}
