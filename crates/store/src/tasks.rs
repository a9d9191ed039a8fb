//! What runs in an environment: tasks, each one version of a pipeline or a virtual node, and those that each
//! waits for. And the versions that were submitted.

use std::collections::{BTreeMap, BTreeSet};

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
use crate::statement::Statement;
use crate::words::{read_word, word};

/// So many rows are read or written by one statement.
const AT_ONCE: usize = 500;

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
    /// Keeps a version of each document, all or none. Their numbers, in the order given.
    pub async fn add_versions(
        &self,
        by: &By,
        bodies: &[(&ObjectId, Json)],
        remark: &str,
    ) -> Result<Vec<i64>> {
        let added = async {
            let mut transaction = self.begin().await?;
            let mut numbers: BTreeMap<String, i64> = BTreeMap::new();
            for bodies in bodies.chunks(AT_ONCE) {
                let mut query = Statement::new("WITH new (object, body) AS (");
                query.rows(bodies, |row, (object, body)| {
                    row.bind(object.as_str().to_owned()).bind(body.to_string());
                });
                query.push(
                    ") INSERT INTO versions (object, number, body, remark, made_at, made_by) \
                     SELECT object, (SELECT COALESCE(MAX(number), 0) + 1 FROM versions \
                     WHERE versions.object = new.object), body, ",
                );
                query.bind(remark.to_owned()).push(", ").bind(by.at);
                query.push(", ").bind(by.person.clone());
                query.push(" FROM new RETURNING object, number");
                let rows = query.build()?.fetch_all(&mut *transaction).await?;
                numbers.extend(rows.iter().map(|row| (row.get(0), row.get(1))));
            }
            let made = |object: &ObjectId| {
                let number: Option<&i64> = numbers.get::<str>(object.as_str());
                number.copied().ok_or(sqlx::Error::RowNotFound)
            };
            let mut told = Vec::with_capacity(bodies.len());
            for (object, _) in bodies {
                let number = made(object)?;
                let detail = json!({ "version": number, "remark": remark });
                let subject = ("", object.as_str());
                note(&mut transaction, by, "version.made", subject, &detail).await?;
                told.push(number);
            }
            transaction.commit().await?;
            Ok(told)
        };
        added
            .await
            .map_err(|cause| failure("could not keep versions", cause))
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

    /// These versions, each by its document and number, as far as they are there; by their documents.
    pub async fn versions_of(
        &self,
        wanted: &[(&ObjectId, i64)],
    ) -> Result<BTreeMap<ObjectId, Version>> {
        let failed = |cause| failure("could not read the versions", cause);
        let mut found = BTreeMap::new();
        for wanted in wanted.chunks(AT_ONCE) {
            let mut query = Statement::new("WITH wanted (object, number) AS (");
            query.rows(wanted, |row, (object, number)| {
                row.bind(object.as_str().to_owned()).bind(*number);
            });
            query.push(
                ") SELECT versions.number, body, remark, made_at, made_by, versions.object \
                 FROM wanted JOIN versions ON versions.object = wanted.object \
                 AND versions.number = wanted.number",
            );
            let rows = query.build().map_err(failed)?.fetch_all(&self.pool).await;
            for row in rows.map_err(failed)? {
                let object = ObjectId::new(row.get::<String, _>(5));
                found.insert(object, version(&row)?);
            }
        }
        Ok(found)
    }

    /// Puts tasks into their environments, all or none; each takes the place of the one of its id there.
    /// `NAME_TAKEN` where the name is another's.
    pub async fn publish(&self, by: &By, tasks: &[Task]) -> Result<()> {
        let failed = |cause| failure("could not publish", cause);
        let published = async {
            let mut transaction = self.begin().await?;
            for tasks in tasks.chunks(AT_ONCE) {
                put(&mut transaction, by, tasks).await?;
            }
            transaction.commit().await
        };
        match published.await {
            Err(cause) if is_taken(&cause) => Err(self.taken(tasks).await?),
            published => published.map_err(failed),
        }
    }

    /// Whose name is another's.
    async fn taken(&self, tasks: &[Task]) -> Result<Error> {
        let failed = |cause| failure("could not publish", cause);
        for task in tasks {
            let others: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM tasks WHERE project = $1 AND environment = $2 AND name = $3 \
                 AND id <> $4",
            )
            .bind(&task.project)
            .bind(word(&task.environment)?)
            .bind(&task.name)
            .bind(task.id.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
            if others > 0 {
                return Ok(taken(&task.name));
            }
        }
        Ok(taken(tasks.first().map_or("", |task| &task.name)))
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
    tasks: &[Task],
) -> std::result::Result<(), sqlx::Error> {
    let encode = |error: Error| sqlx::Error::Encode(Box::new(error));
    let mut rows = Vec::with_capacity(tasks.len());
    for task in tasks {
        rows.push((task, word(&task.environment).map_err(encode)?));
    }
    let mut query = Statement::new(format!("INSERT INTO tasks ({COLUMNS})"));
    query.rows(&rows, |row, (task, environment)| {
        row.bind(task.id.as_str().to_owned())
            .bind(environment.clone())
            .bind(task.project.clone())
            .bind(task.name.clone())
            .bind(task.version)
            .bind(task.first_bizdate.clone())
            .bind(i64::from(task.suspended))
            .bind(task.priority as i64)
            .bind(task.body.to_string())
            .bind(by.at)
            .bind(by.person.clone());
    });
    query.push(
        " ON CONFLICT (id, environment) DO UPDATE SET name = excluded.name, \
         version = excluded.version, first_bizdate = excluded.first_bizdate, \
         suspended = excluded.suspended, priority = excluded.priority, body = excluded.body, \
         changed_at = excluded.changed_at, changed_by = excluded.changed_by",
    );
    query.build()?.execute(&mut **transaction).await?;
    for environment in rows.iter().map(|(_, word)| word).collect::<BTreeSet<_>>() {
        let of_environment = rows.iter().filter(|(_, word)| word == environment);
        let mut query = Statement::new("DELETE FROM task_upstream WHERE environment = ");
        query.bind(environment.clone()).push(" AND task IN (");
        query.list(of_environment.map(|(task, _)| task.id.as_str().to_owned()));
        query.push(")");
        query.build()?.execute(&mut **transaction).await?;
    }
    let pairs = rows.iter().flat_map(|(task, environment)| {
        let upstream = task.upstream.iter();
        upstream.map(move |upstream| (task.id.as_str(), environment, upstream.as_str()))
    });
    let pairs: Vec<_> = pairs.collect();
    for pairs in pairs.chunks(10 * AT_ONCE) {
        let mut query = Statement::new("INSERT INTO task_upstream (task, environment, upstream)");
        query.rows(pairs, |row, (task, environment, upstream)| {
            row.bind((*task).to_owned())
                .bind((*environment).clone())
                .bind((*upstream).to_owned());
        });
        query.push(" ON CONFLICT DO NOTHING");
        query.build()?.execute(&mut **transaction).await?;
    }
    for (task, environment) in &rows {
        let detail = json!({
            "name": task.name, "environment": environment, "version": task.version,
            "suspended": task.suspended, "priority": task.priority,
        });
        let subject = (task.project.as_str(), task.id.as_str());
        note(transaction, by, "task.put", subject, &detail).await?;
    }
    Ok(())
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
                let made = store.add_versions(&by(), &[(&id, body)], "why").await;
                assert_eq!(made.unwrap(), [number]);
            }
            let newest = store.versions(&id, 2).await.unwrap();
            let numbers: Vec<i64> = newest.iter().map(|version| version.number).collect();
            assert_eq!(numbers, [3, 2]);
            let second = store.version(&id, 2).await.unwrap().unwrap();
            assert_eq!(second.body, json!({ "number": 2 }));
            assert_eq!(store.version(&id, 4).await.unwrap(), None);

            let others: Vec<ObjectId> = (0..1_200).map(|_| ObjectId::generate()).collect();
            let ids = others.iter().take(700).chain([&id]).chain(&others[700..]);
            let bodies: Vec<_> = ids.map(|id| (id, json!({ "of": id }))).collect();
            let numbers = store.add_versions(&by(), &bodies, "all").await.unwrap();
            let expected = (0..1_201).map(|place| if place == 700 { 4 } else { 1 });
            assert_eq!(numbers, expected.collect::<Vec<i64>>());
            let wanted: Vec<_> = bodies.iter().map(|(id, _)| (*id, 1)).collect();
            let found = store.versions_of(&wanted).await.unwrap();
            assert_eq!(found.len(), 1_201);
            assert_eq!(found[&id].body, json!({ "number": 1 }));
            assert_eq!(found[&others[0]].body, json!({ "of": others[0] }));
            let lines = store.audit(None, None, 5_000).await.unwrap();
            assert_eq!(lines.len(), 1_204, "a line for each");
        })
        .await;
    }
}
