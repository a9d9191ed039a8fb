//! Loads by key: which rows go, which stay and how, which files are touched.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use model::plan::TableChange;

use super::every_type::every_type;
use super::loads::delete_by_position;
use super::pyiceberg::pyiceberg;
use super::*;
use crate::lake::destination::LakeDestination;
use crate::lake::location::Warehouse;

/// A load by `id`.
pub(super) fn by_id() -> Write {
    by(plain(LoadingPolicy::Update, true), &["id"])
}

fn by(mut write: Write, key: &[&str]) -> Write {
    write.policy = LoadingPolicy::Update;
    write.update_key = key.iter().map(|name| (*name).to_owned()).collect();
    write
}

/// A table with rows in files of their own.
pub(super) async fn table_of(destination: &dyn Destination, files: &[RecordBatch]) {
    load(destination, &plain(LoadingPolicy::Append, false), 1, files).await;
}

pub(super) async fn notes(fixture: &Fixture) -> BTreeMap<i64, String> {
    let mut rows = BTreeMap::new();
    for batch in read_all(fixture).await {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let notes = batch.column(1).as_string::<i32>();
        for (id, note) in ids.values().iter().zip(notes) {
            let before = rows.insert(*id, note.unwrap_or("null").to_owned());
            assert_eq!(before, None, "{id} stands there twice");
        }
    }
    rows
}

fn noted(rows: &[(std::ops::Range<i64>, &str)]) -> BTreeMap<i64, String> {
    let pairs = rows.iter().flat_map(|(ids, note)| {
        let note = (*note).to_owned();
        ids.clone().map(move |id| (id, note.clone()))
    });
    pairs.collect()
}

async fn summary(fixture: &Fixture) -> (String, std::collections::HashMap<String, String>) {
    let name = TableName::new("shop", "orders");
    let pointer = fixture.pointer().unwrap();
    let table = crate::lake::table::Table::load(&name, pointer)
        .await
        .unwrap();
    let summary = table.metadata.current_snapshot().unwrap().summary().clone();
    let operation = format!("{:?}", summary.operation);
    (operation, summary.additional_properties)
}

/// Files of the last load, without their random part.
fn kinds(fixture: &Fixture, load: u32) -> Vec<String> {
    let folder = format!("/{}/", load_id(load));
    let names = fixture.files().into_iter().filter_map(|file| {
        let (_, name) = file.split_once(&folder)?;
        Some(name.split_once('-')?.0.to_owned())
    });
    names.collect()
}

/// A destination that holds only a few keys at a time.
fn narrow(fixture: &Fixture, key_room: usize) -> LakeDestination {
    let warehouse = Warehouse::new("lake", &fixture.opening().base).unwrap();
    LakeDestination::new(warehouse, options::Write::default(), "shop".to_owned())
        .with_key_room(key_room)
}

#[tokio::test]
async fn rows_with_the_same_key_are_replaced_and_the_others_stay() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(
        &*destination,
        &[rows(0..5, "a"), rows(5..10, "b"), rows(10..12, "c")],
    )
    .await;
    // Its one file with keys between 7 and 11: the first file of the table is not even opened.
    let first = fixture
        .files()
        .into_iter()
        .find(|file| file.contains("/00000-"));
    let content = std::fs::read(first.as_ref().unwrap()).unwrap();
    std::fs::write(first.as_ref().unwrap(), "garbage").unwrap();
    let splits = [rows(7..9, "new"), rows(10..12, "new"), rows(20..21, "new")];
    load(&*destination, &by_id(), 2, &splits).await;
    std::fs::write(first.unwrap(), content).unwrap();

    let expected = [(0..5, "a"), (5..7, "b"), (7..9, "new"), (9..10, "b")];
    let expected = [&expected[..], &[(10..12, "new"), (20..21, "new")]].concat();
    assert_eq!(notes(&fixture).await, noted(&expected));
    // A file of which no row stays is gone, not empty.
    assert_eq!(kinds(&fixture, 2), ["00000", "00001", "00002", "rewritten"]);
    let (operation, said) = summary(&fixture).await;
    assert_eq!(operation, "Overwrite");
    for (key, value) in [
        ("godwit.replaced-records", "4"),
        ("added-records", "8"),
        ("deleted-records", "7"),
        ("deleted-data-files", "2"),
        ("total-records", "13"),
        ("total-data-files", "5"),
    ] {
        assert_eq!(said.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert_eq!(said["godwit.load-id"], load_id(2).to_string());
    assert_eq!(
        fixture.files(),
        fixture.named(&TableName::new("shop", "orders")).await
    );
    if let Some(seen) = pyiceberg("snapshots", &fixture.root()) {
        let before: Vec<i64> = (0..12).collect();
        let after: Vec<i64> = (0..12).chain([20]).collect();
        assert_eq!(seen, serde_json::json!([before, after]));
    }
    // The same again changes no row, and a load without rows nothing at all.
    load(&*destination, &by_id(), 3, &splits).await;
    load(&*destination, &by_id(), 4, &[]).await;
    assert_eq!(notes(&fixture).await, noted(&expected));
    let (operation, said) = summary(&fixture).await;
    assert_eq!(
        (operation.as_str(), said["total-records"].as_str()),
        ("Append", "13")
    );
}

#[tokio::test]
async fn a_new_table_is_made_of_the_load() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = by(plain(LoadingPolicy::Update, false), &["id"]);
    load(&*destination, &write, 1, &[rows(0..3, "a")]).await;
    load(&*destination, &by_id(), 2, &[rows(2..4, "b")]).await;
    assert_eq!(notes(&fixture).await, noted(&[(0..2, "a"), (2..4, "b")]));
}

#[tokio::test]
async fn a_key_that_comes_twice_or_stands_there_twice_is_refused() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let twice = [rows(2..5, "a"), rows(4..6, "b")];
    let write = by(plain(LoadingPolicy::Update, false), &["id"]);
    let refused = async |write: &Write, load: u32, splits: &[RecordBatch], side: model::Side| {
        let (staging, manifests) = staged(&*destination, write, load, splits).await;
        let error = not_done(destination.commit(&staging, &manifests).await);
        assert_eq!(
            (error.code, error.side),
            ("UPDATE_KEY_TWICE", side),
            "{error}"
        );
        destination.abort(&staging).await.unwrap();
    };
    refused(&write, 1, &twice, model::Side::Source).await;
    assert!(fixture.files().is_empty());
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        2,
        &twice,
    )
    .await;
    let before = fixture.files();
    refused(&by_id(), 3, &twice, model::Side::Source).await;
    refused(&by_id(), 4, &[rows(3..5, "c")], model::Side::Destination).await;
    assert_eq!(fixture.files(), before);
    // As long as no row of the load has that key it is nobody's trouble.
    load(&*destination, &by_id(), 5, &[rows(5..7, "c")]).await;
    assert_eq!(ids(&fixture).await, [2, 3, 4, 4, 5, 6]);
}

#[tokio::test]
async fn null_is_one_value_of_a_key() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let noted_as = |id: i64, notes: &[Option<&str>]| {
        let ids = Int64Array::from_iter_values(id..id + i64::try_from(notes.len()).unwrap());
        let notes = StringArray::from(notes.to_vec());
        let columns = [("id", Arc::new(ids) as ArrayRef), ("note", Arc::new(notes))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    table_of(
        &*destination,
        &[noted_as(1, &[None, Some("x")]), noted_as(3, &[Some("y")])],
    )
    .await;
    let write = by(plain(LoadingPolicy::Update, true), &["note"]);
    load(
        &*destination,
        &write,
        2,
        &[noted_as(11, &[Some("z"), None])],
    )
    .await;
    assert_eq!(ids(&fixture).await, [2, 3, 11, 12]);
    let (staging, manifests) =
        staged(&*destination, &write, 3, &[noted_as(21, &[None, None])]).await;
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "UPDATE_KEY_TWICE");
}

#[tokio::test]
async fn every_type_stays_as_it_was_when_its_file_is_written_again() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let (columns, batch) = every_type();
    let first = write_of(columns.clone(), LoadingPolicy::Append, false);
    load(&*destination, &first, 1, std::slice::from_ref(&batch)).await;
    // Each row in turn is replaced by itself, by one type of key after another.
    for (number, (row, key)) in [
        (0, "id"),
        (1, "d38"),
        (2, "t"),
        (0, "f"),
        (1, "f"),
        (1, "bin"),
        (0, "tz"),
    ]
    .into_iter()
    .enumerate()
    {
        let write = by(
            write_of(columns.clone(), LoadingPolicy::Update, true),
            &[key],
        );
        let number = u32::try_from(number).unwrap() + 2;
        load(&*destination, &write, number, &[batch.slice(row, 1)]).await;
        let (_, said) = summary(&fixture).await;
        assert_eq!(said["godwit.replaced-records"], "1", "{key}");
        let read = read_all(&fixture).await;
        let read = concat_batches(&read[0].schema(), &read).unwrap();
        let ids = read.column(0).as_primitive::<arrow::datatypes::Int32Type>();
        for row in 0..3 {
            let at = ids.values().iter().position(|id| *id == row + 1).unwrap();
            let (read, wrote) = (read.slice(at, 1), batch.slice(row as usize, 1));
            for (read, wrote) in read.columns().iter().zip(wrote.columns()) {
                assert_eq!(read.to_data(), wrote.to_data());
            }
        }
    }
    let Some(seen) = pyiceberg("types", &fixture.root()) else {
        return;
    };
    assert_eq!(seen["rows"].as_array().unwrap().len(), 3);
    assert_eq!(
        seen["rows"][1]["d38"],
        "-9999999999999999999999999999.9999999999"
    );
    assert_eq!(seen["rows"][0]["tz"], "2023-11-14 22:13:20.123456+00:00");
    assert_eq!(
        seen["found"],
        serde_json::json!({"d9": [1], "d38": [2], "l": [2], "t": [2], "day": [2], "bin": [2], "ts": [1]})
    );
}

/// Three columns, of which nothing comes for the last one, which the table had before.
fn without_seen() -> Write {
    let mut write = by_id();
    write.table.columns.push(column("seen", &LogicalType::TEXT));
    write.without_source = vec!["seen".to_owned()];
    write
}

fn seen_rows(
    ids: std::ops::Range<i64>,
    note: &str,
    seen: impl Fn(i64) -> Option<String>,
) -> RecordBatch {
    let first = rows(ids.clone(), note);
    let seen: StringArray = ids.map(seen).collect();
    let columns = [
        ("id", Arc::clone(first.column(0)), false),
        ("note", Arc::clone(first.column(1)), true),
        ("seen", Arc::new(seen) as ArrayRef, true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

async fn all_seen(fixture: &Fixture) -> BTreeMap<i64, (String, Option<String>)> {
    let mut rows = BTreeMap::new();
    for batch in read_all(fixture).await {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let (notes, seen) = (
            batch.column(1).as_string::<i32>(),
            batch.column(2).as_string::<i32>(),
        );
        for ((id, note), seen) in ids.values().iter().zip(notes).zip(seen) {
            let row = (note.unwrap_or("null").to_owned(), seen.map(str::to_owned));
            assert_eq!(rows.insert(*id, row), None, "{id} stands there twice");
        }
    }
    rows
}

#[tokio::test]
async fn a_column_that_nothing_comes_for_keeps_its_values_however_little_room_there_is() {
    for key_room in [1 << 20, 9_000, 700, 1] {
        let fixture = Fixture::new();
        let destination = narrow(&fixture, key_room);
        let mut first = without_seen();
        (first.policy, first.exists) = (LoadingPolicy::Append, false);
        (first.update_key, first.without_source) = (Vec::new(), Vec::new());
        let was = |id: i64| (id % 3 != 0).then(|| format!("seen {id}"));
        let files = [seen_rows(0..40, "a", was), seen_rows(40..100, "b", was)];
        load(&destination, &first, 1, &files).await;
        let splits = [
            seen_rows(30..60, "new", |_| None),
            seen_rows(90..110, "new", |_| None),
        ];
        let (staging, manifests) = staged(&destination, &without_seen(), 2, &splits).await;
        let outcome = destination.commit(&staging, &manifests).await;
        if key_room == 1 {
            assert_eq!(not_done(outcome).code, "UPDATE_TOO_LARGE");
            destination.abort(&staging).await.unwrap();
        } else {
            done(outcome);
            destination.clean(&staging).await.unwrap();
            for (id, (note, seen)) in all_seen(&fixture).await {
                let replaced = (30..60).contains(&id) || id >= 90;
                let stood = if id < 40 { "a" } else { "b" };
                assert_eq!(note, if replaced { "new" } else { stood });
                assert_eq!(seen, if id < 100 { was(id) } else { None }, "{id}");
            }
            assert_eq!(ids(&fixture).await, (0..110).collect::<Vec<i64>>());
            assert_eq!(summary(&fixture).await.1["godwit.replaced-records"], "40");
        }
        let named = fixture.named(&TableName::new("shop", "orders")).await;
        assert_eq!(fixture.files(), named, "with room for {key_room}");
    }
}

#[tokio::test]
async fn what_is_written_again_ends_at_the_size_of_a_file() {
    let fixture = Fixture::new();
    let how = options::Write {
        file_size: 1,
        ..options::Write::default()
    };
    let destination = fixture.destination_with(how).await;
    let mut first = without_seen();
    (first.policy, first.exists) = (LoadingPolicy::Append, false);
    let long = |id: i64| {
        let number = u128::MAX / 7 * u128::try_from(id % 5 + 1).unwrap();
        Some(format!(
            "{:x}",
            number ^ u128::from(id.unsigned_abs()).wrapping_mul(u128::MAX / 1_000_003)
        ))
    };
    load(&*destination, &first, 1, &[seen_rows(0..90_000, "a", long)]).await;
    let batch = seen_rows(1..100_000, "new", |_| None);
    load(
        &*destination,
        &without_seen(),
        2,
        &[batch.slice(0, 50_000), batch.slice(50_000, 49_999)],
    )
    .await;
    let filled = kinds(&fixture, 2)
        .into_iter()
        .filter(|kind| kind == "filled");
    assert!(filled.count() > 1, "{:?}", kinds(&fixture, 2));
    let seen = all_seen(&fixture).await;
    assert_eq!(seen.len(), 100_000);
    assert!(
        seen.iter()
            .all(|(id, (_, seen))| *seen == if *id < 90_000 { long(*id) } else { None })
    );
}

#[tokio::test]
async fn nothing_is_written_twice_where_no_row_is_replaced() {
    let fixture = Fixture::new();
    let destination = narrow(&fixture, 700);
    let mut first = without_seen();
    (first.policy, first.exists) = (LoadingPolicy::Append, false);
    load(&destination, &first, 1, &[seen_rows(0..40, "a", |_| None)]).await;
    let batch = seen_rows(40..60, "new", |_| None);
    load(&destination, &without_seen(), 2, &[batch]).await;
    assert_eq!(kinds(&fixture, 2), ["00000"]);
    assert_eq!(ids(&fixture).await.len(), 60);
}

#[tokio::test]
async fn files_of_before_a_column_was_added_stay_as_they_were() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..4, "a")]).await;
    let mut write = without_seen();
    write.without_source = Vec::new();
    write.change = TableChange::AddColumns(vec!["seen".to_owned()]);
    let seen = |id: i64| Some(format!("seen {id}"));
    load(&*destination, &write, 2, &[seen_rows(3..5, "b", seen)]).await;
    write.change = TableChange::Keep;
    load(&*destination, &write, 3, &[seen_rows(1..2, "c", seen)]).await;
    // By a column that the first file never had: its rows have null there.
    write.update_key = vec!["seen".to_owned()];
    load(&*destination, &write, 4, &[seen_rows(4..5, "d", seen)]).await;
    let row =
        |note: &str, seen: Option<i64>| (note.to_owned(), seen.map(|id| format!("seen {id}")));
    let expected = [
        (0, row("a", None)),
        (1, row("c", Some(1))),
        (2, row("a", None)),
        (3, row("b", Some(3))),
        (4, row("d", Some(4))),
    ];
    assert_eq!(all_seen(&fixture).await, BTreeMap::from(expected));
}

#[tokio::test]
async fn a_partition_is_updated_within_itself() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    for (number, value) in [(1, "1"), (2, "2")] {
        let write = partitioned(value, number > 1);
        load(&*destination, &write, number, &[rows(0..4, value)]).await;
    }
    let write = by(partitioned("2", true), &["id"]);
    load(&*destination, &write, 3, &[rows(2..6, "2")]).await;
    assert_eq!(ids(&fixture).await, [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]);
    let (_, said) = summary(&fixture).await;
    assert_eq!(said["godwit.replaced-records"], "2");
    let Some(seen) = pyiceberg("partitions", &fixture.root()) else {
        return;
    };
    let expected =
        serde_json::json!({"spec": ["ds"], "1": [0, 1, 2, 3], "2": [0, 1, 2, 3, 4, 5], "files": 1});
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_cannot_be_updated_is_refused_before_the_first_row() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..4, "a")]).await;
    delete_by_position(&fixture).await;
    let staging = destination.stage(&by_id(), &load_id(2)).unwrap();
    let error = destination.prepare(&staging).await.unwrap_err();
    assert_eq!(error.code, "DELETE_FILES");
    let mut nested = by_id();
    let list = LogicalType::List(Box::new(LogicalType::int(32)));
    nested.table.columns.push(column("li", &list));
    nested.update_key.push("li".to_owned());
    let error = destination.stage(&nested, &load_id(3)).unwrap_err();
    assert_eq!(error.code, "UPDATE_KEY_TYPE");
}

#[tokio::test]
async fn files_that_others_wrote_are_written_again_as_they_are() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..2, "a")]).await;
    if pyiceberg("append", &fixture.root()).is_none() {
        return;
    }
    load(
        &*destination,
        &by_id(),
        2,
        &[rows(100..101, "b"), rows(1..2, "b")],
    )
    .await;
    let expected = [
        (0..1, "a"),
        (1..2, "b"),
        (100..101, "b"),
        (101..102, "null"),
    ];
    assert_eq!(notes(&fixture).await, noted(&expected));
    let seen = pyiceberg("snapshots", &fixture.root()).unwrap();
    assert_eq!(seen[2], serde_json::json!([0, 1, 100, 101]));
    // What we wrote is found and deleted by its bounds.
    load(&*destination, &by_id(), 3, &[rows(7..9, "c")]).await;
    let deleted = pyiceberg("delete", &fixture.root()).unwrap();
    assert_eq!(deleted, serde_json::json!([0, 1, 8, 100, 101]));
    load(&*destination, &by_id(), 4, &[rows(8..9, "d")]).await;
    assert_eq!(notes(&fixture).await[&8], "d");
}

/// Three columns, of which two grow: an id, a number, and an amount of so many digits.
fn growing(rows: &[i64], number: &LogicalType, digits: u8) -> (Vec<Column>, RecordBatch) {
    let amount = LogicalType::Decimal {
        precision: digits,
        scale: 2,
    };
    let amounts = Decimal128Array::from_iter_values(rows.iter().map(|id| i128::from(*id) * 100));
    let amounts = amounts.with_precision_and_scale(digits, 2).unwrap();
    let ids = Arc::new(Int64Array::from(rows.to_vec())) as ArrayRef;
    let numbers = cast(&ids, &number.arrow()).unwrap();
    let columns = vec![
        column("id", &LogicalType::int(64)),
        column("n", number),
        column("d", &amount),
    ];
    let batch = [
        ("id", ids),
        ("n", numbers),
        ("d", Arc::new(amounts) as ArrayRef),
    ];
    (columns, RecordBatch::try_from_iter(batch).unwrap())
}

#[tokio::test]
async fn a_file_of_before_a_column_grew_is_written_again_and_found_by_its_bounds() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let (columns, batch) = growing(&[-2, 1, 2, 3], &LogicalType::int(32), 9);
    let first = write_of(columns, LoadingPolicy::Append, false);
    load(&*destination, &first, 1, &[batch]).await;
    if pyiceberg("promote", &fixture.root()).is_none() {
        return;
    }
    let (columns, batch) = growing(&[1], &LogicalType::int(64), 20);
    let write = by(write_of(columns, LoadingPolicy::Update, true), &["d", "n"]);
    load(&*destination, &write, 2, &[batch]).await;
    assert_eq!(kinds(&fixture, 2), ["00000", "rewritten"]);
    let seen = pyiceberg("promoted", &fixture.root()).unwrap();
    let rows =
        [-2, 1, 2, 3].map(|id| serde_json::json!({"id": id, "n": id, "d": format!("{id}.00")}));
    assert_eq!(seen["rows"], serde_json::json!(rows));
    assert_eq!(seen["found"], serde_json::json!([[3], [3], [-2], [3]]));
}

#[tokio::test]
async fn a_table_made_anew_takes_the_rows_of_an_update_alone() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    table_of(&*destination, &[rows(0..4, "a")]).await;
    let mut write = by_id();
    write.change = TableChange::Recreate;
    load(&*destination, &write, 2, &[rows(3..6, "b")]).await;
    assert_eq!(notes(&fixture).await, noted(&[(3..6, "b")]));
    let twice = staged(
        &*destination,
        &write,
        3,
        &[rows(3..6, "b"), rows(5..7, "c")],
    )
    .await;
    let error = not_done(destination.commit(&twice.0, &twice.1).await);
    assert_eq!(error.code, "UPDATE_KEY_TWICE");
}

/// Many loads one after another, against a map that is updated by the same rows.
#[tokio::test]
async fn any_sequence_of_updates_ends_as_a_map_would() {
    let fixture = Fixture::new();
    let destination = narrow(&fixture, 2_000);
    table_of(&destination, &[]).await;
    let mut expected = BTreeMap::new();
    let mut chance = 7_u64;
    for number in 2..30 {
        let mut splits = Vec::new();
        for _ in 0..2 {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            let from = i64::try_from(chance >> 40).unwrap() % 60;
            splits
                .push((from + splits.len() as i64 * 100)..(from + splits.len() as i64 * 100 + 25));
        }
        let note = format!("load {number}");
        for ids in &splits {
            expected.extend(ids.clone().map(|id| (id, note.clone())));
        }
        let splits: Vec<RecordBatch> = splits.into_iter().map(|ids| rows(ids, &note)).collect();
        load(&destination, &by_id(), number, &splits).await;
        assert_eq!(notes(&fixture).await, expected, "{note}");
        assert_eq!(
            fixture.files(),
            fixture.named(&TableName::new("shop", "orders")).await
        );
    }
}
