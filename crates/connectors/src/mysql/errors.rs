//! What the server's error numbers mean to us: one table of number to kind, retry class, code and
//! way out. Messages of the server are kept, for they name its objects.

use model::{Error, ErrorKind, Retry, Side};
use mysql_async::{DriverError, Error as DriverFailure, IoError};

use crate::family::said::said;

/// One line of the table.
struct Known {
    numbers: &'static [u16],
    kind: ErrorKind,
    code: &'static str,
    retry: bool,
    hint: Option<&'static str>,
}

const fn known(numbers: &'static [u16], kind: ErrorKind, code: &'static str) -> Known {
    let retry = matches!(kind, ErrorKind::Throttled | ErrorKind::Unavailable);
    Known {
        numbers,
        kind,
        code,
        retry,
        hint: None,
    }
}

impl Known {
    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    const fn again(mut self) -> Self {
        self.retry = true;
        self
    }
}

static TABLE: &[Known] = &[
    known(&[1045, 1698, 1862, 3118], ErrorKind::Auth, "AUTH_FAILED")
        .hint("check user, password and the host that the user may come from"),
    known(&[1044, 1142, 1143, 1227, 1370], ErrorKind::Auth, "NO_RIGHT")
        .hint("grant the user SELECT on what is read"),
    known(&[1130], ErrorKind::Auth, "HOST_REFUSED")
        .hint("let the user come from this machine's address"),
    known(&[1356, 1449], ErrorKind::Data, "VIEW_BROKEN")
        .hint("repair the view at the server, or leave it out"),
    known(&[1049], ErrorKind::NotFound, "DATABASE_MISSING"),
    known(&[1146, 1051, 1109], ErrorKind::NotFound, "TABLE_MISSING"),
    known(&[1054], ErrorKind::NotFound, "COLUMN_MISSING"),
    known(&[1298], ErrorKind::Config, "NO_ZONE_TABLES").hint(
        "load the zone tables at the server: mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql mysql",
    ),
    known(
        &[1064, 1149, 1525, 1582, 1305, 1630, 1210],
        ErrorKind::Config,
        "FILTER_INVALID",
    ),
    known(
        &[1040, 1203, 1226, 1129],
        ErrorKind::Throttled,
        "TOO_MANY_CONNECTIONS",
    )
    .hint("lower `connections` of the data source, or raise the server's limit"),
    known(&[1205, 3572], ErrorKind::Conflict, "LOCK_TIMEOUT")
        .again()
        .hint("another session holds a lock on the table; try again when it has ended"),
    known(&[1213], ErrorKind::Conflict, "DEADLOCK").again(),
    known(&[1412], ErrorKind::Conflict, "TABLE_CHANGED")
        .hint("the table was altered while the snapshot was opened; run again"),
    known(&[1317], ErrorKind::Cancelled, "INTERRUPTED").again(),
    known(&[1969, 3024], ErrorKind::Throttled, "STATEMENT_TIMEOUT")
        .hint("the server ends statements after a time; raise that limit for this user"),
    known(
        &[
            1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031,
        ],
        ErrorKind::Unavailable,
        "CONNECTION_LOST",
    ),
    known(&[1153], ErrorKind::Config, "PACKET_TOO_LARGE")
        .hint("raise max_allowed_packet at the server"),
    known(
        &[1194, 1195, 1034, 1030, 1033, 126, 127, 144, 145],
        ErrorKind::Data,
        "TABLE_BROKEN",
    )
    .hint("the server cannot read this table; check and repair it there"),
    known(&[1290, 1836], ErrorKind::Unsupported, "SERVER_OPTION"),
];

/// The server's number, where the failure is one that the server told.
pub(crate) fn number(failure: &DriverFailure) -> Option<u16> {
    match failure {
        DriverFailure::Server(server) => Some(server.code),
        _ => None,
    }
}

/// Whether the user lacks a right for what was asked.
pub(crate) fn is_missing_right(failure: &DriverFailure) -> bool {
    matches!(
        number(failure),
        Some(1044 | 1045 | 1142 | 1143 | 1227 | 1370)
    )
}

/// The failure in the product's words.
pub(crate) fn translate(failure: DriverFailure) -> Error {
    let error = match &failure {
        DriverFailure::Server(server) => of_server(server.code, &server.message),
        DriverFailure::Io(IoError::Tls(cause)) => tls_failed(cause),
        DriverFailure::Io(IoError::Io(cause)) if is_tls(cause) => tls_failed(cause),
        DriverFailure::Io(IoError::Io(cause)) => Error::new(
            ErrorKind::Unavailable,
            "CONNECTION_LOST",
            format!("the connection to the server failed: {cause}"),
        ),
        DriverFailure::Driver(driver) => of_driver(driver),
        DriverFailure::Other(_) | DriverFailure::Url(_) => {
            Error::internal("the driver refused what it was asked")
        }
    };
    error.on(Side::Source).caused_by(failure)
}

/// The driver hands some failures of TLS on as failures of reading.
fn is_tls(cause: &std::io::Error) -> bool {
    cause
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

fn tls_failed(cause: &dyn std::error::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "TLS_FAILED",
        format!("TLS failed: {cause}"),
    )
    .retry(Retry::Never)
    .hint("check `tls.ca` and the host name, or choose another `tls.mode`")
}

fn of_server(number: u16, message: &str) -> Error {
    let text = format!("{} (error {number})", said(message));
    let Some(known) = TABLE.iter().find(|known| known.numbers.contains(&number)) else {
        return Error::new(ErrorKind::Data, "SERVER_ERROR", text);
    };
    let retry = if known.retry {
        Retry::Backoff
    } else {
        Retry::Never
    };
    let error = Error::new(known.kind, known.code, text).retry(retry);
    match known.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn of_driver(driver: &DriverError) -> Error {
    match driver {
        DriverError::NoClientSslFlagFromServer => Error::new(
            ErrorKind::Config,
            "TLS_NOT_OFFERED",
            "the server does not offer TLS, and the connection's TLS mode asks for it",
        )
        .hint("turn TLS on at the server, or set `tls.mode: disable`"),
        DriverError::UnknownAuthPlugin { name } => Error::new(
            ErrorKind::Unsupported,
            "AUTH_PLUGIN",
            format!("the server asks for the unknown authentication plugin {name:?}"),
        ),
        DriverError::CleartextPluginDisabled | DriverError::MysqlOldPasswordDisabled => Error::new(
            ErrorKind::Unsupported,
            "AUTH_PLUGIN",
            "the server asks for the password in a form that is not safe",
        )
        .hint("give the user a caching_sha2_password, ed25519 or mysql_native_password login"),
        DriverError::PacketTooLarge => Error::new(
            ErrorKind::Data,
            "PACKET_TOO_LARGE",
            "the server sent a row above 1 GiB",
        ),
        DriverError::LocalInfile(_) => Error::new(
            ErrorKind::Auth,
            "LOCAL_INFILE",
            "the server asked for a file of this machine, which is never answered",
        ),
        DriverError::MixedParams | DriverError::StmtParamsMismatch { .. } => Error::new(
            ErrorKind::Config,
            "FILTER_INVALID",
            "the statement holds a placeholder of its own",
        ),
        _ => Error::new(
            ErrorKind::Unavailable,
            "CONNECTION_LOST",
            "the connection broke, or the server answered out of turn",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: u16, code: &str, retryable: bool) {
        let error = of_server(number, "told");
        assert_eq!(
            (error.code, error.is_retryable()),
            (code, retryable),
            "{number}"
        );
        assert!(error.message.contains(&number.to_string()));
    }

    #[test]
    fn numbers_become_codes() {
        check(1045, "AUTH_FAILED", false);
        check(1044, "NO_RIGHT", false);
        check(1143, "NO_RIGHT", false);
        check(1049, "DATABASE_MISSING", false);
        check(1146, "TABLE_MISSING", false);
        check(1054, "COLUMN_MISSING", false);
        check(1040, "TOO_MANY_CONNECTIONS", true);
        check(1203, "TOO_MANY_CONNECTIONS", true);
        check(1205, "LOCK_TIMEOUT", true);
        check(1213, "DEADLOCK", true);
        check(1064, "FILTER_INVALID", false);
        check(3024, "STATEMENT_TIMEOUT", true);
        check(2013, "CONNECTION_LOST", true);
        check(9999, "SERVER_ERROR", false);
    }

    #[test]
    fn no_number_stands_in_two_lines() {
        let mut seen = std::collections::BTreeSet::new();
        for number in TABLE.iter().flat_map(|known| known.numbers) {
            assert!(seen.insert(number), "{number}");
        }
    }
}
