//! What is asked for under a key is made once, however often it is asked for; and forgotten in time.

use model::{Error, ErrorKind, ObjectId, Result, Side};
use sqlx::Row;

use super::{COLUMNS, Noun, Stored, insert, stored, taken, text};
use crate::audit::By;
use crate::failure::{failure, is_taken};
use crate::open::Store;

impl Store {
    /// Keeps a new document under a key of whoever asks; where the key was used, what was kept then. The
    /// digest tells what is asked for: `KEY_TAKEN` where something else was.
    pub async fn create_once<T: Noun>(
        &self,
        by: &By,
        (project, name): (&str, &str),
        body: T,
        (key, digest): (&str, &str),
    ) -> Result<Stored<T>> {
        let new = Stored {
            id: ObjectId::generate(),
            project: project.to_owned(),
            name: name.to_owned(),
            edition: 1,
            changed_at: by.at,
            changed_by: by.person.clone(),
            body,
        };
        let text = text(&new.body)?;
        let kept = async {
            let mut transaction = self.begin().await?;
            insert(&mut transaction, by, (&new, &text), Some((key, digest))).await?;
            transaction.commit().await
        };
        match kept.await {
            Ok(()) => Ok(new),
            Err(cause) if is_taken(&cause) => {
                let there = self.kept_once(project, (key, digest)).await?;
                there.ok_or_else(|| taken::<T>(name))
            }
            Err(cause) => Err(failure(
                &format!("could not keep the {} {name:?}", T::KIND),
                cause,
            )),
        }
    }

    /// What was kept under this key, where it was.
    pub async fn kept_once<T: Noun>(
        &self,
        project: &str,
        (key, digest): (&str, &str),
    ) -> Result<Option<Stored<T>>> {
        let found = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS}, request_digest FROM objects \
             WHERE kind = $1 AND project = $2 AND request_key = $3"
        )))
        .bind(T::KIND)
        .bind(project)
        .bind(key)
        .fetch_optional(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not read a {}", T::KIND), cause))?;
        let Some(row) = found else { return Ok(None) };
        if row.get::<Option<String>, _>(7).as_deref() != Some(digest) {
            let message = format!("under the key {key:?} something else was asked for");
            return Err(Error::new(ErrorKind::Conflict, "KEY_TAKEN", message)
                .on(Side::Store)
                .hint("choose another key, or ask for the same again"));
        }
        stored(&row).map(Some)
    }

    /// Forgets what made instances and has none any more: documents of this kind that were last changed
    /// before this moment, and that are no instance's origin. How many.
    pub async fn forget_origins<T: Noun>(&self, before: i64) -> Result<u64> {
        let forgotten = sqlx::query(
            "DELETE FROM objects WHERE kind = $1 AND changed_at < $2 AND NOT EXISTS \
             (SELECT 1 FROM instances WHERE origin <> '' AND origin = objects.id)",
        )
        .bind(T::KIND)
        .bind(before)
        .execute(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not forget each {}", T::KIND), cause))?;
        Ok(forgotten.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::suite::on_each_database;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Box(String);

    impl Noun for Box {
        const KIND: &'static str = "box";
    }

    fn by() -> By {
        By {
            person: "ann".to_owned(),
            at: 7,
            ..By::default()
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_twice_under_a_key_is_kept_once() {
        on_each_database(async |store: Store| {
            let ask = async |project: &str, name: &str, asked: (&str, &str)| {
                let body = Box(name.to_owned());
                store.create_once(&by(), (project, name), body, asked).await
            };
            let first = ask("p", "a", ("k", "same")).await.unwrap();
            let again = ask("p", "b", ("k", "same")).await.unwrap();
            assert_eq!((&again.id, again.name.as_str()), (&first.id, "a"));
            let other = ask("p", "c", ("k", "other")).await.unwrap_err();
            assert_eq!((other.code, other.kind), ("KEY_TAKEN", ErrorKind::Conflict));
            let name = ask("p", "a", ("l", "same")).await.unwrap_err();
            assert_eq!(name.code, "NAME_TAKEN");
            let elsewhere = ask("q", "a", ("k", "other")).await.unwrap();
            assert_ne!(elsewhere.id, first.id);
            let found = store.kept_once::<Box>("p", ("k", "same")).await.unwrap();
            assert_eq!(found, Some(first));
            let none = store.kept_once::<Box>("p", ("l", "same")).await.unwrap();
            assert_eq!(none, None);

            let asked = ("two", "at once");
            let (one, two) = tokio::join!(ask("p", "x", asked), ask("p", "y", asked));
            assert_eq!(one.unwrap().id, two.unwrap().id);
        })
        .await;
    }
}
