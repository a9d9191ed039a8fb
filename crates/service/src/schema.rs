//! The JSON Schema of the migration file: the words of `model`, with the options of every connector
//! that is registered, so that an editor completes them.

use connectors::CONNECTORS;
use contract::AnyConnector;
use model::migration::MigrationFile;
use serde_json::{Map, Value as Json, json};

/// The schema of the whole file.
pub fn schema() -> Json {
    let mut schema = schemars::schema_for!(MigrationFile).to_value();
    schema["title"] = json!("Godwit migration file");
    schema["properties"]["version"] = json!({ "const": 1, "description": "Always 1." });
    schema["$defs"]["ParameterValue"]["type"] = json!(["string", "number", "boolean"]);
    let mut shared = Map::new();
    let connections: Vec<_> = CONNECTORS
        .iter()
        .map(|connector| connection(*connector, &mut shared))
        .collect();
    schema["$defs"]["DataSource"] = json!({
        "description": "A named connection: the connector's id, and that connector's options.",
        "oneOf": connections,
    });
    for connector in CONNECTORS {
        let forms = connector.forms();
        for (end, form) in [("SourceEnd", forms.read), ("DestinationEnd", forms.write)] {
            let form = lifted(connector.id(), form, &mut shared);
            let end = &mut schema["$defs"][end];
            end["additionalProperties"] = json!(false);
            for (name, option) in form["properties"].as_object().into_iter().flatten() {
                offer(&mut end["properties"], name, option);
            }
        }
    }
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(shared);
    }
    schema
}

fn connection(connector: &dyn AnyConnector, shared: &mut Map<String, Json>) -> Json {
    let about = connector.about();
    let mut form = lifted(connector.id(), connector.forms().connection, shared);
    let development = form["properties"].clone();
    form["title"] = json!(about.title);
    form["description"] = json!(about.summary);
    form["properties"]["type"] = json!({ "const": connector.id() });
    form["properties"]["development"] = json!({
        "type": "object", "properties": development, "additionalProperties": false,
        "description": "What differs in development.",
    });
    match form["required"].as_array_mut() {
        Some(required) => required.insert(0, json!("type")),
        None => form["required"] = json!(["type"]),
    }
    form
}

/// One option beside those of other connectors; where two have the same name, either will do.
fn offer(properties: &mut Json, name: &str, option: &Json) {
    match properties.get_mut(name) {
        None => properties[name] = option.clone(),
        Some(present) if present == option => {}
        Some(present) => match present.get_mut("anyOf").and_then(Json::as_array_mut) {
            Some(choices) if choices.contains(option) => {}
            Some(choices) => choices.push(option.clone()),
            None => *present = json!({ "anyOf": [present.take(), option] }),
        },
    }
}

/// The form without its own definitions, which go to the schema's under the connector's id.
fn lifted(id: &str, form: Json, shared: &mut Map<String, Json>) -> Json {
    let own = format!("#/$defs/{id}-");
    let mut form = renamed(form, &own);
    if let Some(object) = form.as_object_mut() {
        object.remove("$schema");
        if let Some(Json::Object(definitions)) = object.remove("$defs") {
            let definitions = definitions.into_iter();
            shared.extend(definitions.map(|(name, form)| (format!("{id}-{name}"), form)));
        }
    }
    form
}

fn renamed(form: Json, own: &str) -> Json {
    match form {
        Json::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let value = match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => json!(reference.replace("#/$defs/", own)),
                    None => renamed(value, own),
                };
                (key, value)
            });
            Json::Object(entries.collect())
        }
        Json::Array(entries) => {
            let entries = entries.into_iter().map(|entry| renamed(entry, own));
            Json::Array(entries.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = schema();
        let text = schema.to_string();
        let references = text.split("\"$ref\":\"#/$defs/").skip(1);
        let mut seen = 0;
        for reference in references {
            let name = reference.split('"').next().unwrap();
            assert!(schema["$defs"].get(name).is_some(), "{name}");
            seen += 1;
        }
        assert!(seen > 0);
        let choices = schema["$defs"]["DataSource"]["oneOf"].as_array().unwrap();
        assert_eq!(choices.len(), CONNECTORS.len());
    }
}
