//! One Parquet file, written on a thread that may block. A value that the file would not hold as it
//! is (null where none may stand, a decimal with too many digits) is an error, never written.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::schema::types::SchemaDescriptor;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, SchemaRef};
use model::{Error, ErrorKind, Result, Side};

use super::options::ParquetOptions;
use super::{parquet_error, schema};
use crate::disk::{io_error, sync_folder};

/// What a finished file holds.
#[derive(Debug, Clone)]
pub struct FileSummary {
    /// Where it stands.
    pub path: PathBuf,
    /// Rows.
    pub rows: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Its footer, as written.
    pub footer: ParquetMetaData,
}

/// Writes one new file. Every call may block. Dropped unfinished, it removes the file.
pub struct ParquetFileWriter {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
    finished: bool,
}

impl ParquetFileWriter {
    /// Makes the file, which must not be there yet; its folder must.
    pub fn create(path: &Path, schema: SchemaRef, options: &ParquetOptions) -> Result<Self> {
        let physical = schema::physical(&schema);
        let physical = physical.map_err(|error| parquet_error("lay out", path, error))?;
        Self::create_like(path, schema, &physical, options)
    }

    /// The same, laid out as `physical` says.
    pub(super) fn create_like(
        path: &Path,
        schema: SchemaRef,
        physical: &SchemaDescriptor,
        options: &ParquetOptions,
    ) -> Result<Self> {
        let wrong = |error| parquet_error("lay out", path, error);
        let writer_options = ArrowWriterOptions::new()
            .with_properties(options.properties()?)
            .with_skip_arrow_metadata(true)
            .with_parquet_schema(physical.clone());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|error| io_error("make", path, error))?;
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), writer_options)
            .inspect_err(|_| drop(std::fs::remove_file(path)))
            .map_err(wrong)?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            writer,
            finished: false,
        })
    }

    /// Adds rows. A row group ends when it has grown to its size.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.check(batch)?;
        self.writer
            .write(batch)
            .map_err(|error| parquet_error("write", &self.path, error))
    }

    /// Bytes of memory that rows not yet in the file take.
    pub fn buffered_bytes(&self) -> usize {
        self.writer.memory_size()
    }

    /// Bytes that the file will have by now, roughly.
    pub fn estimated_bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    /// Ends the row group, which frees its memory.
    pub fn flush_row_group(&mut self) -> Result<()> {
        self.writer
            .flush()
            .map_err(|error| parquet_error("write", &self.path, error))
    }

    /// Ends the file and makes it and its name durable.
    pub fn finish(mut self) -> Result<FileSummary> {
        let footer = self
            .writer
            .finish()
            .map_err(|error| parquet_error("finish", &self.path, error))?;
        let file = self.writer.inner();
        let bytes = file
            .sync_all()
            .and_then(|()| file.metadata())
            .map_err(|error| io_error("make durable", &self.path, error))?
            .len();
        if let Some(folder) = self.path.parent() {
            sync_folder(folder)?;
        }
        let rows = u64::try_from(footer.file_metadata().num_rows())
            .map_err(|_| Error::internal("a negative number of rows"))?;
        self.finished = true;
        Ok(FileSummary {
            path: self.path.clone(),
            rows,
            bytes,
            footer,
        })
    }

    /// Removes the file.
    pub fn discard(mut self) -> Result<()> {
        self.finished = true;
        std::fs::remove_file(&self.path).map_err(|error| io_error("remove", &self.path, error))
    }

    fn check(&self, batch: &RecordBatch) -> Result<()> {
        let fields = self.schema.fields();
        if fields.len() != batch.num_columns() {
            let (has, wants) = (batch.num_columns(), fields.len());
            return Err(self.refused(&format!("a batch has {has} columns instead of {wants}")));
        }
        for (field, column) in fields.iter().zip(batch.columns()) {
            let name = field.name();
            if !field.data_type().equals_datatype(column.data_type()) {
                let (is, wants) = (column.data_type(), field.data_type());
                return Err(self.refused(&format!("column {name:?} is {is} instead of {wants}")));
            }
            if !field.is_nullable() && column.null_count() > 0 {
                let reason = format!("column {name:?} holds null and may not");
                return Err(self.data("NULL_IN_REQUIRED_COLUMN", &reason));
            }
            if !digits_fit(column) {
                let reason = format!("column {name:?} holds a decimal with too many digits");
                return Err(self.data("DECIMAL_PRECISION", &reason));
            }
        }
        Ok(())
    }

    fn refused(&self, reason: &str) -> Error {
        let path = self.path.display();
        Error::internal(format!("could not write {path:?}: {reason}")).on(Side::Destination)
    }

    fn data(&self, code: &'static str, reason: &str) -> Error {
        let message = format!("could not write {:?}: {reason}", self.path.display());
        Error::new(ErrorKind::Data, code, message).on(Side::Destination)
    }
}

impl Drop for ParquetFileWriter {
    fn drop(&mut self) {
        if !self.finished {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// The encoder would cut a decimal to the width of its column without a word.
fn digits_fit(array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::Decimal128(precision, _) => array
            .as_primitive::<Decimal128Type>()
            .validate_decimal_precision(*precision)
            .is_ok(),
        DataType::List(_) => digits_fit(array.as_list::<i32>().values()),
        DataType::Struct(_) => array.as_struct().columns().iter().all(digits_fit),
        DataType::Map(_, _) => array.as_map().entries().columns().iter().all(digits_fit),
        _ => true,
    }
}
