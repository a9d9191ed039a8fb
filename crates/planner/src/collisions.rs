//! Names that become one at the destination: every table (or column) concerned is refused, for
//! nobody but the person can say which one was meant. Names that differ in case alone are one.

use std::collections::BTreeMap;

use model::table::escape_controls;
use model::{Finding, TableName};

use crate::naming::column_at;
use crate::yaml;

/// For each table that shares its destination name with another one: the blocker.
pub(crate) fn of_tables(names: &[(TableName, String)]) -> BTreeMap<TableName, Finding> {
    // A table that is named twice does not collide with itself.
    let once: BTreeMap<&TableName, &str> = names
        .iter()
        .map(|(source, name)| (source, name.as_str()))
        .collect();
    let groups = grouped(once.into_iter());
    let mut findings = BTreeMap::new();
    for (name, sources) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
        let in_several_schemas = sources.windows(2).all(|pair| {
            pair[0].table.eq_ignore_ascii_case(&pair[1].table)
                && !pair[0].schema.eq_ignore_ascii_case(&pair[1].schema)
        });
        for source in &sources {
            let hint = if in_several_schemas {
                "put the schema into the name: names: { table-prefix: \"${source_schema}_\" }"
                    .to_owned()
            } else {
                format!(
                    "rename one: names: {{ table-rules: [{}] }}, or leave one out",
                    rule(&source.table, &format!("{name}_2"))
                )
            };
            let message = shared_name(&name, *source, &sources);
            let finding = Finding::blocker("NAME_COLLISION", source.to_string(), message);
            findings.insert((*source).clone(), finding.hint(hint));
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
            let message = shared_name(&name, *source, &sources);
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

fn shared_name<T: Copy + PartialEq + ToString>(name: &str, source: T, sources: &[T]) -> String {
    const NAMED: usize = 3;
    let others: Vec<String> = sources
        .iter()
        .filter(|other| **other != source)
        .take(NAMED)
        .map(|other| escape_controls(&other.to_string()))
        .collect();
    let more = match sources.len() - 1 - others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let others = others.join(", ");
    format!("the destination name {name} is that of {others}{more}, too")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_share_a_name_are_refused_and_a_few_are_named() {
        let names: Vec<(TableName, String)> = ["a", "b", "c", "d", "e"]
            .map(|table| (TableName::new("s", table), "Same".to_owned()))
            .into_iter()
            .chain([(TableName::new("s", "other"), "other".to_owned())])
            .collect();
        let findings = of_tables(&names);
        assert_eq!(findings.len(), 5);
        let first = &findings[&names[0].0];
        assert_eq!(
            first.message,
            "the destination name same is that of s.b, s.c, s.d and 1 more, too"
        );
    }

    #[test]
    fn thousands_that_share_a_name_are_told_in_a_moment() {
        let names: Vec<(TableName, String)> = (0..12_000)
            .map(|index| (TableName::new("s", format!("t{index}")), "x".to_owned()))
            .collect();
        assert_eq!(of_tables(&names).len(), 12_000);
    }

    #[test]
    fn a_table_that_is_named_often_is_one() {
        let mut names = vec![(TableName::new("s", "a"), "x".to_owned()); 200_000];
        let started = std::time::Instant::now();
        assert!(of_tables(&names).is_empty());
        names.push((TableName::new("s", "b"), "x".to_owned()));
        assert_eq!(of_tables(&names).len(), 2);
        assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    }
}
