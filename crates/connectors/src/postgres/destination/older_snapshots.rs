//! Who still looks at the database as it was before a load had landed. An exchange is seen at once by
//! everybody, rows are seen as of one's snapshot: such a reader would find some of a table's rows, and
//! no error. So an exchange waits for them, and where it waits in vain, rows are copied instead.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::Result;

use super::sessions::here;
use crate::postgres::connect::Session;
use crate::postgres::errors::error_of;

/// The name of sessions that write: they read what they write, and no table that others load.
pub(super) const WRITER: &str = "godwit-load";

const PAUSE: Duration = Duration::from_millis(50);

/// Sessions of this database with a snapshot that may miss one of the parts. `backend_xmin` and the
/// application's name are told to every user. Vacuum reads no table for anybody; the server's own
/// processes have no user. A prepared transaction reads nothing any more.
const HOLDERS: &str = "
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.usesysid IS NOT NULL
  AND coalesce(a.application_name, '') <> $2
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = a.pid)
  AND pg_catalog.age(a.backend_xmin)
    >= (SELECT min(pg_catalog.age(part::pg_catalog.xid)) FROM pg_catalog.unnest($1::text[]) AS part)";

/// Transactions that were waited for in vain: nobody waits for them a second time.
#[derive(Default)]
pub(super) struct InVain(Mutex<BTreeSet<String>>);

impl InVain {
    fn knows_one_of(&self, holders: &BTreeSet<String>) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !known.is_disjoint(holders)
    }

    fn add(&self, holders: BTreeSet<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(holders);
    }
}

/// Whether everybody sees all rows of the parts, waiting for `patience` until that is so. Outside of a
/// transaction: a snapshot of our own would hold others up, and the server's view would stand still.
pub(super) async fn are_gone(
    session: &Session,
    parts: &[&str],
    patience: Duration,
    in_vain: &InVain,
) -> Result<bool> {
    let one = format!("SELECT 1 {HOLDERS} LIMIT 1");
    let found = session.client.query_opt(&one, &[&parts, &WRITER]).await;
    if found.map_err(|cause| here(error_of(cause)))?.is_none() {
        return Ok(true);
    }
    let started = Instant::now();
    let mut waited_for: Option<BTreeSet<String>> = None;
    loop {
        let (now, is_reader) = holders(session, parts).await?;
        // Whoever comes later sees everything, even if something long-lived makes it look old.
        let standing: BTreeSet<String> = match waited_for {
            Some(before) => before.intersection(&now).cloned().collect(),
            None => now,
        };
        if standing.is_empty() {
            return Ok(true);
        }
        // A reader of Godwit may be that of this very run, and stay until its last table is published.
        if is_reader || started.elapsed() >= patience || in_vain.knows_one_of(&standing) {
            tracing::debug!(
                ?standing,
                "older snapshots keep a table from being exchanged"
            );
            in_vain.add(standing);
            return Ok(false);
        }
        waited_for = Some(standing);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Their transactions, and whether one of them is a reader of Godwit.
async fn holders(session: &Session, parts: &[&str]) -> Result<(BTreeSet<String>, bool)> {
    let query = format!(
        "SELECT h.pid::text || ' ' || l.virtualtransaction, h.is_reader \
         FROM (SELECT a.pid, coalesce(a.application_name, '') = 'godwit' AS is_reader {HOLDERS}) h \
         JOIN pg_catalog.pg_locks l \
           ON l.pid = h.pid AND l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction"
    );
    let rows = session.client.query(&query, &[&parts, &WRITER]).await;
    let rows = rows.map_err(|cause| here(error_of(cause)))?;
    let is_reader = rows.iter().any(|row| row.get::<_, bool>(1));
    Ok((rows.iter().map(|row| row.get(0)).collect(), is_reader))
}
