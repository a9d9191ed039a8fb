//! What a server says, made fit to be shown: it may be anybody's words.

use model::table::escape_controls;

/// So many characters are enough to know what is wrong.
const LONGEST: usize = 1_000;

/// A server's message as the start of one of ours: on one line, without what steers terminals or turns the reading
/// direction, and not longer than a person reads.
pub(crate) fn said(message: &str) -> String {
    let mut shown: String = message
        .trim_end_matches('.')
        .chars()
        .take(LONGEST)
        .collect();
    if shown.len() < message.trim_end_matches('.').len() {
        shown.push('…');
    }
    escape_controls(&shown.replace("\r\n", " ").replace(['\n', '\r', '\t'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_stays_on_its_line_and_short() {
        assert_eq!(
            said("no such table.\r\nLINE 1: x"),
            "no such table. LINE 1: x"
        );
        assert_eq!(said("no such table."), "no such table");
        assert_eq!(
            said("\u{1b}[31mred\u{7} \u{202e}x"),
            "\\u{1b}[31mred\\u{7} \\u{202e}x"
        );
        let long = said(&"é".repeat(2_000_000));
        assert_eq!(
            (long.chars().count(), long.chars().last()),
            (LONGEST + 1, Some('…'))
        );
    }
}
