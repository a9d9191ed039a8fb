//! `godwit runs`: history, proof of each table, rejected rows with reasons.

use std::path::PathBuf;

use model::run::RunReport;
use model::{Result, RunId};
use service::runs::{RejectedOfRun, RejectedOfTable, RunRecord};

use crate::cli::Exit;
use crate::render::columns::{Align, Columns};
use crate::render::findings::{Palette, findings};
use crate::render::numbers::{count, plural};
use crate::render::plan::part;
use crate::render::report;
use crate::terminal::Terminal;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// The runs, newest first
    List {
        #[command(flatten)]
        place: Place,
        /// Of this migration alone
        #[arg(long, value_name = "NAME")]
        migration: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One run: every table with its proof
    Show {
        /// The run's id, or its beginning
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// The rows that a run kept aside, with the reasons
    Rejected {
        /// The run's id, or its beginning
        id: String,
        #[command(flatten)]
        place: Place,
        /// How many at most
        #[arg(long, default_value_t = 1000)]
        limit: u64,
        /// Write all of them into this new Parquet file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Where runs are kept; default $GODWIT_DATA, else .godwit in this folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) async fn run(
    command: &Command,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit> {
    match command {
        Command::List {
            place,
            migration,
            limit,
        } => {
            let runs = service::runs::list(place.data.as_deref(), migration.as_deref(), *limit);
            let runs = runs.await?;
            if json {
                terminal.print_json(&runs);
            } else {
                terminal.print(&history(&runs, terminal.width));
            }
        }
        Command::Show { id, place } => {
            let id = RunId::new(id);
            let run = service::runs::show(place.data.as_deref(), &id).await?;
            if json {
                terminal.print_json(&run);
            } else {
                let text = one(&run, Palette::new(terminal.colour), terminal.width);
                terminal.print(&text);
            }
        }
        Command::Rejected {
            id,
            place,
            limit,
            out,
        } => {
            let (id, data) = (RunId::new(id), place.data.as_deref());
            let found = service::runs::rejected(data, &id, *limit, out.clone()).await?;
            if json {
                terminal.print_json(&found);
            } else {
                terminal.print(&rejected(&found, terminal.width));
            }
        }
    }
    Ok(Exit::Done)
}

fn history(runs: &[RunRecord], width: usize) -> String {
    if runs.is_empty() {
        return "no runs yet\n".to_owned();
    }
    let mut columns = Columns::new(&[
        ("run", Align::Left),
        ("migration", Align::Left),
        ("started", Align::Left),
        ("bizdate", Align::Left),
        ("part", Align::Left),
        ("state", Align::Left),
        ("tables", Align::Right),
        ("rows", Align::Right),
    ]);
    for run in runs {
        let of_report = |figure: fn(&RunReport) -> u64| {
            let report = run.report.as_ref();
            report
                .map(|report| count(figure(report)))
                .unwrap_or_default()
        };
        columns.line(vec![
            run.id.to_string(),
            run.migration.clone(),
            run.started_at.clone(),
            run.bizdate.clone(),
            part(run.part).to_owned(),
            report::run_state(run.state).to_owned(),
            of_report(|report| report.tables.len() as u64),
            of_report(|report| report.rows),
        ]);
    }
    columns.render(width)
}

fn one(run: &RunRecord, palette: Palette, width: usize) -> String {
    let mut text = format!(
        "run {} of {}, {}, bizdate {}, {}, started {}\n",
        run.id,
        model::table::escape_controls(&run.migration),
        report::run_state(run.state),
        run.bizdate,
        part(run.part),
        run.started_at,
    );
    match &run.report {
        Some(report) => {
            text.push('\n');
            text.push_str(&findings(&report.findings, palette));
            text.push_str(&report::proofs(report));
            text.push_str(&report::report(report, palette, width));
        }
        None => text.push_str(
            "no report: it is under way, or its process died; `godwit run FILE --resume` takes it up\n",
        ),
    }
    text
}

fn rejected(found: &RejectedOfRun, width: usize) -> String {
    let mut columns = Columns::new(&[
        ("table", Align::Left),
        ("row", Align::Left),
        ("column", Align::Left),
        ("code", Align::Left),
        ("reason", Align::Left),
    ]);
    for row in &found.rows {
        columns.line(vec![
            row.table.clone(),
            row.locator.clone(),
            row.column.clone(),
            row.code.clone(),
            row.reason.clone(),
        ]);
    }
    let mut text = columns.render(width);
    for table in &found.tables {
        text.push_str(&rejected_of(table, found));
    }
    let kept: u64 = found.tables.iter().map(|table| table.kept).sum();
    let shown = found.rows.len() as u64;
    if shown < kept {
        text.push_str(&format!(
            "{} of {} rows are shown: --limit shows more, --out writes all into a file\n",
            count(shown),
            count(kept)
        ));
    }
    if found.tables.is_empty() {
        text.push_str("0 rejected rows\n");
    }
    text
}

/// One line for a table: how many were rejected, how many stand on the disk, what became of them.
fn rejected_of(table: &RejectedOfTable, found: &RejectedOfRun) -> String {
    let rows = plural(
        usize::try_from(table.rejected).unwrap_or(usize::MAX),
        "rejected row",
    );
    let source = model::table::escape_controls(&table.source);
    let mut text = format!("{source}: {rows}");
    if table.kept < table.rejected {
        let kept = count(table.kept);
        text.push_str(&format!(
            ", of which {kept} were kept, the first of each split"
        ));
    }
    match (&table.replayed_by, table.committed) {
        (Some(run), _) => {
            text.push_str(&format!(", read again by run {run}"));
            if table.rejected_again > 0 {
                let again = count(table.rejected_again);
                text.push_str(&format!(
                    "; {again} of them were rejected again: godwit run FILE --replay {run}"
                ));
            }
        }
        (None, true) => text.push_str(&format!(
            "; once their cause is mended: godwit run FILE --replay {}",
            found.run
        )),
        (None, false) => text.push_str("; the table was not loaded"),
    }
    text + "\n"
}
