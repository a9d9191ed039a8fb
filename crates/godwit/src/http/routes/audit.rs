//! Routes of the audit log.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::audit_log::{self, Line, Lines};
use service::within::Within;

use crate::http::app::App;
use crate::http::wire::{InProject, Limit, written_moment};
use crate::http::{Answer, Input, Route};

/// Looking through years of lines takes its time.
const VERIFYING: Duration = Duration::from_secs(600);

pub(super) fn routes() -> Vec<Route<App>> {
    let verify = "Looks through the whole audit log whether it is what was written";
    let of_project = "Lists who did what in a project, the newest first";
    vec![
        Route::get("/audit", "Lists who did what, the newest first", list),
        Route::get("/audit/verified", verify, verified).timeout(VERIFYING),
        Route::get("/projects/{project}/audit", of_project, list_of_project),
    ]
}

/// Which lines are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Older {
    /// Only lines older than this one: `next` of the page before.
    before: Option<i64>,
    /// How many at most; 50 where it is left out, 500 at most.
    limit: Option<Limit>,
}

/// A page of the audit log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct AuditPage {
    /// The lines, the newest first.
    items: Vec<AuditShown>,
    /// What `before` must be for the next page; none where there are no older lines.
    next: Option<i64>,
    /// What the people in these lines are called, by id; those who are no more are left out.
    people: BTreeMap<String, String>,
}

/// One line of the audit log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct AuditShown {
    /// Its place, from 1, without holes.
    sequence: i64,
    /// When (RFC 3339).
    at: String,
    /// Who, by id.
    person: String,
    /// What, such as `pipeline.edited`.
    action: String,
    /// In which project; empty where in none.
    project: String,
    /// To what, by id or name.
    subject: String,
    /// What changed, or why.
    detail: Json,
    /// From where.
    address: String,
    /// The request's id, as the log has it.
    request: String,
    /// The digest of this line and all before it.
    digest: String,
}

impl From<Line> for AuditShown {
    fn from(line: Line) -> Self {
        Self {
            sequence: line.sequence,
            at: written_moment(line.at),
            person: line.person,
            action: line.action,
            project: line.project,
            subject: line.subject,
            detail: serde_json::from_str(&line.detail).unwrap_or(Json::String(line.detail)),
            address: line.address,
            request: line.request,
            digest: line.digest,
        }
    }
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<(), Older>,
) -> Result<Answer<AuditPage>, Error> {
    page(&app, &caller, None, input.query).await
}

async fn list_of_project(
    app: App,
    caller: Caller,
    input: Input<InProject, Older>,
) -> Result<Answer<AuditPage>, Error> {
    let project = Some(input.path.project.to_string());
    page(&app, &caller, project, input.query).await
}

async fn page(
    app: &App,
    caller: &Caller,
    project: Option<String>,
    older: Older,
) -> Result<Answer<AuditPage>, Error> {
    let lines = Lines {
        project,
        before: older.before,
        limit: older.limit.map(Within::get),
    };
    let page = audit_log::list(&app.service, caller, &lines).await?;
    Ok(Answer::of(AuditPage {
        items: page.lines.into_iter().map(AuditShown::from).collect(),
        next: page.next,
        people: page.people,
    }))
}

/// What looking through the whole log found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Verified {
    /// So many lines are as they were written.
    lines: i64,
    /// The first one that is not, or that one is missing before; none where all is well.
    broken_at: Option<i64>,
}

async fn verified(app: App, caller: Caller, _input: Input) -> Result<Answer<Verified>, Error> {
    let found = audit_log::verify(&app.service, &caller).await?;
    Ok(Answer::of(Verified {
        lines: found.lines,
        broken_at: found.broken_at,
    }))
}
