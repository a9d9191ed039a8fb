//! What the table's manifests tell of its rows: how many there are, and how many values of a column are
//! null. A lake has no language to be asked in, so there are no sums.

use contract::{SourceColumn, SourceFigures};
use model::Result;
use model::checksum::ColumnFigures;
use model::plan::{Scan, ScanColumn};

use super::expire;
use super::splits::FixedTable;

/// The figures of `scan`, from the manifests of the snapshot that it reads.
pub(super) async fn figures(fixed: &FixedTable, scan: &Scan) -> Result<SourceFigures> {
    let ids: Vec<Option<i32>> = scan.columns.iter().map(field_id).collect();
    let mut rows = 0;
    let mut nulls = vec![Some(0); ids.len()];
    for manifest in &expire::manifests(&fixed.table, fixed.snapshot.as_ref()).await? {
        for entry in expire::live_entries(&fixed.table, manifest).await? {
            let file = entry.data_file();
            rows += file.record_count();
            for (nulls, id) in nulls.iter_mut().zip(&ids) {
                let more = id.and_then(|id| file.null_value_counts().get(&id).copied());
                *nulls = nulls.zip(more).map(|(nulls, more)| nulls + more);
            }
        }
    }
    Ok(SourceFigures {
        rows,
        columns: nulls.into_iter().map(|nulls| column(rows, nulls)).collect(),
    })
}

fn column(rows: u64, nulls: Option<u64>) -> SourceColumn {
    let non_null = nulls.and_then(|nulls| rows.checked_sub(nulls));
    SourceColumn {
        figures: non_null.map(|non_null| ColumnFigures {
            non_null,
            range: None,
        }),
        why: Some(match non_null {
            Some(_) => "a lake computes no sums".to_owned(),
            None => "a manifest does not say how many values are null".to_owned(),
        }),
    }
}

fn field_id(column: &ScanColumn) -> Option<i32> {
    let id = column.native.private.get("id")?.as_i64()?;
    i32::try_from(id).ok()
}
