//! `projects`: who works together, in which mode, by which zone's calendar, and who may do what there.

use std::collections::BTreeMap;

use model::{Error, ErrorKind, ObjectId, Result, TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Link, Noun, Stored};

use crate::access::rights::{Caller, Right, Role, unknown_project};
use crate::installation::{Service, page};
use crate::names;
use crate::resource_groups::ResourceGroup;
use crate::users::User;

/// Whether what is submitted goes live, or is tried in a development environment first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One environment: what is submitted goes live.
    #[default]
    Basic,
    /// Submitted to development, published to production.
    DevProd,
}

/// What a person says of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Project {
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Basic or Dev-Prod. Fixed once the project is made.
    #[serde(default)]
    pub mode: Mode,
    /// By whose days instances are made.
    #[serde(default)]
    pub time_zone: TimeZone,
    /// The group that tasks take their quota from unless they say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_group: Option<ObjectId>,
    /// The same in development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development_group: Option<ObjectId>,
    /// Who has which role, by the person's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, Role>,
}

impl Noun for Project {
    const KIND: &'static str = "project";

    fn links(&self) -> Vec<Link> {
        let member = |id: &String| Link {
            role: "member",
            target: ObjectId::new(id.as_str()),
        };
        let groups = [&self.default_group, &self.development_group];
        let groups = groups.into_iter().flatten().map(|id| Link {
            role: "resource-group",
            target: id.clone(),
        });
        self.members.keys().map(member).chain(groups).collect()
    }
}

/// Whether there is a project of this id, as far as the caller may know.
pub async fn admit(service: &Service, caller: &Caller, project: &str) -> Result<()> {
    let id = ObjectId::new(project);
    if caller.views(project) && service.store().get::<Project>(&id).await?.is_some() {
        return Ok(());
    }
    Err(unknown_project(project))
}

/// The projects that the caller may see, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<Project>>> {
    let mut page = page(after, containing, limit);
    let wanted = page.limit as usize;
    let mut seen = Vec::new();
    loop {
        let listed = service.store().list::<Project>("", &page).await?;
        let Some(last) = listed.last() else {
            return Ok(seen);
        };
        page.after.clone_from(&last.name);
        let is_last = listed.len() < wanted;
        seen.extend(
            listed
                .into_iter()
                .filter(|project| caller.views(project.id.as_str())),
        );
        if is_last || seen.len() >= wanted {
            seen.truncate(wanted);
            return Ok(seen);
        }
    }
}

/// One project.
pub async fn show(service: &Service, caller: &Caller, id: &ObjectId) -> Result<Stored<Project>> {
    caller.may(Some(id.as_str()), Right::ViewProject)?;
    let found = service.store().get::<Project>(id).await?;
    found.ok_or_else(|| unknown_project(id.as_str()))
}

/// Makes a project.
pub async fn create(
    service: &Service,
    caller: &Caller,
    name: &str,
    project: Project,
) -> Result<Stored<Project>> {
    caller.may(None, Right::ManageSystem)?;
    names::check("project", name, names::SHORT)?;
    check(service, None, &project).await?;
    let by = service.by(caller);
    let made = service.store().create(&by, ("", name), project).await?;
    service.tell();
    Ok(made)
}

/// Changes a project.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    new: Stored<Project>,
) -> Result<Stored<Project>> {
    caller.may(Some(new.id.as_str()), Right::ManageProject)?;
    names::check("project", &new.name, names::SHORT)?;
    let old = show(service, caller, &new.id).await?;
    if old.body.mode != new.body.mode {
        let message = "the mode of a project cannot be changed";
        let error = Error::new(ErrorKind::Conflict, "MODE_FIXED", message);
        return Err(error.hint("make another project, and import the migrations there"));
    }
    check(service, Some(&new.id), &new.body).await?;
    let edited = service.store().replace(&service.by(caller), new).await?;
    service.tell();
    Ok(edited)
}

/// Removes a project in which nothing is left.
pub async fn remove(service: &Service, caller: &Caller, id: &ObjectId, edition: i64) -> Result<()> {
    caller.may(None, Right::ManageSystem)?;
    let old = show(service, caller, id).await?;
    let left = service.store().inhabitants(id.as_str(), 5).await?;
    if !left.is_empty() {
        let named: Vec<String> = left
            .iter()
            .map(|object| format!("{} {:?}", object.kind, object.name))
            .collect();
        let message = format!("the project is not empty: {}", named.join(", "));
        return Err(Error::new(ErrorKind::Conflict, "IN_USE", message).hint("remove these first"));
    }
    let old = Stored { edition, ..old };
    service.store().remove(&service.by(caller), &old).await
}

/// What is wrong with a project; `id` is its own, where it is there already.
async fn check(service: &Service, id: Option<&ObjectId>, project: &Project) -> Result<()> {
    if project.mode == Mode::Basic && project.development_group.is_some() {
        let message = "a project of the mode basic has no development group";
        return Err(Error::new(ErrorKind::Config, "NOT_OF_MODE", message).hint("leave it out"));
    }
    for (person, role) in &project.members {
        if role.is_of_installation() {
            let message = format!("the role {} is not a project's", role.name());
            return Err(Error::new(ErrorKind::Config, "BAD_ROLE", message)
                .hint("give project-admin, developer, operator or viewer"));
        }
        let person_id = ObjectId::new(person.as_str());
        if service.store().get::<User>(&person_id).await?.is_none() {
            let message = format!("there is no user {person:?}");
            return Err(Error::new(ErrorKind::Config, "UNKNOWN_USER", message)
                .hint("name users by their ids"));
        }
    }
    for group in [&project.default_group, &project.development_group]
        .into_iter()
        .flatten()
    {
        let found = service.store().get::<ResourceGroup>(group).await?;
        let is_open = |group: &ResourceGroup| {
            let bound = &group.projects;
            bound.is_empty() || id.is_some_and(|id| bound.contains(id))
        };
        if !found.is_some_and(|group| is_open(&group.body)) {
            let message = format!("there is no resource group {:?}", group.as_str());
            return Err(Error::new(ErrorKind::Config, "UNKNOWN_GROUP", message)
                .hint("name groups by their ids"));
        }
    }
    Ok(())
}
