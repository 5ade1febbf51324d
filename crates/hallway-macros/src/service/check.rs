//! What only the whole declaration shows: names that collide, or that cannot travel.

use std::collections::HashSet;

use syn::LitStr;

use super::model::{Method, Service};
use crate::mistakes::Mistakes;
use crate::names;

/// The methods that every client has of its own.
const TAKEN: &[&str] = &["client", "clone", "from", "new", "with"];

/// Checks the names of the methods.
pub(crate) fn names(service: &Service, mistakes: &mut Mistakes) {
    let mut known = HashSet::new();
    for method in &service.methods {
        let name = method.wire_name();
        if TAKEN.iter().any(|taken| method.ident == taken) {
            let ident = &method.ident;
            let message = format!(
                "the generated clients have a method `{ident}` of their own: rename this one, and write \
                 `#[name = \"{name}\"]` to keep its name on the wire"
            );
            mistakes.say(ident, message);
        }
        if let Err(wrong) = names::check("the name of a method", &name) {
            mistakes.add(at_name(method, wrong));
        }
        // Two methods of one name are one method in two configurations.
        if !method.conditions().is_empty() {
            continue;
        }
        if !known.insert(name.clone()) {
            mistakes.add(at_name(method, format!("there is a method `{name}` already: write another name")));
        }
    }
}

fn at_name(method: &Method, message: String) -> syn::Error {
    let span = method.renamed.as_ref().map_or_else(|| method.ident.span(), LitStr::span);
    syn::Error::new(span, message)
}
