//! What a daemon offers, as it describes itself.

use hallway::lifecycle::Instance;
use hallway::service::{Description, MethodDescription, near};
use serde_json::Value;

use super::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::plain;

/// The descriptions of a daemon's services.
#[derive(Debug)]
pub(crate) struct Catalog {
    instance: Instance,
    services: Vec<Description>,
}

/// A method, and the service that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) service: &'a Description,
    pub(crate) method: &'a MethodDescription,
}

impl Catalog {
    /// What the daemon said, with nothing in it that acts on a terminal: it is shown in many places.
    pub(crate) fn new(instance: &Instance, services: Vec<Description>) -> Self {
        Self { instance: instance.clone(), services: services.into_iter().filter_map(harmless).collect() }
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The services that are this daemon's own: not those that every daemon has.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Description> {
        self.services.iter().filter(|service| !is_reserved(service))
    }

    /// The method that somebody has named: by its full name, or without its service, which is then the one that the
    /// instance is called after, or the first that has such a method.
    pub(crate) fn method(&self, name: &str) -> Result<Found<'_>, Failure> {
        if let Some((service, method)) = name.rsplit_once('.') {
            let names: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
            let service = self.services.iter().find(|known| known.name == service).ok_or_else(|| {
                self.unknown(near::unknown(
                    &format!("service `{service}` in {}", self.instance),
                    service,
                    &names,
                ))
            })?;
            return find(service, method).ok_or_else(|| self.no_method(name, &[service]));
        }
        let named_after = self.own().filter(|service| service.name == self.instance.service());
        let found = named_after.chain(self.own()).find_map(|service| find(service, name));
        found.ok_or_else(|| self.no_method(name, &self.own().collect::<Vec<_>>()))
    }

    /// How a method is named on the command line.
    pub(crate) fn target_of(&self, found: Found<'_>) -> Target {
        let short = found.service.name == self.instance.service();
        let method = if short { found.method.name.clone() } else { found.full_name() };
        Target { instance: self.instance.clone(), method: Some(method) }
    }

    fn no_method(&self, name: &str, services: &[&Description]) -> Failure {
        let short = name.rsplit('.').next().unwrap_or(name);
        let methods = services.iter().flat_map(|service| &service.methods);
        let names: Vec<&str> = methods.map(|method| method.name.as_str()).collect();
        self.unknown(near::unknown(&format!("method `{name}` in {}", self.instance), short, &names))
    }

    fn unknown(&self, message: String) -> Failure {
        Failure::new(Exit::Usage, "unknown_method", message)
            .hint(format!("`hallway describe {}` tells what there is", self.instance))
    }
}

impl Found<'_> {
    /// The name on the wire.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.service.name, self.method.name)
    }
}

fn find<'a>(service: &'a Description, name: &str) -> Option<Found<'a>> {
    service.methods.iter().find(|method| method.name == name).map(|method| Found { service, method })
}

/// Whether every daemon answers it.
fn is_reserved(service: &Description) -> bool {
    service.name == "hallway" || service.name.starts_with("hallway.")
}

/// A description as it is shown; `None` if nothing is left of it, as of no description that is one.
fn harmless(service: Description) -> Option<Description> {
    let mut value = serde_json::to_value(&service).ok()?;
    if make_harmless(&mut value) { serde_json::from_value(value).ok() } else { Some(service) }
}

/// Whether something had to be changed.
fn make_harmless(value: &mut Value) -> bool {
    match value {
        Value::String(text) => match plain::lines(text) {
            shown if shown == text.trim_end_matches('\n') => false,
            shown => {
                *text = shown;
                true
            }
        },
        Value::Array(values) => {
            values.iter_mut().fold(false, |changed, value| make_harmless(value) | changed)
        }
        Value::Object(members) => {
            let names = members.keys().any(|name| plain::line(name) != *name);
            if names {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(name, value)| (plain::line(&name).into_owned(), value))
                    .collect();
            }
            members.values_mut().fold(names, |changed, value| make_harmless(value) | changed)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_daemon_says_of_itself_acts_on_no_terminal() {
        let described = json!({ "name": "a\u{1b}", "version": "1.0", "docs": "one\ntwo\u{7}\n", "methods": [], "$defs": { "T\u{9b}": {} } });
        let service: Description = serde_json::from_value(described).unwrap();
        let shown = harmless(service).unwrap();
        assert_eq!((shown.name.as_str(), shown.docs.as_str()), ("a\\u{1b}", "one\ntwo\\u{7}"));
        assert!(shown.types.contains_key("T\\u{9b}"));
    }
}
