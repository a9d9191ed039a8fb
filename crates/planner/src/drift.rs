//! The source compared with the last successful run: columns by name with their types, and the key.
//! Columns that are left out now do not count, on either side.

use std::collections::BTreeSet;

use model::migration::Drift;
use model::shape::ColumnShape;
use model::{Finding, LastShape, NativeTable, TableShape};

use crate::match_columns::Choices;

/// How many differences a message tells.
const TOLD: usize = 8;

/// What differs, and what comes of it.
#[derive(Debug, Default)]
pub(crate) struct Drifted {
    /// A blocker where it may not be so; none where nothing differs.
    pub(crate) finding: Option<Finding>,
    /// Source columns that are new and may be added at the destination.
    pub(crate) added: BTreeSet<String>,
}

/// Compares `table` with what is remembered of it.
pub(crate) fn compare(
    last: Option<&LastShape>,
    table: &NativeTable,
    choices: Choices<'_>,
    policy: Drift,
) -> Drifted {
    let now = TableShape::of(table);
    match last {
        None => Drifted::default(),
        Some(LastShape::Fingerprint(hash)) if *hash == table.fingerprint() => Drifted::default(),
        Some(LastShape::Fingerprint(_)) => unknown(table, policy),
        Some(LastShape::Known(last)) => {
            let left_out = |name: &str| {
                choices
                    .and_then(|(_, choices)| choices.get(name))
                    .is_some_and(|choice| choice.skip)
            };
            let differences = Differences::between(last, &now, left_out);
            differences.judged(table, policy)
        }
    }
}

/// The run before kept no list of columns.
fn unknown(table: &NativeTable, policy: Drift) -> Drifted {
    let at = table.name.to_string();
    let message = format!(
        "{at} has other columns, types or keys than in the last successful run, which kept no list of them"
    );
    let finding = match policy {
        Drift::Ignore => Finding::note("DRIFT", at, message),
        Drift::Fail | Drift::AddColumns => Finding::blocker("DRIFT", at, message).hint(
            "if that is meant, write drift: ignore for one run; from then on the differences are told",
        ),
    };
    Drifted {
        finding: Some(finding),
        added: BTreeSet::new(),
    }
}

/// What differs between two shapes of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// Names of columns that are new.
    added: BTreeSet<String>,
    /// Everything that differs, a line each.
    pub(crate) lines: Vec<String>,
}

impl Differences {
    /// Of two shapes, columns that are left out apart.
    pub(crate) fn between(
        last: &TableShape,
        now: &TableShape,
        left_out: impl Fn(&str) -> bool,
    ) -> Self {
        let mut found = Self::default();
        let counts = |column: &&ColumnShape| !left_out(&column.name);
        for column in now.columns.iter().filter(counts) {
            match last.column(&column.name) {
                Some(before) => found.column(before, column),
                None => {
                    found.added.insert(column.name.clone());
                    let (name, type_text) = (&column.name, &column.type_text);
                    found
                        .lines
                        .push(format!("column {name} is new: {type_text}"));
                }
            }
        }
        for column in last.columns.iter().filter(counts) {
            if now.column(&column.name).is_none() {
                let (name, type_text) = (&column.name, &column.type_text);
                found
                    .lines
                    .push(format!("column {name} is gone: {type_text}"));
            }
        }
        if last.primary_key != now.primary_key {
            let (before, after) = (key(&last.primary_key), key(&now.primary_key));
            found
                .lines
                .push(format!("the primary key was {before} and is {after}"));
        }
        if last.kind != now.kind {
            let (before, after) = (last.kind.words(), now.kind.words());
            found
                .lines
                .push(format!("it was a {before} and is a {after}"));
        }
        found
    }

    fn column(&mut self, before: &ColumnShape, now: &ColumnShape) {
        let name = &now.name;
        if before.type_text != now.type_text {
            let (before, now) = (&before.type_text, &now.type_text);
            self.lines
                .push(format!("column {name} was {before} and is {now}"));
        }
        match (before.nullable, now.nullable) {
            (false, true) => self.lines.push(format!("column {name} may be null now")),
            (true, false) => self
                .lines
                .push(format!("column {name} may not be null any more")),
            _ => {}
        }
    }

    fn judged(self, table: &NativeTable, policy: Drift) -> Drifted {
        if self.lines.is_empty() {
            return Drifted::default();
        }
        let at = table.name.to_string();
        let message = format!("{at} differs from the last successful run: {}", self.told());
        let only_added = self.lines.len() == self.added.len();
        let (finding, added) = match policy {
            Drift::Ignore => (Finding::note("DRIFT", at, message), BTreeSet::new()),
            Drift::AddColumns if only_added => (Finding::note("DRIFT", at, message), self.added),
            Drift::AddColumns => {
                let hint = "only new columns are taken by drift: add-columns; if the rest is meant, too, \
                            write drift: ignore; columns of a table that is there must still fit";
                (
                    Finding::blocker("DRIFT", at, message).hint(hint),
                    BTreeSet::new(),
                )
            }
            Drift::Fail => {
                let hint = if only_added {
                    "write drift: add-columns to add them at the destination, leave them out by \
                     each[].columns: { …: { skip: true } }, or write drift: ignore"
                } else {
                    "if that is meant, write drift: ignore; columns of a table that is there must still fit"
                };
                (
                    Finding::blocker("DRIFT", at, message).hint(hint),
                    BTreeSet::new(),
                )
            }
        };
        Drifted {
            finding: Some(finding),
            added,
        }
    }

    /// The first few lines in one.
    fn told(&self) -> String {
        let first: Vec<&str> = self.lines.iter().take(TOLD).map(String::as_str).collect();
        match self.lines.len().saturating_sub(TOLD) {
            0 => first.join("; "),
            more => format!("{}; and {more} more", first.join("; ")),
        }
    }
}

fn key(columns: &[String]) -> String {
    if columns.is_empty() {
        return "none".to_owned();
    }
    format!("({})", columns.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::migration::ColumnChoice;

    use super::*;
    use crate::fake;

    const BEFORE: [&str; 3] = ["id int!", "note text", "amount money"];

    fn check(columns: &[&str], policy: Drift, expected: Option<(bool, &str)>) -> Drifted {
        let last = LastShape::Known(TableShape::of(&fake::described("t", &BEFORE)));
        let now = fake::described("t", columns);
        let drifted = compare(Some(&last), &now, None, policy);
        let found = drifted.finding.as_ref().map(|finding| {
            let (_, told) = finding.message.split_once(": ").unwrap_or_default();
            (finding.is_blocker(), told.to_owned())
        });
        let expected = expected.map(|(blocks, told)| (blocks, told.to_owned()));
        assert_eq!(found, expected, "{columns:?} under {policy:?}");
        drifted
    }

    #[test]
    fn the_same_columns_in_another_order_are_no_drift() {
        let other_order = ["id int!", "amount money", "note text"];
        for policy in [Drift::Fail, Drift::AddColumns, Drift::Ignore] {
            check(&BEFORE, policy, None);
            check(&other_order, policy, None);
        }
    }

    #[test]
    fn what_differs_is_told_by_name() {
        let now = ["id bigint", "more text!", "note text!"];
        let told = "column id was int and is bigint; column id may be null now; column more is new: text; \
                    column note may not be null any more; column amount is gone: money";
        check(&now, Drift::Fail, Some((true, told)));
        check(&now, Drift::AddColumns, Some((true, told)));
        check(&now, Drift::Ignore, Some((false, told)));
        let key = ["note text", "id int!", "amount money"];
        let told = "the primary key was (id) and is (note)";
        check(&key, Drift::AddColumns, Some((true, told)));
    }

    #[test]
    fn new_columns_alone_may_be_added() {
        let now = ["id int!", "note text", "amount money", "more int!"];
        let told = "column more is new: int";
        assert!(
            check(&now, Drift::Fail, Some((true, told)))
                .added
                .is_empty()
        );
        let drifted = check(&now, Drift::AddColumns, Some((false, told)));
        assert_eq!(drifted.added, BTreeSet::from(["more".to_owned()]));
        let ignored = check(&now, Drift::Ignore, Some((false, told)));
        assert!(ignored.added.is_empty());
    }

    #[test]
    fn columns_left_out_do_not_count() {
        let last = LastShape::Known(TableShape::of(&fake::described("t", &BEFORE)));
        let now = fake::described("t", &["id int!", "note xml", "amount money", "more int"]);
        let skip = ColumnChoice {
            skip: true,
            ..ColumnChoice::default()
        };
        let choices = ["note", "more"].map(|name| (name.to_owned(), skip.clone()));
        let choices = BTreeMap::from(choices);
        let drifted = compare(Some(&last), &now, Some((0, &choices)), Drift::Fail);
        assert!(drifted.finding.is_none(), "{drifted:?}");
    }

    #[test]
    fn a_fingerprint_alone_tells_that_something_differs() {
        let table = fake::described("t", &BEFORE);
        let same = LastShape::Fingerprint(table.fingerprint());
        assert!(
            compare(Some(&same), &table, None, Drift::Fail)
                .finding
                .is_none()
        );
        let other = LastShape::Fingerprint("other".to_owned());
        for (policy, blocks) in [
            (Drift::Fail, true),
            (Drift::AddColumns, true),
            (Drift::Ignore, false),
        ] {
            let finding = compare(Some(&other), &table, None, policy).finding;
            assert_eq!(finding.map(|finding| finding.is_blocker()), Some(blocks));
        }
    }

    #[test]
    fn of_many_differences_the_first_are_told() {
        let columns: Vec<String> = (0..20).map(|number| format!("c{number} int")).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let last = TableShape::of(&fake::described("t", &["id int!"]));
        let now = fake::described("t", &columns);
        let differences = Differences::between(&last, &TableShape::of(&now), |_| false);
        assert_eq!(differences.lines.len(), 22);
        assert!(differences.told().ends_with("; and 14 more"));
    }
}
