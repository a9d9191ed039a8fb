//! Reader sessions of one snapshot, and the streams that they read. A session whose stream ended in
//! its trailer goes back to the pool; any other is cancelled at the server and closed.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use contract::{Batches, TaskContext};
use model::plan::Scan;
use model::{Error, Result, Side, SnapshotId, TableName};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::connect::{Connector, Session};
use super::copy_decode::{CopyDecoder, Step};
use super::copy_out::CopyOut;
use super::ddl::{literal, quote_table};
use super::errors::snapshot_lost;
use super::snapshot::{is_filtered, under_savepoint};

const LOCKED_AT_ONCE: usize = 200;

/// The reader sessions of one snapshot.
pub(super) struct Pool {
    connector: Arc<Connector>,
    snapshot: SnapshotId,
    permits: Arc<Semaphore>,
    idle: Mutex<Option<Vec<Session>>>,
    /// Sessions being cancelled and closed.
    cleaning: Mutex<JoinSet<()>>,
}

/// One session while it reads.
struct Lease {
    pool: Arc<Pool>,
    session: Option<Session>,
    permit: Option<OwnedSemaphorePermit>,
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Opens up to `readers` sessions; fewer where the server allows no more.
    pub(super) async fn open(
        connector: Arc<Connector>,
        snapshot: SnapshotId,
        readers: usize,
    ) -> Result<(Arc<Self>, usize)> {
        let mut sessions = Vec::new();
        while sessions.len() < readers {
            match join(&connector, &snapshot).await {
                Ok(session) => sessions.push(session),
                Err(error) if error.code == "TOO_MANY_CONNECTIONS" && !sessions.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        let opened = sessions.len();
        let pool = Self {
            connector,
            snapshot,
            permits: Arc::new(Semaphore::new(opened)),
            idle: Mutex::new(Some(sessions)),
            cleaning: Mutex::default(),
        };
        Ok((Arc::new(pool), opened))
    }

    /// Lets every reader lock the tables, too. Else a statement that waits for the holder, such as a
    /// TRUNCATE, would make the readers wait behind it. What cannot be locked is read as it is.
    pub(super) async fn lock(&self, tables: &[TableName]) {
        let sessions = unpoisoned(&self.idle).take().unwrap_or_default();
        for session in &sessions {
            for tables in tables.chunks(LOCKED_AT_ONCE) {
                let names: Vec<String> = tables.iter().map(quote_table).collect();
                let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "));
                if let Err(error) = under_savepoint(session, &lock).await {
                    tracing::debug!(%error, "a reader goes without locks of its own");
                }
            }
        }
        *unpoisoned(&self.idle) = Some(sessions);
    }

    async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| snapshot_lost("it was closed"))?;
        let idle = loop {
            let popped = match &mut *unpoisoned(&self.idle) {
                Some(idle) => idle.pop(),
                None => return Err(snapshot_lost("it was closed")),
            };
            match popped {
                Some(session) if session.is_closed() => {}
                other => break other,
            }
        };
        let session = match idle {
            Some(session) => session,
            None => join(&self.connector, &self.snapshot).await?,
        };
        Ok(Lease {
            pool: Arc::clone(self),
            session: Some(session),
            permit: Some(permit),
        })
    }

    /// Streams the rows of `query`, which are those of `scan`.
    pub(super) async fn read(
        self: &Arc<Self>,
        scan: &Scan,
        query: &str,
        task: &TaskContext,
    ) -> Result<Batches> {
        let limits = self.connector.how.limits(task.limits);
        let decoder = CopyDecoder::new(scan, limits, task.rejected.clone())?;
        let lease = tokio::select! {
            biased;
            () = task.cancel.cancelled() => return Err(Error::cancelled()),
            lease = self.lease() => lease?,
        };
        let reading = Reading {
            copy: Some(format!("COPY ({query}) TO STDOUT (FORMAT binary)")),
            what: scan.table.to_string(),
            hides_rows: is_filtered(scan),
            rows: None,
            decoder,
            task: task.clone(),
            counted: 0,
            lease: Some(lease),
        };
        let batches = futures::stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|batch| (batch, reading)))
        });
        Ok(Box::pin(batches))
    }

    /// Closes all sessions that do not read; waits for those being cancelled.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = unpoisoned(&self.idle).take();
        for session in idle.into_iter().flatten() {
            session.close().await;
        }
        let mut cleaning = std::mem::take(&mut *unpoisoned(&self.cleaning));
        while cleaning.join_next().await.is_some() {}
    }
}

/// A session that sees the snapshot's moment.
async fn join(connector: &Connector, snapshot: &SnapshotId) -> Result<Session> {
    let session = connector.open().await?;
    if session.keeps_bytes() {
        // Else the server would refuse the first text that is not UTF-8, and with it the table.
        session.run("SET client_encoding = 'SQL_ASCII'").await?;
    }
    session
        .run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let import = format!("SET TRANSACTION SNAPSHOT {}", literal(snapshot.as_str()));
    match session.run(&import).await {
        Ok(()) => Ok(session),
        Err(error) if error.is_retryable() => Err(error),
        Err(error) => Err(snapshot_lost(&error.message)),
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // What is being cancelled ends by its own timeouts, and must not be kept from asking.
        unpoisoned(&self.cleaning).detach_all();
    }
}

impl Lease {
    fn session(&self) -> Result<&Session> {
        self.session
            .as_ref()
            .ok_or_else(|| Error::internal("a reader was used after its end"))
    }

    /// Gives the session back, its query having ended well.
    fn give_back(mut self) {
        if let Some(session) = self.session.take()
            && let Some(idle) = &mut *unpoisoned(&self.pool.idle)
        {
            idle.push(session);
        }
    }

    /// Stops the query at the server, then closes the session.
    async fn stop(mut self) {
        // The session stays in place meanwhile: stopping that is dropped is taken up by `drop`.
        if let Some(session) = self.session.as_ref().filter(|session| !session.is_closed()) {
            session.canceller().cancel().await;
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(session), Some(permit)) = (self.session.take(), self.permit.take()) else {
            return;
        };
        // Without a runtime nothing can be asked any more: hanging up is all that is left.
        if let Ok(runtime) = Handle::try_current() {
            let clean = async move {
                session.canceller().cancel().await;
                session.close().await;
                drop(permit);
            };
            let mut cleaning = unpoisoned(&self.pool.cleaning);
            while cleaning.try_join_next().is_some() {}
            cleaning.spawn_on(clean, &runtime);
        }
    }
}

/// One stream being read. Dropped early, its lease cancels the query.
struct Reading {
    /// The statement, until it is sent: the server answers it with its first rows, which may take
    /// long.
    copy: Option<String>,
    what: String,
    /// Whether policies of row security may hide rows.
    hides_rows: bool,
    rows: Option<CopyOut>,
    decoder: CopyDecoder,
    task: TaskContext,
    counted: u64,
    lease: Option<Lease>,
}

impl Reading {
    /// The next batch; `None` once the stream ended as its protocol ends.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let cancel = self.task.cancel.clone();
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            outcome = self.decode() => Some(outcome),
        };
        match outcome {
            None => Err(self.stop().await),
            Some(Ok(batch)) => Ok(batch),
            Some(Err(error)) => Err(self.failed(error).await),
        }
    }

    async fn start(&mut self, copy: &str) -> Result<()> {
        let lease = self.lease.as_ref();
        let lease = lease.ok_or_else(|| Error::internal("a reader was used after its end"))?;
        if self.hides_rows {
            lease.session()?.hide_rows(true).await?;
        }
        self.rows = Some(CopyOut::start(lease.session()?, copy).await?);
        Ok(())
    }

    async fn decode(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(copy) = self.copy.take() {
            self.start(&copy).await?;
        }
        let mut bytes = 0;
        let batch = loop {
            if self.decoder.advance()? == Step::Full {
                break self.decoder.take()?;
            }
            let Some(rows) = &mut self.rows else {
                break None;
            };
            match rows.next().await? {
                Some(messages) => {
                    bytes += messages.len() as u64;
                    self.decoder.feed(messages);
                }
                None => {
                    self.decoder.finish()?;
                    self.rows = None;
                    if let Some(lease) = self.lease.take() {
                        if self.hides_rows {
                            lease.session()?.hide_rows(false).await?;
                        }
                        lease.give_back();
                    }
                    break self.decoder.take()?;
                }
            }
        };
        let rows = self.decoder.rows();
        self.task.meter.add(rows - self.counted, bytes);
        self.counted = rows;
        Ok(batch)
    }

    async fn stop(&mut self) -> Error {
        self.rows = None;
        if let Some(lease) = self.lease.take() {
            lease.stop().await;
        }
        Error::cancelled()
    }

    /// The server has ended the query, or the connection is gone; the session is of no use any more.
    async fn failed(&mut self, error: Error) -> Error {
        self.stop().await;
        error
            .context(format!("could not read {}", self.what))
            .on(Side::Source)
    }
}
