//! Dates and times as ISO 8601 text, the only form of them that SQLite's own functions and people
//! agree on. A text that says less or more than the declared type is not guessed at.

use super::decode::Misfit;
use crate::family::calendar::{self, FIRST_MICROS, LAST_MICROS};

/// `2024-02-29` in days.
pub(super) fn date(text: &[u8]) -> Result<i32, Misfit> {
    let mut text = Reader(text);
    text.date()
        .filter(|_| text.0.is_empty())
        .ok_or_else(|| invalid("INVALID_DATE", "no date that exists in the form YYYY-MM-DD"))
}

/// `23:59`, `23:59:59`, `23:59:59.999999` in microseconds.
pub(super) fn time(text: &[u8]) -> Result<i64, Misfit> {
    let mut text = Reader(text);
    let time = text.time()?;
    time.filter(|_| text.0.is_empty())
        .ok_or_else(|| invalid("INVALID_TIME", "no time of day in the form HH:MM:SS"))
}

/// `2024-02-29 23:59:59.999999` in microseconds; `T` may stand between, a zone may not follow.
pub(super) fn timestamp(text: &[u8]) -> Result<i64, Misfit> {
    let mut text = Reader(text);
    let micros = text.date_and_time()?;
    match (micros, text.0) {
        (Some(micros), b"") => Ok(micros),
        (Some(_), [b'Z' | b'z' | b'+' | b'-' | b' ', ..]) => Err(invalid(
            "ZONE_IN_TIMESTAMP",
            "a zone follows the time: read the column as timestamptz",
        )),
        _ => Err(invalid(
            "INVALID_TIMESTAMP",
            "no moment that exists in the form YYYY-MM-DD HH:MM:SS",
        )),
    }
}

/// The same followed by `Z` or `+HH:MM`, in microseconds of UTC.
pub(super) fn instant(text: &[u8]) -> Result<i64, Misfit> {
    let mut text = Reader(text);
    let micros = text.date_and_time()?;
    let offset = text.offset();
    let (Some(micros), Some(offset), b"") = (micros, offset, text.0) else {
        return Err(invalid(
            "INVALID_TIMESTAMP",
            "no moment that exists in the form YYYY-MM-DD HH:MM:SS+HH:MM",
        ));
    };
    let utc = micros - offset;
    if !(FIRST_MICROS..=LAST_MICROS).contains(&utc) {
        let reason = "outside of the years 0001 to 9999 in UTC";
        return Err(invalid("TIMESTAMP_OUT_OF_RANGE", reason));
    }
    Ok(utc)
}

fn invalid(code: &'static str, reason: &str) -> Misfit {
    Misfit::new(code, reason)
}

/// The rest of a text, read from its front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut value = 0;
        for byte in digits {
            if !byte.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u32::from(byte - b'0');
        }
        self.0 = rest;
        Some(value)
    }

    /// Takes the next byte where it is one of `wanted`.
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn date(&mut self) -> Option<i32> {
        let year = self.digits(4)?;
        self.one_of(b"-")?;
        let month = self.digits(2)?;
        self.one_of(b"-")?;
        calendar::days(year, month, self.digits(2)?)
    }

    /// Misfits where the fraction says more than microseconds; `None` where it is no time.
    fn time(&mut self) -> Result<Option<i64>, Misfit> {
        let Some((hour, minute)) = self.hour_and_minute() else {
            return Ok(None);
        };
        let mut second = 0;
        let mut micro = 0;
        if self.one_of(b":").is_some() {
            let Some(value) = self.digits(2) else {
                return Ok(None);
            };
            second = value;
            if self.one_of(b".").is_some() {
                let Some(value) = self.fraction()? else {
                    return Ok(None);
                };
                micro = value;
            }
        }
        Ok(calendar::time_micros(hour, minute, second, micro))
    }

    fn hour_and_minute(&mut self) -> Option<(u32, u32)> {
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        Some((hour, self.digits(2)?))
    }

    fn fraction(&mut self) -> Result<Option<u32>, Misfit> {
        let mut micro = 0;
        let mut places = 0;
        while let Some(digit) = self.digits(1) {
            places += 1;
            if places <= 6 {
                micro = micro * 10 + digit;
            } else if digit != 0 {
                let reason = "the second has digits behind the sixth place";
                return Err(invalid("TIME_PRECISION", reason));
            }
        }
        if places == 0 {
            return Ok(None);
        }
        for _ in places..6 {
            micro *= 10;
        }
        Ok(Some(micro))
    }

    fn date_and_time(&mut self) -> Result<Option<i64>, Misfit> {
        let Some(days) = self.date() else {
            return Ok(None);
        };
        if self.one_of(b" T").is_none() {
            return Ok(None);
        }
        let time = self.time()?;
        Ok(time.map(|time| i64::from(days) * calendar::DAY_MICROS + time))
    }

    /// `Z` or `+HH:MM` in microseconds east of UTC; one blank may stand before it.
    fn offset(&mut self) -> Option<i64> {
        if self.0.first() == Some(&b' ') {
            self.0 = &self.0[1..];
        }
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let (hour, minute) = self.hour_and_minute()?;
        (hour <= 14 && minute <= 59).then(|| sign * i64::from(hour * 60 + minute) * 60_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, expected) in [
            ("0001-01-01", Some(-719_162)),
            ("1970-01-01", Some(0)),
            ("9999-12-31", Some(2_932_896)),
            ("2023-02-29", None),
            ("0000-00-00", None),
            ("10000-01-01", None),
            ("2024-1-1", None),
            ("2024-01-01 00:00:00", None),
            ("2024-01-01 ", None),
            ("", None),
        ] {
            assert_eq!(date(text.as_bytes()).ok(), expected, "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("00:00", Ok(0)),
            ("00:00:01", Ok(1_000_000)),
            ("23:59:59.999999", Ok(86_399_999_999)),
            ("00:00:00.5", Ok(500_000)),
            ("00:00:00.1230000", Ok(123_000)),
            ("00:00:00.1234567", Err("TIME_PRECISION")),
            ("24:00:00", Err("INVALID_TIME")),
            ("00:00:60", Err("INVALID_TIME")),
            ("00:00:00.", Err("INVALID_TIME")),
            ("-01:00:00", Err("INVALID_TIME")),
        ] {
            let read = time(text.as_bytes()).map_err(|misfit| misfit.code);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn timestamps() {
        for (text, expected) in [
            ("1970-01-01 00:00:00", Ok(0)),
            ("1970-01-01T00:00:00.000001", Ok(1)),
            ("1969-12-31 23:59:59.999999", Ok(-1)),
            ("1970-01-02 00:00", Ok(calendar::DAY_MICROS)),
            ("9999-12-31 23:59:59.999999", Ok(LAST_MICROS)),
            ("1970-01-01", Err("INVALID_TIMESTAMP")),
            ("1970-01-01 00:00:00Z", Err("ZONE_IN_TIMESTAMP")),
            ("1970-01-01 00:00:00+08:00", Err("ZONE_IN_TIMESTAMP")),
            ("1970-01-01 25:00:00", Err("INVALID_TIMESTAMP")),
            ("now", Err("INVALID_TIMESTAMP")),
        ] {
            let read = timestamp(text.as_bytes()).map_err(|misfit| misfit.code);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn instants() {
        for (text, expected) in [
            ("1970-01-01 00:00:00Z", Ok(0)),
            ("1970-01-01T08:00:00+08:00", Ok(0)),
            ("1969-12-31 19:00:00 -05:00", Ok(0)),
            ("1970-01-01 00:00:00", Err("INVALID_TIMESTAMP")),
            ("1970-01-01 00:00:00+15:00", Err("INVALID_TIMESTAMP")),
            ("0001-01-01 00:00:00+08:00", Err("TIMESTAMP_OUT_OF_RANGE")),
            ("9999-12-31 23:59:59-01:00", Err("TIMESTAMP_OUT_OF_RANGE")),
        ] {
            let read = instant(text.as_bytes()).map_err(|misfit| misfit.code);
            assert_eq!(read, expected, "{text}");
        }
    }
}
