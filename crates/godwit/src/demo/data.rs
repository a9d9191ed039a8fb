//! Makes the sample shop: the eight tables of TPC-H, and a few with the names and values that real
//! databases have. The same scale gives the same database.

use std::path::{Path, PathBuf};

use model::{Error, ErrorKind, Result};
use rusqlite::Connection;

use super::{curiosities, tpch};

/// About 10 MB, 86,000 rows.
pub const DEFAULT_SCALE: f64 = 0.01;
const LARGEST_SCALE: f64 = 100.0;

/// Whether a database can be made so large.
pub(crate) fn check_scale(scale: f64) -> Result<()> {
    if scale > 0.0 && scale <= LARGEST_SCALE {
        return Ok(());
    }
    let message = format!("a scale of {scale} is not above 0 and at most {LARGEST_SCALE}");
    Err(Error::new(ErrorKind::Config, "BAD_SCALE", message).hint("leave --scale out for 0.01"))
}

/// Makes the database at `path` anew, `scale` times the TPC-H gigabyte. What stood there stands
/// until the new one is complete.
pub fn make(path: &Path, scale: f64) -> Result<()> {
    check_scale(scale)?;
    let partial = beside(path, ".partial");
    remove(&partial)?;
    fill(&partial, scale).map_err(|error| {
        let message = format!(
            "could not make the sample database {}: {error}",
            path.display()
        );
        Error::new(ErrorKind::Unavailable, "DEMO_DATA", message).caused_by(error)
    })?;
    // The old one's side files would be taken for the new one's.
    remove(&beside(path, "-wal"))?;
    remove(&beside(path, "-shm"))?;
    std::fs::rename(&partial, path).map_err(|error| failed(path, error))
}

fn fill(path: &Path, scale: f64) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    // Nobody else sees the file yet, and a crash starts it again: no journal is needed.
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;",
    )?;
    let transaction = connection.transaction()?;
    tpch::fill(&transaction, scale)?;
    curiosities::fill(&transaction)?;
    transaction.commit()?;
    // With it the shop can go on selling while it is read.
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    connection.close().map_err(|(_, error)| error)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(path, error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    let message = format!("could not write {}: {error}", path.display());
    Error::new(ErrorKind::Unavailable, "DEMO_DATA", message).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(scale: f64) -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        make(&path, scale).unwrap();
        let connection = Connection::open(path).unwrap();
        (folder, connection)
    }

    fn ask<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> T {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_tables_have_their_rows() {
        let (_folder, connection) = made(0.001);
        for (table, rows) in [
            ("region", 5),
            ("nation", 25),
            ("supplier", 10),
            ("customer", 150),
            ("part", 200),
            ("partsupp", 700),
            ("orders", 1_500),
            ("lineitem", 6_005),
            ("`order`", 4),
            ("`Mixed Case`", 3),
            ("评论", 5),
            ("empty_table", 0),
            ("attachments", 4),
            ("events", 6),
            ("settings", 4),
            ("notes", 4),
            ("open_orders", 729),
        ] {
            let count: i64 = ask(&connection, &format!("SELECT count(*) FROM {table}"));
            assert_eq!(count, rows, "{table}");
        }
        let sound: String = ask(&connection, "PRAGMA integrity_check");
        assert_eq!(sound, "ok");
    }

    #[test]
    fn money_is_exact() {
        let (_folder, connection) = made(0.001);
        // The first order's price as TPC-H prints it, and every price in whole cents.
        let price: f64 = ask(
            &connection,
            "SELECT o_totalprice FROM orders WHERE o_orderkey = 1",
        );
        let first = tpchgen::generators::OrderGenerator::new(0.001, 1, 1);
        let first = first.iter().next().unwrap();
        assert_eq!(format!("{price}"), first.o_totalprice.to_string());
        let odd = "SELECT count(*) FROM lineitem WHERE \
                   CAST(printf('%.2f', l_extendedprice) AS REAL) <> l_extendedprice";
        assert_eq!(ask::<i64>(&connection, odd), 0);
    }

    #[test]
    fn it_can_be_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        make(&path, 0.001).unwrap();
        make(&path, 0.001).unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
        for scale in [0.0, -1.0, f64::NAN, 1e9] {
            assert_eq!(make(&path, scale).unwrap_err().code, "BAD_SCALE");
        }
        assert!(path.exists());
    }
}
