//! A value held against a schema, before it is sent.

use std::fmt;

use hallway::service::near;
use serde_json::Value;

use super::{Schema, members, words};

/// What is wrong with a value, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// From the parameter on: `table.number`, `extras.0`.
    at: String,
    what: String,
}

/// How deep a value and its schema are followed; what is deeper is left for the service to check.
const DEPTH_MAX: usize = 64;

/// The longest value that an error quotes, in characters.
const QUOTED_MAX: usize = 60;

/// Checks the value of a parameter.
pub(crate) fn check(name: &str, schema: Schema<'_>, value: &Value) -> Result<(), Wrong> {
    fits(name, schema, value, 0)
}

fn fits(at: &str, schema: Schema<'_>, value: &Value, depth: usize) -> Result<(), Wrong> {
    if depth > DEPTH_MAX || schema.schema.is_boolean() {
        return Ok(());
    }
    if let Some(target) = schema.reference() {
        return schema
            .types
            .get(target)
            .map_or(Ok(()), |target| fits(at, schema.at(target), value, depth + 1));
    }
    let wrong = || takes(at, schema, value);
    let kinds = schema.kinds();
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(value, kind)) {
        return Err(wrong());
    }
    if schema.keyword("const").is_some_and(|only| only != value) {
        return Err(wrong());
    }
    if schema.keyword("enum").and_then(Value::as_array).is_some_and(|values| !values.contains(value)) {
        return Err(wrong());
    }
    if schema.choices().next().is_some() {
        choice(at, schema, value, depth)?;
    }
    for all in schema.keyword("allOf").and_then(Value::as_array).into_iter().flatten() {
        fits(at, schema.at(all), value, depth + 1)?;
    }
    match value {
        Value::Number(number) => {
            let bound = |name: &str| schema.keyword(name).and_then(Value::as_f64);
            let number = number.as_f64().unwrap_or_default();
            let low = bound("minimum").is_some_and(|least| number < least);
            let high = bound("maximum").is_some_and(|most| number > most);
            if low || high { Err(wrong()) } else { Ok(()) }
        }
        Value::String(text) => length(at, schema, "Length", text.chars().count(), "characters"),
        Value::Array(values) => list(at, schema, values, depth),
        Value::Object(_) => object(at, schema, value, depth),
        _ => Ok(()),
    }
}

/// One of several has to fit.
fn choice(at: &str, schema: Schema<'_>, value: &Value, depth: usize) -> Result<(), Wrong> {
    if schema.choices().any(|choice| fits(at, choice, value, depth + 1).is_ok()) {
        return Ok(());
    }
    let only = schema.without_null();
    if only.schema != schema.schema && !value.is_null() {
        // There is but one thing that it can be: what is wrong with that says more.
        fits(at, only, value, depth + 1)?;
    }
    Err(takes(at, schema, value))
}

fn list(at: &str, schema: Schema<'_>, values: &[Value], depth: usize) -> Result<(), Wrong> {
    length(at, schema, "Items", values.len(), "elements")?;
    let first = schema.keyword("prefixItems").and_then(Value::as_array);
    for (index, value) in values.iter().enumerate() {
        let item = first.and_then(|items| items.get(index)).or_else(|| schema.keyword("items"));
        if let Some(item) = item {
            fits(&format!("{at}.{index}"), schema.at(item), value, depth + 1)?;
        }
    }
    Ok(())
}

fn object(at: &str, schema: Schema<'_>, value: &Value, depth: usize) -> Result<(), Wrong> {
    let members = members(schema);
    if let Some(missing) = members.iter().find(|member| member.required && value.get(member.name).is_none()) {
        let at = format!("{at}.{}", missing.name);
        return Err(Wrong { at, what: format!("is missing: {}", words(missing.schema)) });
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        match members.iter().find(|member| member.name == name) {
            Some(member) => fits(&format!("{at}.{name}"), member.schema, value, depth + 1)?,
            None => match schema.keyword("additionalProperties") {
                Some(Value::Bool(false)) => {
                    let names: Vec<&str> = members.iter().map(|member| member.name).collect();
                    let unknown = near::unknown(&format!("member `{name}`"), name, &names);
                    return Err(Wrong { at: at.to_owned(), what: format!("has {unknown}") });
                }
                Some(schema_of_more) => {
                    fits(&format!("{at}.{name}"), schema.at(schema_of_more), value, depth + 1)?;
                }
                None => {}
            },
        }
    }
    Ok(())
}

fn length(at: &str, schema: Schema<'_>, of: &str, length: usize, units: &str) -> Result<(), Wrong> {
    let bound = |name: &str| schema.keyword(&format!("{name}{of}")).and_then(Value::as_u64);
    let length = length as u64;
    let what = match (bound("min"), bound("max")) {
        (Some(least), _) if length < least => format!("takes at least {least} {units}, not {length}"),
        (_, Some(most)) if length > most => format!("takes at most {most} {units}, not {length}"),
        _ => return Ok(()),
    };
    Err(Wrong { at: at.to_owned(), what })
}

fn is_of(value: &Value, kind: &str) -> bool {
    match (kind, value) {
        ("integer", Value::Number(number)) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("number", Value::Number(_))
        | ("string", Value::String(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_)) => true,
        _ => false,
    }
}

/// What it takes and what it was given; of named values, which one is near.
fn takes(at: &str, schema: Schema<'_>, value: &Value) -> Wrong {
    let values = schema.values();
    let names: Vec<&str> = values.iter().filter_map(|(value, _)| value.as_str()).collect();
    let what = match value.as_str() {
        Some(text) if !names.is_empty() => {
            format!("takes {}", near::unknown(&format!("`{text}`"), text, &names))
        }
        _ => format!("takes {}, not {}", words(schema), quoted(&value.to_string())),
    };
    Wrong { at: at.to_owned(), what }
}

/// A value, as much of it as tells which one it is.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Wrong {
    pub(super) fn new(at: &str, what: String) -> Self {
        Self { at: at.to_owned(), what }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.at, self.what)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn wrong(schema: &Value, value: &Value) -> Option<String> {
        let types = json!({
            "Spice": { "oneOf": [{ "const": "mild" }, { "const": "hot" }] },
            "Table": {
                "type": "object",
                "properties": { "number": { "type": "integer", "minimum": 0, "maximum": 9 } },
                "required": ["number"],
                "additionalProperties": false,
            },
            "Tree": { "type": "array", "items": { "$ref": "#/$defs/Tree" } },
            "Circle": { "anyOf": [{ "$ref": "#/$defs/Circle" }, { "type": "null" }] },
            "Open": { "anyOf": [{ "const": "a", "type": "string" }, { "type": "string" }] },
        });
        let types: Map<String, Value> = serde_json::from_value(types).unwrap();
        check("p", Schema::new(schema, &types), value).err().map(|wrong| wrong.to_string())
    }

    #[test]
    fn what_fits_is_let_through() {
        let of = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        for (schema, value) in [
            (json!({ "type": "integer" }), json!(3.0)),
            (json!({ "type": ["string", "null"] }), json!(null)),
            (json!({ "anyOf": [of("Table"), { "type": "null" }] }), json!(null)),
            (of("Spice"), json!("hot")),
            (of("Table"), json!({ "number": 9 })),
            (of("Tree"), json!([[], [[]]])),
            (of("Circle"), json!(1)),
            (of("Open"), json!("z")),
            (of("Nothing of that name"), json!(1)),
            (json!({ "type": "string", "pattern": "unknown keywords are not looked at" }), json!("")),
            (json!(true), json!({})),
        ] {
            assert_eq!(wrong(&schema, &value), None, "{schema} {value}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_where_and_why() {
        let table = json!({ "anyOf": [{ "$ref": "#/$defs/Table" }, { "type": "null" }] });
        for (schema, value, found) in [
            (json!({ "type": "integer", "minimum": 0 }), json!(-1), "`p` takes whole number from 0, not -1"),
            (json!({ "type": "integer" }), json!(1.5), "`p` takes whole number, not 1.5"),
            (json!({ "type": "string" }), json!(1), "`p` takes text, not 1"),
            (
                json!({ "type": "string", "maxLength": 2 }),
                json!("äöü"),
                "`p` takes at most 2 characters, not 3",
            ),
            (json!({ "enum": [1, 2] }), json!(3), "`p` takes 1 | 2, not 3"),
            (
                json!({ "$ref": "#/$defs/Spice" }),
                json!("hott"),
                "`p` takes no `hott`; did you mean `hot`? (there are: mild, hot)",
            ),
            (table.clone(), json!({ "number": 10 }), "`p.number` takes whole number from 0 to 9, not 10"),
            (table.clone(), json!({}), "`p.number` is missing: whole number from 0 to 9"),
            (
                table,
                json!({ "number": 1, "numbr": 1 }),
                "`p` has no member `numbr`; did you mean `number`? (there are: number)",
            ),
            (
                json!({ "type": "array", "items": { "type": "boolean" }, "minItems": 1 }),
                json!([true, 0]),
                "`p.1` takes true | false, not 0",
            ),
            (json!({ "type": "array", "minItems": 1 }), json!([]), "`p` takes at least 1 elements, not 0"),
            (
                json!({ "type": "object", "additionalProperties": { "type": "string" } }),
                json!({ "x": 1 }),
                "`p.x` takes text, not 1",
            ),
            (
                json!({ "allOf": [{ "type": "integer" }, { "maximum": 3 }] }),
                json!(4),
                "`p` takes anything, not 4",
            ),
        ] {
            assert_eq!(wrong(&schema, &value).as_deref(), Some(found), "{schema} {value}");
        }
    }
}
