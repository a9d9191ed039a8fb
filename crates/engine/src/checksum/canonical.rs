//! A value's canonical bytes, once per logical type, and their hash. `docs/concepts/checksums.md` is
//! the definition; a test of the proofs computes the same from it in another language.

use arrow::array::{
    Array, ArrayRef, AsArray, GenericByteArray, GenericListArray, MapArray, StructArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, ByteArrayType, DataType, Date32Type, Decimal128Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use model::{Error, LogicalType, Result};
use twox_hash::XxHash3_128;

/// Hashes the values of one column.
#[derive(Debug, Clone)]
pub(super) struct ColumnHasher {
    seed: u64,
    holds: DataType,
    scale: u8,
    null: u128,
}

impl ColumnHasher {
    /// Of the column at `position` (from 1) of a table: the same values in another column, or read as
    /// another type, have other hashes.
    pub(super) fn new(position: usize, holds: &LogicalType) -> Self {
        let of = XxHash3_128::oneshot(format!("{position} {holds}").as_bytes());
        let [low, ..] = halves(of);
        Self {
            seed: low,
            holds: holds.arrow(),
            scale: scale_of(&holds.arrow()),
            // Null has no bytes, and neither has the empty text: it has another seed.
            null: XxHash3_128::oneshot_with_seed(!low, &[]),
        }
    }

    /// One hash per value; `out` is as long as `array`.
    pub(super) fn hash(&self, array: &ArrayRef, out: &mut [u128]) -> Result<()> {
        if *array.data_type() != self.holds || array.len() != out.len() {
            let message = format!("{} is summed as {}", array.data_type(), self.holds);
            return Err(Error::internal(message));
        }
        match array.data_type() {
            DataType::Boolean => {
                let values = array.as_boolean().values();
                for (hash, value) in out.iter_mut().zip(values) {
                    *hash = self.of(&[u8::from(value)]);
                }
            }
            DataType::Int8 => {
                self.numbers::<Int8Type, 8>(array, out, |v| i64::from(v).to_le_bytes());
            }
            DataType::Int16 => {
                self.numbers::<Int16Type, 8>(array, out, |v| i64::from(v).to_le_bytes());
            }
            DataType::Int32 => {
                self.numbers::<Int32Type, 8>(array, out, |v| i64::from(v).to_le_bytes());
            }
            DataType::Int64 => self.numbers::<Int64Type, 8>(array, out, i64::to_le_bytes),
            DataType::Float32 => self.numbers::<Float32Type, 4>(array, out, float32),
            DataType::Float64 => self.numbers::<Float64Type, 8>(array, out, float64),
            DataType::Date32 => self.numbers::<Date32Type, 4>(array, out, i32::to_le_bytes),
            DataType::Time64(TimeUnit::Microsecond) => {
                self.numbers::<Time64MicrosecondType, 8>(array, out, i64::to_le_bytes);
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.numbers::<TimestampMicrosecondType, 8>(array, out, i64::to_le_bytes);
            }
            DataType::Decimal128(..) => {
                let scale = self.scale;
                self.numbers::<Decimal128Type, 17>(array, out, |value| decimal(value, scale));
            }
            DataType::Utf8 => self.texts(array.as_string::<i32>(), out),
            DataType::Binary => self.texts(array.as_binary::<i32>(), out),
            _ => {
                let mut bytes = Vec::new();
                for (row, hash) in out.iter_mut().enumerate() {
                    bytes.clear();
                    if array.is_valid(row) {
                        append(array.as_ref(), row, &mut bytes)?;
                    }
                    *hash = self.of(&bytes);
                }
            }
        }
        if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
            for (hash, valid) in out.iter_mut().zip(nulls.iter()) {
                if !valid {
                    *hash = self.null;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn of(&self, bytes: &[u8]) -> u128 {
        XxHash3_128::oneshot_with_seed(self.seed, bytes)
    }

    fn numbers<T: ArrowPrimitiveType, const N: usize>(
        &self,
        array: &ArrayRef,
        out: &mut [u128],
        bytes: impl Fn(T::Native) -> [u8; N],
    ) {
        let values = array.as_primitive::<T>().values();
        for (hash, value) in out.iter_mut().zip(values) {
            *hash = self.of(&bytes(*value));
        }
    }

    fn texts<T: ByteArrayType<Offset = i32>>(&self, array: &GenericByteArray<T>, out: &mut [u128]) {
        let (offsets, bytes) = (array.value_offsets(), array.value_data());
        for (hash, ends) in out.iter_mut().zip(offsets.windows(2)) {
            let end = |at: i32| usize::try_from(at).unwrap_or(0);
            *hash = self.of(&bytes[end(ends[0])..end(ends[1])]);
        }
    }
}

/// The hash of a row, from the hashes of its values added up.
#[inline]
pub(super) fn row_hash(values: u128) -> u128 {
    XxHash3_128::oneshot(&values.to_le_bytes())
}

fn halves(hash: u128) -> [u64; 2] {
    let bytes = hash.to_le_bytes();
    let half = |from: usize| {
        let mut half = [0; 8];
        half.copy_from_slice(&bytes[from..from + 8]);
        u64::from_le_bytes(half)
    };
    [half(0), half(8)]
}

fn scale_of(holds: &DataType) -> u8 {
    match holds {
        DataType::Decimal128(_, scale) => u8::try_from(*scale).unwrap_or(0),
        _ => 0,
    }
}

/// Bit by bit, -0.0 apart from 0.0; every NaN is the same.
fn float32(value: f32) -> [u8; 4] {
    let value = if value.is_nan() {
        f32::from_bits(0x7fc0_0000)
    } else {
        value
    };
    value.to_bits().to_le_bytes()
}

fn float64(value: f64) -> [u8; 8] {
    let value = if value.is_nan() {
        f64::from_bits(0x7ff8_0000_0000_0000)
    } else {
        value
    };
    value.to_bits().to_le_bytes()
}

/// The digits without their point, and where the point is.
fn decimal(unscaled: i128, scale: u8) -> [u8; 17] {
    let mut bytes = [scale; 17];
    bytes[..16].copy_from_slice(&unscaled.to_le_bytes());
    bytes
}

/// The canonical bytes of the value in `row`, which is not null. What is inside of a list, a struct or
/// a map says whether it is there, and how long it is where that is not its type's.
fn append(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<()> {
    fn number<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
        array.as_primitive::<T>().value(row)
    }
    match array.data_type() {
        DataType::Boolean => out.push(u8::from(array.as_boolean().value(row))),
        DataType::Int8 => out.extend(i64::from(number::<Int8Type>(array, row)).to_le_bytes()),
        DataType::Int16 => out.extend(i64::from(number::<Int16Type>(array, row)).to_le_bytes()),
        DataType::Int32 => out.extend(i64::from(number::<Int32Type>(array, row)).to_le_bytes()),
        DataType::Int64 => out.extend(number::<Int64Type>(array, row).to_le_bytes()),
        DataType::Float32 => out.extend(float32(number::<Float32Type>(array, row))),
        DataType::Float64 => out.extend(float64(number::<Float64Type>(array, row))),
        DataType::Date32 => out.extend(number::<Date32Type>(array, row).to_le_bytes()),
        DataType::Time64(TimeUnit::Microsecond) => {
            out.extend(number::<Time64MicrosecondType>(array, row).to_le_bytes());
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            out.extend(number::<TimestampMicrosecondType>(array, row).to_le_bytes());
        }
        holds @ DataType::Decimal128(..) => out.extend(decimal(
            number::<Decimal128Type>(array, row),
            scale_of(holds),
        )),
        DataType::Utf8 => out.extend(array.as_string::<i32>().value(row).as_bytes()),
        DataType::Binary => out.extend(array.as_binary::<i32>().value(row)),
        DataType::List(_) => list(array.as_list::<i32>(), row, out)?,
        DataType::Struct(_) => parts(array.as_struct(), row, out)?,
        DataType::Map(..) => map(array.as_map(), row, out)?,
        other => return Err(Error::internal(format!("{other} has no canonical bytes"))),
    }
    Ok(())
}

fn list(lists: &GenericListArray<i32>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let elements = lists.value(row);
    length(elements.len(), out);
    (0..elements.len()).try_for_each(|at| inner(elements.as_ref(), at, out))
}

fn parts(parts: &StructArray, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut columns = parts.columns().iter();
    columns.try_for_each(|part| inner(part.as_ref(), row, out))
}

fn map(maps: &MapArray, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let entries = maps.value(row);
    length(entries.len(), out);
    for entry in 0..entries.len() {
        parts(&entries, entry, out)?;
    }
    Ok(())
}

/// 0 where there is no value; else 1, for text and bytes their length, the value.
fn inner(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<()> {
    if array.is_null(row) {
        out.push(0);
        return Ok(());
    }
    out.push(1);
    match array.data_type() {
        DataType::Utf8 => length(array.as_string::<i32>().value(row).len(), out),
        DataType::Binary => length(array.as_binary::<i32>().value(row).len(), out),
        _ => {}
    }
    append(array, row, out)
}

fn length(length: usize, out: &mut Vec<u8>) {
    out.extend((length as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, Decimal128Array, Float64Array, Int16Array, Int64Array, ListArray, StringArray,
        TimestampMicrosecondArray,
    };
    use model::Field;

    use super::*;

    #[allow(
        clippy::needless_pass_by_value,
        reason = "a test hands over what it makes"
    )]
    fn hashes(position: usize, holds: &LogicalType, array: ArrayRef) -> Vec<u128> {
        let mut out = vec![0; array.len()];
        ColumnHasher::new(position, holds)
            .hash(&array, &mut out)
            .unwrap();
        out
    }

    fn all_differ(hashes: &[u128]) -> bool {
        hashes.iter().collect::<HashSet<_>>().len() == hashes.len()
    }

    #[test]
    fn null_is_neither_empty_nor_zero() {
        let texts = StringArray::from(vec![None, Some(""), Some("\0"), Some("a"), Some("a ")]);
        assert!(all_differ(&hashes(1, &LogicalType::TEXT, Arc::new(texts))));
        let numbers = Int64Array::from(vec![None, Some(0), Some(1), Some(-1)]);
        assert!(all_differ(&hashes(
            1,
            &LogicalType::int(64),
            Arc::new(numbers)
        )));
    }

    #[test]
    fn floats_are_taken_bit_by_bit_and_nan_is_one_value() {
        let values = vec![0.0, -0.0, 1.0, 1.0 + f64::EPSILON, f64::NAN, -f64::NAN];
        let hashes = hashes(
            1,
            &LogicalType::Float64,
            Arc::new(Float64Array::from(values)),
        );
        assert!(all_differ(&hashes[..5]));
        assert_eq!(hashes[4], hashes[5]);
    }

    #[test]
    fn the_same_values_in_another_column_or_type_have_other_hashes() {
        let text = |position| {
            let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
            hashes(position, &LogicalType::TEXT, texts)
        };
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![b"a".as_slice()]));
        assert_ne!(text(1), hashes(1, &LogicalType::Binary, bytes));
        let decimal = |precision, scale| {
            let values = Decimal128Array::from(vec![1_234])
                .with_precision_and_scale(precision, i8::try_from(scale).unwrap())
                .unwrap();
            let holds = LogicalType::Decimal { precision, scale };
            hashes(1, &holds, Arc::new(values))
        };
        assert_ne!(decimal(12, 2), decimal(12, 3));
    }

    #[test]
    fn one_microsecond_is_seen() {
        let holds = LogicalType::Timestamp {
            precision: 6,
            zoned: false,
        };
        let values: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, 1, -1]));
        assert!(all_differ(&hashes(1, &holds, values)));
    }

    #[test]
    fn what_is_inside_keeps_its_bounds() {
        let texts = |lists: Vec<Option<Vec<Option<&str>>>>| {
            let mut builder =
                arrow::array::ListBuilder::new(arrow::array::StringBuilder::new()).with_field(
                    arrow::datatypes::Field::new("element", DataType::Utf8, true),
                );
            for list in lists {
                builder.append_option(list);
            }
            let array: ListArray = builder.finish();
            hashes(
                1,
                &LogicalType::List(Box::new(LogicalType::TEXT)),
                Arc::new(array),
            )
        };
        let seen = texts(vec![
            None,
            Some(vec![]),
            Some(vec![None]),
            Some(vec![Some("")]),
            Some(vec![Some("ab"), Some("c")]),
            Some(vec![Some("a"), Some("bc")]),
            Some(vec![Some("abc")]),
            Some(vec![Some("c"), Some("ab")]),
        ]);
        assert!(all_differ(&seen));
    }

    #[test]
    fn a_slice_hashes_as_it_would_alone() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("b")]));
        let whole = hashes(1, &LogicalType::TEXT, Arc::clone(&texts));
        assert_eq!(hashes(1, &LogicalType::TEXT, texts.slice(1, 2)), whole[1..]);
        let fields = vec![Field {
            name: "a".to_owned(),
            logical: LogicalType::int(16),
        }];
        let holds = LogicalType::Struct(fields);
        let DataType::Struct(inner) = holds.arrow() else {
            panic!("a struct");
        };
        let numbers: ArrayRef = Arc::new(Int16Array::from(vec![Some(1), None, Some(3)]));
        let rows: ArrayRef = Arc::new(StructArray::new(inner, vec![numbers], None));
        let whole = hashes(1, &holds, Arc::clone(&rows));
        assert!(all_differ(&whole));
        assert_eq!(hashes(1, &holds, rows.slice(1, 2)), whole[1..]);
    }

    #[test]
    fn another_type_than_the_columns_is_a_defect() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let hasher = ColumnHasher::new(1, &LogicalType::TEXT);
        assert_eq!(
            hasher.hash(&numbers, &mut [0]).unwrap_err().code,
            "INTERNAL"
        );
    }
}
