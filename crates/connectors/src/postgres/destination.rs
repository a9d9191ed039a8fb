//! PostgreSQL as a destination: rows go by binary COPY into a staging table beside the target, and one
//! transaction with a row in the marker table makes them visible.

mod array_shape;
mod commit;
mod copy_in;
mod encode;
mod existing;
mod facts;
mod in_place;
mod indexes;
mod json_text;
pub(super) mod limits;
mod marker;
pub(super) mod matching;
mod older_snapshots;
mod read_back;
mod sequences;
mod sessions;
mod staged;
mod swap;
mod unfit;

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Receipt, SplitWriter,
    Staging, TaskContext, Unfit,
};
use model::plan::{Column, Write};
use model::{Finding, LoadId, Result, TableName};

use self::sessions::Sessions;
use self::staged::Staged;
use super::connect::Connector;
use super::write_options::WriteOptions;

/// One PostgreSQL database, opened for writing.
pub(super) struct PostgresDestination {
    sessions: Arc<Sessions>,
    namespace: String,
}

impl PostgresDestination {
    pub(super) fn new(connector: Connector, how: &WriteOptions, namespace: String) -> Self {
        Self {
            sessions: Sessions::new(connector, how),
            namespace,
        }
    }
}

#[async_trait]
impl Destination for PostgresDestination {
    async fn check(&self) -> Result<Vec<Finding>> {
        let turn = self.sessions.turn().await?;
        let findings = existing::check(&turn.session, &self.namespace).await?;
        self.sessions.give_back(turn.session);
        Ok(findings)
    }

    fn place(&self) -> Option<String> {
        Some(self.sessions.place())
    }

    fn namespace(&self) -> String {
        self.namespace.clone()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        let turn = self.sessions.turn().await?;
        let described = existing::describe(&turn.session, tables).await?;
        self.sessions.give_back(turn.session);
        Ok(described)
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        staged::stage(write, load)
    }

    fn unfit(&self, write: &Write, batch: &RecordBatch) -> Result<Vec<Unfit>> {
        Ok(unfit::of_batch(write, batch))
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        let turn = self.sessions.turn().await?;
        let staged = Staged::of(staging)?;
        staged.prepare(&turn.session).await?;
        self.sessions.give_back(turn.session);
        Ok(())
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        let staged = Staged::of(staging)?;
        let writer = copy_in::CopyIn::start(&self.sessions, &staged, task).await?;
        Ok(Box::new(writer))
    }

    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        let turn = self.sessions.turn().await?;
        let evidence = Staged::of(staging)?
            .evidence(&turn.session, manifests)
            .await?;
        self.sessions.give_back(turn.session);
        Ok(evidence)
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        read_back::read(&self.sessions, &Staged::of(staging)?, manifests).await
    }

    fn normalises(&self, column: &Column) -> Option<String> {
        read_back::normalises(column)
    }

    async fn replaces(&self, staging: &Staging) -> Result<Option<u64>> {
        let turn = self.sessions.turn().await?;
        let rows = Staged::of(staging)?.replaces(&turn.session).await?;
        self.sessions.give_back(turn.session);
        Ok(Some(rows))
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let staged = match Staged::of(staging) {
            Ok(staged) => staged,
            Err(error) => return CommitOutcome::NotDone(error),
        };
        match self.sessions.turn().await {
            Ok(turn) => commit::commit(&self.sessions, turn.session, &staged, manifests).await,
            Err(error) => CommitOutcome::NotDone(error),
        }
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        let turn = self.sessions.turn().await?;
        let receipt = marker::settle(&turn.session, staging).await?;
        self.sessions.give_back(turn.session);
        Ok(receipt)
    }

    async fn clean(&self, staging: &Staging) -> Result<()> {
        let turn = self.sessions.turn().await?;
        let staged = Staged::of(staging)?;
        staged.drop(&turn.session).await?;
        // Else the server would plan as if the table were as it was, until it looks by itself.
        staged.analyze(&turn.session).await?;
        self.sessions.give_back(turn.session);
        Ok(())
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        let turn = self.sessions.turn().await?;
        Staged::of(staging)?.drop(&turn.session).await?;
        self.sessions.give_back(turn.session);
        Ok(())
    }
}
