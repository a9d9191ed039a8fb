//! Requirement R7: what belongs to a part of the method that was not chosen is refused, and partitions are
//! given where the method writes them.

use model::Finding;
use model::migration::{Filters, MethodKind, MigrationSpec, PartitionChoice, TableFilter};
use model::plan::Part;

use crate::parameters::Parameters;
use crate::partition;

const AT: &str = "migration.method";

pub(super) fn check(spec: &MigrationSpec, parameters: &Parameters, findings: &mut Vec<Finding>) {
    let kind = spec.method.kind;
    for (given, part, at) in given(spec) {
        if given && !kind.has(part) {
            findings.push(not_of_method(kind, part, at));
        }
    }
    match &spec.method.partition {
        Some(choice) => partitions(choice, kind, parameters, findings),
        None if kind == MethodKind::DailyAndOneTime => {
            let message = "daily and one-time together write partitions, and none is given";
            let finding = Finding::blocker("MISSING_PARTITION", format!("{AT}.partition"), message);
            findings.push(finding.hint(
                "write partition: { one-time: \"ds=20230330\" }; daily writes ds=${bizdate}",
            ));
        }
        None => {}
    }
}

/// What is given for one part alone, and where it stands.
fn given(spec: &MigrationSpec) -> Vec<(bool, Part, String)> {
    let mut given = Vec::new();
    let mut filters = |filters: &Filters, at: &str| {
        given.push((
            filters.one_time.is_some(),
            Part::OneTime,
            format!("{at}.one-time"),
        ));
        given.push((filters.daily.is_some(), Part::Daily, format!("{at}.daily")));
    };
    if let Some(general) = &spec.filter {
        filters(general, "migration.filter");
    }
    for (index, exception) in spec.each.iter().enumerate() {
        if let Some(TableFilter::Own(own)) = &exception.filter {
            filters(own, &format!("migration.each[{index}].filter"));
        }
    }
    if let Some(choice) = &spec.method.partition {
        let at = format!("{AT}.partition");
        given.push((
            choice.one_time.is_some(),
            Part::OneTime,
            format!("{at}.one-time"),
        ));
        given.push((choice.daily.is_some(), Part::Daily, format!("{at}.daily")));
    }
    given
}

fn not_of_method(kind: MethodKind, part: Part, at: String) -> Finding {
    let (part, kind) = match (part, kind) {
        (Part::Daily, _) => ("daily", "one-time"),
        (Part::OneTime, _) => ("one-time", "daily"),
    };
    let message = format!("this is for the {part} part, and the method is {kind} alone");
    let hint = format!("leave it out, or write method: {{ kind: {part} }} or daily-and-one-time");
    Finding::blocker("NOT_OF_METHOD", at, message).hint(hint)
}

/// Both parts write partitions of one column, and each its own is complete.
fn partitions(
    choice: &PartitionChoice,
    kind: MethodKind,
    parameters: &Parameters,
    findings: &mut Vec<Finding>,
) {
    let mut columns = Vec::new();
    for part in [Part::OneTime, Part::Daily] {
        if !kind.has(part) {
            continue;
        }
        match partition::written(choice, part) {
            Ok((text, at)) => {
                let (column, value) = partition::halves(&text);
                findings.extend(parameters.expand(value, &at).err().unwrap_or_default());
                columns.push((column.to_owned(), at));
            }
            Err(finding) => findings.push(finding),
        }
    }
    if let [(one, _), (other, at)] = columns.as_slice()
        && !one.eq_ignore_ascii_case(other)
    {
        let message = format!("one-time writes partitions of {one}, and daily those of {other}");
        let finding = Finding::blocker("BAD_PARTITION", at, message);
        findings.push(finding.hint("a table has one partition column: name it in both"));
    }
}
