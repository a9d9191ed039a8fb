//! Logging in and out, which server and which project are meant, and servers that are none.

use serde_json::{Value as Json, json};

use super::served::{PASSWORD, Ran, Server, User, stranger};
use crate::cli::Exit;

fn check(ran: &Ran, exit: Exit, parts: &[&str]) {
    assert_eq!(ran.exit, exit, "{} {}", ran.out, ran.err);
    for part in parts {
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[tokio::test]
async fn whoever_logs_in_is_known_until_they_log_out() {
    let server = Server::start().await;
    server.project("shop", "basic").await;
    let ann = User::new(&server).who_is("ann", PASSWORD);
    let (exit, shown) = ann.json(&["login", &server.url]).await;
    assert_eq!(exit, Exit::Done);
    let ends_at = shown["ends-at"].as_str().unwrap();
    let expected = json!({
        "server": server.url, "user": "ann", "project": "shop", "ends-at": ends_at,
    });
    assert_eq!(shown, expected);
    let ran = ann.run(&["project", "list"]).await;
    check(&ran, Exit::Done, &["shop", "basic", "1 project"]);
    let kept = std::fs::read_to_string(ann.logins()).unwrap();
    assert!(kept.contains("gw") && !kept.contains(PASSWORD), "{kept}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&ann.logins()), 0o600);
        assert_eq!(mode(ann.logins().parent().unwrap()), 0o700);
    }
    let elsewhere = ann.with("XDG_CONFIG_HOME", server.path("config").to_str().unwrap());
    let ran = elsewhere.run(&["project", "list"]).await;
    check(&ran, Exit::Usage, &["NOT_LOGGED_IN"]);
    let left = ann.run(&["logout"]).await;
    check(&left, Exit::Done, &["is forgotten here", ends_at]);
    let kept = std::fs::read_to_string(ann.logins()).unwrap();
    assert!(!kept.contains("gw_"), "{kept}");
    check(
        &ann.run(&["project", "list"]).await,
        Exit::Usage,
        &["NOT_LOGGED_IN", "godwit login"],
    );
    check(&ann.run(&["logout"]).await, Exit::Usage, &["NOT_LOGGED_IN"]);
}

#[tokio::test]
async fn logging_in_again_takes_the_place_of_the_token_of_before() {
    let server = Server::start().await;
    let ann = User::new(&server).who_is("ann", PASSWORD);
    let token = || {
        let kept = std::fs::read_to_string(ann.logins()).unwrap();
        let kept: Json = serde_json::from_str(&kept).unwrap();
        kept["servers"][&server.url]["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    check(
        &ann.run(&["login", &server.url]).await,
        Exit::Done,
        &["logged in to"],
    );
    let first = token();
    let words = [
        "login",
        &server.url,
        "--name",
        "ann",
        "--days",
        "1",
        "--scope",
        "view-project",
    ];
    check(&ann.run(&words).await, Exit::Done, &["logged in to"]);
    assert_ne!(token(), first);
    let old = ann
        .with("GODWIT_TOKEN", &first)
        .run(&["project", "list"])
        .await;
    check(
        &old,
        Exit::Refused,
        &["UNAUTHENTICATED", "another GODWIT_TOKEN"],
    );
    let (_, me) = (
        ann.run(&["project", "list"]).await,
        super::served::remote(&server.url, Some(&token())),
    );
    let me = me.get(&["me"], &[]).await.unwrap();
    assert_eq!(me["scopes"], json!(["view-project"]));
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_told_and_nothing_is_kept() {
    let server = Server::start().await;
    let nobody = User::new(&server);
    let wrong = nobody.who_is("ann", "wrong horse battery");
    check(
        &wrong.run(&["login", &server.url]).await,
        Exit::Refused,
        &["error[WRONG_LOGIN]"],
    );
    let unasked = nobody.run(&["login", &server.url]).await;
    check(&unasked, Exit::Usage, &["NOBODY_TO_ASK", "--token-file"]);
    let empty = nobody
        .run(&["login", &server.url, "--token-file", "-"])
        .await;
    check(&empty, Exit::Usage, &["FILE_UNREADABLE"]);
    let words = ["login", server.url.as_str(), "--token-file", "-"];
    let unknown = nobody.typing("gw_of_nobody").run(&words).await;
    check(&unknown, Exit::Refused, &["error[UNAUTHENTICATED]"]);
    let plain = nobody.run(&["login", "http://lake.example"]).await;
    check(&plain, Exit::Refused, &["PLAIN_HTTP", "--insecure-http"]);
    let scope = nobody
        .run(&["login", &server.url, "--scope", "everything"])
        .await;
    check(
        &scope,
        Exit::Usage,
        &["there is no such right", "view-project"],
    );
    assert!(!nobody.logins().exists());
    std::fs::create_dir_all(nobody.logins().parent().unwrap()).unwrap();
    std::fs::write(nobody.logins(), "{\"servers\": \"gw_secret\"}").unwrap();
    let damaged = nobody.run(&["project", "list"]).await;
    check(
        &damaged,
        Exit::Refused,
        &["LOGINS_UNREADABLE", "servers.json", "line 1"],
    );
    assert!(!damaged.err.contains("gw_secret"), "{}", damaged.err);
}

#[tokio::test]
async fn scripts_say_by_variables_where_they_go_and_a_kept_token_goes_to_its_server_alone() {
    let (server, ann) = Server::with_project("shop").await;
    server.project("store", "basic").await;
    let script = User::at_home(server.path("nowhere"))
        .with("GODWIT_SERVER", &server.url)
        .with("GODWIT_TOKEN", &server.token);
    let (exit, listed) = script.json(&["project", "list"]).await;
    assert_eq!(exit, Exit::Done);
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["shop", "store"]);
    let unnamed = script.run(&["task", "list"]).await;
    check(
        &unnamed,
        Exit::Usage,
        &["NO_PROJECT_NAMED", "2 projects", "shop, store"],
    );
    check(
        &script
            .with("GODWIT_PROJECT", "shop")
            .run(&["task", "list"])
            .await,
        Exit::Done,
        &["no tasks"],
    );
    let slip = script.run(&["task", "list", "--project", "stor"]).await;
    check(
        &slip,
        Exit::Refused,
        &["UNKNOWN_PROJECT", "did you mean store?"],
    );
    let (exit, error) = script.json(&["task", "--project", "stor", "list"]).await;
    assert_eq!(exit, Exit::Refused);
    assert_eq!(error["error"]["code"], "UNKNOWN_PROJECT");
    let by_id = listed[0]["id"].as_str().unwrap();
    check(
        &script.run(&["task", "list", "--project", by_id]).await,
        Exit::Done,
        &["no tasks"],
    );
    let elsewhere = ann.with("GODWIT_SERVER", "http://127.0.0.1:9");
    check(
        &elsewhere.run(&["project", "list"]).await,
        Exit::Usage,
        &["NOT_LOGGED_IN", "no token is known for http://127.0.0.1:9"],
    );
    check(
        &ann.run(&["project", "use", "store"]).await,
        Exit::Done,
        &["store is meant"],
    );
    check(&ann.run(&["task", "list"]).await, Exit::Done, &["no tasks"]);
    check(
        &script.run(&["project", "use", "shop"]).await,
        Exit::Usage,
        &["NOT_LOGGED_IN"],
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_told_as_other_errors_are() {
    let (server, _) = Server::with_project("shop").await;
    let bob = User::at_home(server.path("bob"))
        .with("GODWIT_SERVER", &server.url)
        .with("GODWIT_TOKEN", "gw_wrong");
    let (exit, told) = bob.json(&["project", "list"]).await;
    assert_eq!(exit, Exit::Refused);
    let error = told["error"].as_object().unwrap();
    let keys: Vec<&str> = error.keys().map(String::as_str).collect();
    let expected = [
        "code", "errors", "findings", "hint", "message", "request", "side", "status",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&error["code"], &error["status"]),
        (&json!("UNAUTHENTICATED"), &json!(401))
    );
}

#[tokio::test]
async fn a_server_that_is_gone_or_none_is_told_apart() {
    let (mut server, ann) = Server::with_project("shop").await;
    let url = server.url.clone();
    let https = url.replace("http:", "https:");
    let tls = ann
        .with("GODWIT_TOKEN", "t")
        .run(&["project", "list", "--server", &https])
        .await;
    check(&tls, Exit::Refused, &["SERVER_TLS"]);
    server.stop();
    let gone = ann.run(&["project", "list"]).await;
    check(
        &gone,
        Exit::Refused,
        &["error[SERVER_UNREACHABLE]", &url, "refused", "hint: "],
    );
    let told = async |head: &'static str| {
        let url = stranger(&[(head, json!("hi"))]).await;
        let ran = ann
            .with("GODWIT_TOKEN", "t")
            .run(&["project", "list", "--server", &url])
            .await;
        assert_eq!(ran.exit, Exit::Refused);
        ran.err
    };
    let other = told("200 OK").await;
    assert!(other.contains("NOT_A_SERVER"), "{other}");
    let moved = told("301 Moved\r\nLocation: https://lake.example/").await;
    assert!(
        moved.contains("NOT_A_SERVER") && moved.contains("https://lake.example/"),
        "{moved}"
    );
    let proxy = told("502 Bad Gateway").await;
    assert!(proxy.contains("SERVER_UNREACHABLE"), "{proxy}");
    let newer = told("404 Not Found\r\ngodwit-version: 99.1.0").await;
    assert!(
        newer.contains("SERVER_VERSION") && newer.contains("99.1.0"),
        "{newer}"
    );
}
