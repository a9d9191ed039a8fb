//! What runs in an environment when something is published there: who writes which table, who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use model::migration::Dependency;
use model::plan::Environment;
use model::{Finding, ObjectId, Result, TableName};
use store::{Page, Stored, Task};

use super::making::Candidate;
use crate::installation::{LONGEST_PAGE, Service};
use crate::pipelines::{self, Pipeline};
use crate::tasks::Table;

/// A ring is named by so many of its tasks.
const NAMED: usize = 20;

/// Pipelines that are submitted, by a table of a data source.
type ByTable = BTreeMap<(ObjectId, TableName), Vec<ObjectId>>;

/// The tasks of an environment, and the pipelines of the project.
pub(super) struct Board {
    tasks: BTreeMap<ObjectId, Task>,
    pipelines: BTreeMap<ObjectId, Stored<Pipeline>>,
    readers: ByTable,
    writers: ByTable,
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
        let mut board = Self {
            tasks,
            pipelines: BTreeMap::new(),
            readers: BTreeMap::new(),
            writers: BTreeMap::new(),
        };
        for one in pipelines {
            let body = &one.body;
            for (of_table, end, table) in [
                (&mut board.readers, &body.source, &body.table),
                (
                    &mut board.writers,
                    &body.destination,
                    &body.destination_table,
                ),
            ] {
                if let (Some(end), Some(table), Some(_)) = (end, table, body.submitted) {
                    let key = (end.clone(), TableName::from(table));
                    of_table.entry(key).or_default().push(one.id.clone());
                }
            }
            board.pipelines.insert(one.id.clone(), one);
        }
        Ok(board)
    }

    /// The task of this id as it runs now.
    pub(super) fn task(&self, id: &ObjectId) -> Option<&Task> {
        self.tasks.get(id)
    }

    /// The pipeline of this id.
    pub(super) fn pipeline(&self, id: &ObjectId) -> Option<&Stored<Pipeline>> {
        self.pipelines.get(id)
    }

    /// The pipelines of the project, by id.
    pub(super) fn pipelines(&self) -> impl Iterator<Item = &Stored<Pipeline>> {
        self.pipelines.values()
    }

    /// Requirement of a submission: whether another one that is submitted reads or writes the same table.
    pub(super) fn doubles(&self, of: &Stored<Pipeline>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let body = &of.body;
        let other = |of_table: &ByTable, (end, table): (&Option<ObjectId>, &Option<Table>)| {
            let key = (end.clone()?, TableName::from(table.as_ref()?));
            let others = of_table.get(&key)?.iter();
            let mut others = others.filter_map(|id| self.pipelines.get(id));
            // Daily and one-time of one table are meant to go together.
            let is_twin = |two: &Pipeline| {
                body.migration.is_some()
                    && (&body.migration, &body.table) == (&two.migration, &two.table)
            };
            let other = others.find(|other| other.id != of.id && !is_twin(&other.body));
            other.map(|other| other.name.as_str())
        };
        let reads = other(&self.readers, (&body.source, &body.table));
        let writes = other(&self.writers, (&body.destination, &body.destination_table));
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

    /// Refuses candidates whose names others have: a pipeline was called otherwise, and its task is as it was.
    pub(super) fn names_taken(&self, candidates: &mut [Candidate]) {
        let names: BTreeMap<&str, &ObjectId> = self
            .tasks
            .values()
            .map(|task| (task.name.as_str(), &task.id))
            .collect();
        for candidate in candidates.iter_mut() {
            let name = candidate.versioned.name.as_str();
            if names.get(name).is_some_and(|id| **id != candidate.id) {
                let message = format!("there is another task of the name {name:?}");
                let finding = Finding::blocker("NAME_TAKEN", name, message);
                let hint = "let that one go out under its new name first, or unpublish it";
                candidate.findings.push(finding.hint(hint));
            }
        }
    }

    /// The places of those that go out, each behind those that it waits for, directly or around others: what
    /// is out at any time waits for nobody who is not.
    pub(super) fn upstream_first(&self, candidates: &[Candidate]) -> Vec<usize> {
        let going = candidates.iter().enumerate();
        let going: BTreeMap<&ObjectId, (usize, &Task)> = going
            .filter_map(|(place, one)| Some((&one.id, (place, one.task.as_ref()?))))
            .collect();
        let upstream = |id: &ObjectId| {
            let going = going.get(id).map(|(_, task)| *task);
            let task = going.or_else(|| self.tasks.get(id));
            task.map_or(&[][..], |task| task.upstream.as_slice())
        };
        let (mut order, mut seen) = (Vec::with_capacity(going.len()), BTreeSet::new());
        for id in going.keys() {
            // Tasks on the way from this one, and how many of each one's upstreams were looked at.
            let mut way: Vec<(&ObjectId, usize)> = Vec::new();
            way.extend(seen.insert(*id).then_some((*id, 0)));
            while let Some((id, looked_at)) = way.last_mut() {
                let id = *id;
                match upstream(id).get(*looked_at) {
                    Some(next) => {
                        *looked_at += 1;
                        way.extend(seen.insert(next).then_some((next, 0)));
                    }
                    None => {
                        order.extend(going.get(id).map(|(place, _)| *place));
                        way.pop();
                    }
                }
            }
        }
        order
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
            let ring: BTreeSet<&ObjectId> = ring.iter().collect();
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
    /// By the names of the tables that they write; with their schemas.
    writers: BTreeMap<String, Vec<(String, ObjectId)>>,
}

impl Known {
    fn of(board: &Board, candidates: &[Candidate]) -> Self {
        let mut known = Self {
            by_name: BTreeMap::new(),
            virtual_nodes: BTreeMap::new(),
            writers: BTreeMap::new(),
        };
        let ids: BTreeSet<&ObjectId> = candidates.iter().map(|candidate| &candidate.id).collect();
        for task in board.tasks.values().filter(|task| !ids.contains(&task.id)) {
            let named = match task.body["runs"]["kind"] == "virtual-node" {
                true => &mut known.virtual_nodes,
                false => &mut known.by_name,
            };
            named.insert(task.name.clone(), task.id.clone());
            let pipeline = board.pipelines.get(&task.id);
            let table = pipeline.and_then(|pipeline| pipeline.body.destination_table.as_ref());
            known.writes(table, &task.id);
        }
        for candidate in candidates.iter().filter(|candidate| candidate.goes_out()) {
            let name = candidate.versioned.name.clone();
            known.by_name.insert(name, candidate.id.clone());
            let table = candidate.versioned.destination_table.as_ref();
            known.writes(table, &candidate.id);
        }
        known
    }

    fn writes(&mut self, table: Option<&Table>, id: &ObjectId) {
        if let Some(Table { schema, table }) = table {
            let writers = self.writers.entry(table.clone()).or_default();
            writers.push((schema.clone(), id.clone()));
        }
    }

    /// The tasks that are meant, without the one that waits.
    fn find(&self, dependency: &Dependency, waiting: &ObjectId) -> Vec<ObjectId> {
        match dependency {
            Dependency::Task(name) => self.by_name.get(name).cloned().into_iter().collect(),
            Dependency::Virtual(name) => {
                self.virtual_nodes.get(name).cloned().into_iter().collect()
            }
            Dependency::Table(reference) => {
                let meant = reference.resolve("");
                let writers = self.writers.get(&meant.table).into_iter().flatten();
                let writers = writers.filter(|(schema, id)| {
                    id != waiting && reference.resolve(schema).schema == *schema
                });
                writers.map(|(_, id)| id.clone()).collect()
            }
        }
    }
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
