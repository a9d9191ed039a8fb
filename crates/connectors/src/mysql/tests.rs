//! Against a real MariaDB, named by `GODWIT_TEST_MYSQL_*`; skipped aloud without one.

mod probing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use contract::source::{Snapshot, Source, Split};
use contract::{
    BatchLimits, CancellationToken, Meter, Opening, Rejected, TaskContext, TypeMapping, WriteBudget,
};
use futures::StreamExt;
use model::migration::ColumnChoice;
use model::plan::{Scan, ScanColumn};
use model::{NativeTable, Severity, SplitId, TableKind, TableName, TimeZone};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use serde_json::json;

use super::types::MysqlTypes;
use super::{Mysql, split};
use crate::family::charset::Charset;

struct Place {
    host: String,
    port: u16,
    user: String,
    password: String,
}

fn place() -> Option<Place> {
    let read = |name: &str| std::env::var(format!("GODWIT_TEST_MYSQL_{name}")).ok();
    let place = read("HOST").and_then(|host| {
        Some(Place {
            host,
            port: read("PORT")?.parse().ok()?,
            user: read("USER")?,
            password: read("PASSWORD")?,
        })
    });
    if place.is_none() {
        crate::family::skipped::skipped("GODWIT_TEST_MYSQL_* is not set");
    }
    place
}

/// A database of the test's own, and a session as the administrator.
struct Fixture {
    place: Place,
    database: String,
    admin: Conn,
}

impl Fixture {
    async fn new(name: &str, statements: &[&str]) -> Option<Self> {
        let place = place()?;
        let mut admin = admin(&place).await;
        let database = format!("godwit_{name}_{}", std::process::id());
        for statement in [
            format!("DROP DATABASE IF EXISTS {database}"),
            format!("CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
            format!("USE {database}"),
            "SET sql_mode = 'ALLOW_INVALID_DATES'".to_owned(),
        ] {
            admin.query_drop(statement).await.unwrap();
        }
        for statement in statements {
            admin.query_drop(*statement).await.unwrap();
        }
        Some(Self {
            place,
            database,
            admin,
        })
    }

    async fn source(&self, changes: serde_json::Value, zone: &str) -> Arc<dyn Source> {
        source_of(&self.place, &self.database, changes, zone).await
    }

    async fn drop(mut self) {
        let statement = format!("DROP DATABASE {}", self.database);
        self.admin.query_drop(statement).await.unwrap();
        self.admin.disconnect().await.unwrap();
    }
}

async fn admin(place: &Place) -> Conn {
    let options = OptsBuilder::default()
        .ip_or_hostname(&place.host)
        .tcp_port(place.port)
        .user(Some(&place.user))
        .pass(Some(&place.password))
        .prefer_socket(false);
    Conn::new(options).await.unwrap()
}

async fn source_of(
    place: &Place,
    database: &str,
    changes: serde_json::Value,
    zone: &str,
) -> Arc<dyn Source> {
    let mut connection = json!({
        "host": place.host, "port": place.port, "user": place.user,
        "password": "${env:GODWIT_TEST_MYSQL_PASSWORD}", "database": database,
    });
    for (key, value) in changes.as_object().unwrap() {
        connection[key] = value.clone();
    }
    let opening = Opening::new("/", TimeZone::parse(zone).unwrap(), "");
    contract::AnyConnector::source(&Mysql, &connection, &json!({}), &opening)
        .await
        .unwrap()
}

fn scan_of(table: &NativeTable, choices: &[(&str, &str)]) -> Scan {
    let columns = table.columns.iter().filter_map(|native| {
        let read_as = choices.iter().find(|(name, _)| *name == native.name);
        let choice = ColumnChoice {
            read_as: read_as.map(|(_, word)| (*word).to_owned()),
            ..ColumnChoice::default()
        };
        let reading = MysqlTypes.to_logical(native, &choice).ok()?;
        Some(ScanColumn {
            native: native.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        })
    });
    Scan {
        table: table.name.clone(),
        kind: table.kind,
        columns: columns.collect(),
        filter: None,
        split_by: Vec::new(),
        primary_key: table.primary_key.clone(),
        estimated_rows: table.estimated_rows,
        estimated_bytes: table.estimated_bytes,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    }
}

async fn describe(source: &dyn Source, schema: &str, table: &str) -> NativeTable {
    let name = TableName::new(schema, table);
    source.describe(&[name]).await.unwrap().remove(0).unwrap()
}

fn task(scan: &Scan, split: &SplitId) -> TaskContext {
    TaskContext {
        split: split.clone(),
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        rejected: Rejected::new(&scan.table, split),
        budget: WriteBudget::new(1 << 30),
        limits: BatchLimits::default(),
    }
}

/// What one split gave: its rows as text, and the codes and places of rejected ones.
struct Given {
    batches: Vec<RecordBatch>,
    rejected: Vec<(String, String)>,
}

async fn read(snapshot: &dyn Snapshot, scan: &Scan, split: &Split) -> Given {
    let task = task(scan, &split.id);
    let mut stream = snapshot.read(scan, split, &task).await.unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch.unwrap());
    }
    let kept: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(task.meter.rows(), kept as u64 + task.rejected.count());
    let rejected = task
        .rejected
        .take()
        .into_iter()
        .map(|row| (row.code, row.locator))
        .collect();
    Given { batches, rejected }
}

/// Reads all of a table in about `wanted` splits.
async fn read_all(snapshot: &dyn Snapshot, scan: &Scan, wanted: usize) -> (Vec<Given>, usize) {
    let splits = snapshot.split(scan, wanted).await.unwrap();
    let mut given = Vec::new();
    for split in &splits {
        given.push(read(snapshot, scan, split).await);
    }
    (given, splits.len())
}

fn shown(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    if let Some(bytes) = column.as_binary_opt::<i32>() {
        return bytes
            .value(row)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    let options = FormatOptions::default();
    ArrayFormatter::try_new(column, &options)
        .unwrap()
        .value(row)
        .to_string()
}

fn rows(given: &[Given]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in given.iter().flat_map(|given| &given.batches) {
        for row in 0..batch.num_rows() {
            rows.push(
                batch
                    .columns()
                    .iter()
                    .map(|column| shown(column, row))
                    .collect(),
            );
        }
    }
    rows.sort();
    rows
}

const VALUES: &str = "CREATE TABLE v (id INT PRIMARY KEY, tu TINYINT UNSIGNED, bu BIGINT UNSIGNED, \
    b1 BIT(1), b9 BIT(9), b64 BIT(64), d DECIMAL(9,2), f FLOAT, dt DATETIME(6), ts TIMESTAMP(6) NULL, \
    t TIME(6), y YEAR, e ENUM('a','','1'), b BINARY(4), l VARCHAR(9) CHARACTER SET latin1, \
    g VARCHAR(9) CHARACTER SET gbk, u UUID, h INT INVISIBLE DEFAULT 7, gv INT AS (id + 1) VIRTUAL)";

#[tokio::test]
async fn values_arrive_exactly_or_not_at_all() {
    let Some(fixture) = Fixture::new(
        "values",
        &[
            VALUES,
            "SET time_zone = '+00:00'",
            "INSERT INTO v (id,tu,bu,b1,b9,b64,d,f,dt,ts,t,y,e,b,l,g,u) VALUES \
         (1,255,18446744073709551615,b'1',511,18446744073709551615,-1.10,16777216,\
          '1969-12-31 23:59:59.999999','2024-11-03 06:30:00.123456','-00:00:00.000001',0,'1',\
          0x41,0x80E9,0xC4E3,'123E4567-e89b-12d3-a456-426655440000')",
            "INSERT INTO v (id,dt) VALUES (2,'0000-00-00')",
            "INSERT INTO v (id,dt) VALUES (3,'2024-02-30')",
            "INSERT INTO v (id,ts) VALUES (4,0)",
            "INSERT INTO v (id) VALUES (5)",
            "INSERT INTO v (id,dt) VALUES (6,'2024-00-01')",
        ],
    )
    .await
    else {
        return;
    };
    for zone in ["UTC", "GMT+8", "America/New_York"] {
        let source = fixture.source(json!({}), zone).await;
        let table = describe(&*source, &fixture.database, "v").await;
        let scan = scan_of(&table, &[]);
        assert_eq!(scan.columns.len(), 19);
        let opened = source
            .open_snapshot(std::slice::from_ref(&scan), 2)
            .await
            .unwrap();
        assert!(opened.refused.is_empty(), "{:?}", opened.refused);
        let (given, _) = read_all(&*opened.snapshot, &scan, 3).await;
        let found = rows(&given);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            found[0],
            [
                "1",
                "255",
                "18446744073709551615",
                "true",
                "511",
                "18446744073709551615",
                "-1.10",
                "16777216.0",
                "1969-12-31T23:59:59.999999",
                "2024-11-03T06:30:00.123456Z",
                "-00:00:00.000001",
                "0",
                "1",
                "41000000",
                "€é",
                "你",
                "123e4567-e89b-12d3-a456-426655440000",
                "7",
                "2",
            ]
        );
        assert_eq!(found[1][1..16], ["NULL"; 15]);
        let mut rejected: Vec<(String, String)> =
            given.into_iter().flat_map(|given| given.rejected).collect();
        rejected.sort_by(|a, b| a.1.cmp(&b.1));
        let rejected: Vec<(&str, &str)> = rejected
            .iter()
            .map(|(code, at)| (code.as_str(), at.as_str()))
            .collect();
        assert_eq!(
            rejected,
            [
                ("ZERO_DATE", "id=2"),
                ("INVALID_DATE", "id=3"),
                ("ZERO_DATE", "id=4"),
                ("PARTIAL_DATE", "id=6")
            ]
        );
        opened.snapshot.close().await;
    }
    fixture.drop().await;
}

const SEQUENCE: &str = "INSERT INTO composite SELECT IF(seq % 100 = 0, 2, IF(seq = 7, 3, 1)), seq \
    FROM seq_0_to_19999";

const SPLIT_TABLES: &[&str] = &[
    "CREATE TABLE composite (tenant INT, id INT, PRIMARY KEY (tenant, id))",
    SEQUENCE,
    "CREATE TABLE sparse (id BIGINT PRIMARY KEY)",
    "INSERT INTO sparse SELECT seq FROM seq_1_to_1000",
    "INSERT INTO sparse VALUES (-5), (1541815603606036480), (9223372036854775807)",
    "CREATE TABLE large (id BIGINT UNSIGNED PRIMARY KEY)",
    "INSERT INTO large VALUES (0),(1),(9223372036854775807),(9223372036854775808),(18446744073709551615)",
    "CREATE TABLE moments (k DATETIME(6) PRIMARY KEY)",
    "INSERT INTO moments VALUES ('2024-01-01'),('2024-01-01 00:00:00.000001'),('9999-12-31 23:59:59.999999')",
    "CREATE TABLE bytes (k BINARY(4) PRIMARY KEY)",
    "INSERT INTO bytes VALUES (0x00000000),(0x7FFFFFFF),(0x80000000),(0xFFFFFFFF)",
    "CREATE TABLE words (k VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY)",
    "INSERT INTO words VALUES ('0a'),('F1'),('f2'),('Z9'),('z8'),('~'),('Ä')",
    "CREATE TABLE coded (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY)",
    "INSERT INTO coded VALUES ('0a'),('F1'),('f2'),('Z9'),('z8'),('~'),('Ä')",
    "CREATE TABLE sums (k DECIMAL(30,2) PRIMARY KEY)",
    "INSERT INTO sums SELECT seq + 12345678901234567890.11 FROM seq_1_to_50",
    "CREATE TABLE inexact (k FLOAT PRIMARY KEY)",
    "INSERT INTO inexact VALUES (0.1),(0.2),(1e30)",
    "CREATE TABLE keyless (k INT)",
    "INSERT INTO keyless VALUES (1),(1),(NULL)",
    "CREATE TABLE history (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
    "INSERT INTO history VALUES (1,1),(2,1),(3,1)",
    "UPDATE history SET v = 2 WHERE id = 1",
    "DELETE FROM history WHERE id = 3",
    "CREATE TABLE parted (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION z VALUES LESS THAN MAXVALUE)",
    "INSERT INTO parted SELECT seq FROM seq_1_to_30",
    "CREATE TABLE nothing (id INT PRIMARY KEY)",
    "ANALYZE TABLE composite, sparse, large",
];

#[tokio::test]
async fn each_row_is_read_once_however_the_table_is_cut() {
    let Some(fixture) = Fixture::new("splits", SPLIT_TABLES).await else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let expected: BTreeMap<&str, (usize, usize)> = BTreeMap::from([
        // Rows, and the least number of splits for 16 wanted.
        ("composite", (20_000, 16)),
        ("sparse", (1_003, 15)),
        ("large", (5, 5)),
        ("moments", (3, 3)),
        ("bytes", (4, 4)),
        ("words", (7, 1)),
        ("coded", (7, 7)),
        ("sums", (50, 12)),
        ("inexact", (3, 1)),
        ("keyless", (3, 1)),
        ("history", (2, 2)),
        ("parted", (30, 15)),
        ("nothing", (0, 1)),
    ]);
    let mut scans = Vec::new();
    for name in expected.keys() {
        scans.push(scan_of(
            &describe(&*source, &fixture.database, name).await,
            &[],
        ));
    }
    let opened = source.open_snapshot(&scans, 3).await.unwrap();
    assert!(opened.refused.is_empty(), "{:?}", opened.refused);
    for scan in &scans {
        let (count, splits_of_16) = expected[scan.table.table.as_str()];
        let mut whole = None;
        for wanted in [1, 2, 4, 16] {
            let (given, splits) = read_all(&*opened.snapshot, scan, wanted).await;
            assert!(splits <= wanted, "{} {wanted}", scan.table);
            let found = rows(&given);
            assert_eq!(found.len(), count, "{} in {splits}", scan.table);
            assert_eq!(
                whole.get_or_insert_with(|| found.clone()),
                &found,
                "{}",
                scan.table
            );
            if wanted == 16 {
                assert!(splits >= splits_of_16, "{} {splits}", scan.table);
            }
            if scan.table.table == "composite" && wanted > 1 {
                let sizes = given.iter().map(|given| {
                    given
                        .batches
                        .iter()
                        .map(RecordBatch::num_rows)
                        .sum::<usize>()
                });
                let sizes: Vec<usize> = sizes.collect();
                let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
                assert!(*most <= least * 3, "{sizes:?}");
            }
        }
    }
    opened.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn a_table_without_a_key_is_told_and_our_own_tables_are_not_offered() {
    let token = "01a20583ee51746c96c55ef474cd8900";
    let Some(fixture) = Fixture::new(
        "nokey",
        &[
            "CREATE TABLE heap (a INT)",
            "CREATE TABLE keyed (a INT PRIMARY KEY)",
            "CREATE TABLE godwit_loads (load_id INT)",
            &format!("CREATE TABLE godwit_stage_{token} (a INT)"),
            "CREATE TABLE godwit_notes (a INT)",
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let mut scan = scan_of(&describe(&*source, &fixture.database, "heap").await, &[]);
    let small = split::review(&scan).expect("it has no key");
    assert_eq!(
        (small.code.as_str(), small.severity),
        ("NO_SPLIT_KEY", Severity::Note)
    );
    scan.estimated_bytes = Some(1 << 30);
    let large = split::review(&scan).expect("it has no key");
    assert_eq!(large.severity, Severity::Warning);
    let keyed = scan_of(&describe(&*source, &fixture.database, "keyed").await, &[]);
    assert_eq!(split::review(&keyed), None);
    let listed = source.tables(&[]).await.unwrap();
    let names: Vec<_> = listed
        .iter()
        .map(|table| table.name.table.as_str())
        .collect();
    assert_eq!(names, ["godwit_notes", "heap", "keyed"]);
    fixture.drop().await;
}

fn wish_ignored(scan: &Scan) -> bool {
    let found = split::review(scan);
    found.is_some_and(|found| found.code == "SPLIT_BY_IGNORED")
}

#[tokio::test]
async fn rows_without_a_key_come_in_a_split_of_their_own() {
    let Some(fixture) = Fixture::new(
        "nulls",
        &[
            "CREATE TABLE n (k INT NULL, v INT, UNIQUE KEY (k))",
            "INSERT INTO n VALUES (NULL,1),(NULL,2),(1,3),(2,4),(3,5)",
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let mut scan = scan_of(&describe(&*source, &fixture.database, "n").await, &[]);
    scan.split_by = vec!["k".to_owned()];
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let (given, splits) = read_all(&*opened.snapshot, &scan, 3).await;
    assert!(splits > 2, "{splits}");
    assert_eq!(rows(&given).len(), 5);
    assert!(!wish_ignored(&scan));
    opened.snapshot.close().await;
    scan.split_by = vec!["v".to_owned(), "k".to_owned()];
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let (given, splits) = read_all(&*opened.snapshot, &scan, 3).await;
    assert_eq!((rows(&given).len(), splits), (5, 1));
    assert!(wish_ignored(&scan));
    opened.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn a_large_key_is_cut_by_the_servers_own_estimates() {
    let Some(fixture) = Fixture::new("bisect", &[
        "CREATE TABLE big (tenant INT, id BIGINT UNSIGNED, PRIMARY KEY (tenant, id))",
        "INSERT INTO big SELECT IF(seq % 50 = 0, 900000, 5), 18446744073709000000 + seq FROM seq_1_to_200000",
        "ANALYZE TABLE big",
    ]).await else { return };
    let source = fixture.source(json!({}), "UTC").await;
    let scan = scan_of(&describe(&*source, &fixture.database, "big").await, &[]);
    assert!(
        scan.estimated_rows.unwrap() > 100_000,
        "{:?}",
        scan.estimated_rows
    );
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let started = Instant::now();
    let (given, splits) = read_all(&*opened.snapshot, &scan, 8).await;
    eprintln!("{splits} splits after {:?}", started.elapsed());
    let sizes: Vec<usize> = given
        .iter()
        .map(|given| given.batches.iter().map(RecordBatch::num_rows).sum())
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 200_000);
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!((6..=8).contains(&splits) && *most <= least * 3, "{sizes:?}");
    opened.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn the_moment_is_one_and_definitions_wait() {
    let Some(mut fixture) = Fixture::new(
        "moment",
        &[
            "CREATE TABLE a (id INT PRIMARY KEY)",
            "INSERT INTO a VALUES (1)",
            "CREATE TABLE b (id INT PRIMARY KEY)",
            "INSERT INTO b VALUES (1)",
            "CREATE TABLE spare (id INT PRIMARY KEY)",
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let mut scans = Vec::new();
    for name in ["a", "b"] {
        scans.push(scan_of(
            &describe(&*source, &fixture.database, name).await,
            &[],
        ));
    }
    let opened = source.open_snapshot(&scans, 2).await.unwrap();
    fixture
        .admin
        .query_drop("INSERT INTO a VALUES (2)")
        .await
        .unwrap();
    fixture
        .admin
        .query_drop("INSERT INTO b VALUES (2)")
        .await
        .unwrap();
    for scan in &scans {
        let (given, _) = read_all(&*opened.snapshot, scan, 1).await;
        assert_eq!(rows(&given), [["1"]]);
    }
    opened.snapshot.check_held().await.unwrap();
    fixture
        .admin
        .query_drop("SET lock_wait_timeout = 1")
        .await
        .unwrap();
    let swap = "RENAME TABLE b TO b_old, spare TO b";
    assert!(
        fixture.admin.query_drop(swap).await.is_err(),
        "the rename went through"
    );
    opened.snapshot.close().await;
    fixture.admin.query_drop(swap).await.unwrap();
    let again = source.open_snapshot(&scans[..1], 2).await.unwrap();
    assert_ne!(again.snapshot.id(), opened.snapshot.id());
    again.snapshot.close().await;
    fixture
        .admin
        .query_drop("ALTER TABLE a ADD COLUMN v INT")
        .await
        .unwrap();
    let altered = source.open_snapshot(&scans[..1], 2).await.unwrap();
    assert_eq!(altered.refused[0].1.code, "TABLE_CHANGED");
    altered.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn readers_see_one_sum_while_money_moves() {
    let statements = &[
        "CREATE TABLE bank (id INT PRIMARY KEY, balance BIGINT NOT NULL)",
        "INSERT INTO bank SELECT seq, 1000 FROM seq_1_to_400",
    ];
    let Some(fixture) = Fixture::new("bank", statements).await else {
        return;
    };
    let mut moving = tokio::task::JoinSet::new();
    let mut teller = admin(&fixture.place).await;
    teller
        .query_drop(format!("USE {}", fixture.database))
        .await
        .unwrap();
    moving.spawn(async move {
        for turn in 0_u32.. {
            let (from, to) = (turn * 7 % 400 + 1, turn * 131 % 400 + 1);
            teller.query_drop("START TRANSACTION").await.unwrap();
            for (id, sign) in [(from, '-'), (to, '+')] {
                let transfer =
                    format!("UPDATE bank SET balance = balance {sign} 7 WHERE id = {id}");
                teller.query_drop(transfer).await.unwrap();
            }
            teller.query_drop("COMMIT").await.unwrap();
        }
    });
    let source = fixture.source(json!({}), "UTC").await;
    let scan = scan_of(&describe(&*source, &fixture.database, "bank").await, &[]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let opened = source
            .open_snapshot(std::slice::from_ref(&scan), 4)
            .await
            .unwrap();
        let snapshot = &*opened.snapshot;
        assert_eq!(snapshot.readers(), 4);
        let splits = snapshot.split(&scan, 4).await.unwrap();
        assert_eq!(splits.len(), 4);
        let given =
            futures::future::join_all(splits.iter().map(|split| read(snapshot, &scan, split)));
        let found = rows(&given.await);
        let sum: i64 = found.iter().map(|row| row[1].parse::<i64>().unwrap()).sum();
        assert_eq!((found.len(), sum), (400, 400_000));
        seen.insert(found);
        snapshot.check_held().await.unwrap();
        snapshot.close().await;
    }
    assert!(seen.len() > 1, "nothing moved");
    moving.shutdown().await;
    fixture.drop().await;
}

const WIDE_ROWS: &str = "INSERT INTO w SELECT seq, REPEAT('x', 2000) FROM seq_1_to_60000";

/// Sessions of the server that read our table now.
async fn at_work(admin: &mut Conn, marker: &str) -> Vec<u64> {
    admin
        .exec(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND ID <> CONNECTION_ID()",
            (format!("%{marker}%"),),
        )
        .await
        .unwrap()
}

#[tokio::test]
async fn a_read_that_is_given_up_leaves_nothing_at_the_server() {
    let Some(mut fixture) = Fixture::new(
        "cancel",
        &[
            "CREATE TABLE w (id INT PRIMARY KEY, v VARCHAR(2000))",
            WIDE_ROWS,
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let scan = scan_of(&describe(&*source, &fixture.database, "w").await, &[]);
    let marker = format!("FROM `{}`", fixture.database);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let splits = opened.snapshot.split(&scan, 1).await.unwrap();
    for cancelled in [true, false] {
        let task = task(&scan, &splits[0].id);
        let mut stream = opened
            .snapshot
            .read(&scan, &splits[0], &task)
            .await
            .unwrap();
        stream.next().await.unwrap().unwrap();
        assert_eq!(at_work(&mut fixture.admin, &marker).await.len(), 1);
        if cancelled {
            task.cancel.cancel();
            assert_eq!(stream.next().await.unwrap().unwrap_err().code, "CANCELLED");
        }
        drop(stream);
        let since = Instant::now();
        while !at_work(&mut fixture.admin, &marker).await.is_empty() {
            assert!(since.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The only reader is used again, under the same moment.
        let given = read(&*opened.snapshot, &scan, &splits[0]).await;
        assert_eq!(
            given
                .batches
                .iter()
                .map(RecordBatch::num_rows)
                .sum::<usize>(),
            60_000
        );
    }
    opened.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn a_broken_readers_split_goes_to_a_survivor_and_then_the_moment_is_lost() {
    let Some(mut fixture) = Fixture::new(
        "broken",
        &[
            "CREATE TABLE w (id INT PRIMARY KEY, v VARCHAR(2000))",
            WIDE_ROWS,
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let scan = scan_of(&describe(&*source, &fixture.database, "w").await, &[]);
    let marker = format!("FROM `{}`", fixture.database);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 2)
        .await
        .unwrap();
    assert_eq!(opened.snapshot.readers(), 2);
    let splits = opened.snapshot.split(&scan, 1).await.unwrap();
    for survivors in [1, 0] {
        let task = task(&scan, &splits[0].id);
        let mut stream = opened
            .snapshot
            .read(&scan, &splits[0], &task)
            .await
            .unwrap();
        stream.next().await.unwrap().unwrap();
        for id in at_work(&mut fixture.admin, &marker).await {
            fixture
                .admin
                .query_drop(format!("KILL CONNECTION {id}"))
                .await
                .unwrap();
        }
        let error = loop {
            match stream.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("a broken stream ended as if it were whole"),
            }
        };
        assert!(
            matches!(error.code, "CONNECTION_LOST" | "INTERRUPTED"),
            "{}",
            error.code
        );
        assert!(error.is_retryable());
        drop(stream);
        let again = self::task(&scan, &splits[0].id);
        match opened.snapshot.read(&scan, &splits[0], &again).await {
            Ok(mut stream) => {
                assert_eq!(survivors, 1);
                let mut rows = 0;
                while let Some(batch) = stream.next().await {
                    rows += batch.unwrap().num_rows();
                }
                assert_eq!(rows, 60_000);
            }
            Err(error) => assert_eq!((survivors, error.code), (0, "SNAPSHOT_LOST")),
        }
    }
    opened.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn filters_are_understood_as_they_stand_or_refused() {
    let Some(fixture) = Fixture::new(
        "filters",
        &[
            "CREATE TABLE f (id INT PRIMARY KEY, at TIMESTAMP NULL)",
            "SET time_zone = '+00:00'",
            "INSERT INTO f VALUES (1, '2024-01-01 15:59:59'), (2, '2024-01-01 16:00:00')",
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "GMT+8").await;
    let table = TableName::new(&fixture.database, "f");
    for (filter, expected) in [
        ("id = 1", None),
        ("id = 1 -- the first", None),
        ("id = 1 OR id = 2", None),
        ("at < '2024-01-02 00:00:00'", None),
        ("id = 1) OR (1 = 1", Some("FILTER_INVALID")),
        ("id = 1 /*", Some("FILTER_INVALID")),
        ("id = 1 LIMIT 1", Some("FILTER_INVALID")),
        ("id = ?", Some("FILTER_INVALID")),
        ("id = :id", Some("FILTER_INVALID")),
        ("id =", Some("FILTER_INVALID")),
        ("", Some("FILTER_INVALID")),
        ("COUNT(*) > 1", Some("FILTER_INVALID")),
        ("nothing = 1", Some("FILTER_COLUMN_MISSING")),
    ] {
        let filters = [(table.clone(), filter.to_owned())];
        let answer = source.check_filters(&filters).await.unwrap().remove(0);
        assert_eq!(answer.map(|error| error.code), expected, "{filter}");
    }
    // A zone that this server does not know stops filtered tables, and only those.
    let distant = fixture.source(json!({}), "GMT+14").await;
    let answer = distant
        .check_filters(&[(table, "id = 1".to_owned())])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(answer.unwrap().code, "NO_ZONE_TABLES");
    let mut scan = scan_of(&describe(&*source, &fixture.database, "f").await, &[]);
    let unfiltered = scan.clone();
    scan.filter = Some("id = 1".to_owned());
    for (scan, expected) in [(&scan, Some("NO_ZONE_TABLES")), (&unfiltered, None)] {
        let opened = distant
            .open_snapshot(std::slice::from_ref(scan), 1)
            .await
            .unwrap();
        assert_eq!(
            opened.refused.first().map(|(_, error)| error.code),
            expected
        );
        opened.snapshot.close().await;
    }
    scan.filter = Some("at < '2024-01-02 00:00:00' -- local midnight".to_owned());
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let (given, _) = read_all(&*opened.snapshot, &scan, 4).await;
    assert_eq!(rows(&given), [["1", "2024-01-01T15:59:59Z"]]);
    opened.snapshot.close().await;
    fixture.drop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_a_finding_of_its_table_alone() {
    let Some(fixture) = Fixture::new(
        "catalog",
        &[
            "CREATE TABLE gone (id INT)",
            "CREATE VIEW broken AS SELECT id FROM gone",
            "DROP TABLE gone",
            "CREATE TABLE old (id INT PRIMARY KEY) ENGINE=MyISAM",
            "CREATE TABLE `x'; --` (`a``b` INT PRIMARY KEY, UNIQUE KEY u (`a``b`)) COMMENT='it''s'",
            "CREATE SEQUENCE s",
            "CREATE VIEW fine AS SELECT id FROM old",
        ],
    )
    .await
    else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let listed = source.tables(&[]).await.unwrap();
    let kinds: BTreeMap<&str, TableKind> = listed
        .iter()
        .map(|table| (table.name.table.as_str(), table.kind))
        .collect();
    assert_eq!(kinds["broken"], TableKind::View);
    assert_eq!(kinds["s"], TableKind::Sequence);
    let broken = describe(&*source, &fixture.database, "broken").await;
    assert_eq!(codes(&broken), [("VIEW_BROKEN".to_owned(), true)]);
    let old = describe(&*source, &fixture.database, "old").await;
    assert_eq!(codes(&old), [("NO_SNAPSHOT_ENGINE".to_owned(), false)]);
    let fine = describe(&*source, &fixture.database, "fine").await;
    assert!(fine.findings.is_empty() && fine.comment.is_none());
    let odd = describe(&*source, &fixture.database, "x'; --").await;
    assert_eq!(
        (odd.primary_key, odd.comment),
        (vec!["a`b".to_owned()], Some("it's".to_owned()))
    );
    let missing = source
        .describe(&[TableName::new(&fixture.database, "none")])
        .await
        .unwrap();
    assert!(missing[0].is_none());
    fixture.drop().await;
}

/// Codes of a table's findings, and whether they block.
fn codes(table: &NativeTable) -> Vec<(String, bool)> {
    let of = |finding: &model::Finding| (finding.code.clone(), finding.is_blocker());
    table.findings.iter().map(of).collect()
}

#[tokio::test]
async fn without_rights_the_table_is_refused_and_one_session_reads() {
    let statements = &[
        "CREATE TABLE old (id INT PRIMARY KEY)",
        "CREATE TABLE part (id INT PRIMARY KEY, seen INT, secret INT)",
        "INSERT INTO part VALUES (1, 2, 3)",
    ];
    let Some(mut fixture) = Fixture::new("rights", statements).await else {
        return;
    };
    let user = format!("g{}", std::process::id());
    let database = fixture.database.clone();
    for statement in [
        format!(
            "CREATE USER {user} IDENTIFIED BY '{}'",
            fixture.place.password
        ),
        format!("GRANT SELECT (id, seen) ON {database}.part TO {user}"),
        format!("GRANT SELECT ON {database}.old TO {user}"),
    ] {
        fixture.admin.query_drop(statement).await.unwrap();
    }
    let limited = fixture.source(json!({ "user": user }), "UTC").await;
    let part = describe(&*limited, &database, "part").await;
    assert_eq!(codes(&part), [("NO_RIGHT".to_owned(), true)]);
    assert!(
        limited
            .check()
            .await
            .unwrap()
            .iter()
            .any(|finding| finding.code == "NO_LOCK_RIGHT")
    );
    let old = describe(&*limited, &database, "old").await;
    let opened = limited
        .open_snapshot(&[scan_of(&old, &[])], 4)
        .await
        .unwrap();
    assert_eq!(
        (opened.snapshot.readers(), opened.findings[0].code.as_str()),
        (1, "NO_LOCK_RIGHT")
    );
    opened.snapshot.check_held().await.unwrap();
    opened.snapshot.close().await;
    let grant = format!("GRANT LOCK TABLES ON {database}.* TO {user}");
    fixture.admin.query_drop(grant).await.unwrap();
    let opened = limited
        .open_snapshot(&[scan_of(&old, &[])], 4)
        .await
        .unwrap();
    assert_eq!((opened.snapshot.readers(), opened.findings.len()), (4, 0));
    opened.snapshot.check_held().await.unwrap();
    opened.snapshot.close().await;
    fixture
        .admin
        .query_drop(format!("DROP USER {user}"))
        .await
        .unwrap();
    fixture.drop().await;
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let Some(place) = place() else { return };
    let source = source_of(
        &place,
        "mysql",
        json!({ "user": "nobody-of-that-name" }),
        "UTC",
    )
    .await;
    let error = source.check().await.unwrap_err();
    assert_eq!(error.code, "AUTH_FAILED");
    assert!(!error.message.contains(&place.password));
    let source = source_of(&place, "mysql", json!({ "port": 1 }), "UTC").await;
    assert_eq!(source.check().await.unwrap_err().code, "UNREACHABLE");
    let source = source_of(&place, "no such database", json!({}), "UTC").await;
    assert_eq!(source.check().await.unwrap_err().code, "DATABASE_MISSING");
}

#[tokio::test]
async fn tls_is_what_the_mode_says() {
    let Some(place) = place() else { return };
    let Ok(ca) = std::env::var("GODWIT_TEST_CA") else {
        return eprintln!("skipped: GODWIT_TEST_CA is not set");
    };
    for (tls, expected) in [
        (json!({ "mode": "require" }), Ok(())),
        (json!({ "mode": "verify-ca", "ca": ca }), Ok(())),
        (json!({ "mode": "verify-full", "ca": ca }), Ok(())),
        (json!({ "mode": "verify-ca" }), Err("TLS_FAILED")),
        (json!({ "mode": "verify-full" }), Err("TLS_FAILED")),
    ] {
        let source = source_of(&place, "mysql", json!({ "tls": tls }), "UTC").await;
        let checked = source.check().await.map(drop).map_err(|error| error.code);
        assert_eq!(checked, expected, "{tls}");
    }
}

const CHARSETS: [&str; 22] = [
    "latin1", "gbk", "gb2312", "big5", "sjis", "cp932", "ujis", "eucjpms", "euckr", "latin2",
    "latin5", "latin7", "greek", "hebrew", "cp1250", "cp1251", "cp1256", "cp1257", "cp866",
    "koi8r", "koi8u", "tis620",
];

/// Every sequence of one byte, and of two with a high first byte: we give the server's character, or
/// we refuse. `?` is what the server gives where there is none.
#[tokio::test]
async fn character_sets_decode_as_the_server_does_or_refuse() {
    let Some(place) = place() else { return };
    let mut admin = admin(&place).await;
    let mut wrong = Vec::new();
    for name in CHARSETS {
        let charset = Charset::named(name).unwrap();
        let codes = "SELECT UNHEX(LPAD(HEX(seq),2,'0')) AS b FROM mysql.seq_0_to_255 \
             UNION ALL SELECT UNHEX(LPAD(HEX(seq),4,'0')) FROM mysql.seq_32768_to_65535";
        let asked =
            format!("SELECT b, CONVERT(CONVERT(b USING {name}) USING utf8mb4) FROM ({codes}) AS c");
        let pairs: Vec<(Vec<u8>, Option<String>)> = admin.query(asked).await.unwrap();
        assert_eq!(pairs.len(), 33_024);
        for (bytes, theirs) in pairs {
            let mut ours = String::new();
            let decoded = charset.decode(&bytes, &mut ours).is_ok();
            let theirs = theirs.unwrap_or_default();
            let none = theirs.contains('?') && !bytes.contains(&b'?');
            if decoded && (none || ours != theirs) {
                wrong.push(format!(
                    "{name} {bytes:02x?}: {ours:?}, the server {theirs:?}"
                ));
            }
        }
    }
    admin.disconnect().await.unwrap();
    let shown = wrong
        .iter()
        .take(60)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(wrong.is_empty(), "{} differences\n{shown}", wrong.len());
}

/// Every base table of a database that somebody filled: the rows are the same in 1, 2, 4 and 16
/// splits, and binary columns and texts are what the server's own HEX() says.
#[tokio::test]
async fn a_filled_database_is_read_alike_in_any_number_of_splits() {
    let Some(place) = place() else { return };
    let Ok(database) = std::env::var("GODWIT_TEST_MYSQL_FILLED") else {
        return eprintln!("skipped: GODWIT_TEST_MYSQL_FILLED names no database");
    };
    let source = source_of(&place, &database, json!({}), "Asia/Shanghai").await;
    let listed = source.tables(&[]).await.unwrap();
    let names: Vec<TableName> = listed.into_iter().map(|table| table.name).collect();
    let described = source.describe(&names).await.unwrap();
    let mut admin = admin(&place).await;
    for statement in ["SET time_zone = '+00:00'", "SET NAMES utf8mb4"] {
        admin.query_drop(statement).await.unwrap();
    }
    let mut scans = Vec::new();
    for table in described.into_iter().flatten() {
        scans.extend(as_proposed(&table));
    }
    let opened = source.open_snapshot(&scans, 4).await.unwrap();
    assert!(opened.refused.is_empty(), "{:?}", opened.refused);
    for scan in &scans {
        let mut first: Option<(Vec<Vec<String>>, usize)> = None;
        for wanted in [1, 2, 4, 16] {
            let (given, splits) = read_all(&*opened.snapshot, scan, wanted).await;
            let mut rejected: Vec<(String, String)> = given
                .iter()
                .flat_map(|given| given.rejected.clone())
                .collect();
            rejected.sort();
            let found = (rows(&given), rejected.len());
            if first.is_none() {
                eprintln!(
                    "{}: {} rows, rejected {rejected:?}",
                    scan.table,
                    found.0.len()
                );
            }
            assert_eq!(
                first.get_or_insert_with(|| found.clone()),
                &found,
                "{} in {splits}",
                scan.table
            );
        }
        let (found, rejected) = first.unwrap();
        let count: u64 = admin
            .query_first(format!(
                "SELECT COUNT(*) FROM {}",
                super::ddl::quote_table(&scan.table)
            ))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(count, (found.len() + rejected) as u64, "{}", scan.table);
        compare_with_hex(&mut admin, scan, &found).await;
    }
    opened.snapshot.close().await;
}

/// The table as it is read when each refusal's first proposal is accepted.
fn as_proposed(table: &NativeTable) -> Option<Scan> {
    for finding in &table.findings {
        eprintln!("{}: {} {}", table.name, finding.code, finding.message);
    }
    let mut proposed: Vec<(String, String)> = Vec::new();
    for native in &table.columns {
        if let Err(refusal) = MysqlTypes.to_logical(native, &ColumnChoice::default()) {
            eprintln!("{}.{}: {}", table.name, native.name, refusal.code);
            proposed.push((native.name.clone(), refusal.proposals[0].read_as.clone()?));
        }
    }
    let proposed: Vec<(&str, &str)> = proposed
        .iter()
        .map(|(name, word)| (name.as_str(), word.as_str()))
        .collect();
    let blocked = table.findings.iter().any(model::Finding::is_blocker);
    (!blocked).then(|| scan_of(table, &proposed))
}

/// Texts and bytes against HEX() of the server, row by row of those not rejected.
async fn compare_with_hex(admin: &mut Conn, scan: &Scan, found: &[Vec<String>]) {
    for (at, column) in scan.columns.iter().enumerate() {
        let quoted = super::ddl::quote(&column.native.name);
        let word = column.decode.split(':').next().unwrap();
        let asked = match word {
            "text" => format!("HEX(CONVERT({quoted} USING utf8mb4))"),
            "bytes" => format!("HEX({quoted})"),
            "decimal" | "time-text" => format!("HEX(CAST({quoted} AS CHAR))"),
            "integer" => format!("HEX(CAST({quoted} + 0 AS CHAR))"),
            "print" => format!("HEX(CAST({quoted} AS CHAR))"),
            "instant" => format!("HEX(DATE_FORMAT({quoted}, '%Y-%m-%dT%H:%i:%s.%f'))"),
            "datetime" => format!("HEX(DATE_FORMAT({quoted}, '%Y-%m-%dT%H:%i:%s.%f'))"),
            "date" => format!("HEX(DATE_FORMAT({quoted}, '%Y-%m-%d'))"),
            _ => continue,
        };
        let statement = format!(
            "SELECT {asked} FROM {}",
            super::ddl::quote_table(&scan.table)
        );
        let theirs: Vec<Option<String>> = admin.query(statement).await.unwrap();
        let mut left: BTreeMap<String, usize> = BTreeMap::new();
        for value in theirs {
            *left
                .entry(value.unwrap_or_else(|| "NULL".to_owned()))
                .or_default() += 1;
        }
        for row in found {
            let ours = match row[at].as_str() {
                "NULL" if left.get("NULL").is_some_and(|count| *count > 0) => "NULL".to_owned(),
                text if word == "bytes" => text.to_uppercase(),
                text if matches!(word, "datetime" | "instant") => {
                    let text = text.trim_end_matches('Z');
                    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
                    hex(&format!("{clock}.{fraction:0<6}"))
                }
                text => hex(text),
            };
            let count = left.get_mut(&ours);
            let count = count.unwrap_or_else(|| {
                panic!("{} {}: {ours} is not there", scan.table, column.native.name)
            });
            assert!(
                *count > 0,
                "{} {}: {ours} too often",
                scan.table,
                column.native.name
            );
            *count -= 1;
        }
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}
