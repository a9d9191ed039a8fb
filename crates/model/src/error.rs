//! The one error that crosses crate borders: `kind` is for people, `retry` for machines, `side` says
//! whose door to knock at, `code` is stable and documented under `docs/errors`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Finding;

/// What every fallible function of the product returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble it is, for people and, later, HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// What the person wrote cannot work as written.
    Config,
    /// Wrong password, missing right.
    Auth,
    /// Something named does not exist.
    NotFound,
    /// Understood, and not offered.
    Unsupported,
    /// Somebody else holds or changed it.
    Conflict,
    /// A value, or a set of rows, that may not go through.
    Data,
    /// The other side asks us to slow down.
    Throttled,
    /// The other side cannot be reached, or went away.
    Unavailable,
    /// A person or a timeout stopped it.
    Cancelled,
    /// A defect of ours.
    Internal,
}

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// Again, with growing pauses, a bounded number of times.
    Backoff,
    /// Again, not before this pause.
    After(Duration),
}

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The system that rows are read from.
    Source,
    /// The system that rows are written to.
    Destination,
    /// Our memory: runs, journal.
    Store,
    /// This program, its configuration, its machine.
    Ourselves,
}

/// One failure: a short lowercase sentence that names its object, and what machines need beside it.
#[derive(Debug)]
pub struct Error {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// Whether to try again.
    pub retry: Retry,
    /// Whose trouble it is.
    pub side: Side,
    /// Stable, upper case, for scripts and the error pages: `NO_RIGHT`, `UNREACHABLE`.
    pub code: &'static str,
    /// Short, lowercase, no full stop, names the object. Never a secret or a row's values.
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
    /// The option of a data source that it concerns (`password`), where it is one alone.
    pub option: Option<&'static str>,
    /// All that was found, where it is more than the message says; mostly empty.
    pub findings: Vec<Finding>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; what machines need follows from the kind and can be overridden.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        let retry = match kind {
            ErrorKind::Throttled | ErrorKind::Unavailable => Retry::Backoff,
            _ => Retry::Never,
        };
        Self {
            kind,
            retry,
            side: Side::Ourselves,
            code,
            message: message.into(),
            hint: None,
            option: None,
            findings: Vec::new(),
            source: None,
        }
    }

    /// A defect of ours: what was thought impossible.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "INTERNAL", message)
    }

    /// Stopped by a person, a signal or a timeout.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "CANCELLED", "cancelled")
    }

    /// The same error, on this side.
    #[must_use]
    pub fn on(mut self, side: Side) -> Self {
        self.side = side;
        self
    }

    /// The same error, with another retry class.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same error, with the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error, with all that was found.
    #[must_use]
    pub fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    /// The same error, pointing at this option of its data source.
    #[must_use]
    pub fn at_option(mut self, option: &'static str) -> Self {
        self.option = Some(option);
        self
    }

    /// The same error, with what was being done put in front: `could not read table "a"."b": …`.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// The same error, with its cause kept for logs. The cause's text is not shown to users.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(cause));
        self
    }

    /// Whether it makes sense to try again.
    pub fn is_retryable(&self) -> bool {
        self.retry != Retry::Never
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}
