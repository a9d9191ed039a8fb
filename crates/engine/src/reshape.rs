//! Source batches → destination batches: columns matched by name, values converted exactly, the
//! partition column added. A row with a value that does not fit is rejected, never altered.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, Time64MicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use contract::{Rejection, TaskContext as Task};
use datafusion_common::Result as PlanResult;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use model::plan::{ColumnMapping, Scan, Write};
use model::{Error, LogicalType, Result};

use crate::attempt::{Attempts, TableWork, outward};
use crate::plan::{only_child, properties};

/// How one table's batches are reshaped; made once, used by all its splits.
#[derive(Debug)]
pub(crate) struct Reshape {
    input: SchemaRef,
    output: SchemaRef,
    columns: Vec<Output>,
    key: Vec<(String, usize)>,
}

/// Where a destination column's values come from.
#[derive(Debug)]
enum Output {
    Constant(String),
    Null(DataType),
    Column {
        index: usize,
        conversion: Conversion,
        name: String,
        required: bool,
    },
}

#[derive(Debug)]
enum Conversion {
    None,
    Cast(DataType),
    TimeText,
}

impl Reshape {
    /// From `scan`'s columns, each named by its source column, to `write`'s.
    pub(crate) fn new(scan: &Scan, columns: &[ColumnMapping], write: &Write) -> Result<Self> {
        let fields: Vec<Field> = scan
            .columns
            .iter()
            .map(|column| Field::new(&column.native.name, column.logical.arrow(), true))
            .collect();
        let mut outputs = Vec::new();
        let mut output_fields = Vec::new();
        for column in &write.table.columns {
            let partition = write
                .partition
                .as_ref()
                .filter(|partition| partition.column == column.name);
            let mapping = columns
                .iter()
                .find(|mapping| mapping.destination == column.name);
            let output = match (partition, mapping) {
                (Some(partition), _) => Output::Constant(partition.value.clone()),
                (None, None) => Output::Null(column.holds.arrow()),
                (None, Some(mapping)) => {
                    let read = scan
                        .columns
                        .iter()
                        .position(|read| read.native.name == mapping.source);
                    let index = read.ok_or_else(|| {
                        let message = format!("no column {:?} is read", mapping.source);
                        Error::internal(message)
                    })?;
                    Output::Column {
                        index,
                        conversion: Conversion::between(&mapping.logical, &column.holds),
                        name: mapping.source.clone(),
                        required: !column.nullable,
                    }
                }
            };
            outputs.push(output);
            output_fields.push(Field::new(&column.name, column.holds.arrow(), true));
        }
        let key = scan.primary_key.iter().filter_map(|name| {
            let index = scan
                .columns
                .iter()
                .position(|column| column.native.name == *name)?;
            Some((name.clone(), index))
        });
        Ok(Self {
            key: key.collect(),
            input: Arc::new(Schema::new(fields)),
            output: Arc::new(Schema::new(output_fields)),
            columns: outputs,
        })
    }

    pub(crate) fn input_schema(&self) -> SchemaRef {
        Arc::clone(&self.input)
    }

    /// One batch; rows that do not fit, or that the destination cannot hold, go to `task.rejected`.
    /// `before` counts the split's rows in earlier batches.
    fn apply(
        &self,
        batch: &RecordBatch,
        before: usize,
        task: &Task,
        work: &TableWork,
    ) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let mut misfits = Misfits {
            reshape: self,
            batch,
            before,
            task,
            keep: None,
        };
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (output, field) in self.columns.iter().zip(self.output.fields()) {
            arrays.push(match output {
                Output::Constant(value) => Arc::new(StringArray::from_iter_values(
                    std::iter::repeat_n(value, rows),
                )),
                Output::Null(data_type) => new_null_array(data_type, rows),
                Output::Column {
                    index,
                    conversion,
                    name,
                    required,
                } => {
                    let column = batch.column(*index);
                    let converted = convert(column, conversion)
                        .map_err(|error| error.context(format!("column {name:?}")))?;
                    misfits.find(name, column, &converted);
                    if *required {
                        misfits.find_nulls(name, column);
                    }
                    debug_assert_eq!(converted.data_type(), field.data_type());
                    converted
                }
            });
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        let reshaped =
            RecordBatch::try_new_with_options(Arc::clone(&self.output), arrays, &options)
                .map_err(|error| Error::internal("could not reshape a batch").caused_by(error))?;
        for unfit in work.destination.unfit(&work.staging.write, &reshaped)? {
            let name = self.source_name(unfit.column);
            misfits.reject(unfit.row, name, unfit.code, unfit.reason);
        }
        match misfits.keep {
            None => Ok(reshaped),
            Some(keep) => filter_record_batch(&reshaped, &BooleanArray::from(keep))
                .map_err(|error| Error::internal("could not drop rows").caused_by(error)),
        }
    }

    /// The source's name of what stands in that column of the destination; the destination's own where
    /// nothing comes for it.
    fn source_name(&self, column: usize) -> &str {
        match self.columns.get(column) {
            Some(Output::Column { name, .. }) => name,
            _ => self
                .output
                .fields()
                .get(column)
                .map_or("", |field| field.name()),
        }
    }

    /// The values of the key's columns that are read; empty where one of them cannot be told.
    fn key(&self, batch: &RecordBatch, row: usize) -> Vec<String> {
        let values = self.key.iter().map(|(_, index)| {
            let column = batch.column(*index);
            let formatter = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default());
            let value = formatter.ok()?.value(row).try_to_string().ok()?;
            column.is_valid(row).then_some(value)
        });
        values.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// `id=42`; where no key is read, or a part of it is null, with the row's place among those of its
    /// split that could be read.
    fn locator(&self, batch: &RecordBatch, before: usize, row: usize) -> String {
        let mut tells = !self.key.is_empty();
        let parts = self.key.iter().map(|(name, index)| {
            let column = batch.column(*index);
            if column.is_null(row) {
                tells = false;
                return format!("{name} is null");
            }
            let formatter = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default());
            let value =
                formatter.map_or_else(|_| "?".to_owned(), |text| text.value(row).to_string());
            format!("{name}={value}")
        });
        let mut parts: Vec<String> = parts.collect();
        if !tells {
            parts.push(format!("readable row {}", before + row + 1));
        }
        parts.join(", ")
    }

    /// The bytes of a text or a binary value as they were read.
    fn bytes<'a>(&self, batch: &'a RecordBatch, column: &str, row: usize) -> &'a [u8] {
        let place = self.input.index_of(column).ok();
        let Some(array) = place.map(|index| batch.column(index)) else {
            return &[];
        };
        match (array.as_string_opt::<i32>(), array.as_binary_opt::<i32>()) {
            (Some(texts), _) if texts.is_valid(row) => texts.value(row).as_bytes(),
            (_, Some(binaries)) if binaries.is_valid(row) => binaries.value(row),
            _ => &[],
        }
    }
}

impl Conversion {
    fn between(travels: &LogicalType, holds: &LogicalType) -> Self {
        match (travels, holds) {
            (LogicalType::Time { .. }, LogicalType::Text { .. }) => Self::TimeText,
            _ if travels.arrow() == holds.arrow() => Self::None,
            _ => Self::Cast(holds.arrow()),
        }
    }
}

/// Values that cannot be converted become null here, and are found by comparing nulls.
fn convert(column: &ArrayRef, conversion: &Conversion) -> Result<ArrayRef> {
    match conversion {
        Conversion::None => Ok(Arc::clone(column)),
        Conversion::Cast(data_type) => {
            let options = CastOptions {
                safe: true,
                ..CastOptions::default()
            };
            cast_with_options(column, data_type, &options)
                .map_err(|error| Error::internal("no conversion").caused_by(error))
        }
        Conversion::TimeText => {
            let times = column.as_primitive::<Time64MicrosecondType>();
            let texts: StringArray = times
                .iter()
                .map(|time| time.map(time_text))
                .collect::<Vec<_>>()
                .into();
            Ok(Arc::new(texts))
        }
    }
}

fn time_text(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (minutes, second) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{second:02}.{fraction:06}",
        minutes / 60,
        minutes % 60
    )
}

struct Misfits<'a> {
    reshape: &'a Reshape,
    batch: &'a RecordBatch,
    before: usize,
    task: &'a Task,
    keep: Option<Vec<bool>>,
}

impl Misfits<'_> {
    /// Rows that held a value before the conversion and none after it.
    fn find(&mut self, name: &str, before: &ArrayRef, after: &ArrayRef) {
        if after.null_count() == before.null_count() {
            return;
        }
        for row in 0..before.len() {
            if before.is_valid(row) && after.is_null(row) {
                let reason = format!("does not fit into {}", after.data_type());
                self.reject(row, name, "VALUE_OUT_OF_RANGE", reason);
            }
        }
    }

    fn find_nulls(&mut self, name: &str, column: &ArrayRef) {
        if column.null_count() == 0 {
            return;
        }
        for row in (0..column.len()).filter(|row| column.is_null(*row)) {
            let reason = "null in a column that the destination requires".to_owned();
            self.reject(row, name, "NULL_IN_REQUIRED", reason);
        }
    }

    fn reject(&mut self, row: usize, column: &str, code: &str, reason: String) {
        let rows = self.batch.num_rows();
        let keep = self.keep.get_or_insert_with(|| vec![true; rows]);
        if std::mem::replace(&mut keep[row], false) {
            let key = self.reshape.key(self.batch, row);
            let locator = self.reshape.locator(self.batch, self.before, row);
            self.task.rejected.push(Rejection {
                locator,
                key,
                column,
                code,
                reason,
                bytes: self.reshape.bytes(self.batch, column, row),
            });
        }
    }
}

/// [`Reshape`] as an operator.
#[derive(Debug)]
pub(crate) struct ReshapeExec {
    input: Arc<dyn ExecutionPlan>,
    reshape: Arc<Reshape>,
    attempts: Arc<Attempts>,
    properties: Arc<PlanProperties>,
}

impl ReshapeExec {
    pub(crate) fn new(
        input: Arc<dyn ExecutionPlan>,
        reshape: Arc<Reshape>,
        attempts: Arc<Attempts>,
    ) -> Self {
        let partitions = input.properties().partitioning.partition_count();
        let properties = properties(Arc::clone(&reshape.output), partitions);
        Self {
            input,
            reshape,
            attempts,
            properties,
        }
    }
}

impl DisplayAs for ReshapeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReshapeExec: {} columns", self.reshape.columns.len())
    }
}

impl ExecutionPlan for ReshapeExec {
    fn name(&self) -> &'static str {
        "ReshapeExec"
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
            Arc::clone(&self.reshape),
            Arc::clone(&self.attempts),
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        let batches = self.input.execute(partition, context)?;
        let (reshape, attempts) = (Arc::clone(&self.reshape), Arc::clone(&self.attempts));
        let mut before = 0;
        let reshaped = batches.map(move |batch| {
            let batch = batch?;
            let task = attempts.current(partition).map_err(outward)?.task;
            let work = &attempts.work;
            let reshaped = reshape.apply(&batch, before, &task, work);
            before += batch.num_rows();
            reshaped.map_err(outward)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            reshaped,
        )))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::BinaryArray;

    use super::*;

    #[test]
    fn times_are_printed_in_full() {
        assert_eq!(time_text(0), "00:00:00.000000");
        assert_eq!(time_text(86_399_999_999), "23:59:59.999999");
    }

    #[test]
    fn a_row_is_found_again_by_its_key_or_by_its_place() {
        let schema = Schema::new(vec![
            Field::new("a", DataType::Utf8, true),
            Field::new("b", DataType::Binary, true),
        ]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(""), None, Some("x")]));
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![None, Some(&b"\xff"[..]), None]));
        let input = Arc::new(schema);
        let batch = RecordBatch::try_new(Arc::clone(&input), vec![texts, bytes]).unwrap();
        let reshape = |key: &[(&str, usize)]| Reshape {
            input: Arc::clone(&input),
            output: Arc::clone(&input),
            columns: Vec::new(),
            key: key
                .iter()
                .map(|(name, at)| ((*name).to_owned(), *at))
                .collect(),
        };
        let keyed = reshape(&[("a", 0)]);
        let places: Vec<String> = (0..3).map(|row| keyed.locator(&batch, 10, row)).collect();
        assert_eq!(places, ["a=", "a is null, readable row 12", "a=x"]);
        let none = reshape(&[]);
        assert_eq!(none.locator(&batch, 10, 2), "readable row 13");
        assert_eq!(none.bytes(&batch, "a", 2), b"x");
        assert_eq!(none.bytes(&batch, "b", 1), [0xff]);
        assert_eq!(none.bytes(&batch, "a", 1), [0_u8; 0]);
    }
}
