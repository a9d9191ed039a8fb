//! `run`: plan, move, verify, commit; takes up or settles what an earlier run left. Every run is kept
//! in the store with its report, refused ones, too.

mod fly;
mod left;
mod replay;
mod resume;
mod time_limit;
pub mod wave;

use std::path::PathBuf;
use std::sync::Arc;

use contract::CancellationToken;
use engine::Landed;
pub use engine::{Progress, Rerun, Settled, Stop, Stops, TablePhase, TableProgress};
use model::migration::{LoadingPolicy, MigrationFile};
use model::plan::{Environment, Part, Plan};
use model::run::{RunReport, RunState};
use model::{Error, Finding, Result, RunId};
use store::{NewRun, RunLock, RunRecord, Store};

use crate::clock::Clock;
use crate::data_folder::data_folder;
use crate::ends::{self, Access, Trusted};
use crate::last_loads;
use crate::migration_file::{Loaded, load};
use crate::plan::{Compiled, Occasion, Planning, bizdate, part};
use crate::run::time_limit::TimeLimit;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// The migration file.
    pub file: PathBuf,
    /// The data folder; by default the environment's, else beside the file.
    pub data: Option<PathBuf>,
    /// `yyyymmdd`; yesterday in the migration's zone by default.
    pub bizdate: Option<String>,
    /// Needed where the method has both.
    pub part: Option<Part>,
    /// Take up the last unfinished run.
    pub resume: bool,
    /// Start although an unfinished run is there that appends.
    pub anew: bool,
    /// Read again the rows that this run rejected, and nothing else; its id, or the beginning of it.
    pub replay: Option<RunId>,
    /// Stops the run, and frees the servers.
    pub cancel: CancellationToken,
    /// What time it is.
    pub clock: Clock,
}

/// Whoever watches a run. Called from the run itself: must not block.
pub trait Watcher: Send + Sync {
    /// What an earlier run had left open is settled; the tables at the destination that stand as it
    /// loaded them.
    fn settled(&self, _run: &RunId, _settled: &[Settled], _standing: &[String]) {}

    /// The tables are about to move.
    fn started(&self, _run: &RunId, _plan: &Plan, _progress: &Arc<Progress>) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watcher for Unwatched {}

/// Runs the file's migration. An error where not even a refusal could be kept, and where another
/// process runs the same migration.
pub async fn run(request: RunRequest, watcher: &dyn Watcher) -> Result<RunReport> {
    let loaded = load(&request.file).await?;
    let folder = data_folder(request.data.as_deref(), &loaded.base);
    let store = Store::open(&folder).await?;
    let name = loaded.name().unwrap_or_default().to_owned();
    let lock = {
        let name = name.clone();
        tokio::task::spawn_blocking(move || RunLock::take(&folder, &name))
            .await
            .map_err(|cause| Error::internal("the lock was not taken").caused_by(cause))??
    };
    let hours = loaded
        .file
        .as_ref()
        .map(|file| file.migration.run.timeout_hours);
    let desk = Desk {
        store,
        loaded,
        name,
        environment: Environment::Production,
        trusted: Trusted::default(),
        clock: request.clock,
        cancel: request.cancel.clone(),
        time: TimeLimit::of(hours.unwrap_or_default()),
        stops: Arc::default(),
        landed: None,
    };
    let report = Box::pin(desk.run(&request, watcher)).await;
    desk.store.close().await;
    drop(lock);
    report
}

/// What came between before anything was started.
enum Stopped {
    Cancelled,
    TimedOut,
}

/// One run of one file, whoever asked for it.
struct Desk {
    store: Store,
    loaded: Loaded,
    /// Under which the run is kept.
    name: String,
    environment: Environment,
    trusted: Trusted,
    clock: Clock,
    cancel: CancellationToken,
    time: TimeLimit,
    stops: Arc<Stops>,
    landed: Option<Landed>,
}

/// What is about to start.
struct Start {
    id: RunId,
    occasion: Occasion,
    /// The run that is taken up.
    resumed: Option<RunRecord>,
    /// The run that is settled first.
    left: Option<RunRecord>,
    /// The run whose rejected rows are read again.
    replays: Option<RunRecord>,
}

impl Desk {
    async fn run(&self, request: &RunRequest, watcher: &dyn Watcher) -> Result<RunReport> {
        let Some(file) = self.file() else {
            let occasion = Occasion {
                bizdate: String::new(),
                part: request.part.unwrap_or_default(),
            };
            return self.refuse(&occasion, self.loaded.findings.clone()).await;
        };
        let start = match self.start(request, file).await? {
            Ok(start) => start,
            Err((occasion, finding)) => return self.refuse(&occasion, vec![*finding]).await,
        };
        let access = self.access();
        let opened = tokio::select! {
            opened = ends::open(file, &access) => opened,
            stopped = self.stopped() => return self.keep_stopped(stopped, &start.occasion).await,
        };
        let (Some(ends), opening) = opened else {
            let compiled = Compiled::none(&self.loaded, opened.1);
            return self.refuse(&start.occasion, compiled.findings).await;
        };
        if let Some(blocker) = self.settle(&start, &ends, watcher).await? {
            let compiled = Compiled::none(&self.loaded, vec![blocker]);
            return self.refuse(&start.occasion, compiled.findings).await;
        }
        let last = last_loads::read(&self.store, &self.name).await?;
        let adding = start.replays.as_ref().map(|_| replay::adding(&self.loaded));
        let planning = Planning {
            loaded: adding.as_ref().unwrap_or(&self.loaded),
            ends: &ends,
            occasion: &start.occasion,
            environment: self.environment,
            tables: None,
            look: None,
        };
        let compiled = tokio::select! {
            compiled = planning.compile(opening, &last) => compiled,
            stopped = self.stopped() => return self.keep_stopped(stopped, &start.occasion).await,
        };
        let compiled = match &start.replays {
            Some(run) => self.narrow(&start, run, &ends, compiled).await?,
            None => compiled,
        };
        self.carry_out(start, &ends, compiled, watcher).await
    }

    /// The file, where nothing forbids to run it.
    fn file(&self) -> Option<&MigrationFile> {
        let file = self.loaded.file.as_ref();
        file.filter(|_| !self.loaded.is_blocked())
    }

    /// How its ends are opened.
    fn access(&self) -> Access<'_> {
        Access {
            base: &self.loaded.base,
            environment: self.environment,
            trusted: &self.trusted,
        }
    }

    /// Ends when somebody cancels, or when the run's time is over before it began: a server that
    /// stands still says nothing.
    async fn stopped(&self) -> Stopped {
        tokio::select! {
            () = self.cancel.cancelled() => Stopped::Cancelled,
            () = self.time.over() => Stopped::TimedOut,
        }
    }

    async fn keep_stopped(&self, stopped: Stopped, occasion: &Occasion) -> Result<RunReport> {
        match stopped {
            Stopped::Cancelled => self.keep(RunState::Cancelled, occasion, Vec::new()).await,
            Stopped::TimedOut => {
                let mut finding = self.time.finding();
                self.loaded.locate([&mut finding]);
                self.refuse(occasion, vec![finding]).await
            }
        }
    }

    /// Which run it is, and when; or why there is none.
    async fn start(
        &self,
        request: &RunRequest,
        file: &MigrationFile,
    ) -> Result<std::result::Result<Start, (Occasion, Box<Finding>)>> {
        let spec = &file.migration;
        let last = self.store.last_started(&self.name).await?;
        let last = last.filter(|run| !run.settled);
        let unswept = self.unswept(last.as_ref()).await?;
        let unfinished = last.filter(|run| run.state != RunState::Succeeded);
        if request.resume {
            let replays = unfinished.as_ref().and_then(|run| run.replays.clone());
            let taken_up = resume::take_up(file, &self.loaded, unfinished);
            let replays = match replays {
                Some(replays) => self.store.run(&replays).await?,
                None => None,
            };
            return Ok(taken_up.map(|start| Start { replays, ..start }));
        }
        if let Some(id) = &request.replay {
            return self.start_replay(file, id, unfinished, unswept).await;
        }
        let occasion = Occasion {
            bizdate: bizdate(request.bizdate.as_deref(), spec, self.clock)?,
            part: part(request.part, spec)?,
        };
        if let Some(run) = &unfinished {
            let appends = spec.destination.loading_policy == LoadingPolicy::Append;
            if appends && !request.anew {
                let message = format!(
                    "run {} did not finish, and what it loaded would be appended a second time",
                    run.id
                );
                let mut finding = Finding::blocker(
                    "UNFINISHED_RUN",
                    "migration.destination.loading-policy",
                    message,
                )
                .hint("take it up with --resume, or say --anew if rows may be there twice");
                self.loaded.locate([&mut finding]);
                return Ok(Err((occasion, Box::new(finding))));
            }
        }
        Ok(Ok(Start {
            id: RunId::generate(),
            occasion,
            resumed: None,
            left: unfinished.or(unswept),
            replays: None,
        }))
    }

    /// Keeps a run that was refused before anything moved.
    async fn refuse(&self, occasion: &Occasion, findings: Vec<Finding>) -> Result<RunReport> {
        self.keep(RunState::Refused, occasion, findings).await
    }

    /// Keeps a run that ended before it began.
    async fn keep(
        &self,
        state: RunState,
        occasion: &Occasion,
        findings: Vec<Finding>,
    ) -> Result<RunReport> {
        let report = self.unflown(state, occasion, findings);
        self.keep_unstarted(&report, occasion, None).await?;
        Ok(report)
    }

    /// The report of a run in which nothing moved.
    fn unflown(
        &self,
        state: RunState,
        occasion: &Occasion,
        mut findings: Vec<Finding>,
    ) -> RunReport {
        Finding::by_weight(&mut findings);
        RunReport {
            run: RunId::generate(),
            migration: self.name.clone(),
            state,
            bizdate: occasion.bizdate.clone(),
            rows: 0,
            bytes: 0,
            seconds: 0.0,
            tables: Vec::new(),
            moments: 0,
            findings,
        }
    }

    async fn keep_unstarted(
        &self,
        report: &RunReport,
        occasion: &Occasion,
        plan: Option<&Plan>,
    ) -> Result<()> {
        let now = self.clock.stamp();
        let run = NewRun {
            id: report.run.clone(),
            migration: &self.name,
            started_at: now.clone(),
            bizdate: &occasion.bizdate,
            part: occasion.part,
            spec: None,
            plan,
            replays: None,
        };
        self.store.start_run(run).await?;
        self.store.end_run(report, &now).await
    }
}
