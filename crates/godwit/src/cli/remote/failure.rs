//! What can go wrong when a server is asked: something here, or what the server says of it.

use model::{Error, Finding};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::render::findings::{self, Palette};
use crate::terminal::Terminal;

/// What went wrong.
#[derive(Debug)]
pub(super) enum Failure {
    /// Here, or on the way.
    Ours(Error),
    /// At the server.
    Theirs(Box<Problem>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl Failure {
    /// Its code.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Ours(error) => error.code,
            Self::Theirs(problem) => &problem.code,
        }
    }

    /// Whether it may be over in a moment: the server begins again, or has too much to do.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Ours(error) => error.code == "SERVER_UNREACHABLE",
            Self::Theirs(problem) => matches!(problem.status, 429 | 503),
        }
    }
}

/// What a server says of a request that it refused or could not serve (RFC 9457).
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    /// The HTTP status.
    pub(super) status: u16,
    /// Stable, upper case.
    pub(super) code: String,
    detail: String,
    pub(super) hint: Option<String>,
    side: String,
    /// What the request is known by in the server's log.
    instance: String,
    #[serde(default)]
    errors: Vec<Place>,
    #[serde(default)]
    findings: Vec<Finding>,
}

/// One place of the request that is wrong.
#[derive(Debug, Deserialize, Serialize)]
struct Place {
    at: String,
    code: String,
    message: String,
    hint: Option<String>,
}

impl Problem {
    /// As other errors are told, with the places that the server names.
    pub(super) fn tell(&self, json: bool, terminal: &mut Terminal<'_>) {
        let request = self.instance.trim_start_matches("urn:uuid:");
        if json {
            terminal.print_json(&json!({ "error": {
                "code": self.code, "message": self.detail, "hint": self.hint, "side": self.side,
                "status": self.status, "request": request,
                "errors": self.errors, "findings": self.findings,
            } }));
            return;
        }
        let palette = Palette::new(false);
        let places = self.errors.iter().map(Place::finding);
        let all: Vec<Finding> = places.chain(self.findings.iter().cloned()).collect();
        let mut text = String::new();
        let is_told = |found: &Finding| found.code == self.code && found.message == self.detail;
        if !all.iter().any(is_told) {
            let mut whole = Finding::blocker(self.code.as_str(), "", self.detail.as_str());
            whole.hint.clone_from(&self.hint);
            text.push_str(&findings::findings([&whole], palette));
        }
        text.push_str(&findings::findings(&all, palette));
        if self.status >= 500 {
            text.push_str(&format!(
                "  the server's log has it under request {request}\n"
            ));
        }
        terminal.tell(&text);
    }
}

impl Place {
    fn finding(&self) -> Finding {
        let mut finding =
            Finding::blocker(self.code.as_str(), self.at.as_str(), self.message.as_str());
        finding.hint.clone_from(&self.hint);
        finding
    }
}
