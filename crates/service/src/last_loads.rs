//! What each source table looked like when it was last loaded, as the store keeps it.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::plan::{Pipeline, Plan};
use model::run::{RunReport, TableState};
use model::{Error, LastShape, Result, RunId, TableName};
use store::{RunRecord, Store};

/// The last successful load of each table of the migration, by source table.
pub(crate) async fn read(store: &Store, migration: &str) -> Result<BTreeMap<TableName, LastShape>> {
    let loaded = store.loaded(migration).await?;
    Ok(loaded
        .into_iter()
        .filter_map(|(key, table)| Some((table_of(&key)?, LastShape::parse(&table.fingerprint))))
        .collect())
}

/// What the store keeps of a table that this pipeline loaded: its key, and what it looked like.
fn line(pipeline: &Pipeline) -> Result<(String, String)> {
    let looked = match &pipeline.shape {
        Some(shape) => serde_json::to_string(shape).map_err(|cause| {
            Error::internal("a table's shape cannot be written as JSON").caused_by(cause)
        })?,
        None => pipeline.scan.fingerprint.clone(),
    };
    Ok((key_of(&pipeline.scan.table), looked))
}

/// Notes what the tables that a run loaded looked like: a later run is compared with it. Not for a replay,
/// which loads a few rows of them.
pub(crate) async fn note(
    store: &Store,
    migration: &str,
    plan: &Plan,
    report: &RunReport,
) -> Result<()> {
    let tables = report.tables.iter();
    let succeeded: HashSet<&str> = tables
        .filter(|table| table.state == TableState::Succeeded)
        .map(|table| table.source.as_str())
        .collect();
    let loaded: Vec<(String, String)> = plan
        .pipelines
        .iter()
        .filter(|pipeline| succeeded.contains(pipeline.scan.table.to_string().as_str()))
        .map(line)
        .collect::<Result<_>>()?;
    store.note_loaded(migration, &report.run, &loaded).await
}

/// Tells the plan how many rows the last successful load read of each table that was and is read whole.
pub(crate) async fn note_rows(store: &Store, migration: &str, plan: &mut Plan) -> Result<()> {
    let loaded = store.loaded(migration).await?;
    let mut runs: HashMap<RunId, HashMap<String, u64>> = HashMap::new();
    let pipelines = plan.pipelines.iter_mut();
    for pipeline in pipelines.filter(|pipeline| pipeline.scan.filter.is_none()) {
        let Some(last) = loaded.get(&key_of(&pipeline.scan.table)) else {
            continue;
        };
        if !runs.contains_key(&last.run) {
            let record = store.run(&last.run).await?;
            runs.insert(last.run.clone(), record.map(read_whole).unwrap_or_default());
        }
        let source = pipeline.scan.table.to_string();
        let rows = runs.get(&last.run).and_then(|rows| rows.get(&source));
        pipeline.rows_before = rows.copied();
    }
    Ok(())
}

/// The rows of each table that a run read whole.
fn read_whole(run: RunRecord) -> HashMap<String, u64> {
    let pipelines = run.plan.into_iter().flat_map(|plan| plan.pipelines);
    let whole: HashSet<String> = pipelines
        .filter(|pipeline| pipeline.scan.filter.is_none())
        .map(|pipeline| pipeline.scan.table.to_string())
        .collect();
    let tables = run.report.into_iter().flat_map(|report| report.tables);
    tables
        .filter(|table| table.state == TableState::Succeeded && whole.contains(&table.source))
        .map(|table| (table.source, table.rows_read))
        .collect()
}

/// A table's name as the store's key, and back: names may hold dots.
fn key_of(table: &TableName) -> String {
    serde_json::json!([table.schema, table.table]).to_string()
}

fn table_of(key: &str) -> Option<TableName> {
    let (schema, table): (String, String) = serde_json::from_str(key).ok()?;
    Some(TableName::new(schema, table))
}
