//! Faults where rejected rows are kept.

use std::path::Path;
use std::sync::Arc;

use contract::RejectedShelf;
use engine::{RejectedPart, Shelf, ShelfFolder, Shelves};
use model::run::RejectedRow;
use model::{LoadId, Result, SplitId};

use super::{Fault, FaultPlan, broken};

/// Shelves in a folder that go wrong as the plan says.
pub struct FaultyShelves {
    inner: ShelfFolder,
    plan: Arc<FaultPlan>,
}

impl FaultyShelves {
    /// In `folder`.
    pub fn new(folder: &Path, plan: &Arc<FaultPlan>) -> Arc<Self> {
        Arc::new(Self {
            inner: ShelfFolder(folder.to_owned()),
            plan: Arc::clone(plan),
        })
    }
}

impl Shelves for FaultyShelves {
    fn shelf(&self, load: &LoadId, split: &SplitId, attempt: u32) -> Arc<dyn Shelf> {
        Arc::new(FaultyShelf {
            inner: self.inner.shelf(load, split, attempt),
            plan: Arc::clone(&self.plan),
        })
    }

    /// Nothing depends on it: what stays behind does not count.
    fn forget_earlier(&self, load: &LoadId) {
        if !self.plan.is_dead() && self.plan.next("forget-rejected").ok() == Some(None) {
            self.inner.forget_earlier(load);
        }
    }
}

struct FaultyShelf {
    inner: Arc<dyn Shelf>,
    plan: Arc<FaultPlan>,
}

impl FaultyShelf {
    fn around<T>(&self, label: &'static str, act: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.plan.next(label)? {
            None => act(),
            Some(Fault::CrashBefore) => Err(self.plan.die()),
            Some(Fault::CrashAfter) => act().and_then(|_| Err(self.plan.die())),
            Some(Fault::Fail | Fault::Partly) => Err(broken()),
            Some(Fault::LoseAnswer) => act().and_then(|_| Err(broken())),
        }
    }
}

impl RejectedShelf for FaultyShelf {
    fn put(&self, rows: &[RejectedRow]) -> Result<()> {
        self.around("keep-rejected", || self.inner.put(rows))
    }
}

impl Shelf for FaultyShelf {
    fn finish(&self) -> Result<Option<RejectedPart>> {
        self.around("finish-rejected", || self.inner.finish())
    }

    /// A dead process removes nothing.
    fn discard(&self) {
        if !self.plan.is_dead() {
            self.inner.discard();
        }
    }
}
