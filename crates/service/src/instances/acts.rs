//! What a person does with instances. Each act is made to what was seen: whoever is faster wins, and the
//! other one looks again.

use std::collections::BTreeSet;

use model::migration::LoadingPolicy;
use model::schedule::{InstanceState, Operation};
use model::{Error, ErrorKind, ObjectId, Result};
use serde_json::json;
use store::{Event, Instance, Move};

use super::find;
use crate::access::rights::{Caller, Right};
use crate::installation::Service;
use crate::operating::reasons::Order;
use crate::tasks::{Runs, body};

/// How often an act is tried that somebody else was faster with.
const TRIES: usize = 10;

/// What is done with an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Once more; those downstream that have not run go on after it.
    Rerun,
    /// Those downstream once more, all or only those that failed; not this one.
    RerunDownstream {
        /// Only those that failed.
        only_failed: bool,
    },
    /// Now, whatever those upstream are; one that runs is stopped first.
    ForceRerun,
    /// Ends it; it has failed then.
    Stop,
    /// Says that it succeeded, so that those downstream go on.
    SetSuccess,
    /// Holds it back.
    Pause,
    /// Lets it go on.
    Resume,
    /// Waits for this one less, this time alone.
    RemoveUpstream(i64),
}

impl Act {
    /// Which of the operations it is.
    pub fn operation(self) -> Operation {
        match self {
            Self::Rerun => Operation::Rerun,
            Self::RerunDownstream { .. } => Operation::RerunDownstream,
            Self::ForceRerun => Operation::ForceRerun,
            Self::Stop => Operation::Stop,
            Self::SetSuccess => Operation::SetSuccess,
            Self::Pause => Operation::Pause,
            Self::Resume => Operation::Resume,
            Self::RemoveUpstream(_) => Operation::RemoveUpstream,
        }
    }

    fn name(self) -> String {
        let word = serde_json::to_value(self.operation()).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }
}

/// Does it. The instances that were changed by it; none, where they were so already. One that runs is
/// stopped by its server: it has ended a moment later.
pub async fn act(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, i64),
    act: Act,
) -> Result<Vec<i64>> {
    caller.may(Some(project.as_str()), Right::Operate)?;
    let by = service.by(caller);
    for _ in 0..TRIES {
        let instance = find(service, project, id).await?;
        if !act.operation().is_allowed(instance.state, instance.paused) {
            return Err(not_allowed(act, &instance));
        }
        let Some(changed) = carry_out(service, &instance, act, by.at).await? else {
            continue;
        };
        let detail = json!({
            "task": instance.made.task_name, "bizdate": instance.made.bizdate,
            "state": instance.state, "changed": changed,
        });
        let subject = (project.as_str(), id.to_string());
        let action = format!("instance.{}", act.name());
        let store = service.store();
        let noted = store.note(&by, &action, (subject.0, &subject.1), &detail);
        noted.await?;
        let events = changed.iter().map(|id| Event {
            sequence: 0,
            project: project.to_string(),
            kind: "instance".to_owned(),
            subject: id.to_string(),
            at: by.at,
            json: json!({ "what": act.name() }),
        });
        store.tell(&events.collect::<Vec<_>>()).await?;
        service.tell();
        return Ok(changed);
    }
    let message = format!("instance {id} changes faster than it can be changed");
    Err(Error::new(ErrorKind::Conflict, "CHANGED_MEANWHILE", message).hint("try again"))
}

/// `None` where the instance was not as it was seen any more.
async fn carry_out(
    service: &Service,
    instance: &Instance,
    act: Act,
    at: i64,
) -> Result<Option<Vec<i64>>> {
    let store = service.store();
    match act {
        Act::RemoveUpstream(upstream) => {
            let removed = store.remove_upstream(instance.id, upstream).await?;
            if !removed {
                let id = instance.id;
                let message = format!("instance {id} does not wait for {upstream}");
                return Err(Error::new(ErrorKind::NotFound, "NOT_UPSTREAM", message)
                    .hint("look at what it waits for"));
            }
            return Ok(Some(vec![instance.id]));
        }
        Act::RerunDownstream { only_failed } => {
            let moves = downstream(service, instance, (only_failed, at)).await?;
            return Ok(Some(store.move_instances(&moves).await?));
        }
        Act::Rerun => would_double(service, instance).await?,
        _ => {}
    }
    let Some(step) = step(instance, act, at) else {
        return Ok(Some(Vec::new()));
    };
    let moved = store.move_instances(&[step]).await?;
    Ok((!moved.is_empty()).then_some(moved))
}

/// The change of one instance; `None` where it is so already.
fn step(instance: &Instance, act: Act, at: i64) -> Option<Move> {
    let runs = instance.state == InstanceState::Running;
    let to = |state: InstanceState| Move {
        // What its server is asked for stands as long as it runs.
        reason: instance.reason.clone().filter(|_| runs),
        ..Move::of(instance, state, at)
    };
    let order = |order: Order| {
        let is_new = Order::of(instance) != Some(order);
        is_new.then(|| Move {
            reason: Some(order.written()),
            ..to(InstanceState::Running)
        })
    };
    let step = match act {
        Act::Stop if runs => return order(Order::Stop),
        Act::ForceRerun if runs => return order(Order::Again),
        Act::Stop => to(InstanceState::Failed),
        Act::Rerun => again(instance, at),
        Act::ForceRerun => Move {
            forced: true,
            paused: false,
            not_before: at,
            ..again(instance, at)
        },
        Act::SetSuccess => Move {
            paused: false,
            ..to(InstanceState::Succeeded)
        },
        Act::Pause => Move {
            paused: true,
            ..to(instance.state)
        },
        Act::Resume => Move {
            paused: false,
            ..to(instance.state)
        },
        // Done elsewhere.
        Act::RemoveUpstream(_) | Act::RerunDownstream { .. } => return None,
    };
    Some(step)
}

/// Once more, from the start.
fn again(instance: &Instance, at: i64) -> Move {
    Move {
        forced: false,
        not_before: instance.made.planned_at,
        reruns_used: 0,
        ..Move::of(instance, InstanceState::NotRun, at)
    }
}

/// Those downstream, however far, that have ended: once more, all or those that failed.
async fn downstream(
    service: &Service,
    instance: &Instance,
    (only_failed, at): (bool, i64),
) -> Result<Vec<Move>> {
    let store = service.store();
    let mut seen = BTreeSet::from([instance.id]);
    let mut next = vec![instance.id];
    let mut moves = Vec::new();
    while let Some(id) = next.pop() {
        let (_, below) = store.neighbours(id).await?;
        let fresh: Vec<i64> = below.into_iter().filter(|id| seen.insert(*id)).collect();
        for (below, _) in store.instances_of(&fresh).await? {
            let failed = below.state == InstanceState::Failed;
            if failed || (below.state == InstanceState::Succeeded && !only_failed) {
                would_double(service, &below).await?;
                moves.push(again(&below, at));
            }
        }
        next.extend(fresh);
    }
    Ok(moves)
}

/// Refuses to run once more what succeeded and adds its rows to what is there: they would be there twice.
async fn would_double(service: &Service, instance: &Instance) -> Result<()> {
    let made = &instance.made;
    if instance.state != InstanceState::Succeeded {
        return Ok(());
    }
    let Some(task) = service.store().task(&made.task, made.environment).await? else {
        return Ok(());
    };
    if let Runs::Pipeline { migration, .. } = body(&task)?.runs
        && migration.destination.loading_policy == LoadingPolicy::Append
    {
        let (id, name, bizdate) = (instance.id, &made.task_name, &made.bizdate);
        let message = format!(
            "instance {id} ({name:?} of {bizdate}) has added its rows: once more, they would be there twice"
        );
        return Err(Error::new(ErrorKind::Conflict, "WOULD_DOUBLE", message)
            .hint("take them out at the destination first, and force the rerun of this one"));
    }
    Ok(())
}

fn not_allowed(act: Act, instance: &Instance) -> Error {
    let state = serde_json::to_value(instance.state).unwrap_or_default();
    let state = state.as_str().unwrap_or_default().replace('-', " ");
    let paused = if instance.paused { ", paused" } else { "" };
    let (name, id) = (act.name(), instance.id);
    let message = format!("{name:?} has no meaning for instance {id}, which is {state}{paused}");
    let hint = match act.operation() {
        Operation::Rerun | Operation::RerunDownstream => {
            "wait until it has ended, stop it, or force the rerun"
        }
        Operation::SetSuccess => "stop it first, where it runs, or pause it, where it waits",
        _ => "look at it again: it may have changed meanwhile",
    };
    Error::new(ErrorKind::Conflict, "NOT_ALLOWED_NOW", message).hint(hint)
}
