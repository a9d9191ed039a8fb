//! Journals: append-only lines of a run, durable when [`Store::append`] returns.

use model::{Result, RunId};
use sqlx::Row;

use crate::open::{Store, failure};

/// One line of a journal; what it says is the engine's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place, from 1, without holes.
    pub sequence: i64,
    /// The engine's word for it.
    pub kind: String,
    /// The engine's document.
    pub json: String,
}

impl Store {
    /// Appends one line; it survives a power cut once this returns.
    pub async fn append(&self, run: &RunId, kind: &str, json: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO journal (run, sequence, kind, json) \
             SELECT $1, COALESCE(MAX(sequence), 0) + 1, $2, $3 FROM journal WHERE run = $1",
        )
        .bind(run.as_str())
        .bind(kind)
        .bind(json)
        .execute(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not append to the journal of {run}"), cause))?;
        Ok(())
    }

    /// All lines of a run, in order.
    pub async fn records(&self, run: &RunId) -> Result<Vec<Record>> {
        let rows = sqlx::query(
            "SELECT sequence, kind, json FROM journal WHERE run = $1 ORDER BY sequence",
        )
        .bind(run.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not read the journal of {run}"), cause))?;
        Ok(rows
            .into_iter()
            .map(|row| Record {
                sequence: row.get(0),
                kind: row.get(1),
                json: row.get(2),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_back_in_order_and_by_run() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let (one, other) = (RunId::generate(), RunId::generate());
        for number in 0..12 {
            store
                .append(&one, "line", &number.to_string())
                .await
                .unwrap();
        }
        store.append(&other, "line", "x").await.unwrap();
        let lines = store.records(&one).await.unwrap();
        let expected: Vec<_> = (0..12)
            .map(|number| (number + 1, number.to_string()))
            .collect();
        let found: Vec<_> = lines
            .into_iter()
            .map(|line| (line.sequence, line.json))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(store.records(&other).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn lines_appended_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let run = RunId::generate();
        let mut appends = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (store, run) = (store.clone(), run.clone());
            appends.spawn(async move { store.append(&run, "k", &number.to_string()).await });
        }
        for appended in appends.join_all().await {
            appended.unwrap();
        }
        let lines = store.records(&run).await.unwrap();
        assert!(lines.iter().map(|line| line.sequence).eq(1..=20));
    }

    #[tokio::test]
    async fn another_opening_sees_what_was_appended() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::generate();
        let first = Store::open(folder.path()).await.unwrap();
        first.append(&run, "intent", "{}").await.unwrap();
        let second = Store::open(folder.path()).await.unwrap();
        assert_eq!(second.records(&run).await.unwrap()[0].kind, "intent");
    }
}
