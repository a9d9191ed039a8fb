use std::io::Write;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use super::client::ask;
use super::shop::Shop;

/// Keeps what is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn requests_are_logged_by_route_and_nothing_that_was_sent_is() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let router = Shop::new().front(CancellationToken::new()).router();
    let json = "content-type: application/json";
    let line = "GET /api/v1/projects/7/pipelines?name=canary&limit=canary";
    ask(&router, line, &["authorization: Bearer canary"], "").await;
    ask(&router, line, &["authorization: Bearer good"], "").await;
    let headers = ["cookie: godwit=canary", "x-csrf-token: canary", json];
    ask(
        &router,
        "POST /api/v1/projects/7/pipelines",
        &headers,
        "\"canary\"",
    )
    .await;
    let body = r#"{"name": "canary", "password": "canary", "canary": "canary"}"#;
    ask(&router, "POST /api/v1/session", &[json], body).await;
    ask(&router, "GET /canary", &["origin: http://canary"], "").await;
    let good = "authorization: Bearer good";
    let panicked = ask(&router, "POST /api/v1/troubles/panic", &[good], "").await;
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains("canary"), "{log}");
    let answered = log.lines().filter(|line| line.contains("request answered"));
    assert_eq!(answered.count(), 6, "{log}");
    let route = "method=\"GET\" path=\"/api/v1/projects/{project}/pipelines\"";
    assert!(log.contains(route), "{log}");
    assert!(
        log.contains("status=401") && log.contains("milliseconds="),
        "{log}"
    );
    let failed = log.lines().find(|line| line.contains("ERROR")).unwrap();
    assert!(failed.contains(panicked.header("x-request-id")), "{failed}");
}
