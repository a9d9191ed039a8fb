//! One row group while it is being made: every column that we encode ourselves, and parquet-rs's own
//! writers for the others, in the order in which they stand in the file.

use std::io::Write;
use std::sync::Arc;

use ::parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use ::parquet::basic::{LogicalType, Type as PhysicalType};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::properties::WriterPropertiesPtr;
use ::parquet::file::writer::SerializedRowGroupWriter;
use ::parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use arrow::array::RecordBatch;
use arrow::datatypes::{
    DataType, Date32Type, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, SchemaRef, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};

use super::boolean::BooleanValues;
use super::bytes::BytesValues;
use super::chunk::Chunk;
use super::column::{Column, ColumnEncoder, Limits, Values};
use super::compress::Workspace;
use super::decimal::DecimalValues;
use super::fixed::{self, Fetch, Fixed, FixedValues};
use super::statistics::is_text;

/// Takes batches until it is written.
pub(in crate::parquet) struct RowGroupEncoder {
    columns: Vec<Encoder>,
    rows: usize,
}

/// A column of the table.
enum Encoder {
    Ours(Box<dyn ColumnEncoder>),
    Theirs {
        field: FieldRef,
        leaves: Vec<ArrowColumnWriter>,
    },
}

impl RowGroupEncoder {
    /// The row group of this index, of a file of these columns.
    pub(in crate::parquet) fn new(
        schema: &SchemaRef,
        physical: &SchemaDescriptor,
        properties: &WriterPropertiesPtr,
        factory: &ArrowRowGroupWriterFactory,
        index: usize,
    ) -> Result<Self> {
        let mut theirs = None;
        let mut columns = Vec::with_capacity(schema.fields().len());
        let mut leaf = 0;
        for (position, field) in schema.fields().iter().enumerate() {
            let first = leaf;
            while leaf < physical.num_columns() && physical.get_column_root_idx(leaf) == position {
                leaf += 1;
            }
            let ours = match physical.columns().get(first..leaf) {
                Some([column]) => encoder(field.data_type(), column, properties),
                _ => None,
            };
            columns.push(match ours {
                Some(ours) => Encoder::Ours(ours),
                None => {
                    if theirs.is_none() {
                        let writers = factory.create_column_writers(index)?;
                        theirs = Some(writers.into_iter().map(Some).collect::<Vec<_>>());
                    }
                    let writers = theirs.iter_mut().flatten();
                    Encoder::Theirs {
                        field: Arc::clone(field),
                        leaves: writers
                            .take(leaf)
                            .skip(first)
                            .filter_map(Option::take)
                            .collect(),
                    }
                }
            });
        }
        Ok(Self { columns, rows: 0 })
    }

    /// Rows so far.
    pub(in crate::parquet) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a batch of the file's columns.
    pub(in crate::parquet) fn write(
        &mut self,
        batch: &RecordBatch,
        workspace: &mut Workspace,
    ) -> Result<()> {
        self.rows += batch.num_rows();
        for (encoder, array) in self.columns.iter_mut().zip(batch.columns()) {
            match encoder {
                Encoder::Ours(column) => column.write(array.as_ref(), workspace)?,
                Encoder::Theirs { field, leaves } => {
                    let arrays = compute_leaves(field, array)?;
                    if arrays.len() != leaves.len() {
                        let name = field.name();
                        let message = format!("column {name:?} has other leaves than its file");
                        return Err(ParquetError::General(message));
                    }
                    for (writer, array) in leaves.iter_mut().zip(&arrays) {
                        writer.write(array)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes all of it, each column's memory being freed once it is written.
    pub(in crate::parquet) fn finish<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
        workspace: &mut Workspace,
    ) -> Result<()> {
        for encoder in self.columns {
            match encoder {
                Encoder::Ours(column) => {
                    let (pages, closed) = column.close(workspace)?;
                    group.append_column(&pages, closed)?;
                }
                Encoder::Theirs { leaves, .. } => {
                    for leaf in leaves {
                        leaf.close()?.append_to_row_group(group)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Bytes of memory.
    pub(in crate::parquet) fn memory(&self) -> usize {
        let of_encoder = |encoder: &Encoder| match encoder {
            Encoder::Ours(column) => column.memory(),
            Encoder::Theirs { leaves, .. } => {
                leaves.iter().map(ArrowColumnWriter::memory_size).sum()
            }
        };
        self.columns.iter().map(of_encoder).sum()
    }

    /// Bytes that it will take in the file by now, roughly.
    pub(in crate::parquet) fn estimated_bytes(&self) -> usize {
        let of_encoder = |encoder: &Encoder| match encoder {
            Encoder::Ours(column) => column.estimated_bytes(),
            Encoder::Theirs { leaves, .. } => leaves
                .iter()
                .map(ArrowColumnWriter::get_estimated_total_bytes)
                .sum(),
        };
        self.columns.iter().map(of_encoder).sum()
    }
}

/// Our encoder of such a column, if there is one.
fn encoder(
    data_type: &DataType,
    column: &ColumnDescPtr,
    properties: &WriterPropertiesPtr,
) -> Option<Box<dyn ColumnEncoder>> {
    if column.max_rep_level() > 0 || column.max_def_level() > 1 {
        return None;
    }
    let plan = Plan { column, properties };
    match (data_type, column.physical_type()) {
        (DataType::Boolean, PhysicalType::BOOLEAN) => plan.column(BooleanValues::new()),
        (DataType::Int8, PhysicalType::INT32) => plan.fixed(fixed::widened::<Int8Type>),
        (DataType::Int16, PhysicalType::INT32) => plan.fixed(fixed::widened::<Int16Type>),
        (DataType::Int32, PhysicalType::INT32) => plan.fixed(fixed::as_is::<Int32Type>),
        (DataType::Date32, PhysicalType::INT32) => plan.fixed(fixed::as_is::<Date32Type>),
        (DataType::Decimal128(..=9, _), PhysicalType::INT32) => plan.fixed(fixed::digits_in_i32),
        (DataType::Int64, PhysicalType::INT64) => plan.fixed(fixed::as_is::<Int64Type>),
        (DataType::Time64(TimeUnit::Microsecond), PhysicalType::INT64) => {
            plan.fixed(fixed::as_is::<Time64MicrosecondType>)
        }
        (DataType::Timestamp(TimeUnit::Microsecond, _), PhysicalType::INT64) => {
            plan.fixed(fixed::as_is::<TimestampMicrosecondType>)
        }
        (DataType::Decimal128(..=18, _), PhysicalType::INT64) => plan.fixed(fixed::digits_in_i64),
        (DataType::Float32, PhysicalType::FLOAT) => plan.fixed(fixed::as_is::<Float32Type>),
        (DataType::Float64, PhysicalType::DOUBLE) => plan.fixed(fixed::as_is::<Float64Type>),
        (DataType::Decimal128(..), PhysicalType::FIXED_LEN_BYTE_ARRAY) => {
            let width = usize::try_from(column.type_length()).ok()?;
            let fits = (1..=16).contains(&width);
            fits.then(|| plan.column(DecimalValues::new(width)))?
        }
        (DataType::Utf8 | DataType::Binary, PhysicalType::BYTE_ARRAY) => plan.bytes(data_type),
        _ => None,
    }
}

struct Plan<'a> {
    column: &'a ColumnDescPtr,
    properties: &'a WriterPropertiesPtr,
}

impl Plan<'_> {
    fn fixed<T: Fixed>(&self, fetch: Fetch<T>) -> Option<Box<dyn ColumnEncoder>> {
        self.column(FixedValues::new(fetch, self.has_dictionary()))
    }

    /// What orders otherwise than by its bytes is not ours.
    fn bytes(&self, data_type: &DataType) -> Option<Box<dyn ColumnEncoder>> {
        let text = is_text(self.column);
        let usual = match self.column.logical_type_ref() {
            None | Some(LogicalType::String) => text == (*data_type == DataType::Utf8),
            Some(_) => false,
        };
        usual.then(|| self.column(BytesValues::new(text, self.has_dictionary())))?
    }

    fn has_dictionary(&self) -> bool {
        self.properties.dictionary_enabled(self.column.path())
    }

    fn column<V: Values + 'static>(&self, values: V) -> Option<Box<dyn ColumnEncoder>> {
        let (path, properties) = (self.column.path(), self.properties);
        let limits = Limits {
            page_rows: properties.data_page_row_count_limit(),
            page_bytes: properties.column_data_page_size_limit(path),
            dictionary_bytes: properties.column_dictionary_page_size_limit(path),
        };
        let chunk = Chunk::new(Arc::clone(self.column), properties.compression(path));
        Some(Box::new(Column::new(values, chunk, limits)))
    }
}
