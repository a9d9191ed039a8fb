//! Tasks run, are looked at, and run again.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::served::{Ran, Server, User, shop, stranger};
use crate::cli::Exit;

/// Two tasks, of the tables `orders` and `items`, by the day.
async fn with_tasks() -> (Server, User) {
    let (server, ann) = Server::with_project("shop").await;
    shop(&server.path("shop.db"));
    let text = format!(
        "version: 1\n\
         data-sources:\n  shop: {{ type: sqlite, path: {:?} }}\n  lake: {{ type: lake, path: {:?} }}\n\
         migration:\n  name: days\n  source: {{ data-source: shop }}\n  \
         destination: {{ data-source: lake, namespace: shop }}\n  tables: {{ all: true }}\n  \
         task-names: \"${{source_table_name}}\"\n  run: {{ reruns: 0 }}\n  \
         method: {{ kind: daily, partition: {{ daily: \"ds=${{bizdate}}\" }} }}\n",
        server.path("shop.db"),
        server.path("lake"),
    );
    let file = server.file("days.yaml", &text);
    let words = [
        "migration",
        "apply",
        &file,
        "--with-data-sources",
        "--publish",
    ];
    check(&ann.run(&words).await, Exit::Done, &["tasks: 2 published"]);
    (server, ann)
}

fn check(ran: &Ran, exit: Exit, parts: &[&str]) {
    assert_eq!(ran.exit, exit, "{} {}", ran.out, ran.err);
    for part in parts {
        assert!(
            ran.out.contains(part),
            "{part:?} is not in {}{}",
            ran.out,
            ran.err
        );
    }
}

fn rename(server: &Server, from: &str, to: &str) {
    let database = rusqlite::Connection::open(server.path("shop.db")).unwrap();
    database
        .execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}"))
        .unwrap();
}

#[tokio::test]
async fn a_task_runs_by_hand_and_once_more_after_it_failed() {
    let (server, ann) = with_tasks().await;
    let run = ["task", "run", "orders", "--bizdate", "20240506", "--wait"];
    let ran = ann.run(&run).await;
    check(
        &ran,
        Exit::Done,
        &["succeeded", "20240506", "manual", "rows"],
    );
    assert!(ran.err.contains(": succeeded"), "{}", ran.err);
    rename(&server, "orders", "away");
    let (exit, ended) = ann.json(&run).await;
    assert_eq!(exit, Exit::Refused);
    let id = ended[0]["id"].to_string();
    assert_eq!(ended[0]["state"], "failed");
    let shown = ann.run(&["instance", "show", &id]).await;
    check(
        &shown,
        Exit::Done,
        &["failed", "attempt", "error[TABLE_NOT_FOUND]"],
    );
    let (_, logs) = ann.json(&["instance", "logs", &id]).await;
    assert_eq!(
        (&logs["instance"], &logs["attempt"]),
        (&ended[0]["id"], &json!(1))
    );
    let lines = logs["lines"].as_array().unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.as_str().unwrap().contains("TABLE_NOT_FOUND")),
        "{logs}"
    );
    rename(&server, "away", "orders");
    check(
        &ann.run(&["instance", "rerun", &id]).await,
        Exit::Done,
        &["rerun: instance"],
    );
    let followed = ann.run(&["instance", "logs", &id, "--follow"]).await;
    check(
        &followed,
        Exit::Done,
        &["attempt 2 began", "published 3 rows", "succeeded"],
    );
    let first = ann
        .run(&["instance", "logs", &id, "--attempt", "1", "--follow"])
        .await;
    check(&first, Exit::Done, &["attempt 1 began", "TABLE_NOT_FOUND"]);
    let forced = ann
        .run(&["instance", "rerun", &id, "--force", "--wait"])
        .await;
    check(&forced, Exit::Done, &["succeeded"]);
    let stopped = ann.run(&["instance", "stop", &id]).await;
    assert_eq!(stopped.exit, Exit::Refused);
    assert!(stopped.err.contains("NOT_ALLOWED_NOW"), "{}", stopped.err);
    let other = ann.run(&["instance", "rerun", "999999"]).await;
    assert!(other.err.contains("NOT_THERE"), "{}", other.err);
    let slip = ann.run(&["task", "run", "order"]).await;
    assert!(slip.err.contains("did you mean orders?"), "{}", slip.err);
}

#[tokio::test]
async fn a_backfill_is_followed_to_its_end_and_its_instances_are_found() {
    let (server, ann) = with_tasks().await;
    let create = [
        "backfill", "create", "items", "--from", "20240501", "--to", "20240503", "--groups", "3",
    ];
    let wait = [&create[..], &["--wait"]].concat();
    let (exit, made) = ann.json(&wait).await;
    assert_eq!(exit, Exit::Done, "{made}");
    assert_eq!(
        (&made["state"], &made["instances"]),
        (&json!("succeeded"), &json!({ "succeeded": 3 }))
    );
    let id = made["id"].as_str().unwrap();
    let list = [
        "instance",
        "list",
        "--backfill",
        id,
        "--task",
        "items",
        "--state",
        "succeeded",
    ];
    let (_, all) = ann.json(&list).await;
    let days: Vec<&Json> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["bizdate"])
        .collect();
    assert_eq!(days.len(), 3, "{all}");
    let one = [&list[..], &["--limit", "1"]].concat();
    check(&ann.run(&one).await, Exit::Done, &["1 instance\n"]);
    let day = [
        "instance",
        "list",
        "--bizdate",
        "20240502",
        "--kind",
        "backfill",
    ];
    check(
        &ann.run(&day).await,
        Exit::Done,
        &["20240502", "items", "1 instance\n"],
    );
    rename(&server, "items", "away");
    let failed = ann.run(&wait).await;
    check(&failed, Exit::Refused, &["3 failed"]);
    let (_, listed) = ann.json(&["backfill", "list"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let name = listed[1]["name"].as_str().unwrap();
    check(
        &ann.run(&["backfill", "show", name]).await,
        Exit::Done,
        &["20240501 to 20240503", "instance list"],
    );
    check(
        &ann.run(&["backfill", "stop", name]).await,
        Exit::Done,
        &["0 instances stopped"],
    );
    let reversed = [
        "backfill", "create", "items", "--from", "20240503", "--to", "20240501",
    ];
    let reversed = ann.run(&reversed).await;
    assert_eq!(reversed.exit, Exit::Refused);
    assert!(
        reversed.err.contains("error[BAD_BIZDATE]"),
        "{}",
        reversed.err
    );
    let many = ann
        .run(&[
            "backfill", "create", "items", "--from", "1", "--to", "2", "--groups", "13",
        ])
        .await;
    assert_eq!(many.exit, Exit::Usage);
}

const OURS: &str = "200 OK\r\ngodwit-version: 0.0.0";

/// Asks a server that answers like this, in its only project.
async fn asking(answers: &[(&'static str, Json)]) -> User {
    let project = (
        OURS,
        json!({ "items": [{ "id": "p", "name": "shop" }], "next": null }),
    );
    let url = stranger(&[&[project], answers].concat()).await;
    User::at_home("/nowhere".into())
        .with("GODWIT_SERVER", &url)
        .with("GODWIT_TOKEN", "t")
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_is_waited_for() {
    let ended = json!({ "state": "succeeded", "attempts": 1, "runs": [{ "number": 1, "ended-at": "now" }] });
    let busy = json!({ "status": 503, "code": "STORE_BUSY", "detail": "", "side": "store", "instance": "" });
    let user = asking(&[
        (OURS, ended),
        ("502 Bad Gateway", json!("a proxy")),
        (
            "503 Busy\r\ngodwit-version: 0.0.0\r\nContent-Type: application/problem+json",
            busy,
        ),
        (OURS, json!(["it ran"])),
    ])
    .await;
    let words = ["instance", "logs", "7", "--follow"];
    let ran = user.run(&words).await;
    check(&ran, Exit::Done, &["it ran"]);
    assert_eq!(
        ran.err,
        "the server is away (SERVER_UNREACHABLE): waiting for it\n"
    );
}

#[tokio::test]
async fn waiting_can_be_given_up() {
    let running = json!({ "state": "running", "attempts": 1, "runs": [] });
    let user = asking(&[(OURS, running), (OURS, json!([]))]).await;
    let cancel = CancellationToken::new();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let words = ["instance", "logs", "7", "--follow"];
    let (ran, ()) = tokio::join!(user.run_until(&words, cancel.clone()), stop);
    assert_eq!(ran.exit, Exit::Cancelled, "{}", ran.err);
    assert!(
        ran.err.contains("what was begun goes on at the server"),
        "{}",
        ran.err
    );
}
