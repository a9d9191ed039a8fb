//! What one of all servers does: makes days, decides what runs next and where, sees to those whose server is
//! gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::schedule::{InstanceState, Resources};
use model::{ObjectId, Result, RunId};
use scheduler::attempts::Outcome;
use scheduler::board::{Action, Reason};
use scheduler::decide;
use store::{Event, GroupUsage, Move, Page, Store};

use super::attempts::{self, news, runs_of};
use super::calendar::Calendar;
use super::figures;
use super::presence::{GONE, Held, SERVERS, Watch, post};
use super::reasons::{self, Order};
use super::situation::{Changed, Situation};
use super::tasks::Known;
use crate::data_sources::DataSource;
use crate::installation::{LONGEST_PAGE, Service};
use crate::resource_groups::ResourceGroup;
use crate::run::wave;

/// Changes that are written by one transaction.
const AT_ONCE: usize = 500;
/// So many instances are told in one round why they wait.
const WORDS_AT_ONCE: usize = 500;
/// How often it is looked for runs that nobody ended.
const RUNS_STAND: Duration = Duration::from_secs(5);
/// In milliseconds.
const MINUTE: i64 = 60_000;
/// How often groups and data sources are read anew.
const SETTINGS_STAND: Duration = Duration::from_secs(5);

/// All that a leader keeps in mind. Begun anew with each leadership.
pub(super) struct Leading {
    service: Service,
    /// Fenced by the leader's lease.
    store: Store,
    fence: i64,
    situation: Situation,
    known: Known,
    calendar: Calendar,
    settings_read: Option<Duration>,
    runs_seen: Option<Duration>,
    /// Of this minute, by group.
    usage: BTreeMap<String, GroupUsage>,
}

impl Leading {
    pub(super) async fn begin(service: &Service, held: &Held) -> Result<Self> {
        let store = service.store().fenced(held.fence.clone());
        let mut known = Known::default();
        let situation = Situation::load(&store, &mut known).await?;
        Ok(Self {
            service: service.clone(),
            store,
            fence: held.fence.fence,
            situation,
            known,
            calendar: Calendar::default(),
            settings_read: None,
            runs_seen: None,
            usage: BTreeMap::new(),
        })
    }

    /// Whether it is still the same leadership.
    pub(super) fn is_under(&self, held: &Held) -> bool {
        self.fence == held.fence.fence
    }

    /// Takes note of what changed.
    pub(super) async fn follow(&mut self, changed: Vec<Changed>) -> Result<()> {
        self.situation
            .follow(&self.store, &mut self.known, changed)
            .await
    }

    /// One round, up to what is due now.
    pub(super) async fn round(&mut self, at: Duration, servers: &mut Watch) -> Result<()> {
        let posts = self.posts(at, servers).await?;
        self.see_to_lost(&posts).await?;
        self.see_to_runs(&posts, at).await?;
        self.read_settings(at).await?;
        let started = self.act(&posts).await?;
        let states = self.situation.kept.values().map(|one| one.state);
        figures::instances(states);
        self.note_usage(&started).await
    }

    /// Keeps the most that runs took of their groups within each minute, and how many waited for room. These
    /// have just been `started`: the situation does not know yet, and they may be short.
    async fn note_usage(&mut self, started: &BTreeSet<i64>) -> Result<()> {
        let now = self.service.clock().millis();
        let minute = now - now.rem_euclid(MINUTE);
        let over = self.usage.values().any(|usage| usage.at != minute);
        if over {
            let usage: Vec<_> = std::mem::take(&mut self.usage).into_values().collect();
            self.store.note_usage(&usage).await?;
        }
        for (group, now) in self.situation.usage(minute, started) {
            let most = self.usage.entry(group).or_insert_with(|| now.clone());
            most.cpu_millis = most.cpu_millis.max(now.cpu_millis);
            most.memory_mb = most.memory_mb.max(now.memory_mb);
            most.waiting = most.waiting.max(now.waiting);
        }
        Ok(())
    }

    /// Makes the days that are due. Whether any instance was made.
    pub(super) async fn make_days(&mut self) -> Result<bool> {
        let made = self.calendar.make(&self.service, &mut self.known).await?;
        Ok(made > 0)
    }

    /// The servers that are there. The lease of one that gives no sign of life is taken from it first: it
    /// writes nothing more then.
    async fn posts(&self, at: Duration, servers: &mut Watch) -> Result<BTreeSet<String>> {
        let mut posts = BTreeSet::new();
        for lease in self.store.leases(SERVERS).await? {
            let still = servers.still(&lease, at);
            if lease.owner.is_empty() {
                continue;
            }
            if still < GONE {
                posts.insert(post(&lease.name, lease.fence));
            } else if self.store.take_over(&lease, "").await?.is_some() {
                tracing::error!(
                    server = lease.name,
                    "a server is gone; its work goes to others"
                );
            }
        }
        Ok(posts)
    }

    /// Has those run elsewhere whose server is gone.
    async fn see_to_lost(&mut self, posts: &BTreeSet<String>) -> Result<()> {
        let running = self.situation.running();
        let lost = running.filter(|instance| {
            let server = instance.server.as_ref();
            server.is_none_or(|server| !posts.contains(server))
        });
        let lost: Vec<_> = lost.cloned().collect();
        let mut runs: BTreeSet<RunId> = BTreeSet::new();
        let mut told = Vec::new();
        let now = self.service.clock().now();
        for instance in lost {
            let mut attempts = self.store.attempts(instance.id).await?;
            attempts.truncate(1);
            if let Some(lane) = self.known.of(&self.store, &instance).await?.lane {
                runs.extend(runs_of(&self.store, (&instance, &lane), &attempts).await?);
            }
            let attempt = (instance.id, instance.attempts);
            let ended = attempts::end(&self.store, attempt, Outcome::Lost, None, now);
            told.extend(ended.await?);
            tracing::warn!(
                instance = instance.id,
                server = instance.server,
                "attempt lost"
            );
        }
        for run in runs {
            let open = self.store.run(&run).await?;
            if open.is_some_and(|run| run.state == model::run::RunState::Running) {
                wave::close(&self.store, &run, self.service.clock()).await?;
            }
        }
        self.store.tell(&told).await
    }

    /// Closes runs whose tables have all ended, and whose server was gone before it could say so.
    async fn see_to_runs(&mut self, posts: &BTreeSet<String>, at: Duration) -> Result<()> {
        let is_fresh = |seen: Duration| (seen..seen + RUNS_STAND).contains(&at);
        if self.runs_seen.is_some_and(is_fresh) {
            return Ok(());
        }
        self.runs_seen = Some(at);
        for (run, server) in self.store.left_running().await? {
            if !posts.contains(&server) {
                wave::close(&self.store, &run, self.service.clock()).await?;
            }
        }
        Ok(())
    }

    /// What there is to give: the groups' quota, the data sources' connections.
    async fn read_settings(&mut self, at: Duration) -> Result<()> {
        let is_fresh = |read: Duration| (read..read + SETTINGS_STAND).contains(&at);
        // A group that was made since would be taken for one that gives nothing.
        let is_known = self.situation.board.instances.values().all(|one| {
            one.group.is_empty() || self.situation.board.groups.contains_key(&one.group)
        });
        if is_known && self.settings_read.is_some_and(is_fresh) {
            return Ok(());
        }
        let groups = groups(&self.store).await?;
        self.situation.board.groups = groups;
        self.situation.board.connections = connections(&self.store, &self.situation).await?;
        self.settings_read = Some(at);
        Ok(())
    }

    /// Does what is to be done now.
    async fn act(&mut self, posts: &BTreeSet<String>) -> Result<BTreeSet<i64>> {
        let now = self.service.clock().now();
        let at = now.as_millisecond();
        let actions = decide(&self.situation.board, now);
        let (mut ends, mut words, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Wait(id, state, reason) => words.extend(self.wait(id, state, &reason, at)),
                Action::TimeOut(id) => ends.extend(self.time_out(id, at)),
                Action::Start(id) => starts.push(id),
            }
        }
        self.store.move_instances(&ends).await?;
        self.start(posts, &starts, at).await?;
        // Words for people, who can wait: what is left of them is said by the next rounds.
        if words.len() > WORDS_AT_ONCE {
            words.truncate(WORDS_AT_ONCE);
            self.service.tell();
        }
        for words in words.chunks(AT_ONCE) {
            self.store.move_instances(words).await?;
        }
        Ok(starts.into_iter().collect())
    }

    fn wait(&self, id: i64, state: InstanceState, reason: &Reason, at: i64) -> Option<Move> {
        let instance = self.situation.of(id)?;
        Some(Move {
            reason: Some(reasons::written(reason)),
            ..Move::of(instance, state, at)
        })
    }

    /// Asks its server to stop it, once.
    fn time_out(&self, id: i64, at: i64) -> Option<Move> {
        let instance = self.situation.of(id)?;
        Order::of(instance).is_none().then(|| Move {
            reason: Some(Order::TimeOut.written()),
            ..Move::of(instance, InstanceState::Running, at)
        })
    }

    /// Gives instances to servers: those of one lane and date to the same one, so that they are read at one
    /// moment; else to the one that does the least.
    async fn start(&self, posts: &BTreeSet<String>, starts: &[i64], at: i64) -> Result<()> {
        let loads = posts
            .iter()
            .map(|post| (post, self.situation.load_of(post)));
        let mut loads: BTreeMap<&String, usize> = loads.collect();
        let mut chosen: BTreeMap<(String, String), &String> = BTreeMap::new();
        let mut steps: Vec<(Move, &str)> = Vec::with_capacity(starts.len());
        for id in starts {
            let Some(instance) = self.situation.of(*id) else {
                continue;
            };
            let lane = self.known.lane(instance).unwrap_or_default();
            let least = || {
                loads
                    .iter()
                    .min_by_key(|(_, load)| **load)
                    .map(|(post, _)| *post)
            };
            let key = (lane, instance.made.bizdate.clone());
            let Some(post) = chosen.get(&key).copied().or_else(least) else {
                return Ok(());
            };
            *loads.entry(post).or_default() += 1;
            chosen.insert(key, post);
            steps.push((Move::of(instance, InstanceState::Running, at), post));
        }
        for steps in steps.chunks(AT_ONCE) {
            let started = self.store.start_attempts(steps).await?;
            let now = self.service.clock().millis();
            let started = started.iter().filter_map(|(id, _)| self.situation.of(*id));
            let told: Vec<Event> = started
                .map(|instance| {
                    let due = instance.not_before.max(instance.made.planned_at);
                    figures::start_delay(now - self.situation.ready(instance).max(due));
                    news(instance, InstanceState::Running, at)
                })
                .collect();
            self.store.tell(&told).await?;
        }
        Ok(())
    }
}

/// What each resource group has. Tasks of a project without any group take from all of the machine.
async fn groups(store: &Store) -> Result<BTreeMap<String, Resources>> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let machine = Resources {
        cpu_millis: u32::try_from(cores).unwrap_or(1).saturating_mul(1_000),
        memory_mb: u32::MAX,
    };
    let mut groups = BTreeMap::from([(String::new(), machine)]);
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    loop {
        let listed = store.list::<ResourceGroup>("", &page).await?;
        let Some(last) = listed.last() else {
            return Ok(groups);
        };
        page.after.clone_from(&last.name);
        groups.extend(listed.into_iter().map(|group| {
            let has = Resources {
                cpu_millis: group.body.cpu_millis,
                memory_mb: group.body.memory_mb,
            };
            (group.id.to_string(), has)
        }));
    }
}

/// How many connections each data source may have at once, of those that open instances use.
async fn connections(store: &Store, situation: &Situation) -> Result<BTreeMap<String, u32>> {
    let used = situation.board.instances.values();
    let used: BTreeSet<&String> = used
        .flat_map(|instance| instance.connections.iter().map(|(id, _)| id))
        .collect();
    let mut most = BTreeMap::new();
    for id in used {
        let found = store.get::<DataSource>(&ObjectId::new(id.as_str())).await?;
        if let Some(connections) = found.and_then(|found| found.body.connections) {
            most.insert(id.clone(), connections);
        }
    }
    Ok(most)
}
