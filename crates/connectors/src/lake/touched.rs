//! The files of a table that a load by key may touch: which are live, which can hold one of its keys by
//! the bounds of their manifests, and which of their rows are replaced.

use std::cmp::Ordering;

use arrow::array::BooleanBufferBuilder;
use iceberg::spec::{
    DataFile, DataFileFormat, ManifestContentType, NestedFieldRef, PrimitiveType, Type,
};
use model::{Error, ErrorKind, Result};

use super::expire;
use super::table::Table;

/// A live file that may hold keys of the load.
pub(super) struct Candidate {
    pub(super) file: DataFile,
    pub(super) spec: i32,
    /// A bit for each row, unset where a row of the load replaces it; `None` before the first one.
    pub(super) stays: Option<BooleanBufferBuilder>,
    pub(super) replaced: u64,
}

/// The live data files, each with its partition spec.
pub(super) async fn live_files(table: &Table) -> Result<Vec<(DataFile, i32)>> {
    let mut files = Vec::new();
    for manifest in expire::manifests(table, table.metadata.current_snapshot()).await? {
        let entries = expire::live_entries(table, &manifest).await?;
        if manifest.content == ManifestContentType::Deletes {
            if entries.is_empty() {
                continue;
            }
            let message = format!(
                "table {} has rows deleted beside its data files: they would come back",
                table.name
            );
            return Err(Error::new(ErrorKind::Unsupported, "DELETE_FILES", message)
                .hint("compact the table with the tool that deleted the rows"));
        }
        for entry in &entries {
            if entry.file_format() != DataFileFormat::Parquet {
                let (name, format) = (&table.name, entry.file_format());
                let message = format!(
                    "table {name} has data files of format {format}, and only Parquet is updated"
                );
                return Err(Error::new(ErrorKind::Unsupported, "FILE_FORMAT", message));
            }
            files.push((entry.data_file().clone(), manifest.partition_spec_id));
        }
    }
    Ok(files)
}

impl Candidate {
    /// Marks rows of a batch that `before` rows of the file come before.
    pub(super) fn leave_out(&mut self, before: usize, rows: &[u32]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let count = usize::try_from(self.file.record_count())
            .map_err(|_| Error::internal("more rows in a file than can be counted"))?;
        let stays = self.stays.get_or_insert_with(|| {
            let mut all = BooleanBufferBuilder::new(count);
            all.append_n(count, true);
            all
        });
        for row in rows {
            stays.set_bit(before + *row as usize, false);
        }
        self.replaced += rows.len() as u64;
        Ok(())
    }
}

/// Whether a file of the table may hold a key of a file of the load, by what the manifests say. What
/// they do not say may be anything.
pub(super) fn may_meet(own: &DataFile, other: &DataFile, key: &[NestedFieldRef]) -> bool {
    key.iter().all(|field| {
        let id = &field.id;
        let no_nulls = |file: &DataFile| {
            field.required
                || file
                    .null_value_counts()
                    .get(id)
                    .is_some_and(|nulls| *nulls == 0)
        };
        // Neither NaN nor the sign of zero is in a bound.
        let float = matches!(
            *field.field_type,
            Type::Primitive(PrimitiveType::Float | PrimitiveType::Double)
        );
        if float || !(no_nulls(own) || no_nulls(other)) {
            return true;
        }
        let below = |one: &DataFile, other: &DataFile| {
            let (upper, lower) = (one.upper_bounds().get(id), other.lower_bounds().get(id));
            upper
                .zip(lower)
                .is_some_and(|(upper, lower)| upper.partial_cmp(lower) == Some(Ordering::Less))
        };
        !below(own, other) && !below(other, own)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use iceberg::spec::{DataContentType, DataFileBuilder, Datum, NestedField};

    use super::*;

    fn file(range: Option<(i64, i64)>, nulls: Option<u64>) -> DataFile {
        let bound = |value: i64| HashMap::from([(1, Datum::long(value))]);
        let mut file = DataFileBuilder::default();
        file.content(DataContentType::Data)
            .file_path("a".to_owned())
            .file_format(DataFileFormat::Parquet)
            .record_count(9)
            .file_size_in_bytes(9);
        if let Some((lower, upper)) = range {
            file.lower_bounds(bound(lower)).upper_bounds(bound(upper));
        }
        if let Some(nulls) = nulls {
            file.null_value_counts(HashMap::from([(1, nulls)]));
        }
        file.build().unwrap()
    }

    fn check(own: &DataFile, other: &DataFile, expected: bool) {
        let field = |primitive| {
            let field = NestedField::optional(1, "id", Type::Primitive(primitive));
            [NestedFieldRef::from(field)]
        };
        assert_eq!(may_meet(own, other, &field(PrimitiveType::Long)), expected);
        assert_eq!(may_meet(other, own, &field(PrimitiveType::Long)), expected);
        assert!(may_meet(own, other, &field(PrimitiveType::Double)));
    }

    #[test]
    fn a_file_is_left_out_only_where_its_bounds_say_so() {
        let of = |lower, upper| file(Some((lower, upper)), Some(0));
        check(&of(1, 5), &of(6, 9), false);
        check(&of(1, 5), &of(5, 9), true);
        check(&of(1, 9), &of(4, 5), true);
        // A null may meet a null, wherever the other keys are; one alone meets none.
        let with_nulls = |nulls| file(Some((1, 5)), nulls);
        check(&with_nulls(Some(1)), &file(Some((6, 9)), Some(2)), true);
        check(&with_nulls(None), &file(Some((6, 9)), None), true);
        check(&with_nulls(Some(1)), &of(6, 9), false);
        check(&file(None, Some(0)), &of(6, 9), true);
    }
}
