//! Open enums: what they are on the wire, and what becomes of variants that a build does not know.

use std::collections::BTreeMap;

use hallway::encoding::Encoding;
use hallway::service::{MethodDescription, MethodKind};
use hallway::{Bytes, Unknown};
use hallway_testkit::{Done, State};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The states as a later version has them.
#[derive(Debug, Clone, PartialEq, hallway::Open)]
enum Newer {
    Waiting { since: u64 },
    Paused,
    Failed(Failure),
    Unknown(Unknown),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Failure {
    log: Bytes,
    codes: Vec<Option<i64>>,
    at: f64,
}

/// A key, and of a type that is compared and hashed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, hallway::Open)]
enum Level {
    Low,
    #[name = "max"]
    High,
    Rest(Unknown),
}

fn written<T: Serialize>(encoding: Encoding, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoding.encode(value, &mut bytes).unwrap();
    bytes
}

fn through<T: DeserializeOwned>(encoding: Encoding, value: &impl Serialize) -> T {
    encoding.decode(&written(encoding, value)).unwrap()
}

#[test]
fn what_is_known_comes_back_as_it_was() {
    let states = [
        State::Waiting,
        State::Running { percent: 5, worker: None },
        State::Running { percent: 6, worker: Some("a".to_owned()) },
        State::Done(Done { files: 3 }),
    ];
    for &encoding in Encoding::ALL {
        assert_eq!(through::<[State; 4]>(encoding, &states), states, "{encoding}");
    }
    let text = serde_json::to_value(&states).unwrap();
    let running = json!({ "running": { "percent": 5, "worker": null } });
    assert_eq!((&text[0], &text[1]), (&json!("waiting"), &running));
    assert_eq!(text[3], json!({ "finished": { "files": 3 } }));
}

#[test]
fn what_is_not_known_is_kept_and_written_as_it_came() {
    let failure = Failure { log: vec![0, 255].into(), codes: vec![Some(-1), None], at: 0.5 };
    for &encoding in Encoding::ALL {
        for newer in [Newer::Paused, Newer::Failed(failure.clone())] {
            let sent = written(encoding, &newer);
            let state: State = encoding.decode(&sent).unwrap();
            assert!(matches!(&state, State::Unknown(_)), "{encoding}: {state:?}");
            assert_eq!(encoding.decode::<Newer>(&written(encoding, &state)).unwrap(), newer, "{encoding}");
            assert_eq!(state, encoding.decode(&sent).unwrap());
        }
        // The form is new, the name is not.
        let waiting: State = through(encoding, &Newer::Waiting { since: 3 });
        assert_eq!(waiting, State::Waiting, "{encoding}");
        let older: Newer = through(encoding, &State::Waiting);
        assert!(matches!(&older, Newer::Unknown(unknown) if unknown.name() == "waiting"), "{older:?}");
    }
}

#[test]
fn what_is_no_variant_is_refused() {
    for wrong in ["7", "null", "[]", "{}", r#"{"paused":1,"stopped":2}"#, r#"{"running":{"percent":"x"}}"#] {
        assert!(serde_json::from_str::<State>(wrong).is_err(), "{wrong}");
    }
    let said = serde_json::from_str::<State>("7").unwrap_err().to_string();
    assert!(said.contains("`waiting`, `running`, `finished`"), "{said}");
}

#[test]
fn a_variant_without_a_value_can_be_a_key() {
    let json = r#"{"max":1,"middle":2,"low":3}"#;
    let levels: std::collections::HashMap<Level, u8> = serde_json::from_str(json).unwrap();
    assert_eq!((levels[&Level::High], levels[&Level::Low]), (1, 3));
    let back: BTreeMap<String, u8> = serde_json::from_value(serde_json::to_value(&levels).unwrap()).unwrap();
    assert_eq!(back["middle"], 2);
}

#[test]
fn a_deep_value_is_refused_and_a_long_one_is_not_kept_many_times() {
    let deep = format!(r#"{{"paused":{}{}}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert!(Encoding::Json.decode::<State>(deep.as_bytes()).is_err());
    // Two bytes each, where a tree of values takes dozens.
    let long = format!(r#"{{"paused":[{}0]}}"#, "0,".repeat(100_000));
    let state: State = Encoding::Json.decode(long.as_bytes()).unwrap();
    assert!(written(Encoding::MsgPack, &state).len() < long.len());
    assert_eq!(written(Encoding::Json, &state), long.into_bytes());
}

#[test]
fn its_schema_is_open() {
    let schema = |schema: schemars::Schema| schema.to_value()["anyOf"].clone();
    let levels = schema(schemars::schema_for!(Level));
    assert_eq!(levels[0], json!({ "type": "string", "const": "low" }));
    assert_eq!((&levels[1]["const"], &levels[2]["type"]), (&json!("max"), &json!("string")));
    let states = schema(schemars::schema_for!(State));
    assert_eq!(states[1]["required"], json!(["running"]));
    assert_eq!(states[1]["properties"]["running"]["properties"]["percent"]["type"], "integer");
    assert_eq!(states[2]["properties"]["finished"], json!({ "$ref": "#/$defs/Done" }));
    assert_eq!(states[3]["type"], json!(["string", "object"]));
}

#[test]
fn a_description_from_a_newer_service_is_read_and_passed_on() {
    let newer = json!({ "name": "dance", "kind": { "duplex": { "halves": 2 } }, "cost": 3 });
    let method: MethodDescription = serde_json::from_value(newer).unwrap();
    assert!(matches!(&method.kind, MethodKind::Unknown(unknown) if unknown.name() == "duplex"));
    assert_eq!(serde_json::to_value(&method).unwrap()["kind"], json!({ "duplex": { "halves": 2 } }));
}
