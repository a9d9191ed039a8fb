//! From a migration to tasks that run: its pipelines are generated, and those that are not in production as they
//! are now are brought there.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value as Json, json};

use crate::cli::Exit;
use crate::cli::remote::failure::Failure;
use crate::cli::remote::following::{exit, operation};
use crate::cli::remote::session::{Project, Session};
use crate::cli::remote::tables::{read_findings, word};
use crate::render::findings::{Palette, findings};

/// So many questions are under way at once.
const AT_ONCE: usize = 8;
/// The longest page of results.
const MOST_RESULTS: usize = 10_000;
/// What of a version must be as the pipeline says it now.
const COMPARED: [&str; 5] = [
    "name",
    "document",
    "source",
    "destination",
    "destination-table",
];

/// What came of generating.
pub(super) struct Generated {
    /// What became of each table and part.
    rows: Vec<Json>,
    /// What stands against all of it.
    findings: Json,
}

/// Generates the pipelines of a migration, and follows that to its end.
pub(super) async fn generate(
    session: &mut Session<'_, '_>,
    project: &Project,
    (migration, body): (&str, &Json),
) -> Result<Generated, Failure> {
    let path = project.path(&["migrations", migration, "generate"]);
    let begun = session.remote.post(&path, body).await?;
    let mut done = operation(session, project, begun).await?;
    let rows = match done["result"]["rows"].take() {
        Json::Array(rows) => rows,
        _ => Vec::new(),
    };
    Ok(Generated {
        rows,
        findings: done["result"]["findings"].take(),
    })
}

impl Generated {
    pub(super) fn document(&self) -> Json {
        json!({ "rows": self.rows, "findings": self.findings })
    }

    /// How many there are of each kind, and why some failed.
    pub(super) fn text(&self, palette: Palette) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut text = findings(&read_findings(&self.findings), palette);
        for row in &self.rows {
            *counts.entry(word(row, "state")).or_default() += 1;
            if row["state"] == "failed" {
                text.push_str(&findings(&read_findings(&row["remarks"]), palette));
            }
        }
        let counts = counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"));
        let counts: Vec<String> = counts.collect();
        let counted = match counts.is_empty() {
            true => palette.bad("nothing was generated"),
            false => counts.join(", "),
        };
        format!("{text}pipelines: {counted}\n")
    }

    pub(super) fn exit(&self) -> Exit {
        let failed = self
            .rows
            .iter()
            .filter(|row| row["state"] == "failed")
            .count();
        match self.rows.len() {
            0 => Exit::Refused,
            all => exit(all - failed, all),
        }
    }
}

/// What came of publishing.
pub(super) struct Published {
    /// What became of each that was to go out.
    outcomes: Vec<Json>,
    /// So many were there already, as they are now.
    unchanged: usize,
}

/// Submits the pipelines of a migration that are not as they were submitted last, and publishes them where
/// the project tries them in development first.
pub(super) async fn publish(
    session: &mut Session<'_, '_>,
    project: &Project,
    (migration, remark): (&str, &str),
) -> Result<Published, Failure> {
    let pipelines = pipelines(session, project, migration).await?;
    let fresh: Vec<bool> = stream::iter(&pipelines)
        .map(|pipeline| is_submitted(session, project, pipeline))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let (as_submitted, stale): (Vec<_>, Vec<_>) =
        pipelines.iter().zip(fresh).partition(|(_, fresh)| *fresh);
    let ids: Vec<&str> = stale
        .iter()
        .map(|(pipeline, _)| word(pipeline, "id"))
        .collect();
    let mut outcomes = Vec::new();
    if !ids.is_empty() {
        let body = json!({ "pipelines": ids, "remark": remark });
        outcomes = out(session, project, ("submit", &body)).await?;
    }
    let mut unchanged = as_submitted.len();
    if project.dev_prod {
        let waiting = as_submitted.iter().map(|(pipeline, _)| *pipeline);
        let waiting: Vec<&str> = waiting
            .filter(|pipeline| pipeline["submitted"] != pipeline["published"])
            .map(|pipeline| word(pipeline, "id"))
            .collect();
        unchanged -= waiting.len();
        let (submitted, refused): (Vec<Json>, Vec<Json>) = outcomes.into_iter().partition(goes_out);
        let submitted = submitted.iter().map(|outcome| word(outcome, "pipeline"));
        let ids: Vec<&str> = waiting.into_iter().chain(submitted).collect();
        outcomes = refused;
        if !ids.is_empty() {
            let body = json!({ "pipelines": ids });
            outcomes.extend(out(session, project, ("publish", &body)).await?);
        }
    }
    Ok(Published {
        outcomes,
        unchanged,
    })
}

/// Submits or publishes, and follows that to its end: what became of each pipeline.
async fn out(
    session: &mut Session<'_, '_>,
    project: &Project,
    (verb, body): (&str, &Json),
) -> Result<Vec<Json>, Failure> {
    let begun = session.remote.post(&project.path(&[verb]), body).await?;
    let mut done = operation(session, project, begun).await?;
    Ok(items(done["result"].take()))
}

/// The pipelines that were generated from a migration, but those of tables that it does not move any more.
async fn pipelines(
    session: &Session<'_, '_>,
    project: &Project,
    migration: &str,
) -> Result<Vec<Json>, Failure> {
    let results = project.path(&["migrations", migration, "results"]);
    let query = [
        ("state", "vanished".to_owned()),
        ("limit", MOST_RESULTS.to_string()),
    ];
    let vanished = session.remote.get(&results, &query).await?;
    let vanished = items(vanished);
    let is_gone = |id: &Json| vanished.iter().any(|row| row["pipeline"] == *id);
    let path = project.path(&["pipelines"]);
    let mut all = session.remote.pages(&path, &[], usize::MAX).await?;
    all.retain(|pipeline| pipeline["migration"] == migration && !is_gone(&pipeline["id"]));
    Ok(all)
}

/// Whether its last version says what it says now.
async fn is_submitted(
    session: &Session<'_, '_>,
    project: &Project,
    pipeline: &Json,
) -> Result<bool, Failure> {
    if pipeline["submitted"].is_null() {
        return Ok(false);
    }
    let path = project.path(&["pipelines", word(pipeline, "id"), "versions"]);
    let versions = items(session.remote.get(&path, &[]).await?);
    let submitted = versions
        .iter()
        .find(|one| one["number"] == pipeline["submitted"]);
    let same = |body: &Json| COMPARED.iter().all(|key| body[*key] == pipeline[*key]);
    Ok(submitted.is_some_and(|version| same(&version["body"])))
}

fn items(mut listed: Json) -> Vec<Json> {
    match listed["items"].take() {
        Json::Array(items) => items,
        _ => Vec::new(),
    }
}

fn goes_out(outcome: &Json) -> bool {
    !outcome["version"].is_null()
}

impl Published {
    pub(super) fn document(&self) -> Json {
        json!({ "tasks": self.outcomes, "unchanged": self.unchanged })
    }

    /// How many went out, and why others did not.
    pub(super) fn text(&self, palette: Palette) -> String {
        let mut text = String::new();
        for refused in self.outcomes.iter().filter(|outcome| !goes_out(outcome)) {
            text.push_str(&findings(&read_findings(&refused["findings"]), palette));
        }
        let out = self.out();
        let refused = match self.outcomes.len() - out {
            0 => String::new(),
            count => format!(", {}", palette.bad(&format!("{count} refused"))),
        };
        format!(
            "{text}tasks: {out} published, {} unchanged{refused}\n",
            self.unchanged
        )
    }

    pub(super) fn exit(&self) -> Exit {
        match self.outcomes.len() + self.unchanged {
            0 => Exit::Refused,
            all => exit(self.out() + self.unchanged, all),
        }
    }

    fn out(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| goes_out(outcome))
            .count()
    }
}
