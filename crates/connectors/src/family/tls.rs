//! How a connection is encrypted. Never a silent downgrade: what the mode says is what happens, or
//! the connection fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Error, ErrorKind, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
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

    /// What the handshake with `host` checks; `None` where nothing is encrypted. A relative `ca`
    /// starts at `base`, the migration file's folder. Reads files: not for an async thread.
    pub(crate) fn client_config(&self, host: &str, base: &Path) -> Result<Option<ClientConfig>> {
        let mode = self.mode_for(host);
        if mode == TlsMode::Disable {
            return Ok(None);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| tls_error("could not set TLS up".to_owned()).caused_by(cause))?;
        let verifier = match mode {
            TlsMode::VerifyFull => {
                let config = builder
                    .with_root_certificates(self.roots(base)?)
                    .with_no_client_auth();
                return Ok(Some(config));
            }
            TlsMode::VerifyCa => LenientVerifier {
                roots: Some(self.roots(base)?),
                provider,
            },
            TlsMode::Require | TlsMode::Disable => LenientVerifier {
                roots: None,
                provider,
            },
        };
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Some(config))
    }

    /// The authorities of `ca`, or the system's.
    fn roots(&self, base: &Path) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.ca else {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(
                    tls_error("this machine trusts no certificate authority".to_owned())
                        .hint("install the package ca-certificates, or name a PEM file as tls.ca"),
                );
            }
            return Ok(roots);
        };
        let path = base.join(path);
        let unreadable = |cause: &dyn std::fmt::Display| {
            tls_error(format!("could not read tls.ca {}: {cause}", path.display()))
                .hint("tls.ca names a PEM file with the authorities to trust")
        };
        let certificates =
            CertificateDer::pem_file_iter(&path).map_err(|cause| unreadable(&cause))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|cause| unreadable(&cause))?;
            roots.add(certificate).map_err(|cause| unreadable(&cause))?;
        }
        if roots.is_empty() {
            return Err(unreadable(&"no certificate in it"));
        }
        Ok(roots)
    }
}

fn tls_error(message: String) -> Error {
    Error::new(ErrorKind::Config, "TLS_SETUP", message)
}

/// Checks the chain up to an authority where `roots` are given, nothing otherwise; never the name.
/// The handshake's own signatures are always checked.
#[derive(Debug)]
struct LenientVerifier {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
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

    #[test]
    fn a_missing_authority_names_its_file() {
        let options = TlsOptions {
            mode: Some(TlsMode::VerifyCa),
            ca: Some(PathBuf::from("nowhere.pem")),
        };
        let error = options
            .client_config("db1", Path::new("/base"))
            .unwrap_err();
        assert_eq!(error.code, "TLS_SETUP");
        assert!(error.message.contains("/base/nowhere.pem"), "{error}");
    }
}
