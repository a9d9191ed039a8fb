//! Runs: one line each, from the moment they start, refused ones included.

mod forgetting;

use model::plan::{Part, Plan};
use model::run::{RunReport, RunState};
use model::{Result, RunId};
use serde::Serialize;
use serde_json::Value as Json;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::failure::failure;
use crate::journal::Unwritten;
use crate::open::Store;
use crate::words::{read, read_word, word, written};

const COLUMNS: &str = "id, migration, state, started_at, ended_at, bizdate, part, digest, spec, \
                       plan, report, settled, replays";

/// A run that starts.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    /// Its id.
    pub id: RunId,
    /// The migration's name.
    pub migration: &'a str,
    /// When, as RFC 3339.
    pub started_at: String,
    /// `yyyymmdd`.
    pub bizdate: &'a str,
    /// Which part of the method.
    pub part: Part,
    /// What the person wrote, as far as a resumed run must find it again.
    pub spec: Option<&'a Json>,
    /// What it carries out; `None` where it never came to a plan.
    pub plan: Option<&'a Plan>,
    /// The run whose rejected rows it reads again.
    pub replays: Option<&'a RunId>,
}

/// A run as it is remembered.
#[derive(Debug, Clone, Serialize)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// The migration's name.
    pub migration: String,
    /// `running` where it is under way, or its process died.
    pub state: RunState,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// `yyyymmdd`.
    pub bizdate: String,
    /// Which part of the method.
    pub part: Part,
    /// The plan's digest; empty where it never came to a plan.
    pub digest: String,
    /// What the person wrote.
    #[serde(skip)]
    pub spec: Option<Json>,
    /// What it carries out.
    #[serde(skip)]
    pub plan: Option<Plan>,
    /// What came of it.
    pub report: Option<RunReport>,
    /// Whether a later run has settled what this one left.
    pub settled: bool,
    /// The run whose rejected rows it reads again.
    pub replays: Option<RunId>,
}

impl Store {
    /// Notes that a run starts, in state `running`.
    pub async fn start_run(&self, run: NewRun<'_>) -> Result<()> {
        let spec = run.spec.map(|spec| written("the spec", spec)).transpose()?;
        let plan = run.plan.map(|plan| written("the plan", plan)).transpose()?;
        sqlx::query(
            "INSERT INTO runs (id, migration, state, started_at, bizdate, part, digest, spec, \
             plan, replays) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(run.id.as_str())
        .bind(run.migration)
        .bind(word(&RunState::Running)?)
        .bind(&run.started_at)
        .bind(run.bizdate)
        .bind(word(&run.part)?)
        .bind(run.plan.map_or("", |plan| &plan.digest))
        .bind(spec)
        .bind(plan)
        .bind(run.replays.map(RunId::as_str))
        .execute(&self.pool)
        .await
        .map_err(|cause| failure("could not note the start of the run", cause))?;
        Ok(())
    }

    /// Notes that a run is taken up again: it is `running`, its old report stays until the new one.
    pub async fn reopen_run(&self, run: &RunId) -> Result<()> {
        sqlx::query("UPDATE runs SET state = $2, ended_at = NULL WHERE id = $1")
            .bind(run.as_str())
            .bind(word(&RunState::Running)?)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not note that the run goes on", cause))?;
        Ok(())
    }

    /// Keeps the report and its state. `LEASE_LOST` where the store is fenced and the fence is not the
    /// lease's any more.
    pub async fn end_run(&self, report: &RunReport, ended_at: &str) -> Result<()> {
        let (state, text) = (word(&report.state)?, written("the report", report)?);
        let end = async {
            let mut transaction = self.begin().await?;
            self.stand(&mut transaction).await?;
            sqlx::query("UPDATE runs SET state = $2, ended_at = $3, report = $4 WHERE id = $1")
                .bind(report.run.as_str())
                .bind(state)
                .bind(ended_at)
                .bind(text)
                .execute(&mut *transaction)
                .await?;
            Ok(transaction.commit().await?)
        };
        let ended: std::result::Result<(), Unwritten> = end.await;
        ended.map_err(|cause| cause.told("could not keep the report of the run"))
    }

    /// Notes that nothing is left to settle of a run: a later one took its place.
    pub async fn mark_settled(&self, run: &RunId) -> Result<()> {
        sqlx::query("UPDATE runs SET settled = 1 WHERE id = $1")
            .bind(run.as_str())
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not mark the run as settled", cause))?;
        Ok(())
    }

    /// One run.
    pub async fn run(&self, id: &RunId) -> Result<Option<RunRecord>> {
        let found = self
            .select_runs("WHERE id = $1 ORDER BY id DESC LIMIT $2", id.as_str(), 1)
            .await?;
        Ok(found.into_iter().next())
    }

    /// Runs, newest first, at most `limit`; of one migration where `migration` is given.
    pub async fn runs(&self, migration: Option<&str>, limit: u32) -> Result<Vec<RunRecord>> {
        match migration {
            Some(name) => {
                self.select_runs(
                    "WHERE migration = $1 ORDER BY id DESC LIMIT $2",
                    name,
                    limit,
                )
                .await
            }
            None => {
                self.select_runs("WHERE $1 = '' ORDER BY id DESC LIMIT $2", "", limit)
                    .await
            }
        }
    }

    /// The migration's last run that came to carry out a plan, whatever came of it.
    pub async fn last_started(&self, migration: &str) -> Result<Option<RunRecord>> {
        let found = self
            .select_runs(
                "WHERE migration = $1 AND state <> 'refused' AND plan IS NOT NULL \
                 ORDER BY id DESC LIMIT $2",
                migration,
                1,
            )
            .await?;
        Ok(found.into_iter().next())
    }

    /// The runs of a migration that came to carry out a plan after this one, replays left out; oldest
    /// first.
    pub async fn loads_since(&self, migration: &str, run: &RunId) -> Result<Vec<RunId>> {
        let rows = sqlx::query(
            "SELECT id FROM runs WHERE migration = $1 AND id > $2 AND plan IS NOT NULL \
             AND replays IS NULL ORDER BY id",
        )
        .bind(migration)
        .bind(run.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the runs since", cause))?;
        Ok(rows
            .into_iter()
            .map(|row| RunId::new(row.get::<String, _>(0)))
            .collect())
    }

    /// The runs that read again what this one rejected, newest first.
    pub async fn replays(&self, run: &RunId) -> Result<Vec<RunRecord>> {
        let rest = "WHERE replays = $1 ORDER BY id DESC LIMIT $2";
        self.select_runs(rest, run.as_str(), u32::MAX).await
    }

    async fn select_runs(
        &self,
        rest: &'static str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<RunRecord>> {
        let statement = format!("SELECT {COLUMNS} FROM runs {rest}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read the runs", cause))?;
        rows.iter().map(record).collect()
    }
}

fn record(row: &AnyRow) -> Result<RunRecord> {
    Ok(RunRecord {
        id: RunId::new(row.get::<String, _>(0)),
        migration: row.get(1),
        state: read_word("the state of a run", row.get(2))?,
        started_at: row.get(3),
        ended_at: row.get(4),
        bizdate: row.get(5),
        part: read_word("the part of a run", row.get(6))?,
        digest: row.get(7),
        spec: read("the spec of a run", row.get(8))?,
        plan: read("the plan of a run", row.get(9))?,
        report: read("the report of a run", row.get(10))?,
        settled: row.get::<i64, _>(11) != 0,
        replays: row.get::<Option<String>, _>(12).map(RunId::new),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let end = serde_json::json!({"data_source": "a", "connector": "b"});
        serde_json::from_value(serde_json::json!({
            "digest": "d", "migration": "shop", "environment": "production",
            "bizdate": "20240505", "part": "daily", "source": end, "destination": end,
            "time_zone": "UTC", "pipelines": [], "refused": [], "findings": [],
            "policy": {
                "consistency": "snapshot", "verify": "counts", "rejected_rows": {},
                "empty_overwrite": "refuse", "on_lost_snapshot": "fail", "run": {},
            },
        }))
        .unwrap()
    }

    fn start<'a>(id: &RunId, plan: Option<&'a Plan>) -> NewRun<'a> {
        NewRun {
            id: id.clone(),
            migration: "shop",
            started_at: "2024-05-06T07:08:09Z".to_owned(),
            bizdate: "20240505",
            part: Part::Daily,
            spec: None,
            plan,
            replays: None,
        }
    }

    fn report(id: &RunId, state: RunState) -> RunReport {
        RunReport {
            run: id.clone(),
            migration: "shop".to_owned(),
            state,
            bizdate: "20240505".to_owned(),
            rows: 1,
            bytes: 2,
            seconds: 0.5,
            tables: Vec::new(),
            moments: 1,
            findings: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_run_is_remembered_from_start_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let id = RunId::generate();
        store.start_run(start(&id, None)).await.unwrap();
        let run = store.run(&id).await.unwrap().unwrap();
        assert_eq!((run.state, run.part), (RunState::Running, Part::Daily));
        let report = report(&id, RunState::Partial);
        store
            .end_run(&report, "2024-05-06T07:09:00Z")
            .await
            .unwrap();
        let run = store.run(&id).await.unwrap().unwrap();
        assert_eq!((run.state, run.report), (RunState::Partial, Some(report)));
        store.reopen_run(&id).await.unwrap();
        let run = store.run(&id).await.unwrap().unwrap();
        assert_eq!((run.state, run.ended_at), (RunState::Running, None));
        assert!(store.run(&RunId::new("nothing")).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_never_began_does_not_hide_the_unfinished_run_before_it() {
        let plan = plan();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let (died, refused) = (RunId::generate(), RunId::generate());
        store.start_run(start(&died, Some(&plan))).await.unwrap();
        store.start_run(start(&refused, Some(&plan))).await.unwrap();
        let cancelled = RunId::generate();
        store.start_run(start(&cancelled, None)).await.unwrap();
        let report = report(&refused, RunState::Refused);
        store
            .end_run(&report, "2024-05-06T07:09:00Z")
            .await
            .unwrap();
        let last = store.last_started("shop").await.unwrap().unwrap();
        assert_eq!((last.id, last.plan), (died.clone(), Some(plan)));
        let newest_first: Vec<_> = store
            .runs(Some("shop"), 10)
            .await
            .unwrap()
            .into_iter()
            .map(|run| run.id)
            .collect();
        assert_eq!(newest_first, [cancelled, refused, died.clone()]);
        assert!(store.runs(Some("other"), 10).await.unwrap().is_empty());
        store.mark_settled(&died).await.unwrap();
        assert!(store.run(&died).await.unwrap().unwrap().settled);
    }
}
