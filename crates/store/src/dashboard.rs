//! What a project's dashboard tells: days and their states, what takes long, what fails; and what runs took of
//! their resource groups, minute by minute.

use model::plan::Environment;
use model::schedule::InstanceState;
use model::{ObjectId, Result};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::failure::failure;
use crate::open::Store;
use crate::statement::Statement;
use crate::words::{read_word, word};

/// An instance that took long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// Its number.
    pub instance: i64,
    /// Its task.
    pub task: ObjectId,
    /// The task's name then.
    pub task_name: String,
    /// `yyyymmdd`.
    pub bizdate: String,
    /// How long its last attempt took, in milliseconds.
    pub millis: i64,
    /// The table's report.
    pub report: Option<String>,
}

/// A task that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The task.
    pub task: ObjectId,
    /// How many of its instances stand as failed.
    pub failures: i64,
    /// The last of them.
    pub instance: i64,
}

/// What runs took of a group, and how many waited for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupUsage {
    /// The group's id.
    pub group: String,
    /// The beginning of the minute, or of what minutes are put together to; in milliseconds since 1970.
    pub at: i64,
    /// Thousandths of a core.
    pub cpu_millis: i64,
    /// Megabytes.
    pub memory_mb: i64,
    /// Instances that waited for room.
    pub waiting: i64,
}

impl Store {
    /// How many instances of each business date from `first` on are in each state, by date.
    pub async fn day_states(
        &self,
        (project, environment): (&str, Environment),
        first: &str,
    ) -> Result<Vec<(String, InstanceState, i64)>> {
        let rows = sqlx::query(
            "SELECT bizdate, state, COUNT(*) FROM instances \
             WHERE project = $1 AND environment = $2 AND bizdate >= $3 \
             GROUP BY bizdate, state ORDER BY bizdate, state",
        )
        .bind(project)
        .bind(word(&environment)?)
        .bind(first)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not count the instances", cause))?;
        let counted = rows.iter().map(|row| {
            let state = read_word("the state of an instance", row.get(1))?;
            Ok((row.get(0), state, row.get(2)))
        });
        counted.collect()
    }

    /// The last business date up to `today` that has instances.
    pub async fn last_day(
        &self,
        (project, environment): (&str, Environment),
        today: &str,
    ) -> Result<Option<String>> {
        sqlx::query_scalar(
            "SELECT MAX(bizdate) FROM instances \
             WHERE project = $1 AND environment = $2 AND bizdate <= $3",
        )
        .bind(project)
        .bind(word(&environment)?)
        .bind(today)
        .fetch_one(&self.pool)
        .await
        .map_err(|cause| failure("could not read the instances", cause))
    }

    /// The instances of a business date whose last attempts took longest, of those that succeeded.
    pub async fn slowest(
        &self,
        (project, environment): (&str, Environment),
        bizdate: &str,
        limit: u32,
    ) -> Result<Vec<Slow>> {
        let rows = sqlx::query(
            "SELECT i.id, i.task, i.task_name, i.bizdate, a.ended_at - a.started_at AS took, a.report \
             FROM instances i JOIN attempts a ON a.instance = i.id AND a.number = i.attempts \
             WHERE i.project = $1 AND i.environment = $2 AND i.bizdate = $3 \
             AND i.state = 'succeeded' AND a.ended_at IS NOT NULL \
             ORDER BY took DESC, i.id LIMIT $4",
        )
        .bind(project)
        .bind(word(&environment)?)
        .bind(bizdate)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what took long", cause))?;
        let slow = |row: &AnyRow| Slow {
            instance: row.get(0),
            task: ObjectId::new(row.get::<String, _>(1)),
            task_name: row.get(2),
            bizdate: row.get(3),
            millis: row.get(4),
            report: row.get(5),
        };
        Ok(rows.iter().map(slow).collect())
    }

    /// The tasks with most instances that stand as failed by themselves, of business dates from `first` on.
    pub async fn failing(
        &self,
        (project, environment): (&str, Environment),
        first: &str,
        limit: u32,
    ) -> Result<Vec<Failing>> {
        let rows = sqlx::query(
            "SELECT i.task, COUNT(*) AS failures, MAX(i.id) AS latest \
             FROM instances i JOIN attempts a ON a.instance = i.id AND a.number = i.attempts \
             WHERE i.project = $1 AND i.environment = $2 AND i.state = 'failed' AND i.bizdate >= $3 \
             AND (a.outcome IS NULL OR a.outcome <> 'stopped') \
             GROUP BY i.task ORDER BY failures DESC, latest DESC LIMIT $4",
        )
        .bind(project)
        .bind(word(&environment)?)
        .bind(first)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what failed", cause))?;
        let failing = |row: &AnyRow| Failing {
            task: ObjectId::new(row.get::<String, _>(0)),
            failures: row.get(1),
            instance: row.get(2),
        };
        Ok(rows.iter().map(failing).collect())
    }

    /// Keeps what groups gave in a minute; once for each group and minute, whoever says it first.
    pub async fn note_usage(&self, usage: &[GroupUsage]) -> Result<()> {
        if usage.is_empty() {
            return Ok(());
        }
        let text = "INSERT INTO group_usage (resource_group, at, cpu_millis, memory_mb, waiting)";
        let noted = async {
            let mut insert = Statement::new(text);
            insert.rows(usage, |insert, one| {
                insert
                    .bind(one.group.clone())
                    .bind(one.at)
                    .bind(one.cpu_millis)
                    .bind(one.memory_mb)
                    .bind(one.waiting);
            });
            insert.push(" ON CONFLICT (resource_group, at) DO NOTHING");
            let mut transaction = self.begin().await?;
            insert.build()?.execute(&mut *transaction).await?;
            transaction.commit().await
        };
        noted
            .await
            .map_err(|cause| failure("could not note what groups give", cause))
    }

    /// The most that a group gave within each `step` milliseconds since `first`, by time.
    pub async fn usage(&self, group: &str, first: i64, step: i64) -> Result<Vec<GroupUsage>> {
        let rows = sqlx::query(
            "SELECT (at / $3) * $3 AS bucket, MAX(cpu_millis), MAX(memory_mb), MAX(waiting) \
             FROM group_usage WHERE resource_group = $1 AND at >= $2 \
             GROUP BY bucket ORDER BY bucket",
        )
        .bind(group)
        .bind(first)
        .bind(step)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what a group gave", cause))?;
        let usage = |row: &AnyRow| GroupUsage {
            group: group.to_owned(),
            at: row.get(0),
            cpu_millis: row.get(1),
            memory_mb: row.get(2),
            waiting: row.get(3),
        };
        Ok(rows.iter().map(usage).collect())
    }

    /// What runs take of each group now, and how many wait for room.
    pub async fn usage_now(&self, at: i64) -> Result<Vec<GroupUsage>> {
        let rows = sqlx::query(
            "SELECT resource_group, \
             CAST(SUM(CASE WHEN state = 'running' THEN cpu_millis ELSE 0 END) AS BIGINT), \
             CAST(SUM(CASE WHEN state = 'running' THEN memory_mb ELSE 0 END) AS BIGINT), \
             CAST(SUM(CASE WHEN state = 'waiting-for-resources' THEN 1 ELSE 0 END) AS BIGINT) \
             FROM instances WHERE state <> 'succeeded' AND state <> 'failed' \
             GROUP BY resource_group ORDER BY resource_group",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what groups give", cause))?;
        let usage = |row: &AnyRow| GroupUsage {
            group: row.get(0),
            at,
            cpu_millis: row.get(1),
            memory_mb: row.get(2),
            waiting: row.get(3),
        };
        Ok(rows.iter().map(usage).collect())
    }

    /// Forgets what groups gave before this moment.
    pub async fn cut_usage(&self, before: i64) -> Result<()> {
        let cut = async {
            let mut transaction = self.begin().await?;
            sqlx::query("DELETE FROM group_usage WHERE at < $1")
                .bind(before)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        };
        cut.await
            .map_err(|cause| failure("could not forget what groups gave", cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::on_each_database;

    #[tokio::test]
    async fn what_groups_give_is_noted_once_a_minute_and_told_by_its_peaks() {
        on_each_database(async |store: Store| {
            let usage = |group: &str, at, cpu_millis| GroupUsage {
                group: group.to_owned(),
                at,
                cpu_millis,
                memory_mb: 2 * cpu_millis,
                waiting: 1,
            };
            let minutes = [usage("g", 60_000, 500), usage("h", 60_000, 10)];
            store.note_usage(&minutes).await.unwrap();
            store.note_usage(&[usage("g", 60_000, 9)]).await.unwrap();
            let later = [usage("g", 120_000, 700), usage("g", 3_600_000, 100)];
            store.note_usage(&later).await.unwrap();
            let told = store.usage("g", 0, 3_600_000).await.unwrap();
            assert_eq!(told, [usage("g", 0, 700), usage("g", 3_600_000, 100)]);
            store.cut_usage(100_000).await.unwrap();
            let left = store.usage("g", 0, 60_000).await.unwrap();
            assert_eq!(left, later);
            assert!(store.usage("h", 0, 60_000).await.unwrap().is_empty());
        })
        .await;
    }
}
