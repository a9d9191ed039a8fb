//! `godwit login`, `godwit logout`: by name and password an API token is made that these commands come in by, or
//! one that is there already is taken. No secret ever stands on the command line.

use std::path::{Path, PathBuf};

use model::{Error, ErrorKind};
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value as Json, json};
use service::access::Right;
use service::tokens::USUAL_DAYS;

use super::client::{Remote, other_version};
use super::failure::Failure;
use super::logins::{Address, Kept, Login, Logins, token};
use super::session::{not_logged_in, project};
use super::tables::word;
use crate::cli::Exit;
use crate::http::Token;
use crate::terminal::{Echo, Terminal};

/// What the token is called in the list of one's tokens.
const TOKEN_NAME: &str = "godwit login";

/// What these commands may need.
const USUAL_SCOPES: [Right; 8] = [
    Right::ViewProject,
    Right::EditMigrations,
    Right::EditStatements,
    Right::RecreateTables,
    Right::UseDataSources,
    Right::ManageDataSources,
    Right::Operate,
    Right::Publish,
];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The server: https://HOST[:PORT]
    url: String,
    /// The name to log in with; asked for where it is left out
    #[arg(long, value_name = "USER")]
    name: Option<String>,
    /// Take the API token in this file, - for standard input, instead of asking for a password
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    token_file: Option<PathBuf>,
    /// The project that is meant where none is named
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Limit the token to this right; may be given again
    #[arg(long = "scope", value_name = "RIGHT", value_parser = right, conflicts_with = "token_file")]
    scopes: Vec<Right>,
    /// After how many days the token ends
    #[arg(long, default_value_t = USUAL_DAYS, conflicts_with = "token_file")]
    days: u32,
    /// Use plain HTTP to another machine, too: whoever is between can read the password and the token
    #[arg(long)]
    insecure_http: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Leaving {
    /// The server; the one logged in to last by default
    url: Option<String>,
}

/// A token, and what is known of it.
struct Opened {
    token: String,
    id: Option<String>,
    ends_at: Option<String>,
}

pub(super) async fn log_in(
    arguments: Arguments,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let address = Address::parse(&arguments.url, arguments.insecure_http)?;
    let server = address.to_string();
    let mut logins = Logins::read(terminal)?;
    let old = logins.servers.get(&server);
    let opened = match &arguments.token_file {
        Some(file) => Opened {
            token: token_in(file, terminal)?,
            id: None,
            ends_at: None,
        },
        None => by_password(&arguments, &address, old, terminal).await?,
    };
    let remote = Remote::new(address, Some(Token::new(opened.token.as_str())))?;
    let me = remote.reply(remote.request(Method::GET, &["me"])).await?;
    if let Some(note) = other_version(&me.headers) {
        terminal.tell(&note);
    }
    let project = match &arguments.project {
        Some(name) => Some(word(&project(&remote, name).await?, "name").to_owned()),
        None => only_project(&remote).await?,
    };
    let login = Login {
        token: Kept(opened.token),
        token_id: opened.id,
        user: word(&me.document["user"], "name").to_owned(),
        ends_at: opened.ends_at,
        project,
        insecure_http: arguments.insecure_http,
    };
    let document = json!({
        "server": server, "user": login.user, "project": login.project, "ends-at": login.ends_at,
    });
    logins.current = Some(server.clone());
    logins.servers.insert(server, login);
    let path = logins.write(terminal)?;
    if json {
        terminal.print_json(&document);
    } else {
        terminal.print(&greeting(&document, &path));
    }
    Ok(Exit::Done)
}

fn greeting(document: &Json, path: &Path) -> String {
    let (user, server) = (word(document, "user"), word(document, "server"));
    let mut text = format!("logged in to {server} as {user}\n");
    if let Some(ends_at) = document["ends-at"].as_str() {
        text.push_str(&format!("the token ends at {ends_at}\n"));
    }
    text.push_str(&match document["project"].as_str() {
        Some(project) => format!("where no project is named, {project} is meant\n"),
        None => {
            "godwit project list tells the projects, godwit project use NAME keeps one\n".to_owned()
        }
    });
    text + &format!("kept in {}\n", path.display())
}

/// The text of a token that is there already.
fn token_in(file: &Path, terminal: &mut Terminal<'_>) -> Result<String, Error> {
    let text = match file == Path::new("-") {
        true => terminal.read(),
        false => std::fs::read_to_string(file),
    };
    let text = text.map_err(|cause| {
        let message = format!("could not read the token in {file:?}: {}", cause.kind());
        Error::new(ErrorKind::Config, "FILE_UNREADABLE", message).hint("check the path")
    })?;
    let token = token(&text).ok_or_else(|| {
        let message = format!("there is no token in {file:?}");
        Error::new(ErrorKind::Config, "FILE_UNREADABLE", message)
            .hint("write the token's text into it, and nothing else")
    })?;
    Ok(token.to_owned())
}

/// Logs in as a person for as long as it takes to make a token, which takes the place of the one that was
/// kept before.
async fn by_password(
    arguments: &Arguments,
    address: &Address,
    old: Option<&Login>,
    terminal: &mut Terminal<'_>,
) -> Result<Opened, Failure> {
    let remote = Remote::new(address.clone(), None)?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => ask(terminal, "name: ", Echo::Shown).await?,
    };
    let password = ask(
        terminal,
        &format!("password of {name} at {address}: "),
        Echo::Hidden,
    )
    .await?;
    let body = json!({ "name": name, "password": password });
    let begun = remote
        .reply(remote.request(Method::POST, &["session"]).json(&body))
        .await?;
    let cookie = cookie(&begun.headers);
    let csrf = word(&begun.document, "csrf").to_owned();
    let as_person = |request: RequestBuilder| {
        request
            .header(COOKIE, cookie.as_str())
            .header("X-CSRF-Token", csrf.as_str())
    };
    let scopes = match arguments.scopes.as_slice() {
        [] => &USUAL_SCOPES,
        scopes => scopes,
    };
    let wanted = json!({ "name": TOKEN_NAME, "scopes": scopes, "days": arguments.days });
    let made = remote.request(Method::POST, &["tokens"]).json(&wanted);
    let made = remote.send(as_person(made)).await;
    if made.is_ok()
        && let Some(id) = old.and_then(|old| old.token_id.as_deref())
    {
        let gone = remote.send(as_person(remote.request(Method::DELETE, &["tokens", id])));
        note_failure("the token of before", gone.await, terminal);
    }
    let ended = remote.send(as_person(remote.request(Method::DELETE, &["session"])));
    note_failure("the session", ended.await, terminal);
    let made = made?;
    Ok(Opened {
        token: word(&made, "token").to_owned(),
        id: made["id"].as_str().map(str::to_owned),
        ends_at: made["ends-at"].as_str().map(str::to_owned),
    })
}

/// What could not be tidied away ends by itself; it is not there any more, or it is worth to be known.
fn note_failure(what: &str, done: Result<Json, Failure>, terminal: &mut Terminal<'_>) {
    if let Err(failure) = done
        && failure.code() != "NOT_THERE"
    {
        terminal.tell(&format!(
            "note: {what} could not be ended: {}\n",
            failure.code()
        ));
    }
}

/// The session's cookie, as it is sent back.
fn cookie(headers: &HeaderMap) -> String {
    let set = headers
        .get(SET_COOKIE)
        .and_then(|value| value.to_str().ok());
    let pair = set.and_then(|set| set.split(';').next());
    pair.unwrap_or_default().to_owned()
}

async fn ask(terminal: &Terminal<'_>, prompt: &str, echo: Echo) -> Result<String, Failure> {
    let nobody = || {
        let message = format!(
            "nobody is there to be asked for the {}",
            prompt.trim_end_matches(": ")
        );
        Error::new(ErrorKind::Config, "NOBODY_TO_ASK", message)
            .hint("--token-file FILE takes an API token, - from standard input")
    };
    let person = terminal.person().ok_or_else(nobody)?;
    let prompt = prompt.to_owned();
    let asked = tokio::task::spawn_blocking({
        let prompt = prompt.clone();
        move || person(&prompt, echo)
    });
    match asked.await {
        Ok(Ok(text)) if !text.is_empty() => Ok(text),
        _ => Err(nobody().into()),
    }
}

async fn only_project(remote: &Remote) -> Result<Option<String>, Failure> {
    let all = remote.pages(&["projects"], &[], 2).await?;
    Ok(match all.as_slice() {
        [one] => Some(word(one, "name").to_owned()),
        _ => None,
    })
}

pub(super) fn log_out(
    arguments: &Leaving,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let mut logins = Logins::read(terminal)?;
    let server = match &arguments.url {
        Some(url) => Some(Address::parse(url, true)?.to_string()),
        None => logins.current.clone(),
    };
    let left = server.and_then(|server| Some((logins.servers.remove(&server)?, server)));
    let Some((login, server)) = left else {
        return Err(not_logged_in("you are not logged in there".to_owned()).into());
    };
    if logins.current.as_ref() == Some(&server) {
        logins.current = None;
    }
    logins.write(terminal)?;
    if json {
        let document = json!({ "server": server, "user": login.user, "ends-at": login.ends_at });
        terminal.print_json(&document);
        return Ok(Exit::Done);
    }
    let until = login
        .ends_at
        .map(|at| format!(" until {at}"))
        .unwrap_or_default();
    terminal.print(&format!(
        "the token for {server} is forgotten here\nthe server knows it{until}, unless {} removes it there\n",
        login.user
    ));
    Ok(Exit::Done)
}

fn right(text: &str) -> Result<Right, String> {
    Right::all()
        .find(|right| right.name() == text)
        .ok_or_else(|| {
            let known: Vec<&str> = Right::all().map(Right::name).collect();
            format!("there is no such right; known are: {}", known.join(", "))
        })
}
