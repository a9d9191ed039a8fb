//! How attempts end in the store: what follows from an outcome, and which runs an instance left behind.

use jiff::{SignedDuration, Timestamp};
use model::schedule::InstanceState;
use model::{Result, RunId};
use scheduler::attempts::{Next, Outcome, Reruns, after};
use scheduler::board::Reason;
use serde_json::{Value as Json, json};
use store::{Attempt, Event, Instance, Move, Store};

use super::reasons::{self, Order};
use crate::installation::moment;

/// The word that the store keeps of an outcome.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::Refused => "refused",
        Outcome::TimedOut => "timed-out",
        Outcome::Stopped => "stopped",
        Outcome::Lost => "lost",
        Outcome::Outdated => "outdated",
    }
}

/// Where an instance goes whose attempt ended so.
pub(super) fn step(instance: &Instance, outcome: Outcome, now: Timestamp) -> Move {
    let at = now.as_millisecond();
    let made = &instance.made;
    let order = Order::of(instance);
    if order == Some(Order::Again) && outcome != Outcome::Succeeded {
        return Move {
            forced: true,
            not_before: at,
            reruns_used: 0,
            ..Move::of(instance, InstanceState::WaitingForTime, at)
        };
    }
    // What a person stopped does not run again because its server went, too.
    let outcome = match (outcome, order) {
        (Outcome::Lost | Outcome::Outdated, Some(Order::Stop)) => Outcome::Stopped,
        (Outcome::Lost | Outcome::Outdated, Some(Order::TimeOut)) => Outcome::TimedOut,
        (outcome, _) => outcome,
    };
    let is_rerun = !matches!(outcome, Outcome::Lost | Outcome::Outdated);
    let reruns = Reruns {
        count: u8::try_from(made.reruns).unwrap_or_default(),
        interval: SignedDuration::from_secs(made.rerun_seconds),
        after_timeout: made.rerun_after_timeout,
    };
    let used = u8::try_from(instance.reruns_used).unwrap_or(u8::MAX);
    match after(reruns, used, outcome, now) {
        Next::Succeeded => Move::of(instance, InstanceState::Succeeded, at),
        Next::Failed => Move::of(instance, InstanceState::Failed, at),
        Next::Again(time) => Move {
            reason: Some(reasons::written(&Reason::Until(time))),
            not_before: time.as_millisecond(),
            reruns_used: instance.reruns_used + i64::from(is_rerun),
            ..Move::of(instance, InstanceState::WaitingForTime, at)
        },
    }
}

/// What is told of an instance that is in another state now.
pub(super) fn news(instance: &Instance, state: InstanceState, at: i64) -> Event {
    let made = &instance.made;
    Event {
        sequence: 0,
        project: made.project.clone(),
        kind: "instance".to_owned(),
        subject: instance.id.to_string(),
        at,
        json: json!({
            "task": made.task, "name": made.task_name, "environment": made.environment,
            "bizdate": made.bizdate, "kind": made.kind, "state": state,
        }),
    }
}

/// The runs that these attempts of an instance were part of. One whose server went before it could note its
/// run is looked for in the lane: between its start and its end nobody else moved the same there.
pub(super) async fn runs_of(
    store: &Store,
    (instance, lane): (&Instance, &str),
    attempts: &[Attempt],
) -> Result<Vec<RunId>> {
    let noted = attempts.iter().filter_map(|attempt| attempt.run.clone());
    let mut runs: Vec<RunId> = noted.map(RunId::new).collect();
    let is_unnoted = |attempt: &&Attempt| {
        let was_lost = attempt.outcome.is_none() || attempt.outcome.as_deref() == Some("lost");
        attempt.run.is_none() && was_lost
    };
    for attempt in attempts.iter().filter(is_unnoted) {
        let stamp = |millis: i64| moment(millis).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (from, to) = (stamp(attempt.started_at), attempt.ended_at.map(stamp));
        // None is later than this.
        let to = to.unwrap_or_else(|| "9".to_owned());
        let of = (lane, instance.made.bizdate.as_str());
        for run in store.runs_between(of, (&from, &to)).await? {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
    }
    Ok(runs)
}

/// How often a change is tried that somebody else was faster with.
const TRIES: usize = 20;

/// Ends an attempt, whatever was asked of the instance meanwhile. Where another attempt runs by now, or the
/// instance was set to another state, nothing happens, unless this one published what it moved.
pub(super) async fn end(
    store: &Store,
    (id, attempt): (i64, i64),
    outcome: Outcome,
    report: Option<&Json>,
    now: Timestamp,
) -> Result<Option<Event>> {
    for _ in 0..TRIES {
        let Some(instance) = store.instance(id).await? else {
            return Ok(None);
        };
        let runs = instance.state == InstanceState::Running;
        let stands = instance.state == InstanceState::Failed && outcome == Outcome::Succeeded;
        if instance.attempts != attempt || !(runs || stands) {
            return Ok(None);
        }
        let step = step(&instance, outcome, now);
        if store.end_attempt(&step, word(outcome), report).await? {
            let mut news = news(&instance, step.state, step.at);
            news.json["outcome"] = word(outcome).into();
            return Ok(Some(news));
        }
    }
    tracing::warn!(instance = id, "somebody else was always faster");
    Ok(None)
}
