//! A plan as a person reads it: tables with their destinations, every column's way with its price,
//! filters, statements, and what was refused.

use model::plan::{ColumnMapping, Fidelity, Part, Pipeline, Plan, Refused, TableChange, Write};
use model::table::escape_controls;

use crate::render::columns::{Align, Columns};
use crate::render::findings::{Palette, findings};
use crate::render::numbers::{count, plural};

/// `one-time` or `daily`.
pub(crate) fn part(part: Part) -> &'static str {
    match part {
        Part::OneTime => "one-time",
        Part::Daily => "daily",
    }
}

/// The whole plan.
pub(crate) fn plan(plan: &Plan, palette: Palette, width: usize) -> String {
    let mut text = format!(
        "migration {}: {} from {} ({}) to {} ({})",
        escape_controls(&plan.migration),
        plural(plan.pipelines.len(), "table"),
        escape_controls(&plan.source.data_source),
        plan.source.connector,
        escape_controls(&plan.destination.data_source),
        plan.destination.connector,
    );
    if !plan.refused.is_empty() {
        text.push_str(&format!(", {} refused", plan.refused.len()));
    }
    text.push_str(&format!(
        "\nbizdate {}, {}, time zone {}, digest {}\n",
        plan.bizdate,
        part(plan.part),
        plan.time_zone,
        plan.digest.get(..12).unwrap_or(&plan.digest),
    ));
    for pipeline in &plan.pipelines {
        text.push('\n');
        text.push_str(&table(pipeline, palette, width));
    }
    for refused in &plan.refused {
        text.push('\n');
        text.push_str(&refusal(refused, palette));
    }
    if !plan.findings.is_empty() {
        text.push('\n');
        text.push_str(&findings(&plan.findings, palette));
    }
    text
}

/// Whether the table is there, and what becomes of it.
fn there(write: &Write) -> &'static str {
    match &write.change {
        _ if !write.exists => "new",
        TableChange::Keep => "exists",
        TableChange::AddColumns(_) => "exists, gets columns",
        TableChange::Recreate => "exists, made anew",
    }
}

fn table(pipeline: &Pipeline, palette: Palette, width: usize) -> String {
    let (scan, write) = (&pipeline.scan, &pipeline.write);
    let policy = serde_json::to_value(write.policy).unwrap_or_default();
    let mut text = format!(
        "{} -> {}  ({}, {}, {})\n",
        scan.table,
        write.table.name,
        scan.kind.words(),
        there(write),
        policy.as_str().unwrap_or_default(),
    );
    let mut fact = |name: &str, value: &str| {
        text.push_str(&format!("  {name}: {}\n", escape_controls(value)));
    };
    if let Some(rows) = scan.estimated_rows {
        fact("about", &format!("{} rows", count(rows)));
    }
    if let Some(filter) = &scan.filter {
        fact("filter", filter);
    }
    if !scan.split_by.is_empty() {
        fact("split by", &scan.split_by.join(", "));
    }
    if let Some(partition) = &write.partition {
        fact(
            "partition",
            &format!("{}={}", partition.column, partition.value),
        );
    }
    text.push_str(&columns(&pipeline.columns).render(width));
    for statement in &write.ddl {
        text.push_str("  statement:\n");
        for line in statement.lines() {
            text.push_str(&format!("    {}\n", escape_controls(line)));
        }
    }
    text + &findings(&pipeline.findings, palette)
}

fn columns(mappings: &[ColumnMapping]) -> Columns {
    let mut columns = Columns::new(&[
        ("column", Align::Left),
        ("type", Align::Left),
        ("travels as", Align::Left),
        ("becomes", Align::Left),
        ("type there", Align::Left),
        ("fidelity", Align::Left),
    ])
    .indented(2);
    for mapping in mappings {
        let fidelity = match &mapping.fidelity {
            Fidelity::Exact => "exact".to_owned(),
            Fidelity::Widened => "widened".to_owned(),
            Fidelity::Lossy(loss) => format!("lossy: {loss}"),
        };
        columns.line(vec![
            mapping.source.clone(),
            mapping.source_type.clone(),
            mapping.logical.to_string(),
            mapping.destination.clone(),
            mapping.destination_type.clone(),
            fidelity,
        ]);
    }
    columns
}

fn refusal(refused: &Refused, palette: Palette) -> String {
    let text = format!("{} is {}\n", refused.source, palette.bad("refused"));
    text + &findings(&refused.findings, palette)
}
