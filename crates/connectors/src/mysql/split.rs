//! Where a table is cut: along its primary key, a unique key, or what a person asked for, at
//! boundaries that the index itself tells, so that parts are alike however skewed the key is.
//! Boundaries only ever decide how even the parts are: any list of them covers each row once.

use std::collections::BTreeMap;

use model::plan::Scan;
use model::{Finding, NativeColumn, Result, TableKind};
use mysql_async::{Row, Value};

use super::bisect;
use super::catalog::TableFacts;
use super::ddl::{quote, quote_table};
use super::pool::Lease;
use super::statement::{KeyColumn, KeyValue, Part, any_of, filter_condition, key_column};
use crate::family::key_range::{after, ranges};

/// A key to cut by.
pub(crate) struct Key {
    pub(crate) columns: Vec<KeyColumn>,
    pub(crate) natives: Vec<NativeColumn>,
    /// The primary key's index, where it is the key: a reader must use it, for the server would
    /// rather read the whole table for each of a few large ranges.
    pub(crate) index: Option<String>,
}

/// Above this many rows a walk along the index costs too much beside the read itself.
const WALK_LIMIT: u64 = 100_000;
/// The same, for keys whose boundaries cannot be reckoned.
const WALK_LIMIT_OTHERS: u64 = 200_000_000;
const MOST_SPLITS: usize = 4_096;
/// A larger table that is not cut takes long by itself.
const LARGE_BYTES: u64 = 64 << 20;
/// A filter that leaves less of the table is read in one split.
const SMALL_SHARE: f64 = 0.05;

/// The parts of a table, about `wanted` or fewer.
pub(crate) async fn parts(lease: &mut Lease, scan: &Scan, wanted: usize) -> Result<Vec<Part>> {
    let wanted = wanted.min(MOST_SPLITS);
    let whole = || vec![Part::default()];
    let Some(key) = key_of(scan).filter(|_| wanted > 1) else {
        return Ok(whole());
    };
    if is_small_by_filter(lease, scan).await {
        return Ok(whole());
    }
    let nullable = key.natives.iter().any(|column| column.nullable);
    let estimate = scan.estimated_rows.unwrap_or(0);
    let boundaries = match bisect::is_possible(&key) {
        true if estimate > WALK_LIMIT => bisect::boundaries(lease, scan, &key, wanted).await?,
        _ if estimate > WALK_LIMIT_OTHERS => Vec::new(),
        _ => walk(lease, scan, &key, wanted).await?,
    };
    let mut parts: Vec<Part> = ranges(&boundaries)
        .into_iter()
        .map(|range| Part {
            key: key.columns.clone(),
            index: key.index.clone(),
            from: range.from,
            until: range.until,
            nulls: false,
        })
        .collect();
    if nullable && parts.len() > 1 {
        // Of the ranges none takes rows without a key: the first and the last are bounded on one side.
        parts.push(Part {
            key: key.columns,
            nulls: true,
            ..Part::default()
        });
    }
    Ok(parts)
}

/// A table without a key to cut by is read in one split, whatever was wished for.
pub(crate) fn review(scan: &Scan) -> Option<Finding> {
    if key_of(scan).is_some() {
        return None;
    }
    let at = scan.table.to_string();
    if scan.split_by.is_empty() {
        if scan.kind != TableKind::Table {
            return None;
        }
        let message = format!(
            "{} has no key to cut it by: it moves in one split",
            scan.table
        );
        let large = scan.estimated_bytes.unwrap_or(0) > LARGE_BYTES;
        let finding = if large {
            Finding::warning("NO_SPLIT_KEY", at, message)
        } else {
            Finding::note("NO_SPLIT_KEY", at, message)
        };
        let hint = "name a column with an index and without null: each: [{ table: …, split-by: [COLUMN] }]";
        return Some(finding.hint(hint));
    }
    let wish = scan.split_by.join(", ");
    let why = if matches!(scan.kind, TableKind::View | TableKind::Sequence) {
        "it has no key to cut by"
    } else {
        "its values have no order to cut by, or null stands in one of several columns"
    };
    let message = format!(
        "{} is not cut by {wish}: {why}; it moves in one split",
        scan.table
    );
    Some(
        Finding::warning("SPLIT_BY_IGNORED", at, message)
            .hint("cut by whole numbers, dates or binary text without null, or leave split-by out"),
    )
}

/// What the table is cut by; none where it is read whole.
pub(crate) fn key_of(scan: &Scan) -> Option<Key> {
    if matches!(scan.kind, TableKind::View | TableKind::Sequence) {
        return None;
    }
    let natives: BTreeMap<&str, &NativeColumn> = scan
        .columns
        .iter()
        .map(|column| (column.native.name.as_str(), &column.native))
        .collect();
    let facts: TableFacts = serde_json::from_value(scan.private.clone()).unwrap_or_default();
    let build = |names: &[String], index: Option<String>| -> Option<Key> {
        let found: Option<Vec<NativeColumn>> = names
            .iter()
            .map(|name| natives.get(name.as_str()).map(|column| (*column).clone()))
            .collect();
        let natives = found.filter(|columns| !columns.is_empty())?;
        let columns: Option<Vec<KeyColumn>> = natives.iter().map(key_column).collect();
        Some(Key {
            columns: columns?,
            natives,
            index,
        })
    };
    let index_of = |names: &[String]| {
        let primary = facts.keys.iter().find(|key| key.name == "PRIMARY");
        primary
            .filter(|key| key.columns.starts_with(names))
            .map(|key| key.name.clone())
    };
    if !scan.split_by.is_empty() {
        let key = build(&scan.split_by, index_of(&scan.split_by))?;
        let nullable = key.natives.iter().any(|column| column.nullable);
        return (!nullable || key.columns.len() == 1).then_some(key);
    }
    facts.keys.iter().find_map(|facts| {
        let index = Some(facts.name.clone()).filter(|name| name == "PRIMARY");
        let key = build(&facts.columns, index)?;
        key.natives
            .iter()
            .all(|column| !column.nullable)
            .then_some(key)
    })
}

/// Asks the server how much a filter leaves; where it cannot tell, the table is cut as if it left all.
async fn is_small_by_filter(lease: &mut Lease, scan: &Scan) -> bool {
    let (Some(filter), Some(all)) = (&scan.filter, scan.estimated_rows) else {
        return false;
    };
    let table = quote_table(&scan.table);
    let explain = format!(
        "EXPLAIN SELECT 1 FROM {table} WHERE {}",
        filter_condition(filter)
    );
    match lease.ask(&explain).await {
        Ok(rows) => {
            let left = rows.first().map_or(0, explained_rows);
            (left as f64) < all as f64 * SMALL_SHARE
        }
        Err(_) => false,
    }
}

/// The rows that a line of EXPLAIN expects.
pub(crate) fn explained_rows(row: &Row) -> u64 {
    let at = row
        .columns_ref()
        .iter()
        .position(|column| column.name_str() == "rows");
    match at.and_then(|at| row.as_ref(at)) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::UInt(number)) => *number,
        Some(Value::Bytes(digits)) => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0),
        _ => 0,
    }
}

/// Walks along the index, from boundary to boundary.
async fn walk(
    lease: &mut Lease,
    scan: &Scan,
    key: &Key,
    wanted: usize,
) -> Result<Vec<Vec<KeyValue>>> {
    let table = quote_table(&scan.table);
    let hint = key
        .index
        .as_ref()
        .map(|index| format!(" FORCE INDEX ({})", quote(index)));
    let source = format!("{table}{}", hint.unwrap_or_default());
    let names: Vec<String> = key
        .columns
        .iter()
        .map(|column| quote(&column.name))
        .collect();
    let names = names.join(", ");
    let filled: Vec<String> = key
        .natives
        .iter()
        .filter(|column| column.nullable)
        .map(|column| format!("{} IS NOT NULL", quote(&column.name)))
        .collect();
    let rows = match scan.estimated_rows {
        Some(estimate) if estimate > WALK_LIMIT => estimate,
        _ => count(lease, &source).await?,
    };
    let step = rows.div_ceil(wanted as u64).max(1);
    let mut boundaries: Vec<Vec<KeyValue>> = Vec::new();
    // Steps that ended at a key that cannot be a boundary, since the last one that could.
    let mut missed = 0;
    for _ in 1..wanted {
        let mut values = Vec::new();
        let mut conditions = filled.clone();
        // The first boundary is one step from the beginning; each next one a step behind the last.
        let skip = match boundaries.last() {
            None => step * (missed + 1),
            Some(last) => {
                conditions.push(any_of(&after(last), &key.columns, &mut values));
                step * (missed + 1) - 1
            }
        };
        let condition = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let statement = format!(
            "SELECT {names} FROM {source}{condition} ORDER BY {names} LIMIT 1 OFFSET {skip}"
        );
        let Some(row) = lease.rows(&statement, values).await?.into_iter().next() else {
            break;
        };
        let boundary: Option<Vec<KeyValue>> = key
            .natives
            .iter()
            .enumerate()
            .map(|(at, column)| KeyValue::of(row.as_ref(at)?, column))
            .collect();
        match boundary {
            Some(boundary) => {
                boundaries.push(boundary);
                missed = 0;
            }
            None => missed += 1,
        }
    }
    Ok(boundaries)
}

async fn count(lease: &mut Lease, source: &str) -> Result<u64> {
    let rows = lease
        .rows(&format!("SELECT COUNT(*) FROM {source}"), Vec::new())
        .await?;
    Ok(match rows.first().and_then(|row| row.as_ref(0)) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::UInt(number)) => *number,
        _ => 0,
    })
}
