//! Tables that loads make beside their targets: no person means them when all tables are selected.

/// The table that remembers loads.
const LOADS: &str = "godwit_loads";
const PREFIX: &str = "godwit_";
/// The shortest part of a name that stands for a load.
const TOKEN: usize = 32;

/// Whether a load made it: `godwit_loads`, or what one load stages, keeps or remembers.
pub(crate) fn is_own(table: &str) -> bool {
    let Some(rest) = table.strip_prefix(PREFIX) else {
        return false;
    };
    let words = ["stage_", "pending_", "done_", "aborted_", "old_"];
    let word = words.iter().find_map(|word| rest.strip_prefix(word));
    let token = word.unwrap_or(rest);
    let is_token = token.len() >= TOKEN
        && token
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'_'));
    table == LOADS || is_token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_made_is_not_ours() {
        let token = "01a20583ee51746c96c55ef474cd8900";
        for own in [
            "godwit_loads".to_owned(),
            format!("godwit_{token}_94fc161b4b4ea2b1_1"),
            format!("godwit_stage_{token}"),
            format!("godwit_old_{token}"),
        ] {
            assert!(is_own(&own), "{own}");
        }
        for other in [
            "godwit",
            "godwit_load",
            "godwit_stage",
            "godwit_stage_1",
            "loads",
        ] {
            assert!(!is_own(other), "{other}");
        }
        assert!(!is_own(&format!("godwit_stage_{token}x")));
    }
}
