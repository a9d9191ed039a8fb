//! Which condition each table is read with: its own, the general one or none, by part, with its
//! parameters resolved.

use model::migration::{Filters, MigrationSpec, TableFilter};
use model::plan::Part;
use model::{Finding, TableName};

use crate::exceptions::Exceptions;
use crate::parameters::{Parameters, Place};

/// The conditions that the source is to check before planning. What cannot be resolved is left out
/// here; the plan names it.
pub fn filters<'t>(
    spec: &MigrationSpec,
    default_schema: &str,
    part: Part,
    bizdate: &str,
    tables: impl IntoIterator<Item = &'t TableName>,
) -> Vec<(TableName, String)> {
    let Ok(parameters) = Parameters::new(bizdate, &spec.parameters) else {
        return Vec::new();
    };
    let exceptions = Exceptions::new(spec, default_schema);
    tables
        .into_iter()
        .filter_map(|table| {
            let filter = of_table(spec, &exceptions, table, part)?;
            Some((table.clone(), filter.resolve(&parameters).ok()?))
        })
        .collect()
}

/// A condition as written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: String,
}

impl Written<'_> {
    pub(crate) fn resolve(&self, parameters: &Parameters) -> Result<String, Vec<Finding>> {
        parameters
            .expand_in(self.text, &self.at, Place::Condition)
            .map(|text| with_usual_operators(&text))
    }
}

/// The table's own filter, else the general one, else none. A table that has a filter of its own
/// takes nothing from the general one.
pub(crate) fn of_table<'a>(
    spec: &'a MigrationSpec,
    exceptions: &Exceptions<'a>,
    table: &TableName,
    part: Part,
) -> Option<Written<'a>> {
    let own = exceptions
        .of(table)
        .and_then(|(index, exception)| Some((index, exception.filter.as_ref()?)));
    match own {
        Some((_, TableFilter::None(_))) => None,
        Some((index, TableFilter::Own(filters))) => {
            by_part(filters, part, &format!("migration.each[{index}].filter"))
        }
        None => by_part(spec.filter.as_ref()?, part, "migration.filter"),
    }
}

fn by_part<'a>(filters: &'a Filters, part: Part, at: &str) -> Option<Written<'a>> {
    let (text, key) = match part {
        Part::OneTime => (filters.one_time.as_deref()?, "one-time"),
        Part::Daily => (filters.daily.as_deref()?, "daily"),
    };
    Some(Written {
        text,
        at: format!("{at}.{key}"),
    })
}

/// `=<` becomes `<=`, outside of quotes. A text in which quotes cannot be told for sure (backslashes,
/// dollar quotes, comments) stays as it is: the source will say what it thinks of it.
fn with_usual_operators(text: &str) -> String {
    let unsure = ["\\", "$", "--", "/*", "#"];
    if !text.contains("=<") || unsure.iter().any(|mark| text.contains(mark)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut characters = text.chars().peekable();
    let operator = |c: char| "=<>!~@%^&|+-*/?:".contains(c);
    while let Some(c) = characters.next() {
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c == '[' => quote = Some(']'),
            None if c == '=' && characters.peek() == Some(&'<') => {
                let alone_before = !out.chars().last().is_some_and(operator);
                characters.next();
                let alone_after = !characters.peek().copied().is_some_and(operator);
                let usual = alone_before && alone_after;
                out.push_str(if usual { "<=" } else { "=<" });
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(with_usual_operators(text), expected);
    }

    #[test]
    fn r7_02_the_seeds_spelling_is_accepted_outside_of_quotes() {
        check("ds=<20230330", "ds<=20230330");
        check("ds =< '20230330' and a=<b", "ds <= '20230330' and a<=b");
        check("a = 'x =< y' and ds=<1", "a = 'x =< y' and ds<=1");
        check("a = 'it''s =< y'", "a = 'it''s =< y'");
        check(
            "\"a=<b\" = 1 or `a=<b` = 1 or [a=<b] = 1",
            "\"a=<b\" = 1 or `a=<b` = 1 or [a=<b] = 1",
        );
        check("ds=<${x}", "ds=<${x}");
    }

    #[test]
    fn a_text_whose_quotes_are_unsure_stays() {
        check(r"a = 'x\' and b =< 1 '", r"a = 'x\' and b =< 1 '");
        check("a = $$ =< $$", "a = $$ =< $$");
        check("a =< 1 -- it's", "a =< 1 -- it's");
        check("a @=< b", "a @=< b");
        check("a =<@ b", "a =<@ b");
    }
}
