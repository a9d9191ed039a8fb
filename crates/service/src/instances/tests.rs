use std::time::Duration;

use model::plan::Environment;

use super::*;
use crate::operating::tests::support::{Setting, clock};

#[tokio::test]
async fn those_downstream_are_run_again_and_the_graph_shows_them() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let first = setting.publish("a", &[], Setting::overwriting).await;
    let second = setting.publish("b", &[&first], Setting::overwriting).await;
    let third = setting.publish("c", &[&second], Setting::overwriting).await;
    let mut server = setting.server("one").await;
    server.settle(Duration::from_secs(1)).await;
    let ids = [
        setting.one_of(&first).await.id,
        setting.one_of(&second).await.id,
        setting.one_of(&third).await.id,
    ];
    let (service, caller, project) = (&setting.service, &setting.caller, &setting.project);
    let around = graph(service, caller, (project, ids[1]), 5).await.unwrap();
    assert_eq!(around.waits, [(ids[1], ids[0]), (ids[2], ids[1])]);
    assert!(!around.more);
    let near = graph(service, caller, (project, ids[0]), 1).await.unwrap();
    assert_eq!((near.instances.len(), near.more), (2, true));

    let none = Act::RerunDownstream { only_failed: true };
    assert!(setting.act(ids[0], none).await.unwrap().is_empty());
    let all = Act::RerunDownstream { only_failed: false };
    let mut changed = setting.act(ids[0], all).await.unwrap();
    changed.sort_unstable();
    assert_eq!(changed, ids[1..]);
    server.settle(Duration::from_secs(2)).await;
    let attempts: Vec<i64> = {
        let of = (project, Environment::Production);
        let filter = InstanceFilter {
            limit: 10,
            ..InstanceFilter::default()
        };
        let listed = list(service, caller, of, filter).await.unwrap();
        listed.iter().map(|(one, _)| one.attempts).collect()
    };
    assert_eq!(attempts, [2, 2, 1]);
    let lines = log(service, caller, (project, ids[2]), None).await.unwrap();
    assert!(
        lines.iter().any(|line| line.starts_with("published")),
        "{lines:?}"
    );
    let noted = setting.store.audit(None, None, 50).await.unwrap();
    assert!(
        noted
            .iter()
            .any(|line| line.action == "instance.rerun-downstream")
    );
}

#[tokio::test]
async fn one_upstream_less_is_waited_for() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let first = setting.publish("a", &[], |body| body.hour = Some(9)).await;
    let second = setting.publish("b", &[&first], |_| {}).await;
    let mut server = setting.server("one").await;
    server.settle(Duration::from_secs(1)).await;
    let (a, b) = (setting.one_of(&first).await, setting.one_of(&second).await);
    assert_eq!(b.state, InstanceState::NotRun);
    let stranger = setting
        .act(b.id, Act::RemoveUpstream(77))
        .await
        .unwrap_err();
    assert_eq!(stranger.code, "NOT_UPSTREAM");
    setting.act(b.id, Act::RemoveUpstream(a.id)).await.unwrap();
    server.settle(Duration::from_secs(2)).await;
    assert_eq!(
        setting.one_of(&second).await.state,
        InstanceState::Succeeded
    );
    setting.act(a.id, Act::Pause).await.unwrap();
    setting.pass_hours(10);
    server.settle(Duration::from_secs(3)).await;
    assert_eq!(setting.one_of(&first).await.state, InstanceState::NotRun);
    setting.act(a.id, Act::Resume).await.unwrap();
    server.settle(Duration::from_secs(4)).await;
    assert_eq!(setting.one_of(&first).await.state, InstanceState::Succeeded);
}

#[tokio::test]
async fn what_succeeded_is_loaded_anew_by_a_rerun_and_never_added_twice_unless_forced() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let over = setting.publish("a", &[], Setting::overwriting).await;
    let added = setting.publish("b", &[&over], |_| {}).await;
    let mut server = setting.server("one").await;
    server.settle(Duration::from_secs(1)).await;
    let (over, added) = (
        setting.one_of(&over).await.id,
        setting.one_of(&added).await.id,
    );
    for table in ["a", "b"] {
        setting.sql(&format!("INSERT INTO {table} VALUES (9, 'mended')"));
    }
    setting.act(over, Act::Rerun).await.unwrap();
    server.settle(Duration::from_secs(2)).await;
    assert_eq!(setting.rows("a"), 4);
    let all = Act::RerunDownstream { only_failed: false };
    for (id, act) in [(added, Act::Rerun), (over, all)] {
        let refused = setting.act(id, act).await.unwrap_err();
        assert_eq!(refused.code, "WOULD_DOUBLE");
    }
    server.settle(Duration::from_secs(3)).await;
    assert_eq!(setting.rows("b"), 3);
    setting.act(added, Act::ForceRerun).await.unwrap();
    server.settle(Duration::from_secs(4)).await;
    assert_eq!(setting.rows("b"), 7);
}
