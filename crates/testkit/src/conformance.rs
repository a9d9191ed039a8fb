//! One list for all connectors: what every destination must survive. The caller says how to read
//! back, with a reader that is not the destination's own code where there is one.

use std::sync::Arc;
use std::time::Duration;

use contract::{
    AnyConnector, BatchLimits, CancellationToken, Destination, Manifest, Meter, Rejected, Source,
    Staging, TaskContext, WriteBudget,
};
use engine::{Flight, Journal, Patience, Progress};
use futures::StreamExt;
use model::migration::LoadingPolicy;
use model::run::{RunReport, TableState};
use model::{LoadId, PipelineId, Result, RunId, SplitId, TableName};

use crate::faults::{FAULTS, Fault, FaultPlan, FaultyDestination, FaultyJournal};
use crate::memory_destination::{Rows, batch_of, rows_of};
use crate::memory_journal::MemoryJournal;
use crate::memory_source::{MemorySource, Tables};
use crate::plans::{pipeline, plan};

/// A destination under test.
#[async_trait::async_trait]
pub trait Subject: Send + Sync {
    /// Its connector: types and capabilities.
    fn connector(&self) -> &'static dyn AnyConnector;
    /// Opens it anew, as another process would; the world is the same until [`Subject::reset`].
    async fn open(&self) -> Arc<dyn Destination>;
    /// What readers see of the table, sorted; `None` where there is no such table.
    async fn read(&self, table: &TableName) -> Option<Rows>;
    /// Things on disk that nothing published names: staging, orphans.
    async fn leftovers(&self, table: &TableName) -> Vec<String>;
    /// An empty world.
    async fn reset(&self);
}

/// The rows that are there before.
pub fn old_rows() -> Rows {
    (0..5).map(|id| (id, format!("old {id}"))).collect()
}

/// The rows that a load brings. With [`LoadingPolicy::Update`] some have the keys of old ones.
pub fn new_rows(policy: LoadingPolicy) -> Rows {
    let updated = match policy {
        LoadingPolicy::Update => 3..7,
        _ => 0..0,
    };
    updated
        .chain(100..150)
        .map(|id| (id, format!("new {id}")))
        .collect()
}

/// What is there once [`new_rows`] have come to [`old_rows`].
pub fn rows_after(policy: LoadingPolicy) -> Rows {
    let new = new_rows(policy);
    let stays = |id: &i64| match policy {
        LoadingPolicy::Overwrite => false,
        LoadingPolicy::Append => true,
        LoadingPolicy::Update => !new.iter().any(|(key, _)| key == id),
    };
    let mut rows: Rows = old_rows().into_iter().filter(|(id, _)| stays(id)).collect();
    rows.extend(new);
    rows.sort();
    rows
}

fn names() -> (TableName, TableName) {
    (
        TableName::new("main", "t"),
        TableName::new("conformance", "t"),
    )
}

/// One process's part in one run.
pub struct Load<'a> {
    /// What the source holds.
    pub rows: Rows,
    /// What happens to old rows.
    pub policy: LoadingPolicy,
    /// Which run; the same one again takes it up.
    pub run: &'a str,
    /// Its journal.
    pub journal: &'a Arc<MemoryJournal>,
    /// What goes wrong.
    pub faults: &'a Arc<FaultPlan>,
}

/// Carries it out.
pub async fn load(subject: &dyn Subject, load: Load<'_>) -> RunReport {
    let Load {
        rows,
        policy,
        run,
        journal,
        faults,
    } = load;
    let (source_name, destination_name) = names();
    let source = MemorySource::new(Tables::from([(source_name.clone(), rows)]));
    let mut table = pipeline(&source_name, &destination_name, policy, subject.connector());
    table.write.exists = subject.read(&destination_name).await.is_some();
    let plan = plan(vec![table]);
    let journal: Arc<dyn Journal> = Arc::clone(journal) as _;
    let flight = Flight {
        run: RunId::new(run),
        progress: Arc::new(Progress::new(&plan)),
        plan,
        source: Arc::new(source) as Arc<dyn Source>,
        destination: FaultyDestination::new(subject.open().await, faults),
        journal: FaultyJournal::new(journal, faults),
        cancel: CancellationToken::new(),
        patience: Patience {
            pause: Duration::from_millis(1),
        },
    };
    engine::run(flight).await
}

/// Every side effect of a load goes wrong in every way; after each, the destination shows the old or
/// the new rows, and after taking the run up again exactly the new ones, once. Returns how many cases
/// were tried.
pub async fn survives_every_fault(subject: &dyn Subject, policy: LoadingPolicy) -> usize {
    prepare_old(subject).await;
    let faults = &FaultPlan::none();
    let journal = &MemoryJournal::new();
    let dry = Load {
        rows: new_rows(policy),
        policy,
        run: "dry",
        journal,
        faults,
    };
    let report = load(subject, dry).await;
    assert_eq!(report.tables[0].state, TableState::Succeeded, "{report:?}");
    let effects = faults.effects();
    assert!(effects > 8, "a load has more side effects than {effects}");
    let mut cases = 0;
    for effect in 0..effects {
        for fault in FAULTS {
            survives(subject, policy, effect, fault).await;
            cases += 1;
        }
    }
    cases
}

async fn prepare_old(subject: &dyn Subject) {
    subject.reset().await;
    let (journal, faults) = (&MemoryJournal::new(), &FaultPlan::none());
    let policy = LoadingPolicy::Overwrite;
    let old = Load {
        rows: old_rows(),
        policy,
        run: "old",
        journal,
        faults,
    };
    let report = load(subject, old).await;
    assert_eq!(report.tables[0].state, TableState::Succeeded, "{report:?}");
}

async fn survives(subject: &dyn Subject, policy: LoadingPolicy, effect: u64, fault: Fault) {
    prepare_old(subject).await;
    let (_, table) = names();
    let old = old_rows();
    let new = rows_after(policy);
    let (run, journal) = ("new", &MemoryJournal::new());
    let faults = &FaultPlan::at(effect, fault);
    let first = Load {
        rows: new_rows(policy),
        policy,
        run,
        journal,
        faults,
    };
    let first = load(subject, first).await;
    let case = format!(
        "{policy:?}, {fault:?} at effect {effect} of {:?}",
        faults.labels()
    );
    let seen = subject.read(&table).await.unwrap_or_default();
    assert!(
        seen == old || seen == new,
        "half visible after {case}: {seen:?}"
    );
    let succeeded = first.tables[0].state == TableState::Succeeded;
    assert!(!succeeded || seen == new, "succeeded and not there: {case}");

    let faults = &FaultPlan::none();
    let again = Load {
        rows: new_rows(policy),
        policy,
        run,
        journal,
        faults,
    };
    let again = load(subject, again).await;
    assert_eq!(
        again.tables[0].state,
        TableState::Succeeded,
        "{case}: {again:?}"
    );
    let seen = subject.read(&table).await;
    assert_eq!(seen.as_ref(), Some(&new), "lost or doubled after {case}");
    let leftovers = subject.leftovers(&table).await;
    assert!(leftovers.is_empty(), "{leftovers:?} left over after {case}");
}

/// Two rows of one key in one load: with `update` nobody can say which one counts, so the load is
/// refused and what is there stays.
pub async fn a_key_that_comes_twice_is_refused(subject: &dyn Subject) {
    prepare_old(subject).await;
    let (_, table) = names();
    let (journal, faults) = (&MemoryJournal::new(), &FaultPlan::none());
    let policy = LoadingPolicy::Update;
    let mut rows = new_rows(policy);
    rows.push((3, "another 3".to_owned()));
    let twice = Load {
        rows,
        policy,
        run: "twice",
        journal,
        faults,
    };
    let report = load(subject, twice).await;
    let code = report.tables[0].code.as_deref();
    assert_eq!(code, Some("UPDATE_KEY_TWICE"), "{report:?}");
    assert_eq!(subject.read(&table).await, Some(old_rows()));
    let leftovers = subject.leftovers(&table).await;
    assert!(leftovers.is_empty(), "{leftovers:?} left over");
}

/// A first load that dies leaves no table; the next one makes it.
pub async fn first_load_is_all_or_nothing(subject: &dyn Subject) {
    subject.reset().await;
    let (_, table) = names();
    let (run, journal) = ("first", &MemoryJournal::new());
    let policy = LoadingPolicy::Overwrite;
    for effect in 0..6 {
        let faults = &FaultPlan::at(effect, Fault::CrashBefore);
        load(
            subject,
            Load {
                rows: new_rows(policy),
                policy,
                run,
                journal,
                faults,
            },
        )
        .await;
        let seen = subject.read(&table).await;
        assert_eq!(seen, None, "visible after a crash at effect {effect}");
    }
    let faults = &FaultPlan::none();
    load(
        subject,
        Load {
            rows: new_rows(policy),
            policy,
            run,
            journal,
            faults,
        },
    )
    .await;
    assert_eq!(subject.read(&table).await, Some(new_rows(policy)));
}

/// What stands staged is read back as it was handed to the writers: each row once, from as many
/// writers as there were, and nothing of it once the load is given up.
pub async fn what_stands_staged_is_read_back(subject: &dyn Subject) {
    subject.reset().await;
    let (source, table) = names();
    let policy = LoadingPolicy::Append;
    let write = pipeline(&source, &table, policy, subject.connector()).write;
    let destination = subject.open().await;
    let load = LoadId::of(&RunId::new("staged"), &PipelineId::new("t"), 1);
    let staging = must(destination.stage(&write, &load));
    must(destination.prepare(&staging).await);
    let mut manifests = Vec::new();
    for (index, rows) in new_rows(policy).chunks(20).enumerate() {
        let task = task(index, &source);
        let mut writer = must(destination.writer(&staging, &task).await);
        for rows in rows.chunks(7) {
            must(writer.write(batch_of(rows)).await);
        }
        let part = must(writer.finish().await);
        manifests.push(Manifest {
            split: task.split,
            attempt: 1,
            read: part.written,
            rejected: 0,
            filtered: 0,
            part,
        });
    }
    let staged = staged_rows(destination.as_ref(), &staging, &manifests).await;
    assert_eq!(staged, new_rows(policy));
    let one = staged_rows(destination.as_ref(), &staging, &manifests[..1]).await;
    assert_eq!(one, new_rows(policy)[..20], "rows of another manifest");
    must(destination.abort(&staging).await);
    assert_eq!(subject.read(&table).await, None);
}

fn task(index: usize, table: &TableName) -> TaskContext {
    let split = SplitId::new(format!("{index:05}"));
    TaskContext {
        rejected: Rejected::new(table, &split),
        split,
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(1 << 30),
        limits: BatchLimits::default(),
    }
}

async fn staged_rows(
    destination: &dyn Destination,
    staging: &Staging,
    manifests: &[Manifest],
) -> Rows {
    let streams = destination.read_staged(staging, manifests).await;
    let mut rows = Rows::new();
    for mut stream in must(streams) {
        while let Some(batch) = stream.next().await {
            rows.extend(rows_of(&must(batch)));
        }
    }
    rows.sort();
    rows
}

fn must<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("a destination without faults fails: {error}"))
}
