//! The codes that the product emits and the page that explains them: each is in both.

use std::collections::BTreeMap;

use crate::tree::SourceFile;

/// Where the page stands, and the same in Chinese.
pub(crate) const PAGE: &str = "docs/errors/README.md";
pub(crate) const CHINESE: &str = "docs/errors/README.zh.md";

/// Written like codes, and none.
const OTHER: [&str; 7] = [
    "MYSQL_ASYNC_BUFFER_SIZE_CAP",
    "CARGO_PKG_VERSION",
    "OUT_DIR",
    "FLUSH_TABLES",
    "NO_COLOR",
    "CURRENT_USER",
    "SQL_ASCII",
];

/// What stands before a code that is one word: the functions that take one.
const TAKERS: [&str; 9] = [
    "blocker(",
    "warning(",
    "note(",
    "Refusal::new(",
    "Misfit::new(",
    "Rejected(",
    "misfit(",
    "\"code\": ",
    ": &str = ",
];

/// Codes of the product that the page lacks, and codes of the page that the product lacks.
pub(crate) fn differences(sources: &[SourceFile], page: &str) -> Vec<String> {
    let emitted = emitted(sources);
    let explained: Vec<&str> = explained(page).collect();
    let mut wrong = Vec::new();
    for (code, place) in &emitted {
        if !explained.contains(&code.as_str()) {
            wrong.push(format!("{place}: {code} is not explained in {PAGE}"));
        }
    }
    for (index, code) in explained.iter().enumerate() {
        if !emitted.contains_key(*code) {
            wrong.push(format!("{PAGE}: {code} is emitted nowhere"));
        }
        if explained[..index].contains(code) {
            wrong.push(format!("{PAGE}: {code} is explained twice"));
        }
    }
    wrong
}

/// Where the page and the same in Chinese do not explain the same codes in the same order.
pub(crate) fn translated(page: &str, chinese: &str) -> Option<String> {
    let both: Vec<_> = explained(page).map(Some).chain([None]).collect();
    let found: Vec<_> = explained(chinese).map(Some).chain([None]).collect();
    let (expected, found) = both.iter().zip(&found).find(|(a, b)| a != b)?;
    let told = |code: &Option<&str>| code.map_or("its end".to_owned(), ToOwned::to_owned);
    Some(format!(
        "{CHINESE}: {} stands where {PAGE} has {}",
        told(found),
        told(expected)
    ))
}

/// Each code with the place where it is met first.
fn emitted(sources: &[SourceFile]) -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    for source in sources.iter().filter(|source| source.room() != "xtask") {
        for (number, line) in source.product() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for code in codes_in(line) {
                codes
                    .entry(code.to_owned())
                    .or_insert_with(|| format!("{}:{number}", source.path));
            }
        }
    }
    codes
}

/// The literals of a line that are codes: several words joined, or one word where a code is taken or
/// that has a line of its own, as an argument does.
fn codes_in(line: &str) -> impl Iterator<Item = &str> {
    let mut before = 0;
    line.split('"')
        .enumerate()
        .filter_map(move |(index, text)| {
            let start = before;
            before += text.len() + 1;
            let is_literal = index % 2 == 1;
            (is_literal && is_code(text, &line[..start - 1], &line[before - 1..])).then_some(text)
        })
}

fn is_code(text: &str, before: &str, after: &str) -> bool {
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) || !text.chars().all(upper) {
        return false;
    }
    if text.ends_with('_') {
        return false; // the beginning of codes
    }
    if text.contains('_') {
        return !OTHER.contains(&text) && !text.starts_with("GODWIT_");
    }
    let has_own_line = before.trim().is_empty() && after.trim() == "\",";
    let is_taken = TAKERS.iter().any(|taker| before.ends_with(taker)) || follows_kind(before);
    text.chars().all(|c| c.is_ascii_uppercase()) && (has_own_line || is_taken)
}

/// `ErrorKind::Conflict, ` and then the code.
fn follows_kind(before: &str) -> bool {
    let kind = before.trim_end_matches(", ").rsplit("ErrorKind::").next();
    before.contains("ErrorKind::")
        && before.ends_with(", ")
        && kind.is_some_and(|kind| kind.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The first cell of each line of the page's tables.
fn explained(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_other_words() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(codes_in(line).collect::<Vec<_>>(), expected, "{line}");
        };
        check(r#"Error::new(ErrorKind::Data, "A_B", "a text")"#, &["A_B"]);
        check(r#"Error::new(ErrorKind::Data, "STORE", m)"#, &["STORE"]);
        check(r#"    "BUSY","#, &["BUSY"]);
        check(r#"Finding::note("KIND", at, m)"#, &["KIND"]);
        check(r#"if error.code == "TABLE_LOCKED" {"#, &["TABLE_LOCKED"]);
        check(r#"LogicalType::Date => "DATE".to_owned(),"#, &[]);
        check(r#"    "XX001","#, &[]);
        check(r#"env::var("NO_COLOR")"#, &[]);
        check(r#"if code.starts_with("FILTER_") {"#, &[]);
    }

    #[test]
    fn what_is_not_translated_is_seen() {
        let page = "| `ONE` | a | b |\n| `TWO` | c | d |\n";
        assert_eq!(translated(page, page), None);
        assert!(
            translated(page, "| `ONE` | a | b |\n")
                .unwrap()
                .contains("its end stands where")
        );
        assert!(
            translated(page, "| `TWO` | c | d |\n")
                .unwrap()
                .contains("TWO stands where")
        );
        assert!(translated("", page).unwrap().contains("has its end"));
    }

    #[test]
    fn product_and_page_say_the_same() {
        let source = SourceFile {
            path: "crates/a/src/b.rs".to_owned(),
            text: "//! A.\nnote(\"ONE\");\nnote(\"TWO\");\n// note(\"NONE\")\n".to_owned(),
        };
        let page = "| code |\n| `ONE` | a | b |\n| `THREE` | c | d |\n| `ONE` | e | f |\n";
        assert_eq!(
            differences(&[source], page),
            [
                "crates/a/src/b.rs:3: TWO is not explained in docs/errors/README.md",
                "docs/errors/README.md: THREE is emitted nowhere",
                "docs/errors/README.md: ONE is explained twice",
            ]
        );
    }
}
