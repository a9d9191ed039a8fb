//! A journal in memory: outlives the "process" of a test, not the test.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::{Entry, Journal};
use model::run::RejectedRow;
use model::{Result, RunId, TableName};

use crate::conformance::Notes;

/// Entries of one run, and its rejected rows.
#[derive(Default)]
pub struct MemoryJournal {
    entries: Mutex<Vec<Entry>>,
    rejected: Mutex<Vec<RejectedRow>>,
}

impl MemoryJournal {
    /// Empty.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The kinds of all entries so far.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(Entry::kind)
            .collect()
    }

    /// The rejected rows so far.
    pub fn rejected(&self) -> Vec<RejectedRow> {
        self.rejected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Notes for MemoryJournal {
    async fn kept(&self) -> Vec<RejectedRow> {
        self.rejected()
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn read(&self, _run: &RunId) -> Result<Vec<Entry>> {
        Ok(self
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    async fn append(&self, _run: &RunId, entry: &Entry) -> Result<()> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry.clone());
        Ok(())
    }

    async fn keep_rejected(&self, _run: &RunId, rows: Vec<RejectedRow>) -> Result<()> {
        self.rejected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(rows);
        Ok(())
    }

    async fn forget_rejected(&self, _run: &RunId, table: &TableName) -> Result<()> {
        let name = table.to_string();
        self.rejected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|row| row.table != name);
        Ok(())
    }
}
