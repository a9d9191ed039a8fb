//! `metadata`: what there is at data sources. Collected once into the catalog, and searched there, however many
//! tables there are; asked at the source itself where nothing was collected, and said so.

mod search;

use model::plan::Environment;
use model::table::ListedTable;
use model::{Error, ErrorKind, NativeTable, ObjectId, Result, TableName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{CatalogSearch, CatalogTable};

pub use self::search::{Found, FoundTable, Search, search};

use crate::access::rights::{Caller, Right};
use crate::data_sources::{DataSource, open_to_read, project_of};
use crate::installation::Service;
use crate::migrations::environment_of;
use crate::work::{Job, Outcome, Progress, begin};

/// How many tables are described in one call, and kept at once.
const AT_ONCE: usize = 500;
/// Behind every table of a schema.
const LAST_NAME: &str = "\u{10ffff}";

/// What to collect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Collect {
    /// Whose connection; development where the project has it, else production.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub environment: Option<Environment>,
    /// Schemas beside those that were collected before; the data source's own where there are none.
    #[serde(default)]
    pub schemas: Vec<String>,
}

/// A table in full.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TableDetail {
    /// What the data source says of it.
    pub table: Json,
    /// When it was collected, in milliseconds since 1970; none where the source was asked itself.
    pub collected_at: Option<i64>,
}

/// Collects schemas, tables, columns, keys, comments and estimates of a data source; forgets what is gone.
pub async fn collect(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    collect: Collect,
) -> Result<Progress> {
    caller.may(Some(project.as_str()), Right::UseDataSources)?;
    let _: store::Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    let found = project_of(service, project).await?;
    let environment = environment_of(&found, collect.environment)?;
    let job = Job {
        project: project.as_str(),
        kind: "collect",
        object: id.as_str(),
    };
    let (project, id) = (project.clone(), id.clone());
    begin(service, caller, job, |service, mut teller| async move {
        let (_, last) = service.store().catalog_size(&id, environment).await?;
        // Later than all that stands there, whatever the clock says.
        let begun = service
            .clock()
            .millis()
            .max(last.map_or(0, |last| last + 1));
        let source = open_to_read(&service, (&project, &id), environment).await?;
        let mut schemas = known_schemas(&service, &id, environment).await?;
        schemas.extend(collect.schemas);
        if !schemas.is_empty() {
            // Else it would be forgotten.
            schemas.push(source.default_schema());
        }
        schemas.sort();
        schemas.dedup();
        let listed = source.tables(&schemas).await?;
        let holds = |schema: &String| listed.iter().any(|table| table.name.schema == *schema);
        let empty: Vec<&String> = schemas.iter().filter(|schema| !holds(schema)).collect();
        let empty = json!(empty);
        teller.tell(0, listed.len()).await?;
        let (mut done, mut kept) = (0, 0);
        for tables in listed.chunks(AT_ONCE) {
            let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
            let described = source.describe(&names).await?;
            let lines = tables
                .iter()
                .zip(described)
                .filter_map(|(listed, described)| {
                    let described = described?;
                    Some(line((&id, environment), listed, described, begun))
                });
            let lines: Vec<CatalogTable> = lines.collect::<Result<_>>()?;
            service.store().put_catalog(&lines).await?;
            (done, kept) = (done + tables.len(), kept + lines.len());
            teller.tell(done, listed.len()).await?;
        }
        let cut = service.store().cut_catalog(&id, environment, begun).await?;
        Ok(Outcome {
            complete: true,
            result: json!({
                "tables": kept, "gone": cut, "environment": environment, "without-tables": empty,
            }),
        })
    })
    .await
}

/// The schemas that the data source's user may look into, and those of which tables were collected. Where the source
/// cannot be asked now, what was collected is told alone.
pub async fn schemas(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    environment: Option<Environment>,
) -> Result<Vec<String>> {
    let environment = asked(service, caller, (project, id), environment).await?;
    let mut all = known_schemas(service, id, environment).await?;
    let asked = async {
        let source = open_to_read(service, (project, id), environment).await?;
        let live = source.schemas().await?;
        Ok::<_, Error>(match live.is_empty() {
            true => vec![source.default_schema()],
            false => live,
        })
    };
    match asked.await {
        Ok(live) => all.extend(live),
        Err(error) if all.is_empty() => return Err(error),
        Err(error) => tracing::info!(code = error.code, %error, "a source was not asked"),
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// One table in full: as it was collected, else as the source says now.
pub async fn table(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    (name, environment): (&TableName, Option<Environment>),
) -> Result<TableDetail> {
    let environment = asked(service, caller, (project, id), environment).await?;
    let search = CatalogSearch {
        schemas: vec![name.schema.clone()],
        names: vec![name.table.clone()],
        limit: 1,
        ..CatalogSearch::default()
    };
    let mut found = service.store().catalog(id, environment, &search).await?;
    if let Some(found) = found.pop() {
        return Ok(TableDetail {
            table: found.body,
            collected_at: Some(found.collected_at),
        });
    }
    let source = open_to_read(service, (project, id), environment).await?;
    let described = source.describe(std::slice::from_ref(name)).await?;
    let described = described.into_iter().flatten().next().ok_or_else(|| {
        let message = format!("there is no table {name}");
        Error::new(ErrorKind::NotFound, "TABLE_NOT_FOUND", message)
            .hint("it is gone, or the data source's user may not see it")
    })?;
    Ok(TableDetail {
        table: document(described)?,
        collected_at: None,
    })
}

/// The environment, if the caller may look there.
async fn asked(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    environment: Option<Environment>,
) -> Result<Environment> {
    caller.may(Some(project.as_str()), Right::UseDataSources)?;
    let _: store::Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    let project = project_of(service, project).await?;
    environment_of(&project, environment)
}

/// From one schema to the next, without reading the tables between.
async fn known_schemas(
    service: &Service,
    id: &ObjectId,
    environment: Environment,
) -> Result<Vec<String>> {
    let mut schemas: Vec<String> = Vec::new();
    loop {
        let search = CatalogSearch {
            after: schemas
                .last()
                .map(|last| (last.clone(), LAST_NAME.to_owned())),
            limit: 1,
            ..CatalogSearch::default()
        };
        match service
            .store()
            .catalog(id, environment, &search)
            .await?
            .pop()
        {
            Some(table) => schemas.push(table.schema),
            None => return Ok(schemas),
        }
    }
}

fn line(
    (id, environment): (&ObjectId, Environment),
    listed: &ListedTable,
    described: NativeTable,
    at: i64,
) -> Result<CatalogTable> {
    let number = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    Ok(CatalogTable {
        data_source: id.clone(),
        environment,
        schema: listed.name.schema.clone(),
        table: listed.name.table.clone(),
        kind: kind(listed),
        estimated_rows: number(described.estimated_rows.or(listed.estimated_rows)),
        estimated_bytes: number(described.estimated_bytes),
        comment: described.comment.clone().unwrap_or_default(),
        body: document(described)?,
        collected_at: at,
    })
}

/// What kind a table is, in one word with dashes.
fn kind(listed: &ListedTable) -> String {
    let word = serde_json::to_value(listed.kind).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// Without what is the connector's own.
fn document(mut table: NativeTable) -> Result<Json> {
    table.private = Json::Null;
    table
        .columns
        .iter_mut()
        .for_each(|column| column.private = Json::Null);
    serde_json::to_value(&table)
        .map_err(|cause| Error::internal("a table cannot be written as JSON").caused_by(cause))
}
