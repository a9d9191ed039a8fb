//! `read_back`: reads the tables of a data source from one moment of it, counts their rows and shows
//! the first few: a look with other eyes than the writer's at what a run left.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use contract::{
    AnyConnector, BatchLimits, CancellationToken, Meter, Rejected, Snapshot, Source, Split,
    TaskContext, WriteBudget,
};
use futures::StreamExt;
use model::migration::ColumnChoice;
use model::plan::{Scan, ScanColumn};
use model::{Error, ErrorKind, NativeTable, Result, Side, TableName};

use crate::ends::{open_source, typed};
use crate::migration_file::load;
use crate::sources::{known, opening, read_options, unusable};

/// Nothing is written here; a task must be handed a budget all the same.
const NO_BUFFERS: usize = 1 << 20;

/// One table, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// The table.
    pub table: TableName,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// The first rows, as text.
    pub first: Vec<Vec<String>>,
    /// How many rows were read in all.
    pub rows: u64,
}

/// Reads all tables in `schema` of the data source `name`; keeps the first `limit` rows of each.
pub async fn read_back(
    path: &Path,
    name: &str,
    schema: &str,
    limit: usize,
) -> Result<Vec<ReadBack>> {
    let loaded = load(path).await?;
    let file = known(&loaded, name)?;
    let (data_source, connector) = typed(file, name).ok_or_else(|| unusable(&loaded, name))?;
    let options = read_options(file, name);
    let place = opening(file, &loaded);
    let (source, _) = open_source((data_source, connector), &options, &place)
        .await
        .map_err(|error| error.on(Side::Source))?;
    let scans = scans(source.as_ref(), connector, schema).await?;
    let opened = source.open_snapshot(&scans, 1).await?;
    if let Some((table, error)) = opened.refused.into_iter().next() {
        opened.snapshot.close().await;
        return Err(error.context(format!("could not hold {table}")));
    }
    let mut read = Vec::with_capacity(scans.len());
    for scan in &scans {
        match table(&opened.snapshot, scan, limit).await {
            Ok(table) => read.push(table),
            Err(error) => {
                opened.snapshot.close().await;
                return Err(error.context(format!("could not read {}", scan.table)));
            }
        }
    }
    opened.snapshot.close().await;
    Ok(read)
}

async fn scans(
    source: &dyn Source,
    connector: &dyn AnyConnector,
    schema: &str,
) -> Result<Vec<Scan>> {
    let listed = source.tables(&[schema.to_owned()]).await?;
    let names: Vec<TableName> = listed.into_iter().map(|table| table.name).collect();
    let described = source.describe(&names).await?;
    let tables = described.into_iter().flatten();
    tables.map(|table| scan(connector, &table)).collect()
}

fn scan(connector: &dyn AnyConnector, table: &NativeTable) -> Result<Scan> {
    let columns = table.columns.iter().map(|column| {
        let reading = connector
            .types()
            .to_logical(column, &ColumnChoice::default())
            .map_err(|refusal| {
                let message = format!("{}.{}: {}", table.name, column.name, refusal.reason);
                Error::new(ErrorKind::Unsupported, refusal.code, message)
            })?;
        Ok(ScanColumn {
            native: column.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        })
    });
    Ok(Scan {
        table: table.name.clone(),
        kind: table.kind,
        columns: columns.collect::<Result<_>>()?,
        filter: None,
        split_by: Vec::new(),
        primary_key: table.primary_key.clone(),
        estimated_rows: table.estimated_rows,
        estimated_bytes: table.estimated_bytes,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    })
}

async fn table(snapshot: &Arc<dyn Snapshot>, scan: &Scan, limit: usize) -> Result<ReadBack> {
    let names = scan.columns.iter().map(|column| column.native.name.clone());
    let mut back = ReadBack {
        table: scan.table.clone(),
        columns: names.collect(),
        first: Vec::new(),
        rows: 0,
    };
    for split in snapshot.split(scan, 1).await? {
        let task = task(scan, &split);
        let mut batches = snapshot.read(scan, &split, &task).await?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            back.rows += batch.num_rows() as u64;
            let wanted = limit.saturating_sub(back.first.len());
            back.first.extend(texts(&batch, wanted)?);
        }
        if task.rejected.count() > 0 {
            let message = format!("{} rows could not be read back", task.rejected.count());
            return Err(Error::new(ErrorKind::Data, "READ_BACK", message));
        }
    }
    Ok(back)
}

fn task(scan: &Scan, split: &Split) -> TaskContext {
    TaskContext {
        split: split.id.clone(),
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        rejected: Rejected::new(&scan.table, &split.id),
        budget: WriteBudget::new(NO_BUFFERS),
        limits: BatchLimits::default(),
    }
}

/// The first rows of a batch as text; nothing stands for null.
fn texts(batch: &RecordBatch, wanted: usize) -> Result<Vec<Vec<String>>> {
    let options = FormatOptions::default().with_null("");
    let shown = |cause: ArrowError| Error::internal("a value cannot be shown").caused_by(cause);
    let formats = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).map_err(shown))
        .collect::<Result<Vec<_>>>()?;
    let rows = (0..batch.num_rows().min(wanted)).map(|row| {
        formats
            .iter()
            .map(|column| column.value(row).try_to_string().map_err(shown))
            .collect()
    });
    rows.collect()
}
