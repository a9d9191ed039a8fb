//! Data files of a load: written with the table's own field ids, named by split, opened again at the
//! commit.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use contract::{BatchLimits, Manifest, Part, SplitWriter, Staging, TaskContext};
use formats::parquet::{Codec, FooterFacts, ParquetOptions, check_layout, read_footer, schema};
use iceberg::spec::{NestedFieldRef, TableMetadata};
use model::plan::{Column, ScanColumn};
use model::{Error, ErrorKind, Result, Side};
use serde::{Deserialize, Serialize};

use super::read::{FilePart, PartReader};
use super::{location, options, types};
use crate::family::parquet_split::{ParquetSplitWriter, SplitFiles};

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

/// One attempt at one split.
struct LakeWriter {
    files: ParquetSplitWriter,
    /// The folder that the files land in.
    folder: String,
    /// Where the partition's column stands in the batches, and the value that it must have.
    partition: Option<(usize, String)>,
}

/// How the load's columns are laid out in files: as the table's fields say.
pub(super) fn layout(columns: &[Column], fields: &[NestedFieldRef]) -> Result<SchemaRef> {
    let mut columns = columns.to_vec();
    let mut ids = Vec::new();
    for (column, field) in columns.iter_mut().zip(fields) {
        column.holds = types::held(&column.holds);
        column.nullable = !field.required;
        types::ids_of(field, &mut ids);
    }
    schema(&columns, Some(&ids))
}

/// A staged file's rows, read back as readers of the table read them.
pub(super) fn read_back(
    file: &StagedFile,
    columns: &[Column],
    fields: &[NestedFieldRef],
) -> Result<PartReader> {
    let path = location::local_path(&file.address)?;
    let footer = read_footer(&path)?;
    let schema = layout(columns, fields)?;
    check_layout(&path, &footer.metadata, &schema)?;
    PartReader::open(
        &wanted(columns, fields),
        &whole(file),
        BatchLimits::default(),
    )
}

/// How these columns of the table are read.
pub(super) fn wanted(columns: &[Column], fields: &[NestedFieldRef]) -> Vec<ScanColumn> {
    let both = columns.iter().zip(fields);
    both.map(|(column, field)| ScanColumn {
        native: types::native_column(field),
        logical: column.holds.clone(),
        expression: None,
        decode: String::new(),
    })
    .collect()
}

/// All of a staged file.
pub(super) fn whole(file: &StagedFile) -> FilePart {
    FilePart {
        snapshot: 0,
        address: file.address.clone(),
        first_group: 0,
        end_group: None,
        file_rows: file.rows,
        partition_fields: Vec::new(),
    }
}

/// How files are encoded.
pub(super) fn parquet_options(how: &options::Write) -> ParquetOptions {
    ParquetOptions {
        codec: match how.compression {
            options::Compression::Snappy => Codec::Snappy,
            options::Compression::Gzip => Codec::GZIP,
            options::Compression::Zstd => Codec::ZSTD,
        },
        ..ParquetOptions::default()
    }
}

/// Opens a writer for one attempt at one split; nothing is written before the first row.
pub(super) fn open(
    staging: &Staging,
    metadata: &TableMetadata,
    fields: &[NestedFieldRef],
    how: &options::Write,
    task: &TaskContext,
) -> Result<Box<dyn SplitWriter>> {
    let columns = &staging.write.table.columns;
    let folder = location::data_folder(metadata.location(), &staging.load);
    let partition = staging.write.partition.as_ref();
    let partition = partition.and_then(|partition| {
        let at = columns
            .iter()
            .position(|column| column.name == partition.column)?;
        Some((at, partition.value.clone()))
    });
    let files = SplitFiles {
        folder: location::local_path(&folder)?,
        schema: layout(columns, fields)?,
        options: parquet_options(how),
        file_bytes: how.file_size << 20,
    };
    Ok(Box::new(LakeWriter {
        files: ParquetSplitWriter::new(files, task),
        folder,
        partition,
    }))
}

#[async_trait]
impl SplitWriter for LakeWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.check_partition(&batch)?;
        self.files.write(batch).await
    }

    async fn finish(self: Box<Self>) -> Result<Part> {
        let Self { files, folder, .. } = *self;
        let files = files.finish().await?.into_iter().map(|summary| {
            let name = summary
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            StagedFile {
                address: format!("{folder}/{name}"),
                rows: summary.rows,
                bytes: summary.bytes,
            }
        });
        let files: Vec<StagedFile> = files.collect();
        Ok(Part {
            written: files.iter().map(|file| file.rows).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            payload: serde_json::json!(files),
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        self.files.discard().await
    }
}

impl LakeWriter {
    /// Readers look for a partition's rows by the value that the manifest names: it must be theirs.
    fn check_partition(&self, batch: &RecordBatch) -> Result<()> {
        let Some((at, value)) = &self.partition else {
            return Ok(());
        };
        let values = batch.columns().get(*at);
        let values = values.and_then(|column| column.as_string_opt::<i32>());
        let all_equal = values.is_some_and(|values| {
            values.null_count() == 0 && values.iter().all(|found| found == Some(value))
        });
        if all_equal {
            return Ok(());
        }
        Err(Error::internal("a row belongs to another partition").on(Side::Destination))
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
