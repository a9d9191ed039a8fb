//! Where the database file is.

use std::path::PathBuf;

use contract::Options;
use model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// # SQLite
/// A database file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SqliteConnection {
    /// # File
    /// The database file; a relative path starts at the migration file's folder.
    pub path: PathBuf,
    /// # Wait for locks
    /// How many seconds to wait while somebody else has locked the file.
    #[serde(default = "default_busy_timeout")]
    #[schemars(range(min = 0, max = 3600))]
    pub busy_timeout_seconds: u32,
}

fn default_busy_timeout() -> u32 {
    10
}

const LONGEST_BUSY_TIMEOUT: u32 = 3600;

impl Options for SqliteConnection {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.path.as_os_str().is_empty() {
            findings.push(Finding::blocker("EMPTY_VALUE", "path", "the path is empty"));
        }
        if self.busy_timeout_seconds > LONGEST_BUSY_TIMEOUT {
            let message = format!("at most {LONGEST_BUSY_TIMEOUT} seconds");
            findings.push(Finding::blocker(
                "OUT_OF_RANGE",
                "busy-timeout-seconds",
                message,
            ));
        }
        findings
    }
}
