//! Boundaries of whole-number keys of large tables: the key's space is halved where the server's own
//! estimate says that the rows are, so that nothing is read; dense and empty stretches, skewed first
//! columns and numbers above 2⁶³ alike. Arithmetic is in i128.

use model::Result;
use model::plan::Scan;
use mysql_async::{Row, Value};

use super::ddl::{quote, quote_table};
use super::pool::Lease;
use super::split::{Key, explained_rows};
use super::statement::KeyValue;

/// A stretch of the key's space: fixed values of the first columns, and a span of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    prefix: Vec<i128>,
    low: i128,
    high: i128,
    rows: u64,
}

/// Stretches for each split wanted: what is left uneven is a fraction of a split.
const FINENESS: u64 = 4;
const QUESTIONS_PER_SPLIT: usize = 64;

/// Whether all columns are whole numbers.
pub(crate) fn is_possible(key: &Key) -> bool {
    key.natives.iter().all(|column| {
        matches!(
            column.base.as_str(),
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year"
        )
    })
}

/// Boundaries between about `wanted` parts of about as many rows each.
pub(crate) async fn boundaries(
    lease: &mut Lease,
    scan: &Scan,
    key: &Key,
    wanted: usize,
) -> Result<Vec<Vec<KeyValue>>> {
    let names: Vec<String> = key
        .columns
        .iter()
        .map(|column| quote(&column.name))
        .collect();
    let mut space = Space {
        lease,
        table: quote_table(&scan.table),
        hint: key
            .index
            .as_ref()
            .map(|index| format!(" FORCE INDEX ({})", quote(index)))
            .unwrap_or_default(),
        names,
        questions: 64 + wanted * QUESTIONS_PER_SPLIT,
    };
    let Some(first) = space.ends(&[]).await? else {
        return Ok(Vec::new());
    };
    let first = Stretch {
        rows: space.estimate(&first).await?,
        ..first
    };
    let enough = (first.rows / (wanted as u64 * FINENESS)).max(1);
    let stretches = space.halve(first, enough).await?;
    Ok(evened(&stretches, wanted))
}

struct Space<'a> {
    lease: &'a mut Lease,
    table: String,
    hint: String,
    names: Vec<String>,
    questions: usize,
}

impl Space<'_> {
    /// Halves until each stretch holds no more than `enough` rows; in the key's order.
    async fn halve(&mut self, first: Stretch, enough: u64) -> Result<Vec<Stretch>> {
        let mut done = Vec::new();
        let mut open = vec![first];
        while let Some(stretch) = open.pop() {
            if stretch.rows <= enough || self.questions == 0 {
                done.push(stretch);
                continue;
            }
            match self.halves(&stretch).await? {
                // The left one is looked at first: it was pushed last.
                Some(halves) => open.extend(halves.into_iter().rev()),
                None => done.push(stretch),
            }
        }
        Ok(done)
    }

    async fn halves(&mut self, stretch: &Stretch) -> Result<Option<Vec<Stretch>>> {
        if stretch.low == stretch.high {
            let mut prefix = stretch.prefix.clone();
            prefix.push(stretch.low);
            if prefix.len() == self.names.len() {
                return Ok(None);
            }
            let inner = self.ends(&prefix).await?;
            return Ok(inner.map(|inner| {
                vec![Stretch {
                    rows: stretch.rows,
                    ..inner
                }]
            }));
        }
        let middle = stretch.low + (stretch.high - stretch.low) / 2;
        let mut left = Stretch {
            high: middle,
            ..stretch.clone()
        };
        let mut right = Stretch {
            low: middle + 1,
            ..stretch.clone()
        };
        left.rows = self.estimate(&left).await?;
        right.rows = self.estimate(&right).await?;
        Ok(Some(vec![left, right]))
    }

    /// The first and the last value of the column behind `prefix`.
    async fn ends(&mut self, prefix: &[i128]) -> Result<Option<Stretch>> {
        self.questions = self.questions.saturating_sub(1);
        let column = &self.names[prefix.len()];
        let fixed = self.fixed(prefix);
        let condition = if fixed.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", fixed.join(" AND "))
        };
        let (table, hint) = (&self.table, &self.hint);
        let statement =
            format!("SELECT MIN({column}), MAX({column}) FROM {table}{hint}{condition}");
        let rows = self.lease.rows(&statement, Vec::new()).await?;
        let ends = rows
            .first()
            .and_then(|row| Some((number(row, 0)?, number(row, 1)?)));
        Ok(ends.map(|(low, high)| Stretch {
            prefix: prefix.to_vec(),
            low,
            high,
            rows: 0,
        }))
    }

    /// How many rows the server expects within.
    async fn estimate(&mut self, stretch: &Stretch) -> Result<u64> {
        self.questions = self.questions.saturating_sub(1);
        let mut conditions = self.fixed(&stretch.prefix);
        let column = &self.names[stretch.prefix.len()];
        conditions.push(format!(
            "{column} >= {} AND {column} <= {}",
            stretch.low, stretch.high
        ));
        let statement = format!(
            "EXPLAIN SELECT {column} FROM {}{} WHERE {}",
            self.table,
            self.hint,
            conditions.join(" AND ")
        );
        let rows = self.lease.ask(&statement).await?;
        Ok(rows.first().map_or(0, explained_rows))
    }

    /// Numbers of our own reckoning, in digits: EXPLAIN takes parameters on some servers only.
    fn fixed(&self, prefix: &[i128]) -> Vec<String> {
        self.names
            .iter()
            .zip(prefix)
            .map(|(name, value)| format!("{name} = {value}"))
            .collect()
    }
}

fn number(row: &Row, at: usize) -> Option<i128> {
    match row.as_ref(at)? {
        Value::Int(number) => Some(i128::from(*number)),
        Value::UInt(number) => Some(i128::from(*number)),
        _ => None,
    }
}

/// Boundaries at the beginning of stretches, so that about as many rows lie between them.
fn evened(stretches: &[Stretch], wanted: usize) -> Vec<Vec<KeyValue>> {
    let total: u64 = stretches.iter().map(|stretch| stretch.rows).sum();
    let share = (total / wanted as u64).max(1);
    let mut boundaries = Vec::new();
    let mut held = 0;
    for stretch in stretches {
        if held > 0 && held + stretch.rows / 2 >= share && boundaries.len() + 1 < wanted {
            let start = stretch.prefix.iter().chain([&stretch.low]);
            boundaries.push(
                start
                    .map(|value| KeyValue::Number(value.to_string()))
                    .collect(),
            );
            held = 0;
        }
        held += stretch.rows;
    }
    boundaries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(low: i128, high: i128, rows: u64) -> Stretch {
        Stretch {
            prefix: Vec::new(),
            low,
            high,
            rows,
        }
    }

    fn check(stretches: &[Stretch], wanted: usize, expected: &[&str]) {
        let starts: Vec<String> = evened(stretches, wanted)
            .into_iter()
            .map(|boundary| match &boundary[..] {
                [KeyValue::Number(digits)] => digits.clone(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(starts, expected);
    }

    #[test]
    fn boundaries_lie_where_the_rows_are() {
        let even: Vec<Stretch> = (0..8)
            .map(|at| stretch(at * 10, at * 10 + 9, 100))
            .collect();
        check(&even, 4, &["20", "40", "60"]);
        check(&even, 1, &[]);
        let sparse = [
            stretch(-5, -1, 1),
            stretch(0, 511, 500),
            stretch(512, 1023, 500),
            stretch(1024, 1 << 60, 1),
            stretch((1 << 60) + 1, i128::from(u64::MAX), 1),
        ];
        check(&sparse, 2, &["512"]);
        check(&[], 4, &[]);
    }
}
