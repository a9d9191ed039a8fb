//! Journals: append-only lines of a run, durable when [`Store::append`] returns.

use std::sync::{Mutex, PoisonError};

use model::{Error, Result, RunId};
use sqlx::{Any, Row, Transaction};
use tokio::sync::oneshot;

use crate::failure::failure;
use crate::leases::lost;
use crate::open::Store;

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

/// Lines on their way into journals. Those that come while others are being made durable wait, and are
/// made durable together: one sync of the disk for all.
#[derive(Debug, Default)]
pub(crate) struct Appending(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<Line>,
    /// Whether a task is at work that takes what is in the queue.
    at_work: bool,
}

#[derive(Debug)]
struct Line {
    run: RunId,
    kind: String,
    json: String,
    done: oneshot::Sender<Result<()>>,
}

/// Why something is not written.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// The lease of this name is another's.
    Lost(String),
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Unwritten {
    fn from(cause: sqlx::Error) -> Self {
        Self::Failed(cause)
    }
}

impl Unwritten {
    pub(crate) fn told(self, doing: &str) -> Error {
        match self {
            Self::Lost(name) => lost(&name),
            Self::Failed(cause) => failure(doing, cause),
        }
    }
}

impl Appending {
    /// All lines that wait; where there are none, the one at work is done.
    fn take(&self) -> Option<Vec<Line>> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut queue.lines);
        queue.at_work = !lines.is_empty();
        queue.at_work.then_some(lines)
    }

    /// Puts a line into the queue. Whether somebody has to go to work.
    fn put(&self, line: Line) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.lines.push(line);
        !std::mem::replace(&mut queue.at_work, true)
    }
}

impl Store {
    /// Appends one line; it survives a power cut once this returns. Given up half-way, it may stand
    /// there all the same. `LEASE_LOST` where the store is fenced and the fence is not the lease's any
    /// more: nothing was appended then.
    pub async fn append(&self, run: &RunId, kind: &str, json: &str) -> Result<()> {
        let (done, told) = oneshot::channel();
        let line = Line {
            run: run.clone(),
            kind: kind.to_owned(),
            json: json.to_owned(),
            done,
        };
        if self.appending.put(line) {
            let store = self.clone();
            #[allow(
                clippy::disallowed_methods,
                reason = "ends by itself with the queue; whoever waits for a line is told"
            )]
            tokio::spawn(async move {
                while let Some(lines) = store.appending.take() {
                    store.write_all(lines).await;
                }
            });
        }
        told.await
            .unwrap_or_else(|_| Err(Error::internal("the journal was given up")))
    }

    /// Makes lines durable and tells each of them. Where they fail together, each is tried alone.
    async fn write_all(&self, lines: Vec<Line>) {
        if lines.len() > 1 && self.write(&lines).await.is_ok() {
            for line in lines {
                let _ = line.done.send(Ok(()));
            }
            return;
        }
        for line in lines {
            let written = self.write(std::slice::from_ref(&line)).await;
            let run = &line.run;
            let doing = format!("could not append to the journal of {run}");
            let _ = line.done.send(written.map_err(|cause| cause.told(&doing)));
        }
    }

    async fn write(&self, lines: &[Line]) -> std::result::Result<(), Unwritten> {
        let mut transaction = self.begin().await?;
        self.stand(&mut transaction).await?;
        for line in lines {
            sqlx::query(
                "INSERT INTO journal (run, sequence, kind, json) \
                 SELECT $1, COALESCE(MAX(sequence), 0) + 1, $2, $3 FROM journal WHERE run = $1",
            )
            .bind(line.run.as_str())
            .bind(&line.kind)
            .bind(&line.json)
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Sees to it that the fence, where there is one, is the lease's until the transaction ends: who takes
    /// the lease over waits for it, for its row is written.
    pub(crate) async fn stand(
        &self,
        transaction: &mut Transaction<'static, Any>,
    ) -> std::result::Result<(), Unwritten> {
        let Some(fence) = &self.fence else {
            return Ok(());
        };
        let stands =
            sqlx::query("UPDATE leases SET beat = beat + 1 WHERE name = $1 AND fence = $2")
                .bind(&fence.name)
                .bind(fence.fence)
                .execute(&mut **transaction)
                .await?;
        match stands.rows_affected() {
            0 => Err(Unwritten::Lost(fence.name.clone())),
            _ => Ok(()),
        }
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
    async fn a_line_that_fails_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let refused = "CREATE TRIGGER refuse BEFORE INSERT ON journal WHEN NEW.kind = 'bad' \
                       BEGIN SELECT RAISE(ABORT, 'refused'); END";
        sqlx::query(refused).execute(&store.pool).await.unwrap();
        let run = RunId::generate();
        let append = |kind| store.append(&run, kind, "{}");
        let (first, bad, good) = tokio::join!(append("first"), append("bad"), append("good"));
        assert!(first.is_ok() && bad.is_err() && good.is_ok());
        let kinds: Vec<String> = store
            .records(&run)
            .await
            .unwrap()
            .into_iter()
            .map(|line| line.kind)
            .collect();
        assert_eq!(kinds, ["first", "good"]);
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
