//! Where a data source leads: the hosts and the paths of this machine among its options, judged by what the
//! administrator allows. Which options these are is told by the connector's form and their common names.

use std::path::Path;

use model::{Error, Finding, Result};
use serde_json::{Map, Value as Json};

use super::DataSource;
use crate::document::join;
use crate::installation::Service;

/// What connectors call the host, beside its port.
const HOST: &str = "host";
const PORT: &str = "port";
/// What connectors call paths of this machine.
const PATHS: [&str; 3] = ["path", "socket", "ca"];

/// One place among options.
enum Place {
    Host(String, u16),
    Path(String),
}

/// What stands against the places of both variants. A host whose name leads nowhere now is none of it: it may
/// later.
pub(super) async fn findings(service: &Service, body: &DataSource) -> Vec<Finding> {
    let mut findings = Vec::new();
    let variants = [
        ("options", Some(&body.options)),
        ("development", body.development.as_ref()),
    ];
    for (at, options) in variants {
        let Some(options) = options else { continue };
        for (path, place) in places(body, options) {
            if let Err(error) = judge(service, place).await
                && error.code != "UNREACHABLE"
            {
                findings.push(Finding::of_error(&error, join(at, &path)));
            }
        }
    }
    findings
}

/// Both variants with paths that lead past no link, all places fit to be gone to.
pub(super) async fn judged(
    service: &Service,
    body: &DataSource,
) -> Result<(Map<String, Json>, Option<Map<String, Json>>)> {
    let options = judged_options(service, body, &body.options).await?;
    let development = match &body.development {
        Some(development) => Some(judged_options(service, body, development).await?),
        None => None,
    };
    Ok((options, development))
}

/// Options with paths that lead past no link, all places fit to be gone to.
pub(super) async fn judged_options(
    service: &Service,
    body: &DataSource,
    options: &Map<String, Json>,
) -> Result<Map<String, Json>> {
    let mut judged = Json::Object(options.clone());
    for (path, place) in places(body, options) {
        match judge(service, place).await {
            Ok(Some(real)) => {
                let pointer = format!("/{}", path.replace('.', "/"));
                if let Some(value) = judged.pointer_mut(&pointer) {
                    *value = Json::String(real);
                }
            }
            Ok(None) => {}
            // The connector says so in its own words, with its own patience.
            Err(error) if error.code == "UNREACHABLE" => {}
            Err(error) => return Err(error),
        }
    }
    match judged {
        Json::Object(judged) => Ok(judged),
        _ => Err(Error::internal("options are no map")),
    }
}

/// The path with all links followed, where it is a path.
async fn judge(service: &Service, place: Place) -> Result<Option<String>> {
    match place {
        Place::Host(host, port) => {
            service.settings().network.check(&host, port).await?;
            Ok(None)
        }
        Place::Path(path) => {
            let roots = service.settings().roots.clone();
            let checked = tokio::task::spawn_blocking(move || roots.check(Path::new(&path))).await;
            let real = checked.map_err(|_| Error::internal("a path could not be judged"))??;
            // What is no text stays as it was given.
            Ok(real.to_str().map(str::to_owned))
        }
    }
}

/// The places among options, each with its path there; a port that is left out is the form's.
fn places(body: &DataSource, options: &Map<String, Json>) -> Vec<(String, Place)> {
    let Some(connector) = connectors::connector(&body.connector) else {
        return Vec::new();
    };
    let form = connector.forms().connection;
    let mut found = Vec::new();
    let port = |value: &Json| value.as_u64().and_then(|port| u16::try_from(port).ok());
    if let Some(host) = options.get(HOST).and_then(Json::as_str) {
        let given = options.get(PORT).or_else(|| body.options.get(PORT));
        let usual = &form["properties"][PORT]["default"];
        let port = given.and_then(port).or_else(|| port(usual)).unwrap_or(0);
        found.push((HOST.to_owned(), Place::Host(host.to_owned(), port)));
    } else if let (Some(host), Some(given)) = (
        body.options.get(HOST).and_then(Json::as_str),
        options.get(PORT).and_then(port),
    ) {
        // Development at another port of the same host.
        found.push((PORT.to_owned(), Place::Host(host.to_owned(), given)));
    }
    paths(options, "", &mut found);
    found
}

fn paths(options: &Map<String, Json>, at: &str, found: &mut Vec<(String, Place)>) {
    for (name, value) in options {
        let at = join(at, name);
        match value {
            Json::String(path) if PATHS.contains(&name.as_str()) => {
                found.push((at, Place::Path(path.clone())));
            }
            Json::Object(inner) => paths(inner, &at, found),
            _ => {}
        }
    }
}
