//! OpenRPC 1.3.2 from the descriptions of services.

use serde_json::{Map, Value, json};

use crate::protocol::SERVICE_ERROR;
use crate::service::{Description, ErrorDescription, MethodDescription, MethodKind, ParamDescription};

/// The version of the specification that the document follows.
const VERSION: &str = "1.3.2";

/// The document of these services. `program` is a name, and after a space a version.
pub(super) fn document(program: &str, services: &[Description]) -> Value {
    let (title, version) = program.rsplit_once(' ').unwrap_or((program, "0"));
    let methods: Vec<Value> = services
        .iter()
        .flat_map(|service| service.methods.iter().map(|one| method(&service.name, one)))
        .collect();
    let schemas: Map<String, Value> = services
        .iter()
        .flat_map(|service| {
            let types = service.types.iter();
            types.map(|(name, schema)| (component(&service.name, name), moved(&service.name, schema)))
        })
        .collect();
    json!({
        "openrpc": VERSION,
        "info": { "title": title, "version": version },
        "methods": methods,
        "components": { "schemas": schemas },
    })
}

fn method(service: &str, method: &MethodDescription) -> Value {
    let mut described = json!({
        "name": format!("{service}.{}", method.name),
        "description": method.docs,
        "paramStructure": "either",
        "params": method.params.iter().map(|one| param(service, one)).collect::<Vec<_>>(),
        "x-kind": method.kind,
        "x-idempotent": method.idempotent,
    });
    if method.bulk {
        described["x-bulk"] = json!(true);
    }
    if let Some(bytes) = method.params_max {
        described["x-params-max"] = json!(bytes);
    }
    // What has none can only be notified.
    if method.kind != MethodKind::Notification {
        let name = if method.kind == MethodKind::Unary { "result" } else { "item" };
        described["result"] = json!({ "name": name, "schema": moved(service, &method.result) });
    }
    if !method.errors.is_empty() {
        described["errors"] = json!([errors(service, &method.errors)]);
    }
    described
}

fn param(service: &str, param: &ParamDescription) -> Value {
    let mut schema = moved(service, &param.schema);
    if let (Some(default), Value::Object(members)) = (&param.default, &mut schema) {
        members.insert("default".to_owned(), default.clone());
    }
    json!({
        "name": param.name,
        "description": param.docs,
        "required": param.required,
        "schema": schema,
    })
}

/// The service's own codes share one number, and a number may stand in the list once: `data.code` tells them
/// apart.
fn errors(service: &str, errors: &[ErrorDescription]) -> Value {
    let codes: Vec<Value> = errors
        .iter()
        .map(|error| {
            let mut described = json!({
                "code": error.code,
                "description": error.docs,
                "retryable": error.retryable,
            });
            if let Some(details) = &error.details {
                described["details"] = moved(service, details);
            }
            described
        })
        .collect();
    json!({ "code": SERVICE_ERROR, "message": "the service says no; data.code says why", "data": codes })
}

/// A schema, its references to the types of its service turned to where those are in the document.
fn moved(service: &str, schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let reference = value.as_str().filter(|_| name == "$ref");
                let reference = reference.and_then(|value| value.strip_prefix("#/$defs/"));
                let value = match reference {
                    Some(to) => json!(format!("#/components/schemas/{}", component(service, to))),
                    None => moved(service, value),
                };
                (name.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| moved(service, item)).collect(),
        other => other.clone(),
    }
}

/// Two services may have types of the same name.
fn component(service: &str, name: &str) -> String {
    format!("{service}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::DescriptionBuilder;

    #[test]
    fn what_the_description_says_beyond_the_specification_is_there_by_names_of_our_own() {
        let described = DescriptionBuilder::new("mail", "1.0", "")
            .method("import", "", |m| {
                m.bulk();
                m.params_max(4096);
            })
            .method("search", "", |m| m.idempotent())
            .build();
        let document = document("mail 1.0.0", &[described]);
        let [import, search] = document["methods"].as_array().unwrap().as_slice() else {
            panic!("{document}")
        };
        assert_eq!((&import["x-bulk"], &import["x-params-max"]), (&json!(true), &json!(4096)));
        assert_eq!(import["x-idempotent"], false);
        assert_eq!((&search["x-kind"], &search["x-idempotent"]), (&json!("unary"), &json!(true)));
        assert_eq!((search.get("x-bulk"), search.get("x-params-max")), (None, None));
    }
}
