//! Values that the server would refuse, cut, round or fill up: found before anything is sent, so that
//! their row is rejected by name and the others go on.

use std::ops::RangeInclusive;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, ListArray, PrimitiveArray, RecordBatch, StringArray,
};
use arrow::datatypes::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use contract::Unfit;
use model::LogicalType;
use model::plan::{Column, Write};
use serde::de::IgnoredAny;

use super::array_shape::Shape;
use super::json_text;
use super::limits::too_wide;

/// A value is at most so large at the server, with some room for its head.
const LARGEST_VALUE: usize = (1 << 30) - 64;

/// 4713-11-24 before our era to 5874897-12-31, in days from 1970.
const DAYS: RangeInclusive<i32> = -2_440_588..=2_145_042_905;
/// What the server counts its moments from; their end is beyond what travels.
const FIRST_MICROS: i64 = -210_866_803_200_000_000;

type Reason = (&'static str, String);

/// The first unfit value of each row.
pub(super) fn of_batch(write: &Write, batch: &RecordBatch) -> Vec<Unfit> {
    let mut found: Vec<Unfit> = Vec::new();
    for (index, (column, array)) in write.table.columns.iter().zip(batch.columns()).enumerate() {
        of_column(column, array, &mut |row, (code, reason)| {
            found.push(Unfit {
                row,
                column: index,
                code,
                reason,
            });
        });
    }
    found.extend(too_wide(write, batch));
    found.sort_by_key(|unfit| (unfit.row, unfit.column));
    found.dedup_by_key(|unfit| unfit.row);
    found
}

fn of_column(column: &Column, array: &ArrayRef, found: &mut dyn FnMut(usize, Reason)) {
    let is_jsonb = column.native.trim_end_matches("[]") == "jsonb";
    of_array(&column.holds, is_jsonb, array, found);
}

fn of_array(
    holds: &LogicalType,
    is_jsonb: bool,
    array: &ArrayRef,
    found: &mut dyn FnMut(usize, Reason),
) {
    match holds {
        LogicalType::Text { max_chars } => {
            texts(array.as_string_opt(), found, |text| {
                text_reason(text, *max_chars)
            });
        }
        LogicalType::Json => texts(array.as_string_opt(), found, |text| json(text, is_jsonb)),
        LogicalType::Uuid => texts(array.as_string_opt(), found, uuid),
        LogicalType::Binary => binaries(array.as_binary_opt(), found),
        LogicalType::Date => days(array.as_primitive_opt(), found),
        LogicalType::Time { precision } => {
            let values = array.as_primitive_opt::<Time64MicrosecondType>();
            let values = values.map(|values| (&values.values()[..], values.nulls()));
            fractions(values, *precision, found);
        }
        LogicalType::Timestamp { precision, .. } => {
            let values = array.as_primitive_opt::<TimestampMicrosecondType>();
            moments(values, found);
            let values = values.map(|values| (&values.values()[..], values.nulls()));
            fractions(values, *precision, found);
        }
        LogicalType::List(_) => {
            if let Some(lists) = array.as_list_opt() {
                of_lists(holds, is_jsonb, lists, found);
            }
        }
        _ => {}
    }
}

fn texts(
    array: Option<&StringArray>,
    found: &mut dyn FnMut(usize, Reason),
    reason: impl Fn(&str) -> Option<Reason>,
) {
    let Some(array) = array else { return };
    for (row, text) in array.iter().enumerate() {
        if let Some(reason) = text.and_then(&reason) {
            found(row, reason);
        }
    }
}

fn text_reason(text: &str, max_chars: Option<u32>) -> Option<Reason> {
    if text.as_bytes().contains(&0) {
        let reason = "the text holds U+0000, which PostgreSQL does not store".to_owned();
        return Some(("NUL_IN_TEXT", reason));
    }
    let limit = usize::try_from(max_chars.unwrap_or(u32::MAX)).unwrap_or(usize::MAX);
    // A character takes one byte at least.
    if text.len() > limit && text.chars().count() > limit {
        return Some((
            "TEXT_TOO_LONG",
            format!("the text has more than {limit} characters"),
        ));
    }
    too_large(text.len())
}

fn too_large(bytes: usize) -> Option<Reason> {
    (bytes > LARGEST_VALUE).then(|| {
        let reason = format!("{bytes} bytes are more than PostgreSQL stores in one value");
        ("VALUE_TOO_LARGE", reason)
    })
}

fn json(text: &str, is_jsonb: bool) -> Option<Reason> {
    let invalid = |reason: String| Some(("NOT_JSON", reason));
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return invalid(format!("the text is no JSON document: {}", place(&error)));
    }
    match json_text::refusal(text, is_jsonb) {
        Some(reason) => invalid(reason.to_owned()),
        None => too_large(text.len()),
    }
}

/// Where it goes wrong; never what stands there.
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

fn uuid(text: &str) -> Option<Reason> {
    let is_plain = text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    (!is_plain).then(|| ("INVALID_UUID", "the text is no UUID".to_owned()))
}

fn binaries(array: Option<&BinaryArray>, found: &mut dyn FnMut(usize, Reason)) {
    let Some(array) = array else { return };
    for (row, bytes) in array.iter().enumerate() {
        if let Some(reason) = bytes.and_then(|bytes| too_large(bytes.len())) {
            found(row, reason);
        }
    }
}

fn days(array: Option<&PrimitiveArray<Date32Type>>, found: &mut dyn FnMut(usize, Reason)) {
    let Some(array) = array else { return };
    for (row, days) in array.iter().enumerate() {
        if days.is_some_and(|days| !DAYS.contains(&days)) {
            let reason = "the date is none of those from 4713 BC to 5874897 that PostgreSQL knows";
            found(row, ("DATE_OUT_OF_RANGE", reason.to_owned()));
        }
    }
}

fn moments(
    array: Option<&PrimitiveArray<TimestampMicrosecondType>>,
    found: &mut dyn FnMut(usize, Reason),
) {
    let Some(array) = array else { return };
    for (row, micros) in array.iter().enumerate() {
        if micros.is_some_and(|micros| micros < FIRST_MICROS) {
            let reason = "the timestamp lies before 4713 BC, where those of PostgreSQL begin";
            found(row, ("TIMESTAMP_OUT_OF_RANGE", reason.to_owned()));
        }
    }
}

/// The server would round what is finer than the column says.
fn fractions(
    values: Option<(&[i64], Option<&arrow::buffer::NullBuffer>)>,
    precision: u8,
    found: &mut dyn FnMut(usize, Reason),
) {
    let Some((values, nulls)) = values.filter(|_| precision < 6) else {
        return;
    };
    let unit = 10_i64.pow(u32::from(6 - precision));
    for (row, micros) in values.iter().enumerate() {
        if micros % unit != 0 && nulls.is_none_or(|nulls| nulls.is_valid(row)) {
            let reason = format!("the second's fraction has more than {precision} digits");
            found(row, ("TIME_PRECISION", reason));
        }
    }
}

fn of_lists(
    holds: &LogicalType,
    is_jsonb: bool,
    lists: &ListArray,
    found: &mut dyn FnMut(usize, Reason),
) {
    let (mut depth, mut innermost) = (0, holds);
    let mut elements: Option<&ArrayRef> = None;
    let mut level = Some(lists);
    while let LogicalType::List(inner) = innermost {
        depth += 1;
        innermost = inner;
        elements = level.map(ListArray::values);
        level = elements.and_then(|elements| elements.as_list_opt());
    }
    let Some(elements) = elements else { return };
    let mut unfit: Vec<(usize, Reason)> = Vec::new();
    of_array(innermost, is_jsonb, elements, &mut |leaf, reason| {
        unfit.push((leaf, reason));
    });
    for row in (0..lists.len()).filter(|row| lists.is_valid(*row)) {
        match Shape::of(lists, row, depth) {
            None => {
                let reason = "lists within the list are null, empty or of different lengths";
                found(row, ("ARRAY_SHAPE", reason.to_owned()));
            }
            Some(shape) => {
                let mine = unfit.iter().find(|(leaf, _)| shape.leaves.contains(leaf));
                if let Some((_, reason)) = mine {
                    found(row, reason.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, ListBuilder, StringBuilder, TimestampMicrosecondArray};

    use super::*;

    #[track_caller]
    fn check(holds: &LogicalType, native: &str, array: &ArrayRef, expected: &[(usize, &str)]) {
        let column = Column {
            name: "c".to_owned(),
            holds: holds.clone(),
            native: native.to_owned(),
            nullable: true,
            comment: None,
        };
        let mut found = Vec::new();
        of_column(&column, array, &mut |row, (code, _)| {
            found.push((row, code));
        });
        assert_eq!(found, expected);
    }

    fn strings(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn what_the_server_would_refuse_is_found_by_row() {
        let text = strings(&[Some("a"), None, Some("a\0b"), Some("日本語")]);
        check(&LogicalType::TEXT, "text", &text, &[(2, "NUL_IN_TEXT")]);
        let two = LogicalType::Text { max_chars: Some(2) };
        check(
            &two,
            "varchar(2)",
            &text,
            &[(2, "NUL_IN_TEXT"), (3, "TEXT_TOO_LONG")],
        );
        let json = strings(&[
            Some("{ \"a\":1, \"a\":2}"),
            Some("{"),
            Some(""),
            Some("\"\\u0000\""),
        ]);
        let invalid = [(1, "NOT_JSON"), (2, "NOT_JSON")];
        check(&LogicalType::Json, "json", &json, &invalid);
        let in_jsonb = [(1, "NOT_JSON"), (2, "NOT_JSON"), (3, "NOT_JSON")];
        check(&LogicalType::Json, "jsonb", &json, &in_jsonb);
        let uuid = strings(&[
            Some("not one"),
            Some("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ]);
        check(&LogicalType::Uuid, "uuid", &uuid, &[(0, "INVALID_UUID")]);
    }

    #[test]
    fn what_the_server_would_round_is_found() {
        let milliseconds = LogicalType::Timestamp {
            precision: 3,
            zoned: false,
        };
        let values = vec![Some(1_000), Some(1_001), None, Some(-1)];
        let values: ArrayRef = Arc::new(TimestampMicrosecondArray::from(values));
        let found = [(1, "TIME_PRECISION"), (3, "TIME_PRECISION")];
        check(&milliseconds, "timestamp(3)", &values, &found);
    }

    #[test]
    fn moments_that_the_server_does_not_know_are_found() {
        let days = vec![
            Some(i32::MIN),
            Some(-2_440_589),
            Some(-2_440_588),
            None,
            Some(0),
        ];
        let days = days
            .into_iter()
            .chain([2_145_042_905, 2_145_042_906, i32::MAX].map(Some));
        let days: ArrayRef = Arc::new(Date32Array::from(days.collect::<Vec<_>>()));
        let found = [0, 1, 6, 7].map(|row| (row, "DATE_OUT_OF_RANGE"));
        check(&LogicalType::Date, "date", &days, &found);
        let holds = LogicalType::Timestamp {
            precision: 6,
            zoned: true,
        };
        let micros = vec![i64::MIN, FIRST_MICROS - 1, FIRST_MICROS, 0, i64::MAX];
        let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(micros));
        let found = [0, 1].map(|row| (row, "TIMESTAMP_OUT_OF_RANGE"));
        check(&holds, "timestamptz", &micros, &found);
    }

    #[test]
    fn elements_are_looked_at_one_by_one() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.append_value([Some("a"), None]);
        lists.append_value([Some("b"), Some("c\0")]);
        let lists: ArrayRef = Arc::new(lists.finish());
        let holds = LogicalType::List(Box::new(LogicalType::TEXT));
        check(&holds, "text[]", &lists, &[(1, "NUL_IN_TEXT")]);
    }
}
