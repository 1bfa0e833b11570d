//! `/openapi.json`: the description of every function (<https://spec.openapis.org/oas/v3.1.0>), generated from the engine's table, so
//! that it can't lag behind the program.

use std::sync::OnceLock;

use actix_web::{HttpResponse, web};
use engine::functions::{HttpMethod, Needs, Route, Row, TABLE};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::methods;

pub(super) fn routes(app: &mut web::ServiceConfig) {
    app.service(methods::get("/openapi.json", openapi));
}

async fn openapi() -> HttpResponse {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| document().to_string());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.as_str())
}

/// The whole document.
pub(super) fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for row in TABLE {
        let (params, answer) = ((row.params)(&mut generator), (row.answer)(&mut generator));
        for (number, route) in row.routes.iter().enumerate() {
            let described = operation(row, route, number, &mut generator, params.as_value(), answer.as_value());
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            path[route.method.as_str().to_ascii_lowercase()] = described;
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Plenum",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Realtime engine for very large chats. The same functions are rpc methods of the realtime socket at /connection/websocket.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(
    row: &Row,
    route: &Route,
    number: usize,
    generator: &mut SchemaGenerator,
    params: &Value,
    answer: &Value,
) -> Value {
    let in_path = path_fields(route.path);
    let fields = resolved(params, generator);
    let mut parameters: Vec<Value> = in_path
        .iter()
        .map(|name| {
            let schema = fields["properties"]
                .get(*name)
                .cloned()
                .unwrap_or_else(|| json!({ "type": "string" }));
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    let body = without(fields, &in_path);
    let is_read = route.method == HttpMethod::Get;
    if is_read {
        parameters.extend(query_parameters(&body));
    }
    let id = if number == 0 {
        row.method.to_owned()
    } else {
        format!("{}.{number}", row.method)
    };
    let answer = if row.is_list {
        json!({ "type": "array", "items": answer })
    } else {
        answer.clone()
    };
    let mut operation = json!({
        "operationId": id,
        "summary": row.doc,
        "tags": [row.method.split('.').next().unwrap_or_default()],
        "parameters": parameters,
        "responses": {
            row.status.to_string(): success(row, &answer),
            "default": {
                "description": "An error.",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            },
        },
    });
    if row.needs == Needs::SignedIn {
        operation["security"] = json!([{ "bearer": [] }]);
    }
    if row.is_for_guests {
        operation["description"] = json!("Also with a guest's token, in the guest's own chat.");
    }
    if !is_read && body["properties"].as_object().is_some_and(|fields| !fields.is_empty()) {
        let is_required = body["required"].as_array().is_some_and(|required| !required.is_empty());
        operation["requestBody"] = json!({
            "required": is_required,
            "content": { "application/json": { "schema": body } },
        });
    }
    operation
}

fn success(row: &Row, answer: &Value) -> Value {
    let mut success = json!({
        "description": "Done.",
        "content": { "application/json": { "schema": answer } },
    });
    if row.is_list {
        success["headers"] = json!({
            "Link": { "description": "The next page, where there is one: rel=\"next\".", "schema": { "type": "string" } },
        });
    }
    success
}

/// The names in braces.
fn path_fields(path: &str) -> Vec<&str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .collect()
}

/// The schema itself, where it is a reference to a definition.
fn resolved(schema: &Value, generator: &SchemaGenerator) -> Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.rsplit('/').next());
    let definition = name.and_then(|name| generator.definitions().get(name));
    definition.unwrap_or(schema).clone()
}

/// A schema of an object less some of its fields.
fn without(mut schema: Value, names: &[&str]) -> Value {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|name, _| !names.contains(&name.as_str()));
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| !names.iter().any(|other| name == other));
    }
    schema
}

fn query_parameters(schema: &Value) -> Vec<Value> {
    let is_required = |name: &String| {
        schema["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == name))
    };
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    properties
        .iter()
        .map(|(name, field)| json!({ "name": name, "in": "query", "required": is_required(name), "schema": field }))
        .collect()
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457. `code` is the number of the same error on the realtime socket.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "integer" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reference of the document, wherever it stands.
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_of_the_table_is_described_and_every_reference_leads_somewhere() {
        let document = document();
        for row in TABLE {
            for route in row.routes {
                let operation = &document["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
                assert_eq!(operation["summary"], row.doc, "{}", route.path);
                let described = operation["parameters"].as_array().expect("a list");
                for name in path_fields(route.path) {
                    assert!(
                        described.iter().any(|one| one["name"] == name && one["in"] == "path"),
                        "{}",
                        route.path
                    );
                }
            }
        }
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }

    #[test]
    fn what_the_path_names_is_not_asked_for_again_in_the_body() {
        let document = document();
        let send = &document["paths"]["/chats/{chat_id}/messages"]["post"];
        let body = &send["requestBody"]["content"]["application/json"]["schema"]["properties"];
        assert!(body.get("content").is_some() && body.get("chat_id").is_none(), "{send}");
    }
}
