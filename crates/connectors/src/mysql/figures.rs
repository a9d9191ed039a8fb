//! How MySQL is asked for figures of a column: exact where its own arithmetic is.

use contract::{CancellationToken, Snapshot, SourceFigures};
use model::plan::{Scan, ScanColumn};
use model::{Error, ErrorKind, LogicalType, Result};

use super::catalog::{TableFacts, has_transactions};
use super::ddl::quote;
use super::statement::Part;
use crate::family::figures::{Asking, Question, RangeQuestion, parts};

/// The day number of 1970-01-01.
const EPOCH_DAY: u32 = 719_528;

/// The figures of `scan`, computed under `snapshot`.
pub(crate) async fn figures(
    snapshot: &dyn Snapshot,
    scan: &Scan,
    cancel: &CancellationToken,
) -> Result<SourceFigures> {
    let facts: TableFacts = serde_json::from_value(scan.private.clone()).unwrap_or_default();
    if let Some(engine) = facts.engine.filter(|engine| !has_transactions(engine)) {
        let message = format!("engine {engine} has no snapshots");
        return Err(Error::new(
            ErrorKind::Unsupported,
            "NO_SNAPSHOT_ENGINE",
            message,
        ));
    }
    let whole = serde_json::to_value(Part::default())
        .map_err(|cause| Error::internal("could not write down a split").caused_by(cause))?;
    let questions: Vec<Question> = scan.columns.iter().map(question).collect();
    let asking = Asking {
        snapshot,
        scan,
        parts: parts(snapshot, scan, whole).await?,
        decode: "text:utf8mb4",
        as_text,
        cancel,
    };
    asking.ask(&questions).await
}

fn as_text(number: &str) -> String {
    format!("CAST({number} AS CHAR)")
}

fn question(column: &ScanColumn) -> Question {
    let value = quote(&column.native.name);
    let read = column.expression.clone().unwrap_or_else(|| value.clone());
    let range = match (&column.logical, column.decode.as_str()) {
        (LogicalType::Integer { .. }, "integer" | "decimal") => Ok((read, 0)),
        (LogicalType::Decimal { scale, .. }, "decimal") => Ok((read, *scale)),
        (LogicalType::Date, _) => Ok((format!("TO_DAYS({value}) - {EPOCH_DAY}"), 0)),
        (LogicalType::Timestamp { zoned: false, .. }, _) => Ok((
            format!("TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {value})"),
            0,
        )),
        // Seconds with six places, read as microseconds.
        (LogicalType::Timestamp { .. }, "instant") => {
            Ok((format!("CAST({read} AS DECIMAL(30,6))"), 6))
        }
        (other, _) => Err(format!("{other} has no figures")),
    };
    Question {
        value,
        range: range.map(|(number, scale)| RangeQuestion {
            min: as_text(&format!("min({number})")),
            max: as_text(&format!("max({number})")),
            sum: as_text(&format!("sum({number})")),
            scale,
        }),
    }
}
