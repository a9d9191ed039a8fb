//! The reader sessions of a snapshot. They were opened under the lock, so none can be added: a
//! session that breaks is gone, and one whose read is given up is stopped at the server, drained and
//! used again. Dropping a driver's connection alone would make it read the rest.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Error, ErrorKind, Result, Retry, Side};
use mysql_async::{DriverError, Error as DriverFailure, Row, Value};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connect::Server;
use super::errors::translate;
use super::wire::{Arrived, Connection, Kind};

/// The sessions that read.
pub(crate) struct ReaderPool {
    server: Arc<Server>,
    state: Mutex<State>,
    changed: Notify,
    /// One spare connection at a time stops queries.
    stopping: tokio::sync::Mutex<()>,
    /// Sessions being stopped and drained; each ends by itself within a bounded time.
    cleaning: Mutex<JoinSet<()>>,
}

struct State {
    idle: Vec<Connection>,
    alive: usize,
    closed: bool,
}

const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

impl ReaderPool {
    /// The pool of these sessions.
    pub(crate) fn new(server: Arc<Server>, sessions: Vec<Connection>) -> Arc<Self> {
        let state = State {
            alive: sessions.len(),
            idle: sessions,
            closed: false,
        };
        Arc::new(Self {
            server,
            state: Mutex::new(state),
            changed: Notify::new(),
            stopping: tokio::sync::Mutex::default(),
            cleaning: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions are left.
    pub(crate) fn alive(&self) -> usize {
        self.state().alive
    }

    /// A session of one's own; waits for one.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(lease) = self.try_lease()? {
                return Ok(lease);
            }
            changed.await;
        }
    }

    /// A session of one's own, where one is idle.
    pub(crate) fn try_lease(self: &Arc<Self>) -> Result<Option<Lease>> {
        let mut state = self.state();
        if state.closed || state.alive == 0 {
            return Err(snapshot_lost(
                "no session is left that was opened under the lock",
            ));
        }
        Ok(state.idle.pop().map(|connection| Lease {
            pool: Arc::clone(self),
            connection: Some(connection),
            phase: Phase::Idle,
        }))
    }

    /// Lets all sessions go; those in use when they come back.
    pub(crate) async fn close(&self) {
        let idle = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.idle)
        };
        self.changed.notify_waiters();
        for connection in idle {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, connection.disconnect()).await;
        }
        let mut cleaning =
            std::mem::take(&mut *self.cleaning.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while cleaning.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(DRAIN_TIMEOUT * 2, all).await;
    }

    fn give_back(&self, connection: Connection) {
        let mut state = self.state();
        if state.closed {
            state.alive = state.alive.saturating_sub(1);
        } else {
            state.idle.push(connection);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn forget(&self, connection: Connection) {
        drop(connection);
        let mut state = self.state();
        state.alive = state.alive.saturating_sub(1);
        drop(state);
        self.changed.notify_waiters();
    }

    async fn stop(&self, id: u32) -> Result<()> {
        let _one = self.stopping.lock().await;
        self.server.stop_query(id).await
    }

    /// Stops what a session runs, reads what is left of it, and takes the session back.
    async fn reclaim(&self, mut connection: Connection, phase: Phase) {
        let stopped = tokio::time::timeout(DRAIN_TIMEOUT, self.stop(connection.id())).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::warn!(server = self.server.label(), "could not stop a query");
        }
        let drained = phase == Phase::Streaming
            && tokio::time::timeout(DRAIN_TIMEOUT, drain(&mut connection))
                .await
                .unwrap_or(false);
        if drained {
            self.give_back(connection);
        } else {
            self.forget(connection);
        }
    }

    fn reclaim_later(self: &Arc<Self>, connection: Connection, phase: Phase) {
        let Ok(runtime) = Handle::try_current() else {
            return self.forget(connection);
        };
        let pool = Arc::clone(self);
        let mut cleaning = self.cleaning.lock().unwrap_or_else(PoisonError::into_inner);
        while cleaning.try_join_next().is_some() {}
        cleaning.spawn_on(
            async move { pool.reclaim(connection, phase).await },
            &runtime,
        );
    }
}

/// Whether the session can be used again.
async fn drain(connection: &mut Connection) -> bool {
    if connection.drain().await.is_err() {
        return false;
    }
    // A stop that came after the query's own end would hit the next one: this one takes it.
    let _ = connection.run("DO 0").await;
    connection.run("DO 0").await.is_ok()
}

/// The error of a moment that is gone.
pub(crate) fn snapshot_lost(reason: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "SNAPSHOT_LOST",
        format!("the moment that the tables are read at is lost: {reason}"),
    )
    .on(Side::Source)
    .retry(Retry::Never)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing runs.
    Idle,
    /// A statement was sent whose answer was not seen.
    Busy,
    /// Rows are coming.
    Streaming,
    /// The connection is gone.
    Broken,
}

/// One session, for one split or one question.
pub(crate) struct Lease {
    pool: Arc<ReaderPool>,
    connection: Option<Connection>,
    phase: Phase,
}

impl Lease {
    /// Asks something small.
    pub(crate) async fn rows(&mut self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let connection = present(&mut self.connection)?;
        self.phase = Phase::Busy;
        let rows = connection.exec(statement, &values).await;
        self.settle(rows, Phase::Idle)
    }

    /// The same, in the protocol that prepares nothing, for statements that cannot be prepared
    /// everywhere.
    pub(crate) async fn ask(&mut self, statement: &str) -> Result<Vec<Row>> {
        let connection = present(&mut self.connection)?;
        self.phase = Phase::Busy;
        let rows = connection.ask(statement).await;
        self.settle(rows, Phase::Idle)
    }

    /// Sends the query whose rows [`Lease::next`] gives, and says how their values lie; on cancel it is
    /// stopped at the server first.
    pub(crate) async fn start(
        &mut self,
        statement: &str,
        values: &[Value],
        cancel: &CancellationToken,
    ) -> Result<Vec<Kind>> {
        let pool = Arc::clone(&self.pool);
        let connection = present(&mut self.connection)?;
        let id = connection.id();
        self.phase = Phase::Busy;
        let started = connection.start(statement, values);
        let (started, cancelled) = or_stop(started, cancel, &pool, id).await;
        let started = match started {
            Some(started) => self.settle(started, Phase::Streaming),
            None => Err(Error::cancelled()),
        };
        match cancelled {
            true => Err(Error::cancelled()),
            false => started,
        }
    }

    /// What has arrived: a row, nothing complete, or the end that the protocol has.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Arrived<'_>> {
        let connection = present(&mut self.connection)?;
        match connection.next() {
            Ok(Arrived::End) => {
                self.phase = Phase::Idle;
                Ok(Arrived::End)
            }
            Ok(arrived) => Ok(arrived),
            Err(failure) => Err(failed(&mut self.phase, failure)),
        }
    }

    /// Waits until more has arrived.
    pub(crate) async fn fill(&mut self, cancel: &CancellationToken) -> Result<()> {
        let connection = present(&mut self.connection)?;
        let filled = tokio::select! {
            biased;
            filled = connection.fill() => filled,
            () = cancel.cancelled() => return Err(Error::cancelled()),
        };
        filled.map_err(|failure| failed(&mut self.phase, failure))
    }

    /// Lets go of room that large rows needed, before a batch of them goes on its way.
    pub(crate) fn trim(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.trim();
        }
    }

    /// Stops what runs and waits until the session is reclaimed; without it, that happens behind.
    pub(crate) async fn stop(mut self) {
        if !matches!(self.phase, Phase::Streaming | Phase::Busy) {
            return;
        }
        if let Some(connection) = self.connection.take() {
            let pool = Arc::clone(&self.pool);
            pool.reclaim(connection, self.phase).await;
        }
    }

    fn settle<T>(&mut self, answer: Result<T, DriverFailure>, phase: Phase) -> Result<T> {
        match answer {
            Ok(value) => {
                self.phase = phase;
                Ok(value)
            }
            Err(failure) => Err(failed(&mut self.phase, failure)),
        }
    }
}

/// The failure in the product's words, and what it makes of the session.
fn failed(phase: &mut Phase, failure: DriverFailure) -> Error {
    let told = matches!(failure, DriverFailure::Server(_));
    // The statement was prepared, and never sent.
    let unsent = matches!(
        failure,
        DriverFailure::Driver(DriverError::StmtParamsMismatch { .. })
    );
    let error = translate(failure);
    // The server says goodbye in an error of its own before it closes.
    *phase = match unsent || told && error.code != "CONNECTION_LOST" {
        true => Phase::Idle,
        false => Phase::Broken,
    };
    error
}

fn present(connection: &mut Option<Connection>) -> Result<&mut Connection> {
    connection
        .as_mut()
        .ok_or_else(|| Error::internal("a session was used after it was given back"))
}

/// Runs `started`; on cancel stops the query and gives the answer a little time. `None` where there
/// was none.
async fn or_stop<T>(
    started: impl Future<Output = T>,
    cancel: &CancellationToken,
    pool: &ReaderPool,
    id: u32,
) -> (Option<T>, bool) {
    tokio::pin!(started);
    tokio::select! {
        biased;
        answer = &mut started => return (Some(answer), false),
        () = cancel.cancelled() => {}
    }
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, pool.stop(id)).await;
    (
        tokio::time::timeout(DRAIN_TIMEOUT, started).await.ok(),
        true,
    )
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match self.phase {
            Phase::Idle => self.pool.give_back(connection),
            Phase::Broken => self.pool.forget(connection),
            phase => self.pool.reclaim_later(connection, phase),
        }
    }
}
