//! Tables that a load changes: columns added, tables made anew, each in the exchange of the rows.

use super::*;

/// The table with one more column, which the load adds.
fn wider(policy: LoadingPolicy, partition: Option<&str>) -> Write {
    let mut write = write("orders", policy, partition);
    let more = column("more", LogicalType::int(64), true);
    write.table.columns.push(more);
    write.exists = true;
    write.change = TableChange::AddColumns(vec!["more".to_owned()]);
    write
}

/// A batch of the wider table: the new column holds ten times the id.
fn wide_batch(narrow: &Write, numbers: &[i64]) -> RecordBatch {
    let batch = batch(narrow, numbers);
    let more = Int64Array::from_iter_values(numbers.iter().map(|number| number * 10));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(more));
    let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(arrow::datatypes::Field::new(
        "more",
        arrow::datatypes::DataType::Int64,
        true,
    )));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    RecordBatch::try_new(schema, columns).unwrap()
}

/// A load of one split.
async fn load_batch(
    destination: &FilesDestination,
    write: &Write,
    load: &str,
    batch: RecordBatch,
) -> CommitOutcome {
    let staging = destination.stage(write, &LoadId::new(load)).unwrap();
    destination.prepare(&staging).await.unwrap();
    let mut writer = destination.writer(&staging, &task("0")).await.unwrap();
    writer.write(batch).await.unwrap();
    let part = writer.finish().await.unwrap();
    let manifest = Manifest {
        split: SplitId::new("0"),
        attempt: 1,
        read: part.written,
        rejected: 0,
        filtered: 0,
        part,
    };
    let outcome = destination.commit(&staging, &[manifest]).await;
    destination.clean(&staging).await.unwrap();
    outcome
}

async fn names(destination: &FilesDestination) -> Vec<String> {
    let table = TableName::new("shop", "orders");
    let described = destination.describe(&[table]).await.unwrap().remove(0);
    let columns = described.unwrap().columns;
    columns.into_iter().map(|column| column.name).collect()
}

#[tokio::test]
async fn new_files_carry_the_new_column_and_old_ones_stay_as_they_are() {
    let place = Place::new();
    let destination = &place.destination;
    load(destination, &append(), "l1", &[1, 2]).await;
    let write = wider(LoadingPolicy::Append, None);
    done(load_batch(destination, &write, "l2", wide_batch(&append(), &[3, 4])).await);
    assert_eq!(place.numbers("orders"), [1, 2, 3, 4]);
    assert_eq!(names(destination).await, ["id", "name", "more"]);
    let widths: Vec<usize> = parquet_files(&place.root().join("orders"))
        .iter()
        .map(|file| read_footer(file).unwrap().schema().unwrap().fields().len())
        .collect();
    let count = |width: usize| widths.iter().filter(|found| **found == width).count();
    assert_eq!((count(2), count(3)), (1, 1), "{widths:?}");
    let write = wider(LoadingPolicy::Overwrite, None);
    done(load_batch(destination, &write, "l3", wide_batch(&append(), &[5])).await);
    assert_eq!(place.numbers("orders"), [5]);
}

#[tokio::test]
async fn a_table_made_anew_takes_the_place_of_all_its_partitions() {
    let place = Place::new();
    let destination = &place.destination;
    for (load_name, day, numbers) in [("l1", "1", [1, 2]), ("l2", "2", [3, 4])] {
        let write = write("orders", LoadingPolicy::Overwrite, Some(day));
        load(destination, &write, load_name, &numbers).await;
    }
    let mut anew = append();
    anew.exists = true;
    anew.change = TableChange::Recreate;
    let (staging, manifests) = staged(destination, &anew, "l3", &[9]).await;
    assert_eq!(destination.replaces(&staging).await.unwrap(), Some(4));
    assert_eq!(place.numbers("orders"), [1, 2, 3, 4]);
    done(destination.commit(&staging, &manifests).await);
    done(destination.commit(&staging, &manifests).await);
    assert_eq!(place.numbers("orders"), [9]);
    assert!(!place.root().join("orders/ds=1").exists());
    destination.clean(&staging).await.unwrap();
    let mut kept = place.numbers(".staging/.replaced");
    kept.sort_unstable();
    assert_eq!(kept, [1, 2, 3, 4], "for readers that hold it open");
    let settled = destination.settle(&staging).await.unwrap();
    assert!(settled.is_some());
}

#[tokio::test]
async fn a_plain_table_made_anew_with_a_partition_and_back() {
    let place = Place::new();
    let destination = &place.destination;
    load(destination, &append(), "l1", &[1, 2]).await;
    let mut anew = write("orders", LoadingPolicy::Append, Some("7"));
    anew.exists = true;
    anew.change = TableChange::Recreate;
    load(destination, &anew, "l2", &[3]).await;
    assert_eq!(place.numbers("orders"), [3]);
    assert!(place.root().join("orders/ds=7").is_dir());
    assert_eq!(names(destination).await, ["id", "name", "ds"]);
    let beside = write("orders", LoadingPolicy::Append, Some("8"));
    load(destination, &beside, "l3", &[4]).await;
    assert_eq!(place.numbers("orders"), [3, 4]);
    load(destination, &anew, "l4", &[5]).await;
    assert_eq!(place.numbers("orders"), [5], "every partition goes");
}

#[tokio::test]
async fn what_we_did_not_write_is_not_dropped_with_a_table() {
    let place = Place::new();
    let destination = &place.destination;
    let day = write("orders", LoadingPolicy::Overwrite, Some("1"));
    load(destination, &day, "l1", &[1]).await;
    let mut anew = append();
    anew.exists = true;
    anew.change = TableChange::Recreate;
    for stranger in ["orders/ds=1/notes.txt", "orders/theirs"] {
        let stranger = place.root().join(stranger);
        std::fs::write(&stranger, "").unwrap();
        let (staging, manifests) = staged(destination, &anew, "l2", &[9]).await;
        let error = not_done(destination.commit(&staging, &manifests).await);
        assert_eq!(error.code, "FOREIGN_FILES");
        destination.abort(&staging).await.unwrap();
        assert_eq!(place.numbers("orders"), [1]);
        std::fs::remove_file(&stranger).unwrap();
    }
    let (staging, manifests) = staged(destination, &anew, "l3", &[9]).await;
    assert!(destination.settle(&staging).await.unwrap().is_none());
    let error = not_done(destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "LOAD_ABORTED");
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.numbers("orders"), [1]);
}
