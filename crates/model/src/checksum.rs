//! What `verify: checksums` proves of a table's values, as the run record keeps it.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Hashes of 128 bits added modulo 2^128: the order of what is added does not matter, and what is
/// added twice does. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sum(pub u128);

impl Sum {
    /// One hash more.
    pub fn add(&mut self, hash: u128) {
        self.0 = self.0.wrapping_add(hash);
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// What was proven of a table's values before its commit: the rows handed to the writers and the rows
/// that stood staged have these sums, both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueProof {
    /// Rows on either side.
    pub rows: u64,
    /// The sum of the rows' hashes. A row's hash binds the values of all columns that have a sum.
    pub row_sum: Sum,
    /// In the order of the destination's columns.
    pub columns: Vec<ColumnProof>,
}

impl ValueProof {
    /// How many columns' values were compared where they stand.
    pub fn compared(&self) -> usize {
        let compared = |column: &&ColumnProof| column.sum.is_some();
        self.columns.iter().filter(compared).count()
    }

    /// How many columns' figures the source computed by itself, all with the same outcome.
    pub fn agreed(&self) -> usize {
        let agreed = |column: &&ColumnProof| column.source.is_some();
        self.columns.iter().filter(agreed).count()
    }
}

/// What was proven of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProof {
    /// Its name at the destination.
    pub name: String,
    /// The sum of its values' hashes; none where the values are not comparable.
    pub sum: Option<Sum>,
    /// Why the values are not comparable: the destination keeps them otherwise than it was given them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_comparable: Option<String>,
    /// What the source computed of the column by itself, and the rows handed to the writers have, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ColumnFigures>,
    /// Why the source's figures were not compared, or not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_unproven: Option<String>,
}

/// Figures of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFigures {
    /// How many values are not null.
    pub non_null: u64,
    /// Of those; none where they are not computed exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
}

/// The smallest value, the largest, and the sum of all, in digits: integers as they are, decimals with
/// as many places as their type has, dates as days and timestamps as microseconds since 1970. Empty
/// texts and a sum of zero where there is no value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The smallest.
    pub min: String,
    /// The largest.
    pub max: String,
    /// Of all.
    pub sum: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_written_in_hex_and_read_again() {
        let mut sum = Sum(u128::MAX);
        sum.add(0x10);
        let text = serde_json::to_string(&sum).unwrap();
        assert_eq!(text, "\"0000000000000000000000000000000f\"");
        assert_eq!(serde_json::from_str::<Sum>(&text).unwrap(), sum);
        assert!(serde_json::from_str::<Sum>("\"xyz\"").is_err());
    }

    #[test]
    fn what_is_added_twice_does_not_vanish() {
        let mut twice = Sum::default();
        twice.add(7);
        twice.add(7);
        assert_ne!(twice, Sum::default());
    }
}
