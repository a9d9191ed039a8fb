//! Routes of alerts: who is told of what.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use service::access::rights::Caller;
use service::alerts::{self, Alert, Told};

use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

const ALL: &str = "/projects/{project}/alerts";
const ONE: &str = "/projects/{project}/alerts/{alert}";

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get(ALL, "Lists alerts", list),
        Route::post(ALL, "Makes an alert: who is told of what", create),
        Route::get(ONE, "Shows an alert, without its address", show),
        Route::put(
            ONE,
            "Changes an alert; an address that is left out stays",
            edit,
        )
        .conditional(),
        Route::delete(ONE, "Removes an alert", remove).conditional(),
        Route::post(
            "/projects/{project}/alerts/{alert}/try",
            "Tells a trial to all whom an alert tells",
            try_out,
        ),
    ]
}

/// An alert of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AlertOf {
    /// The project's id.
    project: ObjectId,
    /// The alert's id.
    alert: ObjectId,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<Shown<Alert>>>, Error> {
    let page = input.query.page();
    let found = alerts::list(&app.service, &caller, &input.path.project, page).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Written<Alert>>,
) -> Result<Created<Shown<Alert>>, Error> {
    let Written { name, body } = input.body;
    let of = (&input.path.project, name.as_str());
    let made = alerts::create(&app.service, &caller, of, body).await?;
    Ok(Shown::from(made).created(&format!("/projects/{}/alerts", input.path.project)))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<AlertOf>,
) -> Result<Answer<Shown<Alert>>, Error> {
    let AlertOf { project, alert } = input.path;
    let found = alerts::show(&app.service, &caller, (&project, &alert)).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<AlertOf, (), Written<Alert>>,
) -> Result<Answer<Shown<Alert>>, Error> {
    let edition = input.required_edition()?;
    let AlertOf { project, alert } = input.path;
    let new = input.body.over(project.as_str(), alert, edition);
    let edited = alerts::edit(&app.service, &caller, &project, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<AlertOf>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    let AlertOf { project, alert } = input.path;
    alerts::remove(&app.service, &caller, (&project, &alert), edition).await?;
    Ok(Answer::nothing())
}

async fn try_out(app: App, caller: Caller, input: Input<AlertOf>) -> Result<Answer<Told>, Error> {
    let AlertOf { project, alert } = input.path;
    let told = alerts::try_out(&app.service, &caller, (&project, &alert)).await?;
    Ok(Answer::of(told))
}
