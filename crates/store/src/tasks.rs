//! What runs in an environment: tasks, each one version of a pipeline or a virtual node, and those that each
//! waits for. And the versions that were submitted.

use std::collections::BTreeMap;

use model::plan::Environment;
use model::schedule::Priority;
use model::{Error, ErrorKind, ObjectId, Result, Side};
use serde_json::{Value as Json, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use crate::audit::{By, note};
use crate::failure::{failure, is_taken, unreadable};
use crate::objects::Page;
use crate::open::Store;
use crate::words::{read_word, word};

/// A task as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The id of its pipeline, or of its virtual node.
    pub id: ObjectId,
    /// Where it runs.
    pub environment: Environment,
    /// Its project.
    pub project: String,
    /// Unique in its project and environment.
    pub name: String,
    /// Which version of the pipeline; 0 where it has none.
    pub version: i64,
    /// The first business date that the calendar makes an instance of: `yyyymmdd`.
    pub first_bizdate: String,
    /// Its instances are made, and do not run.
    pub suspended: bool,
    /// Which goes first.
    pub priority: Priority,
    /// Those that it waits for.
    pub upstream: Vec<ObjectId>,
    /// What it runs, and how: the service's document.
    pub body: Json,
    /// When it was last changed, in milliseconds since 1970.
    pub changed_at: i64,
    /// By whom.
    pub changed_by: String,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// From 1.
    pub number: i64,
    /// What it said.
    pub body: Json,
    /// What who submitted it said of it.
    pub remark: String,
    /// When, in milliseconds since 1970.
    pub made_at: i64,
    /// By whom.
    pub made_by: String,
}

const COLUMNS: &str = "id, environment, project, name, version, first_bizdate, suspended, priority, \
                       body, changed_at, changed_by";

impl Store {
    /// Keeps a version of a document. Its number.
    pub async fn add_version(
        &self,
        by: &By,
        object: &ObjectId,
        body: &Json,
        remark: &str,
    ) -> Result<i64> {
        let failed = |cause| failure("could not keep a version", cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        // Whoever submits the same object at the same time waits here.
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO versions (object, number, body, remark, made_at, made_by) \
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5 FROM versions \
             WHERE object = $1 RETURNING number",
        )
        .bind(object.as_str())
        .bind(body.to_string())
        .bind(remark)
        .bind(by.at)
        .bind(&by.person)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
        let detail = json!({ "version": number, "remark": remark });
        let noted = note(
            &mut transaction,
            by,
            "version.made",
            ("", object.as_str()),
            &detail,
        );
        noted.await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(number)
    }

    /// The versions of a document, newest first.
    pub async fn versions(&self, object: &ObjectId, limit: u32) -> Result<Vec<Version>> {
        let rows = sqlx::query(
            "SELECT number, body, remark, made_at, made_by FROM versions WHERE object = $1 \
             ORDER BY number DESC LIMIT $2",
        )
        .bind(object.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the versions", cause))?;
        rows.iter().map(version).collect()
    }

    /// One version of a document.
    pub async fn version(&self, object: &ObjectId, number: i64) -> Result<Option<Version>> {
        let row = sqlx::query(
            "SELECT number, body, remark, made_at, made_by FROM versions \
             WHERE object = $1 AND number = $2",
        )
        .bind(object.as_str())
        .bind(number)
        .fetch_optional(&self.pool)
        .await
        .map_err(|cause| failure("could not read a version", cause))?;
        row.as_ref().map(version).transpose()
    }

    /// Puts tasks into their environments, all or none; each takes the place of the one of its id there.
    /// `NAME_TAKEN` where the name is another's.
    pub async fn publish(&self, by: &By, tasks: &[Task]) -> Result<()> {
        let failed = |cause| failure("could not publish", cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        for task in tasks {
            let put = put(&mut transaction, by, task).await;
            put.map_err(|cause| match is_taken(&cause) {
                true => taken(&task.name),
                false => failed(cause),
            })?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Takes a task out of its environment; what it already has of instances stays. Whether it was there.
    pub async fn unpublish(
        &self,
        by: &By,
        id: &ObjectId,
        environment: Environment,
    ) -> Result<bool> {
        let word = word(&environment)?;
        let done = async {
            let mut transaction = self.begin().await?;
            let project: Option<String> = sqlx::query_scalar(
                "DELETE FROM tasks WHERE id = $1 AND environment = $2 RETURNING project",
            )
            .bind(id.as_str())
            .bind(&word)
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(project) = project else {
                return Ok(false);
            };
            sqlx::query("DELETE FROM task_upstream WHERE task = $1 AND environment = $2")
                .bind(id.as_str())
                .bind(&word)
                .execute(&mut *transaction)
                .await?;
            let detail = json!({ "environment": word });
            let subject = (project.as_str(), id.as_str());
            note(&mut transaction, by, "task.removed", subject, &detail).await?;
            transaction.commit().await?;
            Ok(true)
        };
        done.await
            .map_err(|cause| failure("could not remove a task", cause))
    }

    /// One task.
    pub async fn task(&self, id: &ObjectId, environment: Environment) -> Result<Option<Task>> {
        let select = format!("SELECT {COLUMNS} FROM tasks WHERE id = $1 AND environment = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(id.as_str())
            .bind(word(&environment)?)
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read a task", cause))?;
        let Some(mut task) = row.as_ref().map(task).transpose()? else {
            return Ok(None);
        };
        let rows = sqlx::query(
            "SELECT upstream FROM task_upstream WHERE task = $1 AND environment = $2 \
             ORDER BY upstream",
        )
        .bind(id.as_str())
        .bind(word(&environment)?)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read a task", cause))?;
        task.upstream = rows
            .iter()
            .map(|row| ObjectId::new(row.get::<String, _>(0)))
            .collect();
        Ok(Some(task))
    }

    /// Tasks of a project in an environment, by name; those that they wait for included.
    pub async fn tasks(
        &self,
        project: &str,
        environment: Environment,
        page: &Page,
    ) -> Result<Vec<Task>> {
        let failed = |cause| failure("could not list the tasks", cause);
        let select = format!(
            "SELECT {COLUMNS} FROM tasks WHERE project = $1 AND environment = $2 AND name > $3 \
             AND ($4 = '' OR REPLACE(name, $4, '') <> name) ORDER BY name LIMIT $5"
        );
        let word = word(&environment)?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(project)
            .bind(&word)
            .bind(&page.after)
            .bind(&page.containing)
            .bind(i64::from(page.limit))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let mut tasks: Vec<Task> = rows.iter().map(task).collect::<Result<_>>()?;
        let (Some(first), Some(last)) = (tasks.first(), tasks.last()) else {
            return Ok(tasks);
        };
        let rows = sqlx::query(
            "SELECT task, upstream FROM task_upstream JOIN tasks \
             ON tasks.id = task_upstream.task AND tasks.environment = task_upstream.environment \
             WHERE tasks.project = $1 AND tasks.environment = $2 AND name >= $3 AND name <= $4 \
             ORDER BY upstream",
        )
        .bind(project)
        .bind(&word)
        .bind(&first.name)
        .bind(&last.name)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let mut upstream: BTreeMap<String, Vec<ObjectId>> = BTreeMap::new();
        for row in rows {
            let of: &mut Vec<_> = upstream.entry(row.get(0)).or_default();
            of.push(ObjectId::new(row.get::<String, _>(1)));
        }
        for task in &mut tasks {
            task.upstream = upstream.remove(task.id.as_str()).unwrap_or_default();
        }
        Ok(tasks)
    }

    /// The tasks that wait for this one in an environment, by id.
    pub async fn downstream(
        &self,
        id: &ObjectId,
        environment: Environment,
    ) -> Result<Vec<ObjectId>> {
        let rows = sqlx::query(
            "SELECT task FROM task_upstream WHERE upstream = $1 AND environment = $2 ORDER BY task",
        )
        .bind(id.as_str())
        .bind(word(&environment)?)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what waits for a task", cause))?;
        Ok(rows
            .iter()
            .map(|row| ObjectId::new(row.get::<String, _>(0)))
            .collect())
    }
}

async fn put(
    transaction: &mut Transaction<'static, Any>,
    by: &By,
    task: &Task,
) -> std::result::Result<(), sqlx::Error> {
    let encode = |error: Error| sqlx::Error::Encode(Box::new(error));
    let environment = word(&task.environment).map_err(encode)?;
    sqlx::query(
        "INSERT INTO tasks (id, environment, project, name, version, first_bizdate, suspended, \
         priority, body, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (id, environment) DO UPDATE SET name = excluded.name, \
         version = excluded.version, first_bizdate = excluded.first_bizdate, \
         suspended = excluded.suspended, priority = excluded.priority, body = excluded.body, \
         changed_at = excluded.changed_at, changed_by = excluded.changed_by",
    )
    .bind(task.id.as_str())
    .bind(&environment)
    .bind(&task.project)
    .bind(&task.name)
    .bind(task.version)
    .bind(&task.first_bizdate)
    .bind(i64::from(task.suspended))
    .bind(task.priority as i64)
    .bind(task.body.to_string())
    .bind(by.at)
    .bind(&by.person)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("DELETE FROM task_upstream WHERE task = $1 AND environment = $2")
        .bind(task.id.as_str())
        .bind(&environment)
        .execute(&mut **transaction)
        .await?;
    for upstream in &task.upstream {
        sqlx::query(
            "INSERT INTO task_upstream (task, environment, upstream) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
        )
        .bind(task.id.as_str())
        .bind(&environment)
        .bind(upstream.as_str())
        .execute(&mut **transaction)
        .await?;
    }
    let detail = json!({
        "name": task.name, "environment": environment, "version": task.version,
        "suspended": task.suspended, "priority": task.priority,
    });
    let subject = (task.project.as_str(), task.id.as_str());
    note(transaction, by, "task.put", subject, &detail).await
}

fn task(row: &AnyRow) -> Result<Task> {
    let body: String = row.get(8);
    Ok(Task {
        id: ObjectId::new(row.get::<String, _>(0)),
        environment: read_word("an environment", row.get(1))?,
        project: row.get(2),
        name: row.get(3),
        version: row.get(4),
        first_bizdate: row.get(5),
        suspended: row.get::<i64, _>(6) != 0,
        priority: Priority::of(row.get(7)),
        upstream: Vec::new(),
        body: serde_json::from_str(&body).map_err(|cause| unreadable("a task", cause))?,
        changed_at: row.get(9),
        changed_by: row.get(10),
    })
}

fn version(row: &AnyRow) -> Result<Version> {
    let body: String = row.get(1);
    Ok(Version {
        number: row.get(0),
        body: serde_json::from_str(&body).map_err(|cause| unreadable("a version", cause))?,
        remark: row.get(2),
        made_at: row.get(3),
        made_by: row.get(4),
    })
}

fn taken(name: &str) -> Error {
    let message = format!("there is a task of the name {name:?} already");
    Error::new(ErrorKind::Conflict, "NAME_TAKEN", message)
        .on(Side::Store)
        .hint("choose another name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::on_each_database;

    fn a_task(name: &str, upstream: &[&Task]) -> Task {
        Task {
            id: ObjectId::generate(),
            environment: Environment::Production,
            project: "p".to_owned(),
            name: name.to_owned(),
            version: 1,
            first_bizdate: "20240501".to_owned(),
            suspended: false,
            priority: Priority::High,
            upstream: upstream.iter().map(|task| task.id.clone()).collect(),
            body: json!({ "table": name }),
            changed_at: 9,
            changed_by: "ann".to_owned(),
        }
    }

    fn by() -> By {
        By {
            person: "ann".to_owned(),
            at: 9,
            ..By::default()
        }
    }

    #[tokio::test]
    async fn a_task_takes_the_place_of_its_old_version() {
        on_each_database(async |store: Store| {
            let (first, second) = (a_task("a", &[]), a_task("b", &[]));
            let third = a_task("c", &[&first, &second]);
            let all = [first.clone(), second.clone(), third.clone()];
            store.publish(&by(), &all).await.unwrap();
            let page = Page {
                limit: 10,
                ..Page::default()
            };
            let listed = async || {
                let tasks = store.tasks("p", Environment::Production, &page);
                tasks.await.unwrap()
            };
            assert_eq!(listed().await, all);
            let newer = Task {
                version: 2,
                upstream: vec![first.id.clone()],
                suspended: true,
                ..third.clone()
            };
            store
                .publish(&by(), std::slice::from_ref(&newer))
                .await
                .unwrap();
            let one = store
                .task(&third.id, Environment::Production)
                .await
                .unwrap();
            assert_eq!(one, Some(newer));
            let waiting = async |task: &Task| {
                let waiting = store.downstream(&task.id, Environment::Production);
                waiting.await.unwrap()
            };
            assert_eq!(waiting(&first).await, std::slice::from_ref(&third.id));
            assert!(waiting(&second).await.is_empty());
            let other = [a_task("a", &[])];
            let error = store.publish(&by(), &other).await.unwrap_err();
            assert_eq!(error.code, "NAME_TAKEN");
            let by = by();
            let removed = store.unpublish(&by, &third.id, Environment::Production);
            assert!(removed.await.unwrap());
            assert_eq!(listed().await.len(), 2);
            assert!(waiting(&first).await.is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn versions_count_up_and_stay() {
        on_each_database(async |store: Store| {
            let id = ObjectId::generate();
            for number in 1..=3 {
                let body = json!({ "number": number });
                let made = store.add_version(&by(), &id, &body, "why").await;
                assert_eq!(made.unwrap(), number);
            }
            let newest = store.versions(&id, 2).await.unwrap();
            let numbers: Vec<i64> = newest.iter().map(|version| version.number).collect();
            assert_eq!(numbers, [3, 2]);
            let second = store.version(&id, 2).await.unwrap().unwrap();
            assert_eq!(second.body, json!({ "number": 2 }));
            assert_eq!(store.version(&id, 4).await.unwrap(), None);
        })
        .await;
    }
}
