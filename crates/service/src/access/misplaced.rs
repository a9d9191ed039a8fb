//! Secrets where they are not sealed: migrations name data sources, which hold them. A draft may have any key, so one
//! that is called like a secret, or nearly so, is refused before it is kept, logged and shown to all of the project.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use connectors::CONNECTORS;
use model::Finding;
use serde_json::Value as Json;

use super::secrets;
use crate::document::join;

/// Letters that may be wrong, left out, added or exchanged.
const SLIPS: usize = 1;

/// What connectors call their secrets.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let forms = CONNECTORS.iter().map(|connector| connector.forms());
    forms
        .flat_map(|forms| secrets::names(&forms.connection))
        .map(|name| plain(&name))
        .collect()
});

/// What stands against a migration's document with a secret among its own keys, or among those of an end:
/// `SECRET_PLACE` with the path.
pub(crate) fn misplaced_secrets(document: &Json) -> Vec<Finding> {
    let places = [
        ("migration", document),
        ("migration.source", &document["source"]),
        ("migration.destination", &document["destination"]),
    ];
    let found = places.into_iter().flat_map(|(at, value)| {
        let keys = value.as_object().into_iter().flatten();
        keys.filter(|(key, value)| is_text(value) && is_called_secret(key))
            .map(move |(key, _)| refused(&join(at, key)))
    });
    found.collect()
}

fn is_text(value: &Json) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_called_secret(key: &str) -> bool {
    let key = plain(key);
    NAMES
        .iter()
        .any(|name| key.len() <= 2 * name.len() && strsim::damerau_levenshtein(&key, name) <= SLIPS)
}

/// Without what people write differently.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn refused(at: &str) -> Finding {
    let message = "a secret has no place in a migration: whoever sees the project could read it";
    Finding::blocker("SECRET_PLACE", at, message).hint("give it to the data source, which seals it")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_called_like_a_secret_is_refused_with_its_path() {
        let check = |document: Json, expected: &[&str]| {
            let found = misplaced_secrets(&document);
            let found: Vec<&str> = found.iter().map(|found| found.at.as_str()).collect();
            assert_eq!(found, expected, "{document}");
        };
        check(
            json!({"source": {"password": "hunter2"}}),
            &["migration.source.password"],
        );
        check(
            json!({"source": {"passwrod": "hunter2"}}),
            &["migration.source.passwrod"],
        );
        check(
            json!({"password": "a", "destination": {"Pass-Word": "b"}}),
            &["migration.password", "migration.destination.Pass-Word"],
        );
        for harmless in [
            json!({"source": {"data-source": "shop", "password": ""}}),
            json!({"source": {"password": {"has-secret": true}}}),
            json!({"each": [{"table": "passwords", "filter": "password = 'x'"}]}),
            json!({"destination": {"passport": "x"}, "parameters": {"word": "x"}}),
            json!(null),
        ] {
            check(harmless, &[]);
        }
    }
}
