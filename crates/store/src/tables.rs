//! What each table looked like when it was last loaded: drift is told by it.

use std::collections::BTreeMap;

use model::{Result, RunId};
use sqlx::Row;

use crate::failure::failure;
use crate::open::Store;

/// The last successful load of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedTable {
    /// What the table looked like then, as [`model::LastShape::parse`] understands it.
    pub fingerprint: String,
    /// The run that loaded it.
    pub run: RunId,
}

impl Store {
    /// The last successful load of every table of a migration, by source table.
    pub async fn loaded(&self, migration: &str) -> Result<BTreeMap<String, LoadedTable>> {
        let rows =
            sqlx::query("SELECT source, fingerprint, run FROM loaded_tables WHERE migration = $1")
                .bind(migration)
                .fetch_all(&self.pool)
                .await
                .map_err(|cause| failure("could not read the last loads", cause))?;
        let loaded = rows.into_iter().map(|row| {
            let table = LoadedTable {
                fingerprint: row.get(1),
                run: RunId::new(row.get::<String, _>(2)),
            };
            (row.get(0), table)
        });
        Ok(loaded.collect())
    }

    /// Notes that `run` loaded these tables (source table, and what it looked like).
    pub async fn note_loaded(
        &self,
        migration: &str,
        run: &RunId,
        tables: &[(String, String)],
    ) -> Result<()> {
        let failed = |cause| failure("could not note the loaded tables", cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        for (source, fingerprint) in tables {
            sqlx::query(
                "INSERT INTO loaded_tables (migration, source, fingerprint, run) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (migration, source) \
                 DO UPDATE SET fingerprint = excluded.fingerprint, run = excluded.run",
            )
            .bind(migration)
            .bind(source)
            .bind(fingerprint)
            .bind(run.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_load_counts() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        for fingerprint in ["old", "new"] {
            let tables = [("s.t".to_owned(), fingerprint.to_owned())];
            let run = RunId::generate();
            store.note_loaded("m", &run, &tables).await.unwrap();
            let loaded = store.loaded("m").await.unwrap();
            let expected = LoadedTable {
                fingerprint: fingerprint.to_owned(),
                run,
            };
            assert_eq!(loaded["s.t"], expected);
        }
        assert!(store.loaded("other").await.unwrap().is_empty());
    }
}
