//! Numbers of four and eight bytes: integers, floats, dates, times, timestamps and the decimals that fit.

use std::ops::Range;

use ::parquet::basic::Encoding;
use arrow::array::types::{ArrowPrimitiveType, Decimal128Type};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{ArrowNativeType, ToByteSlice};

use super::bit_pack;
use super::column::{DictionarySize, PageValues, Values};
use super::fixed_dictionary::FixedDictionary;
use super::levels;
use super::rle;
use super::statistics::{Bound, Extent};

/// With a dictionary, so many rows are looked at before it is asked whether that pays.
const STEP: usize = 4_096;
/// As many minima and maxima are kept side by side as a processor may compare at once.
const LANES: usize = 8;

/// A number as it stands in a file.
pub(super) trait Fixed: Bound + ArrowNativeType {
    /// Whether equal places are equal values, and close ones close.
    const HAS_PLACE: bool;
    /// Its bits: two values are the same if these are.
    fn bits(self) -> u64;
    /// Where it lies among all numbers.
    fn place(self) -> i64;
    /// The smallest and largest of `values`, unless there is none.
    fn extent(values: &[Self]) -> Option<Extent<Self>>;
}

macro_rules! integer {
    ($type:ty, $unsigned:ty) => {
        impl Fixed for $type {
            const HAS_PLACE: bool = true;

            fn bits(self) -> u64 {
                u64::from(self as $unsigned)
            }

            fn place(self) -> i64 {
                i64::from(self)
            }

            fn extent(values: &[Self]) -> Option<Extent<Self>> {
                let first = *values.first()?;
                let (min, max) = values.iter().fold((first, first), |(min, max), value| {
                    (min.min(*value), max.max(*value))
                });
                Some(Extent { min, max })
            }
        }
    };
}

macro_rules! float {
    ($type:ty) => {
        impl Fixed for $type {
            const HAS_PLACE: bool = false;

            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }

            fn place(self) -> i64 {
                0
            }

            fn extent(values: &[Self]) -> Option<Extent<Self>> {
                // A comparison with NaN never holds.
                let lower = |one: Self, other: Self| if other < one { other } else { one };
                let higher = |one: Self, other: Self| if other > one { other } else { one };
                let (mut min, mut max) = ([Self::INFINITY; LANES], [Self::NEG_INFINITY; LANES]);
                let lanes = values.chunks_exact(LANES);
                let rest = lanes.remainder();
                for lane in lanes {
                    for place in 0..LANES {
                        min[place] = lower(min[place], lane[place]);
                        max[place] = higher(max[place], lane[place]);
                    }
                }
                let min = min.iter().chain(rest).copied().fold(Self::INFINITY, lower);
                let max = max
                    .iter()
                    .chain(rest)
                    .copied()
                    .fold(Self::NEG_INFINITY, higher);
                // Only NaN: nothing was ever compared with success.
                (min <= max).then(|| Extent {
                    min: if min == 0.0 { -0.0 } else { min },
                    max: if max == 0.0 { 0.0 } else { max },
                })
            }
        }
    };
}

integer!(i32, u32);
integer!(i64, u64);
float!(f32);
float!(f64);

/// Gives an array's values in these rows, those of null rows too, as they stand in a file.
pub(super) type Fetch<T> = for<'a> fn(&'a dyn Array, Range<usize>, &'a mut Vec<T>) -> &'a [T];

/// Values that stand in the file as they stand in memory.
pub(super) fn as_is<'a, A: ArrowPrimitiveType>(
    array: &'a dyn Array,
    rows: Range<usize>,
    _: &'a mut Vec<A::Native>,
) -> &'a [A::Native] {
    &array.as_primitive::<A>().values()[rows]
}

/// Small integers, which are INT32 in a file.
pub(super) fn widened<'a, A>(
    array: &'a dyn Array,
    rows: Range<usize>,
    scratch: &'a mut Vec<i32>,
) -> &'a [i32]
where
    A: ArrowPrimitiveType,
    A::Native: Into<i32>,
{
    scratch.clear();
    let values = &array.as_primitive::<A>().values()[rows];
    scratch.extend(values.iter().map(|value| (*value).into()));
    scratch
}

/// Decimals of at most nine digits; what stands in null rows may be cut.
pub(super) fn digits_in_i32<'a>(
    array: &'a dyn Array,
    rows: Range<usize>,
    scratch: &'a mut Vec<i32>,
) -> &'a [i32] {
    scratch.clear();
    let values = &array.as_primitive::<Decimal128Type>().values()[rows];
    scratch.extend(values.iter().map(|value| *value as i32));
    scratch
}

/// Decimals of at most eighteen digits; what stands in null rows may be cut.
pub(super) fn digits_in_i64<'a>(
    array: &'a dyn Array,
    rows: Range<usize>,
    scratch: &'a mut Vec<i64>,
) -> &'a [i64] {
    scratch.clear();
    let values = &array.as_primitive::<Decimal128Type>().values()[rows];
    scratch.extend(values.iter().map(|value| *value as i64));
    scratch
}

/// The values of one chunk, by a dictionary as long as there is one.
pub(super) struct FixedValues<T> {
    fetch: Fetch<T>,
    dictionary: Option<FixedDictionary<T>>,
    /// The page by its dictionary, or as it stands.
    indices: Vec<u32>,
    plain: Vec<u8>,
    extent: Option<Extent<T>>,
    fetched: Vec<T>,
    dense: Vec<T>,
}

impl<T: Fixed> FixedValues<T> {
    pub(super) fn new(fetch: Fetch<T>, dictionary: bool) -> Self {
        Self {
            fetch,
            dictionary: dictionary.then(FixedDictionary::new),
            indices: Vec::new(),
            plain: Vec::new(),
            extent: None,
            fetched: Vec::new(),
            dense: Vec::new(),
        }
    }
}

impl<T: Fixed> Values for FixedValues<T> {
    type Bound = T;

    fn fitting(&self, _: &dyn Array, rows: Range<usize>, page_bytes: usize) -> usize {
        let most = match &self.dictionary {
            Some(_) => STEP,
            None => page_bytes.saturating_sub(self.plain.len()) / size_of::<T>(),
        };
        rows.len().min(most.max(1))
    }

    fn growth(&self, _: &dyn Array, rows: &Range<usize>) -> usize {
        rows.len() * size_of::<T>()
    }

    fn append(&mut self, array: &dyn Array, rows: Range<usize>) {
        let valid = levels::validity(array.nulls(), &rows);
        let mut values = (self.fetch)(array, rows, &mut self.fetched);
        if let Some(valid) = valid {
            self.dense.clear();
            levels::compact(&valid, values, &mut self.dense);
            values = &self.dense;
        }
        let extent = T::extent(values);
        match &mut self.dictionary {
            Some(dictionary) if !values.is_empty() => {
                dictionary.index(values, extent.as_ref(), &mut self.indices);
            }
            Some(_) => {}
            None => self.plain.extend_from_slice(values.to_byte_slice()),
        }
        if let Some(extent) = extent {
            Extent::include(&mut self.extent, extent);
        }
    }

    fn dictionary(&self) -> Option<DictionarySize> {
        let dictionary = self.dictionary.as_ref()?;
        Some(DictionarySize {
            entries: dictionary.entries().len(),
            bytes: size_of_val(dictionary.entries()),
            most_entries: Some(dictionary.most_entries()),
            crowded: dictionary.is_crowded(),
        })
    }

    fn plain_bytes(&self) -> usize {
        self.plain.len() + self.indices.len() * size_of::<T>()
    }

    fn page_bytes(&self) -> usize {
        match &self.dictionary {
            Some(dictionary) => {
                let width = bit_pack::width_of(dictionary.entries().len());
                1 + (self.indices.len() * width as usize).div_ceil(8)
            }
            None => self.plain.len(),
        }
    }

    fn take_page(&mut self, levels: &[u8], page: &mut Vec<u8>) -> PageValues<T> {
        let encoding = match &self.dictionary {
            Some(dictionary) => {
                let width = bit_pack::width_of(dictionary.entries().len());
                page.extend_from_slice(levels);
                page.push(width as u8);
                rle::indices(&self.indices, width, page);
                self.indices.clear();
                Encoding::RLE_DICTIONARY
            }
            None => {
                page.extend_from_slice(levels);
                page.extend_from_slice(&self.plain);
                self.plain.clear();
                Encoding::PLAIN
            }
        };
        PageValues {
            encoding,
            extent: self.extent.take(),
            text_bytes: None,
        }
    }

    fn spell_out(&mut self) {
        let Some(dictionary) = self.dictionary.take() else {
            return;
        };
        let entries = dictionary.entries();
        self.dense.clear();
        let values = self.indices.iter().map(|index| entries[*index as usize]);
        self.dense.extend(values);
        self.plain.extend_from_slice(self.dense.to_byte_slice());
        self.indices = Vec::new();
    }

    fn take_dictionary(&mut self, page: &mut Vec<u8>) -> Option<usize> {
        let dictionary = self.dictionary.take()?;
        self.indices = Vec::new();
        page.extend_from_slice(dictionary.entries().to_byte_slice());
        Some(dictionary.entries().len())
    }

    fn memory(&self) -> usize {
        self.dictionary.as_ref().map_or(0, FixedDictionary::memory)
            + self.indices.capacity() * size_of::<u32>()
            + self.plain.capacity()
            + (self.fetched.capacity() + self.dense.capacity()) * size_of::<T>()
    }
}
