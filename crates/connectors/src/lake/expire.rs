//! What snapshots name: their manifests and files, which snapshots are kept, and the removal of files
//! that none of those names any more. Removes nothing that a kept snapshot names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use iceberg::spec::{ManifestEntryRef, ManifestFile, ManifestList, SnapshotRef, TableMetadata};
use model::{LoadId, Result, TableName};
use serde_json::Value as Json;

use super::catalog::Catalog;
use super::table::{Table, bad_metadata, file_io};
use super::{durable, location, snapshot_commit};

/// The manifests of a snapshot.
pub(super) async fn manifests(
    table: &Table,
    snapshot: Option<&SnapshotRef>,
) -> Result<Vec<ManifestFile>> {
    match snapshot {
        Some(snapshot) => manifests_of(&table.name, &table.metadata, snapshot).await,
        None => Ok(Vec::new()),
    }
}

async fn manifests_of(
    name: &TableName,
    metadata: &TableMetadata,
    snapshot: &SnapshotRef,
) -> Result<Vec<ManifestFile>> {
    let read = async || {
        let list = file_io()
            .new_input(snapshot.manifest_list())?
            .read()
            .await?;
        ManifestList::parse_with_version(&list, metadata.format_version())
    };
    let list = read().await.map_err(|error| bad_metadata(name, &error))?;
    Ok(list.consume_entries().into_iter().collect())
}

/// The files of a manifest that are in the table.
pub(super) async fn live_entries(
    table: &Table,
    manifest: &ManifestFile,
) -> Result<Vec<ManifestEntryRef>> {
    live_entries_of(&table.name, manifest).await
}

async fn live_entries_of(
    name: &TableName,
    manifest: &ManifestFile,
) -> Result<Vec<ManifestEntryRef>> {
    let manifest = manifest
        .load_manifest(&file_io())
        .await
        .map_err(|error| bad_metadata(name, &error))?;
    let (entries, _) = manifest.into_parts();
    Ok(entries
        .into_iter()
        .filter(|entry| entry.is_alive())
        .collect())
}

/// The snapshots that are kept no longer: all but the newest `keep` of the table's line, and those that
/// somebody named or built upon.
pub(super) fn expired(metadata: &TableMetadata, keep: usize) -> Vec<i64> {
    let line = |from: Option<i64>| {
        std::iter::successors(
            from.and_then(|id| metadata.snapshot_by_id(id)),
            |snapshot| metadata.snapshot_by_id(snapshot.parent_snapshot_id()?),
        )
        .map(|snapshot| snapshot.snapshot_id())
    };
    let mut kept: HashSet<i64> = line(metadata.current_snapshot_id())
        .take(keep.max(1))
        .collect();
    for id in named_by_others(metadata) {
        kept.extend(line(Some(id)));
    }
    let ids = metadata.snapshots().map(|snapshot| snapshot.snapshot_id());
    ids.filter(|id| !kept.contains(id)).collect()
}

/// The snapshots that somebody's tags and branches stand on; all, where that cannot be told.
fn named_by_others(metadata: &TableMetadata) -> Vec<i64> {
    let json = serde_json::to_value(metadata).ok();
    let Some(mut json) = json else {
        return metadata
            .snapshots()
            .map(|snapshot| snapshot.snapshot_id())
            .collect();
    };
    let references = json
        .get_mut("refs")
        .and_then(Json::as_object_mut)
        .map(std::mem::take);
    references
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| *name != "main")
        .filter_map(|(_, reference)| reference.get("snapshot-id")?.as_i64())
        .collect()
}

/// The files that only these snapshots name: manifest lists, manifests, data files.
pub(super) async fn only_named_by(
    name: &TableName,
    metadata: &TableMetadata,
    snapshots: &[i64],
) -> Result<Vec<String>> {
    if snapshots.is_empty() {
        return Ok(Vec::new());
    }
    let mut kept: HashMap<String, ManifestFile> = HashMap::new();
    let mut leaving: HashMap<String, ManifestFile> = HashMap::new();
    let mut files = BTreeSet::new();
    for snapshot in metadata.snapshots() {
        let goes = snapshots.contains(&snapshot.snapshot_id());
        if goes {
            files.insert(snapshot.manifest_list().to_owned());
        }
        let manifests = if goes { &mut leaving } else { &mut kept };
        for manifest in manifests_of(name, metadata, snapshot).await? {
            manifests.insert(manifest.manifest_path.clone(), manifest);
        }
    }
    leaving.retain(|path, _| !kept.contains_key(path));
    let mut data = BTreeSet::new();
    for (path, manifest) in &leaving {
        files.insert(path.clone());
        for entry in live_entries_of(name, manifest).await? {
            data.insert(entry.file_path().to_owned());
        }
    }
    if !data.is_empty() {
        for manifest in kept.values() {
            for entry in live_entries_of(name, manifest).await? {
                data.remove(entry.file_path());
            }
        }
    }
    files.extend(data);
    Ok(files.into_iter().collect())
}

/// Removes the files that became obsolete by what is published, within the table's folder.
pub(super) fn remove_obsolete(catalog: &Catalog, name: &TableName, table: &str) -> Result<()> {
    let obsolete = catalog.obsolete(name)?;
    if obsolete.is_empty() {
        return Ok(());
    }
    let root = location::local_path(table)?;
    for address in &obsolete {
        let Ok(path) = location::local_path(address) else {
            continue;
        };
        // Files that somebody else's table shares stay: only what lies in this table's folder goes.
        if path.starts_with(&root) {
            durable::remove_file(&path)?;
            if let Some(folder) = path.parent() {
                durable::remove_empty_folder(folder);
            }
        }
    }
    catalog.forget(name, &obsolete)
}

/// Removes what the load left behind and the table, as it is, does not name.
pub(super) async fn sweep(load: &LoadId, table: &str, current: Option<&Table>) -> Result<()> {
    let (metadata, data) = match current {
        Some(current) => named_by(current, load).await?,
        None => (HashSet::new(), HashSet::new()),
    };
    let folder = location::data_folder(table, load);
    sweep_folder(&folder, &data, |_| true)?;
    durable::remove_empty_folder(&location::local_path(&folder)?);
    let prefix = snapshot_commit::metadata_prefix(load);
    sweep_folder(&location::metadata_folder(table), &metadata, |name| {
        let json = name.ends_with(".metadata.json")
            && name
                .split_once('-')
                .is_some_and(|(_, rest)| rest.starts_with(&prefix));
        json || (name.ends_with(".avro") && is_of(name, load))
    })?;
    for folder in [
        format!("{table}/data"),
        location::metadata_folder(table),
        table.to_owned(),
    ] {
        durable::remove_empty_folder(&location::local_path(&folder)?);
    }
    Ok(())
}

/// Manifests are `<load>-…`, lists `snap-<id>-<load>-…`.
fn is_of(name: &str, load: &LoadId) -> bool {
    let manifest = format!("{load}-");
    let list = format!("-{load}-");
    name.starts_with(&manifest) || (name.starts_with("snap-") && name.contains(&list))
}

fn sweep_folder(
    folder: &str,
    named: &HashSet<String>,
    is_ours: impl Fn(&str) -> bool,
) -> Result<()> {
    let path = location::local_path(folder)?;
    for name in durable::names(&path)? {
        if is_ours(&name) && !named.contains(&format!("{folder}/{name}")) {
            remove(&path.join(&name))?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    durable::remove_file(path).map(|_| ())
}

/// What the table names of its metadata, and of the load's data files.
async fn named_by(table: &Table, load: &LoadId) -> Result<(HashSet<String>, HashSet<String>)> {
    let mut metadata = snapshot_commit::named_metadata(table);
    let mut data = HashSet::new();
    let folder = format!(
        "{}/",
        location::data_folder(table.metadata.location(), load)
    );
    let mut seen = HashSet::new();
    for snapshot in table.metadata.snapshots() {
        for manifest in manifests(table, Some(snapshot)).await? {
            if !seen.insert(manifest.manifest_path.clone()) {
                continue;
            }
            for entry in live_entries(table, &manifest).await? {
                if entry.file_path().starts_with(&folder) {
                    data.insert(entry.file_path().to_owned());
                }
            }
            metadata.insert(manifest.manifest_path);
        }
    }
    Ok((metadata, data))
}
