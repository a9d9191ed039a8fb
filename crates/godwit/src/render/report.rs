//! The closing table of a run and its one-line verdict.

use model::migration::Verify;
use model::run::{RunReport, RunState, TableReport, TableState};
use model::table::escape_controls;

use crate::render::columns::{Align, Columns};
use crate::render::findings::{self, Palette};
use crate::render::numbers::{bytes, count, duration, plural};

/// A state as one word.
pub(crate) fn table_state(state: TableState) -> &'static str {
    match state {
        TableState::Succeeded => "succeeded",
        TableState::Failed => "failed",
        TableState::Refused => "refused",
        TableState::Skipped => "skipped",
        TableState::Cancelled => "cancelled",
    }
}

/// A state as one word.
pub(crate) fn run_state(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Succeeded => "succeeded",
        RunState::Partial => "partial",
        RunState::Failed => "failed",
        RunState::Refused => "refused",
        RunState::Cancelled => "cancelled",
    }
}

/// The closing table, what went wrong beside the findings, and the verdict.
pub(crate) fn report(report: &RunReport, palette: Palette, width: usize) -> String {
    let mut text = String::new();
    if !report.tables.is_empty() {
        text.push_str(&tables(&report.tables).render(width));
        text.push('\n');
    }
    for table in &report.tables {
        let told = report.findings.iter().any(|finding| {
            finding.at == table.source && Some(&finding.code) == table.code.as_ref()
        });
        if !told {
            text.push_str(&trouble(table, palette));
        }
    }
    text.push_str(&verdict(report, palette));
    text
}

fn tables(tables: &[TableReport]) -> Columns {
    let mut columns = Columns::new(&[
        ("source", Align::Left),
        ("destination", Align::Left),
        ("rows", Align::Right),
        ("rejected", Align::Right),
        ("state", Align::Left),
        ("seconds", Align::Right),
        ("verified", Align::Left),
    ]);
    for table in tables {
        let done = table.state == TableState::Succeeded;
        let state = table_state(table.state);
        let verified = match table.verified {
            _ if !done => "",
            Verify::Counts => "counts",
            Verify::Checksums => "checksums",
            Verify::None => "none",
        };
        columns.line(vec![
            table.source.clone(),
            table.destination.clone().unwrap_or_default(),
            if done {
                count(table.rows_written)
            } else {
                String::new()
            },
            if table.rows_rejected > 0 || done {
                count(table.rows_rejected)
            } else {
                String::new()
            },
            if table.resumed {
                format!("{state} before")
            } else {
                state.to_owned()
            },
            format!("{:.1}", table.seconds),
            verified.to_owned(),
        ]);
    }
    columns
}

/// What was proven of the values of each table, a line each, and what was not with the reason.
pub(crate) fn proofs(report: &RunReport) -> String {
    let mut text = String::new();
    for table in &report.tables {
        let Some(proof) = &table.checksums else {
            continue;
        };
        let name = escape_controls(&table.source);
        text.push_str(&format!(
            "checksums of {name}: {} rows, sum {}; {} of {} proven where they stand, {} by the source\n",
            count(proof.rows),
            proof.row_sum,
            proof.compared(),
            plural(proof.columns.len(), "column"),
            proof.agreed(),
        ));
        for column in &proof.columns {
            let name = escape_controls(&column.name);
            if let Some(why) = &column.not_comparable {
                text.push_str(&format!(
                    "  {name}: not comparable: {}\n",
                    escape_controls(why)
                ));
            }
            if let (None, Some(why)) = (&column.source, &column.source_unproven) {
                let why = escape_controls(why);
                text.push_str(&format!("  {name}: not proven by the source: {why}\n"));
            }
        }
    }
    text
}

fn trouble(table: &TableReport, palette: Palette) -> String {
    let (Some(code), Some(message)) = (&table.code, &table.message) else {
        return String::new();
    };
    let (name, message) = (escape_controls(&table.source), escape_controls(message));
    let text = format!("{}[{code}] at {name}: {message}\n", palette.bad("error"));
    text + &findings::hint(code, table.hint.as_deref())
}

fn verdict(report: &RunReport, palette: Palette) -> String {
    let total = report.tables.len();
    let done = report
        .tables
        .iter()
        .filter(|table| table.state == TableState::Succeeded)
        .count();
    let rejected: u64 = report.tables.iter().map(|table| table.rows_rejected).sum();
    let state = run_state(report.state);
    let state = match report.state {
        RunState::Succeeded => palette.good(state),
        RunState::Partial | RunState::Running => palette.doubtful(state),
        RunState::Failed | RunState::Refused | RunState::Cancelled => palette.bad(state),
    };
    let mut text = format!("{state}: {done} of {}", plural(total, "table"));
    if total == 0 {
        text = format!("{state}: nothing was moved");
    }
    text.push_str(&format!(
        ", {} rows, {} in {}",
        count(report.rows),
        bytes(report.bytes),
        duration(report.seconds)
    ));
    if rejected > 0 {
        text.push_str(&format!(
            ", {} rejected (godwit runs rejected {})",
            count(rejected),
            report.run
        ));
    }
    if report.moments > 1 {
        text.push_str(&format!(", read at {} moments", report.moments));
    }
    format!("{text}; run {}\n", report.run)
}

#[cfg(test)]
mod tests {
    use model::RunId;
    use model::checksum::{ColumnFigures, ColumnProof, Sum, ValueProof};

    use super::*;

    fn example() -> RunReport {
        let done = TableReport {
            source: "public.orders".to_owned(),
            destination: Some("shop.orders".to_owned()),
            state: TableState::Succeeded,
            rows_read: 1_500_000,
            rows_written: 1_499_999,
            rows_rejected: 1,
            rows_filtered: 0,
            bytes: 48_000_000,
            verified: Verify::Counts,
            checksums: None,
            notices: Vec::new(),
            snapshot: None,
            resumed: false,
            code: None,
            message: None,
            hint: None,
            seconds: 12.34,
        };
        let failed = TableReport {
            source: "public.\u{1b}[31mred".to_owned(),
            destination: None,
            state: TableState::Failed,
            rows_written: 0,
            rows_rejected: 0,
            code: Some("NO_RIGHT".to_owned()),
            message: Some("no right to read".to_owned()),
            hint: Some("grant select".to_owned()),
            ..done.clone()
        };
        RunReport {
            run: RunId::new("r1"),
            migration: "shop".to_owned(),
            state: RunState::Partial,
            bizdate: "20240505".to_owned(),
            rows: 1_499_999,
            bytes: 48_000_000,
            seconds: 13.0,
            tables: vec![done, failed],
            moments: 1,
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_report_closes_with_a_table_and_a_verdict() {
        insta::assert_snapshot!(report(&example(), Palette::new(false), 120));
    }

    #[test]
    fn what_was_proven_of_values_is_told_and_what_was_not_with_the_reason() {
        let mut report = example();
        let column = |name: &str, not_comparable: Option<&str>| ColumnProof {
            name: name.to_owned(),
            sum: not_comparable.is_none().then_some(Sum(7)),
            not_comparable: not_comparable.map(str::to_owned),
            source: not_comparable.is_none().then(ColumnFigures::default),
            source_unproven: Some("json has no figures".to_owned()),
        };
        report.tables[0].checksums = Some(Box::new(ValueProof {
            rows: 1_499_999,
            row_sum: Sum(255),
            columns: vec![column("id", None), column("body", Some("another spelling"))],
        }));
        insta::assert_snapshot!(proofs(&report));
    }

    #[test]
    fn a_narrow_report_is_a_list() {
        insta::assert_snapshot!(report(&example(), Palette::new(false), 40));
    }
}
