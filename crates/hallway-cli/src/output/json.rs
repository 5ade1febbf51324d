//! JSON: with indents and colours on a terminal, on one line elsewhere.

use std::io::{self, Write};

use console::style;

use super::Value;
use super::plain;

/// One value, and a line feed.
pub(super) fn value(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    if !console::user_attended() {
        return line(out, value);
    }
    indented(out, value, 0)?;
    writeln!(out)
}

/// One value on one line.
pub(super) fn line(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{}", compact(value)?)
}

/// One value on one line; a terminal's are harmless.
pub(super) fn compact(value: &Value) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    Ok(if console::user_attended() { escaped(&text) } else { text })
}

fn indented(out: &mut dyn Write, value: &Value, depth: usize) -> io::Result<()> {
    match value {
        Value::List(elements) if !elements.is_empty() => {
            writeln!(out, "[")?;
            for (at, element) in elements.iter().enumerate() {
                write!(out, "{:1$}", "", 2 * depth + 2)?;
                indented(out, element, depth + 1)?;
                writeln!(out, "{}", comma(at, elements.len()))?;
            }
            write!(out, "{:1$}]", "", 2 * depth)
        }
        Value::Object(members) if !members.is_empty() => {
            writeln!(out, "{{")?;
            for (at, (name, value)) in members.iter().enumerate() {
                let name = escaped(&serde_json::to_string(name)?);
                write!(out, "{:2$}{}: ", "", style(name).blue().bold(), 2 * depth + 2)?;
                indented(out, value, depth + 1)?;
                writeln!(out, "{}", comma(at, members.len()))?;
            }
            write!(out, "{:1$}}}", "", 2 * depth)
        }
        Value::Text(_) => write!(out, "{}", style(compact(value)?).green()),
        Value::Null => write!(out, "{}", style("null").dim()),
        value => write!(out, "{}", compact(value)?),
    }
}

fn comma(at: usize, of: usize) -> &'static str {
    if at + 1 < of { "," } else { "" }
}

/// What JSON leaves as it is and a terminal obeys, as JSON escapes it.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if plain::acts(c) && c != '\n' {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}
