use std::time::Duration;

use super::*;
use crate::operating::tests::support::{Setting, clock};

fn wanted(task: &Task, first: &str, last: &str, groups: u8) -> Backfill {
    Backfill {
        task: task.id.clone(),
        environment: Environment::Production,
        first: first.to_owned(),
        last: last.to_owned(),
        groups,
        with_downstream: Downstream::default(),
    }
}

#[tokio::test]
async fn five_days_in_two_groups_are_loaded_in_order_inside_of_each() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let none = |body: &mut TaskBody| {
        body.hour = None;
        setting.partitioned(body);
    };
    let first = setting.publish("a", &[], none).await;
    let second = setting.publish("b", &[&first], none).await;
    let (service, caller, project) = (&setting.service, &setting.caller, &setting.project);
    let all = Backfill {
        with_downstream: Downstream::All(true),
        ..wanted(&first, "20240401", "20240405", 2)
    };
    let made = create(service, caller, project, (None, all.clone()))
        .await
        .unwrap();
    assert_eq!(made.backfill.name, "a_20240502_1");
    assert_eq!(
        (made.state, made.instances[0].1),
        (InstanceState::NotRun, 10)
    );
    let waits = async |task: &Task, date: &str| {
        let all = setting.of_task(task).await;
        let one = all.iter().find(|one| one.made.bizdate == date).unwrap();
        let (up, _) = setting.store.neighbours(one.id).await.unwrap();
        let up = setting.store.instances_of(&up).await.unwrap();
        let named = |one: &store::Instance| (one.made.task_name.clone(), one.made.bizdate.clone());
        let mut up: Vec<_> = up.iter().map(|(one, _)| named(one)).collect();
        up.sort();
        up
    };
    let pair = |name: &str, date: &str| (name.to_owned(), date.to_owned());
    assert!(waits(&first, "20240401").await.is_empty());
    assert_eq!(waits(&first, "20240403").await, [pair("a", "20240402")]);
    assert!(waits(&first, "20240404").await.is_empty(), "the next group");
    let both = [pair("a", "20240405"), pair("b", "20240404")];
    assert_eq!(waits(&second, "20240405").await, both);

    let mut server = setting.server("one").await;
    server.settle(Duration::from_secs(1)).await;
    let shown = show(service, caller, project, &made.backfill.id)
        .await
        .unwrap();
    assert_eq!(
        shown.state,
        InstanceState::Succeeded,
        "{:?}",
        shown.instances
    );
    assert_eq!((setting.rows("a"), setting.rows("b")), (15, 15));
    let again = create(service, caller, project, (None, all)).await.unwrap();
    assert_eq!(again.backfill.name, "a_20240502_2");
    let stopped = stop(service, caller, project, &again.backfill.id)
        .await
        .unwrap();
    assert_eq!(stopped, 10);
    let shown = show(service, caller, project, &again.backfill.id)
        .await
        .unwrap();
    assert_eq!(shown.state, InstanceState::Failed);
}

#[tokio::test]
async fn what_has_no_meaning_is_refused() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |_| {}).await;
    let other = setting.publish("b", &[], |_| {}).await;
    let (service, caller, project) = (&setting.service, &setting.caller, &setting.project);
    let code = async |backfill: Backfill| {
        let made = create(service, caller, project, (None, backfill)).await;
        made.unwrap_err().code
    };
    assert_eq!(
        code(wanted(&task, "20240405", "20240404", 1)).await,
        "BAD_BIZDATE"
    );
    assert_eq!(
        code(wanted(&task, "20240231", "20240404", 1)).await,
        "BAD_BIZDATE"
    );
    assert_eq!(
        code(wanted(&task, "20240401", "20240404", 13)).await,
        "BACKFILL_GROUPS"
    );
    assert_eq!(
        code(wanted(&task, "20240401", "20240404", 0)).await,
        "BACKFILL_GROUPS"
    );
    assert_eq!(
        code(wanted(&task, "00010101", "99991231", 1)).await,
        "BACKFILL_TOO_LARGE"
    );
    let stranger = Backfill {
        with_downstream: Downstream::These(vec![other.id.clone()]),
        ..wanted(&task, "20240401", "20240404", 1)
    };
    assert_eq!(code(stranger).await, "NOT_DOWNSTREAM");
}
