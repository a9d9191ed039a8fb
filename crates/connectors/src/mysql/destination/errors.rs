//! What the server's answers mean where rows are written. Messages that quote a value are not handed
//! on: they are replaced by what they say of the column.

use model::{Error, ErrorKind, Side};
use mysql_async::Error as Failure;

use crate::mysql::errors::{number, translate};

/// The failure in the product's words.
pub(super) fn failed(failure: Failure) -> Error {
    let Failure::Server(server) = &failure else {
        return translate(failure).on(Side::Destination);
    };
    match known(server.code, &server.message) {
        Some(error) => error.on(Side::Destination).caused_by(failure),
        None => {
            let mut error = translate(failure).on(Side::Destination);
            if error.code == "FILTER_INVALID" {
                error.code = "SERVER_ERROR";
                error.kind = ErrorKind::Unsupported;
            }
            error
        }
    }
}

fn known(number: u16, message: &str) -> Option<Error> {
    let quoted = format!("{message} (error {number})");
    Some(match number {
        1044 | 1142 | 1143 | 1227 | 1370 => Error::new(ErrorKind::Auth, "NO_RIGHT", quoted)
            .hint("grant the user what the manual of this destination lists"),
        1062 => Error::new(
            ErrorKind::Data,
            "UNIQUE_VIOLATED",
            format!("two rows have the same unique key{}", of_key(message)),
        )
        .hint("the destination compares by the collation of its columns; look for such rows, or drop the key there"),
        1048 | 1264 | 1265 | 1292 | 1366 | 1406 | 3140 => Error::new(
            ErrorKind::Data,
            "VALUE_REFUSED",
            format!("the server refused a value{} (error {number})", of_column(message)),
        )
        .hint("nothing was committed; compare the column there with what comes for it"),
        3819 | 4025 => Error::new(ErrorKind::Data, "CONSTRAINT_VIOLATED", quoted)
            .hint("a check of the table refuses a row; nothing was committed"),
        1451 | 1452 | 1217 | 1216 => Error::new(
            ErrorKind::Data,
            "FOREIGN_KEY_VIOLATED",
            format!("a foreign key of the destination stands against it (error {number})"),
        )
        .hint("write the tables that it joins in their order, use loading-policy: update, or drop the key there"),
        1021 | 1114 => Error::new(ErrorKind::Unavailable, "DISK_FULL", quoted)
            .hint("make room at the server"),
        1290 | 1792 | 1836 => Error::new(ErrorKind::Unsupported, "READ_ONLY", quoted)
            .hint("name the server that takes writes"),
        1050 => Error::new(ErrorKind::Conflict, "TABLE_APPEARED", quoted)
            .hint("plan again: the table is there now"),
        1070 | 1071 | 1113 | 1117 | 1118 | 1170 | 1059 => {
            Error::new(ErrorKind::Unsupported, "TABLE_LIMIT", quoted).hint(
                "the server takes no table, row or key of this size; leave columns out, or read them as another type",
            )
        }
        _ => return None,
    })
}

/// ` PRIMARY` of `Duplicate entry '3' for key 'PRIMARY'`.
fn of_key(message: &str) -> String {
    let key = message.rsplit_once(" for key ").map(|(_, key)| key);
    key.map(|key| format!(" ({key})")).unwrap_or_default()
}

/// ` of column …` of `Incorrect string value: '…' for column `a`.`b`.`c` at row 1`.
fn of_column(message: &str) -> String {
    let Some((_, column)) = message.rsplit_once("olumn ") else {
        return String::new();
    };
    let column = column.split(" at row ").next().unwrap_or_default();
    let column = column.split(" cannot be null").next().unwrap_or_default();
    format!(" of column {column}")
}

/// The name of the unique key that the failure speaks of, as the server prints it.
pub(super) fn violated_key(failure: &Failure) -> Option<String> {
    let Failure::Server(server) = failure else {
        return None;
    };
    let (_, key) = server.message.rsplit_once(" for key ")?;
    let key = key.trim_matches('\'');
    // MySQL 8 puts the table before it.
    let key = key.rsplit_once('.').map_or(key, |(_, key)| key);
    (server.code == 1062).then(|| key.to_owned())
}

/// Whether the server said no; else nobody knows how far it came.
pub(super) fn is_refusal(failure: &Failure) -> bool {
    const GOING: [u16; 6] = [1053, 1077, 1079, 1927, 2006, 2013];
    number(failure).is_some_and(|number| !GOING.contains(&number))
}

/// Whether a RENAME was refused before it began. Any other number leaves open how far it came: where the server
/// is short of room, is told to stop, or breaks, it may have renamed and not said so.
pub(super) fn rename_refused(failure: &Failure) -> bool {
    const REFUSED: [u16; 23] = [
        1044, 1049, 1050, 1051, 1064, 1100, 1103, 1142, 1143, 1146, 1192, 1205, 1213, 1217, 1223,
        1227, 1290, 1347, 1370, 1451, 1792, 1836, 3730,
    ];
    number(failure).is_some_and(|number| REFUSED.contains(&number))
}

#[cfg(test)]
mod tests {
    use mysql_async::ServerError;

    use super::*;

    fn server(code: u16, message: &str) -> Failure {
        Failure::Server(ServerError {
            code,
            message: message.to_owned(),
            state: "HY000".to_owned(),
        })
    }

    fn check(code: u16, message: &str, expected: &str, shown: &str) {
        let error = failed(server(code, message));
        assert_eq!((error.code, error.side), (expected, Side::Destination));
        assert!(error.message.contains(shown), "{}", error.message);
        assert!(!error.message.contains("secret"), "{}", error.message);
    }

    #[test]
    fn values_are_not_quoted() {
        check(
            1062,
            "Duplicate entry 'secret' for key 'PRIMARY'",
            "UNIQUE_VIOLATED",
            "'PRIMARY'",
        );
        check(
            1366,
            "Incorrect string value: 'secret' for column `a`.`t`.`c` at row 7",
            "VALUE_REFUSED",
            "column `a`.`t`.`c`",
        );
        check(
            1406,
            "Data too long for column 'c' at row 1",
            "VALUE_REFUSED",
            "column 'c'",
        );
        check(1142, "CREATE command denied", "NO_RIGHT", "denied");
        check(1064, "near", "SERVER_ERROR", "near");
        check(1205, "Lock wait timeout", "LOCK_TIMEOUT", "Lock wait");
        check(1213, "Deadlock found", "DEADLOCK", "Deadlock");
    }

    #[test]
    fn only_a_true_refusal_says_that_nothing_was_renamed() {
        for (code, expected) in [
            (1205, true),
            (1213, true),
            (1050, true),
            (1146, true),
            (1142, true),
            (1025, false),
            (1021, false),
            (1030, false),
            (1180, false),
            (1317, false),
            (1969, false),
            (3024, false),
            (2013, false),
            (1105, false),
        ] {
            assert_eq!(rename_refused(&server(code, "told")), expected, "{code}");
        }
    }

    #[test]
    fn a_server_that_goes_away_has_refused_nothing() {
        assert!(is_refusal(&server(1050, "exists")));
        assert!(!is_refusal(&server(1053, "shutdown")));
        assert_eq!(
            violated_key(&server(1062, "Duplicate entry '3' for key 't.PRIMARY'")),
            Some("PRIMARY".to_owned())
        );
        assert_eq!(violated_key(&server(1050, "for key 'x'")), None);
    }
}
