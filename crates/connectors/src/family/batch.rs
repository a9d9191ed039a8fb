//! Record batches built row by row, columns sized once; a row that cannot go on is dropped whole.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use contract::BatchLimits;
use model::plan::ScanColumn;
use model::{Error, Result};

use super::column_builder::ColumnBuilder;

/// Rows of very many columns make batches of few of them: so much is reserved for all columns at most.
const RESERVED_BYTES: usize = 8 << 20;
const RESERVED_PER_VALUE: usize = 32;
const FEWEST_ROWS: usize = 128;

/// Collects rows into batches. For each row: append one value or null to every column, then
/// [`BatchBuilder::end_row`]; when [`BatchBuilder::is_full`], [`BatchBuilder::take`].
pub(crate) struct BatchBuilder {
    schema: SchemaRef,
    pub(crate) columns: Vec<ColumnBuilder>,
    limits: BatchLimits,
    rows: usize,
    bytes: usize,
    dropped: Vec<usize>,
}

impl BatchBuilder {
    /// For rows of these columns.
    pub(crate) fn new(columns: &[ScanColumn], limits: BatchLimits) -> Self {
        let fitting = RESERVED_BYTES / (columns.len().max(1) * RESERVED_PER_VALUE);
        let limits = BatchLimits {
            rows: limits.rows.min(fitting.max(FEWEST_ROWS)),
            ..limits
        };
        let fields: Vec<Field> = columns
            .iter()
            .map(|column| Field::new(&column.native.name, column.logical.arrow(), true))
            .collect();
        let builders = columns
            .iter()
            .map(|column| ColumnBuilder::new(&column.logical, limits.rows))
            .collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns: builders,
            limits,
            rows: 0,
            bytes: 0,
            dropped: Vec::new(),
        }
    }

    /// Ends the row, which took so many bytes; a row not kept does not appear in the batch.
    pub(crate) fn end_row(&mut self, bytes: usize, keep: bool) {
        if !keep {
            self.dropped.push(self.rows);
        }
        self.rows += 1;
        self.bytes += bytes;
    }

    /// Whether the batch has reached one of its limits.
    pub(crate) fn is_full(&self) -> bool {
        self.rows >= self.limits.rows || self.bytes >= self.limits.bytes
    }

    /// Whether no row was ended since the last batch.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows kept so far, as a batch; starts the next one.
    pub(crate) fn take(&mut self) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let internal = |error| Error::internal("could not build a batch").caused_by(error);
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(internal)?;
        let mut keep = vec![true; std::mem::take(&mut self.rows)];
        self.bytes = 0;
        if self.dropped.is_empty() {
            return Ok(batch);
        }
        for row in self.dropped.drain(..) {
            keep[row] = false;
        }
        filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(internal)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int32Type;
    use model::{LogicalType, NativeColumn};

    use super::*;

    #[test]
    fn dropped_rows_do_not_appear() {
        let native = NativeColumn {
            name: "id".to_owned(),
            ..NativeColumn::default()
        };
        let column = ScanColumn {
            native,
            logical: LogicalType::int(32),
            expression: None,
            decode: String::new(),
        };
        let mut batch = BatchBuilder::new(&[column], BatchLimits::default());
        for value in 0..5 {
            match &mut batch.columns[0] {
                ColumnBuilder::Int32(builder) => builder.append_value(value),
                _ => unreachable!("an int32 column has an int32 builder"),
            }
            batch.end_row(4, value != 1 && value != 4);
        }
        let taken = batch.take().unwrap();
        assert_eq!(
            taken.column(0).as_primitive::<Int32Type>().values(),
            &[0, 2, 3]
        );
        assert!(batch.is_empty());
        assert_eq!(batch.take().unwrap().column(0).len(), 0);
    }
}
