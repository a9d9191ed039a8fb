//! Tables: their names, and what a system says of them in its own words.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::Finding;

/// A table's place: schema (database, namespace) and name, each exactly as the system has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// Schema, database or namespace.
    pub schema: String,
    /// The table itself.
    pub table: String,
}

impl TableName {
    /// The table `table` in `schema`.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            table: table.into(),
        }
    }
}

impl fmt::Display for TableName {
    /// `schema.table`, control characters escaped so that a name stays on its line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{}", self.schema, self.table);
        f.write_str(&escape_controls(&text))
    }
}

/// The text with control characters, and those that reorder or hide text, as `\u{…}`.
pub fn escape_controls(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}'..='\u{2029}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            if hides(c) {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
            out
        })
}

/// What stands behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A parent that holds rows in partitions; read as one.
    PartitionedTable,
    /// A leaf or branch of a partitioned table.
    Partition,
    /// A table that inherits from another one, which shows its rows, too.
    InheritanceChild,
    /// A table that keeps its history; the current rows are read.
    SystemVersioned,
    /// A view.
    View,
    /// A view whose rows are stored.
    MaterializedView,
    /// A table that lives on another server.
    ForeignTable,
    /// A number generator.
    Sequence,
    /// Made by an extension of the system; not a table of rows (SQLite's virtual tables).
    Virtual,
}

impl TableKind {
    /// Whether `all: true` and globs take it. Others are taken when listed by name.
    pub fn selected_by_default(self) -> bool {
        matches!(
            self,
            Self::Table | Self::PartitionedTable | Self::SystemVersioned | Self::InheritanceChild
        )
    }

    /// For people: `materialized view`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::Partition => "partition",
            Self::InheritanceChild => "inheritance child",
            Self::SystemVersioned => "system-versioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::Sequence => "sequence",
            Self::Virtual => "virtual table",
        }
    }
}

/// One line of a source's listing: cheap, made for thousands of tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTable {
    /// Its name.
    pub name: TableName,
    /// What it is.
    pub kind: TableKind,
    /// The system's own estimate.
    pub estimated_rows: Option<u64>,
}

/// A table as its system describes it, in the system's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeTable {
    /// Its name.
    pub name: TableName,
    /// What it is.
    pub kind: TableKind,
    /// In the order of the table.
    pub columns: Vec<NativeColumn>,
    /// Column names of the primary key, in the key's order; empty where there is none.
    pub primary_key: Vec<String>,
    /// Column names of each other unique key.
    pub unique_keys: Vec<Vec<String>>,
    /// Indexes over whole columns, unique keys among them, without the primary key.
    #[serde(default)]
    pub indexes: Vec<Index>,
    /// The table's comment.
    pub comment: Option<String>,
    /// The system's own estimate.
    pub estimated_rows: Option<u64>,
    /// The system's own estimate of the space that the rows take.
    pub estimated_bytes: Option<u64>,
    /// What a person should know: no right, no snapshot, row-level security. A blocker refuses the
    /// table.
    pub findings: Vec<Finding>,
    /// What the connector needs to know again when it reads; no other room looks into it.
    #[serde(default)]
    pub private: serde_json::Value,
}

impl NativeTable {
    /// SHA-256 over kind, columns and primary key, in hex: two tables with the same one are read the
    /// same way. Comments, estimates and findings are left out.
    pub fn fingerprint(&self) -> String {
        let mut columns = self.columns.clone();
        columns.iter_mut().for_each(|column| column.comment = None);
        let shape = serde_json::json!([self.kind, columns, self.primary_key]);
        let digest = Sha256::digest(shape.to_string());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An index over whole columns: no expression, no prefix, no condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Column names in the index's order.
    pub columns: Vec<String>,
    /// Whether each key without a null stands in it once.
    pub unique: bool,
}

/// A column in full, in its system's own words: a type's text alone does not hold unsigned, charset,
/// labels, fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NativeColumn {
    /// Exactly as the system has it.
    pub name: String,
    /// The type as the system prints it: `numeric(10,2)`, `int(10) unsigned`, `_text`.
    pub type_text: String,
    /// The type's bare name in lower case: `numeric`, `int`, `enum`.
    pub base: String,
    /// Digits in all, or of a second's fraction for times, where stated.
    pub precision: Option<u32>,
    /// Digits behind the point, where stated.
    pub scale: Option<i32>,
    /// Length in characters or bytes, where stated.
    pub length: Option<u64>,
    /// Without negative numbers.
    #[serde(default)]
    pub unsigned: bool,
    /// The character set of text, as the system names it.
    pub charset: Option<String>,
    /// The collation of text, as the system names it.
    pub collation: Option<String>,
    /// The labels of an enumeration or set.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The element of an array (one), the parts of a composite, the base of a domain (one).
    #[serde(default)]
    pub parts: Vec<NativeColumn>,
    /// Whether null may stand in it.
    pub nullable: bool,
    /// Computed from others.
    #[serde(default)]
    pub generated: bool,
    /// The column's comment.
    pub comment: Option<String>,
    /// What the connector needs to know again when it reads (an oid, say).
    #[serde(default)]
    pub private: serde_json::Value,
}
