//! Texts and binary values.

use std::ops::Range;

use ::parquet::basic::Encoding;
use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;

use super::bit_pack;
use super::byte_dictionary::ByteDictionary;
use super::column::{DictionarySize, PageValues, Values};
use super::compress::KEPT_BYTES;
use super::levels;
use super::rle;
use super::statistics::{Extent, Shortened};

/// With a dictionary, so many rows and bytes are looked at before it is asked whether that pays.
const STEP: usize = 4_096;
const STEP_BYTES: usize = 64 << 10;
/// A length stands before each value.
const LENGTH_BYTES: usize = 4;

/// The values of one chunk, by a dictionary as long as there is one.
pub(super) struct BytesValues {
    /// Whether values are UTF-8, and their bounds have to be.
    text: bool,
    dictionary: Option<ByteDictionary>,
    /// The page by its dictionary, or as it stands.
    indices: Vec<u32>,
    plain: Vec<u8>,
    /// Bytes of the page's values.
    text_bytes: usize,
    extent: Option<PageExtent>,
}

/// Where the page's smallest and largest values stand, in the dictionary or in the page itself. Their
/// beginnings tell most values at once that they are neither.
struct PageExtent {
    min: Range<usize>,
    max: Range<usize>,
    min_beginning: u64,
    max_beginning: u64,
}

/// As a number that orders as the bytes do, where two differ.
#[inline]
fn beginning(value: &[u8]) -> u64 {
    match value.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => {
            let mut first = [0; 8];
            first[..value.len()].copy_from_slice(value);
            u64::from_be_bytes(first)
        }
    }
}

impl PageExtent {
    /// Takes note of the value at `place` of `within`, where all others stand too.
    #[inline]
    fn include(this: &mut Option<Self>, place: Range<usize>, within: &[u8]) {
        let beginning = beginning(&within[place.clone()]);
        match this {
            Some(this) if this.min_beginning < beginning && beginning < this.max_beginning => {}
            Some(this) => this.compare(place, beginning, within),
            None => {
                *this = Some(Self {
                    min: place.clone(),
                    max: place,
                    min_beginning: beginning,
                    max_beginning: beginning,
                });
            }
        }
    }

    fn compare(&mut self, place: Range<usize>, beginning: u64, within: &[u8]) {
        let value = &within[place.clone()];
        if beginning <= self.min_beginning && value < &within[self.min.clone()] {
            self.min = place.clone();
            self.min_beginning = beginning;
        }
        if beginning >= self.max_beginning && value > &within[self.max.clone()] {
            self.max = place;
            self.max_beginning = beginning;
        }
    }
}

fn parts(array: &dyn Array) -> (&[i32], &[u8]) {
    if matches!(array.data_type(), DataType::Utf8) {
        let array = array.as_string::<i32>();
        (array.value_offsets(), array.value_data())
    } else {
        let array = array.as_binary::<i32>();
        (array.value_offsets(), array.value_data())
    }
}

impl BytesValues {
    pub(super) fn new(text: bool, dictionary: bool) -> Self {
        Self {
            text,
            dictionary: dictionary.then(ByteDictionary::new),
            indices: Vec::new(),
            plain: Vec::new(),
            text_bytes: 0,
            extent: None,
        }
    }

    fn append_by_dictionary(
        &mut self,
        mut dictionary: ByteDictionary,
        (offsets, data): (&[i32], &[u8]),
        array: &dyn Array,
        rows: &Range<usize>,
    ) {
        levels::stretches(array.nulls(), rows, |rows| {
            let offsets = &offsets[rows.start..=rows.end];
            self.text_bytes += (offsets[offsets.len() - 1] - offsets[0]) as usize;
            let places = offsets
                .windows(2)
                .map(|ends| ends[0] as usize..ends[1] as usize);
            self.indices
                .extend(places.map(|place| dictionary.index(data, place)));
        });
        dictionary.take_fresh(|place, page| PageExtent::include(&mut self.extent, place, page));
        self.dictionary = Some(dictionary);
    }

    fn append_plain(&mut self, offsets: &[i32], data: &[u8]) {
        let bytes = (offsets[offsets.len() - 1] - offsets[0]) as usize;
        self.text_bytes += bytes;
        self.plain
            .reserve(bytes + (offsets.len() - 1) * LENGTH_BYTES);
        for ends in offsets.windows(2) {
            let value = &data[ends[0] as usize..ends[1] as usize];
            self.plain
                .extend_from_slice(&(value.len() as u32).to_le_bytes());
            let start = self.plain.len();
            self.plain.extend_from_slice(value);
            PageExtent::include(&mut self.extent, start..self.plain.len(), &self.plain);
        }
    }

    fn take_extent(&mut self) -> Option<Extent<Shortened>> {
        let extent = self.extent.take()?;
        let within = match &self.dictionary {
            Some(dictionary) => dictionary.page(),
            None => &self.plain[..],
        };
        Some(Extent {
            min: Shortened::lower(&within[extent.min]),
            max: Shortened::upper(&within[extent.max], self.text),
        })
    }
}

impl Values for BytesValues {
    type Bound = Shortened;

    fn fitting(&self, array: &dyn Array, rows: Range<usize>, page_bytes: usize) -> usize {
        let (most_rows, most_bytes) = match &self.dictionary {
            Some(_) => (STEP, STEP_BYTES.min(page_bytes)),
            None => (rows.len(), page_bytes.saturating_sub(self.plain.len())),
        };
        let (offsets, _) = parts(array);
        let first = offsets[rows.start];
        let ends = &offsets[rows.start + 1..=rows.start + rows.len().min(most_rows)];
        let fitting = ends.partition_point(|end| ((end - first) as usize) < most_bytes);
        // The one that does not fit fills the page.
        (fitting + 1).min(ends.len())
    }

    fn growth(&self, array: &dyn Array, rows: &Range<usize>) -> usize {
        let (offsets, _) = parts(array);
        (offsets[rows.end] - offsets[rows.start]) as usize + rows.len() * LENGTH_BYTES
    }

    fn append(&mut self, array: &dyn Array, rows: Range<usize>) {
        let (offsets, data) = parts(array);
        match self.dictionary.take() {
            Some(dictionary) => {
                self.append_by_dictionary(dictionary, (offsets, data), array, &rows);
            }
            None => levels::stretches(array.nulls(), &rows, |rows| {
                self.append_plain(&offsets[rows.start..=rows.end], data);
            }),
        }
    }

    fn dictionary(&self) -> Option<DictionarySize> {
        let dictionary = self.dictionary.as_ref()?;
        Some(DictionarySize {
            entries: dictionary.len(),
            bytes: dictionary.page().len(),
            most_entries: None,
            crowded: dictionary.is_crowded(),
        })
    }

    fn plain_bytes(&self) -> usize {
        match &self.dictionary {
            Some(_) => self.text_bytes + self.indices.len() * LENGTH_BYTES,
            None => self.plain.len(),
        }
    }

    fn page_bytes(&self) -> usize {
        match &self.dictionary {
            Some(dictionary) => {
                let width = bit_pack::width_of(dictionary.len());
                1 + (self.indices.len() * width as usize).div_ceil(8)
            }
            None => self.plain.len(),
        }
    }

    fn take_page(&mut self, levels: &[u8], page: &mut Vec<u8>) -> PageValues<Shortened> {
        let extent = self.take_extent();
        let encoding = match &mut self.dictionary {
            Some(dictionary) => {
                let width = bit_pack::width_of(dictionary.len());
                page.extend_from_slice(levels);
                page.push(width as u8);
                rle::indices(&self.indices, width, page);
                self.indices.clear();
                dictionary.next_data_page();
                Encoding::RLE_DICTIONARY
            }
            None if self.plain.len() > KEPT_BYTES => {
                // What is huge is moved, and not copied, and does not grow to twice its size.
                self.plain.reserve_exact(levels.len());
                self.plain.splice(0..0, levels.iter().copied());
                *page = std::mem::take(&mut self.plain);
                Encoding::PLAIN
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
            extent,
            text_bytes: Some(std::mem::take(&mut self.text_bytes)),
        }
    }

    fn spell_out(&mut self) {
        let Some(dictionary) = self.dictionary.take() else {
            return;
        };
        self.extent = None;
        self.plain
            .reserve(self.text_bytes + self.indices.len() * LENGTH_BYTES);
        for index in std::mem::take(&mut self.indices) {
            let value = dictionary.value(index);
            self.plain
                .extend_from_slice(&(value.len() as u32).to_le_bytes());
            let start = self.plain.len();
            self.plain.extend_from_slice(value);
            PageExtent::include(&mut self.extent, start..self.plain.len(), &self.plain);
        }
    }

    fn take_dictionary(&mut self, page: &mut Vec<u8>) -> Option<usize> {
        let dictionary = self.dictionary.take()?;
        self.indices = Vec::new();
        page.extend_from_slice(dictionary.page());
        Some(dictionary.len())
    }

    fn memory(&self) -> usize {
        self.dictionary.as_ref().map_or(0, ByteDictionary::memory)
            + self.indices.capacity() * size_of::<u32>()
            + self.plain.capacity()
    }
}
