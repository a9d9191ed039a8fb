//! What is wrong with a migration file, told before any system is touched. Each finding's `at` is
//! the path of its field in the file.

mod ends;
mod method;
mod schedule;
mod served;
pub(crate) mod statements;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use model::Finding;
use model::migration::{
    ExistingTables, Filters, IllegalNames, LoadingPolicy, MigrationFile, MigrationSpec, NameRule,
    OneOrMany, RunPolicy, TableFilter, TableSelection,
};

use crate::naming::{MOST_RULES, SOURCE_SCHEMA, too_many_rules};
use crate::parameters::{self, Parameters, Place};
use crate::slips::nearest_hint;
use crate::{select, task_names};
pub use ends::validate_against;
pub(crate) use schedule::spread;

/// Names that become folders and tasks have at most so many characters.
pub(crate) const LONGEST_NAME: usize = 256;
/// The names of tasks are made no longer than this, to tell that they are too long.
pub(crate) const LONGEST_EXPANDED: usize = 4096;
/// What such names may have, for hints.
pub(crate) const NAMES_SAID: &str =
    "at most 256 characters, not blank, none of | / \\ : ? < > * \"";
const FORBIDDEN_IN_NAMES: &str = "|/\\:?<>*\"";
/// How many decimals the hours of a time limit may have.
const HOURS_DECIMALS: usize = 2;
/// How many parts a person may ask for.
const SPLITS: RangeInclusive<u16> = 1..=1024;
const SPLITS_SAID: &str = "1 to 1024";
/// After so many texts that cannot be expanded, no further one is looked at.
const BAD_TEXTS: usize = 50;
/// How long all tables' own filters may be together with their parameters replaced, in bytes.
const MOST_EXPANDED: usize = 64 * 1024 * 1024;
/// Any day: what stands for what is not asked here, only whether it stands for something.
const SOME_DAY: &str = "20230330";

/// The file as a whole: its version, its data sources, its migration.
pub fn validate_file(file: &MigrationFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.version != 1 {
        let message = format!("version {} is not known", file.version);
        findings.push(Finding::blocker("UNKNOWN_VERSION", "version", message).hint("write 1"));
    }
    let known: Vec<&str> = file.data_sources.keys().map(String::as_str).collect();
    for (key, name) in [
        ("source", &file.migration.source.data_source),
        ("destination", &file.migration.destination.data_source),
    ] {
        if !file.data_sources.contains_key(name) {
            let at = format!("migration.{key}.data-source");
            let message = format!("there is no data source {name:?}");
            findings.push(
                Finding::blocker("UNKNOWN_DATA_SOURCE", at, message)
                    .hint(nearest_hint(name, &known)),
            );
        }
    }
    findings.extend(validate(&file.migration));
    findings
}

/// Everything that needs neither a connector nor a connection.
pub fn validate(spec: &MigrationSpec) -> Vec<Finding> {
    let mut findings = Vec::new();
    name(&spec.name, &mut findings);
    selection(&spec.tables, &mut findings);
    names(spec, &mut findings);
    findings.extend(task_names::check_rule(spec));
    each(spec, &mut findings);
    texts(spec, &mut findings);
    recreate(spec, &mut findings);
    rejected_rows(spec, &mut findings);
    run(&spec.run, &mut findings);
    schedule::check(spec, &mut findings);
    served::check(spec, &mut findings);
    findings
}

/// Requirement R1.01.
fn name(name: &str, findings: &mut Vec<Finding>) {
    findings.extend(name_faults(name).into_iter().map(|fault| {
        let message = format!("the migration's name {fault}");
        Finding::blocker("BAD_NAME", "migration.name", message).hint(NAMES_SAID)
    }));
}

/// What is wrong with the name of a folder or a task: `is blank`, `has 300 characters`, `has / :`.
pub(crate) fn name_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.trim().is_empty() {
        faults.push("is blank".to_owned());
    }
    let length = name.chars().count();
    if length > LONGEST_EXPANDED {
        faults.push(format!("has more than {LONGEST_EXPANDED} characters"));
    } else if length > LONGEST_NAME {
        faults.push(format!("has {length} characters"));
    }
    let bad: BTreeSet<char> = name.chars().filter(|c| is_forbidden_in_names(*c)).collect();
    if !bad.is_empty() {
        let bad: Vec<String> = bad.iter().map(|c| c.escape_default().to_string()).collect();
        faults.push(format!("has {}", bad.join(" ")));
    }
    faults
}

/// Whether no name of a folder or a task may have it.
pub(crate) fn is_forbidden_in_names(c: char) -> bool {
    FORBIDDEN_IN_NAMES.contains(c) || c.is_control()
}

fn selection(tables: &TableSelection, findings: &mut Vec<Finding>) {
    const AT: &str = "migration.tables";
    let given = [
        tables.all.is_some(),
        tables.listed.is_some(),
        tables.matching.is_some(),
    ];
    if given.iter().filter(|given| **given).count() != 1 {
        let message = "exactly one of all, listed and matching says which tables move";
        let finding = Finding::blocker("BAD_SELECTION", AT, message);
        findings.push(finding.hint("write tables: { all: true } for all of them"));
    }
    if tables.all == Some(false) {
        let at = format!("{AT}.all");
        let finding = Finding::blocker("BAD_SELECTION", at, "all: false selects nothing");
        findings.push(finding.hint("write all: true, or listed or matching in its place"));
    }
    let empty = |at: String| {
        Finding::blocker("EMPTY_SELECTION", at, "nothing is selected")
            .hint("write at least one entry")
    };
    if tables.listed.as_ref().is_some_and(Vec::is_empty) {
        findings.push(empty(format!("{AT}.listed")));
    }
    let Some(matching) = &tables.matching else {
        return;
    };
    if matching.include.is_empty() {
        findings.push(empty(format!("{AT}.matching.include")));
    }
    for (key, globs) in [
        ("include", &matching.include),
        ("exclude", &matching.exclude),
    ] {
        // Whether they are too many, or one of them is none.
        select::compiled(globs, key, findings);
    }
}

fn names(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    const AT: &str = "migration.names";
    let rules = &spec.names;
    let wrong = |key: &str, rules: &[NameRule]| -> Vec<Finding> {
        if rules.len() > MOST_RULES {
            return vec![too_many_rules(format!("{AT}.{key}"), rules.len())];
        }
        rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.replace.is_empty())
            .map(|(index, _)| {
                let at = format!("{AT}.{key}[{index}].replace");
                Finding::blocker("EMPTY_RULE", at, "a rule must say what it replaces")
                    .hint("write a text; table-prefix puts something in front of names")
            })
            .collect()
    };
    findings.extend(wrong("table-rules", &rules.table_rules));
    findings.extend(wrong("field-rules", &rules.field_rules));
    for (key, text) in [
        ("table-prefix", &rules.table_prefix),
        ("table-suffix", &rules.table_suffix),
    ] {
        let at = format!("{AT}.{key}");
        let rest = text.replace(SOURCE_SCHEMA, "");
        if rest.contains("${") || rest.contains("$[") {
            let message = format!("{text:?} has another placeholder than {SOURCE_SCHEMA}");
            let finding = Finding::blocker("UNKNOWN_PARAMETER", at, message);
            findings.push(finding.hint("parameters are not expanded in names"));
        } else if rules.illegal == IllegalNames::Refuse
            && rest.chars().any(|c| !c.is_ascii_alphanumeric() && c != '_')
        {
            let message =
                format!("{text:?} has other characters than letters, digits and underscores");
            let finding = Finding::blocker("ILLEGAL_NAME", at, message);
            findings.push(finding.hint("write letters, digits and underscores"));
        }
    }
}

fn each(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    let default = match spec.source.schemas.as_slice() {
        [schema] => schema,
        _ => "",
    };
    let mut seen = BTreeMap::new();
    for (index, exception) in spec.each.iter().enumerate() {
        if let Some(first) = seen.insert(exception.table.resolve(default), index) {
            let message = format!("{} is excepted twice, see each[{first}]", exception.table);
            let at = format!("migration.each[{index}].table");
            let finding = Finding::blocker("DUPLICATE_EXCEPTION", at, message);
            findings.push(finding.hint("put both into one entry"));
        }
        if let Some(splits) = exception.splits.filter(|splits| !SPLITS.contains(splits)) {
            let key = format!("each[{index}].splits");
            out_of_range(&key, &splits.to_string(), SPLITS_SAID, findings);
        }
        let split_by = exception.split_by.as_ref().map(OneOrMany::names);
        if split_by.is_some_and(<[String]>::is_empty) {
            let at = format!("migration.each[{index}].split-by");
            let finding = Finding::blocker("EMPTY_LIST", at, "no column is named");
            findings.push(finding.hint("name a column, or leave split-by out"));
        }
        let updates = spec.destination.loading_policy == LoadingPolicy::Update;
        if !updates && !exception.update_by.is_empty() {
            let at = format!("migration.each[{index}].update-by");
            let message = "a key for updates is given, and the loading policy is another";
            let finding = Finding::blocker("UPDATE_BY_UNUSED", at, message);
            findings.push(finding.hint("write loading-policy: update, or leave update-by out"));
        }
        for (column, choice) in &exception.columns {
            if choice.skip && (choice.read_as.is_some() || choice.charset.is_some()) {
                let at = format!("migration.each[{index}].columns.{column}");
                let message = "a column that is left out is not read as anything";
                let finding = Finding::blocker("BAD_CHOICE", at, message);
                findings.push(finding.hint("write skip alone, or leave skip out"));
            }
        }
    }
}

/// A confirmation of what is not asked for is a slip in one of both.
fn recreate(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    if spec.recreate.is_empty() || spec.existing_tables == ExistingTables::Recreate {
        return;
    }
    let message = "recreate names tables, and existing-tables is not recreate";
    let finding = Finding::blocker("RECREATE_UNUSED", "migration.recreate", message);
    findings.push(finding.hint("leave it out, or write existing-tables: recreate"));
}

/// Filters, partitions and the parameters in them.
fn texts(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    if let Some(finding) = parameters::too_many(&spec.parameters) {
        findings.push(finding);
        return;
    }
    let mut names = BTreeMap::new();
    for name in spec.parameters.keys() {
        let at = format!("migration.parameters.{name}");
        if name.trim() != name || name.is_empty() || name.contains(['{', '}', '[', ']', '$']) {
            let message = format!("{name:?} is no name of a parameter");
            let finding = Finding::blocker("BAD_NAME", &at, message);
            findings.push(finding.hint("write letters, digits and underscores"));
        }
        if let Some(first) = names.insert(name.to_lowercase(), name) {
            let message =
                format!("{name:?} and {first:?} differ in case alone, which says nothing");
            let finding = Finding::blocker("DUPLICATE_PARAMETER", at, message);
            findings.push(finding.hint("leave one out"));
        }
    }
    let Ok(parameters) = Parameters::new(SOME_DAY, &spec.parameters) else {
        return;
    };
    if let Some(filters) = &spec.filter {
        check_filters(filters, "migration.filter", &parameters, findings);
    }
    let (enough, mut expanded) = (findings.len() + BAD_TEXTS, 0);
    for (index, exception) in spec.each.iter().enumerate() {
        if let Some(TableFilter::Own(filters)) = &exception.filter
            && findings.len() < enough
        {
            let at = format!("migration.each[{index}].filter");
            expanded += check_filters(filters, &at, &parameters, findings);
            if expanded > MOST_EXPANDED {
                let message =
                    "filters with their parameters replaced have more than 64 MiB together";
                let finding = Finding::blocker("PARAMETER_TOO_LONG", at, message);
                findings.push(finding.hint("shorten the parameters' values"));
                break;
            }
        }
    }
    method::check(spec, &parameters, findings);
    statements::check(&spec.statements, &parameters, findings);
}

/// How long they are with their parameters replaced, in bytes.
fn check_filters(
    filters: &Filters,
    at: &str,
    parameters: &Parameters,
    findings: &mut Vec<Finding>,
) -> usize {
    let mut length = 0;
    let parts = [("one-time", &filters.one_time), ("daily", &filters.daily)];
    for (key, text) in parts {
        let Some(text) = text else { continue };
        let at = format!("{at}.{key}");
        if text.trim().is_empty() {
            let finding = Finding::blocker("EMPTY_FILTER", &at, "the filter is blank");
            findings.push(finding.hint("leave it out; a table without one says filter: none"));
        }
        match parameters.expand_in(text, &at, Place::Condition) {
            Ok(expanded) => length += expanded.len(),
            Err(more) => findings.extend(more),
        }
    }
    length
}

fn rejected_rows(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    let share = spec.rejected_rows.share;
    if !(0.0..=1.0).contains(&share) {
        out_of_range(
            "rejected-rows.share",
            &share.to_string(),
            "0 to 1",
            findings,
        );
    }
}

fn run(run: &RunPolicy, findings: &mut Vec<Finding>) {
    let mut check = |fits: bool, key: &str, value: String, range: &str| {
        if !fits {
            out_of_range(&format!("run.{key}"), &value, range, findings);
        }
    };
    let hours = run.timeout_hours;
    check(
        (1..=64).contains(&run.parallelism),
        "parallelism",
        run.parallelism.to_string(),
        "1 to 64",
    );
    if let Some(splits) = run.splits {
        let fits = SPLITS.contains(&splits);
        check(fits, "splits", splits.to_string(), SPLITS_SAID);
    }
    check(
        hours > 0.0 && hours <= 168.0 && decimals(hours) <= HOURS_DECIMALS,
        "timeout-hours",
        hours.to_string(),
        "more than 0, at most 168, with at most two decimals",
    );
    check(
        run.reruns <= 10,
        "reruns",
        run.reruns.to_string(),
        "0 to 10",
    );
    check(
        (1..=60).contains(&run.rerun_interval_minutes),
        "rerun-interval-minutes",
        run.rerun_interval_minutes.to_string(),
        "1 to 60",
    );
}

/// How many decimals a person wrote: those of the shortest text that is this number.
fn decimals(number: f64) -> usize {
    let text = number.to_string();
    text.split_once('.')
        .map_or(0, |(_, decimals)| decimals.len())
}

fn out_of_range(key: &str, value: &str, range: &str, findings: &mut Vec<Finding>) {
    let message = format!("{value} is out of range");
    let finding = Finding::blocker("OUT_OF_RANGE", format!("migration.{key}"), message);
    findings.push(finding.hint(format!("write {range}")));
}

#[cfg(test)]
mod tests;
