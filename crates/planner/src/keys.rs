//! Keys and indexes at the destination: what `update` goes by, what a new table gets.

use model::migration::{IndexChoice, TableException};
use model::plan::TableSchema;
use model::table::Index;
use model::{Finding, LogicalType, NativeTable, TableName};

use crate::ddl;
use crate::match_columns::{Planned, unknown_column};
use crate::naming::column_at;
use crate::yaml;

/// The key of `loading-policy: update` under the destination's names: `update-by`, else the primary
/// key. What forbids it goes to `findings`.
pub(crate) fn update_key(
    table: &NativeTable,
    exception: Option<(usize, &TableException)>,
    planned: &[Planned],
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let written = exception.filter(|(_, exception)| !exception.update_by.is_empty());
    let (names, at) = match written {
        Some((index, exception)) => (
            &exception.update_by,
            format!("migration.each[{index}].update-by"),
        ),
        None => (&table.primary_key, table.name.to_string()),
    };
    if names.is_empty() {
        let message = format!("{} has no primary key to update by", table.name);
        let finding = Finding::blocker("UPDATE_KEY_MISSING", at, message);
        let name = yaml::table(&table.name);
        findings.push(finding.hint(format!(
            "name the key: each: [{{ table: {name}, update-by: [...] }}]"
        )));
        return Vec::new();
    }
    let mut key = Vec::with_capacity(names.len());
    for name in names {
        match planned.iter().find(|p| p.scan.native.name == *name) {
            Some(planned) => {
                findings.extend(unfit_for_key(table, planned, &at, written.is_some()));
                key.push(planned.column.name.clone());
            }
            None => findings.push(not_moved(table, name, &at)),
        }
    }
    key
}

fn not_moved(table: &NativeTable, name: &str, at: &str) -> Finding {
    let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    if !known.contains(&name) {
        return unknown_column(at.to_owned(), &table.name, name, &known);
    }
    let message = format!(
        "{} cannot be updated by {name:?}, which does not move",
        table.name
    );
    Finding::blocker("UPDATE_KEY_LEFT_OUT", at, message)
        .hint("update by columns that move, or let it move")
}

/// Why rows cannot be told apart by the column, or what is to be known where they can.
fn unfit_for_key(table: &NativeTable, planned: &Planned, at: &str, named: bool) -> Option<Finding> {
    let column = column_at(&table.name, &planned.scan.native.name);
    let holds = &planned.column.holds;
    if matches!(
        holds,
        LogicalType::Json | LogicalType::List(_) | LogicalType::Struct(_) | LogicalType::Map(_)
    ) {
        let message = format!("rows cannot be told apart by {column}, which holds {holds}");
        return Some(
            Finding::blocker("UPDATE_KEY_TYPE", at, message)
                .hint("update by columns of plain types"),
        );
    }
    if !planned.scan.native.nullable {
        return None;
    }
    let message = format!("{column} is part of the key and may be null");
    Some(if named {
        Finding::warning("UPDATE_KEY_NULLABLE", at, message)
            .hint("null counts as one value: a null key replaces a null key")
    } else {
        let names: Vec<String> = table.primary_key.iter().map(|n| yaml::scalar(n)).collect();
        let hint = format!(
            "if null may count as one value, name the key: each: [{{ table: {}, update-by: [{}] }}]",
            yaml::table(&table.name),
            names.join(", ")
        );
        Finding::blocker("UPDATE_KEY_NULLABLE", at, message).hint(hint)
    })
}

/// Columns of a new table's primary key hold no null, whatever the source allows; a key that does not
/// move as a whole is none.
pub(crate) fn required(source: &NativeTable, schema: &mut TableSchema) -> Vec<Finding> {
    let at = source.name.to_string();
    if schema.primary_key.is_empty() && !source.primary_key.is_empty() {
        let message = "part of its primary key does not move, so the new table has none";
        return vec![Finding::note("PRIMARY_KEY_LEFT_OUT", at, message)];
    }
    let key = &schema.primary_key;
    let nullable = schema
        .columns
        .iter_mut()
        .filter(|column| column.nullable && key.contains(&column.name));
    let findings = nullable.map(|column| {
        column.nullable = false;
        nullable_key(&source.name, &column.name)
    });
    findings.collect()
}

/// Rows are rejected where this column of the key is null.
pub(crate) fn nullable_key(source: &TableName, column: &str) -> Finding {
    let message = format!(
        "column {column} of the primary key may be null at the source; rows where it is are rejected"
    );
    Finding::note("PRIMARY_KEY_NULLABLE", source.to_string(), message)
}

/// The indexes that a new table gets, under the destination's names. One over a column that does not
/// move is left out.
pub(crate) fn indexes(
    choice: IndexChoice,
    source: &NativeTable,
    planned: &[Planned],
) -> Vec<Index> {
    let wanted = |index: &&Index| match choice {
        IndexChoice::None => false,
        IndexChoice::Unique => index.unique,
        IndexChoice::All => true,
    };
    let renamed = |index: &Index| {
        Some(Index {
            columns: ddl::renamed(&index.columns, planned)?,
            ..index.clone()
        })
    };
    source
        .indexes
        .iter()
        .filter(wanted)
        .filter_map(renamed)
        .collect()
}
