//! Names, types and literals of Python.

use serde_json::Value;

/// Names that the module needs for something else.
const TAKEN: &str = " Any AsyncIterator Awaitable Dict Event Iterator Lagged List Literal Optional TypedDict Union bool bytes float \
                     hallway int json str ";

const KEYWORDS: &str = " False None True and as assert async await break class continue def del elif else except finally for from \
                        global if import in is lambda nonlocal not or pass raise return try while with yield ";

pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&format!(" {name} "))
}

/// A name that Python takes for a parameter or a method: `import` is a word of its own and becomes `import_`.
pub(super) fn python_name(name: &str) -> String {
    let mut plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.is_empty() || plain.starts_with(|c: char| c.is_ascii_digit()) {
        plain.insert(0, '_');
    }
    if is_keyword(&plain) || plain == "self" { plain + "_" } else { plain }
}

/// A named type's name: none that a generated module needs for something else.
pub(super) fn type_name(name: &str) -> String {
    let name = python_name(name);
    if TAKEN.contains(&format!(" {name} ")) { name + "_" } else { name }
}

/// How a type is written in Python; names of the description are put into `quote`.
pub(super) fn type_text(schema: &Value, quote: &str) -> String {
    let any = || "Any".to_owned();
    let Value::Object(keywords) = schema else { return any() };
    if let Some(name) =
        keywords.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/"))
    {
        return format!("{quote}{}{quote}", type_name(name));
    }
    if keywords.contains_key("enum") || keywords.contains_key("const") {
        let values = match keywords.get("enum") {
            Some(Value::Array(values)) => values.iter().collect(),
            _ => vec![keywords.get("const").unwrap_or(&Value::Null)],
        };
        let is_simple = |value: &&Value| !value.is_f64() && !value.is_array() && !value.is_object();
        let is_literal = !values.is_empty() && values.iter().all(is_simple);
        let values = values.into_iter().map(repr).collect::<Vec<_>>().join(", ");
        return if is_literal { format!("Literal[{values}]") } else { any() };
    }
    let options = ["anyOf", "oneOf"].into_iter().filter_map(|name| keywords.get(name)?.as_array());
    if let Some(options) = options.into_iter().find(|options| !options.is_empty()) {
        return union(options.iter().map(|option| type_text(option, quote)));
    }
    let of_kind = |kind: &str| match kind {
        "string" if keywords.get("contentEncoding").is_some_and(|encoding| encoding == "base64") => {
            "bytes".to_owned()
        }
        "array" => format!("List[{}]", type_text(keywords.get("items").unwrap_or(&Value::Null), quote)),
        "object" => format!(
            "Dict[str, {}]",
            type_text(keywords.get("additionalProperties").unwrap_or(&Value::Null), quote)
        ),
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "string" => "str".to_owned(),
        "boolean" => "bool".to_owned(),
        "null" => "None".to_owned(),
        _ => "Any".to_owned(),
    };
    match keywords.get("type") {
        Some(Value::Array(kinds)) => union(kinds.iter().map(|kind| kind.as_str().map_or_else(any, of_kind))),
        Some(Value::String(kind)) => of_kind(kind),
        _ => any(),
    }
}

fn union(types: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for of in types {
        if !all.contains(&of) {
            all.push(of);
        }
    }
    let others: Vec<&str> = all.iter().map(String::as_str).filter(|of| *of != "None").collect();
    let text = match others.as_slice() {
        [] => return "None".to_owned(),
        some if some.contains(&"Any") => return "Any".to_owned(),
        [only] => (*only).to_owned(),
        several => format!("Union[{}]", several.join(", ")),
    };
    if others.len() == all.len() { text } else { format!("Optional[{text}]") }
}

/// A value as Python shows it.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let shown: String = text.chars().map(|c| shown(c, quote)).collect();
            format!("{quote}{shown}{quote}")
        }
        // Nothing is written by them.
        Value::Array(_) | Value::Object(_) => "...".to_owned(),
    }
}

fn shown(c: char, quote: char) -> String {
    match c {
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c == quote => format!("\\{c}"),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    }
}

/// JSON without a letter that is not ASCII.
pub(super) fn json(text: &str) -> String {
    let escaped = |c: char| match c {
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escaped).collect()
}

/// A text as a literal of JSON, which is one of Python as well.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Documentation as a literal.
pub(super) fn docstring(docs: &str, indent: &str) -> String {
    let mut text = docs.trim().replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    if text.ends_with('"') {
        text.pop();
        text += "\\\"";
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(
            |line| {
                if line.trim().is_empty() { String::new() } else { format!("{indent}{}", line.trim_end()) }
            },
        )
        .collect();
    let closing = if lines.len() > 1 { format!("\n{indent}") } else { String::new() };
    format!("\"\"\"{}{closing}\"\"\"", lines.join("\n").trim())
}
