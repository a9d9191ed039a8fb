//! Reading a table through a connector's source as the engine does, split by split, without the
//! engine: what each split holds can be looked at by itself.

use arrow::array::RecordBatch;
use contract::{
    BatchLimits, CancellationToken, Meter, Rejected, Snapshot, Source, Split, TaskContext,
    TypeMapping, WriteBudget,
};
use futures::TryStreamExt;
use model::migration::ColumnChoice;
use model::plan::{Scan, ScanColumn};
use model::{NativeTable, Result, TableName};

/// Which table, and how.
pub struct Asked {
    /// The connector's types.
    pub types: &'static dyn TypeMapping,
    /// The table.
    pub table: TableName,
    /// The columns to cut by; empty leaves it to the connector.
    pub split_by: Vec<String>,
}

/// What one split gave.
pub struct Given {
    /// The split.
    pub split: Split,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// How many rows could not be decoded.
    pub rejected: u64,
}

/// The scan of a table as a planner makes it. A column whose type is refused is read by the refusal's
/// first proposal that reads it as something else, and left out where there is none.
pub fn scan_of(asked: &Asked, table: &NativeTable) -> Scan {
    let columns = table.columns.iter().filter_map(|native| {
        let reading = asked.types.to_logical(native, &ColumnChoice::default());
        let reading = reading.or_else(|refusal| {
            let mut proposals = refusal.proposals.iter();
            match proposals.find(|choice| choice.read_as.is_some()) {
                Some(choice) => asked.types.to_logical(native, choice),
                None => Err(refusal),
            }
        });
        let reading = reading.ok()?;
        Some(ScanColumn {
            native: native.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        })
    });
    Scan {
        table: table.name.clone(),
        kind: table.kind,
        columns: columns.collect(),
        filter: None,
        split_by: asked.split_by.clone(),
        primary_key: table.primary_key.clone(),
        estimated_rows: table.estimated_rows,
        estimated_bytes: table.estimated_bytes,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    }
}

/// The table's scan; `None` where there is no such table.
pub async fn scan(source: &dyn Source, asked: &Asked) -> Result<Option<Scan>> {
    let described = source.describe(std::slice::from_ref(&asked.table)).await?;
    let table = described.into_iter().next().flatten();
    Ok(table.map(|table| scan_of(asked, &table)))
}

/// Cuts the table into about `wanted` parts and reads each.
pub async fn read_splits(
    snapshot: &dyn Snapshot,
    scan: &Scan,
    wanted: usize,
) -> Result<Vec<Given>> {
    let mut given = Vec::new();
    for split in snapshot.split(scan, wanted).await? {
        let task = TaskContext {
            split: split.id.clone(),
            attempt: 1,
            cancel: CancellationToken::new(),
            meter: Meter::default(),
            rejected: Rejected::new(&scan.table, &split.id),
            budget: WriteBudget::new(usize::MAX),
            limits: BatchLimits::default(),
        };
        let batches = snapshot.read(scan, &split, &task).await?;
        let batches = batches.try_collect().await?;
        let rejected = task.rejected.count();
        given.push(Given {
            split,
            batches,
            rejected,
        });
    }
    Ok(given)
}

/// All rows of the table; `None` where there is no such table.
pub async fn read_whole(source: &dyn Source, asked: &Asked) -> Result<Option<Vec<RecordBatch>>> {
    let Some(scan) = scan(source, asked).await? else {
        return Ok(None);
    };
    let opened = source.open_snapshot(std::slice::from_ref(&scan), 1).await?;
    let given = read_splits(opened.snapshot.as_ref(), &scan, 1).await;
    opened.snapshot.close().await;
    Ok(Some(
        given?.into_iter().flat_map(|given| given.batches).collect(),
    ))
}
