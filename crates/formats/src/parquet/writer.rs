//! One Parquet file, written on a thread that may block. A value that the file would not hold as it
//! is (null where none may stand, a decimal with too many digits) is an error, never written.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::SchemaDescriptor;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, MAX_DECIMAL128_FOR_EACH_PRECISION, SchemaRef};
use model::{Error, ErrorKind, Result, Side};

use super::encode::{RowGroupEncoder, Workspace};
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
    file: SerializedFileWriter<File>,
    /// Makes parquet-rs's writers of the columns that are not encoded by us.
    factory: ArrowRowGroupWriterFactory,
    workspace: Workspace,
    group: Option<RowGroupEncoder>,
    group_bytes: usize,
    /// A batch or a row group could not be written, and rows are missing.
    broken: bool,
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
        let properties = Arc::new(options.properties()?);
        let compression = options.codec.compression()?;
        let workspace = Workspace::new(compression).map_err(wrong)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|error| io_error("make", path, error))?;
        let file = SerializedFileWriter::new(file, physical.root_schema_ptr(), properties)
            .inspect_err(|_| drop(std::fs::remove_file(path)))
            .map_err(wrong)?;
        let mut writer = Self {
            path: path.to_owned(),
            factory: ArrowRowGroupWriterFactory::new(&file, schema.clone()),
            schema,
            file,
            workspace,
            group: None,
            group_bytes: options.row_group_bytes.max(1),
            broken: false,
            finished: false,
        };
        // What no row group can be made of fails at once.
        writer.group = Some(writer.new_group().map_err(wrong)?);
        Ok(writer)
    }

    /// Adds rows. A row group ends when it has grown to its size. After an error that is not about the
    /// batch itself the file can only be discarded.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.check(batch)?;
        self.encoding(|this| this.encode(batch))
    }

    /// Bytes of memory that rows not yet in the file take.
    pub fn buffered_bytes(&self) -> usize {
        match &self.group {
            Some(group) if group.rows() > 0 => group.memory() + self.workspace.memory(),
            _ => 0,
        }
    }

    /// Bytes that the file will have by now, roughly.
    pub fn estimated_bytes(&self) -> u64 {
        let group = self.group.as_ref();
        let in_group = group.map_or(0, RowGroupEncoder::estimated_bytes);
        (self.file.bytes_written() + in_group) as u64
    }

    /// Ends the row group, which frees its memory.
    pub fn flush_row_group(&mut self) -> Result<()> {
        self.encoding(Self::end_group)
    }

    /// After an error nothing is added, so that no file without some of its rows is ever finished.
    pub(super) fn encoding<F>(&mut self, act: F) -> Result<()>
    where
        F: FnOnce(&mut Self) -> Result<(), ParquetError>,
    {
        if self.broken {
            return Err(self.refused("it was used again after an error"));
        }
        self.broken = true;
        act(self).map_err(|error| parquet_error("write", &self.path, error))?;
        self.broken = false;
        Ok(())
    }

    fn new_group(&self) -> Result<RowGroupEncoder, ParquetError> {
        RowGroupEncoder::new(
            &self.schema,
            self.file.schema_descr(),
            self.file.properties(),
            &self.factory,
            self.file.flushed_row_groups().len(),
        )
    }

    /// Cuts the batch where a row group ends.
    fn encode(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut start = 0;
        while start < batch.num_rows() {
            let mut group = match self.group.take() {
                Some(group) => group,
                None => self.new_group()?,
            };
            let rows = rows_left(&group, self.group_bytes).min(batch.num_rows() - start);
            if rows > 0 {
                group.write(&batch.slice(start, rows), &mut self.workspace)?;
            }
            start += rows;
            let is_full = rows == 0 || group.estimated_bytes() >= self.group_bytes;
            self.group = Some(group);
            if is_full {
                self.end_group()?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if let Some(encoder) = self.group.take_if(|group| group.rows() > 0) {
            let mut group = self.file.next_row_group()?;
            encoder.finish(&mut group, &mut self.workspace)?;
            group.close()?;
            self.workspace.release();
        }
        Ok(())
    }

    /// Ends the file and makes it and its name durable.
    pub fn finish(mut self) -> Result<FileSummary> {
        self.encoding(Self::end_group)?;
        let footer = self
            .file
            .finish()
            .map_err(|error| parquet_error("finish", &self.path, error))?;
        let file = self.file.inner();
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

/// How many rows fit into what is left of a row group, by those that it has; any number into a new one.
fn rows_left(group: &RowGroupEncoder, group_bytes: usize) -> usize {
    if group.rows() == 0 {
        return usize::MAX;
    }
    let bytes = group.estimated_bytes();
    group_bytes
        .saturating_sub(bytes)
        .checked_div(bytes / group.rows())
        .unwrap_or(usize::MAX)
}

/// The encoder would cut a decimal to the width of its column without a word.
fn digits_fit(array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::Decimal128(precision, _) => {
            let array = array.as_primitive::<Decimal128Type>();
            are_short(array.values(), *precision)
                || array.validate_decimal_precision(*precision).is_ok()
        }
        DataType::List(_) => digits_fit(array.as_list::<i32>().values()),
        DataType::Struct(_) => array.as_struct().columns().iter().all(digits_fit),
        DataType::Map(_, _) => array.as_map().entries().columns().iter().all(digits_fit),
        _ => true,
    }
}

/// Whether all of these have so many digits at most, those that stand in null rows, too.
fn are_short(values: &[i128], precision: u8) -> bool {
    let Some(most) = MAX_DECIMAL128_FOR_EACH_PRECISION.get(usize::from(precision)) else {
        return false;
    };
    // Shifted up by the largest, what is within bounds is below twice that, and nothing else is.
    let range = 2 * most.unsigned_abs();
    let is_long = |value: &i128| value.wrapping_add(*most).cast_unsigned() > range;
    !values
        .iter()
        .fold(false, |long, value| long | is_long(value))
}
