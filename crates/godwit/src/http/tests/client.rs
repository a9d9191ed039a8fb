//! As much of a client as the tests need: one request by hand over a connection, and one straight
//! into a router.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The status and code of a problem, which it must be.
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        let id = self.header("x-request-id");
        assert_eq!(json["instance"], format!("urn:uuid:{id}"));
        let code = json["code"].as_str().unwrap().to_owned();
        (self.status.as_u16(), code)
    }
}

/// Asks a router; headers are `name: value`.
pub(super) async fn ask(router: &Router, line: &str, headers: &[&str], body: &str) -> Reply {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// A connection, and what was read of it so far.
pub(super) struct Connection<S> {
    stream: S,
    read: String,
}

impl Connection<TcpStream> {
    pub(super) async fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Connection<S> {
    pub(super) fn over(stream: S) -> Self {
        Self {
            stream,
            read: String::new(),
        }
    }

    /// Sends a request without a body.
    pub(super) async fn send(&mut self, line: &str, headers: &[&str]) {
        let headers: String = headers
            .iter()
            .map(|header| format!("{header}\r\n"))
            .collect();
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        self.write(&request).await;
    }

    pub(super) async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until this text has come, and gives all up to its end; panics where the end comes first.
    pub(super) async fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(place) = self.read.find(text) {
                let rest = self.read.split_off(place + text.len());
                return std::mem::replace(&mut self.read, rest);
            }
            assert!(self.more().await, "{text:?} did not come: {:?}", self.read);
        }
    }

    /// Reads to the end of the connection.
    pub(super) async fn rest(mut self) -> String {
        while self.more().await {}
        self.read
    }

    /// Reads more; a connection that breaks has ended.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer).await.unwrap_or_default();
        self.read
            .push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        count > 0
    }
}
