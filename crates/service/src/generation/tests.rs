//! From a data source to pipelines, and again.

use serde_json::json;
use store::OperationState;

use super::*;
use crate::data_sources;
use crate::metadata::{self, Collect, Search};
use crate::migrations::{self, Format, PlanRequest};
use crate::pipelines::Change;
use crate::projects::Mode;
use crate::work::tests::setting::Setting;

fn document() -> Json {
    json!({
        "source": {"data-source": "shop"}, "destination": {"data-source": "lake"},
        "tables": {"all": true}, "method": {"kind": "daily"},
        "task-names": "${source_data_source_type}2${target_data_source_type}_${source_table_name}",
    })
}

async fn migration(setting: &Setting, document: Json) -> Stored<Migration> {
    let of = (setting.id(), "nightly");
    let made = migrations::create(&setting.service, &setting.caller, of, document).await;
    made.unwrap()
}

async fn generated(setting: &Setting, id: &ObjectId, request: Generate) -> (Progress, Vec<Row>) {
    let (service, caller) = (&setting.service, &setting.caller);
    let begun = generate(service, caller, (setting.id(), id), request)
        .await
        .unwrap();
    let ended = setting.ended(begun).await;
    let rows = ended.result.as_ref().unwrap()["rows"].clone();
    let rows = serde_json::from_value(rows).unwrap_or_else(|_| panic!("{:?}", ended.result));
    (ended, rows)
}

fn states(rows: &[Row]) -> Vec<(&str, RowState)> {
    rows.iter()
        .map(|row| (row.source.table.as_str(), row.state))
        .collect()
}

#[tokio::test]
async fn r9_01_generating_makes_a_pipeline_for_each_table_and_keeps_what_a_person_edited() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let migration = migration(&setting, document()).await;
    let (ended, rows) = generated(&setting, &migration.id, Generate::default()).await;
    assert_eq!(ended.state, OperationState::Succeeded, "{ended:?}");
    let new = [("customers", RowState::New), ("orders", RowState::New)];
    assert_eq!(states(&rows), new);
    assert_eq!(
        rows[0].name.as_deref(),
        Some("SQLite2Parquet_files_customers")
    );

    // R1.02: a folder of the migration's name, and the pipelines in it.
    let folder = service
        .store()
        .find::<Folder>(project.as_str(), "nightly")
        .await
        .unwrap();
    let folder = folder.unwrap();
    let inside = crate::folders::pipelines(service, &folder.id)
        .await
        .unwrap();
    assert_eq!(inside.len(), 2);

    let orders = rows[1].pipeline.clone().unwrap();
    let old = pipelines::show(service, caller, project, &orders)
        .await
        .unwrap();
    let mut edited = old.body.document.clone();
    edited["run"]["reruns"] = json!(5);
    let change = Change {
        document: Some(edited.clone()),
        ..Change::default()
    };
    let of = (project, &orders);
    let stored = pipelines::edit(service, caller, of, (old.edition, change))
        .await
        .unwrap();
    assert!(stored.body.hand_edited);

    setting.make_table("shop.db", "returns");
    let mut other = document();
    other["run"] = json!({"reruns": 2});
    let new = Stored {
        body: Migration {
            document: other,
            ..Migration::default()
        },
        ..migration.clone()
    };
    migrations::edit(service, caller, project, new)
        .await
        .unwrap();
    let (_, rows) = generated(&setting, &migration.id, Generate::default()).await;
    let expected = [
        ("customers", RowState::Updated),
        ("orders", RowState::Kept),
        ("returns", RowState::New),
    ];
    assert_eq!(states(&rows), expected);
    assert_eq!(rows[1].remarks[0].code, "KEPT");
    let kept = pipelines::show(service, caller, project, &orders)
        .await
        .unwrap();
    assert_eq!(kept.body.document, edited);

    setting.execute("shop.db", "DROP TABLE returns");
    let (_, rows) = generated(&setting, &migration.id, Generate::default()).await;
    let expected = [
        ("customers", RowState::Unchanged),
        ("orders", RowState::Kept),
        ("returns", RowState::Vanished),
    ];
    assert_eq!(states(&rows), expected);
}

#[tokio::test]
async fn r9_01_a_table_that_fails_does_not_stop_the_others_and_is_retried_alone() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    setting.execute("shop.db", "CREATE TABLE \"a b\" (id INTEGER PRIMARY KEY)");
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let migration = migration(&setting, document()).await;
    let (ended, rows) = generated(&setting, &migration.id, Generate::default()).await;
    assert_eq!(ended.state, OperationState::Failed);
    assert_eq!(rows[0].state, RowState::Failed);
    assert_eq!(rows[0].remarks[0].code, "ILLEGAL_NAME");
    assert_eq!(
        rows.iter().filter(|row| row.state == RowState::New).count(),
        2
    );

    let mut mended = document();
    mended["names"] = json!({"illegal": "convert"});
    mended["task-names"] = json!("${target_table_name}");
    let new = Stored {
        body: Migration {
            document: mended,
            ..Migration::default()
        },
        ..migration.clone()
    };
    migrations::edit(service, caller, project, new)
        .await
        .unwrap();
    let only_failed = Generate {
        only_failed: true,
        ..Generate::default()
    };
    let (ended, rows) = generated(&setting, &migration.id, only_failed.clone()).await;
    assert_eq!(ended.state, OperationState::Succeeded, "{ended:?}");
    assert_eq!(states(&rows), [("a b", RowState::New)]);
    let of = (project, &migration.id);
    let again = generate(service, caller, of, only_failed)
        .await
        .unwrap_err();
    assert_eq!(again.code, "NOTHING_FAILED");
    let shown = results(service, caller, of, (Some(RowState::New), 0, 10))
        .await
        .unwrap();
    assert_eq!(shown, rows);
}

fn made(rows: &[Row]) -> Vec<bool> {
    let is_made = |row: &Row| row.remarks.iter().any(|one| one.code == "TABLE_MADE");
    rows.iter().map(is_made).collect()
}

#[tokio::test]
async fn r9_01_target_tables_are_made_once() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    let migration = migration(&setting, document()).await;
    let (_, rows) = generated(&setting, &migration.id, Generate::default()).await;
    assert_eq!(made(&rows), [true, true]);
    let (_, again) = generated(&setting, &migration.id, Generate::default()).await;
    assert_eq!(made(&again), [false, false]);
    let unchanged = [
        ("customers", RowState::Unchanged),
        ("orders", RowState::Unchanged),
    ];
    assert_eq!(states(&again), unchanged);
}

#[tokio::test]
async fn tables_are_left_to_the_first_load_where_that_is_asked_for_or_would_refuse_them() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    let mut failing = document();
    failing["existing-tables"] = json!("fail");
    let of_failing = migration(&setting, failing).await;
    let later = Generate {
        create_tables: false,
        ..Generate::default()
    };
    for request in [Generate::default(), later] {
        let (ended, rows) = generated(&setting, &of_failing.id, request).await;
        assert_eq!(ended.state, OperationState::Succeeded, "{ended:?}");
        assert_eq!(made(&rows), [false, false]);
    }
}

#[tokio::test]
async fn daily_and_one_time_are_two_pipelines_of_their_own_parts() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    let mut both = document();
    both["method"] =
        json!({"kind": "daily-and-one-time", "partition": {"one-time": "ds=20230330"}});
    let migration = migration(&setting, both).await;
    let (ended, rows) = generated(&setting, &migration.id, Generate::default()).await;
    assert_eq!(ended.state, OperationState::Succeeded, "{ended:?}");
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row.name.as_deref().unwrap())
        .collect();
    let expected = [
        "SQLite2Parquet_files_customers_daily",
        "SQLite2Parquet_files_customers_one_time",
        "SQLite2Parquet_files_orders_daily",
        "SQLite2Parquet_files_orders_one_time",
    ];
    assert_eq!(names, expected);
    for row in &rows {
        let (service, caller) = (&setting.service, &setting.caller);
        let id = row.pipeline.as_ref().unwrap();
        let checked = pipelines::validate(service, caller, setting.id(), id)
            .await
            .unwrap();
        assert!(checked.valid, "{:?}", checked.findings);
    }
}

#[tokio::test]
async fn r2_09_collected_tables_are_searched_and_what_is_gone_goes() {
    let setting = Setting::new(Mode::Basic).await;
    let (shop, _) = setting.ends().await;
    let (service, caller, of) = (&setting.service, &setting.caller, (setting.id(), &shop.id));
    let live = metadata::search(service, caller, of, &Search::default())
        .await
        .unwrap();
    assert_eq!((live.collected_at, live.tables.len()), (None, 2));
    let collected = async || {
        let begun = metadata::collect(service, caller, of, Collect::default())
            .await
            .unwrap();
        setting.ended(begun).await.result.unwrap()
    };
    assert_eq!(collected().await["tables"], json!(2));
    setting.make_table("shop.db", "Returns");
    let names = |names: &[&str], any_case: bool| Search {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        any_case,
        ..Search::default()
    };
    let asked = names(&["orders", "main.customers", "Returns"], false);
    let found = metadata::search(service, caller, of, &asked).await.unwrap();
    let tables = |found: &metadata::Found| -> Vec<String> {
        found
            .tables
            .iter()
            .map(|table| table.table.clone())
            .collect()
    };
    assert_eq!(tables(&found), ["customers", "orders"]);
    assert_eq!(found.unmatched, ["Returns"]);
    setting.execute("shop.db", "DROP TABLE customers");
    let again = collected().await;
    assert_eq!((&again["tables"], &again["gone"]), (&json!(2), &json!(1)));
    let asked = names(&["RETURNS"], true);
    let found = metadata::search(service, caller, of, &asked).await.unwrap();
    assert_eq!(
        (tables(&found), found.unmatched.len()),
        (vec!["Returns".to_owned()], 0)
    );
    let name = TableName::new("main", "orders");
    let detail = metadata::table(service, caller, of, (&name, None))
        .await
        .unwrap();
    assert_eq!(detail.table["columns"][0]["name"], "id");
    assert!(detail.collected_at.is_some());
    assert_eq!(
        metadata::schemas(service, caller, of, None).await.unwrap(),
        ["main"]
    );
}

#[tokio::test]
async fn r1_03_a_migration_is_exported_and_imported_as_the_same_without_secrets() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    let secret = json!({"type": "postgresql", "options": {
        "host": "192.0.2.7", "database": "d", "user": "u", "password": "hunter2"}});
    setting.source("warehouse", secret).await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let mut document = document();
    document["destination"]["data-source"] = json!("warehouse");
    document["parameters"] = json!({"since": "2020", "n": "1.10"});
    document["filter"] = json!({"daily": "name <> '${since}: x'"});
    let migration = migration(&setting, document).await;
    for format in [Format::Yaml, Format::Json] {
        let of = (project, &migration.id);
        let text = migrations::export(service, caller, of, format)
            .await
            .unwrap();
        assert!(
            !text.contains("hunter2") && !text.contains("sealed"),
            "{text}"
        );
        assert!(text.contains("${env:WAREHOUSE_PASSWORD}"), "{text}");
        let name = format!("again {format:?}");
        let of = (project, Some(name.as_str()));
        let imported = migrations::import(service, caller, of, &text)
            .await
            .unwrap();
        let mut expected = migration.body.clone();
        expected.document["name"] = json!(name);
        assert_eq!(imported.migration.body, expected, "{text}");
        assert!(imported.checked.valid, "{:?}", imported.checked.findings);
    }
    let bad = migrations::import(service, caller, (project, None), "a: [")
        .await
        .unwrap_err();
    assert_eq!(bad.code, "NOT_VALID");
}

#[tokio::test]
async fn r1_05_what_a_mode_or_a_project_does_not_have_is_refused() {
    let setting = Setting::new(Mode::Basic).await;
    setting.ends().await;
    let check = async |document: Json, at: &str, code: &str| {
        let (service, caller) = (&setting.service, &setting.caller);
        let checked = migrations::validate_draft(service, caller, setting.id(), &document).await;
        let findings = checked.unwrap().findings;
        let found = findings.iter().any(|one| one.at == at && one.code == code);
        assert!(found, "{at} {code}: {findings:#?}");
    };
    let mut each = document();
    each["schedule"] = json!({"resource-group": {"production": "x"}});
    check(
        each.clone(),
        "migration.schedule.resource-group",
        "NOT_OF_MODE",
    )
    .await;
    check(
        each,
        "migration.schedule.resource-group.production",
        "UNKNOWN_GROUP",
    )
    .await;
    let mut unknown = document();
    unknown["source"]["data-source"] = json!("shopp");
    check(
        unknown,
        "migration.source.data-source",
        "UNKNOWN_DATA_SOURCE",
    )
    .await;
    check(json!({}), "migration", "MISSING_KEY").await;
}

#[tokio::test]
async fn a_plan_is_made_beside_the_request_and_a_preview_at_once() {
    let setting = Setting::new(Mode::DevProd).await;
    setting.ends().await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let migration = migration(&setting, document()).await;
    let of = (project, &migration.id);
    let begun = migrations::plan(service, caller, of, PlanRequest::default())
        .await
        .unwrap();
    let ended = setting.ended(begun).await;
    let result = ended.result.unwrap();
    assert_eq!(result["plan"]["environment"], "development");
    assert_eq!(result["plan"]["pipelines"].as_array().unwrap().len(), 2);
    let mut draft = document();
    draft["names"] =
        json!({"table-rules": [{"replace": "work", "with": "Phin"}], "table-prefix": "pre_"});
    draft["filter"] = json!({"daily": "ds='${bizdate}'"});
    let table = |name: &str| Table {
        schema: "main".to_owned(),
        table: name.to_owned(),
    };
    let request = migrations::PreviewRequest {
        document: draft,
        tables: vec![table("datawork"), table("Stock"), table("stock")],
        bizdate: Some("20240229".to_owned()),
    };
    let preview = migrations::preview(service, caller, project, &request)
        .await
        .unwrap();
    assert_eq!(preview.tables[0].target.as_deref(), Some("pre_dataphin"));
    assert_eq!(
        preview.tables[2].finding.as_ref().unwrap().code,
        "NAME_COLLISION"
    );
    assert_eq!(preview.task_names, ["SQLite2Parquet_files_datawork"]);
    assert_eq!(preview.expanded[0].value.as_deref(), Some("ds='20240229'"));
    let asked = (&request, None);
    assert!(
        migrations::existing(service, caller, project, asked)
            .await
            .unwrap()
            .is_empty()
    );
    // What says nothing of its ends is refused for what it says.
    let wrong = migrations::PreviewRequest {
        document: json!({ "name": 1 }),
        ..request.clone()
    };
    let refused = migrations::existing(service, caller, project, (&wrong, None)).await;
    assert_eq!(refused.unwrap_err().code, "NOT_VALID");
    let listed = (None, None, None);
    assert_eq!(
        data_sources::list(service, caller, project, listed)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn r9_02_a_pipeline_is_run_on_trial_and_nothing_is_written() {
    let setting = Setting::new(Mode::DevProd).await;
    setting.ends().await;
    let values = (1..=300).map(|id| format!("({id}, 'name {id}')"));
    let values: Vec<String> = values.collect();
    setting.execute(
        "shop.db",
        &format!("INSERT INTO orders VALUES {}", values.join(", ")),
    );
    let mut document = document();
    document["filter"] = json!({ "daily": "id > 2 AND '${bizdate}' = '20240229'" });
    let migration = migration(&setting, document).await;
    let request = Generate {
        environment: Some(Environment::Production),
        ..Generate::default()
    };
    let (_, rows) = generated(&setting, &migration.id, request).await;
    let orders = rows[1].pipeline.clone().unwrap();
    let tried = async |caller: &Caller, environment: Environment, request: Json| {
        let request = serde_json::from_value(request).unwrap();
        let of = (setting.id(), &orders);
        pipelines::try_out(&setting.service, caller, of, (environment, request)).await
    };
    let production = Environment::Production;
    let trial = tried(&setting.caller, production, json!({ "rows": 3 }))
        .await
        .unwrap();
    let shown: Vec<_> = trial
        .rows
        .iter()
        .map(|row| row[1].as_deref().unwrap())
        .collect();
    assert_eq!(shown, ["name 3", "name 4", "name 5"]);
    assert!(trial.more && trial.rejected.is_empty(), "{trial:?}");
    assert!(trial.filter.unwrap().contains("'20240229'"));
    let names: Vec<_> = trial
        .columns
        .iter()
        .map(|one| one.destination.as_str())
        .collect();
    assert_eq!(names, ["id", "name"]);
    let all = tried(
        &setting.caller,
        production,
        json!({ "bizdate": "20240301" }),
    )
    .await
    .unwrap();
    assert!(all.rows.is_empty() && !all.more);
    let development = tried(&setting.caller, Environment::Development, json!({}))
        .await
        .unwrap();
    assert!(development.rows.is_empty());
    assert!(!setting.ground().join("lake").join("nightly").exists());
    let viewer = setting.somebody(crate::access::rights::Role::Viewer);
    let refused = tried(&viewer, production, json!({})).await;
    assert_eq!(refused.unwrap_err().code, "NO_RIGHT");
}
