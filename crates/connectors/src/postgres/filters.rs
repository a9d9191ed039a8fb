//! Filters: conditions that a person wrote. They are checked by the server without running them, and
//! must be one expression: nothing may close our brackets.

use model::{Error, ErrorKind, Result, Side, TableName};
use tokio_postgres::error::ErrorPosition;

use super::connect::Session;
use super::ddl::quote_table;
use super::errors::{error_of, error_of_text};
use super::read_options::{PostgresRead, RowSecurity};

/// Whether the server understands `filter` as a condition on `table`.
pub(super) async fn check(
    session: &Session,
    how: &PostgresRead,
    table: &TableName,
    filter: &str,
) -> Option<Error> {
    // Else the server would refuse the table here, whatever the filter says. No row is read.
    let accepts = how.row_security == RowSecurity::AcceptFilteredRows;
    if accepts && let Err(error) = session.run("SET row_security = on").await {
        return Some(error);
    }
    let answer = understood(session, table, filter).await;
    if accepts && let Err(error) = session.run("SET row_security = off").await {
        return Some(error);
    }
    answer
}

async fn understood(session: &Session, table: &TableName, filter: &str) -> Option<Error> {
    let name = quote_table(table);
    // Two kinds of brackets: a text that closes the one kind does not close the other.
    let enclosures = [
        (
            "SELECT (ARRAY[\n".to_owned(),
            format!("\n])[1] FROM {name}"),
        ),
        (format!("SELECT 1 FROM {name} WHERE (\n"), "\n)".to_owned()),
    ];
    for (before, after) in &enclosures {
        let prepared = session
            .client
            .prepare(&format!("{before}{filter}{after}"))
            .await;
        match prepared {
            Ok(statement) if !statement.params().is_empty() => {
                let message = format!("the filter of {table} holds a parameter ($1)");
                return Some(
                    Error::new(ErrorKind::Config, "FILTER_INVALID", message).on(Side::Source),
                );
            }
            Ok(_) => {}
            Err(cause) => return Some(explain(cause, table, before.chars().count())),
        }
    }
    None
}

fn explain(cause: tokio_postgres::Error, table: &TableName, prefix: usize) -> Error {
    let place = cause
        .as_db_error()
        .and_then(|error| match error.position() {
            Some(ErrorPosition::Original(position)) => {
                usize::try_from(*position).ok()?.checked_sub(prefix)
            }
            _ => None,
        });
    let at = place.map_or_else(String::new, |place| format!(" at character {place}"));
    let mut error = error_of_text(cause);
    match error.code {
        "COLUMN_MISSING" => error.code = "FILTER_COLUMN_MISSING",
        "SERVER_REFUSED" | "SERVER_DATA_ERROR" => error.code = "FILTER_INVALID",
        _ => return error.context(format!("could not check the filter of {table}")),
    }
    error.kind = ErrorKind::Config;
    error.context(format!("the filter of {table} does not parse{at}"))
}

/// How many rows the server expects of `relation` (as it stands behind FROM) under `filter`.
pub(super) async fn estimate(
    session: &Session,
    relation: &str,
    filter: Option<&str>,
) -> Result<f64> {
    let condition = filter.map_or_else(String::new, |filter| format!(" WHERE (\n{filter}\n)"));
    let query = format!("EXPLAIN (FORMAT JSON) SELECT 1 FROM {relation}{condition}");
    let messages = session
        .client
        .simple_query(&query)
        .await
        .map_err(error_of)?;
    let lines = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let text: String = lines.collect::<Vec<_>>().join("\n");
    let plan: serde_json::Value = serde_json::from_str(&text).map_err(|cause| {
        super::errors::protocol("EXPLAIN did not answer with JSON").caused_by(cause)
    })?;
    Ok(plan[0]["Plan"]["Plan Rows"].as_f64().unwrap_or(f64::MAX))
}
