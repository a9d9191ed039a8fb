//! Why an instance is not further, as the store keeps it and as a person reads it; and what the server that
//! runs one is asked to do with it.

use jiff::Timestamp;
use model::{ObjectId, Result};
use scheduler::board::Reason;
use serde_json::{Value as Json, json};
use store::{Instance, Store};

use crate::installation::moment;
use crate::resource_groups::ResourceGroup;

/// What the server that runs an instance is asked to do. It stands in place of a reason as long as the
/// instance runs, so that it is not lost with whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// A person stops it.
    Stop,
    /// A person has it run anew, at once.
    Again,
    /// It has run longer than it may.
    TimeOut,
}

impl Order {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Stop, "stop"),
        (Self::Again, "again"),
        (Self::TimeOut, "time-out"),
    ];

    /// As the store keeps it.
    pub(crate) fn written(self) -> Json {
        let named = Self::ALL.iter().find(|(order, _)| *order == self);
        json!({ "order": named.map(|(_, name)| name) })
    }

    /// What the instance's server is asked for.
    pub(crate) fn of(instance: &Instance) -> Option<Self> {
        let name = instance.reason.as_ref()?["order"].as_str()?;
        let known = Self::ALL.iter().find(|(_, known)| *known == name);
        known.map(|(order, _)| *order)
    }
}

/// A reason as the store keeps it.
pub(crate) fn written(reason: &Reason) -> Json {
    match reason {
        Reason::Paused => json!({ "waits-for": "person" }),
        Reason::Upstream(first, count) => {
            json!({ "waits-for": "upstream", "first": first, "count": count })
        }
        Reason::Until(at) => json!({ "waits-for": "time", "until": at.as_millisecond() }),
        Reason::Connections(id) => json!({ "waits-for": "connections", "data-source": id }),
        Reason::SameMoves(id) => json!({ "waits-for": "table", "instance": id }),
        Reason::Quota(group) => json!({ "waits-for": "quota", "group": group }),
        Reason::NeverFits(group) => json!({ "waits-for": "larger-quota", "group": group }),
    }
}

/// A reason that the store kept; `None` where it is none of these.
pub(crate) fn read(kept: &Json) -> Option<Reason> {
    let number = |key: &str| kept[key].as_i64();
    let text = |key: &str| kept[key].as_str().map(str::to_owned);
    match kept["waits-for"].as_str()? {
        "person" => Some(Reason::Paused),
        "upstream" => {
            let count = usize::try_from(number("count")?).ok()?;
            Some(Reason::Upstream(number("first")?, count))
        }
        "time" => {
            let at = Timestamp::from_millisecond(number("until")?);
            at.ok().map(Reason::Until)
        }
        "connections" => text("data-source").map(Reason::Connections),
        "table" => number("instance").map(Reason::SameMoves),
        "quota" => text("group").map(Reason::Quota),
        "larger-quota" => text("group").map(Reason::NeverFits),
        _ => None,
    }
}

/// Why an instance is not further, in words; `None` where there is nothing to say.
pub(crate) async fn words(store: &Store, instance: &Instance) -> Result<Option<String>> {
    if let Some(order) = Order::of(instance) {
        let words = match order {
            Order::Stop => "is being stopped",
            Order::Again => "is being stopped, and runs anew after that",
            Order::TimeOut => "has run longer than it may, and is being stopped",
        };
        return Ok(Some(words.to_owned()));
    }
    let Some(reason) = instance.reason.as_ref().and_then(read) else {
        return Ok(None);
    };
    let words = match reason {
        Reason::Paused => "is held back by a person".to_owned(),
        Reason::Upstream(first, count) => {
            let first = described(store, first).await?;
            match count {
                1 => format!("waits for 1 upstream: {first}"),
                _ => format!("waits for {count} upstream, the first is {first}"),
            }
        }
        Reason::Until(at) => {
            let again = if instance.attempts > 0 {
                ", to be tried again"
            } else {
                ""
            };
            format!("waits until {}{again}", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        }
        Reason::Connections(id) => {
            let reference = named::<crate::data_sources::DataSource>(store, &id).await?;
            format!("the data source {reference} has as many connections as it may")
        }
        Reason::SameMoves(id) => {
            let other = described(store, id).await?;
            format!("waits for {other}, which moves the same table")
        }
        Reason::Quota(group) => {
            let group = named::<ResourceGroup>(store, &group).await?;
            format!("the resource group {group} has no quota left")
        }
        Reason::NeverFits(group) => {
            let group = named::<ResourceGroup>(store, &group).await?;
            format!("needs more than the resource group {group} has, and never runs as things are")
        }
    };
    Ok(Some(words))
}

/// An instance, as a person knows it.
async fn described(store: &Store, id: i64) -> Result<String> {
    let words = match store.instance(id).await? {
        Some(one) => format!(
            "{:?} of {} ({}, since {})",
            one.made.task_name,
            one.made.bizdate,
            state_word(&one),
            moment(one.since).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        None => format!("instance {id}, which is not there any more"),
    };
    Ok(words)
}

fn state_word(instance: &Instance) -> String {
    let word = serde_json::to_value(instance.state).ok();
    let word = word.as_ref().and_then(Json::as_str);
    word.unwrap_or_default().replace('-', " ")
}

async fn named<T: store::Noun>(store: &Store, id: &str) -> Result<String> {
    if id.is_empty() {
        return Ok("of the installation".to_owned());
    }
    let found = store.get::<T>(&ObjectId::new(id)).await?;
    let name = found.map_or_else(|| id.to_owned(), |found| found.name);
    Ok(format!("{name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_was_written() {
        let at = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        for reason in [
            Reason::Paused,
            Reason::Upstream(7, 3),
            Reason::Until(at),
            Reason::Connections("s".to_owned()),
            Reason::SameMoves(8),
            Reason::Quota("g".to_owned()),
            Reason::NeverFits(String::new()),
        ] {
            assert_eq!(read(&written(&reason)), Some(reason));
        }
        assert_eq!(read(&Order::Stop.written()), None);
        assert_eq!(read(&Json::Null), None);
    }
}
