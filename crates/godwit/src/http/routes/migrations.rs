//! Routes of migrations: drafts, what stands against them, what they become.

use model::plan::Environment;
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::generation::{self, Generate, Row, RowState};
use service::migrations::{self, Checked, Format, Migration, PlanRequest, Preview, PreviewRequest};
use service::tasks::Table;
use service::within::Within;

use super::data_sources::Named;
use super::operations::{OperationShown, begun};
use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Search, Shown};
use crate::http::{Accepted, Answer, Created, Input, Route};

/// A migration of thousands of tables is long.
const DOCUMENT_LIMIT: usize = 4 * 1024 * 1024;
/// How many rows of results are shown where nothing is said.
const USUAL_ROWS: usize = 500;

pub(super) fn routes() -> Vec<Route<App>> {
    const ALL: &str = "/projects/{project}/migrations";
    const ONE: &str = "/projects/{project}/migrations/{migration}";
    let long = |route: Route<App>| route.body_limit(DOCUMENT_LIMIT);
    vec![
        Route::get(ALL, "Lists migrations", list),
        long(Route::post(
            ALL,
            "Makes a migration; a draft need not be complete",
            create,
        )),
        long(Route::post(
            "/projects/{project}/migrations/check",
            "Tells what stands against a migration that is not kept yet",
            check,
        )),
        long(Route::post(
            "/projects/{project}/migrations/preview",
            "Tells what names and parameters become",
            preview,
        )),
        long(Route::post(
            "/projects/{project}/migrations/existing",
            "Tells which target names the destination has already",
            existing,
        )),
        long(Route::post(
            "/projects/{project}/migrations/import",
            "Makes a migration of a YAML or JSON text",
            import,
        )),
        Route::get(ONE, "Shows a migration", show),
        long(Route::put(ONE, "Changes a migration", edit)).conditional(),
        Route::delete(
            ONE,
            "Removes a migration of which no pipeline is left",
            remove,
        )
        .conditional(),
        Route::post(
            "/projects/{project}/migrations/{migration}/copy",
            "Makes another migration of the same document",
            copy,
        ),
        Route::get(
            "/projects/{project}/migrations/{migration}/check",
            "Tells what stands against a migration",
            validate,
        ),
        Route::get(
            "/projects/{project}/migrations/{migration}/export",
            "Writes a migration as a file, without secrets",
            export,
        ),
        Route::post(
            "/projects/{project}/migrations/{migration}/plan",
            "Plans a migration",
            plan,
        ),
        Route::post(
            "/projects/{project}/migrations/{migration}/generate",
            "Generates the pipelines of a migration",
            generate,
        ),
        Route::get(
            "/projects/{project}/migrations/{migration}/results",
            "Tells what became of the tables when pipelines were generated last",
            results,
        ),
    ]
}

/// A migration of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MigrationOf {
    /// The project's id.
    project: ObjectId,
    /// The migration's id.
    migration: ObjectId,
}

/// What a client writes of a migration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MigrationWritten {
    /// The folder's name, at most 256 characters.
    name: String,
    /// The `migration` of a migration file, as far as it is written.
    document: Json,
}

/// A migration that is not kept: as a document or as a text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Draft {
    /// The `migration` of a migration file.
    document: Option<Json>,
    /// A text with `migration` at its top: findings have places in it.
    text: Option<String>,
}

/// A text to be imported.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Import {
    /// YAML or JSON.
    text: String,
    /// What it is to be called; by its own name where it is left out.
    #[serde(default)]
    name: Option<String>,
}

/// What was imported.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Imported {
    /// As it was kept.
    migration: Shown<Migration>,
    /// What stands against it.
    checked: Checked,
}

/// How it is to be written.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct As {
    /// YAML where it is left out.
    #[serde(default)]
    pub(super) format: Format,
}

/// A text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct WrittenText {
    /// All of it.
    pub(super) text: String,
}

/// Which rows.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rows {
    /// Only those in this state.
    state: Option<RowState>,
    /// How many are left out before.
    offset: Option<usize>,
    /// How many at most; 500 where it is left out, 10,000 at most.
    limit: Option<Within<1, 10_000>>,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<Shown<Migration>>>, Error> {
    let page = input.query.page();
    let found = migrations::list(&app.service, &caller, &input.path.project, page).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<InProject, (), MigrationWritten>,
) -> Result<Created<Shown<Migration>>, Error> {
    let MigrationWritten { name, document } = input.body;
    let of = (&input.path.project, name.as_str());
    let made = migrations::create(&app.service, &caller, of, document).await?;
    Ok(Shown::from(made).created(&format!("/projects/{}/migrations", input.path.project)))
}

async fn check(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Draft>,
) -> Result<Answer<Checked>, Error> {
    let project = &input.path.project;
    let checked = match (&input.body.text, &input.body.document) {
        (Some(text), _) => migrations::validate_text(&app.service, &caller, project, text).await?,
        (None, document) => {
            let document = document.clone().unwrap_or_default();
            migrations::validate_draft(&app.service, &caller, project, &document).await?
        }
    };
    Ok(Answer::of(checked))
}

async fn preview(
    app: App,
    caller: Caller,
    input: Input<InProject, (), PreviewRequest>,
) -> Result<Answer<Preview>, Error> {
    let project = &input.path.project;
    let preview = migrations::preview(&app.service, &caller, project, &input.body).await?;
    Ok(Answer::of(preview))
}

/// Where it is looked.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Where {
    /// Development where the project has it and this is left out, else production.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["development", "production"]))]
    environment: Option<Environment>,
}

async fn existing(
    app: App,
    caller: Caller,
    input: Input<InProject, Where, PreviewRequest>,
) -> Result<Answer<Listed<Table>>, Error> {
    let asked = (&input.body, input.query.environment);
    let project = &input.path.project;
    let found = migrations::existing(&app.service, &caller, project, asked).await?;
    Ok(Answer::of(Listed::all(found)))
}

async fn import(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Import>,
) -> Result<Created<Imported>, Error> {
    let of = (&input.path.project, input.body.name.as_deref());
    let imported = migrations::import(&app.service, &caller, of, &input.body.text).await?;
    let id = &imported.migration.id;
    let place = format!("/projects/{}/migrations/{id}", input.path.project);
    let edition = imported.migration.edition;
    let shown = Imported {
        migration: imported.migration.into(),
        checked: imported.checked,
    };
    Ok(Created::at(&place, shown).edition(edition))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<MigrationOf>,
) -> Result<Answer<Shown<Migration>>, Error> {
    let MigrationOf { project, migration } = input.path;
    let found = migrations::show(&app.service, &caller, &project, &migration).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<MigrationOf, (), MigrationWritten>,
) -> Result<Answer<Shown<Migration>>, Error> {
    let edition = input.required_edition()?;
    let MigrationOf { project, migration } = input.path;
    let MigrationWritten { name, document } = input.body;
    let body = Migration {
        document,
        ..Migration::default()
    };
    let new = crate::http::wire::Written { name, body };
    let new = new.over(project.as_str(), migration, edition);
    let edited = migrations::edit(&app.service, &caller, &project, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<MigrationOf>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    let MigrationOf { project, migration } = input.path;
    migrations::remove(&app.service, &caller, (&project, &migration), edition).await?;
    Ok(Answer::nothing())
}

async fn copy(
    app: App,
    caller: Caller,
    input: Input<MigrationOf, (), Named>,
) -> Result<Created<Shown<Migration>>, Error> {
    let MigrationOf { project, migration } = input.path;
    let of = (&project, &migration);
    let made = migrations::copy(&app.service, &caller, of, &input.body.name).await?;
    Ok(Shown::from(made).created(&format!("/projects/{project}/migrations")))
}

async fn validate(
    app: App,
    caller: Caller,
    input: Input<MigrationOf>,
) -> Result<Answer<Checked>, Error> {
    let MigrationOf { project, migration } = input.path;
    let checked = migrations::validate(&app.service, &caller, &project, &migration).await?;
    Ok(Answer::of(checked))
}

async fn export(
    app: App,
    caller: Caller,
    input: Input<MigrationOf, As>,
) -> Result<Answer<WrittenText>, Error> {
    let MigrationOf { project, migration } = input.path;
    let of = (&project, &migration);
    let text = migrations::export(&app.service, &caller, of, input.query.format).await?;
    Ok(Answer::of(WrittenText { text }))
}

async fn plan(
    app: App,
    caller: Caller,
    input: Input<MigrationOf, (), Option<PlanRequest>>,
) -> Result<Accepted<OperationShown>, Error> {
    let MigrationOf { project, migration } = input.path;
    let of = (&project, &migration);
    let request = input.body.unwrap_or_default();
    Ok(begun(
        migrations::plan(&app.service, &caller, of, request).await?,
    ))
}

async fn generate(
    app: App,
    caller: Caller,
    input: Input<MigrationOf, (), Option<Generate>>,
) -> Result<Accepted<OperationShown>, Error> {
    let MigrationOf { project, migration } = input.path;
    let of = (&project, &migration);
    let request = input.body.unwrap_or_default();
    Ok(begun(
        generation::generate(&app.service, &caller, of, request).await?,
    ))
}

async fn results(
    app: App,
    caller: Caller,
    input: Input<MigrationOf, Rows>,
) -> Result<Answer<Listed<Row>>, Error> {
    let MigrationOf { project, migration } = input.path;
    let limit = input
        .query
        .limit
        .map_or(USUAL_ROWS, |limit| limit.get() as usize);
    let offset = input.query.offset.unwrap_or(0);
    let wanted = (input.query.state, offset, limit);
    let of = (&project, &migration);
    let items = generation::results(&app.service, &caller, of, wanted).await?;
    let next = (items.len() == limit).then(|| (offset + limit).to_string());
    Ok(Answer::of(Listed { items, next }))
}
