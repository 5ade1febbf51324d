//! OpenAPI 3.1 from the descriptions of services: every method is `POST /SERVICE/METHOD`, with the parameters as the body.

use serde_json::{Map, Value, json};

use super::{codes, components, moved, param_schema, title_and_version};
use crate::service::{Description, MethodDescription, MethodKind};

/// The version of the specification that the document follows.
const VERSION: &str = "3.1.0";

/// The document of these services. `program` is a name, and after a space a version.
#[must_use]
pub fn document(program: &str, services: &[Description]) -> Value {
    let (title, version) = title_and_version(program);
    let path = |service: &Description, one: &MethodDescription| {
        (format!("/{}/{}", service.name, one.name), json!({ "post": method(service, one) }))
    };
    let paths: Map<String, Value> = services
        .iter()
        .flat_map(|service| service.methods.iter().map(move |method| path(service, method)))
        .collect();
    let tags: Vec<Value> =
        services.iter().map(|service| json!({ "name": service.name, "description": service.docs })).collect();
    json!({
        "openapi": VERSION,
        "info": { "title": title, "version": version },
        "tags": tags,
        "paths": paths,
        "components": { "schemas": components(services) },
    })
}

fn method(service: &Description, method: &MethodDescription) -> Value {
    let mut described = json!({
        "operationId": format!("{}.{}", service.name, method.name),
        "tags": [service.name],
        "summary": method.summary(),
        "description": method.docs,
        "x-kind": method.kind,
        "x-idempotent": method.idempotent,
        "responses": responses(&service.name, method),
    });
    if !method.params.is_empty() {
        described["requestBody"] = body(&service.name, method);
    }
    described
}

fn body(service: &str, method: &MethodDescription) -> Value {
    let property = |param: &super::ParamDescription| {
        let mut schema = param_schema(service, param);
        if let (false, Value::Object(members)) = (param.docs.is_empty(), &mut schema) {
            members.insert("description".to_owned(), json!(param.docs));
        }
        (param.name.clone(), schema)
    };
    let properties: Map<String, Value> = method.params.iter().map(property).collect();
    let required: Vec<&str> =
        method.params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect();
    json!({
        "required": !required.is_empty(),
        "content": { "application/json": { "schema": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        } } },
    })
}

/// How it answers: a value, a stream of events, or nothing; and in any case how it says no.
fn responses(service: &str, method: &MethodDescription) -> Value {
    let schema = json!({ "schema": moved(service, &method.result) });
    let mut responses = match method.kind {
        MethodKind::Unary => {
            json!({ "200": { "description": "The result.", "content": { "application/json": schema } } })
        }
        MethodKind::Notification => json!({ "202": { "description": "It was said." } }),
        _ => {
            json!({ "200": { "description": "The items, one an event.", "content": { "text/event-stream": schema } } })
        }
    };
    let error = json!({
        "type": "object",
        "properties": {
            "code": { "type": "string" },
            "message": { "type": "string" },
            "details": true,
            "retryable": { "type": "boolean" },
        },
        "required": ["code"],
    });
    responses["default"] = json!({
        "description": "It says no; `code` says why.",
        "content": { "application/json": { "schema": error } },
        "x-codes": codes(service, &method.errors),
    });
    responses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::DescriptionBuilder;

    #[test]
    fn parameters_are_a_body_and_streams_are_events() {
        let described = DescriptionBuilder::new("mail", "1.0", "Mail.")
            .method("search", "Finds.\n\nAll.", |m| {
                m.param::<String>("query", "Words.");
                m.param_or::<u32>("limit", "", || 50);
                m.result::<Vec<String>>();
            })
            .method("arrivals", "", |m| m.events::<String>())
            .method("stop", "", |m| m.notification())
            .build();
        let document = document("mail 1.0.0", &[described]);
        let search = &document["paths"]["/mail/search"]["post"];
        assert_eq!((&search["operationId"], &search["summary"]), (&json!("mail.search"), &json!("Finds.")));
        let body = &search["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["properties"]["query"], json!({ "type": "string", "description": "Words." }));
        assert_eq!(
            (&body["properties"]["limit"]["default"], &body["required"]),
            (&json!(50), &json!(["query"]))
        );
        let answers = |path: &str| document["paths"][path]["post"]["responses"].clone();
        assert!(answers("/mail/arrivals")["200"]["content"]["text/event-stream"]["schema"].is_object());
        assert!(answers("/mail/stop")["202"].is_object());
        assert_eq!(document["paths"]["/mail/stop"]["post"].get("requestBody"), None);
    }
}
