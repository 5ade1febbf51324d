//! Reading a trait into the model; every mistake in it is found in one pass.

use quote::ToTokens as _;
use syn::{
    Attribute, Expr, FnArg, Generics, Ident, ItemTrait, Lit, LitStr, Meta, Pat, PatType, Receiver,
    ReceiverKind, Safety, Signature, TraitItem, TraitItemFn, Type,
};

use super::model::{Absent, Argument, Input, Method, Parameter, Service};
use super::options::Options;
use super::{check, shape, types};
use crate::attributes;
use crate::mistakes::Mistakes;

/// Reads a service's declaration; `mistakes` are those of the attribute's arguments.
///
/// # Errors
/// All mistakes, each at the user's own words.
pub(crate) fn parse(options: Options, item: ItemTrait, mut mistakes: Mistakes) -> syn::Result<Service> {
    check_trait(&item, &mut mistakes);
    let methods = item.items.into_iter().filter_map(|item| match item {
        TraitItem::Fn(function) => method(function, &mut mistakes),
        other => {
            mistakes.say(other, "a service has methods only: move this to a trait or a module of its own");
            None
        }
    });
    let service = Service {
        name: options.name,
        version: options.version,
        sidecar: options.sidecar,
        methods: methods.collect(),
        ident: item.ident,
        visibility: item.vis,
        attributes: item.attrs,
        supertraits: item.supertraits,
    };
    check::names(&service, &mut mistakes);
    check::messages(&service, &mut mistakes);
    mistakes.finish(service)
}

fn check_trait(item: &ItemTrait, mistakes: &mut Mistakes) {
    if let Some(keyword) = &item.unsafety {
        mistakes.say(keyword, "a service cannot be `unsafe`: its callers are other processes");
    }
    if let Err(modifier) = item.modifiers.require_empty() {
        mistakes.add(modifier);
    }
    check_generics(&item.generics, "service", mistakes);
    if item.items.is_empty() {
        mistakes.say(&item.ident, "a service without methods cannot be called: write one");
    }
}

fn check_generics(generics: &Generics, what: &str, mistakes: &mut Mistakes) {
    let message = format!("a {what} cannot be generic: a caller in another process has to know every type");
    if !generics.params.is_empty() {
        mistakes.say(&generics.params, &message);
    }
    if let Some(clause) = &generics.where_clause {
        mistakes.say(clause, &message);
    }
}

/// Reads one method; `None` if too little of it can be understood to look further.
fn method(function: TraitItemFn, mistakes: &mut Mistakes) -> Option<Method> {
    let TraitItemFn { attrs: mut attributes, modifiers, sig: mut signature, default, .. } = function;
    let notification = attributes::take_flag(&mut attributes, "notification", mistakes);
    let idempotent = attributes::take_flag(&mut attributes, "idempotent", mistakes);
    let bulk = attributes::take_flag(&mut attributes, "bulk", mistakes);
    let params_max = params_max(&mut attributes, mistakes);
    let renamed = text(&mut attributes, "name", mistakes);
    let reply = text(&mut attributes, "reply", mistakes);

    if let Some(body) = &default {
        mistakes.say(body, "a service's method has no body: write `;`, and the body where it is implemented");
    }
    if let Err(modifier) = modifiers.require_empty() {
        mistakes.add(modifier);
    }
    check_qualifiers(&signature, mistakes);
    check_generics(&signature.generics, "service's method", mistakes);

    let arguments = std::mem::take(&mut signature.inputs);
    let mut arguments = arguments.into_iter().peekable();
    let receiver = arguments.next_if(|argument| matches!(argument, FnArg::Receiver(_)));
    let receiver = self::receiver(receiver, &signature.ident, mistakes);
    let inputs: Vec<Input> = arguments
        .filter_map(|argument| match argument {
            FnArg::Typed(argument) => input(argument, mistakes),
            // The language itself refuses a receiver that is not the first argument.
            FnArg::Receiver(_) => None,
        })
        .collect();
    check_contexts(&inputs, mistakes);
    let shape = mistakes.keep(shape::read(&signature, notification));

    Some(Method {
        renamed,
        reply,
        attributes,
        idempotent,
        bulk,
        params_max,
        receiver: receiver?,
        inputs,
        shape: shape?,
        ident: signature.ident,
        output: signature.output,
    })
}

/// Removes `#[name = "..."]` or its like, and returns what it says.
fn text(attributes: &mut Vec<Attribute>, name: &str, mistakes: &mut Mistakes) -> Option<LitStr> {
    let attribute = attributes::take(attributes, name, mistakes)?;
    mistakes.keep(attributes::string(&attribute, name))
}

/// Removes `#[params_max = ...]`, and returns the number of bytes. Whether there may be so many the compiler finds,
/// which can read a constant.
fn params_max(attributes: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> Option<Expr> {
    let attribute = attributes::take(attributes, "params_max", mistakes)?;
    let value = match &attribute.meta {
        Meta::NameValue(pair) => Some(&pair.value),
        _ => None,
    };
    let number = |value: &&Expr| match value {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Int(_)),
        _ => true,
    };
    let number = value.filter(number).cloned();
    if number.is_none() {
        mistakes.say(
            &attribute,
            "write how long the parameters may be, in bytes: `#[params_max = 4 * 1024 * 1024]`",
        );
    }
    number
}

fn check_qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    let message = "a service's method is a plain `async fn` or `fn`: remove this";
    if let Some(keyword) = &signature.constness {
        mistakes.say(keyword, message);
    }
    if !matches!(signature.safety, Safety::Default) {
        mistakes.say(&signature.safety, message);
    }
    if let Some(abi) = &signature.abi {
        mistakes.say(abi, message);
    }
}

fn receiver(first: Option<FnArg>, method: &Ident, mistakes: &mut Mistakes) -> Option<Receiver> {
    match first {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Reference(_, None, None) => return Some(receiver),
            ReceiverKind::Reference(_, _, Some(_)) => mistakes.say(
                &receiver,
                "write `&self`: calls run at the same time, so what a method changes is behind a lock",
            ),
            _ => mistakes.say(&receiver, "write `&self`: all calls share one service"),
        },
        _ => mistakes.say(method, "a service's method has a receiver: write `&self` as its first argument"),
    }
    None
}

fn input(argument: PatType, mistakes: &mut Mistakes) -> Option<Input> {
    let PatType { attrs: mut attributes, pat, ty, .. } = argument;
    let docs = attributes::docs(&attributes);
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    let default = attributes::take(&mut attributes, "default", mistakes);
    for condition in attributes::only(&attributes, &["cfg", "cfg_attr"]) {
        mistakes.say(condition, "a parameter cannot be conditional: put this on the method");
    }
    let ident = parameter_name(&pat, mistakes);

    if is_context(&ty, mistakes) {
        if let Some(default) = default {
            mistakes.say(default, "a context does not travel, so it has no default: remove this");
        }
        return Some(Input::Context(Argument { attributes, ident: ident?, ty: *ty }));
    }
    if let Err(borrowed) = types::check_travels(&ty, "parameters") {
        mistakes.add(borrowed);
    }
    let default = match default {
        Some(default) => mistakes.keep(absent(&default))?,
        None => Absent::Refused,
    };
    Some(Input::Parameter(Parameter {
        argument: Argument { attributes, ident: ident?, ty: *ty },
        docs,
        default,
    }))
}

fn parameter_name(pattern: &Pat, mistakes: &mut Mistakes) -> Option<Ident> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() => {
            Some(name.ident.clone())
        }
        _ => {
            mistakes.say(pattern, "write a plain name: parameters travel by their names");
            None
        }
    }
}

/// Says whether an argument is the call's context; one that is written in another way than `&Context` is
/// a mistake as well.
fn is_context(ty: &Type, mistakes: &mut Mistakes) -> bool {
    let (written, shared) = match types::peel(ty) {
        Type::Reference(reference) => (&*reference.elem, reference.mutability.is_none()),
        other => (other, false),
    };
    if types::is_context(written) && !shared {
        mistakes.say(ty, "write `&Context`: a method borrows the context of its call");
    }
    types::is_context(written)
}

fn check_contexts(inputs: &[Input], mistakes: &mut Mistakes) {
    let contexts = inputs.iter().filter(|input| matches!(input, Input::Context(_)));
    for again in contexts.skip(1) {
        mistakes.say(&again.argument().ty, "a call has one context: remove this argument");
    }
}

fn absent(attribute: &Attribute) -> syn::Result<Absent> {
    match &attribute.meta {
        Meta::Path(_) => Ok(Absent::TypeDefault),
        Meta::List(list) => list.parse_args::<Expr>().map(|value| Absent::Value(Box::new(value))),
        Meta::NameValue(pair) => {
            let value = pair.value.to_token_stream();
            Err(syn::Error::new_spanned(attribute, format!("write `#[default({value})]`")))
        }
    }
}

#[cfg(test)]
mod tests;
