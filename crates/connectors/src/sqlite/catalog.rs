//! What the file holds: tables of every kind, their columns and keys, cheap estimates.

use std::collections::{HashMap, HashSet};

use model::table::{Index, ListedTable};
use model::{Finding, NativeColumn, NativeTable, Result, TableKind, TableName};
use rusqlite::Connection;
use serde_json::json;

use super::ddl::quoted_table;
use super::errors::error_of;
use super::session::ask;
use super::types::DeclaredType;

/// The only schema; attached files are not looked for.
pub(super) const SCHEMA: &str = "main";
/// The names that the hidden row number answers to, unless a column has taken them.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];
/// No row takes fewer bytes of the file.
const SMALLEST_ROW_BYTES: u64 = 4;

/// Everything that a person could select.
pub(super) fn list(connection: &Connection) -> Result<Vec<ListedTable>> {
    let entries = entries(connection)?;
    let estimates = Estimates::new(connection, &entries)?;
    let listed = entries.iter().map(|entry| ListedTable {
        name: TableName::new(SCHEMA, &entry.name),
        kind: entry.kind,
        estimated_rows: estimates.rows(connection, entry),
    });
    Ok(listed.collect())
}

/// The tables in full, in the order asked.
pub(super) fn describe(
    connection: &Connection,
    tables: &[TableName],
) -> Result<Vec<Option<NativeTable>>> {
    let entries = entries(connection)?;
    let estimates = Estimates::new(connection, &entries)?;
    let by_name: HashMap<&str, &Entry> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry))
        .collect();
    let described = tables.iter().map(|table| {
        let entry = by_name
            .get(table.table.as_str())
            .filter(|_| table.schema == SCHEMA)?;
        let estimated_rows = estimates.rows(connection, entry);
        Some(describe_entry(connection, entry, estimated_rows))
    });
    Ok(described.collect())
}

/// One line of the schema.
struct Entry {
    name: String,
    /// Whether the name is UTF-8; what is not cannot be written in a statement of ours.
    is_named: bool,
    kind: TableKind,
    without_rowid: bool,
}

impl Entry {
    /// Whether rows have a hidden number.
    fn has_rowid(&self) -> bool {
        matches!(self.kind, TableKind::Table | TableKind::Sequence) && !self.without_rowid
    }
}

fn entries(connection: &Connection) -> Result<Vec<Entry>> {
    let sql = "SELECT name, type, wr FROM pragma_table_list \
               WHERE schema = 'main' AND name <> 'sqlite_schema' ORDER BY name";
    let read = || -> rusqlite::Result<Vec<Entry>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            let bytes = row.get_ref(0)?.as_bytes()?;
            let name = String::from_utf8_lossy(bytes).into_owned();
            let kind = kind(&name, row.get_ref(1)?.as_str().unwrap_or_default());
            Ok(Entry {
                is_named: std::str::from_utf8(bytes).is_ok(),
                name,
                kind,
                without_rowid: row.get(2)?,
            })
        })?;
        rows.collect()
    };
    read().map_err(|error| error_of(error, "list tables"))
}

/// Shadow tables (what a virtual table keeps its rows in) and statistics are nobody's own tables.
fn kind(name: &str, word: &str) -> TableKind {
    match word {
        _ if name == "sqlite_sequence" => TableKind::Sequence,
        _ if name.starts_with("sqlite_") => TableKind::Virtual,
        "view" => TableKind::View,
        "virtual" | "shadow" => TableKind::Virtual,
        _ => TableKind::Table,
    }
}

/// What can be known of row counts without counting.
struct Estimates {
    /// What ANALYZE found.
    analyzed: HashMap<String, u64>,
    file_bytes: u64,
}

impl Estimates {
    fn new(connection: &Connection, entries: &[Entry]) -> Result<Self> {
        let analyzed = if entries.iter().any(|entry| entry.name == "sqlite_stat1") {
            analyzed(connection).map_err(|error| error_of(error, "read sqlite_stat1"))?
        } else {
            HashMap::new()
        };
        let pages: i64 = ask(connection, "PRAGMA page_count")?;
        let page_bytes: i64 = ask(connection, "PRAGMA page_size")?;
        Ok(Self {
            analyzed,
            file_bytes: u64::try_from(pages.saturating_mul(page_bytes)).unwrap_or(0),
        })
    }

    /// What ANALYZE found, else the span of row numbers, where the file has room for so many rows.
    fn rows(&self, connection: &Connection, entry: &Entry) -> Option<u64> {
        if let Some(rows) = self.analyzed.get(&entry.name) {
            return Some(*rows);
        }
        if !entry.has_rowid() || !entry.is_named {
            return None;
        }
        let span = match rowid_bounds(connection, &entry.name, "_rowid_").ok()? {
            Some((first, last)) => u64::try_from(i128::from(last) - i128::from(first) + 1).ok()?,
            None => 0,
        };
        (span <= self.file_bytes / SMALLEST_ROW_BYTES).then_some(span)
    }
}

fn analyzed(connection: &Connection) -> rusqlite::Result<HashMap<String, u64>> {
    let mut statement = connection.prepare("SELECT tbl, stat FROM sqlite_stat1")?;
    let mut rows = statement.query([])?;
    let mut analyzed = HashMap::new();
    while let Some(row) = rows.next()? {
        let (Ok(table), Ok(statistic)) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str())
        else {
            continue;
        };
        let first = statistic.split(' ').next().unwrap_or_default();
        if let Ok(count) = first.parse::<u64>() {
            // A partial index counts its own rows alone.
            let known: &mut u64 = analyzed.entry(table.to_owned()).or_default();
            *known = count.max(*known);
        }
    }
    Ok(analyzed)
}

/// The smallest and the largest row number; two look-ups in the tree, no scan.
pub(super) fn rowid_bounds(
    connection: &Connection,
    table: &str,
    rowid: &str,
) -> Result<Option<(i64, i64)>> {
    let table_name = quoted_table(table);
    let sql = format!(
        "SELECT (SELECT min({rowid}) FROM {table_name}), (SELECT max({rowid}) FROM {table_name})"
    );
    let bounds: (Option<i64>, Option<i64>) = connection
        .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(|error| error_of(error, &format!("cut table {}", shown(table))))?;
    Ok(bounds.0.zip(bounds.1))
}

/// The table's name for people.
pub(super) fn shown(table: &str) -> String {
    TableName::new(SCHEMA, table).to_string()
}

fn describe_entry(
    connection: &Connection,
    entry: &Entry,
    estimated_rows: Option<u64>,
) -> NativeTable {
    let mut table = NativeTable {
        name: TableName::new(SCHEMA, &entry.name),
        kind: entry.kind,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        indexes: Vec::new(),
        comment: None,
        estimated_rows,
        estimated_bytes: None,
        findings: Vec::new(),
        private: json!({}),
    };
    if !entry.is_named {
        table.findings.push(not_utf8(&table.name.to_string()));
        return table;
    }
    // A view on a table that has gone, or a virtual table whose module is not here, stops itself
    // alone.
    match fill(connection, entry, &mut table) {
        Ok(()) => {}
        Err(rusqlite::Error::Utf8Error(..) | rusqlite::Error::FromSqlConversionFailure(..)) => {
            table.findings.push(not_utf8(&table.name.to_string()));
        }
        Err(error) => {
            let error = error_of(error, &format!("describe {}", table.name));
            let mut blocker = Finding::of_error(&error, table.name.to_string());
            if entry.kind == TableKind::View && error.code == "QUERY_FAILED" {
                "VIEW_BROKEN".clone_into(&mut blocker.code);
            }
            table.findings.push(blocker);
        }
    }
    table
}

fn not_utf8(at: &str) -> Finding {
    let message = "the name of the table, or of one of its columns, is not UTF-8";
    Finding::blocker("BAD_NAME", at, message).hint("rename it: ALTER TABLE … RENAME")
}

fn fill(connection: &Connection, entry: &Entry, table: &mut NativeTable) -> rusqlite::Result<()> {
    let indexes = indexes(connection, &entry.name)?;
    let mut key: Vec<(i64, String)> = Vec::new();
    let mut key_is_integer = false;
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid",
    )?;
    let mut rows = statement.query([&entry.name])?;
    while let Some(row) = rows.next()? {
        let hidden: i64 = row.get(4)?;
        if hidden == 1 {
            continue;
        }
        let (name, type_text): (String, String) = (row.get(0)?, row.get(1)?);
        let place: i64 = row.get(3)?;
        if place > 0 {
            key_is_integer = type_text.eq_ignore_ascii_case("integer");
            key.push((place, name.clone()));
        }
        let required = row.get::<_, bool>(2)? || (entry.without_rowid && place > 0);
        table
            .columns
            .push(column(name, type_text, !required, hidden > 1));
    }
    key.sort();
    table.primary_key = key.into_iter().map(|(_, name)| name).collect();
    // Then the key is the row number itself, which is never null.
    let key_is_rowid =
        key_is_integer && entry.has_rowid() && table.primary_key.len() == 1 && !indexes.primary_key;
    if key_is_rowid {
        let key = &table.primary_key[0];
        for column in table
            .columns
            .iter_mut()
            .filter(|column| column.name == *key)
        {
            column.nullable = false;
        }
    }
    if entry.has_rowid() {
        let integer_key = key_is_rowid.then(|| table.primary_key[0].clone());
        table.private = json!({ "rowid": rowid_name(&table.columns), "key": integer_key });
    }
    let unique = indexes.others.iter().filter(|index| index.unique);
    table.unique_keys = unique.map(|index| index.columns.clone()).collect();
    table.indexes = indexes.others;
    Ok(())
}

fn column(name: String, type_text: String, nullable: bool, generated: bool) -> NativeColumn {
    let DeclaredType { base, numbers } = DeclaredType::parse(&type_text);
    let numbers = numbers.unwrap_or_default();
    let first = numbers.first().copied();
    let is_decimal = matches!(base.as_str(), "decimal" | "numeric" | "dec" | "number");
    NativeColumn {
        name,
        precision: first.filter(|_| is_decimal),
        scale: numbers
            .get(1)
            .filter(|_| is_decimal)
            .and_then(|scale| i32::try_from(*scale).ok()),
        length: first.filter(|_| !is_decimal).map(u64::from),
        unsigned: base.contains("unsigned"),
        base,
        type_text,
        nullable,
        generated,
        ..NativeColumn::default()
    }
}

/// A name of the row number that no column has taken.
fn rowid_name(columns: &[NativeColumn]) -> Option<&'static str> {
    let taken: HashSet<String> = columns
        .iter()
        .map(|column| column.name.to_ascii_lowercase())
        .collect();
    ROWID_NAMES.into_iter().find(|name| !taken.contains(*name))
}

#[derive(Default)]
struct Indexes {
    /// Whether an index of its own serves the primary key.
    primary_key: bool,
    /// The others over whole columns.
    others: Vec<Index>,
}

fn indexes(connection: &Connection, table: &str) -> rusqlite::Result<Indexes> {
    let mut indexes = Indexes::default();
    let mut statement = connection
        .prepare("SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1)")?;
    let mut parts = connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut rows = statement.query([table])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let (unique, partial): (bool, bool) = (row.get(1)?, row.get(3)?);
        if row.get_ref(2)?.as_str() == Ok("pk") {
            indexes.primary_key = true;
        } else if !partial {
            // A part without a name is an expression.
            let columns = parts.query_map([&name], |part| part.get::<_, Option<String>>(0))?;
            let columns: rusqlite::Result<Option<Vec<String>>> = columns.collect();
            indexes.others.extend(columns?.map(|columns| Index {
                name,
                columns,
                unique,
            }));
        }
    }
    indexes.others.sort_by(|a, b| a.columns.cmp(&b.columns));
    Ok(indexes)
}
