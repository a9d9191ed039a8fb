//! A load by key: the live files that hold one of its keys stand again beside its own, without those
//! rows, and the commit exchanges the ones for the others. Nothing of the table is touched here, and
//! what is written lies in the load's own folder.
//!
//! Files that cannot hold a key, by the bounds of the manifests, are not opened. Of the others the
//! key's columns are read. In memory are, at a time: the keys of one part of the load (as many parts as
//! it takes to stay within the room), what their rows keep, and one bit for each row of the files that
//! hold a key. Each part reads the key's columns once more.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::DataType;
use contract::BatchLimits;
use formats::parquet::{FooterFacts, ParquetOptions, read_footer, rewrite};
use iceberg::spec::{DataFile, NestedFieldRef, TableMetadata, Transform};
use model::migration::LoadingPolicy;
use model::plan::{TableChange, Write};
use model::{Error, ErrorKind, LoadId, Result, Side};
use parquet::file::metadata::RowGroupMetaData;

use super::fill::{Fill, Stayed};
use super::keys::{self, KeyMaker, KeyPart, KeySet, Met};
use super::read::{FilePart, PartReader};
use super::snapshot_commit::{overwrites, remove_all};
use super::table::{self, Table};
use super::touched::{Candidate, live_files, may_meet};
use super::writer::{self, StagedFile};
use super::{data_file, durable, location};

/// Keys, and what their rows keep, take about so much memory at a time.
pub(super) const ROOM: usize = 128 << 20;
/// More parts than this are not tried: the load's rows are enormous, or its keys are.
const MOST_PARTS: u64 = 4_096;

/// A load by key and the table that it meets.
pub(super) struct Update<'a> {
    pub(super) write: &'a Write,
    pub(super) load: &'a LoadId,
    /// The table as it is, or `None` where it is to be made.
    pub(super) base: Option<&'a Table>,
    /// As it will be.
    pub(super) metadata: &'a TableMetadata,
    /// The table's fields for the load's columns.
    pub(super) fields: &'a [NestedFieldRef],
    /// The load's files, and their footers in the same order.
    pub(super) staged: &'a [StagedFile],
    pub(super) footers: &'a [(String, FooterFacts)],
    /// How files are written, and the size at which a new one begins.
    pub(super) options: &'a ParquetOptions,
    pub(super) file_bytes: u64,
    /// The memory that keys may take.
    pub(super) room: usize,
}

/// What the commit exchanges.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Live files that leave the table.
    pub(super) removed: HashSet<String>,
    /// Their other rows.
    pub(super) rewritten: Vec<(String, FooterFacts)>,
    /// The load's rows with what their predecessors keep; `None` where the load's own files say all.
    pub(super) filled: Option<Vec<(String, FooterFacts)>>,
    /// Rows of the table before.
    pub(super) before: u64,
    /// Those of them that rows of the load replace.
    pub(super) replaced: u64,
    /// What was written, to be removed if it is not published.
    pub(super) written: Vec<PathBuf>,
}

/// Whether a load goes by key into rows that are there.
pub(super) fn meets_rows(write: &Write) -> bool {
    write.policy == LoadingPolicy::Update && write.change != TableChange::Recreate
}

/// Whether the lake can tell rows apart by the load's key.
pub(super) fn check_key(write: &Write) -> Result<()> {
    let unsupported = |message: String| {
        let error = Error::new(ErrorKind::Unsupported, "UPDATE_KEY_TYPE", message);
        Err(error.hint("update by columns of plain types"))
    };
    if write.update_key.is_empty() {
        return Err(Error::internal("an update without a key"));
    }
    for name in &write.update_key {
        let mut columns = write.table.columns.iter();
        let Some(column) = columns.find(|column| column.name == *name) else {
            return Err(Error::internal("a key of columns that are not written"));
        };
        let plain = !matches!(
            column.holds.arrow(),
            DataType::List(_) | DataType::Struct(_) | DataType::Map(_, _)
        );
        if !plain {
            let (table, holds) = (&write.table.name, &column.holds);
            return unsupported(format!(
                "rows of {table} cannot be told apart by {name:?}, which holds {holds}"
            ));
        }
    }
    Ok(())
}

/// Refuses a table whose files cannot be written again; what is asked before the first row moves.
pub(super) async fn check_table(table: &Table) -> Result<()> {
    live_files(table).await.map(|_| ())
}

impl Update<'_> {
    /// Finds the rows that the load replaces, and writes what the commit needs beside its own files.
    pub(super) async fn merge(&self) -> Result<Merged> {
        let base = self.base.filter(|_| meets_rows(self.write));
        let mut merged = Merged::default();
        let mut candidates = Vec::new();
        if let Some(base) = base {
            let files = live_files(base).await?;
            merged.before = files.iter().map(|(file, _)| file.record_count()).sum();
            candidates = self.candidates(base, files)?;
        }
        let outcome = self.find_and_write(&mut merged, &mut candidates);
        if outcome.is_err() {
            remove_all(&merged.written);
        }
        outcome.map(|()| merged)
    }

    fn find_and_write(&self, merged: &mut Merged, candidates: &mut [Candidate]) -> Result<()> {
        let mut of = self.parts_expected();
        loop {
            if self.in_parts(of, merged, candidates)? {
                break;
            }
            // More than there is room for: everything again, in smaller parts.
            remove_all(&merged.written);
            merged.written.clear();
            merged.filled = None;
            for candidate in &mut *candidates {
                (candidate.stays, candidate.replaced) = (None, 0);
            }
            of *= 2;
            if of > MOST_PARTS {
                return Err(self.too_large());
            }
        }
        merged.replaced = candidates.iter().map(|found| found.replaced).sum();
        if merged.replaced == 0 {
            // Nothing was there to be kept: the load's own files say all.
            remove_all(&merged.written);
            merged.written.clear();
            merged.filled = None;
        }
        for candidate in candidates {
            self.rewrite(merged, candidate)?;
        }
        Ok(())
    }

    fn too_large(&self) -> Error {
        let message = format!(
            "the keys of {}, or what its rows keep, do not fit into memory",
            self.write.table.name
        );
        Error::new(ErrorKind::Unsupported, "UPDATE_TOO_LARGE", message)
            .on(Side::Destination)
            .hint("load fewer rows at a time, by a filter")
    }

    /// The live files within what the load names that may hold one of its keys.
    fn candidates(&self, base: &Table, files: Vec<(DataFile, i32)>) -> Result<Vec<Candidate>> {
        let spec = base.metadata.default_partition_spec_id();
        if self.write.partition.is_some() && files.iter().any(|(_, of)| *of != spec) {
            let how = "has data files of an earlier partitioning";
            return Err(table::changed(&base.name, how));
        }
        let staged = self.footers.iter().map(|(address, footer)| {
            let schema = self.metadata.current_schema();
            data_file::describe(address, footer, schema, None, spec)
        });
        let staged = staged.collect::<Result<Vec<DataFile>>>()?;
        let key = self.fields_of(&self.key());
        let may_meet = |file: &DataFile| {
            overwrites(self.write, file) && staged.iter().any(|own| may_meet(own, file, &key))
        };
        let found = files.into_iter().filter(|(file, _)| may_meet(file));
        let found = found.map(|(file, spec)| Candidate {
            file,
            spec,
            stays: None,
            replaced: 0,
        });
        Ok(found.collect())
    }

    /// Where the key's columns stand among the load's.
    fn key(&self) -> Vec<usize> {
        self.positions(&self.write.update_key)
    }

    /// Where those stand of which rows that are there keep the value.
    fn stay(&self) -> Vec<usize> {
        self.positions(&self.write.without_source)
    }

    fn positions(&self, names: &[String]) -> Vec<usize> {
        let columns = &self.write.table.columns;
        let position = |name: &String| columns.iter().position(|column| column.name == *name);
        names.iter().filter_map(position).collect()
    }

    fn fields_of(&self, positions: &[usize]) -> Vec<NestedFieldRef> {
        let fields = positions.iter().filter_map(|at| self.fields.get(*at));
        fields.cloned().collect()
    }

    /// A file's key columns, then those at `more`.
    fn open(&self, part: &FilePart, more: &[usize]) -> Result<PartReader> {
        let positions = [self.key().as_slice(), more].concat();
        let columns = &self.write.table.columns;
        let chosen: Vec<_> = positions.iter().map(|at| columns[*at].clone()).collect();
        let wanted = writer::wanted(&chosen, &self.fields_of(&positions));
        PartReader::open(&wanted, part, BatchLimits::default())
    }

    fn key_maker(&self) -> Result<KeyMaker> {
        let columns = &self.write.table.columns;
        let types = self.key().into_iter().map(|at| columns[at].holds.arrow());
        KeyMaker::new(&types.collect::<Vec<DataType>>())
    }

    /// How many parts the load's keys are held in, as far as its footers tell.
    fn parts_expected(&self) -> u64 {
        let ids: Vec<i32> = self.fields_of(&self.key()).iter().map(|f| f.id).collect();
        let chunks = self.footers.iter().flat_map(|(_, footer)| {
            let groups = footer.metadata.row_groups().iter();
            groups.flat_map(RowGroupMetaData::columns)
        });
        let bytes = chunks
            .filter(|chunk| {
                let info = chunk.column_descr().self_type().get_basic_info();
                info.has_id() && ids.contains(&info.id())
            })
            .map(|chunk| u64::try_from(chunk.uncompressed_size()).unwrap_or(0))
            .sum();
        let rows = self.footers.iter().map(|(_, footer)| footer.rows).sum();
        let room = u64::try_from(self.room.max(1)).unwrap_or(u64::MAX);
        keys::memory(rows, bytes)
            .div_ceil(room)
            .clamp(1, MOST_PARTS)
    }

    /// Goes through all keys in so many parts; false where one of them did not fit.
    fn in_parts(&self, of: u64, merged: &mut Merged, candidates: &mut [Candidate]) -> Result<bool> {
        let stay = self.stay();
        let maker = self.key_maker()?;
        for number in 0..of {
            let part = KeyPart { number, of };
            let Some(mut keys) = self.keys_of_load(&maker, part)? else {
                return Ok(false);
            };
            let Some(stayed) = self.meet(&maker, part, &mut keys, candidates)? else {
                return Ok(false);
            };
            if candidates.is_empty() || stay.is_empty() || (of == 1 && stayed.is_empty()) {
                continue;
            }
            let fill = Fill {
                update: self,
                maker: &maker,
                part,
                keys: &keys,
                stayed: stayed.whole()?,
                stay: &stay,
            };
            let filled = fill.write(&mut merged.written)?;
            merged.filled.get_or_insert_default().extend(filled);
        }
        Ok(true)
    }

    /// The keys of this part of the load; `None` where they do not fit. One that comes twice refuses it.
    fn keys_of_load(&self, maker: &KeyMaker, part: KeyPart) -> Result<Option<KeySet>> {
        let mut keys = KeySet::new();
        for file in self.staged {
            for batch in self.open(&writer::whole(file), &[])? {
                for key in &maker.keys(&batch?)? {
                    if part.has(key.data()) && !keys.take(key.data()) {
                        return Err(keys::comes_twice(self.write));
                    }
                }
                if keys.bytes() > self.room {
                    return Ok(None);
                }
            }
        }
        Ok(Some(keys))
    }

    /// Finds the table's rows with these keys, and takes from them what stays; `None` where that does
    /// not fit.
    fn meet(
        &self,
        maker: &KeyMaker,
        part: KeyPart,
        keys: &mut KeySet,
        candidates: &mut [Candidate],
    ) -> Result<Option<Stayed>> {
        let stay = self.stay();
        let mut stayed = Stayed::default();
        let in_partition = self.partition_fields();
        for candidate in candidates {
            let rows = candidate.file.record_count();
            let file = FilePart {
                snapshot: 0,
                address: candidate.file.file_path().to_owned(),
                first_group: 0,
                end_group: None,
                file_rows: rows,
                partition_fields: in_partition.clone(),
            };
            let mut before = 0;
            for batch in self.open(&file, &stay)? {
                let batch = batch?;
                let mut met = Vec::new();
                for (row, key) in (0..).zip(&maker.keys(&batch)?) {
                    if !part.has(key.data()) {
                        continue;
                    }
                    let place = stayed.rows + met.len() as u64;
                    match keys.meet(key.data(), place) {
                        Met::Nobody => {}
                        Met::First => met.push(row),
                        Met::Again => return Err(keys::stands_twice(self.write)),
                    }
                }
                candidate.leave_out(before, &met)?;
                before += batch.num_rows();
                if !stay.is_empty() && !met.is_empty() {
                    let values = batch.project(&self.behind_key(&stay)).and_then(|batch| {
                        take_record_batch(&batch, &UInt32Array::from(met.clone()))
                    });
                    let values = values.map_err(|error| {
                        Error::internal("rows that cannot be taken").caused_by(error)
                    })?;
                    stayed.add(values);
                }
                if keys.bytes() + stayed.bytes > self.room {
                    return Ok(None);
                }
            }
        }
        Ok(Some(stayed))
    }

    fn behind_key(&self, stay: &[usize]) -> Vec<usize> {
        let key = self.write.update_key.len();
        (key..key + stay.len()).collect()
    }

    /// Fields whose value may stand in a partition and not in the file.
    fn partition_fields(&self) -> Vec<i32> {
        let specs = self.metadata.partition_specs_iter();
        let fields = specs.flat_map(|spec| spec.fields().iter());
        let fields = fields.filter(|field| field.transform == Transform::Identity);
        fields.map(|field| field.source_id).collect()
    }

    /// The rows of a file that stay, in a new one.
    fn rewrite(&self, merged: &mut Merged, candidate: &mut Candidate) -> Result<()> {
        let Some(stays) = &mut candidate.stays else {
            return Ok(());
        };
        let name = &self.write.table.name;
        if candidate.spec != self.metadata.default_partition_spec_id() {
            let how = "has data files of an earlier partitioning";
            return Err(table::changed(name, how));
        }
        let address = candidate.file.file_path();
        merged.removed.insert(address.to_owned());
        let left = candidate.file.record_count() - candidate.replaced;
        if left == 0 {
            return Ok(());
        }
        let (to_address, to) = self.new_file("rewritten", &mut merged.written)?;
        rewrite(
            &location::local_path(address)?,
            &to,
            &stays.finish(),
            self.options,
        )?;
        let footer = read_footer(&to)?;
        if footer.rows != left {
            return Err(rows_differ(&to, left, footer.rows));
        }
        merged.rewritten.push((to_address, footer));
        Ok(())
    }

    /// The address and the path of a new file among the load's.
    pub(super) fn new_file(
        &self,
        kind: &str,
        written: &mut Vec<PathBuf>,
    ) -> Result<(String, PathBuf)> {
        let folder = location::data_folder(self.metadata.location(), self.load);
        durable::create_folder(&location::local_path(&folder)?)?;
        let address = format!("{folder}/{kind}-{}.parquet", uuid::Uuid::new_v4().simple());
        let path = location::local_path(&address)?;
        written.push(path.clone());
        Ok((address, path))
    }

    /// All columns of one of the load's files, as its table's readers see them.
    pub(super) fn read_staged(&self, file: &StagedFile) -> Result<PartReader> {
        writer::read_back(file, &self.write.table.columns, self.fields)
    }

    /// The keys of such rows.
    pub(super) fn keys_of(
        &self,
        maker: &KeyMaker,
        batch: &RecordBatch,
    ) -> Result<arrow::row::Rows> {
        let key = batch.project(&self.key());
        let key =
            key.map_err(|error| Error::internal("a key of other columns").caused_by(error))?;
        maker.keys(&key)
    }
}

pub(super) fn rows_differ(file: &Path, expected: u64, found: u64) -> Error {
    let shown = file.display();
    let message = format!("{expected} rows were to come into {shown:?}, it has {found}");
    Error::new(ErrorKind::Data, "COUNTS_DIFFER", message).on(Side::Destination)
}
