//! Routes of operations: long work, and how far it is.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::work::{self, OperationState, Progress};

use crate::http::app::App;
use crate::http::wire::{self, InProject, Limit, Listed, written_moment};
use crate::http::{Accepted, Answer, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get(
            "/projects/{project}/operations",
            "Lists long work, newest first",
            list,
        ),
        Route::get(
            "/projects/{project}/operations/{operation}",
            "Shows how far work is",
            show,
        ),
        Route::post(
            "/projects/{project}/operations/{operation}/give-up",
            "Says that work is not done any more, because its server is gone",
            give_up,
        ),
    ]
}

/// Long work of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OperationOf {
    /// The project's id.
    project: ObjectId,
    /// The operation's id.
    operation: ObjectId,
}

/// Which part of the list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OperationSearch {
    /// Only those on this object, by id.
    object: Option<String>,
    /// Only those before this one: `next` of the page before.
    before: Option<String>,
    /// How many at most; 50 where it is left out, 500 at most.
    limit: Option<Limit>,
}

/// How far long work is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Operation")]
pub(super) struct OperationShown {
    /// Its id.
    id: ObjectId,
    /// What is done: `collect`, `plan`, `generate`, `submit`, `publish`.
    kind: String,
    /// To what, by id.
    object: String,
    /// How far it is.
    state: OperationState,
    /// So many parts are done …
    done: i64,
    /// … of so many; 0 where that is not known yet.
    total: i64,
    /// What came of it; `{ "error": … }` where it went wrong as a whole. None in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Json>,
    /// Who asked for it, by the user's id.
    asked_by: String,
    /// When it began (RFC 3339).
    started_at: String,
    /// When it ended; none as long as it runs.
    ended_at: Option<String>,
}

impl From<Progress> for OperationShown {
    fn from(progress: Progress) -> Self {
        Self {
            id: progress.id,
            kind: progress.kind,
            object: progress.object,
            state: progress.state,
            done: progress.done,
            total: progress.total,
            result: progress.result,
            asked_by: progress.asked_by,
            started_at: written_moment(progress.started_at),
            ended_at: progress.ended_at.map(written_moment),
        }
    }
}

/// Work was begun, and is told of at its place.
pub(super) fn begun(progress: Progress) -> Accepted<OperationShown> {
    let place = format!("/projects/{}/operations/{}", progress.project, progress.id);
    Accepted::at(&place, progress.into())
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, OperationSearch>,
) -> Result<Answer<Listed<OperationShown>>, Error> {
    let OperationSearch {
        object,
        before,
        limit,
    } = input.query;
    let limit = wire::limit(limit);
    let page = (object, before, Some(limit));
    let found = work::list(&app.service, &caller, &input.path.project, page).await?;
    let is_full = found.len() >= limit as usize;
    let next = found
        .last()
        .filter(|_| is_full)
        .map(|last| last.id.to_string());
    let items = found.into_iter().map(|progress| OperationShown {
        result: None,
        ..progress.into()
    });
    let items = items.collect();
    Ok(Answer::of(Listed { items, next }))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<OperationOf>,
) -> Result<Answer<OperationShown>, Error> {
    let OperationOf { project, operation } = input.path;
    let found = work::show(&app.service, &caller, &project, &operation).await?;
    Ok(Answer::of(found.into()))
}

async fn give_up(
    app: App,
    caller: Caller,
    input: Input<OperationOf>,
) -> Result<Answer<OperationShown>, Error> {
    let OperationOf { project, operation } = input.path;
    let given_up = work::give_up(&app.service, &caller, &project, &operation).await?;
    Ok(Answer::of(given_up.into()))
}
