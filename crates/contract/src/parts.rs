//! Reads what a person wrote as its struct and collects what is wrong: after each finding the entry
//! is set aside and the rest is read on, so that a person mends all of it at once.

use std::collections::BTreeSet;

use model::Finding;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::options::{join, missing, parse};

/// After so many findings nothing is read further: each one has all of it read once more.
const MOST_FINDINGS: usize = 100;

/// `value` as `T`, and everything found on the way; `at` is the path of `value` in what was written, before the paths of
/// what is found. The value is what there is beside the entries that were set aside: to be used where nothing was found.
pub fn read<T: DeserializeOwned + JsonSchema>(value: &Json, at: &str) -> (Option<T>, Vec<Finding>) {
    let mut value = value.clone();
    let mut findings = Vec::new();
    let mut set_aside = BTreeSet::new();
    loop {
        let finding = match parse::<T>(&value) {
            Ok(part) => return (Some(part), findings),
            Err(finding) => finding,
        };
        let inner = finding.at.clone();
        let found = match missing_key(&finding) {
            // Outermost, the rest is not read: all that is missing is told.
            Some(key) if inner.is_empty() => missing_keys::<T>(&value, key),
            _ => vec![finding],
        };
        for finding in found {
            let told = missing_key(&finding).is_some_and(|key| {
                set_aside.contains(join(&inner, key).as_str())
                    || is_misspelt(key, &join(at, &inner), &findings)
            });
            if !told {
                findings.push(Finding {
                    at: join(at, &inner),
                    ..finding
                });
            }
        }
        if findings.len() >= MOST_FINDINGS {
            let message = format!("reading ends after {MOST_FINDINGS} findings: there may be more");
            let finding = Finding::note("MORE_FINDINGS", at, message);
            findings.push(finding.hint("mend those that are listed first"));
            return (None, findings);
        }
        // A missing key of a part within sets that part aside; at the top there is nothing to lose.
        if inner.is_empty() || !remove(&mut value, &inner, &mut set_aside) {
            return (None, findings);
        }
    }
}

/// Whether one of the findings is that of an unknown key in the same place that was meant to be `key`.
pub fn is_misspelt(key: &str, place: &str, findings: &[Finding]) -> bool {
    findings.iter().any(|finding| {
        let parent = finding.at.rsplit_once('.').map_or("", |(parent, _)| parent);
        let meant = format!("did you mean {key}?");
        finding.code == "UNKNOWN_KEY"
            && parent == place
            && finding
                .hint
                .as_ref()
                .is_some_and(|hint| hint.starts_with(&meant))
    })
}

fn missing_key(finding: &Finding) -> Option<&str> {
    let is_missing = finding.code == "MISSING_KEY";
    finding.message.split('"').nth(1).filter(|_| is_missing)
}

/// What `T` cannot do without and the value lacks, in the order of the struct; `first` is known to be of them.
fn missing_keys<T: JsonSchema>(value: &Json, first: &str) -> Vec<Finding> {
    let schema = schemars::schema_for!(T).to_value();
    let required = schema["required"].as_array().into_iter().flatten();
    let mut keys: Vec<&str> = required
        .filter_map(Json::as_str)
        .filter(|key| value.get(key).is_none())
        .collect();
    if !keys.contains(&first) {
        keys.insert(0, first);
    }
    let told = keys.into_iter().map(|key| missing("", key));
    told.collect()
}

/// Removes the entry at `path`, or the list that holds it: other places must not move.
fn remove(value: &mut Json, path: &str, set_aside: &mut BTreeSet<String>) -> bool {
    let path = path.split('[').next().unwrap_or(path);
    let mut object = match value {
        Json::Object(object) => object,
        _ => return false,
    };
    let mut walked = String::new();
    let mut rest = path;
    loop {
        let (key, deeper) = match next_key(object, rest) {
            Some(found) => found,
            None => return false,
        };
        walked = join(&walked, &key);
        let descends = !deeper.is_empty() && object.get(&key).is_some_and(Json::is_object);
        if !descends {
            set_aside.insert(walked);
            return object.remove(&key).is_some();
        }
        rest = deeper;
        object = match object.get_mut(&key) {
            Some(Json::Object(inner)) => inner,
            _ => return false,
        };
    }
}

/// The key of `object` that `path` begins with, and what follows it; keys may hold dots.
fn next_key<'a>(object: &Map<String, Json>, path: &'a str) -> Option<(String, &'a str)> {
    object
        .keys()
        .filter_map(|key| {
            let rest = path.strip_prefix(key.as_str())?;
            match rest.strip_prefix('.') {
                Some(rest) => Some((key.clone(), rest)),
                None => rest.is_empty().then(|| (key.clone(), "")),
            }
        })
        .max_by_key(|(key, _)| key.len())
}

#[cfg(test)]
mod tests {
    use model::migration::MigrationSpec;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn check(value: &Json, expected: &[(&str, &str)]) {
        let (_, findings) = read::<MigrationSpec>(value, "migration");
        let found: Vec<_> = findings
            .iter()
            .map(|finding| (finding.code.as_str(), finding.at.as_str()))
            .collect();
        assert_eq!(found, expected, "{findings:#?}");
    }

    #[test]
    fn everything_wrong_is_found_at_once() {
        check(
            &json!({
                "name": 7, "sourcee": {}, "verify": "sums",
                "source": {"data-source": "a", "time-zone": "Mars"},
                "destination": {"data-source": "b", "loading-policy": "merge"},
                "tables": {"al": true},
                "run": {"parallelism": "many", "reruns": 300},
                "each": [{"table": "a.b", "filtre": "none"}],
            }),
            &[
                ("UNKNOWN_VALUE", "migration.destination.loading-policy"),
                ("UNKNOWN_KEY", "migration.each[0].filtre"),
                ("WRONG_TYPE", "migration.name"),
                ("WRONG_TYPE", "migration.run.parallelism"),
                ("WRONG_TYPE", "migration.run.reruns"),
                ("UNKNOWN_TIME_ZONE", "migration.source.time-zone"),
                ("UNKNOWN_KEY", "migration.sourcee"),
                ("UNKNOWN_KEY", "migration.tables.al"),
                ("UNKNOWN_VALUE", "migration.verify"),
            ],
        );
    }

    #[test]
    fn a_misspelt_key_is_not_missing_as_well() {
        check(
            &json!({
                "name": "a", "sources": {"data-source": "a"}, "tables": {},
                "destination": {"data-source": "b"}, "each": [{"tabel": "a.b"}],
            }),
            &[
                ("UNKNOWN_KEY", "migration.each[0].tabel"),
                ("UNKNOWN_KEY", "migration.sources"),
            ],
        );
    }

    #[test]
    fn after_a_hundred_findings_reading_ends() {
        let each: Vec<Json> = (0..10_000)
            .map(|table| json!({"table": format!("s.t{table}"), "columns": {"c": {"skip": true}}}))
            .collect();
        let mut value = json!({"each": each});
        for key in 0..2_000 {
            value[format!("z{key}")] = Json::Null;
        }
        let started = std::time::Instant::now();
        let (_, findings) = read::<MigrationSpec>(&value, "migration");
        assert_eq!(findings.len(), MOST_FINDINGS + 1);
        assert_eq!(findings[MOST_FINDINGS].code, "MORE_FINDINGS");
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_missing_is_said_once() {
        check(
            &json!({"source": {}, "destination": {"data-source": "b"}, "tables": {}}),
            &[
                ("MISSING_KEY", "migration.source"),
                ("MISSING_KEY", "migration"),
            ],
        );
    }

    #[test]
    fn all_that_is_missing_is_said() {
        #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct Server {
            host: String,
            #[serde(default)]
            port: u16,
            user: String,
            database: String,
        }
        let check = |value: Json, expected: &[&str]| {
            let (_, findings) = read::<Server>(&value, "a");
            let found: Vec<_> = findings.iter().map(|found| &found.message).collect();
            assert_eq!(found, expected, "{value}");
        };
        let (host, user, database) = (
            "\"host\" is missing",
            "\"user\" is missing",
            "\"database\" is missing",
        );
        let whole = json!({"host": "h", "user": "u", "database": "d"});
        let server = Server {
            host: "h".to_owned(),
            port: 0,
            user: "u".to_owned(),
            database: "d".to_owned(),
        };
        assert_eq!(read::<Server>(&whole, "a"), (Some(server), Vec::new()));
        check(json!({}), &[host, user, database]);
        check(json!({"user": "u"}), &[host, database]);
        let misspelt = "unknown key \"databse\"";
        check(json!({"databse": "d"}), &[misspelt, host, user]);
        let no_port = "expected a whole number from 0 to 65535, found a text";
        let no_name = "expected a text, found a number";
        check(
            json!({"port": "x", "user": 1}),
            &[no_port, no_name, host, database],
        );
    }
}
