//! A dictionary of byte arrays: which index each value has, found by a hash of all of its bytes.

use std::ops::Range;

/// What is no index.
const NONE: u32 = u32::MAX;
/// The first table has so many places.
const FIRST_PLACES: usize = 1 << 8;
/// As long as there are no more values, those that came in this page of data are found by their ends.
const FEW: usize = 32;
/// Odd, and with as many ones as zeros.
const FACTORS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];

/// The values of a chunk, each once, in the order in which they came, and as a dictionary page has them.
pub(super) struct ByteDictionary {
    page: Vec<u8>,
    entries: Vec<Entry>,
    places: Vec<Place>,
    /// Places that were passed by when the entries were put in.
    crowding: usize,
    /// The current page of data, and the values that were asked for since it was last asked which are
    /// new in it.
    data_page: u32,
    fresh: Vec<u32>,
    /// Short values that came in this page of data.
    recent: [Recent; 64],
}

#[derive(Clone, Copy)]
struct Recent {
    ends: Ends,
    index: u32,
}

const NOTHING_RECENT: [Recent; 64] = [Recent {
    ends: Ends::NONE,
    index: NONE,
}; 64];

/// A value: where it stands in the page, and its ends, which are all of it up to sixteen bytes.
#[derive(Clone, Copy)]
struct Entry {
    ends: Ends,
    start: u32,
    hash: u32,
    /// The last page of data that it is in.
    data_page: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The lower half of the hash: most values that differ are told apart by it.
    hash: u32,
    index: u32,
}

/// How long a value is, and up to sixteen of its bytes, padded by zeros: of a longer one the first eight
/// and the last.
#[derive(Clone, Copy)]
struct Ends {
    first: u64,
    last: u64,
    length: u32,
}

impl PartialEq for Ends {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // One branch, and not three.
        (self.first ^ other.first)
            | (self.last ^ other.last)
            | u64::from(self.length ^ other.length)
            == 0
    }
}

impl Ends {
    const NONE: Self = Self {
        first: 0,
        last: 0,
        length: u32::MAX,
    };

    /// Of the value that stands there; what stands behind it may be read, too.
    #[inline]
    fn of(data: &[u8], place: &Range<usize>) -> Self {
        let length = place.len();
        let from_start = &data[place.start..];
        let sixteen = match from_start.first_chunk::<16>() {
            Some(sixteen) => u128::from_le_bytes(*sixteen),
            None => u128::from_le_bytes(padded(from_start)),
        };
        if length > 16 {
            let last = data[place.clone()].last_chunk::<8>();
            return Self {
                first: sixteen as u64,
                last: last.map_or(0, |last| u64::from_le_bytes(*last)),
                length: length as u32,
            };
        }
        let unused = (16 - length as u32) * 8;
        let sixteen = sixteen & u128::MAX.checked_shr(unused).unwrap_or(0);
        Self {
            first: sixteen as u64,
            last: (sixteen >> 64) as u64,
            length: length as u32,
        }
    }

    /// Its place among the recent ones.
    #[inline]
    fn recent(self) -> usize {
        let mixed = self.first.wrapping_mul(FACTORS[0]) ^ self.last.wrapping_mul(FACTORS[1]);
        (mixed >> 58) as usize
    }
}

/// The bytes, and zeros behind them.
fn padded<const LENGTH: usize>(bytes: &[u8]) -> [u8; LENGTH] {
    let mut padded = [0; LENGTH];
    padded[..bytes.len()].copy_from_slice(bytes);
    padded
}

#[inline]
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn hash_of(value: &[u8], ends: Ends) -> u64 {
    let [one, other] = FACTORS;
    let mut hash = folded(ends.first ^ one, ends.last ^ other ^ u64::from(ends.length));
    if let Some(middle) = middle(value) {
        for chunk in middle.chunks(8) {
            let number = chunk.first_chunk::<8>().copied();
            let number = number.unwrap_or_else(|| padded(chunk));
            hash = folded(hash ^ u64::from_le_bytes(number), one);
        }
    }
    hash.wrapping_mul(one)
}

/// What is not in a value's ends.
#[inline]
fn middle(value: &[u8]) -> Option<&[u8]> {
    (value.len() > 16).then(|| &value[8..value.len() - 8])
}

impl ByteDictionary {
    pub(super) fn new() -> Self {
        Self {
            page: Vec::new(),
            entries: Vec::new(),
            places: vec![
                Place {
                    hash: 0,
                    index: NONE
                };
                FIRST_PLACES
            ],
            crowding: 0,
            data_page: 1,
            fresh: Vec::new(),
            recent: NOTHING_RECENT,
        }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All values, each with its length before it.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    /// Where the value of this index stands in the page.
    fn place(&self, index: u32) -> Range<usize> {
        let entry = &self.entries[index as usize];
        entry.start as usize..entry.start as usize + entry.ends.length as usize
    }

    /// The value of this index.
    pub(super) fn value(&self, index: u32) -> &[u8] {
        &self.page[self.place(index)]
    }

    /// Whether values lie so that finding them is slow.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowding > 4_096 + 16 * self.entries.len()
    }

    pub(super) fn memory(&self) -> usize {
        self.page.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.places.capacity() * size_of::<Place>()
            + self.fresh.capacity() * size_of::<u32>()
    }

    /// Begins the next page of data.
    pub(super) fn next_data_page(&mut self) {
        self.data_page += 1;
        self.fresh.clear();
        self.recent = NOTHING_RECENT;
    }

    /// Calls `each` with the place of every value that has come for the first time in this page of data.
    pub(super) fn take_fresh(&mut self, mut each: impl FnMut(Range<usize>, &[u8])) {
        let mut fresh = std::mem::take(&mut self.fresh);
        for index in fresh.drain(..) {
            each(self.place(index), &self.page);
        }
        self.fresh = fresh;
    }

    /// The index of the value that stands there.
    #[inline]
    pub(super) fn index(&mut self, data: &[u8], place: Range<usize>) -> u32 {
        let ends = Ends::of(data, &place);
        if self.entries.len() > FEW || ends.length > 16 {
            return self.look_up(&data[place], ends);
        }
        let at = ends.recent();
        if self.recent[at].ends == ends {
            return self.recent[at].index;
        }
        let index = self.look_up(&data[place], ends);
        self.recent[at] = Recent { ends, index };
        index
    }

    fn look_up(&mut self, value: &[u8], ends: Ends) -> u32 {
        let full_hash = hash_of(value, ends);
        let hash = full_hash as u32 ^ (full_hash >> 32) as u32;
        let mask = self.places.len() - 1;
        let mut at = hash as usize;
        loop {
            let place = self.places[at & mask];
            if place.index == NONE {
                return self.add(value, ends, hash);
            }
            if place.hash == hash && self.is_value(place.index, value, ends) {
                if self.entries[place.index as usize].data_page != self.data_page {
                    self.entries[place.index as usize].data_page = self.data_page;
                    self.fresh.push(place.index);
                }
                return place.index;
            }
            at += 1;
        }
    }

    #[inline]
    fn is_value(&self, index: u32, value: &[u8], ends: Ends) -> bool {
        self.entries[index as usize].ends == ends
            && (value.len() <= 16 || middle(self.value(index)) == middle(value))
    }

    #[cold]
    fn add(&mut self, value: &[u8], ends: Ends, hash: u32) -> u32 {
        if self.entries.len() * 2 >= self.places.len() {
            let count = self.places.len() * 4;
            self.places.clear();
            self.places.resize(
                count,
                Place {
                    hash: 0,
                    index: NONE,
                },
            );
            self.crowding = 0;
            for index in 0..self.entries.len() as u32 {
                self.put(self.entries[index as usize].hash, index);
            }
        }
        let index = self.entries.len() as u32;
        self.page.extend_from_slice(&ends.length.to_le_bytes());
        let start = self.page.len() as u32;
        self.page.extend_from_slice(value);
        self.entries.push(Entry {
            ends,
            start,
            hash,
            data_page: self.data_page,
        });
        self.fresh.push(index);
        self.put(hash, index);
        index
    }

    fn put(&mut self, hash: u32, index: u32) {
        let mask = self.places.len() - 1;
        let mut at = hash as usize;
        while self.places[at & mask].index != NONE {
            at += 1;
            self.crowding += 1;
        }
        self.places[at & mask] = Place { hash, index };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn values_of_every_length_have_one_index_each() {
        let mut dictionary = ByteDictionary::new();
        let mut expected: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut values = vec![Vec::new()];
        for length in 1..70 {
            for different in 0..length {
                let mut value = vec![0_u8; length];
                values.push(value.clone());
                value[different] = 1;
                values.push(value.clone());
                value[different] = 0x80;
                values.push(value);
            }
        }
        for value in values.iter().chain(&values) {
            let next = expected.len() as u32;
            let index = *expected.entry(value.clone()).or_insert(next);
            assert_eq!(dictionary.index(value, 0..value.len()), index);
            // What stands behind a value is none of it.
            let longer = [&value[..], &[9; 9]].concat();
            assert_eq!(dictionary.index(&longer, 0..value.len()), index);
            assert_eq!(dictionary.value(index), &value[..]);
        }
        assert_eq!(dictionary.len(), expected.len());
        assert!(!dictionary.is_crowded());
        dictionary.next_data_page();
        for at in [7, 3, 7, 3] {
            dictionary.index(&values[at], 0..values[at].len());
        }
        let mut fresh = Vec::new();
        dictionary.take_fresh(|place, page| fresh.push(page[place].to_vec()));
        assert_eq!(fresh, [&values[7][..], &values[3]]);
    }

    #[test]
    fn values_with_equal_ends_and_hashes_are_compared_whole() {
        let mut dictionary = ByteDictionary::new();
        let (one, other) = (*b"12345678-a-12345678", *b"12345678-b-12345678");
        dictionary.index(&one, 0..one.len());
        let ends = Ends::of(&other, &(0..other.len()));
        assert!(dictionary.entries[0].ends == ends);
        assert!(dictionary.is_value(0, &one, ends));
        assert!(!dictionary.is_value(0, &other, ends));
    }
}
