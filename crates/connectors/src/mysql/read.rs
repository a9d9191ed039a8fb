//! One split's rows as record batches. A row that cannot be decoded is rejected with its key, the
//! stream ends without an error only where the server said that it ends.

use arrow::array::RecordBatch;
use contract::task::Rejection;
use contract::{Batches, TaskContext};
use model::plan::Scan;
use model::{Error, Result};
use mysql_async::{Error as DriverFailure, Value};

use super::decode::{Decoder, Misfit};
use super::errors::translate;
use super::pool::Lease;
use super::wire::{self, Arrived, Cell, Cells, Kind};
use super::{temporal, types};
use crate::family::batch::BatchBuilder;

/// Streams what the lease was started with.
pub(crate) fn stream(
    (lease, kinds): (Lease, Vec<Kind>),
    scan: &Scan,
    task: &TaskContext,
) -> Result<Batches> {
    let reading = Reading {
        lease,
        rows: Rows::new(kinds, scan, task)?,
        task: task.clone(),
        ended: false,
    };
    let batches = futures::stream::try_unfold(Some(Box::new(reading)), |reading| async move {
        let Some(mut reading) = reading else {
            return Ok(None);
        };
        match reading.next_batch().await {
            Ok(Some(batch)) => Ok(Some((batch, Some(reading)))),
            Ok(None) => Ok(None),
            Err(error) => {
                reading.lease.stop().await;
                Err(error)
            }
        }
    });
    Ok(Box::pin(batches))
}

/// Decodes rows as their packets hold them; how many values there were.
pub(crate) fn decode(
    kinds: Vec<Kind>,
    scan: &Scan,
    task: &TaskContext,
    packets: &[Vec<u8>],
) -> Result<usize> {
    let mut rows = Rows::new(kinds, scan, task)?;
    let mut values = 0;
    for packet in packets {
        rows.append(packet)?;
        if rows.batch.is_full() {
            let batch = rows.batch.take()?;
            values += batch.num_rows() * batch.num_columns();
        }
    }
    let batch = rows.batch.take()?;
    Ok(values + batch.num_rows() * batch.num_columns())
}

struct Reading {
    lease: Lease,
    rows: Rows,
    task: TaskContext,
    ended: bool,
}

impl Reading {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if self.ended {
            return Ok(None);
        }
        if self.task.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let arrived = self.fill().await;
        arrived.map_err(|error| error.context(format!("could not read {}", self.rows.table)))?;
        self.lease.trim();
        let (rows, bytes) = std::mem::take(&mut self.rows.arrived);
        self.task.meter.add(rows, bytes);
        match self.rows.batch.is_empty() {
            true => Ok(None),
            false => self.rows.batch.take().map(Some),
        }
    }

    /// Takes rows until the batch is full or there are no more.
    async fn fill(&mut self) -> Result<()> {
        while !self.rows.batch.is_full() {
            match self.lease.next()? {
                Arrived::Row(row) => self.rows.append(row)?,
                Arrived::Nothing => self.lease.fill(&self.task.cancel).await?,
                Arrived::End => {
                    self.ended = true;
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The rows of one split, on their way into batches.
struct Rows {
    columns: Vec<Column>,
    /// Where the key's columns stand among those read; empty where they are not all read.
    key: Vec<usize>,
    batch: BatchBuilder,
    value_bytes: usize,
    table: String,
    task: TaskContext,
    /// Rows so far.
    count: u64,
    /// Rows and bytes that the meter has not heard of.
    arrived: (u64, u64),
    scratch: String,
    /// What a person should know of the values of the row in hand, by column.
    noticed: Vec<(usize, Misfit)>,
}

struct Column {
    name: String,
    kind: Kind,
    decoder: Decoder,
    /// Whether a person should know of some of its values.
    notices: bool,
    /// Digits of a second's fraction; none without a time of day.
    fraction: Option<u8>,
}

impl Rows {
    fn new(kinds: Vec<Kind>, scan: &Scan, task: &TaskContext) -> Result<Self> {
        if kinds.len() != scan.columns.len() {
            return Err(Error::internal(format!(
                "{} sent another number of columns",
                scan.table
            )));
        }
        let columns = scan.columns.iter().zip(kinds);
        let columns = columns.map(|(column, kind)| {
            let decoder = Decoder::new(column)?;
            Ok(Column {
                name: column.native.name.clone(),
                kind,
                decoder,
                notices: decoder.notices(),
                fraction: types::clock_fraction(&column.native),
            })
        });
        let key = |name: &String| {
            scan.columns
                .iter()
                .position(|column| column.native.name == *name)
        };
        let key: Option<Vec<usize>> = scan.primary_key.iter().map(key).collect();
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
            key: key.unwrap_or_default(),
            batch: BatchBuilder::new(&scan.columns, task.limits),
            value_bytes: task.limits.value_bytes,
            table: scan.table.to_string(),
            task: task.clone(),
            count: 0,
            arrived: (0, 0),
            scratch: String::new(),
            noticed: Vec::new(),
        })
    }

    /// One row as its packet holds it.
    fn append(&mut self, row: &[u8]) -> Result<()> {
        self.count += 1;
        let refused = self.decode(row).map_err(translate)?;
        self.batch.end_row(row.len(), refused.is_none());
        self.arrived.0 += 1;
        self.arrived.1 += row.len() as u64;
        for (column, Misfit { code, reason }) in self.noticed.drain(..) {
            if refused.is_none() {
                let name = &self.columns[column].name;
                self.task.rejected.notice(name, code, reason);
            }
        }
        match refused {
            Some((column, misfit)) => self.reject(row, column, misfit),
            None => Ok(()),
        }
    }

    /// Appends a value or null to each column; the first value that cannot go on.
    fn decode(&mut self, row: &[u8]) -> Result<Option<(usize, Misfit)>, DriverFailure> {
        let mut cells = Cells::new(row, self.columns.len())?;
        let mut refused: Option<(usize, Misfit)> = None;
        let columns = self.columns.iter().zip(&mut self.batch.columns);
        for (index, (column, builder)) in columns.enumerate() {
            let Some(cell) = cells.next(column.kind) else {
                return Err(wire::malformed(row));
            };
            let (room, scratch) = (self.value_bytes, &mut self.scratch);
            if let Err(misfit) = column.decoder.append(cell, builder, room, scratch) {
                builder.append_null();
                refused = refused.or(Some((index, misfit)));
            }
            if column.notices
                && let Some(noticed) = column.decoder.noticed(cell)
            {
                self.noticed.push((index, noticed));
            }
        }
        match cells.is_at_end() {
            true => Ok(refused),
            false => Err(wire::malformed(row)),
        }
    }

    fn reject(&self, row: &[u8], column: usize, misfit: Misfit) -> Result<()> {
        let kinds: Vec<Kind> = self.columns.iter().map(|column| column.kind).collect();
        let values = wire::values(row, &kinds).map_err(translate)?;
        self.task.rejected.push(Rejection {
            locator: self.locator(&values),
            key: self.key_values(&values),
            column: &self.columns[column].name,
            code: misfit.code,
            reason: misfit.reason.to_owned(),
            bytes: &shown(&values[column]),
        });
        Ok(())
    }

    /// The key's values as text; none where one of them is no text.
    fn key_values(&self, values: &[Value]) -> Vec<String> {
        let texts = self.key.iter().map(|index| match &values[*index] {
            Value::NULL => None,
            Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
            other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
        });
        texts.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// `id=42`, or the row's place in the split where the key is not read.
    fn locator(&self, values: &[Value]) -> String {
        if self.key.is_empty() {
            return format!("row {}", self.count);
        }
        let parts: Vec<String> = self
            .key
            .iter()
            .map(|index| {
                let value = match &values[*index] {
                    Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                        Ok(text) => text.to_owned(),
                        Err(_) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                    },
                    date @ Value::Date(..) => self.shown_date(*index, date),
                    other => other.as_sql(true),
                };
                format!("{}={value}", self.columns[*index].name)
            })
            .collect();
        parts.join(", ")
    }

    /// With all digits of the column, as the server prints it.
    fn shown_date(&self, index: usize, value: &Value) -> String {
        let mut shown = String::new();
        let printed = match self.columns[index].fraction {
            None => temporal::print_date(Cell::of(value), &mut shown),
            Some(digits) => temporal::print_wall(Cell::of(value), digits, &mut shown),
        };
        match printed {
            Ok(()) => shown,
            Err(_) => value.as_sql(true),
        }
    }
}

/// The value's bytes as a person would look at them.
fn shown(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.clone(),
        other => other.as_sql(true).trim_matches('\'').as_bytes().to_vec(),
    }
}
