//! A service's declaration as the emitters see it: read, checked, and without our own attributes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitStr, Receiver, ReturnType, Token, Type, TypeParamBound, Visibility};

use crate::{attributes, names};

/// One service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its methods are messages of the sidecar dialect as well.
    pub(crate) sidecar: bool,
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    /// What stays on the trait.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) supertraits: Punctuated<TypeParamBound, Token![+]>,
    pub(crate) methods: Vec<Method>,
}

/// One method.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) ident: Ident,
    /// What `#[name = "..."]` says.
    pub(crate) renamed: Option<LitStr>,
    /// What `#[reply = "..."]` says.
    pub(crate) reply: Option<LitStr>,
    /// What stays on the trait's method.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) idempotent: bool,
    pub(crate) bulk: bool,
    /// What `#[params_max = N]` says.
    pub(crate) params_max: Option<Expr>,
    pub(crate) receiver: Receiver,
    pub(crate) inputs: Vec<Input>,
    pub(crate) shape: Shape,
    /// The return type as it is written.
    pub(crate) output: ReturnType,
}

/// One argument of the trait's method, in the order written.
#[derive(Debug)]
pub(crate) enum Input {
    /// `cx: &Context`: what is known about the call, which does not travel.
    Context(Argument),
    /// A parameter, which travels by its name.
    Parameter(Parameter),
}

/// What every argument has.
#[derive(Debug)]
pub(crate) struct Argument {
    /// What stays on the trait's argument.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
}

/// An argument that travels.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) argument: Argument,
    pub(crate) docs: String,
    pub(crate) default: Absent,
}

/// What a parameter is when a caller leaves it out.
#[derive(Debug)]
pub(crate) enum Absent {
    /// A mistake of the caller, unless the type can be absent, as an `Option` can.
    Refused,
    /// The type's own default: `#[default]`.
    TypeDefault,
    /// `#[default(expr)]`.
    Value(Box<Expr>),
}

/// What a method gives back.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Nothing, and nobody waits.
    Notification,
    /// One value.
    Value(Type),
    /// One value, or the service's error.
    Outcome(Type, Type),
    /// A stream of values.
    Items(Type),
    /// A stream of values that the service's error can end.
    Results(Type, Type),
    /// Numbered events, from which a subscriber can resume.
    Events(Type),
}

impl Service {
    /// Returns the name of a type that is generated for the service: the trait's name and `suffix`.
    pub(crate) fn type_name(&self, suffix: &str) -> Ident {
        format_ident!("{}{suffix}", self.ident)
    }

    /// Returns the name of the function that returns the description.
    pub(crate) fn description_name(&self) -> Ident {
        format_ident!("{}_description", self.snake_name(), span = self.ident.span())
    }

    /// Returns the name of the function that makes the default of a parameter. It is outside the block
    /// that holds the rest of the hidden items, because the description needs it too.
    pub(crate) fn default_name(&self, method: &Method, parameter: &Parameter) -> Ident {
        let (service, method) = (self.snake_name(), method.ident.unraw());
        format_ident!("__{service}_{method}_default_{}", parameter.argument.ident.unraw())
    }

    fn snake_name(&self) -> String {
        names::snake_case(&self.ident.unraw().to_string())
    }
}

impl Method {
    /// Returns the name of the method on the wire, without the service's.
    pub(crate) fn wire_name(&self) -> String {
        self.renamed.as_ref().map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }

    /// Returns the name of the hidden struct that carries the parameters.
    pub(crate) fn params_name(&self) -> Ident {
        format_ident!("__Params_{}", self.ident.unraw())
    }

    /// Returns the name of the hidden static that a client calls the method by.
    pub(crate) fn static_name(&self) -> Ident {
        format_ident!("__METHOD_{}", self.ident.unraw())
    }

    /// Returns the name of the constant that holds the length of the longest parameters. A name that no
    /// expression of the user's means, because it is in scope there.
    pub(crate) fn params_max_name(&self) -> Ident {
        format_ident!("__PARAMS_MAX_{}", self.ident.unraw())
    }

    /// Returns the span of what is generated for the method: the compiler's remarks about a type appear at
    /// the user's words, and lints of style, which are for what the user wrote, do not.
    pub(crate) fn generated_span(&self) -> Span {
        self.ident.span().resolved_at(Span::call_site())
    }

    /// Returns the arguments that travel.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.inputs.iter().filter_map(|input| match input {
            Input::Context(_) => None,
            Input::Parameter(parameter) => Some(parameter),
        })
    }

    /// Returns the `#[cfg]`s, which everything emitted for the method carries.
    pub(crate) fn conditions(&self) -> TokenStream {
        attributes::only(&self.attributes, &["cfg"]).into_iter().map(|cfg| cfg.to_token_stream()).collect()
    }
}

impl Input {
    /// Returns what every argument has.
    pub(crate) fn argument(&self) -> &Argument {
        match self {
            Self::Context(argument) => argument,
            Self::Parameter(parameter) => &parameter.argument,
        }
    }
}

impl Parameter {
    /// Returns the name of the parameter on the wire.
    pub(crate) fn wire_name(&self) -> String {
        self.argument.ident.unraw().to_string()
    }
}
