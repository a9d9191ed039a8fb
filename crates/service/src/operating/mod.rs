//! What runs by itself: days are made, what is ready starts, whoever is gone is replaced. Every server of an
//! installation carries out what is given to it; one of them leads.

mod attempts;
mod calendar;
mod events;
mod figures;
mod leading;
mod lineage;
mod presence;
pub(crate) mod reasons;
mod retention;
mod runner;
mod situation;
mod tasks;
mod telling;
#[cfg(test)]
pub(crate) mod tests;
mod waves;

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Result;

pub(crate) use self::attempts::word;
pub use self::events::Events;
use self::leading::Leading;
use self::lineage::Following;
use self::presence::{BEAT, Presence, SERVERS, Watch};
use self::retention::Retention;
use self::runner::Runner;
use self::situation::Changes;
use self::telling::Telling;
use crate::installation::Service;
use crate::restoring::Mark;

/// What only one of all servers does.
const LEADER: &str = "scheduler";
/// How often it is looked what is to be done, where nobody says that there is something.
const TICK: Duration = Duration::from_secs(1);
/// The shortest time between two looks, however often somebody says so.
const SHORTEST_TICK: Duration = Duration::from_millis(100);
/// How long what runs may still come to its end when the service stops.
const GRACE: Duration = Duration::from_secs(10);

/// Begins to run what is due. Ends with the service: what runs then may come to its end for a short while,
/// is cancelled after that, and runs again on another server, or when this one is back.
pub fn start(service: &Service) -> Result<()> {
    let operator = Operator::new(service);
    let (server, leader) = (Arc::clone(&operator.server), Arc::clone(&operator.leader));
    let done = contract::CancellationToken::new();
    let ended = done.clone();
    let begun = Instant::now();
    // Signs of life are given beside the rounds: a long one does not hold them up.
    service.work(async move {
        while !ended.is_cancelled() {
            beat(&server, &leader, begun.elapsed()).await;
            tokio::select! {
                () = ended.cancelled() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    });
    let telling = Telling::new(service, &operator.leader);
    let retention = Retention::new(service, &operator.leader);
    if let Some(lineage) = Following::new(service, &operator.leader) {
        service.work(async move { Box::pin(lineage.run()).await });
    }
    service.work(async move { Box::pin(telling.run()).await });
    service.work(async move { Box::pin(retention.run()).await });
    service.work(async move {
        Box::pin(operator.run(begun)).await;
        done.cancel();
    });
    Ok(())
}

async fn beat(server: &Presence, leader: &Presence, at: Duration) {
    server.beat(at).await;
    // Only who can carry something out leads.
    if server.held().is_some() {
        leader.beat(at).await;
    } else {
        leader.leave().await;
    }
}

/// What one server does, step by step.
struct Operator {
    service: Service,
    server: Arc<Presence>,
    leader: Arc<Presence>,
    changes: Changes,
    /// Under which lease it was looked what is given to this server.
    arrived: Option<String>,
    leading: Option<Leading>,
    /// How long each server gave no sign of life; watched by all, so that who comes to lead knows it.
    servers: Watch,
    runner: Runner,
    mark: Mark,
}

impl Operator {
    fn new(service: &Service) -> Self {
        let owner = &service.settings().owner;
        let presence = |name: String| {
            let presence = Presence::new(service.store().clone(), name, owner.clone());
            Arc::new(presence)
        };
        Self {
            service: service.clone(),
            server: presence(format!("{SERVERS}{}", service.settings().server)),
            leader: presence(LEADER.to_owned()),
            changes: Changes::default(),
            arrived: None,
            leading: None,
            servers: Watch::default(),
            runner: Runner::new(service.clone()),
            mark: Mark::new(
                service.store().folder(),
                service.settings().installation.as_str(),
            ),
        }
    }

    async fn run(mut self, begun: Instant) {
        let mut news = self.service.news();
        let stopping = self.service.stopping();
        while !stopping.is_cancelled() {
            self.tick(begun.elapsed()).await;
            let next = async {
                tokio::time::sleep(SHORTEST_TICK).await;
                tokio::select! {
                    _ = news.changed() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                () = next => {}
            }
        }
        self.leave().await;
    }

    /// Does what is to be done now. What fails is tried again by the next one.
    async fn tick(&mut self, at: Duration) {
        let begun = Instant::now();
        let done = self.try_tick(at).await;
        if self.leading.is_some() {
            figures::tick(begun.elapsed());
        } else {
            // Who leads tells.
            figures::instances(std::iter::empty());
        }
        if let Err(error) = done {
            if error.code == "LEASE_LOST" {
                self.leading = None;
            }
            tracing::warn!(code = error.code, %error, "a round of the scheduler failed");
        }
    }

    async fn try_tick(&mut self, at: Duration) -> Result<()> {
        self.follow().await?;
        if self.server.held().is_none() {
            self.leading = None;
            self.runner.forget();
            return Ok(());
        }
        let led = self.lead(at).await;
        if led.is_err() {
            // What it had in mind may not be what there is.
            self.leading = None;
        }
        self.follow().await?;
        if let Some(held) = self.server.held() {
            self.runner.begin(&held).await;
        }
        led
    }

    /// Looks, once under each lease, what was given to this server: it may have been before it looked at
    /// changes for the first time.
    async fn arrive(&mut self) -> Result<()> {
        let Some(held) = self.server.held() else {
            return Ok(());
        };
        if self.arrived.as_ref() == Some(&held.post()) {
            return Ok(());
        }
        self.changes.begin(self.service.store()).await?;
        let (open, _) = self.service.store().open_instances().await?;
        self.runner.notice(&held, &open);
        self.arrived = Some(held.post());
        Ok(())
    }

    /// Reads what changed, for all who follow it.
    async fn follow(&mut self) -> Result<()> {
        self.arrive().await?;
        loop {
            let changed = self.changes.read(self.service.store()).await?;
            let Some((last, _)) = changed.last() else {
                return Ok(());
            };
            self.mark.note(last.change).await;
            // Another server's, perhaps: who watches here is told of it by us.
            self.service.tell();
            if let Some(held) = self.server.held() {
                self.runner.notice(&held, &changed);
            }
            if let Some(leading) = &mut self.leading {
                let followed = leading.follow(changed).await;
                if followed.is_err() {
                    self.leading = None;
                }
                followed?;
            }
        }
    }

    async fn lead(&mut self, at: Duration) -> Result<()> {
        let Some(held) = self.leader.held() else {
            self.leading = None;
            for lease in self.service.store().leases(SERVERS).await? {
                self.servers.still(&lease, at);
            }
            return Ok(());
        };
        if !self.leading.as_ref().is_some_and(|one| one.is_under(&held)) {
            self.leading = Some(Leading::begin(&self.service, &held).await?);
        }
        if let Some(leading) = &mut self.leading
            && leading.make_days().await?
        {
            self.follow().await?;
        }
        match &mut self.leading {
            Some(leading) => leading.round(at, &mut self.servers).await,
            None => Ok(()),
        }
    }

    /// Lets what runs come to its end for a while, then cancels it, and goes.
    async fn leave(&mut self) {
        self.leading = None;
        self.leader.leave().await;
        let landed = async {
            while self.runner.is_busy() {
                tokio::time::sleep(SHORTEST_TICK).await;
                if self.follow().await.is_err() {
                    return;
                }
                self.runner.forget();
            }
        };
        if tokio::time::timeout(GRACE, landed).await.is_err() {
            tracing::info!("what runs is cancelled, and runs again later");
        }
        self.server.cancel();
        while self.runner.is_busy() {
            tokio::time::sleep(SHORTEST_TICK).await;
            self.runner.forget();
        }
        self.server.leave().await;
    }
}
