//! Batches of TPC-H, and the writer that ours is compared with.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use formats::parquet::{Codec, ParquetFileWriter, ParquetOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use tpchgen::generators::{LineItem, LineItemGenerator, Order, OrderGenerator};

const BATCH_ROWS: usize = 8_192;

/// The columns of `lineitem`, at most `rows` of them.
pub fn lineitem(scale: f64, rows: usize) -> Vec<RecordBatch> {
    let generator = LineItemGenerator::new(scale, 1, 1);
    batches(generator.iter().take(rows), lines)
}

/// The columns of `orders`, at most `rows` of them.
pub fn orders(scale: f64, rows: usize) -> Vec<RecordBatch> {
    let generator = OrderGenerator::new(scale, 1, 1);
    batches(generator.iter().take(rows), order_columns)
}

fn batches<T>(
    mut rows: impl Iterator<Item = T>,
    columns: impl Fn(&[T]) -> Vec<(&'static str, ArrayRef)>,
) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    loop {
        let part: Vec<T> = rows.by_ref().take(BATCH_ROWS).collect();
        if part.is_empty() {
            return batches;
        }
        let columns = columns(&part);
        let fields = columns
            .iter()
            .map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        batches.push(RecordBatch::try_new(schema, arrays).unwrap());
    }
}

fn money(cents: impl Iterator<Item = i64>) -> ArrayRef {
    let digits = Decimal128Array::from_iter_values(cents.map(i128::from));
    Arc::new(digits.with_precision_and_scale(15, 2).unwrap())
}

macro_rules! column {
    ($rows:ident, $array:ident, $row:ident => $value:expr) => {
        Arc::new($array::from_iter_values($rows.iter().map(|$row| $value))) as ArrayRef
    };
}

fn lines(rows: &[LineItem<'_>]) -> Vec<(&'static str, ArrayRef)> {
    vec![
        (
            "l_orderkey",
            column!(rows, Int64Array, row => row.l_orderkey),
        ),
        ("l_partkey", column!(rows, Int64Array, row => row.l_partkey)),
        ("l_suppkey", column!(rows, Int64Array, row => row.l_suppkey)),
        (
            "l_linenumber",
            column!(rows, Int32Array, row => row.l_linenumber),
        ),
        (
            "l_quantity",
            money(rows.iter().map(|row| row.l_quantity * 100)),
        ),
        (
            "l_extendedprice",
            money(rows.iter().map(|row| row.l_extendedprice.0)),
        ),
        ("l_discount", money(rows.iter().map(|row| row.l_discount.0))),
        ("l_tax", money(rows.iter().map(|row| row.l_tax.0))),
        (
            "l_returnflag",
            column!(rows, StringArray, row => row.l_returnflag),
        ),
        (
            "l_linestatus",
            column!(rows, StringArray, row => row.l_linestatus),
        ),
        (
            "l_shipdate",
            column!(rows, Date32Array, row => row.l_shipdate.to_unix_epoch()),
        ),
        (
            "l_commitdate",
            column!(rows, Date32Array, row => row.l_commitdate.to_unix_epoch()),
        ),
        (
            "l_receiptdate",
            column!(rows, Date32Array, row => row.l_receiptdate.to_unix_epoch()),
        ),
        (
            "l_shipinstruct",
            column!(rows, StringArray, row => row.l_shipinstruct),
        ),
        (
            "l_shipmode",
            column!(rows, StringArray, row => row.l_shipmode),
        ),
        (
            "l_comment",
            column!(rows, StringArray, row => row.l_comment),
        ),
    ]
}

fn order_columns(rows: &[Order<'_>]) -> Vec<(&'static str, ArrayRef)> {
    vec![
        (
            "o_orderkey",
            column!(rows, Int64Array, row => row.o_orderkey),
        ),
        ("o_custkey", column!(rows, Int64Array, row => row.o_custkey)),
        (
            "o_orderstatus",
            column!(rows, StringArray, row => row.o_orderstatus.to_string()),
        ),
        (
            "o_totalprice",
            money(rows.iter().map(|row| row.o_totalprice.0)),
        ),
        (
            "o_orderdate",
            column!(rows, Date32Array, row => row.o_orderdate.to_unix_epoch()),
        ),
        (
            "o_orderpriority",
            column!(rows, StringArray, row => row.o_orderpriority),
        ),
        (
            "o_clerk",
            column!(rows, StringArray, row => row.o_clerk.to_string()),
        ),
        (
            "o_shippriority",
            column!(rows, Int32Array, row => row.o_shippriority),
        ),
        (
            "o_comment",
            column!(rows, StringArray, row => row.o_comment),
        ),
    ]
}

/// Bytes of the batches' values.
pub fn bytes(batches: &[RecordBatch]) -> usize {
    let columns = batches.iter().flat_map(RecordBatch::columns);
    columns
        .map(|column| column.to_data().get_slice_memory_size().unwrap())
        .sum()
}

/// Writes with our encoder. The greatest amount of memory that it said it held comes along.
pub fn ours(path: &Path, batches: &[RecordBatch], codec: Codec) -> (ParquetMetaData, usize) {
    let options = ParquetOptions {
        codec,
        ..ParquetOptions::default()
    };
    drop(std::fs::remove_file(path));
    let schema = batches[0].schema();
    let mut writer = ParquetFileWriter::create(path, schema, &options).unwrap();
    let mut most = 0;
    for batch in batches {
        writer.write(batch).unwrap();
        most = most.max(writer.buffered_bytes());
    }
    (writer.finish().unwrap().footer, most)
}

/// Writes with parquet-rs's, of the same layout.
pub fn theirs(path: &Path, batches: &[RecordBatch], codec: Codec) -> (ParquetMetaData, usize) {
    let compression = match codec {
        Codec::None => Compression::UNCOMPRESSED,
        Codec::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level).unwrap()),
        _ => Compression::SNAPPY,
    };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(Some(ParquetOptions::default().row_group_bytes))
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let file = File::create(path).unwrap();
    let schema: SchemaRef = batches[0].schema();
    let mut writer = ArrowWriter::try_new_with_options(file, schema, options).unwrap();
    let mut most = 0;
    for batch in batches {
        writer.write(batch).unwrap();
        most = most.max(writer.memory_size());
    }
    let footer = writer.finish().unwrap();
    writer.inner().sync_all().unwrap();
    (footer, most)
}

/// Whether a type has a name here; a batch of one column.
pub fn column(name: &str, arrays: impl Iterator<Item = ArrayRef>) -> Vec<RecordBatch> {
    let arrays: Vec<ArrayRef> = arrays.collect();
    let data_type: &DataType = arrays[0].data_type();
    let schema = Arc::new(Schema::new(vec![Field::new(name, data_type.clone(), true)]));
    let batches = arrays.into_iter();
    batches
        .map(|array| RecordBatch::try_new(schema.clone(), vec![array]).unwrap())
        .collect()
}
