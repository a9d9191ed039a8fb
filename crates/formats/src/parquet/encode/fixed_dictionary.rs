//! A dictionary of numbers: which index each value has. As long as they lie close together a table has a
//! place for each that is possible; else they are found by a hash.

use super::fixed::Fixed;
use super::statistics::Extent;

/// What is no index.
const NONE: u32 = u32::MAX;
/// A table of possible values has at most so many places.
const DIRECT_PLACES: i128 = 1 << 16;
/// The first table by hash has so many places.
const FIRST_PLACES: usize = 1 << 10;

/// The values of a chunk, each once, in the order in which they came.
pub(super) struct FixedDictionary<T> {
    entries: Vec<T>,
    lookup: Lookup,
    extent: Option<Extent<T>>,
}

enum Lookup {
    Direct { base: i64, places: Vec<u32> },
    Hashed(Hashed),
}

struct Hashed {
    places: Vec<Place>,
    shift: u32,
    /// Places that were passed by when the entries were put in.
    crowding: usize,
}

#[derive(Clone, Copy)]
struct Place {
    bits: u64,
    index: u32,
}

impl<T: Fixed> FixedDictionary<T> {
    pub(super) fn new() -> Self {
        let places = Vec::new();
        Self {
            entries: Vec::new(),
            lookup: Lookup::Direct { base: 0, places },
            extent: None,
        }
    }

    pub(super) fn entries(&self) -> &[T] {
        &self.entries
    }

    /// How many values there are between the smallest and the largest, as far as that can be known.
    pub(super) fn most_entries(&self) -> usize {
        let extent = self.extent.as_ref().filter(|_| T::HAS_PLACE);
        extent.map_or(usize::MAX, |extent| {
            let between = extent.max.place().abs_diff(extent.min.place());
            usize::try_from(between)
                .unwrap_or(usize::MAX)
                .saturating_add(1)
        })
    }

    /// Whether values lie so that finding them is slow.
    pub(super) fn is_crowded(&self) -> bool {
        match &self.lookup {
            Lookup::Direct { .. } => false,
            Lookup::Hashed(hashed) => hashed.crowding > 4_096 + 16 * self.entries.len(),
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<T>()
            + match &self.lookup {
                Lookup::Direct { places, .. } => places.capacity() * size_of::<u32>(),
                Lookup::Hashed(hashed) => hashed.places.capacity() * size_of::<Place>(),
            }
    }

    /// Appends the index of each value; `extent` is theirs.
    pub(super) fn index(&mut self, values: &[T], extent: Option<&Extent<T>>, out: &mut Vec<u32>) {
        self.make_room(extent);
        if let Some(extent) = extent {
            Extent::include(&mut self.extent, extent.clone());
        }
        let entries = &mut self.entries;
        match &mut self.lookup {
            Lookup::Direct { base, places } => {
                let (base, places) = (*base, &mut places[..]);
                out.extend(values.iter().map(|value| {
                    let at = value.place().wrapping_sub(base) as usize;
                    let place = &mut places[at];
                    if *place == NONE {
                        *place = entries.len() as u32;
                        entries.push(*value);
                    }
                    *place
                }));
            }
            Lookup::Hashed(hashed) => {
                out.extend(values.iter().map(|value| hashed.index(*value, entries)));
            }
        }
    }

    /// Makes a place for every value of this extent, or goes over to hashes.
    fn make_room(&mut self, extent: Option<&Extent<T>>) {
        let Lookup::Direct { base, places } = &mut self.lookup else {
            return;
        };
        let Some(extent) = extent.filter(|_| T::HAS_PLACE) else {
            self.lookup = Lookup::Hashed(Hashed::of(&self.entries));
            return;
        };
        let (mut low, mut high) = (
            i128::from(extent.min.place()),
            i128::from(extent.max.place()),
        );
        if !places.is_empty() {
            let end = i128::from(*base) + places.len() as i128 - 1;
            if i128::from(*base) <= low && high <= end {
                return;
            }
            (low, high) = (low.min(i128::from(*base)), high.max(end));
        }
        let count = high - low + 1;
        if count > DIRECT_PLACES {
            self.lookup = Lookup::Hashed(Hashed::of(&self.entries));
            return;
        }
        *base = low as i64;
        places.clear();
        places.resize(count as usize, NONE);
        for (index, entry) in self.entries.iter().enumerate() {
            places[entry.place().wrapping_sub(*base) as usize] = index as u32;
        }
    }
}

impl Hashed {
    fn of<T: Fixed>(entries: &[T]) -> Self {
        let mut hashed = Self::with_places(FIRST_PLACES.max(entries.len() * 4).next_power_of_two());
        for (index, entry) in entries.iter().enumerate() {
            hashed.put(entry.bits(), index as u32);
        }
        hashed
    }

    fn with_places(count: usize) -> Self {
        let empty = Place {
            bits: 0,
            index: NONE,
        };
        Self {
            places: vec![empty; count],
            shift: 64 - count.trailing_zeros(),
            crowding: 0,
        }
    }

    /// Multiplied by the golden ratio, the highest bits depend on all others.
    fn start(&self, bits: u64) -> usize {
        (bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    #[inline]
    fn index<T: Fixed>(&mut self, value: T, entries: &mut Vec<T>) -> u32 {
        let bits = value.bits();
        let mask = self.places.len() - 1;
        let mut at = self.start(bits);
        loop {
            let place = self.places[at & mask];
            if place.index == NONE {
                return self.add(value, entries);
            }
            if place.bits == bits {
                return place.index;
            }
            at += 1;
        }
    }

    #[cold]
    fn add<T: Fixed>(&mut self, value: T, entries: &mut Vec<T>) -> u32 {
        if entries.len() * 2 >= self.places.len() {
            *self = Self::of(entries);
        }
        let index = entries.len() as u32;
        entries.push(value);
        self.put(value.bits(), index);
        index
    }

    fn put(&mut self, bits: u64, index: u32) {
        let mask = self.places.len() - 1;
        let mut at = self.start(bits);
        while self.places[at & mask].index != NONE {
            at += 1;
            self.crowding += 1;
        }
        self.places[at & mask] = Place { bits, index };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Fixed + std::fmt::Debug>(batches: &[Vec<T>]) {
        let mut dictionary = FixedDictionary::new();
        let mut indices = Vec::new();
        for batch in batches {
            dictionary.index(batch, T::extent(batch).as_ref(), &mut indices);
        }
        let values = batches.iter().flatten();
        assert_eq!(values.clone().count(), indices.len());
        for (value, index) in values.zip(&indices) {
            let entry = dictionary.entries()[*index as usize];
            assert_eq!(entry.bits(), value.bits());
        }
        let mut bits: Vec<u64> = dictionary
            .entries()
            .iter()
            .map(|entry| entry.bits())
            .collect();
        bits.sort_unstable();
        bits.dedup();
        assert_eq!(bits.len(), dictionary.entries().len());
    }

    #[test]
    fn every_value_has_one_index_however_far_apart_they_lie() {
        check(&[
            vec![3_i32, 1, 3],
            vec![-5, 1],
            vec![70_000, 3],
            vec![i32::MIN, i32::MAX, 3],
        ]);
        check(&[vec![i64::MIN], vec![i64::MAX, i64::MIN, 0]]);
        check(&[
            vec![5_i64; 10],
            (0..200_000).map(|value| value << 30).collect(),
        ]);
        check(&[vec![0.0, -0.0, f64::NAN, -f64::NAN, 0.0], vec![f64::NAN]]);
        check(&[vec![f32::NAN], vec![1.5, f32::NAN, 1.5]]);
        check::<i64>(&[Vec::new(), vec![7]]);
    }
}
