//! Words of the command line as the values that a schema takes.

use hallway::Bytes;
use serde_json::Value;

use super::check::{Wrong, check, quoted};
use super::{Schema, words};

/// Reads a word as a value. A list takes it as its only element, unless it is a whole list in JSON.
pub(crate) fn typed(name: &str, schema: Schema<'_>, word: &str) -> Result<Value, Wrong> {
    let schema = schema.without_null();
    let resolved = schema.resolved().without_null();
    let wrong = || Wrong::new(name, format!("takes {}, not `{}`", words(resolved), quoted(word)));
    let json = || serde_json::from_str::<Value>(word).map_err(|_| wrong());
    let is = |kind| resolved.kinds().contains(&kind);
    if is("array") {
        return list(name, resolved, word);
    }
    if is("string") || resolved.values().iter().any(|(value, _)| *value == word) {
        return match word.strip_prefix('@').filter(|_| resolved.keyword("contentEncoding").is_some()) {
            Some(path) => file(name, path),
            None => Ok(word.into()),
        };
    }
    if is("integer") || is("number") || is("boolean") || is("object") || is("null") {
        return json();
    }
    // Nothing is said of it, or one of several things: the first that fits.
    let several = resolved.choices().find_map(|choice| {
        let value = typed(name, choice, word).ok()?;
        check(name, choice, &value).ok().map(|()| value)
    });
    Ok(several.or_else(|| json().ok()).unwrap_or_else(|| word.into()))
}

/// Whether a parameter may be given several times, an element each time.
pub(crate) fn is_list(schema: Schema<'_>) -> bool {
    schema.without_null().resolved().kinds().contains(&"array")
}

fn list(name: &str, schema: Schema<'_>, word: &str) -> Result<Value, Wrong> {
    if let Ok(whole @ Value::Array(_)) = serde_json::from_str(word) {
        return Ok(whole);
    }
    let element = match schema.keyword("items") {
        Some(items) => typed(name, schema.at(items), word)?,
        None => serde_json::from_str(word).unwrap_or_else(|_| word.into()),
    };
    Ok(Value::Array(vec![element]))
}

/// A file's content, for bytes.
fn file(name: &str, path: &str) -> Result<Value, Wrong> {
    let read = std::fs::read(path)
        .map_err(|error| Wrong::new(name, format!("cannot be read from {path}: {error}")))?;
    serde_json::to_value(Bytes(read)).map_err(|error| Wrong::new(name, error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn a_word_becomes_what_the_schema_takes() {
        let types: Map<String, Value> = serde_json::from_value(
            json!({ "Spice": { "oneOf": [{ "const": "mild" }, { "const": "hot" }] } }),
        )
        .unwrap();
        for (schema, word, value) in [
            (json!({ "type": "string" }), "12", json!("12")),
            (json!({ "type": ["integer", "null"] }), "12", json!(12)),
            (json!({ "type": "boolean" }), "true", json!(true)),
            (json!({ "$ref": "#/$defs/Spice" }), "hot", json!("hot")),
            (json!({ "type": "array", "items": { "type": "integer" } }), "1", json!([1])),
            (json!({ "type": "array", "items": { "type": "integer" } }), "[1,2]", json!([1, 2])),
            (json!({ "type": "array", "items": { "type": "string" } }), "1", json!(["1"])),
            (json!({ "type": "object" }), r#"{"a":1}"#, json!({ "a": 1 })),
            (json!({ "anyOf": [{ "type": "integer" }, { "type": "string" }] }), "1", json!(1)),
            (json!({ "anyOf": [{ "type": "integer" }, { "type": "string" }] }), "one", json!("one")),
            (json!(true), "one", json!("one")),
            (json!({ "type": "string", "contentEncoding": "base64" }), "QQ==", json!("QQ==")),
        ] {
            assert_eq!(typed("p", Schema::new(&schema, &types), word), Ok(value), "{schema} {word}");
        }
        let schema = json!({ "type": "integer", "minimum": 0 });
        let wrong = typed("p", Schema::new(&schema, &types), "many").unwrap_err();
        assert_eq!(wrong.to_string(), "`p` takes whole number from 0, not `many`");
    }

    #[test]
    fn bytes_may_come_from_a_file() {
        let schema = json!({ "type": "string", "contentEncoding": "base64" });
        let types = Map::new();
        let read = |word: &str| typed("p", Schema::new(&schema, &types), word);
        let file = concat!("@", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(read(file).unwrap().as_str().unwrap().starts_with("W3BhY2thZ2Vd"));
        assert!(read("@/nowhere").unwrap_err().to_string().starts_with("`p` cannot be read from /nowhere: "));
    }
}
