//! A database for one test, and the way from a table to its rows.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use contract::{
    BatchLimits, CancellationToken, Meter, Opening, Rejected, Snapshot, Source, Split, TaskContext,
    WriteBudget,
};
use futures::TryStreamExt;
use model::migration::ColumnChoice;
use model::plan::{Scan, ScanColumn};
use model::run::RejectedRow;
use model::{NativeTable, Result, SplitId, TableName, TimeZone};
use serde_json::{Value as Json, json};
use tokio_postgres::NoTls;

/// One of the variables that name the server; `None`, said aloud, where there is no server.
pub(super) fn variable(name: &str) -> Option<String> {
    let full = format!("GODWIT_TEST_POSTGRES_{name}");
    let value = std::env::var(&full).ok();
    if value.is_none() {
        crate::family::skipped::skipped(&format!("{full} is not set"));
    }
    value
}

/// A session of the driver's own, to make and change things.
pub(super) async fn client(database: &str) -> tokio_postgres::Client {
    let mut config = tokio_postgres::Config::new();
    config
        .host(variable("HOST").unwrap())
        .port(variable("PORT").unwrap().parse().unwrap())
        .user(variable("USER").unwrap())
        .password(variable("PASSWORD").unwrap())
        .dbname(database);
    let (client, connection) = config.connect(NoTls).await.unwrap();
    #[allow(clippy::disallowed_methods, reason = "ends with the test's client")]
    tokio::spawn(connection);
    client
}

/// Runs `test` with a new database that holds what `sql` makes; drops it afterwards.
pub(super) async fn with_database<F, T>(name: &str, sql: &str, test: F)
where
    F: FnOnce(String) -> T,
    T: Future<Output = ()>,
{
    if variable("HOST").is_none() {
        return;
    }
    let database = format!("godwit_test_{}_{name}", std::process::id());
    let server = client("postgres").await;
    let encoding = match name {
        "bytes" => "SQL_ASCII",
        "latin" => "LATIN1",
        "windows" => "WIN1252",
        _ if name.starts_with("ascii") => "SQL_ASCII",
        _ => "UTF8",
    };
    let create = format!(
        "CREATE DATABASE {database} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    );
    server.batch_execute(&create).await.unwrap();
    client(&database).await.batch_execute(sql).await.unwrap();
    test(database.clone()).await;
    let drop = format!("DROP DATABASE {database} WITH (FORCE)");
    server.batch_execute(&drop).await.unwrap();
}

/// Connection options for `database`.
pub(super) fn options(database: &str) -> Json {
    json!({
        "host": variable("HOST").unwrap(), "port": variable("PORT").unwrap().parse::<u16>().unwrap(),
        "database": database, "user": variable("USER").unwrap(),
        "password": "${env:GODWIT_TEST_POSTGRES_PASSWORD}", "connections": 6,
    })
}

/// Opens what `options` say in `zone`.
pub(super) async fn open_in(options: &Json, zone: &str) -> Result<Arc<dyn Source>> {
    open_to_read(options, &json!({}), zone).await
}

/// Opens what `options` say, to read it as `read` says.
pub(super) async fn open_to_read(
    options: &Json,
    read: &Json,
    zone: &str,
) -> Result<Arc<dyn Source>> {
    let opening = Opening::new(".", TimeZone::parse(zone).unwrap(), "");
    let connector = crate::connector("postgresql").unwrap();
    connector.source(options, read, &opening).await
}

pub(super) async fn open(database: &str) -> Arc<dyn Source> {
    open_in(&options(database), "GMT+8").await.unwrap()
}

/// The scan of a table as a planner makes it; refused columns are left out and named.
pub(super) fn scan(
    table: &NativeTable,
    choices: &[(&str, &str)],
    filter: Option<&str>,
) -> (Scan, Vec<String>) {
    let choices = choices.iter().map(|(column, read_as)| {
        let choice = ColumnChoice {
            read_as: Some((*read_as).to_owned()),
            ..ColumnChoice::default()
        };
        ((*column).to_owned(), choice)
    });
    scan_as(table, &choices.collect(), filter)
}

/// The same with choices of any kind, by column.
pub(super) fn scan_as(
    table: &NativeTable,
    choices: &BTreeMap<String, ColumnChoice>,
    filter: Option<&str>,
) -> (Scan, Vec<String>) {
    let types = crate::connector("postgresql").unwrap().types();
    let (mut columns, mut refused) = (Vec::new(), Vec::new());
    for native in &table.columns {
        let choice = choices.get(&native.name).cloned().unwrap_or_default();
        match types.to_logical(native, &choice) {
            Ok(reading) => columns.push(ScanColumn {
                native: native.clone(),
                logical: reading.logical,
                expression: reading.expression,
                decode: reading.decode,
            }),
            Err(refusal) => refused.push(format!("{} {}", native.name, refusal.code)),
        }
    }
    let scan = Scan {
        table: table.name.clone(),
        kind: table.kind,
        columns,
        filter: filter.map(str::to_owned),
        split_by: Vec::new(),
        primary_key: table.primary_key.clone(),
        estimated_rows: table.estimated_rows,
        estimated_bytes: table.estimated_bytes,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    };
    (scan, refused)
}

pub(super) async fn describe(source: &dyn Source, table: &str) -> NativeTable {
    let name = TableName::new("public", table);
    source.describe(&[name]).await.unwrap().remove(0).unwrap()
}

pub(super) fn task(scan: &Scan, split: &SplitId) -> TaskContext {
    task_of(&scan.table, split)
}

pub(super) fn task_of(table: &TableName, split: &SplitId) -> TaskContext {
    TaskContext {
        split: split.clone(),
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        rejected: Rejected::new(table, split),
        budget: WriteBudget::new(1 << 30),
        limits: BatchLimits::default(),
    }
}

/// Rows of one split.
pub(super) struct Rows {
    pub(super) batches: Vec<RecordBatch>,
    pub(super) rejected: Vec<RejectedRow>,
}

pub(super) async fn read_split(
    snapshot: &dyn Snapshot,
    scan: &Scan,
    split: &Split,
) -> Result<Rows> {
    let task = task(scan, &split.id);
    let batches: Vec<RecordBatch> = snapshot
        .read(scan, split, &task)
        .await?
        .try_collect()
        .await?;
    let kept: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(
        task.meter.rows(),
        kept as u64 + task.rejected.count(),
        "every row is counted once"
    );
    Ok(Rows {
        batches,
        rejected: task.rejected.take(),
    })
}

/// All rows of `scan`, cut into about `wanted` splits, and how many splits there were.
pub(super) async fn read_all(
    source: &dyn Source,
    scan: &Scan,
    wanted: usize,
) -> Result<(Rows, usize)> {
    let opened = source.open_snapshot(std::slice::from_ref(scan), 4).await?;
    if let Some((_, error)) = opened.refused.into_iter().next() {
        return Err(error);
    }
    let splits = opened.snapshot.split(scan, wanted).await?;
    let mut all = Rows {
        batches: Vec::new(),
        rejected: Vec::new(),
    };
    for split in &splits {
        let rows = read_split(opened.snapshot.as_ref(), scan, split).await?;
        all.batches.extend(rows.batches);
        all.rejected.extend(rows.rejected);
    }
    opened.snapshot.check_held().await?;
    opened.snapshot.close().await;
    Ok((all, splits.len()))
}

/// Each row as the texts of its cells, null being `∅`.
pub(super) fn cells(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("∅");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            rows.push(
                columns
                    .iter()
                    .map(|column| column.value(row).to_string())
                    .collect(),
            );
        }
    }
    rows
}
