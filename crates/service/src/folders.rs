//! `folders`: where the pipelines of a project stand. Generating makes one of the migration's name.

use model::plan::Environment;
use model::{Error, ErrorKind, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Link, Noun, Page, Stored};

use crate::access::rights::{Caller, Right};
use crate::installation::{LONGEST_PAGE, Service, page};
use crate::names;
use crate::pipelines::Pipeline;
use crate::publishing;

/// So many pipelines are named in a refusal.
const NAMED: usize = 5;

/// A folder of pipelines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Folder {
    /// The migration that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<ObjectId>,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Noun for Folder {
    const KIND: &'static str = "folder";

    fn links(&self) -> Vec<Link> {
        let migration = self.migration.clone().into_iter();
        migration
            .map(|target| Link {
                role: "migration",
                target,
            })
            .collect()
    }
}

/// Folders of a project, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<Folder>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    service.store().list(project.as_str(), &page).await
}

/// One folder.
pub async fn show(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Stored<Folder>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    service.of_project(project.as_str(), id).await
}

/// Makes a folder that no migration was generated into.
pub async fn create(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, &str),
    description: &str,
) -> Result<Stored<Folder>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    names::check("folder", name, names::LONG)?;
    let body = Folder {
        migration: None,
        description: description.to_owned(),
    };
    let by = service.by(caller);
    let made = service
        .store()
        .create(&by, (project.as_str(), name), body)
        .await?;
    service.tell();
    Ok(made)
}

/// Calls a folder otherwise, or describes it otherwise.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    new: Stored<Folder>,
) -> Result<Stored<Folder>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    names::check("folder", &new.name, names::LONG)?;
    let old: Stored<Folder> = service.of_project(project.as_str(), &new.id).await?;
    let body = Folder {
        migration: old.body.migration,
        ..new.body
    };
    let new = Stored {
        body,
        project: old.project,
        ..new
    };
    let edited = service.store().replace(&service.by(caller), new).await?;
    service.tell();
    Ok(edited)
}

/// Removes a folder with all its pipelines and scripts. Refused with `IN_USE` while one of them is published,
/// unless they are to be unpublished first.
pub async fn remove(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    (edition, unpublish): (i64, bool),
) -> Result<u64> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let folder: Stored<Folder> = service.of_project(project.as_str(), id).await?;
    let pipelines = pipelines(service, id).await?;
    for environment in [Environment::Production, Environment::Development] {
        let mut published = Vec::new();
        for pipeline in &pipelines {
            if service
                .store()
                .task(&pipeline.id, environment)
                .await?
                .is_some()
            {
                published.push(pipeline);
            }
        }
        if published.is_empty() {
            continue;
        }
        if !unpublish {
            return Err(in_use(&folder, &published));
        }
        let ids: Vec<ObjectId> = published.iter().map(|one| one.id.clone()).collect();
        publishing::take_out(service, caller, (project, environment), &ids).await?;
    }
    let (store, by) = (service.store(), service.by(caller));
    // Unpublishing has changed them.
    let mut removed = 0;
    for pipeline in self::pipelines(service, id).await? {
        store.remove(&by, &pipeline).await?;
        removed += 1;
    }
    store.remove(&by, &Stored { edition, ..folder }).await?;
    service.tell();
    Ok(removed)
}

/// All that stands in a folder.
pub(crate) async fn pipelines(service: &Service, id: &ObjectId) -> Result<Vec<Stored<Pipeline>>> {
    let mut all = Vec::new();
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    loop {
        let listed = service
            .store()
            .referring::<Pipeline>(id, "folder", &page)
            .await?;
        let is_last = listed.len() < page.limit as usize;
        if let Some(last) = listed.last() {
            page.after.clone_from(&last.name);
        }
        all.extend(listed);
        if is_last {
            return Ok(all);
        }
    }
}

fn in_use(folder: &Stored<Folder>, published: &[&Stored<Pipeline>]) -> Error {
    let named = published.iter().take(NAMED);
    let mut named: Vec<String> = named.map(|one| format!("{:?}", one.name)).collect();
    if published.len() > NAMED {
        named.push(format!("{} more", published.len() - NAMED));
    }
    let named = named.join(", ");
    let message = format!(
        "tasks of the folder {:?} are published: {named}",
        folder.name
    );
    Error::new(ErrorKind::Conflict, "IN_USE", message).hint("unpublish them first")
}
