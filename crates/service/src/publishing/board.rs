//! What runs in an environment when something is published there: who writes which table, who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use model::migration::{Dependency, TableReference};
use model::plan::Environment;
use model::{Finding, ObjectId, Result};
use store::{Page, Stored, Task};

use super::making::Candidate;
use crate::installation::{LONGEST_PAGE, Service};
use crate::pipelines::{self, Pipeline};
use crate::tasks::Table;

/// A ring is named by so many of its tasks.
const NAMED: usize = 20;

/// The tasks of an environment, and the pipelines of the project.
pub(super) struct Board {
    environment: Environment,
    tasks: BTreeMap<ObjectId, Task>,
    pipelines: BTreeMap<ObjectId, Stored<Pipeline>>,
}

impl Board {
    pub(super) async fn read(
        service: &Service,
        project: &ObjectId,
        environment: Environment,
    ) -> Result<Self> {
        let mut tasks = BTreeMap::new();
        let mut page = Page {
            limit: LONGEST_PAGE,
            ..Page::default()
        };
        loop {
            let listed = service
                .store()
                .tasks(project.as_str(), environment, &page)
                .await?;
            let is_last = listed.len() < page.limit as usize;
            if let Some(last) = listed.last() {
                page.after.clone_from(&last.name);
            }
            tasks.extend(listed.into_iter().map(|task| (task.id.clone(), task)));
            if is_last {
                break;
            }
        }
        let pipelines = pipelines::all(service, project.as_str(), None).await?;
        Ok(Self {
            environment,
            tasks,
            pipelines: pipelines
                .into_iter()
                .map(|one| (one.id.clone(), one))
                .collect(),
        })
    }

    pub(super) fn environment(&self) -> Environment {
        self.environment
    }

    /// The task of this id as it runs now.
    pub(super) fn task(&self, id: &ObjectId) -> Option<&Task> {
        self.tasks.get(id)
    }

    /// The pipelines of the project, by id.
    pub(super) fn pipelines(&self) -> impl Iterator<Item = &Stored<Pipeline>> {
        self.pipelines.values()
    }

    /// Requirement of a submission: whether another one that is submitted reads or writes the same table.
    pub(super) fn doubles(&self, of: &Stored<Pipeline>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (mut reads, mut writes) = (None, None);
        for other in self.pipelines.values().filter(|other| other.id != of.id) {
            let (one, two) = (&of.body, &other.body);
            // Daily and one-time of one table are meant to go together.
            let twin = one.migration.is_some()
                && (&one.migration, &one.table) == (&two.migration, &two.table);
            if twin || two.submitted.is_none() {
                continue;
            }
            let same = |one: (&Option<ObjectId>, &Option<Table>), two| {
                one.0.is_some() && one.1.is_some() && one == two
            };
            if same((&one.source, &one.table), (&two.source, &two.table)) {
                reads.get_or_insert(&other.name);
            }
            let targets = (&one.destination, &one.destination_table);
            if same(targets, (&two.destination, &two.destination_table)) {
                writes.get_or_insert(&other.name);
            }
        }
        let told = [
            (reads, "DOUBLE_SOURCE", "read", &of.body.table),
            (
                writes,
                "DOUBLE_TARGET",
                "written",
                &of.body.destination_table,
            ),
        ];
        for (other, code, verb, table) in told {
            if let (Some(other), Some(table)) = (other, table) {
                let at = format!("{}.{}", table.schema, table.table);
                let message = format!("the same table is {verb} by {other:?}, too");
                let finding = Finding::warning(code, at, message);
                findings.push(finding.hint("see that both are meant"));
            }
        }
        findings
    }

    /// Finds what each candidate waits for, among the tasks and the other candidates.
    pub(super) fn upstream(&self, candidates: &mut [Candidate]) {
        let known = Known::of(self, candidates);
        for candidate in candidates {
            let schedule = candidate
                .spec
                .as_ref()
                .and_then(|spec| spec.schedule.as_ref());
            let waits = schedule
                .map(|schedule| schedule.depends_on.clone())
                .unwrap_or_default();
            let mut upstream = BTreeSet::new();
            for (index, dependency) in waits.iter().enumerate() {
                let found = known.find(dependency, &candidate.id);
                if found.is_empty() {
                    let at = format!("migration.schedule.depends-on[{index}]");
                    let message = format!("{} in this environment", unknown(dependency));
                    let finding = Finding::blocker("UNKNOWN_UPSTREAM", at, message);
                    candidate
                        .findings
                        .push(finding.hint("publish it first, or leave it out"));
                }
                upstream.extend(found);
            }
            candidate.upstream = upstream.into_iter().collect();
        }
    }

    /// Refuses candidates until no task waits for itself, nor for one that does not go out after all.
    pub(super) fn settle(&self, candidates: &mut [Candidate]) {
        self.break_rings(candidates);
        loop {
            let going = candidates
                .iter()
                .filter(|candidate| candidate.task.is_some());
            let going: BTreeSet<ObjectId> = going.map(|candidate| candidate.id.clone()).collect();
            let mut refused = false;
            for candidate in candidates.iter_mut() {
                let is_there = |id: &ObjectId| self.tasks.contains_key(id) || going.contains(id);
                if candidate.task.is_some() && !candidate.upstream.iter().all(is_there) {
                    candidate.task = None;
                    let at = "migration.schedule.depends-on";
                    let message = "a task that it waits for does not go out";
                    let finding = Finding::blocker("UNKNOWN_UPSTREAM", at, message);
                    candidate
                        .findings
                        .push(finding.hint("look at what stands against that one"));
                    refused = true;
                }
            }
            if !refused {
                return;
            }
        }
    }

    fn break_rings(&self, candidates: &mut [Candidate]) {
        loop {
            let mut upstream: BTreeMap<ObjectId, Vec<ObjectId>> = self
                .tasks
                .values()
                .map(|task| (task.id.clone(), task.upstream.clone()))
                .collect();
            let going = candidates
                .iter()
                .filter_map(|candidate| candidate.task.as_ref());
            upstream.extend(going.map(|task| (task.id.clone(), task.upstream.clone())));
            let Some(ring) = scheduler::dependencies::ring(&upstream) else {
                return;
            };
            let name = |id: &ObjectId| {
                let candidate = candidates.iter().find(|candidate| candidate.id == *id);
                let name = candidate.map(|candidate| candidate.versioned.name.as_str());
                let name = name.or_else(|| self.tasks.get(id).map(|task| task.name.as_str()));
                format!("{:?}", name.unwrap_or(id.as_str()))
            };
            let mut names: Vec<String> = ring.iter().take(NAMED).map(name).collect();
            if ring.len() > NAMED {
                names.push(format!("{} more", ring.len() - NAMED));
            }
            names.extend(ring.first().map(name));
            let message = format!(
                "the tasks wait for each other: {}",
                names.join(" waits for ")
            );
            let mut refused = false;
            for candidate in candidates.iter_mut() {
                if ring.contains(&candidate.id) && candidate.task.take().is_some() {
                    let at = "migration.schedule.depends-on";
                    let finding = Finding::blocker("CYCLE", at, message.clone());
                    candidate
                        .findings
                        .push(finding.hint("leave one of them out"));
                    refused = true;
                }
            }
            if !refused {
                // A ring of what runs already is none of ours.
                return;
            }
        }
    }
}

/// Who can be waited for.
struct Known {
    by_name: BTreeMap<String, ObjectId>,
    virtual_nodes: BTreeMap<String, ObjectId>,
    writers: Vec<(Table, ObjectId)>,
}

impl Known {
    fn of(board: &Board, candidates: &[Candidate]) -> Self {
        let mut known = Self {
            by_name: BTreeMap::new(),
            virtual_nodes: BTreeMap::new(),
            writers: Vec::new(),
        };
        let is_candidate = |id: &ObjectId| candidates.iter().any(|candidate| candidate.id == *id);
        for task in board.tasks.values().filter(|task| !is_candidate(&task.id)) {
            let named = match task.body["runs"]["kind"] == "virtual-node" {
                true => &mut known.virtual_nodes,
                false => &mut known.by_name,
            };
            named.insert(task.name.clone(), task.id.clone());
            let pipeline = board.pipelines.get(&task.id);
            let table = pipeline.and_then(|pipeline| pipeline.body.destination_table.clone());
            known
                .writers
                .extend(table.map(|table| (table, task.id.clone())));
        }
        for candidate in candidates.iter().filter(|candidate| candidate.goes_out()) {
            let name = candidate.versioned.name.clone();
            known.by_name.insert(name, candidate.id.clone());
            let table = candidate.versioned.destination_table.clone();
            known
                .writers
                .extend(table.map(|table| (table, candidate.id.clone())));
        }
        known
    }

    /// The tasks that are meant, without the one that waits.
    fn find(&self, dependency: &Dependency, waiting: &ObjectId) -> Vec<ObjectId> {
        match dependency {
            Dependency::Task(name) => self.by_name.get(name).cloned().into_iter().collect(),
            Dependency::Virtual(name) => {
                self.virtual_nodes.get(name).cloned().into_iter().collect()
            }
            Dependency::Table(reference) => {
                let writers = self
                    .writers
                    .iter()
                    .filter(|(table, id)| id != waiting && is_meant(reference, table));
                writers.map(|(_, id)| id.clone()).collect()
            }
        }
    }
}

fn is_meant(reference: &TableReference, table: &Table) -> bool {
    let meant = reference.resolve(&table.schema);
    meant.schema == table.schema && meant.table == table.table
}

fn unknown(dependency: &Dependency) -> String {
    match dependency {
        Dependency::Task(name) => format!("there is no task {name:?}"),
        Dependency::Virtual(name) => format!("there is no virtual node {name:?}"),
        Dependency::Table(table) => {
            format!("no other task writes the table {:?}", table.to_string())
        }
    }
}
