//! Loads as they go well, and as they are refused.

use super::*;

#[tokio::test]
async fn a_first_load_appears_whole_and_at_its_commit() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    assert!(destination.check().await.unwrap().is_empty());
    let write = plain(LoadingPolicy::Overwrite, false);
    let splits = [rows(0..5, "a"), rows(5..7, "b")];
    let (staging, manifests) = staged(&*destination, &write, 1, &splits).await;
    let evidence = destination.evidence(&staging, &manifests).await.unwrap();
    assert_eq!(evidence.rows, 7);
    assert_eq!(
        evidence.bytes,
        manifests.iter().map(|m| m.part.bytes).sum::<u64>()
    );
    assert_eq!(fixture.pointer(), None);
    let receipt = done(destination.commit(&staging, &manifests).await);
    assert_eq!(ids(&fixture).await, [0, 1, 2, 3, 4, 5, 6]);
    let again = done(destination.commit(&staging, &manifests).await);
    assert_eq!(
        (receipt.payload, ids(&fixture).await.len()),
        (again.payload, 7)
    );
    let name = TableName::new("shop", "orders");
    let existing = destination
        .describe(&[name])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(existing.columns, write.table.columns);
    assert!(existing.findings.is_empty());
}

#[tokio::test]
async fn a_table_without_rows_is_a_table() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, false),
        1,
        &[],
    )
    .await;
    assert!(ids(&fixture).await.is_empty());
    assert_eq!(described(&*fixture.source().await).await.columns.len(), 2);
}

#[tokio::test]
async fn append_adds_and_overwrite_replaces() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, true),
        2,
        &[rows(2..4, "b")],
    )
    .await;
    assert_eq!(ids(&fixture).await, [0, 1, 2, 3]);
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        3,
        &[rows(7..9, "c")],
    )
    .await;
    assert_eq!(ids(&fixture).await, [7, 8]);
}

#[tokio::test]
async fn overwriting_a_partition_leaves_the_others() {
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
    assert_eq!(ids(&fixture).await, [2, 3, 4]);
    let (staging, _) = staged(&*destination, &partitioned("3", true), 9, &[]).await;
    let mut writer = destination.writer(&staging, &task("00000")).await.unwrap();
    let error = writer.write(rows(0..1, "4")).await.unwrap_err();
    assert!(error.message.contains("another partition"), "{error}");
}

#[tokio::test]
async fn files_on_the_disk_are_those_that_kept_snapshots_name() {
    let fixture = Fixture::new();
    let how = options::Write {
        keep_snapshots: 2,
        ..options::Write::default()
    };
    let destination = fixture.destination_with(how).await;
    let name = TableName::new("shop", "orders");
    let mut policies = vec![LoadingPolicy::Overwrite; 13];
    policies.extend([LoadingPolicy::Append; 4]);
    policies.push(LoadingPolicy::Overwrite);
    for (number, policy) in (1..).zip(policies) {
        let write = plain(policy, number > 1);
        // Leftovers of an attempt that broke: rows that were written and are in no manifest.
        let (staging, mut manifests) = staged(
            &*destination,
            &write,
            number,
            &[rows(0..2, "kept"), rows(2..4, "left over")],
        )
        .await;
        manifests.pop();
        done(destination.commit(&staging, &manifests).await);
        destination.clean(&staging).await.unwrap();
        assert_eq!(
            fixture.files(),
            fixture.named(&name).await,
            "after load {number}"
        );
    }
    let data = fixture
        .files()
        .into_iter()
        .filter(|file| file.ends_with(".parquet"));
    assert_eq!(data.count(), 6);
    assert_eq!(ids(&fixture).await, [0, 1]);
}

#[tokio::test]
async fn a_table_that_is_not_as_planned_is_left_alone() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let check = async |write: Write, expected: &str| {
        let staging = destination.stage(&write, &load_id(99)).unwrap();
        let error = destination.prepare(&staging).await.unwrap_err();
        assert_eq!(error.code, "TABLE_CHANGED");
        assert!(error.message.contains(expected), "{error}");
    };
    check(plain(LoadingPolicy::Append, true), "is not there any more").await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..1, "a")],
    )
    .await;
    check(plain(LoadingPolicy::Append, false), "is there already").await;
    check(partitioned("1", true), "is partitioned by no column").await;
    let mut other = plain(LoadingPolicy::Append, true);
    other.table.columns[1] = column("note", &LogicalType::Date);
    check(other, "has column \"note\" as string").await;
    let mut fewer = plain(LoadingPolicy::Append, true);
    fewer.table.columns.remove(0);
    check(fewer, "wants a value in column \"id\"").await;
}

#[tokio::test]
async fn null_in_a_required_column_is_an_error() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, _) = staged(&*destination, &write, 1, &[]).await;
    let mut writer = destination.writer(&staging, &task("00000")).await.unwrap();
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![None])) as ArrayRef),
        ("note", Arc::new(StringArray::from(vec!["a"]))),
    ]);
    // Few rows wait for more.
    writer.write(batch.unwrap()).await.unwrap();
    let error = writer.finish().await.unwrap_err();
    assert_eq!(error.code, "NULL_IN_REQUIRED_COLUMN");
    assert!(fixture.files().is_empty());
}

#[tokio::test]
async fn evidence_is_what_stands_on_the_disk() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Append, false);
    let (staging, manifests) = staged(&*destination, &write, 1, &[rows(0..100, "a")]).await;
    let file = fixture.files().pop_first().unwrap();
    let content = std::fs::read(&file).unwrap();
    std::fs::write(&file, &content[..content.len() - 20]).unwrap();
    let error = destination
        .evidence(&staging, &manifests)
        .await
        .unwrap_err();
    assert_eq!(error.code, "BAD_PARQUET");
    std::fs::remove_file(&file).unwrap();
    let error = destination
        .evidence(&staging, &manifests)
        .await
        .unwrap_err();
    assert_eq!(error.code, "NOT_FOUND");
    assert_eq!(
        not_done(destination.commit(&staging, &manifests).await).code,
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_snapshot_stays_while_loads_come() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    let source = fixture.source().await;
    let scan = scan_of(&described(&*source).await);
    let scans = std::slice::from_ref(&scan);
    let held = source.open_snapshot(scans, 1).await.unwrap().snapshot;
    let same = source.open_snapshot(scans, 1).await.unwrap().snapshot;
    assert_eq!(held.id(), same.id());
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        2,
        &[rows(5..9, "b")],
    )
    .await;
    let read = read_under(&*held, &scan).await;
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    held.check_held().await.unwrap();
    let next = source.open_snapshot(scans, 1).await.unwrap().snapshot;
    assert_ne!(held.id(), next.id());
    for number in 3..11 {
        load(
            &*destination,
            &plain(LoadingPolicy::Overwrite, true),
            number,
            &[],
        )
        .await;
    }
    assert_eq!(held.check_held().await.unwrap_err().code, "SNAPSHOT_LOST");
}

#[tokio::test]
async fn a_lake_that_is_not_there_is_named() {
    let fixture = Fixture::new();
    let source = fixture.source().await;
    assert_eq!(source.check().await.unwrap_err().code, "NO_CATALOG");
    let name = TableName::new("shop", "orders");
    let destination = fixture.destination().await;
    assert_eq!(destination.describe(&[name]).await.unwrap(), [None]);
    assert!(!fixture.root().exists());
}

#[tokio::test]
async fn a_catalog_of_the_first_version_is_written_as_it_is() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.root()).unwrap();
    fixture
        .catalog()
        .execute_batch(
            "CREATE TABLE iceberg_tables (
                 catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,
                 table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),
                 previous_metadata_location VARCHAR(1000),
                 PRIMARY KEY (catalog_name, table_namespace, table_name));
             CREATE TABLE iceberg_namespace_properties (
                 catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL,
                 property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000) NOT NULL,
                 PRIMARY KEY (catalog_name, namespace, property_key))",
        )
        .unwrap();
    let destination = fixture.destination().await;
    for number in 1..3 {
        let write = plain(LoadingPolicy::Append, number > 1);
        load(&*destination, &write, number, &[rows(0..1, "a")]).await;
    }
    assert_eq!(ids(&fixture).await, [0, 0]);
    let source = fixture.source().await;
    assert_eq!(source.default_schema(), "shop");
    let listed = source.tables(&[]).await.unwrap();
    assert_eq!(listed[0].name, TableName::new("shop", "orders"));
    assert!(
        source
            .tables(&["other".to_owned()])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_data_file_with_other_rows_than_its_manifest_says_is_an_error() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let splits = [rows(0..2, "a"), rows(2..5, "b")];
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &splits,
    )
    .await;
    let files = fixture.files().into_iter();
    let data: Vec<String> = files.filter(|file| file.ends_with(".parquet")).collect();
    std::fs::copy(&data[0], &data[1]).unwrap();
    assert_eq!(read_fails(&fixture).await, "BAD_PARQUET");
}

/// The code of the error that reading ends with.
async fn read_fails(fixture: &Fixture) -> &'static str {
    let source = fixture.source().await;
    let scan = scan_of(&described(&*source).await);
    let opened = source
        .open_snapshot(std::slice::from_ref(&scan), 1)
        .await
        .unwrap();
    let splits = match opened.snapshot.split(&scan, 4).await {
        Ok(splits) => splits,
        Err(error) => return error.code,
    };
    for split in splits {
        let task = task(split.id.as_str());
        let batches = opened.snapshot.read(&scan, &split, &task).await.unwrap();
        if let Err(error) = batches.try_collect::<Vec<_>>().await {
            return error.code;
        }
    }
    panic!("nothing failed");
}

#[tokio::test]
async fn rows_deleted_beside_the_data_files_are_not_read_over() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    load(
        &*destination,
        &plain(LoadingPolicy::Append, false),
        1,
        &[rows(0..2, "a")],
    )
    .await;
    delete_by_position(&fixture).await;
    assert_eq!(read_fails(&fixture).await, "DELETE_FILES");
    // Overwritten, the deletes are gone with the rows that they deleted.
    load(
        &*destination,
        &plain(LoadingPolicy::Overwrite, true),
        2,
        &[rows(5..6, "b")],
    )
    .await;
    assert_eq!(ids(&fixture).await, [5]);
}

/// Adds a snapshot with a position delete file, as another tool would.
pub(super) async fn delete_by_position(fixture: &Fixture) {
    use crate::lake::{expire, table};
    use iceberg::spec::{
        DataContentType, DataFileBuilder, DataFileFormat, ManifestListWriter,
        ManifestWriterBuilder, Operation, Snapshot, Summary,
    };
    let name = TableName::new("shop", "orders");
    let pointer = fixture.pointer().unwrap();
    let base = table::Table::load(&name, pointer.clone()).await.unwrap();
    let metadata = &base.metadata;
    let at = |name: &str| format!("{}/metadata/{name}", metadata.location());
    let output = |name: &str| table::file_io().new_output(at(name)).unwrap();
    let schema = Arc::clone(metadata.current_schema());
    let spec = (**metadata.default_partition_spec()).clone();
    let mut writer = ManifestWriterBuilder::new(output("deletes.avro"), Some(7), schema, spec)
        .build_v2_deletes();
    let deletes = DataFileBuilder::default()
        .content(DataContentType::PositionDeletes)
        .file_path(at("deletes.parquet"))
        .file_format(DataFileFormat::Parquet)
        .record_count(1)
        .file_size_in_bytes(1)
        .build()
        .unwrap();
    writer.add_file(deletes, -1).unwrap();
    let deletes = writer.write_manifest_file().await.unwrap();
    let parent = metadata.current_snapshot_id();
    let sequence = metadata.next_sequence_number();
    let list = output("snap-7.avro").writer().await.unwrap();
    let mut list = ManifestListWriter::v2(list, 7, parent, sequence);
    let standing = expire::manifests(&base, metadata.current_snapshot())
        .await
        .unwrap();
    list.add_manifests(standing.into_iter().chain([deletes]))
        .unwrap();
    list.close().await.unwrap();
    let snapshot = Snapshot::builder()
        .with_snapshot_id(7)
        .with_parent_snapshot_id(parent)
        .with_sequence_number(sequence)
        .with_timestamp_ms(metadata.last_updated_ms() + 1)
        .with_manifest_list(at("snap-7.avro"))
        .with_summary(Summary {
            operation: Operation::Delete,
            additional_properties: std::collections::HashMap::new(),
        })
        .with_schema_id(metadata.current_schema_id())
        .build();
    let builder = metadata.clone().into_builder(Some(pointer));
    let built = builder
        .set_branch_snapshot(snapshot, "main")
        .unwrap()
        .build()
        .unwrap();
    let json = serde_json::to_vec(&built.metadata).unwrap();
    let location = at("00001-deleted.metadata.json");
    std::fs::write(location.trim_start_matches("file://"), json).unwrap();
    let update = "UPDATE iceberg_tables SET metadata_location = ?1";
    fixture.catalog().execute(update, [location]).unwrap();
}

#[tokio::test]
async fn a_table_whose_metadata_is_gone_is_refused_alone() {
    let fixture = Fixture::new();
    let destination = fixture.destination().await;
    let write = plain(LoadingPolicy::Overwrite, false);
    load(&*destination, &write, 1, &[rows(0..5, "a")]).await;
    let pointer = fixture.pointer().unwrap();
    let metadata = super::super::location::local_path(&pointer).unwrap();
    std::fs::remove_file(metadata).unwrap();
    let names = [
        TableName::new("shop", "orders"),
        TableName::new("shop", "other"),
    ];
    let described = destination.describe(&names).await.unwrap();
    let broken = described[0].as_ref().unwrap();
    assert_eq!(broken.findings[0].code, "BAD_METADATA");
    assert!(broken.findings[0].is_blocker());
    assert_eq!(described[1], None);
}
