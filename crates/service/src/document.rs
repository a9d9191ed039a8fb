//! The migration file as a tree that knows where each key and value stands. YAML 1.2 with the core
//! schema, of which JSON is a part. Nothing is expanded in values.

use std::collections::BTreeMap;

use model::Finding;
use model::finding::Position;
use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, YamlData};
use serde_json::{Map, Number, Value as Json};

const DEEPEST: usize = 64;

/// Under these, numbers are taken as they are written: `1.10` stays `1.10`.
const AS_WRITTEN: [&str; 2] = ["migration.parameters.", "migration.method.partition."];

/// A file's tree, and where everything in it stands.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) value: Json,
    places: BTreeMap<String, Place>,
}

/// Where one entry stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: Option<Position>,
    value: Position,
    scalar: bool,
}

impl Document {
    /// Reads a text; what is wrong with it as YAML comes back as a finding with its position.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<Finding>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let trees = MarkedYaml::load_from_str(text).map_err(|error| {
            let position = position(error.marker());
            Box::new(unreadable(error.info(), text, position))
        })?;
        let tree = match trees.as_slice() {
            [] => {
                let finding = Finding::blocker("BAD_YAML", "", "the file is empty");
                return Err(Box::new(
                    finding.hint("start with version: 1, data-sources: and migration:"),
                ));
            }
            [tree] => tree,
            [_, second, ..] => {
                let message = "the file holds several documents";
                return Err(Box::new(Finding {
                    position: Some(position(&second.span.start)),
                    ..Finding::blocker("BAD_YAML", "", message).hint("keep one, without ---")
                }));
            }
        };
        let mut reader = Reader {
            text,
            places: BTreeMap::new(),
        };
        let value = reader.node(tree, "", None, 0)?;
        Ok(Self {
            value,
            places: reader.places,
        })
    }

    /// Gives the finding the position of its path, or of the longest part of it that is there.
    pub(crate) fn locate(&self, finding: &mut Finding) {
        if finding.position.is_some() {
            return;
        }
        let at_key = matches!(finding.code.as_str(), "UNKNOWN_KEY" | "MISSING_KEY");
        finding.position = self.find(&finding.at, at_key);
    }

    /// Where the entry at `path` stands, or the longest part of the path that is there.
    pub(crate) fn position(&self, path: &str) -> Option<Position> {
        self.find(path, false)
    }

    fn find(&self, mut path: &str, at_key: bool) -> Option<Position> {
        loop {
            if let Some(place) = self.places.get(path) {
                let key = place.key.filter(|_| at_key || !place.scalar);
                return Some(key.unwrap_or(place.value));
            }
            // Without anything left it is a table or column of the source, not a path of the file.
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

fn position(marker: &Marker) -> Position {
    Position {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

fn unreadable(reason: &str, text: &str, position: Position) -> Finding {
    let finding = if reason.contains("duplicated key") {
        let line = text.lines().nth(position.line - 1).unwrap_or_default();
        let rest: String = line.chars().skip(position.column - 1).collect();
        let key = rest.split(':').next().unwrap_or_default().trim();
        Finding::blocker("DUPLICATE_KEY", "", format!("key {key:?} is there twice"))
            .hint("keep one of both")
    } else {
        Finding::blocker("BAD_YAML", "", format!("the file is not YAML: {reason}"))
            .hint("look at that line and the one before it: brackets, quotes, colons, indentation")
    };
    Finding {
        position: Some(position),
        ..finding
    }
}

struct Reader<'a> {
    text: &'a str,
    places: BTreeMap<String, Place>,
}

impl Reader<'_> {
    fn node(
        &mut self,
        node: &MarkedYaml<'_>,
        path: &str,
        key: Option<Position>,
        depth: usize,
    ) -> Result<Json, Box<Finding>> {
        let here = position(&node.span.start);
        let refuse = |message: &str| {
            Box::new(Finding {
                position: Some(here),
                ..Finding::blocker("BAD_YAML", path, message)
            })
        };
        if depth > DEEPEST {
            return Err(refuse("the file is nested too deeply"));
        }
        let scalar = matches!(node.data, YamlData::Value(_));
        let place = Place {
            key,
            value: here,
            scalar,
        };
        self.places.insert(path.to_owned(), place);
        match &node.data {
            YamlData::Value(value) => self
                .scalar(value, node, path)
                .ok_or_else(|| refuse("a number that is none cannot be used here")),
            YamlData::Sequence(entries) => {
                let mut list = Vec::with_capacity(entries.len());
                for (index, entry) in entries.iter().enumerate() {
                    list.push(self.node(entry, &format!("{path}[{index}]"), None, depth + 1)?);
                }
                Ok(Json::Array(list))
            }
            YamlData::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let name = self
                        .key(key)
                        .ok_or_else(|| refuse("a key must be a text"))?;
                    let inner = join(path, &name);
                    let stands = Some(position(&key.span.start));
                    let value = self.node(value, &inner, stands, depth + 1)?;
                    map.insert(name, value);
                }
                Ok(Json::Object(map))
            }
            YamlData::Tagged(..) => Err(refuse("tags (!…) are not understood")),
            YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
                Err(refuse("this value cannot be understood"))
            }
        }
    }

    fn scalar(&self, value: &Scalar<'_>, node: &MarkedYaml<'_>, path: &str) -> Option<Json> {
        let as_written = AS_WRITTEN.iter().any(|prefix| path.starts_with(prefix));
        Some(match value {
            Scalar::Null => Json::Null,
            Scalar::String(text) => Json::String(text.to_string()),
            _ if as_written => Json::String(self.written(node)),
            Scalar::Boolean(flag) => Json::Bool(*flag),
            Scalar::Integer(number) => Json::Number(Number::from(*number)),
            Scalar::FloatingPoint(number) => Json::Number(Number::from_f64(number.0)?),
        })
    }

    fn key(&self, key: &MarkedYaml<'_>) -> Option<String> {
        match &key.data {
            YamlData::Value(Scalar::String(text)) => Some(text.to_string()),
            YamlData::Value(_) => Some(self.written(key)),
            _ => None,
        }
    }

    fn written(&self, node: &MarkedYaml<'_>) -> String {
        let text = self.text.chars().skip(node.span.start.index());
        text.take(node.span.len()).collect()
    }
}

/// `inner` under `outer`, as paths of findings are written.
pub(crate) fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() || inner.is_empty() || inner.starts_with('[') {
        format!("{outer}{inner}")
    } else {
        format!("{outer}.{inner}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(text: &str, code: &str, at: &str) -> Option<(usize, usize)> {
        let mut finding = Finding::blocker(code, at, "");
        Document::parse(text).unwrap().locate(&mut finding);
        finding.position.map(|found| (found.line, found.column))
    }

    #[test]
    fn the_longest_known_part_of_a_path_is_pointed_to() {
        let text = "version: 1\nmigration:\n  each:\n    - table: a.b\n      filter: { x: 1 }\n";
        assert_eq!(place(text, "X", "migration.each[0].table"), Some((4, 14)));
        assert_eq!(place(text, "X", "migration.each[0].filter"), Some((5, 7)));
        assert_eq!(
            place(text, "X", "migration.each[0].filter.x"),
            Some((5, 20))
        );
        assert_eq!(
            place(text, "UNKNOWN_KEY", "migration.each[0].filter.x"),
            Some((5, 17))
        );
        assert_eq!(
            place(text, "X", "migration.each[7].columns.a"),
            Some((3, 3))
        );
        assert_eq!(place(text, "X", "public.orders"), None);
    }

    #[test]
    fn columns_are_counted_in_characters() {
        assert_eq!(place("{ \"né\": 1, b: x }", "X", "b"), Some((1, 15)));
    }

    fn check_value(text: &str, expected: &Json) {
        assert_eq!(
            &Document::parse(text).unwrap().value["v"],
            expected,
            "{text}"
        );
    }

    #[test]
    fn scalars_are_those_of_the_core_schema() {
        check_value("v: yes", &json!("yes"));
        check_value("v: NO", &json!("NO"));
        check_value("v: true", &json!(true));
        check_value("v: 0x10", &json!(16));
        check_value("v: 20230330", &json!(20_230_330));
        check_value("v: 2023-03-30", &json!("2023-03-30"));
        check_value("v: 12:30:45", &json!("12:30:45"));
        check_value("v: ~", &Json::Null);
        check_value("v: \"${env:HOME}\"", &json!("${env:HOME}"));
        check_value("v: 1.5", &json!(1.5));
        check_value("{\n\t\"v\":\t[1, null]\n}\n", &json!([1, null]));
    }

    #[test]
    fn parameters_keep_their_digits() {
        let text = "migration: { parameters: { a: 1.10, b: 007, c: true } }";
        let document = Document::parse(text).unwrap();
        let expected = json!({"a": "1.10", "b": "007", "c": "true"});
        assert_eq!(document.value["migration"]["parameters"], expected);
    }

    fn refused(text: &str) -> (String, Option<(usize, usize)>, String) {
        let finding = Document::parse(text).unwrap_err();
        let position = finding.position.map(|found| (found.line, found.column));
        (finding.code, position, finding.message)
    }

    #[test]
    fn what_is_no_tree_is_refused_with_its_place() {
        let (code, position, message) = refused("a:\n  b: 1\n  b: 2\n");
        assert_eq!((code.as_str(), position), ("DUPLICATE_KEY", Some((3, 3))));
        assert_eq!(message, "key \"b\" is there twice");
        assert_eq!(refused("a: [1, 2\nb: 3").0, "BAD_YAML");
        assert_eq!(refused("a: !secret x").0, "BAD_YAML");
        assert_eq!(refused("a: 1\n---\nb: 2").1, Some((3, 1)));
        assert_eq!(refused("").0, "BAD_YAML");
        assert_eq!(refused("a: .nan").0, "BAD_YAML");
    }
}
