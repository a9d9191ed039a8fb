//! What files on a local disk have in common: errors in our words, and folders made durable.

use std::fs::File;
use std::io;
use std::path::Path;

use model::{Error, ErrorKind, Result, Retry, Side};

/// The error that an I/O error on `path` amounts to. `doing` is what failed: `write`, `rename`.
pub fn io_error(doing: &str, path: &Path, cause: io::Error) -> Error {
    let message = format!("could not {doing} {:?}: {cause}", path.display());
    let error = match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::new(ErrorKind::Unavailable, "DISK_FULL", message)
                .retry(Retry::Never)
                .hint("make room on that disk or raise the quota, then run again")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::new(ErrorKind::Auth, "NO_RIGHT", message)
                .hint("give the user that runs godwit the right to write there")
        }
        io::ErrorKind::NotFound => Error::new(ErrorKind::NotFound, "NOT_FOUND", message),
        io::ErrorKind::AlreadyExists => Error::new(ErrorKind::Conflict, "FILE_EXISTS", message),
        _ => Error::new(ErrorKind::Unavailable, "DISK_ERROR", message),
    };
    error.on(Side::Destination).caused_by(cause)
}

/// Makes the names in a folder durable: files made, renamed or removed in it survive a power cut.
/// Blocking.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io_error("make durable", folder, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_and_not_tried_again() {
        let error = io_error(
            "write",
            Path::new("/data/a"),
            io::Error::from(io::ErrorKind::StorageFull),
        );
        assert_eq!((error.code, error.is_retryable()), ("DISK_FULL", false));
        assert!(error.message.contains("\"/data/a\""), "{error}");
    }

    #[test]
    fn a_missing_folder_cannot_be_made_durable() {
        let error = sync_folder(Path::new("/nonexistent/folder")).unwrap_err();
        assert_eq!(error.code, "NOT_FOUND");
    }
}
