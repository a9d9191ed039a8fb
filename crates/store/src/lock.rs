//! One run per migration and data folder at a time: a lock on a file, held by the open file itself,
//! so that it dies with its owner, however that ends.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use model::{Error, ErrorKind, Result, Side};
use sha2::{Digest, Sha256};

use crate::open::folder_error;

/// Held while a migration runs; let go by dropping.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock of `migration` under the data folder, or refuses at once, naming the process
    /// that holds it. Blocks for file operations only.
    pub fn take(folder: &Path, migration: &str) -> Result<Self> {
        let locks = folder.join("locks");
        std::fs::create_dir_all(&locks).map_err(|cause| folder_error(&locks, &cause))?;
        let path = locks.join(format!("{}.lock", file_name(migration)));
        let failed = |cause: &std::io::Error| folder_error(&path, cause);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|cause| failed(&cause))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file, migration)),
            Err(TryLockError::Error(cause)) => return Err(failed(&cause)),
        }
        let note = std::process::id().to_string();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()))
            .map_err(|cause| failed(&cause))?;
        Ok(Self { _file: file })
    }
}

fn held(file: &mut File, migration: &str) -> Error {
    let mut note = String::new();
    let read = file.read_to_string(&mut note);
    let owner = match (read, note.trim().parse::<u32>()) {
        (Ok(_), Ok(process)) => format!("process {process}"),
        _ => "another process".to_owned(),
    };
    Error::new(
        ErrorKind::Conflict,
        "RUN_IN_PROGRESS",
        format!("migration {migration:?} is being run by {owner} with the same data folder"),
    )
    .on(Side::Store)
    .hint("wait until it ends, or stop it; the lock ends with its process")
}

fn file_name(migration: &str) -> String {
    let digest = Sha256::digest(migration.as_bytes());
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_and_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let held = RunLock::take(folder.path(), "shop/../x").unwrap();
        let error = RunLock::take(folder.path(), "shop/../x").unwrap_err();
        assert_eq!(error.code, "RUN_IN_PROGRESS");
        let owner = format!("process {}", std::process::id());
        assert!(error.message.contains(&owner), "{error}");
        RunLock::take(folder.path(), "another").unwrap();
        drop(held);
        RunLock::take(folder.path(), "shop/../x").unwrap();
    }
}
