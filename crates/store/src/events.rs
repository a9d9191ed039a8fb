//! What those who watch are told: numbered, kept for a while, so that who was away hears what it missed.

use model::Result;
use serde_json::Value as Json;
use sqlx::{Any, Row, Transaction};

use crate::failure::{failure, unreadable};
use crate::open::{Store, next};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Later ones have higher numbers.
    pub sequence: i64,
    /// In which project; empty where in none.
    pub project: String,
    /// What happened: `instance`, `operation`, `object`.
    pub kind: String,
    /// To what, by id.
    pub subject: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What there is to tell.
    pub json: Json,
}

/// What is to be told, once the transaction is done.
pub(crate) struct News<'a> {
    pub(crate) project: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) at: i64,
    pub(crate) json: &'a Json,
}

pub(crate) async fn tell(
    transaction: &mut Transaction<'static, Any>,
    news: &News<'_>,
) -> std::result::Result<(), sqlx::Error> {
    let sequence = next(transaction, "event", 1).await?;
    sqlx::query(
        "INSERT INTO events (sequence, project, kind, subject, at, json) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(sequence)
    .bind(news.project)
    .bind(news.kind)
    .bind(news.subject)
    .bind(news.at)
    .bind(news.json.to_string())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl Store {
    /// Tells what happened, all at once; the numbers are given here, whatever stands in the events.
    pub async fn tell(&self, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let told = async {
            let mut transaction = self.begin().await?;
            for event in events {
                let news = News {
                    project: &event.project,
                    kind: &event.kind,
                    subject: &event.subject,
                    at: event.at,
                    json: &event.json,
                };
                tell(&mut transaction, &news).await?;
            }
            transaction.commit().await
        };
        told.await
            .map_err(|cause| failure("could not tell what happened", cause))
    }

    /// Events after this number, oldest first, at most `limit`.
    pub async fn events(&self, after: i64, limit: u32) -> Result<Vec<Event>> {
        let rows = sqlx::query(
            "SELECT sequence, project, kind, subject, at, json FROM events \
             WHERE sequence > $1 ORDER BY sequence LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the events", cause))?;
        let events = rows.iter().map(|row| {
            let text: String = row.get(5);
            Ok(Event {
                sequence: row.get(0),
                project: row.get(1),
                kind: row.get(2),
                subject: row.get(3),
                at: row.get(4),
                json: serde_json::from_str(&text).map_err(|cause| unreadable("an event", cause))?,
            })
        });
        events.collect()
    }

    /// The last event's number: who watches from now on starts behind it.
    pub async fn last_event(&self) -> Result<i64> {
        sqlx::query_scalar("SELECT value FROM counters WHERE name = 'event'")
            .fetch_one(&self.pool)
            .await
            .map_err(|cause| failure("could not read the events", cause))
    }

    /// Up to where somebody who follows the events has come; `None` where they never began.
    pub async fn bookmark(&self, reader: &str) -> Result<Option<i64>> {
        sqlx::query_scalar("SELECT value FROM counters WHERE name = $1")
            .bind(bookmark(reader))
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read the events", cause))
    }

    /// Keeps up to where somebody who follows the events has come.
    pub async fn keep_bookmark(&self, reader: &str, value: i64) -> Result<()> {
        let kept = async {
            let mut transaction = self.begin().await?;
            sqlx::query(
                "INSERT INTO counters (name, value) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET value = $2",
            )
            .bind(bookmark(reader))
            .bind(value)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        };
        kept.await
            .map_err(|cause| failure("could not keep a bookmark", cause))
    }

    /// Forgets events older than this moment. How many.
    pub async fn cut_events(&self, before: i64) -> Result<u64> {
        let cut = sqlx::query("DELETE FROM events WHERE at < $1")
            .bind(before)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not cut the events", cause))?;
        Ok(cut.rows_affected())
    }
}

/// What a reader's place is kept as, beside the numbers that only grow.
fn bookmark(reader: &str) -> String {
    format!("bookmark/{reader}")
}
