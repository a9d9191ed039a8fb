//! A source, its snapshot and its streams, which may break.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use contract::{
    Batches, CancellationToken, OpenedSnapshot, Snapshot, SnapshotKind, Source, SourceFigures,
    Split, TaskContext,
};
use futures::{StreamExt, stream};
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, ErrorKind, Finding, NativeTable, Result, Retry, SnapshotId, TableName};

use super::{Fault, FaultPlan, Sabotage, broken, injected};

/// A source whose effects may go wrong.
pub struct FaultySource {
    inner: Arc<dyn Source>,
    plan: Arc<FaultPlan>,
}

impl FaultySource {
    /// `inner`, under `plan`.
    pub fn new(inner: Arc<dyn Source>, plan: &Arc<FaultPlan>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            plan: Arc::clone(plan),
        })
    }
}

#[async_trait]
impl Source for FaultySource {
    async fn check(&self) -> Result<Vec<Finding>> {
        self.plan.around("check", self.inner.check()).await
    }

    fn default_schema(&self) -> String {
        self.inner.default_schema()
    }

    async fn tables(&self, schemas: &[String]) -> Result<Vec<ListedTable>> {
        self.plan.around("tables", self.inner.tables(schemas)).await
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        self.plan
            .around("describe", self.inner.describe(tables))
            .await
    }

    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        self.plan
            .around("check-filters", self.inner.check_filters(filters))
            .await
    }

    async fn open_snapshot(&self, scans: &[Scan], readers: usize) -> Result<OpenedSnapshot> {
        let call = self.inner.open_snapshot(scans, readers);
        let opened = self.plan.around("open-snapshot", call).await?;
        let snapshot = Arc::new(FaultySnapshot {
            inner: opened.snapshot,
            plan: Arc::clone(&self.plan),
        });
        Ok(OpenedSnapshot { snapshot, ..opened })
    }
}

struct FaultySnapshot {
    inner: Arc<dyn Snapshot>,
    plan: Arc<FaultPlan>,
}

#[async_trait]
impl Snapshot for FaultySnapshot {
    fn id(&self) -> &SnapshotId {
        self.inner.id()
    }

    fn kind(&self) -> SnapshotKind {
        self.inner.kind()
    }

    fn readers(&self) -> usize {
        self.inner.readers()
    }

    /// Partly: the moment is lost before the table is cut.
    async fn split(&self, scan: &Scan, wanted: usize) -> Result<Vec<Split>> {
        let fault = self.plan.next("split")?;
        if fault == Some(Fault::Partly) {
            return Err(moment_lost());
        }
        let call = self.inner.split(scan, wanted);
        let mut splits = self.plan.whole(fault, call).await?;
        if self.plan.has(Sabotage::SwallowSplit) {
            splits.pop();
        }
        Ok(splits)
    }

    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        let batches = self
            .plan
            .around("read", self.inner.read(scan, split, task))
            .await?;
        let reading = Reading {
            batches: Some(batches),
            plan: Arc::clone(&self.plan),
            then: None,
            given: 0,
        };
        Ok(Box::pin(stream::unfold(reading, Reading::next)))
    }

    async fn figures(
        &self,
        scan: &Scan,
        cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        self.inner.figures(scan, cancel).await
    }

    /// Partly: the moment is lost.
    async fn check_held(&self) -> Result<()> {
        let fault = self.plan.next("check-held")?;
        if fault == Some(Fault::Partly) {
            return Err(moment_lost());
        }
        self.plan.whole(fault, self.inner.check_held()).await
    }

    async fn close(&self) {
        let call = async {
            self.inner.close().await;
            Ok(())
        };
        // Nobody asks how it went.
        let _ = self.plan.around("close", call).await;
    }
}

/// A stream between two batches.
struct Reading {
    /// None once it ended or broke.
    batches: Option<Batches>,
    plan: Arc<FaultPlan>,
    /// The error that comes after half a batch.
    then: Option<Error>,
    given: usize,
}

type Given = Option<(Result<RecordBatch>, Reading)>;

impl Reading {
    async fn next(mut self) -> Given {
        if let Some(error) = self.then.take() {
            return self.break_with(error);
        }
        if self.plan.has(Sabotage::EarlyEnd) && self.given > 0 {
            return None;
        }
        let batch = match self.batches.as_mut()?.next().await {
            Some(Ok(batch)) => Some(batch),
            Some(Err(error)) => return self.break_with(error),
            None => None,
        };
        let label = if batch.is_some() { "batch" } else { "end" };
        let fault = match self.plan.next(label) {
            Ok(fault) => fault,
            Err(error) => return self.break_with(error),
        };
        match fault {
            None => {}
            Some(Fault::Fail) => return self.break_with(injected()),
            Some(Fault::LoseAnswer) => return self.break_with(broken()),
            Some(Fault::CrashBefore | Fault::CrashAfter) => {
                let error = self.plan.die();
                return self.break_with(error);
            }
            Some(Fault::Partly) => {
                let Some(batch) = batch else {
                    return self.break_with(broken());
                };
                self.then = Some(broken());
                return Some((Ok(batch.slice(0, batch.num_rows() / 2)), self));
            }
        }
        self.given += 1;
        Some((Ok(batch?), self))
    }

    fn break_with(mut self, error: Error) -> Given {
        self.batches = None;
        Some((Err(error), self))
    }
}

fn moment_lost() -> Error {
    let message = "the moment is lost";
    Error::new(ErrorKind::Unavailable, "SNAPSHOT_LOST", message).retry(Retry::Never)
}
