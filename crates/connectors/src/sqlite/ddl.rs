//! How SQLite spells names. It is read from alone, so no table is ever made in it.

use contract::Dialect;
use model::plan::{Partition, Scan, TableSchema};
use model::{Finding, NativeColumn};

use super::keys::by_keys;
use super::snapshot;

/// SQLite's spelling.
pub(super) struct SqliteDialect;

impl Dialect for SqliteDialect {
    /// In backticks, and not in double quotes: where there is no column of that name SQLite takes a
    /// double-quoted name for a text, so that a column that has gone would read as its own name.
    fn quote(&self, identifier: &str) -> String {
        format!("`{}`", identifier.replace('`', "``"))
    }

    fn create_table(&self, _table: &TableSchema, _partition: Option<&Partition>) -> Vec<String> {
        Vec::new()
    }

    fn review_scan(&self, scan: &Scan) -> Vec<Finding> {
        snapshot::review(scan).into_iter().collect()
    }

    fn key_condition(&self, columns: &[NativeColumn], keys: &[Vec<String>]) -> Option<String> {
        by_keys(columns, keys)
    }
}

/// A table of the main schema, quoted.
pub(super) fn quoted_table(table: &str) -> String {
    format!("main.{}", SqliteDialect.quote(table))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    proptest! {
        #[test]
        fn any_name_is_one_column(name in "[^\0]{1,12}") {
            let connection = Connection::open_in_memory().unwrap();
            let quoted = SqliteDialect.quote(&name);
            connection.execute_batch(&format!("CREATE TABLE t ({quoted} INT)")).unwrap();
            let statement = connection.prepare(&format!("SELECT {quoted} FROM t")).unwrap();
            prop_assert_eq!(statement.column_name(0).unwrap(), name);
        }
    }

    #[test]
    fn a_column_that_has_gone_is_no_text() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a INT)").unwrap();
        let gone = SqliteDialect.quote("gone");
        assert!(
            connection
                .prepare(&format!("SELECT {gone} FROM t"))
                .is_err()
        );
    }
}
