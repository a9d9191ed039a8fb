//! Values that a column of MySQL would refuse, or take and alter: found before they are written, so
//! that their rows are rejected by name. Pure.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use contract::Unfit;
use model::plan::{Column, Write};
use model::{LogicalType, Result};

use super::values::Cells;
use crate::family::calendar;

/// A packet's own head, and the types of its parameters.
const PACKET_HEAD: u64 = 1_024;

/// The last microsecond of a TIMESTAMP.
const LAST_TIMESTAMP: i64 = 2_147_483_647_999_999;

/// Rows that do not fit: the first such value of each.
pub(super) fn unfit(write: &Write, batch: &RecordBatch, packet: u64) -> Result<Vec<Unfit>> {
    let mut found = Found::default();
    for (index, column) in write.table.columns.iter().enumerate() {
        let array = batch.column(index);
        let native = Native::of(&column.native);
        check(column, &native, array, &mut |row, code, reason| {
            found.add(row, index, code, reason);
        });
    }
    too_large(write, batch, packet, &mut found)?;
    Ok(found.rows.into_values().collect())
}

#[derive(Default)]
struct Found {
    rows: BTreeMap<usize, Unfit>,
}

impl Found {
    fn add(&mut self, row: usize, column: usize, code: &'static str, reason: String) {
        self.rows.entry(row).or_insert(Unfit {
            row,
            column,
            code,
            reason,
        });
    }
}

/// What the type's words say beyond what the column holds.
struct Native<'a> {
    base: &'a str,
    length: Option<usize>,
    unsigned: bool,
    charset: Option<&'a str>,
}

impl<'a> Native<'a> {
    fn of(text: &'a str) -> Self {
        let (own, charset) = match text.split_once(" CHARACTER SET ") {
            Some((own, charset)) => (own, charset.split(' ').next()),
            None => (text, None),
        };
        let length = own
            .split_once('(')
            .and_then(|(_, rest)| rest.split([')', ',']).next()?.parse().ok());
        Self {
            base: own.split(['(', ' ']).next().unwrap_or_default(),
            length,
            unsigned: own.split(' ').any(|word| word == "unsigned"),
            charset,
        }
    }

    fn most_bytes(&self) -> Option<usize> {
        match self.base {
            "varbinary" => self.length,
            "tinyblob" => Some(255),
            "blob" => Some(65_535),
            "mediumblob" => Some(16_777_215),
            _ => None,
        }
    }
}

type Reject<'a> = dyn FnMut(usize, &'static str, String) + 'a;

fn check(column: &Column, native: &Native<'_>, array: &ArrayRef, reject: &mut Reject<'_>) {
    match &column.holds {
        LogicalType::Float32 => {
            let values = array.as_primitive::<Float32Type>().iter();
            let values = values.map(|value| value.map(f64::from));
            floats(values, native, reject);
        }
        LogicalType::Float64 => {
            floats(array.as_primitive::<Float64Type>().iter(), native, reject);
        }
        LogicalType::Decimal { .. } if native.unsigned => {
            let values = array.as_primitive::<Decimal128Type>().iter().enumerate();
            for (row, _) in values.filter(|(_, value)| value.is_some_and(|value| value < 0)) {
                reject(row, "VALUE_OUT_OF_RANGE", negative(native));
            }
        }
        LogicalType::Text { max_chars } => texts(array, *max_chars, native, reject),
        LogicalType::Uuid | LogicalType::Json => texts(array, None, native, reject),
        LogicalType::Binary => bytes(array, native, reject),
        LogicalType::Date => {
            let days = calendar::FIRST_DAY..=calendar::LAST_DAY;
            let values = array.as_primitive::<Date32Type>().iter().enumerate();
            for (row, _) in values.filter(|(_, day)| day.is_some_and(|day| !days.contains(&day))) {
                let reason = "the date is not within the years 1 to 9999".to_owned();
                reject(row, "DATE_OUT_OF_RANGE", reason);
            }
        }
        LogicalType::Time { precision } => {
            let values = array.as_primitive::<Time64MicrosecondType>().iter();
            fractions(values, *precision, reject);
        }
        LogicalType::Timestamp { precision, .. } => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            moments(values.iter(), native, reject);
            fractions(values.iter(), *precision, reject);
        }
        _ => {}
    }
}

fn negative(native: &Native<'_>) -> String {
    format!("{} unsigned has no negative numbers", native.base)
}

fn floats(values: impl Iterator<Item = Option<f64>>, native: &Native<'_>, reject: &mut Reject<'_>) {
    for (row, value) in values.enumerate() {
        match value {
            Some(value) if value.is_nan() => {
                let reason = format!("{} has no NaN", native.base);
                reject(row, "NUMERIC_NAN", reason);
            }
            Some(value) if value.is_infinite() => {
                let reason = format!("{} has no infinity", native.base);
                reject(row, "NUMERIC_INFINITY", reason);
            }
            Some(value) if native.unsigned && value.is_sign_negative() => {
                reject(row, "VALUE_OUT_OF_RANGE", negative(native));
            }
            Some(value) if value == 0.0 && value.is_sign_negative() => {
                reject(
                    row,
                    "NEGATIVE_ZERO",
                    format!("{} has no negative zero", native.base),
                );
            }
            _ => {}
        }
    }
}

fn texts(array: &ArrayRef, max_chars: Option<u32>, native: &Native<'_>, reject: &mut Reject<'_>) {
    let limit = max_chars.and_then(|limit| usize::try_from(limit).ok());
    let narrow = matches!(native.charset, Some("utf8mb3" | "utf8" | "ascii"));
    if limit.is_none() && !narrow && native.base != "char" {
        return;
    }
    for (row, text) in array.as_string::<i32>().iter().enumerate() {
        let Some(text) = text else { continue };
        if let Some(limit) = limit.filter(|limit| text.len() > *limit)
            && text.chars().count() > limit
        {
            let reason = format!("the text has more than {limit} characters");
            reject(row, "TEXT_TOO_LONG", reason);
        }
        if native.base == "char" && text.ends_with(' ') {
            let reason = "char does not keep blanks at the end".to_owned();
            reject(row, "TRAILING_BLANKS", reason);
        }
        let has = |c: char| match native.charset {
            Some("ascii") => c.is_ascii(),
            Some("utf8mb3" | "utf8") => u32::from(c) <= 0xFFFF,
            _ => true,
        };
        if narrow && !text.chars().all(has) {
            let charset = native.charset.unwrap_or_default();
            let reason = format!("the text has characters that {charset} does not have");
            reject(row, "UNMAPPABLE_CHAR", reason);
        }
    }
}

fn bytes(array: &ArrayRef, native: &Native<'_>, reject: &mut Reject<'_>) {
    let fixed = native.length.filter(|_| native.base == "binary");
    let most = native.most_bytes();
    if fixed.is_none() && most.is_none() {
        return;
    }
    for (row, value) in array.as_binary::<i32>().iter().enumerate() {
        let Some(value) = value else { continue };
        if let Some(length) = fixed.filter(|length| value.len() != *length) {
            let reason =
                format!("binary({length}) takes {length} bytes, and fills up what is shorter");
            reject(row, "BINARY_LENGTH", reason);
        }
        if let Some(most) = most.filter(|most| value.len() > *most) {
            let reason = format!("the value has more than {most} bytes");
            reject(row, "VALUE_TOO_LARGE", reason);
        }
    }
}

fn moments(
    values: impl Iterator<Item = Option<i64>>,
    native: &Native<'_>,
    reject: &mut Reject<'_>,
) {
    let (range, words) = match native.base {
        // The first second of the epoch is the zero timestamp there.
        "timestamp" => (
            1_000_000..=LAST_TIMESTAMP,
            "timestamp ends in January 2038 and begins in 1970",
        ),
        _ => (
            calendar::FIRST_MICROS..=calendar::LAST_MICROS,
            "the moment is not within the years 1 to 9999",
        ),
    };
    for (row, value) in values.enumerate() {
        if value.is_some_and(|value| !range.contains(&value)) {
            reject(row, "TIMESTAMP_OUT_OF_RANGE", words.to_owned());
        }
    }
}

fn fractions(values: impl Iterator<Item = Option<i64>>, precision: u8, reject: &mut Reject<'_>) {
    let step = 10_i64.pow(6_u32.saturating_sub(u32::from(precision)));
    if step == 1 {
        return;
    }
    for (row, value) in values.enumerate() {
        if value.is_some_and(|value| value % step != 0) {
            let reason = format!("the second has more than {precision} decimal places");
            reject(row, "TIME_PRECISION", reason);
        }
    }
}

/// Rows that no packet carries: the largest value of each is named.
fn too_large(write: &Write, batch: &RecordBatch, packet: u64, found: &mut Found) -> Result<()> {
    let room = usize::try_from(packet.saturating_sub(PACKET_HEAD)).unwrap_or(usize::MAX);
    if batch.get_array_memory_size() <= room {
        return Ok(());
    }
    let columns = &write.table.columns;
    let cells: Vec<Cells<'_>> = columns
        .iter()
        .zip(batch.columns())
        .map(|(column, array)| Cells::of(array, &column.holds))
        .collect::<Result<_>>()?;
    for row in 0..batch.num_rows() {
        let sizes = || cells.iter().map(|cells| cells.size(row) + 16);
        if sizes().sum::<usize>() > room
            && let Some((column, _)) = sizes().enumerate().max_by_key(|(_, size)| *size)
        {
            let reason =
                format!("the row is larger than max_allowed_packet of the server, {packet} bytes");
            found.add(row, column, "VALUE_TOO_LARGE", reason);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, Date32Array, Decimal128Array, Float64Array, StringArray,
        Time64MicrosecondArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{Field, Schema};
    use model::TableName;
    use model::migration::LoadingPolicy;
    use model::plan::{TableChange, TableSchema};

    use super::*;

    /// `expected`: a row and its code.
    fn check(native: &str, holds: LogicalType, array: ArrayRef, expected: &[(usize, &str)]) {
        let field = Field::new("c", array.data_type().clone(), true);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
        let write = Write {
            table: TableSchema {
                name: TableName::new("d", "t"),
                columns: vec![Column {
                    name: "c".to_owned(),
                    holds,
                    native: native.to_owned(),
                    nullable: true,
                    comment: None,
                }],
                primary_key: Vec::new(),
                comment: None,
            },
            policy: LoadingPolicy::Append,
            partition: None,
            exists: false,
            change: TableChange::Keep,
            ddl: Vec::new(),
            update_key: Vec::new(),
            without_source: Vec::new(),
            statements: model::migration::Statements::default(),
            indexes: Vec::new(),
        };
        let found = unfit(&write, &batch, 64 << 10).unwrap();
        let found: Vec<(usize, &str)> = found.iter().map(|unfit| (unfit.row, unfit.code)).collect();
        assert_eq!(found, expected, "{native}");
    }

    fn text(limit: Option<u32>) -> LogicalType {
        LogicalType::Text { max_chars: limit }
    }

    #[test]
    fn numbers() {
        let floats = [
            Some(1.5),
            Some(f64::NAN),
            Some(f64::INFINITY),
            None,
            Some(-0.0),
        ];
        let floats: ArrayRef = Arc::new(Float64Array::from(floats.to_vec()));
        let misfits = [
            (1, "NUMERIC_NAN"),
            (2, "NUMERIC_INFINITY"),
            (4, "NEGATIVE_ZERO"),
        ];
        check(
            "double",
            LogicalType::Float64,
            Arc::clone(&floats),
            &misfits,
        );
        let unsigned = [misfits[0], misfits[1], (4, "VALUE_OUT_OF_RANGE")];
        check("double unsigned", LogicalType::Float64, floats, &unsigned);
        let holds = LogicalType::Decimal {
            precision: 9,
            scale: 2,
        };
        let decimals = Decimal128Array::from(vec![-1, 1]);
        let decimals: ArrayRef = Arc::new(decimals.with_precision_and_scale(9, 2).unwrap());
        check("decimal(9,2)", holds.clone(), Arc::clone(&decimals), &[]);
        check(
            "decimal(9,2) unsigned",
            holds,
            decimals,
            &[(0, "VALUE_OUT_OF_RANGE")],
        );
    }

    #[test]
    fn texts_and_bytes() {
        let array = |values: &[&str]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let long = array(&["äöü", "äöüß"]);
        check(
            "varchar(3)",
            text(Some(3)),
            Arc::clone(&long),
            &[(1, "TEXT_TOO_LONG")],
        );
        check("longtext", text(None), long, &[]);
        let blanks = array(&["a", "a ", " a", ""]);
        check("varchar(9)", text(Some(9)), Arc::clone(&blanks), &[]);
        check("char(9)", text(Some(9)), blanks, &[(1, "TRAILING_BLANKS")]);
        let wide = array(&["a", "é", "😀"]);
        check(
            "text CHARACTER SET utf8mb3",
            text(None),
            Arc::clone(&wide),
            &[(2, "UNMAPPABLE_CHAR")],
        );
        let both = [(1, "UNMAPPABLE_CHAR"), (2, "UNMAPPABLE_CHAR")];
        check(
            "text CHARACTER SET ascii COLLATE ascii_bin",
            text(None),
            wide,
            &both,
        );
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"\0\0"[..], b"\0\0\0"]));
        check(
            "binary(3)",
            LogicalType::Binary,
            Arc::clone(&bytes),
            &[(0, "BINARY_LENGTH")],
        );
        check(
            "varbinary(2)",
            LogicalType::Binary,
            bytes,
            &[(1, "VALUE_TOO_LARGE")],
        );
        let large: ArrayRef = Arc::new(BinaryArray::from(vec![&vec![0; 70_000][..], b"x"]));
        check(
            "longblob",
            LogicalType::Binary,
            large,
            &[(0, "VALUE_TOO_LARGE")],
        );
    }

    #[test]
    fn moments_and_their_fractions() {
        let days = Date32Array::from(vec![calendar::FIRST_DAY, calendar::LAST_DAY + 1]);
        check(
            "date",
            LogicalType::Date,
            Arc::new(days),
            &[(1, "DATE_OUT_OF_RANGE")],
        );
        let times = Time64MicrosecondArray::from(vec![1_000, 1]);
        check(
            "time(3)",
            LogicalType::Time { precision: 3 },
            Arc::new(times),
            &[(1, "TIME_PRECISION")],
        );
        let holds = |zoned| LogicalType::Timestamp {
            precision: 6,
            zoned,
        };
        let moments = TimestampMicrosecondArray::from(vec![0, 1_000_000, LAST_TIMESTAMP + 1]);
        let walls: ArrayRef = Arc::new(moments.clone());
        check("datetime(6)", holds(false), walls, &[]);
        let instants: ArrayRef = Arc::new(moments.with_timezone("UTC"));
        let out = [(0, "TIMESTAMP_OUT_OF_RANGE"), (2, "TIMESTAMP_OUT_OF_RANGE")];
        check("timestamp(6)", holds(true), instants, &out);
    }
}
