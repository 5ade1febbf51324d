//! Descriptions from a daemon that runs, or from a file that one was written to.

use std::fs::read_to_string;
use std::io;
use std::path::Path;

use hallway::service::Description;
use serde_json::Value;

use super::{PATIENCE, describe, instance};
use crate::exit::Exit;
use crate::failure::Failure;

/// What a service offers, without what every daemon does: of the daemon of that name, or as a file says that holds
/// what `describe --format json` prints. A file's name has a slash or ends in `.json`; `-` is standard input. Starts
/// nothing.
pub(crate) fn descriptions(source: &str) -> Result<Vec<Description>, Failure> {
    let unreadable = |error: io::Error| Failure::usage(format!("cannot read {source}: {error}"));
    let text = match source {
        "-" => io::read_to_string(io::stdin()).map_err(unreadable)?,
        path if path.contains('/') || Path::new(path).extension().is_some_and(|end| end == "json") => {
            read_to_string(path).map_err(unreadable)?
        }
        name => return Ok(describe(&instance(name)?, PATIENCE)?.own().cloned().collect()),
    };
    parse(&text).map_err(|error| {
        Failure::new(Exit::Usage, "bad_description", format!("{source} holds no description: {error}"))
            .hint("`hallway describe SERVICE --format json >FILE` writes one")
    })
}

/// One description, or a list of them.
fn parse(text: &str) -> serde_json::Result<Vec<Description>> {
    match serde_json::from_str(text)? {
        list @ Value::Array(_) => serde_json::from_value(list),
        one => Ok(vec![serde_json::from_value(one)?]),
    }
}
