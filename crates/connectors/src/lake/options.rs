//! What a person says about a lake: where it is, how files are written, which moment is read.

use contract::Options;
use model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the lake is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Connection {
    /// # Folder
    ///
    /// The warehouse's folder, relative to the migration file. It holds `catalog.db` and one folder per
    /// namespace, and must not be moved: the paths inside are absolute.
    pub path: String,
}

impl Options for Connection {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.path.trim().is_empty() {
            findings.push(Finding::blocker("BAD_PATH", "path", "the path is empty"));
        } else if let Some(forbidden) = super::location::forbidden_character(&self.path) {
            findings.push(
                Finding::blocker(
                    super::location::PATH_UNSUPPORTED,
                    "path",
                    format!("a path with {forbidden:?} cannot be opened by other tools"),
                )
                .hint("choose a folder without #, ?, % and control characters in its name"),
            );
        }
        findings
    }
}

/// How data files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Fast, and read by everything.
    #[default]
    Snappy,
    /// Smaller, slower.
    Gzip,
    /// Smaller at good speed.
    Zstd,
}

/// How to write.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Write {
    /// # Compression
    ///
    /// How data files are compressed.
    pub compression: Compression,
    /// # Snapshots kept
    ///
    /// How many snapshots of a table stay readable, the newest included; older ones are removed with
    /// their files after each load.
    #[schemars(range(min = 1, max = 10_000))]
    pub keep_snapshots: usize,
    /// # File size
    ///
    /// In MiB: a data file that has grown to this size is closed and another one begun.
    #[schemars(range(min = 1, max = 10_240))]
    pub file_size: u64,
}

impl Default for Write {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            keep_snapshots: 7,
            file_size: 512,
        }
    }
}

impl Options for Write {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !(1..=10_000).contains(&self.keep_snapshots) {
            findings.push(Finding::blocker(
                "OUT_OF_RANGE",
                "keep-snapshots",
                "keep-snapshots must be between 1 and 10000",
            ));
        }
        if !(1..=10_240).contains(&self.file_size) {
            findings.push(Finding::blocker(
                "OUT_OF_RANGE",
                "file-size",
                "file-size must be between 1 and 10240 MiB",
            ));
        }
        findings
    }
}

/// How to read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Read {
    /// # Snapshot
    ///
    /// The id of the snapshot to read, where it is not the newest. Only tables that have it can be read.
    pub snapshot_id: Option<i64>,
}

impl Options for Read {}
