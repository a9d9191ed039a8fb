//! The manifest in a live folder: which files it is made of, and which loads it has seen. It is
//! written once, before its folder becomes visible, and never changed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use formats::disk::io_error;
use model::plan::TableSchema;
use model::{Error, ErrorKind, LoadId, Result, Side};
use serde::{Deserialize, Serialize};

use super::layout::{MANIFEST, check_file};

/// How many loads a folder remembers.
const KEPT_LOADS: usize = 1_000;

/// The manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LiveManifest {
    /// The form of this file.
    version: u32,
    /// Oldest first; the last one made this folder.
    pub(super) loads: Vec<LoadId>,
    /// In the order in which they came.
    pub(super) files: Vec<DataFile>,
    /// The table as the last load declared it, with comments, which Parquet does not hold.
    pub(super) table: TableSchema,
}

/// One Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFile {
    /// Its name in the folder.
    pub(super) name: String,
    /// Its rows.
    pub(super) rows: u64,
    /// Its size.
    pub(super) bytes: u64,
}

impl LiveManifest {
    /// The manifest of a folder that `load` makes of `files`, after `before`.
    pub(super) fn next(
        before: Option<&Self>,
        load: &LoadId,
        files: Vec<DataFile>,
        table: TableSchema,
    ) -> Self {
        let mut loads = before.map_or_else(Vec::new, |before| before.loads.clone());
        loads.push(load.clone());
        loads.drain(..loads.len().saturating_sub(KEPT_LOADS));
        Self {
            version: 1,
            loads,
            files,
            table,
        }
    }

    /// The manifest of a folder; none where it has none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path, error)),
        };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| bad(&path, &error.to_string()).caused_by(error))?;
        if manifest.version != 1 {
            return Err(bad(
                &path,
                &format!("version {} is unknown", manifest.version),
            ));
        }
        manifest
            .files
            .iter()
            .try_for_each(|file| check_file(&file.name))?;
        Ok(Some(manifest))
    }

    /// Writes it into a folder that nobody sees yet; durable with the folder.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("a manifest is not json").caused_by(error))?;
        File::create_new(&path)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .map_err(|error| io_error("write", &path, error))
    }

    pub(super) fn has(&self, load: &LoadId) -> bool {
        self.loads.contains(load)
    }
}

fn bad(path: &Path, reason: &str) -> Error {
    let message = format!("could not read {:?}: {reason}", path.display());
    Error::new(ErrorKind::Data, "BAD_MANIFEST", message).on(Side::Destination)
}

/// The names in a folder, sorted; empty where it is not there.
pub(super) fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let failed = |error| io_error("list", folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    entries
        .map(|entry| {
            let name = entry.map_err(failed)?.file_name();
            Ok(name.to_string_lossy().into_owned())
        })
        .collect()
}

/// Names in a unit's folder that its manifest does not name: somebody else's.
pub(super) fn strangers(folder: &Path, manifest: Option<&LiveManifest>) -> Result<Vec<String>> {
    let mut names = names(folder)?;
    if let Some(manifest) = manifest {
        names.remove(MANIFEST);
        for file in &manifest.files {
            names.remove(&file.name);
        }
    }
    Ok(names.into_iter().collect())
}

/// The first few of them, for a message.
pub(super) fn shown(names: &[String]) -> String {
    let first: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("{name:?}"))
        .collect();
    match names.len().saturating_sub(3) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
