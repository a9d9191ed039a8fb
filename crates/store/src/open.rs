//! Opening the store: SQLite in the data folder, or a PostgreSQL database that several servers share; one
//! SQL text and one schema history for both.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{Error, ErrorKind, Result, Retry, RunId, Side};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{
    Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, SqlSafeStr, Transaction,
};

use crate::failure::failure;
use crate::journal::Appending;
use crate::leases::Fence;

/// The schema's history, oldest first. Never edited once released: a change is a new file.
const HISTORY: [(i64, &str, &str); 6] = [
    (1, "runs", include_str!("../schema/0001_runs.sql")),
    (2, "replays", include_str!("../schema/0002_replays.sql")),
    (3, "service", include_str!("../schema/0003_service.sql")),
    (
        4,
        "instances found",
        include_str!("../schema/0004_instances_found.sql"),
    ),
    (5, "forgotten", include_str!("../schema/0005_forgotten.sql")),
    (
        6,
        "group usage",
        include_str!("../schema/0006_group_usage.sql"),
    ),
];

/// How a transaction begins that will write to SQLite: it waits then, and not in its midst.
const IMMEDIATE: &str = "BEGIN IMMEDIATE";
/// How long a statement waits for another one that writes.
const BUSY: &str = "PRAGMA busy_timeout = 10000";
/// A log beside the file, so that reading goes on while one writes; on the disk before it counts.
const DURABLE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
/// How long a connection to a server is waited for: whoever asks is told soon that the store is gone.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The memory of one installation. Cheap to clone; safe to use from many tasks and processes.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: AnyPool,
    pub(crate) appending: Arc<Appending>,
    pub(crate) fence: Option<Fence>,
    begin: &'static str,
    folder: PathBuf,
}

impl Store {
    /// Opens the store in `folder`, made if missing, and brings its schema up to date.
    pub async fn open(folder: &Path) -> Result<Self> {
        make(folder).await?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("godwit.db"))
            .create_if_missing(true);
        let failed = |cause| failure(&format!("could not open the store in {folder:?}"), cause);
        let options = any(&options)?;
        first(&options, [BUSY, DURABLE]).await.map_err(failed)?;
        let pool = pool(4, Duration::from_secs(30), [BUSY, DURABLE])
            .connect_with(options)
            .await
            .map_err(failed)?;
        migrator()
            .run(&pool)
            .await
            .map_err(|cause| schema_error(folder, cause))?;
        Ok(Self::of(pool, IMMEDIATE, folder))
    }

    /// Opens the store in a PostgreSQL database (`postgres://user:password@host:port/database`) and brings
    /// its schema up to date. `folder`, made if missing, keeps what is this server's alone.
    pub async fn open_shared(url: &str, connections: u32, folder: &Path) -> Result<Self> {
        make(folder).await?;
        install_default_drivers();
        let not_read = |_| {
            let message = "the store's address cannot be understood";
            let error = Error::new(ErrorKind::Config, "STORE_ADDRESS", message);
            error
                .on(Side::Store)
                .hint("write postgres://user:password@host:port/database")
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(not_read(()));
        }
        let options: AnyConnectOptions = url.parse().map_err(|_| not_read(()))?;
        let pool = pool(connections, PATIENCE, [])
            .connect_with(options)
            .await
            .map_err(|cause| failure("could not open the store", cause))?;
        migrator()
            .run(&pool)
            .await
            .map_err(|cause| schema_error(folder, cause))?;
        Ok(Self::of(pool, "BEGIN", folder))
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
            .immutable(at_rest);
        let failed = |cause| failure(&format!("could not open the store in {folder:?}"), cause);
        let pool = pool(1, Duration::from_secs(30), [BUSY])
            .connect_with(any(&options)?)
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
            Some(_) => Ok(Some(Self::of(pool, "BEGIN", folder))),
        }
    }

    fn of(pool: AnyPool, begin: &'static str, folder: &Path) -> Self {
        Self {
            pool,
            appending: Arc::default(),
            fence: None,
            begin,
            folder: folder.to_owned(),
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

    /// Copies the store into a file that is not there yet, as it is at one moment, while others use it. A store at a
    /// server is refused (`UNSUPPORTED`): that has tools of its own.
    pub async fn back_up(&self, file: &Path) -> Result<()> {
        let text = file.to_str().filter(|_| self.begin == IMMEDIATE);
        let Some(text) = text else {
            let message = "only a store that is a file is copied";
            return Err(Error::new(ErrorKind::Unsupported, "UNSUPPORTED", message)
                .on(Side::Store)
                .hint("copy a PostgreSQL store by pg_dump"));
        };
        let copied = sqlx::query("VACUUM INTO $1").bind(text.to_owned());
        let copied = copied.execute(&self.pool).await;
        copied.map_err(|cause| failure(&format!("could not copy the store to {file:?}"), cause))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let private = std::fs::Permissions::from_mode(0o600);
            let set = tokio::fs::set_permissions(file, private).await;
            set.map_err(|cause| folder_error(file, &cause))?;
        }
        Ok(())
    }

    /// Waits until all that is under way is written, then lets go of the database.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<()> {
        let asked = sqlx::query("SELECT 1").execute(&self.pool).await;
        asked.map_err(|cause| failure("could not ask the store", cause))?;
        Ok(())
    }

    /// A transaction that will write: in SQLite it waits for its turn here, and not half-way.
    pub(crate) async fn begin(
        &self,
    ) -> std::result::Result<Transaction<'static, Any>, sqlx::Error> {
        self.pool.begin_with(self.begin).await
    }
}

/// The next `count` numbers of this name, the last one of them given. Held until the transaction ends.
pub(crate) async fn next(
    transaction: &mut Transaction<'static, Any>,
    name: &str,
    count: i64,
) -> std::result::Result<i64, sqlx::Error> {
    sqlx::query_scalar("UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value")
        .bind(name)
        .bind(count)
        .fetch_one(&mut **transaction)
        .await
}

/// Makes the folder, for nobody else to look into: rejected rows are in it, too.
async fn make(folder: &Path) -> Result<()> {
    let mut making = tokio::fs::DirBuilder::new();
    #[cfg(unix)]
    making.mode(0o700);
    let made = making.recursive(true).create(folder).await;
    made.map_err(|cause| folder_error(folder, &cause))
}

fn any(options: &SqliteConnectOptions) -> Result<AnyConnectOptions> {
    install_default_drivers();
    AnyConnectOptions::from_url(&options.to_url_lossy())
        .map_err(|cause| failure("could not name the store's file", cause))
}

/// A connection that is told this and ends: the pool would try again and again what fails here.
async fn first<const N: usize>(
    options: &AnyConnectOptions,
    told: [&'static str; N],
) -> std::result::Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect_with(options).await?;
    for statement in told {
        connection.execute(statement).await?;
    }
    connection.close().await
}

/// Connections each of which was told this first.
fn pool<const N: usize>(
    connections: u32,
    patience: Duration,
    told: [&'static str; N],
) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for statement in told {
                    connection.execute(statement).await?;
                }
                Ok(())
            })
        })
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
