//! The parameters of a call: from words, options and JSON, each as the method's description says.

use std::fmt::Display;
use std::io::Read as _;

use clap::ArgMatches;
use hallway::service::{ParamDescription, near};
use serde_json::{Map, Value};

use super::method::{VALUES, id};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::schema::{Schema, check, is_list, typed, words};
use crate::service::Found;

/// Puts the parameters together and checks them.
pub(super) fn assemble(
    found: Found<'_>,
    json: Option<&str>,
    matches: &ArgMatches,
) -> Result<Map<String, Value>, Failure> {
    let base = json.map_or_else(|| Ok(Map::new()), object)?;
    let mut given = Given { found, params: Map::new() };
    for param in &found.method.params {
        // One whose name is that of an option of the tool has no option.
        for word in matches.try_get_many::<String>(&id(param)).ok().flatten().into_iter().flatten() {
            given.add_word(param, word)?;
        }
    }
    for word in matches.get_many::<String>(VALUES).into_iter().flatten() {
        given.add_pair(word)?;
    }
    let mut params = base;
    params.extend(given.params);
    complete(found, &params)?;
    Ok(params)
}

struct Given<'a> {
    found: Found<'a>,
    params: Map<String, Value>,
}

impl Given<'_> {
    /// `NAME=VALUE` or `NAME:=JSON`.
    fn add_pair(&mut self, pair: &str) -> Result<(), Failure> {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(bad(format!("`{pair}` is no parameter: write NAME=VALUE, or NAME:=JSON")));
        };
        let (name, is_json) = name.strip_suffix(':').map_or((name, false), |name| (name, true));
        let param = named(self.found, name)?;
        if !is_json {
            return self.add_word(param, value);
        }
        let value = serde_json::from_str(value)
            .map_err(|error| bad(format!("what `{name}:=` is given is not JSON: {error}")))?;
        self.add(param, value)
    }

    fn add_word(&mut self, param: &ParamDescription, word: &str) -> Result<(), Failure> {
        let schema = Schema::new(&param.schema, &self.found.service.types);
        self.add(param, typed(&param.name, schema, word).map_err(bad)?)
    }

    fn add(&mut self, param: &ParamDescription, value: Value) -> Result<(), Failure> {
        let schema = Schema::new(&param.schema, &self.found.service.types);
        match (self.params.get_mut(&param.name), value) {
            (None, value) => drop(self.params.insert(param.name.clone(), value)),
            (Some(Value::Array(list)), Value::Array(more)) if is_list(schema) => list.extend(more),
            (Some(_), _) => return Err(bad(format!("`{}` is given twice", param.name))),
        }
        Ok(())
    }
}

/// What is there fits, and nothing is missing.
fn complete(found: Found<'_>, params: &Map<String, Value>) -> Result<(), Failure> {
    for (name, value) in params {
        let param = named(found, name)?;
        check(name, Schema::new(&param.schema, &found.service.types), value).map_err(bad)?;
    }
    let missing =
        found.method.params.iter().find(|param| param.required && !params.contains_key(&param.name));
    missing.map_or(Ok(()), |param| {
        let takes = words(Schema::new(&param.schema, &found.service.types));
        let docs = param.docs.trim().lines().next().map(|docs| format!(". {docs}")).unwrap_or_default();
        Err(bad(format!("`{}` is missing: {takes}{docs}", param.name)))
    })
}

fn named<'a>(found: Found<'a>, name: &str) -> Result<&'a ParamDescription, Failure> {
    // Options are written with dashes: whoever writes a name so means the same.
    let is_it = |param: &&ParamDescription| param.name == name || param.name == name.replace('-', "_");
    found.method.params.iter().find(is_it).ok_or_else(|| {
        let names: Vec<&str> = found.method.params.iter().map(|param| param.name.as_str()).collect();
        bad(near::unknown(&format!("parameter `{name}` of {}", found.full_name()), name, &names))
    })
}

/// The object in a text, in a file or on standard input.
fn object(given: &str) -> Result<Map<String, Value>, Failure> {
    let text = match given.strip_prefix('@') {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| bad(format!("cannot read {path}: {error}")))?
        }
        None if given == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| bad(format!("cannot read standard input: {error}")))?;
            text
        }
        None => given.to_owned(),
    };
    serde_json::from_str(&text)
        .map_err(|error| bad(format!("`--json` takes an object of parameters by name: {error}")))
}

/// What is wrong with the parameters. Nothing was sent.
fn bad(what: impl Display) -> Failure {
    Failure::new(Exit::Usage, "bad_params", what.to_string())
}
