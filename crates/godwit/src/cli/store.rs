//! `godwit store`: a copy of a service's store, and the keys that its secrets are sealed with.

use std::path::PathBuf;

use model::Result;
use serde_json::json;
use service::opening::Configuration;
use service::stores::{self, Resealed};

use super::Exit;
use crate::terminal::Terminal;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Copy the store into a file, while servers use it; its keys are to be kept apart from that
    Backup {
        /// Where the copy goes; nothing may be there yet
        file: PathBuf,
        #[command(flatten)]
        which: Which,
    },
    /// Make a new key, and seal all secrets with it; servers go on
    RotateKeys(Which),
    /// Take older keys out of the key file: backups from before cannot be read with it any more
    ForgetOldKeys(Which),
}

/// Which store.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The configuration of the service: YAML or JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder; default $GODWIT_DATA, else .godwit here
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Which {
    async fn configuration(&self) -> Result<Configuration> {
        match &self.config {
            Some(path) => Configuration::read(path).await,
            None => Ok(Configuration::default()),
        }
    }
}

pub(super) async fn run(
    command: &Command,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit> {
    let (text, document) = match command {
        Command::Backup { file, which } => {
            let (configuration, data) = (which.configuration().await?, which.data.as_deref());
            let keys = stores::back_up(&configuration, data, file).await?;
            let text = format!(
                "copied the store to {}; keep a copy of its keys, {}, elsewhere\n",
                file.display(),
                keys.display()
            );
            (text, json!({ "file": file, "keys": keys }))
        }
        Command::RotateKeys(which) => {
            let configuration = which.configuration().await?;
            let done = stores::rotate(&configuration, which.data.as_deref()).await?;
            let hint = "older keys stay in it until `godwit store forget-old-keys`";
            (told(&done, hint), document(&done))
        }
        Command::ForgetOldKeys(which) => {
            let configuration = which.configuration().await?;
            let done = stores::forget_old(&configuration, which.data.as_deref()).await?;
            (told(&done, "older keys are gone from it"), document(&done))
        }
    };
    match json {
        true => terminal.print_json(&document),
        false => terminal.print(&text),
    }
    Ok(Exit::Done)
}

fn told(done: &Resealed, hint: &str) -> String {
    let path = done.path.display();
    let secrets = match done.secrets {
        1 => "1 secret".to_owned(),
        count => format!("{count} secrets"),
    };
    format!("sealed {secrets} anew; back up {path} again: {hint}\n")
}

fn document(done: &Resealed) -> serde_json::Value {
    json!({ "secrets": done.secrets, "keys": done.path })
}
