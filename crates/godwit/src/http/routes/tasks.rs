//! Routes of tasks: what runs in an environment.

use model::plan::Environment;
use model::schedule::Priority;
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::tasks::{self, ByHand, Task};

use crate::http::app::App;
use crate::http::wire::{self, InProject, Limit, Listed, written_moment};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get(
            "/projects/{project}/tasks",
            "Lists what runs in an environment",
            list,
        ),
        Route::get("/projects/{project}/tasks/{task}", "Shows a task", show),
        Route::post(
            "/projects/{project}/tasks/{task}/suspend",
            "Suspends a task: its instances are made, and do not run",
            suspend,
        ),
        Route::post(
            "/projects/{project}/tasks/{task}/resume",
            "Lets a task go on",
            resume,
        ),
        Route::put(
            "/projects/{project}/tasks/{task}/priority",
            "Says which of those that are ready goes first",
            prioritize,
        ),
        Route::post(
            "/projects/{project}/tasks/{task}/instances",
            "Runs a task by hand; with a `key`, once however often it is asked for",
            run_now,
        ),
    ]
}

/// A task of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TaskOf {
    /// The project's id.
    project: ObjectId,
    /// The task's id.
    task: ObjectId,
}

/// Where.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Where {
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    pub(super) environment: Environment,
}

/// Which part of the list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Search {
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
    /// Only what comes after this name: `next` of the page before.
    after: Option<String>,
    /// Only those whose names hold this.
    containing: Option<String>,
    /// How many at most; 50 where it is left out, 500 at most.
    limit: Option<Limit>,
}

/// A task as it is shown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct TaskShown {
    /// The id of its pipeline, or of its virtual node.
    id: ObjectId,
    /// Its name.
    name: String,
    /// Where it runs.
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
    /// Which version of the pipeline; 0 where it has none.
    version: i64,
    /// The first business date that the calendar makes an instance of: `yyyymmdd`.
    first_bizdate: String,
    /// Its instances are made, and do not run.
    suspended: bool,
    /// Which goes first.
    priority: Priority,
    /// Those that it waits for.
    upstream: Vec<ObjectId>,
    /// Those that wait for it; none in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    downstream: Option<Vec<ObjectId>>,
    /// What it runs, and how.
    #[schemars(with = "service::tasks::TaskBody")]
    body: Json,
    /// When it was last changed (RFC 3339).
    changed_at: String,
    /// By whom, by the user's id.
    changed_by: String,
}

impl From<Task> for TaskShown {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            name: task.name,
            environment: task.environment,
            version: task.version,
            first_bizdate: task.first_bizdate,
            suspended: task.suspended,
            priority: task.priority,
            upstream: task.upstream,
            downstream: None,
            body: task.body,
            changed_at: written_moment(task.changed_at),
            changed_by: task.changed_by,
        }
    }
}

/// Which goes first.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Prioritized {
    /// Which goes first.
    priority: Priority,
}

/// An instance that was made.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Made {
    /// The instance's number.
    instance: i64,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<TaskShown>>, Error> {
    let Search {
        environment,
        after,
        containing,
        limit,
    } = input.query;
    let limit = wire::limit(limit);
    let of = (&input.path.project, environment);
    let page = (after, containing, Some(limit));
    let found = tasks::list(&app.service, &caller, of, page).await?;
    let is_full = found.len() >= limit as usize;
    let next = found
        .last()
        .filter(|_| is_full)
        .map(|last| last.name.clone());
    let items = found.into_iter().map(TaskShown::from).collect();
    Ok(Answer::of(Listed { items, next }))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<TaskOf, Where>,
) -> Result<Answer<TaskShown>, Error> {
    let of = (&input.path.project, input.query.environment);
    let (task, downstream) = tasks::show(&app.service, &caller, of, &input.path.task).await?;
    Ok(Answer::of(TaskShown {
        downstream: Some(downstream),
        ..task.into()
    }))
}

async fn suspend(
    app: App,
    caller: Caller,
    input: Input<TaskOf, Where>,
) -> Result<Answer<TaskShown>, Error> {
    let of = (&input.path.project, input.query.environment);
    let task = tasks::suspend(&app.service, &caller, of, (&input.path.task, true)).await?;
    Ok(Answer::of(task.into()))
}

async fn resume(
    app: App,
    caller: Caller,
    input: Input<TaskOf, Where>,
) -> Result<Answer<TaskShown>, Error> {
    let of = (&input.path.project, input.query.environment);
    let task = tasks::suspend(&app.service, &caller, of, (&input.path.task, false)).await?;
    Ok(Answer::of(task.into()))
}

async fn prioritize(
    app: App,
    caller: Caller,
    input: Input<TaskOf, Where, Prioritized>,
) -> Result<Answer<TaskShown>, Error> {
    let of = (&input.path.project, input.query.environment);
    let wanted = (&input.path.task, input.body.priority);
    let task = tasks::prioritize(&app.service, &caller, of, wanted).await?;
    Ok(Answer::of(task.into()))
}

async fn run_now(
    app: App,
    caller: Caller,
    input: Input<TaskOf, Where, Option<ByHand>>,
) -> Result<Created<Made>, Error> {
    let (path, by_hand) = (input.path, input.body.unwrap_or_default());
    let of = (&path.project, input.query.environment);
    let instance = tasks::run_now(&app.service, &caller, of, (&path.task, by_hand)).await?;
    let place = format!("/projects/{}/instances/{instance}", path.project);
    Ok(Created::at(&place, Made { instance }))
}
