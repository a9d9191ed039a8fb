//! What an alert says: a document for programs, a few lines for people.

use std::collections::BTreeMap;

use model::{ObjectId, Result};
use serde_json::{Value as Json, json};
use store::Stored;

use super::{Alert, Cause, written};
use crate::installation::Service;
use crate::projects::Project;

/// So many things are told one by one; of more, only how many they are.
const NAMED: usize = 50;

/// One thing that is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) cause: Cause,
    /// The number of the instance.
    pub(crate) instance: String,
    pub(crate) task: ObjectId,
    pub(crate) task_name: String,
    /// `yyyymmdd`.
    pub(crate) bizdate: String,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Why, where something went wrong: a code, and words. Never row values.
    pub(crate) why: Option<(String, String)>,
}

/// What is sent at once.
#[derive(Debug)]
pub(crate) struct Message {
    project: (ObjectId, String),
    alert: (ObjectId, String),
    items: Vec<Item>,
    /// How many there are, with those that are not told one by one.
    count: usize,
    at: i64,
}

impl Message {
    pub(crate) async fn new(
        service: &Service,
        alert: &Stored<Alert>,
        mut items: Vec<Item>,
    ) -> Result<Self> {
        let id = ObjectId::new(alert.project.as_str());
        let project = service.store().get::<Project>(&id).await?;
        let name = project.map(|project| project.name).unwrap_or_default();
        let count = items.len();
        items.truncate(NAMED);
        Ok(Self {
            project: (id, name),
            alert: (alert.id.clone(), alert.name.clone()),
            items,
            count,
            at: service.clock().millis(),
        })
    }

    /// Says nothing but that messages arrive.
    pub(crate) async fn trial(service: &Service, alert: &Stored<Alert>) -> Result<Self> {
        Self::new(service, alert, Vec::new()).await
    }

    /// What it is about, on one line.
    pub(crate) fn subject(&self) -> String {
        let project = &self.project.1;
        if self.count == 0 {
            return format!(
                "Godwit: a trial of the alert {:?} of {project}",
                self.alert.1
            );
        }
        let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
        for item in &self.items {
            *counts.entry(item.cause).or_default() += 1;
        }
        let unnamed = self.count - self.items.len();
        let mut parts: Vec<String> = counts
            .iter()
            .map(|(cause, count)| format!("{count} {}", cause.words()))
            .collect();
        if unnamed > 0 {
            parts.push(format!("{unnamed} more"));
        }
        format!("Godwit: {project}: {}", parts.join(", "))
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![self.subject()];
        for item in &self.items {
            let (name, bizdate, number) = (&item.task_name, &item.bizdate, &item.instance);
            let words = item.cause.words();
            let why = item.why.as_ref();
            let why = why.map_or(String::new(), |(code, words)| format!(": {code}: {words}"));
            lines.push(format!(
                "{name} of {bizdate} (instance {number}) {words}{why}"
            ));
        }
        if self.count > self.items.len() {
            lines.push(format!("and {} more", self.count - self.items.len()));
        }
        lines.join("\n")
    }

    /// For programs: what chats show as the message stands under `text`.
    pub(crate) fn json(&self) -> Json {
        let items = self.items.iter().map(|item| {
            let why = item.why.as_ref();
            json!({
                "cause": item.cause, "instance": item.instance, "task": item.task,
                "name": item.task_name, "bizdate": item.bizdate, "at": written(item.at),
                "code": why.map(|(code, _)| code), "message": why.map(|(_, words)| words),
            })
        });
        json!({
            "text": self.text(),
            "project": { "id": self.project.0, "name": self.project.1 },
            "alert": { "id": self.alert.0, "name": self.alert.1 },
            "at": written(self.at),
            "count": self.count,
            "items": items.collect::<Vec<_>>(),
        })
    }
}
