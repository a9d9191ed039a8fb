//! One list for all connectors: what every destination must survive. The caller says how to read
//! back, with a reader that is not the destination's own code where there is one.
//!
//! The loop: a load is flown again and again; the n-th effect goes wrong, in each of five ways, for
//! n = 0, 1, 2, … until a load passes untouched. After each, readers see the old rows or the new
//! ones, and the run that is taken up again brings exactly the new ones, once, and leaves nothing
//! else. A second loop does the same to the process that takes a dead one's run up, a third one to
//! what a process does after a first fault.

mod loads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use contract::{AnyConnector, CancellationToken, Destination, Source};
use engine::{Flight, Journal, Patience, Progress};
use model::migration::LoadingPolicy;
use model::run::{RejectedRow, RunReport, TableState};
use model::{RunId, TableName};
use serde::Serialize;
use tempfile::TempDir;

use crate::faults::{
    Aim, FAULTS, Fault, FaultPlan, FaultyDestination, FaultyJournal, FaultyShelves, FaultySource,
    Sabotage,
};
use crate::memory_destination::Rows;
use crate::memory_journal::MemoryJournal;
use crate::memory_source::{MemorySource, PARTS, Tables};
use crate::plans::{pipeline, plan};

pub use self::loads::{a_key_that_comes_twice_is_refused, what_stands_staged_is_read_back};

/// A flight that takes longer hangs.
const LONGEST_FLIGHT: Duration = Duration::from_secs(30);
/// More effects than any load has: a loop that gets here does not end by itself.
const MOST_EFFECTS: u64 = 2_000;
/// Fewer effects of a load than this: a seam is not watched any more.
pub const LEAST_EFFECTS: u64 = 51;

/// What outlives the process of a run: its journal, and its rejected rows.
pub struct Notes {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The folder of rejected rows.
    pub shelf: TempDir,
}

impl Notes {
    /// With that journal, and nothing on the shelf.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        let shelf = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
        Self { journal, shelf }
    }

    /// The rejected rows of the table's last load, by what the journal says.
    async fn kept(&self, run: &str) -> Result<Vec<RejectedRow>, String> {
        let told = |error: model::Error| error.to_string();
        let entries = self.journal.read(&RunId::new(run)).await.map_err(told)?;
        let mut kept = Vec::new();
        for table in engine::kept_tables(&entries) {
            for rows in engine::read_rejected(self.shelf.path(), &table.parts) {
                kept.extend(rows.map_err(told)?);
            }
        }
        Ok(kept)
    }
}

/// A destination under test.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Its connector: types and capabilities.
    fn connector(&self) -> &'static dyn AnyConnector;
    /// The table that is written.
    fn target(&self) -> TableName {
        TableName::new("conformance", "t")
    }
    /// Opens it anew, as another process would; the world is the same until [`Subject::reset`].
    async fn open(&self) -> Arc<dyn Destination>;
    /// What readers see of the table, sorted; `None` where there is no such table.
    async fn read(&self, table: &TableName) -> Option<Rows>;
    /// Things on disk that nothing published names: staging, orphans.
    async fn leftovers(&self, table: &TableName) -> Vec<String>;
    /// An empty world.
    async fn reset(&self);
    /// Puts exactly these rows into the table that is there, by other means than the destination, where
    /// that is quicker than a load; says whether it did.
    async fn restore(&self, _rows: &Rows) -> bool {
        false
    }
    /// Of so many cases one is tried, where a load takes long: with 5 each effect goes wrong in one way.
    fn stride(&self) -> u64 {
        1
    }
    /// Whether what writes holds connections, which end with a process, and no files, which stay.
    fn hangs_up(&self) -> bool {
        false
    }
    /// An empty journal.
    async fn notes(&self) -> Notes {
        Notes::new(MemoryJournal::new())
    }
}

/// What one loop has seen.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Walk {
    /// The most effects that a load had until one passed untouched.
    pub effects: u64,
    /// Cases tried: effects × ways.
    pub cases: usize,
    /// How often each effect was met.
    pub met: BTreeMap<&'static str, usize>,
    /// Cases that the flight got over by itself.
    pub gone_over: usize,
    /// Cases that left the old rows, and were brought to an end by another process.
    pub taken_up: usize,
    /// Commits whose outcome nobody knew.
    pub unknown: usize,
    /// Answers after that.
    pub settled: usize,
}

/// The rows that are there before.
pub fn old_rows() -> Rows {
    (0..5).map(|id| (id, format!("old {id}"))).collect()
}

/// The rows that the source holds. With [`LoadingPolicy::Update`] some have the keys of old ones.
pub fn source_rows(policy: LoadingPolicy) -> Rows {
    let updated = match policy {
        LoadingPolicy::Update => 1..5,
        _ => 0..0,
    };
    updated
        .chain(100..136)
        .map(|id| (id, format!("new {id}")))
        .collect()
}

/// Those of them that are rejected: the first one of each split.
pub fn rejected_rows(policy: LoadingPolicy) -> Rows {
    let rows = source_rows(policy);
    let split = rows.len().div_ceil(PARTS);
    rows.into_iter().step_by(split).collect()
}

/// The rows that a load brings.
pub fn new_rows(policy: LoadingPolicy) -> Rows {
    let rejected = rejected_rows(policy);
    let mut rows = source_rows(policy);
    rows.retain(|row| !rejected.contains(row));
    rows
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

fn source() -> TableName {
    TableName::new("main", "t")
}

/// One process's part in one run.
pub struct Load<'a> {
    /// What the source holds.
    pub rows: Rows,
    /// Whether the first row of each split is rejected.
    pub rejects: bool,
    /// What happens to old rows.
    pub policy: LoadingPolicy,
    /// Which run; the same one again takes it up.
    pub run: &'a str,
    /// Its journal.
    pub notes: &'a Notes,
    /// What goes wrong.
    pub faults: &'a Arc<FaultPlan>,
}

/// Carries it out; says so where it hangs.
pub async fn load(subject: &dyn Subject, load: Load<'_>) -> Result<RunReport, String> {
    let (source_name, destination_name) = (source(), subject.target());
    let memory = MemorySource::new(Tables::from([(source_name.clone(), load.rows)]));
    memory
        .switches()
        .rejects
        .store(load.rejects, Ordering::SeqCst);
    let memory: Arc<dyn Source> = Arc::new(memory);
    let connector = subject.connector();
    let mut table = pipeline(&source_name, &destination_name, load.policy, connector);
    table.write.exists = subject.read(&destination_name).await.is_some();
    let mut plan = plan(vec![table]);
    plan.policy.rejected_rows.limit = 3;
    let flight = Flight {
        run: RunId::new(load.run),
        progress: Arc::new(Progress::new(&plan)),
        plan,
        source: FaultySource::new(memory, load.faults),
        destination: FaultyDestination::new(subject.open().await, load.faults, subject.hangs_up()),
        journal: FaultyJournal::new(Arc::clone(&load.notes.journal), load.faults),
        rejected: FaultyShelves::new(load.notes.shelf.path(), load.faults),
        cancel: CancellationToken::new(),
        stops: Arc::default(),
        landed: None,
        patience: Patience {
            pause: Duration::from_millis(1),
        },
    };
    tokio::time::timeout(LONGEST_FLIGHT, Box::pin(engine::run(flight)))
        .await
        .map_err(|_| format!("hung after {:?}", load.faults.labels()))
}

/// The old rows, and nothing else.
async fn prepare_old(subject: &dyn Subject) -> Result<(), String> {
    subject.reset().await;
    let old = Load {
        rows: old_rows(),
        rejects: false,
        policy: LoadingPolicy::Overwrite,
        run: "old",
        notes: &subject.notes().await,
        faults: &FaultPlan::none(),
    };
    let report = load(subject, old).await?;
    match report.tables[0].state {
        TableState::Succeeded => Ok(()),
        _ => Err(format!("the old rows could not be loaded: {report:?}")),
    }
}

/// The loop over the effects of a load; returns how many cases were tried. Ends the test that calls
/// where one of them is not survived, where effects are not met any more, or where no commit was
/// unknown and settled.
pub async fn survives_every_fault(subject: &dyn Subject, policy: LoadingPolicy) -> usize {
    let walk = match walk_every_fault(subject, policy, None).await {
        Ok(walk) => walk,
        Err(wrong) => panic!("{wrong}"),
    };
    let ended = walk.gone_over + walk.taken_up;
    assert_eq!(walk.cases, ended, "every case ends in one of two ways");
    assert!(
        walk.effects >= LEAST_EFFECTS,
        "only {} effects",
        walk.effects
    );
    assert!(walk.unknown > 0 && walk.settled > 0, "{walk:?}");
    walk.cases
}

/// The same, without a judgement of its own; something may be broken on purpose.
pub async fn walk_every_fault(
    subject: &dyn Subject,
    policy: LoadingPolicy,
    sabotage: Option<Sabotage>,
) -> Result<Walk, String> {
    let trial = Trial {
        subject,
        policy,
        sabotage,
        before: Before::Nothing,
    };
    trial.walk().await
}

/// Where a process may have died whose run another one takes up.
pub const DEATHS: [(&str, Fault); 4] = [
    ("split-done", Fault::CrashAfter),
    ("committing", Fault::CrashAfter),
    ("commit", Fault::CrashAfter),
    ("committed", Fault::CrashAfter),
];

/// The loop over the effects of the process that takes up the run of one that died there.
pub async fn walk_every_fault_when_taken_up(
    subject: &dyn Subject,
    policy: LoadingPolicy,
    died: (&'static str, Fault),
) -> Result<Walk, String> {
    let trial = Trial {
        subject,
        policy,
        sabotage: None,
        before: Before::Death(died),
    };
    trial.walk().await
}

/// First faults, after which a process goes on.
pub const STUMBLES: [(&str, Fault); 4] = [
    ("write", Fault::Fail),
    ("finish", Fault::Partly),
    ("commit", Fault::LoseAnswer),
    ("commit", Fault::Partly),
];

/// The loop over the effects behind a first fault: giving up, trying again, settling.
pub async fn walk_every_fault_after_another(
    subject: &dyn Subject,
    policy: LoadingPolicy,
    stumbled: (&'static str, Fault),
) -> Result<Walk, String> {
    let trial = Trial {
        subject,
        policy,
        sabotage: None,
        before: Before::Stumble(stumbled),
    };
    trial.walk().await
}

/// What went wrong before the loop's fault.
enum Before {
    Nothing,
    /// In another process.
    Death((&'static str, Fault)),
    /// In the same one.
    Stumble((&'static str, Fault)),
}

struct Trial<'a> {
    subject: &'a dyn Subject,
    policy: LoadingPolicy,
    sabotage: Option<Sabotage>,
    before: Before,
}

impl Trial<'_> {
    async fn walk(&self) -> Result<Walk, String> {
        let mut walk = Walk::default();
        let mut ways = FAULTS;
        if self.sabotage.is_some() {
            // The late commit is among the last.
            ways.reverse();
        }
        let stride = self.subject.stride().max(1);
        for (fault, way) in ways.into_iter().zip(0..) {
            let mut effect = way % stride;
            while self.case(Aim::Nth(effect), fault, &mut walk).await? {
                effect += stride;
                if effect > MOST_EFFECTS {
                    return Err(format!("{fault:?}: no load passes untouched"));
                }
            }
            walk.effects = walk.effects.max(effect);
        }
        if matches!(self.before, Before::Nothing) {
            // The one step that all hangs on goes wrong in every way, whatever the stride is.
            for fault in ways {
                self.case(Aim::First("commit"), fault, &mut walk).await?;
            }
        }
        Ok(walk)
    }

    /// One effect goes wrong in one way; false where it did not come up any more.
    async fn case(&self, aim: Aim, fault: Fault, walk: &mut Walk) -> Result<bool, String> {
        if walk.cases == 0 || !self.subject.restore(&old_rows()).await {
            prepare_old(self.subject).await?;
        }
        let notes = self.subject.notes().await;
        let faults = match (&self.before, aim) {
            (Before::Stumble((label, first)), Aim::Nth(number)) => {
                FaultPlan::stumbling((Aim::First(label), *first), (number, fault))
            }
            (_, aim) => FaultPlan::new(Some((aim, fault)), self.sabotage),
        };
        if let Before::Death((label, fault)) = self.before {
            let dying = FaultPlan::new(Some((Aim::First(label), fault)), None);
            self.fly(&notes, &dying).await?;
            if !dying.is_hit() {
                return Err(format!("no load came to {label}"));
            }
        }
        let first = self.fly(&notes, &faults).await?;
        let label = faults.last_hit().unwrap_or("nothing");
        let case = format!("{:?}, {fault:?} at {aim:?} ({label})", self.policy);
        self.judge(&first, &faults)
            .await
            .map_err(|wrong| format!("{case}: {wrong}"))?;
        let again = self
            .fly(&notes, &FaultPlan::new(None, self.sabotage))
            .await?;
        self.judge_end(&again, &notes)
            .await
            .map_err(|wrong| format!("{case}: {wrong}; all effects: {:?}", faults.labels()))?;
        if !faults.is_hit() {
            return Ok(false);
        }
        walk.cases += 1;
        *walk.met.entry(label).or_default() += 1;
        match first.tables[0].state {
            TableState::Succeeded => walk.gone_over += 1,
            _ => walk.taken_up += 1,
        }
        let (unknown, settled) = faults.unknown();
        walk.unknown += unknown;
        walk.settled += settled.min(unknown);
        Ok(true)
    }

    async fn fly(&self, notes: &Notes, faults: &Arc<FaultPlan>) -> Result<RunReport, String> {
        let next = Load {
            rows: source_rows(self.policy),
            rejects: true,
            policy: self.policy,
            run: "new",
            notes,
            faults,
        };
        load(self.subject, next).await
    }

    /// Right after the fault.
    async fn judge(&self, report: &RunReport, faults: &FaultPlan) -> Result<(), String> {
        let table = self.subject.target();
        let seen = self.subject.read(&table).await.unwrap_or_default();
        let new = rows_after(self.policy);
        if seen != old_rows() && seen != new {
            return Err(format!("half visible: {seen:?}"));
        }
        if report.tables[0].state == TableState::Succeeded && seen != new {
            return Err("succeeded, and not there".to_owned());
        }
        match faults.violations().into_iter().next() {
            Some(violation) => Err(violation),
            None => Ok(()),
        }
    }

    /// After another process has taken the run up.
    async fn judge_end(&self, report: &RunReport, notes: &Notes) -> Result<(), String> {
        let table = self.subject.target();
        if report.tables[0].state != TableState::Succeeded {
            return Err(format!("could not be taken up: {report:?}"));
        }
        let seen = self.subject.read(&table).await.unwrap_or_default();
        if seen != rows_after(self.policy) {
            return Err(format!("lost or doubled: {seen:?}"));
        }
        let kept = notes.kept("new").await?.into_iter();
        let kept: Vec<String> = kept.map(|row| row.locator).collect();
        let once: BTreeSet<&String> = kept.iter().collect();
        let expected = rejected_rows(self.policy).len();
        if kept.len() != expected || once.len() != expected {
            return Err(format!("rejected rows are kept as {kept:?}"));
        }
        let leftovers = self.subject.leftovers(&table).await;
        if !leftovers.is_empty() {
            return Err(format!("{leftovers:?} left over"));
        }
        Ok(())
    }
}

/// A first load that dies leaves no table; the next one makes it.
pub async fn first_load_is_all_or_nothing(subject: &dyn Subject) {
    subject.reset().await;
    let table = subject.target();
    let notes = subject.notes().await;
    let policy = LoadingPolicy::Overwrite;
    let fly = async |faults: &Arc<FaultPlan>| {
        let next = Load {
            rows: source_rows(policy),
            rejects: true,
            policy,
            run: "first",
            notes: &notes,
            faults,
        };
        if let Err(hung) = load(subject, next).await {
            panic!("{hung}");
        }
    };
    for label in [
        "prepared",
        "prepare",
        "write",
        "finish",
        "evidence",
        "committing",
    ] {
        let crash = (Aim::First(label), Fault::CrashBefore);
        fly(&FaultPlan::new(Some(crash), None)).await;
        let seen = subject.read(&table).await;
        assert_eq!(seen, None, "visible after a crash at {label}");
    }
    fly(&FaultPlan::none()).await;
    assert_eq!(subject.read(&table).await, Some(new_rows(policy)));
}
