//! Smallest and largest values: what is kept of them, and how they stand in a footer. The rules are
//! those of the format: NaN is neither, a zero is negative as the smallest and positive as the largest.

use std::cmp::Ordering;

use ::parquet::basic::{LogicalType, SortOrder};
use ::parquet::data_type::{ByteArray, FixedLenByteArray};
use ::parquet::file::statistics::{Statistics, ValueStatistics};
use ::parquet::schema::types::ColumnDescriptor;

/// The longest byte array that stands whole in a footer or an index.
const LONGEST: usize = 64;

/// The smallest and the largest value of a page or a chunk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Extent<B> {
    pub(super) min: B,
    pub(super) max: B,
}

impl<B: PartialOrd> Extent<B> {
    /// Makes room for another extent.
    pub(super) fn include(this: &mut Option<Self>, other: Self) {
        match this {
            None => *this = Some(other),
            Some(this) => {
                if other.min < this.min {
                    this.min = other.min;
                }
                if other.max > this.max {
                    this.max = other.max;
                }
            }
        }
    }
}

/// A value as statistics know it.
pub(super) trait Bound: Clone + PartialOrd + Send {
    /// Its bytes in a column index, as a lower or as an upper bound.
    fn index_bytes(&self, column: &ColumnDescriptor, upper: bool) -> Vec<u8>;

    /// What a chunk's footer says.
    fn statistics(
        extent: Option<Extent<Self>>,
        nulls: u64,
        column: &ColumnDescriptor,
    ) -> Statistics;

    /// Bytes of memory besides its own.
    fn memory(&self) -> usize {
        0
    }
}

macro_rules! plain_bound {
    ($($type:ty)*) => {$(
        impl Bound for $type {
            fn index_bytes(&self, _: &ColumnDescriptor, _: bool) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }

            fn statistics(
                extent: Option<Extent<Self>>,
                nulls: u64,
                column: &ColumnDescriptor,
            ) -> Statistics {
                of_values(extent, nulls, column)
            }
        }
    )*};
}

plain_bound!(i32 i64 f32 f64);

impl Bound for bool {
    fn index_bytes(&self, _: &ColumnDescriptor, _: bool) -> Vec<u8> {
        vec![u8::from(*self)]
    }

    fn statistics(
        extent: Option<Extent<Self>>,
        nulls: u64,
        column: &ColumnDescriptor,
    ) -> Statistics {
        of_values(extent, nulls, column)
    }
}

/// A decimal of a fixed number of bytes.
impl Bound for i128 {
    fn index_bytes(&self, column: &ColumnDescriptor, _: bool) -> Vec<u8> {
        fixed_bytes(*self, column).to_vec()
    }

    fn statistics(
        extent: Option<Extent<Self>>,
        nulls: u64,
        column: &ColumnDescriptor,
    ) -> Statistics {
        let bytes = |value| FixedLenByteArray::from(fixed_bytes(value, column).to_vec());
        let extent = extent.map(|extent| Extent {
            min: bytes(extent.min),
            max: bytes(extent.max),
        });
        of_values(extent, nulls, column)
    }
}

fn fixed_bytes(value: i128, column: &ColumnDescriptor) -> Box<[u8]> {
    let width = usize::try_from(column.type_length()).unwrap_or(16).min(16);
    value.to_be_bytes()[16 - width..].into()
}

fn of_values<T>(extent: Option<Extent<T>>, nulls: u64, column: &ColumnDescriptor) -> Statistics
where
    Statistics: From<ValueStatistics<T>>,
{
    let (min, max) = extent.map(|extent| (extent.min, extent.max)).unzip();
    ValueStatistics::new(min, max, None, Some(nulls), false)
        .with_backwards_compatible_min_max(is_signed(column))
        .into()
}

fn is_signed(column: &ColumnDescriptor) -> bool {
    matches!(column.sort_order(), SortOrder::SIGNED)
}

/// A byte array as a bound: whole up to 64 bytes, else its beginning, unless nothing so short is a
/// bound. Of two that differ only behind that, either is as good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shortened {
    bytes: Vec<u8>,
    longer: bool,
}

impl PartialOrd for Shortened {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let by_bytes = self.bytes.cmp(&other.bytes);
        Some(by_bytes.then(self.longer.cmp(&other.longer)))
    }
}

impl Shortened {
    /// Of a smallest value.
    pub(super) fn lower(value: &[u8]) -> Self {
        Self {
            bytes: value[..value.len().min(LONGEST)].to_vec(),
            longer: value.len() > LONGEST,
        }
    }

    /// Of a largest value.
    pub(super) fn upper(value: &[u8], text: bool) -> Self {
        let shorter = value.len() > LONGEST && incremented(value, text).is_some();
        let kept = if shorter { &value[..LONGEST] } else { value };
        Self {
            bytes: kept.to_vec(),
            longer: shorter,
        }
    }

    /// What is written, and whether that is the value itself.
    fn written(&self, column: &ColumnDescriptor, upper: bool) -> (Vec<u8>, bool) {
        if !self.longer {
            return (self.bytes.clone(), true);
        }
        let text = is_text(column);
        let bytes = if upper {
            incremented(&self.bytes, text)
        } else {
            Some(self.bytes[..prefix(&self.bytes, text)].to_vec())
        };
        (bytes.unwrap_or_else(|| self.bytes.clone()), false)
    }
}

impl Bound for Shortened {
    fn index_bytes(&self, column: &ColumnDescriptor, upper: bool) -> Vec<u8> {
        self.written(column, upper).0
    }

    fn statistics(
        extent: Option<Extent<Self>>,
        nulls: u64,
        column: &ColumnDescriptor,
    ) -> Statistics {
        let Some(extent) = extent else {
            return of_values::<ByteArray>(None, nulls, column);
        };
        let (min, min_exact) = extent.min.written(column, false);
        let (max, max_exact) = extent.max.written(column, true);
        let signed = is_signed(column);
        ValueStatistics::<ByteArray>::new(
            Some(min.into()),
            Some(max.into()),
            None,
            Some(nulls),
            signed,
        )
        .with_min_is_exact(min_exact)
        .with_max_is_exact(max_exact)
        .into()
    }

    fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Whether a column's bounds have to stay UTF-8.
pub(super) fn is_text(column: &ColumnDescriptor) -> bool {
    column.logical_type_ref() == Some(&LogicalType::String)
        || column.converted_type() == ::parquet::basic::ConvertedType::UTF8
}

/// Where a value of at least 64 bytes is cut: not within a character.
fn prefix(value: &[u8], text: bool) -> usize {
    let continues = |at: &usize| value.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    if text && value.len() > LONGEST {
        return (1..=LONGEST)
            .rev()
            .find(|at| !continues(at))
            .unwrap_or(LONGEST);
    }
    if !text {
        return LONGEST;
    }
    // Of the value there are only these 64 bytes: a character that does not end within them is left out.
    match std::str::from_utf8(&value[..LONGEST]) {
        Ok(_) => LONGEST,
        Err(error) => error.valid_up_to(),
    }
}

/// The shortest way up from a value's beginning: its last character that has a successor of as many
/// bytes is replaced by that, and what follows is left out.
fn incremented(value: &[u8], text: bool) -> Option<Vec<u8>> {
    if !text {
        let last = value[..LONGEST].iter().rposition(|byte| *byte != u8::MAX)?;
        let mut bytes = value[..LONGEST].to_vec();
        bytes[last] += 1;
        // Behind a carry every byte begins again.
        bytes[last + 1..].fill(0);
        return Some(bytes);
    }
    let start = std::str::from_utf8(&value[..prefix(value, true)]).ok()?;
    start.char_indices().rev().find_map(|(at, character)| {
        let next = char::from_u32(u32::from(character) + 1)?;
        if next.len_utf8() != character.len_utf8() {
            return None;
        }
        let mut bytes = start.as_bytes()[..at].to_vec();
        let mut buffer = [0; 4];
        bytes.extend_from_slice(next.encode_utf8(&mut buffer).as_bytes());
        Some(bytes)
    })
}
