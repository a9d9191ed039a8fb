//! An opened server: what is there, whether filters are understood, and the moment to read it at.

use std::sync::Arc;

use async_trait::async_trait;
use contract::source::{OpenedSnapshot, Source};
use contract::{ProbeLimits, ProbeRequest, TableProbe};
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, ErrorKind, Finding, NativeTable, Result, Severity, Side, TableName};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::connect::Server;
use super::ddl::quote_table;
use super::errors::{number, translate};
use super::options::HiddenColumns;
use super::statement::filter_condition;
use super::{catalog, lock, probe};

/// A MySQL or MariaDB server to read from.
pub(crate) struct MysqlSource {
    pub(crate) server: Arc<Server>,
    pub(crate) database: String,
    pub(crate) connections: usize,
    pub(crate) hidden_columns: HiddenColumns,
}

#[async_trait]
impl Source for MysqlSource {
    async fn check(&self) -> Result<Vec<Finding>> {
        let mut session = self.server.connect().await?;
        let mut findings = Vec::new();
        if !session.zone_known {
            let blocker = Finding::of_error(&lock::no_zone_tables(&self.server), "");
            findings.push(Finding {
                severity: Severity::Warning,
                ..blocker
            });
        }
        if !self.server.encrypted() {
            let message = format!("connections to {} are in clear text", self.server.label());
            findings.push(Finding::note("NOT_ENCRYPTED", "", message));
        }
        let found: Option<u8> = session
            .connection
            .exec_first(
                "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
                (&self.database,),
            )
            .await
            .map_err(translate)?;
        findings.extend(lock_right(&mut session.connection).await);
        let _ = session.connection.disconnect().await;
        match found {
            Some(_) => Ok(findings),
            None => Err(Error::new(
                ErrorKind::NotFound,
                "DATABASE_MISSING",
                format!(
                    "{} has no database {:?} that this user may see",
                    self.server.label(),
                    self.database
                ),
            )
            .hint("check the name, and grant the user SELECT on it")
            .on(Side::Source)),
        }
    }

    fn place(&self) -> Option<String> {
        Some(self.server.place())
    }

    fn default_schema(&self) -> String {
        self.database.clone()
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        let mut session = self.server.connect().await?;
        let schemas = catalog::schemas(&mut session.connection).await?;
        let _ = session.connection.disconnect().await;
        Ok(schemas)
    }

    async fn tables(&self, schemas: &[String]) -> Result<Vec<ListedTable>> {
        let default = [self.database.clone()];
        let schemas = if schemas.is_empty() {
            &default[..]
        } else {
            schemas
        };
        let mut session = self.server.connect().await?;
        let listed = catalog::list(&mut session.connection, schemas).await?;
        let _ = session.connection.disconnect().await;
        Ok(listed)
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        let mut session = self.server.connect().await?;
        let described =
            catalog::describe(&mut session.connection, tables, self.hidden_columns).await?;
        let _ = session.connection.disconnect().await;
        Ok(described)
    }

    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        if filters.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.server.connect().await?;
        if !session.zone_known {
            return Ok(filters
                .iter()
                .map(|_| Some(lock::no_zone_tables(&self.server)))
                .collect());
        }
        let mut answers = Vec::with_capacity(filters.len());
        for (table, filter) in filters {
            answers.push(misunderstood(&mut session.connection, table, filter).await?);
        }
        let _ = session.connection.disconnect().await;
        Ok(answers)
    }

    async fn probe(
        &self,
        requests: &[ProbeRequest],
        limits: &ProbeLimits,
    ) -> Result<Vec<TableProbe>> {
        probe::probe(&self.server, requests, limits).await
    }

    async fn open_snapshot(&self, scans: &[Scan], readers: usize) -> Result<OpenedSnapshot> {
        lock::open(&self.server, self.connections, scans, readers).await
    }
}

/// Prepares the filter as it will be read, and by itself: what closes our parenthesis to go on behind
/// it is understood in the first form alone.
async fn misunderstood(
    connection: &mut Conn,
    table: &TableName,
    filter: &str,
) -> Result<Option<Error>> {
    if filter.trim().is_empty() {
        return Ok(Some(bad_filter(table, "it is empty")));
    }
    let from = format!("SELECT 1 FROM {} WHERE", quote_table(table));
    for statement in [
        format!("{from} {}", filter_condition(filter)),
        format!("{from}\n{filter}\n"),
    ] {
        let prepared = match connection.prep(statement).await {
            Ok(prepared) => prepared,
            Err(failure)
                if number(&failure).is_none() && failure.is_fatal() && !is_ours(&failure) =>
            {
                return Err(translate(failure));
            }
            Err(failure) => return Ok(Some(as_filter_error(table, failure))),
        };
        let places = prepared.num_params();
        connection.close(prepared).await.map_err(translate)?;
        if places > 0 {
            return Ok(Some(bad_filter(
                table,
                "it holds a placeholder (? or :name)",
            )));
        }
    }
    Ok(None)
}

/// A placeholder that the driver stumbles over before the server sees it.
fn is_ours(failure: &mysql_async::Error) -> bool {
    matches!(
        failure,
        mysql_async::Error::Driver(mysql_async::DriverError::MixedParams)
    )
}

fn as_filter_error(table: &TableName, failure: mysql_async::Error) -> Error {
    let mut error = translate(failure);
    error.code = match error.code {
        "COLUMN_MISSING" => "FILTER_COLUMN_MISSING",
        "SERVER_ERROR" | "INTERNAL" => "FILTER_INVALID",
        other => other,
    };
    if matches!(error.code, "FILTER_COLUMN_MISSING" | "FILTER_INVALID") {
        error.kind = ErrorKind::Config;
    }
    error.context(format!("the filter of {table} is not understood"))
}

fn bad_filter(table: &TableName, reason: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        "FILTER_INVALID",
        format!("the filter of {table} is not understood: {reason}"),
    )
    .on(Side::Source)
    .hint("write a condition as it would stand behind WHERE")
}

/// Whether the user may lock, as far as its grants tell.
async fn lock_right(connection: &mut Conn) -> Option<Finding> {
    let grants: Vec<String> = connection.query("SHOW GRANTS").await.ok()?;
    let words = ["RELOAD", "FLUSH_TABLES", "LOCK TABLES", "ALL PRIVILEGES"];
    let may = grants.iter().any(|grant| {
        // A grant of a role says nothing of what the role may do.
        !grant.contains(" ON ") || words.iter().any(|word| grant.contains(word))
    });
    (!may).then(|| {
        Finding::warning(
            "NO_LOCK_RIGHT",
            "",
            "the user may not lock tables: one session will read all of them, one after the other",
        )
        .hint("grant RELOAD ON *.*, or LOCK TABLES on the database, to read in parallel")
    })
}
