//! What stands staged, read back by the source's decoders over the binary protocol. Here a value that
//! cannot be decoded is a failure: it was written by us.

use std::sync::Arc;

use arrow::array::RecordBatch;
use contract::{BatchLimits, Batches};
use model::plan::{Column, ScanColumn, TableSchema};
use model::{Error, ErrorKind, LogicalType, NativeColumn, Result, Side};
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, QueryResult, Value};

use super::errors::failed;
use super::room::Room;
use super::sessions::{Lease, Sessions};
use crate::family::batch::BatchBuilder;
use crate::mysql::ddl::quote;
use crate::mysql::decode::Decoder;
use crate::mysql::wire::Cell;

/// A stream over all staged rows. Nothing is read before it is polled.
pub(super) fn stream(
    sessions: &Arc<Sessions>,
    room: &Room,
    table: &TableSchema,
) -> Result<Batches> {
    let columns: Vec<ScanColumn> = table.columns.iter().map(as_read).collect();
    let decoders: Vec<Decoder> = columns.iter().map(Decoder::new).collect::<Result<_>>()?;
    let expressions: Vec<String> = columns
        .iter()
        .map(|column| match &column.expression {
            Some(expression) => expression.clone(),
            None => quote(&column.native.name),
        })
        .collect();
    let select = format!(
        "SELECT {} FROM {}",
        expressions.join(", "),
        room.quoted(&room.stage)
    );
    let reading = Box::new(Reading {
        lease: None,
        select,
        decoders,
        batch: BatchBuilder::new(&columns, BatchLimits::default()),
        ended: false,
    });
    let sessions = Arc::clone(sessions);
    let batches =
        futures::stream::try_unfold((sessions, reading), |(sessions, mut reading)| async move {
            let batch = reading.next_batch(&sessions).await?;
            Ok(batch.map(|batch| (batch, (sessions, reading))))
        });
    Ok(Box::pin(batches))
}

/// The column as a source would plan it.
fn as_read(column: &Column) -> ScanColumn {
    let base = column.native.split(['(', ' ']).next().unwrap_or_default();
    let (decode, expression) = match &column.holds {
        LogicalType::Boolean if base == "bit" => ("bit", None),
        LogicalType::Boolean | LogicalType::Integer { .. } => ("integer", None),
        LogicalType::Decimal { .. } => ("decimal", None),
        LogicalType::Float32 | LogicalType::Float64 => ("float", None),
        LogicalType::Binary => ("bytes", None),
        LogicalType::Date => ("date", None),
        LogicalType::Time { .. } => ("time-of-day", None),
        LogicalType::Timestamp { .. } if base == "timestamp" => {
            let seconds = format!("UNIX_TIMESTAMP({})", quote(&column.name));
            ("instant", Some(seconds))
        }
        LogicalType::Timestamp { .. } => ("datetime", None),
        _ => ("text:utf8mb4", None),
    };
    ScanColumn {
        native: NativeColumn {
            name: column.name.clone(),
            ..NativeColumn::default()
        },
        logical: column.holds.clone(),
        expression,
        decode: decode.to_owned(),
    }
}

struct Reading {
    /// None before the first row was asked for.
    lease: Option<Lease>,
    select: String,
    decoders: Vec<Decoder>,
    batch: BatchBuilder,
    ended: bool,
}

impl Reading {
    async fn next_batch(&mut self, sessions: &Arc<Sessions>) -> Result<Option<RecordBatch>> {
        if self.lease.is_none() && !self.ended {
            let mut lease = sessions.lease().await?;
            let started = lease.connection.exec_iter(self.select.as_str(), ()).await;
            started.map(drop).map_err(failed)?;
            self.lease = Some(lease);
        }
        let mut scratch = String::new();
        while !self.ended && !self.batch.is_full() {
            let Some(lease) = &mut self.lease else { break };
            let mut rows = QueryResult::<'_, '_, BinaryProtocol>::new(&mut lease.connection);
            match rows.next().await.map_err(failed)? {
                Some(row) => self.append(row.unwrap_raw(), &mut scratch)?,
                None => self.ended = true,
            }
        }
        if self.ended
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
        match self.batch.is_empty() {
            true => Ok(None),
            false => self.batch.take().map(Some),
        }
    }

    fn append(&mut self, row: Vec<Option<Value>>, scratch: &mut String) -> Result<()> {
        let mut size = 0;
        let cells = row.into_iter().zip(&self.decoders);
        for ((value, decoder), column) in cells.zip(&mut self.batch.columns) {
            let value = value.unwrap_or(Value::NULL);
            if let Value::Bytes(bytes) = &value {
                size += bytes.len();
            }
            size += 8;
            let appended = decoder.append(Cell::of(&value), column, usize::MAX, scratch);
            appended.map_err(|misfit| {
                let message = format!("a staged value came back otherwise: {}", misfit.reason);
                Error::new(ErrorKind::Data, misfit.code, message).on(Side::Destination)
            })?;
        }
        self.batch.end_row(size, true);
        Ok(())
    }
}
