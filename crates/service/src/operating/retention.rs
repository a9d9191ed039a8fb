//! What is forgotten, once it is old enough.

use model::Result;

use crate::installation::Service;

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;
/// How long events are kept: who was away for longer reads everything anew.
const EVENT_DAYS: i64 = 7;
/// At most so many instances are forgotten by one transaction.
const AT_ONCE: u32 = 500;

/// When things were last forgotten.
#[derive(Debug, Default)]
pub(super) struct Retention(Option<i64>);

impl Retention {
    /// Forgets what is old enough, once an hour.
    pub(super) async fn cut(&mut self, service: &Service) -> Result<()> {
        let now = service.clock().millis();
        if self
            .0
            .is_some_and(|last| (last..last + HOUR).contains(&now))
        {
            return Ok(());
        }
        self.0 = Some(now);
        let (store, settings) = (service.store(), service.settings());
        let days_ago = |days: u32| now - i64::from(days) * DAY;
        let instances = days_ago(settings.keep_instances_days);
        while store.cut_instances(instances, AT_ONCE).await? >= u64::from(AT_ONCE) {}
        store.cut_events(now - EVENT_DAYS * DAY).await?;
        let longest = i64::from(settings.session_hours) * HOUR;
        store.cut_sessions(now, now - longest / 4).await?;
        store.cut_audit(days_ago(settings.keep_audit_days)).await?;
        Ok(())
    }
}
