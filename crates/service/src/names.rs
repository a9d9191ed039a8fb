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
    // Joiners belong to words in Persian and to signs of several, and are nothing by themselves.
    if name
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, '\u{200c}' | '\u{200d}'))
    {
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
    if matches!(name, "." | "..") {
        return refuse(format!("{name:?}"), "write a letter besides");
    }
    if let Some(found) = name.chars().find(|c| is_unseen(*c)) {
        let why = format!("{name:?}, for its {found:?},");
        return refuse(
            why,
            "leave out characters that are not seen or that turn the text",
        );
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

/// Whether nothing is seen of it, or what follows is read in another direction: two names would look alike.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
        for name in [
            ".",
            "..",
            "\u{feff}",
            "a\u{200b}",
            "\u{202e}nimda",
            "a\u{2066}b",
            "\u{200d}",
        ] {
            check(name, false);
        }
        for name in ["...", ".a", "می\u{200c}خواهم", "👩\u{200d}🔧"] {
            check(name, true);
        }
        for forbidden in FORBIDDEN {
            check(&format!("a{forbidden}b"), false);
        }
    }
}
