//! Routes of data sources. What is shown of one has no secret.

use model::plan::Environment;
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use service::access::rights::Caller;
use service::data_sources::{self, DataSource, Tested};

use super::tasks::Where;
use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Referrer, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    const ONE: &str = "/projects/{project}/data-sources/{source}";
    vec![
        Route::get(
            "/projects/{project}/data-sources",
            "Lists data sources",
            list,
        ),
        Route::post(
            "/projects/{project}/data-sources",
            "Makes a data source",
            create,
        ),
        Route::post(
            "/projects/{project}/data-sources/test",
            "Tries a connection that is not kept yet",
            test_draft,
        ),
        Route::get(ONE, "Shows a data source, without its secrets", show),
        Route::put(
            ONE,
            "Changes a data source; secrets that are left out stay",
            edit,
        )
        .conditional(),
        Route::delete(ONE, "Removes a data source that nobody uses", remove).conditional(),
        Route::post(
            "/projects/{project}/data-sources/{source}/clone",
            "Makes another data source with the same options and secrets",
            copy,
        ),
        Route::post(
            "/projects/{project}/data-sources/{source}/test",
            "Opens a data source and asks whether it works",
            test,
        ),
        Route::get(
            "/projects/{project}/data-sources/{source}/uses",
            "Tells where a data source is used",
            uses,
        ),
    ]
}

/// A data source of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SourceOf {
    /// The project's id.
    pub(super) project: ObjectId,
    /// The data source's id.
    pub(super) source: ObjectId,
}

/// What something is to be called.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Named {
    /// Unique among those of its kind in its project.
    pub(super) name: String,
}

/// A connection to be tried.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TestDraft {
    /// The data source as far as it is written.
    data_source: DataSource,
    /// The data source that it is an edit of: secrets that are left out are this one's.
    #[serde(default)]
    edits: Option<ObjectId>,
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<Shown<DataSource>>>, Error> {
    let page = input.query.page();
    let found = data_sources::list(&app.service, &caller, &input.path.project, page).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Written<DataSource>>,
) -> Result<Created<Shown<DataSource>>, Error> {
    let Written { name, body } = input.body;
    let of = (&input.path.project, name.as_str());
    let made = data_sources::create(&app.service, &caller, of, body).await?;
    Ok(Shown::from(made).created(&format!("/projects/{}/data-sources", input.path.project)))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<SourceOf>,
) -> Result<Answer<Shown<DataSource>>, Error> {
    let SourceOf { project, source } = input.path;
    let found = data_sources::show(&app.service, &caller, &project, &source).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<SourceOf, (), Written<DataSource>>,
) -> Result<Answer<Shown<DataSource>>, Error> {
    let edition = input.required_edition()?;
    let SourceOf { project, source } = input.path;
    let new = input.body.over(project.as_str(), source, edition);
    let edited = data_sources::edit(&app.service, &caller, &project, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<SourceOf>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    let SourceOf { project, source } = input.path;
    data_sources::remove(&app.service, &caller, (&project, &source), edition).await?;
    Ok(Answer::nothing())
}

async fn copy(
    app: App,
    caller: Caller,
    input: Input<SourceOf, (), Named>,
) -> Result<Created<Shown<DataSource>>, Error> {
    let SourceOf { project, source } = input.path;
    let of = (&project, &source);
    let made = data_sources::clone(&app.service, &caller, of, &input.body.name).await?;
    Ok(Shown::from(made).created(&format!("/projects/{project}/data-sources")))
}

async fn test(
    app: App,
    caller: Caller,
    input: Input<SourceOf, Where>,
) -> Result<Answer<Tested>, Error> {
    let SourceOf { project, source } = input.path;
    let of = (&project, &source);
    let tested = data_sources::test(&app.service, &caller, of, input.query.environment);
    Ok(Answer::of(tested.await?))
}

async fn test_draft(
    app: App,
    caller: Caller,
    input: Input<InProject, (), TestDraft>,
) -> Result<Answer<Tested>, Error> {
    let TestDraft {
        data_source,
        edits,
        environment,
    } = input.body;
    let of = (&input.path.project, edits.as_ref());
    let draft = (data_source, environment);
    let tested = data_sources::test_draft(&app.service, &caller, of, draft).await?;
    Ok(Answer::of(tested))
}

async fn uses(
    app: App,
    caller: Caller,
    input: Input<SourceOf>,
) -> Result<Answer<Listed<Referrer>>, Error> {
    let SourceOf { project, source } = input.path;
    let found = data_sources::where_used(&app.service, &caller, &project, &source).await?;
    Ok(Answer::of(Listed::all(
        found.into_iter().map(Referrer::from).collect(),
    )))
}
