//! Opening a moment: a lock that lets nobody write, under it the snapshots of all sessions and the
//! holder's hold on each table, then the lock is let go at once.

use std::sync::Arc;

use contract::source::OpenedSnapshot;
use model::plan::Scan;
use model::{Error, ErrorKind, Finding, Result, Side, SnapshotId, TableName};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use super::catalog;
use super::connect::Server;
use super::ddl::quote_table;
use super::errors::{is_missing_right, translate};
use super::options::HiddenColumns;
use super::pool::ReaderPool;
use super::snapshot::MysqlSnapshot;
use super::wire::Connection;

const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
const TOUCHED_AT_ONCE: usize = 50;
/// Of the budget, what is not for readers: the holder, and a spare one for metadata and cancelling.
const RESERVED: usize = 2;

/// Opens a moment for `scans`.
pub(crate) async fn open(
    server: &Arc<Server>,
    budget: usize,
    scans: &[Scan],
    readers: usize,
) -> Result<OpenedSnapshot> {
    let mut findings = Vec::new();
    let mut session = server.connect().await?;
    let guard = &mut session.connection;
    let mut refused = Vec::new();
    let mut tables = Vec::new();
    for scan in scans {
        match refusal(guard, scan, session.zone_known, server).await {
            Some(error) => refused.push((scan.table.clone(), error)),
            None => tables.push(scan.table.clone()),
        }
    }
    let readers = readers.clamp(1, budget.saturating_sub(RESERVED).max(1));
    let wanted = if budget <= RESERVED { 1 } else { readers + 1 };
    let mut sessions = sessions(server, wanted, &mut findings).await?;
    let locked = match sessions.len() {
        1 => Locked::Nothing,
        _ => lock(guard, &tables).await?,
    };
    if locked == Locked::Nothing && sessions.len() > 1 {
        findings.push(no_lock_right());
        sessions.truncate(1);
    }
    let opened = begin(guard, &mut sessions, &tables).await;
    if locked != Locked::Nothing {
        guard.query_drop("UNLOCK TABLES").await.map_err(translate)?;
    }
    let (position, mut untouched) = opened?;
    let readers_alone = sessions.len().saturating_sub(1);
    for reader in &mut sessions[..readers_alone] {
        // The holder has the tables already. A reader holds them, too, so that a statement that waits
        // for the holder, such as ALTER TABLE, does not make the reader wait behind it.
        take_hold(reader, &tables).await;
    }
    refused.append(&mut untouched);
    refused.append(&mut changed(guard, scans, &refused).await?);
    let _ = session.connection.disconnect().await;
    let id = SnapshotId::new(format!(
        "{position}/{}",
        &uuid::Uuid::new_v4().simple().to_string()[..8]
    ));
    let holder = if sessions.len() > 1 {
        sessions.pop()
    } else {
        None
    };
    let pool = ReaderPool::new(Arc::clone(server), sessions);
    let snapshot = Arc::new(MysqlSnapshot::new(id, pool, holder));
    Ok(OpenedSnapshot {
        snapshot,
        refused,
        findings,
    })
}

/// Why a table cannot be part of the moment: dropped, no right, locked by somebody, or a filter that
/// would be evaluated in another zone.
async fn refusal(
    guard: &mut Conn,
    scan: &Scan,
    zone_known: bool,
    server: &Server,
) -> Option<Error> {
    if scan.filter.is_some() && !zone_known {
        return Some(no_zone_tables(server));
    }
    let touched = guard.query_drop(touch(&scan.table)).await;
    let failure = touched.err()?;
    Some(translate(failure).context(format!("could not open {}", scan.table)))
}

/// Filters are evaluated in the session's zone, and the server does not know this one.
pub(crate) fn no_zone_tables(server: &Server) -> Error {
    Error::new(
        ErrorKind::Config,
        "NO_ZONE_TABLES",
        format!("{} does not know the time zone {}, in which filters are evaluated", server.label(), server.zone()),
    )
    .on(Side::Source)
    .hint("load the zone tables at the server (mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql mysql), or choose a zone such as GMT+8")
}

fn touch(table: &TableName) -> String {
    format!("SELECT 1 FROM {} LIMIT 0", quote_table(table))
}

/// As many sessions as the server lets us have; more than one leaves one for the spare.
async fn sessions(
    server: &Server,
    wanted: usize,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Connection>> {
    let mut sessions = Vec::with_capacity(wanted);
    while sessions.len() < wanted {
        match server.connect_reader().await {
            Ok(session) => sessions.push(session),
            Err(error) if error.code == "TOO_MANY_CONNECTIONS" && !sessions.is_empty() => {
                if sessions.len() == 2 {
                    sessions.pop();
                }
                let message = format!(
                    "the server allows fewer connections than asked for: {} instead of {wanted} sessions read",
                    sessions.len()
                );
                let finding = Finding::warning("FEWER_READERS", "", message);
                findings.push(finding.hint("lower `connections`, or raise the user's limit"));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sessions)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locked {
    /// All tables of the server.
    Everything,
    /// The selected tables.
    Selected,
    /// The user may lock neither.
    Nothing,
}

/// Stops writers. The session waits for a lock no longer than its `lock_wait_timeout`; where
/// somebody's long statement elsewhere keeps the server from being locked, the selected tables are.
async fn lock(guard: &mut Conn, tables: &[TableName]) -> Result<Locked> {
    let busy = match guard.query_drop("FLUSH TABLES WITH READ LOCK").await {
        Ok(()) => return Ok(Locked::Everything),
        Err(failure) if is_missing_right(&failure) => None,
        Err(failure) => {
            let error = translate(failure).context("could not lock the server against writers");
            if error.code != "LOCK_TIMEOUT" {
                return Err(error);
            }
            Some(error)
        }
    };
    if tables.is_empty() {
        return Ok(Locked::Nothing);
    }
    let names: Vec<String> = tables
        .iter()
        .map(|table| format!("{} READ", quote_table(table)))
        .collect();
    let locked = guard
        .query_drop(format!("LOCK TABLES {}", names.join(", ")))
        .await;
    match (locked, busy) {
        (Ok(()), _) => Ok(Locked::Selected),
        (Err(failure), None) if is_missing_right(&failure) => Ok(Locked::Nothing),
        (Err(failure), Some(busy)) if is_missing_right(&failure) => Err(busy),
        (Err(failure), _) => {
            Err(translate(failure).context("could not lock the tables against writers"))
        }
    }
}

fn no_lock_right() -> Finding {
    Finding::warning(
        "NO_LOCK_RIGHT",
        "",
        "the user may not lock tables: one session reads all of them at its own moment, without others beside it",
    )
    .hint("grant RELOAD ON *.*, or LOCK TABLES on the database, to read in parallel")
}

/// Opens the snapshots and takes hold of the tables; says where the server's log stands, and which
/// tables slipped away.
async fn begin(
    guard: &mut Conn,
    sessions: &mut [Connection],
    tables: &[TableName],
) -> Result<(String, Vec<(TableName, Error)>)> {
    for session in sessions.iter_mut() {
        session.run(BEGIN).await.map_err(translate)?;
    }
    let position = position(guard).await;
    let Some(holder) = sessions.last_mut() else {
        return Err(Error::internal("no session was opened"));
    };
    let refused = take_hold(holder, tables).await;
    Ok((position, refused))
}

/// Touches each table, so that its definition is the session's until its transaction ends; gives back
/// those that it could not.
async fn take_hold(session: &mut Connection, tables: &[TableName]) -> Vec<(TableName, Error)> {
    let mut refused = Vec::new();
    for chunk in tables.chunks(TOUCHED_AT_ONCE) {
        let all: Vec<String> = chunk
            .iter()
            .map(|table| format!("({})", touch(table)))
            .collect();
        if session.run(&all.join(" UNION ALL ")).await.is_ok() {
            continue;
        }
        for table in chunk {
            if let Err(failure) = session.run(&touch(table)).await {
                let error = translate(failure).context(format!("could not hold {table}"));
                refused.push((table.clone(), error));
            }
        }
    }
    refused
}

/// Where the server's log of changes stands, as far as the user may know.
async fn position(guard: &mut Conn) -> String {
    for question in [
        "SELECT @@GLOBAL.gtid_binlog_pos",
        "SELECT @@GLOBAL.gtid_executed",
    ] {
        let answer: Option<Row> = guard.query_first(question).await.ok().flatten();
        if let Some(text) = answer
            .and_then(|row| text_of(&row, 0))
            .filter(|text| !text.is_empty())
        {
            return text.replace(['\n', ' '], "").chars().take(120).collect();
        }
    }
    for question in ["SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"] {
        let answer: Option<Row> = guard.query_first(question).await.ok().flatten();
        if let Some(row) = answer
            && let (Some(file), Some(at)) = (text_of(&row, 0), text_of(&row, 1))
        {
            return format!("{file}:{at}");
        }
    }
    "no-log".to_owned()
}

fn text_of(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at)? {
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The tables that are not what they were when the plan was made; nobody can alter them any more.
async fn changed(
    guard: &mut Conn,
    scans: &[Scan],
    refused: &[(TableName, Error)],
) -> Result<Vec<(TableName, Error)>> {
    let gone = |scan: &&Scan| refused.iter().all(|(table, _)| *table != scan.table);
    let scans: Vec<&Scan> = scans
        .iter()
        .filter(|scan| !scan.fingerprint.is_empty())
        .filter(gone)
        .collect();
    let names: Vec<TableName> = scans.iter().map(|scan| scan.table.clone()).collect();
    let described = catalog::describe(guard, &names, HiddenColumns::Skip).await?;
    let differs = |(scan, now): &(&&Scan, Option<model::NativeTable>)| {
        now.as_ref()
            .is_none_or(|now| now.fingerprint() != scan.fingerprint)
    };
    Ok(scans
        .iter()
        .zip(described)
        .filter(differs)
        .map(|(scan, _)| {
            let message = format!("{} was altered after the plan was made", scan.table);
            let error = Error::new(ErrorKind::Conflict, "TABLE_CHANGED", message).on(Side::Source);
            (scan.table.clone(), error.hint("plan and run again"))
        })
        .collect())
}
