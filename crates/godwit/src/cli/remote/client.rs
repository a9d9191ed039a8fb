//! The client of a server's REST API: asks, reads pages, finds things by their names. One request after the
//! other; nothing is tried again here.

use std::time::Duration;

use model::{Error, ErrorKind};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::Value as Json;

use super::failure::{Failure, Problem};
use super::logins::Address;
use crate::http::problem::CONTENT_TYPE as PROBLEM;
use crate::http::{PREFIX, Token, VERSION_HEADER};

const OURS: &str = env!("CARGO_PKG_VERSION");
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A server gives up after a minute.
const LIMIT: Duration = Duration::from_secs(90);
/// The longest page that a server gives.
const PAGE: usize = 500;
/// So many names are told where one is not known.
const NAMED: usize = 20;

/// A server, and who one is there.
pub(super) struct Remote {
    client: Client,
    address: Address,
    token: Option<Token>,
}

/// What came back.
pub(super) struct Reply {
    pub(super) headers: HeaderMap,
    /// `null` where there is nothing to say.
    pub(super) document: Json,
}

impl Remote {
    pub(super) fn new(address: Address, token: Option<Token>) -> Result<Self, Error> {
        let mut builder = Client::builder()
            .user_agent(format!("godwit/{OURS}"))
            // A token is not carried to where a server points.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(LIMIT);
        if address.is_here() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|cause| {
            let message = "the certificates that this machine trusts cannot be read";
            Error::new(ErrorKind::Config, "SERVER_TLS", message)
                .hint("SSL_CERT_FILE names a file of certificates (PEM)")
                .caused_by(cause)
        })?;
        Ok(Self {
            client,
            address,
            token,
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// A request to this path of the API, by its segments.
    pub(super) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let prefix = PREFIX.split('/').filter(|part| !part.is_empty());
        let whole: Vec<&str> = prefix.chain(path.iter().copied()).collect();
        let request = self.client.request(method, self.address.join(&whole));
        match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }

    /// Sends it, and reads what comes back.
    pub(super) async fn reply(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let response = request.send().await.map_err(|cause| self.lost(cause))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !headers.contains_key(VERSION_HEADER) {
            return Err(self.stranger(&response).into());
        }
        let body = response.bytes().await.map_err(|cause| self.lost(cause))?;
        if status.is_success() {
            let document = match body.is_empty() {
                true => Ok(Json::Null),
                false => serde_json::from_slice(&body),
            };
            let document = document.map_err(|_| self.not_understood(&headers))?;
            return Ok(Reply { headers, document });
        }
        let is_problem = headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == PROBLEM);
        let problem = is_problem.then(|| serde_json::from_slice::<Problem>(&body).ok());
        match problem.flatten() {
            Some(mut problem) if problem.code != "NO_SUCH_ADDRESS" => {
                if status == StatusCode::UNAUTHORIZED && self.token.is_some() {
                    let hint = "it was removed, or its days are over: godwit login, or another GODWIT_TOKEN";
                    problem.hint = Some(hint.to_owned());
                }
                Err(Failure::Theirs(Box::new(problem)))
            }
            _ => Err(self.not_understood(&headers).into()),
        }
    }

    /// Sends it; the document that comes back.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Json, Failure> {
        Ok(self.reply(request).await?.document)
    }

    pub(super) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Json, Failure> {
        self.send(self.request(Method::GET, path).query(query))
            .await
    }

    pub(super) async fn post(&self, path: &[&str], body: &Json) -> Result<Json, Failure> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// What a list holds, page after page, at most so many.
    pub(super) async fn pages(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        most: usize,
    ) -> Result<Vec<Json>, Failure> {
        let (mut items, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut query = query.to_vec();
            let left = most.saturating_sub(items.len()).min(PAGE);
            query.push(("limit", left.to_string()));
            query.extend(next.take().map(|next| ("after", next)));
            let mut page = self.get(path, &query).await?;
            if let Json::Array(more) = page["items"].take() {
                items.extend(more);
            }
            next = page["next"].as_str().map(str::to_owned);
            if next.is_none() || items.len() >= most {
                items.truncate(most);
                return Ok(items);
            }
        }
    }

    /// The one of this name or id in a list; otherwise an error of this code, with the nearest name.
    pub(super) async fn named(
        &self,
        (noun, code): (&str, &'static str),
        (path, query): (&[&str], &[(&str, String)]),
        wanted: &str,
    ) -> Result<Json, Failure> {
        match self.find((path, query), wanted).await? {
            Some(found) => Ok(found),
            None => {
                let all = self.pages(path, query, PAGE).await?;
                let known: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).collect();
                let message = format!("there is no {noun} {wanted:?}");
                let error = Error::new(ErrorKind::NotFound, code, message);
                Err(error.hint(nearest(wanted, &known)).into())
            }
        }
    }

    /// The one of this name or id in a list.
    pub(super) async fn find(
        &self,
        (path, query): (&[&str], &[(&str, String)]),
        wanted: &str,
    ) -> Result<Option<Json>, Failure> {
        let mut containing = query.to_vec();
        containing.push(("containing", wanted.to_owned()));
        let named = self.pages(path, &containing, usize::MAX).await?;
        if let Some(found) = named.into_iter().find(|one| one["name"] == wanted) {
            return Ok(Some(found));
        }
        if uuid::Uuid::try_parse(wanted).is_err() {
            return Ok(None);
        }
        let one: Vec<&str> = path.iter().copied().chain([wanted]).collect();
        match self.get(&one, query).await {
            Ok(found) => Ok(Some(found)),
            Err(Failure::Theirs(problem)) if problem.status == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Something else than a godwit server answers there.
    fn stranger(&self, response: &Response) -> Error {
        let (address, status) = (&self.address, response.status());
        let place = response.headers().get(LOCATION);
        let behind = [
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        if behind.contains(&status) {
            let message = format!("what stands before {address} does not reach it: {status}");
            return Error::new(ErrorKind::Unavailable, "SERVER_UNREACHABLE", message)
                .hint("it may be starting: try again in a moment");
        }
        let message = format!("what answers at {address} is no godwit server: {status}");
        let error = Error::new(ErrorKind::Config, "NOT_A_SERVER", message);
        match place.and_then(|place| place.to_str().ok()) {
            Some(place) => error.hint(format!("it points to {place}: log in there")),
            None => error.hint("check the address"),
        }
    }

    /// A server that speaks another version of the API.
    fn not_understood(&self, headers: &HeaderMap) -> Error {
        let theirs = version(headers);
        let message = format!(
            "{} is served by godwit {theirs}, and this godwit {OURS} does not understand it",
            self.address
        );
        Error::new(ErrorKind::Unsupported, "SERVER_VERSION", message).hint(format!(
            "use godwit {theirs} here, or let the server be updated"
        ))
    }

    /// No answer came.
    fn lost(&self, cause: reqwest::Error) -> Error {
        let address = &self.address;
        let error = if let Some(why) = tls(&cause) {
            let message = format!("{address} cannot be trusted: {why}");
            Error::new(ErrorKind::Unavailable, "SERVER_TLS", message).hint(
                "SSL_CERT_FILE names a file with the certificate of its authority (PEM); http is not https",
            )
        } else {
            let why = match cause.is_timeout() {
                true => "it does not answer in time".to_owned(),
                false => innermost(&cause),
            };
            let message = format!("could not reach {address}: {why}");
            Error::new(ErrorKind::Unavailable, "SERVER_UNREACHABLE", message)
                .hint("check the address, and whether godwit serve runs there")
        };
        error.caused_by(cause)
    }
}

/// What is to be known of a server that is not of this version.
pub(super) fn other_version(headers: &HeaderMap) -> Option<String> {
    let theirs = version(headers);
    (theirs != OURS)
        .then(|| format!("note: the server is godwit {theirs}, and this is godwit {OURS}\n"))
}

fn version(headers: &HeaderMap) -> &str {
    let header = headers.get(VERSION_HEADER);
    header.and_then(|text| text.to_str().ok()).unwrap_or("?")
}

/// What stands against the server's certificate, or against its TLS.
fn tls(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(found) = cause.downcast_ref::<rustls::Error>() {
        return Some(found.to_string());
    }
    // What an error of input and output is made of is not its source.
    let inner = cause
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    let within = inner.and_then(|inner| tls(inner));
    within.or_else(|| tls(cause.source()?))
}

/// The last reason of all.
fn innermost(cause: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = cause;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string().to_lowercase()
}

/// "did you mean …?", as for the words of a migration file.
pub(super) fn nearest(unknown: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|word| (strsim::normalized_damerau_levenshtein(unknown, word), word))
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let listed = match known.len() {
        0 => "there are none".to_owned(),
        1..=NAMED => format!("known are: {}", known.join(", ")),
        more => format!(
            "known are: {} and {} more",
            known[..NAMED].join(", "),
            more - NAMED
        ),
    };
    match near {
        Some((_, near)) => format!("did you mean {near}? {listed}"),
        None => listed,
    }
}
