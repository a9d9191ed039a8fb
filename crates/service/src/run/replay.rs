//! Reading again what a run rejected, after its cause is mended: a run of its own that adds these rows
//! and no others. What it commits is what is marked: nothing can come between the two.

use std::collections::{BTreeMap, HashSet};

use contract::TypeMapping;
use engine::{Journal, KeptTable};
use model::migration::{ColumnChoice, ExistingTables, LoadingPolicy, MigrationFile};
use model::plan::{Pipeline, Plan, Scan};
use model::run::{RunReport, RunState, TableState};
use model::{Finding, NativeColumn, PipelineId, Result, RunId, TableName};
use planner::Again;
use store::RunRecord;

use crate::ends::Ends;
use crate::journal::StoreJournal;
use crate::migration_file::Loaded;
use crate::plan::{Compiled, Occasion};
use crate::run::resume::file_changed;
use crate::run::{Desk, Start};
use crate::runs::{find, kept, not_read, replayed_tables};

/// More rows than that are better read by loading their table again.
const MOST_ROWS: u64 = 50_000;

/// A longer condition is more than servers take in one statement.
const MOST_BYTES: usize = 8 << 20;

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
        unswept: Option<RunRecord>,
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
                left: unfinished.or(unswept),
                replays: Some(run),
            }),
        })
    }

    /// The plan of a replay: the tables of `run` of which rows wait, each by the keys of its rows.
    pub(super) async fn narrow(
        &self,
        start: &Start,
        run: &RunRecord,
        ends: &Ends,
        compiled: Compiled,
    ) -> Result<Compiled> {
        let Some(plan) = compiled.plan else {
            return Ok(compiled);
        };
        let wanted = self.wanted(start, run, ends).await?;
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
        start: &Start,
        run: &RunRecord,
        ends: &Ends,
    ) -> Result<BTreeMap<TableName, std::result::Result<Again, Finding>>> {
        let journal = StoreJournal(self.store.clone());
        let mut done = replayed_tables(&self.store, &journal, &run.id).await?;
        // What a replay that is taken up has published itself is set aside when it flies.
        done.retain(|_, again| again.run != start.id);
        let later = self.later_loads(&self.root(run).await?, &journal).await?;
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
            let since = later.iter().find(|load| load.may_hold_rows_of(pipeline));
            let again = match since {
                Some(load) => Err(loaded_since(&source, &load.run)),
                None => self.again(run, &table, pipeline, ends).await?,
            };
            wanted.insert(source, again);
        }
        Ok(wanted)
    }

    /// What runs of the migration that started later have published, replays left out.
    async fn later_loads(&self, root: &RunId, journal: &StoreJournal) -> Result<Vec<LaterLoad>> {
        let mut loads = Vec::new();
        for id in self.store.loads_since(&self.name, root).await? {
            let Some(plan) = self.store.run(&id).await?.and_then(|run| run.plan) else {
                continue;
            };
            let kept = engine::kept_tables(&journal.read(&id).await?);
            let committed: HashSet<PipelineId> = kept
                .into_iter()
                .filter(|table| table.committed)
                .map(|table| table.pipeline)
                .collect();
            let pipelines = plan.pipelines.iter();
            let pipelines = pipelines.filter(|pipeline| committed.contains(&pipeline.id));
            loads.extend(pipelines.map(|pipeline| LaterLoad {
                run: id.clone(),
                table: pipeline.scan.table.clone(),
                partition: partition_of(pipeline),
            }));
        }
        Ok(loads)
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
        let key = match key_columns(scan, ends.source_connector.types()) {
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
            Some(condition) if condition.len() > MOST_BYTES => {
                Err(too_many(&scan.table, table.rejected))
            }
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

/// A table that a later run published.
struct LaterLoad {
    run: RunId,
    table: TableName,
    partition: Option<String>,
}

impl LaterLoad {
    /// Whether rows that `then` rejected may stand at the destination by it. What was loaded into another
    /// partition stands elsewhere; an update puts each row in its place, however often it comes.
    fn may_hold_rows_of(&self, then: &Pipeline) -> bool {
        let there = partition_of(then);
        let elsewhere = self.partition.is_some() && there.is_some() && self.partition != there;
        self.table == then.scan.table && then.write.policy != LoadingPolicy::Update && !elsewhere
    }
}

fn partition_of(pipeline: &Pipeline) -> Option<String> {
    let partition = pipeline.write.partition.as_ref();
    partition.map(|partition| partition.value.clone())
}

/// The columns of the primary key, in its order; each read as what it is, for the text that is told of
/// a value would else be another than the source's.
fn key_columns(
    scan: &Scan,
    types: &dyn TypeMapping,
) -> std::result::Result<Vec<NativeColumn>, Finding> {
    let mut key = Vec::new();
    for name in &scan.primary_key {
        let mut read = scan.columns.iter();
        let Some(column) = read.find(|column| column.native.name == *name) else {
            return Err(no_key(&scan.table, "part of its primary key is not read"));
        };
        let plain = types.to_logical(&column.native, &ColumnChoice::default());
        let is_plain = plain.is_ok_and(|plain| {
            plain.logical == column.logical
                && plain.decode == column.decode
                && plain.expression == column.expression
        });
        if !is_plain {
            let why = format!("column {name} of its key is read as another type");
            return Err(no_key(&scan.table, &why));
        }
        key.push(column.native.clone());
    }
    match key.is_empty() {
        true => Err(no_key(&scan.table, "it has no primary key")),
        false => Ok(key),
    }
}

/// Rows that a replay looked for and that are not there any more.
pub(super) fn gone(plan: &Plan, report: &RunReport) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pipeline in &plan.pipelines {
        let source = pipeline.scan.table.to_string();
        let mut tables = report.tables.iter();
        let table =
            tables.find(|table| table.source == source && table.state == TableState::Succeeded);
        let (Some(table), Some(wanted)) = (table, pipeline.scan.estimated_rows) else {
            continue;
        };
        if table.rows_read < wanted {
            let message = format!(
                "{} of {wanted} rejected rows were read again: the others have no such key any more",
                table.rows_read
            );
            let finding = Finding::warning("REPLAY_FEWER", source, message);
            findings.push(finding.hint("look for them at the source: keys may have changed"));
        }
    }
    findings
}

fn no_key(table: &TableName, why: &str) -> Finding {
    let message = format!("the rejected rows of {table} cannot be read again by their keys: {why}");
    Finding::blocker("REPLAY_NO_KEY", table.to_string(), message)
        .hint("run the migration again for this table, where it overwrites")
}

fn too_many(table: &TableName, rows: u64) -> Finding {
    let message = format!(
        "{rows} rows of {table} were rejected: at most {MOST_ROWS} are read again, by keys of {} MiB at most",
        MOST_BYTES >> 20
    );
    Finding::blocker("REPLAY_TOO_MANY", table.to_string(), message)
        .hint("run the migration again for this table, where it overwrites")
}

fn loaded_since(table: &TableName, last: &RunId) -> Finding {
    let message = format!(
        "{table} was loaded since, by run {last}: rows that are mended may be there by it already"
    );
    Finding::blocker("REPLAY_STALE", table.to_string(), message).hint(
        "where that run read the rows, replay what it rejected; else load them by a filter, or with \
         loading-policy: update",
    )
}
