//! What a service says of itself.

use std::collections::BTreeSet;

use hallway::server::AdminClient;
use hallway::service::Description;
use serde_json::{Map, Value};

use super::sample::{MailService, Store, mail_description};
use crate::world::World;

/// The description for readers. After a change that is meant: `BLESS=1 cargo test -p hallway --test it`.
const SNAPSHOT: &str = "tests/it/service_macro/mail.json";

#[test]
fn the_description_is_as_it_is_kept() {
    let described = mail_description();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(SNAPSHOT, serde_json::to_string_pretty(described).unwrap() + "\n").unwrap();
    }
    let kept: Description = serde_json::from_slice(&std::fs::read(SNAPSHOT).unwrap()).unwrap();
    for (kept, described) in kept.methods.iter().zip(&described.methods) {
        assert_eq!(kept, described, "{SNAPSHOT}");
    }
    assert_eq!(kept, *described, "{SNAPSHOT}");
}

#[tokio::test]
async fn a_client_gets_the_description_that_the_service_was_compiled_with() {
    let world = World::serving(MailService::new(Store::default()));
    for client in world.clients().await {
        let described = AdminClient::new(client).describe(Some("mail".into())).await.unwrap();
        assert_eq!(described, [mail_description().clone()]);
    }
}

#[test]
fn every_schema_is_valid_and_refers_to_what_is_there() {
    let description = mail_description();
    let mut check = Check { types: &description.types, wrong: Vec::new(), seen: BTreeSet::new() };
    for (name, schema) in &description.types {
        check.schema(&format!("$defs/{name}"), schema);
    }
    for method in &description.methods {
        let name = &method.name;
        for param in &method.params {
            check.schema(&format!("{name}({})", param.name), &param.schema);
        }
        // A notification has no result, so there is no schema of it.
        if !method.result.is_null() {
            check.schema(&format!("{name} ->"), &method.result);
        }
        for error in &method.errors {
            if let Some(details) = &error.details {
                check.schema(&format!("{name} ! {}", error.code), details);
            }
        }
    }
    assert!(check.wrong.is_empty(), "{:#?}", check.wrong);
    assert!(check.seen.contains("Envelope") && check.seen.contains("BadQuery"), "{:?}", check.seen);
}

#[test]
fn a_schema_that_is_wrong_is_found() {
    let types = Map::new();
    for wrong in [
        r#"{"type": "text"}"#,
        r#"{"type": ["string", 3]}"#,
        r##"{"$ref": "#/$defs/Missing"}"##,
        r#"{"properties": {"a": {"type": "text"}}}"#,
        r#"{"items": 3}"#,
        r#"{"required": ["a", "a"]}"#,
        r#"{"required": ["a"], "properties": {}}"#,
        r#"{"minimum": "0"}"#,
        r#"{"anyOf": []}"#,
        r#"{"tpye": "string"}"#,
    ] {
        let mut check = Check { types: &types, wrong: Vec::new(), seen: BTreeSet::new() };
        check.schema("schema", &serde_json::from_str(wrong).unwrap());
        assert_eq!(check.wrong.len(), 1, "{wrong}: {:?}", check.wrong);
    }
}

/// The rules of JSON Schema 2020-12 for the keywords that derived schemas have. Any other keyword is wrong:
/// a typing error is not what a schema means to say.
struct Check<'a> {
    types: &'a Map<String, Value>,
    wrong: Vec<String>,
    /// The types that were referred to.
    seen: BTreeSet<String>,
}

const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];

impl Check<'_> {
    fn schema(&mut self, at: &str, schema: &Value) {
        match schema {
            Value::Bool(_) => (),
            Value::Object(keywords) => {
                for (keyword, value) in keywords {
                    self.keyword(&format!("{at}/{keyword}"), keyword, value, keywords);
                }
            }
            other => self.wrong.push(format!("{at}: {other} is no schema")),
        }
    }

    fn keyword(&mut self, at: &str, keyword: &str, value: &Value, all: &Map<String, Value>) {
        let fits = match keyword {
            "title" | "description" | "format" | "$schema" => value.is_string(),
            "minimum" | "maximum" => value.is_number(),
            "minItems" | "maxItems" | "minLength" | "maxLength" => value.is_u64(),
            "const" | "default" => true,
            "enum" => value.is_array(),
            "type" => match value {
                Value::Array(names) => !names.is_empty() && names.iter().all(is_type),
                name => is_type(name),
            },
            "required" => value.as_array().is_some_and(|names| all_declared(names, all)),
            "$ref" => self.refers(value),
            "items" | "additionalProperties" => return self.schema(at, value),
            "properties" | "$defs" => return self.each(at, value.as_object().map(|map| map.values())),
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                return self.each(at, value.as_array().filter(|all| !all.is_empty()));
            }
            _ => false,
        };
        if !fits {
            self.wrong.push(format!("{at}: {value}"));
        }
    }

    fn each<'v>(&mut self, at: &str, schemas: Option<impl IntoIterator<Item = &'v Value>>) {
        match schemas {
            Some(schemas) => schemas.into_iter().for_each(|schema| self.schema(at, schema)),
            None => self.wrong.push(format!("{at} holds no schemas")),
        }
    }

    fn refers(&mut self, value: &Value) -> bool {
        let name = value.as_str().and_then(|target| target.strip_prefix("#/$defs/"));
        name.is_some_and(|name| {
            self.seen.insert(name.to_owned());
            self.types.contains_key(name)
        })
    }
}

fn is_type(name: &Value) -> bool {
    name.as_str().is_some_and(|name| TYPES.contains(&name))
}

/// Whether the names are text, each once, and of properties that there are.
fn all_declared(names: &[Value], all: &Map<String, Value>) -> bool {
    let properties = all.get("properties").and_then(Value::as_object);
    let known = |name: &&str| properties.is_none_or(|properties| properties.contains_key(*name));
    let unique: BTreeSet<&str> = names.iter().filter_map(Value::as_str).filter(known).collect();
    unique.len() == names.len()
}
