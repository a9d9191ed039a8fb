//! Carrying a plan out: the engine flies it, a timeout stops it, the store keeps what came of it.

use std::sync::Arc;

use engine::{Flight, Patience, Progress, ShelfFolder};
use model::plan::Plan;
use model::run::{RunReport, RunState, TableReport, TableState};
use model::{Error, Finding, Result, Severity};
use store::NewRun;

use crate::ends::Ends;
use crate::journal::StoreJournal;
use crate::last_loads;
use crate::plan::Compiled;
use crate::run::replay;
use crate::run::resume::{keep_to, spec_of};
use crate::run::time_limit::TimeLimit;
use crate::run::{Desk, Start, Watcher};

impl Desk {
    /// Starts the run, where the plan allows it, and sees it to its end.
    pub(super) async fn carry_out(
        &self,
        start: Start,
        ends: &Ends,
        compiled: Compiled,
        watcher: &dyn Watcher,
    ) -> Result<RunReport> {
        let journal = Arc::new(StoreJournal(self.store.clone()));
        let compiled = match &start.resumed {
            Some(run) => keep_to(run, compiled, journal.as_ref()).await?,
            None => compiled,
        };
        let Some(mut plan) = compiled.runnable().cloned() else {
            return self.keep_refused(&start, &compiled).await;
        };
        last_loads::note_rows(&self.store, &self.name, &mut plan).await?;
        self.note_start(&start, &plan).await?;
        let progress = Arc::new(Progress::new(&plan));
        watcher.started(&start.id, &plan, &progress);
        let flight = Flight {
            run: start.id.clone(),
            plan: plan.clone(),
            source: Arc::clone(&ends.source),
            destination: Arc::clone(&ends.destination),
            journal,
            rejected: Arc::new(ShelfFolder(self.store.rejected_folder(&start.id))),
            progress,
            cancel: self.cancel.child_token(),
            stops: Arc::clone(&self.stops),
            landed: self.landed.clone(),
            patience: Patience::default(),
        };
        let mut report = within(flight, &self.time).await;
        if let Some(file) = &self.loaded.file {
            tracing::info!(migration = file.migration.name, run = %report.run, state = ?report.state, rows = report.rows, "run ended");
        }
        report.findings = with_new(compiled.findings, report.findings);
        if start.replays.is_some() {
            report.findings.extend(replay::gone(&plan, &report));
        }
        if let Err(error) = self.note_end(&start, &plan, &report).await {
            // What stands at the destination does not change by it: the report is told all the same.
            report.findings.push(not_kept(&error));
        }
        Finding::by_weight(&mut report.findings);
        Ok(report)
    }

    /// Keeps a run whose plan forbids it, with the tables that the plan refused.
    async fn keep_refused(&self, start: &Start, compiled: &Compiled) -> Result<RunReport> {
        let plan = compiled.plan.as_ref();
        let refused = plan.iter().flat_map(|plan| &plan.refused);
        let findings = compiled.findings.clone();
        let unflown = self.unflown(RunState::Refused, &start.occasion, findings);
        let report = RunReport {
            run: match start.resumed {
                Some(_) => unflown.run,
                None => start.id.clone(),
            },
            tables: refused.map(TableReport::refused).collect(),
            ..unflown
        };
        self.keep_unstarted(&report, &start.occasion, plan).await?;
        Ok(report)
    }

    async fn note_start(&self, start: &Start, plan: &Plan) -> Result<()> {
        if start.resumed.is_some() {
            return self.store.reopen_run(&start.id).await;
        }
        let file = self.loaded.file.as_ref();
        let spec = file.map(|file| spec_of(file, &self.loaded.base));
        self.store
            .start_run(NewRun {
                id: start.id.clone(),
                migration: &self.name,
                started_at: self.clock.stamp(),
                bizdate: &start.occasion.bizdate,
                part: start.occasion.part,
                spec: spec.as_ref(),
                plan: Some(plan),
                replays: start.replays.as_ref().map(|run| &run.id),
            })
            .await
    }

    async fn note_end(&self, start: &Start, plan: &Plan, report: &RunReport) -> Result<()> {
        if start.replays.is_none() {
            last_loads::note(&self.store, &self.name, plan, report).await?;
        }
        self.store.end_run(report, &self.clock.stamp()).await
    }
}

/// The report stays untold to later runs: they compare with the load before, and take this run for one
/// that did not end.
fn not_kept(error: &Error) -> Finding {
    Finding {
        severity: Severity::Warning,
        message: format!("this report is not kept: {}", error.message),
        hint: Some("the tables stand as the report says; make room or rights in the data folder: the next run settles this one".to_owned()),
        ..Finding::of_error(error, "")
    }
}

/// Flies until the time is over; past it the tables that are not done have failed.
async fn within(flight: Flight, time: &TimeLimit) -> RunReport {
    let stop = flight.cancel.clone();
    let mut flying = Box::pin(engine::run(flight));
    tokio::select! {
        report = &mut flying => return report,
        () = time.over() => stop.cancel(),
    }
    let mut report = flying.await;
    for table in &mut report.tables {
        if table.state == TableState::Cancelled {
            table.state = TableState::Failed;
            table.code = Some("TIMED_OUT".to_owned());
            table.message = Some(time.message());
            table.hint =
                Some("raise migration.run.timeout-hours, then take the run up again".to_owned());
        }
    }
    report.state = RunState::of(&report.tables, false);
    report
}

/// What was found before, then what the engine found beside.
fn with_new(mut findings: Vec<Finding>, more: Vec<Finding>) -> Vec<Finding> {
    for finding in more {
        let same = |old: &Finding| {
            (&old.code, &old.at, &old.message) == (&finding.code, &finding.at, &finding.message)
        };
        if !findings.iter().any(same) {
            findings.push(finding);
        }
    }
    findings
}
