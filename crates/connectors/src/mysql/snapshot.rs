//! A held moment: sessions that opened their consistent snapshots while nobody could write, and one
//! of them that holds on to the tables' definitions until the last table has committed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contract::capabilities::SnapshotKind;
use contract::source::{Batches, Snapshot, SourceFigures, Split};
use contract::{CancellationToken, TaskContext};
use model::plan::Scan;
use model::{Error, Result, SnapshotId};
use tokio::sync::Mutex;

use super::figures::figures;
use super::pool::{Lease, ReaderPool, snapshot_lost};
use super::statement::{Part, select};
use super::wire::{Connection, Kind};
use super::{read, split};

/// The moment, its readers and its holder.
pub(crate) struct MysqlSnapshot {
    id: SnapshotId,
    readers: usize,
    pool: Arc<ReaderPool>,
    /// None where the only reader holds the tables itself.
    holder: Mutex<Holder>,
}

enum Holder {
    Session(Box<Connection>),
    /// The one reader.
    Reader,
    Gone,
}

const PING_TIMEOUT: Duration = Duration::from_secs(10);

impl MysqlSnapshot {
    /// The moment named `id`; without a holder the readers hold the tables themselves.
    pub(crate) fn new(id: SnapshotId, pool: Arc<ReaderPool>, holder: Option<Connection>) -> Self {
        let holder = match holder {
            Some(connection) => Holder::Session(Box::new(connection)),
            None => Holder::Reader,
        };
        Self {
            id,
            readers: pool.alive(),
            pool,
            holder: Mutex::new(holder),
        }
    }

    /// A session that reads the part, and how the values lie; one that turns out broken is replaced by
    /// another.
    async fn started(
        &self,
        scan: &Scan,
        part: &Part,
        task: &TaskContext,
    ) -> Result<(Lease, Vec<Kind>)> {
        loop {
            let mut lease = tokio::select! {
                lease = self.pool.lease() => lease?,
                () = task.cancel.cancelled() => return Err(Error::cancelled()),
            };
            let statement = select(scan, part);
            let started = lease
                .start(&statement.text, &statement.values, &task.cancel)
                .await;
            match started {
                Ok(kinds) => return Ok((lease, kinds)),
                Err(error) if error.code == "CONNECTION_LOST" => drop(lease),
                Err(error) => return Err(error.context(format!("could not read {}", scan.table))),
            }
        }
    }
}

#[async_trait]
impl Snapshot for MysqlSnapshot {
    fn id(&self) -> &SnapshotId {
        &self.id
    }

    fn kind(&self) -> SnapshotKind {
        SnapshotKind::Fixed
    }

    fn readers(&self) -> usize {
        self.readers
    }

    async fn split(&self, scan: &Scan, wanted: usize) -> Result<Vec<Split>> {
        let parts = loop {
            let mut lease = self.pool.lease().await?;
            match split::parts(&mut lease, scan, wanted).await {
                Ok(parts) => break parts,
                Err(error) if error.code == "CONNECTION_LOST" => drop(lease),
                Err(error) => return Err(error.context(format!("could not split {}", scan.table))),
            }
        };
        let share = scan
            .estimated_rows
            .map(|rows| rows / parts.len().max(1) as u64);
        parts
            .into_iter()
            .enumerate()
            .map(|(index, part)| {
                let payload = serde_json::to_value(part).map_err(|cause| {
                    Error::internal("could not write down a split").caused_by(cause)
                })?;
                Ok(Split::new(index, &self.id, share, payload))
            })
            .collect()
    }

    async fn read(&self, scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        if split.snapshot != self.id {
            return Err(snapshot_lost("the split belongs to another one"));
        }
        let part: Part = serde_json::from_value(split.payload.clone())
            .map_err(|cause| Error::internal("the split cannot be understood").caused_by(cause))?;
        let started = self.started(scan, &part, task).await?;
        read::stream(started, scan, task)
    }

    async fn figures(
        &self,
        scan: &Scan,
        cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        figures(self, scan, cancel).await.map(Some)
    }

    async fn check_held(&self) -> Result<()> {
        let mut holder = self.holder.lock().await;
        match &mut *holder {
            Holder::Session(connection) => {
                match tokio::time::timeout(PING_TIMEOUT, connection.run("DO 0")).await {
                    Ok(Ok(())) => Ok(()),
                    _ => {
                        *holder = Holder::Gone;
                        Err(snapshot_lost("the session that held the tables is gone"))
                    }
                }
            }
            // A reader at work is a reader that is there.
            Holder::Reader => match self.pool.try_lease()? {
                Some(mut lease) => {
                    let asked = lease.ask("SELECT 1").await;
                    asked
                        .map(drop)
                        .map_err(|_| snapshot_lost("the session that reads is gone"))
                }
                None => Ok(()),
            },
            Holder::Gone => Err(snapshot_lost("the session that held the tables is gone")),
        }
    }

    async fn close(&self) {
        self.pool.close().await;
        let holder = std::mem::replace(&mut *self.holder.lock().await, Holder::Gone);
        if let Holder::Session(connection) = holder {
            let _ = tokio::time::timeout(PING_TIMEOUT, connection.disconnect()).await;
        }
    }
}
