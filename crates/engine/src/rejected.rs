//! Rejected rows of a run: a file for each attempt at a split that rejects any, durable before the
//! split is journalled as done. The journal says which files count; others are leftovers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use contract::RejectedShelf;
use formats::rejected::{RejectedReader, RejectedWriter};
use model::migration::RejectedRows;
use model::run::RejectedRow;
use model::{Error, LoadId, PipelineId, Result, SplitId};
use serde::{Deserialize, Serialize};

use crate::journal::Entry;

/// So many rows beyond the limit are kept of each split, for a person to see what is wrong; a table with
/// more of them fails in any case.
const KEPT_BEYOND_LIMIT: u64 = 10_000;

/// What was kept of one split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedPart {
    /// The file's name in the run's folder of rejected rows.
    pub file: String,
    /// How many rows it holds.
    pub rows: u64,
}

/// How many rows of a split are kept: all that may stand in a table that succeeds.
pub(crate) fn most_kept(limits: &RejectedRows) -> u64 {
    if limits.share > 0.0 {
        return u64::MAX;
    }
    limits.limit.saturating_add(KEPT_BEYOND_LIMIT)
}

/// Where a run's rejected rows are kept.
pub trait Shelves: Send + Sync {
    /// A place for those of one attempt at one split.
    fn shelf(&self, load: &LoadId, split: &SplitId, attempt: u32) -> Arc<dyn Shelf>;

    /// The table is read anew by this load: what its earlier loads kept does not count any more.
    fn forget_earlier(&self, load: &LoadId);
}

/// A place for the rejected rows of one attempt at one split.
pub trait Shelf: RejectedShelf {
    /// Makes durable what was put; `None` where nothing was. Blocking.
    fn finish(&self) -> Result<Option<RejectedPart>>;

    /// The attempt does not count: what was put goes. What stays behind counts as little.
    fn discard(&self);
}

/// A folder with a file for each attempt; made with the first row.
pub struct ShelfFolder(pub PathBuf);

impl Shelves for ShelfFolder {
    fn shelf(&self, load: &LoadId, split: &SplitId, attempt: u32) -> Arc<dyn Shelf> {
        Arc::new(AttemptShelf {
            folder: self.0.clone(),
            file: format!("{load}_{split}_{attempt}.parquet"),
            state: Mutex::default(),
        })
    }

    fn forget_earlier(&self, load: &LoadId) {
        forget_earlier(&self.0, load);
    }
}

/// The file of one attempt at one split, made with its first rows.
struct AttemptShelf {
    folder: PathBuf,
    file: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    writer: Option<RejectedWriter>,
    rows: u64,
}

impl AttemptShelf {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf for AttemptShelf {
    fn finish(&self) -> Result<Option<RejectedPart>> {
        let state = std::mem::take(&mut *self.state());
        let Some(writer) = state.writer else {
            return Ok(None);
        };
        let rows = writer.finish()?;
        if rows != state.rows {
            let message = format!("{} rejected rows were kept, {rows} stand", state.rows);
            return Err(Error::internal(message));
        }
        let file = self.file.clone();
        Ok(Some(RejectedPart { file, rows }))
    }

    fn discard(&self) {
        drop(std::mem::take(&mut *self.state()));
        drop(std::fs::remove_file(self.folder.join(&self.file)));
    }
}

impl RejectedShelf for AttemptShelf {
    fn put(&self, rows: &[RejectedRow]) -> Result<()> {
        let mut state = self.state();
        let writer = match &mut state.writer {
            Some(writer) => writer,
            none => none.insert(RejectedWriter::create(&self.folder.join(&self.file))?),
        };
        writer.write(rows)?;
        state.rows += rows.len() as u64;
        Ok(())
    }
}

/// Removes the files of a table's earlier loads.
fn forget_earlier(folder: &Path, load: &LoadId) {
    let Some((table, _)) = load.as_str().rsplit_once('_') else {
        return;
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let of_table = name
            .strip_prefix(table)
            .is_some_and(|rest| rest.starts_with('_'));
        if of_table && !name.starts_with(&format!("{load}_")) {
            // It does not count any more, whether it stands or not.
            drop(std::fs::remove_file(file.path()));
        }
    }
}

/// What a run kept of one table: of its last load, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTable {
    /// The table.
    pub pipeline: PipelineId,
    /// The load that the rows were rejected from.
    pub load: LoadId,
    /// Whether that load stands at the destination.
    pub committed: bool,
    /// How many rows were rejected.
    pub rejected: u64,
    /// The files that hold them; fewer rows than that where a limit was far surpassed.
    pub parts: Vec<RejectedPart>,
}

impl KeptTable {
    /// How many of the rejected rows were kept.
    pub fn kept(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }
}

/// What the journal says was kept, in the order in which the tables were first prepared.
pub fn kept_tables(entries: &[Entry]) -> Vec<KeptTable> {
    let mut tables: Vec<KeptTable> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Prepared {
                pipeline, staging, ..
            } => {
                let fresh = KeptTable {
                    pipeline: pipeline.clone(),
                    load: staging.load.clone(),
                    committed: false,
                    rejected: 0,
                    parts: Vec::new(),
                };
                match tables.iter_mut().find(|table| table.pipeline == *pipeline) {
                    Some(table) => *table = fresh,
                    None => tables.push(fresh),
                }
            }
            Entry::SplitDone {
                load,
                manifest,
                rejected,
                ..
            } => {
                if let Some(table) = tables.iter_mut().find(|table| table.load == *load) {
                    table.rejected += manifest.rejected;
                    table.parts.extend(rejected.clone());
                }
            }
            Entry::Committed { receipt, .. } => {
                let mut tables = tables.iter_mut();
                if let Some(table) = tables.find(|table| table.load == receipt.load) {
                    table.committed = true;
                }
            }
            _ => {}
        }
    }
    tables
}

/// The rows of these files, a few thousand at a time. Every step may block.
pub fn read_rejected<'a>(
    folder: &'a Path,
    parts: &'a [RejectedPart],
) -> impl Iterator<Item = Result<Vec<RejectedRow>>> + 'a {
    parts.iter().flat_map(move |part| {
        let (reader, error) = match RejectedReader::open(&folder.join(&part.file)) {
            Ok(reader) => (Some(reader), None),
            Err(error) => (None, Some(Err(error))),
        };
        reader.into_iter().flatten().chain(error)
    })
}

/// Writes the rows of `tables` of one run into one new file; says how many. Blocking.
pub fn export_rejected(folder: &Path, tables: &[KeptTable], path: &Path) -> Result<u64> {
    let mut writer = RejectedWriter::create(path)?;
    for table in tables {
        for rows in read_rejected(folder, &table.parts) {
            writer.write(&rows?)?;
        }
    }
    writer.finish()
}
