//! `runs`: history, the proof of each table, rejected rows with their reasons.

use std::path::Path;

use contract::options::nearest_hint;
use model::run::RejectedRow;
use model::{Error, ErrorKind, Result, RunId};
pub use store::RunRecord;
use store::Store;

use crate::data_folder::existing_store;

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

/// The rows that a run kept aside, oldest first.
pub async fn rejected(data: Option<&Path>, id: &RunId, limit: u32) -> Result<Vec<RejectedRow>> {
    let store = existing_store(data).await?;
    let run = find(&store, id).await?;
    store.rejected(&run.id, limit).await
}

async fn find(store: &Store, id: &RunId) -> Result<RunRecord> {
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
