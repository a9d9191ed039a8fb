//! What a table of InnoDB may be: known before it is made, so that the plan says so.

use model::Finding;
use model::plan::{Column, TableSchema, Write};
use model::table::Index;

use super::room::PREFIX;
use super::types::KEY_BYTES;

const COLUMNS: usize = 1_017;
const KEY_COLUMNS: usize = 16;
/// Bytes of a row, texts and blobs without a limit aside.
const ROW_BYTES: usize = 65_535;
/// Bytes of a row that must stand in one page.
const PAGE_BYTES: usize = 8_126;
const INDEXES: usize = 64;

/// What the plan should say of the new table; `at` is left to the planner.
pub(crate) fn review(write: &Write) -> Vec<Finding> {
    let table = &write.table;
    let name = &table.name.table;
    let mut findings = Vec::new();
    if name.starts_with(PREFIX) {
        let message = format!("tables whose names begin with {PREFIX} are Godwit's own");
        findings.push(
            Finding::blocker("NAME_RESERVED", "", message).hint("rename it by a rule under names"),
        );
    }
    let beyond = too_much(table).into_iter().map(|what| {
        Finding::blocker("TABLE_LIMIT", "", what)
            .hint("leave columns out, or read them as another type: each[].columns")
    });
    findings.extend(beyond);
    let possible: Vec<&str> = possible_indexes(write)
        .map(|index| index.name.as_str())
        .collect();
    for index in &write.indexes {
        if !possible.contains(&index.name.as_str()) {
            let message = format!(
                "index {} is not made: InnoDB takes no key over a text or blob without a limit, none above {KEY_BYTES} bytes, and {INDEXES} in all",
                index.name
            );
            findings.push(Finding::warning("INDEX_LEFT_OUT", "", message));
        }
    }
    let changes = |comment: Option<&str>| comment.is_some_and(|text| storable(text) != text);
    let comments = table.columns.iter().map(|column| column.comment.as_deref());
    if comments.chain([table.comment.as_deref()]).any(changes) {
        let message = "MySQL takes no character above U+FFFF in a comment: it is written as \\u{…}";
        findings.push(Finding::note("COMMENT_CHANGED", "", message));
    }
    let cut = table.columns.iter().filter(|column| {
        let comment = column.comment.as_deref().unwrap_or_default();
        comment.chars().count() > COLUMN_COMMENT
    });
    for column in cut {
        let message = format!(
            "the comment of column {} is cut to {COLUMN_COMMENT} characters",
            column.name
        );
        findings.push(Finding::note("COMMENT_CUT", "", message));
    }
    if table.comment.as_deref().unwrap_or_default().chars().count() > TABLE_COMMENT {
        let message = format!("the table's comment is cut to {TABLE_COMMENT} characters");
        findings.push(Finding::note("COMMENT_CUT", "", message));
    }
    findings
}

/// The comment as the server keeps it: of characters above U+FFFF it would make question marks.
pub(crate) fn storable(comment: &str) -> String {
    comment
        .chars()
        .fold(String::with_capacity(comment.len()), |mut out, c| {
            if u32::from(c) > 0xFFFF {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
            out
        })
}

/// Characters of a column's comment.
pub(crate) const COLUMN_COMMENT: usize = 1_024;
/// Characters of a table's comment.
pub(crate) const TABLE_COMMENT: usize = 2_048;

/// The indexes that the server would make.
pub(super) fn possible_indexes(write: &Write) -> impl Iterator<Item = &Index> {
    let possible = |index: &&Index| key_bytes(&write.table, &index.columns).is_some();
    write.indexes.iter().filter(possible).take(INDEXES)
}

fn too_much(table: &TableSchema) -> Vec<String> {
    let mut found = Vec::new();
    if table.columns.len() > COLUMNS {
        let count = table.columns.len();
        found.push(format!(
            "the table has {count} columns, and InnoDB takes {COLUMNS}"
        ));
    }
    let row: usize = table
        .columns
        .iter()
        .map(|column| Size::of(column).row)
        .sum();
    if row > ROW_BYTES {
        found.push(format!(
            "a row may have {row} bytes, and MySQL takes {ROW_BYTES}"
        ));
    }
    let page: usize = table
        .columns
        .iter()
        .map(|column| Size::of(column).page)
        .sum();
    if page > PAGE_BYTES {
        found.push(format!(
            "{page} bytes of a row may have to stand in one page, and InnoDB takes {PAGE_BYTES}"
        ));
    }
    if !table.primary_key.is_empty() && key_bytes(table, &table.primary_key).is_none() {
        found.push(format!(
            "the primary key has more than {KEY_COLUMNS} columns or {KEY_BYTES} bytes"
        ));
    }
    found
}

/// Bytes of a key over these columns; `None` where InnoDB makes none.
fn key_bytes(table: &TableSchema, names: &[String]) -> Option<usize> {
    let mut bytes = 0;
    for name in names {
        let column = table.columns.iter().find(|column| column.name == *name)?;
        bytes += Size::of(column).key?;
    }
    (names.len() <= KEY_COLUMNS && bytes <= KEY_BYTES).then_some(bytes)
}

/// Bytes that a column's values may take.
struct Size {
    /// Of a row.
    row: usize,
    /// Of a page.
    page: usize,
    /// Of a key; `None` where it cannot be part of one.
    key: Option<usize>,
}

impl Size {
    fn of(column: &Column) -> Self {
        let native = column.native.as_str();
        let base = native.split(['(', ' ']).next().unwrap_or_default();
        let numbers: Vec<usize> = native
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map(|(numbers, _)| {
                numbers
                    .split(',')
                    .filter_map(|n| n.trim().parse().ok())
                    .collect()
            })
            .unwrap_or_default();
        let length = numbers.first().copied().unwrap_or(0);
        match base {
            "varchar" => Self::varying(length * 4),
            "varbinary" => Self::varying(length),
            "longtext" | "longblob" => Self {
                row: 12,
                page: POINTER,
                key: None,
            },
            "char" => Self::fixed(length),
            "decimal" => Self::fixed(length / 9 * 4 + 8),
            "tinyint" => Self::fixed(1),
            "smallint" => Self::fixed(2),
            "int" | "float" => Self::fixed(4),
            "date" => Self::fixed(3),
            "time" => Self::fixed(6),
            _ => Self::fixed(8),
        }
    }

    fn fixed(bytes: usize) -> Self {
        Self {
            row: bytes,
            page: bytes,
            key: Some(bytes),
        }
    }

    /// What is longer than 255 bytes can stand elsewhere.
    fn varying(bytes: usize) -> Self {
        Self {
            row: bytes + 2,
            page: if bytes > 255 { POINTER } else { bytes + 1 },
            key: Some(bytes),
        }
    }
}

/// What stays in the page of a value that stands elsewhere.
const POINTER: usize = 40;

#[cfg(test)]
mod tests {
    use model::migration::LoadingPolicy;
    use model::plan::TableChange;
    use model::{LogicalType, TableName};

    use super::*;

    fn write(natives: &[&str], key: &[&str]) -> Write {
        let columns = natives.iter().enumerate().map(|(index, native)| Column {
            name: format!("c{index}"),
            holds: LogicalType::TEXT,
            native: (*native).to_owned(),
            nullable: true,
            comment: None,
        });
        Write {
            table: TableSchema {
                name: TableName::new("d", "t"),
                columns: columns.collect(),
                primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
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
            indexes: vec![Index {
                name: "i".to_owned(),
                columns: vec!["c0".to_owned()],
                unique: true,
            }],
        }
    }

    fn check(natives: &[&str], key: &[&str], expected: &[&str]) {
        let found = review(&write(natives, key));
        let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, expected, "{} columns", natives.len());
    }

    #[test]
    fn characters_that_comments_do_not_have_are_spelled_out() {
        assert_eq!(storable("é列\n😀"), "é列\n\\u{1f600}");
        let mut write = write(&["int"], &[]);
        write.table.comment = Some("😀".to_owned());
        let codes: Vec<String> = review(&write).into_iter().map(|found| found.code).collect();
        assert_eq!(codes, ["COMMENT_CHANGED"]);
    }

    #[test]
    fn tables_within_the_limits_and_beyond() {
        check(&["int", "longtext"], &["c0"], &[]);
        check(&["int"; 1_018], &[], &["TABLE_LIMIT"]);
        check(
            &["varchar(1024)"; 17],
            &[],
            &["TABLE_LIMIT", "INDEX_LEFT_OUT"],
        );
        check(&["varchar(60)"; 34], &[], &["TABLE_LIMIT"]);
        check(&["longtext"; 204], &[], &["TABLE_LIMIT", "INDEX_LEFT_OUT"]);
        check(&["longtext"; 190], &[], &["INDEX_LEFT_OUT"]);
        check(
            &["varchar(700)", "varchar(100)"],
            &["c0", "c1"],
            &["TABLE_LIMIT"],
        );
    }
}
