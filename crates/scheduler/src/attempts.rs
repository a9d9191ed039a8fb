//! What follows when an attempt ends: another one, or the end of the instance.

use jiff::{SignedDuration, Timestamp};

/// How often and when an instance that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reruns {
    /// 0 to 10.
    pub count: u8,
    /// Between an attempt's end and the next one's start: 1 to 60 minutes.
    pub interval: SignedDuration,
    /// Whether one that timed out is tried again, too.
    pub after_timeout: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Published and proven.
    Succeeded,
    /// Failed; the same again may succeed.
    Failed,
    /// Failed in a way that trying again does not change, and a rerun is left to a person.
    Refused,
    /// Ran longer than it may.
    TimedOut,
    /// A person stopped it.
    Stopped,
    /// Its server is gone.
    Lost,
    /// What it was planned against was changed by another one before it published: planned anew, the same may
    /// succeed at once.
    Outdated,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The instance has succeeded.
    Succeeded,
    /// The instance has failed.
    Failed,
    /// Another attempt, not before this moment.
    Again(Timestamp),
}

/// What follows when an attempt ended so. `used` counts the reruns before it; an attempt whose server was
/// lost, or whose plan was outdated, is none of them, for it was not the task that failed.
pub fn after(reruns: Reruns, used: u8, outcome: Outcome, now: Timestamp) -> Next {
    let again = || {
        let at = now
            .saturating_add(reruns.interval)
            .unwrap_or(Timestamp::MAX);
        match used < reruns.count {
            true => Next::Again(at),
            false => Next::Failed,
        }
    };
    match outcome {
        Outcome::Succeeded => Next::Succeeded,
        Outcome::Lost | Outcome::Outdated => Next::Again(now),
        Outcome::Failed => again(),
        Outcome::TimedOut if reruns.after_timeout => again(),
        Outcome::TimedOut | Outcome::Refused | Outcome::Stopped => Next::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r8_03_an_instance_is_tried_again_as_often_as_it_may() {
        let now = Timestamp::UNIX_EPOCH;
        let minutes = SignedDuration::from_mins;
        let reruns = Reruns {
            count: 2,
            interval: minutes(5),
            after_timeout: false,
        };
        let again = Next::Again(now.saturating_add(minutes(5)).unwrap());
        for (used, outcome, expected) in [
            (0, Outcome::Succeeded, Next::Succeeded),
            (0, Outcome::Failed, again),
            (1, Outcome::Failed, again),
            (2, Outcome::Failed, Next::Failed),
            (0, Outcome::TimedOut, Next::Failed),
            (0, Outcome::Stopped, Next::Failed),
            (0, Outcome::Refused, Next::Failed),
            (2, Outcome::Lost, Next::Again(now)),
            (2, Outcome::Outdated, Next::Again(now)),
        ] {
            assert_eq!(
                after(reruns, used, outcome, now),
                expected,
                "{used} {outcome:?}"
            );
        }
        let after_timeout = Reruns {
            after_timeout: true,
            ..reruns
        };
        assert_eq!(after(after_timeout, 0, Outcome::TimedOut, now), again);
    }
}
