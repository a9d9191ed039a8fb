//! Arrow columns to rows of binary COPY: each column is downcast once per batch, each value is put
//! straight into the buffer.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use bytes::{BufMut, BytesMut};
use model::{Error, Result};

use super::array_shape::Shape;
use crate::postgres::held::Wire;

/// What a stream of binary COPY starts with: signature, no flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];

/// Days from 1970-01-01 to 2000-01-01, where the server counts from.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// One column's values, downcast.
pub(super) enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Int2(&'a Int16Array),
    Int4(&'a Int32Array),
    Int8(&'a Int64Array),
    Float4(&'a Float32Array),
    Float8(&'a Float64Array),
    Numeric(&'a Decimal128Array, u8),
    Text(&'a StringArray),
    Jsonb(&'a StringArray),
    Bytes(&'a BinaryArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
    Uuid(&'a StringArray),
    Array {
        lists: &'a ListArray,
        depth: usize,
        elements: Box<Cells<'a>>,
        oid: u32,
    },
    Nothing,
}

/// Puts the rows of `batch` behind what is in `out`.
pub(super) fn rows(batch: &RecordBatch, wires: &[Wire], out: &mut BytesMut) -> Result<()> {
    let columns = batch
        .columns()
        .iter()
        .zip(wires)
        .map(|(column, wire)| Cells::of(column, wire))
        .collect::<Result<Vec<_>>>()?;
    let count = i16::try_from(columns.len())
        .map_err(|_| Error::internal("more columns than a row of the server has"))?;
    for row in 0..batch.num_rows() {
        out.put_i16(count);
        for column in &columns {
            column.put(row, out)?;
        }
    }
    Ok(())
}

impl<'a> Cells<'a> {
    fn of(column: &'a ArrayRef, wire: &Wire) -> Result<Self> {
        let cells = match wire {
            Wire::Boolean => column.as_boolean_opt().map(Cells::Boolean),
            Wire::Int2 => column.as_primitive_opt::<Int16Type>().map(Cells::Int2),
            Wire::Int4 => column.as_primitive_opt::<Int32Type>().map(Cells::Int4),
            Wire::Int8 => column.as_primitive_opt::<Int64Type>().map(Cells::Int8),
            Wire::Float4 => column.as_primitive_opt::<Float32Type>().map(Cells::Float4),
            Wire::Float8 => column.as_primitive_opt::<Float64Type>().map(Cells::Float8),
            Wire::Numeric(scale) => column
                .as_primitive_opt::<Decimal128Type>()
                .map(|values| Cells::Numeric(values, *scale)),
            Wire::Text | Wire::Json => column.as_string_opt().map(Cells::Text),
            Wire::Jsonb => column.as_string_opt().map(Cells::Jsonb),
            Wire::Bytes => column.as_binary_opt().map(Cells::Bytes),
            Wire::Date => column.as_primitive_opt::<Date32Type>().map(Cells::Date),
            Wire::Time => column
                .as_primitive_opt::<Time64MicrosecondType>()
                .map(Cells::Time),
            Wire::Timestamp => column
                .as_primitive_opt::<TimestampMicrosecondType>()
                .map(Cells::Timestamp),
            Wire::Uuid => column.as_string_opt().map(Cells::Uuid),
            Wire::Array {
                depth,
                element,
                oid,
            } => return Self::array(column, *depth, element, *oid),
            Wire::Nothing => Some(Cells::Nothing),
        };
        cells.ok_or_else(|| mismatch(column))
    }

    fn array(column: &'a ArrayRef, depth: usize, element: &Wire, oid: u32) -> Result<Self> {
        let lists = column
            .as_list_opt::<i32>()
            .ok_or_else(|| mismatch(column))?;
        let mut inner = lists.values();
        for _ in 1..depth {
            let deeper = inner.as_list_opt::<i32>().ok_or_else(|| mismatch(inner))?;
            inner = deeper.values();
        }
        Ok(Cells::Array {
            lists,
            depth,
            elements: Box::new(Self::of(inner, element)?),
            oid,
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Cells::Boolean(values) => values.is_null(row),
            Cells::Int2(values) => values.is_null(row),
            Cells::Int4(values) => values.is_null(row),
            Cells::Int8(values) => values.is_null(row),
            Cells::Float4(values) => values.is_null(row),
            Cells::Float8(values) => values.is_null(row),
            Cells::Numeric(values, _) => values.is_null(row),
            Cells::Text(values) | Cells::Jsonb(values) | Cells::Uuid(values) => values.is_null(row),
            Cells::Bytes(values) => values.is_null(row),
            Cells::Date(values) => values.is_null(row),
            Cells::Time(values) => values.is_null(row),
            Cells::Timestamp(values) => values.is_null(row),
            Cells::Array { lists, .. } => lists.is_null(row),
            Cells::Nothing => true,
        }
    }

    /// One value: its length, then its bytes.
    fn put(&self, row: usize, out: &mut BytesMut) -> Result<()> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        let place = out.len();
        out.put_i32(0);
        match self {
            Cells::Boolean(values) => out.put_u8(u8::from(values.value(row))),
            Cells::Int2(values) => out.put_i16(values.value(row)),
            Cells::Int4(values) => out.put_i32(values.value(row)),
            Cells::Int8(values) => out.put_i64(values.value(row)),
            Cells::Float4(values) => out.put_u32(values.value(row).to_bits()),
            Cells::Float8(values) => out.put_u64(values.value(row).to_bits()),
            Cells::Numeric(values, scale) => put_numeric(values.value(row), *scale, out),
            Cells::Text(values) => out.put_slice(values.value(row).as_bytes()),
            Cells::Jsonb(values) => {
                out.put_u8(1);
                out.put_slice(values.value(row).as_bytes());
            }
            Cells::Bytes(values) => out.put_slice(values.value(row)),
            Cells::Date(values) => {
                let days = values.value(row).checked_sub(EPOCH_DAYS);
                out.put_i32(days.ok_or_else(out_of_range)?);
            }
            Cells::Time(values) => out.put_i64(values.value(row)),
            Cells::Timestamp(values) => {
                let micros = values.value(row).checked_sub(EPOCH_MICROS);
                out.put_i64(micros.ok_or_else(out_of_range)?);
            }
            Cells::Uuid(values) => out.put_slice(&uuid_bytes(values.value(row))?),
            Cells::Array {
                lists,
                depth,
                elements,
                oid,
            } => put_array(lists, row, *depth, (elements.as_ref(), *oid), out)?,
            Cells::Nothing => {}
        }
        let length = i32::try_from(out.len() - place - 4)
            .map_err(|_| Error::internal("a value is larger than the server takes"))?;
        out[place..place + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

fn out_of_range() -> Error {
    Error::internal("a moment that the server does not know reached the writer")
}

fn mismatch(column: &ArrayRef) -> Error {
    Error::internal(format!(
        "a column arrives as {}, which is not what its type travels as",
        column.data_type()
    ))
}

fn put_array(
    lists: &ListArray,
    row: usize,
    depth: usize,
    (elements, oid): (&Cells<'_>, u32),
    out: &mut BytesMut,
) -> Result<()> {
    let shape = Shape::of(lists, row, depth)
        .ok_or_else(|| Error::internal("an array without a shape reached the writer"))?;
    let has_null = shape.leaves.clone().any(|leaf| elements.is_null(leaf));
    let lengths = shape
        .lengths
        .iter()
        .map(|length| i32::try_from(*length))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Error::internal("an array is longer than the server takes"))?;
    out.put_i32(i32::try_from(lengths.len()).unwrap_or_default());
    out.put_i32(i32::from(has_null));
    out.put_u32(oid);
    for length in lengths {
        out.put_i32(length);
        out.put_i32(1);
    }
    for leaf in shape.leaves {
        elements.put(leaf, out)?;
    }
    Ok(())
}

/// Sixteen bytes of `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
fn uuid_bytes(text: &str) -> Result<[u8; 16]> {
    uuid::Uuid::try_parse(text)
        .map(uuid::Uuid::into_bytes)
        .map_err(|_| Error::internal("a text that is no UUID reached the writer"))
}

/// Digits in groups of four around the point, most significant first, without zeros at either end.
fn put_numeric(unscaled: i128, scale: u8, out: &mut BytesMut) {
    const NEGATIVE: u16 = 0x4000;
    let scale = usize::from(scale);
    // Filled up so that the point stands between two groups.
    let padding = scale.next_multiple_of(4) - scale;
    let mut groups = [0_u16; 11];
    let mut first = groups.len();
    let mut rest = unscaled.unsigned_abs();
    if padding > 0 {
        let kept = 10_u128.pow(u32::try_from(4 - padding).unwrap_or_default());
        let fill = 10_u128.pow(u32::try_from(padding).unwrap_or_default());
        first -= 1;
        groups[first] = group(rest % kept * fill);
        rest /= kept;
    }
    while rest > 0 {
        first -= 1;
        groups[first] = group(rest % 10_000);
        rest /= 10_000;
    }
    let behind_point = scale.div_ceil(4);
    let before_point = groups.len() - first;
    let weight = i16::try_from(before_point).unwrap_or_default()
        - i16::try_from(behind_point).unwrap_or_default()
        - 1;
    let digits = &groups[first..];
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = &digits[leading..];
    let trailing = digits.iter().rev().take_while(|digit| **digit == 0).count();
    let digits = &digits[..digits.len() - trailing];
    let weight = if digits.is_empty() {
        0
    } else {
        weight - i16::try_from(leading).unwrap_or_default()
    };
    out.put_u16(u16::try_from(digits.len()).unwrap_or_default());
    out.put_i16(weight);
    out.put_u16(if unscaled < 0 { NEGATIVE } else { 0 });
    out.put_u16(u16::try_from(scale).unwrap_or_default());
    for digit in digits {
        out.put_u16(*digit);
    }
}

fn group(digits: u128) -> u16 {
    u16::try_from(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::postgres::numeric::unscaled;

    fn numeric(value: i128, scale: u8) -> Vec<u8> {
        let mut out = BytesMut::new();
        put_numeric(value, scale, &mut out);
        out.to_vec()
    }

    #[test]
    fn numbers_as_the_server_sends_them() {
        // What `COPY (SELECT 1.10::numeric(9,2)) TO STDOUT (FORMAT binary)` gives.
        assert_eq!(numeric(110, 2), [0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 3, 232]);
        assert_eq!(numeric(0, 3), [0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(numeric(-10_000, 0), [0, 1, 0, 1, 64, 0, 0, 0, 0, 1]);
        // 0.0001 is one group behind the point.
        assert_eq!(numeric(1, 4), [0, 1, 255, 255, 0, 0, 0, 4, 0, 1]);
    }

    proptest! {
        #[test]
        fn every_decimal_is_read_back_as_itself(
            value in -(10_i128.pow(38) - 1)..10_i128.pow(38),
            scale in 0_u8..=38,
        ) {
            prop_assert_eq!(unscaled(&numeric(value, scale), 38, scale), Ok(value));
        }

        #[test]
        fn small_ones_too(value in -20_000_i128..20_000, scale in 0_u8..=38) {
            prop_assert_eq!(unscaled(&numeric(value, scale), 38, scale), Ok(value));
        }
    }
}
