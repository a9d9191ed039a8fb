//! What was seen of the rows before a run, as findings: what would be rejected, which choices fit, and
//! better proposals for columns that no type reads yet. A sample is called one.

use std::collections::BTreeMap;

use contract::{
    AnyConnector, BatchLimits, ColumnProbe, Extent, ProbeColumn, ProbeRequest, Refusal, TableProbe,
};
use model::migration::{ColumnChoice, MigrationSpec};
use model::plan::{Part, Plan};
use model::{Error, Finding, NativeColumn, NativeTable, TableName};

use crate::exceptions::Exceptions;
use crate::filters::filters;
use crate::naming::column_at;
use crate::yaml;

/// The tables to look at, each with the columns that would move and the filter that it would be read
/// with. Tables that cannot be read, or whose filter is not understood, are left out.
pub fn probe_requests(
    spec: &MigrationSpec,
    default_schema: &str,
    (part, bizdate): (Part, &str),
    tables: &[NativeTable],
    filter_errors: &BTreeMap<TableName, Error>,
) -> Vec<ProbeRequest> {
    let exceptions = Exceptions::new(spec, default_schema);
    let names = tables.iter().map(|table| &table.name);
    let mut filters: BTreeMap<_, _> = filters(spec, default_schema, part, bizdate, names)
        .into_iter()
        .collect();
    let readable = |table: &&NativeTable| {
        !table.findings.iter().any(Finding::is_blocker) && !filter_errors.contains_key(&table.name)
    };
    let requests = tables.iter().filter(readable).map(|table| ProbeRequest {
        table: table.clone(),
        columns: chosen_columns(&exceptions, table),
        filter: filters.remove(&table.name),
    });
    requests.collect()
}

fn chosen_columns(exceptions: &Exceptions<'_>, table: &NativeTable) -> Vec<ProbeColumn> {
    let choices = exceptions.choices(&table.name).map(|(_, choices)| choices);
    let columns = table.columns.iter().map(|native| {
        let choice = choices.and_then(|choices| choices.get(&native.name));
        ProbeColumn {
            native: native.clone(),
            choice: choice.cloned().unwrap_or_default(),
        }
    });
    columns.filter(|column| !column.choice.skip).collect()
}

/// What [`tell_probes`] needs to know beside the plan.
pub struct Probed<'a> {
    /// What the person wrote.
    pub spec: &'a MigrationSpec,
    /// The source's connector.
    pub source: &'a dyn AnyConnector,
    /// The destination's connector.
    pub destination: &'a dyn AnyConnector,
    /// The schema that names without one mean at the source.
    pub default_schema: &'a str,
    /// The tables as the source describes them.
    pub tables: &'a [NativeTable],
    /// What was seen.
    pub probes: &'a [TableProbe],
}

/// Adds what was seen to the findings of the tables that it was seen of. The plan's digest stays.
pub fn tell_probes(plan: &mut Plan, probed: &Probed<'_>) {
    let exceptions = Exceptions::new(probed.spec, probed.default_schema);
    for probe in probed.probes {
        let Some(table) = probed.tables.iter().find(|table| table.name == probe.table) else {
            continue;
        };
        let moving = plan
            .pipelines
            .iter_mut()
            .find(|pipeline| pipeline.scan.table == probe.table)
            .map(|pipeline| &mut pipeline.findings);
        let refused = plan
            .refused
            .iter_mut()
            .find(|refused| refused.source == probe.table)
            .map(|refused| &mut refused.findings);
        let Some(findings) = moving.or(refused) else {
            continue;
        };
        let seen = Seen {
            probed,
            probe,
            columns: chosen_columns(&exceptions, table),
        };
        seen.tell(findings);
    }
}

/// One table and what was seen of it.
struct Seen<'a> {
    probed: &'a Probed<'a>,
    probe: &'a TableProbe,
    columns: Vec<ProbeColumn>,
}

impl Seen<'_> {
    fn tell(&self, findings: &mut Vec<Finding>) {
        findings.push(self.extent());
        let mut firsts: Vec<(&str, ColumnChoice)> = Vec::new();
        for column in &self.columns {
            let seen = self.probe.columns.iter();
            let mut seen = seen.filter(|seen| seen.column == column.native.name);
            let seen = seen.next();
            match (self.refusal(&column.native, &column.choice), seen) {
                (Some(refusal), Some(seen)) => {
                    let proposals = self.better(&refusal, &column.native, seen);
                    self.refine(&refusal, seen, &proposals, findings);
                    let first = proposals.into_iter().next();
                    firsts.extend(first.map(|choice| (column.native.name.as_str(), choice)));
                }
                (Some(refusal), None) => {
                    let first = refusal.proposals.into_iter().next();
                    firsts.extend(first.map(|choice| (column.native.name.as_str(), choice)));
                }
                (None, Some(seen)) => findings.extend(self.of_column(column, seen)),
                (None, None) => {}
            }
        }
        let all = findings.iter_mut();
        if let Some(proposals) = all.filter(|finding| finding.code == "PROPOSALS").last() {
            let firsts: Vec<_> = firsts
                .iter()
                .map(|(name, choice)| (*name, choice))
                .collect();
            let choices = yaml::column_choices(&self.probe.table, &firsts);
            proposals.hint = Some(format!("the first proposal for each: {choices}"));
        }
    }

    fn extent(&self) -> Finding {
        let TableProbe { table, rows, .. } = self.probe;
        let at = table.to_string();
        match (self.probe.extent, &self.probe.trouble) {
            (Extent::Nothing, Some(trouble)) => {
                let message = format!("no row of {at} was looked at: {trouble}");
                Finding::warning("NOT_PROBED", at, message)
                    .hint("--probe-seconds gives more time; the run itself still rejects what does not fit")
            }
            (Extent::Nothing, None) => {
                let message = format!("the types of {at} leave nothing open");
                Finding::note("PROBED", at, message)
            }
            (Extent::Exact, _) => {
                let message = format!("{} of {at} were looked at", all_rows(*rows));
                Finding::note("PROBED", at, message)
            }
            (Extent::Sampled, trouble) => {
                let why = trouble.as_ref().map(|why| format!(" ({why})"));
                let message = format!(
                    "{rows} rows of {at} were looked at, not all{}: what was not seen there may be in the others, \
                     and is rejected then",
                    why.unwrap_or_default()
                );
                Finding::note("PROBE_SAMPLED", at, message)
                    .hint("--probe-rows looks at more rows, --probe-seconds gives more time")
            }
        }
    }

    /// Why no type reads the column, or no type holds it.
    fn refusal(&self, column: &NativeColumn, choice: &ColumnChoice) -> Option<Refusal> {
        let (source, destination) = (self.probed.source.types(), self.probed.destination.types());
        let read = source.to_logical(column, choice);
        read.and_then(|reading| destination.to_native(&reading.logical))
            .err()
    }

    fn accepts(&self, column: &NativeColumn, choice: &ColumnChoice) -> bool {
        self.refusal(column, choice).is_none()
    }

    /// What was seen of a column that moves.
    fn of_column(&self, column: &ProbeColumn, seen: &ColumnProbe) -> Vec<Finding> {
        let native = &column.native;
        let at = column_at(&self.probe.table, &native.name);
        let mut findings = Vec::new();
        for (code, count) in &seen.rejected {
            let message = format!("{} would be rejected", self.counted(*count, seen.values));
            let finding = Finding::warning(code.as_str(), &at, message);
            findings.push(finding.hint(self.way_out(column)));
        }
        for (code, count) in &seen.warned {
            let message = format!(
                "{} would move, and may not be what was meant",
                self.counted(*count, seen.values)
            );
            findings.push(Finding::warning(code.as_str(), &at, message));
        }
        for (wanted, count) in &seen.rejected_as {
            let choice = read_as(wanted);
            if seen.values == 0 || !self.accepts(native, &choice) {
                continue;
            }
            let message = match count {
                0 => format!("{} could be read as {wanted}", self.each(seen.values)),
                count => format!(
                    "{} could not be read as {wanted}",
                    self.counted(*count, seen.values)
                ),
            };
            let finding = Finding::note("PROBE_CHOICE", &at, message);
            findings.push(match count {
                0 => finding.hint(format!(
                    "if that is what is meant: {}",
                    yaml::column_choice(&self.probe.table, &native.name, &choice)
                )),
                _ => finding,
            });
        }
        let room = BatchLimits::default().value_bytes as u64;
        if let Some(longest) = seen.longest_bytes.filter(|longest| *longest > room) {
            let message = format!("a value has {longest} bytes, at most {room} are moved");
            findings.push(Finding::warning("VALUE_TOO_LARGE", &at, message));
        }
        findings
    }

    /// How a column whose values would be rejected could be read instead.
    fn way_out(&self, column: &ProbeColumn) -> String {
        let current = column.choice.read_as.as_deref();
        let reading = |choice: &ColumnChoice| {
            let types = self.probed.source.types();
            types
                .to_logical(&column.native, choice)
                .ok()
                .map(|read| read.logical)
        };
        let now = reading(&column.choice);
        let others = ["text", "binary"]
            .into_iter()
            .map(read_as)
            .filter(|choice| {
                choice.read_as.as_deref() != current
                    && self.accepts(&column.native, choice)
                    && reading(choice) != now
            });
        let mut ways: Vec<String> = others
            .take(1)
            .map(|choice| {
                let table = &self.probe.table;
                format!(
                    "read it as it is: {}",
                    yaml::column_choice(table, &column.native.name, &choice)
                )
            })
            .collect();
        ways.push("mend them at the source".to_owned());
        ways.push("let so many be rejected: rejected-rows".to_owned());
        ways.join("; or ")
    }

    /// Adds what was seen to the refusal of a column, and puts the better proposals into its hint.
    fn refine(
        &self,
        refusal: &Refusal,
        seen: &ColumnProbe,
        proposals: &[ColumnChoice],
        findings: &mut [Finding],
    ) {
        let at = column_at(&self.probe.table, &seen.column);
        let of_column = |finding: &&mut Finding| finding.at == at && finding.code == refusal.code;
        let Some(finding) = findings.iter_mut().find(of_column) else {
            return;
        };
        let mut said = Vec::new();
        if let (Some(before), Some(behind)) = (seen.integer_digits, seen.scale) {
            said.push(format!(
                "at most {before} digits before and {behind} behind the point"
            ));
        }
        if !seen.kinds.is_empty() {
            let kinds = seen.kinds.iter();
            let kinds: Vec<_> = kinds
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            said.push(kinds.join(", "));
        }
        let rejected = seen.rejected.iter();
        said.extend(rejected.map(|(code, count)| format!("{count} that no number takes ({code})")));
        if !said.is_empty() {
            let values = self.each(seen.values);
            finding.message = format!("{}; {values}: {}", finding.message, said.join("; "));
        }
        let table = &self.probe.table;
        let ways = proposals.iter();
        let ways: Vec<String> = ways
            .map(|choice| yaml::column_choice(table, &seen.column, choice))
            .collect();
        finding.hint = Some(format!("accept one: {}", ways.join("; or ")));
    }

    /// The proposals, those first that would reject the fewest of the values seen.
    fn better(
        &self,
        refusal: &Refusal,
        column: &NativeColumn,
        seen: &ColumnProbe,
    ) -> Vec<ColumnChoice> {
        let mut proposals: Vec<ColumnChoice> = refusal
            .proposals
            .iter()
            .map(|choice| fitted(choice, seen, self.probe.extent))
            .filter(|choice| choice.skip || self.accepts(column, choice))
            .collect();
        if seen.values > 0 {
            proposals.sort_by_key(|choice| (choice.skip, rejects(choice, seen), breadth(choice)));
        }
        proposals
    }

    /// `3 of the 120 values`, or of those looked at.
    fn counted(&self, count: u64, values: u64) -> String {
        match self.probe.extent {
            Extent::Exact => format!("{count} of its {values} values"),
            _ => format!("{count} of the {values} values looked at"),
        }
    }

    fn each(&self, values: u64) -> String {
        match (self.probe.extent, values) {
            (Extent::Exact, 1) => "its only value".to_owned(),
            (Extent::Exact, _) => format!("each of its {values} values"),
            (_, _) => format!("each of the {values} values looked at (the others were not)"),
        }
    }
}

fn all_rows(rows: u64) -> String {
    match rows {
        1 => "the only row".to_owned(),
        rows => format!("all {rows} rows"),
    }
}

fn read_as(wanted: &str) -> ColumnChoice {
    ColumnChoice {
        read_as: Some(wanted.to_owned()),
        ..ColumnChoice::default()
    }
}

const DIGITS: u64 = 38;

/// A decimal's proposal with the places that were seen; more of them where not all was seen and there
/// is room.
fn fitted(choice: &ColumnChoice, seen: &ColumnProbe, extent: Extent) -> ColumnChoice {
    let (Some(before), Some(behind)) = (seen.integer_digits, seen.scale) else {
        return choice.clone();
    };
    let Some((start, scale, end)) = choice.read_as.as_deref().and_then(decimal) else {
        return choice.clone();
    };
    let wide = scale.max(behind);
    let scale = match extent {
        Extent::Sampled if before + wide <= DIGITS => wide,
        _ if before + behind <= DIGITS => behind,
        _ => return choice.clone(),
    };
    read_as(&format!("{start}decimal({DIGITS},{scale}){end}"))
}

/// What stands before, the scale, and what stands behind `decimal(38,…)`.
fn decimal(read_as: &str) -> Option<(&str, u64, &str)> {
    let (start, rest) = read_as.split_once("decimal(38,")?;
    let (scale, end) = rest.split_once(')')?;
    Some((start, scale.parse().ok()?, end))
}

/// How many of the values seen the choice would reject.
fn rejects(choice: &ColumnChoice, seen: &ColumnProbe) -> u64 {
    let Some(wanted) = choice.read_as.as_deref() else {
        return 0;
    };
    match (decimal(wanted), seen.integer_digits, seen.scale) {
        (Some((_, scale, _)), Some(before), Some(behind)) => {
            let fits = behind <= scale && before + scale <= DIGITS;
            let others: u64 = seen.rejected.values().sum();
            if fits { others } else { others.max(1) }
        }
        _ => seen.rejected_as.get(wanted).copied().unwrap_or(0),
    }
}

/// Of two that reject the same, the narrower one says more of its values.
fn breadth(choice: &ColumnChoice) -> u8 {
    let wanted = choice.read_as.as_deref().unwrap_or_default();
    match wanted {
        "integer" => 0,
        _ if wanted.contains("decimal") => 1,
        "double" => 2,
        _ if wanted.contains("text") => 4,
        "binary" => 5,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(digits: Option<(u64, u64)>, rejected: u64, rejected_as: &[(&str, u64)]) -> ColumnProbe {
        let counts = |pairs: &[(&str, u64)]| {
            let pairs = pairs
                .iter()
                .filter(|(_, count)| *count > 0 || pairs.len() > 1);
            pairs
                .map(|(word, count)| ((*word).to_owned(), *count))
                .collect()
        };
        ColumnProbe {
            column: "c".to_owned(),
            values: 10,
            integer_digits: digits.map(|(before, _)| before),
            scale: digits.map(|(_, behind)| behind),
            rejected: counts(&[("NUMERIC_NAN", rejected)]),
            rejected_as: counts(rejected_as),
            ..ColumnProbe::default()
        }
    }

    fn order(proposals: &[&str], extent: Extent, seen: &ColumnProbe) -> Vec<String> {
        let mut choices: Vec<ColumnChoice> = proposals
            .iter()
            .map(|wanted| fitted(&read_as(wanted), seen, extent))
            .collect();
        choices.sort_by_key(|choice| (rejects(choice, seen), breadth(choice)));
        choices
            .into_iter()
            .filter_map(|choice| choice.read_as)
            .collect()
    }

    #[test]
    fn a_decimal_that_takes_all_comes_first_with_the_places_seen() {
        let numbers = ["text", "decimal(38,10)"];
        let few = seen(Some((5, 2)), 0, &[]);
        assert_eq!(
            order(&numbers, Extent::Exact, &few),
            ["decimal(38,2)", "text"]
        );
        assert_eq!(
            order(&numbers, Extent::Sampled, &few),
            ["decimal(38,10)", "text"]
        );
        let many = seen(Some((5, 20)), 0, &[]);
        assert_eq!(
            order(&numbers, Extent::Sampled, &many),
            ["decimal(38,20)", "text"]
        );
        let lists = ["list<text>", "list<decimal(38,10)>", "text"];
        assert_eq!(
            order(&lists, Extent::Exact, &few),
            ["list<decimal(38,2)>", "list<text>", "text"]
        );
    }

    #[test]
    fn a_decimal_that_would_reject_comes_behind_text() {
        let numbers = ["text", "decimal(38,10)"];
        let not_all_numbers = seen(Some((5, 2)), 1, &[]);
        assert_eq!(
            order(&numbers, Extent::Exact, &not_all_numbers),
            ["text", "decimal(38,2)"]
        );
        let too_long = seen(Some((30, 20)), 0, &[]);
        assert_eq!(
            order(&numbers, Extent::Exact, &too_long),
            ["text", "decimal(38,10)"]
        );
    }

    #[test]
    fn the_narrowest_type_that_rejects_the_fewest_comes_first() {
        let all = ["text", "integer", "double", "binary"];
        let integers = [("text", 0), ("integer", 0), ("double", 0), ("binary", 10)];
        let order_of = |counts: &[(&str, u64)]| order(&all, Extent::Exact, &seen(None, 0, counts));
        assert_eq!(order_of(&integers)[0], "integer");
        let texts = [("text", 0), ("integer", 10), ("double", 10), ("binary", 0)];
        assert_eq!(order_of(&texts)[0], "text");
        let blobs = [("text", 10), ("integer", 10), ("double", 10), ("binary", 0)];
        assert_eq!(order_of(&blobs)[0], "binary");
        let mixed = [("text", 1), ("integer", 4), ("double", 3), ("binary", 6)];
        assert_eq!(order_of(&mixed), ["text", "double", "integer", "binary"]);
    }
}
