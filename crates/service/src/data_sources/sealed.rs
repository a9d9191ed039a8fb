//! The secrets of a data source, in both its variants: taken out before it is kept, and copied under new ids.

use model::{Finding, ObjectId, Result};
use serde_json::{Map, Value as Json};
use store::{Stored, Zeroizing};

use super::DataSource;
use crate::access::secrets::{sealed_ids, take_secrets};
use crate::document::join;
use crate::installation::Service;

/// A data source whose secrets are places, and the texts that stand there.
#[derive(Debug)]
pub(super) struct Sealing {
    pub(super) body: DataSource,
    texts: Vec<(String, Zeroizing<String>)>,
}

impl Sealing {
    /// The new secrets by their ids, sealed.
    pub(super) fn sealed(&self, service: &Service) -> Result<Vec<(String, String)>> {
        let sealed = self.texts.iter().map(|(id, text)| {
            let sealed = service.keys().seal(id, text)?;
            Ok((id.clone(), sealed))
        });
        sealed.collect()
    }

    /// The new secrets in clear: for a connection that is tried before anything is kept.
    pub(super) fn into_texts(self) -> (DataSource, Vec<(String, Zeroizing<String>)>) {
        (self.body, self.texts)
    }
}

/// Takes the secrets out of what a person sent. Findings begin with `options` or `development`.
pub(super) fn take(
    form: &Json,
    mut body: DataSource,
    old: Option<&DataSource>,
) -> Result<Sealing, Vec<Finding>> {
    let mut texts = Vec::new();
    let mut findings = Vec::new();
    let mut taken = |at: &str, sent: Map<String, Json>, old: Option<&Map<String, Json>>| {
        let old = old.map(|old| Json::Object(old.clone()));
        match take_secrets(form, Json::Object(sent), old.as_ref()) {
            Ok(taken) => {
                texts.extend(taken.texts);
                match taken.options {
                    Json::Object(options) => options,
                    _ => Map::new(),
                }
            }
            Err(more) => {
                findings.extend(more.into_iter().map(|finding| Finding {
                    at: join(at, &finding.at),
                    ..finding
                }));
                Map::new()
            }
        }
    };
    body.options = taken("options", body.options, old.map(|old| &old.options));
    let old_development = old.and_then(|old| old.development.as_ref());
    body.development = body
        .development
        .map(|sent| taken("development", sent, old_development));
    match findings.is_empty() {
        true => Ok(Sealing { body, texts }),
        false => Err(findings),
    }
}

/// The ids of all its sealed secrets.
pub(super) fn ids(body: &DataSource) -> Vec<String> {
    let Some(connector) = connectors::connector(&body.connector) else {
        return Vec::new();
    };
    let form = connector.forms().connection;
    let variants = [Some(&body.options), body.development.as_ref()];
    let of = |options: &Map<String, Json>| sealed_ids(&form, &Json::Object(options.clone()));
    variants.into_iter().flatten().flat_map(of).collect()
}

/// The same data source with its secrets under new ids, sealed anew: a secret belongs to one object.
pub(super) async fn copied(
    service: &Service,
    old: &Stored<DataSource>,
) -> Result<(DataSource, Vec<(String, String)>)> {
    let mut body = DataSource {
        code: None,
        ..old.body.clone()
    };
    let mut texts = Vec::new();
    for (id, sealed) in service.store().secrets(&old.id).await? {
        let text = service.keys().unseal(&id, &sealed)?;
        let new = ObjectId::generate().to_string();
        texts.push((new.clone(), service.keys().seal(&new, &text)?));
        let (from, to) = (place(&id), place(&new));
        let variants = [Some(&mut body.options), body.development.as_mut()];
        for value in variants.into_iter().flatten().flat_map(Map::values_mut) {
            exchange(value, &from, &to);
        }
    }
    Ok((body, texts))
}

fn place(id: &str) -> String {
    model::Secret::sealed(id).to_string()
}

fn exchange(value: &mut Json, from: &str, to: &str) {
    match value {
        Json::String(text) if text == from => to.clone_into(text),
        Json::Object(keys) => keys
            .values_mut()
            .for_each(|value| exchange(value, from, to)),
        Json::Array(items) => items.iter_mut().for_each(|value| exchange(value, from, to)),
        _ => {}
    }
}
