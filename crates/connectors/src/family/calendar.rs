//! Days and microseconds from 1970-01-01 in the proleptic Gregorian calendar, and the range that
//! all lake readers share: years 0001 to 9999.

/// Days of 0001-01-01.
pub(crate) const FIRST_DAY: i32 = -719_162;
/// Days of 9999-12-31.
pub(crate) const LAST_DAY: i32 = 2_932_896;
/// Microseconds of a day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;
/// Microseconds of 0001-01-01 00:00:00.
pub(crate) const FIRST_MICROS: i64 = FIRST_DAY as i64 * DAY_MICROS;
/// Microseconds of 9999-12-31 23:59:59.999999.
pub(crate) const LAST_MICROS: i64 = (LAST_DAY as i64 + 1) * DAY_MICROS - 1;

/// Days of a date that exists, year 1 to 9999; `None` for any other.
pub(crate) fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    // Days from civil: years are counted from March, so that the leap day is the last one.
    let shifted_year = year - u32::from(month <= 2);
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era)
        .ok()
        .map(|days| days - 719_468)
}

/// Microseconds of a wall clock's reading that exists; `None` for any other.
pub(crate) fn micros(days: i32, hour: u32, minute: u32, second: u32, micro: u32) -> Option<i64> {
    time_micros(hour, minute, second, micro).map(|time| i64::from(days) * DAY_MICROS + time)
}

/// Microseconds since midnight; `None` from 24:00:00 on.
pub(crate) fn time_micros(hour: u32, minute: u32, second: u32, micro: u32) -> Option<i64> {
    if hour > 23 || minute > 59 || second > 59 || micro > 999_999 {
        return None;
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(seconds * 1_000_000 + i64::from(micro))
}

/// Year, month and day of a day since 1970-01-01; the way back from [`days`].
pub(crate) fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let narrow = |part: i64| u32::try_from(part).unwrap_or(0);
    (year, narrow(month), narrow(day))
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (date, expected) in [
            ((1, 1, 1), FIRST_DAY),
            ((1000, 1, 1), -354_285),
            ((1582, 10, 4), -141_438),
            ((1582, 10, 10), -141_432),
            ((1900, 1, 1), -25_567),
            ((1969, 12, 31), -1),
            ((1970, 1, 1), 0),
            ((2024, 2, 29), 19_782),
            ((9999, 12, 31), LAST_DAY),
        ] {
            assert_eq!(days(date.0, date.1, date.2), Some(expected), "{date:?}");
        }
    }

    #[test]
    fn dates_that_do_not_exist() {
        for (year, month, day) in [
            (0, 1, 1),
            (10_000, 1, 1),
            (2024, 0, 1),
            (2024, 13, 1),
            (2023, 2, 29),
            (2024, 4, 31),
        ] {
            assert_eq!(days(year, month, day), None);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = FIRST_DAY;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days(year, month, day), Some(expected));
                    let civil = civil(i64::from(expected));
                    assert_eq!(civil, (i64::from(year), month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!(expected, LAST_DAY + 1);
    }

    #[test]
    fn the_microsecond_before_the_epoch() {
        assert_eq!(micros(-1, 23, 59, 59, 999_999), Some(-1));
        assert_eq!(micros(LAST_DAY, 23, 59, 59, 999_999), Some(LAST_MICROS));
        assert_eq!(time_micros(24, 0, 0, 0), None);
    }
}
