//! One submission or publication: all of its pipelines are looked at, then those that may go out, some hundred
//! by one transaction, upstream first: whatever stops it, no task is out there without those that it waits for.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::FuturesOrdered;
use futures::{FutureExt, TryStreamExt};
use model::plan::Environment;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use store::{By, Stored, Task, Version};

use super::board::Board;
use super::making::{Candidate, Making, Versioned, groups, hours};
use super::{Outcome, all_there};
use crate::access::rights::Caller;
use crate::data_sources::DataSource;
use crate::installation::{Service, not_there};
use crate::migrations::Written;
use crate::pipelines::{self, Pipeline};
use crate::projects::{Mode, Project};
use crate::work::{self, Job, Progress, Teller, begin};

/// So many go out by one transaction.
const AT_ONCE: usize = 250;
/// So many are looked at side by side.
const SIDE_BY_SIDE: usize = 4;

/// What goes out.
#[derive(Debug, PartialEq)]
pub(super) enum Of {
    /// Pipelines as they are: a new version of each.
    Pipelines { remark: String },
    /// What was submitted of them last.
    Submitted,
}

/// What is to go out, and where.
pub(super) struct Release {
    pub(super) service: Service,
    pub(super) by: By,
    pub(super) project: Stored<Project>,
    pub(super) environment: Environment,
    pub(super) of: Of,
}

/// What there is to know of what is looked at.
struct Known {
    /// Why a data source cannot be used in this environment.
    unusable: BTreeMap<ObjectId, Error>,
    /// What was submitted last.
    versions: BTreeMap<ObjectId, Version>,
}

impl Release {
    /// Begins with these pipelines; all of them are of the project. What goes out at the same time may wait for
    /// each other: one at a time.
    pub(super) async fn begin(self, caller: &Caller, ids: &[ObjectId]) -> Result<Progress> {
        let project = self.project.id.clone();
        all_there(&self.service, &project, ids).await?;
        let mut seen = BTreeSet::new();
        let ids = ids.iter().filter(|id| seen.insert(id.as_str()));
        let ids: Vec<ObjectId> = ids.cloned().collect();
        let job = Job {
            project: project.as_str(),
            kind: match self.of {
                Of::Pipelines { .. } => "submit",
                Of::Submitted => "publish",
            },
            object: project.as_str(),
        };
        let service = self.service.clone();
        begin(&service, caller, job, move |_, teller| async move {
            Box::pin(self.carry_out(&ids, teller)).await
        })
        .await
    }

    /// Half of the work is to look at them.
    async fn carry_out(&self, ids: &[ObjectId], mut teller: Teller) -> Result<work::Outcome> {
        let total = ids.len();
        teller.tell(0, total).await?;
        let board = Board::read(&self.service, &self.project.id, self.environment).await?;
        let mut candidates = self.candidates(&board, ids, &mut teller).await?;
        self.make(&board, &mut candidates).await?;
        let order = board.upstream_first(&candidates);
        let mut left = order.len();
        for places in order.chunks(AT_ONCE) {
            teller.tell(total - left.div_ceil(2), total).await?;
            self.put(&mut candidates, places).await?;
            self.service.tell();
            left -= places.len();
        }
        teller.tell(total, total).await?;
        let outcomes = candidates
            .into_iter()
            .map(|candidate| self.outcome(candidate));
        let outcomes: Vec<Outcome> = outcomes.collect();
        Ok(work::Outcome {
            complete: outcomes.iter().all(|outcome| outcome.version.is_some()),
            result: json!({ "items": outcomes }),
        })
    }

    /// All that is to go out, each with what stands against it.
    async fn candidates(
        &self,
        board: &Board,
        ids: &[ObjectId],
        teller: &mut Teller,
    ) -> Result<Vec<Candidate>> {
        let named = ids.iter().map(|id| board.pipeline(id).ok_or(id));
        let named = named.map(|named| named.map_err(|id| not_there("pipeline", id.as_str())));
        let pipelines: Vec<&Stored<Pipeline>> = named.collect::<Result<_>>()?;
        let known = self.known(&pipelines).await?;
        let (mut looked_at, mut candidates) = (FuturesOrdered::new(), Vec::new());
        let mut left = pipelines.into_iter();
        while candidates.len() < ids.len() {
            let room = SIDE_BY_SIDE - looked_at.len();
            for stored in left.by_ref().take(room) {
                looked_at.push_back(self.look_at(board, &known, stored).boxed());
            }
            candidates.extend(looked_at.try_next().await?);
            teller.tell(candidates.len() / 2, ids.len()).await?;
        }
        Ok(candidates)
    }

    async fn known(&self, pipelines: &[&Stored<Pipeline>]) -> Result<Known> {
        let store = self.service.store();
        let mut known = Known {
            unusable: BTreeMap::new(),
            versions: BTreeMap::new(),
        };
        if self.of == Of::Submitted {
            let submitted = pipelines.iter();
            let submitted = submitted.filter_map(|one| Some((&one.id, one.body.submitted?)));
            known.versions = store.versions_of(&submitted.collect::<Vec<_>>()).await?;
            return Ok(known);
        }
        let ends = pipelines
            .iter()
            .flat_map(|one| [&one.body.source, &one.body.destination]);
        let ends: BTreeSet<&ObjectId> = ends.flatten().collect();
        for id in ends {
            let usable = match store.get::<DataSource>(id).await? {
                Some(end) => end
                    .body
                    .in_environment(&end.name, self.environment)
                    .map(|_| ()),
                None => Err(not_there("data-source", id.as_str())),
            };
            known
                .unusable
                .extend(usable.err().map(|error| (id.clone(), error)));
        }
        Ok(known)
    }

    /// A pipeline as it is, or as it was submitted last, with what stands against its going out.
    async fn look_at(
        &self,
        board: &Board,
        known: &Known,
        stored: &Stored<Pipeline>,
    ) -> Result<Candidate> {
        let mut candidate = Candidate {
            id: stored.id.clone(),
            versioned: Versioned::of(stored),
            version: None,
            spec: None,
            findings: Vec::new(),
            upstream: Vec::new(),
            task: None,
        };
        if self.of == Of::Submitted {
            let Some(number) = stored.body.submitted else {
                let message = "nothing of it was submitted";
                let finding = Finding::blocker("NOT_SUBMITTED", stored.name.as_str(), message);
                candidate.findings.push(finding.hint("submit it first"));
                return Ok(candidate);
            };
            let version = known.versions.get(&stored.id);
            let version = version.ok_or_else(|| not_there("version", &number.to_string()))?;
            candidate.versioned = Versioned::deserialize(&version.body).map_err(|cause| {
                let name = &stored.name;
                let message = format!("version {number} of {name:?} cannot be understood");
                Error::new(ErrorKind::Data, "STORE_BROKEN", message).caused_by(cause)
            })?;
            candidate.version = Some(number);
        }
        let versioned = &candidate.versioned;
        let document = Written::Json(&versioned.document);
        let part = Some(versioned.part);
        let checked = pipelines::checked(&self.service, &self.project, document, part);
        let (spec, mut findings) = checked.await?;
        findings.extend(board.doubles(stored));
        let ends = [
            ("migration.source.data-source", &versioned.source),
            ("migration.destination.data-source", &versioned.destination),
        ];
        findings.extend(ends.iter().filter_map(|(at, id)| {
            let error = known.unusable.get(id.as_ref()?)?;
            Some(Finding::of_error(error, *at))
        }));
        candidate.spec = spec;
        candidate.findings = findings;
        Ok(candidate)
    }

    /// Makes the tasks of those that have no blocker, and refuses those that would wait for themselves.
    async fn make(&self, board: &Board, candidates: &mut [Candidate]) -> Result<()> {
        let hours = hours(board, candidates);
        let groups = groups(&self.service, self.environment, candidates).await?;
        let making = Making {
            project: &self.project,
            environment: self.environment,
            now: self.service.clock(),
            hours,
            groups,
        };
        board.names_taken(candidates);
        board.upstream(candidates);
        for candidate in candidates.iter_mut() {
            making.make(board, candidate)?;
        }
        board.settle(candidates);
        Ok(())
    }

    /// Puts these out: their versions, their tasks, and what the pipelines say of it.
    async fn put(&self, candidates: &mut [Candidate], places: &[usize]) -> Result<()> {
        let store = self.service.store();
        let by = By {
            at: self.service.clock().millis(),
            ..self.by.clone()
        };
        if let Of::Pipelines { remark } = &self.of {
            let mut bodies: Vec<(&ObjectId, Json)> = Vec::with_capacity(places.len());
            for place in places {
                let candidate = &candidates[*place];
                let body = serde_json::to_value(&candidate.versioned);
                let body = body.map_err(|cause| {
                    Error::internal("a version cannot be written as JSON").caused_by(cause)
                })?;
                bodies.push((&candidate.id, body));
            }
            let numbers = store.add_versions(&by, &bodies, remark).await?;
            for (place, number) in places.iter().zip(numbers) {
                candidates[*place].version = Some(number);
            }
        }
        let going = || places.iter().map(|place| &candidates[*place]);
        let tasks = going().filter_map(|candidate| {
            Some(Task {
                version: candidate.version?,
                ..candidate.task.clone()?
            })
        });
        store.publish(&by, &tasks.collect::<Vec<_>>()).await?;
        let versions: BTreeMap<&ObjectId, Option<i64>> =
            going().map(|one| (&one.id, one.version)).collect();
        let live = self.environment == Environment::Production;
        let submits = !live || self.project.body.mode == Mode::Basic;
        let mark = |id: &ObjectId, pipeline: &mut Pipeline| {
            let version = versions.get(id).copied().flatten();
            if submits {
                pipeline.submitted = version;
            }
            if live {
                pipeline.published = version;
            }
        };
        let ids: Vec<&ObjectId> = versions.keys().copied().collect();
        store.amend(&by, &ids, mark).await
    }

    fn outcome(&self, mut candidate: Candidate) -> Outcome {
        Finding::by_weight(&mut candidate.findings);
        Outcome {
            pipeline: candidate.id,
            name: candidate.versioned.name,
            version: candidate.version.filter(|_| candidate.task.is_some()),
            environment: self.environment,
            findings: candidate.findings,
        }
    }
}
