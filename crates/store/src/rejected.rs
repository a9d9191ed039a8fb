//! Rejected rows: kept with their reasons, so that a person can mend them at the source.

use model::run::RejectedRow;
use model::{Result, RunId};
use sqlx::Row;

use crate::open::{Store, failure};

impl Store {
    /// Keeps rows of a run beside those kept before.
    pub async fn keep_rejected(&self, run: &RunId, rows: &[RejectedRow]) -> Result<()> {
        let doing = format!("could not keep the rejected rows of {run}");
        let failed = |cause| failure(&doing, cause);
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        for row in rows {
            sqlx::query(
                "INSERT INTO rejected_rows (run, sequence, source, split, locator, column_name, \
                 code, reason, bytes_hex) \
                 SELECT $1, COALESCE(MAX(sequence), 0) + 1, $2, $3, $4, $5, $6, $7, $8 \
                 FROM rejected_rows WHERE run = $1",
            )
            .bind(run.as_str())
            .bind(&row.table)
            .bind(&row.split)
            .bind(&row.locator)
            .bind(&row.column)
            .bind(&row.code)
            .bind(&row.reason)
            .bind(&row.bytes_hex)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Forgets the rows kept of one table of a run, by the name that they were kept with.
    pub async fn forget_rejected(&self, run: &RunId, table: &str) -> Result<()> {
        sqlx::query("DELETE FROM rejected_rows WHERE run = $1 AND source = $2")
            .bind(run.as_str())
            .bind(table)
            .execute(&self.pool)
            .await
            .map_err(|cause| {
                failure(
                    &format!("could not forget the rejected rows of {run}"),
                    cause,
                )
            })?;
        Ok(())
    }

    /// The rows kept of a run, oldest first, at most `limit`.
    pub async fn rejected(&self, run: &RunId, limit: u32) -> Result<Vec<RejectedRow>> {
        let rows = sqlx::query(
            "SELECT source, split, locator, column_name, code, reason, bytes_hex \
             FROM rejected_rows WHERE run = $1 ORDER BY sequence LIMIT $2",
        )
        .bind(run.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not read the rejected rows of {run}"), cause))?;
        Ok(rows
            .into_iter()
            .map(|row| RejectedRow {
                table: row.get(0),
                split: row.get(1),
                locator: row.get(2),
                column: row.get(3),
                code: row.get(4),
                reason: row.get(5),
                bytes_hex: row.get(6),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_are_kept_in_order_up_to_the_limit_asked() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let run = RunId::generate();
        let row = |number: u32| RejectedRow {
            table: "public.orders".to_owned(),
            split: "00000".to_owned(),
            locator: format!("id={number}"),
            column: "day".to_owned(),
            code: "ZERO_DATE".to_owned(),
            reason: "the day is zero".to_owned(),
            bytes_hex: "00".to_owned(),
        };
        let rows: Vec<_> = (0..5).map(row).collect();
        store.keep_rejected(&run, &rows[..3]).await.unwrap();
        store.keep_rejected(&run, &rows[3..]).await.unwrap();
        assert_eq!(store.rejected(&run, 100).await.unwrap(), rows);
        assert_eq!(store.rejected(&run, 2).await.unwrap(), rows[..2]);
    }

    #[tokio::test]
    async fn rows_of_one_table_of_one_run_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let (run, other_run) = (RunId::generate(), RunId::generate());
        let row = |table: &str| RejectedRow {
            table: table.to_owned(),
            split: "00000".to_owned(),
            locator: "id=1".to_owned(),
            column: "day".to_owned(),
            code: "ZERO_DATE".to_owned(),
            reason: "the day is zero".to_owned(),
            bytes_hex: "00".to_owned(),
        };
        let rows = [row("public.a"), row("public.b"), row("public.a")];
        store.keep_rejected(&run, &rows).await.unwrap();
        store.keep_rejected(&other_run, &rows).await.unwrap();
        store.forget_rejected(&run, "public.a").await.unwrap();
        store.keep_rejected(&run, &rows[..1]).await.unwrap();
        let left = store.rejected(&run, 10).await.unwrap();
        assert_eq!(left, [row("public.b"), row("public.a")]);
        assert_eq!(store.rejected(&other_run, 10).await.unwrap(), rows);
    }
}
