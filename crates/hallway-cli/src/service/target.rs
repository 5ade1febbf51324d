//! What a person names: a service, or a method of it.

use std::fmt;

use hallway::lifecycle::Instance;

use super::is_known;
use crate::failure::Failure;

/// An instance, and perhaps one of its methods: `mail`, `mail.search`, `mail@work.search`, `mail.hallway.ping`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) instance: Instance,
    /// `search`, or `mail.search` with the service that has it.
    pub(crate) method: Option<String>,
}

impl Target {
    /// Reads a target. Names of services may hold dots: the longest beginning that runs or can be started is the
    /// instance.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        Self::parse_among(text, &|instance| is_known(instance).unwrap_or(false))
    }

    fn parse_among(text: &str, is_known: &dyn Fn(&Instance) -> bool) -> Result<Self, Failure> {
        let dots = text.rmatch_indices('.').map(|(at, _)| at);
        for end in [text.len()].into_iter().chain(dots) {
            let (name, method) = text.split_at(end);
            if let Some(instance) = name.parse::<Instance>().ok().filter(is_known) {
                let method = method.strip_prefix('.').map(str::to_owned).filter(|method| !method.is_empty());
                return Ok(Self { instance, method });
            }
        }
        // Nothing is known of it: what stands before the first dot is what was meant.
        let (name, method) = text.split_once('.').map_or((text, None), |(name, method)| (name, Some(method)));
        Ok(Self { instance: name.parse()?, method: method.map(str::to_owned) })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "{}.{method}", self.instance),
            None => self.instance.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_is_known_is_the_instance() {
        let known = |instance: &Instance| ["mail", "mail@work", "a.b", "a"].contains(&instance.stem());
        for (text, instance, method) in [
            ("mail", "mail", None),
            ("mail.search", "mail", Some("search")),
            ("mail.hallway.ping", "mail", Some("hallway.ping")),
            ("mail@work.search", "mail@work", Some("search")),
            ("a.b", "a.b", None),
            ("a.b.c", "a.b", Some("c")),
            ("a.c", "a", Some("c")),
            ("x.y.z", "x", Some("y.z")),
        ] {
            let target = Target::parse_among(text, &known).unwrap();
            assert_eq!((target.instance.stem(), target.method.as_deref()), (instance, method), "{text}");
        }
        assert!(Target::parse_among("Mail.search", &known).is_err());
    }
}
