//! What arrives of each type, and what is refused or rejected.

use super::support::{cells, describe, open, open_in, options, read_all, scan, with_database};

/// Makes a table `t` with an `id` and column `c` of this type, reads it in two zones, and compares
/// the cells of `c`, `!CODE` standing for a rejected row.
async fn check(name: &str, setup: &str, cases: &[(&str, &str, &[&str], &[&str])]) {
    let mut sql = setup.to_owned();
    for (index, (native, _, values, _)) in cases.iter().enumerate() {
        sql.push_str(&format!(
            "CREATE TABLE t{index} (id int PRIMARY KEY, c {native});"
        ));
        for (id, value) in values.iter().enumerate() {
            sql.push_str(&format!("INSERT INTO t{index} VALUES ({id}, {value});"));
        }
    }
    with_database(name, &sql, async |database| {
        for zone in ["GMT+8", "America/New_York"] {
            let source = open_in(&options(&database), zone).await.unwrap();
            for (index, (native, read_as, _, expected)) in cases.iter().enumerate() {
                let table = describe(source.as_ref(), &format!("t{index}")).await;
                let choices = [("c", *read_as)];
                let (scan, refused) = scan(
                    &table,
                    if read_as.is_empty() { &[] } else { &choices },
                    None,
                );
                assert_eq!(refused, Vec::<String>::new(), "{native}");
                let (rows, _) = read_all(source.as_ref(), &scan, 4).await.unwrap();
                let mut found: Vec<(usize, String)> = cells(&rows.batches)
                    .into_iter()
                    .map(|row| (row[0].parse().unwrap(), row[1].clone()))
                    .collect();
                found.extend(rows.rejected.iter().map(|row| {
                    assert_eq!(row.column, "c");
                    let id = row.locator.strip_prefix("id=").unwrap().parse().unwrap();
                    (id, format!("!{}", row.code))
                }));
                found.sort();
                let found: Vec<&str> = found.iter().map(|(_, cell)| cell.as_str()).collect();
                assert_eq!(found, *expected, "{native} in {zone}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn numbers() {
    check(
        "numbers",
        "SET lc_monetary = 'C';",
        &[
            (
                "int8",
                "",
                &["-9223372036854775808", "NULL"],
                &["-9223372036854775808", "∅"],
            ),
            ("oid", "", &["4294967295"], &["4294967295"]),
            (
                "bool",
                "",
                &["true", "false", "NULL"],
                &["true", "false", "∅"],
            ),
            (
                "numeric(9,2)",
                "",
                &["1.1", "-9999999.99", "'NaN'"],
                &["1.10", "-9999999.99", "!NUMERIC_NAN"],
            ),
            (
                "numeric(5,-2)",
                "",
                &["149", "9999900"],
                &["100", "9999900"],
            ),
            ("numeric(3,5)", "", &["0.00999"], &["0.00999"]),
            (
                "numeric(38,10)",
                "",
                &["9999999999999999999999999999.9999999999", "-0.0000000001"],
                &["9999999999999999999999999999.9999999999", "-0.0000000001"],
            ),
            (
                "numeric",
                "decimal(38,10)",
                &["1.5", "'Infinity'", "1e30", "1e-11"],
                &[
                    "1.5000000000",
                    "!NUMERIC_INFINITY",
                    "!DECIMAL_PRECISION",
                    "!DECIMAL_SCALE",
                ],
            ),
            (
                "numeric",
                "text",
                &["1.10", "'NaN'", "'-Infinity'"],
                &["1.10", "NaN", "-Infinity"],
            ),
            (
                "money",
                "",
                &[
                    "'92233720368547758.07'",
                    "'-92233720368547758.08'",
                    "'-0.01'",
                ],
                &["92233720368547758.07", "-92233720368547758.08", "-0.01"],
            ),
            (
                "money",
                "text",
                &["'1234.5'", "'-0.01'", "NULL"],
                &["1234.50", "-0.01", "∅"],
            ),
            (
                "money",
                "decimal(9,1)",
                &["'1234.5'", "'0.01'", "'123456789'"],
                &["1234.5", "!DECIMAL_SCALE", "!DECIMAL_PRECISION"],
            ),
            ("money[]", "", &["'{1,NULL}'"], &["[1.00, ∅]"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn numbers_as_chosen() {
    check(
        "chosen",
        "",
        &[
            ("oid", "bigint", &["7"], &["7"]),
            (
                "oid",
                "decimal(5,2)",
                &["7", "1000"],
                &["7.00", "!DECIMAL_PRECISION"],
            ),
            (
                "int4",
                "decimal(3,0)",
                &["999", "-1000"],
                &["999", "!DECIMAL_PRECISION"],
            ),
            (
                "regproc",
                "bigint",
                &["'pg_catalog.now'::regproc"],
                &["1299"],
            ),
            (
                "numeric[]",
                "list<decimal(4,1)>",
                &["'{1.5,NULL}'", "'{1.55}'"],
                &["[1.5, ∅]", "!DECIMAL_SCALE"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn dates_and_times() {
    check(
        "times",
        "SET timezone = 'UTC';",
        &[
            (
                "date",
                "",
                &["'0001-01-01'", "'9999-12-31'", "'infinity'", "'10000-01-01'", "'0001-12-31 BC'"],
                &["0001-01-01", "9999-12-31", "!DATE_INFINITY", "!DATE_OUT_OF_RANGE", "!DATE_OUT_OF_RANGE"],
            ),
            (
                "timestamp",
                "",
                &["'1969-12-31 23:59:59.999999'", "'-infinity'", "'294276-12-31'"],
                &["1969-12-31T23:59:59.999999", "!TIMESTAMP_INFINITY", "!TIMESTAMP_OUT_OF_RANGE"],
            ),
            (
                "timestamptz",
                "",
                &["'1988-07-01 00:00:00+09'", "'0001-01-01 00:00:00+15:59:59'"],
                &["1988-06-30T15:00:00Z", "!TIMESTAMP_OUT_OF_RANGE"],
            ),
            ("timestamptz", "text", &["'2024-01-01 08:00+08'", "'infinity'"], &["2024-01-01 00:00:00+00", "infinity"]),
            ("time", "", &["'24:00:00'", "'00:00:00.000001'"], &["24:00:00", "00:00:00.000001"]),
            ("time", "time", &["'24:00:00'", "'00:00:00.000001'"], &["!TIME_24_00", "00:00:00.000001"]),
            ("timetz", "", &["'23:59:59+05:30'"], &["23:59:59+05:30"]),
            ("interval", "", &["'-1 mon +1 day -00:00:01'", "'0'"], &["P-1M1DT-1S", "PT0S"]),
            (
                "tstzrange",
                "",
                &["'[2024-01-01 08:00+08,)'", "'empty'", "'(,infinity]'"],
                &["[\"2024-01-01 00:00:00+00\",)", "empty", "(,infinity]"],
            ),
            (
                "tstzmultirange",
                "",
                &["'{[2024-01-01 00:00+00,2024-01-02 00:00+00),[2025-01-01 00:00+00,)}'", "'{}'"],
                &[
                    "{[\"2024-01-01 00:00:00+00\",\"2024-01-02 00:00:00+00\"),[\"2025-01-01 00:00:00+00\",)}",
                    "{}",
                ],
            ),
            (
                "timestamptz[]",
                "",
                &["'{2024-01-01 00:00:00+08,NULL}'", "'{infinity}'"],
                &["[2023-12-31T16:00:00Z, ∅]", "!TIMESTAMP_INFINITY"],
            ),
            (
                "timestamptz[]",
                "list<text>",
                &["'{2024-01-01 00:00:00+08,NULL,infinity}'", "'[0:0]={infinity}'"],
                &["[2023-12-31 16:00:00+00, ∅, infinity]", "!ARRAY_SHAPE"],
            ),
            (
                "timestamptz[]",
                "text",
                &["'{2024-01-01 00:00:00+08,NULL,infinity}'", "'[0:0][2:3]={{infinity,-infinity}}'", "'{}'"],
                &["{\"2023-12-31 16:00:00+00\",NULL,infinity}", "[0:0][2:3]={{infinity,-infinity}}", "{}"],
            ),
            (
                "interval",
                "struct<months:int, days:int, micros:bigint>",
                &["'-1 mon +1 day -00:00:01'", "'178000000 years'", "NULL"],
                &[
                    "{months: -1, days: 1, micros: -1000000}",
                    "{months: 2136000000, days: 0, micros: 0}",
                    "∅",
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn text_bytes_and_names() {
    check(
        "text",
        "CREATE TYPE mood AS ENUM ('sad', '', '中文'); CREATE SCHEMA s; CREATE TABLE s.other (); CREATE DOMAIN word AS text;",
        &[
            ("char(4)", "", &["'a'", "NULL"], &["a   ", "∅"]),
            ("varchar(10)", "", &["''", "E'a\\nb'"], &["", "a\nb"]),
            ("word", "", &["'x'"], &["x"]),
            ("mood", "", &["''", "'中文'"], &["", "中文"]),
            ("bytea", "", &["'\\x00ff'", "'\\x'"], &["00ff", ""]),
            ("bit(1)", "", &["B'1'", "B'0'"], &["true", "false"]),
            ("bit varying", "", &["B'0101'", "B''"], &["0101", ""]),
            ("uuid", "", &["'123E4567-e89b-12d3-a456-426614174000'"], &["123e4567-e89b-12d3-a456-426614174000"]),
            ("json", "", &["'{ \"a\":2, \"a\":3 }'", "'null'"], &["{ \"a\":2, \"a\":3 }", "null"]),
            ("jsonb", "", &["'{ \"a\":2, \"a\":3 }'"], &["{\"a\": 3}"]),
            ("xml", "", &["'<a>&#65;</a>'"], &["<a>&#65;</a>"]),
            ("inet", "", &["'192.168.1.5/24'"], &["192.168.1.5/24"]),
            ("point", "", &["'(1,2)'"], &["(1,2)"]),
            ("int4range", "", &["'[1,5]'"], &["[1,6)"]),
            ("regclass", "", &["'s.other'", "'pg_class'", "0"], &["s.other", "pg_catalog.pg_class", "-"]),
            ("regtype", "", &["'integer'"], &["integer"]),
            ("\"char\"", "", &["'x'", "''"], &["x", ""]),
        ],
    )
    .await;
}

#[tokio::test]
async fn nested_values() {
    check(
        "nested",
        "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
         CREATE TYPE addr AS (street text, zip varchar(10), pos point, at timestamptz);
         CREATE DOMAIN tags AS text[];",
        &[
            (
                "int[]",
                "",
                &[
                    "'{1,NULL,3}'",
                    "'{}'",
                    "NULL",
                    "'[0:1]={7,8}'",
                    "'{{1},{2}}'",
                ],
                &["[1, ∅, 3]", "[]", "∅", "!ARRAY_SHAPE", "!ARRAY_SHAPE"],
            ),
            (
                "int[][]",
                "",
                &["'{{1,2},{3,4}}'", "'{}'", "'{1}'"],
                &["[[1, 2], [3, 4]]", "[]", "!ARRAY_SHAPE"],
            ),
            ("int[]", "text", &["'[0:1]={7,8}'"], &["[0:1]={7,8}"]),
            (
                "tags",
                "",
                &["'{a,\"b c\",\"NULL\",NULL}'"],
                &["[a, b c, NULL, ∅]"],
            ),
            (
                "numeric[]",
                "list<text>",
                &["'{1.10,NaN}'"],
                &["[1.10, NaN]"],
            ),
            (
                "numeric(9,2)[]",
                "",
                &["'{1.1}'", "'{1,NaN}'"],
                &["[1.10]", "!NUMERIC_NAN"],
            ),
            ("inet[]", "", &["'{10.0.0.1/8}'"], &["[10.0.0.1/8]"]),
            (
                "addr",
                "",
                &[
                    "ROW('a','1','(1,1e20)','2024-01-01 00:00+00')",
                    "ROW(NULL,NULL,NULL,NULL)",
                    "NULL",
                ],
                &[
                    "{street: a, zip: 1, pos: (1,1e+20), at: 2024-01-01T00:00:00Z}",
                    "{street: ∅, zip: ∅, pos: ∅, at: ∅}",
                    "∅",
                ],
            ),
            (
                "addr[]",
                "",
                &["ARRAY[ROW('a',NULL,NULL,'infinity')::addr]", "'{}'"],
                &["!TIMESTAMP_INFINITY", "[]"],
            ),
            (
                "hstore",
                "",
                &["'n=>NULL, e=>\"\"'", "''", "NULL"],
                &["{e: , n: ∅}", "{}", "∅"],
            ),
            ("citext", "", &["'Mixed'"], &["Mixed"]),
            ("ltree", "", &["'Top.Science'"], &["Top.Science"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let sql =
        "CREATE TABLE t (id int, n numeric, big numeric(39,0), ns numeric[], f regproc, ok text);
         CREATE TYPE dear AS (price money); CREATE TABLE inst (r tstzrange, a tstzrange[], d dear);";
    with_database("refused", sql, async |database| {
        let source = open(&database).await;
        let table = describe(source.as_ref(), "t").await;
        let (_, refused) = scan(&table, &[], None);
        let expected = [
            "n DECIMAL_PRECISION",
            "big DECIMAL_PRECISION",
            "ns DECIMAL_PRECISION",
            "f UNKNOWN_TYPE",
        ];
        assert_eq!(refused, expected);
        let table = describe(source.as_ref(), "inst").await;
        let (_, refused) = scan(&table, &[("a", "text"), ("d", "text")], None);
        assert_eq!(
            refused,
            ["a TEXT_DEPENDS_ON_SESSION", "d TEXT_DEPENDS_ON_SESSION"]
        );
    })
    .await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_rejected_with_its_bytes() {
    let sql = "CREATE TABLE t (k float8 PRIMARY KEY, v text);
         INSERT INTO t VALUES (1, 'plain'), (2, convert_from('\\xc4e3bac3', 'SQL_ASCII'));";
    with_database("ascii", sql, async |database| {
        let source = open(&database).await;
        let (scan, _) = scan(&describe(source.as_ref(), "t").await, &[], None);
        let (rows, _) = read_all(source.as_ref(), &scan, 1).await.unwrap();
        assert_eq!(cells(&rows.batches), [["1.0", "plain"]]);
        let rejected = &rows.rejected[0];
        assert_eq!(
            (rejected.code.as_str(), rejected.bytes_hex.as_str()),
            ("INVALID_UTF8", "c4e3bac3")
        );
        assert_eq!(rejected.locator, "row 2");
    })
    .await;
}
