//! Publishing, in one step that is done whole or not at all, and asking afterwards whether it was.
//!
//! A new table, and one on which nothing hangs, is put in place by one RENAME, in which `pending` becomes
//! `done`: that name is the marker. Into a table that must stay the one it is, and where rows are
//! added or updated, rows are copied by one transaction, whose marker is a row of `godwit_loads`.

use std::time::{Duration, Instant};

use contract::{CommitOutcome, Manifest, Receipt, Staging};
use model::migration::LoadingPolicy;
use model::plan::Write;
use model::{Error, ErrorKind, Result, Side};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::{failed, rename_refused};
use super::exchange::{is_ours, old_kept, ties_by};
use super::existing;
use super::room::{LOADS, Room};
use super::stage::{database_exists, exists, run, state_of};
use super::update;
use super::writer::{column_list, given_up, warned};
use crate::mysql::ddl::{literal, quote, quote_table};

/// One load that is to be published.
pub(super) struct Publication<'a> {
    pub(super) staging: &'a Staging,
    pub(super) room: &'a Room,
    /// Rows that stand staged.
    pub(super) rows: u64,
    /// How long to try for the table's lock.
    pub(super) wait: Duration,
    /// Loads below so many mebibytes are rebuilt before they appear.
    pub(super) rebuild_below: u64,
}

/// A step that failed: nothing was published, or nobody knows.
pub(super) enum Failed {
    NotDone(Error),
    Unknown(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::NotDone(error)
    }
}

impl<'a> Publication<'a> {
    pub(super) fn new(staging: &'a Staging, room: &'a Room, manifests: &[Manifest]) -> Self {
        let rows = manifests.iter().map(|manifest| manifest.part.written).sum();
        Self {
            staging,
            room,
            rows,
            wait: Duration::ZERO,
            rebuild_below: 0,
        }
    }

    /// Publishes; the same call again changes nothing.
    pub(super) async fn publish(&self, connection: &mut Conn) -> CommitOutcome {
        match self.attempt(connection).await {
            Ok(()) => CommitOutcome::Done(receipt(self.staging)),
            Err(Failed::NotDone(error)) => CommitOutcome::NotDone(error),
            Err(Failed::Unknown(error)) => CommitOutcome::Unknown(error),
        }
    }

    async fn attempt(&self, connection: &mut Conn) -> Result<(), Failed> {
        let (staging, room) = (self.staging, self.room);
        if exists(connection, room, &room.done).await? {
            return Ok(());
        }
        let write = &staging.write;
        match state_of(connection, staging, room).await?.as_deref() {
            Some("done") => return Ok(()),
            Some(_) => return Err(given_up(&write.table.name).into()),
            None => {}
        }
        existing::check_unchanged(connection, write).await?;
        if !write.exists {
            return self.appear(connection).await;
        }
        let deadline = Instant::now() + self.wait;
        let ties = ties_by(connection, &write.table.name, deadline).await?;
        ties.allow(write.policy, &write.table.name)?;
        if write.policy == LoadingPolicy::Overwrite && !ties.any() {
            if self.exchange(connection).await? {
                return Ok(());
            }
            // It was altered since it was staged for: what was made of it stays.
            existing::check_unchanged(connection, write).await?;
            let deadline = Instant::now() + self.wait;
            let ties = ties_by(connection, &write.table.name, deadline).await?;
            ties.allow(write.policy, &write.table.name)?;
        }
        self.copy(connection).await
    }

    /// One transaction that begins with its marker, so that whoever gives the load up waits for it.
    async fn copy(&self, connection: &mut Conn) -> Result<(), Failed> {
        let write = &self.staging.write;
        if write.policy == LoadingPolicy::Update {
            update::index_key(connection, write, self.room).await;
        }
        let copied = self.copy_rows(connection).await;
        if let Err(error) = copied {
            // Where this does not get through, the server rolls back with the session's end.
            let _ = connection.query_drop("ROLLBACK").await;
            return Err(error.into());
        }
        match connection.query_drop("COMMIT").await {
            Ok(()) => Ok(()),
            Err(failure) => Err(Failed::Unknown(failed(failure))),
        }
    }

    async fn copy_rows(&self, connection: &mut Conn) -> Result<()> {
        let write = &self.staging.write;
        run(connection, "START TRANSACTION".to_owned()).await?;
        let marker = format!(
            "INSERT INTO {} (load_id, state, settled_at) VALUES ({}, 'done', UTC_TIMESTAMP())",
            self.room.quoted(LOADS),
            literal(self.staging.load.as_str())
        );
        connection.query_drop(marker).await.map_err(|failure| {
            let error = failed(failure);
            match error.code {
                "UNIQUE_VIOLATED" => given_up(&write.table.name),
                _ => error,
            }
        })?;
        let there = match write.policy {
            LoadingPolicy::Update => {
                update::rows_there(connection, write, self.room, self.rows).await?
            }
            _ => 0,
        };
        for step in copy_statements(write, self.room) {
            connection.query_drop(step.text).await.map_err(failed)?;
            if connection.get_warnings() > 0 {
                return Err(warned(connection).await);
            }
            let taken = there + connection.affected_rows();
            if step.takes_all && taken != self.rows {
                let message = format!("the server took {taken} of {} rows", self.rows);
                return Err(
                    Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination)
                );
            }
        }
        Ok(())
    }
}

/// A statement of the transaction.
struct Step {
    text: String,
    /// Whether it has to take every staged row that was not there.
    takes_all: bool,
}

fn copy_statements(write: &Write, room: &Room) -> Vec<Step> {
    let target = quote_table(&write.table.name);
    let stage = room.quoted(&room.stage);
    let columns = column_list(&write.table.columns);
    let step = |text: String, takes_all| Step { text, takes_all };
    let insert_all = format!("INSERT INTO {target} ({columns}) SELECT {columns} FROM {stage}");
    match write.policy {
        LoadingPolicy::Append => vec![step(insert_all, true)],
        LoadingPolicy::Overwrite => vec![
            step(format!("DELETE FROM {target}"), false),
            step(insert_all, true),
        ],
        LoadingPolicy::Update => {
            let same = update::same_key(write);
            let set: Vec<String> = write
                .table
                .columns
                .iter()
                .map(|column| {
                    // What nothing comes for is set to what it is, or the server might set it to now.
                    let from = if write.without_source.contains(&column.name) {
                        "t"
                    } else {
                        "s"
                    };
                    format!("t.{0} = {from}.{0}", quote(&column.name))
                })
                .collect();
            vec![
                step(
                    format!(
                        "UPDATE {target} AS t JOIN {stage} AS s ON {same} SET {}",
                        set.join(", ")
                    ),
                    false,
                ),
                step(
                    format!(
                        "INSERT INTO {target} ({columns}) SELECT {columns} FROM {stage} AS s \
                         WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {same})"
                    ),
                    true,
                ),
            ]
        }
    }
}

pub(super) fn changed(write: &Write, cause: &Error) -> Error {
    let message = format!(
        "{} is not as it was when it was planned: {}",
        write.table.name, cause.message
    );
    Error::new(ErrorKind::Conflict, "TABLE_CHANGED", message)
        .on(Side::Destination)
        .hint("run again: the next plan sees it as it is now")
}

pub(super) fn receipt(staging: &Staging) -> Receipt {
    Receipt {
        load: staging.load.clone(),
        payload: serde_json::Value::Null,
    }
}

/// Whether the load was published; where not, it never will be.
pub(super) async fn settle(
    connection: &mut Conn,
    staging: &Staging,
    room: &Room,
) -> Result<Option<Receipt>> {
    if !database_exists(connection, &room.database).await? {
        return Ok(None);
    }
    run(connection, room.create_loads()).await?;
    // Waits for a transaction that has put its marker down; one that comes later finds this one.
    let give_up = format!(
        "INSERT IGNORE INTO {} (load_id, state, settled_at) VALUES ({}, 'aborted', UTC_TIMESTAMP())",
        room.quoted(LOADS),
        literal(staging.load.as_str())
    );
    run(connection, give_up).await?;
    if state_of(connection, staging, room).await?.as_deref() == Some("done") {
        return Ok(Some(receipt(staging)));
    }
    // Without `pending` a RENAME that is still on its way fails as a whole.
    let rename = format!(
        "RENAME TABLE {} TO {}",
        room.quoted(&room.pending),
        room.quoted(&room.aborted)
    );
    let renamed = connection.query_drop(rename).await;
    if let Err(failure) = renamed
        && (!rename_refused(&failure) || exists(connection, room, &room.pending).await?)
    {
        return Err(failed(failure));
    }
    // Not put down as done: nobody has looked at what the RENAME took away.
    if exists(connection, room, &room.done).await? {
        return Ok(Some(receipt(staging)));
    }
    put_back(connection, staging, room).await?;
    Ok(None)
}

/// A server that cannot rename several tables as one (MySQL 5.7, MariaDB before 10.6) and dies in the
/// middle of it leaves the target away, or the new rows in its place without a marker. Only a table that says
/// that it is of this load is taken away.
async fn put_back(connection: &mut Conn, staging: &Staging, room: &Room) -> Result<()> {
    let target = &staging.write.table.name;
    let stage = room.quoted(&room.stage);
    if !exists(connection, room, &room.old).await? {
        // `aborted` goes before `stage` does: only a rename that broke leaves it alone.
        let half = !staging.write.exists
            && exists(connection, room, &room.aborted).await?
            && !exists(connection, room, &room.stage).await?
            && is_ours(connection, staging).await?;
        return match half {
            true => {
                run(
                    connection,
                    format!("RENAME TABLE {} TO {stage}", quote_table(target)),
                )
                .await
            }
            false => Ok(()),
        };
    }
    let mut back = format!("{} TO {}", room.quoted(&room.old), quote_table(target));
    if exists(connection, room, &target.table).await? {
        if !is_ours(connection, staging).await? {
            let why = "another table stands under its name, which is not of this load";
            return Err(old_kept(&staging.write, room, why));
        }
        back = format!("{} TO {stage}, {back}", quote_table(target));
    }
    run(connection, format!("RENAME TABLE {back}")).await
}

#[cfg(test)]
pub(super) mod tests {
    use model::plan::{Column, TableChange, TableSchema};
    use model::{LoadId, LogicalType, TableName};

    use super::*;

    pub(in crate::mysql::destination) fn staging(policy: LoadingPolicy) -> (Staging, Room) {
        let column = |name: &str| Column {
            name: name.to_owned(),
            holds: LogicalType::TEXT,
            native: "longtext".to_owned(),
            nullable: true,
            comment: None,
        };
        let write = Write {
            table: TableSchema {
                name: TableName::new("d", "t"),
                columns: vec![column("id"), column("a`b"), column("own")],
                primary_key: vec!["id".to_owned()],
                comment: None,
            },
            policy,
            partition: None,
            exists: true,
            change: TableChange::Keep,
            ddl: Vec::new(),
            update_key: vec!["id".to_owned()],
            without_source: vec!["own".to_owned()],
            statements: model::migration::Statements::default(),
            indexes: Vec::new(),
        };
        let load = LoadId::new("l");
        let mut room = Room::of("d", &load);
        room.stage = "s".to_owned();
        room.pending = "p".to_owned();
        room.done = "x".to_owned();
        room.old = "o".to_owned();
        let payload = serde_json::json!(room);
        let staging = Staging {
            load,
            write,
            payload,
        };
        (staging, room)
    }

    #[test]
    fn rows_are_updated_by_their_key_and_the_others_added() {
        let (staging, room) = staging(LoadingPolicy::Update);
        let steps = copy_statements(&staging.write, &room);
        let texts: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "UPDATE `d`.`t` AS t JOIN `d`.`s` AS s ON t.`id` <=> s.`id` \
                 SET t.`id` = s.`id`, t.`a``b` = s.`a``b`, t.`own` = t.`own`",
                "INSERT INTO `d`.`t` (`id`, `a``b`, `own`) SELECT `id`, `a``b`, `own` FROM `d`.`s` AS s \
                 WHERE NOT EXISTS (SELECT 1 FROM `d`.`t` AS t WHERE t.`id` <=> s.`id`)",
            ]
        );
    }

    #[test]
    fn what_must_take_every_row_is_held_to_it() {
        for (policy, expected) in [
            (LoadingPolicy::Append, vec![true]),
            (LoadingPolicy::Overwrite, vec![false, true]),
            (LoadingPolicy::Update, vec![false, true]),
        ] {
            let (staging, room) = staging(policy);
            let steps = copy_statements(&staging.write, &room);
            let takes: Vec<bool> = steps.iter().map(|step| step.takes_all).collect();
            assert_eq!(takes, expected);
        }
    }
}
