//! Routes of metadata: what there is at data sources.

use model::plan::Environment;
use model::{Error, TableName};
use schemars::JsonSchema;
use serde::Deserialize;
use service::access::rights::Caller;
use service::metadata::{self, Collect, Found, Search, TableDetail};

use super::data_sources::SourceOf;
use super::operations::{OperationShown, begun};
use crate::http::app::App;
use crate::http::wire::Listed;
use crate::http::{Accepted, Answer, Input, Route};

/// Long lists of exact names are looked for at once.
const SEARCH_LIMIT: usize = 8 * 1024 * 1024;

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post(
            "/projects/{project}/data-sources/{source}/metadata",
            "Collects what there is at a data source",
            collect,
        ),
        Route::post(
            "/projects/{project}/data-sources/{source}/metadata/search",
            "Looks for tables, by exact names in bulk or by keywords",
            search,
        )
        .body_limit(SEARCH_LIMIT),
        Route::get(
            "/projects/{project}/data-sources/{source}/schemas",
            "Lists the schemas of a data source",
            schemas,
        ),
        Route::get(
            "/projects/{project}/data-sources/{source}/table",
            "Shows a table of a data source in full",
            table,
        ),
    ]
}

/// Whose connection.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Whose {
    /// Development where the project has it and it is left out, else production.
    #[schemars(with = "Option<String>")]
    environment: Option<Environment>,
}

/// Which table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Which {
    /// Its schema.
    schema: String,
    /// Its name.
    table: String,
    /// Development where the project has it and it is left out, else production.
    #[schemars(with = "Option<String>")]
    environment: Option<Environment>,
}

async fn collect(
    app: App,
    caller: Caller,
    input: Input<SourceOf, (), Option<Collect>>,
) -> Result<Accepted<OperationShown>, Error> {
    let SourceOf { project, source } = input.path;
    let wanted = input.body.unwrap_or_default();
    let of = (&project, &source);
    Ok(begun(
        metadata::collect(&app.service, &caller, of, wanted).await?,
    ))
}

async fn search(
    app: App,
    caller: Caller,
    input: Input<SourceOf, (), Search>,
) -> Result<Answer<Found>, Error> {
    let SourceOf { project, source } = input.path;
    let of = (&project, &source);
    Ok(Answer::of(
        metadata::search(&app.service, &caller, of, &input.body).await?,
    ))
}

async fn schemas(
    app: App,
    caller: Caller,
    input: Input<SourceOf, Whose>,
) -> Result<Answer<Listed<String>>, Error> {
    let SourceOf { project, source } = input.path;
    let of = (&project, &source);
    let found = metadata::schemas(&app.service, &caller, of, input.query.environment).await?;
    Ok(Answer::of(Listed::all(found)))
}

async fn table(
    app: App,
    caller: Caller,
    input: Input<SourceOf, Which>,
) -> Result<Answer<TableDetail>, Error> {
    let SourceOf { project, source } = input.path;
    let Which {
        schema,
        table,
        environment,
    } = input.query;
    let name = TableName::new(schema, table);
    let (of, asked) = ((&project, &source), (&name, environment));
    Ok(Answer::of(
        metadata::table(&app.service, &caller, of, asked).await?,
    ))
}
