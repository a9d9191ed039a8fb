//! Readers who began before a load was published.

use super::*;

/// A reader whose moment lies between two parts and the commit is told, and does not see one part alone. A
/// server of thousands of tables may have forgotten when this one was made anew: he sees all rows then.
#[tokio::test]
async fn a_reader_of_an_earlier_moment_sees_no_part_of_a_load() {
    let Some(place) = Place::new("moment") else {
        return;
    };
    let destination = place.open(json!({})).await;
    for load in ["l1", "l2"] {
        let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
        let staging = destination.stage(&write, &LoadId::new(load)).unwrap();
        destination.prepare(&staging).await.unwrap();
        let mut manifests =
            vec![written(&*destination, &staging, "00000", batch(&write, &[1])).await];
        let reader = place.clone();
        let reader = tokio::task::spawn_blocking(move || {
            reader.client(&format!(
                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
                 START TRANSACTION WITH CONSISTENT SNAPSHOT; DO SLEEP(6), '{0}'; \
                 SELECT 'seen', id FROM {0}.t",
                reader.database
            ))
        });
        place.sleeps().await;
        manifests.push(written(&*destination, &staging, "00001", batch(&write, &[2])).await);
        destination.evidence(&staging, &manifests).await.unwrap();
        let outcome = destination.commit(&staging, &manifests).await;
        assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
        let output = reader.await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let seen = String::from_utf8_lossy(&output.stdout);
        let is_told = told.contains("ERROR 1412") && !seen.contains("seen");
        let sees_all = output.status.success() && seen == "seen\t1\nseen\t2\n";
        assert!(is_told || sees_all, "{load}: {output:?}");
        destination.clean(&staging).await.unwrap();
        assert_eq!(place.of_t("id"), ["1", "2"]);
    }
    place.end();
}
