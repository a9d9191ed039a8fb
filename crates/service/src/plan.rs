//! `plan`: opens both ends, gathers facts, compiles. Changes nothing anywhere.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use contract::{ColumnProbe, Extent, ProbeLimits, TableProbe};
use contract::{ExistingTable, ProbeRequest};
use model::migration::{MethodKind, MigrationSpec};
use model::plan::{Environment, Part, Plan, Refused};
use model::{Error, ErrorKind, Finding, LastShape, NativeTable, Result, Severity, Side, TableName};
use planner::{PlanInput, Selection};
use serde::Serialize;
use store::Store;

use crate::clock::Clock;
use crate::data_folder::data_folder;
use crate::ends::{self, Access, Ends, Trusted};
use crate::last_loads;
use crate::migration_file::{Loaded, load};

/// How many tables are described in one call.
const DESCRIBED_AT_ONCE: usize = 500;

/// What to plan.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// The migration file.
    pub file: PathBuf,
    /// The data folder, whose last loads the source is compared with; by default the environment's,
    /// else beside the file. Read if it is there, never made.
    pub data: Option<PathBuf>,
    /// `yyyymmdd`; yesterday in the migration's zone by default.
    pub bizdate: Option<String>,
    /// Needed where the method has both.
    pub part: Option<Part>,
    /// What time it is.
    pub clock: Clock,
    /// Whether to look at rows, and how far.
    pub probe: Option<ProbeLimits>,
}

/// What came of planning.
#[derive(Debug, Clone, Serialize)]
pub struct PlanReport {
    /// Whether a run would not start.
    pub blocked: bool,
    /// The plan, where one could be made.
    pub plan: Option<Plan>,
    /// Everything found, with its place in the file; the weightiest first.
    pub findings: Vec<Finding>,
    /// What was seen of the rows, where they were looked at.
    pub probes: Vec<TableProbe>,
}

/// Plans the file's migration.
pub async fn plan(request: &PlanRequest) -> Result<PlanReport> {
    let loaded = load(&request.file).await?;
    let Some(file) = loaded.file.as_ref().filter(|_| !loaded.is_blocked()) else {
        let mut findings = loaded.findings;
        Finding::by_weight(&mut findings);
        return Ok(PlanReport {
            blocked: true,
            plan: None,
            findings,
            probes: Vec::new(),
        });
    };
    let spec = &file.migration;
    let occasion = Occasion {
        bizdate: bizdate(request.bizdate.as_deref(), spec, request.clock)?,
        part: part(request.part, spec)?,
    };
    let (last, unread) = last_loads(request, &loaded).await;
    let access = Access {
        base: &loaded.base,
        environment: Environment::Production,
        trusted: &Trusted::default(),
    };
    let (ends, mut opening) = ends::open(file, &access).await;
    opening.extend(unread);
    let compiled = match &ends {
        Some(ends) => {
            let planning = Planning {
                loaded: &loaded,
                ends,
                occasion: &occasion,
                environment: access.environment,
                tables: None,
                look: request.probe.as_ref(),
            };
            planning.compile(opening, &last).await
        }
        None => Compiled::none(&loaded, opening),
    };
    Ok(PlanReport {
        blocked: compiled.runnable().is_none(),
        plan: compiled.plan,
        findings: compiled.findings,
        probes: compiled.probes,
    })
}

/// What the store of the data folder remembers; where it cannot be read, a plan is made all the same
/// and says so.
async fn last_loads(
    request: &PlanRequest,
    loaded: &Loaded,
) -> (BTreeMap<TableName, LastShape>, Option<Finding>) {
    let folder = data_folder(request.data.as_deref(), &loaded.base);
    let read = async {
        let Some(store) = Store::open_read_only(&folder).await? else {
            return Ok(BTreeMap::new());
        };
        let last = last_loads::read(&store, loaded.name().unwrap_or_default()).await;
        store.close().await;
        last
    };
    match read.await {
        Ok(last) => (last, None),
        Err(error) => {
            let finding = Finding {
                severity: Severity::Warning,
                message: format!("not compared with the last run: {}", error.message),
                ..Finding::of_error(&error, "")
            };
            (BTreeMap::new(), Some(finding))
        }
    }
}

/// What differs between two plans, a line for each difference.
pub fn differences(old: &Plan, new: &Plan) -> Vec<String> {
    planner::diff(old, new)
}

/// When, and which part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) bizdate: String,
    pub(crate) part: Part,
}

/// A plan, and everything found on the way to it: located, each once.
pub(crate) struct Compiled {
    pub(crate) plan: Option<Plan>,
    pub(crate) findings: Vec<Finding>,
    /// What was seen of the rows.
    pub(crate) probes: Vec<TableProbe>,
}

impl Compiled {
    /// No plan: the ends cannot be used.
    pub(crate) fn none(loaded: &Loaded, more: Vec<Finding>) -> Self {
        let mut findings = loaded.findings.clone();
        findings.extend(more);
        loaded.locate(findings.iter_mut());
        Finding::by_weight(&mut findings);
        Self {
            plan: None,
            findings,
            probes: Vec::new(),
        }
    }

    /// The plan, where a run of it would start.
    pub(crate) fn runnable(&self) -> Option<&Plan> {
        let plan = self.plan.as_ref()?;
        (!plan.is_blocked() && !plan.pipelines.is_empty()).then_some(plan)
    }
}

/// What a plan is made of beside what both ends say.
pub(crate) struct Planning<'a> {
    /// The file, which has no blocker.
    pub(crate) loaded: &'a Loaded,
    pub(crate) ends: &'a Ends,
    pub(crate) occasion: &'a Occasion,
    pub(crate) environment: Environment,
    /// Those of the tables selected that are meant; all where there is none.
    pub(crate) tables: Option<&'a BTreeSet<TableName>>,
    /// Whether to look at rows, and how far.
    pub(crate) look: Option<&'a ProbeLimits>,
}

impl Planning<'_> {
    /// Gathers facts from both ends and compiles the file; `opening` is what was found when the ends
    /// were opened.
    pub(crate) async fn compile(
        &self,
        opening: Vec<Finding>,
        fingerprints: &BTreeMap<TableName, LastShape>,
    ) -> Compiled {
        let (loaded, ends) = (self.loaded, self.ends);
        let Some(file) = &loaded.file else {
            return Compiled::none(loaded, opening);
        };
        let spec = &file.migration;
        let facts = match self.gather(spec).await {
            Ok(facts) => facts,
            Err(error) => {
                let name = match error.side {
                    Side::Destination => &spec.destination.data_source,
                    _ => &spec.source.data_source,
                };
                let more = opening.into_iter().chain([ends::blocker(&error, name)]);
                return Compiled::none(loaded, more.collect());
            }
        };
        let mut plan = self.assemble(&without(spec, ends, &facts.left_out), &facts, fingerprints);
        let probes = self.look(spec, &facts, &mut plan).await;
        let before = loaded.findings.iter().cloned().chain(opening);
        plan.findings.splice(0..0, before);
        dedupe(&mut plan.findings);
        loaded.locate(plan.findings.iter_mut());
        let schema = ends.source.default_schema();
        for pipeline in &mut plan.pipelines {
            let table = &pipeline.scan.table;
            loaded.locate_table(table, &schema, pipeline.findings.iter_mut());
        }
        for refused in &mut plan.refused {
            loaded.locate_table(&refused.source, &schema, refused.findings.iter_mut());
        }
        let of_tables = plan.pipelines.iter_mut().map(|table| &mut table.findings);
        let of_refused = plan.refused.iter_mut().map(|table| &mut table.findings);
        for findings in of_tables.chain(of_refused).chain([&mut plan.findings]) {
            Finding::by_weight(findings);
        }
        let mut findings: Vec<Finding> = plan.all_findings().cloned().collect();
        dedupe(&mut findings);
        Finding::by_weight(&mut findings);
        Compiled {
            plan: Some(plan),
            findings,
            probes,
        }
    }

    async fn gather(&self, spec: &MigrationSpec) -> Result<Facts> {
        let (ends, occasion) = (self.ends, self.occasion);
        let on_source = |error: Error| error.on(Side::Source);
        let default_schema = ends.source.default_schema();
        let listing = ends
            .source
            .tables(&spec.source.schemas)
            .await
            .map_err(on_source)?;
        let mut selection = planner::select(spec, &default_schema, &listing);
        let left_out = self
            .tables
            .map_or_else(Vec::new, |tables| keep_to(&mut selection, tables));
        let names: Vec<TableName> = selection
            .chosen
            .iter()
            .map(|table| table.name.clone())
            .collect();
        let mut tables = Vec::with_capacity(names.len());
        for names in names.chunks(DESCRIBED_AT_ONCE) {
            let described = ends.source.describe(names).await.map_err(on_source)?;
            tables.extend(described.into_iter().flatten());
        }
        let filters = planner::filters(
            spec,
            &default_schema,
            occasion.part,
            &occasion.bizdate,
            &names,
        );
        let mut filter_errors = BTreeMap::new();
        if !filters.is_empty() {
            let answers = ends
                .source
                .check_filters(&filters)
                .await
                .map_err(on_source)?;
            let refused = filters.into_iter().zip(answers);
            filter_errors.extend(refused.filter_map(|((table, _), error)| Some((table, error?))));
        }
        let existing = existing(spec, ends, &names)
            .await
            .map_err(|error| error.on(Side::Destination))?;
        Ok(Facts {
            default_schema,
            selection,
            left_out,
            tables,
            filter_errors,
            existing,
        })
    }

    fn assemble(
        &self,
        spec: &MigrationSpec,
        facts: &Facts,
        fingerprints: &BTreeMap<TableName, LastShape>,
    ) -> Plan {
        let ends = self.ends;
        planner::plan(&PlanInput {
            spec,
            environment: self.environment,
            part: self.occasion.part,
            bizdate: &self.occasion.bizdate,
            source: ends.source_connector,
            destination: ends.destination_connector,
            default_schema: &facts.default_schema,
            namespace: &ends.namespace,
            selection: &facts.selection,
            tables: &facts.tables,
            filter_errors: &facts.filter_errors,
            existing: &facts.existing,
            same_place: ends.same_place(),
            fingerprints,
        })
    }

    /// Looks at rows where that is asked for, and tells the plan what was seen.
    async fn look(&self, spec: &MigrationSpec, facts: &Facts, plan: &mut Plan) -> Vec<TableProbe> {
        let Some(limits) = self.look else {
            return Vec::new();
        };
        let occasion = (self.occasion.part, self.occasion.bizdate.as_str());
        let (schema, tables) = (&facts.default_schema, &facts.tables);
        let requests: Vec<ProbeRequest> =
            planner::probe_requests(spec, schema, occasion, tables, &facts.filter_errors);
        let probes = match self.ends.source.probe(&requests, limits).await {
            Ok(probes) => probes,
            Err(error) => {
                let at = "migration.source.data-source";
                let message = format!("no row was looked at: {}", error.message);
                plan.findings
                    .push(Finding::warning("NOT_PROBED", at, message));
                return Vec::new();
            }
        };
        let probed = planner::Probed {
            spec,
            source: self.ends.source_connector,
            destination: self.ends.destination_connector,
            default_schema: schema,
            tables,
            probes: &probes,
        };
        planner::tell_probes(plan, &probed);
        probes
    }
}

fn dedupe(findings: &mut Vec<Finding>) {
    let mut seen = std::collections::BTreeSet::new();
    findings.retain(|finding| {
        let key = (
            finding.code.clone(),
            finding.at.clone(),
            finding.message.clone(),
        );
        seen.insert(key)
    });
}

/// What both ends say.
struct Facts {
    default_schema: String,
    selection: Selection,
    /// Tables that are selected and not meant.
    left_out: Vec<TableName>,
    tables: Vec<NativeTable>,
    filter_errors: BTreeMap<TableName, Error>,
    existing: BTreeMap<TableName, ExistingTable>,
}

/// Keeps to these tables, and refuses those of them that are not selected. The others that are.
fn keep_to(selection: &mut Selection, tables: &BTreeSet<TableName>) -> Vec<TableName> {
    let mut left_out = Vec::new();
    selection.chosen.retain(|table| {
        let kept = tables.contains(&table.name);
        if !kept {
            left_out.push(table.name.clone());
        }
        kept
    });
    let of_others: BTreeSet<String> = left_out.iter().map(TableName::to_string).collect();
    let findings = &mut selection.findings;
    findings.retain(|finding| !of_others.contains(&finding.at));
    let refused = &mut selection.refused;
    refused.retain(|refused| tables.contains(&refused.source));
    let known: BTreeSet<&TableName> = selection
        .chosen
        .iter()
        .map(|table| &table.name)
        .chain(refused.iter().map(|refused| &refused.source))
        .collect();
    let missing: Vec<Refused> = tables
        .iter()
        .filter(|table| !known.contains(table))
        .map(not_selected)
        .collect();
    selection.refused.extend(missing);
    left_out
}

fn not_selected(table: &TableName) -> Refused {
    let message = format!("{table} is gone, or the migration does not select it any more");
    let finding = Finding::blocker("TABLE_NOT_FOUND", "migration.tables", message);
    Refused {
        source: table.clone(),
        destination: None,
        findings: vec![finding.hint("look at the list of the source's tables")],
    }
}

/// The migration without what it confirms of these tables: the plan does not know them.
fn without<'a>(
    spec: &'a MigrationSpec,
    ends: &Ends,
    tables: &[TableName],
) -> Cow<'a, MigrationSpec> {
    if spec.recreate.is_empty() || tables.is_empty() {
        return Cow::Borrowed(spec);
    }
    let targets = planner::target_names(spec, ends.destination_connector, &ends.namespace, tables);
    let targets: BTreeSet<TableName> = targets
        .into_iter()
        .filter_map(|(_, target)| target.ok())
        .collect();
    let mut spec = spec.clone();
    let recreate = &mut spec.recreate;
    recreate.retain(|table| !targets.contains(&table.resolve(&ends.namespace)));
    Cow::Owned(spec)
}

async fn existing(
    spec: &MigrationSpec,
    ends: &Ends,
    names: &[TableName],
) -> Result<BTreeMap<TableName, ExistingTable>> {
    let connector = ends.destination_connector;
    let targets: Vec<TableName> = planner::target_names(spec, connector, &ends.namespace, names)
        .into_iter()
        .filter_map(|(_, target)| target.ok())
        .collect();
    let mut existing = BTreeMap::new();
    for targets in targets.chunks(DESCRIBED_AT_ONCE) {
        let described = ends.destination.describe(targets).await?;
        let there = targets.iter().cloned().zip(described);
        existing.extend(there.filter_map(|(target, table)| Some((target, table?))));
    }
    Ok(existing)
}

/// The business date as told, if it is one; else yesterday in the migration's zone.
pub(crate) fn bizdate(told: Option<&str>, spec: &MigrationSpec, clock: Clock) -> Result<String> {
    let Some(told) = told else {
        return Ok(clock.bizdate(&spec.source.time_zone));
    };
    match planner::Parameters::new(told, &BTreeMap::new()) {
        Ok(_) => Ok(told.to_owned()),
        Err(finding) => Err(
            Error::new(ErrorKind::Config, "BAD_BIZDATE", finding.message)
                .hint("write it as yyyymmdd, a day that exists"),
        ),
    }
}

/// The part as told, if the method has it; else the only one that it has.
pub(crate) fn part(told: Option<Part>, spec: &MigrationSpec) -> Result<Part> {
    let refuse =
        |message: &str, hint: &str| Err(Error::new(ErrorKind::Config, "USAGE", message).hint(hint));
    match (told, spec.method.kind) {
        (None | Some(Part::OneTime), MethodKind::OneTime) => Ok(Part::OneTime),
        (None | Some(Part::Daily), MethodKind::Daily) => Ok(Part::Daily),
        (Some(part), MethodKind::DailyAndOneTime) => Ok(part),
        (None, MethodKind::DailyAndOneTime) => refuse(
            "the method is daily and one-time, and it is not said which part is meant",
            "say which part: daily or one-time",
        ),
        (Some(_), _) => refuse(
            "the method does not have that part",
            "leave the part out, or change migration.method.kind",
        ),
    }
}
