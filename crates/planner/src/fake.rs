//! A connector for the planner's own tests: a handful of types, read and written.

use contract::{
    About, Capabilities, Connector, Dialect, Guarantee, Holding, NameLimits, NamespaceWord,
    NoOptions, ReadCapabilities, Reading, Refusal, SnapshotKind, TypeMapping, Visibility,
    WriteCapabilities,
};
use model::migration::{ColumnChoice, MigrationSpec};
use model::plan::{Fidelity, Partition, TableSchema};
use model::table::ListedTable;
use model::{Finding, LogicalType, NativeColumn, NativeTable, TableKind, TableName};
use serde_json::{Value as Json, json};

pub(crate) const LIMITS: NameLimits = NameLimits {
    longest: 255,
    lower_case: false,
};

/// Everything that can be switched.
pub(crate) struct Fake {
    pub(crate) read: Option<ReadCapabilities>,
    pub(crate) write: Option<WriteCapabilities>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            read: Some(ReadCapabilities {
                filter: true,
                splits: true,
                schemas: true,
                snapshot: SnapshotKind::Joinable,
                default_schema: None,
            }),
            write: Some(WriteCapabilities {
                append: true,
                overwrite: true,
                update: false,
                partitions: true,
                add_columns: true,
                recreate: Some("the old rows are kept for a while"),
                required_columns: true,
                checksums: true,
                indexes: false,
                statements: false,
                visibility: Visibility::Atomic,
                guarantee: Guarantee::ExactlyOnce,
                names: LIMITS,
                namespace: NamespaceWord::Namespace,
            }),
        }
    }
}

impl Connector for Fake {
    type Connection = NoOptions;
    type Read = NoOptions;
    type Write = NoOptions;
    const ID: &'static str = "fake";

    fn about(&self) -> About {
        About {
            title: "Fake",
            summary: "for tests",
            verified_against: "nothing",
            lineage: "file",
            manual: "",
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: self.read,
            write: self.write,
        }
    }

    fn types(&self) -> &'static dyn TypeMapping {
        &FakeTypes
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &FakeDialect
    }
}

struct FakeTypes;

impl TypeMapping for FakeTypes {
    fn to_logical(&self, column: &NativeColumn, choice: &ColumnChoice) -> Result<Reading, Refusal> {
        if choice.read_as.as_deref() == Some("text") {
            return Ok(Reading::exact(LogicalType::TEXT, "text")
                .at(Fidelity::Widened)
                .by(format!("{:?}::text", column.name)));
        }
        match column.base.as_str() {
            "int" => Ok(Reading::exact(LogicalType::int(32), "int")),
            "bigint" => Ok(Reading::exact(LogicalType::int(64), "int")),
            "text" => Ok(Reading::exact(LogicalType::TEXT, "text")),
            "money" => Ok(Reading::exact(
                LogicalType::Decimal {
                    precision: 19,
                    scale: 2,
                },
                "money",
            )
            .at(Fidelity::Lossy("the currency is lost".to_owned()))
            .with(Finding::warning("CURRENCY", "", "amounts have no currency"))),
            "huge" => Ok(Reading::exact(LogicalType::Binary, "huge")),
            "blob" if choice.read_as.as_deref() == Some("binary") => {
                Ok(Reading::exact(LogicalType::Binary, "huge"))
            }
            "blob" => Err(Refusal::new("UNDECLARED_TYPE", "what is it?")
                .propose("binary")
                .propose("text")),
            base => Err(
                Refusal::new("UNKNOWN_TYPE", format!("type {base} is not known")).propose("text"),
            ),
        }
    }

    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal> {
        match logical {
            LogicalType::Binary => Err(Refusal::new("NO_BINARY", "bytes cannot be held")),
            LogicalType::Integer { bits: 16, .. } => Ok(Holding {
                native: "int32".to_owned(),
                holds: LogicalType::int(32),
                fidelity: Fidelity::Widened,
            }),
            logical => Ok(Holding {
                native: logical.to_string(),
                holds: logical.clone(),
                fidelity: Fidelity::Exact,
            }),
        }
    }
}

struct FakeDialect;

impl Dialect for FakeDialect {
    fn quote(&self, identifier: &str) -> String {
        format!("[{identifier}]")
    }

    fn create_table(&self, table: &TableSchema, partition: Option<&Partition>) -> Vec<String> {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let required = if column.nullable { "" } else { " not null" };
                format!("{} {}{required}", self.quote(&column.name), column.native)
            })
            .collect();
        let by = partition.map_or(String::new(), |partition| {
            format!(" partitioned by {}", self.quote(&partition.column))
        });
        vec![format!(
            "create table {} ({}){by}",
            self.quote(&table.name.table),
            columns.join(", ")
        )]
    }
}

/// A migration of everything, with `changes` (JSON) laid over it key by key.
pub(crate) fn spec(changes: &str) -> MigrationSpec {
    let mut spec = json!({
        "name": "shop_to_lake",
        "source": {"data-source": "shop"},
        "destination": {"data-source": "lake"},
        "tables": {"all": true},
    });
    let changes: Json = serde_json::from_str(changes).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

pub(crate) fn listed(name: &str, kind: TableKind) -> ListedTable {
    let (schema, table) = name.split_once('.').unwrap();
    ListedTable {
        name: TableName::new(schema, table),
        kind,
        estimated_rows: Some(10),
    }
}

pub(crate) fn tables(names: &[&str]) -> Vec<ListedTable> {
    names
        .iter()
        .map(|name| listed(name, TableKind::Table))
        .collect()
}

/// A table in `public`; columns as `name type` or `name type!` where null may not stand in it. The
/// first is the key.
pub(crate) fn described(name: &str, columns: &[&str]) -> NativeTable {
    let columns: Vec<NativeColumn> = columns
        .iter()
        .map(|column| {
            let (name, base) = column.rsplit_once(' ').unwrap();
            NativeColumn {
                name: name.to_owned(),
                type_text: base.trim_end_matches('!').to_owned(),
                base: base.trim_end_matches('!').to_owned(),
                nullable: !base.ends_with('!'),
                ..NativeColumn::default()
            }
        })
        .collect();
    NativeTable {
        name: TableName::new("public", name),
        kind: TableKind::Table,
        primary_key: columns.iter().take(1).map(|c| c.name.clone()).collect(),
        columns,
        unique_keys: Vec::new(),
        indexes: Vec::new(),
        comment: None,
        estimated_rows: Some(10),
        estimated_bytes: Some(1000),
        findings: Vec::new(),
        private: Json::Null,
    }
}
