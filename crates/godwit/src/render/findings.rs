//! Findings and errors as lines: `warning[CODE] at path (line 12, column 5): message`, the way out
//! below.

use model::table::escape_controls;
use model::{Error, Finding, Severity};

/// Colours by what they mean; empty texts where there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette(bool);

impl Palette {
    pub(crate) fn new(colour: bool) -> Self {
        Self(colour)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("31;1", text)
    }

    pub(crate) fn doubtful(self, text: &str) -> String {
        self.paint("33;1", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32;1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// All findings, one below the other.
pub(crate) fn findings<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
    palette: Palette,
) -> String {
    findings
        .into_iter()
        .map(|found| finding(found, palette))
        .collect()
}

fn finding(finding: &Finding, palette: Palette) -> String {
    let weight = match finding.severity {
        Severity::Note => "note".to_owned(),
        Severity::Warning => palette.doubtful("warning"),
        Severity::Blocker => palette.bad("error"),
    };
    let mut place = String::new();
    if !finding.at.is_empty() {
        place = format!(" at {}", escape_controls(&finding.at));
    }
    if let Some(position) = finding.position {
        place.push_str(&format!(
            " (line {}, column {})",
            position.line, position.column
        ));
    }
    let message = escape_controls(&finding.message);
    let line = format!("{weight}[{}]{place}: {message}\n", finding.code);
    line + &hint(&finding.code, finding.hint.as_deref())
}

/// An error, with the way out.
pub(crate) fn error(error: &Error, palette: Palette) -> String {
    let message = escape_controls(&error.message);
    let line = format!("{}[{}]: {message}\n", palette.bad("error"), error.code);
    line + &hint(error.code, error.hint.as_deref())
}

/// The way out, and the command that goes it: what is found knows of no terminal.
pub(super) fn hint(code: &str, hint: Option<&str>) -> String {
    let Some(hint) = hint else {
        return String::new();
    };
    let command = match code {
        "WRONG_TYPE" => "; godwit check --schema tells what each key takes",
        "TABLE_NOT_FOUND" | "EMPTY_SELECTION" | "GLOB_MATCHES_NOTHING" => {
            "; godwit source tables shows it"
        }
        "TOO_MANY_REJECTED" => "; godwit runs rejected shows them",
        "COMMIT_UNKNOWN" | "TIMED_OUT" => "; godwit run --resume goes on with it",
        _ => "",
    };
    format!("  hint: {}{command}\n", escape_controls(hint))
}

#[cfg(test)]
mod tests {
    use model::finding::Position;

    use super::*;

    #[test]
    fn the_way_out_has_its_command() {
        let told = |code: &str| hint(code, Some("look"));
        assert_eq!(told("LOSSY"), "  hint: look\n");
        assert!(told("TOO_MANY_REJECTED").ends_with("; godwit runs rejected shows them\n"));
        assert_eq!(hint("DISK_FULL", None), "");
    }

    #[test]
    fn a_finding_names_its_place_and_the_way_out() {
        let mut finding = Finding::warning("LOSSY", "migration.each[0]", "a\tb").hint("do this");
        finding.position = Some(Position {
            line: 12,
            column: 5,
        });
        let expected =
            "warning[LOSSY] at migration.each[0] (line 12, column 5): a\\u{9}b\n  hint: do this\n";
        assert_eq!(findings([&finding], Palette::new(false)), expected);
        let painted = findings([&finding], Palette::new(true));
        assert!(painted.starts_with("\u{1b}[33;1mwarning\u{1b}[0m[LOSSY]"));
    }
}
