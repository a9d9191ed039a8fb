//! Backfills: one task over many business dates, in groups side by side.

use jiff::civil::Date;
use model::schedule::InstanceState;

/// At most so many groups go side by side.
pub const MOST_GROUPS: usize = 12;

/// The dates from `first` to `last` in so many runs of days, one after another inside of each: 11 to 13
/// January in 2 groups are 11 and 12, and 13. As many groups as there are days at most; the first ones
/// have a day more where they cannot be alike.
pub fn groups(first: Date, last: Date, groups: usize) -> Vec<Vec<Date>> {
    let days = first.series(jiff::Span::new().days(1));
    let days: Vec<Date> = days.take_while(|day| *day <= last).collect();
    let count = groups.clamp(1, MOST_GROUPS).min(days.len());
    let (mut rest, mut cut) = (days.as_slice(), Vec::with_capacity(count));
    for group in 0..count {
        let (days, more) = rest.split_at(rest.len().div_ceil(count - group));
        cut.push(days.to_vec());
        rest = more;
    }
    cut
}

/// What a backfill is as a whole: under way as long as one of its instances is.
pub fn state(instances: impl IntoIterator<Item = InstanceState>) -> InstanceState {
    let (mut unrun, mut begun, mut open, mut failed) = (false, false, false, false);
    for state in instances {
        match state {
            InstanceState::NotRun => unrun = true,
            state => {
                begun = true;
                open |= !state.is_ended();
                failed |= state == InstanceState::Failed;
            }
        }
    }
    // Those behind one that failed do not run until somebody sees to it.
    if unrun && !begun {
        InstanceState::NotRun
    } else if open || (unrun && !failed) {
        InstanceState::Running
    } else if failed {
        InstanceState::Failed
    } else {
        InstanceState::Succeeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &str, last: &str, count: usize, expected: &[&[i8]]) {
        let cut = groups(first.parse().unwrap(), last.parse().unwrap(), count);
        let days: Vec<Vec<i8>> = cut
            .iter()
            .map(|group| group.iter().map(|date| date.day()).collect())
            .collect();
        assert_eq!(days, expected, "{first} to {last} in {count}");
    }

    #[test]
    fn days_are_cut_into_groups_in_their_order() {
        check("2024-01-11", "2024-01-13", 2, &[&[11, 12], &[13]]);
        check("2024-01-11", "2024-01-13", 1, &[&[11, 12, 13]]);
        check("2024-01-11", "2024-01-13", 9, &[&[11], &[12], &[13]]);
        check("2024-01-11", "2024-01-15", 2, &[&[11, 12, 13], &[14, 15]]);
        check("2024-01-30", "2024-02-02", 0, &[&[30, 31, 1, 2]]);
        check("2024-01-02", "2024-01-01", 2, &[]);
    }

    #[test]
    fn a_backfill_is_as_far_as_its_instances() {
        use InstanceState::{Failed, NotRun, Running, Succeeded, WaitingForResources};
        assert_eq!(state([NotRun, NotRun]), NotRun);
        assert_eq!(state([Succeeded, WaitingForResources]), Running);
        assert_eq!(state([Succeeded, NotRun]), Running);
        assert_eq!(state([Failed, Running]), Running);
        assert_eq!(state([Failed, NotRun, Succeeded]), Failed);
        assert_eq!(state([Succeeded, Succeeded]), Succeeded);
    }
}
