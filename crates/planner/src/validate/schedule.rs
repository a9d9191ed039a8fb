//! Requirement R8: a schedule says what its mode needs and nothing else, waits for what can be named, and its
//! batches fit into a day.

use model::Finding;
use model::migration::{Dependency, MigrationSpec, ResourceGroup, Schedule, ScheduleMode};
use model::schedule::Batches;

use super::{NAMES_SAID, name_faults};

const AT: &str = "migration.schedule";

/// Everything that can be told without the tables.
pub(super) fn check(spec: &MigrationSpec, findings: &mut Vec<Finding>) {
    let Some(schedule) = &spec.schedule else {
        return;
    };
    mode(schedule, findings);
    for (index, dependency) in schedule.depends_on.iter().enumerate() {
        let at = format!("{AT}.depends-on[{index}]");
        dependency_named(dependency, &at, findings);
    }
    if let Some(group) = &schedule.resource_group {
        resource_group(group, findings);
    }
}

/// Requirement R8.01: whether the batches of so many tables fit into a day.
pub(crate) fn spread(spec: &MigrationSpec, tables: usize) -> Option<Finding> {
    let batches = spec.schedule.as_ref()?.batches()?;
    let error = batches.hours(tables).err()?;
    // Numbers out of their range are told without the tables.
    (error.code == "BATCHES_TOO_LONG")
        .then(|| Finding::of_error(&error, format!("{AT}.tasks-per-batch")))
}

/// The numbers of batches belong to `mode: batch`, which needs both.
fn mode(schedule: &Schedule, findings: &mut Vec<Finding>) {
    let size = schedule.tasks_per_batch.map(|tasks_per_batch| Batches {
        tasks_per_batch,
        every_hours: 0,
    });
    let every = schedule.every_hours.map(|every_hours| Batches {
        tasks_per_batch: 1,
        every_hours,
    });
    let numbers = [
        ("tasks-per-batch", size, "write 1 to 142"),
        ("every-hours", every, "write 0 to 23; 0 starts all at once"),
    ];
    for (key, batches, range) in numbers {
        let at = format!("{AT}.{key}");
        match (schedule.mode, batches) {
            (ScheduleMode::Concurrent, None) => {}
            (ScheduleMode::Concurrent, Some(_)) => {
                let message = format!("{key} is for batches, and the mode is concurrent");
                let finding = Finding::blocker("NOT_OF_MODE", at, message);
                findings.push(finding.hint("leave it out, or write mode: batch"));
            }
            (ScheduleMode::Batch, None) => {
                let message = format!("{key:?} is missing: the mode is batch");
                let finding = Finding::blocker("MISSING_KEY", at, message);
                findings.push(finding.hint(format!("add {key}, or write mode: concurrent")));
            }
            (ScheduleMode::Batch, Some(batches)) => {
                let error = batches.hours(0).err();
                findings.extend(error.map(|error| Finding::of_error(&error, at).hint(range)));
            }
        }
    }
}

fn dependency_named(dependency: &Dependency, at: &str, findings: &mut Vec<Finding>) {
    let (key, what, name) = match dependency {
        Dependency::Task(name) => ("task", "task", name),
        Dependency::Virtual(name) => ("virtual", "virtual node", name),
        Dependency::Table(table) => {
            let named = table.resolve("");
            if named.schema.trim().is_empty() || named.table.trim().is_empty() {
                let message = format!("{:?} is no table with its schema", table.to_string());
                let finding = Finding::blocker("BAD_NAME", format!("{at}.table"), message);
                findings.push(finding.hint("write schema.table"));
            }
            return;
        }
    };
    findings.extend(name_faults(name).into_iter().map(|fault| {
        let message = format!("there is no such {what}: the name {fault}");
        Finding::blocker("BAD_NAME", format!("{at}.{key}"), message).hint(NAMES_SAID)
    }));
}

fn resource_group(group: &ResourceGroup, findings: &mut Vec<Finding>) {
    let named = match group {
        ResourceGroup::Both(name) => vec![(Some(name), "")],
        ResourceGroup::Each(groups) => vec![
            (groups.development.as_ref(), ".development"),
            (groups.production.as_ref(), ".production"),
        ],
    };
    for (name, key) in named {
        if name.is_some_and(|name| name.trim().is_empty()) {
            let at = format!("{AT}.resource-group{key}");
            let finding = Finding::blocker("BAD_NAME", at, "the resource group's name is blank");
            findings.push(finding.hint("leave it out for the project's default group"));
        }
    }
}
