//! What a method gives back, read from its signature.

use syn::{PathSegment, ReturnType, Signature, Type, TypeImplTrait, TypeParamBound};

use super::model::Shape;
use super::types;

/// What a method that is neither `async` nor a stream should have written.
const NEITHER: &str = "a method without `async` returns a stream: write `async fn`, or return \
                       `impl Stream<Item = T>` or `Subscription<T>`";

/// What an `async` method that returns a stream should have written.
const BOTH: &str = "a method that returns a stream is not `async`: write `fn`";

/// Reads what a method gives back.
///
/// # Errors
/// A return type that cannot travel, whose error cannot be seen, or that does not go with `async` or with
/// `#[notification]`.
pub(crate) fn read(signature: &Signature, notification: bool) -> syn::Result<Shape> {
    let unit: Type = syn::parse_quote!(());
    let returned = match &signature.output {
        ReturnType::Default => &unit,
        ReturnType::Type(_, ty) => types::peel(ty),
    };
    let stream = stream(returned)?;
    if notification {
        return self::notification(signature, returned, stream.is_some());
    }
    let shape = match (stream, &signature.asyncness) {
        (Some(_), Some(keyword)) => return Err(syn::Error::new_spanned(keyword, BOTH)),
        (Some(shape), None) => shape,
        (None, Some(_)) => fallible(returned)?
            .map_or_else(|| Shape::Value(returned.clone()), |(value, error)| Shape::Outcome(value, error)),
        (None, None) => return Err(neither(signature)),
    };
    shape.check_travels()?;
    Ok(shape)
}

fn notification(signature: &Signature, returned: &Type, stream: bool) -> syn::Result<Shape> {
    if stream {
        return Err(syn::Error::new_spanned(
            returned,
            "a notification has no answer, so it cannot be a stream: remove `#[notification]`",
        ));
    }
    if !matches!(returned, Type::Tuple(unit) if unit.elems.is_empty()) {
        return Err(syn::Error::new_spanned(
            returned,
            "a notification has no answer: remove this return type, or `#[notification]`",
        ));
    }
    if signature.asyncness.is_none() {
        return Err(syn::Error::new_spanned(signature.fn_token, "write `async fn`"));
    }
    Ok(Shape::Notification)
}

fn neither(signature: &Signature) -> syn::Error {
    match &signature.output {
        ReturnType::Default => syn::Error::new_spanned(signature.fn_token, NEITHER),
        ReturnType::Type(_, ty) => syn::Error::new_spanned(ty, NEITHER),
    }
}

/// Reads a return type that is a stream; `None` for any other.
fn stream(ty: &Type) -> syn::Result<Option<Shape>> {
    if let Type::ImplTrait(opaque) = ty {
        let Some(item) = stream_bound(opaque) else {
            return Err(syn::Error::new_spanned(opaque, NEITHER));
        };
        let Some(item) = types::associated(item, "Item") else {
            return Err(syn::Error::new_spanned(item, "write what the stream is of: `Stream<Item = T>`"));
        };
        let shape = fallible(item)?
            .map_or_else(|| Shape::Items(item.clone()), |(value, error)| Shape::Results(value, error));
        return Ok(Some(shape));
    }
    match types::last_segment(ty) {
        Some(segment) if segment.ident == "Subscription" => match types::arguments(segment).as_slice() {
            [event] => Ok(Some(Shape::Events((*event).clone()))),
            _ => Err(syn::Error::new_spanned(segment, "write what the events are: `Subscription<T>`")),
        },
        _ => Ok(None),
    }
}

fn stream_bound(opaque: &TypeImplTrait) -> Option<&PathSegment> {
    opaque.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().filter(|segment| segment.ident == "Stream")
        }
        _ => None,
    })
}

/// Reads `Result<T, E>`; `None` for any other type.
fn fallible(ty: &Type) -> syn::Result<Option<(Type, Type)>> {
    let Some(segment) = types::last_segment(ty).filter(|segment| segment.ident == "Result") else {
        return Ok(None);
    };
    match types::arguments(segment).as_slice() {
        [value, error] => Ok(Some(((*value).clone(), (*error).clone()))),
        _ => Err(syn::Error::new_spanned(
            ty,
            "spell the error type: write `Result<T, E>`, because what is behind an alias cannot be seen here",
        )),
    }
}

impl Shape {
    fn check_travels(&self) -> syn::Result<()> {
        let check = |ty: &Type| types::check_travels(ty, "results");
        match self {
            Self::Notification => Ok(()),
            Self::Value(value) | Self::Items(value) | Self::Events(value) => check(value),
            Self::Outcome(value, error) | Self::Results(value, error) => {
                check(value).and_then(|()| check(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;
    use syn::parse_quote;

    use super::*;

    fn shape(signature: &Signature) -> String {
        match read(signature, false).expect("a shape") {
            Shape::Notification => "notification".to_owned(),
            Shape::Value(value) => format!("value {}", value.to_token_stream()),
            Shape::Outcome(value, error) => {
                format!("outcome {} {}", value.to_token_stream(), error.to_token_stream())
            }
            Shape::Items(value) => format!("items {}", value.to_token_stream()),
            Shape::Results(value, error) => {
                format!("results {} {}", value.to_token_stream(), error.to_token_stream())
            }
            Shape::Events(value) => format!("events {}", value.to_token_stream()),
        }
    }

    #[test]
    fn every_shape_is_read() {
        assert_eq!(shape(&parse_quote!(async fn f(&self))), "value ()");
        assert_eq!(shape(&parse_quote!(async fn f(&self) -> u64)), "value u64");
        assert_eq!(shape(&parse_quote!(async fn f(&self) -> (std::result::Result<u8, E>))), "outcome u8 E");
        assert_eq!(
            shape(&parse_quote!(async fn f(&self) -> Option<Result<u8>>)),
            "value Option < Result < u8 > >"
        );
        assert_eq!(shape(&parse_quote!(fn f(&self) -> impl Send + futures::Stream<Item = u8>)), "items u8");
        assert_eq!(shape(&parse_quote!(fn f(&self) -> impl Stream<Item = Result<u8, E>>)), "results u8 E");
        assert_eq!(shape(&parse_quote!(fn f(&self) -> hallway::Subscription<u8>)), "events u8");
        let quiet = read(&parse_quote!(async fn f(&self) -> ()), true).expect("a notification");
        assert!(matches!(quiet, Shape::Notification));
    }

    #[test]
    fn what_has_no_shape_is_told_what_to_write() {
        let cases: Vec<(Signature, bool, &str)> = vec![
            (parse_quote!(fn f(&self)), false, "write `async fn`"),
            (parse_quote!(fn f(&self) -> u8), false, "write `async fn`"),
            (parse_quote!(fn f(&self) -> impl Future<Output = u8>), false, "write `async fn`"),
            (parse_quote!(async fn f(&self) -> impl Stream<Item = u8>), false, "write `fn`"),
            (parse_quote!(async fn f(&self) -> Subscription<u8>), false, "write `fn`"),
            (parse_quote!(fn f(&self) -> impl Stream), false, "Stream<Item = T>"),
            (parse_quote!(fn f(&self) -> Subscription), false, "Subscription<T>"),
            (parse_quote!(async fn f(&self) -> io::Result<u8>), false, "spell the error type"),
            (parse_quote!(fn f(&self) -> impl Stream<Item = Result<u8>>), false, "spell the error type"),
            (parse_quote!(async fn f(&self) -> &str), false, "write `String`"),
            (parse_quote!(async fn f(&self) -> Result<u8, Box<dyn Error>>), false, "write a concrete type"),
            (parse_quote!(fn f(&self) -> impl Stream<Item = &str>), false, "write `String`"),
            (parse_quote!(async fn f(&self) -> u8), true, "remove this return type"),
            (parse_quote!(fn f(&self) -> impl Stream<Item = u8>), true, "cannot be a stream"),
            (parse_quote!(fn f(&self)), true, "write `async fn`"),
        ];
        for (signature, notification, says) in cases {
            let said = read(&signature, notification).expect_err("no shape").to_string();
            assert!(said.contains(says), "{}: {said:?}", signature.to_token_stream());
        }
    }
}
