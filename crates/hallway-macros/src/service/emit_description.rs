//! The function that returns the description, and the defaults that it shares with the router.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::model::{Absent, Method, Parameter, Service, Shape};
use crate::attributes;

/// Writes the description's function and the functions of the defaults.
pub(crate) fn emit(service: &Service) -> TokenStream {
    let Service { name, version, visibility, .. } = service;
    let function = service.description_name();
    let docs = attributes::docs(&service.attributes);
    let about = format!("Describes the service `{name}`: its methods, their parameters, results and errors.");
    let sidecar = service.sidecar.then(|| quote!(let builder = builder.sidecar();));
    let methods = service.methods.iter().map(|method| self::method(service, method));
    let defaults = service
        .methods
        .iter()
        .flat_map(|method| method.parameters().filter_map(|parameter| default(service, method, parameter)));
    quote! {
        #[doc = #about]
        #[must_use]
        #[allow(dead_code)]
        #visibility fn #function() -> &'static ::hallway::service::Description {
            static DESCRIPTION: ::std::sync::OnceLock<::hallway::service::Description> =
                ::std::sync::OnceLock::new();
            DESCRIPTION.get_or_init(|| {
                let builder = ::hallway::service::DescriptionBuilder::new(#name, #version, #docs);
                #sidecar
                #(#methods)*
                builder.build()
            })
        }
        #(#defaults)*
    }
}

fn method(service: &Service, method: &Method) -> TokenStream {
    let conditions = method.conditions();
    let name = method.wire_name();
    let docs = attributes::docs(&method.attributes);
    let idempotent = method.idempotent.then(|| quote!(m.idempotent();));
    let bulk = method.bulk.then(|| quote!(m.bulk();));
    let params_max = params_max(method);
    let reply = method.reply.iter();
    let params = method.parameters().map(|parameter| param(service, method, parameter));
    let shape = shape(&method.shape);
    quote! {
        #conditions
        let builder = builder.method(#name, #docs, |m| {
            #idempotent
            #bulk
            #params_max
            #(#params)*
            #shape
            #(m.reply(#reply);)*
        });
    }
}

/// A constant, so that the compiler refuses what is too much.
fn params_max(method: &Method) -> Option<TokenStream> {
    let bytes = method.params_max.as_ref()?;
    let name = method.params_max_name();
    let checked = quote_spanned!(bytes.span()=> ::hallway::service::params_max(#bytes));
    Some(quote! {
        #[allow(non_upper_case_globals)]
        const #name: u64 = #checked;
        m.params_max(#name);
    })
}

fn param(service: &Service, method: &Method, parameter: &Parameter) -> TokenStream {
    let name = parameter.wire_name();
    let (ty, docs) = (&parameter.argument.ty, &parameter.docs);
    let default = match &parameter.default {
        Absent::Refused => return quote!(m.param::<#ty>(#name, #docs);),
        Absent::TypeDefault => quote!(::core::default::Default::default),
        Absent::Value(_) => {
            let function = service.default_name(method, parameter);
            quote!(#function)
        }
    };
    quote!(m.param_or::<#ty>(#name, #docs, #default);)
}

fn shape(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Notification => quote!(m.notification();),
        Shape::Value(value) => quote!(m.result::<#value>();),
        Shape::Outcome(value, error) => quote!(m.result::<#value>(); m.errors::<#error>();),
        Shape::Items(item) => quote!(m.items::<#item>();),
        Shape::Results(item, error) => quote!(m.items::<#item>(); m.errors::<#error>();),
        Shape::Events(event) => quote!(m.events::<#event>();),
    }
}

fn default(service: &Service, method: &Method, parameter: &Parameter) -> Option<TokenStream> {
    let Absent::Value(value) = &parameter.default else { return None };
    let conditions = method.conditions();
    let function = service.default_name(method, parameter);
    let ty = &parameter.argument.ty;
    Some(quote! {
        #conditions
        fn #function() -> #ty {
            #value
        }
    })
}
