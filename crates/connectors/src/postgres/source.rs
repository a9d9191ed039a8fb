//! An opened PostgreSQL database to read from. One session for metadata, opened when first needed
//! and again when it broke; everything that reads rows belongs to a snapshot.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{OpenedSnapshot, ProbeLimits, ProbeRequest, Source, TableProbe};
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, Finding, NativeTable, Result, TableName};
use tokio::sync::{Mutex, MutexGuard};

use super::catalog;
use super::connect::{Connector, Session};
use super::errors::error_of;
use super::filters;
use super::options::USUAL_SCHEMA;
use super::probe;
use super::snapshot;

/// One PostgreSQL database.
pub(super) struct PostgresSource {
    connector: Arc<Connector>,
    /// For metadata: the spare one of the budget.
    spare: Mutex<Option<Session>>,
}

/// The spare session, in use.
struct Spare<'a>(MutexGuard<'a, Option<Session>>);

impl Spare<'_> {
    fn session(&self) -> Result<&Session> {
        self.0
            .as_ref()
            .ok_or_else(|| Error::internal("the session for metadata was not opened"))
    }
}

impl PostgresSource {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector: Arc::new(connector),
            spare: Mutex::new(None),
        }
    }

    async fn spare(&self) -> Result<Spare<'_>> {
        let mut spare = self.spare.lock().await;
        if spare.as_ref().is_none_or(Session::is_closed) {
            *spare = Some(self.connector.open().await?);
        }
        Ok(Spare(spare))
    }
}

#[async_trait]
impl Source for PostgresSource {
    async fn check(&self) -> Result<Vec<Finding>> {
        let spare = self.spare().await?;
        let query = "SELECT pg_catalog.current_setting('server_encoding'), pg_catalog.pg_is_in_recovery(), \
                     coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false)";
        let row = spare
            .session()?
            .client
            .query_one(query, &[])
            .await
            .map_err(error_of)?;
        let mut findings = Vec::new();
        if row.get::<_, &str>(0) == "SQL_ASCII" {
            let message = "the database has no encoding (SQL_ASCII): rows with text that is not UTF-8 are rejected";
            findings.push(Finding::warning("NO_ENCODING", "", message));
        }
        if row.get(1) {
            let message = "the server is a standby: long reads may be cancelled by its recovery";
            let hint = "set hot_standby_feedback = on, or a longer max_standby_streaming_delay, at the standby";
            findings.push(Finding::note("STANDBY", "", message).hint(hint));
        }
        let is_local = self.connector.options.is_socket();
        if !row.get::<_, bool>(2) && !is_local {
            let message = "the connection is not encrypted";
            findings.push(Finding::note("NOT_ENCRYPTED", "tls.mode", message));
        }
        Ok(findings)
    }

    fn place(&self) -> Option<String> {
        Some(self.connector.options.full_place())
    }

    fn default_schema(&self) -> String {
        let first = self.connector.options.search_path.first();
        first.map_or_else(|| USUAL_SCHEMA.to_owned(), Clone::clone)
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        let spare = self.spare().await?;
        catalog::schemas(spare.session()?).await
    }

    async fn tables(&self, schemas: &[String]) -> Result<Vec<ListedTable>> {
        let default = [self.default_schema()];
        let schemas = if schemas.is_empty() {
            &default
        } else {
            schemas
        };
        let spare = self.spare().await?;
        catalog::list(spare.session()?, &self.connector.how, schemas).await
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        let spare = self.spare().await?;
        catalog::describe(spare.session()?, &self.connector.how, tables).await
    }

    async fn check_filters(&self, asked: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        let spare = self.spare().await?;
        let session = spare.session()?;
        let mut answers = Vec::with_capacity(asked.len());
        for (table, filter) in asked {
            let answer = filters::check(session, &self.connector.how, table, filter).await;
            if session.is_closed()
                && let Some(error) = answer
            {
                return Err(error);
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn probe(
        &self,
        requests: &[ProbeRequest],
        limits: &ProbeLimits,
    ) -> Result<Vec<TableProbe>> {
        probe::probe(&self.connector, requests, limits).await
    }

    async fn open_snapshot(&self, scans: &[Scan], readers: usize) -> Result<OpenedSnapshot> {
        let spare = self.spare().await?;
        snapshot::open(&self.connector, spare.session()?, scans, readers).await
    }
}
