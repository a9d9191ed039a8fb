//! Sums over batches: per column, per row, and the rows' number.

use arrow::array::{ArrayRef, RecordBatch};
use model::checksum::Sum;
use model::{LogicalType, Result};
use serde::{Deserialize, Serialize};

use super::canonical::{ColumnHasher, row_hash};
use super::figures::ColumnTotals;

/// So many rows at a time: their hashes stay in the processor's nearest memory.
const ROWS_AT_ONCE: usize = 1_024;

/// One column that is summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnSpec {
    /// What it holds.
    pub(crate) holds: LogicalType,
    /// Whether the destination gives back what it was given.
    pub(crate) comparable: bool,
}

/// Sums of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// How many rows.
    pub(crate) rows: u64,
    /// Of the rows' hashes.
    pub(crate) row_sum: Sum,
    /// Of each column's hashes; zero where the column is not comparable.
    pub(crate) columns: Vec<Sum>,
}

impl Sums {
    /// These and those.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.row_sum.add(other.row_sum.0);
        self.columns
            .resize(self.columns.len().max(other.columns.len()), Sum::default());
        for (sum, other) in self.columns.iter_mut().zip(&other.columns) {
            sum.add(other.0);
        }
    }
}

/// Adds up batches.
#[derive(Debug)]
pub(crate) struct RowSums {
    hashers: Vec<Option<ColumnHasher>>,
    sums: Sums,
    hashes: Vec<u128>,
    rows: Vec<u128>,
}

impl RowSums {
    pub(crate) fn new(specs: &[ColumnSpec]) -> Self {
        let hasher = |(at, spec): (usize, &ColumnSpec)| {
            spec.comparable
                .then(|| ColumnHasher::new(at + 1, &spec.holds))
        };
        Self {
            hashers: specs.iter().enumerate().map(hasher).collect(),
            sums: Sums {
                columns: vec![Sum::default(); specs.len()],
                ..Sums::default()
            },
            hashes: vec![0; ROWS_AT_ONCE],
            rows: vec![0; ROWS_AT_ONCE],
        }
    }

    /// Adds a batch whose columns are those of the load.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_columns() != self.hashers.len() {
            let message = format!(
                "{} columns are summed as {}",
                batch.num_columns(),
                self.hashers.len()
            );
            return Err(model::Error::internal(message));
        }
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = ROWS_AT_ONCE.min(batch.num_rows() - from);
            self.add_rows(&batch.slice(from, rows))?;
            from += rows;
        }
        Ok(())
    }

    fn add_rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let count = batch.num_rows();
        let rows = &mut self.rows[..count];
        let hashes = &mut self.hashes[..count];
        rows.fill(0);
        let columns = self.hashers.iter().zip(batch.columns());
        for ((hasher, column), sum) in columns.zip(&mut self.sums.columns) {
            let Some(hasher) = hasher else { continue };
            hasher.hash(column, hashes)?;
            for (row, hash) in rows.iter_mut().zip(hashes.iter()) {
                sum.add(*hash);
                *row = row.wrapping_add(*hash);
            }
        }
        for row in rows {
            self.sums.row_sum.add(row_hash(*row));
        }
        self.sums.rows += count as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> Sums {
        self.sums
    }
}

/// What is known of the rows handed to the writers: their sums, and figures that the source can compute
/// by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handed {
    pub(crate) sums: Sums,
    pub(crate) figures: Vec<ColumnTotals>,
}

impl Handed {
    /// These and those.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        if self.figures.is_empty() {
            self.figures.clone_from(&other.figures);
            return;
        }
        for (figures, other) in self.figures.iter_mut().zip(&other.figures) {
            figures.merge(other);
        }
    }
}

/// Adds up what is handed to one writer.
#[derive(Debug)]
pub(crate) struct HandedRows {
    sums: RowSums,
    figures: Vec<ColumnTotals>,
}

impl HandedRows {
    pub(crate) fn new(specs: &[ColumnSpec]) -> Self {
        Self {
            sums: RowSums::new(specs),
            figures: vec![ColumnTotals::default(); specs.len()],
        }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.sums.add(batch)?;
        let columns: &[ArrayRef] = batch.columns();
        for (figures, column) in self.figures.iter_mut().zip(columns) {
            figures.add(column);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Handed {
        Handed {
            sums: self.sums.finish(),
            figures: self.figures,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn columns() -> Vec<ColumnSpec> {
        [LogicalType::int(64), LogicalType::TEXT]
            .map(|holds| ColumnSpec {
                holds,
                comparable: true,
            })
            .to_vec()
    }

    fn batch(rows: &[(i64, &str)]) -> RecordBatch {
        let ids = Int64Array::from_iter_values(rows.iter().map(|(id, _)| *id));
        let names = StringArray::from_iter_values(rows.iter().map(|(_, name)| name));
        RecordBatch::try_from_iter([
            ("id", Arc::new(ids) as ArrayRef),
            ("name", Arc::new(names) as ArrayRef),
        ])
        .unwrap()
    }

    fn sums_of(specs: &[ColumnSpec], batches: &[RecordBatch]) -> Sums {
        let mut sums = RowSums::new(specs);
        for batch in batches {
            sums.add(batch).unwrap();
        }
        sums.finish()
    }

    #[test]
    fn neither_order_nor_batches_matter() {
        let many: Vec<(i64, &str)> = (0..5_000).map(|id| (id, "x")).collect();
        let one = sums_of(&columns(), &[batch(&many)]);
        let mut turned = many.clone();
        turned.reverse();
        let parts: Vec<_> = turned.chunks(1_500).map(batch).collect();
        assert_eq!(sums_of(&columns(), &parts), one);
        let mut merged = Sums::default();
        for part in &parts {
            merged.merge(&sums_of(&columns(), std::slice::from_ref(part)));
        }
        assert_eq!(merged, one);
        assert_eq!(one.rows, 5_000);
    }

    #[test]
    fn two_rows_that_exchange_a_value_are_seen_by_the_rows_alone() {
        let before = sums_of(&columns(), &[batch(&[(1, "a"), (2, "b")])]);
        let after = sums_of(&columns(), &[batch(&[(1, "b"), (2, "a")])]);
        assert_eq!(before.columns, after.columns);
        assert_ne!(before.row_sum, after.row_sum);
    }

    #[test]
    fn a_row_there_twice_is_not_a_row_that_is_not_there() {
        let twice = sums_of(&columns(), &[batch(&[(1, "a"), (1, "a")])]);
        let none = sums_of(&columns(), &[]);
        assert_ne!(twice.row_sum, none.row_sum);
        assert_ne!(twice.columns, none.columns);
    }

    #[test]
    fn a_column_that_is_not_comparable_is_left_out_of_the_rows() {
        let mut specs = columns();
        specs[1].comparable = false;
        let one = sums_of(&specs, &[batch(&[(1, "a"), (2, "b")])]);
        let other = sums_of(&specs, &[batch(&[(1, "A"), (2, "B")])]);
        assert_eq!(one, other);
        assert_ne!(one.row_sum, sums_of(&specs, &[batch(&[(1, "a")])]).row_sum);
    }
}
