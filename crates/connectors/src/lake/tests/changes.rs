//! Tables that a load changes: columns added, tables made anew, each in the commit of the rows.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use model::plan::TableChange;

use super::*;

/// The table with one more column, which the load adds.
fn wider(policy: LoadingPolicy, added: &str) -> Write {
    let mut write = plain(policy, true);
    write
        .table
        .columns
        .push(column(added, &LogicalType::int(64)));
    write.change = TableChange::AddColumns(vec![added.to_owned()]);
    write
}

fn wide_rows(ids: std::ops::Range<i64>, added: &str) -> RecordBatch {
    let count = usize::try_from(ids.end - ids.start).unwrap();
    let numbers = Int64Array::from_iter_values(ids.clone().map(|id| id * 10));
    RecordBatch::try_from_iter([
        (
            "id",
            Arc::new(Int64Array::from_iter_values(ids)) as ArrayRef,
        ),
        ("note", Arc::new(StringArray::from(vec!["new"; count]))),
        (added, Arc::new(numbers)),
    ])
    .unwrap()
}

/// Id and the last column's number of every row, by id.
async fn last_numbers(fixture: &Fixture) -> Vec<(i64, Option<i64>)> {
    let mut rows = Vec::new();
    for batch in read_all(fixture).await {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let numbers = batch.column(batch.num_columns() - 1);
        let numbers = numbers.as_primitive::<Int64Type>();
        rows.extend(ids.values().iter().copied().zip(numbers.iter()));
    }
    rows.sort_unstable();
    rows
}

async fn names(fixture: &Fixture) -> Vec<String> {
    let table = described(&*fixture.source().await).await;
    table
        .columns
        .into_iter()
        .map(|column| column.name)
        .collect()
}

async fn metadata(fixture: &Fixture) -> iceberg::spec::TableMetadata {
    let name = TableName::new("shop", "orders");
    let pointer = fixture.pointer().unwrap();
    let table = super::super::table::Table::load(&name, pointer).await;
    table.unwrap().metadata
}

#[tokio::test]
async fn columns_are_added_with_the_rows_and_old_rows_have_null() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let first = plain(LoadingPolicy::Append, false);
    load(&*destination, &first, 1, &[rows(0..2, "a")]).await;
    let write = wider(LoadingPolicy::Append, "more");
    let splits = [wide_rows(5..7, "more"), wide_rows(7..8, "more")];
    let (staging, manifests) = staged(&*destination, &write, 2, &splits).await;
    assert_eq!(names(&fixture).await, ["id", "note"], "before the commit");
    // Another load goes first: ours is built anew upon its rows.
    let other = plain(LoadingPolicy::Append, true);
    load(&*destination, &other, 3, &[rows(2..3, "b")]).await;
    done(destination.commit(&staging, &manifests).await);
    done(destination.commit(&staging, &manifests).await);
    assert_eq!(names(&fixture).await, ["id", "note", "more"]);
    let expected = [
        (0, None),
        (1, None),
        (2, None),
        (5, Some(50)),
        (6, Some(60)),
        (7, Some(70)),
    ];
    assert_eq!(last_numbers(&fixture).await, expected);
    let metadata = metadata(&fixture).await;
    let added = metadata.current_schema().field_by_name("more").unwrap();
    assert_eq!((added.id, added.required), (3, false));
    assert_eq!(metadata.schemas_iter().count(), 2);
    let snapshot = metadata.current_snapshot().unwrap();
    assert_eq!(snapshot.schema_id(), Some(metadata.current_schema_id()));
    // The wider table is an ordinary one from here on.
    let mut plain_again = wider(LoadingPolicy::Overwrite, "more");
    plain_again.change = TableChange::Keep;
    load(&*destination, &plain_again, 4, &[wide_rows(9..10, "more")]).await;
    assert_eq!(last_numbers(&fixture).await, [(9, Some(90))]);
}

#[tokio::test]
async fn a_column_added_by_somebody_else_meanwhile() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let first = plain(LoadingPolicy::Append, false);
    load(&*destination, &first, 1, &[rows(0..1, "a")]).await;
    let write = |added: &str| wider(LoadingPolicy::Append, added);
    let same = staged(&*destination, &write("more"), 2, &[wide_rows(1..2, "more")]).await;
    let other = staged(
        &*destination,
        &write("other"),
        3,
        &[wide_rows(2..3, "other")],
    )
    .await;
    load(&*destination, &write("more"), 4, &[wide_rows(3..4, "more")]).await;
    // The same column with the same field id: our files fit.
    done(destination.commit(&same.0, &same.1).await);
    assert_eq!(
        last_numbers(&fixture).await,
        [(0, None), (1, Some(10)), (3, Some(30))]
    );
    // Another one took the field id that our files were written with: they do not fit any more.
    let error = not_done(destination.commit(&other.0, &other.1).await);
    assert_eq!(error.code, "TABLE_CHANGED");
    assert_eq!(names(&fixture).await, ["id", "note", "more"]);
}

/// The table made anew: a text where a number was, no partition.
fn anew() -> Write {
    let columns = vec![
        column("key", &LogicalType::TEXT),
        column("id", &LogicalType::TEXT),
    ];
    let mut write = write_of(columns, LoadingPolicy::Append, true);
    write.table.comment = None;
    write.change = TableChange::Recreate;
    write
}

fn texts(values: &[&str]) -> RecordBatch {
    let texts = || Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter([("key", texts()), ("id", texts())]).unwrap()
}

#[tokio::test]
async fn a_table_is_dropped_and_made_anew_at_once_and_its_past_stays_readable() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &partitioned("1", false),
        1,
        &[rows(0..2, "1")],
    )
    .await;
    load(
        &*destination,
        &partitioned("2", true),
        2,
        &[rows(2..4, "2")],
    )
    .await;
    let before = metadata(&fixture).await;
    let (staging, manifests) = staged(&*destination, &anew(), 3, &[texts(&["x", "y"])]).await;
    assert_eq!(destination.replaces(&staging).await.unwrap(), Some(4));
    assert_eq!(ids(&fixture).await, [0, 1, 2, 3], "before the commit");
    done(destination.commit(&staging, &manifests).await);
    destination.clean(&staging).await.unwrap();

    assert_eq!(names(&fixture).await, ["key", "id"]);
    let read: usize = read_all(&fixture)
        .await
        .iter()
        .map(RecordBatch::num_rows)
        .sum();
    assert_eq!(read, 2);
    let after = metadata(&fixture).await;
    assert_eq!(after.uuid(), before.uuid());
    assert!(after.default_partition_spec().is_unpartitioned());
    assert!(!after.properties().contains_key("comment"));
    let summary = after.current_snapshot().unwrap().summary();
    assert_eq!(summary.additional_properties["total-records"], "2");
    // Another type is another column: nothing of the old one is taken for it.
    let id_of = |metadata: &iceberg::spec::TableMetadata| {
        metadata.current_schema().field_by_name("id").unwrap().id
    };
    assert_ne!(id_of(&after), id_of(&before));

    // What was there before can be read with the columns that it had.
    let how = options::Read {
        snapshot_id: Some(before.current_snapshot_id().unwrap()),
    };
    let opening = fixture.opening();
    let source = Connector::source(&Lake, fixture.at(), how, &opening).await;
    let source = source.unwrap();
    let scan = scan_of(&described(&*source).await);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let old = read_under(&*opened.snapshot, &scan).await;
    let mut old: Vec<i64> = old
        .iter()
        .flat_map(|batch| {
            batch
                .column(0)
                .as_primitive::<Int64Type>()
                .values()
                .to_vec()
        })
        .collect();
    old.sort_unstable();
    assert_eq!(old, [0, 1, 2, 3]);
    let earlier = destination
        .stage(&partitioned("2", true), &load_id(2))
        .unwrap();
    assert!(destination.settle(&earlier).await.unwrap().is_some());
}

#[tokio::test]
async fn a_table_made_anew_each_day_collects_nothing() {
    let fixture = Fixture::new();
    let how = options::Write {
        keep_snapshots: 2,
        ..options::Write::default()
    };
    let destination = fixture.destination_with(how).await;
    load(
        &*destination,
        &partitioned("1", false),
        1,
        &[rows(0..2, "1")],
    )
    .await;
    let mut write = partitioned("1", true);
    write.change = TableChange::Recreate;
    for number in 2..8 {
        load(&*destination, &write, number, &[rows(4..6, "1")]).await;
        let name = TableName::new("shop", "orders");
        assert_eq!(fixture.files(), fixture.named(&name).await);
    }
    let metadata = metadata(&fixture).await;
    assert_eq!(metadata.schemas_iter().count(), 1);
    assert_eq!(metadata.partition_specs_iter().count(), 1);
    assert_eq!(metadata.snapshots().count(), 2);
    assert_eq!(ids(&fixture).await, [4, 5]);
    // Another partition is added to it as to any other.
    load(
        &*destination,
        &partitioned("2", true),
        9,
        &[rows(7..8, "2")],
    )
    .await;
    assert_eq!(ids(&fixture).await, [4, 5, 7]);
}

#[tokio::test]
async fn a_load_that_was_given_up_changes_no_table() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let first = plain(LoadingPolicy::Append, false);
    load(&*destination, &first, 1, &[rows(0..2, "a")]).await;
    for (number, (write, batch)) in [
        (anew(), texts(&["x"])),
        (
            wider(LoadingPolicy::Append, "more"),
            wide_rows(5..6, "more"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let number = u32::try_from(number).unwrap() + 2;
        let (staging, manifests) = staged(&*destination, &write, number, &[batch]).await;
        assert!(destination.settle(&staging).await.unwrap().is_none());
        let error = not_done(destination.commit(&staging, &manifests).await);
        assert_eq!(error.code, "LOAD_ABORTED");
        destination.abort(&staging).await.unwrap();
        assert_eq!(names(&fixture).await, ["id", "note"]);
        assert_eq!(ids(&fixture).await, [0, 1]);
        let name = TableName::new("shop", "orders");
        assert_eq!(fixture.files(), fixture.named(&name).await);
    }
}
