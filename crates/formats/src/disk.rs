//! What files on a local disk have in common: errors in our words, and folders made durable.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use model::{Error, ErrorKind, Result, Retry, Side};
use rustix::fs::{Access, CWD, Mode, OFlags, access, openat, statfs};
use rustix::io::Errno;

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

/// Whether `path` is a folder that can be written to, or one can be made there. Leaves no trace.
/// Blocking.
pub fn check_folder(path: &Path) -> Result<()> {
    let mut ancestors = path.ancestors();
    let Some(nearest) = ancestors.find(|folder| folder.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    let not_a_folder = |what: &str| {
        let message = format!("{:?} {what}", nearest.display());
        Error::new(ErrorKind::Config, "NOT_A_FOLDER", message)
            .on(Side::Destination)
            .hint("choose another path")
    };
    match fs::metadata(nearest) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(not_a_folder("is not a folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(not_a_folder("is a link to what is not there"));
        }
        Err(error) => return Err(io_error("look at", nearest, error)),
    }
    let failed = |error: Errno| io_error("write in", nearest, error.into());
    access(nearest, Access::WRITE_OK | Access::EXEC_OK).map_err(failed)?;
    // A file without a name: nobody ever sees it.
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    match openat(CWD, nearest, flags, Mode::RUSR | Mode::WUSR) {
        Ok(_) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
            match statfs(nearest) {
                Ok(found) if KERNEL_VIEWS.contains(&i128::from(found.f_type)) => {
                    Err(not_a_folder("shows the kernel, and holds no files of ours"))
                }
                _ => Ok(()),
            }
        }
        Err(error) => Err(failed(error)),
    }
}

/// File systems in which nobody makes folders of tables: proc, sysfs, cgroup, cgroup2, debugfs,
/// tracefs, securityfs, devpts, pstore, bpf, configfs, efivarfs, selinux.
const KERNEL_VIEWS: [i128; 13] = [
    0x9fa0,
    0x6265_6572,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0x1cd1,
    0x6165_676c,
    0xcafe_4a11,
    0x6265_6570,
    0xde5e_81e4,
    0xf97c_ff8c,
];

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

    fn check(path: &Path, expected: Option<&str>) {
        let found = check_folder(path).err().map(|error| error.code);
        assert_eq!(found, expected, "{path:?}");
    }

    #[test]
    fn where_no_folder_can_be_made_is_known_before_anything_is() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name);
        fs::write(inside("file"), "").unwrap();
        std::os::unix::fs::symlink(inside("nowhere"), inside("link")).unwrap();
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let before = names();
        check(folder.path(), None);
        check(&inside("a/b/c"), None);
        check(&inside("file"), Some("NOT_A_FOLDER"));
        check(&inside("file/a/b"), Some("NOT_A_FOLDER"));
        check(&inside("link"), Some("NOT_A_FOLDER"));
        for path in ["/proc/lake", "/proc/self/lake/a", "/sys/lake"] {
            let found = check_folder(Path::new(path)).err();
            assert!(found.is_some(), "{path}");
        }
        assert_eq!(names(), before);
    }

    #[test]
    fn a_missing_folder_cannot_be_made_durable() {
        let error = sync_folder(Path::new("/nonexistent/folder")).unwrap_err();
        assert_eq!(error.code, "NOT_FOUND");
    }
}
