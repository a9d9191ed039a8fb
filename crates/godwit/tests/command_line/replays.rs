//! Rejected rows: told, written into a file, read again once their cause is mended.

use godwit::cli::Exit;
use serde_json::Value as Json;

use crate::world::{Done, FILE, World};

/// Two of five orders hold a text in a column of numbers; notes have no key.
fn shop() -> World {
    let world = World::new();
    world.sql(
        "INSERT INTO orders VALUES (4, 'nobody', 1), (5, 'none', 2);
         CREATE TABLE notes (day DATE, note TEXT);
         INSERT INTO notes VALUES ('2024-01-01', 'a'), ('never', 'b');",
    );
    let limited = FILE.replace("  run: {", "  rejected-rows: { limit: 2 }\n  run: {");
    world.write(&limited);
    world
}

async fn first_run(world: &World) -> String {
    let first = world.run(&["--bizdate", "20240505"]).await;
    assert_eq!(first.exit, Exit::Done, "{} {}", first.out, first.err);
    first.json()["run"].as_str().unwrap().to_owned()
}

async fn rejected(world: &World, run: &str, more: &[&str]) -> Done {
    let mut words = vec!["runs", "rejected", run, "--data", "DATA"];
    words.extend(more);
    world.godwit(&words).await
}

fn of_table<'a>(tables: &'a Json, source: &str) -> &'a Json {
    let tables = tables.as_array().unwrap();
    let found = tables.iter().find(|table| table["source"] == source);
    found.unwrap_or_else(|| panic!("nothing of {source}: {tables:?}"))
}

#[tokio::test]
async fn all_rejected_rows_are_told_and_written_into_a_file() {
    let world = shop();
    let run = first_run(&world).await;
    let file = world.path("rejected.parquet");
    let found = rejected(&world, &run, &["--json", "--out", file.to_str().unwrap()]).await;
    assert_eq!(found.exit, Exit::Done, "{} {}", found.out, found.err);
    let found = found.json();
    let orders = of_table(&found["tables"], "main.orders");
    assert_eq!(
        (&orders["rejected"], &orders["kept"]),
        (&2.into(), &2.into())
    );
    let rows = found["rows"].as_array().unwrap();
    let nobody = rows
        .iter()
        .find(|row| row["key"] == serde_json::json!(["4"]))
        .unwrap();
    assert_eq!(
        (&nobody["code"], &nobody["length"]),
        (&"STORAGE_CLASS".into(), &6.into())
    );
    assert!(std::fs::metadata(&file).unwrap().len() > 0);
    let again = rejected(&world, &run, &["--out", file.to_str().unwrap()]).await;
    assert_eq!(again.exit, Exit::Refused, "a file that is there stays");
    let few = rejected(&world, &run, &["--limit", "1"]).await;
    assert!(few.out.contains("1 of 3 rows are shown"), "{}", few.out);
    assert!(few.out.contains("godwit run FILE --replay"), "{}", few.out);
}

#[tokio::test]
async fn mended_rows_are_read_again_once() {
    let world = shop();
    let run = first_run(&world).await;
    world.sql("UPDATE orders SET customer = 1 WHERE id > 3");
    let replay = world.run(&["--replay", &run]).await;
    assert_eq!(replay.exit, Exit::Partial, "{} {}", replay.out, replay.err);
    let report = replay.json();
    let orders = of_table(&report["tables"], "main.orders");
    assert_eq!(
        (&orders["rows_read"], &orders["rows_written"]),
        (&2.into(), &2.into())
    );
    let notes = of_table(&report["tables"], "main.notes");
    assert_eq!(notes["code"], "REPLAY_NO_KEY");

    let told = rejected(&world, &run, &["--json"]).await.json();
    let orders = of_table(&told["tables"], "main.orders");
    assert_eq!(orders["replayed_by"], report["run"]);
    assert!(of_table(&told["tables"], "main.notes")["replayed_by"].is_null());
    let second = world.run(&["--replay", &run[..13]]).await;
    assert_eq!(second.exit, Exit::Refused, "{}", second.out);
    let tables = second.json()["tables"].clone();
    assert_eq!(
        tables.as_array().unwrap().len(),
        1,
        "orders are not read again: {tables}"
    );
}

#[tokio::test]
async fn rows_whose_cause_is_not_mended_stay_to_be_read_again() {
    let world = shop();
    world.sql("DROP TABLE notes; UPDATE orders SET customer = 1 WHERE id = 5");
    let strict = FILE.replace("  run: {", "  rejected-rows: { limit: 0 }\n  run: {");
    let run = first_run(&world).await;
    world.write(&strict);
    let failed = world.run(&["--replay", &run]).await;
    assert_eq!(failed.exit, Exit::Refused, "{}", failed.out);
    assert_eq!(failed.json()["tables"][0]["code"], "TOO_MANY_REJECTED");
    world.sql("UPDATE orders SET customer = 1 WHERE id = 4");
    let done = world.run(&["--replay", &run]).await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    assert_eq!(done.json()["tables"][0]["rows_written"], 1);
    let told = rejected(&world, &run, &[]).await.out;
    assert!(!told.contains("rejected again"), "{told}");
    let nothing = world.run(&["--replay", &run]).await;
    assert_eq!(nothing.exit, Exit::Refused);
    let findings = nothing.json()["findings"].clone();
    let findings = findings.as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|found| found["code"] == "NOTHING_TO_REPLAY"),
        "{findings:?}"
    );
}

#[tokio::test]
async fn what_may_stand_already_is_not_read_again() {
    let world = shop();
    world.sql("DROP TABLE notes");
    let run = first_run(&world).await;
    world.sql("UPDATE orders SET customer = 1 WHERE id > 3");
    first_run(&world).await;
    let stale = world.run(&["--replay", &run]).await;
    assert_eq!(stale.exit, Exit::Refused);
    let report = stale.json();
    assert_eq!(
        of_table(&report["tables"], "main.orders")["code"],
        "REPLAY_STALE"
    );

    world.write(&FILE.replace("namespace: shop", "namespace: other"));
    let changed = world.run(&["--replay", &run]).await;
    assert_eq!(changed.json()["findings"][0]["code"], "FILE_CHANGED");
}

impl World {
    /// What a kill would have left, written into the store.
    fn in_store(&self, statements: &str) {
        let store = rusqlite::Connection::open(self.path("data").join("godwit.db")).unwrap();
        store.execute_batch(statements).unwrap();
    }

    /// How many orders stand at the destination.
    fn orders(&self) -> u64 {
        let manifest = std::fs::read(self.path("lake/orders/_godwit.json")).unwrap();
        let manifest: Json = serde_json::from_slice(&manifest).unwrap();
        let files = manifest["files"].as_array().unwrap().iter();
        files.filter_map(|file| file["rows"].as_u64()).sum()
    }
}

#[tokio::test]
async fn what_a_killed_run_published_is_not_read_again_either() {
    let world = shop();
    world.sql("DROP TABLE notes");
    let run = first_run(&world).await;
    world.sql("UPDATE orders SET customer = 1 WHERE id > 3");
    let killed = first_run(&world).await;
    // Settled by the next run, which was refused itself: nobody noted what was loaded.
    world.in_store(&format!(
        "UPDATE runs SET state = 'failed', settled = 1, report = NULL WHERE id = '{killed}';
         UPDATE loaded_tables SET run = '{run}'"
    ));
    let stale = world.run(&["--replay", &run]).await.json();
    assert_eq!(
        of_table(&stale["tables"], "main.orders")["code"],
        "REPLAY_STALE"
    );
}

#[tokio::test]
async fn a_replay_that_died_behind_its_last_commit_is_taken_up() {
    let world = shop();
    world.sql("DROP TABLE notes; UPDATE orders SET customer = 1 WHERE id = 5");
    let run = first_run(&world).await;
    world.sql("UPDATE orders SET customer = 1 WHERE id = 4");
    let replay = world.run(&["--replay", &run]).await;
    assert_eq!(replay.exit, Exit::Done, "{} {}", replay.out, replay.err);
    let id = replay.json()["run"].as_str().unwrap().to_owned();
    world.in_store(&format!(
        "UPDATE runs SET state = 'running', report = NULL WHERE id = '{id}'"
    ));
    let resumed = world.run(&["--resume"]).await;
    assert_eq!(resumed.exit, Exit::Done, "{} {}", resumed.out, resumed.err);
    assert_eq!(resumed.json()["run"], id.as_str());
    assert_eq!(world.orders(), 5, "each once");
}

#[tokio::test]
async fn rows_that_are_rejected_again_are_to_be_had_by_the_replay() {
    let world = shop();
    world.sql("DROP TABLE notes");
    let run = first_run(&world).await;
    let replay = world.run(&["--replay", &run]).await;
    assert_eq!(replay.exit, Exit::Done, "{} {}", replay.out, replay.err);
    let second = replay.json()["run"].as_str().unwrap().to_owned();
    let told = rejected(&world, &run, &[]).await.out;
    let next = format!("2 of them were rejected again: godwit run FILE --replay {second}");
    assert!(told.contains(&next), "{told}");
    world.sql("UPDATE orders SET customer = 1 WHERE id > 3");
    let done = world.run(&["--replay", &second]).await;
    assert_eq!(done.json()["tables"][0]["rows_written"], 2, "{}", done.out);
}

#[tokio::test]
async fn rows_that_are_gone_are_told() {
    let world = shop();
    world.sql("DROP TABLE notes");
    let run = first_run(&world).await;
    world.sql("UPDATE orders SET customer = 1 WHERE id = 4; DELETE FROM orders WHERE id = 5");
    let replay = world.run(&["--replay", &run]).await;
    assert_eq!(replay.exit, Exit::Done, "{} {}", replay.out, replay.err);
    let findings = replay.json()["findings"].clone();
    let fewer = findings.as_array().unwrap().iter();
    let fewer: Vec<_> = fewer
        .filter(|found| found["code"] == "REPLAY_FEWER")
        .collect();
    assert!(
        fewer[0]["message"].as_str().unwrap().starts_with("1 of 2 "),
        "{fewer:?}"
    );
}

#[tokio::test]
async fn keys_that_are_read_as_something_else_name_no_row() {
    let world = shop();
    world.sql(
        "DROP TABLE notes; DROP TABLE orders;
         CREATE TABLE codes (id TEXT PRIMARY KEY, n INTEGER);
         INSERT INTO codes VALUES ('a', 'none'), ('61', 2);",
    );
    let more = "  rejected-rows: { limit: 2 }
  each: [{ table: codes, columns: { id: { as: binary } } }]
  run: {";
    world.write(&FILE.replace("  run: {", more));
    let run = first_run(&world).await;
    world.sql("UPDATE codes SET n = 1 WHERE id = 'a'");
    let replay = world.run(&["--replay", &run]).await;
    let report = replay.json();
    let codes = of_table(&report["tables"], "main.codes");
    assert_eq!(codes["code"], "REPLAY_NO_KEY", "{report}");
}

#[tokio::test]
async fn a_table_that_is_gone_is_not_made_of_rejected_rows() {
    let world = shop();
    world.sql("DROP TABLE notes");
    let run = first_run(&world).await;
    world.sql("UPDATE orders SET customer = 1 WHERE id > 3");
    std::fs::remove_dir_all(world.path("lake/orders")).unwrap();
    let replay = world.run(&["--replay", &run]).await.json();
    assert_eq!(
        of_table(&replay["tables"], "main.orders")["code"],
        "REPLAY_STALE"
    );
    assert!(!world.path("lake/orders").exists());
}
