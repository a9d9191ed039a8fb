//! Runs: what arrives, what is told, what is kept, and how an unfinished one is taken up.

use godwit::cli::Exit;

use crate::world::{FILE, World};

#[tokio::test]
async fn a_run_moves_all_tables_and_is_kept() {
    let world = World::new();
    world.write(FILE);
    let done = world.run(&["--bizdate", "20240505"]).await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    let report = done.json();
    assert_eq!(report["state"], "succeeded");
    assert_eq!(report["rows"], 5);
    assert_eq!(report["moments"], 1);
    for table in report["tables"].as_array().unwrap() {
        assert_eq!(table["state"], "succeeded");
        assert_eq!(table["verified"], "counts");
    }
    assert!(world.path("lake/shop/orders").is_dir() || world.path("lake").is_dir());
    let runs = world
        .godwit(&["runs", "list", "--data", "DATA", "--json"])
        .await;
    assert_eq!(runs.json()[0]["id"], report["run"]);
    let id = report["run"].as_str().unwrap();
    let shown = world
        .godwit(&["runs", "show", &id[..20], "--data", "DATA", "--json"])
        .await;
    assert_eq!(shown.json()["report"], report);
    assert!(done.err.contains("done"), "{}", done.err);
}

#[tokio::test]
async fn a_run_for_people_closes_with_a_table() {
    let world = World::new();
    world.write(FILE);
    let done = world.godwit(&["run", "FILE", "--data", "DATA"]).await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    assert!(done.out.contains("main.orders"), "{}", done.out);
    assert!(
        done.out.contains("succeeded: 2 of 2 tables, 5 rows"),
        "{}",
        done.out
    );
}

#[tokio::test]
async fn checksums_are_proven_kept_and_shown() {
    let world = World::new();
    world.write(&FILE.replace("migration:\n", "migration:\n  verify: checksums\n"));
    let done = world.run(&[]).await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    let report = done.json();
    for table in report["tables"].as_array().unwrap() {
        assert_eq!(table["verified"], "checksums");
        assert_eq!(table["checksums"]["rows"], table["rows_written"]);
        for column in table["checksums"]["columns"].as_array().unwrap() {
            assert_eq!(column["sum"].as_str().map(str::len), Some(32), "{column}");
            assert!(column["source"]["non_null"].is_number(), "{column}");
        }
    }
    let id = report["run"].as_str().unwrap();
    let shown = world.godwit(&["runs", "show", id, "--data", "DATA"]).await;
    let sum = report["tables"][0]["checksums"]["row_sum"]
        .as_str()
        .unwrap();
    assert!(shown.out.contains(sum), "{}", shown.out);
}

#[tokio::test]
async fn a_table_that_shrinks_by_half_warns_and_is_refused_where_a_person_says_so() {
    let world = World::new();
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Done);
    world.sql("DELETE FROM orders WHERE id > 1");
    world.write(&FILE.replace("migration:\n", "migration:\n  shrunken-load: refuse\n"));
    let refused = world.run(&[]).await;
    assert_eq!(
        refused.exit,
        Exit::Partial,
        "{} {}",
        refused.out,
        refused.err
    );
    let report = refused.json();
    let codes = |key: &str| -> Vec<serde_json::Value> {
        let entries = report[key].as_array().unwrap().iter();
        entries.map(|entry| entry["code"].clone()).collect()
    };
    assert!(codes("tables").contains(&"SHRUNK".into()), "{report}");
    world.write(FILE);
    let warned = world.run(&[]).await;
    assert_eq!(warned.exit, Exit::Done, "{} {}", warned.out, warned.err);
    let report = warned.json();
    let finding = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "SHRUNK");
    assert_eq!(finding.expect("a warning")["at"], "main.orders");
}

#[tokio::test]
async fn an_unreachable_end_refuses_the_run_and_the_refusal_is_kept() {
    let world = World::new();
    world.write(&FILE.replace("path: shop.db", "path: nowhere/shop.db"));
    let done = world.run(&[]).await;
    assert_eq!(done.exit, Exit::Refused);
    let report = done.json();
    assert_eq!(report["state"], "refused");
    let finding = &report["findings"][0];
    assert_eq!(finding["at"], "data-sources.shop");
    assert_eq!(finding["position"]["line"], 3);
    let runs = world
        .godwit(&["runs", "list", "--data", "DATA", "--json"])
        .await;
    assert_eq!(runs.json()[0]["state"], "refused");
}

/// One table that cannot be loaded as long as it holds a text in a column of numbers.
fn with_a_bad_row(world: &World) {
    world.sql("INSERT INTO orders VALUES (4, 'nobody', 1)");
}

#[tokio::test]
async fn a_failed_table_fails_alone_and_is_taken_up() {
    let world = World::new();
    with_a_bad_row(&world);
    world.write(FILE);
    let first = world.run(&["--bizdate", "20240505"]).await;
    assert_eq!(first.exit, Exit::Partial, "{} {}", first.out, first.err);
    let run = first.json()["run"].clone();
    let rejected = [
        "runs",
        "rejected",
        run.as_str().unwrap(),
        "--data",
        "DATA",
        "--json",
    ];
    let rejected = world.godwit(&rejected).await;
    assert_eq!(rejected.exit, Exit::Done);

    world.sql("DELETE FROM orders WHERE id = 4");
    let second = world.run(&["--resume"]).await;
    assert_eq!(second.exit, Exit::Done, "{} {}", second.out, second.err);
    let report = second.json();
    assert_eq!(report["run"], run);
    assert_eq!(report["bizdate"], "20240505");
    let resumed = |name: &str| {
        let tables = report["tables"].as_array().unwrap();
        let table = tables.iter().find(|table| table["source"] == name).unwrap();
        (table["state"].clone(), table["resumed"].clone())
    };
    assert_eq!(resumed("main.customers"), ("succeeded".into(), true.into()));
    assert_eq!(resumed("main.orders"), ("succeeded".into(), false.into()));

    let third = world.run(&["--resume"]).await;
    assert_eq!(third.exit, Exit::Refused);
    assert_eq!(third.json()["findings"][0]["code"], "NOTHING_TO_RESUME");
}

#[tokio::test]
async fn a_changed_file_is_not_taken_up() {
    let world = World::new();
    with_a_bad_row(&world);
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Partial);
    world.write(&FILE.replace("all: true", "listed: [orders]"));
    let done = world.run(&["--resume"]).await;
    assert_eq!(done.exit, Exit::Refused);
    let report = done.json();
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "FILE_CHANGED");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("migration.tables.all was true"),
        "{message}"
    );
}

#[tokio::test]
async fn a_table_that_changed_meanwhile_fails_by_name() {
    let world = World::new();
    with_a_bad_row(&world);
    world.write(FILE);
    assert_eq!(world.run(&[]).await.exit, Exit::Partial);
    world.sql("ALTER TABLE orders ADD COLUMN note TEXT");
    let done = world.run(&["--resume"]).await;
    assert_eq!(done.exit, Exit::Partial, "{}", done.out);
    let report = done.json();
    let tables = report["tables"].as_array().unwrap();
    let orders = tables.iter().find(|table| table["source"] == "main.orders");
    assert_eq!(orders.unwrap()["code"], "PLAN_CHANGED");
}

#[tokio::test]
async fn appending_over_an_unfinished_run_needs_a_word() {
    let world = World::new();
    with_a_bad_row(&world);
    world.write(&FILE.replace("namespace: shop", "namespace: shop, loading-policy: append"));
    assert_eq!(world.run(&[]).await.exit, Exit::Partial);
    let refused = world.run(&[]).await;
    assert_eq!(refused.exit, Exit::Refused);
    assert_eq!(refused.json()["findings"][0]["code"], "UNFINISHED_RUN");
    world.sql("DELETE FROM orders WHERE id = 4");
    let anew = world.run(&["--anew"]).await;
    assert_eq!(anew.exit, Exit::Done, "{}", anew.out);
    let stands = "did not finish; these of its tables stand: shop.customers";
    assert!(anew.err.contains(stands), "{}", anew.err);
}

#[tokio::test]
async fn the_next_plan_tells_what_differs() {
    let world = World::new();
    world.write(FILE);
    let plan = world.path("plan.json").display().to_string();
    let words = ["plan", "FILE", "--bizdate", "20240505", "--out", &plan];
    let first = world.godwit(&words).await;
    assert_eq!(first.exit, Exit::Done, "{} {}", first.out, first.err);
    assert!(
        first.out.contains("ready: 2 tables would be moved"),
        "{}",
        first.out
    );
    world.sql("CREATE TABLE added (id INTEGER PRIMARY KEY)");
    let second = world.godwit(&words).await;
    assert!(
        second.out.contains("main.added: added, to shop.added"),
        "{}",
        second.out
    );
}

#[tokio::test]
async fn a_data_source_can_be_looked_at() {
    let world = World::new();
    world.sql("CREATE VIEW names AS SELECT name FROM customers");
    world.write(FILE);
    let test = world
        .godwit(&["source", "test", "FILE", "shop", "--json"])
        .await;
    assert_eq!(test.exit, Exit::Done, "{}", test.out);
    assert_eq!(test.json()["reachable"], true);
    let tables = world.godwit(&["source", "tables", "FILE", "shop"]).await;
    assert_eq!(tables.exit, Exit::Done, "{}", tables.err);
    assert!(tables.out.contains("main.names"), "{}", tables.out);
    assert!(tables.out.contains("when listed"), "{}", tables.out);
    let unknown = world
        .godwit(&["source", "tables", "FILE", "shp", "--json"])
        .await;
    assert_eq!(unknown.json()["error"]["code"], "UNKNOWN_DATA_SOURCE");
    let types = world.godwit(&["source", "types", "--json"]).await;
    assert!(
        types
            .json()
            .as_array()
            .is_some_and(|types| !types.is_empty())
    );
}

#[tokio::test]
async fn a_run_that_is_cancelled_leaves_by_130() {
    let world = World::new();
    world.write(FILE);
    let cancel = tokio_util::sync::CancellationToken::new();
    cancel.cancel();
    let file = world.path("shop.yaml").display().to_string();
    let data = world.path("data").display().to_string();
    let words = ["godwit", "run", &file, "--data", &data, "--json"];
    let words = words.into_iter().map(Into::into).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = godwit::terminal::Terminal::plain(&mut out, &mut err);
    let exit = Box::pin(godwit::cli::run(words, &mut terminal, cancel)).await;
    drop(terminal);
    assert_eq!(exit, Exit::Cancelled);
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(report["state"], "cancelled");
    assert!(!world.path("lake").exists());
}

#[tokio::test]
async fn the_demo_reads_back_what_it_moved_twice_in_a_row() {
    let world = World::new();
    let dir = world.path("demo").display().to_string();
    let words = ["demo", "--dir", &dir, "--scale", "0.001", "--json"];
    for _ in 0..2 {
        let done = world.godwit(&words).await;
        assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
        let told = done.json();
        assert_eq!(told["agrees"], true);
        let moved = told["report"]["tables"].as_array().unwrap().len();
        assert_eq!(told["read_back"].as_array().unwrap().len(), moved);
    }
    let done = world.godwit(&["demo", "--dir", &dir, "--scale", "0"]).await;
    assert_eq!(done.exit, Exit::Usage);
}
