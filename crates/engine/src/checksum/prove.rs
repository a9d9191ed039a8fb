//! Carries the proof out: reads back what stands staged, asks the source, compares.

use std::sync::Arc;

use contract::{
    Batches, CancellationToken, Destination, Manifest, Snapshot, SourceFigures, Staging,
};
use futures::StreamExt;
use model::checksum::ValueProof;
use model::plan::{Pipeline, Write};
use model::{Error, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::compare::{SourceSide, source_agrees, staged_agrees};
use super::sums::{ColumnSpec, Handed, RowSums, Sums};
use crate::verify::Totals;

/// What there is to prove.
pub(crate) struct Proving<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) snapshot: &'a dyn Snapshot,
    pub(crate) destination: &'a dyn Destination,
    pub(crate) slots: &'a Arc<Semaphore>,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) staging: &'a Staging,
    pub(crate) manifests: &'a [Manifest],
    pub(crate) handed: &'a Handed,
    pub(crate) totals: Totals,
}

/// The columns of a load as they are summed, for this destination.
pub(crate) fn specs(destination: &dyn Destination, write: &Write) -> Vec<ColumnSpec> {
    let columns = write.table.columns.iter();
    columns
        .map(|column| ColumnSpec {
            holds: column.holds.clone(),
            comparable: destination.normalises(column).is_none(),
        })
        .collect()
}

impl Proving<'_> {
    /// The proof, or the error that says where the sides differ.
    pub(crate) async fn prove(&self) -> Result<ValueProof> {
        let (staged, figures) = tokio::try_join!(self.staged(), self.figures())?;
        let columns = &self.pipeline.write.table.columns;
        let normalised = columns
            .iter()
            .map(|column| self.destination.normalises(column))
            .collect();
        let mut proof = staged_agrees(columns, normalised, &self.handed.sums, &staged)?;
        let side = SourceSide {
            figures: figures.as_ref().map_err(Clone::clone),
            read: self.totals.read,
            rejected: self.totals.rejected,
        };
        source_agrees(self.pipeline, &side, self.handed, &mut proof)?;
        Ok(proof)
    }

    /// Sums of what stands staged. Each stream takes a slot, as a split does.
    async fn staged(&self) -> Result<Sums> {
        let specs: Arc<[ColumnSpec]> = specs(self.destination, &self.pipeline.write).into();
        let streams = self
            .destination
            .read_staged(self.staging, self.manifests)
            .await?;
        let mut reading = JoinSet::new();
        for stream in streams {
            let (specs, slots) = (Arc::clone(&specs), Arc::clone(self.slots));
            let cancel = self.cancel.clone();
            reading.spawn(async move {
                let _slot = slots
                    .acquire_owned()
                    .await
                    .map_err(|_| Error::internal("the run's slots were closed"))?;
                tokio::select! {
                    () = cancel.cancelled() => Err(Error::cancelled()),
                    sums = sum(stream, &specs) => sums,
                }
            });
        }
        // With no row there is no stream, and still a sum for each column.
        let mut all = RowSums::new(&specs).finish();
        while let Some(joined) = reading.join_next().await {
            let sums = joined.map_err(|_| Error::internal("a task that sums rows died"))?;
            all.merge(&sums?);
        }
        Ok(all)
    }

    /// What the source computes; or why it does not. What it cannot compute fails no table, a lost
    /// connection does.
    async fn figures(&self) -> Result<std::result::Result<SourceFigures, String>> {
        let _slot = Arc::clone(self.slots)
            .acquire_owned()
            .await
            .map_err(|_| Error::internal("the run's slots were closed"))?;
        let asked = self.snapshot.figures(&self.pipeline.scan, self.cancel);
        match asked.await {
            Ok(Some(figures)) => Ok(Ok(figures)),
            Ok(None) => Ok(Err("this source computes no figures".to_owned())),
            Err(error) if error.is_retryable() || is_final(&error) => Err(error),
            Err(error) => Ok(Err(format!(
                "the source did not compute them: {}",
                error.message
            ))),
        }
    }
}

fn is_final(error: &Error) -> bool {
    error.code == "SNAPSHOT_LOST" || error.kind == model::ErrorKind::Cancelled
}

async fn sum(mut batches: Batches, specs: &[ColumnSpec]) -> Result<Sums> {
    let mut sums = RowSums::new(specs);
    while let Some(batch) = batches.next().await {
        sums.add(&batch?)?;
    }
    Ok(sums.finish())
}
