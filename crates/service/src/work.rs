//! `operations`: long work that somebody asked for and that goes on after the answer. How far it is stands in
//! the store, so that any server can tell; a page that is closed changes nothing of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::Operation;
pub use store::OperationState;

use crate::access::rights::{Caller, Right};
use crate::installation::{LONGEST_PAGE, Service, not_there};

/// How often those who watch are told how far the work is, at most.
const TOLD_EVERY: Duration = Duration::from_millis(300);

/// How far an operation is, as a person is shown it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Progress {
    /// Its id.
    pub id: ObjectId,
    /// In which project.
    pub project: String,
    /// What is done: `collect`, `plan`, `generate`, `submit`, `publish`.
    pub kind: String,
    /// To what, by id.
    pub object: String,
    /// How far it is.
    pub state: OperationState,
    /// So many parts are done …
    pub done: i64,
    /// … of so many; 0 where that is not known yet.
    pub total: i64,
    /// What came of it; `{ "error": … }` where it went wrong as a whole.
    pub result: Option<Json>,
    /// Who asked for it, by id.
    pub asked_by: String,
    /// In milliseconds since 1970.
    pub started_at: i64,
    /// None as long as it runs.
    pub ended_at: Option<i64>,
}

impl From<Operation> for Progress {
    fn from(operation: Operation) -> Self {
        Self {
            id: operation.id,
            project: operation.project,
            kind: operation.kind,
            object: operation.object,
            state: operation.state,
            done: operation.done,
            total: operation.total,
            result: operation.result,
            asked_by: operation.asked_by,
            started_at: operation.started_at,
            ended_at: operation.ended_at,
        }
    }
}

/// What an operation comes to where nothing went wrong as a whole.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether all of it was done.
    pub(crate) complete: bool,
    /// The document to keep.
    pub(crate) result: Json,
}

/// A finding as the document of the API has it: where, why, and the way out.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Finding", rename_all = "kebab-case")]
pub struct FindingForm {
    /// How much it weighs.
    pub severity: SeverityForm,
    /// Stable, upper case.
    pub code: String,
    /// A path into the document, or a table or column of the source.
    pub at: String,
    /// Where that stands in the text, if it stands there.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionForm>,
    /// One sentence for a person.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// How much a finding weighs: a blocker stops its table, or the run where it concerns all of it.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Severity", rename_all = "kebab-case")]
pub enum SeverityForm {
    /// Good to know.
    Note,
    /// To be looked at.
    Warning,
    /// It does not run.
    Blocker,
}

/// A place in a text; both start at 1.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Position", rename_all = "kebab-case")]
pub struct PositionForm {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// What is to be done, and to what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) project: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) object: &'a str,
}

/// Says how far the work is. Owned by the work.
pub(crate) struct Teller {
    service: Service,
    operation: Operation,
    told: Option<Instant>,
    /// Parts done, and all of them: what ends the operation knows them, too.
    parts: Arc<[AtomicI64; 2]>,
}

impl Teller {
    /// So many parts are done of so many. Cheap to call for each part.
    pub(crate) async fn tell(&mut self, done: usize, total: usize) -> Result<()> {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.parts[0].store(count(done), Ordering::Relaxed);
        self.parts[1].store(count(total), Ordering::Relaxed);
        let is_early = self.told.is_some_and(|told| told.elapsed() < TOLD_EVERY);
        if is_early && done < total {
            return Ok(());
        }
        self.told = Some(Instant::now());
        self.put().await
    }

    async fn put(&mut self) -> Result<()> {
        let [done, total] = &*self.parts;
        self.operation.done = done.load(Ordering::Relaxed);
        self.operation.total = total.load(Ordering::Relaxed);
        let at = self.service.clock().millis();
        self.service
            .store()
            .put_operation(&self.operation, at)
            .await?;
        self.service.tell();
        Ok(())
    }

    async fn end(mut self, ended: Result<Outcome>) {
        let (state, result) = match ended {
            Ok(Outcome { complete, result }) => match complete {
                true => (OperationState::Succeeded, result),
                false => (OperationState::Failed, result),
            },
            Err(error) => (OperationState::Failed, json!({ "error": told(&error) })),
        };
        self.operation.state = state;
        self.operation.result = Some(result);
        self.operation.ended_at = Some(self.service.clock().millis());
        if let Err(error) = self.put().await {
            let operation = self.operation.id.as_str();
            tracing::warn!(operation, code = error.code, %error, "end of an operation not kept");
        }
    }
}

/// An error as a result has it.
pub(crate) fn told(error: &Error) -> Json {
    json!({ "code": error.code, "message": error.message, "hint": error.hint })
}

/// Findings as one error, where a verb answers with an error alone: the first blocker speaks.
pub(crate) fn refusal(findings: &[Finding]) -> Option<Error> {
    let mut blockers = findings.iter().filter(|finding| finding.is_blocker());
    let first = blockers.next()?;
    let more = match blockers.count() {
        0 => String::new(),
        count => format!("; and {count} more"),
    };
    let place = match first.at.is_empty() {
        true => String::new(),
        false => format!("{}: ", first.at),
    };
    let message = format!("{place}{}{more}", first.message);
    let mut found = findings.to_vec();
    Finding::by_weight(&mut found);
    let error = Error::new(ErrorKind::Config, "NOT_VALID", message).findings(found);
    Some(match &first.hint {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// Begins work that goes on after this returns. Refused with `UNDER_WAY` where the same is being done already.
pub(crate) async fn begin<F>(
    service: &Service,
    caller: &Caller,
    job: Job<'_>,
    work: impl FnOnce(Service, Teller) -> F,
) -> Result<Progress>
where
    F: Future<Output = Result<Outcome>> + Send + 'static,
{
    let running = service.store().running_operations().await?;
    let same = |other: &Operation| {
        (
            other.project.as_str(),
            other.kind.as_str(),
            other.object.as_str(),
        ) == (job.project, job.kind, job.object)
    };
    if let Some(other) = running.iter().find(|other| same(other)) {
        let message = format!("the same {} is under way: operation {}", job.kind, other.id);
        return Err(Error::new(ErrorKind::Conflict, "UNDER_WAY", message).hint("wait for its end"));
    }
    let operation = Operation {
        id: ObjectId::generate(),
        project: job.project.to_owned(),
        kind: job.kind.to_owned(),
        object: job.object.to_owned(),
        state: OperationState::Running,
        server: service.settings().server.clone(),
        done: 0,
        total: 0,
        result: None,
        asked_by: caller.user.clone(),
        started_at: service.clock().millis(),
        ended_at: None,
    };
    let parts = Arc::default();
    let teller = || Teller {
        service: service.clone(),
        operation: operation.clone(),
        told: None,
        parts: Arc::clone(&parts),
    };
    let (mut last, stopping) = (teller(), service.stopping());
    last.put().await?;
    let working = AssertUnwindSafe(work(service.clone(), teller())).catch_unwind();
    service.work(async move {
        let ended = tokio::select! {
            biased;
            () = stopping.cancelled() => Err(stopped()),
            ended = working => ended
                .unwrap_or_else(|_| Err(Error::internal("the work broke off by a defect"))),
        };
        last.end(ended).await;
    });
    Ok(operation.into())
}

/// Ends what an earlier life of this server left under way. To be called once when a server starts.
pub async fn close_left(service: &Service) -> Result<()> {
    let server = &service.settings().server;
    for mut operation in service.store().running_operations().await? {
        if operation.server != *server {
            continue;
        }
        operation.state = OperationState::Failed;
        operation.result = Some(json!({ "error": told(&stopped()) }));
        let at = service.clock().millis();
        operation.ended_at = Some(at);
        service.store().put_operation(&operation, at).await?;
    }
    Ok(())
}

fn stopped() -> Error {
    let message = "the server was stopped before the work was done";
    Error::new(ErrorKind::Cancelled, "INTERRUPTED", message)
        .hint("ask for it again: what is done stays")
}

/// Says that an operation is not done any more: its server is gone and does not come back. What it did stays.
pub async fn give_up(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Progress> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let found = service.store().operation(id).await?;
    let found = found.filter(|operation| operation.project == project.as_str());
    let mut operation = found.ok_or_else(|| not_there("operation", id.as_str()))?;
    if operation.state == OperationState::Running {
        let at = service.clock().millis();
        operation.state = OperationState::Failed;
        operation.result = Some(json!({ "error": told(&stopped()) }));
        operation.ended_at = Some(at);
        service.store().put_operation(&operation, at).await?;
        let subject = (project.as_str(), id.as_str());
        let detail = json!({ "kind": operation.kind });
        let by = service.by(caller);
        service
            .store()
            .note(&by, "operation.given-up", subject, &detail)
            .await?;
        service.tell();
    }
    Ok(operation.into())
}

/// One operation of a project.
pub async fn show(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Progress> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let found = service.store().operation(id).await?;
    let found = found.filter(|operation| operation.project == project.as_str());
    found
        .map(Progress::from)
        .ok_or_else(|| not_there("operation", id.as_str()))
}

/// Operations of a project, newest first: of one object where one is given, before one where one is given.
pub async fn list(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (object, before, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Progress>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let (object, before) = (object.unwrap_or_default(), before.unwrap_or_default());
    let limit = limit.unwrap_or(50).clamp(1, LONGEST_PAGE);
    let of = (object.as_str(), before.as_str());
    let listed = service
        .store()
        .operations(project.as_str(), of, limit)
        .await?;
    Ok(listed.into_iter().map(Progress::from).collect())
}

#[cfg(test)]
pub(crate) mod tests;
