//! The service declaration of hallway.

mod attributes;
mod error;
mod mistakes;
mod names;
mod reserved;
mod service;

use proc_macro::TokenStream;

/// Declares a service.
#[proc_macro_attribute]
pub fn service(arguments: TokenStream, item: TokenStream) -> TokenStream {
    written(service::expand(arguments.into(), item.into()))
}

/// Derives an error that travels.
#[proc_macro_derive(Error, attributes(error))]
pub fn error(item: TokenStream) -> TokenStream {
    written(error::expand(item.into()))
}

fn written(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
