//! The hidden structs of a variant's named fields: one that owns them, to be read, and one that borrows them, to be
//! written, because what travels need not be `Clone`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Field, Ident};

use crate::attributes;

/// The fields of one variant.
pub(crate) struct Fields<'a> {
    variant: &'a Ident,
    fields: &'a [Field],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(variant: &'a Ident, fields: &'a [Field]) -> Self {
        Self { variant, fields }
    }

    /// Writes the structs; `schema` says how the schema of the owner is called.
    pub(crate) fn structs(&self, schema: &TokenStream) -> TokenStream {
        let (owned, borrowed) = (self.owned(), self.borrowed());
        let owned_fields = self.fields.iter().map(|Field { attrs, ident, ty, .. }| {
            let docs = attributes::only(attrs, &["doc"]);
            quote!(#(#docs)* #ident: #ty,)
        });
        let borrowed_fields = self.fields.iter().map(|Field { ident, ty, .. }| quote!(#ident: &'fields #ty,));
        let lifetime = (!self.fields.is_empty()).then(|| quote!(<'fields>));
        quote! {
            #[derive(::hallway::__private::serde::Deserialize, ::hallway::__private::schemars::JsonSchema)]
            #[serde(crate = "::hallway::__private::serde")]
            #[schemars(crate = "::hallway::__private::schemars", #schema)]
            struct #owned { #(#owned_fields)* }

            #[derive(::hallway::__private::serde::Serialize)]
            #[serde(crate = "::hallway::__private::serde")]
            struct #borrowed #lifetime { #(#borrowed_fields)* }
        }
    }

    /// Returns the fields in braces, to take them apart and to put them together.
    pub(crate) fn braced(&self) -> TokenStream {
        let names = self.fields.iter().map(|field| &field.ident);
        quote!({ #(#names),* })
    }

    pub(crate) fn owned(&self) -> Ident {
        format_ident!("__Owned{}", self.variant.unraw())
    }

    pub(crate) fn borrowed(&self) -> Ident {
        format_ident!("__Borrowed{}", self.variant.unraw())
    }
}
