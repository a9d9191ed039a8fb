//! The schemas of the document: those of what is taken and of what is given, joined into one set.

use std::collections::BTreeSet;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Schemas of what is taken and of what is given: a type may differ between the two.
pub(super) struct Schemas {
    pub(super) taken: SchemaGenerator,
    pub(super) given: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            taken: settings.clone().for_deserialize().into_generator(),
            given: settings.for_serialize().into_generator(),
        }
    }

    /// One set of both. A type that differs between them is `…Input` where it is taken; the requests
    /// of the document are changed to say so.
    pub(super) fn joined(mut self, document: &mut Json) -> Map<String, Json> {
        let taken = self.taken.take_definitions(true);
        let mut all = self.given.take_definitions(true);
        let different = different(&taken, &all);
        let renames = |name: &str| different.contains(name).then(|| format!("{name}Input"));
        for (name, mut schema) in taken {
            rename(&mut schema, &renames);
            all.insert(renames(&name).unwrap_or(name), schema);
        }
        let paths = document["paths"].as_object_mut();
        let operations = paths.into_iter().flat_map(Map::values_mut);
        for operation in operations
            .filter_map(Json::as_object_mut)
            .flat_map(Map::values_mut)
        {
            for part in ["requestBody", "parameters"] {
                if let Some(part) = operation.get_mut(part) {
                    rename(part, &renames);
                }
            }
        }
        all
    }
}

/// Names of both sets whose schemas differ, or lead to such.
fn different(taken: &Map<String, Json>, given: &Map<String, Json>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = taken
        .iter()
        .filter(|(name, schema)| given.get(*name).is_some_and(|other| other != *schema))
        .map(|(name, _)| name.clone())
        .collect();
    loop {
        let leads_there = |schema: &Json| names.iter().any(|name| refers(schema, name));
        let more: Vec<String> = taken
            .iter()
            .filter(|(name, _)| given.contains_key(*name) && !names.contains(*name))
            .filter(|(_, schema)| leads_there(schema))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return names;
        }
        names.extend(more);
    }
}

fn refers(schema: &Json, name: &str) -> bool {
    schema.to_string().contains(&format!("\"{SCHEMAS}{name}\""))
}

/// Changes the references to names that have become others.
fn rename(schema: &mut Json, renames: &impl Fn(&str) -> Option<String>) {
    match schema {
        Json::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                let name = value.as_str().and_then(|text| text.strip_prefix(SCHEMAS));
                match name.filter(|_| key == "$ref").and_then(renames) {
                    Some(other) => *value = json!(format!("{SCHEMAS}{other}")),
                    None => rename(value, renames),
                }
            }
        }
        Json::Array(entries) => {
            for entry in entries {
                rename(entry, renames);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        inner: Vec<Inner>,
        plain: Plain,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Inner {
        #[serde(default)]
        left_out: u8,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Plain {
        number: u8,
    }

    #[test]
    fn a_type_is_two_where_what_it_holds_differs() {
        let mut schemas = Schemas::new();
        let given = schemas.given.subschema_for::<Outer>();
        let taken = schemas.taken.subschema_for::<Outer>();
        let mut document = json!({ "paths": { "/a": { "put": {
            "requestBody": { "schema": taken },
            "responses": { "schema": given },
        } } } });
        let all = schemas.joined(&mut document);
        let names: Vec<&String> = all.keys().collect();
        assert_eq!(
            names,
            ["Inner", "InnerInput", "Outer", "OuterInput", "Plain"]
        );
        let operation = &document["paths"]["/a"]["put"];
        let reference = |part: &str| operation[part]["schema"]["$ref"].clone();
        assert_eq!(reference("requestBody"), "#/components/schemas/OuterInput");
        assert_eq!(reference("responses"), "#/components/schemas/Outer");
        let inner = &all["OuterInput"]["properties"]["inner"]["items"]["$ref"];
        assert_eq!(inner, "#/components/schemas/InnerInput");
        assert_eq!(all["Inner"]["required"], json!(["left_out"]));
        assert_eq!(all["InnerInput"]["required"], Json::Null);
    }
}
