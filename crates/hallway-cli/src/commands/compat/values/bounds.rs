//! How far numbers, texts and lists go.

use serde_json::Value;

use crate::schema::Schema;

/// The numbers that are written and not read.
pub(super) fn numbers(writer: Schema<'_>, reader: Schema<'_>) -> Vec<String> {
    let (least, most) = range(writer);
    let (least_read, most_read) = range(reader);
    let mut found = Vec::new();
    if let Some(bound) = least_read.filter(|bound| least.is_none_or(|least| least < *bound)) {
        found.push(format!("numbers below {bound}"));
    }
    if let Some(bound) = most_read.filter(|bound| most.is_none_or(|most| most > *bound)) {
        found.push(format!("numbers above {bound}"));
    }
    found
}

/// The least and the greatest number: those that are named, else those of the format.
fn range(schema: Schema<'_>) -> (Option<i128>, Option<i128>) {
    let bound = |name: &str| {
        let value = schema.keyword(name)?;
        // A fraction is a bound of a measure: near enough is what is read there.
        value
            .as_i64()
            .map(i128::from)
            .or(value.as_u64().map(i128::from))
            .or(value.as_f64().map(|bound| bound as i128))
    };
    let (least, most) = match schema.keyword("format").and_then(Value::as_str).unwrap_or_default() {
        "int8" => (Some(i8::MIN.into()), Some(i8::MAX.into())),
        "int16" => (Some(i16::MIN.into()), Some(i16::MAX.into())),
        "int32" => (Some(i32::MIN.into()), Some(i32::MAX.into())),
        "int64" | "int" => (Some(i64::MIN.into()), Some(i64::MAX.into())),
        "uint8" => (Some(0), Some(u8::MAX.into())),
        "uint16" => (Some(0), Some(u16::MAX.into())),
        "uint32" => (Some(0), Some(u32::MAX.into())),
        "uint64" | "uint" => (Some(0), Some(u64::MAX.into())),
        _ => (None, None),
    };
    (bound("minimum").or(least), bound("maximum").or(most))
}

/// The texts that are written and not read.
pub(super) fn text(writer: Schema<'_>, reader: Schema<'_>) -> Vec<String> {
    let mut found = length(writer, reader, "Length", ("text", "characters"));
    for (word, what) in [
        ("format", "text that is no"),
        ("contentEncoding", "text that is not"),
        ("pattern", "text that is not like"),
    ] {
        if let Some(wanted) = reader.keyword(word).filter(|wanted| writer.keyword(word) != Some(wanted)) {
            found.push(format!("{what} {}", wanted.as_str().unwrap_or_default()));
        }
    }
    found
}

/// The lists that are written and not read, by their length.
pub(super) fn lengths(writer: Schema<'_>, reader: Schema<'_>) -> Vec<String> {
    length(writer, reader, "Items", ("lists", "elements"))
}

fn length(writer: Schema<'_>, reader: Schema<'_>, of: &str, (what, unit): (&str, &str)) -> Vec<String> {
    let bound =
        |schema: Schema<'_>, name: &str| schema.keyword(&format!("{name}{of}")).and_then(Value::as_u64);
    let mut found = Vec::new();
    if let Some(least) = bound(reader, "min").filter(|least| bound(writer, "min").unwrap_or(0) < *least) {
        found.push(format!("{what} of less than {least} {unit}"));
    }
    if let Some(most) =
        bound(reader, "max").filter(|most| bound(writer, "max").is_none_or(|bound| bound > *most))
    {
        found.push(format!("{what} of more than {most} {unit}"));
    }
    found
}
