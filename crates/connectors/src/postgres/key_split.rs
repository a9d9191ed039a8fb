//! Cutting what has no blocks of its own, a view, by the columns that a person named. The server
//! orders and compares the boundaries itself, so any type with an order will do: text in its
//! collation, numeric with NaN, timestamps with infinity. Rows without a key go with the first part.

use model::plan::Scan;
use model::{Error, ErrorKind, Result, Side};
use serde::{Deserialize, Serialize};

use super::connect::Session;
use super::ddl::{literal, quote, quote_table};
use super::errors::error_of;

/// A part of fewer rows is not worth a query.
const SMALLEST_ROWS: i64 = 1_000;

/// A stretch of a key's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyPart {
    /// Name and type of each column of the key.
    pub(super) columns: Vec<(String, String)>,
    /// The first key, as text; open where there is none, and then rows without a key belong to it.
    pub(super) from: Option<Vec<String>>,
    /// The key behind the last one; open where there is none.
    pub(super) until: Option<Vec<String>>,
}

impl KeyPart {
    /// The part as a condition; `None` for all rows.
    pub(super) fn condition(&self) -> Option<String> {
        if self.from.is_none() && self.until.is_none() {
            return None;
        }
        let names: Vec<String> = self.columns.iter().map(|(name, _)| quote(name)).collect();
        let key = format!("ROW({})", names.join(", "));
        let mut terms: Vec<String> = names
            .iter()
            .map(|name| format!("{name} IS NOT NULL"))
            .collect();
        let bound = |sign: &str, values: &Vec<String>| format!("{key} {sign} {}", self.row(values));
        terms.extend(self.from.as_ref().map(|values| bound(">=", values)));
        terms.extend(self.until.as_ref().map(|values| bound("<", values)));
        let within = terms.join(" AND ");
        if self.from.is_some() {
            return Some(format!("({within})"));
        }
        let missing: Vec<String> = names.iter().map(|name| format!("{name} IS NULL")).collect();
        Some(format!("({within} OR {})", missing.join(" OR ")))
    }

    fn row(&self, values: &[String]) -> String {
        let typed = self.columns.iter().zip(values);
        let typed = typed.map(|((_, native), value)| format!("{}::{native}", literal(value)));
        format!("ROW({})", typed.collect::<Vec<_>>().join(", "))
    }
}

/// Cuts `scan` by the columns that were asked for, into at most `wanted` parts of about the same
/// number of rows, each with that number. Orders all rows once, at the server.
pub(super) async fn cut(
    session: &Session,
    scan: &Scan,
    wanted: usize,
) -> Result<Vec<(KeyPart, u64)>> {
    let columns = key_columns(scan)?;
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX).max(1);
    let query = boundaries_query(scan, &columns, wanted);
    let failed = |cause| {
        error_of(cause).context(format!(
            "could not cut {} by {}",
            scan.table,
            scan.split_by.join(", ")
        ))
    };
    let rows = session.client.query(&query, &[]).await.map_err(failed)?;
    let mut boundaries: Vec<Vec<String>> = Vec::new();
    let mut total = 0;
    for row in &rows {
        total = row.get::<_, i64>("total");
        let boundary: Vec<String> = row.get("boundary");
        // The same key twice means that one key has more rows than a part.
        if row.get::<_, bool>("is_boundary") && boundaries.last() != Some(&boundary) {
            boundaries.push(boundary);
        }
    }
    let share = u64::try_from(total).unwrap_or(0) / (boundaries.len() as u64 + 1);
    Ok(parts(&columns, boundaries)
        .into_iter()
        .map(|part| (part, share))
        .collect())
}

/// Each boundary ends one part and begins the next.
fn parts(columns: &[(String, String)], boundaries: Vec<Vec<String>>) -> Vec<KeyPart> {
    let mut parts = Vec::with_capacity(boundaries.len() + 1);
    let mut from = None;
    for until in boundaries.into_iter().map(Some).chain([None]) {
        parts.push(KeyPart {
            columns: columns.to_vec(),
            from,
            until: until.clone(),
        });
        from = until;
    }
    parts
}

fn key_columns(scan: &Scan) -> Result<Vec<(String, String)>> {
    let columns = scan.split_by.iter().map(|name| {
        let column = scan
            .columns
            .iter()
            .find(|column| column.native.name == *name);
        let column = column.ok_or_else(|| {
            let message = format!(
                "{} cannot be cut by {name:?}, which is not read",
                scan.table
            );
            Error::new(ErrorKind::Config, "SPLIT_COLUMN_LEFT_OUT", message).on(Side::Source)
        })?;
        Ok((name.clone(), column.native.type_text.clone()))
    });
    columns.collect()
}

/// The first key of each part but the first, in order; one line of no boundary where there are none.
fn boundaries_query(scan: &Scan, columns: &[(String, String)], wanted: i64) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| quote(name)).collect();
    let key = names.join(", ");
    let texts: Vec<String> = names
        .iter()
        .map(|name| format!("{name}::pg_catalog.text"))
        .collect();
    let mut conditions: Vec<String> = names
        .iter()
        .map(|name| format!("{name} IS NOT NULL"))
        .collect();
    conditions.extend(scan.filter.iter().map(|filter| format!("(\n{filter}\n)")));
    format!(
        "SELECT total, boundary, (place - 1) * parts / total > (place - 2) * parts / total AND place > 1 AS is_boundary \
         FROM (SELECT place, total, least({wanted}::int8, greatest(total / {SMALLEST_ROWS}, 1)) AS parts, boundary \
               FROM (SELECT row_number() OVER (ORDER BY {key}) AS place, count(*) OVER () AS total, \
                            ARRAY[{}] AS boundary \
                     FROM {} WHERE {}) AS numbered) AS cut \
         WHERE place = 1 OR (place - 1) * parts / total > (place - 2) * parts / total \
         ORDER BY place",
        texts.join(", "),
        quote_table(&scan.table),
        conditions.join(" AND "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(from: Option<&[&str]>, until: Option<&[&str]>) -> KeyPart {
        let owned = |key: &[&str]| key.iter().map(|part| (*part).to_owned()).collect();
        KeyPart {
            columns: vec![
                ("a".to_owned(), "numeric".to_owned()),
                ("b\"".to_owned(), "text".to_owned()),
            ],
            from: from.map(owned),
            until: until.map(owned),
        }
    }

    #[test]
    fn rows_without_a_key_go_with_the_first_part_alone() {
        let first = part(None, Some(&["NaN", "x'"])).condition().unwrap();
        assert_eq!(
            first,
            "(\"a\" IS NOT NULL AND \"b\"\"\" IS NOT NULL AND ROW(\"a\", \"b\"\"\") < \
             ROW('NaN'::numeric, 'x'''::text) OR \"a\" IS NULL OR \"b\"\"\" IS NULL)"
        );
        let last = part(Some(&["1", ""]), None).condition().unwrap();
        assert!(!last.contains("IS NULL"), "{last}");
        assert_eq!(part(None, None).condition(), None);
    }

    #[test]
    fn each_boundary_ends_one_part_and_begins_the_next() {
        let columns = [("a".to_owned(), "int4".to_owned())];
        let keys = |text: &str| vec![text.to_owned()];
        let parts = parts(&columns, vec![keys("5"), keys("9")]);
        let bounds: Vec<_> = parts
            .into_iter()
            .map(|part| (part.from, part.until))
            .collect();
        assert_eq!(
            bounds,
            [
                (None, Some(keys("5"))),
                (Some(keys("5")), Some(keys("9"))),
                (Some(keys("9")), None),
            ]
        );
    }
}
