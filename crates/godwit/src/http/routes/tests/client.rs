//! A service on a port of its own, and as much of a client as its tests need.

use std::net::SocketAddr;

use serde_json::{Value as Json, json};
use service::clock::Clock;
use service::opening::{self, Configuration, Start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::PASSWORD;
use crate::http::{App, Listen, PREFIX, Server, Settings};

/// A service that is served until it is dropped.
pub(in crate::http) struct Served {
    /// The token that its start would print.
    pub(in crate::http) set_up: String,
    address: SocketAddr,
    shutdown: CancellationToken,
    _tasks: JoinSet<()>,
    _folder: tempfile::TempDir,
}

/// How somebody shows who they are.
#[derive(Clone, Default)]
pub(in crate::http) struct Login {
    cookie: String,
    bearer: String,
    pub(in crate::http) csrf: String,
}

/// What came back.
pub(in crate::http) struct Reply {
    pub(in crate::http) status: u16,
    /// All its headers.
    pub(in crate::http) head: String,
    pub(in crate::http) body: String,
}

impl Served {
    /// A service in which there is nobody yet.
    pub(in crate::http) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(&Listen {
            address,
            ..Listen::default()
        });
        let server = server.unwrap();
        let address = server.address();
        let configuration = Configuration {
            roots: vec![folder.path().join("files")],
            ..Configuration::default()
        };
        let data = folder.path().join("data");
        let start = Start {
            data: Some(&data),
            own: address,
            clock: Clock::default(),
            restored: false,
        };
        let opened = Box::pin(opening::open(&configuration, start))
            .await
            .unwrap();
        let shutdown = CancellationToken::new();
        let settings = Settings {
            shutdown: shutdown.clone(),
            ..Settings::default()
        };
        let app = App {
            service: opened.service,
            secure: false,
        };
        let (router, stop) = (app.front(settings).router(), shutdown.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { server.serve(router, stop).await.unwrap() });
        Self {
            set_up: opened.set_up.unwrap().to_string(),
            address,
            shutdown,
            _tasks: tasks,
            _folder: folder,
        }
    }

    /// A service whose first administrator, `ann`, is logged in.
    pub(in crate::http) async fn with_administrator() -> (Self, Login) {
        let served = Self::start().await;
        let body = json!({ "token": served.set_up, "name": "ann", "password": PASSWORD });
        let made = served
            .ask("POST /set-up", &Login::nobody(), &[], body)
            .await;
        assert_eq!(made.status, 200, "{}", made.body);
        let login = made.login();
        (served, login)
    }

    pub(in crate::http) async fn log_in(&self, name: &str, password: &str) -> Login {
        let body = json!({ "name": name, "password": password });
        let reply = self.ask("POST /session", &Login::nobody(), &[], body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.login()
    }

    /// The id of who is logged in.
    pub(in crate::http) async fn own_id(&self, login: &Login) -> String {
        let me = self.ask("GET /me", login, &[], Json::Null).await.json();
        me["user"]["id"].as_str().unwrap().to_owned()
    }

    /// Sends one request, and reads what comes back; `null` is no body.
    pub(in crate::http) async fn ask(
        &self,
        line: &str,
        login: &Login,
        headers: &[&str],
        body: Json,
    ) -> Reply {
        let mut stream = self.send(line, login, headers, &body).await;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        Reply::of(&answer)
    }

    /// Sends one request, and reads only the beginning of what comes back, which may have no end.
    pub(in crate::http) async fn begin(&self, line: &str, login: &Login) -> Reply {
        let mut stream = self.send(line, login, &[], &Json::Null).await;
        let (mut answer, mut part) = (String::new(), [0; 4096]);
        while !answer.contains("\r\n\r\n")
            || answer.contains("problem+json") && !answer.ends_with('}')
        {
            let count = stream.read(&mut part).await.unwrap();
            answer.push_str(std::str::from_utf8(&part[..count]).unwrap());
        }
        Reply::of(&answer)
    }

    async fn send(&self, line: &str, login: &Login, headers: &[&str], body: &Json) -> TcpStream {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = format!(
            "{method} {PREFIX}{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        let mut header = |text: String| request.push_str(&(text + "\r\n"));
        for (name, value) in [
            ("Cookie: godwit=", &login.cookie),
            ("Authorization: Bearer ", &login.bearer),
            ("X-CSRF-Token: ", &login.csrf),
        ] {
            if !value.is_empty() {
                header(format!("{name}{value}"));
            }
        }
        headers.iter().for_each(|text| header((*text).to_owned()));
        let body = match body {
            Json::Null => String::new(),
            body => body.to_string(),
        };
        if !body.is_empty() {
            header("Content-Type: application/json".to_owned());
        }
        header(format!("Content-Length: {}", body.len()));
        request.push_str("\r\n");
        request.push_str(&body);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Login {
    pub(in crate::http) fn nobody() -> Self {
        Self::default()
    }

    pub(in crate::http) fn bearer(token: &str) -> Self {
        Self {
            bearer: token.to_owned(),
            ..Self::default()
        }
    }

    pub(in crate::http) fn with_csrf(&self, csrf: &str) -> Self {
        Self {
            csrf: csrf.to_owned(),
            ..self.clone()
        }
    }
}

impl Reply {
    fn of(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(in crate::http) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// One text of the document.
    pub(in crate::http) fn text(&self, key: &str) -> String {
        self.json()[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}: {}", self.body))
            .to_owned()
    }

    /// The code of the problem that it must be.
    pub(in crate::http) fn code(&self) -> String {
        self.text("code")
    }

    /// The session that it begins.
    pub(in crate::http) fn login(&self) -> Login {
        let set = self.head.split("set-cookie: godwit=").nth(1).unwrap();
        Login {
            cookie: set.split(';').next().unwrap().to_owned(),
            bearer: String::new(),
            csrf: self.text("csrf"),
        }
    }
}
