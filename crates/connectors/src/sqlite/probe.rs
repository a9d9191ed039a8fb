//! What declared types do not say, looked at before planning: SQLite keeps a type with every value.
//! The library runs in this process, so that values are counted by the decoder that would read them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contract::{
    BatchLimits, ColumnProbe, Dialect, Extent, ProbeClock, ProbeColumn, ProbeLimits, ProbeRequest,
    TableProbe, TypeMapping,
};
use model::migration::ColumnChoice;
use model::plan::ScanColumn;
use model::{Error, LogicalType, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::ddl::{SqliteDialect, quoted_table};
use super::decode::{ColumnDecoder, ValueLimits, is_meant, shown};
use super::errors::error_of;
use super::filter::condition;
use super::read::{decoded, selected_as, stored};
use super::session::{DatabaseFile, ask, blocking, look};
use super::snapshot::utf16;
use super::types::SqliteTypes;
use crate::family::batch::BatchBuilder;
use crate::family::charset::Charset;
use crate::family::decimal;

/// How often a statement that is to stop is told so: one that has not begun yet does not hear it.
const TOLD_EVERY: Duration = Duration::from_millis(50);
/// The longest that a number is told in digits.
const LONGEST_NUMBER: usize = 400;

/// Looks at all tables, one after the other.
pub(super) async fn probe(
    file: &DatabaseFile,
    requests: &[ProbeRequest],
    limits: &ProbeLimits,
) -> Result<Vec<TableProbe>> {
    let clock = ProbeClock::start(limits);
    let opened = file.clone();
    let (mut connection, utf16) = blocking(move || {
        let connection = opened.open()?;
        look(&connection, &opened)?;
        let encoding: String = ask(&connection, "PRAGMA encoding")?;
        Ok((connection, utf16(&encoding)))
    })
    .await?;
    let mut probes = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let share = clock.share(requests.len() - index);
        let job = Job {
            request: request.clone(),
            rows: limits.rows,
            utf16,
            stop: Arc::default(),
        };
        let (back, probe) = within(connection, job, share, limits).await?;
        connection = back;
        probes.push(probe);
    }
    Ok(probes)
}

/// One table's look.
struct Job {
    request: ProbeRequest,
    rows: u64,
    /// What text is encoded in, where it is not UTF-8.
    utf16: Option<Charset>,
    /// Set when the time is over.
    stop: Arc<AtomicBool>,
}

/// Looks until the time is over: what was seen by then counts.
async fn within(
    connection: Connection,
    job: Job,
    share: Duration,
    limits: &ProbeLimits,
) -> Result<(Connection, TableProbe)> {
    let handle = connection.get_interrupt_handle();
    let stop = Arc::clone(&job.stop);
    let looking = blocking(move || {
        let probe = job.look(&connection);
        Ok((connection, probe))
    });
    tokio::pin!(looking);
    let cancelled = tokio::select! {
        seen = &mut looking => return seen,
        () = tokio::time::sleep(share) => false,
        () = limits.cancel.cancelled() => true,
    };
    stop.store(true, Ordering::Relaxed);
    loop {
        handle.interrupt();
        tokio::select! {
            seen = &mut looking => {
                return if cancelled { Err(Error::cancelled()) } else { seen };
            }
            () = tokio::time::sleep(TOLD_EVERY) => {}
        }
    }
}

impl Job {
    fn look(&self, connection: &Connection) -> TableProbe {
        let mut probe = TableProbe::unseen(self.request.table.name.clone());
        if self.request.columns.is_empty() {
            return probe;
        }
        let ended = Counting::new(self).and_then(|mut counting| {
            let ended = counting.run(self, connection);
            probe.rows = counting.rows;
            probe.columns = counting.told();
            ended
        });
        let stopped = self.stop.load(Ordering::Relaxed);
        probe.extent = match &ended {
            Ok(()) if probe.rows <= self.rows && !stopped => Extent::Exact,
            _ if probe.rows > 0 => Extent::Sampled,
            _ => Extent::Nothing,
        };
        if stopped {
            probe.trouble = Some("its share of the time was over".to_owned());
        } else if let Err(error) = ended {
            probe.trouble = Some(error.message);
        }
        if probe.extent == Extent::Nothing {
            probe.columns.clear();
        }
        probe
    }

    fn statement(&self) -> String {
        let names = self.request.columns.iter();
        let names: Vec<String> = names
            .flat_map(|column| selected_as(SqliteDialect.quote(&column.native.name), self.utf16))
            .collect();
        let table = quoted_table(&self.request.table.name.table);
        let filter = self.request.filter.as_deref().map(condition);
        let filter = filter.map_or_else(String::new, |filter| format!(" WHERE {filter}"));
        format!(
            "SELECT {} FROM {table}{filter} LIMIT {}",
            names.join(", "),
            self.rows.saturating_add(1)
        )
    }
}

/// A way to read a column, and what it refuses.
struct Way {
    column: usize,
    /// `None` for the way that was planned; else what a person would choose.
    choice: Option<String>,
    decoder: ColumnDecoder,
    refused: HashMap<&'static str, u64>,
}

struct Counting {
    rows: u64,
    columns: Vec<ColumnProbe>,
    /// Columns of which the digits matter, and whether no type reads them yet.
    numbers: Vec<Option<Unread>>,
    ways: Vec<Way>,
    /// What is read is thrown away.
    batch: BatchBuilder,
}

/// Whether a column of numbers has no type yet.
type Unread = bool;

impl Counting {
    fn new(job: &Job) -> Result<Self> {
        let limits = ValueLimits {
            bytes: BatchLimits::default().value_bytes,
        };
        let (mut ways, mut scanned, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for (index, column) in job.request.columns.iter().enumerate() {
            let (choices, number) = ways_to_read(column);
            numbers.push(number);
            for (choice, read) in choices {
                ways.push(Way {
                    column: index,
                    choice,
                    decoder: ColumnDecoder::new(&read, limits)?,
                    refused: HashMap::new(),
                });
                scanned.push(read);
            }
        }
        let columns = job.request.columns.iter().map(|column| ColumnProbe {
            column: column.native.name.clone(),
            ..ColumnProbe::default()
        });
        Ok(Self {
            rows: 0,
            columns: columns.collect(),
            numbers,
            ways,
            batch: BatchBuilder::new(&scanned, BatchLimits::default()),
        })
    }

    fn run(&mut self, job: &Job, connection: &Connection) -> Result<()> {
        let doing = format!("look at table {}", job.request.table.name);
        let failed = |error| error_of(error, &doing);
        let mut statement = connection.prepare(&job.statement()).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if job.stop.load(Ordering::Relaxed) {
                return Err(Error::cancelled());
            }
            self.take(row, job.utf16).map_err(failed)?;
            if self.batch.is_full() {
                drop(self.batch.take()?);
            }
        }
        Ok(())
    }

    fn take(&mut self, row: &Row<'_>, utf16: Option<Charset>) -> rusqlite::Result<()> {
        self.rows += 1;
        for (index, column) in self.columns.iter_mut().enumerate() {
            let (value, wide) = stored(row, 0, index, utf16)?;
            let mut text = String::new();
            // Text that is none is counted by the decoder; here its bytes stand for it.
            let value = decoded(value, wide, &mut text).unwrap_or(value);
            let Some((kind, bytes)) = kind_of(value) else {
                continue;
            };
            column.values += 1;
            *column.kinds.entry(kind.to_owned()).or_default() += 1;
            column.longest_bytes = column.longest_bytes.max(bytes);
            if let Some(unread) = self.numbers[index] {
                take_number(column, value, unread);
            }
        }
        let mut bytes = 0;
        for (way, builder) in self.ways.iter_mut().zip(&mut self.batch.columns) {
            let (value, wide) = stored(row, 0, way.column, utf16)?;
            let wide = wide.filter(|_| !way.decoder.takes_bytes());
            let mut text = String::new();
            let value = decoded(value, wide, &mut text);
            match value.and_then(|value| way.decoder.append(value, builder)) {
                Ok(taken) => bytes += taken,
                Err(misfit) => {
                    builder.append_null();
                    *way.refused.entry(misfit.code).or_default() += 1;
                }
            }
        }
        self.batch.end_row(bytes, true);
        Ok(())
    }

    fn told(&mut self) -> Vec<ColumnProbe> {
        for way in &mut self.ways {
            let column = &mut self.columns[way.column];
            match way.choice.take() {
                Some(choice) => {
                    column
                        .rejected_as
                        .insert(choice, way.refused.values().sum());
                }
                None => {
                    let refused = way.refused.drain();
                    column
                        .rejected
                        .extend(refused.map(|(code, count)| (code.to_owned(), count)));
                }
            }
        }
        std::mem::take(&mut self.columns)
    }
}

/// What stands in the plan for one way to read a column.
type Read = (Option<String>, ScanColumn);

/// The planned way, or where there is none, each that is proposed; and whether its digits matter.
fn ways_to_read(column: &ProbeColumn) -> (Vec<Read>, Option<Unread>) {
    let read = |choice: &ColumnChoice| {
        let reading = SqliteTypes.to_logical(&column.native, choice).ok()?;
        Some(ScanColumn {
            native: column.native.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        })
    };
    match SqliteTypes.to_logical(&column.native, &column.choice) {
        Ok(reading) => {
            let chosen = column.choice.read_as.is_some();
            let decimal = matches!(reading.logical, LogicalType::Decimal { .. });
            let planned = read(&column.choice).map(|read| (None, read));
            (
                planned.into_iter().collect(),
                (chosen && decimal).then_some(false),
            )
        }
        Err(refusal) => {
            let number = (refusal.code == "DECIMAL_PRECISION").then_some(true);
            let proposed = refusal.proposals.iter().filter_map(|choice| {
                let word = choice.read_as.clone()?;
                Some((Some(word), read(choice)?))
            });
            (proposed.collect(), number)
        }
    }
}

fn take_number(column: &mut ColumnProbe, value: ValueRef<'_>, unread: Unread) {
    let code = match places(value) {
        Ok((before, behind)) => {
            column.integer_digits = column.integer_digits.max(Some(before));
            column.scale = column.scale.max(Some(behind));
            return;
        }
        Err(code) => code,
    };
    if unread {
        *column.rejected.entry(code.to_owned()).or_default() += 1;
    }
}

/// Digits before and behind the point, or the code by which a decimal of any size rejects the value.
fn places(value: ValueRef<'_>) -> Result<(u64, u64), &'static str> {
    let places = match value {
        ValueRef::Text(text) if text.len() > LONGEST_NUMBER => None,
        ValueRef::Blob(_) => return Err("STORAGE_CLASS"),
        ValueRef::Real(real) => {
            let digits = format!("{real:e}");
            if !is_meant(digits.as_bytes()) {
                return Err("STORAGE_CLASS");
            }
            decimal::places(digits.as_bytes())
        }
        value => decimal::places(&shown(value)),
    };
    places.ok_or("STORAGE_CLASS")
}

/// The value's own kind, and its length where it has one; `None` for null.
fn kind_of(value: ValueRef<'_>) -> Option<(&'static str, Option<u64>)> {
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).ok();
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Integer(_) => ("integer", None),
        ValueRef::Real(_) => ("real", None),
        ValueRef::Text(bytes) => ("text", length(bytes)),
        ValueRef::Blob(bytes) => ("blob", length(bytes)),
    })
}
