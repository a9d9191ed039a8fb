//! What hangs on a table that a rename would tear off or drag along: triggers, foreign keys, history.

use std::collections::HashMap;

use model::migration::LoadingPolicy;
use model::{Error, ErrorKind, Result, Side, TableName};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::failed;
use super::rights::Rights;

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
    /// It keeps its history.
    pub(super) history: bool,
}

impl Ties {
    /// Whether the table must stay the one it is.
    pub(super) fn any(self) -> bool {
        self.triggers || self.blind || self.keys || self.history
    }

    /// As the server has it now.
    pub(super) async fn of(connection: &mut Conn, table: &TableName) -> Result<Self> {
        let mut all = Self::of_all(connection, &table.schema).await?;
        Ok(all
            .by_table
            .remove(&table.table)
            .unwrap_or_default()
            .or(all.blind))
    }

    /// Of every table of a database, in a few round trips.
    pub(super) async fn of_all(connection: &mut Conn, database: &str) -> Result<AllTies> {
        let rights = Rights::of(connection).await?;
        let mut all = AllTies {
            by_table: HashMap::new(),
            blind: rights.may("TRIGGER", database) != Some(true),
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
            all.by_table.entry(table).or_default().triggers = true;
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
            all.by_table.entry(table).or_default().history = true;
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
            let itself = (&schema, &table) == (&parent_schema, &parent);
            if parent_schema == database {
                let ties = all.by_table.entry(parent).or_default();
                ties.keys = true;
                ties.cascades |= follows && !itself;
            }
            if schema == database {
                all.by_table.entry(table).or_default().keys = true;
            }
        }
        Ok(all)
    }

    fn or(self, blind: bool) -> Self {
        Self { blind, ..self }
    }

    /// Rows of other tables are not deleted along.
    pub(super) fn allow(self, policy: LoadingPolicy, table: &TableName) -> Result<()> {
        if policy != LoadingPolicy::Overwrite || !self.cascades {
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

/// What hangs on the tables of one database.
pub(super) struct AllTies {
    by_table: HashMap<String, Ties>,
    blind: bool,
}

impl AllTies {
    pub(super) fn table(&self, table: &str) -> Ties {
        self.by_table
            .get(table)
            .copied()
            .unwrap_or_default()
            .or(self.blind)
    }
}
