//! A service whose clock is set from outside, for the proof in which three days pass. It tells its port, and
//! the one-time token of its first administrator, as one JSON document on standard output. Each line of
//! standard input is a moment to go on from, at the pace of the machine's clock; the service ends with it.
//!
//! ```text
//! service_at CONFIGURATION DATA MOMENT
//! ```

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use godwit::http::{App, Listen, Server, Settings};
use jiff::Timestamp;
use service::clock::Clock;
use service::opening::{self, Configuration, Start};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How far the told clock is ahead of the machine's, in milliseconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn now() -> Timestamp {
    let millis = Timestamp::now().as_millisecond() + AHEAD.load(Ordering::Relaxed);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

fn set(moment: &str) -> Result<(), Failure> {
    let told: Timestamp = moment.trim().parse()?;
    let ahead = told.as_millisecond() - Timestamp::now().as_millisecond();
    AHEAD.store(ahead, Ordering::Relaxed);
    Ok(())
}

fn follow_input() -> Result<(), Failure> {
    for line in io::stdin().lock().lines() {
        set(&line?)?;
        writeln!(io::stdout().lock(), "{{\"set\": true}}")?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    service::prepare_process();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let level = tracing_subscriber::EnvFilter::new("info");
    let log = tracing_subscriber::fmt().with_env_filter(level);
    log.with_writer(io::stderr).with_ansi(false).init();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [configuration, data, moment] = words.as_slice() else {
        return Err("service_at CONFIGURATION DATA MOMENT".into());
    };
    set(moment)?;
    let configuration = Configuration::read(Path::new(configuration)).await?;
    let address = configuration.listen.ok_or("listen: where?")?;
    let server = Server::bind(&Listen {
        address,
        ..Listen::default()
    })?;
    let (own, clock) = (server.address(), Clock::reading(now));
    let start = Start {
        data: Some(Path::new(data)),
        own,
        clock,
        restored: false,
    };
    let opened = opening::open(&configuration, start);
    let opened = Box::pin(opened).await?;
    let (service, set_up) = (opened.service, opened.set_up);
    let token = set_up.as_ref().map(|token| token.as_str());
    let told = serde_json::json!({ "port": own.port(), "token": token });
    writeln!(io::stdout().lock(), "{told}")?;
    let cancel = CancellationToken::new();
    let settings = Settings {
        shutdown: cancel.clone(),
        ..Settings::default()
    };
    let app = App {
        service: service.clone(),
        secure: false,
    };
    let router = app.front(settings).router();
    service::work::close_left(&service).await?;
    service::operating::start(&service)?;
    let ended = async {
        let followed = tokio::task::spawn_blocking(follow_input).await;
        cancel.cancel();
        followed
    };
    let serving = Box::pin(server.serve(router, cancel.clone()));
    let (served, followed) = tokio::join!(serving, ended);
    Box::pin(service.stop()).await;
    service.store().close().await;
    served?;
    followed?
}
