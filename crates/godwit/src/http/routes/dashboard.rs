//! The route of a project's dashboard.

use std::collections::BTreeMap;

use model::plan::Environment;
use model::schedule::InstanceState;
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::dashboard::{self, Dashboard, FailingTask, Group, Usage};
use service::within::Within;

use crate::http::app::App;
use crate::http::wire::{InProject, written_moment};
use crate::http::{Answer, Input, Route};

/// So many days where it is not said how many.
const USUAL_DAYS: u32 = 15;

pub(super) fn routes() -> Vec<Route<App>> {
    vec![Route::get(
        "/projects/{project}/dashboard",
        "Shows a project at a glance: its days, what takes long, what fails, what its groups give",
        show,
    )]
}

/// Of what.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Search {
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
    /// How many business dates; 15 where it is left out, 90 at most.
    days: Option<Within<1, 90>>,
}

/// A project at a glance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct DashboardShown {
    /// Business dates that have instances, the oldest first.
    days: Vec<DayShown>,
    /// The instances of the last of them that took longest, the longest first.
    slowest: Vec<SlowShown>,
    /// The tasks with most failed instances in these days, the most first.
    failing: Vec<FailingShown>,
    /// The resource groups of the project, by name.
    groups: Vec<GroupShown>,
}

/// A business date.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct DayShown {
    /// `yyyymmdd`.
    bizdate: String,
    /// How many instances are in each state.
    states: BTreeMap<InstanceState, i64>,
}

/// An instance that took long.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct SlowShown {
    /// Its number.
    instance: i64,
    /// Its task.
    task: ObjectId,
    /// The task's name then.
    task_name: String,
    /// `yyyymmdd`.
    bizdate: String,
    /// How long its last attempt took.
    seconds: f64,
    /// How many rows it wrote.
    rows: Option<u64>,
}

/// A task whose instances stand as failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct FailingShown {
    /// The task.
    task: ObjectId,
    /// The task's name when the last of them was made.
    task_name: String,
    /// How many.
    failures: i64,
    /// The last of them.
    instance: i64,
    /// Its business date: `yyyymmdd`.
    last_bizdate: String,
    /// What it failed with.
    code: Option<String>,
}

/// A resource group, and what it gives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct GroupShown {
    /// Its id.
    id: ObjectId,
    /// Its name.
    name: String,
    /// Thousandths of a core that it has.
    cpu_millis: u32,
    /// Megabytes that it has.
    memory_mb: u32,
    /// Thousandths of a core that runs take of it now.
    used_cpu_millis: i64,
    /// Megabytes that runs take of it now.
    used_memory_mb: i64,
    /// Instances that wait for room in it now.
    waiting: i64,
    /// The most in each of the last 24 hours in which there was any, the oldest first.
    hours: Vec<HourShown>,
}

/// The most within an hour.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct HourShown {
    /// When the hour began (RFC 3339).
    at: String,
    /// Thousandths of a core that runs took.
    cpu_millis: i64,
    /// Megabytes that runs took.
    memory_mb: i64,
    /// Instances that waited.
    waiting: i64,
}

impl From<Dashboard> for DashboardShown {
    fn from(dashboard: Dashboard) -> Self {
        let days = dashboard.days.into_iter().map(|day| DayShown {
            bizdate: day.bizdate,
            states: day.states,
        });
        let slowest = dashboard.slowest.into_iter().map(|slow| SlowShown {
            instance: slow.instance,
            task: slow.task,
            task_name: slow.task_name,
            bizdate: slow.bizdate,
            seconds: slow.millis as f64 / 1000.0,
            rows: slow.report.as_deref().and_then(rows_of),
        });
        Self {
            days: days.collect(),
            slowest: slowest.collect(),
            failing: dashboard
                .failing
                .into_iter()
                .map(FailingShown::from)
                .collect(),
            groups: dashboard.groups.into_iter().map(GroupShown::from).collect(),
        }
    }
}

/// How many rows a table's report tells as written.
fn rows_of(report: &str) -> Option<u64> {
    let report: Json = serde_json::from_str(report).ok()?;
    report["rows_written"].as_u64()
}

impl From<FailingTask> for FailingShown {
    fn from(failing: FailingTask) -> Self {
        let made = failing.last.made;
        Self {
            task: made.task,
            task_name: made.task_name,
            failures: failing.failures,
            instance: failing.last.id,
            last_bizdate: made.bizdate,
            code: failing.code,
        }
    }
}

impl From<Group> for GroupShown {
    fn from(group: Group) -> Self {
        let hour = |usage: Usage| HourShown {
            at: written_moment(usage.at),
            cpu_millis: usage.cpu_millis,
            memory_mb: usage.memory_mb,
            waiting: usage.waiting,
        };
        Self {
            id: group.id,
            name: group.name,
            cpu_millis: group.cpu_millis,
            memory_mb: group.memory_mb,
            used_cpu_millis: group.now.cpu_millis,
            used_memory_mb: group.now.memory_mb,
            waiting: group.now.waiting,
            hours: group.hours.into_iter().map(hour).collect(),
        }
    }
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<DashboardShown>, Error> {
    let of = (&input.path.project, input.query.environment);
    let days = input.query.days.map_or(USUAL_DAYS, Within::get);
    let shown = dashboard::show(&app.service, &caller, of, days).await?;
    Ok(Answer::of(shown.into()))
}
