//! A schema in words.

use serde_json::Value;

use super::Schema;

/// The longest list of values that is written out.
const VALUES_MAX: usize = 8;

/// What a schema takes, in a few words: `text`, `number from 0 to 255`, `list of Envelope`, `mild | medium | hot`.
pub(crate) fn words(schema: Schema<'_>) -> String {
    let schema = schema.without_null();
    if let Some(name) = schema.reference() {
        return name.to_owned();
    }
    let values = schema.values();
    if !values.is_empty() && values.len() <= VALUES_MAX {
        return values.iter().map(|(value, _)| bare(value)).collect::<Vec<_>>().join(" | ");
    }
    let kinds = schema.kinds();
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    match kinds.as_slice() {
        ["string"] => text(schema),
        ["boolean"] => "true | false".to_owned(),
        ["integer"] => format!("whole number{}", range(schema)),
        ["number"] => format!("number{}", range(schema)),
        ["array"] => list(schema),
        ["object"] if schema.keyword("properties").is_some() => "object".to_owned(),
        ["object"] => match schema.keyword("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("object of {}", words(schema.at(values))),
            _ => "object".to_owned(),
        },
        [] if schema.schema["type"] == "null" => "nothing".to_owned(),
        [] => {
            let choices: Vec<String> = schema.choices().map(words).collect();
            if choices.is_empty() { "anything".to_owned() } else { choices.join(" or ") }
        }
        several => several.join(" or "),
    }
}

fn text(schema: Schema<'_>) -> String {
    match schema.keyword("format").and_then(Value::as_str) {
        Some(format) => format!("text ({format})"),
        None if schema.keyword("contentEncoding").is_some() => "bytes (base64)".to_owned(),
        None => "text".to_owned(),
    }
}

fn list(schema: Schema<'_>) -> String {
    match (schema.keyword("items"), schema.keyword("prefixItems").and_then(Value::as_array)) {
        (_, Some(items)) => {
            let items: Vec<String> = items.iter().map(|item| words(schema.at(item))).collect();
            format!("list of {}", items.join(", "))
        }
        (Some(items), None) => format!("list of {}", words(schema.at(items))),
        (None, None) => "list".to_owned(),
    }
}

fn range(schema: Schema<'_>) -> String {
    match (schema.keyword("minimum"), schema.keyword("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}

/// A value as it is written on the command line.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a parameter is if it is not given, as it is written on the command line; `None` for nothing.
pub(crate) fn default(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => Some("\"\"".to_owned()),
        value => Some(bare(value)),
    }
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: Schema<'a>,
    pub(crate) docs: &'a str,
    pub(crate) required: bool,
}

/// The members that an object has, the required ones first.
pub(crate) fn members(schema: Schema<'_>) -> Vec<Member<'_>> {
    let schema = schema.resolved();
    let required = |name: &str| {
        let names = schema.keyword("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    let properties = schema.keyword("properties").and_then(Value::as_object).into_iter().flatten();
    let mut members: Vec<Member<'_>> = properties
        .map(|(name, member)| Member {
            name,
            schema: schema.at(member),
            docs: member["description"].as_str().unwrap_or_default(),
            required: required(name),
        })
        .collect();
    members.sort_by_key(|member| !member.required);
    members
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn schemas_in_words() {
        let types = json!({
            "Spice": { "oneOf": [
                { "const": "mild", "type": "string", "description": "Not at all." },
                { "const": "hot", "type": "string" },
            ] },
            "Circle": { "$ref": "#/$defs/Circle" },
        });
        let types: Map<String, Value> = serde_json::from_value(types).unwrap();
        let in_words = |schema: Value| words(Schema::new(&schema, &types));
        for (schema, found) in [
            (json!({ "type": "string" }), "text"),
            (json!({ "type": ["string", "null"] }), "text"),
            (json!({ "type": "integer", "minimum": 0, "maximum": 255 }), "whole number from 0 to 255"),
            (json!({ "type": "array", "items": { "$ref": "#/$defs/Spice" } }), "list of Spice"),
            (json!({ "anyOf": [{ "$ref": "#/$defs/Spice" }, { "type": "null" }] }), "Spice"),
            (types["Spice"].clone(), "mild | hot"),
            (json!({ "enum": ["a", 1] }), "a | 1"),
            (
                json!({ "type": "object", "additionalProperties": { "type": "boolean" } }),
                "object of true | false",
            ),
            (json!({ "type": "null" }), "nothing"),
            (json!(true), "anything"),
            (json!({ "$ref": "#/$defs/Circle" }), "Circle"),
        ] {
            assert_eq!(in_words(schema.clone()), found, "{schema}");
        }
    }
}
