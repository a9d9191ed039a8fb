//! The table of routes: each endpoint is declared once, and its handler's types say what it takes and
//! gives. The router and the document are both made of this table.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use model::{Error, ErrorKind};
use service::access::TrustedProxies;

use super::answer::Setting;
use super::csrf;
use super::handler::{Endpoint, Handler, Types};
use super::identity::{Door, Identity, RequestId};
use super::input::Arrived;
use super::problem::Problem;

/// The longest body that a route reads unless it says otherwise.
const BODY_LIMIT: usize = 1024 * 1024;

/// What a route does, by its method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes, or starts.
    Post,
    /// Writes the whole.
    Put,
    /// Writes a part.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// As HTTP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// One endpoint: its method and path, its handler, and what the handler's types say.
#[derive(Clone)]
pub struct Route<A> {
    verb: Verb,
    path: &'static str,
    summary: &'static str,
    endpoint: Endpoint<A>,
    body_limit: usize,
    timeout: Option<Duration>,
    conditional: bool,
}

impl<A: Door> Route<A> {
    /// Reads at `path`, which stands behind the prefix and has its parameters in braces; the summary
    /// says what it does, for the document. The handler is an `async fn(App, Caller, Input<P, Q, B>)
    /// -> Result<Answer<R>, Error>`. It is dropped at an await where the client goes away or the time
    /// is over: what must go to its end is not the handler's to await.
    pub fn get<H, S>(path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<A, S>,
    {
        Self::new(Verb::Get, path, summary, handler)
    }

    /// Makes something, or starts it.
    pub fn post<H, S>(path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<A, S>,
    {
        Self::new(Verb::Post, path, summary, handler)
    }

    /// Writes the whole of something.
    pub fn put<H, S>(path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<A, S>,
    {
        Self::new(Verb::Put, path, summary, handler)
    }

    /// Writes a part of something.
    pub fn patch<H, S>(path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<A, S>,
    {
        Self::new(Verb::Patch, path, summary, handler)
    }

    /// Removes something.
    pub fn delete<H, S>(path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<A, S>,
    {
        Self::new(Verb::Delete, path, summary, handler)
    }

    fn new<H, S>(verb: Verb, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<A, S>,
    {
        Self {
            verb,
            path,
            summary,
            endpoint: handler.endpoint(),
            body_limit: BODY_LIMIT,
            timeout: None,
            conditional: false,
        }
    }

    /// The same, reading bodies up to this length.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The same, with a time of its own until it answers; a stream may go on after.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same, editing only what the client has seen: without `If-Match` it is refused, and
    /// [`super::Input::edition`] is there.
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// The handler for axum's router.
    pub(super) fn method_router(self, terms: Arc<Terms>) -> MethodRouter<A> {
        let route = Arc::new(self);
        let verb = route.verb;
        on(
            verb.filter(),
            move |State(app): State<A>, request: Request| {
                let (route, terms) = (route.clone(), terms.clone());
                async move { route.answer(app, request, &terms).await }
            },
        )
    }

    /// Answers one request; whatever goes wrong becomes a problem here.
    async fn answer(&self, app: A, request: Request, terms: &Terms) -> Response {
        let (parts, body) = request.into_parts();
        let id = RequestId::of(&parts);
        let limit = self.timeout.unwrap_or(terms.timeout);
        let work = self.work(app, parts, body, terms);
        let answered = match tokio::time::timeout(limit, work).await {
            Ok(answered) => answered,
            Err(_) => Err(timed_out(limit).into()),
        };
        answered.unwrap_or_else(|problem| problem.response(&id))
    }

    async fn work(
        &self,
        app: A,
        mut parts: Parts,
        body: Body,
        terms: &Terms,
    ) -> Result<Response, Problem> {
        let identity = Identity::of(&parts, terms.secure, &terms.proxies)?;
        csrf::check(&identity, !self.is_public())?;
        let arrived = Arrived {
            project: project(&mut parts).await,
            parts,
            body,
            identity,
            body_limit: self.body_limit,
            conditional: self.conditional,
        };
        (self.endpoint.call)(app, arrived, terms.setting.clone()).await
    }
}

impl<A> Route<A> {
    /// Its method.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Its path, behind the prefix.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What it does.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Whether anybody may ask.
    pub fn is_public(&self) -> bool {
        self.endpoint.public
    }

    /// Whether it edits only what the client has seen.
    pub fn is_conditional(&self) -> bool {
        self.conditional
    }

    /// Where its handler is declared: `godwit::http::pipelines::list`.
    pub(super) fn handler_name(&self) -> &'static str {
        self.endpoint.name
    }

    pub(super) fn types(&self) -> &Types {
        &self.endpoint.types
    }
}

/// The project that the path names.
async fn project(parts: &mut Parts) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let mut parameters = parameters.iter();
    let found = parameters.find(|(name, _)| *name == "project");
    found.map(|(_, id)| id.to_owned())
}

fn timed_out(limit: Duration) -> Error {
    let seconds = limit.as_secs_f64();
    let message = format!("the request took longer than {seconds} seconds");
    Error::new(ErrorKind::Unavailable, "REQUEST_TIMED_OUT", message)
}

/// What holds for all routes of a server.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) secure: bool,
    pub(super) proxies: TrustedProxies,
    pub(super) timeout: Duration,
    pub(super) setting: Setting,
}
