//! What a migration's names and parameters become, shown while it is edited: pure, but for asking the
//! destination which tables it has.

use contract::{AnyConnector, ExistingTable, parts};
use model::migration::{MigrationSpec, TableFilter};
use model::plan::{Environment, Part};
use model::{Error, ErrorKind, Finding, ObjectId, Result, TableName};
use planner::{Parameters, default_task_rule, preview_task_names, target_names};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::Stored;

use super::planning::title;
use super::whole::{self, Written, understood};
use crate::access::rights::{Caller, Right};
use crate::data_sources::{DataSource, project_of};
use crate::ends::{self, Access};
use crate::installation::Service;
use crate::migrations::environment_of;
use crate::names;
use crate::tasks::Table;
use crate::work::refusal;

/// How many tables are asked for at the destination in one call.
const DESCRIBED_AT_ONCE: usize = 500;

/// How many tables are previewed at once.
const MOST_TABLES: usize = 20_000;
/// So much of filters and partitions is shown with parameters replaced, in bytes, and so many findings on them.
const MOST_SHOWN: usize = 8 * 1024 * 1024;
const MOST_FINDINGS: usize = 1000;

/// What to preview.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PreviewRequest {
    /// The migration as far as it is written.
    pub document: Json,
    /// Tables of the source, in the order of the list.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// `yyyymmdd`; yesterday in the migration's zone where it is left out.
    #[serde(default)]
    pub bizdate: Option<String>,
}

/// What comes of names and parameters.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Preview {
    /// In the order asked.
    pub tables: Vec<PreviewedTable>,
    /// The tasks of the first table.
    pub task_names: Vec<String>,
    /// Filters and partitions with their parameters replaced.
    pub expanded: Vec<Expanded>,
    /// What stands against the rule of the task names.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
}

/// What one table becomes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PreviewedTable {
    /// The table at the source.
    pub source: Table,
    /// Its name at the destination.
    pub target: Option<String>,
    /// Why it has none.
    #[schemars(with = "Option<crate::work::FindingForm>")]
    pub finding: Option<Finding>,
}

/// A text with its parameters replaced.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Expanded {
    /// Where it stands.
    pub at: String,
    /// As it was written.
    pub text: String,
    /// As it is on that business date.
    pub value: Option<String>,
    /// Why it cannot be.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
}

/// Requirements R4.04, R6.03 and R7.04: names and parameters as they would be.
pub async fn preview(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    request: &PreviewRequest,
) -> Result<Preview> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let names = named(request)?;
    let project = project_of(service, project).await?;
    let whole = understood(service, &project, Written::Json(&request.document)).await?;
    let document = request.document.clone();
    let (Some(spec), _) = whole::aside(move || draft(&document)).await? else {
        return Ok(Preview {
            findings: whole.loaded.findings,
            ..Preview::default()
        });
    };
    let bizdate = crate::plan::bizdate(request.bizdate.as_deref(), &spec, service.clock())?;
    let connector = |end: &Option<Stored<DataSource>>| {
        let end = end.as_ref()?;
        connectors::connector(&end.body.connector)
    };
    let (source, destination) = (connector(&whole.source), connector(&whole.destination));
    whole::aside(move || {
        let mut preview = Preview::default();
        expand(&spec, &bizdate, &mut preview);
        if let Some(destination) = destination {
            name(&spec, (source, destination), &names, &mut preview);
        }
        preview
    })
    .await
}

/// What the tables are called, and the tasks of the first one.
fn name(
    spec: &MigrationSpec,
    (source, destination): (Option<&dyn AnyConnector>, &dyn AnyConnector),
    names: &[TableName],
    preview: &mut Preview,
) {
    let (long, short): (Vec<TableName>, Vec<TableName>) = names.iter().cloned().partition(is_long);
    let targets = target_names(spec, destination, "", &short);
    if let (Some((first, Ok(target))), Some(source)) = (targets.first(), source) {
        let titles = (source.about().title, destination.about().title);
        let first = (first.clone(), target.clone());
        match preview_task_names(spec, titles.0, titles.1, &first) {
            Ok(names) => preview
                .task_names
                .extend(names.into_iter().map(|name| name.name)),
            Err(findings) => preview.findings.extend(findings),
        }
    }
    preview.tables = told(targets);
    if long.is_empty() {
        return;
    }
    // In the order asked.
    let mut named = std::mem::take(&mut preview.tables).into_iter();
    let in_order = names.iter().filter_map(|name| match is_long(name) {
        true => Some(PreviewedTable {
            source: Table::from(name),
            target: None,
            finding: Some(too_long(name)),
        }),
        false => named.next(),
    });
    preview.tables = in_order.collect();
}

/// The tables asked for, where they are not too many.
fn named(request: &PreviewRequest) -> Result<Vec<TableName>> {
    let count = request.tables.len();
    if count > MOST_TABLES {
        let message = format!("{count} tables are given");
        return Err(Error::new(ErrorKind::Config, "OUT_OF_RANGE", message)
            .hint(format!("ask for at most {MOST_TABLES} at once")));
    }
    Ok(request.tables.iter().map(TableName::from).collect())
}

/// Whether a name is longer than is named ahead: rules may make much of it. The plan tells what becomes of it.
fn is_long(name: &TableName) -> bool {
    [&name.schema, &name.table]
        .iter()
        .any(|text| text.chars().count() > names::LONG)
}

fn too_long(name: &TableName) -> Finding {
    let message = format!(
        "a name of {} characters is not named ahead",
        name.table.chars().count().max(name.schema.chars().count())
    );
    Finding::note("NAME_NOT_PREVIEWED", "", message).hint("the plan tells what becomes of it")
}

/// Requirement R6.02: the text that a rule of one's own starts as, from one type to another.
pub fn task_rule(source: &str, destination: &str) -> String {
    default_task_rule(title(source), title(destination))
}

/// Requirement R4.05: which of these tables' target names the destination has already.
pub async fn existing(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (request, environment): (&PreviewRequest, Option<Environment>),
) -> Result<Vec<Table>> {
    caller.may(Some(project.as_str()), Right::UseDataSources)?;
    let mut names = named(request)?;
    names.retain(|name| !is_long(name));
    let project = project_of(service, project).await?;
    let environment = environment_of(&project, environment)?;
    let document = filled(&request.document);
    let mut whole = understood(service, &project, Written::Json(&document)).await?;
    let named = whole.loaded.findings.iter();
    let about_ends = named.filter(|finding| {
        let ends = ["data-sources", "migration.source", "migration.destination"];
        ends.iter().any(|end| finding.at.starts_with(end))
    });
    if let Some(error) = refusal(&about_ends.cloned().collect::<Vec<_>>()) {
        return Err(error);
    }
    let not_understood = |findings: &[Finding]| {
        refusal(findings).unwrap_or_else(|| Error::internal("a migration is not understood"))
    };
    if whole.ends().is_none() {
        return Err(not_understood(&whole.loaded.findings));
    }
    let trusted = whole::opened(service, project.id.as_str(), &mut whole, environment).await?;
    let Some(file) = &whole.loaded.file else {
        return Err(not_understood(&whole.loaded.findings));
    };
    let base = service.base();
    let access = Access {
        base: &base,
        environment,
        trusted: &trusted,
    };
    let destination = ends::destination(file, &access).await?;
    let Some((_, writes)) = ends::typed(file, &file.migration.destination.data_source) else {
        return Ok(Vec::new());
    };
    let (spec, namespace) = (file.migration.clone(), destination.namespace());
    let targets = whole::aside(move || target_names(&spec, writes, &namespace, &names)).await?;
    let targets: Vec<TableName> = targets
        .into_iter()
        .filter_map(|(_, target)| target.ok())
        .collect();
    let mut there = Vec::new();
    for targets in targets.chunks(DESCRIBED_AT_ONCE) {
        let described: Vec<Option<ExistingTable>> = destination.describe(targets).await?;
        let found = targets
            .iter()
            .zip(described)
            .filter(|(_, table)| table.is_some());
        there.extend(found.map(|(target, _)| Table::from(target)));
    }
    Ok(there)
}

/// As far as it is written, with what every migration needs put in.
fn draft(document: &Json) -> (Option<MigrationSpec>, Vec<Finding>) {
    parts::read::<MigrationSpec>(&filled(document), "migration")
}

fn filled(document: &Json) -> Json {
    let mut filled = document.clone();
    if !filled.is_object() {
        filled = json!({});
    }
    let defaults = [
        ("name", json!("migration")),
        ("source", json!({})),
        ("destination", json!({})),
        ("tables", json!({ "all": true })),
    ];
    for (key, value) in defaults {
        if filled[key].is_null() {
            filled[key] = value;
        }
    }
    for end in ["source", "destination"] {
        if filled[end].is_object() && filled[end]["data-source"].is_null() {
            filled[end]["data-source"] = json!("");
        }
    }
    filled
}

/// Targets as they are shown; two that would have one name have none, and tell of each other.
fn told(targets: Vec<(TableName, Result<TableName, Finding>)>) -> Vec<PreviewedTable> {
    let told = targets.into_iter().map(|(source, target)| {
        let (target, finding) = match target {
            Ok(target) => (Some(target.table), None),
            Err(finding) => (None, Some(finding)),
        };
        PreviewedTable {
            source: Table::from(&source),
            target,
            finding,
        }
    });
    told.collect()
}

/// Filters and partitions of a business date, as far as somebody would read them.
fn expand(spec: &MigrationSpec, bizdate: &str, preview: &mut Preview) {
    let Ok(parameters) = Parameters::new(bizdate, &spec.parameters) else {
        return;
    };
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut filters = |at: &str, filters: &model::migration::Filters| {
        let parts = [("one-time", &filters.one_time), ("daily", &filters.daily)];
        for (part, text) in parts {
            if let Some(text) = text {
                texts.push((format!("{at}.{part}"), text.clone()));
            }
        }
    };
    if let Some(general) = &spec.filter {
        filters("migration.filter", general);
    }
    for (index, each) in spec.each.iter().enumerate() {
        if let Some(TableFilter::Own(own)) = &each.filter {
            filters(&format!("migration.each[{index}].filter"), own);
        }
    }
    if let Some(partition) = &spec.method.partition {
        let at = "migration.method.partition";
        if let Some(text) = &partition.one_time {
            texts.push((format!("{at}.one-time"), text.0.clone()));
        }
        if spec.method.kind.has(Part::Daily) {
            let daily = partition.daily.as_ref().and_then(Json::as_str);
            texts.push((
                format!("{at}.daily"),
                daily.unwrap_or("ds=${bizdate}").to_owned(),
            ));
        }
    }
    let (mut shown, mut findings) = (0, 0);
    for (at, text) in texts {
        if shown > MOST_SHOWN || findings > MOST_FINDINGS {
            let message =
                "the filters are too long, or too many are wrong, to be shown from here on";
            let finding = Finding::note("PREVIEW_CUT", at, message);
            preview
                .findings
                .push(finding.hint("shorten or mend those before it"));
            break;
        }
        let (value, more) = match parameters.expand(&text, &at) {
            Ok(value) => (Some(value), Vec::new()),
            Err(findings) => (None, findings),
        };
        shown += text.len() + value.as_ref().map_or(0, String::len);
        findings += more.len();
        preview.expanded.push(Expanded {
            at,
            text,
            value,
            findings: more,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(each: &[Json], value: &str) -> MigrationSpec {
        let document = json!({"each": each, "parameters": {"a": value}});
        draft(&document).0.unwrap()
    }

    #[test]
    fn what_a_preview_shows_has_an_end() {
        let filter = |index: usize, text: &str| json!({"table": format!("t{index}"), "filter": {"one-time": text}});
        let shown = |text: &str| {
            let each: Vec<Json> = (0..2_000).map(|index| filter(index, text)).collect();
            let mut preview = Preview::default();
            expand(&spec(&each, &"x".repeat(100_000)), "20230330", &mut preview);
            let codes = preview.findings.iter().map(|finding| finding.code.as_str());
            (preview.expanded.len(), codes.collect::<String>())
        };
        assert_eq!(shown("a = 1"), (2_000, String::new()));
        assert_eq!(shown("${a}"), (84, "PREVIEW_CUT".to_owned()));
        assert_eq!(shown("${nope}"), (1_001, "PREVIEW_CUT".to_owned()));
    }

    #[test]
    fn tables_are_counted_and_measured() {
        let request = |count: usize, length: usize| PreviewRequest {
            tables: vec![Table::from(&TableName::new("s", "t".repeat(length))); count],
            ..PreviewRequest::default()
        };
        assert_eq!(named(&request(20_000, 256)).unwrap().len(), 20_000);
        assert_eq!(named(&request(20_001, 1)).unwrap_err().code, "OUT_OF_RANGE");
        let long = named(&request(1, 257)).unwrap();
        assert!(is_long(&long[0]) && !is_long(&TableName::new("s", "t".repeat(256))));
    }
}
