//! YAML 1.2, in block style. Text that could be read as anything else is quoted as in JSON, which YAML takes.

use std::io::{self, Write};

use super::Value;
use super::json::compact;

/// One document.
pub(super) fn document(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    match value {
        Value::List(elements) if !elements.is_empty() => list(out, elements, 0),
        Value::Object(members) if !members.is_empty() => object(out, members, 0, false),
        value => writeln!(out, "{}", scalar(value)?),
    }
}

fn list(out: &mut dyn Write, elements: &[Value], indent: usize) -> io::Result<()> {
    for element in elements {
        write!(out, "{:indent$}- ", "")?;
        match element {
            Value::Object(members) if !members.is_empty() => object(out, members, indent + 2, true)?,
            Value::List(elements) if !elements.is_empty() => {
                writeln!(out)?;
                list(out, elements, indent + 2)?;
            }
            value => writeln!(out, "{}", scalar(value)?)?,
        }
    }
    Ok(())
}

/// `begun`: the first member's line has its indent already.
fn object(out: &mut dyn Write, members: &[(String, Value)], indent: usize, begun: bool) -> io::Result<()> {
    for (at, (name, value)) in members.iter().enumerate() {
        let indented = if begun && at == 0 { 0 } else { indent };
        write!(out, "{:indented$}{}:", "", text(name)?)?;
        match value {
            Value::Object(members) if !members.is_empty() => {
                writeln!(out)?;
                object(out, members, indent + 2, false)?;
            }
            Value::List(elements) if !elements.is_empty() => {
                writeln!(out)?;
                list(out, elements, indent + 2)?;
            }
            value => writeln!(out, " {}", scalar(value)?)?,
        }
    }
    Ok(())
}

fn scalar(value: &Value) -> io::Result<String> {
    match value {
        Value::Text(value) => text(value),
        value => compact(value),
    }
}

/// Bare only where no reader of any version of YAML can take it for something else.
fn text(text: &str) -> io::Result<String> {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '+' | '@');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let lower = text.to_ascii_lowercase();
    let means = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&lower.as_str());
    if begins && !means && text.chars().all(bare) && !text.ends_with(' ') {
        return Ok(text.to_owned());
    }
    compact(&Value::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(json: &str) -> String {
        let mut out = Vec::new();
        document(&mut out, &serde_json::from_str(json).unwrap()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nested_values_are_blocks() {
        assert_eq!(
            yaml(r#"[{"a":1,"b":[{"c":"x"},[1,2],[]]},{}]"#),
            "- a: 1\n  b:\n    - c: x\n    - \n      - 1\n      - 2\n    - []\n- {}\n"
        );
    }

    #[test]
    fn text_that_looks_like_something_else_is_quoted() {
        for text in ["yes", "12", "1e3", "", " x", "x ", "a: b", "a\nb", "#", "-", "null", "2026-01-01", "é"]
        {
            let written = yaml(&serde_json::to_string(text).unwrap());
            assert!(written.starts_with('"') && written.ends_with("\"\n"), "{written}");
        }
        assert_eq!(yaml(r#""from alice@example.org""#), "from alice@example.org\n");
    }
}
