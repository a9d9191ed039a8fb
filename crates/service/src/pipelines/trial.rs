//! A pipeline run on trial: its first rows as they would be read now, and what each column becomes. Nothing is
//! written anywhere.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use contract::{BatchLimits, CancellationToken, Meter, Rejected, Split, TaskContext, WriteBudget};
use futures::TryStreamExt;
use model::plan::{ColumnMapping, Environment, Fidelity, Pipeline as Planned, Scan};
use model::run::RejectedRow;
use model::{Error, ErrorKind, Finding, ObjectId, Result, Side};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Stored;

use super::Pipeline;
use crate::access::rights::{Caller, Right};
use crate::data_sources::project_of;
use crate::ends::Ends;
use crate::installation::{Service, known_environment};
use crate::migrations::{Written, planning, understood};
use crate::plan::{Occasion, Planning, bizdate};
use crate::projects::Mode;
use crate::within::Within;

const USUAL_ROWS: u32 = 20;
/// A trial that takes longer is no trial.
const LONGEST: Duration = Duration::from_secs(20);
/// More of a value is not shown, in characters.
const LONGEST_VALUE: usize = 1_000;
/// A larger value is rejected on trial, in bytes.
const LARGEST_VALUE: usize = 1 << 20;
/// Into about so many parts the table is cut: what is asked for are its first rows.
const PARTS: usize = 64;

/// How a pipeline is tried.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrialRequest {
    /// For which business date, `yyyymmdd`; the current one where it is left out.
    pub bizdate: Option<String>,
    /// So many rows are shown; 20 where it is left out.
    pub rows: Option<Within<1, 200>>,
}

/// What a trial shows.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Trial {
    /// What stands against it, and what to know.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
    /// The filter as it was sent.
    pub filter: Option<String>,
    /// In the order of the destination.
    pub columns: Vec<TrialColumn>,
    /// The first rows as they are read, as texts of at most 1,000 characters; none for null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there are more.
    pub more: bool,
    /// Rows among those that cannot go on, and why.
    pub rejected: Vec<TrialRejected>,
}

/// What a column becomes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TrialColumn {
    /// Its name at the source.
    pub source: String,
    /// Its type there.
    pub source_type: String,
    /// Its name at the destination.
    pub destination: String,
    /// Its type there.
    pub destination_type: String,
    /// What may be lost on the way; none where nothing is.
    pub loss: Option<String>,
}

/// A row that cannot go on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TrialRejected {
    /// Its key, or its place.
    pub row: String,
    /// The column that does not fit.
    pub column: String,
    /// Stable, upper case.
    pub code: String,
    /// For a person.
    pub reason: String,
}

impl From<RejectedRow> for TrialRejected {
    fn from(row: RejectedRow) -> Self {
        Self {
            row: row.locator,
            column: row.column,
            code: row.code,
            reason: row.reason,
        }
    }
}

impl TrialColumn {
    fn of(mapping: &ColumnMapping) -> Self {
        Self {
            source: mapping.source.clone(),
            source_type: mapping.source_type.clone(),
            destination: mapping.destination.clone(),
            destination_type: mapping.destination_type.clone(),
            loss: match &mapping.fidelity {
                Fidelity::Lossy(what) => Some(what.clone()),
                Fidelity::Exact | Fidelity::Widened => None,
            },
        }
    }
}

impl Trial {
    fn refused(mut findings: Vec<Finding>) -> Self {
        Finding::by_weight(&mut findings);
        Self {
            findings,
            ..Self::default()
        }
    }
}

/// Reads the first rows of a pipeline, in an environment, and writes nothing. What keeps it from being read is told
/// by the findings.
pub async fn try_out(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    (environment, request): (Environment, TrialRequest),
) -> Result<Trial> {
    caller.may(Some(project.as_str()), Right::UseDataSources)?;
    let stored: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
    let found = project_of(service, project).await?;
    known_environment(environment, found.body.mode == Mode::DevProd)?;
    let document = Written::Json(&stored.body.document);
    let mut whole = understood(service, &found, document).await?;
    let of = (project.as_str(), environment);
    let (ends, opening) = match planning::open(service, of, &mut whole).await? {
        Ok(opened) => opened,
        Err(findings) => return Ok(Trial::refused(findings)),
    };
    let Some(spec) = whole.spec() else {
        return Ok(Trial::refused(whole.loaded.findings));
    };
    let occasion = Occasion {
        bizdate: bizdate(request.bizdate.as_deref(), spec, service.clock())?,
        part: stored.body.part,
    };
    let planning = Planning {
        loaded: &whole.loaded,
        ends: &ends,
        occasion: &occasion,
        environment,
        tables: None,
        look: None,
    };
    let compiled = planning.compile(opening, &BTreeMap::new()).await;
    let plan = compiled.plan.as_ref();
    let Some(pipeline) = plan.and_then(|plan| plan.pipelines.first()) else {
        return Ok(Trial::refused(compiled.findings));
    };
    let rows = request.rows.map_or(USUAL_ROWS, Within::get) as usize;
    let cancel = CancellationToken::new();
    let reading = read(&ends, pipeline, rows, &cancel);
    let read = tokio::time::timeout(LONGEST, reading).await;
    cancel.cancel();
    let read = read.unwrap_or_else(|_| Err(too_long()))?;
    Ok(Trial {
        filter: pipeline.scan.filter.clone(),
        columns: pipeline.columns.iter().map(TrialColumn::of).collect(),
        findings: compiled.findings,
        rows: read.rows,
        more: read.more,
        rejected: read.rejected.into_iter().map(TrialRejected::from).collect(),
    })
}

fn too_long() -> Error {
    let seconds = LONGEST.as_secs();
    let message = format!("the first rows did not come within {seconds} seconds");
    Error::new(ErrorKind::Unavailable, "TIMED_OUT", message)
        .on(Side::Source)
        .hint("choose a filter that the source has an index for")
}

#[derive(Default)]
struct Read {
    rows: Vec<Vec<Option<String>>>,
    more: bool,
    rejected: Vec<RejectedRow>,
}

/// The first rows, part by part.
async fn read(
    ends: &Ends,
    pipeline: &Planned,
    wanted: usize,
    cancel: &CancellationToken,
) -> Result<Read> {
    let scan = &pipeline.scan;
    let scans = std::slice::from_ref(scan);
    let opened = ends.source.open_snapshot(scans, 1).await?;
    if let Some((_, error)) = opened.refused.into_iter().next() {
        opened.snapshot.close().await;
        return Err(error);
    }
    let order = order(pipeline);
    let mut read = Read::default();
    for split in opened.snapshot.split(scan, PARTS).await? {
        let task = task(scan, &split, wanted, cancel);
        let mut batches = opened.snapshot.read(scan, &split, &task).await?;
        while !read.more
            && let Some(batch) = batches.try_next().await?
        {
            show(&batch, (&order, wanted), &mut read)?;
        }
        read.rejected.extend(task.rejected.take());
        if read.more {
            // Stops what is still being sent.
            task.cancel.cancel();
            break;
        }
    }
    opened.snapshot.close().await;
    Ok(read)
}

/// For each column of the destination, its place among those that are read.
fn order(pipeline: &Planned) -> Vec<usize> {
    let place = |mapping: &ColumnMapping| {
        let mut columns = pipeline.scan.columns.iter();
        columns.position(|column| column.native.name == mapping.source)
    };
    pipeline.columns.iter().filter_map(place).collect()
}

fn task(scan: &Scan, split: &Split, rows: usize, cancel: &CancellationToken) -> TaskContext {
    TaskContext {
        split: split.id.clone(),
        attempt: 1,
        cancel: cancel.child_token(),
        meter: Meter::default(),
        rejected: Rejected::new(&scan.table, &split.id),
        budget: WriteBudget::new(LARGEST_VALUE),
        limits: BatchLimits {
            rows: rows + 1,
            value_bytes: LARGEST_VALUE,
            ..BatchLimits::default()
        },
    }
}

/// Adds rows of a batch, up to those that are wanted.
fn show(batch: &RecordBatch, (order, wanted): (&[usize], usize), read: &mut Read) -> Result<()> {
    let options = FormatOptions::default();
    let failed = |cause: ArrowError| Error::internal("a value cannot be shown").caused_by(cause);
    let columns = order.iter().filter_map(|place| batch.columns().get(*place));
    let columns: Vec<_> = columns
        .map(|column| Ok((column, ArrayFormatter::try_new(column, &options)?)))
        .collect::<std::result::Result<_, ArrowError>>()
        .map_err(failed)?;
    for row in 0..batch.num_rows() {
        if read.rows.len() == wanted {
            read.more = true;
            break;
        }
        let values = columns.iter().map(|(column, formatter)| {
            let text = || formatter.value(row).to_string();
            let text = (!column.is_null(row)).then(text)?;
            Some(text.chars().take(LONGEST_VALUE).collect())
        });
        read.rows.push(values.collect());
    }
    Ok(())
}
