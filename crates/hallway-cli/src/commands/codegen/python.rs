//! A module for Python: what `python -m hallway.codegen` of `clients/python` writes.

mod types;

use std::collections::VecDeque;

use hallway::service::{Description, MethodDescription, MethodKind, ParamDescription};
use serde_json::Value;

use types::{docstring, is_keyword, python_name, quoted, repr, type_name, type_text};

const IMPORTS: &str = "

import json
from typing import Any, AsyncIterator, Awaitable, Dict, Iterator, List, Literal, Optional, TypedDict, Union

import hallway
import hallway.aio
from hallway import Event, Lagged

__all__ = ";

/// The text of the module.
pub(super) fn module(description: &Description) -> serde_json::Result<String> {
    let names: Vec<String> = description.types.keys().map(|name| type_name(name)).collect();
    let mut name = class_name(&description.name);
    while names.contains(&name) || names.contains(&format!("Async{name}")) {
        name += "Service";
    }
    let mut exported = names.clone();
    exported.extend([name.clone(), format!("Async{name}")]);
    exported.sort();
    let exported =
        exported.iter().map(|name| repr(&Value::from(name.as_str()))).collect::<Vec<_>>().join(", ");
    let docs = docstring(&format!("{}\n\nWritten by hallway.codegen.", description.docs), "");
    let described = quoted(&types::json(&serde_json::to_string(description)?));
    let mut parts = vec![format!("{docs}{IMPORTS}[{exported}]\n")];
    parts.extend(names.iter().zip(description.types.values()).map(|(name, schema)| of_type(name, schema)));
    parts.push(format!("_DESCRIPTION = hallway.Description(json.loads({described}))\n"));
    parts.push(class(&name, description, ""));
    parts.push(class(&format!("Async{name}"), description, "Async"));
    Ok(parts.join("\n\n"))
}

fn class_name(name: &str) -> String {
    let capital = |part: &str| {
        part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)).collect::<String>()
    };
    python_name(&name.replace('-', "_").split('_').map(capital).collect::<String>())
}

/// A named type: an object as a `TypedDict`, anything else as another name for what it is.
fn of_type(name: &str, schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        let text = type_text(schema, "\"");
        let text = if text.starts_with('"') { format!("Union[{text}]") } else { text };
        return format!("{name} = {text}\n");
    };
    let docs = schema["description"].as_str();
    let is_required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name))
    };
    let (always, others): (Vec<_>, Vec<_>) = properties.iter().partition(|(name, _)| is_required(name));
    let is_plain = |name: &str| !name.is_empty() && python_name(name) == name && !is_keyword(name);
    let body_docs = docs.map_or_else(String::new, |docs| format!("    {}\n\n", docstring(docs, "    ")));
    if others.is_empty() && always.iter().all(|(name, _)| is_plain(name)) {
        let members: String = always.iter().map(|(name, inner)| member(name, inner)).collect();
        let members = if members.is_empty() { "    pass\n".to_owned() } else { members };
        return format!("class {name}(TypedDict):\n{body_docs}{members}");
    }
    // What need not be there, and what no class can name, has a base of its own.
    let bases =
        [(format!("_{name}Always"), always, ""), (format!("_{name}Sometimes"), others, "\n    total=False,")];
    let bases: Vec<_> = bases.into_iter().filter(|(_, fields, _)| !fields.is_empty()).collect();
    let made: String = bases
        .iter()
        .map(|(base, members, total)| {
            format!("{base} = TypedDict(\n    '{base}',\n    {},{total}\n)\n\n", fields(members))
        })
        .collect();
    let named = bases.iter().map(|(base, ..)| base.as_str()).collect::<Vec<_>>().join(", ");
    let named = if named.is_empty() { "TypedDict".to_owned() } else { named };
    let body = if body_docs.is_empty() { "    pass\n".to_owned() } else { body_docs };
    format!("{made}\nclass {name}({named}):\n{body}")
}

fn fields(members: &[(&String, &Value)]) -> String {
    let one = |(name, inner): &(&String, &Value)| {
        format!("{}: {}", repr(&Value::from(name.as_str())), type_text(inner, "\""))
    };
    format!("{{{}}}", members.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn member(name: &str, schema: &Value) -> String {
    let docs = schema["description"].as_str();
    let docs = docs.map_or_else(String::new, |docs| format!("    {}\n", docstring(docs, "    ")));
    format!("    {name}: {}\n{docs}", type_text(schema, "\""))
}

fn class(name: &str, description: &Description, kind: &str) -> String {
    let client = if kind.is_empty() { "hallway.Client" } else { "hallway.aio.Client" };
    let docs = match description.docs.as_str() {
        "" => format!("The service {}.", description.name),
        docs => docs.to_owned(),
    };
    let mut lines = vec![
        format!("class {name}:"),
        format!("    {}", docstring(&docs, "    ")),
        String::new(),
        format!("    def __init__(self, client: {client}) -> None:"),
        "        self._client = client".to_owned(),
    ];
    for one in &description.methods {
        lines.push(String::new());
        lines.extend(method(description, one, kind));
    }
    lines.join("\n") + "\n"
}

fn method(description: &Description, method: &MethodDescription, kind: &str) -> Vec<String> {
    let (required, others): (Vec<_>, Vec<_>) = method.params.iter().partition(|param| param.required);
    let params: String =
        required.iter().chain(&others).map(|param| format!(", {}", parameter(param))).collect();
    let docs = match doc(description, method) {
        docs if docs.is_empty() => method.name.clone(),
        docs => docs,
    };
    let name = repr(&Value::from(method.name.as_str()));
    let given = required
        .iter()
        .map(|param| format!("{}: {}", repr(&Value::from(param.name.as_str())), python_name(&param.name)));
    let mut lines = vec![
        format!("    def {}(self{params}) -> {}:", method_name(&method.name), returns(method, kind)),
        format!("        {}", docstring(&docs, "        ")),
        format!("        _params: Dict[str, Any] = {{{}}}", given.collect::<Vec<_>>().join(", ")),
    ];
    for param in others {
        // What is not given gets its default there.
        let called = python_name(&param.name);
        lines.push(format!("        if {called} is not None:"));
        lines.push(format!("            _params[{}] = {called}", repr(&Value::from(param.name.as_str()))));
    }
    let of = returns(method, kind);
    lines.push(format!("        _result: {of} = self._client.invoke(_DESCRIPTION.method({name}), _params)"));
    lines.push("        return _result".to_owned());
    lines
}

/// A method called as a type would stand for that type in the signatures after it.
fn method_name(name: &str) -> String {
    let name = python_name(name);
    if ["bool", "bytes", "float", "int", "str"].contains(&name.as_str()) { name + "_" } else { name }
}

fn parameter(ParamDescription { name, schema, required, default, .. }: &ParamDescription) -> String {
    let (name, mut text) = (python_name(name), type_text(schema, "\""));
    if *required {
        return format!("{name}: {text}");
    }
    let default =
        default.as_ref().filter(|value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_)));
    if default.is_none() && text != "Any" && !text.starts_with("Optional[") {
        text = format!("Optional[{text}]");
    }
    format!("{name}: {text} = {}", default.map_or_else(|| "None".to_owned(), repr))
}

fn returns(method: &MethodDescription, kind: &str) -> String {
    let result = type_text(&method.result, "\"");
    let result = match method.kind {
        MethodKind::Stream => return format!("{kind}Iterator[{result}]"),
        MethodKind::Subscription => return format!("{kind}Iterator[Union[Event[{result}], Lagged]]"),
        MethodKind::Notification => "None".to_owned(),
        _ => result,
    };
    if kind.is_empty() { result } else { format!("Awaitable[{result}]") }
}

/// A method's docs, with those of its parameters, its errors and the types it names.
fn doc(description: &Description, method: &MethodDescription) -> String {
    let documented = method.params.iter().filter(|param| !param.docs.is_empty());
    let types = named(description, method).into_iter();
    let parts = [
        method.docs.clone(),
        section("Parameters", documented.map(|param| (python_name(&param.name), param.docs.clone()))),
        section("Errors", method.errors.iter().map(|error| (error.code.clone(), error.docs.clone()))),
        section("Types", types.map(|(name, schema)| (type_name(name), members(schema)))),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn section(title: &str, rows: impl Iterator<Item = (String, String)>) -> String {
    let mut text = String::new();
    for (name, docs) in rows {
        let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
        text += &if docs.is_empty() { format!("\n    {name}") } else { format!("\n    {name}: {docs}") };
    }
    if text.is_empty() { text } else { format!("{title}:{text}") }
}

/// The named types that a method's schemas lead to, in the order in which they are met.
fn named<'a>(description: &'a Description, method: &'a MethodDescription) -> Vec<(&'a str, &'a Value)> {
    let mut found: Vec<(&str, &Value)> = Vec::new();
    let params = method.params.iter().map(|param| &param.schema);
    let mut waiting: VecDeque<&Value> = [&method.result].into_iter().chain(params).collect();
    while let Some(schema) = waiting.pop_front() {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/"));
        match name.map(|name| (name, description.types.get_key_value(name))) {
            Some((_, Some((name, target)))) if found.iter().all(|(known, _)| known != name) => {
                found.push((name, target));
                waiting.push_back(target);
            }
            Some(_) => {}
            None => match schema {
                Value::Object(members) => waiting.extend(members.values()),
                Value::Array(elements) => waiting.extend(elements),
                _ => {}
            },
        }
    }
    found
}

fn members(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return type_text(schema, "");
    };
    let one = |(name, inner): (&String, &Value)| format!("{name}: {}", type_text(inner, ""));
    properties.iter().map(one).collect::<Vec<_>>().join(", ")
}
