mod changes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use contract::{
    AnyConnector, BatchLimits, CancellationToken, CommitOutcome, Destination, Evidence, Manifest,
    Meter, Receipt, Rejected, Staging, TaskContext, WriteBudget,
};
use formats::parquet::{read_footer, schema};
use model::migration::LoadingPolicy;
use model::plan::{Column, Partition, TableChange, TableSchema, Write};
use model::{Error, Field, LoadId, LogicalType, SplitId, TableName};
use serde_json::json;

use super::destination::FilesDestination;
use super::layout::Root;
use super::manifest::LiveManifest;
use super::options::FilesWrite;
use super::publish::{Publication, WrittenFiles, exchange};
use super::{Files, types};

const NOW: i64 = 1_700_000_000;
const GRACE: i64 = 600;

struct Place {
    folder: tempfile::TempDir,
    destination: FilesDestination,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let destination = open(&folder.path().join("lake #1?"), || NOW);
        Self {
            folder,
            destination,
        }
    }

    fn root(&self) -> &Path {
        &self.destination.root.0
    }

    /// The same folder, opened by another process at another time.
    fn reopened(&self, now: fn() -> i64) -> FilesDestination {
        open(self.root(), now)
    }

    /// What a reader of the table's folder sees: rows of each Parquet file found below it.
    fn numbers(&self, table: &str) -> Vec<i64> {
        let mut numbers = Vec::new();
        for file in parquet_files(&self.root().join(table)) {
            numbers.extend(numbers_of(&file));
        }
        numbers.sort_unstable();
        numbers
    }

    /// Everything under the root, locks and tombstones left out.
    fn leftovers(&self) -> Vec<String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.root().join(".staging")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name != ".locks" && name != ".aborted" {
                names.push(name);
            }
        }
        names
    }
}

fn open(root: &Path, now: fn() -> i64) -> FilesDestination {
    FilesDestination {
        root: Root(root.to_owned()),
        namespace: "shop".to_owned(),
        how: FilesWrite::default(),
        now,
        able: Arc::default(),
    }
}

fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                parquet_files(&path)
            } else if path
                .extension()
                .is_some_and(|extension| extension == "parquet")
            {
                vec![path]
            } else {
                Vec::new()
            }
        })
        .collect()
}

fn numbers_of(file: &Path) -> Vec<i64> {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
    let file = std::fs::File::open(file).unwrap();
    let batches = ParquetRecordBatchReader::try_new(file, 1_024).unwrap();
    batches
        .flat_map(|batch| {
            let column = batch.unwrap().column_by_name("id").unwrap().clone();
            let column = column
                .as_any()
                .downcast_ref::<Int64Array>()
                .unwrap()
                .clone();
            column.iter().flatten().collect::<Vec<_>>()
        })
        .collect()
}

fn column(name: &str, holds: LogicalType, nullable: bool) -> Column {
    Column {
        name: name.to_owned(),
        native: types::native(&holds),
        holds,
        nullable,
        comment: (name == "id").then(|| "the key".to_owned()),
    }
}

fn write(table: &str, policy: LoadingPolicy, partition: Option<&str>) -> Write {
    let mut columns = vec![
        column("id", LogicalType::int(64), false),
        column("name", LogicalType::TEXT, true),
    ];
    columns.extend(partition.map(|_| column("ds", LogicalType::TEXT, false)));
    Write {
        table: TableSchema {
            name: TableName::new("shop", table),
            columns,
            primary_key: Vec::new(),
            comment: None,
        },
        policy,
        partition: partition.map(|value| Partition {
            column: "ds".to_owned(),
            value: value.to_owned(),
        }),
        exists: false,
        change: TableChange::Keep,
        ddl: Vec::new(),
        update_key: Vec::new(),
        without_source: Vec::new(),
        statements: model::migration::Statements::default(),
        indexes: Vec::new(),
    }
}

fn batch(write: &Write, numbers: &[i64]) -> RecordBatch {
    let names: StringArray = numbers.iter().map(|n| Some(format!("n{n}"))).collect();
    let ids = Int64Array::from(numbers.to_vec());
    let mut columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(names)];
    if let Some(partition) = &write.partition {
        let values = vec![partition.value.as_str(); numbers.len()];
        columns.push(Arc::new(StringArray::from(values)));
    }
    let schema = schema(&write.table.columns, None).unwrap();
    RecordBatch::try_new(schema, columns).unwrap()
}

fn task(split: &str) -> TaskContext {
    let split = SplitId::new(split);
    TaskContext {
        rejected: Rejected::new(&TableName::new("s", "t"), &split),
        split,
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(64 << 20),
        limits: BatchLimits::default(),
    }
}

/// Stages and writes the numbers, one split each two.
async fn staged(
    destination: &FilesDestination,
    write: &Write,
    load: &str,
    numbers: &[i64],
) -> (Staging, Vec<Manifest>) {
    let staging = destination.stage(write, &LoadId::new(load)).unwrap();
    destination.prepare(&staging).await.unwrap();
    let mut manifests = Vec::new();
    for (index, rows) in numbers.chunks(2).enumerate() {
        let split = index.to_string();
        let mut writer = destination.writer(&staging, &task(&split)).await.unwrap();
        writer.write(batch(write, rows)).await.unwrap();
        let part = writer.finish().await.unwrap();
        manifests.push(Manifest {
            split: SplitId::new(split),
            attempt: 1,
            read: part.written,
            rejected: 0,
            filtered: 0,
            part,
        });
    }
    (staging, manifests)
}

fn done(outcome: CommitOutcome) -> Receipt {
    match outcome {
        CommitOutcome::Done(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

fn not_done(outcome: CommitOutcome) -> Error {
    match outcome {
        CommitOutcome::NotDone(error) => error,
        other => panic!("{other:?}"),
    }
}

async fn load(
    destination: &FilesDestination,
    write: &Write,
    load: &str,
    numbers: &[i64],
) -> (Staging, Vec<Manifest>) {
    let (staging, manifests) = staged(destination, write, load, numbers).await;
    done(destination.commit(&staging, &manifests).await);
    destination.clean(&staging).await.unwrap();
    (staging, manifests)
}

fn overwrite() -> Write {
    write("orders", LoadingPolicy::Overwrite, None)
}

fn append() -> Write {
    write("orders", LoadingPolicy::Append, None)
}

#[tokio::test]
async fn a_load_is_unseen_until_its_commit_and_counted_from_the_disk() {
    let place = Place::new();
    let destination = &place.destination;
    destination.check().await.unwrap();
    assert!(!place.root().exists());
    let (staging, manifests) = staged(destination, &overwrite(), "l1", &[1, 2, 3]).await;
    assert!(!place.root().join("orders").exists());
    destination.prepare(&staging).await.unwrap();
    let evidence = destination.evidence(&staging, &manifests).await.unwrap();
    let bytes = manifests.iter().map(|manifest| manifest.part.bytes).sum();
    assert_eq!(evidence, Evidence { rows: 3, bytes });
    done(destination.commit(&staging, &manifests).await);
    assert_eq!(place.numbers("orders"), [1, 2, 3]);
    destination.clean(&staging).await.unwrap();
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
async fn evidence_notices_a_file_that_is_gone() {
    let place = Place::new();
    let (staging, manifests) = staged(&place.destination, &overwrite(), "l1", &[1]).await;
    let file = parquet_files(place.root()).remove(0);
    std::fs::remove_file(file).unwrap();
    let missing = place.destination.evidence(&staging, &manifests).await;
    assert_eq!(missing.unwrap_err().code, "NOT_FOUND");
    let error = not_done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "NOT_FOUND");
    assert!(!place.root().join("orders").exists());
}

#[tokio::test]
async fn overwrite_leaves_exactly_the_files_that_the_manifest_names() {
    let place = Place::new();
    load(&place.destination, &overwrite(), "l1", &[1, 2, 3]).await;
    load(&place.destination, &overwrite(), "l2", &[4, 5, 6]).await;
    assert_eq!(place.numbers("orders"), [4, 5, 6]);
    assert_eq!(place.leftovers(), [".replaced"]);
    let folder = place.root().join("orders");
    let manifest = LiveManifest::read(&folder).unwrap().unwrap();
    let mut named: Vec<PathBuf> = manifest
        .files
        .iter()
        .map(|f| folder.join(&f.name))
        .collect();
    named.sort();
    let mut found = parquet_files(&folder);
    found.sort();
    assert_eq!(found, named);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), named.len() + 1);
}

#[tokio::test]
async fn a_replaced_folder_stays_for_its_grace() {
    let place = Place::new();
    load(&place.destination, &overwrite(), "l1", &[1]).await;
    let orders = place.root().join("orders");
    for (write, name) in [(append(), "a2"), (overwrite(), "l2")] {
        let before = std::fs::read_dir(&orders).unwrap().count();
        let held = std::fs::read_dir(&orders).unwrap();
        load(&place.destination, &write, name, &[2]).await;
        assert_eq!(held.count(), before, "who holds the old folder lists it");
    }
    let replaced = place.root().join(".staging/.replaced");
    let mut kept = parquet_files(&replaced);
    kept.retain(|file| numbers_of(file) == [1]);
    assert_eq!(kept.len(), 2, "once as it was, once with what was added");

    let early = place.reopened(|| NOW + GRACE - 1);
    load(&early, &append(), "l3", &[3]).await;
    assert!(kept.iter().all(|file| file.exists()));
    let late = place.reopened(|| NOW + GRACE);
    load(&late, &append(), "l4", &[4]).await;
    assert!(!kept.iter().any(|file| file.exists()));
    assert_eq!(place.numbers("orders"), [2, 3, 4]);
}

#[tokio::test]
async fn append_adds_and_a_second_commit_changes_nothing() {
    let place = Place::new();
    load(&place.destination, &append(), "l1", &[1, 2, 3]).await;
    let (staging, manifests) = staged(&place.destination, &append(), "l2", &[1, 2, 3]).await;
    let first = done(place.destination.commit(&staging, &manifests).await);
    let second = done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(first, second);
    place.destination.clean(&staging).await.unwrap();
    let third = done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(first, third);
    assert_eq!(place.numbers("orders"), [1, 1, 2, 2, 3, 3]);
    load(&place.destination, &overwrite(), "l3", &[9]).await;
    let settled = place.destination.settle(&staging).await.unwrap();
    assert_eq!(
        settled,
        Some(first),
        "the load is known after an overwrite, too"
    );
}

#[tokio::test]
async fn what_settle_did_not_find_can_never_be_published() {
    let place = Place::new();
    load(&place.destination, &overwrite(), "l1", &[1]).await;
    for (name, numbers) in [("l2", &[2, 3][..]), ("l3", &[])] {
        let (staging, manifests) = staged(&place.destination, &overwrite(), name, numbers).await;
        let other = place.reopened(|| NOW);
        assert_eq!(other.settle(&staging).await.unwrap(), None);
        let error = not_done(place.destination.commit(&staging, &manifests).await);
        assert_eq!(error.code, "LOAD_ABORTED");
        other.abort(&staging).await.unwrap();
        other.abort(&staging).await.unwrap();
        let prepared = place.destination.prepare(&staging).await;
        assert_eq!(prepared.unwrap_err().code, "LOAD_ABORTED");
        assert_eq!(other.settle(&staging).await.unwrap(), None);
    }
    assert_eq!(place.numbers("orders"), [1]);
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
async fn abort_takes_nothing_that_is_published() {
    let place = Place::new();
    let destination = &place.destination;
    let never = destination.stage(&overwrite(), &LoadId::new("l0")).unwrap();
    destination.abort(&never).await.unwrap();
    assert!(!place.root().exists());
    load(destination, &overwrite(), "l1", &[1]).await;
    let (staging, manifests) = staged(destination, &append(), "l2", &[2]).await;
    done(destination.commit(&staging, &manifests).await);
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.numbers("orders"), [1, 2]);
    assert_eq!(place.leftovers(), [".replaced"]);
}

#[tokio::test]
async fn a_mark_of_a_given_up_load_stays_for_thirty_days() {
    let place = Place::new();
    let given_up = place.destination.stage(&overwrite(), &LoadId::new("l1"));
    place.destination.settle(&given_up.unwrap()).await.unwrap();
    let mark = place.root().join(".staging/.aborted/l1");
    let day = 24 * 3_600;
    let made_at = jiff::Timestamp::now().as_second();
    super::sweep::expire(&place.destination.root, made_at + 29 * day).unwrap();
    assert!(mark.exists());
    super::sweep::expire(&place.destination.root, made_at + 31 * day).unwrap();
    assert!(!mark.exists());
}

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Death {
    Prepared,
    Written,
    SiblingWithoutManifest,
    Built,
    Exchanged,
    Durable,
}

/// A load that dies there, and what another process makes of it.
async fn check_death(write: &Write, before: &[i64], after: &[i64], death: Death) {
    let place = Place::new();
    if !before.is_empty() {
        load(&place.destination, write, "l1", before).await;
    }
    let numbers: &[i64] = if death == Death::Prepared {
        &[]
    } else {
        &[7, 8, 9]
    };
    let (staging, manifests) = staged(&place.destination, write, "l2", numbers).await;
    die(&place.destination, &staging, &manifests, death);
    let published = death >= Death::Exchanged;
    let expected = if published { after } else { before };
    assert_eq!(
        place.numbers("orders"),
        expected,
        "{death:?}, as the dead left it"
    );

    let other = place.reopened(|| NOW);
    let settled = other.settle(&staging).await.unwrap();
    assert_eq!(settled.is_some(), published, "{death:?}");
    if published {
        other.clean(&staging).await.unwrap();
        let replaced = !before.is_empty();
        assert_eq!(place.leftovers().len(), usize::from(replaced), "{death:?}");
    } else {
        other.abort(&staging).await.unwrap();
        let replaced = place.root().join(".staging/.replaced");
        assert!(
            !replaced.exists() && place.leftovers().is_empty(),
            "{death:?}"
        );
    }
    assert_eq!(place.numbers("orders"), expected, "{death:?}, cleared");

    let mut next = append();
    next.partition = write.partition.clone();
    next.table = write.table.clone();
    load(&other, &next, "l3", &[100]).await;
    let expected = [expected, &[100]].concat();
    assert_eq!(place.numbers("orders"), expected, "{death:?}, and on");
}

fn die(at: &FilesDestination, staging: &Staging, manifests: &[Manifest], death: Death) {
    if death < Death::SiblingWithoutManifest {
        return;
    }
    if death == Death::SiblingWithoutManifest {
        let sibling = at.root.sibling(&staging.load);
        std::fs::create_dir(&sibling).unwrap();
        std::fs::write(sibling.join("half.parquet"), b"PAR1").unwrap();
        return;
    }
    let publication = Publication::begin(&at.root, staging).unwrap();
    let files = WrittenFiles::all(manifests).unwrap();
    publication.build(&files, &at.how.parquet()).unwrap();
    if death >= Death::Exchanged {
        publication.exchange().unwrap();
    }
    if death == Death::Durable {
        publication.make_durable().unwrap();
    }
}

#[tokio::test]
async fn death_at_any_step_leaves_all_or_nothing() {
    for death in [
        Death::Prepared,
        Death::Written,
        Death::SiblingWithoutManifest,
        Death::Built,
        Death::Exchanged,
        Death::Durable,
    ] {
        let partitioned = |policy| write("orders", policy, Some("20230330"));
        check_death(&overwrite(), &[], &[7, 8, 9], death).await;
        check_death(&overwrite(), &[1, 2], &[7, 8, 9], death).await;
        check_death(&append(), &[1, 2], &[1, 2, 7, 8, 9], death).await;
        let policy = LoadingPolicy::Overwrite;
        check_death(&partitioned(policy), &[], &[7, 8, 9], death).await;
        check_death(&partitioned(policy), &[1], &[7, 8, 9], death).await;
        let policy = LoadingPolicy::Append;
        check_death(&partitioned(policy), &[1], &[1, 7, 8, 9], death).await;
    }
}

#[tokio::test]
async fn a_commit_that_died_before_the_exchange_can_be_called_again() {
    let place = Place::new();
    load(&place.destination, &append(), "l1", &[1]).await;
    let (staging, manifests) = staged(&place.destination, &append(), "l2", &[2, 3]).await;
    for death in [Death::Built, Death::Exchanged] {
        die(&place.destination, &staging, &manifests, death);
    }
    done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(place.numbers("orders"), [1, 2, 3]);
}

#[tokio::test]
async fn a_partition_is_replaced_alone_and_its_column_stands_in_the_path() {
    let place = Place::new();
    let day = |value| write("orders", LoadingPolicy::Overwrite, Some(value));
    load(&place.destination, &day("20230330"), "l1", &[1]).await;
    load(&place.destination, &day("20230331"), "l2", &[2]).await;
    load(&place.destination, &day("20230330"), "l3", &[3, 4]).await;
    assert_eq!(place.numbers("orders/ds=20230330"), [3, 4]);
    assert_eq!(place.numbers("orders/ds=20230331"), [2]);
    let file = parquet_files(&place.root().join("orders/ds=20230331")).remove(0);
    let names = read_footer(&file).unwrap().schema().unwrap();
    assert_eq!(names.fields().len(), 2);

    let table = TableName::new("shop", "orders");
    let found = place.destination.describe(&[table]).await.unwrap();
    let found = found[0].clone().unwrap();
    assert_eq!(found.columns, day("x").table.columns);
    assert_eq!(found.partition_column.as_deref(), Some("ds"));
    assert_eq!(found.findings, []);

    let (staging, _) = staged(&place.destination, &day("20230401"), "l4", &[5]).await;
    let mut writer = place
        .destination
        .writer(&staging, &task("9"))
        .await
        .unwrap();
    let other_day = batch(&day("20230402"), &[6]);
    assert_eq!(writer.write(other_day).await.unwrap_err().code, "INTERNAL");
    writer.discard().await.unwrap();

    let (staging, manifests) = staged(&place.destination, &overwrite(), "l5", &[5]).await;
    let error = not_done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "FOREIGN_FILES");
}

#[tokio::test]
async fn a_table_without_rows_shows_its_columns() {
    let place = Place::new();
    for (load_id, partition) in [("l1", None), ("l2", Some("20230330"))] {
        let table = partition.map_or("plain", |_| "by_day");
        let write = write(table, LoadingPolicy::Overwrite, partition);
        load(&place.destination, &write, load_id, &[]).await;
        let files = parquet_files(&place.root().join(table));
        assert_eq!(files.len(), 1);
        assert_eq!(read_footer(&files[0]).unwrap().rows, 0);
        let found = place
            .destination
            .describe(std::slice::from_ref(&write.table.name))
            .await;
        assert_eq!(
            found.unwrap()[0].clone().unwrap().columns,
            write.table.columns
        );
    }
}

#[tokio::test]
async fn what_others_wrote_is_never_replaced() {
    let place = Place::new();
    let folder = place.root().join("orders");
    std::fs::create_dir_all(&folder).unwrap();
    let name = [TableName::new("shop", "orders")];
    assert_eq!(
        place.destination.describe(&name).await.unwrap(),
        [None],
        "empty"
    );
    std::fs::write(folder.join("theirs.csv"), b"1").unwrap();

    let found = place.destination.describe(&name).await.unwrap();
    let findings = found[0].clone().unwrap().findings;
    assert_eq!(
        (findings[0].code.as_str(), findings[0].is_blocker()),
        ("FOREIGN_FILES", true)
    );
    let (staging, manifests) = staged(&place.destination, &overwrite(), "l1", &[1]).await;
    let error = not_done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "FOREIGN_FILES");
    assert!(folder.join("theirs.csv").exists());

    std::fs::remove_file(folder.join("theirs.csv")).unwrap();
    done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(place.numbers("orders"), [1]);
}

#[tokio::test]
async fn a_table_that_lost_a_file_is_refused_with_a_way_out() {
    let place = Place::new();
    load(&place.destination, &overwrite(), "l1", &[1]).await;
    let folder = place.root().join("orders");
    std::fs::remove_file(parquet_files(&folder).remove(0)).unwrap();
    let name = [TableName::new("shop", "orders")];
    let found = place.destination.describe(&name).await.unwrap();
    let finding = found[0].clone().unwrap().findings.remove(0);
    assert_eq!(finding.code, "NOT_FOUND");
    let hint = finding.hint.unwrap();
    assert!(hint.contains("move the table's folder away"), "{hint}");

    std::fs::rename(&folder, place.folder.path().join("away")).unwrap();
    load(&place.destination, &overwrite(), "l2", &[2]).await;
    assert_eq!(place.numbers("orders"), [2]);
}

#[tokio::test]
async fn a_link_in_the_place_of_a_table_is_not_followed() {
    let place = Place::new();
    let outside = place.folder.path().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::create_dir_all(place.root()).unwrap();
    std::os::unix::fs::symlink(&outside, place.root().join("orders")).unwrap();
    let found = place
        .destination
        .describe(&[TableName::new("s", "orders")])
        .await;
    assert_eq!(
        found.unwrap()[0].clone().unwrap().findings[0].code,
        "NOT_A_FOLDER"
    );
    let (staging, manifests) = staged(&place.destination, &overwrite(), "l1", &[1]).await;
    let error = not_done(place.destination.commit(&staging, &manifests).await);
    assert_eq!(error.code, "NOT_A_FOLDER");
    assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
}

#[tokio::test]
async fn a_name_never_leads_out_of_the_root() {
    let place = Place::new();
    for name in ["../../outside/evil", "..", ".staging", "a/b"] {
        let write = write(name, LoadingPolicy::Overwrite, None);
        let staged = place.destination.stage(&write, &LoadId::new("l1"));
        assert_eq!(staged.unwrap_err().code, "ILLEGAL_NAME", "{name}");
        let found = place
            .destination
            .describe(&[TableName::new("s", name)])
            .await;
        assert_eq!(
            found.unwrap()[0].clone().unwrap().findings[0].code,
            "ILLEGAL_NAME"
        );
    }
    let load = LoadId::new("../../l1");
    assert!(place.destination.stage(&overwrite(), &load).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_at_the_same_time_all_arrive() {
    let place = Place::new();
    let mut loads = Vec::new();
    for number in 0..8 {
        let name = format!("l{number}");
        loads.push(staged(&place.destination, &append(), &name, &[number]).await);
    }
    let commits = loads
        .iter()
        .map(|(staging, manifests)| place.destination.commit(staging, manifests));
    for outcome in futures::future::join_all(commits).await {
        done(outcome);
    }
    assert_eq!(place.numbers("orders"), (0..8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_that_holds_the_folder_open_never_sees_a_mixture() {
    use std::os::fd::AsRawFd;
    use std::sync::atomic::{AtomicBool, Ordering};

    let place = Place::new();
    load(&place.destination, &overwrite(), "first", &[0, 1, 2]).await;
    let orders = place.root().join("orders");
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let (path, stopping) = (orders.clone(), Arc::clone(&stop));
    let watcher = std::thread::spawn(move || {
        while !stopping.load(Ordering::Relaxed) {
            assert!(path.exists(), "the table was gone for a moment");
        }
    });
    let reader = std::thread::spawn(move || {
        let mut states = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            let held = std::fs::File::open(&orders).unwrap();
            let through = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
            let files = parquet_files(&through);
            let mut numbers: Vec<i64> = files.iter().flat_map(|file| numbers_of(file)).collect();
            numbers.sort_unstable();
            states.push(numbers);
        }
        states
    });
    let mut known = vec![vec![0, 1, 2]];
    for round in 1..=10 {
        let new = [round * 10, round * 10 + 1, round * 10 + 2];
        let more = [round * 10 + 3, round * 10 + 4];
        load(&place.destination, &overwrite(), &format!("o{round}"), &new).await;
        load(&place.destination, &append(), &format!("a{round}"), &more).await;
        known.extend([new.to_vec(), [&new[..], &more].concat()]);
    }
    stop.store(true, Ordering::Relaxed);
    let states = reader.join().unwrap();
    watcher.join().unwrap();
    for state in &states {
        assert!(known.contains(state), "{state:?}");
    }
    let distinct: std::collections::BTreeSet<_> = states.into_iter().collect();
    assert!(
        distinct.len() > 3,
        "the reader looked in between: {distinct:?}"
    );
}

#[test]
fn an_exchange_has_no_moment_without_the_folder() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = tempfile::tempdir().unwrap();
    let (made, live) = (folder.path().join("made"), folder.path().join("live"));
    std::fs::create_dir(&made).unwrap();
    std::fs::create_dir(&live).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut gone = 0;
            while !stop.load(Ordering::Relaxed) {
                gone += usize::from(!live.exists());
            }
            gone
        });
        for _ in 0..20_000 {
            exchange(&made, &live).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(watcher.join().unwrap(), 0);
    });
}

/// What `logical` becomes is what a file's footer says it is.
fn check_type(logical: &LogicalType, native: &str) {
    let connector: &dyn AnyConnector = &Files;
    let holding = connector.types().to_native(logical).unwrap();
    assert_eq!(holding.native, native);
    assert_eq!(
        types::logical(&holding.holds.arrow()),
        Some(holding.holds.clone())
    );
    let again = connector.types().to_native(&holding.holds).unwrap();
    assert_eq!(again.holds, holding.holds);
}

#[test]
fn types_follow_hive_and_are_read_back_as_they_were_promised() {
    let unsigned = |bits| LogicalType::Integer {
        bits,
        signed: false,
    };
    let at = |zoned| LogicalType::Timestamp {
        precision: 3,
        zoned,
    };
    let cases: BTreeMap<&str, LogicalType> = BTreeMap::from([
        ("BOOLEAN", LogicalType::Boolean),
        ("TINYINT", LogicalType::int(8)),
        ("SMALLINT", unsigned(8)),
        ("INT", unsigned(16)),
        ("BIGINT", unsigned(32)),
        ("DECIMAL(20,0)", unsigned(64)),
        ("FLOAT", LogicalType::Float32),
        ("DOUBLE", LogicalType::Float64),
        ("STRING", LogicalType::Time { precision: 6 }),
        ("BINARY", LogicalType::Binary),
        ("DATE", LogicalType::Date),
        ("TIMESTAMP", at(false)),
        ("TIMESTAMP WITH LOCAL TIME ZONE", at(true)),
        (
            "ARRAY<STRING>",
            LogicalType::List(Box::new(LogicalType::Uuid)),
        ),
        ("MAP<STRING,INT>", LogicalType::Map(Box::new(unsigned(16)))),
    ]);
    for (native, logical) in cases {
        check_type(&logical, native);
    }
    let fields = vec![Field {
        name: "a".to_owned(),
        logical: LogicalType::Json,
    }];
    check_type(&LogicalType::Struct(fields), "STRUCT<a:STRING>");
    let connector: &dyn AnyConnector = &Files;
    let refused = connector
        .types()
        .to_native(&LogicalType::Struct(Vec::new()));
    assert_eq!(refused.unwrap_err().code, "EMPTY_STRUCT");
}

#[test]
fn options_are_strict() {
    let connector: &dyn AnyConnector = &Files;
    let code = |options| {
        let findings = connector.check_write(&options);
        findings.first().map(|finding| finding.code.clone())
    };
    assert_eq!(code(json!({})), None);
    assert_eq!(
        code(json!({"compression": "zstd", "grace-minutes": 0})),
        None
    );
    assert_eq!(
        code(json!({"compression": "lzo"})).unwrap(),
        "UNKNOWN_VALUE"
    );
    assert_eq!(code(json!({"row-group-bytes": 1})).unwrap(), "UNKNOWN_KEY");
    assert_eq!(code(json!({"file-size": 10})).unwrap(), "BAD_SIZE");
    assert_eq!(
        connector.check_connection(&json!({"path": ""}))[0].code,
        "BAD_PATH"
    );
    assert!(
        connector
            .check_connection(&json!({"path": "a #b?"}))
            .is_empty()
    );
}

#[test]
fn the_plan_shows_the_table_in_hives_words() {
    let connector: &dyn AnyConnector = &Files;
    let write = write("or`ders", LoadingPolicy::Overwrite, Some("20230330"));
    let shown = connector
        .dialect()
        .create_table(&write.table, write.partition.as_ref());
    assert_eq!(
        shown,
        [
            "CREATE TABLE `or``ders` (\n  `id` BIGINT NOT NULL,\n  `name` STRING\n)\n\
          PARTITIONED BY (`ds` STRING)\nSTORED AS PARQUET"
        ]
    );
}
