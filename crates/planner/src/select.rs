//! Which of the source's tables are meant: all, those listed, or those that globs match. Globs are
//! case-sensitive and see `schema.table` as one text, so `*` crosses the dot: `public.*` is every
//! table of `public`, `*.tmp_*` every table whose name begins so, `*` everything.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};
use model::migration::{Matching, MigrationSpec, TableReference};
use model::plan::Refused;
use model::table::ListedTable;
use model::{Finding, TableKind, TableName};

use crate::exceptions::Exceptions;
use crate::slips::nearest;
use crate::yaml;

const TABLES: &str = "migration.tables";
const LIST: &str = "look at the list of the source's tables";
/// How many globs each of both lists may have.
const MOST_GLOBS: usize = 1000;
/// The longest glob, in bytes.
const LONGEST_GLOB: usize = 4096;
/// How many `{…}` a glob may have: they may stand in each other, and regular expressions not for ever.
const MOST_BRACES: usize = 50;
/// For so many tables that are not found, the nearest one is looked for: that takes a while.
const NEAREST: usize = 20;

/// What was chosen, and what a person should know of the choice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// The tables to plan, each once.
    pub chosen: Vec<ListedTable>,
    /// Tables that were named and cannot be planned: the others go on.
    pub refused: Vec<Refused>,
    /// What concerns the choice as a whole, or (`at` names the table) one chosen table.
    pub findings: Vec<Finding>,
}

impl Selection {
    fn refuse(&mut self, source: TableName, finding: Finding) {
        self.refused.push(Refused {
            source,
            destination: None,
            findings: vec![finding],
        });
    }
}

/// Chooses from the listing of the migration's schemas (or of `default_schema`, the data source's own,
/// where it names none).
pub fn select(spec: &MigrationSpec, default_schema: &str, listing: &[ListedTable]) -> Selection {
    let mut selection = Selection::default();
    let tables = &spec.tables;
    if let Some(references) = &tables.listed {
        listed(spec, references, default_schema, listing, &mut selection);
    } else if let Some(globs) = &tables.matching {
        matching(globs, listing, &mut selection);
    } else if tables.all == Some(true) {
        let (taken, left) = by_kind(listing.iter());
        selection.chosen = taken;
        selection.findings.extend(left_out(&left));
    }
    let mut seen = BTreeSet::new();
    selection
        .chosen
        .retain(|table| seen.insert(table.name.clone()));
    if selection.chosen.is_empty() && selection.refused.is_empty() {
        let message = "no table is selected".to_owned();
        let hint = if listing.is_empty() {
            "the source shows no tables to this user in these schemas: look at source.schemas and at \
             the user's rights"
        } else {
            LIST
        };
        let finding = Finding::blocker("EMPTY_SELECTION", TABLES, message).hint(hint);
        selection.findings.push(finding);
    }
    warn_of_overlaps(&mut selection);
    check_exceptions(spec, default_schema, listing, &mut selection);
    selection
}

fn listed(
    spec: &MigrationSpec,
    references: &[TableReference],
    default_schema: &str,
    listing: &[ListedTable],
    selection: &mut Selection,
) {
    let by_name: BTreeMap<&TableName, &ListedTable> =
        listing.iter().map(|table| (&table.name, table)).collect();
    let mut seen = BTreeSet::new();
    for (index, reference) in references.iter().enumerate() {
        let at = format!("{TABLES}.listed[{index}]");
        let name = match whole_name(spec, reference, default_schema, &by_name) {
            Ok(name) => name,
            Err(schemas) => {
                let message = format!("{reference} stands in several schemas: {schemas}");
                let finding = Finding::blocker("AMBIGUOUS_TABLE", at, message)
                    .hint("write the schema in front of it");
                selection.refuse(reference.resolve(default_schema), finding);
                continue;
            }
        };
        if !seen.insert(name.clone()) {
            let message = format!("{name} is listed twice; it moves once");
            let finding = Finding::warning("DUPLICATE_TABLE", at, message);
            selection.findings.push(finding);
            continue;
        }
        match by_name.get(&name) {
            Some(table) if table.kind == TableKind::Sequence => {
                let message = format!("{name} is a sequence, which holds no rows to move");
                let finding =
                    Finding::blocker("NOT_A_TABLE", at, message).hint("take it off the list");
                selection.refuse(name, finding);
            }
            Some(table) => selection.chosen.push((*table).clone()),
            None => {
                let near = selection.refused.len() < NEAREST;
                let finding = not_found(at, &name, if near { listing } else { &[] });
                selection.refuse(name, finding);
            }
        }
    }
}

/// The table meant. Without a schema, and with several in question, it is the one that has such a
/// table; the schemas are named where that is not one alone.
fn whole_name(
    spec: &MigrationSpec,
    reference: &TableReference,
    default_schema: &str,
    by_name: &BTreeMap<&TableName, &ListedTable>,
) -> Result<TableName, String> {
    let schemas = &spec.source.schemas;
    let first = schemas.first().map_or(default_schema, String::as_str);
    match reference {
        TableReference::Text(text) if !text.contains('.') && schemas.len() > 1 => {
            let having: Vec<&str> = schemas
                .iter()
                .filter(|schema| by_name.contains_key(&TableName::new(schema.as_str(), text)))
                .map(String::as_str)
                .collect();
            match having.as_slice() {
                [] => Ok(TableName::new(first, text)),
                [schema] => Ok(TableName::new(*schema, text)),
                several => Err(several.join(", ")),
            }
        }
        _ => Ok(reference.resolve(first)),
    }
}

/// The finding on a table that is not there, with the nearest of `listing`.
fn not_found(at: String, name: &TableName, listing: &[ListedTable]) -> Finding {
    let message = format!("there is no table {name}, or this user may not see it");
    let finding = Finding::blocker("TABLE_NOT_FOUND", at, message);
    let whole = format!("{}.{}", name.schema, name.table);
    let dotted = listing.iter().find(|table| table.name.table == whole);
    if let Some(dotted) = dotted {
        return finding.hint(format!("did you mean {}?", yaml::parts(&dotted.name)));
    }
    match nearest_table(name, listing) {
        Some(near) => finding.hint(format!("did you mean {}?", yaml::table(&near))),
        None => finding.hint(LIST),
    }
}

/// Within the schema named where there is one such, else among all names in full.
fn nearest_table(name: &TableName, listing: &[ListedTable]) -> Option<TableName> {
    let in_schema: Vec<&str> = listing
        .iter()
        .filter(|table| table.name.schema == name.schema)
        .map(|table| table.name.table.as_str())
        .collect();
    if !in_schema.is_empty() {
        let near = nearest(&name.table, &in_schema)?;
        return Some(TableName::new(&name.schema, near));
    }
    let full = |name: &TableName| format!("{}.{}", name.schema, name.table);
    let all: Vec<String> = listing.iter().map(|table| full(&table.name)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let near = nearest(&full(name), &all)?;
    let found = listing.iter().find(|table| full(&table.name) == near)?;
    Some(found.name.clone())
}

pub(crate) struct CountedGlob {
    glob: GlobMatcher,
    at: String,
    text: String,
    matched: usize,
}

fn matching(globs: &Matching, listing: &[ListedTable], selection: &mut Selection) {
    let findings = &mut selection.findings;
    let mut include = compiled(&globs.include, "include", findings);
    let mut exclude = compiled(&globs.exclude, "exclude", findings);
    let mut matched = Vec::new();
    for table in listing {
        let text = format!("{}.{}", table.name.schema, table.name.table);
        let included = count(&mut include, &text);
        let excluded = count(&mut exclude, &text);
        if included && !excluded {
            matched.push(table);
        }
    }
    let (taken, left) = by_kind(matched.into_iter());
    let empty = taken.is_empty();
    selection.chosen = taken;
    for glob in include
        .iter()
        .chain(&exclude)
        .filter(|glob| glob.matched == 0)
    {
        let message = format!("{:?} matches nothing", glob.text);
        let including = glob.at.contains(".include[");
        let finding = if including && empty {
            Finding::blocker("GLOB_MATCHES_NOTHING", &glob.at, message)
        } else {
            Finding::warning("GLOB_MATCHES_NOTHING", &glob.at, message)
        };
        let hint = if glob.text.contains('.') {
            format!("globs are case-sensitive; {LIST}")
        } else {
            format!("globs see schema.table: write *.{}", glob.text)
        };
        selection.findings.push(finding.hint(hint));
    }
    selection.findings.extend(left_out(&left));
}

/// Whether any glob matches; each that does is counted.
fn count(globs: &mut [CountedGlob], text: &str) -> bool {
    globs.iter_mut().fold(false, |any, glob| {
        let matches = glob.glob.is_match(text);
        glob.matched += usize::from(matches);
        any || matches
    })
}

/// The globs that are some, and what is wrong with the others.
pub(crate) fn compiled(
    globs: &[String],
    key: &str,
    findings: &mut Vec<Finding>,
) -> Vec<CountedGlob> {
    let at = format!("{TABLES}.matching.{key}");
    if globs.len() > MOST_GLOBS {
        let message = format!("{} globs are given", globs.len());
        let finding = Finding::blocker("OUT_OF_RANGE", at, message);
        let hint = format!("write at most {MOST_GLOBS}, or name the tables in tables.listed");
        findings.push(finding.hint(hint));
        return Vec::new();
    }
    let mut compiled = Vec::with_capacity(globs.len());
    for (index, text) in globs.iter().enumerate() {
        let at = format!("{at}[{index}]");
        match glob(text) {
            Ok(glob) => compiled.push(CountedGlob {
                glob,
                at,
                text: text.clone(),
                matched: 0,
            }),
            Err(message) => findings.push(bad_glob(at, &message)),
        }
    }
    compiled
}

fn bad_glob(at: String, message: &str) -> Finding {
    Finding::blocker("BAD_GLOB", at, message)
        .hint("known are *, ?, [a-z], {one,other}; a backslash takes away a sign's meaning")
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    // What is within these always compiles: `compile_matcher` would panic.
    if text.len() > LONGEST_GLOB {
        let length = text.len();
        return Err(format!(
            "a glob has {length} bytes, and at most {LONGEST_GLOB} are understood"
        ));
    }
    let braces = text.matches('{').count();
    if braces > MOST_BRACES {
        return Err(format!(
            "a glob has {braces} braces, and at most {MOST_BRACES} are understood"
        ));
    }
    GlobBuilder::new(text)
        .literal_separator(false)
        .backslash_escape(true)
        .case_insensitive(false)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("{text:?} is no glob: {}", error.kind()))
}

/// Those whose kind is taken by default, and how many of each other kind.
fn by_kind<'t>(
    tables: impl Iterator<Item = &'t ListedTable>,
) -> (Vec<ListedTable>, BTreeMap<&'static str, usize>) {
    let mut taken = Vec::new();
    let mut left = BTreeMap::new();
    for table in tables {
        if table.kind.selected_by_default() {
            taken.push(table.clone());
        } else {
            *left.entry(table.kind.words()).or_default() += 1;
        }
    }
    (taken, left)
}

fn left_out(left: &BTreeMap<&'static str, usize>) -> Option<Finding> {
    if left.is_empty() {
        return None;
    }
    let counted: Vec<String> = left
        .iter()
        .map(|(kind, count)| format!("{count} {kind}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    let message = format!("left out by their kind: {}", counted.join(", "));
    Some(
        Finding::note("LEFT_OUT", TABLES, message)
            .hint("tables.listed takes tables of any kind but sequences"),
    )
}

/// Rows that would arrive twice: a listing does not say whose child or part a table is, so each such
/// table that is chosen beside others is named.
fn warn_of_overlaps(selection: &mut Selection) {
    let has = |kind: TableKind| selection.chosen.iter().any(|table| table.kind == kind);
    let (parents, others) = (has(TableKind::PartitionedTable), selection.chosen.len() > 1);
    for table in &selection.chosen {
        let (code, message) = match table.kind {
            TableKind::InheritanceChild if others => (
                "INHERITANCE_OVERLAP",
                "inherits from another table: where that one is selected, too, rows arrive in both",
            ),
            TableKind::Partition if parents => (
                "PARTITION_OVERLAP",
                "is a part of a partitioned table: where that one is selected, too, rows arrive in both",
            ),
            _ => continue,
        };
        let message = format!("{} {message}", table.name);
        selection
            .findings
            .push(Finding::warning(code, table.name.to_string(), message));
    }
}

/// An exception that belongs to no chosen table does nothing, which nobody means: a slip in its name
/// might move what was to be left out.
fn check_exceptions(
    spec: &MigrationSpec,
    default_schema: &str,
    listing: &[ListedTable],
    selection: &mut Selection,
) {
    let chosen: BTreeSet<&TableName> = selection
        .chosen
        .iter()
        .map(|table| &table.name)
        .chain(selection.refused.iter().map(|refused| &refused.source))
        .collect();
    let listed: BTreeSet<&TableName> = listing.iter().map(|table| &table.name).collect();
    let (mut findings, mut unknown) = (Vec::new(), 0);
    for (index, table) in Exceptions::new(spec, default_schema).iter() {
        let at = format!("migration.each[{index}].table");
        if chosen.contains(table) {
            continue;
        }
        if listed.contains(table) {
            let message = format!("{table} is not selected: what is said of it does nothing");
            findings.push(Finding::warning("UNUSED_EXCEPTION", at, message));
        } else {
            unknown += 1;
            findings.push(not_found(
                at,
                table,
                if unknown <= NEAREST { listing } else { &[] },
            ));
        }
    }
    selection.findings.append(&mut findings);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    const LISTING: [(&str, TableKind); 9] = [
        ("public.orders", TableKind::Table),
        ("public.Orders", TableKind::Table),
        ("public.a.b", TableKind::Table),
        ("public.a/b", TableKind::Table),
        ("public.tmp_x", TableKind::PartitionedTable),
        ("public.v_orders", TableKind::View),
        ("public.ids", TableKind::Sequence),
        ("audit.orders", TableKind::Table),
        ("audit.child", TableKind::InheritanceChild),
    ];

    fn choose(changes: &str) -> Selection {
        let listing: Vec<ListedTable> = LISTING
            .iter()
            .map(|(name, kind)| fake::listed(name, *kind))
            .collect();
        select(&fake::spec(changes), "public", &listing)
    }

    fn check(tables: &str, expected: &[&str], codes: &[&str]) {
        let selection = choose(&format!(r#"{{"tables": {tables}}}"#));
        let chosen: Vec<String> = selection
            .chosen
            .iter()
            .map(|table| table.name.to_string())
            .collect();
        assert_eq!(chosen, expected, "{tables}");
        let found: Vec<&str> = selection
            .refused
            .iter()
            .flat_map(|refused| &refused.findings)
            .chain(&selection.findings)
            .map(|finding| finding.code.as_str())
            .collect();
        assert_eq!(found, codes, "{tables}");
    }

    #[test]
    fn all_takes_tables_and_counts_what_it_leaves_out() {
        let all = [
            "public.orders",
            "public.Orders",
            "public.a.b",
            "public.a/b",
            "public.tmp_x",
            "audit.orders",
            "audit.child",
        ];
        check(
            r#"{"all": true}"#,
            &all,
            &["LEFT_OUT", "INHERITANCE_OVERLAP"],
        );
        let note = &choose("{}").findings[0].message;
        assert_eq!(note, "left out by their kind: 1 sequence, 1 view");
    }

    #[test]
    fn globs_are_case_sensitive_and_cross_the_dot() {
        let glob = |include: &str| format!(r#"{{"matching": {{"include": [{include}]}}}}"#);
        check(
            &glob(r#""*.orders""#),
            &["public.orders", "audit.orders"],
            &[],
        );
        check(&glob(r#""public.a*""#), &["public.a.b", "public.a/b"], &[]);
        check(
            &glob(r#""{public,audit}.[oO]rders""#),
            &["public.orders", "public.Orders", "audit.orders"],
            &[],
        );
        check(&glob(r#""public.tmp?x""#), &["public.tmp_x"], &[]);
        check(
            r#"{"matching": {"include": ["public.*"], "exclude": ["*.tmp_*", "*[.]a.b", "none.*"]}}"#,
            &["public.orders", "public.Orders", "public.a/b"],
            &["GLOB_MATCHES_NOTHING", "LEFT_OUT"],
        );
    }

    #[test]
    fn globs_are_refused_that_are_too_long_too_deep_or_too_many() {
        let code = |include: &[String]| {
            let mut findings = Vec::new();
            let compiled = compiled(include, "include", &mut findings);
            let told: Vec<String> = findings.into_iter().map(|finding| finding.code).collect();
            (compiled.len(), told.join(" "))
        };
        let deep = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        assert_eq!(code(&[deep(300), deep(50)]), (1, "BAD_GLOB".to_owned()));
        assert_eq!(code(&["[a-z]".repeat(819)]), (1, String::new()));
        assert_eq!(code(&["?".repeat(4_096)]), (1, String::new()));
        assert_eq!(code(&["?".repeat(4_097)]), (0, "BAD_GLOB".to_owned()));
        let many = vec!["a.*".to_owned(); 1_001];
        assert_eq!(code(&many), (0, "OUT_OF_RANGE".to_owned()));
    }

    #[test]
    fn thousands_of_slips_are_answered_in_a_moment() {
        let named = |kind: &str, index: usize| format!("public.{kind}_{index}");
        let listing: Vec<ListedTable> = (0..10_000)
            .map(|index| fake::listed(&named("t", index), TableKind::Table))
            .collect();
        let mut spec = fake::spec(r#"{"tables": {"listed": []}}"#);
        let slips = (0..10_000).map(|index| TableReference::Text(named("u", index)));
        spec.tables.listed = Some(slips.collect());
        let each = (0..10_000).map(|index| format!(r#"{{"table": "{}"}}"#, named("v", index)));
        let each = format!("[{}]", each.collect::<Vec<_>>().join(","));
        spec.each = serde_json::from_str(&each).unwrap();
        let started = std::time::Instant::now();
        let selection = select(&spec, "public", &listing);
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
        assert_eq!(selection.refused.len(), 10_000);
        let near = |finding: &Finding| finding.hint.as_deref().unwrap().contains("did you mean");
        assert!(
            near(&selection.refused[0].findings[0]) && !near(&selection.refused[99].findings[0])
        );
    }

    #[test]
    fn r4_02_a_glob_that_matches_nothing_blocks_where_nothing_is_left() {
        let selection = choose(r#"{"tables": {"matching": {"include": ["orders"]}}}"#);
        let [glob, empty] = selection.findings.as_slice() else {
            panic!("{:?}", selection.findings);
        };
        assert!(glob.is_blocker() && empty.is_blocker());
        assert_eq!(glob.at, "migration.tables.matching.include[0]");
        assert_eq!(
            glob.hint.as_deref(),
            Some("globs see schema.table: write *.orders")
        );
        assert_eq!(empty.code, "EMPTY_SELECTION");
        let selection = choose(r#"{"tables": {"matching": {"include": ["x.*", "audit.*"]}}}"#);
        assert!(!selection.findings[0].is_blocker());
        check(
            r#"{"matching": {"include": ["*.v_*"]}}"#,
            &[],
            &["LEFT_OUT", "EMPTY_SELECTION"],
        );
    }

    #[test]
    fn listed_tables_are_of_any_kind_but_sequences() {
        check(
            r#"{"listed": ["v_orders", "audit.orders", {"schema": "public", "table": "a.b"}]}"#,
            &["public.v_orders", "audit.orders", "public.a.b"],
            &[],
        );
        check(
            r#"{"listed": ["orders", "public.orders", "ids"]}"#,
            &["public.orders"],
            &["NOT_A_TABLE", "DUPLICATE_TABLE"],
        );
    }

    #[test]
    fn an_unknown_listed_table_is_refused_with_the_nearest_and_the_others_go_on() {
        let selection = choose(r#"{"tables": {"listed": ["ordesr", "a.b", "audit.orders"]}}"#);
        assert_eq!(selection.chosen.len(), 1);
        let hints: Vec<&str> = selection
            .refused
            .iter()
            .map(|refused| refused.findings[0].hint.as_deref().unwrap())
            .collect();
        assert_eq!(
            hints,
            [
                "did you mean public.orders?",
                "did you mean { schema: public, table: a.b }?"
            ]
        );
        assert!(!selection.findings.iter().any(Finding::is_blocker));
    }

    #[test]
    fn a_slip_in_the_schema_is_answered_with_the_whole_name() {
        let selection = choose(r#"{"tables": {"listed": ["pulbic.orders", "audit.zzzzzz"]}}"#);
        let hint = |index: usize| selection.refused[index].findings[0].hint.clone().unwrap();
        assert_eq!(hint(0), "did you mean public.orders?");
        assert_eq!(hint(1), LIST);
    }

    #[test]
    fn a_schema_that_is_read_twice_gives_each_table_once() {
        let twice = fake::tables(&["public.orders", "public.orders"]);
        let selection = select(&fake::spec("{}"), "public", &twice);
        assert_eq!(selection.chosen.len(), 1);
    }

    #[test]
    fn r2_03_a_bare_name_is_looked_for_in_all_chosen_schemas() {
        let with = |table: &str| {
            choose(&format!(
                r#"{{"source": {{"data-source": "s", "schemas": ["public", "audit"]}},
                    "tables": {{"listed": ["{table}"]}}}}"#
            ))
        };
        assert_eq!(with("child").chosen[0].name.to_string(), "audit.child");
        assert_eq!(
            with("orders").refused[0].findings[0].code,
            "AMBIGUOUS_TABLE"
        );
        assert_eq!(with("nope").refused[0].findings[0].code, "TABLE_NOT_FOUND");
    }

    #[test]
    fn an_exception_for_no_table_blocks_and_one_for_a_table_left_out_warns() {
        let selection = choose(
            r#"{"each": [{"table": "public.ordres"}, {"table": "public.v_orders"}, {"table": "orders"}]}"#,
        );
        let about: Vec<(&str, bool)> = selection
            .findings
            .iter()
            .filter(|finding| finding.at.starts_with("migration.each"))
            .map(|finding| (finding.at.as_str(), finding.is_blocker()))
            .collect();
        assert_eq!(
            about,
            [
                ("migration.each[0].table", true),
                ("migration.each[1].table", false)
            ]
        );
    }

    #[test]
    fn an_empty_source_is_an_empty_selection() {
        let selection = select(&fake::spec("{}"), "public", &[]);
        assert_eq!(selection.findings[0].code, "EMPTY_SELECTION");
        assert!(selection.findings[0].is_blocker());
    }
}
