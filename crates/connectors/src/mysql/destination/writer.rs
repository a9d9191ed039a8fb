//! One split, one transaction: prepared INSERTs of many rows into the load's staging table, and a row
//! that names the split beside them, both or none. MariaDB takes the rows of one such statement in a bulk,
//! which costs it less than a statement of as many rows.
//!
//! The split's row is put down first, so that two attempts at one split wait for each other. Where
//! the answer to a COMMIT was lost, that row tells whether it came through; an attempt that meets it
//! has its rows there already and counts only.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use contract::{CancellationToken, Part, SplitWriter};
use model::migration::LoadingPolicy;
use model::plan::{Column, Write};
use model::{Error, ErrorKind, Result, Side, TableName};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Statement};

use super::errors::{failed, is_refusal, violated_key};
use super::room::Room;
use super::sessions::{Lease, Sessions};
use super::values::{Cells, Takes, pieces};
use crate::mysql::ddl::quote;

/// Parameters and rows of one statement, at most; more are hardly faster.
const PARAMETERS: usize = 16_384;
const ROWS: usize = 1_024;
/// Rows of one bulk, at most.
const BULK_ROWS: usize = 8_192;
/// Bytes of values in one statement, about.
const BYTES: usize = 1 << 20;

/// What one writer is opened with.
pub(super) struct Order {
    pub(super) write: Write,
    pub(super) room: Room,
    pub(super) split: String,
    pub(super) cancel: CancellationToken,
}

/// Writes one split.
pub(super) struct Writer {
    order: Order,
    sessions: Arc<Sessions>,
    lease: Lease,
    statements: HashMap<usize, Statement>,
    rows: u64,
    bytes: u64,
    /// What an attempt before this one wrote, where it came through.
    there: Option<(u64, u64)>,
    /// A statement was sent whose answer was not seen: the session cannot be used again.
    broken: bool,
}

impl Writer {
    /// Begins the split's transaction.
    pub(super) async fn open(sessions: &Arc<Sessions>, order: Order) -> Result<Self> {
        let mut lease = sessions.lease().await?;
        let there = begin(&mut lease.connection, &order).await?;
        Ok(Self {
            order,
            sessions: Arc::clone(sessions),
            lease,
            statements: HashMap::new(),
            rows: 0,
            bytes: 0,
            there,
            broken: false,
        })
    }

    async fn insert(&mut self, cells: &[Cells<'_>], start: usize, count: usize) -> Result<()> {
        let in_bulk = self.sessions.takes_bulks();
        let connection = &mut self.lease.connection;
        let in_statement = if in_bulk { 1 } else { count };
        let statement = match self.statements.get(&in_statement) {
            Some(statement) => statement.clone(),
            None => {
                let text = insert_statement(&self.order, in_statement);
                let statement = connection.prep(text).await.map_err(failed)?;
                self.statements.insert(in_statement, statement.clone());
                statement
            }
        };
        let row = |row: usize| cells.iter().map(move |cells| cells.value(row));
        let rows = start..start + count;
        self.broken = true;
        let inserting = match in_bulk {
            true => {
                let rows: Vec<Params> = rows
                    .map(|at| Params::Positional(row(at).collect()))
                    .collect();
                connection.exec_batch(&statement, rows)
            }
            false => {
                let values = rows.flat_map(row).collect();
                connection.exec_drop(&statement, Params::Positional(values))
            }
        };
        let inserted = tokio::select! {
            biased;
            inserted = inserting => inserted,
            () = self.order.cancel.cancelled() => return Err(Error::cancelled()),
        };
        self.broken = !matches!(inserted, Ok(()) | Err(mysql_async::Error::Server(_)));
        if let Err(failure) = inserted {
            if self.broken {
                return Err(failed(failure));
            }
            return Err(refused(connection, failure, &self.order).await);
        }
        if connection.get_warnings() > 0 {
            return Err(warned(connection).await);
        }
        let affected = connection.affected_rows();
        if affected != count as u64 {
            let message = format!("the server took {affected} of {count} rows");
            return Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination));
        }
        Ok(())
    }

    /// Ends the transaction. Where nobody knows how it ended, asks by another session.
    async fn commit(self) -> Result<()> {
        let Self {
            order,
            sessions,
            mut lease,
            ..
        } = self;
        let put_down = format!(
            "UPDATE {} SET written = ?, bytes = ? WHERE split = ?",
            order.room.quoted(&order.room.pending)
        );
        let values = (self.rows, self.bytes, order.split.as_str());
        let connection = &mut lease.connection;
        connection
            .exec_drop(put_down, values)
            .await
            .map_err(failed)?;
        let Err(failure) = connection.query_drop("COMMIT").await else {
            for (_, statement) in self.statements {
                connection.close(statement).await.map_err(failed)?;
            }
            lease.give_back();
            return Ok(());
        };
        if is_refusal(&failure) {
            return Err(failed(failure));
        }
        drop(lease);
        let mut lease = sessions.lease().await?;
        let there = part_of(&mut lease.connection, &order).await?;
        lease.give_back();
        match there {
            Some(_) => Ok(()),
            None => Err(failed(failure)),
        }
    }
}

#[async_trait]
impl SplitWriter for Writer {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        if self.there.is_some() {
            return Ok(());
        }
        let columns = &self.order.write.table.columns;
        let cells: Vec<Cells<'_>> = columns
            .iter()
            .zip(batch.columns())
            .map(|(column, array)| Cells::of(array, &column.holds))
            .collect::<Result<_>>()?;
        let sizes: Vec<usize> = (0..batch.num_rows())
            .map(|row| cells.iter().map(|cells| cells.size(row)).sum())
            .collect();
        self.bytes += sizes.iter().sum::<usize>() as u64;
        let (most_rows, takes) = match self.sessions.takes_bulks() {
            true => (BULK_ROWS, Takes::Any),
            false => (most_rows(cells.len()), Takes::PowersOfTwo),
        };
        for (start, count) in pieces(&sizes, most_rows, self.most_bytes(), takes) {
            self.insert(&cells, start, count).await?;
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Part> {
        let (rows, mut bytes) = (self.rows, self.bytes);
        match self.there {
            None => self.commit().await?,
            Some((written, stored)) if written == rows => {
                bytes = stored;
                roll_back(self.lease).await?;
            }
            Some((written, _)) => {
                let message = format!(
                    "split {} gave {rows} rows, and {written} when it was read before",
                    self.order.split
                );
                return Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Source));
            }
        }
        Ok(Part {
            written: rows,
            bytes,
            payload: serde_json::Value::Null,
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        // Without its session the server rolls back by itself.
        if self.broken {
            return Ok(());
        }
        roll_back(self.lease).await
    }
}

impl Writer {
    /// Half of what a packet may hold, so that no guess of a size leads beyond it.
    fn most_bytes(&self) -> usize {
        usize::try_from(self.sessions.packet() / 2).map_or(BYTES, |half| half.min(BYTES))
    }
}

async fn roll_back(mut lease: Lease) -> Result<()> {
    lease
        .connection
        .query_drop("ROLLBACK")
        .await
        .map_err(failed)?;
    lease.give_back();
    Ok(())
}

/// Begins, and puts the split's row down. What an attempt before this one wrote, where it came
/// through.
async fn begin(connection: &mut Conn, order: &Order) -> Result<Option<(u64, u64)>> {
    connection
        .query_drop("START TRANSACTION")
        .await
        .map_err(failed)?;
    let put_down = format!(
        "INSERT INTO {} (split, written, bytes) VALUES (?, 0, 0)",
        order.room.quoted(&order.room.pending)
    );
    match connection
        .exec_drop(put_down, (order.split.as_str(),))
        .await
    {
        Ok(()) => Ok(None),
        Err(failure) if violated_key(&failure).is_some() => {
            let there = part_of(connection, order).await?;
            there.map(Some).ok_or_else(|| failed(failure))
        }
        Err(failure) => {
            let error = failed(failure);
            Err(match error.code {
                "TABLE_MISSING" => given_up(&order.write.table.name),
                _ => error,
            })
        }
    }
}

/// The load was settled while it was written.
pub(super) fn given_up(table: &TableName) -> Error {
    let message = format!("the load of {table} was given up");
    Error::new(ErrorKind::Conflict, "LOAD_ABORTED", message).on(Side::Destination)
}

/// Rows and bytes of the split that stand there. Waits for whoever is writing them.
async fn part_of(connection: &mut Conn, order: &Order) -> Result<Option<(u64, u64)>> {
    let ask = format!(
        "SELECT written, bytes FROM {} WHERE split = ? LOCK IN SHARE MODE",
        order.room.quoted(&order.room.pending)
    );
    connection
        .exec_first(ask, (order.split.as_str(),))
        .await
        .map_err(failed)
}

/// The largest power of two within both limits.
fn most_rows(columns: usize) -> usize {
    let most = (PARAMETERS / columns.max(1)).clamp(1, ROWS);
    1 << most.ilog2()
}

fn insert_statement(order: &Order, rows: usize) -> String {
    let columns = &order.write.table.columns;
    let names = column_list(columns);
    let places = format!("({})", vec!["?"; columns.len()].join(","));
    format!(
        "INSERT INTO {} ({names}) VALUES {}",
        order.room.quoted(&order.room.stage),
        vec![places.as_str(); rows].join(",")
    )
}

/// The columns' names, quoted, with commas between.
pub(super) fn column_list(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    names.join(", ")
}

/// Why the rows were not taken. A key that comes twice is told as such where rows are updated by it.
async fn refused(connection: &mut Conn, failure: mysql_async::Error, order: &Order) -> Error {
    let Some(key) = violated_key(&failure) else {
        return failed(failure);
    };
    if order.write.policy == LoadingPolicy::Update
        && let Ok(mut columns) = key_columns(connection, &order.room, &key).await
    {
        let mut wanted = order.write.update_key.clone();
        columns.sort();
        wanted.sort();
        if columns == wanted {
            return key_twice(&order.write);
        }
    }
    failed(failure)
}

/// Nobody can say which of two rows of one key counts.
pub(super) fn key_twice(write: &Write) -> Error {
    let message = format!(
        "rows of {} have one key ({}) in one load",
        write.table.name,
        write.update_key.join(", ")
    );
    Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", message)
        .on(Side::Destination)
        .hint("update by a key that tells rows apart; the destination compares by the collation of its columns")
}

async fn key_columns(connection: &mut Conn, room: &Room, key: &str) -> Result<Vec<String>> {
    let ask = "SELECT COLUMN_NAME FROM information_schema.STATISTICS \
               WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = ?";
    let values = (room.database.as_str(), room.stage.as_str(), key);
    connection.exec(ask, values).await.map_err(failed)
}

/// A warning is what a server says that has altered a value: the load ends.
pub(super) async fn warned(connection: &mut Conn) -> Error {
    type Warning = (String, u16, String);
    let warnings: Result<Vec<Warning>, _> = connection.query("SHOW WARNINGS LIMIT 1").await;
    let number = match warnings {
        Ok(warnings) => warnings.first().map_or(0, |(_, number, _)| *number),
        Err(failure) => return failed(failure),
    };
    let message = format!("the server warned of a value (warning {number})");
    Error::new(ErrorKind::Data, "VALUE_REFUSED", message)
        .on(Side::Destination)
        .hint("nothing was committed; compare the columns there with what comes for them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stay_within_the_servers_limits() {
        for (columns, rows) in [(1, 1_024), (16, 1_024), (17, 512), (1_017, 16), (20_000, 1)] {
            assert_eq!(most_rows(columns), rows, "{columns} columns");
            assert!(columns * rows <= 65_535);
        }
    }
}
