//! Dates and times of MySQL: zero dates, partial dates and impossible days are told apart and never
//! become another day; TIME is a span of up to ±838:59:59 and not a time of day.

use std::fmt::Write as _;

use super::decode::{Misfit, UNEXPECTED, misfit};
use super::wire::{Cell, Date, Span};
use crate::family::{calendar, decimal};

const ZERO_DATE: Misfit = misfit("ZERO_DATE", "the zero date is no date");
const PARTIAL_DATE: Misfit = misfit(
    "PARTIAL_DATE",
    "the date has no month, no day or the year zero",
);
const INVALID_DATE: Misfit = misfit("INVALID_DATE", "the date does not exist in the calendar");
const INVALID_TIME: Misfit = misfit("INVALID_TIME", "the time of day does not exist");
const OUT_OF_DAY: Misfit = misfit(
    "TIME_OUT_OF_RANGE",
    "the span is not within 00:00 and 24:00",
);
const INSTANT_RANGE: Misfit = misfit(
    "TIMESTAMP_OUT_OF_RANGE",
    "the instant is beyond the year 9999",
);

/// Days since 1970-01-01.
pub(crate) fn days(value: Cell<'_>) -> Result<i32, Misfit> {
    match value {
        Cell::Date(date) => civil(date),
        _ => Err(UNEXPECTED),
    }
}

fn civil(date: Date) -> Result<i32, Misfit> {
    let Date {
        year, month, day, ..
    } = date;
    if (year, month, day) == (0, 0, 0) {
        return Err(ZERO_DATE);
    }
    if year == 0 || month == 0 || day == 0 {
        return Err(PARTIAL_DATE);
    }
    calendar::days(u32::from(year), u32::from(month), u32::from(day)).ok_or(INVALID_DATE)
}

/// Microseconds of a wall clock's reading.
pub(crate) fn wall_micros(value: Cell<'_>) -> Result<i64, Misfit> {
    let Cell::Date(at) = value else {
        return Err(UNEXPECTED);
    };
    let days = civil(at)?;
    calendar::micros(
        days,
        u32::from(at.hour),
        u32::from(at.minute),
        u32::from(at.second),
        at.micro,
    )
    .ok_or(INVALID_TIME)
}

/// Microseconds of an instant given as seconds since the epoch. The server answers a zero date with
/// nothing but zero, and stores no instant of exactly zero.
pub(crate) fn instant_micros(value: Cell<'_>) -> Result<i64, Misfit> {
    let micros = match value {
        Cell::Int(seconds) => seconds.checked_mul(1_000_000).ok_or(INSTANT_RANGE)?,
        Cell::UInt(seconds) => i64::try_from(seconds)
            .ok()
            .and_then(|seconds| seconds.checked_mul(1_000_000))
            .ok_or(INSTANT_RANGE)?,
        Cell::Bytes(text) => {
            let micros = decimal::parse(text, 38, 6).map_err(|_| UNEXPECTED)?;
            i64::try_from(micros).map_err(|_| INSTANT_RANGE)?
        }
        _ => return Err(UNEXPECTED),
    };
    match micros {
        0 => Err(ZERO_DATE),
        micros if micros > calendar::LAST_MICROS => Err(INSTANT_RANGE),
        micros => Ok(micros),
    }
}

/// Microseconds of a span.
pub(crate) fn span_micros(value: Cell<'_>) -> Result<i64, Misfit> {
    let Cell::Span(span) = value else {
        return Err(UNEXPECTED);
    };
    let Span {
        negative,
        days,
        hours,
        minutes,
        seconds,
        micros,
    } = span;
    let hours = i64::from(days) * 24 + i64::from(hours);
    let seconds = (hours * 60 + i64::from(minutes)) * 60 + i64::from(seconds);
    let span = seconds * 1_000_000 + i64::from(micros);
    Ok(if negative { -span } else { span })
}

/// Microseconds since midnight, where the span is a time of day.
pub(crate) fn time_of_day(value: Cell<'_>) -> Result<i64, Misfit> {
    let span = span_micros(value)?;
    match (0..calendar::DAY_MICROS).contains(&span) {
        true => Ok(span),
        false => Err(OUT_OF_DAY),
    }
}

/// `2024-02-29`, and what is no date as the server has it.
pub(crate) fn print_date(value: Cell<'_>, out: &mut String) -> Result<(), Misfit> {
    let Cell::Date(date) = value else {
        return Err(UNEXPECTED);
    };
    let Date {
        year, month, day, ..
    } = date;
    write!(out, "{year:04}-{month:02}-{day:02}").map_err(|_| UNEXPECTED)
}

/// `2024-02-29 23:59:59.123`, and what is no date as the server has it.
pub(crate) fn print_wall(value: Cell<'_>, digits: u8, out: &mut String) -> Result<(), Misfit> {
    let Cell::Date(at) = value else {
        return Err(UNEXPECTED);
    };
    let Date {
        hour,
        minute,
        second,
        micro,
        ..
    } = at;
    print_date(value, out)?;
    write!(out, " {hour:02}:{minute:02}:{second:02}").map_err(|_| UNEXPECTED)?;
    print_fraction(micro, digits, out)
}

/// `2024-02-29T23:59:59.123Z`
pub(crate) fn print_instant(value: Cell<'_>, digits: u8, out: &mut String) -> Result<(), Misfit> {
    let micros = instant_micros(value)?;
    let instant = jiff::Timestamp::from_microsecond(micros).map_err(|_| INSTANT_RANGE)?;
    let clock = instant.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        clock.year(),
        clock.month(),
        clock.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
    .map_err(|_| UNEXPECTED)?;
    let micro = u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or(0);
    print_fraction(micro, digits, out)?;
    out.push('Z');
    Ok(())
}

/// `-838:59:59.000000`
pub(crate) fn print_span(value: Cell<'_>, digits: u8, out: &mut String) -> Result<(), Misfit> {
    let Cell::Span(span) = value else {
        return Err(UNEXPECTED);
    };
    let Span {
        negative,
        days,
        hours,
        minutes,
        seconds,
        micros,
    } = span;
    let sign = if negative { "-" } else { "" };
    let hours = days * 24 + u32::from(hours);
    write!(out, "{sign}{hours:02}:{minutes:02}:{seconds:02}").map_err(|_| UNEXPECTED)?;
    print_fraction(micros, digits, out)
}

fn print_fraction(micros: u32, digits: u8, out: &mut String) -> Result<(), Misfit> {
    match digits.min(6) {
        0 => Ok(()),
        digits => {
            let width = usize::from(digits);
            let shown = micros / 10_u32.pow(u32::from(6 - digits));
            write!(out, ".{shown:0width$}").map_err(|_| UNEXPECTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::Value;

    use super::*;

    fn date(year: u16, month: u8, day: u8) -> Value {
        Value::Date(year, month, day, 0, 0, 0, 0)
    }

    #[test]
    fn what_is_no_date_is_told_apart() {
        for (value, expected) in [
            (date(0, 0, 0), Err("ZERO_DATE")),
            (date(2024, 0, 15), Err("PARTIAL_DATE")),
            (date(2024, 1, 0), Err("PARTIAL_DATE")),
            (date(0, 1, 1), Err("PARTIAL_DATE")),
            (date(2024, 2, 30), Err("INVALID_DATE")),
            (date(1, 1, 1), Ok(calendar::FIRST_DAY)),
            (date(9999, 12, 31), Ok(calendar::LAST_DAY)),
        ] {
            assert_eq!(
                days(Cell::of(&value)).map_err(|misfit| misfit.code),
                expected,
                "{value:?}"
            );
        }
    }

    #[test]
    fn an_instant_of_zero_is_the_zero_date() {
        for (value, expected) in [
            (Cell::Int(0), Err("ZERO_DATE")),
            (Cell::Bytes(b"0.000000"), Err("ZERO_DATE")),
            (Cell::Bytes(b"0.500000"), Ok(500_000)),
            (Cell::Bytes(b"2147483647.999999"), Ok(2_147_483_647_999_999)),
            (Cell::Int(1), Ok(1_000_000)),
            (Cell::Bytes(b"x"), Err("UNEXPECTED_VALUE")),
        ] {
            assert_eq!(
                instant_micros(value).map_err(|misfit| misfit.code),
                expected,
                "{value:?}"
            );
        }
    }

    #[test]
    fn spans_are_not_times_of_day() {
        let check = |value: Value, digits, text: &str, micros, of_day: bool| {
            let mut printed = String::new();
            let value = Cell::of(&value);
            print_span(value, digits, &mut printed).unwrap();
            assert_eq!((printed.as_str(), span_micros(value)), (text, Ok(micros)));
            assert_eq!(time_of_day(value).is_ok(), of_day, "{text}");
        };
        check(
            Value::Time(true, 34, 22, 59, 59, 0),
            6,
            "-838:59:59.000000",
            -3_020_399_000_000,
            false,
        );
        check(
            Value::Time(false, 34, 22, 59, 59, 0),
            0,
            "838:59:59",
            3_020_399_000_000,
            false,
        );
        check(
            Value::Time(false, 1, 0, 0, 0, 1),
            6,
            "24:00:00.000001",
            86_400_000_001,
            false,
        );
        check(
            Value::Time(true, 0, 0, 0, 0, 1),
            6,
            "-00:00:00.000001",
            -1,
            false,
        );
        check(
            Value::Time(false, 0, 23, 59, 59, 500_000),
            1,
            "23:59:59.5",
            86_399_500_000,
            true,
        );
        check(
            Value::Time(false, 10, 16, 0, 0, 0),
            0,
            "256:00:00",
            921_600_000_000,
            false,
        );
    }

    #[test]
    fn texts_keep_what_is_no_date() {
        let mut printed = String::new();
        print_wall(Cell::Date(Date::default()), 3, &mut printed).unwrap();
        assert_eq!(printed, "0000-00-00 00:00:00.000");
        printed.clear();
        print_instant(Cell::Bytes(b"1710054000.000001"), 6, &mut printed).unwrap();
        assert_eq!(printed, "2024-03-10T07:00:00.000001Z");
    }
}
