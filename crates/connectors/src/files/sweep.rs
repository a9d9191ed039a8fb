//! What remains of loads: settled, given up or cleaned under the table's lock. Removes nothing that a
//! reader can see by a path, and replaced folders only when their grace is over.

use std::fs;
use std::path::Path;

use contract::{Receipt, Staging};
use formats::disk::{io_error, sync_folder};
use model::Result;

use super::layout::{Root, make_folder, remove_folder};
use super::manifest::names;
use super::publish::Publication;

/// How long it is remembered that a load was given up.
const TOMBSTONE_SECONDS: i64 = 30 * 24 * 3_600;

/// Was this load published? Where not, it never will be. Blocking.
pub(super) fn settle(root: &Root, staging: &Staging) -> Result<Option<Receipt>> {
    let publication = Publication::begin(root, staging)?;
    if publication.published()? {
        publication.make_durable()?;
        return Ok(Some(publication.receipt()));
    }
    publication.make_impossible()?;
    Ok(None)
}

/// Removes what the load left; the folder that it replaced stays for its grace. Blocking.
pub(super) fn clear(root: &Root, staging: &Staging, now: i64, grace_seconds: i64) -> Result<()> {
    let load_folder = root.load(&staging.load);
    if !root.staging().exists() {
        return Ok(());
    }
    let publication = Publication::begin(root, staging)?;
    let sibling = root.sibling(&staging.load);
    if grace_seconds > 0 && sibling.exists() && publication.published()? {
        let replaced = root.replaced();
        make_folder(&replaced)?;
        let kept = replaced.join(format!("{}-{}", now + grace_seconds, staging.load));
        fs::rename(&sibling, &kept).map_err(|error| io_error("put aside", &sibling, error))?;
    }
    drop(publication);
    remove_folder(&load_folder)?;
    sync_folder(&root.staging())
}

/// Removes replaced folders whose grace is over, and old tombstones. Blocking.
pub(super) fn expire(root: &Root, now: i64) -> Result<()> {
    let replaced = root.replaced();
    for name in names(&replaced)? {
        let until = name
            .split_once('-')
            .and_then(|(until, _)| until.parse::<i64>().ok());
        if until.is_some_and(|until| until <= now) {
            remove_folder(&replaced.join(&name))?;
        }
    }
    let tombstones = root.staging().join(".aborted");
    for name in names(&tombstones)? {
        let tombstone = tombstones.join(name);
        if is_older(&tombstone, now - TOMBSTONE_SECONDS) {
            fs::remove_file(&tombstone).map_err(|error| io_error("remove", &tombstone, error))?;
        }
    }
    Ok(())
}

fn is_older(path: &Path, than: i64) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.mtime() < than)
}
