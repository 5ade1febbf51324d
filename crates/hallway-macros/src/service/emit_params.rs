//! The hidden items that the router and the clients share: a struct of the parameters of each method, and
//! the static that names it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::model::{Absent, Method, Parameter, Service};
use super::types;

/// Writes the structs and the statics.
pub(crate) fn emit(service: &Service) -> TokenStream {
    service.methods.iter().map(|method| self::method(service, method)).collect()
}

fn method(service: &Service, method: &Method) -> TokenStream {
    let conditions = method.conditions();
    let (params, constant) = (method.params_name(), method.static_name());
    let fields = method.parameters().map(|parameter| field(service, method, parameter));
    let name = format!("{}.{}", service.name, method.wire_name());
    let idempotent = method.idempotent;
    quote_spanned! {method.generated_span()=>
        #conditions
        #[derive(::hallway::__private::serde::Serialize, ::hallway::__private::serde::Deserialize)]
        #[serde(crate = "::hallway::__private::serde", deny_unknown_fields)]
        #[serde(expecting = "an object or an array of the parameters")]
        struct #params {
            #(#fields)*
        }

        #conditions
        static #constant: ::hallway::service::Method =
            ::hallway::service::Method { name: #name, idempotent: #idempotent };
    }
}

fn field(service: &Service, method: &Method, parameter: &Parameter) -> TokenStream {
    let (ident, ty) = (&parameter.argument.ident, &parameter.argument.ty);
    let default = match &parameter.default {
        // By name an `Option` may be absent without a word; by position only with this one.
        Absent::Refused if types::is_option(ty) => quote!(#[serde(default)]),
        Absent::Refused => quote!(),
        Absent::TypeDefault => quote!(#[serde(default)]),
        Absent::Value(_) => {
            let function = service.default_name(method, parameter).to_string();
            quote!(#[serde(default = #function)])
        }
    };
    quote!(#default #ident: #ty,)
}
