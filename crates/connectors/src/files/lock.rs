//! One table at a time: a lock file that dies with its owner. Held while a load is published, settled
//! or cleaned, never while rows are written.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use formats::disk::io_error;
use model::{Error, ErrorKind, Result, Retry, Side};
use rustix::fs::{FlockOperation, flock};

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the table's lock, at most `patience`. Blocking.
    pub(super) fn take(path: &Path, patience: Duration) -> Result<Self> {
        if let Some(folder) = path.parent() {
            super::layout::make_folder(folder)?;
        }
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| io_error("open", path, error))?;
        let started = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) if started.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(taken(path)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(io_error("lock", path, error.into())),
            }
        }
    }
}

fn taken(path: &Path) -> Error {
    let message = format!(
        "another process publishes to this table: {:?} is locked",
        path.display()
    );
    Error::new(ErrorKind::Conflict, "TABLE_LOCKED", message)
        .on(Side::Destination)
        .retry(Retry::Backoff)
        .hint("let two migrations not write to the same table at the same time")
}
