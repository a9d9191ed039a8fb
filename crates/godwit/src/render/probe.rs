//! What `plan --probe` saw, one table of figures for each table of the source.

use service::plan::{ColumnProbe, Extent, TableProbe};

use crate::render::columns::{Align, Columns};
use crate::render::numbers::{count, plural};

/// The figures of all tables of which something was seen.
pub(crate) fn probes(probes: &[TableProbe], width: usize) -> String {
    let seen = probes.iter().filter(|probe| !probe.columns.is_empty());
    seen.map(|probe| format!("\n{}", table(probe, width)))
        .collect()
}

fn table(probe: &TableProbe, width: usize) -> String {
    let rows = plural(usize::try_from(probe.rows).unwrap_or(usize::MAX), "row");
    let extent = match probe.extent {
        Extent::Exact => format!("all {rows}"),
        Extent::Sampled => format!("{rows}, a sample"),
        Extent::Nothing => "nothing".to_owned(),
    };
    let mut columns = Columns::new(&[
        ("column", Align::Left),
        ("values", Align::Right),
        ("digits", Align::Right),
        ("longest", Align::Right),
        ("kinds", Align::Left),
        ("would be rejected", Align::Left),
        ("could be read as", Align::Left),
    ])
    .indented(2);
    for column in &probe.columns {
        columns.line(vec![
            column.column.clone(),
            count(column.values),
            digits(column),
            column.longest_bytes.map(bytes).unwrap_or_default(),
            listed(
                column
                    .kinds
                    .iter()
                    .map(|(kind, found)| format!("{} {kind}", count(*found))),
            ),
            rejected(column),
            choices(column),
        ]);
    }
    format!(
        "{} looked at: {extent}\n{}",
        probe.table,
        columns.render(width)
    )
}

/// `12.4`: digits before the point and behind it.
fn digits(column: &ColumnProbe) -> String {
    match (column.integer_digits, column.scale) {
        (Some(before), Some(behind)) => format!("{before}.{behind}"),
        _ => String::new(),
    }
}

fn bytes(longest: u64) -> String {
    format!("{} B", count(longest))
}

fn rejected(column: &ColumnProbe) -> String {
    let all = column.rejected.iter().chain(&column.warned);
    listed(all.map(|(code, found)| format!("{} {code}", count(*found))))
}

/// Each choice, and how many values would not take it.
fn choices(column: &ColumnProbe) -> String {
    let choices = column.rejected_as.iter();
    listed(choices.map(|(choice, refused)| match refused {
        0 => choice.clone(),
        refused => format!("{choice} but {}", count(*refused)),
    }))
}

fn listed(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_beside_their_columns() {
        let column = ColumnProbe {
            column: "amount".to_owned(),
            values: 1_200,
            integer_digits: Some(12),
            scale: Some(4),
            rejected: [("NUMERIC_NAN".to_owned(), 3)].into(),
            rejected_as: [("boolean".to_owned(), 0), ("time".to_owned(), 2)].into(),
            ..ColumnProbe::default()
        };
        let probe: TableProbe = serde_json::from_value(serde_json::json!({
            "table": {"schema": "public", "table": "orders"}, "extent": "sampled", "rows": 1200,
            "columns": [column], "trouble": null,
        }))
        .unwrap();
        let text = probes(&[probe], 200);
        assert!(
            text.contains("public.orders looked at: 1,200 rows, a sample"),
            "{text}"
        );
        for part in ["12.4", "3 NUMERIC_NAN", "boolean, time but 2"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
