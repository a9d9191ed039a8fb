//! Time zones as migrations name them. `GMT+8` is eight hours ahead of UTC, whatever POSIX says.

use std::fmt;

use jiff::tz::{Offset, TimeZone as Rules};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

/// The zones that the wizard offers (requirement R2.07); other IANA names are accepted, too.
pub const OFFERED: [&str; 29] = [
    "GMT+1",
    "GMT+2",
    "GMT+3",
    "GMT+5:30",
    "GMT+8",
    "GMT+9",
    "GMT+10",
    "GMT-5",
    "GMT-6",
    "GMT-8",
    "Africa/Cairo",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Bangkok",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Paris",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

/// A zone with the name that the person gave it.
#[derive(Clone, PartialEq)]
pub struct TimeZone {
    name: String,
    rules: Rules,
}

/// How a zone is told to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneForm {
    /// A fixed offset in seconds east of UTC; never to be sent by name (`GMT+8` means the opposite
    /// to POSIX readers).
    Fixed(i32),
    /// An IANA name, with rules that change over the year.
    Named(String),
}

impl TimeZone {
    /// Understands `UTC`, `GMT±h[:mm]` and IANA names; blanks in place of underscores are accepted.
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.trim().replace(' ', "_");
        let rules = match fixed_offset(&name) {
            Some(offset) => Rules::fixed(offset),
            None => Rules::get(&name).map_err(|_| {
                Error::new(
                    ErrorKind::Config,
                    "UNKNOWN_TIME_ZONE",
                    format!("unknown time zone {text:?}"),
                )
                .hint("write GMT+8, UTC or an IANA name such as Asia/Shanghai")
            })?,
        };
        Ok(Self { name, rules })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            rules: Rules::UTC,
        }
    }

    /// The name as given, underscores in place of blanks.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules, for conversions.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How to tell a server.
    pub fn form(&self) -> ZoneForm {
        match self.rules.to_fixed_offset() {
            Ok(offset) => ZoneForm::Fixed(offset.seconds()),
            Err(_) => ZoneForm::Named(self.name.clone()),
        }
    }

    /// `+08:00` for zones with a fixed offset.
    pub fn fixed_text(&self) -> Option<String> {
        match self.form() {
            ZoneForm::Fixed(seconds) => {
                let sign = if seconds < 0 { '-' } else { '+' };
                let minutes = seconds.abs() / 60;
                Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
            }
            ZoneForm::Named(_) => None,
        }
    }
}

fn fixed_offset(name: &str) -> Option<Offset> {
    if name == "UTC" || name == "GMT" {
        return Some(Offset::UTC);
    }
    let rest = name
        .strip_prefix("GMT")
        .or_else(|| name.strip_prefix("UTC"))?;
    let (sign, digits) = match rest.as_bytes().first()? {
        b'+' => (1, &rest[1..]),
        b'-' => (-1, &rest[1..]),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(hours) || !all_digits(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

impl Default for TimeZone {
    /// `GMT+8`, as requirement R2.07 has it.
    fn default() -> Self {
        Self {
            name: "GMT+8".to_owned(),
            rules: Rules::fixed(Offset::constant(8)),
        }
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeZone({})", self.name)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for TimeZone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeZone".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": OFFERED })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            TimeZone::parse(text).unwrap().fixed_text().as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn gmt_plus_is_ahead_of_utc() {
        check("GMT+8", Some("+08:00"));
        check("GMT+5:30", Some("+05:30"));
        check("GMT-6", Some("-06:00"));
        check("UTC", Some("+00:00"));
        check("America/New York", None);
    }

    #[test]
    fn r2_07_all_offered_zones_are_known() {
        for zone in OFFERED {
            TimeZone::parse(zone).unwrap();
        }
        assert!(TimeZone::parse("Mars/Olympus").is_err());
        assert!(TimeZone::parse("GMT+99").is_err());
    }
}
