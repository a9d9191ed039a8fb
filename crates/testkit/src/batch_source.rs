//! A source of record batches of any types, one split each; its figures are computed from the batches
//! as they are, whatever its reader makes of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimestampMicrosecondType};
use async_trait::async_trait;
use contract::{
    Batches, CancellationToken, OpenedSnapshot, Snapshot, SnapshotKind, Source, SourceColumn,
    SourceFigures, Split, TaskContext,
};
use model::checksum::{ColumnFigures, Range};
use model::plan::Scan;
use model::table::ListedTable;
use model::{Error, Finding, LogicalType, NativeTable, Result, SnapshotId, TableName};

use crate::plans::native_table_of;
use crate::saboteur::Saboteur;

/// One table of batches.
#[derive(Clone)]
pub struct BatchSource {
    table: TableName,
    columns: Vec<(String, LogicalType)>,
    splits: Arc<Vec<RecordBatch>>,
    reader: Option<Saboteur>,
    id: SnapshotId,
}

impl BatchSource {
    /// A table of these columns, cut as the batches are.
    pub fn new(
        table: &TableName,
        columns: &[(&str, LogicalType)],
        splits: Vec<RecordBatch>,
    ) -> Self {
        let columns = columns.iter();
        Self {
            table: table.clone(),
            columns: columns
                .map(|(name, logical)| ((*name).to_owned(), logical.clone()))
                .collect(),
            splits: Arc::new(splits),
            reader: None,
            id: SnapshotId::new("batches"),
        }
    }

    /// The same; its reader gets this wrong.
    #[must_use]
    pub fn misread(mut self, saboteur: Saboteur) -> Self {
        self.reader = Some(saboteur);
        self
    }
}

#[async_trait]
impl Source for BatchSource {
    async fn check(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    fn default_schema(&self) -> String {
        self.table.schema.clone()
    }

    async fn tables(&self, _schemas: &[String]) -> Result<Vec<ListedTable>> {
        Ok(Vec::new())
    }

    async fn describe(&self, tables: &[TableName]) -> Result<Vec<Option<NativeTable>>> {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let described = tables
            .iter()
            .map(|table| (*table == self.table).then(|| native_table_of(table, &names)));
        Ok(described.collect())
    }

    async fn check_filters(&self, filters: &[(TableName, String)]) -> Result<Vec<Option<Error>>> {
        Ok(filters.iter().map(|_| None).collect())
    }

    async fn open_snapshot(&self, _scans: &[Scan], _readers: usize) -> Result<OpenedSnapshot> {
        Ok(OpenedSnapshot {
            snapshot: Arc::new(self.clone()),
            refused: Vec::new(),
            findings: Vec::new(),
        })
    }
}

#[async_trait]
impl Snapshot for BatchSource {
    fn id(&self) -> &SnapshotId {
        &self.id
    }

    fn kind(&self) -> SnapshotKind {
        SnapshotKind::Durable
    }

    fn readers(&self) -> usize {
        2
    }

    async fn split(&self, _scan: &Scan, _wanted: usize) -> Result<Vec<Split>> {
        let splits = 0..self.splits.len();
        Ok(splits
            .map(|at| Split::new(at, &self.id, None, serde_json::json!(at)))
            .collect())
    }

    async fn read(&self, _scan: &Scan, split: &Split, task: &TaskContext) -> Result<Batches> {
        let at: usize = serde_json::from_value(split.payload.clone())
            .map_err(|_| Error::internal("not a split of this source"))?;
        let batch = self.splits[at].clone();
        let batches = match self.reader.filter(|_| at == 0) {
            Some(saboteur) => saboteur.tamper(&batch),
            None => vec![batch],
        };
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        task.meter.add(rows as u64, 0);
        Ok(Box::pin(futures::stream::iter(batches.into_iter().map(Ok))))
    }

    async fn figures(
        &self,
        _scan: &Scan,
        _cancel: &CancellationToken,
    ) -> Result<Option<SourceFigures>> {
        let all = self.splits.first().map(RecordBatch::schema);
        let all = all.map(|schema| concat_batches(&schema, self.splits.iter()));
        let Some(all) = all
            .transpose()
            .map_err(|error| Error::internal("batches of one table differ").caused_by(error))?
        else {
            return Ok(None);
        };
        Ok(Some(SourceFigures {
            rows: all.num_rows() as u64,
            columns: all.columns().iter().map(figures_of).collect(),
        }))
    }

    async fn check_held(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) {}
}

fn figures_of(column: &ArrayRef) -> SourceColumn {
    let numbers: Option<Vec<i128>> = match column.data_type() {
        DataType::Int64 => Some(
            column
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .map(i128::from)
                .collect(),
        ),
        DataType::Timestamp(..) => Some(
            column
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .flatten()
                .map(i128::from)
                .collect(),
        ),
        DataType::Decimal128(..) => Some(
            column
                .as_primitive::<Decimal128Type>()
                .iter()
                .flatten()
                .collect(),
        ),
        _ => None,
    };
    let why = numbers.is_none().then(|| "no figures".to_owned());
    let end = |end: Option<&i128>| end.map(ToString::to_string).unwrap_or_default();
    let range = numbers.map(|numbers| Range {
        min: end(numbers.iter().min()),
        max: end(numbers.iter().max()),
        sum: numbers.iter().sum::<i128>().to_string(),
    });
    SourceColumn {
        figures: Some(ColumnFigures {
            non_null: (column.len() - column.null_count()) as u64,
            range,
        }),
        why,
    }
}
