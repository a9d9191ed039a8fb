//! What tasks are called, and which rules are refused.

use proptest::prelude::*;

use super::*;
use crate::fake;

const MYSQL: &str = "MySQL";
const ORACLE: &str = "Oracle";

/// `schema.table` at the source, and the same table below `lake`.
fn tables(names: &[&str]) -> Vec<(TableName, TableName)> {
    names
        .iter()
        .map(|name| {
            let (schema, table) = name.split_once('.').unwrap();
            let target = table.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            (
                TableName::new(schema, table),
                TableName::new("lake", target),
            )
        })
        .collect()
}

fn named(changes: &str, names: &[&str]) -> TaskNames {
    task_names(&fake::spec(changes), MYSQL, ORACLE, &tables(names))
}

fn rule(rule: &str) -> String {
    serde_json::json!({ "task-names": rule }).to_string()
}

fn names(tasks: &TaskNames) -> Vec<&str> {
    tasks.tasks.iter().map(|task| task.name.as_str()).collect()
}

fn codes(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.at))
        .collect()
}

/// The names that `changes` give to `tables`, in their order.
#[track_caller]
fn check(changes: &str, tables: &[&str], expected: &[&str]) {
    let tasks = named(changes, tables);
    assert_eq!(names(&tasks), expected, "{changes}");
    assert!(tasks.of_rule.is_empty() && tasks.of_tables.is_empty());
}

#[track_caller]
fn refused(changes: &str, tables: &[&str], expected: &[&str]) -> TaskNames {
    let tasks = named(changes, tables);
    let of_tables = tasks.of_tables.iter().map(|(_, finding)| finding);
    let all: Vec<Finding> = tasks.of_rule.iter().chain(of_tables).cloned().collect();
    assert_eq!(codes(&all), expected, "{changes}");
    assert!(
        all.iter()
            .all(|finding| finding.is_blocker() && finding.hint.is_some())
    );
    tasks
}

#[test]
fn r6_01_the_system_names_tasks_by_migration_schema_and_table() {
    check(
        "{}",
        &["public.orders", "Sales.Orders", "public.编号"],
        &[
            "shop_to_lake.public.orders",
            "shop_to_lake.Sales.Orders",
            "shop_to_lake.public.编号",
        ],
    );
    let without_schema = (TableName::new("", "orders"), TableName::new("lake", "o"));
    let tasks = task_names(&fake::spec("{}"), MYSQL, ORACLE, &[without_schema]);
    assert_eq!(names(&tasks), ["shop_to_lake.orders"]);
}

#[test]
fn r6_01_the_systems_names_are_legal_and_tell_all_tables_apart() {
    let long = format!("public.{}", "x".repeat(300));
    let other = format!("public.{}y", "x".repeat(299));
    let odd = [
        "public.a/b",
        "public.a:b",
        "public.a_b",
        "public.a\nb",
        "public.a.b",
        "public. ",
        &long,
        &other,
        "public.Orders",
        "public.orders",
    ];
    let both = r#"{"method": {"kind": "daily-and-one-time", "partition": {"one-time": 1}}}"#;
    for changes in ["{}", both] {
        let tasks = named(changes, &odd);
        assert!(tasks.of_rule.is_empty() && tasks.of_tables.is_empty());
        let names: BTreeSet<&str> = names(&tasks).into_iter().collect();
        assert_eq!(names.len(), tasks.tasks.len());
        for name in names {
            assert_eq!(name_faults(name), [""; 0], "{name}");
        }
    }
    let tasks = named("{}", &odd[..3]);
    assert!(names(&tasks)[0].starts_with("shop_to_lake.public.a_b_"));
    assert_eq!(names(&tasks)[2], "shop_to_lake.public.a_b");
    let dotted = [
        (TableName::new("a.b", "c"), TableName::new("lake", "c")),
        (TableName::new("a", "b.c"), TableName::new("lake", "d")),
    ];
    let tasks = task_names(&fake::spec("{}"), MYSQL, ORACLE, &dotted);
    assert_ne!(names(&tasks)[0], names(&tasks)[1]);
}

#[test]
fn r6_02_a_rule_starts_with_both_types_filled_in() {
    for (source, target, expected) in [
        (MYSQL, ORACLE, "MySQL2Oracle_${source_table_name}"),
        (
            "PostgreSQL",
            "Lake (Apache Iceberg)",
            "PostgreSQL2Lake_${source_table_name}",
        ),
        (
            "Parquet files",
            "IBM Db2 for z/OS",
            "Parquet_files2IBM_Db2_for_z_OS_${source_table_name}",
        ),
    ] {
        let rule = default_task_rule(source, target);
        assert_eq!(rule, expected);
        assert!(check_rule(&fake::spec(&self::rule(&rule))).is_empty());
    }
}

#[test]
fn r6_02_the_first_table_is_previewed() {
    let preview = |changes: &str| {
        let first = &tables(&["shop.source_table_name1"])[0];
        let tasks = preview_task_names(&fake::spec(changes), MYSQL, ORACLE, first);
        tasks.map(|tasks| {
            let names = tasks.into_iter().map(|task| task.name);
            names.collect::<Vec<_>>()
        })
    };
    let default = rule(&default_task_rule(MYSQL, ORACLE));
    let expected = ["MySQL2Oracle_source_table_name1"];
    assert_eq!(preview(&default).unwrap(), expected);
    let unfilled =
        rule("${source_data_source_type}2${target_data_source_type}_${source_table_name}");
    assert_eq!(preview(&unfilled).unwrap(), expected);
    let wrong = preview(&rule("a/${source_tabel_name}")).unwrap_err();
    assert_eq!(
        codes(&wrong),
        [
            "UNKNOWN_PARAMETER migration.task-names",
            "BAD_TASK_NAME migration.task-names"
        ]
    );
}

#[test]
fn r6_03_every_name_that_is_offered_has_a_value() {
    let all: Vec<String> = TASK_NAME_METADATA
        .iter()
        .map(|metadata| format!("${{{}}}", metadata.name))
        .collect();
    check(
        &rule(&all.join(";")),
        &["public.a-b"],
        &["MySQL;Oracle;shop;lake;public;a-b;a_b;shop_to_lake;one_time"],
    );
    check(
        &rule("${ source_table_name }$"),
        &["public.${method}"],
        &["${method}$"],
    );
}

#[test]
fn rules_and_names_have_an_end() {
    let long = rule(&"${nope}".repeat(10_000));
    refused(&long, &["s.t"], &["BAD_TASK_NAME migration.task-names"]);
    let mut spec = fake::spec(&rule(&"${migration_name}".repeat(200)));
    spec.name = "x".repeat(1_000_000);
    let findings = task_names(&spec, MYSQL, ORACLE, &tables(&["s.t"])).of_rule;
    let message = &findings[0].message;
    assert!(
        message.contains("has more than 4096 characters"),
        "{message}"
    );
}

#[test]
fn r6_03_unknown_placeholders_are_refused_with_the_nearest() {
    let at = "UNKNOWN_PARAMETER migration.task-names";
    let tasks = refused(&rule("${source_table_nam}_${bizdate}"), &["p.a"], &[at, at]);
    let hint = tasks.of_rule[0].hint.as_deref().unwrap();
    assert!(
        hint.starts_with("did you mean ${source_table_name}? known are: ${source_data"),
        "{hint}"
    );
    assert!(tasks.tasks.is_empty());
    refused(&rule("x_${source_table_name"), &["p.a"], &[at]);
    refused(&rule("x_$[source_table_name]"), &["p.a"], &[at]);
    refused(&rule("x_$[yyyyMMdd]${method}"), &["p.a"], &[at]);
}

#[test]
fn r6_03_names_have_256_characters_and_none_of_the_forbidden_set() {
    let at_rule = ["BAD_TASK_NAME migration.task-names"];
    for forbidden in ["|", "/", "\\", ":", "?", "<", ">", "*", "\"", "\n"] {
        let illegal = rule(&format!("a{forbidden}${{source_table_name}}"));
        refused(&illegal, &["p.a", "p.b"], &at_rule);
        let table = format!("p.a{forbidden}b");
        let changes = rule("${source_table_name}");
        let tasks = named(&changes, &[&table, "p.fine"]);
        assert_eq!(tasks.of_tables.len(), 1, "{forbidden}");
        assert_eq!(tasks.of_tables[0].1.code, "BAD_TASK_NAME");
        assert_eq!(names(&tasks), ["fine"]);
    }
    let of = |length| "名".repeat(length);
    let long = |length| rule(&format!("{}${{source_table_name}}", of(length)));
    check(&long(255), &["p.a"], &[&format!("{}a", of(255))]);
    refused(&long(256), &["p.a"], &["BAD_TASK_NAME p.a"]);
    refused(&long(257), &["p.a"], &at_rule);
    let both = |length| {
        let mut changes: serde_json::Value = serde_json::from_str(&long(length)).unwrap();
        changes["method"] = serde_json::json!({"kind": "daily-and-one-time"});
        changes.to_string()
    };
    let suffixed = named(&both(246), &["p.a"]);
    assert_eq!(suffixed.tasks[1].name.chars().count(), 256);
    refused(&both(247), &["p.a"], &["BAD_TASK_NAME p.a"]);
    refused(&rule(" "), &["p.a"], &at_rule);
    refused(
        &rule("${source_table_name}"),
        &["p.  "],
        &["BAD_TASK_NAME p.  "],
    );
}

#[test]
fn r6_03_a_rule_that_gives_two_tables_one_name_is_refused_naming_both() {
    let at = ["TASK_NAME_COLLISION migration.task-names"];
    let message = |changes: &str, tables: &[&str]| {
        let tasks = refused(changes, tables, &at);
        assert!(tasks.tasks.is_empty());
        tasks.of_rule[0].message.clone()
    };
    assert_eq!(
        message(&rule("x"), &["p.a", "p.b", "p.c"]),
        r#"the rule gives p.a and p.b one name, "x"; 3 tables share names"#
    );
    let table_alone = rule("${source_table_name}");
    assert_eq!(
        message(&table_alone, &["p.a", "q.a", "q.b"]),
        r#"the rule gives p.a and q.a one name, "a""#
    );
    assert_eq!(
        message(&table_alone, &["p.a", "p.A"]),
        r#"the rule gives p.a and p.A one name, "a" and "A", which differ in case alone"#
    );
    let both = r#"{"task-names": "${source_schema}${source_table_name}",
        "method": {"kind": "daily-and-one-time"}}"#;
    assert_eq!(
        message(both, &["p.aa", "pa.a"]),
        r#"the rule gives p.aa and pa.a one name, "paa_daily""#
    );
    check(&rule("x"), &["p.a"], &["x"]);
    check(
        &rule("${source_schema}_${source_table_name}"),
        &["p.a", "q.a"],
        &["p_a", "q_a"],
    );
}

#[test]
fn r6_03_the_two_tasks_of_daily_and_one_time_are_told_apart_by_a_suffix() {
    let with = |rule: &str, kind: &str| {
        let mut changes = serde_json::json!({ "method": { "kind": kind } });
        if !rule.is_empty() {
            changes["task-names"] = serde_json::json!(rule);
        }
        changes.to_string()
    };
    let both = "daily-and-one-time";
    let parts: Vec<Part> = named(&with("", both), &["p.a"])
        .tasks
        .iter()
        .map(|task| task.part)
        .collect();
    assert_eq!(parts, [Part::Daily, Part::OneTime]);
    check(
        &with("", both),
        &["p.a"],
        &["shop_to_lake.p.a_daily", "shop_to_lake.p.a_one_time"],
    );
    let table = "${source_table_name}";
    check(&with(table, both), &["p.a"], &["a_daily", "a_one_time"]);
    check(&with(table, "daily"), &["p.a"], &["a"]);
    check(&with(table, "one-time"), &["p.a"], &["a"]);
    let own = "${method}-${source_table_name}";
    check(&with(own, both), &["p.a"], &["daily-a", "one_time-a"]);
}

#[test]
fn thousands_of_names_are_made_in_a_moment() {
    let names: Vec<String> = (0..12_000).map(|index| format!("s.t{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(named("{}", &names).tasks.len(), 12_000);
    assert_eq!(named(&rule("x"), &names).of_rule.len(), 1);
}

proptest! {
    #[test]
    fn r6_01_the_systems_names_are_legal_and_stay_apart_whatever_tables_are_called(
        one in ("[a-b.]{0,3}", ".{1,300}"), other in ("[a-b.]{0,3}", ".{1,300}"),
    ) {
        let table = |(schema, table): &(String, String)| {
            (TableName::new(schema, table), TableName::new("lake", "t"))
        };
        let tasks = task_names(&fake::spec("{}"), MYSQL, ORACLE, &[table(&one), table(&other)]);
        let names = names(&tasks);
        prop_assert_eq!(names.len(), 2, "{:?}", &tasks);
        prop_assert_eq!(names[0] == names[1], one == other);
    }
}
