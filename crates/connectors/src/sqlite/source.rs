//! The file as a source. Each question opens a session of its own; nothing stays open between them.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{OpenedSnapshot, ProbeLimits, ProbeRequest, Source, TableProbe};
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, Finding, NativeTable, Result, TableName};
use rusqlite::Connection;

use super::session::{DatabaseFile, ask, blocking, look};
use super::{catalog, filter, probe, snapshot};

/// One database file.
pub(super) struct SqliteSource {
    file: DatabaseFile,
}

impl SqliteSource {
    pub(super) fn new(file: DatabaseFile) -> Self {
        Self { file }
    }

    async fn in_session<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let file = self.file.clone();
        blocking(move || {
            let connection = file.open()?;
            look(&connection, &file)?;
            work(&connection)
        })
        .await
    }
}

#[async_trait]
impl Source for SqliteSource {
    async fn check(&self) -> Result<Vec<Finding>> {
        self.in_session(|connection| {
            let mut findings = Vec::new();
            let journal: String = ask(connection, "PRAGMA journal_mode")?;
            if journal != "wal" {
                let message = "while tables are read nobody can commit to the file: it is not in \
                               WAL mode";
                let hint = "turn it on (PRAGMA journal_mode=WAL), or read a copy made with \
                            VACUUM INTO";
                findings.push(Finding::note("WRITERS_WAIT", "", message).hint(hint));
            }
            Ok(findings)
        })
        .await
    }

    fn default_schema(&self) -> String {
        catalog::SCHEMA.to_owned()
    }

    async fn tables(&self, schemas: &[String]) -> Result<Vec<ListedTable>> {
        if !schemas.is_empty() && schemas.iter().all(|schema| schema != catalog::SCHEMA) {
            return Ok(Vec::new());
        }
        self.in_session(catalog::list).await
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        let tables = tables.to_vec();
        self.in_session(move |connection| catalog::describe(connection, &tables))
            .await
    }

    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        let filters = filters.to_vec();
        self.in_session(move |connection| {
            filter::strict(connection)?;
            let problems = filters
                .iter()
                .map(|(table, filter)| filter::problem(connection, table, filter));
            Ok(problems.collect())
        })
        .await
    }

    async fn probe(
        &self,
        requests: &[ProbeRequest],
        limits: &ProbeLimits,
    ) -> Result<Vec<TableProbe>> {
        probe::probe(&self.file, requests, limits).await
    }

    async fn open_snapshot(&self, scans: &[Scan], readers: usize) -> Result<OpenedSnapshot> {
        let (file, scans) = (self.file.clone(), scans.to_vec());
        let opened = blocking(move || snapshot::open(&file, &scans, readers)).await?;
        Ok(OpenedSnapshot {
            snapshot: Arc::new(opened.snapshot),
            refused: opened.refused,
            findings: opened.findings,
        })
    }
}
