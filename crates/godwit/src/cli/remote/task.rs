//! `godwit task`: what runs in an environment, and running it by hand.

use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::instance::ended;
use super::session::{Environment, Project, Session};
use super::tables::{Column, table, word};
use crate::cli::Exit;

const COLUMNS: [Column; 7] = [
    ("task", "/name"),
    ("version", "/version"),
    ("hour", "/body/hour"),
    ("priority", "/priority"),
    ("suspended", "/suspended"),
    ("first business date", "/first-bizdate"),
    ("id", "/id"),
];

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// The tasks of an environment
    List {
        /// Only those whose names hold this
        #[arg(long, value_name = "TEXT")]
        containing: Option<String>,
        /// Where they run
        #[arg(long, value_enum, default_value = "production")]
        environment: Environment,
    },
    /// Run a task once, as soon as there is room; it waits for nobody upstream
    Run {
        /// The task, by name or id
        name: String,
        /// The business date; yesterday in the project's zone by default
        #[arg(long, value_name = "YYYYMMDD")]
        bizdate: Option<String>,
        /// A value for ${NAME} in place of the migration's; may be given again
        #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
        parameters: Vec<(String, String)>,
        /// Where it runs
        #[arg(long, value_enum, default_value = "production")]
        environment: Environment,
        /// Wait until it has ended; the exit code tells how
        #[arg(long)]
        wait: bool,
    },
}

pub(super) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let project = session.project().await?;
    match command {
        Command::List {
            containing,
            environment,
        } => {
            let mut query = vec![environment.query()];
            query.extend(containing.map(|text| ("containing", text)));
            let path = project.path(&["tasks"]);
            let all = session.remote.pages(&path, &query, usize::MAX).await?;
            session.show(&json!(all), |_, width| table(&all, &COLUMNS, "task", width));
            Ok(Exit::Done)
        }
        Command::Run {
            name,
            bizdate,
            parameters,
            environment,
            wait,
        } => {
            let task = named(session, &project, &name, environment).await?;
            let mut body = Map::new();
            body.extend(bizdate.map(|day| ("bizdate".to_owned(), json!(day))));
            if !parameters.is_empty() {
                let parameters = parameters
                    .into_iter()
                    .map(|(name, value)| (name, json!(value)));
                body.insert(
                    "parameters".to_owned(),
                    parameters.collect::<Map<_, _>>().into(),
                );
            }
            let path = project.path(&["tasks", word(&task, "id"), "instances"]);
            let request = session.remote.request(Method::POST, &path);
            let request = request
                .query(&[environment.query()])
                .json(&Json::Object(body));
            let made = session.remote.send(request).await?;
            let instance = made["instance"].as_i64().unwrap_or_default();
            if wait {
                return ended(session, &project, &[instance]).await;
            }
            session.show(&json!({ "instance": instance }), |_, _| {
                format!("instance {instance}: godwit instance show {instance}\n")
            });
            Ok(Exit::Done)
        }
    }
}

/// The task of this name or id.
pub(super) async fn named(
    session: &Session<'_, '_>,
    project: &Project,
    name: &str,
    environment: Environment,
) -> Result<Json, Failure> {
    let (noun, path) = (("task", "NOT_THERE"), project.path(&["tasks"]));
    session
        .remote
        .named(noun, (&path, &[environment.query()]), name)
        .await
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
