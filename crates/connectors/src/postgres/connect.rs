//! Sessions: how one is opened, which settings every session of ours has, how its query is
//! cancelled. Secrets are read here, at the moment of use, and nowhere else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contract::{Opening, Reach};
use model::secret::Unsealed;
use model::zone::ZoneForm;
use model::{Error, ErrorKind, Result, Side, TimeZone};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config};

use super::copy_out::Aside;
use super::data_tap::DataTap;
use super::ddl::{literal, quote};
use super::errors::{error_of, unreachable_server};
use super::options::ConnectionOptions;
use super::read_options::PostgresRead;
use super::tls_stream::Tls;
use crate::family::stream::{Address, Stream};

/// The oldest server whose catalog we read: the first one with declarative partitions.
const OLDEST_MAJOR: u32 = 10;
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens sessions at one place.
pub(super) struct Connector {
    pub(super) options: ConnectionOptions,
    pub(super) how: PostgresRead,
    base: PathBuf,
    unsealed: Unsealed,
    reach: Reach,
    zone: TimeZone,
}

/// One session. Dropping it closes the connection; a query still running is to be cancelled first.
pub(super) struct Session {
    pub(super) client: Client,
    /// Major version of the server: 15.
    pub(super) major: u32,
    /// What the database's text is encoded in, as the server calls it: `UTF8`.
    pub(super) encoding: String,
    /// Where the data of its copies go.
    pub(super) aside: Aside,
    canceller: Canceller,
    connection: ConnectionTask,
}

/// The task that moves a session's bytes; ends with its owner.
struct ConnectionTask(JoinHandle<()>);

impl Drop for ConnectionTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks the server to stop what a session is doing, by a second connection.
#[derive(Clone)]
pub(super) struct Canceller {
    token: CancelToken,
    address: Address,
    tls: Tls,
}

impl Connector {
    pub(super) fn new(options: ConnectionOptions, how: PostgresRead, opening: &Opening) -> Self {
        Self {
            options,
            how,
            base: opening.base.clone(),
            unsealed: opening.unsealed.clone(),
            reach: opening.reach.clone(),
            zone: opening.time_zone.clone(),
        }
    }

    /// Opens a session with all its settings; gives up after the timeout of the options.
    pub(super) async fn open(&self) -> Result<Session> {
        let timeout = Duration::from_secs(u64::from(self.options.connect_timeout_seconds));
        let place = self.options.place();
        match tokio::time::timeout(timeout, Box::pin(self.open_patiently())).await {
            // A secret that is not there is told before anybody connects.
            Ok(Err(error)) if error.code == "SECRET_MISSING" => Err(error),
            Ok(opened) => opened.map_err(|error| {
                error.context(format!("could not connect to PostgreSQL at {place}"))
            }),
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                "UNREACHABLE",
                format!("could not connect to PostgreSQL at {place}: no answer within {timeout:?}"),
            )
            .hint("check host, port and firewalls")
            .on(Side::Source)),
        }
    }

    async fn open_patiently(&self) -> Result<Session> {
        let (config, tls) = self.configuration().await?;
        let address = self.options.address(&self.reach);
        let stream = Stream::open(&address).await.map_err(unreachable_server)?;
        let aside = Aside::default();
        // Behind encryption, the data can be told apart once they are decrypted.
        let (below, above) = match tls.config {
            Some(_) => (None, Some(aside.clone())),
            None => (Some(aside.clone()), None),
        };
        let above = Tls {
            aside: above,
            ..tls.clone()
        };
        let connected = config.connect_raw(DataTap::new(stream, below), above).await;
        let (client, connection) = connected.map_err(error_of)?;
        let major = connection.parameter("server_version").map_or(0, major_of);
        let encoding = connection.parameter("server_encoding").unwrap_or("UTF8");
        let encoding = encoding.to_owned();
        #[allow(
            clippy::disallowed_methods,
            reason = "the session owns the task and aborts it when dropped"
        )]
        let connection = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
        let session = Session {
            canceller: Canceller {
                token: client.cancel_token(),
                address,
                tls,
            },
            client,
            major,
            encoding,
            aside,
            connection: ConnectionTask(connection),
        };
        if major < OLDEST_MAJOR {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "SERVER_TOO_OLD",
                format!("PostgreSQL {major} is older than {OLDEST_MAJOR}"),
            )
            .on(Side::Source));
        }
        session.run(&self.settings(major)).await?;
        session.run(&self.zone_setting()).await.map_err(|error| {
            error
                .context(format!("could not set time zone {}", self.zone))
                .hint("choose a zone that the server knows, or a fixed one such as GMT+8")
        })?;
        Ok(session)
    }

    async fn configuration(&self) -> Result<(Config, Tls)> {
        let (options, base) = (self.options.clone(), self.base.clone());
        let unsealed = self.unsealed.clone();
        let read = move || {
            let password = options
                .password
                .as_ref()
                .map(|secret| secret.reveal(&base, &unsealed))
                .transpose()
                .map_err(|error| error.at_option("password"))?;
            let tls = options.tls.client_config(&options.host, &base)?;
            Ok::<_, Error>((password, tls))
        };
        let (password, tls) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|cause| Error::internal("could not read secrets").caused_by(cause))??;
        let mut config = Config::new();
        config
            .dbname(&self.options.database)
            .user(&self.options.user)
            .application_name("godwit")
            .ssl_mode(match tls {
                Some(_) => SslMode::Require,
                None => SslMode::Disable,
            });
        if let Some(password) = password {
            config.password(password);
        }
        let tls = Tls {
            config: tls.map(Arc::new),
            host: self.options.host.clone(),
            aside: None,
        };
        Ok((config, tls))
    }

    /// What every session of ours is set to, so that values depend on no one's defaults.
    fn settings(&self, major: u32) -> String {
        let mut settings = String::from(
            "SET datestyle = 'ISO, YMD'; SET intervalstyle = iso_8601; SET extra_float_digits = 1; \
             SET bytea_output = hex; SET row_security = off; SET lc_monetary = 'C'; \
             SET xmloption = content; SET standard_conforming_strings = on; \
             SET default_transaction_read_only = on; SET statement_timeout = 0; \
             SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '10s'",
        );
        if major >= 14 {
            settings.push_str(
                "; SET idle_session_timeout = 0; SET client_connection_check_interval = '5s'",
            );
        }
        if major >= 17 {
            settings.push_str("; SET transaction_timeout = 0");
        }
        if !self.options.search_path.is_empty() {
            let path: Vec<String> = self
                .options
                .search_path
                .iter()
                .map(|name| quote(name))
                .collect();
            settings.push_str(&format!("; SET search_path = {}", path.join(", ")));
        }
        settings
    }

    fn zone_setting(&self) -> String {
        match (self.zone.form(), self.zone.fixed_text()) {
            (ZoneForm::Fixed(_), Some(offset)) => {
                format!("SET TIME ZONE INTERVAL '{offset}' HOUR TO MINUTE")
            }
            (ZoneForm::Named(name), _) => format!("SET TIME ZONE {}", literal(&name)),
            (ZoneForm::Fixed(_), None) => "SET TIME ZONE 'UTC'".to_owned(),
        }
    }
}

/// 15 of `15.18 (Debian 15.18-0+deb12u1)`.
fn major_of(version: &str) -> u32 {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

impl Session {
    /// Runs statements that give no rows.
    pub(super) async fn run(&self, statements: &str) -> Result<()> {
        self.client
            .batch_execute(statements)
            .await
            .map_err(error_of)
    }

    /// Whether the database keeps bytes and calls them text.
    pub(super) fn keeps_bytes(&self) -> bool {
        self.encoding == "SQL_ASCII"
    }

    /// Lets policies of row security hide rows, or has the server refuse instead, until the
    /// transaction ends.
    pub(super) async fn hide_rows(&self, hide: bool) -> Result<()> {
        let word = if hide { "on" } else { "off" };
        self.run(&format!("SET LOCAL row_security = {word}")).await
    }

    /// What stops its query.
    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Says goodbye to the server; dropping a session just hangs up.
    pub(super) async fn close(self) {
        let Self {
            client,
            mut connection,
            ..
        } = self;
        drop(client);
        if tokio::time::timeout(CLOSE_TIMEOUT, &mut connection.0)
            .await
            .is_err()
        {
            tracing::debug!("the server did not take the goodbye");
        }
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }
}

impl Canceller {
    /// Asks once; a server that cannot be reached any more has nothing left to stop.
    pub(super) async fn cancel(&self) {
        let asked = async {
            let stream = Stream::open(&self.address)
                .await
                .map_err(unreachable_server)?;
            let asked = self.token.cancel_query_raw(stream, self.tls.clone()).await;
            asked.map_err(error_of)
        };
        match tokio::time::timeout(CANCEL_TIMEOUT, asked).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not ask the server to cancel"),
            Err(_) => tracing::warn!("the server did not take the request to cancel"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_servers_print_them() {
        for (version, expected) in [
            ("15.18 (Debian 15.18-0)", 15),
            ("9.6.24", 9),
            ("17devel", 17),
            ("", 0),
        ] {
            assert_eq!(major_of(version), expected);
        }
    }
}
