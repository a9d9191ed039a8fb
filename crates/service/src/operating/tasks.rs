//! What the scheduler must know of each task beside its instances.

use std::collections::{BTreeSet, HashMap};

use model::migration::MigrationSpec;
use model::plan::{Environment, Part};
use model::{ObjectId, Result};
use serde_json::Value as Json;
use store::{Instance, Page, Store, Task};

use crate::installation::LONGEST_PAGE;
use crate::tasks::{Runs, TaskBody, body, lane};

/// So many tasks of a project are read one by one.
const FEW: usize = 50;

/// What is known of one task.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    version: i64,
    /// Under which its runs are kept; tables of one lane are read at one moment. None of a virtual node.
    pub(super) lane: Option<String>,
    /// Whether each business date writes a partition of its own.
    by_bizdate: bool,
    /// The data sources that it is connected to, each once.
    pub(super) connections: Vec<(String, u32)>,
}

impl Facts {
    pub(super) fn of(task: &Task, body: &TaskBody) -> Self {
        let Runs::Pipeline {
            part,
            source,
            destination,
            migration,
            ..
        } = &body.runs
        else {
            return Self::nothing(task.version);
        };
        let ends = BTreeSet::from([source, destination]);
        Self {
            version: task.version,
            lane: Some(lane(task, body)),
            by_bizdate: writes_by_bizdate(migration, *part),
            connections: ends.iter().map(|id| (id.to_string(), 1)).collect(),
        }
    }

    fn nothing(version: i64) -> Self {
        Self {
            version,
            lane: None,
            by_bizdate: false,
            connections: Vec::new(),
        }
    }

    /// What an instance of it moves, so that no two move the same at once.
    pub(super) fn moves(&self, instance: &Instance) -> Option<String> {
        self.lane.as_ref()?;
        let (task, environment) = (&instance.made.task, instance.made.environment);
        Some(match self.by_bizdate {
            true => format!("{task} {environment:?} {}", instance.made.bizdate),
            false => format!("{task} {environment:?}"),
        })
    }
}

/// Whether the partition that is written follows the business date.
fn writes_by_bizdate(migration: &MigrationSpec, part: Part) -> bool {
    let Some(partition) = &migration.method.partition else {
        return false;
    };
    let follows = |text: &str| text.contains('$');
    match part {
        Part::OneTime => {
            let value = partition.one_time.as_ref();
            value.is_some_and(|value| follows(&value.0))
        }
        Part::Daily => partition.daily.as_ref().is_some_and(|value| match value {
            Json::Object(choices) if choices.is_empty() => true,
            value => follows(&value.to_string()),
        }),
    }
}

/// What is known of tasks, each read once for each of its versions.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<(ObjectId, bool), Facts>);

impl Known {
    /// Takes note of a task that was read for another reason.
    pub(super) fn note(&mut self, task: &Task, body: &TaskBody) {
        let key = key(&task.id, task.environment);
        self.0.insert(key, Facts::of(task, body));
    }

    /// Reads the tasks of these instances, page by page where they are many: one by one, thousands take seconds.
    pub(super) async fn read(&mut self, store: &Store, instances: &[&Instance]) -> Result<()> {
        let mut wanted: HashMap<(&str, bool), BTreeSet<&ObjectId>> = HashMap::new();
        for instance in instances {
            let made = &instance.made;
            let is_live = made.environment == Environment::Production;
            if !self.0.contains_key(&(made.task.clone(), is_live)) {
                let of_project = wanted.entry((&made.project, is_live)).or_default();
                of_project.insert(&made.task);
            }
        }
        for ((project, is_live), tasks) in wanted {
            let environment = match is_live {
                true => Environment::Production,
                false => Environment::Development,
            };
            if tasks.len() > FEW {
                let found = all(store, project, environment).await?;
                found.iter().for_each(|(task, body)| self.note(task, body));
            }
        }
        Ok(())
    }

    /// The lane of the instance's task, as far as it is known.
    pub(super) fn lane(&self, instance: &Instance) -> Option<String> {
        let key = key(&instance.made.task, instance.made.environment);
        self.0.get(&key).and_then(|facts| facts.lane.clone())
    }

    /// What is known of the instance's task; of one that is not there, or not understood, nothing: it
    /// fails when it starts.
    pub(super) async fn of(&mut self, store: &Store, instance: &Instance) -> Result<Facts> {
        let made = &instance.made;
        let key = key(&made.task, made.environment);
        let known = self.0.get(&key);
        if let Some(facts) = known.filter(|facts| facts.version >= made.version) {
            return Ok(facts.clone());
        }
        let task = store.task(&made.task, made.environment).await?;
        let facts = match task.as_ref().map(|task| (task, body(task))) {
            Some((task, Ok(body))) => Facts {
                version: task.version.max(made.version),
                ..Facts::of(task, &body)
            },
            _ => Facts::nothing(made.version),
        };
        self.0.insert(key, facts.clone());
        Ok(facts)
    }
}

fn key(task: &ObjectId, environment: Environment) -> (ObjectId, bool) {
    (task.clone(), environment == Environment::Production)
}

/// All tasks of a project in an environment that can be understood, by name.
pub(super) async fn all(
    store: &Store,
    project: &str,
    environment: Environment,
) -> Result<Vec<(Task, TaskBody)>> {
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    let mut tasks = Vec::new();
    loop {
        let listed = store.tasks(project, environment, &page).await?;
        let Some(last) = listed.last() else {
            return Ok(tasks);
        };
        page.after.clone_from(&last.name);
        for task in listed {
            match body(&task) {
                Ok(body) => tasks.push((task, body)),
                Err(error) => {
                    tracing::error!(task = %task.id, code = error.code, %error, "not understood");
                }
            }
        }
    }
}
