//! Which rows an update meets: looked at inside its transaction, so that nobody changes them meanwhile.

use model::plan::Write;
use model::{Error, ErrorKind, LogicalType, Result, Side};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::failed;
use super::room::Room;
use crate::mysql::ddl::{quote, quote_table};

/// Rows `t` that are there and `s` that stand staged have the same key, as the server compares.
pub(super) fn same_key(write: &Write) -> String {
    let same = |name: &String| format!("t.{0} <=> s.{0}", quote(name));
    let same: Vec<String> = write.update_key.iter().map(same).collect();
    same.join(" AND ")
}

/// How many of the `staged` rows are there; no two rows that are there have the key of one of them, and none has
/// its key by collation alone. All that is looked at is locked.
pub(super) async fn rows_there(
    connection: &mut Conn,
    write: &Write,
    room: &Room,
    staged: u64,
) -> Result<u64> {
    let [meets, misses] = questions(write, room);
    let met: Option<(u64, u64)> = connection.query_first(meets).await.map_err(failed)?;
    let (there, alike) = met.unwrap_or_default();
    if alike > 0 {
        return Err(key_alike(write, alike));
    }
    let new: Option<u64> = connection.query_first(misses).await.map_err(failed)?;
    let new = new.unwrap_or_default();
    if there + new == staged {
        return Ok(there);
    }
    let message = format!(
        "a key of {} ({}) stands there more than once",
        write.table.name,
        write.update_key.join(", ")
    );
    Err(Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", message)
        .on(Side::Destination)
        .hint("update by columns that tell the rows apart, or remove those rows"))
}

/// Pairs of the same key and those of them that are alike only; staged rows without a pair.
fn questions(write: &Write, room: &Room) -> [String; 2] {
    let (target, stage) = (quote_table(&write.table.name), room.quoted(&room.stage));
    let same = same_key(write);
    let columns = write.table.columns.iter();
    let texts = columns.filter(|column| {
        let text = matches!(
            column.holds,
            LogicalType::Text { .. } | LogicalType::Json | LogicalType::Uuid
        );
        text && write.update_key.contains(&column.name)
    });
    let bytes: Vec<String> = texts
        .map(|column| {
            let name = quote(&column.name);
            format!("CAST(t.{name} AS BINARY) <=> CAST(s.{name} AS BINARY)")
        })
        .collect();
    let alike = match bytes.is_empty() {
        true => "0".to_owned(),
        false => format!(
            "count(CASE WHEN {} THEN NULL ELSE 1 END)",
            bytes.join(" AND ")
        ),
    };
    [
        format!(
            "SELECT count(*), {alike} FROM {target} AS t JOIN {stage} AS s ON {same} FOR UPDATE"
        ),
        format!(
            "SELECT count(*) FROM {stage} AS s \
             WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {same} FOR UPDATE) FOR UPDATE"
        ),
    ]
}

fn key_alike(write: &Write, rows: u64) -> Error {
    let message = format!(
        "{rows} rows of {} have a key ({}) that the destination takes for the key of another row: \
         its collation does not tell them apart",
        write.table.name,
        write.update_key.join(", ")
    );
    Error::new(ErrorKind::Data, "UPDATE_KEY_ALIKE", message)
        .on(Side::Destination)
        .hint("they differ in case, accents or blanks at their end: make them the same, or give the column there a collation that tells them apart")
}

/// So that rows are found by their key. Where the server makes none of it, they are found slowly.
pub(super) async fn index_key(connection: &mut Conn, write: &Write, room: &Room) {
    let columns: Vec<String> = write.update_key.iter().map(|name| quote(name)).collect();
    let statement = format!(
        "ALTER TABLE {} ADD INDEX `godwit_key` ({})",
        room.quoted(&room.stage),
        columns.join(", ")
    );
    if let Err(failure) = connection.query_drop(statement).await {
        tracing::debug!(%failure, "no index for the key to update by");
    }
}
