use axum::Router;
use axum::routing::get;
use model::{Error, ErrorKind};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::client::{Reply, ask};
use super::shop::{Shop, routes};
use crate::http::{Front, Settings};

const PROGRAM: &str = "authorization: Bearer good";
const JSON: &str = "content-type: application/json";
const PIPELINES: &str = "/api/v1/projects/7/pipelines";

fn router() -> Router {
    Shop::new().front(CancellationToken::new()).router()
}

async fn post(router: &Router, headers: &[&str], body: &str) -> Reply {
    ask(router, &format!("POST {PIPELINES}"), headers, body).await
}

#[tokio::test]
async fn a_pipeline_is_made_listed_changed_and_removed() {
    let router = router();
    let made = post(&router, &[PROGRAM, JSON], r#"{"name": "a"}"#).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"1\""));
    let place = made.header("location").to_owned();
    assert_eq!(place, format!("{PIPELINES}/1"));
    let listed = ask(
        &router,
        &format!("GET {PIPELINES}?limit=5&state=draft"),
        &[PROGRAM],
        "",
    )
    .await;
    assert_eq!(
        listed.json(),
        json!({"project": 7, "asked_by": "program",
               "pipelines": [{"name": "a", "state": "draft", "edition": 1}]})
    );
    assert_eq!(listed.header("content-type"), "application/json");
    let none = ask(
        &router,
        &format!("GET {PIPELINES}?state=live"),
        &[PROGRAM],
        "",
    )
    .await;
    assert_eq!(none.json()["pipelines"], json!([]));
    let changed = r#"{"name": "b", "state": "live"}"#;
    let headers = [PROGRAM, JSON, "if-match: \"1\""];
    let answer = ask(&router, &format!("PUT {place}"), &headers, changed).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("etag")),
        (200, "\"2\"")
    );
    let late = ask(&router, &format!("PUT {place}"), &headers, changed).await;
    assert_eq!(late.problem(), (412, "EDITED_MEANWHILE".to_owned()));
    let headers = [PROGRAM, "if-match: \"2\""];
    let removed = ask(&router, &format!("DELETE {place}"), &headers, "").await;
    assert_eq!((removed.status.as_u16(), removed.body.as_str()), (204, ""));
    let again = ask(&router, &format!("DELETE {place}"), &headers, "").await;
    assert_eq!(again.problem(), (404, "UNKNOWN_PIPELINE".to_owned()));
}

#[tokio::test]
async fn edits_without_an_edition_are_refused() {
    let router = router();
    let line = format!("DELETE {PIPELINES}/1");
    let none = ask(&router, &line, &[PROGRAM], "").await;
    assert_eq!(none.problem(), (428, "EDITION_REQUIRED".to_owned()));
    let bad = ask(&router, &line, &[PROGRAM, "if-match: *"], "").await;
    assert_eq!(bad.problem(), (400, "BAD_HEADER".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_its_place() {
    let router = router();
    let wrong = post(&router, &[PROGRAM, JSON], r#"{"name": "a", "nmae": 1}"#).await;
    assert_eq!(wrong.problem(), (422, "BAD_BODY".to_owned()));
    assert_eq!(wrong.json()["errors"][0]["at"], "nmae");
    assert_eq!(wrong.json()["errors"][0]["code"], "UNKNOWN_KEY");
    let line = "GET /api/v1/projects/x/pipelines?limit=-1";
    let wrong = ask(&router, line, &[PROGRAM], "").await;
    assert_eq!(wrong.problem(), (400, "BAD_ADDRESS".to_owned()));
    let errors = wrong.json()["errors"].take();
    let places: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["at"])
        .collect();
    assert_eq!(places, ["{project}", "?limit"]);
    let check = async |query: &str, at: &str| {
        let wrong = ask(&router, &format!("GET {PIPELINES}?{query}"), &[PROGRAM], "").await;
        assert_eq!(wrong.json()["errors"][0]["at"], at, "{query}");
    };
    check("offset=1", "?offset").await;
    check("limit=1&limit=2", "?limit").await;
    check("state=%ff", "?state").await;
    let extra = ask(
        &router,
        &format!("POST {PIPELINES}?x=1"),
        &[PROGRAM, JSON],
        "{}",
    )
    .await;
    assert_eq!(extra.json()["errors"][0]["at"], "?x");
}

#[tokio::test]
async fn bodies_are_json_of_a_bounded_length() {
    let router = router();
    let check = async |headers: &[&str], body: &str, status: u16, code: &str| {
        let mut all = vec![PROGRAM];
        all.extend(headers);
        let reply = post(&router, &all, body).await;
        assert_eq!(
            reply.problem(),
            (status, code.to_owned()),
            "{headers:?} {body:.20}"
        );
    };
    check(&[JSON], "{\"name\": ", 400, "BAD_JSON").await;
    check(&[JSON], "{\"name\": \"a\"} x", 400, "BAD_JSON").await;
    check(&[JSON], "", 400, "BAD_JSON").await;
    check(&[], "", 400, "BAD_JSON").await;
    check(&[], "{\"name\": \"a\"}", 415, "NOT_SENT_AS_JSON").await;
    let form = "content-type: application/x-www-form-urlencoded";
    check(&[form], "name=a", 415, "NOT_SENT_AS_JSON").await;
    let long = format!("{{\"name\": \"{}\"}}", "a".repeat(5000));
    check(&[JSON], &long, 413, "BODY_TOO_LARGE").await;
    let deep = format!("{{\"name\": {}", "[".repeat(4000));
    check(&[JSON], &deep, 422, "BAD_BODY").await;
}

#[tokio::test]
async fn a_body_may_be_left_out_where_the_type_says_so() {
    let router = router();
    let line = "POST /api/v1/troubles/none";
    for (headers, body) in [
        (vec![PROGRAM], ""),
        (vec![PROGRAM, JSON], "{\"name\": \"a\"}"),
    ] {
        assert_eq!(ask(&router, line, &headers, body).await.status, 204);
    }
}

#[tokio::test]
async fn nobody_gets_in_without_showing_who_it_is() {
    let router = router();
    let line = format!("GET {PIPELINES}");
    for headers in [
        &[][..],
        &["authorization: Bearer bad"],
        &["cookie: godwit=s2"],
    ] {
        let reply = ask(&router, &line, headers, "").await;
        assert_eq!(reply.problem(), (401, "UNAUTHENTICATED".to_owned()));
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
    }
    let both = ask(&router, &line, &[PROGRAM, "cookie: godwit=s1"], "").await;
    assert_eq!(both.problem(), (400, "TWO_CREDENTIALS".to_owned()));
    // Who it is comes before what is asked: nothing of the body is read for nobody.
    let reply = post(&router, &[JSON], "{").await;
    assert_eq!(reply.problem().0, 401);
}

#[tokio::test]
async fn a_person_logs_in_and_a_foreign_page_does_not_ride_on_it() {
    let router = router();
    let login = r#"{"name": "ann", "password": "right"}"#;
    let reply = ask(&router, "POST /api/v1/session", &[JSON], login).await;
    assert_eq!(reply.json(), json!({"csrf": "c1"}));
    let cookie = reply.header("set-cookie").split(';').next().unwrap();
    let cookie = format!("cookie: {cookie}");
    let body = r#"{"name": "a"}"#;
    let check = async |headers: &[&str], expected: Result<(), &str>| {
        let mut all = vec![cookie.as_str(), JSON, "host: localhost"];
        all.extend(headers);
        let reply = post(&router, &all, body).await;
        let code = (reply.status != 201).then(|| reply.problem());
        let expected = expected.err().map(|code| (403, code.to_owned()));
        assert_eq!(code, expected, "{headers:?}");
    };
    check(&["x-csrf-token: c1"], Ok(())).await;
    check(&["x-csrf-token: c1", "origin: http://localhost"], Ok(())).await;
    check(&["x-csrf-token: c2"], Err("CSRF_TOKEN")).await;
    check(&[], Err("CSRF_TOKEN")).await;
    check(
        &["x-csrf-token: c1", "sec-fetch-site: cross-site"],
        Err("CROSS_SITE"),
    )
    .await;
    check(
        &["x-csrf-token: c1", "origin: http://evil"],
        Err("CROSS_SITE"),
    )
    .await;
    let read = ask(&router, &format!("GET {PIPELINES}"), &[&cookie], "").await;
    assert_eq!(read.json()["asked_by"], "person");
    let foreign = ["sec-fetch-site: cross-site", JSON];
    let forced = ask(&router, "POST /api/v1/session", &foreign, login).await;
    assert_eq!(forced.problem(), (403, "CROSS_SITE".to_owned()));
    let wrong = ask(
        &router,
        "POST /api/v1/session",
        &[JSON],
        r#"{"name": "ann", "password": "hunter2"}"#,
    );
    let wrong = wrong.await;
    assert_eq!(wrong.problem().0, 401);
    assert!(!wrong.body.contains("hunter2"));
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there_are_problems() {
    let router = router();
    let check = async |line: &str, status: u16, code: &str| {
        let reply = ask(&router, line, &[PROGRAM], "").await;
        assert_eq!(reply.problem(), (status, code.to_owned()), "{line}");
        reply
    };
    check("GET /api/v1/nothing", 404, "NO_SUCH_ADDRESS").await;
    check("GET /", 404, "NO_SUCH_ADDRESS").await;
    check("GET /api/v1/projects/7/pipelines/", 404, "NO_SUCH_ADDRESS").await;
    check("POST /healthz", 405, "WRONG_METHOD").await;
    let reply = check(&format!("PATCH {PIPELINES}"), 405, "WRONG_METHOD").await;
    let mut allowed: Vec<_> = reply.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
}

#[tokio::test]
async fn a_handler_that_goes_wrong_says_nothing_of_itself() {
    let router = router();
    let check = async |kind: &str, status: u16, code: &str| {
        let line = format!("POST /api/v1/troubles/{kind}");
        let reply = ask(&router, &line, &[PROGRAM], "").await;
        assert_eq!(reply.problem(), (status, code.to_owned()), "{kind}");
        assert!(!reply.body.contains("secret"), "{}", reply.body);
        reply
    };
    check("panic", 500, "INTERNAL").await;
    check("defect", 500, "INTERNAL").await;
    let slow = check("slow", 503, "REQUEST_TIMED_OUT").await;
    assert!(!slow.header("retry-after").is_empty());
    check("unavailable", 503, "STORE_BUSY").await;
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let router = router();
    let reply = ask(&router, &format!("GET {PIPELINES}"), &[PROGRAM], "").await;
    assert!(
        reply
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("strict-transport-security"), "");
    let settings = Settings {
        secure: true,
        ..Settings::default()
    };
    let router = Front::new(Shop::new(), settings).routes(routes()).router();
    let login = r#"{"name": "ann", "password": "right"}"#;
    let reply = ask(&router, "POST /api/v1/session", &[JSON], login).await;
    assert!(
        reply
            .header("strict-transport-security")
            .contains("max-age")
    );
    assert!(reply.header("set-cookie").starts_with("__Host-godwit="));
    assert!(reply.header("set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn each_request_has_an_id_of_ours() {
    let router = router();
    let mine = "x-request-id: 00000000-0000-0000-0000-000000000000";
    let first = ask(&router, "GET /healthz", &[mine], "").await;
    let second = ask(&router, "GET /healthz", &[mine], "").await;
    let ids = [first.header("x-request-id"), second.header("x-request-id")];
    assert!(ids[0].len() == 36 && ids[0] < ids[1], "{ids:?}");
    assert!(!ids[0].starts_with("00000000"));
}

#[tokio::test]
async fn health_is_told_as_it_is() {
    let router = router();
    assert_eq!(ask(&router, "GET /healthz", &[], "").await.body, "ok\n");
    assert_eq!(ask(&router, "GET /readyz", &[], "").await.body, "ready\n");
    let busy = || async { Err(Error::new(ErrorKind::Unavailable, "STORE_BUSY", "busy")) };
    let front = Shop::new().front(CancellationToken::new());
    let router = front.ready(busy).router();
    let reply = ask(&router, "GET /readyz", &[], "").await;
    assert_eq!(reply.problem(), (503, "STORE_BUSY".to_owned()));
    assert_eq!(ask(&router, "GET /healthz", &[], "").await.body, "ok\n");
}

#[tokio::test]
async fn figures_are_by_route_and_never_by_what_clients_make_up() {
    let router = router();
    ask(&router, &format!("GET {PIPELINES}?limit=3"), &[PROGRAM], "").await;
    ask(&router, "BREW /made/up", &[], "").await;
    let figures = ask(&router, "GET /metrics", &[], "").await;
    assert!(
        figures
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let counted = "godwit_http_requests_total{method=\"GET\",\
                   path=\"/api/v1/projects/{project}/pipelines\",status=\"200\"}";
    assert!(figures.body.contains(counted), "{}", figures.body);
    assert!(figures.body.contains("godwit_http_request_seconds_bucket{"));
    assert!(
        figures
            .body
            .contains("method=\"other\",path=\"unknown\",status=\"404\"")
    );
    assert!(!figures.body.contains("made/up"));
}

#[tokio::test]
async fn the_page_answers_what_is_not_of_the_api() {
    let page = Router::new()
        .route("/", get(async || "the page"))
        .fallback(async || "a page within");
    let front = Shop::new().front(CancellationToken::new()).page(page);
    let router = front.router();
    let check = async |line: &str, expected: &str| {
        let reply = ask(&router, line, &[], "").await;
        assert_eq!(reply.body, expected, "{line}");
        assert!(!reply.header("content-security-policy").is_empty());
    };
    check("GET /", "the page").await;
    check("GET /projects/7", "a page within").await;
    check("GET /healthz", "ok\n").await;
    for line in ["GET /api", "GET /api/v2/projects"] {
        let reply = ask(&router, line, &[], "").await;
        assert_eq!(reply.problem().0, 404, "{line}");
    }
}
