//! Where a PostgreSQL server is and who we are there. Never a URL, never a password in clear.

use std::path::Path;

use contract::{Options, Reach};
use model::{Finding, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::family::address::host_finding;
use crate::family::stream::Address;
use crate::family::tls::{TlsMode, TlsOptions};

/// Where names are looked for while no search path says otherwise.
pub(super) const USUAL_SCHEMA: &str = "public";

/// # PostgreSQL connection
/// Where the server is and who we are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConnectionOptions {
    /// # Host
    /// Name or address of the server, or the folder of its socket.
    pub host: String,
    /// # Port
    #[serde(default = "default_port")]
    pub port: u16,
    /// # Database
    pub database: String,
    /// # User
    pub user: String,
    /// # Password
    /// Unset where the server asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// # TLS
    #[serde(default)]
    pub tls: TlsOptions,
    /// # Search path
    /// The schemas in which filters look for names; the user's own at the server where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search_path: Vec<String>,
    /// # Connections
    /// How many sessions may be open at once: readers, the holder of the snapshot, and a spare one.
    #[serde(default = "default_connections")]
    #[schemars(range(min = 1, max = 64))]
    pub connections: u8,
    /// # Connect timeout
    /// Seconds until a server that does not answer counts as unreachable.
    #[serde(default = "default_connect_timeout")]
    #[schemars(range(min = 1, max = 600))]
    pub connect_timeout_seconds: u16,
}

fn default_port() -> u16 {
    5432
}

fn default_connections() -> u8 {
    8
}

fn default_connect_timeout() -> u16 {
    10
}

impl ConnectionOptions {
    /// Whether `host` is the folder of a socket.
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// For messages: `db1:5432`.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Where the server listens, if one may go there.
    pub(super) fn address(&self, reach: &Reach) -> Address {
        match self.host.starts_with('/') {
            true => {
                let socket = format!(".s.PGSQL.{}", self.port);
                Address::Socket(Path::new(&self.host).join(socket))
            }
            false => Address::Tcp(self.host.clone(), self.port, reach.clone()),
        }
    }

    /// The same for a source and a destination that were given the same address and database.
    pub(super) fn full_place(&self) -> String {
        format!("postgresql://{}/{}", self.place(), self.database)
    }

    /// How many sessions may read at once: the budget without the holder and the spare one.
    pub(super) fn readers(&self, wanted: usize) -> usize {
        wanted.clamp(1, usize::from(self.connections.saturating_sub(2)).max(1))
    }
}

impl Options for ConnectionOptions {
    fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = host_finding(&self.host).into_iter().collect();
        let mut blocker = |at: &str, message: &str| {
            findings.push(Finding::blocker("BAD_VALUE", at, message));
        };
        if !(1..=64).contains(&self.connections) {
            blocker("connections", "connections is a number from 1 to 64");
        }
        if !(1..=600).contains(&self.connect_timeout_seconds) {
            blocker(
                "connect-timeout-seconds",
                "connect-timeout-seconds is a number from 1 to 600",
            );
        }
        if self.is_socket() && self.tls.mode.is_some_and(|mode| mode != TlsMode::Disable) {
            blocker(
                "tls.mode",
                "a socket of this machine is not encrypted; leave tls.mode out",
            );
        }
        if (1..3).contains(&self.connections) {
            let message =
                "a run takes 3 connections at least: one reads, one holds the moment, one is spare";
            findings.push(
                Finding::warning("FEW_CONNECTIONS", "connections", message)
                    .hint("allow at least 4 connections to read in parallel"),
            );
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use contract::options::parse;
    use serde_json::json;

    use super::*;

    fn options(change: &serde_json::Value) -> ConnectionOptions {
        let mut all = json!({"host": "db1", "database": "shop", "user": "app"});
        for (key, value) in change.as_object().unwrap() {
            all[key] = value.clone();
        }
        parse(&all).unwrap()
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let options = options(&json!({}));
        assert_eq!((options.port, options.connections), (5432, 8));
        assert!(options.findings().is_empty());
    }

    #[test]
    fn slips_are_found_at_their_place() {
        for (change, at) in [
            (json!({"host": "postgres://db1/shop"}), "host"),
            (json!({"host": ""}), "host"),
            (json!({"connections": 0}), "connections"),
            (json!({"connections": 65}), "connections"),
            (
                json!({"connect-timeout-seconds": 0}),
                "connect-timeout-seconds",
            ),
            (
                json!({"host": "/run", "tls": {"mode": "require"}}),
                "tls.mode",
            ),
        ] {
            let findings = options(&change).findings();
            assert_eq!(findings.len(), 1, "{change}");
            assert_eq!(findings[0].at, at);
        }
    }

    #[test]
    fn two_sessions_of_the_budget_are_not_readers() {
        for (connections, wanted, expected) in
            [(8, 99, 6), (8, 2, 2), (3, 4, 1), (2, 4, 1), (1, 4, 1)]
        {
            let options = options(&json!({"connections": connections}));
            assert_eq!(options.readers(wanted), expected);
        }
    }
}
