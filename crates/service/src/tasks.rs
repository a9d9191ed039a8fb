//! `tasks`: what runs in an environment.

use std::collections::BTreeMap;

use jiff::civil::Date;
use model::migration::{MigrationSpec, ParameterValue};
use model::plan::{Environment, Part};
use model::schedule::{InstanceKind, InstanceState, Priority, Resources};
use model::{Error, ErrorKind, ObjectId, Result, TableName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
pub use store::Task;
use store::{Event, InstanceFilter, Move, NewInstance, Stored, Upstream};

use crate::access::rights::{Caller, Right, unknown_project};
use crate::installation::{LONGEST_PAGE, Service, known_environment, not_there, page};
use crate::instances::ManualRun;
use crate::pipelines;
use crate::projects::Project;

/// The longest key of a request.
const LONGEST_KEY: usize = 64;

/// What a task is: the document that the store keeps of it. Made by publishing; all that a run needs stands
/// in it, so that a later edit of the pipeline changes nothing of what is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TaskBody {
    /// What it runs.
    pub runs: Runs,
    /// How long one attempt may run, in hours.
    pub timeout_hours: f64,
    /// How often it is tried again: 0 to 10.
    pub reruns: u8,
    /// How long between an attempt's end and the next one's start: 1 to 60 minutes.
    pub rerun_interval_minutes: u8,
    /// Whether one that timed out is tried again.
    pub rerun_after_timeout: bool,
    /// The hour of the project's day at which it starts; `None` where the calendar does not start it.
    pub hour: Option<u8>,
    /// What it takes of its group.
    pub needs: Resources,
    /// The group that it takes it from; the project's default one, as it is then, where it is none.
    pub resource_group: Option<ObjectId>,
}

/// What a task runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Runs {
    /// One table, by a migration of this table alone.
    #[serde(rename_all = "kebab-case")]
    Pipeline {
        /// The table at the source.
        table: Table,
        /// Which part of the method.
        #[schemars(with = "String")]
        part: Part,
        /// The data source that is read, of the project.
        source: ObjectId,
        /// The data source that is written, of the project.
        destination: ObjectId,
        /// The migration; it lists the table alone.
        migration: Box<MigrationSpec>,
        /// The migration that it was generated from: tables of one and the same are read at one moment.
        generated_from: Option<ObjectId>,
    },
    /// Nothing: others wait for it.
    VirtualNode,
}

/// A table of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
}

impl From<&Table> for TableName {
    fn from(table: &Table) -> Self {
        Self::new(&table.schema, &table.table)
    }
}

impl From<&TableName> for Table {
    fn from(name: &TableName) -> Self {
        Self {
            schema: name.schema.clone(),
            table: name.table.clone(),
        }
    }
}

/// The tasks of a project in an environment, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Task>> {
    project_of(service, caller, (project, environment), Right::ViewProject).await?;
    let page = page(after, containing, limit);
    service
        .store()
        .tasks(project.as_str(), environment, &page)
        .await
}

/// One task, and those that wait for it, by id.
pub async fn show(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    id: &ObjectId,
) -> Result<(Task, Vec<ObjectId>)> {
    project_of(service, caller, (project, environment), Right::ViewProject).await?;
    let task = find(service, (project, environment), id).await?;
    let downstream = service.store().downstream(id, environment).await?;
    Ok((task, downstream))
}

/// Suspends a task, or lets it go on: its instances are made, and do not run; those that are there and have
/// not begun are held back, too.
pub async fn suspend(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    (id, suspended): (&ObjectId, bool),
) -> Result<Task> {
    project_of(service, caller, (project, environment), Right::Operate).await?;
    let mut task = find(service, (project, environment), id).await?;
    task.suspended = suspended;
    let (store, by) = (service.store(), service.by(caller));
    store.publish(&by, std::slice::from_ref(&task)).await?;
    let mut filter = InstanceFilter {
        task: Some(id.clone()),
        kind: Some(InstanceKind::Recurring),
        limit: LONGEST_PAGE,
        ..InstanceFilter::default()
    };
    loop {
        let listed = store
            .instances(project.as_str(), environment, &filter)
            .await?;
        let Some(last) = listed.last() else { break };
        filter.before = Some(last.id);
        let waiting = listed.iter().filter(|one| {
            one.state.is_waiting() && one.paused != suspended && one.made.environment == environment
        });
        let moves = waiting.map(|one| Move {
            paused: suspended,
            ..Move::of(one, InstanceState::NotRun, by.at)
        });
        store.move_instances(&moves.collect::<Vec<_>>()).await?;
    }
    told(
        service,
        &task,
        if suspended { "suspended" } else { "resumed" },
    )
    .await?;
    Ok(task)
}

/// Says which goes first; for instances that are there and have not begun, too.
pub async fn prioritize(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    (id, priority): (&ObjectId, Priority),
) -> Result<Task> {
    project_of(service, caller, (project, environment), Right::Operate).await?;
    let mut task = find(service, (project, environment), id).await?;
    task.priority = priority;
    let store = service.store();
    store
        .publish(&service.by(caller), std::slice::from_ref(&task))
        .await?;
    store.reprioritize(id, environment, priority).await?;
    told(service, &task, "prioritized").await?;
    Ok(task)
}

/// What a person says who runs a task by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ByHand {
    /// `yyyymmdd`; yesterday in the project's zone where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bizdate: Option<String>,
    /// Values for `${name}`, in place of those of the migration.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, ParameterValue>,
    /// What the client calls this request, unique in the project: asked again with the same key, the answer is
    /// the instance that is there already. Remembered for as long as its instance is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub key: Option<String>,
}

/// A request that a client named, so that it can be made again: its key, and what it asks for.
pub(crate) struct Named {
    pub(crate) key: String,
    digest: String,
}

impl Named {
    /// Refused where the key is none.
    pub(crate) fn of(key: String, asked: &Json) -> Result<Self> {
        let length = key.chars().count();
        if !(1..=LONGEST_KEY).contains(&length) || key.chars().any(char::is_control) {
            let message = format!("a text of {length} characters is no key for a request");
            return Err(Error::new(ErrorKind::Config, "BAD_KEY", message)
                .hint("write 1 to 64 characters, none of them a control character"));
        }
        let digest = pipelines::digest(asked);
        Ok(Self { key, digest })
    }

    /// As the store takes it.
    pub(crate) fn parts(&self) -> (&str, &str) {
        (&self.key, &self.digest)
    }
}

/// Runs a task once, as soon as there is room; it waits for nobody upstream. The instance's number.
pub async fn run_now(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    (id, mut by_hand): (&ObjectId, ByHand),
) -> Result<i64> {
    let of = (project, environment);
    let found = project_of(service, caller, of, Right::Operate).await?;
    if !by_hand.parameters.is_empty() {
        // They become a part of SQL.
        caller.may(Some(project.as_str()), Right::EditStatements)?;
    }
    let (store, by) = (service.store(), service.by(caller));
    let named = match by_hand.key.take() {
        Some(key) => {
            let asked = json!({ "task": id, "environment": environment, "by-hand": by_hand });
            Some(Named::of(key, &asked)?)
        }
        None => None,
    };
    if let Some(named) = &named {
        let there = store.kept_once::<ManualRun>(project.as_str(), named.parts());
        if let Some(run) = there.await?
            && let Some(instance) = made_by(service, of, &run.id).await?
        {
            return Ok(instance);
        }
    }
    let task = find(service, of, id).await?;
    let body = body(&task)?;
    let mut bizdate = match &by_hand.bizdate {
        Some(told) => write_bizdate(checked_bizdate(told)?),
        None => service.clock().bizdate(&found.body.time_zone),
    };
    let origin = match named.is_none() && by_hand.parameters.is_empty() {
        true => ObjectId::generate(),
        false => {
            let run = ManualRun {
                task: id.clone(),
                environment,
                bizdate,
                parameters: by_hand.parameters,
            };
            let name = format!("{} {}", task.name, ObjectId::generate());
            let name = (project.as_str(), name.as_str());
            let kept = match &named {
                Some(named) => store.create_once(&by, name, run, named.parts()).await?,
                None => store.create(&by, name, run).await?,
            };
            bizdate = kept.body.bizdate;
            kept.id
        }
    };
    let occasion = Occasion {
        bizdate: bizdate.clone(),
        kind: InstanceKind::Manual,
        origin: origin.to_string(),
        planned_at: by.at,
        upstream: Vec::new(),
    };
    let new = [new_instance(&found.body, &task, &body, occasion)];
    let made = store.make_instances(by.at, &new).await?;
    let detail = json!({
        "name": task.name, "task": id, "bizdate": bizdate, "instance": made,
    });
    let subject = (project.as_str(), id.as_str());
    store.note(&by, "task.run", subject, &detail).await?;
    service.tell();
    made.first()
        .copied()
        .ok_or_else(|| Error::internal("an instance was not made"))
}

/// The instance that was made for what a person started, where there is one.
async fn made_by(
    service: &Service,
    (project, environment): (&ObjectId, Environment),
    origin: &ObjectId,
) -> Result<Option<i64>> {
    let filter = InstanceFilter {
        origin: Some(origin.to_string()),
        limit: 1,
        ..InstanceFilter::default()
    };
    let store = service.store();
    let made = store.instances(project.as_str(), environment, &filter);
    Ok(made.await?.first().map(|instance| instance.id))
}

/// The project, if the caller has the right there, and it has the environment.
pub(crate) async fn project_of(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    right: Right,
) -> Result<Stored<Project>> {
    caller.may(Some(project.as_str()), right)?;
    let found = service.store().get::<Project>(project).await?;
    let found = found.ok_or_else(|| unknown_project(project.as_str()))?;
    let dev_prod = found.body.mode == crate::projects::Mode::DevProd;
    known_environment(environment, dev_prod)?;
    Ok(found)
}

/// The task, if it is of the project.
pub(crate) async fn find(
    service: &Service,
    (project, environment): (&ObjectId, Environment),
    id: &ObjectId,
) -> Result<Task> {
    let task = service.store().task(id, environment).await?;
    task.filter(|task| task.project == project.as_str())
        .ok_or_else(|| not_there("task", id.as_str()))
}

async fn told(service: &Service, task: &Task, what: &str) -> Result<()> {
    let event = Event {
        sequence: 0,
        project: task.project.clone(),
        kind: "task".to_owned(),
        subject: task.id.to_string(),
        at: service.clock().millis(),
        json: json!({ "what": what, "name": task.name, "environment": task.environment }),
    };
    service.store().tell(&[event]).await?;
    service.tell();
    Ok(())
}

/// What a task is, as the store keeps it.
pub(crate) fn body(task: &Task) -> Result<TaskBody> {
    TaskBody::deserialize(&task.body).map_err(|cause| {
        let message = format!(
            "the task {:?} cannot be understood by this version",
            task.name
        );
        Error::new(ErrorKind::Data, "TASK_UNREADABLE", message)
            .hint("publish it again")
            .caused_by(cause)
    })
}

/// Under which name the runs of a task are kept: waves of one name are compared with one another, and tables
/// of one migration are read at one moment.
pub(crate) fn lane(task: &Task, body: &TaskBody) -> String {
    let (from, part) = match &body.runs {
        Runs::Pipeline {
            generated_from,
            part,
            ..
        } => (generated_from.as_ref(), *part),
        Runs::VirtualNode => (None, Part::OneTime),
    };
    let from = from.unwrap_or(&task.id);
    let environment = match task.environment {
        Environment::Development => "development",
        Environment::Production => "production",
    };
    let part = match part {
        Part::OneTime => "one-time",
        Part::Daily => "daily",
    };
    format!("{}/{from}/{environment}/{part}", task.project)
}

/// For what an instance is made.
#[derive(Debug, Clone)]
pub(crate) struct Occasion {
    /// `yyyymmdd`.
    pub(crate) bizdate: String,
    pub(crate) kind: InstanceKind,
    /// The backfill, or what a person started.
    pub(crate) origin: String,
    /// In milliseconds since 1970.
    pub(crate) planned_at: i64,
    pub(crate) upstream: Vec<Upstream>,
}

/// An instance of a task as it is published now.
pub(crate) fn new_instance(
    project: &Project,
    task: &Task,
    body: &TaskBody,
    occasion: Occasion,
) -> NewInstance {
    let of_project = match task.environment {
        Environment::Development => &project.development_group,
        Environment::Production => &project.default_group,
    };
    let group = body.resource_group.as_ref().or(of_project.as_ref());
    // At most a week: no cut matters.
    #[allow(clippy::cast_possible_truncation)]
    let timeout_seconds = (body.timeout_hours.clamp(0.01, 168.0) * 3_600.0) as i64;
    NewInstance {
        project: task.project.clone(),
        environment: task.environment,
        task: task.id.clone(),
        task_name: task.name.clone(),
        version: task.version,
        bizdate: occasion.bizdate,
        slot: 0,
        kind: occasion.kind,
        origin: occasion.origin,
        planned_at: occasion.planned_at,
        priority: task.priority,
        resource_group: group.map(ToString::to_string).unwrap_or_default(),
        needs: body.needs,
        timeout_seconds,
        reruns: i64::from(body.reruns),
        rerun_seconds: i64::from(body.rerun_interval_minutes) * 60,
        rerun_after_timeout: body.rerun_after_timeout,
        paused: false,
        upstream: occasion.upstream,
    }
}

/// A business date as it is kept: `yyyymmdd`.
pub(crate) fn write_bizdate(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

/// A business date that was kept.
pub(crate) fn read_bizdate(text: &str) -> Option<Date> {
    let is_one = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one
        .then(|| Date::strptime("%Y%m%d", text).ok())
        .flatten()
}

/// A business date that a person wrote.
pub(crate) fn checked_bizdate(text: &str) -> Result<Date> {
    read_bizdate(text).ok_or_else(|| {
        let message = format!("{text:?} is no business date");
        Error::new(ErrorKind::Config, "BAD_BIZDATE", message)
            .hint("write yyyymmdd, a day that exists")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operating::tests::support::{Setting, clock};

    #[tokio::test]
    async fn a_manual_run_is_asked_for_as_often_as_it_takes_and_made_once() {
        let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
        let task = setting.publish("a", &[], |body| body.hour = None).await;
        let run = async |key: &str, more: Json| {
            let mut said = json!({ "key": key });
            for (name, value) in more.as_object().unwrap() {
                said[name] = value.clone();
            }
            let by_hand = ByHand::deserialize(&said).unwrap();
            let of = (&setting.project, Environment::Production);
            run_now(&setting.service, &setting.caller, of, (&task.id, by_hand)).await
        };
        let asked = json!({ "bizdate": "20240430" });
        let at_once = futures::join!(run("k", asked.clone()), run("k", asked.clone()));
        let first = at_once.0.unwrap();
        assert_eq!(at_once.1.unwrap(), first);
        assert_eq!(run("k", asked.clone()).await.unwrap(), first);
        let other = run("k", json!({ "bizdate": "20240429" }))
            .await
            .unwrap_err();
        assert_eq!((other.code, other.kind), ("KEY_TAKEN", ErrorKind::Conflict));
        assert_ne!(run("l", asked).await.unwrap(), first);

        let yesterday = run("m", json!({})).await.unwrap();
        setting.pass_hours(24);
        assert_eq!(run("m", json!({})).await.unwrap(), yesterday);
        let all = setting.of_task(&task).await;
        let dates: Vec<&str> = all.iter().map(|one| one.made.bizdate.as_str()).collect();
        assert_eq!(dates, ["20240501", "20240430", "20240430"]);
        for key in ["", &"k".repeat(65), "a\0b"] {
            assert_eq!(run(key, json!({})).await.unwrap_err().code, "BAD_KEY");
        }
    }

    #[tokio::test]
    async fn what_was_asked_for_and_not_made_is_made_when_it_is_asked_for_again() {
        let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
        let task = setting.publish("a", &[], |body| body.hour = None).await;
        let by_hand = ByHand {
            key: Some("k".to_owned()),
            ..ByHand::default()
        };
        let of = (&setting.project, Environment::Production);
        let ask = async || {
            let asked = (&task.id, by_hand.clone());
            let made = run_now(&setting.service, &setting.caller, of, asked).await;
            made.unwrap()
        };
        let made = ask().await;
        let one = setting.one_of(&task).await;
        let step = Move::of(&one, InstanceState::Failed, 0);
        setting.store.move_instances(&[step]).await.unwrap();
        setting.store.cut_instances(i64::MAX, 1).await.unwrap();
        // Its server died between the note of the key and the instance.
        setting.pass_hours(48);
        let again = ask().await;
        assert_ne!(again, made);
        let one = setting.one_of(&task).await;
        assert_eq!((one.id, one.made.bizdate.as_str()), (again, "20240501"));
    }
}
