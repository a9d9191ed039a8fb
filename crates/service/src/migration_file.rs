//! A migration file, loaded: every part read by its own struct, connector options by the
//! connector's, every finding with its place. Touches no system but the file itself.

use std::path::{Path, PathBuf};

use connectors::{CONNECTORS, connector};
use contract::options::nearest_hint;
use contract::{AnyConnector, parts};
use model::migration::{DataSource, MigrationFile, MigrationSpec, TableReference};
use model::{Error, ErrorKind, Finding, Result, TableName};
use serde_json::{Map, Value as Json};

use crate::document::{Document, join};

const TOP: [&str; 3] = ["version", "data-sources", "migration"];
const SOURCE_KEYS: [&str; 3] = ["data-source", "schemas", "time-zone"];
const DESTINATION_KEYS: [&str; 4] = ["data-source", "namespace", "loading-policy", "indexes"];
const CONNECTION_KEYS: [&str; 2] = ["type", "development"];

/// A migration file as far as it can be understood.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The folder that relative paths start at.
    pub base: PathBuf,
    /// The file's content, where every required part could be read.
    pub file: Option<MigrationFile>,
    /// What is wrong with it, each with its place.
    pub findings: Vec<Finding>,
    document: Option<Document>,
}

impl Loaded {
    /// Whether anything found forbids going on.
    pub fn is_blocked(&self) -> bool {
        self.file.is_none() || self.findings.iter().any(Finding::is_blocker)
    }

    /// Gives each finding its place in the file.
    pub fn locate<'a>(&self, findings: impl IntoIterator<Item = &'a mut Finding>) {
        if let Some(document) = &self.document {
            findings
                .into_iter()
                .for_each(|finding| document.locate(finding));
        }
    }

    /// Gives findings of one source table the place in the file that a person would change: their own,
    /// where they name one, else the table's exception, its line in the list, or the selection.
    pub(crate) fn locate_table<'a>(
        &self,
        table: &TableName,
        default_schema: &str,
        findings: impl IntoIterator<Item = &'a mut Finding>,
    ) {
        let (Some(document), Some(file)) = (&self.document, &self.file) else {
            return;
        };
        let spec = &file.migration;
        let same = |reference: &TableReference| reference.resolve(default_schema) == *table;
        let exception = spec.each.iter().position(|each| same(&each.table));
        let listed = spec.tables.listed.iter().flatten().position(same);
        let of_table = match (exception, listed) {
            (Some(index), _) => format!("migration.each[{index}]"),
            (None, Some(index)) => format!("migration.tables.listed[{index}]"),
            (None, None) => "migration.tables".to_owned(),
        };
        for finding in findings {
            document.locate(finding);
            if finding.position.is_none() {
                finding.position = document.position(&of_table);
            }
        }
    }

    /// The `migration` of the text as it was written.
    pub fn migration(&self) -> Option<&Json> {
        self.document.as_ref()?.value.get("migration")
    }

    /// The names and types of the data sources that the text itself speaks of.
    pub(crate) fn written_sources(&self) -> Vec<(String, String)> {
        let written = self
            .document
            .as_ref()
            .map(|document| &document.value["data-sources"]);
        let entries = written.and_then(Json::as_object).into_iter().flatten();
        let typed = |(name, value): (&String, &Json)| {
            Some((name.clone(), value["type"].as_str()?.to_owned()))
        };
        entries.filter_map(typed).collect()
    }

    /// The migration's name, where the file has one, even if the rest is wrong.
    pub fn name(&self) -> Option<&str> {
        self.document
            .as_ref()
            .and_then(|document| document.value["migration"]["name"].as_str())
    }
}

/// Reads the file at `path`. An error only where it cannot be read at all; what is wrong in it is a
/// finding.
pub async fn load(path: &Path) -> Result<Loaded> {
    let bytes = tokio::fs::read(path).await.map_err(|cause| {
        let kind = match cause.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Config,
        };
        let (reason, hint) = unreadable(&cause);
        let message = format!("could not read the migration file {path:?}: {reason}");
        Error::new(kind, "FILE_UNREADABLE", message).hint(hint)
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let message = format!("the migration file {path:?} is not UTF-8 text");
        Error::new(ErrorKind::Config, "FILE_UNREADABLE", message).hint("save it as UTF-8")
    })?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let base = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(understand(&text, base))
}

fn unreadable(cause: &std::io::Error) -> (String, &'static str) {
    use std::io::ErrorKind as Io;
    let (reason, hint) = match cause.kind() {
        Io::NotFound => ("it does not exist", "check the path"),
        Io::IsADirectory => ("it is a folder", "name the file in it"),
        Io::PermissionDenied => (
            "this user may not read it",
            "give the user that runs godwit the right to read it",
        ),
        _ => return (cause.to_string(), "check the path"),
    };
    (reason.to_owned(), hint)
}

/// Understands a file's text; relative paths in it start at `base`.
pub fn understand(text: &str, base: PathBuf) -> Loaded {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(finding) => {
            return Loaded {
                base,
                file: None,
                findings: vec![*finding],
                document: None,
            };
        }
    };
    let (file, mut findings) = read(&document.value);
    findings
        .iter_mut()
        .for_each(|finding| document.locate(finding));
    Loaded {
        base,
        file,
        findings,
        document: Some(document),
    }
}

/// Understands a text whose `migration` alone counts, with these data sources in place of its own.
pub(crate) fn understand_beside(
    text: &str,
    data_sources: Map<String, Json>,
    base: PathBuf,
) -> Loaded {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(finding) => {
            return Loaded {
                base,
                file: None,
                findings: vec![*finding],
                document: None,
            };
        }
    };
    let mut whole = document.value.clone();
    if let Json::Object(top) = &mut whole {
        top.insert("data-sources".to_owned(), Json::Object(data_sources));
        top.entry("version").or_insert(Json::from(1));
    }
    let (file, mut findings) = read(&whole);
    findings
        .iter_mut()
        .for_each(|finding| document.locate(finding));
    Loaded {
        base,
        file,
        findings,
        document: Some(document),
    }
}

/// The same of a migration that is no text: nothing has a place.
pub(crate) fn understand_json(
    migration: &Json,
    data_sources: Map<String, Json>,
    base: PathBuf,
) -> Loaded {
    let whole = Json::Object(Map::from_iter([
        ("version".to_owned(), Json::from(1)),
        ("data-sources".to_owned(), Json::Object(data_sources)),
        ("migration".to_owned(), migration.clone()),
    ]));
    let (file, findings) = read(&whole);
    Loaded {
        base,
        file,
        findings,
        document: None,
    }
}

/// The connector of a data source.
pub(crate) fn one_of(source: &DataSource) -> Result<&'static dyn AnyConnector> {
    connector(&source.connector).ok_or_else(|| {
        let message = format!("unknown type {:?}", source.connector);
        Error::new(ErrorKind::Config, "UNKNOWN_CONNECTOR", message)
    })
}

fn read(value: &Json) -> (Option<MigrationFile>, Vec<Finding>) {
    let Json::Object(top) = value else {
        let finding =
            Finding::blocker("WRONG_TYPE", "", "expected a migration file, a map of keys")
                .hint("start with version: 1, data-sources: and migration:");
        return (None, vec![finding]);
    };
    let mut findings = top_findings(top);
    let (sources, more) = data_sources(top.get("data-sources"));
    findings.extend(more);
    let migration = top.get("migration").and_then(|value| {
        let (migration, more) = parts::read::<MigrationSpec>(value, "migration");
        findings.extend(more);
        migration
    });
    if let Some(migration) = &migration {
        findings.extend(end_findings(top, migration));
        findings.extend(planner::validate(migration));
    }
    let file = migration.map(|migration| MigrationFile {
        version: 1,
        data_sources: sources.into_iter().collect(),
        migration,
    });
    (file, findings)
}

fn top_findings(top: &Map<String, Json>) -> Vec<Finding> {
    let mut findings: Vec<_> = top
        .keys()
        .filter(|key| !TOP.contains(&key.as_str()))
        .map(|key| {
            Finding::blocker("UNKNOWN_KEY", key, format!("unknown key {key:?}"))
                .hint(nearest_hint(key, &TOP))
        })
        .collect();
    for key in TOP {
        if !top.contains_key(key) && !parts::is_misspelt(key, "", &findings) {
            let finding = Finding::blocker("MISSING_KEY", "", format!("{key:?} is missing"));
            findings.push(finding.hint(format!("add {key}")));
        }
    }
    if top.get("version").is_some_and(|version| version != 1) {
        let message = "this version of the file is not known here";
        findings.push(Finding::blocker("UNKNOWN_VERSION", "version", message).hint("write 1"));
    }
    findings
}

fn data_sources(value: Option<&Json>) -> (Vec<(String, DataSource)>, Vec<Finding>) {
    let (mut sources, mut findings) = (Vec::new(), Vec::new());
    let entries = match value {
        Some(Json::Object(entries)) => entries,
        Some(_) => {
            let message = "expected a map of names to connections";
            return (
                sources,
                vec![Finding::blocker("WRONG_TYPE", "data-sources", message)],
            );
        }
        None => return (sources, findings),
    };
    for (name, value) in entries {
        let at = join("data-sources", name);
        let (source, more) = parts::read::<DataSource>(value, &at);
        findings.extend(more);
        let Some(source) = source else { continue };
        findings.extend(connection_findings(&source, &at));
        sources.push((name.clone(), source));
    }
    (sources, findings)
}

fn connection_findings(source: &DataSource, at: &str) -> Vec<Finding> {
    let Some(connector) = connector(&source.connector) else {
        let known: Vec<_> = CONNECTORS.iter().map(|connector| connector.id()).collect();
        let message = format!("unknown type {:?}", source.connector);
        let finding = Finding::blocker("UNKNOWN_CONNECTOR", join(at, "type"), message);
        return vec![finding.hint(nearest_hint(&source.connector, &known))];
    };
    let form = connector.forms().connection;
    let as_written = Json::Object(source.options.clone());
    let mut findings = under(
        at,
        &form,
        &CONNECTION_KEYS,
        connector.check_connection(&as_written),
    );
    if let Some(development) = &source.development {
        let mut merged = source.options.clone();
        merged.extend(development.clone());
        let of_development = connector
            .check_connection(&Json::Object(merged))
            .into_iter()
            .filter(|finding| {
                let first = finding.at.split(['.', '[']).next().unwrap_or_default();
                development.contains_key(first)
            })
            .collect();
        findings.extend(under(&join(at, "development"), &form, &[], of_development));
    }
    findings
}

fn end_findings(top: &Map<String, Json>, migration: &MigrationSpec) -> Vec<Finding> {
    let names = match top.get("data-sources") {
        Some(Json::Object(entries)) => entries,
        _ => return Vec::new(),
    };
    let mut findings = Vec::new();
    let source = &migration.source;
    match find(names, &source.data_source, "migration.source") {
        Err(finding) => findings.push(*finding),
        Ok(Some(connector)) if connector.capabilities().read.is_none() => {
            findings.push(one_way(connector, "migration.source", "read from"));
        }
        Ok(Some(connector)) => {
            let found = connector.check_read(&Json::Object(source.options.clone()));
            let form = connector.forms().read;
            findings.extend(under("migration.source", &form, &SOURCE_KEYS, found));
        }
        Ok(None) => {}
    }
    let destination = &migration.destination;
    match find(names, &destination.data_source, "migration.destination") {
        Err(finding) => findings.push(*finding),
        Ok(Some(connector)) if connector.capabilities().write.is_none() => {
            findings.push(one_way(connector, "migration.destination", "written to"));
        }
        Ok(Some(connector)) => {
            let found = connector.check_write(&Json::Object(destination.options.clone()));
            let form = connector.forms().write;
            findings.extend(under(
                "migration.destination",
                &form,
                &DESTINATION_KEYS,
                found,
            ));
        }
        Ok(None) => {}
    }
    findings
}

/// The connector of the data source `name`; `None` where its type is not known, which is told there.
fn find(
    entries: &Map<String, Json>,
    name: &str,
    end: &str,
) -> Result<Option<&'static dyn AnyConnector>, Box<Finding>> {
    let Some(entry) = entries.get(name) else {
        let known: Vec<_> = entries.keys().map(String::as_str).collect();
        let message = format!("unknown data source {name:?}");
        let finding = Finding::blocker("UNKNOWN_DATA_SOURCE", join(end, "data-source"), message);
        return Err(Box::new(finding.hint(nearest_hint(name, &known))));
    };
    Ok(entry["type"].as_str().and_then(connector))
}

fn one_way(connector: &dyn AnyConnector, end: &str, verb: &str) -> Finding {
    let message = format!("{} cannot be {verb}", connector.about().title);
    Finding::blocker("UNSUPPORTED", join(end, "data-source"), message)
        .hint("choose a data source of another type")
}

/// The connector's findings with their paths in the file; an unknown key is compared with what may
/// stand beside the connector's own options, too.
fn under(at: &str, form: &Json, beside: &[&str], findings: Vec<Finding>) -> Vec<Finding> {
    let own = form["properties"].as_object();
    let known: Vec<&str> = beside
        .iter()
        .copied()
        .chain(
            own.into_iter()
                .flat_map(|own| own.keys().map(String::as_str)),
        )
        .collect();
    findings
        .into_iter()
        .map(|mut finding| {
            let top_level = !finding.at.contains(['.', '[']);
            if finding.code == "UNKNOWN_KEY" && top_level {
                finding.hint = Some(nearest_hint(&finding.at, &known));
            }
            finding.at = join(at, &finding.at);
            finding
        })
        .collect()
}
