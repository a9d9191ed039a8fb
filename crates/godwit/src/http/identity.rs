//! Who asks: what a request shows of itself, before anybody has looked whether it is true. The
//! application makes a caller of it, through [`Door`].

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use model::{Error, ErrorKind};
use service::access::TrustedProxies;

use super::cookie;

/// The application behind the door. Cloned for every request: an `Arc` inside is meant.
pub trait Door: Clone + Send + Sync + 'static {
    /// Who asks, as the verbs of the application want it.
    type Caller: Send + 'static;

    /// Makes a caller of what a request shows, or fails: with the code `UNAUTHENTICATED` where it
    /// shows nothing that counts. Called once for every request of a route that is not public, before
    /// the body is read, in parallel with others; it may be dropped at any await.
    ///
    /// Where [`Identity::session`] is there and the method is unsafe, [`Identity::csrf`] is there too,
    /// and must be compared with that of the session.
    fn identify(
        &self,
        request: &Identity,
    ) -> impl Future<Output = Result<Self::Caller, Error>> + Send;

    /// Whether there is the project that the path names, as far as the caller may know: fails as if there were
    /// none where not. Called after [`Self::identify`], before the body is read. What the caller may do there
    /// is asked by each verb.
    fn admit(
        &self,
        _caller: &Self::Caller,
        _project: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }
}

/// A secret that a request shows. Its text is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text, to be compared with what is known.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a request is known by in logs, in problems and in the header `X-Request-Id`. Made by us for
/// each, later than all before; none that a client sends is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one (UUID version 7).
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string().into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one that the outermost layer gave the request.
    pub fn of(parts: &Parts) -> Self {
        parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(Self::generate)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a request shows of who sends it. Nothing here is proven but the client's address.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Of `Authorization: Bearer …`; never together with a session.
    pub bearer: Option<Token>,
    /// Of the session's cookie.
    pub session: Option<Token>,
    /// Of the header `X-CSRF-Token`.
    pub csrf: Option<Token>,
    /// The request's method.
    pub method: Method,
    /// The page that asks, as its browser says.
    pub origin: Option<String>,
    /// How far that page is from us, as its browser says.
    pub fetch_site: Option<String>,
    /// Whom the request is meant for.
    pub host: Option<String>,
    /// The program that asks, as it says itself: for lists of sessions.
    pub user_agent: Option<String>,
    /// The other end of the connection, or whom a trusted proxy there asks for; none where the request did not come
    /// by one.
    pub client: Option<IpAddr>,
    /// What the request is known by.
    pub request: RequestId,
    /// Whether browsers reach us by TLS.
    pub secure: bool,
}

impl Identity {
    /// What the request shows; fails where it shows two things at once, or one that is not known.
    pub(super) fn of(parts: &Parts, secure: bool, proxies: &TrustedProxies) -> Result<Self, Error> {
        let headers = &parts.headers;
        let bearer = bearer(headers)?;
        let session = cookie::session(headers, secure).map(Token::new);
        if bearer.is_some() && session.is_some() {
            return Err(Error::new(
                ErrorKind::Config,
                "TWO_CREDENTIALS",
                "the request has both a bearer token and a session's cookie",
            )
            .hint("send one of them"));
        }
        Ok(Self {
            bearer,
            session,
            csrf: text(headers, "x-csrf-token").map(Token::new),
            method: parts.method.clone(),
            origin: text(headers, header::ORIGIN.as_str()),
            fetch_site: text(headers, "sec-fetch-site"),
            host: text(headers, header::HOST.as_str()),
            user_agent: text(headers, header::USER_AGENT.as_str()),
            client: parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|peer| proxies.client(peer.0.ip(), texts(headers, "x-forwarded-for"))),
            request: RequestId::of(parts),
            secure,
        })
    }

    /// Whether the request may change something.
    pub fn is_unsafe(&self) -> bool {
        !self.method.is_safe()
    }
}

/// A header's text; one that is no text shows as empty, which equals nothing.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(value.to_str().unwrap_or_default().to_owned())
}

/// The values of a header that may be there several times.
fn texts<'a>(headers: &'a HeaderMap, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap_or_default())
}

fn bearer(headers: &HeaderMap) -> Result<Option<Token>, Error> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty() && given.next().is_none());
    match token {
        Some(token) => Ok(Some(Token::new(token))),
        None => Err(unauthenticated(
            "only one bearer token is taken in Authorization",
        )),
    }
}

/// The error of a request that shows nothing that counts.
pub fn unauthenticated(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Auth, "UNAUTHENTICATED", message)
        .hint("log in, or send a token as Authorization: Bearer …")
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    fn shown(headers: &[(&str, &str)], secure: bool) -> Result<Identity, Error> {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Identity::of(&parts, secure, &TrustedProxies::default())
    }

    #[test]
    fn a_bearer_token_is_read_and_never_printed() {
        for header in ["Bearer gw-secret", "bearer  gw-secret "] {
            let identity = shown(&[("authorization", header)], false).unwrap();
            assert_eq!(identity.bearer.as_ref().unwrap().reveal(), "gw-secret");
            assert!(!format!("{identity:?}").contains("gw-secret"));
        }
    }

    #[test]
    fn other_credentials_are_not_taken() {
        let check = |headers: &[(&str, &str)], code: &str| {
            assert_eq!(shown(headers, false).unwrap_err().code, code, "{headers:?}");
        };
        check(&[("authorization", "Basic dTpw")], "UNAUTHENTICATED");
        check(&[("authorization", "Bearer")], "UNAUTHENTICATED");
        check(&[("authorization", "Bearer  ")], "UNAUTHENTICATED");
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        check(&twice, "UNAUTHENTICATED");
        let both = [("authorization", "Bearer a"), ("cookie", "godwit=b")];
        check(&both, "TWO_CREDENTIALS");
    }

    #[test]
    fn by_tls_only_the_cookie_that_needs_it_counts() {
        let cookies = [("cookie", "godwit=plain; __Host-godwit=safe")];
        let session = |secure| shown(&cookies, secure).unwrap().session.unwrap();
        assert_eq!(session(true).reveal(), "safe");
        assert_eq!(session(false).reveal(), "plain");
    }
}
