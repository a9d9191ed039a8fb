//! What people make: projects, data sources, migrations, pipelines and the like. One document each, with a
//! name, an edition that grows with each edit, and links to what it refers to. What it says is the service's
//! business.

mod many;
mod once;

use model::{Error, ErrorKind, ObjectId, Result, Side};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use crate::audit::{By, note};
use crate::events::{News, tell};
use crate::failure::{failure, is_taken, unreadable};
use crate::open::Store;

/// A kind of document.
pub trait Noun: Serialize + DeserializeOwned + Send + Sync {
    /// What it is called, in one word with dashes: `data-source`.
    const KIND: &'static str;

    /// What it refers to.
    fn links(&self) -> Vec<Link> {
        Vec::new()
    }
}

/// That an object refers to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As what: `source`, `folder`.
    pub role: &'static str,
    /// To which.
    pub target: ObjectId,
}

/// A document as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// Its id.
    pub id: ObjectId,
    /// Its project; empty where it belongs to the whole installation.
    pub project: String,
    /// Unique among those of its kind in its project.
    pub name: String,
    /// Grows with each edit.
    pub edition: i64,
    /// When it was last changed, in milliseconds since 1970.
    pub changed_at: i64,
    /// By whom.
    pub changed_by: String,
    /// What it says.
    pub body: T,
}

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Those whose names come after this one; all where it is empty.
    pub after: String,
    /// Those whose names hold this; all where it is empty.
    pub containing: String,
    /// At most so many.
    pub limit: u32,
}

/// Who refers to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reference {
    /// Its id.
    pub id: ObjectId,
    /// Its kind.
    pub kind: String,
    /// Its project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// As what it refers to the object.
    pub role: String,
}

const COLUMNS: &str = "id, project, name, edition, changed_at, changed_by, body";

impl Store {
    /// Keeps a new document. `NAME_TAKEN` where one of its kind has that name in the project.
    pub async fn create<T: Noun>(
        &self,
        by: &By,
        (project, name): (&str, &str),
        body: T,
    ) -> Result<Stored<T>> {
        let made = self.create_all(by, project, vec![(name.to_owned(), body)]);
        let mut made = made.await?;
        made.pop()
            .ok_or_else(|| Error::internal("what was made is not there"))
    }

    /// Keeps new documents, all or none.
    pub async fn create_all<T: Noun>(
        &self,
        by: &By,
        project: &str,
        bodies: Vec<(String, T)>,
    ) -> Result<Vec<Stored<T>>> {
        let doing = |name: &str| format!("could not keep the {} {name:?}", T::KIND);
        let failed = |cause| failure(&format!("could not keep the {}", T::KIND), cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        let mut made = Vec::with_capacity(bodies.len());
        for (name, body) in bodies {
            let stored = Stored {
                id: ObjectId::generate(),
                project: project.to_owned(),
                name,
                edition: 1,
                changed_at: by.at,
                changed_by: by.person.clone(),
                body,
            };
            let text = text(&stored.body)?;
            let written = insert(&mut transaction, by, (&stored, &text), None).await;
            written.map_err(|cause| match is_taken(&cause) {
                true => taken::<T>(&stored.name),
                false => failure(&doing(&stored.name), cause),
            })?;
            made.push(stored);
        }
        transaction.commit().await.map_err(failed)?;
        Ok(made)
    }

    /// The document of this id; `None` where there is none of this kind.
    pub async fn get<T: Noun>(&self, id: &ObjectId) -> Result<Option<Stored<T>>> {
        let found = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM objects WHERE id = $1 AND kind = $2"
        )))
        .bind(id.as_str())
        .bind(T::KIND)
        .fetch_optional(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not read a {}", T::KIND), cause))?;
        found.as_ref().map(stored).transpose()
    }

    /// The document of this name.
    pub async fn find<T: Noun>(&self, project: &str, name: &str) -> Result<Option<Stored<T>>> {
        let found = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM objects WHERE kind = $1 AND project = $2 AND name = $3"
        )))
        .bind(T::KIND)
        .bind(project)
        .bind(name)
        .fetch_optional(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not read a {}", T::KIND), cause))?;
        found.as_ref().map(stored).transpose()
    }

    /// Documents of a project, by name.
    pub async fn list<T: Noun>(&self, project: &str, page: &Page) -> Result<Vec<Stored<T>>> {
        // What a text holds is told without LIKE, which the two databases read differently.
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM objects WHERE kind = $1 AND project = $2 AND name > $3 \
             AND ($4 = '' OR REPLACE(name, $4, '') <> name) ORDER BY name LIMIT $5"
        )))
        .bind(T::KIND)
        .bind(project)
        .bind(&page.after)
        .bind(&page.containing)
        .bind(i64::from(page.limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not list each {}", T::KIND), cause))?;
        rows.iter().map(stored).collect()
    }

    /// Documents of this kind that refer to `target` as `role`, by name.
    pub async fn referring<T: Noun>(
        &self,
        target: &ObjectId,
        role: &str,
        page: &Page,
    ) -> Result<Vec<Stored<T>>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM objects JOIN links ON links.object = objects.id \
             WHERE links.target = $1 AND links.role = $2 AND kind = $3 AND name > $4 \
             AND ($5 = '' OR REPLACE(name, $5, '') <> name) ORDER BY name LIMIT $6"
        )))
        .bind(target.as_str())
        .bind(role)
        .bind(T::KIND)
        .bind(&page.after)
        .bind(&page.containing)
        .bind(i64::from(page.limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not list each {}", T::KIND), cause))?;
        rows.iter().map(stored).collect()
    }

    /// Who refers to an object, at most `limit`.
    pub async fn references(&self, target: &ObjectId, limit: u32) -> Result<Vec<Reference>> {
        let rows = sqlx::query(
            "SELECT objects.id, kind, project, name, role FROM links \
             JOIN objects ON objects.id = links.object WHERE links.target = $1 \
             ORDER BY kind, name, role LIMIT $2",
        )
        .bind(target.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what refers to an object", cause))?;
        Ok(rows.iter().map(reference).collect())
    }

    /// What there is in a project, of any kind, at most `limit`.
    pub async fn inhabitants(&self, project: &str, limit: u32) -> Result<Vec<Reference>> {
        let rows = sqlx::query(
            "SELECT id, kind, project, name, '' FROM objects WHERE project = $1 \
             ORDER BY kind, name LIMIT $2",
        )
        .bind(project)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read what is in a project", cause))?;
        Ok(rows.iter().map(reference).collect())
    }

    /// Puts another body (and name) in place of the one of this edition. `EDITED_MEANWHILE` where it is
    /// another edition by now, `NAME_TAKEN` where the name is another's.
    pub async fn replace<T: Noun>(&self, by: &By, new: Stored<T>) -> Result<Stored<T>> {
        let doing = format!("could not change the {} {:?}", T::KIND, new.name);
        let failed = |cause| failure(&doing, cause);
        let text = text(&new.body)?;
        let mut transaction = self.begin().await.map_err(failed)?;
        let old =
            sqlx::query("SELECT name, body, edition FROM objects WHERE id = $1 AND kind = $2")
                .bind(new.id.as_str())
                .bind(T::KIND)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(failed)?;
        let Some(old) = old else {
            return Err(gone::<T>(&new.name));
        };
        let (old_name, old_text): (String, String) = (old.get(0), old.get(1));
        let written = sqlx::query(
            "UPDATE objects SET name = $3, body = $4, edition = edition + 1, changed_at = $5, \
             changed_by = $6 WHERE id = $1 AND edition = $2",
        )
        .bind(new.id.as_str())
        .bind(new.edition)
        .bind(&new.name)
        .bind(&text)
        .bind(by.at)
        .bind(&by.person)
        .execute(&mut *transaction)
        .await
        .map_err(|cause| match is_taken(&cause) {
            true => taken::<T>(&new.name),
            false => failure(&doing, cause),
        })?;
        if written.rows_affected() == 0 {
            return Err(edited::<T>(&new.name));
        }
        let detail = changes((&old_name, &old_text), (&new.name, &text));
        let done = async {
            unlink(&mut transaction, &new.id).await?;
            link(&mut transaction, &new.id, &new.body.links()).await?;
            noted(&mut transaction, by, "edited", &new, &detail).await?;
            transaction.commit().await
        };
        done.await.map_err(failed)?;
        Ok(Stored {
            edition: new.edition + 1,
            changed_at: by.at,
            changed_by: by.person.clone(),
            ..new
        })
    }

    /// Removes a document of this edition, its secrets and its versions. Whether somebody refers to it is
    /// asked before.
    pub async fn remove<T: Noun>(&self, by: &By, old: &Stored<T>) -> Result<()> {
        let doing = format!("could not remove the {} {:?}", T::KIND, old.name);
        let failed = |cause| failure(&doing, cause);
        let mut transaction = self.begin().await.map_err(failed)?;
        let removed =
            sqlx::query("DELETE FROM objects WHERE id = $1 AND edition = $2 AND kind = $3")
                .bind(old.id.as_str())
                .bind(old.edition)
                .bind(T::KIND)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        if removed.rows_affected() == 0 {
            return Err(edited::<T>(&old.name));
        }
        let done = async {
            unlink(&mut transaction, &old.id).await?;
            for statement in [
                "DELETE FROM secrets WHERE object = $1",
                "DELETE FROM versions WHERE object = $1",
                "DELETE FROM catalog_tables WHERE data_source = $1",
            ] {
                sqlx::query(statement)
                    .bind(old.id.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
            noted(&mut transaction, by, "removed", old, &Json::Null).await?;
            transaction.commit().await
        };
        done.await.map_err(failed)
    }
}

async fn insert<T: Noun>(
    transaction: &mut Transaction<'static, Any>,
    by: &By,
    (new, text): (&Stored<T>, &str),
    asked: Option<(&str, &str)>,
) -> std::result::Result<(), sqlx::Error> {
    let (key, digest) = asked.unzip();
    sqlx::query(
        "INSERT INTO objects (id, kind, project, name, edition, body, changed_at, changed_by, \
         request_key, request_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.id.as_str())
    .bind(T::KIND)
    .bind(&new.project)
    .bind(&new.name)
    .bind(new.edition)
    .bind(text)
    .bind(new.changed_at)
    .bind(&new.changed_by)
    .bind(key)
    .bind(digest)
    .execute(&mut **transaction)
    .await?;
    link(transaction, &new.id, &new.body.links()).await?;
    noted(transaction, by, "made", new, &Json::Null).await
}

async fn unlink(
    transaction: &mut Transaction<'static, Any>,
    object: &ObjectId,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM links WHERE object = $1")
        .bind(object.as_str())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn link(
    transaction: &mut Transaction<'static, Any>,
    object: &ObjectId,
    links: &[Link],
) -> std::result::Result<(), sqlx::Error> {
    for link in links {
        sqlx::query(
            "INSERT INTO links (object, role, target) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(object.as_str())
        .bind(link.role)
        .bind(link.target.as_str())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Tells those who watch, and those who ask later.
async fn noted<T: Noun>(
    transaction: &mut Transaction<'static, Any>,
    by: &By,
    what: &str,
    object: &Stored<T>,
    detail: &Json,
) -> std::result::Result<(), sqlx::Error> {
    let (id, action) = (object.id.as_str(), format!("{}.{what}", T::KIND));
    let mut told = json!({ "name": object.name });
    if !detail.is_null() {
        told["changes"] = detail.clone();
    }
    // A project's own log tells of the project itself, too.
    let project = match T::KIND {
        "project" => id,
        _ => &object.project,
    };
    note(transaction, by, &action, (project, id), &told).await?;
    let news = News {
        project: &object.project,
        kind: "object",
        subject: id,
        at: by.at,
        json: &json!({ "kind": T::KIND, "what": what, "name": object.name }),
    };
    tell(transaction, &news).await
}

/// What is different: each key of the document with its old and its new value.
fn changes((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> Json {
    let read = |text: &str| serde_json::from_str::<Map<String, Json>>(text).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let mut changes = Map::new();
    if old_name != new_name {
        changes.insert("name".to_owned(), json!([old_name, new_name]));
    }
    for key in old.keys().chain(new.keys()) {
        let (old, new) = (old.get(key), new.get(key));
        if old != new && !changes.contains_key(key) {
            changes.insert(key.clone(), json!([old, new]));
        }
    }
    Json::Object(changes)
}

fn text<T: Noun>(body: &T) -> Result<String> {
    serde_json::to_string(body).map_err(|cause| unreadable(T::KIND, cause))
}

fn stored<T: Noun>(row: &AnyRow) -> Result<Stored<T>> {
    let text: String = row.get(6);
    Ok(Stored {
        id: ObjectId::new(row.get::<String, _>(0)),
        project: row.get(1),
        name: row.get(2),
        edition: row.get(3),
        changed_at: row.get(4),
        changed_by: row.get(5),
        body: serde_json::from_str(&text).map_err(|cause| unreadable(T::KIND, cause))?,
    })
}

fn reference(row: &AnyRow) -> Reference {
    Reference {
        id: ObjectId::new(row.get::<String, _>(0)),
        kind: row.get(1),
        project: row.get(2),
        name: row.get(3),
        role: row.get(4),
    }
}

fn taken<T: Noun>(name: &str) -> Error {
    let message = format!("there is a {} of the name {name:?} already", T::KIND);
    Error::new(ErrorKind::Conflict, "NAME_TAKEN", message)
        .on(Side::Store)
        .hint("choose another name")
}

fn edited<T: Noun>(name: &str) -> Error {
    let message = format!(
        "the {} {name:?} was changed by somebody else meanwhile",
        T::KIND
    );
    Error::new(ErrorKind::Conflict, "EDITED_MEANWHILE", message)
        .on(Side::Store)
        .hint("read it again, and make the change to what it is now")
}

fn gone<T: Noun>(name: &str) -> Error {
    let message = format!("there is no {} {name:?} any more", T::KIND);
    Error::new(ErrorKind::NotFound, "NOT_THERE", message).on(Side::Store)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::suite::on_each_database;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Box {
        colour: String,
        holds: Vec<ObjectId>,
    }

    impl Noun for Box {
        const KIND: &'static str = "box";

        fn links(&self) -> Vec<Link> {
            let link = |target: &ObjectId| Link {
                role: "content",
                target: target.clone(),
            };
            self.holds.iter().map(link).collect()
        }
    }

    fn a_box(colour: &str, holds: &[&ObjectId]) -> Box {
        Box {
            colour: colour.to_owned(),
            holds: holds.iter().map(|id| (*id).clone()).collect(),
        }
    }

    fn by(person: &str, at: i64) -> By {
        By {
            person: person.to_owned(),
            at,
            ..By::default()
        }
    }

    #[tokio::test]
    async fn an_edit_of_what_was_edited_meanwhile_is_refused() {
        on_each_database(async |store: Store| {
            let by = by("ann", 7);
            let first = store
                .create(&by, ("p", "b"), a_box("red", &[]))
                .await
                .unwrap();
            let edit = |colour: &str| Stored {
                body: a_box(colour, &[]),
                ..first.clone()
            };
            let second = store.replace(&by, edit("blue")).await.unwrap();
            assert_eq!(second.edition, 2);
            let error = store.replace(&by, edit("green")).await.unwrap_err();
            assert_eq!(error.code, "EDITED_MEANWHILE");
            assert_eq!(
                store.get::<Box>(&first.id).await.unwrap(),
                Some(second.clone())
            );
            let error = store.remove(&by, &first).await.unwrap_err();
            assert_eq!(error.code, "EDITED_MEANWHILE");
            store.remove(&by, &second).await.unwrap();
            assert_eq!(store.get::<Box>(&first.id).await.unwrap(), None);
            let error = store.replace(&by, second).await.unwrap_err();
            assert_eq!(error.code, "NOT_THERE");
        })
        .await;
    }

    #[tokio::test]
    async fn names_are_unique_in_their_project_and_kind() {
        on_each_database(async |store: Store| {
            let by = by("ann", 7);
            store
                .create(&by, ("p", "b"), a_box("red", &[]))
                .await
                .unwrap();
            store
                .create(&by, ("q", "b"), a_box("red", &[]))
                .await
                .unwrap();
            let many = ["a", "b", "c"].map(|name| (name.to_owned(), a_box("red", &[])));
            let error = store.create_all(&by, "p", many.to_vec()).await.unwrap_err();
            assert_eq!(error.code, "NAME_TAKEN");
            assert!(error.message.contains("\"b\""), "{error}");
            let page = Page {
                limit: 10,
                ..Page::default()
            };
            let left = store.list::<Box>("p", &page).await.unwrap();
            assert_eq!(left.len(), 1, "all or none");
        })
        .await;
    }

    #[tokio::test]
    async fn lists_go_on_where_the_page_before_ended() {
        on_each_database(async |store: Store| {
            let many: Vec<_> = (0..25)
                .map(|number| (format!("box {number:02}%_"), a_box("red", &[])))
                .collect();
            store.create_all(&by("ann", 7), "p", many).await.unwrap();
            let (mut names, mut after) = (Vec::new(), String::new());
            loop {
                let page = Page {
                    after: after.clone(),
                    containing: "1".to_owned(),
                    limit: 4,
                };
                let list = store.list::<Box>("p", &page).await.unwrap();
                let Some(last) = list.last() else { break };
                after.clone_from(&last.name);
                names.extend(list.into_iter().map(|stored| stored.name));
            }
            assert_eq!(names.len(), 12);
            let odd = Page {
                containing: "%_".to_owned(),
                limit: 50,
                ..Page::default()
            };
            assert_eq!(store.list::<Box>("p", &odd).await.unwrap().len(), 25);
        })
        .await;
    }

    #[tokio::test]
    async fn who_refers_to_something_is_known() {
        on_each_database(async |store: Store| {
            let by = by("ann", 7);
            let inner = store
                .create(&by, ("p", "in"), a_box("red", &[]))
                .await
                .unwrap();
            let outer = a_box("blue", &[&inner.id, &inner.id]);
            let outer = store.create(&by, ("p", "out"), outer).await.unwrap();
            let found = store.references(&inner.id, 10).await.unwrap();
            let told = (found[0].name.as_str(), found[0].role.as_str());
            assert_eq!((told, found.len()), (("out", "content"), 1));
            let page = Page {
                limit: 5,
                ..Page::default()
            };
            let list = store
                .referring::<Box>(&inner.id, "content", &page)
                .await
                .unwrap();
            assert_eq!(list, std::slice::from_ref(&outer));
            let empty = Stored {
                body: a_box("blue", &[]),
                ..outer
            };
            store.replace(&by, empty).await.unwrap();
            assert!(store.references(&inner.id, 10).await.unwrap().is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn each_change_is_told_and_noted() {
        on_each_database(async |store: Store| {
            let ann = by("ann", 7);
            let made = store
                .create(&ann, ("p", "b"), a_box("red", &[]))
                .await
                .unwrap();
            let edit = Stored {
                body: a_box("blue", &[]),
                name: "c".to_owned(),
                ..made
            };
            store.replace(&by("bob", 8), edit).await.unwrap();
            let lines = store.audit(Some("p"), None, 10).await.unwrap();
            let told: Vec<_> = lines
                .iter()
                .map(|line| (line.person.as_str(), line.action.as_str()))
                .collect();
            assert_eq!(told, [("bob", "box.edited"), ("ann", "box.made")]);
            let detail: Json = serde_json::from_str(&lines[0].detail).unwrap();
            let expected = json!({ "name": ["b", "c"], "colour": ["red", "blue"] });
            assert_eq!(detail["changes"], expected);
            let events = store.events(0, 10).await.unwrap();
            let what: Vec<_> = events
                .iter()
                .map(|event| event.json["what"].clone())
                .collect();
            assert_eq!(what, ["made", "edited"]);
            assert_eq!(store.last_event().await.unwrap(), events[1].sequence);
        })
        .await;
    }
}
