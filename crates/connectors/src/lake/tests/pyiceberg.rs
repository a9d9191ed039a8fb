//! What PyIceberg sees, and what becomes of a table that both write.

use super::every_type::every_type;
use super::*;

/// Runs `testbed/pyiceberg_check.py`; `None` (and a line that says so) where there is no PyIceberg.
pub(super) fn pyiceberg(check: &str, root: &Path) -> Option<serde_json::Value> {
    let Ok(python) = std::env::var("GODWIT_PYTHON") else {
        crate::family::skipped::skipped("GODWIT_PYTHON names no Python with PyIceberg");
        return None;
    };
    // Of the tree under test: several clones may share what was built.
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let script = &format!("{package}/src/lake/testbed/pyiceberg_check.py");
    let output = std::process::Command::new(python)
        .args([script, check])
        .arg(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn pyiceberg_reads_every_type() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let (columns, batch) = every_type();
    let write = write_of(columns, LoadingPolicy::Overwrite, false);
    load(&*destination, &write, 1, &[batch]).await;
    let Some(seen) = pyiceberg("types", &fixture.root()) else {
        return;
    };
    assert_eq!(seen["comment"], "all orders");
    assert_eq!(seen["doc"], "the number");
    assert_eq!(seen["required"], serde_json::json!(["id"]));
    let parts = seen["schema"]["st"].as_str().unwrap();
    assert!(parts.contains("x: optional date") && parts.contains("y: optional list<string>"));
    assert_eq!(
        seen["schema"],
        serde_json::json!({
            "id": "int", "b": "boolean", "l": "long", "f": "double",
            "d9": "decimal(9, 2)", "d18": "decimal(18, 4)", "d38": "decimal(38, 10)",
            "t": "string", "bin": "binary", "day": "date",
            "ts": "timestamp", "tz": "timestamptz",
            "li": "list<int>", "ma": "map<string, string>", "st": parts,
        })
    );
    let long = "long text beyond sixteen characters \u{1F600}".repeat(10);
    assert_eq!(
        seen["rows"],
        serde_json::json!([
            {"id": 1, "b": true, "l": i64::MIN, "f": "1.5", "d9": "1.10", "d18": "-0.0001",
             "d38": "1E-10", "t": "", "bin": "ff", "day": "0001-01-01",
             "ts": "2023-11-14 22:13:20.123456", "tz": "2023-11-14 22:13:20.123456+00:00",
             "li": [1, null], "st": {"x": "1970-01-02", "y": ["p"]}, "ma": [["k", null]]},
            {"id": 2, "b": false, "l": i64::MAX, "f": "nan", "d9": "-9999999.99",
             "d18": "99999999999999.9999", "d38": "-9999999999999999999999999999.9999999999",
             "t": long, "bin": "ff".repeat(40), "day": "9999-12-31",
             "ts": "0001-01-01 00:00:00", "tz": "0001-01-01 00:00:00+00:00",
             "li": [], "st": {"x": null, "y": null}, "ma": []},
            {"id": 3, "b": null, "l": null, "f": null, "d9": null, "d18": null, "d38": null,
             "t": null, "bin": null, "day": null, "ts": null, "tz": null, "li": null, "st": null,
             "ma": null},
        ])
    );
    // Each filter must find its row by the bounds that we wrote, and no other.
    assert_eq!(
        seen["found"],
        serde_json::json!({"d9": [1], "d38": [2], "l": [2], "t": [2], "day": [2], "bin": [2], "ts": [1]})
    );
}

#[tokio::test]
async fn pyiceberg_and_we_write_the_same_table_in_turn() {
    let fixture = Fixture::new();
    let how = options::Write {
        keep_snapshots: 3,
        ..options::Write::default()
    };
    let destination = fixture.destination_with(how).await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    if pyiceberg("append", &fixture.root()).is_none() {
        return;
    }
    assert_eq!(ids(&fixture).await, [0, 1, 100, 101]);
    load(
        &*destination,
        &plain(LoadingPolicy::Append, true),
        2,
        &[rows(2..4, "b")],
    )
    .await;
    let seen = pyiceberg("snapshots", &fixture.root()).unwrap();
    assert_eq!(
        seen,
        serde_json::json!([[0, 1], [0, 1, 100, 101], [0, 1, 2, 3, 100, 101]])
    );
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        3,
        &[rows(7..9, "c")],
    )
    .await;
    let seen = pyiceberg("snapshots", &fixture.root()).unwrap();
    assert_eq!(
        seen,
        serde_json::json!([[0, 1, 100, 101], [0, 1, 2, 3, 100, 101], [7, 8]])
    );
    for number in 4..7 {
        let write = plain(LoadingPolicy::Overwrite, true);
        load(&*destination, &write, number, &[rows(7..9, "c")]).await;
    }
    assert_eq!(
        fixture.files(),
        fixture.named(&TableName::new("shop", "orders")).await
    );
    let deleted = pyiceberg("delete", &fixture.root()).unwrap();
    assert_eq!(deleted, serde_json::json!([8]));
    assert_eq!(ids(&fixture).await, [8]);
    let found = pyiceberg("filtered_files", &fixture.root()).unwrap();
    assert_eq!(found, serde_json::json!(0));
}

#[tokio::test]
async fn pyiceberg_reads_partitions() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    for (number, (value, ids)) in [("1", 0..2), ("2", 2..4), ("1", 4..5)]
        .into_iter()
        .enumerate()
    {
        let write = partitioned(value, number > 0);
        load(
            &*destination,
            &write,
            u32::try_from(number).unwrap(),
            &[rows(ids, value)],
        )
        .await;
    }
    let Some(seen) = pyiceberg("partitions", &fixture.root()) else {
        return;
    };
    assert_eq!(
        seen,
        serde_json::json!({"spec": ["ds"], "1": [4], "2": [2, 3], "files": 1})
    );
    let name = TableName::new("shop", "orders");
    let existing = destination
        .describe(&[name])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(existing.partition_column.as_deref(), Some("ds"));
}
