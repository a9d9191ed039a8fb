//! The routes of the service over a real port, from the first start on.

mod client;
mod rights;

use serde_json::{Value as Json, json};

use self::client::{Login, Reply, Served};
use crate::http::openapi::{faults, openapi};
use crate::http::route::Route;

const PASSWORD: &str = "correct horse battery";

/// A user with this role in the installation, logged in.
async fn user(served: &Served, admin: &Login, name: &str, role: Json) -> (String, Login) {
    let body = json!({ "name": name, "password": PASSWORD, "role": role });
    let made = served.ask("POST /users", admin, &[], body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.text("id");
    (id, served.log_in(name, PASSWORD).await)
}

/// A project in which these people have roles.
async fn project(served: &Served, admin: &Login, name: &str, members: Json) -> Reply {
    let body = json!({ "name": name, "members": members });
    let made = served.ask("POST /projects", admin, &[], body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made
}

#[test]
fn the_table_of_routes_has_no_faults() {
    let table = super::routes();
    assert_eq!(faults(&table), Vec::<String>::new());
    let open: Vec<&str> = table
        .iter()
        .filter(|route| route.is_public())
        .map(Route::path)
        .collect();
    assert_eq!(open, ["/set-up", "/session"]);
    let document = openapi("Godwit", "0", &table).to_string();
    assert!(document.contains("ProjectWritten") && document.contains("ProjectShown"));
}

#[tokio::test]
async fn nothing_but_set_up_and_log_in_answers_to_nobody() {
    let served = Served::start().await;
    for route in super::routes() {
        if route.is_public() {
            continue;
        }
        let path = route.path().replace(['{', '}'], "");
        let line = format!("{} {path}", route.verb().name());
        let reply = served
            .ask(&line, &Login::nobody(), &["If-Match: \"1\""], json!({}))
            .await;
        assert_eq!(
            (reply.status, reply.code()),
            (401, "UNAUTHENTICATED".to_owned()),
            "{line}"
        );
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_once_by_the_printed_token() {
    let served = Served::start().await;
    let ask = async |token: &str, password: &str| {
        let body = json!({ "token": token, "name": "Ann", "password": password });
        served
            .ask("POST /set-up", &Login::nobody(), &[], body)
            .await
    };
    let token = served.set_up.clone();
    let check = async |token: &str, password: &str, expected: (u16, &str)| {
        let reply = ask(token, password).await;
        assert_eq!((reply.status, reply.code().as_str()), expected);
    };
    check("gw-setup_x", PASSWORD, (403, "SET_UP_TOKEN")).await;
    check(&token, "short", (422, "WEAK_PASSWORD")).await;
    let made = ask(&token, PASSWORD).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.json()["user"]["name"], "ann");
    check(&token, PASSWORD, (409, "SET_UP_DONE")).await;
    let me = served.ask("GET /me", &made.login(), &[], Json::Null).await;
    assert_eq!(me.json()["user"]["role"], "administrator");
    assert_eq!(me.json()["csrf"], made.json()["csrf"]);
    assert!(me.body.contains("manage-system"));
}

#[tokio::test]
async fn a_session_changes_things_only_with_its_own_token() {
    let (served, admin) = Served::with_administrator().await;
    let body = json!({ "name": "p" });
    let other = served.log_in("ann", PASSWORD).await;
    let check = async |csrf: &str| {
        let login = admin.with_csrf(csrf);
        let reply = served
            .ask("POST /projects", &login, &[], body.clone())
            .await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "CSRF_TOKEN"),
            "{csrf:?}"
        );
    };
    check("").await;
    check("x").await;
    check(&other.csrf).await;
    let foreign = ["Origin: http://evil.example"];
    let reply = served
        .ask("POST /projects", &admin, &foreign, body.clone())
        .await;
    assert_eq!(reply.code(), "CROSS_SITE");
    let made = served.ask("POST /projects", &admin, &[], body).await;
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn names_and_passwords_that_are_wrong_look_alike_and_are_braked() {
    let (served, _) = Served::with_administrator().await;
    let ask = async |name: &str, password: &str| {
        let body = json!({ "name": name, "password": password });
        served
            .ask("POST /session", &Login::nobody(), &[], body)
            .await
    };
    let (wrong, unknown) = (ask("ann", "wrong horse").await, ask("bob", PASSWORD).await);
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"]);
    let mut last = ask("ann", "wrong horse").await;
    for _ in 0..6 {
        last = ask("ann", "wrong horse").await;
    }
    assert_eq!(
        (last.status, last.code()),
        (429, "TOO_MANY_ATTEMPTS".to_owned())
    );
    assert!(last.head.contains("retry-after: "), "{}", last.head);
}

#[tokio::test]
async fn a_session_ends_by_logging_out_and_is_listed_until_then() {
    let (served, admin) = Served::with_administrator().await;
    let second = served.log_in("ANN ", PASSWORD).await;
    let listed = served.ask("GET /sessions", &second, &[], Json::Null).await;
    let items = listed.json()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    let first = items.iter().find(|one| one["current"] == false).unwrap();
    let line = format!("DELETE /sessions/{}", first["id"].as_str().unwrap());
    assert_eq!(
        served.ask(&line, &second, &[], Json::Null).await.status,
        204
    );
    let gone = served.ask("GET /me", &admin, &[], Json::Null).await;
    assert_eq!(
        (gone.status, gone.code()),
        (401, "UNAUTHENTICATED".to_owned())
    );
    let out = served
        .ask("DELETE /session", &second, &[], Json::Null)
        .await;
    assert_eq!(out.status, 204);
    assert!(out.head.contains("Max-Age=0"), "{}", out.head);
    assert_eq!(
        served.ask("GET /me", &second, &[], Json::Null).await.status,
        401
    );
}

#[tokio::test]
async fn a_project_is_nothing_to_those_without_a_role_and_read_only_to_viewers() {
    let (served, admin) = Served::with_administrator().await;
    let (viewer_id, viewer) = user(&served, &admin, "vic", Json::Null).await;
    let (_, stranger) = user(&served, &admin, "sam", Json::Null).await;
    let members = json!({ viewer_id: "viewer" });
    let made = project(&served, &admin, "shop", members.clone()).await;
    let path = format!("/projects/{}", made.text("id"));
    let line = |verb: &str| format!("{verb} {path}");
    let hidden = served.ask(&line("GET"), &stranger, &[], Json::Null).await;
    assert_eq!(
        (hidden.status, hidden.code()),
        (404, "UNKNOWN_PROJECT".to_owned())
    );
    let none = served
        .ask("GET /projects/nowhere", &stranger, &[], Json::Null)
        .await;
    assert_eq!(none.json()["hint"], hidden.json()["hint"]);
    let listed = served
        .ask("GET /projects", &stranger, &[], Json::Null)
        .await;
    assert_eq!(listed.json(), json!({ "items": [], "next": null }));
    let seen = served.ask(&line("GET"), &viewer, &[], Json::Null).await;
    assert_eq!((seen.status, seen.text("name")), (200, "shop".to_owned()));
    let first = ["If-Match: \"1\""];
    let body = json!({ "name": "shop", "description": "d", "members": members });
    let refused = served
        .ask(&line("PUT"), &viewer, &first, body.clone())
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "NO_RIGHT".to_owned())
    );
    let unsaid = served.ask(&line("PUT"), &admin, &[], body.clone()).await;
    assert_eq!(
        (unsaid.status, unsaid.code()),
        (428, "EDITION_REQUIRED".to_owned())
    );
    let edited = served.ask(&line("PUT"), &admin, &first, body.clone()).await;
    assert_eq!(
        (edited.status, edited.json()["edition"].as_i64()),
        (200, Some(2))
    );
    let stale = served.ask(&line("PUT"), &admin, &first, body).await;
    assert_eq!(
        (stale.status, stale.code()),
        (412, "EDITED_MEANWHILE".to_owned())
    );
    let audit = format!("GET {path}/audit");
    assert_eq!(
        served.ask(&audit, &viewer, &[], Json::Null).await.status,
        403
    );
    assert_eq!(
        served.ask(&audit, &stranger, &[], Json::Null).await.status,
        404
    );
    let gone = served
        .ask(&line("DELETE"), &admin, &["If-Match: \"2\""], Json::Null)
        .await;
    assert_eq!(gone.status, 204, "{}", gone.body);
}

#[tokio::test]
async fn a_token_may_what_its_scopes_say_and_opens_no_doors() {
    let (served, admin) = Served::with_administrator().await;
    let project = project(&served, &admin, "shop", json!({})).await;
    let body = json!({ "name": "nightly", "scopes": ["view-project"], "days": 1 });
    let made = served.ask("POST /tokens", &admin, &[], body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let program = Login::bearer(&made.text("token"));
    let one = format!("GET /projects/{}", project.text("id"));
    assert_eq!(
        served.ask(&one, &program, &[], Json::Null).await.status,
        200
    );
    let refuse = async |line: &str, body: Json| {
        let reply = served.ask(line, &program, &[], body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "NO_RIGHT"),
            "{line}"
        );
    };
    refuse("POST /projects", json!({ "name": "q" })).await;
    refuse("POST /tokens", body).await;
    let me = served
        .ask("GET /me", &program, &[], Json::Null)
        .await
        .json();
    let own = format!("PUT /users/{}/password", me["user"]["id"].as_str().unwrap());
    refuse(
        &own,
        json!({ "old": PASSWORD, "new": "another horse battery" }),
    )
    .await;
    assert_eq!(me["rights"], json!(["view-project"]));
    let listed = served.ask("GET /tokens", &admin, &[], Json::Null).await;
    assert!(!listed.body.contains(&made.text("token")));
    let body = json!({ "name": "once", "scopes": ["view-project"], "days": 1 });
    let once = served.ask("POST /tokens", &admin, &[], body).await;
    let once = Login::bearer(&once.text("token"));
    for status in [204, 401] {
        let reply = served.ask("DELETE /session", &once, &[], Json::Null).await;
        assert_eq!(reply.status, status);
    }
    let gone = format!("DELETE /tokens/{}", made.text("id"));
    assert_eq!(served.ask(&gone, &admin, &[], Json::Null).await.status, 204);
    assert_eq!(
        served.ask(&one, &program, &[], Json::Null).await.status,
        401
    );
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_the_last_administrator_stays() {
    let (served, admin) = Served::with_administrator().await;
    let me = served.ask("GET /me", &admin, &[], Json::Null).await.json();
    let own = format!("/users/{}", me["user"]["id"].as_str().unwrap());
    let first = ["If-Match: \"1\""];
    let body = json!({ "name": "ann", "role": "administrator", "disabled": true });
    for (line, body) in [
        (format!("PUT {own}"), body.clone()),
        (format!("PUT {own}"), json!({ "name": "ann" })),
        (format!("DELETE {own}"), Json::Null),
    ] {
        let reply = served.ask(&line, &admin, &first, body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (409, "LAST_ADMINISTRATOR")
        );
    }
    let (bob_id, bob) = user(&served, &admin, "bob", json!("administrator")).await;
    let token = json!({ "name": "t", "scopes": ["manage-users"] });
    let token = served
        .ask("POST /tokens", &bob, &[], token)
        .await
        .text("token");
    let disabled = json!({ "name": "bob", "role": "administrator", "disabled": true });
    let line = format!("PUT /users/{bob_id}");
    assert_eq!(
        served.ask(&line, &admin, &first, disabled).await.status,
        200
    );
    for login in [bob, Login::bearer(&token)] {
        assert_eq!(
            served.ask("GET /me", &login, &[], Json::Null).await.status,
            401
        );
    }
    let body = json!({ "name": "bob", "password": PASSWORD });
    let refused = served
        .ask("POST /session", &Login::nobody(), &[], body)
        .await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let (served, admin) = Served::with_administrator().await;
    let (id, first) = user(&served, &admin, "bob", Json::Null).await;
    let second = served.log_in("bob", PASSWORD).await;
    let line = format!("PUT /users/{id}/password");
    let next = "another horse battery";
    let ask = async |login: &Login, body: Json| served.ask(&line, login, &[], body).await;
    let wrong = ask(&first, json!({ "old": next, "new": next })).await;
    assert_eq!(
        (wrong.status, wrong.code()),
        (403, "WRONG_PASSWORD".to_owned())
    );
    let set = ask(&first, json!({ "old": PASSWORD, "new": next })).await;
    assert_eq!(set.status, 204, "{}", set.body);
    assert_eq!(
        served.ask("GET /me", &first, &[], Json::Null).await.status,
        200
    );
    assert_eq!(
        served.ask("GET /me", &second, &[], Json::Null).await.status,
        401
    );
    served.log_in("bob", next).await;
    assert_eq!(ask(&admin, json!({ "new": PASSWORD })).await.status, 204);
    assert_eq!(
        served.ask("GET /me", &first, &[], Json::Null).await.status,
        401
    );
    let foreign = format!("PUT /users/{}/password", served.own_id(&admin).await);
    let bob = served.log_in("bob", PASSWORD).await;
    let refused = served
        .ask(&foreign, &bob, &[], json!({ "new": next }))
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "NO_RIGHT".to_owned())
    );
}

#[tokio::test]
async fn users_in_a_project_are_not_removed_and_groups_in_use_neither() {
    let (served, admin) = Served::with_administrator().await;
    let (bob_id, bob) = user(&served, &admin, "bob", Json::Null).await;
    let first = ["If-Match: \"1\""];
    let group = json!({ "name": "small", "cpu-millis": 1000, "memory-mb": 512 });
    let group = served
        .ask("POST /resource-groups", &admin, &[], group)
        .await;
    assert_eq!(group.status, 201, "{}", group.body);
    let group = group.text("id");
    let body = json!({ "name": "p", "members": { &bob_id: "operator" }, "default-group": group });
    let project = served
        .ask("POST /projects", &admin, &[], body)
        .await
        .text("id");
    for line in [
        format!("DELETE /users/{bob_id}"),
        format!("DELETE /resource-groups/{group}"),
    ] {
        let reply = served.ask(&line, &admin, &first, Json::Null).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (409, "IN_USE"),
            "{line}"
        );
    }
    let line = format!("GET /resource-groups/{group}");
    assert_eq!(served.ask(&line, &bob, &[], Json::Null).await.status, 404);
    let bound =
        json!({ "name": "small", "cpu-millis": 1000, "memory-mb": 512, "projects": [project] });
    let put = format!("PUT /resource-groups/{group}");
    assert_eq!(
        served.ask(&put, &bob, &first, bound.clone()).await.status,
        403
    );
    assert_eq!(served.ask(&put, &admin, &first, bound).await.status, 200);
    assert_eq!(served.ask(&line, &bob, &[], Json::Null).await.status, 200);
}

#[tokio::test]
async fn the_audit_log_tells_who_did_what_and_no_answer_has_a_password() {
    let (served, admin) = Served::with_administrator().await;
    let (id, bob) = user(&served, &admin, "bob", json!("auditor")).await;
    let made = project(&served, &admin, "shop", json!({})).await;
    let mut all = String::new();
    for line in [
        "GET /users",
        "GET /people",
        "GET /me",
        "GET /audit?limit=500",
        "GET /sessions",
    ] {
        let reply = served.ask(line, &admin, &[], Json::Null).await;
        assert_eq!(reply.status, 200, "{line} {}", reply.body);
        all.push_str(&reply.body);
    }
    assert!(!all.contains("argon2") && !all.contains(PASSWORD) && !all.contains("\"password\""));
    let audit = served.ask("GET /audit", &bob, &[], Json::Null).await.json();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| line["action"].as_str())
        .collect();
    for action in ["project.made", "user.made", "session.begun"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    assert_eq!(audit["people"][&id], "bob");
    let line = &audit["items"].as_array().unwrap()[0];
    assert_eq!(line["subject"], made.text("id").as_str());
    assert!(
        made.head.contains(line["request"].as_str().unwrap()),
        "{}",
        made.head
    );
    let verified = served
        .ask("GET /audit/verified", &bob, &[], Json::Null)
        .await
        .json();
    assert_eq!(verified["broken-at"], Json::Null);
    assert!(verified["lines"].as_i64().unwrap() >= 5);
    let page = served
        .ask("GET /audit?limit=2", &bob, &[], Json::Null)
        .await
        .json();
    let older = format!("GET /audit?limit=2&before={}", page["next"]);
    let older = served.ask(&older, &bob, &[], Json::Null).await.json();
    assert!(older["items"][0]["sequence"].as_i64() < page["next"].as_i64());
}
