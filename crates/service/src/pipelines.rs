//! `pipelines`: one table's way each, made by generating or by hand; shown as a form or as a script of the same
//! document. What runs is a version of it that was submitted, never what is being edited.

mod trial;

use model::migration::MigrationSpec;
use model::plan::{Environment, Part};
use model::{Error, ErrorKind, Finding, ObjectId, Result, TableName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use store::{Link, Noun, Page, Stored};

pub use self::trial::{Trial, TrialColumn, TrialRejected, TrialRequest, try_out};
use crate::access::rights::{Caller, Right};
use crate::data_sources::project_of;
use crate::folders::Folder;
use crate::installation::{LONGEST_PAGE, Service, page};
use crate::migrations::{Checked, Format, Written, ends_of, may_write, text, understood};
use crate::names;
use crate::projects::Project;
use crate::tasks::Table;
use crate::work::refusal;

/// The longest script, in characters.
const LONGEST_SCRIPT: usize = 500_000;

/// One table's way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pipeline {
    /// The folder that it stands in.
    pub folder: ObjectId,
    /// The migration that it was generated from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<ObjectId>,
    /// Which part of the method it carries out.
    #[schemars(with = "String")]
    pub part: Part,
    /// The `migration` of a migration file that lists one table; a draft may lack what it needs.
    pub document: Json,
    /// The table at the source, as far as the document names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    /// The table that it writes, as far as that was told by a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_table: Option<Table>,
    /// The data source that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ObjectId>,
    /// The data source that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ObjectId>,
    /// Whether a person changed it since it was generated: generating again leaves it as it is.
    #[serde(default)]
    pub hand_edited: bool,
    /// The digest of the document as it was generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The version that was submitted last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<i64>,
    /// The version that is in production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<i64>,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Noun for Pipeline {
    const KIND: &'static str = "pipeline";

    fn links(&self) -> Vec<Link> {
        let others = [
            ("migration", &self.migration),
            ("source", &self.source),
            ("destination", &self.destination),
        ];
        let others = others
            .into_iter()
            .filter_map(|(role, id)| Some((role, id.clone()?)));
        let folder = [("folder", self.folder.clone())].into_iter();
        let all = folder.chain(others);
        all.map(|(role, target)| Link { role, target }).collect()
    }
}

impl Pipeline {
    /// The table in the documents as it is listed there.
    fn listed(document: &Json) -> Option<TableName> {
        let listed = document["tables"]["listed"].as_array()?;
        let [one] = listed.as_slice() else {
            return None;
        };
        match one {
            Json::String(text) => {
                let (schema, table) = text.split_once('.')?;
                Some(TableName::new(schema, table))
            }
            one => Some(TableName::new(
                one["schema"].as_str()?,
                one["table"].as_str()?,
            )),
        }
    }
}

/// What a person says of a pipeline that is made by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NewPipeline {
    /// Where it stands.
    pub folder: ObjectId,
    /// Which part of the method; the only one of the document where it is left out.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub part: Option<Part>,
    /// The `migration` of a migration file that lists one table.
    #[serde(default)]
    pub document: Option<Json>,
    /// The same as a script, YAML or JSON, with `migration` at its top.
    #[serde(default)]
    pub script: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: String,
}

/// Pipelines of a project, by name; of one folder where one is given.
pub async fn list(
    service: &Service,
    caller: &Caller,
    (project, folder): (&ObjectId, Option<&ObjectId>),
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<Pipeline>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    match folder {
        Some(folder) => {
            let _: Stored<Folder> = service.of_project(project.as_str(), folder).await?;
            service.store().referring(folder, "folder", &page).await
        }
        None => service.store().list(project.as_str(), &page).await,
    }
}

/// One pipeline.
pub async fn show(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Stored<Pipeline>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    service.of_project(project.as_str(), id).await
}

/// A pipeline as a script.
pub async fn script(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    format: Format,
) -> Result<String> {
    let stored = show(service, caller, project, id).await?;
    text(&json!({ "migration": stored.body.document }), format)
}

/// Makes a pipeline or a script by hand.
pub async fn create(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, &str),
    new: NewPipeline,
) -> Result<Stored<Pipeline>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    names::check("pipeline", name, names::LONG)?;
    let _: Stored<Folder> = service.of_project(project.as_str(), &new.folder).await?;
    let found = project_of(service, project).await?;
    let document = match (new.document, new.script) {
        (Some(document), None) => document,
        (None, Some(script)) => of_script(service, &found, &script).await?,
        (None, None) => json!({ "name": name }),
        (Some(_), Some(_)) => {
            let message = "a document and a script are given, and a pipeline has one";
            return Err(Error::new(ErrorKind::Config, "NOT_VALID", message).hint("leave one out"));
        }
    };
    may_write(caller, project, &document, None)?;
    let kind = document["method"]["kind"].as_str();
    let only = if kind == Some("daily") {
        Part::Daily
    } else {
        Part::OneTime
    };
    let mut body = Pipeline {
        folder: new.folder,
        migration: None,
        part: new.part.unwrap_or(only),
        document: Json::Null,
        table: None,
        destination_table: None,
        source: None,
        destination: None,
        hand_edited: true,
        generated: None,
        submitted: None,
        published: None,
        description: new.description,
    };
    write(service, &found, &mut body, document).await?;
    let by = service.by(caller);
    let made = service
        .store()
        .create(&by, (project.as_str(), name), body)
        .await?;
    service.tell();
    Ok(made)
}

/// What of a pipeline is changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Change {
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// Another folder.
    #[serde(default)]
    pub folder: Option<ObjectId>,
    /// Another document.
    #[serde(default)]
    pub document: Option<Json>,
    /// The same as a script.
    #[serde(default)]
    pub script: Option<String>,
    /// Another description.
    #[serde(default)]
    pub description: Option<String>,
}

/// Changes a pipeline: its name, its folder, its document. One that was generated and is changed counts as
/// edited by hand from then on, until it says again what was generated.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    (edition, change): (i64, Change),
) -> Result<Stored<Pipeline>> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let old: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
    let found = project_of(service, project).await?;
    let mut new = Stored {
        edition,
        ..old.clone()
    };
    if let Some(name) = change.name {
        names::check("pipeline", &name, names::LONG)?;
        new.name = name;
    }
    if let Some(folder) = change.folder {
        let _: Stored<Folder> = service.of_project(project.as_str(), &folder).await?;
        new.body.folder = folder;
    }
    if let Some(description) = change.description {
        new.body.description = description;
    }
    let document = match (change.document, change.script) {
        (None, None) => None,
        (_, Some(script)) => Some(of_script(service, &found, &script).await?),
        (document, None) => document,
    };
    if let Some(document) = document {
        may_write(caller, project, &document, Some(&old.body.document))?;
        write(service, &found, &mut new.body, document).await?;
    }
    let edited = service.store().replace(&service.by(caller), new).await?;
    service.tell();
    Ok(edited)
}

/// Removes a pipeline that is published nowhere.
pub async fn remove(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    edition: i64,
) -> Result<()> {
    caller.may(Some(project.as_str()), Right::EditMigrations)?;
    let old: Stored<Pipeline> = service.of_project(project.as_str(), id).await?;
    for environment in [Environment::Production, Environment::Development] {
        if service.store().task(id, environment).await?.is_some() {
            let message = format!("the task of the pipeline {:?} is published", old.name);
            return Err(
                Error::new(ErrorKind::Conflict, "IN_USE", message).hint("unpublish it first")
            );
        }
    }
    let old = Stored { edition, ..old };
    service.store().remove(&service.by(caller), &old).await?;
    service.tell();
    Ok(())
}

/// What stands against a pipeline.
pub async fn validate(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Checked> {
    let stored = show(service, caller, project, id).await?;
    let project = project_of(service, project).await?;
    let document = Written::Json(&stored.body.document);
    let (_, findings) = checked(service, &project, document, Some(stored.body.part)).await?;
    Ok(Checked::of(findings))
}

/// What stands against a script as it is typed.
pub async fn validate_script(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    script: &str,
) -> Result<Checked> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    if let Some(finding) = too_long(script) {
        return Ok(Checked::of(vec![finding]));
    }
    let project = project_of(service, project).await?;
    let (_, findings) = checked(service, &project, Written::Text(script), None).await?;
    Ok(Checked::of(findings))
}

/// The migration of one table as a run takes it, where it can be told, and all that stands against it.
pub(crate) async fn checked(
    service: &Service,
    project: &Stored<Project>,
    written: Written<'_>,
    part: Option<Part>,
) -> Result<(Option<MigrationSpec>, Vec<Finding>)> {
    let whole = understood(service, project, written).await?;
    let mut findings = Vec::new();
    let spec = whole.spec().cloned();
    if let Some(spec) = &spec {
        let listed = spec.tables.listed.as_ref().map_or(0, Vec::len);
        if listed != 1 {
            let at = "migration.tables";
            let message = "a pipeline moves one table";
            let finding = Finding::blocker("NOT_ONE_TABLE", at, message);
            findings.push(finding.hint("list one: tables: { listed: [schema.table] }"));
        } else if spec
            .tables
            .listed
            .iter()
            .flatten()
            .any(|table| table.resolve("").schema.is_empty())
        {
            let at = "migration.tables.listed[0]";
            let message = "the table's schema is not said";
            let finding = Finding::blocker("BAD_NAME", at, message);
            findings.push(finding.hint("write schema.table"));
        }
        if part.is_some_and(|part| !spec.method.kind.has(part)) {
            let at = "migration.method.kind";
            let message = "the method does not have the part of this pipeline";
            let finding = Finding::blocker("NOT_OF_METHOD", at, message);
            findings.push(finding.hint("a pipeline stays daily or one-time; make another one"));
        }
    }
    whole.loaded.locate(findings.iter_mut());
    findings.splice(0..0, whole.loaded.findings);
    Ok((spec, findings))
}

/// All pipelines of a project; those generated from a migration where one is given.
pub(crate) async fn all(
    service: &Service,
    project: &str,
    migration: Option<&ObjectId>,
) -> Result<Vec<Stored<Pipeline>>> {
    let mut all = Vec::new();
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    loop {
        let listed: Vec<Stored<Pipeline>> = match migration {
            Some(id) => service.store().referring(id, "migration", &page).await?,
            None => service.store().list(project, &page).await?,
        };
        let is_last = listed.len() < page.limit as usize;
        if let Some(last) = listed.last() {
            page.after.clone_from(&last.name);
        }
        all.extend(listed);
        if is_last {
            return Ok(all);
        }
    }
}

/// What a document says, in few characters: SHA-256, in hex. However its numbers are spelled: programs that know one
/// kind of number alone write `48` for `48.0`.
pub(crate) fn digest(document: &Json) -> String {
    let digest = Sha256::digest(plainly(document).to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The largest whole number up to which every one is a number of its own in a program with floating point alone.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// The same, whole numbers without a fraction.
fn plainly(value: &Json) -> Json {
    match value {
        Json::Number(number) if number.is_f64() => match number.as_f64() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole, and within range"
            )]
            Some(float) if float.fract() == 0.0 && float.abs() <= LARGEST_EXACT => {
                Json::from(float as i64)
            }
            _ => value.clone(),
        },
        Json::Array(items) => items.iter().map(plainly).collect(),
        Json::Object(keys) => keys
            .iter()
            .map(|(key, value)| (key.clone(), plainly(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Puts a document into a pipeline, and what follows from it.
async fn write(
    service: &Service,
    project: &Stored<Project>,
    body: &mut Pipeline,
    document: Json,
) -> Result<()> {
    if !document.is_object() {
        let message = "a migration is a map of keys";
        return Err(Error::new(ErrorKind::Config, "WRONG_TYPE", message));
    }
    let table = Pipeline::listed(&document).map(|name| Table::from(&name));
    if body.table != table {
        // Where it goes is told by the next plan.
        body.destination_table = None;
    }
    body.table = table;
    (body.source, body.destination) = ends_of(service, &project.id, &document).await?;
    body.hand_edited = body.generated.as_deref() != Some(digest(&document).as_str());
    body.document = document;
    Ok(())
}

async fn of_script(service: &Service, project: &Stored<Project>, script: &str) -> Result<Json> {
    let refuse = |findings: &[Finding]| {
        refusal(findings)
            .unwrap_or_else(|| Error::internal("a script was refused without a reason"))
    };
    if let Some(finding) = too_long(script) {
        return Err(refuse(&[finding]));
    }
    let whole = understood(service, project, Written::Text(script)).await?;
    let migration = whole.loaded.migration().filter(|value| value.is_object());
    migration
        .cloned()
        .ok_or_else(|| refuse(&whole.loaded.findings))
}

fn too_long(script: &str) -> Option<Finding> {
    let length = script.chars().count();
    (length > LONGEST_SCRIPT).then(|| {
        let message = format!("the script has {length} characters");
        Finding::blocker("OUT_OF_RANGE", "", message).hint("write at most 500000")
    })
}
