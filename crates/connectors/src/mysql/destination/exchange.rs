//! The RENAME that publishes: looked before it at what it would tear off, and behind it at what it took
//! away, for an `ALTER` that waits for the same readers may come between the look and the RENAME.

use std::time::{Duration, Instant};

use model::plan::Write;
use model::{Error, ErrorKind, Result, Side, TableName};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::commit::{Failed, Publication, changed};
use super::errors::{failed, is_refusal, rename_refused};
use super::limits::TABLE_COMMENT;
use super::room::Room;
use super::stage::{exists, make_indexes, remember, run};
use super::ties::Ties;
use crate::mysql::ddl::{literal, quote_table};
use crate::mysql::errors::number;

const PAUSE: Duration = Duration::from_millis(200);

/// How long the old table is tried to be put back, at least.
const BACK: Duration = Duration::from_secs(15);

impl Publication<'_> {
    /// The staged table becomes the new one.
    pub(super) async fn appear(&self, connection: &mut Conn) -> Result<(), Failed> {
        self.close_to_earlier_readers(connection).await?;
        make_indexes(connection, &self.staging.write, self.room).await?;
        self.mark(connection).await?;
        let statement = rename(&[self.in_place(), self.marked()]);
        let deadline = Instant::now() + self.wait;
        while !self.renamed(connection, &statement, deadline).await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The staged table takes the place of the one that is there. `false`, and nothing is done, where that
    /// one is not what the staged one was made like.
    pub(super) async fn exchange(&self, connection: &mut Conn) -> Result<bool, Failed> {
        let (target, room) = (&self.staging.write.table.name, self.room);
        let mut deadline = Instant::now() + self.wait;
        self.unmark(connection).await?;
        let Some(expected) = definition(connection, &room.table(&room.stage)).await? else {
            return Ok(false);
        };
        if !is_as(connection, target, &expected, deadline).await? {
            return Ok(false);
        }
        self.close_to_earlier_readers(connection).await?;
        // The rebuild is no waiting.
        deadline = deadline.max(Instant::now() + self.wait);
        if !is_as(connection, target, &expected, deadline).await? {
            return Ok(false);
        }
        self.mark(connection).await?;
        let statement = rename(&[self.away(), self.in_place(), self.marked()]);
        while !self.renamed(connection, &statement, deadline).await? {
            tokio::time::sleep(PAUSE).await;
            if !is_as(connection, target, &expected, deadline).await? {
                return Ok(false);
            }
        }
        match is_as(connection, &room.table(&room.old), &expected, deadline).await {
            Ok(true) => {
                // Says that the old table may go; where it does not come through it is looked at again.
                let _ = remember(connection, self.staging, room, "done").await;
                Ok(true)
            }
            Ok(false) => self.put_back(connection, deadline).await,
            Err(error) => Err(Failed::Unknown(error)),
        }
    }

    /// A reader whose snapshot began while parts were still coming would see those alone that stood then, and no
    /// error. Of a table that was made anew since, the server tells him so: nothing less than a rebuild does it. Where the
    /// server has dropped the table from its cache since, he sees all rows: those of a rebuild are of no moment.
    async fn close_to_earlier_readers(&self, connection: &mut Conn) -> Result<()> {
        let room = self.room;
        let ask = format!(
            "SELECT COALESCE(SUM(bytes), 0) FROM {}",
            room.quoted(&room.pending)
        );
        let bytes: Option<u64> = connection.query_first(ask).await.map_err(failed)?;
        if bytes.unwrap_or(0) >> 20 >= self.rebuild_below {
            return Ok(());
        }
        let rebuild = format!("ALTER TABLE {} FORCE", room.quoted(&room.stage));
        match connection.query_drop(rebuild).await {
            Err(failure) if is_refusal(&failure) => {
                tracing::warn!(error = %failed(failure), "the staged table is not rebuilt");
                Ok(())
            }
            done => done.map_err(failed),
        }
    }

    /// Undoes the exchange. Where that cannot be done the new rows stand, and `clean` keeps the old table.
    async fn put_back(&self, connection: &mut Conn, deadline: Instant) -> Result<bool, Failed> {
        let room = self.room;
        let target = quote_table(&self.staging.write.table.name);
        let statement = rename(&[
            format!("{target} TO {}", room.quoted(&room.stage)),
            format!("{} TO {target}", room.quoted(&room.old)),
            format!(
                "{} TO {}",
                room.quoted(&room.done),
                room.quoted(&room.pending)
            ),
        ]);
        let deadline = deadline.max(Instant::now() + BACK);
        loop {
            match self.renamed(connection, &statement, deadline).await {
                Ok(true) => return Ok(false),
                Ok(false) => tokio::time::sleep(PAUSE).await,
                Err(Failed::NotDone(error)) => {
                    tracing::warn!(%error, "the old table could not be put back");
                    return Ok(true);
                }
                Err(unknown) => return Err(unknown),
            }
        }
    }

    /// `false` where readers hold the table, and it is to be tried again.
    async fn renamed(
        &self,
        connection: &mut Conn,
        statement: &str,
        deadline: Instant,
    ) -> Result<bool, Failed> {
        let Err(failure) = connection.query_drop(statement).await else {
            return Ok(true);
        };
        let refused = rename_refused(&failure);
        let error = failed(failure);
        match error.code {
            _ if !refused => Err(Failed::Unknown(error)),
            "LOCK_TIMEOUT" | "DEADLOCK" if Instant::now() < deadline => Ok(false),
            "TABLE_MISSING" | "TABLE_APPEARED" => Err(changed(&self.staging.write, &error).into()),
            _ => Err(error.into()),
        }
    }

    fn away(&self) -> String {
        let target = quote_table(&self.staging.write.table.name);
        format!("{target} TO {}", self.room.quoted(&self.room.old))
    }

    fn in_place(&self) -> String {
        let target = quote_table(&self.staging.write.table.name);
        format!("{} TO {target}", self.room.quoted(&self.room.stage))
    }

    fn marked(&self) -> String {
        let room = self.room;
        format!(
            "{} TO {}",
            room.quoted(&room.pending),
            room.quoted(&room.done)
        )
    }

    /// Where a RENAME may break in the middle, the staged table says whose it is.
    async fn mark(&self, connection: &mut Conn) -> Result<()> {
        if !breaks_renames(connection).await? {
            return Ok(());
        }
        let stage = self.room.table(&self.room.stage);
        set_comment(connection, &stage, &Room::mark(&self.staging.load)).await
    }

    /// A commit before this one may have marked it.
    async fn unmark(&self, connection: &mut Conn) -> Result<()> {
        let stage = self.room.table(&self.room.stage);
        let mark = Room::mark(&self.staging.load);
        if comment_of(connection, &stage).await?.as_deref() != Some(&mark) {
            return Ok(());
        }
        let target = comment_of(connection, &self.staging.write.table.name).await?;
        set_comment(connection, &stage, &target.unwrap_or_default()).await
    }
}

fn rename(pairs: &[String]) -> String {
    format!("RENAME TABLE {}", pairs.join(", "))
}

/// Whether the table is defined like this, and nothing hangs on it.
async fn is_as(
    connection: &mut Conn,
    table: &TableName,
    expected: &str,
    deadline: Instant,
) -> Result<bool> {
    match definition(connection, table).await? {
        Some(found) if found == expected => Ok(!ties_by(connection, table, deadline).await?.any()),
        _ => Ok(false),
    }
}

/// What hangs on the table, tried until `deadline` while somebody alters it.
pub(super) async fn ties_by(
    connection: &mut Conn,
    table: &TableName,
    deadline: Instant,
) -> Result<Ties> {
    loop {
        match Ties::of(connection, table).await {
            Err(error)
                if matches!(error.code, "LOCK_TIMEOUT" | "DEADLOCK")
                    && Instant::now() < deadline =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            found => return found,
        }
    }
}

/// What the table is, without its name and its next number; nothing where it is not there.
async fn definition(connection: &mut Conn, table: &TableName) -> Result<Option<String>> {
    const NOT_THERE: u16 = 1146;
    let ask = format!("SHOW CREATE TABLE {}", quote_table(table));
    match connection.query_first::<(String, String), _>(ask).await {
        Ok(shown) => Ok(shown.map(|(_, text)| without_name(&text))),
        Err(failure) if number(&failure) == Some(NOT_THERE) => Ok(None),
        Err(failure) => Err(failed(failure)),
    }
}

fn without_name(text: &str) -> String {
    const NEXT: &str = " AUTO_INCREMENT=";
    let (_, lines) = text.split_once('\n').unwrap_or_default();
    let keep = |line: &str| match line.split_once(NEXT) {
        Some((before, after)) if before.starts_with(") ENGINE=") => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{after}")
        }
        _ => line.to_owned(),
    };
    let lines: Vec<String> = lines.lines().map(keep).collect();
    lines.join("\n")
}

/// The old table may go: it is what the new one was made like. Asked where nobody looked behind the RENAME.
pub(super) async fn old_may_go(connection: &mut Conn, write: &Write, room: &Room) -> Result<()> {
    let old = room.table(&room.old);
    let target = definition(connection, &write.table.name).await?;
    if let Some(expected) = target
        && is_as(connection, &old, &expected, Instant::now()).await?
    {
        return Ok(());
    }
    Err(old_kept(
        write,
        room,
        "it was altered while it was exchanged",
    ))
}

pub(super) fn old_kept(write: &Write, room: &Room, why: &str) -> Error {
    let name = &write.table.name;
    let message = format!(
        "{name} as it was before is kept as {}: {why}",
        room.table(&room.old)
    );
    Error::new(ErrorKind::Conflict, "OLD_TABLE_KEPT", message)
        .on(Side::Destination)
        .hint("compare the two, keep what is needed under the table's name, and drop the other")
}

/// Once the load is published nobody needs to know whose the table is: it gets the comment that is its own.
pub(super) async fn take_mark_away(
    connection: &mut Conn,
    staging: &contract::Staging,
    room: &Room,
) -> Result<()> {
    let table = &staging.write.table;
    if !is_ours(connection, staging).await? {
        return Ok(());
    }
    let comment = match exists(connection, room, &room.old).await? {
        true => comment_of(connection, &room.table(&room.old)).await?,
        false => table.comment.clone(),
    };
    let kept: String = comment
        .iter()
        .flat_map(|text| text.chars())
        .take(TABLE_COMMENT)
        .collect();
    set_comment(connection, &table.name, &kept).await
}

/// Whether what stands under the target's name is the table that this load staged.
pub(super) async fn is_ours(connection: &mut Conn, staging: &contract::Staging) -> Result<bool> {
    let found = comment_of(connection, &staging.write.table.name).await?;
    Ok(found.as_deref() == Some(&Room::mark(&staging.load)))
}

async fn comment_of(connection: &mut Conn, table: &TableName) -> Result<Option<String>> {
    let ask = "SELECT TABLE_COMMENT FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
    let names = (table.schema.as_str(), table.table.as_str());
    connection.exec_first(ask, names).await.map_err(failed)
}

async fn set_comment(connection: &mut Conn, table: &TableName, comment: &str) -> Result<()> {
    let table = quote_table(table);
    let statement = format!("ALTER TABLE {table} COMMENT = {}", literal(comment));
    run(connection, statement).await
}

async fn breaks_renames(connection: &mut Conn) -> Result<bool> {
    let version: Option<String> = connection
        .query_first("SELECT VERSION()")
        .await
        .map_err(failed)?;
    Ok(may_break(&version.unwrap_or_default()))
}

/// Before these, a server that died renamed some tables of a statement and not the others.
fn may_break(version: &str) -> bool {
    // What MariaDB says to clients that know no version above 5.
    let plain = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = plain
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let known = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let first = if version.contains("MariaDB") {
        (10, 6)
    } else {
        (8, 0)
    };
    known < first
}

#[cfg(test)]
mod tests {
    use model::migration::LoadingPolicy;

    use super::*;

    #[test]
    fn one_rename_publishes_and_marks() {
        let (staging, room) =
            crate::mysql::destination::commit::tests::staging(LoadingPolicy::Overwrite);
        let publication = Publication::new(&staging, &room, &[]);
        assert_eq!(
            rename(&[
                publication.away(),
                publication.in_place(),
                publication.marked()
            ]),
            "RENAME TABLE `d`.`t` TO `d`.`o`, `d`.`s` TO `d`.`t`, `d`.`p` TO `d`.`x`"
        );
    }

    #[test]
    fn servers_that_rename_several_tables_as_one() {
        for (version, expected) in [
            ("10.11.6-MariaDB-log", false),
            ("11.4.2-MariaDB", false),
            ("10.6.0-MariaDB", false),
            ("10.5.23-MariaDB", true),
            ("5.5.5-10.4.32-MariaDB", true),
            ("8.0.36", false),
            ("5.7.44-log", true),
            ("", true),
        ] {
            assert_eq!(may_break(version), expected, "{version}");
        }
    }

    #[test]
    fn a_definition_is_compared_without_name_and_next_number() {
        let shown = |name: &str, next: &str| {
            format!(
                "CREATE TABLE `{name}` (\n  `a` int COMMENT ' AUTO_INCREMENT=5'\n) ENGINE=InnoDB{next} \
                 DEFAULT CHARSET=utf8mb4 COMMENT='x AUTO_INCREMENT=7'"
            )
        };
        let left = without_name(&shown("t", " AUTO_INCREMENT=41"));
        assert_eq!(
            left,
            without_name(&shown("godwit_stage", " AUTO_INCREMENT=5"))
        );
        assert!(left.contains("'x AUTO_INCREMENT=7'") && left.contains("ENGINE=InnoDB DEFAULT"));
    }
}
