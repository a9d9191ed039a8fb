//! Routes of users.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use service::access::rights::{Caller, Role};
use service::users::{self, PasswordChange, Person, User};

use super::sessions::cookie;
use crate::http::app::App;
use crate::http::wire::{Listed, Search, Shown, Written};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    let password = "Sets a password, and ends the user's other sessions";
    vec![
        Route::get("/people", "Lists who could be given a role", people),
        Route::get("/users", "Lists users", list),
        Route::post("/users", "Makes a user", create),
        Route::get("/users/{user}", "Shows a user", show),
        Route::put("/users/{user}", "Changes a user", edit).conditional(),
        Route::delete("/users/{user}", "Removes a user", remove).conditional(),
        Route::put("/users/{user}/password", password, set_password),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneUser {
    /// The user's id.
    user: ObjectId,
}

async fn people(
    app: App,
    caller: Caller,
    input: Input<(), Search>,
) -> Result<Answer<Listed<Person>>, Error> {
    let items = users::people(&app.service, &caller, input.query.page()).await?;
    let is_full = items.len() >= input.query.limit() as usize;
    let next = items
        .last()
        .filter(|_| is_full)
        .map(|last| last.name.clone());
    Ok(Answer::of(Listed { items, next }))
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<(), Search>,
) -> Result<Answer<Listed<Shown<User>>>, Error> {
    let found = users::list(&app.service, &caller, input.query.page()).await?;
    Ok(Answer::of(Listed::of(found, &input.query)))
}

/// A user to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NewUser {
    /// The name to log in with; kept in lower case.
    name: String,
    /// 12 characters or more.
    password: String,
    /// For people.
    #[serde(default)]
    display_name: String,
    /// Where to write to.
    #[serde(default)]
    email: String,
    /// The role in the whole installation: administrator, auditor, or none.
    role: Option<Role>,
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<(), (), NewUser>,
) -> Result<Created<Shown<User>>, Error> {
    let new = input.body;
    let user = User {
        display_name: new.display_name,
        email: new.email,
        role: new.role,
        disabled: false,
    };
    let named = (new.name.as_str(), user);
    let made = users::create(&app.service, &caller, named, new.password.into()).await?;
    Ok(Shown::from(made).created("/users"))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<OneUser>,
) -> Result<Answer<Shown<User>>, Error> {
    let found = users::show(&app.service, &caller, &input.path.user).await?;
    Ok(Shown::from(found).answer())
}

async fn edit(
    app: App,
    caller: Caller,
    input: Input<OneUser, (), Written<User>>,
) -> Result<Answer<Shown<User>>, Error> {
    let edition = input.required_edition()?;
    let new = input.body.over("", input.path.user, edition);
    let edited = users::edit(&app.service, &caller, new).await?;
    Ok(Shown::from(edited).answer())
}

async fn remove(app: App, caller: Caller, input: Input<OneUser>) -> Result<Answer<()>, Error> {
    let edition = input.required_edition()?;
    users::remove(&app.service, &caller, &input.path.user, edition).await?;
    Ok(Answer::nothing())
}

/// A password to be set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NewPassword {
    /// The one that there is: needed for one's own.
    old: Option<String>,
    /// The one to be: 12 characters or more.
    new: String,
}

async fn set_password(
    app: App,
    caller: Caller,
    input: Input<OneUser, (), NewPassword>,
) -> Result<Answer<()>, Error> {
    let change = PasswordChange {
        old: input.body.old.map(Into::into),
        new: input.body.new.into(),
    };
    let asked = (change, cookie(&input.identity));
    users::set_password(&app.service, &caller, &input.path.user, asked).await?;
    Ok(Answer::nothing())
}
