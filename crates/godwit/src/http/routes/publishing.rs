//! Routes of publishing: versions of pipelines become tasks.

use model::plan::Environment;
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::pipelines::Pipeline;
use service::publishing::{self, Difference, VirtualNode};

use super::operations::{OperationShown, begun};
use super::pipelines::PipelineOf;
use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Search, Shown, Written, written_moment};
use crate::http::{Accepted, Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post(
            "/projects/{project}/submit",
            "Submits pipelines: to development, or live in a project of the mode basic. The result of the operation \
             has `items`: for each pipeline the `version` that went out, or none, and the `findings` for it",
            submit,
        ),
        Route::post(
            "/projects/{project}/publish",
            "Publishes to production what was submitted. The result of the operation has `items`: for each pipeline \
             the `version` that went out, or none, and the `findings` for it",
            publish,
        ),
        Route::post(
            "/projects/{project}/unpublish",
            "Takes tasks out of an environment",
            unpublish,
        ),
        Route::get(
            "/projects/{project}/to-be-published",
            "Lists pipelines whose last submission is not in production",
            pending,
        ),
        Route::get(
            "/projects/{project}/pipelines/{pipeline}/versions",
            "Lists the versions of a pipeline, newest first",
            versions,
        ),
        Route::get(
            "/projects/{project}/pipelines/{pipeline}/differences",
            "Tells what differs between two versions of a pipeline",
            differences,
        ),
        Route::get(
            "/projects/{project}/virtual-nodes",
            "Lists virtual nodes",
            nodes,
        ),
        Route::post(
            "/projects/{project}/virtual-nodes",
            "Makes a virtual node: a task that runs nothing, for others to wait for",
            create_node,
        ),
        Route::delete(
            "/projects/{project}/virtual-nodes/{node}",
            "Removes a virtual node that nobody waits for",
            remove_node,
        )
        .conditional(),
    ]
}

/// A virtual node of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NodeOf {
    /// The project's id.
    project: ObjectId,
    /// The node's id.
    node: ObjectId,
}

/// What is submitted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Submission {
    /// Pipelines, by id.
    pipelines: Vec<ObjectId>,
    /// What is to be said of the versions.
    #[serde(default)]
    remark: String,
}

/// What is published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Publication {
    /// Pipelines, by id.
    pipelines: Vec<ObjectId>,
}

/// What is taken out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Withdrawal {
    /// Pipelines, by id.
    pipelines: Vec<ObjectId>,
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
}

/// Two versions.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Between {
    /// The older one's number.
    old: i64,
    /// The newer one's number.
    new: i64,
}

/// A version of a pipeline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct PipelineVersion {
    /// From 1.
    number: i64,
    /// What who submitted it said of it.
    remark: String,
    /// When (RFC 3339).
    made_at: String,
    /// By whom, by the user's id.
    made_by: String,
    /// What it said.
    body: Json,
}

async fn submit(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Submission>,
) -> Result<Accepted<OperationShown>, Error> {
    let of = (&input.path.project, input.body.pipelines.as_slice());
    let remark = &input.body.remark;
    Ok(begun(
        publishing::submit(&app.service, &caller, of, remark).await?,
    ))
}

async fn publish(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Publication>,
) -> Result<Accepted<OperationShown>, Error> {
    let of = (&input.path.project, input.body.pipelines.as_slice());
    Ok(begun(publishing::publish(&app.service, &caller, of).await?))
}

async fn unpublish(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Withdrawal>,
) -> Result<Answer<()>, Error> {
    let of = (&input.path.project, input.body.environment);
    publishing::unpublish(&app.service, &caller, of, &input.body.pipelines).await?;
    Ok(Answer::nothing())
}

async fn pending(
    app: App,
    caller: Caller,
    input: Input<InProject>,
) -> Result<Answer<Listed<Shown<Pipeline>>>, Error> {
    let found = publishing::pending(&app.service, &caller, &input.path.project).await?;
    Ok(Answer::of(Listed::all(
        found.into_iter().map(Shown::from).collect(),
    )))
}

async fn versions(
    app: App,
    caller: Caller,
    input: Input<PipelineOf>,
) -> Result<Answer<Listed<PipelineVersion>>, Error> {
    let PipelineOf { project, pipeline } = input.path;
    let found = publishing::versions(&app.service, &caller, &project, &pipeline).await?;
    let shown = found.into_iter().map(|version| PipelineVersion {
        number: version.number,
        remark: version.remark,
        made_at: written_moment(version.made_at),
        made_by: version.made_by,
        body: version.body,
    });
    Ok(Answer::of(Listed::all(shown.collect())))
}

async fn differences(
    app: App,
    caller: Caller,
    input: Input<PipelineOf, Between>,
) -> Result<Answer<Listed<Difference>>, Error> {
    let PipelineOf { project, pipeline } = input.path;
    let (of, between) = ((&project, &pipeline), (input.query.old, input.query.new));
    let found = publishing::differences(&app.service, &caller, of, between).await?;
    Ok(Answer::of(Listed::all(found)))
}

async fn nodes(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<Shown<VirtualNode>>>, Error> {
    let page = input.query.page();
    let found = publishing::nodes(&app.service, &caller, &input.path.project, page).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create_node(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Written<VirtualNode>>,
) -> Result<Created<Shown<VirtualNode>>, Error> {
    let Written { name, body } = input.body;
    let of = (&input.path.project, name.as_str());
    let made = publishing::create_node(&app.service, &caller, of, body).await?;
    Ok(Shown::from(made).created(&format!("/projects/{}/virtual-nodes", input.path.project)))
}

async fn remove_node(app: App, caller: Caller, input: Input<NodeOf>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    let NodeOf { project, node } = input.path;
    publishing::remove_node(&app.service, &caller, (&project, &node), edition).await?;
    Ok(Answer::nothing())
}
