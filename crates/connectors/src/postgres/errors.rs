//! What the server's error codes mean to a person and to the engine: one table. The server's own
//! message is told, its detail is not, for details hold values of rows.

use std::error::Error as _;

use model::{Error, ErrorKind, Retry, Side};

use crate::family::said::said;

/// One family of SQLSTATEs and what it means.
struct Meaning {
    /// A whole SQLSTATE, or the class that it starts with.
    state: &'static str,
    kind: ErrorKind,
    code: &'static str,
    retry: Retry,
    hint: Option<&'static str>,
}

const fn meaning(
    state: &'static str,
    kind: ErrorKind,
    code: &'static str,
    retry: Retry,
    hint: Option<&'static str>,
) -> Meaning {
    Meaning {
        state,
        kind,
        code,
        retry,
        hint,
    }
}

/// The first one that fits counts: whole states stand before their class.
static MEANINGS: &[Meaning] = &[
    meaning(
        "28P01",
        ErrorKind::Auth,
        "AUTH_FAILED",
        Retry::Never,
        Some("check user and password"),
    ),
    meaning(
        "28",
        ErrorKind::Auth,
        "AUTH_FAILED",
        Retry::Never,
        Some("check user, password, TLS mode and the server's pg_hba.conf"),
    ),
    meaning(
        "42501",
        ErrorKind::Auth,
        "NO_RIGHT",
        Retry::Never,
        Some("grant SELECT on it to this user"),
    ),
    meaning(
        "3D000",
        ErrorKind::NotFound,
        "DATABASE_MISSING",
        Retry::Never,
        Some("check the name: it is case-sensitive"),
    ),
    meaning(
        "42P01",
        ErrorKind::NotFound,
        "TABLE_MISSING",
        Retry::Never,
        None,
    ),
    meaning(
        "3F000",
        ErrorKind::NotFound,
        "SCHEMA_MISSING",
        Retry::Never,
        None,
    ),
    meaning(
        "42703",
        ErrorKind::NotFound,
        "COLUMN_MISSING",
        Retry::Never,
        None,
    ),
    meaning(
        "53300",
        ErrorKind::Throttled,
        "TOO_MANY_CONNECTIONS",
        Retry::Backoff,
        Some("lower connections, or raise the limit of the server or of this user"),
    ),
    meaning(
        "53200",
        ErrorKind::Unavailable,
        "SERVER_OUT_OF_MEMORY",
        Retry::Never,
        Some("raise max_locks_per_transaction at the server, or move fewer tables at once"),
    ),
    meaning(
        "53",
        ErrorKind::Throttled,
        "SERVER_OUT_OF_RESOURCES",
        Retry::Backoff,
        None,
    ),
    meaning(
        "40001",
        ErrorKind::Conflict,
        "SERIALIZATION",
        Retry::Backoff,
        Some(
            "a standby may set hot_standby_feedback = on and a longer max_standby_streaming_delay",
        ),
    ),
    meaning(
        "40P01",
        ErrorKind::Conflict,
        "DEADLOCK",
        Retry::Backoff,
        None,
    ),
    meaning(
        "55P03",
        ErrorKind::Conflict,
        "LOCK_TIMEOUT",
        Retry::Backoff,
        Some("another session holds a lock on it; try again when it is done"),
    ),
    meaning(
        "55000",
        ErrorKind::Conflict,
        "NOT_READY",
        Retry::Never,
        None,
    ),
    meaning(
        "57014",
        ErrorKind::Cancelled,
        "SERVER_CANCELLED",
        Retry::Never,
        None,
    ),
    meaning(
        "57P01",
        ErrorKind::Unavailable,
        "SERVER_STOPPED",
        Retry::Backoff,
        None,
    ),
    meaning(
        "57P02",
        ErrorKind::Unavailable,
        "SERVER_STOPPED",
        Retry::Backoff,
        None,
    ),
    meaning(
        "57P03",
        ErrorKind::Unavailable,
        "SERVER_STARTING",
        Retry::Backoff,
        None,
    ),
    meaning(
        "57P05",
        ErrorKind::Unavailable,
        "SERVER_STOPPED",
        Retry::Backoff,
        None,
    ),
    meaning(
        "25P04",
        ErrorKind::Unavailable,
        "SERVER_TIMEOUT",
        Retry::Never,
        Some("the server's transaction_timeout is shorter than the read"),
    ),
    meaning(
        "08",
        ErrorKind::Unavailable,
        "CONNECTION_LOST",
        Retry::Backoff,
        None,
    ),
    meaning(
        "0A",
        ErrorKind::Unsupported,
        "UNSUPPORTED_BY_SERVER",
        Retry::Never,
        None,
    ),
    meaning(
        "22P05",
        ErrorKind::Data,
        "SERVER_DATA_ERROR",
        Retry::Never,
        Some(
            "text of the database is no text of its encoding: say what it is, \
             columns: { c: { charset: … } }, and rows that are not are rejected",
        ),
    ),
    meaning(
        "23505",
        ErrorKind::Data,
        "UNIQUE_VIOLATED",
        Retry::Never,
        Some(
            "two rows have one key: look at the rows that come and, with append, at those that are there",
        ),
    ),
    meaning(
        "23503",
        ErrorKind::Data,
        "FOREIGN_KEY_VIOLATED",
        Retry::Never,
        Some(
            "load the tables that are referred to first, or drop the foreign key for the time of the run",
        ),
    ),
    meaning(
        "23",
        ErrorKind::Data,
        "CONSTRAINT_VIOLATED",
        Retry::Never,
        Some("a constraint of the table does not take the rows"),
    ),
    meaning(
        "2BP01",
        ErrorKind::Conflict,
        "DEPENDED_ON",
        Retry::Backoff,
        Some("something was made meanwhile that depends on the table; run again"),
    ),
    meaning(
        "25006",
        ErrorKind::Unsupported,
        "READ_ONLY",
        Retry::Never,
        Some("the server or the database takes no writes; name the primary"),
    ),
    meaning(
        "22",
        ErrorKind::Data,
        "SERVER_DATA_ERROR",
        Retry::Never,
        None,
    ),
    meaning(
        "42",
        ErrorKind::Config,
        "SERVER_REFUSED",
        Retry::Never,
        None,
    ),
    meaning(
        "58",
        ErrorKind::Unavailable,
        "SERVER_IO",
        Retry::Backoff,
        None,
    ),
    meaning(
        "XX001",
        ErrorKind::Data,
        "SERVER_DATA_CORRUPTED",
        Retry::Never,
        None,
    ),
    meaning(
        "XX002",
        ErrorKind::Data,
        "SERVER_DATA_CORRUPTED",
        Retry::Never,
        None,
    ),
];

/// The one error for what the driver says.
pub(super) fn error_of(cause: tokio_postgres::Error) -> Error {
    told(cause, |state, message| {
        if quotes_values(state) {
            without_values(message)
        } else {
            message.to_owned()
        }
    })
}

/// The same for what the server says of a text that a person wrote, and of nothing else.
pub(super) fn error_of_text(cause: tokio_postgres::Error) -> Error {
    told(cause, |_, message| message.to_owned())
}

fn told(cause: tokio_postgres::Error, told: impl Fn(&str, &str) -> String) -> Error {
    let Some(server) = cause.as_db_error() else {
        return without_server(cause);
    };
    let state = server.code().code();
    let message = said(&told(state, server.message()));
    let meaning = MEANINGS
        .iter()
        .find(|meaning| state.starts_with(meaning.state));
    let mut error = match meaning {
        Some(meaning) => Error::new(meaning.kind, meaning.code, message).retry(meaning.retry),
        None => Error::new(
            ErrorKind::Unavailable,
            "SERVER_ERROR",
            format!("{message} ({state})"),
        )
        .retry(Retry::Never),
    };
    error.hint = meaning
        .and_then(|meaning| meaning.hint)
        .map(str::to_owned)
        .or_else(|| server.hint().map(said));
    error.on(Side::Source)
}

/// Whether messages of this kind quote what stood in a row: those about data, and those that a
/// function of the database's own raises. Those about constraints quote names alone.
fn quotes_values(state: &str) -> bool {
    state.starts_with("22") || state.starts_with("P0")
}

/// The message without what stands in quotes, and without bytes. A value may hold quotes itself: all
/// from the first to the last one goes.
fn without_values(message: &str) -> String {
    let told = match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\"…\"{}", &message[..first], &message[last + 1..])
        }
        (Some(first), _) => format!("{}…", &message[..first]),
        _ => message.to_owned(),
    };
    let words = told.split(' ').map(|word| {
        if word.starts_with("0x") {
            "0x…"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Errors that the server did not send: the way to it, TLS, the protocol.
fn without_server(cause: tokio_postgres::Error) -> Error {
    let reason = cause
        .source()
        .map_or_else(|| cause.to_string(), |source| format!("{source}"));
    let shown = cause.to_string();
    let error = if shown.contains("TLS") {
        let hint = if reason.contains("does not support TLS") {
            "the server speaks no TLS; set tls.mode to disable only if the network may be read"
        } else {
            "check tls.mode, tls.ca and the host's name in the server's certificate"
        };
        Error::new(
            ErrorKind::Unavailable,
            "TLS_FAILED",
            format!("TLS failed: {reason}"),
        )
        .retry(Retry::Never)
        .hint(hint)
    } else if shown.contains("authentication") || shown.contains("configuration") {
        Error::new(ErrorKind::Auth, "AUTH_FAILED", reason).hint("check user and password")
    } else if cause.is_closed() || shown.contains("communicating") {
        Error::new(
            ErrorKind::Unavailable,
            "CONNECTION_LOST",
            format!("the connection broke: {reason}"),
        )
    } else {
        Error::new(ErrorKind::Unavailable, "PROTOCOL", reason).retry(Retry::Never)
    };
    error.caused_by(cause).on(Side::Source)
}

/// Nobody answers where the server should be.
pub(super) fn unreachable_server(cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "UNREACHABLE", cause.to_string())
        .hint("check host and port, and whether the server listens there")
        .caused_by(cause)
        .on(Side::Source)
}

/// A break of the protocol by the other side.
pub(super) fn protocol(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, "PROTOCOL", message)
        .retry(Retry::Never)
        .on(Side::Source)
}

/// The moment that a snapshot holds is gone.
pub(super) fn snapshot_lost(reason: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "SNAPSHOT_LOST",
        format!("the snapshot is no longer held: {reason}"),
    )
    .retry(Retry::Never)
    .hint("tables that have not committed start again under a new snapshot")
    .on(Side::Source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_rows_stay_where_they_are() {
        for (message, expected) in [
            (
                "invalid input syntax for type integer: \"4711 \"secret\"\"",
                "invalid input syntax for type integer: \"…\"",
            ),
            (
                "value \"99\" is out of range for type smallint",
                "value \"…\" is out of range for type smallint",
            ),
            (
                "invalid byte sequence for encoding \"UTF8\": 0xc4 0xe3",
                "invalid byte sequence for encoding \"…\": 0x… 0x…",
            ),
            ("division by zero", "division by zero"),
            ("cut \"off", "cut …"),
        ] {
            assert_eq!(without_values(message), expected);
        }
        assert!(quotes_values("22P02") && !quotes_values("42703") && !quotes_values("23505"));
    }
}
