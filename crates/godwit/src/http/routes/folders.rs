//! Routes of folders.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::access::rights::Caller;
use service::folders::{self, Folder};

use crate::http::app::App;
use crate::http::wire::{InProject, Listed, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    const ONE: &str = "/projects/{project}/folders/{folder}";
    vec![
        Route::get("/projects/{project}/folders", "Lists folders", list),
        Route::post("/projects/{project}/folders", "Makes a folder", create),
        Route::get(ONE, "Shows a folder", show),
        Route::put(ONE, "Calls a folder otherwise", edit).conditional(),
        Route::delete(
            ONE,
            "Removes a folder with all its pipelines and scripts",
            remove,
        )
        .conditional(),
    ]
}

/// A folder of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FolderOf {
    /// The project's id.
    project: ObjectId,
    /// The folder's id.
    folder: ObjectId,
}

/// What a client writes of a folder.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FolderWritten {
    /// At most 256 characters.
    name: String,
    /// For people.
    #[serde(default)]
    description: String,
}

/// How a folder is removed.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct How {
    /// Whether its tasks are unpublished first.
    #[serde(default)]
    unpublish: bool,
}

/// What went with a folder.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct FolderRemoved {
    /// How many pipelines and scripts.
    pipelines: u64,
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<Shown<Folder>>>, Error> {
    let page = input.query.page();
    let found = folders::list(&app.service, &caller, &input.path.project, page).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<InProject, (), FolderWritten>,
) -> Result<Created<Shown<Folder>>, Error> {
    let FolderWritten { name, description } = input.body;
    let of = (&input.path.project, name.as_str());
    let made = folders::create(&app.service, &caller, of, &description).await?;
    Ok(Shown::from(made).created(&format!("/projects/{}/folders", input.path.project)))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<FolderOf>,
) -> Result<Answer<Shown<Folder>>, Error> {
    let FolderOf { project, folder } = input.path;
    let found = folders::show(&app.service, &caller, &project, &folder).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<FolderOf, (), FolderWritten>,
) -> Result<Answer<Shown<Folder>>, Error> {
    let edition = input.required_edition()?;
    let FolderOf { project, folder } = input.path;
    let body = Folder {
        description: input.body.description,
        ..Folder::default()
    };
    let new = Written {
        name: input.body.name,
        body,
    };
    let new = new.over(project.as_str(), folder, edition);
    let edited = folders::edit(&app.service, &caller, &project, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(
    app: App,
    caller: Caller,
    input: Input<FolderOf, How>,
) -> Result<Answer<FolderRemoved>, Error> {
    let edition = input.required_edition()?;
    let FolderOf { project, folder } = input.path;
    let how = (edition, input.query.unpublish);
    let of = (&project, &folder);
    let pipelines = folders::remove(&app.service, &caller, of, how).await?;
    Ok(Answer::of(FolderRemoved { pipelines }))
}
