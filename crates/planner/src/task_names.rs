//! Requirement R6: what a migration's tasks are called once it is published, one task for each table and
//! part of the method. The system's own naming is `migration.schema.table`; a rule of the person's own
//! replaces it. The same spec gives a table the same name, whatever other tables there are.

use std::collections::{BTreeMap, BTreeSet};

use model::migration::{MethodKind, MigrationSpec};
use model::plan::Part;
use model::{Finding, TableName};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::digest;
use crate::parameters::{Piece, Reference, pieces};
use crate::slips::nearest_hint;
use crate::validate::{
    LONGEST_EXPANDED, LONGEST_NAME, NAMES_SAID, is_forbidden_in_names, name_faults,
};

const AT: &str = "migration.task-names";
/// The longest of what tells the two tasks of a table apart: the system's own names leave room for it.
const LONGEST_SUFFIX: usize = "_one_time".len();
const HASH_DIGITS: usize = 6;

/// A name that a rule may hold as `${name}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// Without dollar and braces.
    pub name: &'static str,
    /// What it becomes, for a person.
    pub description: &'static str,
}

/// All that a rule may hold.
pub const TASK_NAME_METADATA: [Metadata; 9] = [
    Metadata {
        name: "source_data_source_type",
        description: "the type of the source, such as MySQL",
    },
    Metadata {
        name: "target_data_source_type",
        description: "the type of the destination, such as PostgreSQL",
    },
    Metadata {
        name: "source_data_source_name",
        description: "the name of the source's data source",
    },
    Metadata {
        name: "target_data_source_name",
        description: "the name of the destination's data source",
    },
    Metadata {
        name: "source_schema",
        description: "the schema, or database, of the source table",
    },
    Metadata {
        name: "source_table_name",
        description: "the source table, without its schema",
    },
    Metadata {
        name: "target_table_name",
        description: "the table at the destination; no two tables of a migration share it",
    },
    Metadata {
        name: "migration_name",
        description: "the name of the migration",
    },
    Metadata {
        name: "method",
        description: "daily or one_time; a rule with it needs no suffix for daily and one-time",
    },
];

/// What one task is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskName {
    /// The source table that it moves.
    pub source: TableName,
    /// The part of the method that it carries out.
    pub part: Part,
    /// Its name.
    pub name: String,
}

/// What all tasks are called, and what stands against it. All findings are blockers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskNames {
    /// One for each table and part, in the order of the tables; none of a table that is refused, and
    /// none at all where the rule is.
    pub tasks: Vec<TaskName>,
    /// Against the rule: at `migration.task-names`.
    pub of_rule: Vec<Finding>,
    /// Against single tables, which get no legal name.
    pub of_tables: Vec<(TableName, Finding)>,
}

/// The text that a person's own rule starts as, of the titles of both connectors:
/// `MySQL2Oracle_${source_table_name}`.
pub fn default_task_rule(source_title: &str, target_title: &str) -> String {
    let (source, target) = (type_word(source_title), type_word(target_title));
    format!("{source}2{target}_${{source_table_name}}")
}

/// What the tasks of these tables, each with its name at the destination, are called. The titles are
/// those of both connectors.
pub fn task_names(
    spec: &MigrationSpec,
    source_title: &str,
    target_title: &str,
    tables: &[(TableName, TableName)],
) -> TaskNames {
    let naming = Naming::new(spec, source_title, target_title);
    let mut names = TaskNames {
        of_rule: naming.check(),
        ..TaskNames::default()
    };
    if !names.of_rule.is_empty() {
        return names;
    }
    for table in tables {
        let tasks = naming.tasks(table);
        match tasks.iter().find_map(|task| naming.fault(task)) {
            Some(finding) => names.of_tables.push((table.0.clone(), finding)),
            None => names.tasks.extend(tasks),
        }
    }
    names.of_rule.extend(naming.shared_name(&names.tasks));
    if !names.of_rule.is_empty() {
        names.tasks.clear();
    }
    names
}

/// What the tasks of the list's first table would be called, for a form to show while the rule is
/// edited; or what stands against it.
pub fn preview_task_names(
    spec: &MigrationSpec,
    source_title: &str,
    target_title: &str,
    first: &(TableName, TableName),
) -> Result<Vec<TaskName>, Vec<Finding>> {
    let first = std::slice::from_ref(first);
    let names = task_names(spec, source_title, target_title, first);
    let of_table = names.of_tables.into_iter().map(|(_, finding)| finding);
    let findings: Vec<Finding> = names.of_rule.into_iter().chain(of_table).collect();
    if findings.is_empty() {
        Ok(names.tasks)
    } else {
        Err(findings)
    }
}

/// What is wrong with the rule, whatever the connectors and the tables are called.
pub(crate) fn check_rule(spec: &MigrationSpec) -> Vec<Finding> {
    Naming::new(spec, "", "").check()
}

/// What is the same for all tables.
struct Naming<'a> {
    rule: Option<&'a str>,
    kind: MethodKind,
    migration: &'a str,
    source_type: String,
    target_type: String,
    source_name: &'a str,
    target_name: &'a str,
}

impl<'a> Naming<'a> {
    fn new(spec: &'a MigrationSpec, source_title: &str, target_title: &str) -> Self {
        Self {
            rule: spec.task_names.as_deref(),
            kind: spec.method.kind,
            migration: &spec.name,
            source_type: type_word(source_title),
            target_type: type_word(target_title),
            source_name: &spec.source.data_source,
            target_name: &spec.destination.data_source,
        }
    }

    fn check(&self) -> Vec<Finding> {
        let Some(rule) = self.rule else {
            return Vec::new();
        };
        if rule.trim().is_empty() {
            let finding = Finding::blocker("BAD_TASK_NAME", AT, "the rule is blank");
            return vec![finding.hint("leave it out for the system's own naming")];
        }
        let length = rule.chars().count();
        if length > LONGEST_EXPANDED {
            let message = format!("the rule has {length} characters");
            let finding = Finding::blocker("BAD_TASK_NAME", AT, message);
            return vec![finding.hint(format!("write at most {LONGEST_EXPANDED}"))];
        }
        let mut findings: Vec<Finding> = pieces(rule).iter().filter_map(unknown).collect();
        let fixed = expand(rule, |name| self.fixed(name).unwrap_or_default());
        let faults = name_faults(&fixed).into_iter();
        findings.extend(faults.filter(|_| !fixed.trim().is_empty()).map(|fault| {
            let message = format!("the rule {fault}, whatever the table is called");
            Finding::blocker("BAD_TASK_NAME", AT, message).hint(NAMES_SAID)
        }));
        findings
    }

    /// What a placeholder becomes for all tables alike.
    fn fixed(&self, name: &str) -> Option<&str> {
        match name {
            "source_data_source_type" => Some(&self.source_type),
            "target_data_source_type" => Some(&self.target_type),
            "source_data_source_name" => Some(self.source_name),
            "target_data_source_name" => Some(self.target_name),
            "migration_name" => Some(self.migration),
            _ => None,
        }
    }

    /// The table's tasks, their names legal or not.
    fn tasks(&self, (source, target): &(TableName, TableName)) -> Vec<TaskName> {
        let several = self.kind == MethodKind::DailyAndOneTime;
        let named = |part: Part| {
            let (mut name, told_apart) = match self.rule {
                None => (self.of_system(source), false),
                Some(rule) => {
                    let name = expand(rule, |name| match name {
                        "source_schema" => &source.schema,
                        "source_table_name" => &source.table,
                        "target_table_name" => &target.table,
                        "method" => word(part),
                        name => self.fixed(name).unwrap_or_default(),
                    });
                    (name, tells_parts_apart(rule))
                }
            };
            if several && !told_apart {
                name.push('_');
                name.push_str(word(part));
            }
            TaskName {
                source: source.clone(),
                part,
                name,
            }
        };
        self.kind.parts().map(named).collect()
    }

    /// `migration.schema.table`. Where that is no legal name, or could be another table's as well, what
    /// is illegal becomes `_` and a hash of all three is put behind.
    fn of_system(&self, table: &TableName) -> String {
        let parts = [self.migration, &table.schema, &table.table];
        let written: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let written = written.join(".");
        let legal: String = written
            .chars()
            .map(|c| if is_forbidden_in_names(c) { '_' } else { c })
            .collect();
        let longest = LONGEST_NAME - LONGEST_SUFFIX;
        let has_dot = |text: &str| text.contains('.');
        let ambiguous = has_dot(&table.schema)
            || has_dot(&table.table)
            || (table.schema.is_empty() && has_dot(self.migration));
        if legal == written && !ambiguous && legal.chars().count() <= longest {
            return legal;
        }
        let mut hash = digest::hex(&Sha256::digest(parts.join("\0").as_bytes()));
        hash.truncate(HASH_DIGITS);
        let kept: String = legal.chars().take(longest - 1 - HASH_DIGITS).collect();
        format!("{kept}_{hash}")
    }

    /// Why the name cannot be.
    fn fault(&self, task: &TaskName) -> Option<Finding> {
        let faults = name_faults(&task.name);
        if faults.is_empty() {
            return None;
        }
        let mut shown: String = task.name.chars().take(60).collect();
        if shown.len() < task.name.len() {
            shown.push('…');
        }
        let message = format!("the task name {shown:?} {}", faults.join(" and "));
        let hint = match self.rule {
            Some(_) => format!(
                "write ${{target_table_name}}, which is legal, into {AT}: a name has {NAMES_SAID}"
            ),
            None => NAMES_SAID.to_owned(),
        };
        let finding = Finding::blocker("BAD_TASK_NAME", task.source.to_string(), message);
        Some(finding.hint(hint))
    }

    /// Requirement R6.03: a rule that gives two tables one name; names that differ in case alone are one.
    /// The system's own naming tells tables apart by itself.
    fn shared_name(&self, tasks: &[TaskName]) -> Option<Finding> {
        self.rule?;
        let mut by_name: BTreeMap<String, Vec<&TaskName>> = BTreeMap::new();
        for task in tasks {
            by_name
                .entry(task.name.to_lowercase())
                .or_default()
                .push(task);
        }
        by_name.retain(|_, tasks| tasks.len() > 1);
        let tables: BTreeSet<&TableName> = by_name
            .values()
            .flatten()
            .map(|task| &task.source)
            .collect();
        let [one, other, ..] = by_name.values().next()?.as_slice() else {
            return None;
        };
        let mut message = format!(
            "the rule gives {} and {} one name, {:?}",
            one.source, other.source, one.name
        );
        if one.name != other.name {
            message.push_str(&format!(
                " and {:?}, which differ in case alone",
                other.name
            ));
        }
        if tables.len() > 2 {
            message.push_str(&format!("; {} tables share names", tables.len()));
        }
        let finding = Finding::blocker("TASK_NAME_COLLISION", AT, message);
        Some(finding.hint(
            "put ${target_table_name} into it, which no two tables share, or ${source_schema} and \
             ${source_table_name}",
        ))
    }
}

/// A connector's title as a word of a name: what stands in brackets behind it left out, and `_` in place
/// of blanks and the like. `Parquet files` is `Parquet_files`, `Lake (Apache Iceberg)` is `Lake`.
fn type_word(title: &str) -> String {
    let short = title.split('(').next().unwrap_or(title);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let words: Vec<&str> = short
        .split(|c: char| !plain(c))
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Daily => "daily",
        Part::OneTime => "one_time",
    }
}

/// Whether the rule itself gives the two tasks of a table different names.
fn tells_parts_apart(rule: &str) -> bool {
    pieces(rule)
        .iter()
        .any(|piece| matches!(piece, Piece::Reference(reference) if named(reference) == "method"))
}

/// The rule with each placeholder replaced, once; where that is too long for any name, it ends soon.
fn expand<'v>(rule: &str, value: impl Fn(&str) -> &'v str) -> String {
    let pieces = pieces(rule);
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => *text,
        Piece::Reference(reference) => value(named(reference)),
    });
    let characters = parts.flat_map(str::chars);
    characters.take(LONGEST_EXPANDED + 1).collect()
}

fn named<'a>(reference: &'a Reference<'_>) -> &'a str {
    reference.inner().trim()
}

/// The finding on a placeholder that stands for nothing here.
fn unknown(piece: &Piece<'_>) -> Option<Finding> {
    let Piece::Reference(reference) = piece else {
        return None;
    };
    let (message, hint) = match reference {
        Reference::Unclosed(text) => (
            format!("the placeholder that begins with {text:?} has no end"),
            "close it with }".to_owned(),
        ),
        Reference::BusinessDate(_) | Reference::RunDay(_) => {
            let known = TASK_NAME_METADATA.map(|metadata| format!("${{{}}}", metadata.name));
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let written = reference.written();
            let is_known = TASK_NAME_METADATA
                .iter()
                .any(|metadata| metadata.name == named(reference));
            if is_known && matches!(reference, Reference::BusinessDate(_)) {
                return None;
            }
            let message = format!("{written} stands for nothing in the name of a task");
            (message, nearest_hint(&written, &known))
        }
    };
    Some(Finding::blocker("UNKNOWN_PARAMETER", AT, message).hint(hint))
}

#[cfg(test)]
mod tests;
