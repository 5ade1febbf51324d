//! A declaration in Rust, of which `#[hallway::service]` makes the clients.

mod names;
mod types;

use std::collections::BTreeMap;

use hallway::service::{Description, ErrorDescription, MethodDescription, MethodKind, ParamDescription};
use serde_json::Value;

use crate::schema::{Schema, members};

use names::{docs, field, type_name, variant};
use types::{Place, Types};

/// Names of methods that the clients have themselves.
const OF_CLIENTS: [&str; 5] = ["client", "clone", "from", "new", "with"];

/// The longest line, with its line feed.
const LINE_MAX: usize = 101;

/// The text of the module.
pub(super) fn module(description: &Description) -> String {
    let types = Types::new(&description.types);
    let mut name = type_name(&description.name);
    if [name.clone(), format!("{name}Error")].iter().any(|name| types.has(name)) {
        name += "Api";
    }
    let errors = errors(description);
    let writer = Writer { description, types, name, fails: !errors.is_empty() };
    let mut parts = vec![writer.head(), writer.declaration()];
    if writer.fails {
        parts.push(writer.error(&errors));
    }
    parts.extend(writer.types.items(description));
    parts.join("\n")
}

struct Writer<'a> {
    description: &'a Description,
    types: Types<'a>,
    /// Of the trait.
    name: String,
    /// Whether any method can say no.
    fails: bool,
}

/// Every error of a service by its code. One code means the same everywhere.
fn errors(description: &Description) -> BTreeMap<&str, &ErrorDescription> {
    let all = description.methods.iter().flat_map(|method| &method.errors);
    all.map(|error| (error.code.as_str(), error)).collect()
}

impl Writer<'_> {
    fn head(&self) -> String {
        let Description { name, version, .. } = self.description;
        format!(
            "// Written by `hallway codegen rust-client` from the description of {name} {version}. Not to be edited: write it\n\
             // anew.\n\n\
             use schemars::JsonSchema;\n\
             use serde::{{Deserialize, Serialize}};\n"
        )
    }

    fn declaration(&self) -> String {
        let Description { name, version, docs: words, sidecar, methods, .. } = self.description;
        let sidecar = if *sidecar { ", sidecar" } else { "" };
        let methods: Vec<String> = methods.iter().filter_map(|method| self.method(method)).collect();
        format!(
            "{}#[hallway::service(name = {name:?}, version = {version:?}{sidecar})]\npub trait {} {{\n{}}}\n",
            docs(words, ""),
            self.name,
            methods.join("\n")
        )
    }

    fn method(&self, method: &MethodDescription) -> Option<String> {
        let returns = self.types.text(&method.result, Place::Value);
        let returns =
            if method.errors.is_empty() { returns } else { format!("Result<{returns}, {}Error>", self.name) };
        let (before, returns) = match method.kind {
            MethodKind::Unary if returns == "()" => ("async ", String::new()),
            MethodKind::Unary => ("async ", format!(" -> {returns}")),
            MethodKind::Notification => ("async ", String::new()),
            MethodKind::Stream => ("", format!(" -> impl futures_core::Stream<Item = {returns}>")),
            MethodKind::Subscription => {
                let event = self.types.text(&method.result, Place::Value);
                ("", format!(" -> hallway::Subscription<{event}>"))
            }
            // Of a later version: clients of this one cannot call it.
            _ => return None,
        };
        let mut attributes = String::new();
        for (said, attribute) in [
            (method.idempotent, "    #[idempotent]\n"),
            (method.bulk, "    #[bulk]\n"),
            (method.kind == MethodKind::Notification, "    #[notification]\n"),
        ] {
            attributes += if said { attribute } else { "" };
        }
        if let Some(bytes) = method.params_max {
            attributes += &format!("    #[params_max = {bytes}]\n");
        }
        let mut called = field(&method.name);
        if OF_CLIENTS.contains(&called.as_str()) {
            called.push('_');
        }
        if called.trim_start_matches("r#") != method.name {
            attributes += &format!("    #[name = {:?}]\n", method.name);
        }
        let params: Vec<String> = method.params.iter().map(|param| self.param(param)).collect();
        // On one line, if there is nothing but names and types, and a line may be so long.
        let flat: String =
            params.iter().map(|param| format!(", {}", param.trim().trim_end_matches(','))).collect();
        let short = format!("    {before}fn {called}(&self{flat}){returns};\n");
        let is_plain = params.iter().all(|param| param.lines().count() == 1);
        let signature = match is_plain && short.len() <= LINE_MAX {
            true => short,
            false => {
                format!("    {before}fn {called}(\n        &self,\n{}    ){returns};\n", params.concat())
            }
        };
        Some(format!("{}{attributes}{signature}", docs(&method.docs, "    ")))
    }

    fn param(
        &self,
        ParamDescription { name, docs: words, schema, required, default, .. }: &ParamDescription,
    ) -> String {
        let text = self.types.text(schema, Place::Value);
        let default = if *required { None } else { default.as_ref().and_then(|value| literal(value, &text)) };
        // One that need not be given, and whose default cannot be written here, is given.
        let default = default.map_or(String::new(), |default| format!("        #[default{default}]\n"));
        format!("{}{default}        {}: {text},\n", docs(words, "        "), field(name))
    }

    fn error(&self, errors: &BTreeMap<&str, &ErrorDescription>) -> String {
        let variants: String = errors.values().map(|error| self.error_variant(error)).collect();
        format!(
            "/// How the service says no.\n#[derive(Debug, Clone, PartialEq, hallway::Error)]\npub enum {}Error {{\n{variants}}}\n",
            self.name
        )
    }

    fn error_variant(
        &self,
        ErrorDescription { code, docs: words, retryable, details, .. }: &ErrorDescription,
    ) -> String {
        let message = words.lines().next().unwrap_or_default().trim().trim_end_matches('.');
        let message = if message.is_empty() { code.clone() } else { in_lower_case(message) };
        let message = message.replace('{', "{{").replace('}', "}}");
        let (name, differs) = variant(code);
        let code = if differs { format!(", code = {code:?}") } else { String::new() };
        let retryable = if *retryable { ", retryable" } else { "" };
        let fields: String = details.as_ref().map_or_else(String::new, |details| {
            let details = Schema::new(details, self.types.all());
            let text = |schema: Schema<'_>, required: bool| {
                let text = self.types.text(schema.schema, Place::Value);
                if required || text.starts_with("Option<") { text } else { format!("Option<{text}>") }
            };
            let members = members(details).into_iter();
            members
                .map(|member| {
                    let name = field(member.name);
                    format!(
                        "{}        {name}: {},\n",
                        docs(member.docs, "        "),
                        text(member.schema, member.required)
                    )
                })
                .collect()
        });
        let fields = if fields.is_empty() { String::new() } else { format!(" {{\n{fields}    }}") };
        format!("{}    #[error({message:?}{code}{retryable})]\n    {name}{fields},\n", docs(words, "    "))
    }
}

/// A sentence without its capital, unless that is a name's.
fn in_lower_case(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(sentence.chars().skip(1)).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// A parameter's default as its attribute has it; `None` where it is not written so simply.
fn literal(value: &Value, of: &str) -> Option<String> {
    let is_number = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"].contains(&of);
    match value {
        Value::Bool(value) if of == "bool" => Some(format!("({value})")),
        Value::Number(number) if is_number => Some(format!("({number})")),
        Value::Number(number) if of == "f64" => number.as_f64().map(|number| format!("({number:?})")),
        Value::String(text) if of == "String" && text.is_empty() => Some(String::new()),
        Value::String(text) if of == "String" => Some(format!("({text:?}.to_owned())")),
        Value::Array(elements) if elements.is_empty() && of.starts_with("Vec<") => Some(String::new()),
        _ => None,
    }
}
