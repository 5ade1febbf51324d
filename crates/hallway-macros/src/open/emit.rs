//! Reading, writing and describing an open enum.

use proc_macro2::TokenStream;
use quote::quote;

use super::parse::{Holds, Known, OpenEnum};
use crate::fields::Fields;

/// Writes the implementations.
pub(crate) fn emit(open: &OpenEnum) -> TokenStream {
    let OpenEnum { ident, docs, known, unknown } = open;
    let serde = quote!(::hallway::__private::serde);
    let schemars = quote!(::hallway::__private::schemars);
    let structs = known.iter().filter_map(|known| match &known.holds {
        Holds::Fields(fields) => Some(Fields::new(&known.ident, fields).structs(&quote!(inline))),
        Holds::Nothing | Holds::Value(_) => None,
    });
    let write = (0..).zip(known).map(|(index, known)| write(open, index, known));
    let by_name = known.iter().filter_map(by_name);
    let by_member = known.iter().filter_map(by_member);
    let describe = known.iter().map(describe);
    let names = known.iter().map(|known| &known.name);
    let title = ident.to_string();
    quote! {
        // A block of their own, where the names of the hidden structs are nobody else's.
        const _: () = {
            #(#structs)*

            impl #serde::Serialize for #ident {
                fn serialize<S: #serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    match self {
                        #(#write)*
                        Self::#unknown(value) => #serde::Serialize::serialize(value, serializer),
                    }
                }
            }

            impl<'de> #serde::Deserialize<'de> for #ident {
                fn deserialize<D: #serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    ::hallway::service::Open::read(deserializer)
                }
            }

            impl ::hallway::service::Open for #ident {
                const NAMES: &'static [&'static str] = &[#(#names),*];

                fn by_name(name: &str) -> ::core::option::Option<Self> {
                    match name {
                        #(#by_name)*
                        _ => ::core::option::Option::None,
                    }
                }

                #[allow(unused_variables)]
                fn by_member<'de, M: #serde::de::MapAccess<'de>>(
                    name: &str,
                    map: &mut M,
                ) -> ::core::result::Result<::core::option::Option<Self>, M::Error> {
                    match name {
                        #(#by_member)*
                        _ => ::core::result::Result::Ok(::core::option::Option::None),
                    }
                }

                fn unknown(unknown: ::hallway::Unknown) -> Self {
                    Self::#unknown(unknown)
                }
            }

            impl #schemars::JsonSchema for #ident {
                fn schema_name() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(#title)
                }

                fn schema_id() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(::core::concat!(::core::module_path!(), "::", #title))
                }

                fn json_schema(generator: &mut #schemars::SchemaGenerator) -> #schemars::Schema {
                    let mut schema = ::hallway::service::OpenSchema::new(generator);
                    #(#describe)*
                    schema.build(#docs)
                }
            }
        };
    }
}

fn write(open: &OpenEnum, index: u32, known: &Known) -> TokenStream {
    let Known { ident, name, holds, .. } = known;
    let title = open.ident.to_string();
    match holds {
        Holds::Nothing => quote!(Self::#ident => serializer.serialize_unit_variant(#title, #index, #name),),
        Holds::Value(_) => quote! {
            Self::#ident(value) => serializer.serialize_newtype_variant(#title, #index, #name, value),
        },
        Holds::Fields(fields) => {
            let fields = Fields::new(ident, fields);
            let (borrowed, braced) = (fields.borrowed(), fields.braced());
            quote! {
                Self::#ident #braced =>
                    serializer.serialize_newtype_variant(#title, #index, #name, &#borrowed #braced),
            }
        }
    }
}

fn by_name(known: &Known) -> Option<TokenStream> {
    let Known { ident, name, .. } = known;
    matches!(known.holds, Holds::Nothing)
        .then(|| quote!(#name => ::core::option::Option::Some(Self::#ident),))
}

fn by_member(known: &Known) -> Option<TokenStream> {
    let Known { ident, name, .. } = known;
    let read = match &known.holds {
        Holds::Nothing => return None,
        Holds::Value(ty) => quote!(map.next_value::<#ty>().map(Self::#ident)),
        Holds::Fields(fields) => {
            let fields = Fields::new(ident, fields);
            let (owned, braced) = (fields.owned(), fields.braced());
            quote!(map.next_value::<#owned>().map(|#owned #braced| Self::#ident #braced))
        }
    };
    Some(quote!(#name => #read.map(::core::option::Option::Some),))
}

fn describe(known: &Known) -> TokenStream {
    let Known { ident, name, docs, .. } = known;
    match &known.holds {
        Holds::Nothing => quote!(schema.name(#name, #docs);),
        Holds::Value(ty) => quote!(schema.member::<#ty>(#name, #docs);),
        Holds::Fields(fields) => {
            let owned = Fields::new(ident, fields).owned();
            quote!(schema.member::<#owned>(#name, #docs);)
        }
    }
}
