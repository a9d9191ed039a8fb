//! How instances come from state to state, and each time that one ran. A change is made to what was seen:
//! whoever is faster wins, and the other one looks again.

use model::plan::Environment;
use model::schedule::{InstanceState, Priority};
use model::{ObjectId, Result};
use serde_json::Value as Json;
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use super::Instance;
use crate::failure::{failure, unreadable};
use crate::journal::Unwritten;
use crate::open::{Store, next};
use crate::statement::Statement;
use crate::words::word;

/// A change of an instance from what it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Which.
    pub id: i64,
    /// The change that it is made to: one that changed meanwhile stays as it is.
    pub seen: i64,
    /// The state after it; may be the same.
    pub state: InstanceState,
    /// Whether it is held back then.
    pub paused: bool,
    /// Whether it waits for nobody then.
    pub forced: bool,
    /// Why it is not further then.
    pub reason: Option<Json>,
    /// When its time comes then.
    pub not_before: i64,
    /// How many automatic reruns it had then.
    pub reruns_used: i64,
    /// When this is.
    pub at: i64,
}

impl Move {
    /// To this state, and all else as it is.
    pub fn of(instance: &Instance, state: InstanceState, at: i64) -> Self {
        Self {
            id: instance.id,
            seen: instance.change,
            state,
            paused: instance.paused,
            forced: instance.forced,
            reason: None,
            not_before: instance.not_before,
            reruns_used: instance.reruns_used,
            at,
        }
    }
}

/// One time that an instance ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The instance.
    pub instance: i64,
    /// From 1.
    pub number: i64,
    /// The server.
    pub server: String,
    /// The run that it was part of; none before it came to one.
    pub run: Option<String>,
    /// In milliseconds since 1970.
    pub started_at: i64,
    /// None as long as it runs, or where its server is gone.
    pub ended_at: Option<i64>,
    /// How it ended: the scheduler's word.
    pub outcome: Option<String>,
    /// The table's report.
    pub report: Option<Json>,
}

impl Store {
    /// Changes instances, each that is still as it was seen. The ids of those that were changed.
    pub async fn move_instances(&self, moves: &[Move]) -> Result<Vec<i64>> {
        if moves.is_empty() {
            return Ok(Vec::new());
        }
        let moved = async {
            let mut transaction = self.begin().await?;
            self.stand(&mut transaction).await?;
            let mut moved = Vec::with_capacity(moves.len());
            let changes = changes(&mut transaction, moves.len()).await?;
            for (step, change) in moves.iter().zip(changes) {
                if shift(&mut transaction, step, change, None).await? {
                    moved.push(step.id);
                }
            }
            transaction.commit().await?;
            Ok(moved)
        };
        let moved: std::result::Result<_, Unwritten> = moved.await;
        moved.map_err(|cause| cause.told("could not change instances"))
    }

    /// Starts an attempt of each, on the server named with it: these run from now on. The number of each that
    /// was started; one that is not as it was seen any more is not.
    pub async fn start_attempts(&self, starts: &[(Move, &str)]) -> Result<Vec<(i64, i64)>> {
        let started = async {
            let mut transaction = self.begin().await?;
            self.stand(&mut transaction).await?;
            let mut numbers = Vec::with_capacity(starts.len());
            let changes = changes(&mut transaction, starts.len()).await?;
            for ((step, server), change) in starts.iter().zip(changes) {
                if !shift(&mut transaction, step, change, Some(server)).await? {
                    continue;
                }
                let number: i64 = sqlx::query_scalar(
                    "UPDATE instances SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts",
                )
                .bind(step.id)
                .fetch_one(&mut *transaction)
                .await?;
                sqlx::query(
                    "INSERT INTO attempts (instance, number, server, started_at) \
                     VALUES ($1, $2, $3, $4)",
                )
                .bind(step.id)
                .bind(number)
                .bind((*server).to_owned())
                .bind(step.at)
                .execute(&mut *transaction)
                .await?;
                numbers.push((step.id, number));
            }
            transaction.commit().await?;
            Ok(numbers)
        };
        let started: std::result::Result<_, Unwritten> = started.await;
        started.map_err(|cause| cause.told("could not start instances"))
    }

    /// Notes which run the running attempts of these instances are part of.
    pub async fn note_run(&self, instances: &[i64], run: &str) -> Result<()> {
        let noted = async {
            let mut transaction = self.begin().await?;
            self.stand(&mut transaction).await?;
            for id in instances {
                sqlx::query(
                    "UPDATE attempts SET run = $2 WHERE instance = $1 AND number = \
                     (SELECT attempts FROM instances WHERE id = $1)",
                )
                .bind(*id)
                .bind(run)
                .execute(&mut *transaction)
                .await?;
            }
            Ok(transaction.commit().await?)
        };
        let noted: std::result::Result<(), Unwritten> = noted.await;
        noted.map_err(|cause| cause.told("could not note the run of instances"))
    }

    /// Ends the attempt that runs, and moves the instance on. Whether the instance was as it was seen;
    /// where it was not, nothing changed.
    pub async fn end_attempt(
        &self,
        step: &Move,
        outcome: &str,
        report: Option<&Json>,
    ) -> Result<bool> {
        let ended = async {
            let mut transaction = self.begin().await?;
            self.stand(&mut transaction).await?;
            let change = next(&mut transaction, "change", 1).await?;
            if !shift(&mut transaction, step, change, None).await? {
                return Ok(false);
            }
            sqlx::query(
                "UPDATE attempts SET ended_at = $2, outcome = $3, report = $4 WHERE instance = $1 \
                 AND number = (SELECT attempts FROM instances WHERE id = $1)",
            )
            .bind(step.id)
            .bind(step.at)
            .bind(outcome)
            .bind(report.map(Json::to_string))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(true)
        };
        let ended: std::result::Result<_, Unwritten> = ended.await;
        ended.map_err(|cause| cause.told("could not end an instance"))
    }

    /// Each time that an instance ran, the last one first.
    pub async fn attempts(&self, instance: i64) -> Result<Vec<Attempt>> {
        let rows = sqlx::query(
            "SELECT instance, number, server, run, started_at, ended_at, outcome, report \
             FROM attempts WHERE instance = $1 ORDER BY number DESC",
        )
        .bind(instance)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the attempts of an instance", cause))?;
        rows.iter().map(attempt).collect()
    }

    /// The last time that each of these ran, as far as they did.
    pub async fn last_attempts(&self, ids: &[i64]) -> Result<Vec<Attempt>> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(500) {
            let mut query = Statement::new(
                "SELECT a.instance, a.number, a.server, a.run, a.started_at, a.ended_at, a.outcome, a.report \
                 FROM instances i JOIN attempts a ON a.instance = i.id AND a.number = i.attempts \
                 WHERE i.id IN (",
            );
            query.list(ids.iter().copied());
            query.push(")");
            let rows = query
                .build()
                .map_err(|cause| failure("could not read attempts", cause))?
                .fetch_all(&self.pool)
                .await
                .map_err(|cause| failure("could not read attempts", cause))?;
            for row in &rows {
                found.push(attempt(row)?);
            }
        }
        Ok(found)
    }

    /// Which goes first, for instances of a task that have not begun, from now on.
    pub async fn reprioritize(
        &self,
        task: &ObjectId,
        environment: Environment,
        priority: Priority,
    ) -> Result<()> {
        let environment = word(&environment)?;
        let done = async {
            let mut transaction = self.begin().await?;
            let change = next(&mut transaction, "change", 1).await?;
            sqlx::query(
                "UPDATE instances SET priority = $3, change = $4 WHERE task = $1 \
                 AND environment = $2 AND state <> 'succeeded' AND state <> 'failed' \
                 AND state <> 'running'",
            )
            .bind(task.as_str())
            .bind(environment)
            .bind(priority as i64)
            .bind(change)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        };
        done.await
            .map_err(|cause| failure("could not change the priority of instances", cause))
    }

    /// Takes one upstream less. Whether it was one.
    pub async fn remove_upstream(&self, instance: i64, upstream: i64) -> Result<bool> {
        let removed = async {
            let mut transaction = self.begin().await?;
            let removed =
                sqlx::query("DELETE FROM instance_upstream WHERE instance = $1 AND upstream = $2")
                    .bind(instance)
                    .bind(upstream)
                    .execute(&mut *transaction)
                    .await?;
            let change = next(&mut transaction, "change", 1).await?;
            sqlx::query("UPDATE instances SET change = $2 WHERE id = $1")
                .bind(instance)
                .bind(change)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(removed.rows_affected() > 0)
        };
        removed
            .await
            .map_err(|cause| failure("could not remove an upstream", cause))
    }

    /// Forgets instances that ended before this moment and that nobody waits for, at most `limit`. How many.
    pub async fn cut_instances(&self, before: i64, limit: u32) -> Result<u64> {
        let cut = async {
            // Looked for before anybody has to wait: what has ended is not changed by others.
            let ids: Vec<i64> = sqlx::query_scalar(
                "SELECT id FROM instances WHERE (state = 'succeeded' OR state = 'failed') \
                 AND since < $1 AND NOT EXISTS (SELECT 1 FROM instance_upstream \
                 JOIN instances AS waiting ON waiting.id = instance WHERE upstream = instances.id \
                 AND waiting.state <> 'succeeded' AND waiting.state <> 'failed') \
                 ORDER BY since LIMIT $2",
            )
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
            if ids.is_empty() {
                return Ok(0);
            }
            let mut transaction = self.begin().await?;
            let mut query = Statement::new("DELETE FROM instances WHERE since < ");
            query.bind(before);
            // One that a person has run again meanwhile stays, with all that belongs to it.
            query.push(" AND (state = 'succeeded' OR state = 'failed') AND id IN (");
            query.list(ids.iter().copied()).push(")");
            let cut = query.build()?.execute(&mut *transaction).await?;
            for (table, column) in [
                ("attempts", "instance"),
                ("instance_upstream", "instance"),
                ("instance_upstream", "upstream"),
            ] {
                let mut query = Statement::new(format!("DELETE FROM {table} WHERE {column} IN ("));
                query.list(ids.iter().copied()).push(&format!(
                    ") AND NOT EXISTS (SELECT 1 FROM instances WHERE id = {table}.{column})"
                ));
                query.build()?.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(cut.rows_affected())
        };
        cut.await
            .map_err(|cause| failure("could not cut old instances", cause))
    }
}

/// The numbers of so many changes, in their order. One that is not made leaves its number out.
async fn changes(
    transaction: &mut Transaction<'static, Any>,
    count: usize,
) -> std::result::Result<std::ops::RangeInclusive<i64>, sqlx::Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last = next(transaction, "change", count).await?;
    Ok(last - count + 1..=last)
}

/// Makes one change of this number, where the instance is still as it was seen; `server` is who runs it from now on.
async fn shift(
    transaction: &mut Transaction<'static, Any>,
    step: &Move,
    change: i64,
    server: Option<&str>,
) -> std::result::Result<bool, sqlx::Error> {
    let state = word(&step.state).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let moved = sqlx::query(
        "UPDATE instances SET state = $3, paused = $4, forced = $5, reason = $6, not_before = $7, \
         reruns_used = $8, since = CASE WHEN state = $3 THEN since ELSE $9 END, \
         server = CASE WHEN $3 = 'running' THEN COALESCE($10, server) ELSE NULL END, \
         change = $11 WHERE id = $1 AND change = $2",
    )
    .bind(step.id)
    .bind(step.seen)
    .bind(&state)
    .bind(i64::from(step.paused))
    .bind(i64::from(step.forced))
    .bind(step.reason.as_ref().map(Json::to_string))
    .bind(step.not_before)
    .bind(step.reruns_used)
    .bind(step.at)
    .bind(server.map(str::to_owned))
    .bind(change)
    .execute(&mut **transaction)
    .await?;
    Ok(moved.rows_affected() > 0)
}

fn attempt(row: &AnyRow) -> Result<Attempt> {
    let report: Option<String> = row.get(7);
    let report = report.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Attempt {
        instance: row.get(0),
        number: row.get(1),
        server: row.get(2),
        run: row.get(3),
        started_at: row.get(4),
        ended_at: row.get(5),
        outcome: row.get(6),
        report: report.map_err(|cause| unreadable("the report of an attempt", cause))?,
    })
}
