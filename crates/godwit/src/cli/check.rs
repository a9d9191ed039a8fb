//! `godwit check`: validates a migration file without touching any system.

use std::path::PathBuf;

use model::Result;

use crate::cli::Exit;
use crate::render::findings::{Palette, findings};
use crate::render::numbers::plural;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The migration file
    #[arg(required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Print the JSON Schema of migration files
    #[arg(long, conflicts_with = "file")]
    schema: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit> {
    let Some(file) = arguments.file.as_deref().filter(|_| !arguments.schema) else {
        terminal.print_json(&service::schema::schema());
        return Ok(Exit::Done);
    };
    let report = service::check::check(file).await?;
    if json {
        terminal.print_json(&report);
    } else {
        let palette = Palette::new(terminal.colour);
        let mut text = findings(&report.findings, palette);
        let blockers = report.findings.iter().filter(|found| found.is_blocker());
        let verdict = match blockers.count() {
            0 if report.valid => palette.good("valid"),
            number => palette.bad(&format!("refused: {}", plural(number, "error"))),
        };
        text.push_str(&format!("{}: {verdict}\n", file.display()));
        terminal.print(&text);
    }
    Ok(if report.valid {
        Exit::Done
    } else {
        Exit::Refused
    })
}
