//! Follows what happens, and tells it to those who asked for it by an alert. Only the leader does. Up to where
//! it has told is kept in the store, so that the next leader goes on from there: it may tell something twice,
//! and leaves nothing out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ToSpan};
use model::plan::Environment;
use model::schedule::InstanceState;
use model::{ObjectId, Result};
use serde_json::Value as Json;
use store::{Event, InstanceFilter, Page, Stored};

use super::presence::Presence;
use crate::alerts::{self, Alert, Cause, Item, Message};
use crate::installation::{LONGEST_PAGE, Service};
use crate::projects::Project;
use crate::tasks::write_bizdate;

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(1);
/// What was followed, as the store keeps it.
const FOLLOWED: &str = "alerts";
/// Up to when it was looked for what is late, in milliseconds since 1970.
const LATE: &str = "late";
/// Events that are read at once.
const EVENTS: u32 = 500;
/// How long a message that did not arrive waits for its next try, at first and at most.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// A message that did not arrive for so long is given up.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24);
/// At most so many things wait for one message.
const MOST_WAITING: usize = 10_000;
const TOLD: &str = "godwit_alerts_told";

/// What waits to be told by one alert.
#[derive(Debug, Default)]
struct Waiting {
    items: Vec<Item>,
    /// The event before the first of them.
    before: i64,
    /// When the next message may go.
    due: Timestamp,
    /// Since when it does not arrive, and how long was waited the last time.
    failing: Option<(Timestamp, SignedDuration)>,
}

/// Tells what happened, as long as this server leads.
pub(super) struct Telling {
    service: Service,
    leader: Arc<Presence>,
    under: Option<i64>,
    /// All events up to this one were looked at.
    seen: i64,
    /// That is what the store keeps.
    kept: i64,
    looked: Timestamp,
    waiting: HashMap<ObjectId, Waiting>,
    /// When each alert may speak again.
    quiet: HashMap<ObjectId, Timestamp>,
}

impl Telling {
    pub(super) fn new(service: &Service, leader: &Arc<Presence>) -> Self {
        Self {
            service: service.clone(),
            leader: Arc::clone(leader),
            under: None,
            seen: 0,
            kept: 0,
            looked: Timestamp::UNIX_EPOCH,
            waiting: HashMap::new(),
            quiet: HashMap::new(),
        }
    }

    /// Until the service ends. What fails is tried again by the next look.
    pub(super) async fn run(mut self) {
        let stopping = self.service.stopping();
        while !stopping.is_cancelled() {
            if let Err(error) = self.look().await {
                tracing::warn!(code = error.code, %error, "alerts were not told");
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    pub(super) async fn look(&mut self) -> Result<()> {
        let Some(held) = self.leader.held() else {
            self.under = None;
            return Ok(());
        };
        if self.under != Some(held.fence.fence) {
            self.begin().await?;
            self.under = Some(held.fence.fence);
        }
        self.follow().await?;
        self.look_for_late().await?;
        self.tell().await?;
        self.keep_place().await
    }

    async fn begin(&mut self) -> Result<()> {
        let store = self.service.store();
        self.waiting.clear();
        self.seen = match store.bookmark(FOLLOWED).await? {
            Some(place) => place,
            // From now on: nobody asked to be told what was before.
            None => store.last_event().await?,
        };
        self.kept = self.seen;
        let looked = store.bookmark(LATE).await?;
        let now = self.service.clock().now();
        self.looked = looked.map_or(now, crate::installation::moment);
        Ok(())
    }

    /// Reads what happened.
    async fn follow(&mut self) -> Result<()> {
        let mut known: BTreeMap<String, Vec<Stored<Alert>>> = BTreeMap::new();
        loop {
            let events = self.service.store().events(self.seen, EVENTS).await?;
            for event in &events {
                if let Some((cause, task)) = cause(event) {
                    if !known.contains_key(&event.project) {
                        let found = of_project(&self.service, &event.project).await?;
                        known.insert(event.project.clone(), found);
                    }
                    let alerts = known.get(&event.project).into_iter().flatten();
                    let alerts: Vec<_> =
                        alerts.filter(|one| one.body.tells(cause, &task)).collect();
                    if !alerts.is_empty() {
                        let item = self.item(event, (cause, task)).await?;
                        for alert in alerts {
                            self.wait(&alert.id, item.clone(), event.sequence - 1);
                        }
                    }
                }
                self.seen = event.sequence;
            }
            if events.len() < EVENTS as usize {
                return Ok(());
            }
        }
    }

    fn wait(&mut self, alert: &ObjectId, item: Item, before: i64) {
        let quiet = self.quiet.get(alert).copied().unwrap_or_default();
        let waiting = self
            .waiting
            .entry(alert.clone())
            .or_insert_with(|| Waiting {
                before,
                due: quiet,
                ..Waiting::default()
            });
        if waiting.items.len() < MOST_WAITING {
            waiting.items.push(item);
        }
    }

    async fn item(&self, event: &Event, (cause, task): (Cause, ObjectId)) -> Result<Item> {
        let text = |key: &str| event.json[key].as_str().unwrap_or_default().to_owned();
        let mut why = None;
        if cause != Cause::Finished
            && let Ok(id) = event.subject.parse()
        {
            let attempts = self.service.store().attempts(id).await?;
            let report = attempts.into_iter().find_map(|attempt| attempt.report);
            why = report.as_ref().and_then(reason);
        }
        Ok(Item {
            cause,
            instance: event.subject.clone(),
            task,
            task_name: text("name"),
            bizdate: text("bizdate"),
            at: event.at,
            why,
        })
    }

    /// Looks for what should have succeeded by a time that came since the last look.
    async fn look_for_late(&mut self) -> Result<()> {
        let (from, now) = (self.looked, self.service.clock().now());
        // Once a minute; a clock that was set back begins anew.
        if from <= now && from + SignedDuration::from_mins(1) > now {
            return Ok(());
        }
        let mut page = Page {
            limit: LONGEST_PAGE,
            ..Page::default()
        };
        loop {
            let projects = self.service.store().list::<Project>("", &page).await?;
            let Some(last) = projects.last() else { break };
            page.after.clone_from(&last.name);
            for project in &projects {
                self.look_for_late_in(project, (from, now)).await?;
            }
        }
        self.looked = now;
        self.service
            .store()
            .keep_bookmark(LATE, now.as_millisecond())
            .await
    }

    async fn look_for_late_in(
        &mut self,
        project: &Stored<Project>,
        (from, now): (Timestamp, Timestamp),
    ) -> Result<()> {
        for alert in of_project(&self.service, project.id.as_str()).await? {
            let Some(deadline) = alert.body.deadline() else {
                continue;
            };
            let zone = project.body.time_zone.rules();
            let today = now.to_zoned(zone.clone()).date();
            let Ok(due) = today.to_datetime(deadline).to_zoned(zone.clone()) else {
                continue;
            };
            let due = due.timestamp();
            let bizdate = today.checked_sub(1.day());
            let (true, Ok(bizdate)) = (from < due && due <= now, bizdate) else {
                continue;
            };
            self.note_late(project, &alert, &write_bizdate(bizdate))
                .await?;
        }
        Ok(())
    }

    async fn note_late(
        &mut self,
        project: &Stored<Project>,
        alert: &Stored<Alert>,
        bizdate: &str,
    ) -> Result<()> {
        let mut filter = InstanceFilter {
            bizdate: Some(bizdate.to_owned()),
            kind: Some(model::schedule::InstanceKind::Recurring),
            limit: LONGEST_PAGE,
            ..InstanceFilter::default()
        };
        loop {
            let store = self.service.store();
            let of = (project.id.as_str(), Environment::Production);
            let found = store.instances(of.0, of.1, &filter).await?;
            let Some(last) = found.last() else {
                return Ok(());
            };
            filter.before = Some(last.id);
            for instance in found {
                let is_late = instance.state != InstanceState::Succeeded;
                if is_late && alert.body.tells(Cause::Late, &instance.made.task) {
                    let item = Item {
                        cause: Cause::Late,
                        instance: instance.id.to_string(),
                        task: instance.made.task,
                        task_name: instance.made.task_name,
                        bizdate: instance.made.bizdate,
                        at: self.service.clock().millis(),
                        why: None,
                    };
                    self.wait(&alert.id, item, self.seen);
                }
            }
        }
    }

    /// Sends what is due.
    async fn tell(&mut self) -> Result<()> {
        let now = self.service.clock().now();
        let due = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.due <= now);
        let due: Vec<ObjectId> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            let Some(mut waiting) = self.waiting.remove(&id) else {
                continue;
            };
            // One that is gone, or silent by now, has nothing to tell.
            let Some(alert) = self.service.store().get::<Alert>(&id).await? else {
                continue;
            };
            if alert.body.disabled {
                continue;
            }
            let message = Message::new(&self.service, &alert, waiting.items.clone()).await?;
            let findings = alerts::tell(&self.service, &alert, &message).await?;
            let minutes = SignedDuration::from_mins(i64::from(alert.body.every_minutes));
            let outcome = if findings.is_empty() {
                "told"
            } else {
                "failed"
            };
            metrics::counter!(TOLD, "outcome" => outcome).increment(1);
            if findings.is_empty() {
                self.quiet.insert(id, now + minutes);
                continue;
            }
            let said: Vec<&str> = findings.iter().map(|one| one.message.as_str()).collect();
            tracing::warn!(alert = %id, said = said.join("; "), "an alert did not arrive");
            let (since, pause) = waiting.failing.unwrap_or((now, FIRST_PAUSE));
            if now.duration_since(since) > GIVEN_UP {
                tracing::error!(alert = %id, count = waiting.items.len(), "an alert is given up");
                continue;
            }
            waiting.due = now + pause;
            waiting.failing = Some((since, (pause * 2).min(LONGEST_PAUSE)));
            self.waiting.insert(id, waiting);
        }
        Ok(())
    }

    /// Keeps up to where all was told.
    async fn keep_place(&mut self) -> Result<()> {
        let untold = self.waiting.values().map(|waiting| waiting.before).min();
        let place = untold.unwrap_or(self.seen).min(self.seen);
        if place != self.kept {
            self.service.store().keep_bookmark(FOLLOWED, place).await?;
            self.kept = place;
        }
        Ok(())
    }
}

/// What an event is a cause of, and of which task.
fn cause(event: &Event) -> Option<(Cause, ObjectId)> {
    let word = |key: &str| event.json[key].as_str().unwrap_or_default();
    if event.kind != "instance" || word("environment") != "production" {
        return None;
    }
    let cause = match (word("state"), word("outcome")) {
        ("succeeded", "succeeded") => Cause::Finished,
        ("failed", "timed-out") => Cause::TimedOut,
        ("failed", "failed" | "refused" | "lost") => Cause::Failed,
        _ => return None,
    };
    Some((cause, ObjectId::new(word("task"))))
}

/// Why an attempt went wrong, by its report.
fn reason(report: &Json) -> Option<(String, String)> {
    let code = report["code"].as_str()?;
    Some((
        code.to_owned(),
        report["message"].as_str().unwrap_or_default().to_owned(),
    ))
}

async fn of_project(service: &Service, project: &str) -> Result<Vec<Stored<Alert>>> {
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    let mut found = Vec::new();
    loop {
        let listed = service.store().list::<Alert>(project, &page).await?;
        let Some(last) = listed.last() else {
            return Ok(found);
        };
        page.after.clone_from(&last.name);
        found.extend(listed);
    }
}
