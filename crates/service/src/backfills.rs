//! `backfills`: a task over many business dates, in groups side by side.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use model::plan::Environment;
use model::schedule::{InstanceKind, InstanceState};
use model::{Error, ErrorKind, ObjectId, Result};
use scheduler::backfill::{MOST_GROUPS, groups, state};
use scheduler::calendar::planned_backfill;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Counted, InstanceFilter, NewInstance, Noun, Stored, Task, Upstream};

use crate::access::rights::{Caller, Right};
use crate::installation::{LONGEST_PAGE, Service, page};
use crate::instances::{self, Act};
use crate::names;
use crate::projects::Project;
use crate::tasks::{
    Named, Occasion, TaskBody, body, checked_bizdate, find, new_instance, project_of, write_bizdate,
};

/// A backfill makes at most so many instances.
const MOST_INSTANCES: usize = 100_000;

/// What a person says of a backfill; kept as it was said, and with what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Backfill {
    /// The task, of the project.
    pub task: ObjectId,
    /// Where it runs.
    #[serde(default)]
    #[schemars(with = "String")]
    pub environment: Environment,
    /// The first business date: `yyyymmdd`.
    pub first: String,
    /// The last business date.
    pub last: String,
    /// So many runs of days side by side; inside of each a day waits for the one before it.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 12))]
    pub groups: u8,
    /// Which of those downstream run, too.
    #[serde(default)]
    pub with_downstream: Downstream,
}

/// Which of the tasks downstream run, too: all or none, or these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected true, false or a list of tasks")]
pub enum Downstream {
    /// All, or none.
    All(bool),
    /// These, by id.
    These(Vec<ObjectId>),
}

impl Default for Downstream {
    fn default() -> Self {
        Self::All(false)
    }
}

fn one() -> u8 {
    1
}

impl Noun for Backfill {
    const KIND: &'static str = "backfill";
}

/// A backfill, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What was asked for.
    pub backfill: Stored<Backfill>,
    /// What it is as a whole.
    pub state: InstanceState,
    /// How many of its instances there are in each state.
    pub instances: Vec<(InstanceState, i64)>,
}

/// The backfills of a project, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Shown>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    let listed = service
        .store()
        .list::<Backfill>(project.as_str(), &page)
        .await?;
    let mut shown = Vec::with_capacity(listed.len());
    for backfill in listed {
        shown.push(as_a_whole(service, backfill).await?);
    }
    Ok(shown)
}

/// One backfill. Its instances are listed by their origin, which is its id.
pub async fn show(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Shown> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let backfill = service.of_project::<Backfill>(project.as_str(), id).await?;
    as_a_whole(service, backfill).await
}

async fn as_a_whole(service: &Service, backfill: Stored<Backfill>) -> Result<Shown> {
    let of = (backfill.project.as_str(), backfill.body.environment);
    let counted = service
        .store()
        .count_instances(of, Counted::Of(backfill.id.as_str()));
    let instances = counted.await?;
    let state = match instances.is_empty() {
        true => InstanceState::NotRun,
        false => state(instances.iter().map(|(state, _)| *state)),
    };
    Ok(Shown {
        state,
        backfill,
        instances,
    })
}

/// Makes a backfill and all of its instances. Where no name is given it is called after the task, the day
/// and how many there were before. Asked again under the same key it is the one that is there already.
pub async fn create(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (name, mut backfill, key): (Option<String>, Backfill, Option<String>),
) -> Result<Shown> {
    let of = (project, backfill.environment);
    let found = project_of(service, caller, of, Right::Operate).await?;
    let asked = json!({ "name": name, "backfill": backfill });
    let named = key.map(|key| Named::of(key, &asked)).transpose()?;
    if let Some(named) = &named {
        let there = service.store().kept_once(project.as_str(), named.parts());
        if let Some(backfill) = there.await? {
            let shown = as_a_whole(service, backfill).await?;
            if !shown.instances.is_empty() {
                return Ok(shown);
            }
        }
    }
    let days = days(&backfill)?;
    let task = find(service, of, &backfill.task).await?;
    let tasks = with_downstream(service, of, task, &backfill.with_downstream).await?;
    let count = days.iter().map(Vec::len).sum::<usize>() * tasks.len();
    if count > MOST_INSTANCES {
        let message = format!("{count} instances are more than {MOST_INSTANCES}");
        return Err(Error::new(ErrorKind::Config, "BACKFILL_TOO_LARGE", message)
            .hint("fewer days, or fewer tasks downstream"));
    }
    if let Downstream::These(chosen) = &mut backfill.with_downstream {
        chosen.sort();
        chosen.dedup();
    }
    let called = (name, tasks[0].0.name.as_str());
    let stored = keep(service, caller, &found, called, (backfill, named)).await?;
    let new = instances_of(service, &found.body, &tasks, (&stored.id, &days));
    let at = service.clock().millis();
    let made = service.store().make_instances(at, &new).await?;
    tracing::info!(backfill = %stored.id, instances = made.len(), "backfill made");
    service.tell();
    as_a_whole(service, stored).await
}

/// Stops all of its instances that have not ended. How many.
pub async fn stop(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<usize> {
    caller.may(Some(project.as_str()), Right::Operate)?;
    let backfill = service.of_project::<Backfill>(project.as_str(), id).await?;
    let mut filter = InstanceFilter {
        origin: Some(id.to_string()),
        limit: LONGEST_PAGE,
        ..InstanceFilter::default()
    };
    let mut stopped = 0;
    loop {
        let environment = backfill.body.environment;
        let listed = service
            .store()
            .instances(project.as_str(), environment, &filter);
        let listed = listed.await?;
        let Some(last) = listed.last() else { break };
        // The newest first: nobody begins because the one before it ended.
        filter.before = Some(last.id);
        for instance in listed.iter().filter(|one| !one.state.is_ended()) {
            let acted = instances::act(service, caller, (project, instance.id), Act::Stop).await;
            match acted {
                Ok(_) => stopped += 1,
                // It ended meanwhile.
                Err(error) if error.code == "NOT_ALLOWED_NOW" => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(stopped)
}

/// The days of each group.
fn days(backfill: &Backfill) -> Result<Vec<Vec<Date>>> {
    let (first, last) = (
        checked_bizdate(&backfill.first)?,
        checked_bizdate(&backfill.last)?,
    );
    if last < first {
        let message = "the last business date lies before the first one";
        return Err(Error::new(ErrorKind::Config, "BAD_BIZDATE", message).hint("exchange them"));
    }
    let count = usize::from(backfill.groups);
    if !(1..=MOST_GROUPS).contains(&count) {
        let message = format!("{count} groups are not between 1 and {MOST_GROUPS}");
        return Err(
            Error::new(ErrorKind::Config, "BACKFILL_GROUPS", message).hint("write a number within")
        );
    }
    // Before so many days are written down one by one.
    let span = (last - first).get_days();
    if usize::try_from(span).is_ok_and(|span| span >= MOST_INSTANCES) {
        let message = format!("{span} days are more than {MOST_INSTANCES}");
        return Err(
            Error::new(ErrorKind::Config, "BACKFILL_TOO_LARGE", message).hint("fewer days at once")
        );
    }
    Ok(groups(first, last, count))
}

/// The task, and those downstream of it that run, too.
async fn with_downstream(
    service: &Service,
    (project, environment): (&ObjectId, Environment),
    task: Task,
    wanted: &Downstream,
) -> Result<Vec<(Task, TaskBody)>> {
    let root = body(&task)?;
    let mut ids = BTreeSet::from([task.id.clone()]);
    let mut tasks = vec![(task, root)];
    if *wanted == Downstream::All(false) {
        return Ok(tasks);
    }
    let mut next = 0;
    while let Some((task, _)) = tasks.get(next) {
        next += 1;
        for id in service
            .store()
            .downstream(&task.id.clone(), environment)
            .await?
        {
            if ids.insert(id.clone()) {
                let task = find(service, (project, environment), &id).await?;
                let body = body(&task)?;
                tasks.push((task, body));
            }
        }
    }
    if let Downstream::These(chosen) = wanted {
        if let Some(stranger) = chosen.iter().find(|id| !ids.contains(id)) {
            let message = format!("the task {stranger:?} is not downstream of the one backfilled");
            return Err(
                Error::new(ErrorKind::Config, "NOT_DOWNSTREAM", message).hint("leave it out")
            );
        }
        let root = tasks[0].0.id.clone();
        tasks.retain(|(task, _)| task.id == root || chosen.contains(&task.id));
    }
    Ok(tasks)
}

async fn keep(
    service: &Service,
    caller: &Caller,
    project: &Stored<Project>,
    (name, task): (Option<String>, &str),
    (backfill, named): (Backfill, Option<Named>),
) -> Result<Stored<Backfill>> {
    let (store, by) = (service.store(), service.by(caller));
    let create = async |name: &str| {
        let (name, body) = ((project.id.as_str(), name), backfill.clone());
        match &named {
            Some(named) => store.create_once(&by, name, body, named.parts()).await,
            None => store.create(&by, name, body).await,
        }
    };
    if let Some(name) = name {
        names::check("backfill", &name, names::LONG)?;
        return create(&name).await;
    }
    let today = service
        .clock()
        .now()
        .to_zoned(project.body.time_zone.rules().clone());
    let today = write_bizdate(today.date());
    for number in 1_u32.. {
        let tail = format!("_{today}_{number}");
        let room = names::LONG - tail.len();
        let head: String = task.chars().take(room).collect();
        let name = format!("{head}{tail}");
        match create(&name).await {
            Err(error) if error.code == "NAME_TAKEN" => {}
            kept => return kept,
        }
    }
    Err(Error::internal("there is no name left for a backfill"))
}

/// All instances: within a group each day waits for the one before it, and each task for those upstream of
/// it that run, too.
fn instances_of(
    service: &Service,
    project: &Project,
    tasks: &[(Task, TaskBody)],
    (id, groups): (&ObjectId, &[Vec<Date>]),
) -> Vec<NewInstance> {
    let now = service.clock().now();
    let zone = project.time_zone.rules();
    let places = tasks.iter().enumerate();
    let places: HashMap<&ObjectId, usize> =
        places.map(|(place, (task, _))| (&task.id, place)).collect();
    let mut new: Vec<NewInstance> = Vec::new();
    for days in groups {
        for (day, date) in days.iter().enumerate() {
            let first = new.len();
            for (place, (task, body)) in tasks.iter().enumerate() {
                let upstream = task.upstream.iter().filter_map(|id| places.get(id));
                let upstream = upstream.map(|place| Upstream::Beside(first + place));
                let day_before = (day > 0).then(|| first + place - tasks.len());
                let occasion = Occasion {
                    bizdate: write_bizdate(*date),
                    kind: InstanceKind::Backfill,
                    origin: id.to_string(),
                    planned_at: planned_backfill(zone, *date, now).as_millisecond(),
                    upstream: upstream.chain(day_before.map(Upstream::Beside)).collect(),
                };
                new.push(new_instance(project, task, body, occasion));
            }
        }
    }
    new
}

#[cfg(test)]
mod tests;
