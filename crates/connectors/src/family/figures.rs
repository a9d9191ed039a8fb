//! What a database computes of a scan's rows by itself: one row of aggregates a part, read as text by
//! the connector's own reader, under its snapshot.

use std::cmp::Ordering;

use arrow::array::{Array, AsArray};
use arrow::datatypes::i256;
use contract::{
    BatchLimits, CancellationToken, Meter, Rejected, Snapshot, SourceColumn, SourceFigures, Split,
    TaskContext, WriteBudget,
};
use futures::TryStreamExt;
use futures::future::try_join_all;
use model::checksum::{ColumnFigures, Range};
use model::plan::{Scan, ScanColumn};
use model::{Error, LogicalType, NativeColumn, Result, SplitId};
use serde_json::Value as Json;

/// So many columns at once: no server gives more than some 1,600 values in a row.
const COLUMNS_AT_ONCE: usize = 300;
/// A table of fewer rows is asked for as a whole: cutting it is a question, too.
const ROWS_WORTH_CUTTING: u64 = 50_000;

/// How one column is asked for.
pub(crate) struct Question {
    /// What is null where the column is.
    pub(crate) value: String,
    /// Its range; or why there is none.
    pub(crate) range: std::result::Result<RangeQuestion, String>,
}

/// A question, and the column that it is of.
type Asked<'a> = (&'a Question, &'a ScanColumn);

/// Aggregates that answer with digits as text.
pub(crate) struct RangeQuestion {
    pub(crate) min: String,
    pub(crate) max: String,
    /// Or two sums with a blank between them: of what is above 32 bits, and of the 32 bits below.
    pub(crate) sum: String,
    /// How many places behind the point the figures have in the end.
    pub(crate) scale: u8,
}

/// How a connector reads one row of text.
pub(crate) struct Asking<'a> {
    pub(crate) snapshot: &'a dyn Snapshot,
    pub(crate) scan: &'a Scan,
    /// The payloads of splits that are the whole table together.
    pub(crate) parts: Vec<Json>,
    /// The word for decoding text.
    pub(crate) decode: &'a str,
    /// A number as text, in the server's language.
    pub(crate) as_text: fn(&str) -> String,
    pub(crate) cancel: &'a CancellationToken,
}

/// Where a statement keeps one core of its server busy and no more: a payload for each reader of the
/// snapshot, or `whole` of a table that is small.
pub(crate) async fn parts(snapshot: &dyn Snapshot, scan: &Scan, whole: Json) -> Result<Vec<Json>> {
    let is_small = scan.estimated_rows.unwrap_or(0) < ROWS_WORTH_CUTTING;
    if is_small || snapshot.readers() < 2 {
        return Ok(vec![whole]);
    }
    let splits = snapshot.split(scan, snapshot.readers()).await?;
    Ok(splits.into_iter().map(|split| split.payload).collect())
}

impl Asking<'_> {
    /// Asks for all parts side by side; `questions` are in the order of the scan's columns.
    pub(crate) async fn ask(&self, questions: &[Question]) -> Result<SourceFigures> {
        let parts = self.parts.iter();
        let answers = try_join_all(parts.map(|part| self.ask_of(part, questions))).await?;
        let together = answers.into_iter().reduce(together);
        together.ok_or_else(|| Error::internal("a table of no part has no figures"))
    }

    async fn ask_of(&self, part: &Json, questions: &[Question]) -> Result<SourceFigures> {
        let mut figures = SourceFigures::default();
        // A scan without columns is counted, too.
        let asked: Vec<Asked<'_>> = questions.iter().zip(&self.scan.columns).collect();
        let some = asked.chunks(COLUMNS_AT_ONCE);
        let none = asked.is_empty().then_some(asked.as_slice());
        for asked in some.chain(none) {
            let mut answers = self.row(part, asked).await?.into_iter();
            let mut next = || answers.next().flatten();
            figures.rows = count(next())?;
            for (question, column) in asked {
                let non_null = match column.native.nullable {
                    true => count(next())?,
                    false => figures.rows,
                };
                figures.columns.push(answer(question, non_null, &mut next));
            }
        }
        Ok(figures)
    }

    async fn row(&self, part: &Json, questions: &[Asked<'_>]) -> Result<Vec<Option<String>>> {
        let mut asked = vec![(self.as_text)("count(*)")];
        for (question, column) in questions {
            // Where the server lets no null in, its rows are as many as its values.
            if column.native.nullable {
                asked.push((self.as_text)(&format!("count({})", question.value)));
            }
            if let Ok(range) = &question.range {
                asked.extend([&range.min, &range.max, &range.sum].map(Clone::clone));
            }
        }
        let columns = asked
            .into_iter()
            .enumerate()
            .map(|(at, expression)| ScanColumn {
                native: NativeColumn {
                    name: format!("figure{at}"),
                    ..NativeColumn::default()
                },
                logical: LogicalType::TEXT,
                expression: Some(expression),
                decode: self.decode.to_owned(),
            });
        let scan = Scan {
            columns: columns.collect(),
            primary_key: Vec::new(),
            private: Json::Null,
            ..self.scan.clone()
        };
        let split = Split::new(0, self.snapshot.id(), Some(1), part.clone());
        let task = self.task(&split.id);
        let batches = self.snapshot.read(&scan, &split, &task).await?;
        let batches: Vec<_> = batches.try_collect().await?;
        let [batch] = batches.as_slice() else {
            return Err(Error::internal("aggregates are not one row"));
        };
        if batch.num_rows() != 1 || task.rejected.count() > 0 {
            return Err(Error::internal("aggregates are not one row of text"));
        }
        let texts = batch.columns().iter().map(|column| {
            let texts = column.as_string::<i32>();
            texts.is_valid(0).then(|| texts.value(0).to_owned())
        });
        Ok(texts.collect())
    }

    fn task(&self, split: &SplitId) -> TaskContext {
        TaskContext {
            split: split.clone(),
            attempt: 1,
            cancel: self.cancel.child_token(),
            meter: Meter::default(),
            rejected: Rejected::new(&self.scan.table, split),
            budget: WriteBudget::new(0),
            limits: BatchLimits::default(),
        }
    }
}

fn count(text: Option<String>) -> Result<u64> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::internal("a count is not a number"))
}

fn answer(
    question: &Question,
    non_null: u64,
    next: &mut impl FnMut() -> Option<String>,
) -> SourceColumn {
    let (range, why) = match &question.range {
        Err(why) => (None, Some(why.clone())),
        Ok(range) => {
            let (min, max, sum) = (next(), next(), next());
            let digits = |text: Option<String>, none: &str| match text {
                None => Some(none.to_owned()),
                Some(text) => unscaled(&text, range.scale),
            };
            let range = digits(min, "")
                .zip(digits(max, ""))
                .zip(digits(sum.map(whole), "0"))
                .map(|((min, max), sum)| Range { min, max, sum });
            let why = range.is_none().then(|| {
                "the source's figures have more places than the values that travel".to_owned()
            });
            (range, why)
        }
    };
    SourceColumn {
        figures: Some(ColumnFigures { non_null, range }),
        why,
    }
}

/// Figures of two parts as those of both.
fn together(mut one: SourceFigures, other: SourceFigures) -> SourceFigures {
    one.rows += other.rows;
    for (column, other) in one.columns.iter_mut().zip(other.columns) {
        let why = column.why.take().or(other.why);
        let figures = column.figures.take().zip(other.figures);
        let figures = figures.map(|(one, other)| ColumnFigures {
            non_null: one.non_null + other.non_null,
            range: one.range.zip(other.range).and_then(range_of_both),
        });
        let has_range = figures.as_ref().is_some_and(|both| both.range.is_some());
        let too_large = || "the sum has more than 76 digits".to_owned();
        column.why = why.or_else(|| (!has_range).then(too_large));
        column.figures = figures;
    }
    one
}

/// `None` where a number has more digits than 256 bits.
fn range_of_both((one, other): (Range, Range)) -> Option<Range> {
    let sum = i256::from_string(&one.sum)?.checked_add(i256::from_string(&other.sum)?)?;
    Some(Range {
        min: further(one.min, other.min, Ordering::Less)?,
        max: further(one.max, other.max, Ordering::Greater)?,
        sum: sum.to_string(),
    })
}

/// The smaller number of the two, or the larger; a part without values has none.
fn further(one: String, other: String, wanted: Ordering) -> Option<String> {
    if one.is_empty() || other.is_empty() {
        return Some(one + &other);
    }
    let order = i256::from_string(&one)?.cmp(&i256::from_string(&other)?);
    Some(if order == wanted { one } else { other })
}

/// A sum that may come in two.
fn whole(sum: String) -> String {
    let halves = sum.split_once(' ').and_then(|(high, low)| {
        let (high, low) = (high.parse::<i128>().ok()?, low.parse::<i128>().ok()?);
        Some((high << 32) + low)
    });
    halves.map_or(sum, |sum| sum.to_string())
}

/// The digits of a decimal number without their point, with `scale` places behind it; `None` where it
/// has more.
fn unscaled(text: &str, scale: u8) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (kept, rest) = fraction.split_at(fraction.len().min(usize::from(scale)));
    if rest.chars().any(|digit| digit != '0') {
        return None;
    }
    let zeros = "0".repeat(usize::from(scale) - kept.len());
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let digits = format!("{digits}{kept}{zeros}");
    let digits = digits.trim_start_matches('0');
    let is_number = digits.chars().all(|digit| digit.is_ascii_digit());
    match digits {
        _ if !is_number => None,
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_in_two_is_one_sum() {
        assert_eq!(whole("-1 4294967295".to_owned()), "-1");
        let (high, low) = ("4611686014132420608", "8589934590");
        let twice_max = (i128::from(i64::MAX) * 2).to_string();
        assert_ne!(whole(format!("{high} {low}")), twice_max);
        assert_eq!(whole("4294967294 8589934590".to_owned()), twice_max);
        assert_eq!(whole("17".to_owned()), "17");
    }

    fn part(rows: u64, range: Option<[&str; 3]>) -> SourceFigures {
        let range = range.map(|[min, max, sum]| Range {
            min: min.to_owned(),
            max: max.to_owned(),
            sum: sum.to_owned(),
        });
        let why = range.is_none().then(|| "text has no figures".to_owned());
        let non_null = rows - 1;
        SourceFigures {
            rows,
            columns: vec![SourceColumn {
                figures: Some(ColumnFigures { non_null, range }),
                why,
            }],
        }
    }

    #[test]
    fn figures_of_parts_are_those_of_the_whole() {
        let ten_38 = format!("1{}", "0".repeat(38));
        let of_both = together(
            part(5, Some(["-3", "9", &ten_38])),
            part(2, Some(["-20", "10", "-1"])),
        );
        let mut expected = part(7, Some(["-20", "10", &"9".repeat(38)]));
        expected.columns[0].figures.as_mut().unwrap().non_null = 5;
        assert_eq!(of_both, expected);
        let none = together(part(1, Some(["", "", "0"])), part(1, Some(["", "", "0"])));
        assert_eq!(none.columns[0].figures.as_ref().unwrap().non_null, 0);
        assert_eq!(none.columns[0].why, None);
        let some = together(part(1, Some(["", "", "0"])), part(3, Some(["4", "5", "9"])));
        assert_eq!(some.columns, part(3, Some(["4", "5", "9"])).columns);
    }

    #[test]
    fn a_range_that_one_part_has_not_the_whole_has_not() {
        let text = together(part(5, None), part(5, None));
        assert_eq!(text.columns[0].why.as_deref(), Some("text has no figures"));
        let one = together(part(5, Some(["1", "2", "6"])), part(5, None));
        assert_eq!(one.columns[0].figures.as_ref().unwrap().range, None);
        assert_eq!(one.columns[0].why.as_deref(), Some("text has no figures"));
        let large = "9".repeat(90);
        let large = together(
            part(2, Some(["1", "1", &large])),
            part(2, Some(["1", "1", "1"])),
        );
        assert_eq!(large.columns[0].figures.as_ref().unwrap().range, None);
        assert!(large.columns[0].why.is_some());
    }

    #[test]
    fn digits_get_as_many_places_as_their_type_has() {
        for (text, scale, expected) in [
            ("12", 0, Some("12")),
            ("12", 2, Some("1200")),
            ("-12.3", 2, Some("-1230")),
            ("0.05", 2, Some("5")),
            ("-0.05", 2, Some("-5")),
            ("0.00", 2, Some("0")),
            ("-0", 0, Some("0")),
            ("00042", 0, Some("42")),
            ("1.500", 1, Some("15")),
            ("1.55", 1, None),
            ("NaN", 0, None),
            ("1e5", 0, None),
        ] {
            assert_eq!(unscaled(text, scale).as_deref(), expected, "{text}");
        }
    }
}
