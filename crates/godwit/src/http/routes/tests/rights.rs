//! Every route against every role. What a role may is written out in a snapshot: a route that is new, or open
//! to somebody else than before, has to be looked at.

use serde_json::{Map, Value as Json, json};

use super::client::{Login, Served};
use super::{PASSWORD, user};
use crate::http::openapi::openapi;
use crate::http::routes::routes;

/// As whom each route is asked: roles of the installation, roles of the project, somebody with no role in it,
/// a token that is made for one right alone.
const WHO: [&str; 8] = [
    "administrator",
    "auditor",
    "project-admin",
    "developer",
    "operator",
    "viewer",
    "stranger",
    "token:view-project",
];

/// The smallest document that this schema takes.
fn smallest(document: &Json, schema: &Json) -> Json {
    if let Some(reference) = schema["$ref"].as_str() {
        return smallest(document, document.pointer(&reference[1..]).unwrap());
    }
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| smallest(document, part));
        let mut joined = Map::new();
        for part in parts {
            joined.extend(part.as_object().unwrap().clone());
        }
        return Json::Object(joined);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(first) = schema[key].get(0) {
            let mut made = smallest(document, first);
            if let (Some(made), Some(more)) = (made.as_object_mut(), required(document, schema)) {
                made.extend(more);
            }
            return made;
        }
    }
    let kind = match &schema["type"] {
        Json::Array(kinds) => kinds[0].as_str(),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => Json::Object(required(document, schema).unwrap_or_default()),
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or(0);
            let item = || smallest(document, &schema["items"]);
            (0..count).map(|_| item()).collect()
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(false),
        Some("string") => json!("x"),
        Some("null") => Json::Null,
        _ => json!({}),
    }
}

fn required(document: &Json, schema: &Json) -> Option<Map<String, Json>> {
    let names = schema["required"].as_array()?.iter();
    let names = names.map(|name| name.as_str().unwrap());
    let made = names.map(|name| {
        let value = smallest(document, &schema["properties"][name]);
        (name.to_owned(), value)
    });
    Some(made.collect())
}

/// A request of the route that is understood, about things that are not there, in the project given.
fn request(document: &Json, (verb, path): (&str, &str), project: &str) -> (String, Json) {
    let operation = &document["paths"][path][verb.to_lowercase()];
    let mut line = format!("{verb} {}", path.replace("{project}", project));
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let value = match smallest(document, &parameter["schema"]) {
            Json::String(text) => text,
            other => other.to_string(),
        };
        match parameter["in"].as_str() {
            Some("path") => line = line.replace(&format!("{{{name}}}"), &value),
            Some("query") if parameter["required"] == true => query.push(format!("{name}={value}")),
            _ => {}
        }
    }
    if !query.is_empty() {
        line = format!("{line}?{}", query.join("&"));
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let body = match body {
        Json::Null => Json::Null,
        schema => smallest(document, schema),
    };
    (line, body)
}

#[tokio::test]
async fn each_route_is_open_to_those_roles_that_the_table_says() {
    let (served, admin) = Served::with_administrator().await;
    let mut people: Vec<(&str, String)> = Vec::new();
    for who in WHO.iter().filter(|who| !who.starts_with("token")) {
        let role = match *who {
            "administrator" | "auditor" => json!(who),
            _ => Json::Null,
        };
        people.push((who, user(&served, &admin, who, role).await.0));
    }
    let members = people.iter().filter(|(who, _)| WHO[2..6].contains(who));
    let members: Map<String, Json> = members.map(|(who, id)| (id.clone(), json!(who))).collect();
    let body = json!({ "name": "shop", "members": members });
    let project = served
        .ask("POST /projects", &admin, &[], body)
        .await
        .text("id");
    let token = async |name: &str| {
        let body = json!({ "name": name, "scopes": ["view-project"], "days": 1 });
        let made = served.ask("POST /tokens", &admin, &[], body).await;
        made.text("token")
    };
    let (token, once) = (token("one").await, token("once").await);

    let mut logins = Vec::new();
    for who in WHO {
        logins.push(match who.starts_with("token") {
            true => Login::bearer(&token),
            false => served.log_in(who, PASSWORD).await,
        });
    }
    let table = routes();
    let document = openapi("Godwit", "0", &table);
    let mut open: Vec<String> = Vec::new();
    for route in table.iter().filter(|route| !route.is_public()) {
        let place = (route.verb().name(), route.path());
        let (line, body) = request(&document, place, &project);
        let mut may = Vec::new();
        for (who, login) in WHO.iter().zip(&logins) {
            // Ends what asks.
            let fresh = match (line == "DELETE /session", who.starts_with("token")) {
                (true, true) => Some(Login::bearer(&once)),
                (true, false) => Some(served.log_in(who, PASSWORD).await),
                _ => None,
            };
            let login = fresh.as_ref().unwrap_or(login);
            let headers: &[&str] = if route.is_conditional() {
                &["If-Match: \"99\""]
            } else {
                &[]
            };
            let reply = if line.ends_with("/events") {
                served.begin(&line, login).await
            } else {
                served.ask(&line, login, headers, body.clone()).await
            };
            let code = || reply.code();
            let is_open = match reply.status {
                401 | 403 => {
                    assert!(
                        ["NO_RIGHT", "WRONG_PASSWORD"].contains(&code().as_str()),
                        "{line}: {}",
                        reply.body
                    );
                    code() != "NO_RIGHT"
                }
                404 => code() != "UNKNOWN_PROJECT",
                500.. => panic!("{line}: {} {}", reply.status, reply.body),
                // Whoever may not is told so before anything is looked up, but not before it is understood.
                400 | 422 if code() == "BAD_BODY" => panic!("{line}: {body}: {}", reply.body),
                _ => true,
            };
            if is_open {
                may.push(*who);
            }
        }
        open.push(format!("{} {}: {}", place.0, place.1, may.join(" ")));
    }
    insta::assert_snapshot!(open.join("\n"));
}
