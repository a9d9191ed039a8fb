//! One line per rule: the file's change, and the finding's code and place.

use contract::{ReadCapabilities, SnapshotKind, WriteCapabilities};

use super::*;
use crate::fake::{self, Fake};

fn found(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.at))
        .collect()
}

fn check(changes: &str, expected: &[&str]) {
    let findings = validate(&fake::spec(changes));
    assert_eq!(found(&findings), expected, "{changes}");
    assert!(
        findings.iter().all(|f| f.is_blocker() && f.hint.is_some()),
        "{findings:?}"
    );
}

#[test]
fn a_plain_migration_has_no_findings() {
    check("{}", &[]);
    check(r#"{"drift": "ignore"}"#, &[]);
}

#[test]
fn r1_01_names_that_cannot_be_folders_are_refused() {
    for name in [
        "a|b", "a/b", "a\\b", "a:b", "a?b", "a<b", "a>b", "a*b", "a\"b", "", "  ",
    ] {
        let spec = MigrationSpec {
            name: name.to_owned(),
            ..fake::spec("{}")
        };
        assert_eq!(
            found(&validate(&spec)),
            ["BAD_NAME migration.name"],
            "{name:?}"
        );
    }
    let long = |length| MigrationSpec {
        name: "名".repeat(length),
        ..fake::spec("{}")
    };
    assert_eq!(found(&validate(&long(256))), [""; 0]);
    assert_eq!(found(&validate(&long(257))), ["BAD_NAME migration.name"]);
}

#[test]
fn exactly_one_way_of_selecting_is_asked_for() {
    check(r#"{"tables": {}}"#, &["BAD_SELECTION migration.tables"]);
    check(
        r#"{"tables": {"all": true, "listed": ["a"]}}"#,
        &["BAD_SELECTION migration.tables"],
    );
    check(
        r#"{"tables": {"all": false}}"#,
        &["BAD_SELECTION migration.tables.all"],
    );
    check(
        r#"{"tables": {"listed": []}}"#,
        &["EMPTY_SELECTION migration.tables.listed"],
    );
    check(
        r#"{"tables": {"matching": {"include": ["a.*", "[a"], "exclude": ["{b"]}}}"#,
        &[
            "BAD_GLOB migration.tables.matching.include[1]",
            "BAD_GLOB migration.tables.matching.exclude[0]",
        ],
    );
}

#[test]
fn r4_04_rules_say_what_they_replace_and_affixes_hold_the_schema_alone() {
    check(
        r#"{"names": {"table-rules": [{"replace": "", "with": "x"}]}}"#,
        &["EMPTY_RULE migration.names.table-rules[0].replace"],
    );
    check(r#"{"names": {"table-prefix": "${source_schema}_"}}"#, &[]);
    check(
        r#"{"names": {"table-prefix": "${bizdate}_", "table-suffix": "-x"}}"#,
        &[
            "UNKNOWN_PARAMETER migration.names.table-prefix",
            "ILLEGAL_NAME migration.names.table-suffix",
        ],
    );
}

#[test]
fn r7_04_unknown_parameters_are_refused_with_their_place() {
    check(
        r#"{"filter": {"one-time": "a = ${nope}"},
            "each": [{"table": "t", "filter": {"one-time": "ds=<${bizdat}"}}],
            "method": {"partition": {"one-time": "ds=${x}"}}}"#,
        &[
            "UNKNOWN_PARAMETER migration.filter.one-time",
            "UNKNOWN_PARAMETER migration.each[0].filter.one-time",
            "UNKNOWN_PARAMETER migration.method.partition.one-time",
        ],
    );
    check(
        r#"{"filter": {"one-time": "r = '${region}'"}, "parameters": {"Region": "cn", "region": "x'y"}}"#,
        &[
            "DUPLICATE_PARAMETER migration.parameters.region",
            "PARAMETER_UNSAFE migration.filter.one-time",
        ],
    );
    check(
        r#"{"filter": {"one-time": " "}}"#,
        &["EMPTY_FILTER migration.filter.one-time"],
    );
}

#[test]
fn what_nobody_needs_is_refused_before_it_takes_long() {
    let text = |name: &str, value: usize| format!(r#""{name}{value}": "x""#);
    let parameters: Vec<String> = (0..1_001).map(|at| text("p", at)).collect();
    let parameters = parameters.join(",");
    check(
        &format!(r#"{{"parameters": {{{parameters}}}, "filter": {{"one-time": "${{nope}}"}}}}"#),
        &["OUT_OF_RANGE migration.parameters"],
    );
    let rules = vec![r#"{"replace": "a", "with": "b"}"#; 501].join(",");
    check(
        &format!(r#"{{"names": {{"field-rules": [{rules}]}}}}"#),
        &["OUT_OF_RANGE migration.names.field-rules"],
    );
    let each = (0..5_000)
        .map(|table| format!(r#"{{"table": "t{table}", "filter": {{"one-time": "${{nope}}"}}}}"#));
    let each = each.collect::<Vec<_>>().join(",");
    let findings = validate(&fake::spec(&format!(r#"{{"each": [{each}]}}"#)));
    assert_eq!(findings.len(), BAD_TEXTS);
    let each = (0..5_000).map(|table| {
        format!(r#"{{"table": "t{table}", "filter": {{"one-time": "${{a}}${{a}}"}}}}"#)
    });
    let (each, value) = (each.collect::<Vec<_>>().join(","), "x".repeat(100_000));
    check(
        &format!(r#"{{"each": [{each}], "parameters": {{"a": "{value}"}}}}"#),
        &["PARAMETER_TOO_LONG migration.each[335].filter"],
    );
}

#[test]
fn a_table_is_excepted_once() {
    check(
        r#"{"source": {"data-source": "s", "schemas": ["p"]},
            "each": [{"table": "t"}, {"table": "p.t", "split-by": []}]}"#,
        &[
            "DUPLICATE_EXCEPTION migration.each[1].table",
            "EMPTY_LIST migration.each[1].split-by",
        ],
    );
}

#[test]
fn a_column_is_left_out_or_read_as_something() {
    check(
        r#"{"each": [{"table": "t", "columns": {"c": {"skip": true, "as": "text"}}}]}"#,
        &["BAD_CHOICE migration.each[0].columns.c"],
    );
}

#[test]
fn figures_have_ranges() {
    check(
        r#"{"run": {"parallelism": 0, "splits": 0, "timeout-hours": 0, "reruns": 11, "rerun-interval-minutes": 61},
            "rejected-rows": {"share": 1.5}, "each": [{"table": "t", "splits": 1025}]}"#,
        &[
            "OUT_OF_RANGE migration.each[0].splits",
            "OUT_OF_RANGE migration.rejected-rows.share",
            "OUT_OF_RANGE migration.run.parallelism",
            "OUT_OF_RANGE migration.run.splits",
            "OUT_OF_RANGE migration.run.timeout-hours",
            "OUT_OF_RANGE migration.run.reruns",
            "OUT_OF_RANGE migration.run.rerun-interval-minutes",
        ],
    );
    check(
        r#"{"run": {"parallelism": 64, "splits": 1024, "timeout-hours": 168, "reruns": 10, "rerun-interval-minutes": 60},
            "rejected-rows": {"share": 1}}"#,
        &[],
    );
}

#[test]
fn r8_02_time_limits_are_above_0_and_at_most_168_hours_with_two_decimals() {
    let run = |key: &str, value: &str| format!(r#"{{"run": {{"{key}": {value}}}}}"#);
    for hours in [
        "0.01", "0.1", "0.29", "1", "2.5", "47.99", "100.07", "168", "168.00",
    ] {
        check(&run("timeout-hours", hours), &[]);
    }
    let out = &["OUT_OF_RANGE migration.run.timeout-hours"];
    for hours in [
        "0", "-1", "0.001", "0.015", "1.005", "167.999", "168.01", "1e-9", "1e30",
    ] {
        check(&run("timeout-hours", hours), out);
    }
}

#[test]
fn r8_03_reruns_are_0_to_10_every_1_to_60_minutes() {
    let run = |key: &str, value: u8| format!(r#"{{"run": {{"{key}": {value}}}}}"#);
    for (key, fitting, others) in [
        ("reruns", [0, 10], vec![11, 255]),
        ("rerun-interval-minutes", [1, 60], vec![0, 61]),
    ] {
        for value in fitting {
            check(&run(key, value), &[]);
        }
        for value in others {
            let out = format!("OUT_OF_RANGE migration.run.{key}");
            check(&run(key, value), &[&out]);
        }
    }
}

#[test]
fn r6_03_a_rule_for_task_names_is_checked_without_any_table() {
    let rule = |rule: &str| serde_json::json!({ "task-names": rule }).to_string();
    let bad = &["BAD_TASK_NAME migration.task-names"];
    check(
        &rule("${source_data_source_type}2x_${source_table_name}"),
        &[],
    );
    check(&rule("${source_table_name}"), &[]);
    check(&rule(" "), bad);
    check(&rule("a:${source_table_name}"), bad);
    check(&rule(&"x".repeat(257)), bad);
    check(
        &rule("${source_tabel}"),
        &["UNKNOWN_PARAMETER migration.task-names"],
    );
}

#[test]
fn r1_05_numbers_of_batches_are_for_batches_which_need_both() {
    let schedule = |schedule: &str| format!(r#"{{"schedule": {schedule}}}"#);
    let size = "migration.schedule.tasks-per-batch";
    let every = "migration.schedule.every-hours";
    check(&schedule("{}"), &[]);
    check(&schedule(r#"{"mode": "concurrent"}"#), &[]);
    let numbers = r#""tasks-per-batch": 10, "every-hours": 0"#;
    for concurrent in [
        format!("{{{numbers}}}"),
        format!(r#"{{"mode": "concurrent", {numbers}}}"#),
    ] {
        let expected = [
            format!("NOT_OF_MODE {size}"),
            format!("NOT_OF_MODE {every}"),
        ];
        check(
            &schedule(&concurrent),
            &expected.each_ref().map(String::as_str),
        );
    }
    check(
        &schedule(&format!(r#"{{"mode": "batch", {numbers}}}"#)),
        &[],
    );
    check(
        &schedule(r#"{"mode": "batch", "tasks-per-batch": 10}"#),
        &[&format!("MISSING_KEY {every}")],
    );
    check(
        &schedule(r#"{"mode": "batch", "every-hours": 1}"#),
        &[&format!("MISSING_KEY {size}")],
    );
}

#[test]
fn r8_01_batches_have_1_to_142_tasks_every_0_to_23_hours() {
    let batch = |size: u16, every: u8| {
        let batch =
            format!(r#""mode": "batch", "tasks-per-batch": {size}, "every-hours": {every}"#);
        format!(r#"{{"schedule": {{{batch}}}}}"#)
    };
    check(&batch(1, 0), &[]);
    check(&batch(142, 23), &[]);
    let (size, every) = (
        "BATCH_SIZE migration.schedule.tasks-per-batch",
        "BATCH_HOURS migration.schedule.every-hours",
    );
    check(&batch(0, 23), &[size]);
    check(&batch(143, 24), &[size, every]);
}

#[test]
fn r8_04_what_is_waited_for_can_be_named() {
    check(
        r#"{"schedule": {"depends-on": [{"task": "a.b"}, {"table": "dw.orders"},
            {"table": {"schema": "a.b", "table": "c"}}, {"virtual": "all"}]}}"#,
        &[],
    );
    check(
        r#"{"schedule": {"depends-on": [{"task": " "}, {"table": "orders"}, {"table": ".x"},
            {"virtual": "a/b"}]}}"#,
        &[
            "BAD_NAME migration.schedule.depends-on[0].task",
            "BAD_NAME migration.schedule.depends-on[1].table",
            "BAD_NAME migration.schedule.depends-on[2].table",
            "BAD_NAME migration.schedule.depends-on[3].virtual",
        ],
    );
}

#[test]
fn r8_05_a_resource_group_is_named_or_left_out() {
    let group = |group: &str| format!(r#"{{"schedule": {{"resource-group": {group}}}}}"#);
    let at = "BAD_NAME migration.schedule.resource-group";
    check(&group(r#""night""#), &[]);
    check(&group(r#"{"production": "night"}"#), &[]);
    check(&group(r#""""#), &[at]);
    check(
        &group(r#"{"development": "", "production": " "}"#),
        &[&format!("{at}.development"), &format!("{at}.production")],
    );
}

#[test]
fn r4_03_a_confirmation_of_what_is_not_asked_for_is_refused() {
    let unused = ["RECREATE_UNUSED migration.recreate"];
    check(r#"{"recreate": ["a.b"]}"#, &unused);
    check(
        r#"{"recreate": ["a.b"], "existing-tables": "keep"}"#,
        &unused,
    );
    check(
        r#"{"recreate": ["a.b"], "existing-tables": "recreate"}"#,
        &[],
    );
}

#[test]
fn what_is_not_served_yet_is_refused_and_not_ignored() {
    check(
        r#"{"on-lost-snapshot": "restart-all"}"#,
        &["NOT_SERVED_YET migration.on-lost-snapshot"],
    );
}

#[test]
fn r1_05_what_belongs_to_another_method_is_refused_with_the_reason() {
    let filters = r#""filter": {"one-time": "a = 1", "daily": "a = 2"}"#;
    let own = r#""each": [{"table": "t", "filter": {"one-time": "a = 1", "daily": "a = 2"}}]"#;
    let method = |kind: &str, more: &str| {
        format!(r#"{{"method": {{"kind": "{kind}"{more}}}, {filters}, {own}}}"#)
    };
    check(
        &method("one-time", r#", "partition": {"one-time": 1, "daily": {}}"#),
        &[
            "NOT_OF_METHOD migration.filter.daily",
            "NOT_OF_METHOD migration.each[0].filter.daily",
            "NOT_OF_METHOD migration.method.partition.daily",
        ],
    );
    check(
        &method("daily", r#", "partition": {"one-time": 1}"#),
        &[
            "NOT_OF_METHOD migration.filter.one-time",
            "NOT_OF_METHOD migration.each[0].filter.one-time",
            "NOT_OF_METHOD migration.method.partition.one-time",
        ],
    );
    let both = r#", "partition": {"one-time": "ds=${bizdate}"}"#;
    check(&method("daily-and-one-time", both), &[]);
}

#[test]
fn r7_05_daily_and_one_time_write_partitions_of_one_column() {
    let both =
        |partition: &str| format!(r#"{{"method": {{"kind": "daily-and-one-time"{partition}}}}}"#);
    let missing = &["MISSING_PARTITION migration.method.partition"];
    check(&both(""), missing);
    check(&both(r#", "partition": {}"#), missing);
    check(&both(r#", "partition": {"daily": {}}"#), missing);
    check(
        &both(r#", "partition": {"one-time": 20230330, "daily": "DS=${bizdate}"}"#),
        &[],
    );
    check(
        &both(r#", "partition": {"one-time": "dt=1", "daily": {}}"#),
        &["BAD_PARTITION migration.method.partition.daily"],
    );
    check(
        r#"{"method": {"kind": "daily", "partition": {"daily": "ds=${nope}"}}}"#,
        &["UNKNOWN_PARAMETER migration.method.partition.daily"],
    );
    check(
        r#"{"method": {"kind": "daily", "partition": {"daily": 7}}}"#,
        &["BAD_PARTITION migration.method.partition.daily"],
    );
    check(r#"{"method": {"kind": "daily"}}"#, &[]);
    check(r#"{"method": {"kind": "daily", "partition": {}}}"#, &[]);
}

#[test]
fn a_key_for_updates_is_given_where_rows_are_updated() {
    let each = r#""each": [{"table": "t", "update-by": ["id"]}]"#;
    check(
        &format!("{{{each}}}"),
        &["UPDATE_BY_UNUSED migration.each[0].update-by"],
    );
    check(
        &format!(
            r#"{{"destination": {{"data-source": "l", "loading-policy": "update"}}, {each}}}"#
        ),
        &[],
    );
}

#[test]
fn connectors_are_asked_only_for_what_they_can_do() {
    let against = |changes: &str, source: &Fake, destination: &Fake| {
        found(&validate_against(&fake::spec(changes), source, destination))
    };
    let changes = r#"{"source": {"data-source": "s", "schemas": ["a", "b"]},
        "destination": {"data-source": "l", "loading-policy": "append"},
        "filter": {"one-time": "a"}, "each": [{"table": "t", "filter": {"one-time": "b"}},
        {"table": "u", "filter": "none"}], "method": {"partition": {"one-time": 1}}}"#;
    assert_eq!(
        against(changes, &Fake::default(), &Fake::default()),
        [""; 0]
    );
    let poor = Fake {
        read: Some(ReadCapabilities {
            filter: false,
            splits: false,
            schemas: false,
            snapshot: SnapshotKind::None,
            default_schema: None,
        }),
        write: Fake::default().write.map(|write| WriteCapabilities {
            add_columns: false,
            recreate: None,
            append: false,
            partitions: false,
            ..write
        }),
    };
    assert_eq!(
        against(changes, &poor, &poor),
        [
            "UNSUPPORTED migration.source.schemas",
            "UNSUPPORTED migration.filter",
            "UNSUPPORTED migration.each[0].filter",
            "UNSUPPORTED migration.destination.loading-policy",
            "UNSUPPORTED migration.method.partition",
        ]
    );
    for (changes, expected) in [
        (
            r#"{"existing-tables": "add-columns", "drift": "add-columns"}"#,
            &[
                "UNSUPPORTED migration.existing-tables",
                "UNSUPPORTED migration.drift",
            ][..],
        ),
        (
            r#"{"existing-tables": "recreate"}"#,
            &["UNSUPPORTED migration.existing-tables"],
        ),
    ] {
        let able = Fake::default();
        assert_eq!(against(changes, &able, &able), [""; 0]);
        assert_eq!(against(changes, &able, &poor), expected, "{changes}");
    }
    let none = Fake {
        read: None,
        write: None,
    };
    assert_eq!(
        against("{}", &none, &none),
        [
            "UNSUPPORTED migration.source.data-source",
            "UNSUPPORTED migration.destination.data-source",
        ]
    );
}

#[test]
fn a_file_names_data_sources_that_it_has() {
    let file: MigrationFile = serde_json::from_value(serde_json::json!({
        "version": 2,
        "data-sources": {"shop": {"type": "fake"}},
        "migration": fake::spec("{}"),
    }))
    .unwrap();
    let findings = validate_file(&file);
    assert_eq!(
        found(&findings),
        [
            "UNKNOWN_VERSION version",
            "UNKNOWN_DATA_SOURCE migration.destination.data-source"
        ]
    );
}
