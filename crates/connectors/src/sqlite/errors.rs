//! SQLite's result codes to our errors: kind, retry class, code, the way out.

use model::{Error, ErrorKind, Retry, Side};
use rusqlite::{ErrorCode, ffi};

/// What SQLite said while something was being done: `read table main.orders`.
pub(super) fn error_of(error: rusqlite::Error, doing: &str) -> Error {
    let Some(code) = error.sqlite_error_code() else {
        return Error::internal(format!("could not {doing}: {}", text(&error))).on(Side::Source);
    };
    if code == ErrorCode::OperationInterrupted {
        return Error::cancelled().on(Side::Source);
    }
    let extended = error
        .sqlite_error()
        .map_or(0, |failure| failure.extended_code);
    let (kind, stable, hint) = match extended {
        // A reader of WAL has to write its mark into the -shm file.
        ffi::SQLITE_READONLY_DIRECTORY | ffi::SQLITE_READONLY_CANTINIT => {
            meaning(ErrorCode::CannotOpen)
        }
        _ => meaning(code),
    };
    let mut ours =
        Error::new(kind, stable, format!("could not {doing}: {}", text(&error))).on(Side::Source);
    if let Some(hint) = hint {
        ours = ours.hint(hint);
    }
    if matches!(stable, "CANNOT_OPEN" | "NEEDS_RECOVERY") {
        // Somebody has to do something first.
        ours = ours.retry(Retry::Never);
    }
    ours.caused_by(error)
}

/// SQLite's own sentence, without the statement that it stands in.
fn text(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqliteFailure(failure, None) => failure.to_string(),
        other => other.to_string(),
    }
}

fn meaning(code: ErrorCode) -> (ErrorKind, &'static str, Option<&'static str>) {
    match code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => (
            ErrorKind::Unavailable,
            "BUSY",
            Some("somebody has locked the file: wait for them, or raise busy-timeout-seconds"),
        ),
        ErrorCode::NotADatabase => (
            ErrorKind::Config,
            "NOT_A_DATABASE",
            Some("the file is something else, or encrypted"),
        ),
        ErrorCode::DatabaseCorrupt => (
            ErrorKind::Data,
            "CORRUPT",
            Some("ask SQLite what is wrong (PRAGMA integrity_check), and try .recover"),
        ),
        ErrorCode::CannotOpen => (
            ErrorKind::Unavailable,
            "CANNOT_OPEN",
            Some(
                "a database in WAL mode needs its -shm file, or a folder that we may write to: \
                 allow that, or move a copy made with VACUUM INTO",
            ),
        ),
        ErrorCode::ReadOnly => (
            ErrorKind::Unavailable,
            "NEEDS_RECOVERY",
            Some("a writer died in a transaction: open the file once with its own program"),
        ),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            (ErrorKind::Auth, "NO_RIGHT", None)
        }
        ErrorCode::SystemIoFailure => (ErrorKind::Unavailable, "IO_FAILED", None),
        ErrorCode::OutOfMemory => (ErrorKind::Unavailable, "OUT_OF_MEMORY", None),
        ErrorCode::TooBig => (ErrorKind::Data, "VALUE_TOO_LARGE", None),
        ErrorCode::SchemaChanged => (ErrorKind::Conflict, "TABLE_CHANGED", None),
        _ => (ErrorKind::Data, "QUERY_FAILED", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_tried_again_and_a_broken_file_is_not() {
        for (result, code, retry) in [
            (ffi::SQLITE_BUSY, "BUSY", Retry::Backoff),
            (ffi::SQLITE_LOCKED, "BUSY", Retry::Backoff),
            (ffi::SQLITE_IOERR, "IO_FAILED", Retry::Backoff),
            (ffi::SQLITE_CORRUPT, "CORRUPT", Retry::Never),
            (ffi::SQLITE_NOTADB, "NOT_A_DATABASE", Retry::Never),
            (ffi::SQLITE_INTERRUPT, "CANCELLED", Retry::Never),
            (ffi::SQLITE_ERROR, "QUERY_FAILED", Retry::Never),
            (
                ffi::SQLITE_READONLY_ROLLBACK,
                "NEEDS_RECOVERY",
                Retry::Never,
            ),
            (ffi::SQLITE_READONLY_DIRECTORY, "CANNOT_OPEN", Retry::Never),
        ] {
            let failure = rusqlite::Error::SqliteFailure(ffi::Error::new(result), None);
            let error = error_of(failure, "read table main.t");
            assert_eq!((error.code, error.retry), (code, retry));
            assert_eq!(error.side, Side::Source);
        }
    }
}
