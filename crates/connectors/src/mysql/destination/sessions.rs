//! Sessions that write: as many as the connection allows, set so that the server refuses what it
//! would else alter, in UTC whatever the migration's zone is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::{Error, Result, Side};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::errors::failed;
use super::folding::Folding;
use crate::mysql::connect::Server;

/// Must succeed in every session that writes. Zero is a number and not "the next one". Who waits for a
/// table makes others wait behind him, so nobody waits long.
const SETTINGS: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
     ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', \
     autocommit = 1, time_zone = '+00:00', foreign_key_checks = 1, unique_checks = 1, \
     sql_safe_updates = 0, sql_notes = 1, lock_wait_timeout = 5";

/// What may be sent in one packet where the server was not asked yet: the smallest default of any
/// version in use.
const SMALLEST_PACKET: u64 = 4 << 20;

/// The first MariaDB that takes bulks in all statements that we send in them.
const BULKS_SINCE: (u16, u16, u16) = (10, 3, 0);

/// The sessions of one opened destination.
pub(super) struct Sessions {
    server: Server,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Conn, Folding)>>,
    packet: AtomicU64,
    bulk: AtomicBool,
}

impl Sessions {
    /// At most `connections` at once.
    pub(super) fn new(server: Server, connections: usize) -> Arc<Self> {
        Arc::new(Self {
            server,
            permits: Arc::new(Semaphore::new(connections.max(1))),
            idle: Mutex::default(),
            packet: AtomicU64::new(SMALLEST_PACKET),
            bulk: AtomicBool::new(false),
        })
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// The largest packet that the server takes, as the last session learnt.
    pub(super) fn packet(&self) -> u64 {
        self.packet.load(Ordering::Relaxed)
    }

    /// Whether the server takes the rows of a statement in one bulk, as the last session learnt.
    pub(super) fn takes_bulks(&self) -> bool {
        self.bulk.load(Ordering::Relaxed)
    }

    /// A session of one's own; waits for one.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| Error::internal("the sessions were closed"))?;
        let lease = |(connection, folding)| Lease {
            sessions: Arc::clone(self),
            connection,
            folding,
            _permit: permit,
        };
        while let Some((mut connection, folding)) = self.take_idle() {
            if connection.ping().await.is_ok() {
                return Ok(lease((connection, folding)));
            }
        }
        Ok(lease(self.open().await?))
    }

    fn take_idle(&self) -> Option<(Conn, Folding)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    async fn open(&self) -> Result<(Conn, Folding)> {
        let session = self.server.connect().await;
        let mut connection = session
            .map_err(|error| error.on(Side::Destination))?
            .connection;
        connection.query_drop(SETTINGS).await.map_err(failed)?;
        let facts: Option<(u64, String)> = connection
            .query_first("SELECT @@session.max_allowed_packet, VERSION()")
            .await
            .map_err(failed)?;
        if let Some((packet, version)) = facts {
            self.packet.store(packet, Ordering::Relaxed);
            let number = connection.server_version();
            let takes = version.contains("MariaDB") && number >= BULKS_SINCE;
            self.bulk.store(takes, Ordering::Relaxed);
        }
        let folding = Folding::of(&mut connection).await?;
        Ok((connection, folding))
    }
}

/// A session of one's own. Dropped, it is closed, and the server rolls back what it had begun; a
/// session in which nothing is open is given back.
pub(super) struct Lease {
    sessions: Arc<Sessions>,
    pub(super) connection: Conn,
    /// How the server keeps names.
    pub(super) folding: Folding,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// For others to use: nothing is open in it.
    pub(super) fn give_back(self) {
        let mut idle = self
            .sessions
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.push((self.connection, self.folding));
    }
}
