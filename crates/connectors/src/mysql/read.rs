//! One split's rows as record batches. A row that cannot be decoded is rejected with its key, the
//! stream ends without an error only where the server said that it ends.

use arrow::array::RecordBatch;
use contract::task::Rejection;
use contract::{BatchLimits, Batches, TaskContext};
use model::plan::Scan;
use model::{Error, Result};
use mysql_async::Value;

use super::decode::{Decoder, Misfit};
use super::pool::Lease;
use super::{temporal, types};
use crate::family::batch::BatchBuilder;

/// Streams what `lease` was started with.
pub(crate) fn stream(lease: Lease, scan: &Scan, task: &TaskContext) -> Result<Batches> {
    let decoders = scan
        .columns
        .iter()
        .map(Decoder::new)
        .collect::<Result<Vec<_>>>()?;
    let key = |name: &String| {
        scan.columns
            .iter()
            .position(|column| column.native.name == *name)
    };
    let key: Option<Vec<usize>> = scan.primary_key.iter().map(key).collect();
    let reading = Reading {
        lease,
        decoders,
        names: scan
            .columns
            .iter()
            .map(|column| column.native.name.clone())
            .collect(),
        fractions: scan
            .columns
            .iter()
            .map(|column| types::clock_fraction(&column.native))
            .collect(),
        key: key.unwrap_or_default(),
        batch: BatchBuilder::new(&scan.columns, task.limits),
        limits: task.limits,
        table: scan.table.to_string(),
        task: task.clone(),
        rows: 0,
        scratch: String::new(),
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

struct Reading {
    lease: Lease,
    decoders: Vec<Decoder>,
    names: Vec<String>,
    /// Digits of a second's fraction by column; none for those without a time of day.
    fractions: Vec<Option<u8>>,
    /// Where the key's columns stand among those read; empty where they are not all read.
    key: Vec<usize>,
    batch: BatchBuilder,
    limits: BatchLimits,
    table: String,
    task: TaskContext,
    rows: u64,
    scratch: String,
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
        let (mut rows, mut bytes) = (0, 0);
        while !self.batch.is_full() {
            let next = self.lease.next(&self.task.cancel).await;
            let row =
                next.map_err(|error| error.context(format!("could not read {}", self.table)))?;
            let Some(row) = row else {
                self.ended = true;
                break;
            };
            let values: Vec<Value> = row
                .unwrap_raw()
                .into_iter()
                .map(|value| value.unwrap_or(Value::NULL))
                .collect();
            let size = values.iter().map(size_of).sum();
            self.append(&values, size)?;
            rows += 1;
            bytes += size as u64;
        }
        self.task.meter.add(rows, bytes);
        match self.batch.is_empty() {
            true => Ok(None),
            false => self.batch.take().map(Some),
        }
    }

    fn append(&mut self, values: &[Value], size: usize) -> Result<()> {
        if values.len() != self.decoders.len() {
            return Err(Error::internal(format!(
                "{} sent another number of columns",
                self.table
            )));
        }
        self.rows += 1;
        let mut refused: Option<(usize, Misfit)> = None;
        let columns = self
            .decoders
            .iter()
            .zip(values)
            .zip(&mut self.batch.columns);
        for (index, ((decoder, value), column)) in columns.enumerate() {
            let appended =
                decoder.append(value, column, self.limits.value_bytes, &mut self.scratch);
            if let Err(misfit) = appended {
                column.append_null();
                refused = refused.or(Some((index, misfit)));
            }
        }
        if refused.is_none() {
            self.notice(values);
        }
        self.batch.end_row(size, refused.is_none());
        if let Some((index, misfit)) = refused {
            let shown = shown(&values[index]);
            self.task.rejected.push(Rejection {
                locator: self.locator(values),
                key: self.key_values(values),
                column: &self.names[index],
                code: misfit.code,
                reason: misfit.reason.to_owned(),
                bytes: &shown,
            });
        }
        Ok(())
    }

    /// Counts what a person should know of the values of a row that goes on.
    fn notice(&self, values: &[Value]) {
        for ((decoder, value), column) in self.decoders.iter().zip(values).zip(&self.names) {
            if let Some(noticed) = decoder.noticed(value) {
                let Misfit { code, reason } = noticed;
                self.task.rejected.notice(column, code, reason);
            }
        }
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
            return format!("row {}", self.rows);
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
                format!("{}={value}", self.names[*index])
            })
            .collect();
        parts.join(", ")
    }

    /// With all digits of the column, as the server prints it.
    fn shown_date(&self, index: usize, value: &Value) -> String {
        let mut shown = String::new();
        let printed = match self.fractions[index] {
            None => temporal::print_date(value, &mut shown),
            Some(digits) => temporal::print_wall(value, digits, &mut shown),
        };
        match printed {
            Ok(()) => shown,
            Err(_) => value.as_sql(true),
        }
    }
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::NULL => 1,
        Value::Bytes(bytes) => bytes.len(),
        Value::Float(_) => 4,
        Value::Int(_) | Value::UInt(_) | Value::Double(_) => 8,
        Value::Date(..) | Value::Time(..) => 12,
    }
}

/// The value's bytes as a person would look at them.
fn shown(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.clone(),
        other => other.as_sql(true).trim_matches('\'').as_bytes().to_vec(),
    }
}
