//! Tables that are there: what their columns hold, whether they can be written to, and whether they
//! are still what the plan says.

use std::collections::BTreeMap;

use contract::ExistingTable;
use model::plan::{Column, Write};
use model::{
    Error, ErrorKind, Finding, NativeColumn, NativeTable, Result, Side, TableKind, TableName,
};
use mysql_async::Conn;

use super::folding::Folding;
use super::ties::{AllTies, Ties, UNSEEN_HINT, unseen_words};
use super::types;
use crate::mysql::catalog::{self, TableFacts};
use crate::mysql::column::srid_of;
use crate::mysql::options::HiddenColumns;

/// The tables in the order asked.
pub(super) async fn describe(
    connection: &mut Conn,
    tables: &[TableName],
) -> Result<Vec<Option<ExistingTable>>> {
    let found = natives(connection, tables).await?;
    let mut ties: BTreeMap<&str, AllTies> = BTreeMap::new();
    for table in found.iter().flatten() {
        let database = table.name.schema.as_str();
        if !ties.contains_key(database) {
            ties.insert(database, Ties::of_all(connection, database).await?);
        }
    }
    let mut described = Vec::with_capacity(found.len());
    for table in &found {
        let known = table
            .as_ref()
            .and_then(|table| Some((table, ties.get(table.name.schema.as_str())?)));
        described.push(match known {
            Some((table, ties)) if is_written_to(table.kind) => {
                Some(existing(table, ties.table(connection, &table.name).await?))
            }
            Some((table, _)) => Some(existing(table, Ties::default())),
            None => None,
        });
    }
    Ok(described)
}

async fn natives(connection: &mut Conn, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
    let folding = Folding::of(connection).await?;
    let names: Vec<TableName> = tables.iter().map(|name| folding.kept(name)).collect();
    catalog::describe(connection, &names, HiddenColumns::Refuse)
        .await
        .map_err(|error| error.on(Side::Destination))
}

fn existing(table: &NativeTable, ties: Ties) -> ExistingTable {
    ExistingTable {
        columns: written(table).map(column).collect(),
        partition_column: None,
        findings: findings(table, ties),
    }
}

/// The columns that rows can be written to: not those that the server computes, nor those that a source
/// shows beside a geometry.
fn written(table: &NativeTable) -> impl Iterator<Item = &NativeColumn> {
    let columns = table.columns.iter();
    columns.filter(|column| !column.generated && srid_of(column).is_none())
}

fn column(native: &NativeColumn) -> Column {
    Column {
        name: native.name.clone(),
        holds: types::holds(native),
        native: types::native(native),
        nullable: native.nullable,
        comment: native.comment.clone(),
    }
}

fn findings(table: &NativeTable, ties: Ties) -> Vec<Finding> {
    let (at, name) = (table.name.to_string(), &table.name);
    let mut findings = Vec::new();
    if !is_written_to(table.kind) {
        let message = format!(
            "{name} is a {}, and rows go into tables alone",
            table.kind.words()
        );
        findings.push(
            Finding::blocker("NOT_WRITABLE", &at, message)
                .hint("choose other names, or another namespace"),
        );
        return findings;
    }
    if let Some(engine) = engine_without_transactions(table) {
        let message = format!("{name} is of engine {engine}, which has no transactions");
        findings.push(
            Finding::blocker("NOT_WRITABLE", &at, message).hint(
                "convert it at the server (ALTER TABLE … ENGINE=InnoDB), or choose other names",
            ),
        );
    }
    if ties.triggers {
        let message =
            format!("{name} has triggers: they fire for each row, and may change what is written");
        findings.push(
            Finding::warning("TRIGGERS_FIRE", &at, message)
                .hint("drop them for the time of the run, or choose other names"),
        );
    }
    if ties.unseen {
        let message = unseen_words(name);
        findings.push(Finding::warning("FOREIGN_KEYS_UNSEEN", &at, message).hint(UNSEEN_HINT));
    } else if ties.cascades {
        let message = format!(
            "foreign keys of other tables follow {name} when rows are deleted: an overwrite is refused"
        );
        findings.push(
            Finding::warning("WOULD_CASCADE", &at, message)
                .hint("use loading-policy: update, or drop the foreign keys there"),
        );
    } else if ties.any() {
        let message =
            format!("{name} is overwritten in place, by one transaction that deletes and inserts");
        let note = Finding::note("OVERWRITTEN_IN_PLACE", &at, message);
        findings.push(if ties.blind {
            note.hint("grant the user TRIGGER, so that it can see that there are none and the table can be exchanged")
        } else {
            note
        });
    }
    let normalised = table.columns.iter().filter(|column| column.base == "json");
    for column in normalised {
        let message = format!(
            "the server keeps documents of column {:?} in a form of its own: blanks, the order of keys and digits of numbers may change",
            column.name
        );
        let finding = Finding::warning("JSON_NORMALIZED", &at, message);
        findings.push(finding.hint("a column of type longtext keeps them as they are"));
    }
    findings
}

fn is_written_to(kind: TableKind) -> bool {
    matches!(
        kind,
        TableKind::Table | TableKind::PartitionedTable | TableKind::SystemVersioned
    )
}

fn engine_without_transactions(table: &NativeTable) -> Option<String> {
    let facts: TableFacts = serde_json::from_value(table.private.clone()).unwrap_or_default();
    let engine = facts.engine.unwrap_or_default();
    (!catalog::has_transactions(&engine)).then_some(engine)
}

/// The table is what the plan says: asked before rows move, and again before they are published.
pub(super) async fn check_unchanged(connection: &mut Conn, write: &Write) -> Result<()> {
    let name = &write.table.name;
    let found = natives(connection, std::slice::from_ref(name)).await?;
    let found = found.into_iter().next().flatten();
    let (code, what) = match (&found, write.exists) {
        (None, false) => return Ok(()),
        (Some(_), false) => ("TABLE_APPEARED", "it is there already"),
        (None, true) => ("TABLE_CHANGED", "it is not there any more"),
        (Some(table), true) if engine_without_transactions(table).is_some() => {
            ("TABLE_CHANGED", "its engine has no transactions")
        }
        (Some(table), true) => match same_columns(table, &write.table.columns) {
            true => return Ok(()),
            false => ("TABLE_CHANGED", "its columns are others"),
        },
    };
    let message = format!("{name} is not as it was when it was planned: {what}");
    Err(Error::new(ErrorKind::Conflict, code, message)
        .on(Side::Destination)
        .hint("run again: the next plan sees it as it is now"))
}

fn same_columns(table: &NativeTable, planned: &[Column]) -> bool {
    let found: Vec<Column> = written(table).map(column).collect();
    let shape = |column: &Column| (column.name.clone(), column.nullable, column.holds.clone());
    found.iter().map(shape).eq(planned.iter().map(shape))
}

#[cfg(test)]
mod tests {
    use model::LogicalType;
    use serde_json::json;

    use super::*;

    fn table(kind: TableKind, engine: &str) -> NativeTable {
        let column = |name: &str, generated| NativeColumn {
            name: name.to_owned(),
            type_text: "int(11)".to_owned(),
            base: "int".to_owned(),
            generated,
            ..NativeColumn::default()
        };
        NativeTable {
            name: TableName::new("d", "t"),
            kind,
            columns: vec![column("a", false), column("b", true)],
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            indexes: Vec::new(),
            comment: None,
            estimated_rows: None,
            estimated_bytes: None,
            findings: Vec::new(),
            private: json!({ "engine": engine }),
        }
    }

    fn check(kind: TableKind, engine: &str, ties: Ties, expected: &[&str]) {
        let found = existing(&table(kind, engine), ties).findings;
        let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, expected);
    }

    #[test]
    fn what_cannot_be_written_to_is_refused_and_what_hangs_on_it_is_told() {
        let none = Ties::default();
        check(TableKind::Table, "InnoDB", none, &[]);
        check(TableKind::View, "", none, &["NOT_WRITABLE"]);
        check(TableKind::Table, "MyISAM", none, &["NOT_WRITABLE"]);
        let triggers = Ties {
            triggers: true,
            ..none
        };
        check(
            TableKind::Table,
            "InnoDB",
            triggers,
            &["TRIGGERS_FIRE", "OVERWRITTEN_IN_PLACE"],
        );
        let cascades = Ties {
            keys: true,
            cascades: true,
            ..none
        };
        check(TableKind::Table, "InnoDB", cascades, &["WOULD_CASCADE"]);
        let unseen = Ties {
            unseen: true,
            ..cascades
        };
        check(TableKind::Table, "InnoDB", unseen, &["FOREIGN_KEYS_UNSEEN"]);
        let blind = Ties {
            blind: true,
            ..none
        };
        check(TableKind::Table, "InnoDB", blind, &["OVERWRITTEN_IN_PLACE"]);
    }

    #[test]
    fn computed_columns_are_not_written() {
        let found = existing(&table(TableKind::Table, "InnoDB"), Ties::default());
        let names: Vec<&str> = found.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["a"]);
        assert_eq!(found.columns[0].holds, LogicalType::int(32));
        assert!(same_columns(
            &table(TableKind::Table, "InnoDB"),
            &found.columns
        ));
    }
}
