//! A held moment. One session locks the tables, exports its snapshot and stays in its transaction
//! until the last commit; readers join it. What it holds is asked under savepoints, so that no
//! refusal ends its transaction.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Batches, CancellationToken, OpenedSnapshot, Snapshot, SnapshotKind, SourceFigures, Split,
    TaskContext,
};
use model::plan::Scan;
use model::{Error, ErrorKind, Finding, Result, Retry, Side, SnapshotId, TableKind, TableName};
use tokio::sync::Mutex;

use super::catalog;
use super::connect::{Connector, Session};
use super::ddl::quote_table;
use super::errors::{error_of, snapshot_lost};
use super::figures::figures;
use super::filters;
use super::key_split;
use super::read_options::PostgresRead;
use super::reader::Pool;
use super::split::{Member, Payload, Piece, cut, is_read_alone};

/// How often the moment is chosen anew because something changed while it was being held.
const ATTEMPTS: usize = 3;
/// Below this share of a table, a filter's rows are better found by one query than by many scans.
const SELECTIVE: f64 = 0.05;
/// How many locks of tables the sessions of a snapshot take together: about half of what a server keeps
/// room for by default, for all of its users.
const MOST_READER_LOCKS: usize = 3_000;
/// The first server that reads ranges of ctid without reading the rest.
const TID_RANGES_SINCE: u32 = 14;

/// Takes back what was done since the savepoint.
const UNDO: &str = "ROLLBACK TO SAVEPOINT godwit; RELEASE SAVEPOINT godwit";

const FILENODES: &str = "
SELECT t.name, pg_catalog.to_regclass(t.name)::oid AS oid,
       pg_catalog.pg_relation_filenode(pg_catalog.to_regclass(t.name)) AS filenode
FROM unnest($1::text[]) AS t(name)";

const MEMBERS: &str = "
WITH RECURSIVE tree(oid) AS (
  SELECT pg_catalog.to_regclass($1::text)::oid
  UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
)
SELECT n.nspname::text AS schema, c.relname::text AS name, coalesce(m.amname = 'heap', false) AS heap,
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8 AS blocks,
       c.oid = pg_catalog.to_regclass($1::text)::oid
           AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
         OR (pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
             AND NOT pg_catalog.row_security_active(c.oid)) AS readable
FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE c.relkind <> 'p' ORDER BY c.oid";

/// A held moment.
struct PostgresSnapshot {
    id: SnapshotId,
    readers: usize,
    /// The server's version.
    major: u32,
    pool: Arc<Pool>,
    holder: Mutex<Option<Session>>,
}

type Refused = Vec<(TableName, Error)>;

/// Holds one moment for `scans`; `spare` is the session for metadata.
pub(super) async fn open(
    connector: &Arc<Connector>,
    spare: &Session,
    scans: &[Scan],
    readers: usize,
) -> Result<OpenedSnapshot> {
    let holder = connector.open().await?;
    let (id, mut refused) = hold(&holder, spare, scans).await?;
    refused.extend(changed_since_planned(spare, &connector.how, scans, &refused).await?);
    let wanted = connector.options.readers(readers);
    let (pool, readers) = Pool::open(Arc::clone(connector), id.clone(), wanted).await?;
    let held: Vec<TableName> = scans
        .iter()
        .filter(|scan| is_lockable(scan.kind))
        .filter(|scan| refused.iter().all(|(table, _)| *table != scan.table))
        .map(|scan| scan.table.clone())
        .collect();
    if held.len() * (readers + 1) <= MOST_READER_LOCKS {
        pool.lock(&held).await;
    }
    let mut findings = Vec::new();
    if readers < wanted {
        let message = format!("the server allows {readers} readers instead of {wanted}");
        findings.push(
            Finding::note("FEWER_READERS", "", message)
                .hint("lower connections, or raise the limit of the server or of this user"),
        );
    }
    let snapshot = PostgresSnapshot {
        id,
        readers,
        major: holder.major,
        pool,
        holder: Mutex::new(Some(holder)),
    };
    Ok(OpenedSnapshot {
        snapshot: Arc::new(snapshot),
        refused,
        findings,
    })
}

/// A wish for cutting that is not followed: what lies in blocks of its own is cut by them.
pub(super) fn review(scan: &Scan) -> Option<Finding> {
    if scan.split_by.is_empty() || !is_divisible(scan.kind) {
        return None;
    }
    let message = "the table is cut by its blocks, not by the column asked for";
    Some(
        Finding::note("SPLIT_BY_IGNORED", scan.table.to_string(), message)
            .hint("leave split-by out: it serves views and foreign tables"),
    )
}

/// Locks what can be locked, exports the moment, touches the rest, and starts over where something
/// of the rest was changed between the two.
async fn hold(holder: &Session, spare: &Session, scans: &[Scan]) -> Result<(SnapshotId, Refused)> {
    for attempt in 1..=ATTEMPTS {
        holder
            .run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        let mut refused = Vec::new();
        let touched = lock(holder, scans, &mut refused).await?;
        let before = filenodes(spare, &touched).await?;
        let id = export(holder).await?;
        let mut held = Vec::new();
        for table in touched {
            let hides = scans
                .iter()
                .any(|scan| scan.table == table && is_filtered(scan));
            let hide = if hides {
                "SET LOCAL row_security = on; "
            } else {
                ""
            };
            let show = if hides {
                "; SET LOCAL row_security = off"
            } else {
                ""
            };
            let touch = format!("{hide}SELECT 1 FROM {} LIMIT 0{show}", quote_table(&table));
            match under_savepoint(holder, &touch).await {
                Ok(()) => held.push(table),
                Err(error) if holder.is_closed() => return Err(error),
                Err(error) => refused.push((table.clone(), could_not_hold(error, &table))),
            }
        }
        let after = filenodes(holder, &held).await?;
        let is_changed = |table: &TableName| {
            let name = quote_table(table);
            before.get(&name) != after.get(&name)
        };
        let changed: Vec<TableName> = held.into_iter().filter(is_changed).collect();
        if changed.is_empty() || attempt == ATTEMPTS {
            refused.extend(changed.into_iter().map(|table| {
                let message =
                    format!("{table} was rewritten again and again while its moment was chosen");
                let error = Error::new(ErrorKind::Conflict, "TABLE_CHANGED", message)
                    .retry(Retry::Backoff)
                    .on(Side::Source);
                (table, error)
            }));
            return Ok((id, refused));
        }
        holder.run("ROLLBACK").await?;
    }
    Err(Error::internal("no attempt was made to hold a snapshot"))
}

/// Locks each table under its own savepoint; gives back those that cannot be locked, and are to be
/// touched instead. Takes no snapshot.
async fn lock(holder: &Session, scans: &[Scan], refused: &mut Refused) -> Result<Vec<TableName>> {
    let mut touched = Vec::new();
    for scan in scans {
        if !is_lockable(scan.kind) {
            touched.push(scan.table.clone());
            continue;
        }
        let statement = format!(
            "LOCK TABLE {} IN ACCESS SHARE MODE",
            quote_table(&scan.table)
        );
        match under_savepoint(holder, &statement).await {
            Ok(()) => {}
            // A right to some columns is enough to read, and not to lock.
            Err(error) if error.code == "NO_RIGHT" => touched.push(scan.table.clone()),
            Err(error) if holder.is_closed() => return Err(error),
            Err(error) => refused.push((scan.table.clone(), could_not_hold(error, &scan.table))),
        }
    }
    Ok(touched)
}

fn is_lockable(kind: TableKind) -> bool {
    !matches!(
        kind,
        TableKind::MaterializedView
            | TableKind::ForeignTable
            | TableKind::Sequence
            | TableKind::Virtual
    )
}

/// Runs a statement that may fail without ending the transaction.
pub(super) async fn under_savepoint(session: &Session, statement: &str) -> Result<()> {
    let all = format!("SAVEPOINT godwit; {statement}; RELEASE SAVEPOINT godwit");
    let outcome = session.run(&all).await;
    if outcome.is_err() && !session.is_closed() {
        session.run(UNDO).await?;
    }
    outcome
}

fn could_not_hold(error: Error, table: &TableName) -> Error {
    error.context(format!("could not hold {table}"))
}

async fn export(holder: &Session) -> Result<SnapshotId> {
    let row = holder
        .client
        .query_one("SELECT pg_catalog.pg_export_snapshot()", &[])
        .await
        .map_err(|cause| error_of(cause).context("could not export a snapshot"))?;
    Ok(SnapshotId::new(row.get::<_, String>(0)))
}

type Filenode = (Option<u32>, Option<u32>);

/// Which file each table's rows are in now, whatever the session's own moment is.
async fn filenodes(session: &Session, tables: &[TableName]) -> Result<HashMap<String, Filenode>> {
    if tables.is_empty() {
        return Ok(HashMap::new());
    }
    let names: Vec<String> = tables.iter().map(quote_table).collect();
    let rows = session
        .client
        .query(FILENODES, &[&names])
        .await
        .map_err(error_of)?;
    let filenodes = rows
        .iter()
        .map(|row| (row.get("name"), (row.get("oid"), row.get("filenode"))));
    Ok(filenodes.collect())
}

/// Tables that are not, under the lock, what the plan was made for.
async fn changed_since_planned(
    spare: &Session,
    how: &PostgresRead,
    scans: &[Scan],
    refused: &Refused,
) -> Result<Refused> {
    let planned: Vec<&Scan> = scans
        .iter()
        .filter(|scan| !scan.fingerprint.is_empty())
        .filter(|scan| refused.iter().all(|(table, _)| *table != scan.table))
        .collect();
    let names: Vec<TableName> = planned.iter().map(|scan| scan.table.clone()).collect();
    let described = catalog::describe(spare, how, &names).await?;
    let changes = planned.iter().zip(described).filter_map(|(scan, now)| {
        let error = match now {
            Some(now) if now.fingerprint() == scan.fingerprint => return None,
            Some(_) => Error::new(
                ErrorKind::Conflict,
                "TABLE_CHANGED",
                format!("{} was changed since it was planned", scan.table),
            )
            .hint("plan again"),
            None => Error::new(
                ErrorKind::NotFound,
                "TABLE_MISSING",
                format!("{} is gone", scan.table),
            ),
        };
        Some((scan.table.clone(), error.on(Side::Source)))
    });
    Ok(changes.collect())
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    fn id(&self) -> &SnapshotId {
        &self.id
    }

    fn kind(&self) -> SnapshotKind {
        SnapshotKind::Joinable
    }

    fn readers(&self) -> usize {
        self.readers
    }

    async fn split(&self, scan: &Scan, wanted: usize) -> Result<Vec<Split>> {
        let holder = self.holder.lock().await;
        let session = holder
            .as_ref()
            .ok_or_else(|| snapshot_lost("it was closed"))?;
        let parts = parts(session, scan, wanted)
            .await
            .map_err(|error| match error.kind {
                ErrorKind::Unavailable => snapshot_lost(&error.message),
                _ => error,
            })?;
        let total: u64 = parts.iter().map(|(_, blocks)| *blocks).sum();
        let splits = parts.iter().enumerate().map(|(index, (payload, blocks))| {
            let rows = scan.estimated_rows.map(|rows| {
                let share = u128::from(rows) * u128::from(*blocks) / u128::from(total.max(1));
                u64::try_from(share).unwrap_or(u64::MAX)
            });
            let payload = serde_json::to_value(payload)
                .map_err(|cause| Error::internal("could not write a split").caused_by(cause))?;
            Ok(Split::new(index, &self.id, rows, payload))
        });
        splits.collect()
    }

    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        if split.snapshot != self.id {
            return Err(snapshot_lost("the split belongs to another one"));
        }
        let payload: Payload = serde_json::from_value(split.payload.clone())
            .map_err(|cause| Error::internal("could not read a split").caused_by(cause))?;
        let query = payload.query(scan)?;
        self.pool.read(scan, &query, task).await
    }

    async fn figures(
        &self,
        scan: &Scan,
        cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        figures(self, scan, self.major, cancel).await.map(Some)
    }

    async fn check_held(&self) -> Result<()> {
        let holder = self.holder.lock().await;
        let session = holder
            .as_ref()
            .ok_or_else(|| snapshot_lost("it was closed"))?;
        session
            .run("SELECT 1")
            .await
            .map_err(|error| snapshot_lost(&error.message))
    }

    async fn close(&self) {
        self.pool.close().await;
        let holder = self.holder.lock().await.take();
        if let Some(session) = holder {
            session.close().await;
        }
    }
}

/// The parts of a table, each with its weight: by the blocks of what holds its rows, by the key that
/// a person named, or whole.
async fn parts(holder: &Session, scan: &Scan, wanted: usize) -> Result<Vec<(Payload, u64)>> {
    if let Some(members) = members(holder, scan).await? {
        return Ok(cut(&members, wanted));
    }
    if scan.split_by.is_empty() || wanted < 2 {
        return Ok(vec![(Payload::whole(scan), 1)]);
    }
    holder.run("SAVEPOINT godwit").await?;
    let hidden = match is_filtered(scan) {
        true => holder.hide_rows(true).await,
        false => Ok(()),
    };
    let cut = match hidden {
        Ok(()) => key_split::cut(holder, scan, wanted).await,
        Err(error) => Err(error),
    };
    if !holder.is_closed() {
        holder.run(UNDO).await?;
    }
    let stretch = |(key, rows)| (Payload::stretch(scan, key), rows);
    Ok(cut?.into_iter().map(stretch).collect())
}

/// Whether policies of row security hide rows, as a person accepted.
pub(super) fn is_filtered(scan: &Scan) -> bool {
    scan.private["row-security"] == "filtered"
}

/// What holds the table's rows, or `None` where it cannot be cut by blocks or is better read whole.
async fn members(holder: &Session, scan: &Scan) -> Result<Option<Vec<Member>>> {
    if !is_divisible(scan.kind) || holder.major < TID_RANGES_SINCE {
        return Ok(None);
    }
    let rows = holder
        .client
        .query(MEMBERS, &[&quote_table(&scan.table)])
        .await
        .map_err(|cause| error_of(cause).context(format!("could not cut {}", scan.table)))?;
    if rows.is_empty() || rows.iter().any(|row| !row.get::<_, bool>("readable")) {
        return Ok(None);
    }
    let is_wanted = |member: &Member| !is_read_alone(scan) || member.table == scan.table;
    let members: Vec<Member> = rows
        .iter()
        .map(|row| Member {
            table: TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
            blocks: u64::try_from(row.get::<_, Option<i64>>("blocks").unwrap_or(0)).unwrap_or(0),
            divisible: row.get("heap"),
        })
        .filter(is_wanted)
        .collect();
    match &scan.filter {
        Some(filter) if !worth_cutting(holder, scan, &members, filter).await => Ok(None),
        _ => Ok(Some(members)),
    }
}

fn is_divisible(kind: TableKind) -> bool {
    matches!(
        kind,
        TableKind::Table
            | TableKind::PartitionedTable
            | TableKind::Partition
            | TableKind::InheritanceChild
            | TableKind::MaterializedView
    )
}

/// Whether the filter leaves enough rows, and means the same on each member by itself.
async fn worth_cutting(holder: &Session, scan: &Scan, members: &[Member], filter: &str) -> bool {
    let whole = quote_table(&scan.table);
    let member = members
        .iter()
        .find(|member| member.table != scan.table)
        .map(|member| {
            let piece = Piece {
                table: member.table.clone(),
                only: true,
                from: 0,
                to: None,
            };
            piece.relation(&scan.table)
        });
    if holder.run("SAVEPOINT godwit").await.is_err() {
        return false;
    }
    let asked = async {
        if is_filtered(scan) {
            holder.hide_rows(true).await?;
        }
        if let Some(member) = member {
            filters::estimate(holder, &member, Some(filter)).await?;
        }
        let filtered = filters::estimate(holder, &whole, Some(filter)).await?;
        let all = filters::estimate(holder, &whole, None).await?;
        Ok::<_, Error>(filtered >= all * SELECTIVE)
    };
    let asked = asked.await;
    let undone = holder.run(UNDO).await;
    undone.is_ok() && asked.unwrap_or(false)
}
