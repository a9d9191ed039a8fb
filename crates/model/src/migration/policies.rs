//! How tables are moved, whichever they are: moment, proof, limits, patience.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// At which moment the tables are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consistency {
    /// One for all tables.
    #[default]
    Snapshot,
    /// One for each table.
    Table,
    /// None promised.
    None,
}

/// What is proven before the commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// The number of rows, counted where they stand.
    #[default]
    Counts,
    /// Checksums of values, too.
    Checksums,
    /// Nothing beyond what the engine always does.
    None,
}

/// How many rows may be rejected before a table fails: both limits hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RejectedRows {
    /// In number.
    #[serde(default)]
    pub limit: u64,
    /// As a share of the rows read, 0 to 1; applies where it allows more than `limit`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
}

impl RejectedRows {
    /// Whether `rejected` of `read` rows are within the larger of both limits.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a share of so many rows needs no last digit"
    )]
    pub fn allows(&self, rejected: u64, read: u64) -> bool {
        rejected <= self.limit || rejected as f64 <= self.share * read as f64
    }
}

/// What to do where the source differs from the last successful run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// The table fails before it is read.
    #[default]
    Fail,
    /// New columns are added at the destination.
    AddColumns,
    /// The source is read as it is now; columns of a table that is there must still fit.
    Ignore,
}

/// Whether rows may be overwritten by nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyOverwrite {
    /// No.
    #[default]
    Refuse,
    /// Yes.
    Allow,
}

/// What to do with a full, unfiltered load that has half the rows of the last successful one, or fewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShrunkenLoad {
    /// It is published, with a warning.
    #[default]
    Warn,
    /// The table fails, and stays as it is.
    Refuse,
}

impl ShrunkenLoad {
    /// Whether nobody chose.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What to do with tables that have not committed when the source's moment is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnLostSnapshot {
    /// They are read anew at another moment; the report tells both.
    #[default]
    RestartUnfinished,
    /// All tables are read anew at one moment.
    RestartAll,
    /// They fail.
    Fail,
}

/// Parallelism, time limits, reruns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RunPolicy {
    /// How many splits move at once, over all tables.
    #[schemars(range(min = 1, max = 64))]
    pub parallelism: u16,
    /// Into about how many parts each table is cut; by its size where unset. What arrives is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub splits: Option<u16>,
    /// Past it the run is stopped and failed; above 0, at most 168.
    pub timeout_hours: f64,
    /// How often failed tables are run again after the last one.
    #[schemars(range(max = 10))]
    pub reruns: u8,
    /// The pause before each rerun.
    #[schemars(range(min = 1, max = 60))]
    pub rerun_interval_minutes: u8,
}

impl Default for RunPolicy {
    fn default() -> Self {
        Self {
            parallelism: 2,
            splits: None,
            timeout_hours: 48.0,
            reruns: 1,
            rerun_interval_minutes: 5,
        }
    }
}
