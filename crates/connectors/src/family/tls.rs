//! How a connection is encrypted. Never a silent downgrade: what the mode says is what happens, or
//! the connection fails.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// # TLS
/// How the connection is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TlsOptions {
    /// # Mode
    /// Unset means `verify-full`, and `disable` for servers on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<TlsMode>,
    /// # Certificate authority
    /// A PEM file with the authorities to trust; the system's where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// What is encrypted and what is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Clear text.
    Disable,
    /// Encrypted; the server may be anybody.
    Require,
    /// Encrypted; the server's certificate is signed by an authority that we trust.
    VerifyCa,
    /// Encrypted; the certificate is signed, and names the host.
    VerifyFull,
}

impl TlsOptions {
    /// The mode in force for `host`.
    pub(crate) fn mode_for(&self, host: &str) -> TlsMode {
        let local = host == "localhost"
            || host.starts_with('/')
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        self.mode.unwrap_or(if local {
            TlsMode::Disable
        } else {
            TlsMode::VerifyFull
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_means_full_verification_for_other_machines() {
        let unset = TlsOptions::default();
        for (host, expected) in [
            ("db1", TlsMode::VerifyFull),
            ("10.0.0.1", TlsMode::VerifyFull),
            ("127.0.0.1", TlsMode::Disable),
            ("::1", TlsMode::Disable),
            ("localhost", TlsMode::Disable),
        ] {
            assert_eq!(unset.mode_for(host), expected, "{host}");
        }
    }
}
