//! How long a run may take, from the moment that its file was read: opening and planning count, for a
//! server that stands still would keep either for ever.

use std::time::Duration;

use model::Finding;
use tokio::time::Instant;

/// A run's time, and when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimit {
    hours: f64,
    /// None where it is not over in the life of any machine.
    deadline: Option<Instant>,
}

impl TimeLimit {
    /// So many hours from now.
    pub(super) fn of(hours: f64) -> Self {
        let time = Duration::try_from_secs_f64(hours * 3600.0).ok();
        Self {
            hours,
            deadline: time.and_then(|time| Instant::now().checked_add(time)),
        }
    }

    /// For a run that others see to.
    pub(super) fn none() -> Self {
        Self::of(f64::INFINITY)
    }

    /// Ends when the time is over.
    pub(super) async fn over(&self) {
        match self.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// For a person.
    pub(super) fn message(&self) -> String {
        format!("the run was stopped after {} hours", self.hours)
    }

    /// For a run whose time was over before it began.
    pub(super) fn finding(&self) -> Finding {
        let at = "migration.run.timeout-hours";
        let message = format!("{}, before it had begun", self.message());
        Finding::blocker("TIMED_OUT", at, message)
            .hint("a data source does not answer, or the time is too short")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_over_within(limit: TimeLimit, milliseconds: u64) -> bool {
        let time = Duration::from_millis(milliseconds);
        tokio::time::timeout(time, limit.over()).await.is_ok()
    }

    #[tokio::test]
    async fn time_is_over_when_it_is_over() {
        let limit = TimeLimit::of(0.1 / 3600.0);
        assert!(!is_over_within(limit, 20).await);
        assert!(is_over_within(limit, 2_000).await);
        assert!(limit.finding().message.contains("hours"));
    }

    #[tokio::test]
    async fn a_time_beyond_all_clocks_is_never_over() {
        for limit in [TimeLimit::of(f64::MAX), TimeLimit::none()] {
            assert!(!is_over_within(limit, 20).await);
        }
    }
}
