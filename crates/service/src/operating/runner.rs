//! Carries out what was given to this server: instances become waves, waves fly, each table's end is
//! written down as it lands.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::CancellationToken;
use model::plan::{Environment, Plan};
use model::run::{TableReport, TableState};
use model::schedule::{InstanceKind, InstanceState};
use model::{Error, ObjectId, Result, RunId, TableName};
use scheduler::attempts::Outcome;
use serde_json::Value as Json;
use store::{Attempt, Instance, Store};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::attempts::{self, runs_of};
use super::figures;
use super::presence::Held;
use super::reasons::Order;
use super::situation::Changed;
use super::waves::{Group, Piece, groups};
use crate::data_sources;
use crate::installation::Service;
use crate::instances::ManualRun;
use crate::migration_file::understand;
use crate::run::wave::{self, TableEnd, Wave};
use crate::run::{Progress, Stop, Stops, Watcher};
use crate::tasks::{Runs, body, lane};

/// How long is waited before an end is written once more, where the store did not answer.
const AGAIN: Duration = Duration::from_secs(2);

/// So many attempts are made of what others change again and again before it publishes.
const PLANNED_ANEW: i64 = 5;

/// One attempt that is carried out here.
#[derive(Debug)]
struct Flying {
    attempt: i64,
    table: TableName,
    stops: Arc<Stops>,
}

/// What this server carries out.
pub(super) struct Runner {
    service: Service,
    flying: Arc<Mutex<HashMap<i64, Flying>>>,
    /// Given to this server, and not begun.
    given: Vec<Instance>,
}

impl Runner {
    pub(super) fn new(service: Service) -> Self {
        Self {
            service,
            flying: Arc::default(),
            given: Vec::new(),
        }
    }

    /// Takes note of what changed: what is given to this server, what is to be stopped.
    pub(super) fn notice(&mut self, held: &Held, changed: &[Changed]) {
        let post = held.post();
        for (instance, _) in changed {
            self.given.retain(|given| given.id != instance.id);
            let is_ours = instance.state == InstanceState::Running
                && instance.server.as_deref() == Some(post.as_str());
            let flying = self.flying();
            match flying.get(&instance.id) {
                Some(flying) if is_ours && flying.attempt == instance.attempts => {
                    if let Some(order) = Order::of(instance) {
                        flying.stops.stop(&flying.table, stop(order, instance));
                    }
                    continue;
                }
                // It is somebody else's by now.
                Some(flying) => flying.stops.stop(&flying.table, Stop::asked()),
                None => {}
            }
            drop(flying);
            if is_ours {
                self.given.push(instance.clone());
            }
        }
    }

    /// Forgets what was given under a lease that is lost.
    pub(super) fn forget(&mut self) {
        self.given.clear();
    }

    /// Begins what was given.
    pub(super) async fn begin(&mut self, held: &Held) {
        let given = std::mem::take(&mut self.given);
        if given.is_empty() {
            return;
        }
        let store = self.service.store().fenced(held.fence.clone());
        let mut pieces = Vec::with_capacity(given.len());
        for instance in given {
            // An earlier attempt still lets go.
            if self.flying().contains_key(&instance.id) {
                self.given.push(instance);
                continue;
            }
            match self.piece(&instance).await {
                Ok(Some(piece)) => pieces.push(piece),
                Ok(None) => {
                    self.end_at_once(&store, &instance, Outcome::Succeeded, None)
                        .await;
                }
                Err(error) if error.is_retryable() => self.given.push(instance),
                Err(error) => {
                    let report = failed(&instance.made.task_name, &error);
                    let outcome = Outcome::Refused;
                    self.end_at_once(&store, &instance, outcome, Some(&report))
                        .await;
                }
            }
        }
        for group in groups(pieces) {
            self.fly(held, &store, group);
        }
    }

    /// What an instance runs, as its task is published now; `None` where that is nothing.
    async fn piece(&self, instance: &Instance) -> Result<Option<Piece>> {
        let made = &instance.made;
        let store = self.service.store();
        let task = store.task(&made.task, made.environment).await?;
        let task = task.ok_or_else(|| gone(&made.task_name))?;
        let body = body(&task)?;
        let lane = lane(&task, &body);
        let Runs::Pipeline {
            table,
            part,
            source,
            destination,
            mut migration,
            ..
        } = body.runs
        else {
            return Ok(None);
        };
        if made.kind == InstanceKind::Manual {
            let id = ObjectId::new(made.origin.as_str());
            if let Some(run) = store.get::<ManualRun>(&id).await? {
                migration.parameters.extend(run.body.parameters);
            }
        }
        Ok(Some(Piece {
            instance: instance.clone(),
            lane,
            table,
            part,
            source,
            destination,
            migration: *migration,
        }))
    }

    async fn end_at_once(
        &self,
        store: &Store,
        instance: &Instance,
        outcome: Outcome,
        report: Option<&Json>,
    ) {
        let now = self.service.clock().now();
        let attempt = (instance.id, instance.attempts);
        match attempts::end(store, attempt, outcome, report, now).await {
            Ok(news) => tell(&self.service, news).await,
            Err(error) => {
                tracing::warn!(instance = instance.id, code = error.code, %error, "not ended");
            }
        }
    }

    fn fly(&self, held: &Held, store: &Store, group: Group) {
        let stops = Arc::new(Stops::default());
        let now = self.service.clock().millis();
        {
            let mut flying = self.flying();
            for piece in &group.pieces {
                figures::pick_up(now - piece.instance.since);
                let table = TableName::from(&piece.table);
                if let Some(order) = Order::of(&piece.instance) {
                    stops.stop(&table, stop(order, &piece.instance));
                }
                let attempt = Flying {
                    attempt: piece.instance.attempts,
                    table,
                    stops: Arc::clone(&stops),
                };
                flying.insert(piece.instance.id, attempt);
            }
        }
        let pieces = group.pieces.iter().map(|piece| {
            let instance = (piece.instance.id, piece.instance.attempts);
            (TableName::from(&piece.table), instance)
        });
        let flight = Flight {
            service: self.service.clone(),
            store: store.clone(),
            ended: held.ended.clone(),
            flying: Arc::clone(&self.flying),
            untold: pieces.collect(),
            noted: None,
        };
        self.service.work(async move {
            Box::pin(flight.carry_out(group, stops)).await;
        });
    }

    /// The waves of what was given, without flying them.
    #[cfg(test)]
    pub(super) async fn waves(&mut self, held: &Held) -> Vec<Wave> {
        let mut pieces = Vec::new();
        for instance in std::mem::take(&mut self.given) {
            pieces.extend(self.piece(&instance).await.unwrap());
        }
        let mut waves = Vec::new();
        for group in groups(pieces) {
            let flight = Flight {
                service: self.service.clone(),
                store: self.service.store().fenced(held.fence.clone()),
                ended: held.ended.clone(),
                flying: Arc::default(),
                untold: HashMap::new(),
                noted: None,
            };
            waves.push(flight.wave(&group, Arc::default()).await.unwrap());
        }
        waves
    }

    /// Whether anything is carried out now: a wave is, until the end of its run is written down, too.
    pub(super) fn is_busy(&self) -> bool {
        let waves = Arc::strong_count(&self.flying) - 1;
        waves > 0 || !self.given.is_empty()
    }

    fn flying(&self) -> MutexGuard<'_, HashMap<i64, Flying>> {
        self.flying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One wave on its way.
struct Flight {
    service: Service,
    /// Fenced by this server's lease.
    store: Store,
    ended: CancellationToken,
    flying: Arc<Mutex<HashMap<i64, Flying>>>,
    /// Instances whose tables have not ended, with their attempts.
    untold: HashMap<TableName, (i64, i64)>,
    /// The run, once it is noted.
    noted: Option<RunId>,
}

fn succeeded(attempt: &Attempt) -> bool {
    attempt.outcome.as_deref() == Some(attempts::word(Outcome::Succeeded))
}

impl Flight {
    async fn carry_out(mut self, group: Group, stops: Arc<Stops>) {
        let _counted = figures::Wave::begin();
        let tables = group.tables();
        match self.wave(&group, stops).await {
            Ok(wave) => {
                let (ends, told) = unbounded_channel();
                let (started, runs) = unbounded_channel();
                let flying = async move {
                    // The watcher goes with the flight, and with it the channel.
                    let watcher = Started(started);
                    if let Err(error) = wave::fly(wave, ends, &watcher).await {
                        tracing::warn!(code = error.code, %error, "wave not kept");
                    }
                };
                tokio::join!(Box::pin(flying), self.follow(told, runs));
            }
            Err(error) => {
                for table in tables {
                    let report = failed(&table.to_string(), &error);
                    self.end(&table, Outcome::Failed, Some(report)).await;
                }
            }
        }
        self.service.tell();
    }

    async fn wave(&self, group: &Group, stops: Arc<Stops>) -> Result<Wave> {
        let first = group.first();
        let made = &first.instance.made;
        let ids = [&first.source, &first.destination];
        let resolved = data_sources::resolved(&self.service, &made.project, &ids).await?;
        let (data_sources, trusted) = resolved;
        if group.environment() == Environment::Development {
            // What runs in development never touches production.
            let mut named = data_sources.iter();
            if let Some((name, _)) = named.find(|(_, source)| source.development.is_none()) {
                let message = format!("the data source {name:?} is for production alone");
                return Err(
                    Error::new(model::ErrorKind::Config, "NO_DEVELOPMENT", message)
                        .hint("say what differs in development"),
                );
            }
        }
        let document = group.document(&data_sources)?;
        let mut left: Vec<(RunId, BTreeSet<TableName>)> = Vec::new();
        let again = group
            .pieces
            .iter()
            .filter(|piece| piece.instance.attempts > 1);
        for piece in again {
            let mut attempts = self.store.attempts(piece.instance.id).await?;
            // What succeeded was done; who runs it again wants it done again.
            let done = attempts
                .iter()
                .filter(|one| succeeded(one))
                .map(|one| one.number);
            let done = done.max().unwrap_or(0);
            attempts.retain(|one| (done + 1..piece.instance.attempts).contains(&one.number));
            let of = (&piece.instance, piece.lane.as_str());
            for run in runs_of(&self.store, of, &attempts).await? {
                let table = TableName::from(&piece.table);
                match left.iter_mut().find(|(known, _)| *known == run) {
                    Some((_, tables)) => _ = tables.insert(table),
                    None => left.push((run, [table].into())),
                }
            }
        }
        // Those that came first are settled first.
        left.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Wave {
            store: self.store.clone(),
            loaded: understand(&document.to_string(), self.service.base()),
            name: first.lane.clone(),
            tables: group.tables(),
            bizdate: made.bizdate.clone(),
            part: first.part,
            left,
            environment: group.environment(),
            trusted,
            cancel: self.ended.child_token(),
            stops,
            clock: self.service.clock(),
        })
    }

    /// Writes down what comes: the run, and each table's end.
    async fn follow(
        &mut self,
        mut ends: UnboundedReceiver<TableEnd>,
        mut runs: UnboundedReceiver<RunId>,
    ) {
        loop {
            tokio::select! {
                biased;
                Some(run) = runs.recv() => {
                    let ids: Vec<i64> = self.untold.values().map(|(id, _)| *id).collect();
                    if self.note_run(&ids, &run).await {
                        self.noted = Some(run);
                    }
                }
                end = ends.recv() => match end {
                    Some(end) => self.landed(end).await,
                    None => return,
                },
            }
        }
    }

    /// Whether it is noted. Where it is not, it is found by its lane.
    async fn note_run(&self, instances: &[i64], run: &RunId) -> bool {
        match self.store.note_run(instances, run.as_str()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%run, code = error.code, %error, "run not noted");
                false
            }
        }
    }

    async fn landed(&mut self, end: TableEnd) {
        let Some((id, attempt)) = self.untold.get(&end.source).copied() else {
            return;
        };
        let outcome = self.outcome(&end, attempt).await;
        if self.noted.as_ref() != Some(&end.run) {
            self.note_run(&[id], &end.run).await;
        }
        let report = serde_json::to_value(&end.report).ok();
        self.end(&end.source, outcome, report).await;
    }

    async fn outcome(&self, end: &TableEnd, attempt: i64) -> Outcome {
        let code = end.report.code.as_deref();
        match end.report.state {
            TableState::Succeeded | TableState::Skipped => Outcome::Succeeded,
            _ if code == Some("LEASE_LOST") => Outcome::Lost,
            TableState::Cancelled if self.ended.is_cancelled() => Outcome::Lost,
            TableState::Cancelled => Outcome::Stopped,
            TableState::Failed if code == Some("TIMED_OUT") => Outcome::TimedOut,
            // Two dates of a new table are under way, and the other one made it.
            TableState::Failed if code == Some("TABLE_CHANGED") && attempt < PLANNED_ANEW => {
                Outcome::Outdated
            }
            TableState::Failed => Outcome::Failed,
            // The plan's word stands until somebody changes something; what could not be opened may be
            // open the next time.
            TableState::Refused => match self.store.run(&end.run).await {
                Ok(Some(run)) if run.plan.is_some() => Outcome::Refused,
                _ => Outcome::Failed,
            },
        }
    }

    /// Writes an end down; tried until it stands, or the lease is lost, and then whoever leads does it.
    async fn end(&mut self, table: &TableName, outcome: Outcome, report: Option<Json>) {
        let Some((id, attempt)) = self.untold.remove(table) else {
            return;
        };
        let now = self.service.clock().now();
        loop {
            let of = (id, attempt);
            match attempts::end(&self.store, of, outcome, report.as_ref(), now).await {
                Ok(news) => {
                    tell(&self.service, news).await;
                    break;
                }
                Err(error) => {
                    tracing::warn!(instance = id, code = error.code, %error, "not ended");
                    if error.code == "LEASE_LOST" {
                        break;
                    }
                }
            }
            tokio::select! {
                () = self.ended.cancelled() => break,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        flying.remove(&id);
        drop(flying);
        self.service.tell();
    }
}

impl Drop for Flight {
    /// However it ended, nothing of it flies any more.
    fn drop(&mut self) {
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, attempt) in self.untold.values() {
            if flying.get(id).is_some_and(|one| one.attempt == *attempt) {
                flying.remove(id);
            }
        }
    }
}

/// Passes on which run it is.
struct Started(UnboundedSender<RunId>);

impl Watcher for Started {
    fn started(&self, run: &RunId, _plan: &Plan, _progress: &Arc<Progress>) {
        let _ = self.0.send(run.clone());
    }
}

/// How a table is stopped by an order.
fn stop(order: Order, instance: &Instance) -> Stop {
    match order {
        Order::Stop | Order::Again => Stop::asked(),
        Order::TimeOut => {
            let hours = instance.made.timeout_seconds as f64 / 3_600.0;
            Stop::timed_out(format!("it ran longer than {hours:.2} hours"))
                .hint("give the task more time, then run it again")
        }
    }
}

async fn tell(service: &Service, news: Option<store::Event>) {
    let Some(news) = news else { return };
    if let Err(error) = service.store().tell(&[news]).await {
        tracing::warn!(code = error.code, %error, "not told");
    }
    service.tell();
}

fn gone(task: &str) -> Error {
    let message = format!("the task {task:?} is not published any more");
    Error::new(model::ErrorKind::NotFound, "TASK_GONE", message)
        .hint("publish it again, or say that the instance succeeded")
}

/// The report of a table that did not come to a run.
fn failed(table: &str, error: &Error) -> Json {
    let report = TableReport {
        code: Some(error.code.to_owned()),
        message: Some(error.message.clone()),
        hint: error.hint.clone(),
        ..TableReport::blank(table.to_owned(), None, TableState::Failed)
    };
    serde_json::to_value(report).unwrap_or_default()
}
