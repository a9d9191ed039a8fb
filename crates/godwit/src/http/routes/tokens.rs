//! Routes of API tokens.

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::access::rights::{Caller, Right};
use service::tokens::{self, NewToken, USUAL_DAYS};

use crate::http::app::App;
use crate::http::wire::{Listed, written_moment};
use crate::http::{Answer, Created, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    let make = "Makes an API token; its text is shown this once";
    vec![
        Route::get("/tokens", "Lists your API tokens", list),
        Route::post("/tokens", make, create),
        Route::delete("/tokens/{token}", "Removes one of your API tokens", remove),
    ]
}

/// A token, without its text.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct TokenShown {
    /// Its id.
    id: ObjectId,
    /// What you call it.
    name: String,
    /// The rights that it is limited to.
    scopes: Vec<String>,
    /// When it was made (RFC 3339).
    made_at: String,
    /// It opens nothing from then on.
    ends_at: Option<String>,
    /// When it was last used, to the hour.
    used_at: Option<String>,
}

/// A token just made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct TokenMade {
    /// To be sent as `Authorization: Bearer …`. Shown this once.
    token: String,
    /// What is known of it from now on.
    #[serde(flatten)]
    shown: TokenShown,
}

/// A token to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TokenWritten {
    /// What you call it.
    name: String,
    /// The rights that it is limited to.
    scopes: Vec<Right>,
    /// After how many days it ends.
    #[serde(default = "usual_days")]
    #[schemars(range(min = 1, max = 3650))]
    days: u32,
}

fn usual_days() -> u32 {
    USUAL_DAYS
}

async fn list(
    app: App,
    caller: Caller,
    _input: Input,
) -> Result<Answer<Listed<TokenShown>>, Error> {
    let all = tokens::list(&app.service, &caller).await?;
    let all = all.into_iter().map(|token| TokenShown {
        id: token.id,
        name: token.name,
        scopes: token.scopes.unwrap_or_default(),
        made_at: written_moment(token.made_at),
        ends_at: token.ends_at.map(written_moment),
        used_at: token.used_at.map(written_moment),
    });
    Ok(Answer::of(Listed::all(all.collect())))
}

async fn create(
    app: App,
    caller: Caller,
    input: Input<(), (), TokenWritten>,
) -> Result<Created<TokenMade>, Error> {
    let TokenWritten { name, scopes, days } = input.body;
    let new = NewToken { name, scopes, days };
    let (text, made) = tokens::make(&app.service, &caller, new).await?;
    let place = format!("/tokens/{}", made.id);
    let made = TokenMade {
        token: text.to_string(),
        shown: TokenShown {
            id: made.id,
            name: made.name,
            scopes: made.scopes.unwrap_or_default(),
            made_at: written_moment(made.made_at),
            ends_at: made.ends_at.map(written_moment),
            used_at: None,
        },
    };
    Ok(Created::at(&place, made))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneToken {
    /// The token's id.
    token: ObjectId,
}

async fn remove(app: App, caller: Caller, input: Input<OneToken>) -> Result<Answer<()>, Error> {
    tokens::remove(&app.service, &caller, &input.path.token).await?;
    Ok(Answer::nothing())
}
