//! What went wrong, as a client gets it: `application/problem+json` (RFC 9457), with the status that
//! follows from the error's kind. The one place where an error becomes a status.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use model::{Error, ErrorKind, Finding, Retry, Side};
use schemars::JsonSchema;
use serde::Serialize;

use super::flaw::Flaw;
use super::identity::RequestId;

/// The content type of problems.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// After how many seconds to try again, where the error does not tell.
const RETRY_SECONDS: u64 = 5;

/// An error on its way to a client, with the places and findings that it is made of.
#[derive(Debug)]
pub struct Problem {
    error: Box<Error>,
    errors: Vec<Flaw>,
    findings: Vec<Finding>,
}

impl From<Error> for Problem {
    fn from(mut error: Error) -> Self {
        let findings = std::mem::take(&mut error.findings);
        let errors = error.option.map(|option| Flaw {
            at: option.to_owned(),
            code: error.code.to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        });
        Self {
            error: Box::new(error),
            errors: errors.into_iter().collect(),
            findings,
        }
    }
}

impl Problem {
    /// The same problem, with everything that was found.
    #[must_use]
    pub fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    /// The same problem, with the places of the request that it is about.
    #[must_use]
    pub fn errors(mut self, errors: Vec<Flaw>) -> Self {
        self.errors = errors;
        self
    }

    /// What the client gets; what the operator should know is logged, under the request's id.
    pub fn response(self, request: &RequestId) -> Response {
        let status = status(&self.error);
        self.log(status, request);
        let document = self.document(status, request);
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
        set(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"godwit\"");
            set(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = retry_seconds(&self.error, status) {
            set(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn document(&self, status: StatusCode, request: &RequestId) -> Document {
        let error = &self.error;
        let ours = error.kind == ErrorKind::Internal;
        let detail = if ours {
            "something that should not happen did; the log tells it under this request's id"
        } else {
            &error.message
        };
        Document {
            kind: format!("/errors/{}", error.code),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: detail.to_owned(),
            code: error.code.to_owned(),
            hint: error.hint.clone().filter(|_| !ours),
            side: error.side,
            instance: format!("urn:uuid:{request}"),
            errors: self.errors.clone(),
            findings: self.findings.clone(),
        }
    }

    /// Defects wake somebody; what cannot be reached is to be looked at; the rest is the client's.
    fn log(&self, status: StatusCode, request: &RequestId) {
        let (error, code) = (&self.error, self.error.code);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%request, code, ?error, "request failed");
        } else if status.is_server_error() {
            tracing::warn!(%request, code, ?error, "request not served");
        } else {
            tracing::debug!(%request, code, "request refused");
        }
    }
}

/// The status that an error is answered with.
fn status(error: &Error) -> StatusCode {
    match error.code {
        "UNAUTHENTICATED" | "WRONG_LOGIN" => return StatusCode::UNAUTHORIZED,
        "EDITED_MEANWHILE" => return StatusCode::PRECONDITION_FAILED,
        "EDITION_REQUIRED" => return StatusCode::PRECONDITION_REQUIRED,
        "WRONG_METHOD" => return StatusCode::METHOD_NOT_ALLOWED,
        "BODY_TOO_LARGE" => return StatusCode::PAYLOAD_TOO_LARGE,
        "NOT_SENT_AS_JSON" => return StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "BAD_ADDRESS" | "BAD_HEADER" | "BAD_JSON" | "BODY_CUT" | "TWO_CREDENTIALS" => {
            return StatusCode::BAD_REQUEST;
        }
        _ => {}
    }
    // A wrong password of a data source is no missing right of who asks, nor is a missing table there
    // a missing path here.
    let foreign = matches!(error.side, Side::Source | Side::Destination);
    match error.kind {
        ErrorKind::Auth | ErrorKind::NotFound if foreign => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Config | ErrorKind::Unsupported | ErrorKind::Data => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ErrorKind::Auth => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict | ErrorKind::Cancelled => StatusCode::CONFLICT,
        ErrorKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn retry_seconds(error: &Error, status: StatusCode) -> Option<u64> {
    let later = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    later.contains(&status).then_some(match error.retry {
        Retry::After(pause) => pause.as_secs() + u64::from(pause.subsec_nanos() > 0),
        Retry::Backoff | Retry::Never => RETRY_SECONDS,
    })
}

/// What is wrong, why, and the way out (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Document {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, in a sentence.
    detail: String,
    /// Stable, upper case: what programs go by.
    code: String,
    /// The way out, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Whose trouble it is.
    #[schemars(with = "SideWord")]
    side: Side,
    /// What the request is known by in the logs.
    instance: String,
    /// The places of the request that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Flaw>,
    /// Everything that was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<service::work::FindingForm>")]
    findings: Vec<Finding>,
}

/// Whose trouble it is.
#[derive(JsonSchema)]
#[schemars(rename = "Side", rename_all = "kebab-case")]
#[allow(dead_code, reason = "only its schema is used")]
enum SideWord {
    Source,
    Destination,
    Store,
    Ourselves,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;
    use serde_json::{Value as Json, json};

    use super::*;

    async fn sent(problem: impl Into<Problem>) -> (Response<()>, Json) {
        let response = problem.into().response(&RequestId::generate());
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap();
        (Response::from_parts(parts, ()), json)
    }

    #[test]
    fn the_kind_tells_the_status() {
        let check = |kind: ErrorKind, code: &'static str, expected: u16| {
            assert_eq!(status(&Error::new(kind, code, "")), expected, "{code}");
        };
        check(ErrorKind::Config, "BAD_VALUE", 422);
        check(ErrorKind::Config, "BAD_JSON", 400);
        check(ErrorKind::Auth, "UNAUTHENTICATED", 401);
        check(ErrorKind::Auth, "NO_RIGHT", 403);
        check(ErrorKind::NotFound, "UNKNOWN_RUN", 404);
        check(ErrorKind::Unsupported, "UNSUPPORTED", 422);
        check(ErrorKind::Conflict, "RUN_IN_PROGRESS", 409);
        check(ErrorKind::Conflict, "EDITED_MEANWHILE", 412);
        check(ErrorKind::Config, "EDITION_REQUIRED", 428);
        check(ErrorKind::Data, "TOO_MANY_REJECTED", 422);
        check(ErrorKind::Throttled, "THROTTLED", 429);
        check(ErrorKind::Unavailable, "STORE_BUSY", 503);
        check(ErrorKind::Cancelled, "CANCELLED", 409);
        check(ErrorKind::Internal, "INTERNAL", 500);
    }

    #[test]
    fn a_wrong_password_of_a_data_source_logs_nobody_out() {
        let refused = Error::new(ErrorKind::Auth, "WRONG_PASSWORD", "").on(Side::Source);
        assert_eq!(status(&refused), 422);
    }

    #[tokio::test]
    async fn a_problem_tells_what_why_and_the_way_out() {
        let error = Error::new(ErrorKind::Config, "BAD_VALUE", "port 0 cannot be")
            .hint("write another")
            .at_option("port");
        let finding = Finding::warning("LEFT_OUT", "a.b", "a view");
        let problem = Problem::from(error).findings(vec![finding]);
        let (response, mut json) = sent(problem).await;
        assert_eq!(response.headers()["content-type"], CONTENT_TYPE);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let instance = json["instance"].take();
        assert!(instance.as_str().unwrap().starts_with("urn:uuid:"));
        assert_eq!(
            json,
            json!({
                "type": "/errors/BAD_VALUE", "title": "Unprocessable Entity", "status": 422,
                "detail": "port 0 cannot be", "code": "BAD_VALUE", "hint": "write another",
                "side": "ourselves", "instance": null,
                "errors": [{"at": "port", "code": "BAD_VALUE", "message": "port 0 cannot be",
                            "hint": "write another"}],
                "findings": [{"severity": "warning", "code": "LEFT_OUT", "at": "a.b",
                              "message": "a view", "hint": null}],
            })
        );
    }

    #[tokio::test]
    async fn a_defect_shows_nothing_of_itself() {
        let error = Error::internal("row 7 of public.pay").hint("look at /etc/secret");
        let (_, json) = sent(error.caused_by(std::io::Error::other("/etc/secret"))).await;
        let text = json.to_string();
        assert_eq!(json["code"], "INTERNAL");
        assert!(!text.contains("pay") && !text.contains("secret"), "{text}");
    }

    #[tokio::test]
    async fn headers_tell_clients_what_to_do() {
        let pause = Retry::After(Duration::from_millis(1500));
        let (response, _) =
            sent(Error::new(ErrorKind::Throttled, "THROTTLED", "").retry(pause)).await;
        assert_eq!(response.headers()["retry-after"], "2");
        let (response, _) = sent(Error::new(ErrorKind::Unavailable, "STORE_BUSY", "")).await;
        assert_eq!(response.headers()["retry-after"], "5");
        let (response, _) = sent(super::super::identity::unauthenticated("who?")).await;
        assert!(response.headers().contains_key("www-authenticate"));
        assert!(!response.headers().contains_key("retry-after"));
    }
}
