//! What can be told of a type from its tokens: what it is called, and whether it can travel.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{
    AngleBracketedGenericArguments, AssocType, GenericArgument, PathArguments, PathSegment, Type, parse_quote,
};

/// Returns the type itself, without the parentheses and the invisible groups a `macro_rules!` adds.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        _ => ty,
    }
}

/// Returns the last segment of a type that is a path: the `Vec<T>` of `std::vec::Vec<T>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match peel(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// Returns the arguments of a segment that are types: the `T` and the `E` of `Result<T, E>`.
pub(crate) fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let types = angle_brackets(segment).into_iter().flat_map(|brackets| &brackets.args);
    types
        .filter_map(|argument| if let GenericArgument::Type(ty) = argument { Some(ty) } else { None })
        .collect()
}

/// Returns an associated type of a segment: the `T` of `Stream<Item = T>`.
pub(crate) fn associated<'a>(segment: &'a PathSegment, name: &str) -> Option<&'a Type> {
    angle_brackets(segment)?.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == name => Some(ty),
        _ => None,
    })
}

fn angle_brackets(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(brackets) => Some(brackets),
        _ => None,
    }
}

/// Says whether the type is called `Context`.
pub(crate) fn is_context(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Context" && segment.arguments.is_none())
}

/// Says whether the type is called `Option`.
pub(crate) fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Option")
}

/// Refuses a type that cannot travel: one that borrows, that is not concrete, or that is `Self`. `what`
/// names what the type is of, in the plural.
///
/// # Errors
/// The first thing in the type that cannot travel, with what to write.
pub(crate) fn check_travels(ty: &Type, what: &str) -> syn::Result<()> {
    if let Type::Reference(reference) = peel(ty) {
        let owned = owned(&reference.elem);
        return Err(syn::Error::new_spanned(ty, format!("write `{owned}`: {what} cross a process boundary")));
    }
    check_tokens(ty.to_token_stream(), what)
}

/// The type to write in place of a reference to `ty`.
fn owned(ty: &Type) -> String {
    let owned = match (peel(ty), last_segment(ty)) {
        // As a list of numbers it would be four times as long in JSON.
        (Type::Slice(slice), _) if *slice.elem == parse_quote!(u8) => quote!(hallway::Bytes),
        (Type::Slice(slice), _) => {
            let element = &slice.elem;
            quote!(Vec<#element>)
        }
        (_, Some(segment)) if segment.ident == "str" => quote!(String),
        (_, Some(segment)) if segment.ident == "Path" => quote!(PathBuf),
        (ty, _) => ty.to_token_stream(),
    };
    owned.to_string().replace(" < ", "<").replace(" >", ">").replace(" :: ", "::")
}

fn check_tokens(tokens: TokenStream, what: &str) -> syn::Result<()> {
    for token in tokens {
        let wrong = match &token {
            TokenTree::Group(group) => {
                check_tokens(group.stream(), what)?;
                continue;
            }
            TokenTree::Punct(punct) if matches!(punct.as_char(), '&' | '\'') => {
                format!("write an owned type: {what} cross a process boundary, where nothing can be borrowed")
            }
            TokenTree::Ident(ident) if ident == "impl" || ident == "dyn" => {
                format!(
                    "write a concrete type: {what} cross a process boundary, where `{ident}` means nothing"
                )
            }
            TokenTree::Ident(ident) if ident == "Self" => {
                format!("write a type's name: {what} cross a process boundary, and `Self` stays behind it")
            }
            _ => continue,
        };
        return Err(syn::Error::new_spanned(token, wrong));
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn owned_types_travel() {
        let types: Vec<Type> = vec![
            parse_quote!(String),
            parse_quote!(Vec<(u8, Option<crate::Thing>)>),
            parse_quote!([u8; 4]),
            parse_quote!(()),
            parse_quote!(std::collections::BTreeMap<String, fn(u8) -> u8>),
        ];
        for ty in types {
            assert!(check_travels(&ty, "parameters").is_ok(), "{}", ty.to_token_stream());
        }
    }

    #[test]
    fn what_cannot_travel_is_named() {
        let types: Vec<(Type, &str)> = vec![
            (parse_quote!(&str), "write `String`"),
            (parse_quote!(&'static str), "write `String`"),
            (parse_quote!(&std::path::Path), "write `PathBuf`"),
            (parse_quote!(&[u8]), "write `hallway::Bytes`"),
            (parse_quote!(&[String]), "write `Vec<String>`"),
            (parse_quote!(&mut crate::Thing<u8>), "write `crate::Thing<u8>`"),
            (parse_quote!(Vec<&str>), "write an owned type"),
            (parse_quote!((u8, Cow<'static, str>)), "write an owned type"),
            (parse_quote!(impl Into<String>), "write a concrete type"),
            (parse_quote!(Box<dyn Any>), "write a concrete type"),
            (parse_quote!(Option<Self>), "write a type's name"),
        ];
        for (ty, says) in types {
            let said = check_travels(&ty, "parameters").expect_err("this type borrows").to_string();
            assert!(said.contains(says), "{said:?} does not say {says:?}");
            assert!(said.contains("parameters cross a process boundary"), "{said}");
        }
    }

    #[test]
    fn names_are_seen_through_paths_and_parentheses() {
        assert_eq!(last_segment(&parse_quote!((std::option::Option<u8>))).expect("a path").ident, "Option");
        assert!(is_context(&parse_quote!(hallway::Context)));
        assert!(!is_context(&parse_quote!(Context<u8>)));
        assert!(!is_context(&parse_quote!(<u8 as Has>::Context)));
    }
}
