//! `godwit data-source`: the connections of a project, and whether they work.

use serde_json::json;

use super::failure::Failure;
use super::session::{Environment, Session};
use super::tables::{Column, read_findings, table, word};
use crate::cli::Exit;
use crate::render::findings::findings;

const COLUMNS: [Column; 5] = [
    ("data source", "/name"),
    ("type", "/type"),
    ("description", "/description"),
    ("changed", "/changed-at"),
    ("id", "/id"),
];

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// The data sources of the project
    List,
    /// Have the server connect to one, and tell whether it works
    Test {
        /// The data source, by name or id
        name: String,
        /// Whose connection
        #[arg(long, value_enum, default_value = "production")]
        environment: Environment,
    },
}

pub(super) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let project = session.project().await?;
    let path = project.path(&["data-sources"]);
    match command {
        Command::List => {
            let all = session.remote.pages(&path, &[], usize::MAX).await?;
            session.show(&json!(all), |_, width| {
                table(&all, &COLUMNS, "data source", width)
            });
            Ok(Exit::Done)
        }
        Command::Test { name, environment } => {
            let noun = ("data source", "NOT_THERE");
            let found = session.remote.named(noun, (&path, &[]), &name).await?;
            let test = project.path(&["data-sources", word(&found, "id"), "test"]);
            let request = session.remote.request(reqwest::Method::POST, &test);
            let tested = session
                .remote
                .send(request.query(&[environment.query()]))
                .await?;
            let reachable = tested["reachable"] == true;
            let document = json!({
                "data-source": found["name"], "connector": found["type"],
                "environment": environment.name(),
                "reachable": reachable, "findings": tested["findings"],
            });
            session.show(&document, |palette, _| {
                let verdict = match reachable {
                    true => palette.good("reachable"),
                    false => palette.bad("not usable"),
                };
                let (name, kind) = (word(&found, "name"), word(&found, "type"));
                let told = findings(&read_findings(&tested["findings"]), palette);
                format!("{told}{name} ({kind}): {verdict}\n")
            });
            Ok(match reachable {
                true => Exit::Done,
                false => Exit::Refused,
            })
        }
    }
}
