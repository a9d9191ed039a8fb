use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use model::plan::Column;
use model::{Field, LogicalType};

use super::*;

fn column(name: &str, holds: LogicalType, nullable: bool) -> Column {
    Column {
        name: name.to_owned(),
        native: holds.to_string(),
        holds,
        nullable,
        comment: None,
    }
}

fn decimal(precision: u8) -> LogicalType {
    LogicalType::Decimal {
        precision,
        scale: 0,
    }
}

/// The physical schema of a file of one column, as text.
fn check_layout(holds: LogicalType, nullable: bool, expected: &str) {
    let schema = schema(&[column("c", holds, nullable)], None).unwrap();
    let mut text = Vec::new();
    let physical = super::schema::physical(&schema).unwrap();
    ::parquet::schema::printer::print_schema(&mut text, physical.root_schema());
    let text = String::from_utf8(text).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let expected = format!("message schema {{ {expected} }}");
    assert_eq!(words.join(" "), expected);
}

#[test]
fn types_are_laid_out_in_the_modern_profile() {
    check_layout(decimal(1), true, "OPTIONAL INT32 c (DECIMAL(1,0));");
    check_layout(decimal(9), false, "REQUIRED INT32 c (DECIMAL(9,0));");
    check_layout(decimal(10), true, "OPTIONAL INT64 c (DECIMAL(10,0));");
    check_layout(decimal(18), true, "OPTIONAL INT64 c (DECIMAL(18,0));");
    check_layout(
        decimal(19),
        true,
        "OPTIONAL FIXED_LEN_BYTE_ARRAY (9) c (DECIMAL(19,0));",
    );
    check_layout(
        decimal(38),
        true,
        "OPTIONAL FIXED_LEN_BYTE_ARRAY (16) c (DECIMAL(38,0));",
    );
    for (zoned, adjusted) in [(true, "true"), (false, "false")] {
        let precision = 6;
        check_layout(
            LogicalType::Timestamp { precision, zoned },
            true,
            &format!("OPTIONAL INT64 c (TIMESTAMP(MICROS,{adjusted}));"),
        );
    }
    check_layout(
        LogicalType::int(8),
        true,
        "OPTIONAL INT32 c (INTEGER(8,true));",
    );
    check_layout(LogicalType::int(32), true, "OPTIONAL INT32 c;");
    check_layout(
        LogicalType::List(Box::new(decimal(1))),
        true,
        "OPTIONAL group c (LIST) { REPEATED group list { OPTIONAL INT32 element (DECIMAL(1,0)); } }",
    );
    check_layout(
        LogicalType::Map(Box::new(LogicalType::Date)),
        false,
        "REQUIRED group c (MAP) { REPEATED group key_value { REQUIRED BYTE_ARRAY key (STRING); \
         OPTIONAL INT32 value (DATE); } }",
    );
}

#[test]
fn field_ids_name_nested_fields_in_reading_order() {
    let fields = vec![Field {
        name: "a".to_owned(),
        logical: decimal(1),
    }];
    let columns = [
        column(
            "l",
            LogicalType::List(Box::new(LogicalType::Struct(fields))),
            true,
        ),
        column("m", LogicalType::Map(Box::new(LogicalType::Float64)), true),
        column("i", LogicalType::int(64), false),
    ];
    let ids = [1, 4, 5, 2, 6, 7, 3];
    let schema_with_ids = schema(&columns, Some(&ids)).unwrap();
    let physical = super::schema::physical(&schema_with_ids).unwrap();
    let mut text = Vec::new();
    ::parquet::schema::printer::print_schema(&mut text, physical.root_schema());
    let text = String::from_utf8(text).unwrap();
    let found: Vec<i32> = text
        .split('[')
        .skip(1)
        .map(|rest| rest[..rest.find(']').unwrap()].parse().unwrap())
        .collect();
    assert_eq!(found, ids, "{text}");
    assert!(schema(&columns, Some(&ids[..6])).is_err());
    assert!(schema(&columns, Some(&[1; 8])).is_err());
}

fn numbers(rows: std::ops::Range<i64>) -> (Vec<Column>, RecordBatch) {
    let columns = vec![
        column("id", LogicalType::int(64), false),
        column("name", LogicalType::TEXT, true),
    ];
    let names: StringArray = rows
        .clone()
        .map(|id| (id % 3 != 0).then(|| format!("name {id}")))
        .collect();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows));
    let schema = schema(&columns, None).unwrap();
    let batch = RecordBatch::try_new(schema, vec![ids, Arc::new(names)]).unwrap();
    (columns, batch)
}

#[test]
fn a_file_is_read_back_as_it_was_written_and_its_row_groups_end_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (columns, batch) = numbers(0..8_192);
    for codec in [Codec::None, Codec::Snappy, Codec::GZIP, Codec::ZSTD] {
        let path = folder.path().join(format!("{codec:?}.parquet"));
        let options = ParquetOptions {
            codec,
            row_group_bytes: 192 << 10,
            ..ParquetOptions::default()
        };
        let schema = schema(&columns, None).unwrap();
        let mut writer = ParquetFileWriter::create(&path, schema, &options).unwrap();
        for _ in 0..16 {
            writer.write(&batch).unwrap();
        }
        assert!(writer.buffered_bytes() > 0);
        writer.flush_row_group().unwrap();
        assert_eq!(writer.buffered_bytes(), 0);
        let summary = writer.finish().unwrap();
        let facts = read_footer(&path).unwrap();
        assert_eq!((facts.rows, facts.bytes), (16 * 8_192, summary.bytes));
        assert_eq!(summary.rows, facts.rows);
        assert!(facts.metadata.num_row_groups() > 2, "{codec:?}");
        let written_by = facts.metadata.file_metadata().created_by().unwrap();
        assert!(written_by.starts_with("godwit version "));
        assert_eq!(*facts.schema().unwrap(), *batch.schema());

        let file = std::fs::File::open(&path).unwrap();
        let reader =
            ::parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 8_192).unwrap();
        for read in reader {
            assert_eq!(read.unwrap(), batch);
        }
    }
}

#[test]
fn an_empty_file_shows_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.parquet");
    let (columns, _) = numbers(0..0);
    let schema = schema(&columns, None).unwrap();
    let writer =
        ParquetFileWriter::create(&path, schema.clone(), &ParquetOptions::default()).unwrap();
    writer.finish().unwrap();
    let facts = read_footer(&path).unwrap();
    assert_eq!((facts.rows, facts.schema().unwrap()), (0, schema));
}

#[test]
fn a_file_that_is_there_is_never_written_over_and_an_unfinished_one_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let (columns, _) = numbers(0..0);
    let schema = schema(&columns, None).unwrap();
    let options = ParquetOptions::default();
    let first = ParquetFileWriter::create(&path, schema.clone(), &options).unwrap();
    let second = ParquetFileWriter::create(&path, schema.clone(), &options).err();
    assert_eq!(second.unwrap().code, "FILE_EXISTS");
    assert!(path.exists());
    drop(first);
    assert!(!path.exists());
    ParquetFileWriter::create(&path, schema, &options)
        .unwrap()
        .discard()
        .unwrap();
    assert!(!path.exists());
}

/// Writing `array` as a column of type `holds` fails with this code.
fn check_refused(holds: LogicalType, nullable: bool, array: ArrayRef, code: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file_schema = schema(&[column("c", holds, nullable)], None).unwrap();
    let path = folder.path().join("a.parquet");
    let mut writer =
        ParquetFileWriter::create(&path, file_schema, &ParquetOptions::default()).unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
    assert_eq!(writer.write(&batch).unwrap_err().code, code);
}

#[test]
fn values_that_would_be_altered_are_refused() {
    let digits = Decimal128Array::from(vec![123_456_789_012])
        .with_precision_and_scale(5, 0)
        .unwrap();
    check_refused(decimal(5), true, Arc::new(digits), "DECIMAL_PRECISION");
    let nulls: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    check_refused(
        LogicalType::int(32),
        false,
        nulls,
        "NULL_IN_REQUIRED_COLUMN",
    );
    let wall: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]));
    let instant = LogicalType::Timestamp {
        precision: 6,
        zoned: true,
    };
    check_refused(instant, true, wall, "INTERNAL");
}

#[test]
fn a_decimal_has_as_many_digits_as_its_column_and_not_one_more() {
    let check = |value: i128, precision: u8, fits: bool| {
        let folder = tempfile::tempdir().unwrap();
        let file_schema = schema(&[column("c", decimal(precision), true)], None).unwrap();
        let path = folder.path().join("a.parquet");
        let options = ParquetOptions::default();
        let mut writer = ParquetFileWriter::create(&path, file_schema.clone(), &options).unwrap();
        let array = Decimal128Array::from(vec![Some(0), None, Some(value)]);
        let array = array.with_precision_and_scale(precision, 0).unwrap();
        let batch = RecordBatch::try_new(file_schema, vec![Arc::new(array)]).unwrap();
        assert_eq!(writer.write(&batch).is_ok(), fits, "{value}");
    };
    for precision in [1, 5, 9, 18, 19, 37, 38] {
        let beyond = 10_i128.pow(u32::from(precision));
        for (value, fits) in [(beyond - 1, true), (beyond, false), (i128::MAX, false)] {
            check(value, precision, fits);
            check(-value, precision, fits);
        }
        check(i128::MIN, precision, false);
    }
}

#[test]
fn what_stands_in_null_rows_is_nobodys_decimal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let file_schema = schema(&[column("c", decimal(5), true)], None).unwrap();
    let options = ParquetOptions::default();
    let mut writer = ParquetFileWriter::create(&path, file_schema.clone(), &options).unwrap();
    let nulls = arrow::buffer::NullBuffer::from(vec![true, false]);
    let array = Decimal128Array::new(vec![7, i128::MAX].into(), Some(nulls));
    let array = array.with_precision_and_scale(5, 0).unwrap();
    let batch = RecordBatch::try_new(file_schema, vec![Arc::new(array)]).unwrap();
    writer.write(&batch).unwrap();
    assert_eq!(writer.finish().unwrap().rows, 2);
}

#[test]
fn a_file_that_lacks_rows_is_never_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let (columns, batch) = numbers(0..100);
    let schema = schema(&columns, None).unwrap();
    let mut writer = ParquetFileWriter::create(&path, schema, &ParquetOptions::default()).unwrap();
    let full = || ::parquet::errors::ParquetError::General("no room".to_owned());
    assert!(writer.encoding(|_| Err(full())).is_err());
    assert!(writer.write(&batch).is_err());
    assert!(writer.flush_row_group().is_err());
    assert!(writer.finish().is_err());
    assert!(!path.exists());
}

#[test]
fn a_cut_file_is_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let (columns, batch) = numbers(0..100);
    let schema = schema(&columns, None).unwrap();
    let mut writer = ParquetFileWriter::create(&path, schema, &ParquetOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    let summary = writer.finish().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(summary.bytes - 1).unwrap();
    assert_eq!(read_footer(&path).unwrap_err().code, "BAD_PARQUET");
    std::fs::write(&path, b"XXXX").unwrap();
    assert_eq!(read_footer(&path).unwrap_err().code, "BAD_PARQUET");
}

#[tokio::test]
async fn the_async_shell_writes_the_same_and_leaves_nothing_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (columns, batch) = numbers(0..10);
    let file_schema = schema(&columns, None).unwrap();
    let path = folder.path().join("a.parquet");
    let options = ParquetOptions::default();
    let mut writer = AsyncParquetWriter::create(path.clone(), file_schema.clone(), options.clone())
        .await
        .unwrap();
    writer.write(batch.clone()).await.unwrap();
    // Few rows wait for more.
    assert!(writer.buffered_bytes() > 0 && writer.estimated_bytes() == 0);
    for _ in 0..1_000 {
        writer.write(batch.clone()).await.unwrap();
    }
    assert!(writer.estimated_bytes() > 0);
    writer.flush_row_group().await.unwrap();
    assert_eq!(writer.buffered_bytes(), 0);
    writer.write(batch.clone()).await.unwrap();
    assert_eq!(writer.finish().await.unwrap().rows, 10_020);
    assert_eq!(read_footer(&path).unwrap().rows, 10_020);

    let path = folder.path().join("b.parquet");
    let mut writer = AsyncParquetWriter::create(path.clone(), file_schema, options)
        .await
        .unwrap();
    let wrong = batch.project(&[0]).unwrap();
    writer.write(wrong).await.unwrap();
    assert!(writer.flush_row_group().await.is_err());
    assert!(!path.exists());
    writer.write(batch).await.unwrap();
    assert!(writer.flush_row_group().await.is_err());
    writer.discard().await.unwrap();
}
