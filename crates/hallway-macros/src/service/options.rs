//! What is written in the attribute itself: `name = "mail", version = "1.0", sidecar`.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser as _;
use syn::{LitStr, Token};

use crate::{mistakes::Mistakes, names};

/// The name and the version of a service, and who may call it how.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its methods are messages of the sidecar dialect as well.
    pub(crate) sidecar: bool,
}

impl Options {
    /// Reads the attribute's arguments.
    ///
    /// # Errors
    /// Every argument that is missing, unknown or badly formed.
    pub(crate) fn parse(arguments: TokenStream) -> syn::Result<Self> {
        let (mut name, mut version) = (None::<LitStr>, None::<LitStr>);
        // The library's own service bears the name that is refused to all others.
        let mut reserved = false;
        let mut sidecar = false;
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("reserved") {
                reserved = true;
                return Ok(());
            }
            if meta.path.is_ident("sidecar") {
                if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
                    return Err(meta.error("write `sidecar` alone"));
                }
                return match std::mem::replace(&mut sidecar, true) {
                    true => Err(meta.error("this argument is written twice: remove one")),
                    false => Ok(()),
                };
            }
            let slot = if meta.path.is_ident("name") {
                &mut name
            } else if meta.path.is_ident("version") {
                &mut version
            } else {
                return Err(
                    meta.error("unknown argument: write `name = \"...\", version = \"...\"`, or `sidecar`")
                );
            };
            if slot.is_some() {
                return Err(meta.error("this argument is written twice: remove one"));
            }
            *slot = Some(meta.value()?.parse()?);
            Ok(())
        });
        parser.parse2(arguments)?;

        let mut mistakes = Mistakes::default();
        let check_name = if reserved { |_: &str| Ok(()) } else { names::check_service };
        let name = checked(name, "name", "mail", check_name, &mut mistakes);
        let version = checked(version, "version", "1.0", check_version, &mut mistakes);
        mistakes.finish(Self { name, version, sidecar })
    }
}

fn checked(
    value: Option<LitStr>,
    argument: &str,
    example: &str,
    check: fn(&str) -> Result<(), String>,
    mistakes: &mut Mistakes,
) -> String {
    let Some(literal) = value else {
        let missing = format!("the service has no {argument}: write `{argument} = \"{example}\"`");
        mistakes.add(syn::Error::new(Span::call_site(), missing));
        return String::new();
    };
    if let Err(wrong) = check(&literal.value()) {
        mistakes.say(&literal, wrong);
    }
    literal.value()
}

fn check_version(version: &str) -> Result<(), String> {
    let numbers = version.split_once('.').map(|(major, minor)| (number(major), number(minor)));
    if numbers == Some((true, true)) {
        return Ok(());
    }
    Err(format!("`{version}` is not a version: write the major and the minor number, such as \"1.0\""))
}

fn number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::mistakes::said_of;

    #[test]
    fn name_and_version_are_read_in_either_order() {
        let options = Options::parse(quote! { version = "2.1", name = "mail" }).expect("read");
        assert_eq!((options.name.as_str(), options.version.as_str()), ("mail", "2.1"));
    }

    #[test]
    fn sidecar_is_a_word_of_its_own() {
        let options = Options::parse(quote! { name = "mesh", sidecar, version = "1.0" }).expect("read");
        assert!(options.sidecar);
        assert!(!Options::parse(quote! { name = "mesh", version = "1.0" }).expect("read").sidecar);
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        let said = said_of(Options::parse(quote! {}));
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("name = \"mail\"") && said[1].contains("version = \"1.0\""), "{said:?}");
    }

    #[test]
    fn what_is_written_wrongly_is_said() {
        for (arguments, says) in [
            (quote! { name = "Mail", version = "1.0" }, "cannot be the name"),
            (quote! { name = "hallway_mail", version = "1.0" }, "hallway's own"),
            (quote! { name = "mail", version = "one" }, "not a version"),
            (quote! { name = "mail", version = "" }, "not a version"),
            (quote! { name = "mail", version = "1" }, "not a version"),
            (quote! { name = "mail", version = "1.0.0" }, "not a version"),
            (quote! { name = "mail", version = "1.+2" }, "not a version"),
            (quote! { name = "mail", version = "1.0", port = 3 }, "unknown argument"),
            (quote! { name = "mail", name = "post", version = "1.0" }, "twice"),
            (quote! { name = 3, version = "1.0" }, "expected string literal"),
            (quote! { name = "mail", version = "1.0", sidecar = true }, "alone"),
            (quote! { name = "mail", version = "1.0", sidecar, sidecar }, "twice"),
        ] {
            let said = said_of(Options::parse(arguments));
            assert!(said.iter().any(|one| one.contains(says)), "{said:?} does not say {says:?}");
        }
    }
}
