//! The room of a load: made before its rows, counted before its commit, removed after it.

use std::collections::BTreeMap;

use contract::{Evidence, Manifest, Staging};
use model::migration::LoadingPolicy;
use model::plan::{TableSchema, Write};
use model::{Error, ErrorKind, Result, Side, TableName};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::failed;
use super::exchange::{old_may_go, take_mark_away};
use super::room::{LOADS, Room};
use super::writer::{given_up, key_twice};
use super::{existing, limits};
use crate::mysql::ddl::{create_table, literal, quote, quote_table};

/// Makes the room. The same call again finds it there.
pub(super) async fn prepare(connection: &mut Conn, staging: &Staging, room: &Room) -> Result<()> {
    let write = &staging.write;
    let database = format!("CREATE DATABASE IF NOT EXISTS {}", quote(&room.database));
    if !database_exists(connection, &room.database).await? {
        run(connection, database).await?;
    }
    run(connection, room.create_loads()).await?;
    existing::check_unchanged(connection, write).await?;
    if !write.exists {
        let named = TableSchema {
            name: TableName::new(&room.database, &room.stage),
            ..write.table.clone()
        };
        run(connection, create_table(&named, "IF NOT EXISTS ")).await?;
    } else {
        let like = format!(
            "CREATE TABLE IF NOT EXISTS {} LIKE {}",
            room.quoted(&room.stage),
            quote_table(&write.table.name)
        );
        run(connection, like).await?;
        keep_counting(connection, write, room).await?;
    }
    run(connection, room.create_pending(&staging.load)).await?;
    // In this order: who gives the load up puts its state down first and looks for `pending` then.
    match state_of(connection, staging, room).await? {
        None => Ok(()),
        Some(_) => Err(given_up(&write.table.name)),
    }
}

pub(super) async fn database_exists(connection: &mut Conn, database: &str) -> Result<bool> {
    let ask = "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?";
    let found: Option<u8> = connection
        .exec_first(ask, (database,))
        .await
        .map_err(failed)?;
    Ok(found.is_some())
}

/// The numbers that the table would give next are kept, for a rename takes them away.
async fn keep_counting(connection: &mut Conn, write: &Write, room: &Room) -> Result<()> {
    let ask = "SELECT AUTO_INCREMENT FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
    let name = &write.table.name;
    let next: Option<Option<u64>> = connection
        .exec_first(ask, (name.schema.as_str(), name.table.as_str()))
        .await
        .map_err(failed)?;
    match next.flatten() {
        Some(next) if next > 1 => {
            let table = room.quoted(&room.stage);
            run(
                connection,
                format!("ALTER TABLE {table} AUTO_INCREMENT = {next}"),
            )
            .await
        }
        _ => Ok(()),
    }
}

/// `done` or `aborted`, where the load was settled.
pub(super) async fn state_of(
    connection: &mut Conn,
    staging: &Staging,
    room: &Room,
) -> Result<Option<String>> {
    let ask = format!("SELECT state FROM {} WHERE load_id = ?", room.quoted(LOADS));
    connection
        .exec_first(ask, (staging.load.as_str(),))
        .await
        .map_err(failed)
}

/// Whether there is such a table.
pub(super) async fn exists(connection: &mut Conn, room: &Room, table: &str) -> Result<bool> {
    let ask = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
    let found: Option<u8> = connection
        .exec_first(ask, (room.database.as_str(), table))
        .await
        .map_err(failed)?;
    Ok(found.is_some())
}

/// Counts the rows that stand staged, and compares the parts with those that are to be published.
pub(super) async fn evidence(
    connection: &mut Conn,
    staging: &Staging,
    room: &Room,
    manifests: &[Manifest],
) -> Result<Evidence> {
    let bytes = parts(connection, staging, room, manifests).await?;
    let rows: Option<u64> = connection
        .query_first(format!("SELECT count(*) FROM {}", room.quoted(&room.stage)))
        .await
        .map_err(failed)?;
    if staging.write.policy == LoadingPolicy::Update {
        no_key_twice(connection, &staging.write, room).await?;
    }
    let rows = rows.unwrap_or(0);
    Ok(Evidence { rows, bytes })
}

/// The parts that stand staged are those of the manifests, no more and no less; their bytes.
pub(super) async fn parts(
    connection: &mut Conn,
    staging: &Staging,
    room: &Room,
    manifests: &[Manifest],
) -> Result<u64> {
    let parts: Vec<(String, u64, u64)> = connection
        .query(format!(
            "SELECT split, written, bytes FROM {}",
            room.quoted(&room.pending)
        ))
        .await
        .map_err(failed)?;
    let told: BTreeMap<&str, u64> = manifests
        .iter()
        .map(|manifest| (manifest.split.as_str(), manifest.part.written))
        .collect();
    let all = parts
        .iter()
        .all(|(split, written, _)| told.get(split.as_str()) == Some(written));
    if !all || parts.len() != told.len() {
        let table = &staging.write.table.name;
        let stand: u64 = parts.iter().map(|(_, written, _)| written).sum();
        let message = format!(
            "{stand} rows in {} parts stand staged for {table}, {} in {} parts were written",
            parts.len(),
            told.values().sum::<u64>(),
            told.len()
        );
        return Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination));
    }
    Ok(parts.iter().map(|(_, _, bytes)| bytes).sum())
}

/// Null counts as one value in the key.
async fn no_key_twice(connection: &mut Conn, write: &Write, room: &Room) -> Result<()> {
    let key: Vec<String> = write.update_key.iter().map(|name| quote(name)).collect();
    let ask = format!(
        "SELECT 1 FROM {} GROUP BY {} HAVING count(*) > 1 LIMIT 1",
        room.quoted(&room.stage),
        key.join(", ")
    );
    let twice: Option<u8> = connection.query_first(ask).await.map_err(failed)?;
    match twice {
        None => Ok(()),
        Some(_) => Err(key_twice(write)),
    }
}

/// Rows that an overwrite would remove.
pub(super) async fn replaces(connection: &mut Conn, write: &Write) -> Result<Option<u64>> {
    if !write.exists {
        return Ok(Some(0));
    }
    let ask = format!("SELECT count(*) FROM {}", quote_table(&write.table.name));
    connection.query_first(ask).await.map_err(failed)
}

/// Makes the new table's indexes. The same call again makes those that are missing.
pub(super) async fn make_indexes(connection: &mut Conn, write: &Write, room: &Room) -> Result<()> {
    if write.exists {
        return Ok(());
    }
    let there: Vec<String> = connection
        .exec(
            "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
            (room.database.as_str(), room.stage.as_str()),
        )
        .await
        .map_err(failed)?;
    for index in limits::possible_indexes(write) {
        if there.contains(&index.name) {
            continue;
        }
        let columns: Vec<String> = index.columns.iter().map(|name| quote(name)).collect();
        let statement = format!(
            "ALTER TABLE {} ADD {}INDEX {} ({})",
            room.quoted(&room.stage),
            if index.unique { "UNIQUE " } else { "" },
            quote(&index.name),
            columns.join(", ")
        );
        run(connection, statement).await?;
    }
    Ok(())
}

/// Removes what only the time before the commit needed; remembers the load before its marker goes.
/// An old table that may hold what the new one does not stays.
pub(super) async fn clean(connection: &mut Conn, staging: &Staging, room: &Room) -> Result<()> {
    take_mark_away(connection, staging, room).await?;
    let looked_at = state_of(connection, staging, room).await?.as_deref() == Some("done");
    if !looked_at && exists(connection, room, &room.old).await? {
        old_may_go(connection, &staging.write, room).await?;
    }
    remember(connection, staging, room, "done").await?;
    remove(
        connection,
        room,
        &[&room.old, &room.stage, &room.pending, &room.done],
    )
    .await
}

/// Puts the load's state down, whatever was put down before.
pub(super) async fn remember(
    connection: &mut Conn,
    staging: &Staging,
    room: &Room,
    state: &str,
) -> Result<()> {
    let statement = format!(
        "INSERT INTO {} (load_id, state, settled_at) VALUES ({load}, '{state}', UTC_TIMESTAMP()) \
         ON DUPLICATE KEY UPDATE state = '{state}'",
        room.quoted(LOADS),
        load = literal(staging.load.as_str()),
    );
    run(connection, statement).await
}

/// Removes what was staged; what is published, and what was there before, stays.
pub(super) async fn abort(connection: &mut Conn, room: &Room) -> Result<()> {
    if !database_exists(connection, &room.database).await? {
        return Ok(());
    }
    remove(
        connection,
        room,
        &[&room.pending, &room.aborted, &room.stage],
    )
    .await
}

/// One after the other, in this order.
async fn remove(connection: &mut Conn, room: &Room, tables: &[&str]) -> Result<()> {
    let tables: Vec<String> = tables.iter().map(|table| room.quoted(table)).collect();
    let statement = format!("DROP TABLE IF EXISTS {}", tables.join(", "));
    run(connection, statement).await
}

/// Carries out a statement whose answer is nothing but that it was done.
pub(super) async fn run(connection: &mut Conn, statement: String) -> Result<()> {
    connection.query_drop(statement).await.map_err(failed)
}
