//! Runs of a service that nobody names any more are forgotten, with their journals and rejected rows. Those that
//! a person started by a file stay.

use std::collections::BTreeSet;

use model::run::{RunReport, TableState};
use model::{Result, RunId};
use sqlx::Row;

use crate::failure::failure;
use crate::open::{Store, folder_error};
use crate::statement::Statement;

/// So many runs are asked for by one statement.
const AT_ONCE: usize = 500;

impl Store {
    /// Runs that are running, though each attempt that they are of has ended, with the servers of these: who carried
    /// them out has gone before it could say so.
    pub async fn left_running(&self) -> Result<Vec<(RunId, String)>> {
        let rows = sqlx::query(
            "SELECT DISTINCT runs.id, attempts.server FROM runs \
             JOIN attempts ON attempts.run = runs.id WHERE runs.state = 'running' \
             AND NOT EXISTS (SELECT 1 FROM attempts AS open WHERE open.run = runs.id \
             AND open.ended_at IS NULL) ORDER BY runs.id",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the runs", cause))?;
        let runs = rows
            .iter()
            .map(|row| (RunId::new(row.get::<String, _>(0)), row.get(1)));
        Ok(runs.collect())
    }

    /// Runs under this name and of this business date that started within these seconds, written as runs are:
    /// the last one first.
    pub async fn runs_between(
        &self,
        (name, bizdate): (&str, &str),
        (from, to): (&str, &str),
    ) -> Result<Vec<RunId>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE migration = $1 AND bizdate = $2 \
             AND started_at >= $3 AND started_at <= $4 ORDER BY id DESC",
        )
        .bind(name)
        .bind(bizdate)
        .bind(from)
        .bind(to)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the runs", cause))?;
        Ok(rows.into_iter().map(RunId::new).collect())
    }

    /// Forgets runs of a service that have ended, that started before this moment, and that nothing names: no
    /// attempt of an instance, and not what a table looked like when it was loaded last. At most `limit`; how
    /// many. Their rejected rows are taken away by [`Store::sweep_rejected`].
    pub async fn forget_runs(
        &self,
        (stamp, millis): (&str, i64),
        now: i64,
        limit: u32,
    ) -> Result<u64> {
        let forgotten = async {
            // A service calls runs `project/migration/environment/part`, and no name has a slash. An attempt
            // whose server went before it could note its run has it looked for by its business date.
            let rows = sqlx::query(
                "SELECT id, report FROM runs WHERE started_at < $1 AND state <> 'running' \
                 AND LENGTH(migration) - LENGTH(REPLACE(migration, '/', '')) = 3 \
                 AND NOT EXISTS (SELECT 1 FROM attempts WHERE run = runs.id) \
                 AND NOT EXISTS (SELECT 1 FROM loaded_tables WHERE run = runs.id) \
                 AND bizdate NOT IN (SELECT instances.bizdate FROM attempts \
                 JOIN instances ON instances.id = attempts.instance \
                 WHERE run IS NULL AND attempts.started_at < $2) ORDER BY started_at, id LIMIT $3",
            )
            .bind(stamp)
            .bind(millis)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
            if rows.is_empty() {
                return Ok(0);
            }
            let ids: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let with_rejected = rows.iter().filter(|row| rejected(row.get(1)));
            let with_rejected: Vec<String> = with_rejected.map(|row| row.get(0)).collect();
            let mut transaction = self.begin().await?;
            if !with_rejected.is_empty() {
                let mut query = Statement::new("INSERT INTO forgotten_runs (run, at)");
                query.rows(with_rejected, |row, run| {
                    row.bind(run).bind(now);
                });
                query.push(" ON CONFLICT DO NOTHING");
                query.build()?.execute(&mut *transaction).await?;
            }
            for statement in [
                "DELETE FROM journal WHERE run IN (",
                "DELETE FROM runs WHERE id IN (",
            ] {
                let mut query = Statement::new(statement);
                query.list(ids.iter().cloned()).push(")");
                query.build()?.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(ids.len() as u64)
        };
        forgotten
            .await
            .map_err(|cause| failure("could not forget old runs", cause))
    }

    /// Takes the rejected rows of forgotten runs out of this server's folder.
    pub async fn sweep_rejected(&self) -> Result<()> {
        let folder = self.folder().join("rejected");
        let failed = |cause| folder_error(&folder, &cause);
        let mut entries = match tokio::fs::read_dir(&folder).await {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(failed(cause)),
        };
        let mut runs = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            runs.extend(entry.file_name().into_string());
        }
        for runs in runs.chunks(AT_ONCE) {
            for run in self.forgotten(runs).await? {
                let folder = self.rejected_folder(&RunId::new(run));
                let removed = tokio::fs::remove_dir_all(folder).await;
                removed.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Those of these runs that are forgotten.
    async fn forgotten(&self, runs: &[String]) -> Result<BTreeSet<String>> {
        let failed = |cause| failure("could not read which runs are forgotten", cause);
        let mut query = Statement::new("SELECT run FROM forgotten_runs WHERE run IN (");
        query.list(runs.iter().cloned()).push(")");
        let rows = query.build().map_err(failed)?.fetch_all(&self.pool).await;
        Ok(rows.map_err(failed)?.iter().map(|row| row.get(0)).collect())
    }

    /// Forgets that runs were forgotten, once all servers had the time to take note.
    pub async fn cut_forgotten(&self, before: i64) -> Result<()> {
        let cut = sqlx::query("DELETE FROM forgotten_runs WHERE at < $1").bind(before);
        let cut = cut.execute(&self.pool).await;
        cut.map_err(|cause| failure("could not cut forgotten runs", cause))?;
        Ok(())
    }
}

/// Whether a run may have kept rejected rows: by its report, or because it did not come to its end.
fn rejected(report: Option<String>) -> bool {
    let Some(Ok(report)) = report.map(|text| serde_json::from_str::<RunReport>(&text)) else {
        return true;
    };
    report
        .tables
        .iter()
        .any(|table| table.rows_rejected > 0 || table.state != TableState::Succeeded)
}

#[cfg(test)]
mod tests {
    use model::ObjectId;
    use model::plan::{Environment, Part};
    use model::run::{RunState, TableReport};
    use model::schedule::{InstanceKind, InstanceState, Priority, Resources};

    use super::*;
    use crate::instances::{Move, NewInstance};
    use crate::runs::NewRun;
    use crate::suite::on_each_database;

    const LANE: &str = "p/m/production/daily";
    const OLD: (&str, i64) = ("2024-05-01T00:00:01Z", 1_714_521_601_000);
    const CUT: (&str, i64) = ("2024-05-01T00:00:02Z", 1_714_521_602_000);

    /// A run of this name and business date that began long ago, and has ended where its table has.
    async fn run(store: &Store, name: &str, bizdate: &str, state: Option<TableState>) -> RunId {
        let id = RunId::generate();
        let new = NewRun {
            id: id.clone(),
            migration: name,
            started_at: OLD.0.to_owned(),
            bizdate,
            part: Part::Daily,
            spec: None,
            plan: None,
            replays: None,
        };
        store.start_run(new).await.unwrap();
        store.append(&id, "intent", "{}").await.unwrap();
        if let Some(state) = state {
            let report = RunReport {
                run: id.clone(),
                migration: name.to_owned(),
                state: RunState::Partial,
                bizdate: bizdate.to_owned(),
                rows: 1,
                bytes: 2,
                seconds: 0.5,
                tables: vec![TableReport::blank("s.t".to_owned(), None, state)],
                moments: 1,
                findings: Vec::new(),
            };
            store.end_run(&report, OLD.0).await.unwrap();
        }
        let folder = store.rejected_folder(&id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("rows"), "x").unwrap();
        id
    }

    /// An instance that runs; its attempt knows this run.
    async fn instance(store: &Store, bizdate: &str, run: Option<&RunId>) -> i64 {
        let new = NewInstance {
            project: "p".to_owned(),
            environment: Environment::Production,
            task: ObjectId::generate(),
            task_name: "t".to_owned(),
            version: 1,
            bizdate: bizdate.to_owned(),
            slot: 0,
            kind: InstanceKind::Recurring,
            origin: String::new(),
            planned_at: 0,
            priority: Priority::Medium,
            resource_group: String::new(),
            needs: Resources::default(),
            timeout_seconds: 60,
            reruns: 0,
            rerun_seconds: 60,
            rerun_after_timeout: false,
            paused: false,
            upstream: Vec::new(),
        };
        let id = store.make_instances(OLD.1, &[new]).await.unwrap()[0];
        let one = store.instance(id).await.unwrap().unwrap();
        let start = Move::of(&one, InstanceState::Running, OLD.1);
        store.start_attempts(&[(start, "one")]).await.unwrap();
        if let Some(run) = run {
            store.note_run(&[id], run.as_str()).await.unwrap();
        }
        id
    }

    #[tokio::test]
    async fn runs_that_nobody_names_are_forgotten_with_all_that_is_theirs() {
        on_each_database(async |store: Store| {
            let ended = Some(TableState::Succeeded);
            let (of_gone, of_open) = (
                run(&store, LANE, "20240430", Some(TableState::Failed)).await,
                run(&store, LANE, "20240430", ended).await,
            );
            let (by_file, open) = (
                run(&store, "shop", "20240430", ended).await,
                run(&store, LANE, "20240430", None).await,
            );
            let (last, unnoted) = (
                run(&store, LANE, "20240430", ended).await,
                run(&store, LANE, "20240429", ended).await,
            );
            let stands = [
                of_open.clone(),
                by_file,
                open,
                last.clone(),
                unnoted.clone(),
            ];
            let tables = [("s.t".to_owned(), "looked so".to_owned())];
            store.note_loaded(LANE, &last, &tables).await.unwrap();
            let gone = instance(&store, "20240430", Some(&of_gone)).await;
            instance(&store, "20240430", Some(&of_open)).await;
            let lost = instance(&store, "20240429", None).await;
            let forget = async |cut: (&str, i64)| store.forget_runs(cut, cut.1, 10).await.unwrap();
            assert_eq!(forget(CUT).await, 0, "all are named, or may be");

            let end = async |id: i64| {
                let one = store.instance(id).await.unwrap().unwrap();
                let step = Move::of(&one, InstanceState::Succeeded, OLD.1);
                store.end_attempt(&step, "succeeded", None).await.unwrap();
            };
            end(gone).await;
            assert_eq!(store.cut_instances(CUT.1, 10).await.unwrap(), 1);
            assert_eq!(forget(OLD).await, 0, "it is not old enough");
            assert_eq!(forget(CUT).await, 1);
            assert!(store.run(&of_gone).await.unwrap().is_none());
            assert!(store.records(&of_gone).await.unwrap().is_empty());
            for run in &stands {
                assert!(store.run(run).await.unwrap().is_some());
                assert_eq!(store.records(run).await.unwrap().len(), 1);
            }
            assert!(store.rejected_folder(&of_gone).exists());
            store.sweep_rejected().await.unwrap();
            assert!(!store.rejected_folder(&of_gone).exists());
            assert!(stands.iter().all(|run| store.rejected_folder(run).exists()));

            end(lost).await;
            store.cut_instances(CUT.1, 10).await.unwrap();
            assert_eq!(forget(CUT).await, 1);
            assert!(store.run(&unnoted).await.unwrap().is_none());
            assert_eq!(store.loaded(LANE).await.unwrap().len(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn a_server_that_was_away_takes_rejected_rows_away_when_it_is_back() {
        on_each_database(async |store: Store| {
            let forgotten = run(&store, LANE, "20240430", Some(TableState::Failed)).await;
            let unknown = store.rejected_folder(&RunId::generate());
            std::fs::create_dir_all(&unknown).unwrap();
            store.forget_runs(CUT, 5, 10).await.unwrap();
            store.cut_forgotten(5).await.unwrap();
            store.sweep_rejected().await.unwrap();
            assert!(!store.rejected_folder(&forgotten).exists());
            assert!(unknown.exists(), "what is not known to be forgotten stays");
            store.sweep_rejected().await.unwrap();
            store.cut_forgotten(6).await.unwrap();
            let again = store.rejected_folder(&forgotten);
            std::fs::create_dir_all(&again).unwrap();
            store.sweep_rejected().await.unwrap();
            assert!(again.exists());
        })
        .await;
    }
}
