//! Commands against a server: one file per noun. They ask its REST API as any program may, and print; what
//! may be done, and what is right, the server decides.

mod backfill;
mod client;
mod data_source;
mod failure;
mod following;
mod instance;
mod login;
mod logins;
mod migration;
mod project;
mod session;
mod tables;
mod task;

use model::{Error, Result};
use tokio_util::sync::CancellationToken;

use self::failure::Failure;
use self::session::{At, Session};
use crate::cli::Exit;
use crate::terminal::{self, Terminal};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Log in to a server; the token is kept in your configuration folder
    Login(login::Arguments),
    /// Forget the token of a server
    Logout(login::Leaving),
    /// Projects of a server
    Project(Of<project::Command>),
    /// Migrations of a project: apply a file, generate and publish its tasks
    Migration(Of<migration::Command>),
    /// Data sources of a project
    DataSource(Of<data_source::Command>),
    /// What runs in a project
    Task(Of<task::Command>),
    /// Tasks over many business dates
    Backfill(Of<backfill::Command>),
    /// What ran, runs or will: why, how it went, once more
    Instance(Of<instance::Command>),
}

/// Commands on a noun, and where.
#[derive(Debug, clap::Args)]
pub(super) struct Of<C: clap::Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    at: At,
}

/// Carries out a command; stopped, it leaves what was begun at the server to go on.
pub(super) async fn run(
    command: Command,
    json: bool,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    let done = tokio::select! {
        done = Box::pin(carry_out(command, json, terminal)) => done,
        () = cancel.cancelled() => {
            terminal::show_typing_again();
            Err(Error::cancelled().hint("what was begun goes on at the server").into())
        }
    };
    match done {
        Ok(exit) => Ok(exit),
        Err(Failure::Ours(error)) => Err(error),
        Err(Failure::Theirs(problem)) => {
            problem.tell(json, terminal);
            Ok(Exit::Refused)
        }
    }
}

async fn carry_out(
    command: Command,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    match command {
        Command::Login(arguments) => login::log_in(arguments, json, terminal).await,
        Command::Logout(arguments) => login::log_out(&arguments, json, terminal),
        Command::Project(Of { command, at }) => {
            let mut session = Session::open(at, json, terminal)?;
            project::run(command, &mut session).await
        }
        Command::Migration(Of { command, at }) => {
            let mut session = Session::open(at, json, terminal)?;
            migration::run(command, &mut session).await
        }
        Command::DataSource(Of { command, at }) => {
            let mut session = Session::open(at, json, terminal)?;
            data_source::run(command, &mut session).await
        }
        Command::Task(Of { command, at }) => {
            let mut session = Session::open(at, json, terminal)?;
            task::run(command, &mut session).await
        }
        Command::Backfill(Of { command, at }) => {
            let mut session = Session::open(at, json, terminal)?;
            backfill::run(command, &mut session).await
        }
        Command::Instance(Of { command, at }) => {
            let mut session = Session::open(at, json, terminal)?;
            instance::run(command, &mut session).await
        }
    }
}

#[cfg(test)]
mod tests;
