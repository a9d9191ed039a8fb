//! One split's writer: the partition's column stands in the folder's name, the rest in the files.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use contract::{Part, SplitWriter, Staging};
use model::plan::{Column, Write};
use model::{Error, Result, Side};
use serde_json::json;

use super::manifest::DataFile;
use crate::family::parquet_split::ParquetSplitWriter;

/// The columns that stand in the files.
pub(super) fn file_columns(write: &Write) -> Vec<Column> {
    let in_path = write.partition.as_ref().map(|partition| &partition.column);
    let columns = write.table.columns.iter();
    columns
        .filter(|column| Some(&column.name) != in_path)
        .cloned()
        .collect()
}

/// The partition's column, which stands in the folder's name and not in the files.
pub(super) struct InPath {
    /// Where it stands in the batches.
    at: usize,
    name: String,
    /// The value that every row must have.
    value: String,
}

impl InPath {
    /// None where the load writes no partition.
    pub(super) fn of(write: &Write) -> Option<Self> {
        let partition = write.partition.as_ref()?;
        let columns = &write.table.columns;
        let at = columns
            .iter()
            .position(|column| column.name == partition.column)?;
        Some(Self {
            at,
            name: partition.column.clone(),
            value: partition.value.clone(),
        })
    }

    /// The batch without it.
    fn take_out(&self, mut batch: RecordBatch) -> Result<RecordBatch> {
        if self.at >= batch.num_columns() {
            return Err(misplaced("a batch has no partition column"));
        }
        let column = batch.remove_column(self.at);
        let values = column
            .as_string_opt::<i32>()
            .ok_or_else(|| misplaced("the partition column is not text"))?;
        let same =
            values.null_count() == 0 && values.iter().flatten().all(|found| *found == self.value);
        if !same {
            return Err(misplaced("a row belongs to another partition"));
        }
        Ok(batch)
    }

    /// The batch with it, as whoever reads the folder sees it.
    pub(super) fn put_back(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let values = StringArray::from_iter_values(std::iter::repeat_n(&self.value, rows));
        let mut columns = batch.columns().to_vec();
        let mut fields = batch.schema().fields().to_vec();
        columns.insert(self.at, Arc::new(values));
        fields.insert(
            self.at,
            Arc::new(Field::new(&self.name, DataType::Utf8, true)),
        );
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| misplaced("a partition column does not fit").caused_by(error))
    }
}

/// The writer.
pub(super) struct FilesWriter {
    files: ParquetSplitWriter,
    partition: Option<InPath>,
}

impl FilesWriter {
    pub(super) fn new(files: ParquetSplitWriter, staging: &Staging) -> Self {
        Self {
            files,
            partition: InPath::of(&staging.write),
        }
    }
}

fn misplaced(reason: &str) -> Error {
    Error::internal(reason).on(Side::Destination)
}

#[async_trait]
impl SplitWriter for FilesWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = match &self.partition {
            Some(partition) => partition.take_out(batch)?,
            None => batch,
        };
        self.files.write(batch).await
    }

    async fn finish(self: Box<Self>) -> Result<Part> {
        let mut files = Vec::new();
        for summary in self.files.finish().await? {
            let name = summary.path.file_name().unwrap_or_default();
            files.push(DataFile {
                name: name.to_string_lossy().into_owned(),
                rows: summary.rows,
                bytes: summary.bytes,
            });
        }
        Ok(Part {
            written: files.iter().map(|file| file.rows).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            payload: json!({ "files": files }),
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        self.files.discard().await
    }
}
