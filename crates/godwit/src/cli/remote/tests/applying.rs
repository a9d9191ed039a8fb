//! A migration becomes what a file says.

use serde_json::{Value as Json, json};

use super::served::{Ran, Server, User, shop};
use crate::cli::Exit;

/// A migration file for the shop, and its path.
fn shop_file(server: &Server, name: &str, more: &str) -> String {
    let (database, lake) = (server.path("shop.db"), server.path("lake"));
    if !database.exists() {
        shop(&database);
    }
    let text = format!(
        "version: 1\n\
         data-sources:\n  shop: {{ type: sqlite, path: {database:?} }}\n  lake: {{ type: lake, path: {lake:?} }}\n\
         migration:\n  name: shop_to_lake\n  source: {{ data-source: shop }}\n  \
         destination: {{ data-source: lake, namespace: shop }}\n  tables: {{ all: true }}\n{more}"
    );
    server.file(name, &text)
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

async fn listed(user: &User, noun: &str) -> Vec<String> {
    let (_, items) = user.json(&[noun, "list"]).await;
    let names = items
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_by_line_and_column_and_nothing_is_made() {
    let (server, ann) = Server::with_project("shop").await;
    let apply = async |name: &str, text: &str| {
        let file = server.file(name, text);
        ann.run(&["migration", "apply", &file]).await
    };
    let broken = apply("broken.yaml", "version: 1\nmigration: [\n").await;
    check(
        &broken,
        Exit::Refused,
        &["error[BAD_YAML]", "line 3", "broken.yaml: refused: 1 error"],
    );
    let half = apply("half.yaml", "version: 1\ndata-sources: {}\n").await;
    check(&half, Exit::Refused, &["MISSING_KEY"]);
    let slip = "version: 1\nmigration:\n  name: a\n  sorce: { data-source: b }\n";
    let slip = apply("slip.yaml", slip).await;
    check(
        &slip,
        Exit::Refused,
        &["UNKNOWN_KEY", "(line 4, column 3)", "source"],
    );
    let top = "verson: 1\nmigration: { name: a }\n";
    let top = apply("top.yaml", top).await;
    check(&top, Exit::Refused, &["\"verson\"", "(line 1, column 1)"]);
    let missing = ann.run(&["migration", "apply", "/nowhere.yaml"]).await;
    assert_eq!(missing.exit, Exit::Usage);
    assert!(missing.err.contains("FILE_UNREADABLE"), "{}", missing.err);
    assert_eq!(listed(&ann, "migration").await, [""; 0]);
}

#[tokio::test]
async fn data_sources_are_those_of_the_project_unless_the_file_may_make_them() {
    let (server, ann) = Server::with_project("shop").await;
    let file = shop_file(&server, "shop.yaml", "");
    let refused = ann.run(&["migration", "apply", &file]).await;
    let hint = "--with-data-sources makes it as the file describes it";
    check(
        &refused,
        Exit::Refused,
        &["UNKNOWN_DATA_SOURCE", "line 7, column 26", hint, "2 errors"],
    );
    let words = ["migration", "apply", file.as_str(), "--with-data-sources"];
    let dry = ann.run(&[&words[..], &["--dry-run"]].concat()).await;
    check(
        &dry,
        Exit::Done,
        &[
            "data source shop: would be made",
            "shop_to_lake: would be made",
        ],
    );
    assert_eq!(listed(&ann, "data-source").await, [""; 0]);
    let made = ann.run(&words).await;
    check(
        &made,
        Exit::Done,
        &["data source lake: made", "shop_to_lake: made"],
    );
    assert_eq!(listed(&ann, "data-source").await, ["lake", "shop"]);
    check(
        &ann.run(&words).await,
        Exit::Done,
        &["shop_to_lake: unchanged"],
    );
    let tested = ann.run(&["data-source", "test", "shop"]).await;
    check(&tested, Exit::Done, &["shop (sqlite): reachable"]);
    std::fs::remove_file(server.path("shop.db")).unwrap();
    let (exit, gone) = ann.json(&["data-source", "test", "shop"]).await;
    assert_eq!((exit, &gone["reachable"]), (Exit::Refused, &json!(false)));
    let unknown = ann.run(&["data-source", "test", "shp"]).await;
    assert!(
        unknown.err.contains("did you mean shop?"),
        "{}",
        unknown.err
    );
    let other = "version: 1\ndata-sources:\n  shop: { type: lake, path: /elsewhere }\n  lake: { type: lake, path: /x }\n\
                 migration:\n  name: other\n  source: { data-source: shop }\n  destination: { data-source: lake }\n  \
                 tables: { all: true }\n";
    let other = server.file("other.yaml", other);
    let other = ann
        .run(&["migration", "apply", &other, "--with-data-sources"])
        .await;
    check(
        &other,
        Exit::Done,
        &[
            "warning[OTHER_TYPE]",
            "the project's own is taken",
            "other: made",
        ],
    );
}

#[tokio::test]
async fn secrets_of_the_file_are_read_here_and_sealed_there() {
    let (server, ann) = Server::with_project("shop").await;
    server.file("password", "of the database\n");
    let text = "version: 1\ndata-sources:\n  \
                db: { type: postgresql, host: db.invalid, database: d, user: \"${file:password}\", \
                password: \"${file:password}\", development: { password: \"${file:password}\" } }\n  \
                lake: { type: lake, path: LAKE }\n\
                migration:\n  name: db_to_lake\n  source: { data-source: db, schemas: [public] }\n  \
                destination: { data-source: lake }\n  tables: { all: true }\n";
    let text = text.replace("LAKE", &format!("{:?}", server.path("lake")));
    let file = server.file("db.yaml", &text);
    let lost = text.replacen(
        "password: \"${file:password}\"",
        "password: \"${file:nowhere}\"",
        1,
    );
    let lost = server.file("lost.yaml", &lost);
    let lost = ann
        .run(&["migration", "apply", &lost, "--with-data-sources"])
        .await;
    assert_eq!(lost.exit, Exit::Refused);
    assert!(
        lost.err.contains("SECRET_MISSING"),
        "{} {}",
        lost.out,
        lost.err
    );
    server.project("trial", "dev-prod").await;
    let words = [
        "migration",
        "apply",
        &file,
        "--with-data-sources",
        "--project",
        "trial",
    ];
    check(&ann.run(&words).await, Exit::Done, &["db_to_lake: made"]);
    let (_, sources) = ann
        .json(&["data-source", "list", "--project", "trial"])
        .await;
    let db = sources
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "db")
        .unwrap();
    let hidden = json!({ "has-secret": true });
    assert_eq!(
        (&db["options"]["password"], &db["development"]["password"]),
        (&hidden, &hidden)
    );
    // What is no secret there is no place here either.
    assert_eq!(db["options"]["user"], "${file:password}");
}

#[tokio::test]
async fn a_file_is_applied_once_and_what_it_changes_is_told() {
    let (server, ann) = Server::with_project("shop").await;
    let file = shop_file(&server, "shop.yaml", "");
    let apply = async |more: &str, words: &[&str]| {
        shop_file(&server, "shop.yaml", more);
        let all = ["migration", "apply", file.as_str(), "--with-data-sources"];
        ann.json(&[&all[..], words].concat()).await
    };
    let (exit, made) = apply("", &[]).await;
    assert_eq!(exit, Exit::Done);
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "migration": "shop_to_lake", "id": id, "change": "made", "differences": [], "dry-run": false,
        "data-sources": ["lake", "shop"], "findings": made["findings"], "generated": null, "published": null,
    });
    assert_eq!(made, expected);
    let changed = "  verify: checksums\n";
    let difference = json!([{ "at": "verify", "old": null, "new": "checksums" }]);
    for dry in [true, false] {
        let words: &[&str] = if dry { &["--dry-run"] } else { &[] };
        let (_, told) = apply(changed, words).await;
        assert_eq!(
            (&told["change"], &told["differences"]),
            (&json!("changed"), &difference)
        );
        assert_eq!((&told["dry-run"], &told["id"]), (&json!(dry), &json!(id)));
    }
    assert_eq!(apply(changed, &[]).await.1["change"], "unchanged");
    let (exit, refused) = apply("  verfy: checksums\n", &[]).await;
    assert_eq!(
        (exit, &refused["change"]),
        (Exit::Refused, &json!("refused"))
    );
    assert_eq!(refused["findings"][0]["position"]["line"], 10);
    let (_, listed) = ann.json(&["migration", "list"]).await;
    assert_eq!(
        (&listed[0]["edition"], &listed[0]["document"]["verify"]),
        (&json!(2), &json!("checksums"))
    );
    let text = ann.run(&["migration", "export", "shop_to_lake"]).await;
    check(&text, Exit::Done, &["data-sources:", "verify: checksums"]);
    let again = ann
        .typing(&text.out)
        .run(&["migration", "apply", "-"])
        .await;
    check(&again, Exit::Done, &["shop_to_lake: unchanged"]);
    let named = ann
        .typing(&text.out)
        .run(&["migration", "apply", "-", "--name", "copy"])
        .await;
    check(&named, Exit::Done, &["copy: made"]);
    check(
        &ann.run(&["migration", "list"]).await,
        Exit::Done,
        &["copy", "shop_to_lake", "2 migrations"],
    );
    check(
        &ann.run(&["migration", "remove", "copy"]).await,
        Exit::Done,
        &["copy: removed"],
    );
    let gone = ann.run(&["migration", "export", "copy"]).await;
    assert!(gone.err.contains("NOT_THERE"), "{}", gone.err);
}

#[tokio::test]
async fn pipelines_are_generated_and_those_that_changed_alone_are_published() {
    let (server, ann) = Server::with_project("shop").await;
    let file = shop_file(&server, "shop.yaml", "");
    let words = [
        "migration",
        "apply",
        file.as_str(),
        "--with-data-sources",
        "--publish",
    ];
    let (exit, told) = ann.json(&words).await;
    assert_eq!(exit, Exit::Done, "{told}");
    let state = |row: &Json| row["state"].as_str().unwrap().to_owned();
    let states: Vec<String> = told["generated"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(state)
        .collect();
    assert_eq!(states, ["new", "new"]);
    let versions = |told: &Json| -> Vec<i64> {
        let tasks = told["published"]["tasks"].as_array().unwrap().iter();
        tasks
            .map(|task| task["version"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(versions(&told), [1, 1]);
    let ran = ann.run(&words).await;
    let unchanged = [
        "shop_to_lake: unchanged",
        "2 unchanged",
        "tasks: 0 published, 2 unchanged",
    ];
    check(&ran, Exit::Done, &unchanged);
    shop_file(
        &server,
        "shop.yaml",
        "  each: [{ table: main.items, filter: { one-time: \"id > 1\" } }]\n",
    );
    let (_, told) = ann.json(&words).await;
    assert_eq!(
        (versions(&told), &told["published"]["unchanged"]),
        (vec![2], &json!(1))
    );
    check(
        &ann.run(&["task", "list"]).await,
        Exit::Done,
        &["shop_to_lake.main.items", "2 tasks"],
    );
    let removed = ann.run(&["migration", "remove", "shop_to_lake"]).await;
    assert_eq!(removed.exit, Exit::Refused);
    assert!(removed.err.contains("error[IN_USE]"), "{}", removed.err);
    rusqlite::Connection::open(server.path("shop.db"))
        .unwrap()
        .execute_batch("CREATE TABLE odd (id INTEGER PRIMARY KEY, what)")
        .unwrap();
    let partly = ann.run(&["migration", "generate", "shop_to_lake"]).await;
    check(&partly, Exit::Partial, &["UNDECLARED_TYPE", "1 failed"]);
    std::fs::remove_file(server.path("shop.db")).unwrap();
    let gone = ann.run(&["migration", "generate", "shop_to_lake"]).await;
    assert_eq!(gone.exit, Exit::Refused, "{} {}", gone.out, gone.err);
}

#[tokio::test]
async fn where_development_is_there_tasks_go_through_it_to_production() {
    let (server, ann) = Server::with_project("shop").await;
    server.project("trial", "dev-prod").await;
    let ann = ann.with("GODWIT_PROJECT", "trial");
    let file = shop_file(&server, "shop.yaml", "");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace(".db\" }", ".db\", development: {} }")
        .replace("lake\" }", "lake\", development: {} }");
    server.file("shop.yaml", &text);
    let words = [
        "migration",
        "apply",
        file.as_str(),
        "--with-data-sources",
        "--generate",
    ];
    check(&ann.run(&words).await, Exit::Done, &["pipelines: 2 new"]);
    let words = [
        "migration",
        "publish",
        "shop_to_lake",
        "--remark",
        "the first",
    ];
    check(
        &ann.run(&words).await,
        Exit::Done,
        &["tasks: 2 published, 0 unchanged"],
    );
    check(
        &ann.run(&words).await,
        Exit::Done,
        &["tasks: 0 published, 2 unchanged"],
    );
    for environment in ["development", "production"] {
        let listed = ann
            .run(&["task", "list", "--environment", environment])
            .await;
        check(&listed, Exit::Done, &["2 tasks"]);
    }
}
