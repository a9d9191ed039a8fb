//! `sources`: what can be read and written; is a data source reachable; what is in it.

use std::path::Path;

use connectors::CONNECTORS;
use contract::options::nearest_hint;
use contract::{About, Capabilities, Forms, Opening};
use model::migration::MigrationFile;
use model::table::ListedTable;
use model::{Error, ErrorKind, Finding, Result, Side};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::ends::{at_data_source, blocker, open_destination, open_source, typed};
use crate::migration_file::{Loaded, load};

/// A kind of system.
#[derive(Debug, Clone, Serialize)]
pub struct SourceType {
    /// What the migration file calls it.
    pub id: &'static str,
    /// What it is called.
    #[serde(flatten)]
    pub about: About,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The JSON Schemas of its options.
    pub options: Forms,
}

/// What a test found.
#[derive(Debug, Clone, Serialize)]
pub struct TestReport {
    /// The data source's name.
    pub data_source: String,
    /// Its connector's id.
    pub connector: String,
    /// Whether it can be used.
    pub reachable: bool,
    /// What to know, with its place in the file.
    pub findings: Vec<Finding>,
}

/// Every kind of system that is known.
pub fn types() -> Vec<SourceType> {
    let described = CONNECTORS.iter().map(|connector| SourceType {
        id: connector.id(),
        about: connector.about(),
        capabilities: connector.capabilities(),
        options: connector.forms(),
    });
    described.collect()
}

/// Opens the data source `name` of the file for what it can do, and asks whether it works.
pub async fn test(path: &Path, name: &str) -> Result<TestReport> {
    let loaded = load(path).await?;
    let file = known(&loaded, name)?;
    let (source, connector) = typed(file, name).ok_or_else(|| unusable(&loaded, name))?;
    let opening = opening(file, &loaded);
    let mut findings = Vec::new();
    let mut failed = |result: Result<Vec<Finding>>| match result {
        Ok(more) => findings.extend(more.into_iter().map(|found| at_data_source(found, name))),
        Err(error) => findings.push(blocker(&error, name)),
    };
    let capabilities = connector.capabilities();
    let reads = file.migration.source.data_source == name;
    let writes = file.migration.destination.data_source == name;
    if capabilities.read.is_some() && (reads || !writes) {
        let options = read_options(file, name);
        let opened = open_source((source, connector), &options, &opening).await;
        failed(opened.map(|(_, findings)| findings));
    }
    if capabilities.write.is_some() && (writes || capabilities.read.is_none()) {
        let options = if writes {
            file.migration.destination.options.clone()
        } else {
            Map::new()
        };
        let opened = open_destination((source, connector), &options, &opening).await;
        failed(opened.map(|(_, findings)| findings));
    }
    loaded.locate(findings.iter_mut());
    Ok(TestReport {
        data_source: name.to_owned(),
        connector: source.connector.clone(),
        reachable: !findings.iter().any(Finding::is_blocker),
        findings,
    })
}

/// The tables of the data source `name`; in the migration's schemas where `schemas` is empty and the
/// migration reads from it.
pub async fn tables(path: &Path, name: &str, schemas: &[String]) -> Result<Vec<ListedTable>> {
    let loaded = load(path).await?;
    let file = known(&loaded, name)?;
    let ends = typed(file, name).ok_or_else(|| unusable(&loaded, name))?;
    let options = read_options(file, name);
    let (source, _) = open_source(ends, &options, &opening(file, &loaded))
        .await
        .map_err(|error| error.on(Side::Source))?;
    let of_migration = &file.migration.source;
    let schemas = if schemas.is_empty() && of_migration.data_source == name {
        &of_migration.schemas
    } else {
        schemas
    };
    source.tables(schemas).await
}

pub(crate) fn read_options(file: &MigrationFile, name: &str) -> Map<String, Json> {
    let source = &file.migration.source;
    if source.data_source == name {
        source.options.clone()
    } else {
        Map::new()
    }
}

pub(crate) fn opening(file: &MigrationFile, loaded: &Loaded) -> Opening {
    let spec = &file.migration;
    let namespace = spec.destination.namespace.clone();
    Opening::new(
        &loaded.base,
        spec.source.time_zone.clone(),
        namespace.unwrap_or_else(|| spec.name.clone()),
    )
}

pub(crate) fn known<'a>(loaded: &'a Loaded, name: &str) -> Result<&'a MigrationFile> {
    let file = loaded.file.as_ref().ok_or_else(|| unusable(loaded, name))?;
    let at = format!("data-sources.{name}");
    let broken = loaded.findings.iter().any(|finding| {
        let inner = finding.at.strip_prefix(at.as_str());
        finding.is_blocker() && inner.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    if broken {
        return Err(unusable(loaded, name));
    }
    if file.data_sources.contains_key(name) {
        return Ok(file);
    }
    let names: Vec<_> = file.data_sources.keys().map(String::as_str).collect();
    let message = format!("there is no data source {name:?} in the file");
    Err(
        Error::new(ErrorKind::NotFound, "UNKNOWN_DATA_SOURCE", message)
            .hint(nearest_hint(name, &names)),
    )
}

pub(crate) fn unusable(loaded: &Loaded, name: &str) -> Error {
    let first = loaded.findings.iter().find(|finding| finding.is_blocker());
    let reason = first.map_or_else(String::new, |finding| {
        format!(": {} at {}", finding.message, finding.at)
    });
    let message = format!("the file does not say how to reach {name:?}{reason}");
    Error::new(ErrorKind::Config, "BAD_FILE", message).hint("godwit check FILE tells all of it")
}
