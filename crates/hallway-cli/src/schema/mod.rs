//! JSON Schema, as far as descriptions of services have it: in words, and checked.
//!
//! The keywords are those that derived schemas hold. What else a schema says is left for the service to check.

mod check;
mod typed;
mod words;

pub(crate) use check::check;
pub(crate) use typed::{is_list, typed};
pub(crate) use words::{Member, default, members, words};

use serde_json::{Map, Value};

/// A schema, and the named types that it may refer to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'a> {
    pub(crate) schema: &'a Value,
    pub(crate) types: &'a Map<String, Value>,
}

/// How many references lead to a type at the most; more lead in a circle.
const REFERENCES_MAX: usize = 32;

impl<'a> Schema<'a> {
    pub(crate) fn new(schema: &'a Value, types: &'a Map<String, Value>) -> Self {
        Self { schema, types }
    }

    /// A part of it.
    pub(crate) fn at(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }

    /// The name of the type that it refers to.
    pub(crate) fn reference(self) -> Option<&'a str> {
        self.schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
    }

    /// What it refers to in the end; itself if it does not.
    pub(crate) fn resolved(self) -> Self {
        let mut schema = self;
        for _ in 0..REFERENCES_MAX {
            match schema.reference().and_then(|name| self.types.get(name)) {
                Some(target) => schema = self.at(target),
                None => break,
            }
        }
        schema
    }

    /// A keyword's value.
    pub(crate) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.schema.get(name)
    }

    /// The names of the JSON types that it takes; none if it does not say.
    pub(crate) fn kinds(self) -> Vec<&'a str> {
        match self.keyword("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The schemas of which one has to fit.
    pub(crate) fn choices(self) -> impl Iterator<Item = Self> {
        let all = ["anyOf", "oneOf"].into_iter().filter_map(move |name| self.keyword(name)?.as_array());
        all.flatten().map(move |choice| self.at(choice))
    }

    /// The values that it names one by one, of whatever nesting, with what is said of each. Empty if it takes what it does
    /// not name; an open enum's are those that are known.
    pub(crate) fn values(self) -> Vec<(&'a Value, &'a str)> {
        let schema = self.resolved();
        let docs = schema.keyword("description").and_then(Value::as_str).unwrap_or_default();
        if let Some(value) = schema.keyword("const") {
            return vec![(value, docs)];
        }
        if let Some(values) = schema.keyword("enum").and_then(Value::as_array) {
            return values.iter().map(|value| (value, "")).collect();
        }
        let mut values = Vec::new();
        for choice in schema.choices().filter(|choice| !choice.is_null()) {
            // An open enum takes any text besides: what is known of it is named all the same.
            if choice.resolved().kinds() == ["string"] && choice.resolved().values_of_itself().is_none() {
                continue;
            }
            match choice.values() {
                more if more.is_empty() => return Vec::new(),
                more => values.extend(more),
            }
        }
        values
    }

    fn values_of_itself(self) -> Option<&'a Value> {
        self.keyword("enum").or(self.keyword("const"))
    }

    /// Whether it takes `null` alone.
    pub(crate) fn is_null(self) -> bool {
        self.resolved().kinds() == ["null"] || self.keyword("const") == Some(&Value::Null)
    }

    /// What it takes besides `null`.
    pub(crate) fn without_null(self) -> Self {
        let mut rest = self.choices().filter(|choice| !choice.is_null());
        match (self.choices().any(Self::is_null), rest.next(), rest.next()) {
            (true, Some(only), None) => only,
            _ => self,
        }
    }
}
