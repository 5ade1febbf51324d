//! What a daemon offers, as it describes itself.

use hallway::lifecycle::Instance;
use hallway::service::{Description, MethodDescription, near};

use super::Target;
use crate::exit::Exit;
use crate::failure::Failure;

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
    pub(crate) fn new(instance: &Instance, services: Vec<Description>) -> Self {
        Self { instance: instance.clone(), services }
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The services that are this daemon's own: not those that every daemon has.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Description> {
        self.services.iter().filter(|service| !is_reserved(service))
    }

    /// Every service.
    pub(crate) fn all(&self) -> &[Description] {
        &self.services
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
