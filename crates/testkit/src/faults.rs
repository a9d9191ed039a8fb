//! Decorators around Destination, SplitWriter and Journal that share one [`FaultPlan`]: every side
//! effect is counted, and one of them goes wrong in one of four ways. A "crash" leaves the world as a
//! kill would: from then on nothing that this process does has any effect.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::array::RecordBatch;
use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Part, Receipt,
    SplitWriter, Staging, TaskContext, Unfit,
};
use engine::{Entry, Journal};
use model::plan::{Column, Write};
use model::run::RejectedRow;
use model::{Error, ErrorKind, Finding, LoadId, Result, RunId, TableName};

/// How a side effect goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it.
    CrashBefore,
    /// The process dies right after it.
    CrashAfter,
    /// It does not happen, and says so.
    Fail,
    /// It happens, and the answer is lost.
    LoseAnswer,
}

/// All of them.
pub const FAULTS: [Fault; 4] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Fail,
    Fault::LoseAnswer,
];

/// Which side effect goes wrong, and what was done so far.
#[derive(Default)]
pub struct FaultPlan {
    target: Option<(u64, Fault)>,
    effects: AtomicU64,
    dead: AtomicBool,
    labels: Mutex<Vec<&'static str>>,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    /// The `effect`th side effect (from 0) goes wrong.
    pub fn at(effect: u64, fault: Fault) -> Arc<Self> {
        Arc::new(Self {
            target: Some((effect, fault)),
            ..Self::default()
        })
    }

    /// How many side effects were asked for.
    pub fn effects(&self) -> u64 {
        self.effects.load(Ordering::SeqCst)
    }

    /// What they were, in order.
    pub fn labels(&self) -> Vec<&'static str> {
        self.labels
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Whether the process counts as dead.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    fn next(&self, label: &'static str) -> Result<Option<Fault>> {
        if self.is_dead() {
            return Err(dead());
        }
        self.labels
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(label);
        let effect = self.effects.fetch_add(1, Ordering::SeqCst);
        Ok(self
            .target
            .filter(|(target, _)| *target == effect)
            .map(|(_, fault)| fault))
    }

    async fn around<T>(
        &self,
        label: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.next(label)? {
            None => call.await,
            Some(Fault::Fail) => Err(injected()),
            Some(Fault::CrashBefore) => {
                self.dead.store(true, Ordering::SeqCst);
                Err(dead())
            }
            Some(Fault::LoseAnswer) => {
                call.await?;
                Err(injected())
            }
            Some(Fault::CrashAfter) => {
                call.await?;
                self.dead.store(true, Ordering::SeqCst);
                Err(dead())
            }
        }
    }
}

fn injected() -> Error {
    Error::new(ErrorKind::Internal, "INJECTED", "a fault was injected")
}

fn dead() -> Error {
    Error::new(ErrorKind::Internal, "DEAD", "the process is dead")
}

/// A destination whose side effects may go wrong.
pub struct FaultyDestination {
    inner: Arc<dyn Destination>,
    plan: Arc<FaultPlan>,
}

impl FaultyDestination {
    /// `inner`, under `plan`.
    pub fn new(inner: Arc<dyn Destination>, plan: &Arc<FaultPlan>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            plan: Arc::clone(plan),
        })
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
            inner: writer,
            plan: Arc::clone(&self.plan),
        }))
    }

    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        self.plan
            .around("evidence", self.inner.evidence(staging, manifests))
            .await
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
        self.inner.replaces(staging).await
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let fault = match self.plan.next("commit") {
            Ok(fault) => fault,
            Err(error) => return CommitOutcome::Unknown(error),
        };
        match fault {
            None => self.inner.commit(staging, manifests).await,
            Some(Fault::Fail) => CommitOutcome::NotDone(injected()),
            Some(Fault::CrashBefore) => {
                self.plan.dead.store(true, Ordering::SeqCst);
                CommitOutcome::Unknown(dead())
            }
            Some(Fault::LoseAnswer) => {
                self.inner.commit(staging, manifests).await;
                CommitOutcome::Unknown(injected())
            }
            Some(Fault::CrashAfter) => {
                self.inner.commit(staging, manifests).await;
                self.plan.dead.store(true, Ordering::SeqCst);
                CommitOutcome::Unknown(dead())
            }
        }
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        self.plan.around("settle", self.inner.settle(staging)).await
    }

    async fn clean(&self, staging: &Staging) -> Result<Vec<Finding>> {
        self.plan.around("clean", self.inner.clean(staging)).await
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        self.plan.around("abort", self.inner.abort(staging)).await
    }
}

struct FaultyWriter {
    inner: Box<dyn SplitWriter>,
    plan: Arc<FaultPlan>,
}

#[async_trait]
impl SplitWriter for FaultyWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.plan.around("write", self.inner.write(batch)).await
    }

    async fn finish(self: Box<Self>) -> Result<Part> {
        let Self { inner, plan } = *self;
        plan.around("finish", inner.finish()).await
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        let Self { inner, plan } = *self;
        plan.around("discard", inner.discard()).await
    }
}

/// A journal whose appends may go wrong.
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
        self.inner.read(run).await
    }

    async fn append(&self, run: &RunId, entry: &Entry) -> Result<()> {
        self.plan
            .around(entry.kind(), self.inner.append(run, entry))
            .await
    }

    async fn keep_rejected(&self, run: &RunId, rows: Vec<RejectedRow>) -> Result<()> {
        self.plan
            .around("keep-rejected", self.inner.keep_rejected(run, rows))
            .await
    }

    async fn forget_rejected(&self, run: &RunId, table: &TableName) -> Result<()> {
        self.plan
            .around("forget-rejected", self.inner.forget_rejected(run, table))
            .await
    }
}
