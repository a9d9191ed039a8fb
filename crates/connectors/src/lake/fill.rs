//! Rows of a load that replace others, with what these keep: columns of the table that nothing comes
//! for. All else stands as it was staged and proven; it is read back and compared.

use std::path::PathBuf;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take};
use arrow::datatypes::SchemaRef;
use contract::BatchLimits;
use formats::parquet::{
    FooterFacts, ParquetFileReader, ParquetFileWriter, read_footer, same_rows, typed,
};
use model::{Error, Result};

use super::keys::{KeyMaker, KeyPart, KeySet};
use super::update::{Update, rows_differ};
use super::writer::{self, StagedFile};

/// What rows of the table keep, in the order in which they were met.
#[derive(Default)]
pub(super) struct Stayed {
    batches: Vec<RecordBatch>,
    /// How many rows.
    pub(super) rows: u64,
    /// The memory that they take, roughly.
    pub(super) bytes: usize,
}

impl Stayed {
    pub(super) fn add(&mut self, values: RecordBatch) {
        self.rows += values.num_rows() as u64;
        self.bytes += values.get_array_memory_size();
        self.batches.push(values);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// In one batch; `None` where there is no row.
    pub(super) fn whole(self) -> Result<Option<RecordBatch>> {
        let Some(first) = self.batches.first() else {
            return Ok(None);
        };
        let whole = concat_batches(&first.schema(), &self.batches);
        whole.map(Some).map_err(unlikely)
    }
}

/// One part of a load's rows, to be written with what the table's rows keep.
pub(super) struct Fill<'a> {
    pub(super) update: &'a Update<'a>,
    pub(super) maker: &'a KeyMaker,
    pub(super) part: KeyPart,
    /// Their keys, each with the place of the row that it met.
    pub(super) keys: &'a KeySet,
    /// What stays, by place.
    pub(super) stayed: Option<RecordBatch>,
    /// The columns that it belongs to.
    pub(super) stay: &'a [usize],
}

impl Fill<'_> {
    /// Writes them, and compares what stands in the files.
    pub(super) fn write(&self, written: &mut Vec<PathBuf>) -> Result<Vec<(String, FooterFacts)>> {
        let update = self.update;
        let schema = writer::layout(&update.write.table.columns, update.fields)?;
        let mut files = Vec::new();
        let mut current: Option<(String, PathBuf, ParquetFileWriter)> = None;
        for batch in self.rows(&schema) {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            if current.is_none() {
                let (address, path) = update.new_file("filled", written)?;
                let file = ParquetFileWriter::create(&path, schema.clone(), update.options)?;
                current = Some((address, path, file));
            }
            let full = match &mut current {
                Some((_, _, file)) => {
                    file.write(&batch)?;
                    file.estimated_bytes() >= update.file_bytes
                }
                None => false,
            };
            if full && let Some(file) = current.take() {
                files.push(ended(file)?);
            }
        }
        if let Some(file) = current.take() {
            files.push(ended(file)?);
        }
        self.compare(&schema, &files)?;
        files
            .into_iter()
            .map(|(address, path, rows)| {
                let footer = read_footer(&path)?;
                if footer.rows == rows {
                    Ok((address, footer))
                } else {
                    Err(rows_differ(&path, rows, footer.rows))
                }
            })
            .collect()
    }

    fn compare(&self, schema: &SchemaRef, files: &[(String, PathBuf, u64)]) -> Result<()> {
        let limits = BatchLimits::default();
        let mut readers = Vec::new();
        for (_, path, _) in files {
            let reader = ParquetFileReader::open(path, schema.clone(), limits.rows, limits.bytes)?;
            readers.push(reader);
        }
        match files.last() {
            Some((_, path, _)) => same_rows(path, self.rows(schema), readers.into_iter().flatten()),
            None => Ok(()),
        }
    }

    /// The rows of this part, in the order of the load's files.
    fn rows<'b>(&'b self, schema: &'b SchemaRef) -> impl Iterator<Item = Result<RecordBatch>> + 'b {
        self.update.staged.iter().flat_map(move |file| {
            let (batches, failed) = match self.rows_of(file, schema) {
                Ok(batches) => (Some(batches), None),
                Err(error) => (None, Some(Err(error))),
            };
            failed.into_iter().chain(batches.into_iter().flatten())
        })
    }

    fn rows_of<'b>(
        &'b self,
        file: &StagedFile,
        schema: &'b SchemaRef,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + 'b> {
        let batches = self.update.read_staged(file)?;
        Ok(batches.map(move |batch| typed(&self.filled(&batch?)?, schema)))
    }

    /// Those rows of a batch that are of this part, with what stays.
    fn filled(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let keys = self.update.keys_of(self.maker, batch)?;
        let ours: BooleanArray = keys
            .iter()
            .map(|key| Some(self.part.has(key.data())))
            .collect();
        let rows = filter_record_batch(batch, &ours).map_err(unlikely)?;
        let Some(stayed) = &self.stayed else {
            return Ok(rows);
        };
        let places = keys.iter().filter(|key| self.part.has(key.data()));
        let places = places.map(|key| match self.keys.place(key.data()) {
            Some(place) => u32::try_from(place).map(Some).map_err(|_| too_many()),
            None => Ok(None),
        });
        let places = UInt32Array::from(places.collect::<Result<Vec<Option<u32>>>>()?);
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        for (at, values) in self.stay.iter().zip(stayed.columns()) {
            if let Some(column) = columns.get_mut(*at) {
                *column = take(values, &places, None).map_err(unlikely)?;
            }
        }
        RecordBatch::try_new(rows.schema(), columns).map_err(unlikely)
    }
}

fn ended(
    (address, path, file): (String, PathBuf, ParquetFileWriter),
) -> Result<(String, PathBuf, u64)> {
    let summary = file.finish()?;
    Ok((address, path, summary.rows))
}

fn too_many() -> Error {
    Error::internal("more rows at a time than have a place")
}

fn unlikely(error: arrow::error::ArrowError) -> Error {
    Error::internal("rows that do not fit together").caused_by(error)
}
