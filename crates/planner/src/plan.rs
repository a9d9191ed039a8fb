//! Facts of both sides and the migration in, a plan out. A blocker on a table refuses that table
//! alone; a blocker on the whole leaves a plan that must not be started.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    AnyConnector, ExistingTable, Guarantee, SnapshotKind, Visibility, WriteCapabilities,
};
use model::migration::{Consistency, IndexChoice, MethodKind, MigrationSpec};
use model::plan::{Environment, Part, Partition, Plan, PlanEnd, Policy, Refused};
use model::{Error, Finding, LastShape, NativeTable, TableName};

use crate::digest;
use crate::exceptions::Exceptions;
use crate::match_columns::Ends;
use crate::naming::Named;
use crate::parameters::Parameters;
use crate::partition;
use crate::recreate::Confirmation;
use crate::select::Selection;
use crate::table::{Shared, named_tables, plan_table};
use crate::task_names::{TaskNames, task_names};
use crate::validate::{spread, validate, validate_against};

/// All that a plan is made of.
pub struct PlanInput<'a> {
    /// What the person wrote.
    pub spec: &'a MigrationSpec,
    /// Whose connections.
    pub environment: Environment,
    /// Which part of the method.
    pub part: Part,
    /// The business date, `yyyymmdd`.
    pub bizdate: &'a str,
    /// The source's connector.
    pub source: &'a dyn AnyConnector,
    /// The destination's connector.
    pub destination: &'a dyn AnyConnector,
    /// The schema that names without one mean at the source.
    pub default_schema: &'a str,
    /// The namespace that tables go to.
    pub namespace: &'a str,
    /// What [`crate::select`] chose.
    pub selection: &'a Selection,
    /// The chosen tables as the source describes them; one that it no longer shows is left out.
    pub tables: &'a [NativeTable],
    /// What the source said of the filters that [`crate::filters`] gave, where it refused one.
    pub filter_errors: &'a BTreeMap<TableName, Error>,
    /// What is at the destination under the names that [`crate::target_names`] gave.
    pub existing: &'a BTreeMap<TableName, ExistingTable>,
    /// Whether source and destination are one place, whatever their data sources are called.
    pub same_place: bool,
    /// What the source tables looked like when they were last loaded.
    pub fingerprints: &'a BTreeMap<TableName, LastShape>,
}

/// Compiles the plan. Findings of [`validate`] and [`validate_against`] are in it.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let spec = input.spec;
    let mut findings = validate(spec);
    findings.extend(validate_against(spec, input.source, input.destination));
    let mut plan = empty_plan(input);
    plan.refused = input.selection.refused.clone();
    let (of_tables, of_whole) = split_findings(input.selection);
    findings.extend(of_whole);
    findings.extend(promises(input));
    findings.extend(wrong_part(input));
    let parameters = Parameters::new(input.bizdate, &spec.parameters)
        .map_err(|finding| findings.push(finding))
        .ok();
    if let (Some(parameters), Some(write)) = (&parameters, input.destination.capabilities().write) {
        let partition = partition::resolve(spec, input.part, parameters, write.names)
            .map_err(|unresolved| add_new(&mut findings, unresolved))
            .unwrap_or_default();
        findings.extend(partition.as_ref().map(one_partition));
        let confirmation = Confirmation::new(spec, input.namespace, input.existing.keys());
        findings.extend(confirmation.findings(write));
        let shared = Shared {
            input,
            confirmation,
            ends: ends(input, write),
            exceptions: Exceptions::new(spec, input.default_schema),
            parameters,
            partition: partition.as_ref(),
        };
        let chosen = input.selection.chosen.iter().map(|listed| &listed.name);
        let named = named_tables(spec, write.names, chosen);
        let tasks = tasks(input, &named);
        add_new(&mut findings, tasks.of_rule);
        let unnamed = tasks.of_tables.into_iter().collect();
        let listed = Listed {
            named,
            unnamed,
            notes: of_tables,
        };
        plan_tables(&shared, listed, &mut plan);
        findings.extend(spread(spec, plan.pipelines.len()));
    }
    plan.findings = findings;
    plan.digest = digest_of(&plan);
    plan
}

fn ends<'a>(input: &PlanInput<'a>, write: WriteCapabilities) -> Ends<'a> {
    Ends {
        source: input.source,
        destination: input.destination,
        write,
        names: &input.spec.names,
    }
}

/// A run carries out a part that the method has.
fn wrong_part(input: &PlanInput<'_>) -> Option<Finding> {
    const AT: &str = "migration.method.kind";
    match (input.spec.method.kind, input.part) {
        (MethodKind::OneTime, Part::Daily) => Some(
            Finding::blocker("NO_SUCH_PART", AT, "the method has no daily part")
                .hint("run the one-time part"),
        ),
        (MethodKind::Daily, Part::OneTime) => Some(
            Finding::blocker("NO_SUCH_PART", AT, "the method has no one-time part")
                .hint("run the daily part"),
        ),
        _ => None,
    }
}

fn one_partition(partition: &Partition) -> Finding {
    let Partition { column, value } = partition;
    let message = format!("all rows go into one partition, {column}={value}");
    Finding::note("ONE_PARTITION", "migration.method.partition", message)
}

/// Adds those that are not there yet: the validator may have said it.
fn add_new(findings: &mut Vec<Finding>, more: Vec<Finding>) {
    for finding in more {
        let said = |old: &Finding| old.code == finding.code && old.at == finding.at;
        if !findings.iter().any(said) {
            findings.push(finding);
        }
    }
}

/// What the tasks of all tables that have a name at the destination would be called.
fn tasks(input: &PlanInput<'_>, named: &[(TableName, Result<Named, Finding>)]) -> TaskNames {
    let tables: Vec<(TableName, TableName)> = named
        .iter()
        .filter_map(|(source, named)| {
            let target = TableName::new(input.namespace, &named.as_ref().ok()?.name);
            Some((source.clone(), target))
        })
        .collect();
    let (source, target) = (input.source.about(), input.destination.about());
    task_names(input.spec, source.title, target.title, &tables)
}

/// What is known of the chosen tables before they are planned.
struct Listed {
    /// Their names at the destination.
    named: Vec<(TableName, Result<Named, Finding>)>,
    /// Those whose tasks have no legal name.
    unnamed: BTreeMap<TableName, Finding>,
    /// The selection's findings, by table.
    notes: BTreeMap<String, Vec<Finding>>,
}

fn plan_tables(shared: &Shared<'_>, mut listed: Listed, plan: &mut Plan) {
    let input = shared.input;
    let described: BTreeMap<&TableName, &NativeTable> = input
        .tables
        .iter()
        .map(|table| (&table.name, table))
        .collect();
    for (source, named) in listed.named {
        let mut notes = listed.notes.remove(&source.to_string()).unwrap_or_default();
        notes.extend(listed.unnamed.remove(&source));
        let Some(table) = described.get(&source) else {
            plan.refused
                .push(vanished(input, source, named.ok().map(|named| named.name)));
            continue;
        };
        match plan_table(shared, table, named, notes) {
            Ok(pipeline) => plan.pipelines.push(pipeline),
            Err(refused) => plan.refused.push(refused),
        }
    }
}

fn vanished(input: &PlanInput<'_>, source: TableName, name: Option<String>) -> Refused {
    let message = format!("{source} is no longer there, or this user may not see it");
    let finding = Finding::blocker("TABLE_NOT_FOUND", source.to_string(), message)
        .hint("plan again, and look at the user's rights");
    Refused {
        destination: name.map(|name| TableName::new(input.namespace, name)),
        source,
        findings: vec![finding],
    }
}

fn empty_plan(input: &PlanInput<'_>) -> Plan {
    let spec = input.spec;
    let end = |data_source: &str, connector: &dyn AnyConnector| PlanEnd {
        data_source: data_source.to_owned(),
        connector: connector.id().to_owned(),
    };
    Plan {
        digest: String::new(),
        migration: spec.name.clone(),
        environment: input.environment,
        bizdate: input.bizdate.to_owned(),
        part: input.part,
        source: end(&spec.source.data_source, input.source),
        destination: end(&spec.destination.data_source, input.destination),
        time_zone: spec.source.time_zone.clone(),
        policy: Policy {
            consistency: spec.consistency,
            verify: spec.verify,
            rejected_rows: spec.rejected_rows,
            empty_overwrite: spec.empty_overwrite,
            shrunken_load: spec.shrunken_load,
            on_lost_snapshot: spec.on_lost_snapshot,
            run: spec.run.clone(),
        },
        pipelines: Vec::new(),
        refused: Vec::new(),
        findings: Vec::new(),
    }
}

/// The selection's findings on single tables, and those on the whole.
fn split_findings(selection: &Selection) -> (BTreeMap<String, Vec<Finding>>, Vec<Finding>) {
    let chosen: BTreeSet<String> = selection
        .chosen
        .iter()
        .map(|table| table.name.to_string())
        .collect();
    let mut of_tables: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    let mut of_whole = Vec::new();
    for finding in &selection.findings {
        if chosen.contains(&finding.at) {
            of_tables
                .entry(finding.at.clone())
                .or_default()
                .push(finding.clone());
        } else {
            of_whole.push(finding.clone());
        }
    }
    (of_tables, of_whole)
}

/// What both ends promise, where it is less than one would hope for.
fn promises(input: &PlanInput<'_>) -> Vec<Finding> {
    const DESTINATION: &str = "migration.destination";
    const CONSISTENCY: &str = "migration.consistency";
    let mut findings = Vec::new();
    if let Some(write) = input.destination.capabilities().write {
        if write.visibility == Visibility::ByManifest {
            let message = "a load becomes visible at once to readers that follow its manifest";
            findings.push(Finding::note("VISIBLE_BY_MANIFEST", DESTINATION, message));
        }
        if write.indexes {
            findings.push(not_carried_over(input.spec.destination.indexes));
        }
        if write.guarantee == Guarantee::AtLeastOnce {
            let message = "after a crash a row may arrive more than once";
            findings.push(Finding::warning("AT_LEAST_ONCE", DESTINATION, message));
        }
    }
    let snapshot = input.source.capabilities().read.map(|read| read.snapshot);
    let not_consistent = |message: &str| Finding::warning("NOT_CONSISTENT", CONSISTENCY, message);
    match (input.spec.consistency, snapshot) {
        (Consistency::None, _) => findings.push(not_consistent(
            "no moment is held: rows changed while they are read may be missed or arrive twice",
        )),
        (_, Some(SnapshotKind::None)) => findings.push(not_consistent(
            "this source holds no moment: each table is read whole, in one split",
        )),
        (Consistency::Table, _) => findings.push(not_consistent(
            "each table is read at a moment of its own: tables may not fit one another",
        )),
        (Consistency::Snapshot, Some(SnapshotKind::Joinable | SnapshotKind::Fixed)) => {
            findings.push(Finding::note(
                "SOURCE_HELD",
                CONSISTENCY,
                "changes to the structure of selected tables wait until the last one has committed",
            ));
        }
        (Consistency::Snapshot, _) => {}
    }
    findings
}

/// What of a table's definition stays behind where a destination has the like.
fn not_carried_over(indexes: IndexChoice) -> Finding {
    let left = match indexes {
        IndexChoice::None => "indexes other than the primary key, ",
        IndexChoice::Unique => "indexes that are not unique or not over whole columns, ",
        IndexChoice::All => "indexes that are not over whole columns, ",
    };
    let message = format!(
        "new tables get their columns, NOT NULL, primary key and comments; {left}foreign keys, \
         defaults, checks and triggers stay behind"
    );
    Finding::note("NOT_CARRIED_OVER", "migration.destination", message)
}

/// Over everything but findings and estimates; each pipeline by its own digest, which is that.
pub(crate) fn digest_of(plan: &Plan) -> String {
    let pipelines: Vec<_> = plan
        .pipelines
        .iter()
        .map(|pipeline| (&pipeline.id, &pipeline.digest))
        .collect();
    let refused: Vec<_> = plan
        .refused
        .iter()
        .map(|refused| (&refused.source, &refused.destination))
        .collect();
    digest::of(&(
        (&plan.migration, plan.environment, &plan.bizdate, plan.part),
        (&plan.source, &plan.destination),
        (&plan.time_zone, &plan.policy),
        (pipelines, refused),
    ))
}
