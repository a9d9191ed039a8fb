//! Listens, and serves a router until it is told to stop: over TLS, or in plain HTTP where only this
//! machine can hear it.

use std::future::{Ready, ready};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use model::{Error, ErrorKind};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::metrics;

/// A head of a request must come within, and the next one of a connection too.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// Who takes nothing of an answer for so long is left.
const NOTHING_TAKEN: Duration = Duration::from_secs(30);

/// The longest head of a request, and what is read ahead of a body.
const BUFFER_BYTES: usize = 64 * 1024;

/// Headers of a request.
const HEADERS: usize = 100;

/// Where to listen, and how.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The address; port 0 takes any that is free.
    pub address: SocketAddr,
    /// TLS, where there is a certificate.
    pub tls: Option<Tls>,
    /// Whether plain HTTP may leave this machine: a proxy before us has the TLS, or the network is
    /// trusted.
    pub insecure_http: bool,
    /// How long requests may go on that are there when the server stops.
    pub grace: Duration,
}

/// PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: None,
            insecure_http: false,
            grace: Duration::from_secs(20),
        }
    }
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: std::net::TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    grace: Duration,
}

impl Server {
    /// Listens. Fails where the address is taken, the certificate cannot be used, or others could hear
    /// what is said.
    pub fn bind(listen: &Listen) -> Result<Self, Error> {
        if listen.tls.is_none() && !listen.insecure_http && !listen.address.ip().is_loopback() {
            return Err(plain_http(listen.address));
        }
        let tls = listen.tls.as_ref().map(configuration).transpose()?;
        let unheard = |cause: std::io::Error| {
            let message = format!("could not listen on {}: {}", listen.address, cause.kind());
            Error::new(ErrorKind::Conflict, "CANNOT_LISTEN", message)
                .hint("end what listens there, or choose another address")
                .caused_by(cause)
        };
        let listener = std::net::TcpListener::bind(listen.address).map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        Ok(Self {
            listener,
            address,
            tls: tls.map(RustlsConfig::from_config),
            grace: listen.grace,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser finds it.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `shutdown`, then takes no more requests, lets those that are there end, and
    /// returns; what is not done after the grace is cut off. The router's streams end by the same
    /// token, which its settings have.
    pub async fn serve(self, router: Router, shutdown: CancellationToken) -> Result<(), Error> {
        let failed = |cause: std::io::Error| {
            Error::new(ErrorKind::Unavailable, "CANNOT_LISTEN", "could not serve").caused_by(cause)
        };
        let handle = Handle::<SocketAddr>::new();
        let mut server = axum_server::from_tcp(self.listener)
            .map_err(failed)?
            .handle(handle.clone())
            .http1_only()
            .first_request_timeout(HEAD_LIMIT)
            .accept_error_handler(|peer, cause| {
                tracing::debug!(?peer, %cause, "connection not accepted");
            });
        server
            .http_builder()
            .http1()
            .header_read_timeout(HEAD_LIMIT)
            .max_headers(HEADERS)
            .max_buf_size(BUFFER_BYTES);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let plain = Impatient;
        let serving = async {
            match self.tls {
                Some(tls) => {
                    let acceptor = RustlsAcceptor::new(tls).acceptor(plain);
                    server.acceptor(acceptor).serve(service).await
                }
                None => server.acceptor(plain).serve(service).await,
            }
        };
        let stopping = async {
            shutdown.cancelled().await;
            handle.graceful_shutdown(Some(self.grace));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            served = serving => served.map_err(failed),
            () = stopping => Ok(()),
            () = upkeep() => Ok(()),
        }
    }
}

/// Takes connections on which nothing waits to be sent, and nobody waits for ever to take it.
#[derive(Debug, Clone, Copy)]
struct Impatient;

impl<S> Accept<TcpStream, S> for Impatient {
    type Stream = TcpStream;
    type Service = S;
    type Future = Ready<io::Result<(TcpStream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(set_up(&stream).map(|()| (stream, service)))
    }
}

fn set_up(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(NOTHING_TAKEN.as_millis()).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(stream, millis)?;
    }
    Ok(())
}

/// Keeps the figures small where nobody reads them.
async fn upkeep() {
    loop {
        tokio::time::sleep(metrics::UPKEEP).await;
        if let Ok(recorder) = metrics::recorder() {
            recorder.run_upkeep();
        }
    }
}

fn plain_http(address: SocketAddr) -> Error {
    let message =
        format!("{address} can be reached from other machines, and HTTP is not encrypted");
    Error::new(ErrorKind::Config, "PLAIN_HTTP", message).hint(
        "give a certificate and its key, listen on 127.0.0.1, or say --insecure-http where a proxy \
         before it has the TLS",
    )
}

fn configuration(tls: &Tls) -> Result<Arc<rustls::ServerConfig>, Error> {
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| bad_certificate(&tls.certificate).caused_by(cause))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|cause| bad_certificate(&tls.key).caused_by(cause))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |cause: rustls::Error| bad_certificate(&tls.certificate).caused_by(cause);
    let mut configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(unusable)?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

fn bad_certificate(path: &Path) -> Error {
    let message = format!("could not use {} for TLS", path.display());
    Error::new(ErrorKind::Config, "BAD_CERTIFICATE", message)
        .hint("give PEM files: the certificate with those above it, and the key that belongs to it")
}
