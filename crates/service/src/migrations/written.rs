//! A migration as text: YAML for people, JSON for programs. What is written is read back as the same; secrets
//! are written as places that a person fills, never as they are.

use std::fmt::Write;

use model::{Error, ErrorKind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::access::secrets;
use crate::data_sources::DataSource;

/// How a migration is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    #[default]
    Yaml,
    /// For programs.
    Json,
}

/// A document in this format.
pub(crate) fn text(document: &Json, format: Format) -> Result<String> {
    match format {
        Format::Yaml => {
            let mut text = String::new();
            block(document, 0, &mut text);
            Ok(text)
        }
        Format::Json => serde_json::to_string_pretty(document)
            .map(|text| text + "\n")
            .map_err(|cause| {
                let error = Error::new(ErrorKind::Internal, "INTERNAL", "no JSON can be written");
                error.caused_by(cause)
            }),
    }
}

/// A data source as a migration file has it: where a secret is, an environment variable is named to put it in.
pub(crate) fn connection(name: &str, source: &DataSource) -> Json {
    let mut written = Map::new();
    written.insert("type".to_owned(), json!(source.connector));
    let Some(connector) = connectors::connector(&source.connector) else {
        return Json::Object(written);
    };
    let form = connector.forms().connection;
    let placed = |options: &Map<String, Json>, variant: &str| {
        let mut shown = secrets::show(&form, &Json::Object(options.clone()));
        place(&mut shown, &variable(&[name, variant]));
        shown
    };
    if let Json::Object(options) = placed(&source.options, "") {
        written.extend(options);
    }
    if let Some(development) = &source.development {
        let development = placed(development, "development");
        written.insert("development".to_owned(), development);
    }
    Json::Object(written)
}

/// Puts a place where a secret is.
fn place(value: &mut Json, prefix: &str) {
    match value {
        Json::Object(keys) if keys.len() == 1 && keys.contains_key("has-secret") => {
            *value = Json::String(format!("${{env:{prefix}}}"));
        }
        Json::Object(keys) => {
            for (key, value) in keys {
                place(value, &variable(&[prefix, key]));
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter_mut().enumerate() {
                place(value, &variable(&[prefix, &index.to_string()]));
            }
        }
        _ => {}
    }
}

/// The name of an environment variable.
fn variable(parts: &[&str]) -> String {
    let parts = parts.iter().filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(|part| part.to_uppercase()).collect();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    parts.join("_").chars().map(plain).collect()
}

/// A value on lines of its own, so far in.
fn block(value: &Json, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Json::Object(keys) if !keys.is_empty() => {
            for (key, value) in keys {
                let _ = write!(text, "{indent}{}:", scalar(key));
                after_key(value, depth, text);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                match item {
                    Json::Object(keys) if !keys.is_empty() => {
                        // The first key stands behind the dash.
                        let mut inner = String::new();
                        block(item, depth + 1, &mut inner);
                        let _ = write!(text, "{indent}- {}", inner.trim_start_matches(' '));
                    }
                    Json::Array(inner) if !inner.is_empty() => {
                        let _ = writeln!(text, "{indent}- {item}");
                    }
                    other => {
                        let _ = writeln!(text, "{indent}- {}", flat(other));
                    }
                }
            }
        }
        other => {
            let _ = writeln!(text, "{indent}{}", flat(other));
        }
    }
}

fn after_key(value: &Json, depth: usize, text: &mut String) {
    let nested = match value {
        Json::Object(keys) => !keys.is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        text.push('\n');
        block(value, depth + 1, text);
    } else {
        let _ = writeln!(text, " {}", flat(value));
    }
}

fn flat(value: &Json) -> String {
    match value {
        Json::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Plain where nothing else could be meant, else as JSON writes it, which YAML reads the same.
fn scalar(text: &str) -> String {
    let first = text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if first && text.bytes().all(plain) && !word {
        text.to_owned()
    } else {
        // DEL and the like are legal in JSON and not in YAML.
        let quoted = Json::String(text.to_owned()).to_string();
        let mut out = String::with_capacity(quoted.len());
        for c in quoted.chars() {
            match c {
                c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn r1_03_what_is_written_is_read_back_as_the_same() {
        let document = json!({
            "migration": {
                "name": "店 → \"lake\"", "empty": {}, "none": [], "nothing": null, "yes": true,
                "tables": {"listed": ["a.b", {"schema": "x.y", "table": "z"}, "no", "7", "- a: b"]},
                "each": [{"table": "a.b", "columns": {"c d": {"as": "decimal(38,10)"}}}],
                "parameters": {"a": "1.10", "b": "007", "c": "true", "1": "x"},
                "lines": "a\n  b\t\u{7f}\u{85}\u{2028}", "blank": " a ", "deep": [[1, [2]], []],
                "number": 1.5, "colon": "a: b #c", "empty-text": "",
            }
        });
        for format in [Format::Yaml, Format::Json] {
            let text = text(&document, format).unwrap();
            let read =
                Document::parse(&text).unwrap_or_else(|finding| panic!("{finding:?}\n{text}"));
            assert_eq!(read.value, document, "{text}");
        }
    }

    #[test]
    fn a_secret_is_written_as_a_place_to_be_filled() {
        let source = DataSource {
            connector: "postgresql".to_owned(),
            options: json!({"host": "db", "password": "${sealed:abc}"})
                .as_object()
                .unwrap()
                .clone(),
            development: Some(
                json!({"password": "${sealed:d}"})
                    .as_object()
                    .unwrap()
                    .clone(),
            ),
            description: String::new(),
            tags: Vec::new(),
            code: None,
            connections: None,
        };
        let expected = json!({
            "type": "postgresql", "host": "db", "password": "${env:SHOP_1_PASSWORD}",
            "development": {"password": "${env:SHOP_1_DEVELOPMENT_PASSWORD}"},
        });
        assert_eq!(connection("shop-1", &source), expected);
    }
}
