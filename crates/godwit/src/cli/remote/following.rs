//! Waiting for work of a server: asked again and again, with growing pauses, until it has ended. A server that
//! begins again meanwhile is waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Error, ErrorKind};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::failure::Failure;
use super::session::{Project, Session};
use super::tables::word;
use crate::cli::Exit;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A server that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Grows from question to question.
pub(super) struct Pause(Duration);

impl Pause {
    pub(super) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(super) async fn take(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Asks, and asks again where the server is away for a moment.
pub(super) async fn patiently(
    session: &mut Session<'_, '_>,
    path: &[&str],
    query: &[(&str, String)],
) -> Result<Json, Failure> {
    let mut away: Option<Instant> = None;
    let mut pause = Pause::new();
    loop {
        match session.remote.get(path, query).await {
            Err(failure) if failure.passes() => {
                let since = *away.get_or_insert_with(|| {
                    let code = failure.code();
                    session
                        .terminal
                        .tell(&format!("the server is away ({code}): waiting for it\n"));
                    Instant::now()
                });
                if since.elapsed() > PATIENCE {
                    return Err(failure);
                }
                pause.take().await;
            }
            answered => return answered,
        }
    }
}

/// Follows long work to its end: the operation with its result. An error where it went wrong as a whole.
pub(super) async fn operation(
    session: &mut Session<'_, '_>,
    project: &Project,
    begun: Json,
) -> Result<Json, Failure> {
    let mut operation = begun;
    let mut pause = Pause::new();
    let mut told = -1;
    while operation["state"] == "running" {
        let (done, total) = (operation["done"].as_i64(), operation["total"].as_i64());
        if let (Some(done), Some(total @ 1..)) = (done, total)
            && done != told
        {
            told = done;
            let kind = word(&operation, "kind");
            session
                .terminal
                .tell(&format!("{kind}: {done} of {total}\n"));
        }
        pause.take().await;
        let id = word(&operation, "id").to_owned();
        operation = patiently(session, &project.path(&["operations", &id]), &[]).await?;
    }
    let error = &operation["result"]["error"];
    if error.is_object() {
        let mut message = format!("{}: {}", word(error, "code"), word(error, "message"));
        if let Some(hint) = error["hint"].as_str() {
            message.push_str(&format!("; {hint}"));
        }
        let what = format!(
            "{} of operation {}",
            word(&operation, "kind"),
            word(&operation, "id")
        );
        let error = Error::new(ErrorKind::Data, "OPERATION_FAILED", message);
        return Err(error.context(format!("{what} failed")).into());
    }
    Ok(operation)
}

/// Follows instances to their ends; all of them as they ended, in their order.
pub(super) async fn instances(
    session: &mut Session<'_, '_>,
    project: &Project,
    ids: &[i64],
) -> Result<Vec<Json>, Failure> {
    let mut states: BTreeMap<i64, String> = BTreeMap::new();
    let mut ended = Vec::with_capacity(ids.len());
    for id in ids {
        let (number, mut pause) = (id.to_string(), Pause::new());
        loop {
            let path = project.path(&["instances", &number]);
            let shown = patiently(session, &path, &[]).await?;
            let state = word(&shown, "state");
            if states.insert(*id, state.to_owned()).as_deref() != Some(state) {
                let told = words(state);
                session.terminal.tell(&format!("instance {id}: {told}\n"));
            }
            if is_ended(state) {
                ended.push(shown);
                break;
            }
            pause.take().await;
        }
    }
    Ok(ended)
}

/// Whether nothing more happens to an instance by itself.
pub(super) fn is_ended(state: &str) -> bool {
    matches!(state, "succeeded" | "failed")
}

/// A word with dashes, for people.
pub(super) fn words(state: &str) -> String {
    state.replace('-', " ")
}

/// What came of many, so many of them done.
pub(super) fn exit(done: usize, all: usize) -> Exit {
    match done {
        _ if done == all => Exit::Done,
        0 => Exit::Refused,
        _ => Exit::Partial,
    }
}
