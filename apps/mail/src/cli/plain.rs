//! Text that others wrote, made harmless to a terminal.

use std::borrow::Cow;

/// One line of text without what would act on the terminal or on what stands around it: a control character
/// becomes a replacement character, and one that turns the direction of writing is left out.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| kept(c) == Some(c)) {
        return text.into();
    }
    text.chars().filter_map(kept).collect::<String>().into()
}

fn kept(c: char) -> Option<char> {
    match c {
        // Embeddings, overrides and isolates: left open, they turn the rest of the line.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => Some(char::REPLACEMENT_CHARACTER),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_not_shown() {
        assert!(matches!(plain("Grüße, שלום"), Cow::Borrowed("Grüße, שלום")));
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(plain("\u{202e}gro.live\u{202c} \u{2067}x"), "gro.live x");
    }
}
