//! What this server holds: the lease that says it is there, and how long others gave no sign of life. Clocks
//! of servers are never compared: `at` is always the time of this process's own clock that only goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::CancellationToken;
use model::Result;
use store::{Fence, Lease, Store};

/// How often a sign of life is given.
pub(super) const BEAT: Duration = Duration::from_secs(2);
/// Who could give none for so long stops its own work.
const GIVEN_UP: Duration = Duration::from_secs(10);
/// Who gave none for so long is taken for gone: later than it gave up itself.
pub(super) const GONE: Duration = Duration::from_secs(15);

/// What the leases of servers begin with.
pub(super) const SERVERS: &str = "server/";

/// Since when each lease stands still, as far as it was watched.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<String, (i64, i64, Duration)>);

impl Watch {
    /// For how long the lease has stood still: nothing, where it is seen for the first time, or moved.
    pub(super) fn still(&mut self, lease: &Lease, at: Duration) -> Duration {
        let seen = self.0.get(&lease.name);
        match seen {
            Some((fence, beat, since)) if (*fence, *beat) == (lease.fence, lease.beat) => {
                at.saturating_sub(*since)
            }
            _ => {
                let now = (lease.fence, lease.beat, at);
                self.0.insert(lease.name.clone(), now);
                Duration::ZERO
            }
        }
    }
}

/// A lease that is held here.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) fence: Fence,
    /// When it was last known to be ours.
    beaten: Duration,
    /// Ends what is done under it.
    pub(super) ended: CancellationToken,
}

impl Held {
    /// What names this server under this lease, with instances that it runs: after a restart it is another.
    pub(super) fn post(&self) -> String {
        post(&self.fence.name, self.fence.fence)
    }
}

/// What names a server under its lease, with instances that it runs.
pub(super) fn post(lease: &str, fence: i64) -> String {
    let server = lease.strip_prefix(SERVERS).unwrap_or(lease);
    format!("{server}#{fence}")
}

/// A lease that this server holds or would hold. Signs of life and all else may come from different tasks.
#[derive(Debug)]
pub(super) struct Presence {
    store: Store,
    name: String,
    /// The server of this data folder, and no other one.
    owner: String,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    held: Option<Held>,
    watch: Watch,
}

impl Presence {
    pub(super) fn new(store: Store, name: String, owner: String) -> Self {
        Self {
            store,
            name,
            owner,
            inside: Mutex::default(),
        }
    }

    /// What is held now.
    pub(super) fn held(&self) -> Option<Held> {
        self.inside().held.clone()
    }

    /// Gives a sign of life, or tries to come to the lease. Where it is lost, or none could be given for so
    /// long that others may take this server for gone, all that is done under it ends.
    pub(super) async fn beat(&self, at: Duration) {
        let outcome = match self.held() {
            Some(held) => self.go_on(held, at).await,
            None => self.come(at).await,
        };
        if let Err(error) = outcome {
            tracing::warn!(lease = self.name, code = error.code, %error, "no sign of life");
        }
    }

    async fn go_on(&self, held: Held, at: Duration) -> Result<()> {
        let beaten = self.store.beat(&held.fence).await;
        let is_lost = match &beaten {
            Ok(()) => false,
            Err(error) => error.code == "LEASE_LOST" || at.saturating_sub(held.beaten) >= GIVEN_UP,
        };
        let mut inside = self.inside();
        if is_lost {
            held.ended.cancel();
            inside.held = None;
        } else if let (Ok(()), Some(held)) = (&beaten, &mut inside.held) {
            held.beaten = at;
        }
        beaten
    }

    async fn come(&self, at: Duration) -> Result<()> {
        let mut taken = self.store.take_lease(&self.name, &self.owner).await?;
        if taken.is_none() {
            let mut found = self.store.leases(&self.name).await?;
            found.retain(|lease| lease.name == self.name);
            let Some(lease) = found.pop() else {
                return Ok(());
            };
            let still = self.inside().watch.still(&lease, at);
            // Our own: given up because no sign of life got through, or left by a process of this data folder
            // that is gone.
            if lease.owner == self.owner || still >= GONE {
                taken = self.store.take_over(&lease, &self.owner).await?;
            }
        }
        if let Some(lease) = taken {
            tracing::info!(lease = lease.name, fence = lease.fence, "lease taken");
            self.inside().held = Some(Held {
                fence: lease.fence(),
                beaten: at,
                ended: CancellationToken::new(),
            });
        }
        Ok(())
    }

    /// Ends what is done under it, and keeps it: what comes of that can be written.
    pub(super) fn cancel(&self) {
        if let Some(held) = &self.inside().held {
            held.ended.cancel();
        }
    }

    /// Lets go: another server need not wait.
    pub(super) async fn leave(&self) {
        let held = self.inside().held.take();
        if let Some(held) = held {
            held.ended.cancel();
            if let Err(error) = self.store.let_go(&held.fence).await {
                tracing::warn!(lease = self.name, code = error.code, %error, "not let go");
            }
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
