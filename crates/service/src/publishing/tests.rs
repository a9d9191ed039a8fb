//! Submitting and publishing what was generated.

use serde_json::{Value as Json, json};
use store::Task;

use super::*;
use crate::folders::{self, Folder};
use crate::generation::{Generate, Row, generate};
use crate::migrations;
use crate::pipelines::{Change, edit};
use crate::tasks::{Runs, TaskBody};
use crate::work::OperationState;
use crate::work::tests::setting::Setting;

async fn generated(setting: &Setting, more: Json) -> Vec<Row> {
    setting.ends().await;
    let mut document = json!({
        "source": {"data-source": "shop"}, "destination": {"data-source": "lake"},
        "tables": {"all": true}, "method": {"kind": "daily"},
        "task-names": "t_${source_table_name}",
    });
    for (key, value) in more.as_object().unwrap() {
        document[key] = value.clone();
    }
    let (service, caller) = (&setting.service, &setting.caller);
    let of = (setting.id(), "nightly");
    let migration = migrations::create(service, caller, of, document)
        .await
        .unwrap();
    let of = (setting.id(), &migration.id);
    let begun = generate(service, caller, of, Generate::default())
        .await
        .unwrap();
    let result = setting.ended(begun).await.result.unwrap();
    serde_json::from_value(result["rows"].clone()).unwrap_or_else(|_| panic!("{result}"))
}

fn ids(rows: &[Row]) -> Vec<ObjectId> {
    rows.iter()
        .map(|row| row.pipeline.clone().unwrap())
        .collect()
}

async fn ended(setting: &Setting, begun: Result<Progress>) -> Vec<Outcome> {
    let ended = setting.ended(begun.unwrap()).await;
    let result = ended.result.unwrap();
    let items: Vec<Outcome> = serde_json::from_value(result["items"].clone())
        .unwrap_or_else(|cause| panic!("{cause}: {result}"));
    let complete = items.iter().all(|item| item.version.is_some());
    assert_eq!(complete, ended.state == OperationState::Succeeded);
    assert_eq!((ended.done, ended.done), (ended.total, items.len() as i64));
    items
}

async fn submitted(setting: &Setting, ids: &[ObjectId], remark: &str) -> Vec<Outcome> {
    let (service, caller) = (&setting.service, &setting.caller);
    let begun = submit(service, caller, (setting.id(), ids), remark).await;
    ended(setting, begun).await
}

async fn published(setting: &Setting, ids: &[ObjectId]) -> Vec<Outcome> {
    let (service, caller) = (&setting.service, &setting.caller);
    let begun = publish(service, caller, (setting.id(), ids)).await;
    ended(setting, begun).await
}

async fn task(setting: &Setting, id: &ObjectId, environment: Environment) -> Option<Task> {
    setting.service.store().task(id, environment).await.unwrap()
}

async fn waits_for(setting: &Setting, id: &ObjectId, waits: Json) {
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let old = pipelines::show(service, caller, project, id).await.unwrap();
    let mut document = old.body.document.clone();
    document["schedule"] = json!({ "depends-on": waits });
    let change = Change {
        document: Some(document),
        ..Change::default()
    };
    edit(service, caller, (project, id), (old.edition, change))
        .await
        .unwrap();
}

#[tokio::test]
async fn r9_05_in_basic_what_is_submitted_is_live_from_tomorrow_on() {
    let setting = Setting::new(Mode::Basic).await;
    let rows = generated(&setting, json!({"schedule": {"priority": "high"}})).await;
    let ids = ids(&rows);
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let out = submitted(&setting, &ids, "first").await;
    assert!(out.iter().all(|one| one.version == Some(1)), "{out:#?}");
    let live = task(&setting, &ids[0], Environment::Production)
        .await
        .unwrap();
    assert_eq!((live.name.as_str(), live.version), ("t_customers", 1));
    assert_eq!(
        live.first_bizdate, "20240301",
        "no day before it was published"
    );
    assert_eq!(live.priority, model::schedule::Priority::High);
    let body: TaskBody = serde_json::from_value(live.body).unwrap();
    assert_eq!(body.hour, Some(0));
    let Runs::Pipeline {
        table, migration, ..
    } = body.runs
    else {
        panic!()
    };
    assert_eq!(
        (table.table.as_str(), migration.name.as_str()),
        ("customers", "nightly")
    );

    let removed = pipelines::remove(service, caller, (project, &ids[0]), 2).await;
    assert_eq!(removed.unwrap_err().code, "IN_USE");
    let folder = service
        .store()
        .find::<Folder>(project.as_str(), "nightly")
        .await
        .unwrap()
        .unwrap();
    let of = (project, &folder.id);
    let refused = folders::remove(service, caller, of, (folder.edition, false)).await;
    assert_eq!(refused.unwrap_err().code, "IN_USE");
    let removed = folders::remove(service, caller, of, (folder.edition, true)).await;
    assert_eq!(removed.unwrap(), 2);
    assert!(
        task(&setting, &ids[0], Environment::Production)
            .await
            .is_none()
    );
}

#[tokio::test]
async fn r9_05_in_dev_prod_it_is_submitted_first_and_published_then() {
    let setting = Setting::new(Mode::DevProd).await;
    let ids = ids(&generated(&setting, json!({})).await);
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let early = published(&setting, &ids).await;
    assert_eq!(early[0].findings[0].code, "NOT_SUBMITTED");
    submitted(&setting, &ids, "one").await;
    let development = task(&setting, &ids[0], Environment::Development)
        .await
        .unwrap();
    assert_eq!(
        development.body["hour"],
        json!(null),
        "nothing starts by itself there"
    );
    assert!(
        task(&setting, &ids[0], Environment::Production)
            .await
            .is_none()
    );
    assert_eq!(pending(service, caller, project).await.unwrap().len(), 2);
    published(&setting, &ids).await;
    assert!(pending(service, caller, project).await.unwrap().is_empty());

    waits_for(&setting, &ids[1], json!([{"task": "t_customers"}])).await;
    submitted(&setting, &ids[1..], "two").await;
    let live = task(&setting, &ids[1], Environment::Production)
        .await
        .unwrap();
    assert_eq!(
        live.version, 1,
        "an edit changes nothing of what is published"
    );
    published(&setting, &ids[1..]).await;
    let live = task(&setting, &ids[1], Environment::Production)
        .await
        .unwrap();
    assert_eq!((live.version, &live.upstream), (2, &ids[..1].to_vec()));
    let of = (project, &ids[1]);
    let differs = differences(service, caller, of, (1, 2)).await.unwrap();
    assert_eq!(differs[0].at, "document.schedule");
    let of = (project, Environment::Production);
    let refused = unpublish(service, caller, of, &ids[..1]).await.unwrap_err();
    assert!(
        refused.code == "IN_USE" && refused.message.contains("t_orders"),
        "{refused}"
    );
    unpublish(service, caller, of, &ids).await.unwrap();
}

#[tokio::test]
async fn r8_01_batches_start_at_their_hours() {
    let setting = Setting::new(Mode::Basic).await;
    setting.make_table("shop.db", "returns");
    let schedule = json!({"schedule": {"mode": "batch", "tasks-per-batch": 2, "every-hours": 3}});
    let ids = ids(&generated(&setting, schedule).await);
    submitted(&setting, &ids, "").await;
    let mut hours = Vec::new();
    for id in &ids {
        let task = task(&setting, id, Environment::Production).await.unwrap();
        hours.push(task.body["hour"].as_u64().unwrap());
    }
    assert_eq!(hours, [0, 0, 3]);
}

#[tokio::test]
async fn r8_04_tasks_tables_and_virtual_nodes_are_waited_for_and_no_task_for_itself() {
    let setting = Setting::new(Mode::Basic).await;
    let ids = ids(&generated(&setting, json!({})).await);
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let node = create_node(service, caller, (project, "all"), VirtualNode::default())
        .await
        .unwrap();
    waits_for(
        &setting,
        &ids[0],
        json!([{"virtual": "all"}, {"table": "nightly.orders"}]),
    )
    .await;
    let out = submitted(&setting, &ids, "").await;
    assert!(out.iter().all(|one| one.version.is_some()), "{out:#?}");
    let first = task(&setting, &ids[0], Environment::Production)
        .await
        .unwrap();
    let mut expected = vec![node.id.clone(), ids[1].clone()];
    expected.sort();
    let mut upstream = first.upstream.clone();
    upstream.sort();
    assert_eq!(upstream, expected);

    waits_for(&setting, &ids[1], json!([{"task": "t_customers"}])).await;
    let out = submitted(&setting, &ids[1..], "").await;
    assert_eq!(
        (out[0].version, out[0].findings[0].code.as_str()),
        (None, "CYCLE")
    );
    let message = &out[0].findings[0].message;
    assert!(
        message.contains("t_orders") && message.contains("t_customers"),
        "{message}"
    );
    waits_for(&setting, &ids[1], json!([{"task": "nobody"}])).await;
    let out = submitted(&setting, &ids[1..], "").await;
    assert_eq!(out[0].findings[0].code, "UNKNOWN_UPSTREAM");
    let removed = remove_node(service, caller, (project, &node.id), node.edition).await;
    assert_eq!(removed.unwrap_err().code, "IN_USE");
}

#[tokio::test]
async fn r9_03_a_script_is_validated_as_typed_and_doubles_are_told() {
    let setting = Setting::new(Mode::Basic).await;
    let rows = generated(&setting, json!({})).await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let of = (project, &ids(&rows)[0]);
    let script = pipelines::script(service, caller, of, migrations::Format::Yaml)
        .await
        .unwrap();
    let checked = pipelines::validate_script(service, caller, project, &script)
        .await
        .unwrap();
    assert!(checked.valid, "{:?}", checked.findings);
    let wrong = script.replace("kind: daily", "kind: dayly");
    let checked = pipelines::validate_script(service, caller, project, &wrong)
        .await
        .unwrap();
    let place = checked.findings[0].position.unwrap();
    let line = wrong.lines().nth(place.line - 1).unwrap();
    assert!(line.contains("dayly"), "{line}");

    submitted(&setting, &ids(&rows), "").await;
    let folder = service
        .store()
        .find::<Folder>(project.as_str(), "nightly")
        .await
        .unwrap()
        .unwrap();
    let new = pipelines::NewPipeline {
        folder: folder.id,
        part: None,
        document: None,
        script: Some(script),
        description: String::new(),
    };
    let made = pipelines::create(service, caller, (project, "by hand"), new)
        .await
        .unwrap();
    let out = submitted(&setting, &[made.id], "").await;
    let codes: Vec<&str> = out[0]
        .findings
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert!(codes.contains(&"DOUBLE_SOURCE"), "{:?}", out[0].findings);
    assert!(out[0].version.is_some());
}

#[tokio::test]
async fn strangers_and_names_of_others_are_refused() {
    let setting = Setting::new(Mode::Basic).await;
    let ids = ids(&generated(&setting, json!({})).await);
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let strange = [ids[0].clone(), ObjectId::generate()];
    let refused = submit(service, caller, (project, &strange), "").await;
    assert_eq!(refused.unwrap_err().code, "NOT_THERE");
    submitted(&setting, &ids, "").await;
    let rename = async |id: &ObjectId, name: &str| {
        let old = pipelines::show(service, caller, project, id).await.unwrap();
        let change = Change {
            name: Some(name.to_owned()),
            ..Change::default()
        };
        let edited = edit(service, caller, (project, id), (old.edition, change));
        edited.await.unwrap();
    };
    rename(&ids[0], "t_people").await;
    rename(&ids[1], "t_customers").await;
    let out = submitted(&setting, &ids[1..], "").await;
    let found = (out[0].version, out[0].findings[0].code.as_str());
    assert_eq!(
        found,
        (None, "NAME_TAKEN"),
        "that one is out under its old name"
    );
    submitted(&setting, &ids[..1], "").await;
    let out = submitted(&setting, &ids[1..], "").await;
    assert_eq!(out[0].version, Some(2));
}

#[tokio::test]
async fn hundreds_go_out_upstream_first_and_are_marked() {
    const TABLES: usize = 620;
    let setting = Setting::new(Mode::Basic).await;
    let tables: String = (0..TABLES)
        .map(|number| format!("CREATE TABLE m_{number:04} (id INTEGER PRIMARY KEY);"))
        .collect();
    setting.execute("shop.db", &format!("BEGIN; {tables} COMMIT;"));
    let mut ids = ids(&generated(&setting, json!({})).await);
    ids.truncate(TABLES);
    // The first one waits for the last one: they are of different batches.
    let last = task_name(&setting, &ids[TABLES - 1]).await;
    waits_for(&setting, &ids[0], json!([{ "task": last }])).await;
    let out = submitted(&setting, &ids, "all").await;
    let told: Vec<&ObjectId> = out.iter().map(|one| &one.pipeline).collect();
    assert!(told.iter().copied().eq(&ids), "as they were asked for");
    assert!(out.iter().all(|one| one.version == Some(1)));
    let (store, project) = (setting.service.store(), setting.id().as_str());
    let all = pipelines::all(&setting.service, project, None)
        .await
        .unwrap();
    let marked = all.iter().filter(|one| {
        let body = &one.body;
        (body.submitted, body.published) == (Some(1), Some(1))
    });
    assert_eq!(marked.count(), TABLES);
    let lines = store.audit(Some(project), None, 10_000).await.unwrap();
    let put = lines.iter().filter(|line| line.action == "task.put");
    let mut put: Vec<&str> = put.map(|line| line.subject.as_str()).collect();
    put.reverse();
    let place = |id: &ObjectId| put.iter().position(|one| *one == id.as_str()).unwrap();
    assert_eq!(put.len(), TABLES);
    assert!(place(&ids[TABLES - 1]) < place(&ids[0]));
}

async fn task_name(setting: &Setting, id: &ObjectId) -> String {
    let (service, caller) = (&setting.service, &setting.caller);
    let found = pipelines::show(service, caller, setting.id(), id).await;
    found.unwrap().name
}
