//! `plan --probe`: what was seen of the rows, as figures, findings and pieces to paste.

use godwit::cli::Exit;
use serde_json::Value as Json;

use crate::world::{FILE, World};

fn finding<'a>(report: &'a Json, code: &str) -> &'a Json {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}: {findings:?}"))
}

#[tokio::test]
async fn a_refused_column_gets_the_proposal_that_fits_and_the_file_takes_it() {
    let world = World::new();
    world.sql(
        "CREATE TABLE prices (id INTEGER PRIMARY KEY, amount NUMERIC, day DATE);
        INSERT INTO prices VALUES (1, 1234.5, '2024-01-01'), (2, 0.125, 'never'), (3, NULL, NULL);",
    );
    world.write(FILE);
    let plan = world.godwit(&["plan", "FILE", "--probe", "--json"]).await;
    // One table is refused, the others are not.
    assert_eq!(plan.exit, Exit::Partial, "{}", plan.err);
    let report = plan.json();
    let probes = report["probes"].as_array().unwrap();
    let prices = probes
        .iter()
        .find(|probe| probe["table"]["table"] == "prices")
        .unwrap();
    assert_eq!(
        (&prices["extent"], &prices["rows"]),
        (&"exact".into(), &3.into())
    );
    let refused = finding(&report, "DECIMAL_PRECISION");
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("at most 4 digits before and 3 behind the point"),
        "{message}"
    );
    let piece = refused["hint"].as_str().unwrap();
    let piece = piece
        .strip_prefix("accept one: ")
        .unwrap()
        .split("; or ")
        .next()
        .unwrap();
    assert!(piece.contains("\"decimal(38,3)\""), "{piece}");
    let never = finding(&report, "INVALID_DATE");
    assert_eq!(never["at"], "main.prices.day");
    assert_eq!(never["message"], "1 of its 2 values would be rejected");
    assert!(
        never["hint"].as_str().unwrap().contains("as: text"),
        "{never}"
    );

    world.write(&format!("{FILE}  {piece}\n"));
    let accepted = world.godwit(&["plan", "FILE", "--probe"]).await;
    assert_eq!(accepted.exit, Exit::Done);
    assert!(
        accepted.out.contains("main.prices looked at: all 3 rows"),
        "{}",
        accepted.out
    );
    assert!(
        !accepted.out.contains("DECIMAL_PRECISION"),
        "{}",
        accepted.out
    );
}

#[tokio::test]
async fn a_sample_is_called_one_and_without_a_look_nothing_is_said() {
    let world = World::new();
    world.write(FILE);
    let words = ["plan", "FILE", "--probe", "--probe-rows", "1", "--json"];
    let sampled = world.godwit(&words).await.json();
    assert_eq!(sampled["probes"][0]["extent"], "sampled");
    let message = finding(&sampled, "PROBE_SAMPLED")["message"]
        .as_str()
        .unwrap();
    assert!(message.contains("may be in the others"), "{message}");
    let plain = world.godwit(&["plan", "FILE", "--json"]).await.json();
    assert_eq!(plain["probes"], serde_json::json!([]));
    assert_eq!(plain["plan"]["digest"], sampled["plan"]["digest"]);
    let usage = world.godwit(&["plan", "FILE", "--probe-rows", "5"]).await;
    assert_eq!(
        usage.exit,
        Exit::Usage,
        "it is asked how far, and not to look"
    );
}
