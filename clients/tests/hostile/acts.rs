//! What the client does, and what comes of it.

use hallway::{CallError, Event, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

/// One thing that a client does.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Act {
    Call { call: String, timeout_ms: Option<u64>, bytes: Option<usize>, ends: Value },
    Open { open: Kind, window: Option<u32> },
    Take { take: Vec<Value>, ends: Value },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Stream,
    Subscription,
}

impl Act {
    /// Finds out that the server answers.
    pub(crate) fn alive() -> Self {
        let ends = json!({ "value": "alive" });
        Self::Call { call: "notes.find".to_owned(), timeout_ms: None, bytes: None, ends }
    }
}

/// A client of either kind.
pub(crate) trait Client {
    fn call(&mut self, method: &str, params: &Value, timeout_ms: Option<u64>) -> Result<Value, CallError>;
    fn open(&mut self, kind: Kind, window: Option<u32>) -> Result<(), CallError>;
    /// The next element of what is open: a value or an event.
    fn next(&mut self) -> Option<Result<Taken, CallError>>;
}

pub(crate) enum Taken {
    Item,
    Event(Event<Value>),
}

/// Does one thing after the other; each has to end as it is said.
pub(crate) fn act_out(client: &mut dyn Client, acts: &[Act]) -> Result<(), String> {
    for (number, act) in acts.iter().enumerate() {
        let (found, expected) = match act {
            Act::Call { call, timeout_ms, bytes, ends } => {
                let params = json!({ "text": "x".repeat(bytes.unwrap_or_default()) });
                let mut end = end_of(client.call(call, &params, *timeout_ms));
                // Which of two clocks or counts is first is not always told.
                if let (Some(end), None, None) = (end.as_object_mut(), ends.get("code"), ends.get("value")) {
                    end.remove("code");
                }
                (end, ends.clone())
            }
            Act::Open { open, window } => {
                client.open(*open, *window).map_err(|error| error.to_string())?;
                continue;
            }
            Act::Take { take, ends } => (take_all(client), json!([take, ends])),
        };
        if found != expected {
            let found: String = found.to_string().chars().take(300).collect();
            return Err(format!("act {number} ends in {found}, not in {expected}"));
        }
    }
    Ok(())
}

fn end_of(outcome: Result<Value, CallError>) -> Value {
    match outcome {
        Ok(value) => json!({ "value": value }),
        Err(error) => {
            let outcome = match error.outcome() {
                Outcome::Completed => "completed",
                Outcome::NotDispatched => "not_dispatched",
                Outcome::Unknown => "unknown",
            };
            json!({ "code": error.code(), "outcome": outcome })
        }
    }
}

/// Takes everything, and tells of it in runs.
fn take_all(client: &mut dyn Client) -> Value {
    let (mut taken, mut end): (Vec<Value>, _) = (Vec::new(), Ok(Value::Null));
    while let Some(next) = client.next() {
        let last = taken.last_mut();
        match next {
            Err(error) => end = Err(error),
            Ok(Taken::Item) => match last {
                Some(run) => run["items"] = json!(run["items"].as_u64().unwrap() + 1),
                None => taken.push(json!({ "items": 1 })),
            },
            Ok(Taken::Event(Event::Lagged { missed, next })) => {
                taken.push(json!({ "missed": missed, "next": next }));
            }
            Ok(Taken::Event(Event::Item { seq, .. })) => match last {
                Some(run) if run.get("to") == Some(&json!(seq.wrapping_sub(1))) => run["to"] = json!(seq),
                _ => taken.push(json!({ "from": seq, "to": seq })),
            },
        }
    }
    json!([taken, end_of(end)])
}
