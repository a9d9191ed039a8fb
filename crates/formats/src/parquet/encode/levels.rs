//! Which rows of a page are null, and which of a batch's rows hold values.

use std::ops::Range;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::{BooleanBuffer, NullBuffer};

use super::rle;

/// The definition levels of one page of a column that is not nested. As long as no row is null, this is
/// a count.
pub(super) struct Levels {
    rows: usize,
    nulls: usize,
    valid: BooleanBufferBuilder,
}

impl Levels {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            nulls: 0,
            valid: BooleanBufferBuilder::new(0),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn nulls(&self) -> usize {
        self.nulls
    }

    pub(super) fn append(&mut self, nulls: Option<&NullBuffer>, rows: Range<usize>) {
        let valid = nulls.map(|nulls| nulls.inner().slice(rows.start, rows.len()));
        let null = valid
            .as_ref()
            .map_or(0, |valid| valid.len() - valid.count_set_bits());
        if null > 0 && self.nulls == 0 {
            self.valid.append_n(self.rows, true);
        }
        self.nulls += null;
        self.rows += rows.len();
        match valid {
            Some(valid) if null > 0 => self.valid.append_buffer(&valid),
            _ if self.nulls > 0 => self.valid.append_n(rows.len(), true),
            _ => {}
        }
    }

    /// Appends the levels as a page has them, length first, and begins the next page.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        if self.nulls == 0 || self.nulls == self.rows {
            rle::repeated(self.rows, u32::from(self.nulls == 0), 1, out);
        } else {
            rle::bits(self.valid.as_slice(), self.rows, out);
        }
        let length = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.clear();
    }

    /// Begins the next page.
    pub(super) fn clear(&mut self) {
        self.valid.truncate(0);
        (self.rows, self.nulls) = (0, 0);
    }

    pub(super) fn memory(&self) -> usize {
        self.valid.capacity() / 8
    }
}

/// The validity of these rows, if any of them is null.
pub(super) fn validity(nulls: Option<&NullBuffer>, rows: &Range<usize>) -> Option<BooleanBuffer> {
    nulls
        .map(|nulls| nulls.inner().slice(rows.start, rows.len()))
        .filter(|valid| valid.count_set_bits() < valid.len())
}

/// Appends those of `values` that are valid.
pub(super) fn compact<T: Copy>(valid: &BooleanBuffer, values: &[T], out: &mut Vec<T>) {
    out.reserve(values.len());
    let chunks = valid.bit_chunks();
    let words = chunks.iter().chain([chunks.remainder_bits()]);
    for (word, values) in words.zip(values.chunks(64)) {
        let mut word = word;
        if word == u64::MAX {
            out.extend_from_slice(values);
            continue;
        }
        while word != 0 {
            out.push(values[word.trailing_zeros() as usize]);
            word &= word - 1;
        }
    }
}

/// Calls `each` with every stretch of rows that hold values.
pub(super) fn stretches(
    nulls: Option<&NullBuffer>,
    rows: &Range<usize>,
    mut each: impl FnMut(Range<usize>),
) {
    match validity(nulls, rows) {
        None => each(rows.clone()),
        Some(valid) => {
            for (start, end) in valid.set_slices() {
                each(rows.start + start..rows.start + end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_nulls_are_found_at_any_offset() {
        let bits: Vec<bool> = (0..500).map(|row| row % 7 != 3 && row / 100 != 2).collect();
        let nulls = NullBuffer::from(bits.clone());
        let values: Vec<usize> = (0..500).collect();
        for rows in [0..500, 3..131, 64..128, 130..300, 200..300, 499..500, 7..7] {
            let expected: Vec<usize> = rows.clone().filter(|row| bits[*row]).collect();
            let mut stretched = Vec::new();
            stretches(Some(&nulls), &rows, |stretch| stretched.extend(stretch));
            assert_eq!(stretched, expected);
            let Some(valid) = validity(Some(&nulls), &rows) else {
                assert_eq!(expected.len(), rows.len());
                continue;
            };
            let mut compacted = Vec::new();
            compact(&valid, &values[rows], &mut compacted);
            assert_eq!(compacted, expected);
        }
    }

    #[test]
    fn rows_without_nulls_are_one_run() {
        let mut levels = Levels::new();
        levels.append(None, 0..100);
        levels.append(Some(&NullBuffer::new_valid(100)), 20..100);
        assert_eq!((levels.rows(), levels.nulls()), (180, 0));
        let mut out = Vec::new();
        levels.take(&mut out);
        assert_eq!(out, [3, 0, 0, 0, 0xE8, 2, 1]);
        levels.append(Some(&NullBuffer::new_null(5)), 0..5);
        out.clear();
        levels.take(&mut out);
        assert_eq!(out, [2, 0, 0, 0, 10, 0]);
    }
}
