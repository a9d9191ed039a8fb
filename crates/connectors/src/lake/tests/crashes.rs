//! Loads that stop, are given up, or meet others.

use super::*;

#[tokio::test]
async fn a_load_given_up_before_its_commit_never_appears() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let before = fixture.files();
    let write = plain(LoadingPolicy::Append, true);
    let (staging, manifests) = staged(&*destination, &write, 2, &[rows(2..4, "b")]).await;
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "LOAD_ABORTED");
    for _ in 0..2 {
        destination.abort(&staging).await.unwrap();
    }
    assert_eq!(fixture.files(), before);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn a_first_load_given_up_leaves_nothing() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Overwrite, false);
    let staging = destination.stage(&write, &load_id(1)).unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    let (staging, _) = staged(&*destination, &write, 2, &[rows(0..1, "a")]).await;
    destination.abort(&staging).await.unwrap();
    assert!(fixture.files().is_empty());
    assert_eq!(fixture.pointer(), None);
    load(&*destination, &write, 3, &[rows(0..1, "a")]).await;
    assert_eq!(ids(&fixture).await, [0]);
}

#[tokio::test]
async fn a_published_load_is_found_again_and_survives_abort() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, manifests) = staged(&*destination, &write, 1, &[rows(0..2, "a")]).await;
    let receipt = done(destination.commit(&staging, &manifests).await);
    for number in 2..12 {
        let write = plain(LoadingPolicy::Append, true);
        load(&*destination, &write, number, &[rows(2..3, "b")]).await;
    }
    // Its snapshot has expired by now; the table remembers it.
    let other = fixture.destination().await;
    assert_eq!(other.settle(&staging).await.unwrap(), Some(receipt.clone()));
    assert_eq!(done(other.commit(&staging, &manifests).await), receipt);
    other.abort(&staging).await.unwrap();
    assert_eq!(ids(&fixture).await.len(), 12);
}

#[tokio::test]
async fn metadata_written_and_not_published_is_swept() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let before = fixture.files();
    let write = plain(LoadingPolicy::Append, true);
    let (staging, manifests) = staged(&*destination, &write, 2, &[rows(2..4, "b")]).await;
    // A process that dies between the metadata and the swap leaves what this trigger leaves.
    fixture
        .catalog()
        .execute_batch("CREATE TRIGGER stop BEFORE UPDATE ON iceberg_tables BEGIN SELECT RAISE(FAIL, 'stop'); END")
        .unwrap();
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "CATALOG_FAILED");
    let metadata = fixture.root().join("shop/orders/metadata");
    for name in [
        format!("{}-m0.avro", staging.load),
        format!("snap-1-{}-x.avro", staging.load),
        format!(
            "00002-{}8000-b000-000000000000.metadata.json",
            crate::lake::snapshot_commit::metadata_prefix(&staging.load)
        ),
    ] {
        std::fs::write(metadata.join(name), "leftover").unwrap();
    }
    fixture
        .catalog()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
}

#[tokio::test]
async fn a_failed_commit_statement_is_unknown_until_settled() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let before = fixture.files();
    let write = plain(LoadingPolicy::Append, true);
    let (staging, manifests) = staged(&*destination, &write, 2, &[rows(2..4, "b")]).await;
    // A reference that is checked at COMMIT makes COMMIT itself fail, and no statement before it.
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
    // A data file, its manifest, the list and the metadata: all stay as long as nobody knows.
    assert_eq!(fixture.files().len(), before.len() + 4);
    fixture
        .catalog()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(fixture.files(), before);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn a_busy_catalog_is_waited_for() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, manifests) = staged(&*destination, &write, 1, &[rows(0..2, "a")]).await;
    let holder = fixture.catalog();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let commit = destination.commit(&staging, &manifests);
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        holder.execute_batch("COMMIT").unwrap();
    };
    let (outcome, ()) = tokio::join!(commit, release);
    done(outcome);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn appends_at_the_same_time_all_arrive() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..1, "a")],
    )
    .await;
    let mut loads = Vec::new();
    for number in 2..7 {
        let write = plain(LoadingPolicy::Append, true);
        let at = i64::from(number);
        loads.push(staged(&*destination, &write, number, &[rows(at..at + 1, "b")]).await);
    }
    let commits = loads.iter().map(async |(staging, manifests)| {
        // Each from a destination of its own, as from another process.
        fixture.destination().await.commit(staging, manifests).await
    });
    for outcome in futures::future::join_all(commits).await {
        done(outcome);
    }
    assert_eq!(ids(&fixture).await, [0, 2, 3, 4, 5, 6]);
}
