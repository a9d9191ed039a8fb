//! One split's writer: the partition's column stands in the folder's name, the rest in the files.

use arrow::array::{Array, AsArray, RecordBatch};
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

/// The writer.
pub(super) struct FilesWriter {
    files: ParquetSplitWriter,
    /// Where the partition's column stands in the batches, and the value that it must have.
    partition: Option<(usize, String)>,
}

impl FilesWriter {
    pub(super) fn new(files: ParquetSplitWriter, staging: &Staging) -> Self {
        let columns = &staging.write.table.columns;
        let partition = staging.write.partition.as_ref().and_then(|partition| {
            let at = columns
                .iter()
                .position(|column| column.name == partition.column)?;
            Some((at, partition.value.clone()))
        });
        Self { files, partition }
    }

    /// The batch without the partition's column.
    fn in_file(&self, mut batch: RecordBatch) -> Result<RecordBatch> {
        let Some((at, value)) = &self.partition else {
            return Ok(batch);
        };
        if *at >= batch.num_columns() {
            return Err(misplaced("a batch has no partition column"));
        }
        let column = batch.remove_column(*at);
        let values = column
            .as_string_opt::<i32>()
            .ok_or_else(|| misplaced("the partition column is not text"))?;
        let same = values.null_count() == 0 && values.iter().flatten().all(|found| found == value);
        if !same {
            return Err(misplaced("a row belongs to another partition"));
        }
        Ok(batch)
    }
}

fn misplaced(reason: &str) -> Error {
    Error::internal(reason).on(Side::Destination)
}

#[async_trait]
impl SplitWriter for FilesWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = self.in_file(batch)?;
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
