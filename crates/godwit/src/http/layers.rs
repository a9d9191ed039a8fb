//! What surrounds every request: its id, its line in the log, its figures, the headers that browsers
//! heed, and the net for panics. Never a query's values, never a body.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use model::Error;
use tracing::Instrument;

use super::identity::RequestId;
use super::metrics;
use super::problem::Problem;

/// The header that tells what a request is known by.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every response that does not set its own.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
         object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// A year of TLS alone.
const TLS_ALONE: &str = "max-age=31536000";

/// What the runtime calls its threads.
const WORKER: &str = "tokio-rt-worker";

/// The outermost layer; `secure` tells whether browsers reach us by TLS.
pub(super) async fn surround(
    State(secure): State<bool>,
    mut request: Request,
    next: Next,
) -> Response {
    tell_places_alone();
    let started = Instant::now();
    let id = RequestId::generate();
    request.extensions_mut().insert(id.clone());
    let method = known(request.method());
    let template = request.extensions().get::<MatchedPath>().cloned();
    let path = template.as_ref().map_or("unknown", MatchedPath::as_str);
    let is_of_api = is_of_api(request.uri().path());
    let span = tracing::info_span!("request", %id, method, path);
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answered = answering.instrument(span.clone()).await;
    let mut response = span.in_scope(|| answered.unwrap_or_else(|_| panicked().response(&id)));
    add_headers(response.headers_mut(), &id, secure, is_of_api);
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    metrics::count(method, path, status, elapsed);
    let milliseconds = elapsed.as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::info!(status, milliseconds, "request answered"));
    response
}

/// Whether the path is one of the API, where nothing is kept by browsers.
pub(super) fn is_of_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// The method, where it is one of HTTP's: clients may make up others without end.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// What a panic says may hold what was sent: it is not repeated.
fn panicked() -> Problem {
    Error::internal("a handler panicked").into()
}

/// Has panics of the runtime's threads logged by their place in the code, without what they say.
fn tell_places_alone() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match thread::current().name() {
            Some(WORKER) => {
                let place = panic.location().map(tracing::field::display);
                tracing::error!(place, "a thread of the service panicked");
            }
            _ => usual(panic),
        }));
    });
}

fn add_headers(headers: &mut HeaderMap, id: &RequestId, secure: bool, is_of_api: bool) {
    let mut add = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    for (name, value) in HEADERS {
        add(name, value);
    }
    if secure {
        add(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    if is_of_api {
        add(header::CACHE_CONTROL, "no-store");
        let version = HeaderName::from_static(super::VERSION_HEADER);
        add(version, env!("CARGO_PKG_VERSION"));
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::*;

    #[test]
    fn a_panic_tells_its_place_alone() {
        tell_places_alone();
        let (mut log, writer) = io::pipe().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.try_clone().unwrap())
            .finish();
        let fails = || tracing::subscriber::with_default(subscriber, || panic!("canary"));
        let worker = thread::Builder::new().name(WORKER.to_owned());
        assert!(worker.spawn(fails).unwrap().join().is_err());
        let mut told = String::new();
        log.read_to_string(&mut told).unwrap();
        assert!(
            told.contains("layers.rs:") && !told.contains("canary"),
            "{told}"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn workers_are_called_so() {
        let name = tokio::task::spawn_blocking(|| thread::current().name().map(str::to_owned));
        assert_eq!(name.await.unwrap().as_deref(), Some(WORKER));
    }

    #[test]
    fn made_up_methods_are_one() {
        assert_eq!(known(&Method::PATCH), "PATCH");
        assert_eq!(known(&Method::from_bytes(b"BREW").unwrap()), "other");
    }

    #[test]
    fn a_response_may_set_its_own_headers() {
        let mut headers = HeaderMap::new();
        let own = HeaderValue::from_static("sandbox");
        headers.insert(header::CONTENT_SECURITY_POLICY, own);
        add_headers(&mut headers, &RequestId::generate(), true, false);
        assert_eq!(headers["content-security-policy"], "sandbox");
        assert_eq!(headers["strict-transport-security"], TLS_ALONE);
        assert!(!headers.contains_key("cache-control"));
    }
}
