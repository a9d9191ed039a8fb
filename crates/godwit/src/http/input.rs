//! What a handler gets: the request's parameters, query and body, read strictly. Whatever cannot be
//! read is told by its place; nothing is guessed.

use std::any::TypeId;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use model::{Error, ErrorKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::flaw::{Flaw, Part, describe};
use super::identity::Identity;
use super::problem::Problem;
use super::texts;

/// What browsers send when they take a stream up again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What a request asks for. `P`, `Q` and `B` are `()` where there is nothing to read; a body that
/// may be left out is an `Option`.
#[derive(Debug)]
pub struct Input<P = (), Q = (), B = ()> {
    /// The parameters of the path.
    pub path: P,
    /// The parameters of the query: a flat struct, with lists where a name may come several times.
    pub query: Q,
    /// The body.
    pub body: B,
    /// Of `If-Match`: the edition that is to be edited. Always there where the route is conditional.
    pub edition: Option<i64>,
    /// Of `Last-Event-ID`: the last event that the client has seen of a stream.
    pub last_event: Option<i64>,
    /// What the request shows of who sends it.
    pub identity: Identity,
}

/// What is read of a request, and how.
pub(super) struct Arrived {
    pub(super) parts: Parts,
    pub(super) body: Body,
    pub(super) identity: Identity,
    /// The longest body that is read.
    pub(super) body_limit: usize,
    /// Whether `If-Match` must be there.
    pub(super) conditional: bool,
    /// The project that the path names.
    pub(super) project: Option<String>,
}

/// No parameters; the reader refuses any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<P, Q, B> Input<P, Q, B> {
    /// The edition that is to be edited.
    pub fn required_edition(&self) -> Result<i64, Error> {
        self.edition.ok_or_else(edition_required)
    }
}

impl<P, Q, B> Input<P, Q, B>
where
    P: DeserializeOwned + 'static,
    Q: DeserializeOwned + 'static,
    B: DeserializeOwned + 'static,
{
    /// Reads all of it, the body last.
    pub(super) async fn read(mut arrived: Arrived) -> Result<Self, Problem> {
        let parts = &mut arrived.parts;
        let edition = edition(&parts.headers)?;
        if arrived.conditional && edition.is_none() {
            return Err(edition_required().into());
        }
        let last_event = number(&parts.headers, &LAST_EVENT_ID, |text| Some(text))?;
        let (path, query) = match (path(parts).await, query(parts)) {
            (Ok(path), Ok(query)) => (path, query),
            (path, query) => {
                let flaws = path.err().into_iter().chain(query.err()).collect();
                return Err(bad_address().errors(flaws));
            }
        };
        let body = body(&arrived.parts.headers, arrived.body, arrived.body_limit).await?;
        Ok(Self {
            path,
            query,
            body,
            edition,
            last_event,
            identity: arrived.identity,
        })
    }
}

/// `()` where the type asks for nothing.
fn nothing<T: DeserializeOwned + 'static>() -> Option<T> {
    if TypeId::of::<T>() != TypeId::of::<()>() {
        return None;
    }
    serde_json::from_value(serde_json::Value::Null).ok()
}

async fn path<P: DeserializeOwned + 'static>(parts: &mut Parts) -> Result<P, Flaw> {
    if let Some(nothing) = nothing() {
        return Ok(nothing);
    }
    let parameters = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| not_utf8(""))?;
    let pairs = parameters
        .iter()
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    texts::read(Part::Path, pairs)
}

fn query<Q: DeserializeOwned + 'static>(parts: &Parts) -> Result<Q, Flaw> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| not_utf8("?"))?
        .0;
    // What is not UTF-8 was replaced on the way.
    let replaced = |text: &String| text.contains('\u{FFFD}');
    if let Some((name, _)) = pairs.iter().find(|(a, b)| replaced(a) || replaced(b)) {
        return Err(not_utf8(&format!("?{name}")));
    }
    match nothing() {
        Some(nothing) => texts::read::<Nothing>(Part::Query, pairs).map(|_| nothing),
        None => texts::read(Part::Query, pairs),
    }
}

fn not_utf8(at: &str) -> Flaw {
    Flaw {
        at: at.to_owned(),
        code: "WRONG_TYPE".to_owned(),
        message: "it is not UTF-8".to_owned(),
        hint: None,
    }
}

fn bad_address() -> Problem {
    let message = "a parameter of the address cannot be read";
    Error::new(ErrorKind::Config, "BAD_ADDRESS", message).into()
}

/// The one number of a header, which `bare` takes out of its quotes.
fn number(
    headers: &HeaderMap,
    name: &HeaderName,
    bare: fn(&str) -> Option<&str>,
) -> Result<Option<i64>, Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().map(str::trim);
    match (
        text.and_then(bare).and_then(|text| text.parse().ok()),
        values.next(),
    ) {
        (Some(number), None) => Ok(Some(number)),
        _ => {
            let message = format!("the header {name} is not one number as it was given");
            Err(Error::new(ErrorKind::Config, "BAD_HEADER", message)
                .hint("send it as it was given; that of an ETag has quotes"))
        }
    }
}

fn edition(headers: &HeaderMap) -> Result<Option<i64>, Error> {
    number(headers, &header::IF_MATCH, |text| {
        text.strip_prefix('"')?.strip_suffix('"')
    })
}

fn edition_required() -> Error {
    Error::new(
        ErrorKind::Config,
        "EDITION_REQUIRED",
        "the request does not say which edition it edits",
    )
    .hint("read it first, and send its ETag in the header If-Match")
}

async fn body<B: DeserializeOwned + 'static>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<B, Problem> {
    if let Some(nothing) = nothing() {
        return Ok(nothing);
    }
    let sent_as = headers.get(header::CONTENT_TYPE);
    if sent_as.is_some_and(|value| !value.to_str().is_ok_and(is_json)) {
        return Err(not_sent_as_json().into());
    }
    let bytes = collect(body, limit).await?;
    if sent_as.is_none() && !bytes.is_empty() {
        return Err(not_sent_as_json().into());
    }
    parse(&bytes)
}

/// `application/json`, in UTF-8 where it says so.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| {
            parameter.split_once('=').is_none_or(|(name, value)| {
                !name.eq_ignore_ascii_case("charset")
                    || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

fn not_sent_as_json() -> Error {
    let message = "the body is not sent as JSON";
    Error::new(ErrorKind::Config, "NOT_SENT_AS_JSON", message)
        .hint("send it with Content-Type: application/json")
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Error> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(Error::new(
            ErrorKind::Config,
            "BODY_TOO_LARGE",
            format!("the body is longer than {limit} bytes"),
        )),
        Err(_) => Err(Error::new(
            ErrorKind::Config,
            "BODY_CUT",
            "the body did not arrive to its end",
        )),
    }
}

/// Reads a body; none is `null`, so that what may be left out is none.
fn parse<B: DeserializeOwned>(bytes: &[u8]) -> Result<B, Problem> {
    let malformed = |message: String| Error::new(ErrorKind::Config, "BAD_JSON", message);
    let text = std::str::from_utf8(bytes)
        .map_err(|cause| malformed(format!("the body is not UTF-8: {cause}")))?;
    // Types are read from lists as well, by position: nobody writes that who knows what they do.
    if text.trim_start().starts_with('[') {
        let message = "the body is a list, and not an object";
        return Err(Error::new(ErrorKind::Config, "BAD_BODY", message).into());
    }
    let mut reader =
        serde_json::Deserializer::from_str(if text.is_empty() { "null" } else { text });
    let error = match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => {
            return match reader.end() {
                Ok(()) => Ok(value),
                Err(cause) => Err(not_json(&cause).into()),
            };
        }
        Err(error) => error,
    };
    if text.is_empty() {
        return Err(malformed("the body is missing".to_owned()).into());
    }
    if !error.inner().is_data() {
        return Err(not_json(error.inner()).into());
    }
    let flaw = describe(Part::Body, error.path(), &error.inner().to_string());
    let message = match flaw.at.as_str() {
        "" => format!("the body cannot be read: {}", flaw.message),
        at => format!("the body cannot be read at {at}: {}", flaw.message),
    };
    let error = Error::new(ErrorKind::Config, "BAD_BODY", message);
    Err(Problem::from(error).errors(vec![flaw]))
}

fn not_json(cause: &serde_json::Error) -> Error {
    let (line, column) = (cause.line(), cause.column());
    let message = format!("the body is not JSON at line {line}, column {column}");
    Error::new(ErrorKind::Config, "BAD_JSON", message)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn json_is_told_from_what_looks_like_it() {
        let check = |content_type: &str, expected: bool| {
            assert_eq!(is_json(content_type), expected, "{content_type}");
        };
        check("application/json", true);
        check("Application/JSON; charset=UTF-8", true);
        check("application/json; charset=\"utf-8\"", true);
        check("application/json; charset=latin1", false);
        check("text/plain", false);
        check("application/x-www-form-urlencoded", false);
        check("", false);
    }

    #[test]
    fn an_edition_is_one_number_in_quotes() {
        let check = |values: &[&str], expected: Result<Option<i64>, &str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
            }
            let found = edition(&headers).map_err(|error| error.code);
            assert_eq!(found, expected, "{values:?}");
        };
        check(&[], Ok(None));
        check(&["\"7\""], Ok(Some(7)));
        for wrong in ["7", "*", "W/\"7\"", "\"7\", \"8\"", "\"\"", "\"x\"", ""] {
            check(&[wrong], Err("BAD_HEADER"));
        }
        check(&["\"7\"", "\"8\""], Err("BAD_HEADER"));
    }
}
