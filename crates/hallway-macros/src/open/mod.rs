//! `#[derive(Open)]`: an enum is read into a [`parse::OpenEnum`] and written as what reads and writes it.

mod emit;
mod parse;

use proc_macro2::TokenStream;

/// Expands the derive on an enum.
///
/// # Errors
/// All mistakes of the declaration.
pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    parse::parse(syn::parse2(item)?).map(|open| emit::emit(&open))
}
