//! `godwit instance`: what ran, runs or will; its log, and once more.

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::following::{Pause, exit, instances, is_ended, patiently, words};
use super::session::{Environment, Project, Session};
use super::tables::{Column, facts, table, word};
use super::task;
use crate::cli::Exit;
use crate::render::findings::Palette;

const COLUMNS: [Column; 8] = [
    ("instance", "/id"),
    ("task", "/task-name"),
    ("business date", "/bizdate"),
    ("kind", "/kind"),
    ("state", "/state"),
    ("attempts", "/attempts"),
    ("since", "/since"),
    ("server", "/server"),
];

const FACTS: [Column; 13] = [
    ("instance", "/id"),
    ("task", "/task-name"),
    ("environment", "/environment"),
    ("business date", "/bizdate"),
    ("kind", "/kind"),
    ("state", "/state"),
    ("why", "/reason"),
    ("since", "/since"),
    ("not before", "/not-before"),
    ("version", "/version"),
    ("priority", "/priority"),
    ("paused", "/paused"),
    ("may be done", "/operations"),
];

const ATTEMPTS: [Column; 8] = [
    ("attempt", "/number"),
    ("server", "/server"),
    ("started", "/started-at"),
    ("ended", "/ended-at"),
    ("outcome", "/outcome"),
    ("rows", "/report/rows_written"),
    ("rejected", "/report/rows_rejected"),
    ("run", "/run"),
];

const STATES: [&str; 7] = [
    "not-run",
    "waiting-for-time",
    "throttled",
    "waiting-for-resources",
    "running",
    "succeeded",
    "failed",
];

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Instances, newest first
    List(List),
    /// One instance: why it is not further, and each time that it ran
    Show {
        /// Its number
        id: i64,
    },
    /// What an attempt did, line by line
    Logs {
        /// The instance's number
        id: i64,
        /// Which attempt, from 1; the last one by default
        #[arg(long, value_name = "N")]
        attempt: Option<i64>,
        /// Go on until the instance, or the attempt named, has ended
        #[arg(long, short)]
        follow: bool,
    },
    /// Run it once more; those downstream that have not run go on after it
    Rerun {
        /// Its number
        id: i64,
        /// Those downstream of it once more instead, not itself
        #[arg(long)]
        downstream: bool,
        /// Of those downstream only the ones that failed
        #[arg(long, requires = "downstream")]
        only_failed: bool,
        /// Now, whatever those upstream are; if it runs, it is stopped first
        #[arg(long, conflicts_with = "downstream")]
        force: bool,
        /// Wait until all that was changed has ended; the exit code tells how
        #[arg(long)]
        wait: bool,
    },
    /// End it: it has failed then
    Stop {
        /// Its number
        id: i64,
        /// Wait until it has ended
        #[arg(long)]
        wait: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    /// Only those in this state
    #[arg(long, value_parser = STATES)]
    state: Option<String>,
    /// Only those of this task, by name or id
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Only those of this business date
    #[arg(long, value_name = "YYYYMMDD")]
    bizdate: Option<String>,
    /// Only those made for this reason
    #[arg(long, value_parser = ["recurring", "backfill", "manual"])]
    kind: Option<String>,
    /// Only those of this backfill, by id
    #[arg(long, value_name = "ID")]
    backfill: Option<String>,
    /// Where they run
    #[arg(long, value_enum, default_value = "production")]
    environment: Environment,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(super) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let project = session.project().await?;
    match command {
        Command::List(wanted) => list(wanted, session, &project).await,
        Command::Show { id } => {
            let number = id.to_string();
            let path = project.path(&["instances", &number]);
            let shown = session.remote.get(&path, &[]).await?;
            session.show(&shown, |palette, width| one(&shown, palette, width));
            Ok(Exit::Done)
        }
        Command::Logs {
            id,
            attempt,
            follow,
        } => logs(session, &project, (id, attempt, follow)).await,
        Command::Rerun {
            id,
            downstream,
            only_failed,
            force,
            wait,
        } => {
            let operation = match (downstream, force) {
                (true, _) => json!({ "operation": "rerun-downstream", "only-failed": only_failed }),
                (_, true) => json!({ "operation": "force-rerun" }),
                (false, false) => json!({ "operation": "rerun" }),
            };
            act(session, &project, (id, &operation), wait).await
        }
        Command::Stop { id, wait } => {
            let operation = json!({ "operation": "stop" });
            let exit = act(session, &project, (id, &operation), wait).await?;
            // That it has failed then is what was asked for.
            Ok(match exit {
                Exit::Refused => Exit::Done,
                other => other,
            })
        }
    }
}

async fn list(
    wanted: List,
    session: &mut Session<'_, '_>,
    project: &Project,
) -> Result<Exit, Failure> {
    let mut query = vec![wanted.environment.query()];
    if let Some(name) = &wanted.task {
        let task = task::named(session, project, name, wanted.environment).await?;
        query.push(("task", word(&task, "id").to_owned()));
    }
    query.extend(wanted.state.map(|state| ("state", state)));
    query.extend(wanted.bizdate.map(|day| ("bizdate", day)));
    query.extend(wanted.kind.map(|kind| ("kind", kind)));
    query.extend(wanted.backfill.map(|backfill| ("origin", backfill)));
    let path = project.path(&["instances"]);
    let all = session
        .remote
        .pages(&path, &query, wanted.limit as usize)
        .await?;
    session.show(&json!(all), |_, width| {
        table(&all, &COLUMNS, "instance", width)
    });
    Ok(Exit::Done)
}

/// One instance, for people.
fn one(shown: &Json, palette: Palette, width: usize) -> String {
    let mut text = facts(shown, &FACTS);
    let runs = shown["runs"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !runs.is_empty() {
        text.push_str(&format!("\n{}", table(runs, &ATTEMPTS, "attempt", width)));
    }
    if let Some(report) = runs.first().map(|run| &run["report"])
        && let (Some(code), Some(message)) = (report["code"].as_str(), report["message"].as_str())
    {
        let mut found = model::Finding::blocker(code, word(report, "source"), message);
        found.hint = report["hint"].as_str().map(str::to_owned);
        text.push_str(&crate::render::findings::findings([&found], palette));
    }
    for (key, title) in [("upstream", "waits for"), ("downstream", "awaited by")] {
        let others = shown[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if !others.is_empty() {
            text.push_str(&format!(
                "\n{title}\n{}",
                table(others, &COLUMNS, "instance", width)
            ));
        }
    }
    text
}

/// Does something to an instance: what was changed, or how that ended.
async fn act(
    session: &mut Session<'_, '_>,
    project: &Project,
    (id, operation): (i64, &Json),
    wait: bool,
) -> Result<Exit, Failure> {
    let number = id.to_string();
    let path = project.path(&["instances", &number, "operations"]);
    let done = session.remote.post(&path, operation).await?;
    let changed = done["changed"].as_array().into_iter().flatten();
    let changed: Vec<i64> = changed.filter_map(Json::as_i64).collect();
    if wait {
        return ended(session, project, &changed).await;
    }
    session.show(&done, |_, _| match changed.as_slice() {
        [] => "nothing had to be changed\n".to_owned(),
        changed => {
            let numbers: Vec<String> = changed.iter().map(i64::to_string).collect();
            format!(
                "{}: instance {}\n",
                word(operation, "operation"),
                numbers.join(", ")
            )
        }
    });
    Ok(Exit::Done)
}

/// Follows instances to their ends, and shows how they ended.
pub(super) async fn ended(
    session: &mut Session<'_, '_>,
    project: &Project,
    ids: &[i64],
) -> Result<Exit, Failure> {
    let ended = instances(session, project, ids).await?;
    session.show(&json!(ended), |palette, width| match ended.as_slice() {
        [single] => one(single, palette, width),
        many => table(many, &COLUMNS, "instance", width),
    });
    let done = ended
        .iter()
        .filter(|one| one["state"] == "succeeded")
        .count();
    Ok(exit(done, ended.len()))
}

/// The lines of an attempt; of the last one and those that come after it, where it is followed.
async fn logs(
    session: &mut Session<'_, '_>,
    project: &Project,
    (id, wanted, follow): (i64, Option<i64>, bool),
) -> Result<Exit, Failure> {
    let number = id.to_string();
    let (instance, log) = (
        project.path(&["instances", &number]),
        project.path(&["instances", &number, "log"]),
    );
    let mut pause = Pause::new();
    let mut shown = session.remote.get(&instance, &[]).await?;
    let mut attempt = wanted.unwrap_or_else(|| shown["attempts"].as_i64().unwrap_or_default());
    let (mut lines, mut printed) = (Vec::new(), 0);
    loop {
        // Asked before the log is read: what came before the end is not missed.
        let (over, ended) = (
            is_over(&shown, attempt, wanted.is_some()),
            has_ended(&shown, attempt),
        );
        if attempt > 0 {
            let query = [("attempt", attempt.to_string())];
            lines = read_lines(&patiently(session, &log, &query).await?);
            if !session.json {
                let fresh = lines.iter().skip(printed);
                let fresh = fresh.map(|line| model::table::escape_controls(line) + "\n");
                let fresh: String = fresh.collect();
                session.terminal.print(&fresh);
            }
            printed = printed.max(lines.len());
        }
        if !follow || over {
            break;
        }
        if wanted.is_none() && ended && shown["attempts"].as_i64() > Some(attempt) {
            (attempt, printed) = (attempt + 1, 0);
            continue;
        }
        pause.take().await;
        shown = patiently(session, &instance, &[]).await?;
    }
    if session.json {
        let document = json!({ "instance": id, "attempt": attempt, "lines": lines });
        session.terminal.print_json(&document);
    } else if printed == 0 {
        let state = words(word(&shown, "state"));
        session
            .terminal
            .tell(&format!("instance {id} has not run yet: {state}\n"));
    }
    Ok(Exit::Done)
}

/// Whether nothing more comes: of this attempt alone, or of the whole instance.
fn is_over(shown: &Json, attempt: i64, this_alone: bool) -> bool {
    match this_alone {
        true => has_ended(shown, attempt) || is_ended(word(shown, "state")),
        false => is_ended(word(shown, "state")) && shown["attempts"].as_i64() <= Some(attempt),
    }
}

fn has_ended(shown: &Json, attempt: i64) -> bool {
    let mut runs = shown["runs"].as_array().into_iter().flatten();
    attempt == 0 || runs.any(|run| run["number"] == attempt && !run["ended-at"].is_null())
}

fn read_lines(document: &Json) -> Vec<String> {
    let lines = document.as_array().into_iter().flatten();
    lines.filter_map(Json::as_str).map(str::to_owned).collect()
}
