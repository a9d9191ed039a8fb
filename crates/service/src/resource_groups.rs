//! `resource groups`: what runs may take of the machines, and which projects may.

use model::{Error, ErrorKind, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Link, Noun, Stored};

use crate::access::rights::{Caller, Right, unknown_project};
use crate::installation::{Service, page};
use crate::names;
use crate::projects::Project;

/// So many who use a group are named in a refusal.
const NAMED: u32 = 5;

/// What is said of a resource group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResourceGroup {
    /// Thousandths of a core that its runs take at most, together.
    #[schemars(range(min = 1))]
    pub cpu_millis: u32,
    /// Megabytes of memory that its runs take at most, together.
    #[schemars(range(min = 1))]
    pub memory_mb: u32,
    /// Whether it is meant for what runs each day.
    #[serde(default)]
    pub daily_scheduling: bool,
    /// The projects that may use it, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ObjectId>,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Noun for ResourceGroup {
    const KIND: &'static str = "resource-group";

    fn links(&self) -> Vec<Link> {
        let bound = |id: &ObjectId| Link {
            role: "bound-project",
            target: id.clone(),
        };
        self.projects.iter().map(bound).collect()
    }
}

/// The groups that the caller may see, by name: those of projects that they view, all for those who manage
/// the installation.
pub async fn list(
    service: &Service,
    caller: &Caller,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<ResourceGroup>>> {
    let mut page = page(after, containing, limit);
    let wanted = page.limit as usize;
    let mut seen = Vec::new();
    loop {
        let listed = service.store().list::<ResourceGroup>("", &page).await?;
        let Some(last) = listed.last() else {
            return Ok(seen);
        };
        page.after.clone_from(&last.name);
        let is_last = listed.len() < wanted;
        let groups = listed.into_iter().filter(|group| sees(caller, &group.body));
        seen.extend(groups.map(|group| within_sight(caller, group)));
        if is_last || seen.len() >= wanted {
            seen.truncate(wanted);
            return Ok(seen);
        }
    }
}

/// One group.
pub async fn show(
    service: &Service,
    caller: &Caller,
    id: &ObjectId,
) -> Result<Stored<ResourceGroup>> {
    let found = service.store().get::<ResourceGroup>(id).await?;
    let seen = found.filter(|group| sees(caller, &group.body));
    seen.map(|group| within_sight(caller, group))
        .ok_or_else(|| unknown(id))
}

/// Makes a group.
pub async fn create(
    service: &Service,
    caller: &Caller,
    name: &str,
    group: ResourceGroup,
) -> Result<Stored<ResourceGroup>> {
    caller.may(None, Right::ManageSystem)?;
    check(service, name, &group).await?;
    let made = service
        .store()
        .create(&service.by(caller), ("", name), group)
        .await?;
    service.tell();
    Ok(made)
}

/// Changes a group. What runs goes on; what waits starts by the new measure.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    new: Stored<ResourceGroup>,
) -> Result<Stored<ResourceGroup>> {
    caller.may(None, Right::ManageSystem)?;
    check(service, &new.name, &new.body).await?;
    let edited = service.store().replace(&service.by(caller), new).await?;
    service.tell();
    Ok(edited)
}

/// Removes a group that nothing refers to.
pub async fn remove(service: &Service, caller: &Caller, id: &ObjectId, edition: i64) -> Result<()> {
    caller.may(None, Right::ManageSystem)?;
    let found = service.store().get::<ResourceGroup>(id).await?;
    let old = found.ok_or_else(|| unknown(id))?;
    let users = service.store().references(id, NAMED).await?;
    if !users.is_empty() {
        let named: Vec<String> = users
            .iter()
            .map(|one| format!("{} {:?}", one.kind, one.name))
            .collect();
        let message = format!(
            "the resource group {:?} is used by {}",
            old.name,
            named.join(", ")
        );
        return Err(Error::new(ErrorKind::Conflict, "IN_USE", message)
            .hint("give these another group first"));
    }
    let old = Stored { edition, ..old };
    service.store().remove(&service.by(caller), &old).await?;
    service.tell();
    Ok(())
}

fn manages(caller: &Caller) -> bool {
    caller.may(None, Right::ManageSystem).is_ok()
}

fn sees(caller: &Caller, group: &ResourceGroup) -> bool {
    let mut projects = group.projects.iter();
    manages(caller) || projects.any(|project| caller.views(project.as_str()))
}

/// The group without the projects that the caller may not know of.
fn within_sight(caller: &Caller, mut group: Stored<ResourceGroup>) -> Stored<ResourceGroup> {
    if !manages(caller) {
        group
            .body
            .projects
            .retain(|project| caller.views(project.as_str()));
    }
    group
}

async fn check(service: &Service, name: &str, group: &ResourceGroup) -> Result<()> {
    names::check("resource group", name, names::SHORT)?;
    for (key, value) in [
        ("cpu-millis", group.cpu_millis),
        ("memory-mb", group.memory_mb),
    ] {
        if value == 0 {
            let message = "nothing could ever run in a group of nothing";
            return Err(Error::new(ErrorKind::Config, "BAD_QUOTA", message)
                .hint("give at least 1")
                .at_option(key));
        }
    }
    for project in &group.projects {
        if service.store().get::<Project>(project).await?.is_none() {
            return Err(unknown_project(project.as_str()));
        }
    }
    Ok(())
}

fn unknown(id: &ObjectId) -> Error {
    let message = format!("there is no resource group {:?}", id.as_str());
    Error::new(ErrorKind::NotFound, "NOT_THERE", message).hint("it was removed, or never was")
}
