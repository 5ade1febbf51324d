//! The cases of `cases.json`: two versions, and every change between them.
//!
//! A version with `methods` is a service, `s`; else it is the service's only method, `m`. What every description has is
//! filled in.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::rules::Rule;
use super::*;

#[derive(Deserialize)]
struct Case {
    name: String,
    old: Map<String, Value>,
    new: Map<String, Value>,
    /// `VERDICT RULE AT: SAYS`, in order.
    changes: Vec<String>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

fn described(mut fragment: Map<String, Value>) -> Vec<Description> {
    let types = fragment.remove("$defs").unwrap_or_else(|| json!({}));
    let mut service = match fragment.contains_key("methods") {
        true => fragment,
        false => Map::from_iter([("methods".to_owned(), json!([fragment]))]),
    };
    service.insert("$defs".to_owned(), types);
    fill(&mut service, &[("name", json!("s")), ("version", json!("1.0"))]);
    for method in service["methods"].as_array_mut().unwrap() {
        let method = method.as_object_mut().unwrap();
        fill(
            method,
            &[
                ("name", json!("m")),
                ("kind", json!("unary")),
                ("result", json!({ "type": "null" })),
                ("params", json!([])),
            ],
        );
        for param in method["params"].as_array_mut().unwrap() {
            let given = param.get("default").is_some();
            fill(
                param.as_object_mut().unwrap(),
                &[("schema", json!({ "type": "string" })), ("required", json!(!given))],
            );
        }
    }
    vec![serde_json::from_value(service.into()).unwrap()]
}

fn fill(object: &mut Map<String, Value>, members: &[(&str, Value)]) {
    for (name, value) in members {
        object.entry(*name).or_insert_with(|| value.clone());
    }
}

#[test]
fn each_case_has_its_changes() {
    let mut wrong = String::new();
    for Case { name, old, new, changes } in cases() {
        let found = Comparison::of(&described(old), &described(new));
        let found: Vec<String> = found
            .changes
            .iter()
            .map(|change| {
                let verdict = if change.verdict == Verdict::Breaking { "breaking" } else { "compatible" };
                format!("{verdict} {} {}: {}", change.rule, change.at, change.says)
            })
            .collect();
        if found != changes {
            wrong += &format!("{name}: {}\n", serde_json::to_string_pretty(&found).unwrap());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_rule_has_a_case() {
    let found: BTreeSet<String> = cases()
        .into_iter()
        .flat_map(|case| case.changes)
        .filter_map(|change| Some(change.split(' ').nth(1)?.to_owned()))
        .collect();
    let all: BTreeSet<String> = Rule::ALL.iter().map(|rule| rule.code().to_owned()).collect();
    // Those of whole services: below.
    let of_services = ["service_added", "service_removed"].map(str::to_owned).into();
    assert_eq!(all.difference(&found).cloned().collect::<BTreeSet<_>>(), of_services);
}

#[test]
fn services_come_and_go() {
    let named = |name: &str| {
        let mut fragment = Map::new();
        fragment.insert("methods".to_owned(), json!([]));
        fragment.insert("name".to_owned(), json!(name));
        described(fragment)
    };
    let rules: Vec<_> = changes(&named("a"), &named("b")).iter().map(|change| change.rule).collect();
    assert_eq!(rules, ["service_removed", "service_added"]);
}

#[test]
fn what_is_the_same_has_no_changes() {
    for Case { name, old, new, .. } in cases() {
        for version in [described(old), described(new)] {
            assert_eq!(changes(&version, &version), [], "{name}");
        }
    }
}

#[test]
fn a_new_major_version_announces_what_is_breaking() {
    let version = |number: &str, methods: Value| {
        let mut fragment = Map::new();
        fragment.insert("methods".to_owned(), methods);
        fragment.insert("version".to_owned(), json!(number));
        described(fragment)
    };
    let one = json!([{ "name": "one" }]);
    for (new, compatible) in [("1.0", false), ("1.1", false), ("2.0", true)] {
        let found = Comparison::of(&version("1.0", one.clone()), &version(new, json!([])));
        assert_eq!((found.compatible, found.breaking()), (compatible, 1), "{new}");
    }
}
