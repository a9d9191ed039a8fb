//! Routes of resource groups.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use service::access::rights::Caller;
use service::resource_groups::{self, ResourceGroup};

use crate::http::app::App;
use crate::http::wire::{Listed, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

const ALL: &str = "/resource-groups";
const ONE: &str = "/resource-groups/{group}";

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get(ALL, "Lists the resource groups that you may see", list),
        Route::post(ALL, "Makes a resource group", create),
        Route::get(ONE, "Shows a resource group", show),
        Route::put(ONE, "Changes a resource group", edit).conditional(),
        Route::delete(ONE, "Removes a resource group that nothing uses", remove).conditional(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneGroup {
    /// The group's id.
    group: ObjectId,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<(), Search>,
) -> Result<Answer<Listed<Shown<ResourceGroup>>>, Error> {
    let found = resource_groups::list(&app.service, &caller, input.query.page()).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<(), (), Written<ResourceGroup>>,
) -> Result<Created<Shown<ResourceGroup>>, Error> {
    let Written { name, body } = input.body;
    let made = resource_groups::create(&app.service, &caller, &name, body).await?;
    Ok(Shown::from(made).created(ALL))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<OneGroup>,
) -> Result<Answer<Shown<ResourceGroup>>, Error> {
    let found = resource_groups::show(&app.service, &caller, &input.path.group).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<OneGroup, (), Written<ResourceGroup>>,
) -> Result<Answer<Shown<ResourceGroup>>, Error> {
    let edition = input.required_edition()?;
    let new = input.body.over("", input.path.group, edition);
    let edited = resource_groups::edit(&app.service, &caller, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<OneGroup>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    resource_groups::remove(&app.service, &caller, &input.path.group, edition).await?;
    Ok(Answer::nothing())
}
