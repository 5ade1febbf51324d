//! `#[service]`: a trait is read into a [`model`], from which each emitter writes its part.

mod check;
mod emit_client;
mod emit_description;
mod emit_params;
mod emit_service;
mod emit_trait;
mod model;
mod options;
mod parse;
mod shape;
mod types;

use proc_macro2::TokenStream;
use quote::quote;

use crate::mistakes::Mistakes;

/// Expands the attribute on a trait.
///
/// # Errors
/// All mistakes of the declaration.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let item = syn::parse2(item).map_err(|error| {
        syn::Error::new(error.span(), format!("a service is declared as a trait: {error}"))
    })?;
    let mut mistakes = Mistakes::default();
    let options = mistakes.keep(options::Options::parse(arguments)).unwrap_or_default();
    let service = parse::parse(options, item, mistakes)?;

    let declaration = emit_trait::emit(&service);
    let description = emit_description::emit(&service);
    let server = emit_service::emit_type(&service);
    let clients = emit_client::emit_types(&service);
    let hidden = emit_params::emit(&service);
    let router = emit_service::emit_router(&service);
    let calls = emit_client::emit_methods(&service);
    Ok(quote! {
        #declaration
        #description
        #server
        #clients
        // A block of their own, where the names of the hidden items are nobody else's.
        #[allow(non_camel_case_types, non_upper_case_globals)]
        const _: () = {
            #hidden
            #router
            #calls
        };
    })
}
