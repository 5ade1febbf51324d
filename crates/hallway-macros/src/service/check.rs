//! What only the whole declaration shows: names that collide, or that cannot travel.

use std::collections::HashSet;

use quote::ToTokens as _;
use syn::LitStr;

use super::model::{Absent, Argument, Method, Parameter, Service, Shape};
use super::types;
use crate::mistakes::Mistakes;
use crate::names;
use crate::reserved::RESERVED_TYPES;

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

/// Checks what the methods are as messages of the sidecar dialect.
pub(crate) fn messages(service: &Service, mistakes: &mut Mistakes) {
    for method in &service.methods {
        if let Some(reply) = &method.reply {
            self::reply(service, method, reply, mistakes);
        }
        if service.sidecar {
            message(method, mistakes);
        }
    }
}

fn reply(service: &Service, method: &Method, reply: &LitStr, mistakes: &mut Mistakes) {
    if !service.sidecar {
        mistakes.say(
            reply,
            "the type of a reply is for the messages of a sidecar: write `sidecar` beside the service's version, or \
             remove `#[reply]`",
        );
    }
    if !matches!(method.shape, Shape::Value(_) | Shape::Outcome(..)) {
        mistakes.say(reply, "this method does not answer with one value: remove `#[reply]`");
    }
    if let Err(wrong) = names::check_type(&reply.value()) {
        mistakes.say(reply, wrong);
    }
}

/// A method's name is the type of its messages, and whoever connects is subscribed without being asked.
fn message(method: &Method, mistakes: &mut Mistakes) {
    let name = method.wire_name();
    if RESERVED_TYPES.contains(&name.as_str()) {
        let message = format!(
            "messages of the type `{name}` are the sidecar dialect's own: write `#[name = \"...\"]` with another one"
        );
        mistakes.add(at_name(method, message));
    }
    if !matches!(method.shape, Shape::Events(_)) {
        return;
    }
    let needed = |parameter: &&Parameter| {
        matches!(parameter.default, Absent::Refused) && !types::is_option(&parameter.argument.ty)
    };
    for Parameter { argument: Argument { ident, ty, .. }, .. } in method.parameters().filter(needed) {
        mistakes.say(
            ident,
            format!(
                "an agent is subscribed as it connects, and not asked for `{ident}`: write `{ident}: Option<{}>`, \
                 or `#[default(...)]` before it",
                ty.to_token_stream()
            ),
        );
    }
}

fn at_name(method: &Method, message: String) -> syn::Error {
    let span = method.renamed.as_ref().map_or_else(|| method.ident.span(), LitStr::span);
    syn::Error::new(span, message)
}
