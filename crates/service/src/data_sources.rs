//! `data sources`: named connections of a project, each with a production and perhaps a development variant.
//! Secrets are write-only: sealed before anything is kept, and shown to nobody.

mod places;
mod sealed;
mod testing;

use std::collections::BTreeMap;

use connectors::{CONNECTORS, connector};
use contract::AnyConnector;
use contract::options::nearest_hint;
use model::migration::DataSource as Connection;
use model::plan::Environment;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use store::{Noun, Reference, Stored};

pub(crate) use self::testing::open_to_read;
pub use self::testing::{Tested, test, test_draft};

use self::sealed::Sealing;
use crate::access::rights::{Caller, Right, unknown_project};
use crate::access::secrets;
use crate::document::join;
use crate::ends::Trusted;
use crate::installation::{LONGEST_PAGE, Service, page};
use crate::names;
use crate::projects::{Mode, Project};
use crate::sealed as sealed_things;
use crate::work::refusal;

/// The longest description.
const LONGEST_DESCRIPTION: usize = 128;
const MOST_TAGS: usize = 32;
/// So many who use a data source are named in a refusal.
const NAMED: usize = 5;

/// What a person says of a data source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataSource {
    /// The connector's id. Fixed once the data source is made.
    #[serde(rename = "type")]
    pub connector: String,
    /// The connector's connection options. A secret is sent as a text, and shown as `{"has-secret": true}`.
    #[serde(default)]
    pub options: Map<String, Json>,
    /// What differs in development; `{}` says that nothing does. Where it is left out, the data source is for
    /// production alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<Map<String, Json>>,
    /// For people: at most 128 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Free words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// An identifier to name it by in SQL. Fixed once it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many runs may be connected at once; as many as like where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub connections: Option<u32>,
}

impl Noun for DataSource {
    const KIND: &'static str = "data-source";
}

impl DataSource {
    /// As a migration file has it: secrets are places, `${sealed:ID}`.
    pub(crate) fn connection(&self) -> Connection {
        Connection {
            connector: self.connector.clone(),
            development: self.development.clone(),
            options: self.options.clone(),
        }
    }

    /// Its options in an environment. `NO_DEVELOPMENT` where it has none there: what runs in development
    /// never touches production.
    pub(crate) fn in_environment(
        &self,
        name: &str,
        environment: Environment,
    ) -> Result<Map<String, Json>> {
        let mut options = self.options.clone();
        if environment == Environment::Development {
            let Some(development) = &self.development else {
                let message = format!("the data source {name:?} is for production alone");
                return Err(Error::new(ErrorKind::Config, "NO_DEVELOPMENT", message)
                    .hint("say what differs in development; {} says that nothing does"));
            };
            options.extend(development.clone());
        }
        Ok(options)
    }

    fn known_connector(&self) -> Result<&'static dyn AnyConnector, Vec<Finding>> {
        connector(&self.connector).ok_or_else(|| {
            let known: Vec<_> = CONNECTORS.iter().map(|connector| connector.id()).collect();
            let message = format!("unknown type {:?}", self.connector);
            let finding = Finding::blocker("UNKNOWN_CONNECTOR", "type", message);
            vec![finding.hint(nearest_hint(&self.connector, &known))]
        })
    }
}

/// Data sources of a project, by name, without their secrets.
pub async fn list(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<DataSource>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    let listed = service.store().list::<DataSource>(project.as_str(), &page);
    Ok(listed.await?.into_iter().map(hidden).collect())
}

/// One data source, without its secrets.
pub async fn show(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Stored<DataSource>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    Ok(hidden(service.of_project(project.as_str(), id).await?))
}

/// Makes a data source. Its secrets are sealed; what is given back has none.
pub async fn create(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, &str),
    body: DataSource,
) -> Result<Stored<DataSource>> {
    caller.may(Some(project.as_str()), Right::ManageDataSources)?;
    check_name(name)?;
    let checked = checked(service, project, body, None).await;
    let sealing = checked?.map_err(|findings| refused(&findings))?;
    let texts = sealing.sealed(service)?;
    let (store, by) = (service.store(), service.by(caller));
    let named = (project.as_str(), name);
    let made = sealed_things::create(store, &by, named, (sealing.body, &texts)).await?;
    service.tell();
    Ok(hidden(made))
}

/// Changes a data source. Secrets that are left out stay; `null` removes one.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    new: Stored<DataSource>,
) -> Result<Stored<DataSource>> {
    caller.may(Some(project.as_str()), Right::ManageDataSources)?;
    check_name(&new.name)?;
    let old: Stored<DataSource> = service.of_project(project.as_str(), &new.id).await?;
    stays(&old, &new)?;
    if old.name != new.name {
        // Migrations name it.
        unused(service, &old, "called otherwise").await?;
    }
    let checked = checked(service, project, new.body, Some(&old.body)).await;
    let sealing = checked?.map_err(|findings| refused(&findings))?;
    let (store, by) = (service.store(), service.by(caller));
    let texts = sealing.sealed(service)?;
    let (before, after) = (sealed::ids(&old.body), sealed::ids(&sealing.body));
    let edited = Stored {
        body: sealing.body,
        project: old.project,
        ..new
    };
    let secrets = (&texts, before.as_slice(), after.as_slice());
    let edited = sealed_things::replace(store, &by, edited, secrets).await?;
    service.tell();
    Ok(hidden(edited))
}

/// Makes another data source with the same options and secrets, and without the code.
pub async fn clone(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    name: &str,
) -> Result<Stored<DataSource>> {
    caller.may(Some(project.as_str()), Right::ManageDataSources)?;
    check_name(name)?;
    let old: Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    let (body, texts) = sealed::copied(service, &old).await?;
    let (store, by) = (service.store(), service.by(caller));
    let named = (project.as_str(), name);
    let made = sealed_things::create(store, &by, named, (body, &texts)).await?;
    service.tell();
    Ok(hidden(made))
}

/// Removes a data source that nobody uses, its secrets, and what was collected of it.
pub async fn remove(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    edition: i64,
) -> Result<()> {
    caller.may(Some(project.as_str()), Right::ManageDataSources)?;
    let old: Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    unused(service, &old, "removed").await?;
    let old = Stored { edition, ..old };
    service.store().remove(&service.by(caller), &old).await?;
    service.tell();
    Ok(())
}

/// Where a data source is used.
pub async fn where_used(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    id: &ObjectId,
) -> Result<Vec<Reference>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let _: Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    service.store().references(id, LONGEST_PAGE).await
}

/// The data sources of these ids by their names, as a migration file has them, and the texts of their secrets:
/// for whoever runs. Where they lead to is judged anew: an administrator may have closed it since.
pub(crate) async fn resolved(
    service: &Service,
    project: &str,
    ids: &[&ObjectId],
) -> Result<(BTreeMap<String, Connection>, Trusted)> {
    let mut connections = BTreeMap::new();
    for id in ids {
        let found: Stored<DataSource> = service.of_project(project, id).await?;
        let mut connection = found.body.connection();
        let judged = places::judged(service, &found.body).await;
        (connection.options, connection.development) =
            judged.map_err(|error| error.context(format!("the data source {:?}", found.name)))?;
        connections.insert(found.name, connection);
    }
    Ok((connections, service.trusted(ids).await?))
}

/// A data source of the project by its name.
pub(crate) async fn named(
    service: &Service,
    project: &str,
    name: &str,
) -> Result<Option<Stored<DataSource>>> {
    service.store().find::<DataSource>(project, name).await
}

/// The project of this id.
pub(crate) async fn project_of(service: &Service, project: &ObjectId) -> Result<Stored<Project>> {
    let found = service.store().get::<Project>(project).await?;
    found.ok_or_else(|| unknown_project(project.as_str()))
}

/// The data source as a person may see it.
fn hidden(mut stored: Stored<DataSource>) -> Stored<DataSource> {
    let form = connector(&stored.body.connector).map(|connector| connector.forms().connection);
    let form = form.as_ref();
    stored.body.options = without_secrets(form, stored.body.options);
    let development = stored.body.development;
    stored.body.development = development.map(|options| without_secrets(form, options));
    stored
}

/// The options as a person may see them; nothing, where nobody can tell what of them is secret.
fn without_secrets(form: Option<&Json>, options: Map<String, Json>) -> Map<String, Json> {
    match form.map(|form| secrets::show(form, &Json::Object(options))) {
        Some(Json::Object(shown)) => shown,
        _ => Map::new(),
    }
}

/// The body with its secrets taken out, found to be right; or what is wrong with it.
async fn checked(
    service: &Service,
    project: &ObjectId,
    body: DataSource,
    old: Option<&DataSource>,
) -> Result<Result<Sealing, Vec<Finding>>> {
    let project = project_of(service, project).await?;
    let mut findings = own_findings(&body, project.body.mode);
    let connector = match body.known_connector() {
        Ok(connector) => connector,
        Err(more) => return Ok(Err(more)),
    };
    let form = connector.forms().connection;
    let sealing = match sealed::take(&form, body, old) {
        Ok(sealing) => sealing,
        Err(more) => {
            findings.extend(more);
            return Ok(Err(findings));
        }
    };
    findings.extend(option_findings(connector, &sealing.body));
    if !findings.iter().any(Finding::is_blocker) {
        findings.extend(places::findings(service, &sealing.body).await);
    }
    Ok(match findings.iter().any(Finding::is_blocker) {
        true => Err(findings),
        false => Ok(sealing),
    })
}

/// What the connector says of the options of both variants.
fn option_findings(connector: &dyn AnyConnector, body: &DataSource) -> Vec<Finding> {
    let placed = |at: &'static str| {
        move |finding: Finding| Finding {
            at: join(at, &finding.at),
            ..finding
        }
    };
    let of_options = connector.check_connection(&Json::Object(body.options.clone()));
    let mut findings: Vec<Finding> = of_options.into_iter().map(placed("options")).collect();
    if let Some(development) = &body.development {
        let mut merged = body.options.clone();
        merged.extend(development.clone());
        let of_development = connector
            .check_connection(&Json::Object(merged))
            .into_iter();
        let own = of_development.filter(|finding| {
            let first = finding.at.split(['.', '[']).next().unwrap_or_default();
            development.contains_key(first)
        });
        findings.extend(own.map(placed("development")));
    }
    findings
}

/// What can be told without the connector.
fn own_findings(body: &DataSource, mode: Mode) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |code: &str, at: &str, message: String, hint: &str| {
        findings.push(Finding::blocker(code, at, message).hint(hint));
    };
    if mode == Mode::Basic && body.development.is_some() {
        let message = "a project of the mode basic has no development environment".to_owned();
        refuse("NOT_OF_MODE", "development", message, "leave it out");
    }
    let length = body.description.chars().count();
    if length > LONGEST_DESCRIPTION {
        let message = format!("the description has {length} characters");
        refuse("OUT_OF_RANGE", "description", message, "write at most 128");
    }
    if body.tags.len() > MOST_TAGS {
        let message = format!("there are {} tags", body.tags.len());
        refuse("OUT_OF_RANGE", "tags", message, "give at most 32");
    }
    for (index, tag) in body.tags.iter().enumerate() {
        if tag.trim().is_empty() || tag.chars().count() > names::SHORT {
            let (at, message) = (format!("tags[{index}]"), "a tag is blank or too long");
            refuse(
                "BAD_NAME",
                &at,
                message.to_owned(),
                "write 1 to 64 characters",
            );
        }
    }
    if let Some(code) = &body.code {
        let starts = code.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !starts || !plain || code.len() > names::SHORT {
            let message = format!("{code:?} is no code of a data source");
            let hint = "write letters, digits and _, a letter first, at most 64";
            refuse("BAD_NAME", "code", message, hint);
        }
    }
    if body.connections == Some(0) {
        let message = "with no connection nothing runs".to_owned();
        refuse(
            "OUT_OF_RANGE",
            "connections",
            message,
            "give at least 1, or leave it out",
        );
    }
    findings
}

/// DP-FTP-DS: letters of any script, digits, `_` and `-`.
fn check_name(name: &str) -> Result<()> {
    names::check("data source", name, names::SHORT)?;
    let found = name
        .chars()
        .find(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
    let Some(found) = found else { return Ok(()) };
    let message = format!("{name:?}, for its {found:?}, cannot be the name of a data source");
    Err(Error::new(ErrorKind::Config, "BAD_NAME", message).hint("write letters, digits, _ and -"))
}

/// What cannot be changed once it is there.
fn stays(old: &Stored<DataSource>, new: &Stored<DataSource>) -> Result<()> {
    let refuse = |what: &str| {
        let message = format!(
            "the {what} of the data source {:?} cannot be changed",
            old.name
        );
        Err(Error::new(ErrorKind::Conflict, "FIXED", message).hint("make another data source"))
    };
    if old.body.connector != new.body.connector {
        return refuse("type");
    }
    match &old.body.code {
        Some(_) if old.body.code != new.body.code => refuse("code"),
        _ => Ok(()),
    }
}

/// `IN_USE` where somebody uses it.
async fn unused(service: &Service, source: &Stored<DataSource>, verb: &str) -> Result<()> {
    let mut users = service.store().references(&source.id, LONGEST_PAGE).await?;
    users.dedup_by(|one, other| one.id == other.id);
    if users.is_empty() {
        return Ok(());
    }
    let named = users.iter().take(NAMED);
    let mut named: Vec<String> = named
        .map(|user| format!("{} {:?}", user.kind, user.name))
        .collect();
    if users.len() > NAMED {
        named.push(format!("and {} more", users.len() - NAMED));
    }
    let named = named.join(", ");
    let message = format!(
        "the data source {:?} cannot be {verb}: used by {named}",
        source.name
    );
    Err(Error::new(ErrorKind::Conflict, "IN_USE", message).hint("change or remove these first"))
}

fn refused(findings: &[Finding]) -> Error {
    let refused = refusal(findings);
    refused.unwrap_or_else(|| Error::internal("a data source was refused without a reason"))
}

#[cfg(test)]
mod tests;
