//! A wave: tables of one migration for one business date, for a scheduler that follows each of them by
//! itself. One run in the store, one moment of the source, one plan; each table's end is told as it lands,
//! and each may be stopped alone. Whoever asks sees to it that nobody else moves the same tables meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::CancellationToken;
use engine::{Landed, Progress, Stop, Stops};
use model::migration::MigrationFile;
use model::plan::{Environment, Part, Plan, Refused};
use model::run::{RunReport, RunState, TableReport, TableState};
use model::{Error, Finding, PipelineId, Result, RunId, TableName};
use store::{RunRecord, Store};
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::ends::{self, Ends, Trusted};
use crate::journal::StoreJournal;
use crate::last_loads;
use crate::migration_file::Loaded;
use crate::plan::{Compiled, Occasion, Planning};
use crate::run::time_limit::TimeLimit;
use crate::run::{Desk, Start, Watcher, resume};

/// What to carry out.
pub struct Wave {
    /// What must outlive us. Fenced, where another process may take the wave over: once the lease is lost,
    /// every table that is not published yet fails (`LEASE_LOST`).
    pub store: Store,
    /// The migration. Its own reruns do not count: the scheduler tries again.
    pub loaded: Loaded,
    /// Under which the run is kept, and what the tables looked like: waves of one name are compared with
    /// one another.
    pub name: String,
    /// Which of the tables that the migration selects.
    pub tables: BTreeSet<TableName>,
    /// `yyyymmdd`.
    pub bizdate: String,
    /// A part that the method has.
    pub part: Part,
    /// Earlier runs that may have published some of these tables for the same occasion: settled first. What
    /// stands is not loaded again. Their other tables may be under way.
    pub left: Vec<(RunId, BTreeSet<TableName>)>,
    /// Whose connections.
    pub environment: Environment,
    /// What opens the data sources.
    pub trusted: Trusted,
    /// Stops all of it, and frees the servers.
    pub cancel: CancellationToken,
    /// Stops single tables; holds, too, where it was said before the wave began.
    pub stops: Arc<Stops>,
    /// What time it is.
    pub clock: Clock,
}

/// How one table of a wave ended.
#[derive(Debug, Clone)]
pub struct TableEnd {
    /// The table at the source.
    pub source: TableName,
    /// The run that it ended in: the wave's, or an earlier one that had published it.
    pub run: RunId,
    /// What came of it.
    pub report: TableReport,
}

/// Carries the wave out. Each of its tables is told once, as soon as nothing more happens to it, whatever
/// this returns: where the run could not be kept, or not even be started, all that were left have failed by
/// that error.
pub async fn fly(
    wave: Wave,
    ends: UnboundedSender<TableEnd>,
    watcher: &dyn Watcher,
) -> Result<RunReport> {
    let lead = Lead::new(wave, ends);
    let ended = Box::pin(lead.carry_out(watcher)).await;
    lead.tell_rest(&ended);
    ended
}

/// Gives the run of a wave whose process died its report, as far as the journal knows: what is not known to
/// be published was interrupted. Nothing is settled: whoever runs a table again names this run as `left`.
pub async fn close(store: &Store, run: &RunId, clock: Clock) -> Result<()> {
    let Some(record) = store.run(run).await? else {
        return Ok(());
    };
    let committed = resume::committed(run, &StoreJournal(store.clone())).await?;
    resume::close(store, &record, &committed, clock).await
}

/// Leads one wave.
struct Lead {
    desk: Desk,
    run: RunId,
    occasion: Occasion,
    left: Vec<(RunId, BTreeSet<TableName>)>,
    teller: Arc<Teller>,
}

impl Lead {
    fn new(wave: Wave, ends: UnboundedSender<TableEnd>) -> Self {
        let run = RunId::generate();
        let mut loaded = wave.loaded;
        if let Some(file) = &mut loaded.file {
            file.migration.run.reruns = 0;
        }
        let teller = Arc::new(Teller {
            ends,
            untold: Mutex::new(wave.tables),
        });
        let landed: Landed = {
            let (teller, run) = (Arc::clone(&teller), run.clone());
            Arc::new(move |pipeline, report| {
                teller.tell(&pipeline.scan.table, &run, report.clone());
            })
        };
        Self {
            desk: Desk {
                store: wave.store,
                loaded,
                name: wave.name,
                environment: wave.environment,
                trusted: wave.trusted,
                clock: wave.clock,
                cancel: wave.cancel,
                time: TimeLimit::none(),
                stops: wave.stops,
                landed: Some(landed),
            },
            run,
            occasion: Occasion {
                bizdate: wave.bizdate,
                part: wave.part,
            },
            left: wave.left,
            teller,
        }
    }

    async fn carry_out(&self, watcher: &dyn Watcher) -> Result<RunReport> {
        let (desk, loaded) = (&self.desk, &self.desk.loaded);
        let Some(file) = desk.file() else {
            return self.refuse(loaded.findings.clone()).await;
        };
        let opened = tokio::select! {
            biased;
            () = self.all_stopped() => return self.keep_stopped().await,
            opened = self.open(file, watcher) => opened?,
        };
        let (ends, opening) = match opened {
            Ok(opened) => opened,
            Err(findings) => return self.refuse(Compiled::none(loaded, findings).findings).await,
        };
        let tables = self.teller.untold();
        if tables.is_empty() {
            return Ok(desk.unflown(RunState::Succeeded, &self.occasion, Vec::new()));
        }
        let last = last_loads::read(&desk.store, &desk.name).await?;
        let planning = Planning {
            loaded,
            ends: &ends,
            occasion: &self.occasion,
            environment: desk.environment,
            tables: Some(&tables),
            look: None,
        };
        let compiled = tokio::select! {
            biased;
            () = self.all_stopped() => return self.keep_stopped().await,
            compiled = planning.compile(opening, &last) => compiled,
        };
        let start = Start {
            id: self.run.clone(),
            occasion: self.occasion.clone(),
            resumed: None,
            left: None,
            replays: None,
        };
        let refusing = Refusing {
            teller: &self.teller,
            watcher,
        };
        desk.carry_out(start, &ends, compiled, &refusing).await
    }

    /// Both ends, and nothing that an earlier run left open at the destination; or what forbids to go on.
    async fn open(
        &self,
        file: &MigrationFile,
        watcher: &dyn Watcher,
    ) -> Result<std::result::Result<(Ends, Vec<Finding>), Vec<Finding>>> {
        let (ends, findings) = ends::open(file, &self.desk.access()).await;
        let Some(ends) = ends else {
            return Ok(Err(findings));
        };
        for (id, tables) in &self.left {
            let Some(run) = self.desk.store.run(id).await? else {
                continue;
            };
            if let Err(blocker) = self.settle(&run, tables, &ends, watcher).await? {
                return Ok(Err(vec![*blocker]));
            }
        }
        Ok(Ok((ends, findings)))
    }

    /// Settles what an earlier run left of these tables, and tells those that it published.
    async fn settle(
        &self,
        run: &RunRecord,
        tables: &BTreeSet<TableName>,
        ends: &Ends,
        watcher: &dyn Watcher,
    ) -> Result<std::result::Result<(), Box<Finding>>> {
        let pipelines = run.plan.iter().flat_map(|plan| &plan.pipelines);
        let pipelines: BTreeMap<PipelineId, &TableName> = pipelines
            .map(|pipeline| (pipeline.id.clone(), &pipeline.scan.table))
            .filter(|(_, table)| tables.contains(*table))
            .collect();
        let ids = pipelines.keys().cloned().collect();
        let desk = &self.desk;
        let committed = match desk.settle_run(run, Some(&ids), ends, watcher).await? {
            Ok(committed) => committed,
            Err(blocker) => return Ok(Err(blocker)),
        };
        self.note_loaded(run, committed.values()).await?;
        for (id, report) in committed {
            if let Some(table) = pipelines.get(&id) {
                let report = TableReport {
                    resumed: true,
                    ..report
                };
                self.teller.tell(table, &run.id, report);
            }
        }
        Ok(Ok(()))
    }

    /// Notes what tables looked like of which the run's own report does not say that they were published.
    async fn note_loaded(
        &self,
        run: &RunRecord,
        committed: impl Iterator<Item = &TableReport>,
    ) -> Result<()> {
        let Some(plan) = &run.plan else {
            return Ok(());
        };
        let reported = run.report.iter().flat_map(|report| &report.tables);
        let noted: BTreeSet<&str> = reported
            .filter(|table| table.state == TableState::Succeeded)
            .map(|table| table.source.as_str())
            .collect();
        let unnoted = committed.filter(|table| !noted.contains(table.source.as_str()));
        let state = RunState::Running;
        let report = RunReport {
            run: run.id.clone(),
            tables: unnoted.cloned().collect(),
            ..self.desk.unflown(state, &self.occasion, Vec::new())
        };
        last_loads::note(&self.desk.store, &run.migration, plan, &report).await
    }

    /// Ends when none of the tables is waited for any more.
    async fn all_stopped(&self) {
        let tables = self.teller.untold();
        let (stops, cancel) = (&self.desk.stops, &self.desk.cancel);
        let tokens = tables.iter().map(|table| stops.token(table, cancel));
        for token in tokens.collect::<Vec<_>>() {
            token.cancelled().await;
        }
    }

    /// Keeps a run of which every table was stopped before any could move.
    async fn keep_stopped(&self) -> Result<RunReport> {
        let tables = self.teller.untold();
        let stopped = tables.iter().map(|table| {
            let stop = self.desk.stops.of(table).unwrap_or_else(Stop::asked);
            stop.end(blank(table))
        });
        let tables: Vec<TableReport> = stopped.collect();
        let mut states = tables.iter().map(|table| table.state);
        let cancelled = states.all(|state| state == TableState::Cancelled);
        self.keep(RunState::of(&tables, cancelled), tables, Vec::new())
            .await
    }

    /// Keeps a run that was refused before anything moved.
    async fn refuse(&self, findings: Vec<Finding>) -> Result<RunReport> {
        let tables = self.teller.untold();
        let tables = tables.iter().map(|table| refused(table, &findings));
        let tables = tables.collect();
        self.keep(RunState::Refused, tables, findings).await
    }

    async fn keep(
        &self,
        state: RunState,
        tables: Vec<TableReport>,
        findings: Vec<Finding>,
    ) -> Result<RunReport> {
        let (desk, occasion) = (&self.desk, &self.occasion);
        let report = RunReport {
            run: self.run.clone(),
            tables,
            ..desk.unflown(state, occasion, findings)
        };
        desk.keep_unstarted(&report, occasion, None).await?;
        Ok(report)
    }

    /// Tells the tables that did not fly.
    fn tell_rest(&self, ended: &Result<RunReport>) {
        for table in self.teller.untold() {
            let report = match ended {
                Ok(report) => report_of(report, &table),
                Err(error) => failed(&table, error),
            };
            self.teller.tell(&table, &self.run, report);
        }
    }
}

/// Tells what the plan refused once the run is kept, while the others fly.
struct Refusing<'a> {
    teller: &'a Teller,
    watcher: &'a dyn Watcher,
}

impl Watcher for Refusing<'_> {
    fn started(&self, run: &RunId, plan: &Plan, progress: &Arc<Progress>) {
        self.watcher.started(run, plan, progress);
        for refused in &plan.refused {
            let report = TableReport::refused(refused);
            self.teller.tell(&refused.source, run, report);
        }
    }
}

/// Tells the end of each table once.
struct Teller {
    ends: UnboundedSender<TableEnd>,
    untold: Mutex<BTreeSet<TableName>>,
}

impl Teller {
    /// Nothing, where it was told before. That nobody listens does not matter to the wave.
    fn tell(&self, table: &TableName, run: &RunId, report: TableReport) {
        if let Some(source) = self.tables().take(table) {
            let run = run.clone();
            let end = TableEnd {
                source,
                run,
                report,
            };
            let _ = self.ends.send(end);
        }
    }

    fn untold(&self) -> BTreeSet<TableName> {
        self.tables().clone()
    }

    fn tables(&self) -> MutexGuard<'_, BTreeSet<TableName>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn blank(table: &TableName) -> TableReport {
    TableReport::blank(table.to_string(), None, TableState::Failed)
}

/// Of a table of a run that was refused as a whole.
fn refused(table: &TableName, findings: &[Finding]) -> TableReport {
    TableReport::refused(&Refused {
        source: table.clone(),
        destination: None,
        findings: findings.to_vec(),
    })
}

/// Its own report, or why the whole run was refused.
fn report_of(report: &RunReport, table: &TableName) -> TableReport {
    let source = table.to_string();
    let mut own = report.tables.iter().filter(|own| own.source == source);
    let own = own.next().cloned();
    own.unwrap_or_else(|| refused(table, &report.findings))
}

fn failed(table: &TableName, error: &Error) -> TableReport {
    TableReport {
        code: Some(error.code.to_owned()),
        message: Some(error.message.clone()),
        hint: error.hint.clone(),
        ..blank(table)
    }
}

#[cfg(test)]
mod tests;
