//! A journal in memory: outlives the "process" of a test, not the test.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::{Entry, Journal};
use model::{Result, RunId};

/// Entries of one run.
#[derive(Default)]
pub struct MemoryJournal {
    entries: Mutex<Vec<Entry>>,
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
}
