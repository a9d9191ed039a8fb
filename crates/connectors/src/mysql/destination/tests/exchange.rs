//! What is made of a table while a load replaces it, and whose a table is that a broken rename left.

use super::*;

const TABLE: &str = "(id bigint PRIMARY KEY, name varchar(50))";

/// An index, a default, a check and a trigger that somebody made while a load ran.
#[tokio::test]
async fn what_was_made_of_a_table_meanwhile_stays() {
    let Some(place) = Place::new("meanwhile") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let database = &place.database;
    place.sql(&format!(
        "USE {database}; CREATE TABLE t {TABLE}; CREATE TABLE log (id bigint)"
    ));
    for (load, change, shown) in [
        ("l1", "CREATE INDEX mine ON t (name)", "KEY `mine`"),
        (
            "l2",
            "ALTER TABLE t ALTER name SET DEFAULT 'x'",
            "DEFAULT 'x'",
        ),
        (
            "l3",
            "ALTER TABLE t ADD CONSTRAINT pos CHECK (id > 0)",
            "`pos` CHECK",
        ),
        ("l4", "ALTER TABLE t COMMENT 'mine'", "COMMENT='mine'"),
        (
            "l5",
            "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 3",
            "PARTITION BY",
        ),
        (
            "l6",
            "CREATE TRIGGER seen AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
            "",
        ),
    ] {
        let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
        let (staging, manifests) =
            staged(&*destination, &write, load, vec![batch(&write, &[1, 2])]).await;
        place.sql(&format!("USE {database}; {change}"));
        let outcome = destination.commit(&staging, &manifests).await;
        assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
        destination.clean(&staging).await.unwrap();
        assert_eq!(place.of_t("id, name"), ["1\tnew 1", "2\tnew 2"], "{change}");
        let definition = place.sql(&format!("SHOW CREATE TABLE {database}.t"));
        assert!(definition.contains(shown), "{change}: {definition}");
    }
    let triggers = place.sql(&format!("SHOW TRIGGERS IN {database}"));
    assert!(triggers.starts_with("seen\t"), "{triggers}");
    assert_eq!(
        place.sql(&format!("SELECT id FROM {database}.log")),
        "1\n2\n"
    );
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

/// The change waits for the same reader as the commit, and comes before it.
async fn made_while_the_commit_waits(name: &str, reads: u32, change_after: f32, commit_after: f32) {
    let Some(place) = Place::new(name) else {
        return;
    };
    let destination = place.open(json!({ "commit-wait-seconds": 40 })).await;
    let database = &place.database;
    place.sql(&format!("CREATE TABLE {database}.t {TABLE}"));
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, manifests) = staged(&*destination, &write, "l1", vec![batch(&write, &[1])]).await;
    let behind = |sql: String| {
        let place = place.clone();
        tokio::task::spawn_blocking(move || place.sql(&sql))
    };
    let reader = behind(format!(
        "BEGIN; SELECT count(*) FROM {database}.t; DO SLEEP({reads})"
    ));
    let change = behind(format!(
        "DO SLEEP({change_after}); ALTER TABLE {database}.t ADD INDEX mine (name)"
    ));
    tokio::time::sleep(std::time::Duration::from_secs_f32(commit_after)).await;
    let outcome = destination.commit(&staging, &manifests).await;
    assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
    reader.await.unwrap();
    change.await.unwrap();
    destination.clean(&staging).await.unwrap();
    assert_eq!(place.of_t("id"), ["1"]);
    let definition = place.sql(&format!("SHOW CREATE TABLE {database}.t"));
    assert!(definition.contains("KEY `mine`"), "{definition}");
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

#[tokio::test]
async fn what_is_made_of_a_table_between_two_tries_stays() {
    made_while_the_commit_waits("tries", 8, 2.0, 1.0).await;
}

/// The look before the RENAME sees the table as it was: the exchange is undone.
#[tokio::test]
async fn what_is_made_of_a_table_between_look_and_rename_stays() {
    made_while_the_commit_waits("between", 5, 1.0, 2.0).await;
}

#[tokio::test]
async fn a_table_that_nobody_touched_is_exchanged() {
    let Some(place) = Place::new("exchanged") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let database = &place.database;
    place.sql(&format!(
        "CREATE TABLE {database}.t (id bigint PRIMARY KEY AUTO_INCREMENT, \
         name varchar(50) DEFAULT 'x' COMMENT 'it''s \\\\ here', own int CHECK (own > 0), \
         twice bigint AS (own * 2), KEY mine (name(5))) \
         AUTO_INCREMENT = 50 ROW_FORMAT = COMPRESSED COMMENT 'a\nb' \
         PARTITION BY HASH (id) PARTITIONS 2"
    ));
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, manifests) = staged(&*destination, &write, "l1", vec![batch(&write, &[1])]).await;
    let before = place.sql(&format!("SHOW CREATE TABLE {database}.t"));
    let outcome = destination.commit(&staging, &manifests).await;
    assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
    let room = Room::from_payload(&staging.payload).unwrap();
    assert!(place.leftovers().contains(&room.old));
    assert_eq!(
        place.sql(&format!("SHOW CREATE TABLE {database}.t")),
        before
    );
    destination.clean(&staging).await.unwrap();
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

/// Where the answer to the exchange was lost, what it took away is looked at before it is removed.
#[tokio::test]
async fn an_old_table_that_was_changed_is_kept_and_told() {
    let Some(place) = Place::new("kept") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let database = &place.database;
    place.sql(&format!("CREATE TABLE {database}.t {TABLE}"));
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    for (load, change, kept) in [
        ("l1", String::new(), false),
        (
            "l2",
            format!("CREATE INDEX mine ON {database}.t (name);"),
            true,
        ),
    ] {
        let (staging, _) = staged(&*destination, &write, load, vec![batch(&write, &[1])]).await;
        let room = Room::from_payload(&staging.payload).unwrap();
        place.sql(&format!(
            "{change} RENAME TABLE {database}.t TO {database}.{}, {database}.{} TO {database}.t, \
             {database}.{} TO {database}.{}",
            room.old, room.stage, room.pending, room.done
        ));
        assert!(destination.settle(&staging).await.unwrap().is_some());
        if kept {
            for _ in 0..2 {
                let told = destination.clean(&staging).await.unwrap_err();
                assert_eq!(told.code, "OLD_TABLE_KEPT");
                assert!(told.message.contains(&room.old), "{told}");
            }
            assert!(place.leftovers().contains(&room.old));
            place.sql(&format!("DROP TABLE {database}.{}", room.old));
        }
        destination.clean(&staging).await.unwrap();
        assert_eq!(place.leftovers(), Vec::<String>::new());
    }
    place.end();
}

/// What stands under the target's name after a rename broke is taken only where it is ours.
#[tokio::test]
async fn a_table_that_is_not_ours_is_not_put_back() {
    let Some(place) = Place::new("foreign") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let database = &place.database;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, _) = staged(&*destination, &write, "l1", vec![batch(&write, &[1])]).await;
    let room = Room::from_payload(&staging.payload).unwrap();
    place.sql(&format!(
        "DROP TABLE {database}.{}; CREATE TABLE {database}.t {TABLE}; \
         INSERT INTO {database}.t VALUES (7, 'theirs')",
        room.stage
    ));
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.of_t("id, name"), ["7\ttheirs"]);

    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, _) = staged(&*destination, &write, "l2", vec![batch(&write, &[1])]).await;
    let room = Room::from_payload(&staging.payload).unwrap();
    place.sql(&format!(
        "RENAME TABLE {database}.t TO {database}.{}; DROP TABLE {database}.{}; \
         CREATE TABLE {database}.t {TABLE}; INSERT INTO {database}.t VALUES (8, 'theirs')",
        room.old, room.stage
    ));
    let told = destination.settle(&staging).await.unwrap_err();
    assert_eq!(told.code, "OLD_TABLE_KEPT");
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.of_t("id, name"), ["8\ttheirs"]);
    assert_eq!(place.leftovers(), [room.old]);
    place.end();
}
