//! Many documents at once.

use std::collections::BTreeSet;

use model::{ObjectId, Result};
use sqlx::Row;

use super::{COLUMNS, Noun, Stored, changes, noted, stored, text};
use crate::audit::By;
use crate::failure::failure;
use crate::open::Store;
use crate::statement::Statement;

/// So many are read or written by one statement.
const AT_ONCE: usize = 500;

impl Store {
    /// Which of these are documents of this kind in the project.
    pub async fn known<T: Noun>(
        &self,
        project: &str,
        ids: &[ObjectId],
    ) -> Result<BTreeSet<ObjectId>> {
        let failed = |cause| failure(&format!("could not look for each {}", T::KIND), cause);
        let mut known = BTreeSet::new();
        for ids in ids.chunks(AT_ONCE) {
            let mut query = Statement::new("SELECT id FROM objects WHERE kind = ");
            query.bind(T::KIND).push(" AND project = ");
            query.bind(project.to_owned()).push(" AND id IN (");
            query
                .list(ids.iter().map(|id| id.as_str().to_owned()))
                .push(")");
            let rows = query.build().map_err(failed)?.fetch_all(&self.pool).await;
            let rows = rows.map_err(failed)?;
            known.extend(
                rows.iter()
                    .map(|row| ObjectId::new(row.get::<String, _>(0))),
            );
        }
        Ok(known)
    }

    /// Changes what these documents say, all or none, whoever edits them at the same time; not what they
    /// refer to. One that is gone is left out.
    pub async fn amend<T: Noun>(
        &self,
        by: &By,
        ids: &[&ObjectId],
        change: impl Fn(&ObjectId, &mut T),
    ) -> Result<()> {
        let failed = |cause| failure(&format!("could not change each {}", T::KIND), cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        for ids in ids.chunks(AT_ONCE) {
            // From here on nobody else edits them.
            let mut query =
                Statement::new("UPDATE objects SET edition = edition + 1, changed_at = ");
            query.bind(by.at).push(", changed_by = ");
            query.bind(by.person.clone()).push(" WHERE kind = ");
            query.bind(T::KIND).push(" AND id IN (");
            query.list(ids.iter().map(|id| id.as_str().to_owned()));
            query.push(&format!(") RETURNING {COLUMNS}"));
            let rows = query.build().map_err(failed)?;
            let rows = rows.fetch_all(&mut *transaction).await.map_err(failed)?;
            let mut changed: Vec<(Stored<T>, String, String)> = Vec::with_capacity(rows.len());
            for row in &rows {
                let mut found = stored::<T>(row)?;
                change(&found.id, &mut found.body);
                let new = text(&found.body)?;
                changed.push((found, row.get(6), new));
            }
            if changed.is_empty() {
                continue;
            }
            let mut query = Statement::new("WITH new (id, body) AS (");
            query.rows(&changed, |row, (found, _, new)| {
                row.bind(found.id.as_str().to_owned()).bind(new.clone());
            });
            query.push(") UPDATE objects SET body = new.body FROM new WHERE objects.id = new.id");
            let written = query.build().map_err(failed)?;
            written.execute(&mut *transaction).await.map_err(failed)?;
            for (found, old, new) in &changed {
                let name = found.name.as_str();
                let detail = changes((name, old), (name, new));
                let told = noted(&mut transaction, by, "edited", found, &detail);
                told.await.map_err(failed)?;
            }
        }
        transaction.commit().await.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::suite::on_each_database;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Box {
        number: usize,
        mark: Option<String>,
    }

    impl Noun for Box {
        const KIND: &'static str = "box";
    }

    #[tokio::test]
    async fn many_are_changed_at_once_and_each_is_told() {
        on_each_database(async |store: Store| {
            let by = By {
                person: "ann".to_owned(),
                at: 7,
                ..By::default()
            };
            let boxes = (0..1_100).map(|number| {
                let body = Box { number, mark: None };
                (format!("box {number}"), body)
            });
            let made = store.create_all(&by, "p", boxes.collect()).await.unwrap();
            let strangers = [ObjectId::generate(), ObjectId::new("é")];
            let ids: Vec<&ObjectId> = made.iter().map(|one| &one.id).chain(&strangers).collect();
            let before = store.last_event().await.unwrap();
            let change = |id: &ObjectId, one: &mut Box| one.mark = Some(id.to_string());
            store.amend(&by, &ids, change).await.unwrap();
            let last = store.get::<Box>(&made[1_099].id).await.unwrap().unwrap();
            assert_eq!((last.edition, last.body.number), (2, 1_099));
            assert_eq!(last.body.mark, Some(last.id.to_string()));
            let events = store.events(before, 5_000).await.unwrap();
            assert_eq!(events.len(), 1_100);
            assert!(events.iter().all(|event| event.json["what"] == "edited"));
            let line = store.audit(Some("p"), None, 1).await.unwrap().remove(0);
            let detail: serde_json::Value = serde_json::from_str(&line.detail).unwrap();
            assert_eq!(detail["changes"]["mark"][0], json!(null));

            let stale = store.remove(&by, &made[0]).await.unwrap_err();
            assert_eq!(stale.code, "EDITED_MEANWHILE");
            let ids: Vec<ObjectId> = ids.into_iter().cloned().collect();
            let known = store.known::<Box>("p", &ids).await.unwrap();
            assert!(known.len() == 1_100 && !known.contains(&strangers[0]));
            assert!(store.known::<Box>("q", &ids).await.unwrap().is_empty());
        })
        .await;
    }
}
