//! Two schemas held against each other: whether whoever reads by the one takes every value that is written by the other.
//!
//! It is the one comparison for both directions: what clients send is written by the old schema and read by the new one,
//! what they get is written by the new one and read by the old one.

mod bounds;

use std::collections::HashSet;

use serde_json::Value;

use crate::schema::{Member, Schema, check, members};

/// A value that may be written, and is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// Where: `[].price`.
    pub(super) at: String,
    /// Which, as a noun: `numbers above 255`.
    pub(super) what: String,
}

impl Misfit {
    const WITH: &str = "objects with it";
    const WITHOUT: &str = "objects without it";

    /// Whether another one says the same from the other side: that it is there now where this one says that it was not.
    pub(super) fn is_mirrored_in(&self, others: &[Self]) -> bool {
        let mirror = |what: &str| match what {
            Self::WITH => Some(Self::WITHOUT),
            Self::WITHOUT => Some(Self::WITH),
            _ => None,
        };
        others.iter().any(|other| other.at == self.at && mirror(&self.what) == Some(other.what.as_str()))
    }
}

/// Whether a member that is written and that the reader does not know is a misfit, and a variant of an open enum. Readers
/// pass over them, so in an answer they are none; what a caller says is there to be heeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    Misfits,
    IsPassedOver,
}

/// What may be written and is not read.
pub(super) fn misfits(writer: Schema<'_>, reader: Schema<'_>, unknown: Unknown) -> Vec<Misfit> {
    let mut comparison = Comparison { unknown, pairs: HashSet::new(), found: Vec::new() };
    comparison.compare("", writer, reader);
    comparison.found
}

/// Whether two schemas say the same, their words for people aside.
pub(super) fn is_same(one: Schema<'_>, other: Schema<'_>) -> bool {
    fn same(one: Schema<'_>, other: Schema<'_>, pairs: &mut HashSet<(*const Value, *const Value)>) -> bool {
        let (one, other) = (one.resolved(), other.resolved());
        if !pairs.insert((one.schema, other.schema)) {
            return true;
        }
        match (one.schema, other.schema) {
            (Value::Object(members), Value::Object(others)) => {
                let said = |name: &String| !["description", "title", "examples"].contains(&name.as_str());
                let names = |members: &serde_json::Map<String, Value>| {
                    members.keys().filter(|name| said(name)).count()
                };
                names(members) == names(others)
                    && members.iter().filter(|(name, _)| said(name)).all(|(name, value)| {
                        others.get(name).is_some_and(|theirs| same(one.at(value), other.at(theirs), pairs))
                    })
            }
            (Value::Array(elements), Value::Array(others)) => {
                elements.len() == others.len()
                    && elements
                        .iter()
                        .zip(others)
                        .all(|(mine, theirs)| same(one.at(mine), other.at(theirs), pairs))
            }
            (one, other) => one == other,
        }
    }
    same(one, other, &mut HashSet::new())
}

#[derive(Debug, Clone)]
struct Comparison {
    unknown: Unknown,
    /// What is being compared, further up: a type that holds itself fits if all else does.
    pairs: HashSet<(*const Value, *const Value)>,
    found: Vec<Misfit>,
}

/// One of the things that a schema takes.
#[derive(Debug, Clone, Copy)]
struct Alternative<'a> {
    schema: Schema<'a>,
    kind: Kind<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind<'a> {
    Anything,
    Only(&'a Value),
    Of(&'a str),
}

impl Comparison {
    fn misfit(&mut self, at: &str, what: impl Into<String>) {
        let misfit = Misfit { at: at.to_owned(), what: what.into() };
        if !self.found.contains(&misfit) {
            self.found.push(misfit);
        }
    }

    fn compare(&mut self, at: &str, writer: Schema<'_>, reader: Schema<'_>) {
        let (writer, reader) = (writer.resolved(), reader.resolved());
        if !self.pairs.insert((writer.schema, reader.schema)) {
            return;
        }
        // Who is to be heeded is not, if what is said is only read as something unknown.
        let read = if self.unknown == Unknown::Misfits { known(reader) } else { alternatives(reader) };
        let written = known(writer);
        let is_alone = written.len() == 1 && read.len() == 1;
        for written in written {
            let trials: Vec<_> = read.iter().map(|read| (read, self.trial(at, written, *read))).collect();
            if trials.iter().any(|(_, found)| found.is_empty()) {
                continue;
            }
            // What is wrong with the one that is meant says more than that none fits.
            let is_meant = if is_alone { is_of_kind } else { resembles };
            let meant = trials.into_iter().filter(|(read, _)| is_meant(written, **read));
            match meant.min_by_key(|(_, found)| found.len()) {
                Some((_, found)) => found.into_iter().for_each(|misfit| self.misfit(&misfit.at, misfit.what)),
                None => self.misfit(at, in_words(written)),
            }
        }
    }

    /// What is wrong with a pair of alternatives.
    fn trial(&self, at: &str, written: Alternative<'_>, read: Alternative<'_>) -> Vec<Misfit> {
        let mut trial = Self { found: Vec::new(), ..self.clone() };
        trial.fits(at, written, read);
        trial.found
    }

    fn fits(&mut self, at: &str, written: Alternative<'_>, read: Alternative<'_>) {
        let (writer, reader) = (written.schema, read.schema);
        match (written.kind, read.kind) {
            (_, Kind::Anything) => (),
            (Kind::Only(value), Kind::Only(other)) if value == other => (),
            (Kind::Only(value), Kind::Of(_)) if check("", reader, value).is_ok() => (),
            (Kind::Of("integer"), Kind::Of("number" | "integer"))
            | (Kind::Of("number"), Kind::Of("number")) => {
                bounds::numbers(writer, reader).into_iter().for_each(|what| self.misfit(at, what));
            }
            (Kind::Of("string"), Kind::Of("string")) => {
                bounds::text(writer, reader).into_iter().for_each(|what| self.misfit(at, what));
            }
            (Kind::Of("array"), Kind::Of("array")) => self.lists(at, writer, reader),
            (Kind::Of("object"), Kind::Of("object")) => self.objects(at, writer, reader),
            (Kind::Of(kind), Kind::Of(other)) if kind == other => (),
            _ => self.misfit(at, in_words(written)),
        }
    }

    fn lists(&mut self, at: &str, writer: Schema<'_>, reader: Schema<'_>) {
        bounds::lengths(writer, reader).into_iter().for_each(|what| self.misfit(at, what));
        let first =
            |schema: Schema<'_>| schema.keyword("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
        let anything = &Value::Bool(true);
        fn item<'a>(schema: Schema<'a>, index: usize) -> Option<Schema<'a>> {
            let first = schema.keyword("prefixItems").and_then(Value::as_array);
            first
                .and_then(|items| items.get(index))
                .or_else(|| schema.keyword("items"))
                .map(|item| schema.at(item))
        }
        let places = first(writer).max(first(reader));
        // The elements one by one as far as either tells them apart, then all others.
        let most = writer.keyword("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
        for index in (0..=places).take_while(|index| (*index as u64) < most) {
            let at = if index == places { format!("{at}[]") } else { format!("{at}[{index}]") };
            if let Some(read) = item(reader, index) {
                self.compare(&at, item(writer, index).unwrap_or(writer.at(anything)), read);
            }
        }
    }

    fn objects(&mut self, at: &str, writer: Schema<'_>, reader: Schema<'_>) {
        let (written, read) = (members(writer), members(reader));
        for member in &read {
            let at = below(at, member.name);
            match written.iter().find(|other| other.name == member.name) {
                Some(other) if member.required && !other.required => self.misfit(&at, Misfit::WITHOUT),
                None if member.required => self.misfit(&at, Misfit::WITHOUT),
                _ => {}
            }
        }
        fn more<'a>(schema: Schema<'a>) -> Option<&'a Value> {
            schema.keyword("additionalProperties")
        }
        let is_closed = more(reader) == Some(&Value::Bool(false));
        for Member { name, schema, .. } in &written {
            let at = below(at, name);
            match (read.iter().find(|other| other.name == *name), more(reader)) {
                (Some(other), _) => self.compare(&at, *schema, other.schema),
                (None, Some(others @ Value::Object(_))) => self.compare(&at, *schema, reader.at(others)),
                (None, _) if is_closed || self.unknown == Unknown::Misfits => self.misfit(&at, Misfit::WITH),
                (None, _) => {}
            }
        }
        match (more(writer), more(reader)) {
            (Some(mine @ Value::Object(_)), Some(theirs @ Value::Object(_))) => {
                self.compare(&format!("{at}{{}}"), writer.at(mine), reader.at(theirs));
            }
            (Some(Value::Object(_) | Value::Bool(true)), Some(Value::Bool(false))) => {
                self.misfit(at, "members of any name");
            }
            _ => {}
        }
    }
}

/// Where something inside is.
pub(super) fn below(at: &str, name: &str) -> String {
    let dot = if at.is_empty() || name.is_empty() || name.starts_with(['[', '{']) { "" } else { "." };
    format!("{at}{dot}{name}")
}

/// What a schema takes.
fn alternatives(schema: Schema<'_>) -> Vec<Alternative<'_>> {
    let schema = schema.resolved();
    let as_kind = |kind| Alternative { schema, kind };
    if let Some(value) = schema.keyword("const") {
        return vec![as_kind(Kind::Only(value))];
    }
    if let Some(values) = schema.keyword("enum").and_then(Value::as_array) {
        return values.iter().map(|value| as_kind(Kind::Only(value))).collect();
    }
    if schema.choices().next().is_some() {
        return schema.choices().flat_map(alternatives).collect();
    }
    match schema.kinds() {
        kinds if !kinds.is_empty() => kinds.into_iter().map(|kind| as_kind(Kind::Of(kind))).collect(),
        _ => match schema.keyword("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => alternatives(schema.at(only)),
            _ => vec![as_kind(Kind::Anything)],
        },
    }
}

/// What a schema takes by name: of an open enum the variants, and not what a later version may add.
fn known(schema: Schema<'_>) -> Vec<Alternative<'_>> {
    let mut all = alternatives(schema);
    let is_plain = |alternative: &Alternative<'_>| {
        let words = ["type", "description"];
        alternative
            .schema
            .schema
            .as_object()
            .is_some_and(|schema| schema.keys().all(|key| words.contains(&key.as_str())))
    };
    let names = |alternative: &Alternative<'_>| {
        matches!(alternative.kind, Kind::Only(Value::String(_)))
            || alternative.schema.keyword("required").is_some()
    };
    if all.iter().any(names) {
        let rest = |alternative: &Alternative<'_>| {
            is_plain(alternative) && matches!(alternative.kind, Kind::Of("string" | "object"))
        };
        all.retain(|alternative| !rest(alternative));
    }
    all
}

/// Whether two alternatives stand for the same thing: of objects, the variant of the same name.
fn resembles(written: Alternative<'_>, read: Alternative<'_>) -> bool {
    /// The members whose value tells the variant; or the one member that a variant is called after.
    fn tag<'a>(schema: Schema<'a>) -> (Vec<(&'a str, &'a Value)>, Option<&'a str>) {
        let members = members(schema);
        let tags = members
            .iter()
            .filter_map(|member| Some((member.name, member.schema.keyword("const")?)))
            .collect();
        let only = match members.as_slice() {
            [only] if only.required => Some(only.name),
            _ => None,
        };
        (tags, only)
    }
    is_of_kind(written, read) && (read.kind != Kind::Of("object") || tag(written.schema) == tag(read.schema))
}

fn is_of_kind(written: Alternative<'_>, read: Alternative<'_>) -> bool {
    match (written.kind, read.kind) {
        (Kind::Of("integer"), Kind::Of("number")) => true,
        (Kind::Of(kind), Kind::Of(other)) => kind == other,
        _ => false,
    }
}

fn in_words(alternative: Alternative<'_>) -> String {
    let kind = match alternative.kind {
        Kind::Only(value) => return value.to_string(),
        Kind::Anything => return "values of every kind".to_owned(),
        Kind::Of(kind) => kind,
    };
    match (kind, members(alternative.schema).as_slice()) {
        // A variant of an enum.
        ("object", [only]) if only.required => format!("`{}`", only.name),
        ("object", _) => "objects".to_owned(),
        ("integer", _) => "whole numbers".to_owned(),
        ("number", _) => "numbers".to_owned(),
        ("string", _) => "text".to_owned(),
        ("boolean", _) => "true and false".to_owned(),
        ("array", _) => "lists".to_owned(),
        (other, _) => other.to_owned(),
    }
}
