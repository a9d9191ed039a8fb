//! `check`: is the file right, as far as can be told without touching any system?

use std::path::Path;

use model::{Finding, Result};
use serde::Serialize;

use crate::migration_file::load;

/// What a check found.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// Whether nothing forbids planning.
    pub valid: bool,
    /// The migration's name, where the file has one.
    pub migration: Option<String>,
    /// Everything found: the weightiest first, then in the file's order.
    pub findings: Vec<Finding>,
}

/// Checks the file at `path`.
pub async fn check(path: &Path) -> Result<CheckReport> {
    let loaded = load(path).await?;
    let mut findings = loaded.findings.clone();
    findings.sort_by_key(|finding| {
        finding
            .position
            .map_or((0, 0), |position| (position.line, position.column))
    });
    Finding::by_weight(&mut findings);
    Ok(CheckReport {
        valid: !loaded.is_blocked(),
        migration: loaded.name().map(str::to_owned),
        findings,
    })
}
