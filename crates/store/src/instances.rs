//! Instances: one for each task, business date and slot that the calendar, a backfill or a person asked for;
//! their way from state to state, and each time that one ran.
//!
//! Every change has a number. Whoever watches reads what changed after the last number it saw.

mod make;
mod moves;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use model::plan::Environment;
use model::schedule::{InstanceKind, InstanceState, Priority, Resources};
use model::{Error, ErrorKind, ObjectId, Result, Side};
use serde_json::Value as Json;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::failure::{failure, unreadable};
use crate::open::Store;
use crate::statement::Statement;
use crate::words::{read_word, word};

pub use self::moves::{Attempt, Move};

/// An instance that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInstance {
    /// Its project.
    pub project: String,
    /// Where it runs.
    pub environment: Environment,
    /// Its task.
    pub task: ObjectId,
    /// The task's name then.
    pub task_name: String,
    /// Which version of the pipeline; 0 where it has none.
    pub version: i64,
    /// `yyyymmdd`.
    pub bizdate: String,
    /// Which of the day.
    pub slot: i64,
    /// Why it is there.
    pub kind: InstanceKind,
    /// The backfill, or what a person started; empty for the calendar's.
    pub origin: String,
    /// When it is to run, in milliseconds since 1970.
    pub planned_at: i64,
    /// Which goes first.
    pub priority: Priority,
    /// The resource group that it takes its quota from, by id.
    pub resource_group: String,
    /// How much.
    pub needs: Resources,
    /// The longest that one attempt may run.
    pub timeout_seconds: i64,
    /// How often it is tried again.
    pub reruns: i64,
    /// How long between an attempt's end and the next one's start.
    pub rerun_seconds: i64,
    /// Whether one that timed out is tried again.
    pub rerun_after_timeout: bool,
    /// It is held back from the start.
    pub paused: bool,
    /// Those that it waits for: instances that are there, or ones of the same call by their place in it.
    pub upstream: Vec<Upstream>,
}

/// What an instance waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// One that is there.
    There(i64),
    /// One made by the same call, by its place among them.
    Beside(usize),
}

/// An instance as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its number.
    pub id: i64,
    /// What it was made as; what it waits for is asked apart.
    pub made: NewInstance,
    /// How far it is.
    pub state: InstanceState,
    /// A person holds it back.
    pub paused: bool,
    /// It does not wait for those upstream.
    pub forced: bool,
    /// Why it is not further: the scheduler's document.
    pub reason: Option<Json>,
    /// When its time comes, in milliseconds since 1970.
    pub not_before: i64,
    /// Since when it is in its state.
    pub since: i64,
    /// How many automatic reruns it had since it was last started by the calendar or a person.
    pub reruns_used: i64,
    /// How often it ran.
    pub attempts: i64,
    /// The server that runs it.
    pub server: Option<String>,
    /// The number of its last change.
    pub change: i64,
}

/// Which instances are listed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstanceFilter {
    /// Of this task.
    pub task: Option<ObjectId>,
    /// In this state.
    pub state: Option<InstanceState>,
    /// Of this business date.
    pub bizdate: Option<String>,
    /// Made for this reason.
    pub kind: Option<InstanceKind>,
    /// Of this backfill.
    pub origin: Option<String>,
    /// Older than this one.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// Which instances are counted.
#[derive(Debug, Clone, Copy)]
pub enum Counted<'a> {
    /// All.
    All,
    /// Those of this backfill, or of what else made them by hand.
    Of(&'a str),
    /// Those of this business date.
    On(&'a str),
}

const COLUMNS: &str = "id, project, environment, task, task_name, version, bizdate, slot, kind, \
     origin, state, paused, forced, reason, planned_at, not_before, since, priority, resource_group, \
     cpu_millis, memory_mb, timeout_seconds, reruns, rerun_seconds, rerun_after_timeout, reruns_used, \
     attempts, server, change";

impl Store {
    /// The last business date of which all instances of the project are made.
    pub async fn made_until(
        &self,
        project: &str,
        environment: Environment,
    ) -> Result<Option<String>> {
        sqlx::query_scalar("SELECT made FROM calendar WHERE project = $1 AND environment = $2")
            .bind(project)
            .bind(word(&environment)?)
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read the calendar", cause))
    }

    /// All that have not ended, and those that they wait for; each with the ids that it waits for. And the
    /// number of the last change there is.
    pub async fn open_instances(&self) -> Result<(Vec<(Instance, Vec<i64>)>, i64)> {
        let change = self.last_change().await?;
        let select = format!(
            "SELECT {COLUMNS} FROM instances \
             WHERE state <> 'succeeded' AND state <> 'failed' ORDER BY id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read the open instances", cause))?;
        let open = rows.iter().map(instance).collect::<Result<Vec<_>>>()?;
        let mut all = self.with_upstream(open).await?;
        let known: BTreeSet<i64> = all.iter().map(|(instance, _)| instance.id).collect();
        let awaited = all.iter().flat_map(|(_, upstream)| upstream);
        let awaited: BTreeSet<i64> = awaited.copied().filter(|id| !known.contains(id)).collect();
        let awaited: Vec<i64> = awaited.into_iter().collect();
        all.extend(self.instances_of(&awaited).await?);
        all.sort_by_key(|(instance, _)| instance.id);
        Ok((all, change))
    }

    /// All that changed after this number, each with the ids that it waits for, in the order of their
    /// changes, at most `limit`.
    pub async fn changed_instances(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(Instance, Vec<i64>)>> {
        let select =
            format!("SELECT {COLUMNS} FROM instances WHERE change > $1 ORDER BY change LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read what changed", cause))?;
        let instances = rows.iter().map(instance).collect::<Result<Vec<_>>>()?;
        self.with_upstream(instances).await
    }

    /// The number of the last change: who watches from now on starts behind it.
    pub async fn last_change(&self) -> Result<i64> {
        sqlx::query_scalar("SELECT value FROM counters WHERE name = 'change'")
            .fetch_one(&self.pool)
            .await
            .map_err(|cause| failure("could not read what changed", cause))
    }

    /// Each with the ids that it waits for.
    async fn with_upstream(&self, instances: Vec<Instance>) -> Result<Vec<(Instance, Vec<i64>)>> {
        let mut ids: Vec<i64> = instances.iter().map(|instance| instance.id).collect();
        ids.sort_unstable();
        let mut upstream = BTreeMap::<i64, Vec<i64>>::new();
        for ids in ids.chunks(500) {
            let mut query = Statement::new(
                "SELECT instance, upstream FROM instance_upstream WHERE instance IN (",
            );
            query.list(ids.iter().copied());
            query.push(") ORDER BY instance, upstream");
            let rows = query
                .build()
                .map_err(|cause| failure("could not list the instances", cause))?
                .fetch_all(&self.pool)
                .await
                .map_err(|cause| failure("could not read what instances wait for", cause))?;
            for row in rows {
                upstream.entry(row.get(0)).or_default().push(row.get(1));
            }
        }
        let with = |instance: Instance| {
            let waits_for = upstream.get(&instance.id).cloned().unwrap_or_default();
            (instance, waits_for)
        };
        Ok(instances.into_iter().map(with).collect())
    }

    /// One instance.
    pub async fn instance(&self, id: i64) -> Result<Option<Instance>> {
        let select = format!("SELECT {COLUMNS} FROM instances WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read an instance", cause))?;
        row.as_ref().map(instance).transpose()
    }

    /// These, as far as they are there, each with the ids that it waits for; by id.
    pub async fn instances_of(&self, ids: &[i64]) -> Result<Vec<(Instance, Vec<i64>)>> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(500) {
            let mut query =
                Statement::new(format!("SELECT {COLUMNS} FROM instances WHERE id IN ("));
            query.list(ids.iter().copied());
            query.push(") ORDER BY id");
            let rows = query
                .build()
                .map_err(|cause| failure("could not list the instances", cause))?
                .fetch_all(&self.pool)
                .await
                .map_err(|cause| failure("could not read instances", cause))?;
            let instances = rows.iter().map(instance).collect::<Result<Vec<_>>>()?;
            found.extend(self.with_upstream(instances).await?);
        }
        Ok(found)
    }

    /// How many instances of a project in an environment there are in each state.
    pub async fn count_instances(
        &self,
        (project, environment): (&str, Environment),
        counted: Counted<'_>,
    ) -> Result<Vec<(InstanceState, i64)>> {
        // Each by an index of its own: there may be millions.
        let mut query = Statement::new("SELECT state, COUNT(*) FROM instances WHERE project = ");
        query.bind(project.to_owned());
        query.push(" AND environment = ").bind(word(&environment)?);
        match counted {
            Counted::All => {}
            Counted::Of(origin) => of_origin(&mut query, origin),
            Counted::On(bizdate) => {
                query.push(" AND bizdate = ").bind(bizdate.to_owned());
            }
        }
        query.push(" GROUP BY state ORDER BY state");
        let rows = query
            .build()
            .map_err(|cause| failure("could not count the instances", cause))?
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not count the instances", cause))?;
        let counted = rows.iter().map(|row| {
            let state = read_word("the state of an instance", row.get(0))?;
            Ok((state, row.get(1)))
        });
        counted.collect()
    }

    /// Those that this one waits for, and those that wait for it, by id.
    pub async fn neighbours(&self, id: i64) -> Result<(Vec<i64>, Vec<i64>)> {
        let failed = |cause| failure("could not read what an instance waits for", cause);
        let up = sqlx::query_scalar(
            "SELECT upstream FROM instance_upstream WHERE instance = $1 ORDER BY upstream",
        );
        let up = up.bind(id).fetch_all(&self.pool).await.map_err(failed)?;
        let down = sqlx::query_scalar(
            "SELECT instance FROM instance_upstream WHERE upstream = $1 ORDER BY instance",
        );
        let down = down.bind(id).fetch_all(&self.pool).await.map_err(failed)?;
        Ok((up, down))
    }

    /// Instances of a project in an environment, newest first.
    pub async fn instances(
        &self,
        project: &str,
        environment: Environment,
        filter: &InstanceFilter,
    ) -> Result<Vec<Instance>> {
        // Of one task by the task: SQLite would rather take the project and the state, which are more columns.
        let of_project = match filter.task {
            Some(_) => "project || ''",
            None => "project",
        };
        let select = format!("SELECT {COLUMNS} FROM instances WHERE {of_project} = ");
        let mut query = Statement::new(select);
        query.bind(project.to_owned());
        query.push(" AND environment = ").bind(word(&environment)?);
        if let Some(task) = &filter.task {
            query.push(" AND task = ").bind(task.as_str().to_owned());
        }
        if let Some(state) = &filter.state {
            query.push(" AND state = ").bind(word(state)?);
        }
        if let Some(bizdate) = &filter.bizdate {
            query.push(" AND bizdate = ").bind(bizdate.clone());
        }
        if let Some(kind) = &filter.kind {
            query.push(" AND kind = ").bind(word(kind)?);
        }
        if let Some(origin) = &filter.origin {
            of_origin(&mut query, origin);
        }
        if let Some(before) = filter.before {
            query.push(" AND id < ").bind(before);
        }
        query
            .push(" ORDER BY id DESC LIMIT ")
            .bind(i64::from(filter.limit));
        let rows = query
            .build()
            .map_err(|cause| failure("could not list the instances", cause))?
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not list the instances", cause))?;
        rows.iter().map(instance).collect()
    }
}

/// Only those of this origin, found by it: SQLite would rather look through the project.
fn of_origin(query: &mut Statement, origin: &str) {
    query.push(" AND id IN (SELECT id FROM instances WHERE origin <> '' AND origin = ");
    query.bind(origin.to_owned()).push(")");
}

fn instance(row: &AnyRow) -> Result<Instance> {
    let number = |index: usize| {
        u32::try_from(row.get::<i64, _>(index)).map_err(|_| {
            Error::new(
                ErrorKind::Data,
                "STORE_BROKEN",
                "an instance needs less than nothing",
            )
            .on(Side::Store)
        })
    };
    let reason: Option<String> = row.get(13);
    let reason = reason.map(|text| serde_json::from_str(&text)).transpose();
    let paused = row.get::<i64, _>(11) != 0;
    let made = NewInstance {
        project: row.get(1),
        environment: read_word("an environment", row.get(2))?,
        task: ObjectId::new(row.get::<String, _>(3)),
        task_name: row.get(4),
        version: row.get(5),
        bizdate: row.get(6),
        slot: row.get(7),
        kind: read_word("the kind of an instance", row.get(8))?,
        origin: row.get(9),
        planned_at: row.get(14),
        priority: Priority::of(row.get(17)),
        resource_group: row.get(18),
        needs: Resources {
            cpu_millis: number(19)?,
            memory_mb: number(20)?,
        },
        timeout_seconds: row.get(21),
        reruns: row.get(22),
        rerun_seconds: row.get(23),
        rerun_after_timeout: row.get::<i64, _>(24) != 0,
        paused,
        upstream: Vec::new(),
    };
    Ok(Instance {
        id: row.get(0),
        made,
        state: read_word("the state of an instance", row.get(10))?,
        paused,
        forced: row.get::<i64, _>(12) != 0,
        reason: reason.map_err(|cause| unreadable("the reason of an instance", cause))?,
        not_before: row.get(15),
        since: row.get(16),
        reruns_used: row.get(25),
        attempts: row.get(26),
        server: row.get(27),
        change: row.get(28),
    })
}
