//! What differs between two plans, for people: one line for each difference, in the new plan's order.

use std::collections::BTreeMap;

use model::TableName;
use model::plan::{ColumnMapping, Pipeline, Plan};

/// The differences that matter to what moves; estimates and findings are left out. Empty where the
/// plans do the same.
pub fn diff(old: &Plan, new: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    whole(old, new, &mut lines);
    let by_source = |plan: &Plan| -> BTreeMap<TableName, Pipeline> {
        plan.pipelines
            .iter()
            .map(|pipeline| (pipeline.scan.table.clone(), pipeline.clone()))
            .collect()
    };
    let (before, after) = (by_source(old), by_source(new));
    let is_refused = |plan: &Plan, table: &TableName| {
        plan.refused.iter().any(|refused| refused.source == *table)
    };
    for pipeline in &new.pipelines {
        let table = &pipeline.scan.table;
        match before.get(table) {
            None if is_refused(old, table) => lines.push(format!("{table}: no longer refused")),
            None => lines.push(format!("{table}: added, to {}", pipeline.write.table.name)),
            Some(before) => tables(before, pipeline, &mut lines),
        }
    }
    for table in before.keys().filter(|table| !after.contains_key(table)) {
        let what = if is_refused(new, table) {
            "now refused"
        } else {
            "removed"
        };
        lines.push(format!("{table}: {what}"));
    }
    lines
}

fn whole(old: &Plan, new: &Plan, lines: &mut Vec<String>) {
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            lines.push(format!("{what}: {before} → {after}"));
        }
    };
    compare("migration", old.migration.clone(), new.migration.clone());
    compare("business date", old.bizdate.clone(), new.bizdate.clone());
    compare(
        "environment",
        format!("{:?}", old.environment).to_lowercase(),
        format!("{:?}", new.environment).to_lowercase(),
    );
    compare(
        "part",
        format!("{:?}", old.part).to_lowercase(),
        format!("{:?}", new.part).to_lowercase(),
    );
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
    let policy = |plan: &Plan| serde_json::to_value(&plan.policy).unwrap_or_default();
    let (before, after) = (policy(old), policy(new));
    for (key, before) in before.as_object().into_iter().flatten() {
        let after = after.get(key).cloned().unwrap_or_default();
        compare(
            &key.replace('_', " "),
            before.to_string(),
            after.to_string(),
        );
    }
}

fn tables(old: &Pipeline, new: &Pipeline, lines: &mut Vec<String>) {
    if old.digest == new.digest {
        return;
    }
    let table = &new.scan.table;
    let known = lines.len();
    let mut say = |what: String| lines.push(format!("{table}: {what}"));
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
    for (what, before, after) in [
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
    columns(&old.columns, &new.columns, &mut say);
    if lines.len() == known {
        lines.push(format!("{table}: is described otherwise at the source"));
    }
}

fn columns(old: &[ColumnMapping], new: &[ColumnMapping], say: &mut impl FnMut(String)) {
    let find = |list: &[ColumnMapping], name: &str| {
        list.iter().find(|column| column.source == name).cloned()
    };
    for after in new {
        let name = &after.source;
        let Some(before) = find(old, name) else {
            say(format!("column {name} added, to {}", after.destination));
            continue;
        };
        for (what, before, after) in [
            ("goes to", &before.destination, &after.destination),
            ("is at the source", &before.source_type, &after.source_type),
            ("becomes", &before.destination_type, &after.destination_type),
        ] {
            if before != after {
                say(format!("column {name} {what} {after}, not {before}"));
            }
        }
    }
    for before in old {
        if find(new, &before.source).is_none() {
            say(format!("column {} removed", before.source));
        }
    }
    let kept = |list: &[ColumnMapping], other: &[ColumnMapping]| -> Vec<String> {
        list.iter()
            .filter(|column| find(other, &column.source).is_some())
            .map(|column| column.source.clone())
            .collect()
    };
    if kept(old, new) != kept(new, old) {
        say("columns stand in another order".to_owned());
    }
}
