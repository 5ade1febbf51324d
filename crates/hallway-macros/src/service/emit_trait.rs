//! The trait that a service is implemented by.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{ReturnType, Type, TypeParamBound};

use super::model::{Argument, Input, Method, Service, Shape};
use super::types;

/// Writes the trait, with what a server needs of an implementation spelled out.
pub(crate) fn emit(service: &Service) -> TokenStream {
    let Service { ident, visibility, attributes, supertraits, .. } = service;
    let methods = service.methods.iter().map(method);
    let supertraits = supertraits.iter();
    quote! {
        #(#attributes)*
        #visibility trait #ident:
            #(#supertraits +)* ::core::marker::Send + ::core::marker::Sync + 'static
        {
            #(#methods)*
        }
    }
}

fn method(method: &Method) -> TokenStream {
    let Method { ident, attributes, receiver, .. } = method;
    let inputs = method.inputs.iter().map(Input::argument).map(|argument| {
        let Argument { attributes, ident, ty } = argument;
        quote!(#(#attributes)* #ident: #ty)
    });
    let output = output(method);
    quote_spanned! {ident.span()=>
        #(#attributes)*
        fn #ident(#receiver #(, #inputs)*) -> #output;
    }
}

/// The return type: a server runs every method as a task of its own, so what it waits for is `Send`.
fn output(method: &Method) -> TokenStream {
    let span = method.ident.span();
    let written = match &method.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    match &method.shape {
        Shape::Notification | Shape::Value(_) | Shape::Outcome(..) => {
            quote_spanned!(span=> impl ::core::future::Future<Output = #written> + ::core::marker::Send)
        }
        Shape::Items(_) | Shape::Results(..) if is_send(method) => written,
        Shape::Items(_) | Shape::Results(..) => quote_spanned!(span=> #written + ::core::marker::Send),
        Shape::Events(_) => written,
    }
}

/// Says whether a stream is already declared to be `Send`.
fn is_send(method: &Method) -> bool {
    let ReturnType::Type(_, ty) = &method.output else { return false };
    let Type::ImplTrait(opaque) = types::peel(ty) else { return false };
    opaque.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|segment| segment.ident == "Send")
        }
        _ => false,
    })
}
