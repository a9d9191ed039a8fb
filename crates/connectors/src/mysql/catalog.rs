//! What `information_schema` says: which tables there are, and each in full. Asked schema by schema
//! and hundreds of tables at a time, so that thousands of tables take few round trips.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::table::{Index, ListedTable};
use model::{Finding, NativeColumn, NativeTable, Result, TableKind, TableName};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use serde::{Deserialize, Serialize};

use super::column::{ColumnRow, is_unreadable, srid_of, with_srids};
use super::ddl::quote_table;
use super::errors::translate;
use super::options::HiddenColumns;
use crate::family::own_tables::is_own;

/// What reading needs to know again of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TableFacts {
    /// The storage engine; none for views.
    #[serde(default)]
    pub(crate) engine: Option<String>,
    /// Keys whose order an index gives, primary key first.
    #[serde(default)]
    pub(crate) keys: Vec<KeyFacts>,
}

/// A unique key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyFacts {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

const NAMES_PER_QUERY: usize = 500;
const SNAPSHOT_ENGINES: [&str; 4] = ["innodb", "rocksdb", "tokudb", "xtradb"];

/// The databases that this user may see, but for the server's own.
pub(crate) async fn schemas(connection: &mut Conn) -> Result<Vec<String>> {
    let statement = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE LOWER(SCHEMA_NAME) \
         NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY SCHEMA_NAME";
    let rows: Vec<Row> = connection.exec(statement, ()).await.map_err(translate)?;
    Ok(rows.into_iter().map(|row| Cells(row).text(0)).collect())
}

/// Everything in `schemas` that a person could select.
pub(crate) async fn list(connection: &mut Conn, schemas: &[String]) -> Result<Vec<ListedTable>> {
    let mut listed = Vec::new();
    for schema in schemas {
        let statement = "SELECT TABLE_NAME, TABLE_TYPE, CREATE_OPTIONS, TABLE_ROWS, TABLE_SCHEMA \
             FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME";
        let rows: Vec<Row> = connection
            .exec(statement, (schema,))
            .await
            .map_err(translate)?;
        for row in rows {
            let cells = Cells(row);
            if cells.text(4) == *schema && !is_own(&cells.text(0)) {
                listed.push(ListedTable {
                    name: TableName::new(schema, cells.text(0)),
                    kind: kind_of(&cells.text(1), &cells.text(2)),
                    estimated_rows: cells.number(3),
                });
            }
        }
    }
    Ok(listed)
}

/// The tables in full, in the order asked.
pub(crate) async fn describe(
    connection: &mut Conn,
    tables: &[TableName],
    hidden: HiddenColumns,
) -> Result<Vec<Option<NativeTable>>> {
    let mut by_schema: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in tables {
        by_schema.entry(&name.schema).or_default().push(&name.table);
    }
    let mut found = HashMap::new();
    for (schema, names) in by_schema {
        for names in names.chunks(NAMES_PER_QUERY) {
            for table in describe_some(connection, schema, names, hidden).await? {
                found.insert(table.name.clone(), table);
            }
        }
    }
    Ok(tables.iter().map(|name| found.get(name).cloned()).collect())
}

async fn describe_some(
    connection: &mut Conn,
    schema: &str,
    names: &[&str],
    hidden: HiddenColumns,
) -> Result<Vec<NativeTable>> {
    let wanted: HashSet<&str> = names.iter().copied().collect();
    let tables = ask(connection, schema, names, TABLES).await?;
    let mut columns = columns_of(ask(connection, schema, names, COLUMNS).await?);
    let mut keys = keys_of(ask(connection, schema, names, KEYS).await?);
    let partly: HashSet<String> = ask(connection, schema, names, COLUMN_RIGHTS)
        .await?
        .into_iter()
        .map(|row| Cells(row).text(0))
        .collect();
    let mut described = Vec::new();
    for row in tables {
        let cells = Cells(row);
        let name = TableName::new(cells.text(6), cells.text(0));
        if name.schema != schema || !wanted.contains(name.table.as_str()) {
            continue;
        }
        let columns = columns.remove(&name.table).unwrap_or_default();
        let keys = keys.remove(&name.table).unwrap_or_default();
        let mut table = assemble(name, &cells, columns, &keys);
        if table.columns.is_empty() || table.kind == TableKind::View {
            table
                .findings
                .extend(why_unreadable(connection, &table.name).await);
        }
        if partly.contains(&table.name.table) {
            table
                .findings
                .extend(partly_readable(connection, &table, hidden).await);
        }
        described.push(table);
    }
    Ok(described)
}

const TABLES: &str = "SELECT TABLE_NAME, TABLE_TYPE, CREATE_OPTIONS, TABLE_ROWS, ENGINE, \
    DATA_LENGTH, TABLE_SCHEMA, TABLE_COMMENT FROM information_schema.TABLES WHERE ";
const COLUMNS: &str = "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, \
    CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, \
    CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, COLUMN_COMMENT, PRIVILEGES, ORDINAL_POSITION \
    FROM information_schema.COLUMNS WHERE ";
const KEYS: &str = "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, INDEX_TYPE, SEQ_IN_INDEX, \
    NON_UNIQUE FROM information_schema.STATISTICS WHERE ";
const COLUMN_RIGHTS: &str = "SELECT TABLE_NAME FROM information_schema.COLUMN_PRIVILEGES \
    WHERE PRIVILEGE_TYPE = 'SELECT' AND ";

/// Asks one of the statements above about some tables of a schema.
async fn ask(
    connection: &mut Conn,
    schema: &str,
    names: &[&str],
    statement: &str,
) -> Result<Vec<Row>> {
    let places = vec!["?"; names.len()].join(", ");
    let statement = format!("{statement} TABLE_SCHEMA = ? AND TABLE_NAME IN ({places})");
    let mut values: Vec<Value> = vec![schema.into()];
    values.extend(names.iter().map(|name| Value::from(*name)));
    connection.exec(statement, values).await.map_err(translate)
}

fn assemble(
    name: TableName,
    cells: &Cells,
    mut columns: Vec<(u64, NativeColumn)>,
    keys: &[Key],
) -> NativeTable {
    columns.sort_by_key(|(position, _)| *position);
    let columns = with_srids(columns.into_iter().map(|(_, column)| column).collect());
    let kind = kind_of(&cells.text(1), &cells.text(2));
    let engine = Some(cells.text(4)).filter(|engine| !engine.is_empty());
    // A system-versioned key ends with a column that nobody sees: the rest is the key of current rows.
    let visible = |key: &Key| -> Vec<String> {
        let seen = |name: &&String| columns.iter().any(|column| column.name == **name);
        key.columns.iter().filter(seen).cloned().collect()
    };
    let primary = keys.iter().find(|key| key.name == "PRIMARY");
    let primary_key = primary.map(visible).unwrap_or_default();
    let others = keys.iter().filter(|key| key.name != "PRIMARY" && key.whole);
    let indexes: Vec<Index> = others
        .filter(|key| key.listed)
        .map(|key| Index {
            name: key.name.clone(),
            columns: visible(key),
            unique: key.unique,
        })
        .filter(|index| !index.columns.is_empty())
        .collect();
    let unique = indexes.iter().filter(|index| index.unique);
    let unique_keys = unique.map(|index| index.columns.clone()).collect();
    let ordered = keys
        .iter()
        .filter(|key| key.unique && key.whole && key.ordered);
    let facts = TableFacts {
        engine: engine.clone(),
        keys: ordered
            .map(|key| KeyFacts {
                name: key.name.clone(),
                columns: visible(key),
            })
            .filter(|key| !key.columns.is_empty())
            .collect(),
    };
    let comment = cells.text(7);
    let findings = engine_findings(&name, kind, engine.as_deref(), &comment);
    NativeTable {
        kind,
        columns,
        primary_key,
        unique_keys,
        indexes,
        comment: Some(comment).filter(|text| !text.is_empty() && kind != TableKind::View),
        estimated_rows: cells.number(3),
        estimated_bytes: cells.number(5),
        findings,
        private: serde_json::to_value(facts).unwrap_or_default(),
        name,
    }
}

/// Whether the engine has transactions, and snapshots with them.
pub(crate) fn has_transactions(engine: &str) -> bool {
    SNAPSHOT_ENGINES.contains(&engine.to_ascii_lowercase().as_str())
}

fn engine_findings(
    name: &TableName,
    kind: TableKind,
    engine: Option<&str>,
    comment: &str,
) -> Vec<Finding> {
    let stored = matches!(
        kind,
        TableKind::Table | TableKind::PartitionedTable | TableKind::SystemVersioned
    );
    match engine {
        _ if !stored => Vec::new(),
        None => vec![
            Finding::blocker(
                "TABLE_BROKEN",
                name.to_string(),
                format!("the server cannot open {name}: {comment}"),
            )
            .hint("check and repair the table at the server"),
        ],
        Some(engine) if has_transactions(engine) => Vec::new(),
        Some(engine) => vec![
            Finding::warning(
                "NO_SNAPSHOT_ENGINE",
                name.to_string(),
                format!("{name} is of engine {engine}, which has no snapshots: rows that change meanwhile may come in part"),
            )
            .hint("stop writing to it during the run, or convert it to InnoDB"),
        ],
    }
}

/// The server's own words on a view that does not work, or on a table without readable columns.
async fn why_unreadable(connection: &mut Conn, name: &TableName) -> Option<Finding> {
    let probe = format!("SELECT 1 FROM {} LIMIT 0", quote_table(name));
    let failure = connection.query_drop(probe).await.err()?;
    let error = translate(failure).context(format!("{name} cannot be read"));
    Some(Finding::of_error(&error, name.to_string()))
}

/// Rights were given column by column: the server does not show the other columns at all.
async fn partly_readable(
    connection: &mut Conn,
    table: &NativeTable,
    hidden: HiddenColumns,
) -> Option<Finding> {
    let probe = format!("SELECT * FROM {}", quote_table(&table.name));
    if connection.prep(probe).await.is_ok() {
        return None;
    }
    let own = |column: &&NativeColumn| !is_unreadable(column) && srid_of(column).is_none();
    let readable = table.columns.iter().filter(own);
    let names: Vec<&str> = readable.map(|column| column.name.as_str()).collect();
    let message = format!(
        "of {} only the columns {} may be read; the server does not show the others",
        table.name,
        names.join(", ")
    );
    let at = table.name.to_string();
    Some(match hidden {
        HiddenColumns::Refuse => Finding::blocker("NO_RIGHT", at, message).hint(
            "grant SELECT on the whole table, or read it without them by `hidden-columns: skip`",
        ),
        HiddenColumns::Skip => Finding::warning("NO_RIGHT", at, message),
    })
}

fn columns_of(rows: Vec<Row>) -> HashMap<String, Vec<(u64, NativeColumn)>> {
    let mut columns: HashMap<String, Vec<(u64, NativeColumn)>> = HashMap::new();
    for row in rows {
        let cells = Cells(row);
        let column = ColumnRow {
            name: cells.text(1),
            column_type: cells.text(2),
            data_type: cells.text(3),
            nullable: cells.text(4) == "YES",
            characters: cells.number(5),
            numeric_precision: cells
                .number(6)
                .and_then(|number| u32::try_from(number).ok()),
            numeric_scale: cells
                .number(7)
                .and_then(|number| i32::try_from(number).ok()),
            datetime_precision: cells
                .number(8)
                .and_then(|number| u32::try_from(number).ok()),
            charset: Some(cells.text(9)).filter(|text| !text.is_empty()),
            collation: Some(cells.text(10)).filter(|text| !text.is_empty()),
            extra: cells.text(11),
            comment: cells.text(12),
            privileges: cells.text(13),
        };
        let position = cells.number(14).unwrap_or(u64::MAX);
        columns
            .entry(cells.text(0))
            .or_default()
            .push((position, column.native()));
    }
    columns
}

struct Key {
    name: String,
    columns: Vec<String>,
    /// No part is a prefix or an expression.
    whole: bool,
    /// A tree that ranges can be read from.
    ordered: bool,
    /// Over values as they are: neither words of a text nor places.
    listed: bool,
    unique: bool,
}

fn keys_of(mut rows: Vec<Row>) -> HashMap<String, Vec<Key>> {
    let place = |row: &Row| {
        (
            text_at(row, 1) != "PRIMARY",
            text_at(row, 1),
            number_at(row, 5),
        )
    };
    rows.sort_by_key(place);
    let mut keys: HashMap<String, Vec<Key>> = HashMap::new();
    for row in rows {
        let cells = Cells(row);
        let name = cells.text(1);
        let of_table = keys.entry(cells.text(0)).or_default();
        if of_table.last().is_none_or(|key| key.name != name) {
            of_table.push(Key {
                name,
                columns: Vec::new(),
                whole: true,
                ordered: true,
                listed: true,
                unique: cells.number(6) == Some(0),
            });
        }
        if let Some(key) = of_table.last_mut() {
            key.whole &= cells.number(3).is_none() && !cells.text(2).is_empty();
            key.ordered &= cells.text(4) == "BTREE";
            key.listed &= ["BTREE", "HASH"].contains(&cells.text(4).as_str());
            key.columns.push(cells.text(2));
        }
    }
    keys
}

fn kind_of(table_type: &str, create_options: &str) -> TableKind {
    match table_type {
        "VIEW" | "SYSTEM VIEW" => TableKind::View,
        "SEQUENCE" => TableKind::Sequence,
        "SYSTEM VERSIONED" => TableKind::SystemVersioned,
        _ if create_options.split(' ').any(|word| word == "partitioned") => {
            TableKind::PartitionedTable
        }
        _ => TableKind::Table,
    }
}

/// The cells of one line of `information_schema`, which servers type differently.
struct Cells(Row);

impl Cells {
    /// The text; empty for null.
    fn text(&self, index: usize) -> String {
        text_at(&self.0, index)
    }

    fn number(&self, index: usize) -> Option<u64> {
        number_at(&self.0, index)
    }
}

fn text_at(row: &Row, index: usize) -> String {
    match row.as_ref(index) {
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::UInt(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn number_at(row: &Row, index: usize) -> Option<u64> {
    match row.as_ref(index) {
        Some(Value::Int(number)) => u64::try_from(*number).ok(),
        Some(Value::UInt(number)) => Some(*number),
        Some(Value::Bytes(bytes)) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        _ => None,
    }
}
