//! `sessions`: set-up, logging in and out, and who a request comes from.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use model::{Error, ErrorKind, ObjectId, Result};
use serde_json::{Value as Json, json};
use store::{By, Page, Session, Stored, Zeroizing};

use crate::access::rights::{Caller, Right, Role};
use crate::access::token;
use crate::installation::{LONGEST_PAGE, Service};
use crate::projects::Project;
use crate::users::{self, User};

const HOUR_MILLIS: i64 = 60 * 60 * 1_000;
const MINUTE_MILLIS: i64 = 60 * 1_000;
/// Unused for this part of its time, a session ends.
const IDLE_PART: i64 = 4;
/// So much of a session's digest tells it from the others of a person.
const SHOWN_DIGITS: usize = 16;

/// Where a request comes from that nobody vouches for yet.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The other end of the connection.
    pub address: Option<IpAddr>,
    /// The request's id.
    pub request: &'a str,
}

/// What a request shows of who sends it: a session's cookie, or a token.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The session's cookie.
    pub session: Option<&'a str>,
    /// An API token.
    pub bearer: Option<&'a str>,
    /// The token that a change by a session must show.
    pub csrf: Option<&'a str>,
    /// Whether the request may change something.
    pub is_unsafe: bool,
    /// Where it comes from.
    pub origin: Origin<'a>,
}

/// A session just begun.
pub struct Begun {
    /// What the browser keeps.
    pub cookie: Zeroizing<String>,
    /// What its page shows with each change.
    pub csrf: Zeroizing<String>,
    /// How long it lasts at most.
    pub lasts: Duration,
    /// Whose it is.
    pub user: Stored<User>,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// Tells it from the owner's others; opens nothing.
    pub id: String,
    /// From where it was begun.
    pub address: String,
    /// In milliseconds since 1970.
    pub made_at: i64,
    /// The last request, to the minute.
    pub seen_at: i64,
    /// It ends then, however much it is used.
    pub ends_at: i64,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Makes the first administrator with the one-time token that the start printed, and logs them in.
pub async fn set_up(
    service: &Service,
    origin: Origin<'_>,
    token: &str,
    (name, password): (&str, Zeroizing<String>),
) -> Result<Begun> {
    let done = || {
        let message = "the first administrator was made already";
        Error::new(ErrorKind::Conflict, "SET_UP_DONE", message).hint("log in")
    };
    if !service.set_up().is_open() {
        return Err(done());
    }
    let Some(held) = service.set_up().redeem(token) else {
        let message = "this is not the token that the service printed when it started";
        return Err(Error::new(ErrorKind::Auth, "SET_UP_TOKEN", message)
            .hint("take the address from the last start; a new start prints a new one"));
    };
    if users::is_set_up(service.store()).await? {
        held.spend();
        return Err(done());
    }
    let by = by(service, "set-up", origin);
    let user = users::make_first(service, &by, name, password).await?;
    held.spend();
    begin(service, origin, user).await
}

/// Begins a session. An unknown name, a wrong password and a disabled user look alike, and take as long.
/// `TOO_MANY_ATTEMPTS` where it is too early to try again.
pub async fn log_in(
    service: &Service,
    origin: Origin<'_>,
    (name, password): (&str, Zeroizing<String>),
) -> Result<Begun> {
    let name = users::login_name(name);
    let attempts = service.attempts();
    attempts.begin(&name, origin.address, Instant::now())?;
    let user = service.store().find::<User>("", &name).await?;
    let fits = users::fits(service, user.as_ref().map(|user| &user.id), password).await?;
    let reason = match &user {
        Some(user) if fits && !user.body.disabled => {
            attempts.succeeded(&name, origin.address);
            return begin(service, origin, user.clone()).await;
        }
        Some(_) if fits => "disabled",
        Some(_) => "wrong-password",
        // Not the name: it may be a password that went into the wrong field.
        None => "unknown-user",
    };
    let id = user.map(|user| user.id.to_string()).unwrap_or_default();
    let by = by(service, &id, origin);
    let detail = json!({ "reason": reason });
    service
        .store()
        .note(&by, "session.refused", ("", &id), &detail)
        .await?;
    let message = "the name or the password is wrong";
    Err(Error::new(ErrorKind::Auth, "WRONG_LOGIN", message)
        .hint("look at both once more; whoever manages users can set a new password"))
}

/// Ends the session of this cookie.
pub async fn log_out(service: &Service, caller: &Caller, cookie: &str) -> Result<()> {
    end(service, caller, &token::hash(cookie)).await
}

/// The caller's sessions, the newest first; `cookie` is that of the one that asks.
pub async fn list(
    service: &Service,
    caller: &Caller,
    cookie: Option<&str>,
) -> Result<Vec<OwnSession>> {
    only_a_person(caller)?;
    let current = cookie.map(token::hash).unwrap_or_default();
    let now = service.clock().millis();
    let all = service.store().sessions(&caller.user).await?;
    let living = all.into_iter().filter(|one| !has_ended(service, one, now));
    let own = living.map(|session| OwnSession {
        id: shown(&session.id).to_owned(),
        is_current: session.id == current,
        address: session.address,
        made_at: session.made_at,
        seen_at: session.seen_at,
        ends_at: session.ends_at,
    });
    Ok(own.collect())
}

/// Ends one of the caller's sessions, by the id that its list has.
pub async fn end_one(service: &Service, caller: &Caller, id: &str) -> Result<()> {
    only_a_person(caller)?;
    let all = service.store().sessions(&caller.user).await?;
    match all.iter().find(|session| shown(&session.id) == id) {
        Some(session) => end(service, caller, &session.id).await,
        None => {
            let message = "you have no such session";
            Err(Error::new(ErrorKind::NotFound, "NOT_THERE", message).hint("it has ended"))
        }
    }
}

/// The token that the page of this session shows with each change; none where there is no such session of
/// the caller.
pub async fn csrf(service: &Service, caller: &Caller, cookie: &str) -> Result<Option<String>> {
    let session = service.store().session(&token::hash(cookie)).await?;
    let own = session.filter(|session| session.person == caller.user);
    Ok(own.map(|session| session.csrf))
}

/// Who sends a request. Fails with `UNAUTHENTICATED` where nothing that it shows counts, and with
/// `CSRF_TOKEN` where a change by a session does not show the session's own token. Roles are read each
/// time: what is given or taken away counts from the next request on.
pub async fn identify(service: &Service, shown: &Credentials<'_>) -> Result<Caller> {
    let (user, scopes) = match (shown.session, shown.bearer) {
        (Some(cookie), None) => (of_session(service, cookie, shown).await?, None),
        (None, Some(text)) => {
            let (user, scopes) = of_token(service, text).await?;
            (user, Some(scopes))
        }
        _ => return Err(unauthenticated("nobody is logged in")),
    };
    let user = service.store().get::<User>(&ObjectId::new(user)).await?;
    let Some(user) = user.filter(|user| !user.body.disabled) else {
        return Err(unauthenticated("the user was removed, or is disabled"));
    };
    Ok(Caller {
        project_roles: project_roles(service, &user.id).await?,
        user: user.id.to_string(),
        name: user.name,
        system_role: user.body.role,
        scopes,
        address: shown.origin.address,
        request: shown.origin.request.to_owned(),
    })
}

/// Refuses API tokens: what opens doors is given to people alone.
pub(crate) fn only_a_person(caller: &Caller) -> Result<()> {
    match caller.scopes {
        None => Ok(()),
        Some(_) => {
            let message = "an API token may not do this";
            Err(Error::new(ErrorKind::Auth, "NO_RIGHT", message).hint("log in, and do it yourself"))
        }
    }
}

async fn of_session(service: &Service, cookie: &str, shown: &Credentials<'_>) -> Result<String> {
    let now = service.clock().millis();
    let session = service.store().session(&token::hash(cookie)).await?;
    let Some(session) = session.filter(|session| !has_ended(service, session, now)) else {
        return Err(unauthenticated("the session has ended"));
    };
    let csrf = shown.csrf.unwrap_or_default();
    if shown.is_unsafe && !token::same(csrf, &session.csrf) {
        let message = "the token that was shown is not the session's";
        return Err(Error::new(ErrorKind::Auth, "CSRF_TOKEN", message)
            .hint("send the session's token in the header X-CSRF-Token"));
    }
    if now - session.seen_at >= MINUTE_MILLIS {
        service.store().see_session(&session.id, now).await?;
    }
    Ok(session.person)
}

/// Whose token it is, and what it is limited to: its owner's rights at most.
async fn of_token(service: &Service, text: &str) -> Result<(String, Vec<Right>)> {
    let refused = || unauthenticated("the token is none of this service, or has ended");
    if !token::is_api_token(text) {
        return Err(refused());
    }
    let now = service.clock().millis();
    let found = service.store().token(&token::hash(text)).await?;
    let living = found.filter(|token| token.ends_at.is_none_or(|end| now < end));
    let Some(token) = living else {
        return Err(refused());
    };
    if token.used_at.is_none_or(|used| now - used >= HOUR_MILLIS) {
        service.store().use_token(&token.id, now).await?;
    }
    let scopes = match &token.scopes {
        None => Right::all().collect(),
        Some(names) => Right::all()
            .filter(|right| names.iter().any(|name| name == right.name()))
            .collect(),
    };
    Ok((token.person, scopes))
}

async fn project_roles(service: &Service, user: &ObjectId) -> Result<BTreeMap<String, Role>> {
    let mut roles = BTreeMap::new();
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    loop {
        let listed = service
            .store()
            .referring::<Project>(user, "member", &page)
            .await?;
        let Some(last) = listed.last() else {
            return Ok(roles);
        };
        page.after.clone_from(&last.name);
        roles.extend(listed.iter().filter_map(|project| {
            let role = project.body.members.get(user.as_str())?;
            Some((project.id.to_string(), *role))
        }));
        if listed.len() < page.limit as usize {
            return Ok(roles);
        }
    }
}

async fn begin(service: &Service, origin: Origin<'_>, user: Stored<User>) -> Result<Begun> {
    let (fresh, csrf) = (token::new_session()?, token::new_csrf()?);
    let now = service.clock().millis();
    let hours = service.settings().session_hours;
    let session = Session {
        id: fresh.hash,
        person: user.id.to_string(),
        csrf: csrf.to_string(),
        address: text(origin.address),
        made_at: now,
        seen_at: now,
        ends_at: now + i64::from(hours) * HOUR_MILLIS,
    };
    service.store().begin_session(&session).await?;
    let by = by(service, user.id.as_str(), origin);
    let subject = ("", shown(&session.id));
    service
        .store()
        .note(&by, "session.begun", subject, &Json::Null)
        .await?;
    Ok(Begun {
        cookie: fresh.text,
        csrf,
        lasts: Duration::from_secs(u64::from(hours) * 3_600),
        user,
    })
}

async fn end(service: &Service, caller: &Caller, digest: &str) -> Result<()> {
    if service.store().end_session(digest).await? {
        let (by, subject) = (service.by(caller), ("", shown(digest)));
        service
            .store()
            .note(&by, "session.ended", subject, &Json::Null)
            .await?;
    }
    Ok(())
}

fn has_ended(service: &Service, session: &Session, now: i64) -> bool {
    let longest = i64::from(service.settings().session_hours) * HOUR_MILLIS;
    now >= session.ends_at || now - session.seen_at >= longest / IDLE_PART
}

fn shown(digest: &str) -> &str {
    digest.get(..SHOWN_DIGITS).unwrap_or(digest)
}

fn by(service: &Service, person: &str, origin: Origin<'_>) -> By {
    By {
        person: person.to_owned(),
        address: text(origin.address),
        request: origin.request.to_owned(),
        at: service.clock().millis(),
    }
}

fn text(address: Option<IpAddr>) -> String {
    address
        .map(|address| address.to_string())
        .unwrap_or_default()
}

fn unauthenticated(message: &str) -> Error {
    Error::new(ErrorKind::Auth, "UNAUTHENTICATED", message)
        .hint("log in, or send a token as Authorization: Bearer …")
}
