//! Both sides next to each other: what was handed to the writers and what stands staged, what was
//! handed on and what the source computed. Pure.

use contract::SourceFigures;
use model::checksum::{ColumnFigures, ColumnProof, ValueProof};
use model::plan::{Column, Pipeline};
use model::{Error, ErrorKind, Result, Side};

use super::figures::{differences, factor};
use super::sums::{Handed, Sums};

/// How many columns a message names.
const NAMED: usize = 8;

/// Rows that stand staged are those that were handed to the writers; the proof of it, without the
/// source's part.
pub(super) fn staged_agrees(
    columns: &[Column],
    normalised: Vec<Option<String>>,
    handed: &Sums,
    staged: &Sums,
) -> Result<ValueProof> {
    if handed != staged {
        return Err(staged_differs(columns, handed, staged));
    }
    let sums = handed.columns.iter();
    let columns = columns.iter().zip(normalised).zip(sums);
    Ok(ValueProof {
        rows: handed.rows,
        row_sum: handed.row_sum,
        columns: columns
            .map(|((column, not_comparable), sum)| ColumnProof {
                name: column.name.clone(),
                sum: not_comparable.is_none().then_some(*sum),
                not_comparable,
                source: None,
                source_unproven: None,
            })
            .collect(),
    })
}

fn staged_differs(columns: &[Column], handed: &Sums, staged: &Sums) -> Error {
    let sums = handed.columns.iter().zip(&staged.columns);
    let differ = columns.iter().zip(sums);
    let differ: Vec<String> = differ
        .filter(|(_, (handed, staged))| handed != staged)
        .map(|(column, _)| format!("{:?}", column.name))
        .collect();
    let message = if handed.rows != staged.rows {
        format!(
            "{} rows were handed to the writers, {} stand staged",
            handed.rows, staged.rows
        )
    } else if differ.is_empty() {
        "every column holds the values that were handed to the writers, but not in the same rows"
            .to_owned()
    } else {
        format!(
            "what stands staged is not what was handed to the writers in {}",
            listed(&differ)
        )
    };
    Error::new(ErrorKind::Data, "CHECKSUM_DIFFERS", message)
        .on(Side::Destination)
        .hint(
            "nothing was published; run again, and if it comes again report it with both versions",
        )
}

/// What the rows handed on are compared with.
pub(super) struct SourceSide<'a> {
    /// What the source computed; or why it did not.
    pub(super) figures: std::result::Result<&'a SourceFigures, String>,
    /// Rows that the source gave.
    pub(super) read: u64,
    /// Of those, kept aside.
    pub(super) rejected: u64,
}

/// What was read is what the source has by its own reckoning; completes the proof.
pub(super) fn source_agrees(
    pipeline: &Pipeline,
    side: &SourceSide<'_>,
    handed: &Handed,
    proof: &mut ValueProof,
) -> Result<()> {
    let table = &pipeline.scan.table;
    if let Ok(figures) = &side.figures
        && figures.rows != side.read
    {
        let message = format!(
            "{table} has {} rows by the source's own count, {} were read",
            figures.rows, side.read
        );
        return Err(figures_differ(message));
    }
    let mut wrong = Vec::new();
    for (at, column) in proof.columns.iter_mut().enumerate() {
        match of_column(pipeline, side, at) {
            Err(why) => column.source_unproven = Some(why),
            Ok(compared) => {
                let totals = handed.figures.get(at).cloned().unwrap_or_default();
                let words =
                    differences(compared.figures, &totals, compared.travels, compared.holds);
                if words.is_empty() {
                    let mut figures = compared.figures.clone();
                    column.source_unproven = compared.why.cloned();
                    if factor(compared.travels, compared.holds).is_none()
                        && figures.range.take().is_some()
                    {
                        column.source_unproven = Some(format!("held as {}", compared.holds));
                    }
                    column.source = Some(figures);
                } else {
                    wrong.push(format!("{:?} ({})", compared.name, words.join(", ")));
                }
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!(
        "what was read of {table} differs from what the source computes of it in {}",
        listed(&wrong)
    );
    Err(figures_differ(message))
}

struct Compared<'a> {
    name: &'a str,
    figures: &'a ColumnFigures,
    why: Option<&'a String>,
    travels: &'a model::LogicalType,
    holds: &'a model::LogicalType,
}

/// What the destination's column is compared with, or why with nothing.
fn of_column<'a>(
    pipeline: &'a Pipeline,
    side: &SourceSide<'a>,
    at: usize,
) -> std::result::Result<Compared<'a>, String> {
    let column = &pipeline.write.table.columns[at];
    let mapping = pipeline
        .columns
        .iter()
        .find(|mapping| mapping.destination == column.name)
        .ok_or("not read from the source")?;
    let figures = side.figures.clone()?;
    if side.rejected > 0 {
        return Err(format!("{} rows were rejected", side.rejected));
    }
    let read = pipeline
        .scan
        .columns
        .iter()
        .position(|read| read.native.name == mapping.source);
    let of = read.and_then(|read| figures.columns.get(read));
    let of = of.ok_or("the source computed nothing of it")?;
    let nothing = || of.why.clone().unwrap_or_default();
    Ok(Compared {
        name: &mapping.source,
        figures: of.figures.as_ref().ok_or_else(nothing)?,
        why: of.why.as_ref(),
        travels: &mapping.logical,
        holds: &column.holds,
    })
}

fn figures_differ(message: String) -> Error {
    Error::new(ErrorKind::Data, "FIGURES_DIFFER", message)
        .on(Side::Source)
        .hint("nothing was published; if it comes again, the rows are changed while they are read, or godwit reads them wrongly: report it")
}

fn listed(names: &[String]) -> String {
    let noun = if names.len() == 1 {
        "column"
    } else {
        "columns"
    };
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => format!("{noun} {shown}"),
        more => format!("{noun} {shown} and {more} more"),
    }
}
