//! Reading one split: a step loop on a blocking thread, batches through a short channel. Dropping
//! the stream, or cancelling the task, interrupts the statement that runs.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use contract::{Batches, Dialect, Rejection, TaskContext};
use futures::stream;
use model::plan::{Scan, ScanColumn};
use model::{Error, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, InterruptHandle, Row};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::ddl::{SqliteDialect, quoted_table};
use super::decode::{ColumnDecoder, Misfit, ValueLimits, shown};
use super::errors::error_of;
use super::filter::condition;
use super::snapshot::{Pool, lost};
use super::split::RowidRange;
use crate::family::batch::BatchBuilder;
use crate::family::charset::Charset;

/// A reader taken from the pool for one split.
pub(super) struct Lease {
    pub(super) session: Connection,
    pub(super) pool: Arc<Pool>,
    pub(super) permit: OwnedSemaphorePermit,
}

/// What is asked, and how a row of the answer is found again.
pub(super) struct Query {
    sql: String,
    table: String,
    /// The names of the columns before those of the scan.
    locators: Vec<String>,
    /// What text is encoded in, where it is not UTF-8. Then each column of the scan is two: the value,
    /// text as its bytes, and whether it is text.
    utf16: Option<Charset>,
    /// Where the primary key's columns stand in the answer; empty where not all are there.
    key: Vec<usize>,
}

impl Query {
    /// Rows are found again by their number, else by their key, else by their place where the answer
    /// has no room for either.
    pub(super) fn new(
        scan: &Scan,
        range: RowidRange,
        rowid: Option<&str>,
        utf16: Option<Charset>,
    ) -> Self {
        let quote = |name: &String| SqliteDialect.quote(name);
        let (mut locators, mut selected) = match rowid {
            Some(rowid) => (vec!["rowid".to_owned()], vec![rowid.to_owned()]),
            None => {
                let quoted = scan.primary_key.iter().map(quote).collect();
                (scan.primary_key.clone(), quoted)
            }
        };
        let width = if utf16.is_some() { 2 } else { 1 };
        if scan.columns.len() * width + selected.len() > MOST_COLUMNS {
            locators.clear();
            selected.clear();
        }
        for column in &scan.columns {
            let expression = column.expression.clone();
            let value = expression.unwrap_or_else(|| quote(&column.native.name));
            selected.extend(selected_as(value, utf16));
        }
        let mut conditions: Vec<String> = Vec::new();
        conditions.extend(scan.filter.as_deref().map(condition));
        if let Some(rowid) = rowid {
            conditions.extend(range.from.map(|from| format!("{rowid} >= {from}")));
            conditions.extend(range.to.map(|to| format!("{rowid} < {to}")));
        }
        let mut sql = format!(
            "SELECT {} FROM {}",
            selected.join(", "),
            quoted_table(&scan.table.table)
        );
        if !conditions.is_empty() {
            sql = format!("{sql} WHERE {}", conditions.join(" AND "));
        }
        let place = |name: &String| {
            let read = |column: &ScanColumn| column.native.name == *name;
            let read = scan.columns.iter().position(read);
            read.map(|place| place * width + locators.len())
        };
        let key: Option<Vec<usize>> = scan.primary_key.iter().map(place).collect();
        Self {
            sql,
            table: scan.table.to_string(),
            key: key.unwrap_or_default(),
            locators,
            utf16,
        }
    }
}

/// As many columns as SQLite puts into one answer, unless it was built to allow more.
const MOST_COLUMNS: usize = 2_000;

/// Batches that may wait for the writer.
const BATCHES_AHEAD: usize = 2;

enum Message {
    Batch(RecordBatch),
    /// SQLite said that there are no more rows.
    Done,
    Failed(Error),
}

/// Starts to read; the lease is given back when the statement has ended.
pub(super) fn start(
    lease: Lease,
    query: Query,
    scan: &Scan,
    task: &TaskContext,
) -> Result<Batches> {
    let limits = ValueLimits {
        bytes: task.limits.value_bytes,
    };
    let decoders = scan.columns.iter();
    let decoders: Result<Vec<_>> = decoders
        .map(|column| ColumnDecoder::new(column, limits))
        .collect();
    let columns = scan.columns.iter().map(|column| column.native.name.clone());
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let stopper = Arc::new(Stopper::new(lease.session.get_interrupt_handle()));
    let step_loop = StepLoop {
        query,
        decoders: decoders?,
        columns: columns.collect(),
        batch: BatchBuilder::new(&scan.columns, task.limits),
        pending: Pending::default(),
        task: task.clone(),
        sender,
    };
    let running = Arc::clone(&stopper);
    // Not awaited: it ends by itself, when the statement does or the stopper is called.
    drop(tokio::task::spawn_blocking(move || {
        run(lease, step_loop, &running);
    }));
    let reading = Reading {
        receiver,
        stopper,
        task: task.clone(),
        ended: false,
    };
    Ok(Box::pin(stream::unfold(reading, Reading::next)))
}

/// The stream's side.
struct Reading {
    receiver: mpsc::Receiver<Message>,
    stopper: Arc<Stopper>,
    task: TaskContext,
    ended: bool,
}

impl Reading {
    async fn next(mut self) -> Option<(Result<RecordBatch>, Self)> {
        if self.ended {
            return None;
        }
        let message = tokio::select! {
            biased;
            () = self.task.cancel.cancelled() => {
                self.stopper.stop();
                Some(Message::Failed(Error::cancelled()))
            }
            message = self.receiver.recv() => message,
        };
        let item = match message {
            Some(Message::Batch(batch)) => return Some((Ok(batch), self)),
            Some(Message::Done) => return None,
            Some(Message::Failed(error)) => Err(error),
            None => Err(Error::internal("a reading thread broke off")),
        };
        self.ended = true;
        Some((item, self))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

/// Interrupts a session while it reads for us, and never later, when it may read for others.
struct Stopper {
    state: Mutex<State>,
    handle: InterruptHandle,
}

#[derive(PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Over,
}

impl Stopper {
    fn new(handle: InterruptHandle) -> Self {
        Self {
            state: Mutex::new(State::Waiting),
            handle,
        }
    }

    fn stop(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Running {
            self.handle.interrupt();
        }
        *state = State::Over;
    }

    /// Whether it may run; from now on it can be interrupted.
    fn begin(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let may_run = *state == State::Waiting;
        if may_run {
            *state = State::Running;
        }
        may_run
    }

    fn end(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::Over;
    }
}

fn run(lease: Lease, mut step_loop: StepLoop, stopper: &Stopper) {
    let Lease {
        session,
        pool,
        permit,
    } = lease;
    let result = if session.is_autocommit() {
        Err(lost("a reader's transaction has ended"))
    } else {
        step_loop.run(&session, stopper)
    };
    stopper.end();
    pool.give_back(session, permit);
    let last = match result {
        Ok(()) => Message::Done,
        Err(error) => Message::Failed(error),
    };
    // Where nobody listens any more, nobody needs to know.
    drop(step_loop.sender.blocking_send(last));
}

/// The thread's side.
struct StepLoop {
    query: Query,
    decoders: Vec<ColumnDecoder>,
    columns: Vec<String>,
    batch: BatchBuilder,
    pending: Pending,
    task: TaskContext,
    sender: mpsc::Sender<Message>,
}

/// What arrived since the meter was told, and the number of the row in the split.
#[derive(Default)]
struct Pending {
    rows: u64,
    bytes: u64,
    row: u64,
}

impl StepLoop {
    fn run(&mut self, session: &Connection, stopper: &Stopper) -> Result<()> {
        let doing = format!("read table {}", self.query.table);
        let failed = |error| error_of(error, &doing);
        // An interrupt is forgotten when no statement runs: this one runs until ours has ended.
        let mut pin = session
            .prepare("SELECT 1 UNION ALL SELECT 2")
            .map_err(failed)?;
        let mut pin = pin.query([]).map_err(failed)?;
        pin.next().map_err(failed)?;
        if !stopper.begin() {
            return Err(Error::cancelled());
        }
        let mut statement = session.prepare(&self.query.sql).map_err(failed)?;
        if statement.parameter_count() > 0 {
            return Err(Error::internal(format!(
                "could not {doing}: parameters in the filter"
            )));
        }
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            self.take(row).map_err(failed)?;
            if self.batch.is_full() {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// One row into the batch, or to the rejected ones.
    fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let offset = self.query.locators.len();
        let (mut bytes, mut keep) = (0, true);
        self.pending.row += 1;
        for (index, decoder) in self.decoders.iter().enumerate() {
            let column = &mut self.batch.columns[index];
            if !keep {
                column.append_null();
                continue;
            }
            let (stored, wide) = stored(row, offset, index, self.query.utf16)?;
            let appended = match wide.filter(|_| !decoder.takes_bytes()) {
                None => decoder.append(stored, column),
                Some(charset) => decoded(stored, Some(charset), &mut String::new())
                    .and_then(|value| decoder.append(value, column)),
            };
            match appended {
                Ok(taken) => bytes += taken,
                Err(misfit) => {
                    column.append_null();
                    keep = false;
                    self.task.rejected.push(Rejection {
                        locator: self.locator(row)?,
                        key: self.key_values(row)?,
                        column: &self.columns[index],
                        code: misfit.code,
                        reason: misfit.reason,
                        bytes: &shown(stored),
                    });
                }
            }
        }
        self.batch.end_row(bytes, keep);
        self.pending.rows += 1;
        self.pending.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        Ok(())
    }

    /// The key's values as text; none where one of them is no text.
    fn key_values(&self, row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
        let mut values = Vec::with_capacity(self.query.key.len());
        for place in &self.query.key {
            let (value, wide) = stored(row, *place, 0, self.query.utf16)?;
            let mut wide_text = String::new();
            let text = match decoded(value, wide, &mut wide_text) {
                Ok(ValueRef::Integer(value)) => Some(value.to_string()),
                Ok(ValueRef::Text(bytes)) => String::from_utf8(bytes.to_vec()).ok(),
                _ => None,
            };
            let Some(text) = text else {
                return Ok(Vec::new());
            };
            values.push(text);
        }
        Ok(values)
    }

    fn locator(&self, row: &Row<'_>) -> rusqlite::Result<String> {
        let mut parts = Vec::new();
        for (index, name) in self.query.locators.iter().enumerate() {
            parts.push(format!("{name}={}", key_text(row.get_ref(index)?)));
        }
        if parts.is_empty() {
            parts.push(format!("row {}", self.pending.row));
        }
        Ok(parts.join(", "))
    }

    fn flush(&mut self) -> Result<()> {
        if self.task.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let pending = std::mem::take(&mut self.pending);
        self.pending.row = pending.row;
        self.task.meter.add(pending.rows, pending.bytes);
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = self.batch.take()?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.sender
            .blocking_send(Message::Batch(batch))
            .map_err(|_| Error::cancelled())
    }
}

/// How a value is selected: where text is not UTF-8, text as its bytes, and whether it is text.
pub(super) fn selected_as(value: String, utf16: Option<Charset>) -> Vec<String> {
    if utf16.is_none() {
        return vec![value];
    }
    let is_text = format!("typeof({value}) = 'text'");
    let bytes = format!("CAST({value} AS BLOB)");
    vec![
        format!("CASE WHEN {is_text} THEN {bytes} ELSE {value} END"),
        is_text,
    ]
}

/// The value selected as the one at `index` behind `offset` others; with the form of its bytes, where
/// they are text that is not UTF-8.
#[inline]
pub(super) fn stored<'a>(
    row: &'a Row<'_>,
    offset: usize,
    index: usize,
    utf16: Option<Charset>,
) -> rusqlite::Result<(ValueRef<'a>, Option<Charset>)> {
    let Some(charset) = utf16 else {
        return Ok((row.get_ref(offset + index)?, None));
    };
    let at = offset + 2 * index;
    let is_text = row.get::<_, bool>(at + 1)?;
    Ok((row.get_ref(at)?, is_text.then_some(charset)))
}

/// The value, its text put into UTF-8 where it is in another form.
pub(super) fn decoded<'a>(
    value: ValueRef<'a>,
    charset: Option<Charset>,
    text: &'a mut String,
) -> std::result::Result<ValueRef<'a>, Misfit> {
    let (Some(charset), ValueRef::Blob(bytes)) = (charset, value) else {
        return Ok(value);
    };
    charset
        .decode(bytes, text)
        .map_err(|_| Misfit::new("INVALID_UTF16", "the text is not UTF-16"))?;
    Ok(ValueRef::Text(text.as_bytes()))
}

const LONGEST_KEY_SHOWN: usize = 100;

fn key_text(value: ValueRef<'_>) -> String {
    let text = match value {
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        other => String::from_utf8_lossy(&shown(other)).into_owned(),
    };
    let short: String = text.chars().take(LONGEST_KEY_SHOWN).collect();
    model::table::escape_controls(&short)
}
