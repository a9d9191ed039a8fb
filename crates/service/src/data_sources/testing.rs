//! Trying a connection: opened and asked, in one environment, before it is kept or after.

use std::sync::Arc;

use contract::{Opening, Source};
use model::finding::Severity;
use model::migration::DataSource as Connection;
use model::plan::Environment;
use model::{Error, ErrorKind, Finding, ObjectId, Result, Side, TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Map;
use store::Stored;

use super::{DataSource, checked, places};
use crate::access::rights::{Caller, Right};
use crate::ends::{Trusted, open_destination, open_source};
use crate::installation::{Service, known_environment};
use crate::migration_file::one_of;
use crate::projects::Mode;
use crate::work::refusal;

/// Where tables would go, for destinations that are asked for it.
const NAMESPACE: &str = "godwit";

/// What a test found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Tested {
    /// Whether it can be used.
    pub reachable: bool,
    /// What to know.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
}

/// Opens a data source and asks whether it works there.
pub async fn test(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    environment: Environment,
) -> Result<Tested> {
    caller.may(Some(project.as_str()), Right::UseDataSources)?;
    let found: Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    in_mode(service, project, environment).await?;
    let trusted = service.trusted(&[id]).await?;
    let used = service.store().references(id, 500).await?;
    let writes = used.iter().any(|user| user.role == "destination");
    Ok(tried(
        service,
        (&found.name, &found.body),
        environment,
        (trusted, writes),
    )
    .await)
}

/// Tries what is not kept yet; with `id`, an edit of that data source, whose secrets are used where the edit
/// keeps them.
pub async fn test_draft(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, Option<&ObjectId>),
    (body, environment): (DataSource, Environment),
) -> Result<Tested> {
    caller.may(Some(project.as_str()), Right::ManageDataSources)?;
    in_mode(service, project, environment).await?;
    let old: Option<Stored<DataSource>> = match id {
        Some(id) => Some(service.of_project(project.as_str(), id).await?),
        None => None,
    };
    let old = old.map(|old| old.body);
    let sealing = match checked(service, project, body, old.as_ref()).await? {
        Ok(sealing) => sealing,
        Err(findings) => {
            return Ok(Tested {
                reachable: false,
                findings,
            });
        }
    };
    let (body, mut texts) = sealing.into_texts();
    if let Some(id) = id {
        for (id, sealed) in service.store().secrets(id).await? {
            let text = service.keys().unseal(&id, &sealed)?;
            texts.push((id, text));
        }
    }
    let trusted = Trusted {
        unsealed: texts.into_iter().collect(),
        reach: service.reach(),
    };
    Ok(tried(service, ("", &body), environment, (trusted, false)).await)
}

/// Opens a data source for reading, as it is in this environment. A blocker that it has found is an error.
pub(crate) async fn open_to_read(
    service: &Service,
    (project, id): (&ObjectId, &ObjectId),
    environment: Environment,
) -> Result<Arc<dyn Source>> {
    let found: Stored<DataSource> = service.of_project(project.as_str(), id).await?;
    in_mode(service, project, environment).await?;
    let trusted = service.trusted(&[id]).await?;
    let source = connection(service, (&found.name, &found.body), environment).await?;
    let connector = one_of(&source)?;
    if connector.capabilities().read.is_none() {
        let message = format!("{} cannot be read from", connector.about().title);
        return Err(Error::new(ErrorKind::Unsupported, "UNSUPPORTED", message).on(Side::Source));
    }
    let opening = opening(service, &trusted);
    let opened = open_source((&source, connector), &Map::new(), &opening).await;
    let (opened, findings) = opened.map_err(|error| error.on(Side::Source))?;
    match refusal(&findings) {
        Some(error) => Err(error.on(Side::Source)),
        None => Ok(opened),
    }
}

async fn in_mode(service: &Service, project: &ObjectId, environment: Environment) -> Result<()> {
    let project = super::project_of(service, project).await?;
    known_environment(environment, project.body.mode == Mode::DevProd)?;
    Ok(())
}

async fn tried(
    service: &Service,
    (name, body): (&str, &DataSource),
    environment: Environment,
    (trusted, writes): (Trusted, bool),
) -> Tested {
    let findings = match opened(service, (name, body), environment, (trusted, writes)).await {
        Ok(findings) => findings,
        Err(error) => found(&error),
    };
    Tested {
        reachable: !findings.iter().any(Finding::is_blocker),
        findings,
    }
}

fn found(error: &Error) -> Vec<Finding> {
    vec![Finding::of_error(error, error.option.unwrap_or_default())]
}

async fn opened(
    service: &Service,
    (name, body): (&str, &DataSource),
    environment: Environment,
    (trusted, writes): (Trusted, bool),
) -> Result<Vec<Finding>> {
    let source = connection(service, (name, body), environment).await?;
    let connector = one_of(&source)?;
    let opening = opening(service, &trusted);
    let capabilities = connector.capabilities();
    let mut findings = Vec::new();
    if capabilities.read.is_some() {
        let opened = open_source((&source, connector), &Map::new(), &opening).await;
        findings.extend(opened.map_or_else(|error| found(&error), |(_, more)| more));
    }
    let unread = findings.iter().any(Finding::is_blocker);
    if capabilities.write.is_some() && (writes || unread || capabilities.read.is_none()) {
        let opened = open_destination((&source, connector), &Map::new(), &opening).await;
        let more = opened.map_or_else(|error| found(&error), |(_, more)| more);
        let is_writable = !more.iter().any(Finding::is_blocker);
        // Where tables can be put, there may be none to read yet.
        for finding in findings.iter_mut().filter(|_| is_writable) {
            if finding.is_blocker() {
                finding.severity = Severity::Note;
            }
        }
        for finding in more {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    Ok(findings)
}

async fn connection(
    service: &Service,
    (name, body): (&str, &DataSource),
    environment: Environment,
) -> Result<Connection> {
    let options = body.in_environment(name, environment)?;
    Ok(Connection {
        connector: body.connector.clone(),
        development: None,
        options: places::judged_options(service, body, &options).await?,
    })
}

fn opening(service: &Service, trusted: &Trusted) -> Opening {
    trusted.lend(Opening::new(service.base(), TimeZone::default(), NAMESPACE))
}
