//! The two clients: one emitter, and what differs between them in a [`Flavour`].

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::Ident;

use super::model::{Argument, Method, Parameter, Service, Shape};
use crate::attributes;

/// The attributes of a method that a client repeats; any other is about the trait.
const REPEATED: &[&str] = &["doc", "cfg", "deprecated", "allow"];

/// What differs between the clients.
struct Flavour {
    /// What follows the trait's name.
    suffix: &'static str,
    /// Where the client it is built on lives, and its streams.
    home: TokenStream,
    is_async: bool,
    about: &'static str,
}

impl Flavour {
    fn all() -> [Self; 2] {
        [
            Self { suffix: "Client", home: quote!(::hallway), is_async: true, about: "asynchronously" },
            Self {
                suffix: "BlockingClient",
                home: quote!(::hallway::blocking),
                is_async: false,
                about: "from a thread that waits, with no asynchronous runtime",
            },
        ]
    }
}

/// Writes the types of the clients.
pub(crate) fn emit_types(service: &Service) -> TokenStream {
    Flavour::all().iter().map(|flavour| emit_type(service, flavour)).collect()
}

/// Writes what the clients can do.
pub(crate) fn emit_methods(service: &Service) -> TokenStream {
    Flavour::all().iter().map(|flavour| methods(service, flavour)).collect()
}

fn emit_type(service: &Service, flavour: &Flavour) -> TokenStream {
    let (visibility, name, home) = (&service.visibility, &service.name, &flavour.home);
    let client = service.type_name(flavour.suffix);
    let about = format!(
        "Calls the service `{name}` {}.\n\nThe error of every method is the conversation's: the service was \
         not reached, or did not answer. What the service itself refuses is inside the result. A clone \
         shares the connection.",
        flavour.about
    );
    quote! {
        #[doc = #about]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #[allow(dead_code)]
        #visibility struct #client {
            client: #home::Client,
        }

        #[allow(dead_code)]
        impl #client {
            /// Calls the service over a connection.
            #[must_use]
            #visibility fn new(client: #home::Client) -> Self {
                Self { client }
            }

            /// Returns the connection.
            #[must_use]
            #visibility fn client(&self) -> &#home::Client {
                &self.client
            }

            /// Returns a client whose calls carry `options`, over the same connection.
            #[must_use]
            #visibility fn with(&self, options: ::hallway::CallOptions) -> Self {
                Self { client: self.client.with(options) }
            }
        }

        impl ::core::convert::From<#home::Client> for #client {
            fn from(client: #home::Client) -> Self {
                Self { client }
            }
        }
    }
}

fn methods(service: &Service, flavour: &Flavour) -> TokenStream {
    let client = service.type_name(flavour.suffix);
    let methods = service.methods.iter().map(|method| self::method(service, method, flavour));
    quote! {
        #[allow(dead_code)]
        impl #client {
            #(#methods)*
        }
    }
}

fn method(service: &Service, method: &Method, flavour: &Flavour) -> TokenStream {
    let (visibility, ident) = (&service.visibility, &method.ident);
    let span = method.generated_span();
    let asyncness = flavour.is_async.then(|| quote_spanned!(span=> async));
    let awaited = flavour.is_async.then(|| quote_spanned!(span=> .await));
    let repeated = attributes::only(&method.attributes, REPEATED);
    let about = attributes::docs(&method.attributes).is_empty().then(|| {
        let about = format!("Calls `{}.{}`.", service.name, method.wire_name());
        quote!(#[doc = #about])
    });
    let arguments =
        method.parameters().map(|Parameter { argument: Argument { attributes, ident, ty }, .. }| {
            let repeated = attributes::only(attributes, REPEATED);
            quote!(#(#repeated)* #ident: #ty)
        });
    let fields = method.parameters().map(|parameter| &parameter.argument.ident);
    let (params, constant) = (method.params_name(), method.static_name());
    let (returned, call) = returned(&method.shape, &flavour.home);
    let call = Ident::new(call, span);
    quote_spanned! {span=>
        #(#repeated)*
        #about
        #visibility #asyncness fn #ident(&self #(, #arguments)*)
            -> ::core::result::Result<#returned, ::hallway::CallError>
        {
            self.client.#call(&#constant, &#params { #(#fields),* }) #awaited
        }
    }
}

/// What a client's method returns when the conversation holds, and the call that returns it.
fn returned(shape: &Shape, home: &TokenStream) -> (TokenStream, &'static str) {
    match shape {
        Shape::Notification => (quote!(()), "notify"),
        Shape::Value(value) => (value.to_token_stream(), "call"),
        Shape::Outcome(value, error) => (quote!(::core::result::Result<#value, #error>), "try_call"),
        Shape::Items(item) => (quote!(#home::Items<#item>), "stream"),
        Shape::Results(item, error) => (quote!(#home::TryItems<#item, #error>), "try_stream"),
        Shape::Events(event) => (quote!(#home::Events<#event>), "subscribe"),
    }
}
