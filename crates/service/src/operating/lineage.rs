//! Follows what runs, and tells it as OpenLineage events. Only the leader does; up to where it has told is kept in
//! the store. What does not arrive is told again, in its order, for a day.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use model::schedule::InstanceState;
use model::{ObjectId, Result};
use serde::Deserialize;
use serde_json::Value as Json;
use store::Event;

use super::presence::Presence;
use crate::data_sources::DataSource;
use crate::installation::Service;
use crate::lineage::{Happened, Kind, Lineage};
use crate::projects::Project;
use crate::tasks::{Runs, body};

/// How often it is looked whether there is something to tell, and how long who does not answer is left alone.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(15);
/// What was followed, as the store keeps it.
const FOLLOWED: &str = "lineage";
/// Events that are read at once.
const EVENTS: u32 = 200;
/// What happened so long ago is told no more.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24);

/// Tells what runs, as long as this server leads.
pub(super) struct Following {
    service: Service,
    leader: Arc<Presence>,
    lineage: Lineage,
    under: Option<i64>,
    /// All events up to this one were told.
    told: i64,
}

impl Following {
    /// Where somebody is to be told.
    pub(super) fn new(service: &Service, leader: &Arc<Presence>) -> Option<Self> {
        let lineage = service.settings().lineage.clone()?;
        Some(Self::to(service, leader, lineage))
    }

    pub(super) fn to(service: &Service, leader: &Arc<Presence>, lineage: Lineage) -> Self {
        Self {
            service: service.clone(),
            leader: Arc::clone(leader),
            lineage,
            under: None,
            told: 0,
        }
    }

    /// Until the service ends.
    pub(super) async fn run(mut self) {
        let stopping = self.service.stopping();
        while !stopping.is_cancelled() {
            let pause = match self.look().await {
                Ok(true) => LOOK,
                Ok(false) => PAUSE,
                Err(error) => {
                    tracing::warn!(code = error.code, %error, "lineage was not told");
                    PAUSE
                }
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tells what happened. Whether all of it arrived.
    pub(super) async fn look(&mut self) -> Result<bool> {
        let Some(held) = self.leader.held() else {
            self.under = None;
            return Ok(true);
        };
        let store = self.service.store();
        if self.under != Some(held.fence.fence) {
            self.told = match store.bookmark(FOLLOWED).await? {
                Some(place) => place,
                None => store.last_event().await?,
            };
            self.under = Some(held.fence.fence);
        }
        loop {
            let events = store.events(self.told, EVENTS).await?;
            let Some(last) = events.last().map(|event| event.sequence) else {
                return Ok(true);
            };
            for event in &events {
                if let Some(document) = self.document(event).await?
                    && let Err(lost) = self.lineage.post(&document).await
                {
                    tracing::warn!(%lost, "lineage did not arrive");
                    store.keep_bookmark(FOLLOWED, self.told).await?;
                    return Ok(false);
                }
                self.told = event.sequence;
            }
            store.keep_bookmark(FOLLOWED, last).await?;
        }
    }

    async fn document(&self, event: &Event) -> Result<Option<Json>> {
        let now = self.service.clock().millis();
        let is_old = now - event.at > i64::try_from(GIVEN_UP.as_millis()).unwrap_or(i64::MAX);
        let state = InstanceState::deserialize(&event.json["state"]);
        let (false, Ok(state), Ok(id)) = (is_old, state, event.subject.parse()) else {
            return Ok(None);
        };
        if event.kind != "instance" {
            return Ok(None);
        }
        let Some(kind) = Kind::of(state, event.json["outcome"].as_str()) else {
            return Ok(None);
        };
        let store = self.service.store();
        let Some(instance) = store.instance(id).await? else {
            return Ok(None);
        };
        let attempts = store.attempts(id).await?;
        // The one that began, or ended, then: others may have followed.
        let attempt = attempts.iter().find(|one| match kind {
            Kind::Start => one.started_at == event.at,
            _ => one.ended_at == Some(event.at),
        });
        let task = store
            .task(&instance.made.task, instance.made.environment)
            .await?;
        let (Some(attempt), Some(task)) = (attempt, task) else {
            return Ok(None);
        };
        let Runs::Pipeline {
            table,
            source,
            destination,
            ..
        } = body(&task)?.runs
        else {
            return Ok(None);
        };
        let source = store.get::<DataSource>(&source).await?;
        let destination = store.get::<DataSource>(&destination).await?;
        let project = store
            .get::<Project>(&ObjectId::new(event.project.as_str()))
            .await?;
        let (Some(source), Some(destination), Some(project)) = (source, destination, project)
        else {
            return Ok(None);
        };
        Ok(Some(self.lineage.event(&Happened {
            kind,
            at: event.at,
            installation: self.service.settings().installation.as_str(),
            project: &project.name,
            instance: &instance,
            attempt,
            reads: (&source.body, &table),
            writes: &destination.body,
        })))
    }
}
