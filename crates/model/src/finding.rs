//! Something a person should know before pressing "run".

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How much a finding weighs. A blocker stops its table, or the run where it concerns all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// It will work, and may not be what was meant.
    Warning,
    /// It cannot go on like this.
    Blocker,
}

/// Where in the migration file a finding points; both start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Line of the file, from 1.
    pub line: usize,
    /// Column of the line in characters, from 1.
    pub column: usize,
}

/// One thing to know: where, why, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// Stable, upper case, documented under `docs/errors`.
    pub code: String,
    /// A path into the migration file (`migration.each[0].filter`), or a table or column of the
    /// source (`public.orders`, `public.orders.amount`).
    pub at: String,
    /// Where `at` stands in the file, if it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// One sentence for a person.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding of any weight.
    pub fn new(
        severity: Severity,
        code: impl Into<String>,
        at: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code: code.into(),
            at: at.into(),
            position: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Good to know.
    pub fn note(
        code: impl Into<String>,
        at: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Note, code, at, message)
    }

    /// May not be what was meant.
    pub fn warning(
        code: impl Into<String>,
        at: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, code, at, message)
    }

    /// Cannot go on like this.
    pub fn blocker(
        code: impl Into<String>,
        at: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Blocker, code, at, message)
    }

    /// The blocker that an error amounts to.
    pub fn of_error(error: &Error, at: impl Into<String>) -> Self {
        Self {
            hint: error.hint.clone(),
            ..Self::blocker(error.code, at, error.message.clone())
        }
    }

    /// The same finding, with the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts the weightiest first: blockers, warnings, notes, each in the order they had.
    pub fn by_weight(findings: &mut [Self]) {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }

    /// Whether it stops its table or the run.
    pub fn is_blocker(&self) -> bool {
        self.severity == Severity::Blocker
    }
}
