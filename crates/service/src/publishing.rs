//! `publishing`: versions of pipelines become tasks. In a project of the mode basic what is submitted goes live;
//! in Dev-Prod it is submitted to development, and published to production from there.

mod board;
mod making;
mod nodes;
mod versions;

use model::plan::Environment;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use schemars::JsonSchema;
use serde::Serialize;
use store::{By, Stored};

pub use self::nodes::{VirtualNode, create_node, nodes, remove_node};
pub use self::versions::{Difference, differences, versions};

use self::board::Board;
use self::making::{Candidate, Versioned};
use crate::access::rights::{Caller, Right};
use crate::data_sources::{DataSource, project_of};
use crate::installation::{Service, known_environment, not_there};
use crate::migrations::Written;
use crate::pipelines::{self, Pipeline};
use crate::projects::{Mode, Project};

/// The longest remark.
const LONGEST_REMARK: usize = 1_000;
/// So often a mark is tried again that somebody's edit came before.
const MARK_ATTEMPTS: usize = 5;
/// So many tasks are named in a refusal.
const NAMED: usize = 5;

/// What became of one pipeline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PublishedPipeline")]
pub struct Outcome {
    /// The pipeline.
    pub pipeline: ObjectId,
    /// What its task is called.
    pub name: String,
    /// The version that went out; none where it did not.
    pub version: Option<i64>,
    /// Where it runs now.
    #[schemars(with = "String")]
    pub environment: Environment,
    /// What stands against it, and what to know, the weightiest first.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
}

/// Submits pipelines as they are: each a new version, to development, or live where the project has one
/// environment alone. One that has a blocker stays where it is; the others go.
pub async fn submit(
    service: &Service,
    caller: &Caller,
    (project, ids): (&ObjectId, &[ObjectId]),
    remark: &str,
) -> Result<Vec<Outcome>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    check_remark(remark)?;
    let found = project_of(service, project).await?;
    let environment = match found.body.mode {
        Mode::Basic => {
            caller.may(Some(project.as_str()), Right::Publish)?;
            Environment::Production
        }
        Mode::DevProd => Environment::Development,
    };
    let board = Board::read(service, project, environment).await?;
    let mut candidates = Vec::with_capacity(ids.len());
    for id in unique(ids) {
        let stored: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
        candidates.push(submitted(service, &found, &board, stored).await?);
    }
    let (store, by) = (service.store(), service.by(caller));
    going_out(service, (&found, environment), &board, &mut candidates).await?;
    for candidate in candidates
        .iter_mut()
        .filter(|candidate| candidate.goes_out())
    {
        let body = serde_json::to_value(&candidate.versioned);
        let body = body.map_err(|cause| {
            Error::internal("a version cannot be written as JSON").caused_by(cause)
        })?;
        candidate.version = Some(store.add_version(&by, &candidate.id, &body, remark).await?);
    }
    out(service, &by, (&found, environment), candidates).await
}

/// Publishes to production what was submitted last of each of these pipelines.
pub async fn publish(
    service: &Service,
    caller: &Caller,
    (project, ids): (&ObjectId, &[ObjectId]),
) -> Result<Vec<Outcome>> {
    caller.may(Some(project.as_str()), Right::Publish)?;
    let found = project_of(service, project).await?;
    if found.body.mode == Mode::Basic {
        let message = "in a project of the mode basic what is submitted is live";
        return Err(Error::new(ErrorKind::Config, "NOT_OF_MODE", message).hint("submit it"));
    }
    let environment = Environment::Production;
    let board = Board::read(service, project, environment).await?;
    let mut candidates = Vec::with_capacity(ids.len());
    for id in unique(ids) {
        let stored: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
        candidates.push(released(service, &found, &board, stored).await?);
    }
    going_out(service, (&found, environment), &board, &mut candidates).await?;
    out(
        service,
        &service.by(caller),
        (&found, environment),
        candidates,
    )
    .await
}

/// Pipelines whose last submitted version is not the one in production, by name.
pub async fn pending(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
) -> Result<Vec<Stored<Pipeline>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let mut all = pipelines::all(service, project.as_str(), None).await?;
    all.retain(|one| one.body.submitted.is_some() && one.body.submitted != one.body.published);
    Ok(all)
}

/// Takes tasks out of an environment. Refused with `IN_USE` while others there wait for them.
pub async fn unpublish(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    ids: &[ObjectId],
) -> Result<()> {
    let found = project_of(service, project).await?;
    known_environment(environment, found.body.mode == Mode::DevProd)?;
    for id in ids {
        let _: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
    }
    take_out(service, caller, (project, environment), ids).await
}

/// The same of tasks that are known to be there.
pub(crate) async fn take_out(
    service: &Service,
    caller: &Caller,
    (project, environment): (&ObjectId, Environment),
    ids: &[ObjectId],
) -> Result<()> {
    let right = match environment {
        Environment::Production => Right::Publish,
        Environment::Development => Right::EditMigrations,
    };
    caller.may(Some(project.as_str()), right)?;
    let (store, by) = (service.store(), service.by(caller));
    for id in ids {
        let waiting = store.downstream(id, environment).await?;
        let mut names = Vec::new();
        for other in waiting.iter().filter(|other| !ids.contains(other)) {
            if let Some(task) = store.task(other, environment).await? {
                names.push(format!("{:?}", task.name));
            }
        }
        if !names.is_empty() {
            let task = store.task(id, environment).await?;
            let name = task.map_or_else(|| id.to_string(), |task| task.name);
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            if more > 0 {
                names.push(format!("{more} more"));
            }
            let message = format!("others wait for the task {name:?}: {}", names.join(", "));
            return Err(Error::new(ErrorKind::Conflict, "IN_USE", message)
                .hint("unpublish these, too, or let them wait for something else"));
        }
    }
    for id in ids {
        store.unpublish(&by, id, environment).await?;
        if environment == Environment::Production {
            mark(service, &by, id, |pipeline| pipeline.published = None).await?;
        }
    }
    service.tell();
    Ok(())
}

/// A pipeline as it is, with what stands against submitting it.
async fn submitted(
    service: &Service,
    project: &Stored<Project>,
    board: &Board,
    stored: Stored<Pipeline>,
) -> Result<Candidate> {
    let document = Written::Json(&stored.body.document);
    let part = Some(stored.body.part);
    let (spec, mut findings) = pipelines::checked(service, project, document, part).await?;
    findings.extend(board.doubles(&stored));
    let ends = [
        ("migration.source.data-source", &stored.body.source),
        (
            "migration.destination.data-source",
            &stored.body.destination,
        ),
    ];
    for (at, id) in ends {
        let Some(id) = id else { continue };
        let found = service.store().get::<DataSource>(id).await?;
        let usable = match found {
            Some(end) => end
                .body
                .in_environment(&end.name, board.environment())
                .map(|_| ()),
            None => Err(not_there("data-source", id.as_str())),
        };
        findings.extend(usable.err().map(|error| Finding::of_error(&error, at)));
    }
    Ok(Candidate {
        id: stored.id.clone(),
        versioned: Versioned::of(&stored),
        version: None,
        spec,
        findings,
        upstream: Vec::new(),
        task: None,
    })
}

/// The version of a pipeline that was submitted last.
async fn released(
    service: &Service,
    project: &Stored<Project>,
    board: &Board,
    stored: Stored<Pipeline>,
) -> Result<Candidate> {
    let mut candidate = Candidate {
        id: stored.id.clone(),
        versioned: Versioned::of(&stored),
        version: None,
        spec: None,
        findings: Vec::new(),
        upstream: Vec::new(),
        task: None,
    };
    let Some(number) = stored.body.submitted else {
        let message = "nothing of it was submitted";
        let finding = Finding::blocker("NOT_SUBMITTED", stored.name.as_str(), message);
        candidate.findings.push(finding.hint("submit it first"));
        return Ok(candidate);
    };
    let version = service.store().version(&stored.id, number).await?;
    let version = version.ok_or_else(|| not_there("version", &number.to_string()))?;
    candidate.versioned = serde_json::from_value(version.body).map_err(|cause| {
        let message = format!("version {number} of {:?} cannot be understood", stored.name);
        Error::new(ErrorKind::Data, "STORE_BROKEN", message).caused_by(cause)
    })?;
    candidate.version = Some(number);
    let document = Written::Json(&candidate.versioned.document);
    let part = Some(candidate.versioned.part);
    let (spec, findings) = pipelines::checked(service, project, document, part).await?;
    candidate.spec = spec;
    candidate.findings = findings;
    candidate.findings.extend(board.doubles(&stored));
    Ok(candidate)
}

/// Makes the tasks of those that have no blocker, and refuses those that would wait for themselves.
async fn going_out(
    service: &Service,
    (project, environment): (&Stored<Project>, Environment),
    board: &Board,
    candidates: &mut [Candidate],
) -> Result<()> {
    let hours = making::hours(board, candidates);
    let groups = making::groups(service, environment, candidates).await?;
    let making = making::Making {
        project,
        environment,
        now: service.clock(),
        hours,
        groups,
    };
    board.upstream(candidates);
    for candidate in candidates.iter_mut() {
        making.make(board, candidate)?;
    }
    board.settle(candidates);
    Ok(())
}

/// Publishes what goes out, all at once, and marks the pipelines.
async fn out(
    service: &Service,
    by: &By,
    (project, environment): (&Stored<Project>, Environment),
    candidates: Vec<Candidate>,
) -> Result<Vec<Outcome>> {
    let mut tasks = Vec::new();
    for candidate in &candidates {
        if let (Some(task), Some(version)) = (&candidate.task, candidate.version) {
            tasks.push(store::Task {
                version,
                ..task.clone()
            });
        }
    }
    service.store().publish(by, &tasks).await?;
    let mut outcomes = Vec::with_capacity(candidates.len());
    for mut candidate in candidates {
        let version = candidate.version.filter(|_| candidate.task.is_some());
        if let Some(version) = version {
            let live = environment == Environment::Production;
            let submits =
                environment == Environment::Development || project.body.mode == Mode::Basic;
            mark(service, by, &candidate.id, |pipeline| {
                if submits {
                    pipeline.submitted = Some(version);
                }
                if live {
                    pipeline.published = Some(version);
                }
            })
            .await?;
        }
        Finding::by_weight(&mut candidate.findings);
        outcomes.push(Outcome {
            pipeline: candidate.id,
            name: candidate.versioned.name,
            version,
            environment,
            findings: candidate.findings,
        });
    }
    service.tell();
    Ok(outcomes)
}

/// Writes into a pipeline what became of it, whoever edits it meanwhile.
async fn mark(
    service: &Service,
    by: &By,
    id: &ObjectId,
    change: impl Fn(&mut Pipeline),
) -> Result<()> {
    for attempt in 1..=MARK_ATTEMPTS {
        let Some(mut stored) = service.store().get::<Pipeline>(id).await? else {
            return Ok(());
        };
        change(&mut stored.body);
        match service.store().replace(by, stored).await {
            Err(error) if error.code == "EDITED_MEANWHILE" && attempt < MARK_ATTEMPTS => {}
            other => return other.map(|_| ()),
        }
    }
    Ok(())
}

fn check_remark(remark: &str) -> Result<()> {
    let length = remark.chars().count();
    if length <= LONGEST_REMARK {
        return Ok(());
    }
    let message = format!("the remark has {length} characters");
    Err(Error::new(ErrorKind::Config, "OUT_OF_RANGE", message).hint("write at most 1000"))
}

/// Each once, in their order.
fn unique(ids: &[ObjectId]) -> Vec<&ObjectId> {
    let mut seen = std::collections::BTreeSet::new();
    ids.iter().filter(|id| seen.insert(id.as_str())).collect()
}

#[cfg(test)]
mod tests;
