//! Reading and removing attributes.

use quote::ToTokens as _;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::mistakes::Mistakes;

/// Removes the attribute `name` and returns it; a second one is a mistake.
pub(crate) fn take(
    attributes: &mut Vec<Attribute>,
    name: &str,
    mistakes: &mut Mistakes,
) -> Option<Attribute> {
    let mut taken = attributes.extract_if(.., |attribute| attribute.path().is_ident(name));
    let first = taken.next();
    for again in taken {
        mistakes.say(again, format!("`#[{name}]` is written twice: remove one"));
    }
    first
}

/// Removes the attribute `name`, which carries nothing, and says whether it was there.
pub(crate) fn take_flag(attributes: &mut Vec<Attribute>, name: &str, mistakes: &mut Mistakes) -> bool {
    let flag = take(attributes, name, mistakes);
    if let Some(flag) = &flag
        && flag.meta.require_path_only().is_err()
    {
        mistakes.say(flag, format!("`#[{name}]` carries nothing: write it alone"));
    }
    flag.is_some()
}

/// Returns the attributes named in `names`, for an item that is emitted a second time.
pub(crate) fn only<'a>(attributes: &'a [Attribute], names: &[&str]) -> Vec<&'a Attribute> {
    attributes.iter().filter(|attribute| names.iter().any(|name| attribute.path().is_ident(name))).collect()
}

/// Returns the text of the doc comments, without the margins they are written with.
///
/// A `#[doc = include_str!(..)]` is not text yet when a macro runs, and is left out.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let comments: Vec<String> = attributes.iter().filter_map(doc_comment).collect();
    comments.join("\n").trim().to_owned()
}

/// A line's margin is the space after `///`; a block's is what its lines after the first share.
fn doc_comment(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { return None };
    if !meta.path.is_ident("doc") {
        return None;
    }
    let text = text.value();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let margin = |line: &str| line.len() - line.trim_start().len();
    let shared = rest.lines().filter(|line| !line.trim().is_empty()).map(margin).min().unwrap_or(0);
    let rest = rest.lines().map(|line| line.get(shared..).unwrap_or(""));
    let lines = std::iter::once(first.strip_prefix(' ').unwrap_or(first)).chain(rest);
    Some(lines.map(str::trim_end).collect::<Vec<_>>().join("\n"))
}

/// Returns the string of `#[name = "..."]`; `name` is what the attribute is called.
pub(crate) fn string(attribute: &Attribute, name: &str) -> syn::Result<syn::LitStr> {
    let wrong = || syn::Error::new_spanned(attribute, format!("write a string: `#[{name} = \"...\"]`"));
    let value = &attribute.meta.require_name_value().map_err(|_| wrong())?.value;
    syn::parse2(value.to_token_stream()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_margin_of_a_doc_comment_is_not_part_of_it() {
        let item: syn::ItemStruct = parse_quote! {
            /// First.
            ///
            ///     code
            #[derive(Debug)]
            /** Block

                text.
                  - item */
            struct Documented;
        };
        assert_eq!(docs(&item.attrs), "First.\n\n    code\nBlock\n\ntext.\n  - item");
        let plain: syn::ItemStruct = parse_quote! { #[doc(hidden)] #[doc = include_str!("x")] struct Plain; };
        assert_eq!(docs(&plain.attrs), "");
    }

    #[test]
    fn an_attribute_is_taken_once() {
        let mut mistakes = Mistakes::default();
        let item: syn::ItemStruct = parse_quote! { #[idempotent] #[allow(x)] #[idempotent] struct S; };
        let mut attributes = item.attrs;
        assert!(take_flag(&mut attributes, "idempotent", &mut mistakes));
        assert!(!take_flag(&mut attributes, "idempotent", &mut mistakes), "both are gone");
        assert_eq!(attributes.len(), 1);
        assert!(mistakes.finish(()).expect_err("said").to_string().contains("twice"));
    }
}
