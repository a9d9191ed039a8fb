//! Which business dates are due, and when their instances start, in the scheduling zone of a project.
//!
//! A task runs once for each business date, on the day after it. Instances of a day are made when that
//! day begins; days that nobody was there for are made up for in their order. What was made stays made: a
//! clock that goes back makes nothing twice.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A task that is published before this hour runs from the next day on, else from the day after that.
const LAST_HOUR_FOR_TOMORROW: i8 = 23;

/// What is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Business dates, oldest first.
    pub bizdates: Vec<Date>,
    /// Business dates so long ago that they are left out: the first and the last of them.
    pub missed: Option<(Date, Date)>,
}

/// The first business date of a task published at this moment.
pub fn first_bizdate(published: Timestamp, zone: &TimeZone) -> Date {
    let local = published.to_zoned(zone.clone()).datetime();
    let ahead = i64::from(local.hour() >= LAST_HOUR_FOR_TOMORROW);
    later(local.date(), ahead)
}

/// The business dates that are due and not made yet. `first` is the task's first one, `made` the last
/// one made; at most `most_days` of them are made up for, the day that runs included.
pub fn due(
    zone: &TimeZone,
    now: Timestamp,
    first: Date,
    made: Option<Date>,
    most_days: u16,
) -> Due {
    let Ok(last) = now.to_zoned(zone.clone()).date().yesterday() else {
        return Due::default();
    };
    let next = made.map_or(first, |made| later(made, 1).max(first));
    if next > last {
        return Due::default();
    }
    let from = next.max(later(last, 1 - i64::from(most_days.max(1))));
    let missed = (from > next).then(|| (next, later(from, -1)));
    let bizdates = from.series(jiff::Span::new().days(1));
    Due {
        bizdates: bizdates.take_while(|date| *date <= last).collect(),
        missed,
    }
}

/// When the instance of a business date starts: the day after it, at this hour by the zone's clocks. An
/// hour that a day does not have begins when the clocks have gone on; one that it has twice, the first
/// time.
pub fn planned(zone: &TimeZone, bizdate: Date, hour: u8) -> Timestamp {
    let hour = i8::try_from(hour.min(23)).unwrap_or(23);
    let time = Time::constant(hour, 0, 0, 0);
    let local = later(bizdate, 1).to_datetime(time);
    // Compatible: forward over a gap, the earlier one of two.
    let zoned = zone.to_ambiguous_timestamp(local).compatible();
    zoned.unwrap_or(Timestamp::MAX)
}

/// When an instance of a backfill starts: as planned, or at once where that is past.
pub fn planned_backfill(zone: &TimeZone, bizdate: Date, now: Timestamp) -> Timestamp {
    planned(zone, bizdate, 0).min(now)
}

/// So many days later; the last day there is where there are none.
fn later(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::Span::new().days(days))
}

#[cfg(test)]
mod tests {
    use model::zone::{OFFERED, TimeZone as Named};

    use super::*;

    fn zone(name: &str) -> TimeZone {
        Named::parse(name).unwrap().rules().clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_task_published_in_the_evening_waits_for_the_day_after_tomorrow() {
        let zone = zone("GMT+8");
        // 22:59 and 23:00 by the clocks there.
        assert_eq!(
            first_bizdate(at("2024-03-10T14:59:59Z"), &zone),
            day("2024-03-10")
        );
        assert_eq!(
            first_bizdate(at("2024-03-10T15:00:00Z"), &zone),
            day("2024-03-11")
        );
    }

    #[test]
    fn a_day_is_due_when_it_begins_and_once() {
        let zone = zone("Asia/Shanghai");
        let first = day("2024-03-10");
        let due_at =
            |now: &str, made: Option<&str>| due(&zone, at(now), first, made.map(day), 7).bizdates;
        assert_eq!(due_at("2024-03-10T15:59:59Z", None), []);
        assert_eq!(due_at("2024-03-10T16:00:00Z", None), [first]);
        assert_eq!(due_at("2024-03-10T16:00:01Z", Some("2024-03-10")), []);
        // The clock went back by a day, and on again.
        assert_eq!(due_at("2024-03-09T16:00:01Z", Some("2024-03-10")), []);
        assert_eq!(
            due_at("2024-03-11T16:00:01Z", Some("2024-03-10")),
            [day("2024-03-11")]
        );
    }

    #[test]
    fn what_was_missed_is_made_up_for_in_order_and_not_without_end() {
        let zone = zone("UTC");
        let due = due(
            &zone,
            at("2024-03-20T05:00:00Z"),
            day("2024-03-01"),
            Some(day("2024-03-09")),
            3,
        );
        assert_eq!(
            due.bizdates,
            ["2024-03-17", "2024-03-18", "2024-03-19"].map(day)
        );
        assert_eq!(due.missed, Some((day("2024-03-10"), day("2024-03-16"))));
    }

    #[test]
    fn an_hour_that_is_not_there_and_one_that_is_there_twice() {
        let berlin = zone("Europe/Berlin");
        // 2024-03-31 has no 02:00, 2024-10-27 has it twice.
        assert_eq!(
            planned(&berlin, day("2024-03-30"), 2),
            at("2024-03-31T01:00:00Z")
        );
        assert_eq!(
            planned(&berlin, day("2024-03-30"), 3),
            at("2024-03-31T01:00:00Z")
        );
        assert_eq!(
            planned(&berlin, day("2024-10-26"), 2),
            at("2024-10-27T00:00:00Z")
        );
        // The day begins at 01:00 there.
        let cairo = zone("Africa/Cairo");
        assert_eq!(
            planned(&cairo, day("2024-04-25"), 0),
            at("2024-04-25T22:00:00Z")
        );
    }

    /// Ten years in each zone, the server away now and then, and its clock set back: each date is made
    /// once, in order, none is left out, and none begins before its day.
    #[test]
    fn ten_years_in_thirty_zones_miss_no_day_and_double_none() {
        let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
        let mut below = |most: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % most
        };
        for name in OFFERED.into_iter().chain(["America/Santiago"]) {
            let zone = zone(name);
            let (start, end) = (at("2020-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"));
            let first = first_bizdate(start, &zone);
            let (mut now, mut made) = (start, Vec::new());
            while now < end {
                let due = due(&zone, now, first, made.last().copied(), 30);
                assert_eq!(due.missed, None, "{name} {now}");
                for bizdate in due.bizdates {
                    let begins = planned(&zone, bizdate, 0);
                    assert!(begins <= now, "{name}: {bizdate} is made before {begins}");
                    let runs = begins.to_zoned(zone.clone()).date();
                    assert_eq!(runs, later(bizdate, 1), "{name}");
                    made.push(bizdate);
                }
                // A tick, mostly; sometimes days without a server, sometimes a clock that is set back.
                let seconds = match below(50) {
                    0 => i64::try_from(below(20 * 86_400)).unwrap(),
                    1 => -i64::try_from(below(7_200)).unwrap(),
                    _ => i64::try_from(below(43_200)).unwrap(),
                };
                now = now
                    .saturating_add(jiff::SignedDuration::from_secs(seconds))
                    .unwrap();
            }
            let expected: Vec<Date> = first
                .series(jiff::Span::new().days(1))
                .take(made.len())
                .collect();
            assert_eq!(made, expected, "{name}");
            assert!(made.len() >= 3_620, "{name}: {} days", made.len());
        }
    }
}
