//! A description as a person reads it.

use std::io::{self, Write};

use console::style;
use hallway::service::{Description, MethodDescription, MethodKind, ParamDescription};

use super::narrow::types;
use crate::output::human::wrapped;
use crate::output::plain;
use crate::schema::{Schema, default, members, words};
use crate::service::{Catalog, Found};

/// All services of a daemon.
pub(super) fn services(out: &mut dyn Write, catalog: &Catalog) -> io::Result<()> {
    for (at, service) in catalog.own().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{} {}", style(&service.name).bold(), service.version)?;
        docs(out, &service.docs, 0)?;
        heading(out, "Methods")?;
        for method in &service.methods {
            writeln!(out, "  {}", signature(service, method))?;
            wrapped(out, &method.summary(), 6)?;
        }
    }
    let first = catalog.own().find_map(|service| Some(Found { service, method: service.methods.first()? }));
    if let Some(found) = first {
        let target = catalog.target_of(found);
        writeln!(
            out,
            "\n{}",
            style(format!("`hallway describe {target}` tells all about one method.")).dim()
        )?;
    }
    Ok(())
}

/// One method.
pub(crate) fn method(out: &mut dyn Write, catalog: &Catalog, found: Found<'_>) -> io::Result<()> {
    let Found { service, method } = found;
    writeln!(out, "{}{}", style(format!("{}.", service.name)).dim(), signature(service, method))?;
    docs(out, &method.docs, 0)?;
    if !method.params.is_empty() {
        heading(out, "Parameters")?;
        for one in &method.params {
            param(out, service, one)?;
        }
    }
    if !method.errors.is_empty() {
        heading(out, "Says no with")?;
        for error in &method.errors {
            let again = if error.retryable { " (later it may work)" } else { "" };
            writeln!(out, "  {}{again}", style(&error.code).bold())?;
            wrapped(out, &error.docs, 6)?;
        }
    }
    let used = types(found);
    if !used.is_empty() {
        heading(out, "Types")?;
        for (name, schema) in service.types.iter().filter(|(name, _)| used.contains(name.as_str())) {
            described_type(out, name, Schema::new(schema, &service.types))?;
        }
    }
    heading(out, "For example")?;
    writeln!(out, "  {}", example(catalog, found))
}

/// A call as it is written on the command line.
pub(crate) fn example(catalog: &Catalog, found: Found<'_>) -> String {
    let command = match found.method.kind {
        MethodKind::Subscription => "watch",
        _ => "call",
    };
    let mut line = format!("hallway {command} {}", catalog.target_of(found));
    for param in found.method.params.iter().filter(|param| param.required) {
        let schema = Schema::new(&param.schema, &found.service.types);
        let values = schema.values();
        let text = schema.resolved().kinds() == ["string"];
        match values.first() {
            Some((value, _)) => {
                line += &format!(" {}={}", param.name, default(Some(value)).unwrap_or_default());
            }
            None if text => line += &format!(" {}=TEXT", param.name),
            None if schema.resolved().kinds().contains(&"integer") => line += &format!(" {}=1", param.name),
            None => line += &format!(" {}:=JSON", param.name),
        }
    }
    line
}

fn docs(out: &mut dyn Write, docs: &str, indent: usize) -> io::Result<()> {
    if docs.trim().is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    for (at, paragraph) in docs.trim().split("\n\n").enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        wrapped(out, paragraph, indent)?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{}", style(text).cyan().bold())
}

/// `order(dish, [portions]) -> Order`: what need not be given is in brackets.
fn signature(service: &Description, method: &MethodDescription) -> String {
    let name = |param: &ParamDescription| match param.required {
        true => param.name.clone(),
        false => format!("[{}]", param.name),
    };
    let params: Vec<String> = method.params.iter().map(name).collect();
    let line = format!("{}({})", style(&method.name).bold(), params.join(", "));
    match gives(service, method) {
        Some(gives) => format!("{line} -> {gives}"),
        None => line,
    }
}

/// What a method answers with, in words.
pub(crate) fn gives(service: &Description, method: &MethodDescription) -> Option<String> {
    let result = words(Schema::new(&method.result, &service.types));
    match method.kind {
        MethodKind::Stream => Some(format!("stream of {result}")),
        MethodKind::Subscription => Some(format!("events of {result}")),
        MethodKind::Notification => None,
        _ if result == "nothing" => None,
        _ => Some(result),
    }
}

fn param(out: &mut dyn Write, service: &Description, param: &ParamDescription) -> io::Result<()> {
    let takes = words(Schema::new(&param.schema, &service.types));
    let absent = match (param.required, default(param.default.as_ref())) {
        (true, _) => String::new(),
        (false, Some(value)) => format!(", {value} if it is not given"),
        (false, None) => ", may be left out".to_owned(),
    };
    writeln!(out, "  {}: {takes}{}", style(&param.name).bold(), style(plain::line(&absent)).dim())?;
    wrapped(out, &param.docs, 6)
}

fn described_type(out: &mut dyn Write, name: &str, schema: Schema<'_>) -> io::Result<()> {
    let members = members(schema);
    let takes = if members.is_empty() { words(schema) } else { "an object".to_owned() };
    writeln!(out, "  {}: {takes}", style(name).bold())?;
    wrapped(out, schema.schema["description"].as_str().unwrap_or_default(), 6)?;
    for member in members {
        let absent = if member.required { "" } else { ", may be left out" };
        let says = if member.docs.is_empty() {
            String::new()
        } else {
            format!("  {}", member.docs.replace('\n', " "))
        };
        writeln!(
            out,
            "      {}: {}{}{}",
            member.name,
            words(member.schema),
            style(absent).dim(),
            style(plain::line(&says)).dim()
        )?;
    }
    for (value, docs) in schema.values().iter().filter(|(_, docs)| !docs.is_empty()) {
        writeln!(
            out,
            "      {}  {}",
            default(Some(value)).unwrap_or_default(),
            style(plain::line(docs)).dim()
        )?;
    }
    Ok(())
}
