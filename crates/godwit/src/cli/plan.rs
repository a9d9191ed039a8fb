//! `godwit plan`: connects, compiles and shows what a run would do; changes nothing. With `--out` the
//! plan is kept, and the next one shows what differs from it. With `--probe` rows are looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::plan::{Part, Plan};
use model::{Error, ErrorKind, Result};
use serde::Serialize;
use service::plan::{PlanReport, PlanRequest, ProbeLimits};
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::render;
use crate::render::findings::{Palette, findings};
use crate::render::numbers::plural;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The migration file
    file: PathBuf,
    /// The business date; yesterday in the migration's zone by default
    #[arg(long, value_name = "YYYYMMDD")]
    bizdate: Option<String>,
    /// Which part of the method, where it has both
    #[arg(long, value_enum)]
    part: Option<PartChoice>,
    /// Keep the plan in this file; where one is there, show what differs
    #[arg(long, value_name = "PLAN")]
    out: Option<PathBuf>,
    /// Where runs are kept, to compare the source with the last one; default $GODWIT_DATA, else
    /// .godwit beside the file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Look at rows for what types do not say: digits, dates, bytes, lengths
    #[arg(long)]
    probe: bool,
    /// How many rows of each table to look at
    #[arg(long, value_name = "N", requires = "probe", default_value_t = ProbeLimits::ROWS,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    probe_rows: u64,
    /// How many seconds to look, all tables together
    #[arg(long, value_name = "N", requires = "probe", default_value_t = ProbeLimits::SECONDS,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    probe_seconds: u64,
}

/// How long a look that was cancelled may take to free the servers.
const LET_GO_WITHIN: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum PartChoice {
    OneTime,
    Daily,
}

impl From<PartChoice> for Part {
    fn from(choice: PartChoice) -> Self {
        match choice {
            PartChoice::OneTime => Self::OneTime,
            PartChoice::Daily => Self::Daily,
        }
    }
}

pub(super) async fn run(
    arguments: &Arguments,
    json: bool,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    let before = match &arguments.out {
        Some(path) => kept(path).await?,
        None => None,
    };
    let request = PlanRequest {
        file: arguments.file.clone(),
        bizdate: arguments.bizdate.clone(),
        part: arguments.part.map(Part::from),
        data: arguments.data.clone(),
        probe: arguments.probe.then(|| ProbeLimits {
            rows: arguments.probe_rows,
            time: Duration::from_secs(arguments.probe_seconds),
            cancel: cancel.clone(),
        }),
        ..PlanRequest::default()
    };
    let planning = service::plan::plan(&request);
    tokio::pin!(planning);
    let report = tokio::select! {
        biased;
        () = cancel.cancelled() => {
            if arguments.probe {
                drop(tokio::time::timeout(LET_GO_WITHIN, planning).await);
            }
            return Err(Error::cancelled());
        }
        report = &mut planning => report?,
    };
    let differences = match (&before, &report.plan) {
        (Some(before), Some(plan)) => Some(service::plan::differences(before, plan)),
        _ => None,
    };
    if let (Some(path), Some(plan)) = (&arguments.out, &report.plan) {
        keep(path, plan).await?;
    }
    if json {
        terminal.print_json(&Document {
            report: &report,
            differences: differences.as_deref(),
        });
    } else {
        let palette = Palette::new(terminal.colour);
        let mut text = match &report.plan {
            Some(plan) => render::plan::plan(plan, palette, terminal.width),
            None => findings(&report.findings, palette),
        };
        text.push_str(&render::probe::probes(&report.probes, terminal.width));
        if let Some(differences) = differences {
            text.push_str(&differing(&differences));
        }
        text.push_str(&verdict(&report, palette));
        terminal.print(&text);
    }
    Ok(match &report.plan {
        Some(plan) if !report.blocked && plan.refused.is_empty() => Exit::Done,
        Some(_) if !report.blocked => Exit::Partial,
        _ => Exit::Refused,
    })
}

/// What `--json` gives.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a PlanReport,
    /// A line for each, where a plan was kept before.
    differences: Option<&'a [String]>,
}

fn differing(differences: &[String]) -> String {
    if differences.is_empty() {
        return "\nnothing differs from the plan before\n".to_owned();
    }
    let lines = differences.iter().map(|line| format!("  {line}\n"));
    format!(
        "\ndiffers from the plan before:\n{}",
        lines.collect::<String>()
    )
}

fn verdict(report: &PlanReport, palette: Palette) -> String {
    let Some(plan) = &report.plan else {
        return format!("\n{}: no plan could be made\n", palette.bad("refused"));
    };
    let tables = plural(plan.pipelines.len(), "table");
    if report.blocked {
        format!("\n{}: a run would not start\n", palette.bad("refused"))
    } else if plan.refused.is_empty() {
        format!("\n{}: {tables} would be moved\n", palette.good("ready"))
    } else {
        let refused = plural(plan.refused.len(), "table");
        format!(
            "\n{}: {tables} would be moved, {refused} refused\n",
            palette.doubtful("in part")
        )
    }
}

async fn kept(path: &Path) -> Result<Option<Plan>> {
    let refuse = |cause: String| {
        let message = format!("could not read the plan {path:?}: {cause}");
        Error::new(ErrorKind::Config, "PLAN_UNREADABLE", message)
            .hint("remove it, or name another file with --out")
    };
    match tokio::fs::read(path).await {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| refuse("it is not a plan of this version".to_owned())),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(refuse(cause.to_string())),
    }
}

async fn keep(path: &Path, plan: &Plan) -> Result<()> {
    let text = serde_json::to_vec_pretty(plan)
        .map_err(|cause| Error::internal("the plan cannot be written as JSON").caused_by(cause))?;
    tokio::fs::write(path, text).await.map_err(|cause| {
        let message = format!("could not keep the plan in {path:?}: {cause}");
        Error::new(ErrorKind::Config, "PLAN_UNWRITABLE", message)
    })
}
