//! `generation`: a migration becomes pipelines, one for each table and part of its method, in a folder of its
//! name. It may be done again at any time: what is there is compared, not made twice, and what a person has
//! edited stays as it is.

mod ahead;
mod narrow;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::Destination;
use model::migration::MigrationSpec;
use model::plan::{Environment, Part, Plan, Refused};
use model::{Error, ErrorKind, Finding, ObjectId, Result, TableName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{By, Page, Stored};

use self::narrow::narrowed;
use crate::access::rights::{Caller, Right};
use crate::data_sources::project_of;
use crate::folders::Folder;
use crate::installation::Service;
use crate::migrations::{Migration, Plans, Written, environment_of, plans, title, understood};
use crate::pipelines::{self, Pipeline, digest};
use crate::tasks::Table;
use crate::work::{Job, Outcome, Progress, Teller, begin};

/// What an operation of this kind is called.
const KIND: &str = "generate";
/// So many pipelines are made by one transaction.
const AT_ONCE: usize = 200;
/// So many operations are looked through for the last generation.
const LOOKED_THROUGH: u32 = 200;

/// What to generate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Generate {
    /// Whose connections tell what there is; development where the project has it, else production.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub environment: Option<Environment>,
    /// Those tables alone that failed the last time.
    #[serde(default)]
    pub only_failed: bool,
    /// Whether target tables that are not there are made now, empty; by their first load otherwise. With
    /// `existing-tables: fail` they never are.
    #[serde(default = "yes")]
    pub create_tables: bool,
}

fn yes() -> bool {
    true
}

impl Default for Generate {
    fn default() -> Self {
        Self {
            environment: None,
            only_failed: false,
            create_tables: true,
        }
    }
}

/// What became of one table and part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "GeneratedTable")]
pub struct Row {
    /// The table at the source.
    pub source: Table,
    /// The table at the destination, as far as that is known.
    pub target: Option<Table>,
    /// The part of the method.
    #[schemars(with = "String")]
    pub method: Part,
    /// What became of it.
    pub state: RowState,
    /// What the task is called.
    pub name: Option<String>,
    /// The pipeline.
    pub pipeline: Option<ObjectId>,
    /// What to know of it, the weightiest first.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub remarks: Vec<Finding>,
}

/// What became of one table and part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "GeneratedState")]
pub enum RowState {
    /// A pipeline was made.
    New,
    /// The pipeline says what the migration says now.
    Updated,
    /// The pipeline says that already.
    Unchanged,
    /// A person edited the pipeline; it stays as it is.
    Kept,
    /// There is a pipeline, and the migration does not move the table any more: a person decides.
    Vanished,
    /// There is none, for the reasons told.
    Failed,
}

/// Generates the pipelines of a migration, beside the request. One table that fails does not stop the others.
pub async fn generate(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    request: Generate,
) -> Result<Progress> {
    let of = Some(project.as_str());
    caller.may(of, Right::EditMigrations)?;
    caller.may(of, Right::UseDataSources)?;
    let migration: Stored<Migration> = service.of_project(project.as_str(), id).await?;
    if migration.body.document["existing-tables"] == "recreate" {
        caller.may(of, Right::RecreateTables)?;
    }
    let found = project_of(service, project).await?;
    let environment = environment_of(&found, request.environment)?;
    let only = match request.only_failed {
        true => Some(failed(service, project, id).await?),
        false => None,
    };
    let whole = understood(service, &found, Written::Json(&migration.body.document)).await?;
    let (spec, by) = (whole.spec().cloned(), service.by(caller));
    let ends = whole
        .ends()
        .map(|(source, destination)| (source.clone(), destination.clone()));
    let titles = [&whole.source, &whole.destination]
        .map(|end| end.as_ref().map_or("", |end| title(&end.body.connector)));
    let job = Job {
        project: project.as_str(),
        kind: KIND,
        object: id.as_str(),
    };
    begin(service, caller, job, move |service, teller| async move {
        let (Some(spec), Some(ends)) = (spec, ends) else {
            return Ok(refused(whole.loaded.findings));
        };
        let bizdate = service.clock().bizdate(&spec.source.time_zone);
        let parts: Vec<Part> = spec.method.kind.parts().collect();
        let occasions: Vec<(Part, String)> =
            parts.iter().map(|part| (*part, bizdate.clone())).collect();
        let of = (migration.project.as_str(), environment);
        let Plans {
            ends: opened,
            planned,
        } = Box::pin(plans(&service, of, whole, (&occasions, only.as_ref()))).await?;
        if let Some(blocked) = planned
            .iter()
            .find(|planned| planned.plan.as_ref().is_none_or(Plan::is_blocked))
        {
            return Ok(refused(blocked.findings.clone()));
        }
        let plans: Vec<Plan> = planned
            .into_iter()
            .filter_map(|planned| planned.plan)
            .collect();
        let findings: Vec<Finding> = plans
            .iter()
            .flat_map(|plan| plan.findings.clone())
            .collect();
        let work = Work {
            service,
            by,
            migration,
            spec,
            ends,
            titles,
            destination: opened
                .filter(|_| request.create_tables)
                .map(|ends| ends.destination),
        };
        work.carry_out((&plans, findings), only.is_none(), teller)
            .await
    })
    .await
}

/// What became of the tables the last time: those in this state, where one is given.
pub async fn results(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    (state, offset, limit): (Option<RowState>, usize, usize),
) -> Result<Vec<Row>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let _: Stored<Migration> = service.of_project(project.as_str(), id).await?;
    let rows = last_rows(service, project, id).await?.unwrap_or_default();
    let rows = rows
        .into_iter()
        .filter(|row| state.is_none_or(|state| row.state == state));
    Ok(rows.skip(offset).take(limit).collect())
}

/// The tables that failed the last time.
async fn failed(
    service: &Service,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<BTreeSet<TableName>> {
    let rows = last_rows(service, project, id).await?.unwrap_or_default();
    let failed = rows.iter().filter(|row| row.state == RowState::Failed);
    let failed: BTreeSet<TableName> = failed.map(|row| TableName::from(&row.source)).collect();
    if failed.is_empty() {
        let message = "no table of this migration failed the last time";
        return Err(
            Error::new(ErrorKind::Conflict, "NOTHING_FAILED", message).hint("generate all of them")
        );
    }
    Ok(failed)
}

async fn last_rows(
    service: &Service,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Option<Vec<Row>>> {
    let of = (id.as_str(), "");
    let listed = service
        .store()
        .operations(project.as_str(), of, LOOKED_THROUGH)
        .await?;
    let rows = listed
        .into_iter()
        .filter(|operation| operation.kind == KIND)
        .find_map(|operation| {
            let rows = operation.result?.get_mut("rows")?.take();
            serde_json::from_value::<Vec<Row>>(rows).ok()
        });
    Ok(rows)
}

fn refused(mut findings: Vec<Finding>) -> Outcome {
    Finding::by_weight(&mut findings);
    Outcome {
        complete: false,
        result: json!({ "findings": findings, "rows": [] }),
    }
}

/// One generation.
struct Work {
    service: Service,
    by: By,
    migration: Stored<Migration>,
    spec: MigrationSpec,
    ends: (ObjectId, ObjectId),
    /// What people call the kinds of both ends.
    titles: [&'static str; 2],
    /// Where tables are made ahead; none where that is not wanted.
    destination: Option<Arc<dyn Destination>>,
}

/// A pipeline as it should be.
struct Wanted {
    name: String,
    body: Pipeline,
    table: Table,
    remarks: Vec<Finding>,
}

type Known = BTreeMap<(TableName, &'static str), Stored<Pipeline>>;

impl Work {
    async fn carry_out(
        &self,
        (plans, findings): (&[Plan], Vec<Finding>),
        whole: bool,
        mut teller: Teller,
    ) -> Result<Outcome> {
        let folder = self.folder().await?;
        let (wanted, mut rows) = self.wanted(plans, &folder.id)?;
        let new_tables = self.new_tables(plans);
        let total = wanted.len() + new_tables.len();
        teller.tell(0, total).await?;
        let mut known = self.known().await?;
        let (mut new, mut done) = (Vec::new(), 0);
        for wanted in wanted {
            let key = (TableName::from(&wanted.table), word(wanted.body.part));
            match known.remove(&key) {
                None => new.push(wanted),
                Some(old) => {
                    rows.push(self.compared(old, wanted).await?);
                    done += 1;
                    teller.tell(done, total).await?;
                }
            }
        }
        while !new.is_empty() {
            let rest = new.split_off(new.len().min(AT_ONCE));
            done += new.len();
            rows.extend(self.made(new).await?);
            teller.tell(done, total).await?;
            new = rest;
        }
        if whole {
            let failed: BTreeSet<_> = rows
                .iter()
                .map(|row| (TableName::from(&row.source), word(row.method)))
                .collect();
            let gone = known.into_iter().filter(|(key, _)| !failed.contains(key));
            rows.extend(gone.map(|(_, old)| vanished(&old)));
        }
        let told = (&mut teller, done, total);
        self.make_tables(new_tables, &mut rows, told).await?;
        rows.sort_by(|one, other| {
            let key = |row: &Row| {
                (
                    row.source.schema.clone(),
                    row.source.table.clone(),
                    word(row.method),
                )
            };
            key(one).cmp(&key(other))
        });
        Ok(Outcome {
            complete: rows.iter().all(|row| row.state != RowState::Failed),
            result: json!({ "folder": folder.id, "findings": findings, "rows": rows }),
        })
    }

    /// The folder of the migration, under whatever name it has by now.
    async fn folder(&self) -> Result<Stored<Folder>> {
        let (store, project) = (self.service.store(), self.migration.project.as_str());
        let id = &self.migration.id;
        let page = Page {
            limit: 1,
            ..Page::default()
        };
        if let Some(folder) = store
            .referring::<Folder>(id, "migration", &page)
            .await?
            .pop()
        {
            return Ok(folder);
        }
        let name = &self.migration.name;
        let body = Folder {
            migration: Some(id.clone()),
            description: String::new(),
        };
        match store.find::<Folder>(project, name).await? {
            None => store.create(&self.by(), (project, name), body).await,
            Some(found) if found.body.migration.is_none() => {
                let body = Folder {
                    migration: Some(id.clone()),
                    ..found.body.clone()
                };
                store.replace(&self.by(), Stored { body, ..found }).await
            }
            Some(_) => {
                let message = format!("the folder {name:?} is another migration's");
                Err(Error::new(ErrorKind::Conflict, "NAME_TAKEN", message)
                    .hint("call one of both otherwise"))
            }
        }
    }

    /// What should be there, and rows of what cannot be.
    fn wanted(&self, plans: &[Plan], folder: &ObjectId) -> Result<(Vec<Wanted>, Vec<Row>)> {
        let (mut wanted, mut rows) = (Vec::new(), Vec::new());
        for plan in plans {
            rows.extend(
                plan.refused
                    .iter()
                    .map(|refused| failed_row(refused, plan.part)),
            );
            let pairs = plan.pipelines.iter().map(|pipeline| {
                (
                    pipeline.scan.table.clone(),
                    pipeline.write.table.name.clone(),
                )
            });
            let pairs: Vec<(TableName, TableName)> = pairs.collect();
            let names = planner::task_names(&self.spec, self.titles[0], self.titles[1], &pairs);
            let of_tables: BTreeMap<TableName, Finding> = names.of_tables.into_iter().collect();
            let named: BTreeMap<&TableName, &str> = names
                .tasks
                .iter()
                .filter(|task| task.part == plan.part)
                .map(|task| (&task.source, task.name.as_str()))
                .collect();
            for pipeline in &plan.pipelines {
                let (source, target) = (&pipeline.scan.table, &pipeline.write.table.name);
                let Some(name) = named.get(source) else {
                    let finding = of_tables.get(source).or(names.of_rule.first()).cloned();
                    let refused = Refused {
                        source: source.clone(),
                        destination: Some(target.clone()),
                        findings: finding.into_iter().collect(),
                    };
                    rows.push(failed_row(&refused, plan.part));
                    continue;
                };
                let document = narrowed(&self.spec, plan.part, (source, target))?;
                wanted.push(Wanted {
                    name: (*name).to_owned(),
                    body: self.pipeline((folder, plan.part), (source, target), document),
                    table: Table::from(source),
                    remarks: pipeline.findings.clone(),
                });
            }
        }
        Ok((wanted, rows))
    }

    fn pipeline(
        &self,
        (folder, part): (&ObjectId, Part),
        (source, target): (&TableName, &TableName),
        document: Json,
    ) -> Pipeline {
        Pipeline {
            folder: folder.clone(),
            migration: Some(self.migration.id.clone()),
            part,
            generated: Some(digest(&document)),
            document,
            table: Some(Table::from(source)),
            destination_table: Some(Table::from(target)),
            source: Some(self.ends.0.clone()),
            destination: Some(self.ends.1.clone()),
            hand_edited: false,
            submitted: None,
            published: None,
            description: String::new(),
        }
    }

    /// What was generated from this migration before, by table and part.
    async fn known(&self) -> Result<Known> {
        let project = self.migration.project.as_str();
        let listed = pipelines::all(&self.service, project, Some(&self.migration.id)).await?;
        let keyed = listed.into_iter().filter_map(|pipeline| {
            let table = TableName::from(pipeline.body.table.as_ref()?);
            Some(((table, word(pipeline.body.part)), pipeline))
        });
        Ok(keyed.collect())
    }

    /// Brings a pipeline that is there to what it should be, unless a person has edited it.
    async fn compared(&self, old: Stored<Pipeline>, wanted: Wanted) -> Result<Row> {
        let same_document = old.body.generated == wanted.body.generated;
        if old.body.hand_edited {
            let mut row = row(&old, RowState::Kept, wanted.remarks);
            if !same_document {
                let message =
                    "a person has edited the pipeline, and the migration says otherwise by now";
                let finding =
                    Finding::warning("KEPT", TableName::from(&row.source).to_string(), message);
                row.remarks.insert(
                    0,
                    finding.hint("remove it and generate again to have it anew"),
                );
            }
            return Ok(row);
        }
        let same_target = old.body.destination_table == wanted.body.destination_table;
        let same_ends = (&old.body.source, &old.body.destination)
            == (&wanted.body.source, &wanted.body.destination);
        if same_document && same_target && same_ends && old.name == wanted.name {
            return Ok(row(&old, RowState::Unchanged, wanted.remarks));
        }
        let body = Pipeline {
            folder: old.body.folder.clone(),
            submitted: old.body.submitted,
            published: old.body.published,
            description: old.body.description.clone(),
            ..wanted.body.clone()
        };
        let new = Stored {
            name: wanted.name.clone(),
            body,
            ..old
        };
        match self.service.store().replace(&self.by(), new).await {
            Ok(new) => Ok(row(&new, RowState::Updated, wanted.remarks)),
            Err(error) => Ok(not_made(wanted, &error)),
        }
    }

    /// Makes pipelines, all by one transaction; where one's name is taken, each by itself.
    async fn made(&self, wanted: Vec<Wanted>) -> Result<Vec<Row>> {
        let (store, project) = (self.service.store(), self.migration.project.as_str());
        let bodies = wanted
            .iter()
            .map(|one| (one.name.clone(), one.body.clone()))
            .collect();
        match store.create_all(&self.by(), project, bodies).await {
            Ok(made) => {
                let made = made.iter().zip(wanted);
                Ok(made
                    .map(|(made, wanted)| row(made, RowState::New, wanted.remarks))
                    .collect())
            }
            Err(error) if error.code == "NAME_TAKEN" => {
                let mut rows = Vec::with_capacity(wanted.len());
                for wanted in wanted {
                    let name = (project, wanted.name.as_str());
                    let made = store.create(&self.by(), name, wanted.body.clone()).await;
                    rows.push(match made {
                        Ok(made) => row(&made, RowState::New, wanted.remarks),
                        Err(error) => not_made(wanted, &error),
                    });
                }
                Ok(rows)
            }
            Err(error) => Err(error),
        }
    }

    /// Who asked, now.
    fn by(&self) -> By {
        By {
            at: self.service.clock().millis(),
            ..self.by.clone()
        }
    }
}

fn row(pipeline: &Stored<Pipeline>, state: RowState, remarks: Vec<Finding>) -> Row {
    let nowhere = Table {
        schema: String::new(),
        table: String::new(),
    };
    Row {
        source: pipeline.body.table.clone().unwrap_or(nowhere),
        target: pipeline.body.destination_table.clone(),
        method: pipeline.body.part,
        state,
        name: Some(pipeline.name.clone()),
        pipeline: Some(pipeline.id.clone()),
        remarks,
    }
}

fn failed_row(refused: &Refused, part: Part) -> Row {
    Row {
        source: Table::from(&refused.source),
        target: refused.destination.as_ref().map(Table::from),
        method: part,
        state: RowState::Failed,
        name: None,
        pipeline: None,
        remarks: refused.findings.clone(),
    }
}

fn not_made(wanted: Wanted, error: &Error) -> Row {
    let at = TableName::from(&wanted.table).to_string();
    Row {
        source: wanted.table,
        target: wanted.body.destination_table,
        method: wanted.body.part,
        state: RowState::Failed,
        name: Some(wanted.name),
        pipeline: None,
        remarks: vec![Finding::of_error(error, at)],
    }
}

fn vanished(old: &Stored<Pipeline>) -> Row {
    let mut row = row(old, RowState::Vanished, Vec::new());
    let message = "the migration does not move this table any more";
    let finding = Finding::warning(
        "VANISHED",
        TableName::from(&row.source).to_string(),
        message,
    );
    row.remarks
        .push(finding.hint("remove the pipeline, or keep it as one of its own"));
    row
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Daily => "daily",
        Part::OneTime => "one-time",
    }
}

#[cfg(test)]
mod tests;
