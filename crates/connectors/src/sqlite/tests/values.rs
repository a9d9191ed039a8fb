//! Every storage class in every declared type: exact, or rejected with its class and its row.

use arrow::array::{Array, AsArray};
use arrow::util::display::array_value_to_string;

use super::*;

/// What a value stored in a column of the declared type becomes: its text, or the code of its
/// rejection.
async fn check(declared: &str, cases: &[(&str, Result<&str, &str>)]) {
    let mut sql = format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared});");
    for (index, (literal, _)) in cases.iter().enumerate() {
        sql += &format!("INSERT INTO t VALUES ({}, {literal});", index + 1);
    }
    let (_folder, _writer, source) = database(&sql).await;
    let scan = scan_of(&described(&source, "t").await);
    let read = read_all(&source, &scan).await.unwrap();
    let mut found: Vec<(i64, Result<String, String>)> = Vec::new();
    for batch in &read.batches {
        let ids = batch
            .column(0)
            .as_primitive::<arrow::datatypes::Int64Type>();
        for row in 0..batch.num_rows() {
            let text = match batch.column(1) {
                column if column.is_null(row) => "NULL".to_owned(),
                column => array_value_to_string(column, row).unwrap(),
            };
            found.push((ids.value(row), Ok(text)));
        }
    }
    for row in &read.rejected {
        let id = row.locator.strip_prefix("rowid=").unwrap().parse().unwrap();
        assert_eq!(row.column, "v");
        found.push((id, Err(row.code.clone())));
    }
    found.sort_by_key(|(id, _)| *id);
    assert_eq!(read.rows_read, cases.len() as u64);
    assert_eq!(found.len(), cases.len());
    for ((_, found), (literal, expected)) in found.iter().zip(cases) {
        let found = found.as_deref().map_err(String::as_str);
        assert_eq!(found, *expected, "{literal} in {declared}");
    }
}

const CLASS: Result<&str, &str> = Err("STORAGE_CLASS");

#[tokio::test]
async fn numbers() {
    let integers = [
        ("NULL", Ok("NULL")),
        ("-9223372036854775808", Ok("-9223372036854775808")),
        ("9223372036854775807", Ok("9223372036854775807")),
        ("300", Ok("300")),
        ("'12'", Ok("12")),
        ("3.0", Ok("3")),
        ("3.5", CLASS),
        ("'abc'", CLASS),
        ("9223372036854775808", CLASS),
        ("x'00'", CLASS),
    ];
    check("INTEGER", &integers).await;
    check("TINYINT", &integers).await;
    check(
        "BOOLEAN",
        &[
            ("TRUE", Ok("true")),
            ("0", Ok("false")),
            ("2", Err("NOT_A_BOOLEAN")),
            ("'true'", CLASS),
            ("0.5", CLASS),
            ("x'01'", CLASS),
        ],
    )
    .await;
    check(
        "DOUBLE",
        &[
            ("1", Ok("1.0")),
            ("1e300", Ok("1e300")),
            ("9e999", Ok("inf")),
            ("'x'", CLASS),
            ("x'01'", CLASS),
        ],
    )
    .await;
}

#[tokio::test]
async fn decimals() {
    check(
        "DECIMAL(15,2)",
        &[
            ("NULL", Ok("NULL")),
            ("1.1", Ok("1.10")),
            ("'1.10'", Ok("1.10")),
            ("0.29", Ok("0.29")),
            ("-1234567890123.45", Ok("-1234567890123.45")),
            ("9999999999999.99", Ok("9999999999999.99")),
            ("100", Ok("100.00")),
            ("1.005", Err("DECIMAL_SCALE")),
            ("0.1 + 0.2", CLASS),
            ("10000000000000", Err("DECIMAL_PRECISION")),
            ("1e300", Err("DECIMAL_PRECISION")),
            ("9e999", CLASS),
            ("'abc'", CLASS),
            ("x'31'", CLASS),
        ],
    )
    .await;
    check(
        "NUMERIC(38,4)",
        &[
            ("9223372036854775807", Ok("9223372036854775807.0000")),
            ("0.1", Ok("0.1000")),
            ("0.12345678901234567", CLASS),
            ("0.00001", Err("DECIMAL_SCALE")),
        ],
    )
    .await;
}

#[tokio::test]
async fn texts_and_bytes() {
    check(
        "VARCHAR(3)",
        &[
            ("''", Ok("")),
            ("'longer than three'", Ok("longer than three")),
            ("'鸟 🐦 é'", Ok("鸟 🐦 é")),
            ("12", Ok("12")),
            ("CAST(x'61ff' AS TEXT)", Err("INVALID_UTF8")),
            ("x'61'", CLASS),
        ],
    )
    .await;
    check(
        "BLOB",
        &[
            ("x''", Ok("")),
            ("x'00ff'", Ok("00ff")),
            ("'text'", CLASS),
            ("1", CLASS),
            ("1.5", CLASS),
        ],
    )
    .await;
    check(
        "UUID",
        &[
            (
                "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
                Ok("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            ),
            (
                "x'a0eebc999c0b4ef8bb6d6bb9bd380a11'",
                Ok("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            ),
            ("'a0eebc99'", Err("INVALID_UUID")),
            ("x'00'", CLASS),
            ("5", CLASS),
        ],
    )
    .await;
    check(
        "JSON",
        &[
            (r#"'{ "z":1, "z":2 }'"#, Ok(r#"{ "z":1, "z":2 }"#)),
            ("'null'", Ok("null")),
            ("'42'", Ok("42")),
            ("'{a:1}'", Err("NOT_JSON")),
            ("''", Err("NOT_JSON")),
            ("x'00'", CLASS),
        ],
    )
    .await;
}

#[tokio::test]
async fn dates_and_times() {
    check(
        "DATE",
        &[
            ("'2024-02-29'", Ok("2024-02-29")),
            ("'0001-01-01'", Ok("0001-01-01")),
            ("'2023-02-29'", Err("INVALID_DATE")),
            ("'29.2.2024'", Err("INVALID_DATE")),
            ("20240229", CLASS),
            ("2460369.5", CLASS),
            ("x'00'", CLASS),
        ],
    )
    .await;
    check(
        "DATETIME",
        &[
            ("'2024-02-29 23:59:59'", Ok("2024-02-29T23:59:59")),
            (
                "'2024-02-29T23:59:59.000001'",
                Ok("2024-02-29T23:59:59.000001"),
            ),
            ("'2024-02-29T23:59:59Z'", Err("ZONE_IN_TIMESTAMP")),
            ("1709251199", CLASS),
            ("x'00'", CLASS),
        ],
    )
    .await;
    check(
        "TIMESTAMPTZ",
        &[
            ("'2024-02-29 00:00:00+08:00'", Ok("2024-02-28T16:00:00Z")),
            ("'2024-02-29 00:00:00'", Err("INVALID_TIMESTAMP")),
            ("0", CLASS),
        ],
    )
    .await;
    check(
        "TIME",
        &[
            ("'23:59:59.5'", Ok("23:59:59.500")),
            ("'24:00:00'", Err("INVALID_TIME")),
            ("86399", CLASS),
        ],
    )
    .await;
}

#[tokio::test]
async fn undeclared_columns_read_as_text_keep_every_digit() {
    check(
        "",
        &[
            ("NULL", Ok("NULL")),
            ("42", Ok("42")),
            ("0.1", Ok("0.1")),
            ("0.1 + 0.2", Ok("0.30000000000000004")),
            ("1e300", Ok("1e300")),
            ("9e999", Ok("Inf")),
            ("'a'", Ok("a")),
            ("x'61'", CLASS),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_reason_names_the_storage_class() {
    let sql = "CREATE TABLE t (a INT, b DATE); INSERT INTO t VALUES (1.5, 7), (1, 8);";
    let (_folder, _writer, source) = database(sql).await;
    let scan = scan_of(&described(&source, "t").await);
    let rejected = read_all(&source, &scan).await.unwrap().rejected;
    let reasons: Vec<(&str, &str, &str)> = rejected
        .iter()
        .map(|row| {
            (
                row.column.as_str(),
                row.reason.as_str(),
                row.bytes_hex.as_str(),
            )
        })
        .collect();
    assert_eq!(
        reasons,
        [
            ("a", "storage class REAL, expected is INTEGER", "312e35"),
            (
                "b",
                "storage class INTEGER, expected is TEXT in ISO 8601",
                "38"
            ),
        ]
    );
}

#[tokio::test]
async fn a_file_of_utf16_reads_the_same() {
    let sql = "PRAGMA encoding='UTF-16le'; CREATE TABLE t (v TEXT, w DATE);
        INSERT INTO t VALUES ('鸟🐦', '2024-02-29'), (char(65533), NULL), (1, '2024'),
          (CAST(x'3dd8' AS TEXT), NULL), (CAST(x'00de6100' AS TEXT), NULL), ('a' || char(0) || 'b', NULL);";
    let (_folder, _writer, source) = database(sql).await;
    let scan = scan_of(&described(&source, "t").await);
    let read = read_all(&source, &scan).await.unwrap();
    let texts: Vec<_> = read.batches[0]
        .column(0)
        .as_string::<i32>()
        .iter()
        .collect();
    assert_eq!(texts, [Some("鸟🐦"), Some("\u{fffd}"), Some("a\0b")]);
    let rejected = read.rejected.iter();
    let rejected: Vec<(&str, &str, &str)> = rejected
        .map(|row| {
            (
                row.locator.as_str(),
                row.code.as_str(),
                row.bytes_hex.as_str(),
            )
        })
        .collect();
    assert_eq!(
        rejected,
        [
            ("rowid=3", "STORAGE_CLASS", "32303234"),
            // Half a pair, of which SQLite itself would make other characters.
            ("rowid=4", "INVALID_UTF16", "3dd8"),
            ("rowid=5", "INVALID_UTF16", "00de6100"),
        ]
    );
    let mut scan = scan;
    scan.columns.truncate(1);
    scan.columns[0].decode = "any-bytes".to_owned();
    scan.columns[0].logical = model::LogicalType::Binary;
    let read = read_all(&source, &scan).await.unwrap();
    let bytes = read.batches[0].column(0).as_binary::<i32>();
    assert_eq!(bytes.value(3), [0x3d, 0xd8], "the bytes as they are stored");
}

#[tokio::test]
async fn the_key_of_a_rejected_row_is_told_in_any_encoding() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        let sql = format!(
            "PRAGMA encoding='{encoding}'; CREATE TABLE t (d DATE, part TEXT, id INTEGER, PRIMARY KEY (part, id));
            INSERT INTO t VALUES ('2024-01-01', 'x', 1), (17, '鸟 it''s', 2);"
        );
        let (_folder, _writer, source) = database(&sql).await;
        let scan = scan_of(&described(&source, "t").await);
        let read = read_all(&source, &scan).await.unwrap();
        let keys: Vec<_> = read.rejected.iter().map(|row| row.key.clone()).collect();
        assert_eq!(keys, [["鸟 it's", "2"]], "{encoding}");
    }
}

#[tokio::test]
async fn a_value_too_large_is_rejected() {
    let sql = "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('12345'), ('123456');";
    let (_folder, _writer, source) = database(sql).await;
    let scan = scan_of(&described(&source, "t").await);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let mut task = task(&scan.table);
    task.limits.value_bytes = 5;
    let splits = opened.snapshot.split(&scan, 1).await.unwrap();
    let batches = read_split(&opened.snapshot, &scan, &splits[0], &task)
        .await
        .unwrap();
    assert_eq!(rows_of(&batches), 1);
    assert_eq!(task.rejected.take()[0].code, "VALUE_TOO_LARGE");
}
