//! One place of a request that cannot be read, said for a person: where, what is expected there, and
//! never the value that was sent.

use schemars::JsonSchema;
use serde::Serialize;
use serde_path_to_error::{Path, Segment};

/// One place of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ProblemAt")]
pub struct Flaw {
    /// A path into the body (`source.schemas[0]`), a parameter of the path (`{project}`) or of the
    /// query (`?limit`), a header (`If-Match`); empty for the body as a whole.
    pub at: String,
    /// Stable, upper case.
    pub code: String,
    /// What is wrong there.
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
}

/// What of a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Query,
    Body,
}

impl Part {
    /// A place within, as [`Flaw::at`] writes it.
    fn at(self, within: &str) -> String {
        match self {
            Self::Body => within.to_owned(),
            Self::Path => format!("{{{within}}}"),
            Self::Query => format!("?{within}"),
        }
    }
}

/// What is wrong, by what serde says of it.
pub(super) fn describe(part: Part, path: &Path, message: &str) -> Flaw {
    let message = without_position(message);
    let named = message.split('`').nth(1).unwrap_or_default();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return Flaw {
            at: part.at(&child(path, named)),
            code: "UNKNOWN_KEY".to_owned(),
            message: format!("there is no {named:?} here"),
            hint: known(rest),
        };
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return Flaw {
            at: part.at(&written(path)),
            code: "UNKNOWN_VALUE".to_owned(),
            message: "it is none of the words that are known here".to_owned(),
            hint: known(rest),
        };
    }
    let (code, at, message) = if message.starts_with("missing field") {
        let message = format!("{named:?} is missing");
        ("MISSING_KEY", child(path, named), message)
    } else if message.starts_with("duplicate field") {
        let message = format!("{named:?} is there twice");
        ("DUPLICATE_KEY", child(path, named), message)
    } else {
        ("WRONG_TYPE", written(path), without_value(message))
    };
    Flaw {
        at: part.at(&at),
        code: code.to_owned(),
        message,
        hint: None,
    }
}

/// The words after the first, which is the unknown one.
fn known(rest: &str) -> Option<String> {
    let words: Vec<&str> = rest.split('`').skip(3).step_by(2).collect();
    (!words.is_empty()).then(|| format!("known are: {}", words.join(", ")))
}

/// The path of a key below `path`, which may end with it already.
fn child(path: &Path, key: &str) -> String {
    let ends_with_it =
        matches!(path.iter().next_back(), Some(Segment::Map { key: last }) if last == key);
    let parent = written(path);
    match (ends_with_it, parent.is_empty()) {
        (true, _) => parent,
        (false, true) => key.to_owned(),
        (false, false) => format!("{parent}.{key}"),
    }
}

fn written(path: &Path) -> String {
    let path = path.to_string();
    if path == "." { String::new() } else { path }
}

/// Where in the text it stands is of no use beside the path.
fn without_position(message: &str) -> &str {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message)
}

/// The message without the value that does not fit: it may be a secret.
fn without_value(message: &str) -> String {
    let is_of_value = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|start| message.starts_with(start));
    if !is_of_value {
        return message.to_owned();
    }
    let expected = message.rsplit_once(", expected ");
    let Some((_, expected)) = expected else {
        return "this value does not fit here".to_owned();
    };
    let words = match expected {
        "a string" | "a borrowed string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a map of keys",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f64" | "f32" => "a number",
        shape if shape.starts_with("struct ") => "a map of keys",
        shape if shape.contains("enum ") => "one of the known words",
        other => other,
    };
    format!("expected {words}")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value as Json, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        port: u16,
        #[serde(default)]
        mode: Mode,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Mode {
        #[default]
        Fast,
        Slow,
    }

    fn flaw(body: &Json) -> Flaw {
        let text = body.to_string();
        let mut reader = serde_json::Deserializer::from_str(&text);
        let error = serde_path_to_error::deserialize::<_, Outer>(&mut reader).unwrap_err();
        describe(Part::Body, error.path(), &error.inner().to_string())
    }

    #[test]
    fn each_flaw_has_its_place_and_code() {
        let check = |body: Json, at: &str, code: &str, message: &str| {
            let flaw = flaw(&body);
            assert_eq!((flaw.at.as_str(), flaw.code.as_str()), (at, code), "{body}");
            assert_eq!(flaw.message, message);
        };
        let inner = |inner: Json| json!({"name": "a", "inner": [{"port": 1}, inner]});
        check(json!({}), "name", "MISSING_KEY", "\"name\" is missing");
        check(json!(7), "", "WRONG_TYPE", "expected a map of keys");
        check(json!({"name": 7}), "name", "WRONG_TYPE", "expected a text");
        check(
            json!({"name": "a", "nme": 1}),
            "nme",
            "UNKNOWN_KEY",
            "there is no \"nme\" here",
        );
        let port = "expected a whole number from 0 to 65535";
        let place = "inner[1].port";
        check(inner(json!({"port": 70_000})), place, "WRONG_TYPE", port);
        check(inner(json!({"port": "secret"})), place, "WRONG_TYPE", port);
        let missing = "\"port\" is missing";
        check(inner(json!({})), place, "MISSING_KEY", missing);
        check(
            inner(json!({"port": 1, "mode": "quick"})),
            "inner[1].mode",
            "UNKNOWN_VALUE",
            "it is none of the words that are known here",
        );
    }

    #[test]
    fn what_is_known_is_told_and_what_was_sent_is_not() {
        let slip = flaw(&json!({"name": "a", "inner": [{"port": 1, "mode": "hunter2"}]}));
        assert_eq!(slip.hint.as_deref(), Some("known are: fast, slow"));
        let slip = flaw(&json!({"name": "a", "x": 1}));
        assert_eq!(slip.hint.as_deref(), Some("known are: name, inner"));
        for body in [json!({"name": ["hunter2"]}), json!("hunter2")] {
            assert!(!format!("{:?}", flaw(&body)).contains("hunter2"));
        }
    }
}
