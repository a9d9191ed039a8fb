//! How tables are read, per migration: what is a matter of taste or of consent, never of exactness.

use contract::{BatchLimits, Options};
use model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// # Reading from PostgreSQL
/// How tables are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PostgresRead {
    /// # Row security
    /// What to do with a table whose policies hide rows from this user.
    pub row_security: RowSecurity,
    /// # Inherited rows
    /// Whether a table is read with the rows of the tables that inherit from it. Partitions always
    /// belong to their table.
    pub inherited_rows: InheritedRows,
    /// # CHAR padding
    /// What to do with the blanks that fill `char(n)` up to its length.
    pub char_padding: CharPadding,
    /// # Batch read count
    /// How many records are read and handed on at a time, at most; large ones go on earlier.
    #[schemars(range(min = 1, max = 8_192))]
    pub batch_read_count: u32,
}

/// As the field has it, from JDBC's fetch size on.
const USUAL_BATCH: u32 = 1_024;
const LARGEST_BATCH: u32 = 8_192;

impl Default for PostgresRead {
    fn default() -> Self {
        Self {
            row_security: RowSecurity::default(),
            inherited_rows: InheritedRows::default(),
            char_padding: CharPadding::default(),
            batch_read_count: USUAL_BATCH,
        }
    }
}

impl PostgresRead {
    /// When a batch ends: where these limits say so, and at the batch read count instead of the usual one.
    pub(super) fn limits(&self, limits: BatchLimits) -> BatchLimits {
        let count = self.batch_read_count as usize;
        let rows = match limits.rows < BatchLimits::default().rows {
            true => limits.rows.min(count),
            false => count,
        };
        BatchLimits { rows, ..limits }
    }
}

/// What to do with a table whose policies hide rows from this user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RowSecurity {
    /// The table is refused.
    #[default]
    Refuse,
    /// The rows that the user may see are read, and the plan says so.
    AcceptFilteredRows,
}

/// Whether a table is read with the rows of the tables that inherit from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InheritedRows {
    /// With them, as the server shows the table.
    #[default]
    Include,
    /// Without them: each table has its own rows alone.
    LeaveOut,
}

/// What to do with the blanks that fill `char(n)` up to its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CharPadding {
    /// They stay, as the server sends them.
    #[default]
    Keep,
    /// They go: the server itself takes no notice of them when it compares.
    Trim,
}

impl Options for PostgresRead {
    fn findings(&self) -> Vec<Finding> {
        if (1..=LARGEST_BATCH).contains(&self.batch_read_count) {
            return Vec::new();
        }
        let message = format!("{} records cannot be read at a time", self.batch_read_count);
        let finding = Finding::blocker("OUT_OF_RANGE", "batch-read-count", message);
        vec![finding.hint(format!("write 1 to {LARGEST_BATCH}"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_at_the_count_unless_fewer_rows_are_wanted() {
        let rows = |count: u32, limits: BatchLimits| {
            let how = PostgresRead {
                batch_read_count: count,
                ..PostgresRead::default()
            };
            how.limits(limits).rows
        };
        let usual = BatchLimits::default();
        assert_eq!(rows(USUAL_BATCH, usual), 1_024);
        assert_eq!(rows(LARGEST_BATCH, usual), 8_192);
        let few = BatchLimits { rows: 10, ..usual };
        assert_eq!((rows(1_024, few), rows(5, few)), (10, 5));
    }

    #[test]
    fn a_count_out_of_range_is_refused() {
        for (count, findings) in [(0, 1), (1, 0), (LARGEST_BATCH, 0), (LARGEST_BATCH + 1, 1)] {
            let how = PostgresRead {
                batch_read_count: count,
                ..PostgresRead::default()
            };
            assert_eq!(how.findings().len(), findings, "{count}");
        }
    }
}
