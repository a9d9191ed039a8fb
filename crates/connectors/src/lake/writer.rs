//! Data files of a load: written with the table's own field ids, named by split, opened again at the
//! commit.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use contract::{Manifest, Part, SplitWriter, Staging, TaskContext, WriterShare};
use formats::parquet::{
    AsyncParquetWriter, Codec, FooterFacts, ParquetOptions, read_footer, schema,
};
use iceberg::spec::{NestedFieldRef, TableMetadata};
use model::plan::Partition;
use model::{Error, ErrorKind, Result, Side};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{durable, location, options, types};

/// A data file that stands staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedFile {
    /// Where.
    pub(super) address: String,
    /// Rows, as counted by the writer.
    pub(super) rows: u64,
    /// Bytes on the disk, as seen by the writer.
    pub(super) bytes: u64,
}

/// Writes one split into files of about the size that the options say.
struct LakeWriter {
    folder: String,
    prefix: String,
    schema: SchemaRef,
    options: ParquetOptions,
    file_bytes: u64,
    partition: Option<Partition>,
    share: WriterShare,
    open: Option<(String, AsyncParquetWriter)>,
    closed: Vec<StagedFile>,
}

/// Opens a writer for one attempt at one split; nothing is written before the first row.
pub(super) fn open(
    staging: &Staging,
    metadata: &TableMetadata,
    fields: &[NestedFieldRef],
    how: &options::Write,
    task: &TaskContext,
) -> Result<Box<dyn SplitWriter>> {
    let mut columns = staging.write.table.columns.clone();
    let mut ids = Vec::new();
    for (column, field) in columns.iter_mut().zip(fields) {
        column.holds = types::held(&column.holds);
        column.nullable = !field.required;
        types::ids_of(field, &mut ids);
    }
    Ok(Box::new(LakeWriter {
        folder: location::data_folder(metadata.location(), &staging.load),
        prefix: task.split.to_string(),
        schema: schema(&columns, Some(&ids))?,
        options: ParquetOptions {
            codec: match how.compression {
                options::Compression::Snappy => Codec::Snappy,
                options::Compression::Gzip => Codec::GZIP,
                options::Compression::Zstd => Codec::ZSTD,
            },
            ..ParquetOptions::default()
        },
        file_bytes: how.file_size << 20,
        partition: staging.write.partition.clone(),
        share: task.budget.share(),
        open: None,
        closed: Vec::new(),
    }))
}

#[async_trait]
impl SplitWriter for LakeWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.check_partition(&batch)?;
        let (address, mut writer) = match self.open.take() {
            Some(open) => open,
            None => {
                let (address, path) = self.next_file()?;
                let (schema, options) = (Arc::clone(&self.schema), self.options.clone());
                let writer = AsyncParquetWriter::create(path, schema, options).await?;
                (address, writer)
            }
        };
        writer.write(batch).await?;
        if self.share.holds(writer.buffered_bytes()) {
            writer.flush_row_group().await?;
            let _nothing_more_to_flush = self.share.holds(writer.buffered_bytes());
        }
        let full = writer.estimated_bytes() >= self.file_bytes;
        self.open = Some((address, writer));
        if full { self.close().await } else { Ok(()) }
    }

    async fn finish(mut self: Box<Self>) -> Result<Part> {
        self.close().await?;
        Ok(Part {
            written: self.closed.iter().map(|file| file.rows).sum(),
            bytes: self.closed.iter().map(|file| file.bytes).sum(),
            payload: serde_json::json!(self.closed),
        })
    }

    async fn discard(mut self: Box<Self>) -> Result<()> {
        if let Some((_, writer)) = self.open.take() {
            writer.discard().await?;
        }
        let closed = std::mem::take(&mut self.closed);
        super::off_thread(async move || {
            for file in closed {
                durable::remove_file(&location::local_path(&file.address)?)?;
            }
            Ok(())
        })
        .await
        .map_err(|error| error.on(Side::Destination))
    }
}

impl LakeWriter {
    fn next_file(&self) -> Result<(String, PathBuf)> {
        let address = format!("{}/{}-{}.parquet", self.folder, self.prefix, Uuid::new_v4());
        let path = location::local_path(&address)?;
        Ok((address, path))
    }

    async fn close(&mut self) -> Result<()> {
        if let Some((address, writer)) = self.open.take() {
            let summary = writer.finish().await?;
            let _nothing_to_flush = self.share.holds(0);
            self.closed.push(StagedFile {
                address,
                rows: summary.rows,
                bytes: summary.bytes,
            });
        }
        Ok(())
    }

    /// Readers look for a partition's rows by the value that the manifest names: it must be theirs.
    fn check_partition(&self, batch: &RecordBatch) -> Result<()> {
        let Some(partition) = &self.partition else {
            return Ok(());
        };
        let column = batch.column_by_name(&partition.column).or_else(|| {
            let position = self.schema.index_of(&partition.column).ok()?;
            batch.columns().get(position)
        });
        let values = column.and_then(|column| column.as_string_opt::<i32>());
        let all_equal = values.is_some_and(|values| {
            values.null_count() == 0 && values.iter().all(|value| value == Some(&partition.value))
        });
        if all_equal {
            return Ok(());
        }
        let column = &partition.column;
        Err(
            Error::internal(format!("rows of another partition in column {column:?}"))
                .on(Side::Destination),
        )
    }
}

/// All files that the manifests name.
pub(super) fn files(manifests: &[Manifest]) -> Result<Vec<StagedFile>> {
    let mut files = Vec::new();
    for manifest in manifests {
        let part: Vec<StagedFile> = serde_json::from_value(manifest.part.payload.clone())
            .map_err(|error| Error::internal("a part of another kind").caused_by(error))?;
        files.extend(part);
    }
    Ok(files)
}

/// The footers of staged files, which must be laid out by these fields.
pub(super) fn footers(
    files: &[StagedFile],
    fields: &[NestedFieldRef],
) -> Result<Vec<(String, FooterFacts)>> {
    let expected: Vec<(&str, i32)> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.id))
        .collect();
    files
        .iter()
        .map(|file| {
            let footer = read_footer(&location::local_path(&file.address)?)?;
            let schema = footer.metadata.file_metadata().schema_descr();
            let has = schema.root_schema().get_fields().iter().map(|field| {
                let info = field.get_basic_info();
                (info.name(), if info.has_id() { info.id() } else { -1 })
            });
            if has.eq(expected.iter().copied()) {
                Ok((file.address.clone(), footer))
            } else {
                Err(Error::new(
                    ErrorKind::Conflict,
                    "TABLE_CHANGED",
                    format!(
                        "staged file {:?} has other fields than its table",
                        file.address
                    ),
                )
                .hint("the table was changed during the load: run again"))
            }
        })
        .collect()
}
