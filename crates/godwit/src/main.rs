//! The `godwit` binary: sets up what a process has once (encryption, logs, signals, threads) and
//! hands over to the command line.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use godwit::cli::{self, Exit};
use godwit::terminal::Terminal;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Values of megabytes come and go on many threads: this allocator gives back what they leave.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is freed goes back to the system after so many milliseconds, where nobody says otherwise
/// (`MIMALLOC_PURGE_DELAY`). A second, the allocator's own, keeps a third more than a run needs.
#[allow(
    unsafe_code,
    reason = "a number of the allocator's that Rust has no name for"
)]
fn give_memory_back() {
    const DELAY_MILLIS: core::ffi::c_long = 10;
    /// `mi_option_purge_delay`, the same number in versions 2 and 3.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: sets one number, under the allocator's own lock-free rules, before other threads run.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, DELAY_MILLIS) };
}

fn main() -> ExitCode {
    give_memory_back();
    service::prepare_process();
    // An error means that a provider is installed already, which is all that is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A service tells what goes on; a command prints what it found, and only what is wrong beside it.
    let serves = std::env::args_os()
        .nth(1)
        .is_some_and(|command| command == "serve");
    let usual = if serves { "info" } else { "error" };
    let filter = EnvFilter::try_from_env("GODWIT_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => {
            let _ = writeln!(std::io::stderr(), "error: could not start threads: {cause}");
            return ExitCode::from(Exit::Refused.code());
        }
    };
    let cancel = CancellationToken::new();
    let exit = runtime.block_on(async {
        let _signals = Signals::heed(cancel.clone());
        let mut terminal = Terminal::of_process();
        cli::run(std::env::args_os().collect(), &mut terminal, cancel).await
    });
    // Threads that still wait for a file or a server must not keep the process.
    runtime.shutdown_background();
    ExitCode::from(exit.code())
}

/// Owns the task that listens for signals: the first asks the run to stop in order, the second ends
/// the process at once.
struct Signals(tokio::task::JoinHandle<()>);

impl Signals {
    #[allow(
        clippy::disallowed_methods,
        reason = "the struct owns the handle and aborts it"
    )]
    fn heed(cancel: CancellationToken) -> Self {
        Self(tokio::spawn(async move {
            signal().await;
            cancel.cancel();
            let _ = writeln!(
                std::io::stderr(),
                "stopping; once more to stop at once (what is under way is then settled by the next run)"
            );
            signal().await;
            std::process::exit(Exit::Cancelled.code().into());
        }))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => interrupt().await,
    }
}

#[cfg(not(unix))]
async fn signal() {
    interrupt().await;
}

/// Waits for Ctrl-C; for ever where it cannot be listened to.
async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
