//! Operations that end, break off, or are asked for twice.

pub(crate) mod setting;

use serde_json::json;

use self::setting::Setting;
use super::*;
use crate::projects::Mode;

fn job(setting: &Setting) -> Job<'_> {
    Job {
        project: setting.id().as_str(),
        kind: "collect",
        object: "x",
    }
}

#[tokio::test]
async fn work_goes_on_after_the_answer_and_tells_how_far_it_is() {
    let setting = Setting::new(Mode::Basic).await;
    let (service, caller) = (&setting.service, &setting.caller);
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let work = |_: Service, mut teller: Teller| async move {
        teller.tell(1, 2).await?;
        let _ = wait.await;
        teller.tell(2, 2).await?;
        Ok(Outcome {
            complete: true,
            result: json!("done"),
        })
    };
    let begun = begin(service, caller, job(&setting), work).await.unwrap();
    assert_eq!(begun.state, OperationState::Running);
    let nothing = |_: Service, _: Teller| async { Err(Error::internal("not to be begun")) };
    let twice = begin(service, caller, job(&setting), nothing).await;
    assert_eq!(twice.unwrap_err().code, "UNDER_WAY");
    go.send(()).unwrap();
    let ended = setting.ended(begun).await;
    assert_eq!((ended.done, ended.total), (2, 2));
    assert_eq!(ended.result, Some(json!("done")));
    let listed = list(service, caller, setting.id(), (None, None, None)).await;
    assert_eq!(listed.unwrap().len(), 1);
}

#[tokio::test]
async fn work_that_breaks_off_has_failed_and_says_why() {
    let setting = Setting::new(Mode::Basic).await;
    let (service, caller) = (&setting.service, &setting.caller);
    let breaks = |_: Service, _: Teller| async move {
        let none: Option<Outcome> = None;
        none.map(Ok).expect("what is missing")
    };
    let begun = begin(service, caller, job(&setting), breaks).await.unwrap();
    let ended = setting.ended(begun).await;
    assert_eq!(ended.state, OperationState::Failed);
    assert_eq!(ended.result.unwrap()["error"]["code"], "INTERNAL");

    let endless = |_: Service, _: Teller| std::future::pending::<Result<Outcome>>();
    let begun = begin(service, caller, job(&setting), endless)
        .await
        .unwrap();
    service.stop().await;
    let ended = setting.ended(begun).await;
    assert_eq!(ended.result.unwrap()["error"]["code"], "INTERRUPTED");
}

#[tokio::test]
async fn what_an_earlier_life_left_under_way_is_ended() {
    let setting = Setting::new(Mode::Basic).await;
    let service = &setting.service;
    let left = async |server: &str| {
        let operation = Operation {
            id: ObjectId::generate(),
            project: setting.id().to_string(),
            kind: "plan".to_owned(),
            object: server.to_owned(),
            state: OperationState::Running,
            server: server.to_owned(),
            done: 0,
            total: 0,
            result: None,
            asked_by: "ann".to_owned(),
            started_at: 1,
            ended_at: None,
        };
        service.store().put_operation(&operation, 1).await.unwrap();
        operation.id
    };
    let (ours, theirs) = (left("one").await, left("two").await);
    close_left(service).await.unwrap();
    let state = async |id: &ObjectId| {
        let shown = show(service, &setting.caller, setting.id(), id).await;
        shown.unwrap().state
    };
    assert_eq!(state(&ours).await, OperationState::Failed);
    assert_eq!(state(&theirs).await, OperationState::Running);
    let given_up = give_up(service, &setting.caller, setting.id(), &theirs).await;
    assert_eq!(given_up.unwrap().state, OperationState::Failed);
}
