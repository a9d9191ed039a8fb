//! Alerts, told to a webhook that takes them or does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::{Setting, clock};
use crate::alerts::{self, Alert};
use crate::instances::Act;
use crate::operating::telling::Telling;

/// Takes what is posted, and answers with the status that it is told.
pub(super) struct Hook {
    pub(super) address: String,
    posted: Arc<Mutex<Vec<Json>>>,
    pub(super) status: Arc<Mutex<u16>>,
    _serving: tokio::task::JoinSet<()>,
}

impl Hook {
    pub(super) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/T0KEN", listener.local_addr().unwrap());
        let posted = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(Mutex::new(200));
        let (kept, answer) = (Arc::clone(&posted), Arc::clone(&status));
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut read = Vec::new();
                let body = loop {
                    let mut part = [0; 4096];
                    let count = stream.read(&mut part).await.unwrap();
                    read.extend(&part[..count]);
                    let text = String::from_utf8_lossy(&read).into_owned();
                    if let Some((_, body)) = text.split_once("\r\n\r\n")
                        && let Ok(document) = serde_json::from_str::<Json>(body)
                    {
                        break document;
                    }
                };
                kept.lock().unwrap().push(body);
                let status = *answer.lock().unwrap();
                let line = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(line.as_bytes()).await.unwrap();
            }
        });
        Self {
            address,
            posted,
            status,
            _serving: serving,
        }
    }

    pub(super) fn take(&self) -> Vec<Json> {
        std::mem::take(&mut *self.posted.lock().unwrap())
    }
}

async fn alert(setting: &Setting, body: Json) {
    let body: Alert = serde_json::from_value(body).unwrap();
    let of = (&setting.project, "night");
    let made = alerts::create(&setting.service, &setting.caller, of, body).await;
    assert_eq!(
        made.unwrap().body.webhook,
        Some(json!({ "has-secret": true }))
    );
}

fn causes(posted: &[Json]) -> Vec<(String, String)> {
    let items = posted
        .iter()
        .flat_map(|one| one["items"].as_array().unwrap());
    let text = |item: &Json, key: &str| item[key].as_str().unwrap().to_owned();
    items
        .map(|item| (text(item, "cause"), text(item, "name")))
        .collect()
}

fn pair(cause: &str, name: &str) -> (String, String) {
    (cause.to_owned(), name.to_owned())
}

#[tokio::test]
async fn what_fails_and_what_is_late_is_told_once_and_in_few_messages() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    let first = setting.publish("a", &[], |_| {}).await;
    setting.publish("b", &[&first], |_| {}).await;
    setting.publish("c", &[], |_| {}).await;
    let hook = Hook::listen().await;
    alert(
        &setting,
        json!({
            "on": ["failed", "late"], "not-finished-by": "06:00", "webhook": hook.address,
        }),
    )
    .await;
    setting.sql("ALTER TABLE a RENAME TO away");
    let mut server = setting.server("one").await;
    let mut telling = Telling::new(&server.operator.service, &server.operator.leader);
    telling.look().await.unwrap();
    server.settle(Duration::from_secs(1)).await;
    telling.look().await.unwrap();
    let posted = hook.take();
    assert_eq!(causes(&posted), [pair("failed", "a")]);
    assert_eq!(posted[0]["items"][0]["code"], "TABLE_NOT_FOUND");
    let text = posted[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("Godwit: p: 1 failed\na of 20240501 (instance "),
        "{text}"
    );
    // The same again: nothing new happened.
    telling.look().await.unwrap();
    assert_eq!(hook.take(), Vec::<Json>::new());
    // It fails again at once: that waits for five minutes to pass.
    let failed = setting.one_of(&first).await.id;
    setting.act(failed, Act::Rerun).await.unwrap();
    server.settle(Duration::from_secs(2)).await;
    telling.look().await.unwrap();
    assert_eq!(hook.take(), Vec::<Json>::new());
    setting.pass_minutes(6);
    // Another server leads by now, and goes on where this one was.
    let mut next = Telling::new(&server.operator.service, &server.operator.leader);
    next.look().await.unwrap();
    assert_eq!(causes(&hook.take()), [pair("failed", "a")]);
    setting.pass_minutes(5 * 60 + 54);
    next.look().await.unwrap();
    let late = hook.take();
    assert_eq!(late[0]["count"], 2, "{late:?}");
    assert_eq!(causes(&late), [pair("late", "b"), pair("late", "a")]);
    setting.pass_minutes(60);
    next.look().await.unwrap();
    assert_eq!(hook.take(), Vec::<Json>::new());
}

#[tokio::test]
async fn what_does_not_arrive_is_sent_again_and_what_is_silent_says_nothing() {
    let setting = Setting::new(clock!("2024-05-02T00:00:30Z")).await;
    setting.publish("a", &[], |_| {}).await;
    let hook = Hook::listen().await;
    alert(
        &setting,
        json!({ "on": ["finished"], "webhook": hook.address }),
    )
    .await;
    let quiet = json!({ "on": ["finished"], "webhook": hook.address, "disabled": true });
    let quiet: Alert = serde_json::from_value(quiet).unwrap();
    let of = (&setting.project, "quiet");
    alerts::create(&setting.service, &setting.caller, of, quiet)
        .await
        .unwrap();
    *hook.status.lock().unwrap() = 503;
    let mut server = setting.server("one").await;
    let mut telling = Telling::new(&server.operator.service, &server.operator.leader);
    telling.look().await.unwrap();
    server.settle(Duration::from_secs(1)).await;
    telling.look().await.unwrap();
    telling.look().await.unwrap();
    assert_eq!(causes(&hook.take()), [pair("finished", "a")]);
    *hook.status.lock().unwrap() = 204;
    setting.pass_minutes(1);
    // A server that begins anew has not forgotten it either.
    let mut next = Telling::new(&server.operator.service, &server.operator.leader);
    next.look().await.unwrap();
    assert_eq!(causes(&hook.take()), [pair("finished", "a")]);
    next.look().await.unwrap();
    assert_eq!(hook.take(), Vec::<Json>::new());
}
