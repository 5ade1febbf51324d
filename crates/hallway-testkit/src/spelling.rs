use hallway::protocol::Protocol;
use serde_json::{Value, json};

/// An envelope as the native dialect has it, spelled in another one. What it does not know stays as it is, so
/// that an odd envelope is as odd there.
pub(crate) fn spelled(protocol: Protocol, envelope: &Value) -> Value {
    match protocol {
        Protocol::Native => envelope.clone(),
        Protocol::Sidecar => in_sidecar(envelope.clone()),
        Protocol::JsonRpc => in_json_rpc(envelope.clone()),
        other => panic!("a dialect that the test kit does not know: {}", other.name()),
    }
}

/// There the kind is a value, and the version is not said.
fn in_sidecar(mut envelope: Value) -> Value {
    const KINDS: &[&str] =
        &["hello", "goaway", "result", "error", "item", "lagged", "progress", "cancel", "grant"];
    let members = envelope.as_object_mut().expect("an envelope is an object");
    members.remove("v");
    for (ours, theirs) in [("id", "request_id"), ("call", "type"), ("params", "payload")] {
        if let Some(value) = members.remove(ours) {
            members.insert(theirs.to_owned(), value);
        }
    }
    for kind in KINDS {
        if let Some(value) = members.remove(*kind) {
            members.insert("type".to_owned(), json!(kind));
            members.insert("payload".to_owned(), value);
        }
    }
    envelope
}

fn in_json_rpc(mut envelope: Value) -> Value {
    let members = envelope.as_object_mut().expect("an envelope is an object");
    let version = match members.remove("v") {
        None => json!("2.0"),
        // 1 is the version that is spoken.
        Some(Value::Number(version)) => json!(format!("{}.0", version.as_u64().unwrap_or_default() + 1)),
        Some(odd) => json!([odd]),
    };
    if let Some(method) = members.remove("call") {
        members.insert("method".to_owned(), method);
    }
    for (kind, method, value_is) in [
        ("hello", "$/hello", ""),
        ("goaway", "$/goaway", ""),
        ("cancel", "$/cancelRequest", "ignored"),
        ("grant", "$/grant", "items"),
    ] {
        let Some(value) = members.remove(kind) else { continue };
        let id = members.remove("id");
        let params = if value_is.is_empty() { value } else { json!({ "id": id, value_is: value }) };
        members.insert("method".to_owned(), json!(method));
        members.insert("params".to_owned(), params);
    }
    members.insert("jsonrpc".to_owned(), version);
    envelope
}
