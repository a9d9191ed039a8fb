//! Each source column's way to the destination: what is read, what it becomes, at which price.
//! Columns are matched by name, never by position.

use std::collections::BTreeMap;

use contract::{AnyConnector, Refusal, WriteCapabilities};
use model::migration::{ColumnChoice, NameRules};
use model::plan::{Column, ColumnMapping, Fidelity, ScanColumn};
use model::{Finding, NativeColumn, NativeTable, TableName};

use crate::collisions;
use crate::naming::{column_at, comment_with_original, name_column};
use crate::{slips, yaml};

/// What the columns of every table are planned with.
pub(crate) struct Ends<'a> {
    pub(crate) source: &'a dyn AnyConnector,
    pub(crate) destination: &'a dyn AnyConnector,
    pub(crate) write: WriteCapabilities,
    pub(crate) names: &'a NameRules,
}

/// One column on its way into a table that does not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) scan: ScanColumn,
    pub(crate) column: Column,
    pub(crate) fidelity: Fidelity,
}

impl Planned {
    /// The way into `column`.
    pub(crate) fn mapping(&self, column: &Column, fidelity: Fidelity) -> ColumnMapping {
        ColumnMapping {
            source: self.scan.native.name.clone(),
            source_type: self.scan.native.type_text.clone(),
            logical: self.scan.logical.clone(),
            destination: column.name.clone(),
            destination_type: column.native.clone(),
            holds: column.holds.clone(),
            fidelity,
        }
    }
}

/// The exception's choices for one table, with its place in the list.
pub(crate) type Choices<'a> = Option<(usize, &'a BTreeMap<String, ColumnChoice>)>;

/// All columns that move, in the source's order; what is wrong with the others goes to `findings`.
pub(crate) fn plan_columns(
    ends: &Ends<'_>,
    table: &NativeTable,
    choices: Choices<'_>,
    partition: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Vec<Planned> {
    findings.extend(unknown_columns(table, choices));
    let default = ColumnChoice::default();
    let mut planned = Vec::new();
    let mut names: Vec<(&str, String)> = Vec::new();
    let mut proposals: Vec<(&str, ColumnChoice)> = Vec::new();
    let mut skipped = 0;
    for column in &table.columns {
        let choice = choices.and_then(|(_, choices)| choices.get(&column.name));
        let choice = choice.unwrap_or(&default);
        if choice.skip {
            skipped += 1;
            continue;
        }
        match plan_column(ends, table, column, choice) {
            Ok((one, mut notes)) => {
                findings.append(&mut notes);
                names.push((&column.name, one.column.name.clone()));
                planned.push(one);
            }
            Err(mut refused) => {
                findings.append(&mut refused.findings);
                proposals.extend(
                    refused
                        .proposal
                        .map(|choice| (column.name.as_str(), choice)),
                );
            }
        }
    }
    findings.extend(no_columns(table, skipped));
    findings.extend(first_proposals(&table.name, &proposals));
    let names: Vec<(&str, &str)> = names.iter().map(|(a, b)| (*a, b.as_str())).collect();
    findings.extend(collisions::of_columns(&table.name, &names, partition));
    planned
}

fn no_columns(table: &NativeTable, skipped: usize) -> Option<Finding> {
    let told = |finding: &Finding| finding.code == "NO_COLUMNS";
    if table.columns.len() > skipped || table.findings.iter().any(told) {
        return None;
    }
    let what = if skipped == 0 {
        "has no columns"
    } else {
        "has no column that is not left out"
    };
    let message = format!("{} {what}", table.name);
    Some(Finding::blocker(
        "NO_COLUMNS",
        table.name.to_string(),
        message,
    ))
}

/// Where several columns are refused: one piece to paste that accepts the best proposal for each.
fn first_proposals(table: &TableName, proposals: &[(&str, ColumnChoice)]) -> Option<Finding> {
    if proposals.len() < 2 {
        return None;
    }
    let message = format!("{} columns of {table} have no type yet", proposals.len());
    let choices: Vec<(&str, &ColumnChoice)> = proposals
        .iter()
        .map(|(name, choice)| (*name, choice))
        .collect();
    let finding = Finding::note("PROPOSALS", table.to_string(), message);
    Some(finding.hint(format!(
        "the first proposal for each: {}",
        yaml::column_choices(table, &choices)
    )))
}

/// So many choices for columns that are not there are told of one table: each is compared with all that are.
pub(crate) const MOST_UNKNOWN: usize = 100;

/// Choices for columns that the table does not have: a slip might move what was to be left out.
fn unknown_columns(table: &NativeTable, choices: Choices<'_>) -> Vec<Finding> {
    let Some((index, choices)) = choices else {
        return Vec::new();
    };
    let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    choices
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .take(MOST_UNKNOWN)
        .map(|name| {
            let at = format!("migration.each[{index}].columns.{name}");
            unknown_column(at, &table.name, name, &known)
        })
        .collect()
}

pub(crate) fn unknown_column(at: String, table: &TableName, name: &str, known: &[&str]) -> Finding {
    let message = format!("{table} has no column {name:?}");
    let hint = if known.len() > 40 {
        slips::nearest(name, known).map(|near| format!("did you mean {near}?"))
    } else {
        Some(slips::nearest_hint(name, known))
    };
    let finding = Finding::blocker("UNKNOWN_COLUMN", at, message);
    match hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

/// Why a column cannot move, and the best proposal for its type, where the type is the reason.
struct RefusedColumn {
    findings: Vec<Finding>,
    proposal: Option<ColumnChoice>,
}

fn plan_column(
    ends: &Ends<'_>,
    table: &NativeTable,
    column: &NativeColumn,
    choice: &ColumnChoice,
) -> Result<(Planned, Vec<Finding>), RefusedColumn> {
    let key = &table.primary_key;
    let table = &table.name;
    let at = column_at(table, &column.name);
    let named = name_column(ends.names, table, &column.name, ends.write.names);
    let read_as = |choice: &ColumnChoice| {
        let reading = ends.source.types().to_logical(column, choice)?;
        let types = ends.destination.types();
        let holding = match key.contains(&column.name) {
            true => types.to_key(&reading.logical, key.len())?,
            false => types.to_native(&reading.logical)?,
        };
        Ok((reading, holding))
    };
    let typed = read_as(choice).map_err(|mut refusal: Refusal| {
        // What would be refused in its turn is no way out.
        refusal
            .proposals
            .retain(|proposal| proposal.skip || read_as(proposal).is_ok());
        refusal
    });
    let (named, reading, holding) = match (named, typed) {
        (Ok(named), Ok((reading, holding))) => (named, reading, holding),
        (named, typed) => {
            let refusal = typed.err();
            let finding = refusal
                .as_ref()
                .map(|refusal| refusal_finding(table, &column.name, refusal));
            return Err(RefusedColumn {
                findings: named.err().into_iter().chain(finding).collect(),
                proposal: refusal.and_then(|refusal| refusal.proposals.into_iter().next()),
            });
        }
    };
    let fidelity = worse(&reading.fidelity, &holding.fidelity);
    let mut notes = reading.findings;
    notes.iter_mut().for_each(|note| note.at.clone_from(&at));
    if let Fidelity::Lossy(what) = &fidelity {
        notes.push(Finding::warning("LOSSY", &at, what.clone()));
    }
    let comment = if named.converted {
        Some(comment_with_original(
            column.comment.as_deref(),
            &column.name,
        ))
    } else {
        column.comment.clone()
    };
    let planned = Planned {
        scan: ScanColumn {
            native: column.clone(),
            logical: reading.logical,
            expression: reading.expression,
            decode: reading.decode,
        },
        column: Column {
            name: named.name,
            holds: holding.holds,
            native: holding.native,
            nullable: column.nullable || !ends.write.required_columns,
            comment,
        },
        fidelity,
    };
    Ok((planned, notes))
}

/// The worse of both; two losses are both told.
pub(crate) fn worse(reading: &Fidelity, holding: &Fidelity) -> Fidelity {
    match (reading, holding) {
        (Fidelity::Lossy(first), Fidelity::Lossy(second)) if first != second => {
            Fidelity::Lossy(format!("{first}; {second}"))
        }
        _ => reading.max(holding).clone(),
    }
}

fn refusal_finding(table: &TableName, column: &str, refusal: &Refusal) -> Finding {
    let at = column_at(table, column);
    let finding = Finding::blocker(refusal.code, at, &refusal.reason);
    let proposals: Vec<String> = refusal
        .proposals
        .iter()
        .map(|choice| yaml::column_choice(table, column, choice))
        .collect();
    if proposals.is_empty() {
        return finding;
    }
    finding.hint(format!("accept one: {}", proposals.join("; or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_price_counts_and_two_losses_are_both_told() {
        let lossy = |what: &str| Fidelity::Lossy(what.to_owned());
        for (reading, holding, expected) in [
            (Fidelity::Exact, Fidelity::Exact, Fidelity::Exact),
            (Fidelity::Exact, Fidelity::Widened, Fidelity::Widened),
            (Fidelity::Widened, Fidelity::Exact, Fidelity::Widened),
            (Fidelity::Widened, lossy("a"), lossy("a")),
            (lossy("a"), Fidelity::Widened, lossy("a")),
            (lossy("a"), lossy("a"), lossy("a")),
            (lossy("a"), lossy("b"), lossy("a; b")),
        ] {
            assert_eq!(worse(&reading, &holding), expected);
        }
    }
}
