//! Cutting a table by row numbers. They may be sparse, negative or at either end of 64 bits: a
//! bounded number of look-ups in the tree finds the gaps, the rest is cut evenly.

use std::collections::BinaryHeap;

use model::Result;
use serde::{Deserialize, Serialize};

/// Rows with numbers from `from` up to but not with `to`; open where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowidRange {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

/// A look-up in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seek {
    /// The first row number at or behind this one.
    AtOrAfter(i64),
    /// The last row number before this one.
    Before(i64),
}

impl RowidRange {
    /// All rows.
    pub(super) const ALL: Self = Self {
        from: None,
        to: None,
    };
}

/// A smaller part is not worth a query of its own.
const ROWS_PER_SPLIT: i128 = 1_000;
/// Look-ups for each part wanted.
const SEEKS_PER_SPLIT: usize = 64;
/// Look-ups in all.
const MOST_SEEKS: usize = 2_048;
/// A stretch of row numbers is narrow enough at this share of a part.
const STRETCHES_PER_SPLIT: i128 = 4;

/// Cuts the row numbers from `first` to `last`, both of which exist, into at most `wanted` ranges
/// that together hold every number there is.
pub(super) fn cut(
    first: i64,
    last: i64,
    wanted: usize,
    seek: impl FnMut(Seek) -> Result<Option<i64>>,
) -> Result<Vec<RowidRange>> {
    let most = (span(first, last) / ROWS_PER_SPLIT).max(1);
    let wanted = i128::try_from(wanted.max(1)).unwrap_or(i128::MAX).min(most);
    if wanted == 1 {
        return Ok(vec![RowidRange::ALL]);
    }
    let stretches = stretches(first, last, wanted, seek)?;
    let total: i128 = stretches.iter().map(|(from, to)| span(*from, *to)).sum();
    let parts = wanted.min((total / ROWS_PER_SPLIT).max(1));
    Ok(ranges(&boundaries(&stretches, total, parts)))
}

/// How many numbers there are from `first` to `last`.
fn span(first: i64, last: i64) -> i128 {
    i128::from(last) - i128::from(first) + 1
}

/// Stretches in their order that begin and end with a row; the widest is halved, and the gap in its
/// middle left out, until all are narrow or the look-ups are spent.
fn stretches(
    first: i64,
    last: i64,
    wanted: i128,
    mut seek: impl FnMut(Seek) -> Result<Option<i64>>,
) -> Result<Vec<(i64, i64)>> {
    let allowed = usize::try_from(wanted)
        .unwrap_or(MOST_SEEKS)
        .saturating_mul(SEEKS_PER_SPLIT)
        .min(MOST_SEEKS);
    let mut heap = BinaryHeap::from([(span(first, last), first, last)]);
    let mut total = span(first, last);
    let mut seeks = 0;
    while seeks + 2 <= allowed {
        let Some(mut widest) = heap.peek_mut() else {
            break;
        };
        let (width, from, to) = *widest;
        if width <= (total / (wanted * STRETCHES_PER_SPLIT)).max(2) {
            break;
        }
        let middle = middle(from, to);
        let before = seek(Seek::Before(middle))?.unwrap_or(from).max(from);
        let after = seek(Seek::AtOrAfter(middle))?.unwrap_or(to).min(to);
        seeks += 2;
        *widest = (span(from, before), from, before);
        drop(widest);
        heap.push((span(after, to), after, to));
        total -= width - span(from, before) - span(after, to);
    }
    let mut stretches: Vec<(i64, i64)> = heap.into_iter().map(|(_, from, to)| (from, to)).collect();
    stretches.sort_unstable();
    Ok(stretches)
}

/// A number above `from` and not above `to`, halfway.
fn middle(from: i64, to: i64) -> i64 {
    let middle = i128::from(from) + (i128::from(to) - i128::from(from) + 1) / 2;
    i64::try_from(middle).unwrap_or(to)
}

/// Where one part ends and the next begins: `parts - 1` numbers, rising.
fn boundaries(stretches: &[(i64, i64)], total: i128, parts: i128) -> Vec<i64> {
    let mut boundaries = Vec::new();
    let mut passed: i128 = 0;
    let mut part: i128 = 1;
    for (from, to) in stretches {
        let width = span(*from, *to);
        // Shares are computed by division first: total * part may not fit.
        let start_of = |part: i128| total / parts * part + total % parts * part / parts;
        while part < parts && start_of(part) < passed + width {
            let boundary = i128::from(*from) + start_of(part) - passed;
            boundaries.extend(i64::try_from(boundary));
            part += 1;
        }
        passed += width;
    }
    boundaries
}

fn ranges(boundaries: &[i64]) -> Vec<RowidRange> {
    let starts = std::iter::once(None).chain(boundaries.iter().copied().map(Some));
    let ends = boundaries.iter().copied().map(Some).chain([None]);
    starts
        .zip(ends)
        .map(|(from, to)| RowidRange { from, to })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The parts of these row numbers, and how many look-ups they took.
    fn parts_of(rowids: &BTreeSet<i64>, wanted: usize) -> (Vec<RowidRange>, usize) {
        let (first, last) = (*rowids.first().unwrap(), *rowids.last().unwrap());
        let mut seeks = 0;
        let parts = cut(first, last, wanted, |seek| {
            seeks += 1;
            Ok(match seek {
                Seek::AtOrAfter(at) => rowids.range(at..).next().copied(),
                Seek::Before(at) => rowids.range(..at).next_back().copied(),
            })
        });
        (parts.unwrap(), seeks)
    }

    fn holds(range: &RowidRange, rowid: i64) -> bool {
        range.from.is_none_or(|from| rowid >= from) && range.to.is_none_or(|to| rowid < to)
    }

    fn counts(rowids: &BTreeSet<i64>, parts: &[RowidRange]) -> Vec<usize> {
        parts
            .iter()
            .map(|part| rowids.iter().filter(|rowid| holds(part, **rowid)).count())
            .collect()
    }

    fn rowid() -> impl Strategy<Value = i64> {
        prop_oneof![
            any::<i64>(),
            -5_000_i64..5_000,
            Just(i64::MIN),
            Just(i64::MAX),
            (i64::MAX - 3_000)..=i64::MAX,
            i64::MIN..=(i64::MIN + 3_000),
        ]
    }

    proptest! {
        #[test]
        fn each_row_is_in_one_part(
            rowids in prop::collection::btree_set(rowid(), 1..300),
            others in prop::collection::vec(rowid(), 0..50),
            wanted in 0_usize..70,
        ) {
            let (parts, seeks) = parts_of(&rowids, wanted);
            prop_assert!(!parts.is_empty() && parts.len() <= wanted.max(1));
            prop_assert!(seeks <= MOST_SEEKS);
            for rowid in rowids.iter().chain(&others) {
                let holding = parts.iter().filter(|part| holds(part, *rowid)).count();
                prop_assert_eq!(holding, 1);
            }
        }
    }

    #[test]
    fn dense_rows_are_cut_evenly() {
        let rowids: BTreeSet<i64> = (1..=100_000).collect();
        let (parts, _) = parts_of(&rowids, 8);
        assert_eq!(counts(&rowids, &parts), [12_500; 8]);
    }

    #[test]
    fn gaps_do_not_make_parts_empty() {
        let mut rowids: BTreeSet<i64> = (1..=50_000).collect();
        rowids.extend([i64::MIN, i64::MAX, 1 << 40]);
        rowids.extend((1_i64 << 50)..(1 << 50) + 50_000);
        let (parts, _) = parts_of(&rowids, 10);
        let counts = counts(&rowids, &parts);
        assert_eq!(counts.len(), 10);
        for count in counts {
            assert!((9_000..=11_000).contains(&count), "{count}");
        }
    }

    #[test]
    fn a_few_rows_stay_together() {
        let rowids: BTreeSet<i64> = (1..=900).collect();
        assert_eq!(parts_of(&rowids, 8), (vec![RowidRange::ALL], 0));
    }
}
