//! `dashboard`: what somebody wants to see of a project first thing in the morning.

use std::collections::BTreeMap;

use jiff::ToSpan;
use model::plan::Environment;
use model::schedule::InstanceState;
use model::{ObjectId, Result};
use store::Stored;
pub use store::{GroupUsage as Usage, Slow};

use crate::access::rights::{Caller, Right};
use crate::installation::{LONGEST_PAGE, Service};
use crate::projects::Project;
use crate::resource_groups::{self, ResourceGroup};
use crate::tasks::project_of;

const HOUR: i64 = 60 * 60 * 1_000;
/// So many hours of each resource group are told.
const HOURS: i64 = 24;
/// So many are told of what takes long and of what fails.
const TOLD: u32 = 10;

/// A project at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// Business dates that have instances, the oldest first.
    pub days: Vec<Day>,
    /// The instances of the last of them that took longest, the longest first.
    pub slowest: Vec<Slow>,
    /// The tasks with most failed instances in these days, the most first.
    pub failing: Vec<FailingTask>,
    /// The resource groups of the project, by name.
    pub groups: Vec<Group>,
}

/// A business date.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// `yyyymmdd`.
    pub bizdate: String,
    /// How many instances are in each state.
    pub states: BTreeMap<InstanceState, i64>,
}

/// A task whose instances stand as failed.
#[derive(Debug, Clone, PartialEq)]
pub struct FailingTask {
    /// How many.
    pub failures: i64,
    /// The last of them.
    pub last: store::Instance,
    /// What its last attempt failed with.
    pub code: Option<String>,
}

/// A resource group, and what it gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
    /// Thousandths of a core that it has.
    pub cpu_millis: u32,
    /// Megabytes that it has.
    pub memory_mb: u32,
    /// What runs take of it now, whichever project they are of.
    pub now: Usage,
    /// The most that they took in each of the last 24 hours in which they took any, the oldest first.
    pub hours: Vec<Usage>,
}

/// A project's last `days` business dates, from 1 on, in an environment.
pub async fn show(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    days: u32,
) -> Result<Dashboard> {
    let found = project_of(service, caller, (project, environment), Right::ViewProject).await?;
    let store = service.store();
    let of = (project.as_str(), environment);
    let now = service.clock().now();
    let today = now.to_zoned(found.body.time_zone.rules().clone()).date();
    let days = i64::from(days.max(1));
    // Today's date is that of manual runs at most: the calendar's last one is yesterday's.
    let first = written(today.saturating_sub(days.days()));
    let last = store.last_day(of, &written(today)).await?;
    let slowest = match &last {
        Some(last) => store.slowest(of, last, TOLD).await?,
        None => Vec::new(),
    };
    Ok(Dashboard {
        days: by_day(store.day_states(of, &first).await?),
        slowest,
        failing: failing(service, of, &first).await?,
        groups: groups(service, caller, &found).await?,
    })
}

fn written(date: jiff::civil::Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

fn by_day(counted: Vec<(String, InstanceState, i64)>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for (bizdate, state, count) in counted {
        if days.last().is_none_or(|day| day.bizdate != bizdate) {
            let states = BTreeMap::new();
            days.push(Day { bizdate, states });
        }
        if let Some(day) = days.last_mut() {
            day.states.insert(state, count);
        }
    }
    days
}

async fn failing(
    service: &Service,
    of: (&str, Environment),
    first: &str,
) -> Result<Vec<FailingTask>> {
    let store = service.store();
    let mut told = Vec::new();
    for task in store.failing(of, first, TOLD).await? {
        let Some(last) = store.instance(task.instance).await? else {
            continue; // forgotten meanwhile
        };
        let attempts = store.attempts(last.id).await?;
        let report = attempts.into_iter().next().and_then(|one| one.report);
        let code = report.as_ref().and_then(|report| report["code"].as_str());
        told.push(FailingTask {
            failures: task.failures,
            code: code.map(str::to_owned),
            last,
        });
    }
    Ok(told)
}

async fn groups(
    service: &Service,
    caller: &Caller,
    project: &Stored<Project>,
) -> Result<Vec<Group>> {
    let store = service.store();
    let now = service.clock().millis();
    let taken = store.usage_now(now).await?;
    let mut of_project =
        resource_groups::list(service, caller, (None, None, Some(LONGEST_PAGE))).await?;
    of_project.retain(|group| group.body.projects.contains(&project.id));
    // Its own defaults may be bound to no project.
    let own = [&project.body.default_group, &project.body.development_group];
    for id in own.into_iter().flatten() {
        if of_project.iter().all(|group| group.id != *id) {
            of_project.extend(store.get::<ResourceGroup>(id).await?);
        }
    }
    of_project.sort_by(|one, other| one.name.cmp(&other.name));
    let mut told = Vec::new();
    for group in of_project {
        let nothing = || Usage {
            group: group.id.to_string(),
            at: now,
            cpu_millis: 0,
            memory_mb: 0,
            waiting: 0,
        };
        let taken = taken.iter().find(|one| one.group == group.id.as_str());
        let first = now - now.rem_euclid(HOUR) - (HOURS - 1) * HOUR;
        told.push(Group {
            now: taken.cloned().unwrap_or_else(nothing),
            hours: store.usage(group.id.as_str(), first, HOUR).await?,
            id: group.id,
            name: group.name,
            cpu_millis: group.body.cpu_millis,
            memory_mb: group.body.memory_mb,
        });
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::schedule::Resources;

    use super::*;
    use crate::operating::tests::support::{Setting, clock};
    use crate::tasks::TaskBody;

    #[tokio::test]
    async fn a_day_is_told_with_what_failed_in_it_and_what_its_group_gave() {
        let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
        let group = setting.group(4_000).await;
        let in_group = |body: &mut TaskBody| {
            body.resource_group = Some(group.clone());
            body.needs = Resources {
                cpu_millis: 500,
                memory_mb: 512,
            };
        };
        setting.publish("a", &[], in_group).await;
        let broken = setting
            .publish("b", &[], |body| {
                in_group(body);
                let crate::tasks::Runs::Pipeline { table, .. } = &mut body.runs else {
                    panic!("a pipeline");
                };
                table.table = "gone".to_owned();
            })
            .await;
        let mut server = setting.server("one").await;
        server.settle(Duration::from_secs(1)).await;
        setting.pass_hours(1);
        server.settle(Duration::from_secs(2)).await;
        let of = (&setting.project, Environment::Production);
        let told = show(&setting.service, &setting.caller, of, 15)
            .await
            .unwrap();
        assert_eq!(told.days.len(), 1);
        assert_eq!(told.days[0].bizdate, "20240501");
        let states = [(InstanceState::Succeeded, 1), (InstanceState::Failed, 1)];
        assert_eq!(told.days[0].states, states.into_iter().collect());
        assert_eq!(told.slowest.len(), 1);
        assert_eq!(told.failing.len(), 1);
        let failing = &told.failing[0];
        assert_eq!((&failing.last.made.task, failing.failures), (&broken.id, 1));
        assert!(failing.code.is_some());
        let group = told.groups.first().unwrap();
        assert_eq!((group.now.cpu_millis, group.hours.len()), (0, 1));
        assert_eq!(group.hours[0].cpu_millis, 1_000);
        setting.pass_hours(24 * 30);
        let none = show(&setting.service, &setting.caller, of, 1)
            .await
            .unwrap();
        assert!(none.days.is_empty() && none.failing.is_empty());
    }
}
