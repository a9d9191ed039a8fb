//! One table's flight under one held moment: cut, prepare, move, account, verify, commit. Whatever
//! fails before `Committing` leaves the destination as it was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::{
    BatchLimits, CancellationToken, CommitOutcome, Destination, Manifest, Receipt, Snapshot, Split,
    Staging, WriteBudget,
};
use datafusion_execution::TaskContext;
use datafusion_physical_plan::{ExecutionPlanProperties, execute_stream_partitioned};
use futures::StreamExt;
use model::checksum::ValueProof;
use model::migration::Verify;
use model::plan::{Pipeline, Plan};
use model::run::{Notice, TableReport, TableState};
use model::{Error, ErrorKind, Finding, LoadId, PipelineId, Result, RunId, Side};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::attempt::{TableWork, inward};
use crate::checksum::{self, ColumnSpec, Handed, HandedRows, Proving};
use crate::journal::{Entry, Journal};
use crate::plan::physical_plan;
use crate::progress::{Progress, TablePhase};
use crate::rejected::{Shelves, most_kept};
use crate::run::Patience;
use crate::stops::{Stop, Stops};
use crate::verify::{self, Totals};
use crate::write_exec::SplitOutcome;

/// A split's size where nothing speaks against it.
const SPLIT_BYTES: u64 = 64 << 20;
const SPLIT_ROWS: u64 = 500_000;
const MOST_SPLITS: u64 = 1_024;
/// From this mean size on, a table's rows are read by one reader.
const HUGE_ROW_BYTES: u64 = 8 << 20;
/// How often an unknown commit is asked for before the table is left to `--resume`.
const SETTLE_TRIES: u32 = 6;
/// How often it is tried to journal a commit.
const NOTE_TRIES: u32 = 4;

/// What all tables of a run share.
pub(crate) struct Hangar {
    pub(crate) run: RunId,
    pub(crate) plan: Plan,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) journal: Arc<dyn Journal>,
    /// Where rejected rows are kept.
    pub(crate) rejected: Arc<dyn Shelves>,
    pub(crate) progress: Arc<Progress>,
    /// The whole run's.
    pub(crate) cancel: CancellationToken,
    /// Each table's own, below the run's.
    pub(crate) tokens: HashMap<PipelineId, CancellationToken>,
    pub(crate) stops: Arc<Stops>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) budget: Arc<WriteBudget>,
    /// Whose turn it is to write a huge batch.
    pub(crate) huge: Arc<Semaphore>,
    pub(crate) patience: Patience,
    /// Loads that were given up and could not be swept.
    pub(crate) unswept: Mutex<Vec<(PipelineId, Staging)>>,
    /// Loads that were published and could not be cleaned up after.
    pub(crate) uncleaned: Mutex<Vec<(PipelineId, Staging)>>,
    /// What a person should know of tables that were flown.
    pub(crate) findings: Mutex<Vec<Finding>>,
}

impl Hangar {
    pub(crate) fn findings(&self) -> MutexGuard<'_, Vec<Finding>> {
        locked(&self.findings)
    }

    /// Sweeps a load that will not be published and says so in the journal.
    pub(crate) async fn sweep(
        &self,
        pipeline: &PipelineId,
        staging: &Staging,
        reason: &str,
    ) -> Result<()> {
        self.destination.abort(staging).await?;
        let aborted = Entry::Aborted {
            pipeline: pipeline.clone(),
            load: staging.load.clone(),
            reason: reason.to_owned(),
        };
        if let Err(error) = self.append(&aborted).await {
            tracing::warn!(%error, "could not journal that a load was given up");
        }
        Ok(())
    }

    /// Appends to the run's journal. Where that is refused, another process holds the run by now: every
    /// table stops.
    pub(crate) async fn append(&self, entry: &Entry) -> Result<()> {
        let appended = self.journal.append(&self.run, entry).await;
        if let Err(error) = &appended
            && error.kind == ErrorKind::Conflict
            && !error.is_retryable()
        {
            self.stops.stop_all(Stop::of(error));
        }
        appended
    }

    /// What stops this table.
    pub(crate) fn token(&self, pipeline: &Pipeline) -> &CancellationToken {
        self.tokens.get(&pipeline.id).unwrap_or(&self.cancel)
    }

    /// What an error makes of a report.
    ///
    /// Stopped is what the run's own token or the table's stopped; a query that somebody cancelled at the
    /// server failed.
    pub(crate) fn failed(
        &self,
        pipeline: &Pipeline,
        report: TableReport,
        error: &Error,
    ) -> TableReport {
        let is_stopped = error.kind == ErrorKind::Cancelled && self.token(pipeline).is_cancelled();
        match self.stops.of(&pipeline.scan.table) {
            Some(stop) if is_stopped => stop.end(report),
            _ => TableReport {
                state: match is_stopped {
                    true => TableState::Cancelled,
                    false => TableState::Failed,
                },
                code: Some(error.code.to_owned()),
                message: Some(error.message.clone()),
                hint: error.hint.clone(),
                ..report
            },
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One table under one moment.
pub(crate) struct TableFlight<'a> {
    pub(crate) hangar: &'a Hangar,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) snapshot: Arc<dyn Snapshot>,
    /// From 1, over all processes that carried the run.
    pub(crate) attempt: u32,
}

/// What became of a table's splits.
struct Moved {
    manifests: Vec<Manifest>,
    /// What was noticed of their values.
    notices: Vec<Notice>,
    /// Empty where no checksums are asked for.
    handed: Handed,
}

impl Moved {
    fn nothing(summed: Option<&[ColumnSpec]>) -> Self {
        Self {
            manifests: Vec::new(),
            notices: Vec::new(),
            handed: summed.map_or_else(Handed::default, |specs| HandedRows::new(specs).finish()),
        }
    }

    fn add(&mut self, outcome: SplitOutcome) {
        self.manifests.push(outcome.manifest);
        self.handed.merge(&outcome.handed.unwrap_or_default());
        for notice in outcome.notices {
            Notice::add(&mut self.notices, notice);
        }
    }
}

/// A report before anything happened.
pub(crate) fn blank_report(pipeline: &Pipeline, state: TableState) -> TableReport {
    let destination = Some(pipeline.write.table.name.to_string());
    TableReport::blank(pipeline.scan.table.to_string(), destination, state)
}

impl TableFlight<'_> {
    /// Carries the table to its commit, or leaves the destination as it was. The report tells figures
    /// in both cases.
    pub(crate) async fn fly(self) -> (TableReport, Option<Error>) {
        let started = tokio::time::Instant::now();
        let mut report = TableReport {
            snapshot: Some(self.snapshot.id().clone()),
            ..blank_report(self.pipeline, TableState::Failed)
        };
        let result = self.to_commit(&mut report).await;
        report.seconds = started.elapsed().as_secs_f64();
        let phase = if result.is_ok() {
            TablePhase::Succeeded
        } else {
            TablePhase::Failed
        };
        self.hangar.progress.enter(&self.pipeline.id, phase);
        match result {
            Ok(()) => (
                TableReport {
                    state: TableState::Succeeded,
                    ..report
                },
                None,
            ),
            Err(error) => {
                let report = self.hangar.failed(self.pipeline, report, &error);
                (report, Some(error))
            }
        }
    }

    async fn to_commit(&self, report: &mut TableReport) -> Result<()> {
        if self.is_stopped() {
            return Err(Error::cancelled());
        }
        let staging = self.stage()?;
        self.enter(TablePhase::Preparing);
        let splits = self.cut().await?;
        self.note(Entry::Prepared {
            pipeline: self.pipeline.id.clone(),
            staging: Box::new(staging.clone()),
            snapshot: self.snapshot.id().clone(),
        })
        .await?;
        match self.to_proof(&staging, &splits, report).await {
            Ok(manifests) => self.commit(&staging, &manifests, report).await,
            Err(error) => {
                self.give_up(&staging, &error).await;
                Err(error)
            }
        }
    }

    fn stage(&self) -> Result<Staging> {
        let load = LoadId::of(&self.hangar.run, &self.pipeline.id, self.attempt);
        self.hangar.destination.stage(&self.pipeline.write, &load)
    }

    async fn cut(&self) -> Result<Vec<Split>> {
        let scan = &self.pipeline.scan;
        let by_bytes = scan.estimated_bytes.unwrap_or(0).div_ceil(SPLIT_BYTES);
        let by_rows = scan.estimated_rows.unwrap_or(0).div_ceil(SPLIT_ROWS);
        let huge_rows = scan.estimated_bytes.unwrap_or(0) / scan.estimated_rows.unwrap_or(0).max(1);
        // Two readers of huge rows would hold twice as many of them and be hardly faster.
        let by_size = match huge_rows >= HUGE_ROW_BYTES {
            true => 1,
            false => by_bytes.max(by_rows),
        };
        let wanted = self.pipeline.splits.map_or(by_size, u64::from);
        let wanted = usize::try_from(wanted.clamp(1, MOST_SPLITS)).unwrap_or(1);
        let splits = self.snapshot.split(scan, wanted).await?;
        let pipeline = self.pipeline.id.clone();
        self.note(Entry::Splits {
            pipeline,
            splits: splits.clone(),
        })
        .await?;
        Ok(splits)
    }

    /// Everything before the commit; nothing that a reader can see changes.
    async fn to_proof(
        &self,
        staging: &Staging,
        splits: &[Split],
        report: &mut TableReport,
    ) -> Result<Vec<Manifest>> {
        if self.attempt > 1 {
            self.hangar.rejected.forget_earlier(&staging.load);
        }
        self.hangar.destination.prepare(staging).await?;
        self.enter(TablePhase::Moving);
        let moved = self.move_rows(staging, splits).await?;
        let (manifests, handed) = (moved.manifests, moved.handed);
        report.notices = moved.notices;
        let totals = verify::account(splits, &manifests)?;
        fill(report, totals);
        self.snapshot.check_held().await?;
        verify::rejected_within(&self.hangar.plan.policy, totals)?;
        self.enter(TablePhase::Verifying);
        let replaced = self.hangar.destination.replaces(staging).await?;
        let policy = &self.hangar.plan.policy;
        verify::empty_overwrite(policy, self.pipeline, totals, replaced)?;
        let shrunk = verify::shrunk(policy, self.pipeline, totals)?;
        let evidence = self
            .hangar
            .destination
            .evidence(staging, &manifests)
            .await?;
        verify::evidence_agrees(totals, evidence)?;
        report.checksums = self.checksums(staging, &manifests, &handed, totals).await?;
        report.verified = self.hangar.plan.policy.verify;
        report.bytes = evidence.bytes;
        let pipeline = self.pipeline.id.clone();
        self.note(Entry::Verified {
            pipeline,
            load: staging.load.clone(),
            evidence,
            checksums: report.checksums.clone(),
        })
        .await?;
        if self.is_stopped() {
            return Err(Error::cancelled());
        }
        self.hangar.findings().extend(shrunk);
        Ok(manifests)
    }

    /// The columns that are summed on their way.
    fn summed(&self) -> Option<Vec<ColumnSpec>> {
        let asked = self.hangar.plan.policy.verify == Verify::Checksums;
        asked.then(|| checksum::specs(self.hangar.destination.as_ref(), &self.pipeline.write))
    }

    /// The proof of the values, where a person asks for it.
    async fn checksums(
        &self,
        staging: &Staging,
        manifests: &[Manifest],
        handed: &Handed,
        totals: Totals,
    ) -> Result<Option<Box<ValueProof>>> {
        if self.hangar.plan.policy.verify != Verify::Checksums {
            return Ok(None);
        }
        let proving = Proving {
            pipeline: self.pipeline,
            snapshot: self.snapshot.as_ref(),
            destination: self.hangar.destination.as_ref(),
            slots: &self.hangar.slots,
            cancel: self.hangar.token(self.pipeline),
            staging,
            manifests,
            handed,
            totals,
        };
        proving.prove().await.map(|proof| Some(Box::new(proof)))
    }

    /// Carries out the physical plan. The first split that fails stops the others.
    async fn move_rows(&self, staging: &Staging, splits: &[Split]) -> Result<Moved> {
        let summed = self.summed();
        if splits.is_empty() {
            return Ok(Moved::nothing(summed.as_deref()));
        }
        let stop = self.hangar.token(self.pipeline).child_token();
        let work = TableWork {
            snapshot: Arc::clone(&self.snapshot),
            destination: Arc::clone(&self.hangar.destination),
            scan: self.pipeline.scan.clone(),
            columns: self.pipeline.columns.clone(),
            staging: staging.clone(),
            summed: summed.clone(),
            slots: Arc::clone(&self.hangar.slots),
            budget: Arc::clone(&self.hangar.budget),
            huge: Arc::clone(&self.hangar.huge),
            patience: self.hangar.patience,
            limits: BatchLimits::default(),
            cancel: stop.clone(),
            rejected: Arc::clone(&self.hangar.rejected),
            most_rejected: most_kept(&self.hangar.plan.policy.rejected_rows),
            meter: self.hangar.progress.cut(&self.pipeline.id, splits.len()),
        };
        let plan = physical_plan(work, splits)?;
        debug_assert_eq!(plan.output_partitioning().partition_count(), splits.len());
        let streams = execute_stream_partitioned(plan, Arc::new(TaskContext::default()));
        let mut tasks = JoinSet::new();
        for mut stream in streams.map_err(inward)? {
            tasks.spawn(async move {
                let row = stream.next().await.transpose().map_err(inward)?;
                let row = row.ok_or_else(|| Error::internal("a split gave no outcome"))?;
                SplitOutcome::of_row(&row)
            });
        }
        let nothing = Moved::nothing(summed.as_deref());
        self.collect(tasks, nothing, &staging.load, &stop).await
    }

    async fn collect(
        &self,
        mut tasks: JoinSet<Result<SplitOutcome>>,
        mut moved: Moved,
        load: &LoadId,
        stop: &CancellationToken,
    ) -> Result<Moved> {
        let mut first_error = None;
        while let Some(joined) = tasks.join_next().await {
            let outcome = joined.unwrap_or_else(|_| Err(Error::internal("a task of a split died")));
            let accepted = match outcome {
                Ok(outcome) if first_error.is_none() => self.accept(outcome, load).await,
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            match accepted {
                Ok(outcome) => moved.add(outcome),
                Err(error) => {
                    stop.cancel();
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            None => Ok(moved),
            Some(_) if self.is_stopped() => Err(Error::cancelled()),
            Some(error) => Err(error),
        }
    }

    /// What a split brought counts from here on.
    async fn accept(&self, outcome: SplitOutcome, load: &LoadId) -> Result<SplitOutcome> {
        self.note(Entry::SplitDone {
            pipeline: self.pipeline.id.clone(),
            load: load.clone(),
            manifest: Box::new(outcome.manifest.clone()),
            rejected: outcome.rejected.clone(),
        })
        .await?;
        self.hangar.progress.split_done(&self.pipeline.id);
        Ok(outcome)
    }

    /// Intent, the one call, its three outcomes.
    async fn commit(
        &self,
        staging: &Staging,
        manifests: &[Manifest],
        report: &mut TableReport,
    ) -> Result<()> {
        self.enter(TablePhase::Committing);
        let intended = TableReport {
            state: TableState::Succeeded,
            ..report.clone()
        };
        let intent = Entry::Committing {
            pipeline: self.pipeline.id.clone(),
            load: staging.load.clone(),
            report: Box::new(intended.clone()),
        };
        if let Err(error) = self.note(intent).await {
            self.give_up(staging, &error).await;
            return Err(error);
        }
        let receipt = match self.hangar.destination.commit(staging, manifests).await {
            CommitOutcome::Done(receipt) => receipt,
            CommitOutcome::NotDone(error) => {
                self.give_up(staging, &error).await;
                return Err(error);
            }
            CommitOutcome::Unknown(error) => self.settle(staging, error).await?,
        };
        let pipeline = self.pipeline.id.clone();
        let committed = Entry::Committed {
            pipeline,
            receipt,
            report: Box::new(intended),
        };
        if let Err(error) = self.note_patiently(committed).await {
            // It is published, and that is what the report says; whoever takes up the run asks the
            // destination and learns the same.
            tracing::error!(table = %self.pipeline.write.table.name, %error, "published, but not journalled");
            return Ok(());
        }
        if let Err(error) = self.hangar.destination.clean(staging).await {
            tracing::warn!(table = %self.pipeline.write.table.name, %error, "could not clean up");
            let left = (self.pipeline.id.clone(), staging.clone());
            locked(&self.hangar.uncleaned).push(left);
        }
        Ok(())
    }

    /// Nobody knows whether it is published: the destination is asked until it answers.
    async fn settle(&self, staging: &Staging, unknown: Error) -> Result<Receipt> {
        let mut pause = self.hangar.patience.pause;
        for _ in 0..SETTLE_TRIES {
            match self.hangar.destination.settle(staging).await {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) => {
                    self.give_up(staging, &unknown).await;
                    return Err(unknown);
                }
                Err(error) => tracing::warn!(%error, "could not look up a commit"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(
            Error::new(ErrorKind::Unavailable, "COMMIT_UNKNOWN", unknown.message)
                .on(Side::Destination)
                .context("nobody knows whether the load was published")
                .retry(model::Retry::Never)
                .hint("when the destination answers again, take the run up again: it looks the load up"),
        )
    }

    /// Sweeps what was staged. What cannot be swept now is tried again at the end of the run, and by
    /// the next one.
    async fn give_up(&self, staging: &Staging, error: &Error) {
        let pipeline = &self.pipeline.id;
        let swept = self.hangar.sweep(pipeline, staging, &error.message).await;
        if let Err(error) = swept {
            tracing::warn!(table = %self.pipeline.write.table.name, %error, "could not sweep a load");
            locked(&self.hangar.unswept).push((pipeline.clone(), staging.clone()));
        }
    }

    /// A line that nobody would write later: without it, what the load needed is not cleaned up.
    async fn note_patiently(&self, entry: Entry) -> Result<()> {
        let mut pause = self.hangar.patience.pause;
        for _ in 1..NOTE_TRIES {
            match self.hangar.append(&entry).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "could not journal a commit, tried again"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.note(entry).await
    }

    async fn note(&self, entry: Entry) -> Result<()> {
        self.hangar.append(&entry).await
    }

    fn is_stopped(&self) -> bool {
        self.hangar.token(self.pipeline).is_cancelled()
    }

    fn enter(&self, phase: TablePhase) {
        self.hangar.progress.enter(&self.pipeline.id, phase);
    }
}

fn fill(report: &mut TableReport, totals: Totals) {
    report.rows_read = totals.read;
    report.rows_written = totals.written;
    report.rows_rejected = totals.rejected;
    report.rows_filtered = totals.filtered;
    report.bytes = totals.bytes;
}
