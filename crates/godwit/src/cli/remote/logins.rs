//! Where servers are and who one is there: kept in `servers.json` of the user's configuration folder, which
//! nobody else may read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind as Io, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use model::{Error, ErrorKind, Result};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::terminal::Terminal;

const FILE: &str = "servers.json";
/// Where configuration is kept: a variable, and what is below it.
const FOLDERS: [(&str, &str); 2] = [("$XDG_CONFIG_HOME", "godwit"), ("$HOME", ".config/godwit")];

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

impl Address {
    /// The address of this text. A token goes there: by plain HTTP to this machine alone, unless it is said.
    pub(super) fn parse(text: &str, insecure_http: bool) -> Result<Self> {
        let refuse = |why: &str| {
            let message = format!("{why}: the address of a server is https://HOST[:PORT]");
            Error::new(ErrorKind::Config, "BAD_SERVER_ADDRESS", message)
        };
        let url = Url::parse(text.trim()).map_err(|_| refuse(&format!("{text:?} is none")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refuse(&format!("{text:?} is none")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let error = refuse("a name or a password stands in it");
            return Err(error.hint("godwit login asks for them"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("there is something behind it"));
        }
        let address = Self(url);
        if address.0.scheme() == "http" && !address.is_here() && !insecure_http {
            let message = format!("{address} is another machine, and HTTP is not encrypted");
            return Err(Error::new(ErrorKind::Config, "PLAIN_HTTP", message).hint(
                "use https, or say --insecure-http: whoever is between can read the token, and act with it",
            ));
        }
        Ok(address)
    }

    /// Whether it is this machine.
    pub(super) fn is_here(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        ip.map_or(host == "localhost", |ip| ip.to_canonical().is_loopback())
    }

    /// What stands at this path of it.
    pub(super) fn join(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Who one is at a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Login {
    /// The API token.
    pub(super) token: Kept,
    /// Its id, where it was made by logging in.
    #[serde(default)]
    pub(super) token_id: Option<String>,
    /// Whose it is.
    pub(super) user: String,
    /// When it ends, where that is known (RFC 3339).
    #[serde(default)]
    pub(super) ends_at: Option<String>,
    /// The project where none is named.
    #[serde(default)]
    pub(super) project: Option<String>,
    /// Whether it may go by plain HTTP to another machine.
    #[serde(default)]
    pub(super) insecure_http: bool,
}

/// A token's text; not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Kept(pub(super) String);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(…)")
    }
}

/// The token in a text that holds nothing else; none where it cannot be one.
pub(super) fn token(text: &str) -> Option<&str> {
    let token = text.trim();
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && !token.is_empty()).then_some(token)
}

/// All servers that one is logged in to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Logins {
    /// The one logged in to last.
    pub(super) current: Option<String>,
    /// By their addresses.
    #[serde(default)]
    pub(super) servers: BTreeMap<String, Login>,
}

impl Logins {
    /// Those that are kept; none, where there is no file yet.
    pub(super) fn read(terminal: &Terminal<'_>) -> Result<Self> {
        let Some(path) = folder(terminal).map(|folder| folder.join(FILE)) else {
            return Ok(Self::default());
        };
        let unreadable = |why: String| {
            let message = format!("could not read {}: {why}", path.display());
            Error::new(ErrorKind::Config, "LOGINS_UNREADABLE", message)
                .hint("remove the file, and log in again")
        };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|cause| {
                // The text of the cause could quote a token.
                let place = format!("line {}, column {}", cause.line(), cause.column());
                unreadable(format!("it is damaged at {place}"))
            }),
            Err(cause) if cause.kind() == Io::NotFound => Ok(Self::default()),
            Err(cause) => Err(unreadable(cause.kind().to_string())),
        }
    }

    /// Keeps these in place of those that were; the file.
    pub(super) fn write(&self, terminal: &Terminal<'_>) -> Result<PathBuf> {
        let folder = folder(terminal).ok_or_else(|| {
            let message = "there is no folder for the configuration";
            Error::new(ErrorKind::Config, "LOGINS_UNWRITABLE", message).hint(
                "set XDG_CONFIG_HOME, or GODWIT_SERVER and GODWIT_TOKEN instead of logging in",
            )
        })?;
        let path = folder.join(FILE);
        self.put(&folder, &path).map_err(|cause| {
            let message = format!("could not write {}: {}", path.display(), cause.kind());
            Error::new(ErrorKind::Config, "LOGINS_UNWRITABLE", message)
                .hint("give the right to write there, or set XDG_CONFIG_HOME")
                .caused_by(cause)
        })?;
        Ok(path)
    }

    /// Whole or not at all, and never readable for others, not even for a moment.
    fn put(&self, folder: &Path, path: &Path) -> std::io::Result<()> {
        let mut making = fs::DirBuilder::new();
        let mut opening = fs::File::options();
        opening.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
            making.mode(0o700);
            opening.mode(0o600);
        }
        making.recursive(true).create(folder)?;
        let fresh = path.with_extension(format!("{}.new", uuid::Uuid::new_v4()));
        let mut file = opening.open(&fresh)?;
        let written = serde_json::to_writer_pretty(&mut file, self)
            .map_err(std::io::Error::from)
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&fresh, path));
        if written.is_err() {
            // What it could not become is not left behind; that it cannot be removed either changes nothing.
            let _ = fs::remove_file(&fresh);
        }
        written
    }
}

/// The first of the folders whose variable is set, to an absolute path.
fn folder(terminal: &Terminal<'_>) -> Option<PathBuf> {
    FOLDERS.into_iter().find_map(|(variable, below)| {
        let start = PathBuf::from(terminal.variable(variable.trim_start_matches('$'))?);
        start.is_absolute().then(|| start.join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_in_clear_to_this_machine_alone() {
        let check = |text: &str, insecure: bool, expected: Result<&str, &str>| {
            let parsed = Address::parse(text, insecure);
            let shown = parsed.map(|address| address.to_string());
            let shown = shown.as_deref().map_err(|error| error.code);
            assert_eq!(shown, expected, "{text}");
        };
        check("https://lake.example/", false, Ok("https://lake.example"));
        check(" https://a/godwit/ ", false, Ok("https://a/godwit"));
        for here in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            check(here, false, Ok(here));
        }
        check("http://lake.example", false, Err("PLAIN_HTTP"));
        check("http://localhost.example", false, Err("PLAIN_HTTP"));
        check("http://lake.example", true, Ok("http://lake.example"));
        for none in [
            "lake.example:8080",
            "ftp://a",
            "https://",
            "x",
            "https://a/?b",
            "https://a/#b",
        ] {
            check(none, true, Err("BAD_SERVER_ADDRESS"));
        }
        check("https://ann:secret@a", false, Err("BAD_SERVER_ADDRESS"));
    }

    #[test]
    fn paths_are_written_as_they_must_be() {
        let address = Address::parse("https://a/below/", false).unwrap();
        let joined = address.join(&["api", "v1", "a b/c", "ü"]);
        assert_eq!(joined.as_str(), "https://a/below/api/v1/a%20b%2Fc/%C3%BC");
    }
}
