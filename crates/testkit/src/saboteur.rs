//! Saboteurs at the level of rows: each makes one small mistake that no counter of files or splits
//! sees. They sit between the engine and a destination's writer, or in a source's reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, Int64Builder, MapArray,
    MapBuilder, MapFieldNames, RecordBatch, StringArray, StringBuilder, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::take_record_batch;
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Float64Type, Schema, TimestampMicrosecondType,
};
use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Part, Receipt,
    SplitWriter, Staging, TaskContext,
};
use model::plan::{Column, Write};
use model::{Finding, LoadId, LogicalType, Result, TableName};

/// The columns that every saboteur finds something in.
pub fn columns() -> Vec<(&'static str, LogicalType)> {
    vec![
        ("id", LogicalType::int(64)),
        ("name", LogicalType::TEXT),
        ("note", LogicalType::TEXT),
        (
            "at",
            LogicalType::Timestamp {
                precision: 6,
                zoned: true,
            },
        ),
        (
            "price",
            LogicalType::Decimal {
                precision: 12,
                scale: 2,
            },
        ),
        ("weight", LogicalType::Float64),
        ("tags", LogicalType::List(Box::new(LogicalType::TEXT))),
        ("flag", LogicalType::Boolean),
        ("tiny", LogicalType::int(8)),
        ("small", LogicalType::int(16)),
        ("middle", LogicalType::int(32)),
        ("ratio", LogicalType::Float32),
        ("bytes", LogicalType::Binary),
        ("born", LogicalType::Date),
        (
            "wide",
            LogicalType::Decimal {
                precision: 38,
                scale: 10,
            },
        ),
        ("parts", LogicalType::Struct(parts())),
        ("counts", LogicalType::Map(Box::new(LogicalType::int(64)))),
    ]
}

fn parts() -> Vec<model::Field> {
    let field = |name: &str, logical| model::Field {
        name: name.to_owned(),
        logical,
    };
    vec![
        field("number", LogicalType::int(64)),
        field("word", LogicalType::TEXT),
    ]
}

/// Rows of [`columns`], some values null.
pub fn rows(ids: std::ops::Range<i64>) -> RecordBatch {
    let some = |id: &i64| id % 5 != 4;
    let text = |what: &str| -> ArrayRef {
        let texts = ids
            .clone()
            .map(|id| some(&id).then(|| format!("{what} {id}")));
        Arc::new(texts.collect::<StringArray>())
    };
    let at: TimestampMicrosecondArray = ids
        .clone()
        .map(|id| some(&id).then_some(1_700_000_000_000_000 + id * 86_399_999_999))
        .collect();
    let price: Decimal128Array = ids
        .clone()
        .map(|id| some(&id).then_some(i128::from(id * 1_234 + 1)))
        .collect();
    let price = price.with_data_type(columns()[4].1.arrow());
    let weight: Float64Array = ids
        .clone()
        .map(|id| i32::try_from(id % 100).ok().map(|id| f64::from(id) * 0.1))
        .collect();
    let element = Field::new("element", DataType::Utf8, true);
    let mut tags = arrow::array::ListBuilder::new(StringBuilder::new()).with_field(element);
    for id in ids.clone() {
        tags.append_option(some(&id).then(|| vec![Some(format!("t{id}")), None]));
    }
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        text("name"),
        text("note"),
        Arc::new(at.with_timezone("UTC")),
        Arc::new(price),
        Arc::new(weight),
        Arc::new(tags.finish()),
    ];
    arrays.extend(of_other_types(ids));
    batch(arrays)
}

/// The columns that no saboteur touches, so that every type is read back.
fn of_other_types(ids: std::ops::Range<i64>) -> Vec<ArrayRef> {
    let each = || ids.clone().map(|id| (id % 5 != 4).then_some(id));
    let small = |id: i64| i8::try_from(id % 128).unwrap_or_default();
    let wide: Decimal128Array = each()
        .map(|id| id.map(|id| i128::from(id - 50) * 10_i128.pow(30) + 7))
        .collect();
    let numbers: Int64Array = each().collect();
    let words: StringArray = ids.clone().map(|id| Some(format!("word {id}"))).collect();
    let DataType::Struct(fields) = columns()[15].1.arrow() else {
        panic!("a struct is one in Arrow, too");
    };
    let present = NullBuffer::from_iter(ids.clone().map(|id| id % 7 != 6));
    let parts = StructArray::new(
        fields,
        vec![Arc::new(numbers), Arc::new(words)],
        Some(present),
    );
    vec![
        Arc::new(
            each()
                .map(|id| id.map(|id| id % 2 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(each().map(|id| id.map(small)).collect::<Int8Array>()),
        Arc::new(
            each()
                .map(|id| id.map(|id| i16::from(small(id)) * -200))
                .collect::<Int16Array>(),
        ),
        Arc::new(
            each()
                .map(|id| id.map(|id| i32::from(small(id)) * -2_000_000))
                .collect::<Int32Array>(),
        ),
        Arc::new(
            each()
                .map(|id| id.map(|id| f32::from(small(id)) / 3.0))
                .collect::<Float32Array>(),
        ),
        Arc::new(
            each()
                .map(|id| id.map(i64::to_be_bytes))
                .collect::<BinaryArray>(),
        ),
        Arc::new(
            each()
                .map(|id| id.map(|id| i32::from(small(id)) * -700))
                .collect::<Date32Array>(),
        ),
        Arc::new(wide.with_data_type(columns()[14].1.arrow())),
        Arc::new(parts),
        Arc::new(counts(ids)),
    ]
}

fn counts(ids: std::ops::Range<i64>) -> MapArray {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), Int64Builder::new());
    for id in ids {
        let present = id % 4 != 3;
        for entry in (0..id % 3).filter(|_| present) {
            maps.keys().append_value(format!("key {entry}"));
            maps.values().append_option((entry > 0).then_some(id));
        }
        if let Err(error) = maps.append(present) {
            panic!("as many keys as values: {error}");
        }
    }
    maps.finish()
}

fn batch(arrays: Vec<ArrayRef>) -> RecordBatch {
    let fields: Vec<Field> = columns()
        .iter()
        .map(|(name, logical)| Field::new(*name, logical.arrow(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .unwrap_or_else(|error| panic!("columns of one length: {error}"))
}

/// Other values in the types that the rows have by now.
fn laid_out_as(rows: &RecordBatch, arrays: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(rows.schema(), arrays)
        .unwrap_or_else(|error| panic!("values of the rows' types: {error}"))
}

/// One mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saboteur {
    /// No row of a split arrives.
    SplitDropped,
    /// Every row of a split arrives twice.
    PartDoubled,
    /// One row arrives twice, another not at all.
    RowForAnother,
    /// Two rows exchange their names.
    ValuesExchanged,
    /// A null becomes an empty text.
    NullBecomesEmpty,
    /// A moment is one microsecond later.
    OneMicrosecond,
    /// A text loses its last character.
    TextCut,
    /// A decimal's point moves by one place.
    DecimalRescaled,
    /// A float's sign is turned where it is zero.
    ZeroTurned,
    /// A column holds its neighbour's values, and the other way around.
    ColumnShifted,
    /// A null inside of a list becomes an empty text.
    InnerNull,
}

/// All of them.
pub const SABOTEURS: [Saboteur; 11] = [
    Saboteur::SplitDropped,
    Saboteur::PartDoubled,
    Saboteur::RowForAnother,
    Saboteur::ValuesExchanged,
    Saboteur::NullBecomesEmpty,
    Saboteur::OneMicrosecond,
    Saboteur::TextCut,
    Saboteur::DecimalRescaled,
    Saboteur::ZeroTurned,
    Saboteur::ColumnShifted,
    Saboteur::InnerNull,
];

impl Saboteur {
    /// The columns in which it is seen; none where it is seen in the rows alone.
    pub fn seen_in(self) -> &'static [&'static str] {
        match self {
            Self::NullBecomesEmpty | Self::TextCut => &["name"],
            Self::OneMicrosecond => &["at"],
            Self::DecimalRescaled => &["price"],
            Self::ZeroTurned => &["weight"],
            Self::ColumnShifted => &["name", "note"],
            Self::InnerNull => &["tags"],
            Self::RowForAnother => &["id"],
            Self::SplitDropped | Self::PartDoubled | Self::ValuesExchanged => &[],
        }
    }

    /// Whether rows are lost or come twice.
    pub fn changes_rows(self) -> bool {
        matches!(
            self,
            Self::SplitDropped | Self::PartDoubled | Self::RowForAnother
        )
    }

    /// What it makes of a batch of [`columns`] that has the rows 0 to 4 at least.
    pub fn tamper(self, rows: &RecordBatch) -> Vec<RecordBatch> {
        let texts = |at: usize| -> Vec<Option<String>> {
            let texts = rows.column(at).as_string::<i32>().iter();
            texts.map(|text| text.map(str::to_owned)).collect()
        };
        let with = |at: usize, array: ArrayRef| {
            let mut arrays = rows.columns().to_vec();
            arrays[at] = array;
            vec![laid_out_as(rows, arrays)]
        };
        let with_name = |change: &dyn Fn(&mut Vec<Option<String>>)| {
            let mut names = texts(1);
            change(&mut names);
            with(1, Arc::new(StringArray::from(names)))
        };
        match self {
            Self::SplitDropped => Vec::new(),
            Self::PartDoubled => vec![rows.clone(), rows.clone()],
            Self::RowForAnother => vec![row_for_another(rows)],
            Self::ValuesExchanged => with_name(&|names| names.swap(0, 1)),
            Self::NullBecomesEmpty => with_name(&|names| names[4] = Some(String::new())),
            Self::TextCut => with_name(&|names| {
                if let Some(name) = &mut names[0] {
                    name.pop();
                }
            }),
            Self::OneMicrosecond => {
                let values = rows.column(3).as_primitive::<TimestampMicrosecondType>();
                let later = values
                    .iter()
                    .enumerate()
                    .map(|(row, value)| value.map(|value| value + i64::from(row == 0)));
                let later: TimestampMicrosecondArray = later.collect();
                let data_type = rows.column(3).data_type().clone();
                with(3, Arc::new(later.with_data_type(data_type)))
            }
            Self::DecimalRescaled => {
                let values = rows.column(4).as_primitive::<Decimal128Type>();
                let rescaled: Decimal128Array = values
                    .iter()
                    .enumerate()
                    .map(|(row, value)| {
                        value.map(|value| if row == 1 { value * 10 } else { value })
                    })
                    .collect();
                let data_type = rows.column(4).data_type().clone();
                with(4, Arc::new(rescaled.with_data_type(data_type)))
            }
            Self::ZeroTurned => {
                let values = rows.column(5).as_primitive::<Float64Type>();
                let turned: Float64Array = values
                    .iter()
                    .map(|value| value.map(|value| if value == 0.0 { -0.0 } else { value }))
                    .collect();
                with(5, Arc::new(turned))
            }
            Self::ColumnShifted => {
                let mut arrays = rows.columns().to_vec();
                arrays.swap(1, 2);
                vec![laid_out_as(rows, arrays)]
            }
            Self::InnerNull => with(6, without_inner_nulls(rows.column(6))),
        }
    }
}

fn row_for_another(rows: &RecordBatch) -> RecordBatch {
    let mut indices: Vec<u64> = (0..rows.num_rows() as u64).collect();
    indices[1] = 0;
    take_record_batch(rows, &UInt64Array::from(indices))
        .unwrap_or_else(|error| panic!("rows of the batch: {error}"))
}

fn without_inner_nulls(lists: &ArrayRef) -> ArrayRef {
    let lists = lists.as_list::<i32>();
    let element = Field::new("element", DataType::Utf8, true);
    let mut changed = arrow::array::ListBuilder::new(StringBuilder::new()).with_field(element);
    for list in lists.iter() {
        changed.append_option(list.map(|list| {
            let texts = list.as_string::<i32>().iter();
            texts
                .map(|text| Some(text.unwrap_or_default().to_owned()))
                .collect::<Vec<_>>()
        }));
    }
    Arc::new(changed.finish())
}

/// A destination whose writers make one mistake in the first batch that they are handed, and whose
/// counters tell nothing of it.
pub struct Sabotaged {
    inner: Arc<dyn Destination>,
    saboteur: Saboteur,
    done: Arc<AtomicBool>,
}

impl Sabotaged {
    /// `inner`, with this mistake made once.
    pub fn new(inner: Arc<dyn Destination>, saboteur: Saboteur) -> Arc<Self> {
        Arc::new(Self {
            inner,
            saboteur,
            done: Arc::default(),
        })
    }
}

#[async_trait]
impl Destination for Sabotaged {
    async fn check(&self) -> Result<Vec<Finding>> {
        self.inner.check().await
    }

    fn namespace(&self) -> String {
        self.inner.namespace()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        self.inner.describe(tables).await
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        self.inner.stage(write, load)
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        self.inner.prepare(staging).await
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        Ok(Box::new(SabotagedWriter {
            inner: self.inner.writer(staging, task).await?,
            saboteur: self.saboteur,
            done: Arc::clone(&self.done),
            handed: 0,
        }))
    }

    /// As many rows as the writers say.
    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        let evidence = self.inner.evidence(staging, manifests).await?;
        let rows = manifests.iter().map(|manifest| manifest.part.written).sum();
        Ok(Evidence { rows, ..evidence })
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        self.inner.read_staged(staging, manifests).await
    }

    fn normalises(&self, column: &Column) -> Option<String> {
        self.inner.normalises(column)
    }

    async fn replaces(&self, staging: &Staging) -> Result<Option<u64>> {
        self.inner.replaces(staging).await
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        self.inner.commit(staging, manifests).await
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        self.inner.settle(staging).await
    }

    async fn clean(&self, staging: &Staging) -> Result<()> {
        self.inner.clean(staging).await
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        self.inner.abort(staging).await
    }
}

struct SabotagedWriter {
    inner: Box<dyn SplitWriter>,
    saboteur: Saboteur,
    done: Arc<AtomicBool>,
    handed: u64,
}

#[async_trait]
impl SplitWriter for SabotagedWriter {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.handed += batch.num_rows() as u64;
        if self.done.swap(true, Ordering::SeqCst) {
            return self.inner.write(batch).await;
        }
        for batch in self.saboteur.tamper(&batch) {
            self.inner.write(batch).await?;
        }
        Ok(())
    }

    /// As many rows as it was handed.
    async fn finish(self: Box<Self>) -> Result<Part> {
        let handed = self.handed;
        let part = self.inner.finish().await?;
        Ok(Part {
            written: handed,
            ..part
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        self.inner.discard().await
    }
}
