//! Sessions that write. One that did its work well is used again; any other hangs up, and the server
//! rolls back what it was doing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Error, ErrorKind, Result, Side};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::older_snapshots::{InVain, WRITER};
use crate::postgres::connect::{Connector, Session};
use crate::postgres::write_options::WriteOptions;

/// Sessions beside those that write rows: one works, and one more when a table is waited for.
const OTHERS: usize = 2;

/// The sessions of one destination.
pub(super) struct Sessions {
    connector: Connector,
    settings: String,
    idle: Mutex<Vec<Session>>,
    writers: Arc<Semaphore>,
    others: Semaphore,
    /// How long a commit waits for others.
    pub(super) patience: Duration,
    pub(super) in_vain: InVain,
}

/// A session for something else than rows.
pub(super) struct Turn<'a> {
    pub(super) session: Session,
    _permit: SemaphorePermit<'a>,
}

impl Sessions {
    pub(super) fn new(connector: Connector, how: &WriteOptions) -> Arc<Self> {
        let writers = connector.options.readers(usize::MAX);
        let settings = format!(
            "SET default_transaction_read_only = off; SET synchronous_commit = on; \
             SET lock_timeout = '{}s'; SET application_name = '{WRITER}'",
            how.lock_timeout_seconds
        );
        Arc::new(Self {
            connector,
            settings,
            idle: Mutex::default(),
            writers: Arc::new(Semaphore::new(writers)),
            others: Semaphore::new(OTHERS),
            patience: Duration::from_secs(u64::from(how.lock_timeout_seconds)),
            in_vain: InVain::default(),
        })
    }

    /// The same for a source that was given the same address and database.
    pub(super) fn place(&self) -> String {
        self.connector.options.full_place()
    }

    /// A session for something else than rows, when it is its turn.
    pub(super) async fn turn(&self) -> Result<Turn<'_>> {
        let permit = self.others.acquire().await;
        let permit = permit.map_err(|_| Error::internal("the sessions were closed"))?;
        Ok(Turn {
            session: self.open().await?,
            _permit: permit,
        })
    }

    /// A session that may write, with no transaction open.
    pub(super) async fn open(&self) -> Result<Session> {
        while let Some(session) = self.take_idle() {
            if !session.is_closed() {
                return Ok(session);
            }
        }
        let session = self.connector.open().await.map_err(here)?;
        session.run(&self.settings).await.map_err(here)?;
        Ok(session)
    }

    fn take_idle(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    /// A session back, with no transaction open.
    pub(super) fn give_back(&self, session: Session) {
        if !session.is_closed() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(session);
        }
    }

    /// The right to write: as many at once as the budget of connections allows.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.writers)
            .acquire_owned()
            .await
            .map_err(|_| Error::internal("the writers' permits were closed"))
    }
}

/// The same error, told of the side that is written to.
pub(super) fn here(error: Error) -> Error {
    let error = error.on(Side::Destination);
    match error.code {
        "NO_RIGHT" => error.hint(
            "the user that writes needs CREATE on the schema, and INSERT, SELECT, UPDATE and DELETE \
             on tables that are there",
        ),
        _ => error,
    }
}

/// Something that somebody changed since it was looked at.
pub(super) fn conflict(code: &'static str, message: String) -> Error {
    Error::new(ErrorKind::Conflict, code, message).on(Side::Destination)
}
