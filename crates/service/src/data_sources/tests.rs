//! Data sources from their making to their removal.

use serde_json::json;

use super::*;
use crate::access::rights::Role;
use crate::migrations;
use crate::work::tests::setting::Setting;

fn body(value: Json) -> DataSource {
    serde_json::from_value(value).unwrap()
}

fn postgres() -> Json {
    json!({"type": "postgresql", "options": {
        "host": "192.0.2.7", "database": "d", "user": "u", "password": "hunter2",
    }})
}

#[tokio::test]
async fn r2_02_secrets_are_sealed_kept_and_shown_to_nobody() {
    let setting = Setting::new(Mode::Basic).await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let made = setting.source("warehouse", postgres()).await;
    let hidden = json!({"has-secret": true});
    assert_eq!(made.body.options["password"], hidden);
    let shown = show(service, caller, project, &made.id).await.unwrap();
    assert_eq!(shown.body.options["password"], hidden);
    let kept = service
        .store()
        .get::<DataSource>(&made.id)
        .await
        .unwrap()
        .unwrap();
    let place = kept.body.options["password"].as_str().unwrap().to_owned();
    assert!(place.starts_with("${sealed:"), "{place}");
    let (_, trusted) = resolved(service, project.as_str(), &[&made.id])
        .await
        .unwrap();
    let secret = model::Secret::parse(&place).unwrap();
    assert_eq!(
        secret.reveal(setting.data(), &trusted.unsealed).unwrap(),
        "hunter2"
    );

    // What is sent back as it was shown stays.
    let mut edited = shown.clone();
    edited.body.description = "of the shop".to_owned();
    let edited = edit(service, caller, project, edited).await.unwrap();
    let kept = service
        .store()
        .get::<DataSource>(&made.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.body.options["password"], json!(place));

    let mut edited = edited;
    edited
        .body
        .options
        .insert("password".to_owned(), json!("other"));
    edit(service, caller, project, edited).await.unwrap();
    let secrets = service.store().secrets(&made.id).await.unwrap();
    assert_eq!(secrets.len(), 1, "the old secret is forgotten");

    let copied = clone(service, caller, (project, &made.id), "warehouse-2")
        .await
        .unwrap();
    let kept = service
        .store()
        .get::<DataSource>(&copied.id)
        .await
        .unwrap()
        .unwrap();
    let place = kept.body.options["password"].as_str().unwrap().to_owned();
    let (_, trusted) = resolved(service, project.as_str(), &[&copied.id])
        .await
        .unwrap();
    let secret = model::Secret::parse(&place).unwrap();
    assert_eq!(
        secret.reveal(setting.data(), &trusted.unsealed).unwrap(),
        "other"
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place() {
    let setting = Setting::new(Mode::Basic).await;
    let (service, caller) = (&setting.service, &setting.caller);
    let check = async |name: &str, value: Json, code: &str, said: &str| {
        let made = create(service, caller, (setting.id(), name), body(value)).await;
        let error = made.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(said), "{error}");
    };
    let file = json!(setting.ground().join("shop.db"));
    let sqlite = || json!({"type": "sqlite", "options": {"path": file}});
    check("a b", sqlite(), "BAD_NAME", "' '").await;
    check(
        "a",
        json!({"type": "sqllite"}),
        "NOT_VALID",
        "type: unknown type",
    )
    .await;
    check("a", json!({"type": "sqlite"}), "NOT_VALID", "options").await;
    let mut more = sqlite();
    more["options"]["paht"] = json!("x");
    check("a", more, "NOT_VALID", "options.paht").await;
    let outside = json!({"type": "sqlite", "options": {"path": "/etc/passwd"}});
    check("a", outside, "NOT_VALID", "options.path").await;
    let own = json!({"type": "sqlite", "options": {"path": setting.data().join("godwit.db")}});
    check("a", own, "NOT_VALID", "options.path").await;
    let mut here = postgres();
    here["options"]["host"] = json!("127.0.0.1");
    check("a", here, "NOT_VALID", "options.host").await;
    let mut secret = postgres();
    secret["options"]["password"] = json!("${env:HOME}");
    check("a", secret, "NOT_VALID", "options.password").await;
    let mut mode = sqlite();
    mode["development"] = json!({});
    check("a", mode, "NOT_VALID", "development").await;
    let mut long = sqlite();
    long["description"] = json!("x".repeat(129));
    check("a", long, "NOT_VALID", "description").await;
    setting.source("店-1_a", sqlite()).await;
    let developer = setting.somebody(Role::Developer);
    let refused = create(service, &developer, (setting.id(), "b"), body(sqlite())).await;
    assert_eq!(refused.unwrap_err().code, "NO_RIGHT");
}

#[tokio::test]
async fn a_data_source_that_is_used_is_not_removed_nor_renamed() {
    let setting = Setting::new(Mode::Basic).await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let (shop, _) = setting.ends().await;
    let document = json!({"source": {"data-source": "shop"}});
    let of = (project, "nightly");
    let migration = migrations::create(service, caller, of, document)
        .await
        .unwrap();
    let removed = remove(service, caller, (project, &shop.id), shop.edition).await;
    let error = removed.unwrap_err();
    assert_eq!(error.code, "IN_USE");
    assert!(error.message.contains("migration \"nightly\""), "{error}");
    let renamed = Stored {
        name: "store".to_owned(),
        ..shop.clone()
    };
    assert_eq!(
        edit(service, caller, project, renamed)
            .await
            .unwrap_err()
            .code,
        "IN_USE"
    );
    let used = where_used(service, caller, project, &shop.id)
        .await
        .unwrap();
    assert_eq!((used[0].role.as_str(), used.len()), ("source", 1));
    let of = (project, &migration.id);
    migrations::remove(service, caller, of, migration.edition)
        .await
        .unwrap();
    remove(service, caller, (project, &shop.id), shop.edition)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_test_opens_the_variant_of_its_environment() {
    let setting = Setting::new(Mode::DevProd).await;
    let (service, caller, project) = (&setting.service, &setting.caller, setting.id());
    let ground = setting.ground();
    let nowhere = ground.join("nowhere.db");
    let shop = setting.source(
        "shop",
        json!({"type": "sqlite",
        "options": {"path": ground.join("shop.db")}, "development": {"path": nowhere}}),
    );
    let shop = shop.await;
    let tested = async |environment| {
        let of = (project, &shop.id);
        test(service, caller, of, environment).await.unwrap()
    };
    assert!(tested(Environment::Production).await.reachable);
    let development = tested(Environment::Development).await;
    assert!(!development.reachable && !development.findings.is_empty());
    let alone = json!({"type": "sqlite", "options": {"path": ground.join("shop.db")}});
    let alone = setting.source("alone", alone).await;
    let tested = test(
        service,
        caller,
        (project, &alone.id),
        Environment::Development,
    )
    .await;
    assert_eq!(tested.unwrap().findings[0].code, "NO_DEVELOPMENT");
}
