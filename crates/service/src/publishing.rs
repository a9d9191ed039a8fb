//! `publishing`: versions of pipelines become tasks. In a project of the mode basic what is submitted goes live;
//! in Dev-Prod it is submitted to development, and published to production from there.

mod board;
mod making;
mod nodes;
mod release;
mod versions;

use model::plan::Environment;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use serde::{Deserialize, Serialize};
use store::Stored;

pub use self::nodes::{VirtualNode, create_node, nodes, remove_node};
pub use self::versions::{Difference, differences, versions};

use self::release::{Of, Release};
use crate::access::rights::{Caller, Right};
use crate::data_sources::project_of;
use crate::installation::{Service, known_environment, not_there};
use crate::pipelines::{self, Pipeline};
use crate::projects::Mode;
use crate::work::Progress;

/// The longest remark.
const LONGEST_REMARK: usize = 1_000;
/// So many tasks are named in a refusal.
const NAMED: usize = 5;

/// What became of one pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    /// The pipeline.
    pub pipeline: ObjectId,
    /// What its task is called.
    pub name: String,
    /// The version that went out; none where it did not.
    pub version: Option<i64>,
    /// Where it runs now.
    pub environment: Environment,
    /// What stands against it, and what to know, the weightiest first.
    pub findings: Vec<Finding>,
}

/// Submits pipelines as they are, beside the request: each a new version, to development, or live where the
/// project has one environment alone. One that has a blocker stays where it is; the others go.
pub async fn submit(
    service: &Service,
    caller: &Caller,
    (project, ids): (&ObjectId, &[ObjectId]),
    remark: &str,
) -> Result<Progress> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    check_remark(remark)?;
    let project = project_of(service, project).await?;
    let environment = match project.body.mode {
        Mode::Basic => {
            caller.may(Some(project.id.as_str()), Right::Publish)?;
            Environment::Production
        }
        Mode::DevProd => Environment::Development,
    };
    let remark = remark.to_owned();
    let release = Release {
        service: service.clone(),
        by: service.by(caller),
        project,
        environment,
        of: Of::Pipelines { remark },
    };
    release.begin(caller, ids).await
}

/// Publishes to production what was submitted last of each of these pipelines, beside the request.
pub async fn publish(
    service: &Service,
    caller: &Caller,
    (project, ids): (&ObjectId, &[ObjectId]),
) -> Result<Progress> {
    caller.may(Some(project.as_str()), Right::Publish)?;
    let project = project_of(service, project).await?;
    if project.body.mode == Mode::Basic {
        let message = "in a project of the mode basic what is submitted is live";
        return Err(Error::new(ErrorKind::Config, "NOT_OF_MODE", message).hint("submit it"));
    }
    let release = Release {
        service: service.clone(),
        by: service.by(caller),
        project,
        environment: Environment::Production,
        of: Of::Submitted,
    };
    release.begin(caller, ids).await
}

/// Pipelines whose last submitted version is not the one in production, by name.
pub async fn pending(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
) -> Result<Vec<Stored<Pipeline>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let mut all = pipelines::all(service, project.as_str(), None).await?;
    all.retain(|one| one.body.submitted.is_some() && one.body.submitted != one.body.published);
    Ok(all)
}

/// Takes tasks out of an environment. Refused with `IN_USE` while others there wait for them.
pub async fn unpublish(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    ids: &[ObjectId],
) -> Result<()> {
    caller.may(Some(project.as_str()), to_take_out(environment))?;
    let found = project_of(service, project).await?;
    known_environment(environment, found.body.mode == Mode::DevProd)?;
    all_there(service, project, ids).await?;
    take_out(service, caller, (project, environment), ids).await
}

/// The right that taking tasks out of an environment needs.
fn to_take_out(environment: Environment) -> Right {
    match environment {
        Environment::Production => Right::Publish,
        Environment::Development => Right::EditMigrations,
    }
}

/// The same of tasks that are known to be there.
pub(crate) async fn take_out(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    ids: &[ObjectId],
) -> Result<()> {
    caller.may(Some(project.as_str()), to_take_out(environment))?;
    let (store, by) = (service.store(), service.by(caller));
    for id in ids {
        let waiting = store.downstream(id, environment).await?;
        let mut names = Vec::new();
        for other in waiting.iter().filter(|other| !ids.contains(other)) {
            if let Some(task) = store.task(other, environment).await? {
                names.push(format!("{:?}", task.name));
            }
        }
        if !names.is_empty() {
            let task = store.task(id, environment).await?;
            let name = task.map_or_else(|| id.to_string(), |task| task.name);
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            if more > 0 {
                names.push(format!("{more} more"));
            }
            let message = format!("others wait for the task {name:?}: {}", names.join(", "));
            return Err(Error::new(ErrorKind::Conflict, "IN_USE", message)
                .hint("unpublish these, too, or let them wait for something else"));
        }
    }
    for id in ids {
        store.unpublish(&by, id, environment).await?;
    }
    if environment == Environment::Production {
        let ids: Vec<&ObjectId> = ids.iter().collect();
        let unmark = |_: &ObjectId, pipeline: &mut Pipeline| pipeline.published = None;
        store.amend(&by, &ids, unmark).await?;
    }
    service.tell();
    Ok(())
}

/// Refuses pipelines that are not of the project.
async fn all_there(service: &Service, project: &ObjectId, ids: &[ObjectId]) -> Result<()> {
    let store = service.store();
    let known = store.known::<Pipeline>(project.as_str(), ids).await?;
    match ids.iter().find(|id| !known.contains(id)) {
        None => Ok(()),
        Some(stranger) => Err(not_there("pipeline", stranger.as_str())),
    }
}

fn check_remark(remark: &str) -> Result<()> {
    let length = remark.chars().count();
    if length <= LONGEST_REMARK {
        return Ok(());
    }
    let message = format!("the remark has {length} characters");
    Err(Error::new(ErrorKind::Config, "OUT_OF_RANGE", message).hint("write at most 1000"))
}

#[cfg(test)]
mod tests;
