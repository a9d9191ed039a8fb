//! Secrets where they are not sealed: migrations name data sources, which hold them. A draft may have any key, so one
//! that is called like a secret, or nearly so, is refused before it is kept, logged and shown to all of the project.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use connectors::CONNECTORS;
use model::Finding;
use serde_json::Value as Json;

use super::secrets;
use crate::document::join;

/// So many letters may be wrong, left out, added or exchanged.
const SLIPS: usize = 1;

/// What a password is called, too; in short words each slip is another word.
const SHORT: [&str; 3] = ["passwd", "pwd", "pass"];

/// Holds choices by the names of columns.
const COLUMNS: &str = "columns";

/// What connectors call their secrets.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let forms = CONNECTORS.iter().map(|connector| connector.forms());
    forms
        .flat_map(|forms| secrets::names(&forms.connection))
        .map(|name| plain(&name))
        .collect()
});

/// What stands against a migration's document with a secret among its keys: `SECRET_PLACE` with the path. Columns may be
/// called what they like.
pub(crate) fn misplaced_secrets(document: &Json) -> Vec<Finding> {
    let (mut findings, mut open) = (Vec::new(), vec![("migration".to_owned(), document)]);
    while let Some((at, value)) = open.pop() {
        match value {
            Json::Object(keys) => {
                for (key, value) in keys.iter().filter(|(key, _)| *key != COLUMNS) {
                    let at = join(&at, key);
                    if is_said(value) && is_called_secret(key) {
                        findings.push(refused(&at));
                    } else {
                        open.push((at, value));
                    }
                }
            }
            Json::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, item)| (format!("{at}[{index}]"), item)));
            }
            _ => {}
        }
    }
    findings
}

/// Whether something was given that could be a secret.
fn is_said(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        // As data sources are shown.
        Json::Object(keys) => !keys.keys().all(|key| key == "has-secret" || key == "kept"),
        _ => true,
    }
}

fn is_called_secret(key: &str) -> bool {
    let key = plain(key);
    let slipped = |name: &String| {
        key.len() <= 2 * name.len() && strsim::damerau_levenshtein(&key, name) <= SLIPS
    };
    SHORT.contains(&key.as_str()) || NAMES.iter().any(slipped)
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
        for given in [
            json!("hunter2"),
            json!(12345),
            json!(["hunter2"]),
            json!({"value": "x"}),
        ] {
            check(
                json!({"source": {"password": given}}),
                &["migration.source.password"],
            );
        }
        for key in ["passwrod", "PassWord", "pwd", "passwd"] {
            let at = format!("migration.source.options.{key}");
            check(
                json!({"source": {"options": {key: "hunter2"}}}),
                &[at.as_str()],
            );
        }
        check(
            json!({"each": [{"table": "a"}, {"table": "b", "password": "x"}]}),
            &["migration.each[1].password"],
        );
        check(
            json!({"parameters": {"password": "x"}}),
            &["migration.parameters.password"],
        );
        for harmless in [
            json!({"source": {"data-source": "shop", "password": ""}}),
            json!({"source": {"password": {"has-secret": true}}}),
            json!({"each": [{"table": "passwords", "filter": "password = 'x'"}]}),
            json!({"each": [{"table": "users", "columns": {"password": {"skip": true}}}]}),
            json!({"destination": {"passport": "x"}, "parameters": {"word": "x", "past": 1}}),
            json!(null),
        ] {
            check(harmless, &[]);
        }
    }
}
