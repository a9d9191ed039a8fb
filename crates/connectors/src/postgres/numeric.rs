//! `numeric`'s binary form into the unscaled integer of a decimal: exact or a misfit, no text, no
//! floating point.

use super::values::Misfit;
use crate::family::decimal::{MOST_DIGITS, POWERS, within};

const PRECISION: Misfit = Misfit::Rejected(
    "DECIMAL_PRECISION",
    "the number has too many digits before the point",
);
const SCALE: Misfit = Misfit::Rejected(
    "DECIMAL_SCALE",
    "the number has too many digits behind the point",
);

/// The unscaled value in `decimal(precision, scale)`.
pub(super) fn unscaled(bytes: &[u8], precision: u8, scale: u8) -> Result<i128, Misfit> {
    let Some((header, digits)) = bytes.split_first_chunk::<8>() else {
        return Err(Misfit::Malformed);
    };
    let weight = i16::from_be_bytes([header[2], header[3]]);
    let negative = match u16::from_be_bytes([header[4], header[5]]) {
        0x0000 => false,
        0x4000 => true,
        0xC000 => return Err(Misfit::Rejected("NUMERIC_NAN", "the number is NaN")),
        0xD000 | 0xF000 => {
            return Err(Misfit::Rejected(
                "NUMERIC_INFINITY",
                "the number is infinity",
            ));
        }
        _ => return Err(Misfit::Malformed),
    };
    if digits.len() != usize::from(u16::from_be_bytes([header[0], header[1]])) * 2 {
        return Err(Misfit::Malformed);
    }
    // Places to the right of the first group, once the point is moved behind the last place.
    let places = i32::from(weight) * 4 + i32::from(scale);
    let value = match short(digits, places, precision) {
        Some(value) => i128::from(value),
        None => general(digits, places, precision)?,
    };
    Ok(if negative { -value } else { value })
}

/// The value of what nearly all numbers are, at most 18 digits; `None` for others, and for what does not
/// fit.
#[inline]
fn short(digits: &[u8], places: i32, precision: u8) -> Option<i64> {
    let groups = digits.len() / 2;
    // Places to the right of the last group.
    let behind = places - 4 * (i32::try_from(groups).ok()? - 1);
    let more = usize::try_from(behind).unwrap_or(0);
    if groups > 4 || 4 * groups + more > MOST_DIGITS {
        return None;
    }
    let mut value: u64 = 0;
    for group in digits.chunks_exact(2) {
        value = value * 10_000 + u64::from(u16::from_be_bytes([group[0], group[1]]));
    }
    let value = match behind {
        0.. => value * POWERS[more],
        -1 => exactly(value, 10)?,
        -2 => exactly(value, 100)?,
        -3 => exactly(value, 1000)?,
        _ => return None,
    };
    i64::try_from(value)
        .ok()
        .filter(|_| within(value, precision))
}

#[inline]
fn exactly(value: u64, factor: u64) -> Option<u64> {
    value.is_multiple_of(factor).then_some(value / factor)
}

fn general(digits: &[u8], mut places: i32, precision: u8) -> Result<i128, Misfit> {
    let mut value: u128 = 0;
    for group in digits.chunks_exact(2) {
        let digits = u128::from(u16::from_be_bytes([group[0], group[1]]));
        value = append_group(value, digits, places)?;
        places -= 4;
    }
    let trailing = places + 4;
    if trailing > 0 && value != 0 {
        let factor = power(u32::try_from(trailing).unwrap_or(u32::MAX)).ok_or(PRECISION)?;
        value = value.checked_mul(factor).ok_or(PRECISION)?;
    }
    if power(u32::from(precision)).is_none_or(|limit| value >= limit) {
        return Err(PRECISION);
    }
    i128::try_from(value).map_err(|_| PRECISION)
}

/// The number as the server prints it, with its display scale; `None` where the bytes are none.
pub(super) fn printed(bytes: &[u8]) -> Option<String> {
    let (header, digits) = bytes.split_first_chunk::<8>()?;
    let weight = i16::from_be_bytes([header[2], header[3]]);
    let sign = match u16::from_be_bytes([header[4], header[5]]) {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let scale = usize::from(u16::from_be_bytes([header[6], header[7]]));
    let group = |place: i16| {
        let index = usize::try_from(i32::from(weight) - i32::from(place)).ok()?;
        let group = digits.get(2 * index..2 * index + 2)?;
        Some(u16::from_be_bytes([group[0], group[1]]))
    };
    // Groups of four digits by their power of 10000: those before the point, then those behind it.
    let whole: String = (0..=weight.max(0))
        .rev()
        .map(|place| format!("{:04}", group(place).unwrap_or(0)))
        .collect();
    let whole = whole.trim_start_matches('0');
    let mut fraction: String = (1..=scale.div_ceil(4))
        .map(|place| {
            let place = i16::try_from(place).ok().map(|place| -place);
            format!("{:04}", place.and_then(group).unwrap_or(0))
        })
        .collect();
    fraction.truncate(scale);
    let point = if scale > 0 { "." } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// An integer of so many `places` behind the point as the unscaled value in `decimal(precision,
/// scale)`.
pub(super) fn rescaled(stored: i64, places: u8, precision: u8, scale: u8) -> Result<i128, Misfit> {
    let stored = i128::from(stored);
    let value = if scale >= places {
        power(u32::from(scale - places))
            .and_then(|factor| stored.checked_mul(i128::try_from(factor).ok()?))
            .ok_or(PRECISION)?
    } else {
        let factor =
            power(u32::from(places - scale)).and_then(|factor| i128::try_from(factor).ok());
        let factor = factor.ok_or(SCALE)?;
        if stored % factor != 0 {
            return Err(SCALE);
        }
        stored / factor
    };
    if power(u32::from(precision)).is_none_or(|limit| value.unsigned_abs() >= limit) {
        return Err(PRECISION);
    }
    Ok(value)
}

/// Four more digits, of which those behind the last place must be zeros.
fn append_group(value: u128, digits: u128, places: i32) -> Result<u128, Misfit> {
    let kept = u32::try_from((places + 4).clamp(0, 4)).unwrap_or_default();
    let dropped = 10_u128.pow(4 - kept);
    if !digits.is_multiple_of(dropped) {
        return Err(SCALE);
    }
    value
        .checked_mul(10_u128.pow(kept))
        .and_then(|value| value.checked_add(digits / dropped))
        .ok_or(PRECISION)
}

fn power(exponent: u32) -> Option<u128> {
    10_u128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A numeric as the server sends it.
    fn sent(digits: &[u16], weight: i16, sign: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(digits.len()).unwrap().to_be_bytes());
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(0_u16.to_be_bytes());
        digits
            .iter()
            .for_each(|digit| bytes.extend(digit.to_be_bytes()));
        bytes
    }

    fn check(
        digits: &[u16],
        weight: i16,
        precision: u8,
        scale: u8,
        expected: Result<i128, Misfit>,
    ) {
        let value = unscaled(&sent(digits, weight, 0), precision, scale);
        assert_eq!(
            value, expected,
            "{digits:?} {weight} decimal({precision},{scale})"
        );
    }

    #[test]
    fn exact_or_rejected() {
        check(&[], 0, 9, 2, Ok(0));
        check(&[1, 1000], 0, 9, 2, Ok(110));
        check(&[1, 1000], 0, 9, 0, Err(SCALE));
        check(&[999, 9999, 9900], 1, 9, 2, Ok(999_999_999));
        check(&[1], 2, 9, 2, Err(PRECISION));
        check(&[1], -1, 9, 4, Ok(1));
        check(&[1], -1, 9, 3, Err(SCALE));
        check(&[10], -1, 9, 3, Ok(1));
        check(&[99, 9000], -1, 5, 5, Ok(999));
        check(&[1], 1, 7, 0, Ok(10_000));
        check(&[1], 32_767, 38, 0, Err(PRECISION));
        check(&[1], -4_096, 38, 38, Err(SCALE));
        let largest = [9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9900];
        check(&largest, 6, 38, 10, Ok(10_i128.pow(38) - 1));
    }

    #[test]
    fn numbers_as_the_server_prints_them() {
        for (digits, weight, sign, scale, expected) in [
            (&[][..], 0, 0, 0, "0"),
            (&[], 0, 0, 2, "0.00"),
            (&[1, 1000], 0, 0x4000, 2, "-1.10"),
            (&[12, 0, 5000], 1, 0, 1, "120000.5"),
            (
                &[1],
                12,
                0,
                0,
                "1000000000000000000000000000000000000000000000000",
            ),
            (&[12], -2, 0, 8, "0.00000012"),
            (&[], 0, 0xC000, 0, "NaN"),
            (&[], 0, 0xF000, 0, "-Infinity"),
        ] {
            let mut bytes = sent(digits, weight, sign);
            bytes[6..8].copy_from_slice(&u16::to_be_bytes(scale));
            assert_eq!(printed(&bytes).unwrap(), expected);
        }
        assert_eq!(printed(&[0; 3]), None);
    }

    #[test]
    fn stored_integers_fit_exactly_or_not() {
        for (stored, places, precision, scale, expected) in [
            (i64::MIN, 2, 19, 2, Ok(i128::from(i64::MIN))),
            (1, 2, 19, 4, Ok(100)),
            (100, 2, 19, 0, Ok(1)),
            (-150, 2, 19, 1, Ok(-15)),
            (-155, 2, 19, 1, Err(SCALE)),
            (1000, 2, 3, 2, Err(PRECISION)),
            (i64::MAX, 0, 38, 38, Err(PRECISION)),
            (7, 0, 19, 0, Ok(7)),
        ] {
            assert_eq!(rescaled(stored, places, precision, scale), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_rejected_by_name() {
        for (sign, code) in [
            (0xC000, "NUMERIC_NAN"),
            (0xD000, "NUMERIC_INFINITY"),
            (0xF000, "NUMERIC_INFINITY"),
        ] {
            match unscaled(&sent(&[], 0, sign), 38, 10) {
                Err(Misfit::Rejected(found, _)) => assert_eq!(found, code),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            unscaled(&sent(&[1], 0, 0)[..9], 9, 2),
            Err(Misfit::Malformed)
        );
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_general_one_agree(
            groups in prop::collection::vec(prop_oneof![Just(0_u16), Just(9_000), 0_u16..10_000], 0..6),
            places in -20_i32..24,
            precision in 1_u8..=38,
        ) {
            let digits: Vec<u8> = groups.iter().flat_map(|group| group.to_be_bytes()).collect();
            if let Some(value) = short(&digits, places, precision) {
                prop_assert_eq!(general(&digits, places, precision), Ok(i128::from(value)));
            }
        }

        #[test]
        fn every_decimal_comes_back(value in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_u8..=38) {
            // The groups of four digits around the point, most significant first.
            let padded = format!("{:0>44}", value.unsigned_abs());
            let (whole, fraction) = padded.split_at(44 - usize::from(scale));
            let whole = format!("{whole:0>44}");
            let fraction = format!("{fraction:0<40}");
            let groups: Vec<u16> = format!("{whole}{fraction}")
                .as_bytes()
                .chunks(4)
                .map(|group| std::str::from_utf8(group).unwrap().parse().unwrap())
                .collect();
            let sign = if value < 0 { 0x4000 } else { 0 };
            prop_assert_eq!(unscaled(&sent(&groups, 10, sign), 38, scale), Ok(value));
        }
    }
}
