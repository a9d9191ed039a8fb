//! After a crash: reads the journal as it stands, settles every load that may have been published,
//! sweeps the others. Reads like the list of entries.

use std::collections::{BTreeMap, HashMap};

use contract::{Destination, Staging};
use model::run::TableReport;
use model::{PipelineId, Result, RunId, SnapshotId, TableName};

use crate::journal::{Entry, Journal};

/// What the journal says of one table.
#[derive(Debug, Default)]
pub(crate) struct TableRecord {
    /// The digest of its plan when the run last started.
    pub(crate) digest: Option<String>,
    /// The number of the last attempt.
    pub(crate) attempts: u32,
    /// The last load, unless it ended.
    open: Option<OpenLoad>,
    /// The report of its commit.
    pub(crate) committed: Option<TableReport>,
    /// The load that was committed: its process may have died before it cleaned up.
    landed: Option<Staging>,
}

#[derive(Debug)]
struct OpenLoad {
    staging: Staging,
    intended: Option<TableReport>,
    snapshot: SnapshotId,
}

/// What the journal says of a run.
#[derive(Debug, Default)]
pub(crate) struct RunRecord {
    pub(crate) tables: HashMap<PipelineId, TableRecord>,
}

impl RunRecord {
    pub(crate) fn of(entries: Vec<Entry>) -> Self {
        let mut record = Self::default();
        for entry in entries {
            record.take(entry);
        }
        record
    }

    pub(crate) fn table(&self, pipeline: &PipelineId) -> Option<&TableRecord> {
        self.tables.get(pipeline)
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Started { pipelines } => {
                for (pipeline, digest) in pipelines {
                    self.at(&pipeline).digest.get_or_insert(digest);
                }
            }
            Entry::Prepared {
                pipeline,
                staging,
                snapshot,
            } => {
                let table = self.at(&pipeline);
                // An attempt that failed before its room was noted leaves a hole in the numbers: no
                // load's name is ever given twice, for the destination remembers those given up.
                table.attempts = (table.attempts + 1).max(staging.load.attempt().unwrap_or(0));
                table.open = Some(OpenLoad {
                    staging: *staging,
                    intended: None,
                    snapshot,
                });
            }
            Entry::Committing {
                pipeline, report, ..
            } => {
                if let Some(open) = &mut self.at(&pipeline).open {
                    open.intended = Some(*report);
                }
            }
            Entry::Committed {
                pipeline, report, ..
            } => {
                let table = self.at(&pipeline);
                table.landed = table.open.take().map(|open| open.staging);
                table.committed = Some(*report);
            }
            Entry::Aborted { pipeline, .. } => self.at(&pipeline).open = None,
            Entry::Snapshot { .. }
            | Entry::Splits { .. }
            | Entry::SplitDone { .. }
            | Entry::Verified { .. }
            | Entry::Ended => {}
        }
    }

    fn at(&mut self, pipeline: &PipelineId) -> &mut TableRecord {
        self.tables.entry(pipeline.clone()).or_default()
    }
}

/// What became of a load that a dead process left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The table at the destination.
    pub destination: TableName,
    /// Whether the load stands; else it is swept and will never be published.
    pub published: bool,
}

/// Settles every load that the run left open, and journals the outcome. An error means that the
/// destination does not answer: nothing may be started then.
pub async fn settle_unfinished(
    run: &RunId,
    journal: &dyn Journal,
    destination: &dyn Destination,
) -> Result<Vec<Settled>> {
    let mut record = RunRecord::of(journal.read(run).await?);
    settle_open(run, &mut record, journal, destination).await
}

/// The same on a record that was read already; brings it up to date.
pub(crate) async fn settle_open(
    run: &RunId,
    record: &mut RunRecord,
    journal: &dyn Journal,
    destination: &dyn Destination,
) -> Result<Vec<Settled>> {
    let settled = settle_each(run, record, journal, destination).await?;
    for staging in record
        .tables
        .values()
        .filter_map(|table| table.landed.as_ref())
    {
        if let Err(error) = destination.clean(staging).await {
            tracing::warn!(load = %staging.load, %error, "could not clean up after a load");
        }
    }
    Ok(settled)
}

async fn settle_each(
    run: &RunId,
    record: &mut RunRecord,
    journal: &dyn Journal,
    destination: &dyn Destination,
) -> Result<Vec<Settled>> {
    let mut settled = Vec::new();
    let ordered: BTreeMap<_, _> = record.tables.iter_mut().collect();
    for (pipeline, table) in ordered {
        let Some(open) = table.open.take() else {
            continue;
        };
        let name = open.staging.write.table.name.clone();
        let receipt = destination.settle(&open.staging).await?;
        settled.push(Settled {
            destination: name,
            published: receipt.is_some(),
        });
        match (receipt, open.intended) {
            (Some(receipt), Some(report)) => {
                let entry = Entry::Committed {
                    pipeline: pipeline.clone(),
                    receipt,
                    report: Box::new(report.clone()),
                };
                journal.append(run, &entry).await?;
                table.committed = Some(report);
                table.landed = Some(open.staging);
            }
            (Some(_), None) => {
                let message = format!(
                    "load {} of snapshot {} was published without having been asked for",
                    open.staging.load, open.snapshot
                );
                return Err(model::Error::internal(message));
            }
            (None, _) => {
                destination.abort(&open.staging).await?;
                let entry = Entry::Aborted {
                    pipeline: pipeline.clone(),
                    load: open.staging.load.clone(),
                    reason: "its process ended before the commit".to_owned(),
                };
                journal.append(run, &entry).await?;
            }
        }
    }
    Ok(settled)
}
