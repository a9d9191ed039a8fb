//! Routes of set-up, of logging in and out, and of who is logged in.

use std::collections::BTreeMap;

use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::access::rights::{Caller, Right, Role};
use service::sessions::{self, Begun, OwnSession};
use service::tokens;
use service::users::{self, User};

use crate::http::app::{App, origin};
use crate::http::cookie::Cookie;
use crate::http::identity::Token;
use crate::http::wire::{Listed, Shown, written_moment};
use crate::http::{Answer, Identity, Input, Route, public};

/// The longest body of a request that comes from anybody.
const SHORT_BODY: usize = 8 * 1024;

pub(super) fn routes() -> Vec<Route<App>> {
    let set_up = "Makes the first administrator, by the token that the first start prints";
    vec![
        Route::post("/set-up", set_up, public(set_up_first)).body_limit(SHORT_BODY),
        Route::post("/session", "Logs in", public(log_in)).body_limit(SHORT_BODY),
        Route::delete(
            "/session",
            "Logs out: ends the session, or the token, that asks",
            log_out,
        ),
        Route::get("/me", "Tells who you are, and what you may", me),
        Route::get("/sessions", "Lists your sessions", list),
        Route::delete("/sessions/{session}", "Ends one of your sessions", end),
    ]
}

/// How the first administrator is made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FirstAdministrator {
    /// Of the address that the first start printed.
    token: String,
    /// The name to log in with.
    name: String,
    /// 12 characters or more.
    password: String,
}

/// How a person logs in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LogIn {
    /// The name to log in with.
    name: String,
    /// The password.
    password: String,
}

/// A session just begun; its cookie is set.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct NewSession {
    /// To be sent as `X-CSRF-Token` with whatever may change something.
    csrf: String,
    /// Whose it is.
    user: Shown<User>,
}

async fn set_up_first(
    app: App,
    input: Input<(), (), FirstAdministrator>,
) -> Result<Answer<NewSession>, Error> {
    let FirstAdministrator {
        token,
        name,
        password,
    } = input.body;
    let from = origin(&input.identity);
    let who = (name.as_str(), password.into());
    let begun = sessions::set_up(&app.service, from, &token, who).await?;
    Ok(entered(begun, &input.identity))
}

async fn log_in(app: App, input: Input<(), (), LogIn>) -> Result<Answer<NewSession>, Error> {
    let LogIn { name, password } = input.body;
    let from = origin(&input.identity);
    let begun = sessions::log_in(&app.service, from, (&name, password.into())).await?;
    Ok(entered(begun, &input.identity))
}

fn entered(begun: Begun, identity: &Identity) -> Answer<NewSession> {
    let cookie = Cookie::session(&begun.cookie, begun.lasts, identity.secure);
    let session = NewSession {
        csrf: begun.csrf.to_string(),
        user: begun.user.into(),
    };
    Answer::of(session).cookie(cookie)
}

async fn log_out(app: App, caller: Caller, input: Input) -> Result<Answer<()>, Error> {
    if let Some(cookie) = cookie(&input.identity) {
        sessions::log_out(&app.service, &caller, cookie).await?;
    } else if let Some(token) = &input.identity.bearer {
        tokens::end_own(&app.service, &caller, token.reveal()).await?;
    }
    Ok(Answer::nothing().cookie(Cookie::ended(input.identity.secure)))
}

/// Who is logged in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Me {
    /// Who it is.
    user: Shown<User>,
    /// To be sent as `X-CSRF-Token`; none where a token asks.
    csrf: Option<String>,
    /// What an API token is limited to; none where a person asks.
    scopes: Option<Vec<Right>>,
    /// What you may in the whole installation, and so in each project.
    rights: Vec<Right>,
    /// What you may in projects in which you have a role, by the project's id.
    projects: BTreeMap<String, RoleAndRights>,
}

/// What you are in a project.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct RoleAndRights {
    /// Your role.
    role: Role,
    /// What you may there.
    rights: Vec<Right>,
}

async fn me(app: App, caller: Caller, input: Input) -> Result<Answer<Me>, Error> {
    let id = ObjectId::new(caller.user.as_str());
    let user = users::show(&app.service, &caller, &id).await?;
    let csrf = match cookie(&input.identity) {
        Some(cookie) => sessions::csrf(&app.service, &caller, cookie).await?,
        None => None,
    };
    let rights_in = |project: Option<&str>| {
        let all = Right::all();
        all.filter(|right| caller.may(project, *right).is_ok())
            .collect()
    };
    let roles = caller.project_roles.iter();
    let projects = roles.map(|(project, role)| {
        let rights = rights_in(Some(project));
        (
            project.clone(),
            RoleAndRights {
                role: *role,
                rights,
            },
        )
    });
    Ok(Answer::of(Me {
        user: user.into(),
        csrf,
        rights: rights_in(None),
        projects: projects.collect(),
        scopes: caller.scopes.clone(),
    }))
}

/// One of your sessions.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct SessionShown {
    /// Tells it from your others.
    id: String,
    /// From where it was begun.
    address: String,
    /// When it was begun (RFC 3339).
    made_at: String,
    /// When it was last used.
    seen_at: String,
    /// It ends then, however much it is used.
    ends_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<OwnSession> for SessionShown {
    fn from(session: OwnSession) -> Self {
        Self {
            id: session.id,
            address: session.address,
            made_at: written_moment(session.made_at),
            seen_at: written_moment(session.seen_at),
            ends_at: written_moment(session.ends_at),
            current: session.is_current,
        }
    }
}

async fn list(
    app: App,
    caller: Caller,
    input: Input,
) -> Result<Answer<Listed<SessionShown>>, Error> {
    let all = sessions::list(&app.service, &caller, cookie(&input.identity)).await?;
    let all = all.into_iter().map(SessionShown::from);
    Ok(Answer::of(Listed::all(all.collect())))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneSession {
    /// The session's id, as its list has it.
    session: String,
}

async fn end(app: App, caller: Caller, input: Input<OneSession>) -> Result<Answer<()>, Error> {
    sessions::end_one(&app.service, &caller, &input.path.session).await?;
    Ok(Answer::nothing())
}

/// The cookie of the session that asks.
pub(super) fn cookie(identity: &Identity) -> Option<&str> {
    identity.session.as_ref().map(Token::reveal)
}
