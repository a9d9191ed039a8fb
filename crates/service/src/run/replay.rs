//! Reading again what a run rejected, after its cause is mended: a run of its own that adds these rows
//! and no others. What it commits is what is marked: nothing can come between the two.

use std::collections::BTreeMap;

use engine::KeptTable;
use model::migration::{ExistingTables, LoadingPolicy, MigrationFile};
use model::plan::{Pipeline, Scan};
use model::run::RunState;
use model::{Finding, NativeColumn, Result, RunId, TableName};
use planner::Again;
use store::RunRecord;

use crate::ends::Ends;
use crate::journal::StoreJournal;
use crate::last_loads::key_of;
use crate::migration_file::Loaded;
use crate::plan::{Compiled, Occasion};
use crate::run::resume::file_changed;
use crate::run::{Desk, Start};
use crate::runs::{find, kept, not_read, replayed_tables};

/// More rows than that are better read by loading their table again.
const MOST_ROWS: u64 = 50_000;

type Refusal = (Occasion, Box<Finding>);

/// The file as a replay plans it: rows are added to what is there.
pub(super) fn adding(loaded: &Loaded) -> Loaded {
    let mut loaded = loaded.clone();
    if let Some(file) = &mut loaded.file {
        let spec = &mut file.migration;
        spec.existing_tables = ExistingTables::Keep;
        if spec.destination.loading_policy != LoadingPolicy::Update {
            spec.destination.loading_policy = LoadingPolicy::Append;
        }
    }
    loaded
}

impl Desk {
    /// A new run for what `id` rejected, with its business date and part; or why there is none.
    pub(super) async fn start_replay(
        &self,
        file: &MigrationFile,
        id: &RunId,
        unfinished: Option<RunRecord>,
    ) -> Result<std::result::Result<Start, Refusal>> {
        let run = find(&self.store, id).await?;
        let occasion = Occasion {
            bizdate: run.bizdate.clone(),
            part: run.part,
        };
        let open = unfinished
            .as_ref()
            .filter(|left| left.replays.as_ref() != Some(&run.id));
        let refusal = if run.migration != self.name {
            let message = format!("run {} is of migration {:?}", run.id, run.migration);
            Some(
                Finding::blocker("REPLAY_REFUSED", "migration.name", message)
                    .hint("name the file that it was run with"),
            )
        } else if let Some(open) = open {
            let message = format!("run {} did not finish", open.id);
            Some(
                Finding::blocker("REPLAY_REFUSED", "", message)
                    .hint("take it up with --resume first: it may still load these rows"),
            )
        } else if run.state == RunState::Refused || run.plan.is_none() {
            let message = format!("run {} moved nothing", run.id);
            Some(
                Finding::blocker("NOTHING_TO_REPLAY", "", message)
                    .hint("godwit runs list shows others"),
            )
        } else {
            file_changed(&run, file, &self.loaded)
        };
        Ok(match refusal {
            Some(mut finding) => {
                self.loaded.locate([&mut finding]);
                Err((occasion, Box::new(finding)))
            }
            None => Ok(Start {
                id: RunId::generate(),
                occasion,
                resumed: None,
                left: unfinished,
                replays: Some(run),
            }),
        })
    }

    /// The plan of a replay: the tables of `run` of which rows wait, each by the keys of its rows.
    pub(super) async fn narrow(
        &self,
        run: &RunRecord,
        ends: &Ends,
        compiled: Compiled,
    ) -> Result<Compiled> {
        let Some(plan) = compiled.plan else {
            return Ok(compiled);
        };
        let wanted = self.wanted(run, ends).await?;
        let plan = planner::replay(plan, &wanted);
        let concerns = |finding: &Finding| {
            let mut tables = plan.all_findings();
            tables.any(|kept| kept == finding)
        };
        let mut findings: Vec<Finding> = compiled.findings;
        findings.retain(concerns);
        let new = plan
            .all_findings()
            .filter(|finding| !findings.contains(finding));
        let new: Vec<Finding> = new.cloned().collect();
        findings.extend(new);
        Ok(Compiled {
            plan: Some(plan),
            findings,
            probes: compiled.probes,
        })
    }

    async fn wanted(
        &self,
        run: &RunRecord,
        ends: &Ends,
    ) -> Result<BTreeMap<TableName, std::result::Result<Again, Finding>>> {
        let journal = StoreJournal(self.store.clone());
        let done = replayed_tables(&self.store, &journal, &run.id).await?;
        let root = self.root(run).await?;
        let loaded = self.store.loaded(&self.name).await?;
        let mut wanted = BTreeMap::new();
        for table in kept(&journal, &run.id).await? {
            let pipelines = run.plan.iter().flat_map(|plan| &plan.pipelines);
            let mut pipelines = pipelines.filter(|pipeline| pipeline.id == table.pipeline);
            let Some(pipeline) = pipelines.next() else {
                continue;
            };
            if !table.committed || done.contains_key(&table.pipeline) {
                continue;
            }
            let source = pipeline.scan.table.clone();
            let last = loaded.get(&key_of(&source)).map(|loaded| &loaded.run);
            let again = match last.filter(|last| **last != root) {
                Some(last) => Err(loaded_since(&source, last)),
                None => self.again(run, &table, pipeline, ends).await?,
            };
            wanted.insert(source, again);
        }
        Ok(wanted)
    }

    /// The first of a chain of replays: the one that loaded the tables.
    async fn root(&self, run: &RunRecord) -> Result<RunId> {
        let (mut root, mut next) = (run.id.clone(), run.replays.clone());
        while let Some(id) = next {
            next = self.store.run(&id).await?.and_then(|run| run.replays);
            root = id;
        }
        Ok(root)
    }

    /// The rows of one table by their keys, or why they cannot be told.
    async fn again(
        &self,
        run: &RunRecord,
        table: &KeptTable,
        pipeline: &Pipeline,
        ends: &Ends,
    ) -> Result<std::result::Result<Again, Finding>> {
        let scan = &pipeline.scan;
        let key = match key_columns(scan) {
            Ok(key) => key,
            Err(finding) => return Ok(Err(finding)),
        };
        if table.rejected > MOST_ROWS {
            return Ok(Err(too_many(&scan.table, table.rejected)));
        }
        let (folder, parts) = (self.store.rejected_folder(&run.id), table.parts.clone());
        let keys = tokio::task::spawn_blocking(move || -> Result<Vec<Vec<String>>> {
            let mut keys = Vec::new();
            for rows in engine::read_rejected(&folder, &parts) {
                keys.extend(rows?.into_iter().map(|row| row.key));
            }
            Ok(keys)
        });
        let keys = keys.await.map_err(not_read)??;
        let untold = keys.iter().filter(|row| row.len() != key.len()).count();
        if untold > 0 || keys.len() as u64 != table.rejected {
            return Ok(Err(no_key(
                &scan.table,
                &format!("the keys of {untold} of its rejected rows could not be told"),
            )));
        }
        let dialect = ends.source_connector.dialect();
        Ok(match dialect.key_condition(&key, &keys) {
            Some(condition) => Ok(Again {
                condition,
                rows: table.rejected,
            }),
            None => Err(no_key(
                &scan.table,
                "the types of its key do not name a row for sure",
            )),
        })
    }
}

/// The columns of the primary key, in its order.
fn key_columns(scan: &Scan) -> std::result::Result<Vec<NativeColumn>, Finding> {
    let native = |name: &String| {
        let read = scan.columns.iter().map(|column| &column.native);
        let mut read = read.filter(|native| native.name == *name);
        read.next().cloned()
    };
    let key: Option<Vec<_>> = scan.primary_key.iter().map(native).collect();
    key.filter(|key| !key.is_empty())
        .ok_or_else(|| no_key(&scan.table, "it has no primary key that is read"))
}

fn no_key(table: &TableName, why: &str) -> Finding {
    let message = format!("the rejected rows of {table} cannot be read again by their keys: {why}");
    Finding::blocker("REPLAY_NO_KEY", table.to_string(), message)
        .hint("run the migration again for this table")
}

fn too_many(table: &TableName, rows: u64) -> Finding {
    let message = format!(
        "{rows} rows of {table} were rejected, at most {MOST_ROWS} are read again by their keys"
    );
    Finding::blocker("REPLAY_TOO_MANY", table.to_string(), message)
        .hint("run the migration again for this table")
}

fn loaded_since(table: &TableName, last: &RunId) -> Finding {
    let message =
        format!("{table} was loaded again since, by run {last}: its rows may be there twice");
    Finding::blocker("REPLAY_STALE", table.to_string(), message)
        .hint("replay what that run rejected")
}
