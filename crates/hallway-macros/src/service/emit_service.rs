//! The service type that a server mounts, and its router.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::model::{Input, Method, Service, Shape};

/// Writes the type.
pub(crate) fn emit_type(service: &Service) -> TokenStream {
    let (visibility, trait_name, name) = (&service.visibility, &service.ident, &service.name);
    let server = service.type_name("Service");
    let about = format!("Serves the service `{name}` from an implementation of [`{trait_name}`].");
    let (new, from_arc) = (
        "Serves an implementation.",
        "Serves an implementation that other parts of the program hold as well.",
    );
    quote! {
        #[doc = #about]
        #[allow(dead_code)]
        #visibility struct #server<T>(::std::sync::Arc<T>);

        #[allow(dead_code)]
        impl<T: #trait_name> #server<T> {
            #[doc = #new]
            #[must_use]
            #visibility fn new(implementation: T) -> Self {
                Self(::std::sync::Arc::new(implementation))
            }

            #[doc = #from_arc]
            #[must_use]
            #visibility fn from_arc(implementation: ::std::sync::Arc<T>) -> Self {
                Self(implementation)
            }
        }

        impl<T> ::core::clone::Clone for #server<T> {
            fn clone(&self) -> Self {
                Self(::std::sync::Arc::clone(&self.0))
            }
        }

        impl<T> ::core::fmt::Debug for #server<T> {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.write_str(::core::stringify!(#server))
            }
        }
    }
}

/// Writes the router.
pub(crate) fn emit_router(service: &Service) -> TokenStream {
    let trait_name = &service.ident;
    let server = service.type_name("Service");
    let description = service.description_name();
    let arms = service.methods.iter().map(|method| arm(service, method));
    quote! {
        impl<T: #trait_name> ::hallway::service::Service for #server<T> {
            fn description(&self) -> &'static ::hallway::service::Description {
                #description()
            }

            #[allow(deprecated)]
            fn handle(&self, request: ::hallway::service::Request<'_>) -> ::hallway::service::Handling {
                match request.method() {
                    #(#arms)*
                    _ => request.unknown_method(),
                }
            }
        }
    }
}

fn arm(service: &Service, method: &Method) -> TokenStream {
    let (conditions, name, params) = (method.conditions(), method.wire_name(), method.params_name());
    let bound = if method.parameters().next().is_some() { quote!(params) } else { quote!(_) };
    let answer = answer(service, method);
    quote! {
        #conditions
        #name => {
            let service = ::std::sync::Arc::clone(&self.0);
            request.start(move |#bound: #params, responder: ::hallway::service::Responder| async move {
                #answer
            })
        }
    }
}

fn answer(service: &Service, method: &Method) -> TokenStream {
    let (trait_name, ident) = (&service.ident, &method.ident);
    let arguments = method.inputs.iter().map(|input| match input {
        Input::Context(_) => quote!(responder.context()),
        Input::Parameter(parameter) => {
            let field = &parameter.argument.ident;
            quote!(params.#field)
        }
    });
    let span = method.generated_span();
    // Spelled out, because a method may have the name of one of `Arc`'s.
    let call = quote_spanned!(span=> <T as #trait_name>::#ident(&service #(, #arguments)*));
    match &method.shape {
        Shape::Notification => quote_spanned!(span=> #call.await; responder.done();),
        Shape::Value(_) => quote_spanned!(span=> responder.value(&#call.await);),
        Shape::Outcome(..) => quote_spanned!(span=> responder.outcome(&#call.await);),
        Shape::Items(_) => quote_spanned!(span=> responder.items(#call).await;),
        Shape::Results(..) => quote_spanned!(span=> responder.results(#call).await;),
        Shape::Events(_) => quote_spanned!(span=> responder.events(#call).await;),
    }
}
