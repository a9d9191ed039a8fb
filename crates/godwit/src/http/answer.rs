//! What a handler gives back, and what the document says of it. The status is part of the type, so
//! that the document tells the one that is sent.

use std::any::TypeId;
use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use model::Error;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::PREFIX;
use super::cookie::Cookie;
use super::problem::Problem;

/// Something that a handler may give back.
pub trait Reply: Send + 'static {
    /// The response that is sent.
    fn response(self, setting: &Setting) -> Result<Response, Problem>;

    /// What the document says of that response.
    fn form(generator: &mut SchemaGenerator) -> Form;
}

/// What a reply may need of the server that it goes out by.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Ends streams.
    pub(super) shutdown: CancellationToken,
}

/// A response in the document.
#[derive(Debug)]
pub struct Form {
    /// The status.
    pub status: u16,
    /// The content: its type, and its schema.
    pub content: Option<(&'static str, Schema)>,
    /// Headers, with what each is for.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Whether it goes on after a break, from `Last-Event-ID` on.
    pub resumes: bool,
}

/// A JSON document, with the status 200; none, with 204, where `R` is `()`.
#[derive(Clone)]
pub struct Answer<R, const STATUS: u16 = 200> {
    body: R,
    edition: Option<i64>,
    location: Option<String>,
    cookies: Vec<Cookie>,
}

/// Something was made, and stands at its `Location`: status 201.
pub type Created<R> = Answer<R, 201>;

/// Something was begun and goes on: status 202.
pub type Accepted<R> = Answer<R, 202>;

impl<R> Answer<R> {
    /// This document.
    pub fn of(body: R) -> Self {
        Self::new(body)
    }
}

impl Answer<()> {
    /// Done, and nothing to say.
    pub fn nothing() -> Self {
        Self::new(())
    }
}

impl<R> Created<R> {
    /// This was made, and stands at `path`, which is written as in the table of routes.
    pub fn at(path: &str, body: R) -> Self {
        let mut answer = Self::new(body);
        answer.location = Some(encoded(path));
        answer
    }
}

impl<R> Accepted<R> {
    /// This was begun; how it goes is told at `path`, which is written as in the table of routes.
    pub fn at(path: &str, body: R) -> Self {
        let mut answer = Self::new(body);
        answer.location = Some(encoded(path));
        answer
    }
}

impl<R, const STATUS: u16> Answer<R, STATUS> {
    fn new(body: R) -> Self {
        Self {
            body,
            edition: None,
            location: None,
            cookies: Vec::new(),
        }
    }

    /// The same, as this edition: whoever edits it sends the number back.
    #[must_use]
    pub fn edition(mut self, edition: i64) -> Self {
        self.edition = Some(edition);
        self
    }

    /// The same, setting a cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl<R: 'static, const STATUS: u16> Answer<R, STATUS> {
    fn has_body() -> bool {
        TypeId::of::<R>() != TypeId::of::<()>()
    }

    fn status() -> u16 {
        if STATUS == 200 && !Self::has_body() {
            204
        } else {
            STATUS
        }
    }
}

impl<R, const STATUS: u16> Reply for Answer<R, STATUS>
where
    R: Serialize + JsonSchema + Send + 'static,
{
    fn response(self, _setting: &Setting) -> Result<Response, Problem> {
        let broken = |what: &str| Error::internal(format!("could not write {what}"));
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(Self::status())
            .map_err(|cause| broken("the status").caused_by(cause))?;
        if Self::has_body() {
            let body = serde_json::to_vec(&self.body)
                .map_err(|cause| broken("an answer").caused_by(cause))?;
            *response.body_mut() = Body::from(body);
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        let headers = response.headers_mut();
        if let Some(edition) = self.edition {
            let tag = HeaderValue::from_str(&format!("\"{edition}\""))
                .map_err(|cause| broken("an edition").caused_by(cause))?;
            headers.insert(header::ETAG, tag);
        }
        if let Some(location) = self.location {
            let location = HeaderValue::from_str(&location)
                .map_err(|cause| broken("a location").caused_by(cause))?;
            headers.insert(header::LOCATION, location);
        }
        for cookie in self.cookies {
            let cookie = cookie.header().ok_or_else(|| broken("a cookie"))?;
            headers.append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }

    fn form(generator: &mut SchemaGenerator) -> Form {
        let content =
            Self::has_body().then(|| ("application/json", generator.subschema_for::<R>()));
        let mut headers = Vec::new();
        if content.is_some() {
            headers.push(("ETag", "The edition, where what is answered has one."));
        }
        if matches!(STATUS, 201 | 202) {
            headers.push(("Location", "Where it stands."));
        }
        Form {
            status: Self::status(),
            content,
            headers,
            resumes: false,
        }
    }
}

/// The path behind the prefix, with what no path has escaped.
fn encoded(path: &str) -> String {
    let mut location = PREFIX.to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@%?".contains(&byte) {
            location.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(location, "%{byte:02X}");
        }
    }
    location
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sent(reply: impl Reply) -> Response {
        let setting = Setting {
            shutdown: CancellationToken::new(),
        };
        reply.response(&setting).unwrap()
    }

    fn form<R: Reply>() -> Form {
        R::form(&mut SchemaGenerator::default())
    }

    #[test]
    fn the_document_tells_the_status_that_is_sent() {
        assert_eq!(sent(Answer::of("a")).status(), 200);
        assert_eq!(form::<Answer<String>>().status, 200);
        assert_eq!(sent(Answer::nothing()).status(), 204);
        assert_eq!(form::<Answer<()>>().status, 204);
        assert_eq!(sent(Created::at("/a", 1)).status(), 201);
        assert_eq!(form::<Created<i32>>().status, 201);
        assert_eq!(sent(Accepted::at("/a", ())).status(), 202);
        assert_eq!(form::<Accepted<()>>().status, 202);
    }

    #[test]
    fn an_answer_tells_its_edition_and_place() {
        let response = sent(Created::at("/projects/ä b/7", 1).edition(7));
        assert_eq!(response.headers()["etag"], "\"7\"");
        let location = &response.headers()["location"];
        assert_eq!(location, "/api/v1/projects/%C3%A4%20b/7");
        let hour = Duration::from_secs(3600);
        let cookie = Cookie::session("t", hour, true);
        let response = sent(Answer::nothing().cookie(cookie));
        assert!(response.headers().contains_key("set-cookie"));
        assert!(!response.headers().contains_key("content-type"));
    }
}
