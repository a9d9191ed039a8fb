//! What a person says about a MySQL or MariaDB server. Never a raw URL: each thing has its own key.

use std::path::PathBuf;

use contract::Options;
use model::{Finding, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::family::address::host_finding;
use crate::family::tls::TlsOptions;

/// # MySQL connection
/// Where the server is and who we are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MysqlConnection {
    /// # Host
    /// Name or address of the server.
    #[serde(default = "local_host")]
    pub host: String,
    /// # Port
    /// TCP port of the server.
    #[serde(default = "default_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// # Socket
    /// Path of the server's Unix socket; where set, host and port are not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// # Database
    /// The database that names without one mean; a database is a schema here.
    pub database: String,
    /// # User
    /// Who we are there.
    pub user: String,
    /// # Password
    /// `${env:NAME}` or `${file:PATH}`; none where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// # TLS
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: TlsOptions,
    /// # Connections
    /// How many connections may be open at once: readers, the one that holds the snapshot, and a
    /// spare one for metadata and cancelling.
    #[serde(default = "default_connections")]
    #[schemars(range(min = 1, max = 1000))]
    pub connections: usize,
    /// # Connect timeout
    /// Seconds to wait until the server has let us in.
    #[serde(default = "default_connect_timeout")]
    #[schemars(range(min = 1, max = 600))]
    pub connect_timeout_seconds: u64,
}

fn local_host() -> String {
    "localhost".to_owned()
}

fn default_port() -> u16 {
    3306
}

fn default_connections() -> usize {
    8
}

fn default_connect_timeout() -> u64 {
    10
}

impl Options for MysqlConnection {
    fn findings(&self) -> Vec<Finding> {
        let by_host = self.socket.is_none();
        let host = by_host.then(|| host_finding(&self.host)).flatten();
        let mut findings: Vec<Finding> = host.into_iter().collect();
        let mut refuse = |at: &str, message: &str| {
            findings.push(Finding::blocker("BAD_VALUE", at, message));
        };
        if self.port == 0 {
            refuse("port", "port 0 is no port");
        }
        if self.database.is_empty() {
            refuse("database", "the database is empty");
        }
        if self.connections == 0 || self.connections > 1000 {
            refuse("connections", "between 1 and 1000 connections");
        }
        if self.connect_timeout_seconds == 0 || self.connect_timeout_seconds > 600 {
            refuse("connect-timeout-seconds", "between 1 and 600 seconds");
        }
        if self.connections > 0 && self.connections < 3 {
            findings.push(
                Finding::warning(
                    "FEW_CONNECTIONS",
                    "connections",
                    "with fewer than 3 connections there is one reader, which holds the snapshot itself",
                )
                .hint("allow at least 4 connections to read in parallel"),
            );
        }
        findings
    }
}

/// # Reading from MySQL
/// How tables are read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MysqlRead {
    /// # Hidden columns
    /// What to do with a table of which the user may read some columns only: the server does not
    /// show the others.
    pub hidden_columns: HiddenColumns,
}

/// What to do with a table of which the user may read some columns only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenColumns {
    /// The table is refused.
    #[default]
    Refuse,
    /// The table is read without them.
    Skip,
}

impl Options for MysqlRead {}

/// # Writing to MySQL
/// How tables are written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MysqlWrite {
    /// # Commit wait
    /// Seconds that a commit tries for its table's lock while others read the table. It asks for a
    /// few seconds at a time, for whoever comes meanwhile waits behind it.
    #[schemars(range(min = 1, max = 86400))]
    pub commit_wait_seconds: u64,
    /// # Rebuild below
    /// A new or exchanged table whose load is smaller than so many mebibytes is rebuilt before it
    /// appears: a reader whose snapshot began while it was loaded then gets an error, and not some of
    /// its rows. 0: never.
    #[schemars(range(min = 0, max = 1_073_741_824))]
    pub rebuild_below_mebibytes: u64,
}

impl Default for MysqlWrite {
    fn default() -> Self {
        Self {
            commit_wait_seconds: 60,
            rebuild_below_mebibytes: 1024,
        }
    }
}

impl Options for MysqlWrite {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut refuse = |at, message| findings.push(Finding::blocker("BAD_VALUE", at, message));
        if !(1..=86_400).contains(&self.commit_wait_seconds) {
            refuse("commit-wait-seconds", "between 1 and 86400 seconds");
        }
        if self.rebuild_below_mebibytes > 1 << 30 {
            refuse("rebuild-below-mebibytes", "at most 1073741824 mebibytes");
        }
        findings
    }
}
