//! Options: the struct is the parser, the validator, the JSON Schema, the web form and the docs
//! page; there is no second place.

use std::fmt::Debug;

use model::Finding;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A bundle of options that a person fills in.
pub trait Options:
    Serialize + DeserializeOwned + JsonSchema + Debug + Clone + Send + Sync + 'static
{
    /// Checks that span fields; `at` is the option's own path (`tls.ca`). Shape and ranges are in the
    /// struct already.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Nothing to choose.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

impl Options for NoOptions {}

/// Reads `json` as `T`. The finding's `at` is the path within `json`, empty for the whole; an unknown
/// key is answered with the nearest known one.
pub fn parse<T: DeserializeOwned>(json: &Json) -> Result<T, Finding> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        describe(
            if path == "." { "" } else { &path },
            &error.into_inner().to_string(),
        )
    })
}

fn describe(path: &str, message: &str) -> Finding {
    if message.contains("${env:NAME}") {
        return Finding::blocker("SECRET_IN_CLEAR", path, message)
            .hint("put the secret into an environment variable or a file, and name that");
    }
    if message.starts_with("unknown time zone") {
        return Finding::blocker("UNKNOWN_TIME_ZONE", path, message)
            .hint("write GMT+8, UTC or an IANA name such as Asia/Shanghai");
    }
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let (code, noun) = if message.starts_with("unknown field") {
            ("UNKNOWN_KEY", "key")
        } else {
            ("UNKNOWN_VALUE", "value")
        };
        let (unknown, known) = quoted.split_first().map_or(("", &[][..]), |(a, b)| (*a, b));
        let finding = Finding::blocker(code, path, format!("unknown {noun} {unknown:?}"));
        return finding.hint(nearest_hint(unknown, known));
    }
    if message.starts_with("missing field") {
        let key = quoted.first().copied().unwrap_or_default();
        return missing(path, key);
    }
    Finding::blocker("WRONG_TYPE", path, without_value(message)).hint("write it as expected")
}

pub(crate) fn missing(path: &str, key: &str) -> Finding {
    let message = format!("{key:?} is missing");
    Finding::blocker("MISSING_KEY", path, message).hint(format!("add {key}"))
}

/// The message without the value that does not fit: it may be a secret.
fn without_value(message: &str) -> String {
    let of_type = message.strip_prefix("invalid type: ");
    let Some(rest) = of_type.or_else(|| message.strip_prefix("invalid value: ")) else {
        return message.to_owned();
    };
    let Some((found, expected)) = rest.rsplit_once(", expected ") else {
        return "this value does not fit here".to_owned();
    };
    let expected = expected_words(expected);
    if of_type.is_none() {
        return format!("expected {expected}");
    }
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "string" => "a text",
        "integer" | "floating" => "a number",
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "a map of keys",
        "null" | "unit" => "nothing",
        _ => "something else",
    };
    format!("expected {expected}, found {found}")
}

fn expected_words(expected: &str) -> &str {
    match expected {
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a map of keys",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0 on",
        "f64" | "f32" => "a number",
        shape if shape.starts_with("struct ") => "a map of keys",
        shape if shape.starts_with("enum ") => "one of the known words",
        other => other,
    }
}

/// `inner` under `outer`, as paths of findings are written.
pub fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() || inner.is_empty() || inner.starts_with('[') {
        format!("{outer}{inner}")
    } else {
        format!("{outer}.{inner}")
    }
}

/// "did you mean …?" where something known is near, else the list of what is known.
pub fn nearest_hint(unknown: &str, known: &[&str]) -> String {
    match nearest(unknown, known) {
        Some(near) => format!("did you mean {near}? known are: {}", known.join(", ")),
        None => format!("known are: {}", known.join(", ")),
    }
}

/// The longest word that is compared, in bytes: it takes time and memory by the product of both lengths.
const LONGEST: usize = 128;

/// The known word that `unknown` is most likely a slip of; none where it is longer than words are.
pub fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    if unknown.len() > LONGEST {
        return None;
    }
    known
        .iter()
        .filter(|word| word.len() <= LONGEST)
        .map(|word| (strsim::normalized_damerau_levenshtein(unknown, word), *word))
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    #[allow(dead_code)]
    struct Example {
        host: String,
        port: u16,
        #[serde(default)]
        max_connections: u8,
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_key() {
        let finding =
            parse::<Example>(&json!({"host": "h", "port": 1, "max-conections": 2})).unwrap_err();
        assert_eq!(finding.code, "UNKNOWN_KEY");
        assert!(
            finding
                .hint
                .unwrap()
                .starts_with("did you mean max-connections?")
        );
    }

    #[test]
    fn what_is_longer_than_a_word_is_compared_with_nothing() {
        // A matrix of 8 GB each.
        let long = "x".repeat(1 << 15);
        assert_eq!(nearest(&long, &[long.as_str(); 1000]), None);
        assert_eq!(nearest("host", &["x", "hots"]), Some("hots"));
    }

    #[test]
    fn an_unknown_time_zone_is_told_as_such() {
        let finding = parse::<model::TimeZone>(&json!("Mars/Olympus")).unwrap_err();
        assert_eq!(finding.code, "UNKNOWN_TIME_ZONE");
        assert!(finding.hint.is_some());
    }

    #[test]
    fn a_wrong_type_names_its_key() {
        let finding = parse::<Example>(&json!({"host": "h", "port": "x"})).unwrap_err();
        assert_eq!(
            (finding.code.as_str(), finding.at.as_str()),
            ("WRONG_TYPE", "port")
        );
        assert_eq!(
            finding.message,
            "expected a whole number from 0 to 65535, found a text"
        );
        let finding = parse::<Example>(&json!({"host": 4711, "port": 1})).unwrap_err();
        assert_eq!(finding.message, "expected a text, found a number");
        for port in [70_000, -1] {
            let finding = parse::<Example>(&json!({"host": "h", "port": port})).unwrap_err();
            assert_eq!(finding.message, "expected a whole number from 0 to 65535");
        }
        let finding = parse::<Example>(&json!({"host": "h"})).unwrap_err();
        assert_eq!(finding.code, "MISSING_KEY");
    }
}
