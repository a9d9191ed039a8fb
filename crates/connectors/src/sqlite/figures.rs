//! How SQLite is asked for figures of a column. Its arithmetic is exact for integers alone: decimals
//! are binary fractions or text to it, dates are text.

use contract::{CancellationToken, Dialect, Snapshot, SourceFigures};
use model::plan::{Scan, ScanColumn};
use model::{Error, Result};

use super::ddl::SqliteDialect;
use super::decode::Decode;
use super::split::RowidRange;
use crate::family::figures::{Asking, Question, RangeQuestion};

/// The figures of `scan`, computed under `snapshot`.
pub(super) async fn figures(
    snapshot: &dyn Snapshot,
    scan: &Scan,
    cancel: &CancellationToken,
) -> Result<SourceFigures> {
    let whole = serde_json::to_value(RowidRange::ALL)
        .map_err(|error| Error::internal("could not write a split").caused_by(error))?;
    let questions: Vec<Question> = scan.columns.iter().map(question).collect();
    let asking = Asking {
        snapshot,
        scan,
        // Ranges are by row number, which aggregates have none of.
        parts: vec![whole],
        decode: Decode::Text.word(),
        as_text,
        cancel,
    };
    asking.ask(&questions).await
}

fn as_text(number: &str) -> String {
    format!("CAST({number} AS TEXT)")
}

fn question(column: &ScanColumn) -> Question {
    let value = SqliteDialect.quote(&column.native.name);
    let range = if column.decode == Decode::Integer.word() {
        Ok(RangeQuestion {
            min: as_text(&format!("min({value})")),
            max: as_text(&format!("max({value})")),
            // SQLite gives up where a sum exceeds 64 bits: the halves of each number do not.
            sum: format!(
                "CAST(sum({value} >> 32) AS TEXT) || ' ' || CAST(sum({value} & 4294967295) AS TEXT)"
            ),
            scale: 0,
        })
    } else {
        Err(format!(
            "SQLite does not compute with {} exactly",
            column.logical
        ))
    };
    Question { value, range }
}
