//! The mistakes of one declaration, reported together.

use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far: a user hears of all of them in one compilation.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Adds a mistake that underlines `tokens`.
    pub(crate) fn say(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a mistake.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Keeps the value of a result, or its mistake.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Returns `value` when nothing was wrong; `None` is only ever the trace of a mistake.
    pub(crate) fn finish<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}

/// What a test hears of a declaration that is wrong.
#[cfg(test)]
pub(crate) fn said_of<T>(wrong: syn::Result<T>) -> Vec<String> {
    let error = wrong.err().expect("a mistake");
    error.into_iter().map(|one| one.to_string()).collect()
}
