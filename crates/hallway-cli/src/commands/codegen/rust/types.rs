//! Types of Rust from schemas.

use std::collections::BTreeSet;

use hallway::service::Description;
use serde_json::{Map, Value};

use super::names::{docs, field, type_name, variant};
use crate::schema::{Schema, members};

/// The named types of a description.
pub(super) struct Types<'a> {
    types: &'a Map<String, Value>,
}

/// Where a type stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// As a whole.
    Value,
    /// Directly within the type of this name, which would have no end if it held itself.
    Within(&'a str),
}

/// A variant of an enum: its name on the wire, its docs, and what it holds.
struct Variant<'a> {
    name: &'a str,
    docs: &'a str,
    holds: Option<&'a Value>,
}

const DERIVES: &str = "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]\n";

impl<'a> Types<'a> {
    pub(super) fn new(types: &'a Map<String, Value>) -> Self {
        Self { types }
    }

    pub(super) fn all(&self) -> &'a Map<String, Value> {
        self.types
    }

    /// Whether a type is called so.
    pub(super) fn has(&self, name: &str) -> bool {
        self.types.keys().any(|known| type_name(known) == name)
    }

    /// The declarations of all types that methods and errors name.
    pub(super) fn items(&self, description: &Description) -> Vec<String> {
        let mut named = BTreeSet::new();
        for method in &description.methods {
            let params = method.params.iter().map(|param| &param.schema);
            params.chain([&method.result]).for_each(|schema| self.names_in(schema, &mut named));
            for details in method.errors.iter().filter_map(|error| error.details.as_ref()) {
                // The members are those of the variant.
                let details = Schema::new(details, self.types);
                members(details).iter().for_each(|member| self.names_in(member.schema.schema, &mut named));
            }
        }
        let of_types = self.types.iter().filter(|(name, _)| named.contains(name.as_str()));
        of_types.map(|(name, schema)| self.item(name, schema)).collect()
    }

    fn names_in(&self, schema: &'a Value, named: &mut BTreeSet<&'a str>) {
        match schema {
            Value::Object(keywords) => {
                let name = Schema::new(schema, self.types).reference();
                if let Some((name, target)) = name.and_then(|name| Some((name, self.types.get(name)?)))
                    && named.insert(name)
                {
                    self.names_in(target, named);
                }
                keywords.values().for_each(|value| self.names_in(value, named));
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.names_in(element, named)),
            _ => {}
        }
    }

    fn item(&self, name: &str, value: &Value) -> String {
        let schema = Schema::new(value, self.types);
        let (called, words) = (type_name(name), docs(value["description"].as_str().unwrap_or_default(), ""));
        if let Some((variants, is_open)) = self.variants(schema) {
            return format!("{words}{}", self.enumeration(name, &variants, is_open));
        }
        if schema.keyword("properties").is_some() && schema.keyword("oneOf").is_none() {
            let fields = self.fields(name, schema, "    pub ");
            return format!("{words}{DERIVES}pub struct {called} {{\n{fields}}}\n");
        }
        format!("{words}pub type {called} = {};\n", self.text(value, Place::Within(name)))
    }

    fn enumeration(&self, name: &str, variants: &[Variant<'_>], is_open: bool) -> String {
        let mut text = String::new();
        for Variant { name: wire, docs: words, holds } in variants {
            let (called, differs) = variant(wire);
            text += &docs(words, "    ");
            match (is_open, differs) {
                (true, true) => text += &format!("    #[name = {wire:?}]\n"),
                (true, false) => {}
                (false, _) => text += &format!("    #[serde(rename = {wire:?})]\n"),
            }
            let inline = holds
                .map(|holds| Schema::new(holds, self.types))
                .filter(|holds| holds.keyword("properties").is_some());
            text += &match (holds, inline) {
                (None, _) => format!("    {called},\n"),
                (Some(_), Some(inline)) => {
                    format!("    {called} {{\n{}    }},\n", self.fields(name, inline, "        "))
                }
                (Some(holds), None) => format!("    {called}({}),\n", self.text(holds, Place::Within(name))),
            };
        }
        let called = type_name(name);
        if is_open {
            text += "    /// What this build does not know.\n    Unknown(hallway::Unknown),\n";
            return format!(
                "#[derive(Debug, Clone, PartialEq, hallway::Open)]\npub enum {called} {{\n{text}}}\n"
            );
        }
        format!("{DERIVES}pub enum {called} {{\n{text}}}\n")
    }

    fn fields(&self, within: &str, schema: Schema<'_>, before: &str) -> String {
        let indent = &before[..before.len() - before.trim_start().len()];
        let mut text = String::new();
        for member in members(schema) {
            let called = field(member.name);
            let mut of = self.text(member.schema.schema, Place::Within(within));
            text += &docs(member.docs, indent);
            if called.trim_start_matches("r#") != member.name {
                text += &format!("{indent}#[serde(rename = {:?})]\n", member.name);
            }
            if !member.required {
                text += &format!("{indent}#[serde(default, skip_serializing_if = \"Option::is_none\")]\n");
                of = if of.starts_with("Option<") { of } else { format!("Option<{of}>") };
            }
            text += &format!("{before}{called}: {of},\n");
        }
        text
    }

    /// The variants of a schema that is an enum, and whether a newer peer may have more.
    fn variants<'s>(&self, schema: Schema<'s>) -> Option<(Vec<Variant<'s>>, bool)> {
        let names = |values: &'s Value| -> Option<Vec<&'s str>> {
            values.as_array()?.iter().map(Value::as_str).collect()
        };
        let unit = |name: &'s str| Variant { name, docs: "", holds: None };
        if let Some(values) = schema.keyword("enum") {
            return Some((names(values)?.into_iter().map(unit).collect(), false));
        }
        let mut choices: Vec<Schema<'s>> = schema.choices().collect();
        let is_rest = |choice: &Schema<'_>| {
            let keywords = choice
                .schema
                .as_object()
                .map_or(0, |all| all.keys().filter(|key| *key != "description").count());
            keywords == 1 && choice.kinds().first() == Some(&"string")
        };
        let is_open = schema.keyword("anyOf").is_some() && choices.last().is_some_and(is_rest);
        if is_open {
            choices.pop();
        }
        let mut variants = Vec::new();
        for choice in &choices {
            let words = choice.keyword("description").and_then(Value::as_str).unwrap_or_default();
            if let Some(name) = choice.keyword("const").and_then(Value::as_str) {
                variants.push(Variant { docs: words, ..unit(name) });
            } else if let Some(values) = choice.keyword("enum") {
                variants.extend(names(values)?.into_iter().map(unit));
            } else {
                let [only] = &members(*choice)[..] else { return None };
                if choice.reference().is_some() || !only.required {
                    return None;
                }
                variants.push(Variant { name: only.name, docs: words, holds: Some(only.schema.schema) });
            }
        }
        (!variants.is_empty()).then_some((variants, is_open))
    }

    /// The type of the values of a schema.
    pub(super) fn text(&self, schema: &Value, place: Place<'_>) -> String {
        let schema = Schema::new(schema, self.types);
        let inner = schema.without_null();
        let takes_null = schema.kinds().len() > 1 && schema.kinds().contains(&"null");
        if inner.schema != schema.schema {
            return format!("Option<{}>", self.not_null(inner, place));
        }
        let text = self.not_null(schema, place);
        if takes_null { format!("Option<{text}>") } else { text }
    }

    fn not_null(&self, schema: Schema<'_>, place: Place<'_>) -> String {
        if let Some(name) = schema.reference() {
            let called = type_name(name);
            return match place {
                Place::Within(outer) if self.leads_to(name, outer) => format!("Box<{called}>"),
                _ => called,
            };
        }
        if let Some(Value::Array(all)) = schema.keyword("allOf")
            && let [only] = all.as_slice()
        {
            return self.text(only, place);
        }
        let kinds: Vec<&str> = schema.kinds().into_iter().filter(|kind| *kind != "null").collect();
        let any = "serde_json::Value".to_owned();
        if schema.choices().next().is_some() {
            return any;
        }
        match (kinds.as_slice(), schema.keyword("format").and_then(Value::as_str).unwrap_or_default()) {
            (["string"], _) if schema.keyword("contentEncoding").is_some() => "hallway::Bytes".to_owned(),
            (["string"], _) => "String".to_owned(),
            (["boolean"], _) => "bool".to_owned(),
            (["integer"], "int8") => "i8".to_owned(),
            (["integer"], "int16") => "i16".to_owned(),
            (["integer"], "int32") => "i32".to_owned(),
            (["integer"], "uint8") => "u8".to_owned(),
            (["integer"], "uint16") => "u16".to_owned(),
            (["integer"], "uint32") => "u32".to_owned(),
            (["integer"], "uint64" | "uint") => "u64".to_owned(),
            (["integer"], _) => "i64".to_owned(),
            (["number"], "float") => "f32".to_owned(),
            (["number"], _) => "f64".to_owned(),
            (["array"], _) => self.list(schema),
            (["object"], _) if schema.keyword("properties").is_none() => {
                match schema.keyword("additionalProperties") {
                    Some(values @ Value::Object(_)) => {
                        format!("std::collections::BTreeMap<String, {}>", self.text(values, Place::Value))
                    }
                    _ => any,
                }
            }
            ([], _) if schema.schema["type"] == "null" => "()".to_owned(),
            _ => any,
        }
    }

    fn list(&self, schema: Schema<'_>) -> String {
        match (schema.keyword("prefixItems").and_then(Value::as_array), schema.keyword("items")) {
            (Some(items), _) => {
                let items: String = items.iter().map(|item| self.text(item, Place::Value) + ", ").collect();
                format!("({})", items.trim_end())
            }
            (None, Some(items)) => format!("Vec<{}>", self.text(items, Place::Value)),
            (None, None) => "Vec<serde_json::Value>".to_owned(),
        }
    }

    /// Whether a type holds another one, at whatever depth.
    fn leads_to(&self, name: &str, outer: &str) -> bool {
        let mut named = BTreeSet::new();
        if let Some((name, schema)) = self.types.get_key_value(name) {
            named.insert(name.as_str());
            self.names_in(schema, &mut named);
        }
        named.contains(outer)
    }
}
