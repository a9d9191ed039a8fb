//! Decimals of more than eighteen digits: as many bytes as the longest needs, the highest first, never
//! by a dictionary.

use std::ops::Range;

use ::parquet::basic::Encoding;
use arrow::array::types::Decimal128Type;
use arrow::array::{Array, AsArray};

use super::column::{DictionarySize, PageValues, Values};
use super::levels;
use super::statistics::Extent;

/// The current page.
pub(super) struct DecimalValues {
    width: usize,
    plain: Vec<u8>,
    extent: Option<Extent<i128>>,
}

impl DecimalValues {
    /// Of values of so many bytes, at most sixteen.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            plain: Vec::new(),
            extent: None,
        }
    }
}

impl Values for DecimalValues {
    type Bound = i128;

    fn fitting(&self, _: &dyn Array, rows: Range<usize>, page_bytes: usize) -> usize {
        let left = page_bytes.saturating_sub(self.plain.len()) / self.width;
        rows.len().min(left.max(1))
    }

    fn growth(&self, _: &dyn Array, _: &Range<usize>) -> usize {
        0
    }

    fn append(&mut self, array: &dyn Array, rows: Range<usize>) {
        let values = array.as_primitive::<Decimal128Type>().values();
        levels::stretches(array.nulls(), &rows, |rows| {
            let values = &values[rows];
            let start = self.plain.len();
            self.plain.resize(start + values.len() * self.width, 0);
            let places = self.plain[start..].chunks_exact_mut(self.width);
            for (value, place) in values.iter().zip(places) {
                place.copy_from_slice(&value.to_be_bytes()[16 - self.width..]);
            }
            let (min, max) = (values.iter().min(), values.iter().max());
            if let (Some(min), Some(max)) = (min.copied(), max.copied()) {
                Extent::include(&mut self.extent, Extent { min, max });
            }
        });
    }

    fn dictionary(&self) -> Option<DictionarySize> {
        None
    }

    fn plain_bytes(&self) -> usize {
        self.plain.len()
    }

    fn page_bytes(&self) -> usize {
        self.plain.len()
    }

    fn take_page(&mut self, levels: &[u8], page: &mut Vec<u8>) -> PageValues<i128> {
        page.extend_from_slice(levels);
        page.extend_from_slice(&self.plain);
        self.plain.clear();
        PageValues {
            encoding: Encoding::PLAIN,
            extent: self.extent.take(),
            text_bytes: None,
        }
    }

    fn spell_out(&mut self) {}

    fn take_dictionary(&mut self, _: &mut Vec<u8>) -> Option<usize> {
        None
    }

    fn memory(&self) -> usize {
        self.plain.capacity()
    }
}
