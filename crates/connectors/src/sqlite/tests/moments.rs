//! Several readers at one moment while somebody writes, cuts of real trees, cancelling, readers
//! that go back to the pool.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use proptest::prelude::*;

use super::*;

fn sums(batches: &[RecordBatch]) -> i64 {
    let column = |batch: &RecordBatch| batch.column(1).as_primitive::<Int64Type>().clone();
    batches
        .iter()
        .flat_map(|batch| column(batch).values().to_vec())
        .sum()
}

const ACCOUNTS: &str = "CREATE TABLE bank (id INTEGER PRIMARY KEY, balance INT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO bank SELECT i, 100 FROM n;";

/// Moves money between distant accounts until it is told to stop.
fn churn(
    file: std::path::PathBuf,
    pause: Duration,
    stop: CancellationToken,
) -> std::thread::JoinHandle<u32> {
    std::thread::spawn(move || {
        let writer = Connection::open(file).unwrap();
        writer.busy_timeout(Duration::from_millis(20)).unwrap();
        writer.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let mut moved = 0;
        while !stop.is_cancelled() {
            let sql = "BEGIN IMMEDIATE;
                UPDATE bank SET balance = balance - 7 WHERE id = abs(random()) % 10000 + 1;
                UPDATE bank SET balance = balance + 7 WHERE id = abs(random()) % 10000 + 10001;
                COMMIT;";
            match writer.execute_batch(sql) {
                Ok(()) => moved += 1,
                Err(_) if writer.is_autocommit() => {}
                Err(_) => drop(writer.execute_batch("ROLLBACK")),
            }
            std::thread::sleep(pause);
        }
        moved
    })
}

async fn one_moment(journal: &str, rounds: u32) {
    let sql = format!("PRAGMA journal_mode={journal}; {ACCOUNTS}");
    let (folder, _writer, source) = database(&sql).await;
    let scan = scan_of(&described(&source, "bank").await);
    let stop = CancellationToken::new();
    // Without WAL a writer that waits for its commit lets no reader in.
    let pause = Duration::from_millis(if journal == "wal" { 0 } else { 20 });
    let writer = churn(folder.path().join("shop.db"), pause, stop.clone());
    let mut several = 0;
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let Ok(opened) = source.open_snapshot(std::slice::from_ref(&scan), 4).await else {
            continue;
        };
        several += usize::from(opened.snapshot.readers() == 4);
        let splits = opened.snapshot.split(&scan, 8).await.unwrap();
        let task = task(&scan.table);
        let reads = splits
            .iter()
            .map(|split| read_split(&opened.snapshot, &scan, split, &task));
        let parts = futures::future::try_join_all(reads).await.unwrap();
        opened.snapshot.check_held().await.unwrap();
        opened.snapshot.close().await;
        let batches: Vec<RecordBatch> = parts.into_iter().flatten().collect();
        assert_eq!((rows_of(&batches), sums(&batches)), (20_000, 2_000_000));
    }
    stop.cancel();
    let moved = writer.join().unwrap();
    assert!(moved > 0, "the writer wrote");
    assert!(several > 0, "several readers were opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_moment_with_wal() {
    one_moment("wal", 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_moment_without_wal() {
    one_moment("delete", 6).await;
}

#[tokio::test]
async fn where_writers_cannot_be_kept_out_there_is_one_reader() {
    let (_folder, writer, source) = database(&format!("PRAGMA journal_mode=wal; {ACCOUNTS}")).await;
    let scan = scan_of(&described(&source, "bank").await);
    writer
        .execute_batch("BEGIN IMMEDIATE; UPDATE bank SET balance = 0")
        .unwrap();
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 4)
        .await
        .unwrap();
    assert_eq!(opened.snapshot.readers(), 1);
    assert_eq!(opened.findings[0].code, "ONE_READER");
    let splits = opened.snapshot.split(&scan, 8).await.unwrap();
    assert_eq!(splits.len(), 1);
    let task = task(&scan.table);
    let batches = read_split(&opened.snapshot, &scan, &splits[0], &task)
        .await
        .unwrap();
    assert_eq!(sums(&batches), 2_000_000);
    opened.snapshot.check_held().await.unwrap();
}

#[tokio::test]
async fn tables_that_changed_since_the_plan_are_refused() {
    let (_folder, writer, source) =
        database("CREATE TABLE a (x INT); CREATE TABLE b (x INT);").await;
    let scans = [
        scan_of(&described(&source, "a").await),
        scan_of(&described(&source, "b").await),
    ];
    writer
        .execute_batch("DROP TABLE a; ALTER TABLE b ADD COLUMN y INT")
        .unwrap();
    let opened = source.open_snapshot(&scans, 1).await.unwrap();
    let codes: Vec<&str> = opened.refused.iter().map(|(_, error)| error.code).collect();
    assert_eq!(codes, ["NOT_FOUND", "TABLE_CHANGED"]);
}

#[tokio::test]
async fn a_closed_moment_is_lost() {
    let (_folder, writer, source) = database("CREATE TABLE a (x INT)").await;
    let scan = scan_of(&described(&source, "a").await);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let split = Split::new(0, opened.snapshot.id(), None, serde_json::json!({}));
    assert!(
        writer.execute_batch("INSERT INTO a VALUES (1)").is_err(),
        "the moment is held"
    );
    opened.snapshot.close().await;
    opened.snapshot.close().await;
    writer.execute_batch("INSERT INTO a VALUES (1)").unwrap();
    assert_eq!(code_of(opened.snapshot.check_held().await), "SNAPSHOT_LOST");
    let read = opened
        .snapshot
        .read(&scan, &split, &task(&scan.table))
        .await;
    assert_eq!(code_of(read.map(drop)), "SNAPSHOT_LOST");
}

/// A view of so many rows that reading them would take days.
const ENDLESS: &str = "CREATE TABLE a (x INT); INSERT INTO a VALUES (1);
    CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT i FROM n WHERE i < 0;";

#[tokio::test(flavor = "multi_thread")]
async fn cancel_interrupts_a_query_without_rows() {
    let (_folder, _writer, source) = database(ENDLESS).await;
    let scan = scan_of(&described(&source, "endless").await);
    let small = scan_of(&described(&source, "a").await);
    let opened = source
        .open_snapshot(&[scan.clone(), small.clone()], 1)
        .await
        .unwrap();
    let snapshot = &opened.snapshot;
    let splits = snapshot.split(&scan, 1).await.unwrap();
    for dropped in [false, true] {
        let task = task(&scan.table);
        let mut stream = snapshot.read(&scan, &splits[0], &task).await.unwrap();
        if dropped {
            tokio::time::timeout(Duration::from_millis(100), stream.next())
                .await
                .unwrap_err();
        } else {
            let cancel = task.cancel.clone();
            let later = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                cancel.cancel();
            };
            let (item, ()) = tokio::join!(stream.next(), later);
            assert_eq!(code_of(item.unwrap()), "CANCELLED");
            assert!(stream.next().await.is_none());
        }
        drop(stream);
        // The only reader is free again, and nothing of the interrupt is left in it.
        let started = Instant::now();
        let first = snapshot.split(&small, 1).await.unwrap().remove(0);
        let task = super::task(&small.table);
        let batches = read_split(snapshot, &small, &first, &task).await.unwrap();
        assert_eq!(rows_of(&batches), 1);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    snapshot.check_held().await.unwrap();
}

#[tokio::test]
async fn a_table_without_rows_has_no_splits() {
    let (_folder, _writer, source) = database("CREATE TABLE a (x INT)").await;
    let scan = scan_of(&described(&source, "a").await);
    assert!(read_all(&source, &scan).await.unwrap().batches.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn splits_hold_each_row_once(
        sparse in prop::collection::btree_set(any::<i64>(), 0..40),
        dense_from in -20_000_i64..20_000,
        dense in 0_i64..6_000,
        ends in any::<bool>(),
        wanted in 1_usize..12,
    ) {
        let mut rowids: BTreeSet<i64> = sparse;
        rowids.extend(dense_from..dense_from + dense);
        if ends {
            rowids.extend([i64::MIN, i64::MAX]);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_folder, mut writer, source) =
                database("CREATE TABLE t (id INTEGER PRIMARY KEY, v INT)").await;
            let transaction = writer.transaction().unwrap();
            for rowid in &rowids {
                transaction.execute("INSERT INTO t VALUES (?1, 1)", [rowid]).unwrap();
            }
            transaction.commit().unwrap();
            let scan = scan_of(&described(&source, "t").await);
            let opened = source.open_snapshot(std::slice::from_ref(&scan), 2).await.unwrap();
            let splits = opened.snapshot.split(&scan, wanted).await.unwrap();
            assert!(splits.len() <= wanted);
            let task = task(&scan.table);
            let mut found = Vec::new();
            for split in &splits {
                for batch in read_split(&opened.snapshot, &scan, split, &task).await.unwrap() {
                    let ids = batch.column(0).as_primitive::<Int64Type>().clone();
                    found.extend(ids.values().to_vec());
                }
            }
            found.sort_unstable();
            assert_eq!(found, rowids.into_iter().collect::<Vec<_>>());
        });
    }
}
