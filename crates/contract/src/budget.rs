//! One budget of memory for all writers of a process. When it is spent, the writer that holds the
//! most is asked to flush; it does so with its next batch.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The budget. Shared by all writers of a run.
pub struct WriteBudget {
    limit: usize,
    writers: Mutex<Writers>,
}

#[derive(Default)]
struct Writers {
    next: u64,
    held: HashMap<u64, (usize, Arc<AtomicBool>)>,
}

impl WriteBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            writers: Mutex::default(),
        })
    }

    /// A share for one writer; given back when dropped.
    pub fn share(self: &Arc<Self>) -> WriterShare {
        let asked = Arc::new(AtomicBool::new(false));
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let id = writers.next;
        writers.next += 1;
        writers.held.insert(id, (0, Arc::clone(&asked)));
        WriterShare {
            budget: Arc::clone(self),
            id,
            asked,
        }
    }

    fn report(&self, id: u64, bytes: usize) {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = writers.held.get_mut(&id) {
            held.0 = bytes;
        }
        let total: usize = writers.held.values().map(|(bytes, _)| bytes).sum();
        if total > self.limit
            && let Some((_, asked)) = writers.held.values().max_by_key(|(bytes, _)| *bytes)
        {
            asked.store(true, Ordering::Relaxed);
        }
    }
}

/// One writer's share.
pub struct WriterShare {
    budget: Arc<WriteBudget>,
    id: u64,
    asked: Arc<AtomicBool>,
}

impl WriterShare {
    /// Call after each batch with what the writer buffers now. Says whether to flush now.
    #[must_use]
    pub fn holds(&self, bytes: usize) -> bool {
        self.budget.report(self.id, bytes);
        self.asked.swap(false, Ordering::Relaxed)
    }
}

impl Drop for WriterShare {
    fn drop(&mut self) {
        let mut writers = self
            .budget
            .writers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        writers.held.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_writer_is_asked_to_flush() {
        let budget = WriteBudget::new(100);
        let (small, large) = (budget.share(), budget.share());
        assert!(!large.holds(80));
        assert!(!small.holds(30));
        assert!(large.holds(80));
        assert!(!large.holds(0));
        assert!(!small.holds(30));
    }
}
