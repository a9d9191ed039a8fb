//! `instances`: one for each task and business date that ran, runs or will; why each is where it is, and
//! what a person may do with it.

mod acts;
mod graph;
mod log;
mod rejected;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::migration::ParameterValue;
use model::plan::Environment;
use model::schedule::InstanceState;
use model::{ObjectId, Result};
use serde::{Deserialize, Serialize};
pub use store::{Attempt, Instance, InstanceFilter};
use store::{Counted, Noun};

pub use self::acts::{Act, act};
pub use self::graph::{Graph, graph};
pub use self::log::log;
pub use self::rejected::{Rejected, rejected};
use crate::access::rights::{Caller, Right};
use crate::installation::{LONGEST_PAGE, Service, not_there};
use crate::operating::reasons;
use crate::tasks::project_of;

/// What a person said who ran a task by hand with values of their own; its id is the instance's origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManualRun {
    /// The task.
    pub task: ObjectId,
    /// Where it runs.
    pub environment: Environment,
    /// `yyyymmdd`.
    pub bizdate: String,
    /// Values for `${name}`, in place of those of the migration.
    pub parameters: BTreeMap<String, ParameterValue>,
}

impl Noun for ManualRun {
    const KIND: &'static str = "manual-run";
}

/// One instance, with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The instance.
    pub instance: Instance,
    /// Why it is not further, in words.
    pub reason: Option<String>,
    /// Each time that it ran, the last one first.
    pub attempts: Vec<Attempt>,
    /// Those that it waits for.
    pub upstream: Vec<Instance>,
    /// Those that wait for it.
    pub downstream: Vec<Instance>,
}

/// Instances of a project in an environment, newest first, each with the last time that it ran. The next page is
/// what is `before` the last one.
pub async fn list(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    mut filter: InstanceFilter,
) -> Result<Vec<(Instance, Option<Attempt>)>> {
    project_of(service, caller, (project, environment), Right::ViewProject).await?;
    filter.limit = filter.limit.clamp(1, LONGEST_PAGE);
    let store = service.store();
    let instances = store
        .instances(project.as_str(), environment, &filter)
        .await?;
    let ids: Vec<i64> = instances.iter().map(|instance| instance.id).collect();
    let attempts = store.last_attempts(&ids).await?;
    let mut attempts: BTreeMap<i64, Attempt> = attempts
        .into_iter()
        .map(|attempt| (attempt.instance, attempt))
        .collect();
    let with_attempt = instances.into_iter().map(|instance| {
        let last = attempts.remove(&instance.id);
        (instance, last)
    });
    Ok(with_attempt.collect())
}

/// How many instances of a project there are in each state, of one business date where it is given.
pub async fn counts(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    bizdate: Option<&str>,
) -> Result<BTreeMap<InstanceState, i64>> {
    project_of(service, caller, (project, environment), Right::ViewProject).await?;
    let of = (project.as_str(), environment);
    let counted = bizdate.map_or(Counted::All, Counted::On);
    let counted = service.store().count_instances(of, counted).await?;
    Ok(counted.into_iter().collect())
}

/// One instance.
pub async fn show(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, i64),
) -> Result<Shown> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let instance = find(service, project, id).await?;
    let store = service.store();
    let (upstream, downstream) = store.neighbours(id).await?;
    let of = async |ids: &[i64]| -> Result<Vec<Instance>> {
        // So many are enough for a person to look at.
        let ids = &ids[..ids.len().min(LONGEST_PAGE as usize)];
        let found = store.instances_of(ids).await?;
        Ok(found.into_iter().map(|(instance, _)| instance).collect())
    };
    Ok(Shown {
        reason: reasons::words(store, &instance).await?,
        attempts: store.attempts(id).await?,
        upstream: of(&upstream).await?,
        downstream: of(&downstream).await?,
        instance,
    })
}

/// The instance, if it is of the project.
async fn find(service: &Service, project: &ObjectId, id: i64) -> Result<Instance> {
    let found = service.store().instance(id).await?;
    found
        .filter(|instance| instance.made.project == project.as_str())
        .ok_or_else(|| not_there("instance", &id.to_string()))
}
