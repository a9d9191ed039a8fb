//! How PostgreSQL is asked for figures of a column: exact where its own arithmetic is.

use contract::{CancellationToken, Snapshot, SourceFigures};
use model::plan::{Scan, ScanColumn};
use model::{Error, LogicalType, Result};

use super::binary_types::without_domain;
use super::ddl::quote;
use super::split::Payload;
use super::types::decode;
use crate::family::figures::{Asking, Question, RangeQuestion};

/// The first server whose seconds of a timestamp are exact.
const EXACT_EPOCH_SINCE: u32 = 14;

/// The figures of `scan`, computed by a server of this version under `snapshot`.
pub(super) async fn figures(
    snapshot: &dyn Snapshot,
    scan: &Scan,
    major: u32,
    cancel: &CancellationToken,
) -> Result<SourceFigures> {
    let whole = serde_json::to_value(Payload::whole(scan))
        .map_err(|cause| Error::internal("could not write a split").caused_by(cause))?;
    let columns = scan.columns.iter();
    let questions: Vec<Question> = columns.map(|column| question(column, major)).collect();
    let asking = Asking {
        snapshot,
        scan,
        // The server has parallel workers of its own.
        parts: vec![whole],
        decode: decode::TEXT,
        as_text,
        cancel,
    };
    asking.ask(&questions).await
}

fn as_text(number: &str) -> String {
    format!("({number})::pg_catalog.text")
}

fn question(column: &ScanColumn, major: u32) -> Question {
    let value = quote(&column.native.name);
    let read = column.expression.clone().unwrap_or_else(|| value.clone());
    let base = without_domain(&column.native).base.as_str();
    let is_whole = matches!(base, "int2" | "int4" | "int8") || column.decode == decode::INT8;
    let is_numeric = base == "numeric" || column.decode == decode::NUMERIC;
    let range = match &column.logical {
        LogicalType::Integer { .. } if is_whole => Ok((format!("({read})::pg_catalog.int8"), 0)),
        LogicalType::Decimal { scale, .. } if is_numeric => Ok((read, *scale)),
        LogicalType::Date => {
            let days = format!("({read}) - DATE '1970-01-01'");
            Ok((finite(&read, &days), 0))
        }
        LogicalType::Timestamp { .. } if major >= EXACT_EPOCH_SINCE => {
            let micros = format!("(EXTRACT(epoch FROM {read}) * 1000000)::pg_catalog.int8");
            Ok((finite(&read, &micros), 0))
        }
        LogicalType::Timestamp { .. } => {
            Err(format!("server {major} computes with timestamps inexactly"))
        }
        other => Err(format!("{other} has no figures")),
    };
    Question {
        value,
        range: range.map(|(number, scale)| RangeQuestion {
            min: as_text(&format!("pg_catalog.min({number})")),
            max: as_text(&format!("pg_catalog.max({number})")),
            sum: as_text(&format!("pg_catalog.sum({number})")),
            scale,
        }),
    }
}

/// Infinity is no number; its row is rejected.
fn finite(value: &str, number: &str) -> String {
    format!("CASE WHEN pg_catalog.isfinite({value}) THEN {number} END")
}
