//! `godwit migration`: the migrations of a project, by the same file that `godwit run` takes.

mod apply;
mod data_sources;
mod differences;
mod publish;

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::session::{Environment, Project, Session};
use super::tables::{Column, table, word};
use crate::cli::Exit;

const COLUMNS: [Column; 6] = [
    ("migration", "/name"),
    ("source", "/document/source/data-source"),
    ("destination", "/document/destination/data-source"),
    ("changed", "/changed-at"),
    ("edition", "/edition"),
    ("id", "/id"),
];

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// The migrations of the project
    List,
    /// Make or change a migration by a file; the same file again changes nothing
    Apply(apply::Arguments),
    /// Write a migration as a file, without secrets
    Export {
        /// The migration, by name or id
        name: String,
        /// How it is written
        #[arg(long, value_parser = ["yaml", "json"], default_value = "yaml")]
        format: String,
    },
    /// Make the pipelines of a migration, one for each table
    Generate {
        /// The migration, by name or id
        name: String,
        /// Whose connections tell what there is; development where the project has it
        #[arg(long, value_enum)]
        environment: Option<Environment>,
        /// Those tables alone that failed the last time
        #[arg(long)]
        only_failed: bool,
    },
    /// Bring to production what was generated and is not there yet
    Publish {
        /// The migration, by name or id
        name: String,
        /// What is to be said of the versions
        #[arg(long, value_name = "TEXT", default_value = "")]
        remark: String,
    },
    /// Remove a migration of which no pipeline is left
    Remove {
        /// The migration, by name or id
        name: String,
    },
}

pub(super) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    if let Command::Apply(arguments) = command {
        return Box::pin(apply::run(arguments, session)).await;
    }
    let project = session.project().await?;
    match command {
        Command::Apply(_) => unreachable!("carried out above, before anything is asked"),
        Command::List => {
            let path = project.path(&["migrations"]);
            let all = session.remote.pages(&path, &[], usize::MAX).await?;
            session.show(&json!(all), |_, width| {
                table(&all, &COLUMNS, "migration", width)
            });
            Ok(Exit::Done)
        }
        Command::Export { name, format } => {
            let found = named(session, &project, &name).await?;
            let path = project.path(&["migrations", word(&found, "id"), "export"]);
            let written = session.remote.get(&path, &[("format", format)]).await?;
            session.show(&written, |_, _| word(&written, "text").to_owned());
            Ok(Exit::Done)
        }
        Command::Generate {
            name,
            environment,
            only_failed,
        } => {
            let found = named(session, &project, &name).await?;
            let body = json!({
                "environment": environment.map(Environment::name), "only-failed": only_failed,
            });
            let generated =
                publish::generate(session, &project, (word(&found, "id"), &body)).await?;
            session.show(&generated.document(), |palette, _| generated.text(palette));
            Ok(generated.exit())
        }
        Command::Publish { name, remark } => {
            let found = named(session, &project, &name).await?;
            let published =
                publish::publish(session, &project, (word(&found, "id"), &remark)).await?;
            session.show(&published.document(), |palette, _| published.text(palette));
            Ok(published.exit())
        }
        Command::Remove { name } => {
            let found = named(session, &project, &name).await?;
            let path = project.path(&["migrations", word(&found, "id")]);
            let request = session.remote.request(reqwest::Method::DELETE, &path);
            session.remote.send(only_as(request, &found)).await?;
            let document =
                json!({ "migration": found["name"], "id": found["id"], "change": "removed" });
            let name = model::table::escape_controls(word(&found, "name"));
            session.show(&document, |_, _| format!("{name}: removed\n"));
            Ok(Exit::Done)
        }
    }
}

/// The same request, for what was seen and nothing newer.
fn only_as(request: reqwest::RequestBuilder, seen: &Json) -> reqwest::RequestBuilder {
    request.header(
        reqwest::header::IF_MATCH,
        format!("\"{}\"", seen["edition"]),
    )
}

async fn named(session: &Session<'_, '_>, project: &Project, name: &str) -> Result<Json, Failure> {
    let (noun, path) = (("migration", "NOT_THERE"), project.path(&["migrations"]));
    session.remote.named(noun, (&path, &[]), name).await
}
