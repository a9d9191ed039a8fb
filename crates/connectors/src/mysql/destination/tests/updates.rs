//! Updates by keys that the destination compares otherwise than the source, or that name several rows.

use super::*;

fn named(write: &Write, rows: &[(&str, &str)]) -> RecordBatch {
    let ids: StringArray = rows.iter().map(|(id, _)| Some(*id)).collect();
    let names: StringArray = rows.iter().map(|(_, name)| Some(*name)).collect();
    record(write, vec![Arc::new(ids), Arc::new(names)])
}

#[tokio::test]
async fn a_record_whose_key_is_the_same_by_collation_alone_is_not_replaced() {
    let Some(place) = Place::new("alike") else {
        return;
    };
    let destination = place.open(json!({})).await;
    for (load, collation, there, comes, fails) in [
        ("l1", "utf8mb4_general_ci", "abc", "ABC", true),
        ("l2", "utf8mb4_bin", "a", "a ", true),
        ("l3", "utf8mb4_general_ci", "strasse", "strasse", false),
        ("l4", "utf8mb4_bin", "a", "A", false),
    ] {
        place.sql(&format!(
            "CREATE OR REPLACE TABLE {0}.t \
             (id varchar(20) COLLATE {collation} PRIMARY KEY, name longtext); \
             INSERT INTO {0}.t VALUES ('{there}', 'old')",
            place.database
        ));
        let write = place.write(&*destination, LoadingPolicy::Update).await;
        let rows = named(&write, &[(comes, "new"), ("other", "new")]);
        let (staging, manifests) = staged(&*destination, &write, load, vec![rows]).await;
        let outcome = destination.commit(&staging, &manifests).await;
        if fails {
            if let CommitOutcome::NotDone(error) = &outcome {
                assert!(!error.message.to_lowercase().contains("abc"), "{error}");
            }
            not_done(outcome, "UPDATE_KEY_ALIKE");
            assert_eq!(place.of_t("id, name"), [format!("{there}\told")]);
            destination.abort(&staging).await.unwrap();
        } else {
            assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
            let found = place.of_t("concat(id, ' ', name)");
            assert!(found.contains(&format!("{comes} new")), "{found:?}");
            destination.clean(&staging).await.unwrap();
        }
    }
    place.end();
}

#[tokio::test]
async fn a_key_that_names_several_rows_of_the_destination_fails_by_name() {
    let Some(place) = Place::new("several") else {
        return;
    };
    let destination = place.open(json!({})).await;
    place.sql(&format!(
        "CREATE TABLE {0}.t (id bigint NULL, name longtext); \
         INSERT INTO {0}.t VALUES (1, 'old'), (1, 'other'), (2, 'old'), (NULL, 'old')",
        place.database
    ));
    let write = place.write(&*destination, LoadingPolicy::Update).await;
    let (staging, manifests) =
        staged(&*destination, &write, "l1", vec![batch(&write, &[1, 2, 3])]).await;
    not_done(
        destination.commit(&staging, &manifests).await,
        "UPDATE_KEY_TWICE",
    );
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.of_t("count(*), sum(name = 'new 2')"), ["4\t0"]);
    loaded(&*destination, &write, "l2", batch(&write, &[2, 3])).await;
    let found = place.of_t("coalesce(id, 'NULL'), name");
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.contains(&"2\tnew 2".to_owned()) && found.contains(&"3\tnew 3".to_owned()));
    place.end();
}
