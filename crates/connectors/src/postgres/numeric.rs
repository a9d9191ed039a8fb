//! `numeric`'s binary form into the unscaled integer of a decimal: exact or a misfit, no text, no
//! floating point.

use super::values::Misfit;

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
    // Places to the right of the group in hand, once the point is moved behind the last place.
    let mut places = i32::from(weight) * 4 + i32::from(scale);
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
    let value = i128::try_from(value).map_err(|_| PRECISION)?;
    Ok(if negative { -value } else { value })
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
