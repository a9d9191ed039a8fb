//! The web page, out of the binary: its files by their addresses, and for every other address the page itself,
//! which finds its way by the address.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::{Router, routing};
use flate2::read::GzDecoder;
use model::Error;
use service::access::token;

use super::front::nothing_there;
use super::identity::RequestId;
use super::problem::Problem;

/// Address, whether it is compressed by gzip, and bytes of each file.
type File = (&'static str, bool, &'static [u8]);

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

const PAGE: &str = "/index.html";
/// The first parts of the page's own addresses, as `web/src/app/routes.tsx` has them.
const PLACES: [&str; 10] = [
    "",
    "account",
    "audit",
    "errors",
    "login",
    "p",
    "projects",
    "resource-groups",
    "set-up",
    "users",
];
/// Names below it change with what they name.
const ASSETS: &str = "/assets/";
/// Where the page takes the nonce of its styles from.
const NONCE: &str = "{{nonce}}";

const WITHOUT_PAGE: &str = "this godwit was built without its web page: run `npm ci && npm run build` in web/, \
     and build it again. The REST API is there: /api/openapi.json\n";

/// The page.
pub(super) fn page() -> Router {
    Router::new().fallback(routing::any(answer))
}

/// Whether this binary has the page.
pub fn is_there() -> bool {
    file(PAGE).is_some()
}

fn file(address: &str) -> Option<&'static File> {
    let found = FILES.binary_search_by(|(name, ..)| (*name).cmp(address));
    found.ok().map(|index| &FILES[index])
}

async fn answer(request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let answered = match *request.method() {
        Method::GET | Method::HEAD => found(request.uri().path(), request.headers()),
        _ => Ok(plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "the page is only read\n",
        )),
    };
    answered.unwrap_or_else(|error| {
        let id = id.unwrap_or_else(RequestId::generate);
        Problem::from(error).response(&id)
    })
}

fn found(address: &str, headers: &HeaderMap) -> Result<Response, Error> {
    if let Some(file) = file(address).filter(|_| address != PAGE) {
        return asset(file, headers);
    }
    let first = address.trim_start_matches('/').split('/').next();
    let is_place = !address.contains("//") && first.is_some_and(|first| PLACES.contains(&first));
    let shows_pages = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    match (is_place, file(PAGE)) {
        // A person who mistyped sees the page say so.
        (false, Some((_, _, bytes))) if shows_pages && !address.starts_with(ASSETS) => {
            let mut response = shown(bytes)?;
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
        (false, _) => Err(nothing_there()),
        (true, Some((_, _, bytes))) => shown(bytes),
        (true, None) => Ok(plain(StatusCode::OK, WITHOUT_PAGE)),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    set(&mut response, "text/plain; charset=utf-8", "no-store");
    response
}

fn set(response: &mut Response, content_type: &'static str, cached: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
}

/// The page, with a nonce of its own for the styles that it makes.
fn shown(bytes: &[u8]) -> Result<Response, Error> {
    let nonce = token::nonce()?;
    let text = String::from_utf8_lossy(bytes).replace(NONCE, &nonce);
    let mut response = Response::new(Body::from(text));
    set(&mut response, "text/html; charset=utf-8", "no-store");
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self'",
        nonce.as_str()
    );
    let policy = HeaderValue::from_str(&policy)
        .map_err(|cause| Error::internal("the policy is no header").caused_by(cause))?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn asset((name, is_gzip, bytes): &'static File, headers: &HeaderMap) -> Result<Response, Error> {
    let takes_gzip = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("gzip"));
    let body = match is_gzip {
        true if !takes_gzip => unzipped(bytes)?.into(),
        _ => Bytes::from_static(bytes),
    };
    let mut response = Response::new(Body::from(body));
    let cached = match name.starts_with(ASSETS) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    set(&mut response, content_type(name), cached);
    let headers = response.headers_mut();
    if *is_gzip {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if takes_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    Ok(response)
}

fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .map_err(|cause| Error::internal("a file of the page is broken").caused_by(cause))?;
    Ok(plain)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get(address: &str, encoding: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let uri: axum::http::Uri = address.parse().unwrap();
        let request = Request::get(uri)
            .header(header::ACCEPT_ENCODING, encoding)
            .body(Body::empty())
            .unwrap();
        let answered = page().oneshot(request).await.unwrap();
        let (head, body) = answered.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        (head.status, head.headers, bytes)
    }

    #[tokio::test]
    async fn every_address_is_the_pages_but_those_of_files() {
        let (status, ..) = get("/assets/not-there.js", "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, headers, text) = get("/p/7/migrations", "gzip").await;
        assert_eq!(status, StatusCode::OK);
        if !is_there() {
            assert_eq!(text, WITHOUT_PAGE.as_bytes());
            return;
        }
        let text = String::from_utf8(text).unwrap();
        let policy = headers["content-security-policy"].to_str().unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        let nonce = nonce.split('\'').next().unwrap();
        assert!(text.contains(nonce) && !text.contains(NONCE), "{text}");
        let (_, others, _) = get("/", "gzip").await;
        assert_ne!(others["content-security-policy"].to_str().unwrap(), policy);
    }

    #[tokio::test]
    async fn an_address_of_nobody_is_not_the_page() {
        for nobody in [
            "/metrics/",
            "//metrics",
            "/METRICS",
            "/./metrics",
            "/php",
            "//",
            "/p2",
        ] {
            let (status, ..) = get(nobody, "").await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{nobody}");
        }
    }

    #[test]
    fn the_page_s_own_addresses_are_known() {
        let routes = include_str!("../../../../web/src/app/routes.tsx");
        let paths = routes.split("path: '/").skip(1);
        let mut firsts: Vec<&str> = paths
            .filter_map(|rest| rest.split(['\'', '/']).next())
            .chain([""])
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts, PLACES);
    }

    #[tokio::test]
    async fn files_are_sent_as_they_are_compressed_and_plain_to_who_wants_that() {
        let Some((name, _, bytes)) = FILES.iter().find(|(_, is_gzip, _)| *is_gzip) else {
            assert!(!is_there());
            return;
        };
        let (_, headers, sent) = get(name, "br, gzip").await;
        assert_eq!(
            (&headers["content-encoding"], sent.as_slice()),
            (&HeaderValue::from_static("gzip"), *bytes)
        );
        let (_, headers, sent) = get(name, "identity").await;
        assert!(!headers.contains_key("content-encoding"));
        assert_eq!(sent, unzipped(bytes).unwrap());
    }
}
