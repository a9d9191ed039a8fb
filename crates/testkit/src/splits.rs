//! How a source cuts a table: for each number of splits wanted, which rows each split holds, known by
//! a column of whole numbers. Whether they cover the table once is for others to judge.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use contract::{AnyConnector, Opening};
use model::{Error, ErrorKind, Result, TableName, TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::reading::{Asked, Given, read_splits, scan};

/// Which table of which source, and how often it is cut.
#[derive(Debug, Clone, Deserialize)]
pub struct Cuts {
    /// The connector's id.
    pub connector: String,
    /// Its connection options.
    pub connection: Json,
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The columns to cut by; empty leaves it to the connector.
    #[serde(default)]
    pub split_by: Vec<String>,
    /// The column that rows are known by.
    pub known_by: String,
    /// Numbers of splits.
    pub wanted: Vec<usize>,
}

/// One way to cut the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The number of splits wanted.
    pub wanted: usize,
    /// For each split the numbers of its rows.
    pub splits: Vec<Vec<i64>>,
    /// Rows that could not be decoded, over all splits.
    pub rejected: u64,
}

/// Cuts the table each way, all under one snapshot.
pub async fn cuts(asked: &Cuts) -> Result<Vec<Cut>> {
    let connector = connectors::connector(&asked.connector)
        .ok_or_else(|| missing(&format!("connector {}", asked.connector)))?;
    let opening = Opening::new(".", TimeZone::utc(), "");
    let source = connector
        .source(&asked.connection, &json!({}), &opening)
        .await?;
    let table = Asked {
        types: AnyConnector::types(connector),
        table: TableName::new(&asked.schema, &asked.table),
        split_by: asked.split_by.clone(),
    };
    let scan = scan(source.as_ref(), &table)
        .await?
        .ok_or_else(|| missing(&table.table.to_string()))?;
    let known_by = scan
        .columns
        .iter()
        .position(|column| column.native.name == asked.known_by)
        .ok_or_else(|| missing(&asked.known_by))?;
    let opened = source.open_snapshot(std::slice::from_ref(&scan), 2).await?;
    if let Some((_, error)) = opened.refused.into_iter().next() {
        return Err(error);
    }
    let mut cuts = Vec::new();
    for wanted in &asked.wanted {
        let given = read_splits(opened.snapshot.as_ref(), &scan, *wanted).await?;
        cuts.push(Cut {
            wanted: *wanted,
            rejected: given.iter().map(|given| given.rejected).sum(),
            splits: given
                .iter()
                .map(|given| numbers(given, known_by))
                .collect::<Result<_>>()?,
        });
    }
    opened.snapshot.check_held().await?;
    opened.snapshot.close().await;
    Ok(cuts)
}

fn numbers(given: &Given, column: usize) -> Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for batch in &given.batches {
        let cast = cast(batch.column(column), &DataType::Int64)
            .map_err(|error| Error::internal("rows are known by whole numbers").caused_by(error))?;
        if cast.null_count() > 0 {
            return Err(Error::internal("a row has no number"));
        }
        numbers.extend(cast.as_primitive::<Int64Type>().values());
    }
    Ok(numbers)
}

fn missing(what: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        "NOT_FOUND",
        format!("there is no {what}"),
    )
}
