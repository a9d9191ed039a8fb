//! The route of the systems that can be read and written: what forms are made of.

use model::Error;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::sources::{self, SourceType};

use crate::http::app::App;
use crate::http::wire::Listed;
use crate::http::{Answer, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get(
            "/connectors",
            "Lists the types of data sources: what each can do, and its options",
            list,
        ),
        Route::get(
            "/migration-schema",
            "Gives the JSON Schema of migration files",
            schema,
        ),
    ]
}

/// A type of data source.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct ConnectorShown {
    /// What documents call it.
    id: &'static str,
    /// What it is called.
    title: &'static str,
    /// Which systems and versions.
    summary: &'static str,
    /// Against what it was verified.
    verified_against: &'static str,
    /// What it can do: `read` and `write`, each null where it cannot.
    capabilities: Json,
    /// JSON Schemas of its options: `connection`, `read`, `write`.
    options: Json,
}

impl ConnectorShown {
    fn of(described: SourceType) -> Result<Self, Error> {
        let unwritable = |cause| Error::internal("a connector cannot be told").caused_by(cause);
        Ok(Self {
            id: described.id,
            title: described.about.title,
            summary: described.about.summary,
            verified_against: described.about.verified_against,
            capabilities: serde_json::to_value(described.capabilities).map_err(unwritable)?,
            options: serde_json::to_value(described.options).map_err(unwritable)?,
        })
    }
}

async fn list(
    _app: App,
    _caller: Caller,
    _input: Input,
) -> Result<Answer<Listed<ConnectorShown>>, Error> {
    let all: Result<Vec<_>, Error> = sources::types()
        .into_iter()
        .map(ConnectorShown::of)
        .collect();
    Ok(Answer::of(Listed::all(all?)))
}

async fn schema(_app: App, _caller: Caller, _input: Input) -> Result<Answer<Json>, Error> {
    Ok(Answer::of(service::schema::schema()))
}
