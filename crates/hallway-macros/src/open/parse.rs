//! Reading an open enum; every mistake in it is found in one pass.

use std::collections::HashSet;

use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DeriveInput, Field, Ident, LitStr, Type, Variant};

use crate::attributes;
use crate::mistakes::Mistakes;
use crate::names;

/// What an enum without a variant for the rest should have written.
const MISSING: &str = "a newer peer has variants that this build does not know: write one more for them, \
                       `Unknown(hallway::Unknown)`";

/// What a variant with several unnamed fields should have written.
const UNNAMED: &str = "write one value in a variant, or name its fields: they travel by their names";

/// One open enum.
#[derive(Debug)]
pub(crate) struct OpenEnum {
    pub(crate) ident: Ident,
    pub(crate) docs: String,
    /// Those that travel by a name.
    pub(crate) known: Vec<Known>,
    /// The one for all others.
    pub(crate) unknown: Ident,
}

/// One variant that this build knows.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) ident: Ident,
    pub(crate) docs: String,
    pub(crate) name: String,
    pub(crate) holds: Holds,
}

/// What a variant holds.
#[derive(Debug)]
pub(crate) enum Holds {
    Nothing,
    Value(Box<Type>),
    Fields(Vec<Field>),
}

/// What is found where a variant stands.
enum Found {
    Known(Known),
    Unknown(Ident),
}

/// Reads an open enum.
///
/// # Errors
/// All its mistakes, each at the user's own words.
pub(crate) fn parse(mut item: DeriveInput) -> syn::Result<OpenEnum> {
    let Data::Enum(data) = item.data else {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "write an enum: a struct is open as it is, since members that it does not know are ignored",
        ));
    };
    let mut mistakes = Mistakes::default();
    if !item.generics.params.is_empty() {
        mistakes.say(
            &item.generics,
            "an open enum cannot be generic: a peer in another process has to know every type",
        );
    }
    refuse_serde(&mut item.attrs, &mut mistakes);
    let (mut known, mut unknown, mut names) = (Vec::new(), None::<Ident>, HashSet::new());
    for variant in data.variants {
        match self::variant(variant, &mut mistakes) {
            Some(Found::Known(variant)) => {
                if !names.insert(variant.name.clone()) {
                    mistakes.say(
                        &variant.ident,
                        format!("there is a variant `{}` already: write another name", variant.name),
                    );
                }
                known.push(variant);
            }
            Some(Found::Unknown(again)) if unknown.is_some() => {
                mistakes.say(again, "one variant is for all that this build does not know: remove this one");
            }
            Some(Found::Unknown(ident)) => unknown = Some(ident),
            None => (),
        }
    }
    if unknown.is_none() {
        mistakes.say(&item.ident, MISSING);
    }
    let docs = attributes::docs(&item.attrs);
    // A mistake has been said where there is none.
    let unknown = unknown.unwrap_or_else(|| item.ident.clone());
    mistakes.finish(OpenEnum { ident: item.ident, docs, known, unknown })
}

fn variant(variant: Variant, mistakes: &mut Mistakes) -> Option<Found> {
    let Variant { mut attrs, ident, fields, .. } = variant;
    refuse_serde(&mut attrs, mistakes);
    let renamed = attributes::take(&mut attrs, "name", mistakes);
    let renamed = renamed.and_then(|attribute| mistakes.keep(attributes::string(&attribute, "name")));
    let holds = match fields {
        syn::Fields::Unit => Holds::Nothing,
        syn::Fields::Named(named) => {
            let mut fields: Vec<Field> = named.named.into_iter().collect();
            fields.iter_mut().for_each(|field| refuse_serde(&mut field.attrs, mistakes));
            Holds::Fields(fields)
        }
        syn::Fields::Unnamed(unnamed) => {
            let mut fields = unnamed.unnamed.clone().into_iter();
            match (fields.next(), fields.next()) {
                (Some(mut field), None) => {
                    refuse_serde(&mut field.attrs, mistakes);
                    Holds::Value(Box::new(field.ty))
                }
                _ => {
                    mistakes.say(unnamed, UNNAMED);
                    return None;
                }
            }
        }
    };
    if let Holds::Value(ty) = &holds
        && is_unknown(ty)
    {
        if let Some(name) = renamed {
            mistakes.say(name, "what this build does not know has a name of its own: remove `#[name]`");
        }
        return Some(Found::Unknown(ident));
    }
    let name = renamed.as_ref().map_or_else(|| names::snake_case(&ident.unraw().to_string()), LitStr::value);
    if let Err(wrong) = names::check("the name of a variant", &name) {
        let span = renamed.as_ref().map_or_else(|| ident.span(), LitStr::span);
        mistakes.add(syn::Error::new(span, wrong));
    }
    Some(Found::Known(Known { docs: attributes::docs(&attrs), ident, name, holds }))
}

/// Says whether the type is called `Unknown`.
fn is_unknown(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Unknown"))
}

/// Refuses every `#[serde(...)]`: some would close the enum again, and the others have nobody to read them.
fn refuse_serde(attributes: &mut Vec<Attribute>, mistakes: &mut Mistakes) {
    for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("serde")) {
        let mut closes = None;
        // What cannot be parsed is refused as well.
        let _parsed = attribute.parse_nested_meta(|meta| {
            if let Some(word) = meta.path.get_ident() {
                closes = closes.take().or(Some(word.to_string()));
            }
            meta.value().and_then(|value| value.parse::<syn::Expr>()).map(drop).or(Ok(()))
        });
        let message = match closes.as_deref() {
            Some(word @ ("tag" | "content" | "untagged" | "flatten")) => format!(
                "`{word}` makes a reader keep a whole value before it knows what it is: remove this, an open enum \
                 travels as the name of its variant, and `{{\"name\": value}}` if that holds one"
            ),
            Some("deny_unknown_fields") => {
                "a newer peer may send fields that this build does not know: remove this".to_owned()
            }
            Some("other") => {
                "write `Unknown(hallway::Unknown)`, which keeps the name and the value, and remove this".to_owned()
            }
            Some("rename" | "rename_all") => {
                "variants are called by their names in snake case: write `#[name = \"...\"]` on a variant that is \
                 called otherwise"
                    .to_owned()
            }
            _ => "an open enum is read and written without `serde`'s attributes: remove this, and put what needs \
                  them into a struct of its own, `Variant(Struct)`"
                .to_owned(),
        };
        mistakes.say(attribute, message);
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;
    use crate::mistakes::said_of;

    #[test]
    fn an_enum_is_read() {
        let open = parse(parse_quote! {
            /// What becomes of a job.
            enum State {
                /// Nobody works on it.
                Waiting,
                #[name = "at_work"]
                Running { percent: u8 },
                Done(Report),
                Other(hallway::Unknown),
            }
        })
        .expect("read");
        let known: Vec<_> = open
            .known
            .iter()
            .map(|known| (known.name.as_str(), known.docs.as_str(), matches!(known.holds, Holds::Nothing)))
            .collect();
        assert_eq!(
            known,
            [("waiting", "Nobody works on it.", true), ("at_work", "", false), ("done", "", false)]
        );
        assert_eq!(
            (open.docs.as_str(), open.unknown.to_string().as_str()),
            ("What becomes of a job.", "Other")
        );
    }

    #[test]
    fn all_mistakes_are_said_at_once() {
        let said = said_of(parse(parse_quote! {
            #[serde(tag = "kind", rename_all = "snake_case")]
            enum State<T> {
                #[serde(rename = "x")]
                Waiting,
                #[name = "waiting"]
                Again,
                Two(u8, u8),
                #[name = "Bad"]
                Bad { #[serde(flatten)] inner: Inner },
                Unknown(Unknown),
                Rest(Unknown),
            }
        }));
        let expected = [
            "cannot be generic",
            "`tag` makes a reader keep",
            "write `#[name = \"...\"]`",
            "a variant `waiting` already",
            "name its fields",
            "`flatten` makes a reader keep",
            "`Bad` cannot be the name of a variant",
            "remove this one",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, says) in said.iter().zip(expected) {
            assert!(said.contains(says), "{said:?} does not say {says:?}");
        }
    }

    #[test]
    fn an_enum_is_open_only_with_a_variant_for_the_rest() {
        assert!(
            said_of(parse(parse_quote!(
                enum State {
                    Waiting,
                }
            )))[0]
                .contains("`Unknown(hallway::Unknown)`")
        );
        assert!(
            said_of(parse(parse_quote!(
                struct State;
            )))[0]
                .contains("write an enum")
        );
    }
}
