//! The instances of each day: made when the day begins, in the zone of their project; days that nobody was
//! there for are made up for in their order.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::plan::Environment;
use model::schedule::InstanceKind;
use model::{ObjectId, Result};
use scheduler::calendar::{due, planned};
use serde_json::json;
use store::{By, Event, NewInstance, Page, Stored, Task, Upstream};

use super::tasks::{Known, all};
use crate::installation::{LONGEST_PAGE, Service};
use crate::projects::Project;
use crate::restoring;
use crate::tasks::{Occasion, TaskBody, new_instance, read_bizdate, write_bizdate};

/// Recurring tasks run by themselves in production alone.
const ENVIRONMENT: Environment = Environment::Production;
/// Who does what nobody asked for.
const NOBODY: &str = "scheduler";

/// Up to which business date each project was looked through: nothing more is due until the next one.
#[derive(Debug, Default)]
pub(super) struct Calendar(HashMap<ObjectId, Date>);

impl Calendar {
    /// Makes what is due in all projects. How many instances.
    pub(super) async fn make(&mut self, service: &Service, known: &mut Known) -> Result<usize> {
        let mut page = Page {
            limit: LONGEST_PAGE,
            ..Page::default()
        };
        let mut made = 0;
        loop {
            let listed = service.store().list::<Project>("", &page).await?;
            let Some(last) = listed.last() else {
                return Ok(made);
            };
            page.after.clone_from(&last.name);
            for project in &listed {
                made += self.make_of(service, known, project).await?;
            }
        }
    }

    async fn make_of(
        &mut self,
        service: &Service,
        known: &mut Known,
        project: &Stored<Project>,
    ) -> Result<usize> {
        let zone = project.body.time_zone.rules();
        let now = service.clock().now();
        let Ok(current) = now.to_zoned(zone.clone()).date().yesterday() else {
            return Ok(0);
        };
        if self.0.get(&project.id).is_some_and(|done| *done >= current) {
            return Ok(0);
        }
        let made = service.store().made_until(project.id.as_str(), ENVIRONMENT);
        let made = made.await?.as_deref().and_then(read_bizdate);
        let mut count = 0;
        if made.is_none_or(|made| made < current) {
            let tasks = all(service.store(), project.id.as_str(), ENVIRONMENT).await?;
            tasks.iter().for_each(|(task, body)| known.note(task, body));
            count = make_up(service, project, &tasks, made).await?;
        }
        self.0.insert(project.id.clone(), current);
        Ok(count)
    }
}

/// A task that the calendar starts: from which business date on, and at which hour.
struct Recurring<'a> {
    task: &'a Task,
    body: &'a TaskBody,
    first: Date,
    hour: u8,
}

async fn make_up(
    service: &Service,
    project: &Stored<Project>,
    tasks: &[(Task, TaskBody)],
    made: Option<Date>,
) -> Result<usize> {
    let recurring: Vec<Recurring<'_>> = tasks
        .iter()
        .filter_map(|(task, body)| {
            Some(Recurring {
                task,
                body,
                first: read_bizdate(&task.first_bizdate)?,
                hour: body.hour?,
            })
        })
        .collect();
    let Some(first) = recurring.iter().map(|one| one.first).min() else {
        return Ok(0);
    };
    let zone = project.body.time_zone.rules();
    let (now, at) = (service.clock().now(), service.clock().millis());
    let due = due(zone, now, first, made, service.settings().most_days);
    let held = restoring::held_until(service.store()).await?;
    let day = (project.id.as_str(), ENVIRONMENT);
    if let Some((from, to)) = due.missed {
        service
            .store()
            .make_day(at, day, &write_bizdate(to), &[])
            .await?;
        tell_missed(service, project, (from, to)).await?;
    }
    let mut count = 0;
    for date in due.bizdates {
        let new = instances_of(project, &recurring, (zone, date), held);
        let bizdate = write_bizdate(date);
        let ids = service.store().make_day(at, day, &bizdate, &new).await?;
        tracing::info!(project = %project.id, bizdate, instances = ids.len(), "day made");
        count += ids.len();
    }
    Ok(count)
}

/// One instance of each task that runs for this business date, each behind those upstream of it that do; those
/// of a time up to `held` wait for a person.
fn instances_of(
    project: &Stored<Project>,
    recurring: &[Recurring<'_>],
    (zone, date): (&TimeZone, Date),
    held: i64,
) -> Vec<NewInstance> {
    let running = recurring.iter().filter(|one| one.first <= date);
    let running: Vec<&Recurring<'_>> = running.collect();
    let places = running.iter().enumerate();
    let places: BTreeMap<&ObjectId, usize> =
        places.map(|(place, one)| (&one.task.id, place)).collect();
    let instance = |one: &&Recurring<'_>| {
        let upstream = one.task.upstream.iter();
        let upstream = upstream.filter_map(|id| places.get(id));
        let occasion = Occasion {
            bizdate: write_bizdate(date),
            kind: InstanceKind::Recurring,
            origin: String::new(),
            planned_at: planned(zone, date, one.hour).as_millisecond(),
            upstream: upstream.map(|place| Upstream::Beside(*place)).collect(),
        };
        NewInstance {
            paused: one.task.suspended || occasion.planned_at <= held,
            ..new_instance(&project.body, one.task, one.body, occasion)
        }
    };
    running.iter().map(instance).collect()
}

/// Says that business dates are left out, because they are too long ago.
async fn tell_missed(
    service: &Service,
    project: &Stored<Project>,
    (first, last): (Date, Date),
) -> Result<()> {
    let at = service.clock().millis();
    let by = By {
        person: NOBODY.to_owned(),
        at,
        ..By::default()
    };
    let detail = json!({ "first": write_bizdate(first), "last": write_bizdate(last) });
    let id = project.id.as_str();
    tracing::warn!(project = id, %first, %last, "business dates left out");
    let noted = service
        .store()
        .note(&by, "calendar.missed", (id, id), &detail);
    noted.await?;
    let event = Event {
        sequence: 0,
        project: id.to_owned(),
        kind: "calendar".to_owned(),
        subject: id.to_owned(),
        at,
        json: json!({ "missed": detail }),
    };
    service.store().tell(&[event]).await
}
