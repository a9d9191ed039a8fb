//! All open instances, kept in memory as long as this server decides: read once, then followed change by
//! change.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use model::Result;
use model::schedule::InstanceState;
use scheduler::board::{self, Board};
use store::{GroupUsage, Instance, Store};

use super::reasons;
use super::tasks::Known;
use crate::installation::moment;

/// Changes that are read at once.
const PAGE: u32 = 5_000;

/// An instance, and those that it waits for.
pub(super) type Changed = (Instance, Vec<i64>);

/// What changes, read once for all that follow it.
#[derive(Debug, Default)]
pub(super) struct Changes(Option<i64>);

impl Changes {
    /// From now on.
    pub(super) async fn begin(&mut self, store: &Store) -> Result<()> {
        if self.0.is_none() {
            self.0 = Some(store.last_change().await?);
        }
        Ok(())
    }

    /// What changed since it was last asked, at most a page; nothing the first time.
    pub(super) async fn read(&mut self, store: &Store) -> Result<Vec<Changed>> {
        let Some(seen) = self.0 else {
            self.begin(store).await?;
            return Ok(Vec::new());
        };
        let mut limit = PAGE;
        loop {
            let mut changed = store.changed_instances(seen, limit).await?;
            let last = changed.last().map(|(instance, _)| instance.change);
            if changed.len() >= limit as usize {
                // Many are made by one change: the last one may not be whole.
                changed.retain(|(instance, _)| Some(instance.change) < last);
                if changed.is_empty() {
                    limit = limit.saturating_mul(4);
                    continue;
                }
            }
            if let Some((instance, _)) = changed.last() {
                self.0 = Some(instance.change);
            }
            return Ok(changed);
        }
    }
}

/// The situation.
#[derive(Debug, Default)]
pub(super) struct Situation {
    pub(super) kept: BTreeMap<i64, Instance>,
    pub(super) board: Board,
}

impl Situation {
    /// All that is open, and what it waits for.
    pub(super) async fn load(store: &Store, known: &mut Known) -> Result<Self> {
        let mut situation = Self::default();
        let (open, _) = store.open_instances().await?;
        let instances: Vec<&Instance> = open.iter().map(|(instance, _)| instance).collect();
        known.read(store, &instances).await?;
        situation.follow(store, known, open).await?;
        Ok(situation)
    }

    /// Takes note of what changed; once more does no harm.
    pub(super) async fn follow(
        &mut self,
        store: &Store,
        known: &mut Known,
        changed: Vec<Changed>,
    ) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        for (instance, upstream) in changed {
            self.put(store, known, instance, upstream).await?;
        }
        // Those that ended before anybody waited for them here.
        let awaited = self.awaited();
        let unknown = awaited.iter().filter(|id| !self.kept.contains_key(id));
        let unknown: Vec<i64> = unknown.copied().collect();
        for (instance, upstream) in store.instances_of(&unknown).await? {
            self.put(store, known, instance, upstream).await?;
        }
        let awaited = self.awaited();
        let kept = |id: &i64, state: InstanceState| !state.is_ended() || awaited.contains(id);
        self.kept.retain(|id, instance| kept(id, instance.state));
        self.board.instances.retain(|id, one| kept(id, one.state));
        Ok(())
    }

    /// Those that open ones wait for.
    fn awaited(&self) -> BTreeSet<i64> {
        let open = self.board.instances.values();
        let open = open.filter(|instance| !instance.state.is_ended());
        open.flat_map(|instance| instance.upstream.iter().copied())
            .collect()
    }

    async fn put(
        &mut self,
        store: &Store,
        known: &mut Known,
        instance: Instance,
        upstream: Vec<i64>,
    ) -> Result<()> {
        let newer = self.kept.get(&instance.id);
        if newer.is_some_and(|kept| kept.change > instance.change) {
            return Ok(());
        }
        let facts = known.of(store, &instance).await?;
        let made = &instance.made;
        let on_board = board::Instance {
            state: instance.state,
            reason: instance.reason.as_ref().and_then(reasons::read),
            paused: instance.paused,
            forced: instance.forced,
            upstream,
            not_before: moment(instance.not_before),
            priority: made.priority,
            group: made.resource_group.clone(),
            needs: made.needs,
            moves: facts.moves(&instance),
            connections: facts.connections,
            since: Some(moment(instance.since)),
            timeout: SignedDuration::from_secs(made.timeout_seconds),
        };
        self.board.instances.insert(instance.id, on_board);
        self.kept.insert(instance.id, instance);
        Ok(())
    }

    /// How many instances each server runs, by its post.
    pub(super) fn load_of(&self, post: &str) -> usize {
        let running = self.running();
        running
            .filter(|instance| instance.server.as_deref() == Some(post))
            .count()
    }

    /// Those that a server carries out.
    pub(super) fn running(&self) -> impl Iterator<Item = &Instance> {
        let kept = self.kept.values();
        kept.filter(|instance| instance.state == InstanceState::Running)
    }

    /// What runs take of each group now, those that were just `started` too, and how many wait for room in it.
    pub(super) fn usage(&self, at: i64, started: &BTreeSet<i64>) -> BTreeMap<String, GroupUsage> {
        let mut groups: BTreeMap<String, GroupUsage> = BTreeMap::new();
        for instance in self.kept.values() {
            let (runs, waits) = match instance.state {
                _ if started.contains(&instance.id) => (1, 0),
                InstanceState::Running => (1, 0),
                InstanceState::WaitingForResources => (0, 1),
                _ => continue,
            };
            let (group, needs) = (&instance.made.resource_group, &instance.made.needs);
            let usage = groups.entry(group.clone()).or_insert_with(|| GroupUsage {
                group: group.clone(),
                at,
                cpu_millis: 0,
                memory_mb: 0,
                waiting: 0,
            });
            usage.cpu_millis += runs * i64::from(needs.cpu_millis);
            usage.memory_mb += runs * i64::from(needs.memory_mb);
            usage.waiting += waits;
        }
        groups
    }

    /// Since when nobody upstream holds it up, in milliseconds since 1970; 0 where nobody ever did.
    pub(super) fn ready(&self, instance: &Instance) -> i64 {
        let on_board = self.board.instances.get(&instance.id);
        let upstream = on_board.into_iter().flat_map(|one| &one.upstream);
        let ended = upstream.filter_map(|id| Some(self.kept.get(id)?.since));
        ended.max().unwrap_or(0)
    }

    /// The instance of this number, as it was last seen.
    pub(super) fn of(&self, id: i64) -> Option<&Instance> {
        self.kept.get(&id)
    }
}
