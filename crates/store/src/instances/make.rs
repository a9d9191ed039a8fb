//! Making instances, each once, however often it is asked for.

use model::plan::Environment;
use model::{Error, Result};
use sqlx::{Any, Transaction};

use super::{COLUMNS, NewInstance, Upstream};
use crate::failure::failure;
use crate::open::{Store, next};
use crate::statement::Statement;
use crate::words::word;

/// How many are written by one statement: 29 values each, and PostgreSQL takes 65,535.
const AT_ONCE: usize = 500;

impl Store {
    /// Makes instances, all or none; one that is there already (same task, environment, business date, slot,
    /// kind and origin) stays as it is. The ids, in the order given: of those there already, too.
    pub async fn make_instances(&self, at: i64, new: &[NewInstance]) -> Result<Vec<i64>> {
        let failed = |cause| failure("could not make instances", cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        let ids = make(&mut transaction, at, new).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(ids)
    }

    /// The same, and notes that the calendar of the project is made up to and with this business date.
    pub async fn make_day(
        &self,
        at: i64,
        (project, environment): (&str, Environment),
        bizdate: &str,
        new: &[NewInstance],
    ) -> Result<Vec<i64>> {
        let failed = |cause| failure("could not make the instances of a day", cause);
        let word = word(&environment)?;
        let mut transaction = self.begin().await.map_err(failed)?;
        let ids = make(&mut transaction, at, new).await.map_err(failed)?;
        sqlx::query(
            "INSERT INTO calendar (project, environment, made) VALUES ($1, $2, $3) \
             ON CONFLICT (project, environment) DO UPDATE SET made = excluded.made \
             WHERE calendar.made < excluded.made",
        )
        .bind(project)
        .bind(word)
        .bind(bizdate)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(ids)
    }
}

async fn make(
    transaction: &mut Transaction<'static, Any>,
    at: i64,
    new: &[NewInstance],
) -> std::result::Result<Vec<i64>, sqlx::Error> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let first = next(transaction, "instance", count).await? - count + 1;
    let change = next(transaction, "change", 1).await?;
    for (index, part) in new.chunks(AT_ONCE).enumerate() {
        let first = first + i64::try_from(index * AT_ONCE).unwrap_or_default();
        insert(transaction, (at, change, first), part).await?;
    }
    let mut ids: Vec<i64> = (first..first + count).collect();
    let fresh: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM instances WHERE id >= $1 AND id < $2")
            .bind(first)
            .bind(first + count)
            .fetch_one(&mut **transaction)
            .await?;
    if fresh < count {
        for (id, new) in ids.iter_mut().zip(new) {
            *id = id_of(transaction, new).await?;
        }
    }
    let mut pairs = Vec::new();
    for (place, instance) in new.iter().enumerate() {
        // What was there already keeps what it waits for.
        if ids[place] != first + i64::try_from(place).unwrap_or_default() {
            continue;
        }
        for upstream in &instance.upstream {
            match upstream {
                Upstream::There(id) => pairs.push((ids[place], *id)),
                Upstream::Beside(other) => {
                    pairs.extend(ids.get(*other).map(|id| (ids[place], *id)));
                }
            }
        }
    }
    for pairs in pairs.chunks(10_000) {
        let mut query = Statement::new("INSERT INTO instance_upstream (instance, upstream)");
        query.rows(pairs, |row, (instance, upstream)| {
            row.bind(*instance).bind(*upstream);
        });
        query.push(" ON CONFLICT DO NOTHING");
        query.build()?.execute(&mut **transaction).await?;
    }
    Ok(ids)
}

async fn insert(
    transaction: &mut Transaction<'static, Any>,
    (at, change, first): (i64, i64, i64),
    new: &[NewInstance],
) -> std::result::Result<(), sqlx::Error> {
    let encode = |error: Error| sqlx::Error::Encode(Box::new(error));
    let mut rows = Vec::with_capacity(new.len());
    for instance in new {
        let environment = word(&instance.environment).map_err(encode)?;
        rows.push((instance, environment, word(&instance.kind).map_err(encode)?));
    }
    let mut id = first - 1;
    let mut query = Statement::new(format!("INSERT INTO instances ({COLUMNS})"));
    query.rows(rows, |row, (instance, environment, kind)| {
        id += 1;
        row.bind(id)
            .bind(instance.project.clone())
            .bind(environment)
            .bind(instance.task.as_str().to_owned())
            .bind(instance.task_name.clone())
            .bind(instance.version)
            .bind(instance.bizdate.clone())
            .bind(instance.slot)
            .bind(kind)
            .bind(instance.origin.clone())
            .bind("not-run")
            .bind(i64::from(instance.paused))
            .bind(0_i64)
            .bind(None::<String>)
            .bind(instance.planned_at)
            .bind(instance.planned_at)
            .bind(at)
            .bind(instance.priority as i64)
            .bind(instance.resource_group.clone())
            .bind(i64::from(instance.needs.cpu_millis))
            .bind(i64::from(instance.needs.memory_mb))
            .bind(instance.timeout_seconds)
            .bind(instance.reruns)
            .bind(instance.rerun_seconds)
            .bind(i64::from(instance.rerun_after_timeout))
            .bind(0_i64)
            .bind(0_i64)
            .bind(None::<String>)
            .bind(change);
    });
    query.push(" ON CONFLICT DO NOTHING");
    query.build()?.execute(&mut **transaction).await?;
    Ok(())
}

async fn id_of(
    transaction: &mut Transaction<'static, Any>,
    new: &NewInstance,
) -> std::result::Result<i64, sqlx::Error> {
    let encode = |error: Error| sqlx::Error::Encode(Box::new(error));
    sqlx::query_scalar(
        "SELECT id FROM instances WHERE task = $1 AND environment = $2 AND bizdate = $3 \
         AND slot = $4 AND kind = $5 AND origin = $6",
    )
    .bind(new.task.as_str())
    .bind(word(&new.environment).map_err(encode)?)
    .bind(&new.bizdate)
    .bind(new.slot)
    .bind(word(&new.kind).map_err(encode)?)
    .bind(&new.origin)
    .fetch_one(&mut **transaction)
    .await
}
