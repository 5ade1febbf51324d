//! `hallway codegen`: typed clients from a description.
//!
//! What is written for Python and TypeScript is, byte for byte, what the generators of those clients write: a test holds
//! them against each other.

mod python;
mod rust;
mod typescript;

use clap::ValueEnum;
use hallway::service::Description;

use crate::failure::Failure;
use crate::output::out;
use crate::service::descriptions;

/// The end of the command's help.
pub(crate) const HELP: &str = "\
Examples:
  hallway codegen rust-client mail >src/mail.rs        a trait, and with it the clients
  hallway codegen python mail >mail.py                 for the client of clients/python
  hallway codegen typescript mail >mail.ts             for that of clients/typescript
  hallway codegen rust-client mail.json >src/mail.rs   the same without the daemon

What is written needs the client of its language, and, in Rust, `serde` and `schemars`, `serde_json` where a value can be
anything, and `futures-core` where there are streams.";

/// What to write, from what.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For whom.
    #[arg(value_enum)]
    language: Language,
    /// A service that runs, or a file with its description; `-` is standard input.
    service: String,
    /// Which one, where there are several.
    #[arg(long = "service", value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// A module with types, and a class for each kind of client.
    Python,
    /// A module with types, and an interface.
    Typescript,
    /// A declaration for `#[hallway::service]`, which makes the clients of it.
    RustClient,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let all = descriptions(&arguments.service)?;
    let description = choose(&all, arguments)?;
    let text = match arguments.language {
        Language::Python => python::module(description).map_err(std::io::Error::from)?,
        Language::Typescript => typescript::module(description),
        Language::RustClient => rust::module(description),
    };
    out(|out| out.write_all(text.as_bytes()))
}

/// The service that is meant: the one that is named, or that the instance is called after, or the only one.
fn choose<'a>(all: &'a [Description], arguments: &Arguments) -> Result<&'a Description, Failure> {
    let named = |name: &str| all.iter().find(|service| service.name == name);
    let instance = arguments.service.split('@').next().unwrap_or_default();
    let found = match (&arguments.name, all) {
        (Some(name), _) => named(name),
        (None, [only]) => Some(only),
        (None, _) => named(instance),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|service| service.name.as_str()).collect();
        Failure::usage(format!("name one of the services with --service: {}", names.join(", ")))
    })
}
