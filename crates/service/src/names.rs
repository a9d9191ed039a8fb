//! What things may be called.

use model::{Error, ErrorKind, Result};

/// The longest name of a project, a user, a data source.
pub const SHORT: usize = 64;
/// The longest name of a migration, a folder, a task.
pub const LONG: usize = 256;
/// What no name may hold.
const FORBIDDEN: [char; 9] = ['|', '/', '\\', ':', '?', '<', '>', '*', '"'];

/// Refuses a name that is blank, too long, or holds what no name may.
pub fn check(kind: &str, name: &str, longest: usize) -> Result<()> {
    let refuse = |why: String, hint: &str| {
        let message = format!("{why} cannot be the name of a {kind}");
        Err(Error::new(ErrorKind::Config, "BAD_NAME", message).hint(hint))
    };
    if name.trim().is_empty() {
        return refuse("nothing".to_owned(), "write at least one letter");
    }
    if name.trim() != name {
        return refuse(
            format!("{name:?} (blank at an end)"),
            "take the blanks away",
        );
    }
    let length = name.chars().count();
    if length > longest {
        let hint = format!("write at most {longest}");
        return refuse(format!("a text of {length} characters"), &hint);
    }
    let found = name
        .chars()
        .find(|c| FORBIDDEN.contains(c) || c.is_control());
    if let Some(found) = found {
        let hint = r#"leave out | / \ : ? < > * " and control characters"#;
        return refuse(format!("{name:?}, for its {found:?},"), hint);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_01_names_are_neither_blank_nor_long_nor_forbidden() {
        let check = |name: &str, expected: bool| {
            let answer = check("migration", name, LONG);
            assert_eq!(answer.is_ok(), expected, "{name:?}: {answer:?}");
        };
        check("shop to lake", true);
        check("店 → 湖", true);
        check(&"é".repeat(256), true);
        check(&"é".repeat(257), false);
        for name in ["", "  ", " a", "a ", "a\nb", "a\u{7f}"] {
            check(name, false);
        }
        for forbidden in FORBIDDEN {
            check(&format!("a{forbidden}b"), false);
        }
    }
}
