//! `migrations`: the configurations of a project, each for many tables. A draft may be incomplete; what stands
//! against it is told with its paths, and nothing of it runs before it is right.

pub(crate) mod planning;
mod preview;
mod whole;
mod written;

use model::plan::{Environment, Part};
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::{Link, Noun, Stored};

pub use self::preview::{
    Expanded, Preview, PreviewRequest, PreviewedTable, existing, preview, task_rule,
};
pub use self::written::Format;

pub(crate) use self::planning::{Plans, plans, title};
pub(crate) use self::whole::{Written, understood};
pub(crate) use self::written::text;

use crate::access::misplaced::misplaced_secrets;
use crate::access::rights::{Caller, Right};
use crate::data_sources::project_of;
use crate::document::join;
use crate::installation::{Service, known_environment, page};
use crate::names;
use crate::plan::{bizdate, part};
use crate::projects::{Mode, Project};
use crate::work::{Job, Outcome, Progress, begin, refusal};

/// So many who use a migration are named in a refusal.
const NAMED: u32 = 5;

/// One configuration for many tables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Migration {
    /// The `migration` of a migration file; a draft may lack what it needs.
    pub document: Json,
    /// The data source that is read: of the name in the document, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ObjectId>,
    /// The data source that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ObjectId>,
}

impl Noun for Migration {
    const KIND: &'static str = "migration";

    fn links(&self) -> Vec<Link> {
        let ends = [("source", &self.source), ("destination", &self.destination)];
        let ends = ends
            .into_iter()
            .filter_map(|(role, id)| Some((role, id.clone()?)));
        ends.map(|(role, target)| Link { role, target }).collect()
    }
}

/// What was found in a migration.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// Whether nothing forbids planning.
    pub valid: bool,
    /// Everything found, the weightiest first.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
}

impl Checked {
    pub(crate) fn of(mut findings: Vec<Finding>) -> Self {
        Finding::by_weight(&mut findings);
        Self {
            valid: !findings.iter().any(Finding::is_blocker),
            findings,
        }
    }
}

/// For which occasion a migration is planned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanRequest {
    /// Whose connections; development where the project has it, else production.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub environment: Option<Environment>,
    /// Needed where the method has both.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub part: Option<Part>,
    /// `yyyymmdd`; yesterday in the migration's zone by default.
    #[serde(default)]
    pub bizdate: Option<String>,
}

/// Migrations of a project, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<Migration>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    service.store().list(project.as_str(), &page).await
}

/// One migration.
pub async fn show(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Stored<Migration>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    service.of_project(project.as_str(), id).await
}

/// Makes a migration; the document need not be complete.
pub async fn create(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, &str),
    document: Json,
) -> Result<Stored<Migration>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    names::check("migration", name, names::LONG)?;
    may_write(caller, project, &document, None)?;
    let body = body(service, project, name, document).await?;
    let by = service.by(caller);
    let made = service
        .store()
        .create(&by, (project.as_str(), name), body)
        .await?;
    service.tell();
    Ok(made)
}

/// Changes a migration. Its data sources are those that the document names; `new` need not say them.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    new: Stored<Migration>,
) -> Result<Stored<Migration>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    names::check("migration", &new.name, names::LONG)?;
    let old: Stored<Migration> = service.of_project(project.as_str(), &new.id).await?;
    may_write(
        caller,
        project,
        &new.body.document,
        Some(&old.body.document),
    )?;
    let new = Stored {
        body: body(service, project, &new.name, new.body.document).await?,
        project: old.project,
        ..new
    };
    let edited = service.store().replace(&service.by(caller), new).await?;
    service.tell();
    Ok(edited)
}

/// Makes another migration of the same document.
pub async fn copy(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    name: &str,
) -> Result<Stored<Migration>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let old = show(service, caller, project, id).await?;
    create(service, caller, (project, name), old.body.document).await
}

/// Removes a migration of which no pipeline is left.
pub async fn remove(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    edition: i64,
) -> Result<()> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let old: Stored<Migration> = service.of_project(project.as_str(), id).await?;
    let users = service.store().references(id, NAMED).await?;
    if !users.is_empty() {
        let named: Vec<String> = users
            .iter()
            .map(|user| format!("{} {:?}", user.kind, user.name))
            .collect();
        let message = format!(
            "the migration {:?} is used by {}",
            old.name,
            named.join(", ")
        );
        return Err(
            Error::new(ErrorKind::Conflict, "IN_USE", message).hint("remove its folder first")
        );
    }
    let old = Stored { edition, ..old };
    service.store().remove(&service.by(caller), &old).await?;
    service.tell();
    Ok(())
}

/// What stands against a migration, as far as can be told without touching any system.
pub async fn validate(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Checked> {
    let stored = show(service, caller, project, id).await?;
    validate_draft(service, caller, project, &stored.body.document).await
}

/// The same of what is not kept yet. Its name stands beside the document there, so that all else is told where
/// it has none.
pub async fn validate_draft(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    document: &Json,
) -> Result<Checked> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let project = project_of(service, project).await?;
    let (mut document, mut findings) = (document.clone(), Vec::new());
    if let Some(keys) = document.as_object_mut()
        && !keys.contains_key("name")
    {
        keys.insert("name".to_owned(), json!("migration"));
        let message = "\"name\" is missing";
        findings.push(Finding::blocker("MISSING_KEY", "migration", message).hint("add name"));
    }
    let whole = understood(service, &project, Written::Json(&document)).await?;
    findings.extend(whole.loaded.findings);
    Ok(Checked::of(findings))
}

/// The same of a text as it is typed: findings have their places in it.
pub async fn validate_text(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    text: &str,
) -> Result<Checked> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let project = project_of(service, project).await?;
    let whole = understood(service, &project, Written::Text(text)).await?;
    Ok(Checked::of(whole.loaded.findings))
}

/// Plans a migration: opens both ends and compiles, beside the request. The operation's result is the plan.
pub async fn plan(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    request: PlanRequest,
) -> Result<Progress> {
    caller.may(Some(project.as_str()), Right::UseDataSources)?;
    let stored: Stored<Migration> = service.of_project(project.as_str(), id).await?;
    let project = project_of(service, project).await?;
    let environment = environment_of(&project, request.environment)?;
    let whole = understood(service, &project, Written::Json(&stored.body.document)).await?;
    let occasion = match whole.spec() {
        Some(spec) => (
            part(request.part, spec)?,
            bizdate(request.bizdate.as_deref(), spec, service.clock())?,
        ),
        // What is missing is told by the plan that there is not.
        None => (Part::default(), String::new()),
    };
    let job = Job {
        project: project.id.as_str(),
        kind: "plan",
        object: id.as_str(),
    };
    let of = project.id.clone();
    begin(service, caller, job, |service, mut teller| async move {
        teller.tell(0, 1).await?;
        let occasions = [occasion];
        let of = (of.as_str(), environment);
        let planned = Box::pin(plans(&service, of, whole, (&occasions, None))).await?;
        teller.tell(1, 1).await?;
        let planned = planned.planned.into_iter().next();
        let planned = planned.ok_or_else(|| Error::internal("nothing was planned"))?;
        Ok(Outcome {
            complete: !planned.blocked,
            result: json!({
                "blocked": planned.blocked, "plan": planned.plan, "findings": planned.findings,
            }),
        })
    })
    .await
}

/// What was imported, and what stands against it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The migration as it was kept.
    pub migration: Stored<Migration>,
    /// What is wrong with it; findings have their places in the text.
    pub checked: Checked,
}

/// Makes a migration of a text, YAML or JSON, under this name or its own. Of its data sources the names alone
/// are read: they are those of the project. It is kept as a draft, whatever stands against it, where it is a
/// text of a migration at all.
pub async fn import(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, Option<&str>),
    text: &str,
) -> Result<Imported> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let found = project_of(service, project).await?;
    let mut whole = understood(service, &found, Written::Text(text)).await?;
    let Some(document) = whole
        .loaded
        .migration()
        .filter(|value| value.is_object())
        .cloned()
    else {
        let refused = refusal(&whole.loaded.findings);
        return Err(refused.unwrap_or_else(|| Error::internal("a text has no migration")));
    };
    let own = document["name"].as_str().unwrap_or_default();
    let name = name.unwrap_or(own).to_owned();
    for (written, connector) in whole.loaded.written_sources() {
        let ends = [&whole.source, &whole.destination];
        let known = ends
            .into_iter()
            .flatten()
            .find(|known| known.name == written);
        if known.is_some_and(|known| known.body.connector != connector) {
            let at = join("data-sources", &written);
            let message = format!("the project's data source {written:?} is of another type");
            let finding = Finding::warning("OTHER_TYPE", at, message);
            whole
                .loaded
                .findings
                .push(finding.hint("the project's own is taken"));
        }
    }
    let migration = create(service, caller, (project, &name), document).await?;
    Ok(Imported {
        migration,
        checked: Checked::of(whole.loaded.findings),
    })
}

/// A migration as a file: with its data sources, and without their secrets.
pub async fn export(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    format: Format,
) -> Result<String> {
    let stored = show(service, caller, project, id).await?;
    let project = project_of(service, project).await?;
    let whole = understood(service, &project, Written::Json(&stored.body.document)).await?;
    let ends = [&whole.source, &whole.destination].into_iter().flatten();
    let connections: Map<String, Json> = ends
        .map(|end| (end.name.clone(), written::connection(&end.name, &end.body)))
        .collect();
    let file = json!({
        "version": 1, "data-sources": connections, "migration": stored.body.document,
    });
    text(&file, format)
}

/// The environment as it was asked for; development where the project has it.
pub(crate) fn environment_of(
    project: &Stored<Project>,
    asked: Option<Environment>,
) -> Result<Environment> {
    let dev_prod = project.body.mode == Mode::DevProd;
    let usual = match dev_prod {
        true => Environment::Development,
        false => Environment::Production,
    };
    known_environment(asked.unwrap_or(usual), dev_prod)
}

/// Whether the caller may write what is new in this document; it has no secret, whoever writes it.
pub(crate) fn may_write(
    caller: &Caller,
    project: &ObjectId,
    new: &Json,
    old: Option<&Json>,
) -> Result<()> {
    if let Some(refused) = refusal(&misplaced_secrets(new)) {
        return Err(refused);
    }
    let project = Some(project.as_str());
    let old = old.unwrap_or(&Json::Null);
    if sql_of(new) != sql_of(old) {
        caller.may(project, Right::EditStatements)?;
    }
    let drops = |document: &Json| {
        (document["existing-tables"] == "recreate").then(|| document["recreate"].clone())
    };
    if drops(new).is_some() && drops(new) != drops(old) {
        caller.may(project, Right::RecreateTables)?;
    }
    Ok(())
}

/// All SQL that a person wrote in a document.
fn sql_of(document: &Json) -> Vec<Json> {
    let said = |value: &Json| {
        !matches!(value, Json::Null)
            && *value != json!({})
            && *value != json!({"before": [], "after": []})
    };
    let each = document["each"].as_array().into_iter().flatten();
    let own = each.map(|each| &each["filter"]);
    let all = [&document["filter"], &document["statements"]]
        .into_iter()
        .chain(own);
    all.filter(|value| said(value)).cloned().collect()
}

/// The document under this name, and the data sources that it names.
async fn body(
    service: &Service,
    project: &ObjectId,
    name: &str,
    mut document: Json,
) -> Result<Migration> {
    let Json::Object(keys) = &mut document else {
        let message = "a migration is a map of keys";
        return Err(Error::new(ErrorKind::Config, "WRONG_TYPE", message));
    };
    keys.insert("name".to_owned(), json!(name));
    let (source, destination) = ends_of(service, project, &document).await?;
    Ok(Migration {
        document,
        source,
        destination,
    })
}

/// The data sources that a document names, where there are any.
pub(crate) async fn ends_of(
    service: &Service,
    project: &ObjectId,
    document: &Json,
) -> Result<(Option<ObjectId>, Option<ObjectId>)> {
    let end = async |key: &str| match document[key]["data-source"].as_str() {
        Some(name) => {
            let found = crate::data_sources::named(service, project.as_str(), name).await?;
            Ok::<_, Error>(found.map(|found| found.id))
        }
        None => Ok(None),
    };
    Ok((end("source").await?, end("destination").await?))
}
