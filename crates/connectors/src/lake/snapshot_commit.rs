//! One snapshot: manifests, manifest list and metadata file for a load, written and synced, and the
//! same metadata made free of snapshots that are kept no longer. Moves no pointer.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use formats::parquet::FooterFacts;
use iceberg::spec::{
    DataFile, Literal, ManifestContentType, ManifestEntry, ManifestFile, ManifestListWriter,
    ManifestWriter, ManifestWriterBuilder, Operation, PartitionSpec, Snapshot, Struct, Summary,
    TableMetadata,
};
use model::migration::LoadingPolicy;
use model::plan::{TableChange, Write};
use model::{Error, ErrorKind, LoadId, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::table::{self, Table, bad_metadata, file_io};
use super::update::Merged;
use super::{data_file, durable, evolve, expire, location};

const MAIN: &str = "main";

/// A snapshot to be made.
pub(super) struct NewSnapshot<'a> {
    /// What the load writes.
    pub(super) write: &'a Write,
    /// The load.
    pub(super) load: &'a LoadId,
    /// The table as it is, or `None` where it is to be made.
    pub(super) base: Option<&'a Table>,
    /// The metadata that the snapshot is added to.
    pub(super) metadata: &'a TableMetadata,
    /// The load's data files.
    pub(super) files: &'a [(String, FooterFacts)],
    /// What a load by key exchanges.
    pub(super) merged: Option<&'a Merged>,
    /// How many snapshots are kept, this one included.
    pub(super) keep: usize,
}

/// A snapshot whose files stand on the disk, seen by nobody.
pub(super) struct Built {
    /// Its metadata file.
    pub(super) location: String,
    /// Its id.
    pub(super) snapshot: i64,
    /// Files that nobody needs once it is published.
    pub(super) obsolete: Vec<String>,
    /// What was written, to be removed if it is not published.
    pub(super) written: Vec<PathBuf>,
}

/// Figures of a summary.
#[derive(Default)]
struct Figures {
    files: u64,
    records: u64,
    bytes: u64,
}

impl Figures {
    fn add(&mut self, file: &DataFile) {
        self.files += 1;
        self.records += file.record_count();
        self.bytes += file.file_size_in_bytes();
    }
}

impl NewSnapshot<'_> {
    /// Whether the table is made anew: none of its files stays.
    fn anew(&self) -> bool {
        self.write.change == TableChange::Recreate
    }

    /// The files that come into the table: the load's own, and what stands again of others.
    fn coming(&self) -> impl Iterator<Item = &(String, FooterFacts)> {
        let filled = self.merged.and_then(|merged| merged.filled.as_deref());
        let rewritten = self.merged.map_or(&[][..], |merged| &merged.rewritten);
        filled.unwrap_or(self.files).iter().chain(rewritten)
    }

    /// Whether the load takes this file out of the table.
    fn takes_out(&self, file: &DataFile) -> bool {
        match self.merged {
            Some(merged) => merged.removed.contains(file.file_path()),
            None => overwrites(self.write, file),
        }
    }

    /// Writes everything but the pointer. On an error what was written is removed again.
    pub(super) async fn build(&self) -> Result<Built> {
        let folder = location::metadata_folder(self.metadata.location());
        let path = location::local_path(&folder)?;
        durable::create_folder(&path)?;
        let bytes = *Uuid::new_v4().as_bytes();
        let mut id = [0; 8];
        id.copy_from_slice(&bytes[..8]);
        let mut work = Work {
            new: self,
            folder,
            snapshot: i64::from_be_bytes(id) & i64::MAX,
            attempt: Uuid::new_v4(),
            written: Vec::new(),
            added: Figures::default(),
            removed: Figures::default(),
        };
        match work.run(&path).await {
            Ok((location, obsolete)) => Ok(Built {
                location,
                snapshot: work.snapshot,
                obsolete,
                written: work.written,
            }),
            Err(error) => {
                remove_all(&work.written);
                Err(error)
            }
        }
    }
}

/// Whether a load takes the place of this file: all of them, or those of its partition.
pub(super) fn overwrites(write: &Write, file: &DataFile) -> bool {
    match &write.partition {
        None => true,
        Some(_) if write.change == TableChange::Recreate => true,
        Some(partition) => {
            let value = Literal::string(&partition.value);
            *file.partition() == Struct::from_iter([Some(value)])
        }
    }
}

/// Removes files that were never published.
pub(super) fn remove_all(files: &[PathBuf]) {
    for file in files {
        if let Err(error) = durable::remove_file(file) {
            tracing::warn!(%error, "leftover metadata");
        }
    }
}

/// How the names of a load's metadata files begin behind their number: the load, as a UUID's first
/// half, so that leftovers of a load are known by their names.
pub(super) fn metadata_prefix(load: &LoadId) -> String {
    let digest = Sha256::digest(load.as_str().as_bytes());
    let hex: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}-{}-", &hex[..8], &hex[8..])
}

struct Work<'a> {
    new: &'a NewSnapshot<'a>,
    folder: String,
    snapshot: i64,
    attempt: Uuid,
    written: Vec<PathBuf>,
    added: Figures,
    removed: Figures,
}

impl Work<'_> {
    async fn run(&mut self, path: &Path) -> Result<(String, Vec<String>)> {
        let mut manifests = self.standing_manifests().await?;
        if let Some(ours) = self.own_manifest().await? {
            manifests.insert(0, ours);
        }
        self.check_rows(&manifests).await?;
        let list = self.write_list(manifests).await?;
        let (metadata, obsolete) = self.metadata(list).await?;
        let json = serde_json::to_vec(&metadata)
            .map_err(|error| Error::internal(format!("metadata has no JSON: {error}")))?;
        let location = self.metadata_location();
        let file = location::local_path(&location)?;
        self.written.push(file.clone());
        durable::write_new(&file, &json)?;
        durable::sync_folder(path)?;
        Ok((location, obsolete))
    }

    /// The manifests of the table as it is that stay in it: as they are, or, where the load overwrites
    /// some of their files, written anew.
    async fn standing_manifests(&mut self) -> Result<Vec<ManifestFile>> {
        let Some(base) = self.new.base.filter(|_| !self.new.anew()) else {
            return Ok(Vec::new());
        };
        let overwrite = self.new.write.policy == LoadingPolicy::Overwrite;
        let everything = overwrite && self.new.write.partition.is_none();
        let by_key = self.new.merged.is_some();
        let mut standing = Vec::new();
        for manifest in expire::manifests(base, base.metadata.current_snapshot()).await? {
            if !manifest.has_added_files() && !manifest.has_existing_files() {
                continue;
            }
            let is_data = manifest.content == ManifestContentType::Data;
            let spec = base.metadata.default_partition_spec_id();
            if overwrite && !everything && is_data && manifest.partition_spec_id != spec {
                let how = "has data files of an earlier partitioning";
                return Err(table::changed(&base.name, how));
            }
            if (!overwrite && !by_key) || (!is_data && !everything) {
                standing.push(manifest);
            } else if is_data && let Some(manifest) = self.overwritten(base, manifest).await? {
                standing.push(manifest);
            }
        }
        Ok(standing)
    }

    /// The manifest without the files that the load overwrites: they are marked as deleted.
    async fn overwritten(
        &mut self,
        base: &Table,
        manifest: ManifestFile,
    ) -> Result<Option<ManifestFile>> {
        let entries = expire::live_entries(base, &manifest).await?;
        let new = self.new;
        let gone = |entry: &ManifestEntry| new.takes_out(entry.data_file());
        if !entries.iter().any(|entry| gone(entry)) {
            return Ok(Some(manifest));
        }
        let spec = base
            .metadata
            .partition_spec_by_id(manifest.partition_spec_id)
            .ok_or_else(|| table::changed(&base.name, "names an unknown partition spec"))?;
        let mut writer = self.manifest_writer(spec)?;
        let failed = |error: iceberg::Error| bad_metadata(&base.name, &error);
        let mut removed = Figures::default();
        for entry in &entries {
            let file = entry.data_file().clone();
            let sequence = entry.sequence_number().unwrap_or_default();
            let file_sequence = entry.file_sequence_number;
            if gone(entry) {
                removed.add(&file);
                writer.add_delete_file(file, sequence, file_sequence)
            } else {
                let snapshot = entry.snapshot_id().unwrap_or(manifest.added_snapshot_id);
                writer.add_existing_file(file, snapshot, sequence, file_sequence)
            }
            .map_err(failed)?;
        }
        self.removed.files += removed.files;
        self.removed.records += removed.records;
        self.removed.bytes += removed.bytes;
        self.finish_manifest(writer).await.map(Some)
    }

    /// A load by key changes the number of rows by those that it adds, and by no other.
    async fn check_rows(&self, manifests: &[ManifestFile]) -> Result<()> {
        let (Some(merged), Some(base)) = (self.new.merged, self.new.base) else {
            return Ok(());
        };
        let mut after = 0;
        for manifest in manifests {
            for entry in expire::live_entries(base, manifest).await? {
                after += entry.record_count();
            }
        }
        let loaded: u64 = self.new.files.iter().map(|(_, footer)| footer.rows).sum();
        if after + merged.replaced == merged.before + loaded {
            return Ok(());
        }
        let message = format!(
            "table {} has {} rows, {} of which {loaded} rows replace, and would have {after}",
            base.name, merged.before, merged.replaced
        );
        Err(Error::new(ErrorKind::Data, "COUNTS_DIFFER", message))
    }

    /// The manifest of the files that come; none where there is none.
    async fn own_manifest(&mut self) -> Result<Option<ManifestFile>> {
        if self.new.coming().next().is_none() {
            return Ok(None);
        }
        let metadata = self.new.metadata;
        let spec = metadata.default_partition_spec();
        let mut writer = self.manifest_writer(spec)?;
        let partition = self.new.write.partition.as_ref();
        for (address, footer) in self.new.coming() {
            let file = data_file::describe(
                address,
                footer,
                metadata.current_schema(),
                partition.map(|partition| partition.value.as_str()),
                spec.spec_id(),
            )?;
            self.added.add(&file);
            writer
                .add_file(file, -1)
                .map_err(|error| bad_metadata(&self.new.write.table.name, &error))?;
        }
        self.finish_manifest(writer).await.map(Some)
    }

    fn manifest_writer(&mut self, spec: &Arc<PartitionSpec>) -> Result<ManifestWriter> {
        let address = format!(
            "{}/{}-{}-m{}.avro",
            self.folder,
            self.new.load,
            self.attempt,
            self.written.len()
        );
        self.written.push(location::local_path(&address)?);
        let output = file_io()
            .new_output(&address)
            .map_err(|error| bad_metadata(&self.new.write.table.name, &error))?;
        let schema = Arc::clone(self.new.metadata.current_schema());
        let writer =
            ManifestWriterBuilder::new(output, Some(self.snapshot), schema, (**spec).clone());
        Ok(writer.build_v2_data())
    }

    async fn finish_manifest(&self, writer: ManifestWriter) -> Result<ManifestFile> {
        let manifest = writer
            .write_manifest_file()
            .await
            .map_err(|error| bad_metadata(&self.new.write.table.name, &error))?;
        durable::sync_file(&location::local_path(&manifest.manifest_path)?)?;
        Ok(manifest)
    }

    async fn write_list(&mut self, manifests: Vec<ManifestFile>) -> Result<String> {
        let address = format!(
            "{}/snap-{}-{}-{}.avro",
            self.folder, self.snapshot, self.new.load, self.attempt
        );
        let path = location::local_path(&address)?;
        self.written.push(path.clone());
        let failed = |error: iceberg::Error| bad_metadata(&self.new.write.table.name, &error);
        let output = file_io().new_output(&address).map_err(failed)?;
        let mut list = ManifestListWriter::v2(
            output.writer().await.map_err(failed)?,
            self.snapshot,
            self.new.metadata.current_snapshot_id(),
            self.new.metadata.next_sequence_number(),
        );
        list.add_manifests(manifests.into_iter()).map_err(failed)?;
        list.close().await.map_err(failed)?;
        durable::sync_file(&path)?;
        Ok(address)
    }

    /// The metadata with the new snapshot and without those kept no longer, and the files that are
    /// obsolete with it.
    async fn metadata(&self, list: String) -> Result<(TableMetadata, Vec<String>)> {
        let before = self.new.metadata;
        let name = &self.new.write.table.name;
        let failed = |error: iceberg::Error| bad_metadata(name, &error);
        let now = jiff::Timestamp::now().as_millisecond();
        let base = self.new.base;
        let last = base.map_or(before, |base| &base.metadata).last_updated_ms();
        let snapshot = Snapshot::builder()
            .with_snapshot_id(self.snapshot)
            .with_parent_snapshot_id(before.current_snapshot_id())
            .with_sequence_number(before.next_sequence_number())
            // Readers go back in time by it: it never runs backwards, whatever the clock does.
            .with_timestamp_ms(now.max(last + 1))
            .with_manifest_list(list)
            .with_summary(self.summary())
            .with_schema_id(before.current_schema_id())
            .build();
        let builder = match base {
            Some(base) => {
                let builder = base
                    .metadata
                    .clone()
                    .into_builder(Some(base.pointer.clone()));
                evolve::evolved(builder, &base.metadata, self.new.write)?
            }
            None => before.clone().into_builder(None),
        };
        let extended = builder
            .set_branch_snapshot(snapshot, MAIN)
            .and_then(|builder| {
                builder.set_properties(table::remembering(before, self.new.load, self.snapshot))
            })
            .map_err(failed)?;
        let built = extended.clone().build().map_err(failed)?;
        let expired = expire::expired(&built.metadata, self.new.keep);
        let mut obsolete = expire::only_named_by(name, &built.metadata, &expired).await?;
        let built = extended
            .remove_snapshots(&expired)
            .build()
            .map_err(failed)?;
        obsolete.extend(
            built
                .expired_metadata_logs
                .into_iter()
                .map(|log| log.metadata_file),
        );
        Ok((built.metadata, obsolete))
    }

    fn summary(&self) -> Summary {
        let anew = self.new.anew();
        let overwrite = self.new.write.policy == LoadingPolicy::Overwrite || anew;
        let replaced = self.new.merged.map_or(0, |merged| merged.replaced);
        let operation = if (overwrite && self.new.base.is_some()) || replaced > 0 {
            Operation::Overwrite
        } else {
            Operation::Append
        };
        let mut entries = HashMap::from([
            (table::LOAD_SUMMARY.to_owned(), self.new.load.to_string()),
            ("engine-name".to_owned(), "godwit".to_owned()),
            (
                "engine-version".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
        ]);
        let mut say = |key: &str, number: u64| entries.insert(key.to_owned(), number.to_string());
        if self.new.merged.is_some() {
            say(table::REPLACED_SUMMARY, replaced);
        }
        for (figures, prefix, files_size) in [
            (&self.added, "added", "added-files-size"),
            (&self.removed, "deleted", "removed-files-size"),
        ] {
            if figures.files > 0 {
                say(&format!("{prefix}-data-files"), figures.files);
                say(&format!("{prefix}-records"), figures.records);
                say(files_size, figures.bytes);
            }
        }
        let everything = anew || (overwrite && self.new.write.partition.is_none());
        for (key, added, removed) in [
            ("total-data-files", self.added.files, self.removed.files),
            ("total-records", self.added.records, self.removed.records),
            ("total-files-size", self.added.bytes, self.removed.bytes),
            ("total-delete-files", 0, 0),
            ("total-position-deletes", 0, 0),
            ("total-equality-deletes", 0, 0),
        ] {
            let before = if everything {
                Some(removed)
            } else {
                self.before(key)
            };
            if let Some(before) = before {
                say(key, (before + added).saturating_sub(removed));
            }
        }
        Summary {
            operation,
            additional_properties: entries,
        }
    }

    /// A total before this snapshot; unknown where the last snapshot does not say.
    fn before(&self, key: &str) -> Option<u64> {
        match self.new.metadata.current_snapshot() {
            Some(snapshot) => snapshot
                .summary()
                .additional_properties
                .get(key)?
                .parse()
                .ok(),
            None => Some(0),
        }
    }

    /// `00003-<uuid>.metadata.json`, numbered on from the last.
    fn metadata_location(&self) -> String {
        let version = self
            .new
            .base
            .and_then(|base| {
                base.pointer
                    .rsplit('/')
                    .next()?
                    .split('-')
                    .next()?
                    .parse()
                    .ok()
            })
            .map_or(0_u64, |version: u64| version + 1);
        // A UUID of version 8: the load's half, and a random one.
        let random = self.attempt.simple().to_string();
        format!(
            "{}/{version:05}-{}8{}-b{}-{}.metadata.json",
            self.folder,
            metadata_prefix(self.new.load),
            &random[13..16],
            &random[17..20],
            &random[20..32]
        )
    }
}

/// The addresses that `metadata` needs in the metadata folder: its log, its snapshots' lists.
pub(super) fn named_metadata(table: &Table) -> HashSet<String> {
    let log = table.metadata.metadata_log().iter();
    let lists = table.metadata.snapshots();
    log.map(|entry| entry.metadata_file.clone())
        .chain(lists.map(|snapshot| snapshot.manifest_list().to_owned()))
        .chain([table.pointer.clone()])
        .collect()
}
