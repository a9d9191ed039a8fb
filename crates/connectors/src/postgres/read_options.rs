//! How tables are read, per migration: what is a matter of taste or of consent, never of exactness.

use contract::Options;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// # Reading from PostgreSQL
/// How tables are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

impl Options for PostgresRead {}
