//! The end of the plan: record batches → one row per written split. Tries a split again from its
//! start, under the same snapshot, by the error's own retry class, a bounded number of times.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use contract::{Manifest, Part, SplitWriter, TaskContext as Task};
use datafusion_common::Result as PlanResult;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use model::run::Notice;
use model::{Error, ErrorKind, Result, Retry, Side};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::attempt::{Attempt, Attempts, inward, outward};
use crate::checksum::{Handed, HandedRows};
use crate::plan::{only_child, properties};
use crate::rejected::{RejectedPart, Shelf};

/// How often one split is tried.
const TRIES: u32 = 4;
/// A batch of more is written alone: encoding it takes as much again, twice.
const HUGE_BATCH_BYTES: usize = 16 << 20;

/// What became of one split: plain data, so that it may come from another machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SplitOutcome {
    pub(crate) manifest: Manifest,
    pub(crate) rejected: Option<RejectedPart>,
    pub(crate) notices: Vec<Notice>,
    /// Sums of the rows handed to the writer, where checksums are asked for.
    pub(crate) handed: Option<Handed>,
}

impl SplitOutcome {
    fn to_row(&self) -> Result<RecordBatch> {
        let json = serde_json::to_string(self)
            .map_err(|error| Error::internal("could not write a manifest down").caused_by(error))?;
        let schema = Schema::new(vec![Field::new("outcome", DataType::Utf8, false)]);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![Arc::new(StringArray::from(vec![json]))],
        )
        .map_err(|error| Error::internal("could not lay a manifest as a row").caused_by(error))
    }

    /// Back from the plan's output.
    pub(crate) fn of_row(row: &RecordBatch) -> Result<Self> {
        let column = row.column(0).as_string_opt::<i32>();
        let text = column
            .filter(|column| column.len() == 1)
            .map(|column| column.value(0));
        let text = text.ok_or_else(|| Error::internal("a split gave no single outcome"))?;
        serde_json::from_str(text)
            .map_err(|error| Error::internal("could not read a manifest").caused_by(error))
    }
}

#[derive(Debug)]
pub(crate) struct WriteExec {
    input: Arc<dyn ExecutionPlan>,
    attempts: Arc<Attempts>,
    properties: Arc<PlanProperties>,
}

impl WriteExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, attempts: Arc<Attempts>) -> Self {
        let partitions = input.properties().partitioning.partition_count();
        let schema = Schema::new(vec![Field::new("outcome", DataType::Utf8, false)]);
        Self {
            input,
            attempts,
            properties: properties(Arc::new(schema), partitions),
        }
    }
}

impl DisplayAs for WriteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "WriteExec: {}",
            self.attempts.work.staging.write.table.name
        )
    }
}

impl ExecutionPlan for WriteExec {
    fn name(&self) -> &'static str {
        "WriteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(
            only_child(children)?,
            Arc::clone(&self.attempts),
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        let task = SplitTask {
            input: Arc::clone(&self.input),
            attempts: Arc::clone(&self.attempts),
            partition,
            context,
        };
        let outcome = async move {
            let outcome = task.carry_out().await.map_err(outward)?;
            outcome.to_row().map_err(outward)
        };
        let stream = futures::stream::once(outcome);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            stream,
        )))
    }
}

struct SplitTask {
    input: Arc<dyn ExecutionPlan>,
    attempts: Arc<Attempts>,
    partition: usize,
    context: Arc<TaskContext>,
}

impl SplitTask {
    /// Tries until done, out of tries, or an error that would come again.
    async fn carry_out(&self) -> Result<SplitOutcome> {
        let mut pause = self.attempts.work.patience.pause;
        loop {
            let attempt = self.attempts.begin(self.partition);
            let result = self.attempt().await;
            let attempted = self.attempts.current(self.partition).ok();
            self.attempts.close(self.partition);
            let error = match result {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            if let Some(attempted) = attempted {
                attempted.task.meter.take_back();
                attempted.shelf.discard();
            }
            let cancel = &self.attempts.work.cancel;
            if cancel.is_cancelled() || !error.is_retryable() || attempt >= TRIES {
                return Err(error);
            }
            tracing::warn!(table = %self.attempts.work.scan.table, attempt, code = error.code, "split fails, tried again");
            let wait = match error.retry {
                Retry::After(at_least) => at_least.max(pause),
                _ => pause,
            };
            tokio::select! {
                () = cancel.cancelled() => return Err(Error::cancelled()),
                () = tokio::time::sleep(wait) => {}
            }
            pause *= 2;
        }
    }

    /// One attempt from the split's start. What it wrote is discarded unless it finishes.
    async fn attempt(&self) -> Result<SplitOutcome> {
        let mut batches = self
            .input
            .execute(self.partition, Arc::clone(&self.context))
            .map_err(inward)?;
        // The first pull opens the split, and with it the attempt.
        let mut next = batches.next().await.transpose().map_err(inward)?;
        let Attempt { task, shelf } = self.attempts.current(self.partition)?;
        let work = &self.attempts.work;
        let mut writer = work.destination.writer(&work.staging, &task).await?;
        let mut handed = 0;
        let mut sums = work.summed.as_deref().map(HandedRows::new);
        let moved: Result<()> = async {
            while let Some(batch) = next {
                if task.cancel.is_cancelled() {
                    return Err(Error::cancelled());
                }
                task.rejected.check()?;
                handed += batch.num_rows() as u64;
                if batch.num_rows() > 0 {
                    if let Some(sums) = &mut sums {
                        sums.add(&batch)?;
                    }
                    let _turn = match batch.get_array_memory_size() >= HUGE_BATCH_BYTES {
                        true => work.huge.acquire().await.ok(),
                        false => None,
                    };
                    writer.write(batch).await?;
                }
                next = batches.next().await.transpose().map_err(inward)?;
            }
            Ok(())
        }
        .await;
        drop(batches);
        let kept = match moved {
            Ok(()) => kept(&task, &shelf),
            Err(error) => Err(error),
        };
        match kept {
            Ok(kept) => {
                let mut outcome = account(&task, handed, writer.finish().await?)?;
                outcome.rejected = kept;
                outcome.handed = sums.map(HandedRows::finish);
                Ok(outcome)
            }
            Err(error) => {
                discard(writer, &task).await;
                Err(error)
            }
        }
    }
}

/// The file of the rejected rows: all of them stand in it when the split counts.
fn kept(task: &Task, shelf: &Arc<dyn Shelf>) -> Result<Option<RejectedPart>> {
    if task.rejected.count() == 0 {
        return Ok(None);
    }
    let finish = || task.rejected.flush().and_then(|()| shelf.finish());
    match Handle::current().runtime_flavor() {
        // It waits for the disk: other tasks go on in other threads, where there are any.
        RuntimeFlavor::MultiThread => block_in_place(finish),
        _ => finish(),
    }
}

/// A split whose numbers do not add up is a defect, and never published.
fn account(task: &Task, handed: u64, part: Part) -> Result<SplitOutcome> {
    let (read, rejected) = (task.meter.rows(), task.rejected.count());
    if part.written != handed || read != handed + rejected {
        let message = format!(
            "split {} does not add up: {read} read, {rejected} rejected, {handed} handed on, {} written",
            task.split, part.written
        );
        return Err(Error::new(ErrorKind::Internal, "ACCOUNT", message).on(Side::Ourselves));
    }
    let manifest = Manifest {
        split: task.split.clone(),
        attempt: task.attempt,
        read,
        rejected,
        filtered: 0,
        part,
    };
    Ok(SplitOutcome {
        manifest,
        rejected: None,
        notices: task.rejected.take_notices(),
        handed: None,
    })
}

async fn discard(writer: Box<dyn SplitWriter>, task: &Task) {
    if let Err(error) = writer.discard().await {
        // The load's abort or the sweep after its commit removes it.
        tracing::warn!(split = %task.split, %error, "could not discard a part");
    }
}
