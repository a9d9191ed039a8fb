//! Loads by key that stop, are given up, or meet others.

use super::updates::{by_id, notes, table_of};
use super::*;

#[tokio::test]
async fn rows_of_others_that_came_meanwhile_are_replaced_too() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..4, "a")]).await;
    let (staging, manifests) = staged(&*destination, &by_id(), 2, &[rows(3..6, "ours")]).await;
    let append = plain(LoadingPolicy::Append, true);
    load(&*destination, &append, 3, &[rows(5..8, "theirs")]).await;
    let receipt = done(destination.commit(&staging, &manifests).await);
    assert_eq!(
        done(destination.commit(&staging, &manifests).await),
        receipt
    );
    destination.clean(&staging).await.unwrap();
    let notes = notes(&fixture).await;
    assert_eq!(notes.len(), 8);
    assert_eq!(
        (notes[&3].as_str(), notes[&5].as_str(), notes[&6].as_str()),
        ("ours", "ours", "theirs")
    );
    assert_eq!(
        fixture.files(),
        fixture.named(&TableName::new("shop", "orders")).await
    );
}

#[tokio::test]
async fn updates_at_the_same_time_all_arrive_once() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..10, "a"), rows(10..20, "a")]).await;
    let mut loads = Vec::new();
    for number in 2..7 {
        let from = i64::from(number) * 3;
        loads.push(
            staged(
                &*destination,
                &by_id(),
                number,
                &[rows(from..from + 6, "b")],
            )
            .await,
        );
    }
    let commits = loads.iter().map(async |(staging, manifests)| {
        fixture.destination().await.commit(staging, manifests).await
    });
    for outcome in futures::future::join_all(commits).await {
        done(outcome);
    }
    for (staging, _) in &loads {
        destination.clean(staging).await.unwrap();
    }
    let notes = notes(&fixture).await;
    assert_eq!(notes.len(), 24);
    assert!(
        notes
            .iter()
            .all(|(id, note)| note == if *id < 6 { "a" } else { "b" })
    );
    // What an attempt wrote that somebody was faster than is gone, too.
    assert_eq!(
        fixture.files(),
        fixture.named(&TableName::new("shop", "orders")).await
    );
}

#[tokio::test]
async fn an_update_given_up_or_stopped_at_its_swap_leaves_nothing() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..4, "a")]).await;
    let before = fixture.files();
    let (staging, manifests) = staged(&*destination, &by_id(), 2, &[rows(3..6, "b")]).await;
    fixture
        .catalog()
        .execute_batch("CREATE TRIGGER stop BEFORE UPDATE ON iceberg_tables BEGIN SELECT RAISE(FAIL, 'stop'); END")
        .unwrap();
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "CATALOG_FAILED");
    assert_eq!(
        fixture.files().len(),
        before.len() + 1,
        "the staged file alone"
    );
    fixture
        .catalog()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
    // A process that dies at the swap leaves such files.
    let folder = fixture
        .root()
        .join(format!("shop/orders/data/{}", staging.load));
    for name in ["rewritten-x.parquet", "filled-x.parquet"] {
        std::fs::write(folder.join(name), "leftover").unwrap();
    }
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "LOAD_ABORTED");
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
    assert_eq!(notes(&fixture).await.len(), 4);
}

#[tokio::test]
async fn an_unknown_update_keeps_every_file_until_it_is_settled() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..4, "a")]).await;
    let before = fixture.files();
    let (staging, manifests) = staged(&*destination, &by_id(), 2, &[rows(3..6, "b")]).await;
    fixture
        .catalog()
        .execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER stop AFTER UPDATE ON iceberg_tables
             BEGIN INSERT INTO child VALUES (1); END",
        )
        .unwrap();
    let outcome = destination.commit(&staging, &manifests).await;
    assert!(matches!(&outcome, CommitOutcome::Unknown(_)), "{outcome:?}");
    // A staged and a rewritten file, two manifests, the list and the metadata.
    assert_eq!(fixture.files().len(), before.len() + 6);
    fixture
        .catalog()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
    assert_eq!(notes(&fixture).await.len(), 4);
}

#[tokio::test]
async fn a_damaged_file_of_the_table_stops_the_update_and_nothing_is_lost() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..400, "a")]).await;
    let before = fixture.files();
    let file = before
        .iter()
        .find(|file| file.ends_with(".parquet"))
        .unwrap();
    let content = std::fs::read(file).unwrap();
    let (staging, manifests) = staged(&*destination, &by_id(), 2, &[rows(3..6, "b")]).await;
    std::fs::write(file, &content[..content.len() / 2]).unwrap();
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "BAD_PARQUET", "{error}");
    std::fs::write(file, &content).unwrap();
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
    assert_eq!(notes(&fixture).await.len(), 400);
}
