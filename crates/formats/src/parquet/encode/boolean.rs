//! Booleans: one bit each, never by a dictionary.

use std::ops::Range;

use ::parquet::basic::Encoding;
use arrow::array::{Array, AsArray, BooleanBufferBuilder};

use super::column::{DictionarySize, PageValues, Values};
use super::levels;
use super::statistics::Extent;

/// The current page.
pub(super) struct BooleanValues {
    bits: BooleanBufferBuilder,
    trues: usize,
}

impl BooleanValues {
    pub(super) fn new() -> Self {
        Self {
            bits: BooleanBufferBuilder::new(0),
            trues: 0,
        }
    }
}

impl Values for BooleanValues {
    type Bound = bool;

    fn fitting(&self, _: &dyn Array, rows: Range<usize>, page_bytes: usize) -> usize {
        let left = page_bytes
            .saturating_sub(self.page_bytes())
            .saturating_mul(8);
        rows.len().min(left.max(1))
    }

    fn growth(&self, _: &dyn Array, _: &Range<usize>) -> usize {
        0
    }

    fn append(&mut self, array: &dyn Array, rows: Range<usize>) {
        let values = array.as_boolean().values();
        levels::stretches(array.nulls(), &rows, |rows| {
            let values = values.slice(rows.start, rows.len());
            self.trues += values.count_set_bits();
            self.bits.append_buffer(&values);
        });
    }

    fn dictionary(&self) -> Option<DictionarySize> {
        None
    }

    fn plain_bytes(&self) -> usize {
        self.page_bytes()
    }

    fn page_bytes(&self) -> usize {
        self.bits.len().div_ceil(8)
    }

    fn take_page(&mut self, levels: &[u8], page: &mut Vec<u8>) -> PageValues<bool> {
        let count = self.bits.len();
        page.extend_from_slice(levels);
        page.extend_from_slice(&self.bits.as_slice()[..count.div_ceil(8)]);
        self.bits.truncate(0);
        let trues = std::mem::take(&mut self.trues);
        PageValues {
            encoding: Encoding::PLAIN,
            extent: (count > 0).then_some(Extent {
                min: trues == count,
                max: trues > 0,
            }),
            text_bytes: None,
        }
    }

    fn spell_out(&mut self) {}

    fn take_dictionary(&mut self, _: &mut Vec<u8>) -> Option<usize> {
        None
    }

    fn memory(&self) -> usize {
        self.bits.capacity() / 8
    }
}
