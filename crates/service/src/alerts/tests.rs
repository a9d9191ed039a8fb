use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::access::rights::Role;
use crate::projects::Mode;
use crate::work::tests::setting::Setting;

fn alert(body: Json) -> Alert {
    serde_json::from_value(body).unwrap()
}

#[test]
fn what_is_wrong_with_an_alert_is_told_with_its_place() {
    let check = |body: Json, code: &str, at: &str| {
        let findings = own_findings(&alert(body.clone()));
        let told: Vec<_> = findings
            .iter()
            .map(|one| (one.code.as_str(), one.at.as_str()))
            .collect();
        assert_eq!(told, [(code, at)], "{body}");
    };
    check(json!({ "on": [] }), "MISSING_KEY", "on");
    check(json!({ "on": ["late"] }), "MISSING_KEY", "not-finished-by");
    check(
        json!({ "on": ["failed"], "not-finished-by": "06:00" }),
        "NOT_OF_MODE",
        "not-finished-by",
    );
    for wrong in ["6:00", "24:00", "06:60", "0600", "aa:bb", "06:00:00", ""] {
        let body = json!({ "on": ["late"], "not-finished-by": wrong });
        check(body, "BAD_VALUE", "not-finished-by");
    }
    check(
        json!({ "on": ["failed"], "every-minutes": 60 }),
        "OUT_OF_RANGE",
        "every-minutes",
    );
    check(
        json!({ "on": ["failed"], "every-minutes": 0 }),
        "OUT_OF_RANGE",
        "every-minutes",
    );
    check(
        json!({ "on": ["failed"], "e-mail": ["ann@x", "ann"] }),
        "BAD_VALUE",
        "e-mail[1]",
    );
    let right =
        json!({ "on": ["late"], "not-finished-by": "23:59", "e-mail": ["ann@example.org"] });
    assert_eq!(own_findings(&alert(right)), []);
}

#[tokio::test]
async fn an_address_is_sealed_stays_when_left_out_and_goes_by_null() {
    let setting = Setting::new(Mode::Basic).await;
    let (service, caller, project) = (&setting.service, &setting.caller, &setting.project.id);
    let make =
        async |name: &str, body: Json| create(service, caller, (project, name), alert(body)).await;
    let made = make(
        "one",
        json!({ "on": ["failed"], "webhook": "https://192.0.2.7/T0KEN" }),
    );
    let made = made.await.unwrap();
    assert_eq!(made.body.webhook, Some(json!({ "has-secret": true })));
    let kept = std::fs::read(setting.data().join("godwit.db")).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("T0KEN"));
    let changed = Stored {
        body: alert(json!({ "on": ["finished"] })),
        ..made.clone()
    };
    let changed = edit(service, caller, project, changed).await.unwrap();
    assert_eq!(changed.body.webhook, Some(json!({ "has-secret": true })));
    let taken = Stored {
        body: alert(json!({ "on": ["finished"], "webhook": null })),
        ..changed.clone()
    };
    let refused = edit(service, caller, project, taken).await.unwrap_err();
    assert_eq!(refused.code, "NOT_VALID");
    assert!(
        refused.message.contains("nobody is told"),
        "{}",
        refused.message
    );
    for (name, webhook, expected) in [
        ("a", "ftp://192.0.2.7/", "neither http nor https"),
        ("b", "no address", "no URL"),
        ("c", "http://127.0.0.1:1/", "this machine itself"),
        ("d", "http://169.254.169.254/latest", "link-local"),
        ("e", "http://[::ffff:127.0.0.1]/", "this machine itself"),
    ] {
        let refused = make(name, json!({ "on": ["failed"], "webhook": webhook })).await;
        let error = refused.unwrap_err();
        assert!(
            error.message.contains(expected),
            "{webhook}: {}",
            error.message
        );
    }
    let mail = make(
        "f",
        json!({ "on": ["failed"], "e-mail": ["ann@example.org"] }),
    )
    .await;
    assert!(mail.unwrap_err().message.contains("no mail server"));
    let operator = setting.somebody(Role::Operator);
    let body = alert(json!({ "on": ["failed"], "webhook": "https://192.0.2.7/" }));
    let refused = create(service, &operator, (project, "g"), body).await;
    assert_eq!(refused.unwrap_err().code, "NO_RIGHT");
    remove(service, caller, (project, &made.id), changed.edition)
        .await
        .unwrap();
    assert_eq!(service.store().secrets(&made.id).await.unwrap(), []);
}

/// Takes one letter, as RFC 5321 has it.
async fn take_letter(listener: TcpListener) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail\r\n").await.unwrap();
    let (mut letter, mut is_data) = (String::new(), false);
    while let Some(line) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match line.as_str() {
            "." if is_data => {
                is_data = false;
                b"250 taken\r\n"
            }
            _ if is_data => {
                letter.push_str(&line);
                letter.push('\n');
                continue;
            }
            "DATA" => {
                is_data = true;
                b"354 go on\r\n"
            }
            "QUIT" => break,
            command => {
                letter.push_str(command);
                letter.push('\n');
                b"250 yes\r\n"
            }
        };
        write.write_all(answer).await.unwrap();
    }
    letter
}

#[tokio::test]
async fn a_mail_goes_to_all_at_once_and_a_server_that_is_gone_is_told_without_its_password() {
    let setting = Setting::new(Mode::Basic).await;
    let stored = Stored {
        id: ObjectId::new("a1"),
        project: setting.project.id.to_string(),
        name: "night".to_owned(),
        edition: 1,
        changed_at: 0,
        changed_by: String::new(),
        body: alert(json!({ "on": ["failed"] })),
    };
    let item = Item {
        cause: Cause::Failed,
        instance: "7".to_owned(),
        task: ObjectId::new("t"),
        task_name: "load_订单".to_owned(),
        bizdate: "20240301".to_owned(),
        at: 0,
        why: Some((
            "TABLE_NOT_FOUND".to_owned(),
            "there is no table x".to_owned(),
        )),
    };
    let message = Message::new(&setting.service, &stored, vec![item; 60])
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let mail = Mail::new(&url, "Godwit <godwit@example.org>").unwrap();
    let to = ["ann@example.org".to_owned(), "bob@example.org".to_owned()];
    let (letter, sent) = tokio::join!(take_letter(listener), mail.send(&to, &message));
    sent.unwrap();
    for expected in [
        "MAIL FROM:<godwit@example.org>",
        "RCPT TO:<ann@example.org>",
        "RCPT TO:<bob@example.org>",
        "Subject: Godwit: trade: 50 failed, 10 more",
    ] {
        assert!(letter.contains(expected), "{expected}: {letter}");
    }
    let gone = Mail::new("smtp://ann:canary@127.0.0.1:1", "godwit@example.org").unwrap();
    let error = gone.send(&to, &message).await.unwrap_err();
    assert_eq!(error.code, "MAIL_FAILED");
    assert!(!format!("{error:?} {gone:?}").contains("canary"));
    let refused = Mail::new("canary", "godwit@example.org").unwrap_err();
    assert!(!refused.message.contains("canary"), "{}", refused.message);
}
