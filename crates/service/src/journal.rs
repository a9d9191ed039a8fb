//! Joins the engine's journal and the store: entries become lines of JSON and back.

use async_trait::async_trait;
use engine::{Entry, Journal};
use model::{Error, ErrorKind, Result, RunId, Side};
use store::Store;

/// The store as the engine's journal.
pub struct StoreJournal(pub Store);

#[async_trait]
impl Journal for StoreJournal {
    async fn read(&self, run: &RunId) -> Result<Vec<Entry>> {
        let records = self.0.records(run).await?;
        let entries = records.iter().map(|record| {
            serde_json::from_str(&record.json).map_err(|cause| {
                let (line, kind) = (record.sequence, &record.kind);
                let message = format!(
                    "line {line} ({kind}) of the journal of {run} cannot be understood by this version"
                );
                Error::new(ErrorKind::Data, "JOURNAL_UNREADABLE", message)
                    .on(Side::Store)
                    .caused_by(cause)
            })
        });
        entries.collect()
    }

    async fn append(&self, run: &RunId, entry: &Entry) -> Result<()> {
        let json = serde_json::to_string(entry).map_err(|cause| {
            Error::internal("a journal entry cannot be written as JSON").caused_by(cause)
        })?;
        self.0.append(run, entry.kind(), &json).await
    }
}
