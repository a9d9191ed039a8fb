//! Documents as they go over the wire: a stored object with its id, name and edition beside what it says,
//! lists of such, and what a client may write of one. Shared by the routes of all nouns.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

use model::ObjectId;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use service::installation::{LONGEST_PAGE, moment};
use service::within::Within;
use service::{Reference, Stored};

use super::{Answer, Created};

/// A page where none is asked for.
const USUAL_PAGE: u32 = 50;

/// How many are on a page.
pub type Limit = Within<1, LONGEST_PAGE>;

/// How many are on a page, where that may be left out.
pub fn limit(given: Option<Limit>) -> u32 {
    given.map_or(USUAL_PAGE, Within::get)
}

/// A document as it is shown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "{T}Shown")]
pub struct Shown<T> {
    /// Its id.
    pub id: ObjectId,
    /// Unique among those of its kind in its project.
    pub name: String,
    /// Grows with each edit.
    pub edition: i64,
    /// When it was last changed (RFC 3339).
    pub changed_at: String,
    /// By whom, by the user's id.
    pub changed_by: String,
    /// What it says.
    #[serde(flatten)]
    pub body: T,
}

impl<T> From<Stored<T>> for Shown<T> {
    fn from(stored: Stored<T>) -> Self {
        Self {
            id: stored.id,
            name: stored.name,
            edition: stored.edition,
            changed_at: written_moment(stored.changed_at),
            changed_by: stored.changed_by,
            body: stored.body,
        }
    }
}

impl<T> Shown<T> {
    /// The same document with another body: what may be seen of it.
    pub fn map<U>(self, seen: impl FnOnce(T) -> U) -> Shown<U> {
        Shown {
            id: self.id,
            name: self.name,
            edition: self.edition,
            changed_at: self.changed_at,
            changed_by: self.changed_by,
            body: seen(self.body),
        }
    }

    /// The answer that shows it, with its edition.
    pub fn answer(self) -> Answer<Self> {
        let edition = self.edition;
        Answer::of(self).edition(edition)
    }

    /// The answer to its making: it stands at its id below `path`, which is that of the list.
    pub fn created(self, path: &str) -> Created<Self> {
        let (edition, place) = (self.edition, format!("{path}/{}", self.id));
        Created::at(&place, self).edition(edition)
    }
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "{R}List")]
pub struct Listed<R> {
    /// What is on this page.
    pub items: Vec<R>,
    /// What `after` must be for the next page; none where this is the last one.
    pub next: Option<String>,
}

impl<T> Listed<Shown<T>> {
    /// A page that was read with the limit of `search`.
    pub fn of(stored: Vec<Stored<T>>, search: &Search) -> Self {
        let items: Vec<Shown<T>> = stored.into_iter().map(Shown::from).collect();
        let is_full = items.len() >= search.limit() as usize;
        let next = items
            .last()
            .filter(|_| is_full)
            .map(|last| last.name.clone());
        Self { items, next }
    }

    /// The same page with other bodies: what may be seen of them.
    pub fn map<U>(self, mut seen: impl FnMut(T) -> U) -> Listed<Shown<U>> {
        let items = self.items.into_iter();
        Listed {
            items: items.map(|item| item.map(&mut seen)).collect(),
            next: self.next,
        }
    }
}

impl<R> Listed<R> {
    /// All there is, on one page.
    pub fn all(items: Vec<R>) -> Self {
        Self { items, next: None }
    }
}

/// Which part of a list is asked for. Lists are by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Search {
    /// Only what comes after this name: `next` of the page before.
    pub after: Option<String>,
    /// Only those whose names hold this.
    pub containing: Option<String>,
    /// How many at most; 50 where it is left out, 500 at most.
    pub limit: Option<Limit>,
}

impl Search {
    /// How many at most.
    pub fn limit(&self) -> u32 {
        limit(self.limit)
    }

    /// As the verbs take it.
    pub fn page(&self) -> (Option<String>, Option<String>, Option<u32>) {
        let limit = Some(self.limit());
        (self.after.clone(), self.containing.clone(), limit)
    }
}

/// Within a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InProject {
    /// The project's id.
    pub project: ObjectId,
}

/// What a client writes of a document: its name, and what it says. Strict where the document is.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename = "{T}Written")]
pub struct Written<T> {
    /// Unique among those of its kind in its project.
    pub name: String,
    /// What it says.
    #[schemars(flatten)]
    pub body: T,
}

impl<T> Written<T> {
    /// The document of this id, as it is to become where this edition stands.
    pub fn over(self, project: &str, id: ObjectId, edition: i64) -> Stored<T> {
        Stored {
            id,
            project: project.to_owned(),
            name: self.name,
            edition,
            changed_at: 0,
            changed_by: String::new(),
            body: self.body,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WrittenVisitor(PhantomData))
    }
}

struct WrittenVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for WrittenVisitor<T> {
    type Value = Written<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written<T>, A::Error> {
        let name = RefCell::new(None);
        let rest = WithoutName { map, name: &name };
        // Not through a buffer, as serde's `flatten` would: places of what is wrong stay known.
        let body = T::deserialize(MapAccessDeserializer::new(rest))?;
        match name.into_inner() {
            Some(name) => Ok(Written { name, body }),
            None => Err(A::Error::missing_field("name")),
        }
    }
}

/// The entries of a map but its `name`, which is kept aside.
struct WithoutName<'a, A> {
    map: A,
    name: &'a RefCell<Option<String>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutName<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if key != "name" {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            let name = self.map.next_value()?;
            if self.name.replace(Some(name)).is_some() {
                return Err(A::Error::duplicate_field("name"));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Who refers to something.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Referrer {
    /// Its id.
    pub id: ObjectId,
    /// Its kind, in one word with dashes.
    pub kind: String,
    /// Its project; empty where it belongs to the whole installation.
    pub project: String,
    /// Its name.
    pub name: String,
    /// As what it refers.
    pub role: String,
}

impl From<Reference> for Referrer {
    fn from(reference: Reference) -> Self {
        Self {
            id: reference.id,
            kind: reference.kind,
            project: reference.project,
            name: reference.name,
            role: reference.role,
        }
    }
}

/// A moment of the store, as RFC 3339.
pub fn written_moment(millis: i64) -> String {
    moment(millis).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Lamp {
        colour: String,
        #[serde(default)]
        watts: u32,
    }

    fn read(text: &str) -> Result<(String, Lamp), String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize::<_, Written<Lamp>>(&mut reader)
            .map(|written| (written.name, written.body))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_strictly() {
        let lamp = Lamp {
            colour: "red".to_owned(),
            watts: 3,
        };
        for text in [
            r#"{"name": "a", "colour": "red", "watts": 3}"#,
            r#"{"colour": "red", "watts": 3, "name": "a"}"#,
        ] {
            assert_eq!(read(text), Ok(("a".to_owned(), lamp.clone())));
        }
        let check = |text: &str, expected: &str| {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        };
        check(r#"{"colour": "red"}"#, "missing field `name`");
        check(r#"{"name": "a"}"#, "missing field `colour`");
        let twice = r#"{"name": "a", "name": "b", "colour": "c"}"#;
        check(twice, "duplicate field `name`");
        let wrong = r#"{"name": "a", "colour": "c", "watts": "x"}"#;
        check(wrong, "watts: invalid type");
        let unknown = r#"{"name": "a", "colour": "c", "size": 1}"#;
        assert!(read(unknown).unwrap_err().contains("unknown field `size`"));
    }

    #[test]
    fn what_is_shown_has_its_body_beside_its_name() {
        let stored = |name: &str| Stored {
            id: ObjectId::new("7"),
            project: String::new(),
            name: name.to_owned(),
            edition: 2,
            changed_at: 1_000,
            changed_by: "u".to_owned(),
            body: Lamp {
                colour: "red".to_owned(),
                watts: 0,
            },
        };
        let search = Search {
            limit: serde_json::from_str("2").ok(),
            ..Search::default()
        };
        let listed = Listed::of(vec![stored("a"), stored("b")], &search);
        assert_eq!(listed.next.as_deref(), Some("b"));
        assert_eq!(
            serde_json::to_value(&listed.items[0]).unwrap(),
            json!({"id": "7", "name": "a", "edition": 2, "changed-at": "1970-01-01T00:00:01Z",
                   "changed-by": "u", "colour": "red", "watts": 0})
        );
        assert_eq!(Listed::of(vec![stored("a")], &search).next, None);
    }
}
