//! Count, smallest, largest and sum of a column: of the rows handed on, and as the source computes them
//! by itself. Compared where both are exact.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType,
};
use model::LogicalType;
use model::checksum::{ColumnFigures, Range};
use serde::{Deserialize, Serialize};

/// Figures of one column of the rows handed to the writers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnTotals {
    /// Values that are not null.
    pub(crate) non_null: u64,
    /// The smallest and the largest, where the type has figures and there is a value.
    pub(crate) ends: Option<(i128, i128)>,
    /// Modulo 2^128: as good for comparing, and never too large.
    pub(crate) sum: i128,
}

impl ColumnTotals {
    pub(crate) fn add(&mut self, array: &ArrayRef) {
        self.non_null += (array.len() - array.null_count()) as u64;
        match array.data_type() {
            DataType::Int8 => self.add_numbers(array.as_primitive::<Int8Type>()),
            DataType::Int16 => self.add_numbers(array.as_primitive::<Int16Type>()),
            DataType::Int32 => self.add_numbers(array.as_primitive::<Int32Type>()),
            DataType::Int64 => self.add_numbers(array.as_primitive::<Int64Type>()),
            DataType::Date32 => self.add_numbers(array.as_primitive::<Date32Type>()),
            DataType::Decimal128(..) => self.add_numbers(array.as_primitive::<Decimal128Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.add_numbers(array.as_primitive::<TimestampMicrosecondType>());
            }
            _ => {}
        }
    }

    fn add_numbers<T>(&mut self, array: &PrimitiveArray<T>)
    where
        T: ArrowPrimitiveType,
        T::Native: Ord + Into<i128>,
    {
        let mut ends: Option<(T::Native, T::Native)> = None;
        let mut sum = 0_i128;
        let mut take = |value: T::Native| {
            ends = Some(match ends {
                None => (value, value),
                Some((min, max)) => (min.min(value), max.max(value)),
            });
            sum = sum.wrapping_add(value.into());
        };
        if array.null_count() == 0 {
            array.values().iter().for_each(|value| take(*value));
        } else {
            array.iter().flatten().for_each(take);
        }
        self.sum = self.sum.wrapping_add(sum);
        self.widen(ends.map(|(min, max)| (min.into(), max.into())));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.non_null += other.non_null;
        self.sum = self.sum.wrapping_add(other.sum);
        self.widen(other.ends);
    }

    fn widen(&mut self, other: Option<(i128, i128)>) {
        self.ends = match (self.ends, other) {
            (Some((min, max)), Some((low, high))) => Some((min.min(low), max.max(high))),
            (one, other) => one.or(other),
        };
    }
}

/// Which of the source's figures differ from those of the rows handed on, one word each. `travels` is
/// what the source's figures are of, `holds` what was handed on.
pub(crate) fn differences(
    source: &ColumnFigures,
    handed: &ColumnTotals,
    travels: &LogicalType,
    holds: &LogicalType,
) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if source.non_null != handed.non_null {
        wrong.push("count");
    }
    let (Some(range), Some(factor)) = (&source.range, factor(travels, holds)) else {
        return wrong;
    };
    let ends = ends_of(range, factor);
    if ends.map(|(min, _)| min) != Some(handed.ends.map(|(min, _)| min)) {
        wrong.push("min");
    }
    if ends.map(|(_, max)| max) != Some(handed.ends.map(|(_, max)| max)) {
        wrong.push("max");
    }
    if wrapping(&range.sum).map(|sum| sum.wrapping_mul(factor)) != Some(handed.sum) {
        wrong.push("sum");
    }
    wrong
}

/// The smallest and the largest in what is held; `None` where they are no numbers.
fn ends_of(range: &Range, factor: i128) -> Option<(Option<i128>, Option<i128>)> {
    let end = |text: &str| match text {
        "" => Some(None),
        text => text.parse::<i128>().ok()?.checked_mul(factor).map(Some),
    };
    Some((end(&range.min)?, end(&range.max)?))
}

/// What an integer in digits is modulo 2^128; `None` where it is no integer.
fn wrapping(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let value = digits.chars().try_fold(0_i128, |value, digit| {
        let digit = i128::from(digit.to_digit(10)?);
        Some(value.wrapping_mul(10).wrapping_add(digit))
    })?;
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

/// By what figures of `travels` are multiplied to be figures of `holds`; `None` where they are not
/// figures of the same kind.
pub(crate) fn factor(travels: &LogicalType, holds: &LogicalType) -> Option<i128> {
    match (unit(travels)?, unit(holds)?) {
        (Unit::Number(from), Unit::Number(to)) => {
            10_i128.checked_pow(u32::from(to.checked_sub(from)?))
        }
        (one, other) => (one == other).then_some(1),
    }
}

#[derive(PartialEq, Eq)]
enum Unit {
    /// With so many places behind the point.
    Number(u8),
    Days,
    Microseconds,
}

fn unit(logical: &LogicalType) -> Option<Unit> {
    Some(match logical {
        LogicalType::Integer { .. } => Unit::Number(0),
        LogicalType::Decimal { scale, .. } => Unit::Number(*scale),
        LogicalType::Date => Unit::Days,
        LogicalType::Timestamp { .. } => Unit::Microseconds,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, Int64Array, StringArray};

    use super::*;

    const DECIMAL: LogicalType = LogicalType::Decimal {
        precision: 38,
        scale: 2,
    };

    fn totals(arrays: &[ArrayRef]) -> ColumnTotals {
        let mut all = ColumnTotals::default();
        for array in arrays {
            let mut one = ColumnTotals::default();
            one.add(array);
            all.merge(&one);
        }
        all
    }

    fn figures(non_null: u64, min: &str, max: &str, sum: &str) -> ColumnFigures {
        ColumnFigures {
            non_null,
            range: Some(Range {
                min: min.to_owned(),
                max: max.to_owned(),
                sum: sum.to_owned(),
            }),
        }
    }

    #[test]
    fn figures_of_parts_are_those_of_the_whole() {
        let one: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(-3)]));
        let none: ArrayRef = Arc::new(Int64Array::from(vec![None]));
        let other: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX]));
        let all = totals(&[one, none, other]);
        let (max, sum) = (i64::MAX.to_string(), (i128::from(i64::MAX) + 4).to_string());
        let int = LogicalType::int(64);
        let same = figures(3, "-3", &max, &sum);
        assert_eq!(differences(&same, &all, &int, &int), [""; 0]);
        let other = figures(2, "-4", "7", "0");
        let words = differences(&other, &all, &int, &int);
        assert_eq!(words, ["count", "min", "max", "sum"]);
    }

    #[test]
    fn sums_larger_than_any_number_here_are_compared_all_the_same() {
        let nines = "9".repeat(38);
        let value: i128 = nines.parse().unwrap();
        let values = Decimal128Array::from(vec![value; 5])
            .with_precision_and_scale(38, 2)
            .unwrap();
        let sum = format!("4{}5", "9".repeat(37));
        let of = figures(5, &nines, &nines, &sum);
        let all = totals(&[Arc::new(values)]);
        assert_eq!(differences(&of, &all, &DECIMAL, &DECIMAL), [""; 0]);
        let of = figures(5, &nines, &nines, &format!("5{}", "0".repeat(38)));
        assert_eq!(differences(&of, &all, &DECIMAL, &DECIMAL), ["sum"]);
    }

    #[test]
    fn another_scale_is_reckoned_with_and_another_kind_is_not_compared() {
        let int = LogicalType::int(32);
        let held = Decimal128Array::from(vec![500])
            .with_precision_and_scale(38, 2)
            .unwrap();
        let all = totals(&[Arc::new(held)]);
        assert_eq!(
            differences(&figures(1, "5", "5", "5"), &all, &int, &DECIMAL),
            [""; 0]
        );
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["5"]));
        let all = totals(&[texts]);
        let of = figures(1, "5", "5", "5");
        assert_eq!(differences(&of, &all, &int, &LogicalType::TEXT), [""; 0]);
        assert!(factor(&DECIMAL, &int).is_none());
    }

    #[test]
    fn no_value_has_no_ends_and_a_sum_of_zero() {
        let none: ArrayRef = Arc::new(Int64Array::from(vec![None]));
        let int = LogicalType::int(64);
        let of = figures(0, "", "", "0");
        assert_eq!(differences(&of, &totals(&[none]), &int, &int), [""; 0]);
    }
}
