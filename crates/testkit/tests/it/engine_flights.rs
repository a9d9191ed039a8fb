//! The engine over sources that break: retries, lost moments, cancel, limits, changed plans.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contract::{CancellationToken, Source};
use engine::{Entry, Flight, Journal, Landed, Patience, Progress, ShelfFolder, Stop, Stops};
use model::migration::{EmptyOverwrite, LoadingPolicy, OnLostSnapshot, ShrunkenLoad};
use model::plan::Plan;
use model::run::{RunReport, RunState, TableState};
use model::{Error, ErrorKind, PipelineId, RunId, TableName};
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
    stops: Arc<Stops>,
    landings: Landings,
    plan: Plan,
}

/// Each table that landed, and with which code.
type Landings = Arc<Mutex<Vec<(String, Option<String>)>>>;

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
        stops: Arc::default(),
        landings: Arc::default(),
    }
}

fn told(table: &str, code: Option<&str>) -> (String, Option<String>) {
    (table.to_owned(), code.map(str::to_owned))
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

impl Setting {
    async fn run(&self) -> RunReport {
        self.run_watched(&Arc::new(Progress::new(&self.plan))).await
    }

    async fn run_watched(&self, progress: &Arc<Progress>) -> RunReport {
        engine::run(self.flight(progress)).await
    }

    fn flight(&self, progress: &Arc<Progress>) -> Flight {
        Flight {
            run: RunId::new("run"),
            plan: self.plan.clone(),
            source: Arc::clone(&self.source) as Arc<dyn Source>,
            destination: Arc::new(self.destination.clone()),
            journal: Arc::clone(&self.journal) as _,
            rejected: Arc::new(ShelfFolder(self.rejected.path().to_owned())),
            progress: Arc::clone(progress),
            cancel: self.cancel.clone(),
            stops: Arc::clone(&self.stops),
            landed: Some(self.landed()),
            patience: Patience {
                pause: Duration::from_millis(1),
            },
        }
    }

    fn landed(&self) -> Landed {
        let landings = Arc::clone(&self.landings);
        Arc::new(move |pipeline, report| {
            let landed = (pipeline.id.to_string(), report.code.clone());
            landings.lock().expect("not poisoned").push(landed);
        })
    }

    /// In the order of their names.
    fn landings(&self) -> Vec<(String, Option<String>)> {
        let mut landings = self.landings.lock().expect("not poisoned").clone();
        landings.sort();
        landings
    }

    fn stop(&self, table: &str, why: Stop) {
        self.stops.stop(&TableName::new("main", table), why);
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

#[tokio::test]
async fn one_table_is_stopped_or_times_out_and_frees_its_readers() {
    let setting = setting(&[("a", 1), ("b", 1)]);
    let switches = setting.source.switches();
    switches.hangs.store(true, Ordering::SeqCst);
    let open = || switches.open.load(Ordering::SeqCst);
    let stopping = async {
        until(|| open() == 2).await;
        setting.stop("a", Stop::asked());
        until(|| !setting.landings().is_empty()).await;
        assert_eq!(setting.landings(), [told("a", Some("CANCELLED"))]);
        assert_eq!(open(), 1, "its neighbour reads on");
        setting.stop("b", Stop::timed_out("after 3 hours").hint("more time"));
    };
    let (report, ()) = tokio::join!(setting.run(), stopping);
    let states: Vec<_> = report.tables.iter().map(|table| table.state).collect();
    assert_eq!(states, [TableState::Cancelled, TableState::Failed]);
    let late = &report.tables[1];
    assert_eq!(late.code.as_deref(), Some("TIMED_OUT"));
    assert_eq!(late.message.as_deref(), Some("after 3 hours"));
    assert_eq!(late.hint.as_deref(), Some("more time"));
    assert_eq!(report.state, RunState::Failed);
    assert_eq!(open(), 0);
    assert!(setting.destination.world().staged.is_empty());
    let expected = [told("a", Some("CANCELLED")), told("b", Some("TIMED_OUT"))];
    assert_eq!(setting.landings(), expected);
}

#[tokio::test]
async fn who_waits_for_a_turn_is_stopped_at_once() {
    let names: Vec<String> = (0..20).map(|number| format!("t{number:02}")).collect();
    let tables: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let mut setting = setting(&tables);
    setting.plan.policy.run.parallelism = 1;
    let switches = setting.source.switches();
    switches.hangs.store(true, Ordering::SeqCst);
    let stopping = async {
        until(|| switches.open.load(Ordering::SeqCst) == 1).await;
        setting.stop("t19", Stop::asked());
        until(|| !setting.landings().is_empty()).await;
        assert_eq!(setting.landings(), [told("t19", Some("CANCELLED"))]);
        setting.cancel.cancel();
    };
    let (report, ()) = tokio::join!(setting.run(), stopping);
    assert_eq!(report.state, RunState::Cancelled);
    assert_eq!(setting.landings().len(), 20);
}

#[tokio::test]
async fn a_table_stopped_before_the_run_is_not_begun_and_the_others_succeed() {
    let mut setting = setting(&[("a", 10), ("b", 10), ("c", 10)]);
    setting.plan.policy.run.reruns = 1;
    setting.stop("b", Stop::asked());
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Partial, "{report:?}");
    let expected = [
        told("a", None),
        told("b", Some("CANCELLED")),
        told("c", None),
    ];
    assert_eq!(setting.landings(), expected);
    let entries = setting.journal.read(&RunId::new("run")).await.unwrap();
    let prepared = entries.iter().filter(|entry| entry.kind() == "prepared");
    assert_eq!(prepared.count(), 2);
}

#[tokio::test]
async fn tables_land_once_though_a_moment_is_lost() {
    let setting = setting(&[("a", 10), ("b", 10), ("c", 10)]);
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!((report.state, report.moments), (RunState::Succeeded, 2));
    let expected = [told("a", None), told("b", None), told("c", None)];
    assert_eq!(setting.landings(), expected);
    let second = setting.run().await;
    assert!(second.tables.iter().all(|table| table.resumed));
    assert_eq!(setting.landings().len(), 6, "those that had committed, too");
}

#[tokio::test]
async fn what_breaks_while_the_moment_is_held_has_landed() {
    let setting = setting(&[("a", 1)]);
    let switches = setting.source.switches();
    switches.breaks.store(SPLIT_TRIES, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Failed, "{report:?}");
    assert_eq!(setting.landings(), [told("a", Some("BROKEN"))]);
    let kinds = setting.journal.kinds();
    let moments = kinds.iter().filter(|kind| **kind == "snapshot");
    assert_eq!(moments.count(), 1);
}

#[tokio::test]
async fn what_breaks_because_the_moment_is_lost_is_read_at_another() {
    let setting = setting(&[("a", 1)]);
    let switches = setting.source.switches();
    switches.breaks.store(SPLIT_TRIES, Ordering::SeqCst);
    switches.losses.store(1, Ordering::SeqCst);
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    assert_eq!(setting.landings(), [told("a", None)]);
}

/// How often a split is tried.
const SPLIT_TRIES: u32 = 4;

/// Another process takes the run over when a line of this kind is to be written.
struct TakenOver(Arc<MemoryJournal>, &'static str, AtomicBool);

#[async_trait]
impl Journal for TakenOver {
    async fn read(&self, run: &RunId) -> model::Result<Vec<Entry>> {
        self.0.read(run).await
    }

    async fn append(&self, run: &RunId, entry: &Entry) -> model::Result<()> {
        if entry.kind() == self.1 {
            self.2.store(true, Ordering::SeqCst);
        }
        if self.2.load(Ordering::SeqCst) {
            let message = "another process holds the run";
            return Err(Error::new(ErrorKind::Conflict, "LEASE_LOST", message));
        }
        self.0.append(run, entry).await
    }
}

#[tokio::test]
async fn who_no_longer_holds_the_run_publishes_nothing_and_stops_all_readers() {
    for kind in ["started", "snapshot", "splits", "verified", "committing"] {
        let setting = setting(&[("a", 0), ("b", 10), ("c", 10)]);
        let switches = setting.source.switches();
        switches.hangs.store(true, Ordering::SeqCst);
        let journal = Arc::clone(&setting.journal);
        let taken_over = TakenOver(journal, kind, AtomicBool::new(false));
        let flight = Flight {
            journal: Arc::new(taken_over),
            ..setting.flight(&Arc::new(Progress::new(&setting.plan)))
        };
        let flying = tokio::time::timeout(Duration::from_secs(30), engine::run(flight));
        let report = flying.await.expect("readers that hang are stopped");
        assert_eq!(report.state, RunState::Failed, "{kind}: {report:?}");
        let lost = |code: &Option<String>| code.as_deref() == Some("LEASE_LOST");
        let landings = setting.landings();
        assert!(landings.iter().all(|(_, code)| lost(code)), "{landings:?}");
        assert_eq!(landings.len(), 3);
        assert!(setting.destination.world().published.is_empty(), "{kind}");
        assert_eq!(switches.open.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn some_tables_of_a_run_are_settled_and_its_others_left_alone() {
    let mut setting = setting(&[("a", 10), ("b", 10)]);
    setting.plan.policy.on_lost_snapshot = OnLostSnapshot::Fail;
    setting.source.switches().losses.store(1, Ordering::SeqCst);
    setting.destination.world().failing_aborts = 2;
    let report = setting.run().await;
    assert_eq!(report.state, RunState::Partial, "{report:?}");
    let of_state = |state| {
        let mut tables = setting.plan.pipelines.iter().zip(&report.tables);
        let found = tables.find(|(_, table)| table.state == state);
        let (pipeline, _) = found.expect("one of each");
        pipeline.id.clone()
    };
    let published = of_state(TableState::Succeeded);
    let open = of_state(TableState::Failed);
    let (run, journal) = (RunId::new("run"), setting.journal.as_ref());
    let settle = async |pipeline: &PipelineId| {
        let tables = BTreeSet::from([pipeline.clone()]);
        let settling = engine::settle_tables(&run, &tables, journal, &setting.destination);
        settling.await.unwrap()
    };
    let standing = settle(&published).await;
    assert_eq!(standing.settled, []);
    assert_eq!(standing.committed.len(), 1);
    assert_eq!(standing.committed[&published].rows_written, 10);
    assert_eq!(setting.destination.world().staged.len(), 1, "not asked for");
    let swept = settle(&open).await;
    assert!(swept.committed.is_empty());
    assert_eq!(swept.settled.len(), 1);
    assert!(!swept.settled[0].published);
    assert!(setting.destination.world().staged.is_empty());
}
