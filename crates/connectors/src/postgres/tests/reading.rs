//! Tables, splits, filters.

use model::{TableKind, TableName};

use super::support::{
    cells, client, describe, open, open_in, options, read_all, scan, with_database,
};

const KINDS: &str = "
CREATE TABLE plain (a int, dropped int, \"b \"\"x\" text, g int GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (\"b \"\"x\", a));
ALTER TABLE plain DROP COLUMN dropped; COMMENT ON TABLE plain IS 'what it is'; CREATE UNIQUE INDEX ON plain (g);
INSERT INTO plain SELECT n, 'v' || n FROM generate_series(1, 20000) n;
CREATE TABLE parted (id int, d date) PARTITION BY RANGE (d);
CREATE TABLE leaf_b PARTITION OF parted DEFAULT;
CREATE TABLE leaf_a (d date, gone int, id int); ALTER TABLE leaf_a DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION leaf_a FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO parted SELECT n, '2024-01-01'::date + n % 700 FROM generate_series(1, 20000) n;
CREATE TABLE parent (id int, v text); CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent VALUES (1, 'p'); INSERT INTO child SELECT n, 'c', n FROM generate_series(2, 9000) n;
CREATE VIEW seen AS SELECT a FROM plain; CREATE MATERIALIZED VIEW stored AS SELECT a FROM plain;
CREATE MATERIALIZED VIEW unfilled AS SELECT a FROM plain WITH NO DATA;
CREATE VIEW broken AS SELECT a, 1 / (a - 2) AS b FROM plain;
CREATE SEQUENCE numbers; CREATE TABLE nothing (id int); CREATE TABLE bare ();";

#[tokio::test]
async fn tables_are_listed_by_kind_and_described() {
    with_database("kinds", KINDS, async |database| {
        let source = open(&database).await;
        let listed = source.tables(&["public".to_owned()]).await.unwrap();
        let kinds: Vec<(&str, TableKind)> = listed
            .iter()
            .map(|table| (table.name.table.as_str(), table.kind))
            .collect();
        let expected = [
            ("bare", TableKind::Table),
            ("broken", TableKind::View),
            ("child", TableKind::InheritanceChild),
            ("leaf_a", TableKind::Partition),
            ("leaf_b", TableKind::Partition),
            ("nothing", TableKind::Table),
            ("numbers", TableKind::Sequence),
            ("parent", TableKind::Table),
            ("parted", TableKind::PartitionedTable),
            ("plain", TableKind::Table),
            ("seen", TableKind::View),
            ("stored", TableKind::MaterializedView),
            ("unfilled", TableKind::MaterializedView),
        ];
        assert_eq!(kinds, expected);
        let plain = describe(source.as_ref(), "plain").await;
        let names: Vec<&str> = plain
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b \"x", "g"]);
        assert_eq!(plain.primary_key, ["b \"x", "a"]);
        assert_eq!(plain.unique_keys, [["g"]]);
        assert_eq!(plain.comment.as_deref(), Some("what it is"));
        assert!(plain.columns[2].generated && !plain.columns[0].nullable);
        assert!(plain.estimated_bytes.unwrap() > 0);
        let bare = describe(source.as_ref(), "bare").await;
        assert_eq!(bare.findings[0].code, "NO_COLUMNS");
        let missing = source
            .describe(&[TableName::new("public", "absent")])
            .await
            .unwrap();
        assert_eq!(missing, [None]);
    })
    .await;
}

#[tokio::test]
async fn splits_cover_each_row_once() {
    with_database("splits", KINDS, async |database| {
        let source = open(&database).await;
        for (table, key, rows, most) in [
            ("plain", 0, 20_000, 16),
            ("parted", 0, 20_000, 16),
            ("parent", 0, 9_000, 16),
            ("stored", 0, 20_000, 16),
            ("seen", 0, 20_000, 1),
            ("nothing", 0, 0, 1),
        ] {
            let (scan, _) = scan(&describe(source.as_ref(), table).await, &[], None);
            let mut counts = Vec::new();
            for wanted in [1, 2, 4, 16] {
                let (read, splits) = read_all(source.as_ref(), &scan, wanted).await.unwrap();
                let mut ids: Vec<u32> = cells(&read.batches)
                    .iter()
                    .map(|row| row[key].parse().unwrap())
                    .collect();
                ids.sort_unstable();
                assert_eq!(ids, (1..=rows).collect::<Vec<u32>>(), "{table} in {wanted}");
                assert!(
                    splits <= wanted.min(most),
                    "{table} in {wanted}: {splits} splits"
                );
                counts.push(splits);
            }
            assert!(
                most == 1 || counts[1] == 2,
                "{table} was cut into {counts:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_table_that_fails_names_itself_and_the_reason() {
    with_database("failing", KINDS, async |database| {
        let source = open(&database).await;
        for (table, code, text) in [
            ("unfilled", "NOT_READY", "has not been populated"),
            ("broken", "SERVER_DATA_ERROR", "division by zero"),
        ] {
            let (scan, _) = scan(&describe(source.as_ref(), table).await, &[], None);
            let error = read_all(source.as_ref(), &scan, 1).await.err().unwrap();
            assert_eq!(error.code, code);
            assert!(
                error.message.contains(table) && error.message.contains(text),
                "{error}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn r7_02_filters_are_checked_without_running_them() {
    let sql =
        "CREATE TABLE t (id int, at timestamptz); CREATE SCHEMA s; CREATE TABLE s.other (id int);";
    with_database("filters", sql, async |database| {
        let source = open(&database).await;
        for (filter, expected) in [
            ("id > 1", None),
            ("id > 1 -- said aloud", None),
            ("at < now() AND t.id IN (SELECT id FROM s.other)", None),
            ("1 / 0 = 1 OR id = 1", None),
            ("missing = 1", Some("FILTER_COLUMN_MISSING")),
            ("id > ", Some("FILTER_INVALID")),
            ("id", Some("FILTER_INVALID")),
            ("1=1) OR (2=2", Some("FILTER_INVALID")),
            ("1=1, 2=2", Some("FILTER_INVALID")),
            ("1=1] OR ARRAY[2=2", Some("FILTER_INVALID")),
            ("id = 1; DROP TABLE t", Some("FILTER_INVALID")),
            ("id = 1 /* never closed", Some("FILTER_INVALID")),
            ("id = $1", Some("FILTER_INVALID")),
        ] {
            let asked = [(TableName::new("public", "t"), filter.to_owned())];
            let answer = source.check_filters(&asked).await.unwrap().remove(0);
            assert_eq!(answer.map(|error| error.code), expected, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn r2_07_a_filter_means_the_migrations_zone() {
    let sql = "CREATE TABLE t (id int, at timestamptz);
         INSERT INTO t SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '1 hour' FROM generate_series(0, 47) n;";
    with_database("zones", sql, async |database| {
        for (zone, expected) in [("GMT+8", 16), ("UTC", 24), ("America/New_York", 29)] {
            let source = open_in(&options(&database), zone).await.unwrap();
            let (scan, _) = scan(
                &describe(source.as_ref(), "t").await,
                &[],
                Some("at < '2024-01-02'"),
            );
            let (rows, _) = read_all(source.as_ref(), &scan, 4).await.unwrap();
            assert_eq!(cells(&rows.batches).len(), expected, "{zone}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_selective_filter_is_one_split_and_a_wide_one_is_many() {
    with_database("selective", KINDS, async |database| {
        client(&database)
            .await
            .batch_execute("ANALYZE")
            .await
            .unwrap();
        let source = open(&database).await;
        for (table, filter, rows, is_cut) in [
            ("plain", "a < 100", 99, false),
            ("plain", "a > 100", 19_900, true),
            ("parted", "parted.id > 100", 19_900, true),
            ("parted", "public.parted.id > 100", 19_900, false),
        ] {
            let (scan, _) = scan(&describe(source.as_ref(), table).await, &[], Some(filter));
            let (read, splits) = read_all(source.as_ref(), &scan, 4).await.unwrap();
            assert_eq!(
                (cells(&read.batches).len(), splits > 1),
                (rows, is_cut),
                "{filter}"
            );
        }
    })
    .await;
}
