//! Documents of a server as tables for people, and what is read out of them.

use model::Finding;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::render::columns::{Align, Columns};
use crate::render::numbers::plural;

/// A column of a table: its title, and the path of its value in each document (`/body/hour`).
pub(super) type Column = (&'static str, &'static str);

/// A text of a document; empty where there is none.
pub(super) fn word<'a>(document: &'a Json, key: &str) -> &'a str {
    document[key].as_str().unwrap_or_default()
}

/// A line for each document, and how many there are.
pub(super) fn table(items: &[Json], columns: &[Column], noun: &str, width: usize) -> String {
    if items.is_empty() {
        return format!("no {noun}s\n");
    }
    let is_number = |path: &str| {
        let mut values = items.iter().filter_map(|item| item.pointer(path));
        values.all(|value| value.is_number() || value.is_null())
    };
    let titles: Vec<(&'static str, Align)> = columns
        .iter()
        .map(|(title, path)| match is_number(path) {
            true => (*title, Align::Right),
            false => (*title, Align::Left),
        })
        .collect();
    let mut table = Columns::new(&titles);
    for item in items {
        let cell = |(_, path): &Column| item.pointer(path).map(cell).unwrap_or_default();
        table.line(columns.iter().map(cell).collect());
    }
    format!("{}{}\n", table.render(width), plural(items.len(), noun))
}

/// One document, a line for each value that it has.
pub(super) fn facts(document: &Json, columns: &[Column]) -> String {
    let longest = columns.iter().map(|(title, _)| title.len()).max();
    let longest = longest.unwrap_or_default() + 1;
    let mut text = String::new();
    for (title, path) in columns {
        let cell = document.pointer(path).map(cell).unwrap_or_default();
        if !cell.is_empty() {
            let cell = model::table::escape_controls(&cell);
            text.push_str(&format!("{:<longest$} {cell}\n", format!("{title}:")));
        }
    }
    text
}

/// A value in one cell.
fn cell(value: &Json) -> String {
    match value {
        Json::Null | Json::Bool(false) => String::new(),
        Json::Bool(true) => "yes".to_owned(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Json::Object(keys) => {
            let parts = keys
                .iter()
                .map(|(key, value)| format!("{key} {}", cell(value)));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Findings as a server writes them.
pub(super) fn read_findings(document: &Json) -> Vec<Finding> {
    let items = document.as_array().into_iter().flatten();
    items
        .filter_map(|item| Finding::deserialize(item).ok())
        .collect()
}
