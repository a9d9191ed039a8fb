//! How a table of the lake is cut: data files by row groups, dealt out into splits. A table with
//! deleted rows beside its files is refused here, never read too full.

use iceberg::spec::{DataFileFormat, ManifestContentType, SnapshotRef, Transform};
use model::{Error, ErrorKind, Result};

use super::expire;
use super::read::FilePart;
use super::table::Table;

/// A table at a fixed Iceberg snapshot.
pub(super) struct FixedTable {
    /// The table.
    pub(super) table: Table,
    /// The snapshot; `None` where the table never had rows.
    pub(super) snapshot: Option<SnapshotRef>,
}

/// The data files of the table, cut by row groups, each with its rows.
pub(super) async fn parts(fixed: &FixedTable) -> Result<Vec<(FilePart, u64)>> {
    let Some(snapshot) = &fixed.snapshot else {
        return Ok(Vec::new());
    };
    let name = &fixed.table.name;
    let partition_fields: Vec<i32> = fixed
        .table
        .metadata
        .partition_specs_iter()
        .flat_map(|spec| spec.fields().iter())
        .filter(|field| field.transform == Transform::Identity)
        .map(|field| field.source_id)
        .collect();
    let mut parts = Vec::new();
    for manifest in expire::manifests(&fixed.table, Some(snapshot)).await? {
        let entries = expire::live_entries(&fixed.table, &manifest).await?;
        if manifest.content == ManifestContentType::Deletes && !entries.is_empty() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "DELETE_FILES",
                format!(
                    "table {name} has rows deleted beside its data files, which is not read yet"
                ),
            )
            .hint("compact the table with the tool that deleted the rows"));
        }
        for entry in entries {
            if entry.file_format() != DataFileFormat::Parquet {
                let format = entry.file_format();
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "FILE_FORMAT",
                    format!(
                        "table {name} has data files of format {format}, and only Parquet is read"
                    ),
                ));
            }
            let part = FilePart {
                snapshot: snapshot.snapshot_id(),
                address: entry.file_path().to_owned(),
                first_group: 0,
                end_group: None,
                file_rows: entry.record_count(),
                partition_fields: partition_fields.clone(),
            };
            let groups = entry.data_file().split_offsets().map_or(0, <[i64]>::len);
            if groups > 1 {
                parts.extend(cut(&part, groups, entry.record_count()));
            } else {
                parts.push((part, entry.record_count()));
            }
        }
    }
    Ok(parts)
}

/// The parts in at most `wanted` groups of about the same number of rows, in order.
pub(super) fn grouped(parts: Vec<(FilePart, u64)>, wanted: usize) -> Vec<(Vec<FilePart>, u64)> {
    let wanted = u128::try_from(wanted.max(1)).unwrap_or(1);
    let total: u128 = parts.iter().map(|(_, rows)| u128::from(*rows)).sum();
    let mut groups: Vec<(Vec<FilePart>, u64)> = Vec::new();
    let (mut before, mut last_place) = (0, None);
    for (part, rows) in parts {
        // The group that the part's first row falls into, were the rows dealt out evenly.
        let place = (before * wanted)
            .checked_div(total)
            .unwrap_or(0)
            .min(wanted - 1);
        match groups.last_mut() {
            Some(group) if last_place == Some(place) => {
                group.0.push(part);
                group.1 += rows;
            }
            _ => groups.push((vec![part], rows)),
        }
        last_place = Some(place);
        before += u128::from(rows);
    }
    groups
}

/// One part per row group; the last one takes whatever there is beyond those told.
fn cut(file: &FilePart, groups: usize, rows: u64) -> Vec<(FilePart, u64)> {
    (0..groups)
        .map(|group| {
            let part = FilePart {
                first_group: group,
                end_group: (group + 1 < groups).then_some(group + 1),
                ..file.clone()
            };
            (part, rows / groups as u64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> FilePart {
        FilePart {
            snapshot: 1,
            address: "file:///a".to_owned(),
            first_group: 0,
            end_group: None,
            file_rows: 30,
            partition_fields: Vec::new(),
        }
    }

    fn check(rows: &[u64], wanted: usize, expected: &[u64]) {
        let groups = grouped(rows.iter().map(|rows| (file(), *rows)).collect(), wanted);
        let sums: Vec<u64> = groups.iter().map(|(_, rows)| *rows).collect();
        assert_eq!(sums, expected);
        let parts: usize = groups.iter().map(|(parts, _)| parts.len()).sum();
        assert_eq!(parts, rows.len());
    }

    #[test]
    fn parts_are_dealt_out_evenly_and_all() {
        check(&[], 4, &[]);
        check(&[5], 4, &[5]);
        check(&[1, 1, 1, 1, 1, 1], 3, &[2, 2, 2]);
        check(&[1, 1, 1, 1, 1], 1, &[5]);
        check(&[100, 1, 1], 2, &[100, 2]);
        check(&[0, 0], 2, &[0]);
        check(&[3, 0], 2, &[3, 0]);
    }

    #[test]
    fn row_groups_cover_the_file() {
        let cut = cut(&file(), 3, 30);
        let ranges = cut
            .iter()
            .map(|(part, _)| (part.first_group, part.end_group));
        let ranges: Vec<_> = ranges.collect();
        assert_eq!(ranges, [(0, Some(1)), (1, Some(2)), (2, None)]);
    }
}
