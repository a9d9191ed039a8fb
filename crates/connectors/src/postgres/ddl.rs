//! How PostgreSQL spells things.

use contract::Dialect;
use model::plan::{Partition, Scan, TableSchema, Write};
use model::{Finding, NativeColumn, TableName};

use super::destination::limits;
use super::keys::by_keys;
use super::snapshot;

/// PostgreSQL's spelling.
pub(super) struct PostgresDialect;

impl Dialect for PostgresDialect {
    fn quote(&self, identifier: &str) -> String {
        quote(identifier)
    }

    fn review_scan(&self, scan: &Scan) -> Vec<Finding> {
        snapshot::review(scan).into_iter().collect()
    }

    fn key_condition(&self, columns: &[NativeColumn], keys: &[Vec<String>]) -> Option<String> {
        by_keys(columns, keys)
    }

    fn create_table(&self, table: &TableSchema, partition: Option<&Partition>) -> Vec<String> {
        let mut lines: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let required = if column.nullable { "" } else { " NOT NULL" };
                format!("  {} {}{required}", quote(&column.name), column.native)
            })
            .collect();
        if let Some(partition) = partition
            && !table
                .columns
                .iter()
                .any(|column| column.name == partition.column)
        {
            lines.push(format!("  {} text NOT NULL", quote(&partition.column)));
        }
        if !table.primary_key.is_empty() {
            let key: Vec<String> = table.primary_key.iter().map(|name| quote(name)).collect();
            lines.push(format!("  PRIMARY KEY ({})", key.join(", ")));
        }
        let name = quote_table(&table.name);
        let mut statements = vec![format!("CREATE TABLE {name} (\n{}\n)", lines.join(",\n"))];
        if let Some(comment) = &table.comment {
            statements.push(format!("COMMENT ON TABLE {name} IS {}", literal(comment)));
        }
        for column in &table.columns {
            if let Some(comment) = &column.comment {
                let place = format!("{name}.{}", quote(&column.name));
                statements.push(format!("COMMENT ON COLUMN {place} IS {}", literal(comment)));
            }
        }
        statements
    }

    fn review(&self, write: &Write) -> Vec<Finding> {
        limits::review(write)
    }
}

/// The identifier, quoted whatever it holds.
pub(super) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Schema and table, quoted.
pub(super) fn quote_table(name: &TableName) -> String {
    format!("{}.{}", quote(&name.schema), quote(&name.table))
}

/// A text as a literal that means the same whatever `standard_conforming_strings` says, on one line.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    let escaped = quoted
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    if escaped == quoted {
        format!("'{quoted}'")
    } else {
        format!("E'{escaped}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_stays_a_name() {
        for (name, expected) in [
            ("select", "\"select\""),
            ("a\"b", "\"a\"\"b\""),
            ("x'; DROP TABLE t; -- ", "\"x'; DROP TABLE t; -- \""),
            ("a.b", "\"a.b\""),
        ] {
            assert_eq!(quote(name), expected);
        }
    }

    #[test]
    fn literals_mean_themselves() {
        for (text, expected) in [
            ("a'b", "'a''b'"),
            ("a\\b", "E'a\\\\b'"),
            ("a\r\n'", "E'a\\r\\n'''"),
            ("", "''"),
        ] {
            assert_eq!(literal(text), expected);
        }
    }
}
