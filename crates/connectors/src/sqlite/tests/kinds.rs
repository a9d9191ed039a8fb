//! Tables of every kind, keys, generated columns, files that are no database.

use model::TableKind;

use super::*;

const SHOP: &str = "
    CREATE TABLE plain (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL UNIQUE, b INT,
        c INT GENERATED ALWAYS AS (b + 1) VIRTUAL, d INT AS (b * 2) STORED, UNIQUE (b, a));
    CREATE UNIQUE INDEX half ON plain (b) WHERE b > 3;
    CREATE UNIQUE INDEX twice ON plain (b * 2);
    INSERT INTO plain (a, b) VALUES ('x', 20), ('y', 30);
    CREATE TABLE keyed (b TEXT, a INT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO keyed VALUES ('k', 1, CAST(x'ff' AS TEXT)), ('k', 2, 'fine');
    CREATE TABLE strict_one (a INT PRIMARY KEY, b ANY) STRICT;
    CREATE TABLE shadowed (rowid TEXT, _rowid_ TEXT, oid TEXT);
    INSERT INTO shadowed VALUES ('a', 'b', 'c');
    CREATE TABLE `odd \"name` (`select` INT, `a``b` TEXT);
    INSERT INTO `odd \"name` VALUES (1, 'z');
    CREATE VIEW v AS SELECT id, a FROM plain;
    CREATE VIEW broken AS SELECT * FROM gone;
    CREATE VIRTUAL TABLE words USING fts5 (body);
    INSERT INTO words VALUES ('hello world');
    CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1);";

#[tokio::test]
async fn tables_are_listed_by_kind() {
    let (_folder, _writer, source) = database(SHOP).await;
    let listed = source.tables(&[]).await.unwrap();
    let kind = |name: &str| {
        listed
            .iter()
            .find(|table| table.name.table == name)
            .map(|t| t.kind)
    };
    for (name, expected) in [
        ("plain", Some(TableKind::Table)),
        ("keyed", Some(TableKind::Table)),
        ("odd \"name", Some(TableKind::Table)),
        ("v", Some(TableKind::View)),
        ("broken", Some(TableKind::View)),
        ("words", Some(TableKind::Virtual)),
        ("words_data", Some(TableKind::Virtual)),
        ("boxes", Some(TableKind::Virtual)),
        ("sqlite_sequence", Some(TableKind::Sequence)),
        ("sqlite_schema", None),
    ] {
        assert_eq!(kind(name), expected, "{name}");
    }
    assert!(
        source
            .tables(&["other".to_owned()])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn columns_and_keys_are_described() {
    let (_folder, _writer, source) = database(SHOP).await;
    let plain = described(&source, "plain").await;
    let columns: Vec<(&str, &str, bool, bool)> = plain
        .columns
        .iter()
        .map(|column| {
            let type_text = column.type_text.as_str();
            (
                column.name.as_str(),
                type_text,
                column.nullable,
                column.generated,
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "INTEGER", false, false),
            ("a", "TEXT", false, false),
            ("b", "INT", true, false),
            ("c", "INT", true, true),
            ("d", "INT", true, true),
        ]
    );
    assert_eq!(plain.primary_key, ["id"]);
    assert_eq!(plain.unique_keys, [vec!["a"], vec!["b", "a"]]);
    assert_eq!(plain.estimated_rows, Some(2));
    let keyed = described(&source, "keyed").await;
    assert_eq!(keyed.primary_key, ["a", "b"]);
    let nullable: Vec<bool> = keyed.columns.iter().map(|column| column.nullable).collect();
    assert_eq!(nullable, [false, false, true]);
    let names = [
        TableName::new("main", "PLAIN"),
        TableName::new("other", "plain"),
    ];
    assert_eq!(source.describe(&names).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn a_broken_view_stops_itself_alone() {
    let (_folder, _writer, source) = database(SHOP).await;
    let broken = described(&source, "broken").await;
    assert_eq!(broken.findings[0].code, "VIEW_BROKEN");
    assert!(broken.findings[0].is_blocker());
    assert!(broken.findings[0].message.contains("gone"));
    assert!(described(&source, "plain").await.findings.is_empty());
}

#[tokio::test]
async fn names_that_are_not_utf8_stop_their_tables_alone() {
    let sql = "CREATE TABLE good (id INTEGER PRIMARY KEY); INSERT INTO good VALUES (1);
         CREATE TABLE namedXX (id INT); CREATE TABLE t (id INT, columnXX INT);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET name = CAST(x'6e616d6564ff' AS TEXT), tbl_name = CAST(x'6e616d6564ff' AS TEXT),
           sql = CAST(replace(CAST(sql AS BLOB), x'5858', x'ff') AS TEXT) WHERE name = 'namedXX';
         UPDATE sqlite_schema SET sql = CAST(replace(CAST(sql AS BLOB), x'5858', x'ff') AS TEXT) WHERE name = 't';
         PRAGMA writable_schema = RESET;";
    let (_folder, _writer, source) = database(sql).await;
    let listed = source.tables(&[]).await.unwrap();
    assert_eq!(listed.len(), 3, "{listed:?}");
    let names: Vec<TableName> = listed.into_iter().map(|table| table.name).collect();
    let described = source.describe(&names).await.unwrap();
    let stopped = described.into_iter().flatten().map(|table| {
        let code = table.findings.first().map(|finding| finding.code.clone());
        (table.name.table, code)
    });
    let stopped: std::collections::BTreeMap<String, Option<String>> = stopped.collect();
    let bad = || Some("BAD_NAME".to_owned());
    assert_eq!(stopped["good"], None);
    assert_eq!(stopped["named\u{fffd}"], bad());
    assert_eq!(stopped["t"], bad());
    let scan = scan_of(&self::described(&source, "good").await);
    assert_eq!(rows_of(&read_all(&source, &scan).await.unwrap().batches), 1);
}

#[tokio::test]
async fn every_kind_is_read() {
    let (_folder, _writer, source) = database(SHOP).await;
    for (table, rows) in [
        ("plain", 2),
        ("shadowed", 1),
        ("odd \"name", 1),
        ("v", 2),
        ("words", 1),
        ("boxes", 0),
        ("sqlite_sequence", 1),
        ("strict_one", 0),
    ] {
        let scan = scan_of(&described(&source, table).await);
        let read = read_all(&source, &scan).await.unwrap();
        assert_eq!(
            (rows_of(&read.batches), read.rejected.len()),
            (rows, 0),
            "{table}"
        );
    }
}

#[tokio::test]
async fn rows_without_a_number_are_named_by_their_key() {
    let (_folder, _writer, source) = database(SHOP).await;
    let scan = scan_of(&described(&source, "keyed").await);
    let read = read_all(&source, &scan).await.unwrap();
    assert_eq!(rows_of(&read.batches), 1);
    assert_eq!(read.rejected[0].locator, "a=1, b=k");
}

#[tokio::test]
async fn as_many_columns_as_there_may_be_are_read() {
    let columns: Vec<String> = (1..2_000).map(|n| format!("c{n} INT")).collect();
    let values: Vec<String> = (1..2_000).map(|n| n.to_string()).collect();
    let sql = format!(
        "CREATE TABLE wide (id INTEGER PRIMARY KEY, {}); INSERT INTO wide VALUES (1, {});
         INSERT INTO wide (id, c1999) VALUES (2, 'text');",
        columns.join(", "),
        values.join(", ")
    );
    let (_folder, _writer, source) = database(&sql).await;
    let scan = scan_of(&described(&source, "wide").await);
    assert_eq!(scan.columns.len(), 2_000);
    let read = read_all(&source, &scan).await.unwrap();
    assert_eq!(rows_of(&read.batches), 1);
    assert_eq!(read.rejected[0].locator, "row 2");
}

#[tokio::test]
async fn a_filter_goes_with_the_rows() {
    let (_folder, _writer, source) = database(SHOP).await;
    let mut scan = scan_of(&described(&source, "plain").await);
    scan.filter = Some("b > 25 OR a = 'none' -- the large ones".to_owned());
    assert_eq!(rows_of(&read_all(&source, &scan).await.unwrap().batches), 1);
    let table = scan.table.clone();
    let filters = [
        (table.clone(), "b > 25".to_owned()),
        (table, "stauts = 1".to_owned()),
    ];
    let checked = source.check_filters(&filters).await.unwrap();
    assert!(checked[0].is_none());
    let problem = checked[1].as_ref().unwrap();
    assert_eq!(problem.code, "FILTER_INVALID");
    assert!(problem.message.contains("stauts"), "{problem}");
}

#[tokio::test]
async fn files_that_are_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    std::fs::write(base.join("text.db"), "name,price\n".repeat(200)).unwrap();
    for (path, code) in [
        ("missing.db", "NOT_FOUND"),
        (":memory:", "NOT_FOUND"),
        ("file:x?mode=memory", "NOT_FOUND"),
        (".", "NOT_A_DATABASE"),
        ("text.db", "NOT_A_DATABASE"),
    ] {
        let source = source_at(base, path).await.unwrap();
        let error = source.check().await.unwrap_err();
        assert_eq!(error.code, code, "{path}");
        let named = base.join(path).display().to_string();
        let named = named.trim_end_matches("/.").to_owned();
        assert!(error.message.contains(&named), "{error}");
        assert!(source.open_snapshot(&[], 1).await.is_err(), "{path}");
    }
    let names: Vec<_> = std::fs::read_dir(base).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing was created");
}

#[test]
fn options_are_checked() {
    use contract::AnyConnector;
    let findings = AnyConnector::check_connection(&Sqlite, &serde_json::json!({"paht": "x"}));
    assert_eq!(findings[0].code, "UNKNOWN_KEY");
    let long = serde_json::json!({"path": "x", "busy-timeout-seconds": 9999});
    assert_eq!(
        AnyConnector::check_connection(&Sqlite, &long)[0].code,
        "OUT_OF_RANGE"
    );
}
