//! A whole run: takes up what the journal says, holds a moment of the source, flies the tables, and
//! goes around again for those that may succeed at another moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{
    CancellationToken, Destination, OpenedSnapshot, Snapshot, Source, Staging, WriteBudget,
};
use futures::{StreamExt, stream};
use model::migration::{Consistency, OnLostSnapshot};
use model::plan::{Pipeline, Plan, Scan};
use model::run::{RunReport, RunState, TableReport, TableState};
use model::{Error, ErrorKind, Finding, PipelineId, Result, RunId, Side, TableName};
use tokio::sync::Semaphore;

use crate::journal::{Entry, Journal};
use crate::progress::{Progress, Rerun, TablePhase};
use crate::recovery::{RunRecord, settle_open};
use crate::rejected::Shelves;
use crate::table::{Hangar, TableFlight, blank_report, failed};

/// Buffers of all writers of a run together.
const WRITE_BUDGET: usize = 128 << 20;
/// How often unfinished tables are read at another moment after one was lost.
const MOST_LOST_MOMENTS: usize = 3;
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
    reports: HashMap<PipelineId, TableReport>,
    /// Tables that still may succeed, with the error of their last flight.
    waiting: Vec<(Pipeline, Option<Error>)>,
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
            patience,
        } = flight;
        let slots = usize::from(plan.policy.run.parallelism).max(1);
        let waiting = plan
            .pipelines
            .iter()
            .cloned()
            .map(|pipeline| (pipeline, None))
            .collect();
        let hangar = Hangar {
            run,
            destination,
            journal,
            rejected,
            progress,
            cancel,
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
            reports: HashMap::new(),
            waiting,
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
        let mut waiting = Vec::new();
        for (pipeline, _) in std::mem::take(&mut self.waiting) {
            let Some(table) = record.table(&pipeline.id) else {
                waiting.push((pipeline, None));
                continue;
            };
            self.attempts.insert(pipeline.id.clone(), table.attempts);
            if let Some(report) = &table.committed {
                self.hangar
                    .progress
                    .enter(&pipeline.id, TablePhase::Succeeded);
                let report = TableReport {
                    resumed: true,
                    ..report.clone()
                };
                self.reports.insert(pipeline.id, report);
            } else if table
                .digest
                .as_ref()
                .is_some_and(|digest| *digest != pipeline.digest)
            {
                self.fail(&pipeline, &plan_changed());
            } else {
                waiting.push((pipeline, None));
            }
        }
        self.waiting = waiting;
        let pipelines = self.hangar.plan.pipelines.iter();
        let pipelines = pipelines
            .map(|pipeline| (pipeline.id.clone(), pipeline.digest.clone()))
            .collect();
        self.hangar
            .journal
            .append(&self.hangar.run, &Entry::Started { pipelines })
            .await
    }

    /// One moment after another until no table is left that another one could help.
    async fn rounds(&mut self) {
        let policy = self.hangar.plan.policy.clone();
        let (mut lost, mut reruns) = (0, 0);
        loop {
            self.round().await;
            if self.hangar.cancel.is_cancelled() || self.waiting.is_empty() {
                break;
            }
            let lost_one = self
                .waiting
                .iter()
                .any(|(_, error)| is_lost(error.as_ref()));
            if lost_one && lost < MOST_LOST_MOMENTS {
                if policy.on_lost_snapshot == OnLostSnapshot::Fail {
                    break;
                }
                lost += 1;
            } else if reruns < policy.run.reruns {
                reruns += 1;
                let minutes = u64::from(policy.run.rerun_interval_minutes);
                tracing::info!(tables = self.waiting.len(), minutes, "tables are run again");
                self.announce(reruns, minutes);
                tokio::select! {
                    () = self.hangar.cancel.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_secs(minutes * 60)) => {}
                }
                self.hangar.progress.await_rerun(None);
                if self.hangar.cancel.is_cancelled() {
                    break;
                }
            } else {
                break;
            }
        }
        for (pipeline, error) in std::mem::take(&mut self.waiting) {
            let error = error.unwrap_or_else(Error::cancelled);
            if !self.reports.contains_key(&pipeline.id) {
                self.fail(&pipeline, &error);
            }
        }
    }

    /// Tells those who watch why nothing moves for a while.
    fn announce(&self, number: u8, minutes: u64) {
        let errors = self.waiting.iter().filter_map(|(_, error)| error.as_ref());
        let first = errors.map(|error| error.message.clone()).next();
        self.hangar.progress.await_rerun(Some(Rerun {
            number,
            tables: self.waiting.len(),
            minutes,
            message: first.unwrap_or_default(),
        }));
    }

    /// All waiting tables at one moment, or each at its own.
    async fn round(&mut self) {
        let waiting: Vec<Pipeline> = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(pipeline, _)| pipeline)
            .collect();
        if self.hangar.plan.policy.consistency == Consistency::Snapshot {
            self.at_one_moment(waiting).await;
            return;
        }
        for pipeline in waiting {
            self.at_one_moment(vec![pipeline]).await;
        }
    }

    async fn at_one_moment(&mut self, pipelines: Vec<Pipeline>) {
        if pipelines.is_empty() || self.hangar.cancel.is_cancelled() {
            self.waiting
                .extend(pipelines.into_iter().map(|pipeline| (pipeline, None)));
            return;
        }
        let cancel = self.hangar.cancel.clone();
        let held = tokio::select! {
            () = cancel.cancelled() => Err(Error::cancelled()),
            held = self.hold(&pipelines) => held,
        };
        let (snapshot, ready) = match held {
            Ok(held) => held,
            Err(error) => {
                let error = error.context("could not hold the source's tables");
                pipelines
                    .into_iter()
                    .for_each(|pipeline| self.set_back(pipeline, copy(&error)));
                return;
            }
        };
        self.fly(&snapshot, ready).await;
        snapshot.close().await;
    }

    /// Holds a moment, and looks whether the tables still are what was planned.
    async fn hold(&mut self, pipelines: &[Pipeline]) -> Result<(Arc<dyn Snapshot>, Vec<Pipeline>)> {
        let scans: Vec<Scan> = pipelines
            .iter()
            .map(|pipeline| pipeline.scan.clone())
            .collect();
        let readers = usize::from(self.hangar.plan.policy.run.parallelism).max(1);
        let OpenedSnapshot {
            snapshot,
            refused,
            findings,
        } = self.source.open_snapshot(&scans, readers).await?;
        self.findings.extend(findings);
        let mut refused: HashMap<TableName, Error> = refused.into_iter().collect();
        let names: Vec<TableName> = scans.iter().map(|scan| scan.table.clone()).collect();
        let now = match self.source.describe(&names).await {
            Ok(now) => now,
            Err(error) => {
                snapshot.close().await;
                return Err(error);
            }
        };
        let mut ready = Vec::new();
        for (pipeline, now) in pipelines.iter().zip(now) {
            let fingerprint = now.map(|table| table.fingerprint());
            if let Some(error) = refused.remove(&pipeline.scan.table) {
                self.set_back(pipeline.clone(), error);
            } else if fingerprint.as_ref() != Some(&pipeline.scan.fingerprint) {
                self.fail(
                    pipeline,
                    &source_changed(&pipeline.scan.table, fingerprint.is_none()),
                );
            } else {
                ready.push(pipeline.clone());
            }
        }
        let entry = Entry::Snapshot {
            id: snapshot.id().clone(),
            pipelines: ready.iter().map(|pipeline| pipeline.id.clone()).collect(),
        };
        if let Err(error) = self.hangar.journal.append(&self.hangar.run, &entry).await {
            snapshot.close().await;
            return Err(error);
        }
        Ok((snapshot, ready))
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
        let hangar = &self.hangar;
        let flights = numbered.into_iter().map(|(pipeline, attempt)| async move {
            let flight = TableFlight {
                hangar,
                pipeline: &pipeline,
                snapshot: Arc::clone(snapshot),
                attempt,
            };
            let (report, error) = Box::pin(flight.fly()).await;
            (pipeline, report, error)
        });
        let landed: Vec<_> = stream::iter(flights)
            .buffer_unordered(slots.max(1) * TABLES_PER_SLOT)
            .collect()
            .await;
        for (pipeline, report, error) in landed {
            match error {
                Some(error) if may_succeed_later(&error) => {
                    self.reports.insert(pipeline.id.clone(), report);
                    self.waiting.push((pipeline, Some(error)));
                }
                _ => {
                    self.reports.insert(pipeline.id, report);
                }
            }
        }
    }

    /// The table failed before its flight: it waits for another moment, or has failed.
    fn set_back(&mut self, pipeline: Pipeline, error: Error) {
        self.fail(&pipeline, &error);
        if may_succeed_later(&error) {
            self.waiting.push((pipeline, Some(error)));
        }
    }

    fn fail(&mut self, pipeline: &Pipeline, error: &Error) {
        self.hangar.progress.enter(&pipeline.id, TablePhase::Failed);
        let report = failed(
            blank_report(pipeline, TableState::Failed),
            error,
            &self.hangar.cancel,
        );
        self.reports.insert(pipeline.id.clone(), report);
    }

    fn fail_remaining(&mut self, error: &Error) {
        for (pipeline, _) in std::mem::take(&mut self.waiting) {
            self.fail(&pipeline, error);
        }
        let missing: Vec<Pipeline> = self
            .hangar
            .plan
            .pipelines
            .iter()
            .filter(|pipeline| !self.reports.contains_key(&pipeline.id))
            .cloned()
            .collect();
        missing
            .iter()
            .for_each(|pipeline| self.fail(pipeline, error));
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
                if let Err(error) = self.hangar.journal.append(&self.hangar.run, &left).await {
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
            .filter_map(|pipeline| self.reports.get(&pipeline.id).cloned())
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

fn is_lost(error: Option<&Error>) -> bool {
    error.is_some_and(|error| error.code == "SNAPSHOT_LOST")
}

fn may_succeed_later(error: &Error) -> bool {
    error.is_retryable() || is_lost(Some(error))
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
