//! The engine over sources that break: retries, lost moments, cancel, limits, changed plans.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::{CancellationToken, Source};
use engine::{Entry, Flight, Journal, Patience, Progress, ShelfFolder};
use model::migration::{EmptyOverwrite, LoadingPolicy, OnLostSnapshot, ShrunkenLoad};
use model::plan::Plan;
use model::run::{RunReport, RunState, TableState};
use model::{RunId, TableName};
use testkit::memory_destination::MemoryDestination;
use testkit::memory_journal::MemoryJournal;
use testkit::memory_source::{MemorySource, Tables};
use testkit::plans::{pipeline, plan};

struct Setting {
    source: Arc<MemorySource>,
    destination: MemoryDestination,
    journal: Arc<MemoryJournal>,
    rejected: tempfile::TempDir,
    cancel: CancellationToken,
    plan: Plan,
}

fn rows(count: i64) -> Vec<(i64, String)> {
    (0..count).map(|id| (id, format!("row {id}"))).collect()
}

fn setting(tables: &[(&str, i64)]) -> Setting {
    let files = connectors::connector("files").expect("registered");
    let name = |table: &str| TableName::new("main", table);
    let data: Tables = tables
        .iter()
        .map(|(table, count)| (name(table), rows(*count)))
        .collect();
    let pipelines = tables.iter().map(|(table, _)| {
        let to = TableName::new("memory", *table);
        let mut pipeline = pipeline(&name(table), &to, LoadingPolicy::Overwrite, files);
        pipeline.id = model::PipelineId::new(*table);
        pipeline
    });
    Setting {
        plan: plan(pipelines.collect()),
        source: Arc::new(MemorySource::new(data)),
        destination: MemoryDestination::default(),
        journal: MemoryJournal::new(),
        rejected: tempfile::tempdir().expect("a folder"),
        cancel: CancellationToken::new(),
    }
}

impl Setting {
    async fn run(&self) -> RunReport {
        self.run_watched(&Arc::new(Progress::new(&self.plan))).await
    }

    async fn run_watched(&self, progress: &Arc<Progress>) -> RunReport {
        engine::run(Flight {
            run: RunId::new("run"),
            plan: self.plan.clone(),
            source: Arc::clone(&self.source) as Arc<dyn Source>,
            destination: Arc::new(self.destination.clone()),
            journal: Arc::clone(&self.journal) as _,
            rejected: Arc::new(ShelfFolder(self.rejected.path().to_owned())),
            progress: Arc::clone(progress),
            cancel: self.cancel.clone(),
            patience: Patience {
                pause: Duration::from_millis(1),
            },
        })
        .await
    }

    fn published(&self, table: &str) -> Option<usize> {
        let world = self.destination.world();
        world
            .published
            .get(&TableName::new("memory", table))
            .map(Vec::len)
    }
}

#[tokio::test]
async fn a_broken_reader_is_tried_again_and_nothing_doubles() {
    let setting = setting(&[("a", 100)]);
    setting.source.switches().breaks.store(3, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!((report.rows, setting.published("a")), (100, Some(100)));
    assert_eq!(report.tables[0].rows_read, 100);
}

#[tokio::test]
async fn who_watches_learns_of_a_pause_before_a_rerun_and_cancel_ends_it() {
    let mut setting = setting(&[("a", 100)]);
    setting.plan.policy.run.reruns = 1;
    let switches = setting.source.switches();
    switches.breaks.store(1000, Ordering::SeqCst);
    let progress = Arc::new(Progress::new(&setting.plan));
    let running = setting.run_watched(&progress);
    let watching = async {
        while progress.rerun().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        setting.cancel.cancel();
        progress.rerun()
    };
    let (report, rerun) = tokio::join!(running, watching);
    let rerun = rerun.expect("looked at before anything else runs");
    assert_eq!((rerun.number, rerun.tables), (1, 1));
    assert_eq!(rerun.message, "a reader broke");
    assert_eq!(progress.rerun(), None);
    assert_eq!(report.state, RunState::Cancelled);
    assert_eq!(report.tables[0].code.as_deref(), Some("BROKEN"));
}

#[tokio::test]
async fn a_reader_that_stays_broken_fails_its_table_alone() {
    let setting = setting(&[("a", 100)]);
    setting
        .source
        .switches()
        .breaks
        .store(1000, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Failed);
    assert_eq!(report.tables[0].code.as_deref(), Some("BROKEN"));
    assert_eq!(setting.published("a"), None);
    assert!(setting.destination.world().staged.is_empty());
}

#[tokio::test]
async fn unfinished_tables_are_read_at_another_moment_and_the_report_says_so() {
    let setting = setting(&[("a", 10), ("b", 10), ("c", 10)]);
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!(report.moments, 2);
}

#[tokio::test]
async fn what_could_not_be_swept_at_once_is_swept_at_the_end() {
    let setting = setting(&[("a", 10)]);
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    setting.destination.world().failing_aborts = 1;
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert!(setting.destination.world().staged.is_empty());
    let journal: &dyn Journal = setting.journal.as_ref();
    let run = RunId::new("run");
    assert!(!engine::has_open_loads(&run, journal).await.unwrap());
}

#[tokio::test]
async fn what_remains_unswept_is_told_and_swept_by_the_next_run() {
    let setting = setting(&[("a", 10)]);
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    setting.destination.world().failing_aborts = 2;
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!(setting.destination.world().staged.len(), 1);
    assert!(
        report
            .findings
            .iter()
            .any(|found| found.code == "LEFTOVERS")
    );
    let journal: &dyn Journal = setting.journal.as_ref();
    let run = RunId::new("run");
    assert!(engine::has_open_loads(&run, journal).await.unwrap());
    let settled = engine::settle_unfinished(&run, journal, &setting.destination).await;
    assert!(settled.unwrap().iter().all(|settled| settled.published));
    assert!(setting.destination.world().staged.is_empty());
    assert_eq!(setting.published("a"), Some(10));
    assert!(!engine::has_open_loads(&run, journal).await.unwrap());
}

#[tokio::test]
async fn what_a_published_load_left_is_told_and_removed_by_the_next_run() {
    for failing in [1, 2] {
        let setting = setting(&[("a", 10)]);
        setting.destination.world().failing_cleans = failing;
        let report = setting.run().await;
        assert_eq!(report.state, RunState::Succeeded, "{report:?}");
        let left = failing > 1;
        let told = |found: &model::Finding| found.code == "LEFTOVERS";
        assert_eq!(report.findings.iter().any(told), left, "tried twice");
        assert_eq!(setting.destination.world().cleaned, usize::from(!left));
        let journal: &dyn Journal = setting.journal.as_ref();
        let run = RunId::new("run");
        assert_eq!(engine::has_open_loads(&run, journal).await.unwrap(), left);
        let settled = engine::settle_unfinished(&run, journal, &setting.destination).await;
        assert_eq!(settled.unwrap(), [], "nothing is unknown");
        assert_eq!(setting.destination.world().cleaned, 1 + usize::from(!left));
        assert_eq!(setting.published("a"), Some(10));
    }
}

#[tokio::test]
async fn a_lost_moment_fails_where_a_person_says_so() {
    let mut setting = setting(&[("a", 10)]);
    setting.plan.policy.on_lost_snapshot = OnLostSnapshot::Fail;
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.tables[0].code.as_deref(), Some("SNAPSHOT_LOST"));
    assert_eq!(setting.published("a"), None);
}

#[tokio::test]
async fn rejected_rows_are_kept_once_however_often_their_table_is_read() {
    let mut setting = setting(&[("a", 30)]);
    setting.plan.policy.rejected_rows.limit = 3;
    let switches = setting.source.switches();
    switches.rejects.store(true, Ordering::SeqCst);
    switches.losses.store(1, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!(report.tables[0].rows_rejected, 3);
    let entries = setting.journal.read(&RunId::new("run")).await.unwrap();
    let tables = engine::kept_tables(&entries);
    assert_eq!((tables[0].rejected, tables[0].kept()), (3, 3));
    assert!(tables[0].committed);
    let folder = setting.rejected.path();
    let mut kept: Vec<_> = engine::read_rejected(folder, &tables[0].parts)
        .flat_map(Result::unwrap)
        .collect();
    kept.sort_by(|one, other| one.split.cmp(&other.split));
    let kept: Vec<_> = kept.iter().map(|row| row.locator.as_str()).collect();
    assert_eq!(kept, ["id=0", "id=10", "id=20"]);
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, 3, "those of the lost moment are gone");
}

#[tokio::test]
async fn a_rejected_row_that_cannot_be_kept_fails_its_table() {
    let mut setting = setting(&[("a", 30)]);
    setting.plan.policy.rejected_rows.limit = 3;
    let switches = setting.source.switches();
    switches.rejects.store(true, Ordering::SeqCst);
    // A file stands where the folder should be.
    let path = setting.rejected.path().to_owned();
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Failed, "{report:?}");
    assert_eq!(setting.published("a"), None);
}

#[tokio::test]
async fn no_load_is_named_twice_though_an_attempt_ended_before_it_was_noted() {
    let mut setting = setting(&[("a", 10)]);
    setting.plan.policy.on_lost_snapshot = OnLostSnapshot::RestartUnfinished;
    setting.plan.policy.rejected_rows.limit = 0;
    let switches = setting.source.switches();
    switches.uncut.store(1, Ordering::SeqCst);
    switches.rejects.store(true, Ordering::SeqCst);
    let first = setting.run().await;
    assert_eq!(first.tables[0].code.as_deref(), Some("TOO_MANY_REJECTED"));
    setting
        .source
        .switches()
        .rejects
        .store(false, Ordering::SeqCst);
    let second = setting.run().await;
    assert_eq!(second.state, RunState::Succeeded, "{second:?}");
    let entries = setting.journal.read(&RunId::new("run")).await.unwrap();
    let mut loads: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Prepared { staging, .. } => Some(staging.load),
            _ => None,
        })
        .collect();
    let noted = loads.len();
    loads.dedup();
    assert_eq!((noted, loads.len()), (2, 2), "{loads:?}");
}

#[tokio::test]
async fn cancel_stops_readers_and_leaves_nothing() {
    let setting = setting(&[("a", 10), ("b", 10)]);
    setting
        .source
        .switches()
        .hangs
        .store(true, Ordering::SeqCst);
    let cancel = setting.cancel.clone();
    let stop = async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let (report, ()) = tokio::join!(setting.run(), stop);
    assert_eq!(report.state, RunState::Cancelled);
    assert!(
        report
            .tables
            .iter()
            .all(|table| table.state == TableState::Cancelled),
        "{report:?}"
    );
    assert_eq!(setting.source.switches().open.load(Ordering::SeqCst), 0);
    assert!(setting.destination.world().staged.is_empty());
}

#[tokio::test]
async fn rows_are_not_overwritten_by_nothing() {
    let mut setting = setting(&[("a", 0)]);
    setting.plan.policy.empty_overwrite = EmptyOverwrite::Refuse;
    setting.plan.pipelines[0].write.exists = true;
    let report = setting.run().await;
    assert_eq!(report.tables[0].code.as_deref(), Some("EMPTY_OVERWRITE"));
}

#[tokio::test]
async fn a_load_that_shrinks_by_half_warns_or_is_refused() {
    let codes = |report: &RunReport| -> Vec<String> {
        let findings = report.findings.iter();
        findings.map(|finding| finding.code.clone()).collect()
    };
    for (before, warns) in [(None, false), (Some(19), false), (Some(20), true)] {
        let mut setting = setting(&[("a", 10)]);
        setting.plan.pipelines[0].rows_before = before;
        let report = setting.run().await;
        assert_eq!(report.state, RunState::Succeeded, "{report:?}");
        let expected: &[&str] = if warns { &["SHRUNK"] } else { &[] };
        assert_eq!(codes(&report), expected, "{before:?} rows before");

        setting.plan.policy.shrunken_load = ShrunkenLoad::Refuse;
        let refused = self::setting(&[("a", 10)]);
        let setting = Setting {
            plan: setting.plan,
            ..refused
        };
        let report = setting.run().await;
        let code = warns.then_some("SHRUNK");
        assert_eq!(report.tables[0].code.as_deref(), code, "{report:?}");
        assert_eq!(setting.published("a"), (!warns).then_some(10));
    }
}

#[tokio::test]
async fn a_table_whose_plan_changed_fails_by_name_and_committed_ones_stand() {
    let mut setting = setting(&[("a", 10), ("b", 10)]);
    setting.source.switches().breaks.store(0, Ordering::SeqCst);
    setting.plan.policy.on_lost_snapshot = OnLostSnapshot::Fail;
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    let first = setting.run().await;
    assert_eq!(first.state, RunState::Partial, "{first:?}");
    let failed = first
        .tables
        .iter()
        .find(|table| table.state == TableState::Failed);
    let failed = failed.map(|table| table.source.clone());
    for pipeline in &mut setting.plan.pipelines {
        pipeline.digest.push_str(" changed");
    }
    let second = setting.run().await;
    for table in &second.tables {
        if Some(&table.source) == failed.as_ref() {
            assert_eq!(table.code.as_deref(), Some("PLAN_CHANGED"));
        } else {
            assert!(table.resumed && table.state == TableState::Succeeded);
        }
    }
}
