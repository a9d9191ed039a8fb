//! When tasks run, which states their instances have, and what a person may do with one. The states and
//! what leads from one to another are those of the product that the seed page describes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// The hours of a day.
const DAY_HOURS: usize = 24;

/// Batch scheduling: so many tasks start together, and the next ones so many hours later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Batches {
    /// 1 to 142.
    #[schemars(range(min = 1, max = 142))]
    pub tasks_per_batch: u16,
    /// 0 to 23; 0 starts all at once.
    #[schemars(range(min = 0, max = 23))]
    pub every_hours: u8,
}

impl Batches {
    /// At most so many tasks start together.
    pub const MOST_TASKS: u16 = 142;
    /// At most so many hours lie between two batches.
    pub const MOST_HOURS: u8 = 23;

    /// The hour of the day at which each of so many tasks starts, in their order. An error where a
    /// number is outside of its range, or the batches take longer than a day; it shows the arithmetic.
    pub fn hours(self, tasks: usize) -> Result<Vec<u8>> {
        let (size, every) = (usize::from(self.tasks_per_batch), self.every_hours);
        if !(1..=Self::MOST_TASKS).contains(&self.tasks_per_batch) {
            let message = format!(
                "{size} tasks in a batch are not between 1 and {}",
                Self::MOST_TASKS
            );
            return Err(Error::new(ErrorKind::Config, "BATCH_SIZE", message));
        }
        if every > Self::MOST_HOURS {
            let message = format!(
                "{every} hours between batches are more than {}",
                Self::MOST_HOURS
            );
            return Err(Error::new(ErrorKind::Config, "BATCH_HOURS", message));
        }
        let batches = tasks.div_ceil(size);
        let takes = batches * usize::from(every);
        if takes > DAY_HOURS {
            let message = format!(
                "{tasks} tables, {size} every {every} hours, take {takes} hours: \
                 {batches} batches x {every}, and a day has {DAY_HOURS}"
            );
            let error = Error::new(ErrorKind::Config, "BATCHES_TOO_LONG", message);
            return Err(error.hint("more tasks in a batch, or fewer hours between them"));
        }
        let hour = |task: usize| u8::try_from(task / size).unwrap_or(u8::MAX) * every;
        Ok((0..tasks).map(hour).collect())
    }
}

/// Why an instance is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceKind {
    /// The calendar made it.
    Recurring,
    /// A backfill over business dates made it.
    Backfill,
    /// A person started it.
    Manual,
}

/// How far an instance is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// It is there, and waits for those upstream, or is paused.
    NotRun,
    /// All upstream succeeded; its time has not come, or that of its next attempt.
    WaitingForTime,
    /// Its time has come; a data source has as many connections as it may.
    Throttled,
    /// Its resource group has no quota left.
    WaitingForResources,
    /// A server carries it out.
    Running,
    /// Done, or said to be.
    Succeeded,
    /// Failed, stopped, or timed out.
    Failed,
}

impl InstanceState {
    /// All, in the order of the run.
    pub const ALL: [Self; 7] = [
        Self::NotRun,
        Self::WaitingForTime,
        Self::Throttled,
        Self::WaitingForResources,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
    ];

    /// Whether it has not begun.
    pub fn is_waiting(self) -> bool {
        self < Self::Running
    }

    /// Whether nothing more happens to it by itself.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Whether `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            // What is waited for may change in any order, and a person may end it.
            waiting if waiting.is_waiting() => next != self,
            // Another attempt waits for its time.
            Self::Running => next.is_ended() || next == Self::WaitingForTime,
            // A rerun waits; a person says that it succeeded.
            Self::Failed => next.is_waiting() || next == Self::Succeeded,
            _ => next.is_waiting(),
        }
    }
}

/// What a person may do with one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Once more, and those downstream that have not run.
    Rerun,
    /// Those downstream once more.
    RerunDownstream,
    /// Now, whatever those upstream are.
    ForceRerun,
    /// Ends it; it has failed then.
    Stop,
    /// Says that it succeeded, so that those downstream go on.
    SetSuccess,
    /// Holds it back.
    Pause,
    /// Lets it go on.
    Resume,
    /// Waits for one upstream less, this time alone.
    RemoveUpstream,
}

impl Operation {
    /// Whether it may be done to an instance in this state.
    pub fn is_allowed(self, state: InstanceState, paused: bool) -> bool {
        match self {
            Self::Rerun | Self::RerunDownstream => state.is_ended(),
            Self::ForceRerun | Self::RemoveUpstream => true,
            Self::Stop => !state.is_ended(),
            Self::SetSuccess => state == InstanceState::Failed || (paused && state.is_waiting()),
            Self::Pause => !paused,
            Self::Resume => paused,
        }
    }
}

/// Which of those that are ready goes first.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// After all others.
    Lowest,
    /// After most.
    Low,
    /// As most.
    #[default]
    Medium,
    /// Before most.
    High,
    /// Before all others.
    Highest,
}

impl Priority {
    /// All, the least urgent first: its place here is the number that it is kept as.
    pub const ALL: [Self; 5] = [
        Self::Lowest,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Highest,
    ];

    /// The one of this number; medium where there is none.
    pub fn of(number: i64) -> Self {
        let index = usize::try_from(number).ok();
        let found = index.and_then(|index| Self::ALL.get(index));
        found.copied().unwrap_or_default()
    }
}

/// What a run takes from its resource group, and what a group has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu_millis: u32,
    /// Megabytes.
    pub memory_mb: u32,
}

impl Resources {
    /// These and those.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_mb: self.memory_mb.saturating_add(other.memory_mb),
        }
    }

    /// Whether all of this is within that.
    pub fn fits(self, within: Self) -> bool {
        self.cpu_millis <= within.cpu_millis && self.memory_mb <= within.memory_mb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(tasks_per_batch: u16, every_hours: u8) -> Batches {
        Batches {
            tasks_per_batch,
            every_hours,
        }
    }

    #[test]
    fn r8_01_a_hundred_tables_ten_every_two_hours_take_twenty() {
        let hours = batches(10, 2).hours(100).unwrap();
        assert_eq!((hours[0], hours[9], hours[10], hours[99]), (0, 0, 2, 18));
        assert_eq!(batches(7, 0).hours(10_000).unwrap(), vec![0; 10_000]);
        assert!(batches(10, 2).hours(120).is_ok());
        assert!(batches(10, 2).hours(0).unwrap().is_empty());
        assert_eq!(batches(142, 23).hours(142).unwrap(), vec![0; 142]);
    }

    #[test]
    fn r8_01_what_does_not_fit_is_refused_with_the_arithmetic() {
        let error = batches(10, 2).hours(121).unwrap_err();
        assert_eq!(error.code, "BATCHES_TOO_LONG");
        let arithmetic =
            "121 tables, 10 every 2 hours, take 26 hours: 13 batches x 2, and a day has 24";
        assert_eq!(error.message, arithmetic);
        for (size, every) in [(0, 1), (143, 1), (1, 24)] {
            assert!(
                batches(size, every).hours(1).is_err(),
                "{size} every {every}"
            );
        }
    }

    #[test]
    fn an_instance_ends_once_and_begins_by_waiting() {
        for from in InstanceState::ALL {
            assert!(!from.may_become(from), "{from:?}");
            for to in InstanceState::ALL {
                let skips_the_run = from.is_ended() && to == InstanceState::Running;
                let unsaid = from == InstanceState::Succeeded && to == InstanceState::Failed;
                let back = from == InstanceState::Running
                    && to.is_waiting()
                    && to != InstanceState::WaitingForTime;
                let expected = from != to && !skips_the_run && !unsaid && !back;
                assert_eq!(from.may_become(to), expected, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn operations_are_allowed_where_they_have_a_meaning() {
        let allowed = |operation: Operation| -> Vec<InstanceState> {
            let states = InstanceState::ALL.into_iter();
            states
                .filter(|state| operation.is_allowed(*state, false))
                .collect()
        };
        let ended = [InstanceState::Succeeded, InstanceState::Failed];
        assert_eq!(allowed(Operation::Rerun), ended);
        assert_eq!(allowed(Operation::RerunDownstream), ended);
        assert_eq!(allowed(Operation::SetSuccess), [InstanceState::Failed]);
        assert!(Operation::SetSuccess.is_allowed(InstanceState::NotRun, true));
        assert!(!Operation::SetSuccess.is_allowed(InstanceState::Running, true));
        assert_eq!(allowed(Operation::Stop), InstanceState::ALL[..5]);
        assert_eq!(allowed(Operation::ForceRerun), InstanceState::ALL);
        assert!(allowed(Operation::Resume).is_empty());
        assert!(Operation::Resume.is_allowed(InstanceState::NotRun, true));
        assert!(!Operation::Pause.is_allowed(InstanceState::NotRun, true));
    }
}
