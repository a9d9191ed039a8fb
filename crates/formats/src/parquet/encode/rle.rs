//! The hybrid of runs and packed numbers in which Parquet keeps dictionary indices and levels.

use super::bit_pack;

/// A packed run has at most so many groups of eight: its header is one byte, as every reader expects.
const GROUPS: usize = 63;
/// A level's stretch of equal bytes is worth a run of its own from so many bytes on.
const LEVEL_RUN_BYTES: usize = 8;

/// Appends `values` of `width` bits.
pub(super) fn indices(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        if !values.is_empty() {
            repeated(values.len(), 0, 0, out);
        }
        return;
    }
    let value_bytes = width.div_ceil(8) as usize;
    // What a run costs: its own header, its value, and the header of the packed run that it interrupts.
    let worth = ((value_bytes + 4) * 8 / width as usize).max(8);
    let (mut at, mut packed_from) = (0, 0);
    while let Some(group) = values.get(at..at + 8) {
        let first = group[0];
        if group
            .iter()
            .fold(0, |differ, value| differ | (value ^ first))
            == 0
        {
            let more = values[at + 8..].iter().take_while(|value| **value == first);
            let run = 8 + more.count();
            if run >= worth {
                packed(&values[packed_from..at], width, out);
                repeated(run, first, value_bytes, out);
                at += run;
                packed_from = at;
                continue;
            }
            // A run that is too short is not looked at again.
            at += run & !7;
            continue;
        }
        at += 8;
    }
    packed(&values[packed_from..], width, out);
}

/// Appends levels of one bit, which stand in `bits` lowest bit first.
pub(super) fn bits(bits: &[u8], count: usize, out: &mut Vec<u8>) {
    let (whole, mut at, mut packed_from) = (count / 8, 0, 0);
    while at < whole {
        let byte = bits[at];
        if byte == 0 || byte == u8::MAX {
            let run = bits[at..whole].iter().take_while(|next| **next == byte);
            let run = run.count();
            if run >= LEVEL_RUN_BYTES {
                packed_bits(&bits[packed_from..at], out);
                repeated(run * 8, u32::from(byte & 1), 1, out);
                packed_from = at + run;
            }
            at += run;
        } else {
            at += 1;
        }
    }
    packed_bits(&bits[packed_from..count.div_ceil(8)], out);
}

/// Appends `count` times the same value.
pub(super) fn repeated(count: usize, value: u32, value_bytes: usize, out: &mut Vec<u8>) {
    variable_length((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..value_bytes]);
}

/// Appends a number seven bits at a time, the lowest first.
pub(super) fn variable_length(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn header(groups: usize, out: &mut Vec<u8>) {
    out.push((groups << 1) as u8 | 1);
}

fn packed(values: &[u32], width: u32, out: &mut Vec<u8>) {
    for run in values.chunks(GROUPS * 8) {
        header(run.len().div_ceil(8), out);
        let (whole, rest) = run.split_at(run.len() & !7);
        bit_pack::pack(whole, width, out);
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            bit_pack::pack(&last, width, out);
        }
    }
}

fn packed_bits(bits: &[u8], out: &mut Vec<u8>) {
    for run in bits.chunks(GROUPS) {
        header(run.len(), out);
        out.extend_from_slice(run);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A slow reader of the hybrid, written from its description.
    fn read(mut bytes: &[u8], width: usize, count: usize) -> Vec<u32> {
        let mut values = Vec::new();
        while values.len() < count {
            let (mut header, mut shift) = (0_usize, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= usize::from(byte & 0x7F) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let bit = |bytes: &[u8], at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
            let number = |bytes: &[u8], at: usize| {
                (0..width).fold(0, |value, place| value | bit(bytes, at + place) << place)
            };
            if header & 1 == 1 {
                let groups = header >> 1;
                values.extend((0..groups * 8).map(|place| number(bytes, place * width)));
                bytes = &bytes[groups * width..];
            } else {
                values.extend(std::iter::repeat_n(number(bytes, 0), header >> 1));
                bytes = &bytes[width.div_ceil(8)..];
            }
        }
        assert!(bytes.is_empty());
        values.truncate(count);
        values
    }

    proptest! {
        #[test]
        fn indices_are_read_as_they_were_written(
            runs in proptest::collection::vec((any::<u32>(), 1..40_usize, any::<bool>()), 0..200),
            width in 0..=bit_pack::WIDEST,
        ) {
            let mask = (1_u32 << width) - 1;
            let values: Vec<u32> = runs
                .iter()
                .flat_map(|(value, count, run)| {
                    (0..*count).map(move |place| {
                        let step = if *run { 0 } else { place as u32 };
                        value.wrapping_add(step.wrapping_mul(77)) & mask
                    })
                })
                .collect();
            let mut out = Vec::new();
            indices(&values, width, &mut out);
            prop_assert_eq!(read(&out, width as usize, values.len()), values);
        }

        #[test]
        fn levels_are_read_as_they_were_written(
            runs in proptest::collection::vec((any::<bool>(), 1..300_usize), 0..60),
        ) {
            let values: Vec<bool> = runs
                .iter()
                .flat_map(|(value, count)| std::iter::repeat_n(*value, *count))
                .collect();
            let mut packed = vec![0_u8; values.len().div_ceil(8)];
            for (at, value) in values.iter().enumerate() {
                packed[at / 8] |= u8::from(*value) << (at % 8);
            }
            let mut out = Vec::new();
            bits(&packed, values.len(), &mut out);
            let expected: Vec<u32> = values.into_iter().map(u32::from).collect();
            prop_assert_eq!(read(&out, 1, expected.len()), expected);
        }
    }
}
