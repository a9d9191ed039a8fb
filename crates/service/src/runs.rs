//! `runs`: history, the proof of each table, rejected rows with their reasons.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use contract::options::nearest_hint;
use engine::{Journal, KeptTable};
use model::run::RejectedRow;
use model::{Error, ErrorKind, PipelineId, Result, RunId};
use serde::Serialize;
pub use store::RunRecord;
use store::Store;

use crate::data_folder::existing_store;
use crate::journal::StoreJournal;

/// How many runs a beginning of an id is looked for in.
const LOOKED_THROUGH: u32 = 10_000;

/// The runs, newest first; of one migration where `migration` is given.
pub async fn list(
    data: Option<&Path>,
    migration: Option<&str>,
    limit: u32,
) -> Result<Vec<RunRecord>> {
    existing_store(data).await?.runs(migration, limit).await
}

/// One run, by its id or an unambiguous beginning of it.
pub async fn show(data: Option<&Path>, id: &RunId) -> Result<RunRecord> {
    find(&existing_store(data).await?, id).await
}

/// What a run kept aside.
#[derive(Debug, Clone, Serialize)]
pub struct RejectedOfRun {
    /// Its id.
    pub run: RunId,
    /// Tables of which rows were rejected.
    pub tables: Vec<RejectedOfTable>,
    /// The rows, table by table, at most as many as asked for.
    pub rows: Vec<RejectedRow>,
}

/// What a run kept aside of one table.
#[derive(Debug, Clone, Serialize)]
pub struct RejectedOfTable {
    /// `schema.table` at the source.
    pub source: String,
    /// How many rows were rejected.
    pub rejected: u64,
    /// How many of them were kept: fewer only where so many were rejected that the table failed.
    pub kept: u64,
    /// Whether the rows that were not rejected stand at the destination.
    pub committed: bool,
    /// The run that read them again and published them.
    pub replayed_by: Option<RunId>,
    /// How many of them it rejected again: they are to be had under its own id.
    pub rejected_again: u64,
}

/// What a run kept aside, at most `limit` rows of it; all of them in one Parquet file, where `export`
/// names one that is not there yet.
pub async fn rejected(
    data: Option<&Path>,
    id: &RunId,
    limit: u64,
    export: Option<PathBuf>,
) -> Result<RejectedOfRun> {
    let store = existing_store(data).await?;
    let run = find(&store, id).await?;
    let journal = StoreJournal(store.clone());
    let kept: Vec<KeptTable> = kept(&journal, &run.id).await?;
    let replayed = replayed_tables(&store, &journal, &run.id).await?;
    let pipelines = run.plan.iter().flat_map(|plan| &plan.pipelines);
    let names: BTreeMap<_, _> = pipelines
        .map(|pipeline| (&pipeline.id, pipeline.scan.table.to_string()))
        .collect();
    let tables = kept.iter().map(|table| RejectedOfTable {
        source: names.get(&table.pipeline).cloned().unwrap_or_default(),
        rejected: table.rejected,
        kept: table.kept(),
        committed: table.committed,
        replayed_by: replayed.get(&table.pipeline).map(|again| again.run.clone()),
        rejected_again: replayed
            .get(&table.pipeline)
            .map_or(0, |again| again.rejected),
    });
    let tables = tables.collect();
    let folder = store.rejected_folder(&run.id);
    let rows = tokio::task::spawn_blocking(move || {
        if let Some(path) = export {
            engine::export_rejected(&folder, &kept, &path)?;
        }
        rows_of(&folder, &kept, 0, limit)
    });
    let rows = rows.await.map_err(not_read)??;
    let run = run.id;
    Ok(RejectedOfRun { run, tables, rows })
}

/// Tables of a run of which rows were rejected, from their last loads.
pub(crate) async fn kept(journal: &StoreJournal, run: &RunId) -> Result<Vec<KeptTable>> {
    let mut kept = engine::kept_tables(&journal.read(run).await?);
    kept.retain(|table| table.rejected > 0);
    Ok(kept)
}

pub(crate) fn not_read(cause: tokio::task::JoinError) -> Error {
    Error::internal("rejected rows were not read").caused_by(cause)
}

/// The rows of these tables, from the row `skip` (from 0) on, at most `limit`. Blocking.
pub(crate) fn rows_of(
    folder: &Path,
    tables: &[KeptTable],
    mut skip: u64,
    limit: u64,
) -> Result<Vec<RejectedRow>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for table in tables {
        for part in &table.parts {
            if skip >= part.rows {
                skip -= part.rows;
                continue;
            }
            for rows in engine::read_rejected(folder, std::slice::from_ref(part)) {
                let rows = rows?;
                let before = rows.len().min(usize::try_from(skip).unwrap_or(usize::MAX));
                skip -= before as u64;
                let wanted = limit - found.len();
                found.extend(rows.into_iter().skip(before).take(wanted));
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
    }
    Ok(found)
}

/// That a table's rejected rows were read again.
pub(crate) struct Replayed {
    /// By which run.
    pub(crate) run: RunId,
    /// How many were rejected again.
    pub(crate) rejected: u64,
}

/// The tables of which a later run read the rejected rows again and published them: that run's commit
/// is the mark, so that there is no moment between the two.
pub(crate) async fn replayed_tables(
    store: &Store,
    journal: &StoreJournal,
    run: &RunId,
) -> Result<BTreeMap<PipelineId, Replayed>> {
    let mut replayed = BTreeMap::new();
    for replay in store.replays(run).await? {
        for table in engine::kept_tables(&journal.read(&replay.id).await?) {
            if table.committed {
                let again = Replayed {
                    run: replay.id.clone(),
                    rejected: table.rejected,
                };
                replayed.insert(table.pipeline, again);
            }
        }
    }
    Ok(replayed)
}

pub(crate) async fn find(store: &Store, id: &RunId) -> Result<RunRecord> {
    if let Some(run) = store.run(id).await? {
        return Ok(run);
    }
    let runs = store.runs(None, LOOKED_THROUGH).await?;
    let known: Vec<_> = runs.iter().map(|run| run.id.to_string()).collect();
    let mut matching = runs
        .into_iter()
        .filter(|run| run.id.as_str().starts_with(id.as_str()));
    match (matching.next(), matching.next()) {
        (Some(run), None) => Ok(run),
        (Some(_), Some(_)) => Err(Error::new(
            ErrorKind::Config,
            "AMBIGUOUS_RUN",
            format!("several runs begin with {:?}", id.as_str()),
        )
        .hint("write more of the id; godwit runs list shows them")),
        (None, _) => {
            let known: Vec<_> = known.iter().map(String::as_str).take(5).collect();
            let hint = if known.is_empty() {
                "there are no runs yet".to_owned()
            } else {
                nearest_hint(id.as_str(), &known)
            };
            let message = format!("there is no run {:?}", id.as_str());
            Err(Error::new(ErrorKind::NotFound, "UNKNOWN_RUN", message).hint(hint))
        }
    }
}
