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
    let made = create(service, caller, project, (None, all.clone(), None))
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
    let again = create(service, caller, project, (None, all, None))
        .await
        .unwrap();
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
        let made = create(service, caller, project, (None, backfill, None)).await;
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

#[tokio::test]
async fn a_backfill_is_asked_for_as_often_as_it_takes_and_made_once() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let task = setting.publish("a", &[], |body| body.hour = None).await;
    let (service, caller, project) = (&setting.service, &setting.caller, &setting.project);
    let ask = async |name: Option<&str>, last: &str, key: &str| {
        let backfill = wanted(&task, "20240401", last, 2);
        let asked = (name.map(str::to_owned), backfill, Some(key.to_owned()));
        create(service, caller, project, asked).await
    };
    let at_once = futures::join!(ask(None, "20240405", "k"), ask(None, "20240405", "k"));
    let first = at_once.0.unwrap();
    assert_eq!(at_once.1.unwrap(), first);
    assert_eq!(ask(None, "20240405", "k").await.unwrap(), first);
    assert_eq!(first.instances, [(InstanceState::NotRun, 5)]);
    assert_eq!(setting.all().await.len(), 5);
    for (name, last) in [(None, "20240406"), (Some("n"), "20240405")] {
        assert_eq!(ask(name, last, "k").await.unwrap_err().code, "KEY_TAKEN");
    }
    let named = ask(Some("n"), "20240405", "l").await.unwrap();
    assert_eq!(ask(Some("n"), "20240405", "l").await.unwrap(), named);
    let taken = ask(Some("n"), "20240405", "m").await.unwrap_err();
    assert_eq!(taken.code, "NAME_TAKEN");
    assert_eq!(ask(None, "20240405", "").await.unwrap_err().code, "BAD_KEY");
}
