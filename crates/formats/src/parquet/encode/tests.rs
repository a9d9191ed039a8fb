//! Files of random columns, read back by parquet-rs, and their footers beside those of its own writer.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, ArrowWriterOptions};
use ::parquet::basic::Compression;
use ::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use ::parquet::file::page_index::column_index::ColumnIndexMetaData;
use ::parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use ::parquet::file::writer::SerializedFileWriter;
use arrow::array::types::Decimal128Type;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Float32Array, Float64Array,
    Int64Array, ListArray, PrimitiveArray, RecordBatch, StringArray, StructArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{
    DataType, Date32Type, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, SchemaRef, Time64MicrosecondType, TimestampMicrosecondType,
};
use proptest::prelude::*;

use super::{RowGroupEncoder, Workspace};
use crate::parquet::schema;

/// How a test writes.
#[derive(Debug, Clone)]
struct Setup {
    page_bytes: usize,
    page_rows: usize,
    dictionary_bytes: usize,
    dictionary: bool,
    compression: Compression,
}

impl Setup {
    fn properties(&self) -> WriterPropertiesPtr {
        let properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_max_row_group_row_count(None)
            .set_dictionary_enabled(self.dictionary)
            .set_data_page_size_limit(self.page_bytes)
            .set_data_page_row_count_limit(self.page_rows)
            // So that the other writer's pages end where ours do, as far as rows go.
            .set_write_batch_size(1)
            .set_dictionary_page_size_limit(self.dictionary_bytes);
        Arc::new(properties.build())
    }
}

const USUAL: Setup = Setup {
    page_bytes: 1 << 20,
    page_rows: 20_000,
    dictionary_bytes: 1 << 20,
    dictionary: true,
    compression: Compression::SNAPPY,
};

fn write(path: &Path, batches: &[RecordBatch], setup: &Setup) -> usize {
    let schema = batches[0].schema();
    let physical = schema::physical(&schema).unwrap();
    let properties = setup.properties();
    let file = File::create(path).unwrap();
    let root = physical.root_schema_ptr();
    let mut writer = SerializedFileWriter::new(file, root, Arc::clone(&properties)).unwrap();
    let factory = ArrowRowGroupWriterFactory::new(&writer, SchemaRef::clone(&schema));
    let mut workspace = Workspace::new(setup.compression).unwrap();
    let mut group = RowGroupEncoder::new(&schema, &physical, &properties, &factory, 0).unwrap();
    let mut most = 0;
    for batch in batches {
        group.write(batch, &mut workspace).unwrap();
        most = most.max(group.memory() + workspace.memory());
    }
    let mut row_group = writer.next_row_group().unwrap();
    group.finish(&mut row_group, &mut workspace).unwrap();
    row_group.close().unwrap();
    writer.close().unwrap();
    most
}

fn write_by_arrow(path: &Path, batches: &[RecordBatch], setup: &Setup) {
    let schema = batches[0].schema();
    let options = ArrowWriterOptions::new()
        .with_properties(setup.properties().as_ref().clone())
        .with_skip_arrow_metadata(true)
        .with_parquet_schema(schema::physical(&schema).unwrap());
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(file, schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
}

fn footer(path: &Path) -> ParquetMetaData {
    ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&File::open(path).unwrap())
        .unwrap()
}

/// What stands in a file, as one batch.
fn read(path: &Path, schema: &SchemaRef) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let batches: Vec<RecordBatch> = builder
        .with_batch_size(1_000)
        .build()
        .unwrap()
        .map(|batch| crate::parquet::typed(&batch.unwrap(), schema).unwrap())
        .collect();
    concat_batches(schema, &batches).unwrap()
}

/// Writes the batches by both writers; values and footers have to be the same.
fn check(batches: &[RecordBatch], setup: &Setup) {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    write(&ours, batches, setup);
    write_by_arrow(&theirs, batches, setup);
    let schema = batches[0].schema();
    let expected = concat_batches(&schema, batches).unwrap();
    let found = read(&ours, &schema);
    assert_eq!(found.num_rows(), expected.num_rows());
    for (position, field) in schema.fields().iter().enumerate() {
        let (found, expected) = (found.column(position), expected.column(position));
        // By bits: NaN is the same as itself, and a zero is not its negative.
        assert_eq!(found.to_data(), expected.to_data(), "{field}");
    }
    let (ours, theirs) = (footer(&ours), footer(&theirs));
    for column in 0..theirs.row_group(0).num_columns() {
        check_footer(&ours, &theirs, column);
    }
}

fn check_footer(ours: &ParquetMetaData, theirs: &ParquetMetaData, column: usize) {
    let (one, other) = (
        ours.row_group(0).column(column),
        theirs.row_group(0).column(column),
    );
    let name = one.column_path().string();
    // As text, for equal zeros may have other signs.
    let (our_text, their_text) = [one, other]
        .map(|chunk| format!("{:?}", chunk.statistics()))
        .into();
    assert_eq!(our_text, their_text, "{name}");
    assert_eq!(one.statistics(), other.statistics(), "{name}");
    assert_eq!(one.num_values(), other.num_values(), "{name}");
    assert_eq!(one.compression(), other.compression(), "{name}");
    assert_eq!(
        one.definition_level_histogram(),
        other.definition_level_histogram(),
        "{name}"
    );
    assert_eq!(
        one.unencoded_byte_array_data_bytes(),
        other.unencoded_byte_array_data_bytes(),
        "{name}"
    );
    let index_of = |footer: &ParquetMetaData| footer.column_index().unwrap()[0][column].clone();
    let pages_of = |footer: &ParquetMetaData| {
        let index = footer.offset_index().unwrap()[0][column].clone();
        let rows = index
            .page_locations()
            .iter()
            .map(|page| page.first_row_index);
        (
            rows.collect::<Vec<_>>(),
            index.unencoded_byte_array_data_bytes().cloned(),
        )
    };
    let (our_pages, their_pages) = (pages_of(ours), pages_of(theirs));
    if our_pages.0 == their_pages.0 {
        assert_eq!(our_pages, their_pages, "{name}");
        // A page of nothing but NaN leaves no index, and where pages end otherwise there may be one.
        let have_index = [one, other].map(|chunk| chunk.column_index_offset().is_some());
        assert_eq!(have_index[0], have_index[1], "{name}");
        let (one, other) = (index_of(ours), index_of(theirs));
        assert!(same_index(&one, &other), "{name}: {one:?} and {other:?}");
    }
}

/// Two long values that differ only behind their 64th byte are equal as bounds: what order those make is
/// told otherwise, and truly.
fn same_index(one: &ColumnIndexMetaData, other: &ColumnIndexMetaData) -> bool {
    let without_order = |index: &ColumnIndexMetaData| {
        let text = format!("{index:?}");
        let start = text.find("boundary_order").unwrap_or(text.len());
        let rest = text[start..].find(',').unwrap_or(0);
        format!("{}{}", &text[..start], &text[start + rest..])
    };
    match one {
        ColumnIndexMetaData::BYTE_ARRAY(_) => without_order(one) == without_order(other),
        // As text, for equal zeros may have other signs.
        _ => format!("{one:?}") == format!("{other:?}"),
    }
}

/// A number that looks random, the same one for the same number.
fn mixed(mut number: u64) -> u64 {
    for _ in 0..3 {
        number = (number ^ (number >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    }
    number ^ (number >> 31)
}

/// Random choices for the values of a column.
#[derive(Debug, Clone)]
struct Shape {
    /// How many different values there are, and how often the same comes one after the other.
    different: u64,
    run: u64,
    /// Of a hundred rows, so many are null.
    nulls: u64,
    seed: u64,
}

impl Shape {
    fn random(&self, row: u64, salt: u64) -> u64 {
        let mut number = row.wrapping_add(self.seed).wrapping_add(salt << 32);
        for _ in 0..3 {
            number = (number ^ number >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        }
        number ^ number >> 31
    }

    /// A number that stands for the row's value; equal ones are equal values.
    fn value(&self, row: u64) -> Option<u64> {
        let is_null = self.random(row / self.run, 1) % 100 < self.nulls;
        let value = self.random(row / self.run, 2) % self.different;
        (!is_null).then(|| self.random(value, 3))
    }

    fn primitive<A: ArrowPrimitiveType>(
        &self,
        rows: u64,
        of: impl Fn(u64) -> A::Native,
    ) -> PrimitiveArray<A> {
        (0..rows).map(|row| self.value(row).map(&of)).collect()
    }

    fn decimal(&self, rows: u64, precision: u8) -> ArrayRef {
        let bound = 10_i128.pow(u32::from(precision));
        let array = self.primitive::<Decimal128Type>(rows, |value| {
            let wide = i128::from(value.cast_signed()) * 12_345_678_901_234_567_891;
            if value % 10 < 5 {
                i128::from(value % 9)
            } else {
                wide % bound
            }
        });
        Arc::new(
            array
                .with_precision_and_scale(precision, 2.min(precision as i8))
                .unwrap(),
        )
    }

    fn bytes(&self, value: u64) -> Vec<u8> {
        let length = match value % 23 {
            0 => 0,
            1 => 63 + (value / 23 % 4) as usize,
            2 => 150,
            3 => 1,
            other => (other as usize) + (value / 23 % 7) as usize,
        };
        match value % 5 {
            0 => vec![0xFF; length],
            2 => (0..length)
                .map(|at| if at < 9 { 7 } else { 0xFF })
                .collect(),
            1 => (0..length)
                .map(|at| if at < 64 { 7 } else { at as u8 })
                .collect(),
            _ => (0..length as u64)
                .map(|at| self.random(value, 5 + at / 8) as u8)
                .collect(),
        }
    }

    fn text(&self, value: u64) -> String {
        let alphabet = [
            'a',
            'b',
            '\u{0}',
            'ä',
            '€',
            '\u{7F}',
            '\u{10FFFF}',
            '𝄞',
            'z',
        ];
        let same = value.is_multiple_of(7);
        let character = |byte: u8| alphabet[usize::from(byte) % alphabet.len()];
        let bytes = self.bytes(value);
        let last = bytes.last().copied().unwrap_or(0);
        bytes
            .iter()
            .map(|byte| character(if same { last } else { *byte }))
            .collect()
    }

    fn column(&self, kind: usize, rows: u64) -> ArrayRef {
        let float = |value: u64| match value % 11 {
            0 => f64::NAN,
            1 => 0.0,
            2 => -0.0,
            3 => f64::INFINITY,
            4 => f64::NEG_INFINITY,
            5 => f64::from_bits(f64::NAN.to_bits() | value >> 20),
            _ => (value as f64) / 3.0 - 1e18,
        };
        match kind {
            0 => Arc::new(
                (0..rows)
                    .map(|row| self.value(row).map(|value| value % 2 == 0))
                    .collect::<BooleanArray>(),
            ),
            1 => Arc::new(self.primitive::<Int8Type>(rows, |value| value as i8)),
            2 => Arc::new(self.primitive::<Int16Type>(rows, |value| value as i16)),
            3 => Arc::new(self.primitive::<Int32Type>(rows, |value| value as i32)),
            4 => Arc::new(self.primitive::<Int64Type>(rows, |value| value as i64)),
            5 => Arc::new(self.primitive::<Float32Type>(rows, |value| float(value) as f32)),
            6 => Arc::new(self.primitive::<Float64Type>(rows, float)),
            7 => Arc::new(self.primitive::<Date32Type>(rows, |value| (value % 4_000) as i32)),
            8 => {
                Arc::new(self.primitive::<Time64MicrosecondType>(rows, |value| {
                    (value % 86_400_000_000) as i64
                }))
            }
            9 => {
                let array = self.primitive::<TimestampMicrosecondType>(rows, |value| value as i64);
                Arc::new(array.with_timezone("UTC"))
            }
            10 => self.decimal(rows, 9),
            11 => self.decimal(rows, 18),
            12 => self.decimal(rows, 27),
            13 => self.decimal(rows, 38),
            14 => Arc::new(
                (0..rows)
                    .map(|row| self.value(row).map(|value| self.text(value)))
                    .collect::<StringArray>(),
            ),
            15 => Arc::new(
                (0..rows)
                    .map(|row| self.value(row).map(|value| self.bytes(value)))
                    .collect::<BinaryArray>(),
            ),
            16 => Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
                (0..rows).map(|row| {
                    self.value(row)
                        .map(|value| (0..value % 4).map(move |at| Some((value + at) as i32)))
                }),
            )),
            _ => {
                let inner = Arc::new(self.primitive::<Int64Type>(rows, |value| value as i64));
                let field = Arc::new(Field::new("inner", DataType::Int64, true));
                Arc::new(StructArray::from(vec![(field, inner as ArrayRef)]))
            }
        }
    }
}

const KINDS: usize = 18;

/// One column of each of these kinds, cut into batches that begin in the middle of their arrays.
fn batches(kinds: &[(usize, Shape)], rows: u64, cuts: &[u64]) -> Vec<RecordBatch> {
    let arrays: Vec<ArrayRef> = kinds
        .iter()
        .map(|(kind, shape)| shape.column(*kind, rows))
        .collect();
    let fields = kinds
        .iter()
        .zip(&arrays)
        .enumerate()
        .map(|(at, ((kind, shape), array))| {
            let nullable = shape.nulls > 0 || *kind >= 16;
            Field::new(format!("c{at}"), array.data_type().clone(), nullable)
        });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let whole = RecordBatch::try_new(schema, arrays).unwrap();
    let mut cuts: Vec<u64> = cuts.iter().map(|cut| cut % rows).chain([0, rows]).collect();
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|cut| whole.slice(cut[0] as usize, (cut[1] - cut[0]) as usize))
        .collect()
}

fn shape() -> impl Strategy<Value = Shape> {
    let different = prop_oneof![Just(1), 2..5_u64, 5..300_u64, Just(u64::MAX)];
    let run = prop_oneof![Just(1), 1..4_u64, 1..100_u64, Just(10_000)];
    let nulls = prop_oneof![Just(0), 1..100_u64, Just(100), Just(2)];
    (different, run, nulls, any::<u64>()).prop_map(|(different, run, nulls, seed)| Shape {
        different,
        run,
        nulls,
        seed,
    })
}

fn setup() -> impl Strategy<Value = Setup> {
    let compression = prop_oneof![
        Just(Compression::UNCOMPRESSED),
        Just(Compression::SNAPPY),
        Just(Compression::ZSTD(Default::default())),
        Just(Compression::GZIP(Default::default())),
    ];
    let page_bytes = prop_oneof![1..2_000_usize, Just(1 << 20)];
    let page_rows = prop_oneof![1..500_usize, Just(20_000)];
    let dictionary_bytes = prop_oneof![1..4_000_usize, Just(1 << 20)];
    (
        page_bytes,
        page_rows,
        dictionary_bytes,
        any::<bool>(),
        compression,
    )
        .prop_map(
            |(page_bytes, page_rows, dictionary_bytes, dictionary, compression)| Setup {
                page_bytes,
                page_rows,
                dictionary_bytes,
                dictionary,
                compression,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn random_columns_are_read_back_and_described_as_by_parquet_rs(
        kinds in proptest::collection::vec((0..KINDS, shape()), 1..6),
        rows in prop_oneof![1..100_u64, 100..4_000_u64, 5_000..12_000_u64],
        cuts in proptest::collection::vec(any::<u64>(), 0..5),
        setup in setup(),
    ) {
        check(&batches(&kinds, rows, &cuts), &setup);
    }
}

/// A column of every kind, all of them of one shape.
fn check_all_kinds(different: u64, run: u64, nulls: u64, rows: u64) {
    let shape = Shape {
        different,
        run,
        nulls,
        seed: different ^ run,
    };
    let kinds: Vec<(usize, Shape)> = (0..KINDS).map(|kind| (kind, shape.clone())).collect();
    let batches = batches(&kinds, rows, &[rows / 3 + 1]);
    check(&batches, &USUAL);
    check(
        &batches,
        &Setup {
            dictionary_bytes: 2_000,
            ..USUAL
        },
    );
    check(
        &batches,
        &Setup {
            page_rows: 1_000,
            page_bytes: 4_000,
            ..USUAL
        },
    );
}

#[test]
fn every_kind_of_column_is_read_back_and_described_as_by_parquet_rs() {
    check_all_kinds(u64::MAX, 1, 0, 30_000);
    check_all_kinds(u64::MAX, 1, 30, 30_000);
    check_all_kinds(1_000, 1, 10, 45_000);
    check_all_kinds(7, 20, 0, 45_000);
    check_all_kinds(1, 1, 0, 100);
    check_all_kinds(5, 1, 100, 100);
}

#[test]
fn zeros_as_bounds_have_their_signs() {
    for values in [
        [0.0, -0.0],
        [-0.0, 0.0],
        [0.0, 1.5],
        [-1.5, -0.0],
        [0.0, f64::NAN],
    ] {
        let doubles: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        let floats = values.map(|value| value as f32).to_vec();
        let columns = [
            ("d", doubles),
            ("f", Arc::new(Float32Array::from(floats)) as ArrayRef),
        ];
        check(&[RecordBatch::try_from_iter(columns).unwrap()], &USUAL);
    }
}

#[test]
fn long_values_are_shortened_to_bounds_as_by_parquet_rs() {
    let ends = [
        "",
        "z",
        "\u{7F}",
        "ä",
        "\u{7FF}",
        "€",
        "\u{D7FF}",
        "\u{10FFFF}",
        "𝄞",
    ];
    for start in [0, 1, 60, 61, 62, 63, 64, 65] {
        for end in ends {
            let text = "a".repeat(start) + &end.repeat(40);
            let texts: ArrayRef = Arc::new(StringArray::from_iter_values([&text]));
            let bytes = [vec![7; start], vec![0xFF; 40 * end.len()]].concat();
            let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([bytes]));
            check(
                &[RecordBatch::try_from_iter([("t", texts), ("b", bytes)]).unwrap()],
                &USUAL,
            );
        }
    }
}

#[test]
fn pages_of_few_values_are_described_as_by_parquet_rs() {
    let shape = |nulls| Shape {
        different: 20,
        run: 1,
        nulls,
        seed: nulls,
    };
    let setup = Setup {
        page_rows: 3,
        ..USUAL
    };
    for nulls in [0, 30, 60] {
        let kinds: Vec<(usize, Shape)> = (0..KINDS).map(|kind| (kind, shape(nulls))).collect();
        check(&batches(&kinds, 400, &[100]), &setup);
    }
}

/// The encodings of a column of these values.
fn encodings(array: ArrayRef) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
    write(&path, &[batch], &USUAL);
    let footer = footer(&path);
    let column = footer.row_group(0).column(0);
    column
        .encodings()
        .map(|encoding| encoding.to_string())
        .collect()
}

#[test]
fn a_dictionary_is_kept_only_where_values_come_again() {
    let numbers = |of: fn(i64) -> i64| Arc::new((0..300_000).map(of).collect::<Int64Array>());
    let plain = ["PLAIN", "RLE"];
    let by_dictionary = ["PLAIN", "RLE", "RLE_DICTIONARY"];
    assert_eq!(encodings(numbers(|row| row << 20)), plain);
    assert_eq!(
        encodings(numbers(
            |row| ((mixed(row as u64) % 50_000) << 20).cast_signed()
        )),
        by_dictionary
    );
    // Not one comes again at first, but there cannot be many.
    assert_eq!(encodings(numbers(|row| row % 100_003)), by_dictionary);
    assert_eq!(encodings(numbers(|row| row % 50)), by_dictionary);
    let texts = |of: fn(u32) -> String| {
        Arc::new(
            (0..50_000)
                .map(|row| Some(of(row)))
                .collect::<StringArray>(),
        )
    };
    assert_eq!(encodings(texts(|row| format!("comment {row}"))), plain);
    assert_eq!(
        encodings(texts(|row| format!("clerk {}", row % 1_000))),
        by_dictionary
    );
    assert_eq!(encodings(Arc::new(StringArray::new_null(10))), plain);
}

#[test]
fn one_huge_value_is_written_and_its_memory_let_go() {
    let huge: String = (0..8_u64 << 20)
        .map(|at| char::from(b'0' + (mixed(at) % 64) as u8))
        .collect();
    let values = [
        Some("a"),
        None,
        Some(huge.as_str()),
        Some("b"),
        Some(huge.as_str()),
        Some("c"),
    ];
    let array: ArrayRef = Arc::new(StringArray::from_iter(values));
    let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
    let few: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..1_000).map(|row| format!("{row}")),
    ));
    let few = RecordBatch::try_from_iter_with_nullable([("c", few, true)]).unwrap();
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let setup = Setup {
            compression,
            ..USUAL
        };
        check(&[few.clone(), batch.clone(), few.clone()], &setup);
        let folder = tempfile::tempdir().unwrap();
        let most = write(
            &folder.path().join("a"),
            &[few.clone(), batch.clone(), few.clone()],
            &setup,
        );
        // Two such values, compressed not at all or a little, and what is kept for the next page.
        assert!(most < (2 * huge.len() / 100 * 102) + (3 << 20), "{most}");
    }
}
