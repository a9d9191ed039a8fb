//! Bad input gets an answer before any row moves: the place, the reason, the way out.

use godwit::cli::Exit;

use crate::world::{FILE, World};

/// `godwit check` of the text.
async fn checked(text: &str) -> String {
    let world = World::new();
    world.write(text);
    let done = world.godwit(&["check", "FILE"]).await;
    assert_eq!(done.exit, Exit::Refused, "{}", done.out);
    done.out
}

/// `godwit plan` of the file with `old` replaced by `new`.
async fn planned(old: &str, new: &str) -> String {
    let world = World::new();
    assert!(FILE.contains(old));
    world.write(&FILE.replace(old, new));
    let done = world
        .godwit(&["plan", "FILE", "--bizdate", "20240505"])
        .await;
    assert_eq!(done.exit, Exit::Refused, "{}", done.out);
    assert!(!world.path("lake").exists(), "planning changes nothing");
    without_notes(&done.out)
}

/// What the connectors remark beside is theirs to word, and digests are the planner's to make.
fn without_notes(text: &str) -> String {
    let mut in_note = false;
    let kept = text.lines().filter(|line| {
        in_note = line.starts_with("note[") || (in_note && line.starts_with("  hint:"));
        !in_note
    });
    let without_digest = |line: &str| match line.split_once(", digest ") {
        Some((before, _)) => format!("{before}\n"),
        None => format!("{line}\n"),
    };
    kept.map(without_digest).collect()
}

/// The list of known connectors grows; what is near stays.
fn without_known_types(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.split_once("did you mean sqlite?") {
            Some((before, _)) => format!("{before}did you mean sqlite?\n"),
            None => format!("{line}\n"),
        });
    lines.collect()
}

#[tokio::test]
async fn everything_wrong_in_a_file_is_told_at_once() {
    let text = checked(
        "\
version: 2
data-sources:
  shop: { type: sqlit, path: shop.db }
  lake: { type: files, pth: ./lake }
migraton: {}
migration:
  name: \"a/b\"
  source: { data-source: shp, time-zon: UTC }
  destination: { data-source: lake, compression: snapy }
  tables: { al: true }
  verify: sums
  run: { parallelism: many }
  each:
    - { table: main.orders, filtre: none }
",
    )
    .await;
    insta::assert_snapshot!(without_known_types(&text));
}

#[tokio::test]
async fn what_is_no_yaml_is_told_by_line_and_column() {
    let text = checked("version: 1\ndata-sources: {}\nmigration: [\n").await;
    assert!(text.starts_with("error[BAD_YAML] (line "), "{text}");
    let text = checked(&format!("{FILE}version: 1\n")).await;
    assert!(
        text.contains("error[DUPLICATE_KEY] (line 11, column 1): key \"version\" is there twice"),
        "{text}"
    );
}

#[tokio::test]
async fn an_unknown_parameter_and_a_bad_filter_are_refused() {
    let filter =
        |text: &str| format!("tables: {{ all: true }}\n  filter: {{ one-time: \"{text}\" }}");
    insta::assert_snapshot!(planned("tables: { all: true }", &filter("id < ${bizdat}")).await);
    insta::assert_snapshot!(planned("tables: { all: true }", &filter("id < < 3")).await);
}

#[tokio::test]
async fn an_empty_selection_is_refused() {
    let none = "tables: { matching: { include: [\"nothing.*\"] } }";
    insta::assert_snapshot!(planned("tables: { all: true }", none).await);
}

#[tokio::test]
async fn an_illegal_namespace_is_refused() {
    insta::assert_snapshot!(planned("namespace: shop", "namespace: \"a b\"").await);
}

#[tokio::test]
async fn an_unreachable_source_is_a_blocker_at_its_place() {
    insta::assert_snapshot!(planned("path: shop.db", "path: nowhere/shop.db").await);
}

#[tokio::test]
async fn illegal_and_colliding_names_refuse_their_table_alone() {
    let world = World::new();
    world.sql("CREATE TABLE \"Orders x\" (id INTEGER PRIMARY KEY)");
    world.write(FILE);
    let done = world
        .godwit(&["plan", "FILE", "--bizdate", "20240505"])
        .await;
    assert_eq!(done.exit, Exit::Partial);
    insta::assert_snapshot!(without_notes(&done.out));
}

#[tokio::test]
async fn wrong_usage_is_told_with_exit_code_2() {
    let world = World::new();
    assert_eq!(world.godwit(&["rnu"]).await.exit, Exit::Usage);
    let missing = world.godwit(&["check", "FILE", "--json"]).await;
    assert_eq!(missing.exit, Exit::Usage);
    assert_eq!(missing.json()["error"]["code"], "FILE_UNREADABLE");
    world.write(FILE);
    let day = world.run(&["--bizdate", "20240230"]).await;
    assert_eq!(day.exit, Exit::Usage);
    assert_eq!(day.json()["error"]["code"], "BAD_BIZDATE");
    let both = world.run(&["--resume", "--anew"]).await;
    assert_eq!(both.exit, Exit::Usage);
    assert_eq!(both.json()["error"]["code"], "USAGE");
    let part = world.run(&["--part", "daily"]).await;
    assert_eq!(part.exit, Exit::Usage);
}

#[tokio::test]
async fn a_secret_in_clear_is_refused_and_never_repeated() {
    for (written, shown) in [("hunter2", "hunter2"), ("48151623", "48151623")] {
        let file = FILE.replace(
            "{ type: sqlite, path: shop.db }",
            &format!("{{ type: postgresql, host: h, database: d, user: u, password: {written} }}"),
        );
        let world = World::new();
        world.write(&file);
        for words in [
            &["check", "FILE"][..],
            &["check", "FILE", "--json"],
            &["plan", "FILE"],
        ] {
            let done = world.godwit(words).await;
            assert_eq!(done.exit, Exit::Refused);
            assert!(!done.out.contains(shown), "{}", done.out);
            assert!(!done.err.contains(shown), "{}", done.err);
        }
    }
}

#[tokio::test]
async fn a_canary_password_appears_nowhere() {
    if !service::sources::types()
        .iter()
        .any(|kind| kind.id == "postgresql")
    {
        eprintln!("skipped: no connector that takes a password");
        return;
    }
    let canary = "canary-7Qx-password";
    let world = World::new();
    std::fs::write(world.path("password"), canary).unwrap();
    let place = format!("${{file:{}}}", world.path("password").display());
    world.write(&FILE.replace(
        "{ type: sqlite, path: shop.db }",
        &format!(
            "{{ type: postgresql, host: 127.0.0.1, port: 1, database: d, user: u, password: \"{place}\" }}"
        ),
    ));
    let mut told = String::new();
    for words in [
        &["check", "FILE", "--json"][..],
        &["plan", "FILE"],
        &["plan", "FILE", "--json"],
        &["run", "FILE", "--data", "DATA", "--json"],
        &["run", "FILE", "--data", "DATA"],
        &["source", "test", "FILE", "shop", "--json"],
        &["source", "tables", "FILE", "shop"],
        &["runs", "list", "--data", "DATA", "--json"],
    ] {
        let done = world.godwit(words).await;
        told.push_str(&done.out);
        told.push_str(&done.err);
    }
    assert!(told.contains("data-sources.shop"), "{told}");
    assert!(!told.contains("UNKNOWN_CONNECTOR"), "{told}");
    assert!(!told.contains(canary), "{told}");
    for entry in std::fs::read_dir(world.path("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(canary.len())
                .any(|part| part == canary.as_bytes());
            assert!(!found, "{path:?}");
        }
    }
}
