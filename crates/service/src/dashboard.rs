//! `dashboard`: what somebody wants to see of a project first thing in the morning.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::ToSpan;
use jiff::civil::Date;
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
/// A glance is told again for so long, in milliseconds, however much changes; and as long as nothing does.
const FRESH: i64 = 5_000;
/// So many glances are kept.
const MOST_LOOKS: usize = 1_000;
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
    let today = service
        .clock()
        .now()
        .to_zoned(found.body.time_zone.rules().clone())
        .date();
    let of = (project.as_str(), environment);
    let glance = service.glances().of(service, of, (today, days.max(1)));
    let Glance {
        days,
        slowest,
        failing,
    } = Glance::clone(&*glance.await?);
    Ok(Dashboard {
        days,
        slowest,
        failing,
        groups: groups(service, caller, &found).await?,
    })
}

/// What is the same for everybody who may see it, and takes long to find out of millions of instances.
#[derive(Debug, Clone)]
struct Glance {
    days: Vec<Day>,
    slowest: Vec<Slow>,
    failing: Vec<FailingTask>,
}

impl Glance {
    async fn take(
        service: &Service,
        of: (&str, Environment),
        (today, days): (Date, u32),
    ) -> Result<Self> {
        let store = service.store();
        // Today's date is that of manual runs at most: the calendar's last one is yesterday's.
        let first = written(today.saturating_sub(i64::from(days).days()));
        let last = store.last_day(of, &written(today)).await?;
        Ok(Self {
            days: by_day(store.day_states(of, &first).await?),
            slowest: match &last {
                Some(last) => store.slowest(of, last, TOLD).await?,
                None => Vec::new(),
            },
            failing: failing(service, of, &first).await?,
        })
    }
}

/// Glances of a few seconds ago. Many look at night, whenever something happens; they share one look.
#[derive(Default)]
pub(crate) struct Glances(Mutex<BTreeMap<Asked, Arc<Look>>>);

/// Of which project, where, and how many days.
type Asked = String;
/// Held while it is taken.
type Look = tokio::sync::Mutex<Option<Taken>>;

struct Taken {
    /// In milliseconds since 1970.
    at: i64,
    /// The day that it was then.
    today: Date,
    /// The last change of an instance before.
    change: i64,
    glance: Arc<Glance>,
}

impl Glances {
    async fn of(
        &self,
        service: &Service,
        of: (&str, Environment),
        when: (Date, u32),
    ) -> Result<Arc<Glance>> {
        let look = {
            let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if looks.len() >= MOST_LOOKS {
                looks.clear();
            }
            let asked = format!("{} {:?} {}", of.0, of.1, when.1);
            Arc::clone(looks.entry(asked).or_default())
        };
        let mut look = look.lock().await;
        let (at, today) = (service.clock().millis(), when.0);
        let change = service.store().last_change().await?;
        let holds = |taken: &&Taken| {
            let is_fresh = (taken.at..taken.at + FRESH).contains(&at);
            taken.today == today && (taken.change == change || is_fresh)
        };
        if let Some(taken) = look.as_ref().filter(holds) {
            return Ok(Arc::clone(&taken.glance));
        }
        let glance = Arc::new(Glance::take(service, of, when).await?);
        *look = Some(Taken {
            at,
            today,
            change,
            glance: Arc::clone(&glance),
        });
        Ok(glance)
    }
}

fn written(date: Date) -> String {
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
