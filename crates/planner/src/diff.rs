//! What differs between two plans, for people: one line for each difference. First what concerns the
//! whole, then the tables in the new plan's order, then those that are gone.

use std::collections::{BTreeMap, BTreeSet};

use model::TableName;
use model::plan::{
    Column, ColumnMapping, Fidelity, Part, Pipeline, Plan, Refused, ScanColumn, TableChange,
};
use serde_json::Value as Json;

use crate::drift::Differences;

/// The differences that matter to what moves; estimates and findings are left out, but for the
/// reasons why tables are refused. Empty where the plans do the same.
pub fn diff(old: &Plan, new: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    whole(old, new, &mut lines);
    let before = Tables::of(old);
    let after = Tables::of(new);
    for pipeline in &new.pipelines {
        let table = &pipeline.scan.table;
        match (before.moved.get(table), before.refused.get(table)) {
            (Some(before), _) => one_table(before, pipeline, &mut lines),
            (None, Some(_)) => lines.push(format!("{table}: no longer refused")),
            (None, None) => lines.push(format!("{table}: added, to {}", pipeline.write.table.name)),
        }
    }
    for refused in &new.refused {
        let (table, reasons) = (&refused.source, reasons(refused));
        match (before.moved.get(table), before.refused.get(table)) {
            (Some(_), _) => lines.push(format!("{table}: now refused: {reasons}")),
            (None, Some(before)) if self::reasons(before) != reasons => {
                let before = self::reasons(before);
                lines.push(format!("{table}: refused: {before} → {reasons}"));
            }
            (None, Some(_)) => {}
            (None, None) => lines.push(format!("{table}: added, and refused: {reasons}")),
        }
    }
    for table in before.names().filter(|table| !after.has(table)) {
        lines.push(format!("{table}: removed"));
    }
    lines
}

/// A plan's tables by their names at the source.
struct Tables<'a> {
    moved: BTreeMap<&'a TableName, &'a Pipeline>,
    refused: BTreeMap<&'a TableName, &'a Refused>,
}

impl<'a> Tables<'a> {
    fn of(plan: &'a Plan) -> Self {
        let moved = plan.pipelines.iter();
        let refused = plan.refused.iter();
        Self {
            moved: moved
                .map(|pipeline| (&pipeline.scan.table, pipeline))
                .collect(),
            refused: refused.map(|refused| (&refused.source, refused)).collect(),
        }
    }

    fn has(&self, table: &TableName) -> bool {
        self.moved.contains_key(table) || self.refused.contains_key(table)
    }

    fn names(&self) -> impl Iterator<Item = &'a TableName> {
        let all: BTreeSet<_> = self
            .moved
            .keys()
            .chain(self.refused.keys())
            .copied()
            .collect();
        all.into_iter()
    }
}

/// The codes of what refuses a table.
fn reasons(refused: &Refused) -> String {
    let blockers = refused.findings.iter().filter(|found| found.is_blocker());
    let codes: BTreeSet<&str> = blockers.map(|found| found.code.as_str()).collect();
    codes.into_iter().collect::<Vec<_>>().join(", ")
}

fn whole(old: &Plan, new: &Plan, lines: &mut Vec<String>) {
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            lines.push(format!("{what}: {before} → {after}"));
        }
    };
    let part = |plan: &Plan| match plan.part {
        Part::OneTime => "one-time".to_owned(),
        Part::Daily => "daily".to_owned(),
    };
    compare("migration", old.migration.clone(), new.migration.clone());
    compare("business date", old.bizdate.clone(), new.bizdate.clone());
    compare(
        "environment",
        format!("{:?}", old.environment).to_lowercase(),
        format!("{:?}", new.environment).to_lowercase(),
    );
    compare("part", part(old), part(new));
    for (what, before, after) in [
        ("source", &old.source, &new.source),
        ("destination", &old.destination, &new.destination),
    ] {
        compare(
            what,
            format!("{} ({})", before.data_source, before.connector),
            format!("{} ({})", after.data_source, after.connector),
        );
    }
    compare(
        "time zone",
        old.time_zone.to_string(),
        new.time_zone.to_string(),
    );
    let (before, after) = (policy(old), policy(new));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let shown = |policy: &BTreeMap<String, String>| match policy.get(key) {
            Some(value) => value.clone(),
            None => "not set".to_owned(),
        };
        compare(key, shown(&before), shown(&after));
    }
}

/// The policy as the file writes it: `run.parallelism` and its value.
fn policy(plan: &Plan) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    flatten(
        "",
        &serde_json::to_value(&plan.policy).unwrap_or_default(),
        &mut found,
    );
    found
}

fn flatten(at: &str, value: &Json, found: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(entries) => {
            for (key, value) in entries {
                let key = key.replace('_', "-");
                let inner = match at {
                    "" => key,
                    at => format!("{at}.{key}"),
                };
                flatten(&inner, value, found);
            }
        }
        Json::String(text) => drop(found.insert(at.to_owned(), text.clone())),
        other => drop(found.insert(at.to_owned(), other.to_string())),
    }
}

fn one_table(old: &Pipeline, new: &Pipeline, lines: &mut Vec<String>) {
    if old.digest == new.digest {
        return;
    }
    let table = &new.scan.table;
    let known = lines.len();
    let mut say = |what: String| lines.push(format!("{table}: {what}"));
    settings(old, new, &mut say);
    columns(old, new, &mut say);
    written(old, new, &mut say);
    if lines.len() > known {
        return;
    }
    let described = match (&old.shape, &new.shape) {
        (Some(old), Some(new)) => Differences::between(old, new, |_| false).lines,
        _ => Vec::new(),
    };
    if described.is_empty() {
        lines.push(format!("{table}: is described otherwise at the source"));
    }
    lines.extend(described.into_iter().map(|line| format!("{table}: {line}")));
}

fn settings(old: &Pipeline, new: &Pipeline, say: &mut impl FnMut(String)) {
    let (from, to) = (&old.write.table.name, &new.write.table.name);
    if from != to {
        say(format!("goes to {to}, not {from}"));
    }
    let filter = |pipeline: &Pipeline| pipeline.scan.filter.clone().unwrap_or("none".to_owned());
    let partition = |pipeline: &Pipeline| match &pipeline.write.partition {
        Some(partition) => format!("{}={}", partition.column, partition.value),
        None => "none".to_owned(),
    };
    let policy = |pipeline: &Pipeline| format!("{:?}", pipeline.write.policy).to_lowercase();
    let split_by = |pipeline: &Pipeline| match pipeline.scan.split_by.as_slice() {
        [] => "left to the source".to_owned(),
        columns => columns.join(", "),
    };
    let kind = |pipeline: &Pipeline| pipeline.scan.kind.words().to_owned();
    for (what, before, after) in [
        ("kind", kind(old), kind(new)),
        ("filter", filter(old), filter(new)),
        ("partition", partition(old), partition(new)),
        ("loading policy", policy(old), policy(new)),
        ("split by", split_by(old), split_by(new)),
    ] {
        if before != after {
            say(format!("{what} {before} → {after}"));
        }
    }
    if old.write.exists != new.write.exists {
        let there = if new.write.exists { "is" } else { "is not" };
        say(format!("{to} {there} there now"));
    }
    if old.write.change != new.write.change {
        say(match &new.write.change {
            TableChange::Keep => format!("{to} is not changed any more"),
            TableChange::AddColumns(names) => format!("{to} gets {} now", names.join(", ")),
            TableChange::Recreate => format!("{to} is dropped and made anew now"),
        });
    }
}

/// A column on its way: what is read, and what becomes of it.
struct Way<'a> {
    read: Option<&'a ScanColumn>,
    mapping: &'a ColumnMapping,
}

fn way<'a>(pipeline: &'a Pipeline, name: &str) -> Option<Way<'a>> {
    let mapping = pipeline.columns.iter().find(|way| way.source == name)?;
    let reads = &pipeline.scan.columns;
    let read = reads.iter().find(|read| read.native.name == name);
    Some(Way { read, mapping })
}

fn columns(old: &Pipeline, new: &Pipeline, say: &mut impl FnMut(String)) {
    for mapping in &new.columns {
        let name = &mapping.source;
        let Some(after) = way(new, name) else {
            continue;
        };
        match way(old, name) {
            Some(before) => one_column(name, &before, &after, say),
            None => say(format!(
                "column {name} ({}) added, to {} ({})",
                mapping.source_type, mapping.destination, mapping.destination_type
            )),
        }
    }
    for mapping in &old.columns {
        if way(new, &mapping.source).is_none() {
            let (name, source_type) = (&mapping.source, &mapping.source_type);
            say(format!("column {name} ({source_type}) removed"));
        }
    }
    let kept = |one: &Pipeline, other: &Pipeline| -> Vec<String> {
        let both = one.columns.iter().map(|mapping| &mapping.source);
        both.filter(|name| way(other, name).is_some())
            .cloned()
            .collect()
    };
    if kept(old, new) != kept(new, old) {
        say("columns stand in another order".to_owned());
    }
}

fn one_column(name: &str, before: &Way<'_>, after: &Way<'_>, say: &mut impl FnMut(String)) {
    let (old, new) = (before.mapping, after.mapping);
    let mut told = false;
    for (what, before, after) in [
        ("goes to", &old.destination, &new.destination),
        ("is at the source", &old.source_type, &new.source_type),
        (
            "travels as",
            &old.logical.to_string(),
            &new.logical.to_string(),
        ),
        ("becomes", &old.destination_type, &new.destination_type),
        ("moves", &price(&old.fidelity), &price(&new.fidelity)),
    ] {
        if before != after {
            told = true;
            say(format!("column {name} {what} {after}, not {before}"));
        }
    }
    let (Some(old), Some(new)) = (before.read, after.read) else {
        return;
    };
    match (old.native.nullable, new.native.nullable) {
        (false, true) => say(format!("column {name} may be null at the source now")),
        (true, false) => say(format!(
            "column {name} may not be null at the source any more"
        )),
        _ if told => {}
        _ if (&old.expression, &old.decode) != (&new.expression, &new.decode) => {
            say(format!("column {name} is read in another way"));
        }
        _ => {}
    }
}

fn price(fidelity: &Fidelity) -> String {
    match fidelity {
        Fidelity::Exact => "exactly".to_owned(),
        Fidelity::Widened => "widened".to_owned(),
        Fidelity::Lossy(loss) => format!("with a loss ({loss})"),
    }
}

/// The table at the destination, where that does not follow from the columns that move.
fn written(old: &Pipeline, new: &Pipeline, say: &mut impl FnMut(String)) {
    let (before, after) = (&old.write.table, &new.write.table);
    let name = &after.name;
    let comes = |pipeline: &Pipeline, column: &Column| {
        let mut mappings = pipeline.columns.iter();
        mappings.any(|mapping| mapping.destination == column.name)
    };
    for column in &after.columns {
        let same = before.columns.iter().find(|old| old.name == column.name);
        match same {
            Some(old) if old.nullable != column.nullable => {
                let may = if column.nullable { "may" } else { "may not" };
                say(format!(
                    "column {} of {name} {may} be null now",
                    column.name
                ));
            }
            Some(old) if old.comment != column.comment => say(format!(
                "column {} of {name} has another comment",
                column.name
            )),
            None if !comes(new, column) => say(format!("{name} has column {} now", column.name)),
            _ => {}
        }
    }
    for column in &before.columns {
        let there = after.columns.iter().any(|now| now.name == column.name);
        if !there && !comes(old, column) {
            say(format!("{name} has no column {} any more", column.name));
        }
    }
    if before.primary_key != after.primary_key {
        let key = |columns: &[String]| match columns {
            [] => "none".to_owned(),
            columns => columns.join(", "),
        };
        let (before, after) = (key(&before.primary_key), key(&after.primary_key));
        say(format!("primary key {before} → {after}"));
    }
    if before.comment != after.comment {
        say(format!("{name} has another comment"));
    }
}
