//! The decoders alone, for benches: bytes as servers send them become batches, and nothing else happens.

use bytes::Bytes;
use contract::{BatchLimits, CancellationToken, Meter, Rejected, TaskContext, WriteBudget};
use model::plan::{Scan, ScanColumn};
use model::{LogicalType, NativeColumn, Result, SplitId, TableKind, TableName};

use crate::mysql::wire::Kind;

/// A table of these columns: name of the native type, what it becomes, the word of its decoding.
pub fn scan(columns: &[(&str, LogicalType, &str)]) -> Scan {
    let columns = columns.iter().enumerate();
    let columns = columns.map(|(index, (base, logical, decode))| ScanColumn {
        native: NativeColumn {
            name: format!("c{index}"),
            base: (*base).to_owned(),
            type_text: (*base).to_owned(),
            ..NativeColumn::default()
        },
        logical: logical.clone(),
        expression: None,
        decode: (*decode).to_owned(),
    });
    Scan {
        table: TableName::new("s", "t"),
        kind: TableKind::Table,
        columns: columns.collect(),
        filter: None,
        split_by: Vec::new(),
        primary_key: Vec::new(),
        estimated_rows: None,
        estimated_bytes: None,
        fingerprint: String::new(),
        private: serde_json::Value::Null,
    }
}

/// A whole binary COPY, given as its messages; how many values there were.
pub fn postgres(scan: &Scan, messages: &Bytes) -> Result<usize> {
    crate::postgres::copy_decode::decode(scan, BatchLimits::default(), messages)
}

/// Rows as packets of the binary protocol; how many values there were. Each column of a whole number is
/// sent as four bytes, dates as such, everything else as text.
pub fn mysql(scan: &Scan, packets: &[Vec<u8>]) -> Result<usize> {
    let kinds = scan.columns.iter().map(|column| match column.logical {
        LogicalType::Integer { .. } => Kind::Int4,
        LogicalType::Date => Kind::Date,
        _ => Kind::Bytes,
    });
    let split = SplitId::new("0");
    let task = TaskContext {
        rejected: Rejected::new(&scan.table, &split),
        split,
        attempt: 1,
        cancel: CancellationToken::new(),
        meter: Meter::default(),
        budget: WriteBudget::new(usize::MAX),
        limits: BatchLimits::default(),
    };
    crate::mysql::read::decode(kinds.collect(), scan, &task, packets)
}
