//! A store that was put back from a backup does not know what was done since. What may have been is held until
//! a person says whether it was: nothing is loaded twice because a store forgot it.
//!
//! How far a store had come is noted beside it, in the data folder of each server: a store that is behind that
//! was put back, and is refused until somebody says that they know.

use std::path::{Path, PathBuf};

use model::{Error, ErrorKind, Result, Side};
use serde_json::json;
use store::{By, Move, Store};

use crate::clock::Clock;

const FILE: &str = "store.mark";
/// Up to which moment what the calendar makes is held, in milliseconds since 1970, as the store keeps it.
const HELD: &str = "held";
/// Changes that are written by one transaction.
const AT_ONCE: usize = 500;

/// How far a store had come when this server last looked.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    /// Which store: its own id.
    store: String,
    noted: i64,
}

impl Mark {
    pub(crate) fn new(folder: &Path, store: &str) -> Self {
        Self {
            path: folder.join(FILE),
            store: store.to_owned(),
            noted: 0,
        }
    }

    /// Notes how far the store has come. A mark that cannot be written is missed by nobody but whoever
    /// restores.
    pub(crate) async fn note(&mut self, change: i64) {
        if change <= self.noted {
            return;
        }
        match tokio::fs::write(&self.path, format!("{} {change}\n", self.store)).await {
            Ok(()) => self.noted = change,
            Err(error) => tracing::warn!(%error, path = %self.path.display(), "no mark"),
        }
    }

    /// How far this store had come; 0 where nobody noted it.
    async fn read(&self) -> i64 {
        let text = tokio::fs::read_to_string(&self.path).await;
        let text = text.unwrap_or_default();
        let noted = text.trim().split_once(' ');
        let noted = noted.filter(|(store, _)| *store == self.store);
        noted
            .and_then(|(_, change)| change.parse().ok())
            .unwrap_or(0)
    }
}

/// Refuses a store that is behind what this server has seen of it (`STORE_RESTORED`); where it is known that it
/// was restored, holds what may have been done since.
pub(crate) async fn check(store: &Store, mark: &Mark, clock: Clock, restored: bool) -> Result<()> {
    let (found, known) = (store.last_change().await?, mark.read().await);
    if restored {
        let held = hold(store, clock).await?;
        tracing::warn!(
            instances = held,
            "what may have been done since the backup is held"
        );
        return Ok(());
    }
    if found >= known {
        return Ok(());
    }
    let message = format!(
        "the store is older than what this server has seen of it (change {found}, and {known} was seen): it was \
         put back from a backup"
    );
    Err(Error::new(ErrorKind::Conflict, "STORE_RESTORED", message)
        .on(Side::Store)
        .hint(
            "start once with --restored: what may have been done since the backup is held until somebody resumes \
             it or sets it to succeeded",
        ))
}

/// Holds what has not ended, and all that the calendar makes of the time up to now. How many instances.
async fn hold(store: &Store, clock: Clock) -> Result<usize> {
    let at = clock.millis();
    let (open, _) = store.open_instances().await?;
    let open = open.iter().map(|(instance, _)| instance);
    let open: Vec<Move> = open
        .filter(|instance| !instance.state.is_ended())
        .map(|instance| Move {
            paused: true,
            ..Move::of(instance, instance.state, at)
        })
        .collect();
    let mut held = 0;
    for moves in open.chunks(AT_ONCE) {
        held += store.move_instances(moves).await?.len();
    }
    store.keep_bookmark(HELD, at).await?;
    let by = By {
        person: "godwit".to_owned(),
        at,
        ..By::default()
    };
    let detail = json!({ "held": held });
    store
        .note(&by, "store.restored", ("", "store"), &detail)
        .await?;
    Ok(held)
}

/// Up to which moment what the calendar makes is held.
pub(crate) async fn held_until(store: &Store) -> Result<i64> {
    Ok(store.bookmark(HELD).await?.unwrap_or(i64::MIN))
}
