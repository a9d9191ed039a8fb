//! Values as PostgreSQL prints them, from their binary form: for types whose text at the server
//! follows the session's time zone. Instants are printed in UTC.

use crate::family::calendar::DAY_MICROS;

/// Days from 0000-03-01 to 2000-01-01.
const DAYS_TO_2000: i64 = 730_425;

/// Lower-case digits in groups of 8, 4, 4, 4 and 12.
pub(super) fn uuid(bytes: &[u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}

/// Zeros and ones; `None` where there are fewer bits than said.
pub(super) fn bits(count: usize, bits: &[u8]) -> Option<String> {
    if bits.len() != count.div_ceil(8) {
        return None;
    }
    let text = (0..count).map(|at| {
        let is_set = bits[at / 8] & (0x80 >> (at % 8)) != 0;
        if is_set { '1' } else { '0' }
    });
    Some(text.collect())
}

/// `2024-01-01 00:00:00+00`, from microseconds since 2000-01-01.
pub(super) fn instant(micros: i64) -> String {
    moment(micros, "+00")
}

/// `2024-01-01 00:00:00`, from microseconds since 2000-01-01.
pub(super) fn wall_clock(micros: i64) -> String {
    moment(micros, "")
}

fn moment(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (year, month, day) = civil(micros.div_euclid(DAY_MICROS));
    let time = micros.rem_euclid(DAY_MICROS);
    let (seconds, fraction) = (time / 1_000_000, time % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let (shown_year, era) = shown_year(year);
    let mut text = format!("{shown_year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text + zone + era
}

/// `0044-03-15 BC`, from days since 2000-01-01.
pub(super) fn date(days: i32) -> String {
    match days {
        i32::MAX => return "infinity".to_owned(),
        i32::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (year, month, day) = civil(i64::from(days));
    let (year, era) = shown_year(year);
    format!("{year:04}-{month:02}-{day:02}{era}")
}

/// There is no year 0: it is 1 BC.
fn shown_year(year: i64) -> (i64, &'static str) {
    if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    }
}

/// `{"2024-01-01 00:00:00+00",infinity,NULL}` with its bounds where they are not the usual ones, as
/// the server prints arrays; `None` where the bytes are no array.
pub(super) fn instant_array(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    let count = usize::try_from(int(&mut rest)?).ok()?;
    let (_has_nulls, _element_type) = (int(&mut rest)?, int(&mut rest)?);
    if count == 0 {
        return Some("{}".to_owned());
    }
    let mut lengths = Vec::new();
    let mut bounds = String::new();
    let mut is_usual = true;
    for _ in 0..count {
        let (length, lower) = (int(&mut rest)?, int(&mut rest)?);
        lengths.push(usize::try_from(length).ok()?);
        is_usual &= lower == 1;
        bounds.push_str(&format!("[{lower}:{}]", lower.checked_add(length)? - 1));
    }
    let mut text = if is_usual {
        String::new()
    } else {
        bounds + "="
    };
    instant_elements(&lengths, &mut rest, &mut text)?;
    rest.is_empty().then_some(text)
}

fn instant_elements(lengths: &[usize], rest: &mut &[u8], text: &mut String) -> Option<()> {
    let (length, inner) = lengths.split_first()?;
    text.push('{');
    for index in 0..*length {
        if index > 0 {
            text.push(',');
        }
        if !inner.is_empty() {
            instant_elements(inner, rest, text)?;
        } else if rest.starts_with(&(-1_i32).to_be_bytes()) {
            *rest = &rest[4..];
            text.push_str("NULL");
        } else {
            text.push_str(&bound(rest)?);
        }
    }
    text.push('}');
    Some(())
}

fn int(rest: &mut &[u8]) -> Option<i32> {
    let (int, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(i32::from_be_bytes(*int))
}

/// `-12.34`, from the integer that is stored and its places behind the point.
pub(super) fn money(stored: i64, places: u8) -> String {
    let sign = if stored < 0 { "-" } else { "" };
    let places = usize::from(places);
    let digits = format!("{:0>width$}", stored.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let point = if places > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

/// Year, month and day, from days since 2000-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_2000;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// `["2024-01-01 00:00:00+00",)`; `None` where the bytes are no range.
pub(super) fn instant_range(bytes: &[u8]) -> Option<String> {
    const EMPTY: u8 = 0x01;
    const LOWER_INCLUSIVE: u8 = 0x02;
    const UPPER_INCLUSIVE: u8 = 0x04;
    const LOWER_INFINITE: u8 = 0x08;
    const UPPER_INFINITE: u8 = 0x10;
    let (flags, mut rest) = bytes.split_first()?;
    if flags & EMPTY != 0 {
        return Some("empty".to_owned());
    }
    let mut text = String::from(if flags & LOWER_INCLUSIVE != 0 {
        '['
    } else {
        '('
    });
    if flags & LOWER_INFINITE == 0 {
        text.push_str(&bound(&mut rest)?);
    }
    text.push(',');
    if flags & UPPER_INFINITE == 0 {
        text.push_str(&bound(&mut rest)?);
    }
    text.push(if flags & UPPER_INCLUSIVE != 0 {
        ']'
    } else {
        ')'
    });
    rest.is_empty().then_some(text)
}

fn bound(rest: &mut &[u8]) -> Option<String> {
    let value = prefixed(rest)?;
    let text = instant(i64::from_be_bytes(value.try_into().ok()?));
    Some(if text.contains(' ') {
        format!("\"{text}\"")
    } else {
        text
    })
}

/// `{["…","…"),[…]}`; `None` where the bytes are no multirange.
pub(super) fn instant_multirange(bytes: &[u8]) -> Option<String> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    let count = u32::from_be_bytes(*count);
    let mut ranges = Vec::new();
    for _ in 0..count {
        ranges.push(instant_range(prefixed(&mut rest)?)?);
    }
    Some(format!("{{{}}}", ranges.join(",")))
}

fn prefixed<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

/// The shortest digits that read back as the same number, laid out as the server does.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..15).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_as_the_server_prints_them_in_utc() {
        for (micros, expected) in [
            (0, "2000-01-01 00:00:00+00"),
            (-1, "1999-12-31 23:59:59.999999+00"),
            (757_382_400_500_000, "2024-01-01 00:00:00.5+00"),
            (i64::MAX, "infinity"),
            (i64::MIN, "-infinity"),
            (-211_813_488_000_000_000, "4714-11-24 00:00:00+00 BC"),
            (9_223_371_331_199_999_999, "294276-12-31 23:59:59.999999+00"),
            (-63_082_281_600_000_000, "0001-01-01 00:00:00+00"),
            (-63_082_281_600_000_001, "0001-12-31 23:59:59.999999+00 BC"),
        ] {
            assert_eq!(instant(micros), expected);
        }
    }

    #[test]
    fn floats_as_the_server_prints_them() {
        for (value, expected) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "Infinity"),
        ] {
            assert_eq!(float(value), expected);
        }
    }

    #[test]
    fn dates_of_every_era() {
        for (days, expected) in [
            (0, "2000-01-01"),
            (-730_120, "0001-12-31 BC"),
            (-730_119, "0001-01-01"),
            (i32::MAX, "infinity"),
            (i32::MIN, "-infinity"),
        ] {
            assert_eq!(date(days), expected);
        }
        assert_eq!(wall_clock(-1), "1999-12-31 23:59:59.999999");
    }

    #[test]
    fn money_with_the_places_of_its_locale() {
        for (stored, places, expected) in [
            (1, 2, "0.01"),
            (-5, 2, "-0.05"),
            (i64::MIN, 2, "-92233720368547758.08"),
            (1234, 0, "1234"),
            (1234, 3, "1.234"),
        ] {
            assert_eq!(money(stored, places), expected);
        }
    }

    #[test]
    fn arrays_of_instants_with_their_bounds() {
        let array = |head: &[i32], elements: &[Option<i64>]| {
            let mut bytes: Vec<u8> = head.iter().flat_map(|int| int.to_be_bytes()).collect();
            for element in elements {
                match element {
                    Some(micros) => {
                        bytes.extend(8_i32.to_be_bytes());
                        bytes.extend(micros.to_be_bytes());
                    }
                    None => bytes.extend((-1_i32).to_be_bytes()),
                }
            }
            instant_array(&bytes)
        };
        let some = "{\"2000-01-01 00:00:00+00\",NULL,infinity}";
        let elements = [Some(0), None, Some(i64::MAX)];
        assert_eq!(array(&[1, 1, 1184, 3, 1], &elements).unwrap(), some);
        assert_eq!(
            array(&[2, 0, 1184, 1, 0, 1, 1], &[Some(i64::MIN)]).unwrap(),
            "[0:0][1:1]={{-infinity}}"
        );
        assert_eq!(array(&[0, 0, 1184], &[]).unwrap(), "{}");
        assert_eq!(array(&[1, 0, 1184, 2, 1], &[Some(0)]), None);
    }

    #[test]
    fn bits_keep_their_leading_zeros() {
        assert_eq!(bits(9, &[0, 0x80]).unwrap(), "000000001");
        assert_eq!(bits(0, &[]).unwrap(), "");
        assert_eq!(bits(9, &[0]), None);
    }

    #[test]
    fn broken_ranges_are_told_apart() {
        assert_eq!(instant_range(&[1]).unwrap(), "empty");
        assert_eq!(instant_range(&[0x18]).unwrap(), "(,)");
        assert_eq!(instant_range(&[0x02, 0, 0, 0, 8, 0]), None);
        assert_eq!(instant_range(&[]), None);
    }
}
