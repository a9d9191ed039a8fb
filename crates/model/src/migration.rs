//! What a person writes: one file, one configuration for many tables. The same document is edited
//! by the wizard and carried by the REST API. Unknown keys are errors; what is general is typed
//! here, what belongs to a connector is kept as it is and typed by the connector's own structs.

mod policies;
mod schedule;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

pub use self::policies::{
    Consistency, Drift, EmptyOverwrite, OnLostSnapshot, RejectedRows, RunPolicy, ShrunkenLoad,
    Verify,
};
pub use self::schedule::{Dependency, ResourceGroup, ResourceGroups, Schedule, ScheduleMode};
use crate::plan::Part;
use crate::table::TableName;
use crate::zone::TimeZone;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MigrationFile {
    /// Always 1.
    pub version: u32,
    /// Named connections.
    pub data_sources: BTreeMap<String, DataSource>,
    /// What moves, from where to where, and how.
    pub migration: MigrationSpec,
}

/// A named connection: the connector's id, and that connector's connection options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataSource {
    /// The connector's id; `godwit source types` lists them.
    #[serde(rename = "type")]
    pub connector: String,
    /// What differs in development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<Map<String, Json>>,
    /// The connector's connection options.
    #[serde(flatten)]
    pub options: Map<String, Json>,
}

/// One configuration for many tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MigrationSpec {
    /// The folder name: at most 256 characters, none of `| / \ : ? < > * "`.
    pub name: String,
    /// Where rows come from.
    pub source: SourceEnd,
    /// Where rows go.
    pub destination: DestinationEnd,
    /// Which tables.
    pub tables: TableSelection,
    /// Exceptions, by source table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<TableException>,
    /// What to do where the destination has a table of that name.
    #[serde(default)]
    pub existing_tables: ExistingTables,
    /// The confirmation for `existing-tables: recreate`: exactly the names that the plan lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recreate: Vec<TableReference>,
    /// How names are converted.
    #[serde(default)]
    pub names: NameRules,
    /// How tasks are named when the migration is published; the system's own naming where absent. May
    /// hold `${source_table_name}` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_names: Option<String>,
    /// One-time, daily, or both; partitioned or not.
    #[serde(default)]
    pub method: Method,
    /// Which rows, for all tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filters>,
    /// Values for `${name}` in filters and partitions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Statements at the destination before and after the load.
    #[serde(default)]
    pub statements: Statements,
    /// At which moment the tables are read.
    #[serde(default)]
    pub consistency: Consistency,
    /// What is proven before the commit.
    #[serde(default)]
    pub verify: Verify,
    /// How many rows may be rejected before a table fails.
    #[serde(default)]
    pub rejected_rows: RejectedRows,
    /// What to do where the source differs from the last successful run.
    #[serde(default)]
    pub drift: Drift,
    /// Whether rows may be overwritten by nothing.
    #[serde(default)]
    pub empty_overwrite: EmptyOverwrite,
    /// What to do with a full load that has half the rows of the last one, or fewer.
    #[serde(default)]
    pub shrunken_load: ShrunkenLoad,
    /// What to do with tables that have not committed when the source's moment is lost.
    #[serde(default)]
    pub on_lost_snapshot: OnLostSnapshot,
    /// Parallelism, time limits, reruns.
    #[serde(default)]
    pub run: RunPolicy,
    /// When tasks run, behind which others, and from whose quota. Read by `godwit serve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// The source's data source, schemas and zone, and the connector's read options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SourceEnd {
    /// A name under `data-sources`.
    pub data_source: String,
    /// One or several schemas; empty means the data source's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// The zone that filters are meant in.
    #[serde(default)]
    pub time_zone: TimeZone,
    /// The connector's read options.
    #[serde(flatten)]
    pub options: Map<String, Json>,
}

/// The destination's data source, namespace and loading policy, and the connector's write options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DestinationEnd {
    /// A name under `data-sources`.
    pub data_source: String,
    /// The namespace, schema or database that tables go to; the migration's name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What happens to rows that are there already.
    #[serde(default)]
    pub loading_policy: LoadingPolicy,
    /// Which indexes a new table gets beside its primary key.
    #[serde(default)]
    pub indexes: IndexChoice,
    /// The connector's write options.
    #[serde(flatten)]
    pub options: Map<String, Json>,
}

/// What happens to rows that are there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadingPolicy {
    /// They go; touches the partition written, or the table where it has none.
    #[default]
    Overwrite,
    /// They stay, the new ones are added.
    Append,
    /// By key: replaced where present, inserted where absent.
    Update,
}

/// Which indexes a new table gets beside its primary key; made after its rows, before they can be
/// seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IndexChoice {
    /// None.
    #[default]
    None,
    /// Unique ones.
    Unique,
    /// All over whole columns.
    All,
}

/// Which tables: exactly one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableSelection {
    /// All that are selected by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// These, by name, of whatever kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Vec<TableReference>>,
    /// Those that globs match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Matching>,
}

/// Case-sensitive globs over `schema.table`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Matching {
    /// Taken where any of these matches.
    pub include: Vec<String>,
    /// Unless any of these does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// A table as the file names it: `schema.table`, `table`, or both parts apart where a name holds a
/// dot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected schema.table, or schema and table apart"
)]
pub enum TableReference {
    /// `schema.table`, cut at the first dot; without a dot, a table of the only schema in question.
    Text(String),
    /// Both parts apart.
    Parts {
        /// The schema.
        schema: String,
        /// The table.
        table: String,
    },
}

impl TableReference {
    /// The table meant, `default_schema` filled in where none is written.
    pub fn resolve(&self, default_schema: &str) -> TableName {
        match self {
            Self::Parts { schema, table } => TableName::new(schema, table),
            Self::Text(text) => match text.split_once('.') {
                Some((schema, table)) => TableName::new(schema, table),
                None => TableName::new(default_schema, text),
            },
        }
    }
}

impl fmt::Display for TableReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Parts { schema, table } => write!(f, "{schema}.{table}"),
        }
    }
}

/// What is different for one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableException {
    /// The source table.
    pub table: TableReference,
    /// A filter of its own, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<TableFilter>,
    /// The column or columns to cut the table by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_by: Option<OneOrMany>,
    /// Into about how many parts to cut the table, in place of `run.splits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub splits: Option<u16>,
    /// The key of `loading-policy: update`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update_by: Vec<String>,
    /// Choices for columns, by source column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnChoice>,
}

/// One name, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a name or a list of names")]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// What a person decides about a column; a refusal's proposals are such choices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ColumnChoice {
    /// The type to read it as: `text`, `decimal(38,10)`, `bigint`, `boolean` and the like.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub read_as: Option<String>,
    /// The character set that its bytes are really in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    /// Leave it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip: bool,
}

/// Filters by method: SQL conditions in the source's own language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Filters {
    /// For the one-time part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_time: Option<String>,
    /// For the daily part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<String>,
}

/// A table's own filter, or the word `none`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum TableFilter {
    /// The word `none`: the general filter does not apply.
    None(NoFilter),
    /// Its own.
    Own(Filters),
}

/// The word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoFilter {
    /// `none`
    None,
}

impl<'de> Deserialize<'de> for TableFilter {
    /// By hand, so that an unknown key inside is named instead of "no variant matched".
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        if value.is_string() {
            let none = NoFilter::deserialize(value).map_err(serde::de::Error::custom)?;
            return Ok(Self::None(none));
        }
        Filters::deserialize(value)
            .map(Self::Own)
            .map_err(serde::de::Error::custom)
    }
}

/// What to do where the destination has a table of that name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExistingTables {
    /// Load into it; its columns must fit.
    #[default]
    Keep,
    /// Load into it; missing columns are added.
    AddColumns,
    /// Make it anew.
    Recreate,
    /// Refuse.
    Fail,
}

/// How source names become destination names: rules in their order, then prefix and suffix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NameRules {
    /// For table names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table_rules: Vec<NameRule>,
    /// Put in front of table names; may hold `${source_schema}`.
    #[serde(default)]
    pub table_prefix: String,
    /// Put behind table names; may hold `${source_schema}`.
    #[serde(default)]
    pub table_suffix: String,
    /// For column names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub field_rules: Vec<NameRule>,
    /// What to do with names that have anything but letters, digits and underscores.
    #[serde(default)]
    pub illegal: IllegalNames,
}

/// Replaces every occurrence of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NameRule {
    /// What is replaced; not empty.
    pub replace: String,
    /// By what; letters become lower case; empty filters the text out.
    #[serde(rename = "with")]
    pub replacement: String,
}

/// What to do with names that have anything but letters, digits and underscores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IllegalNames {
    /// Refuse the table, and point to a rule.
    #[default]
    Refuse,
    /// Make a legal name of it, always the same.
    Convert,
}

/// One-time, daily, or both; partitioned or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Method {
    /// Which kinds of task.
    #[serde(default)]
    pub kind: MethodKind,
    /// The partition to write; absent means not partitioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionChoice>,
}

/// Which kinds of task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MethodKind {
    /// Once.
    #[default]
    OneTime,
    /// Each day.
    Daily,
    /// Both.
    DailyAndOneTime,
}

impl MethodKind {
    /// The parts that it has.
    pub fn parts(self) -> impl Iterator<Item = Part> {
        let all = [Part::Daily, Part::OneTime].into_iter();
        all.filter(move |part| self.has(*part))
    }

    /// Whether it has this part.
    pub fn has(self, part: Part) -> bool {
        match self {
            Self::OneTime => part == Part::OneTime,
            Self::Daily => part == Part::Daily,
            Self::DailyAndOneTime => true,
        }
    }
}

/// The partition to write, by method: `ds=20230330`, `ds=${bizdate}`, or a value alone, read as
/// `ds`'s.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PartitionChoice {
    /// For the one-time part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_time: Option<ParameterValue>,
    /// For the daily part; `{}` means `ds=${bizdate}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<Json>,
}

/// A text; numbers and booleans are taken as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ParameterValue(pub String);

impl<'de> Deserialize<'de> for ParameterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::String(text) => Ok(Self(text)),
            Json::Number(number) => Ok(Self(number.to_string())),
            Json::Bool(flag) => Ok(Self(flag.to_string())),
            _ => Err(serde::de::Error::custom("expected a text or a number")),
        }
    }
}

/// Statements at the destination, carried out in the step that publishes a table's rows: all of it lasts, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Statements {
    /// Before a table's rows come (the preparation statement).
    #[serde(default)]
    pub before: Vec<String>,
    /// After a table's rows have come (the completion statement).
    #[serde(default)]
    pub after: Vec<String>,
}

impl Statements {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}
