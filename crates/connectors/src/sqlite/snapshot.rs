//! One moment of the file, held by read transactions: those opened at the start, no others.
//!
//! Without WAL the first transaction's lock keeps every commit out, so that those opened behind it
//! see the same moment. With WAL a short `BEGIN IMMEDIATE` keeps writers out while all are opened;
//! where that is not allowed, there is one reader.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use contract::{
    Batches, CancellationToken, Snapshot, SnapshotKind, SourceFigures, Split, TaskContext,
};
use model::plan::Scan;
use model::{Error, ErrorKind, Finding, Result, Side, SnapshotId, TableName};
use rusqlite::Connection;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::errors::error_of;
use super::figures::figures;
use super::read::{self, Lease};
use super::session::{DatabaseFile, ask, blocking, look};
use super::split::{RowidRange, Seek};
use super::{catalog, split};
use crate::family::charset::Charset;

/// How long writers may be kept waiting while readers are opened, and how long we wait for them.
const LONGEST_LOCK_WAIT: Duration = Duration::from_secs(5);

/// A moment, and what could not be held.
pub(super) struct Opened {
    pub(super) snapshot: SqliteSnapshot,
    pub(super) refused: Vec<(TableName, Error)>,
    pub(super) findings: Vec<Finding>,
}

/// A held moment of the file.
pub(super) struct SqliteSnapshot {
    id: SnapshotId,
    readers: usize,
    /// What text is encoded in, where it is not UTF-8.
    utf16: Option<Charset>,
    pool: Arc<Pool>,
    /// Cuts tables and is asked whether the moment is held; only where there are several sessions.
    holder: Arc<Mutex<Option<Connection>>>,
}

/// Opens up to `readers` sessions, and one to cut tables with, at one moment.
pub(super) fn open(file: &DatabaseFile, scans: &[Scan], readers: usize) -> Result<Opened> {
    let first = file.open()?;
    let mut findings = Vec::new();
    let mut sessions = sessions(file, first, readers.max(1) + 1, &mut findings)?;
    let refused = changed_tables(&sessions[0], scans)?;
    let encoding: String = ask(&sessions[0], "PRAGMA encoding")?;
    let holder = if sessions.len() > 1 {
        sessions.pop()
    } else {
        None
    };
    let snapshot = SqliteSnapshot {
        id: SnapshotId::new(format!("sqlite-{}", uuid::Uuid::new_v4().simple())),
        readers: sessions.len(),
        utf16: utf16(&encoding),
        pool: Arc::new(Pool::new(sessions)),
        holder: Arc::new(Mutex::new(holder)),
    };
    Ok(Opened {
        snapshot,
        refused,
        findings,
    })
}

/// Text of a file in UTF-16 is decoded by us: SQLite makes other characters of half a pair.
pub(super) fn utf16(encoding: &str) -> Option<Charset> {
    let little_endian = match encoding {
        "UTF-16le" => true,
        "UTF-16be" => false,
        _ => return None,
    };
    Some(Charset::Utf16 { little_endian })
}

/// Sessions in read transactions of one moment: as many as wanted, or one.
fn sessions(
    file: &DatabaseFile,
    first: Connection,
    wanted: usize,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Connection>> {
    look(&first, file)?;
    let journal: String = ask(&first, "PRAGMA journal_mode")?;
    let mut one_reader = |why: &Error| {
        let message = format!("tables are read one after the other: {why}");
        findings.push(Finding::note("ONE_READER", "", message));
    };
    let writers_out = if journal == "wal" {
        match keep_writers_out(file) {
            Ok(session) => Some(session),
            Err(error) => {
                one_reader(&error);
                begin(&first, file)?;
                return Ok(vec![first]);
            }
        }
    } else {
        None
    };
    begin(&first, file)?;
    let mut sessions = vec![first];
    while sessions.len() < wanted {
        let next = file.open().and_then(|session| {
            set_wait(&session, LONGEST_LOCK_WAIT)?;
            begin(&session, file)?;
            Ok(session)
        });
        match next {
            Ok(session) => sessions.push(session),
            Err(error) => {
                one_reader(&error);
                sessions.truncate(1);
                break;
            }
        }
    }
    // Dropped while readers hold the file: nothing was written, so nothing is rolled back.
    drop(writers_out);
    Ok(sessions)
}

fn keep_writers_out(file: &DatabaseFile) -> Result<Connection> {
    let session = file.open_to_lock(LONGEST_LOCK_WAIT)?;
    session
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(|error| error_of(error, "keep writers out for a moment"))?;
    Ok(session)
}

/// Starts a read transaction; the first look at the file takes its lock.
fn begin(session: &Connection, file: &DatabaseFile) -> Result<()> {
    session
        .execute_batch("BEGIN")
        .map_err(|error| error_of(error, "begin to read"))?;
    look(session, file)
}

fn set_wait(session: &Connection, wait: Duration) -> Result<()> {
    session
        .busy_timeout(wait)
        .map_err(|error| error_of(error, "set how long to wait for locks"))
}

/// Tables that are not what the plan was made for.
fn changed_tables(session: &Connection, scans: &[Scan]) -> Result<Vec<(TableName, Error)>> {
    let names: Vec<TableName> = scans.iter().map(|scan| scan.table.clone()).collect();
    let described = catalog::describe(session, &names)?;
    let refused = scans.iter().zip(described).filter_map(|(scan, now)| {
        let error = match now {
            None => Error::new(
                ErrorKind::NotFound,
                "NOT_FOUND",
                format!("table {} is gone", scan.table),
            ),
            Some(now) if now.fingerprint() != scan.fingerprint => Error::new(
                ErrorKind::Conflict,
                "TABLE_CHANGED",
                format!("table {} is not what it was when planned", scan.table),
            )
            .hint("plan again"),
            Some(_) => return None,
        };
        Some((scan.table.clone(), error.on(Side::Source)))
    });
    Ok(refused.collect())
}

/// A wish for cutting that is not followed: tables are cut by row number alone.
pub(super) fn review(scan: &Scan) -> Option<Finding> {
    let integer_key = scan.private.get("key").and_then(|key| key.as_str());
    match scan.split_by.as_slice() {
        [] => return None,
        [column] if Some(column.as_str()) == integer_key => return None,
        _ => {}
    }
    let message = "the table is cut by its row number, not by the column asked for";
    Some(
        Finding::warning("SPLIT_BY_IGNORED", scan.table.to_string(), message)
            .hint("leave split-by out"),
    )
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    fn id(&self) -> &SnapshotId {
        &self.id
    }

    fn kind(&self) -> SnapshotKind {
        SnapshotKind::Fixed
    }

    fn readers(&self) -> usize {
        self.readers
    }

    async fn split(&self, scan: &Scan, wanted: usize) -> Result<Vec<Split>> {
        self.pool.check_open()?;
        let rowid = rowid_of(scan);
        let holder = Arc::clone(&self.holder);
        let table = scan.table.table.clone();
        let ranges = blocking(move || match (rowid, lock(&holder).as_ref()) {
            (Some(rowid), Some(session)) if wanted > 1 => cut(session, &table, &rowid, wanted),
            _ => Ok(vec![RowidRange::ALL]),
        })
        .await?;
        let share = u64::try_from(ranges.len()).unwrap_or(1).max(1);
        let rows = scan.estimated_rows.map(|rows| rows.div_ceil(share));
        let splits = ranges.iter().enumerate();
        Ok(splits
            .map(|(index, range)| Split::new(index, &self.id, rows, json!(range)))
            .collect())
    }

    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        if split.snapshot != self.id {
            return Err(lost("the split belongs to another moment"));
        }
        let range: RowidRange = serde_json::from_value(split.payload.clone())
            .map_err(|error| Error::internal("a split cannot be read").caused_by(error))?;
        let lease = tokio::select! {
            () = task.cancel.cancelled() => return Err(Error::cancelled()),
            lease = Arc::clone(&self.pool).lease() => lease?,
        };
        let query = read::Query::new(scan, range, rowid_of(scan).as_deref(), self.utf16);
        read::start(lease, query, scan, task)
    }

    async fn figures(
        &self,
        scan: &Scan,
        cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        figures(self, scan, cancel).await.map(Some)
    }

    async fn check_held(&self) -> Result<()> {
        self.pool.check_open()?;
        let holder = Arc::clone(&self.holder);
        blocking(move || match lock(&holder).as_ref() {
            Some(session) if session.is_autocommit() => Err(lost("its transaction has ended")),
            Some(session) => ask::<i64>(session, "SELECT count(*) FROM sqlite_schema")
                .map(drop)
                .map_err(|error| lost(&error.message).caused_by(error)),
            None => Ok(()),
        })
        .await
    }

    async fn close(&self) {
        let sessions = self.pool.close();
        let holder = Arc::clone(&self.holder);
        let closed = blocking(move || {
            drop(sessions);
            lock(&holder).take();
            Ok(())
        });
        if let Err(error) = closed.await {
            tracing::warn!(%error, "could not close a snapshot");
        }
    }
}

/// The name of the table's row number, where it has one.
fn rowid_of(scan: &Scan) -> Option<String> {
    let name = scan.private.get("rowid")?.as_str()?;
    Some(name.to_owned())
}

fn cut(session: &Connection, table: &str, rowid: &str, wanted: usize) -> Result<Vec<RowidRange>> {
    let Some((first, last)) = catalog::rowid_bounds(session, table, rowid)? else {
        return Ok(Vec::new());
    };
    let doing = format!("cut table {}", catalog::shown(table));
    let name = super::ddl::quoted_table(table);
    let prepare = |sql: String| {
        session
            .prepare(&sql)
            .map_err(|error| error_of(error, &doing))
    };
    let mut after = prepare(format!(
        "SELECT min({rowid}) FROM {name} WHERE {rowid} >= ?1"
    ))?;
    let mut before = prepare(format!(
        "SELECT max({rowid}) FROM {name} WHERE {rowid} < ?1"
    ))?;
    split::cut(first, last, wanted, |seek| {
        let found = match seek {
            Seek::AtOrAfter(at) => after.query_row([at], |row| row.get(0)),
            Seek::Before(at) => before.query_row([at], |row| row.get(0)),
        };
        found.map_err(|error| error_of(error, &doing))
    })
}

/// The readers of a snapshot that are not reading.
pub(super) struct Pool {
    idle: Mutex<Idle>,
    permits: Arc<Semaphore>,
}

struct Idle {
    sessions: Vec<Connection>,
    /// All that have not broken, those reading included.
    alive: usize,
}

impl Pool {
    fn new(sessions: Vec<Connection>) -> Self {
        let alive = sessions.len();
        Self {
            permits: Arc::new(Semaphore::new(alive)),
            idle: Mutex::new(Idle { sessions, alive }),
        }
    }

    /// The next reader that is free.
    async fn lease(self: Arc<Self>) -> Result<Lease> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| lost("it was closed, or its last reader broke"))?;
        let session = lock(&self.idle).sessions.pop();
        let session = session.ok_or_else(|| lost("its last reader broke"))?;
        Ok(Lease {
            session,
            pool: self,
            permit,
        })
    }

    /// Takes a reader back; one whose transaction has ended is at another moment and not kept.
    pub(super) fn give_back(&self, session: Connection, permit: OwnedSemaphorePermit) {
        let mut idle = lock(&self.idle);
        if self.permits.is_closed() {
            return;
        }
        if !session.is_autocommit() {
            idle.sessions.push(session);
            return;
        }
        permit.forget();
        idle.alive -= 1;
        if idle.alive == 0 {
            self.permits.close();
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.permits.is_closed() {
            return Err(lost("it was closed, or its last reader broke"));
        }
        Ok(())
    }

    fn close(&self) -> Vec<Connection> {
        let mut idle = lock(&self.idle);
        self.permits.close();
        std::mem::take(&mut idle.sessions)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The moment is not held any more.
pub(super) fn lost(why: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "SNAPSHOT_LOST",
        format!("the moment that tables are read at is lost: {why}"),
    )
    .on(Side::Source)
}
