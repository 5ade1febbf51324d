//! The command line of one method, made from its description.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Args as _, Command};
use hallway::service::{MethodKind, ParamDescription};
use serde_json::Value;

use super::Options;
use crate::commands::describe::{example, gives};
use crate::schema::{Schema, default, is_list, words};
use crate::service::{Catalog, Found};

/// What an option's id begins with, so that it is not taken for one of the tool's own.
const PARAM: &str = "param:";

/// The id of the words `NAME=VALUE`.
pub(crate) const VALUES: &str = "values";

/// The options that the tool has itself; a parameter of such a name is given as `NAME=VALUE`.
const OWN: [&str; 5] = ["format", "field", "json", "deadline", "help"];

/// The command line that a method has.
pub(crate) fn command(verb: &'static str, catalog: &Catalog, found: Found<'_>) -> Command {
    let target = catalog.target_of(found);
    let mut command = Command::new(verb)
        .bin_name(format!("hallway {verb} {target}"))
        .after_help(after(catalog, found))
        .max_term_width(100)
        .disable_help_flag(true)
        .next_help_heading("Parameters");
    for param in &found.method.params {
        if !OWN.contains(&param.name.as_str()) {
            command = command.arg(option(found, param));
        }
    }
    let values = Arg::new(VALUES).value_name("NAME=VALUE").num_args(0..).action(ArgAction::Append);
    command = command.arg(values.help("Parameters by name; `NAME:=JSON` for JSON"));
    let help = Arg::new("help").long("help").short('h').action(ArgAction::HelpShort);
    Options::augment_args(command.next_help_heading("Options"))
        .arg(help.help("Prints this"))
        .about(found.method.docs.trim().to_owned())
}

/// The command line of a service of which no method is named: each of its methods.
pub(super) fn methods(verb: &'static str, catalog: &Catalog) -> Command {
    let instance = catalog.instance();
    let methods =
        catalog.own().flat_map(|service| service.methods.iter().map(move |method| Found { service, method }));
    let named = methods.map(|found| {
        let name = catalog.target_of(found).method.unwrap_or_default();
        Command::new(name).about(found.method.summary())
    });
    Command::new(verb)
        .bin_name(format!("hallway {verb} {instance}"))
        .max_term_width(100)
        .subcommand_help_heading("Methods")
        .subcommand_value_name("METHOD")
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .subcommands(named)
        .after_help(format!("`hallway {verb} {instance} METHOD --help` tells what a method takes."))
}

/// The id of a parameter's option.
pub(super) fn id(param: &ParamDescription) -> String {
    format!("{PARAM}{}", param.name)
}

fn option(found: Found<'_>, param: &ParamDescription) -> Arg {
    let schema = Schema::new(&param.schema, &found.service.types);
    let long = param.name.replace('_', "-");
    let mut option = Arg::new(id(param)).long(long.clone()).value_name(placeholder(schema)).help(help(param));
    if long != param.name {
        option = option.alias(param.name.clone());
    }
    if is_list(schema) {
        option = option.action(ArgAction::Append);
    }
    if schema.without_null().resolved().kinds() == ["boolean"] {
        option = option.num_args(0..=1).require_equals(true).default_missing_value("true");
    }
    match closed_values(schema) {
        Some(values) => option.value_parser(PossibleValuesParser::new(values)),
        // A text that begins with a dash, or a number below nothing.
        None => option.allow_hyphen_values(true),
    }
}

fn help(param: &ParamDescription) -> String {
    let docs = param.docs.trim().replace('\n', " ");
    let absent = match (param.required, default(param.default.as_ref())) {
        (true, _) => "[required]".to_owned(),
        (false, Some(value)) => format!("[if not given: {value}]"),
        (false, None) => return docs,
    };
    if docs.is_empty() { absent } else { format!("{docs} {absent}") }
}

/// The values of an enum that takes no others.
fn closed_values(schema: Schema<'_>) -> Option<Vec<PossibleValue>> {
    let schema = schema.without_null();
    let resolved = schema.resolved();
    let open = resolved.keyword("anyOf").is_some();
    let value = |(value, docs): (&Value, &str)| {
        let value = PossibleValue::new(value.as_str()?.to_owned());
        Some(if docs.is_empty() { value } else { value.help(docs.to_owned()) })
    };
    let values: Option<Vec<_>> = schema.values().into_iter().map(value).collect();
    values.filter(|values| !open && !values.is_empty())
}

fn placeholder(schema: Schema<'_>) -> String {
    let schema = schema.without_null();
    let resolved = schema.resolved();
    match resolved.kinds().iter().find(|kind| **kind != "null") {
        Some(&"string") => "TEXT".to_owned(),
        Some(&("integer" | "number")) => "NUMBER".to_owned(),
        Some(&"boolean") => "true|false".to_owned(),
        Some(&"array") => match resolved.keyword("items") {
            Some(items) => placeholder(schema.at(items)),
            None => "JSON".to_owned(),
        },
        Some(&"object") => "JSON".to_owned(),
        _ if !schema.values().is_empty() => {
            schema.reference().map_or_else(|| words(schema), |name| name.to_uppercase())
        }
        _ => "VALUE".to_owned(),
    }
}

fn after(catalog: &Catalog, found: Found<'_>) -> String {
    let mut text = String::new();
    if let Some(gives) = gives(found.service, found.method) {
        text += &format!("Answers with: {gives}\n");
    }
    let codes: Vec<&str> = found.method.errors.iter().map(|error| error.code.as_str()).collect();
    if !codes.is_empty() {
        text += &format!("Says no with: {}\n", codes.join(", "));
    }
    if found.method.kind == MethodKind::Notification {
        text += "Answers with nothing: that it was said is all that is known.\n";
    }
    let target = catalog.target_of(found);
    text += &format!("For example:  {}\nAll about it: hallway describe {target}", example(catalog, found));
    text
}
