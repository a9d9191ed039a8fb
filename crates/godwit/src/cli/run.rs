//! `godwit run`: plan, move, verify and commit, with progress on standard error and a closing report
//! on standard output.

use std::path::PathBuf;

use model::plan::Part;
use model::run::RunState;
use model::{Result, RunId};
use service::run::RunRequest;
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::cli::plan::PartChoice;
use crate::progress::{self, Watch};
use crate::render;
use crate::render::findings::{Palette, findings};
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The migration file
    file: PathBuf,
    /// The business date; yesterday in the migration's zone by default
    #[arg(long, value_name = "YYYYMMDD", conflicts_with = "resume")]
    bizdate: Option<String>,
    /// Which part of the method, where it has both
    #[arg(long, value_enum, conflicts_with = "resume")]
    part: Option<PartChoice>,
    /// Take up the last unfinished run, with its business date and part
    #[arg(long, conflicts_with = "anew")]
    resume: bool,
    /// Start anew although an unfinished run with loading-policy append is there
    #[arg(long)]
    anew: bool,
    /// Read again, by their keys, the rows that this run rejected, and add them; no others
    #[arg(long, value_name = "RUN", conflicts_with_all = ["resume", "anew", "bizdate", "part"])]
    replay: Option<String>,
    /// Where runs, journals and rejected rows are kept; default $GODWIT_DATA, else .godwit beside
    /// the file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) async fn run(
    arguments: Arguments,
    json: bool,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    let request = RunRequest {
        file: arguments.file,
        data: arguments.data,
        bizdate: arguments.bizdate,
        part: arguments.part.map(Part::from),
        resume: arguments.resume,
        anew: arguments.anew,
        replay: arguments.replay.map(RunId::new),
        cancel,
        ..RunRequest::default()
    };
    let watch = Watch::default();
    let report = progress::show(&watch, terminal, service::run::run(request, &watch)).await?;
    if json {
        terminal.print_json(&report);
    } else {
        let palette = Palette::new(terminal.colour);
        let mut text = findings(&report.findings, palette);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&render::report::report(&report, palette, terminal.width));
        terminal.print(&text);
    }
    Ok(exit(report.state))
}

/// What a run's state means to scripts.
pub(super) fn exit(state: RunState) -> Exit {
    match state {
        RunState::Succeeded => Exit::Done,
        RunState::Partial => Exit::Partial,
        RunState::Cancelled => Exit::Cancelled,
        RunState::Failed | RunState::Refused | RunState::Running => Exit::Refused,
    }
}
