//! The table as the load will make it. Its statements are the destination's dialect's.

use model::plan::{Column, TableSchema};
use model::{LogicalType, NativeTable, TableName};

use crate::match_columns::Planned;
use crate::naming::comment_with_original;

/// A table that is made by the load: the planned columns in the source's order, the partition column
/// last.
pub(crate) fn new_table(
    source: &NativeTable,
    name: TableName,
    converted: bool,
    planned: &[Planned],
    partition: Option<Column>,
) -> TableSchema {
    let columns = planned.iter().map(|planned| planned.column.clone());
    TableSchema {
        name,
        columns: columns.chain(partition).collect(),
        primary_key: primary_key(source, planned),
        comment: comment(source, converted),
    }
}

/// The source's comment, with the original name where another one was made of it.
pub(crate) fn comment(source: &NativeTable, converted: bool) -> Option<String> {
    if converted {
        let original = &source.name.table;
        Some(comment_with_original(source.comment.as_deref(), original))
    } else {
        source.comment.clone()
    }
}

/// The source's key under the destination's names; empty where a part of it is left out.
pub(crate) fn primary_key(source: &NativeTable, planned: &[Planned]) -> Vec<String> {
    renamed(&source.primary_key, planned).unwrap_or_default()
}

/// Source columns under the destination's names; `None` where one of them does not move.
pub(crate) fn renamed(names: &[String], planned: &[Planned]) -> Option<Vec<String>> {
    let names = names.iter().map(|name| {
        planned
            .iter()
            .find(|planned| planned.scan.native.name == *name)
            .map(|planned| planned.column.name.clone())
    });
    names.collect()
}

/// What the partition column holds: text.
pub(crate) const PARTITION_TYPE: LogicalType = LogicalType::TEXT;
