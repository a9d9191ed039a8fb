//! Routes of pipelines and scripts.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use service::access::rights::Caller;
use service::migrations::Checked;
use service::pipelines::{self, Change, NewPipeline, Pipeline, Trial, TrialRequest};

use super::migrations::{As, WrittenText};
use super::tasks::Where;
use crate::http::app::App;
use crate::http::wire::{InProject, Limit, Listed, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

/// A script may have 500,000 characters.
const SCRIPT_LIMIT: usize = 4 * 1024 * 1024;

pub(super) fn routes() -> Vec<Route<App>> {
    const ALL: &str = "/projects/{project}/pipelines";
    const ONE: &str = "/projects/{project}/pipelines/{pipeline}";
    vec![
        Route::get(
            ALL,
            "Lists pipelines, of one folder where it is named",
            list,
        ),
        Route::post(ALL, "Makes a pipeline or a script by hand", create).body_limit(SCRIPT_LIMIT),
        Route::post(
            "/projects/{project}/pipelines/check",
            "Tells what stands against a script as it is typed",
            check,
        )
        .body_limit(SCRIPT_LIMIT),
        Route::get(ONE, "Shows a pipeline", show),
        Route::patch(
            ONE,
            "Changes a pipeline, or moves it to another folder",
            edit,
        )
        .conditional()
        .body_limit(SCRIPT_LIMIT),
        Route::delete(ONE, "Removes a pipeline that is published nowhere", remove).conditional(),
        Route::get(
            "/projects/{project}/pipelines/{pipeline}/script",
            "Shows a pipeline as a script",
            script,
        ),
        Route::get(
            "/projects/{project}/pipelines/{pipeline}/check",
            "Tells what stands against a pipeline",
            validate,
        ),
        Route::post(
            "/projects/{project}/pipelines/{pipeline}/try",
            "Shows the first rows of a pipeline as they would be read now; writes nothing",
            try_out,
        ),
    ]
}

/// A pipeline of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PipelineOf {
    /// The project's id.
    pub(super) project: ObjectId,
    /// The pipeline's id.
    pub(super) pipeline: ObjectId,
}

/// Which part of the list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PipelineSearch {
    /// Only those in this folder, by id.
    folder: Option<ObjectId>,
    /// Only what comes after this name: `next` of the page before.
    after: Option<String>,
    /// Only those whose names hold this.
    containing: Option<String>,
    /// How many at most; 50 where it is left out, 500 at most.
    limit: Option<Limit>,
}

/// A script that is not kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Script {
    /// YAML or JSON with `migration` at its top.
    script: String,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, PipelineSearch>,
) -> Result<Answer<Listed<Shown<Pipeline>>>, Error> {
    let PipelineSearch {
        folder,
        after,
        containing,
        limit,
    } = input.query;
    let search = Search {
        after,
        containing,
        limit,
    };
    let of = (&input.path.project, folder.as_ref());
    let found = pipelines::list(&app.service, &caller, of, search.page()).await?;
    Ok(Answer::of(Listed::of(found, &search)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Written<NewPipeline>>,
) -> Result<Created<Shown<Pipeline>>, Error> {
    let Written { name, body } = input.body;
    let of = (&input.path.project, name.as_str());
    let made = pipelines::create(&app.service, &caller, of, body).await?;
    Ok(Shown::from(made).created(&format!("/projects/{}/pipelines", input.path.project)))
}

async fn check(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Script>,
) -> Result<Answer<Checked>, Error> {
    let (project, script) = (&input.path.project, &input.body.script);
    let checked = pipelines::validate_script(&app.service, &caller, project, script).await?;
    Ok(Answer::of(checked))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<PipelineOf>,
) -> Result<Answer<Shown<Pipeline>>, Error> {
    let PipelineOf { project, pipeline } = input.path;
    let found = pipelines::show(&app.service, &caller, &project, &pipeline).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<PipelineOf, (), Change>,
) -> Result<Answer<Shown<Pipeline>>, Error> {
    let edition = input.required_edition()?;
    let PipelineOf { project, pipeline } = input.path;
    let (of, change) = ((&project, &pipeline), (edition, input.body));
    let edited = pipelines::edit(&app.service, &caller, of, change).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<PipelineOf>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    let PipelineOf { project, pipeline } = input.path;
    pipelines::remove(&app.service, &caller, (&project, &pipeline), edition).await?;
    Ok(Answer::nothing())
}

async fn script(
    app: App,
    caller: Caller,
    input: Input<PipelineOf, As>,
) -> Result<Answer<WrittenText>, Error> {
    let PipelineOf { project, pipeline } = input.path;
    let of = (&project, &pipeline);
    let text = pipelines::script(&app.service, &caller, of, input.query.format).await?;
    Ok(Answer::of(WrittenText { text }))
}

async fn validate(
    app: App,
    caller: Caller,
    input: Input<PipelineOf>,
) -> Result<Answer<Checked>, Error> {
    let PipelineOf { project, pipeline } = input.path;
    let checked = pipelines::validate(&app.service, &caller, &project, &pipeline).await?;
    Ok(Answer::of(checked))
}

async fn try_out(
    app: App,
    caller: Caller,
    input: Input<PipelineOf, Where, Option<TrialRequest>>,
) -> Result<Answer<Trial>, Error> {
    let PipelineOf { project, pipeline } = input.path;
    let how = (input.query.environment, input.body.unwrap_or_default());
    let trial = pipelines::try_out(&app.service, &caller, (&project, &pipeline), how).await?;
    Ok(Answer::of(trial))
}
