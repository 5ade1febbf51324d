//! Documents in other people's formats, from descriptions: what their tools read.

pub mod openapi;
pub mod openrpc;

use serde_json::{Map, Value, json};

use super::{Description, ErrorDescription, ParamDescription};

/// The named types of all services, as the `components.schemas` of a document.
fn components(services: &[Description]) -> Map<String, Value> {
    let types = services.iter().flat_map(|service| service.types.iter().map(move |one| (&service.name, one)));
    types.map(|(service, (name, schema))| (component(service, name), moved(service, schema))).collect()
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

/// A parameter's schema, and what it is if it is not given.
fn param_schema(service: &str, param: &ParamDescription) -> Value {
    let mut schema = moved(service, &param.schema);
    if let (Some(default), Value::Object(members)) = (&param.default, &mut schema) {
        members.insert("default".to_owned(), default.clone());
    }
    schema
}

/// A service's own ways to say no, as a list.
fn codes(service: &str, errors: &[ErrorDescription]) -> Vec<Value> {
    let code = |error: &ErrorDescription| {
        let mut described = json!({
            "code": error.code,
            "description": error.docs,
            "retryable": error.retryable,
        });
        if let Some(details) = &error.details {
            described["details"] = moved(service, details);
        }
        described
    };
    errors.iter().map(code).collect()
}

/// The name and the version in what a program calls itself.
fn title_and_version(program: &str) -> (&str, &str) {
    program.rsplit_once(' ').unwrap_or((program, "0"))
}
