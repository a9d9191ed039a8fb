//! What an attempt did, line by line: the journal of its run, as far as it is about its table.

use engine::{Entry, Journal};
use model::run::TableReport;
use model::{Error, ErrorKind, ObjectId, PipelineId, Result, RunId};
use serde::Deserialize;
use store::{Attempt, RunRecord};

use super::find;
use crate::access::rights::{Caller, Right};
use crate::installation::{Service, moment};
use crate::journal::StoreJournal;
use crate::tasks::{Runs, body};

/// What an attempt did, for a person to read; the last attempt where none is named. Never row values.
pub async fn log(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, i64),
    attempt: Option<i64>,
) -> Result<Vec<String>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let instance = find(service, project, id).await?;
    let store = service.store();
    let attempts = store.attempts(id).await?;
    let wanted = attempt.unwrap_or(instance.attempts);
    let Some(attempt) = attempts.into_iter().find(|one| one.number == wanted) else {
        if attempt.is_none() {
            return Ok(Vec::new());
        }
        let message = format!("instance {id} has no attempt {wanted}");
        return Err(
            Error::new(ErrorKind::NotFound, "NOT_THERE", message).hint("it ran fewer times")
        );
    };
    let mut lines = vec![format!(
        "{} attempt {} began on server {}",
        stamp(attempt.started_at),
        attempt.number,
        attempt.server
    )];
    if let Some(run) = &attempt.run {
        let run = RunId::new(run.as_str());
        let table = match source_of(&attempt) {
            Some(table) => Some(table),
            None => table_of(service, &instance).await?,
        };
        if let (Some(record), Some(table)) = (store.run(&run).await?, table) {
            lines.push(format!("run {run} of {}", record.migration));
            lines.extend(of_table(service, &record, &table).await?);
        }
    }
    lines.extend(end(&attempt));
    Ok(lines)
}

/// The table at the source, where the attempt has come to a report.
fn source_of(attempt: &Attempt) -> Option<String> {
    attempt.report.as_ref()?["source"]
        .as_str()
        .map(str::to_owned)
}

/// The same by the task, as it is published now.
pub(super) async fn table_of(
    service: &Service,
    instance: &store::Instance,
) -> Result<Option<String>> {
    let made = &instance.made;
    let task = service.store().task(&made.task, made.environment).await?;
    let Some(task) = task else { return Ok(None) };
    Ok(match body(&task)?.runs {
        Runs::Pipeline { table, .. } => Some(model::TableName::from(&table).to_string()),
        Runs::VirtualNode => None,
    })
}

async fn of_table(service: &Service, run: &RunRecord, table: &str) -> Result<Vec<String>> {
    let pipelines = run.plan.iter().flat_map(|plan| &plan.pipelines);
    let mut own = pipelines.filter(|pipeline| pipeline.scan.table.to_string() == table);
    let Some(pipeline) = own.next().map(|pipeline| pipeline.id.clone()) else {
        let refused = run.plan.iter().flat_map(|plan| &plan.refused);
        let refused = refused.filter(|refused| refused.source.to_string() == table);
        let findings = refused.flat_map(|refused| &refused.findings);
        return Ok(findings
            .map(|finding| format!("refused: {}", finding.message))
            .collect());
    };
    let entries = StoreJournal(service.store().clone()).read(&run.id).await?;
    Ok(entries
        .iter()
        .filter_map(|entry| line(entry, &pipeline))
        .collect())
}

/// The line of an entry, where it is about this table.
fn line(entry: &Entry, own: &PipelineId) -> Option<String> {
    let about = |pipeline: &PipelineId, line: String| (pipeline == own).then_some(line);
    match entry {
        Entry::Started { pipelines } => {
            let tables = many(pipelines.len(), "table");
            let is_in = pipelines.iter().any(|(pipeline, _)| pipeline == own);
            is_in.then(|| format!("started with {tables}"))
        }
        Entry::Snapshot { id, pipelines } => pipelines
            .contains(own)
            .then(|| format!("read at the moment {id} of the source")),
        Entry::Splits { pipeline, splits } => {
            about(pipeline, format!("cut into {}", many(splits.len(), "part")))
        }
        Entry::Prepared { pipeline, .. } => {
            about(pipeline, "making room at the destination".to_owned())
        }
        Entry::SplitDone {
            pipeline, manifest, ..
        } => {
            let (read, rejected) = (manifest.read, manifest.rejected);
            about(
                pipeline,
                format!("part done: {read} read, {rejected} rejected"),
            )
        }
        Entry::Verified { pipeline, .. } => about(
            pipeline,
            "read back what stands staged: it agrees".to_owned(),
        ),
        Entry::Committing {
            pipeline, report, ..
        } => about(pipeline, format!("publishing {} rows", report.rows_written)),
        Entry::Committed {
            pipeline, report, ..
        } => about(pipeline, format!("published {} rows", report.rows_written)),
        Entry::Uncleaned { pipeline, .. } => about(
            pipeline,
            "published; what it needed for that could not be removed yet".to_owned(),
        ),
        Entry::Aborted {
            pipeline, reason, ..
        } => about(pipeline, format!("nothing was published: {reason}")),
        Entry::Ended => Some("the run ended".to_owned()),
    }
}

fn many(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// How it ended.
fn end(attempt: &Attempt) -> Vec<String> {
    let mut lines = Vec::new();
    let report = attempt.report.as_ref().map(TableReport::deserialize);
    if let Some(Ok(report)) = report {
        let code = report.code.as_deref().unwrap_or_default();
        if let Some(message) = &report.message {
            lines.push(format!("{code}: {message}"));
        }
        lines.extend(
            report
                .hint
                .as_ref()
                .map(|hint| format!("what helps: {hint}")),
        );
    }
    if let Some(ended) = attempt.ended_at {
        let outcome = attempt.outcome.as_deref().unwrap_or("ended");
        lines.push(format!("{} {}", stamp(ended), outcome.replace('-', " ")));
    }
    lines
}

fn stamp(millis: i64) -> String {
    moment(millis).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
