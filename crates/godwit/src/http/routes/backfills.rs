//! Routes of backfills: a task over many business dates.

use std::collections::BTreeMap;

use model::schedule::InstanceState;
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::access::rights::Caller;
use service::backfills::{self, Backfill};

use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Search, Shown};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get("/projects/{project}/backfills", "Lists backfills", list),
        Route::post(
            "/projects/{project}/backfills",
            "Backfills business dates; with a `key`, once however often it is asked for",
            create,
        ),
        Route::get(
            "/projects/{project}/backfills/{backfill}",
            "Shows a backfill, and how far it is",
            show,
        ),
        Route::post(
            "/projects/{project}/backfills/{backfill}/stop",
            "Stops all of a backfill that has not ended",
            stop,
        ),
    ]
}

/// A backfill of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BackfillOf {
    /// The project's id.
    project: ObjectId,
    /// The backfill's id.
    backfill: ObjectId,
}

/// What is to be backfilled.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wanted {
    /// Called after the task, the day and a number where it is left out.
    name: Option<String>,
    /// What.
    backfill: Backfill,
    /// What the client calls this request, unique in the project: asked again with the same key, the answer is
    /// the backfill that is there already. Remembered for as long as its instances are.
    #[schemars(length(min = 1, max = 64))]
    key: Option<String>,
}

/// A backfill, and how far it is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct BackfillProgress {
    /// What was asked for.
    #[serde(flatten)]
    backfill: Shown<Backfill>,
    /// What it is as a whole.
    state: InstanceState,
    /// How many of its instances there are in each state.
    instances: BTreeMap<InstanceState, i64>,
}

impl From<backfills::Shown> for BackfillProgress {
    fn from(shown: backfills::Shown) -> Self {
        Self {
            backfill: shown.backfill.into(),
            state: shown.state,
            instances: shown.instances.into_iter().collect(),
        }
    }
}

/// What was stopped.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Stopped {
    /// How many instances.
    instances: usize,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<BackfillProgress>>, Error> {
    let (project, page) = (&input.path.project, input.query.page());
    let found = backfills::list(&app.service, &caller, project, page).await?;
    let is_full = found.len() >= input.query.limit() as usize;
    let next = found
        .last()
        .filter(|_| is_full)
        .map(|last| last.backfill.name.clone());
    let items = found.into_iter().map(BackfillProgress::from).collect();
    Ok(Answer::of(Listed { items, next }))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Wanted>,
) -> Result<Created<BackfillProgress>, Error> {
    let (project, wanted) = (&input.path.project, input.body);
    let wanted = (wanted.name, wanted.backfill, wanted.key);
    let made = backfills::create(&app.service, &caller, project, wanted).await?;
    let place = format!("/projects/{project}/backfills/{}", made.backfill.id);
    Ok(Created::at(&place, made.into()))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<BackfillOf>,
) -> Result<Answer<BackfillProgress>, Error> {
    let (project, id) = (&input.path.project, &input.path.backfill);
    let shown = backfills::show(&app.service, &caller, project, id).await?;
    Ok(Answer::of(shown.into()))
}

async fn stop(
    app: App,
    caller: Caller,
    input: Input<BackfillOf>,
) -> Result<Answer<Stopped>, Error> {
    let (project, id) = (&input.path.project, &input.path.backfill);
    let instances = backfills::stop(&app.service, &caller, project, id).await?;
    Ok(Answer::of(Stopped { instances }))
}
