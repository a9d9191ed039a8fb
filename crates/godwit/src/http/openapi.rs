//! The document of the table (OpenAPI 3.1): what each route takes and gives, by its handler's types.

use std::collections::{BTreeMap, BTreeSet};

use schemars::Schema;
use serde_json::{Map, Value as Json, json};

use super::answer::Form;
use super::problem::{self, Document};
use super::route::{Route, Verb};
use super::schemas::Schemas;
use super::{PREFIX, cookie};

/// Writes the document of `routes`.
pub fn openapi<A>(title: &str, version: &str, routes: &[Route<A>]) -> Json {
    let mut schemas = Schemas::new();
    let problem = schemas.given.subschema_for::<Document>();
    let names = operation_names(routes);
    let mut paths: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
    for (route, name) in routes.iter().zip(names) {
        let verb = route.verb().name().to_lowercase();
        let operation = operation(route, &name, &mut schemas);
        paths
            .entry(route.path())
            .or_default()
            .insert(verb, operation);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": version },
        "servers": [{ "url": PREFIX }],
        "paths": paths,
    });
    let schemas = schemas.joined(&mut document);
    document["components"] = json!({
        "schemas": schemas,
        "responses": { "Problem": {
            "description": "What is wrong, why, and the way out.",
            "content": { problem::CONTENT_TYPE: { "schema": problem } },
        } },
        "securitySchemes": security_schemes(),
    });
    document
}

/// What is wrong with the table itself: parameters that are not declared, two routes in one place, two
/// operations of one name. For a test of the table.
pub fn faults<A>(routes: &[Route<A>]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut places = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (route, name) in routes.iter().zip(operation_names(routes)) {
        let place = format!("{} {}", route.verb().name(), route.path());
        let mut fault = |text: String| faults.push(format!("{place}: {text}"));
        if !places.insert(place.clone()) {
            fault("is there twice".to_owned());
        }
        if !route.path().starts_with('/') {
            fault("does not begin with /".to_owned());
        }
        if !names.insert(name.clone()) {
            fault(format!("another operation is called {name}"));
        }
        let declared: BTreeSet<String> =
            properties(&(route.types().path)(&mut Schemas::new().taken))
                .into_iter()
                .map(|property| property.name)
                .collect();
        let written: BTreeSet<String> = in_braces(route.path()).map(str::to_owned).collect();
        for name in written.symmetric_difference(&declared) {
            fault(format!(
                "{{{name}}} is not both in the path and in its type"
            ));
        }
    }
    faults
}

fn operation<A>(route: &Route<A>, name: &str, schemas: &mut Schemas) -> Json {
    let types = route.types();
    let form = (types.reply)(&mut schemas.given);
    let mut parameters: Vec<Json> = Vec::new();
    for property in properties(&(types.path)(&mut schemas.taken)) {
        parameters.push(property.parameter("path"));
    }
    for property in properties(&(types.query)(&mut schemas.taken)) {
        parameters.push(property.parameter("query"));
    }
    if route.is_conditional() {
        let text = "The edition that is edited: its ETag, as it was given.";
        parameters.push(header_parameter("If-Match", text, true));
    }
    if form.resumes {
        let text = "The last event that was seen.";
        parameters.push(header_parameter("Last-Event-ID", text, false));
    }
    let mut operation = json!({
        "operationId": name,
        "summary": route.summary(),
        "tags": [tag(route.path())],
        "parameters": parameters,
        "responses": responses(form),
        "security": security(route),
    });
    let body = (types.body)(&mut schemas.taken);
    if body.get("type") != Some(&json!("null")) {
        operation["requestBody"] = json!({
            "required": !takes_null(&body),
            "content": { "application/json": { "schema": body } },
        });
    }
    operation
}

fn responses(form: Form) -> Json {
    let mut response = json!({ "description": match form.status {
        201 => "Made.",
        202 => "Begun.",
        204 => "Done.",
        _ => "What was asked for.",
    } });
    if let Some((content_type, schema)) = form.content {
        response["content"] = json!({ content_type: { "schema": schema } });
    }
    for (name, text) in form.headers {
        response["headers"][name] = json!({ "description": text, "schema": { "type": "string" } });
    }
    json!({
        form.status.to_string(): response,
        "default": { "$ref": "#/components/responses/Problem" },
    })
}

/// Who may ask, by which credentials.
fn security<A>(route: &Route<A>) -> Json {
    match (route.is_public(), route.verb()) {
        (true, _) => json!([]),
        (false, Verb::Get) => json!([{ "session": [] }, { "bearer": [] }]),
        (false, _) => json!([{ "session": [], "csrf": [] }, { "bearer": [] }]),
    }
}

fn security_schemes() -> Json {
    let plain = cookie::name(false);
    json!({
        "session": {
            "type": "apiKey", "in": "cookie", "name": cookie::name(true),
            "description": format!("Set by logging in; without TLS it is called {plain}."),
        },
        "csrf": {
            "type": "apiKey", "in": "header", "name": "X-CSRF-Token",
            "description": "The token of the session, for whatever may change something.",
        },
        "bearer": { "type": "http", "scheme": "bearer" },
    })
}

/// The noun that a path is about: the first segment, or the first one within a project.
fn tag(path: &str) -> &str {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next().unwrap_or_default();
    match (first, segments.next(), segments.next()) {
        ("projects", Some(_), Some(within)) => within,
        _ => first,
    }
}

fn in_braces(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .map(|name| name.trim_start_matches('*'))
}

/// By its handler, `pipelines_list`; by method and path, where the handler has no name.
fn operation_names<A>(routes: &[Route<A>]) -> Vec<String> {
    let name = |route: &Route<A>| {
        let handler = route.handler_name();
        let plain = handler.split('<').next().unwrap_or_default();
        let parts: Vec<&str> = plain.rsplit("::").take(2).collect();
        match parts.as_slice() {
            [function, module] if !plain.contains('{') => format!("{module}_{function}"),
            _ => {
                let path = route
                    .path()
                    .replace(['/', '-'], "_")
                    .replace(['{', '}', '*'], "");
                format!("{}{path}", route.verb().name().to_lowercase())
            }
        }
    };
    routes.iter().map(name).collect()
}

fn header_parameter(name: &str, text: &str, required: bool) -> Json {
    json!({
        "name": name, "in": "header", "required": required, "description": text,
        "schema": { "type": "string" },
    })
}

/// One property of an object's schema.
struct Property {
    name: String,
    schema: Json,
    required: bool,
}

impl Property {
    fn parameter(mut self, place: &str) -> Json {
        without_null(&mut self.schema);
        let description = self
            .schema
            .as_object_mut()
            .and_then(|it| it.remove("description"));
        let mut parameter = json!({
            "name": self.name, "in": place, "schema": self.schema,
            "required": self.required || place == "path",
        });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        parameter
    }
}

/// What may be left out is not `null` in an address.
fn without_null(schema: &mut Json) {
    let null = json!("null");
    if let Some(types) = schema.get_mut("type").and_then(Json::as_array_mut) {
        types.retain(|name| *name != null);
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(choices) = schema.get_mut("anyOf").and_then(Json::as_array_mut) {
        choices.retain(|choice| choice["type"] != null);
    }
}

fn properties(object: &Schema) -> Vec<Property> {
    let required = object.get("required").and_then(Json::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.contains(&json!(name)));
    let properties = object.get("properties").and_then(Json::as_object);
    let property = |(name, schema): (&String, &Json)| Property {
        name: name.clone(),
        schema: schema.clone(),
        required: is_required(name),
    };
    properties.into_iter().flatten().map(property).collect()
}

/// Whether `null` will do, so that the body may be left out.
fn takes_null(schema: &Schema) -> bool {
    let null = json!("null");
    let named = schema.get("type").and_then(Json::as_array);
    let choices = schema.get("anyOf").and_then(Json::as_array);
    named.is_some_and(|types| types.contains(&null))
        || choices.is_some_and(|choices| choices.iter().any(|choice| choice["type"] == null))
}
