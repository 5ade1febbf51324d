use std::collections::BTreeSet;

use serde_json::Value;

use super::Description;

/// The methods that a restricted listener carries, under a name. Decided by who declared the listener: nothing
/// that a peer says widens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    name: String,
    methods: BTreeSet<String>,
}

/// What every listener carries: it tells about the daemon, and changes nothing.
const ALWAYS: [&str; 4] = ["hallway.ping", "hallway.describe", "hallway.status", "rpc.discover"];

impl Scope {
    /// These methods, such as `mail.search`, besides `hallway.ping`, `describe` and `status`, and `rpc.discover`.
    #[must_use]
    pub fn new<M: Into<String>>(name: impl Into<String>, methods: impl IntoIterator<Item = M>) -> Self {
        Self { name: name.into(), methods: methods.into_iter().map(Into::into).collect() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it carries a method.
    #[must_use]
    pub fn permits(&self, method: &str) -> bool {
        ALWAYS.contains(&method) || self.methods.contains(method)
    }

    /// Its methods that none of these services has: mistakes.
    pub(crate) fn missing_in<'a>(&'a self, services: &[Description]) -> Option<&'a str> {
        let has = |method: &str| {
            let (service, method) = method.rsplit_once('.').unwrap_or((method, ""));
            let of = |found: &&Description| found.name == service;
            services.iter().find(of).is_some_and(|found| found.methods.iter().any(|one| one.name == method))
        };
        self.methods.iter().map(String::as_str).find(|method| !has(method))
    }

    /// What is left of a service, with the types that its methods still need; `None` if nothing is.
    pub(super) fn narrow(&self, service: &Description) -> Option<Description> {
        let mut left = service.clone();
        left.methods.retain(|method| self.permits(&format!("{}.{}", service.name, method.name)));
        if left.methods.is_empty() {
            return None;
        }
        let mut needed = BTreeSet::new();
        for method in &left.methods {
            let params = method.params.iter().map(|param| &param.schema);
            let details = method.errors.iter().filter_map(|error| error.details.as_ref());
            for schema in params.chain(details).chain([&method.result]) {
                collect(schema, &service.types, &mut needed);
            }
        }
        left.types.retain(|name, _| needed.contains(name));
        Some(left)
    }
}

/// Finds the types that a schema refers to, and those that they refer to.
fn collect(schema: &Value, types: &serde_json::Map<String, Value>, needed: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/$defs/"));
            if let Some(name) = name
                && let Some(found) = types.get(name)
                && needed.insert(name.to_owned())
            {
                collect(found, types, needed);
            }
            members.values().for_each(|member| collect(member, types, needed));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, types, needed)),
        _ => (),
    }
}
