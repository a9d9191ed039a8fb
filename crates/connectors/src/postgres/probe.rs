//! What PostgreSQL's types do not say, asked of the server before planning: digits of unbounded
//! numerics, what is no number or no date of ours, bytes that are no text, the longest values.

use std::time::Duration;

use async_trait::async_trait;
use contract::{
    CancellationToken, ProbeClock, ProbeColumn, ProbeLimits, ProbeRequest, TableProbe, TypeMapping,
};
use model::plan::ScanColumn;
use model::{Error, NativeColumn, Result, TableKind};
use serde_json::Value as Json;

use super::binary_types::{dimensions, element, is_system, kind, without_domain};
use super::connect::{Connector, Session};
use super::ddl::{quote, quote_table};
use super::errors::error_of;
use super::types::{PostgresTypes, wire_of};
use super::values::Wire;
use crate::family::probe_query::{
    Answer, Asks, Look, Question, Relations, Spelling, Tells, figures,
};

const SPELLING: Spelling = Spelling { integer: "bigint" };
/// How long a query that was stopped may take to end.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
/// Seconds since 1970 of the first moment of year 1 and of the first one after year 9999.
const FIRST_SECOND: i64 = -62_135_596_800;
const AFTER_LAST_SECOND: i64 = 253_402_300_800;
/// A sample has about so many times the rows wanted, for pages differ; the query takes those wanted.
const SAMPLED_FOR_WANTED: f64 = 1.1;

/// Looks at all tables, one after the other, with a session of its own.
pub(super) async fn probe(
    connector: &Connector,
    requests: &[ProbeRequest],
    limits: &ProbeLimits,
) -> Result<Vec<TableProbe>> {
    let clock = ProbeClock::start(limits);
    let mut session = ProbeSession::open(connector).await?;
    let mut probes = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        if session.0.is_closed() {
            session = ProbeSession::open(connector).await?;
        }
        let keeps_bytes = session.0.keeps_bytes();
        let figures = figures(request, quote, |column| {
            open_questions(&request.table.private, column, keeps_bytes)
        });
        let look = Look {
            request,
            figures: &figures,
            relations: relations(request, limits.rows),
            spelling: SPELLING,
        };
        let share = clock.share(requests.len() - index);
        probes.push(look.take(&mut session, limits, share).await?);
    }
    session.0.close().await;
    Ok(probes)
}

struct ProbeSession(Session);

impl ProbeSession {
    /// Where the database keeps bytes, they come as they are.
    async fn open(connector: &Connector) -> Result<Self> {
        let session = connector.open().await?;
        if session.keeps_bytes() {
            session.run("SET client_encoding = 'SQL_ASCII'").await?;
        }
        Ok(Self(session))
    }
}

#[async_trait]
impl Asks for ProbeSession {
    async fn ask(
        &mut self,
        statement: &str,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> Result<Answer> {
        let query = self.0.client.query_one(statement, &[]);
        tokio::pin!(query);
        let cancelled = tokio::select! {
            row = &mut query => {
                let row = row.map_err(error_of)?;
                let figures = (0..row.len()).map(|index| {
                    let figure: Option<i64> = row.get(index);
                    figure.and_then(|figure| u64::try_from(figure).ok())
                });
                return Ok(Answer::Figures(figures.collect()));
            }
            () = tokio::time::sleep(patience) => false,
            () = cancel.cancelled() => true,
        };
        self.0.canceller().cancel().await;
        // Its answer is awaited, so that the session is free again; what it says does not matter.
        drop(tokio::time::timeout(STOPPED_WITHIN, query).await);
        if cancelled {
            return Err(Error::cancelled());
        }
        Ok(Answer::TimeIsOver)
    }
}

fn relations(request: &ProbeRequest, rows: u64) -> Relations {
    let table = &request.table;
    let whole = quote_table(&table.name);
    let can_sample = matches!(
        table.kind,
        TableKind::Table
            | TableKind::PartitionedTable
            | TableKind::Partition
            | TableKind::InheritanceChild
            | TableKind::MaterializedView
    );
    // A condition may leave few rows of many: they are looked for, as long as there is time.
    let share = share_of_pages(table.estimated_rows.unwrap_or(0), rows)
        .filter(|_| can_sample && request.filter.is_none());
    let sample =
        share.map(|percent| format!("{whole} TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (1)"));
    Relations { whole, sample }
}

/// Which share of the pages holds about the rows wanted, in percent; `None` where that is nearly all.
#[allow(
    clippy::cast_precision_loss,
    reason = "an estimate needs no last digit"
)]
fn share_of_pages(estimated: u64, wanted: u64) -> Option<f64> {
    let percent = 100.0 * SAMPLED_FOR_WANTED * wanted as f64 / estimated as f64;
    (percent < 90.0).then_some(percent.max(0.000_001))
}

fn open_questions(private: &Json, column: &ProbeColumn, keeps_bytes: bool) -> Vec<Question> {
    let native = &column.native;
    let name = quote(&native.name);
    let base = without_domain(native);
    let asked = Asked {
        keeps_bytes,
        bounded: false,
    };
    match PostgresTypes.to_logical(native, &column.choice) {
        Ok(reading) => {
            let value = reading.expression.clone().unwrap_or_else(|| name.clone());
            let scanned = ScanColumn {
                native: native.clone(),
                logical: reading.logical,
                expression: reading.expression,
                decode: reading.decode,
            };
            let Ok(wire) = wire_of(private, &scanned) else {
                return Vec::new();
            };
            let asked = Asked {
                bounded: column.choice.read_as.is_none(),
                ..asked
            };
            let mut questions = asked.of_value(&wire, base, &value);
            if is_system(base) && base.base == "time" && wire == Wire::Text {
                let midnight = format!("{name} = TIME '24:00:00'");
                questions.push(Tells::RejectedAs("time").of(midnight));
            }
            questions
        }
        Err(_) if is_numeric(base) => asked.of_value(&Wire::Numeric(0, 0), base, &name),
        Err(_) if kind(base) == "a" && is_numeric(element(base)) => {
            let wire = Wire::List(dimensions(base), Box::new(Wire::Numeric(0, 0)));
            asked.of_value(&wire, base, &name)
        }
        Err(_) => Vec::new(),
    }
}

fn is_numeric(column: &NativeColumn) -> bool {
    is_system(column) && column.base == "numeric"
}

/// What all questions of a column depend on.
#[derive(Clone, Copy)]
struct Asked {
    keeps_bytes: bool,
    /// The server holds numbers to the digits that they are read with.
    bounded: bool,
}

impl Asked {
    fn of_value(self, wire: &Wire, native: &NativeColumn, value: &str) -> Vec<Question> {
        match wire {
            Wire::Numeric(precision, scale) => self.of_number((*precision, *scale), value),
            Wire::Date => {
                let known = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'";
                let finite = format!("pg_catalog.isfinite({value})");
                vec![
                    Tells::Rejected("DATE_INFINITY").of(format!("NOT {finite}")),
                    Tells::Rejected("DATE_OUT_OF_RANGE")
                        .of(format!("{finite} AND {value} NOT {known}")),
                ]
            }
            Wire::Timestamp => {
                let finite = format!("pg_catalog.isfinite({value})");
                let seconds = format!("extract(epoch FROM {value})");
                vec![
                    Tells::Rejected("TIMESTAMP_INFINITY").of(format!("NOT {finite}")),
                    Tells::Rejected("TIMESTAMP_OUT_OF_RANGE").of(format!(
                        "{finite} AND ({seconds} < {FIRST_SECOND} OR {seconds} >= {AFTER_LAST_SECOND})"
                    )),
                ]
            }
            Wire::Time => {
                vec![Tells::Rejected("TIME_24_00").of(format!("{value} = TIME '24:00:00'"))]
            }
            Wire::Text | Wire::PaddedText | Wire::TrimmedText | Wire::VersionedText => {
                self.of_text(value)
            }
            Wire::Bytes => {
                vec![Tells::LongestBytes.of(format!("pg_catalog.octet_length({value})"))]
            }
            Wire::List(dimensions, inner) => self.of_list(*dimensions, inner, native, value),
            Wire::Struct(parts) => self.of_structure(parts, native, value),
            _ => Vec::new(),
        }
    }

    /// A precision of 0 asks for digits alone.
    fn of_number(self, (precision, scale): (u8, u8), value: &str) -> Vec<Question> {
        let text = format!("({value})::pg_catalog.numeric::pg_catalog.text");
        let finite = format!("{text} NOT IN ('NaN', 'Infinity', '-Infinity')");
        let mut questions = vec![
            Tells::Rejected("NUMERIC_NAN").of(format!("{text} = 'NaN'")),
            Tells::Rejected("NUMERIC_INFINITY").of(format!("{text} IN ('Infinity', '-Infinity')")),
        ];
        if self.bounded {
            return questions;
        }
        let before = format!(
            "pg_catalog.length(pg_catalog.ltrim(pg_catalog.split_part({text}, '.', 1), '-0'))"
        );
        let behind = format!(
            "pg_catalog.length(pg_catalog.rtrim(pg_catalog.split_part({text}, '.', 2), '0'))"
        );
        let most = |digits: &str| format!("CASE WHEN {finite} THEN {digits} END");
        questions.push(Tells::IntegerDigits.of(most(&before)));
        questions.push(Tells::Scale.of(most(&behind)));
        if precision > 0 {
            let room = precision - scale;
            questions.push(
                Tells::Rejected("DECIMAL_SCALE").of(format!("{finite} AND {behind} > {scale}")),
            );
            questions.push(Tells::Rejected("DECIMAL_PRECISION").of(format!(
                "{finite} AND {behind} <= {scale} AND {before} > {room}"
            )));
        }
        questions
    }

    fn of_text(self, value: &str) -> Vec<Question> {
        let text = format!("({value})::pg_catalog.text");
        let mut questions =
            vec![Tells::LongestBytes.of(format!("pg_catalog.octet_length({text})"))];
        if self.keeps_bytes {
            let hex = format!("pg_catalog.encode(pg_catalog.textsend({text}), 'hex')");
            questions.push(Tells::Rejected("INVALID_UTF8").of(format!("{hex} !~ '{UTF8_IN_HEX}'")));
        }
        questions
    }

    /// Of a list the rows are counted that hold such an element.
    fn of_list(
        self,
        dimensions: usize,
        inner: &Wire,
        native: &NativeColumn,
        value: &str,
    ) -> Vec<Question> {
        let starts = (1..=dimensions)
            .map(|at| format!(" OR pg_catalog.array_lower({value}, {at}) <> 1"))
            .collect::<String>();
        let shape = format!("(pg_catalog.array_ndims({value}) <> {dimensions}{starts})");
        let mut questions = vec![Tells::Rejected("ARRAY_SHAPE").of(shape)];
        let of_elements = self.of_value(inner, element(native), "element");
        questions.extend(of_elements.into_iter().map(|(tells, of_element)| {
            let elements = format!("FROM pg_catalog.unnest({value}) AS u(element)");
            let of_row = if tells.is_most() {
                format!("(SELECT max({of_element}) {elements})")
            } else {
                format!("EXISTS (SELECT 1 {elements} WHERE {of_element})")
            };
            (tells, of_row)
        }));
        questions
    }

    /// Of a structure, too: questions that its parts share become one.
    fn of_structure(self, parts: &[Wire], native: &NativeColumn, value: &str) -> Vec<Question> {
        let mut questions: Vec<Question> = Vec::new();
        for (wire, part) in parts.iter().zip(&native.parts) {
            let value = format!("({value}).{}", quote(&part.name));
            for (tells, of_part) in self.of_value(wire, without_domain(part), &value) {
                match questions.iter_mut().find(|(known, _)| *known == tells) {
                    None => questions.push((tells, of_part)),
                    Some((known, most)) if known.is_most() => {
                        *most = format!("GREATEST({most}, {of_part})");
                    }
                    Some((_, any)) => *any = format!("({any}) OR ({of_part})"),
                }
            }
        }
        questions
    }
}

/// Bytes in hexadecimal digits that are UTF-8, as RFC 3629 has it.
const UTF8_IN_HEX: &str = "^(?:[0-7].|(?:c[2-9a-f]|d.)[89ab].|e0[ab].[89ab].\
    |e[1-9abcef](?:[89ab].){2}|ed[89].[89ab].|f0[9ab].(?:[89ab].){2}|f[1-3](?:[89ab].){3}\
    |f48.(?:[89ab].){2})*$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_taken_where_a_table_is_larger_than_the_look() {
        assert_eq!(share_of_pages(1_000, 1_000), None);
        assert_eq!(share_of_pages(0, 1_000), None);
        let percent = share_of_pages(10_000_000, 1_000_000).unwrap();
        assert!((percent - 11.0).abs() < 1e-9, "{percent}");
    }
}
