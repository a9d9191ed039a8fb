//! What a person may accept or choose: each changes what arrives in the way said, and nothing else.

use std::collections::BTreeMap;

use model::migration::ColumnChoice;
use model::table::ListedTable;
use model::{NativeTable, TableKind};
use serde_json::json;

use super::support::{
    cells, client, describe, open, open_in, open_to_read, options, read_all, scan, scan_as,
    variable, with_database,
};

fn charset(column: &str, name: &str) -> BTreeMap<String, ColumnChoice> {
    let choice = ColumnChoice {
        charset: Some(name.to_owned()),
        ..ColumnChoice::default()
    };
    BTreeMap::from([(column.to_owned(), choice)])
}

fn codes(table: &NativeTable) -> Vec<&str> {
    table
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

/// Two characters of GBK, and bytes that are none, in a database that believes otherwise.
async fn text_in_another_charset(name: &str) {
    let sql = format!(
        "CREATE DOMAIN word AS text;
         CREATE TABLE t (id int PRIMARY KEY, v text, w word);
         INSERT INTO t VALUES (1, 'plain', 'x'), (2, convert_from('\\xc4e3bac3', '{encoding}'), NULL),
                              (3, convert_from('\\x61ff62', '{encoding}'), '');",
        encoding = if name == "latin" { "LATIN1" } else { "SQL_ASCII" },
    );
    with_database(name, &sql, async |database| {
        let source = open(&database).await;
        let table = describe(source.as_ref(), "t").await;
        let (scan, refused) = scan_as(&table, &charset("v", "GBK"), None);
        assert_eq!(refused, Vec::<String>::new());
        let (rows, _) = read_all(source.as_ref(), &scan, 1).await.unwrap();
        assert_eq!(
            cells(&rows.batches),
            [["1", "plain", "x"], ["2", "你好", "∅"]]
        );
        let rejected = &rows.rejected[0];
        assert_eq!(
            (rejected.locator.as_str(), rejected.column.as_str()),
            ("id=3", "v")
        );
        assert_eq!(
            (rejected.code.as_str(), rejected.bytes_hex.as_str()),
            ("UNMAPPABLE_CHAR", "61ff62")
        );
        let (_, refused) = scan_as(&table, &charset("id", "gbk"), None);
        assert_eq!(refused, ["id CHARSET"]);
        let (_, refused) = scan_as(&table, &charset("w", "klingon"), None);
        assert_eq!(refused, ["w UNKNOWN_CHARSET"]);
    })
    .await;
}

#[tokio::test]
async fn bytes_without_an_encoding_are_read_in_the_charset_that_is_named() {
    text_in_another_charset("bytes").await;
}

#[tokio::test]
async fn bytes_of_another_charset_than_the_databases_are_read_in_it() {
    text_in_another_charset("latin").await;
}

#[tokio::test]
async fn bytes_without_a_character_fail_the_table_or_reject_their_row() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, v text);
         INSERT INTO t VALUES (1, convert_from('\\xe9', 'WIN1252')), (2, convert_from('\\x6181', 'WIN1252'));";
    with_database("windows", sql, async |database| {
        let source = open(&database).await;
        let table = describe(source.as_ref(), "t").await;
        let (scan, _) = scan_as(&table, &BTreeMap::new(), None);
        let error = read_all(source.as_ref(), &scan, 1).await.err().unwrap();
        assert_eq!(error.code, "SERVER_DATA_ERROR");
        assert!(error.hint.unwrap().contains("charset"));
        assert!(!error.message.contains("0x81"), "{}", error.message);
        let (scan, _) = scan_as(&table, &charset("v", "cp1251"), None);
        let (rows, _) = read_all(source.as_ref(), &scan, 1).await.unwrap();
        assert_eq!(cells(&rows.batches), [["1", "й"], ["2", "aЃ"]]);
    })
    .await;
}

#[tokio::test]
async fn text_that_the_server_checked_is_in_no_other_charset() {
    with_database(
        "utf8",
        "CREATE TABLE t (id int, v text);",
        async |database| {
            let source = open(&database).await;
            let table = describe(source.as_ref(), "t").await;
            let (_, refused) = scan_as(&table, &charset("v", "gbk"), None);
            assert_eq!(refused, ["v CHARSET"]);
            let (_, refused) = scan_as(&table, &charset("v", "UTF-8"), None);
            assert_eq!(refused, Vec::<String>::new());
        },
    )
    .await;
}

#[tokio::test]
async fn inherited_rows_may_be_left_out() {
    let sql = "CREATE TABLE parent (id int, v text); CREATE TABLE child (extra int) INHERITS (parent);
         CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF parted DEFAULT;
         INSERT INTO parted VALUES (7);
         INSERT INTO parent VALUES (1, 'p'); INSERT INTO child SELECT n, 'c', n FROM generate_series(2, 9000) n;";
    with_database("inherited", sql, async |database| {
        for (read, parent, child) in [
            (json!({}), 9_000, TableKind::InheritanceChild),
            (json!({"inherited-rows": "leave-out"}), 1, TableKind::Table),
        ] {
            let source = open_to_read(&options(&database), &read, "UTC")
                .await
                .unwrap();
            let listed = source.tables(&["public".to_owned()]).await.unwrap();
            let kind = |table: &ListedTable| (table.name.table == "child").then_some(table.kind);
            assert_eq!(listed.iter().find_map(kind), Some(child), "{read}");
            for (table, expected) in [("parent", parent), ("child", 8_999), ("parted", 1)] {
                for wanted in [1, 16] {
                    let (scan, _) = scan(&describe(source.as_ref(), table).await, &[], None);
                    let (rows, _) = read_all(source.as_ref(), &scan, wanted).await.unwrap();
                    assert_eq!(cells(&rows.batches).len(), expected, "{table}, {read}");
                }
            }
        }
    })
    .await;
}

const POLICIES: &str = "
CREATE TABLE owned (id int PRIMARY KEY, owner text, v text);
INSERT INTO owned SELECT n, CASE WHEN n % 2 = 0 THEN 'mine' ELSE 'other' END, repeat('x', 100) FROM generate_series(1, 8000) n;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON owned USING (owner = 'mine');
CREATE VIEW through WITH (security_barrier) AS SELECT id FROM owned;
CREATE TABLE partly (id int PRIMARY KEY, secret text); INSERT INTO partly SELECT n, repeat('s', 200) FROM generate_series(1, 9000) n;";

/// A reader who sees some rows and some columns; the view's owner sees as little.
async fn limited_reader(database: &str) -> serde_json::Value {
    let role = format!("{database}_reader");
    let password = variable("PASSWORD").unwrap();
    let grants = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{password}'; GRANT SELECT ON owned, through TO {role};
         GRANT SELECT (id) ON partly TO {role}; ALTER VIEW through OWNER TO {role};"
    );
    client(database).await.batch_execute(&grants).await.unwrap();
    let mut options = options(database);
    options["user"] = json!(role);
    options
}

async fn drop_reader(database: &str) {
    let role = format!("{database}_reader");
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    client(database).await.batch_execute(&drop).await.unwrap();
}

#[tokio::test]
async fn rows_hidden_by_policies_are_accepted_by_name_only() {
    with_database("policies", POLICIES, async |database| {
        let options = limited_reader(&database).await;
        let strict = open_in(&options, "UTC").await.unwrap();
        assert_eq!(
            codes(&describe(strict.as_ref(), "owned").await),
            ["ROW_SECURITY"]
        );
        let accepting = json!({"row-security": "accept-filtered-rows"});
        let source = open_to_read(&options, &accepting, "UTC").await.unwrap();
        let table = describe(source.as_ref(), "owned").await;
        assert_eq!(codes(&table), ["ROW_SECURITY_FILTERED"]);
        assert!(!table.findings[0].is_blocker());
        for (filter, wanted, expected) in [
            (None, 1, 4_000),
            (None, 8, 4_000),
            (Some("id > 7000"), 8, 500),
        ] {
            let (scan, _) = scan(&table, &[], filter);
            if let Some(filter) = filter {
                let asked = [(table.name.clone(), filter.to_owned())];
                assert!(source.check_filters(&asked).await.unwrap()[0].is_none());
            }
            let (rows, _) = read_all(source.as_ref(), &scan, wanted).await.unwrap();
            assert_eq!(
                cells(&rows.batches).len(),
                expected,
                "{filter:?} in {wanted}"
            );
        }
        // What was not named as filtered is not filtered without a word: the server refuses it.
        let (scan, _) = scan(&describe(source.as_ref(), "through").await, &[], None);
        let error = read_all(source.as_ref(), &scan, 1).await.err().unwrap();
        assert!(error.message.contains("row-level security"), "{error}");
        drop((strict, source));
        drop_reader(&database).await;
    })
    .await;
}

#[tokio::test]
async fn a_right_to_some_columns_is_enough_for_a_large_table() {
    with_database("columns", POLICIES, async |database| {
        let options = limited_reader(&database).await;
        let source = open_in(&options, "UTC").await.unwrap();
        let (scan, refused) = scan(&describe(source.as_ref(), "partly").await, &[], None);
        assert_eq!(refused, ["secret NO_RIGHT"]);
        let (rows, _) = read_all(source.as_ref(), &scan, 4).await.unwrap();
        assert_eq!(cells(&rows.batches).len(), 9_000);
        drop(source);
        drop_reader(&database).await;
    })
    .await;
}

#[tokio::test]
async fn padding_goes_where_asked() {
    let sql = "CREATE TYPE pair AS (a char(3), b text);
         CREATE TABLE t (id char(4) PRIMARY KEY, v text, l char(3)[], p pair);
         INSERT INTO t VALUES ('a', 'b  ', '{x,NULL}', ROW('y', 'z '));";
    with_database("padding", sql, async |database| {
        for (read, expected) in [
            (json!({}), ["a   ", "b  ", "[x  , ∅]", "{a: y  , b: z }"]),
            (
                json!({"char-padding": "trim"}),
                ["a", "b  ", "[x, ∅]", "{a: y, b: z }"],
            ),
        ] {
            let source = open_to_read(&options(&database), &read, "UTC")
                .await
                .unwrap();
            let (scan, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
            let (rows, _) = read_all(source.as_ref(), &scan, 1).await.unwrap();
            assert_eq!(cells(&rows.batches), [expected], "{read}");
        }
    })
    .await;
}

#[tokio::test]
async fn large_objects_are_warned_of_or_copied() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, o oid); INSERT INTO t VALUES (1, NULL);";
    with_database("objects", sql, async |database| {
        let source = open(&database).await;
        assert_eq!(codes(&describe(source.as_ref(), "t").await), [""; 0]);
        let other = client(&database).await;
        let fill = "INSERT INTO t VALUES (2, lo_from_bytea(0, '\\xdeadbeef'))";
        other.batch_execute(fill).await.unwrap();
        let table = describe(source.as_ref(), "t").await;
        assert_eq!(codes(&table), ["LARGE_OBJECT_NOT_COPIED"]);
        assert_eq!(table.findings[0].at, "public.t.o");
        let (content, _) = scan(&table, &[("o", "binary")], None);
        let (rows, _) = read_all(source.as_ref(), &content, 1).await.unwrap();
        assert_eq!(cells(&rows.batches), [["1", "∅"], ["2", "deadbeef"]]);
        other
            .batch_execute("INSERT INTO t VALUES (3, 4294967295)")
            .await
            .unwrap();
        let error = read_all(source.as_ref(), &content, 1).await.err().unwrap();
        assert!(error.message.contains("large object 4294967295"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn views_are_cut_by_the_columns_asked_for() {
    let sql = "CREATE TABLE t (id int, k text COLLATE \"C\", n numeric, at timestamptz);
         INSERT INTO t SELECT i, (ARRAY['', 'Ä', 'a', '~'])[1 + i % 4], CASE WHEN i % 7 = 0 THEN 'NaN'::numeric WHEN i % 7 = 1 THEN 'Infinity'
           ELSE i % 100 END, CASE WHEN i % 5 = 0 THEN 'infinity' ELSE '2024-01-01'::timestamptz + i * interval '1 s' END
           FROM generate_series(1, 8000) i;
         INSERT INTO t SELECT i, NULL, NULL, NULL FROM generate_series(8001, 8100) i;
         INSERT INTO t SELECT i, 'x', NULL, NULL FROM generate_series(8101, 8200) i;
         CREATE VIEW v AS SELECT * FROM t;";
    with_database("views", sql, async |database| {
        let source = open(&database).await;
        let table = describe(source.as_ref(), "v").await;
        let choices = [("n", "text"), ("at", "text")];
        let (mut scan, _) = scan(&table, &choices, Some("id <> 17"));
        let expected: Vec<u32> = (1..=8_200).filter(|id| *id != 17).collect();
        for (key, least) in [
            (&["id"][..], 8),
            (&["k"], 3),
            (&["n", "k"], 6),
            (&["at", "id"], 6),
            (&[], 1),
        ] {
            scan.split_by = key.iter().map(|name| (*name).to_owned()).collect();
            for wanted in [1, 2, 16] {
                let (rows, splits) = read_all(source.as_ref(), &scan, wanted).await.unwrap();
                let mut ids: Vec<u32> = cells(&rows.batches)
                    .iter()
                    .map(|row| row[0].parse().unwrap())
                    .collect();
                ids.sort_unstable();
                assert_eq!(ids, expected, "{key:?} in {wanted}");
                let enough = splits >= least.min(wanted).min(2) && (wanted < 16 || splits >= least);
                assert!(splits <= wanted && enough, "{key:?} in {wanted}: {splits}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn values_stay_out_of_messages() {
    let sql = "CREATE TABLE t (v text); INSERT INTO t VALUES ('secret-4711');
         CREATE VIEW broken AS SELECT v::int AS n FROM t;";
    with_database("messages", sql, async |database| {
        let source = open(&database).await;
        let (scan, _) = scan(&describe(source.as_ref(), "broken").await, &[], None);
        let error = read_all(source.as_ref(), &scan, 1).await.err().unwrap();
        assert_eq!(error.code, "SERVER_DATA_ERROR");
        assert!(
            !error.message.contains("4711") && error.message.contains("integer"),
            "{error}"
        );
        let asked = [(scan.table.clone(), "n = 'abc'".to_owned())];
        let answer = source
            .check_filters(&asked)
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        assert!(
            answer.message.contains("abc"),
            "the person's own words are told: {answer}"
        );
    })
    .await;
}
