//! `audit`: who did what. Read, and checked for what was changed behind our back; never written from here.

use std::collections::{BTreeMap, BTreeSet};

use model::{Error, ErrorKind, Result};
pub use store::AuditLine as Line;

use crate::access::rights::{Caller, Right};
use crate::installation::{LONGEST_PAGE, Service};
use crate::users;

/// A page where none is asked for.
const USUAL_PAGE: u32 = 50;

/// Which lines are asked for.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// Of this project alone; of all, and of none, where it is `None`.
    pub project: Option<String>,
    /// Older than this one.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: Option<u32>,
}

/// Lines of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The newest first.
    pub lines: Vec<Line>,
    /// What `before` must be for older ones; `None` where there are none.
    pub next: Option<i64>,
    /// What the people in them are called, by id.
    pub people: BTreeMap<String, String>,
}

/// Reads lines of the audit log.
pub async fn list(service: &Service, caller: &Caller, lines: &Lines) -> Result<Read> {
    let project = lines.project.as_deref();
    if project == Some("") {
        let message = "a project is named by its id";
        return Err(Error::new(ErrorKind::Config, "BAD_NAME", message).hint("leave it out for all"));
    }
    caller.may(project, Right::ReadAudit)?;
    let limit = lines.limit.unwrap_or(USUAL_PAGE).clamp(1, LONGEST_PAGE);
    let found = service.store().audit(project, lines.before, limit).await?;
    let people: BTreeSet<String> = found.iter().map(|line| line.person.clone()).collect();
    let people = users::names_of(service, &people).await?;
    let is_full = found.len() >= limit as usize;
    let oldest = found.last().map(|line| line.sequence);
    Ok(Read {
        next: oldest.filter(|sequence| is_full && *sequence > 1),
        lines: found,
        people,
    })
}

/// What looking through the whole log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// So many lines are as they were written.
    pub lines: i64,
    /// The first one that is not, or that one is missing before.
    pub broken_at: Option<i64>,
}

/// Looks through the whole log whether each line is what was written, and none is missing.
pub async fn verify(service: &Service, caller: &Caller) -> Result<Verified> {
    caller.may(None, Right::ReadAudit)?;
    let (lines, broken_at) = service.store().verify_audit().await?;
    if let Some(line) = broken_at {
        tracing::error!(line, "the audit log is not what was written");
    }
    Ok(Verified { lines, broken_at })
}
