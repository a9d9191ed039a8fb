//! What is forgotten, once it is old enough.

use std::sync::Arc;
use std::time::Duration;

use model::Result;

use super::presence::Presence;
use crate::backfills::Backfill;
use crate::installation::{Service, moment};
use crate::instances::ManualRun;

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;
/// How long events are kept: who was away for longer reads everything anew.
const EVENT_DAYS: i64 = 7;
/// How long it is kept what resource groups gave.
const USAGE_DAYS: i64 = 15;
/// At most so many instances or runs are forgotten by one transaction.
const AT_ONCE: u32 = 500;

/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(60);

/// Forgets what is old enough, as long as this server leads; and what of it lies in this server's folder.
pub(super) struct Retention {
    service: Service,
    leader: Arc<Presence>,
    cut: Hourly,
    swept: Hourly,
}

impl Retention {
    pub(super) fn new(service: &Service, leader: &Arc<Presence>) -> Self {
        Self {
            service: service.clone(),
            leader: Arc::clone(leader),
            cut: Hourly::default(),
            swept: Hourly::default(),
        }
    }

    /// Until the service ends; beside the rounds, which do not wait for it.
    pub(super) async fn run(mut self) {
        let stopping = self.service.stopping();
        while !stopping.is_cancelled() {
            let leads = self.leader.held().is_some();
            if let Err(error) = self.look(leads).await {
                tracing::warn!(code = error.code, %error, "what is old was not forgotten");
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Once an hour each.
    async fn look(&mut self, leads: bool) -> Result<()> {
        let now = self.service.clock().millis();
        if leads && self.cut.is_due(now) {
            cut(&self.service, now).await?;
            self.swept = Hourly::default();
        }
        if self.swept.is_due(now) {
            self.service.store().sweep_rejected().await?;
        }
        Ok(())
    }
}

/// Forgets what is old enough, instances first: what these alone name goes with them.
async fn cut(service: &Service, now: i64) -> Result<()> {
    let (store, settings) = (service.store(), service.settings());
    let days_ago = |days: u32| now - i64::from(days) * DAY;
    let instances = days_ago(settings.keep_instances_days);
    while store.cut_instances(instances, AT_ONCE).await? > 0 {}
    let stamp = moment(instances).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let before = (stamp.as_str(), instances);
    while store.forget_runs(before, now, AT_ONCE).await? > 0 {}
    store.cut_forgotten(instances).await?;
    store.forget_origins::<ManualRun>(instances).await?;
    store.forget_origins::<Backfill>(instances).await?;
    store.cut_events(now - EVENT_DAYS * DAY).await?;
    store.cut_usage(now - USAGE_DAYS * DAY).await?;
    let longest = i64::from(settings.session_hours) * HOUR;
    store.cut_sessions(now, now - longest / 4).await?;
    store.cut_audit(days_ago(settings.keep_audit_days)).await?;
    Ok(())
}

/// When something was done last that is done once an hour.
#[derive(Default)]
struct Hourly(Option<i64>);

impl Hourly {
    /// Whether it is time; asked once for each time that it is done.
    fn is_due(&mut self, now: i64) -> bool {
        let is_fresh = |last: i64| (last..last + HOUR).contains(&now);
        let is_due = !self.0.is_some_and(is_fresh);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use model::plan::Environment;
    use model::schedule::InstanceState;
    use model::{ObjectId, RunId};
    use serde_json::json;

    use super::*;
    use crate::operating::tests::support::{Setting, clock};
    use crate::tasks::{ByHand, run_now};

    #[tokio::test]
    async fn what_no_instance_names_any_more_is_forgotten_with_it() {
        let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
        let task = setting.publish("a", &[], |body| body.hour = None).await;
        let mut server = setting.server("one").await;
        let mut instances = Vec::new();
        for filter in ["id > 0", "id > 1"] {
            let by_hand: ByHand = serde_json::from_value(json!({
                "bizdate": "20240501", "parameters": { "filter": filter }, "key": filter,
            }))
            .unwrap();
            let of = (&setting.project, Environment::Production);
            let of_task = (&task.id, by_hand);
            let made = run_now(&setting.service, &setting.caller, of, of_task);
            instances.push(made.await.unwrap());
            server.settle(Duration::from_secs(1)).await;
            setting.pass_hours(24);
        }
        let (store, service) = (&setting.store, &setting.service);
        let mut runs = Vec::new();
        let mut origins = Vec::new();
        for id in &instances {
            let attempt = store.attempts(*id).await.unwrap().remove(0);
            runs.push(RunId::new(attempt.run.unwrap()));
            let instance = store.instance(*id).await.unwrap().unwrap();
            let state = instance.state;
            assert_eq!(state, InstanceState::Succeeded, "{:?}", attempt.report);
            origins.push(ObjectId::new(instance.made.origin));
        }
        let there = async || {
            let mut there = Vec::new();
            for (run, origin) in runs.iter().zip(&origins) {
                let run = store.run(run).await.unwrap().is_some();
                let lines = store.records(&runs[there.len()]).await.unwrap().len();
                assert_eq!(run, lines > 0, "a journal goes with its run");
                let origin = store.get::<ManualRun>(origin).await.unwrap().is_some();
                there.push((run, origin));
            }
            there
        };
        cut(service, service.clock().millis()).await.unwrap();
        assert_eq!(there().await, [(true, true), (true, true)]);
        setting.pass_hours(24 * 364);
        cut(service, service.clock().millis()).await.unwrap();
        assert_eq!(there().await, [(false, false), (true, true)]);
        setting.pass_hours(24 * 2);
        cut(service, service.clock().millis()).await.unwrap();
        let last = "the run of the last load tells what its table looked like";
        assert_eq!(there().await, [(false, false), (true, false)], "{last}");
    }

    #[test]
    fn it_is_time_once_an_hour() {
        let mut hourly = Hourly::default();
        let due = [0, HOUR - 1, HOUR, HOUR + 1, 5].map(|now| hourly.is_due(now));
        assert_eq!(
            due,
            [true, false, true, false, true],
            "the clock was set back"
        );
    }
}
