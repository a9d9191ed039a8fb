//! `existing-tables: recreate`: tables that are there are dropped with all their rows and made anew.
//! Nothing of that happens without its confirmation: `migration.recreate` names exactly these tables.

use std::collections::BTreeSet;

use contract::WriteCapabilities;
use model::migration::{ExistingTables, MigrationSpec};
use model::plan::Partition;
use model::{Finding, TableName};

use crate::yaml;

const AT: &str = "migration.recreate";
/// How many tables a message names.
const NAMED: usize = 10;
/// How many tables the line to paste names.
const IN_LINE: usize = 50;

/// The tables that are there and would be made anew, and those that the file names.
#[derive(Debug, Default)]
pub(crate) struct Confirmation {
    there: BTreeSet<TableName>,
    named: Vec<TableName>,
    confirmed: BTreeSet<TableName>,
}

impl Confirmation {
    /// Of the tables at the destination that the migration writes to; empty where they are kept.
    pub(crate) fn new<'t>(
        spec: &MigrationSpec,
        namespace: &str,
        there: impl IntoIterator<Item = &'t TableName>,
    ) -> Self {
        if spec.existing_tables != ExistingTables::Recreate {
            return Self::default();
        }
        let named = spec.recreate.iter().map(|table| table.resolve(namespace));
        let named: Vec<TableName> = named.collect();
        Self {
            there: there.into_iter().cloned().collect(),
            confirmed: named.iter().cloned().collect(),
            named,
        }
    }

    /// The line that confirms all of them, as far as a line can: every table's finding has it.
    fn line(&self) -> String {
        let names: Vec<String> = self.there.iter().take(IN_LINE).map(yaml::table).collect();
        let more = match self.there.len() - names.len() {
            0 => String::new(),
            more => format!(" and the {more} others"),
        };
        format!("recreate: [{}]{more}", names.join(", "))
    }

    /// What concerns the whole: which tables go (requirement R4.03), and names that belong to none.
    pub(crate) fn findings(&self, write: WriteCapabilities) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.there.is_empty() {
            let first: Vec<String> = self
                .there
                .iter()
                .take(NAMED)
                .map(TableName::to_string)
                .collect();
            let more = match self.there.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message = format!(
                "dropped with all their rows and made anew, each when its load is committed: {}{more}; this file \
                 does so wherever it runs, in development and in production",
                first.join(", ")
            );
            let warning = Finding::warning("RECREATE", "migration.existing-tables", message);
            findings.push(match write.recreate {
                Some(consequence) => warning.hint(consequence),
                None => warning,
            });
        }
        let unknown = self
            .named
            .iter()
            .enumerate()
            .filter(|(_, name)| !self.there.contains(name));
        findings.extend(unknown.map(|(index, name)| {
            let message = format!("{name} is not among the tables that would be made anew");
            let at = format!("{AT}[{index}]");
            Finding::blocker("RECREATE_UNKNOWN", at, message)
                .hint(format!("name exactly those that would be: {}", self.line()))
        }));
        findings
    }

    /// What a person should know of one table before it is dropped; a blocker where the file does not
    /// name it.
    pub(crate) fn of_table(&self, there: &TableName, partition: Option<&Partition>) -> Finding {
        if !self.confirmed.contains(there) {
            let message = format!(
                "{there} is there and would be dropped with all its rows, which the file does not confirm"
            );
            return Finding::blocker("RECREATE_UNCONFIRMED", AT, message)
                .hint(format!("write {}, or existing-tables: keep", self.line()));
        }
        let partitions = match partition {
            Some(_) => ", in every partition,",
            None => "",
        };
        let message = format!("{there} is dropped with all its rows{partitions} and made anew");
        Finding::warning("RECREATE", there.to_string(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[test]
    fn thousands_of_unconfirmed_tables_share_a_short_line() {
        let spec = fake::spec(r#"{"existing-tables": "recreate"}"#);
        let there: Vec<TableName> = (0..10_000)
            .map(|index| TableName::new("s", format!("t{index:05}")))
            .collect();
        let confirmation = Confirmation::new(&spec, "s", &there);
        let hint = confirmation.of_table(&there[9_999], None).hint.unwrap();
        assert!(hint.contains("s.t00049] and the 9950 others"), "{hint}");
        let few = Confirmation::new(&spec, "s", &there[..50]);
        assert!(few.line().ends_with("s.t00049]"), "{}", few.line());
    }
}
