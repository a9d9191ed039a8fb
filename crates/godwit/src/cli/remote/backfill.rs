//! `godwit backfill`: a task over many business dates.

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::following::{Pause, exit, is_ended, patiently, words};
use super::session::{Environment, Project, Session};
use super::tables::{Column, table, word};
use super::task;
use crate::cli::Exit;

const COLUMNS: [Column; 7] = [
    ("backfill", "/name"),
    ("first", "/first"),
    ("last", "/last"),
    ("groups", "/groups"),
    ("state", "/state"),
    ("instances", "/instances"),
    ("id", "/id"),
];

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// The backfills of the project
    List,
    /// Run a task for each business date from one to another
    Create(Create),
    /// How far a backfill is
    Show {
        /// The backfill, by name or id
        name: String,
    },
    /// Stop all of a backfill that has not ended
    Stop {
        /// The backfill, by name or id
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// The task, by name or id
    task: String,
    /// The first business date
    #[arg(long, value_name = "YYYYMMDD")]
    from: String,
    /// The last business date
    #[arg(long, value_name = "YYYYMMDD")]
    to: String,
    /// So many runs of days side by side; in each a day waits for the one before it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=12))]
    groups: u8,
    /// Run all tasks downstream of it, too
    #[arg(long)]
    with_downstream: bool,
    /// What it is called; the task, the day and a number by default
    #[arg(long)]
    name: Option<String>,
    /// Where it runs
    #[arg(long, value_enum, default_value = "production")]
    environment: Environment,
    /// Wait until all of it has ended; the exit code tells how
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let project = session.project().await?;
    match command {
        Command::List => {
            let path = project.path(&["backfills"]);
            let all = session.remote.pages(&path, &[], usize::MAX).await?;
            session.show(&json!(all), |_, width| {
                table(&all, &COLUMNS, "backfill", width)
            });
            Ok(Exit::Done)
        }
        Command::Create(wanted) => create(wanted, session, &project).await,
        Command::Show { name } => {
            let found = named(session, &project, &name).await?;
            show(session, &found);
            Ok(Exit::Done)
        }
        Command::Stop { name } => {
            let found = named(session, &project, &name).await?;
            let path = project.path(&["backfills", word(&found, "id"), "stop"]);
            let stopped = session
                .remote
                .send(session.remote.request(reqwest::Method::POST, &path));
            let stopped = stopped.await?;
            session.show(&stopped, |_, _| {
                format!("{} instances stopped\n", stopped["instances"])
            });
            Ok(Exit::Done)
        }
    }
}

async fn create(
    wanted: Create,
    session: &mut Session<'_, '_>,
    project: &Project,
) -> Result<Exit, Failure> {
    let task = task::named(session, project, &wanted.task, wanted.environment).await?;
    let body = json!({ "name": wanted.name, "backfill": {
        "task": task["id"], "environment": wanted.environment.name(),
        "first": wanted.from, "last": wanted.to, "groups": wanted.groups,
        "with-downstream": wanted.with_downstream,
    } });
    let mut made = session
        .remote
        .post(&project.path(&["backfills"]), &body)
        .await?;
    if !wanted.wait {
        show(session, &made);
        return Ok(Exit::Done);
    }
    let id = word(&made, "id").to_owned();
    let (mut pause, mut told) = (Pause::new(), String::new());
    loop {
        let counted = counts(&made);
        if counted != told {
            session
                .terminal
                .tell(&format!("{}: {counted}\n", word(&made, "name")));
            told = counted;
        }
        let instances = made["instances"].as_object();
        if instances.is_some_and(|states| states.keys().all(|state| is_ended(state))) {
            break;
        }
        pause.take().await;
        made = patiently(session, &project.path(&["backfills", &id]), &[]).await?;
    }
    show(session, &made);
    let count = |state: &str| made["instances"][state].as_u64().unwrap_or_default() as usize;
    Ok(exit(
        count("succeeded"),
        count("succeeded") + count("failed"),
    ))
}

fn show(session: &mut Session<'_, '_>, backfill: &Json) {
    session.show(backfill, |_, _| {
        let (name, id) = (word(backfill, "name"), word(backfill, "id"));
        let (first, last) = (word(backfill, "first"), word(backfill, "last"));
        let name = model::table::escape_controls(name);
        format!(
            "{name}: {first} to {last}: {}\n  godwit instance list --backfill {id}\n",
            counts(backfill)
        )
    });
}

/// How many instances are in each state.
fn counts(backfill: &Json) -> String {
    let states = backfill["instances"].as_object().into_iter().flatten();
    let counted = states.map(|(state, count)| format!("{count} {}", words(state)));
    counted.collect::<Vec<_>>().join(", ")
}

async fn named(session: &Session<'_, '_>, project: &Project, name: &str) -> Result<Json, Failure> {
    let (noun, path) = (("backfill", "NOT_THERE"), project.path(&["backfills"]));
    session.remote.named(noun, (&path, &[]), name).await
}
