//! One file read back as it was written: same columns, same layout, same types. Blocking.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use ::parquet::file::metadata::ParquetMetaData;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use model::{Error, ErrorKind, Result, Side};

use super::{parquet_error, schema};
use crate::disk::io_error;

/// Gives a file's rows in order, in batches of the schema that it was written with.
pub struct ParquetFileReader {
    reader: ParquetRecordBatchReader,
    schema: SchemaRef,
    path: PathBuf,
}

impl ParquetFileReader {
    /// Opens a file that [`super::ParquetFileWriter`] wrote with this schema; laid out otherwise it is
    /// an error. A batch holds at most so many rows, and about so many bytes.
    pub fn open(path: &Path, schema: SchemaRef, rows: usize, bytes: usize) -> Result<Self> {
        let failed = |error| parquet_error("read", path, error);
        let file = File::open(path).map_err(|error| io_error("open", path, error))?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(failed)?;
        check_layout(path, builder.metadata(), &schema)?;
        let groups = 0..builder.metadata().num_row_groups();
        let rows = rows_within(builder.metadata(), groups, bytes, rows);
        let reader = builder.with_batch_size(rows).build().map_err(failed)?;
        Ok(Self {
            reader,
            schema,
            path: path.to_owned(),
        })
    }
}

/// The same values under this schema; what differs are the names of what is inside of a column.
pub fn typed(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns
        .map(|(column, field)| exactly(column, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)
        .map_err(|error| Error::internal("rows that do not fit together").caused_by(error))
}

impl Iterator for ParquetFileReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(match batch {
            Ok(batch) => typed(&batch, &self.schema),
            Err(error) => Err(parquet_error("read", &self.path, error.into())),
        })
    }
}

/// The same values; what differs are the names of what is inside of a column.
fn exactly(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if column.data_type() == wanted {
        return Ok(ArrayRef::clone(column));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, wanted, &options).map_err(|error| {
        let message = format!("could not read {} as {wanted}", column.data_type());
        Error::new(ErrorKind::Data, "BAD_PARQUET", message)
            .on(Side::Destination)
            .caused_by(error)
    })
}

/// Whether a file is laid out exactly as the writer lays out `schema`: names, physical and logical
/// types, nulls, field ids.
pub fn check_layout(path: &Path, metadata: &ParquetMetaData, schema: &Schema) -> Result<()> {
    let expected =
        schema::physical(schema).map_err(|error| parquet_error("lay out", path, error))?;
    let expected = expected.root_schema().get_fields();
    let found = metadata.file_metadata().schema().get_fields();
    let wrong = expected
        .iter()
        .zip(found)
        .find(|(expected, found)| expected != found)
        .map(|(expected, _)| format!("column {:?} stands otherwise", expected.name()));
    let wrong = match wrong {
        None if expected.len() != found.len() => Some(format!(
            "{} columns stand instead of {}",
            found.len(),
            expected.len()
        )),
        wrong => wrong,
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let message = format!("{wrong} in {:?} than it was written", path.display());
    Err(Error::new(ErrorKind::Data, "STAGED_FILE_CHANGED", message).on(Side::Destination))
}

/// As many rows as fit into a batch's bytes by the row group with the largest rows, at least one and
/// at most `rows`.
pub fn rows_within(
    metadata: &ParquetMetaData,
    groups: Range<usize>,
    bytes: usize,
    rows: usize,
) -> usize {
    let row_bytes = groups
        .filter_map(|group| metadata.row_groups().get(group))
        .filter_map(|group| {
            let bytes = usize::try_from(group.total_byte_size()).ok()?;
            bytes.checked_div(usize::try_from(group.num_rows()).ok()?)
        })
        .max()
        .unwrap_or(0);
    (bytes / row_bytes.max(1)).clamp(1, rows.max(1))
}
