//! What will be done, in full: data only, so that it can be shown, compared, stored and carried out
//! later or elsewhere. Everything a person wrote is resolved in here.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::ids::PipelineId;
use crate::logical_type::LogicalType;
use crate::migration::{
    Consistency, EmptyOverwrite, LoadingPolicy, OnLostSnapshot, RejectedRows, RunPolicy,
    ShrunkenLoad, Statements, Verify,
};
use crate::shape::TableShape;
use crate::table::{Index, NativeColumn, TableKind, TableName};
use crate::zone::TimeZone;

/// Dev and prod use the same file and differ in the connections that are resolved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// With what `development` overrides.
    Development,
    /// As written.
    #[default]
    Production,
}

/// Which part of the method a run carries out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// All rows up to now.
    #[default]
    OneTime,
    /// One business date's rows.
    Daily,
}

/// What will be done, in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// SHA-256 over everything below but findings and estimates, in hex.
    pub digest: String,
    /// The migration's name.
    pub migration: String,
    /// Whose connections.
    pub environment: Environment,
    /// The business date, `yyyymmdd`.
    pub bizdate: String,
    /// Which part of the method.
    pub part: Part,
    /// Data source name of the source, and its connector's id.
    pub source: PlanEnd,
    /// Data source name of the destination, and its connector's id.
    pub destination: PlanEnd,
    /// The zone that filters are evaluated in.
    pub time_zone: TimeZone,
    /// How the tables are moved.
    pub policy: Policy,
    /// One for each table that can be moved.
    pub pipelines: Vec<Pipeline>,
    /// Tables that were selected and cannot be moved, with the reasons.
    pub refused: Vec<Refused>,
    /// What concerns the whole.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether the run as a whole must not start.
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(Finding::is_blocker)
    }

    /// Every finding: of the whole, of the tables that move, of those refused.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .chain(
                self.pipelines
                    .iter()
                    .flat_map(|pipeline| &pipeline.findings),
            )
            .chain(self.refused.iter().flat_map(|refused| &refused.findings))
    }
}

/// One end of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEnd {
    /// A name under `data-sources`.
    pub data_source: String,
    /// The connector's id.
    pub connector: String,
}

/// How all tables of a plan are moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// At which moment the tables are read.
    pub consistency: Consistency,
    /// What is proven before the commit.
    pub verify: Verify,
    /// How many rows may be rejected before a table fails.
    pub rejected_rows: RejectedRows,
    /// Whether rows may be overwritten by nothing.
    pub empty_overwrite: EmptyOverwrite,
    /// What to do with a full load that has half the rows of the last one, or fewer.
    #[serde(default, skip_serializing_if = "ShrunkenLoad::is_default")]
    pub shrunken_load: ShrunkenLoad,
    /// What to do when the source's moment is lost.
    pub on_lost_snapshot: OnLostSnapshot,
    /// Parallelism, time limits, reruns.
    pub run: RunPolicy,
}

/// One table to one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Of the migration's name and the source table alone.
    pub id: PipelineId,
    /// SHA-256 over scan, columns and write, estimates left out, in hex: a resumed run compares it.
    pub digest: String,
    /// What is read.
    pub scan: Scan,
    /// Into about how many parts to cut the table; by its size where none is asked for.
    #[serde(default)]
    pub splits: Option<u16>,
    /// Source column to destination column, in the destination's order.
    pub columns: Vec<ColumnMapping>,
    /// What is written.
    pub write: Write,
    /// What the next run compares the source table with; none in plans of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<TableShape>,
    /// How many rows the last successful load read, where it read the whole table, as this one does.
    /// Not part of the digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_before: Option<u64>,
    /// What a person should know of this table.
    pub findings: Vec<Finding>,
}

/// What is read of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// The source table.
    pub table: TableName,
    /// What it is.
    pub kind: TableKind,
    /// In the order of the batches' columns.
    pub columns: Vec<ScanColumn>,
    /// A condition in the source's own language, parameters resolved.
    pub filter: Option<String>,
    /// The columns that a person asked to cut by; empty leaves it to the connector.
    pub split_by: Vec<String>,
    /// The primary key, or empty.
    pub primary_key: Vec<String>,
    /// The source's own estimate, without the filter.
    pub estimated_rows: Option<u64>,
    /// The source's own estimate.
    pub estimated_bytes: Option<u64>,
    /// [`crate::table::NativeTable::fingerprint`] at planning time; compared again under the lock.
    pub fingerprint: String,
    /// [`crate::table::NativeTable::private`], handed back.
    #[serde(default)]
    pub private: serde_json::Value,
}

/// How one column is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanColumn {
    /// The source's own description.
    pub native: NativeColumn,
    /// What arrives in the batches.
    pub logical: LogicalType,
    /// What the connector selects instead of the bare column (`c::text`), where it does.
    pub expression: Option<String>,
    /// How the connector decodes what arrives; a word of the connector's own.
    pub decode: String,
}

/// The answer to "what does it become over there?", with the price told aloud.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fidelity {
    /// The same values in a type of the same range.
    Exact,
    /// The same values in a wider or plainer type.
    Widened,
    /// Something may be lost, as said; rows that would lose something else are rejected.
    Lossy(String),
}

/// One column's way from source to destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnMapping {
    /// Its name at the source.
    pub source: String,
    /// Its type at the source, in the source's words.
    pub source_type: String,
    /// What travels.
    pub logical: LogicalType,
    /// Its name at the destination.
    pub destination: String,
    /// Its type at the destination, in the destination's words.
    pub destination_type: String,
    /// What the destination holds; travelling values are converted to it exactly or rejected.
    pub holds: LogicalType,
    /// The worse of both conversions.
    pub fidelity: Fidelity,
}

/// What is written to one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The table as it will be, partition column last.
    pub table: TableSchema,
    /// What happens to rows that are there already.
    pub policy: LoadingPolicy,
    /// The partition to write, where the table has one.
    pub partition: Option<Partition>,
    /// Whether the table is there already.
    pub exists: bool,
    /// What the commit makes of a table that is there; part of the same step as its rows.
    #[serde(default, skip_serializing_if = "TableChange::is_keep")]
    pub change: TableChange,
    /// The statements that make or change the table, to be shown; empty where it stays as it is.
    pub ddl: Vec<String>,
    /// The key of loading policy `update`, by destination columns; empty with every other policy. Null
    /// is one value in it: a null key meets a null key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update_key: Vec<String>,
    /// Columns of a table that is there for which nothing comes: null in the batches. `update` leaves
    /// them as they are in rows that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_source: Vec<String>,
    /// Indexes that the load makes with a new table, after its rows and before they can be seen; the
    /// primary key stands in `table`. Names are the source's: a destination may choose others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// A person's own statements, parameters replaced: carried out in the step that publishes the rows, or not
    /// at all.
    #[serde(default, skip_serializing_if = "Statements::is_none")]
    pub statements: Statements,
}

/// What a commit makes of a table that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// It gets these columns of [`Write::table`], which may be null; they stand last there.
    AddColumns(Vec<String>),
    /// It is dropped with all its rows, in all partitions, and made anew as [`Write::table`] says.
    Recreate,
}

impl TableChange {
    /// Whether the table stays as it is.
    pub fn is_keep(&self) -> bool {
        *self == Self::Keep
    }
}

/// A destination's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// Its name.
    pub name: TableName,
    /// In order.
    pub columns: Vec<Column>,
    /// Names of the key's columns; empty where there is none.
    pub primary_key: Vec<String>,
    /// The table's comment.
    pub comment: Option<String>,
}

/// A destination's column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: LogicalType,
    /// Its type in the destination's words.
    pub native: String,
    /// Whether null may stand in it.
    pub nullable: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// One partition: a text column with one value for all rows of the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// The column, `ds` by default.
    pub column: String,
    /// The value.
    pub value: String,
}

/// A table that was selected and cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The source table.
    pub source: TableName,
    /// Where it would have gone, if that far was come.
    pub destination: Option<TableName>,
    /// Why; at least one blocker.
    pub findings: Vec<Finding>,
}
