//! One run per migration and data folder at a time, and one server per data folder: a lock on a file, held by
//! the open file itself, so that it dies with its owner, however that ends.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use model::{Error, ErrorKind, ObjectId, Result, Side};
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
        match Locked::take(&path)? {
            Ok(mut locked) => {
                locked.note(&path, &std::process::id().to_string())?;
                Ok(Self { _file: locked.file })
            }
            Err(note) => Err(held(&note, migration)),
        }
    }
}

/// Held as long as a server is there; let go by dropping.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
    owner: String,
}

impl ServerLock {
    /// Takes the lock of the data folder, or refuses at once (`FOLDER_IN_USE`), naming the process that holds
    /// it. Blocks for file operations only.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("server.lock");
        match Locked::take(&path)? {
            Ok(mut locked) => {
                let known = locked.text.lines().nth(1).map(str::to_owned);
                let owner = known.unwrap_or_else(|| ObjectId::generate().to_string());
                locked.note(&path, &format!("{}\n{owner}\n", std::process::id()))?;
                Ok(Self {
                    _file: locked.file,
                    owner,
                })
            }
            Err(note) => Err(Error::new(
                ErrorKind::Conflict,
                "FOLDER_IN_USE",
                format!("{} serves with this data folder", process(&note)),
            )
            .on(Side::Store)
            .hint("stop it first, or give this server a data folder of its own with --data")),
        }
    }

    /// What names the server of this data folder, after a restart as before: whoever holds the lock knows that
    /// all who were called so before are gone.
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

/// A locked file, and what stands in it.
struct Locked {
    file: File,
    text: String,
}

impl Locked {
    /// The file, locked; or what its holder has noted in it.
    fn take(path: &Path) -> Result<std::result::Result<Self, String>> {
        let failed = |cause: std::io::Error| folder_error(path, &cause);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let mut file = file.map_err(failed)?;
        let is_ours = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        };
        let mut text = String::new();
        // What cannot be read names nobody.
        let _ = file.read_to_string(&mut text);
        Ok(match is_ours {
            true => Ok(Self { file, text }),
            false => Err(text),
        })
    }

    fn note(&mut self, path: &Path, text: &str) -> Result<()> {
        let noted = self.file.set_len(0).and_then(|()| self.file.rewind());
        noted
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .map_err(|cause| folder_error(path, &cause))
    }
}

/// Who has noted this.
fn process(note: &str) -> String {
    match note.lines().next().unwrap_or_default().parse::<u32>() {
        Ok(process) => format!("process {process}"),
        Err(_) => "another process".to_owned(),
    }
}

fn held(note: &str, migration: &str) -> Error {
    let owner = process(note);
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

    #[test]
    fn a_data_folder_has_one_server_which_is_called_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = ServerLock::take(folder.path()).unwrap();
        let owner = first.owner().to_owned();
        let error = ServerLock::take(folder.path()).unwrap_err();
        assert_eq!(error.code, "FOLDER_IN_USE");
        let process = format!("process {} serves", std::process::id());
        assert!(error.message.starts_with(&process), "{error}");
        drop(first);
        assert_eq!(ServerLock::take(folder.path()).unwrap().owner(), owner);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(ServerLock::take(other.path()).unwrap().owner(), owner);
    }
}
