//! Preparation and completion statements: one statement each, that leaves the transaction to us.

use model::Finding;
use model::migration::Statements;

use crate::parameters::{Parameters, Place};

/// The target table, qualified and quoted.
pub(crate) const TARGET_TABLE: &str = "target_table";
/// Its schema, quoted.
pub(crate) const TARGET_SCHEMA: &str = "target_schema";

/// So many statements of each kind are enough for anybody.
const MOST: usize = 100;

/// Words that begin or end a transaction, in SQL and its dialects.
const OF_TRANSACTIONS: [&str; 11] = [
    "abort",
    "begin",
    "chain",
    "commit",
    "end",
    "prepare",
    "release",
    "rollback",
    "savepoint",
    "set",
    "start",
];

/// What can be told of them without their table.
pub(super) fn check(statements: &Statements, parameters: &Parameters, findings: &mut Vec<Finding>) {
    let parameters = parameters
        .with(TARGET_TABLE, "t".to_owned())
        .with(TARGET_SCHEMA, "s".to_owned());
    for (key, texts) in [("before", &statements.before), ("after", &statements.after)] {
        let at = format!("migration.statements.{key}");
        if texts.len() > MOST {
            let message = format!("{} statements are given", texts.len());
            let finding = Finding::blocker("OUT_OF_RANGE", &at, message);
            findings.push(finding.hint(format!("write at most {MOST}")));
            continue;
        }
        for (index, text) in texts.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let Some(word) = first_word(text) else {
                let finding = Finding::blocker("EMPTY_STATEMENT", &at, "the statement is blank");
                findings.push(finding.hint("leave it out"));
                continue;
            };
            if OF_TRANSACTIONS.contains(&word.as_str()) {
                let message = format!(
                    "a statement that begins with {word} reaches beyond the step that publishes the rows"
                );
                let finding = Finding::blocker("STATEMENT_OF_TRANSACTION", &at, message);
                findings.push(
                    finding.hint("leave it out: the statements and the rows are one transaction"),
                );
            }
            if let Err(more) = parameters.expand_in(text, &at, Place::Condition) {
                findings.extend(more);
            }
        }
    }
}

/// The first word of a statement in lower case, comments left out; none where there is nothing else.
fn first_word(text: &str) -> Option<String> {
    let mut rest = text.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment
                .split_once('\n')
                .map_or("", |(_, after)| after)
                .trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = after_comment(comment).trim_start();
        } else {
            break;
        }
    }
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let word: String = rest.chars().take_while(|letter| is_word(*letter)).collect();
    match (word.is_empty(), rest.is_empty() || rest.starts_with(';')) {
        (true, true) => None,
        _ => Some(word.to_lowercase()),
    }
}

/// What comes after a comment that has begun; comments may stand in comments.
fn after_comment(text: &str) -> &str {
    let (mut depth, mut rest) = (1, text);
    while depth > 0 {
        let (open, close) = (rest.find("/*"), rest.find("*/"));
        match (open, close) {
            (Some(open), Some(close)) if open < close => {
                depth += 1;
                rest = &rest[open + 2..];
            }
            (_, Some(close)) => {
                depth -= 1;
                rest = &rest[close + 2..];
            }
            (_, None) => return "",
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn codes(before: &str) -> Vec<String> {
        let statements = Statements {
            before: vec![before.to_owned()],
            after: Vec::new(),
        };
        let parameters = Parameters::new("20230330", &BTreeMap::new()).unwrap();
        let mut findings = Vec::new();
        check(&statements, &parameters, &mut findings);
        findings.into_iter().map(|one| one.code).collect()
    }

    #[test]
    fn a_statement_does_not_end_the_transaction() {
        let ok = "DELETE FROM ${target_table} WHERE ds = '${bizdate}'";
        assert!(codes(ok).is_empty());
        assert_eq!(codes("-- nothing\n"), ["EMPTY_STATEMENT"]);
        assert_eq!(codes(" ;"), ["EMPTY_STATEMENT"]);
        for hidden in [
            "COMMIT",
            " commit;",
            "/* a /* b */ c */ CoMMit",
            "--x\nROLLBACK",
            "End",
        ] {
            assert_eq!(codes(hidden), ["STATEMENT_OF_TRANSACTION"], "{hidden}");
        }
        assert_eq!(codes("DELETE FROM ${targt_table}"), ["UNKNOWN_PARAMETER"]);
    }
}
