//! Who did what: lines that are only ever added, each with the digest of the one before it, in the same
//! transaction as what they tell of.

use model::Result;
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use crate::failure::failure;
use crate::open::{Store, next};

/// The digest before the first line.
const NOTHING: &str = "";

/// Who does something, from where, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct By {
    /// Who, by id.
    pub person: String,
    /// From where.
    pub address: String,
    /// The request's id.
    pub request: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditLine {
    /// Its place, from 1, without holes.
    pub sequence: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who, by id.
    pub person: String,
    /// What, such as `pipeline.edited`.
    pub action: String,
    /// In which project; empty where in none.
    pub project: String,
    /// To what, by id or name.
    pub subject: String,
    /// JSON: what changed, or why.
    pub detail: String,
    /// From where.
    pub address: String,
    /// The request's id.
    pub request: String,
    /// Of this line and all before it.
    pub digest: String,
}

impl AuditLine {
    fn digest_after(&self, previous: &str) -> String {
        let (sequence, at) = (self.sequence.to_string(), self.at.to_string());
        let mut digest = Sha256::new();
        let parts = [
            previous,
            &sequence,
            &at,
            &self.person,
            &self.action,
            &self.project,
            &self.subject,
            &self.detail,
            &self.address,
            &self.request,
        ];
        for part in parts {
            // With its length, so that no text moves from one part into the next.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let bytes = digest.finalize();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Adds a line to what the transaction does.
pub(crate) async fn note(
    transaction: &mut Transaction<'static, Any>,
    by: &By,
    action: &str,
    (project, subject): (&str, &str),
    detail: &Json,
) -> std::result::Result<(), sqlx::Error> {
    let sequence = next(transaction, "audit", 1).await?;
    let previous: Option<String> =
        sqlx::query_scalar("SELECT digest FROM audit WHERE sequence = $1")
            .bind(sequence - 1)
            .fetch_optional(&mut **transaction)
            .await?;
    let mut line = AuditLine {
        sequence,
        at: by.at,
        person: by.person.clone(),
        action: action.to_owned(),
        project: project.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_string(),
        address: by.address.clone(),
        request: by.request.clone(),
        digest: String::new(),
    };
    line.digest = line.digest_after(previous.as_deref().unwrap_or(NOTHING));
    sqlx::query(
        "INSERT INTO audit (sequence, at, person, action, project, subject, detail, address, \
         request, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(line.sequence)
    .bind(line.at)
    .bind(&line.person)
    .bind(&line.action)
    .bind(&line.project)
    .bind(&line.subject)
    .bind(&line.detail)
    .bind(&line.address)
    .bind(&line.request)
    .bind(&line.digest)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl Store {
    /// Adds a line for what leaves no other trace here: somebody logged in, was refused, read rejected rows.
    pub async fn note(
        &self,
        by: &By,
        action: &str,
        (project, subject): (&str, &str),
        detail: &Json,
    ) -> Result<()> {
        let added = async {
            let mut transaction = self.begin().await?;
            note(&mut transaction, by, action, (project, subject), detail).await?;
            transaction.commit().await
        };
        added
            .await
            .map_err(|cause| failure("could not write the audit log", cause))
    }

    /// Lines before this one (all where it is `None`), newest first, at most `limit`; of one project where
    /// `project` is given.
    pub async fn audit(
        &self,
        project: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>> {
        let rows = sqlx::query(
            "SELECT sequence, at, person, action, project, subject, detail, address, request, digest \
             FROM audit WHERE ($1 = '' OR project = $1) AND sequence < $2 \
             ORDER BY sequence DESC LIMIT $3",
        )
        .bind(project.unwrap_or_default())
        .bind(before.unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the audit log", cause))?;
        Ok(rows.iter().map(line).collect())
    }

    /// Looks through all lines: how many there are, and the first one that is not what was written, or that
    /// one is missing before.
    pub async fn verify_audit(&self) -> Result<(i64, Option<i64>)> {
        let written: i64 = sqlx::query_scalar("SELECT value FROM counters WHERE name = 'audit'")
            .fetch_one(&self.pool)
            .await
            .map_err(|cause| failure("could not read the audit log", cause))?;
        const STEP: i64 = 1_000;
        let (mut seen, mut last, mut previous) = (0, 0, None::<String>);
        loop {
            let rows = sqlx::query(
                "SELECT sequence, at, person, action, project, subject, detail, address, request, \
                 digest FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2",
            )
            .bind(last)
            .bind(STEP)
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read the audit log", cause))?;
            if rows.is_empty() {
                // Lines that were taken out at the end are missed by no line after them.
                return Ok((seen, (last < written).then_some(last + 1)));
            }
            for line in rows.iter().map(line) {
                // The oldest lines may have been taken out: the first one that is there is believed.
                let begins = previous.is_none() && line.sequence > 1;
                let before = previous.as_deref().unwrap_or(NOTHING);
                let follows = begins || line.sequence == last + 1;
                if !follows || (!begins && line.digest != line.digest_after(before)) {
                    return Ok((seen, Some(line.sequence)));
                }
                (seen, last, previous) = (seen + 1, line.sequence, Some(line.digest));
            }
        }
    }

    /// Takes out lines older than this moment, but the newest of them, which the rest follows. How many.
    pub async fn cut_audit(&self, before: i64) -> Result<u64> {
        let cut = sqlx::query(
            "DELETE FROM audit WHERE sequence < \
             (SELECT COALESCE(MAX(sequence), 0) FROM audit WHERE at < $1)",
        )
        .bind(before)
        .execute(&self.pool)
        .await
        .map_err(|cause| failure("could not cut the audit log", cause))?;
        Ok(cut.rows_affected())
    }
}

fn line(row: &AnyRow) -> AuditLine {
    AuditLine {
        sequence: row.get(0),
        at: row.get(1),
        person: row.get(2),
        action: row.get(3),
        project: row.get(4),
        subject: row.get(5),
        detail: row.get(6),
        address: row.get(7),
        request: row.get(8),
        digest: row.get(9),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::suite::on_each_database;

    #[tokio::test]
    async fn what_is_changed_or_taken_out_is_seen() {
        on_each_database(async |store: Store| {
            let by = By {
                person: "ann".to_owned(),
                at: 5,
                ..By::default()
            };
            for name in ["a", "b", "c", "d"] {
                let detail = json!({ "n": name });
                let said = store.note(&by, "thing.made", ("p", name), &detail);
                said.await.unwrap();
            }
            assert_eq!(store.verify_audit().await.unwrap(), (4, None));
            let run = async |text: &'static str| {
                sqlx::query(text).execute(&store.pool).await.unwrap();
            };
            run("UPDATE audit SET person = 'bob' WHERE sequence = 3").await;
            assert_eq!(store.verify_audit().await.unwrap(), (2, Some(3)));
            run("UPDATE audit SET person = 'ann' WHERE sequence = 3").await;
            run("DELETE FROM audit WHERE sequence = 2").await;
            assert_eq!(store.verify_audit().await.unwrap(), (1, Some(3)));
            run("DELETE FROM audit WHERE sequence = 1").await;
            assert_eq!(store.verify_audit().await.unwrap(), (2, None));
            run("DELETE FROM audit WHERE sequence = 4").await;
            assert_eq!(store.verify_audit().await.unwrap(), (1, Some(4)));
            run("DELETE FROM audit").await;
            assert_eq!(store.verify_audit().await.unwrap(), (0, Some(1)));
        })
        .await;
    }

    #[tokio::test]
    async fn old_lines_are_cut_and_the_rest_holds() {
        on_each_database(async |store: Store| {
            for at in 1..=5 {
                let by = By {
                    at,
                    ..By::default()
                };
                let said = store.note(&by, "thing.made", ("", "x"), &Json::Null);
                said.await.unwrap();
            }
            assert_eq!(store.cut_audit(4).await.unwrap(), 2);
            assert_eq!(store.verify_audit().await.unwrap(), (3, None));
            let lines = store.audit(None, Some(5), 10).await.unwrap();
            let at: Vec<i64> = lines.iter().map(|line| line.at).collect();
            assert_eq!(at, [4, 3]);
        })
        .await;
    }
}
