//! Taking up an unfinished run: the file must be the same but for its limits, committed tables stay as
//! they are, tables whose own plan changed fail by name. And closing one that a new run takes the
//! place of.

use std::collections::BTreeMap;
use std::path::Path;

use engine::{Entry, Journal};
use model::migration::MigrationFile;
use model::plan::{Plan, Refused};
use model::run::{RunReport, RunState, TableReport, TableState};
use model::{Finding, PipelineId, Result, RunId};
use serde_json::{Value as Json, json};
use store::{RunRecord, Store};

use crate::clock::Clock;
use crate::journal::StoreJournal;
use crate::last_loads;
use crate::migration_file::Loaded;
use crate::plan::{Compiled, Occasion};
use crate::run::Start;

/// The key of a run's spec under which the file's folder stands: relative paths start there.
pub(super) const FOLDER: &str = "folder";

/// How many differences of the file are told.
const TOLD: usize = 5;

/// What may be changed before a run is taken up: limits that stopped it, which its own hints tell to
/// raise, and how hard it tries. Nothing here changes which rows go where.
const CHANGEABLE: [&str; 5] = [
    "migration.rejected-rows",
    "migration.empty-overwrite",
    "migration.shrunken-load",
    "migration.on-lost-snapshot",
    "migration.run",
];

/// The unfinished run, taken up; or why it cannot be.
pub(super) fn take_up(
    file: &MigrationFile,
    loaded: &Loaded,
    unfinished: Option<RunRecord>,
) -> std::result::Result<Start, (Occasion, Box<Finding>)> {
    let Some(run) = unfinished else {
        let occasion = Occasion {
            bizdate: String::new(),
            part: model::plan::Part::default(),
        };
        let message = "there is no unfinished run of this migration in the data folder";
        let finding = Finding::blocker("NOTHING_TO_RESUME", "", message)
            .hint("run without --resume; godwit runs list shows what was run");
        return Err((occasion, Box::new(finding)));
    };
    let occasion = Occasion {
        bizdate: run.bizdate.clone(),
        part: run.part,
    };
    if let Some(finding) = file_changed(&run, file, loaded) {
        return Err((occasion, Box::new(finding)));
    }
    Ok(Start {
        id: run.id.clone(),
        occasion,
        resumed: Some(run),
        left: None,
        replays: None,
    })
}

/// Says so where the file is not what the run was started with.
pub(super) fn file_changed(
    run: &RunRecord,
    file: &MigrationFile,
    loaded: &Loaded,
) -> Option<Finding> {
    let differences = differences(run.spec.as_ref()?, &spec_of(file, &loaded.base));
    let (first, _) = differences.first()?;
    let mut lines: Vec<&str> = differences.iter().map(|(_, line)| line.as_str()).collect();
    let more = lines.len().saturating_sub(TOLD);
    lines.truncate(TOLD);
    let mut told = lines.join("; ");
    if more > 0 {
        told.push_str(&format!("; and {more} more"));
    }
    let message = format!(
        "the file is not what run {} was started with: {told}",
        run.id
    );
    let mut finding = Finding::blocker("FILE_CHANGED", first, message)
        .hint("put it back to take up that run, or start a new one without --resume");
    loaded.locate([&mut finding]);
    Some(finding)
}

/// What a resumed run must find again: the migration, the two data sources that it uses, and the folder
/// that relative paths start at.
pub(super) fn spec_of(file: &MigrationFile, base: &Path) -> Json {
    let spec = &file.migration;
    let sources: BTreeMap<_, _> = [&spec.source.data_source, &spec.destination.data_source]
        .into_iter()
        .map(|name| (name, file.data_sources.get(name)))
        .collect();
    json!({ "data-sources": sources, "migration": spec, FOLDER: base })
}

/// Path and line of each difference that matters to a run taken up.
fn differences(old: &Json, new: &Json) -> Vec<(String, String)> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    // Runs of earlier versions do not say.
    let knows_folder = old.get(FOLDER).is_some();
    found.retain(|(at, _)| !is_changeable(at) && (knows_folder || at != FOLDER));
    found
}

fn is_changeable(at: &str) -> bool {
    CHANGEABLE.iter().any(|path| {
        at.strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn compare(at: &str, old: &Json, new: &Json, found: &mut Vec<(String, String)>) {
    if let (Json::Object(old), Json::Object(new)) = (old, new) {
        let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let inner = crate::document::join(at, key);
            let none = Json::Null;
            let (old, new) = (old.get(key).unwrap_or(&none), new.get(key).unwrap_or(&none));
            compare(&inner, old, new, found);
        }
    } else if old != new {
        let shown = |value: &Json| match value {
            Json::Null => "nothing".to_owned(),
            value => value.to_string(),
        };
        let line = format!("{at} was {} and is {}", shown(old), shown(new));
        found.push((at.to_owned(), line));
    }
}

/// The plan that a resumed run carries out: that run's tables and no others; committed ones as they
/// were planned then, for the destination has them now.
pub(super) async fn keep_to(
    run: &RunRecord,
    compiled: Compiled,
    journal: &StoreJournal,
) -> Result<Compiled> {
    let (Some(old), Some(new)) = (&run.plan, compiled.plan) else {
        return Ok(Compiled {
            plan: None,
            findings: compiled.findings,
            probes: compiled.probes,
        });
    };
    let committed = committed(&run.id, journal).await?;
    let plan = merge(old, new, |id| committed.contains_key(id));
    Ok(Compiled {
        plan: Some(plan),
        findings: compiled.findings,
        probes: compiled.probes,
    })
}

fn merge(old: &Plan, mut new: Plan, is_committed: impl Fn(&PipelineId) -> bool) -> Plan {
    let mut fresh: BTreeMap<_, _> = std::mem::take(&mut new.pipelines)
        .into_iter()
        .map(|pipeline| (pipeline.id.clone(), pipeline))
        .collect();
    let mut refused: BTreeMap<_, _> = std::mem::take(&mut new.refused)
        .into_iter()
        .map(|refused| (refused.source.clone(), refused))
        .collect();
    for pipeline in &old.pipelines {
        let table = &pipeline.scan.table;
        if is_committed(&pipeline.id) {
            new.pipelines.push(pipeline.clone());
        } else if let Some(pipeline) = fresh.remove(&pipeline.id) {
            new.pipelines.push(pipeline);
        } else {
            let gone = || Refused {
                source: table.clone(),
                destination: Some(pipeline.write.table.name.clone()),
                findings: vec![Finding::blocker(
                    "PLAN_CHANGED",
                    table.to_string(),
                    "the table is no longer among those selected",
                )],
            };
            new.refused.push(refused.remove(table).unwrap_or_else(gone));
        }
    }
    for before in &old.refused {
        let now = refused.remove(&before.source);
        new.refused.push(now.unwrap_or_else(|| before.clone()));
    }
    new
}

/// The reports of the tables that the run had committed.
pub(super) async fn committed(
    run: &RunId,
    journal: &StoreJournal,
) -> Result<BTreeMap<PipelineId, TableReport>> {
    let entries = journal.read(run).await?;
    let committed = entries.into_iter().filter_map(|entry| match entry {
        Entry::Committed {
            pipeline, report, ..
        } => Some((pipeline, *report)),
        _ => None,
    });
    Ok(committed.collect())
}

/// Gives a run whose process died its report.
pub(super) async fn close(
    store: &Store,
    run: &RunRecord,
    committed: &BTreeMap<PipelineId, TableReport>,
    clock: Clock,
) -> Result<()> {
    if run.state != RunState::Running {
        return Ok(());
    }
    let report = interrupted(run, committed);
    if run.replays.is_none()
        && let Some(plan) = &run.plan
    {
        last_loads::note(store, &run.migration, plan, &report).await?;
    }
    store.end_run(&report, &clock.stamp()).await
}

fn interrupted(run: &RunRecord, committed: &BTreeMap<PipelineId, TableReport>) -> RunReport {
    let pipelines = run.plan.iter().flat_map(|plan| &plan.pipelines);
    let tables: Vec<TableReport> = pipelines
        .map(|pipeline| {
            let source = pipeline.scan.table.to_string();
            let destination = Some(pipeline.write.table.name.to_string());
            committed.get(&pipeline.id).cloned().unwrap_or(TableReport {
                code: Some("INTERRUPTED".to_owned()),
                message: Some("the process ended before the table was committed".to_owned()),
                ..TableReport::blank(source, destination, TableState::Failed)
            })
        })
        .collect();
    let state = if committed.is_empty() {
        RunState::Failed
    } else {
        RunState::of(&tables, false)
    };
    let moments: std::collections::BTreeSet<_> = tables
        .iter()
        .filter_map(|table| table.snapshot.as_ref())
        .collect();
    RunReport {
        run: run.id.clone(),
        migration: run.migration.clone(),
        state,
        bizdate: run.bizdate.clone(),
        rows: tables.iter().map(|table| table.rows_written).sum(),
        bytes: tables.iter().map(|table| table.bytes).sum(),
        seconds: tables.iter().map(|table| table.seconds).sum(),
        moments: moments.len(),
        tables,
        findings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_in_a_file_is_told_by_its_path() {
        let old = json!({"migration": {"name": "a", "verify": "counts", "tables": {"all": true}}});
        let new =
            json!({"migration": {"name": "a", "verify": "none", "tables": {"listed": ["x"]}}});
        let lines: Vec<_> = differences(&old, &new)
            .into_iter()
            .map(|(_, line)| line)
            .collect();
        assert_eq!(
            lines,
            [
                "migration.tables.all was true and is nothing",
                "migration.tables.listed was nothing and is [\"x\"]",
                "migration.verify was \"counts\" and is \"none\"",
            ]
        );
        assert!(differences(&old, &old).is_empty());
    }

    #[test]
    fn a_file_in_another_folder_is_another_file() {
        let at = |folder: &str| json!({"migration": {}, FOLDER: folder});
        let told = differences(&at("/a"), &at("/b"));
        assert_eq!(told[0].1, "folder was \"/a\" and is \"/b\"");
        let unknown = json!({"migration": {}});
        assert!(differences(&unknown, &at("/b")).is_empty());
    }

    #[test]
    fn limits_may_be_raised_before_a_run_is_taken_up() {
        let old = json!({"migration": {
            "rejected-rows": {"limit": 0}, "run": {"timeout-hours": 1.0}, "runs": 1,
        }});
        let new = json!({"migration": {
            "rejected-rows": {"limit": 9, "share": 0.1}, "run": {"timeout-hours": 9.0},
            "empty-overwrite": "allow", "shrunken-load": "refuse", "on-lost-snapshot": "fail", "runs": 2,
        }});
        let paths: Vec<_> = differences(&old, &new)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(paths, ["migration.runs"]);
    }
}
