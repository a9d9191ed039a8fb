//! `godwit serve`: the REST API, the scheduler and what it runs, in one process, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use model::{Error, ErrorKind, Result};
use service::Service;
use service::access::token;
use service::clock::Clock;
use service::opening::{self, Configuration, Opened, Start};
use tokio_util::sync::CancellationToken;

use crate::cli::Exit;
use crate::http::openapi::openapi;
use crate::http::{App, Listen, Server, Settings, Tls, routes};
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration: YAML or JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; default 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where the store, its keys and rejected rows are kept; default $GODWIT_DATA, else .godwit here
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Serve plain HTTP to other machines, too: whoever is between can read and change all of it
    #[arg(long)]
    insecure_http: bool,
    /// The store was put back from a backup: what may have been done since is held until somebody resumes it
    #[arg(long)]
    restored: bool,
    /// Print the description of the REST API (OpenAPI 3.1), and end
    #[arg(long)]
    openapi: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    json: bool,
    terminal: &mut Terminal<'_>,
    cancel: CancellationToken,
) -> Result<Exit> {
    if arguments.openapi {
        let Settings { title, version, .. } = Settings::default();
        terminal.print_json(&openapi(&title, &version, &routes()));
        return Ok(Exit::Done);
    }
    if json {
        let message = "serve prints no document";
        return Err(Error::new(ErrorKind::Config, "USAGE", message).hint("leave --json out"));
    }
    let configuration = match &arguments.config {
        Some(path) => Configuration::read(path).await?,
        None => Configuration::default(),
    };
    let server = Server::bind(&listen(arguments, &configuration))?;
    let start = Start {
        data: arguments.data.as_deref(),
        own: server.address(),
        clock: Clock::default(),
        restored: arguments.restored,
    };
    let opened = Box::pin(opening::open(&configuration, start)).await?;
    terminal.print(&greeting(&server.url(), &opened));
    let serving = Serving::begin(&configuration, &opened, &cancel).await?;
    serving.until_told(server, cancel).await
}

/// A service that is about to be reached.
pub(super) struct Serving {
    service: Service,
    router: axum::Router,
}

impl Serving {
    /// Begins what goes on by itself.
    pub(super) async fn begin(
        configuration: &Configuration,
        opened: &Opened,
        cancel: &CancellationToken,
    ) -> Result<Self> {
        let service = opened.service.clone();
        let secure = configuration.tls.is_some() || configuration.behind_tls_proxy;
        let app = App {
            service: service.clone(),
            secure,
        };
        let settings = Settings {
            secure,
            proxies: configuration.proxies()?,
            shutdown: cancel.clone(),
            figures: match &configuration.metrics_token {
                Some(secret) => Some(token::hash(&configuration.reveal(secret)?).into()),
                None => None,
            },
            ..Settings::default()
        };
        let router = app.front(settings).router();
        service::work::close_left(&service).await?;
        service::operating::start(&service)?;
        Ok(Self { service, router })
    }

    /// Answers until it is told to stop; then everything ends in its order.
    pub(super) async fn until_told(
        self,
        server: Server,
        cancel: CancellationToken,
    ) -> Result<Exit> {
        let Self { service, router } = self;
        tracing::info!(address = %server.address(), server = service.settings().server, "serving");
        let served = Box::pin(server.serve(router, cancel)).await;
        Box::pin(service.stop()).await;
        service.store().close().await;
        served.map(|()| Exit::Done)
    }
}

fn listen(arguments: &Arguments, configuration: &Configuration) -> Listen {
    let usual = Listen::default();
    Listen {
        address: arguments
            .listen
            .or(configuration.listen)
            .unwrap_or(usual.address),
        tls: configuration.tls.as_ref().map(|files| Tls {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
        }),
        insecure_http: arguments.insecure_http || configuration.behind_tls_proxy,
        ..usual
    }
}

/// What whoever starts it should know.
fn greeting(url: &str, opened: &Opened) -> String {
    let mut text = format!("godwit serves at {url}\n");
    if let Some(path) = &opened.new_keys {
        text.push_str(&format!(
            "made the keys of the store's secrets: {}\nkeep a copy of them, apart from backups of \
             the store: without them no secret can be read again\n",
            path.display()
        ));
    }
    if let Some(token) = &opened.set_up {
        text.push_str(&format!(
            "there is no administrator yet; make the first one at\n  {url}/set-up#token={token}\n\
             or send {{\"token\", \"name\", \"password\"}} as JSON to {url}/api/v1/set-up\n",
            token = token.as_str()
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// What was printed, to be read while more is.
    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

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
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        async fn until(&self, text: &str) -> String {
            while !self.text().contains(text) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.text()
        }
    }

    async fn get(address: &str, path: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn it_tells_how_to_begin_serves_and_stops_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("godwit.yaml");
        std::fs::write(folder.path().join("token"), "figures\n").unwrap();
        let text = "listen: 127.0.0.1:0\nmetrics-token: \"${file:token}\"\n";
        std::fs::write(&config, text).unwrap();
        let data = folder.path().join("data");
        let words = ["godwit", "serve", "--config"].map(std::ffi::OsString::from);
        let mut words = words.to_vec();
        words.extend([config.into(), "--data".into(), data.clone().into()]);
        let (printed, cancel) = (Printed::default(), CancellationToken::new());
        let mut terminal = Terminal::plain(printed.clone(), std::io::sink());
        let serving = crate::cli::run(words, &mut terminal, cancel.clone());
        let asking = async {
            let greeting = printed.until("/set-up#token=gw-setup_").await;
            assert!(greeting.contains("godwit.key"), "{greeting}");
            let url = greeting.split("http://").nth(1).unwrap();
            let address = url.split_whitespace().next().unwrap();
            let check = async |path: &str, header: &str, status: &str| {
                let answer = get(address, path, header).await;
                assert!(
                    answer.starts_with(&format!("HTTP/1.1 {status}")),
                    "{path} {answer}"
                );
            };
            check("/readyz", "", "200").await;
            check("/metrics", "", "401").await;
            check("/metrics", "Authorization: Bearer figures\r\n", "200").await;
            check("/api/v1/me", "", "401").await;
            cancel.cancel();
        };
        let both = async { tokio::join!(Box::pin(serving), asking) };
        let (exit, ()) = tokio::time::timeout(Duration::from_secs(60), both)
            .await
            .unwrap();
        assert_eq!(exit, Exit::Done, "{}", printed.text());
        assert!(data.join("godwit.db").exists() && data.join("godwit.key").exists());
    }

    #[tokio::test]
    async fn a_configuration_that_is_not_understood_is_wrong_usage() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("godwit.yaml");
        std::fs::write(&config, "listen: 127.0.0.1:0\nsesion-hours: 1\n").unwrap();
        let words = ["godwit", "serve", "--config", config.to_str().unwrap()];
        let words = words.iter().map(std::ffi::OsString::from).collect();
        let told = Printed::default();
        let mut terminal = Terminal::plain(std::io::sink(), told.clone());
        let exit = crate::cli::run(words, &mut terminal, CancellationToken::new()).await;
        assert_eq!(exit, Exit::Usage);
        assert!(told.text().contains("sesion-hours"), "{}", told.text());
    }
}
