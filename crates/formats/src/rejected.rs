//! Rejected rows as Parquet: one file for one attempt at one split, written as rows are rejected, so
//! that memory holds a few thousand of them and the disk all.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use model::run::RejectedRow;
use model::{Error, ErrorKind, Result, Side};

use crate::disk::io_error;
use crate::parquet::{ParquetFileWriter, ParquetOptions};

/// Rows of one batch when a file is read.
const BATCH_ROWS: usize = 4_096;
/// What a file being written holds in memory, about.
const ROW_GROUP_BYTES: usize = 4 << 20;
const TEXTS: [&str; 6] = ["table", "split", "position", "column", "code", "reason"];

/// Writes one file of rejected rows. Every call may block. Dropped unfinished, it removes the file.
pub struct RejectedWriter(ParquetFileWriter);

impl RejectedWriter {
    /// Makes the file, which must not be there yet, and its folder.
    pub fn create(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| of_store(io_error("make", folder, error)))?;
        }
        let options = ParquetOptions {
            row_group_bytes: ROW_GROUP_BYTES,
            ..ParquetOptions::default()
        };
        let writer = ParquetFileWriter::create(path, schema(), &options);
        writer.map(Self).map_err(of_store)
    }

    /// Adds rows.
    pub fn write(&mut self, rows: &[RejectedRow]) -> Result<()> {
        self.0.write(&batch(rows)?).map_err(of_store)
    }

    /// Ends the file and makes it durable; says how many rows it holds.
    pub fn finish(self) -> Result<u64> {
        self.0
            .finish()
            .map(|summary| summary.rows)
            .map_err(of_store)
    }
}

/// The rows of one file, a few thousand at a time. Every step may block.
pub struct RejectedReader(ParquetRecordBatchReader);

impl RejectedReader {
    /// Opens the file.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| of_store(io_error("open", path, error)))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
            .map_err(|error| damaged(&format!("{}: {error}", path.display())))?;
        Ok(Self(reader))
    }
}

impl Iterator for RejectedReader {
    type Item = Result<Vec<RejectedRow>>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.0.next()?;
        Some(
            batch
                .map_err(|error| damaged(&error.to_string()))
                .and_then(|batch| rows(&batch)),
        )
    }
}

fn of_store(error: Error) -> Error {
    error.on(Side::Store)
}

fn damaged(why: &str) -> Error {
    let message = format!("a file of rejected rows cannot be understood: {why}");
    Error::new(ErrorKind::Data, "STORE_BROKEN", message).on(Side::Store)
}

fn schema() -> SchemaRef {
    let mut fields: Vec<Field> = TEXTS
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, false))
        .collect();
    let key = Field::new("element", DataType::Utf8, true);
    fields.push(Field::new("key", DataType::List(Arc::new(key)), true));
    fields.push(Field::new("bytes", DataType::Binary, false));
    fields.push(Field::new("length", DataType::Int64, false));
    Arc::new(Schema::new(fields))
}

fn texts(row: &RejectedRow) -> [&str; 6] {
    [
        &row.table,
        &row.split,
        &row.locator,
        &row.column,
        &row.code,
        &row.reason,
    ]
}

fn batch(rows: &[RejectedRow]) -> Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = (0..TEXTS.len())
        .map(|place| {
            let texts = rows.iter().map(|row| texts(row)[place]);
            Arc::new(StringArray::from_iter_values(texts)) as ArrayRef
        })
        .collect();
    let element = Field::new("element", DataType::Utf8, true);
    let mut keys = ListBuilder::new(StringBuilder::new()).with_field(element);
    for row in rows {
        row.key
            .iter()
            .for_each(|part| keys.values().append_value(part));
        keys.append(!row.key.is_empty());
    }
    let bytes = rows.iter().map(|row| bytes_of(&row.bytes_hex));
    let bytes = bytes.collect::<Option<Vec<_>>>();
    let bytes = bytes.ok_or_else(|| Error::internal("bytes of a rejected row are not in hex"))?;
    let lengths = rows
        .iter()
        .map(|row| i64::try_from(row.length).unwrap_or(i64::MAX));
    columns.push(Arc::new(keys.finish()));
    columns.push(Arc::new(BinaryArray::from_iter_values(bytes)));
    columns.push(Arc::new(Int64Array::from_iter_values(lengths)));
    RecordBatch::try_new(schema(), columns)
        .map_err(|error| Error::internal("could not lay rejected rows in columns").caused_by(error))
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    });
    bytes.collect()
}

fn rows(batch: &RecordBatch) -> Result<Vec<RejectedRow>> {
    let read = || {
        let text = |place: usize| batch.column(place).as_string_opt::<i32>();
        let [table, split, locator, column, code, reason] =
            [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?];
        let keys = batch.column(6).as_list_opt::<i32>()?;
        let bytes = batch.column(7).as_binary_opt::<i32>()?;
        let lengths = batch.column(8).as_primitive_opt::<Int64Type>()?;
        let rows = (0..batch.num_rows()).map(|row| {
            let key = keys.is_valid(row).then(|| keys.value(row));
            let key = key.as_ref().and_then(|key| key.as_string_opt::<i32>());
            RejectedRow {
                table: table.value(row).to_owned(),
                split: split.value(row).to_owned(),
                locator: locator.value(row).to_owned(),
                column: column.value(row).to_owned(),
                code: code.value(row).to_owned(),
                reason: reason.value(row).to_owned(),
                bytes_hex: bytes
                    .value(row)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect(),
                length: lengths.value(row).unsigned_abs(),
                key: key.map_or_else(Vec::new, |key| {
                    key.iter()
                        .map(|part| part.unwrap_or_default().to_owned())
                        .collect()
                }),
            }
        });
        Some(rows.collect())
    };
    if batch.num_columns() != TEXTS.len() + 3 {
        return Err(damaged("it has other columns"));
    }
    read().ok_or_else(|| damaged("it has columns of other types"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, key: &[&str]) -> RejectedRow {
        RejectedRow {
            table: "public.orders".to_owned(),
            split: "00000".to_owned(),
            locator: format!("id={number}"),
            key: key.iter().map(|part| (*part).to_owned()).collect(),
            column: "day".to_owned(),
            code: "ZERO_DATE".to_owned(),
            reason: "the day is zero".to_owned(),
            bytes_hex: "00ff".to_owned(),
            length: number,
        }
    }

    #[test]
    fn rows_come_back_as_they_were_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/a.parquet");
        let all: Vec<_> = (0..10_000)
            .map(|number| match number % 3 {
                0 => row(number, &[]),
                1 => row(number, &[&number.to_string()]),
                _ => row(number, &["a", ""]),
            })
            .collect();
        let mut writer = RejectedWriter::create(&path).unwrap();
        for rows in all.chunks(999) {
            writer.write(rows).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 10_000);
        let back: Vec<_> = RejectedReader::open(&path)
            .unwrap()
            .flat_map(Result::unwrap)
            .collect();
        assert!(back == all);
    }

    #[test]
    fn what_is_not_finished_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let mut writer = RejectedWriter::create(&path).unwrap();
        writer.write(&[row(1, &[])]).unwrap();
        drop(writer);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_such_file_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        std::fs::write(&path, "no parquet").unwrap();
        let error = RejectedReader::open(&path).err().unwrap();
        assert_eq!((error.code, error.side), ("STORE_BROKEN", Side::Store));
    }
}
