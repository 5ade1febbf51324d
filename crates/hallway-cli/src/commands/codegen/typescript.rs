//! A module for TypeScript: what `hallway-codegen` of `clients/typescript` writes.

mod types;

use std::fmt::Write as _;

use hallway::service::{Description, ErrorDescription, MethodDescription, MethodKind, ParamDescription};
use serde_json::Value;

use types::{comment, json, property_name, type_name, type_of};

/// The text of the module.
pub(super) fn module(description: &Description) -> String {
    let Description { name, version, types, .. } = description;
    let service = service_name(description);
    let mut parts: Vec<String> = types.iter().map(|(name, schema)| of_type(name, schema)).collect();
    parts.push(errors(description, &service));
    parts.push(interface(description, &service));
    let body = parts.join("\n");
    let uses = if body.contains("hallway.") { "\nimport type * as hallway from \"hallway\";\n" } else { "" };
    format!(
        "// Written by hallway-codegen from the description of {name} {version}. Not to be edited: write it anew.\n{uses}\n{body}"
    )
}

/// `mail-search` is `MailSearch`; where a type has that name, `MailSearchService`.
fn service_name(Description { name, types, .. }: &Description) -> String {
    let words =
        name.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    let joined = type_name(&words.map(capital).collect::<String>());
    let is_taken = |name: &str| types.keys().any(|known| type_name(known) == name);
    if is_taken(&joined) || is_taken(&format!("{joined}Errors")) {
        format!("{joined}Service")
    } else {
        joined
    }
}

fn of_type(name: &str, schema: &Value) -> String {
    let docs = schema["description"].as_str().unwrap_or_default();
    format!("{}export type {} = {};\n", comment(docs, ""), type_name(name), type_of(Some(schema), ""))
}

/// Each code once, as the last method has it.
fn errors(Description { methods, .. }: &Description, service: &str) -> String {
    let mut codes: Vec<&ErrorDescription> = Vec::new();
    for error in methods.iter().flat_map(|method| &method.errors) {
        match codes.iter_mut().find(|known| known.code == error.code) {
            Some(known) => *known = error,
            None => codes.push(error),
        }
    }
    if codes.is_empty() {
        return String::new();
    }
    let mut text = comment(
        &format!("How {service} says no: the `code` of a `ServiceError`, and what its `details` are."),
        "",
    );
    let _infallible = writeln!(text, "export interface {service}Errors {{");
    for ErrorDescription { code, docs, details, .. } in codes {
        let of =
            details.as_ref().map_or_else(|| "undefined".to_owned(), |details| type_of(Some(details), "  "));
        let _infallible = writeln!(text, "{}  {}: {of};", comment(docs, "  "), property_name(code));
    }
    text + "}\n"
}

fn interface(Description { docs, methods, .. }: &Description, service: &str) -> String {
    let members: Vec<String> = methods.iter().map(method).collect();
    format!("{}export interface {service} {{\n{}}}\n", comment(docs, ""), members.join("\n"))
}

fn method(method: &MethodDescription) -> String {
    let MethodDescription { name, docs, errors, params, .. } = method;
    let no =
        errors.iter().map(|error| format!("@throws `{}`: {}", error.code, error.docs).trim_end().to_owned());
    let no = no.collect::<Vec<_>>().join("\n");
    let words: Vec<&str> = [docs.as_str(), &no].into_iter().filter(|part| !part.is_empty()).collect();
    let optional = if params.iter().any(|param| param.required) { "" } else { "?" };
    let (options, result) = answers(method);
    format!(
        "{}  {}(params{optional}: {}, options?: {options}): {result};\n",
        comment(&words.join("\n\n"), "  "),
        property_name(name),
        parameters(params)
    )
}

fn parameters(params: &[ParamDescription]) -> String {
    if params.is_empty() {
        return "{ [name: string]: never }".to_owned();
    }
    let members = params.iter().map(|ParamDescription { name, docs, schema, required, default, .. }| {
        let words = default
            .as_ref()
            .map_or_else(|| docs.clone(), |value| format!("{docs}\n\n{} if not given.", json(value)));
        let of = type_of(Some(schema), "    ");
        let declared = if *required { format!(": {of}") } else { format!("?: {of} | undefined") };
        format!("{}    {}{declared};\n", comment(&words, "    "), property_name(name))
    });
    format!("{{\n{}  }}", members.collect::<String>())
}

fn answers(method: &MethodDescription) -> (&'static str, String) {
    let of = type_of(Some(&method.result), "  ");
    match method.kind {
        MethodKind::Stream => ("hallway.StreamOptions", format!("hallway.Stream<{of}>")),
        MethodKind::Subscription => {
            ("hallway.SubscribeOptions", format!("hallway.Stream<hallway.Event<{of}>>"))
        }
        MethodKind::Notification => ("hallway.CallOptions", "Promise<void>".to_owned()),
        _ => ("hallway.CallOptions", format!("Promise<{of}>")),
    }
}
