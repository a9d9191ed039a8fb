//! Looking at rows before planning: figures agree with what the decoder rejects, the server is freed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::{ColumnProbe, Extent, ProbeColumn, ProbeLimits, ProbeRequest, Source, TableProbe};
use model::migration::ColumnChoice;

use super::support::{client, describe, open, read_all, scan, with_database};

const ODD: &str = "CREATE TYPE pair AS (day date, amount numeric(9,2));
CREATE TABLE odd (id int PRIMARY KEY, n numeric, few numeric(9,2), ns numeric[], day date, at timestamp,
  zoned timestamptz, days date[], note text, bytes bytea, clock time, twin pair);
INSERT INTO odd VALUES
 (1, 12345.67, 'NaN', '{1.5,NULL,-20}', 'infinity', 'infinity', '-infinity', '{2024-01-01}', 'é', '\\x00', '24:00', '(2024-01-01,1)'),
 (2, 'NaN', 1, '{NaN}', '4713-01-01 BC', '0001-12-31 23:59:59 BC', '10000-01-01 00:00:00Z', '{infinity}', repeat('x', 3000), NULL, '23:59', '(infinity,NaN)'),
 (3, '-Infinity', NULL, '{}', '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999Z', '{{2024-01-01},{2024-01-02}}', '', NULL, NULL, NULL),
 (4, -0.00012300, 2, NULL, '0001-01-01', '0001-01-01', '0001-01-01 00:00:00Z', NULL, NULL, NULL, NULL, NULL),
 (5, NULL, 3, '{NULL}', NULL, NULL, NULL, '{}', 'a', NULL, NULL, NULL);";

async fn request(source: &dyn Source, table: &str, choices: &[(&str, &str)]) -> ProbeRequest {
    let table = describe(source, table).await;
    let columns = table.columns.iter().map(|native| {
        let choice = choices.iter().find(|(name, _)| *name == native.name);
        ProbeColumn {
            native: native.clone(),
            choice: ColumnChoice {
                read_as: choice.map(|(_, wanted)| (*wanted).to_owned()),
                ..ColumnChoice::default()
            },
        }
    });
    ProbeRequest {
        columns: columns.collect(),
        filter: None,
        table,
    }
}

async fn looked(source: &dyn Source, request: ProbeRequest, limits: &ProbeLimits) -> TableProbe {
    source.probe(&[request], limits).await.unwrap().remove(0)
}

fn of<'a>(probe: &'a TableProbe, name: &str) -> &'a ColumnProbe {
    let found = probe.columns.iter().find(|column| column.column == name);
    found.unwrap_or_else(|| panic!("nothing of {name}: {probe:?}"))
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs
        .iter()
        .map(|(code, count)| ((*code).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn figures_tell_what_types_do_not() {
    with_database("figures", ODD, async |database| {
        let source = open(&database).await;
        let limits = ProbeLimits::default();
        let wanted = request(source.as_ref(), "odd", &[]).await;
        let probe = looked(source.as_ref(), wanted, &limits).await;
        assert_eq!(
            (probe.extent, probe.rows, &probe.trouble),
            (Extent::Exact, 5, &None)
        );
        let n = of(&probe, "n");
        assert_eq!((n.values, n.integer_digits, n.scale), (4, Some(5), Some(6)));
        assert_eq!(
            n.rejected,
            counts(&[("NUMERIC_INFINITY", 1), ("NUMERIC_NAN", 1)])
        );
        let ns = of(&probe, "ns");
        assert_eq!((ns.integer_digits, ns.scale), (Some(2), Some(1)));
        assert_eq!(ns.rejected, counts(&[("NUMERIC_NAN", 1)]));
        assert_eq!(of(&probe, "few").rejected, counts(&[("NUMERIC_NAN", 1)]));
        let day = counts(&[("DATE_INFINITY", 1), ("DATE_OUT_OF_RANGE", 1)]);
        assert_eq!(of(&probe, "day").rejected, day);
        let moment = counts(&[("TIMESTAMP_INFINITY", 1), ("TIMESTAMP_OUT_OF_RANGE", 1)]);
        assert_eq!(of(&probe, "at").rejected, moment);
        assert_eq!(of(&probe, "zoned").rejected, moment);
        let days = counts(&[("ARRAY_SHAPE", 1), ("DATE_INFINITY", 1)]);
        assert_eq!(of(&probe, "days").rejected, days);
        assert_eq!(of(&probe, "note").longest_bytes, Some(3000));
        assert_eq!(of(&probe, "bytes").longest_bytes, Some(1));
        assert_eq!(of(&probe, "clock").rejected_as, counts(&[("time", 1)]));
        let twin = counts(&[("DATE_INFINITY", 1), ("NUMERIC_NAN", 1)]);
        assert_eq!(of(&probe, "twin").rejected, twin);
        assert!(probe.columns.iter().all(|column| column.column != "id"));
    })
    .await;
}

#[tokio::test]
async fn what_would_be_rejected_is_what_the_decoder_rejects() {
    with_database("agrees", ODD, async |database| {
        let source = open(&database).await;
        let limits = ProbeLimits::default();
        let choices = [("n", "decimal(38,4)"), ("ns", "list<decimal(38,1)>")];
        let wanted = request(source.as_ref(), "odd", &choices).await;
        let probe = looked(source.as_ref(), wanted, &limits).await;
        for column in ["n", "ns", "few", "day", "at", "zoned", "days", "twin"] {
            // Each column by itself: a row is rejected once, whatever else is wrong with it.
            let whole = describe(source.as_ref(), "odd").await;
            let mut alone = whole.clone();
            alone
                .columns
                .retain(|native| native.name == column || native.name == "id");
            let (mut read, _) = scan(&alone, &choices, None);
            read.fingerprint = whole.fingerprint();
            let (rows, _) = read_all(source.as_ref(), &read, 1).await.unwrap();
            let mut rejected: BTreeMap<String, u64> = BTreeMap::new();
            for row in rows.rejected {
                *rejected.entry(row.code).or_default() += 1;
            }
            let seen: u64 = of(&probe, column).rejected.values().sum();
            if column == "twin" {
                // Both parts of one row: the decoder names the first.
                assert_eq!((seen, rejected.values().sum::<u64>()), (2, 1));
            } else {
                assert_eq!(of(&probe, column).rejected, rejected, "{column}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_of_bytes_is_looked_through_for_what_is_no_text() {
    let sql = "CREATE TABLE t (v text);
        INSERT INTO t SELECT convert_from(bytes, 'SQL_ASCII') FROM (VALUES ('a'::bytea), ('\\xc3a9'), ('\\xff'),
          ('\\x61c3'), ('\\xeda080'), ('\\xf09f9880'), ('\\x5c78')) v(bytes);";
    with_database("ascii_probe", sql, async |database| {
        let source = open(&database).await;
        let wanted = request(source.as_ref(), "t", &[]).await;
        let probe = looked(source.as_ref(), wanted, &ProbeLimits::default()).await;
        assert_eq!(of(&probe, "v").rejected, counts(&[("INVALID_UTF8", 3)]));
    })
    .await;
}

#[tokio::test]
async fn a_large_table_is_sampled_and_a_filter_is_kept_to() {
    let sql = "CREATE TABLE large (id int, n numeric);
        INSERT INTO large SELECT g, g FROM generate_series(1, 20000) g; ANALYZE large;
        CREATE VIEW shown AS SELECT * FROM large; CREATE TABLE plain (id int);";
    with_database("sampled", sql, async |database| {
        let source = open(&database).await;
        let limits = ProbeLimits {
            rows: 1_000,
            ..ProbeLimits::default()
        };
        for table in ["large", "shown"] {
            let wanted = request(source.as_ref(), table, &[]).await;
            let probe = looked(source.as_ref(), wanted, &limits).await;
            assert_eq!(probe.extent, Extent::Sampled, "{table}");
            assert!(
                (1..=1_001).contains(&probe.rows),
                "{table}: {} rows",
                probe.rows
            );
        }
        let mut wanted = request(source.as_ref(), "large", &[]).await;
        wanted.filter = Some("id <= 120 -- few".to_owned());
        let probe = looked(source.as_ref(), wanted, &limits).await;
        assert_eq!((probe.extent, probe.rows), (Extent::Exact, 120));
        assert_eq!(of(&probe, "n").integer_digits, Some(3));
        let plain = request(source.as_ref(), "plain", &[]).await;
        let probe = looked(source.as_ref(), plain, &limits).await;
        assert_eq!((probe.extent, probe.trouble), (Extent::Nothing, None));
    })
    .await;
}

/// Queries of ours that run in `database` now.
async fn running(database: &str) -> i64 {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND state = 'active'
                 AND query LIKE '%AS looked%'";
    let client = client("postgres").await;
    client.query_one(query, &[&database]).await.unwrap().get(0)
}

const SLOW: &str = "CREATE TABLE t (v text); INSERT INTO t VALUES ('a'), ('b'), ('c');
    CREATE VIEW slow AS SELECT v || coalesce(pg_sleep(60)::text, '') AS v FROM t;";

/// The server hears of a cancellation a moment later.
async fn freed(database: &str) {
    let started = Instant::now();
    while running(database).await > 0 {
        assert!(started.elapsed() < Duration::from_secs(5), "it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn past_its_time_the_server_is_freed_and_the_next_table_is_looked_at() {
    with_database("slow", SLOW, async |database| {
        let source = open(&database).await;
        let limits = ProbeLimits {
            time: Duration::from_secs(2),
            ..ProbeLimits::default()
        };
        let requests = [
            request(source.as_ref(), "slow", &[]).await,
            request(source.as_ref(), "t", &[]).await,
        ];
        let started = Instant::now();
        let probes = source.probe(&requests, &limits).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(10));
        assert_eq!(probes[0].extent, Extent::Nothing);
        assert!(probes[0].trouble.as_ref().unwrap().contains("time"));
        assert_eq!((probes[1].extent, probes[1].rows), (Extent::Exact, 3));
        freed(&database).await;
    })
    .await;
}

#[tokio::test]
async fn cancelled_it_frees_the_server() {
    with_database("probe_cancel", SLOW, async |database| {
        let source = open(&database).await;
        let limits = ProbeLimits::default();
        let wanted = request(source.as_ref(), "slow", &[]).await;
        let stop = async {
            while running(&database).await == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            limits.cancel.cancel();
        };
        let requests = [wanted];
        let (probed, ()) = tokio::join!(source.probe(&requests, &limits), stop);
        assert_eq!(probed.unwrap_err().code, "CANCELLED");
        freed(&database).await;
    })
    .await;
}
