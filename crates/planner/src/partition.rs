//! The partition to write: `ds=20230330`, `ds=${bizdate}`, or a value alone, read as `ds`'s. One
//! column of text, one value for all rows of a load.

use contract::NameLimits;
use model::Finding;
use model::migration::{MigrationSpec, PartitionChoice};
use model::plan::{Part, Partition};
use serde_json::Value as Json;

use crate::naming::is_legal;
use crate::parameters::Parameters;

const DEFAULT_COLUMN: &str = "ds";
const DAILY_DEFAULT: &str = "ds=${bizdate}";

/// The partition of this part, parameters resolved; `None` where the table is not partitioned.
pub(crate) fn resolve(
    spec: &MigrationSpec,
    part: Part,
    parameters: &Parameters,
    limits: NameLimits,
) -> Result<Option<Partition>, Vec<Finding>> {
    let Some(choice) = &spec.method.partition else {
        return Ok(None);
    };
    let (written, at) = written(choice, part).map_err(|finding| vec![finding])?;
    let (column, value) = halves(&written);
    if !is_legal(column) || column.len() > limits.longest {
        let message = format!("{column:?} is no name of a partition column");
        return Err(vec![Finding::blocker("ILLEGAL_NAME", at, message).hint(
            "write letters, digits and underscores, ds=20230330 for example",
        )]);
    }
    let value = parameters.expand(value, &at)?;
    if value.is_empty() || value.chars().any(|c| c.is_control() || "=/\\".contains(c)) {
        let message = format!("{value:?} is no value of one partition");
        return Err(vec![
            Finding::blocker("BAD_PARTITION", at, message)
                .hint("one column and one value, ds=20230330 for example"),
        ]);
    }
    let column = if limits.lower_case {
        column.to_ascii_lowercase()
    } else {
        column.to_owned()
    };
    Ok(Some(Partition { column, value }))
}

/// Column and value, `ds` where no column is named.
pub(crate) fn halves(written: &str) -> (&str, &str) {
    let (column, value) = written.split_once('=').unwrap_or((DEFAULT_COLUMN, written));
    (column.trim(), value.trim())
}

/// What is written for this part, and where.
pub(crate) fn written(choice: &PartitionChoice, part: Part) -> Result<(String, String), Finding> {
    const AT: &str = "migration.method.partition";
    match part {
        Part::OneTime => match &choice.one_time {
            Some(value) => Ok((value.0.clone(), format!("{AT}.one-time"))),
            None => Err(Finding::blocker(
                "MISSING_PARTITION",
                AT,
                "a one-time task writes one partition, which must be given",
            )
            .hint("add one-time: \"ds=20230330\", or leave partition out")),
        },
        Part::Daily => {
            let at = format!("{AT}.daily");
            match &choice.daily {
                None => Ok((DAILY_DEFAULT.to_owned(), at)),
                Some(Json::Object(keys)) if keys.is_empty() => Ok((DAILY_DEFAULT.to_owned(), at)),
                Some(Json::String(text)) => Ok((text.clone(), at)),
                Some(_) => Err(
                    Finding::blocker("BAD_PARTITION", at, "expected a text or {}")
                        .hint("write \"ds=${bizdate}\" for example, or {} for that"),
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fake;

    fn check(one_time: &str, expected: Result<(&str, &str), &str>) {
        let spec = fake::spec(&format!(
            r#"{{"method": {{"partition": {{"one-time": {one_time:?}}}}}}}"#
        ));
        let parameters = Parameters::new("20230330", &BTreeMap::new()).unwrap();
        let resolved = resolve(&spec, Part::OneTime, &parameters, fake::LIMITS);
        let resolved = resolved
            .map(|partition| partition.unwrap())
            .map_err(|findings| findings[0].code.clone());
        assert_eq!(
            resolved,
            expected
                .map(|(column, value)| Partition {
                    column: column.to_owned(),
                    value: value.to_owned()
                })
                .map_err(str::to_owned)
        );
    }

    #[test]
    fn r7_05_a_constant_is_the_value_of_ds_and_parameters_are_resolved() {
        check("20230330", Ok(("ds", "20230330")));
        check("ds=${bizdate}", Ok(("ds", "20230330")));
        check(" dt = ${yyyy-MM-dd} ", Ok(("dt", "2023-03-30")));
    }

    #[test]
    fn r7_05_what_is_not_one_partition_is_refused() {
        check("", Err("BAD_PARTITION"));
        check("ds=", Err("BAD_PARTITION"));
        check("ds=1/region=cn", Err("BAD_PARTITION"));
        check("ds=..\\x", Err("BAD_PARTITION"));
        check("a b=1", Err("ILLEGAL_NAME"));
        check("ds=${nope}", Err("UNKNOWN_PARAMETER"));
    }

    #[test]
    fn r7_05_the_one_time_partition_must_be_given() {
        let spec = fake::spec(r#"{"method": {"partition": {}}}"#);
        let parameters = Parameters::new("20230330", &BTreeMap::new()).unwrap();
        let findings = resolve(&spec, Part::OneTime, &parameters, fake::LIMITS).unwrap_err();
        assert_eq!(findings[0].code, "MISSING_PARTITION");
        let daily = resolve(&spec, Part::Daily, &parameters, fake::LIMITS).unwrap();
        assert_eq!(daily.unwrap().value, "20230330");
    }
}
