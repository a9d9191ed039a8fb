//! `godwit source`: what can be read and written; is a data source reachable; what is in it.

use std::path::PathBuf;

use model::{Error, Result};
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::render::columns::{Align, Columns};
use crate::render::findings::{Palette, findings};
use crate::render::numbers::{count, plural};
use crate::terminal::Terminal;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// What can be read and written
    Types,
    /// Whether a data source of a migration file is reachable, and what it allows
    Test {
        /// The migration file
        file: PathBuf,
        /// The data source's name in it
        name: String,
    },
    /// The tables of a data source of a migration file
    Tables {
        /// The migration file
        file: PathBuf,
        /// The data source's name in it
        name: String,
        /// Schemas to look into; the data source's own by default
        #[arg(long, value_name = "SCHEMA")]
        schema: Vec<String>,
    },
}

pub(super) async fn run(
    command: &Command,
    json: bool,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    let work = async {
        match command {
            Command::Types => {
                types(json, terminal);
                Ok(Exit::Done)
            }
            Command::Test { file, name } => {
                let report = service::sources::test(file, name).await?;
                if json {
                    terminal.print_json(&report);
                } else {
                    let palette = Palette::new(terminal.colour);
                    let verdict = if report.reachable {
                        palette.good("reachable")
                    } else {
                        palette.bad("not usable")
                    };
                    let text = findings(&report.findings, palette);
                    terminal.print(&format!("{text}{name} ({}): {verdict}\n", report.connector));
                }
                Ok(if report.reachable {
                    Exit::Done
                } else {
                    Exit::Refused
                })
            }
            Command::Tables { file, name, schema } => {
                let tables = service::sources::tables(file, name, schema).await?;
                if json {
                    terminal.print_json(&tables);
                } else {
                    terminal.print(&listing(&tables, terminal.width));
                }
                Ok(Exit::Done)
            }
        }
    };
    tokio::select! {
        result = work => result,
        () = cancel.cancelled() => Err(Error::cancelled()),
    }
}

fn types(json: bool, terminal: &mut Terminal<'_>) {
    let types = service::sources::types();
    if json {
        terminal.print_json(&types);
        return;
    }
    let mut columns = Columns::new(&[
        ("type", Align::Left),
        ("what it is", Align::Left),
        ("read", Align::Left),
        ("write", Align::Left),
        ("verified against", Align::Left),
    ]);
    for connector in types {
        let yes = |flag: bool| if flag { "yes" } else { "" }.to_owned();
        columns.line(vec![
            connector.id.to_owned(),
            connector.about.title.to_owned(),
            yes(connector.capabilities.read.is_some()),
            yes(connector.capabilities.write.is_some()),
            connector.about.verified_against.to_owned(),
        ]);
    }
    terminal.print(&columns.render(terminal.width));
}

fn listing(tables: &[model::table::ListedTable], width: usize) -> String {
    let mut columns = Columns::new(&[
        ("table", Align::Left),
        ("kind", Align::Left),
        ("rows, about", Align::Right),
        ("selected by default", Align::Left),
    ]);
    for table in tables {
        columns.line(vec![
            table.name.to_string(),
            table.kind.words().to_owned(),
            table.estimated_rows.map(count).unwrap_or_default(),
            if table.kind.selected_by_default() {
                "yes"
            } else {
                "when listed"
            }
            .to_owned(),
        ]);
    }
    format!(
        "{}{}\n",
        columns.render(width),
        plural(tables.len(), "table")
    )
}
