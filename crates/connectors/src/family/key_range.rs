//! Half-open ranges over a key of one or more columns, in the order of tuples: disjoint and covering
//! whatever the boundaries are, because each boundary ends one range and begins the next.

/// One part of a key's space: from the first boundary on, up to but not with the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRange<V> {
    pub(crate) from: Option<Vec<V>>,
    pub(crate) until: Option<Vec<V>>,
}

/// How a column is compared with a boundary's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    Equal,
    Greater,
    GreaterOrEqual,
}

/// One comparison: the column's index, how, and with what.
pub(crate) type Term<'a, V> = (usize, Comparison, &'a V);

impl Comparison {
    /// In SQL.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::Equal => "=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// The ranges that boundaries in ascending order cut a key's space into; one more than boundaries.
pub(crate) fn ranges<V: Clone>(boundaries: &[Vec<V>]) -> Vec<KeyRange<V>> {
    let mut ranges = Vec::with_capacity(boundaries.len() + 1);
    let mut from = None;
    for boundary in boundaries {
        let until = Some(boundary.clone());
        ranges.push(KeyRange {
            from,
            until: until.clone(),
        });
        from = until;
    }
    ranges.push(KeyRange { from, until: None });
    ranges
}

impl<V> KeyRange<V> {
    /// The range as a condition: all of the outer list hold; of each, at least one alternative; of
    /// an alternative, all terms. Empty for the whole space.
    pub(crate) fn condition(&self) -> Vec<Vec<Vec<Term<'_, V>>>> {
        let from = self
            .from
            .iter()
            .map(|key| alternatives(key, Comparison::GreaterOrEqual));
        let until = self
            .until
            .iter()
            .map(|key| alternatives(key, Comparison::Less));
        from.chain(until).collect()
    }
}

/// `(a, b) ≥ (x, y)` as `a > x or (a = x and b ≥ y)`; `<` likewise.
fn alternatives<V>(key: &[V], last: Comparison) -> Vec<Vec<Term<'_, V>>> {
    let strict = match last {
        Comparison::GreaterOrEqual => Comparison::Greater,
        other => other,
    };
    (0..key.len())
        .map(|differs| {
            let mut terms: Vec<Term<'_, V>> = Vec::with_capacity(differs + 1);
            terms.extend(
                key[..differs]
                    .iter()
                    .enumerate()
                    .map(|(at, value)| (at, Comparison::Equal, value)),
            );
            let comparison = if differs + 1 == key.len() {
                last
            } else {
                strict
            };
            terms.push((differs, comparison, &key[differs]));
            terms
        })
        .collect()
}

/// `(a, b) > (x, y)`: what follows a key in its order.
pub(crate) fn after<V>(key: &[V]) -> Vec<Vec<Term<'_, V>>> {
    alternatives(key, Comparison::Greater)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(condition: &[Vec<Vec<Term<'_, i64>>>], row: &[i64]) -> bool {
        condition.iter().all(|alternatives| {
            alternatives.iter().any(|terms| {
                terms
                    .iter()
                    .all(|(column, comparison, value)| match comparison {
                        Comparison::Less => row[*column] < **value,
                        Comparison::Equal => row[*column] == **value,
                        Comparison::Greater => row[*column] > **value,
                        Comparison::GreaterOrEqual => row[*column] >= **value,
                    })
            })
        })
    }

    proptest! {
        #[test]
        fn each_row_is_in_exactly_one_range(
            mut boundaries in prop::collection::vec(prop::collection::vec(-3_i64..4, 1..=3), 0..6),
            rows in prop::collection::vec(prop::collection::vec(-4_i64..5, 3), 1..40),
        ) {
            boundaries.sort();
            boundaries.dedup();
            let ranges = ranges(&boundaries);
            prop_assert_eq!(ranges.len(), boundaries.len() + 1);
            for row in &rows {
                let within = ranges.iter().filter(|range| holds(&range.condition(), row)).count();
                prop_assert_eq!(within, 1, "{:?} {:?}", row, boundaries);
                let before = boundaries.iter().filter(|boundary| *boundary <= row).count();
                prop_assert!(holds(&ranges[before].condition(), row));
            }
        }

        #[test]
        fn after_a_key_comes_what_is_greater(
            key in prop::collection::vec(-3_i64..4, 2), row in prop::collection::vec(-3_i64..4, 2),
        ) {
            prop_assert_eq!(holds(&[after(&key)], &row), row > key);
        }
    }

    #[test]
    fn no_boundary_means_one_range_without_a_condition() {
        let ranges = ranges::<i64>(&[]);
        assert_eq!(ranges.len(), 1);
        assert!(ranges[0].condition().is_empty());
    }
}
