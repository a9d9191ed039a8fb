//! The command line: one file per command. Parses, calls `service`, prints, and answers with the
//! exit code that scripts rely on.

mod check;
mod demo;
mod plan;
mod remote;
mod run;
mod runs;
mod serve;
mod source;
mod store;

use std::ffi::OsString;

use clap::error::ErrorKind as Usage;
use clap::{Parser, Subcommand};
use model::{Error, ErrorKind};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::render::findings::{self, Palette};
use crate::terminal::Terminal;

/// How a command ended; the numbers are promised to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All done and proven.
    Done,
    /// Refused, or no table succeeded.
    Refused,
    /// Wrong usage.
    Usage,
    /// Some tables done and some not.
    Partial,
    /// Cancelled.
    Cancelled,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Cancelled => 130,
        }
    }
}

/// Moves whole databases into a lake, proven.
#[derive(Debug, Parser)]
#[command(name = "godwit", version, about, propagate_version = true)]
struct Arguments {
    /// Print one JSON document on standard output and nothing else
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a sample shop database, move all of it into a lake, read it back
    Demo(demo::Arguments),
    /// Validate a migration file without touching any system
    Check(check::Arguments),
    /// Connect, compile and show what a run would do; changes nothing
    Plan(plan::Arguments),
    /// Plan, move, verify and commit
    Run(run::Arguments),
    /// What can be read and written; is it reachable; what is in it
    #[command(subcommand)]
    Source(source::Command),
    /// History, proof of each table, rejected rows with reasons
    #[command(subcommand)]
    Runs(runs::Command),
    /// REST API, scheduler and worker in one process
    Serve(serve::Arguments),
    /// A copy of a service's store, and its keys
    #[command(subcommand)]
    Store(store::Command),
    #[command(flatten)]
    Remote(remote::Command),
}

/// Carries out one command line; the first argument is the program's name.
pub async fn run(
    arguments: Vec<OsString>,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Exit {
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, wants_json, terminal),
    };
    let json = arguments.json;
    let result = match arguments.command {
        Command::Demo(arguments) => Box::pin(demo::run(&arguments, json, terminal, cancel)).await,
        Command::Check(arguments) => check::run(&arguments, json, terminal).await,
        Command::Plan(arguments) => plan::run(&arguments, json, terminal, cancel).await,
        Command::Run(arguments) => run::run(arguments, json, terminal, cancel).await,
        Command::Source(command) => source::run(&command, json, terminal, cancel).await,
        Command::Runs(command) => runs::run(&command, json, terminal).await,
        Command::Serve(arguments) => Box::pin(serve::run(&arguments, json, terminal, cancel)).await,
        Command::Store(command) => store::run(&command, json, terminal).await,
        Command::Remote(command) => remote::run(command, json, terminal, cancel).await,
    };
    result.unwrap_or_else(|error| failed(&error, json, terminal))
}

fn usage(error: &clap::Error, json: bool, terminal: &mut Terminal<'_>) -> Exit {
    if matches!(error.kind(), Usage::DisplayHelp | Usage::DisplayVersion) {
        terminal.print(&error.render().to_string());
        return Exit::Done;
    }
    let text = error.render().to_string();
    if json {
        let first = text.lines().take_while(|line| !line.is_empty());
        let first: Vec<&str> = first.map(str::trim).collect();
        let first = first.join(" ");
        let message = first.trim_start_matches("error: ");
        terminal.print_json(&json!({ "error": { "code": "USAGE", "message": message } }));
    }
    terminal.tell(&text);
    Exit::Usage
}

fn failed(error: &Error, json: bool, terminal: &mut Terminal<'_>) -> Exit {
    tracing::debug!(code = error.code, side = ?error.side, ?error, "command failed");
    if json {
        terminal.print_json(&json!({ "error": {
            "code": error.code, "message": error.message, "hint": error.hint, "side": error.side,
        } }));
    } else {
        terminal.tell(&findings::error(error, Palette::new(false)));
    }
    match (error.kind, error.code) {
        (ErrorKind::Cancelled, _) => Exit::Cancelled,
        (
            _,
            "FILE_UNREADABLE" | "USAGE" | "BAD_BIZDATE" | "BAD_SCALE" | "BAD_CONFIGURATION"
            | "BAD_SERVER_ADDRESS" | "NOT_LOGGED_IN" | "NO_PROJECT_NAMED" | "NOBODY_TO_ASK",
        ) => Exit::Usage,
        _ => Exit::Refused,
    }
}
