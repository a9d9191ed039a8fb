//! What hangs on a table that a rename would tear off or drag along: triggers, foreign keys, history.

use std::collections::HashMap;

use model::migration::LoadingPolicy;
use model::{Error, ErrorKind, Result, Side, TableName};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::failed;
use super::folding::Folding;
use super::rights::Rights;
use crate::mysql::ddl::quote_table;
use crate::mysql::errors::number;

/// What hangs on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ties {
    /// It has triggers.
    pub(super) triggers: bool,
    /// The user may not see whether it has triggers.
    pub(super) blind: bool,
    /// Foreign keys of its own, or of others to it.
    pub(super) keys: bool,
    /// Deleting its rows deletes or changes rows of other tables.
    pub(super) cascades: bool,
    /// Foreign keys of tables that the user may not see refer to it, or may.
    pub(super) unseen: bool,
    /// It keeps its history.
    pub(super) history: bool,
}

impl Ties {
    /// Whether the table must stay the one it is.
    pub(super) fn any(self) -> bool {
        self.triggers || self.blind || self.keys || self.unseen || self.history
    }

    /// As the server has it now.
    pub(super) async fn of(connection: &mut Conn, table: &TableName) -> Result<Self> {
        let all = Self::of_all(connection, &table.schema).await?;
        all.table(connection, table).await
    }

    /// Of every table of a database, in a few round trips.
    pub(super) async fn of_all(connection: &mut Conn, database: &str) -> Result<AllTies> {
        let rights = Rights::of(connection).await?;
        let folding = Folding::of(connection).await?;
        let mut all = AllTies {
            by_table: HashMap::new(),
            folding,
            blind: rights.may("TRIGGER", database) != Some(true),
            sees_keys: rights.see_all(),
        };
        let triggers: Vec<String> = connection
            .exec(
                "SELECT DISTINCT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS \
                 WHERE EVENT_OBJECT_SCHEMA = ?",
                (database,),
            )
            .await
            .map_err(failed)?;
        for table in triggers {
            all.entry(&table).triggers = true;
        }
        let histories: Vec<String> = connection
            .exec(
                "SELECT TABLE_NAME FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'SYSTEM VERSIONED'",
                (database,),
            )
            .await
            .map_err(failed)?;
        for table in histories {
            all.entry(&table).history = true;
        }
        type Key = (String, String, String, String, String);
        let keys: Vec<Key> = connection
            .exec(
                "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, UNIQUE_CONSTRAINT_SCHEMA, \
                 REFERENCED_TABLE_NAME, DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS \
                 WHERE ? IN (CONSTRAINT_SCHEMA, UNIQUE_CONSTRAINT_SCHEMA)",
                (database,),
            )
            .await
            .map_err(failed)?;
        for (schema, table, parent_schema, parent, rule) in keys {
            let follows = !matches!(rule.as_str(), "RESTRICT" | "NO ACTION");
            let same = |left: &str, right: &str| folding.same(left) == folding.same(right);
            let itself = same(&schema, &parent_schema) && same(&table, &parent);
            if same(&parent_schema, database) {
                let ties = all.entry(&parent);
                ties.keys = true;
                ties.cascades |= follows && !itself;
            }
            if same(&schema, database) {
                all.entry(&table).keys = true;
            }
        }
        Ok(all)
    }

    /// Rows of other tables are not deleted along.
    pub(super) fn allow(self, policy: LoadingPolicy, table: &TableName) -> Result<()> {
        if policy != LoadingPolicy::Overwrite {
            return Ok(());
        }
        if self.unseen {
            let message = unseen_words(table);
            return Err(
                Error::new(ErrorKind::Unsupported, "FOREIGN_KEYS_UNSEEN", message)
                    .on(Side::Destination)
                    .hint(UNSEEN_HINT),
            );
        }
        if !self.cascades {
            return Ok(());
        }
        let message = format!(
            "overwriting {table} would delete or change rows of tables whose foreign keys follow it"
        );
        Err(Error::new(ErrorKind::Unsupported, "WOULD_CASCADE", message)
            .on(Side::Destination)
            .hint("use loading-policy: update, or drop the foreign keys there"))
    }
}

/// What the user can do where it may not see all foreign keys.
pub(super) const UNSEEN_HINT: &str = "GRANT REFERENCES ON *.* TO this user: it lets it see foreign keys, and no data; or use loading-policy: update";

pub(super) fn unseen_words(table: &TableName) -> String {
    format!(
        "foreign keys of tables that the user may not see may refer to {table}, and follow it when rows are deleted: an overwrite is refused"
    )
}

/// What hangs on the tables of one database.
pub(super) struct AllTies {
    by_table: HashMap<String, Ties>,
    blind: bool,
    /// The user sees the foreign keys of all databases.
    sees_keys: bool,
    folding: Folding,
}

impl AllTies {
    fn entry(&mut self, table: &str) -> &mut Ties {
        let name = self.folding.same(table);
        self.by_table.entry(name).or_default()
    }

    /// Of one of them, which is there.
    pub(super) async fn table(&self, connection: &mut Conn, table: &TableName) -> Result<Ties> {
        let name = self.folding.same(&table.table);
        let seen = self.by_table.get(&name).copied();
        let unseen = !self.sees_keys && may_be_tied(connection, table).await?;
        Ok(Ties {
            blind: self.blind,
            unseen,
            ..seen.unwrap_or_default()
        })
    }
}

/// Whether foreign keys hang on the table, of anybody; also where the server does not tell.
///
/// It shows keys to those alone who have a right on their tables, but minds all of them: a table with keys may
/// not change its engine. That is looked at before what else the statement asks for, which is never there.
async fn may_be_tied(connection: &mut Conn, table: &TableName) -> Result<bool> {
    const NOT_THERE: u16 = 1091;
    let version: Option<String> = connection
        .query_first("SELECT VERSION()")
        .await
        .map_err(failed)?;
    if !looks_at_keys_first(&version.unwrap_or_default()) {
        return Ok(true);
    }
    let ask = format!(
        "ALTER TABLE {} ENGINE=MEMORY, DROP COLUMN `godwit_is_never_a_column_of_this_table`",
        quote_table(table)
    );
    match connection.query_drop(ask).await {
        Err(failure) if number(&failure) == Some(NOT_THERE) => Ok(false),
        Err(failure @ mysql_async::Error::Server(_)) => {
            let error = failed(failure);
            match error.code {
                "LOCK_TIMEOUT" | "DEADLOCK" | "CONNECTION_LOST" => Err(error),
                _ => Ok(true),
            }
        }
        Err(failure) => Err(failed(failure)),
        Ok(()) => Err(Error::internal("a column that is not there was dropped")),
    }
}

/// MySQL 8 has other checks, in another order.
fn looks_at_keys_first(version: &str) -> bool {
    let major = version.split('.').next().unwrap_or_default();
    version.contains("MariaDB") || major.parse::<u32>().is_ok_and(|major| major < 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_tell_of_keys() {
        for (version, expected) in [
            ("10.11.6-MariaDB-log", true),
            ("5.5.5-10.4.32-MariaDB", true),
            ("5.7.44", true),
            ("8.0.36", false),
            ("9.1.0-commercial", false),
            ("", false),
        ] {
            assert_eq!(looks_at_keys_first(version), expected, "{version}");
        }
    }
}
