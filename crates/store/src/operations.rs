//! Long work that somebody asked for, and how far it is.

use model::{ObjectId, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::events::{News, tell};
use crate::failure::{failure, unreadable};
use crate::open::Store;
use crate::words::{read_word, word};

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperationState {
    /// Under way.
    Running,
    /// Done.
    Succeeded,
    /// Not done, or not all of it.
    Failed,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its id.
    pub id: ObjectId,
    /// In which project; empty where in none.
    pub project: String,
    /// What is done: `collect`, `generate`.
    pub kind: String,
    /// To what, by id.
    pub object: String,
    /// How far it is.
    pub state: OperationState,
    /// The server that does it.
    pub server: String,
    /// So many parts are done …
    pub done: i64,
    /// … of so many.
    pub total: i64,
    /// What came of it: the service's document.
    pub result: Option<Json>,
    /// Who asked for it, by id.
    pub asked_by: String,
    /// In milliseconds since 1970.
    pub started_at: i64,
    /// None as long as it runs.
    pub ended_at: Option<i64>,
}

const COLUMNS: &str = "id, project, kind, object, state, server, done, total, result, asked_by, \
                       started_at, ended_at";

impl Store {
    /// Keeps an operation as it is now, new or changed, and tells those who watch. `at` is now, in
    /// milliseconds since 1970.
    pub async fn put_operation(&self, operation: &Operation, at: i64) -> Result<()> {
        let state = word(&operation.state)?;
        let result = operation.result.as_ref().map(Json::to_string);
        let news = json!({
            "kind": operation.kind, "state": state, "done": operation.done, "total": operation.total,
        });
        let put = async {
            let mut transaction = self.begin().await?;
            sqlx::query(
                "INSERT INTO operations (id, project, kind, object, state, server, done, total, \
                 result, asked_by, started_at, ended_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, done = excluded.done, \
                 server = excluded.server, total = excluded.total, result = excluded.result, \
                 ended_at = excluded.ended_at",
            )
            .bind(operation.id.as_str())
            .bind(&operation.project)
            .bind(&operation.kind)
            .bind(&operation.object)
            .bind(&state)
            .bind(&operation.server)
            .bind(operation.done)
            .bind(operation.total)
            .bind(result)
            .bind(&operation.asked_by)
            .bind(operation.started_at)
            .bind(operation.ended_at)
            .execute(&mut *transaction)
            .await?;
            let news = News {
                project: &operation.project,
                kind: "operation",
                subject: operation.id.as_str(),
                at,
                json: &news,
            };
            tell(&mut transaction, &news).await?;
            transaction.commit().await
        };
        put.await
            .map_err(|cause| failure("could not keep an operation", cause))
    }

    /// One operation.
    pub async fn operation(&self, id: &ObjectId) -> Result<Option<Operation>> {
        let select = format!("SELECT {COLUMNS} FROM operations WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read an operation", cause))?;
        row.as_ref().map(operation).transpose()
    }

    /// Operations of a project, newest first; of one object where `object` is not empty; before this one
    /// where `before` is not empty.
    pub async fn operations(
        &self,
        project: &str,
        (object, before): (&str, &str),
        limit: u32,
    ) -> Result<Vec<Operation>> {
        let select = format!(
            "SELECT {COLUMNS} FROM operations WHERE project = $1 AND ($2 = '' OR object = $2) \
             AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(project)
            .bind(object)
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not list the operations", cause))?;
        rows.iter().map(operation).collect()
    }

    /// Those under way, of all projects: what a server that starts finds left over.
    pub async fn running_operations(&self) -> Result<Vec<Operation>> {
        let select =
            format!("SELECT {COLUMNS} FROM operations WHERE state = 'running' ORDER BY id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not list the operations", cause))?;
        rows.iter().map(operation).collect()
    }
}

fn operation(row: &AnyRow) -> Result<Operation> {
    let result: Option<String> = row.get(8);
    let result = result.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Operation {
        id: ObjectId::new(row.get::<String, _>(0)),
        project: row.get(1),
        kind: row.get(2),
        object: row.get(3),
        state: read_word("the state of an operation", row.get(4))?,
        server: row.get(5),
        done: row.get(6),
        total: row.get(7),
        result: result.map_err(|cause| unreadable("the result of an operation", cause))?,
        asked_by: row.get(9),
        started_at: row.get(10),
        ended_at: row.get(11),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::on_each_database;

    #[tokio::test]
    async fn an_operation_is_followed_to_its_end() {
        on_each_database(async |store: Store| {
            let mut operation = Operation {
                id: ObjectId::generate(),
                project: "p".to_owned(),
                kind: "generate".to_owned(),
                object: "m".to_owned(),
                state: OperationState::Running,
                server: "s".to_owned(),
                done: 0,
                total: 2,
                result: None,
                asked_by: "ann".to_owned(),
                started_at: 5,
                ended_at: None,
            };
            store.put_operation(&operation, 5).await.unwrap();
            assert_eq!(
                store.running_operations().await.unwrap(),
                [operation.clone()]
            );
            operation.done = 2;
            operation.state = OperationState::Succeeded;
            operation.result = Some(json!({ "made": 2 }));
            operation.ended_at = Some(9);
            store.put_operation(&operation, 9).await.unwrap();
            assert!(store.running_operations().await.unwrap().is_empty());
            let listed = store.operations("p", ("m", ""), 5).await.unwrap();
            assert_eq!(listed, [operation.clone()]);
            let found = store.operation(&operation.id).await.unwrap();
            assert_eq!(found, Some(operation));
            let told = store.events(0, 10).await.unwrap();
            let done: Vec<_> = told
                .iter()
                .map(|event| event.json["done"].clone())
                .collect();
            assert_eq!(done, [0, 2]);
        })
        .await;
    }
}
