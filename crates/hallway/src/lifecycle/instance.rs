//! Which daemon: a service name and, where there are several, an instance name.

use std::fmt;
use std::str::FromStr;

use super::LifecycleError;

/// The most bytes of a service name or of an instance name.
const MAX_NAME: usize = 64;

/// The most bytes of both together with the `@`.
///
/// The socket is reached as `/proc/self/fd/N/NAME.sock`: 14 bytes, a descriptor of up to 7 digits, a slash, the name
/// and 5 bytes must fit into the 107 bytes of a socket address.
const MAX_STEM: usize = 80;

/// A daemon's identity: a service, such as `mail`, or one of several of it, such as `mail@work`.
///
/// Both names consist of 1 to 64 of `a`-`z`, `0`-`9`, `.`, `_` and `-`, begin with a letter or a digit, and are
/// together at most 80 bytes long, so they are file names on every system and need no quoting anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instance {
    stem: String,
    service_len: usize,
}

impl Instance {
    /// Names the only, or the default, instance of a service.
    ///
    /// # Errors
    /// [`LifecycleError::BadName`].
    pub fn new(service: &str) -> Result<Self, LifecycleError> {
        check("service", service)?;
        Ok(Self { stem: service.to_owned(), service_len: service.len() })
    }

    /// Names one of several instances of a service.
    ///
    /// # Errors
    /// [`LifecycleError::BadName`].
    pub fn named(service: &str, name: &str) -> Result<Self, LifecycleError> {
        check("service", service)?;
        check("instance", name)?;
        let stem = format!("{service}@{name}");
        if stem.len() > MAX_STEM {
            let rule = "service and instance name together may have 80 bytes";
            return Err(LifecycleError::BadName { what: "instance", given: stem, rule });
        }
        Ok(Self { stem, service_len: service.len() })
    }

    /// Returns the service's name.
    #[must_use]
    pub fn service(&self) -> &str {
        self.stem.get(..self.service_len).unwrap_or(&self.stem)
    }

    /// Returns the instance's own name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.stem.get(self.service_len + 1..)
    }

    /// Returns what its files are called before their suffix: `mail` or `mail@work`.
    #[must_use]
    pub fn stem(&self) -> &str {
        &self.stem
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem)
    }
}

impl FromStr for Instance {
    type Err = LifecycleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('@') {
            None => Self::new(text),
            Some((service, name)) => Self::named(service, name),
        }
    }
}

fn check(what: &'static str, name: &str) -> Result<(), LifecycleError> {
    let refuse = |rule| Err(LifecycleError::BadName { what, given: name.escape_debug().to_string(), rule });
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    match name.as_bytes() {
        [] => refuse("it is empty"),
        bytes if bytes.len() > MAX_NAME => refuse("it may have 64 bytes"),
        [first, ..] if !plain(*first) => refuse("it begins with one of a-z and 0-9"),
        bytes if !bytes.iter().all(|b| plain(*b) || b"._-".contains(b)) => {
            refuse("it consists of a-z, 0-9, `.`, `_` and `-`")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in ["mail", "mail@work", "a.b_c-d@0"] {
            let instance: Instance = text.parse().unwrap();
            assert_eq!(instance.to_string(), text);
        }
        let work: Instance = "mail@work".parse().unwrap();
        assert_eq!((work.service(), work.name()), ("mail", Some("work")));
        assert_eq!(Instance::new("mail").unwrap().name(), None);
    }

    #[test]
    fn f26_names_that_are_refused() {
        let long = "x".repeat(65);
        for text in [
            "", "@", "mail@", "@work", "Mail", "ma il", "../x", ".x", "-x", "a/b", "a\0b", "é", "a@b@c",
            &long,
        ] {
            assert!(text.parse::<Instance>().is_err(), "{text:?} was accepted");
        }
        assert!(Instance::new(&"x".repeat(64)).is_ok());
        assert!(Instance::named(&"x".repeat(40), &"y".repeat(39)).is_ok());
        assert!(Instance::named(&"x".repeat(40), &"y".repeat(40)).is_err());
    }
}
