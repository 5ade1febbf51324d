//! What things are called in Rust.

/// Words that no name is without `r#`.
const KEYWORDS: &str = " abstract as async await become box break const continue do dyn else enum extern false final fn for gen \
                        if impl in let loop macro match mod move mut override priv pub ref return static struct trait true \
                        try type typeof unsafe unsized use virtual where while yield ";

/// Words that no name is at all.
const NEVER: &str = " self Self super crate _ ";

/// Types that the module uses by these names.
const TAKEN: &str = " Option Vec String Result Box JsonSchema Serialize Deserialize ";

/// The name of a type: `mail_search` is `MailSearch`.
pub(super) fn type_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    let joined: String = words.map(capital).collect();
    let begins = joined.starts_with(|c: char| c.is_ascii_alphabetic());
    let joined = if begins { joined } else { format!("T{joined}") };
    if TAKEN.contains(&format!(" {joined} ")) || joined == "Self" { format!("{joined}_") } else { joined }
}

/// The name of a field, a parameter or a method.
pub(super) fn field(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = if plain.starts_with(|c: char| c.is_ascii_digit()) || plain.is_empty() {
        format!("_{plain}")
    } else {
        plain
    };
    let word = format!(" {plain} ");
    match (KEYWORDS.contains(&word), NEVER.contains(&word)) {
        (true, _) => format!("r#{plain}"),
        (_, true) => format!("{plain}_"),
        _ => plain,
    }
}

/// The name of a variant, and whether it travels by another one than that in snake case.
pub(super) fn variant(name: &str) -> (String, bool) {
    let variant = type_name(name);
    let differs = snake_case(&variant) != name;
    (variant, differs)
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Documentation, as comments.
pub(super) fn docs(words: &str, indent: &str) -> String {
    words.trim().lines().map(|line| format!("{}\n", format!("{indent}/// {line}").trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_such_that_rust_takes_them() {
        assert_eq!(
            ["mail_search", "of<T>", "2d", "option"].map(type_name),
            ["MailSearch", "OfT", "T2d", "Option_"]
        );
        assert_eq!(
            ["type", "self", "odd name", "2", ""].map(field),
            ["r#type", "self_", "odd_name", "_2", "__"]
        );
        assert_eq!(variant("not_found"), ("NotFound".to_owned(), false));
        assert_eq!(variant("a_1b"), ("A1b".to_owned(), true));
        assert_eq!(docs("One.\n\nTwo.", "  "), "  /// One.\n  ///\n  /// Two.\n");
    }
}
