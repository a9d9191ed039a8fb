//! `verify: checksums` over saboteurs: each mistake is caught before the commit by name, and each would
//! have been published without.

use std::sync::Arc;

use contract::{CancellationToken, Destination, Opening, Source};
use engine::{Flight, Patience, Progress};
use model::migration::{LoadingPolicy, RejectedRows, Verify};
use model::run::{RunReport, TableReport, TableState};
use model::{RunId, TableName, TimeZone};
use testkit::batch_source::BatchSource;
use testkit::memory_journal::MemoryJournal;
use testkit::plans::{pipeline_of, plan};
use testkit::saboteur::{SABOTEURS, Sabotaged, Saboteur, columns, rows};

const DESTINATIONS: [&str; 2] = ["lake", "files"];

struct Setting {
    destination: &'static str,
    folder: tempfile::TempDir,
    source: BatchSource,
    verify: Verify,
    staged: Option<Saboteur>,
}

impl Setting {
    fn new(destination: &'static str) -> Self {
        let splits = (0..3).map(|split| rows(split * 100..(split + 1) * 100));
        Self {
            destination,
            folder: tempfile::tempdir().expect("a folder"),
            source: BatchSource::new(&source_name(), &columns(), splits.collect()),
            verify: Verify::Checksums,
            staged: None,
        }
    }

    async fn open(&self) -> Arc<dyn Destination> {
        let opening = Opening {
            base: self.folder.path().to_owned(),
            time_zone: TimeZone::utc(),
            namespace: "checksums".to_owned(),
        };
        let connector = connectors::connector(self.destination).expect("registered");
        let (connection, write) = (serde_json::json!({"path": "there"}), serde_json::json!({}));
        let opened = connector.destination(&connection, &write, &opening).await;
        opened.expect("opens")
    }

    async fn run(&self) -> TableReport {
        let connector = connectors::connector(self.destination).expect("registered");
        let to = TableName::new("checksums", "t");
        let policy = LoadingPolicy::Overwrite;
        let pipeline = pipeline_of(&source_name(), &to, policy, connector, &columns());
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
            rejected: self.folder.path().join("rejected"),
            cancel: CancellationToken::new(),
            patience: Patience::default(),
        };
        let RunReport { mut tables, .. } = engine::run(flight).await;
        tables.remove(0)
    }

    /// Whether readers see the table.
    async fn is_published(&self) -> bool {
        let table = TableName::new("checksums", "t");
        let described = self.open().await.describe(&[table]).await;
        described.expect("describes")[0].is_some()
    }
}

fn source_name() -> TableName {
    TableName::new("main", "t")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_agree_on_every_column_and_the_source_on_its_figures() {
    for destination in DESTINATIONS {
        let report = Setting::new(destination).run().await;
        assert_eq!(report.state, TableState::Succeeded, "{report:?}");
        assert_eq!(report.verified, Verify::Checksums);
        let proof = report.checksums.expect("a proof");
        assert_eq!((proof.rows, proof.compared()), (300, columns().len()));
        assert_eq!(proof.agreed(), columns().len());
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
    for destination in DESTINATIONS {
        for saboteur in SABOTEURS {
            let mut setting = Setting::new(destination);
            setting.staged = Some(saboteur);
            let report = setting.run().await;
            let case = format!("{saboteur:?} at {destination}: {report:?}");
            assert_eq!(report.code.as_deref(), Some("CHECKSUM_DIFFERS"), "{case}");
            let message = report.message.unwrap_or_default();
            for column in saboteur.seen_in() {
                assert!(message.contains(&format!("{column:?}")), "{case}");
            }
            assert!(!setting.is_published().await, "{case}");

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
            SABOTEURS.len(),
            SABOTEURS.len()
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
        let mut setting = Setting::new("files");
        setting.source = setting.source.misread(saboteur);
        let report = setting.run().await;
        let case = format!("{saboteur:?}: {report:?}");
        assert_eq!(report.code.as_deref(), Some("FIGURES_DIFFER"), "{case}");
        assert!(!setting.is_published().await, "{case}");
    }
}

#[tokio::test]
async fn a_table_without_rows_is_proven_too() {
    for destination in DESTINATIONS {
        let mut setting = Setting::new(destination);
        setting.source = BatchSource::new(&source_name(), &columns(), Vec::new());
        let report = setting.run().await;
        assert_eq!(report.state, TableState::Succeeded, "{report:?}");
        let proof = report.checksums.expect("a proof");
        assert_eq!((proof.rows, proof.compared()), (0, columns().len()));
    }
}
