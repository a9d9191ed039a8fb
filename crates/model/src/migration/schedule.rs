//! When a published migration's tasks run, behind which others, and from whose quota. Read by the
//! service alone: one run by hand does not look at it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::TableReference;
use crate::plan::Environment;
use crate::schedule::{Batches, Priority};

/// When tasks run, behind which others, and from whose quota.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Schedule {
    /// All at once, or some at a time.
    #[serde(default)]
    pub mode: ScheduleMode,
    /// With `mode: batch`: how many tasks start together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 142))]
    pub tasks_per_batch: Option<u16>,
    /// With `mode: batch`: how many hours later the next ones start; 0 starts all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 23))]
    pub every_hours: Option<u8>,
    /// What each task waits for; the virtual root node where nothing is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// Whose quota the runs take; the project's default group where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<ResourceGroup>,
    /// Which of those that are ready goes first.
    #[serde(default)]
    pub priority: Priority,
    /// Whether a run that was stopped by its time limit is run again, as one that failed is.
    #[serde(default)]
    pub rerun_after_timeout: bool,
}

impl Schedule {
    /// The batches, where tasks start in batches and both numbers are given.
    pub fn batches(&self) -> Option<Batches> {
        match (self.mode, self.tasks_per_batch, self.every_hours) {
            (ScheduleMode::Batch, Some(tasks_per_batch), Some(every_hours)) => Some(Batches {
                tasks_per_batch,
                every_hours,
            }),
            _ => None,
        }
    }
}

/// All at once, or some at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleMode {
    /// All at 00:00 of the project's zone.
    #[default]
    Concurrent,
    /// `tasks-per-batch` at 00:00, the next ones `every-hours` later, and so on.
    Batch,
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dependency {
    /// The task of this name.
    Task(String),
    /// The tasks that write this table: `schema.table`, or schema and table apart.
    Table(TableReference),
    /// The virtual node of this name.
    Virtual(String),
}

/// One resource group for both environments, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ResourceGroup {
    /// The group of this name.
    Both(String),
    /// By environment.
    Each(ResourceGroups),
}

/// A resource group for each environment; the project's default group where none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResourceGroups {
    /// For tasks in development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<String>,
    /// For tasks in production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production: Option<String>,
}

impl ResourceGroup {
    /// The group in this environment; `None` is the project's default group.
    pub fn in_environment(&self, environment: Environment) -> Option<&str> {
        match (self, environment) {
            (Self::Both(name), _) => Some(name),
            (Self::Each(groups), Environment::Development) => groups.development.as_deref(),
            (Self::Each(groups), Environment::Production) => groups.production.as_deref(),
        }
    }
}

impl<'de> Deserialize<'de> for ResourceGroup {
    /// By hand, so that an unknown key inside is named instead of "no variant matched".
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        if let Json::String(name) = value {
            return Ok(Self::Both(name));
        }
        ResourceGroups::deserialize(value)
            .map(Self::Each)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn read(value: Json) -> Schedule {
        let schedule: Schedule = serde_json::from_value(value).unwrap();
        let written = serde_json::to_value(&schedule).unwrap();
        assert_eq!(
            serde_json::from_value::<Schedule>(written).unwrap(),
            schedule,
            "it is written as it is read"
        );
        schedule
    }

    #[track_caller]
    fn refused(value: Json, expected: &str) {
        let error = serde_json::from_value::<Schedule>(value).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn nothing_chosen_is_all_at_once_behind_the_root_from_the_projects_quota() {
        let schedule = read(json!({}));
        assert_eq!(schedule, Schedule::default());
        assert_eq!(schedule.mode, ScheduleMode::Concurrent);
        assert_eq!(schedule.priority, Priority::Medium);
        assert_eq!(schedule.batches(), None);
        assert!(schedule.depends_on.is_empty() && schedule.resource_group.is_none());
    }

    #[test]
    fn r8_01_batches_are_there_where_both_numbers_are() {
        let batch = |more: Json| {
            let mut value = json!({"mode": "batch"});
            for (key, number) in more.as_object().unwrap() {
                value[key] = number.clone();
            }
            read(value).batches()
        };
        let both = json!({"tasks-per-batch": 10, "every-hours": 2});
        let batches = batch(both.clone()).unwrap();
        assert_eq!((batches.tasks_per_batch, batches.every_hours), (10, 2));
        assert_eq!(batch(json!({"tasks-per-batch": 10})), None);
        assert_eq!(read(both).batches(), None, "all at once");
    }

    #[test]
    fn r8_04_tasks_tables_and_virtual_nodes_are_waited_for() {
        let schedule = read(json!({"depends-on": [
            {"task": "a.b"}, {"table": "dw.orders"}, {"table": {"schema": "a.b", "table": "c"}},
            {"virtual": "backfill of all"}]}));
        let expected = [
            Dependency::Task("a.b".to_owned()),
            Dependency::Table(TableReference::Text("dw.orders".to_owned())),
            Dependency::Table(TableReference::Parts {
                schema: "a.b".to_owned(),
                table: "c".to_owned(),
            }),
            Dependency::Virtual("backfill of all".to_owned()),
        ];
        assert_eq!(schedule.depends_on, expected);
        refused(json!({"depends-on": [{"tabel": "a.b"}]}), "`tabel`");
        refused(
            json!({"depends-on": [{"task": "a", "table": "b.c"}]}),
            "single key",
        );
    }

    #[test]
    fn r8_05_a_resource_group_is_one_or_one_for_each_environment() {
        let groups = |value: Json| {
            let group = read(json!({ "resource-group": value })).resource_group;
            let named = |environment| {
                let name = group.as_ref().unwrap().in_environment(environment);
                name.map(str::to_owned)
            };
            [
                named(Environment::Development),
                named(Environment::Production),
            ]
        };
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(groups(json!("night")), [name("night"), name("night")]);
        assert_eq!(
            groups(json!({"development": "small", "production": "night"})),
            [name("small"), name("night")]
        );
        assert_eq!(groups(json!({"production": "n"})), [None, name("n")]);
        refused(json!({"resource-group": {"prod": "n"}}), "`prod`");
        refused(json!({"resource-group": 7}), "ResourceGroups");
    }

    #[test]
    fn unknown_keys_and_words_are_refused() {
        refused(json!({"task-per-batch": 1}), "`task-per-batch`");
        refused(json!({"mode": "daily"}), "`daily`");
        refused(json!({"priority": "urgent"}), "`urgent`");
        refused(json!({"every-hours": 1.5}), "expected u8");
    }
}
