//! `verify: checksums` over saboteurs: each mistake is caught before the commit by name, and each would
//! have been published without.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use contract::{CancellationToken, Destination, Opening, Source};
use engine::{Flight, Patience, Progress, ShelfFolder};
use model::migration::{LoadingPolicy, RejectedRows, Verify};
use model::run::{RunReport, TableReport, TableState};
use model::{LogicalType, RunId, TableName, TimeZone};
use serde_json::{Value as Json, json};
use testkit::batch_source::BatchSource;
use testkit::memory_journal::MemoryJournal;
use testkit::plans::{pipeline_of, plan};
use testkit::saboteur::{SABOTEURS, Sabotaged, Saboteur, columns, rows};

/// Where the rows go.
#[derive(Clone)]
struct Place {
    connector: &'static str,
    connection: Json,
    /// Which of [`columns`] it can hold as they are.
    held: fn(&LogicalType) -> bool,
    /// Runs a statement; nothing where the place is a folder.
    client: fn(&str),
}

impl Place {
    fn columns(&self) -> Vec<(&'static str, LogicalType)> {
        let mut columns = columns();
        columns.retain(|(_, logical)| (self.held)(logical));
        columns
    }

    /// Whether its primary key keeps a row from coming twice, checksums or not.
    fn has_keys(&self) -> bool {
        matches!(self.connector, "postgresql" | "mysql")
    }

    fn saboteurs(&self) -> Vec<Saboteur> {
        let lists = self.columns().iter().any(|(name, _)| *name == "tags");
        let mut saboteurs = SABOTEURS.to_vec();
        saboteurs.retain(|saboteur| match saboteur {
            Saboteur::InnerNull => lists,
            // The server turns the sign back: nothing wrong is stored.
            Saboteur::ZeroTurned => self.connector != "mysql",
            _ => true,
        });
        saboteurs
    }
}

/// Folders, and the servers that are there.
fn places() -> Vec<Place> {
    let folder = |connector| Place {
        connector,
        connection: json!({"path": "there"}),
        held: |_| true,
        client: |_| {},
    };
    let mut places = vec![folder("lake"), folder("files")];
    places.extend(server("POSTGRES", "postgres").map(|connection| Place {
        connector: "postgresql",
        connection,
        held: |logical| !matches!(logical, LogicalType::Struct(_) | LogicalType::Map(_)),
        client: psql,
    }));
    places.extend(server("MYSQL", "mysql").map(|connection| Place {
        connector: "mysql",
        connection,
        held: |logical| {
            !matches!(
                logical,
                LogicalType::Struct(_) | LogicalType::Map(_) | LogicalType::List(_)
            )
        },
        client: mariadb,
    }));
    places
}

fn variable(server: &str, word: &str) -> Option<String> {
    let name = format!("GODWIT_TEST_{server}_{word}");
    let value = std::env::var(&name).ok();
    let required = std::env::var_os("GODWIT_REQUIRE_SERVERS").is_some();
    assert!(value.is_some() || !required, "{name} is not set");
    value
}

fn server(server: &str, database: &str) -> Option<Json> {
    Some(json!({
        "host": variable(server, "HOST")?, "port": variable(server, "PORT")?.parse::<u16>().expect("a port"),
        "database": database, "user": variable(server, "USER")?,
        "password": format!("${{env:GODWIT_TEST_{server}_PASSWORD}}"),
    }))
}

fn psql(sql: &str) {
    let value = |word: &str| variable("POSTGRES", word).expect("set");
    let client = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", &value("HOST")])
        .args(["-p", &value("PORT"), "-U", &value("USER"), "-d", "postgres"])
        .args([
            "-c",
            &format!("SET client_min_messages = warning; {sql} CASCADE"),
        ])
        .env("PGPASSWORD", value("PASSWORD"))
        .status();
    assert!(client.expect("psql runs").success(), "{sql}");
}

fn mariadb(sql: &str) {
    let value = |word: &str| variable("MYSQL", word).expect("set");
    let client = Command::new("mariadb")
        .args(["--no-defaults", "--protocol=tcp", "--execute", sql])
        .arg(format!("--host={}", value("HOST")))
        .arg(format!("--port={}", value("PORT")))
        .arg(format!("--user={}", value("USER")))
        .env("MYSQL_PWD", value("PASSWORD"))
        .status();
    assert!(client.expect("mariadb runs").success(), "{sql}");
}

struct Setting {
    place: Place,
    namespace: String,
    folder: tempfile::TempDir,
    source: BatchSource,
    verify: Verify,
    staged: Option<Saboteur>,
}

impl Drop for Setting {
    fn drop(&mut self) {
        (self.place.client)(&format!("DROP SCHEMA IF EXISTS {}", self.namespace));
    }
}

impl Setting {
    fn new(place: &Place) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let columns = place.columns();
        let all = testkit::saboteur::columns();
        let kept: Vec<usize> = (0..all.len())
            .filter(|at| (place.held)(&all[*at].1))
            .collect();
        let splits = (0..3).map(|split| {
            let rows = rows(split * 100..(split + 1) * 100);
            rows.project(&kept).expect("columns of the rows")
        });
        Self {
            place: place.clone(),
            namespace: format!("godwit_test_checksums_{}_{number}", std::process::id()),
            folder: tempfile::tempdir().expect("a folder"),
            source: BatchSource::new(&source_name(), &columns, splits.collect()),
            verify: Verify::Checksums,
            staged: None,
        }
    }

    fn target(&self) -> TableName {
        TableName::new(&self.namespace, "t")
    }

    async fn open(&self) -> Arc<dyn Destination> {
        let opening = Opening::new(self.folder.path(), TimeZone::utc(), &self.namespace);
        let connector = connectors::connector(self.place.connector).expect("registered");
        let write = json!({});
        let opened = connector.destination(&self.place.connection, &write, &opening);
        opened.await.expect("opens")
    }

    async fn run(&self) -> TableReport {
        let connector = connectors::connector(self.place.connector).expect("registered");
        let (to, columns) = (self.target(), self.place.columns());
        let policy = LoadingPolicy::Overwrite;
        let pipeline = pipeline_of(&source_name(), &to, policy, connector, &columns);
        let mut plan = plan(vec![pipeline]);
        plan.policy.verify = self.verify;
        plan.policy.rejected_rows = RejectedRows::default();
        let destination = self.open().await;
        let destination: Arc<dyn Destination> = match self.staged {
            Some(saboteur) => Sabotaged::new(destination, saboteur),
            None => destination,
        };
        let flight = Flight {
            run: RunId::new(if self.verify == Verify::Counts {
                "counts"
            } else {
                "checksums"
            }),
            progress: Arc::new(Progress::new(&plan)),
            plan,
            source: Arc::new(self.source.clone()) as Arc<dyn Source>,
            destination,
            journal: MemoryJournal::new(),
            rejected: Arc::new(ShelfFolder(self.folder.path().join("rejected"))),
            cancel: CancellationToken::new(),
            stops: Arc::default(),
            landed: None,
            patience: Patience::default(),
        };
        let RunReport { mut tables, .. } = engine::run(flight).await;
        tables.remove(0)
    }

    /// Whether readers see the table.
    async fn is_published(&self) -> bool {
        let described = self.open().await.describe(&[self.target()]).await;
        described.expect("describes")[0].is_some()
    }
}

fn source_name() -> TableName {
    TableName::new("main", "t")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_agree_on_every_column_and_the_source_on_its_figures() {
    for place in places() {
        let report = Setting::new(&place).run().await;
        assert_eq!(report.state, TableState::Succeeded, "{report:?}");
        assert_eq!(report.verified, Verify::Checksums);
        let proof = report.checksums.expect("a proof");
        let columns = place.columns().len();
        assert_eq!((proof.rows, proof.compared()), (300, columns));
        assert_eq!(proof.agreed(), columns);
        let price = &proof.columns[4];
        let range = price
            .source
            .as_ref()
            .and_then(|source| source.range.as_ref());
        let price_sum: i64 = (0..300)
            .filter(|id| id % 5 != 4)
            .map(|id| id * 1_234 + 1)
            .sum();
        assert_eq!(
            range.map(|range| range.sum.clone()),
            Some(price_sum.to_string())
        );
        assert_eq!(
            proof.columns[1].source_unproven.as_deref(),
            Some("no figures")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_between_engine_and_staging_is_caught_before_the_commit() {
    for place in places() {
        let destination = place.connector;
        let saboteurs = place.saboteurs();
        for saboteur in saboteurs.clone() {
            let mut setting = Setting::new(&place);
            setting.staged = Some(saboteur);
            let report = setting.run().await;
            let case = format!("{saboteur:?} at {destination}: {report:?}");
            assert!(!setting.is_published().await, "{case}");
            let code = report.code.as_deref();
            if place.connector == "mysql" && code != Some("CHECKSUM_DIFFERS") {
                // It keeps the account of each part beside the rows, and each row's key.
                let seen = ["COUNTS_DIFFER", "UNIQUE_VIOLATED"].map(Some);
                assert!(saboteur.changes_rows() && seen.contains(&code), "{case}");
                continue;
            }
            assert_eq!(code, Some("CHECKSUM_DIFFERS"), "{case}");
            let message = report.message.unwrap_or_default();
            for column in saboteur.seen_in() {
                assert!(message.contains(&format!("{column:?}")), "{case}");
            }
            if saboteur.changes_rows() && place.has_keys() {
                continue;
            }
            setting.verify = Verify::Counts;
            let report = setting.run().await;
            assert_eq!(
                report.state,
                TableState::Succeeded,
                "not caught by counts: {case}"
            );
            assert!(setting.is_published().await, "{case}");
        }
        println!(
            "{destination}: {} of {} caught",
            saboteurs.len(),
            saboteurs.len()
        );
    }
}

/// The source's own figures see what its reader gets wrong, as far as figures can.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_gets_values_wrong_is_caught_by_the_sources_figures() {
    let seen = [
        Saboteur::SplitDropped,
        Saboteur::PartDoubled,
        Saboteur::RowForAnother,
        Saboteur::NullBecomesEmpty,
        Saboteur::OneMicrosecond,
        Saboteur::DecimalRescaled,
    ];
    for saboteur in seen {
        let mut setting = Setting::new(&places()[1]);
        setting.source = setting.source.clone().misread(saboteur);
        let report = setting.run().await;
        let case = format!("{saboteur:?}: {report:?}");
        assert_eq!(report.code.as_deref(), Some("FIGURES_DIFFER"), "{case}");
        assert!(!setting.is_published().await, "{case}");
    }
}

#[tokio::test]
async fn a_table_without_rows_is_proven_too() {
    for place in places() {
        let mut setting = Setting::new(&place);
        let columns = place.columns();
        setting.source = BatchSource::new(&source_name(), &columns, Vec::new());
        let report = setting.run().await;
        assert_eq!(report.state, TableState::Succeeded, "{report:?}");
        let proof = report.checksums.expect("a proof");
        assert_eq!((proof.rows, proof.compared()), (0, columns.len()));
    }
}
