//! What must outlive us: one line per step that cannot be seen from outside. Intent is written
//! before the step, the result after it.

use async_trait::async_trait;
use contract::{Evidence, Manifest, Receipt, Split, Staging};
use model::checksum::ValueProof;
use model::run::TableReport;
use model::{LoadId, PipelineId, Result, RunId, SnapshotId};
use serde::{Deserialize, Serialize};

use crate::rejected::RejectedPart;

/// Where entries are kept; append-only.
#[async_trait]
pub trait Journal: Send + Sync {
    /// All entries of a run, in the order in which they were appended.
    async fn read(&self, run: &RunId) -> Result<Vec<Entry>>;

    /// Durable when it returns. Refused to whoever no longer holds the run, as a conflict that no further
    /// try resolves: the run ends then.
    async fn append(&self, run: &RunId, entry: &Entry) -> Result<()>;
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The run starts or is taken up, with these tables, each by the digest of its plan.
    Started {
        /// Every pipeline of the plan with its digest.
        pipelines: Vec<(PipelineId, String)>,
    },
    /// A moment of the source is held for these tables.
    Snapshot {
        /// The moment.
        id: SnapshotId,
        /// The tables.
        pipelines: Vec<PipelineId>,
    },
    /// The table is cut; from here the work is fixed.
    Splits {
        /// The table.
        pipeline: PipelineId,
        /// Its parts.
        splits: Vec<Split>,
    },
    /// Room at the destination is about to be made: what to sweep after a crash.
    Prepared {
        /// The table.
        pipeline: PipelineId,
        /// The room.
        staging: Box<Staging>,
        /// The moment that the rows are of.
        snapshot: SnapshotId,
    },
    /// A split is written, durable and not yet visible.
    SplitDone {
        /// The table.
        pipeline: PipelineId,
        /// The load that it belongs to.
        load: LoadId,
        /// Its account.
        manifest: Box<Manifest>,
        /// The file of its rejected rows, where there are any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rejected: Option<RejectedPart>,
    },
    /// What stands staged was read back and agrees with the account.
    Verified {
        /// The table.
        pipeline: PipelineId,
        /// The load.
        load: LoadId,
        /// What was read back.
        evidence: Evidence,
        /// What was proven of the values, where that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checksums: Option<Box<ValueProof>>,
    },
    /// The destination is about to be asked to publish.
    Committing {
        /// The table.
        pipeline: PipelineId,
        /// The load.
        load: LoadId,
        /// The report as it will be if the commit is done.
        report: Box<TableReport>,
    },
    /// It is published.
    Committed {
        /// The table.
        pipeline: PipelineId,
        /// The proof.
        receipt: Receipt,
        /// The table's report.
        report: Box<TableReport>,
    },
    /// The load is published, and what it needed for that could not be removed.
    Uncleaned {
        /// The table.
        pipeline: PipelineId,
        /// The load.
        load: LoadId,
    },
    /// The load will never be published; what was staged is swept.
    Aborted {
        /// The table.
        pipeline: PipelineId,
        /// The load.
        load: LoadId,
        /// Why, for a person.
        reason: String,
    },
    /// The run ended; nothing is left to take up unless tables failed.
    Ended,
}

impl Entry {
    /// Its kind as a word, for the store and for those who watch.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Snapshot { .. } => "snapshot",
            Self::Splits { .. } => "splits",
            Self::Prepared { .. } => "prepared",
            Self::SplitDone { .. } => "split-done",
            Self::Verified { .. } => "verified",
            Self::Committing { .. } => "committing",
            Self::Committed { .. } => "committed",
            Self::Uncleaned { .. } => "uncleaned",
            Self::Aborted { .. } => "aborted",
            Self::Ended => "ended",
        }
    }
}
