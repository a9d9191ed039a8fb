use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::Connection;
use super::shop::Shop;
use crate::http::{Listen, Server, Tls};

const PROGRAM: &str = "Authorization: Bearer good";

/// A shop that is served on a port of its own until it is dropped.
struct Served {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinSet<()>,
}

impl Served {
    fn with(listen: &Listen) -> Self {
        let shutdown = CancellationToken::new();
        let server = Server::bind(listen).unwrap();
        let address = server.address();
        let router = Shop::new().front(shutdown.clone()).router();
        let mut task = JoinSet::new();
        let stop = shutdown.clone();
        task.spawn(async move { server.serve(router, stop).await.unwrap() });
        Self {
            address,
            shutdown,
            task,
        }
    }

    fn new() -> Self {
        Self::with(&on_any_port())
    }

    async fn connect(&self) -> Connection<tokio::net::TcpStream> {
        Connection::open(self.address).await
    }

    /// Waits until it has ended by itself.
    async fn ended(mut self) {
        let ended = tokio::time::timeout(Duration::from_secs(10), self.task.join_next()).await;
        ended.unwrap().unwrap().unwrap();
    }
}

fn on_any_port() -> Listen {
    Listen {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        grace: Duration::from_secs(5),
        ..Listen::default()
    }
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let served = Served::new();
    let mut connection = served.connect().await;
    for _ in 0..3 {
        connection.send("GET /healthz", &[]).await;
        let reply = connection.until("ok\n").await;
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    }
    connection
        .send("GET /api/v1/projects/1/pipelines", &[PROGRAM])
        .await;
    let reply = connection.until("]}").await;
    assert!(reply.contains("\"asked_by\":\"program\""), "{reply}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_while_it_comes() {
    let served = Served::new();
    let mut connection = served.connect().await;
    let headers = [
        PROGRAM,
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
    ];
    connection
        .send("POST /api/v1/projects/1/pipelines", &headers)
        .await;
    connection
        .write(&format!("1000\r\n{}\r\n", "a".repeat(4096)))
        .await;
    connection
        .write(&format!("1000\r\n{}\r\n", "a".repeat(4096)))
        .await;
    let reply = connection.until("\r\n\r\n").await;
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
}

#[tokio::test]
async fn events_are_taken_up_after_a_break() {
    let served = Served::new();
    let mut maker = served.connect().await;
    let mut make = async |name: &str| {
        let body = format!("{{\"name\":\"{name}\"}}");
        let length = format!("Content-Length: {}", body.len());
        let headers = [PROGRAM, "Content-Type: application/json", length.as_str()];
        maker
            .send("POST /api/v1/projects/1/pipelines", &headers)
            .await;
        maker.write(&body).await;
        maker.until("\"edition\":1}").await;
    };
    make("a").await;
    let mut listener = served.connect().await;
    listener.send("GET /api/v1/events", &[PROGRAM]).await;
    let first = listener.until("data: {\"name\":\"a\"}\n\n").await;
    assert!(
        first.contains("content-type: text/event-stream\r\n"),
        "{first}"
    );
    assert!(first.contains("id: 1\nevent: pipeline\n"), "{first}");
    make("b").await;
    listener
        .until("id: 2\nevent: pipeline\ndata: {\"name\":\"b\"}\n\n")
        .await;
    drop(listener);
    make("c").await;
    let mut listener = served.connect().await;
    listener
        .send("GET /api/v1/events", &[PROGRAM, "Last-Event-ID: 2"])
        .await;
    let next = listener.until("{\"name\":\"c\"}\n\n").await;
    assert!(!next.contains("id: 2\n"), "{next}");
}

#[tokio::test]
async fn stopping_ends_streams_and_lets_requests_finish() {
    let served = Served::new();
    let mut listener = served.connect().await;
    listener.send("GET /api/v1/events", &[PROGRAM]).await;
    listener.until("retry: 2000\n\n").await;
    let mut slow = served.connect().await;
    slow.send("POST /api/v1/troubles/slow", &[PROGRAM]).await;
    // The request is under way once its head was sent and a later one was answered.
    let mut other = served.connect().await;
    other.send("GET /healthz", &[]).await;
    other.until("ok\n").await;
    let stopped = Instant::now();
    served.shutdown.cancel();
    let reply = slow.until("\r\n\r\n").await;
    assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}");
    let rest = listener.rest().await;
    assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
    served.ended().await;
    assert!(stopped.elapsed() < on_any_port().grace, "it was cut off");
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_after_the_grace() {
    let served = Served::with(&Listen {
        grace: Duration::from_millis(50),
        ..on_any_port()
    });
    let mut half = served.connect().await;
    half.send(
        "POST /api/v1/session",
        &["Content-Type: application/json", "Content-Length: 9"],
    )
    .await;
    half.write("{").await;
    let mut other = served.connect().await;
    other.send("GET /healthz", &[]).await;
    other.until("ok\n").await;
    served.shutdown.cancel();
    served.ended().await;
    assert_eq!(half.rest().await, "");
}

#[test]
fn plain_http_stays_on_this_machine() {
    let open = Listen {
        address: SocketAddr::from(([0, 0, 0, 0], 0)),
        ..Listen::default()
    };
    let error = Server::bind(&open).err().unwrap();
    assert_eq!(error.code, "PLAIN_HTTP");
    assert!(error.hint.unwrap().contains("--insecure-http"));
    let trusted = Listen {
        insecure_http: true,
        ..open
    };
    assert!(Server::bind(&trusted).is_ok());
    assert_eq!(Listen::default().address.to_string(), "127.0.0.1:8080");
}

#[test]
fn a_taken_address_is_told() {
    let first = Server::bind(&on_any_port()).unwrap();
    let second = Listen {
        address: first.address(),
        ..on_any_port()
    };
    assert_eq!(Server::bind(&second).err().unwrap().code, "CANNOT_LISTEN");
}

#[test]
fn a_file_that_is_no_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, "no certificate\n").unwrap();
    let key = folder.path().join("missing.pem");
    let tls = Some(Tls { certificate, key });
    let listen = Listen {
        tls,
        ..on_any_port()
    };
    assert_eq!(Server::bind(&listen).err().unwrap().code, "BAD_CERTIFICATE");
}

/// A certificate for `localhost`, made now; none where there is no openssl to make it.
fn certificate(folder: &Path) -> Option<Tls> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=CA:FALSE",
        ])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output();
    made.ok().filter(|made| made.status.success())?;
    Some(Tls { certificate, key })
}

#[tokio::test]
async fn a_browser_is_served_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let Some(tls) = certificate(folder.path()) else {
        eprintln!("skipped: there is no openssl that makes a certificate");
        return;
    };
    let trusted = CertificateDer::from_pem_file(&tls.certificate).unwrap();
    let served = Served::with(&Listen {
        tls: Some(tls),
        ..on_any_port()
    });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let stream = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    let mut connection = Connection::over(stream);
    connection.send("GET /healthz", &[]).await;
    connection.until("ok\n").await;
}
