use insta::assert_json_snapshot;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::client::ask;
use super::shop::{Shop, routes};
use crate::http::openapi::{faults, openapi};
use crate::http::{Answer, Input, Route, public};

/// All references of a document.
fn references<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
    match json {
        Json::Object(entries) => {
            for (key, value) in entries {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => found.push(reference),
                    None => references(value, found),
                }
            }
        }
        Json::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        _ => {}
    }
}

#[test]
fn the_document_tells_what_the_handlers_take_and_give() {
    let mut table = routes();
    table.retain(|route| ["/projects/{project}/pipelines", "/events"].contains(&route.path()));
    let document = openapi("Shop", "1.0", &table);
    insta::with_settings!({ sort_maps => true }, { assert_json_snapshot!(document) });
}

#[test]
fn every_reference_leads_somewhere() {
    let document = openapi("Shop", "1.0", &routes());
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_parameter_of_a_path_is_declared() {
    assert_eq!(faults(&routes()), Vec::<String>::new());
}

async fn nothing(_shop: Shop, _input: Input) -> Result<Answer<()>, model::Error> {
    Ok(Answer::nothing())
}

#[test]
fn faults_of_a_table_are_found() {
    let table: Vec<Route<Shop>> = vec![
        Route::get(
            "/a/{number}",
            "Takes a parameter that is not read",
            public(nothing),
        ),
        Route::get("/b", "Is there", public(nothing)),
        Route::get("/b", "Is there again", public(nothing)),
    ];
    assert_eq!(
        faults(&table),
        [
            "GET /a/{number}: {number} is not both in the path and in its type",
            "GET /b: another operation is called documented_nothing",
            "GET /b: is there twice",
            "GET /b: another operation is called documented_nothing",
        ]
    );
}

#[tokio::test]
async fn the_document_is_served() {
    let router = Shop::new().front(CancellationToken::new()).router();
    let reply = ask(&router, "GET /api/openapi.json", &[], "").await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.json()["openapi"], "3.1.0");
    assert_eq!(reply.json()["info"]["title"], "Godwit");
}
