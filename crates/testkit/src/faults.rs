//! Decorators around every seam: Source, Snapshot, Destination, SplitWriter, Journal. They share one
//! [`FaultPlan`]: every effect is counted, and one of them goes wrong in one of five ways. A "crash"
//! leaves the world as a kill would: from then on nothing that this process does has any effect.

mod shelves;
mod source;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Part, Receipt,
    SplitWriter, Staging, TaskContext, Unfit,
};
use engine::{Entry, Journal};
use model::plan::{Column, Write};
use model::{Error, ErrorKind, Finding, LoadId, Result, Retry, RunId, TableName};

pub use shelves::FaultyShelves;
pub use source::FaultySource;

/// How an effect goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process dies before it.
    CrashBefore,
    /// The process dies right after it.
    CrashAfter,
    /// It does not happen, and says so.
    Fail,
    /// It happens, and the answer is lost.
    LoseAnswer,
    /// Half of it happens (half a batch is read or written, half the rows stand staged), or it comes
    /// late (a commit is carried out when it was already given up); the error says that it may be
    /// tried again.
    Partly,
}

/// All of them.
pub const FAULTS: [Fault; 5] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Fail,
    Fault::LoseAnswer,
    Fault::Partly,
];

/// What is broken on purpose, without a word, to see whether the one who looks on notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The last split of a table is swallowed.
    SwallowSplit,
    /// A stream ends after its first batch, as if that were the protocol's own end.
    EarlyEnd,
    /// The first part is published twice.
    DoublePart,
    /// The parts of the commit are published, the first one is left out.
    LosePart,
    /// What settling made impossible is published all the same.
    PublishLate,
}

impl Sabotage {
    /// By its name on a command line: `swallow-split`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "swallow-split" => Self::SwallowSplit,
            "early-end" => Self::EarlyEnd,
            "double-part" => Self::DoublePart,
            "lose-part" => Self::LosePart,
            "publish-late" => Self::PublishLate,
            _ => return None,
        })
    }
}

/// Which effect is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The one with this number, from 0.
    Nth(u64),
    /// The first one of this name.
    First(&'static str),
}

/// Which effect goes wrong, and what was done so far.
#[derive(Default)]
pub struct FaultPlan {
    target: Option<(Aim, Fault)>,
    /// The effect with this number, counted from the one behind the target, goes wrong, too.
    then: Option<(u64, Fault)>,
    sabotage: Option<Sabotage>,
    effects: AtomicU64,
    hit: AtomicBool,
    hit_then: AtomicBool,
    dead: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    labels: Vec<&'static str>,
    /// Where the target was met.
    first_at: Option<u64>,
    /// The effect that went wrong last.
    hit: Option<&'static str>,
    unknown: usize,
    settled: usize,
    violations: Vec<String>,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    /// One effect goes wrong, and something is broken on purpose.
    pub fn new(target: Option<(Aim, Fault)>, sabotage: Option<Sabotage>) -> Arc<Self> {
        Arc::new(Self {
            target,
            sabotage,
            ..Self::default()
        })
    }

    /// One effect goes wrong, and after it another one, by its number from there.
    pub fn stumbling(first: (Aim, Fault), then: (u64, Fault)) -> Arc<Self> {
        Arc::new(Self {
            target: Some(first),
            then: Some(then),
            ..Self::default()
        })
    }

    /// How many effects were asked for.
    pub fn effects(&self) -> u64 {
        self.effects.load(Ordering::SeqCst)
    }

    /// Whether all that was to go wrong came up.
    pub fn is_hit(&self) -> bool {
        let hit = self.hit.load(Ordering::SeqCst);
        hit && (self.then.is_none() || self.hit_then.load(Ordering::SeqCst))
    }

    /// The effect that went wrong last, if any did.
    pub fn last_hit(&self) -> Option<&'static str> {
        self.seen().hit
    }

    /// What they were, in order.
    pub fn labels(&self) -> Vec<&'static str> {
        self.seen().labels.clone()
    }

    /// How often each came up.
    pub fn counted(&self) -> BTreeMap<&'static str, usize> {
        let mut counted = BTreeMap::new();
        for label in self.labels() {
            *counted.entry(label).or_default() += 1;
        }
        counted
    }

    /// How many commits had an unknown outcome, and how often settling answered after that.
    pub fn unknown(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.unknown, seen.settled)
    }

    /// What must never happen and did.
    pub fn violations(&self) -> Vec<String> {
        self.seen().violations.clone()
    }

    /// Whether the process counts as dead.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    fn die(&self) -> Error {
        self.dead.store(true, Ordering::SeqCst);
        dead()
    }

    /// Counts one effect; says how it goes wrong, if it does.
    fn next(&self, label: &'static str) -> Result<Option<Fault>> {
        if self.is_dead() {
            return Err(dead());
        }
        let mut seen = self.seen();
        seen.labels.push(label);
        let effect = self.effects.fetch_add(1, Ordering::SeqCst);
        if let Some(first) = seen.first_at {
            let then = self.then.filter(|(number, _)| first + 1 + number == effect);
            if then.is_some() {
                seen.hit = Some(label);
                self.hit_then.store(true, Ordering::SeqCst);
            }
            return Ok(then.map(|(_, fault)| fault));
        }
        let meant = |aim: Aim| match aim {
            Aim::Nth(number) => number == effect,
            Aim::First(name) => name == label,
        };
        let fault = self.target.filter(|(aim, _)| meant(*aim));
        if fault.is_some() {
            seen.hit = Some(label);
            seen.first_at = Some(effect);
            self.hit.store(true, Ordering::SeqCst);
        }
        Ok(fault.map(|(_, fault)| fault))
    }

    /// An effect of which no half can happen: partly, it does not, and may be tried again.
    async fn around<T>(
        &self,
        label: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.next(label)? {
            Some(Fault::Partly) => Err(broken()),
            fault => self.whole(fault, call).await,
        }
    }

    /// The four ways that are the same for every effect.
    async fn whole<T>(
        &self,
        fault: Option<Fault>,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match fault {
            None => call.await,
            Some(Fault::Fail) => Err(injected()),
            Some(Fault::CrashBefore) => Err(self.die()),
            Some(Fault::LoseAnswer | Fault::Partly) => {
                call.await?;
                Err(injected())
            }
            Some(Fault::CrashAfter) => {
                call.await?;
                Err(self.die())
            }
        }
    }
}

fn injected() -> Error {
    Error::new(ErrorKind::Internal, "INJECTED", "a fault was injected")
}

/// An error that says that the same call may succeed later.
fn broken() -> Error {
    Error::new(ErrorKind::Unavailable, "BROKEN", "a fault was injected").retry(Retry::Backoff)
}

fn dead() -> Error {
    Error::new(ErrorKind::Internal, "DEAD", "the process is dead")
}

/// A destination whose effects may go wrong.
pub struct FaultyDestination {
    inner: Arc<dyn Destination>,
    plan: Arc<FaultPlan>,
    /// What becomes of a dead process's writers: connections are closed by its system, files stay.
    hangs_up: bool,
    /// A commit that was given up by whoever asked, and is still on its way.
    late: Mutex<Option<(Staging, Vec<Manifest>)>>,
}

impl FaultyDestination {
    /// `inner`, under `plan`; `hangs_up` where its writers hold connections, which a dead process's
    /// system closes, and no files, which stay.
    pub fn new(inner: Arc<dyn Destination>, plan: &Arc<FaultPlan>, hangs_up: bool) -> Arc<Self> {
        Arc::new(Self {
            inner,
            plan: Arc::clone(plan),
            hangs_up,
            late: Mutex::default(),
        })
    }

    async fn publish(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let mut manifests = manifests.to_vec();
        if self.plan.has(Sabotage::DoublePart) {
            manifests.extend(manifests.first().cloned());
        }
        if self.plan.has(Sabotage::LosePart) && !manifests.is_empty() {
            manifests.remove(0);
        }
        self.inner.commit(staging, &manifests).await
    }

    /// The commit on its way arrives. What was said to be impossible must be.
    async fn arrive(&self, settled: Option<&Receipt>) {
        let late = self
            .late
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((staging, manifests)) = late else {
            return;
        };
        let mut staging = staging;
        if self.plan.has(Sabotage::PublishLate) {
            staging.load = LoadId::new(format!("{}9", staging.load));
        }
        let outcome = self.publish(&staging, &manifests).await;
        if settled.is_none() && matches!(outcome, CommitOutcome::Done(_)) {
            let violation = format!("{} was published after it had been ruled out", staging.load);
            self.plan.seen().violations.push(violation);
        }
    }
}

#[async_trait]
impl Destination for FaultyDestination {
    async fn check(&self) -> Result<Vec<Finding>> {
        self.inner.check().await
    }

    fn namespace(&self) -> String {
        self.inner.namespace()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        self.inner.describe(tables).await
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        self.inner.stage(write, load)
    }

    fn unfit(&self, write: &Write, batch: &RecordBatch) -> Result<Vec<Unfit>> {
        self.inner.unfit(write, batch)
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        self.plan
            .around("prepare", self.inner.prepare(staging))
            .await
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        let writer = self
            .plan
            .around("writer", self.inner.writer(staging, task))
            .await?;
        Ok(Box::new(FaultyWriter {
            inner: Some(writer),
            plan: Arc::clone(&self.plan),
            hangs_up: self.hangs_up,
        }))
    }

    /// Partly: half the rows are found.
    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        let fault = self.plan.next("evidence")?;
        let call = self.inner.evidence(staging, manifests);
        if fault == Some(Fault::Partly) {
            let found = call.await?;
            return Ok(Evidence {
                rows: found.rows / 2,
                ..found
            });
        }
        self.plan.whole(fault, call).await
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        self.plan
            .around("read-staged", self.inner.read_staged(staging, manifests))
            .await
    }

    fn normalises(&self, column: &Column) -> Option<String> {
        self.inner.normalises(column)
    }

    async fn replaces(&self, staging: &Staging) -> Result<Option<u64>> {
        self.plan
            .around("replaces", self.inner.replaces(staging))
            .await
    }

    /// Partly: nothing is known, and it is carried out after somebody asked.
    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let fault = match self.plan.next("commit") {
            Ok(fault) => fault,
            Err(error) => return CommitOutcome::Unknown(error),
        };
        let outcome = match fault {
            None => self.publish(staging, manifests).await,
            Some(Fault::Fail) => CommitOutcome::NotDone(injected()),
            Some(Fault::CrashBefore) => CommitOutcome::Unknown(self.plan.die()),
            Some(Fault::LoseAnswer) => {
                self.publish(staging, manifests).await;
                CommitOutcome::Unknown(injected())
            }
            Some(Fault::CrashAfter) => {
                self.publish(staging, manifests).await;
                CommitOutcome::Unknown(self.plan.die())
            }
            Some(Fault::Partly) => {
                let late = (staging.clone(), manifests.to_vec());
                *self.late.lock().unwrap_or_else(PoisonError::into_inner) = Some(late);
                CommitOutcome::Unknown(broken())
            }
        };
        if matches!(outcome, CommitOutcome::Unknown(_)) {
            self.plan.seen().unknown += 1;
        }
        outcome
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        let settled = self
            .plan
            .around("settle", self.inner.settle(staging))
            .await?;
        self.plan.seen().settled += 1;
        self.arrive(settled.as_ref()).await;
        Ok(settled)
    }

    async fn clean(&self, staging: &Staging) -> Result<()> {
        self.plan.around("clean", self.inner.clean(staging)).await
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        self.plan.around("abort", self.inner.abort(staging)).await
    }
}

struct FaultyWriter {
    /// None once it was finished or discarded.
    inner: Option<Box<dyn SplitWriter>>,
    plan: Arc<FaultPlan>,
    hangs_up: bool,
}

impl FaultyWriter {
    fn writer(&mut self) -> Result<&mut Box<dyn SplitWriter>> {
        self.inner.as_mut().ok_or_else(injected)
    }
}

impl Drop for FaultyWriter {
    /// A dead process removes nothing.
    fn drop(&mut self) {
        if self.plan.is_dead() && !self.hangs_up {
            std::mem::forget(self.inner.take());
        }
    }
}

#[async_trait]
impl SplitWriter for FaultyWriter {
    /// Partly: half of the batch is written.
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let fault = plan.next("write")?;
        if fault == Some(Fault::Partly) {
            let half = batch.slice(0, batch.num_rows() / 2);
            self.writer()?.write(half).await?;
            return Err(broken());
        }
        plan.whole(fault, self.writer()?.write(batch)).await
    }

    /// Partly: it is finished, and is to be tried again.
    async fn finish(mut self: Box<Self>) -> Result<Part> {
        let fault = self.plan.next("finish")?;
        if fault == Some(Fault::CrashBefore) {
            return Err(self.plan.die());
        }
        let writer = self.inner.take().ok_or_else(injected)?;
        if fault == Some(Fault::Partly) {
            writer.finish().await?;
            return Err(broken());
        }
        self.plan.whole(fault, writer.finish()).await
    }

    async fn discard(mut self: Box<Self>) -> Result<()> {
        let fault = self.plan.next("discard")?;
        if fault == Some(Fault::CrashBefore) {
            return Err(self.plan.die());
        }
        let writer = self.inner.take().ok_or_else(injected)?;
        self.plan.whole(fault, writer.discard()).await
    }
}

/// A journal whose effects may go wrong.
pub struct FaultyJournal {
    inner: Arc<dyn Journal>,
    plan: Arc<FaultPlan>,
}

impl FaultyJournal {
    /// `inner`, under `plan`.
    pub fn new(inner: Arc<dyn Journal>, plan: &Arc<FaultPlan>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            plan: Arc::clone(plan),
        })
    }
}

#[async_trait]
impl Journal for FaultyJournal {
    async fn read(&self, run: &RunId) -> Result<Vec<Entry>> {
        self.plan.around("read-journal", self.inner.read(run)).await
    }

    async fn append(&self, run: &RunId, entry: &Entry) -> Result<()> {
        self.plan
            .around(entry.kind(), self.inner.append(run, entry))
            .await
    }
}
