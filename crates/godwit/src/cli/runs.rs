//! `godwit runs`: history, proof of each table, rejected rows with reasons.

use std::path::PathBuf;

use model::run::{RejectedRow, RunReport};
use model::{Result, RunId};
use service::runs::RunRecord;

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
        limit: u32,
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
        Command::Rejected { id, place, limit } => {
            let id = RunId::new(id);
            let rows = service::runs::rejected(place.data.as_deref(), &id, *limit).await?;
            if json {
                terminal.print_json(&rows);
            } else {
                terminal.print(&rejected(&rows, terminal.width));
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

fn rejected(rows: &[RejectedRow], width: usize) -> String {
    let mut columns = Columns::new(&[
        ("table", Align::Left),
        ("row", Align::Left),
        ("column", Align::Left),
        ("code", Align::Left),
        ("reason", Align::Left),
    ]);
    for row in rows {
        columns.line(vec![
            row.table.clone(),
            row.locator.clone(),
            row.column.clone(),
            row.code.clone(),
            row.reason.clone(),
        ]);
    }
    let rows = plural(rows.len(), "rejected row");
    format!("{}{rows}\n", columns.render(width))
}
