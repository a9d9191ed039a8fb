//! A migration of a project beside the data sources that it names: understood as a whole file would be, and by
//! what the project is besides.

use std::collections::BTreeSet;

use contract::options::nearest_hint;
use model::migration::{MigrationSpec, ResourceGroup as Group};
use model::plan::Environment;
use model::secret::Unsealed;
use model::{Error, Finding, ObjectId, Result};
use serde_json::{Map, Value as Json};
use store::{Page, Stored};

use crate::data_sources::{self, DataSource};
use crate::installation::{LONGEST_PAGE, Service};
use crate::migration_file::{Loaded, understand_beside, understand_json};
use crate::projects::{Mode, Project};
use crate::resource_groups::ResourceGroup;

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
        Written::Json(migration) => Some(migration.clone()),
        Written::Text(text) => {
            let bare = understand_beside(text, Map::new(), service.base());
            bare.migration().cloned()
        }
    };
    let document = document.unwrap_or_default();
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
        Written::Text(text) => understand_beside(text, beside, base),
        Written::Json(migration) => understand_json(migration, beside, base),
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
    Ok(whole)
}

/// Both data sources as they are opened: judged, and with the texts of their secrets. To be called on what has
/// no blocker.
pub(crate) async fn opened(
    service: &Service,
    project: &str,
    whole: &mut Whole,
    environment: Environment,
) -> Result<Unsealed> {
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
    let (connections, unsealed) = data_sources::resolved(service, project, &ids).await?;
    if let Some(file) = &mut whole.loaded.file {
        file.data_sources = connections;
    }
    Ok(unsealed)
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
