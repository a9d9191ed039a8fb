//! The door put together: the table's routes behind their prefix, health, figures and the document
//! beside them, the web page for all other paths, and the layers around everything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use futures::FutureExt;
use futures::future::BoxFuture;
use model::{Error, ErrorKind};
use service::access::{TrustedProxies, token};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::PREFIX;
use super::answer::Setting;
use super::identity::{Door, RequestId, unauthenticated};
use super::layers;
use super::metrics;
use super::openapi::openapi;
use super::problem::Problem;
use super::route::{Route, Terms};

/// A probe that has waited so long has its answer.
const READY_LIMIT: Duration = Duration::from_secs(2);

/// What holds for all of the door.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The document's title.
    pub title: String,
    /// The version of what is served.
    pub version: String,
    /// Whether browsers reach us by TLS: ours, or that of a proxy before us.
    pub secure: bool,
    /// The proxies that are believed when they tell for whom they ask.
    pub proxies: TrustedProxies,
    /// How long a request may take that has no time of its own.
    pub timeout: Duration,
    /// Ends the streams; the one that ends the server.
    pub shutdown: CancellationToken,
    /// The hash of the token that whoever reads the figures shows; anybody may read them otherwise.
    pub figures: Option<Arc<str>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "Godwit".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            secure: false,
            proxies: TrustedProxies::default(),
            timeout: Duration::from_secs(60),
            shutdown: CancellationToken::new(),
            figures: None,
        }
    }
}

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// Gathers what the door is made of; [`Front::router`] puts it together.
pub struct Front<A> {
    app: A,
    settings: Settings,
    routes: Vec<Route<A>>,
    ready: Check,
    page: Option<Router>,
}

impl<A: Door> Front<A> {
    /// A door before this application, without routes.
    pub fn new(app: A, settings: Settings) -> Self {
        Self {
            app,
            settings,
            routes: Vec::new(),
            ready: Arc::new(|| async { Ok(()) }.boxed()),
            page: None,
        }
    }

    /// The same, with these routes too.
    #[must_use]
    pub fn routes(mut self, routes: impl IntoIterator<Item = Route<A>>) -> Self {
        self.routes.extend(routes);
        self
    }

    /// The same, ready where `check` says so. Called for each probe, in parallel, and dropped after
    /// two seconds.
    #[must_use]
    pub fn ready<C, F>(mut self, check: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.ready = Arc::new(move || check().boxed());
        self
    }

    /// The same, with the page that answers every path outside the API.
    #[must_use]
    pub fn page(mut self, page: Router) -> Self {
        self.page = Some(page);
        self
    }

    /// The router of all of it, with its layers. Panics where two routes have one method and path, or
    /// a path is none: [`super::openapi::faults`] tells of it before, in a test of the table.
    pub fn router(self) -> Router {
        if let Err(error) = metrics::recorder() {
            tracing::warn!(code = error.code, %error, "no figures");
        }
        let document = openapi(&self.settings.title, &self.settings.version, &self.routes);
        let document = Bytes::from(document.to_string());
        let terms = Arc::new(Terms {
            secure: self.settings.secure,
            proxies: self.settings.proxies,
            timeout: self.settings.timeout,
            setting: Setting {
                shutdown: self.settings.shutdown,
            },
        });
        let mut router = Router::new();
        for (path, methods) in by_path(self.routes, &terms) {
            router = router.route(&path, methods);
        }
        let (ready, page, kept) = (self.ready, self.page, self.settings.figures);
        let surround = middleware::from_fn_with_state(terms.secure, layers::surround);
        router
            .with_state(self.app)
            .route("/api/openapi.json", get(async || json(document)))
            .route("/healthz", get(async || text("ok\n", "text/plain")))
            .route("/readyz", get(move |request| is_ready(ready, request)))
            .route(
                "/metrics",
                get(async move |request| figures(kept.as_deref(), request)),
            )
            .method_not_allowed_fallback(wrong_method)
            .fallback(move |request| elsewhere(page, request))
            .layer(surround)
    }
}

/// The methods of each path.
fn by_path<A: Door>(
    routes: Vec<Route<A>>,
    terms: &Arc<Terms>,
) -> BTreeMap<String, MethodRouter<A>> {
    let mut paths: BTreeMap<String, MethodRouter<A>> = BTreeMap::new();
    for route in routes {
        let methods = paths
            .entry(format!("{PREFIX}{}", route.path()))
            .or_default();
        *methods = std::mem::take(methods).merge(route.method_router(terms.clone()));
    }
    paths
}

fn text(text: impl Into<Body>, content_type: &'static str) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    response
}

fn json(document: Bytes) -> Response {
    text(document, "application/json")
}

async fn is_ready(check: Check, request: Request) -> Response {
    let result = match tokio::time::timeout(READY_LIMIT, check()).await {
        Ok(result) => result,
        Err(_) => {
            let message = "the service does not answer in time";
            Err(Error::new(ErrorKind::Unavailable, "NOT_SERVING", message))
        }
    };
    match result {
        Ok(()) => text("ready\n", "text/plain"),
        Err(error) => refused(error, request),
    }
}

fn figures(kept: Option<&str>, request: Request) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let fits = |kept: &str| shown.is_some_and(|text| token::matches(text.trim(), kept));
    if kept.is_some_and(|kept| !fits(kept)) {
        return refused(
            unauthenticated("the figures are for who has their token"),
            request,
        );
    }
    match metrics::recorder() {
        Ok(recorder) => text(recorder.render(), metrics::CONTENT_TYPE),
        Err(error) => refused(error, request),
    }
}

/// Paths that no route has: the page's, or nobody's.
async fn elsewhere(page: Option<Router>, request: Request) -> Response {
    let path = request.uri().path();
    match page {
        Some(page) if !layers::is_of_api(path) => match page.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        _ => refused(nothing_there(), request),
    }
}

/// That an address is nobody's.
pub(super) fn nothing_there() -> Error {
    let message = "there is nothing at this address";
    Error::new(ErrorKind::NotFound, "NO_SUCH_ADDRESS", message)
        .hint("/api/openapi.json lists what there is")
}

async fn wrong_method(request: Request) -> Response {
    let message = "the address does not take this method";
    let error = Error::new(ErrorKind::Unsupported, "WRONG_METHOD", message);
    refused(error, request)
}

fn refused(error: impl Into<Problem>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    error.into().response(&RequestId::of(&parts))
}
