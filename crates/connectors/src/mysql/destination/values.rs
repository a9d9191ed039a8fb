//! Arrow columns as parameters of a prepared statement: each value in the form that the server stores
//! without reading it again, floats by their bits, decimals by their digits.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use model::{Error, LogicalType, Result};
use mysql_async::Value;

use crate::family::{calendar, decimal};

/// One column of a batch.
pub(super) enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Decimal(&'a Decimal128Array, u8),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Text(&'a StringArray),
    Binary(&'a BinaryArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
}

impl<'a> Cells<'a> {
    /// `array` as a column that holds `holds`.
    pub(super) fn of(array: &'a ArrayRef, holds: &LogicalType) -> Result<Self> {
        if *array.data_type() != holds.arrow() {
            let found = array.data_type();
            return Err(Error::internal(format!(
                "{found} came for a column of {holds}"
            )));
        }
        Ok(match holds {
            LogicalType::Boolean => Self::Boolean(array.as_boolean()),
            LogicalType::Integer { bits, signed } => match (bits, signed) {
                (8, true) => Self::Int8(array.as_primitive()),
                (16, true) | (8, false) => Self::Int16(array.as_primitive()),
                (32, true) | (16, false) => Self::Int32(array.as_primitive()),
                (_, true) | (32, false) => Self::Int64(array.as_primitive()),
                (_, false) => Self::Decimal(array.as_primitive(), 0),
            },
            LogicalType::Decimal { scale, .. } => Self::Decimal(array.as_primitive(), *scale),
            LogicalType::Float32 => Self::Float32(array.as_primitive()),
            LogicalType::Float64 => Self::Float64(array.as_primitive()),
            LogicalType::Text { .. } | LogicalType::Uuid | LogicalType::Json => {
                Self::Text(array.as_string())
            }
            LogicalType::Binary => Self::Binary(array.as_binary()),
            LogicalType::Date => Self::Date(array.as_primitive()),
            LogicalType::Time { .. } => Self::Time(array.as_primitive()),
            LogicalType::Timestamp { .. } => Self::Timestamp(array.as_primitive()),
            LogicalType::List(_) | LogicalType::Struct(_) | LogicalType::Map(_) => {
                return Err(Error::internal(format!("{holds} has no counterpart")));
            }
        })
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Boolean(array) => array.is_null(row),
            Self::Int8(array) => array.is_null(row),
            Self::Int16(array) => array.is_null(row),
            Self::Int32(array) => array.is_null(row),
            Self::Int64(array) => array.is_null(row),
            Self::Decimal(array, _) => array.is_null(row),
            Self::Float32(array) => array.is_null(row),
            Self::Float64(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::Binary(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Timestamp(array) => array.is_null(row),
        }
    }

    /// Bytes that the value takes in a packet, or a little less.
    pub(super) fn size(&self, row: usize) -> usize {
        if self.is_null(row) {
            return 0;
        }
        match self {
            Self::Boolean(_) => 1,
            Self::Int8(_) | Self::Int16(_) | Self::Int32(_) | Self::Int64(_) | Self::Float64(_) => {
                8
            }
            Self::Float32(_) => 4,
            Self::Decimal(..) => 20,
            Self::Text(array) => array.value_length(row).unsigned_abs() as usize,
            Self::Binary(array) => array.value_length(row).unsigned_abs() as usize,
            Self::Date(_) | Self::Time(_) | Self::Timestamp(_) => 12,
        }
    }

    /// The value as a parameter.
    pub(super) fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::NULL;
        }
        match self {
            Self::Boolean(array) => Value::Int(i64::from(array.value(row))),
            Self::Int8(array) => Value::Int(i64::from(array.value(row))),
            Self::Int16(array) => Value::Int(i64::from(array.value(row))),
            Self::Int32(array) => Value::Int(i64::from(array.value(row))),
            Self::Int64(array) => Value::Int(array.value(row)),
            Self::Decimal(array, scale) => {
                Value::Bytes(decimal::print(array.value(row), *scale).into_bytes())
            }
            Self::Float32(array) => Value::Float(array.value(row)),
            Self::Float64(array) => Value::Double(array.value(row)),
            Self::Text(array) => Value::Bytes(array.value(row).as_bytes().to_vec()),
            Self::Binary(array) => Value::Bytes(array.value(row).to_vec()),
            Self::Date(array) => wall_clock(i64::from(array.value(row)) * calendar::DAY_MICROS),
            Self::Time(array) => time_of_day(array.value(row)),
            Self::Timestamp(array) => wall_clock(array.value(row)),
        }
    }
}

fn wall_clock(micros: i64) -> Value {
    let (days, time) = (
        micros.div_euclid(calendar::DAY_MICROS),
        micros.rem_euclid(calendar::DAY_MICROS),
    );
    let (year, month, day) = calendar::civil(days);
    let [hour, minute, second, micro] = parts(time);
    Value::Date(
        u16::try_from(year).unwrap_or(u16::MAX),
        narrow(month),
        narrow(day),
        narrow(hour),
        narrow(minute),
        narrow(second),
        micro,
    )
}

fn time_of_day(micros: i64) -> Value {
    let [hour, minute, second, micro] = parts(micros);
    Value::Time(
        false,
        0,
        narrow(hour),
        narrow(minute),
        narrow(second),
        micro,
    )
}

/// Hours, minutes, seconds and microseconds of a time within a day.
fn parts(micros: i64) -> [u32; 4] {
    let seconds = micros / 1_000_000;
    [
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        micros % 1_000_000,
    ]
    .map(|part| u32::try_from(part).unwrap_or(u32::MAX))
}

fn narrow(part: u32) -> u8 {
    u8::try_from(part).unwrap_or(u8::MAX)
}

/// How many rows one statement takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Any number.
    Any,
    /// A power of two, so that few statements are prepared.
    PowersOfTwo,
}

/// How the rows from the first on are cut into statements: `most_rows` at most and about `most_bytes` at
/// most, but for a single row.
pub(super) fn pieces(
    sizes: &[usize],
    most_rows: usize,
    most_bytes: usize,
    takes: Takes,
) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < sizes.len() {
        let (mut count, mut bytes) = (1_usize, sizes[start]);
        for size in sizes[start + 1..].iter().take(most_rows.max(1) - 1) {
            bytes += size;
            if bytes > most_bytes {
                break;
            }
            count += 1;
        }
        if takes == Takes::PowersOfTwo {
            count = 1 << count.ilog2();
        }
        pieces.push((start, count));
        start += count;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_before_and_after_the_epoch() {
        for (micros, expected) in [
            (0, Value::Date(1970, 1, 1, 0, 0, 0, 0)),
            (-1, Value::Date(1969, 12, 31, 23, 59, 59, 999_999)),
            (calendar::FIRST_MICROS, Value::Date(1, 1, 1, 0, 0, 0, 0)),
            (
                calendar::LAST_MICROS,
                Value::Date(9999, 12, 31, 23, 59, 59, 999_999),
            ),
        ] {
            assert_eq!(wall_clock(micros), expected);
        }
        assert_eq!(
            time_of_day(86_399_999_999),
            Value::Time(false, 0, 23, 59, 59, 999_999)
        );
    }

    #[test]
    fn an_array_of_another_type_is_not_written() {
        let array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        assert!(Cells::of(&array, &LogicalType::int(64)).is_err());
        let unsigned = LogicalType::Integer {
            bits: 16,
            signed: false,
        };
        let cells = Cells::of(&array, &unsigned).unwrap();
        assert_eq!(cells.value(0), Value::Int(1));
    }

    proptest! {
        #[test]
        fn every_row_stands_in_one_piece(
            sizes in proptest::collection::vec(0_usize..300, 0..200),
            power in 0_u32..7,
            any in proptest::bool::ANY,
        ) {
            let takes = if any { Takes::Any } else { Takes::PowersOfTwo };
            let pieces = pieces(&sizes, 1 << power, 1_000, takes);
            let mut next = 0;
            for (start, count) in pieces {
                prop_assert_eq!(start, next);
                prop_assert!((any || count.is_power_of_two()) && count <= 1 << power);
                let bytes: usize = sizes[start..start + count].iter().sum();
                prop_assert!(bytes <= 1_000 || count == 1);
                next = start + count;
            }
            prop_assert_eq!(next, sizes.len());
        }
    }
}
