//! Types of TypeScript from schemas.

use serde_json::{Map, Value};

/// Names that a type of a service cannot have: the module uses them itself, or the language does.
const TAKEN: &str = " Promise Uint8Array hallway any bigint boolean never null number object string symbol undefined unknown void \
                     break case catch class const continue debugger default delete do else enum export extends false finally for \
                     function if import in instanceof new return super switch this throw true try typeof var while with ";

/// Integers that a JavaScript number always holds.
const SAFE_INTEGERS: [&str; 6] = ["int8", "int16", "int32", "uint8", "uint16", "uint32"];

/// A name that a type can have.
pub(super) fn type_name(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    // As JavaScript counts the letters.
    let mut plain: String =
        name.chars().map(|c| if is_plain(c) { c.to_string() } else { "_".repeat(c.len_utf16()) }).collect();
    if plain.is_empty() || plain.starts_with(|c: char| c.is_ascii_digit()) {
        plain.insert(0, '_');
    }
    if TAKEN.contains(&format!(" {plain} ")) { plain + "_" } else { plain }
}

/// What a property is called, in quotes where it has to be.
pub(super) fn property_name(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let begins = name.starts_with(|c: char| is_plain(c) && !c.is_ascii_digit());
    if begins && name.chars().all(is_plain) { name.to_owned() } else { json(&Value::from(name)) }
}

/// A value as JavaScript writes it.
pub(super) fn json(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(String::new, |number| number.to_string())
        }
        Value::Array(elements) => format!("[{}]", elements.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), json(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        value => value.to_string(),
    }
}

/// A comment for people and editors; nothing if there is nothing to say.
pub(super) fn comment(docs: &str, indent: &str) -> String {
    let docs = docs.trim().replace("*/", "*\\/");
    let lines: Vec<&str> = docs.split('\n').collect();
    match lines.as_slice() {
        [""] => String::new(),
        [only] => format!("{indent}/** {only} */\n"),
        lines => {
            let lines = lines.iter().map(|line| format!("{indent} * {line}").trim_end().to_owned());
            format!("{indent}/**\n{}\n{indent} */\n", lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The type of the values that a schema describes.
pub(super) fn type_of(schema: Option<&Value>, indent: &str) -> String {
    let schema = match schema {
        Some(Value::Object(schema)) => schema,
        Some(Value::Bool(false)) => return "never".to_owned(),
        _ => return "unknown".to_owned(),
    };
    let parts = [
        reference(schema),
        literals(schema),
        union(schema.get("anyOf"), indent),
        union(schema.get("oneOf"), indent),
        intersection(schema.get("allOf"), indent),
        named(schema, indent),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [] => "unknown".to_owned(),
        [only] => only.clone(),
        several => several.iter().map(|part| in_brackets(part)).collect::<Vec<_>>().join(" & "),
    }
}

fn reference(schema: &Map<String, Value>) -> Option<String> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/").map(type_name)
}

fn literals(schema: &Map<String, Value>) -> Option<String> {
    let choices = match schema.get("const") {
        Some(only) => vec![only],
        None => schema.get("enum")?.as_array()?.iter().collect(),
    };
    let literal = |value: &Value| {
        if value.is_array() || value.is_object() { "unknown".to_owned() } else { json(value) }
    };
    Some(unique(choices.into_iter().map(literal)).join(" | "))
}

fn union(choices: Option<&Value>, indent: &str) -> Option<String> {
    let types = unique(choices?.as_array()?.iter().map(|each| type_of(Some(each), indent)));
    // A plain `string` would swallow the known names, and no editor would offer them.
    let is_open = types.iter().any(|of| of.starts_with('"'));
    let opened = |of: String| match of.strip_prefix("string") {
        Some(rest) if is_open && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') => {
            format!("(string & {{}}){rest}")
        }
        _ => of,
    };
    Some(types.into_iter().map(opened).collect::<Vec<_>>().join(" | "))
}

fn intersection(all: Option<&Value>, indent: &str) -> Option<String> {
    Some(unique(all?.as_array()?.iter().map(|each| in_brackets(&type_of(Some(each), indent)))).join(" & "))
}

/// By the keyword `type`, unless the values are listed one by one.
fn named(schema: &Map<String, Value>, indent: &str) -> Option<String> {
    if schema.contains_key("const") || schema.contains_key("enum") {
        return None;
    }
    let has_members = schema.contains_key("properties") || schema.contains_key("additionalProperties");
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(name) => name.as_str().into_iter().collect(),
        None if has_members => vec!["object"],
        None => Vec::new(),
    };
    let types = unique(names.into_iter().filter_map(|name| of_kind(name, schema, indent)));
    (!types.is_empty()).then(|| types.join(" | "))
}

fn of_kind(name: &str, schema: &Map<String, Value>, indent: &str) -> Option<String> {
    let keyword = |name: &str| schema.get(name).and_then(Value::as_str);
    Some(match name {
        "string" if keyword("contentEncoding") == Some("base64") => "Uint8Array".to_owned(),
        "integer" if keyword("format").is_some_and(|format| SAFE_INTEGERS.contains(&format)) => {
            "number".to_owned()
        }
        "integer" => "hallway.Integer64".to_owned(),
        "string" | "number" | "boolean" | "null" => name.to_owned(),
        "array" => list(schema, indent),
        "object" => object(schema, indent),
        _ => return None,
    })
}

fn list(schema: &Map<String, Value>, indent: &str) -> String {
    let items = schema.get("items");
    let others = in_brackets(&type_of(items, indent));
    let Some(first) = schema.get("prefixItems").and_then(Value::as_array) else {
        return format!("{others}[]");
    };
    let mut types: Vec<String> = first.iter().map(|each| type_of(Some(each), indent)).collect();
    if items.is_some_and(|items| *items != Value::Bool(false)) {
        types.push(format!("...{others}[]"));
    }
    format!("[{}]", types.join(", "))
}

fn object(schema: &Map<String, Value>, indent: &str) -> String {
    let others = schema.get("additionalProperties").filter(|others| others.is_object());
    let map = others.map(|others| format!("{{ [name: string]: {} }}", type_of(Some(others), indent)));
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty())
    else {
        return map.unwrap_or_else(|| "{ [name: string]: unknown }".to_owned());
    };
    let required = |name: &str| {
        schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|known| known == name))
    };
    let inner = format!("{indent}  ");
    let members = properties.iter().map(|(name, each)| {
        let docs = comment(each["description"].as_str().unwrap_or_default(), &inner);
        let optional = if required(name) { "" } else { "?" };
        format!("{docs}{inner}{}{optional}: {};\n", property_name(name), type_of(Some(each), &inner))
    });
    let body = format!("{{\n{}{indent}}}", members.collect::<String>());
    map.map_or(body.clone(), |map| format!("{body} & {map}"))
}

fn in_brackets(text: &str) -> String {
    let name = text.trim_end_matches("[]");
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_$.".contains(c));
    if is_plain { text.to_owned() } else { format!("({text})") }
}

fn unique(types: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for of in types {
        if !found.contains(&of) {
            found.push(of);
        }
    }
    found
}
