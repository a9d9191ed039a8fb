//! What is held, what is cancelled, who is let in.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::json;

use super::support::{
    cells, client, describe, open, open_in, options, read_all, read_split, scan, task, variable,
    with_database,
};

const ROWS: &str = "CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n;
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;";

/// Sessions of ours that run a query in `database` now.
async fn active(database: &str) -> i64 {
    let query =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'godwit'
                 AND query LIKE 'COPY%' AND state = 'active'";
    client("postgres")
        .await
        .query_one(query, &[&database])
        .await
        .unwrap()
        .get(0)
}

async fn nothing_is_active(database: &str) {
    let started = Instant::now();
    while active(database).await > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "a query still runs"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_would_lose_rows_waits_until_the_snapshot_is_let_go() {
    with_database("held", ROWS, async |database| {
        let source = open(&database).await;
        let (table, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
        let (stored, _) = scan(&describe(source.as_ref(), "m").await, &[], None);
        let opened = source
            .open_snapshot(&[table.clone(), stored], 2)
            .await
            .unwrap();
        assert!(opened.refused.is_empty());
        let other = client(&database).await;
        other
            .batch_execute("SET lock_timeout = '200ms'")
            .await
            .unwrap();
        for statement in [
            "TRUNCATE t",
            "VACUUM FULL t",
            "ALTER TABLE t RENAME TO u",
            "REFRESH MATERIALIZED VIEW m",
        ] {
            let refused = other.batch_execute(statement).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "55P03", "{statement}");
        }
        other
            .batch_execute("DELETE FROM t WHERE id <= 10000")
            .await
            .unwrap();
        let mut rows = 0;
        for split in opened.snapshot.split(&table, 4).await.unwrap() {
            rows += cells(
                &read_split(opened.snapshot.as_ref(), &table, &split)
                    .await
                    .unwrap()
                    .batches,
            )
            .len();
        }
        assert_eq!(rows, 20_000);
        opened.snapshot.check_held().await.unwrap();
        opened.snapshot.close().await;
        opened.snapshot.close().await;
        assert_eq!(
            opened.snapshot.check_held().await.unwrap_err().code,
            "SNAPSHOT_LOST"
        );
        other.batch_execute("TRUNCATE t").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_table_changed_since_planning_is_refused_alone() {
    with_database("changed", ROWS, async |database| {
        let source = open(&database).await;
        let (table, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
        let (stored, _) = scan(&describe(source.as_ref(), "m").await, &[], None);
        let other = client(&database).await;
        other
            .batch_execute("ALTER TABLE t ADD COLUMN w int")
            .await
            .unwrap();
        let opened = source
            .open_snapshot(&[table, stored.clone()], 1)
            .await
            .unwrap();
        let refused: Vec<(&str, &str)> = opened
            .refused
            .iter()
            .map(|(table, error)| (table.table.as_str(), error.code))
            .collect();
        assert_eq!(refused, [("t", "TABLE_CHANGED")]);
        let splits = opened.snapshot.split(&stored, 1).await.unwrap();
        assert!(
            read_split(opened.snapshot.as_ref(), &stored, &splits[0])
                .await
                .is_ok()
        );
        opened.snapshot.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_locked_table_is_refused_alone() {
    with_database("locked", ROWS, async |database| {
        let source = open(&database).await;
        let (table, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
        let other = client(&database).await;
        other
            .batch_execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            .await
            .unwrap();
        let unlock = async {
            tokio::time::sleep(Duration::from_secs(12)).await;
            other.batch_execute("ROLLBACK").await.unwrap();
        };
        let (opened, ()) = tokio::join!(
            source.open_snapshot(std::slice::from_ref(&table), 1),
            unlock
        );
        let opened = opened.unwrap();
        assert_eq!(opened.refused[0].1.code, "LOCK_TIMEOUT");
        opened.snapshot.close().await;
    })
    .await;
}

#[tokio::test]
async fn cancelled_and_dropped_streams_free_the_server() {
    let sql = "CREATE VIEW slow AS SELECT n::int AS id, pg_sleep(0.002)::text AS v FROM generate_series(1, 1000000) n;
               CREATE VIEW mute AS SELECT n::int AS id FROM generate_series(1, 1000000000) n WHERE n < 0;";
    with_database("cancel", sql, async |database| {
        let source = open(&database).await;
        for (view, drops) in [
            ("slow", false),
            ("slow", true),
            ("mute", false),
            ("mute", true),
        ] {
            let (scan, _) = scan(&describe(source.as_ref(), view).await, &[], None);
            let opened = source
                .open_snapshot(std::slice::from_ref(&scan), 1)
                .await
                .unwrap();
            let split = opened.snapshot.split(&scan, 1).await.unwrap().remove(0);
            let task = task(&scan, &split.id);
            let mut batches = opened.snapshot.read(&scan, &split, &task).await.unwrap();
            let waited = tokio::time::timeout(Duration::from_millis(300), batches.next()).await;
            assert!(waited.is_err(), "{view} was to be slow");
            assert_eq!(active(&database).await, 1);
            if drops {
                drop(batches);
            } else {
                task.cancel.cancel();
                assert_eq!(batches.next().await.unwrap().unwrap_err().code, "CANCELLED");
            }
            nothing_is_active(&database).await;
            opened.snapshot.check_held().await.unwrap();
            opened.snapshot.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_broken_reader_is_replaced_under_the_same_snapshot() {
    with_database("broken", ROWS, async |database| {
        let source = open(&database).await;
        let (scan, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
        let opened = source
            .open_snapshot(std::slice::from_ref(&scan), 1)
            .await
            .unwrap();
        let splits = opened.snapshot.split(&scan, 2).await.unwrap();
        let other = client(&database).await;
        other.batch_execute("DELETE FROM t").await.unwrap();
        let terminate =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1
                         AND query LIKE 'SAVEPOINT godwit; LOCK TABLE%'";
        let ended: i64 = other
            .query_one(terminate, &[&database])
            .await
            .unwrap()
            .get(0);
        assert_eq!(ended, 1);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut rows = 0;
        for split in &splits {
            rows += cells(
                &read_split(opened.snapshot.as_ref(), &scan, split)
                    .await
                    .unwrap()
                    .batches,
            )
            .len();
        }
        assert_eq!(rows, 20_000);
        opened.snapshot.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_holder_is_told() {
    with_database("lost", ROWS, async |database| {
        let source = open(&database).await;
        let (scan, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
        let opened = source
            .open_snapshot(std::slice::from_ref(&scan), 1)
            .await
            .unwrap();
        let other = client(&database).await;
        let terminate =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1
                         AND pid <> pg_backend_pid()";
        other.query_one(terminate, &[&database]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(
            opened.snapshot.check_held().await.unwrap_err().code,
            "SNAPSHOT_LOST"
        );
        assert_eq!(
            opened.snapshot.split(&scan, 1).await.unwrap_err().code,
            "SNAPSHOT_LOST"
        );
        opened.snapshot.close().await;
        assert!(
            source.check().await.is_ok(),
            "the session for metadata is opened again"
        );
    })
    .await;
}

#[tokio::test]
async fn missing_rights_are_named_before_any_row_moves() {
    let sql = "CREATE TABLE partly (id int PRIMARY KEY, secret text); INSERT INTO partly VALUES (1, 'x');
         CREATE TABLE closed (id int);
         CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF parted DEFAULT;
         INSERT INTO parted SELECT generate_series(1, 20000); CREATE TABLE owned (id int, owner text); ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON owned USING (owner = current_user);";
    with_database("rights", sql, async |database| {
        let role = format!("{database}_reader");
        let password = variable("PASSWORD").unwrap();
        let other = client(&database).await;
        let grant = format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{password}' CONNECTION LIMIT 3;
             GRANT SELECT (id) ON partly TO {role}; GRANT SELECT ON owned, parted TO {role};"
        );
        other.batch_execute(&grant).await.unwrap();
        let mut options = options(&database);
        options["user"] = json!(role);
        let source = open_in(&options, "UTC").await.unwrap();
        for (table, code) in [("closed", "NO_RIGHT"), ("owned", "ROW_SECURITY")] {
            let findings = describe(source.as_ref(), table).await.findings;
            assert_eq!(findings[0].code, code);
            assert!(findings[0].is_blocker());
        }
        let (scan, refused) = scan(&describe(source.as_ref(), "partly").await, &[], None);
        assert_eq!(refused, ["secret NO_RIGHT"]);
        let opened = source
            .open_snapshot(std::slice::from_ref(&scan), 4)
            .await
            .unwrap();
        assert!(opened.refused.is_empty(), "{:?}", opened.refused);
        assert_eq!(
            (opened.snapshot.readers(), opened.findings[0].code.as_str()),
            (1, "FEWER_READERS")
        );
        let splits = opened.snapshot.split(&scan, 1).await.unwrap();
        let rows = read_split(opened.snapshot.as_ref(), &scan, &splits[0])
            .await
            .unwrap();
        assert_eq!(cells(&rows.batches), [["1"]]);
        opened.snapshot.close().await;
        drop(source);
        read_through_the_parent(&database, &options).await;
        let drop_role = format!("DROP OWNED BY {role}; DROP ROLE {role}");
        other.batch_execute(&drop_role).await.unwrap();
    })
    .await;
}

/// A right to the parent is none to its partitions: they are not read one by one.
async fn read_through_the_parent(database: &str, options: &serde_json::Value) {
    for (options, is_cut) in [(options, false), (&super::support::options(database), true)] {
        let source = open_in(options, "UTC").await.unwrap();
        let (scan, _) = scan(&describe(source.as_ref(), "parted").await, &[], None);
        let (rows, splits) = read_all(source.as_ref(), &scan, 4).await.unwrap();
        assert_eq!((cells(&rows.batches).len(), splits > 1), (20_000, is_cut));
    }
}

#[tokio::test]
async fn connections_that_fail_say_why() {
    with_database("connect", "", async |database| {
        let ca = std::env::var("GODWIT_TEST_CA").ok();
        let mut cases = vec![
            (
                json!({"password": "${file:/proc/self/comm}"}),
                Some("AUTH_FAILED"),
            ),
            (
                json!({"host": "no-such-host.invalid", "tls": {"mode": "disable"}}),
                Some("UNREACHABLE"),
            ),
            (json!({"port": 1}), Some("UNREACHABLE")),
            (
                json!({"database": "no_such_database"}),
                Some("DATABASE_MISSING"),
            ),
            (
                json!({"tls": {"mode": "verify-full", "ca": "/nowhere.pem"}}),
                Some("TLS_SETUP"),
            ),
            (json!({}), None),
        ];
        if let Some(ca) = &ca {
            cases.push((json!({"tls": {"mode": "require"}}), None));
            cases.push((json!({"tls": {"mode": "verify-ca", "ca": ca}}), None));
            cases.push((json!({"tls": {"mode": "verify-full", "ca": ca}}), None));
            cases.push((json!({"tls": {"mode": "verify-full"}}), Some("TLS_FAILED")));
            cases.push((json!({"tls": {"mode": "verify-ca"}}), Some("TLS_FAILED")));
        } else {
            eprintln!("skipped: GODWIT_TEST_CA is not set, TLS modes are not tried");
        }
        let folders = client(&database)
            .await
            .query_one("SHOW unix_socket_directories", &[])
            .await
            .unwrap();
        let folders: String = folders.get(0);
        match folders
            .split(',')
            .next()
            .filter(|folder| std::path::Path::new(folder).is_dir())
        {
            Some(folder) => cases.push((json!({"host": folder}), None)),
            None => eprintln!("skipped: the server's socket is not on this machine"),
        }
        for (change, expected) in cases {
            let mut options = options(&database);
            for (key, value) in change.as_object().unwrap() {
                options[key] = value.clone();
            }
            let source = open_in(&options, "UTC").await.unwrap();
            let answer = source.check().await;
            assert_eq!(
                answer.as_ref().err().map(|error| error.code),
                expected,
                "{change}: {answer:?}"
            );
            if let Err(error) = answer {
                let secret = variable("PASSWORD").unwrap();
                assert!(!error.message.contains(&secret));
                eprintln!("{change}: {error} ({:?})", error.hint);
            }
        }
    })
    .await;
}
