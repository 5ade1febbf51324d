//! The traits of an error that travels: `Display`, `Error`, and the way to the wire and back.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Field, Ident};

use super::parse::{ErrorEnum, Kind};
use crate::attributes;

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

/// The structs of the fields: one that owns them and one that borrows them, because an error need not be
/// `Clone` to travel.
fn details(kind: &Kind) -> Option<TokenStream> {
    let fields = kind.fields.as_ref()?;
    let (owned, borrowed) = (owned_name(kind), borrowed_name(kind));
    let title = kind.ident.unraw().to_string();
    let owned_fields = fields.iter().map(|Field { attrs, ident, ty, .. }| {
        let docs = attributes::only(attrs, &["doc"]);
        quote!(#(#docs)* #ident: #ty,)
    });
    let borrowed_fields = fields.iter().map(|Field { ident, ty, .. }| quote!(#ident: &'details #ty,));
    let lifetime = (!fields.is_empty()).then(|| quote!(<'details>));
    Some(quote! {
        #[derive(::hallway::__private::serde::Deserialize, ::hallway::__private::schemars::JsonSchema)]
        #[serde(crate = "::hallway::__private::serde")]
        #[schemars(crate = "::hallway::__private::schemars", rename = #title)]
        struct #owned { #(#owned_fields)* }

        #[derive(::hallway::__private::serde::Serialize)]
        #[serde(crate = "::hallway::__private::serde")]
        struct #borrowed #lifetime { #(#borrowed_fields)* }
    })
}

fn to_wire(kind: &Kind, message: &Ident) -> TokenStream {
    let pattern = pattern(kind);
    let code = &kind.code;
    let details = kind.fields.as_ref().map(|fields| {
        let (borrowed, names) = (borrowed_name(kind), names(fields));
        quote!(.with_details(&#borrowed { #(#names),* }))
    });
    let retryable = kind.retryable;
    quote!(#pattern => ::hallway::WireError::new(#code, #message) #details .retryable(#retryable),)
}

fn from_wire(kind: &Kind) -> TokenStream {
    let (code, ident) = (&kind.code, &kind.ident);
    let Some(fields) = &kind.fields else {
        return quote!(#code => ::core::option::Option::Some(Self::#ident),);
    };
    let (owned, names) = (owned_name(kind), names(fields));
    let names = quote!(#(#names),*);
    quote! {
        #code => {
            let #owned { #names } = error.details_as()?;
            ::core::option::Option::Some(Self::#ident { #names })
        }
    }
}

fn describe(kind: &Kind) -> TokenStream {
    let Kind { docs, code, retryable, .. } = kind;
    if kind.fields.is_some() {
        let owned = owned_name(kind);
        quote!(into.code::<#owned>(#code, #docs, #retryable);)
    } else {
        quote!(into.plain_code(#code, #docs, #retryable);)
    }
}

fn pattern(kind: &Kind) -> TokenStream {
    let ident = &kind.ident;
    let fields = kind.fields.as_ref().map(|fields| {
        let names = names(fields);
        quote!({ #(#names),* })
    });
    quote!(Self::#ident #fields)
}

fn names(fields: &[Field]) -> Vec<&Option<Ident>> {
    fields.iter().map(|field| &field.ident).collect()
}

fn owned_name(kind: &Kind) -> Ident {
    format_ident!("__Owned{}", kind.ident.unraw())
}

fn borrowed_name(kind: &Kind) -> Ident {
    format_ident!("__Borrowed{}", kind.ident.unraw())
}
