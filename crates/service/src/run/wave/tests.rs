//! Waves from a SQLite file into Parquet files.

use std::path::Path;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::migration_file::understand;
use crate::run::Unwatched;

const BIZDATE: &str = "20240229";

/// A folder with a database, an empty lake, and a store.
struct Setting {
    folder: tempfile::TempDir,
    store: Store,
    policy: &'static str,
    /// What the file says beside its ends.
    more: &'static str,
    environment: Environment,
    stops: Arc<Stops>,
    cancel: CancellationToken,
    left: Vec<(RunId, BTreeSet<TableName>)>,
}

fn table(name: &str) -> TableName {
    TableName::new("main", name)
}

fn tables(names: &[&str]) -> BTreeSet<TableName> {
    names.iter().map(|name| table(name)).collect()
}

/// Tables of so many rows each.
fn fill(file: &Path, names: &[&str], rows: u32) {
    let connection = rusqlite::Connection::open(file).unwrap();
    for name in names {
        let create = format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT)");
        connection.execute(&create, []).unwrap();
        for id in 0..rows {
            let insert = format!("INSERT INTO {name} VALUES (?1, 'row')");
            connection.execute(&insert, [id]).unwrap();
        }
    }
}

impl Setting {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fill(&folder.path().join("shop.db"), &["a", "b", "c"], 3);
        Self {
            store: Store::open(&folder.path().join("data")).await.unwrap(),
            folder,
            policy: "append",
            more: "  tables: { all: true }",
            environment: Environment::Production,
            stops: Arc::default(),
            cancel: CancellationToken::new(),
            left: Vec::new(),
        }
    }

    fn wave(&self, names: &[&str]) -> Wave {
        let text = format!(
            "version: 1
data-sources:
  shop: {{ type: sqlite, path: shop.db, development: {{ path: shop_dev.db }} }}
  lake: {{ type: files, path: lake }}
migration:
  name: shop
  source: {{ data-source: shop }}
  destination: {{ data-source: lake, loading-policy: {} }}
{}
",
            self.policy, self.more
        );
        let loaded = understand(&text, self.folder.path().to_owned());
        assert!(!loaded.is_blocked(), "{:?}", loaded.findings);
        Wave {
            store: self.store.clone(),
            loaded,
            name: "shop/production".to_owned(),
            tables: tables(names),
            bizdate: BIZDATE.to_owned(),
            part: Part::OneTime,
            left: self.left.clone(),
            environment: self.environment,
            trusted: Trusted::default(),
            cancel: self.cancel.clone(),
            stops: Arc::clone(&self.stops),
            clock: Clock::default(),
        }
    }

    async fn fly(&self, names: &[&str]) -> (Result<RunReport>, Vec<TableEnd>) {
        flown(self.wave(names)).await
    }

    /// Rows that stand at the destination, by what its manifest says.
    fn rows(&self, name: &str) -> u64 {
        let folder = self.folder.path().join("lake").join(name);
        let manifest = std::fs::read(folder.join("_godwit.json"));
        let Ok(bytes) = manifest else { return 0 };
        let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let files = manifest["files"].as_array().unwrap().clone();
        files
            .iter()
            .map(|file| file["rows"].as_u64().unwrap())
            .sum()
    }
}

async fn flown(wave: Wave) -> (Result<RunReport>, Vec<TableEnd>) {
    let (ends, told) = unbounded_channel();
    let flown = fly(wave, ends, &Unwatched).await;
    (flown, all(told))
}

/// In the order of the tables' names.
fn all(mut told: UnboundedReceiver<TableEnd>) -> Vec<TableEnd> {
    let mut ends = Vec::new();
    while let Ok(end) = told.try_recv() {
        ends.push(end);
    }
    ends.sort_by(|one, other| one.source.cmp(&other.source));
    ends
}

/// Table, state and code of each end.
fn outcomes(ends: &[TableEnd]) -> Vec<(&str, TableState, Option<&str>)> {
    let outcome = |end: &'_ TableEnd| assert_eq!(end.report.source, end.source.to_string());
    ends.iter().for_each(outcome);
    ends.iter()
        .map(|end| {
            let (table, code) = (&end.source.table, &end.report.code);
            (table.as_str(), end.report.state, code.as_deref())
        })
        .collect()
}

#[tokio::test]
async fn all_tables_land_and_the_run_is_kept() {
    let setting = Setting::new().await;
    let (report, ends) = setting.fly(&["a", "b", "c"]).await;
    let report = report.unwrap();
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    let done = TableState::Succeeded;
    let expected = [("a", done, None), ("b", done, None), ("c", done, None)];
    assert_eq!(outcomes(&ends), expected);
    assert!(ends.iter().all(|end| end.run == report.run));
    let kept = setting.store.run(&report.run).await.unwrap().unwrap();
    assert_eq!(kept.state, RunState::Succeeded);
    assert_eq!(kept.migration, "shop/production");
    assert_eq!((kept.bizdate.as_str(), kept.part), (BIZDATE, Part::OneTime));
    assert_eq!(kept.plan.unwrap().policy.run.reruns, 0);
    let loaded = setting.store.loaded("shop/production").await.unwrap();
    assert_eq!(loaded.len(), 3);
    assert_eq!(["a", "b", "c"].map(|name| setting.rows(name)), [3, 3, 3]);
}

#[tokio::test]
async fn a_table_lands_while_others_fly() {
    let setting = Setting::new().await;
    let (ends, mut told) = unbounded_channel();
    let flying = fly(setting.wave(&["a", "b"]), ends, &Unwatched);
    let watching = async {
        let first = told.recv().await.unwrap();
        let kept = setting.store.run(&first.run).await.unwrap().unwrap();
        (kept.state, told.recv().await.unwrap().source)
    };
    let (_, (state, _)) = tokio::join!(flying, watching);
    assert_eq!(state, RunState::Running);
}

#[tokio::test]
async fn what_the_plan_refuses_is_told_of_a_run_that_is_kept() {
    let setting = Setting::new().await;
    let (ends, mut told) = unbounded_channel();
    let flying = fly(setting.wave(&["a", "gone"]), ends, &Unwatched);
    let watching = async {
        let first = told.recv().await.unwrap();
        let kept = setting.store.run(&first.run).await.unwrap().unwrap();
        (first.source, kept.state, kept.plan.is_some())
    };
    let (_, first) = tokio::join!(flying, watching);
    assert_eq!(first, (table("gone"), RunState::Running, true));
}

#[tokio::test]
async fn what_the_plan_refuses_is_told_and_the_others_succeed() {
    let setting = Setting::new().await;
    let connection = rusqlite::Connection::open(setting.folder.path().join("shop.db")).unwrap();
    connection.execute("CREATE TABLE odd (x)", []).unwrap();
    let (report, ends) = setting.fly(&["a", "odd", "gone"]).await;
    let report = report.unwrap();
    assert_eq!(report.state, RunState::Partial, "{report:?}");
    let expected = [
        ("a", TableState::Succeeded, None),
        ("gone", TableState::Refused, Some("TABLE_NOT_FOUND")),
        ("odd", TableState::Refused, Some("UNDECLARED_TYPE")),
    ];
    assert_eq!(outcomes(&ends), expected);
    assert!(ends.iter().all(|end| end.run == report.run));
    let (report, ends) = setting.fly(&["odd", "gone"]).await;
    assert_eq!(report.unwrap().state, RunState::Refused);
    assert_eq!(outcomes(&ends), expected[1..]);
}

#[tokio::test]
async fn an_end_that_cannot_be_opened_refuses_every_table() {
    let setting = Setting::new().await;
    std::fs::remove_file(setting.folder.path().join("shop.db")).unwrap();
    let (report, ends) = setting.fly(&["a", "b"]).await;
    let report = report.unwrap();
    let code = report.findings[0].code.as_str();
    let refused = TableState::Refused;
    let expected = [("a", refused, Some(code)), ("b", refused, Some(code))];
    assert_eq!(outcomes(&ends), expected);
    let kept = setting.store.run(&report.run).await.unwrap().unwrap();
    assert_eq!(kept.state, RunState::Refused);
    assert_eq!(kept.report.unwrap().tables.len(), 2);
}

#[tokio::test]
async fn one_stopped_before_the_start_ends_alone() {
    let setting = Setting::new().await;
    setting.stops.stop(&table("b"), Stop::asked());
    let (report, ends) = setting.fly(&["a", "b", "c"]).await;
    assert_eq!(report.unwrap().state, RunState::Partial);
    let expected = [
        ("a", TableState::Succeeded, None),
        ("b", TableState::Cancelled, Some("CANCELLED")),
        ("c", TableState::Succeeded, None),
    ];
    assert_eq!(outcomes(&ends), expected);
    assert_eq!(setting.rows("b"), 0);
}

#[tokio::test]
async fn where_all_are_stopped_nothing_is_opened() {
    let setting = Setting::new().await;
    setting
        .stops
        .stop(&table("a"), Stop::timed_out("after 2 hours"));
    setting.stops.stop(&table("b"), Stop::asked());
    let (report, ends) = setting.fly(&["a", "b"]).await;
    let report = report.unwrap();
    assert_eq!(report.state, RunState::Failed);
    let expected = [
        ("a", TableState::Failed, Some("TIMED_OUT")),
        ("b", TableState::Cancelled, Some("CANCELLED")),
    ];
    assert_eq!(outcomes(&ends), expected);
    let kept = setting.store.run(&report.run).await.unwrap().unwrap();
    assert!(kept.plan.is_none());

    let setting = Setting::new().await;
    setting.cancel.cancel();
    let (report, ends) = setting.fly(&["a"]).await;
    assert_eq!(report.unwrap().state, RunState::Cancelled);
    let expected = [("a", TableState::Cancelled, Some("CANCELLED"))];
    assert_eq!(outcomes(&ends), expected);
}

#[tokio::test]
async fn what_an_earlier_run_published_is_not_loaded_twice() {
    let mut setting = Setting::new().await;
    setting.stops.stop(&table("c"), Stop::asked());
    let (first, _) = setting.fly(&["a", "b", "c"]).await;
    let first = first.unwrap().run;
    setting.stops = Arc::default();
    setting.left = vec![(first.clone(), tables(&["a", "c"]))];
    let (second, ends) = setting.fly(&["a", "c"]).await;
    let second = second.unwrap();
    assert_eq!(
        (second.state, second.tables.len()),
        (RunState::Succeeded, 1)
    );
    let told: Vec<_> = ends
        .iter()
        .map(|end| (&end.run, end.report.resumed))
        .collect();
    assert_eq!(told, [(&first, true), (&second.run, false)]);
    assert_eq!(["a", "b", "c"].map(|name| setting.rows(name)), [3, 3, 3]);

    setting.left.push((second.run.clone(), tables(&["c"])));
    let (third, ends) = setting.fly(&["a", "c"]).await;
    let third = third.unwrap();
    assert_eq!((third.state, third.tables.len()), (RunState::Succeeded, 0));
    assert!(setting.store.run(&third.run).await.unwrap().is_none());
    let runs: Vec<_> = ends.iter().map(|end| end.run.clone()).collect();
    assert_eq!(runs, [first, second.run]);
    assert_eq!(setting.rows("a"), 3);
}

#[tokio::test]
async fn a_run_whose_process_died_is_closed_by_its_journal() {
    let setting = Setting::new().await;
    setting.stops.stop(&table("b"), Stop::asked());
    let (report, _) = setting.fly(&["a", "b"]).await;
    let run = report.unwrap().run;
    setting.store.reopen_run(&run).await.unwrap();
    close(&setting.store, &run, Clock::default()).await.unwrap();
    let kept = setting.store.run(&run).await.unwrap().unwrap();
    assert_eq!(kept.state, RunState::Partial);
    let codes: Vec<_> = kept.report.unwrap().tables;
    let codes: Vec<_> = codes.iter().map(|table| table.code.as_deref()).collect();
    assert_eq!(codes, [None, Some("INTERRUPTED")]);
}

#[tokio::test]
async fn development_reads_what_the_data_source_says_of_it() {
    let mut setting = Setting::new().await;
    fill(&setting.folder.path().join("shop_dev.db"), &["a"], 5);
    setting.environment = Environment::Development;
    let (report, _) = setting.fly(&["a"]).await;
    let report = report.unwrap();
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!(setting.rows("a"), 5);
    let kept = setting.store.run(&report.run).await.unwrap().unwrap();
    assert_eq!(kept.plan.unwrap().environment, Environment::Development);
}

#[tokio::test]
async fn whose_lease_is_lost_publishes_nothing_more() {
    let setting = Setting::new().await;
    let store = &setting.store;
    let lease = store.take_lease("server", "one").await.unwrap().unwrap();
    let mut wave = setting.wave(&["a", "b"]);
    wave.store = store.fenced(lease.fence());
    store.take_over(&lease, "other").await.unwrap().unwrap();
    let (_, ends) = flown(wave).await;
    let failed = TableState::Failed;
    let code = Some("LEASE_LOST");
    assert_eq!(outcomes(&ends), [("a", failed, code), ("b", failed, code)]);
    assert_eq!(["a", "b"].map(|name| setting.rows(name)), [0, 0]);
}

#[tokio::test]
async fn what_the_file_says_of_tables_outside_of_the_wave_does_not_stop_it() {
    let mut setting = Setting::new().await;
    setting.policy = "overwrite";
    let (report, _) = setting.fly(&["a", "c"]).await;
    assert_eq!(report.unwrap().state, RunState::Succeeded);
    setting.more = "  tables: { all: true }
  each: [{ table: main.b, columns: { name: { skip: true } } }]
  existing-tables: recreate
  recreate: [a, c]";
    let (report, ends) = setting.fly(&["a"]).await;
    let report = report.unwrap();
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!(outcomes(&ends), [("a", TableState::Succeeded, None)]);
}
