//! A table on which something depends keeps its identity: rows go and come within it.

use model::migration::LoadingPolicy;
use model::{Error, ErrorKind, Result, Side};

use super::facts::Facts;
use super::matching::{self, Keys};
use super::sessions::{conflict, here};
use super::staged::Staged;
use super::swap::same_columns;
use crate::postgres::connect::Session;
use crate::postgres::ddl::{quote, quote_table};
use crate::postgres::errors::error_of;

/// One load into a table that stays.
pub(super) struct InPlace<'a> {
    pub(super) session: &'a Session,
    pub(super) staged: &'a Staged<'a>,
    pub(super) facts: &'a Facts,
    /// How many rows stand staged.
    pub(super) rows: u64,
}

impl InPlace<'_> {
    pub(super) async fn carry_out(&self) -> Result<()> {
        self.staged.refuse_cascade(self.facts)?;
        if !same_columns(self.session, self.staged).await? {
            let message = format!(
                "{} has other columns than when it was planned",
                self.staged.target()
            );
            return Err(conflict("TABLE_CHANGED", message)
                .hint("run again: the next plan sees it as it is now"));
        }
        self.refuse_rewritten()?;
        self.run("SET CONSTRAINTS ALL DEFERRED").await?;
        match self.staged.write().policy {
            LoadingPolicy::Append => self.arrived(self.run(&self.insert("")).await?)?,
            LoadingPolicy::Overwrite => self.overwrite().await?,
            LoadingPolicy::Update => self.update().await?,
        }
        let staging = quote_table(&self.staged.table);
        self.run(&format!("DROP TABLE {staging}")).await?;
        Ok(())
    }

    /// Came since the plan: rows would be hidden from this user, or changed on their way.
    fn refuse_rewritten(&self) -> Result<()> {
        let target = self.staged.target();
        if self.facts.row_security {
            let message = format!("row-level security would hide rows of {target} from this user");
            return Err(conflict("ROW_SECURITY", message)
                .hint("write as the table's owner or as a role with BYPASSRLS"));
        }
        if !self.facts.rules.is_empty() {
            let rules = self.facts.rules.join(", ");
            let message = format!("{target} has rules that rewrite what is written to it: {rules}");
            return Err(conflict("NOT_WRITABLE", message).hint("drop the rules"));
        }
        Ok(())
    }

    fn target(&self) -> String {
        quote_table(self.staged.target())
    }

    /// All staged rows that meet the condition.
    fn insert(&self, condition: &str) -> String {
        let (target, staging) = (self.target(), quote_table(&self.staged.table));
        let columns = self.staged.column_list("");
        let values = self.staged.column_list("s.");
        format!(
            "INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {staging} s{condition}"
        )
    }

    async fn overwrite(&self) -> Result<()> {
        let (only, target) = (self.facts.only(), self.target());
        let remove = format!("DELETE FROM {only}{target}");
        if self.facts.referenced.is_empty() {
            self.run(&remove).await?;
            let stands = format!("SELECT 1 FROM {only}{target} LIMIT 1");
            let stands = self.session.client.query_opt(&stands, &[]).await;
            if stands.map_err(|cause| here(error_of(cause)))?.is_some() {
                return Err(self.old_rows_stay());
            }
            return self.arrived(self.run(&self.insert("")).await?);
        }
        // In one statement, so that a row which is referred to and comes again was never gone. The
        // condition makes the server remove before it inserts.
        let insert = self.insert(" WHERE (SELECT pg_catalog.count(*) FROM gone) >= 0");
        let both = format!(
            "WITH gone AS ({remove} RETURNING 1), come AS ({insert} RETURNING 1) \
             SELECT (SELECT pg_catalog.count(*) FROM come), (SELECT pg_catalog.count(*) FROM gone), \
             (SELECT pg_catalog.count(*) FROM {only}{target})"
        );
        let [come, gone, old] = self.counts(&both).await?;
        if gone != old {
            return Err(self.old_rows_stay());
        }
        self.arrived(come)
    }

    fn old_rows_stay(&self) -> Error {
        let target = self.staged.target();
        let message = format!("rows of {target} were to be removed, and stand there still");
        Error::new(ErrorKind::Data, "COUNTS_DIFFER", message)
            .on(Side::Destination)
            .hint("look at the table's triggers")
    }

    async fn update(&self) -> Result<()> {
        let (target, staging) = (self.target(), quote_table(&self.staged.table));
        self.run(&format!("ANALYZE {staging}")).await?;
        let kinds = Keys::staged(self.session, self.staged).await?;
        let (mut there, mut new) = (0, 0);
        for keys in &kinds {
            let (meet, absent) = (keys.meet(), keys.absent(&target));
            let count = format!(
                "SELECT (SELECT pg_catalog.count(*) FROM {target} t JOIN {staging} s ON {meet}), \
                 (SELECT pg_catalog.count(*) FROM {staging} s WHERE {absent})"
            );
            let counts: [u64; 2] = self.counts(&count).await?;
            there += counts[0];
            new += counts[1];
        }
        if there + new > self.rows {
            let message = format!(
                "a key of {} stands there more than once",
                self.staged.target()
            );
            return Err(Error::new(ErrorKind::Data, "UPDATE_KEY_TWICE", message)
                .on(Side::Destination)
                .hint("update by columns that tell the rows apart, or remove those rows"));
        }
        matching::refuse_alike(self.session, self.staged, &kinds).await?;
        let changed = self.changed_columns().join(", ");
        if !changed.is_empty() {
            let mut updated = 0;
            for keys in &kinds {
                let meet = keys.meet();
                let update =
                    format!("UPDATE {target} t SET {changed} FROM {staging} s WHERE {meet}");
                updated += self.run(&update).await?;
            }
            if updated != there {
                return Err(self.rows_differ(there, updated));
            }
        }
        let mut inserted = 0;
        for keys in &kinds {
            let absent = format!(" WHERE {}", keys.absent(&target));
            inserted += self.run(&self.insert(&absent)).await?;
        }
        self.arrived(there + inserted)
    }

    /// Counts that one row of a statement holds.
    async fn counts<const N: usize>(&self, statement: &str) -> Result<[u64; N]> {
        let row = self.session.client.query_one(statement, &[]).await;
        let row = row.map_err(|cause| here(error_of(cause)))?;
        Ok(std::array::from_fn(|place| {
            u64::try_from(row.get::<_, i64>(place)).unwrap_or_default()
        }))
    }

    /// What an update sets: neither the key nor what nothing comes for.
    fn changed_columns(&self) -> Vec<String> {
        let write = self.staged.write();
        let stays =
            |name: &String| write.update_key.contains(name) || write.without_source.contains(name);
        let names = write.table.columns.iter().map(|column| &column.name);
        names
            .filter(|name| !stays(name))
            .map(|name| format!("{0} = s.{0}", quote(name)))
            .collect()
    }

    /// Every staged row arrived: a trigger may have kept one out.
    fn arrived(&self, rows: u64) -> Result<()> {
        if rows == self.rows {
            return Ok(());
        }
        Err(self.rows_differ(self.rows, rows))
    }

    fn rows_differ(&self, expected: u64, found: u64) -> Error {
        let target = self.staged.target();
        let message =
            format!("{expected} rows were to come into {target}, the server took {found}");
        Error::new(ErrorKind::Data, "COUNTS_DIFFER", message)
            .on(Side::Destination)
            .hint("look at the table's triggers")
    }

    /// The rows that a statement touched.
    async fn run(&self, statement: &str) -> Result<u64> {
        let touched = self.session.client.execute(statement, &[]).await;
        touched.map_err(|cause| here(error_of(cause)))
    }
}
