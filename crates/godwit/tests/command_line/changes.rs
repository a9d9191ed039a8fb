//! What changed between two runs: the source (drift), the tables at the destination, the file.

use godwit::cli::Exit;
use serde_json::Value as Json;

use crate::world::{Done, FILE, World};

fn with(key: &str) -> String {
    format!("{FILE}  {key}\n")
}

fn lake_file(more: &str) -> String {
    let file = FILE.replace("type: files", "type: lake");
    format!("{file}  {more}\n")
}

async fn plan(world: &World) -> Done {
    let words = [
        "plan",
        "FILE",
        "--bizdate",
        "20240505",
        "--data",
        "DATA",
        "--json",
    ];
    world.godwit(&words).await
}

fn codes(findings: &Json) -> Vec<&str> {
    let findings = findings.as_array().unwrap().iter();
    findings
        .filter_map(|found| found["code"].as_str())
        .collect()
}

fn finding<'a>(findings: &'a Json, code: &str) -> &'a Json {
    let mut findings = findings.as_array().unwrap().iter();
    let found = findings.find(|found| found["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}"))
}

#[tokio::test]
async fn a_plan_sees_drift_as_a_run_does() {
    let world = World::new();
    world.write(FILE);
    let before = plan(&world).await;
    assert_eq!(before.exit, Exit::Done, "{}", before.out);
    assert!(!world.path("data").exists(), "planning makes no store");
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    assert_eq!(plan(&world).await.exit, Exit::Done);
    world.sql("ALTER TABLE orders ADD COLUMN note TEXT");
    let planned = plan(&world).await;
    assert_eq!(planned.exit, Exit::Partial, "{}", planned.out);
    let planned = planned.json();
    let drift = finding(&planned["findings"], "DRIFT");
    assert_eq!(drift["severity"], "blocker");
    assert_eq!(
        drift["message"],
        "main.orders differs from the last successful run: column note is new: TEXT"
    );
    assert_eq!(
        planned["findings"][0]["code"], "DRIFT",
        "the weightiest first"
    );
    let run = world.run(&[]).await;
    assert_eq!(run.exit, Exit::Partial, "{}", run.out);
    let tables = run.json()["tables"].clone();
    let mut orders = tables.as_array().unwrap().iter();
    let orders = orders.find(|table| table["source"] == "main.orders");
    assert_eq!(orders.unwrap()["message"], drift["message"]);
}

#[tokio::test]
async fn new_columns_are_added_run_after_run() {
    for file in [with("drift: add-columns"), lake_file("drift: add-columns")] {
        let world = World::new();
        world.write(&file);
        assert_eq!(world.run(&[]).await.exit, Exit::Done);
        for name in ["one", "two"] {
            world.sql(&format!(
                "ALTER TABLE orders ADD COLUMN {name} INTEGER; UPDATE orders SET {name} = id"
            ));
            let planned = plan(&world).await;
            assert_eq!(planned.exit, Exit::Done, "{}", planned.out);
            let planned = planned.json();
            assert!(codes(&planned["findings"]).contains(&"COLUMNS_ADDED"));
            let pipelines = planned["plan"]["pipelines"].as_array().unwrap();
            let orders = pipelines
                .iter()
                .find(|p| p["scan"]["table"]["table"] == "orders");
            let ddl = orders.unwrap()["write"]["ddl"][0].as_str().unwrap();
            assert!(
                ddl.ends_with(&format!("ADD COLUMN `{name}` BIGINT"))
                    || ddl.ends_with(&format!("ADD COLUMN `{name}` long")),
                "{ddl}"
            );
            let run = world.run(&[]).await;
            assert_eq!(run.exit, Exit::Done, "{} {}", run.out, run.err);
            assert_eq!(
                codes(&plan(&world).await.json()["findings"])
                    .iter()
                    .filter(|code| **code == "DRIFT")
                    .count(),
                0
            );
        }
        world.sql("ALTER TABLE orders DROP COLUMN two");
        let planned = plan(&world).await;
        assert_eq!(planned.exit, Exit::Partial, "{}", planned.out);
        let planned = planned.json();
        let drift = finding(&planned["findings"], "DRIFT");
        let message = drift["message"].as_str().unwrap();
        assert!(
            message.ends_with("column two is gone: INTEGER"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_store_of_an_earlier_version_still_tells_that_something_differs() {
    let world = World::new();
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    let store = || rusqlite::Connection::open(world.path("data/godwit.db")).unwrap();
    let hash = "0".repeat(64);
    store()
        .execute("UPDATE loaded_tables SET fingerprint = ?1", [&hash])
        .unwrap();
    let planned = plan(&world).await;
    assert_eq!(planned.exit, Exit::Refused, "{}", planned.out);
    let planned = planned.json();
    let drift = finding(&planned["findings"], "DRIFT");
    let message = drift["message"].as_str().unwrap();
    assert!(message.contains("kept no list of them"), "{message}");
    world.write(&with("drift: ignore"));
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    world.write(FILE);
    assert_eq!(plan(&world).await.exit, Exit::Done);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_told_and_the_plan_is_made() {
    let world = World::new();
    world.write(FILE);
    std::fs::create_dir(world.path("data")).unwrap();
    let nonsense = "no database, and long enough to have been one ".repeat(100);
    std::fs::write(world.path("data/godwit.db"), nonsense).unwrap();
    let planned = plan(&world).await;
    assert_eq!(planned.exit, Exit::Done, "{}", planned.out);
    let planned = planned.json();
    let told = finding(&planned["findings"], "STORE_BROKEN");
    assert_eq!(told["severity"], "warning");
}

#[tokio::test]
async fn r4_03_tables_are_made_anew_with_their_confirmation_alone() {
    for file in [with, lake_file] {
        let world = World::new();
        world.write(&file(""));
        assert_eq!(world.run(&[]).await.exit, Exit::Done);
        world.sql("DROP TABLE orders; CREATE TABLE orders (id TEXT, amount INTEGER)");
        world.sql("INSERT INTO orders VALUES ('x', 1)");
        let anew = "drift: ignore\n  existing-tables: recreate";
        world.write(&file(anew));
        let refused = world.run(&[]).await;
        assert_eq!(refused.exit, Exit::Refused, "{}", refused.out);
        let refused = refused.json();
        let told = finding(&refused["findings"], "RECREATE_UNCONFIRMED");
        let line = "write recreate: [shop.customers, shop.orders], or existing-tables: keep";
        assert_eq!(told["hint"], line);
        let confirmed = format!("{anew}\n  recreate: [shop.customers, shop.orders]");
        world.write(&file(&confirmed));
        let planned = plan(&world).await;
        assert_eq!(planned.exit, Exit::Done, "{}", planned.out);
        let planned = planned.json();
        let whole = finding(&planned["findings"], "RECREATE");
        let message = whole["message"].as_str().unwrap();
        assert!(message.contains("shop.customers, shop.orders"), "{message}");
        let run = world.run(&[]).await;
        assert_eq!(run.exit, Exit::Done, "{} {}", run.out, run.err);
        assert_eq!(run.json()["rows"], 3);
        // Nothing is dropped for nothing.
        world.sql("DELETE FROM orders");
        let run = world.run(&[]).await;
        assert_eq!(run.exit, Exit::Partial, "{} {}", run.out, run.err);
        let tables = run.json()["tables"].clone();
        let tables = tables.as_array().unwrap();
        let orders = tables.iter().find(|table| table["source"] == "main.orders");
        assert_eq!(orders.unwrap()["code"], "EMPTY_OVERWRITE");
    }
}

#[tokio::test]
async fn a_lake_is_not_loaded_from_itself_whatever_its_data_sources_are_called() {
    let world = World::new();
    world.write(&lake_file(""));
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    std::os::unix::fs::symlink(world.path("lake"), world.path("link")).unwrap();
    for path in ["./lake", "lake/../lake", "link"] {
        let file = lake_file("")
            .replace(
                "{ type: sqlite, path: shop.db }",
                &format!("{{ type: lake, path: {path} }}"),
            )
            .replace(
                "source: { data-source: shop }",
                "source: { data-source: shop, schemas: [shop] }",
            );
        world.write(&file);
        let planned = plan(&world).await;
        assert_eq!(planned.exit, Exit::Refused, "{path}: {}", planned.out);
        let planned = planned.json();
        assert_eq!(
            finding(&planned["findings"], "ONTO_ITSELF")["severity"],
            "blocker"
        );
    }
}

#[tokio::test]
async fn a_path_where_nothing_can_be_made_is_a_blocker_at_its_key() {
    let world = World::new();
    std::fs::write(world.path("plain"), "").unwrap();
    for kind in ["lake", "files"] {
        for path in ["/proc/lake", "plain", "plain/lake"] {
            let end = format!("{{ type: {kind}, path: {path} }}");
            world.write(&FILE.replace("{ type: files, path: ./lake }", &end));
            let planned = plan(&world).await;
            assert_eq!(
                planned.exit,
                Exit::Refused,
                "{kind} {path}: {}",
                planned.out
            );
            let planned = planned.json();
            let found = finding(&planned["findings"], "NOT_A_FOLDER");
            assert_eq!(found["at"], "data-sources.lake.path", "{kind} {path}");
            assert_eq!(found["position"]["line"], 4);
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_told_at_its_key() {
    for (kind, port) in [("postgresql", 1), ("mysql", 1)] {
        let world = World::new();
        let end = format!(
            "{{ type: {kind}, host: 127.0.0.1, port: {port}, database: d, user: u, password: \"${{env:GODWIT_NOT_SET}}\" }}"
        );
        world.write(&FILE.replace("{ type: sqlite, path: shop.db }", &end));
        let planned = plan(&world).await;
        assert_eq!(planned.exit, Exit::Refused);
        let planned = planned.json();
        let found = finding(&planned["findings"], "SECRET_MISSING");
        assert_eq!(found["at"], "data-sources.shop.password", "{kind}");
    }
}

#[tokio::test]
async fn an_old_load_is_settled_where_it_was_made() {
    for kind in ["files", "lake"] {
        let world = World::new();
        let file = FILE.replace("type: files", &format!("type: {kind}"));
        world.write(&file);
        assert_eq!(world.run(&[]).await.exit, Exit::Done);
        // As if the process had died between publishing and noting it.
        let store = rusqlite::Connection::open(world.path("data/godwit.db")).unwrap();
        store
            .execute_batch(
                "DELETE FROM journal WHERE kind IN ('committed', 'ended');
                 UPDATE runs SET state = 'running', report = NULL",
            )
            .unwrap();
        drop(store);
        world.write(&file.replace("./lake", "./other"));
        let done = world.run(&[]).await;
        assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
        let stand = "did not finish; these of its tables stand: shop.customers, shop.orders";
        assert!(done.err.contains(stand), "{kind}: {}", done.err);
        let runs = ["runs", "list", "--data", "DATA", "--json"];
        let runs = world.godwit(&runs).await.json();
        assert_eq!(runs[1]["report"]["state"], "succeeded", "{kind}: {runs}");
        assert!(world.path("other").is_dir());
    }
}

#[tokio::test]
async fn an_old_place_that_does_not_answer_stops_the_new_run() {
    let world = World::new();
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    let store = rusqlite::Connection::open(world.path("data/godwit.db")).unwrap();
    store
        .execute_batch(
            "DELETE FROM journal WHERE kind IN ('committed', 'ended');
             UPDATE runs SET state = 'running', report = NULL",
        )
        .unwrap();
    drop(store);
    std::fs::rename(world.path("lake"), world.path("away")).unwrap();
    std::fs::write(world.path("lake"), "a file").unwrap();
    world.write(&FILE.replace("./lake", "./other"));
    let refused = world.run(&[]).await;
    assert_eq!(refused.exit, Exit::Refused, "{}", refused.out);
    let refused = refused.json();
    let hint = finding(&refused["findings"], "NOT_A_FOLDER")["hint"].clone();
    let hint = hint.as_str().unwrap();
    assert!(
        hint.contains("./lake") && hint.contains("another data folder"),
        "{hint}"
    );
    assert!(!world.path("other").exists());
}

#[tokio::test]
async fn a_report_that_cannot_be_kept_is_printed() {
    let world = World::new();
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    let store = rusqlite::Connection::open(world.path("data/godwit.db")).unwrap();
    store
        .execute_batch(
            "CREATE TRIGGER full BEFORE UPDATE OF report ON runs WHEN NEW.report IS NOT NULL
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
        )
        .unwrap();
    drop(store);
    let done = world.run(&[]).await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    let report = done.json();
    assert_eq!(
        (&report["state"], &report["rows"]),
        (&"succeeded".into(), &5.into())
    );
    let told = finding(&report["findings"], "STORE");
    let message = told["message"].as_str().unwrap();
    assert!(message.starts_with("this report is not kept"), "{message}");
    assert!(message.contains("disk is full"), "{message}");
}

/// Runs the binary as a user without rights, where this one has them all.
fn as_nobody(world: &World, words: &[&str]) -> std::process::Output {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(world.folder.path(), 0o755);
    mode(&world.path("data"), 0o555);
    mode(&world.path("data/godwit.db"), 0o444);
    // The program may stand where that user may not look.
    let program = world.path("godwit");
    let built = env!("CARGO_BIN_EXE_godwit");
    if std::fs::hard_link(built, &program).is_err() {
        std::fs::copy(built, &program).unwrap();
    }
    let mut command = std::process::Command::new(program);
    command.args(words).arg("--data").arg(world.path("data"));
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    mode(&world.path("data"), 0o755);
    output
}

#[tokio::test]
async fn runs_are_listed_from_a_folder_that_may_only_be_read() {
    let world = World::new();
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    let output = as_nobody(&world, &["runs", "list", "--json"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let runs: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(runs[0]["state"], "succeeded");
}

#[tokio::test]
async fn the_plan_says_that_a_wish_for_cutting_is_not_followed() {
    let world = World::new();
    world.write(&with("each: [{ table: orders, split-by: customer }]"));
    let planned = plan(&world).await;
    assert_eq!(planned.exit, Exit::Done, "{}", planned.out);
    let planned = planned.json();
    let ignored = finding(&planned["findings"], "SPLIT_BY_IGNORED");
    assert_eq!(ignored["at"], "main.orders");
}
