//! Routes of projects.

use model::Error;
use service::access::rights::Caller;
use service::projects::{self, Project};

use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get("/projects", "Lists the projects that you may see", list),
        Route::post("/projects", "Makes a project", create),
        Route::get("/projects/{project}", "Shows a project", show),
        Route::put("/projects/{project}", "Changes a project", edit).conditional(),
        Route::delete("/projects/{project}", "Removes an empty project", remove).conditional(),
    ]
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<(), Search>,
) -> Result<Answer<Listed<Shown<Project>>>, Error> {
    let found = projects::list(&app.service, &caller, input.query.page()).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<(), (), Written<Project>>,
) -> Result<Created<Shown<Project>>, Error> {
    let Written { name, body } = input.body;
    let made = projects::create(&app.service, &caller, &name, body).await?;
    Ok(Shown::from(made).created("/projects"))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<InProject>,
) -> Result<Answer<Shown<Project>>, Error> {
    let found = projects::show(&app.service, &caller, &input.path.project).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<InProject, (), Written<Project>>,
) -> Result<Answer<Shown<Project>>, Error> {
    let edition = input.required_edition()?;
    let new = input.body.over("", input.path.project, edition);
    let edited = projects::edit(&app.service, &caller, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<InProject>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    projects::remove(&app.service, &caller, &input.path.project, edition).await?;
    Ok(Answer::nothing())
}
