//! Files that are on the disk when we say so: the file and the folders that lead to it are synced.

use std::fs::{self, File};
use std::io::{ErrorKind as IoKind, Write};
use std::path::Path;

use formats::disk::io_error;
pub(super) use formats::disk::sync_folder;
use model::Result;

/// Writes a new file and syncs it; its folder is synced by `sync_folder`.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    let attempt = || {
        let mut file = File::options().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    attempt().map_err(|error| io_error("write", path, error))
}

/// Syncs a file that somebody else wrote.
pub(super) fn sync_file(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| io_error("sync", path, error))
}

/// Makes a folder and those above it, and syncs each folder that got a new name.
pub(super) fn create_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_folder(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == IoKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(io_error("create", path, error)),
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes a file; one that is not there is removed already. Says whether it was there.
pub(super) fn remove_file(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == IoKind::NotFound => Ok(false),
        Err(error) => Err(io_error("remove", path, error)),
    }
}

/// Removes a folder if it is empty; anything else is left alone.
pub(super) fn remove_empty_folder(path: &Path) {
    let _not_empty = fs::remove_dir(path);
}

/// The names in a folder; none where the folder is not there.
pub(super) fn names(path: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("list", path, error)),
    };
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()
        .map_err(|error| io_error("list", path, error))
}
