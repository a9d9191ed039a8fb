//! The rules that `tidy` keeps: which room may know which, how long a file may be, what a module may
//! be called, where a connector may be named.

use crate::tree::SourceFile;

const LONGEST: usize = 600;

/// Each room and the rooms that it may know.
const ARROWS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("contract", &["model"]),
    ("formats", &["model"]),
    ("connectors", &["model", "contract", "formats"]),
    ("planner", &["model", "contract"]),
    ("engine", &["model", "contract", "formats"]),
    ("store", &["model"]),
    ("scheduler", &["model"]),
    (
        "service",
        &[
            "model",
            "contract",
            "connectors",
            "planner",
            "engine",
            "store",
            "scheduler",
        ],
    ),
    ("godwit", &["model", "service"]),
    // Never part of the product: it may know all but the doors.
    (
        "testkit",
        &[
            "model",
            "contract",
            "formats",
            "connectors",
            "planner",
            "engine",
            "store",
        ],
    ),
    ("xtask", &[]),
];

const VAGUE: [&str; 9] = [
    "utils", "util", "common", "helpers", "helper", "misc", "manager", "core", "base",
];

/// A room knows only those below it, and the product never its tests' kit.
pub(crate) fn arrows(manifest: &SourceFile) -> Vec<String> {
    let room = manifest.room();
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!(
            "{}: room {room} is not in the plan of the house",
            manifest.path
        )];
    };
    let mut wrong = Vec::new();
    for dependency in dependencies(&manifest.text) {
        let is_room = ARROWS.iter().any(|(name, _)| *name == dependency);
        if is_room && !allowed.contains(&dependency) {
            wrong.push(format!(
                "{}: {room} may not know {dependency}",
                manifest.path
            ));
        }
        if is_of_engine(dependency) && room != "engine" {
            wrong.push(format!(
                "{}: {dependency} belongs to engine alone",
                manifest.path
            ));
        }
    }
    wrong
}

fn is_of_engine(name: &str) -> bool {
    name.starts_with("datafusion") || name.starts_with("ballista")
}

/// Names under `[dependencies]` and `[build-dependencies]`; those for tests may be anything.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut section = "";
    let mut names = Vec::new();
    for line in manifest.lines() {
        if let Some(name) = line.trim().strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if section.ends_with("dependencies") && section != "dev-dependencies" {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('#') {
                names.push(name);
            }
        }
    }
    names
}

/// Every module of the product opens with `//!`; a file of tests speaks by their names.
pub(crate) fn opens_with_its_purpose(source: &SourceFile) -> Option<String> {
    (!source.is_test() && !source.text.starts_with("//!"))
        .then(|| format!("{}: does not open with //!", source.path))
}

/// At most so many lines without tests.
pub(crate) fn is_short(source: &SourceFile) -> Option<String> {
    let lines = source.product().count();
    (lines > LONGEST).then(|| format!("{}: {lines} lines, at most {LONGEST}", source.path))
}

/// No module called after nothing.
pub(crate) fn is_named_by_what_it_knows(source: &SourceFile) -> Option<String> {
    let vague = source
        .path
        .trim_end_matches(".rs")
        .split('/')
        .skip(2)
        .find(|part| VAGUE.contains(part))?;
    Some(format!(
        "{}: {vague} says nothing of what it knows",
        source.path
    ))
}

/// A promise for later has the number of an issue.
pub(crate) fn promises_have_numbers(source: &SourceFile) -> Vec<String> {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let lines = source.text.lines().enumerate();
    lines
        .filter(|(_, line)| {
            words
                .iter()
                .any(|word| line.contains(word) && !numbered(line, word))
        })
        .map(|(index, _)| format!("{}:{}: a promise without a number", source.path, index + 1))
        .collect()
}

fn numbered(line: &str, word: &str) -> bool {
    let after = line.split(word).nth(1).unwrap_or_default();
    after
        .strip_prefix("(#")
        .is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()))
}

/// What connectors are called, with the folder of each.
pub(crate) fn connector_ids(sources: &[SourceFile]) -> Vec<(String, String)> {
    let mut ids = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.room() == "connectors")
    {
        for (_, line) in source.product() {
            let declared = line.trim().strip_prefix("const ID: &'static str = \"");
            if let Some(id) = declared.and_then(|rest| rest.split('"').next()) {
                let folder = source
                    .path
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder);
                ids.push((id.to_owned(), format!("{folder}/")));
            }
        }
    }
    ids
}

/// A connector's id stands in its folder and in the registry, nowhere else in the product, the web page
/// included. The demo writes a migration file as a person would.
pub(crate) fn names_no_connector(source: &SourceFile, ids: &[(String, String)]) -> Vec<String> {
    let exempt = [
        "crates/connectors/src/lib.rs",
        "crates/godwit/src/demo/",
        "crates/godwit/src/cli/demo.rs",
        "xtask/",
    ];
    if exempt.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for (number, line) in source.product() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (id, folder) in ids {
            let named = ['"', '\'']
                .iter()
                .any(|quote| line.contains(&format!("{quote}{id}{quote}")));
            if named && !source.path.starts_with(folder) {
                wrong.push(format!(
                    "{}:{number}: names the connector {id}",
                    source.path
                ));
            }
        }
    }
    wrong
}

/// The engine's libraries are seen by the engine alone.
pub(crate) fn leaves_the_engine_alone(source: &SourceFile) -> Vec<String> {
    if ["engine", "xtask"].contains(&source.room()) {
        return Vec::new();
    }
    source
        .product()
        .filter(|(_, line)| line.contains("datafusion_") || line.contains("ballista_"))
        .map(|(number, _)| format!("{}:{number}: belongs to engine alone", source.path))
        .collect()
}

/// One Arrow in the tree.
pub(crate) fn one_arrow(lock: &str) -> Option<String> {
    let lines: Vec<&str> = lock.lines().collect();
    let versions: Vec<&str> = lines
        .windows(2)
        .filter(|pair| pair[0] == "name = \"arrow-array\"")
        .map(|pair| pair[1].trim_start_matches("version = "))
        .collect();
    (versions.len() != 1).then(|| format!("Cargo.lock: arrow-array in versions {versions:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn an_arrow_upwards_is_seen() {
        let check = |path: &str, text: &str, expected: usize| {
            assert_eq!(arrows(&file(path, text)).len(), expected, "{path}");
        };
        let knows_service = "[dependencies]\nservice.workspace = true\nserde = \"1\"\n";
        check("crates/model/Cargo.toml", knows_service, 1);
        check("crates/godwit/Cargo.toml", knows_service, 0);
        let kit = "[dependencies]\ntestkit.workspace = true\n";
        check("crates/godwit/Cargo.toml", kit, 1);
        let kit = "[dev-dependencies]\ntestkit.workspace = true\n";
        check("crates/godwit/Cargo.toml", kit, 0);
        let fusion = "[dependencies]\ndatafusion-common.workspace = true\n";
        check("crates/planner/Cargo.toml", fusion, 1);
        check("crates/engine/Cargo.toml", fusion, 0);
        check("crates/attic/Cargo.toml", "", 1);
    }

    #[test]
    fn what_is_untidy_is_seen() {
        let long = format!("//! A.\n{}", "fn a() {}\n".repeat(LONGEST));
        assert!(is_short(&file("crates/a/src/b.rs", &long)).is_some());
        let tested = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(is_short(&file("crates/a/src/b.rs", &tested)).is_none());
        assert!(opens_with_its_purpose(&file("a.rs", "use b;\n")).is_some());
        assert!(is_named_by_what_it_knows(&file("crates/a/src/utils.rs", "")).is_some());
        assert!(is_named_by_what_it_knows(&file("crates/a/src/names.rs", "")).is_none());
        let promise = concat!("// TO", "DO: more\n// TO", "DO(#7): less\n");
        assert_eq!(promises_have_numbers(&file("a.rs", promise)).len(), 1);
    }

    #[test]
    fn a_connector_is_named_in_its_folder_alone() {
        let home = "    const ID: &'static str = \"pond\";\n";
        let home = file("crates/connectors/src/pond/mod.rs", home);
        let ids = connector_ids(std::slice::from_ref(&home));
        assert!(names_no_connector(&home, &ids).is_empty());
        let away = file("crates/planner/src/a.rs", "if id == \"pond\" {}\n");
        assert_eq!(names_no_connector(&away, &ids).len(), 1);
        let page = file("web/src/a.ts", "if (id === 'pond') {}\n");
        assert_eq!(names_no_connector(&page, &ids).len(), 1);
        let tried = file("web/src/a.test.ts", "if (id === 'pond') {}\n");
        assert!(names_no_connector(&tried, &ids).is_empty());
    }

    #[test]
    fn two_arrows_are_seen() {
        let one = "name = \"arrow-array\"\nversion = \"58.0.0\"\n";
        assert!(one_arrow(one).is_none());
        assert!(one_arrow(&format!("{one}\n{one}")).is_some());
        assert!(one_arrow("").is_some());
    }
}
