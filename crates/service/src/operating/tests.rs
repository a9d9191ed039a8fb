//! Days pass, servers go, people step in: round by round, by clocks that the tests set.

mod lineage;
mod restoring;
pub(crate) mod support;
mod telling;

use model::schedule::{InstanceState, Resources};
use store::InstanceFilter;

use self::support::{Setting, clock};
use super::*;
use crate::instances::{Act, act};
use crate::tasks;

const DONE: InstanceState = InstanceState::Succeeded;
const FAILED: InstanceState = InstanceState::Failed;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test]
async fn three_days_pass_and_each_table_is_loaded_once_a_day() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let first = setting.publish("a", &[], |_| {}).await;
    let second = setting.publish("b", &[&first], |_| {}).await;
    let mut server = setting.server("one").await;
    for day in 1..=3 {
        server.settle(seconds(day)).await;
        server.settle(seconds(day)).await;
        assert_eq!((setting.rows("a"), setting.rows("b")), (3 * day, 3 * day));
        setting.pass_hours(24);
    }
    for task in [&first, &second] {
        let all = setting.of_task(task).await;
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.made.bizdate.as_str(), one.state))
            .collect();
        assert_eq!(
            told,
            [("20240503", DONE), ("20240502", DONE), ("20240501", DONE)]
        );
        assert!(all.iter().all(|one| one.attempts == 1));
    }
    let attempts = async |id: i64| setting.store.attempts(id).await.unwrap().remove(0);
    let (a, b) = (
        setting.of_task(&first).await,
        setting.of_task(&second).await,
    );
    let (a, b) = (attempts(a[0].id).await, attempts(b[0].id).await);
    assert!(a.run.is_some() && b.run.is_some() && a.run != b.run);
    assert_eq!(a.report.unwrap()["rows_written"], 3);
}

#[tokio::test]
async fn what_failed_holds_up_those_behind_it_until_it_is_run_again() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let first = setting.publish("a", &[], |_| {}).await;
    let second = setting.publish("b", &[&first], |_| {}).await;
    setting.sql("ALTER TABLE a RENAME TO away");
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    let (a, b) = (setting.one_of(&first).await, setting.one_of(&second).await);
    assert_eq!((a.state, b.state), (FAILED, InstanceState::NotRun));
    let shown = crate::instances::show(&setting.service, &setting.caller, (&setting.project, b.id));
    let reason = shown.await.unwrap().reason.unwrap();
    assert!(
        reason.starts_with("waits for 1 upstream: \"a\" of 20240501 (failed"),
        "{reason}"
    );
    setting.sql("ALTER TABLE away RENAME TO a");
    let log = crate::instances::log(
        &setting.service,
        &setting.caller,
        (&setting.project, a.id),
        None,
    );
    let log = log.await.unwrap().join("\n");
    assert!(log.contains("TABLE_NOT_FOUND"), "{log}");
    setting.act(a.id, Act::Rerun).await.unwrap();
    server.settle(seconds(2)).await;
    let (a, b) = (setting.one_of(&first).await, setting.one_of(&second).await);
    assert_eq!((a.state, a.attempts, b.state), (DONE, 2, DONE));
    assert_eq!((setting.rows("a"), setting.rows("b")), (3, 3));
    let code = setting.act(a.id, Act::SetSuccess).await.unwrap_err().code;
    assert_eq!(code, "NOT_ALLOWED_NOW");
}

#[tokio::test]
async fn what_cannot_be_opened_is_tried_again_as_often_as_it_may() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |body| body.reruns = 1).await;
    let (file, away) = (setting.path("shop.db"), setting.path("away.db"));
    std::fs::rename(&file, &away).unwrap();
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    let one = setting.one_of(&task).await;
    assert_eq!(
        (one.state, one.reruns_used),
        (InstanceState::WaitingForTime, 1)
    );
    std::fs::rename(&away, &file).unwrap();
    server.settle(seconds(2)).await;
    assert_eq!(
        setting.one_of(&task).await.attempts,
        1,
        "its time has not come"
    );
    setting.pass_minutes(5);
    server.settle(seconds(3)).await;
    let one = setting.one_of(&task).await;
    assert_eq!((one.state, one.attempts), (DONE, 2));
}

#[tokio::test]
async fn what_waits_or_runs_is_stopped_and_forced() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let late = setting.publish("a", &[], |body| body.hour = Some(5)).await;
    let early = setting.publish("b", &[], |_| {}).await;
    let mut server = setting.server("one").await;
    server.give(seconds(1)).await;
    let (a, b) = (setting.one_of(&late).await, setting.one_of(&early).await);
    assert_eq!(a.state, InstanceState::WaitingForTime);
    assert_eq!(
        (b.state, b.server.as_deref()),
        (InstanceState::Running, Some("one#1"))
    );
    setting.act(a.id, Act::Stop).await.unwrap();
    setting.act(b.id, Act::Stop).await.unwrap();
    assert!(
        setting.act(b.id, Act::Stop).await.unwrap().is_empty(),
        "it is asked already"
    );
    server.settle(seconds(2)).await;
    let (a, b) = (setting.one_of(&late).await, setting.one_of(&early).await);
    assert_eq!((a.state, b.state), (FAILED, FAILED));
    let last = setting.store.attempts(b.id).await.unwrap().remove(0);
    assert_eq!(last.outcome.as_deref(), Some("stopped"));
    assert_eq!(setting.rows("b"), 0);
    setting.act(a.id, Act::ForceRerun).await.unwrap();
    server.settle(seconds(3)).await;
    assert_eq!(setting.one_of(&late).await.state, DONE);
    setting.act(b.id, Act::SetSuccess).await.unwrap();
    assert_eq!(setting.one_of(&early).await.state, DONE);
}

#[tokio::test]
async fn what_runs_is_forced_to_run_anew() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let mut server = setting.server("one").await;
    server.give(seconds(1)).await;
    let one = setting.one_of(&task).await;
    setting.act(one.id, Act::ForceRerun).await.unwrap();
    server.settle(seconds(2)).await;
    let one = setting.one_of(&task).await;
    assert_eq!((one.state, one.attempts, one.forced), (DONE, 2, true));
    assert_eq!(setting.rows("a"), 3);
}

#[tokio::test]
async fn what_runs_too_long_is_stopped_and_has_failed() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting
        .publish("a", &[], |body| body.timeout_hours = 0.5)
        .await;
    let mut server = setting.server("one").await;
    server.give(seconds(1)).await;
    setting.pass_minutes(31);
    server.give(seconds(2)).await;
    server.settle(seconds(3)).await;
    let one = setting.one_of(&task).await;
    let last = setting.store.attempts(one.id).await.unwrap().remove(0);
    assert_eq!(
        (one.state, last.outcome.as_deref()),
        (FAILED, Some("timed-out"))
    );
}

#[tokio::test]
async fn a_group_gives_what_it_has_and_no_more() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let group = setting.group(1_000).await;
    let needs = Resources {
        cpu_millis: 500,
        memory_mb: 512,
    };
    for name in ["a", "b", "c"] {
        let of_group = |body: &mut tasks::TaskBody| {
            (body.needs, body.resource_group) = (needs, Some(group.clone()));
        };
        setting.publish(name, &[], of_group).await;
    }
    let mut server = setting.server("one").await;
    server.give(seconds(1)).await;
    let mut states: Vec<_> = setting.all().await.iter().map(|one| one.state).collect();
    states.sort();
    let (waits, runs) = (InstanceState::WaitingForResources, InstanceState::Running);
    assert_eq!(states, [waits, runs, runs]);
    server.settle(seconds(2)).await;
    assert!(setting.all().await.iter().all(|one| one.state == DONE));
}

#[tokio::test]
async fn tables_of_one_migration_are_read_at_one_moment() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    for name in ["a", "b"] {
        let together = |body: &mut tasks::TaskBody| setting.generated(body, "m");
        setting.publish(name, &[], together).await;
    }
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    let all = setting.all().await;
    assert!(all.iter().all(|one| one.state == DONE));
    let mut runs = Vec::new();
    for one in &all {
        runs.push(
            setting
                .store
                .attempts(one.id)
                .await
                .unwrap()
                .remove(0)
                .run
                .unwrap(),
        );
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_downtime_of_four_days_is_made_up_for_in_order() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    setting.pass_hours(4 * 24);
    server.settle(seconds(2)).await;
    let mut all = setting.of_task(&task).await;
    all.sort_by_key(|one| one.id);
    let days: Vec<_> = all.iter().map(|one| one.made.bizdate.as_str()).collect();
    assert_eq!(
        days,
        ["20240501", "20240502", "20240503", "20240504", "20240505"]
    );
    assert!(all.iter().all(|one| one.state == DONE));
    let mut runs = Vec::new();
    for one in &all {
        runs.push(
            setting
                .store
                .attempts(one.id)
                .await
                .unwrap()
                .remove(0)
                .run
                .unwrap(),
        );
    }
    assert!(runs.is_sorted(), "runs are named by their time: {runs:?}");
    assert_eq!(setting.rows("a"), 15);
    setting.pass_hours(30 * 24);
    server.settle(seconds(3)).await;
    assert_eq!(
        setting.of_task(&task).await.len(),
        5 + 10,
        "the rest is too long ago"
    );
    let lines = setting.store.audit(None, None, 100).await.unwrap();
    assert!(lines.iter().any(|line| line.action == "calendar.missed"));
}

#[tokio::test]
async fn two_servers_share_the_work_and_one_goes_on_alone() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let tasks = [
        setting.publish("a", &[], |_| {}).await,
        setting.publish("b", &[], |_| {}).await,
        setting.publish("c", &[], |_| {}).await,
    ];
    let mut one = setting.server("one").await;
    let mut two = setting.server("two").await;
    one.give(seconds(1)).await;
    two.follow(seconds(1)).await;
    let mut servers = Vec::new();
    for task in &tasks {
        servers.push(setting.one_of(task).await.server.unwrap());
    }
    servers.sort();
    assert_eq!(servers, ["one#1", "one#1", "two#1"]);
    // One of the two is loaded, and nobody was told; the other one did not begin.
    let loaded = one.load_untold().await;
    assert_eq!(setting.rows(&loaded), 3);
    drop(one);
    two.settle(seconds(2)).await;
    for at in [8, 14] {
        two.settle(seconds(2 + at)).await;
        let lost = setting.all().await;
        let open = lost.iter().filter(|one| one.state != DONE).count();
        assert_eq!(open, 2, "it may still live");
    }
    // It leads from now on, and has watched the other one for long enough.
    two.settle(seconds(18)).await;
    two.settle(seconds(19)).await;
    let all = setting.all().await;
    assert!(all.iter().all(|one| one.state == DONE), "{all:?}");
    assert_eq!(["a", "b", "c"].map(|name| setting.rows(name)), [3, 3, 3]);
    let mut outcomes = Vec::new();
    for instance in &all {
        for attempt in setting.store.attempts(instance.id).await.unwrap() {
            outcomes.push(attempt.outcome.unwrap());
        }
    }
    outcomes.sort();
    assert_eq!(
        outcomes,
        ["lost", "lost", "succeeded", "succeeded", "succeeded"]
    );
}

#[tokio::test]
async fn a_run_that_nobody_ended_is_closed_by_who_leads() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    setting.publish("a", &[], |_| {}).await;
    let mut one = setting.server("one").await;
    one.settle(seconds(1)).await;
    let run = setting.store.runs(None, 9).await.unwrap().remove(0).id;
    // As if it had died after its last table's end.
    setting.store_sql("UPDATE runs SET state = 'running', report = NULL, ended_at = NULL");
    one.settle(seconds(20)).await;
    assert_eq!(
        setting.store.left_running().await.unwrap().len(),
        1,
        "its server lives"
    );
    drop(one);
    let mut two = setting.server("two").await;
    two.settle(seconds(30)).await;
    two.settle(seconds(50)).await;
    assert_eq!(setting.store.left_running().await.unwrap(), []);
    let closed = setting.store.run(&run).await.unwrap().unwrap();
    assert_ne!(closed.state, model::run::RunState::Running);
    assert_eq!(setting.rows("a"), 3);
}

#[tokio::test]
async fn a_server_that_gives_no_sign_of_life_stops_its_own_work() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let server = setting.server("one").await;
    let held = server.operator.server.held().unwrap();
    server.beat(seconds(10)).await;
    setting.store.close().await;
    server.beat(seconds(19)).await;
    assert!(!held.ended.is_cancelled());
    server.beat(seconds(20)).await;
    assert!(held.ended.is_cancelled() && server.operator.server.held().is_none());
}

#[tokio::test]
async fn who_goes_lets_go_and_what_did_not_begin_runs_elsewhere() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let mut one = setting.server("one").await;
    one.give(seconds(1)).await;
    one.operator.leave().await;
    let mut two = setting.server("two").await;
    two.settle(seconds(2)).await;
    let instance = setting.one_of(&task).await;
    assert_eq!((instance.state, instance.attempts), (DONE, 2));
}

#[tokio::test]
async fn a_suspended_task_has_instances_that_do_not_run() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let of = (&setting.project, model::plan::Environment::Production);
    let (service, caller) = (&setting.service, &setting.caller);
    tasks::suspend(service, caller, of, (&task.id, true))
        .await
        .unwrap();
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    let one = setting.one_of(&task).await;
    assert_eq!((one.state, one.paused), (InstanceState::NotRun, true));
    tasks::suspend(service, caller, of, (&task.id, false))
        .await
        .unwrap();
    server.settle(seconds(2)).await;
    assert_eq!(setting.one_of(&task).await.state, DONE);
}

#[tokio::test]
async fn a_task_is_run_by_hand_with_values_of_its_own() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting
        .publish("a", &[], |body| {
            body.hour = None;
            setting.filtered(body, "id < ${most}");
        })
        .await;
    let by_hand = tasks::ByHand {
        bizdate: Some("20240410".to_owned()),
        parameters: serde_json::from_str(r#"{"most": 2}"#).unwrap(),
        key: None,
    };
    let of = (&setting.project, model::plan::Environment::Production);
    let made = tasks::run_now(&setting.service, &setting.caller, of, (&task.id, by_hand));
    let id = made.await.unwrap();
    let mut server = setting.server("one").await;
    server.settle(seconds(1)).await;
    let all = setting.all().await;
    assert_eq!((all.len(), all[0].id, all[0].state), (1, id, DONE));
    assert_eq!(
        (all[0].made.bizdate.as_str(), setting.rows("a")),
        ("20240410", 2)
    );
}

#[tokio::test]
async fn who_may_look_on_alone_stops_nothing() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let mut server = setting.server("one").await;
    server.give(seconds(1)).await;
    let id = setting.one_of(&task).await.id;
    let viewer = setting.viewer();
    let filter = InstanceFilter {
        limit: 10,
        ..InstanceFilter::default()
    };
    let of = (&setting.project, model::plan::Environment::Production);
    let listed = crate::instances::list(&setting.service, &viewer, of, filter).await;
    assert_eq!(listed.unwrap().len(), 1);
    let stopped = act(&setting.service, &viewer, (&setting.project, id), Act::Stop).await;
    assert_eq!(stopped.unwrap_err().code, "NO_RIGHT");
}

#[tokio::test]
async fn it_runs_by_itself_and_ends_with_the_service() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    start(&setting.service).unwrap();
    let done = async {
        loop {
            let all = setting.of_task(&task).await;
            if all.first().is_some_and(|one| one.state == DONE) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(seconds(60), done).await.unwrap();
    setting.service.stop().await;
    let leases = setting.store.leases("").await.unwrap();
    let owners: Vec<_> = leases.iter().map(|lease| lease.owner.as_str()).collect();
    assert_eq!(owners, ["", ""], "it let go of all");
}
