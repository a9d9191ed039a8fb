//! Keys of rows as bytes, equal exactly where the keys are: null meets null, a zero its negative, and
//! any NaN any other. A load's keys are held part by part, so that no more of them are in memory at a
//! time than may be.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::row::{RowConverter, Rows, SortField};
use model::plan::Write;
use model::{Error, ErrorKind, Result, Side};

/// What a key takes in memory beside its own bytes, roughly.
const KEY_OVERHEAD: usize = 80;
/// A key that no row of the table has met yet.
const NOT_MET: u64 = u64::MAX;

/// Makes keys of the first columns of batches.
pub(super) struct KeyMaker {
    converter: RowConverter,
    columns: usize,
}

impl KeyMaker {
    /// For keys of these types.
    pub(super) fn new(types: &[DataType]) -> Result<Self> {
        let fields = types.iter().cloned().map(SortField::new).collect();
        Ok(Self {
            converter: RowConverter::new(fields).map_err(no_key)?,
            columns: types.len(),
        })
    }

    /// The keys of a batch that begins with their columns.
    pub(super) fn keys(&self, batch: &RecordBatch) -> Result<Rows> {
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .take(self.columns)
            .map(normal)
            .collect();
        self.converter.convert_columns(&columns).map_err(no_key)
    }
}

fn no_key(error: arrow::error::ArrowError) -> Error {
    Error::internal("columns that make no key").caused_by(error)
}

/// The same values, of those that count as equal the same one.
fn normal(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float32 => {
            let floats = column.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(|value| {
                if value.is_nan() {
                    f32::NAN
                } else {
                    value + 0.0
                }
            }))
        }
        DataType::Float64 => {
            let floats = column.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(|value| {
                if value.is_nan() {
                    f64::NAN
                } else {
                    value + 0.0
                }
            }))
        }
        _ => Arc::clone(column),
    }
}

/// One of so many parts of all keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyPart {
    /// Which, from 0.
    pub(super) number: u64,
    /// Of how many.
    pub(super) of: u64,
}

impl KeyPart {
    /// Whether the key belongs to it.
    pub(super) fn has(self, key: &[u8]) -> bool {
        if self.of <= 1 {
            return true;
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() % self.of == self.number
    }
}

/// The keys of one part of a load, each once.
pub(super) struct KeySet {
    keys: HashMap<Box<[u8]>, u64>,
    bytes: usize,
}

/// What a row of the table is to a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// No row of the load has its key.
    Nobody,
    /// One has, and this is the first row of the table that does.
    First,
    /// One has, and another row of the table had it before.
    Again,
}

impl KeySet {
    pub(super) fn new() -> Self {
        Self {
            keys: HashMap::new(),
            bytes: 0,
        }
    }

    /// Takes the key of a row of the load; says whether it came for the first time.
    pub(super) fn take(&mut self, key: &[u8]) -> bool {
        match self.keys.entry(key.into()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(NOT_MET);
                self.bytes += key.len() + KEY_OVERHEAD;
                true
            }
        }
    }

    /// A row of the table with this key, to be remembered as `place`.
    pub(super) fn meet(&mut self, key: &[u8], place: u64) -> Met {
        match self.keys.get_mut(key) {
            None => Met::Nobody,
            Some(met) if *met == NOT_MET => {
                *met = place;
                Met::First
            }
            Some(_) => Met::Again,
        }
    }

    /// The place of the table's row with this key.
    pub(super) fn place(&self, key: &[u8]) -> Option<u64> {
        let place = self.keys.get(key).copied();
        place.filter(|place| *place != NOT_MET)
    }

    /// The memory that it takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What `rows` keys of `bytes` bytes take in memory, roughly.
pub(super) fn memory(rows: u64, bytes: u64) -> u64 {
    rows.saturating_mul(KEY_OVERHEAD as u64)
        .saturating_add(bytes)
}

/// Two rows of a load have one key: nobody can say which one counts.
pub(super) fn comes_twice(write: &Write) -> Error {
    let message = format!(
        "a key of {} comes more than once: {}",
        write.table.name,
        write.update_key.join(", ")
    );
    Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", message)
        .on(Side::Source)
        .hint("update by columns that tell the rows apart, or filter the rows")
}

/// Two rows of the table have the key of one of the load.
pub(super) fn stands_twice(write: &Write) -> Error {
    let message = format!("a key of {} stands there more than once", write.table.name);
    Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", message)
        .on(Side::Destination)
        .hint("update by columns that tell the rows apart, or remove those rows")
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, StringArray};

    use super::*;

    fn keys(columns: Vec<ArrayRef>) -> Vec<Vec<u8>> {
        let types: Vec<DataType> = columns.iter().map(|c| c.data_type().clone()).collect();
        let named = columns.into_iter().enumerate();
        let batch = RecordBatch::try_from_iter_with_nullable(
            named.map(|(index, column)| (index.to_string(), column, true)),
        );
        let rows = KeyMaker::new(&types).unwrap().keys(&batch.unwrap());
        rows.unwrap()
            .iter()
            .map(|row| row.data().to_vec())
            .collect()
    }

    #[test]
    fn what_counts_as_equal_has_the_same_bytes() {
        let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
        let floats = Float64Array::from(vec![0.0, -0.0, f64::NAN, -other_nan, 1.5]);
        let keys = keys(vec![Arc::new(floats)]);
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[2], keys[3]);
        assert_ne!(keys[0], keys[4]);
    }

    #[test]
    fn null_is_one_value_and_no_text_is_another() {
        let texts = StringArray::from(vec![None, None, Some(""), Some("a"), Some("ab")]);
        let numbers = Int64Array::from(vec![Some(1); 5]);
        let keys = keys(vec![Arc::new(texts), Arc::new(numbers)]);
        assert_eq!(keys[0], keys[1]);
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn the_border_between_two_columns_counts() {
        let first = StringArray::from(vec!["a", "ab"]);
        let second = StringArray::from(vec!["bc", "c"]);
        let keys = keys(vec![Arc::new(first), Arc::new(second)]);
        assert_ne!(keys[0], keys[1]);
    }

    #[test]
    fn each_key_belongs_to_one_part() {
        for number in 0..200_u32 {
            let key = number.to_be_bytes();
            let parts = (0..7).filter(|number| {
                let part = KeyPart {
                    number: *number,
                    of: 7,
                };
                part.has(&key)
            });
            assert_eq!(parts.count(), 1);
        }
    }

    #[test]
    fn a_key_comes_once_and_is_met_once() {
        let mut set = KeySet::new();
        assert!(set.take(b"a") && set.take(b"b") && !set.take(b"a"));
        assert_eq!(set.meet(b"c", 1), Met::Nobody);
        assert_eq!(set.meet(b"a", 2), Met::First);
        assert_eq!(set.meet(b"a", 3), Met::Again);
        assert_eq!((set.place(b"a"), set.place(b"b")), (Some(2), None));
        assert!(set.bytes() > 2);
    }
}
