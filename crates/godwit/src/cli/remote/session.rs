//! One command's way to a server: which server, by which token, in which project; and the terminal that it
//! prints to.

use model::{Error, ErrorKind};
use serde_json::Value as Json;

use super::client::Remote;
use super::failure::Failure;
use super::logins::{self, Address, Logins};
use super::tables::word;
use crate::http::Token;
use crate::render::findings::Palette;
use crate::terminal::Terminal;

/// Where a command goes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct At {
    /// The server; default $GODWIT_SERVER, else the one logged in to last
    #[arg(long, value_name = "URL", global = true)]
    server: Option<String>,
    /// The project, by name or id; default $GODWIT_PROJECT, else that of the login, else the only one
    #[arg(long, value_name = "NAME", global = true)]
    project: Option<String>,
    /// Send the token by plain HTTP to another machine, too: whoever is between can read it
    #[arg(long, global = true)]
    insecure_http: bool,
}

/// Where a command does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Environment {
    /// Where what is submitted is tried
    Development,
    /// Where what is published runs
    Production,
}

impl Environment {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }

    /// As lists take it.
    pub(super) fn query(self) -> (&'static str, String) {
        ("environment", self.name().to_owned())
    }
}

/// A server as a command speaks to it.
pub(super) struct Session<'a, 't> {
    pub(super) remote: Remote,
    pub(super) json: bool,
    pub(super) terminal: &'a mut Terminal<'t>,
    /// The project that was named.
    project: Option<String>,
}

/// A project of the server.
pub(super) struct Project {
    pub(super) id: String,
    /// Whether what is submitted is tried in development first.
    pub(super) dev_prod: bool,
}

impl<'a, 't> Session<'a, 't> {
    /// The way to the server that is meant: what is said goes before the environment, and that before what is
    /// kept. A kept token goes to its own server alone.
    pub(super) fn open(
        at: At,
        json: bool,
        terminal: &'a mut Terminal<'t>,
    ) -> Result<Self, Failure> {
        let kept = Logins::read(terminal)?;
        let server = at.server.or_else(|| terminal.variable("GODWIT_SERVER"));
        let Some(server) = server.or_else(|| kept.current.clone()) else {
            return Err(not_logged_in("no server is named".to_owned()).into());
        };
        let name = Address::parse(&server, true)?.to_string();
        let login = kept.servers.get(&name);
        let insecure_http = at.insecure_http || login.is_some_and(|login| login.insecure_http);
        let address = Address::parse(&server, insecure_http)?;
        let token = terminal
            .variable("GODWIT_TOKEN")
            .or_else(|| login.map(|login| login.token.0.clone()));
        let said = token.as_deref().and_then(logins::token).map(Token::new);
        let said = said.ok_or_else(|| not_logged_in(format!("no token is known for {address}")))?;
        let project = at
            .project
            .or_else(|| terminal.variable("GODWIT_PROJECT"))
            .or_else(|| login?.project.clone());
        Ok(Self {
            remote: Remote::new(address, Some(said))?,
            json,
            terminal,
            project,
        })
    }

    /// The project that was named, or else the only one that there is.
    pub(super) async fn project(&self) -> Result<Project, Failure> {
        let found = match &self.project {
            Some(name) => project(&self.remote, name).await?,
            None => self.only_project().await?,
        };
        Ok(Project {
            id: word(&found, "id").to_owned(),
            dev_prod: found["mode"] == "dev-prod",
        })
    }

    async fn only_project(&self) -> Result<Json, Failure> {
        let mut all = self.remote.pages(&["projects"], &[], usize::MAX).await?;
        if all.len() == 1 {
            return Ok(all.remove(0));
        }
        let names: Vec<&str> = all.iter().map(|one| word(one, "name")).collect();
        let message = match names.len() {
            0 => "there is no project in which you have a role".to_owned(),
            more => format!("it is not said which of {more} projects is meant"),
        };
        let error = Error::new(ErrorKind::Config, "NO_PROJECT_NAMED", message);
        if names.is_empty() {
            return Err(error.hint("ask an administrator for a role in one").into());
        }
        let hint = "--project NAME, GODWIT_PROJECT, or godwit project use NAME";
        Err(error
            .hint(format!("{hint}; there are: {}", names.join(", ")))
            .into())
    }

    /// Prints the document for machines, or the text for people.
    pub(super) fn show(&mut self, document: &Json, text: impl FnOnce(Palette, usize) -> String) {
        if self.json {
            self.terminal.print_json(document);
        } else {
            let palette = Palette::new(self.terminal.colour);
            let text = text(palette, self.terminal.width);
            self.terminal.print(&text);
        }
    }
}

impl Project {
    /// The segments of a path in it.
    pub(super) fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        let own = ["projects", self.id.as_str()];
        own.into_iter().chain(rest.iter().copied()).collect()
    }
}

/// The project of this name or id.
pub(super) async fn project(remote: &Remote, name: &str) -> Result<Json, Failure> {
    let noun = ("project", "UNKNOWN_PROJECT");
    remote.named(noun, (&["projects"], &[]), name).await
}

pub(super) fn not_logged_in(message: String) -> Error {
    Error::new(ErrorKind::Config, "NOT_LOGGED_IN", message)
        .hint("godwit login URL; in scripts GODWIT_SERVER and GODWIT_TOKEN")
}
