//! What is forgotten, once it is old enough.

use std::sync::Arc;
use std::time::Duration;

use model::Result;

use super::presence::Presence;
use crate::installation::Service;

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;
/// How long events are kept: who was away for longer reads everything anew.
const EVENT_DAYS: i64 = 7;
/// At most so many instances are forgotten by one transaction.
const AT_ONCE: u32 = 500;

/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(60);

/// Forgets what is old enough, as long as this server leads.
pub(super) struct Retention {
    service: Service,
    leader: Arc<Presence>,
    last: Option<i64>,
}

impl Retention {
    pub(super) fn new(service: &Service, leader: &Arc<Presence>) -> Self {
        Self {
            service: service.clone(),
            leader: Arc::clone(leader),
            last: None,
        }
    }

    /// Until the service ends; beside the rounds, which do not wait for it.
    pub(super) async fn run(mut self) {
        let stopping = self.service.stopping();
        while !stopping.is_cancelled() {
            if self.leader.held().is_some()
                && let Err(error) = self.cut().await
            {
                tracing::warn!(code = error.code, %error, "what is old was not forgotten");
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Forgets what is old enough, once an hour.
    pub(super) async fn cut(&mut self) -> Result<()> {
        let (store, settings) = (self.service.store(), self.service.settings());
        let now = self.service.clock().millis();
        let is_fresh = |last: i64| (last..last + HOUR).contains(&now);
        if self.last.is_some_and(is_fresh) {
            return Ok(());
        }
        self.last = Some(now);
        let days_ago = |days: u32| now - i64::from(days) * DAY;
        let instances = days_ago(settings.keep_instances_days);
        while store.cut_instances(instances, AT_ONCE).await? > 0 {}
        store.cut_events(now - EVENT_DAYS * DAY).await?;
        let longest = i64::from(settings.session_hours) * HOUR;
        store.cut_sessions(now, now - longest / 4).await?;
        store.cut_audit(days_ago(settings.keep_audit_days)).await?;
        Ok(())
    }
}
