use model::ObjectId;
use model::plan::Environment;
use model::schedule::{InstanceKind, InstanceState, Priority, Resources};
use serde_json::json;

use super::*;
use crate::suite::on_each_database;

fn new(task: &str, bizdate: &str, upstream: Vec<Upstream>) -> NewInstance {
    NewInstance {
        project: "p".to_owned(),
        environment: Environment::Production,
        task: ObjectId::new(task),
        task_name: format!("load {task}"),
        version: 3,
        bizdate: bizdate.to_owned(),
        slot: 0,
        kind: InstanceKind::Recurring,
        origin: String::new(),
        planned_at: 100,
        priority: Priority::High,
        resource_group: "g".to_owned(),
        needs: Resources {
            cpu_millis: 500,
            memory_mb: 1024,
        },
        timeout_seconds: 60,
        reruns: 2,
        rerun_seconds: 300,
        rerun_after_timeout: true,
        paused: false,
        upstream,
    }
}

#[tokio::test]
async fn each_task_and_date_is_made_once() {
    on_each_database(async |store: Store| {
        let first = vec![
            new("a", "20240501", vec![]),
            new("b", "20240501", vec![Upstream::Beside(0)]),
        ];
        let ids = store.make_instances(5, &first).await.unwrap();
        let second = vec![
            new("b", "20240501", vec![]),
            new(
                "c",
                "20240501",
                vec![Upstream::Beside(0), Upstream::There(ids[0])],
            ),
        ];
        let day = ("p", Environment::Production);
        let again = store.make_day(6, day, "20240501", &second).await.unwrap();
        assert_eq!(again[0], ids[1], "it is there already");
        assert_eq!(store.neighbours(again[1]).await.unwrap().0, ids);
        assert_eq!(
            store.neighbours(ids[1]).await.unwrap(),
            (vec![ids[0]], vec![again[1]])
        );
        let filter = InstanceFilter {
            limit: 10,
            ..InstanceFilter::default()
        };
        let listed = store.instances("p", Environment::Production, &filter);
        let listed: Vec<i64> = listed.await.unwrap().iter().map(|one| one.id).collect();
        assert_eq!(listed, [again[1], ids[1], ids[0]]);
        let made = async || {
            store
                .made_until("p", Environment::Production)
                .await
                .unwrap()
        };
        assert_eq!(made().await.as_deref(), Some("20240501"));
        store.make_day(7, day, "20240430", &[]).await.unwrap();
        assert_eq!(
            made().await.as_deref(),
            Some("20240501"),
            "it never goes back"
        );
    })
    .await;
}

#[tokio::test]
async fn a_change_is_made_to_what_was_seen_alone() {
    on_each_database(async |store: Store| {
        let id = store
            .make_instances(5, &[new("a", "20240501", vec![])])
            .await
            .unwrap()[0];
        let seen = store.instance(id).await.unwrap().unwrap();
        assert_eq!((seen.state, seen.not_before), (InstanceState::NotRun, 100));
        assert_eq!(seen.made.needs.memory_mb, 1024);
        let wait = Move {
            reason: Some(json!({ "until": 100 })),
            ..Move::of(&seen, InstanceState::WaitingForTime, 50)
        };
        let step = [wait.clone()];
        assert_eq!(store.move_instances(&step).await.unwrap(), [id]);
        assert!(store.move_instances(&step).await.unwrap().is_empty());
        let now = store.instance(id).await.unwrap().unwrap();
        assert_eq!((now.state, now.since), (InstanceState::WaitingForTime, 50));
        assert_eq!(now.reason, wait.reason);
        let stale = Move::of(&seen, InstanceState::Running, 60);
        assert_eq!(store.start_attempts(&[(stale, "s")]).await.unwrap(), []);
        let start = Move::of(&now, InstanceState::Running, 60);
        assert_eq!(
            store.start_attempts(&[(start.clone(), "s")]).await.unwrap(),
            [(start.id, 1)]
        );
        let running = store.instance(id).await.unwrap().unwrap();
        assert_eq!(
            (running.server.as_deref(), running.attempts),
            (Some("s"), 1)
        );
        let pause = Move {
            paused: true,
            ..Move::of(&running, InstanceState::Running, 70)
        };
        let step = [pause];
        store.move_instances(&step).await.unwrap();
        let running = store.instance(id).await.unwrap().unwrap();
        assert_eq!((running.server.as_deref(), running.since), (Some("s"), 60));
        store.note_run(&[id], "r1").await.unwrap();
        let end = Move::of(&running, InstanceState::Succeeded, 80);
        let report = json!({ "rows": 5 });
        assert!(
            store
                .end_attempt(&end, "succeeded", Some(&report))
                .await
                .unwrap()
        );
        assert!(!store.end_attempt(&end, "failed", None).await.unwrap());
        let attempts = store.attempts(id).await.unwrap();
        let expected = Attempt {
            instance: id,
            number: 1,
            server: "s".to_owned(),
            run: Some("r1".to_owned()),
            started_at: 60,
            ended_at: Some(80),
            outcome: Some("succeeded".to_owned()),
            report: Some(report),
        };
        assert_eq!(attempts, [expected]);
    })
    .await;
}

#[tokio::test]
async fn who_watches_misses_no_change() {
    on_each_database(async |store: Store| {
        let made = [
            new("a", "20240501", vec![]),
            new("b", "20240501", vec![Upstream::Beside(0)]),
            new("c", "20240501", vec![Upstream::Beside(1)]),
        ];
        let ids = store.make_instances(5, &made).await.unwrap();
        let (open, seen) = store.open_instances().await.unwrap();
        let told: Vec<_> = open.iter().map(|(one, up)| (one.id, up.clone())).collect();
        assert_eq!(
            told,
            [
                (ids[0], vec![]),
                (ids[1], vec![ids[0]]),
                (ids[2], vec![ids[1]])
            ]
        );
        let moves: Vec<Move> = open[..2]
            .iter()
            .map(|(one, _)| Move::of(one, InstanceState::Succeeded, 9))
            .collect();
        store.move_instances(&moves).await.unwrap();
        let changed = store.changed_instances(seen, 10).await.unwrap();
        let told: Vec<i64> = changed.iter().map(|(one, _)| one.id).collect();
        assert_eq!(told, ids[..2]);
        let (open, seen) = store.open_instances().await.unwrap();
        let told: Vec<i64> = open.iter().map(|(one, _)| one.id).collect();
        assert_eq!(told, ids[1..], "and what the open ones wait for");
        assert!(store.remove_upstream(ids[2], ids[1]).await.unwrap());
        let changed = store.changed_instances(seen, 10).await.unwrap();
        assert_eq!((changed[0].0.id, changed[0].1.len()), (ids[2], 0));
    })
    .await;
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten_unless_waited_for() {
    on_each_database(async |store: Store| {
        let made = [
            new("a", "20240501", vec![]),
            new("b", "20240501", vec![Upstream::Beside(0)]),
            new("c", "20240501", vec![]),
        ];
        let ids = store.make_instances(5, &made).await.unwrap();
        for id in [ids[0], ids[2]] {
            let one = store.instance(id).await.unwrap().unwrap();
            let step = [Move::of(&one, InstanceState::Succeeded, 9)];
            store.move_instances(&step).await.unwrap();
        }
        assert_eq!(store.cut_instances(9, 10).await.unwrap(), 0);
        assert_eq!(store.cut_instances(10, 10).await.unwrap(), 1);
        assert!(store.instance(ids[0]).await.unwrap().is_some());
        assert!(store.instance(ids[2]).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_server_that_lost_its_lease_changes_nothing() {
    on_each_database(async |store: Store| {
        let ids = store
            .make_instances(5, &[new("a", "20240501", vec![])])
            .await
            .unwrap();
        let lease = store
            .take_lease("server/one", "one")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(store.take_lease("server/one", "two").await.unwrap(), None);
        let fenced = store.fenced(lease.fence());
        let one = store.instance(ids[0]).await.unwrap().unwrap();
        let start = Move::of(&one, InstanceState::Running, 6);
        assert_eq!(
            fenced
                .start_attempts(&[(start.clone(), "one")])
                .await
                .unwrap(),
            [(start.id, 1)]
        );
        let run = model::RunId::generate();
        fenced.append(&run, "intent", "{}").await.unwrap();
        assert_eq!(
            store.take_over(&lease, "two").await.unwrap(),
            None,
            "it lives"
        );
        let seen = store.leases("server/").await.unwrap().remove(0);
        let taken = store.take_over(&seen, "two").await.unwrap().unwrap();
        assert!(taken.fence > lease.fence);
        let running = store.instance(ids[0]).await.unwrap().unwrap();
        let end = Move::of(&running, InstanceState::Succeeded, 7);
        let codes = [
            fenced
                .append(&run, "committing", "{}")
                .await
                .unwrap_err()
                .code,
            fenced
                .end_attempt(&end, "succeeded", None)
                .await
                .unwrap_err()
                .code,
            fenced.beat(&lease.fence()).await.unwrap_err().code,
        ];
        assert_eq!(codes, ["LEASE_LOST"; 3]);
        assert_eq!(store.records(&run).await.unwrap().len(), 1);
        store.let_go(&taken.fence()).await.unwrap();
        let again = store
            .take_lease("server/one", "three")
            .await
            .unwrap()
            .unwrap();
        assert!(again.fence > taken.fence);
    })
    .await;
}
