//! How a migration writes into PostgreSQL.

use contract::Options;
use model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// # PostgreSQL as a destination
/// How rows are written into a PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WriteOptions {
    /// # Lock timeout
    /// Seconds that a commit waits for a table that somebody holds, and meanwhile others wait behind it; or
    /// for transactions that look at an older moment.
    #[schemars(range(min = 1, max = 3600))]
    pub lock_timeout_seconds: u16,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            lock_timeout_seconds: 10,
        }
    }
}

impl Options for WriteOptions {
    fn findings(&self) -> Vec<Finding> {
        if (1..=3600).contains(&self.lock_timeout_seconds) {
            return Vec::new();
        }
        let message = "lock-timeout-seconds is a number from 1 to 3600";
        vec![Finding::blocker(
            "BAD_VALUE",
            "lock-timeout-seconds",
            message,
        )]
    }
}
