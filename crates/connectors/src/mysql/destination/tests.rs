//! Against a real MariaDB, named by `GODWIT_TEST_MYSQL_*`; skipped aloud without one. What stands there is
//! read by the server's own client.

mod exchange;
mod readers;
mod ties;
mod updates;

use std::process::Command;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use contract::{
    AnyConnector, BatchLimits, CancellationToken, CommitOutcome, Destination, Manifest, Meter,
    Opening, Rejected, Staging, TaskContext, WriteBudget,
};
use model::migration::LoadingPolicy;
use model::plan::{Column, TableChange, TableSchema, Write};
use model::table::Index;
use model::{LoadId, LogicalType, SplitId, TableName, TimeZone};
use mysql_async::prelude::Queryable;
use serde_json::json;

use super::room::Room;
use super::types;
use crate::mysql::Mysql;

/// A database of the test's own.
#[derive(Clone)]
struct Place {
    database: String,
    variables: [String; 4],
}

impl Place {
    fn new(name: &str) -> Option<Self> {
        let read = |word: &str| std::env::var(format!("GODWIT_TEST_MYSQL_{word}")).ok();
        let variables = (|| {
            Some([
                read("HOST")?,
                read("PORT")?,
                read("USER")?,
                read("PASSWORD")?,
            ])
        })();
        if variables.is_none() {
            crate::family::skipped::skipped("GODWIT_TEST_MYSQL_* is not set");
        }
        let place = Self {
            database: format!("godwit_dest_{name}_{}", std::process::id()),
            variables: variables?,
        };
        place.sql(&format!(
            "DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET utf8mb4",
            place.database
        ));
        Some(place)
    }

    /// What the server's client prints, in UTC.
    fn sql(&self, sql: &str) -> String {
        let output = self.client(sql);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn client(&self, sql: &str) -> std::process::Output {
        let [host, port, user, password] = &self.variables;
        Command::new("mariadb")
            .args([
                "--no-defaults",
                "--protocol=tcp",
                "--batch",
                "--skip-column-names",
                "--raw",
            ])
            .args([
                "--default-character-set=utf8mb4",
                "--init-command=SET time_zone='+00:00'",
            ])
            .args([
                format!("--host={host}"),
                format!("--port={port}"),
                format!("--user={user}"),
            ])
            .args(["--execute", &format!("{sql};")])
            .env("MYSQL_PWD", password)
            .output()
            .unwrap()
    }

    /// Waits until a reader of this database sleeps, by a statement that names it; its session's number.
    async fn sleeps(&self) -> String {
        let asked = format!(
            "SELECT ID FROM information_schema.PROCESSLIST \
             WHERE INFO LIKE 'DO SLEEP%' AND INFO LIKE '%{}%'",
            self.database
        );
        loop {
            match self.sql(&asked).trim() {
                "" => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                id => return id.to_owned(),
            }
        }
    }

    /// The same about table `t`.
    fn of_t(&self, select: &str) -> Vec<String> {
        let printed = self.sql(&format!("SELECT {select} FROM {}.t", self.database));
        printed.lines().map(str::to_owned).collect()
    }

    async fn open(&self, options: serde_json::Value) -> Arc<dyn Destination> {
        let [host, port, user, _] = &self.variables;
        let connection = json!({
            "host": host, "port": port.parse::<u16>().unwrap(), "database": "mysql", "user": user,
            "password": "${env:GODWIT_TEST_MYSQL_PASSWORD}", "connections": 4,
        });
        self.open_by(&connection, options).await
    }

    async fn open_by(
        &self,
        connection: &serde_json::Value,
        options: serde_json::Value,
    ) -> Arc<dyn Destination> {
        let zone = TimeZone::parse("GMT+8").unwrap();
        let opening = Opening::new("/", zone, &self.database);
        let opened = AnyConnector::destination(&Mysql, connection, &options, &opening).await;
        opened.unwrap()
    }

    /// Tables that loads have made and not removed.
    fn leftovers(&self) -> Vec<String> {
        let printed = self.sql(&format!(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{}' \
             AND TABLE_NAME LIKE 'godwit\\_%' AND TABLE_NAME <> 'godwit_loads'",
            self.database
        ));
        printed.lines().map(str::to_owned).collect()
    }

    /// Two columns, `id` and `name`, as they are or as they will be.
    async fn write(&self, destination: &dyn Destination, policy: LoadingPolicy) -> Write {
        let name = TableName::new(&self.database, "t");
        let existing = destination
            .describe(std::slice::from_ref(&name))
            .await
            .unwrap()
            .remove(0);
        let exists = existing.is_some();
        let columns = match existing {
            Some(existing) => existing.columns,
            None => vec![
                column("id", &LogicalType::int(64), false),
                column("name", &LogicalType::TEXT, true),
            ],
        };
        Write {
            without_source: columns
                .iter()
                .skip(2)
                .map(|column| column.name.clone())
                .collect(),
            statements: model::migration::Statements::default(),
            table: TableSchema {
                name,
                columns,
                primary_key: vec!["id".to_owned()],
                comment: None,
            },
            policy,
            partition: None,
            exists,
            change: TableChange::Keep,
            ddl: Vec::new(),
            update_key: match policy {
                LoadingPolicy::Update => vec!["id".to_owned()],
                _ => Vec::new(),
            },
            indexes: Vec::new(),
        }
    }

    fn end(self) {
        self.sql(&format!("DROP DATABASE {}", self.database));
    }
}

fn column(name: &str, logical: &LogicalType, nullable: bool) -> Column {
    let held = types::held(logical).unwrap();
    Column {
        name: name.to_owned(),
        holds: held.holds,
        native: held.native,
        nullable,
        comment: None,
    }
}

fn task(split: &str, attempt: u32) -> TaskContext {
    let split = SplitId::new(split);
    TaskContext {
        rejected: Rejected::new(&TableName::new("s", "t"), &split),
        split,
        attempt,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(64 << 20),
        limits: BatchLimits::default(),
    }
}

/// Rows of an id and its name; further columns are null.
fn batch(write: &Write, ids: &[i64]) -> RecordBatch {
    let names: StringArray = ids.iter().map(|id| Some(format!("new {id}"))).collect();
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(ids.to_vec())), Arc::new(names)];
    for column in write.table.columns.iter().skip(2) {
        arrays.push(arrow::array::new_null_array(
            &column.holds.arrow(),
            ids.len(),
        ));
    }
    record(write, arrays)
}

fn record(write: &Write, arrays: Vec<ArrayRef>) -> RecordBatch {
    let fields = write.table.columns.iter().zip(&arrays);
    let fields: Vec<Field> = fields
        .map(|(column, array)| Field::new(&column.name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

async fn written(
    destination: &dyn Destination,
    staging: &Staging,
    split: &str,
    batch: RecordBatch,
) -> Manifest {
    let mut writer = destination.writer(staging, &task(split, 1)).await.unwrap();
    writer.write(batch).await.unwrap();
    let part = writer.finish().await.unwrap();
    Manifest {
        split: SplitId::new(split),
        attempt: 1,
        read: part.written,
        rejected: 0,
        filtered: 0,
        part,
    }
}

/// Stages the rows, each batch a split.
async fn staged(
    destination: &dyn Destination,
    write: &Write,
    load: &str,
    batches: Vec<RecordBatch>,
) -> (Staging, Vec<Manifest>) {
    let staging = destination.stage(write, &LoadId::new(load)).unwrap();
    destination.prepare(&staging).await.unwrap();
    let mut manifests = Vec::new();
    for (index, batch) in batches.into_iter().enumerate() {
        manifests.push(written(destination, &staging, &format!("{index:05}"), batch).await);
    }
    let rows: u64 = manifests.iter().map(|manifest| manifest.part.written).sum();
    let evidence = destination.evidence(&staging, &manifests).await.unwrap();
    assert_eq!(evidence.rows, rows);
    (staging, manifests)
}

async fn loaded(destination: &dyn Destination, write: &Write, load: &str, batch: RecordBatch) {
    let (staging, manifests) = staged(destination, write, load, vec![batch]).await;
    for _ in 0..2 {
        let outcome = destination.commit(&staging, &manifests).await;
        assert!(matches!(outcome, CommitOutcome::Done(_)), "{outcome:?}");
    }
    destination.clean(&staging).await.unwrap();
    let outcome = destination.commit(&staging, &manifests).await;
    assert!(
        matches!(outcome, CommitOutcome::Done(_)),
        "after cleaning: {outcome:?}"
    );
}

fn not_done(outcome: CommitOutcome, code: &str) {
    match outcome {
        CommitOutcome::NotDone(error) => assert_eq!(error.code, code, "{error}"),
        other => panic!("{other:?} instead of {code}"),
    }
}

/// A column: its values, how the client is asked for them, and what it prints.
type Given = (LogicalType, ArrayRef, &'static str, [&'static str; 3]);

fn given(
    logical: LogicalType,
    array: impl Array + 'static,
    shown: &'static str,
    expected: [&'static str; 3],
) -> Given {
    (logical, Arc::new(array), shown, expected)
}

fn every_type() -> Vec<Given> {
    let mut all = integers();
    all.extend(numbers());
    all.extend(texts());
    all.extend(moments());
    all
}

fn integers() -> Vec<Given> {
    let unsigned = |bits| LogicalType::Integer {
        bits,
        signed: false,
    };
    let bools = BooleanArray::from(vec![Some(true), Some(false), None]);
    let int8 = Int8Array::from(vec![Some(-128), Some(127), None]);
    let uint8 = Int16Array::from(vec![Some(0), Some(255), None]);
    let uint16 = Int32Array::from(vec![Some(0), Some(65_535), None]);
    let int64 = Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None]);
    let uint64 = Decimal128Array::from(vec![Some(0), Some(i128::from(u64::MAX)), None]);
    let uint64 = uint64.with_precision_and_scale(20, 0).unwrap();
    let (least, most) = ("-9223372036854775808", "9223372036854775807");
    vec![
        given(LogicalType::Boolean, bools, "c", ["1", "0", "NULL"]),
        given(LogicalType::int(8), int8, "c", ["-128", "127", "NULL"]),
        given(unsigned(8), uint8, "c", ["0", "255", "NULL"]),
        given(unsigned(16), uint16, "c", ["0", "65535", "NULL"]),
        given(LogicalType::int(64), int64, "c", [least, most, "NULL"]),
        given(
            unsigned(64),
            uint64,
            "c",
            ["0", "18446744073709551615", "NULL"],
        ),
    ]
}

fn numbers() -> Vec<Given> {
    let decimal = |precision, scale: u8, values: [Option<i128>; 3]| {
        let array = Decimal128Array::from(values.to_vec());
        let places = i8::try_from(scale).unwrap();
        array.with_precision_and_scale(precision, places).unwrap()
    };
    let of = |precision, scale| LogicalType::Decimal { precision, scale };
    let most = 10_i128.pow(38) - 1;
    let long = [
        "-99999999.999999999999999999999999999999",
        "0.000000000000000000000000000001",
        "NULL",
    ];
    let float = Float32Array::from(vec![Some(16_777_215.0), Some(1.0e-45), None]);
    let double = Float64Array::from(vec![Some(0.1 + 0.2), Some(5e-324), None]);
    // Exact in double: what the client prints of a FLOAT has six digits.
    let as_double = ["16777215", "1.401298464324817e-45", "NULL"];
    let doubles = ["0.30000000000000004", "5e-324", "NULL"];
    let least = decimal(38, 30, [Some(-most), Some(1), None]);
    let short = decimal(9, 2, [Some(110), Some(-5), None]);
    vec![
        given(of(38, 30), least, "c", long),
        given(of(9, 2), short, "c", ["1.10", "-0.05", "NULL"]),
        given(LogicalType::Float32, float, "c + 0e0", as_double),
        given(LogicalType::Float64, double, "c", doubles),
    ]
}

fn texts() -> Vec<Given> {
    let text = |values: [&str; 2]| StringArray::from(vec![Some(values[0]), Some(values[1]), None]);
    let odd = ["\u{e4}\u{1F600}\0'\\ \n\t;--", ""];
    let odd_hex = ["C3A4F09F988000275C200A093B2D2D", "", "NULL"];
    let blanks = ["a  ", "\u{e4}\u{f6}\u{fc}"];
    let blanks_hex = ["612020", "C3A4C3B6C3BC", "NULL"];
    let json = ["{\"b\":1.0, \"a\" : 1}", "[]"];
    let uuid = [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-4fff-bfff-ffffffffffff",
    ];
    let bytes = BinaryArray::from(vec![Some(&b"\x00\xff\xfe\xc3\x28'\\"[..]), Some(b""), None]);
    let limited = LogicalType::Text { max_chars: Some(3) };
    vec![
        given(LogicalType::TEXT, text(odd), "HEX(c)", odd_hex),
        given(limited, text(blanks), "HEX(c)", blanks_hex),
        given(
            LogicalType::Json,
            text(json),
            "c",
            [json[0], json[1], "NULL"],
        ),
        given(
            LogicalType::Uuid,
            text(uuid),
            "c",
            [uuid[0], uuid[1], "NULL"],
        ),
        given(
            LogicalType::Binary,
            bytes,
            "HEX(c)",
            ["00FFFEC328275C", "", "NULL"],
        ),
    ]
}

fn moments() -> Vec<Given> {
    let of = |precision, zoned| LogicalType::Timestamp { precision, zoned };
    let days = Date32Array::from(vec![Some(-719_162), Some(2_932_896), None]);
    let times = Time64MicrosecondArray::from(vec![Some(0), Some(86_399_999_999), None]);
    let walls = TimestampMicrosecondArray::from(vec![
        Some(-62_135_596_800_000_000),
        Some(253_402_300_799_999_999),
        None,
    ]);
    let instants = TimestampMicrosecondArray::from(vec![Some(-1_000), Some(0), None]);
    let shown_times = ["00:00:00.000000", "23:59:59.999999", "NULL"];
    let shown_walls = [
        "0001-01-01 00:00:00.000000",
        "9999-12-31 23:59:59.999999",
        "NULL",
    ];
    let shown_instants = ["1969-12-31 23:59:59.999", "1970-01-01 00:00:00.000", "NULL"];
    vec![
        given(
            LogicalType::Date,
            days,
            "c",
            ["0001-01-01", "9999-12-31", "NULL"],
        ),
        given(LogicalType::Time { precision: 6 }, times, "c", shown_times),
        given(of(6, false), walls, "c", shown_walls),
        given(of(3, true), instants, "c", shown_instants),
    ]
}

#[tokio::test]
async fn every_type_is_read_back_by_the_servers_own_client() {
    let Some(place) = Place::new("types") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let types = every_type();
    let mut write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    write.table.columns = types
        .iter()
        .enumerate()
        .map(|(index, (logical, ..))| column(&format!("c{index}"), logical, true))
        .collect();
    write.table.primary_key.clear();
    let arrays: Vec<ArrayRef> = types
        .iter()
        .map(|(_, array, ..)| Arc::clone(array))
        .collect();
    let record = record(&write, arrays);
    assert_eq!(destination.unfit(&write, &record).unwrap(), []);
    loaded(&*destination, &write, "l1", record).await;
    for (index, (logical, _, shown, expected)) in types.iter().enumerate() {
        let shown = shown.replace('c', &format!("c{index}"));
        let found = place.of_t(&format!("COALESCE({shown}, 'NULL')"));
        assert_eq!(found, expected, "{logical}");
    }
    let described = destination
        .describe(std::slice::from_ref(&write.table.name))
        .await
        .unwrap()
        .remove(0);
    let described = described.unwrap();
    assert_eq!(described.findings, []);
    for (column, planned) in described.columns.iter().zip(&write.table.columns) {
        let same = column.holds.arrow() == planned.holds.arrow() || planned.native == "tinyint(1)";
        assert!(same, "{} became {}", planned.holds, column.holds);
    }
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

#[tokio::test]
async fn a_row_larger_than_a_statement_and_many_rows() {
    let Some(place) = Place::new("large") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let mut write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    write.table.columns[1] = column("name", &LogicalType::Binary, true);
    let large = vec![0xA5_u8; 20 << 20];
    let mut values: Vec<Option<&[u8]>> = vec![Some(b"x"); 3_000];
    values[7] = Some(&large);
    values[8] = Some(b"");
    values[9] = None;
    let ids = Int64Array::from_iter_values(0..3_000);
    let record = record(
        &write,
        vec![Arc::new(ids), Arc::new(BinaryArray::from(values))],
    );
    loaded(&*destination, &write, "l1", record).await;
    let found = place.of_t("count(*), sum(length(name)), sum(name IS NULL)");
    assert_eq!(found, [format!("3000\t{}\t1", (20 << 20) + 2_997)]);
    let same = format!(
        "SELECT name = REPEAT(x'A5', {}) FROM {}.t WHERE id = 7",
        20 << 20,
        place.database
    );
    assert_eq!(place.sql(&same), "1\n");
    place.end();
}

/// What the writer looks at behind each bulk: a warning of a row in its middle, the number of all its rows,
/// and that nothing of one that fails goes on.
#[tokio::test]
async fn a_bulk_tells_of_all_its_rows() {
    let Some(place) = Place::new("bulk") else {
        return;
    };
    place.sql(&format!(
        "CREATE TABLE {}.t (id INT PRIMARY KEY, d DECIMAL(10,2), v VARCHAR(3))",
        place.database
    ));
    let [host, port, user, _] = &place.variables;
    let connection = json!({
        "host": host, "port": port.parse::<u16>().unwrap(), "database": place.database, "user": user,
        "password": "${env:GODWIT_TEST_MYSQL_PASSWORD}",
    });
    let connection = serde_json::from_value(connection).unwrap();
    let opening = Opening::new("/", TimeZone::utc(), "");
    let server = crate::mysql::connect::Server::new(&connection, &opening, &opening.time_zone);
    let sessions = super::sessions::Sessions::new(server.unwrap(), 1);
    let mut lease = sessions.lease().await.unwrap();
    assert!(sessions.takes_bulks(), "MariaDB takes bulks");
    let insert = format!("INSERT INTO {}.t VALUES (?, ?, ?)", place.database);
    let bulk = async |connection: &mut mysql_async::Conn, rows: &[(i32, Option<&str>, &str)]| {
        let rows: Vec<_> = rows.to_vec();
        connection.exec_batch(&insert, rows).await
    };
    let session = &mut lease.connection;
    let fine = [(1, None, "a"), (2, Some("1.25"), "b"), (3, None, "c")];
    bulk(session, &fine).await.unwrap();
    assert_eq!((session.affected_rows(), session.get_warnings()), (3, 0));
    let rounded = [
        (4, Some("1.00"), "a"),
        (5, Some("1.234"), "b"),
        (6, None, "c"),
    ];
    bulk(session, &rounded).await.unwrap();
    assert_eq!(session.affected_rows(), 3);
    assert!(session.get_warnings() > 0, "a place was cut off unseen");
    session.query_drop("START TRANSACTION").await.unwrap();
    let too_long = [(7, None, "a"), (8, None, "long"), (9, None, "c")];
    assert!(bulk(session, &too_long).await.is_err());
    session.query_drop("ROLLBACK").await.unwrap();
    assert_eq!(place.of_t("max(id)"), ["6"]);
    drop(lease);
    place.end();
}

#[tokio::test]
async fn a_split_whose_answer_was_lost_is_not_doubled() {
    let Some(place) = Place::new("lost") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let staging = destination.stage(&write, &LoadId::new("l1")).unwrap();
    destination.prepare(&staging).await.unwrap();
    let first = written(&*destination, &staging, "00000", batch(&write, &[1, 2, 3])).await;
    let mut again = destination
        .writer(&staging, &task("00000", 2))
        .await
        .unwrap();
    again.write(batch(&write, &[1, 2, 3])).await.unwrap();
    assert_eq!(again.finish().await.unwrap(), first.part);
    let mut other = destination
        .writer(&staging, &task("00000", 3))
        .await
        .unwrap();
    other.write(batch(&write, &[1, 2])).await.unwrap();
    assert_eq!(other.finish().await.unwrap_err().code, "COUNTS_DIFFER");
    let mut given_up = destination
        .writer(&staging, &task("00001", 1))
        .await
        .unwrap();
    given_up.write(batch(&write, &[4])).await.unwrap();
    given_up.discard().await.unwrap();
    let evidence = destination
        .evidence(&staging, std::slice::from_ref(&first))
        .await
        .unwrap();
    assert_eq!(evidence.rows, 3);
    let unproven = destination.evidence(&staging, &[]).await;
    assert_eq!(unproven.unwrap_err().code, "COUNTS_DIFFER");
    destination.abort(&staging).await.unwrap();
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

#[tokio::test]
async fn a_settled_load_is_never_published() {
    let Some(place) = Place::new("settled") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, manifests) = staged(&*destination, &write, "l1", vec![batch(&write, &[1])]).await;
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    not_done(
        destination.commit(&staging, &manifests).await,
        "LOAD_ABORTED",
    );
    let late = destination.writer(&staging, &task("00009", 1)).await;
    assert_eq!(late.err().unwrap().code, "LOAD_ABORTED");
    destination.abort(&staging).await.unwrap();
    assert_eq!(
        destination.prepare(&staging).await.unwrap_err().code,
        "LOAD_ABORTED"
    );
    destination.abort(&staging).await.unwrap();
    let here = destination
        .describe(std::slice::from_ref(&write.table.name))
        .await
        .unwrap();
    assert_eq!(here, [None]);
    // The copying kind, as well.
    loaded(&*destination, &write, "l2", batch(&write, &[1])).await;
    let write = place.write(&*destination, LoadingPolicy::Append).await;
    let (staging, manifests) = staged(&*destination, &write, "l3", vec![batch(&write, &[2])]).await;
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    not_done(
        destination.commit(&staging, &manifests).await,
        "LOAD_ABORTED",
    );
    assert_eq!(place.of_t("id"), ["1"]);
    let (staging, manifests) = staged(&*destination, &write, "l4", vec![batch(&write, &[3])]).await;
    destination.commit(&staging, &manifests).await;
    assert!(destination.settle(&staging).await.unwrap().is_some());
    assert_eq!(place.of_t("id"), ["1", "3"]);
    place.end();
}

/// Servers without atomic definitions leave such states behind when they die in the middle.
#[tokio::test]
async fn a_rename_that_broke_in_the_middle_is_put_back() {
    let Some(place) = Place::new("broken") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let database = &place.database;
    let (staging, _) = staged(&*destination, &write, "l0", vec![batch(&write, &[1])]).await;
    let room = Room::from_payload(&staging.payload).unwrap();
    let marked = |staging: &Staging, room: &Room| {
        let mark = Room::mark(&staging.load);
        place.sql(&format!(
            "ALTER TABLE {database}.{} COMMENT '{mark}'",
            room.stage
        ));
    };
    marked(&staging, &room);
    place.sql(&format!(
        "RENAME TABLE {database}.{} TO {database}.t",
        room.stage
    ));
    assert_eq!(destination.settle(&staging).await.unwrap(), None);
    destination.abort(&staging).await.unwrap();
    assert_eq!(
        destination
            .describe(std::slice::from_ref(&write.table.name))
            .await
            .unwrap(),
        [None]
    );

    loaded(&*destination, &write, "l1", batch(&write, &[1])).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    for (load, renames) in [("l2", 1), ("l3", 2)] {
        let (staging, _) = staged(&*destination, &write, load, vec![batch(&write, &[2])]).await;
        let room = Room::from_payload(&staging.payload).unwrap();
        marked(&staging, &room);
        place.sql(&format!(
            "RENAME TABLE {database}.t TO {database}.{}",
            room.old
        ));
        if renames == 2 {
            place.sql(&format!(
                "RENAME TABLE {database}.{} TO {database}.t",
                room.stage
            ));
        }
        assert_eq!(destination.settle(&staging).await.unwrap(), None);
        destination.abort(&staging).await.unwrap();
        assert_eq!(place.of_t("id"), ["1"], "after {renames} renames");
    }
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

#[tokio::test]
async fn a_table_with_ties_is_replaced_in_place() {
    let Some(place) = Place::new("ties") else {
        return;
    };
    let destination = place.open(json!({})).await;
    place.sql(&format!(
        "USE {}; CREATE TABLE t (id bigint PRIMARY KEY, name longtext); \
         INSERT INTO t VALUES (1, 'old'), (2, 'old'); CREATE TABLE log (id bigint); \
         CREATE TRIGGER seen AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
        place.database
    ));
    let name = TableName::new(&place.database, "t");
    let described = destination
        .describe(&[name])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let codes: Vec<&str> = described
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, ["TRIGGERS_FIRE", "OVERWRITTEN_IN_PLACE"]);
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    loaded(&*destination, &write, "l1", batch(&write, &[2, 3])).await;
    assert_eq!(place.of_t("id, name"), ["2\tnew 2", "3\tnew 3"]);
    let log = place.sql(&format!(
        "SELECT id FROM {}.log ORDER BY id",
        place.database
    ));
    assert_eq!(log, "2\n3\n");
    assert_eq!(place.leftovers(), Vec::<String>::new());

    place.sql(&format!(
        "USE {}; CREATE TABLE child (t bigint, FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE); \
         INSERT INTO child VALUES (2)",
        place.database
    ));
    let staging = destination.stage(&write, &LoadId::new("l2")).unwrap();
    assert_eq!(
        destination.prepare(&staging).await.unwrap_err().code,
        "WOULD_CASCADE"
    );
    let update = place.write(&*destination, LoadingPolicy::Update).await;
    loaded(&*destination, &update, "l3", batch(&update, &[2, 4])).await;
    let children = place.sql(&format!("SELECT t FROM {}.child", place.database));
    assert_eq!(
        (children.as_str(), place.of_t("id")),
        ("2\n", vec!["2".to_owned(), "3".to_owned(), "4".to_owned()])
    );
    place.end();
}

#[tokio::test]
async fn a_table_changed_meanwhile_is_left_alone() {
    let Some(place) = Place::new("changed") else {
        return;
    };
    let destination = place.open(json!({ "commit-wait-seconds": 1 })).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, manifests) = staged(&*destination, &write, "l1", vec![batch(&write, &[1])]).await;
    place.sql(&format!("CREATE TABLE {}.t (id bigint)", place.database));
    not_done(
        destination.commit(&staging, &manifests).await,
        "TABLE_APPEARED",
    );
    destination.abort(&staging).await.unwrap();
    place.sql(&format!("DROP TABLE {}.t", place.database));
    loaded(&*destination, &write, "l2", batch(&write, &[1])).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, manifests) = staged(&*destination, &write, "l3", vec![batch(&write, &[2])]).await;
    place.sql(&format!(
        "ALTER TABLE {}.t ADD COLUMN more int",
        place.database
    ));
    not_done(
        destination.commit(&staging, &manifests).await,
        "TABLE_CHANGED",
    );
    assert_eq!(place.of_t("id"), ["1"]);
    destination.abort(&staging).await.unwrap();
    assert_eq!(place.leftovers(), Vec::<String>::new());
    place.end();
}

/// The commit asks for the lock a few seconds at a time, and gives up with the old rows there.
#[tokio::test]
async fn a_reader_who_stays_is_waited_for_and_not_pushed_away() {
    let Some(place) = Place::new("reader") else {
        return;
    };
    let destination = place.open(json!({ "commit-wait-seconds": 1 })).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    loaded(&*destination, &write, "l1", batch(&write, &[1])).await;
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let (staging, manifests) = staged(&*destination, &write, "l2", vec![batch(&write, &[2])]).await;
    let held = format!(
        "BEGIN; SELECT count(*) FROM {0}.t; DO SLEEP(100), '{0}'",
        place.database
    );
    let reader = place.clone();
    let reader = tokio::task::spawn_blocking(move || reader.client(&held));
    let session = place.sleeps().await;
    let outcome = destination.commit(&staging, &manifests).await;
    place.sql(&format!("KILL {session}"));
    assert_eq!(reader.await.unwrap().stdout, b"1\n");
    not_done(outcome, "LOCK_TIMEOUT");
    assert_eq!(place.of_t("id"), ["1"]);
    place.end();
}

#[tokio::test]
async fn zero_stays_zero_and_numbers_are_not_given_twice() {
    let Some(place) = Place::new("zero") else {
        return;
    };
    let destination = place.open(json!({})).await;
    place.sql(&format!(
        "CREATE TABLE {}.t (id bigint PRIMARY KEY AUTO_INCREMENT, name longtext, own datetime NULL \
         ON UPDATE CURRENT_TIMESTAMP) AUTO_INCREMENT = 5000",
        place.database
    ));
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    loaded(&*destination, &write, "l1", batch(&write, &[0, 7])).await;
    assert_eq!(place.of_t("id"), ["0", "7"]);
    place.sql(&format!(
        "INSERT INTO {}.t (name) VALUES ('later')",
        place.database
    ));
    assert_eq!(place.of_t("max(id)"), ["5000"]);
    let update = place.write(&*destination, LoadingPolicy::Update).await;
    loaded(&*destination, &update, "l2", batch(&update, &[7, 8])).await;
    let shown = place.of_t("id, name, own IS NULL");
    assert_eq!(
        shown,
        [
            "0\tnew 0\t1",
            "7\tnew 7\t1",
            "8\tnew 8\t1",
            "5000\tlater\t1"
        ]
    );
    place.end();
}

#[tokio::test]
async fn what_the_destination_takes_for_the_same_key_fails_by_name() {
    let Some(place) = Place::new("keys") else {
        return;
    };
    let destination = place.open(json!({})).await;
    place.sql(&format!(
        "CREATE TABLE {}.t (id bigint PRIMARY KEY, name varchar(50) COLLATE utf8mb4_general_ci UNIQUE)",
        place.database
    ));
    let write = place.write(&*destination, LoadingPolicy::Append).await;
    let names = StringArray::from(vec!["secret", "SECRET"]);
    let twice = record(
        &write,
        vec![Arc::new(Int64Array::from(vec![1, 2])), Arc::new(names)],
    );
    let staging = destination.stage(&write, &LoadId::new("l1")).unwrap();
    destination.prepare(&staging).await.unwrap();
    let mut writer = destination
        .writer(&staging, &task("00000", 1))
        .await
        .unwrap();
    let error = writer.write(twice).await.unwrap_err();
    assert_eq!(error.code, "UNIQUE_VIOLATED");
    assert!(!error.message.to_lowercase().contains("secret"), "{error}");
    writer.discard().await.unwrap();
    destination.abort(&staging).await.unwrap();
    loaded(&*destination, &write, "l2", batch(&write, &[1])).await;
    let (staging, manifests) = staged(&*destination, &write, "l3", vec![batch(&write, &[1])]).await;
    not_done(
        destination.commit(&staging, &manifests).await,
        "UNIQUE_VIOLATED",
    );
    assert_eq!(place.of_t("id"), ["1"]);
    place.end();
}

#[tokio::test]
async fn indexes_stand_when_the_table_is_seen() {
    let Some(place) = Place::new("indexes") else {
        return;
    };
    let destination = place.open(json!({})).await;
    let mut write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    let text = LogicalType::Text {
        max_chars: Some(20),
    };
    write.table.columns[1] = column("name", &text, true);
    let index = |name: &str, columns: &[&str], unique| Index {
        name: name.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        unique,
    };
    write.indexes = vec![
        index("by name", &["name"], true),
        index("both", &["name", "id"], false),
    ];
    loaded(&*destination, &write, "l1", batch(&write, &[1, 2])).await;
    let found = place.sql(&format!(
        "SELECT INDEX_NAME, NON_UNIQUE, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) \
         FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '{}' AND TABLE_NAME = 't' \
         GROUP BY INDEX_NAME, NON_UNIQUE ORDER BY INDEX_NAME",
        place.database
    ));
    assert_eq!(
        found,
        "both\t1\tname,id\nby name\t0\tname\nPRIMARY\t0\tid\n"
    );
    let definition = place.sql(&format!("SHOW CREATE TABLE {}.t", place.database));
    assert!(definition.contains("COLLATE=utf8mb4_bin"), "{definition}");
    place.end();
}

#[tokio::test]
async fn a_user_without_rights_is_told_which() {
    let Some(place) = Place::new("rights") else {
        return;
    };
    let [host, port, ..] = &place.variables;
    let user = format!("dest_{}", std::process::id());
    place.sql(&format!(
        "CREATE OR REPLACE USER {user} IDENTIFIED BY 'x'; GRANT SELECT, INSERT ON {}.* TO {user}",
        place.database
    ));
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    std::fs::write(&secret, "x").unwrap();
    let connection = json!({
        "host": host, "port": port.parse::<u16>().unwrap(), "database": place.database,
        "user": user, "password": format!("${{file:{}}}", secret.display()),
    });
    let destination = place.open_by(&connection, json!({})).await;
    let error = destination.check().await.unwrap_err();
    assert_eq!(error.code, "NO_RIGHT");
    assert!(error.message.contains("DELETE, CREATE"), "{error}");
    place.sql(&format!(
        "GRANT ALL ON {0}.* TO {user}; REVOKE TRIGGER ON {0}.* FROM {user}; \
         CREATE TABLE {0}.t (id bigint, name longtext)",
        place.database
    ));
    let destination = place.open_by(&connection, json!({})).await;
    destination.check().await.unwrap();
    let name = TableName::new(&place.database, "t");
    let described = destination
        .describe(&[name])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let codes: Vec<&str> = described
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(codes, ["OVERWRITTEN_IN_PLACE"]);
    let write = place.write(&*destination, LoadingPolicy::Overwrite).await;
    loaded(&*destination, &write, "l1", batch(&write, &[1])).await;
    assert_eq!(place.of_t("id"), ["1"]);
    place.sql(&format!("DROP USER {user}"));
    place.end();
}
