//! Looking at rows before planning: figures agree with what the decoder rejects, the server is freed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::source::Source;
use contract::{ColumnProbe, Extent, ProbeColumn, ProbeLimits, ProbeRequest, TableProbe};
use futures::StreamExt;
use model::migration::ColumnChoice;
use mysql_async::prelude::Queryable;
use serde_json::json;

use super::{Fixture, describe, scan_of, task};

const ODD: &[&str] = &[
    "CREATE TABLE odd (id int PRIMARY KEY, day date, at datetime(6), moment timestamp NULL, clock time,
       flag tinyint(1), many tinyint(1), label enum('a','b'), wide decimal(65,30), big bigint unsigned,
       gbk varchar(20) CHARACTER SET gbk, latin varchar(20) CHARACTER SET latin1, note text, bytes blob)",
    "INSERT INTO odd VALUES
     (1, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '25:00:00', 1, 2, 'none', -123.4500, 1,
      unhex('8140FEFE5C'), unhex('636166E9'), repeat('é', 100), 'abc'),
     (2, '2024-00-10', '2024-02-00 01:00:00', NULL, '-01:00:00', 0, 1, 'a', 0.001, 18446744073709551615,
      '你好', unhex('818D8F909D'), NULL, NULL),
     (3, '2023-02-30', '2023-04-31 01:02:03', '2024-01-01 00:00:00', '23:59:59', NULL, 0, 'b',
      12345678901234567890, 0, NULL, NULL, '', ''),
     (4, '2024-02-29', '2000-02-29 01:02:03', NULL, '00:00:00', 1, -5, NULL, NULL, NULL, 'a', 'a', 'a', NULL),
     (5, '1900-02-29', '0000-01-01 00:00:00', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL)",
];

async fn request(
    fixture: &Fixture,
    source: &Arc<dyn Source>,
    table: &str,
    choices: &[(&str, &str)],
) -> ProbeRequest {
    let table = describe(source.as_ref(), &fixture.database, table).await;
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

fn of<'a>(probe: &'a TableProbe, name: &str) -> &'a ColumnProbe {
    let found = probe.columns.iter().find(|column| column.column == name);
    found.unwrap_or_else(|| panic!("nothing of {name}: {probe:?}"))
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let pairs = pairs.iter();
    pairs
        .map(|(code, count)| ((*code).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn figures_tell_what_types_do_not() {
    let Some(fixture) = Fixture::new("probe_figures", ODD).await else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let wanted = request(&fixture, &source, "odd", &[]).await;
    let limits = ProbeLimits::default();
    let probe = source.probe(&[wanted], &limits).await.unwrap().remove(0);
    assert_eq!(
        (probe.extent, probe.rows, &probe.trouble),
        (Extent::Exact, 5, &None)
    );
    let day = counts(&[("INVALID_DATE", 2), ("PARTIAL_DATE", 1), ("ZERO_DATE", 1)]);
    assert_eq!(of(&probe, "day").rejected, day);
    let at = counts(&[("INVALID_DATE", 1), ("PARTIAL_DATE", 2), ("ZERO_DATE", 1)]);
    assert_eq!(of(&probe, "at").rejected, at);
    assert_eq!(of(&probe, "moment").rejected, counts(&[("ZERO_DATE", 1)]));
    assert_eq!(of(&probe, "clock").rejected_as, counts(&[("time", 2)]));
    assert_eq!(of(&probe, "flag").rejected_as, counts(&[("boolean", 0)]));
    assert_eq!(of(&probe, "many").rejected_as, counts(&[("boolean", 2)]));
    assert_eq!(
        of(&probe, "label").warned,
        counts(&[("ENUM_ERROR_VALUE", 1)])
    );
    let wide = of(&probe, "wide");
    assert_eq!(
        (wide.values, wide.integer_digits, wide.scale),
        (4, Some(20), Some(3))
    );
    assert_eq!(of(&probe, "big").rejected_as, counts(&[("bigint", 1)]));
    let note = of(&probe, "note");
    assert_eq!((note.values, note.longest_bytes), (3, Some(200)));
    assert_eq!(of(&probe, "bytes").longest_bytes, Some(3));
    fixture.drop().await;
}

#[tokio::test]
async fn what_would_be_rejected_is_what_the_decoder_rejects() {
    let Some(fixture) = Fixture::new("probe_agrees", ODD).await else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let choices = [
        ("wide", "decimal(38,2)"),
        ("clock", "time"),
        ("many", "boolean"),
        ("big", "bigint"),
    ];
    let wanted = request(&fixture, &source, "odd", &choices).await;
    let limits = ProbeLimits::default();
    let probe = source.probe(&[wanted], &limits).await.unwrap().remove(0);
    let names = [
        "day", "at", "moment", "clock", "many", "wide", "big", "gbk", "latin", "note",
    ];
    for name in names {
        let mut read = scan_of(
            &describe(source.as_ref(), &fixture.database, "odd").await,
            &choices,
        );
        let keeps = |native: &str| native == name || native == "id";
        read.columns.retain(|column| keeps(&column.native.name));
        let opened = source
            .open_snapshot(std::slice::from_ref(&read), 1)
            .await
            .unwrap();
        let mut rejected: BTreeMap<String, u64> = BTreeMap::new();
        for split in opened.snapshot.split(&read, 1).await.unwrap() {
            let task = task(&read, &split.id);
            let mut batches = opened.snapshot.read(&read, &split, &task).await.unwrap();
            while let Some(batch) = batches.next().await {
                batch.unwrap();
            }
            for row in task.rejected.take() {
                *rejected.entry(row.code).or_default() += 1;
            }
        }
        opened.snapshot.close().await;
        assert_eq!(of(&probe, name).rejected, rejected, "{name}");
    }
    fixture.drop().await;
}

#[tokio::test]
async fn a_large_table_is_sampled_and_a_filter_is_kept_to() {
    let statements = [
        "CREATE TABLE large (id int PRIMARY KEY, n decimal(40,0))",
        "INSERT INTO large SELECT seq, seq FROM seq_1_to_5000",
    ];
    let Some(fixture) = Fixture::new("probe_sampled", &statements).await else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let limits = ProbeLimits {
        rows: 1_000,
        ..ProbeLimits::default()
    };
    let whole = request(&fixture, &source, "large", &[]).await;
    let few = ProbeRequest {
        filter: Some("id <= 120 -- few".to_owned()),
        ..whole.clone()
    };
    let probes = source.probe(&[whole, few], &limits).await.unwrap();
    assert_eq!((probes[0].extent, probes[0].rows), (Extent::Sampled, 1_001));
    assert_eq!((probes[1].extent, probes[1].rows), (Extent::Exact, 120));
    assert_eq!(of(&probes[1], "n").integer_digits, Some(3));
    fixture.drop().await;
}

/// Queries of ours that run now.
async fn running(fixture: &mut Fixture) -> u64 {
    let query = format!(
        "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%{}%AS looked%' \
         AND info NOT LIKE '%processlist%'",
        fixture.database
    );
    fixture.admin.query_first(query).await.unwrap().unwrap()
}

const SLOW: &[&str] = &[
    "CREATE TABLE t (v varchar(9))",
    "INSERT INTO t VALUES ('a'), ('b'), ('c')",
    "CREATE VIEW slow AS SELECT concat(v, sleep(60)) AS v FROM t",
];

#[tokio::test]
async fn past_its_time_the_server_is_freed_and_the_next_table_is_looked_at() {
    let Some(mut fixture) = Fixture::new("probe_slow", SLOW).await else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let limits = ProbeLimits {
        time: Duration::from_secs(2),
        ..ProbeLimits::default()
    };
    let requests = [
        request(&fixture, &source, "slow", &[]).await,
        request(&fixture, &source, "t", &[]).await,
    ];
    let started = Instant::now();
    let probes = source.probe(&requests, &limits).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(15));
    assert_eq!(probes[0].extent, Extent::Nothing);
    assert!(probes[0].trouble.as_ref().unwrap().contains("time"));
    assert_eq!((probes[1].extent, probes[1].rows), (Extent::Exact, 3));
    assert_eq!(running(&mut fixture).await, 0);
    fixture.drop().await;
}

#[tokio::test]
async fn cancelled_it_frees_the_server() {
    let Some(mut fixture) = Fixture::new("probe_cancel", SLOW).await else {
        return;
    };
    let source = fixture.source(json!({}), "UTC").await;
    let limits = ProbeLimits::default();
    let requests = [request(&fixture, &source, "slow", &[]).await];
    let stop = async {
        while running(&mut fixture).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        limits.cancel.cancel();
    };
    let (probed, ()) = tokio::join!(source.probe(&requests, &limits), stop);
    assert_eq!(probed.unwrap_err().code, "CANCELLED");
    let asked = Instant::now();
    while running(&mut fixture).await > 0 {
        assert!(asked.elapsed() < Duration::from_secs(10), "still running");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fixture.drop().await;
}
