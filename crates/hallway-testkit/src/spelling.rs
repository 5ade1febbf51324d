use hallway::protocol::Protocol;
use serde_json::{Value, json};

/// An envelope as the native dialect has it, spelled in another one. What it does not know stays as it is, so
/// that an odd envelope is as odd there.
pub(crate) fn spelled(protocol: Protocol, envelope: &Value) -> Value {
    match protocol {
        Protocol::Native => envelope.clone(),
        Protocol::Sidecar => in_sidecar(envelope.clone()),
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
