//! Looking at rows before planning: kinds of values, what each way to read them would reject.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::{ColumnProbe, Extent, ProbeColumn, ProbeLimits, ProbeRequest, TableProbe};
use model::migration::ColumnChoice;

use super::{Arc, Source, database, described, read_all, scan_of};

const ODD: &str =
    "CREATE TABLE odd (id INTEGER PRIMARY KEY, flag BOOLEAN, amount DECIMAL(9,2), open NUMERIC,
    day DATE, note TEXT, bytes BLOB, anything);
  INSERT INTO odd VALUES (1, 1, 1.5, 12.345, '2024-01-01', 'é', x'00ff', 1),
    (2, 2, 'x', 'abc', '0000-00-00', x'41', 'text', 2),
    (3, 'yes', 12345678.9, 0.1 + 0.2, 17, CAST(x'ff' AS TEXT), NULL, 3),
    (4, NULL, NULL, -70000, NULL, 'longer', NULL, NULL);";

async fn request(source: &Arc<dyn Source>, table: &str, choices: &[(&str, &str)]) -> ProbeRequest {
    let table = described(source, table).await;
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
    probe
        .columns
        .iter()
        .find(|column| column.column == name)
        .unwrap()
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let pairs = pairs.iter();
    pairs
        .map(|(code, count)| ((*code).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn kinds_and_rejections_are_told_by_column() {
    let (_folder, _writer, source) = database(ODD).await;
    let wanted = request(&source, "odd", &[]).await;
    let probes = source.probe(&[wanted], &ProbeLimits::default()).await;
    let probe = probes.unwrap().remove(0);
    assert_eq!(
        (probe.extent, probe.rows, &probe.trouble),
        (Extent::Exact, 4, &None)
    );
    assert_eq!(
        of(&probe, "flag").kinds,
        counts(&[("integer", 2), ("text", 1)])
    );
    let open = of(&probe, "open");
    assert_eq!(
        (open.values, open.integer_digits, open.scale),
        (4, Some(5), Some(3))
    );
    assert_eq!(open.rejected, counts(&[("STORAGE_CLASS", 2)]));
    assert_eq!(open.rejected_as["decimal(38,10)"], 2);
    assert_eq!(open.rejected_as["text"], 0);
    let anything = of(&probe, "anything");
    assert_eq!(anything.kinds, counts(&[("integer", 3)]));
    assert_eq!(
        (
            anything.rejected_as["integer"],
            anything.rejected_as["binary"]
        ),
        (0, 3)
    );
    assert_eq!(of(&probe, "note").longest_bytes, Some(6));
    assert_eq!(of(&probe, "id").rejected, counts(&[]));
}

#[tokio::test]
async fn what_would_be_rejected_is_what_the_decoder_rejects() {
    let (_folder, _writer, source) = database(ODD).await;
    let wanted = request(&source, "odd", &[]).await;
    let probes = source.probe(&[wanted], &ProbeLimits::default()).await;
    let probe = probes.unwrap().remove(0);
    let whole = scan_of(&described(&source, "odd").await);
    for name in ["flag", "amount", "day", "note", "bytes"] {
        let mut read = whole.clone();
        read.columns.retain(|column| column.native.name == name);
        let mut rejected: BTreeMap<String, u64> = BTreeMap::new();
        for row in read_all(&source, &read).await.unwrap().rejected {
            *rejected.entry(row.code).or_default() += 1;
        }
        assert!(!rejected.is_empty(), "{name}");
        assert_eq!(of(&probe, name).rejected, rejected, "{name}");
    }
}

#[tokio::test]
async fn a_large_table_is_sampled_and_a_filter_is_kept_to() {
    let sql = "CREATE TABLE large (id INTEGER PRIMARY KEY, n TEXT);
        INSERT INTO large SELECT value, value FROM (WITH RECURSIVE c(value) AS
          (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < 3000) SELECT value FROM c);";
    let (_folder, _writer, source) = database(sql).await;
    let limits = ProbeLimits {
        rows: 1_000,
        ..ProbeLimits::default()
    };
    let all = request(&source, "large", &[]).await;
    let few = ProbeRequest {
        filter: Some("id <= 120 -- few".to_owned()),
        ..all.clone()
    };
    let probes = source.probe(&[all, few], &limits).await.unwrap();
    assert_eq!((probes[0].extent, probes[0].rows), (Extent::Sampled, 1_001));
    assert_eq!((probes[1].extent, probes[1].rows), (Extent::Exact, 120));
}

/// Rows without end, of which only the first few come at once.
const ENDLESS: &str = "CREATE TABLE t (n TEXT); INSERT INTO t VALUES ('a');
    CREATE VIEW endless AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
      SELECT n FROM c WHERE n < 4 OR n < 0;";

#[tokio::test]
async fn past_its_time_what_was_seen_counts_and_the_next_table_is_looked_at() {
    let (_folder, _writer, source) = database(ENDLESS).await;
    let limits = ProbeLimits {
        time: Duration::from_secs(1),
        ..ProbeLimits::default()
    };
    let endless = request(&source, "endless", &[("n", "integer")]).await;
    let t = request(&source, "t", &[]).await;
    let started = Instant::now();
    let probes = source.probe(&[endless, t], &limits).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((probes[0].extent, probes[0].rows), (Extent::Sampled, 3));
    assert!(probes[0].trouble.as_ref().unwrap().contains("time"));
    assert_eq!((probes[1].extent, probes[1].rows), (Extent::Exact, 1));
}

#[tokio::test]
async fn cancelled_it_ends() {
    let (_folder, _writer, source) = database(ENDLESS).await;
    let limits = ProbeLimits::default();
    let requests = [request(&source, "endless", &[("n", "integer")]).await];
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        limits.cancel.cancel();
    };
    let started = Instant::now();
    let (probed, ()) = tokio::join!(source.probe(&requests, &limits), stop);
    assert_eq!(probed.unwrap_err().code, "CANCELLED");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn text_that_is_no_utf16_is_counted() {
    let sql = "PRAGMA encoding='UTF-16le'; CREATE TABLE t (v TEXT, w INTEGER);
        INSERT INTO t VALUES ('鸟', 1), (CAST(x'3dd8' AS TEXT), 2), (NULL, 'x'), (x'3dd8', 3);";
    let (_folder, _writer, source) = database(sql).await;
    let wanted = request(&source, "t", &[]).await;
    let probes = source.probe(&[wanted], &ProbeLimits::default()).await;
    let probe = probes.unwrap().remove(0);
    assert_eq!((probe.extent, probe.rows), (Extent::Exact, 4));
    let texts = of(&probe, "v");
    assert_eq!(
        texts.rejected,
        counts(&[("INVALID_UTF16", 1), ("STORAGE_CLASS", 1)])
    );
    assert_eq!(of(&probe, "w").rejected, counts(&[("STORAGE_CLASS", 1)]));
}
