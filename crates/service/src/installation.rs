//! A running service: what its verbs share. Each verb stands with its noun, asks first whether the caller may,
//! and leaves a line in the audit log with what it changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use contract::{CancellationToken, Reach};
use jiff::Timestamp;
use model::plan::Environment;
use model::secret::Unsealed;
use model::{Error, ErrorKind, ObjectId, Result};
use store::{By, KeyRing, Noun, Page, Store, Stored};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::access::attempts::Attempts;
use crate::access::network::{LocalRoots, NetworkPolicy};
use crate::access::rights::Caller;
use crate::access::token::SetUp;
use crate::alerts::Mail;
use crate::clock::Clock;
use crate::dashboard::Glances;
use crate::ends::Trusted;
use crate::lineage::Lineage;

/// The longest page of a list.
pub const LONGEST_PAGE: u32 = 500;
/// A page where none is asked for.
const USUAL_PAGE: u32 = 50;

/// What a service is told when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names this server among those that share the store.
    pub server: String,
    /// Names the server of this data folder, after a restart as before: what it held is its own again.
    pub owner: String,
    /// The store's own id.
    pub installation: ObjectId,
    /// Which hosts data sources may name.
    pub network: NetworkPolicy,
    /// Under which folders data sources may lie.
    pub roots: LocalRoots,
    /// At most so many days are made up for after a downtime.
    pub most_days: u16,
    /// How long instances are kept after their end, in days.
    pub keep_instances_days: u32,
    /// How long the audit log is kept, in days.
    pub keep_audit_days: u32,
    /// How long a person's session lasts, in hours; a quarter of it unused ends it, too.
    pub session_hours: u32,
    /// Who sends mail for alerts.
    pub mail: Option<Mail>,
    /// Who is told of what runs.
    pub lineage: Option<Lineage>,
}

/// A running service. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inside>);

struct Inside {
    store: Store,
    keys: KeyRing,
    clock: Clock,
    settings: Settings,
    attempts: Attempts,
    set_up: SetUp,
    glances: Glances,
    news: watch::Sender<()>,
    /// Long work, waited for at the end.
    work: TaskTracker,
    stop: CancellationToken,
}

impl Service {
    /// A service over this memory. `set_up` lets the first administrator in.
    pub fn new(
        (store, keys): (Store, KeyRing),
        clock: Clock,
        settings: Settings,
        set_up: SetUp,
    ) -> Self {
        Self(Arc::new(Inside {
            store,
            keys,
            clock,
            settings,
            attempts: Attempts::default(),
            set_up,
            glances: Glances::default(),
            news: watch::Sender::new(()),
            work: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// The memory.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What seals secrets.
    pub fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What time it is.
    pub fn clock(&self) -> Clock {
        self.0.clock
    }

    /// Dashboards that were told lately.
    pub(crate) fn glances(&self) -> &Glances {
        &self.0.glances
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    pub(crate) fn set_up(&self) -> &SetUp {
        &self.0.set_up
    }

    /// Wakes whoever waits for news: followers of events, the scheduler.
    pub fn tell(&self) {
        self.0.news.send_replace(());
    }

    /// Changes whenever something may have happened on this server.
    pub fn news(&self) -> watch::Receiver<()> {
        self.0.news.subscribe()
    }

    /// Ends when the service does.
    pub fn stopping(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    /// Does long work beside the request that asked for it. It is waited for when the service ends, and must
    /// end itself once [`Service::stopping`] does.
    pub fn work(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.work.spawn(work);
    }

    /// Ends all work, and waits for it.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.work.close();
        self.0.work.wait().await;
    }

    /// Who does something now.
    pub(crate) fn by(&self, caller: &Caller) -> By {
        By {
            person: caller.user.clone(),
            address: caller.address.map(|at| at.to_string()).unwrap_or_default(),
            request: caller.request.clone(),
            at: self.clock().millis(),
        }
    }

    /// The object of this id, if it is of the project.
    pub(crate) async fn of_project<T: Noun>(
        &self,
        project: &str,
        id: &ObjectId,
    ) -> Result<Stored<T>> {
        let found = self.store().get::<T>(id).await?;
        found
            .filter(|stored| stored.project == project)
            .ok_or_else(|| not_there(T::KIND, id.as_str()))
    }

    /// The texts of the sealed secrets of these objects, for as long as a connection is made.
    pub(crate) async fn unseal(&self, objects: &[&ObjectId]) -> Result<Unsealed> {
        let mut texts = BTreeMap::new();
        for object in objects {
            for (id, sealed) in self.store().secrets(object).await? {
                let text = self.keys().unseal(&id, &sealed)?;
                texts.insert(id, text);
            }
        }
        Ok(texts.into_iter().collect())
    }

    /// The same, with where connections of data sources may lead.
    pub(crate) async fn trusted(&self, objects: &[&ObjectId]) -> Result<Trusted> {
        Ok(Trusted {
            unsealed: self.unseal(objects).await?,
            reach: self.reach(),
        })
    }

    /// Where connections of data sources may lead.
    pub(crate) fn reach(&self) -> Reach {
        Reach::judged(Arc::new(self.settings().network.clone()))
    }

    /// The folder that relative paths of data sources would start at: there is none, they are absolute.
    pub(crate) fn base(&self) -> PathBuf {
        self.store().folder().to_owned()
    }
}

/// That there is no such object in the project.
pub(crate) fn not_there(kind: &str, id: &str) -> Error {
    let message = format!("there is no {kind} {id:?} in this project");
    Error::new(ErrorKind::NotFound, "NOT_THERE", message).hint("it was removed, or never was")
}

/// A page as it was asked for, within bounds.
pub(crate) fn page(after: Option<String>, containing: Option<String>, limit: Option<u32>) -> Page {
    Page {
        after: after.unwrap_or_default(),
        containing: containing.unwrap_or_default(),
        limit: limit.unwrap_or(USUAL_PAGE).clamp(1, LONGEST_PAGE),
    }
}

/// A moment, from the store's milliseconds.
pub fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The environment that a project's mode knows: in Basic there is production alone.
pub(crate) fn known_environment(environment: Environment, dev_prod: bool) -> Result<Environment> {
    if environment == Environment::Development && !dev_prod {
        let message = "a project of the mode basic has no development environment";
        return Err(Error::new(ErrorKind::Config, "NOT_OF_MODE", message).hint("leave it out"));
    }
    Ok(environment)
}
