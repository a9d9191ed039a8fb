//! After a crash: reads the journal as it stands, settles every load that may have been published,
//! sweeps the others. Reads like the list of entries.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::{Destination, Staging};
use model::run::TableReport;
use model::{LoadId, PipelineId, Result, RunId, SnapshotId, TableName};

use crate::journal::{Entry, Journal};

/// What the journal says of one table.
#[derive(Debug, Default)]
pub(crate) struct TableRecord {
    /// The digest of its plan when the run last started.
    pub(crate) digest: Option<String>,
    /// The number of the last attempt.
    pub(crate) attempts: u32,
    /// Every load that did not end: the last one, and earlier ones that could not be swept.
    open: Vec<OpenLoad>,
    /// The report of its commit.
    pub(crate) committed: Option<TableReport>,
    /// The load that was committed: its process may have died before it cleaned up.
    landed: Option<Staging>,
    /// Whether it could not be cleaned up after.
    uncleaned: bool,
}

#[derive(Debug)]
struct OpenLoad {
    staging: Staging,
    intended: Option<TableReport>,
    snapshot: SnapshotId,
}

impl TableRecord {
    /// The load is not open any more.
    fn end(&mut self, load: &LoadId) -> Option<Staging> {
        let at = self
            .open
            .iter()
            .position(|open| open.staging.load == *load)?;
        Some(self.open.remove(at).staging)
    }
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
                table.open.push(OpenLoad {
                    staging: *staging,
                    intended: None,
                    snapshot,
                });
            }
            Entry::Committing {
                pipeline,
                load,
                report,
            } => {
                let open = self.at(&pipeline).open.iter_mut();
                for open in open.filter(|open| open.staging.load == load) {
                    open.intended = Some((*report).clone());
                }
            }
            Entry::Committed {
                pipeline,
                receipt,
                report,
            } => {
                let table = self.at(&pipeline);
                table.landed = table.end(&receipt.load).or(table.landed.take());
                table.committed = Some(*report);
            }
            Entry::Uncleaned { pipeline, .. } => self.at(&pipeline).uncleaned = true,
            Entry::Aborted { pipeline, load, .. } => drop(self.at(&pipeline).end(&load)),
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
    /// Whether a load of the run stands; else what it staged is swept and will never be published.
    pub published: bool,
}

/// Whether the run left loads open (such as its process died over, or such as could not be swept), or
/// something that a published load needs no more.
pub async fn has_open_loads(run: &RunId, journal: &dyn Journal) -> Result<bool> {
    let record = RunRecord::of(journal.read(run).await?);
    let mut tables = record.tables.values();
    Ok(tables.any(|table| !table.open.is_empty() || table.uncleaned))
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

/// What stands of some tables of a run once nothing of them is open any more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettledTables {
    /// The loads that were open.
    pub settled: Vec<Settled>,
    /// The report of each table that the run has committed, whenever it did.
    pub committed: BTreeMap<PipelineId, TableReport>,
}

/// The same for these tables of the run alone: its others may be under way.
pub async fn settle_tables(
    run: &RunId,
    pipelines: &BTreeSet<PipelineId>,
    journal: &dyn Journal,
    destination: &dyn Destination,
) -> Result<SettledTables> {
    let mut record = RunRecord::of(journal.read(run).await?);
    record.tables.retain(|id, _| pipelines.contains(id));
    let settled = settle_open(run, &mut record, journal, destination).await?;
    let tables = record.tables.into_iter();
    let committed = tables.filter_map(|(id, table)| Some((id, table.committed?)));
    Ok(SettledTables {
        settled,
        committed: committed.collect(),
    })
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
        let mut name = None;
        let mut published = false;
        for open in std::mem::take(&mut table.open) {
            name = Some(open.staging.write.table.name.clone());
            let staging = open.staging.clone();
            if let Some(report) = settle_one(run, pipeline, open, journal, destination).await? {
                published = true;
                table.committed = Some(report);
                table.landed = Some(staging);
            }
        }
        settled.extend(name.map(|destination| Settled {
            destination,
            published: published || table.committed.is_some(),
        }));
    }
    Ok(settled)
}

/// The table's report where the load turns out published; where not, it is swept.
async fn settle_one(
    run: &RunId,
    pipeline: &PipelineId,
    open: OpenLoad,
    journal: &dyn Journal,
    destination: &dyn Destination,
) -> Result<Option<TableReport>> {
    let pipeline = pipeline.clone();
    match (destination.settle(&open.staging).await?, open.intended) {
        (Some(receipt), Some(report)) => {
            let entry = Entry::Committed {
                pipeline,
                receipt,
                report: Box::new(report.clone()),
            };
            journal.append(run, &entry).await?;
            Ok(Some(report))
        }
        (Some(_), None) => {
            let message = format!(
                "load {} of snapshot {} was published without having been asked for",
                open.staging.load, open.snapshot
            );
            Err(model::Error::internal(message))
        }
        (None, _) => {
            destination.abort(&open.staging).await?;
            let entry = Entry::Aborted {
                pipeline,
                load: open.staging.load,
                reason: "its process ended before the commit".to_owned(),
            };
            journal.append(run, &entry).await?;
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::Receipt;
    use model::run::TableState;
    use serde_json::json;

    use super::*;

    fn staging(attempt: u32) -> Staging {
        let table = json!({"schema": "s", "table": "t"});
        let write = json!({
            "table": {"name": table, "columns": [], "primary_key": [], "comment": null},
            "policy": "overwrite", "partition": null, "exists": false, "ddl": [],
        });
        Staging {
            load: LoadId::of(&RunId::new("r"), &PipelineId::new("p"), attempt),
            write: serde_json::from_value(write).unwrap(),
            payload: json!(null),
        }
    }

    fn prepared(attempt: u32) -> Entry {
        Entry::Prepared {
            pipeline: PipelineId::new("p"),
            staging: Box::new(staging(attempt)),
            snapshot: SnapshotId::new("s"),
        }
    }

    fn report() -> TableReport {
        TableReport::blank("s.t".to_owned(), None, TableState::Succeeded)
    }

    fn open(entries: Vec<Entry>) -> Vec<u32> {
        let record = RunRecord::of(entries);
        let table = record.table(&PipelineId::new("p")).unwrap();
        let loads = table.open.iter().map(|open| &open.staging.load);
        loads.filter_map(LoadId::attempt).collect()
    }

    #[test]
    fn a_load_that_could_not_be_swept_stays_open_beside_later_ones() {
        let pipeline = PipelineId::new("p");
        let aborted = |attempt| Entry::Aborted {
            pipeline: pipeline.clone(),
            load: staging(attempt).load,
            reason: String::new(),
        };
        let committed = Entry::Committed {
            pipeline: pipeline.clone(),
            receipt: Receipt {
                load: staging(3).load,
                payload: json!(null),
            },
            report: Box::new(report()),
        };
        let committing = Entry::Committing {
            pipeline: pipeline.clone(),
            load: staging(3).load,
            report: Box::new(report()),
        };
        let mut entries = vec![prepared(1), prepared(2)];
        assert_eq!(open(entries.clone()), [1, 2]);
        entries.extend([aborted(2), prepared(3), committing]);
        assert_eq!(open(entries.clone()), [1, 3]);
        let record = RunRecord::of(entries.clone());
        let intended: Vec<bool> = record.tables[&pipeline]
            .open
            .iter()
            .map(|open| open.intended.is_some())
            .collect();
        assert_eq!(intended, [false, true]);
        entries.push(committed);
        assert_eq!(open(entries.clone()), [1]);
        entries.push(aborted(1));
        assert_eq!(open(entries), [0; 0]);
    }
}
