//! Whole plans as snapshots, and each reason that refuses a table.

use std::collections::BTreeMap;

use contract::{AnyConnector, ExistingTable, Guarantee, SnapshotKind, Visibility};
use model::migration::MigrationSpec;
use model::plan::{Column, Environment, Fidelity, Part, Pipeline, Plan, TableChange};
use model::{
    Error, ErrorKind, Finding, LastShape, LogicalType, NativeTable, TableKind, TableName,
    TableShape,
};

use crate::fake::{self, Fake};
use crate::{PlanInput, diff, filters, plan, select, target_names};

/// What a test changes of a plain run.
struct World {
    spec: MigrationSpec,
    part: Part,
    source: Fake,
    destination: Fake,
    tables: Vec<NativeTable>,
    filter_errors: BTreeMap<TableName, Error>,
    existing: BTreeMap<TableName, ExistingTable>,
    same_place: bool,
    fingerprints: BTreeMap<TableName, LastShape>,
}

impl World {
    fn new(changes: &str, tables: Vec<NativeTable>) -> Self {
        Self {
            spec: fake::spec(changes),
            part: Part::OneTime,
            source: Fake::default(),
            destination: Fake::default(),
            tables,
            filter_errors: BTreeMap::new(),
            existing: BTreeMap::new(),
            same_place: false,
            fingerprints: BTreeMap::new(),
        }
    }

    /// With `lake.orders` there already.
    fn existing(mut self, columns: &[(&str, LogicalType, bool)], partition: Option<&str>) -> Self {
        let columns = columns
            .iter()
            .map(|(name, holds, nullable)| Column {
                name: (*name).to_owned(),
                holds: holds.clone(),
                native: holds.to_string(),
                nullable: *nullable,
                comment: None,
            })
            .collect();
        let table = ExistingTable {
            columns,
            partition_column: partition.map(str::to_owned),
            findings: Vec::new(),
        };
        self.existing
            .insert(TableName::new("lake", "orders"), table);
        self
    }

    fn plan(&self) -> Plan {
        let listing: Vec<_> = self
            .tables
            .iter()
            .map(|table| {
                fake::listed(
                    &format!("{}.{}", table.name.schema, table.name.table),
                    table.kind,
                )
            })
            .collect();
        plan(&PlanInput {
            spec: &self.spec,
            environment: Environment::Production,
            part: self.part,
            bizdate: "20230330",
            source: &self.source,
            destination: &self.destination,
            default_schema: "public",
            namespace: "lake",
            selection: &select(&self.spec, "public", &listing),
            tables: &self.tables,
            filter_errors: &self.filter_errors,
            existing: &self.existing,
            same_place: self.same_place,
            fingerprints: &self.fingerprints,
        })
    }

    /// The only table is refused for these reasons.
    #[track_caller]
    fn refused(&self, expected: &[&str]) -> Vec<Finding> {
        let plan = self.plan();
        assert_eq!(plan.pipelines.len(), 0, "{:?}", plan.pipelines);
        assert_eq!(plan.refused.len(), 1);
        let blockers: Vec<Finding> = plan.refused[0]
            .findings
            .iter()
            .filter(|finding| finding.is_blocker())
            .cloned()
            .collect();
        let found: Vec<String> = blockers
            .iter()
            .map(|f| format!("{} {}", f.code, f.at))
            .collect();
        assert_eq!(found, expected);
        blockers
    }

    /// The only table is planned.
    #[track_caller]
    fn planned(&self) -> Pipeline {
        let mut plan = self.plan();
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        assert!(!plan.is_blocked(), "{:?}", plan.findings);
        assert_eq!(plan.pipelines.len(), 1);
        plan.pipelines.remove(0)
    }
}

fn orders() -> NativeTable {
    fake::described("orders", &["id int!", "note text"])
}

fn one(changes: &str, table: NativeTable) -> World {
    World::new(changes, vec![table])
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn a_plain_plan() {
    insta::assert_json_snapshot!(one("{}", orders()).plan());
}

#[test]
fn a_plan_with_everything() {
    let mut odd = fake::described("odd table", &["id bigint!", "a b text", "m money", "x xml"]);
    odd.comment = Some("oddities".to_owned());
    let mut view = fake::described("v_orders", &["id int"]);
    view.kind = TableKind::View;
    view.primary_key.clear();
    let refused = fake::described("refused", &["id int", "b huge", "u unknown"]);
    let changes = r#"{
        "tables": {"listed": ["orders", "odd table", "v_orders", "refused", "nowhere"]},
        "destination": {"data-source": "lake", "loading-policy": "append"},
        "names": {"table-prefix": "ODS_", "field-rules": [{"replace": "note", "with": "REMARK"}], "illegal": "convert"},
        "filter": {"one-time": "created =< '${bizdate}'"},
        "each": [
            {"table": "v_orders", "filter": "none"},
            {"table": "orders", "split-by": "id", "filter": {"one-time": "id > 5"}},
            {"table": "odd table", "columns": {"x": {"as": "text"}}}],
        "method": {"partition": {"one-time": "ds=${bizdate}"}},
        "consistency": "table"}"#;
    let mut world = World::new(changes, vec![orders(), odd, view, refused]);
    if let Some(write) = &mut world.destination.write {
        write.visibility = Visibility::ByManifest;
        write.guarantee = Guarantee::AtLeastOnce;
        write.required_columns = false;
    }
    insta::assert_json_snapshot!(world.plan());
}

#[test]
fn the_same_input_gives_the_same_plan_and_estimates_and_findings_do_not_count() {
    let world = one("{}", orders());
    let first = world.plan();
    assert_eq!(first, world.plan());
    let mut later = orders();
    later.estimated_rows = Some(99);
    later.estimated_bytes = None;
    later
        .findings
        .push(Finding::note("X", "public.orders", "new"));
    let later = one("{}", later).plan();
    assert_eq!(first.digest, later.digest);
    assert_eq!(first.pipelines[0].digest, later.pipelines[0].digest);
    let other = one(r#"{"filter": {"one-time": "id > 1"}}"#, orders()).plan();
    assert_ne!(first.digest, other.digest);
    assert_ne!(first.pipelines[0].digest, other.pipelines[0].digest);
    assert_eq!(first.pipelines[0].id, other.pipelines[0].id);
}

#[test]
fn a_pipeline_is_named_by_migration_and_source_table_alone() {
    // printf 'shop_to_lake\0public\0orders' | sha256sum | cut -c1-16
    let id = one("{}", orders()).planned().id;
    assert_eq!(id.as_str(), "77197ff6933e779b");
}

#[test]
fn a_refused_type_stops_its_table_and_says_what_to_paste() {
    let table = fake::described("orders", &["id int", "x xml", "y huge"]);
    let blockers =
        one("{}", table).refused(&["UNKNOWN_TYPE public.orders.x", "NO_BINARY public.orders.y"]);
    assert_eq!(
        blockers[0].hint.as_deref(),
        Some(
            "accept one: each: [{ table: public.orders, columns: { x: { as: text } } }]; \
             or each: [{ table: public.orders, columns: { x: { skip: true } } }]"
        )
    );
    let accepted = r#"{"each": [{"table": "public.orders", "columns": {"x": {"as": "text"}, "y": {"skip": true}}}]}"#;
    let table = fake::described("orders", &["id int", "x xml", "y huge"]);
    let pipeline = one(accepted, table).planned();
    let columns: Vec<&str> = pipeline.columns.iter().map(|c| c.source.as_str()).collect();
    assert_eq!(columns, ["id", "x"]);
    assert_eq!(
        pipeline.scan.columns[1].expression.as_deref(),
        Some("\"x\"::text")
    );
}

#[test]
fn what_the_destination_would_refuse_in_its_turn_is_not_proposed() {
    let table = fake::described("orders", &["id int", "b blob"]);
    let blockers = one("{}", table).refused(&["UNDECLARED_TYPE public.orders.b"]);
    assert_eq!(
        blockers[0].hint.as_deref(),
        Some(
            "accept one: each: [{ table: public.orders, columns: { b: { as: text } } }]; \
             or each: [{ table: public.orders, columns: { b: { skip: true } } }]"
        )
    );
}

#[test]
fn one_refused_table_leaves_the_others() {
    let bad = fake::described("bad", &["x xml"]);
    let plan = World::new("{}", vec![bad, orders()]).plan();
    assert!(!plan.is_blocked());
    assert_eq!((plan.pipelines.len(), plan.refused.len()), (1, 1));
}

#[test]
fn tables_without_columns_and_unknown_columns_are_refused() {
    one("{}", fake::described("orders", &[])).refused(&["NO_COLUMNS public.orders"]);
    let mut told = fake::described("orders", &[]);
    let at = "public.orders";
    told.findings
        .push(Finding::blocker("NO_COLUMNS", at, "no columns"));
    one("{}", told).refused(&["NO_COLUMNS public.orders"]);
    let all = r#"{"each": [{"table": "orders", "columns": {"id": {"skip": true}, "note": {"skip": true}}}]}"#;
    one(all, orders()).refused(&["NO_COLUMNS public.orders"]);
    let slip = r#"{"each": [{"table": "orders", "split-by": ["ID"], "columns": {"note ": {"skip": true}}}]}"#;
    let blockers = one(slip, orders()).refused(&[
        "UNKNOWN_COLUMN migration.each[0].columns.note ",
        "UNKNOWN_COLUMN migration.each[0].split-by",
    ]);
    let hint = blockers[0].hint.as_deref().unwrap();
    assert!(hint.starts_with("did you mean note?"), "{hint}");
}

#[test]
fn a_key_with_a_column_left_out_is_no_key() {
    let skip = r#"{"each": [{"table": "orders", "columns": {"id": {"skip": true}}}]}"#;
    let pipeline = one(skip, orders()).planned();
    assert!(pipeline.scan.primary_key.is_empty() && pipeline.write.table.primary_key.is_empty());
    let split =
        r#"{"each": [{"table": "orders", "split-by": "id", "columns": {"id": {"skip": true}}}]}"#;
    one(split, orders()).refused(&["SPLIT_COLUMN_LEFT_OUT migration.each[0].split-by"]);
}

#[test]
fn r4_05_names_that_become_one_refuse_every_table_concerned() {
    let rules = r#"{"names": {"table-rules": [{"replace": "old_", "with": ""}]}}"#;
    let tables = ["Orders", "old_orders", "other"].map(|name| fake::described(name, &["id int"]));
    let plan = World::new(rules, tables.to_vec()).plan();
    assert_eq!(plan.pipelines.len(), 1);
    let refused: Vec<(String, &str)> = plan
        .refused
        .iter()
        .map(|refused| {
            (
                refused.source.to_string(),
                refused.findings[0].code.as_str(),
            )
        })
        .collect();
    assert_eq!(
        refused,
        [
            ("public.Orders".to_owned(), "NAME_COLLISION"),
            ("public.old_orders".to_owned(), "NAME_COLLISION")
        ]
    );
}

#[test]
fn r4_05_one_name_in_two_schemas_collides_unless_the_schema_is_in_it() {
    let mut other = orders();
    other.name.schema = "audit".to_owned();
    let plan = World::new("{}", vec![orders(), other.clone()]).plan();
    let hint = plan.refused[1].findings[0].hint.as_deref().unwrap();
    assert!(
        hint.contains("table-prefix: \"${source_schema}_\""),
        "{hint}"
    );
    let prefix = r#"{"names": {"table-prefix": "${source_schema}_"}}"#;
    let plan = World::new(prefix, vec![orders(), other]).plan();
    let names: Vec<String> = plan
        .pipelines
        .iter()
        .map(|p| p.write.table.name.to_string())
        .collect();
    assert_eq!(names, ["lake.public_orders", "lake.audit_orders"]);
}

#[test]
fn r4_05_columns_collide_and_clash_with_the_partition() {
    let table = fake::described("orders", &["Id int", "ID int", "id int", "note text"]);
    one("{}", table).refused(&[
        "NAME_COLLISION public.orders.Id",
        "NAME_COLLISION public.orders.ID",
        "NAME_COLLISION public.orders.id",
    ]);
    let partition = r#"{"method": {"partition": {"one-time": "20230330"}}}"#;
    let table = fake::described("orders", &["id int", "DS int"]);
    let blockers = one(partition, table).refused(&["PARTITION_COLUMN_CLASH public.orders.DS"]);
    let hint = blockers[0].hint.as_deref().unwrap();
    assert!(hint.contains("{ replace: DS, with: ds_src }"), "{hint}");
}

#[test]
fn r7_05_the_partition_column_comes_last_and_is_no_mapping() {
    let partition = r#"{"method": {"partition": {"one-time": "dt=${bizdate}"}}}"#;
    let pipeline = one(partition, orders()).planned();
    let columns: Vec<&str> = pipeline
        .write
        .table
        .columns
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(columns, ["id", "note", "dt"]);
    assert_eq!(pipeline.columns.len(), 2);
    assert_eq!(pipeline.write.partition.unwrap().value, "20230330");
}

#[test]
fn r7_02_filters_are_the_tables_own_the_general_one_or_none() {
    let changes = r#"{"filter": {"one-time": "ds=<${bizdate}"}, "each": [
        {"table": "a", "filter": {"one-time": "x = 1"}}, {"table": "b", "filter": "none"}]}"#;
    let tables = ["a", "b", "c"].map(|name| fake::described(name, &["id int"]));
    let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
    let spec = fake::spec(changes);
    let asked = filters(&spec, "public", Part::OneTime, "20230330", &names);
    assert_eq!(
        asked,
        [
            (names[0].clone(), "x = 1".to_owned()),
            (names[2].clone(), "ds<=20230330".to_owned())
        ]
    );
    let mut world = World::new(changes, tables.to_vec());
    let error = Error::new(
        ErrorKind::Config,
        "UNDEFINED_COLUMN",
        "there is no column ds",
    );
    world.filter_errors.insert(names[2].clone(), error);
    let plan = world.plan();
    let planned: Vec<Option<&str>> = plan
        .pipelines
        .iter()
        .map(|p| p.scan.filter.as_deref())
        .collect();
    assert_eq!(planned, [Some("x = 1"), None]);
    let finding = &plan.refused[0].findings[0];
    assert_eq!(
        (finding.code.as_str(), finding.at.as_str()),
        ("UNDEFINED_COLUMN", "migration.filter.one-time")
    );
    assert!(
        finding
            .hint
            .as_deref()
            .unwrap()
            .contains("each: [{ table: public.c, filter: none }]")
    );
}

#[test]
fn an_existing_table_keeps_its_order_and_widens() {
    let world = one("{}", orders()).existing(
        &[
            ("note", LogicalType::TEXT, true),
            ("more", LogicalType::Date, true),
            ("id", LogicalType::int(64), false),
        ],
        None,
    );
    let pipeline = world.planned();
    let columns: Vec<&str> = pipeline
        .columns
        .iter()
        .map(|c| c.destination.as_str())
        .collect();
    assert_eq!(columns, ["note", "id"]);
    assert_eq!(pipeline.columns[1].holds, LogicalType::int(64));
    assert_eq!(pipeline.columns[0].fidelity, Fidelity::Exact);
    assert_eq!(pipeline.columns[1].fidelity, Fidelity::Widened);
    assert_eq!(pipeline.write.table.columns.len(), 3);
    assert!(pipeline.write.exists && pipeline.write.ddl.is_empty());
    assert_eq!(
        codes(&pipeline.findings),
        ["OVERWRITE", "COLUMN_WITHOUT_SOURCE"]
    );
    let scanned: Vec<&str> = pipeline
        .scan
        .columns
        .iter()
        .map(|c| c.native.name.as_str())
        .collect();
    assert_eq!(scanned, ["id", "note"]);
}

#[test]
fn an_existing_table_is_matched_by_the_names_over_there() {
    let rules = r#"{"names": {"field-rules": [{"replace": "note", "with": "remark"}]}}"#;
    let there = [
        ("remark", LogicalType::TEXT, true),
        ("id", LogicalType::int(32), true),
    ];
    let pipeline = one(rules, orders()).existing(&there, None).planned();
    let columns: Vec<(&str, &str)> = pipeline
        .columns
        .iter()
        .map(|column| (column.source.as_str(), column.destination.as_str()))
        .collect();
    assert_eq!(columns, [("note", "remark"), ("id", "id")]);
    assert_eq!(pipeline.write.table.primary_key, ["id"]);
}

#[test]
fn a_table_that_is_there_still_tells_the_name_that_was_converted() {
    let rules = r#"{"names": {"illegal": "convert"}}"#;
    let mut table = fake::described("my orders", &["id int!", "note text"]);
    for (comment, expected) in [
        (None, "source name: my orders"),
        (Some("all of them"), "all of them (source name: my orders)"),
    ] {
        table.comment = comment.map(str::to_owned);
        let first = one(rules, table.clone()).planned();
        assert_eq!(first.write.table.comment.as_deref(), Some(expected));
        let there = ExistingTable {
            columns: first.write.table.columns.clone(),
            partition_column: None,
            findings: Vec::new(),
        };
        let mut again = one(rules, table.clone());
        again.existing.insert(first.write.table.name, there);
        let second = again.planned();
        assert!(second.write.exists);
        assert_eq!(second.write.table.comment.as_deref(), Some(expected));
    }
}

#[test]
fn a_column_refused_for_its_type_is_not_missed_at_the_destination_too() {
    let table = fake::described("orders", &["id int", "x xml"]);
    one("{}", table)
        .existing(
            &[
                ("id", LogicalType::int(32), true),
                ("x", LogicalType::TEXT, false),
            ],
            None,
        )
        .refused(&["UNKNOWN_TYPE public.orders.x"]);
}

#[test]
fn an_existing_table_that_does_not_fit_is_refused_by_column() {
    let text = LogicalType::TEXT;
    one("{}", orders())
        .existing(
            &[
                ("id", LogicalType::int(16), true),
                ("Note", text.clone(), true),
            ],
            None,
        )
        .refused(&[
            "COLUMN_CASE public.orders.note",
            "COLUMN_TYPE public.orders.id",
        ]);
    one("{}", orders())
        .existing(
            &[
                ("id", LogicalType::int(32), true),
                ("must", text.clone(), false),
            ],
            None,
        )
        .refused(&[
            "COLUMN_MISSING public.orders.note",
            "COLUMN_WITHOUT_SOURCE public.orders",
        ]);
    one("{}", orders())
        .existing(
            &[
                ("id", LogicalType::int(32), true),
                ("note", text.clone(), false),
            ],
            None,
        )
        .refused(&["COLUMN_REQUIRED public.orders.note"]);
    let fail = r#"{"existing-tables": "fail"}"#;
    one(fail, orders())
        .existing(
            &[("id", LogicalType::int(32), true), ("note", text, true)],
            None,
        )
        .refused(&["TABLE_EXISTS public.orders"]);
}

#[test]
fn an_existing_table_is_partitioned_as_the_migration_says() {
    let there = [
        ("id", LogicalType::int(32), true),
        ("note", LogicalType::TEXT, true),
        ("ds", LogicalType::TEXT, true),
    ];
    let partition = r#"{"method": {"partition": {"one-time": "20230330"}}}"#;
    let pipeline = one(partition, orders())
        .existing(&there, Some("ds"))
        .planned();
    assert_eq!(pipeline.columns.len(), 2);
    assert_eq!(
        pipeline.findings[0].message,
        "the rows of lake.orders in partition ds=20230330 are replaced"
    );
    let append = r#"{"method": {"partition": {"one-time": "20230330"}},
        "destination": {"data-source": "lake", "loading-policy": "append"}}"#;
    let pipeline = one(append, orders()).existing(&there, Some("ds")).planned();
    assert!(pipeline.findings.is_empty(), "{:?}", pipeline.findings);
    one("{}", orders())
        .existing(&there, Some("ds"))
        .refused(&["PARTITION_MISMATCH public.orders"]);
    one(partition, orders())
        .existing(&there, None)
        .refused(&["PARTITION_MISMATCH public.orders"]);
}

fn remembered(table: &NativeTable) -> LastShape {
    LastShape::Known(TableShape::of(table))
}

#[test]
fn a_changed_source_is_refused() {
    let mut world = one("{}", orders());
    let name = TableName::new("public", "orders");
    for unchanged in [
        remembered(&orders()),
        LastShape::Fingerprint(orders().fingerprint()),
    ] {
        world.fingerprints.insert(name.clone(), unchanged);
        world.planned();
    }
    let other = LastShape::Fingerprint("other".to_owned());
    world.fingerprints.insert(name.clone(), other);
    world.refused(&["DRIFT public.orders"]);
    let before = fake::described("orders", &["id int!", "note int"]);
    world.fingerprints.insert(name, remembered(&before));
    let blockers = world.refused(&["DRIFT public.orders"]);
    let told = "differs from the last successful run: column note was int and is text";
    assert!(blockers[0].message.ends_with(told), "{blockers:?}");
}

#[test]
fn a_changed_source_is_read_as_it_is_where_drift_is_ignored() {
    let changed = |there: &[(&str, LogicalType, bool)]| {
        let mut world = one(r#"{"drift": "ignore"}"#, orders()).existing(there, None);
        let name = TableName::new("public", "orders");
        let other = LastShape::Fingerprint("other".to_owned());
        world.fingerprints.insert(name, other);
        world
    };
    let id = ("id", LogicalType::int(32), true);
    let note = ("note", LogicalType::TEXT, true);
    let pipeline = changed(&[id.clone(), note]).planned();
    assert_eq!(codes(&pipeline.findings), ["DRIFT", "OVERWRITE"]);
    assert!(!pipeline.findings[0].is_blocker());
    changed(&[id]).refused(&["COLUMN_MISSING public.orders.note"]);
}

#[test]
fn columns_new_at_the_source_are_added_and_no_others() {
    let before = fake::described("orders", &["id int!", "note text"]);
    let now = || fake::described("orders", &["id int!", "note text", "more bigint!"]);
    let there = [
        ("id", LogicalType::int(32), false),
        ("note", LogicalType::TEXT, true),
    ];
    let name = TableName::new("public", "orders");
    let mut world = one(r#"{"drift": "add-columns"}"#, now()).existing(&there, None);
    world.fingerprints.insert(name.clone(), remembered(&before));
    let pipeline = world.planned();
    assert_eq!(
        codes(&pipeline.findings),
        ["DRIFT", "OVERWRITE", "COLUMNS_ADDED"]
    );
    let more = TableChange::AddColumns(vec!["more".to_owned()]);
    assert_eq!(pipeline.write.change, more);
    assert_eq!(
        pipeline.write.ddl,
        ["ALTER TABLE [lake].[orders] ADD COLUMN [more] int64"]
    );
    let added = pipeline.write.table.columns.last().unwrap();
    assert_eq!((added.name.as_str(), added.nullable), ("more", true));
    assert_eq!(pipeline.columns.last().unwrap().destination, "more");
    // The destination lacks a column that is not new: that is for existing-tables to say.
    let mut lacking = one(r#"{"drift": "add-columns"}"#, now()).existing(&there[..1], None);
    lacking.fingerprints.insert(name, remembered(&before));
    lacking.refused(&["COLUMN_MISSING public.orders.note"]);
}

#[test]
fn missing_columns_are_added_where_the_file_says_so() {
    let id = [("id", LogicalType::int(32), false)];
    let adding = r#"{"existing-tables": "add-columns", "destination":
        {"data-source": "lake", "loading-policy": "append"}}"#;
    let pipeline = one(adding, orders()).existing(&id, None).planned();
    let note = TableChange::AddColumns(vec!["note".to_owned()]);
    assert_eq!(pipeline.write.change, note);
    assert_eq!(codes(&pipeline.findings), ["COLUMNS_ADDED"]);
    assert_eq!(
        pipeline.findings[0].message,
        "lake.orders gets note, null in the rows that are there"
    );
    let complete = [id[0].clone(), ("note", LogicalType::TEXT, true)];
    let pipeline = one(adding, orders()).existing(&complete, None).planned();
    assert_eq!(pipeline.write.change, TableChange::Keep);
    let narrow = [("id", LogicalType::int(16), false)];
    let world = one(adding, orders()).existing(&narrow, None);
    world.refused(&["COLUMN_TYPE public.orders.id"]);
    let refused = &world.plan().refused[0];
    assert_eq!(
        codes(&refused.findings),
        ["COLUMN_TYPE"],
        "nothing is added"
    );
    let case = [
        ("id", LogicalType::int(32), false),
        ("Note", LogicalType::TEXT, true),
    ];
    one(adding, orders())
        .existing(&case, None)
        .refused(&["COLUMN_CASE public.orders.note"]);
}

#[test]
fn r4_03_a_table_is_made_anew_only_where_the_file_names_it() {
    let other_type = [
        ("id", LogicalType::Date, false),
        ("old", LogicalType::TEXT, false),
    ];
    let world = |confirmed: &str| {
        let changes = format!(r#"{{"existing-tables": "recreate", "recreate": {confirmed}}}"#);
        one(&changes, orders()).existing(&other_type, Some("ds"))
    };
    let blockers = world("[]").refused(&["RECREATE_UNCONFIRMED migration.recreate"]);
    assert_eq!(
        blockers[0].hint.as_deref(),
        Some("write recreate: [lake.orders], or existing-tables: keep")
    );
    let plan = world(r#"["lake.orders", "lake.other"]"#).plan();
    assert!(plan.is_blocked());
    let unknown = plan.findings.iter().find(|found| found.is_blocker());
    let unknown = unknown.unwrap();
    assert_eq!(
        (unknown.code.as_str(), unknown.at.as_str()),
        ("RECREATE_UNKNOWN", "migration.recreate[1]")
    );
    let confirmed = world(r#"["orders"]"#);
    let pipeline = confirmed.planned();
    assert_eq!(pipeline.write.change, TableChange::Recreate);
    assert!(pipeline.write.exists);
    let names: Vec<&str> = pipeline
        .write
        .table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["id", "note"]);
    assert_eq!(pipeline.write.ddl[0], "DROP TABLE [lake].[orders]");
    assert!(pipeline.write.ddl[1].starts_with("create table"));
    assert_eq!(codes(&pipeline.findings), ["RECREATE"]);
    let whole = confirmed.plan().findings;
    let told = whole.iter().find(|found| found.code == "RECREATE").unwrap();
    assert!(told.message.contains("lake.orders"), "{told:?}");
    assert!(told.message.contains("in development and in production"));
    assert_eq!(
        told.hint.as_deref(),
        Some("the old rows are kept for a while")
    );
}

#[test]
fn where_nothing_is_there_nothing_is_made_anew() {
    let pipeline = one(r#"{"existing-tables": "recreate"}"#, orders()).planned();
    assert_eq!(pipeline.write.change, TableChange::Keep);
    assert!(!pipeline.write.exists && pipeline.findings.is_empty());
}

#[test]
fn a_table_is_not_loaded_from_itself() {
    let there = [
        ("id", LogicalType::int(32), false),
        ("note", LogicalType::TEXT, true),
    ];
    let mut table = orders();
    table.name = TableName::new("lake", "orders");
    let world = |source: &str| {
        let changes = format!(r#"{{"source": {{"data-source": "{source}"}}}}"#);
        one(&changes, table.clone()).existing(&there, None)
    };
    world("shop").planned();
    let itself = ["ONTO_ITSELF lake.orders"];
    world("lake").refused(&itself);
    let mut other_name = world("shop");
    other_name.same_place = true;
    other_name.refused(&itself);
    other_name.tables = vec![orders()];
    other_name.planned();
}

#[test]
fn a_blocked_destination_does_not_miss_each_column_as_well() {
    let mut world = one("{}", orders()).existing(&[], None);
    for existing in world.existing.values_mut() {
        let blocker = Finding::blocker("NOT_READABLE", "lake.orders", "metadata is gone");
        existing.findings.push(blocker);
    }
    world.refused(&["NOT_READABLE lake.orders"]);
}

#[test]
fn blockers_of_source_and_destination_refuse_the_table() {
    let mut table = orders();
    let blocker = Finding::blocker("NO_RIGHT", "public.orders", "no right to read secret");
    table.findings.push(blocker.clone());
    one("{}", table.clone()).refused(&["NO_RIGHT public.orders"]);
    table.findings[0].code = "UNKNOWN_TYPE".to_owned();
    for column in ["b what", "u unknown"] {
        let refused = fake::described("orders", &[column]).columns.remove(0);
        table.columns.push(refused);
    }
    one("{}", table).refused(&["UNKNOWN_TYPE public.orders"]);
    let mut world = one("{}", orders()).existing(
        &[
            ("id", LogicalType::int(32), true),
            ("note", LogicalType::TEXT, true),
        ],
        None,
    );
    for existing in world.existing.values_mut() {
        existing.findings.push(blocker.clone());
    }
    world.refused(&["NO_RIGHT public.orders"]);
}

#[test]
fn a_chosen_table_that_vanished_is_refused() {
    let mut world = one("{}", orders());
    let listing = fake::tables(&["public.orders", "public.gone"]);
    let selection = select(&world.spec, "public", &listing);
    world.tables = vec![orders()];
    let plan = plan(&PlanInput {
        spec: &world.spec,
        environment: Environment::Development,
        part: Part::OneTime,
        bizdate: "20230330",
        source: &world.source,
        destination: &world.destination,
        default_schema: "public",
        namespace: "lake",
        selection: &selection,
        tables: &world.tables,
        filter_errors: &world.filter_errors,
        existing: &world.existing,
        same_place: world.same_place,
        fingerprints: &world.fingerprints,
    });
    assert_eq!(plan.pipelines.len(), 1);
    assert_eq!(plan.refused[0].findings[0].code, "TABLE_NOT_FOUND");
    assert_eq!(
        plan.refused[0].destination,
        Some(TableName::new("lake", "gone"))
    );
}

#[test]
fn what_is_wrong_with_the_whole_blocks_the_plan() {
    let blocked = |world: &World, code: &str| {
        let plan = world.plan();
        assert!(plan.is_blocked());
        assert!(codes(&plan.findings).contains(&code), "{:?}", plan.findings);
    };
    blocked(
        &one(r#"{"statements": {"after": ["x"]}}"#, orders()),
        "UNSUPPORTED",
    );
    blocked(
        &one(r#"{"method": {"partition": {}}}"#, orders()),
        "MISSING_PARTITION",
    );
    let unknown = r#"{"method": {"partition": {"one-time": "${nope}"}}}"#;
    let findings = one(unknown, orders()).plan().findings;
    assert_eq!(codes(&findings), ["UNKNOWN_PARAMETER", "SOURCE_HELD"]);
    let mut daily = one("{}", orders());
    daily.part = Part::Daily;
    blocked(&daily, "NO_SUCH_PART");
    let mut unwritable = one("{}", orders());
    unwritable.destination.write = None;
    blocked(&unwritable, "UNSUPPORTED");
}

#[test]
fn r6_03_a_rule_that_gives_two_tables_one_name_blocks_the_plan() {
    let two = || {
        ["a", "b"]
            .map(|name| fake::described(name, &["id int"]))
            .to_vec()
    };
    let rule = |rule: &str| serde_json::json!({ "task-names": rule }).to_string();
    let plan = World::new(&rule("x"), two()).plan();
    assert!(plan.is_blocked());
    let finding = plan
        .findings
        .iter()
        .find(|found| found.is_blocker())
        .unwrap();
    assert_eq!(
        (finding.code.as_str(), finding.at.as_str()),
        ("TASK_NAME_COLLISION", "migration.task-names")
    );
    assert!(finding.message.contains("public.a and public.b"));
    let unknown = World::new(&rule("${nope}"), two()).plan();
    let blockers = unknown.findings.iter().filter(|found| found.is_blocker());
    assert_eq!(blockers.count(), 1, "it is told once");
}

#[test]
fn r6_03_a_table_without_a_legal_task_name_is_refused_and_the_others_move() {
    let tables = ["a/b", "c"].map(|name| fake::described(name, &["id int"]));
    let changes = r#"{"task-names": "${source_table_name}", "names": {"illegal": "convert"}}"#;
    let plan = World::new(changes, tables.to_vec()).plan();
    assert!(!plan.is_blocked());
    assert_eq!(plan.pipelines.len(), 1);
    assert_eq!(codes(&plan.refused[0].findings), ["BAD_TASK_NAME"]);
    let of_system = r#"{"names": {"illegal": "convert"}}"#;
    let plan = World::new(of_system, tables.to_vec()).plan();
    assert_eq!(plan.pipelines.len(), 2);
}

#[test]
fn names_of_tasks_and_schedules_are_not_part_of_what_is_done() {
    let plain = one("{}", orders()).plan();
    let changes = r#"{"task-names": "${source_table_name}", "schedule": {"mode": "batch",
        "tasks-per-batch": 1, "every-hours": 2, "priority": "high"}}"#;
    assert_eq!(one(changes, orders()).plan(), plain);
}

#[test]
fn r8_01_batches_that_take_longer_than_a_day_are_refused_with_the_arithmetic() {
    let tables: Vec<NativeTable> = (0..13)
        .map(|index| fake::described(&format!("t{index}"), &["id int"]))
        .collect();
    let plan = |every: u8| {
        let changes = format!(
            r#"{{"schedule": {{"mode": "batch", "tasks-per-batch": 1, "every-hours": {every}}}}}"#
        );
        World::new(&changes, tables.clone()).plan()
    };
    for every in [0, 1] {
        assert!(!plan(every).is_blocked());
    }
    let plan = plan(2);
    let finding = plan
        .findings
        .iter()
        .find(|found| found.is_blocker())
        .unwrap();
    assert_eq!(
        (finding.code.as_str(), finding.at.as_str()),
        ("BATCHES_TOO_LONG", "migration.schedule.tasks-per-batch")
    );
    assert_eq!(
        finding.message,
        "13 tables, 1 every 2 hours, take 26 hours: 13 batches x 2, and a day has 24"
    );
}

#[test]
fn less_than_one_moment_is_said() {
    let said = |changes: &str, snapshot| {
        let mut world = one(changes, orders());
        if let Some(read) = &mut world.source.read {
            read.snapshot = snapshot;
        }
        codes(&world.plan().findings).join(" ")
    };
    assert_eq!(said("{}", SnapshotKind::Fixed), "SOURCE_HELD");
    assert_eq!(said("{}", SnapshotKind::Durable), "");
    assert_eq!(said("{}", SnapshotKind::None), "NOT_CONSISTENT");
    assert_eq!(
        said(r#"{"consistency": "none"}"#, SnapshotKind::Durable),
        "NOT_CONSISTENT"
    );
    assert_eq!(
        said(r#"{"consistency": "table"}"#, SnapshotKind::Fixed),
        "NOT_CONSISTENT"
    );
}

#[test]
fn targets_are_named_before_planning() {
    let spec = fake::spec("{}");
    let names = ["orders", "a b"].map(|name| TableName::new("public", name));
    let connector: &dyn AnyConnector = &Fake::default();
    let targets = target_names(&spec, connector, "lake", &names);
    assert_eq!(
        targets[0].1.as_ref().unwrap(),
        &TableName::new("lake", "orders")
    );
    assert_eq!(targets[1].1.as_ref().unwrap_err().code, "ILLEGAL_NAME");
}

#[test]
fn differences_between_plans_are_told() {
    let tables = || {
        vec![
            orders(),
            fake::described("gone", &["id int"]),
            fake::described("bad", &["id int"]),
        ]
    };
    let old = World::new(
        r#"{"tables": {"listed": ["orders", "gone", "bad"]}}"#,
        tables(),
    )
    .plan();
    assert_eq!(diff(&old, &old), [""; 0]);
    let mut now = tables();
    now[0] = fake::described("orders", &["note text", "id bigint!", "more int"]);
    now[2] = fake::described("bad", &["id xml"]);
    now.push(fake::described("new", &["id int"]));
    let new = World::new(
        r#"{"tables": {"listed": ["orders", "bad", "new"]}, "filter": {"one-time": "id > 1"},
            "names": {"table-prefix": "ods_", "field-rules": [{"replace": "note", "with": "remark"}]},
            "verify": "none", "source": {"data-source": "shop", "time-zone": "UTC"}}"#,
        now,
    )
    .plan();
    insta::assert_json_snapshot!(diff(&old, &new));
}

fn updating(rest: &str) -> String {
    format!(r#"{{"destination": {{"data-source": "lake", "loading-policy": "update"}}{rest}}}"#)
}

fn offering_all() -> Fake {
    Fake {
        write: Fake::default()
            .write
            .map(|write| contract::WriteCapabilities {
                update: true,
                indexes: true,
                statements: true,
                ..write
            }),
        ..Fake::default()
    }
}

fn update(rest: &str, table: NativeTable) -> World {
    World {
        destination: offering_all(),
        ..one(&updating(rest), table)
    }
}

#[test]
fn r9_02_statements_of_a_person_go_with_the_rows_of_each_table() {
    let written = r#"{"statements": {"before": ["DELETE FROM ${target_table} WHERE ds = '${bizdate}'"],
        "after": ["CALL ${target_schema}.done('${region}')"]}, "parameters": {"region": "cn"}}"#;
    let world = World {
        destination: offering_all(),
        ..one(written, orders())
    };
    let pipeline = world.planned();
    let name = &pipeline.write.table.name;
    let quote = |text: &str| Fake::default().dialect().quote(text);
    let (schema, table) = (quote(&name.schema), quote(&name.table));
    let statements = &pipeline.write.statements;
    let before = format!("DELETE FROM {schema}.{table} WHERE ds = '20230330'");
    assert_eq!(statements.before, [before]);
    assert_eq!(statements.after, [format!("CALL {schema}.done('cn')")]);
    let plain = World {
        destination: offering_all(),
        ..one("{}", orders())
    };
    assert_ne!(plain.planned().digest, pipeline.digest);
}

#[test]
fn rows_are_updated_by_the_primary_key_or_by_what_is_named() {
    assert_eq!(update("", orders()).planned().write.update_key, ["id"]);
    let table = fake::described("orders", &["id int!", "Code text!", "note text"]);
    let named = update(
        r#", "each": [{"table": "orders", "update-by": ["Code"]}],
             "names": {"field-rules": [{"replace": "Code", "with": "sku"}]}"#,
        table,
    );
    let pipeline = named.planned();
    assert_eq!(pipeline.write.update_key, ["sku"]);
    assert!(
        codes(&pipeline.findings).is_empty(),
        "{:?}",
        pipeline.findings
    );
    assert!(one("{}", orders()).planned().write.update_key.is_empty());
}

#[test]
fn one_partition_is_updated_by_the_key_within_it() {
    let rest = r#", "method": {"partition": {"one-time": "20230330"}}"#;
    let write = update(rest, orders()).planned().write;
    assert_eq!(write.update_key, ["id"]);
    assert_eq!(write.partition.unwrap().value, "20230330");
}

#[test]
fn a_key_that_does_not_tell_rows_apart_is_refused() {
    let mut keyless = orders();
    keyless.primary_key.clear();
    update("", keyless).refused(&["UPDATE_KEY_MISSING public.orders"]);
    let nullable = || fake::described("orders", &["id int", "note text"]);
    let finding = update("", nullable()).refused(&["UPDATE_KEY_NULLABLE public.orders"]);
    assert!(
        finding[0]
            .hint
            .as_ref()
            .unwrap()
            .contains("update-by: [id]")
    );
    let by =
        |column: &str| format!(r#", "each": [{{"table": "orders", "update-by": ["{column}"]}}]"#);
    let named = update(&by("id"), nullable()).planned();
    assert_eq!(
        codes(&named.findings),
        ["UPDATE_KEY_NULLABLE", "PRIMARY_KEY_NULLABLE"]
    );
    update(&by("nope"), orders()).refused(&["UNKNOWN_COLUMN migration.each[0].update-by"]);
    let left_out = r#", "each": [{"table": "orders", "update-by": ["note"], "columns": {"note": {"skip": true}}}]"#;
    update(left_out, orders()).refused(&["UPDATE_KEY_LEFT_OUT migration.each[0].update-by"]);
}

#[test]
fn what_nothing_comes_for_is_named_in_the_plan() {
    let there = [
        ("id", LogicalType::int(32), false),
        ("note", LogicalType::TEXT, true),
        ("seen", LogicalType::Date, true),
    ];
    let world = update("", orders()).existing(&there, None);
    let pipeline = world.planned();
    assert_eq!(pipeline.write.without_source, ["seen"]);
    let finding = &pipeline.findings[0];
    assert_eq!(finding.code, "COLUMN_WITHOUT_SOURCE");
    assert!(finding.message.contains("stays as it is"), "{finding:?}");
}

#[test]
fn indexes_go_along_as_far_as_they_are_asked_for() {
    let mut table = fake::described("orders", &["id int!", "a text", "b text"]);
    let index = |name: &str, columns: &[&str], unique| model::table::Index {
        name: name.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        unique,
    };
    table.indexes = vec![index("u", &["a"], true), index("i", &["b", "a"], false)];
    let names = |choice: &str, skip: &str| -> Vec<String> {
        let changes = format!(
            r#"{{"destination": {{"data-source": "lake", "indexes": "{choice}"}},
                "each": [{{"table": "orders", "columns": {{ {skip} }} }}]}}"#
        );
        let world = World {
            destination: offering_all(),
            ..one(&changes, table.clone())
        };
        let indexes = world.planned().write.indexes;
        indexes.into_iter().map(|index| index.name).collect()
    };
    assert!(names("none", "").is_empty());
    assert_eq!(names("unique", ""), ["u"]);
    assert_eq!(names("all", ""), ["u", "i"]);
    assert_eq!(names("all", r#""b": {"skip": true}"#), ["u"]);
    let plan = World {
        destination: offering_all(),
        ..one("{}", orders())
    };
    assert!(codes(&plan.plan().findings).contains(&"NOT_CARRIED_OVER"));
    let lake = one(
        r#"{"destination": {"data-source": "lake", "indexes": "all"}}"#,
        orders(),
    );
    let findings = lake.plan().findings;
    assert_eq!(findings[0].at, "migration.destination.indexes");
}

#[test]
fn a_primary_key_holds_no_null_and_moves_whole_or_not_at_all() {
    let keyed = |changes: &str, table| World {
        destination: offering_all(),
        ..one(changes, table)
    };
    let nullable = keyed("{}", fake::described("orders", &["id int", "note text"])).planned();
    assert!(!nullable.write.table.columns[0].nullable);
    assert_eq!(codes(&nullable.findings), ["PRIMARY_KEY_NULLABLE"]);
    // The same table again, as the first load made it.
    let there = [
        ("id", LogicalType::int(32), false),
        ("note", LogicalType::TEXT, true),
    ];
    let again = keyed("{}", fake::described("orders", &["id int", "note text"]))
        .existing(&there, None)
        .planned();
    assert!(codes(&again.findings).contains(&"PRIMARY_KEY_NULLABLE"));
    let required = [there[0].clone(), ("note", LogicalType::TEXT, false)];
    keyed("{}", fake::described("orders", &["id int", "note text"]))
        .existing(&required, None)
        .refused(&["COLUMN_REQUIRED public.orders.note"]);
    let changes = r#"{"each": [{"table": "orders", "columns": {"id": {"skip": true}}}]}"#;
    let without = keyed(changes, orders()).planned();
    assert!(without.write.table.primary_key.is_empty());
    assert_eq!(codes(&without.findings), ["PRIMARY_KEY_LEFT_OUT"]);
}
