//! Decimals as text, exactly: no rounding, no floating point.

/// Why a text is not an exact decimal of the type asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalMisfit {
    /// Not digits with at most one point and an exponent.
    NotANumber,
    /// More digits before the point than there is room.
    Precision,
    /// Digits other than zero behind the last place.
    Scale,
}

impl DecimalMisfit {
    /// Its stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "NOT_A_NUMBER",
            Self::Precision => "DECIMAL_PRECISION",
            Self::Scale => "DECIMAL_SCALE",
        }
    }
}

/// The unscaled value of `text` in `decimal(precision, scale)`: `-1.5` in `(9,2)` is `-150`. Takes
/// an exponent (`1.5e3`). Trailing zeros beyond the scale are no loss.
pub(crate) fn parse(text: &[u8], precision: u8, scale: u8) -> Result<i128, DecimalMisfit> {
    if let Some(value) = short(text, precision, scale) {
        return Ok(i128::from(value));
    }
    general(text, precision, scale)
}

fn general(text: &[u8], precision: u8, scale: u8) -> Result<i128, DecimalMisfit> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mantissa, exponent) = split_exponent(rest)?;
    let (whole, fraction) = match mantissa.iter().position(|byte| *byte == b'.') {
        Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
        None => (mantissa, &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DecimalMisfit::NotANumber);
    }
    let value = unscaled(whole, fraction, exponent + i64::from(scale))?;
    if value >= 10_u128.pow(u32::from(precision)) {
        return Err(DecimalMisfit::Precision);
    }
    let value = i128::try_from(value).map_err(|_| DecimalMisfit::Precision)?;
    Ok(if negative { -value } else { value })
}

/// Powers of ten that 64 bits hold; computed ones cost more than all else of a short decimal.
pub(crate) const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};
/// So many digits are a short decimal.
pub(crate) const MOST_DIGITS: usize = POWERS.len() - 1;

/// The same for what nearly all decimals are: at most 18 digits, no more of them behind the point than
/// there are places, no exponent. `None` for others, and for what does not fit.
#[inline]
fn short(text: &[u8], precision: u8, scale: u8) -> Option<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (whole, fraction) = halves(text, usize::from(scale));
    // Zeros for the places that are not written.
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    let count = whole.len() + fraction.len();
    if count == 0 || count + missing > MOST_DIGITS {
        return None;
    }
    let value = digits(digits(0, whole)?, fraction)? * POWERS[missing];
    let value = i64::try_from(value).ok()?;
    let fits = within(value.unsigned_abs(), precision);
    fits.then_some(if negative { -value } else { value })
}

/// Whether an unscaled value of at most 18 digits has no more digits than it may have.
#[inline]
pub(crate) fn within(value: u64, precision: u8) -> bool {
    POWERS
        .get(usize::from(precision))
        .is_none_or(|limit| value < *limit)
}

/// What stands before the point and behind it. Servers write as many places as the column has.
#[inline]
fn halves(text: &[u8], scale: usize) -> (&[u8], &[u8]) {
    let usual = text.len().checked_sub(scale + 1);
    let point = match usual.filter(|at| text[*at] == b'.') {
        Some(at) => Some(at),
        None => text.iter().position(|byte| *byte == b'.'),
    };
    match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

/// More digits behind those of `value`; `None` where one is none. All together are at most 19.
#[inline]
fn digits(value: u64, more: &[u8]) -> Option<u64> {
    let mut is_number = true;
    let value = more.iter().fold(value, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        is_number &= digit <= 9;
        value.wrapping_mul(10).wrapping_add(u64::from(digit))
    });
    is_number.then_some(value)
}

/// Digits before and behind the point, zeros at both ends left out; `None` where it is no number.
pub(crate) fn places(text: &[u8]) -> Option<(u64, u64)> {
    let text = text
        .strip_prefix(b"-")
        .or(text.strip_prefix(b"+"))
        .unwrap_or(text);
    let (mantissa, exponent) = split_exponent(text).ok()?;
    let point = mantissa.iter().position(|byte| *byte == b'.');
    let digits: Vec<u8> = mantissa
        .iter()
        .copied()
        .filter(|byte| *byte != b'.')
        .collect();
    if digits.is_empty()
        || !digits.iter().all(u8::is_ascii_digit)
        || digits.len() + 1 < mantissa.len()
    {
        return None;
    }
    let Some(first) = digits.iter().position(|byte| *byte != b'0') else {
        return Some((0, 0));
    };
    let last = digits
        .iter()
        .rposition(|byte| *byte != b'0')
        .unwrap_or(first);
    let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let point = length(point.unwrap_or(mantissa.len())) + exponent;
    let before = (point - length(first)).max(0);
    let behind = (length(last) + 1 - point).max(0);
    Some((before.unsigned_abs(), behind.unsigned_abs()))
}

/// The text of `unscaled` with its point: `-150` with two places is `-1.50`.
pub(crate) fn print(unscaled: i128, scale: u8) -> String {
    let digits = unscaled.unsigned_abs().to_string();
    let places = usize::from(scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    if places == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}

fn split_exponent(text: &[u8]) -> Result<(&[u8], i64), DecimalMisfit> {
    let Some(at) = text.iter().position(|byte| matches!(byte, b'e' | b'E')) else {
        return Ok((text, 0));
    };
    let exponent = std::str::from_utf8(&text[at + 1..])
        .ok()
        .and_then(|text| text.parse().ok());
    let exponent: i64 = exponent.ok_or(DecimalMisfit::NotANumber)?;
    if exponent.abs() > 1_000_000 {
        return Err(DecimalMisfit::Precision);
    }
    Ok((&text[..at], exponent))
}

/// The digits of `whole` and `fraction` as one number, its point moved `places` to the right.
fn unscaled(whole: &[u8], fraction: &[u8], places: i64) -> Result<u128, DecimalMisfit> {
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX) + places;
    let mut value: u128 = 0;
    let mut index: i64 = 0;
    for byte in whole.iter().chain(fraction) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(DecimalMisfit::NotANumber);
        }
        if index < point {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u128::from(digit)))
                .ok_or(DecimalMisfit::Precision)?;
        } else if digit != 0 {
            return Err(DecimalMisfit::Scale);
        }
        index += 1;
    }
    while index < point && value != 0 {
        value = value.checked_mul(10).ok_or(DecimalMisfit::Precision)?;
        index += 1;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, precision: u8, scale: u8, expected: Result<i128, DecimalMisfit>) {
        assert_eq!(parse(text.as_bytes(), precision, scale), expected, "{text}");
    }

    #[test]
    fn exact_or_refused() {
        check("1.10", 9, 2, Ok(110));
        check("-0.01", 9, 2, Ok(-1));
        check("1.1000", 9, 2, Ok(110));
        check("1.101", 9, 2, Err(DecimalMisfit::Scale));
        check("10000000", 9, 2, Err(DecimalMisfit::Precision));
        check("9999999.99", 9, 2, Ok(999_999_999));
        check(".5", 3, 1, Ok(5));
        check("5.", 3, 1, Ok(50));
        check("1.5e3", 9, 2, Ok(150_000));
        check("15e-1", 9, 2, Ok(150));
        check("1e-3", 9, 2, Err(DecimalMisfit::Scale));
        check("0e999999", 9, 2, Ok(0));
        check(
            "99999999999999999999999999999999999999",
            38,
            0,
            Ok(10_i128.pow(38) - 1),
        );
        for text in ["", ".", "-", "1..2", "NaN", "1e", "0x10", "1 "] {
            check(text, 9, 2, Err(DecimalMisfit::NotANumber));
        }
    }

    #[test]
    fn a_point_where_there_are_places() {
        for (value, scale, expected) in [
            (-150, 2, "-1.50"),
            (-1, 2, "-0.01"),
            (0, 3, "0.000"),
            (7, 0, "7"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(print(value, scale), expected);
        }
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_general_one_agree(
            text in "-?[0-9]{0,19}\\.?[0-9]{0,6}",
            precision in 1_u8..=38,
            scale in 0_u8..8,
        ) {
            let general = general(text.as_bytes(), precision, scale);
            match short(text.as_bytes(), precision, scale) {
                Some(value) => prop_assert_eq!(general, Ok(i128::from(value))),
                None => prop_assert_eq!(parse(text.as_bytes(), precision, scale), general),
            }
        }

        #[test]
        fn what_print_prints_is_read(
            value in -(10_i128.pow(38)) + 1..10_i128.pow(38),
            scale in 0_u8..=38,
        ) {
            prop_assert_eq!(parse(print(value, scale).as_bytes(), 38, scale), Ok(value));
        }

        #[test]
        fn what_is_printed_is_read(value in -(10_i128.pow(20))..10_i128.pow(20)) {
            let (whole, fraction) = (value.abs() / 10_000, value.abs() % 10_000);
            let sign = if value < 0 { "-" } else { "" };
            let text = format!("{sign}{whole}.{fraction:04}");
            prop_assert_eq!(parse(text.as_bytes(), 38, 4), Ok(value));
        }
    }
}
