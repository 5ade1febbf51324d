//! A description with one method, and the types that this one speaks of.

use std::collections::BTreeSet;

use hallway::service::Description;
use serde_json::Value;

use crate::service::Found;

/// The service as if it had this method alone.
pub(super) fn to_method(found: Found<'_>) -> Description {
    let mut narrowed = found.service.clone();
    narrowed.methods.retain(|method| method.name == found.method.name);
    let used = types(found);
    narrowed.types.retain(|name, _| used.contains(name.as_str()));
    narrowed
}

/// The names of the types that a method speaks of, and of those that they speak of.
pub(super) fn types(found: Found<'_>) -> BTreeSet<&str> {
    let params = found.method.params.iter().map(|param| &param.schema);
    let errors = found.method.errors.iter().filter_map(|error| error.details.as_ref());
    let mut used = BTreeSet::new();
    let mut left: Vec<&Value> = params.chain([&found.method.result]).chain(errors).collect();
    while let Some(value) = left.pop() {
        match value {
            Value::Array(values) => left.extend(values),
            Value::Object(members) => {
                left.extend(members.values());
                let name = members.get("$ref").and_then(Value::as_str);
                let name = name.and_then(|target| target.strip_prefix("#/$defs/"));
                left.extend(
                    name.filter(|name| used.insert(*name)).and_then(|name| found.service.types.get(name)),
                );
            }
            _ => {}
        }
    }
    used
}
