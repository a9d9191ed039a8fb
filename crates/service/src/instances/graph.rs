//! What an instance waits for, and what waits for it, some steps around.

use std::collections::{BTreeMap, BTreeSet};

use model::{ObjectId, Result};
use store::Instance;

use super::find;
use crate::access::rights::{Caller, Right};
use crate::installation::Service;

/// At most so many steps are looked around.
const DEEPEST: u32 = 10;
/// At most so many instances are shown.
const MOST: usize = 500;

/// Instances, and which waits for which.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// By number.
    pub instances: Vec<Instance>,
    /// Who waits, and for whom.
    pub waits: Vec<(i64, i64)>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// The instances at most so many steps up or down from this one.
pub async fn graph(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, i64),
    steps: u32,
) -> Result<Graph> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    find(service, project, id).await?;
    let store = service.store();
    let mut seen = BTreeSet::from([id]);
    let mut waits = BTreeSet::new();
    let mut more = false;
    // Up and down apart: what else waits for one upstream is not of this instance.
    for is_up in [true, false] {
        let mut edge = vec![id];
        for _ in 0..steps.min(DEEPEST) {
            let mut next = Vec::new();
            for from in std::mem::take(&mut edge) {
                let (up, down) = store.neighbours(from).await?;
                for to in if is_up { up } else { down } {
                    if !seen.contains(&to) && seen.len() >= MOST {
                        more = true;
                        continue;
                    }
                    waits.insert(if is_up { (from, to) } else { (to, from) });
                    if seen.insert(to) {
                        next.push(to);
                    }
                }
            }
            edge = next;
        }
        for from in edge {
            let (up, down) = store.neighbours(from).await?;
            let beyond = if is_up { up } else { down };
            more |= beyond.iter().any(|to| !seen.contains(to));
        }
    }
    let ids: Vec<i64> = seen.into_iter().collect();
    let found = store.instances_of(&ids).await?;
    let found: BTreeMap<i64, Instance> = found
        .into_iter()
        .map(|(instance, _)| (instance.id, instance))
        .collect();
    waits.retain(|(from, to)| found.contains_key(from) && found.contains_key(to));
    Ok(Graph {
        waits: waits.into_iter().collect(),
        instances: found.into_values().collect(),
        more,
    })
}
