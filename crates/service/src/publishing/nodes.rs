//! Virtual nodes: tasks that run nothing, for others to wait for: one backfill of such a node takes all of them
//! with it.

use std::collections::BTreeMap;

use model::plan::Environment;
use model::schedule::Resources;
use model::{Error, ErrorKind, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Noun, Stored};

use super::making::Making;
use crate::access::rights::{Caller, Right};
use crate::data_sources::project_of;
use crate::installation::{Service, page};
use crate::names;
use crate::projects::{Mode, Project};
use crate::tasks::{Runs, TaskBody};

/// A task that runs nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VirtualNode {
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Noun for VirtualNode {
    const KIND: &'static str = "virtual-node";
}

/// Virtual nodes of a project, by name.
pub async fn nodes(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<VirtualNode>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    service.store().list(project.as_str(), &page).await
}

/// Makes a virtual node, published at once in each environment of the project.
pub async fn create_node(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, &str),
    node: VirtualNode,
) -> Result<Stored<VirtualNode>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    names::check("virtual node", name, names::LONG)?;
    let found = project_of(service, project).await?;
    let (store, by) = (service.store(), service.by(caller));
    let made = store.create(&by, (project.as_str(), name), node).await?;
    let tasks = environments(&found).iter().map(|environment| {
        let making = Making {
            project: &found,
            environment: *environment,
            now: service.clock(),
            hours: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        let starts = *environment == Environment::Production;
        making.task((&made.id, name), &nothing(starts.then_some(0)), None)
    });
    let tasks: Vec<store::Task> = tasks.collect::<Result<_>>()?;
    if let Err(error) = store.publish(&by, &tasks).await {
        store.remove(&by, &made).await?;
        return Err(error);
    }
    service.tell();
    Ok(made)
}

/// Removes a virtual node that nobody waits for.
pub async fn remove_node(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    edition: i64,
) -> Result<()> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let old: Stored<VirtualNode> = service.of_project(project.as_str(), id).await?;
    let found = project_of(service, project).await?;
    let (store, by) = (service.store(), service.by(caller));
    for environment in environments(&found) {
        let waiting = store.downstream(id, *environment).await?.len();
        if waiting > 0 {
            let message = format!("{waiting} tasks wait for the virtual node {:?}", old.name);
            return Err(Error::new(ErrorKind::Conflict, "IN_USE", message)
                .hint("let them wait for something else first"));
        }
    }
    for environment in environments(&found) {
        store.unpublish(&by, id, *environment).await?;
    }
    store.remove(&by, &Stored { edition, ..old }).await?;
    service.tell();
    Ok(())
}

fn environments(project: &Stored<Project>) -> &'static [Environment] {
    match project.body.mode {
        Mode::Basic => &[Environment::Production],
        Mode::DevProd => &[Environment::Development, Environment::Production],
    }
}

fn nothing(hour: Option<u8>) -> TaskBody {
    TaskBody {
        runs: Runs::VirtualNode,
        timeout_hours: 1.0,
        reruns: 0,
        rerun_interval_minutes: 1,
        rerun_after_timeout: false,
        hour,
        needs: Resources::default(),
        resource_group: None,
    }
}
