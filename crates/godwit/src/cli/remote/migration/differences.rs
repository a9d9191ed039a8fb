//! What differs between a migration as a project has it and as a file has it.

use std::collections::BTreeSet;

use model::table::escape_controls;
use serde::Serialize;
use serde_json::Value as Json;

/// One place that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Difference {
    /// Its path: `tables.matching.include`.
    at: String,
    /// What stood there; none where nothing did.
    old: Option<Json>,
    /// What stands there.
    new: Option<Json>,
}

/// All places that differ, by their paths.
pub(super) fn differences(old: &Json, new: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(at: &str, old: Option<&Json>, new: Option<&Json>, found: &mut Vec<Difference>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Json::Object(old)), Some(Json::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let at = match at {
                    "" => key.clone(),
                    at => format!("{at}.{key}"),
                };
                compare(&at, old.get(key), new.get(key), found);
            }
        }
        (Some(Json::Array(old)), Some(Json::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{at}[{index}]"), Some(old), Some(new), found);
            }
        }
        (old, new) => found.push(Difference {
            at: at.to_owned(),
            old: old.cloned(),
            new: new.cloned(),
        }),
    }
}

/// A line for each.
pub(super) fn lines(found: &[Difference]) -> String {
    let said = |value: &Option<Json>| value.as_ref().map_or("nothing".to_owned(), Json::to_string);
    let line = |one: &Difference| {
        let (at, old, new) = (&one.at, said(&one.old), said(&one.new));
        format!("  {}\n", escape_controls(&format!("{at}: {old} -> {new}")))
    };
    found.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_place_is_told_by_its_path() {
        let old = json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": [1]});
        let new = json!({"a": 1, "b": {"c": [1, 3], "f": true}, "e": [1, 2]});
        let expected = "  b.c[1]: 2 -> 3\n  b.d: \"x\" -> nothing\n  b.f: nothing -> true\n  e: [1] -> [1,2]\n";
        assert_eq!(lines(&differences(&old, &new)), expected);
        assert_eq!(differences(&old, &old), []);
    }
}
