//! What the proofs need and only Rust can give: loops over a destination's effects, ways to cut a
//! table, a proxy that makes trouble. Prints one JSON document a line.
//!
//! ```text
//! proving-ground effects CONNECTOR overwrite|append|update [--taken-up | --stumbled | --sabotage WHAT]
//! proving-ground splits                    what to cut, one JSON document a line, on standard input
//! proving-ground proxy HOST:PORT TROUBLE AFTER [--upwards] [--each]   ends when standard input does
//! ```

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use contract::CancellationToken;
use model::migration::LoadingPolicy;
use serde_json::{Value as Json, json};
use testkit::conformance::{
    DEATHS, STUMBLES, first_load_is_all_or_nothing, walk_every_fault,
    walk_every_fault_after_another, walk_every_fault_when_taken_up,
};
use testkit::faults::Sabotage;
use testkit::folder::Folder;
use testkit::proxy::{FaultProxy, Toxic, Trouble};
use testkit::splits::{Cuts, cuts};

fn main() -> ExitCode {
    connectors::prepare_process();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let done = match words.as_slice() {
        ["effects", connector, policy, more @ ..] => {
            runtime.block_on(effects(connector, policy, more))
        }
        ["splits"] => runtime.block_on(splits()),
        ["proxy", server, trouble, after, more @ ..] => {
            runtime.block_on(proxy(server, trouble, after, more))
        }
        _ => Err("effects, splits or proxy; see the head of its source".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(reason: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{reason}");
    ExitCode::FAILURE
}

fn say(document: &Json) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{document}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}

async fn effects(connector: &str, policy: &str, more: &[&str]) -> Result<(), String> {
    let folder = Folder::of(connector).map_err(|error| error.to_string())?;
    let policy = match policy {
        "overwrite" => LoadingPolicy::Overwrite,
        "append" => LoadingPolicy::Append,
        "update" => LoadingPolicy::Update,
        other => return Err(format!("no policy {other}")),
    };
    match more {
        [] => {
            first_load_is_all_or_nothing(&folder).await;
            let walk = walk_every_fault(&folder, policy, None).await?;
            say(&json!(walk))
        }
        ["--taken-up"] => {
            for died in DEATHS {
                let walk = walk_every_fault_when_taken_up(&folder, policy, died).await?;
                say(&json!(walk))?;
            }
            Ok(())
        }
        ["--stumbled"] => {
            for stumbled in STUMBLES {
                let walk = walk_every_fault_after_another(&folder, policy, stumbled).await?;
                say(&json!(walk))?;
            }
            Ok(())
        }
        ["--sabotage", what] => {
            let sabotage = Sabotage::named(what).ok_or_else(|| format!("no sabotage {what}"))?;
            let walk = walk_every_fault(&folder, policy, Some(sabotage)).await?;
            say(&json!(walk))
        }
        _ => Err(format!("not understood: {more:?}")),
    }
}

async fn splits() -> Result<(), String> {
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let asked: Cuts = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        match cuts(&asked).await {
            Ok(cuts) => say(&json!({"table": asked.table, "cuts": cuts}))?,
            Err(error) => say(&json!({
                "table": asked.table, "code": error.code, "message": error.message,
            }))?,
        }
    }
    Ok(())
}

async fn proxy(server: &str, trouble: &str, after: &str, more: &[&str]) -> Result<(), String> {
    let toxic = Toxic {
        trouble: Trouble::named(trouble).ok_or_else(|| format!("no trouble {trouble}"))?,
        after: after
            .parse()
            .map_err(|_| format!("not a number: {after}"))?,
        upwards: more.contains(&"--upwards"),
        each: more.contains(&"--each"),
    };
    let proxy = FaultProxy::bind(server, toxic)
        .await
        .map_err(|error| error.to_string())?;
    let address = proxy.address().map_err(|error| error.to_string())?;
    say(&json!({"port": address.port()}))?;
    let stop = CancellationToken::new();
    let ended = async {
        let drained = || io::copy(&mut io::stdin().lock(), &mut io::sink());
        // However it ends, nobody needs the proxy any more.
        let _ = tokio::task::spawn_blocking(drained).await;
        stop.cancel();
    };
    let (passed, ()) = tokio::join!(proxy.serve(stop.clone()), ended);
    say(&json!(passed))
}
