//! Every type that a lake holds, there and back.

use super::*;

/// Columns of every kind that a lake holds, and three rows of them: ordinary, extreme, null.
pub(super) fn every_type() -> (Vec<Column>, RecordBatch) {
    let mut pairs = numbers();
    pairs.extend(texts_and_times());
    pairs.extend(nested());
    let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) = pairs.into_iter().unzip();
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, column.holds.arrow(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = arrays.iter().zip(schema.fields());
    let arrays = arrays.map(|(array, field)| cast(array, field.data_type()).unwrap());
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).unwrap();
    (columns, batch)
}

type Pairs = Vec<(Column, ArrayRef)>;

fn numbers() -> Pairs {
    let decimal = |name: &str, values: [i128; 2], precision, scale| {
        let logical = LogicalType::Decimal { precision, scale };
        let values = Decimal128Array::from(vec![Some(values[0]), Some(values[1]), None]);
        let scale = i8::try_from(scale).unwrap();
        let values = values.with_precision_and_scale(precision, scale).unwrap();
        (column(name, &logical), Arc::new(values) as ArrayRef)
    };
    let booleans = BooleanArray::from(vec![Some(true), Some(false), None]);
    let longs = Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None]);
    let doubles = Float64Array::from(vec![Some(1.5), Some(f64::NAN), None]);
    vec![
        (
            column("id", &LogicalType::int(32)),
            Arc::new(Int32Array::from(vec![1, 2, 3])),
        ),
        (column("b", &LogicalType::Boolean), Arc::new(booleans)),
        (column("l", &LogicalType::int(64)), Arc::new(longs)),
        (column("f", &LogicalType::Float64), Arc::new(doubles)),
        decimal("d9", [110, -999_999_999], 9, 2),
        decimal("d18", [-1, 999_999_999_999_999_999], 18, 4),
        decimal("d38", [1, -(10_i128.pow(38) - 1)], 38, 10),
    ]
}

fn texts_and_times() -> Pairs {
    let long = "long text beyond sixteen characters \u{1F600}".repeat(10);
    let texts = StringArray::from(vec![Some(""), Some(long.as_str()), None]);
    let bytes = BinaryArray::from(vec![Some(&b"\xff"[..]), Some(&[255_u8; 40]), None]);
    let days = Date32Array::from(vec![Some(-719_162), Some(2_932_896), None]);
    let micros = TimestampMicrosecondArray::from(vec![
        Some(1_700_000_000_123_456),
        Some(-62_135_596_800_000_000),
        None,
    ]);
    let timestamp = |zoned| LogicalType::Timestamp {
        precision: 6,
        zoned,
    };
    vec![
        (column("t", &LogicalType::TEXT), Arc::new(texts)),
        (column("bin", &LogicalType::Binary), Arc::new(bytes)),
        (column("day", &LogicalType::Date), Arc::new(days)),
        (column("ts", &timestamp(false)), Arc::new(micros.clone())),
        (
            column("tz", &timestamp(true)),
            Arc::new(micros.with_timezone("UTC")),
        ),
    ]
}

fn nested() -> Pairs {
    let list = LogicalType::List(Box::new(LogicalType::int(32)));
    let part = |name: &str, logical| model::Field {
        name: name.to_owned(),
        logical,
    };
    let parts = LogicalType::Struct(vec![
        part("x", LogicalType::Date),
        part("y", LogicalType::List(Box::new(LogicalType::TEXT))),
    ]);
    let map = LogicalType::Map(Box::new(LogicalType::TEXT));
    let mut lists = ListBuilder::new(arrow::array::Int32Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_value([]);
    lists.append_null();
    let mut texts = ListBuilder::new(StringBuilder::new());
    texts.append_value([Some("p")]);
    texts.append_null();
    texts.append_null();
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    maps.keys().append_value("k");
    maps.values().append_null();
    for present in [true, true, false] {
        maps.append(present).unwrap();
    }
    let fields = vec![
        Field::new("x", DataType::Date32, true),
        Field::new_list("y", Field::new_list_field(DataType::Utf8, true), true),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from(vec![Some(1), None, None])),
        Arc::new(texts.finish()),
    ];
    let present = Some(vec![true, true, false].into());
    let structs = StructArray::try_new(fields.into(), columns, present).unwrap();
    vec![
        (column("li", &list), Arc::new(lists.finish())),
        (column("st", &parts), Arc::new(structs)),
        (column("ma", &map), Arc::new(maps.finish())),
    ]
}

#[tokio::test]
async fn every_type_comes_back_as_it_went() {
    for compression in [
        options::Compression::Snappy,
        options::Compression::Gzip,
        options::Compression::Zstd,
    ] {
        let fixture = Fixture::new();
        let how = options::Write {
            compression,
            ..options::Write::default()
        };
        let destination = fixture.destination_with(how).await;
        let (columns, batch) = every_type();
        let write = write_of(columns, LoadingPolicy::Overwrite, false);
        load(&*destination, &write, 1, std::slice::from_ref(&batch)).await;
        let read = read_all(&fixture).await;
        let read = concat_batches(&read[0].schema(), &read).unwrap();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            let (wrote, read) = (batch.column(index).to_data(), read.column(index).to_data());
            if field.name() == "f" {
                // NaN is not equal to itself.
                assert_eq!(
                    format!("{wrote:?}").contains("null_count: 1"),
                    read.null_count() == 1
                );
                let bits =
                    |data: &arrow::array::ArrayData| data.buffers()[0].as_slice()[..16].to_vec();
                assert_eq!(bits(&wrote), bits(&read));
            } else {
                assert_eq!(wrote, read, "{}", field.name());
            }
        }
    }
}
