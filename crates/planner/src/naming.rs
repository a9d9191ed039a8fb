//! Source names to destination names: rules in their order, then prefix and suffix, then what the
//! destination allows. Nothing is expanded inside names but `${source_schema}` in prefix and suffix.

use contract::NameLimits;
use model::migration::{IllegalNames, NameRule, NameRules};
use model::table::escape_controls;
use model::{Finding, TableName};
use sha2::{Digest, Sha256};

use crate::yaml;

/// The one placeholder that prefix and suffix may hold.
pub(crate) const SOURCE_SCHEMA: &str = "${source_schema}";

/// The longest name that `illegal: convert` leaves as it is.
const LONGEST_UNCONVERTED: usize = 127;
/// The longest name before, between and behind the rules: no destination takes one near it.
const LONGEST_RULED: usize = 1024;
/// How many rules each kind of name may have.
pub(crate) const MOST_RULES: usize = 500;
/// So much of a name is shown where it cannot be.
const SHOWN: usize = 100;
/// `_` and six hexadecimal digits.
const HASH_LENGTH: usize = 7;

/// A destination name, and whether `illegal: convert` had to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) converted: bool,
}

/// What a source table is called at the destination, without its namespace.
pub fn table_name(
    rules: &NameRules,
    source: &TableName,
    limits: NameLimits,
) -> Result<String, Finding> {
    name_table(rules, source, limits).map(|named| named.name)
}

/// What a source column is called at the destination.
pub fn column_name(
    rules: &NameRules,
    table: &TableName,
    column: &str,
    limits: NameLimits,
) -> Result<String, Finding> {
    name_column(rules, table, column, limits).map(|named| named.name)
}

pub(crate) fn name_table(
    rules: &NameRules,
    source: &TableName,
    limits: NameLimits,
) -> Result<Named, Finding> {
    let place = Place {
        at: source.to_string(),
        noun: "table",
        rules_key: "table-rules",
    };
    let affix = |text: &str| {
        let affix = replaced(text, SOURCE_SCHEMA, &source.schema);
        affix.map(|affix| affix.to_ascii_lowercase())
    };
    let ruled = affix(&rules.table_prefix)
        .zip(affix(&rules.table_suffix))
        .ok_or_else(|| endless_name(&place))
        .and_then(|(prefix, suffix)| {
            let name = apply(&rules.table_rules, &source.table, &place)?;
            Ok(format!("{prefix}{name}{suffix}"))
        })?;
    make_legal(&ruled, rules.illegal, limits, &place)
}

pub(crate) fn name_column(
    rules: &NameRules,
    table: &TableName,
    column: &str,
    limits: NameLimits,
) -> Result<Named, Finding> {
    let place = Place {
        at: column_at(table, column),
        noun: "column",
        rules_key: "field-rules",
    };
    let ruled = apply(&rules.field_rules, column, &place)?;
    make_legal(&ruled, rules.illegal, limits, &place)
}

/// `schema.table.column`, safe to print.
pub(crate) fn column_at(table: &TableName, column: &str) -> String {
    format!("{table}.{}", escape_controls(column))
}

/// Letters, digits and underscores alone, and at least one of them.
pub(crate) fn is_legal(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_legal_char)
}

fn is_legal_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The comment with the source's name kept in it.
pub(crate) fn comment_with_original(comment: Option<&str>, original: &str) -> String {
    let original = escape_controls(original);
    match comment {
        Some(comment) if !comment.is_empty() => format!("{comment} (source name: {original})"),
        _ => format!("source name: {original}"),
    }
}

/// The name as the rules leave it; they may not make it grow for ever.
fn apply(rules: &[NameRule], name: &str, place: &Place) -> Result<String, Finding> {
    if rules.len() > MOST_RULES {
        let at = format!("migration.names.{}", place.rules_key);
        return Err(too_many_rules(at, rules.len()));
    }
    rules
        .iter()
        .filter(|rule| !rule.replace.is_empty())
        .try_fold(name.to_owned(), |name, rule| {
            replaced(&name, &rule.replace, &rule.replacement)
        })
        .ok_or_else(|| endless_name(place))
}

/// The text with every `what` replaced, in lower case, where that is not too long for a name.
fn replaced(text: &str, what: &str, by: &str) -> Option<String> {
    let found = match what.len() <= text.len() {
        true => text.matches(what).count(),
        false => 0,
    };
    let length = (text.len() - found * what.len()).saturating_add(found.saturating_mul(by.len()));
    if text.len().max(length) > LONGEST_RULED {
        return None;
    }
    Some(match found {
        0 => text.to_owned(),
        _ => text.replace(what, &by.to_ascii_lowercase()),
    })
}

pub(crate) fn too_many_rules(at: String, count: usize) -> Finding {
    let message = format!("{count} rules are given for names");
    Finding::blocker("OUT_OF_RANGE", at, message).hint(format!("write at most {MOST_RULES}"))
}

fn endless_name(place: &Place) -> Finding {
    let message = format!(
        "the {} name is, or becomes by its rules, longer than {LONGEST_RULED} bytes",
        place.noun
    );
    Finding::blocker("NAME_TOO_LONG", &place.at, message)
        .hint(format!("shorten it by names.{}", place.rules_key))
}

struct Place {
    at: String,
    noun: &'static str,
    rules_key: &'static str,
}

fn make_legal(
    name: &str,
    illegal: IllegalNames,
    limits: NameLimits,
    place: &Place,
) -> Result<Named, Finding> {
    let cased = |name: String| {
        if limits.lower_case {
            name.to_ascii_lowercase()
        } else {
            name
        }
    };
    if illegal == IllegalNames::Convert {
        let longest = limits.longest.min(LONGEST_UNCONVERTED);
        let converted = convert(name, longest);
        return Ok(Named {
            converted: converted.is_some(),
            name: cased(converted.unwrap_or_else(|| name.to_owned())),
        });
    }
    if !is_legal(name) {
        return Err(illegal_name(name, limits, place));
    }
    if name.len() > limits.longest {
        let message = format!(
            "the {} name at the destination would have {} characters, and {} are allowed",
            place.noun,
            name.len(),
            limits.longest
        );
        let hint = format!(
            "shorten it by names.{}, or set names.illegal to convert",
            place.rules_key
        );
        return Err(Finding::blocker("NAME_TOO_LONG", &place.at, message).hint(hint));
    }
    Ok(Named {
        name: cased(name.to_owned()),
        converted: false,
    })
}

fn illegal_name(name: &str, limits: NameLimits, place: &Place) -> Finding {
    let converted = convert(name, limits.longest.min(LONGEST_UNCONVERTED)).unwrap_or_default();
    if name.is_empty() {
        let message = format!("nothing is left of the {} name", place.noun);
        return Finding::blocker("ILLEGAL_NAME", &place.at, message)
            .hint(format!("change names.{}", place.rules_key));
    }
    let mut illegal: Vec<char> = name.chars().filter(|c| !is_legal_char(*c)).collect();
    illegal.sort_unstable();
    illegal.dedup();
    let rules: Vec<String> = illegal
        .iter()
        .take(5)
        .map(|c| {
            format!(
                "{{ replace: {}, with: \"_\" }}",
                yaml::quoted(&c.to_string())
            )
        })
        .collect();
    let mut shown: String = name.chars().take(SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    let message = format!(
        "the {} name {} has other characters than letters, digits and underscores",
        place.noun,
        yaml::quoted(&shown)
    );
    Finding::blocker("ILLEGAL_NAME", &place.at, message).hint(format!(
        "add a rule, names: {{ {}: [{}] }}, or let names: {{ illegal: convert }} make it {converted}",
        place.rules_key,
        rules.join(", ")
    ))
}

/// Rule N1: ASCII letters become lower case, other characters than letters, digits and underscores
/// become underscores, those at the ends go, a leading digit gets `c_`, nothing left becomes `n`,
/// and the first six hexadecimal digits of the name's own SHA-256 tell apart what became alike.
/// `None` where the name may stay as it is.
fn convert(name: &str, longest: usize) -> Option<String> {
    let leading_digit = name.starts_with(|c: char| c.is_ascii_digit());
    if is_legal(name) && !leading_digit && name.len() <= longest {
        return None;
    }
    let plain: String = name
        .chars()
        .map(|c| {
            if is_legal_char(c) {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let trimmed = plain.trim_matches('_');
    let start = match trimmed.as_bytes().first() {
        None => "n".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("c_{trimmed}"),
        Some(_) => trimmed.to_owned(),
    };
    let kept = longest.saturating_sub(HASH_LENGTH).max(1);
    let kept = start.get(..kept).unwrap_or(&start);
    let hash = Sha256::digest(name.as_bytes());
    Some(format!(
        "{kept}_{:02x}{:02x}{:02x}",
        hash[0], hash[1], hash[2]
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: NameLimits = NameLimits {
        longest: 255,
        lower_case: false,
    };

    fn rule(replace: &str, with: &str) -> NameRule {
        NameRule {
            replace: replace.to_owned(),
            replacement: with.to_owned(),
        }
    }

    fn converting() -> NameRules {
        NameRules {
            illegal: IllegalNames::Convert,
            ..NameRules::default()
        }
    }

    fn table(rules: &NameRules, name: &str) -> Result<String, Finding> {
        table_name(rules, &TableName::new("Sales", name), LIMITS)
    }

    #[test]
    fn r4_04_rules_apply_in_order_then_prefix_and_suffix() {
        let rules = NameRules {
            table_rules: vec![rule("work", "PHIN"), rule("data", ""), rule("phin", "x")],
            table_prefix: "PRE_".to_owned(),
            table_suffix: "_Prod".to_owned(),
            ..NameRules::default()
        };
        assert_eq!(table(&rules, "datawork").unwrap(), "pre_x_prod");
        assert_eq!(table(&rules, "Work_work").unwrap(), "pre_Work_x_prod");
        let seed = NameRules {
            table_rules: vec![rule("work", "phin")],
            table_prefix: "pre_".to_owned(),
            table_suffix: "_prod".to_owned(),
            ..NameRules::default()
        };
        assert_eq!(table(&seed, "datawork").unwrap(), "pre_dataphin_prod");
    }

    #[test]
    fn r4_04_prefix_and_suffix_may_hold_the_schema_and_names_are_never_expanded() {
        let rules = NameRules {
            table_prefix: "${source_schema}_".to_owned(),
            ..converting()
        };
        assert_eq!(table(&rules, "orders").unwrap(), "sales_orders");
        let name = table(&rules, "${source_schema}").unwrap();
        assert!(name.starts_with("sales___source_schema_"), "{name}");
        assert_eq!(
            table(&converting(), "${bizdate}").unwrap(),
            "bizdate_ef9f0e"
        );
    }

    #[test]
    fn r4_05_other_characters_are_refused_and_point_to_a_rule() {
        let finding = table(&NameRules::default(), "a b%").unwrap_err();
        assert_eq!(finding.code, "ILLEGAL_NAME");
        assert_eq!(finding.at, "Sales.a b%");
        let hint = finding.hint.unwrap();
        assert!(
            hint.contains(r#"table-rules: [{ replace: " ", with: "_" }, { replace: "%""#),
            "{hint}"
        );
        assert!(hint.contains("a_b_"), "{hint}");
        for legal in ["orders", "MixedCase", "_x", "1st", "2024"] {
            assert_eq!(table(&NameRules::default(), legal).unwrap(), legal);
        }
    }

    #[test]
    fn names_are_converted_as_the_torture_file_has_it() {
        for (source, expected) in [
            ("a b", "a_b_c8687a"),
            ("a-b", "a_b_d44362"),
            ("a_b", "a_b"),
            ("a.b", "a_b_2e7336"),
            ("a/b", "a_b_c14cdd"),
            ("1st", "c_1st_e01ddf"),
            ("100%", "c_100_32e489"),
            ("列表", "n_aedd68"),
            ("编号", "n_fc1477"),
            ("x'; DROP TABLE t_int; --", "x___drop_table_t_int_5340a3"),
            ("../../outside/evil", "outside_evil_4835d7"),
            ("${bizdate}", "bizdate_ef9f0e"),
            ("\u{e9}", "n_4a9955"),
            ("e\u{301}", "e_bf1276"),
            ("MixedCase", "MixedCase"),
            ("select", "select"),
        ] {
            assert_eq!(table(&converting(), source).unwrap(), expected, "{source}");
        }
    }

    #[test]
    fn long_names_are_cut_when_converted_and_refused_else() {
        let long = "x".repeat(128);
        let converted = table(&converting(), &long).unwrap();
        assert_eq!(converted.len(), 127);
        assert_eq!(converted[..120], long[..120]);
        let limits = NameLimits {
            longest: 63,
            lower_case: true,
        };
        let name = TableName::new("s", "X".repeat(64));
        assert_eq!(
            table_name(&NameRules::default(), &name, limits)
                .unwrap_err()
                .code,
            "NAME_TOO_LONG"
        );
        assert_eq!(table_name(&converting(), &name, limits).unwrap().len(), 63);
    }

    #[test]
    fn nothing_left_of_a_name_is_refused() {
        let rules = NameRules {
            table_rules: vec![rule("orders", "")],
            ..NameRules::default()
        };
        assert_eq!(table(&rules, "orders").unwrap_err().code, "ILLEGAL_NAME");
    }

    #[test]
    fn a_destination_that_lowers_case_gets_lower_case() {
        let limits = NameLimits {
            longest: 127,
            lower_case: true,
        };
        let name = TableName::new("s", "MixedCase");
        assert_eq!(
            table_name(&converting(), &name, limits).unwrap(),
            "mixedcase"
        );
    }

    fn endless(rules: &NameRules, name: &str) {
        assert_eq!(table(rules, name).unwrap_err().code, "NAME_TOO_LONG");
    }

    #[test]
    fn names_do_not_grow_for_ever() {
        let doubling = NameRules {
            table_rules: vec![rule("v", "vv"); 100],
            ..converting()
        };
        endless(&doubling, "v");
        let at_once = NameRules {
            table_rules: vec![rule("v", &"w".repeat(1_000_000))],
            ..converting()
        };
        endless(&at_once, &"v".repeat(1_000));
        let schemas = NameRules {
            table_prefix: "${source_schema}".repeat(60),
            ..converting()
        };
        assert!(table(&schemas, "v").is_ok());
        let long = TableName::new("s".repeat(1_000), "v");
        let finding = table_name(&schemas, &long, LIMITS).unwrap_err();
        assert_eq!(finding.code, "NAME_TOO_LONG");
        let many = NameRules {
            table_rules: vec![rule("v", "w"); 501],
            ..converting()
        };
        let finding = table(&many, "v").unwrap_err();
        assert_eq!(finding.code, "OUT_OF_RANGE");
        assert_eq!(finding.at, "migration.names.table-rules");
    }

    proptest! {
        #[test]
        fn conversion_is_stable_legal_and_tells_names_apart(a in ".{0,150}", b in ".{0,150}") {
            let (first, second) = (table(&converting(), &a).unwrap(), table(&converting(), &b).unwrap());
            prop_assert_eq!(&first, &table(&converting(), &a).unwrap());
            prop_assert!(is_legal(&first) && first.len() <= 127);
            if a != b {
                prop_assert_ne!(first, second);
            }
        }

        #[test]
        fn converted_names_stay_when_converted_again(a in ".{0,150}") {
            let once = table(&converting(), &a).unwrap();
            prop_assert_eq!(table(&converting(), &once).unwrap(), once);
        }
    }
}
