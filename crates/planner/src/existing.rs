//! Loading into a table that is there already: its columns in their order, matched by name; every
//! planned column must be there and hold each value exactly. A column there that nothing comes for
//! (in the table, in no mapping, not the partition) is filled with null, or refuses the table where
//! null may not stand in it.

use std::collections::BTreeSet;

use contract::ExistingTable;
use model::migration::ColumnChoice;
use model::plan::{Column, ColumnMapping, Fidelity, Partition};
use model::{Finding, LogicalType, TableName};

use crate::keys;
use crate::match_columns::{Planned, worse};
use crate::naming::column_at;
use crate::yaml;

/// Both tables' names, for findings.
pub(crate) struct Pair<'a> {
    pub(crate) source: &'a TableName,
    pub(crate) destination: &'a TableName,
    /// Whether every column that moves could be planned; else those missing are not told again.
    pub(crate) complete: bool,
    /// Whether rows that are there keep what nothing comes for.
    pub(crate) updates: bool,
    /// The source's columns of a primary key that new tables get, too: they hold no null there.
    pub(crate) key: &'a [String],
    /// Which columns the destination may get.
    pub(crate) addable: &'a Addable,
}

impl Pair<'_> {
    fn column(&self, column: &Column) -> String {
        column_at(self.destination, &column.name)
    }
}

/// Which columns may be added to a table that is there.
#[derive(Debug)]
pub(crate) enum Addable {
    /// Each that it lacks.
    All,
    /// These of the source, and no others.
    These(BTreeSet<String>),
}

impl Addable {
    fn takes(&self, source: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(source),
        }
    }
}

/// How a load fits into a table that is there.
#[derive(Debug, Default)]
pub(crate) struct Fitted {
    /// In the table's order, columns that are added last.
    pub(crate) mappings: Vec<ColumnMapping>,
    /// Columns that the table gets; null may stand in each, for the rows that are there have none.
    pub(crate) added: Vec<Column>,
}

/// The note that a table gets columns.
pub(crate) const COLUMNS_ADDED: &str = "COLUMNS_ADDED";

/// The mapping into the existing table, in its order. Its columns are kept as they are.
pub(crate) fn fit(
    pair: &Pair<'_>,
    existing: &ExistingTable,
    planned: &[Planned],
    partition: Option<&Partition>,
    findings: &mut Vec<Finding>,
) -> Fitted {
    findings.extend(existing.findings.iter().cloned());
    // What could not be read says nothing of its columns: they are not missing there.
    if existing.columns.is_empty() && existing.findings.iter().any(Finding::is_blocker) {
        return Fitted::default();
    }
    findings.extend(partition_mismatch(pair, existing, partition));
    // What is blocked for its own reason may not list all its columns.
    let mut fitted = Fitted::default();
    let mut added = Vec::new();
    if !existing.findings.iter().any(Finding::is_blocker) {
        for planned in planned {
            match missing(pair, existing, planned) {
                Some(Missing::Refused(finding)) => findings.push(finding),
                Some(Missing::Added(column)) => {
                    added.push(planned.mapping(&column, planned.fidelity.clone()));
                    fitted.added.push(column);
                }
                None => {}
            }
        }
        findings.extend(columns_added(pair, &fitted.added));
    }
    let is_partition =
        |column: &Column| existing.partition_column.as_deref() == Some(column.name.as_str());
    let sources: BTreeSet<&str> = planned.iter().map(|p| p.column.name.as_str()).collect();
    for column in existing
        .columns
        .iter()
        .filter(|column| !is_partition(column))
    {
        if !sources.contains(column.name.as_str()) {
            findings.extend(pair.complete.then(|| without_source(pair, column)));
            continue;
        }
        let coming = planned.iter().filter(|p| p.column.name == column.name);
        for planned in coming {
            match one_column(pair, planned, column) {
                Ok(mapping) => {
                    findings.extend(key_without_null(pair, planned, column));
                    fitted.mappings.push(mapping);
                }
                Err(finding) => findings.push(finding),
            }
        }
    }
    fitted.mappings.append(&mut added);
    fitted
}

fn partition_mismatch(
    pair: &Pair<'_>,
    existing: &ExistingTable,
    partition: Option<&Partition>,
) -> Option<Finding> {
    let wanted = partition.map(|partition| partition.column.as_str());
    let has = existing.partition_column.as_deref();
    if wanted == has {
        return None;
    }
    let words = |column: Option<&str>| match column {
        Some(column) => format!("partitioned by {column}"),
        None => "not partitioned".to_owned(),
    };
    let message = format!(
        "{} is {}, and the migration writes it {}",
        pair.destination,
        words(has),
        words(wanted)
    );
    let hint = match has {
        Some(column) => format!(
            "add method: {{ partition: {{ one-time: {} }} }}, or choose other names",
            yaml::quoted(&format!("{column}=…"))
        ),
        None => "leave method.partition out, or choose other names".to_owned(),
    };
    Some(Finding::blocker("PARTITION_MISMATCH", pair.source.to_string(), message).hint(hint))
}

/// A planned column that the table does not have.
enum Missing {
    Refused(Finding),
    Added(Column),
}

fn missing(pair: &Pair<'_>, existing: &ExistingTable, planned: &Planned) -> Option<Missing> {
    let name = &planned.column.name;
    if existing.columns.iter().any(|column| column.name == *name) {
        return None;
    }
    let source = &planned.scan.native.name;
    let at = column_at(pair.source, source);
    let near = existing
        .columns
        .iter()
        .find(|column| column.name.eq_ignore_ascii_case(name));
    if let Some(near) = near.filter(|near| near.name != *name) {
        let message = format!("{} differs from {name} in case alone", pair.column(near));
        let finding = Finding::blocker("COLUMN_CASE", at, message).hint(format!(
            "rename it: names: {{ field-rules: [{{ replace: {}, with: … }}] }}, or rename the \
                 column at the destination",
            yaml::scalar(source)
        ));
        return Some(Missing::Refused(finding));
    }
    if pair.addable.takes(source) {
        return Some(Missing::Added(Column {
            nullable: true,
            ..planned.column.clone()
        }));
    }
    let skip = ColumnChoice {
        skip: true,
        ..ColumnChoice::default()
    };
    let message = format!("{} has no column {name}", pair.destination);
    let finding = Finding::blocker("COLUMN_MISSING", at, message).hint(format!(
        "write existing-tables: add-columns, add it there, or leave it out: {}",
        yaml::column_choice(pair.source, source, &skip)
    ));
    Some(Missing::Refused(finding))
}

fn columns_added(pair: &Pair<'_>, added: &[Column]) -> Option<Finding> {
    if added.is_empty() {
        return None;
    }
    let names: Vec<&str> = added.iter().map(|column| column.name.as_str()).collect();
    let message = format!(
        "{} gets {}, null in the rows that are there",
        pair.destination,
        names.join(", ")
    );
    let at = pair.source.to_string();
    Some(Finding::note(COLUMNS_ADDED, at, message))
}

fn without_source(pair: &Pair<'_>, column: &Column) -> Finding {
    let at = pair.source.to_string();
    let name = pair.column(column);
    if column.nullable {
        let what = if pair.updates {
            "is null in new rows and stays as it is in the others"
        } else {
            "is filled with null"
        };
        let message = format!("nothing comes for {name}, which {what}");
        return Finding::note("COLUMN_WITHOUT_SOURCE", at, message);
    }
    let message = format!("nothing comes for {name}, which may not be null");
    Finding::blocker("COLUMN_WITHOUT_SOURCE", at, message)
        .hint("let it be null at the destination, or choose other names")
}

fn one_column(
    pair: &Pair<'_>,
    planned: &Planned,
    column: &Column,
) -> Result<ColumnMapping, Finding> {
    let at = column_at(pair.source, &planned.scan.native.name);
    // What travels counts, not what a new column would be; where that has no like, what it becomes.
    let travels = holds_exactly(&planned.scan.logical, &column.holds);
    let fits = travels.or_else(|| holds_exactly(&planned.column.holds, &column.holds));
    let Some(fidelity) = fits else {
        let message = format!(
            "{} is {}, which does not hold every {}",
            pair.column(column),
            column.native,
            planned.column.holds
        );
        return Err(Finding::blocker("COLUMN_TYPE", at, message)
            .hint("change the column there, read it as another type by each[].columns, or choose other names"));
    };
    if planned.column.nullable && !column.nullable && !pair.key.contains(&planned.scan.native.name)
    {
        let message = format!("{} may not be null, and {at} may", pair.column(column));
        return Err(Finding::blocker("COLUMN_REQUIRED", at, message)
            .hint("let it be null at the destination"));
    }
    Ok(planned.mapping(column, worse(&planned.fidelity, &fidelity)))
}

/// The table as the first load made it: rows without a key were rejected then, and are again.
fn key_without_null(pair: &Pair<'_>, planned: &Planned, column: &Column) -> Option<Finding> {
    let rejects = planned.column.nullable && !column.nullable;
    rejects.then(|| keys::nullable_key(pair.source, &planned.scan.native.name))
}

/// Whether a column of type `to` holds every value of type `from`, and at which price.
pub(crate) fn holds_exactly(from: &LogicalType, to: &LogicalType) -> Option<Fidelity> {
    use LogicalType as L;
    if from == to {
        return Some(Fidelity::Exact);
    }
    let fits = match (from, to) {
        (
            L::Integer { bits, signed },
            L::Integer {
                bits: wide,
                signed: negative,
            },
        ) => match (signed, negative) {
            (true, false) => false,
            (false, true) => wide > bits,
            _ => wide >= bits,
        },
        (L::Integer { bits, signed }, L::Decimal { precision, scale }) => {
            integer_digits(*bits, *signed) <= precision.saturating_sub(*scale)
        }
        (
            L::Decimal { precision, scale },
            L::Decimal {
                precision: wide,
                scale: fine,
            },
        ) => fine >= scale && wide.saturating_sub(*fine) >= precision.saturating_sub(*scale),
        (L::Float32, L::Float64) | (L::Boolean, L::Integer { .. }) => true,
        (L::Text { .. } | L::Uuid | L::Json, L::Text { max_chars: None }) => true,
        (L::Text { max_chars: Some(a) }, L::Text { max_chars: Some(b) }) => b >= a,
        (L::Uuid, L::Text { max_chars: Some(b) }) => *b >= 36,
        (L::Time { precision: a }, L::Time { precision: b }) => b >= a,
        (
            L::Timestamp {
                precision: a,
                zoned,
            },
            L::Timestamp {
                precision: b,
                zoned: also,
            },
        ) => zoned == also && b >= a,
        (L::List(a), L::List(b)) | (L::Map(a), L::Map(b)) => holds_exactly(a, b).is_some(),
        (L::Struct(a), L::Struct(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| {
                    a.name == b.name && holds_exactly(&a.logical, &b.logical).is_some()
                })
        }
        _ => false,
    };
    fits.then_some(Fidelity::Widened)
}

fn integer_digits(bits: u8, signed: bool) -> u8 {
    match (bits, signed) {
        (..=8, _) => 3,
        (9..=16, _) => 5,
        (17..=32, _) => 10,
        (_, true) => 19,
        (_, false) => 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &LogicalType, to: &LogicalType, expected: Option<&Fidelity>) {
        assert_eq!(
            holds_exactly(from, to).as_ref(),
            expected,
            "{from} into {to}"
        );
    }

    #[test]
    fn a_table_that_cannot_be_read_is_not_told_to_lack_columns() {
        let unreadable = ExistingTable {
            columns: Vec::new(),
            partition_column: None,
            findings: vec![Finding::blocker("BAD_METADATA", "ns.t", "broken")],
        };
        let (source, destination) = (TableName::new("s", "t"), TableName::new("ns", "t"));
        let pair = Pair {
            source: &source,
            destination: &destination,
            complete: true,
            updates: false,
            key: &[],
            addable: &Addable::All,
        };
        let partition = Partition {
            column: "pt".to_owned(),
            value: "1".to_owned(),
        };
        let mut findings = Vec::new();
        let fitted = fit(&pair, &unreadable, &[], Some(&partition), &mut findings);
        assert!(fitted.mappings.is_empty() && fitted.added.is_empty());
        assert_eq!(findings, unreadable.findings);
    }

    fn decimal(precision: u8, scale: u8) -> LogicalType {
        LogicalType::Decimal { precision, scale }
    }

    fn unsigned(bits: u8) -> LogicalType {
        LogicalType::Integer {
            bits,
            signed: false,
        }
    }

    #[test]
    fn wider_types_hold_and_narrower_do_not() {
        let widened = Some(&Fidelity::Widened);
        let text = |limit| LogicalType::Text { max_chars: limit };
        check(
            &LogicalType::Date,
            &LogicalType::Date,
            Some(&Fidelity::Exact),
        );
        check(&LogicalType::int(32), &LogicalType::int(64), widened);
        check(&LogicalType::int(64), &LogicalType::int(32), None);
        check(&unsigned(32), &LogicalType::int(64), widened);
        check(&unsigned(64), &LogicalType::int(64), None);
        check(&LogicalType::int(8), &unsigned(64), None);
        check(&unsigned(64), &decimal(20, 0), widened);
        check(&LogicalType::int(64), &decimal(20, 2), None);
        check(&decimal(10, 2), &decimal(12, 3), widened);
        check(&decimal(10, 2), &decimal(10, 3), None);
        check(&decimal(10, 2), &decimal(12, 1), None);
        check(&LogicalType::Float32, &LogicalType::Float64, widened);
        check(&LogicalType::Boolean, &LogicalType::int(8), widened);
        check(&LogicalType::int(8), &LogicalType::Boolean, None);
        check(&LogicalType::Float64, &LogicalType::Float32, None);
        check(&text(Some(5)), &text(None), widened);
        check(&text(None), &text(Some(5)), None);
        check(&LogicalType::Uuid, &text(None), widened);
        check(&LogicalType::int(32), &text(None), None);
        check(
            &LogicalType::List(Box::new(LogicalType::int(16))),
            &LogicalType::List(Box::new(LogicalType::int(32))),
            widened,
        );
        let timestamp = |precision, zoned| LogicalType::Timestamp { precision, zoned };
        check(&timestamp(6, false), &timestamp(6, true), None);
        check(&timestamp(6, false), &timestamp(3, false), None);
    }
}
