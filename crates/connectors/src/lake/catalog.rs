//! The catalog: an Iceberg SQL (JDBC) catalog in SQLite, as other tools expect it, with two tables of
//! ours beside. Everything blocks. It never opens a metadata file.
//!
//! The journal is SQLite's rollback journal: one file that any tool opens, with no companions to
//! lose. `synchronous` is EXTRA, which is FULL and syncs the folder after the journal is gone, so that
//! a pointer that has moved stays moved.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Error, ErrorKind, LoadId, Result, Retry, TableName};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::durable;

/// The catalog's name in its tables.
pub(super) const CATALOG_NAME: &str = "godwit";

const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);
CREATE TABLE IF NOT EXISTS godwit_aborted_loads (
    load TEXT NOT NULL PRIMARY KEY,
    aborted_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS godwit_obsolete_files (
    table_namespace TEXT NOT NULL,
    table_name TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (table_namespace, table_name, address)
);";

/// The catalog of one warehouse.
pub(super) struct Catalog {
    file: PathBuf,
    /// Writers of this process wait here, in turn, and not in SQLite's polling.
    writing: Mutex<()>,
}

/// What is to be published: one table's pointer moves from `expected` to `location`.
pub(super) struct Publication<'a> {
    /// Which table.
    pub(super) table: &'a TableName,
    /// By which load; one that was given up is not published.
    pub(super) load: &'a LoadId,
    /// Where the pointer must stand; `None` where the table must not be there.
    pub(super) expected: Option<&'a str>,
    /// Where it stands afterwards.
    pub(super) location: &'a str,
    /// Files that nobody needs once it has moved.
    pub(super) obsolete: &'a [String],
}

/// What came of a publication.
#[derive(Debug)]
pub(super) enum Published {
    /// The pointer moved.
    Done,
    /// It did not: somebody else moved it before.
    Moved,
    /// It did not: the load was given up.
    Aborted,
    /// It did not, for this reason.
    NotDone(Error),
    /// COMMIT itself failed in a way that says nothing.
    Unknown(Error),
}

impl Catalog {
    /// The catalog in `file`; opens nothing.
    pub(super) fn new(file: PathBuf) -> Self {
        Self {
            file,
            writing: Mutex::default(),
        }
    }

    /// Whether there is one.
    pub(super) fn exists(&self) -> bool {
        self.file.is_file()
    }

    /// Makes it, and what is missing in it. Changes nothing that a reader sees.
    pub(super) fn create(&self) -> Result<()> {
        let _turn = self.turn();
        let fresh = !self.exists();
        if fresh && let Some(folder) = self.file.parent() {
            durable::create_folder(folder)?;
        }
        let connection =
            self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        if !has_own_tables(&connection).map_err(|error| self.failed("read", error))? {
            connection
                .execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"))
                .map_err(|error| self.failed("prepare", error))?;
        }
        drop(connection);
        if fresh {
            durable::sync_file(&self.file)?;
            if let Some(folder) = self.file.parent() {
                durable::sync_folder(folder)?;
            }
        }
        Ok(())
    }

    /// Where the table's metadata is; `None` where there is no such table.
    pub(super) fn pointer(&self, table: &TableName) -> Result<Option<String>> {
        if !self.exists() {
            return Ok(None);
        }
        let connection = self.open_to_read()?;
        pointer_in(&connection, table).map_err(|error| self.failed("read", error))
    }

    /// All tables with their pointers, in the order of their names.
    pub(super) fn pointers(&self) -> Result<Vec<(TableName, String)>> {
        let connection = self.open_to_read()?;
        let rows = || {
            if !has_table(&connection, "iceberg_tables")? {
                return Ok(Vec::new());
            }
            let filter = tables_only(&connection)?;
            let mut statement = connection.prepare(&format!(
                "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables
                 WHERE catalog_name = ?1 AND metadata_location IS NOT NULL {filter}
                 ORDER BY table_namespace, table_name"
            ))?;
            let rows = statement.query_map([CATALOG_NAME], |row| {
                let name = TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                Ok((name, row.get::<_, String>(2)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        rows().map_err(|error| self.failed("read", error))
    }

    /// Moves the pointer, in one transaction, if it stands where it is expected and the load was not
    /// given up.
    pub(super) fn publish(&self, publication: &Publication<'_>) -> Published {
        let _turn = self.turn();
        let connection = match self.open(OpenFlags::SQLITE_OPEN_READ_WRITE) {
            Ok(connection) => connection,
            Err(error) => return Published::NotDone(error),
        };
        let moved = connection
            .execute_batch("BEGIN IMMEDIATE")
            .and_then(|()| move_pointer(&connection, publication));
        match moved {
            Ok(Attempt::Moved) => self.end(&connection),
            Ok(Attempt::NotThere) => Published::Moved,
            Ok(Attempt::GivenUp) => Published::Aborted,
            // Dropping the connection rolls back: nothing was committed, COMMIT was never said.
            Err(error) => Published::NotDone(self.failed("update", error)),
        }
    }

    /// Makes `load` impossible unless `look` finds it at the table's pointer: nobody moves the pointer
    /// meanwhile.
    pub(super) fn give_up<T>(
        &self,
        table: &TableName,
        load: &LoadId,
        look: impl FnOnce(Option<&str>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let _turn = self.turn();
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let failed = |error| self.failed("update", error);
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(failed)?;
        let pointer = pointer_in(&connection, table).map_err(failed)?;
        if let Some(found) = look(pointer.as_deref())? {
            return Ok(Some(found));
        }
        connection
            .execute(
                "INSERT OR IGNORE INTO godwit_aborted_loads (load, aborted_at)
                 VALUES (?1, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
                [load.as_str()],
            )
            .map_err(failed)?;
        connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(None)
    }

    /// Files of the table that nobody needs any more.
    pub(super) fn obsolete(&self, table: &TableName) -> Result<Vec<String>> {
        let connection = self.open_to_read()?;
        let rows = || {
            let mut statement = connection.prepare(
                "SELECT address FROM godwit_obsolete_files
                 WHERE table_namespace = ?1 AND table_name = ?2",
            )?;
            let rows = statement.query_map([&table.schema, &table.table], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        };
        rows().map_err(|error| self.failed("read", error))
    }

    /// These files are gone.
    pub(super) fn forget(&self, table: &TableName, addresses: &[String]) -> Result<()> {
        let _turn = self.turn();
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let forget = || {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for address in addresses {
                connection.execute(
                    "DELETE FROM godwit_obsolete_files
                     WHERE table_namespace = ?1 AND table_name = ?2 AND address = ?3",
                    [&table.schema, &table.table, address],
                )?;
            }
            connection.execute_batch("COMMIT")
        };
        forget().map_err(|error| self.failed("update", error))
    }

    /// COMMIT, and what its own result says.
    fn end(&self, connection: &Connection) -> Published {
        let Err(error) = connection.execute_batch("COMMIT") else {
            return Published::Done;
        };
        let busy = is_busy(&error);
        let failure = self.failed("commit to", error);
        // A busy COMMIT leaves its transaction open. Rolled back by our own word, it is not done.
        if busy && !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_ok() {
            Published::NotDone(failure)
        } else {
            Published::Unknown(failure)
        }
    }

    fn open_to_read(&self) -> Result<Connection> {
        // A writable connection can recover what a crash left behind; a read-only disk has none.
        self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| self.open(OpenFlags::SQLITE_OPEN_READ_ONLY))
    }

    fn open(&self, flags: OpenFlags) -> Result<Connection> {
        let open = || {
            let connection =
                Connection::open_with_flags(&self.file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "synchronous", "EXTRA")?;
            Ok(connection)
        };
        open().map_err(|error| self.failed("open", error))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, verb: &str, error: rusqlite::Error) -> Error {
        let shown = model::table::escape_controls(&self.file.to_string_lossy());
        let (kind, code, hint) = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                ErrorKind::Throttled,
                "CATALOG_BUSY",
                "another program holds the catalog: end it, or wait",
            ),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
                ErrorKind::Config,
                "NOT_A_CATALOG",
                "the file is not a SQLite database: choose another folder, or bring the file back",
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => (
                ErrorKind::Auth,
                "NO_RIGHT",
                "see that this user may read and write the lake's folder",
            ),
            Some(ErrorCode::DiskFull) => (
                ErrorKind::Unavailable,
                "DISK_FULL",
                "make room on the disk, then take the run up again",
            ),
            _ => (
                ErrorKind::Unavailable,
                "CATALOG_FAILED",
                "see that the lake's folder is on a sound local disk",
            ),
        };
        let message = format!("could not {verb} the catalog \"{shown}\"");
        let failure = Error::new(kind, code, message).hint(hint).caused_by(error);
        // A full disk stays full until somebody makes room.
        match code {
            "DISK_FULL" => failure.retry(Retry::Never),
            _ => failure,
        }
    }
}

enum Attempt {
    Moved,
    NotThere,
    GivenUp,
}

fn move_pointer(
    connection: &Connection,
    publication: &Publication<'_>,
) -> rusqlite::Result<Attempt> {
    let given_up: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM godwit_aborted_loads WHERE load = ?1)",
        [publication.load.as_str()],
        |row| row.get(0),
    )?;
    if given_up {
        return Ok(Attempt::GivenUp);
    }
    let table = publication.table;
    let rows = match publication.expected {
        Some(expected) => connection.execute(
            "UPDATE iceberg_tables SET metadata_location = ?1, previous_metadata_location = ?2
             WHERE catalog_name = ?3 AND table_namespace = ?4 AND table_name = ?5
               AND metadata_location = ?2",
            params![
                publication.location,
                expected,
                CATALOG_NAME,
                table.schema,
                table.table
            ],
        )?,
        None => insert_pointer(connection, table, publication.location)?,
    };
    if rows != 1 {
        return Ok(Attempt::NotThere);
    }
    for address in publication.obsolete {
        connection.execute(
            "INSERT OR IGNORE INTO godwit_obsolete_files (table_namespace, table_name, address)
             VALUES (?1, ?2, ?3)",
            params![table.schema, table.table, address],
        )?;
    }
    Ok(Attempt::Moved)
}

fn insert_pointer(
    connection: &Connection,
    table: &TableName,
    location: &str,
) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT OR IGNORE INTO iceberg_namespace_properties
             (catalog_name, namespace, property_key, property_value)
         VALUES (?1, ?2, 'exists', 'true')",
        [CATALOG_NAME, &table.schema],
    )?;
    let (column, value) = if has_type_column(connection)? {
        (", iceberg_type", ", 'TABLE'")
    } else {
        ("", "")
    };
    connection.execute(
        &format!(
            "INSERT OR IGNORE INTO iceberg_tables
                 (catalog_name, table_namespace, table_name, metadata_location{column})
             VALUES (?1, ?2, ?3, ?4{value})"
        ),
        [CATALOG_NAME, &table.schema, &table.table, location],
    )
}

fn pointer_in(connection: &Connection, table: &TableName) -> rusqlite::Result<Option<String>> {
    if !has_table(connection, "iceberg_tables")? {
        return Ok(None);
    }
    let filter = tables_only(connection)?;
    connection
        .query_row(
            &format!(
                "SELECT metadata_location FROM iceberg_tables
                 WHERE catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3
                   AND metadata_location IS NOT NULL {filter}"
            ),
            [CATALOG_NAME, &table.schema, &table.table],
            |row| row.get(0),
        )
        .optional()
}

/// Leaves views out, where the catalog can hold them.
fn tables_only(connection: &Connection) -> rusqlite::Result<&'static str> {
    Ok(if has_type_column(connection)? {
        "AND (iceberg_type IS NULL OR iceberg_type = 'TABLE')"
    } else {
        ""
    })
}

/// Catalogs of the first version have no `iceberg_type`.
fn has_type_column(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('iceberg_tables') WHERE name = 'iceberg_type')",
        [],
        |row| row.get(0),
    )
}

fn has_own_tables(connection: &Connection) -> rusqlite::Result<bool> {
    for table in [
        "iceberg_tables",
        "iceberg_namespace_properties",
        "godwit_aborted_loads",
        "godwit_obsolete_files",
    ] {
        if !has_table(connection, table)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
        [table],
        |row| row.get(0),
    )
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_full_disk_is_not_tried_again_and_a_busy_catalog_is() {
        let catalog = Catalog::new(PathBuf::from("/lake/catalog.db"));
        for (result, code, again) in [
            (ffi::SQLITE_FULL, "DISK_FULL", false),
            (ffi::SQLITE_BUSY, "CATALOG_BUSY", true),
        ] {
            let cause = rusqlite::Error::SqliteFailure(ffi::Error::new(result), None);
            let error = catalog.failed("update", cause);
            assert_eq!((error.code, error.is_retryable()), (code, again));
        }
    }
}
