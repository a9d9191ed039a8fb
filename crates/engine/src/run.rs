//! A whole run: takes up what the journal says, holds a moment of the source, flies the tables, and
//! goes around again for those that may succeed at another moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{
    CancellationToken, Destination, OpenedSnapshot, Snapshot, Source, Staging, WriteBudget,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use model::migration::Consistency;
use model::plan::{Pipeline, Plan, Scan};
use model::run::{RunReport, RunState, TableReport, TableState};
use model::{Error, ErrorKind, Finding, PipelineId, Result, RunId, Side, TableName};
use tokio::sync::Semaphore;

use crate::journal::{Entry, Journal};
use crate::outcomes::{Landed, Next, Outcomes, Waiting, is_lost};
use crate::progress::{Progress, Rerun, TablePhase};
use crate::recovery::{RunRecord, settle_open};
use crate::rejected::Shelves;
use crate::stops::Stops;
use crate::table::{Hangar, TableFlight, blank_report};

/// Buffers of all writers of a run together.
const WRITE_BUDGET: usize = 128 << 20;
/// Tables under way at once for each slot: small ones wait for the disk most of the time, and what makes
/// them durable is shared by all that wait.
const TABLES_PER_SLOT: usize = 8;

/// All that a run needs.
pub struct Flight {
    /// Which run; the same one when it is taken up again.
    pub run: RunId,
    /// What to do.
    pub plan: Plan,
    /// Where rows come from.
    pub source: Arc<dyn Source>,
    /// Where rows go.
    pub destination: Arc<dyn Destination>,
    /// What must outlive us.
    pub journal: Arc<dyn Journal>,
    /// Where rejected rows are kept.
    pub rejected: Arc<dyn Shelves>,
    /// For whoever watches; made for this plan.
    pub progress: Arc<Progress>,
    /// Stops the run, and frees the servers.
    pub cancel: CancellationToken,
    /// Stops single tables; by default none.
    pub stops: Arc<Stops>,
    /// Who is told of each table as it lands.
    pub landed: Option<Landed>,
    /// How long to wait between tries.
    pub patience: Patience,
}

/// How long to wait between tries.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Before the second try; doubled before each further one.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(500),
        }
    }
}

/// Carries the run to its end. Never fails: what went wrong stands in the report.
pub async fn run(flight: Flight) -> RunReport {
    let started = tokio::time::Instant::now();
    let mut tower = Tower::new(flight);
    if let Err(error) = tower.take_up().await {
        tower.fail_remaining(&error);
    } else {
        tower.rounds().await;
    }
    tower.sweep_again().await;
    tower.report(started.elapsed())
}

/// Where a run's tables are looked after.
struct Tower {
    source: Arc<dyn Source>,
    hangar: Hangar,
    attempts: HashMap<PipelineId, u32>,
    outcomes: Outcomes,
    findings: Vec<Finding>,
}

/// A moment of the source, and which tables can be read at it.
struct Held {
    snapshot: Arc<dyn Snapshot>,
    ready: Vec<Pipeline>,
    refused: Vec<(Pipeline, Error)>,
    findings: Vec<Finding>,
}

impl Tower {
    fn new(flight: Flight) -> Self {
        let Flight {
            run,
            plan,
            source,
            destination,
            journal,
            rejected,
            progress,
            cancel,
            stops,
            landed,
            patience,
        } = flight;
        let slots = usize::from(plan.policy.run.parallelism).max(1);
        let outcomes = Outcomes::new(&plan, landed);
        let tokens = plan.pipelines.iter().map(|pipeline| {
            let token = stops.token(&pipeline.scan.table, &cancel);
            (pipeline.id.clone(), token)
        });
        let hangar = Hangar {
            run,
            destination,
            journal,
            rejected,
            progress,
            tokens: tokens.collect(),
            cancel,
            stops,
            slots: Arc::new(Semaphore::new(slots)),
            budget: WriteBudget::new(WRITE_BUDGET),
            huge: Arc::new(Semaphore::new(1)),
            patience,
            unswept: Mutex::default(),
            uncleaned: Mutex::default(),
            plan,
            findings: Mutex::default(),
        };
        Self {
            source,
            hangar,
            attempts: HashMap::new(),
            outcomes,
            findings: Vec::new(),
        }
    }

    /// Settles what an earlier process left, and sets aside what had committed or changed.
    async fn take_up(&mut self) -> Result<()> {
        let (run, journal) = (&self.hangar.run, &self.hangar.journal);
        let mut record = RunRecord::of(journal.read(run).await?);
        settle_open(
            run,
            &mut record,
            journal.as_ref(),
            self.hangar.destination.as_ref(),
        )
        .await?;
        for table in self.outcomes.take_waiting() {
            let pipeline = table.pipeline;
            let Some(table) = record.table(&pipeline.id) else {
                self.outcomes.wait(pipeline, None);
                continue;
            };
            self.attempts.insert(pipeline.id.clone(), table.attempts);
            let is_as_planned = |digest: &String| *digest == pipeline.digest;
            if let Some(report) = &table.committed {
                self.hangar
                    .progress
                    .enter(&pipeline.id, TablePhase::Succeeded);
                let report = TableReport {
                    resumed: true,
                    ..report.clone()
                };
                self.outcomes.land(&pipeline, report);
            } else if table.digest.as_ref().is_none_or(is_as_planned) {
                self.outcomes.wait(pipeline, None);
            } else {
                self.fail(&pipeline, &plan_changed());
            }
        }
        let pipelines = self.hangar.plan.pipelines.iter();
        let pipelines = pipelines
            .map(|pipeline| (pipeline.id.clone(), pipeline.digest.clone()))
            .collect();
        self.hangar.append(&Entry::Started { pipelines }).await
    }

    /// One moment after another until no table is left that another one could help.
    async fn rounds(&mut self) {
        loop {
            self.round().await;
            if self.hangar.cancel.is_cancelled() {
                break;
            }
            match self.outcomes.next() {
                Next::End => break,
                Next::Moment => {}
                Next::Rerun => self.pause().await,
            }
        }
        for table in self.outcomes.take_waiting() {
            let pipeline = table.pipeline;
            match self.outcomes.take_report(&pipeline.id) {
                Some(report) => self.outcomes.land(&pipeline, report),
                None => self.fail(&pipeline, &table.error.unwrap_or_else(Error::cancelled)),
            }
        }
    }

    /// Before tables are run again; tells those who watch why nothing moves for a while.
    async fn pause(&self) {
        let minutes = u64::from(self.hangar.plan.policy.run.rerun_interval_minutes);
        let (tables, message) = self.outcomes.waiting();
        tracing::info!(tables, minutes, "tables are run again");
        self.hangar.progress.await_rerun(Some(Rerun {
            number: self.outcomes.reruns(),
            tables,
            minutes,
            message,
        }));
        tokio::select! {
            () = self.hangar.cancel.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(minutes * 60)) => {}
        }
        self.hangar.progress.await_rerun(None);
    }

    /// All waiting tables at one moment, or each at its own.
    async fn round(&mut self) {
        let waiting = self.outcomes.take_waiting();
        if self.hangar.plan.policy.consistency == Consistency::Snapshot {
            self.at_one_moment(waiting).await;
            return;
        }
        for table in waiting {
            self.at_one_moment(vec![table]).await;
        }
    }

    async fn at_one_moment(&mut self, waiting: Vec<Waiting>) {
        if self.hangar.cancel.is_cancelled() {
            for table in waiting {
                self.outcomes.wait(table.pipeline, table.error);
            }
            return;
        }
        let (stopped, pipelines): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .map(|table| table.pipeline)
            .partition(|pipeline| self.hangar.token(pipeline).is_cancelled());
        for pipeline in &stopped {
            self.fail(pipeline, &Error::cancelled());
        }
        if pipelines.is_empty() {
            return;
        }
        let held = tokio::select! {
            () = self.all_stopped(&pipelines) => Err(Error::cancelled()),
            held = self.hold(&pipelines) => held,
        };
        let held = match held {
            Ok(held) => held,
            Err(error) => {
                let error = error.context("could not hold the source's tables");
                for pipeline in pipelines {
                    self.set_back(pipeline, copy(&error));
                }
                return;
            }
        };
        self.findings.extend(held.findings);
        for (pipeline, error) in held.refused {
            self.set_back(pipeline, error);
        }
        self.fly(&held.snapshot, held.ready).await;
        held.snapshot.close().await;
    }

    /// Ends when none of the tables is waited for any more.
    async fn all_stopped(&self, pipelines: &[Pipeline]) {
        for pipeline in pipelines {
            self.hangar.token(pipeline).cancelled().await;
        }
    }

    /// Holds a moment, and looks whether the tables still are what was planned.
    async fn hold(&self, pipelines: &[Pipeline]) -> Result<Held> {
        let scans: Vec<Scan> = pipelines
            .iter()
            .map(|pipeline| pipeline.scan.clone())
            .collect();
        let readers = usize::from(self.hangar.plan.policy.run.parallelism).max(1);
        let opened = self.source.open_snapshot(&scans, readers).await?;
        let snapshot = Arc::clone(&opened.snapshot);
        let held = self.look(pipelines, opened).await;
        if held.is_err() {
            snapshot.close().await;
        }
        held
    }

    async fn look(&self, pipelines: &[Pipeline], opened: OpenedSnapshot) -> Result<Held> {
        let OpenedSnapshot {
            snapshot,
            refused,
            findings,
        } = opened;
        let mut cannot: HashMap<TableName, Error> = refused.into_iter().collect();
        let names = pipelines.iter().map(|pipeline| pipeline.scan.table.clone());
        let now = self.source.describe(&names.collect::<Vec<_>>()).await?;
        let (mut ready, mut refused) = (Vec::new(), Vec::new());
        for (pipeline, now) in pipelines.iter().cloned().zip(now) {
            let table = &pipeline.scan.table;
            let fingerprint = now.map(|table| table.fingerprint());
            if let Some(error) = cannot.remove(table) {
                refused.push((pipeline, error));
            } else if fingerprint.as_ref() != Some(&pipeline.scan.fingerprint) {
                let error = source_changed(table, fingerprint.is_none());
                refused.push((pipeline, error));
            } else {
                ready.push(pipeline);
            }
        }
        let entry = Entry::Snapshot {
            id: snapshot.id().clone(),
            pipelines: ready.iter().map(|pipeline| pipeline.id.clone()).collect(),
        };
        self.hangar.append(&entry).await?;
        Ok(Held {
            snapshot,
            ready,
            refused,
            findings,
        })
    }

    async fn fly(&mut self, snapshot: &Arc<dyn Snapshot>, ready: Vec<Pipeline>) {
        let slots = usize::from(self.hangar.plan.policy.run.parallelism).min(snapshot.readers());
        self.hangar.slots = Arc::new(Semaphore::new(slots.max(1)));
        let numbered: Vec<(Pipeline, u32)> = ready
            .into_iter()
            .map(|pipeline| {
                let attempt = self.attempts.entry(pipeline.id.clone()).or_default();
                *attempt += 1;
                (pipeline, *attempt)
            })
            .collect();
        let (hangar, outcomes) = (&self.hangar, &mut self.outcomes);
        let moment_decides = outcomes.moment_decides();
        let turns = &Semaphore::new(slots.max(1) * TABLES_PER_SLOT);
        let flights = numbered.into_iter().map(|(pipeline, attempt)| async move {
            // Who is stopped waits for no turn, and does not begin.
            let _turn = tokio::select! {
                () = hangar.token(&pipeline).cancelled() => None,
                turn = turns.acquire() => turn.ok(),
            };
            let flight = TableFlight {
                hangar,
                pipeline: &pipeline,
                snapshot: Arc::clone(snapshot),
                attempt,
            };
            let (report, error) = Box::pin(flight.fly()).await;
            let error = match error {
                Some(error) if moment_decides => Some(by_moment(snapshot.as_ref(), error).await),
                error => error,
            };
            (pipeline, report, error)
        });
        let mut landing: FuturesUnordered<_> = flights.collect();
        while let Some((pipeline, report, error)) = landing.next().await {
            match error {
                Some(error) => outcomes.set_back(pipeline, report, error),
                None => outcomes.land(&pipeline, report),
            }
        }
    }

    /// The table failed before its flight: it waits for another moment, or has failed.
    fn set_back(&mut self, pipeline: Pipeline, error: Error) {
        let report = self.failed(&pipeline, &error);
        self.outcomes.set_back(pipeline, report, error);
    }

    fn fail(&mut self, pipeline: &Pipeline, error: &Error) {
        let report = self.failed(pipeline, error);
        self.outcomes.land(pipeline, report);
    }

    fn failed(&self, pipeline: &Pipeline, error: &Error) -> TableReport {
        self.hangar.progress.enter(&pipeline.id, TablePhase::Failed);
        let blank = blank_report(pipeline, TableState::Failed);
        self.hangar.failed(pipeline, blank, error)
    }

    /// The tables that have not landed when the run cannot be taken up.
    fn fail_remaining(&mut self, error: &Error) {
        self.outcomes.take_waiting();
        let pipelines = self.hangar.plan.pipelines.clone();
        for pipeline in &pipelines {
            if self.outcomes.report(&pipeline.id).is_none() {
                self.fail(pipeline, error);
            }
        }
    }

    /// What could not be swept when it was given up, and what a published load needed no more; what
    /// remains even now is told, and removed by the next run.
    async fn sweep_again(&mut self) {
        for (pipeline, staging) in taken(&mut self.hangar.unswept) {
            let reason = "it was given up before";
            if let Err(error) = self.hangar.sweep(&pipeline, &staging, reason).await {
                self.findings.push(leftovers(&staging, &error));
            }
        }
        for (pipeline, staging) in taken(&mut self.hangar.uncleaned) {
            if let Err(error) = self.hangar.destination.clean(&staging).await {
                let load = staging.load.clone();
                let left = Entry::Uncleaned { pipeline, load };
                if let Err(error) = self.hangar.append(&left).await {
                    tracing::warn!(%error, "could not journal what a load left over");
                }
                self.findings.push(leftovers(&staging, &error));
            }
        }
    }

    fn report(self, elapsed: Duration) -> RunReport {
        let plan = &self.hangar.plan;
        let mut tables: Vec<TableReport> = plan
            .pipelines
            .iter()
            .filter_map(|pipeline| self.outcomes.report(&pipeline.id).cloned())
            .collect();
        tables.extend(plan.refused.iter().map(TableReport::refused));
        let succeeded = || {
            tables
                .iter()
                .filter(|table| table.state == TableState::Succeeded)
        };
        let mut moments: Vec<_> = succeeded()
            .filter_map(|table| table.snapshot.clone())
            .collect();
        moments.sort();
        moments.dedup();
        let mut findings: Vec<Finding> = plan.all_findings().cloned().collect();
        findings.extend(self.findings);
        findings.extend(succeeded().flat_map(|table| {
            let notices = table.notices.iter();
            notices.map(move |notice| notice.finding(&table.source))
        }));
        findings.append(&mut self.hangar.findings());
        RunReport {
            run: self.hangar.run.clone(),
            migration: plan.migration.clone(),
            state: RunState::of(&tables, self.hangar.cancel.is_cancelled()),
            bizdate: plan.bizdate.clone(),
            rows: succeeded().map(|table| table.rows_written).sum(),
            bytes: succeeded().map(|table| table.bytes).sum(),
            seconds: elapsed.as_secs_f64(),
            moments: moments.len(),
            tables,
            findings,
        }
    }
}

/// Why a table failed that no rerun takes: where the moment is lost, that is why, and another moment takes it.
async fn by_moment(snapshot: &dyn Snapshot, error: Error) -> Error {
    if is_lost(&error) || !error.is_retryable() {
        return error;
    }
    match snapshot.check_held().await {
        Err(lost) if is_lost(&lost) => lost,
        _ => error,
    }
}

/// The same error for another table; its cause stays with the first.
fn copy(error: &Error) -> Error {
    let copy = Error::new(error.kind, error.code, error.message.clone())
        .on(error.side)
        .retry(error.retry);
    match &error.hint {
        Some(hint) => copy.hint(hint.clone()),
        None => copy,
    }
}

fn plan_changed() -> Error {
    let message = "this table's part of the plan differs from the run's first plan";
    Error::new(ErrorKind::Conflict, "PLAN_CHANGED", message)
        .hint("take the change back, or start anew without --resume")
}

fn source_changed(table: &TableName, gone: bool) -> Error {
    let (code, what) = if gone {
        ("TABLE_MISSING", "is gone")
    } else {
        ("TABLE_CHANGED", "has changed")
    };
    Error::new(
        ErrorKind::Conflict,
        code,
        format!("{table} {what} since it was planned"),
    )
    .on(Side::Source)
    .hint("run again: the next plan sees the table as it is now")
}

fn taken<T>(list: &mut Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(list.get_mut().unwrap_or_else(PoisonError::into_inner))
}

fn leftovers(staging: &Staging, error: &Error) -> Finding {
    let at = staging.write.table.name.to_string();
    let message = format!("what load {} staged remains: {error}", staging.load);
    Finding::warning("LEFTOVERS", at, message)
        .hint("the next run of this migration tries again to remove it")
}
