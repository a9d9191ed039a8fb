//! What was most likely meant where a name is not known. Comparing takes time and memory by the product of both
//! lengths, so names are compared that are no longer than names are, and of about the same length.

use contract::options;

/// The longest name that is compared, in bytes: a schema and a table.
const LONGEST: usize = 128;

/// The known word that `unknown` is most likely a slip of.
pub(crate) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let length = unknown.len();
    if length > LONGEST {
        return None;
    }
    // Half of the longer one must be the same; a letter has up to four bytes.
    let alike = |known: &&&str| known.len() <= LONGEST && known.len() <= 8 * length;
    let known: Vec<&str> = known.iter().filter(alike).copied().collect();
    options::nearest(unknown, &known)
}

/// "did you mean …?" where something known is near, and in any case what is known.
pub(crate) fn nearest_hint(unknown: &str, known: &[&str]) -> String {
    match unknown.len() <= LONGEST {
        true => options::nearest_hint(unknown, known),
        false => format!("known are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_a_name_is_compared_with_nothing() {
        assert_eq!(nearest("ordres", &["x", "orders"]), Some("orders"));
        let long = "x".repeat(1 << 20);
        let known = vec![long.as_str(); 1000];
        assert_eq!(nearest("x", &known), None);
        assert_eq!(nearest(&long, &known), None);
        assert_eq!(nearest_hint(&long, &["a", "b"]), "known are: a, b");
        assert!(nearest_hint("orders", &["order"]).starts_with("did you mean order?"));
    }
}
