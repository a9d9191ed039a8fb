//! What a table of PostgreSQL may be: known before it is made, so that the plan says so; and rows that
//! no page holds, known before they are sent. Pure.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use contract::Unfit;
use model::Finding;
use model::LogicalType;
use model::plan::{Column, TableSchema, Write};

use super::marker;

const COLUMNS: usize = 1_600;
const KEY_COLUMNS: usize = 32;
/// Bytes of a row that must stand in one page; a row never goes over two.
const PAGE_BYTES: usize = 8_160;
/// What a row has beside its columns, without the bits that tell its nulls.
const ROW_HEAD: usize = 23;
/// What stays in the page of a value that stands elsewhere.
const POINTER: usize = 18;
/// The longest value that is never put elsewhere.
const LONGEST_INLINE: usize = 20;
/// Values from so many bytes on may be compressed where they are, and then take less than a pointer does.
const COMPRESSED_FROM: usize = 32;
/// The least that a compressed value takes: what says so, and one piece that repeats.
const COMPRESSED: usize = 10;

/// What the plan should say of the new table; `at` is left to the planner.
pub(in crate::postgres) fn review(write: &Write) -> Vec<Finding> {
    let table = &write.table;
    let mut findings = Vec::new();
    if table.name.table == marker::NAME {
        let message = format!("{} is the name of Godwit's own table", table.name);
        let finding = Finding::blocker("NAME_RESERVED", "", message);
        findings.push(finding.hint("rename it by a rule under names"));
    }
    findings.extend(too_much(table).into_iter().map(|what| {
        Finding::blocker("TABLE_LIMIT", "", what)
            .hint("leave columns out, or read them as another type: each[].columns")
    }));
    findings
}

fn too_much(table: &TableSchema) -> Vec<String> {
    let mut found = Vec::new();
    let count = table.columns.len();
    if count > COLUMNS {
        found.push(format!(
            "the table has {count} columns, and PostgreSQL takes {COLUMNS}"
        ));
    }
    let least = row_bytes(&table.columns, |column| {
        (!column.nullable).then(|| least_bytes(column, 0))
    });
    if least > PAGE_BYTES {
        found.push(format!(
            "every row has {least} bytes at least, and PostgreSQL takes {PAGE_BYTES} in a page"
        ));
    }
    if table.primary_key.len() > KEY_COLUMNS {
        let count = table.primary_key.len();
        found.push(format!(
            "the primary key has {count} columns, and PostgreSQL takes {KEY_COLUMNS}"
        ));
    }
    found
}

/// Rows that surely no page holds, however much of them is compressed or stands elsewhere; the last column that is not null is named.
pub(super) fn too_wide(write: &Write, batch: &RecordBatch) -> Vec<Unfit> {
    let columns = &write.table.columns;
    // Only tables of hundreds of columns can have such rows.
    if row_bytes(columns, |column| Some(least_bytes(column, LONGEST_INLINE))) <= PAGE_BYTES {
        return Vec::new();
    }
    let unfit = |row: usize| {
        let mut index = 0;
        let mut last = 0;
        let bytes = row_bytes(columns, |column| {
            let array = batch.column(index);
            let there = array.is_valid(row);
            if there {
                last = index;
            }
            index += 1;
            there.then(|| least_bytes(column, length(array, row)))
        });
        (bytes > PAGE_BYTES).then(|| Unfit {
            row,
            column: last,
            code: "VALUE_TOO_LARGE",
            reason: format!(
                "the row takes {bytes} bytes of a page at least, and PostgreSQL has {PAGE_BYTES}"
            ),
        })
    };
    (0..batch.num_rows()).filter_map(unfit).collect()
}

/// The least that a row takes of its page; `size` is asked for each column in order, and gives none
/// where it is null.
fn row_bytes(columns: &[Column], mut size: impl FnMut(&Column) -> Option<(usize, usize)>) -> usize {
    let mut data = 0_usize;
    let mut has_null = false;
    for column in columns {
        match size(column) {
            Some((bytes, alignment)) => data = data.next_multiple_of(alignment) + bytes,
            None => has_null = true,
        }
    }
    let nulls = if has_null {
        columns.len().div_ceil(8)
    } else {
        0
    };
    (ROW_HEAD + nulls).next_multiple_of(8) + data
}

/// Bytes and alignment of a value whose own bytes are so many.
fn least_bytes(column: &Column, own: usize) -> (usize, usize) {
    match &column.holds {
        LogicalType::Boolean => (1, 1),
        LogicalType::Integer { bits: 8 | 16, .. } => (2, 2),
        LogicalType::Integer { bits: 32, .. } | LogicalType::Float32 | LogicalType::Date => (4, 4),
        LogicalType::Integer { .. }
        | LogicalType::Float64
        | LogicalType::Time { .. }
        | LogicalType::Timestamp { .. } => (8, 8),
        LogicalType::Uuid => (16, 1),
        _ if own <= LONGEST_INLINE => (own + 1, 1),
        _ if own < COMPRESSED_FROM => (POINTER, 1),
        _ => (COMPRESSED, 1),
    }
}

/// The bytes of a text; of what else is stored by length, what the least of them takes.
fn length(array: &ArrayRef, row: usize) -> usize {
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.value_length(row).unsigned_abs() as usize;
    }
    if let Some(bytes) = array.as_binary_opt::<i32>() {
        return bytes.value_length(row).unsigned_abs() as usize;
    }
    2
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};
    use model::TableName;
    use model::migration::LoadingPolicy;
    use model::plan::TableChange;

    use super::*;

    fn write(name: &str, holds: &LogicalType, count: usize, nullable: bool, key: usize) -> Write {
        let column = |index| Column {
            name: format!("c{index}"),
            holds: holds.clone(),
            native: String::new(),
            nullable,
            comment: None,
        };
        Write {
            table: TableSchema {
                name: TableName::new("n", name),
                columns: (0..count).map(column).collect(),
                primary_key: (0..key).map(|index| format!("c{index}")).collect(),
                comment: None,
            },
            policy: LoadingPolicy::Overwrite,
            partition: None,
            exists: false,
            change: TableChange::Keep,
            ddl: Vec::new(),
            update_key: Vec::new(),
            without_source: Vec::new(),
            statements: model::migration::Statements::default(),
            indexes: Vec::new(),
        }
    }

    #[test]
    fn tables_within_the_limits_and_beyond() {
        let bigint = LogicalType::int(64);
        for (write, expected) in [
            (write("t", &bigint, 1_017, false, 32), &[][..]),
            (write("t", &bigint, 1_600, true, 0), &[]),
            (write("t", &bigint, 1_601, true, 0), &["TABLE_LIMIT"]),
            (write("t", &bigint, 1_018, false, 0), &["TABLE_LIMIT"]),
            (write("t", &LogicalType::TEXT, 1_600, false, 0), &[]),
            (write("t", &bigint, 33, false, 33), &["TABLE_LIMIT"]),
            (
                write("godwit_loads", &bigint, 1, false, 0),
                &["NAME_RESERVED"],
            ),
        ] {
            let codes: Vec<String> = review(&write).into_iter().map(|found| found.code).collect();
            assert_eq!(codes, expected, "{} columns", write.table.columns.len());
        }
    }

    #[test]
    fn a_row_that_no_page_holds_is_found() {
        let bigint = write("t", &LogicalType::int(64), 1_100, true, 0);
        // The second row has 999 values and the bits of 101 nulls: one value more is one too many.
        let column = |index| Int64Array::from(vec![Some(1), (index < 999).then_some(1), None]);
        let arrays = (0..1_100).map(|index| Arc::new(column(index)) as ArrayRef);
        let found = too_wide(&bigint, &batch(&bigint, arrays.collect()));
        let found: Vec<_> = found
            .iter()
            .map(|unfit| (unfit.row, unfit.column))
            .collect();
        assert_eq!(found, [(0, 1_099)]);
        let text = write("t", &LogicalType::TEXT, 500, true, 0);
        let long = "x".repeat(100);
        // What repeats is compressed by the server to less than a pointer: it may fit.
        let column = || StringArray::from(vec![long.as_str(), "four", &long[..31], &long[..20]]);
        let arrays = (0..500).map(|_| Arc::new(column()) as ArrayRef);
        let found = too_wide(&text, &batch(&text, arrays.collect()));
        assert_eq!(
            found.iter().map(|unfit| unfit.row).collect::<Vec<_>>(),
            [2, 3]
        );
        let wider = write("t", &LogicalType::TEXT, 900, true, 0);
        let arrays = (0..900).map(|_| Arc::new(column()) as ArrayRef);
        let found = too_wide(&wider, &batch(&wider, arrays.collect()));
        assert_eq!(found.len(), 3, "all but the short ones");
    }

    fn batch(write: &Write, arrays: Vec<ArrayRef>) -> RecordBatch {
        let fields = write.table.columns.iter().zip(&arrays);
        let fields =
            fields.map(|(column, array)| Field::new(&column.name, array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, arrays).unwrap()
    }
}
