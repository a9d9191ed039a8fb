//! Whether a filter is one expression that SQLite understands, found out without running it.

use model::{Error, ErrorKind, Side, TableName};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::ddl::quoted_table;
use super::errors::error_of;

/// A session in which a double-quoted name that is no column is an error and not a text.
pub(super) fn strict(connection: &Connection) -> model::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)
        .map(drop)
        .map_err(|error| error_of(error, "prepare for filters"))
}

/// What is wrong with the filter.
pub(super) fn problem(connection: &Connection, table: &TableName, filter: &str) -> Option<Error> {
    let name = quoted_table(&table.table);
    // Twice: alone, a parenthesis too many does not close ours; in parentheses, nothing but one
    // expression stands.
    let alone = format!("SELECT {filter}\n FROM {name}");
    let wrapped = format!("SELECT 1 FROM {name} WHERE {}", condition(filter));
    for sql in [wrapped, alone] {
        match connection.prepare(&sql) {
            Ok(statement) if statement.parameter_count() > 0 => {
                let message = format!("the filter of {table} has parameters (?, :name, @name)");
                return Some(refused(message).hint("write values as literals"));
            }
            Ok(_) => {}
            Err(error) => {
                let said = error_of(error, &format!("understand the filter of {table}"));
                return Some(refused(said.message));
            }
        }
    }
    None
}

/// The filter as a condition beside others; a comment in it ends with its line.
pub(super) fn condition(filter: &str) -> String {
    format!("(\n{filter}\n)")
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, "FILTER_INVALID", message).on(Side::Source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filter: &str, understood: bool) {
        let connection = Connection::open_in_memory().unwrap();
        strict(&connection).unwrap();
        let table = "CREATE TABLE `my table` (id INTEGER PRIMARY KEY, status TEXT)";
        connection.execute_batch(table).unwrap();
        let problem = problem(&connection, &TableName::new("main", "my table"), filter);
        assert_eq!(problem.is_none(), understood, "{filter}: {problem:?}");
    }

    #[test]
    fn one_expression_alone() {
        for filter in [
            "id > 3",
            "id > 3 AND status = 'open' -- only these",
            "status IN (SELECT status FROM `my table`)",
            "(id > 3) OR (id < 1)",
            "\"status\" = 'a'",
            "status LIKE '%)%'",
            "/* all */ 1",
        ] {
            check(filter, true);
        }
        for filter in [
            "",
            " ",
            "id >",
            "gone = 1",
            "\"open\" = status",
            "1) OR (1",
            "1; DELETE FROM `my table`",
            "id > 3 ORDER BY id",
            "id > 3 LIMIT 1",
            "id, status",
            "1 AS x",
            "1 /*",
            "id = ?1",
            "id = :id",
            "count(*) > 1",
            "1 FROM `my table` --",
            "id = 1\0",
        ] {
            check(filter, false);
        }
    }
}
