//! What runs, told as OpenLineage events (openlineage.io/spec/2-0-2): which table an instance read, which one it
//! wrote, how many rows, when.

use std::fmt;

use connectors::connector;
use model::schedule::InstanceState;
use model::{Error, ErrorKind, Result};
use reqwest::Url;
use scheduler::attempts::Outcome;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use store::{Attempt, Instance, Zeroizing};
use uuid::Builder;

use crate::data_sources::DataSource;
use crate::installation::moment;
use crate::operating::word;
use crate::posting::{Letterbox, Lost};
use crate::tasks::Table;

const PRODUCER: &str = concat!("urn:godwit:", env!("CARGO_PKG_VERSION"));
const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const STATISTICS: &str =
    "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json";
const NOMINAL: &str = "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json";
const ERROR: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json";

/// Who is told, and in whose name.
#[derive(Clone)]
pub struct Lineage {
    url: Url,
    token: Option<Zeroizing<String>>,
    namespace: String,
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Lineage");
        shown
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Lineage {
    /// Events are posted to `url` (`http://marquez:5000/api/v1/lineage`), with the token where there is one; jobs
    /// are of `namespace`. `BAD_CONFIGURATION` where the address is none.
    pub fn new(url: &str, token: Option<Zeroizing<String>>, namespace: String) -> Result<Self> {
        let parsed = Url::parse(url).ok();
        let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = parsed.ok_or_else(|| {
            let message = "lineage: url is neither http nor https";
            Error::new(ErrorKind::Config, "BAD_CONFIGURATION", message)
                .hint("write it as https://host/api/v1/lineage")
        })?;
        Ok(Self {
            url,
            token,
            namespace,
        })
    }

    pub(crate) async fn post(&self, event: &Json) -> Result<(), Lost> {
        let letterbox = Letterbox {
            url: &self.url,
            addresses: &[],
            token: self.token.as_ref().map(|token| token.as_str()),
        };
        letterbox.post(event).await
    }

    /// The event of an attempt that begins, or has ended.
    pub(crate) fn event(&self, what: &Happened<'_>) -> Json {
        let (instance, attempt) = (what.instance, what.attempt);
        let report = attempt.report.as_ref();
        let text = |key: &str| report.and_then(|report| report[key].as_str());
        let mut facets = json!({
            "nominalTime": {
                "_producer": PRODUCER, "_schemaURL": NOMINAL,
                "nominalStartTime": written(instance.made.planned_at),
            },
        });
        if let Some(code) = text("code") {
            let message = format!("{code}: {}", text("message").unwrap_or_default());
            facets["errorMessage"] = json!({
                "_producer": PRODUCER, "_schemaURL": ERROR,
                "message": message, "programmingLanguage": "Rust",
            });
        }
        let (source, table) = what.reads;
        let reads = dataset(source, &[&table.schema, &table.table]);
        let outputs: Vec<Json> = text("destination")
            .map(|name| {
                let mut written = dataset(what.writes, &[name]);
                let number = |key: &str| report.map_or(Json::Null, |report| report[key].clone());
                written["outputFacets"] = json!({ "outputStatistics": {
                    "_producer": PRODUCER, "_schemaURL": STATISTICS,
                    "rowCount": number("rows_written"), "size": number("bytes"),
                } });
                written
            })
            .into_iter()
            .collect();
        json!({
            "eventType": what.kind.name(),
            "eventTime": written(what.at),
            "producer": PRODUCER,
            "schemaURL": SCHEMA,
            "run": { "runId": run_id(what), "facets": facets },
            "job": {
                "namespace": format!("{}/{}", self.namespace, what.project),
                "name": instance.made.task_name,
            },
            "inputs": [reads],
            "outputs": outputs,
        })
    }
}

/// What an event is of.
pub(crate) struct Happened<'a> {
    pub(crate) kind: Kind,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) installation: &'a str,
    /// The project's name.
    pub(crate) project: &'a str,
    pub(crate) instance: &'a Instance,
    pub(crate) attempt: &'a Attempt,
    pub(crate) reads: (&'a DataSource, &'a Table),
    pub(crate) writes: &'a DataSource,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Start,
    Complete,
    Abort,
    Fail,
}

impl Kind {
    /// Of an instance that came to this state by an attempt that ended so; `None` where there is nothing to tell.
    pub(crate) fn of(state: InstanceState, outcome: Option<&str>) -> Option<Self> {
        let is = |other: Outcome| outcome == Some(word(other));
        match state {
            InstanceState::Running => Some(Self::Start),
            InstanceState::Succeeded if is(Outcome::Succeeded) => Some(Self::Complete),
            _ if is(Outcome::Stopped) || is(Outcome::Lost) || is(Outcome::Outdated) => {
                Some(Self::Abort)
            }
            _ if outcome.is_some() => Some(Self::Fail),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Abort => "ABORT",
            Self::Fail => "FAIL",
        }
    }
}

/// A table as OpenLineage names it: what it is at, and its name there.
fn dataset(source: &DataSource, names: &[&str]) -> Json {
    let connector = connector(&source.connector);
    let scheme = connector.map_or("unknown", |connector| connector.about().lineage);
    let option = |key: &str| source.options.get(key);
    let text = |key: &str| option(key).and_then(Json::as_str);
    if let Some(path) = text("path") {
        return json!({ "namespace": scheme, "name": format!("{path}/{}", names.join("/")) });
    }
    let usual = connector
        .map(|connector| connector.forms().connection["properties"]["port"]["default"].clone());
    let port = option("port").cloned().or(usual).unwrap_or_default();
    let host = text("host").unwrap_or_default();
    // Where a database is called by the schema alone, it stands in the name already.
    let database = text("database").filter(|database| names.first() != Some(database));
    let name: Vec<&str> = database.into_iter().chain(names.iter().copied()).collect();
    json!({ "namespace": format!("{scheme}://{host}:{port}"), "name": name.join(".") })
}

/// The same for the beginning and the end of one attempt, and for no other.
fn run_id(what: &Happened<'_>) -> String {
    let text = format!(
        "{}/{}/{}",
        what.installation, what.instance.id, what.attempt.number
    );
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn written(at: i64) -> String {
    moment(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_called_as_the_naming_of_openlineage_has_it() {
        let check = |source: Json, names: &[&str], expected: [&str; 2]| {
            let source: DataSource = serde_json::from_value(source).unwrap();
            let found = dataset(&source, names);
            assert_eq!([&found["namespace"], &found["name"]], expected);
        };
        let options = json!({ "host": "db1", "database": "shop", "user": "app" });
        check(
            json!({ "type": "postgresql", "options": options }),
            &["public", "orders"],
            ["postgres://db1:5432", "shop.public.orders"],
        );
        check(
            json!({ "type": "mysql", "options": { "host": "db2", "port": 3307, "database": "shop" } }),
            &["shop", "orders"],
            ["mysql://db2:3307", "shop.orders"],
        );
        check(
            json!({ "type": "lake", "options": { "path": "/lake" } }),
            &["shop.orders"],
            ["file", "/lake/shop.orders"],
        );
    }

    #[test]
    fn an_address_is_checked_and_nothing_of_it_is_shown() {
        for wrong in ["marquez", "ftp://marquez/", ""] {
            let refused = Lineage::new(wrong, None, "godwit".to_owned()).unwrap_err();
            assert_eq!(refused.code, "BAD_CONFIGURATION");
        }
        let token = Some(Zeroizing::new("canary".to_owned()));
        let lineage = Lineage::new("https://canary@marquez/", token, "godwit".to_owned());
        assert!(!format!("{lineage:?}").contains("canary"));
    }
}
