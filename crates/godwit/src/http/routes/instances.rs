//! Routes of instances: what ran, runs or will, and what is done with it.

use std::collections::BTreeMap;

use model::plan::Environment;
use model::run::RejectedRow;
use model::schedule::{InstanceKind, InstanceState, Operation, Priority};
use model::{Error, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::access::rights::Caller;
use service::instances::{self, Act, Attempt, Instance, InstanceFilter};
use service::within::Within;

use crate::http::app::App;
use crate::http::wire::{self, InProject, Limit, Listed, written_moment};
use crate::http::{Answer, Input, Route};

pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get(
            "/projects/{project}/instances",
            "Lists instances, newest first",
            list,
        ),
        Route::get(
            "/projects/{project}/instance-counts",
            "Counts the instances in each state",
            counts,
        ),
        Route::get(
            "/projects/{project}/instances/{instance}",
            "Shows an instance, why it waits, and each time that it ran",
            show,
        ),
        Route::get(
            "/projects/{project}/instances/{instance}/log",
            "Shows what an attempt did, line by line",
            log,
        ),
        Route::get(
            "/projects/{project}/instances/{instance}/rejected-rows",
            "Shows the rows that an attempt rejected, with the reasons",
            rejected,
        ),
        Route::get(
            "/projects/{project}/instances/{instance}/graph",
            "Shows what it waits for, and what waits for it",
            graph,
        ),
        Route::post(
            "/projects/{project}/instances/{instance}/operations",
            "Does something with an instance",
            act,
        ),
    ]
}

/// An instance of a project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct InstanceOf {
    /// The project's id.
    project: ObjectId,
    /// The instance's number.
    instance: i64,
}

/// Which instances.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Search {
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
    /// Of this task.
    task: Option<ObjectId>,
    /// In this state.
    state: Option<InstanceState>,
    /// Of this business date: `yyyymmdd`.
    bizdate: Option<String>,
    /// Made for this reason.
    kind: Option<InstanceKind>,
    /// Of this backfill.
    origin: Option<String>,
    /// Older than this one: `next` of the page before.
    after: Option<i64>,
    /// How many at most; 50 where it is left out, 500 at most.
    limit: Option<Limit>,
}

/// Which instances are counted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Counted {
    /// Production where it is left out.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
    /// Of this business date: `yyyymmdd`.
    bizdate: Option<String>,
}

/// Which attempt.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Which {
    /// From 1; the last one where it is left out.
    attempt: Option<i64>,
}

/// Which of an attempt's rejected rows.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WhichRows {
    /// From 1; the last one where it is left out.
    attempt: Option<i64>,
    /// How many rows are passed over first: `next` of the page before.
    after: Option<u64>,
    /// How many at most; 50 where it is left out, 500 at most.
    limit: Option<Limit>,
}

/// A row that does not fit its target.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct RejectedShown {
    /// The table at the source.
    source: String,
    /// Its key, or its place in the part of the table that it came with: `id=42`, `row 17`.
    row: String,
    /// The values of its primary key; empty where they cannot be told.
    key: Vec<String>,
    /// The column that does not fit.
    column: String,
    /// The value as text, as far as it is one.
    value: Option<String>,
    /// The value's bytes as the source sent them, in hex, at most 4 KiB of them.
    bytes_hex: String,
    /// How many bytes the whole value has.
    length: u64,
    /// What is wrong.
    code: String,
    /// The same in words.
    reason: String,
}

impl From<RejectedRow> for RejectedShown {
    fn from(row: RejectedRow) -> Self {
        Self {
            source: row.table,
            row: row.locator,
            key: row.key,
            column: row.column,
            value: text_of(&row.bytes_hex),
            bytes_hex: row.bytes_hex,
            length: row.length,
            code: row.code,
            reason: row.reason,
        }
    }
}

/// The text whose bytes these are in hex; none where they are no text.
fn text_of(hex: &str) -> Option<String> {
    let digits = hex.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

/// Rows that an attempt rejected.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct RejectedPage {
    /// How many were rejected.
    rejected: u64,
    /// How many of them were kept: fewer only where so many were rejected that the table failed.
    kept: u64,
    /// Those on this page.
    items: Vec<RejectedShown>,
    /// What `after` must be for the next page; none where this is the last one.
    next: Option<String>,
}

/// How far.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Around {
    /// How many steps; 2 where it is left out, 10 at most.
    steps: Option<Within<1, 10>>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Asked {
    /// What.
    operation: Operation,
    /// With `rerun-downstream`: only those that failed.
    #[serde(default)]
    only_failed: bool,
    /// With `remove-upstream`: which one.
    upstream: Option<i64>,
}

/// What was done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Done {
    /// The instances that were changed.
    changed: Vec<i64>,
}

/// An instance in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct InstanceLine {
    /// Its number.
    id: i64,
    /// Where it runs.
    #[schemars(with = "String", extend("enum" = ["development", "production"]))]
    environment: Environment,
    /// Its task.
    task: ObjectId,
    /// The task's name then.
    task_name: String,
    /// Which version of the pipeline.
    version: i64,
    /// `yyyymmdd`.
    bizdate: String,
    /// Why it is there.
    kind: InstanceKind,
    /// The backfill, or what a person started; empty for the calendar's.
    origin: String,
    /// How far it is.
    state: InstanceState,
    /// A person holds it back.
    paused: bool,
    /// It does not wait for those upstream.
    forced: bool,
    /// Which goes first.
    priority: Priority,
    /// When it is to run (RFC 3339).
    planned_at: String,
    /// When its time comes (RFC 3339).
    not_before: String,
    /// Since when it is in its state (RFC 3339).
    since: String,
    /// How often it ran.
    attempts: i64,
    /// The server that runs it.
    server: Option<String>,
}

impl From<Instance> for InstanceLine {
    fn from(instance: Instance) -> Self {
        let made = instance.made;
        Self {
            id: instance.id,
            environment: made.environment,
            task: made.task,
            task_name: made.task_name,
            version: made.version,
            bizdate: made.bizdate,
            kind: made.kind,
            origin: made.origin,
            state: instance.state,
            paused: instance.paused,
            forced: instance.forced,
            priority: made.priority,
            planned_at: written_moment(made.planned_at),
            not_before: written_moment(instance.not_before),
            since: written_moment(instance.since),
            attempts: instance.attempts,
            server: instance.server,
        }
    }
}

/// One time that an instance ran.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct AttemptShown {
    /// From 1.
    number: i64,
    /// The server.
    server: String,
    /// The run that it was part of.
    run: Option<String>,
    /// RFC 3339.
    started_at: String,
    /// RFC 3339.
    ended_at: Option<String>,
    /// How it ended.
    outcome: Option<String>,
    /// The table's report: rows, bytes, seconds, what went wrong.
    report: Option<Json>,
}

impl From<Attempt> for AttemptShown {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            server: attempt.server,
            run: attempt.run,
            started_at: written_moment(attempt.started_at),
            ended_at: attempt.ended_at.map(written_moment),
            outcome: attempt.outcome,
            report: attempt.report,
        }
    }
}

/// An instance in a list, with the last time that it ran.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct ListedInstance {
    /// The instance.
    #[serde(flatten)]
    instance: InstanceLine,
    /// The last time that it ran.
    last: Option<LastShown>,
}

/// The last time that an instance ran, in few words.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct LastShown {
    /// RFC 3339.
    started_at: String,
    /// RFC 3339.
    ended_at: Option<String>,
    /// How it ended.
    outcome: Option<String>,
    /// What it failed with.
    code: Option<String>,
    /// The same in words.
    message: Option<String>,
    /// How many rows were published.
    rows_written: Option<u64>,
    /// How many rows were rejected.
    rows_rejected: Option<u64>,
}

impl From<Attempt> for LastShown {
    fn from(attempt: Attempt) -> Self {
        let report = attempt.report.unwrap_or_default();
        let text = |key: &str| report[key].as_str().map(str::to_owned);
        // What was staged and not published is not told as written.
        let published = attempt.outcome.as_deref() == Some("succeeded");
        Self {
            started_at: written_moment(attempt.started_at),
            ended_at: attempt.ended_at.map(written_moment),
            outcome: attempt.outcome,
            code: text("code"),
            message: text("message"),
            rows_written: report["rows_written"].as_u64().filter(|_| published),
            rows_rejected: report["rows_rejected"].as_u64(),
        }
    }
}

/// An instance with all that is known of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct InstanceShown {
    /// The instance.
    #[serde(flatten)]
    instance: InstanceLine,
    /// Why it is not further, in words.
    reason: Option<String>,
    /// What may be done with it now.
    operations: Vec<Operation>,
    /// Each time that it ran, the last one first.
    runs: Vec<AttemptShown>,
    /// Those that it waits for.
    upstream: Vec<InstanceLine>,
    /// Those that wait for it.
    downstream: Vec<InstanceLine>,
}

/// Instances, and which waits for which.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct GraphShown {
    /// By number.
    instances: Vec<InstanceLine>,
    /// Who waits.
    waits: Vec<Waits>,
    /// Whether there are more than are shown.
    more: bool,
}

/// That one instance waits for another.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Waits {
    /// Who waits.
    instance: i64,
    /// For whom.
    upstream: i64,
}

const ALL: [Operation; 8] = [
    Operation::Rerun,
    Operation::RerunDownstream,
    Operation::ForceRerun,
    Operation::Stop,
    Operation::SetSuccess,
    Operation::Pause,
    Operation::Resume,
    Operation::RemoveUpstream,
];

fn lines(instances: Vec<Instance>) -> Vec<InstanceLine> {
    instances.into_iter().map(InstanceLine::from).collect()
}

async fn list(
    app: App,
    caller: Caller,
    input: Input<InProject, Search>,
) -> Result<Answer<Listed<ListedInstance>>, Error> {
    let search = input.query;
    let limit = wire::limit(search.limit);
    let filter = InstanceFilter {
        task: search.task,
        state: search.state,
        bizdate: search.bizdate,
        kind: search.kind,
        origin: search.origin,
        before: search.after,
        limit,
    };
    let of = (&input.path.project, search.environment);
    let found = instances::list(&app.service, &caller, of, filter).await?;
    let items: Vec<_> = found
        .into_iter()
        .map(|(instance, last)| ListedInstance {
            instance: instance.into(),
            last: last.map(LastShown::from),
        })
        .collect();
    let is_full = items.len() >= limit as usize;
    let next = items
        .last()
        .filter(|_| is_full)
        .map(|last| last.instance.id.to_string());
    Ok(Answer::of(Listed { items, next }))
}

async fn counts(
    app: App,
    caller: Caller,
    input: Input<InProject, Counted>,
) -> Result<Answer<BTreeMap<InstanceState, i64>>, Error> {
    let of = (&input.path.project, input.query.environment);
    let bizdate = input.query.bizdate.as_deref();
    let counted = instances::counts(&app.service, &caller, of, bizdate).await?;
    Ok(Answer::of(counted))
}

async fn show(
    app: App,
    caller: Caller,
    input: Input<InstanceOf>,
) -> Result<Answer<InstanceShown>, Error> {
    let of = (&input.path.project, input.path.instance);
    let shown = instances::show(&app.service, &caller, of).await?;
    let (state, paused) = (shown.instance.state, shown.instance.paused);
    let allowed = ALL.into_iter().filter(|one| one.is_allowed(state, paused));
    Ok(Answer::of(InstanceShown {
        operations: allowed.collect(),
        instance: shown.instance.into(),
        reason: shown.reason,
        runs: shown.attempts.into_iter().map(AttemptShown::from).collect(),
        upstream: lines(shown.upstream),
        downstream: lines(shown.downstream),
    }))
}

async fn log(
    app: App,
    caller: Caller,
    input: Input<InstanceOf, Which>,
) -> Result<Answer<Vec<String>>, Error> {
    let of = (&input.path.project, input.path.instance);
    let lines = instances::log(&app.service, &caller, of, input.query.attempt).await?;
    Ok(Answer::of(lines))
}

async fn rejected(
    app: App,
    caller: Caller,
    input: Input<InstanceOf, WhichRows>,
) -> Result<Answer<RejectedPage>, Error> {
    let of = (&input.path.project, input.path.instance);
    let which = input.query;
    let (skip, limit) = (which.after.unwrap_or(0), wire::limit(which.limit));
    let part = instances::rejected(&app.service, &caller, of, which.attempt, (skip, limit)).await?;
    let end = skip.saturating_add(part.rows.len() as u64);
    Ok(Answer::of(RejectedPage {
        rejected: part.rejected,
        kept: part.kept,
        next: (end < part.kept && !part.rows.is_empty()).then(|| end.to_string()),
        items: part.rows.into_iter().map(RejectedShown::from).collect(),
    }))
}

async fn graph(
    app: App,
    caller: Caller,
    input: Input<InstanceOf, Around>,
) -> Result<Answer<GraphShown>, Error> {
    let of = (&input.path.project, input.path.instance);
    let steps = input.query.steps.map_or(2, Within::get);
    let found = instances::graph(&app.service, &caller, of, steps).await?;
    let waits = found.waits.into_iter();
    let waits = waits.map(|(instance, upstream)| Waits { instance, upstream });
    Ok(Answer::of(GraphShown {
        instances: lines(found.instances),
        waits: waits.collect(),
        more: found.more,
    }))
}

async fn act(
    app: App,
    caller: Caller,
    input: Input<InstanceOf, (), Asked>,
) -> Result<Answer<Done>, Error> {
    let of = (&input.path.project, input.path.instance);
    let act = asked(input.body)?;
    let changed = instances::act(&app.service, &caller, of, act).await?;
    Ok(Answer::of(Done { changed }))
}

fn asked(asked: Asked) -> Result<Act, Error> {
    Ok(match asked.operation {
        Operation::Rerun => Act::Rerun,
        Operation::RerunDownstream => Act::RerunDownstream {
            only_failed: asked.only_failed,
        },
        Operation::ForceRerun => Act::ForceRerun,
        Operation::Stop => Act::Stop,
        Operation::SetSuccess => Act::SetSuccess,
        Operation::Pause => Act::Pause,
        Operation::Resume => Act::Resume,
        Operation::RemoveUpstream => {
            let missing = || {
                let message = "it is not said which upstream is removed";
                Error::new(model::ErrorKind::Config, "NOT_UPSTREAM", message)
                    .hint("give its number as upstream")
            };
            Act::RemoveUpstream(asked.upstream.ok_or_else(missing)?)
        }
    })
}
