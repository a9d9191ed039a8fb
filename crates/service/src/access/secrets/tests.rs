use std::collections::BTreeMap;
use std::path::Path;

use model::secret::Unsealed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::KeyRing;

use super::*;

/// Every way in which a connector could have a secret.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Connection {
    host: String,
    password: Option<Secret>,
    tls: Option<Tls>,
    login: Option<Login>,
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    #[serde(default)]
    brokers: Vec<Tls>,
    #[serde(default)]
    keys: Vec<Secret>,
    next: Option<Box<Connection>>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tls {
    ca: Option<String>,
    passphrase: Option<Secret>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
enum Login {
    Key { key_id: String, secret: Secret },
    Token { token: Secret },
}

fn form() -> Json {
    schemars::schema_for!(Connection).to_value()
}

/// The options as kept, with the texts in the places of their ids, so that they can be compared.
fn kept(options: Json, old: Option<&Json>) -> Json {
    let taken = take_secrets(&form(), options, old).unwrap();
    let mut text = taken.options.to_string();
    for (id, secret) in &taken.texts {
        assert!(!text.contains(secret.as_str()), "{text}");
        text = text.replace(id, secret);
    }
    serde_json::from_str(&text).unwrap()
}

fn refused(options: Json, old: Option<&Json>) -> Vec<(String, String)> {
    let findings = take_secrets(&form(), options, old).unwrap_err();
    let told = findings.into_iter().map(|finding| {
        assert!(finding.hint.is_some());
        (finding.code, finding.at)
    });
    told.collect()
}

#[test]
fn texts_become_places_wherever_they_are() {
    let sent = json!({
        "host": "db", "password": "p1",
        "tls": {"ca": "/a", "passphrase": "p2"},
        "login": {"by": "token", "token": "p3"},
        "headers": {"X-Key": "p4"},
        "brokers": [{"passphrase": "p5"}, {"ca": "/b"}],
        "keys": ["p6", "p7"],
        "next": {"host": "other", "password": "p8", "next": {"host": "x", "password": "p9"}},
    });
    let expected = json!({
        "host": "db", "password": "${sealed:p1}",
        "tls": {"ca": "/a", "passphrase": "${sealed:p2}"},
        "login": {"by": "token", "token": "${sealed:p3}"},
        "headers": {"X-Key": "${sealed:p4}"},
        "brokers": [{"passphrase": "${sealed:p5}"}, {"ca": "/b"}],
        "keys": ["${sealed:p6}", "${sealed:p7}"],
        "next": {"host": "other", "password": "${sealed:p8}",
                 "next": {"host": "x", "password": "${sealed:p9}"}},
    });
    assert_eq!(kept(sent.clone(), None), expected);
    let taken = take_secrets(&form(), sent, None).unwrap();
    serde_json::from_value::<Connection>(taken.options.clone()).unwrap();
    let new: BTreeSet<&String> = taken.texts.iter().map(|(id, _)| id).collect();
    assert_eq!(new.len(), 9, "ids are new each time");
    let ids = sealed_ids(&form(), &taken.options);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>(), new);
    let debug = format!("{taken:?}");
    assert!(
        (1..=9).all(|one| !debug.contains(&format!("p{one}\""))),
        "{debug}"
    );
}

#[test]
fn what_is_not_given_anew_stays() {
    let old =
        json!({"host": "db", "password": "${sealed:a}", "tls": {"passphrase": "${sealed:b}"}});
    let check = |sent: Json, expected: Json| {
        assert_eq!(kept(sent.clone(), Some(&old)), expected, "{sent}");
    };
    for word in [
        json!({"kept": true}),
        json!({"has-secret": true}),
        json!("${sealed:a}"),
    ] {
        check(
            json!({"host": "new", "password": word}),
            json!({"host": "new", "password": "${sealed:a}"}),
        );
    }
    check(
        json!({"host": "new"}),
        json!({"host": "new", "password": "${sealed:a}"}),
    );
    check(
        json!({"host": "db", "password": "p1", "tls": {}}),
        json!({"host": "db", "password": "${sealed:p1}", "tls": {"passphrase": "${sealed:b}"}}),
    );
    check(
        json!({"host": "db", "password": null, "tls": null}),
        json!({"host": "db", "password": null, "tls": null}),
    );
    let shown = show(&form(), &old);
    check(shown, old.clone());
}

#[test]
fn what_is_shown_has_no_secret() {
    let options = json!({
        "host": "db", "password": "${sealed:a}", "tls": {"ca": "/a", "passphrase": "${env:B}"},
        "login": null, "headers": {"k": "in clear"}, "keys": ["x"], "next": {"password": null},
    });
    let hidden = json!({"has-secret": true});
    let expected = json!({
        "host": "db", "password": hidden, "tls": {"ca": "/a", "passphrase": hidden},
        "login": null, "headers": {"k": hidden}, "keys": [hidden], "next": {"password": null},
    });
    assert_eq!(show(&form(), &options), expected);
    assert_eq!(show(&form(), &json!({"host": "db"})), json!({"host": "db"}));
    assert_eq!(show(&form(), &json!("no options")), json!("no options"));
}

#[test]
fn places_that_are_not_its_own_are_refused() {
    let old =
        json!({"host": "db", "password": "${sealed:a}", "tls": {"passphrase": "${sealed:b}"}});
    let check = |sent: Json, expected: &[(&str, &str)]| {
        let told = refused(sent.clone(), Some(&old));
        let told: Vec<_> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(told, expected, "{sent}");
    };
    check(
        json!({"password": "${env:PATH}"}),
        &[("SECRET_PLACE", "password")],
    );
    check(
        json!({"password": "${file:/etc/shadow}"}),
        &[("SECRET_PLACE", "password")],
    );
    check(
        json!({"password": "${sealed:b}"}),
        &[("SECRET_PLACE", "password")],
    );
    check(
        json!({"password": "${sealed:c}", "tls": {"passphrase": "${env:A}"}}),
        &[
            ("SECRET_PLACE", "password"),
            ("SECRET_PLACE", "tls.passphrase"),
        ],
    );
    check(
        json!({"keys": ["a", "${env:A}"]}),
        &[("SECRET_PLACE", "keys[1]")],
    );
    check(
        json!({"keys": [{"kept": true}]}),
        &[("SECRET_MISSING", "keys[0]")],
    );
    check(
        json!({"next": {"password": {"kept": true}}}),
        &[("SECRET_MISSING", "next.password")],
    );
    check(json!({"password": ""}), &[("EMPTY_VALUE", "password")]);
    check(json!({"password": 12}), &[("WRONG_TYPE", "password")]);
    check(json!({"password": ["a"]}), &[("WRONG_TYPE", "password")]);
    check(
        json!({"password": {"kept": false}}),
        &[("WRONG_TYPE", "password")],
    );
    check(
        json!({"password": {"kept": true, "a": 1}}),
        &[("WRONG_TYPE", "password")],
    );
}

#[test]
fn no_finding_repeats_what_was_sent() {
    let sent = json!({"password": {"secret": "hunter2"}, "keys": [["hunter2"]]});
    let findings = take_secrets(&form(), sent, None).unwrap_err();
    assert_eq!(findings.len(), 2);
    assert!(!format!("{findings:?}").contains("hunter2"));
}

#[test]
fn the_passwords_of_all_connectors_are_found() {
    let sent = json!({"password": "hunter2"});
    let with_password: Vec<&str> = connectors::CONNECTORS
        .iter()
        .filter(|connector| {
            let form = connector.forms().connection;
            let taken = take_secrets(&form, sent.clone(), None).unwrap();
            assert!(taken.texts.len() < 2);
            !taken.texts.is_empty()
        })
        .map(|connector| connector.id())
        .collect();
    assert_eq!(with_password, ["postgresql", "mysql"]);
}

#[test]
fn a_secret_goes_from_the_form_to_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (ring, _) = KeyRing::open(folder.path(), true).unwrap();
    let sent = json!({"host": "db", "password": "hunter2", "tls": {"passphrase": "hunter3"}});
    let taken = take_secrets(&form(), sent, None).unwrap();
    let texts = taken.texts.iter().map(|(id, text)| {
        let sealed = ring.seal(id, text).unwrap();
        (id.clone(), ring.unseal(id, &sealed).unwrap())
    });
    let unsealed: Unsealed = texts.collect();
    assert!(!format!("{unsealed:?}").contains("hunter"));
    let options: Connection = serde_json::from_value(taken.options).unwrap();
    let reveal =
        |secret: Option<Secret>| secret.unwrap().reveal(Path::new("/"), &unsealed).unwrap();
    assert_eq!(reveal(options.password), "hunter2");
    assert_eq!(reveal(options.tls.unwrap().passphrase), "hunter3");
}
