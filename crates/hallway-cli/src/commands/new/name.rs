//! What a new service, its program and its trait can be called.

use std::fmt;
use std::str::FromStr;

use crate::failure::Failure;

/// The longest name, in bytes: so long that every line which it stands in is formatted as it is in the template.
const NAME_MAX: usize = 24;

/// What cannot be the name of a package: words of Rust, and what cargo or the compiler keep for themselves.
const TAKEN: &str = " as async await box break const continue crate do dyn else enum extern false final fn for gen if impl in \
                     let loop macro match mod move mut override priv pub ref return self static struct super trait true try \
                     type typeof unsafe unsized use virtual where while yield abstract become \
                     alloc build core deps examples incremental proc_macro std test hallway ";

/// A name that a service, a package and, with capitals, a trait can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the template has of its own, by this name.
    pub(super) fn put_into(&self, template: &str) -> String {
        template.replace("greeter", &self.0).replace("Greeter", &self.type_name())
    }

    /// `todo_list` as a type is called: `TodoList`.
    fn type_name(&self) -> String {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        };
        self.0.split('_').map(capital).collect()
    }
}

impl FromStr for Name {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let wrong = |rule: &str| {
            let message = format!("`{}` cannot be the name of a service: {rule}", text.escape_debug());
            Err(Failure::usage(message).hint("write a short word, such as `hallway new greeter`"))
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.chars().all(plain) {
            return wrong("it consists of a-z, 0-9 and `_`, and begins with a letter");
        }
        if text.len() > NAME_MAX {
            return wrong("it may have 24 bytes");
        }
        if text.starts_with("hallway") || TAKEN.contains(&format!(" {text} ")) {
            return wrong("it is taken, by Rust or by hallway");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_place_of_the_templates() {
        let put = |name: &str, text: &str| name.parse::<Name>().map(|name| name.put_into(text)).unwrap();
        assert_eq!(put("todo_list", "Greeter greeter::greet"), "TodoList todo_list::greet");
        assert_eq!(put("a1", "GreeterClient"), "A1Client");
        for name in [
            "",
            "Todo",
            "1st",
            "to-do",
            "todo list",
            "../x",
            "fn",
            "test",
            "hallway_x",
            "a_name_that_is_far_too_long",
        ] {
            assert!(name.parse::<Name>().is_err(), "{name}");
        }
    }
}
