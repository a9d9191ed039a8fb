//! Opening the store: the data folder, the database file, its schema history; and how failures of
//! the database read to a person.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{Error, ErrorKind, Result, Retry, RunId, Side};
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::journal::Appending;

/// The schema's history, oldest first. Never edited once released: a change is a new file.
const HISTORY: [(i64, &str, &str); 2] = [
    (1, "runs", include_str!("../schema/0001_runs.sql")),
    (2, "replays", include_str!("../schema/0002_replays.sql")),
];

/// The memory under one data folder. Cheap to clone; safe to use from many tasks and processes.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: SqlitePool,
    pub(crate) appending: Arc<Appending>,
    folder: PathBuf,
}

impl Store {
    /// Opens the store in `folder`, made if missing, and brings its schema up to date.
    pub async fn open(folder: &Path) -> Result<Self> {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|cause| folder_error(folder, &cause))?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("godwit.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options)
            .await
            .map_err(|cause| failure(&format!("could not open the store in {folder:?}"), cause))?;
        migrator()
            .run(&pool)
            .await
            .map_err(|cause| schema_error(folder, cause))?;
        Ok(Self {
            pool,
            appending: Arc::default(),
            folder: folder.to_owned(),
        })
    }

    /// Opens the store in `folder` for reading alone; makes and changes nothing. `None` where there is
    /// none, or none that holds anything yet.
    pub async fn open_read_only(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join("godwit.db");
        if !tokio::fs::try_exists(&file).await.unwrap_or(false) {
            return Ok(None);
        }
        let log = folder.join("godwit.db-wal");
        let written = tokio::fs::metadata(&log).await;
        // Without a log nobody has it open, and what stands in the file is all there is: it is read
        // without the side files that SQLite would make beside it. With one, they are there.
        let at_rest = written.is_ok_and(|log| log.len() == 0) || !log.exists();
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .read_only(true)
            .immutable(at_rest)
            .busy_timeout(Duration::from_secs(10));
        let failed = |cause| failure(&format!("could not open the store in {folder:?}"), cause);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options)
            .await
            .map_err(failed)?;
        let known = HISTORY.last().map_or(0, |(version, _, _)| *version);
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT MAX(version) FROM schema_history WHERE EXISTS \
             (SELECT 1 FROM sqlite_master WHERE name = 'runs')",
        )
        .fetch_one(&pool)
        .await
        .map_err(failed)?;
        match found {
            Some(version) if version > known => {
                Err(schema_error(folder, MigrateError::VersionMissing(version)))
            }
            None => Ok(None),
            Some(_) => Ok(Some(Self {
                pool,
                appending: Arc::default(),
                folder: folder.to_owned(),
            })),
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a run's rejected rows; there where any were rejected.
    pub fn rejected_folder(&self, run: &RunId) -> PathBuf {
        self.folder.join("rejected").join(run.as_str())
    }

    /// Waits until all that is under way is written, then lets go of the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn migrator() -> Migrator {
    let history = HISTORY
        .into_iter()
        .map(|(version, name, sql)| {
            let kind = MigrationType::Simple;
            Migration::new(
                version,
                Cow::Borrowed(name),
                kind,
                sql.into_sql_str(),
                false,
            )
        })
        .collect();
    let mut migrator = Migrator::with_migrations(history);
    migrator.dangerous_set_table_name("schema_history");
    migrator
}

pub(crate) fn folder_error(folder: &Path, cause: &std::io::Error) -> Error {
    let message = format!("could not write to the data folder {folder:?}: {cause}");
    Error::new(ErrorKind::Unavailable, "DATA_FOLDER", message)
        .retry(Retry::Never)
        .on(Side::Store)
        .hint("give another folder with --data or GODWIT_DATA, or make room and rights there")
}

fn schema_error(folder: &Path, cause: MigrateError) -> Error {
    match cause {
        MigrateError::VersionMissing(version) => Error::new(
            ErrorKind::Conflict,
            "STORE_TOO_NEW",
            format!("the store in {folder:?} was written by a newer version (schema {version})"),
        )
        .on(Side::Store)
        .hint("use that version, or another data folder"),
        MigrateError::Execute(cause) => failure("could not prepare the store", cause),
        other => Error::new(
            ErrorKind::Internal,
            "STORE_SCHEMA",
            format!("the store in {folder:?} is not as its schema history says"),
        )
        .on(Side::Store)
        .caused_by(other),
    }
}

/// What a failure of the database means to a person: full, read-only, broken, or busy.
pub(crate) fn failure(doing: &str, cause: sqlx::Error) -> Error {
    let primary = cause
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<i32>().ok())
        .map(|code| code & 0xff);
    let elsewhere = "give another folder with --data or GODWIT_DATA";
    let error = match primary {
        Some(5 | 6) => Error::new(
            ErrorKind::Conflict,
            "STORE_BUSY",
            format!("{doing}: another process holds the store"),
        )
        .retry(Retry::Backoff),
        Some(8) => Error::new(
            ErrorKind::Auth,
            "STORE_READ_ONLY",
            format!("{doing}: the data folder is read-only"),
        )
        .hint(elsewhere),
        Some(13) => Error::new(
            ErrorKind::Unavailable,
            "DISK_FULL",
            format!("{doing}: the disk of the data folder is full"),
        )
        .retry(Retry::Never)
        .hint("make room, then run again with --resume"),
        Some(10 | 14) => Error::new(
            ErrorKind::Unavailable,
            "DATA_FOLDER",
            format!("{doing}: the data folder cannot be read or written"),
        )
        .retry(Retry::Never)
        .hint(elsewhere),
        Some(11 | 26) => Error::new(
            ErrorKind::Data,
            "STORE_BROKEN",
            format!("{doing}: godwit.db is not a database, or is damaged"),
        )
        .hint("move it away; what is at the destinations stays as it is"),
        _ => Error::new(ErrorKind::Internal, "STORE", format!("{doing}: {cause}")),
    };
    error.on(Side::Store).caused_by(cause)
}

/// A stored document that cannot be understood.
pub(crate) fn unreadable(what: &str, cause: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Data,
        "STORE_BROKEN",
        format!("{what} in the store cannot be understood"),
    )
    .on(Side::Store)
    .caused_by(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn opening_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path()).await.unwrap().close().await;
        let store = Store::open(folder.path()).await.unwrap();
        assert!(store.runs(None, 10).await.unwrap().is_empty());
        let (mode, synchronous): (String, i64) = (
            sqlx::query_scalar("PRAGMA journal_mode")
                .fetch_one(&store.pool)
                .await
                .unwrap(),
            sqlx::query_scalar("PRAGMA synchronous")
                .fetch_one(&store.pool)
                .await
                .unwrap(),
        );
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
    }

    #[tokio::test]
    async fn reading_alone_makes_nothing_and_sees_what_is_there() {
        let names = |folder: &Path| {
            let entries = std::fs::read_dir(folder).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere");
        assert!(Store::open_read_only(&nowhere).await.unwrap().is_none());
        assert!(!nowhere.exists());
        let run = model::RunId::generate();
        let tables = |name: &str| [(name.to_owned(), "shape".to_owned())];
        let store = Store::open(folder.path()).await.unwrap();
        store.note_loaded("m", &run, &tables("a")).await.unwrap();
        // While somebody writes: what is in the log counts.
        let reading = Store::open_read_only(folder.path()).await.unwrap().unwrap();
        assert_eq!(reading.loaded("m").await.unwrap().len(), 1);
        assert!(reading.note_loaded("m", &run, &tables("b")).await.is_err());
        reading.close().await;
        store.close().await;
        let before = names(folder.path());
        assert_eq!(before, ["godwit.db"]);
        let reading = Store::open_read_only(folder.path()).await.unwrap().unwrap();
        assert_eq!(reading.loaded("m").await.unwrap().len(), 1);
        assert!(reading.note_loaded("m", &run, &tables("b")).await.is_err());
        assert_eq!(names(folder.path()), before);
        reading.close().await;
        assert_eq!(names(folder.path()), before);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Store::open(&file.join("data")).await.unwrap_err();
        assert_eq!(error.code, "DATA_FOLDER");
        assert!(error.message.contains("file/data"), "{error}");
        assert!(error.hint.unwrap().contains("--data"));
    }

    #[tokio::test]
    async fn what_is_no_database_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let text = "not a database, and longer than a header of one hundred bytes would have to be";
        std::fs::write(folder.path().join("godwit.db"), text.repeat(20)).unwrap();
        let error = Store::open(folder.path()).await.unwrap_err();
        assert_eq!((error.code, error.side), ("STORE_BROKEN", Side::Store));
    }

    #[tokio::test]
    async fn a_full_disk_is_called_full() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        // A limit on pages stands for the disk's.
        let mut connection = store.pool.acquire().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 1")
            .execute(&mut *connection)
            .await
            .unwrap();
        let cause = sqlx::query("INSERT INTO journal VALUES ('r', 1, 'k', $1)")
            .bind("x".repeat(1 << 20))
            .execute(&mut *connection)
            .await
            .unwrap_err();
        let error = failure("could not keep a journal line", cause);
        assert_eq!(error.code, "DISK_FULL");
        assert!(!error.is_retryable());
    }
}
