//! `godwit project`: the projects of a server, and the one that is meant where none is named.

use serde_json::json;

use super::failure::Failure;
use super::logins::Logins;
use super::session::{Session, project};
use super::tables::{Column, table, word};
use crate::cli::Exit;

const COLUMNS: [Column; 5] = [
    ("project", "/name"),
    ("mode", "/mode"),
    ("time zone", "/time-zone"),
    ("description", "/description"),
    ("id", "/id"),
];

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// The projects that you may see
    List,
    /// Keep a project as the one that is meant where none is named
    Use {
        /// The project, by name or id
        name: String,
    },
}

pub(super) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        Command::List => {
            let all = session.remote.pages(&["projects"], &[], usize::MAX).await?;
            session.show(&json!(all), |_, width| {
                table(&all, &COLUMNS, "project", width)
            });
        }
        Command::Use { name } => {
            let found = project(&session.remote, &name).await?;
            let (name, server) = (word(&found, "name"), session.remote.address().to_string());
            let mut logins = Logins::read(session.terminal)?;
            let Some(login) = logins.servers.get_mut(&server) else {
                return Err(
                    super::session::not_logged_in(format!("nothing is kept of {server}")).into(),
                );
            };
            login.project = Some(name.to_owned());
            logins.write(session.terminal)?;
            let document = json!({ "server": server, "project": name });
            session.show(&document, |_, _| {
                format!("{name} is meant at {server} from now on\n")
            });
        }
    }
    Ok(Exit::Done)
}
