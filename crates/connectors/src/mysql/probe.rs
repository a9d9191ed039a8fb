//! What MySQL's types do not say, asked of the server before planning: dates that are none, digits of
//! long decimals, numbers that are flags, labels that are none, bytes without a character.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use contract::{
    CancellationToken, ProbeClock, ProbeColumn, ProbeLimits, ProbeRequest, TableProbe, TypeMapping,
};
use model::plan::ScanColumn;
use model::{Error, LogicalType, NativeColumn, Result};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use super::connect::{Server, Session};
use super::ddl::{quote, quote_table};
use super::decode::Decoder;
use super::errors::translate;
use super::statement::filter_condition;
use super::types::MysqlTypes;
use crate::family::charset::Charset;
use crate::family::probe_query::{
    Answer, Asks, Look, Question, Relations, Spelling, Tells, figures,
};

const SPELLING: Spelling = Spelling { integer: "SIGNED" };
/// How long a query that was stopped may take to end.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
/// Bytes that are not what their character set promises, by its kind.
const DOUBTFUL: [&str; 2] = ["INVALID_UTF8", "UNMAPPABLE_CHAR"];

/// Looks at all tables, one after the other, with a session of its own.
pub(super) async fn probe(
    server: &Server,
    requests: &[ProbeRequest],
    limits: &ProbeLimits,
) -> Result<Vec<TableProbe>> {
    let clock = ProbeClock::start(limits);
    let mut session = ProbeSession::open(server).await?;
    let mut probes = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        if session.connection.is_none() {
            session = ProbeSession::open(server).await?;
        }
        let figures = figures(request, quote, open_questions);
        let look = Look {
            request,
            figures: &figures,
            relations: Relations {
                whole: quote_table(&request.table.name),
                sample: None,
            },
            spelling: SPELLING,
        };
        let share = clock.share(requests.len() - index);
        let began = Instant::now();
        let mut probe = look.take(&mut session, limits, share).await?;
        let left = share.saturating_sub(began.elapsed());
        settle_doubts(&mut session, request, &mut probe, (limits, left)).await?;
        probes.push(probe);
    }
    session.close().await;
    Ok(probes)
}

/// A session for figures; gone where a query of it could not be stopped.
struct ProbeSession<'a> {
    server: &'a Server,
    connection: Option<Conn>,
}

impl<'a> ProbeSession<'a> {
    async fn open(server: &'a Server) -> Result<Self> {
        let Session { connection, .. } = server.connect().await?;
        Ok(Self {
            server,
            connection: Some(connection),
        })
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.disconnect().await;
        }
    }

    /// The rows of a query; `None` where it was stopped because the time was over.
    async fn rows(
        &mut self,
        statement: &str,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> Result<Option<Vec<Row>>> {
        let Some(mut connection) = self.connection.take() else {
            return Err(Error::internal("a session for figures is gone"));
        };
        let id = connection.id();
        let asked = {
            let query = connection.query::<Row, _>(statement);
            tokio::pin!(query);
            let cancelled = tokio::select! {
                rows = &mut query => Ok(rows),
                () = tokio::time::sleep(patience) => Err(false),
                () = cancel.cancelled() => Err(true),
            };
            match cancelled {
                Ok(rows) => Ok(rows),
                Err(cancelled) => {
                    let stopped = tokio::time::timeout(STOPPED_WITHIN, self.server.stop_query(id));
                    if !matches!(stopped.await, Ok(Ok(()))) {
                        tracing::warn!(server = self.server.label(), "could not stop a query");
                    }
                    let ended = tokio::time::timeout(STOPPED_WITHIN, query).await.is_ok();
                    Err((cancelled, ended))
                }
            }
        };
        match asked {
            Ok(rows) => {
                let lost = matches!(&rows, Err(failure) if failure.is_fatal());
                self.connection = (!lost).then_some(connection);
                rows.map(Some).map_err(translate)
            }
            Err((true, _)) => Err(Error::cancelled()),
            Err((false, ended)) => {
                if ended {
                    // A stop that came after the query's own end would hit the next one: this takes it.
                    let _ = connection.query_drop("DO 0").await;
                    self.connection = Some(connection);
                } else {
                    self.connection = Some(self.server.connect().await?.connection);
                }
                Ok(None)
            }
        }
    }
}

#[async_trait]
impl Asks for ProbeSession<'_> {
    async fn ask(
        &mut self,
        statement: &str,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> Result<Answer> {
        let Some(rows) = self.rows(statement, patience, cancel).await? else {
            return Ok(Answer::TimeIsOver);
        };
        let Some(row) = rows.into_iter().next() else {
            return Err(Error::internal("a look at a table gave no row"));
        };
        let figures = row.unwrap_raw().into_iter().map(|value| match value {
            Some(Value::Bytes(digits)) => std::str::from_utf8(&digits).ok()?.parse().ok(),
            Some(Value::Int(number)) => u64::try_from(number).ok(),
            Some(Value::UInt(number)) => Some(number),
            _ => None,
        });
        Ok(Answer::Figures(figures.collect()))
    }
}

/// How the column would be read; `None` where no type reads it yet.
fn decoder(column: &ProbeColumn) -> Option<(Decoder, LogicalType)> {
    let reading = MysqlTypes.to_logical(&column.native, &column.choice).ok()?;
    let scanned = ScanColumn {
        native: column.native.clone(),
        logical: reading.logical,
        expression: reading.expression,
        decode: reading.decode,
    };
    let decoder = Decoder::new(&scanned).ok()?;
    Some((decoder, scanned.logical))
}

fn open_questions(column: &ProbeColumn) -> Vec<Question> {
    let native = &column.native;
    let name = quote(&native.name);
    let Some((decoder, logical)) = decoder(column) else {
        return match native.base.as_str() {
            "decimal" => digits(&name),
            _ => Vec::new(),
        };
    };
    let chosen = column.choice.read_as.is_some();
    match decoder {
        Decoder::Date | Decoder::DateTime => of_date(&name),
        Decoder::Instant | Decoder::InstantText { .. } => {
            vec![Tells::Rejected("ZERO_DATE").of(format!("UNIX_TIMESTAMP({name}) = 0"))]
        }
        Decoder::TimeOfDay => vec![Tells::Rejected("TIME_OUT_OF_RANGE").of(not_of_a_day(&name))],
        Decoder::TimeText { .. } => vec![Tells::RejectedAs("time").of(not_of_a_day(&name))],
        Decoder::Integer if chosen => of_number(&logical, &name),
        Decoder::Integer => shorter(native, &name),
        Decoder::Decimal { precision, scale } if chosen => of_decimal(precision, scale, &name),
        Decoder::Text(_) | Decoder::Label(_) | Decoder::NumberedLabel(_) | Decoder::Members(_) => {
            let mut questions = of_text(column, &name);
            if native.base == "enum" {
                questions.push(Tells::Warned("ENUM_ERROR_VALUE").of(format!("{name} + 0 = 0")));
            }
            questions
        }
        Decoder::Bytes => vec![Tells::LongestBytes.of(format!("LENGTH({name})"))],
        _ => Vec::new(),
    }
}

fn of_date(name: &str) -> Vec<Question> {
    let [year, month, day] = ["YEAR", "MONTH", "DAYOFMONTH"].map(|part| format!("{part}({name})"));
    let leap = format!("({year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0))");
    let last = format!(
        "CASE WHEN {month} = 2 AND {leap} THEN 29 WHEN {month} = 2 THEN 28 \
         WHEN {month} IN (4, 6, 9, 11) THEN 30 ELSE 31 END"
    );
    let zero = format!("({year} = 0 AND {month} = 0 AND {day} = 0)");
    let partial = format!("({year} = 0 OR {month} = 0 OR {day} = 0)");
    vec![
        Tells::Rejected("ZERO_DATE").of(zero.clone()),
        Tells::Rejected("PARTIAL_DATE").of(format!("{partial} AND NOT {zero}")),
        Tells::Rejected("INVALID_DATE").of(format!("NOT {partial} AND {day} > {last}")),
    ]
}

fn not_of_a_day(name: &str) -> String {
    format!("({name} < TIME '00:00:00' OR {name} >= TIME '24:00:00')")
}

/// Shorter types that a person may choose, where the values allow it.
fn shorter(native: &NativeColumn, name: &str) -> Vec<Question> {
    match (native.base.as_str(), native.unsigned) {
        ("tinyint", _) if native.type_text.starts_with("tinyint(1)") => {
            vec![Tells::RejectedAs("boolean").of(format!("{name} NOT IN (0, 1)"))]
        }
        ("bigint", true) => {
            vec![Tells::RejectedAs("bigint").of(format!("{name} > {}", i64::MAX))]
        }
        _ => Vec::new(),
    }
}

fn of_number(logical: &LogicalType, name: &str) -> Vec<Question> {
    let (code, fits) = match logical {
        LogicalType::Boolean => ("NOT_A_BOOLEAN", "IN (0, 1)".to_owned()),
        LogicalType::Integer {
            bits: bits @ 1..=64,
            signed: true,
        } => {
            let most = (1_i128 << (bits - 1)) - 1;
            ("INT_OVERFLOW", format!("BETWEEN {} AND {most}", -most - 1))
        }
        _ => return Vec::new(),
    };
    // Unsigned numbers are compared as what they are.
    vec![Tells::Rejected(code).of(format!("CAST({name} AS DECIMAL(30,0)) NOT {fits}"))]
}

fn digits(name: &str) -> Vec<Question> {
    vec![
        Tells::IntegerDigits.of(digits_before(name)),
        Tells::Scale.of(digits_behind(name)),
    ]
}

fn digits_before(name: &str) -> String {
    format!(
        "CHAR_LENGTH(TRIM(LEADING '0' FROM SUBSTRING_INDEX(TRIM(LEADING '-' FROM {name}), '.', 1)))"
    )
}

fn digits_behind(name: &str) -> String {
    format!(
        "CASE WHEN LOCATE('.', {name}) = 0 THEN 0 \
         ELSE CHAR_LENGTH(TRIM(TRAILING '0' FROM SUBSTRING_INDEX({name}, '.', -1))) END"
    )
}

fn of_decimal(precision: u8, scale: u8, name: &str) -> Vec<Question> {
    let (before, behind) = (digits_before(name), digits_behind(name));
    let room = precision.saturating_sub(scale);
    let mut questions = digits(name);
    questions.push(Tells::Rejected("DECIMAL_SCALE").of(format!("{behind} > {scale}")));
    questions.push(
        Tells::Rejected("DECIMAL_PRECISION")
            .of(format!("{behind} <= {scale} AND {before} > {room}")),
    );
    questions
}

/// The character set that the column's bytes are read in.
fn charset(column: &ProbeColumn) -> String {
    let chosen = column.choice.charset.as_ref();
    let name = chosen.or(column.native.charset.as_ref());
    name.map_or_else(|| "utf8mb4".to_owned(), |name| name.to_ascii_lowercase())
}

fn of_text(column: &ProbeColumn, name: &str) -> Vec<Question> {
    let code = match Charset::named(&charset(column)) {
        Some(Charset::Utf8) => DOUBTFUL[0],
        _ => DOUBTFUL[1],
    };
    vec![
        Tells::LongestBytes.of(format!("LENGTH({name})")),
        Tells::Rejected(code).of(is_doubtful(column, name)),
    ]
}

/// Whether the bytes come back as others from a way to Unicode and back. More come back as others than
/// have no character, and those that have none are among them.
fn is_doubtful(column: &ProbeColumn, name: &str) -> String {
    let charset = match charset(column).as_str() {
        "utf8" | "utf-8" => "utf8mb3".to_owned(),
        other => other.to_owned(),
    };
    let bytes = format!("CAST({name} AS BINARY)");
    let unicode = format!("CONVERT(CONVERT({bytes} USING {charset}) USING utf8mb4)");
    let back = format!("CAST(CONVERT({unicode} USING {charset}) AS BINARY)");
    format!("({name} IS NOT NULL AND COALESCE({back} <> {bytes}, TRUE))")
}

/// Decodes what may have no character: only what our decoder refuses is counted as rejected. Where the
/// time does not suffice it is doubtful, and said to be.
async fn settle_doubts(
    session: &mut ProbeSession<'_>,
    request: &ProbeRequest,
    probe: &mut TableProbe,
    (limits, patience): (&ProbeLimits, Duration),
) -> Result<()> {
    let doubtful: Vec<(usize, Charset)> = request
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| {
            let seen = probe.columns.iter();
            let mut seen = seen.filter(|seen| seen.column == column.native.name);
            seen.any(|seen| {
                DOUBTFUL
                    .iter()
                    .any(|code| seen.rejected.contains_key(*code))
            })
        })
        .filter_map(|(index, column)| match decoder(column) {
            Some((Decoder::Text(charset), _)) => Some((index, charset)),
            _ => None,
        })
        .collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let statement = doubtful_values(request, &doubtful, probe.rows);
    let answer = match session.rows(&statement, patience, &limits.cancel).await {
        Err(error) if limits.cancel.is_cancelled() => return Err(error),
        answer => answer.ok().flatten(),
    };
    let rows: Option<Vec<Vec<Option<Value>>>> =
        answer.map(|rows| rows.into_iter().map(Row::unwrap_raw).collect());
    for (place, (index, charset)) in doubtful.iter().enumerate() {
        let name = &request.columns[*index].native.name;
        let Some(column) = probe.columns.iter_mut().find(|c| c.column == *name) else {
            continue;
        };
        let doubted = DOUBTFUL.map(|code| (code, column.rejected.remove(code)));
        let Some(rows) = &rows else {
            let doubted = doubted.into_iter();
            let doubted = doubted.filter_map(|(code, count)| Some((code.to_owned(), count?)));
            column.warned.extend(doubted);
            continue;
        };
        let mut text = String::new();
        for row in rows {
            let Some(Some(Value::Bytes(bytes))) = row.get(place) else {
                continue;
            };
            text.clear();
            if let Err(misfit) = charset.decode(bytes, &mut text) {
                *column.rejected.entry(misfit.code().to_owned()).or_default() += 1;
            }
        }
    }
    Ok(())
}

fn doubtful_values(request: &ProbeRequest, doubtful: &[(usize, Charset)], rows: u64) -> String {
    let columns: Vec<(String, String)> = doubtful
        .iter()
        .map(|(index, _)| {
            let column = &request.columns[*index];
            let name = quote(&column.native.name);
            let condition = is_doubtful(column, &name);
            (name, condition)
        })
        .collect();
    let values: Vec<String> = columns
        .iter()
        .map(|(name, condition)| format!("CASE WHEN {condition} THEN CAST({name} AS BINARY) END"))
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let any: Vec<&str> = columns
        .iter()
        .map(|(_, condition)| condition.as_str())
        .collect();
    let filter = request.filter.as_deref().map(filter_condition);
    let filter = filter.map_or_else(String::new, |filter| format!(" WHERE {filter}"));
    format!(
        "SELECT {} FROM (SELECT {} FROM {}{filter} LIMIT {rows}) AS looked WHERE {}",
        values.join(", "),
        names.join(", "),
        quote_table(&request.table.name),
        any.join(" OR "),
    )
}
