//! What arrives of each type in a PostgreSQL table: the server itself compares both tables, by text and
//! by bits.

use model::migration::LoadingPolicy;

use super::support::with_database;
use super::writing::World;

/// Loads `public.t` into `there.t` and lets the server compare every cell.
async fn arrives(name: &str, sql: &str, columns: &[(&str, &str)]) {
    with_database(name, sql, async |database| {
        let world = World::of(&database).await;
        let plan = world.plan("t", "t", LoadingPolicy::Overwrite).await;
        let load = world.load(&plan, "values").await.unwrap();
        assert_eq!(load.unfit, []);
        let counts = "SELECT (SELECT count(*) FROM public.t) = (SELECT count(*) FROM there.t), \
                      (SELECT count(*) > 0 FROM there.t)";
        assert_eq!(world.rows(counts).await, ["t|t"]);
        for (column, native) in columns {
            let differing = format!(
                "SELECT a.id, a.{column}::text, b.{column}::text FROM public.t a FULL JOIN there.t b USING (id) \
                 WHERE a.{column}::text IS DISTINCT FROM b.{column}::text"
            );
            assert_eq!(world.rows(&differing).await, Vec::<String>::new(), "{column}");
            let made = format!(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute \
                 WHERE attrelid = 'there.t'::regclass AND attname = '{column}'"
            );
            assert_eq!(world.rows(&made).await, [*native], "{column}");
        }
        assert_eq!(world.leftovers().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn numbers_to_their_last_digit_and_bit() {
    arrives(
        "arrive_numbers",
        "CREATE TABLE t (id int PRIMARY KEY, s int2, b int8, r real, d float8, n numeric(38,10), m numeric(9,2), z numeric(5,0), k bool);
         INSERT INTO t VALUES
         (1, -32768, -9223372036854775808, 'NaN', 'NaN', 1.1, 1.10, 0, true),
         (2, 32767, 9223372036854775807, 'Infinity', '-Infinity', -9999999999999999999999999999.9999999999, -0.01, 10000, false),
         (3, 0, 0, '-0', '-0', 0.0000000001, 0, 99999, NULL),
         (4, NULL, NULL, 1.4e-45, 4.9e-324, NULL, NULL, NULL, NULL),
         (5, 1, 1, 3.4028235e38, 1.7976931348623157e308, 10000, 9999999.99, -1, true),
         (6, 1, 1, 0.1, 0.1, 0.00010001, 100.00, 1000, true);",
        &[
            ("s", "smallint"),
            ("b", "bigint"),
            ("r", "real"),
            ("d", "double precision"),
            ("n", "numeric(38,10)"),
            ("m", "numeric(9,2)"),
            ("z", "numeric(5,0)"),
            ("k", "boolean"),
        ],
    )
    .await;
}

#[tokio::test]
async fn texts_bytes_and_documents() {
    arrives(
        "arrive_texts",
        r#"CREATE TABLE t (id int PRIMARY KEY, t text, v varchar(5), b bytea, u uuid, j json);
         INSERT INTO t VALUES
         (1, '', '', '', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{ "z":1, "a":2, "a":3 }'),
         (2, NULL, NULL, NULL, NULL, 'null'),
         (3, 'NULL', E'\\N', '\x00ff0a5c', '00000000-0000-0000-0000-000000000000', '"\u0000"'),
         (4, E'tab\there "quotes" \\ line\nbreak\r\n', '日本語', '\x', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '1e400'),
         (5, repeat('😀', 300000), '😀😀😀😀😀', decode(repeat('00ff', 500000), 'hex'), NULL, '[]');"#,
        &[
            ("t", "text"),
            ("v", "character varying(5)"),
            ("b", "bytea"),
            ("u", "uuid"),
            ("j", "json"),
        ],
    )
    .await;
}

#[tokio::test]
async fn days_and_moments() {
    arrives(
        "arrive_moments",
        "CREATE TABLE t (id int PRIMARY KEY, d date, ts timestamp, t0 timestamp(0), i timestamptz(3));
         INSERT INTO t VALUES
         (1, '0001-01-01', '0001-01-01', '0001-01-01', '0001-01-01 00:00:00+00'),
         (2, '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999+00'),
         (3, '1969-12-31', '1969-12-31 23:59:59.999999', '1970-01-01', '1969-12-31 23:59:59.999+00'),
         (4, '2024-02-29', '2000-01-01', '2024-02-29 12:00', '2024-11-03 05:30:00+00'),
         (5, NULL, NULL, NULL, NULL), (6, '1582-10-10', '1582-10-10', NULL, '2024-11-03 06:30:00+00');",
        &[
            ("d", "date"),
            ("ts", "timestamp without time zone"),
            ("t0", "timestamp(0) without time zone"),
            ("i", "timestamp(3) with time zone"),
        ],
    )
    .await;
}

#[tokio::test]
async fn arrays() {
    arrives(
        "arrive_arrays",
        "CREATE TABLE t (id int PRIMARY KEY, i int[], t text[], v varchar(4)[], n numeric(9,2)[], b bytea[], m int[][]);
         INSERT INTO t VALUES
         (1, '{}', '{}', '{}', '{}', '{}', '{}'),
         (2, '{1,NULL,-3}', '{NULL,\"NULL\",\"\",\"a,b\",\"\\\"\"}', '{abcd,日本語}', '{1.10,-0.01}', ARRAY['\\x00'::bytea, ''], '{{1,2,3},{4,NULL,6}}'),
         (3, NULL, NULL, NULL, NULL, NULL, NULL);",
        &[
            ("i", "integer[]"),
            ("t", "text[]"),
            ("v", "character varying(4)[]"),
            ("n", "numeric(9,2)[]"),
            ("b", "bytea[]"),
            ("m", "integer[]"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_thousand_columns() {
    let columns: Vec<String> = (0..1200).map(|n| format!("c{n} int")).collect();
    let values: Vec<String> = (0..1200).map(|n| n.to_string()).collect();
    let sql = format!(
        "CREATE TABLE t (id int PRIMARY KEY, {}); INSERT INTO t VALUES (1, {})",
        columns.join(", "),
        values.join(", ")
    );
    arrives(
        "arrive_wide",
        &sql,
        &[("c0", "integer"), ("c1199", "integer")],
    )
    .await;
}

#[tokio::test]
async fn what_the_server_would_refuse_or_change_is_told_by_row() {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};

    let sql = "CREATE TABLE t (id int PRIMARY KEY, v varchar(3))";
    with_database("arrive_unfit", sql, async |database| {
        let world = World::of(&database).await;
        let plan = world.plan("t", "t", LoadingPolicy::Overwrite).await;
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a\0", "abcd", "日本語"]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("v", texts)]).unwrap();
        let unfit = world.destination.unfit(&plan.write, &batch).unwrap();
        let found: Vec<(usize, usize, &str)> = unfit
            .iter()
            .map(|unfit| (unfit.row, unfit.column, unfit.code))
            .collect();
        assert_eq!(found, [(0, 1, "NUL_IN_TEXT"), (1, 1, "TEXT_TOO_LONG")]);
        // The server agrees: each of them stops a COPY, and the third does not.
        for row in 0..3 {
            let result = world
                .staged_of(&plan.write, &format!("row{row}"), vec![batch.slice(row, 1)])
                .await;
            assert_eq!(result.is_ok(), row == 2, "row {row}");
        }
    })
    .await;
}

#[tokio::test]
async fn documents_into_columns_of_jsonb_and_of_domains_over_it() {
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let sql = format!(
        r#"CREATE SCHEMA there; CREATE DOMAIN there.doc AS jsonb; CREATE DOMAIN there.chars AS text[];
        CREATE TABLE t (id int PRIMARY KEY, d json, j json, n text[]);
        INSERT INTO t VALUES (1, '{{"a": "\\u0000"}}', '{{"a": "\\u0000"}}', '{{x}}'), (2, '1e400', '[1e400]', NULL), (3, '{deep}', '{deep}', '{{}}');
        CREATE TABLE there.t (id int PRIMARY KEY, d there.doc, j jsonb, n there.chars);"#
    );
    with_database("arrive_jsonb", &sql, async |database| {
        let world = World::of(&database).await;
        let mut plan = world.plan("t", "t", LoadingPolicy::Overwrite).await;
        let load = world.load(&plan, "documents").await.unwrap();
        assert_eq!(load.unfit, []);
        let differ = "SELECT id FROM public.t a FULL JOIN there.t b USING (id) \
                      WHERE a.d::jsonb IS DISTINCT FROM b.d OR a.j::jsonb IS DISTINCT FROM b.j OR a.n IS DISTINCT FROM b.n";
        assert_eq!(world.rows(differ).await, Vec::<String>::new());
        // What jsonb does not hold is told by row, and the server agrees.
        let refused = [r#""\u0000""#, r#""\\\u0000""#, "1e131072", r#""\ud800""#, "1e-16384"];
        for (row, text) in refused.iter().enumerate() {
            assert!(world.client.simple_query(&format!("SELECT '{text}'::jsonb")).await.is_err(), "{text}");
            world.run(&format!("TRUNCATE public.t; INSERT INTO public.t VALUES (1, '{text}', '{text}', NULL)")).await;
            plan = world.plan("t", "t", LoadingPolicy::Overwrite).await;
            let batches = world.read(&plan.scan).await;
            let unfit = world.destination.unfit(&plan.write, &batches[0]).unwrap();
            assert_eq!((unfit.len(), unfit[0].code, unfit[0].column), (1, "NOT_JSON", 1), "{text}");
            let result = world.staged_of(&plan.write, &format!("row{row}"), batches).await;
            assert!(result.is_err(), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn moments_beyond_what_the_server_knows_are_told_by_row() {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Int32Array, RecordBatch, TimestampMicrosecondArray};

    let sql = "CREATE TABLE t (id int PRIMARY KEY, d date, ts timestamp)";
    with_database("arrive_moment", sql, async |database| {
        let world = World::of(&database).await;
        let plan = world.plan("t", "t", LoadingPolicy::Overwrite).await;
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![0, 1, 2, 3, 4, 5]));
        let days = [0, -2_440_588, -2_440_589, 2_145_042_905, 2_145_042_906, i32::MIN];
        let days: ArrayRef = Arc::new(Date32Array::from(days.to_vec()));
        let first = -210_866_803_200_000_000_i64;
        let micros = vec![i64::MIN, first, i64::MAX, 0, 0, first - 1];
        let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(micros));
        let batch = RecordBatch::try_from_iter([("id", ids), ("d", days), ("ts", micros)]).unwrap();
        let unfit = world.destination.unfit(&plan.write, &batch).unwrap();
        let found: Vec<(usize, &str)> = unfit.iter().map(|unfit| (unfit.row, unfit.code)).collect();
        let date = "DATE_OUT_OF_RANGE";
        assert_eq!(found, [(0, "TIMESTAMP_OUT_OF_RANGE"), (2, date), (4, date), (5, date)]);
        // The server agrees: the others go in as they are, and each of these fails.
        for row in 0..6 {
            let load = world.staged_of(&plan.write, &format!("row{row}"), vec![batch.slice(row, 1)]).await;
            assert_eq!(load.is_ok(), row == 1 || row == 3, "row {row}");
        }
        let arrived = "SELECT d, ts FROM there.godwit_row1 UNION ALL SELECT d, ts FROM there.godwit_row3 ORDER BY 1";
        assert_eq!(world.rows(arrived).await, ["4714-11-24 BC|4714-11-24 00:00:00 BC", "5874897-12-31|1970-01-01 00:00:00"]);
    })
    .await;
}
