//! `hallway describe`: what a service can do.

mod markdown;
mod narrow;
mod text;

pub(crate) use text::{example, gives};

use clap::ValueEnum;
use hallway::service::Description;
use hallway::service::documents::{openapi, openrpc};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{OutputArguments, Value, out};
use crate::service::{self, Catalog, PATIENCE, Target};

/// How to print a description.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// As `hallway.describe` answers: a list, with JSON Schema of every type.
    Json,
    /// An OpenRPC document.
    Openrpc,
    /// An OpenAPI document.
    Openapi,
    /// Pages for a manual.
    Markdown,
}

pub(crate) fn run(target: &str, method: Option<&str>, format: Format) -> Result<(), Failure> {
    let Target { instance, method: named } = Target::parse(target)?;
    let catalog = service::describe(&instance, PATIENCE)?;
    match named.as_deref().or(method) {
        None => {
            let services: Vec<Description> = catalog.own().cloned().collect();
            print(&catalog, &services, format, |out| text::services(out, &catalog))
        }
        Some(name) => {
            let found = catalog.method(name)?;
            let narrowed = [narrow::to_method(found)];
            print(&catalog, &narrowed, format, |out| text::method(out, &catalog, found))
        }
    }
}

fn print(
    catalog: &Catalog,
    services: &[Description],
    format: Format,
    text: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    match format {
        Format::Text => out(text),
        Format::Json => json(&services),
        Format::Markdown => out(|out| markdown::services(out, services)),
        Format::Openrpc => json(&openrpc::document(&program(catalog)?, services)),
        Format::Openapi => json(&openapi::document(&program(catalog)?, services)),
    }
}

fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    OutputArguments::default().print_value(&Value::of(value)?)
}

/// What the daemon's program calls itself.
fn program(catalog: &Catalog) -> Result<String, Failure> {
    Ok(service::status(catalog.instance(), PATIENCE)?.program)
}
