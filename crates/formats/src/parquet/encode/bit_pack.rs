//! Packs numbers into as few bits as they need, eight at a time, lowest bit first.

/// The widest number that is ever packed: a dictionary has at most so many entries.
pub(super) const WIDEST: u32 = 20;

/// How many bits the numbers below `count` take.
pub(super) fn width_of(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

/// Appends `values`, whose number is a multiple of eight and of which none has more than `width` bits.
pub(super) fn pack(values: &[u32], width: u32, out: &mut Vec<u8>) {
    debug_assert!(values.len().is_multiple_of(8));
    debug_assert!(
        values
            .iter()
            .all(|value| value.checked_shr(width).unwrap_or(0) == 0)
    );
    let start = out.len();
    out.resize(start + values.len() / 8 * width as usize, 0);
    let out = &mut out[start..];
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                0 => {}
                $($width => groups::<$width>(values, out),)*
                _ => unreachable!("a dictionary has at most 2^{WIDEST} entries"),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
}

/// The width is known when this is compiled, so that all shifts are constants.
fn groups<const WIDTH: usize>(values: &[u32], out: &mut [u8]) {
    for (group, bytes) in values.chunks_exact(8).zip(out.chunks_exact_mut(WIDTH)) {
        if WIDTH <= 8 {
            let mut bits = 0_u64;
            for (place, value) in group.iter().enumerate() {
                bits |= u64::from(*value) << (place * WIDTH);
            }
            bytes.copy_from_slice(&bits.to_le_bytes()[..WIDTH.min(8)]);
        } else {
            pack_wide::<WIDTH>(group, bytes);
        }
    }
}

/// Four numbers of up to 20 bits are less than 128; two such halves meet in the middle of a byte where
/// the width is odd.
fn pack_wide<const WIDTH: usize>(group: &[u32], bytes: &mut [u8]) {
    let half = |values: &[u32]| {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << WIDTH;
        let (low, high) = (pair(values[0], values[1]), pair(values[2], values[3]));
        u128::from(low) | u128::from(high) << (2 * WIDTH)
    };
    let (low, high) = (half(&group[..4]), half(&group[4..8]));
    let whole = WIDTH / 2;
    let rest = 4 * WIDTH - whole * 8;
    bytes[..whole].copy_from_slice(&low.to_le_bytes()[..whole]);
    let high = (low >> (whole * 8)) | high << rest;
    bytes[whole..].copy_from_slice(&high.to_le_bytes()[..WIDTH - whole]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_packs_as_one_bit_after_the_other() {
        for width in 0..=WIDEST {
            let largest = (1_u64 << width) - 1;
            let values: Vec<u32> = (0..64_u64)
                .map(|place| (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 & largest) as u32)
                .chain([largest as u32; 8])
                .collect();
            let mut packed = vec![7];
            pack(&values, width, &mut packed);
            let mut expected = vec![0_u8; values.len() * width as usize / 8];
            for (place, value) in values.iter().enumerate() {
                for bit in 0..width as usize {
                    let at = place * width as usize + bit;
                    expected[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
                }
            }
            assert_eq!((packed[0], &packed[1..]), (7, &expected[..]), "{width}");
        }
    }

    #[test]
    fn a_width_holds_the_largest_index() {
        let check = |count, width| assert_eq!(width_of(count), width, "{count}");
        check(0, 0);
        check(1, 0);
        check(2, 1);
        check(3, 2);
        check(256, 8);
        check(257, 9);
        check(1 << 20, WIDEST);
    }
}
