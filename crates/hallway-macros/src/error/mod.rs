//! `#[derive(Error)]`: an enum is read into a [`parse::ErrorEnum`] and written as the traits of an error
//! that travels.

mod emit;
mod parse;

use proc_macro2::TokenStream;

/// Expands the derive on an enum.
///
/// # Errors
/// All mistakes of the declaration.
pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    parse::parse(syn::parse2(item)?).map(|error| emit::emit(&error))
}
