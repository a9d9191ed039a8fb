//! A task is made of a version of a pipeline: when it starts, what it takes, how often it is tried.

use std::collections::BTreeMap;

use model::migration::MigrationSpec;
use model::plan::{Environment, Part};
use model::schedule::Resources;
use model::{Error, Finding, ObjectId, Result};
use scheduler::calendar::first_bizdate;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{Stored, Task};

use super::board::Board;
use crate::clock::Clock;
use crate::installation::Service;
use crate::pipelines::Pipeline;
use crate::projects::Project;
use crate::resource_groups::ResourceGroup;
use crate::tasks::{Runs, Table, TaskBody, write_bizdate};

/// What a run takes of its group.
const NEEDS: Resources = Resources {
    cpu_millis: 1_000,
    memory_mb: 512,
};

/// What a version keeps of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Versioned {
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) table: Option<Table>,
    pub(super) destination_table: Option<Table>,
    pub(super) source: Option<ObjectId>,
    pub(super) destination: Option<ObjectId>,
    pub(super) migration: Option<ObjectId>,
    pub(super) document: Json,
}

impl Versioned {
    pub(super) fn of(stored: &Stored<Pipeline>) -> Self {
        let body = &stored.body;
        Self {
            name: stored.name.clone(),
            part: body.part,
            table: body.table.clone(),
            destination_table: body.destination_table.clone(),
            source: body.source.clone(),
            destination: body.destination.clone(),
            migration: body.migration.clone(),
            document: body.document.clone(),
        }
    }
}

/// What is to go out.
pub(super) struct Candidate {
    pub(super) id: ObjectId,
    pub(super) versioned: Versioned,
    pub(super) version: Option<i64>,
    /// What it says, where that can be told.
    pub(super) spec: Option<MigrationSpec>,
    pub(super) findings: Vec<Finding>,
    /// Those that it waits for.
    pub(super) upstream: Vec<ObjectId>,
    /// Made where nothing stands against it.
    pub(super) task: Option<Task>,
}

impl Candidate {
    /// Whether nothing stands against it.
    pub(super) fn goes_out(&self) -> bool {
        self.spec.is_some() && !self.findings.iter().any(Finding::is_blocker)
    }
}

/// What tasks are made of beside their versions.
pub(super) struct Making<'a> {
    pub(super) project: &'a Stored<Project>,
    pub(super) environment: Environment,
    pub(super) now: Clock,
    /// The hour of each pipeline that the calendar starts.
    pub(super) hours: BTreeMap<ObjectId, u8>,
    /// Resource groups by their names.
    pub(super) groups: BTreeMap<String, ObjectId>,
}

impl Making<'_> {
    /// Makes the task of a candidate that goes out.
    pub(super) fn make(&self, board: &Board, candidate: &mut Candidate) -> Result<()> {
        if !candidate.goes_out() {
            return Ok(());
        }
        let (Some(spec), versioned) = (&candidate.spec, &candidate.versioned) else {
            return Ok(());
        };
        let (Some(table), Some(source), Some(destination)) =
            (&versioned.table, &versioned.source, &versioned.destination)
        else {
            let message = "its table and both data sources are not known";
            let finding = Finding::blocker("NOT_VALID", "migration", message);
            candidate
                .findings
                .push(finding.hint("write them, and save it again"));
            return Ok(());
        };
        let schedule = spec.schedule.clone().unwrap_or_default();
        let group = schedule.resource_group.as_ref();
        let group = group.and_then(|group| group.in_environment(self.environment));
        let starts = versioned.part == Part::Daily && self.environment == Environment::Production;
        let body = TaskBody {
            runs: Runs::Pipeline {
                table: table.clone(),
                part: versioned.part,
                source: source.clone(),
                destination: destination.clone(),
                migration: Box::new(spec.clone()),
                generated_from: versioned.migration.clone(),
            },
            timeout_hours: spec.run.timeout_hours,
            reruns: spec.run.reruns,
            rerun_interval_minutes: spec.run.rerun_interval_minutes,
            rerun_after_timeout: schedule.rerun_after_timeout,
            hour: starts.then(|| self.hours.get(&candidate.id).copied().unwrap_or(0)),
            needs: NEEDS,
            resource_group: group.and_then(|group| self.groups.get(group).cloned()),
        };
        let task = self.task(
            (&candidate.id, &versioned.name),
            &body,
            board.task(&candidate.id),
        )?;
        candidate.task = Some(Task {
            priority: schedule.priority,
            upstream: candidate.upstream.clone(),
            ..task
        });
        Ok(())
    }

    /// A task; one that runs already keeps its calendar and whether it is suspended.
    pub(super) fn task(
        &self,
        (id, name): (&ObjectId, &str),
        body: &TaskBody,
        old: Option<&Task>,
    ) -> Result<Task> {
        let first = || {
            let zone = self.project.body.time_zone.rules();
            write_bizdate(first_bizdate(self.now.now(), zone))
        };
        Ok(Task {
            id: id.clone(),
            environment: self.environment,
            project: self.project.id.to_string(),
            name: name.to_owned(),
            version: 0,
            first_bizdate: old.map_or_else(first, |old| old.first_bizdate.clone()),
            suspended: old.is_some_and(|old| old.suspended),
            priority: Default::default(),
            upstream: Vec::new(),
            body: serde_json::to_value(body).map_err(|cause| {
                Error::internal("a task cannot be written as JSON").caused_by(cause)
            })?,
            changed_at: 0,
            changed_by: String::new(),
        })
    }
}

/// Requirement R8.01: the hour of each candidate, by its place among all of its generation in the order of
/// their tables. Where the batches do not fit into a day the candidate is refused with the arithmetic.
pub(super) fn hours(board: &Board, candidates: &mut [Candidate]) -> BTreeMap<ObjectId, u8> {
    let mut places: BTreeMap<(&ObjectId, bool), Vec<(&Table, &ObjectId)>> = BTreeMap::new();
    for pipeline in board.pipelines() {
        if let (Some(migration), Some(table)) = (&pipeline.body.migration, &pipeline.body.table) {
            let of = (migration, pipeline.body.part == Part::Daily);
            places.entry(of).or_default().push((table, &pipeline.id));
        }
    }
    let places: BTreeMap<_, (usize, BTreeMap<&ObjectId, usize>)> = places
        .into_iter()
        .map(|(of, mut tables)| {
            tables.sort_by(|(one, _), (other, _)| {
                (&one.schema, &one.table).cmp(&(&other.schema, &other.table))
            });
            let places = tables.iter().enumerate();
            let places = places.map(|(place, (_, id))| (*id, place));
            (of, (tables.len(), places.collect()))
        })
        .collect();
    let mut hours = BTreeMap::new();
    for candidate in candidates {
        let schedule = candidate
            .spec
            .as_ref()
            .and_then(|spec| spec.schedule.as_ref());
        let batches = schedule.and_then(model::migration::Schedule::batches);
        let (Some(batches), Part::Daily) = (batches, candidate.versioned.part) else {
            continue;
        };
        let own = candidate.versioned.migration.as_ref();
        let tables = own.and_then(|migration| places.get(&(migration, true)));
        let count = tables.map_or(1, |(count, _)| *count);
        let place = tables.and_then(|(_, places)| places.get(&candidate.id).copied());
        match batches.hours(count) {
            Ok(all) => {
                let hour = all.get(place.unwrap_or(0)).copied().unwrap_or(0);
                hours.insert(candidate.id.clone(), hour);
            }
            Err(error) => {
                let at = "migration.schedule.tasks-per-batch";
                candidate.findings.push(Finding::of_error(&error, at));
            }
        }
    }
    hours
}

/// The ids of the resource groups that candidates name.
pub(super) async fn groups(
    service: &Service,
    environment: Environment,
    candidates: &[Candidate],
) -> Result<BTreeMap<String, ObjectId>> {
    let mut groups = BTreeMap::new();
    for candidate in candidates {
        let schedule = candidate
            .spec
            .as_ref()
            .and_then(|spec| spec.schedule.as_ref());
        let group = schedule.and_then(|schedule| schedule.resource_group.as_ref());
        let Some(name) = group.and_then(|group| group.in_environment(environment)) else {
            continue;
        };
        if groups.contains_key(name) {
            continue;
        }
        if let Some(found) = service.store().find::<ResourceGroup>("", name).await? {
            groups.insert(name.to_owned(), found.id);
        }
    }
    Ok(groups)
}
