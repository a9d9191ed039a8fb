//! Looking at rows before planning: what types do not say (how many digits, which dates, which bytes).
//! What was looked at in part promises nothing of the rest: the decoder still rejects by row.

use std::collections::BTreeMap;
use std::time::Duration;

use model::migration::ColumnChoice;
use model::{NativeColumn, NativeTable, TableName};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One table to look at.
#[derive(Debug, Clone)]
pub struct ProbeRequest {
    /// As the source described it.
    pub table: NativeTable,
    /// Those that would move, each with what a person chose for it.
    pub columns: Vec<ProbeColumn>,
    /// The condition that it would be read with.
    pub filter: Option<String>,
}

/// One column to look at.
#[derive(Debug, Clone)]
pub struct ProbeColumn {
    /// As the source described it.
    pub native: NativeColumn,
    /// How it would be read.
    pub choice: ColumnChoice,
}

/// How far to look.
#[derive(Debug, Clone)]
pub struct ProbeLimits {
    /// Rows of each table.
    pub rows: u64,
    /// For all tables together; a table gets its share of what is left.
    pub time: Duration,
    /// Ends it sooner; the server is freed.
    pub cancel: CancellationToken,
}

impl ProbeLimits {
    /// Rows of each table where nobody says otherwise.
    pub const ROWS: u64 = 1_000_000;
    /// Seconds for all tables where nobody says otherwise.
    pub const SECONDS: u64 = 60;
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self {
            rows: Self::ROWS,
            time: Duration::from_secs(Self::SECONDS),
            cancel: CancellationToken::new(),
        }
    }
}

/// Deals out the time of a probe: what one table leaves goes to those behind it.
#[derive(Debug, Clone, Copy)]
pub struct ProbeClock {
    ends: Instant,
}

impl ProbeClock {
    /// Starts now.
    pub fn start(limits: &ProbeLimits) -> Self {
        Self {
            ends: Instant::now() + limits.time,
        }
    }

    /// The time of the next table where so many, it included, are still to be looked at.
    pub fn share(&self, tables: usize) -> Duration {
        self.share_at(Instant::now(), tables)
    }

    fn share_at(&self, now: Instant, tables: usize) -> Duration {
        let left = self.ends.saturating_duration_since(now);
        left / u32::try_from(tables.max(1)).unwrap_or(u32::MAX)
    }
}

/// How much of a table was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// All rows: a zero is a zero, as of then.
    Exact,
    /// Some rows: a zero is no promise.
    Sampled,
    /// None: its types leave nothing open, or it could not be done.
    Nothing,
}

/// What was seen of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableProbe {
    /// The table.
    pub table: TableName,
    /// How much of it was looked at.
    pub extent: Extent,
    /// How many rows.
    pub rows: u64,
    /// Columns whose types leave something open.
    pub columns: Vec<ColumnProbe>,
    /// Why it was not looked at, or not as far as wanted.
    pub trouble: Option<String>,
}

impl TableProbe {
    /// Nothing was seen yet.
    pub fn unseen(table: TableName) -> Self {
        Self {
            table,
            extent: Extent::Nothing,
            rows: 0,
            columns: Vec::new(),
            trouble: None,
        }
    }
}

/// What was seen of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProbe {
    /// The column.
    pub column: String,
    /// Rows in which it is not null.
    pub values: u64,
    /// The most digits before the point of any number, leading zeros left out.
    pub integer_digits: Option<u64>,
    /// The most digits behind the point of any number, trailing zeros left out.
    pub scale: Option<u64>,
    /// The longest text or byte string, in bytes.
    pub longest_bytes: Option<u64>,
    /// Values that would be rejected, by reason code, the column read as it was chosen; where no type
    /// reads it yet, those that a number would not take.
    pub rejected: BTreeMap<String, u64>,
    /// Values that would move and may not be what was meant, by code.
    pub warned: BTreeMap<String, u64>,
    /// By a type that a person may choose instead (`as`): how many values that one would reject.
    pub rejected_as: BTreeMap<String, u64>,
    /// Values by the kind that each of them has by itself, where the system keeps one per value.
    pub kinds: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_table_leaves_goes_to_the_others() {
        let limits = ProbeLimits {
            time: Duration::from_secs(12),
            ..ProbeLimits::default()
        };
        let clock = ProbeClock::start(&limits);
        let start = clock.ends - limits.time;
        for (passed, tables, share) in [(0, 3, 4), (2, 2, 5), (22, 1, 0)] {
            let now = start + Duration::from_secs(passed);
            assert_eq!(clock.share_at(now, tables), Duration::from_secs(share));
        }
    }
}
