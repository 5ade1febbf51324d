//! Reading an enum of errors; every mistake in it is found in one pass.

use std::collections::HashSet;

use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, LitStr, Token, Variant};

use crate::attributes;
use crate::mistakes::Mistakes;
use crate::names;

/// What a variant without the attribute should have written.
const MISSING: &str = "say what happened: write `#[error(\"...\")]` above this variant";

/// One enum of errors.
#[derive(Debug)]
pub(crate) struct ErrorEnum {
    pub(crate) ident: Ident,
    pub(crate) kinds: Vec<Kind>,
}

/// One kind of error: a variant.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) ident: Ident,
    pub(crate) docs: String,
    pub(crate) code: String,
    /// The format string of the message.
    pub(crate) message: LitStr,
    pub(crate) retryable: bool,
    /// The named fields, `None` if the variant is a unit.
    pub(crate) fields: Option<Vec<Field>>,
}

/// What is written in `#[error(...)]`.
struct Words {
    message: LitStr,
    code: Option<LitStr>,
    retryable: bool,
}

/// Reads an enum of errors.
///
/// # Errors
/// All its mistakes, each at the user's own words.
pub(crate) fn parse(item: DeriveInput) -> syn::Result<ErrorEnum> {
    let Data::Enum(data) = item.data else {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "write an enum: each of its variants is one thing that can go wrong, with a code of its own",
        ));
    };
    let mut mistakes = Mistakes::default();
    if !item.generics.params.is_empty() {
        mistakes.say(
            &item.generics,
            "an error cannot be generic: a caller in another process has to know every type",
        );
    }
    if data.variants.is_empty() {
        mistakes.say(&item.ident, "an error without variants cannot happen: write one");
    }
    let mut codes = HashSet::new();
    let kinds = data.variants.into_iter().filter_map(|variant| kind(variant, &mut codes, &mut mistakes));
    let kinds = kinds.collect();
    mistakes.finish(ErrorEnum { ident: item.ident, kinds })
}

fn kind(variant: Variant, codes: &mut HashSet<String>, mistakes: &mut Mistakes) -> Option<Kind> {
    let Variant { mut attrs, ident, fields, .. } = variant;
    let words = words(&mut attrs, &ident, mistakes);
    let fields = match fields {
        Fields::Unit => Some(None),
        Fields::Named(named) => Some(Some(named.named.into_iter().collect())),
        Fields::Unnamed(unnamed) => {
            mistakes.say(
                unnamed,
                format!(
                    "name the fields: write `{ident} {{ name: Type }}`, because they travel by their names"
                ),
            );
            None
        }
    };
    let Words { message, code: written, retryable } = words?;
    let code = written.as_ref().map_or_else(|| names::snake_case(&ident.unraw().to_string()), LitStr::value);
    let span = written.as_ref().map_or_else(|| ident.span(), LitStr::span);
    if let Err(wrong) = names::check_code(&code) {
        mistakes.add(syn::Error::new(span, wrong));
    }
    if !codes.insert(code.clone()) {
        let message =
            format!("there is an error with the code `{code}` already: write another `code = \"...\"`");
        mistakes.add(syn::Error::new(span, message));
    }
    Some(Kind { docs: attributes::docs(&attrs), ident, code, message, retryable, fields: fields? })
}

fn words(attributes: &mut Vec<Attribute>, variant: &Ident, mistakes: &mut Mistakes) -> Option<Words> {
    let Some(attribute) = attributes::take(attributes, "error", mistakes) else {
        mistakes.say(variant, MISSING);
        return None;
    };
    mistakes.keep(attribute.parse_args())
}

impl Parse for Words {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let message =
            input.parse().map_err(|error| syn::Error::new(error.span(), "write the message, a string"))?;
        let mut words = Self { message, code: None, retryable: false };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word = Ident::parse_any(input)?;
            if word == "retryable" && !words.retryable {
                words.retryable = true;
            } else if word == "code" && words.code.is_none() {
                input.parse::<Token![=]>()?;
                words.code = Some(input.parse()?);
            } else {
                let message =
                    "write `code = \"...\"` or `retryable`, each once; the message names fields as `{field}`";
                return Err(syn::Error::new(word.span(), message));
            }
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;
    use crate::mistakes::said_of;

    #[test]
    fn an_enum_is_read() {
        let error = parse(parse_quote! {
            enum MailError {
                /// The query cannot be read.
                #[error("column {column}")]
                BadQuery { column: u32 },
                #[error("no message {id}", code = "not_found")]
                NoMessage { id: u64 },
                #[error("the store is locked", retryable,)]
                Locked,
            }
        })
        .expect("read");
        let kinds: Vec<_> = error
            .kinds
            .iter()
            .map(|kind| {
                (kind.code.as_str(), kind.docs.as_str(), kind.retryable, kind.fields.as_ref().map(Vec::len))
            })
            .collect();
        assert_eq!(
            kinds,
            [
                ("bad_query", "The query cannot be read.", false, Some(1)),
                ("not_found", "", false, Some(1)),
                ("locked", "", true, None),
            ]
        );
    }

    #[test]
    fn all_mistakes_are_said_at_once() {
        let said = said_of(parse(parse_quote! {
            enum MailError<T> {
                NoAttribute,
                #[error("a {0}")]
                Tuple(u8),
                #[error("internal")]
                Internal,
                #[error("a", code = "tuple")]
                Again,
                #[error("b", code = "Bad-Code")]
                Bad,
                #[error("c", .0)]
                Argument,
                #[error(3)]
                Number,
            }
        }));
        let expected = [
            "cannot be generic",
            "write `#[error(\"...\")]`",
            "name the fields: write `Tuple { name: Type }`",
            "`internal` is hallway's own",
            "code `tuple` already",
            "`Bad-Code` cannot be the code",
            "expected ident",
            "write the message",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, says) in said.iter().zip(expected) {
            assert!(said.contains(says), "{said:?} does not say {says:?}");
        }
    }

    #[test]
    fn only_an_enum_with_variants_is_an_error() {
        assert!(
            said_of(parse(parse_quote!(
                struct MailError;
            )))[0]
                .contains("write an enum")
        );
        assert!(
            said_of(parse(parse_quote!(
                enum MailError {}
            )))[0]
                .contains("write one")
        );
    }
}
