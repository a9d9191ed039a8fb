//! Opening the file: read-only, so that a wrong path never makes a new database. Never opens it by
//! other means than SQLite: closing a file descriptor would drop the process's locks on it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{Error, ErrorKind, Result, Side};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::errors::error_of;
use super::options::SqliteConnection;

/// A longer value, or row, is an error: what a filter computes takes memory of ours.
const LONGEST_VALUE: i32 = 256 << 20;

/// Which file, and how long to wait for somebody's lock.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    busy_timeout: Duration,
}

impl DatabaseFile {
    /// The file that `connection` names, seen from the folder `base`.
    pub(super) fn new(connection: &SqliteConnection, base: &Path) -> Result<Self> {
        // Absolute, because SQLite reads more than a path into "file:…" and ":memory:".
        let path = std::path::absolute(base.join(&connection.path)).map_err(|error| {
            let message = format!("no path to {}: {error}", connection.path.display());
            Error::new(ErrorKind::Config, "BAD_PATH", message).on(Side::Source)
        })?;
        Ok(Self {
            path,
            busy_timeout: Duration::from_secs(u64::from(connection.busy_timeout_seconds)),
        })
    }

    /// For people.
    pub(super) fn display(&self) -> String {
        model::table::escape_controls(&self.path.display().to_string())
    }

    /// A session that can only read.
    pub(super) fn open(&self) -> Result<Connection> {
        self.check_is_file()?;
        self.open_with(OpenFlags::SQLITE_OPEN_READ_ONLY, self.busy_timeout)
    }

    /// A session that may lock writers out; for no longer than it takes to start readers.
    pub(super) fn open_to_lock(&self, longest_wait: Duration) -> Result<Connection> {
        let wait = self.busy_timeout.min(longest_wait);
        let connection = self.open_with(OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
        // Closing the last session of a file in WAL mode would write to it.
        connection
            .set_db_config(
                rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                true,
            )
            .map_err(|error| error_of(error, &format!("open {}", self.display())))?;
        Ok(connection)
    }

    fn open_with(&self, access: OpenFlags, wait: Duration) -> Result<Connection> {
        let doing = || format!("open {}", self.display());
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)
            .map_err(|error| error_of(error, &doing()))?;
        connection
            .busy_timeout(wait)
            .map_err(|error| error_of(error, &doing()))?;
        connection
            .set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            .map_err(|error| error_of(error, &doing()))?;
        Ok(connection)
    }

    fn check_is_file(&self) -> Result<()> {
        let wrong = |kind, code, reason: String| {
            Err(Error::new(kind, code, format!("{} {reason}", self.display())).on(Side::Source))
        };
        match std::fs::metadata(&self.path) {
            Ok(about) if about.is_dir() => wrong(
                ErrorKind::Config,
                "NOT_A_DATABASE",
                "is a folder, not a database file".to_owned(),
            ),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => wrong(
                ErrorKind::NotFound,
                "NOT_FOUND",
                "does not exist".to_owned(),
            )
            .map_err(|error| error.hint("relative paths start at the migration file's folder")),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => wrong(
                ErrorKind::Auth,
                "NO_RIGHT",
                "may not be read by this user".to_owned(),
            ),
            Err(error) => wrong(
                ErrorKind::Unavailable,
                "CANNOT_OPEN",
                format!("cannot be reached: {error}"),
            ),
        }
    }
}

/// Takes a first look, which tells whether the file is a database at all, and takes its lock where a
/// transaction has begun.
pub(super) fn look(connection: &Connection, file: &DatabaseFile) -> Result<()> {
    let sql = "SELECT count(*) FROM sqlite_schema";
    connection
        .query_row(sql, [], |_| Ok(()))
        .map_err(|error| error_of(error, &format!("read {}", file.display())))
}

/// Runs what blocks where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::internal("a reading thread broke off").caused_by(error)),
    }
}

/// One value of one row, or an error that says what was asked.
pub(super) fn ask<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> Result<T> {
    connection
        .query_row(sql, [], |row| row.get(0))
        .map_err(|error| error_of(error, &format!("ask {sql}")))
}
