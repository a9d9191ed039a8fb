//! A file again without some of its rows: laid out as it was, every other value as it was, read back
//! and compared before anybody is told. Blocking.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use ::parquet::file::metadata::ParquetMetaData;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use model::{Error, ErrorKind, Result, Side};

use super::options::ParquetOptions;
use super::reader::rows_within;
use super::writer::{FileSummary, ParquetFileWriter};
use super::{parquet_error, schema};
use crate::disk::io_error;

/// A batch holds at most so many rows, and about so many bytes.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// Writes the rows of `from` whose bit is set into `to`, in their order: field ids, names, physical and
/// logical types stay those of `from`. On an error there is no file `to`.
pub fn rewrite(
    from: &Path,
    to: &Path,
    kept: &BooleanBuffer,
    options: &ParquetOptions,
) -> Result<FileSummary> {
    let first = Kept::open(from, kept)?;
    let mut writer = ParquetFileWriter::create_like(
        to,
        first.schema(),
        &schema::of_file(&first.metadata),
        options,
    )?;
    for batch in first {
        writer.write(&batch?)?;
    }
    write_then_compare(writer, || Kept::open(from, kept), Whole::open)
}

/// Ends the file, and compares what stands in it with what was to come.
pub(super) fn write_then_compare<E, F>(
    writer: ParquetFileWriter,
    expected: impl FnOnce() -> Result<E>,
    found: impl FnOnce(&Path) -> Result<F>,
) -> Result<FileSummary>
where
    E: Iterator<Item = Result<RecordBatch>>,
    F: Iterator<Item = Result<RecordBatch>>,
{
    let summary = writer.finish()?;
    let compared = expected().and_then(|expected| {
        let found = found(&summary.path)?;
        same_rows(&summary.path, expected, found)
    });
    match compared {
        Ok(()) => Ok(summary),
        Err(error) => {
            drop(std::fs::remove_file(&summary.path));
            Err(error)
        }
    }
}

/// Whether both give the same rows in the same order, bit by bit; where not, an error that names the
/// file at `path`.
pub fn same_rows(
    path: &Path,
    expected: impl Iterator<Item = Result<RecordBatch>>,
    found: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<()> {
    let (mut expected, mut found) = (Pieces::of(expected), Pieces::of(found));
    let mut before = 0;
    loop {
        let rows = match (expected.rows()?, found.rows()?) {
            (0, 0) => return Ok(()),
            (wanted, there) => wanted.min(there),
        };
        if rows == 0 {
            return Err(differs(
                path,
                &format!("it ends after {before} rows, or goes on"),
            ));
        }
        let (wanted, there) = (expected.take(rows), found.take(rows));
        let equal = wanted.num_columns() == there.num_columns();
        let equal = equal && wanted.columns().iter().zip(there.columns()).all(is_same);
        if !equal {
            return Err(differs(path, &format!("behind row {before} values differ")));
        }
        before += rows;
    }
}

/// By their bits: NaN is the same as itself, and a zero is not its negative.
fn is_same((one, other): (&ArrayRef, &ArrayRef)) -> bool {
    one.to_data() == other.to_data()
}

fn differs(path: &Path, how: &str) -> Error {
    let message = format!(
        "{:?} does not hold the rows that were written to it: {how}",
        path.display()
    );
    Error::new(ErrorKind::Data, "REWRITE_DIFFERS", message).on(Side::Destination)
}

/// Batches, taken in pieces of any size.
struct Pieces<I> {
    batches: I,
    rest: Option<RecordBatch>,
}

impl<I: Iterator<Item = Result<RecordBatch>>> Pieces<I> {
    fn of(batches: I) -> Self {
        Self {
            batches,
            rest: None,
        }
    }

    /// How many rows the next piece can have; none at the end.
    fn rows(&mut self) -> Result<usize> {
        loop {
            if let Some(rest) = &self.rest
                && rest.num_rows() > 0
            {
                return Ok(rest.num_rows());
            }
            match self.batches.next() {
                Some(batch) => self.rest = Some(batch?),
                None => return Ok(0),
            }
        }
    }

    /// The next rows; `rows` said that there are as many.
    fn take(&mut self, rows: usize) -> RecordBatch {
        match self.rest.take() {
            Some(rest) => {
                let piece = rest.slice(0, rows);
                self.rest = Some(rest.slice(rows, rest.num_rows() - rows));
                piece
            }
            None => RecordBatch::new_empty(Arc::new(Schema::empty())),
        }
    }
}

/// All rows of a file, as its own layout has them.
struct Whole {
    reader: ParquetRecordBatchReader,
    path: PathBuf,
}

impl Whole {
    fn open(path: &Path) -> Result<Self> {
        Self::with_metadata(path).map(|(whole, _)| whole)
    }

    fn with_metadata(path: &Path) -> Result<(Self, ParquetMetaData)> {
        let failed = |error| parquet_error("read", path, error);
        let file = File::open(path).map_err(|error| io_error("open", path, error))?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(failed)?;
        let metadata = builder.metadata().as_ref().clone();
        let groups = 0..metadata.num_row_groups();
        let rows = rows_within(&metadata, groups, BATCH_BYTES, BATCH_ROWS);
        let reader = builder.with_batch_size(rows).build().map_err(failed)?;
        let path = path.to_owned();
        Ok((Self { reader, path }, metadata))
    }
}

impl Iterator for Whole {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(batch.map_err(|error| parquet_error("read", &self.path, error.into())))
    }
}

/// The rows of a file whose bit is set.
struct Kept<'a> {
    whole: Whole,
    metadata: ParquetMetaData,
    kept: &'a BooleanBuffer,
    before: usize,
}

impl<'a> Kept<'a> {
    fn open(path: &Path, kept: &'a BooleanBuffer) -> Result<Self> {
        let (whole, metadata) = Whole::with_metadata(path)?;
        let rows = metadata.file_metadata().num_rows();
        if usize::try_from(rows).ok() != Some(kept.len()) {
            let how = format!("it has {rows} rows instead of {}", kept.len());
            return Err(differs(path, &how));
        }
        Ok(Self {
            whole,
            metadata,
            kept,
            before: 0,
        })
    }

    fn schema(&self) -> SchemaRef {
        use arrow::array::RecordBatchReader;
        self.whole.reader.schema()
    }

    fn only_kept(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let kept = self.kept.slice(self.before, batch.num_rows());
        self.before += batch.num_rows();
        filter_record_batch(batch, &BooleanArray::new(kept, None))
            .map_err(|error| Error::internal("rows that cannot be left out").caused_by(error))
    }
}

impl Iterator for Kept<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.whole.next()?;
        Some(batch.and_then(|batch| self.only_kept(&batch)))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use model::LogicalType;
    use model::plan::Column;

    use super::*;
    use crate::parquet::{read_footer, schema};

    fn batch(rows: std::ops::Range<i64>) -> RecordBatch {
        let column = |name: &str, holds: LogicalType, nullable| Column {
            name: name.to_owned(),
            native: holds.to_string(),
            holds,
            nullable,
            comment: None,
        };
        let columns = [
            column("id", LogicalType::int(64), false),
            column("f", LogicalType::Float64, true),
            column("t", LogicalType::TEXT, true),
        ];
        let floats = rows.clone().map(|id| match id % 4 {
            0 => None,
            1 => Some(f64::from_bits(f64::NAN.to_bits() | 5)),
            2 => Some(-0.0),
            _ => Some(0.1),
        });
        let floats: Float64Array = floats.collect();
        let texts: StringArray = rows.clone().map(|id| Some(format!("row {id}"))).collect();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(rows)),
            Arc::new(floats),
            Arc::new(texts),
        ];
        let schema = schema(&columns, Some(&[3, 1, 7])).unwrap();
        RecordBatch::try_new(schema, arrays).unwrap()
    }

    fn file(path: &Path, batches: &[RecordBatch]) {
        let options = ParquetOptions {
            row_group_bytes: 8 << 10,
            ..ParquetOptions::default()
        };
        let mut writer = ParquetFileWriter::create(path, batches[0].schema(), &options).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn a_file_without_some_of_its_rows_is_otherwise_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        file(&from, &[batch(0..5_000), batch(5_000..20_000)]);
        let kept = BooleanBuffer::from_iter((0..20_000).map(|row| row % 3 != 0 && row != 19_999));
        let options = ParquetOptions::default();
        let summary = rewrite(&from, &to, &kept, &options).unwrap();
        assert_eq!(summary.rows, kept.count_set_bits() as u64);
        let (before, after) = (read_footer(&from).unwrap(), read_footer(&to).unwrap());
        let layout = |facts: &crate::parquet::FooterFacts| {
            facts
                .metadata
                .file_metadata()
                .schema_descr()
                .root_schema()
                .clone()
        };
        assert_eq!(layout(&before), layout(&after));
        let expected = [batch(0..20_000)].map(|batch| {
            filter_record_batch(&batch, &BooleanArray::new(kept.clone(), None))
                .map_err(|error| Error::internal(error.to_string()))
        });
        let found = Whole::open(&to).unwrap();
        same_rows(&to, expected.into_iter(), found).unwrap();
        // It is never written over what is there, and other rows than the file's are no answer.
        assert_eq!(
            rewrite(&from, &to, &kept, &options).unwrap_err().code,
            "FILE_EXISTS"
        );
        let other = folder.path().join("c");
        let error = rewrite(&from, &other, &kept.slice(1, 19_999), &options).unwrap_err();
        assert_eq!((error.code, other.exists()), ("REWRITE_DIFFERS", false));
    }

    #[test]
    fn what_stands_otherwise_is_seen() {
        let path = Path::new("/lake/a.parquet");
        let differ = |expected: Vec<RecordBatch>, found: Vec<RecordBatch>| {
            let (expected, found) = (expected.into_iter().map(Ok), found.into_iter().map(Ok));
            same_rows(path, expected, found)
                .err()
                .map(|error| error.code)
        };
        let halves = || vec![batch(0..3), batch(3..3), batch(3..7)];
        assert_eq!(differ(vec![batch(0..7)], halves()), None);
        assert_eq!(differ(Vec::new(), vec![batch(0..0)]), None);
        for found in [
            vec![batch(0..6)],
            vec![batch(0..8)],
            vec![batch(1..8)],
            vec![batch(0..3), batch(4..8)],
            vec![batch(0..7).project(&[0, 1]).unwrap()],
            Vec::new(),
        ] {
            assert_eq!(differ(halves(), found), Some("REWRITE_DIFFERS"));
        }
        let float = |value: f64| {
            let floats = Arc::new(Float64Array::from(vec![value])) as ArrayRef;
            vec![RecordBatch::try_from_iter([("f", floats)]).unwrap()]
        };
        assert_eq!(differ(float(f64::NAN), float(f64::NAN)), None);
        assert_eq!(differ(float(0.0), float(-0.0)), Some("REWRITE_DIFFERS"));
    }

    #[test]
    fn a_file_that_does_not_hold_what_came_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let options = ParquetOptions::default();
        let schema = batch(0..1).schema();
        let mut writer = ParquetFileWriter::create(&path, schema, &options).unwrap();
        writer.write(&batch(0..5)).unwrap();
        let expected = || Ok([Ok(batch(0..6))].into_iter());
        let error = write_then_compare(writer, expected, Whole::open).unwrap_err();
        assert_eq!((error.code, path.exists()), ("REWRITE_DIFFERS", false));
    }
}
