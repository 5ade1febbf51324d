//! A description as pages of a manual.

use std::io::{self, Write};

use hallway::service::{Description, MethodDescription};

use super::text::gives;
use crate::schema::{Member, Schema, default, members, words};

/// A chapter for each service.
pub(super) fn services(out: &mut dyn Write, services: &[Description]) -> io::Result<()> {
    services.iter().enumerate().try_for_each(|(at, service)| {
        if at > 0 {
            writeln!(out)?;
        }
        chapter(out, service)
    })
}

fn chapter(out: &mut dyn Write, service: &Description) -> io::Result<()> {
    writeln!(out, "# {} {}", service.name, service.version)?;
    paragraphs(out, &service.docs)?;
    for method in &service.methods {
        section(out, service, method)?;
    }
    if !service.types.is_empty() {
        writeln!(out, "\n## Types")?;
    }
    for (name, schema) in &service.types {
        let schema = Schema::new(schema, &service.types);
        writeln!(out, "\n### {name}")?;
        paragraphs(out, schema.schema["description"].as_str().unwrap_or_default())?;
        let members = members(schema);
        if members.is_empty() {
            writeln!(out, "\n{}.", words(schema))?;
        } else {
            writeln!(out, "\n| member | type | |\n|---|---|---|")?;
            members.iter().try_for_each(|member| row(out, member))?;
        }
    }
    Ok(())
}

fn section(out: &mut dyn Write, service: &Description, method: &MethodDescription) -> io::Result<()> {
    writeln!(out, "\n## {}.{}", service.name, method.name)?;
    paragraphs(out, &method.docs)?;
    if !method.params.is_empty() {
        writeln!(out, "\n| parameter | type | if it is not given | |\n|---|---|---|---|")?;
    }
    for param in &method.params {
        let takes = words(Schema::new(&param.schema, &service.types));
        let absent = match (param.required, default(param.default.as_ref())) {
            (true, _) => "required".to_owned(),
            (false, Some(value)) => format!("`{value}`"),
            (false, None) => String::new(),
        };
        writeln!(out, "| `{}` | {} | {} | {} |", param.name, cell(&takes), cell(&absent), cell(&param.docs))?;
    }
    if let Some(gives) = gives(service, method) {
        writeln!(out, "\nAnswers with: {gives}.")?;
    }
    if !method.errors.is_empty() {
        writeln!(out, "\n| says no with | |\n|---|---|")?;
    }
    method.errors.iter().try_for_each(|error| writeln!(out, "| `{}` | {} |", error.code, cell(&error.docs)))
}

fn row(out: &mut dyn Write, member: &Member<'_>) -> io::Result<()> {
    let absent = if member.required { "" } else { ", may be absent" };
    writeln!(out, "| `{}` | {}{absent} | {} |", member.name, cell(&words(member.schema)), cell(member.docs))
}

fn paragraphs(out: &mut dyn Write, docs: &str) -> io::Result<()> {
    if docs.trim().is_empty() { Ok(()) } else { writeln!(out, "\n{}", docs.trim()) }
}

/// Text in a table.
fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}
