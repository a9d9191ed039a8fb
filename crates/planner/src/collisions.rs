//! Names that become one at the destination: every table (or column) concerned is refused, for
//! nobody but the person can say which one was meant. Names that differ in case alone are one.

use std::collections::BTreeMap;

use model::{Finding, TableName};

use crate::naming::column_at;
use crate::yaml;

/// For each table that shares its destination name with another one: the blocker.
pub(crate) fn of_tables(names: &[(TableName, String)]) -> BTreeMap<TableName, Finding> {
    let groups = grouped(names.iter().map(|(source, name)| (source, name.as_str())));
    let mut findings = BTreeMap::new();
    for (name, sources) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
        for source in &sources {
            let others: Vec<String> = sources
                .iter()
                .filter(|other| other != &source)
                .map(ToString::to_string)
                .collect();
            let message = format!(
                "the destination name {name} is that of {}, too",
                shortened(&others)
            );
            let same_table = sources
                .iter()
                .all(|other| other.table.eq_ignore_ascii_case(&source.table));
            let schemas_differ = sources
                .iter()
                .any(|other| !other.schema.eq_ignore_ascii_case(&source.schema));
            let hint = if same_table && schemas_differ {
                "put the schema into the name: names: { table-prefix: \"${source_schema}_\" }"
                    .to_owned()
            } else {
                format!(
                    "rename one: names: {{ table-rules: [{}] }}, or leave one out",
                    rule(&source.table, &format!("{name}_2"))
                )
            };
            findings.insert(
                (*source).clone(),
                Finding::blocker("NAME_COLLISION", source.to_string(), message).hint(hint),
            );
        }
    }
    findings
}

/// The blockers for columns of one table that share a destination name, or that of the partition.
pub(crate) fn of_columns(
    table: &TableName,
    columns: &[(&str, &str)],
    partition: Option<&str>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let groups = grouped(columns.iter().copied());
    for (name, sources) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
        for source in &sources {
            let others: Vec<String> = sources
                .iter()
                .filter(|other| other != &source)
                .map(ToString::to_string)
                .collect();
            let message = format!(
                "the destination name {name} is that of {}, too",
                shortened(&others)
            );
            let hint = format!(
                "rename one: names: {{ field-rules: [{}] }}, or leave one out by each[].columns",
                rule(source, &format!("{name}_2"))
            );
            let at = column_at(table, source);
            findings.push(Finding::blocker("NAME_COLLISION", at, message).hint(hint));
        }
    }
    let clash = columns
        .iter()
        .filter(|(_, name)| partition.is_some_and(|column| column.eq_ignore_ascii_case(name)));
    for (source, name) in clash {
        let message = format!("the destination name {name} is that of the partition column");
        let hint = format!(
            "rename it: names: {{ field-rules: [{}] }}, or name the partition column otherwise: \
             method: {{ partition: {{ one-time: \"dt=…\" }} }}",
            rule(source, &format!("{}_src", name.to_ascii_lowercase()))
        );
        let at = column_at(table, source);
        findings.push(Finding::blocker("PARTITION_COLUMN_CLASH", at, message).hint(hint));
    }
    findings
}

fn grouped<'a, T: Copy>(names: impl Iterator<Item = (T, &'a str)>) -> BTreeMap<String, Vec<T>> {
    let mut groups: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (source, name) in names {
        groups
            .entry(name.to_ascii_lowercase())
            .or_default()
            .push(source);
    }
    groups
}

fn rule(replace: &str, with: &str) -> String {
    format!(
        "{{ replace: {}, with: {} }}",
        yaml::scalar(replace),
        yaml::scalar(with)
    )
}

fn shortened(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}
