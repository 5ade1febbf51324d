//! The names that travel: how they are derived from Rust's, and what they may look like.

use crate::reserved::{RESERVED_CODES, RESERVED_TYPES};

/// The longest name of a service, a method or an error's code, in bytes: what fits a log line and a file
/// name with something beside it.
const NAME_MAX: usize = 64;

/// What [`check`] asks for, in the words of its messages.
const RULE: &str = "lower-case ASCII letters, digits and `_`, beginning with a letter, at most 64 long";

/// Writes a type's or a variant's name the way names travel: `NotFound` is `not_found`, `HTTPApi` is
/// `http_api`.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        if letter.is_uppercase() {
            let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied();
            let after = letters.get(at + 1).copied();
            let word_ended = before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
            let word_begins = before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase);
            if word_ended || word_begins {
                snake.push('_');
            }
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Says what is wrong with a name that travels, if anything is; `what` names the thing.
pub(crate) fn check(what: &str, name: &str) -> Result<(), String> {
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let goes_on =
        name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if begins && goes_on && name.len() <= NAME_MAX {
        Ok(())
    } else {
        Err(format!("`{name}` cannot be {what}: write {RULE}"))
    }
}

/// Says what is wrong with the name of a service.
pub(crate) fn check_service(name: &str) -> Result<(), String> {
    check("the name of a service", name)?;
    if name.starts_with("hallway") {
        return Err(format!(
            "the service name `{name}` is hallway's own: write one without the prefix `hallway`"
        ));
    }
    Ok(())
}

/// Says what is wrong with the code of an error.
pub(crate) fn check_code(code: &str) -> Result<(), String> {
    check("the code of an error", code)?;
    if RESERVED_CODES.contains(&code) {
        return Err(format!(
            "the code `{code}` is hallway's own, for a conversation that failed: write another one, `code = \"...\"`"
        ));
    }
    Ok(())
}

/// Says what is wrong with the type of a message in the sidecar dialect.
pub(crate) fn check_type(name: &str) -> Result<(), String> {
    check("the type of a message", name)?;
    if RESERVED_TYPES.contains(&name) {
        return Err(format!("messages of the type `{name}` are the sidecar dialect's own"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_names() {
        for (name, snake) in [
            ("Mail", "mail"),
            ("NotFound", "not_found"),
            ("HTTPApi", "http_api"),
            ("MailV2", "mail_v2"),
            ("V2Mail", "v2_mail"),
            ("already_snake", "already_snake"),
            ("X", "x"),
            ("", ""),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn names_that_travel_are_plain() {
        for name in ["a", "mail", "mail_v2", "a1", &"a".repeat(NAME_MAX)] {
            assert_eq!(check("the name of a service", name), Ok(()), "{name}");
        }
        for name in ["", "1a", "_a", "Mail", "e-mail", "mail.search", "é", &"a".repeat(NAME_MAX + 1)] {
            let wrong = check("the name of a service", name).expect_err(name);
            assert!(wrong.contains(name) && wrong.contains(RULE), "{wrong}");
        }
    }

    #[test]
    fn what_is_hallways_own_is_refused() {
        assert!(check_service("hallway").is_err());
        assert!(check_service("hallway_mail").is_err());
        assert!(check_service("mail_hallway").is_ok());
        for code in RESERVED_CODES {
            assert!(check_code(code).expect_err(code).contains("code = "));
            assert_eq!(check("the code of an error", code), Ok(()), "a reserved code is a code");
        }
        assert!(check_code("not_found").is_ok());
    }
}
