//! The traits of an error that travels: `Display`, `Error`, and the way to the wire and back.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;
use syn::ext::IdentExt as _;

use super::parse::{ErrorEnum, Kind};
use crate::fields::Fields;

/// Writes the implementations.
pub(crate) fn emit(error: &ErrorEnum) -> TokenStream {
    let ErrorEnum { ident, kinds } = error;
    let details = kinds.iter().map(details);
    // Of the macro's own site, so that no field of the same name hides them.
    let local = |name| Ident::new(name, Span::mixed_site());
    let (formatter, message) = (local("formatter"), local("message"));
    let messages = kinds.iter().map(|kind| display(kind, &formatter));
    let to_wire = kinds.iter().map(|kind| to_wire(kind, &message));
    let from_wire = kinds.iter().map(from_wire);
    let describe = kinds.iter().map(describe);
    quote! {
        // A block of their own, where the names of the hidden structs are nobody else's.
        const _: () = {
            #(#details)*

            impl ::core::fmt::Display for #ident {
                #[allow(unused_variables)]
                fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    match self {
                        #(#messages)*
                    }
                }
            }

            impl ::core::error::Error for #ident {}

            impl ::hallway::service::ServiceError for #ident {
                fn to_wire(&self) -> ::hallway::WireError {
                    let #message = ::std::string::ToString::to_string(self);
                    match self {
                        #(#to_wire)*
                    }
                }

                fn from_wire(error: &::hallway::WireError) -> ::core::option::Option<Self> {
                    match error.code.as_str() {
                        #(#from_wire)*
                        _ => ::core::option::Option::None,
                    }
                }

                fn describe(into: &mut ::hallway::service::ErrorsDescription<'_>) {
                    #(#describe)*
                }
            }
        };
    }
}

fn display(kind: &Kind, formatter: &Ident) -> TokenStream {
    let (pattern, message) = (pattern(kind), &kind.message);
    quote!(#pattern => ::core::write!(#formatter, #message),)
}

fn details(kind: &Kind) -> Option<TokenStream> {
    let title = kind.ident.unraw().to_string();
    fields(kind).map(|fields| fields.structs(&quote!(rename = #title)))
}

fn to_wire(kind: &Kind, message: &Ident) -> TokenStream {
    let (pattern, code) = (pattern(kind), &kind.code);
    let details = fields(kind).map(|fields| {
        let (borrowed, braced) = (fields.borrowed(), fields.braced());
        quote!(.with_details(&#borrowed #braced))
    });
    let retryable = kind.retryable;
    quote!(#pattern => ::hallway::WireError::new(#code, #message) #details .retryable(#retryable),)
}

fn from_wire(kind: &Kind) -> TokenStream {
    let (code, ident) = (&kind.code, &kind.ident);
    let Some(fields) = fields(kind) else {
        return quote!(#code => ::core::option::Option::Some(Self::#ident),);
    };
    let (owned, braced) = (fields.owned(), fields.braced());
    quote! {
        #code => {
            let #owned #braced = error.details_as()?;
            ::core::option::Option::Some(Self::#ident #braced)
        }
    }
}

fn describe(kind: &Kind) -> TokenStream {
    let Kind { docs, code, retryable, .. } = kind;
    match fields(kind).map(|fields| fields.owned()) {
        Some(owned) => quote!(into.code::<#owned>(#code, #docs, #retryable);),
        None => quote!(into.plain_code(#code, #docs, #retryable);),
    }
}

fn pattern(kind: &Kind) -> TokenStream {
    let ident = &kind.ident;
    let fields = fields(kind).map(|fields| fields.braced());
    quote!(Self::#ident #fields)
}

fn fields(kind: &Kind) -> Option<Fields<'_>> {
    kind.fields.as_ref().map(|fields| Fields::new(&kind.ident, fields))
}
