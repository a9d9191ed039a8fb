//! What an earlier process left open: settled at the destination that its own run wrote to, which the
//! file may not name any more, before anything new is started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use contract::Destination;
use engine::SettledTables;
use model::migration::MigrationFile;
use model::run::{RunState, TableReport};
use model::{Error, Finding, PipelineId, Result, Side};
use serde_json::{Value as Json, json};
use store::RunRecord;

use crate::ends::{self, Access, Ends};
use crate::journal::StoreJournal;
use crate::run::resume::{FOLDER, spec_of};
use crate::run::{Desk, Start, Watcher, resume};

/// The reports of tables that a run has committed.
type Committed = BTreeMap<PipelineId, TableReport>;

impl Desk {
    /// A run that succeeded and could not remove all that it had staged.
    pub(super) async fn unswept(&self, last: Option<&RunRecord>) -> Result<Option<RunRecord>> {
        let Some(run) = last.filter(|run| run.state == RunState::Succeeded) else {
            return Ok(None);
        };
        let journal = StoreJournal(self.store.clone());
        let open = engine::has_open_loads(&run.id, &journal).await?;
        Ok(open.then(|| run.clone()))
    }

    /// Settles what an earlier process left open at the destination: nothing of it may become visible
    /// later. What keeps it from being settled is a blocker.
    pub(super) async fn settle(
        &self,
        start: &Start,
        ends: &Ends,
        watcher: &dyn Watcher,
    ) -> Result<Option<Finding>> {
        let Some(run) = start.resumed.as_ref().or(start.left.as_ref()) else {
            return Ok(None);
        };
        let committed = match self.settle_run(run, None, ends, watcher).await? {
            Ok(committed) => committed,
            Err(blocker) => return Ok(Some(*blocker)),
        };
        if start.left.is_some() {
            resume::close(&self.store, run, &committed, self.clock).await?;
            self.store.mark_settled(&run.id).await?;
        }
        Ok(None)
    }

    /// Settles what a run left open, of all its tables or of `only` these; what it has committed of them.
    pub(super) async fn settle_run(
        &self,
        run: &RunRecord,
        only: Option<&BTreeSet<PipelineId>>,
        ends: &Ends,
        watcher: &dyn Watcher,
    ) -> Result<std::result::Result<Committed, Box<Finding>>> {
        let journal = StoreJournal(self.store.clone());
        let settling = async {
            let destination = self.destination_of(run, &journal, ends).await?;
            let destination = destination.as_ref();
            match only {
                Some(tables) => engine::settle_tables(&run.id, tables, &journal, destination).await,
                None => Ok(SettledTables {
                    settled: engine::settle_unfinished(&run.id, &journal, destination).await?,
                    committed: resume::committed(&run.id, &journal).await?,
                }),
            }
        };
        let SettledTables { settled, committed } = match settling.await {
            Ok(settled) => settled,
            Err(error) if error.side == Side::Store => return Err(error),
            Err(error) => return Ok(Err(Box::new(self.blocked(run, &error)))),
        };
        if run.state != RunState::Succeeded {
            let standing = committed.values();
            let standing: Vec<String> = standing
                .filter_map(|report| report.destination.clone())
                .collect();
            watcher.settled(&run.id, &settled, &standing);
        }
        Ok(Ok(committed))
    }

    /// Where the run wrote to: the file's destination, or, where the file or its folder names another
    /// one now and loads are open at the old one, that.
    async fn destination_of(
        &self,
        run: &RunRecord,
        journal: &StoreJournal,
        ends: &Ends,
    ) -> Result<Arc<dyn Destination>> {
        let now = || Ok(Arc::clone(&ends.destination));
        let (Some(then), Some(file)) = (&run.spec, &self.loaded.file) else {
            return now();
        };
        let same = where_to(then) == where_to(&spec_of(file, &self.loaded.base));
        if same || !engine::has_open_loads(&run.id, journal).await? {
            return now();
        }
        let file = MigrationFile {
            version: 1,
            data_sources: read(&then["data-sources"])?,
            migration: read(&then["migration"])?,
        };
        let base = then[FOLDER]
            .as_str()
            .map_or(self.loaded.base.clone(), PathBuf::from);
        tracing::info!(run = %run.id, "an earlier destination is settled first");
        let access = Access {
            base: &base,
            environment: self.environment,
            trusted: &self.trusted,
        };
        ends::destination(&file, &access).await
    }

    fn blocked(&self, run: &RunRecord, error: &Error) -> Finding {
        let file = self.loaded.file.as_ref();
        let name = file.map_or("", |file| file.migration.destination.data_source.as_str());
        let then = run.spec.as_ref();
        let elsewhere = then
            .zip(file)
            .filter(|(then, file)| where_to(then) != where_to(&spec_of(file, &self.loaded.base)));
        let hint = match elsewhere {
            Some((then, _)) => format!(
                "run {} wrote to {}, and a load of it may stand there or not: nothing is started until that is \
                 known; let that place answer once more, or keep the runs of the new one in another data folder",
                run.id,
                where_to(then)["place"]
            ),
            None => "a load of the run before may stand there or not: nothing is started until that is known"
                .to_owned(),
        };
        ends::blocker(error, name).hint(hint)
    }
}

/// What of a run's spec says where it writes to. Secrets are places in it, never texts.
fn where_to(spec: &Json) -> Json {
    let end = &spec["migration"]["destination"];
    let name = end["data-source"].as_str().unwrap_or_default();
    let place = &spec["data-sources"][name];
    let named = json!([end["namespace"], spec["migration"]["name"]]);
    json!({ "place": place, "named": named, "folder": spec[FOLDER] })
}

fn read<T: serde::de::DeserializeOwned>(value: &Json) -> Result<T> {
    T::deserialize(value).map_err(|cause| {
        Error::internal("the file of an earlier run cannot be understood").caused_by(cause)
    })
}
