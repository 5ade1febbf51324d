//! OpenRPC 1.3.2 from the descriptions of services.

use serde_json::{Value, json};

use super::{codes, components, moved, param_schema, title_and_version};
use crate::protocol::SERVICE_ERROR;
use crate::service::{Description, ErrorDescription, MethodDescription, MethodKind, ParamDescription};

/// The version of the specification that the document follows.
const VERSION: &str = "1.3.2";

/// The document of these services. `program` is a name, and after a space a version.
#[must_use]
pub fn document(program: &str, services: &[Description]) -> Value {
    let (title, version) = title_and_version(program);
    let methods: Vec<Value> = services
        .iter()
        .flat_map(|service| service.methods.iter().map(|one| method(&service.name, one)))
        .collect();
    json!({
        "openrpc": VERSION,
        "info": { "title": title, "version": version },
        "methods": methods,
        "components": { "schemas": components(services) },
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
    json!({
        "name": param.name,
        "description": param.docs,
        "required": param.required,
        "schema": param_schema(service, param),
    })
}

/// The service's own codes share one number, and a number may stand in the list once: `data.code` tells them
/// apart.
fn errors(service: &str, errors: &[ErrorDescription]) -> Value {
    let codes = codes(service, errors);
    json!({ "code": SERVICE_ERROR, "message": "the service says no; data.code says why", "data": codes })
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
