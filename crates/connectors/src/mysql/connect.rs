//! Sessions: how they are opened and what they are set to, the same for all, so that what is read
//! depends on the migration alone and not on the server's defaults.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use contract::Opening;
use model::zone::ZoneForm;
use model::{Error, ErrorKind, Result, Side, TimeZone};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverFailure, Opts, OptsBuilder, SslOpts};

use super::ddl::literal;
use super::errors::{number, translate};
use super::options::MysqlConnection;
use super::wire::{Connection, Login};
use crate::family::stream::Address;
use crate::family::tls::TlsMode;

/// A server that sessions are opened at.
pub(crate) struct Server {
    options: Opts,
    address: Address,
    login: Login,
    zone: TimeZone,
    timeout: Duration,
    label: String,
    encrypted: bool,
}

/// An open session.
pub(crate) struct Session {
    pub(crate) connection: Conn,
    /// Whether the session stands in the migration's zone; where not, it stands in UTC, because the
    /// server has no zone tables.
    pub(crate) zone_known: bool,
}

const PACKET_LIMIT: usize = 1 << 30;
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Must succeed in every session.
const REQUIRED_SETTINGS: &[&str] = &[
    "SET NAMES utf8mb4",
    // Values come in the column's own character set and are decoded by us, who can name the row.
    "SET SESSION character_set_results = NULL, \
     sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', \
     net_write_timeout = 7200, net_read_timeout = 7200, wait_timeout = 2147483, \
     lock_wait_timeout = 10, sql_big_selects = 1, sql_select_limit = 18446744073709551615",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
];

/// Known to some servers only; each would end or change our reads where an administrator set it.
const OPTIONAL_SETTINGS: &[&str] = &[
    "SET SESSION idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0",
    "SET SESSION max_statement_time = 0",
    "SET SESSION max_execution_time = 0",
    "SET SESSION system_versioning_asof = DEFAULT",
];

const UNKNOWN_VARIABLE: u16 = 1193;
const UNKNOWN_ZONE: u16 = 1298;

impl Server {
    /// The server that `connection` describes; reads the password now, connects later. Sessions
    /// stand in `zone`.
    pub(crate) fn new(
        connection: &MysqlConnection,
        opening: &Opening,
        zone: &TimeZone,
    ) -> Result<Self> {
        let base = opening.base.as_path();
        let password = match &connection.password {
            Some(secret) => {
                let revealed = secret.reveal(base, &opening.unsealed);
                Some(revealed.map_err(|error| error.at_option("password"))?)
            }
            None => None,
        };
        let socket = connection.socket.as_ref().map(|path| base.join(path));
        let address = match &socket {
            Some(path) => Address::Socket(path.clone()),
            None => Address::Tcp(
                connection.host.clone(),
                connection.port,
                opening.reach.clone(),
            ),
        };
        let login = Login {
            user: connection.user.clone(),
            password: password.clone(),
            tls: match socket {
                Some(_) => None,
                None => {
                    let config = connection.tls.client_config(&connection.host, base)?;
                    config.map(|config| (Arc::new(config), connection.host.clone()))
                }
            },
        };
        let tls = match socket {
            Some(_) => None,
            None => tls_options(connection, base),
        };
        let label = match &socket {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", connection.host, connection.port),
        };
        let encrypted = tls.is_some();
        let options = OptsBuilder::default()
            .ip_or_hostname(&connection.host)
            .tcp_port(connection.port)
            .socket(socket.map(|path| path.to_string_lossy().into_owned()))
            .prefer_socket(false)
            .user(Some(&connection.user))
            .pass(password)
            .tcp_keepalive(Some(KEEPALIVE))
            .max_allowed_packet(Some(PACKET_LIMIT))
            .wait_timeout(Some(usize::MAX >> 16))
            .ssl_opts(tls);
        Ok(Self {
            options: options.into(),
            address,
            login,
            zone: zone.clone(),
            timeout: Duration::from_secs(connection.connect_timeout_seconds),
            label,
            encrypted,
        })
    }

    /// `host:port`, or the socket's path.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The same for a source and a destination that were given the same address.
    pub(crate) fn place(&self) -> String {
        format!("mysql://{}", self.label)
    }

    /// Whether connections are encrypted.
    pub(crate) fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// The migration's zone.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Opens a session for questions, and sets it up.
    pub(crate) async fn connect(&self) -> Result<Session> {
        self.in_time(async {
            let options = self.judged().await?;
            let mut connection = Conn::new(options).await.map_err(not_opened)?;
            let zone_known = set_up(&mut connection, &self.zone).await?;
            Ok(Session {
                connection,
                zone_known,
            })
        })
        .await
    }

    /// The options with an address that one may go to, where that is judged, in place of the name.
    async fn judged(&self) -> Result<Opts> {
        let Address::Tcp(host, port, reach) = &self.address else {
            return Ok(self.options.clone());
        };
        let Some(addresses) = reach.addresses(host, *port).await? else {
            return Ok(self.options.clone());
        };
        let named = |tls: &SslOpts| {
            let tls = tls.clone();
            tls.with_danger_tls_hostname_override(Some(host.clone()))
        };
        let tls = self.options.ssl_opts().map(named);
        let address = addresses.first().map(|address| address.ip().to_string());
        let options = OptsBuilder::from_opts(self.options.clone())
            .ip_or_hostname(address.unwrap_or_default())
            .ssl_opts(tls);
        Ok(options.into())
    }

    /// Opens a session that reads, and sets it up in the same way.
    pub(crate) async fn connect_reader(&self) -> Result<Connection> {
        self.in_time(async {
            let opened = Connection::open(&self.address, &self.login).await;
            let mut connection = opened.map_err(not_opened)?;
            set_up(&mut connection, &self.zone).await?;
            Ok(connection)
        })
        .await
    }

    async fn in_time<T>(&self, opening: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.timeout, opening).await {
            Ok(opened) => opened
                .map_err(|error| error.context(format!("could not connect to {}", self.label))),
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                "UNREACHABLE",
                format!(
                    "{} did not let us in within {} seconds",
                    self.label,
                    self.timeout.as_secs()
                ),
            )
            .on(Side::Source)
            .hint("check host and port, or raise `connect-timeout-seconds`")),
        }
    }

    /// Asks the server to stop what another session is running; that session stays.
    pub(crate) async fn stop_query(&self, id: u32) -> Result<()> {
        let mut session = self.connect().await?;
        let stopped = session
            .connection
            .query_drop(format!("KILL QUERY {id}"))
            .await;
        let _ = session.connection.disconnect().await;
        match stopped {
            Err(failure) if number(&failure) != Some(1094) => Err(translate(failure)),
            _ => Ok(()),
        }
    }
}

fn not_opened(failure: DriverFailure) -> Error {
    let mut error = translate(failure);
    if error.code != "CONNECTION_LOST" {
        return error;
    }
    error.code = "UNREACHABLE";
    error.hint("check host and port, and that the server runs")
}

/// A session that runs statements.
trait Runs {
    async fn run(&mut self, statement: &str) -> Result<(), DriverFailure>;
}

impl Runs for Conn {
    async fn run(&mut self, statement: &str) -> Result<(), DriverFailure> {
        self.query_drop(statement).await
    }
}

impl Runs for Connection {
    async fn run(&mut self, statement: &str) -> Result<(), DriverFailure> {
        Connection::run(self, statement).await
    }
}

/// Whether the session stands in the migration's zone.
async fn set_up(session: &mut impl Runs, zone: &TimeZone) -> Result<bool> {
    for statement in REQUIRED_SETTINGS {
        session.run(statement).await.map_err(translate)?;
    }
    for statement in OPTIONAL_SETTINGS {
        match session.run(statement).await {
            Err(failure) if number(&failure) != Some(UNKNOWN_VARIABLE) => {
                return Err(translate(failure));
            }
            _ => {}
        }
    }
    let wanted = match zone.form() {
        ZoneForm::Fixed(_) => zone.fixed_text().unwrap_or_else(|| "+00:00".to_owned()),
        ZoneForm::Named(name) => name,
    };
    let zoned = format!("SET SESSION time_zone = {}", literal(&wanted));
    match session.run(&zoned).await {
        Ok(()) => Ok(true),
        Err(failure) if number(&failure) == Some(UNKNOWN_ZONE) => {
            let utc = session.run("SET SESSION time_zone = '+00:00'").await;
            utc.map_err(translate)?;
            Ok(false)
        }
        Err(failure) => Err(translate(failure)),
    }
}

/// What the mode says, exactly; `None` for clear text.
fn tls_options(connection: &MysqlConnection, base: &Path) -> Option<SslOpts> {
    let mode = connection.tls.mode_for(&connection.host);
    let mut options = SslOpts::default();
    if let Some(ca) = &connection.tls.ca {
        options = options
            .with_root_certs(vec![base.join(ca).into()])
            .with_disable_built_in_roots(true);
    } else if matches!(mode, TlsMode::VerifyCa | TlsMode::VerifyFull) {
        let found = rustls_native_certs::load_native_certs();
        let roots = found
            .certs
            .iter()
            .map(|certificate| certificate.to_vec().into());
        options = options
            .with_root_certs(roots.collect())
            .with_disable_built_in_roots(true);
    }
    match mode {
        TlsMode::Disable => None,
        TlsMode::Require => Some(
            options
                .with_danger_accept_invalid_certs(true)
                .with_danger_skip_domain_validation(true),
        ),
        TlsMode::VerifyCa => Some(options.with_danger_skip_domain_validation(true)),
        TlsMode::VerifyFull => Some(options),
    }
}
