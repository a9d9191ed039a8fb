//! The migration file as a tree that knows where each key and value stands. YAML 1.2 with the core
//! schema, of which JSON is a part. Nothing is expanded in values.

use std::collections::BTreeMap;

pub(crate) use contract::options::join;
use model::Finding;
use model::finding::Position;
use saphyr::{MarkedYaml, Marker, Scalar, ScanError, YamlData, YamlLoader};
use saphyr_parser::{Parser, SpannedEventReceiver};
use serde_json::{Map, Number, Value as Json};

use self::guard::Guard;

mod guard;

/// How much the paths of all entries may take together: each one repeats the keys above it.
const LONGEST_PATHS: usize = 64 * 1024 * 1024;
/// Every so many characters it is known at which byte they stand.
const STRIDE: usize = 64;

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
        let Some(tree) = load(text)? else {
            let finding = Finding::blocker("BAD_YAML", "", "the file is empty");
            return Err(Box::new(
                finding.hint("start with version: 1, data-sources: and migration:"),
            ));
        };
        let strides = text.char_indices().step_by(STRIDE);
        let mut reader = Reader {
            text,
            strides: strides.map(|(byte, _)| byte).collect(),
            places: BTreeMap::new(),
            paths: 0,
        };
        let value = reader.node(&tree, "", None)?;
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

/// The text's tree, where there is any. What would take too much is refused before it is built.
fn load(text: &str) -> Result<Option<MarkedYaml<'_>>, Box<Finding>> {
    let refused = |error: &ScanError| {
        let position = position(error.marker());
        Box::new(unreadable(error.info(), text, position))
    };
    let mut loader = YamlLoader::default();
    // The guard counts what aliases repeat, long texts and all.
    loader.alias_limit(usize::MAX);
    let mut guard = Guard::default();
    for event in Parser::new_from_iter(text.chars()) {
        let (event, span) = event.map_err(|error| refused(&error))?;
        guard.admit(&event).map_err(|(message, hint)| {
            Box::new(Finding {
                position: Some(position(&span.start)),
                ..Finding::blocker("BAD_YAML", "", message).hint(hint)
            })
        })?;
        loader.on_event(event, span);
        if let Some(error) = loader.error() {
            return Err(refused(error));
        }
    }
    Ok(loader.into_documents().pop())
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
    /// Where the characters 0, 64, 128 and so on begin.
    strides: Vec<usize>,
    places: BTreeMap<String, Place>,
    /// How long all paths are together.
    paths: usize,
}

impl Reader<'_> {
    fn node(
        &mut self,
        node: &MarkedYaml<'_>,
        path: &str,
        key: Option<Position>,
    ) -> Result<Json, Box<Finding>> {
        let here = position(&node.span.start);
        let refuse = |message: &str| {
            Box::new(Finding {
                position: Some(here),
                ..Finding::blocker("BAD_YAML", path, message)
            })
        };
        self.paths += path.len();
        if self.paths > LONGEST_PATHS {
            return Err(refuse(
                "the keys are too long for so many values: their paths have more than 64 MiB",
            ));
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
                    list.push(self.node(entry, &format!("{path}[{index}]"), None)?);
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
                    let value = self.node(value, &inner, stands)?;
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
        let start = node.span.start.index();
        let near = self.strides.get(start / STRIDE);
        let text = near.and_then(|byte| self.text.get(*byte..));
        let text = text.unwrap_or_default().chars().skip(start % STRIDE);
        text.take(node.span.len()).collect()
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

    /// What stops a text that asks for too much.
    fn stopped(text: &str) -> String {
        let (code, position, message) = refused(text);
        assert!(code == "BAD_YAML" && position.is_some(), "{code} {message}");
        message
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let deep = "nested more than 64 deep";
        assert!(stopped(&("- ".repeat(200_000) + "x")).contains(deep));
        let keys = "? ".repeat(200_000) + "x";
        assert_eq!(stopped(&keys), "a key must be a text");
        let maps: String = (0..5_000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect();
        assert!(stopped(&maps).contains(deep));
        assert!(stopped(&"[".repeat(200)).contains(deep));
        let within = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Document::parse(&within(64)).is_ok());
        assert!(stopped(&within(65)).contains(deep));
        // By aliases, each of which is nested a little.
        let chain: String = (1..60).fold("- &a0 [x]\n".to_owned(), |text, at| {
            let nested = format!("{}*a{}{}", "[".repeat(20), at - 1, "]".repeat(20));
            text + &format!("- &a{at} {nested}\n")
        });
        assert!(stopped(&chain).contains(deep));
    }

    #[test]
    fn aliases_repeat_a_little_and_no_more() {
        let filter = "migration: { filter: &f { one-time: \"a = 1\" }, each: [*f, *f] }";
        let value = Document::parse(filter).unwrap().value;
        assert_eq!(value["migration"]["each"][1]["one-time"], "a = 1");
        let repeats = "anchors and aliases repeat more than 8 MiB";
        // A long text, many times.
        let long = format!("- &a {}\n- [{}]", "x".repeat(100_000), "*a, ".repeat(1_000));
        assert!(stopped(&long).contains(repeats));
        // Billions of small ones.
        let billions: String = (1..30).fold("- &a0 [x]\n".to_owned(), |text, at| {
            text + &format!("- &a{at} [*a{0}, *a{0}]\n", at - 1)
        });
        assert!(stopped(&billions).contains(repeats));
        // What has an anchor is kept twice.
        let wide = format!("&a [{}]", "1, ".repeat(200_000));
        assert!(stopped(&wide).contains(repeats));
        // Keys, which the loader does not count.
        assert_eq!(stopped("? [a]\n: 1"), "a key must be a text");
        assert_eq!(stopped("- &a [x]\n- { *a : 1 }"), "a key must be a text");
        assert!(Document::parse("- &a x\n- { *a : 1 }").is_ok());
    }

    #[test]
    fn documents_and_tags_end_a_text_where_they_begin() {
        let documents = "a: 1\n".to_owned() + &"---\nb: 2\n".repeat(100_000) + "[";
        assert_eq!(stopped(&documents), "the file holds several documents");
        // Each would have the prefix: 50 GB.
        let prefix = format!("%TAG ! x{}\n---\n", "y".repeat(500_000));
        let tags = prefix + &"- !a x\n".repeat(100_000);
        assert_eq!(stopped(&tags), "tags (!…) are not understood");
        assert_eq!(stopped("a: !b [1]"), "tags (!…) are not understood");
        let core = Document::parse("a: !!str 1").unwrap();
        assert_eq!(core.value["a"], "1");
    }

    #[test]
    fn many_values_and_long_paths_are_refused() {
        let many = format!("[{}]", "1,".repeat(600_000));
        assert!(stopped(&many).contains("more than 500000 values"));
        let long = format!("? {}\n: [{}]", "k".repeat(10_000), "1,".repeat(10_000));
        assert!(stopped(&long).contains("more than 64 MiB"));
    }

    #[test]
    fn numbers_as_keys_are_read_in_one_pass() {
        let keys: String = (0..100_000).map(|key| format!("{key}: 1, ")).collect();
        let started = std::time::Instant::now();
        let document = Document::parse(&format!("{{é: 0, {keys}}}")).unwrap();
        assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
        assert_eq!(document.value["99999"], 1);
        assert_eq!(document.value.as_object().unwrap().len(), 100_001);
    }
}
