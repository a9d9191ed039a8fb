//! What of JSON the server does not take although it is JSON: jsonb keeps texts and numbers as its own,
//! and both kinds are parsed in a stack of limited depth. Looks at tokens, and builds nothing.

/// Nested deeper, a document may exhaust the stack of the server.
const DEEPEST: usize = 4000;
/// Digits of a numeric before the point, and behind it.
const MOST_BEFORE: i64 = 131_072;
const MOST_BEHIND: i64 = 16_383;

/// Why the server would refuse `text`, which is JSON.
pub(super) fn refusal(text: &str, is_jsonb: bool) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let (mut place, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return Some("its lists and objects are nested deeper than 4000 times");
                }
                place += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                place += 1;
            }
            b'"' => {
                let inner = &bytes[place + 1..];
                let length = string(inner);
                if is_jsonb && let Some(reason) = escapes(&inner[..length]) {
                    return Some(reason);
                }
                place += length + 2;
            }
            b'-' | b'0'..=b'9' => {
                let length = bytes[place..].iter().take_while(|byte| {
                    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
                });
                let length = length.count();
                if is_jsonb && !is_numeric(&text[place..place + length]) {
                    return Some("jsonb does not hold a number so large or so fine");
                }
                place += length;
            }
            _ => place += 1,
        }
    }
    None
}

/// Bytes up to the closing quote.
fn string(bytes: &[u8]) -> usize {
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'"' => return place,
            b'\\' => place += 2,
            _ => place += 1,
        }
    }
    bytes.len()
}

/// jsonb keeps characters, not their spelling.
fn escapes(string: &[u8]) -> Option<&'static str> {
    const HALF: &str = "jsonb does not hold half of a pair of surrogates";
    let mut place = 0;
    let mut high = false;
    while place < string.len() {
        let unit = match (string[place], string.get(place + 1)) {
            (b'\\', Some(b'u')) => {
                let digits = string.get(place + 2..place + 6).unwrap_or_default();
                let digits = std::str::from_utf8(digits).unwrap_or_default();
                place += 6;
                u32::from_str_radix(digits, 16).ok()
            }
            (b'\\', _) => {
                place += 2;
                None
            }
            _ => {
                place += 1;
                None
            }
        };
        let is_low = matches!(unit, Some(0xdc00..=0xdfff));
        if unit == Some(0) {
            return Some("jsonb does not hold U+0000");
        }
        if high != is_low {
            return Some(HALF);
        }
        high = matches!(unit, Some(0xd800..=0xdbff));
    }
    high.then_some(HALF)
}

/// Whether the server's numeric holds it. `number` is one of JSON.
fn is_numeric(number: &str) -> bool {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        // An exponent of so many digits is beyond all limits.
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().unwrap_or(i32::MAX)),
        None => (number, 0),
    };
    let exponent = i64::from(exponent);
    if exponent.abs() >= i64::from(i32::MAX / 2) {
        return false;
    }
    let mantissa = mantissa.trim_start_matches('-');
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let count = |digits: usize| i64::try_from(digits).unwrap_or(i64::MAX);
    if count(behind.len()) - exponent > MOST_BEHIND {
        return false;
    }
    let digits = before.bytes().chain(behind.bytes());
    let zeros = digits.take_while(|digit| *digit == b'0').count();
    let is_zero = zeros == before.len() + behind.len();
    is_zero || count(before.len()) - count(zeros) + exponent <= MOST_BEFORE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, taken: bool) {
        let jsonb = refusal(text, true);
        assert_eq!(jsonb.is_none(), taken, "{text}: {jsonb:?}");
        assert_eq!(refusal(text, false), None, "json keeps the text");
    }

    #[test]
    fn escapes_that_are_none() {
        check(r#""\\u0000""#, true);
        check(r#""\u0000""#, false);
        check(r#""\\\u0000""#, false);
        check(r#"{"a\\\\u0000": "\"\\u0000\""}"#, true);
        check(r#"{"\u0000": 1}"#, false);
    }

    #[test]
    fn pairs_of_surrogates() {
        check(r#""\ud83d\ude00""#, true);
        check(r#""\ud83d""#, false);
        check(r#""\ude00""#, false);
        check(r#""\ud83d\ud83d\ude00""#, false);
        check(r#""\ud83dx\ude00""#, false);
    }

    #[test]
    fn numbers_as_numeric_takes_them() {
        for taken in [
            "1e400",
            "1e131071",
            "0.0001e131075",
            "0e999999",
            "1e-16383",
            "-0.5",
        ] {
            check(taken, true);
        }
        for refused in [
            "1e131072",
            "10e131071",
            "1e-16384",
            "1.5e-16383",
            "0e-16384",
            "1e99999999999",
            "1e-99999999999",
        ] {
            check(refused, false);
        }
        check(r#"["1e131072", -1.0]"#, true);
    }

    #[test]
    fn depth() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(refusal(&nested(DEEPEST), false), None);
        assert!(refusal(&nested(DEEPEST + 1), false).is_some());
        check(&format!("[{}{{}}]", "[],".repeat(5000)), true);
    }
}
