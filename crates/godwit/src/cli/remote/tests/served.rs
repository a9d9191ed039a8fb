//! `godwit serve` in a thread of its own, and commands against it as they are typed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value as Json, json};
use service::access::Right;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::cli::remote::client::Remote;
use crate::cli::remote::logins::Address;
use crate::http::Token;
use crate::terminal::{Echo, Terminal};

pub(super) const PASSWORD: &str = "correct horse battery";

/// What was printed, to be read while more is.
#[derive(Clone, Default)]
pub(super) struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Printed {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A server whose administrator is `ann`.
pub(super) struct Server {
    pub(super) url: String,
    /// A token that may do everything.
    pub(super) token: String,
    pub(super) folder: tempfile::TempDir,
    stop: CancellationToken,
    serves: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("serve.yaml");
        let text = format!("listen: 127.0.0.1:0\nroots: [{:?}]\n", folder.path());
        std::fs::write(&config, text).unwrap();
        let words = ["godwit", "serve", "--config"].map(OsString::from).to_vec();
        let data = folder.path().join("data");
        let words = words
            .into_iter()
            .chain([config.into(), "--data".into(), data.into()]);
        let (words, stop, printed) = (
            words.collect(),
            CancellationToken::new(),
            Printed::default(),
        );
        let (cancel, out) = (stop.clone(), printed.clone());
        let serves = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let mut terminal = Terminal::plain(out.clone(), out);
            runtime.block_on(crate::cli::run(words, &mut terminal, cancel));
        });
        let mut waited = 0;
        while !printed.text().contains("#token=") {
            assert!(waited < 600 && !serves.is_finished(), "{}", printed.text());
            waited += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let text = printed.text();
        let word_after = |mark: &str| {
            let rest = text.split(mark).nth(1).unwrap();
            rest.split_whitespace().next().unwrap().to_owned()
        };
        let (url, set_up) = (word_after("serves at "), word_after("#token="));
        Self {
            token: set_up_by_ann(&url, &set_up).await,
            url,
            folder,
            stop,
            serves: Some(serves),
        }
    }

    /// With a project of this name, in which work is done, and somebody logged in who means it.
    pub(super) async fn with_project(name: &str) -> (Self, User) {
        let server = Self::start().await;
        server.project(name, "basic").await;
        let user = User::new(&server);
        let words = ["login", &server.url, "--token-file", "-"];
        let ran = user.typing(&server.token).run(&words).await;
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        (server, user)
    }

    /// Makes a project of this mode.
    pub(super) async fn project(&self, name: &str, mode: &str) {
        let api = self.api();
        let group = json!({ "name": name, "cpu-millis": 4000, "memory-mb": 4096, "daily-scheduling": true });
        let group = api.post(&["resource-groups"], &group).await.unwrap();
        let mut body = json!({ "name": name, "mode": mode, "default-group": group["id"] });
        if mode == "dev-prod" {
            body["development-group"] = group["id"].clone();
        }
        api.post(&["projects"], &body).await.unwrap();
    }

    /// All of the API, as its administrator.
    pub(super) fn api(&self) -> Remote {
        remote(&self.url, Some(&self.token))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the server's.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(super) fn stop(&mut self) {
        self.stop.cancel();
        if let Some(serves) = self.serves.take() {
            serves.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) fn remote(url: &str, token: Option<&str>) -> Remote {
    let address = Address::parse(url, false).unwrap();
    Remote::new(address, token.map(Token::new)).unwrap()
}

/// Makes the first administrator, and a token of theirs with all rights.
async fn set_up_by_ann(url: &str, set_up: &str) -> String {
    let remote = remote(url, None);
    let body = json!({ "token": set_up, "name": "ann", "password": PASSWORD });
    let begun = remote.request(Method::POST, &["set-up"]).json(&body);
    let begun = remote.reply(begun).await.unwrap();
    let cookie = begun.headers[SET_COOKIE].to_str().unwrap();
    let rights: Vec<Right> = Right::all().collect();
    let made = remote
        .request(Method::POST, &["tokens"])
        .header(COOKIE, cookie.split(';').next().unwrap())
        .header("X-CSRF-Token", begun.document["csrf"].as_str().unwrap())
        .json(&json!({ "name": "tests", "scopes": rights }));
    let made = remote.send(made).await.unwrap();
    made["token"].as_str().unwrap().to_owned()
}

/// Somebody who types commands, with a home of their own.
#[derive(Clone)]
pub(super) struct User {
    pub(super) home: PathBuf,
    variables: BTreeMap<String, String>,
    input: String,
    answers: Option<(String, String)>,
}

/// What a command came to.
pub(super) struct Ran {
    pub(super) exit: Exit,
    pub(super) out: String,
    pub(super) err: String,
}

impl User {
    pub(super) fn new(server: &Server) -> Self {
        Self::at_home(server.folder.path().join("home"))
    }

    pub(super) fn at_home(home: PathBuf) -> Self {
        Self {
            home,
            variables: BTreeMap::new(),
            input: String::new(),
            answers: None,
        }
    }

    /// The same, with this variable set.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut user = self.clone();
        user.variables.insert(name.to_owned(), value.to_owned());
        user
    }

    /// The same, with this on standard input.
    pub(super) fn typing(&self, input: &str) -> Self {
        Self {
            input: input.to_owned(),
            ..self.clone()
        }
    }

    /// The same at a terminal, who answers with this name and password.
    pub(super) fn who_is(&self, name: &str, password: &str) -> Self {
        Self {
            answers: Some((name.to_owned(), password.to_owned())),
            ..self.clone()
        }
    }

    /// Where logins are kept.
    pub(super) fn logins(&self) -> PathBuf {
        self.home.join(".config/godwit/servers.json")
    }

    pub(super) async fn run(&self, words: &[&str]) -> Ran {
        self.run_until(words, CancellationToken::new()).await
    }

    /// The same, until it is cancelled.
    pub(super) async fn run_until(&self, words: &[&str], cancel: CancellationToken) -> Ran {
        let words = [&["godwit"], words].concat();
        let words = words.into_iter().map(OsString::from).collect();
        let (out, err) = (Printed::default(), Printed::default());
        let mut variables = self.variables.clone();
        variables.insert("HOME".to_owned(), self.home.to_str().unwrap().to_owned());
        let mut terminal = Terminal::plain(out.clone(), err.clone())
            .with_input(self.input.as_bytes())
            .with_environment(move |name| variables.get(name).cloned());
        if let Some((name, password)) = self.answers.clone() {
            terminal = terminal.with_person(Arc::new(move |_, echo| {
                Ok(match echo {
                    Echo::Shown => name.clone(),
                    Echo::Hidden => password.clone(),
                })
            }));
        }
        let work = crate::cli::run(words, &mut terminal, cancel);
        let limit = Duration::from_secs(120);
        let exit = tokio::time::timeout(limit, Box::pin(work)).await.unwrap();
        Ran {
            exit,
            out: out.text(),
            err: err.text(),
        }
    }

    /// Runs it with `--json`; the one document that it printed.
    pub(super) async fn json(&self, words: &[&str]) -> (Exit, Json) {
        let ran = self.run(&[words, &["--json"]].concat()).await;
        let document = serde_json::from_str(&ran.out);
        (
            ran.exit,
            document.unwrap_or_else(|_| panic!("no document: {} {}", ran.out, ran.err)),
        )
    }
}

/// A database with two tables of three rows.
pub(super) fn shop(path: &Path) {
    let database = rusqlite::Connection::open(path).unwrap();
    let sql = "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
               CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
               INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c');
               INSERT INTO items VALUES (1, 'x'), (2, 'y'), (3, 'z');";
    database.execute_batch(sql).unwrap();
}

/// Something that answers one request after the other like this, and nothing then; where it is.
pub(super) async fn stranger(answers: &[(&'static str, Json)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut answering = tokio::task::JoinSet::new();
    let answers = answers.to_vec();
    answering.spawn(async move {
        for (head, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            let (body, end) = (body.to_string(), "Connection: close");
            let answer = format!(
                "HTTP/1.1 {head}\r\nContent-Length: {}\r\n{end}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        std::future::pending::<()>().await;
        drop(listener);
    });
    answering.detach_all();
    url
}
