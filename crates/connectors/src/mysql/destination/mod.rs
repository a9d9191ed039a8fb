//! MySQL and MariaDB as a destination: rows land in a staging table beside their target, one
//! transaction per split, and one step at the server publishes them.

mod commit;
mod errors;
mod exchange;
mod existing;
mod fit;
mod folding;
pub(crate) mod limits;
mod rights;
pub(crate) mod room;
mod sessions;
mod stage;
mod staged;
mod ties;
pub(crate) mod types;
mod update;
mod values;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use contract::{
    Batches, CommitOutcome, Destination, Evidence, ExistingTable, Manifest, Receipt, SplitWriter,
    Staging, TaskContext, Unfit,
};
use model::migration::LoadingPolicy;
use model::plan::{Column, Write};
use model::{Error, ErrorKind, Finding, LoadId, Result, Side, TableName};

use self::commit::Publication;
use self::rights::Rights;
use self::room::Room;
use self::sessions::Sessions;
use self::writer::{Order, Writer};
use super::connect::Server;
use super::options::MysqlWrite;

/// A MySQL or MariaDB server to write to.
pub(crate) struct MysqlDestination {
    sessions: Arc<Sessions>,
    /// The database that tables go to.
    namespace: String,
    /// How long a commit tries for its table's lock.
    commit_wait: Duration,
    /// Loads below so many mebibytes are rebuilt before they appear.
    rebuild_below: u64,
}

/// What the user needs to write in every way.
const RIGHTS: [&str; 8] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX",
];

impl MysqlDestination {
    pub(crate) fn new(
        server: Server,
        connections: usize,
        namespace: String,
        how: &MysqlWrite,
    ) -> Self {
        Self {
            sessions: Sessions::new(server, connections),
            namespace,
            commit_wait: Duration::from_secs(how.commit_wait_seconds),
            rebuild_below: how.rebuild_below_mebibytes,
        }
    }
}

#[async_trait]
impl Destination for MysqlDestination {
    async fn check(&self) -> Result<Vec<Finding>> {
        let mut lease = self.sessions.lease().await?;
        let connection = &mut lease.connection;
        let server = self.sessions.server();
        let mut findings = Vec::new();
        if !server.encrypted() {
            let message = format!("connections to {} are in clear text", server.label());
            findings.push(Finding::note("NOT_ENCRYPTED", "", message));
        }
        let missing = Rights::of(connection)
            .await?
            .missing(&RIGHTS, &self.namespace);
        if !missing.is_empty() {
            let message = format!(
                "the user may not {} in database {:?}",
                missing.join(", "),
                self.namespace
            );
            return Err(Error::new(ErrorKind::Auth, "NO_RIGHT", message)
                .on(Side::Destination)
                .hint(format!(
                    "GRANT {} ON `{}`.* TO this user",
                    RIGHTS.join(", "),
                    self.namespace
                )));
        }
        if !stage::database_exists(connection, &self.namespace).await? {
            let message = format!("database {:?} is made by the first load", self.namespace);
            findings.push(Finding::note("DATABASE_MADE", "", message));
        }
        lease.give_back();
        Ok(findings)
    }

    fn place(&self) -> Option<String> {
        Some(self.sessions.server().place())
    }

    fn namespace(&self) -> String {
        self.namespace.clone()
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<ExistingTable>>> {
        let mut lease = self.sessions.lease().await?;
        let described = existing::describe(&mut lease.connection, tables).await?;
        lease.give_back();
        Ok(described)
    }

    fn stage(&self, write: &Write, load: &LoadId) -> Result<Staging> {
        let room = Room::of(&write.table.name.schema, load);
        Ok(Staging {
            load: load.clone(),
            write: write.clone(),
            payload: serde_json::json!(room),
        })
    }

    fn unfit(&self, write: &Write, batch: &RecordBatch) -> Result<Vec<Unfit>> {
        fit::unfit(write, batch, self.sessions.packet())
    }

    async fn prepare(&self, staging: &Staging) -> Result<()> {
        let mut lease = self.sessions.lease().await?;
        let (staging, room) = lease.folding.staging(staging)?;
        let staging = &staging;
        let write = &staging.write;
        if write.exists && write.policy == LoadingPolicy::Overwrite {
            let ties = ties::Ties::of(&mut lease.connection, &write.table.name).await?;
            ties.allow(write.policy, &write.table.name)?;
        }
        stage::prepare(&mut lease.connection, staging, &room).await?;
        lease.give_back();
        Ok(())
    }

    async fn writer(&self, staging: &Staging, task: &TaskContext) -> Result<Box<dyn SplitWriter>> {
        let lease = self.sessions.lease().await?;
        let (staging, room) = lease.folding.staging(staging)?;
        lease.give_back();
        let order = Order {
            write: staging.write,
            room,
            split: task.split.to_string(),
            cancel: task.cancel.clone(),
        };
        Ok(Box::new(Writer::open(&self.sessions, order).await?))
    }

    async fn evidence(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Evidence> {
        let mut lease = self.sessions.lease().await?;
        let (staging, room) = lease.folding.staging(staging)?;
        let evidence = stage::evidence(&mut lease.connection, &staging, &room, manifests).await?;
        lease.give_back();
        Ok(evidence)
    }

    async fn read_staged(&self, staging: &Staging, manifests: &[Manifest]) -> Result<Vec<Batches>> {
        // All parts stand in one table and cannot be told apart: other rows than those asked for are
        // no answer.
        let asked: u64 = manifests.iter().map(|manifest| manifest.part.written).sum();
        let found = self.evidence(staging, manifests).await?.rows;
        if found != asked {
            let message = format!("{asked} rows were written, {found} stand staged");
            return Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination));
        }
        let room = Room::from_payload(&staging.payload)?;
        let table = &staging.write.table;
        Ok(vec![staged::stream(&self.sessions, &room, table)?])
    }

    fn normalises(&self, column: &Column) -> Option<String> {
        let json = column.native == "json";
        json.then(|| "the server keeps JSON documents in a form of its own".to_owned())
    }

    async fn replaces(&self, staging: &Staging) -> Result<Option<u64>> {
        let mut lease = self.sessions.lease().await?;
        let rows = stage::replaces(&mut lease.connection, &staging.write).await?;
        lease.give_back();
        Ok(rows)
    }

    async fn commit(&self, staging: &Staging, manifests: &[Manifest]) -> CommitOutcome {
        let mut lease = match self.sessions.lease().await {
            Ok(lease) => lease,
            Err(error) => return CommitOutcome::NotDone(error),
        };
        let (staging, room) = match lease.folding.staging(staging) {
            Ok(folded) => folded,
            Err(error) => return CommitOutcome::NotDone(error),
        };
        let publication = Publication {
            wait: self.commit_wait,
            rebuild_below: self.rebuild_below,
            ..Publication::new(&staging, &room, manifests)
        };
        let outcome = publication.publish(&mut lease.connection).await;
        if matches!(outcome, CommitOutcome::Done(_)) {
            lease.give_back();
        }
        outcome
    }

    async fn settle(&self, staging: &Staging) -> Result<Option<Receipt>> {
        let mut lease = self.sessions.lease().await?;
        let (staging, room) = lease.folding.staging(staging)?;
        let receipt = commit::settle(&mut lease.connection, &staging, &room).await?;
        lease.give_back();
        Ok(receipt)
    }

    async fn clean(&self, staging: &Staging) -> Result<()> {
        let mut lease = self.sessions.lease().await?;
        let (staging, room) = lease.folding.staging(staging)?;
        stage::clean(&mut lease.connection, &staging, &room).await?;
        lease.give_back();
        Ok(())
    }

    async fn abort(&self, staging: &Staging) -> Result<()> {
        let mut lease = self.sessions.lease().await?;
        let (_, room) = lease.folding.staging(staging)?;
        stage::abort(&mut lease.connection, &room).await?;
        lease.give_back();
        Ok(())
    }
}
