//! How failures of the database read to a person: full, read-only, broken, busy, gone.

use model::{Error, ErrorKind, Retry, Side};
use sqlx::error::{DatabaseError, ErrorKind as Constraint};

/// PostgreSQL's codes have five letters, SQLite's numbers fewer.
const SQLSTATE_LENGTH: usize = 5;

/// What a failure of the database means to a person: full, read-only, broken, or busy.
pub(crate) fn failure(doing: &str, cause: sqlx::Error) -> Error {
    if let Some(error) = of_server(doing, &cause) {
        return error.on(Side::Store).caused_by(cause);
    }
    let primary = code(&cause)
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
        .hint("make room: a run goes on with --resume, a service by itself"),
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

/// That a value cannot be written.
pub(crate) fn encoding(cause: sqlx::error::BoxDynError) -> sqlx::Error {
    sqlx::Error::Encode(cause)
}

/// Whether a name or a number is there already.
pub(crate) fn is_taken(cause: &sqlx::Error) -> bool {
    let database = cause.as_database_error();
    database.is_some_and(|error| error.kind() == Constraint::UniqueViolation)
}

fn code(cause: &sqlx::Error) -> Option<String> {
    let code = cause.as_database_error().and_then(DatabaseError::code)?;
    Some(code.into_owned())
}

/// What a server says by a SQLSTATE, and what happens on the way to it.
fn of_server(doing: &str, cause: &sqlx::Error) -> Option<Error> {
    let unavailable = |why: &str| {
        Error::new(
            ErrorKind::Unavailable,
            "STORE_UNREACHABLE",
            format!("{doing}: {why}"),
        )
        .hint("the store's database must answer: it is asked again")
    };
    match cause {
        sqlx::Error::PoolTimedOut => Some(unavailable("the store does not answer in time")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
            Some(unavailable("the store cannot be reached"))
        }
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            Some(unavailable("the store is closed"))
        }
        _ => {
            let code = code(cause).filter(|code| code.len() == SQLSTATE_LENGTH)?;
            let class = if code == "42501" { "28" } else { &code[..2] };
            match class {
                "08" | "57" => Some(unavailable("the store is shutting down or starting")),
                "40" => Some(
                    Error::new(
                        ErrorKind::Conflict,
                        "STORE_BUSY",
                        format!("{doing}: others write to the store at this moment"),
                    )
                    .retry(Retry::Backoff),
                ),
                "53" => Some(unavailable("the store has no room or connections left")),
                "28" => Some(
                    Error::new(
                        ErrorKind::Auth,
                        "STORE_RIGHTS",
                        format!("{doing}: the store's user may not do that"),
                    )
                    .hint("give it a database of its own, with the right to create tables"),
                ),
                _ => None,
            }
        }
    }
}
