//! The secrets of data sources: taken out of what a person sends before any of it is kept, and hidden
//! from what a person is shown. Which options are secrets is told by the connector's own form.

use std::collections::BTreeSet;

use model::{Finding, Secret};
use serde_json::{Value as Json, json};
use store::Zeroizing;
use uuid::Uuid;

use crate::document::join;

/// Options without secrets, and the secrets that were in them.
#[derive(Debug)]
pub struct Taken {
    /// The options to keep: each secret is a place, `${sealed:ID}`.
    pub options: Json,
    /// The new secrets by their ids, to be sealed and kept. Those that were kept are not among them.
    pub texts: Vec<(String, Zeroizing<String>)>,
}

/// Takes the secrets out of the options that a person sent for a connection of this form
/// (`AnyConnector::forms`). A text becomes a new sealed secret; a secret left out, or sent as it was shown
/// (`{"has-secret": true}`) or as `{"kept": true}`, stays where `old` has it; `null` removes it. Any other
/// place is refused with `SECRET_PLACE`: who may write a data source has no right to the environment and
/// the files of the service, nor to the secrets of other data sources. To be called before the connector
/// checks the options, which takes no secret in clear. In lists nothing is kept: places there may shift.
///
/// Whoever may change a data source and keep its secret can have that secret sent to another host: that
/// is part of the right `ManageDataSources`.
pub fn take_secrets(form: &Json, options: Json, old: Option<&Json>) -> Result<Taken, Vec<Finding>> {
    let mut options = options;
    let mut texts = Vec::new();
    let mut findings = Vec::new();
    let mut take = |at: &str, sent: Option<Json>, old: Option<&Json>| {
        taken(at, sent, old, &mut texts).unwrap_or_else(|finding| {
            findings.push(*finding);
            None
        })
    };
    let mut walk = Walk {
        form,
        act: &mut take,
    };
    walk.through(&[form], &mut options, old, "");
    match findings.is_empty() {
        true => Ok(Taken { options, texts }),
        false => Err(findings),
    }
}

/// The options as a person may see them: `{"has-secret": true}` instead of each secret.
pub fn show(form: &Json, options: &Json) -> Json {
    let mut shown = options.clone();
    let mut hide = |_: &str, kept: Option<Json>, _: Option<&Json>| {
        kept.map(|kept| match kept {
            Json::Null => Json::Null,
            _ => json!({ "has-secret": true }),
        })
    };
    let mut walk = Walk {
        form,
        act: &mut hide,
    };
    walk.through(&[form], &mut shown, None, "");
    shown
}

/// The ids of the sealed secrets in kept options: what to unseal before the connection is opened, and
/// what to forget when it is gone.
pub fn sealed_ids(form: &Json, options: &Json) -> Vec<String> {
    let mut ids = Vec::new();
    let mut note = |_: &str, kept: Option<Json>, _: Option<&Json>| {
        let place = kept.as_ref().and_then(Json::as_str).map(Secret::parse);
        if let Some(Ok(place)) = place {
            ids.extend(place.sealed_id().map(str::to_owned));
        }
        kept
    };
    let mut walk = Walk {
        form,
        act: &mut note,
    };
    walk.through(&[form], &mut options.clone(), None, "");
    ids
}

/// What the secrets of a connection of this form are called, outermost and within groups of options.
pub(crate) fn names(form: &Json) -> BTreeSet<String> {
    let (mut names, mut open, mut seen) = (BTreeSet::new(), vec![form], Vec::new());
    while let Some(schema) = open.pop() {
        for layer in layers(form, &[schema]) {
            if seen.iter().any(|known| std::ptr::eq(*known, layer)) {
                continue;
            }
            seen.push(layer);
            for (name, property) in layer["properties"].as_object().into_iter().flatten() {
                if is_secret(form, &[property]) {
                    names.insert(name.clone());
                } else {
                    open.push(property);
                }
            }
        }
    }
    names
}

/// What to keep at the place of one secret.
fn taken(
    at: &str,
    sent: Option<Json>,
    old: Option<&Json>,
    texts: &mut Vec<(String, Zeroizing<String>)>,
) -> Result<Option<Json>, Box<Finding>> {
    let old = old.filter(|old| !old.is_null());
    let refuse = |code: &str, message: &str, hint: &str| {
        Err(Box::new(Finding::blocker(code, at, message).hint(hint)))
    };
    match sent {
        None => Ok(old.cloned()),
        Some(Json::Null) => Ok(Some(Json::Null)),
        Some(Json::Object(word)) if is_kept(&word) => match old {
            Some(old) => Ok(Some(old.clone())),
            None => refuse(
                "SECRET_MISSING",
                "there is no secret here that could be kept",
                "give the secret",
            ),
        },
        Some(Json::String(text)) if text.is_empty() => refuse(
            "EMPTY_VALUE",
            "the secret is empty",
            "leave it out to keep what there is, or give null for none",
        ),
        Some(sent) if Some(&sent) == old => Ok(Some(sent)),
        Some(Json::String(text)) => {
            let text = Zeroizing::new(text);
            if let Ok(place) = Secret::parse(&text) {
                let hint = "give the secret itself: it is sealed before it is kept";
                return refuse("SECRET_PLACE", refused_place(&place), hint);
            }
            let id = Uuid::new_v4().to_string();
            let place = Json::String(Secret::sealed(&*id).to_string());
            texts.push((id, text));
            Ok(Some(place))
        }
        Some(_) => refuse(
            "WRONG_TYPE",
            "the secret is no text",
            r#"give it as a text, or {"kept": true}"#,
        ),
    }
}

fn is_kept(word: &serde_json::Map<String, Json>) -> bool {
    let said = |key: &str| word.get(key) == Some(&Json::Bool(true));
    word.len() == 1 && (said("kept") || said("has-secret"))
}

fn refused_place(place: &Secret) -> &'static str {
    match place.sealed_id() {
        Some(_) => "a data source names no sealed secret: it could be another's",
        None => {
            "a data source of a service names no environment variable and no file: these are the \
             service's own"
        }
    }
}

/// Told the path of a secret, what stands there, and what stood there before; says what shall stand
/// there.
type Act<'a> = dyn FnMut(&str, Option<Json>, Option<&Json>) -> Option<Json> + 'a;

/// Goes through options by their form.
struct Walk<'a, 'b> {
    form: &'a Json,
    act: &'a mut Act<'b>,
}

impl Walk<'_, '_> {
    /// Acts on each secret, given or not, of the objects that are there.
    fn through(&mut self, schemas: &[&Json], value: &mut Json, old: Option<&Json>, at: &str) {
        let layers = layers(self.form, schemas);
        match value {
            Json::Object(map) => {
                let known = layers
                    .iter()
                    .filter_map(|layer| layer["properties"].as_object());
                let known = known.flat_map(|known| known.keys().cloned());
                let names: BTreeSet<String> = known.chain(map.keys().cloned()).collect();
                for name in names {
                    let inner = of_property(&layers, &name);
                    let at = join(at, &name);
                    let old = old.and_then(|old| old.get(&name));
                    if is_secret(self.form, &inner) {
                        let sent = map.remove(&name);
                        if let Some(kept) = (self.act)(&at, sent, old) {
                            map.insert(name, kept);
                        }
                    } else if let Some(value) = map.get_mut(&name) {
                        self.through(&inner, value, old, &at);
                    }
                }
            }
            Json::Array(items) => {
                let inner: Vec<&Json> = layers.iter().flat_map(|layer| of_items(layer)).collect();
                let is_secret = is_secret(self.form, &inner);
                for (index, item) in items.iter_mut().enumerate() {
                    let at = format!("{at}[{index}]");
                    if is_secret {
                        *item = (self.act)(&at, Some(item.take()), None).unwrap_or_default();
                    } else {
                        self.through(&inner, item, None, &at);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The schemas, and those that they refer to or are composed of. One of several that may apply counts as
/// if it did: rather too much is sealed than too little.
fn layers<'a>(form: &'a Json, schemas: &[&'a Json]) -> Vec<&'a Json> {
    let mut layers: Vec<&Json> = Vec::new();
    let mut open: Vec<&Json> = schemas.to_vec();
    while let Some(schema) = open.pop() {
        if layers.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        layers.push(schema);
        let reference = schema["$ref"]
            .as_str()
            .and_then(|text| text.strip_prefix('#'));
        open.extend(reference.and_then(|pointer| form.pointer(pointer)));
        for key in ["anyOf", "oneOf", "allOf"] {
            open.extend(schema[key].as_array().into_iter().flatten());
        }
        open.extend(
            ["if", "then", "else"]
                .iter()
                .filter_map(|key| schema.get(key)),
        );
    }
    layers
}

fn is_secret<'a>(form: &'a Json, schemas: &[&'a Json]) -> bool {
    layers(form, schemas)
        .iter()
        .any(|layer| layer["format"] == "password" && layer["writeOnly"] == true)
}

fn of_property<'a>(layers: &[&'a Json], name: &str) -> Vec<&'a Json> {
    let named = layers
        .iter()
        .filter_map(|layer| layer["properties"].get(name));
    let others = layers.iter().flat_map(|layer| {
        let patterns = layer["patternProperties"].as_object();
        let patterns = patterns.into_iter().flat_map(|patterns| patterns.values());
        let is_named = layer["properties"].get(name).is_some();
        let rest = layer.get("additionalProperties").filter(|_| !is_named);
        patterns.chain(rest)
    });
    named.chain(others).collect()
}

fn of_items(layer: &Json) -> impl Iterator<Item = &Json> {
    let first = layer["prefixItems"].as_array().into_iter().flatten();
    first.chain(layer.get("items"))
}

#[cfg(test)]
mod tests;
