//! What each source table looked like when it was last loaded, as the store keeps it.

use std::collections::BTreeMap;

use model::plan::Pipeline;
use model::{Error, LastShape, Result, TableName};
use store::Store;

/// The last successful load of each table of the migration, by source table.
pub(crate) async fn read(store: &Store, migration: &str) -> Result<BTreeMap<TableName, LastShape>> {
    let loaded = store.loaded(migration).await?;
    Ok(loaded
        .into_iter()
        .filter_map(|(key, table)| Some((table_of(&key)?, LastShape::parse(&table.fingerprint))))
        .collect())
}

/// What the store keeps of a table that this pipeline loaded: its key, and what it looked like.
pub(crate) fn line(pipeline: &Pipeline) -> Result<(String, String)> {
    let looked = match &pipeline.shape {
        Some(shape) => serde_json::to_string(shape).map_err(|cause| {
            Error::internal("a table's shape cannot be written as JSON").caused_by(cause)
        })?,
        None => pipeline.scan.fingerprint.clone(),
    };
    Ok((key_of(&pipeline.scan.table), looked))
}

/// A table's name as the store's key, and back: names may hold dots.
fn key_of(table: &TableName) -> String {
    serde_json::json!([table.schema, table.table]).to_string()
}

fn table_of(key: &str) -> Option<TableName> {
    let (schema, table): (String, String) = serde_json::from_str(key).ok()?;
    Some(TableName::new(schema, table))
}
