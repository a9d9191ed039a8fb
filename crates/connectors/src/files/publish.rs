//! How a load becomes visible, all or none. Overwrite and append do the same: the next folder of the
//! table (or partition) is built complete beside the live one, and the two change places at once.
//!
//! 1. the table's lock; a tombstone of the load means no, a manifest with the load means done already
//! 2. a sibling folder of an attempt that died before step 5 goes
//! 3. the sibling is made: hard links to the files of the load, for append to the live ones, too
//! 4. its manifest is written; manifest and folder are made durable
//! 5. exchange with the live folder; where there is none, a rename that replaces nothing
//! 6. both parents are made durable
//!
//! Step 5 is the commit: a reader that lists the folder by its path, or holds it open, sees all of the
//! old files or all of the new ones. Whoever dies before leaves what [`super::sweep`] removes; whoever dies after
//! leaves the old folder as the sibling, and a manifest that names the load.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::{CommitOutcome, Manifest, Part, Receipt, Staging};
use formats::disk::{io_error, sync_folder};
use formats::parquet::{self, ParquetFileWriter, ParquetOptions};
use model::migration::LoadingPolicy;
use model::plan::TableChange;
use model::{Error, ErrorKind, LoadId, Result, Side};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::existing::Units;
use super::layout::{
    Root, Target, check_file, check_load, make_folder, partition_column, remove_folder,
};
use super::lock::Lock;
use super::manifest::{DataFile, LiveManifest, names, shown, strangers};

/// How long a process waits for the other one that publishes to the same table.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a writer says of its files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WrittenFiles {
    pub(super) files: Vec<DataFile>,
}

impl WrittenFiles {
    pub(super) fn of(part: &Part) -> Result<Self> {
        let files: Self = serde_json::from_value(part.payload.clone())
            .map_err(|error| Error::internal("a part is not of files").caused_by(error))?;
        files
            .files
            .iter()
            .try_for_each(|file| check_file(&file.name))?;
        Ok(files)
    }

    /// Of all manifests; each file once.
    pub(super) fn all(manifests: &[Manifest]) -> Result<Vec<DataFile>> {
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        for manifest in manifests {
            for file in Self::of(&manifest.part)?.files {
                if !seen.insert(file.name.clone()) {
                    let message = format!("file {:?} is named twice", file.name);
                    return Err(Error::internal(message));
                }
                all.push(file);
            }
        }
        Ok(all)
    }
}

/// Publishes the rows of `manifests`. Blocking.
pub(super) fn commit(
    root: &Root,
    staging: &Staging,
    manifests: &[Manifest],
    options: &ParquetOptions,
) -> CommitOutcome {
    let publication = match Publication::begin(root, staging) {
        Ok(publication) => publication,
        Err(error) => return CommitOutcome::Unknown(error),
    };
    match publication.published() {
        Err(error) => return CommitOutcome::Unknown(error),
        Ok(true) => {}
        Ok(false) => {
            let made = WrittenFiles::all(manifests)
                .and_then(|files| publication.build(&files, options))
                .and_then(|()| publication.exchange());
            if let Err(error) = made {
                // An exchange that reports an error has not happened, but who looks knows.
                match publication.published() {
                    Ok(true) => {}
                    Ok(false) => {
                        drop(remove_folder(&root.sibling(&staging.load)));
                        return CommitOutcome::NotDone(error);
                    }
                    Err(_) => return CommitOutcome::Unknown(error),
                }
            }
        }
    }
    match publication.make_durable() {
        Ok(()) => CommitOutcome::Done(publication.receipt()),
        Err(error) => CommitOutcome::Unknown(error),
    }
}

/// One load about to be published, under its table's lock.
pub(super) struct Publication<'a> {
    root: &'a Root,
    staging: &'a Staging,
    target: Target,
    _lock: Lock,
}

impl<'a> Publication<'a> {
    /// Takes the lock.
    pub(super) fn begin(root: &'a Root, staging: &'a Staging) -> Result<Self> {
        check_load(&staging.load)?;
        let target = Target::of(&staging.write)?;
        Ok(Self {
            _lock: Lock::take(&root.lock(&target), PATIENCE)?,
            root,
            staging,
            target,
        })
    }

    fn load(&self) -> &LoadId {
        &self.staging.load
    }

    /// The live folder.
    pub(super) fn unit(&self) -> PathBuf {
        self.root.unit(&self.target)
    }

    /// Whether the live folder has seen this load.
    pub(super) fn published(&self) -> Result<bool> {
        let live = LiveManifest::read(&self.unit())?;
        Ok(live.is_some_and(|live| live.has(self.load())))
    }

    pub(super) fn receipt(&self) -> Receipt {
        Receipt {
            load: self.load().clone(),
            payload: json!({"folder": self.target.display()}),
        }
    }

    /// Steps 2 to 4.
    pub(super) fn build(&self, files: &[DataFile], options: &ParquetOptions) -> Result<()> {
        self.refuse_aborted()?;
        let live = LiveManifest::read(&self.unit())?;
        self.refuse_strangers(live.as_ref())?;
        let sibling = self.root.sibling(self.load());
        remove_folder(&sibling)?;
        let unit = match &self.target.partition {
            Some(partition) if self.replaces_the_table() => sibling.join(partition),
            _ => sibling.clone(),
        };
        make_folder(&unit)?;
        let mut all = Vec::new();
        if self.staging.write.policy == LoadingPolicy::Append
            && !self.is_anew()
            && let Some(live) = &live
        {
            all.extend(live.files.iter().filter(|file| file.rows > 0).cloned());
            link_all(&all, &self.unit(), &unit)?;
        }
        link_all(files, &self.root.written(self.load()), &unit)?;
        all.extend_from_slice(files);
        if all.is_empty() {
            all.push(self.empty_file(&unit, options)?);
        }
        let table = self.staging.write.table.clone();
        LiveManifest::next(live.as_ref(), self.load(), all, table).write(&unit)?;
        self.keep_rights(&unit)?;
        sync_folder(&unit)?;
        sync_folder(&sibling)
    }

    /// Step 5.
    pub(super) fn exchange(&self) -> Result<()> {
        let sibling = self.root.sibling(self.load());
        let live = if self.replaces_the_table() {
            self.root.table(&self.target)
        } else {
            self.unit()
        };
        exchange(&sibling, &live)
    }

    /// Step 6.
    pub(super) fn make_durable(&self) -> Result<()> {
        sync_folder(&self.root.0)?;
        if self.target.partition.is_some() {
            sync_folder(&self.root.table(&self.target))?;
        }
        let load_folder = self.root.load(self.load());
        if load_folder.is_dir() {
            sync_folder(&load_folder)?;
        }
        Ok(())
    }

    /// Makes sure that this load will not be published any more. Durable.
    pub(super) fn make_impossible(&self) -> Result<()> {
        let tombstone = self.root.tombstone(self.load());
        if let Some(folder) = tombstone.parent() {
            make_folder(folder)?;
        }
        fs::File::options()
            .create(true)
            .append(true)
            .open(&tombstone)
            .and_then(|file| file.sync_all())
            .map_err(|error| io_error("make", &tombstone, error))?;
        tombstone.parent().map_or(Ok(()), sync_folder)
    }

    /// The table is made anew: nothing of its folder stays.
    fn is_anew(&self) -> bool {
        self.staging.write.change == TableChange::Recreate
    }

    /// The load arrives in the table's own folder: with the first partition of a table, and where the
    /// table is made anew, with all its partitions.
    fn replaces_the_table(&self) -> bool {
        self.is_anew()
            || (self.target.partition.is_some() && !self.root.table(&self.target).exists())
    }

    pub(super) fn refuse_aborted(&self) -> Result<()> {
        if !self.root.tombstone(self.load()).exists() {
            return Ok(());
        }
        let message = format!("load {} was given up before", self.load());
        Err(Error::new(ErrorKind::Conflict, "LOAD_ABORTED", message).on(Side::Destination))
    }

    fn refuse_strangers(&self, live: Option<&LiveManifest>) -> Result<()> {
        let table = self.root.table(&self.target);
        for folder in [&table, &self.unit()] {
            refuse_other_than_folder(folder)?;
        }
        if self.is_anew() {
            return match Units::of(&table)?.foreign(&table)? {
                Some((folder, strange)) => Err(foreign(&folder, &strange)),
                None => Ok(()),
            };
        }
        let strange = strangers(&self.unit(), live)?;
        if !strange.is_empty() {
            return Err(foreign(&self.unit(), &strange));
        }
        if let Some(partition) = &self.staging.write.partition {
            let ours = |name: &str| partition_column(name).as_ref() == Some(&partition.column);
            let others: Vec<String> = names(&table)?
                .into_iter()
                .filter(|name| !ours(name))
                .collect();
            if !others.is_empty() {
                return Err(foreign(&table, &others));
            }
        }
        Ok(())
    }

    /// A table without rows has a file, too, so that readers see its columns.
    fn empty_file(&self, folder: &Path, options: &ParquetOptions) -> Result<DataFile> {
        let columns = super::writer::file_columns(&self.staging.write);
        let name = format!("empty-{}.parquet", self.load());
        let schema = parquet::schema(&columns, None)?;
        let summary = ParquetFileWriter::create(&folder.join(&name), schema, options)?.finish()?;
        Ok(DataFile {
            name,
            rows: 0,
            bytes: summary.bytes,
        })
    }

    /// Whoever could read the old folder can read the new one.
    fn keep_rights(&self, unit: &Path) -> Result<()> {
        if self.is_anew() && self.target.partition.is_some() {
            let table = self.root.table(&self.target);
            keep_rights_of(&table, &self.root.sibling(self.load()))?;
            return keep_rights_of(&table, unit);
        }
        keep_rights_of(&self.unit(), unit)
    }
}

fn keep_rights_of(live: &Path, made: &Path) -> Result<()> {
    match fs::metadata(live) {
        Ok(live) => fs::set_permissions(made, live.permissions())
            .map_err(|error| io_error("set the rights of", made, error)),
        Err(_) => Ok(()),
    }
}
/// The error for a folder that holds what no manifest of ours names.
pub(super) fn foreign(folder: &Path, names: &[String]) -> Error {
    let message = format!(
        "{:?} holds what godwit did not write: {}",
        folder.display(),
        shown(names)
    );
    Error::new(ErrorKind::Conflict, "FOREIGN_FILES", message)
        .on(Side::Destination)
        .hint("move them away, or choose another path or table name")
}

/// Links and files in the place of a folder are never followed or replaced.
pub(super) fn refuse_other_than_folder(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_dir() => {
            let message = format!("{:?} is there and is not a folder", path.display());
            Err(Error::new(ErrorKind::Conflict, "NOT_A_FOLDER", message)
                .on(Side::Destination)
                .hint("move it away, or choose another path or table name"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("look at", path, error)),
    }
}

fn link_all(files: &[DataFile], from: &Path, to: &Path) -> Result<()> {
    for file in files {
        let (old, new) = (from.join(&file.name), to.join(&file.name));
        let found = fs::metadata(&old).map_err(|error| io_error("find", &old, error))?;
        if found.len() != file.bytes {
            let message = format!(
                "{:?} has {} bytes instead of {}",
                old.display(),
                found.len(),
                file.bytes
            );
            return Err(Error::new(ErrorKind::Data, "FILE_CHANGED", message).on(Side::Destination));
        }
        fs::hard_link(&old, &new).map_err(|error| io_error("link", &new, error))?;
    }
    Ok(())
}

/// `made` takes the place of `live` at once, and the other way round where `live` is there.
pub(super) fn exchange(made: &Path, live: &Path) -> Result<()> {
    let flags = if live.exists() {
        RenameFlags::EXCHANGE
    } else {
        RenameFlags::NOREPLACE
    };
    renameat_with(CWD, made, CWD, live, flags).map_err(|errno| {
        use rustix::io::Errno;
        if matches!(
            errno,
            Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::XDEV
        ) {
            let message = format!(
                "the file system of {:?} cannot exchange folders",
                live.display()
            );
            return Error::new(ErrorKind::Unsupported, "EXCHANGE_UNSUPPORTED", message)
                .on(Side::Destination)
                .hint("use a path on a local disk (ext4, xfs, btrfs, tmpfs)");
        }
        io_error("publish", live, errno.into())
    })
}
