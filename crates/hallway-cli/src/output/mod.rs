//! Printing: a value in every format, and what a person reads.
//!
//! | | on a terminal | in a pipe |
//! |---|---|---|
//! | what the tool says itself (`ls`, `status`) | a table, in colours | the same without |
//! | what a service answers | JSON with indents, in colours | JSON on one line |
//!
//! `--format` takes another form and `-q` one field, for both. `NO_COLOR` is heeded. Text that others wrote acts on no
//! terminal ([`plain`]); in a pipe it is left as it is.

pub(crate) mod human;
mod json;
pub(crate) mod plain;
mod value;
mod yaml;

pub(crate) use human::Cell;
pub(crate) use value::Value;

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::Failure;

/// How to print.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutputArguments {
    /// How to print.
    #[arg(long, short, value_enum)]
    pub(crate) format: Option<Format>,
    /// Prints one field alone, text without quotes: `name`, `from.0.address`. Of a list, that of each element.
    #[arg(long = "field", short = 'q', value_name = "FIELD")]
    pub(crate) field: Option<String>,
}

/// The forms of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON value: with indents on a terminal, on one line in a pipe.
    Json,
    /// A line of JSON for each element of a list.
    Jsonl,
    /// YAML.
    Yaml,
    /// Columns: a row for each element of a list.
    Table,
}

impl OutputArguments {
    /// Whether failures are to be JSON as well.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self.format, Some(Format::Json | Format::Jsonl))
    }

    /// Prints something of the tool's own: as a person reads it, unless another form was asked for.
    pub(crate) fn print<T: Serialize>(
        &self,
        value: &T,
        human: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        if self.format.is_none() && self.field.is_none() {
            return out(human);
        }
        self.print_value(&Value::of(value)?)
    }

    /// Prints a value that a service has answered.
    pub(crate) fn print_value(&self, value: &Value) -> Result<(), Failure> {
        let format = self.format;
        let Some(field) = &self.field else {
            return out(|out| match format.unwrap_or(Format::Json) {
                Format::Json => json::value(out, value),
                Format::Jsonl => value.elements().iter().try_for_each(|element| json::line(out, element)),
                Format::Yaml => yaml::document(out, value),
                Format::Table => human::value_table(out, value),
            });
        };
        let found = value.field(field).map_err(Failure::usage)?;
        out(|out| match format {
            None => found.iter().try_for_each(|value| human::bare(out, value)),
            Some(Format::Jsonl) => found.iter().try_for_each(|value| json::line(out, value)),
            Some(Format::Json) => found.iter().try_for_each(|value| json::value(out, value)),
            Some(Format::Yaml) => found.iter().try_for_each(|value| yaml::document(out, value)),
            Some(Format::Table) => found.iter().try_for_each(|value| human::value_table(out, value)),
        })
    }
}

impl OutputArguments {
    /// Prints what a service has answered; as it came, number for number, where it is to be JSON on one line.
    pub(crate) fn print_raw(&self, raw: &RawValue) -> Result<(), Failure> {
        let json = matches!(self.format, None | Some(Format::Json));
        if json && self.field.is_none() && !console::user_attended() && !raw.get().contains('\n') {
            return out(|out| writeln!(out, "{}", raw.get()));
        }
        self.print_value(&Value::of(raw)?)
    }

    /// Prints one item of a stream, which is a line of JSON unless another form was asked for.
    pub(crate) fn print_item(&self, raw: &RawValue) -> Result<(), Failure> {
        match (self.format, &self.field) {
            (None | Some(Format::Json | Format::Jsonl), None) => {
                let value = Value::of(raw)?;
                out(|out| json::line(out, &value))
            }
            (Some(Format::Yaml), None) => self.print_value(&Value::List(vec![Value::of(raw)?])),
            _ => self.print_value(&Value::of(raw)?),
        }
    }
}

/// Writes to standard output, in few pieces.
pub(crate) fn out(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    write(&mut out)?;
    Ok(out.flush()?)
}
