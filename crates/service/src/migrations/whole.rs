//! A migration of a project beside the data sources that it names: understood as a whole file would be, and by
//! what the project is besides.

use std::collections::BTreeSet;

use contract::options::nearest_hint;
use model::migration::{MigrationSpec, ResourceGroup as Group};
use model::plan::Environment;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use serde_json::{Map, Value as Json};
use store::{Page, Stored};
use tokio::sync::Semaphore;

use crate::data_sources::{self, DataSource};
use crate::document::Document;
use crate::ends::Trusted;
use crate::installation::{LONGEST_PAGE, Service};
use crate::migration_file::{Loaded, understand_beside, understand_json};
use crate::projects::{Mode, Project};
use crate::resource_groups::ResourceGroup;

/// The longest text, in bytes: ten thousand tables, each with choices of its own, are far below it.
const LONGEST_TEXT: usize = 4 * 1024 * 1024;
/// How many keys and values a migration has at most.
const MOST_VALUES: usize = 500_000;
/// How many keys stand outside of lists: each one that is wrong is told by itself, and has all read once more.
const MOST_KEYS: usize = 2_000;
/// The longest key, and the longest single text, in bytes.
const LONGEST_KEY: usize = 1024;
const LONGEST_VALUE: usize = 1024 * 1024;

/// Large migrations take a core for a while, and memory by the hundred MiB.
static READING: Semaphore = Semaphore::const_new(2);

/// A migration as somebody wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written<'a> {
    /// YAML or JSON that holds `migration`: findings have places in it.
    Text(&'a str),
    /// The `migration` itself.
    Json(&'a Json),
}

/// A migration, understood.
pub(crate) struct Whole {
    /// As a file; its data sources have no secrets in clear.
    pub(crate) loaded: Loaded,
    /// The data source that is read, where there is one of that name.
    pub(crate) source: Option<Stored<DataSource>>,
    /// The data source that is written.
    pub(crate) destination: Option<Stored<DataSource>>,
}

impl Whole {
    /// What it says, where that can be told.
    pub(crate) fn spec(&self) -> Option<&MigrationSpec> {
        self.loaded.file.as_ref().map(|file| &file.migration)
    }

    /// The ids of both data sources, where both are there.
    pub(crate) fn ends(&self) -> Option<(&ObjectId, &ObjectId)> {
        Some((&self.source.as_ref()?.id, &self.destination.as_ref()?.id))
    }

    /// The migration itself, as it was written.
    fn migration<'a>(&'a self, written: Written<'a>) -> Option<&'a Json> {
        match written {
            Written::Text(_) => self.loaded.migration(),
            Written::Json(migration) => Some(migration),
        }
    }
}

/// Understands a migration of the project, and finds what stands against it there.
pub(crate) async fn understood(
    service: &Service,
    project: &Stored<Project>,
    written: Written<'_>,
) -> Result<Whole> {
    let document = match written {
        Written::Json(migration) => {
            within_bounds(migration)?;
            migration.clone()
        }
        Written::Text(text) => migration_of(text).await?,
    };
    let end = async |key: &str| match document[key]["data-source"].as_str() {
        Some(name) => data_sources::named(service, project.id.as_str(), name).await,
        None => Ok(None),
    };
    let (source, destination) = (end("source").await?, end("destination").await?);
    let mut beside = Map::new();
    for found in [&source, &destination].into_iter().flatten() {
        let connection = serde_json::to_value(found.body.connection());
        let connection = connection.map_err(|cause| {
            Error::internal("a data source cannot be written as JSON").caused_by(cause)
        })?;
        beside.insert(found.name.clone(), connection);
    }
    let base = service.base();
    let loaded = match written {
        Written::Text(text) => {
            let text = text.to_owned();
            aside(move || understand_beside(&text, beside, base)).await?
        }
        Written::Json(migration) => {
            let migration = migration.clone();
            aside(move || understand_json(&migration, beside, base)).await?
        }
    };
    let mut whole = Whole {
        loaded,
        source,
        destination,
    };
    unknown_named(service, project, &mut whole, &document).await?;
    let mut more = of_project(service, project, whole.migration(written)).await?;
    whole.loaded.locate(more.iter_mut());
    whole.loaded.findings.extend(more);
    Finding::keep_few(&mut whole.loaded.findings);
    Ok(whole)
}

/// Does what takes a core for a while beside those who answer requests, few at a time.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let _permit = READING
        .acquire()
        .await
        .map_err(|_| Error::internal("reading was closed"))?;
    // What a panic says may hold what was written: it is not repeated.
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::internal("reading a migration panicked"))
}

/// The `migration` of a text; null where it has none.
async fn migration_of(text: &str) -> Result<Json> {
    if text.len() > LONGEST_TEXT {
        let message = format!("the text has {} bytes", text.len());
        return Err(too_large(message, "write at most 4 MiB"));
    }
    let text = text.to_owned();
    aside(move || {
        let Ok(mut document) = Document::parse(&text) else {
            return Ok(Json::Null);
        };
        within_bounds(&document.value)?;
        let migration = document.value.get_mut("migration");
        Ok(migration.map(Json::take).unwrap_or_default())
    })
    .await?
}

/// Refuses what is so large that nobody can have meant it.
fn within_bounds(document: &Json) -> Result<()> {
    let (mut values, mut named) = (0, 0);
    let mut open = vec![(document, false)];
    while let Some((value, in_list)) = open.pop() {
        match value {
            Json::String(text) if text.len() > LONGEST_VALUE => {
                let message = format!("a text in the migration has {} bytes", text.len());
                return Err(too_large(message, "write at most 1 MiB"));
            }
            Json::Array(entries) => open.extend(entries.iter().map(|entry| (entry, true))),
            Json::Object(keys) => {
                if let Some(key) = keys.keys().find(|key| key.len() > LONGEST_KEY) {
                    let message = format!("a key in the migration has {} bytes", key.len());
                    return Err(too_large(message, "write at most 1024"));
                }
                values += keys.len();
                named += if in_list { 0 } else { keys.len() };
                open.extend(keys.values().map(|value| (value, in_list)));
            }
            _ => {}
        }
        values += 1;
        if values > MOST_VALUES {
            let message = format!("the migration has more than {MOST_VALUES} values");
            return Err(too_large(message, "cut it into several"));
        }
        if named > MOST_KEYS {
            let message = format!("the migration has more than {MOST_KEYS} keys outside of lists");
            return Err(too_large(message, "leave out those that are not known"));
        }
    }
    Ok(())
}

fn too_large(message: String, hint: &str) -> Error {
    Error::new(ErrorKind::Config, "OUT_OF_RANGE", message).hint(hint)
}

/// Both data sources as they are opened: judged, and with the texts of their secrets. To be called on what has
/// no blocker.
pub(crate) async fn opened(
    service: &Service,
    project: &str,
    whole: &mut Whole,
    environment: Environment,
) -> Result<Trusted> {
    for end in [&whole.source, &whole.destination].into_iter().flatten() {
        end.body.in_environment(&end.name, environment)?;
    }
    let Some((source, destination)) = whole.ends() else {
        return Err(Error::internal(
            "a migration without data sources was to be opened",
        ));
    };
    let ids: BTreeSet<&ObjectId> = [source, destination].into();
    let ids: Vec<&ObjectId> = ids.into_iter().collect();
    let (connections, trusted) = data_sources::resolved(service, project, &ids).await?;
    if let Some(file) = &mut whole.loaded.file {
        file.data_sources = connections;
    }
    Ok(trusted)
}

/// Where a data source is not there, what is known are those of the project.
async fn unknown_named(
    service: &Service,
    project: &Stored<Project>,
    whole: &mut Whole,
    document: &Json,
) -> Result<()> {
    let findings = &mut whole.loaded.findings;
    let is_unknown = |finding: &Finding| finding.code == "UNKNOWN_DATA_SOURCE";
    if !findings.iter().any(is_unknown) {
        return Ok(());
    }
    let page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    let listed = service
        .store()
        .list::<DataSource>(project.id.as_str(), &page)
        .await?;
    let known: Vec<&str> = listed.iter().map(|known| known.name.as_str()).collect();
    for finding in findings.iter_mut().filter(|finding| is_unknown(finding)) {
        let key = match finding.at.contains("destination") {
            true => "destination",
            false => "source",
        };
        let name = document[key]["data-source"].as_str().unwrap_or_default();
        finding.message = format!("the project has no data source {name:?}");
        finding.hint = Some(match known.is_empty() {
            true => "make a data source first".to_owned(),
            false => nearest_hint(name, &known),
        });
    }
    Ok(())
}

/// Requirement R1.05: what the project's mode does not have. And groups that are not there.
async fn of_project(
    service: &Service,
    project: &Stored<Project>,
    migration: Option<&Json>,
) -> Result<Vec<Finding>> {
    const AT: &str = "migration.schedule.resource-group";
    let mut findings = Vec::new();
    let group = migration.map(|migration| &migration["schedule"]["resource-group"]);
    let Some(group) = group.and_then(|group| serde_json::from_value::<Group>(group.clone()).ok())
    else {
        return Ok(findings);
    };
    if project.body.mode == Mode::Basic && matches!(group, Group::Each(_)) {
        let message = "a project of the mode basic has one environment, and one resource group";
        let finding = Finding::blocker("NOT_OF_MODE", AT, message);
        findings.push(finding.hint("write the name of the group alone"));
    }
    let named = match &group {
        Group::Both(name) => vec![(Some(name), "")],
        Group::Each(groups) => vec![
            (groups.development.as_ref(), ".development"),
            (groups.production.as_ref(), ".production"),
        ],
    };
    for (name, key) in named {
        let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
            continue;
        };
        // Requirement R8.05: bound to the project, and meant for what runs each day. Of others nothing is told.
        let found = service.store().find::<ResourceGroup>("", name).await?;
        let can_be = found.is_some_and(|group| {
            group.body.daily_scheduling && group.body.projects.contains(&project.id)
        });
        if !can_be {
            let message =
                format!("the project has no resource group {name:?} for daily scheduling");
            let finding = Finding::blocker("UNKNOWN_GROUP", format!("{AT}{key}"), message);
            findings.push(finding.hint("leave it out for the project's default group"));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(document: &Json) -> String {
        within_bounds(document).unwrap_err().message
    }

    #[test]
    fn ten_thousand_tables_are_within_bounds_and_what_nobody_means_is_not() {
        let name = |index: usize| format!("{index:064}.{index:064}");
        let listed: Vec<String> = (0..10_000).map(name).collect();
        let each = (0..10_000).map(|index| {
            json!({"table": name(index), "filter": {"one-time": "a = 1"}, "columns": {"c": {"skip": true}}})
        });
        let large = json!({"tables": {"listed": listed}, "each": each.collect::<Vec<_>>()});
        assert!(within_bounds(&large).is_ok());
        let values = vec![Json::Null; 500_001];
        assert_eq!(
            refused(&json!({"each": values})),
            "the migration has more than 500000 values"
        );
        let keys = |count: usize| {
            let keys = (0..count).map(|key| (format!("k{key}"), Json::Null));
            Json::Object(keys.collect())
        };
        assert!(within_bounds(&keys(2_000)).is_ok());
        assert!(within_bounds(&json!([keys(20_000)])).is_ok());
        let many = "the migration has more than 2000 keys outside of lists";
        assert_eq!(refused(&json!({"names": keys(20_000)})), many);
        let key = "k".repeat(1_025);
        assert_eq!(
            refused(&json!([{key: 1}])),
            "a key in the migration has 1025 bytes"
        );
        let text = "x".repeat(1024 * 1024 + 1);
        assert_eq!(
            refused(&json!([[text]])),
            "a text in the migration has 1048577 bytes"
        );
    }

    #[tokio::test]
    async fn long_texts_are_refused_and_work_is_done_beside_requests() {
        let text = " ".repeat(4 * 1024 * 1024 + 1);
        assert_eq!(migration_of(&text).await.unwrap_err().code, "OUT_OF_RANGE");
        let here = std::thread::current().id();
        assert_ne!(aside(|| std::thread::current().id()).await.unwrap(), here);
        let error = aside(|| -> () { panic!("canary") }).await.unwrap_err();
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}
