//! The shape of one array value: the server's arrays are boxes, lists within lists need not be.

use std::ops::Range;

use arrow::array::{Array, AsArray, ListArray};

/// A box: its lengths from the outside in (none for an empty array) and where its elements stand in
/// the innermost child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) lengths: Vec<usize>,
    pub(super) leaves: Range<usize>,
}

impl Shape {
    /// The shape of the list at `row`, which is not null; `None` where it is no box: a part is null,
    /// parts differ in length, or parts are empty while the whole is not.
    pub(super) fn of(lists: &ListArray, row: usize, depth: usize) -> Option<Self> {
        let mut lengths = Vec::with_capacity(depth);
        let mut range = span(lists, row..row + 1);
        lengths.push(range.len());
        let mut level = lists;
        for _ in 1..depth {
            let inner = level.values().as_list_opt::<i32>()?;
            let deeper = span(inner, range.clone());
            if !range.is_empty() {
                let length = deeper.len() / range.len();
                let fits = |part: usize| {
                    inner.is_valid(part) && span(inner, part..part + 1).len() == length
                };
                if length == 0 || !range.clone().all(fits) {
                    return None;
                }
                lengths.push(length);
            }
            (level, range) = (inner, deeper);
        }
        if range.is_empty() {
            lengths.clear();
        }
        Some(Self {
            lengths,
            leaves: range,
        })
    }
}

/// Where the elements of these lists stand.
fn span(lists: &ListArray, rows: Range<usize>) -> Range<usize> {
    let offsets = lists.value_offsets();
    let at = |index: usize| usize::try_from(offsets[index]).unwrap_or_default();
    at(rows.start)..at(rows.end)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Builder, ListBuilder};

    use super::*;

    /// Two-dimensional lists; a part may be null.
    fn lists(rows: &[&[Option<&[i32]>]]) -> ListArray {
        let mut builder = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
        for row in rows {
            for part in *row {
                match part {
                    Some(values) => {
                        values.iter().for_each(|value| {
                            builder.values().values().append_value(*value);
                        });
                        builder.values().append(true);
                    }
                    None => builder.values().append(false),
                }
            }
            builder.append(true);
        }
        builder.finish()
    }

    #[test]
    fn boxes_have_a_shape_and_others_have_none() {
        let lists = lists(&[
            &[Some(&[1, 2]), Some(&[3, 4]), Some(&[5, 6])],
            &[],
            &[Some(&[1, 2]), Some(&[3])],
            &[Some(&[1]), None],
            &[Some(&[]), Some(&[])],
            &[Some(&[7])],
        ]);
        let shape =
            |row| Shape::of(&lists, row, 2).map(|shape| (shape.lengths, shape.leaves.len()));
        assert_eq!(shape(0), Some((vec![3, 2], 6)));
        assert_eq!(shape(1), Some((vec![], 0)));
        assert_eq!(shape(2), None);
        assert_eq!(shape(3), None);
        assert_eq!(shape(4), None);
        assert_eq!(shape(5), Some((vec![1, 1], 1)));
    }
}
