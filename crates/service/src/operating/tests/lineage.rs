//! What runs, told as OpenLineage events to somebody who takes them or does not.

use serde_json::Value as Json;

use super::seconds;
use super::support::{Setting, clock};
use super::telling::Hook;
use crate::lineage::Lineage;
use crate::operating::lineage::Following;

fn told(posted: &[Json]) -> Vec<(&str, &str)> {
    posted
        .iter()
        .map(|one| {
            let kind = one["eventType"].as_str().unwrap();
            (kind, one["job"]["name"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn each_attempt_begins_and_ends_once_and_in_order_whoever_leads() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let first = setting.publish("a", &[], |_| {}).await;
    setting.publish("b", &[&first], |_| {}).await;
    let hook = Hook::listen().await;
    let lineage = Lineage::new(&hook.address, None, "test".to_owned()).unwrap();
    let mut server = setting.server("one").await;
    let (service, leader) = (&server.operator.service, &server.operator.leader);
    let mut following = Following::to(service, leader, lineage.clone());
    let mut next = Following::to(service, leader, lineage);
    assert!(following.look().await.unwrap());
    setting.sql("ALTER TABLE b RENAME TO away");
    *hook.status.lock().unwrap() = 500;
    server.settle(seconds(1)).await;
    assert!(!following.look().await.unwrap());
    assert_eq!(told(&hook.take()), [("START", "a")]);
    *hook.status.lock().unwrap() = 201;
    // Another server leads by now, and goes on where this one was.
    assert!(next.look().await.unwrap());
    let posted = hook.take();
    let expected = [
        ("START", "a"),
        ("COMPLETE", "a"),
        ("START", "b"),
        ("FAIL", "b"),
    ];
    assert_eq!(told(&posted), expected);
    assert_eq!(posted[0]["run"]["runId"], posted[1]["run"]["runId"]);
    assert_ne!(posted[1]["run"]["runId"], posted[2]["run"]["runId"]);
    assert_eq!(posted[1]["job"]["namespace"], "test/p");
    let read = &posted[1]["inputs"][0];
    assert!(
        read["name"].as_str().unwrap().ends_with("/shop.db/main/a"),
        "{read}"
    );
    let statistics = &posted[1]["outputs"][0]["outputFacets"]["outputStatistics"];
    assert_eq!(statistics["rowCount"], 3);
    let error = &posted[3]["run"]["facets"]["errorMessage"]["message"];
    assert!(
        error.as_str().unwrap().starts_with("TABLE_NOT_FOUND: "),
        "{error}"
    );
    assert!(next.look().await.unwrap() && hook.take().is_empty());
}
