//! One table's physical plan: splits as rows of a leaf that every engine knows, an interior reader,
//! reshape, writer. One partition per split; nothing is repartitioned.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use contract::Split;
use datafusion_common::Result as PlanResult;
use datafusion_datasource::memory::MemorySourceConfig;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::{EquivalenceProperties, Partitioning};
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt};
use model::{Error, Result};

use crate::attempt::{Attempts, TableWork, inward, outward};
use crate::reshape::{Reshape, ReshapeExec};
use crate::write_exec::WriteExec;

/// The plan that moves `splits`; each partition gives one row, [`crate::write_exec::SplitOutcome`].
pub(crate) fn physical_plan(work: TableWork, splits: &[Split]) -> Result<Arc<dyn ExecutionPlan>> {
    let reshape = Arc::new(Reshape::new(
        &work.scan,
        &work.columns,
        &work.staging.write,
    )?);
    let leaf = splits_leaf(splits)?;
    let attempts = Attempts::new(work, splits.len());
    let read = Arc::new(SplitReadExec::new(
        leaf,
        reshape.input_schema(),
        Arc::clone(&attempts),
    ));
    let reshaped = Arc::new(ReshapeExec::new(read, reshape, Arc::clone(&attempts)));
    Ok(Arc::new(WriteExec::new(reshaped, attempts)))
}

fn splits_leaf(splits: &[Split]) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = Arc::new(Schema::new(vec![Field::new(
        "split",
        DataType::Utf8,
        false,
    )]));
    let row = |split: &Split| -> Result<Vec<RecordBatch>> {
        let json = serde_json::to_string(split)
            .map_err(|error| Error::internal("could not write a split down").caused_by(error))?;
        let column = Arc::new(StringArray::from(vec![json]));
        RecordBatch::try_new(Arc::clone(&schema), vec![column])
            .map(|batch| vec![batch])
            .map_err(|error| Error::internal("could not lay a split as a row").caused_by(error))
    };
    let partitions = splits.iter().map(row).collect::<Result<Vec<_>>>()?;
    let leaf = MemorySourceConfig::try_new_exec(&partitions, schema, None).map_err(inward)?;
    Ok(leaf)
}

/// Properties of an operator that keeps its input's partitions and promises no order.
pub(crate) fn properties(schema: SchemaRef, partitions: usize) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(partitions),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

/// The only child of an operator of ours.
pub(crate) fn only_child(
    children: Vec<Arc<dyn ExecutionPlan>>,
) -> PlanResult<Arc<dyn ExecutionPlan>> {
    children
        .into_iter()
        .next()
        .ok_or_else(|| outward(Error::internal("an operator lost its input")))
}

/// Row = split → record batches of that split. Interior, so that it is safe where an engine regroups
/// partitions. Takes a slot before it opens anything.
#[derive(Debug)]
struct SplitReadExec {
    input: Arc<dyn ExecutionPlan>,
    attempts: Arc<Attempts>,
    properties: Arc<PlanProperties>,
}

impl SplitReadExec {
    fn new(input: Arc<dyn ExecutionPlan>, schema: SchemaRef, attempts: Arc<Attempts>) -> Self {
        let partitions = input.properties().partitioning.partition_count();
        Self {
            input,
            attempts,
            properties: properties(schema, partitions),
        }
    }
}

impl DisplayAs for SplitReadExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SplitReadExec: {}", self.attempts.work.scan.table)
    }
}

impl ExecutionPlan for SplitReadExec {
    fn name(&self) -> &'static str {
        "SplitReadExec"
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
        let input = only_child(children)?;
        Ok(Arc::new(Self::new(
            input,
            self.schema(),
            Arc::clone(&self.attempts),
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let attempts = Arc::clone(&self.attempts);
        let batches = rows
            .map_ok(move |row| {
                let attempts = Arc::clone(&attempts);
                let opened = async move { read_split(&attempts, partition, &row).await };
                futures::stream::once(opened).try_flatten()
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }
}

async fn read_split(
    attempts: &Attempts,
    partition: usize,
    row: &RecordBatch,
) -> PlanResult<impl futures::Stream<Item = PlanResult<RecordBatch>> + Send + use<>> {
    let column = row.column(0).as_string_opt::<i32>();
    let text = column
        .filter(|column| !column.is_empty())
        .map(|column| column.value(0));
    let text = text.ok_or_else(|| outward(Error::internal("the leaf gave no split")))?;
    let split: Split = serde_json::from_str(text)
        .map_err(|error| outward(Error::internal("could not read a split").caused_by(error)))?;
    let task = attempts.open(partition, &split).await.map_err(outward)?;
    let work = &attempts.work;
    let batches = work
        .snapshot
        .read(&work.scan, &split, &task)
        .await
        .map_err(outward)?;
    Ok(batches.map(|batch| batch.map_err(outward)))
}
