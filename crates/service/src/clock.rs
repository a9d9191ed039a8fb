//! What time it is: handed in, so that a test says which day it is.

use jiff::Timestamp;
use model::TimeZone;

/// Answers what time it is now.
#[derive(Debug, Clone, Copy)]
pub struct Clock(fn() -> Timestamp);

impl Default for Clock {
    /// The machine's clock.
    fn default() -> Self {
        Self(Timestamp::now)
    }
}

impl Clock {
    /// A clock that reads as this function says.
    pub fn reading(now: fn() -> Timestamp) -> Self {
        Self(now)
    }

    /// Now.
    pub fn now(self) -> Timestamp {
        (self.0)()
    }

    /// Now, in milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.now().as_millisecond()
    }

    /// Now, as RFC 3339 in UTC, to the second.
    pub(crate) fn stamp(self) -> String {
        (self.0)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The business date that is current in `zone`: yesterday there, `yyyymmdd`.
    pub(crate) fn bizdate(self, zone: &TimeZone) -> String {
        let today = (self.0)().to_zoned(zone.rules().clone()).date();
        today
            .yesterday()
            .unwrap_or(today)
            .strftime("%Y%m%d")
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_date_is_yesterday_in_the_zone() {
        let clock = Clock::reading(|| "2024-03-01T18:30:00Z".parse().unwrap());
        let check = |zone: &str, expected: &str| {
            let zone = TimeZone::parse(zone).unwrap();
            assert_eq!(clock.bizdate(&zone), expected, "{zone}");
        };
        check("UTC", "20240229");
        check("GMT+8", "20240301");
        check("America/New_York", "20240229");
        assert_eq!(clock.stamp(), "2024-03-01T18:30:00Z");
    }
}
