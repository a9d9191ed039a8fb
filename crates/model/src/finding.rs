//! Something a person should know before pressing "run".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// So many findings of one code are listed where nobody would read more.
const MOST_OF_A_CODE: usize = 100;

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

    /// Keeps the first hundred of each code, and says how many more there were.
    pub fn keep_few(findings: &mut Vec<Self>) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        findings.retain(|finding| {
            let count = counts.entry(finding.code.clone()).or_default();
            *count += 1;
            *count <= MOST_OF_A_CODE
        });
        let more = counts.iter().filter(|(_, count)| **count > MOST_OF_A_CODE);
        findings.extend(more.map(|(code, count)| {
            let message = format!("{} more of {code} are not listed", count - MOST_OF_A_CODE);
            Self::note("MORE_FINDINGS", "", message).hint("mend those that are listed first")
        }));
    }

    /// Whether it stops its table or the run.
    pub fn is_blocker(&self) -> bool {
        self.severity == Severity::Blocker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_of_a_code_are_enough() {
        let of = |code: &str| Finding::blocker(code, "a", "no");
        let mut findings = vec![of("ONE"); 100];
        findings.extend(vec![of("TWO"); 3]);
        let all = findings.clone();
        Finding::keep_few(&mut findings);
        assert_eq!(findings, all);
        findings.extend(vec![of("ONE"); 7]);
        Finding::keep_few(&mut findings);
        assert_eq!((findings.len(), &findings[..103]), (104, &all[..]));
        assert_eq!(findings[103].message, "7 more of ONE are not listed");
    }
}
